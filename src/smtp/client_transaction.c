/* client_transaction.c - a message: MAIL, RCPTs, DATA or BDAT go out, and their replies are matched as they come.
 * RFC 5321 section 3.3; RFC 2920 section 3.1; RFC 3030 section 2; RFC 2033 section 4.2. */
#include "smtp/client.h"

static uint32_t class_of(const struct mailproto_smtp_client *c)
{
    return c->reply.code / 100;
}

/* ---- the beginning ---- */

static int offers(const struct mailproto_smtp_client *c, uint32_t bits)
{
    return (c->peer.offers & bits) == bits;
}

static int may_chunk(const struct mailproto_smtp_client *c)
{
    return offers(c, MAILPROTO_SMTP_EXT_CHUNKING) && !(c->config.flags & MAILPROTO_SMTP_CLIENT_NO_CHUNKING);
}

/* What the message needs and cannot have, or NULL. */
static const char *lacking(const struct mailproto_smtp_client *c, const struct mp_client_command *message)
{
    if (message->body == MAILPROTO_SMTP_BODY_8BITMIME && !offers(c, MAILPROTO_SMTP_EXT_8BITMIME))
        return "the server does not offer 8BITMIME";
    if (message->body == MAILPROTO_SMTP_BODY_BINARYMIME && (!offers(c, MAILPROTO_SMTP_EXT_BINARYMIME) || !may_chunk(c)))
        return "the server does not offer BINARYMIME with CHUNKING";
    if (message->flags & MAILPROTO_SMTP_MAIL_SMTPUTF8 && !offers(c, MAILPROTO_SMTP_EXT_SMTPUTF8))
        return "the server does not offer SMTPUTF8";
    if (message->flags & MAILPROTO_SMTP_MAIL_REQUIRETLS &&
        (!offers(c, MAILPROTO_SMTP_EXT_REQUIRETLS) || c->base.tls != MP_TLS_ON))
        return "the server does not offer REQUIRETLS inside TLS";
    return NULL;
}

static mailproto_text text_of(const char *text)
{
    size_t n = 0;

    while (text && text[n])
        n++;
    return (mailproto_text){text, n};
}

static int is_too_large(const struct mailproto_smtp_client *c, const struct mp_client_command *message)
{
    return c->peer.max_message && message->size > c->peer.max_message;
}

void mp_client_begin(struct mailproto_smtp_client *c, struct mp_client_command *message)
{
    struct mp_client_transaction *t = &c->transaction;
    const char *lack = lacking(c, message);
    struct mp_client_outcome not_sent = {.outcome = MAILPROTO_SMTP_NOT_SENT, .why = MAILPROTO_ERR_UNSUPPORTED};

    if (!lack && is_too_large(c, message)) {
        lack = "the message is larger than the server takes";
        not_sent.why = MAILPROTO_ERR_LIMIT;
    }
    if (lack) {
        not_sent.text = text_of(lack);
        mp_client_raise_done(c, message, &not_sent, NULL);
        return;
    }
    *t = (struct mp_client_transaction){
        .to_send = message->first,
        .to_hear = message->first,
        .next = c->reset_owed ? MP_NEXT_RSET : MP_NEXT_MAIL,
        .due = c->reset_owed ? MP_DUE_RSET : MP_DUE_MAIL,
        .chunking = may_chunk(c) != 0,
    };
    t->body = (struct mp_client_body){
        .text = message->body != MAILPROTO_SMTP_BODY_BINARYMIME,
        .eight_bit = message->body != MAILPROTO_SMTP_BODY_7BIT,
        .stuff = !t->chunking,
        .strict = (c->config.flags & MAILPROTO_SMTP_CLIENT_STRICT_BODY) != 0,
        .max_line = c->config.max_text_line == MAILPROTO_UNLIMITED ? SIZE_MAX : c->config.max_text_line,
    };
    c->active = message;
    c->phase = MP_CLIENT_TRANSACTION;
}

/* ---- the end ---- */

/* The first decision is the one that counts. The reply just read is what decided. */
static void decide(struct mailproto_smtp_client *c, uint32_t outcome, int32_t why, uint32_t stage)
{
    struct mp_client_outcome *end = &c->transaction.end;

    if (end->outcome)
        return;
    *end = (struct mp_client_outcome){.outcome = outcome, .why = why, .stage = stage};
    if (c->reply.code)
        mp_client_keep_reply(c);
}

