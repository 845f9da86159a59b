/* internal.h - what the files of the host share: the host itself, its connections and listeners, and small helpers.
 * include/mailproto/host.h is the manual. Everything here runs on the loop's thread, but for posts. */
#ifndef MP_HOST_INTERNAL_H
#define MP_HOST_INTERNAL_H

#include <mailproto/host.h>
#include <sys/socket.h>
#include <uv.h>

#include "admission.h"
#include "companion/allocator.h"

enum {
    MP_HOST_TEXT = 80,    /* an endpoint as people write it */
    MP_HOST_ERROR = 1024, /* a sentence */
    MP_HOST_UNIX_PATH = 108
};

/* ---- the host ---- */

struct mp_host_post {
    struct mp_host_post *next;
    void (*run)(mailproto_host *host, void *user);
    void *user;
};

struct mp_host_drain {
    uv_timer_t timer; /* the limit; 0: all that was to be drained has gone */
    uint8_t active;
    uint64_t waiting; /* connections that are drained and not gone */
    uint64_t cut;
    void (*on_drained)(mailproto_host *, int32_t, uint64_t, void *);
    void *user;
};

struct mp_host_inherited; /* inherit.c */
struct mp_host_signals;   /* signals.c */

struct mailproto_host {
    mailproto_host_config config;
    mailproto_allocator allocator;
    uv_loop_t *loop;
    uv_loop_t own;
    uv_async_t posts;
    uv_idle_t idle;  /* active while connections are woken */
    uv_mutex_t lock; /* of the two below */
    struct mp_host_post *first_post, *last_post;
    char *buffer;    /* every read goes here: config.read_size octets */
    uint64_t things; /* handles and requests of libuv's that are open: the memory stays until there are none */
    uint8_t running, freeing;
    mailproto_host_listener *listeners, *dead_listeners;
    mailproto_host_connection *connections, *woken, *last_woken;
    mailproto_host_timer *timers, *dead_timers;
    mailproto_host_job *jobs;
    uint64_t connection_count, session_count, last_number;
    uint64_t working; /* jobs under way */
    struct mp_host_admission admission;
    struct mp_host_drain drain;
    struct mp_host_signals *signals;
    struct mp_host_inherited *inherited;
    int32_t error; /* the system's, of the sentence below */
    char sentence[MP_HOST_ERROR];
};

