/* send_report.c - what `mailproto send` tells people: which server said what about which recipient, and what to do.
 * One line for what many recipients share; results on standard output, the rest on standard error. */
#include "send.h"

#include "exits.h"
#include "interrupt.h"
#include "report.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

/* Of a list of many recipients with one fate, so many are named. */
enum { NAMED = 3 };

/* "127.0.0.1:25 (mx.example.test)" */
static const char *server_name(const struct send_result *result, char *out, size_t size)
{
    if (result->greeting && *result->greeting)
        snprintf(out, size, "%s (%s)", result->server.where, result->greeting);
    else
        snprintf(out, size, "%s", result->server.where);
    return out;
}

/* "550 5.1.1 No such mailbox" */
static const char *reply_line(const struct reply *reply, char *out, size_t size)
{
    snprintf(out, size, "%u %s%s%s", reply->code, reply->enhanced, *reply->enhanced ? " " : "", reply_text(reply));
    return out;
}

/* ---- recipients with a state in a transaction (0: in all) ---- */

static int is_of(const struct recipient *r, int state, unsigned transaction)
{
    return r->state == state && (!transaction || r->transaction == transaction);
}

static unsigned count_of(const struct recipients *to, int state, unsigned transaction)
{
    unsigned n = 0;

    for (unsigned i = 0; i < to->count; i++)
        n += is_of(&to->list[i], state, transaction);
    return n;
}

/* "a@example.test, b@example.test and 17 more" */
static const char *list_of(const struct recipients *to, int state, unsigned transaction, char *out, size_t size)
{
    unsigned total = count_of(to, state, transaction), named = 0;
    size_t n = 0;

    *out = 0;
    for (unsigned i = 0; i < to->count && named < (total <= NAMED + 1 ? total : NAMED) && n < size; i++)
        if (is_of(&to->list[i], state, transaction))
            n += (size_t)snprintf(out + n, size - n, "%s%s", named++ ? ", " : "", to->list[i].address);
    if (named < total && n < size)
        snprintf(out + n, size - n, " and %u more", total - named);
    return out;
}

/* ---- what was accepted ---- */

static void show_accepted(const struct send_result *result, const char *names, const struct reply *reply)
{
    char server[600], words[5000], line[8000];

    snprintf(line, sizeof line, "%s accepted the message for %s: %s", server_name(result, server, sizeof server), names,
             reply_line(reply, words, sizeof words));
    text_show(stdout, line, strlen(line));
    putchar('\n');
}

/* SMTP has one reply for all of a transaction, LMTP one for each (RFC 2033 4.2). */
static void report_accepted(const struct send_result *result)
{
    const struct recipients *to = result->to;
    int each = result->server.url->protocol == URL_LMTP;
    unsigned told = 0; /* the transaction */
    char names[2000];

    for (unsigned i = 0; i < to->count; i++) {
        const struct recipient *r = &to->list[i];

        if (r->state != RECIPIENT_ACCEPTED || (!each && r->transaction <= told))
            continue;
        told = r->transaction;
        show_accepted(result, each ? r->address : list_of(to, r->state, told, names, sizeof names), &r->reply);
    }
}

/* ---- what was refused ---- */

/* What the reply alone decided about one recipient: each has words of its own. */
static void report_refused_recipients(const struct send_result *result)
{
    char server[600], reply[5000];
    unsigned temporary = 0, permanent = 0;

    for (unsigned i = 0; i < result->to->count; i++) {
        const struct recipient *r = &result->to->list[i];

        if (r->state != RECIPIENT_REFUSED)
            continue;
        report("%s refused %s (%s): %s", server_name(result, server, sizeof server), r->address, r->stage,
               reply_line(&r->reply, reply, sizeof reply));
        if (reply_is_temporary(&r->reply))
            temporary++;
        else
            permanent++;
    }
    if (temporary)
        report_hint("What was refused with 4yz may be accepted later: send it to %s again then.",
                    temporary == 1 ? "this address" : "these addresses");
    if (permanent && outcome_needs_login(result))
        report_hint("The server wants to know who sends: log in with --user NAME.");
    else if (permanent)
        report_hint("What was refused with 5yz will be refused again: correct what the reply names.");
}

/* ---- what was not sent, or nobody knows ---- */

static void hint_for(const struct transaction *t)
{
    if (t->stage == MAILPROTO_SMTP_STAGE_AUTH || t->why == MAILPROTO_ERR_AUTH)
        report_hint("Check --user and the password. Nothing was sent.");
    else if (t->why == MAILPROTO_ERR_UNSUPPORTED)
        report_hint("Encode the message (MIME, 7 bits) and use ASCII addresses, or send it by another server.");
    else if (t->why == MAILPROTO_ERR_LIMIT)
        report_hint("Make the message smaller, or send it by another server.");
    else if (t->why == MAILPROTO_ERR_BODY)
        report_hint("The server has no part of it.");
    else if (reply_is_temporary(&t->reply) || !t->reply.code)
        report_hint("The server has no part of it: sending it again later makes no second copy.");
}

static void report_not_sent(const struct send_result *result)
{
    const struct transaction *t = result->last;
    char server[600], reply[5000], names[2000];

    if (!recipients_in(result->to, RECIPIENT_NOT_SENT))
        return;
    server_name(result, server, sizeof server);
    list_of(result->to, RECIPIENT_NOT_SENT, 0, names, sizeof names);
    if (interrupted())
        report("interrupted: not sent to %s", names);
    else if (result->no_connection)
        report("no connection to %s, so not sent to %s: %s", result->server.where, names, result->server.wrong);
    else if (t && t->reply.code)
        report("%s, at %s: %s. Not sent to %s", server, outcome_stage(t->stage),
               reply_line(&t->reply, reply, sizeof reply), names);
    else
        report("%s: %s. Not sent to %s", server, t && t->text ? t->text : result->text ? result->text : "", names);
    if (result->no_connection)
        report_hint(result->server.not_found ? "Check the host's name." : "Check host and port, and try again later.");
    else if (t)
        hint_for(t);
}

static void report_unknown(const struct send_result *result)
{
    char server[600], names[2000];

    if (!recipients_in(result->to, RECIPIENT_UNKNOWN))
        return;
    report("%s had the whole message for %s and then gave no answer: %s", server_name(result, server, sizeof server),
           list_of(result->to, RECIPIENT_UNKNOWN, 0, names, sizeof names),
           interrupted()        ? "interrupted"
           : result->last->text ? result->last->text
                                : "");
    report_hint("It may have been accepted. Ask the recipient before sending it again: that may make a second copy.");
}

void send_report(const struct send_result *result, const struct common_options *options)
{
    if (!options->quiet && !options->json)
        report_accepted(result);
    report_refused_recipients(result);
    report_not_sent(result);
    report_unknown(result);
}
