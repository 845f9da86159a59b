/* send_outcome.c - what the replies to a transaction mean for its recipients, and in all.
 * RFC 5321 sections 4.2.1 (temporary and permanent) and 4.5.3.1.10 (too many recipients); RFC 2033 4.2; RFC 9422 4. */
#include <string.h>

#include "core/ascii.h"
#include "send.h"

/* ---- the choice for a transaction ---- */

static mailproto_text domain_of(mailproto_text address)
{
    size_t at = address.len;

    while (at && address.ptr[at - 1] != '@')
        at--;
    return (mailproto_text){address.ptr + at, address.len - at};
}

/* Whether the choice so far and this one have at most `most` domains. */
static int domain_fits(const mailproto_host_sending *s, mailproto_text address, uint32_t most)
{
    mailproto_text domain = domain_of(address);
    uint32_t domains = 0;

    for (uint32_t i = 0; i < s->chosen_count; i++) {
        mailproto_text other = domain_of(s->chosen[i]->result.address);
        uint32_t first = i;

        if (other.len == domain.len && mp_ascii_same(other.ptr, domain.ptr, domain.len))
            return 1;
        for (uint32_t j = 0; j < i && first == i; j++) {
            mailproto_text before = domain_of(s->chosen[j]->result.address);

            if (before.len == other.len && mp_ascii_same(before.ptr, other.ptr, other.len))
                first = j;
        }
        domains += first == i;
    }
    return domains < most;
}

uint32_t mp_send_waiting(const mailproto_host_sending *s)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->count; i++)
        n += s->recipients[i].state == MP_SEND_WAITING;
    return n;
}

uint32_t mp_send_choose(mailproto_host_sending *s, uint32_t max, uint32_t max_domains)
{
    uint32_t number = s->last_transaction ? s->last_transaction->told.number + 1 : 1;

    s->chosen_count = 0;
    for (uint32_t i = 0; i < s->count && s->chosen_count < max; i++) {
        struct mp_send_recipient *r = &s->recipients[i];

        if (r->state != MP_SEND_WAITING || (max_domains && !domain_fits(s, r->result.address, max_domains)))
            continue;
        r->state = MP_SEND_CHOSEN;
        r->result.transaction = number;
        r->result.stage = MAILPROTO_SMTP_STAGE_NONE;
        r->reply = (mailproto_smtp_response){.struct_size = sizeof r->reply};
        s->chosen[s->chosen_count++] = r;
    }
    return s->chosen_count;
}

/* ---- replies ---- */

static void keep_reply(mailproto_host_sending *s, mailproto_smtp_response *kept, const mailproto_smtp_response *reply)
{
    kept->struct_size = sizeof *kept;
    kept->code = reply->code;
    kept->lines = reply->lines;
    kept->enhanced = mp_send_copy(s, reply->enhanced, NULL);
    kept->text = mp_send_copy(s, reply->text, NULL);
}

static void keep(mailproto_host_sending *s, struct mp_send_recipient *r, const mailproto_smtp_response *reply,
                 uint32_t stage)
{
    keep_reply(s, &r->reply, reply);
    r->result.stage = stage;
}

void mp_send_rcpt_reply(mailproto_host_sending *s, const mailproto_smtp_rcpt_reply *reply)
{
    struct mp_send_recipient *r = reply->index < s->chosen_count ? s->chosen[reply->index] : NULL;
    int fine = reply->reply->code / 100 == 2;

    if (!r)
        return;
    keep(s, r, reply->reply, reply->phase ? MAILPROTO_SMTP_STAGE_MESSAGE : MAILPROTO_SMTP_STAGE_RCPT);
    if (!fine)
        r->state = MP_SEND_REFUSED;
    else
        r->state = reply->phase ? MP_SEND_ACCEPTED : MP_SEND_TAKEN;
}

/* 452 also means that there is no room: an enhanced code tells the two apart. 552 is what RFC 821 had, and a client
   takes it for 452. */
