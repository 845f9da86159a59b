/* smtp_message.c - a message on its way from an SMTP or LMTP session to the Maildirs of its recipients.
 * RFC 5321 4.4 (Return-Path), 4.2.5, 6.1: 250 is said when it is durable; RFC 2033 4.2: LMTP answers for each one. */
#include <errno.h>
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
    if (t->delivery)
        delivery_abort(t->delivery);
    for (size_t i = 0; i < t->box_count; i++)
        maildir_drop(t->boxes[i]);
    free(t->boxes);
    free(t->results);
    free(t->recipients);
    free(t->sender);
    free(t);
}

/* Room for one more recipient, and so for one more box. */
static int grow(struct transaction *t)
{
    size_t room = t->room ? 2 * t->room : 4;
    struct recipient *recipients;
    struct maildir **boxes;

    if (t->count < t->room)
        return 0;
    recipients = realloc(t->recipients, room * sizeof *recipients);
    if (!recipients)
        return -1;
    t->recipients = recipients;
    boxes = realloc(t->boxes, room * sizeof *boxes);
    if (!boxes)
        return -1;
    t->boxes = boxes;
    t->room = room;
    return 0;
}

int transaction_add(struct transaction *t, uint32_t index, struct maildir *box)
{
    uint32_t at = 0;

    if (grow(t))
        return -1;
    while (at < t->box_count && t->boxes[at] != box)
        at++;
    if (at == t->box_count)
        t->boxes[t->box_count++] = maildir_keep(box);
    t->recipients[t->count++] = (struct recipient){index, at};
    return 0;
}

/* ---- what the disk says ---- */

/* RFC 3463 3.4: X.3.1 mail system full. */
static uint32_t code_of(int result, const char **enhanced, const char **text)
{
    if (result == -ENOSPC || result == -EDQUOT) {
        *enhanced = "4.3.1";
        *text = "There is no room for the message now, try again later";
        return 452;
    }
    *enhanced = "4.3.0";
    *text = "The message could not be stored now, try again later";
    return 451;
}

static int32_t reply_failure(struct smtp *smtp, uint64_t token, int result)
{
    const char *enhanced, *text;
    uint32_t code = code_of(result, &enhanced, &text);

    return mailproto_smtp_server_reply(smtp->engine, token, code, enhanced, strlen(enhanced), text, strlen(text));
}

/* In the middle of the message: what still comes of it is skipped. */
static int32_t reject(struct smtp *smtp, int result)
{
    const char *enhanced, *text;
    mailproto_smtp_verdict verdict;

    client_log(&smtp->client, LOG_ERROR, "message from <%s> could not be stored: %s", smtp->transaction->sender,
               strerror(-result));
    mailproto_smtp_verdict_init(&verdict, sizeof verdict);
    verdict.code = code_of(result, &enhanced, &text);
    verdict.enhanced = (mailproto_text){enhanced, strlen(enhanced)};
    verdict.text = (mailproto_text){text, strlen(text)};
    return mailproto_smtp_server_reject_message(smtp->engine, &verdict);
}

static void forget_delivery(struct smtp *smtp)
{
    struct transaction *t = smtp->transaction;

    if (!t || !t->delivery)
        return;
    delivery_abort(t->delivery);
    t->delivery = NULL;
}

static void room(void *user)
{
    struct smtp *smtp = user;

    mailproto_session_release(mailproto_smtp_server_session(smtp->engine));
    client_wake(&smtp->client);
}

static void failed(void *user, int why)
{
    struct smtp *smtp = user;

    reject(smtp, why);
    forget_delivery(smtp);
    room(smtp);
}

static void log_result(const struct smtp *smtp, const char *name, int why)
{
    const struct transaction *t = smtp->transaction;
    const char *as = smtp->login ? smtp->login : "";

    if (why)
        client_log(&smtp->client, LOG_ERROR, "message from <%s> of %llu octets could not be stored for all: %s",
                   t->sender, (unsigned long long)t->size, strerror(-why));
    else
        client_log(&smtp->client, LOG_INFO, "delivered %s from <%s> to %zu mailbox%s, %llu octets%s%s", name, t->sender,
                   t->box_count, t->box_count == 1 ? "" : "es", (unsigned long long)t->size, *as ? ", login " : "", as);
}

static void done(void *user, const int *results, const char *name)
{
    struct smtp *smtp = user;
    struct transaction *t = smtp->transaction;
    uint64_t token = t->end_token;
    int why = 0;

    t->delivery = NULL;
    t->end_token = 0;
    for (size_t i = 0; i < t->box_count; i++)
        if ((t->results[i] = results[i]))
            why = results[i];
    log_result(smtp, name, why);
    if (why && smtp->client.service != SERVICE_LMTP)
        reply_failure(smtp, token, why);
    else
        mailproto_smtp_server_accept(smtp->engine, token);
    client_wake(&smtp->client);
}

