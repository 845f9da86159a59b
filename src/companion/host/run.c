/* run.c - a session's turns on a socket of libuv's; mailproto/session.h tells the loop that this is.
 * Each turn: tick what is due, feed what is there, send what output lends; then wait as wants and deadline say. */
#include <string.h>

#include "connection.h"

enum {
    TURNS = 64,           /* of one connection before the others have theirs */
    TICK_LATEST = 60000,  /* the timer is never set further ahead: moving it for each command would cost more */
    LINGER_MOST = 1 << 20 /* octets thrown away after the end: who sends on is reset */
};

static uint64_t now(const mailproto_host_connection *c)
{
    return uv_now(c->host->loop);
}

/* Whether the session is still there after a verb. */
static int lives(mailproto_host_connection *c, int32_t result)
{
    if (result == MAILPROTO_FREED)
        c->session = NULL;
    return c->session != NULL;
}

void mp_host_connection_poll(mailproto_host_connection *c)
{
    const mailproto_event *event;

    while (c->session && c->on_event && (event = mailproto_session_next_event(c->session))) {
        uint64_t token = event->token;
        int32_t result = c->on_event(c, event, c->user);

        if (result < 0)
            mailproto_session_fail(c->session, token);
        else if (result == MAILPROTO_USE_DEFAULT && token)
            mailproto_session_use_default(c->session, token);
    }
}

/* ---- one step each; 1: it moved ---- */

static int tick_if_due(mailproto_host_connection *c)
{
    if (!c->session || mailproto_session_deadline(c->session) > now(c))
        return 0;
    if (lives(c, mailproto_session_tick(c->session, now(c))))
        mp_host_connection_poll(c);
    return 1;
}

static int feed_some(mailproto_host_connection *c, const char **data, size_t *len)
{
    size_t taken = 0;

    if (!c->session || !*len || !(mailproto_session_wants(c->session) & MAILPROTO_WANTS_READ))
        return 0;
    if (lives(c, mailproto_session_feed(c->session, *data, *len, now(c), &taken)))
        mp_host_connection_poll(c);
    *data += taken;
    *len -= taken;
    return 1;
}

static int say_eof(mailproto_host_connection *c, size_t left)
{
    if (!c->session || !c->eof || c->eof_told || left)
        return 0;
    c->eof_told = 1;
    if (lives(c, mailproto_session_eof(c->session, now(c))))
        mp_host_connection_poll(c);
    return 1;
}

static void lose(mailproto_host_connection *c, int32_t why, const char *text)
{
    mp_host_connection_lose(c, why, text, strlen(text));
}

static void was_written(uv_write_t *request, int status)
{
    mailproto_host_connection *c = request->data;

    c->writing = 0;
    if (c->closing)
        return;
    if (status) {
        c->running = 1;
        lose(c, MAILPROTO_ERR_LOST, uv_strerror(status));
        c->running = 0;
    } else if (c->session) {
        mailproto_session_output_ack(c->session, c->lent);
    }
    mp_host_connection_run(c);
}

/* The socket takes no more now: libuv keeps the lent octets in sight, where they stay until they are acked. */
static void write_later(mailproto_host_connection *c, uv_buf_t buffer)
{
    int error;

    c->lent = buffer.len;
    c->request.write.data = c;
    error = uv_write(&c->request.write, &c->socket.stream, &buffer, 1, was_written);
    if (error)
        lose(c, MAILPROTO_ERR_LOST, uv_strerror(error));
    else
        c->writing = 1;
}

static int send_some(mailproto_host_connection *c)
{
    const uint8_t *data = NULL;
    size_t len = 0;
    uv_buf_t buffer;
    int n;

    if (!c->session || c->writing || c->closing || !(mailproto_session_wants(c->session) & MAILPROTO_WANTS_WRITE))
        return 0;
    if (!lives(c, mailproto_session_output(c->session, &data, &len)))
        return 1;
    mp_host_connection_poll(c);
    if (!len || c->closing)
        return 1;
    /* uv_buf_t has no const; nothing is ever written through it */
    memcpy(&buffer.base, &data, sizeof data);
    buffer.len = len < INT32_MAX ? len : INT32_MAX;
    n = uv_try_write(&c->socket.stream, &buffer, 1);
    if (n == UV_EAGAIN)
        write_later(c, buffer);
    else if (n < 0)
        lose(c, MAILPROTO_ERR_LOST, uv_strerror(n));
    else
        mailproto_session_output_ack(c->session, (size_t)n);
    return 1;
}

/* abort was called in one of its callbacks. */
static int abort_if_asked(mailproto_host_connection *c)
{
    if (!c->aborted || c->closing)
        return 0;
    if (c->abort_text)
        mp_host_connection_lose(c, MAILPROTO_ERR_LOST, c->abort_text, c->abort_size);
    else
        lose(c, MAILPROTO_ERR_LOST, "the host ends it");
    return 1;
}

