/* loop/connection.h - a mailproto session on a libuv TCP handle: bytes in, bytes out, the deadline, the close.
 *
 * It knows the verbs of mailproto/session.h and nothing of a protocol: any engine, or a layer over one, is driven by
 * it. One buffer on the loop is lent to every read, so that an idle connection has none; what a session could not take
 * yet is kept beside it, at most CONNECTION_READ octets, and reading stops until it was taken. */
#ifndef MAILPROTOD_LOOP_CONNECTION_H
#define MAILPROTOD_LOOP_CONNECTION_H

#include <mailproto/session.h>
#include <uv.h>

enum { CONNECTION_READ = 16384 }; /* octets read, and so fed, at once */

/* What all connections of a loop share: uv_loop_t.data points to it. */
struct connection_loop {
    char buffer[CONNECTION_READ];
};

struct connection {
    uv_tcp_t tcp;
    uv_timer_t timer;
    union {
        uv_write_t write;
        uv_shutdown_t shutdown;
    } request;
    mailproto_session *session;        /* NULL once it was freed */
    void (*gone)(struct connection *); /* the handles are closed: free what this is part of */
    uint64_t due;                      /* what the timer is set to; UINT64_MAX: it is not */
    char *kept;                        /* what the session could not take yet */
    uint32_t kept_at, kept_len;
    uint32_t lent; /* octets that uv_write has */
    uint8_t reading, writing, eof, eof_told, running, closing, handles;
};

/* Makes the handles; then the tcp can accept. 0, or a libuv error: nothing was made. */
int connection_init(struct connection *c, uv_loop_t *loop, void (*gone)(struct connection *));
/* Owns the session from now on and runs it. Without one (NULL) the connection is closed. */
void connection_start(struct connection *c, mailproto_session *session);
/* After anything was called on the session from outside of its callbacks: does what it wants now. */
void connection_run(struct connection *c);
/* Ends it at once; the session hears that it is lost. */
void connection_abort(struct connection *c, const char *why);

#endif
