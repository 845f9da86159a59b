/* loop/connection.c - a mailproto session on a libuv TCP handle; mailproto/session.h tells the loop this is.
 * Each turn: tick what is due, feed what is there, send what output lends; then wait as wants and deadline say. */
#include "connection.h"

#include <stdlib.h>
#include <string.h>

enum {
    TURNS = 64,         /* of one connection before the others have theirs */
    LINGER_MS = 2000,   /* for the peer to close after us, so that our last line is not cut off by a reset */
    TICK_LATEST = 60000 /* the timer is never set further ahead: moving it for each command would cost more */
};

/* ---- closing ---- */

static void free_session(struct connection *c)
{
    mailproto_session *session = c->session;

    c->session = NULL;
    mailproto_session_free(session);
    free(c->kept);
    c->kept = NULL;
}

static void handle_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;

    if (--c->handles)
        return;
    free_session(c); /* if it is not over by now, it never will be */
    c->gone(c);
}

static void close_handles(struct connection *c)
{
    if (c->closing)
        return;
    c->closing = 1;
    uv_close((uv_handle_t *)&c->timer, handle_closed);
    uv_close((uv_handle_t *)&c->tcp, handle_closed);
}

static void linger_over(uv_timer_t *timer)
{
    close_handles(timer->data);
}

static void was_shut_down(uv_shutdown_t *request, int status)
{
    struct connection *c = request->data;

    if (status)
        close_handles(c);
}

static void read_done(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer);
static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer);

static int start_reading(struct connection *c)
{
    if (!c->reading && !c->eof && !uv_read_start((uv_stream_t *)&c->tcp, lend_buffer, read_done))
        c->reading = 1;
    return c->reading;
}

/* The session is over and all it said was sent: close our side, and give the peer time to close its own. A socket
   closed with octets unread is reset, and a reset destroys what the peer has not read yet (RFC 1122 4.2.2.13). */
static void end(struct connection *c)
{
    free_session(c);
    if (c->closing)
        return;
    c->request.shutdown.data = c;
    if (!start_reading(c) || uv_shutdown(&c->request.shutdown, (uv_stream_t *)&c->tcp, was_shut_down)) {
        close_handles(c);
        return;
    }
    uv_timer_start(&c->timer, linger_over, LINGER_MS, 0);
}

/* ---- the session's turns ---- */

static uint64_t now(const struct connection *c)
{
    return uv_now(c->tcp.loop);
}

/* The connection is gone. Closed first, so that libuv looks no more at octets that the session takes back now;
   released, so that the session can tell what it has to tell. */
static void lose(struct connection *c, int32_t why, const char *text)
{
    close_handles(c);
    mailproto_session_lost(c->session, why, text, strlen(text), now(c));
    mailproto_session_release(c->session);
}

static int tick_if_due(struct connection *c)
{
    if (mailproto_session_deadline(c->session) > now(c))
        return 0;
    mailproto_session_tick(c->session, now(c));
    return 1;
}

static int feed_some(struct connection *c, const char **data, size_t *len)
{
    size_t taken = 0;

    if (!*len || !(mailproto_session_wants(c->session) & MAILPROTO_WANTS_READ))
        return 0;
    mailproto_session_feed(c->session, *data, *len, now(c), &taken);
    *data += taken;
    *len -= taken;
    return 1;
}

static int say_eof(struct connection *c, size_t left)
{
    if (!c->eof || c->eof_told || left)
        return 0;
    c->eof_told = 1;
    mailproto_session_eof(c->session, now(c));
    return 1;
}

static void was_written(uv_write_t *request, int status)
{
    struct connection *c = request->data;

    c->writing = 0;
    if (c->closing)
        return;
    if (status)
        lose(c, MAILPROTO_ERR_LOST, uv_strerror(status));
    else
        mailproto_session_output_ack(c->session, c->lent);
    connection_run(c);
}

/* The socket takes no more now: libuv keeps the lent octets in sight, where they stay until they are acked. */
static void write_later(struct connection *c, uv_buf_t buffer)
{
    int error;

    c->lent = (uint32_t)buffer.len;
    c->request.write.data = c;
    error = uv_write(&c->request.write, (uv_stream_t *)&c->tcp, &buffer, 1, was_written);
    if (error)
        lose(c, MAILPROTO_ERR_LOST, uv_strerror(error));
    else
        c->writing = 1;
}

static int send_some(struct connection *c)
{
    const uint8_t *data = NULL;
    size_t len = 0;
    uv_buf_t buffer;
    int n;

    if (c->writing || c->closing || !(mailproto_session_wants(c->session) & MAILPROTO_WANTS_WRITE))
        return 0;
    mailproto_session_output(c->session, &data, &len);
    if (!len)
        return 1;
    /* uv_buf_t has no const; nothing is ever written through it */
    memcpy(&buffer.base, &data, sizeof data);
    buffer.len = len < INT32_MAX ? len : INT32_MAX;
    n = uv_try_write((uv_stream_t *)&c->tcp, &buffer, 1);
    if (n == UV_EAGAIN)
        write_later(c, buffer);
    else if (n < 0)
        lose(c, MAILPROTO_ERR_LOST, uv_strerror(n));
    else
        mailproto_session_output_ack(c->session, (size_t)n);
    return 1;
}

