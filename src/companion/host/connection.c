/* connection.c - a connection from its making to its end: the session it owns, closing without losing the last line.
 * include/mailproto/host_connection.h, "a connection"; RFC 1122 4.2.2.13 is why it lingers. */
#include <string.h>

#include "connection.h"

/* ---- making ---- */

int mp_host_connection_open(mailproto_host_connection *c, int socket_kind)
{
    int error = socket_kind == UV_TCP ? uv_tcp_init(c->host->loop, &c->socket.tcp)
                                      : uv_pipe_init(c->host->loop, &c->socket.pipe, 0);

    if (error)
        return error;
    c->socket.handle.data = c;
    c->socket_open = 1;
    c->handles++;
    return 0;
}

static void put_in(mailproto_host_connection *c)
{
    mailproto_host *host = c->host;

    c->next = host->connections;
    if (c->next)
        c->next->previous = c;
    host->connections = c;
    host->connection_count++;
}

static void take_out(mailproto_host_connection *c)
{
    mailproto_host *host = c->host;

    if (c->previous)
        c->previous->next = c->next;
    else
        host->connections = c->next;
    if (c->next)
        c->next->previous = c->previous;
    host->connection_count--;
}

int32_t mp_host_connection_new(mailproto_host *host, int socket_kind, mailproto_host_connection **out)
{
    mailproto_host_connection *c = mp_host_alloc(host, sizeof *c);
    int error;

    if (!c)
        return mp_host_fail(host, MAILPROTO_ERR_NOMEM, 0, "there is no memory for a connection");
    c->host = host;
    c->due = UINT64_MAX;
    error = socket_kind ? mp_host_connection_open(c, socket_kind) : 0;
    if (error) {
        mp_host_release(host, c, sizeof *c);
        return mp_host_fail(host, MAILPROTO_ERR_HOST, error, "the system gives no socket: %s", uv_strerror(error));
    }
    uv_timer_init(host->loop, &c->timer); /* answers 0 always */
    c->timer.data = c;
    c->handles++;
    mp_host_begin(host);
    put_in(c);
    *out = c;
    return MAILPROTO_OK;
}

/* ---- closing ---- */

/* Not while it runs: then this is done when that has returned. */
static void free_session(mailproto_host_connection *c)
{
    mailproto_session *session = c->session;

    c->session = NULL;
    mailproto_session_free(session);
    mp_host_release(c->host, c->kept, c->kept_size);
    c->kept = NULL;
}

static void leave_woken(mailproto_host_connection *c)
{
    mailproto_host_connection **at = &c->host->woken, *before = NULL;

    if (!c->woken)
        return;
    while (*at != c) {
        before = *at;
        at = &before->next_woken;
    }
    *at = c->next_woken;
    if (c->host->last_woken == c)
        c->host->last_woken = before;
}

static void gone(mailproto_host_connection *c)
{
    mailproto_host *host = c->host;

    free_session(c); /* if it is not over by now, it never will be */
    if (c->telling && c->on_gone)
        c->on_gone(c, c->user);
    leave_woken(c);
    take_out(c);
    if (c->counted)
        host->session_count--;
    if (c->admission)
        mp_host_admission_leave(&host->admission, &host->allocator, c->admission);
    if (c->draining)
        mp_host_drain_gone(host);
    mp_host_release(host, c->abort_text, c->abort_size);
    mp_host_release(host, c, sizeof *c);
    mp_host_end(host);
}

void mp_host_connection_closed(uv_handle_t *handle)
{
    mailproto_host_connection *c = handle->data;

    if (--c->handles)
        return;
    if (c->connecting)
        mp_host_connecting_free(c);
    gone(c);
}

void mp_host_connection_close(mailproto_host_connection *c)
{
    if (c->closing)
        return;
    c->closing = 1;
    uv_close((uv_handle_t *)&c->timer, mp_host_connection_closed);
    if (c->socket_open && !uv_is_closing(&c->socket.handle))
        uv_close(&c->socket.handle, mp_host_connection_closed);
}

static void linger_over(uv_timer_t *timer)
{
    mp_host_connection_close(timer->data);
}

static void was_shut_down(uv_shutdown_t *request, int status)
{
    mailproto_host_connection *c = request->data;

    if (status)
        mp_host_connection_close(c);
}

/* The session is over and all it said was sent: close our side, and give the peer time to close its own. A socket
   closed with octets unread is reset, and a reset destroys what the peer has not read yet (RFC 1122 4.2.2.13). */
void mp_host_connection_linger(mailproto_host_connection *c)
{
    /* freed in a callback, while libuv has octets of it in sight; or a client that gave up: nobody waits for its
       words */
    int at_once = c->writing || (c->client && c->session && mailproto_session_error(c->session, NULL, NULL, NULL));

    free_session(c);
    if (c->closing)
        return;
    c->request.shutdown.data = c;
    if (at_once || !mp_host_connection_read(c) || uv_shutdown(&c->request.shutdown, &c->socket.stream, was_shut_down)) {
        mp_host_connection_close(c);
        return;
    }
    uv_timer_start(&c->timer, linger_over, c->host->config.linger_ms, 0);
}

/* ---- losing ---- */