/* Runs until nothing moves, or for as many turns as are fair. 1: there is more to do. */
static int take_turns(mailproto_host_connection *c, const char **data, size_t *len)
{
    mp_host_connection_poll(c);
    for (int turn = 0; turn < TURNS; turn++) {
        int moved = tick_if_due(c);

        moved |= feed_some(c, data, len);
        moved |= say_eof(c, *len);
        moved |= send_some(c);
        moved |= abort_if_asked(c);
        if (!moved)
            return 0;
    }
    return 1;
}

/* ---- waiting ---- */

static void timer_due(uv_timer_t *timer)
{
    mailproto_host_connection *c = timer->data;

    c->due = UINT64_MAX;
    mp_host_connection_run(c);
}

/* A timer that is set too early only costs a look: it is moved when the deadline comes nearer, not when it recedes. */
static void set_timer(mailproto_host_connection *c, int at_once)
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

static void forget_kept(mailproto_host_connection *c)
{
    mp_host_release(c->host, c->kept, c->kept_size);
    c->kept = NULL;
}

/* Keeps what the session did not take. `data` may lie in c->kept itself. */
static void keep(mailproto_host_connection *c, const char *data, size_t len)
{
    if (!len) {
        forget_kept(c);
    } else if (c->kept) {
        c->kept_at = c->kept_size - len;
    } else if ((c->kept = mp_host_alloc(c->host, len))) {
        memcpy(c->kept, data, len);
        c->kept_size = len;
        c->kept_at = 0;
    } else {
        lose(c, MAILPROTO_ERR_NOMEM, "there is no memory for what arrived");
    }
}

/* Reading goes on while the session wants none, for that costs no call and sees a peer that goes; it stops with the
   first octets that could not be taken. */
static void set_reading(mailproto_host_connection *c)
{
    if (!c->kept && (c->reading || mailproto_session_wants(c->session) & MAILPROTO_WANTS_READ)) {
        mp_host_connection_read(c);
    } else if (c->kept && c->reading) {
        uv_read_stop(&c->socket.stream);
        c->reading = 0;
    }
}

static void settle(mailproto_host_connection *c, int more)
{
    if (!c->session) { /* a callback freed it */
        forget_kept(c);
        mp_host_connection_linger(c);
    } else if (mailproto_session_wants(c->session) & MAILPROTO_WANTS_CLOSE && !(c->writing && !c->closing)) {
        mp_host_connection_linger(c);
    } else if (!c->closing) {
        set_reading(c);
        set_timer(c, more);
    }
}

static void run_with(mailproto_host_connection *c, const char *data, size_t len)
{
    int more;

    if (!c->session || c->running)
        return;
    c->running = 1;
    more = take_turns(c, &data, &len);
    if (c->session && mailproto_session_wants(c->session) & MAILPROTO_WANTS_TLS) {
        lose(c, MAILPROTO_ERR_TLS, "TLS is wanted where no layer gives it");
        more = take_turns(c, &data, &len);
    }
    if (c->session)
        keep(c, data, len);
    c->running = 0;
    settle(c, more);
}

void mp_host_connection_run(mailproto_host_connection *c)
{
    if (c->kept)
        run_with(c, c->kept + c->kept_at, c->kept_size - c->kept_at);
    else
        run_with(c, NULL, 0);
}

/* ---- what libuv calls ---- */

/* One buffer is lent to every read of the host: what a session does not take of it is kept. */
static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    const mailproto_host_connection *c = handle->data;

    (void)suggested;
    *buffer = uv_buf_init(c->host->buffer, c->host->config.read_size);
}

/* After the session's end: what still comes is thrown away, and the end of it ends the wait. */
static void read_away(mailproto_host_connection *c, ssize_t n)
{
    if (n > 0)
        c->linger += (size_t)n;
    if (n < 0 || c->linger > LINGER_MOST)
        mp_host_connection_close(c);
}

static void read_done(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    mailproto_host_connection *c = stream->data;

    if (!n)
        return; /* nothing yet */
    if (n < 0) {
        uv_read_stop(stream);
        c->reading = 0;
        c->eof = 1;
    }
    if (!c->session) {
        read_away(c, n);
        return;
    }
    if (n < 0 && n != UV_EOF) {
        c->running = 1;
        lose(c, MAILPROTO_ERR_LOST, uv_strerror((int)n));
        c->running = 0;
    }
    if (n < 0)
        mp_host_connection_run(c);
    else
        run_with(c, buffer->base, (size_t)n);
}

int mp_host_connection_read(mailproto_host_connection *c)
{
    if (!c->reading && !c->eof && !uv_read_start(&c->socket.stream, lend_buffer, read_done))
        c->reading = 1;
    return c->reading;
}