/* Runs until nothing moves, or for as many turns as are fair. 1: there is more to do. */
static int take_turns(struct connection *c, const char **data, size_t *len)
{
    for (int turn = 0; turn < TURNS; turn++) {
        int moved = tick_if_due(c);

        moved |= feed_some(c, data, len);
        moved |= say_eof(c, *len);
        moved |= send_some(c);
        if (!moved)
            return 0;
    }
    return 1;
}

/* ---- waiting ---- */

static void timer_due(uv_timer_t *timer)
{
    struct connection *c = timer->data;

    c->due = UINT64_MAX;
    connection_run(c);
}

/* A timer that is set too early only costs a look: it is moved when the deadline comes nearer, not when it recedes. */
static void set_timer(struct connection *c, int at_once)
{
    uint64_t due = mailproto_session_deadline(c->session), time = now(c);

    if (at_once || due < time)
        due = time;
    if (due != UINT64_MAX && due > time + TICK_LATEST)
        due = time + TICK_LATEST;
    if (due >= c->due)
        return;
    c->due = due;
    uv_timer_start(&c->timer, timer_due, due - time, 0);
}

/* Keeps what the session did not take. `data` may lie in c->kept itself. */
static void keep(struct connection *c, const char *data, size_t len)
{
    if (!len) {
        free(c->kept);
        c->kept = NULL;
    } else if (c->kept) {
        c->kept_at = c->kept_len - (uint32_t)len;
        return;
    } else if ((c->kept = malloc(len))) {
        memcpy(c->kept, data, len);
    } else {
        lose(c, MAILPROTO_ERR_NOMEM, "no memory for what arrived");
        len = 0;
    }
    c->kept_at = 0;
    c->kept_len = (uint32_t)len;
}

/* Reading goes on while the session wants none, for that costs no call and sees a peer that goes; it stops with the
   first octets that could not be taken. */
static void set_reading(struct connection *c)
{
    if (!c->kept && (c->reading || mailproto_session_wants(c->session) & MAILPROTO_WANTS_READ)) {
        start_reading(c);
    } else if (c->kept && c->reading) {
        uv_read_stop((uv_stream_t *)&c->tcp);
        c->reading = 0;
    }
}

static void run_with(struct connection *c, const char *data, size_t len)
{
    int more;

    if (!c->session || c->running)
        return;
    c->running = 1;
    more = take_turns(c, &data, &len);
    if (mailproto_session_wants(c->session) & MAILPROTO_WANTS_TLS) {
        lose(c, MAILPROTO_ERR_TLS, "TLS is wanted where no layer gives it");
        more = take_turns(c, &data, &len);
    }
    keep(c, data, len);
    c->running = 0;
    if (mailproto_session_wants(c->session) & MAILPROTO_WANTS_CLOSE && !(c->writing && !c->closing)) {
        end(c);
    } else if (!c->closing) {
        set_reading(c);
        set_timer(c, more);
    }
}

void connection_run(struct connection *c)
{
    run_with(c, c->kept ? c->kept + c->kept_at : NULL, c->kept ? c->kept_len - c->kept_at : 0);
}

/* ---- what libuv calls ---- */

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct connection_loop *shared = handle->loop->data;

    (void)suggested;
    *buffer = uv_buf_init(shared->buffer, sizeof shared->buffer);
}

static void read_done(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct connection *c = stream->data;

    if (!n)
        return; /* nothing yet */
    if (n < 0) {
        uv_read_stop(stream);
        c->reading = 0;
        c->eof = 1;
    }
    if (!c->session) { /* lingering: what still comes is thrown away, and the end of it ends the wait */
        if (n < 0)
            close_handles(c);
        return;
    }
    if (n < 0 && n != UV_EOF)
        lose(c, MAILPROTO_ERR_LOST, uv_strerror((int)n));
    if (n < 0)
        connection_run(c);
    else
        run_with(c, buffer->base, (size_t)n);
}

/* ---- beginning and ending ---- */

int connection_init(struct connection *c, uv_loop_t *loop, void (*gone)(struct connection *))
{
    int error = uv_tcp_init(loop, &c->tcp);

    if (error)
        return error;
    uv_timer_init(loop, &c->timer); /* answers 0 always */
    c->tcp.data = c->timer.data = c;
    c->gone = gone;
    c->handles = 2;
    c->due = UINT64_MAX;
    return 0;
}

void connection_start(struct connection *c, mailproto_session *session)
{
    c->session = session;
    if (!session) {
        close_handles(c);
        return;
    }
    uv_tcp_nodelay(&c->tcp, 1); /* replies are small and awaited */
    connection_run(c);
}

void connection_abort(struct connection *c, const char *why)
{
    if (c->session) {
        lose(c, MAILPROTO_ERR_LOST, why);
        connection_run(c);
    }
    close_handles(c);
}
