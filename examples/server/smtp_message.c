/* smtp_message.c - a transaction of SMTP or LMTP: the mailboxes it leads to, and what the log says of its message.
 * RFC 5321 4.2.5, 6.1: 250 is said when it is durable; RFC 2033 4.2: LMTP answers for each recipient. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtp.h"

/* ---- the transaction ---- */

struct transaction *transaction_new(mailproto_text sender)
{
    struct transaction *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->sender = calloc(1, sender.len + 1);
    if (!t->sender) {
        free(t);
        return NULL;
    }
    if (sender.len)
        memcpy(t->sender, sender.ptr, sender.len);
    return t;
}

void transaction_free(struct transaction *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++)
        handle_give_back(t->handles[i]);
    free(t->handles);
    free(t->sender);
    free(t);
}

static int grow(struct transaction *t)
{
    size_t room = t->room ? 2 * t->room : 4;
    struct handle **handles;

    if (t->count < t->room)
        return 0;
    handles = realloc(t->handles, room * sizeof *handles);
    if (!handles)
        return -1;
    t->handles = handles;
    t->room = room;
    return 0;
}

struct handle *transaction_handle(struct smtp *smtp, struct mailbox *box)
{
    struct transaction *t = smtp->transaction;
    struct handle *handle;

    for (size_t i = 0; i < t->count; i++)
        if (t->handles[i]->mailbox == box)
            return t->handles[i];
    handle = grow(t) ? NULL : mailbox_deliver(&smtp->client.server->mailboxes, box, &smtp->client);
    if (handle)
        t->handles[t->count++] = handle;
    return handle;
}

/* ---- what the stores say ---- */

void smtp_store_failed(struct client *client, uint32_t question, int32_t why, const char *text, size_t len)
{
    const struct smtp *smtp = (const struct smtp *)client;

    (void)question;
    (void)why;
    client_log(client, LOG_ERROR, "message from <%s> could not be stored: %.*s",
               smtp->transaction ? smtp->transaction->sender : "", (int)len, text);
}

static void log_delivered(const struct smtp *smtp)
{
    const struct transaction *t = smtp->transaction;
    const char *as = smtp->login ? smtp->login : "";
    size_t count = 0;

    for (size_t i = 0; i < t->count; i++)
        count += !t->handles[i]->failed;
    client_log(&smtp->client, LOG_INFO, "delivered a message from <%s> to %zu mailbox%s, %llu octets%s%s", t->sender,
               count, count == 1 ? "" : "es", (unsigned long long)t->size, *as ? ", login " : "", as);
}

/* ---- the events ---- */

static int32_t on_message_end(mailproto_smtp_server *engine, const mailproto_smtp_message_end *end, void *user)
{
    struct smtp *smtp = user;

    smtp->transaction->size = end->size;
    smtp->transaction->whole = 1;
    return mailproto_smtp_server_accept(engine, end->head.token);
}

/* Why a message was given up, for the log. The session goes on, but for a peer that has gone. */
static const char *words_for(const struct smtp *smtp, int32_t why, char *out, size_t size)
{
    switch (why) {
    case MAILPROTO_ERR_PROTOCOL:
        return "refused: malformed text (a bare CR or LF, a NUL, or a line that is too long)";
    case MAILPROTO_ERR_LIMIT:
        snprintf(out, size, "refused: larger than the limit of %llu octets, or with too many Received fields (a loop)",
                 (unsigned long long)smtp->client.server->settings->limits.message_size);
        return out;
    case MAILPROTO_ERR_HOST:
    case MAILPROTO_ERR_FULL:
    case MAILPROTO_ERR_UNAVAILABLE:
    case MAILPROTO_ERR_NOMEM:
        return "refused: it could not be stored";
    case MAILPROTO_ERR_CANCELLED:
        return "given up: the client has begun anew";
    case MAILPROTO_ERR_LOST:
        return "given up: the client has gone before its end";
    case MAILPROTO_ERR_TIMEOUT:
        return "given up: the client was too slow";
    default:
        snprintf(out, size, "given up: %s", mailproto_result_text(why));
        return out;
    }
}

static int32_t on_message_aborted(mailproto_smtp_server *engine, const mailproto_smtp_message_aborted *aborted,
                                  void *user)
{
    struct smtp *smtp = user;
    char words[200];

    (void)engine;
    client_log(&smtp->client, LOG_INFO, "message from <%s> %s", smtp->transaction->sender,
               words_for(smtp, aborted->why, words, sizeof words));
    return 0;
}

/* The peer, or patience, is gone while the disk works. What is being stored stays stored (RFC 1047: better twice than not
   at all). */
static int is_being_stored(const struct transaction *t)
{
    for (size_t i = 0; t->whole && i < t->count; i++)
        if (handle_is_busy(t->handles[i]))
            return 1;
    return 0;
}

static int32_t on_transaction_end(mailproto_smtp_server *engine, const mailproto_smtp_transaction_end *end, void *user)
{
    struct smtp *smtp = user;

    (void)engine;
    if (end->delivered)
        log_delivered(smtp);
    else if (is_being_stored(smtp->transaction))
        client_log(&smtp->client, LOG_WARNING, "message from <%s> is being stored, but nobody is left to be told: %s",
                   smtp->transaction->sender, mailproto_result_text(end->why));
    transaction_free(smtp->transaction);
    smtp->transaction = NULL;
    return 0;
}

void smtp_message_callbacks(mailproto_smtp_server_callbacks *callbacks)
{
    callbacks->on_message_end = on_message_end;
    callbacks->on_message_aborted = on_message_aborted;
    callbacks->on_transaction_end = on_transaction_end;
}
