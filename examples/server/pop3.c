/* pop3.c - POP3 over the Maildirs: logging in, listing, retrieving, deleting.
 * RFC 1939; RFC 2449 8 and RFC 3206 for the response codes. The disk is read in the pool (pop3_work.c). */
#include "pop3.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

static int32_t err(struct pop3 *pop3, uint64_t token, uint32_t code, const char *text)
{
    return mailproto_pop3_server_err(pop3->engine, token, code, text, strlen(text));
}

/* ---- AUTH, OPEN ---- */

static int32_t refuse_login(struct pop3 *pop3, const mailproto_pop3_auth *auth)
{
    static const char text[] = "authentication failed: the user name or the password is wrong";
    mailproto_pop3_verdict verdict;

    client_log(&pop3->client, LOG_WARNING, "login refused for %.*s", (int)auth->name.len, auth->name.ptr);
    mailproto_pop3_verdict_init(&verdict, sizeof verdict);
    verdict.status = MAILPROTO_POP3_ERR;
    verdict.resp_code = MAILPROTO_POP3_RESP_AUTH;
    verdict.delay_ms = (uint32_t)pop3->client.server->settings->limits.auth_delay;
    verdict.text = (mailproto_text){text, sizeof text - 1};
    return mailproto_pop3_server_answer(pop3->engine, auth->head.token, &verdict);
}

static int32_t on_auth(mailproto_pop3_server *engine, const mailproto_pop3_auth *auth, void *user)
{
    struct pop3 *pop3 = user;
    const struct users *users = &pop3->client.server->settings->users;
    const struct user *who = users_login(users, auth->name.ptr, auth->name.len, auth->password.ptr, auth->password.len);
    const struct user *as = who;

    if (who && auth->authorization.len)
        users_find(users, auth->authorization.ptr, auth->authorization.len, &as);
    if (!who || as != who)
        return refuse_login(pop3, auth);
    free(pop3->login);
    pop3->login = strdup(who->address);
    maildir_drop(pop3->box);
    pop3->box = maildir_keep(who->box);
    return mailproto_pop3_server_accept(engine, auth->head.token);
}

static void opened(struct pop3_job *job)
{
    struct pop3 *pop3 = job->owner;
    const struct maildrop *drop = &job->drop->maildrop;

    if (job->result == -EWOULDBLOCK) {
        client_log(&pop3->client, LOG_INFO, "login %s refused: the maildrop is open in another session", pop3->login);
        err(pop3, job->token, MAILPROTO_POP3_RESP_IN_USE, "another session has this maildrop open");
    } else if (job->result) {
        client_log(&pop3->client, LOG_ERROR, "maildrop of %s: %s", pop3->login, strerror(-job->result));
        err(pop3, job->token, MAILPROTO_POP3_RESP_SYS_TEMP, "the maildrop cannot be read now");
    } else if (!mailproto_pop3_server_opened(pop3->engine, job->token, (uint32_t)drop->count, drop->octets)) {
        pop3->drop = pop3_drop_keep(job->drop);
        client_log(&pop3->client, LOG_INFO, "login %s, %zu message%s, %llu octets", pop3->login, drop->count,
                   drop->count == 1 ? "" : "s", (unsigned long long)drop->octets);
    }
}

static int32_t on_open(mailproto_pop3_server *engine, const mailproto_pop3_open *open, void *user)
{
    struct pop3 *pop3 = user;
    struct pop3_drop *drop = pop3_drop_new(pop3->box->path);
    int32_t result;

    (void)engine;
    if (!drop)
        return MAILPROTO_ERR_NOMEM;
    result = pop3_job_start(pop3, drop, POP3_JOB_OPEN, open->head.token, opened);
    pop3_drop_leave(pop3->client.server, drop);
    return result;
}

/* ---- LIST, UIDL ---- */

