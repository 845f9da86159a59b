/* send_report.c - what `mailproto send` tells people: which server said what about which recipient, and what to do.
 * One line for what many recipients share; results on standard output, the rest on standard error. */
#include "send.h"

#include "interrupt.h"
#include "report.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

/* Of a list of many recipients with one fate, so many are named. */
enum { NAMED = 3, LINE = 4000 };

typedef mailproto_host_result result;

/* The next one from r on with this outcome, of this transaction (0: of any), or NULL. */
static const result *next_of(const result *r, uint32_t outcome, uint32_t transaction)
{
    while (r && (r->outcome != outcome || (transaction && r->transaction != transaction)))
        r = r->next;
    return r;
}

/* "; the same for a@example.test, b@example.test and 17 more": those behind `first`. */
static const char *others(char *out, const result *first, uint32_t transaction)
{
    const char *before = "; the same for ";
    unsigned named = 0, more = 0;
    size_t n = 0;

    *out = 0;
    for (const result *r = first; (r = next_of(r->next, first->outcome, transaction));) {
        int last = !next_of(r->next, first->outcome, transaction);

        if ((named < NAMED || (last && !more)) && r->address.len < LINE / (NAMED + 2)) {
            n += (size_t)snprintf(out + n, LINE - n, "%s%.*s", before, TEXT(r->address));
            before = ", ";
            named++;
        } else {
            more++;
        }
    }
    if (more)
        snprintf(out + n, LINE - n, "%s%u more", named ? " and " : before, more);
    return out;
}

/* ---- what was accepted ---- */

/* SMTP has one reply for all of a transaction, LMTP one for each (RFC 2033 4.2). */
static void report_accepted(const mailproto_host_outcome *o, int each)
{
    uint32_t told = 0; /* the transaction */
    char more[LINE];

    for (const result *r = o->recipients; (r = next_of(r, MAILPROTO_SMTP_ACCEPTED, 0)); r = r->next) {
        if (!each && r->transaction <= told)
            continue;
        told = r->transaction;
        text_show(stdout, r->sentence.ptr, r->sentence.len);
        if (!each)
            text_show(stdout, more, strlen(others(more, r, told)));
        putchar('\n');
    }
}

/* ---- what was refused ---- */

/* What the reply alone decided about one recipient: each has words of its own. */
static void report_refused(const mailproto_host_outcome *o)
{
    unsigned temporary = 0, permanent = 0;

    for (const result *r = o->recipients; (r = next_of(r, MAILPROTO_SMTP_REFUSED, 0)); r = r->next) {
        report("%.*s", TEXT(r->sentence));
        if (send_is_temporary(r->reply))
            temporary++;
        else
            permanent++;
    }
    if (temporary)
        report_hint("What was refused with 4yz may be accepted later: send it to %s again then.",
                    temporary == 1 ? "this address" : "these addresses");
    if (permanent && send_needs_login(o))
        report_hint("The server wants to know who sends: log in with --user NAME.");
    else if (permanent)
        report_hint("What was refused with 5yz will be refused again: correct what the reply names.");
}

/* ---- what was not sent, or nobody knows ---- */

/* It says that the password is right, and does not know it (RFC 5802 3). */
static int is_unproven(const mailproto_host_outcome *o)
{
    return o->mechanism && !o->authenticated && !o->reply->code && o->connections &&
           (o->why == MAILPROTO_ERR_AUTH ||
            (o->why == MAILPROTO_ERR_PROTOCOL && o->stage == MAILPROTO_SMTP_STAGE_AUTH));
}

static void hint_for(const mailproto_host_outcome *o, int lmtp)
{
    int at_path = o->server.len > 5 && !memcmp(o->server.ptr, "unix:", 5);

    if (o->withheld)
        report_hint("Nothing was sent. --clear-text-auth sends it all the same.");
    else if (o->why == MAILPROTO_ERR_TLS)
        tls_hint();
    else if (is_unproven(o))
        report_hint("The server has not proven that it knows the password: it may be somebody else. Nothing was sent.");
    else if (o->no_such_name)
        report_hint("Check the host's name.");
    else if (!o->connections)
        report_hint("Check %s, and try again later.", at_path ? "the path of the socket" : "host and port");
    else if (o->why == MAILPROTO_ERR_PROTOCOL && !o->greeting.len)
        report_hint("Is that a mail server that speaks %s? Check the port.", lmtp ? "LMTP" : "SMTP");
    else if (o->why == MAILPROTO_ERR_AUTH && !o->reply->code)
        report_hint("It takes no login there that mailproto knows: leave --user out, or use submission://, port 587.");
    else if (o->reply->code && (o->stage == MAILPROTO_SMTP_STAGE_AUTH || o->why == MAILPROTO_ERR_AUTH))
        report_hint("Check --user and the password. Nothing was sent.");
    else if (o->why == MAILPROTO_ERR_UNSUPPORTED)
        report_hint("Encode the message (MIME, 7 bits) and use ASCII addresses, or send it by another server.");
    else if (o->why == MAILPROTO_ERR_LIMIT)
        report_hint("Make the message smaller, or send it by another server.");
    else if (o->why == MAILPROTO_ERR_BODY)
        report_hint("The server has no part of it.");
    else if (send_is_temporary(o->reply) || !o->reply->code)
        report_hint("The server has no part of it: sending it again later makes no second copy.");
}

static void report_not_sent(const mailproto_host_outcome *o, int lmtp)
{
    const result *first = next_of(o->recipients, MAILPROTO_SMTP_NOT_SENT, 0);
    char more[LINE];

    if (!first)
        return;
    others(more, first, 0);
    if (interrupted())
        report("interrupted: not sent to %.*s%s", TEXT(first->address), more);
    else
        report("%.*s%s", TEXT(first->sentence), more);
    if (!interrupted())
        hint_for(o, lmtp);
}

static void report_unknown(const mailproto_host_outcome *o)
{
    const result *first = next_of(o->recipients, MAILPROTO_SMTP_UNKNOWN, 0);
    char more[LINE];

    if (!first)
        return;
    report("%.*s%s", TEXT(first->sentence), others(more, first, 0));
    report_hint("It may have been accepted. Ask the recipient before sending it again: that may make a second copy.");
}

/* ---- all of it ---- */

static void warn(const mailproto_host_outcome *o, const struct send_options *options)
{
    int greeted = o->greeting.len || o->peer_offers;

    if (o->exposed)
        report("warning: the password crossed the network to %.*s in clear text", TEXT(o->server));
    if ((options->notify || options->request.ret || options->request.envid.len) && greeted &&
        !(o->peer_offers & MAILPROTO_SMTP_EXT_DSN))
        report("%.*s does not offer DSN: --notify, --ret and --envid are left out", TEXT(o->server));
}

void send_report(const mailproto_host_outcome *o, const struct send_options *options)
{
    int lmtp = options->common.url.protocol == MAILPROTO_HOST_LMTP;

    warn(o, options);
    if (!options->common.quiet && !options->common.json)
        report_accepted(o, lmtp);
    report_refused(o);
    report_not_sent(o, lmtp);
    report_unknown(o);
}