/* ---- the events ---- */

static int32_t prepend_return_path(struct smtp *smtp, uint64_t token)
{
    static const char name[] = "Return-Path: <";
    size_t len = strlen(smtp->transaction->sender);
    char *field = malloc(sizeof name + len + 1);
    int32_t result;

    if (!field)
        return MAILPROTO_ERR_NOMEM;
    memcpy(field, name, sizeof name - 1);
    memcpy(field + sizeof name - 1, smtp->transaction->sender, len);
    field[sizeof name - 1 + len] = '>';
    result = mailproto_smtp_server_prepend(smtp->engine, token, field, sizeof name + len);
    free(field);
    return result;
}

static int32_t on_message_begin(mailproto_smtp_server *engine, const mailproto_smtp_message_begin *begin, void *user)
{
    struct smtp *smtp = user;
    struct server *server = smtp->client.server;
    struct transaction *t = smtp->transaction;
    const struct delivery_owner owner = {room, failed, done, smtp};
    int32_t result = prepend_return_path(smtp, begin->head.token);

    if (result)
        return result;
    free(t->results);
    t->results = calloc(t->box_count, sizeof *t->results);
    if (!t->results)
        return MAILPROTO_ERR_NOMEM;
    t->delivery = delivery_new(server->host, server->settings->hostname, t->boxes, t->box_count,
                               smtp->client.service != SERVICE_LMTP, server->settings->sync);
    if (!t->delivery)
        return MAILPROTO_ERR_NOMEM;
    delivery_set_owner(t->delivery, &owner);
    return mailproto_smtp_server_accept(engine, begin->head.token);
}

static int32_t on_body(mailproto_smtp_server *engine, const mailproto_smtp_body *body, void *user)
{
    struct smtp *smtp = user;
    int result = delivery_add(smtp->transaction->delivery, body->bytes.ptr, body->bytes.len, SERVER_READ);

    if (result == DELIVERY_FULL)
        return mailproto_session_hold(mailproto_smtp_server_session(engine));
    return result ? reject(smtp, result) : 0;
}

static int32_t on_message_end(mailproto_smtp_server *engine, const mailproto_smtp_message_end *end, void *user)
{
    struct smtp *smtp = user;

    (void)engine;
    smtp->transaction->end_token = end->head.token;
    smtp->transaction->size = end->size;
    delivery_end(smtp->transaction->delivery);
    return 0; /* answered by `done` */
}

static int by_index(const void *a, const void *b)
{
    uint32_t left = ((const struct recipient *)a)->index, right = ((const struct recipient *)b)->index;

    return (left > right) - (left < right);
}

static int32_t on_rcpt_result(mailproto_smtp_server *engine, const mailproto_smtp_rcpt_result *wanted, void *user)
{
    struct smtp *smtp = user;
    const struct transaction *t = smtp->transaction;
    const struct recipient key = {wanted->index, 0};
    const struct recipient *found = bsearch(&key, t->recipients, t->count, sizeof key, by_index);

    if (!found)
        return MAILPROTO_ERR_STATE;
    if (t->results[found->box])
        return reply_failure(smtp, wanted->head.token, t->results[found->box]);
    return mailproto_smtp_server_accept(engine, wanted->head.token);
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
    forget_delivery(smtp);
    return 0;
}

/* The peer, or patience, is gone while the disk works. What is being delivered stays delivered (RFC 1047: better twice
   than not at all). */
static int32_t on_cancel(mailproto_smtp_server *engine, const mailproto_cancel *cancel, void *user)
{
    struct smtp *smtp = user;

    (void)engine;
    if (smtp->transaction && cancel->cancelled == smtp->transaction->end_token) {
        client_log(&smtp->client, LOG_WARNING, "message from <%s> is being stored, but nobody is left to be told: %s",
                   smtp->transaction->sender, mailproto_result_text(cancel->why));
        forget_delivery(smtp);
    }
    return 0;
}

static int32_t on_transaction_end(mailproto_smtp_server *engine, const mailproto_smtp_transaction_end *end, void *user)
{
    struct smtp *smtp = user;

    (void)engine;
    (void)end;
    transaction_free(smtp->transaction);
    smtp->transaction = NULL;
    return 0;
}

void smtp_message_callbacks(mailproto_smtp_server_callbacks *callbacks)
{
    callbacks->on_message_begin = on_message_begin;
    callbacks->on_body = on_body;
    callbacks->on_message_end = on_message_end;
    callbacks->on_rcpt_result = on_rcpt_result;
    callbacks->on_message_aborted = on_message_aborted;
    callbacks->on_cancel = on_cancel;
    callbacks->on_transaction_end = on_transaction_end;
}
