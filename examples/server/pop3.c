/* pop3.c - POP3 over the Maildirs: who may log in, and what the log says of it. The engine asks the store for the rest.
 * RFC 1939; RFC 2449 8 and RFC 3206 for the response codes. */
#include "pop3.h"

#include <stdlib.h>
#include <string.h>

enum { POP3_PIECE = 16384 }; /* octets read ahead of the peer at most */

static int32_t err(struct pop3 *pop3, uint64_t token, uint32_t code, const char *text)
{
    return mailproto_pop3_server_err(pop3->engine, token, code, text, strlen(text));
}

/* ---- AUTH ---- */

static int32_t give_keys(struct client *client, uint64_t token, const mailproto_sasl_keys *keys)
{
    return mailproto_pop3_server_keys(((struct pop3 *)client)->engine, token, keys);
}

static int32_t give_derived(struct client *client, uint64_t token, const void *key, size_t len)
{
    return mailproto_pop3_server_derived(((struct pop3 *)client)->engine, token, key, len);
}

static int32_t let_in(struct client *client, uint64_t token, const struct user *who, uint32_t delay_ms)
{
    struct pop3 *pop3 = (struct pop3 *)client;
    mailproto_pop3_verdict verdict;

    free(pop3->login);
    pop3->login = strdup(who->address);
    if (!pop3->login)
        return MAILPROTO_ERR_NOMEM;
    mailbox_drop(pop3->box);
    pop3->box = mailbox_keep(who->box);
    mailproto_pop3_verdict_init(&verdict, sizeof verdict);
    verdict.status = MAILPROTO_POP3_OK;
    verdict.delay_ms = delay_ms;
    return mailproto_pop3_server_answer(pop3->engine, token, &verdict);
}

static int32_t refuse_login(struct client *client, uint64_t token, uint32_t delay_ms)
{
    static const char text[] = "authentication failed: the user name or the password is wrong";
    mailproto_pop3_verdict verdict;

    mailproto_pop3_verdict_init(&verdict, sizeof verdict);
    verdict.status = MAILPROTO_POP3_ERR;
    verdict.resp_code = MAILPROTO_POP3_RESP_AUTH;
    verdict.delay_ms = delay_ms;
    verdict.text = (mailproto_text){text, sizeof text - 1};
    return mailproto_pop3_server_answer(((struct pop3 *)client)->engine, token, &verdict);
}

static const struct login_answers answers = {give_keys, give_derived, let_in, refuse_login};

static int32_t on_auth(mailproto_pop3_server *engine, const mailproto_pop3_auth *auth, void *user)
{
    const struct login_request request = {.token = auth->head.token,
                                          .mechanism = auth->mechanism,
                                          .outcome = auth->outcome,
                                          .authorization = auth->authorization,
                                          .name = auth->name,
                                          .password = auth->password};

    (void)engine;
    return login_auth(user, &request);
}

static int32_t on_keys(mailproto_pop3_server *engine, const mailproto_sasl_keys_wanted *wanted, void *user)
{
    (void)engine;
    return login_keys(user, wanted);
}

static int32_t on_derive(mailproto_pop3_server *engine, const mailproto_sasl_derive_wanted *wanted, void *user)
{
    (void)engine;
    return login_derive(user, wanted);
}

/* ---- OPEN ---- */

static void opened(struct client *client, struct handle *handle, const char *why)
{
    struct pop3 *pop3 = (struct pop3 *)client;
    uint64_t token = pop3->opening;

    pop3->opening = 0;
    if (why) {
        pop3->handle = NULL;
        client_log(client, LOG_ERROR, "maildrop of %s: %s", pop3->login, why);
        err(pop3, token, MAILPROTO_POP3_RESP_SYS_TEMP, "the maildrop cannot be read now");
        handle_give_back(handle);
    } else if (mailproto_pop3_server_open_store(pop3->engine, token, &handle->store, 0, NULL)) {
        pop3->handle = NULL;
        handle_give_back(handle); /* the session waits no more */
    }
}

