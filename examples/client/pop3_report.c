/* pop3_report.c - what `mailproto pop3` tells people: results on standard output, the rest on standard error.
 * Errors name the server, the message and what was said, then what to do. */
#include "pop3.h"

#include "exits.h"
#include "interrupt.h"
#include "report.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

/* ---- results ---- */

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static int width(uint64_t n)
{
    int digits = 1;

    while (n /= 10)
        digits++;
    return digits;
}

static void show_capabilities(const struct pop3_result *result)
{
    int longest = 0;

    for (uint32_t i = 0; i < result->count; i++)
        if (result->items[i].name && (int)strlen(result->items[i].name) > longest && *result->items[i].text)
            longest = (int)strlen(result->items[i].name);
    for (uint32_t i = 0; i < result->count; i++) {
        const struct item *item = &result->items[i];
        int pad = item->text && *item->text ? longest + 2 - (int)strlen(item->name) : 0;

        text_show(stdout, item->name, strlen(item->name));
        for (; pad > 0; pad--)
            putchar(' ');
        if (item->text)
            text_show(stdout, item->text, strlen(item->text));
        putchar('\n');
    }
}

static void show_messages(const struct pop3_result *result)
{
    uint32_t last = 0;
    uint64_t largest = 0;

    for (uint32_t i = 0; i < result->count; i++) {
        last = result->items[i].number > last ? result->items[i].number : last;
        largest = result->items[i].size > largest ? result->items[i].size : largest;
    }
    for (uint32_t i = 0; i < result->count; i++) {
        const struct item *item = &result->items[i];

        printf("%*u  ", width(last), item->number);
        if (result->options->verb == POP3_LIST)
            printf("%*llu", width(largest), (unsigned long long)item->size);
        else if (item->text)
            text_show(stdout, item->text, strlen(item->text));
        putchar('\n');
    }
}

static void show_fetched(const struct pop3_result *result)
{
    uint32_t fetched = pop3_count(result, ITEM_DONE), known = pop3_count(result, ITEM_KNOWN);
    uint64_t octets = 0;

    for (uint32_t i = 0; i < result->count; i++)
        octets += result->items[i].state == ITEM_DONE ? result->items[i].octets : 0;
    printf("fetched %u message%s (%llu octets) into ", fetched, plural(fetched), (unsigned long long)octets);
    text_show(stdout, result->options->maildir, strlen(result->options->maildir));
    if (known)
        printf("; %u %s there already", known, known == 1 ? "was" : "were");
    if (result->update == MAILPROTO_POP3_UPDATE_DONE && result->deleted)
        printf("; deleted %u on the server", result->deleted);
    putchar('\n');
}

/* Half a listing is none; what was fetched was fetched, however the session ended. */
static void show(const struct pop3_result *result)
{
    switch (result->options->verb) {
    case POP3_CAPA:
        if (result->listed)
            show_capabilities(result);
        break;
    case POP3_STAT:
        if (result->listed)
            printf("%u message%s, %llu octets\n", result->messages, plural(result->messages),
                   (unsigned long long)result->octets);
        break;
    case POP3_LIST:
    case POP3_UIDL:
        if (result->listed || result->options->count > 1)
            show_messages(result);
        break;
    case POP3_DELE:
        if (result->update == MAILPROTO_POP3_UPDATE_DONE && result->deleted)
            printf("deleted %u message%s\n", result->deleted, plural(result->deleted));
        break;
    case POP3_FETCH_ALL:
        if (pop3_count(result, ITEM_DONE) || result->status == EXIT_ALL)
            show_fetched(result);
        break;
    default:
        break;
    }
}

/* ---- errors ---- */

static void report_refused_items(const struct pop3_result *result)
{
    for (uint32_t i = 0; i < result->count; i++) {
        const struct item *item = &result->items[i];

        if (item->state == ITEM_REFUSED)
            report("%s refused message %u (%s): -ERR %s", result->options->common.url.where, item->number,
                   result->options->verb == POP3_DELE  ? "DELE"
                   : result->options->verb == POP3_TOP ? "TOP"
                                                       : "RETR",
                   item->reply ? item->reply : "");
    }
}

static void hint_for_refusal(const struct pop3_result *result)
{
    int again = result->resp_code == MAILPROTO_POP3_RESP_IN_USE ||
                result->resp_code == MAILPROTO_POP3_RESP_LOGIN_DELAY ||
                result->resp_code == MAILPROTO_POP3_RESP_SYS_TEMP;

    if (again)
        report_hint("The server says that this will pass: try again later.");
    else if (result->login_refused)
        report_hint("Check the user's name and the password.");
    else if (!strcmp(result->refused_at, "UIDL"))
        report_hint("Without unique ids nothing tells new messages from old ones; with --delete it need not.");
}

static void report_refused(const struct pop3_result *result)
{
    const char *user = result->options->common.user;

    if (!result->refused_at)
        return;
    if (pop3_count(result, ITEM_REFUSED))
        report_refused_items(result);
    else if (result->login_refused)
        report("%s refused the login of %s: -ERR %s", result->options->common.url.where, user ? user : "nobody",
               result->refused ? result->refused : "");
    else
        report("%s refused %s: -ERR %s", result->options->common.url.where, result->refused_at,
               result->refused ? result->refused : "");
    hint_for_refusal(result);
}

static void report_end(const struct pop3_result *result)
{
    if (interrupted())
        report("interrupted%s", result->update ? ": nothing was deleted on the server" : "");
    else if (result->no_connection)
        report("%s", result->text);
    else if (result->why && !result->refused_at && !result->local && result->status != EXIT_ALL)
        report("%s: %s", result->options->common.url.where,
               result->text ? result->text : mailproto_result_text(result->why));
    if (result->why == MAILPROTO_ERR_TLS)
        tls_hint();
    if (result->no_connection)
        report_hint("Check host and port, and try again later.");
    else if (result->why == MAILPROTO_ERR_PROTOCOL && !result->greeting && !result->refused_at)
        report_hint("Is that a POP3 server? Check the port.");
}

static void report_cut(const struct pop3_result *result)
{
    const struct item *item = result->count ? result->items : NULL;

    if (!result->cut || !item || (result->options->verb != POP3_RETR && result->options->verb != POP3_TOP))
        return;
    report("message %u was cut off after %llu octets%s", item->number, (unsigned long long)item->octets,
           result->options->output ? ": the file was not written" : ": what was written is not whole");
}

static void report_update(const struct pop3_result *result)
{
    const char *said = result->quit_reply ? result->quit_reply : "";

    if (!result->deleted || interrupted())
        return;
    if (result->update == MAILPROTO_POP3_UPDATE_REFUSED)
        report("%s could not delete all of %u message%s: -ERR %s", result->options->common.url.where, result->deleted,
               plural(result->deleted), said);
    else if (result->update == MAILPROTO_POP3_UPDATE_UNKNOWN)
        report("%s gave no answer to QUIT: whether %u message%s deleted is unknown", result->options->common.url.where,
               result->deleted, result->deleted == 1 ? " was" : "s were");
    else if (result->update == MAILPROTO_POP3_UPDATE_NONE)
        report("%s deleted nothing: the session ended too early", result->options->common.url.where);
}

void pop3_report(const struct pop3_result *result)
{
    const struct common_options *common = &result->options->common;

    if (!common->json && !common->quiet)
        show(result);
    report_refused(result);
    report_end(result);
    report_cut(result);
    report_update(result);
}