static int32_t on_list(mailproto_pop3_server *engine, const mailproto_pop3_list *list, void *user)
{
    struct pop3 *pop3 = user;
    const struct maildrop *drop = &pop3->drop->maildrop;
    char uid[MAILDROP_UID_MAX + 1];

    for (uint32_t n = list->first; n <= list->last && n - list->first < list->want && n <= drop->count; n++) {
        size_t len = list->items & MAILPROTO_POP3_LIST_UID ? maildrop_uid(drop, n - 1, uid) : 0;
        int32_t result = mailproto_pop3_server_give(engine, list->head.token, n, drop->messages[n - 1].size, uid, len);

        if (result)
            return result;
    }
    return mailproto_pop3_server_given(engine, list->head.token);
}

/* ---- RETR, TOP ---- */

static void retrieving(struct pop3_job *job)
{
    struct pop3 *pop3 = job->owner;
    struct pop3_reading *reading = job->reading;

    if (job->result == -ENOENT) {
        err(pop3, job->token, MAILPROTO_POP3_RESP_NONE, "another program has removed this message");
    } else if (job->result) {
        client_log(&pop3->client, LOG_ERROR, "message %s: %s", reading->name, strerror(-job->result));
        err(pop3, job->token, MAILPROTO_POP3_RESP_SYS_TEMP, "the message cannot be read now");
    } else if (!mailproto_pop3_server_retrieving(pop3->engine, job->token, reading->reader.size)) {
        return;
    }
    pop3_stop_reading(pop3);
}

static int32_t on_retrieve(mailproto_pop3_server *engine, const mailproto_pop3_retrieve *retrieve, void *user)
{
    struct pop3 *pop3 = user;
    const struct maildrop *drop = &pop3->drop->maildrop;

    (void)engine;
    if (!retrieve->number || retrieve->number > drop->count)
        return MAILPROTO_ERR_ARG;
    return pop3_start_reading(pop3, retrieve->number - 1, retrieve->head.token, retrieving);
}

static void piece_read(struct pop3_job *job);

/* Gives what is there, then reads on while the engine sends it. */
static void give_piece(struct pop3 *pop3, uint64_t token)
{
    mailproto_session *session = mailproto_pop3_server_session(pop3->engine);
    struct pop3_reading *reading = pop3->reading;
    size_t len = reading->len - reading->at;

    if (reading->result) {
        client_log(&pop3->client, LOG_ERROR, "message %s: %s", reading->name, strerror(-reading->result));
        mailproto_session_fail(session, token);
        return;
    }
    if (!len) {
        mailproto_session_piece_end(session, token);
        return;
    }
    if (len > reading->max)
        len = reading->max;
    if (mailproto_session_piece(session, token, reading->buffer + reading->at, len))
        mailproto_session_fail(session, token);
    reading->at += len;
    pop3_read_on(pop3, piece_read);
}

static void piece_read(struct pop3_job *job)
{
    struct pop3 *pop3 = job->owner;
    uint64_t token = pop3->reading->waiting;

    pop3->reading->waiting = 0;
    if (token)
        give_piece(pop3, token);
}

static int32_t on_piece(mailproto_pop3_server *engine, const mailproto_pop3_piece *piece, void *user)
{
    struct pop3 *pop3 = user;

    (void)engine;
    pop3->reading->max = piece->max;
    if (pop3->job)
        pop3->reading->waiting = piece->head.token;
    else
        give_piece(pop3, piece->head.token);
    return 0;
}

static int32_t on_retrieve_end(mailproto_pop3_server *engine, const mailproto_pop3_retrieve_end *end, void *user)
{
    struct pop3 *pop3 = user;

    (void)engine;
    pop3_stop_reading(pop3);
    if (!end->why && !end->top)
        pop3->drop->maildrop.messages[end->number - 1].retrieved = 1;
    client_log(&pop3->client, LOG_DEBUG, "%s %u, %llu octets: %s", end->top ? "TOP" : "RETR", end->number,
               (unsigned long long)end->octets, mailproto_result_text(end->why));
    return 0;
}

/* ---- QUIT ---- */

static void updated(struct pop3_job *job)
{
    struct pop3 *pop3 = job->owner;

    client_log(&pop3->client, LOG_INFO, "deleted %u messages of %s, %u failed", pop3->deleting - job->failed,
               pop3->login, job->failed);
    mailproto_pop3_server_committed(pop3->engine, job->token, job->failed);
}