static int32_t on_open(mailproto_pop3_server *engine, const mailproto_pop3_open *open, void *user)
{
    struct pop3 *pop3 = user;

    (void)engine;
    pop3->opening = open->head.token;
    pop3->logged = 0;
    pop3->handle = mailbox_open(&pop3->client.server->mailboxes, pop3->box, &pop3->client, opened);
    return pop3->handle ? 0 : MAILPROTO_ERR_NOMEM;
}

/* ---- what the store says ---- */

static void failed(struct client *client, uint32_t question, int32_t why, const char *text, size_t len)
{
    const struct pop3 *pop3 = (const struct pop3 *)client;

    if (why == MAILPROTO_ERR_BUSY && question == MAILPROTO_STORE_OPEN)
        client_log(client, LOG_INFO, "login %s refused: the maildrop is open in another session", pop3->login);
    else if (why == MAILPROTO_ERR_GONE)
        client_log(client, LOG_INFO, "maildrop of %s: another program has removed a message", pop3->login);
    else
        client_log(client, LOG_ERROR, "maildrop of %s: %.*s", pop3->login, (int)len, text);
}

static void unlist(struct pop3 *pop3)
{
    struct pop3 **first = &pop3->client.server->fresh;

    if (!pop3->listed)
        return;
    pop3->listed = 0;
    *(pop3->previous ? &pop3->previous->next : first) = pop3->next;
    if (pop3->next)
        pop3->next->previous = pop3->previous;
}

static void log_login(struct pop3 *pop3)
{
    mailproto_pop3_server_info info;

    if (pop3->logged || !pop3->handle || mailproto_pop3_server_info_get(pop3->engine, &info, sizeof info) ||
        !info.opened)
        return;
    pop3->logged = 1;
    client_log(&pop3->client, LOG_INFO, "login %s, %u message%s, %llu octets", pop3->login, info.count,
               info.count == 1 ? "" : "s", (unsigned long long)info.octets);
}

static void log_logins(mailproto_host *host, void *user)
{
    struct server *server = user;

    (void)host;
    for (struct pop3 *pop3 = server->fresh, *next; pop3; pop3 = next) {
        next = pop3->next;
        log_login(pop3);
        if (pop3->logged || pop3->listed == 1)
            unlist(pop3);
        else
            pop3->listed--;
    }
    if (server->fresh)
        (void)mailproto_host_post(server->host, log_logins, server);
}

/* What the maildrop holds is known to the engine when the session has run with these answers: in the loop's next round, so
   that it is looked at twice. */
static void answered(struct client *client)
{
    struct pop3 *pop3 = (struct pop3 *)client;
    struct server *server = client->server;

    if (pop3->logged || (!pop3->listed && !server->fresh && mailproto_host_post(server->host, log_logins, server)))
        return;
    if (pop3->listed) {
        pop3->listed = 2;
        return;
    }
    pop3->listed = 2;
    pop3->previous = NULL;
    pop3->next = server->fresh;
    if (pop3->next)
        pop3->next->previous = pop3;
    server->fresh = pop3;
}

/* ---- RETR, QUIT ---- */

static int32_t on_retrieve_end(mailproto_pop3_server *engine, const mailproto_pop3_retrieve_end *end, void *user)
{
    const struct pop3 *pop3 = user;

    (void)engine;
    client_log(&pop3->client, LOG_DEBUG, "%s %u, %llu octets: %s", end->top ? "TOP" : "RETR", end->number,
               (unsigned long long)end->octets, mailproto_result_text(end->why));
    return 0;
}

static void unlocked(struct client *client)
{
    struct pop3 *pop3 = (struct pop3 *)client;

    pop3->handle = NULL;
    mailproto_session_release(mailproto_pop3_server_session(pop3->engine));
}

static void log_deleted(const struct pop3 *pop3, const mailproto_pop3_maildrop_end *end)
{
    mailproto_pop3_server_info info;

    if (!end->update || mailproto_pop3_server_info_get(pop3->engine, &info, sizeof info))
        return;
    if (info.deleted)
        client_log(&pop3->client, LOG_INFO, "deleted %u messages of %s, %u failed", info.deleted - end->failed,
                   pop3->login, end->failed);
}

