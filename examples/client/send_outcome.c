/* send_outcome.c - what the replies to a transaction mean for its recipients, and for the exit code.
 * RFC 5321 sections 4.2.1 (temporary and permanent) and 4.5.3.1.10 (too many recipients); RFC 2033 section 4.2. */
#include "send.h"

#include "exits.h"
#include "report.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static struct recipient *chosen(const struct send_result *result, unsigned i)
{
    return i < result->to->chosen_count ? &result->to->list[result->to->chosen[i]] : NULL;
}

static void keep(struct recipient *r, const mailproto_smtp_response *reply, const char *stage)
{
    if (reply_keep(&r->reply, reply))
        report_no_memory();
    r->stage = stage;
}

void outcome_of_rcpt(struct send_result *result, const mailproto_smtp_rcpt_reply *event)
{
    struct recipient *r = chosen(result, event->index);
    int fine = event->reply->code / 100 == 2;

    if (!r)
        return;
    keep(r, event->reply, event->phase ? "message" : "RCPT");
    if (event->phase)
        r->state = fine ? RECIPIENT_ACCEPTED : RECIPIENT_REFUSED;
    else
        r->state = fine ? RECIPIENT_TAKEN : RECIPIENT_REFUSED;
}

/* ---- the end of a transaction ---- */

static void keep_transaction(struct send_result *result, const mailproto_smtp_done *event)
{
    struct transaction *t = calloc(1, sizeof *t);

    if (!t) {
        report_no_memory();
        return;
    }
    t->number = result->last ? result->last->number + 1 : 1;
    t->outcome = event->outcome;
    t->why = event->why;
    t->stage = event->stage;
    t->recipients = event->recipients;
    t->text = text_copy(event->text);
    reply_keep(&t->reply, event->reply);
    if (result->last)
        result->last->next = t;
    else
        result->first = t;
    result->last = t;
}

static int state_after(uint32_t outcome)
{
    switch (outcome) {
    case MAILPROTO_SMTP_ACCEPTED:
    case MAILPROTO_SMTP_PARTLY:
        return RECIPIENT_ACCEPTED;
    case MAILPROTO_SMTP_REFUSED:
        return RECIPIENT_REFUSED;
    case MAILPROTO_SMTP_UNKNOWN: /* a whole BDAT may be on its way before RCPT is answered */
        return RECIPIENT_UNKNOWN;
    default:
        return RECIPIENT_NOT_SENT;
    }
}

/* A recipient whose fate the reply to RCPT did not decide. */
static void decide(struct recipient *r, const mailproto_smtp_done *event)
{
    if (r->state != RECIPIENT_CHOSEN && r->state != RECIPIENT_TAKEN)
        return;
    r->state = state_after(event->outcome);
    if (event->reply->code)
        keep(r, event->reply, outcome_stage(event->stage));
}

/* Recipients that were too many wait again, if there is a reason to hope: the server took some before them. */
static uint32_t put_back(struct send_result *result)
{
    unsigned taken = 0, back = 0, later = 0;

    for (unsigned i = 0; i < result->to->chosen_count; i++) {
        struct recipient *r = chosen(result, i);
        int too_many = r->state == RECIPIENT_REFUSED && taken && reply_is_too_many(&r->reply);

        taken += r->state == RECIPIENT_TAKEN || r->state == RECIPIENT_ACCEPTED;
        later += back && !too_many;
        back += too_many != 0;
        if (too_many)
            r->state = RECIPIENT_WAITING;
    }
    return back && !later ? taken : 0;
}

uint32_t outcome_of_message(struct send_result *result, const mailproto_smtp_done *event)
{
    uint32_t limit = 0;
    int sent = event->outcome == MAILPROTO_SMTP_ACCEPTED || event->outcome == MAILPROTO_SMTP_PARTLY;

    keep_transaction(result, event);
    if (sent)
        limit = put_back(result);
    for (unsigned i = 0; i < result->to->chosen_count; i++)
        decide(chosen(result, i), event);
    result->to->chosen_count = 0;
    return limit;
}