/* Nothing more of the message is sent, save what is owed to keep in step. */
static void stop(struct mailproto_smtp_client *c, int32_t why)
{
    c->transaction.next = MP_NEXT_NOTHING;
    c->transaction.body.withheld = 0;
    mp_request_kill(&c->base, MAILPROTO_SMTP_CLIENT_BODY, why);
}

static void refused(struct mailproto_smtp_client *c, uint32_t stage)
{
    decide(c, MAILPROTO_SMTP_REFUSED, MAILPROTO_ERR_REFUSED, stage);
    stop(c, MAILPROTO_ERR_REFUSED);
}

/* All replies are there. */
static void finish(struct mailproto_smtp_client *c)
{
    struct mp_client_outcome end = c->transaction.end;

    c->reset_owed |= c->transaction.mail_accepted;
    mp_client_raise_done(c, c->active, &end, &c->final);
    mp_client_enter(c, MP_CLIENT_IDLE);
}

static uint32_t stage_of_due(const struct mp_client_transaction *t)
{
    if (t->due <= MP_DUE_MAIL)
        return MAILPROTO_SMTP_STAGE_MAIL;
    if (t->due == MP_DUE_RCPT)
        return MAILPROTO_SMTP_STAGE_RCPT;
    return t->due == MP_DUE_DATA ? MAILPROTO_SMTP_STAGE_DATA : MAILPROTO_SMTP_STAGE_MESSAGE;
}

/* Nothing proves that a message whose whole text was lent to the host did not arrive. */
static int may_have_arrived(const struct mailproto_smtp_client *c)
{
    return c->transaction.end_sent && c->base.out_shown >= c->transaction.end_at;
}

void mp_client_settle(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;
    struct mp_client_outcome end = {
        .outcome = MAILPROTO_SMTP_NOT_SENT,
        .why = c->base.error ? c->base.error : MAILPROTO_ERR_LOST,
        .stage = stage_of_due(t),
        .text = {c->base.error_text, c->base.error_text ? c->base.error_len : 0},
    };

    if (t->end.outcome)
        return;
    if (c->final.code == 421) {
        end.outcome = t->delivered ? MAILPROTO_SMTP_PARTLY : MAILPROTO_SMTP_REFUSED;
        end.why = t->delivered ? MAILPROTO_OK : MAILPROTO_ERR_REFUSED;
    } else {
        mp_client_clear_final(c);
        if (may_have_arrived(c))
            end.outcome = MAILPROTO_SMTP_UNKNOWN;
    }
    t->end = end;
}

/* ---- giving up in the middle ---- */

/* In DATA only the end of the connection ends a message that is not whole; in BDAT RSET does (RFC 3030 2). Where 354 is
   awaited its reply decides which it is. */
void mp_client_abort(struct mailproto_smtp_client *c, int32_t why, const char *text)
{
    struct mp_client_transaction *t = &c->transaction;
    int in_body = t->next == MP_NEXT_BODY;

    if (c->phase != MP_CLIENT_TRANSACTION || !c->active || t->end.outcome || t->end_sent || mp_engine_ended(&c->base))
        return;
    mp_client_clear_final(c);
    t->end = (struct mp_client_outcome){.outcome = MAILPROTO_SMTP_NOT_SENT,
                                        .why = why,
                                        .stage = in_body ? MAILPROTO_SMTP_STAGE_MESSAGE : stage_of_due(t),
                                        .text = text_of(text)};
    stop(c, why);
    if (in_body && t->chunking)
        t->next = MP_NEXT_UNDO;
    else if (in_body)
        mp_engine_end(&c->base, why, text ? text : mailproto_result_text(why));
    mp_engine_kick(&c->base);
}

/* ---- what is sent ---- */

/* How many replies BDAT LAST has in LMTP depends on the replies before it (RFC 2033 4.3): chunks go one by one there. */
static int pipelines(const struct mailproto_smtp_client *c)
{
    return offers(c, MAILPROTO_SMTP_EXT_PIPELINING) && !(c->config.flags & MAILPROTO_SMTP_CLIENT_NO_PIPELINING) &&
           !(mp_client_is_lmtp(c) && c->transaction.next == MP_NEXT_BODY);
}

static void send_rcpt(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;

    if (mp_client_put_rcpt(c, t->to_send))
        return;
    t->to_send = t->to_send->next;
    if (!t->to_send)
        t->next = t->chunking ? MP_NEXT_BODY : MP_NEXT_DATA;
}