/* The lock goes before the reply to QUIT does: who logs in again at once must not be told IN-USE. */
static int32_t on_maildrop_end(mailproto_pop3_server *engine, const mailproto_pop3_maildrop_end *end, void *user)
{
    struct pop3 *pop3 = user;

    log_login(pop3);
    log_deleted(pop3, end);
    if (end->update) {
        mailproto_session_hold(mailproto_pop3_server_session(engine));
        handle_close(pop3->handle, unlocked);
    } else {
        handle_give_back(pop3->handle);
        pop3->handle = NULL;
    }
    return 0;
}

/* ---- the rest ---- */

static int32_t on_trace(mailproto_pop3_server *engine, const mailproto_trace *trace, void *user)
{
    (void)engine;
    client_trace(user, trace);
    return 0;
}

/* The engine is gone before the connection is. */
static void leave(struct pop3 *pop3)
{
    unlist(pop3);
    if (pop3->handle)
        pop3->handle->client = NULL; /* whoever has work with it gives it back */
    pop3->handle = NULL;
}

static int32_t on_closed(mailproto_pop3_server *engine, const mailproto_closed *closed, void *user)
{
    (void)engine;
    leave(user);
    if (closed->why)
        client_log(user, LOG_INFO, "ended: %.*s", (int)closed->text.len, closed->text.ptr);
    else
        client_log(user, LOG_DEBUG, "closed");
    return 0;
}

static void gone(struct client *client)
{
    struct pop3 *pop3 = (struct pop3 *)client;

    leave(pop3);
    mailbox_drop(pop3->box);
    free(pop3->login);
}

struct client *pop3_client_new(void)
{
    struct pop3 *pop3 = calloc(1, sizeof *pop3);

    if (!pop3)
        return NULL;
    pop3->client.gone = gone;
    pop3->client.answers = &answers;
    pop3->client.store_failed = failed;
    pop3->client.store_answered = answered;
    return &pop3->client;
}

static void set_callbacks(mailproto_pop3_server_callbacks *callbacks)
{
    mailproto_pop3_server_callbacks_init(callbacks, sizeof *callbacks);
    callbacks->on_auth = on_auth;
    callbacks->on_keys = on_keys;
    callbacks->on_derive = on_derive;
    callbacks->on_open = on_open;
    callbacks->on_retrieve_end = on_retrieve_end;
    callbacks->on_maildrop_end = on_maildrop_end;
    callbacks->on_trace = on_trace;
    callbacks->on_closed = on_closed;
}

mailproto_session *pop3_client_session(struct client *client)
{
    struct pop3 *pop3 = (struct pop3 *)client;
    const struct limits *limits = &client->server->settings->limits;
    const struct logins *logins = &client->server->logins;
    mailproto_pop3_server_callbacks callbacks;
    mailproto_pop3_server_config config;
    const char *why = "no memory";

    set_callbacks(&callbacks);
    mailproto_pop3_server_config_init(&config, sizeof config);
    config.flags = MAILPROTO_POP3_SERVER_STORE;
    if (client_may_send_cleartext(client))
        config.flags |= MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN;
    config.peer_address = (mailproto_text){client->address, strlen(client->address)};
    config.mechanisms = logins->mechanisms;
    config.sasl = logins->has_sasl ? &logins->sasl : NULL;
    config.tls = client_tls(client);
    config.piece = POP3_PIECE;
    config.login_ms = (uint32_t)limits->greeting_time;
    config.command_ms = (uint32_t)limits->command_time;
    config.answer_ms = (uint32_t)limits->answer_time;
    config.stall_ms = (uint32_t)limits->stall_time;
    if (mailproto_pop3_server_new(&pop3->engine, &config, &callbacks, NULL, pop3, &why)) {
        client_log(client, LOG_ERROR, "cannot serve: %s", why);
        return NULL;
    }
    return mailproto_pop3_server_session(pop3->engine);
}