void outcome_settle(struct send_result *result)
{
    for (unsigned i = 0; i < result->to->count; i++) {
        struct recipient *r = &result->to->list[i];

        /* the server's own word, that they were too many, is still the last one about them */
        if (r->state == RECIPIENT_WAITING || r->state == RECIPIENT_CHOSEN)
            r->state = RECIPIENT_NOT_SENT;
    }
}

/* ---- the exit code ---- */

/* What the end of a transaction, or of the session before there was one, says of those that it did not reach. */
static int status_of_failure(int32_t why, uint32_t stage, const struct reply *reply)
{
    if (reply && reply_is_temporary(reply))
        return EXIT_TEMPORARY;
    if (why == MAILPROTO_ERR_AUTH || stage == MAILPROTO_SMTP_STAGE_AUTH)
        return EXIT_LOGIN;
    switch (why) {
    case MAILPROTO_ERR_REFUSED:
    case MAILPROTO_ERR_UNSUPPORTED:
    case MAILPROTO_ERR_LIMIT:
    case MAILPROTO_ERR_PROTOCOL:
        return EXIT_REFUSED;
    case MAILPROTO_ERR_BODY:
    case MAILPROTO_ERR_NOMEM:
    case MAILPROTO_ERR_HOST:
        return EXIT_LOCAL;
    default:
        return EXIT_TEMPORARY;
    }
}

static int has_temporary(const struct send_result *result)
{
    for (unsigned i = 0; i < result->to->count; i++)
        if (result->to->list[i].state == RECIPIENT_REFUSED && reply_is_temporary(&result->to->list[i].reply))
            return 1;
    return 0;
}

/* RFC 4954 section 6: 530 is the answer to who has not logged in; RFC 3207 section 4 has it for who has no TLS, too. */
static int wants_login(const struct reply *reply)
{
    return reply->code == 530 && !strstr(reply_text(reply), "STARTTLS");
}

int outcome_needs_login(const struct send_result *result)
{
    if (result->authenticated)
        return 0;
    if (result->last && wants_login(&result->last->reply))
        return 1;
    for (unsigned i = 0; i < result->to->count; i++)
        if (result->to->list[i].state == RECIPIENT_REFUSED && wants_login(&result->to->list[i].reply))
            return 1;
    return 0;
}

int outcome_status(const struct send_result *result)
{
    const struct recipients *to = result->to;
    unsigned accepted = recipients_in(to, RECIPIENT_ACCEPTED);

    if (recipients_in(to, RECIPIENT_UNKNOWN))
        return EXIT_UNKNOWN;
    if (accepted == to->count)
        return EXIT_ALL;
    if (accepted)
        return EXIT_SOME;
    if (outcome_needs_login(result))
        return EXIT_LOGIN;
    if (recipients_in(to, RECIPIENT_NOT_SENT) && result->last)
        return status_of_failure(result->last->why, result->last->stage, &result->last->reply);
    if (recipients_in(to, RECIPIENT_NOT_SENT))
        return result->no_connection ? EXIT_TEMPORARY : status_of_failure(result->why, 0, NULL);
    return has_temporary(result) ? EXIT_TEMPORARY : EXIT_REFUSED;
}

/* ---- words ---- */

const char *outcome_state(int state)
{
    switch (state) {
    case RECIPIENT_ACCEPTED:
        return "accepted";
    case RECIPIENT_REFUSED:
        return "refused";
    case RECIPIENT_UNKNOWN:
        return "unknown";
    default:
        return "not-sent";
    }
}

const char *outcome_word(uint32_t outcome)
{
    switch (outcome) {
    case MAILPROTO_SMTP_ACCEPTED:
        return "accepted";
    case MAILPROTO_SMTP_REFUSED:
        return "refused";
    case MAILPROTO_SMTP_UNKNOWN:
        return "unknown";
    case MAILPROTO_SMTP_PARTLY:
        return "partly";
    default:
        return "not-sent";
    }
}

const char *outcome_stage(uint32_t stage)
{
    static const char *const names[] = {"", "connect", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "message"};

    return stage < sizeof names / sizeof *names ? names[stage] : "";
}