/* Closed first, so that libuv looks no more at octets that the session takes back now; released, so that the session
   can tell what it has to tell. */
void mp_host_connection_lose(mailproto_host_connection *c, int32_t why, const char *text, size_t len)
{
    mp_host_connection_close(c);
    if (!c->session)
        return;
    if (mailproto_session_lost(c->session, why, text, len, uv_now(c->host->loop)) == MAILPROTO_FREED) {
        c->session = NULL;
        return;
    }
    mailproto_session_release(c->session);
    mp_host_connection_poll(c);
}

static void keep_text(mailproto_host_connection *c, const char *text, size_t len)
{
    c->abort_text = len ? mp_host_alloc(c->host, len) : NULL;
    c->abort_size = c->abort_text ? len : 0;
    if (c->abort_text)
        memcpy(c->abort_text, text, len);
}

int32_t mailproto_host_connection_abort(mailproto_host_connection *c, const char *text, size_t len)
{
    static const char standard[] = "the host ends it";

    if (!c || (len && !text))
        return MAILPROTO_ERR_ARG;
    if (!text) {
        text = standard;
        len = sizeof standard - 1;
    }
    if (c->closing || c->aborted)
        return MAILPROTO_OK;
    if (c->connecting) {
        mp_host_connecting_fail(c, MAILPROTO_ERR_CANCELLED, "the host ends it");
    } else if (c->running && c->session) {
        c->aborted = 1;                     /* when the turn is over: see run.c */
        mailproto_session_hold(c->session); /* with no event in between */
        keep_text(c, text, len);
    } else if (c->session) {
        mp_host_connection_lose(c, MAILPROTO_ERR_LOST, text, len);
        mp_host_connection_run(c);
    }
    if (!c->running)
        mp_host_connection_close(c);
    return MAILPROTO_OK;
}

/* ---- beginning ---- */

int32_t mp_host_connection_tls(const mailproto_host *host, const mailproto_host_tls *tls, uint32_t client,
                               mailproto_text name, mailproto_session **session)
{
    const mailproto_host_tls_side side = {sizeof side, client, name, &host->allocator};
    mailproto_session *outer = NULL;
    int32_t result;

    if (!tls->over)
        return MAILPROTO_OK;
    result = tls->over(&outer, *session, &side, tls->user);
    if (!result && outer)
        *session = outer;
    return result;
}

static void session_wakes(mailproto_session *session, void *user)
{
    (void)session;
    mailproto_host_connection_wake(user);
}

void mp_host_connection_start(mailproto_host_connection *c, mailproto_session *session)
{
    c->session = session;
    mailproto_session_set_wake(session, session_wakes, c);
    if (c->socket.handle.type == UV_TCP)
        uv_tcp_nodelay(&c->socket.tcp, 1); /* replies are small and awaited */
    mp_host_connection_run(c);
}

/* ---- what programs may ask and say ---- */

void mp_host_wake_all(uv_idle_t *idle)
{
    mailproto_host *host = idle->data;
    mailproto_host_connection *c;

    /* those that are woken meanwhile have their turn in the next round, with the others */
    for (mailproto_host_connection *last = host->last_woken; (c = host->woken);) {
        host->woken = c->next_woken;
        if (!host->woken)
            host->last_woken = NULL;
        c->next_woken = NULL;
        c->woken = 0;
        mp_host_connection_run(c);
        if (c == last)
            break;
    }
    if (!host->woken)
        uv_idle_stop(idle);
}

int32_t mailproto_host_connection_wake(mailproto_host_connection *c)
{
    mailproto_host *host;

    if (!c)
        return MAILPROTO_ERR_ARG;
    if (c->woken || c->running || c->closing || !c->session)
        return MAILPROTO_OK;
    host = c->host;
    c->woken = 1;
    if (host->last_woken)
        host->last_woken->next_woken = c;
    else
        host->woken = c;
    host->last_woken = c;
    uv_idle_start(&host->idle, mp_host_wake_all);
    return MAILPROTO_OK;
}

int32_t mailproto_host_connection_say(mailproto_host_connection *c, const char *text, size_t len)
{
    uv_buf_t buffer;

    if (!c || !text || !len || len > UINT32_MAX)
        return MAILPROTO_ERR_ARG;
    if (c->session || c->closing || c->connecting)
        return MAILPROTO_ERR_STATE;
    memcpy(&buffer.base, &text, sizeof text); /* uv_buf_t has no const; nothing is ever written through it */
    buffer.len = len;
    return uv_try_write(&c->socket.stream, &buffer, 1) == (int)len ? MAILPROTO_OK : MAILPROTO_ERR_LOST;
}

int32_t mailproto_host_connection_set_user(mailproto_host_connection *c, void *user)
{
    if (!c)
        return MAILPROTO_ERR_ARG;
    c->user = user;
    return MAILPROTO_OK;
}

void *mailproto_host_connection_user(const mailproto_host_connection *c)
{
    return c->user;
}

mailproto_session *mailproto_host_connection_session(const mailproto_host_connection *c)
{
    return c->session;
}

mailproto_host *mailproto_host_connection_host(const mailproto_host_connection *c)
{
    return c->host;
}

uint64_t mailproto_host_connection_number(const mailproto_host_connection *c)
{
    return c->number;
}