static int32_t on_commit(mailproto_pop3_server *engine, const mailproto_pop3_commit *commit, void *user)
{
    struct pop3 *pop3 = user;
    struct maildrop *drop = &pop3->drop->maildrop;

    for (uint32_t n = commit->first; n <= commit->last && n <= drop->count; n++)
        drop->messages[n - 1].deleted = 1;
    pop3->deleting = commit->deleted;
    if (commit->more)
        return mailproto_pop3_server_committed(engine, commit->head.token, 0);
    return pop3_job_start(pop3, pop3->drop, POP3_JOB_UPDATE, commit->head.token, updated);
}

static void let_go(struct pop3_job *job)
{
    mailproto_session_release(mailproto_pop3_server_session(job->owner->engine));
}

/* The lock goes before the reply to QUIT does: who logs in again at once must not be told IN-USE. */
static int32_t on_maildrop_end(mailproto_pop3_server *engine, const mailproto_pop3_maildrop_end *end, void *user)
{
    struct pop3 *pop3 = user;
    struct pop3_drop *drop = pop3->drop;

    pop3->drop = NULL;
    pop3_stop_reading(pop3);
    if (end->update && !pop3->job && pop3_drop_has_seen(drop) && !pop3_job_start(pop3, drop, POP3_JOB_CLOSE, 0, let_go))
        mailproto_session_hold(mailproto_pop3_server_session(engine));
    pop3_drop_leave(pop3->client.server, drop);
    return 0;
}

/* ---- the rest ---- */

static int32_t on_cancel(mailproto_pop3_server *engine, const mailproto_cancel *cancel, void *user)
{
    struct pop3 *pop3 = user;

    (void)engine;
    if (pop3->reading && pop3->reading->waiting == cancel->cancelled)
        pop3->reading->waiting = 0;
    return 0; /* a job's answer finds its token dead */
}

static int32_t on_trace(mailproto_pop3_server *engine, const mailproto_trace *trace, void *user)
{
    (void)engine;
    client_trace(user, trace);
    return 0;
}

static int32_t on_closed(mailproto_pop3_server *engine, const mailproto_closed *closed, void *user)
{
    (void)engine;
    pop3_stop_reading(user);
    pop3_forget_job(user); /* the engine is gone before the connection is */
    if (closed->why)
        client_log(user, LOG_INFO, "ended: %.*s", (int)closed->text.len, closed->text.ptr);
    else
        client_log(user, LOG_DEBUG, "closed");
    return 0;
}

static void gone(struct client *client)
{
    struct pop3 *pop3 = (struct pop3 *)client;

    pop3_stop_reading(pop3);
    pop3_forget_job(pop3);
    if (pop3->drop)
        pop3_drop_leave(client->server, pop3->drop);
    maildir_drop(pop3->box);
    free(pop3->login);
}

struct client *pop3_client_new(void)
{
    struct pop3 *pop3 = calloc(1, sizeof *pop3);

    if (!pop3)
        return NULL;
    pop3->client.gone = gone;
    return &pop3->client;
}

static void set_callbacks(mailproto_pop3_server_callbacks *callbacks)
{
    mailproto_pop3_server_callbacks_init(callbacks, sizeof *callbacks);
    callbacks->on_auth = on_auth;
    callbacks->on_open = on_open;
    callbacks->on_list = on_list;
    callbacks->on_retrieve = on_retrieve;
    callbacks->on_piece = on_piece;
    callbacks->on_retrieve_end = on_retrieve_end;
    callbacks->on_commit = on_commit;
    callbacks->on_maildrop_end = on_maildrop_end;
    callbacks->on_cancel = on_cancel;
    callbacks->on_trace = on_trace;
    callbacks->on_closed = on_closed;
}

mailproto_session *pop3_client_session(struct client *client)
{
    struct pop3 *pop3 = (struct pop3 *)client;
    const struct limits *limits = &client->server->settings->limits;
    mailproto_pop3_server_callbacks callbacks;
    mailproto_pop3_server_config config;
    const char *why = "no memory";

    set_callbacks(&callbacks);
    mailproto_pop3_server_config_init(&config, sizeof config);
    if (client_may_send_cleartext(client))
        config.flags |= MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN;
    config.peer_address = (mailproto_text){client->address, strlen(client->address)};
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