static void send_next(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;

    switch (t->next) {
    case MP_NEXT_RSET:
        t->next = MP_NEXT_MAIL;
        mp_client_say(c, "RSET", NULL, 0);
        break;
    case MP_NEXT_MAIL:
        t->next = MP_NEXT_RCPT;
        mp_client_put_mail(c);
        break;
    case MP_NEXT_RCPT:
        send_rcpt(c);
        break;
    case MP_NEXT_DATA:
        t->next = MP_NEXT_NOTHING; /* until its reply */
        mp_client_say(c, "DATA", NULL, 0);
        break;
    default:
        t->next = MP_NEXT_NOTHING;
        t->reset_sent = 1;
        mp_client_say(c, "RSET", NULL, 0);
        break;
    }
}

int mp_client_transaction_move(struct mailproto_smtp_client *c)
{
    uint8_t next = c->transaction.next;

    if (c->outstanding && (next == MP_NEXT_NOTHING || !pipelines(c)))
        return 0;
    if (next == MP_NEXT_NOTHING) {
        finish(c);
        return 1;
    }
    if (next == MP_NEXT_BODY)
        return mp_client_body_move(c);
    if (mp_out_full(&c->base, MP_OUT_MARK))
        return 0;
    send_next(c);
    return 1;
}

/* ---- replies to MAIL, RCPT, DATA ---- */

static void reset_replied(struct mailproto_smtp_client *c)
{
    c->reset_owed = 0;
    if (class_of(c) != 2 && c->reply.code != 421)
        mp_client_broken(c, "the server refused RSET");
}

static void mail_replied(struct mailproto_smtp_client *c)
{
    if (class_of(c) == 3) {
        mp_client_broken(c, "MAIL was answered with 3yz");
        return;
    }
    c->transaction.due = MP_DUE_RCPT;
    if (class_of(c) == 2)
        c->transaction.mail_accepted = 1;
    else
        refused(c, MAILPROTO_SMTP_STAGE_MAIL);
}

static void raise_rcpt(struct mailproto_smtp_client *c, uint32_t phase, struct mp_client_reply *reply)
{
    c->event.rcpt_reply = (mailproto_smtp_rcpt_reply){
        .command = c->active->token,
        .index = c->transaction.hear_index,
        .phase = phase,
        .reply = mp_client_response(reply),
    };
    mp_raise(&c->base, &c->event.rcpt_reply, sizeof c->event.rcpt_reply, MAILPROTO_SMTP_CLIENT_RCPT_REPLY, 0);
}

static void hear_next(struct mp_client_transaction *t)
{
    t->to_hear = t->to_hear->next;
    t->hear_index++;
}

static void rcpt_accepted(struct mailproto_smtp_client *c)
{
    c->transaction.accepted++;
    c->transaction.to_hear->accepted = 1;
    raise_rcpt(c, 0, &c->reply);
}

/* It may be the last word of all recipients. A 421 is of the session, too. */
static void rcpt_refused(struct mailproto_smtp_client *c)
{
    int last_word = c->reply.code == 421;

    if (c->transaction.end.outcome && !last_word) {
        raise_rcpt(c, 0, &c->reply);
        return;
    }
    mp_client_keep_reply(c);
    raise_rcpt(c, 0, &c->final);
    if (last_word)
        refused(c, MAILPROTO_SMTP_STAGE_RCPT);
}

/* After MAIL was refused, those of the same batch are only counted. */
static void rcpt_replied(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;

    if (class_of(c) == 3) {
        mp_client_broken(c, "RCPT was answered with 3yz");
        return;
    }
    if (t->mail_accepted && class_of(c) == 2)
        rcpt_accepted(c);
    else if (t->mail_accepted)
        rcpt_refused(c);
    hear_next(t);
    if (t->to_hear)
        return;
    t->due = t->chunking ? MP_DUE_CHUNK : MP_DUE_DATA;
    if (!t->accepted)
        refused(c, MAILPROTO_SMTP_STAGE_RCPT);
}

/* 354 for a message that is not to be: without recipients a lone dot ends it (RFC 2920 3.1); with recipients the dot
   would deliver it empty. */
static void unwanted_data(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;

    if (t->accepted) {
        mp_engine_end(&c->base, t->end.why, "the message was withdrawn when the server waited for it");
    } else if (mp_client_is_lmtp(c)) {
        mp_client_broken(c, "the server wants a message for no recipient");
    } else {
        t->due = MP_DUE_LONE_DOT;
        mp_client_say(c, ".", NULL, 0);
    }
}

