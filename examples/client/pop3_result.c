/* pop3_result.c - what became of the messages, collected from the events of the session, and the exit code for it.
 * RFC 2449 section 8 and RFC 3206: which refusals are temporary. */
#include "pop3.h"

#include "exits.h"
#include "report.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item *pop3_item(struct pop3_result *result, uint32_t number)
{
    struct item *items = result->items;

    if (result->count == result->room) {
        result->room = result->room ? result->room * 2 : 64;
        items = realloc(items, result->room * sizeof *items);
        if (!items) {
            result->room = result->count;
            report_no_memory();
            return NULL;
        }
        result->items = items;
    }
    items[result->count] = (struct item){.number = number};
    return &items[result->count++];
}

/* Listings come in order, so the next one looked for is mostly the one behind the last. */
struct item *pop3_find(struct pop3_result *result, uint32_t number)
{
    uint32_t from = 0, to = result->count;

    if (number && number <= to && result->items[number - 1].number == number)
        return &result->items[number - 1];
    while (from < to && result->items[from].number != number)
        from++;
    return from < to ? &result->items[from] : NULL;
}

uint32_t pop3_count(const struct pop3_result *result, int state)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < result->count; i++)
        n += result->items[i].state == state;
    return n;
}

/* ---- refusals ---- */

char *pop3_words(const mailproto_pop3_response *reply)
{
    size_t n = reply->code.len + reply->text.len + 4;
    char *words = malloc(n);

    if (!words)
        report_no_memory();
    else if (reply->code.len)
        snprintf(words, n, "[%.*s] %.*s", (int)reply->code.len, reply->code.ptr, (int)reply->text.len, reply->text.ptr);
    else
        snprintf(words, n, "%.*s", (int)reply->text.len, reply->text.len ? reply->text.ptr : "");
    return words;
}

void pop3_note_refused(struct pop3_result *result, const char *at, const mailproto_pop3_response *reply)
{
    if (result->refused_at)
        return;
    result->refused_at = at;
    result->refused = pop3_words(reply);
    result->resp_code = reply->resp_code;
}

void pop3_note(struct pop3_result *result, struct item *item, const char *verb, const mailproto_pop3_done *done)
{
    if (item)
        item->state = done->why == 0 ? ITEM_DONE : done->why == MAILPROTO_ERR_REFUSED ? ITEM_REFUSED : ITEM_FAILED;
    if (item)
        item->octets = done->octets;
    if (done->why != MAILPROTO_ERR_REFUSED)
        return;
    pop3_note_refused(result, verb, done->reply);
    if (item) {
        free(item->reply);
        item->reply = pop3_words(done->reply);
    }
}

/* ---- the exit code ---- */

static int status_of_refusal(const struct pop3_result *result)
{
    switch (result->resp_code) {
    case MAILPROTO_POP3_RESP_IN_USE:
    case MAILPROTO_POP3_RESP_LOGIN_DELAY:
    case MAILPROTO_POP3_RESP_SYS_TEMP:
        return EXIT_TEMPORARY;
    case MAILPROTO_POP3_RESP_AUTH:
        return EXIT_LOGIN;
    case MAILPROTO_POP3_RESP_SYS_PERM:
        return EXIT_REFUSED;
    default:
        return result->login_refused ? EXIT_LOGIN : EXIT_REFUSED;
    }
}

/* Deletions take effect at QUIT, so its fate is theirs. */
static int status_of_update(const struct pop3_result *result)
{
    if (!result->deleted || result->update == MAILPROTO_POP3_UPDATE_DONE)
        return EXIT_ALL;
    if (result->update == MAILPROTO_POP3_UPDATE_UNKNOWN)
        return EXIT_UNKNOWN;
    return result->update == MAILPROTO_POP3_UPDATE_REFUSED ? EXIT_SOME : EXIT_TEMPORARY;
}

static int status_of_session(const struct pop3_result *result)
{
    if (result->why == MAILPROTO_ERR_AUTH)
        return EXIT_LOGIN;
    if (result->why == MAILPROTO_ERR_TLS)
        return EXIT_TLS;
    return result->why == MAILPROTO_ERR_PROTOCOL ? EXIT_REFUSED : EXIT_TEMPORARY;
}

int pop3_status(const struct pop3_result *result)
{
    uint32_t done = pop3_count(result, ITEM_DONE) + pop3_count(result, ITEM_KNOWN);

    if (result->local)
        return EXIT_LOCAL;
    if (result->no_connection)
        return EXIT_TEMPORARY;
    if (status_of_update(result) == EXIT_UNKNOWN)
        return EXIT_UNKNOWN;
    if (result->refused_at)
        return done ? EXIT_SOME : status_of_refusal(result);
    /* a session that ended badly behind everything that was asked for did what was asked for */
    if (result->why && !result->update)
        return status_of_session(result);
    if (result->cut || pop3_count(result, ITEM_FAILED))
        return done && result->options->verb == POP3_FETCH_ALL ? EXIT_SOME : status_of_session(result);
    return status_of_update(result);
}

void pop3_result_free(struct pop3_result *result)
{
    for (uint32_t i = 0; i < result->count; i++) {
        free(result->items[i].name);
        free(result->items[i].text);
        free(result->items[i].reply);
    }
    free(result->items);
    free(result->address);
    free(result->greeting);
    free(result->refused);
    free(result->quit_reply);
    free(result->text);
}