static int is_too_many(const mailproto_smtp_response *reply)
{
    if (reply->code != 452 && reply->code != 552)
        return 0;
    return reply->enhanced.len < 5 || !memcmp(reply->enhanced.ptr + 1, ".5.3", 4);
}

/* Recipients that were too many wait again, if there is a reason to hope: the server took some before them. Answers how
   many it takes, 0 if that is not what it looks like. */
static uint32_t put_back(mailproto_host_sending *s)
{
    uint32_t taken = 0, back = 0, later = 0;

    for (uint32_t i = 0; i < s->chosen_count; i++) {
        struct mp_send_recipient *r = s->chosen[i];
        int too_many = r->state == MP_SEND_REFUSED && taken && is_too_many(&r->reply);

        taken += r->state == MP_SEND_TAKEN || r->state == MP_SEND_ACCEPTED;
        later += back && !too_many;
        back += too_many != 0;
        if (too_many)
            r->state = MP_SEND_WAITING;
    }
    return back && !later ? taken : 0;
}

static uint32_t state_after(uint32_t outcome)
{
    switch (outcome) {
    case MAILPROTO_SMTP_ACCEPTED:
    case MAILPROTO_SMTP_PARTLY:
        return MP_SEND_ACCEPTED;
    case MAILPROTO_SMTP_REFUSED:
        return MP_SEND_REFUSED;
    case MAILPROTO_SMTP_UNKNOWN: /* a whole BDAT may be on its way before RCPT is answered */
        return MP_SEND_UNKNOWN;
    default:
        return MP_SEND_NOT_SENT;
    }
}

/* A recipient whose fate the reply to RCPT did not decide. */
static void decide(mailproto_host_sending *s, struct mp_send_recipient *r, const mailproto_smtp_done *done)
{
    if (r->state != MP_SEND_CHOSEN && r->state != MP_SEND_TAKEN)
        return;
    r->state = state_after(done->outcome);
    if (done->reply->code)
        keep(s, r, done->reply, done->stage);
}

static void keep_transaction(mailproto_host_sending *s, const mailproto_smtp_done *done)
{
    struct mp_send_transaction *t = mp_send_take(s, sizeof *t);

    if (!t)
        return;
    t->told.struct_size = sizeof t->told;
    t->told.number = s->last_transaction ? s->last_transaction->told.number + 1 : 1;
    t->told.outcome = done->outcome;
    t->told.why = done->why;
    t->told.stage = done->stage;
    t->told.recipients = done->recipients;
    t->told.text = mp_send_copy(s, done->text, NULL);
    keep_reply(s, &t->reply, done->reply);
    t->told.reply = &t->reply;
    if (s->last_transaction)
        s->last_transaction->told.next = &t->told;
    else
        s->first = t;
    s->last_transaction = t;
}

void mp_send_done(mailproto_host_sending *s, const mailproto_smtp_done *done)
{
    uint32_t limit = 0;

    keep_transaction(s, done);
    if (done->outcome == MAILPROTO_SMTP_ACCEPTED || done->outcome == MAILPROTO_SMTP_PARTLY)
        limit = put_back(s);
    for (uint32_t i = 0; i < s->chosen_count; i++)
        decide(s, s->chosen[i], done);
    s->chosen_count = 0;
    if (limit && limit < s->limit)
        s->limit = limit;
}

/* ---- in all ---- */

static uint32_t outcome_of(uint32_t state)
{
    return state == MP_SEND_ACCEPTED  ? MAILPROTO_SMTP_ACCEPTED
           : state == MP_SEND_REFUSED ? MAILPROTO_SMTP_REFUSED
           : state == MP_SEND_UNKNOWN ? MAILPROTO_SMTP_UNKNOWN
                                      : MAILPROTO_SMTP_NOT_SENT;
}