static void data_replied(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;

    if (class_of(c) == 2)
        mp_client_broken(c, "DATA was answered with 2yz");
    else if (class_of(c) != 3)
        refused(c, MAILPROTO_SMTP_STAGE_DATA);
    else if (t->end.outcome)
        unwanted_data(c);
    else {
        t->due = MP_DUE_MESSAGE;
        t->next = MP_NEXT_BODY;
    }
}

/* ---- replies to the message ---- */

/* The reply to a message ends its transaction. That to a last chunk which came to nothing, for want of recipients or after
   a refused one, does not. */
static void message_replied(struct mailproto_smtp_client *c)
{
    if (!c->transaction.end.outcome)
        c->transaction.mail_accepted = 0;
    if (class_of(c) == 3)
        mp_client_broken(c, "the message was answered with 3yz");
    else if (class_of(c) == 2)
        decide(c, MAILPROTO_SMTP_ACCEPTED, MAILPROTO_OK, MAILPROTO_SMTP_STAGE_MESSAGE);
    else
        refused(c, MAILPROTO_SMTP_STAGE_MESSAGE);
}

static void find_accepted(struct mp_client_transaction *t)
{
    while (t->to_hear && !t->to_hear->accepted)
        hear_next(t);
}

static void decide_lmtp(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;

    t->mail_accepted = 0;
    if (!t->delivered)
        refused(c, MAILPROTO_SMTP_STAGE_MESSAGE);
    else
        decide(c, t->bounced ? MAILPROTO_SMTP_PARTLY : MAILPROTO_SMTP_ACCEPTED, MAILPROTO_OK,
               MAILPROTO_SMTP_STAGE_MESSAGE);
}

/* One reply for each accepted recipient (RFC 2033 4.2). */
static void lmtp_replied(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;

    if (t->due != MP_DUE_MESSAGE || !t->to_hear) {
        t->due = MP_DUE_MESSAGE;
        t->to_hear = c->active->first;
        t->hear_index = 0;
        find_accepted(t);
    }
    if (class_of(c) == 3) {
        mp_client_broken(c, "the message was answered with 3yz");
        return;
    }
    if (class_of(c) == 2)
        t->delivered++;
    else
        t->bounced++;
    mp_client_keep_reply(c);
    raise_rcpt(c, 1, &c->final);
    hear_next(t);
    find_accepted(t);
    if (t->to_hear)
        c->outstanding++;
    else
        decide_lmtp(c);
}

static void end_replied(struct mailproto_smtp_client *c)
{
    if (mp_client_is_lmtp(c) && !c->transaction.end.outcome)
        lmtp_replied(c);
    else
        message_replied(c);
}

static void chunk_replied(struct mailproto_smtp_client *c)
{
    if (c->transaction.end_sent && !c->outstanding)
        end_replied(c);
    else if (class_of(c) == 3)
        mp_client_broken(c, "BDAT was answered with 3yz");
    else if (class_of(c) != 2)
        refused(c, MAILPROTO_SMTP_STAGE_DATA);
}

void mp_client_interrupted(struct mailproto_smtp_client *c)
{
    if (class_of(c) < 4 || c->transaction.chunking) {
        mp_client_broken(c, "a reply that no command asked for");
        return;
    }
    refused(c, MAILPROTO_SMTP_STAGE_MESSAGE);
    mp_engine_end(&c->base, MAILPROTO_ERR_REFUSED, "the server refused the message before its end");
}

/* ---- the match ---- */

void mp_client_transaction_reply(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;

    if (t->reset_sent && !c->outstanding) {
        t->mail_accepted = 0;
        reset_replied(c);
        return;
    }
    switch (t->due) {
    case MP_DUE_RSET:
        t->due = MP_DUE_MAIL;
        reset_replied(c);
        break;
    case MP_DUE_MAIL:
        mail_replied(c);
        break;
    case MP_DUE_RCPT:
        rcpt_replied(c);
        break;
    case MP_DUE_DATA:
        data_replied(c);
        break;
    case MP_DUE_CHUNK:
        chunk_replied(c);
        break;
    case MP_DUE_MESSAGE:
        end_replied(c);
        break;
    default:
        t->mail_accepted = 0; /* the lone dot's reply says nothing about the message */
        break;
    }
}

uint32_t mp_client_reply_limit(const struct mailproto_smtp_client *c)
{
    uint8_t due = c->transaction.due;

    if (due == MP_DUE_DATA)
        return c->config.data_ms;
    return due >= MP_DUE_CHUNK ? c->config.message_ms : c->config.command_ms;
}