/* host.c: one more thing that keeps the host's memory; one fewer, which may be the last: host is then gone. */
void mp_host_begin(mailproto_host *host);
void mp_host_end(mailproto_host *host);
/* Sets what mailproto_host_error tells; answers `result`. `error`: a libuv error, or 0. */
int32_t mp_host_fail(mailproto_host *host, int32_t result, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Tells on_problem. */
void mp_host_problem(mailproto_host *host, mailproto_host_listener *listener, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- memory.c ---- */

void *mp_host_alloc(const mailproto_host *host, size_t n); /* zeroed */
void mp_host_release(const mailproto_host *host, void *p, size_t n);
/* Overwrites secrets in a way that compilers do not remove. */
void mp_host_wipe(void *p, size_t n);

/* ---- address.c ---- */

union mp_host_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
};

/* "192.0.2.1:25", "[2001:db8::1]:25", "unix" into `out` of MP_HOST_TEXT octets. */
void mp_host_address_text(char *out, const union mp_host_address *address);
uint32_t mp_host_address_port(const union mp_host_address *address);
int mp_host_address_is_loopback(const union mp_host_address *address);
/* Reads "192.0.2.1:25" or "[2001:db8::1]:25". OK; ERR_ARG. */
int32_t mp_host_address_read(union mp_host_address *address, mailproto_text text);
/* Reads a numeric host without its port. OK; ERR_ARG: it is a name. */
int32_t mp_host_address_read_host(union mp_host_address *address, const char *text, uint32_t port);

/* The texts that a mailproto_host_peer points to. */
struct mp_host_peer_texts {
    char address[MP_HOST_TEXT], text[MP_HOST_TEXT], local[MP_HOST_TEXT];
};
/* Who is at the other end of a connected socket. 0, or a libuv error: it has gone again. `address` is the peer's. */
int mp_host_peer_fill(mailproto_host_peer *peer, struct mp_host_peer_texts *texts, const uv_stream_t *stream,
                      union mp_host_address *address);

/* ---- connections ---- */

union mp_host_socket {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
};

struct mp_host_connecting; /* connect.c */

struct mailproto_host_connection {
    union mp_host_socket socket;
    uv_timer_t timer;
    union {
        uv_write_t write;
        uv_shutdown_t shutdown;
        uv_connect_t connect;
    } request;
    mailproto_host *host;
    mailproto_host_connection *previous, *next, *next_woken;
    mailproto_session *session; /* NULL once it was freed */
    struct mp_host_connecting *connecting;
    struct mp_host_admission_entry *admission;
    int32_t (*on_event)(mailproto_host_connection *, const mailproto_event *, void *);
    void (*on_gone)(mailproto_host_connection *, void *);
    void *user;
    char *abort_text; /* abort was called inside of a callback: why */
    size_t abort_size;
    int connect_error; /* libuv's, of the last address that was tried, or of the look-up */
    uint64_t number;
    uint64_t due; /* what the timer is set to; UINT64_MAX: it is not */
    char *kept; /* what the session could not take yet: kept_size octets, of which the last kept_size - kept_at count */
    size_t kept_at, kept_size;
    size_t lent;   /* octets that uv_write has */
    size_t linger; /* octets that were thrown away since the end */
    uint8_t handles;
    uint8_t socket_open; /* the socket's handle is made */
    uint8_t client;      /* we connected */
    uint8_t reading, writing, eof, eof_told, running, closing, aborted, woken, draining, counted, telling;
};

/* connection.c. Makes one with its timer and without a socket: socket_kind is UV_TCP or UV_NAMED_PIPE for it to have
   one. OK; ERR_NOMEM; ERR_HOST. */
int32_t mp_host_connection_new(mailproto_host *host, int socket_kind, mailproto_host_connection **out);
/* OK; or a libuv error. */
int mp_host_connection_open(mailproto_host_connection *c, int socket_kind);
/* Owns and runs the session from now on. */
void mp_host_connection_start(mailproto_host_connection *c, mailproto_session *session);
/* What libuv calls for each of its handles that is closed; the last one ends it. */
void mp_host_connection_closed(uv_handle_t *handle);
/* Closes what is open; the rest follows from the loop. */
void mp_host_connection_close(mailproto_host_connection *c);
/* Lets the session hear that it is lost, and closes. */
void mp_host_connection_lose(mailproto_host_connection *c, int32_t why, const char *text, size_t len);
/* Of the idle handle: looks at those that were woken. */
void mp_host_wake_all(uv_idle_t *idle);
/* Puts a TLS layer over *session if there is one. OK, or what it answered: *session is still the inner one. */
int32_t mp_host_connection_tls(const mailproto_host *host, const mailproto_host_tls *tls, uint32_t client,
                               mailproto_text name, mailproto_session **session);

/* connect.c: of a connection that does not stand yet. Ends it, why and text as in on_failed; lets its session
   finish, now or when it is made; frees what only connecting needs. */
void mp_host_connecting_fail(mailproto_host_connection *c, int32_t why, const char *text);
void mp_host_connecting_finish(mailproto_host_connection *c);
void mp_host_connecting_free(mailproto_host_connection *c);

/* ---- listeners ---- */

struct mailproto_host_listener {
    union mp_host_socket socket, spare; /* spare takes a connection that there is no memory for */
    mailproto_host *host;
    mailproto_host_listener *previous, *next;
    mailproto_host_listen_config config;
    mailproto_host_tls tls;
    union mp_host_address address;
    uint32_t port;
    int kind; /* UV_TCP, UV_NAMED_PIPE */
    uint8_t paused, listening, waiting, closing, spare_busy;
    uint8_t handles;
    char text[MP_HOST_UNIX_PATH + 8];
};

/* ---- the rest, as the files are called ---- */

/* inherit.c: the descriptor that "inherited:WHAT" names, taken; -1: there is none. */
int mp_host_inherit(mailproto_host *host, mailproto_text what);
void mp_host_inherit_free(mailproto_host *host);

/* timer.c, work.c, drain.c, signals.c: the host is being freed. */
void mp_host_timers_end(mailproto_host *host);
void mp_host_jobs_end(mailproto_host *host);
void mp_host_drain_free(mailproto_host *host);
void mp_host_signals_free(mailproto_host *host);
/* ... and is gone: what is left of theirs. */
void mp_host_timers_release(mailproto_host *host);
void mp_host_listeners_release(mailproto_host *host);
void mp_host_jobs_release(mailproto_host *host);
/* post.c */
void mp_host_posts_run(mailproto_host *host);
void mp_host_posted(uv_async_t *async);

/* drain.c: a connection that was drained is gone. */
void mp_host_drain_gone(mailproto_host *host);
void mp_host_drain_due(uv_timer_t *timer);
/* signals.c: a job is through, or a drain; the end may have come. */
void mp_host_signals_settle(mailproto_host *host);
void mp_host_signals_cut(mailproto_host *host, uint64_t sessions);

#endif