static void count(mailproto_host_sending *s)
{
    mailproto_host_outcome *o = &s->outcome;

    for (uint32_t i = 0; i < s->count; i++) {
        struct mp_send_recipient *r = &s->recipients[i];

        r->result.outcome = outcome_of(r->state);
        o->accepted += r->result.outcome == MAILPROTO_SMTP_ACCEPTED;
        o->refused += r->result.outcome == MAILPROTO_SMTP_REFUSED;
        o->unknown += r->result.outcome == MAILPROTO_SMTP_UNKNOWN;
        o->not_sent += r->result.outcome == MAILPROTO_SMTP_NOT_SENT;
    }
    o->outcome = o->unknown                ? MAILPROTO_SMTP_UNKNOWN
                 : o->accepted == s->count ? MAILPROTO_SMTP_ACCEPTED
                 : o->accepted             ? MAILPROTO_SMTP_PARTLY
                 : o->not_sent             ? MAILPROTO_SMTP_NOT_SENT
                                           : MAILPROTO_SMTP_REFUSED;
}

/* Why what was neither accepted nor refused was not. */
static void explain(mailproto_host_sending *s)
{
    mailproto_host_outcome *o = &s->outcome;
    const struct mp_send_transaction *t = s->last_transaction;

    o->stage = t ? t->told.stage : o->connections ? MAILPROTO_SMTP_STAGE_NONE : MAILPROTO_SMTP_STAGE_CONNECT;
    if (o->accepted == s->count)
        return;
    if (s->cancelled && (o->not_sent || o->unknown))
        o->why = MAILPROTO_ERR_CANCELLED;
    else if (!o->not_sent && !o->unknown)
        o->why = MAILPROTO_ERR_REFUSED;
    else if (o->withheld)
        o->why = MAILPROTO_ERR_AUTH;
    else if (s->connect_why)
        o->why = s->connect_why;
    else if (t && t->told.why)
        o->why = t->told.why;
    else
        o->why = s->session_why ? s->session_why : MAILPROTO_ERR_LOST;
    if (s->connect_why)
        o->stage = MAILPROTO_SMTP_STAGE_CONNECT;
}

static int is_temporary(const mailproto_smtp_response *reply)
{
    return reply->code / 100 == 4;
}

/* Whether another try may do better: the server's word, or a connection that failed. */
static int may_come_later(const mailproto_host_sending *s, const struct mp_send_recipient *r)
{
    if (r->state == MP_SEND_REFUSED || r->reply.code)
        return is_temporary(&r->reply);
    if (s->outcome.no_such_name)
        return 0;
    if (s->last_transaction && s->last_transaction->reply.code && !s->connect_why)
        return is_temporary(&s->last_transaction->reply);
    return s->outcome.why == MAILPROTO_ERR_LOST || s->outcome.why == MAILPROTO_ERR_TIMEOUT ||
           s->outcome.why == MAILPROTO_ERR_CANCELLED || s->outcome.why == MAILPROTO_ERR_NOMEM;
}

/* The reply that decided: of the transaction, or of the first recipient that was refused. */
static const mailproto_smtp_response *deciding(const mailproto_host_sending *s)
{
    static const mailproto_smtp_response none = {.struct_size = sizeof none};

    for (uint32_t i = 0; i < s->count && s->outcome.why == MAILPROTO_ERR_REFUSED; i++)
        if (s->recipients[i].state == MP_SEND_REFUSED)
            return &s->recipients[i].reply;
    return s->last_transaction ? &s->last_transaction->reply : &none;
}

void mp_send_settle(mailproto_host_sending *s)
{
    mailproto_host_outcome *o = &s->outcome;

    o->struct_size = sizeof *o;
    count(s);
    explain(s);
    o->again = o->accepted < s->count && !o->unknown;
    for (uint32_t i = 0; i < s->count && o->again; i++)
        if (s->recipients[i].state != MP_SEND_ACCEPTED && !may_come_later(s, &s->recipients[i]))
            o->again = 0;
    o->reply = deciding(s);
    o->recipients = &s->recipients->result;
    o->transactions = s->first ? &s->first->told : NULL;
    mp_send_words(s);
}
