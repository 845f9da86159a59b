/* mailproto/host.h - a host for sessions over libuv: sockets, names, timers, threads, and one-call send.
 *
 * A companion library (pkg-config: mailproto-host), which the core never needs. It owns what an engine does not: the
 * loop, listeners, connections, clocks, work off the loop's thread. Any session runs on it, and any layer over one.
 *
 *     mailproto_host_new                   a host: a loop of its own, or yours
 *     mailproto_host_listen, _connect      sessions: you make them, the host runs them
 *     mailproto_host_send, _send_now       a message to a URL, and what became of it
 *     mailproto_host_timer_start, _post,   time, other threads,
 *     _work                                slow things
 *     mailproto_host_drain, _signals       the end in good order
 *     mailproto_host_run
 *
 * What base.h says holds: results, texts, structs with their _init. Beside it:
 *
 * THREADS    A host and all that belongs to it is one thread's: the one that runs its loop. mailproto_host_post alone
 *            may be called from any thread.
 * CALLBACKS  All come from the loop, on its thread, or from mailproto_host_free; none from inside of another call of
 *            this header, but for those that say so. In each of them everything of this header may be called but
 *            mailproto_host_run. What a callback ends ("it is gone after it") is not to be touched afterwards.
 * ENDS       What was begun ends by exactly one callback: a connection by on_gone, a send by on_outcome, work by
 *            `done`, a drain by on_drained, also when the host is freed; a timer that is cancelled ends silently.
 * MEMORY     The host's own comes from its allocator; libuv and the C library (names, sockets, posts) take theirs from
 *            malloc. An idle connection has no buffer: octets are read into one that the whole host shares.
 * ERRORS     A call that failed because of the system, or of a text that a person wrote, tells more by
 *            mailproto_host_error: a sentence that can be shown.
 * SIGPIPE    is ignored for the process from the first host on where it had its default (libuv writes to sockets that
 *            the peer has closed); MAILPROTO_HOST_KEEP_SIGPIPE leaves that to the program.
 */
#ifndef MAILPROTO_HOST_H
#define MAILPROTO_HOST_H

#include "session.h"
#include "smtp.h"
#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s; /* libuv's uv_loop_t */

typedef struct mailproto_host mailproto_host;
typedef struct mailproto_host_listener mailproto_host_listener;
typedef struct mailproto_host_connection mailproto_host_connection;
typedef struct mailproto_host_timer mailproto_host_timer;
typedef struct mailproto_host_job mailproto_host_job;
typedef struct mailproto_host_sending mailproto_host_sending;
typedef struct mailproto_host_store mailproto_host_store;

/* ---- the host ------------------------------------------------------------------------------------------------- */

enum {
    /* run answers when it is stopped only, even if nothing is left to do: for hosts that wait for posts */
    MAILPROTO_HOST_STAY = 1,
    /* the disposition of SIGPIPE is left as it is. Risk: a peer that goes ends a program that does nothing about it */
    MAILPROTO_HOST_KEEP_SIGPIPE = 2
};

/* How a host behaves; 0 is the default everywhere. */
typedef struct mailproto_host_config {
    uint32_t struct_size;
    uint32_t flags;                       /* MAILPROTO_HOST_* */
    struct uv_loop_s *loop;               /* NULL: the host makes and runs its own; else it must outlive the host,
                                             and its `data` is not used */
    const mailproto_allocator *allocator; /* NULL: the C library's; copied. Called on the loop's thread only */
    uint32_t threads;                     /* that do work and look names up; 0: what libuv has (4). It is said to
                                             libuv by setenv of UV_THREADPOOL_SIZE, unless that is set: it counts for
                                             the process, and before the first work of any host */
    uint32_t max_sessions;                /* accepted and not gone, of all listeners; 0: 10000; UNLIMITED */
    uint32_t max_sessions_per_address;    /* of one IPv4 address or IPv6 network of 64 bits; 0: 100; UNLIMITED */
    uint32_t read_size;                   /* octets read, and so fed, at once; 0: 16384; at least 512 */
    uint32_t linger_ms;                   /* for a peer to close after us, so that our last line is not destroyed by
                                             a reset; 0: 2000 */
    uint32_t reserved;                    /* 0 */
    /* Something failed that no call can answer for (a connection could not be taken); listener may be NULL. Not limited
       in number: a caller that logs should. NULL: nobody is told */
    void (*on_problem)(mailproto_host *host, mailproto_host_listener *listener, const char *text, size_t len,
                       void *user);
    /* the last callback: all handles are closed, the memory is given back. For hosts on a loop of the program's own */
    void (*on_freed)(void *user);
    void *user;
} mailproto_host_config;
MAILPROTO_API int32_t mailproto_host_config_init(mailproto_host_config *config, size_t size);

/* Makes a host. config may be NULL. why, if not NULL, is set on an error to a static sentence.
   OK; ERR_ARG: no such flag, a struct that is not one; ERR_NOMEM; ERR_HOST: the system gives no loop or handle. */
MAILPROTO_API int32_t mailproto_host_new(mailproto_host **out, const mailproto_host_config *config, const char **why);

/* Runs the host's own loop until mailproto_host_stop, or until nothing is left to do: no listener, connection, send,
   work or timer. May be called again. OK; FREED: a callback freed the host; ERR_STATE: the loop is the program's own,
   which runs it by uv_run, or it runs already. */
MAILPROTO_API int32_t mailproto_host_run(mailproto_host *host);

/* Lets run answer as soon as the callback returns, or, called outside of one, the next run at once; nothing is
   closed. On a loop of the program's own: uv_stop. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_host_stop(mailproto_host *host);

/* Ends the host at once: sessions are lost (their callbacks run), connections, sends, work and a drain end by their
   callbacks with ERR_CANCELLED, what was posted and has not run yet runs. With a loop of its own all of this happens
   before free returns, which waits for work and look-ups that are running in a thread; in a callback, when run
   returns. On a loop of the program's own it is done when that loop has run on, and on_freed tells. Nothing can be
   begun any more meanwhile: ERR_STATE. NULL is ignored. */
MAILPROTO_API void mailproto_host_free(mailproto_host *host);

/* The loop, for handles of the program's own. NULL: host is NULL. */
MAILPROTO_API struct uv_loop_s *mailproto_host_loop(mailproto_host *host);

/* The loop's time in milliseconds: the `now` that sessions are given. */
MAILPROTO_API uint64_t mailproto_host_now(const mailproto_host *host);

/* How many connections there are, accepted and made, that are not gone. */
MAILPROTO_API uint64_t mailproto_host_connections(const mailproto_host *host);

/* What the last call on this host that failed has to say, for people: what was wrong and what to do. Answers the
   system's error number (positive errno), or 0 if it was not the system's. The out pointers may be NULL; *text ends
   with NUL too, and lives until the next call on the host. */
MAILPROTO_API int32_t mailproto_host_error(const mailproto_host *host, const char **text, size_t *len);

/* ---- TLS, given by whoever has it ----------------------------------------------------------------------------- */

/* Which end of which connection a layer is for. */
typedef struct mailproto_host_tls_side {
    uint32_t struct_size;
    uint32_t client;                      /* 1: we connected; 0: we accepted */
    mailproto_text name;                  /* client: the name that the certificate must have; else "" */
    const mailproto_allocator *allocator; /* the host's, for the layer */
} mailproto_host_tls_side;

/* Puts a layer over the session of a connection (layer.h). Copied; `user` must outlive the connections. Without one a
   session that wants TLS is lost with ERR_TLS. */
typedef struct mailproto_host_tls {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    /* *outer owns inner from success on. OK, or a negative code: nothing is owned and the connection is closed. */
    int32_t (*over)(mailproto_session **outer, mailproto_session *inner, const mailproto_host_tls_side *side,
                    void *user);
    void *user;
} mailproto_host_tls;
MAILPROTO_API int32_t mailproto_host_tls_init(mailproto_host_tls *tls, size_t size);

/* ---- listening ------------------------------------------------------------------------------------------------ */

/* Who is at the other end. Lives until the callback returns. */
typedef struct mailproto_host_peer {
    uint32_t struct_size;
    uint32_t loopback;   /* 1: it is on this machine: 127.0.0.0/8, ::1, a unix socket */
    uint32_t port;       /* the peer's; 0: a unix socket */
    uint32_t local_port; /* ours */
    uint64_t number;     /* of the connection: they are counted from 1 on */
    /* as mail writes it: "192.0.2.1", "IPv6:2001:db8::1"; "" of a unix socket. An IPv4 address that IPv6 carries is
       IPv4 */
    mailproto_text address;
    mailproto_text text;  /* as people write it: "192.0.2.1:4711", "[2001:db8::1]:4711", "unix" */
    mailproto_text local; /* the same of our end */
} mailproto_host_peer;

/* Why a connection is refused. */
enum {
    MAILPROTO_HOST_TOO_MANY = 1,           /* max_sessions */
    MAILPROTO_HOST_TOO_MANY_OF_ADDRESS = 2 /* max_sessions_per_address */
};

enum {
    MAILPROTO_HOST_LISTEN_PAUSED = 1 /* the socket is bound and takes nobody before mailproto_host_listener_resume:
                                        for programs that give up root, or prepare, in between */
};

/* What to listen on, and who serves it. `address` is one of

       192.0.2.1:25  [2001:db8::1]:25     an address of this machine; port 0: one that is free. IPv6 takes IPv6 alone
       unix:/run/mail/lmtp                a socket in the file system; one that nobody listens on is replaced
       inherited:smtp                     a socket that the service manager passed (sd_listen_fds(3)): the next one of
                                          this name in LISTEN_FDNAMES that is not taken yet
       inherited:0                        the same, by its order
       fd:7                               a descriptor that is open; the host owns it, but after ERR_ARG

   Texts and structs are copied; `user` and what `tls` names must outlive the listener's last connection. */
typedef struct mailproto_host_listen_config {
    uint32_t struct_size;
    uint32_t flags;   /* MAILPROTO_HOST_LISTEN_* */
    uint32_t backlog; /* 0: 1024 */
    uint32_t reserved;
    mailproto_text address;
    const mailproto_host_tls *tls; /* NULL: none */
    /* Required. Makes the session for a connection, in *session; the connection owns and runs it when this returns.
       It may leave it NULL, after mailproto_host_connection_say or not: the connection is closed. A negative answer
       closes it, too, and no on_gone follows; a session made then is the callback's to free. Called for each
       connection once. */
    int32_t (*on_accept)(mailproto_host_listener *listener, mailproto_host_connection *connection,
                         const mailproto_host_peer *peer, mailproto_session **session, void *user);
    /* There is no room for it (`why`: MAILPROTO_HOST_TOO_MANY...): mailproto_host_connection_say can tell the peer
       in its protocol. No on_gone follows. NULL: it is closed without a word. */
    void (*on_refused)(mailproto_host_listener *listener, mailproto_host_connection *connection,
                       const mailproto_host_peer *peer, uint32_t why, void *user);
    /* An event of a session that was made to be polled (without callbacks), as next_event gave it. Answers as an
       engine's callback does: 0, USE_DEFAULT, or a negative code, which is fail. The session is not to be freed in it:
       abort the connection. NULL: not polled. */
    int32_t (*on_event)(mailproto_host_connection *connection, const mailproto_event *event, void *user);
    /* The session is freed, the socket is closed: free what you have beside it. It is gone after it. May be NULL. */
    void (*on_gone)(mailproto_host_connection *connection, void *user);
    void *user; /* of all; a connection may be given another by mailproto_host_connection_set_user */
} mailproto_host_listen_config;
MAILPROTO_API int32_t mailproto_host_listen_config_init(mailproto_host_listen_config *config, size_t size);

/* Listens. out may be NULL. on_accept comes from the loop only. OK; ERR_ARG: the address is not one, on_accept is
   missing; ERR_STATE: the host is being freed, or no inherited socket of that name or number is left; ERR_HOST: the
   system refuses (mailproto_host_error tells); ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_host_listen(mailproto_host *host, const mailproto_host_listen_config *config,
                                            mailproto_host_listener **out);

/* How many sockets the service manager has passed to this process (LISTEN_FDS of sd_listen_fds(3)); 0 if LISTEN_PID
   is another's. name, if not NULL, is set to the name of socket `index` in LISTEN_FDNAMES, "" if there is none; it
   lives as long as the host. */
MAILPROTO_API uint32_t mailproto_host_inherited(mailproto_host *host, uint32_t index, mailproto_text *name);

/* The port it listens on, 0 for a unix socket; and its address as people write it, which ends with NUL and lives as
   long as the listener. */
MAILPROTO_API uint32_t mailproto_host_listener_port(const mailproto_host_listener *listener);
MAILPROTO_API const char *mailproto_host_listener_text(const mailproto_host_listener *listener);

/* Takes no connection any more; those that come wait in the system's queue for resume. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_host_listener_pause(mailproto_host_listener *listener);

/* Takes connections, again or for the first time. OK; ERR_ARG: NULL; ERR_HOST: the system refuses. */
MAILPROTO_API int32_t mailproto_host_listener_resume(mailproto_host_listener *listener);

/* Closes the socket; connections that were accepted go on. It is gone after it. A unix socket that it made is
   removed from the file system. NULL is ignored. */
MAILPROTO_API void mailproto_host_listener_close(mailproto_host_listener *listener);

/* ---- connecting ----------------------------------------------------------------------------------------------- */

/* Where to connect, and who speaks there. Texts and structs are copied. */
typedef struct mailproto_host_connect_config {
    uint32_t struct_size;
    uint32_t flags;                /* 0 */
    mailproto_text name;           /* "mx.example.org", "192.0.2.1", "2001:db8::1", "unix:/run/mail/lmtp" */
    uint32_t port;                 /* 1 to 65535 */
    uint32_t lookup_ms;            /* for all addresses of the name to be found; 0: 30000; UNLIMITED */
    uint32_t attempt_ms;           /* for each address; 0: 30000; UNLIMITED */
    uint32_t reserved;             /* 0 */
    const mailproto_host_tls *tls; /* NULL: none */
    mailproto_text tls_name;       /* what the certificate is held against; "": name */
    /* Makes the session when the connection is there, as on_accept does; not called if one was given to connect. A
       negative answer closes it; on_gone follows, as always. */
    int32_t (*on_connected)(mailproto_host_connection *connection, const mailproto_host_peer *peer,
                            mailproto_session **session, void *user);
    /* No address could be reached: `why` is ERR_LOST, ERR_TIMEOUT or ERR_CANCELLED, `text` says which address failed
       how. A session that was given to connect hears it by lost, before. May be NULL; on_gone follows. */
    void (*on_failed)(mailproto_host_connection *connection, int32_t why, const char *text, size_t len, void *user);
    /* as of a listener */
    int32_t (*on_event)(mailproto_host_connection *connection, const mailproto_event *event, void *user);
    void (*on_gone)(mailproto_host_connection *connection, void *user);
    void *user;
} mailproto_host_connect_config;
MAILPROTO_API int32_t mailproto_host_connect_config_init(mailproto_host_connect_config *config, size_t size);

/* Connects: looks the name up, tries its addresses one after the other, then runs the session on the first that
   answers. `session` is owned from success on; NULL: on_connected makes it. A session whose clocks shall not run
   meanwhile is better made there. out may be NULL. OK; ERR_ARG: no name or port, neither session nor on_connected;
   ERR_STATE: the host is being freed; ERR_NOMEM; ERR_HOST: the system refuses. */
MAILPROTO_API int32_t mailproto_host_connect(mailproto_host *host, const mailproto_host_connect_config *config,
                                             mailproto_session *session, mailproto_host_connection **out);

/* ---- a connection --------------------------------------------------------------------------------------------- */

/* After anything was called on the session from outside of its callbacks (an answer that came later, a submission,
   release, finish): the loop looks at it when it comes round, once for any number of calls. Inside of them it is not
   needed, and does no harm. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_host_connection_wake(mailproto_host_connection *connection);

/* Ends it at once: the session hears lost(ERR_LOST) with this text, its callbacks run before abort returns (not if
   it is called from one of them: then when that returned); on_gone comes from the loop. text may be NULL. OK;
   ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_host_connection_abort(mailproto_host_connection *connection, const char *text,
                                                      size_t len);

/* In on_accept, without a session, or on_refused: a last line for the peer, sent as far as the socket takes it at once.
   OK; ERR_STATE: there is a session; ERR_ARG: NULL; ERR_LOST: it was not sent. */
MAILPROTO_API int32_t mailproto_host_connection_say(mailproto_host_connection *connection, const char *text,
                                                    size_t len);

/* What its callbacks are given as `user` from now on. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_host_connection_set_user(mailproto_host_connection *connection, void *user);

/* What belongs to a connection: `user`; the session, or layer, that it runs (NULL before there is one, and once it was
   freed); its host; its number, counted from 1 on. */
MAILPROTO_API void *mailproto_host_connection_user(const mailproto_host_connection *connection);
MAILPROTO_API mailproto_session *mailproto_host_connection_session(const mailproto_host_connection *connection);
MAILPROTO_API mailproto_host *mailproto_host_connection_host(const mailproto_host_connection *connection);
MAILPROTO_API uint64_t mailproto_host_connection_number(const mailproto_host_connection *connection);

/* ---- time, other threads, slow things -------------------------------------------------------------------------- */

/* Calls on_due after `ms` milliseconds, and then, unless repeat_ms is 0, every repeat_ms. A timer that does not
   repeat is gone when on_due returns. out may be NULL. OK; ERR_ARG; ERR_STATE: the host is being freed; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_host_timer_start(mailproto_host *host, uint64_t ms, uint64_t repeat_ms,
                                                 void (*on_due)(mailproto_host_timer *timer, void *user), void *user,
                                                 mailproto_host_timer **out);

/* on_due is not called any more; in on_due, too. It is gone after it. NULL is ignored. */
MAILPROTO_API void mailproto_host_timer_cancel(mailproto_host_timer *timer);

/* Calls run on the loop's thread. The one function that any thread may call, until free is called; posts of one
   thread run in their order. It does not keep run from answering: see MAILPROTO_HOST_STAY. OK; ERR_ARG; ERR_NOMEM:
   run is not called. */
MAILPROTO_API int32_t mailproto_host_post(mailproto_host *host, void (*run)(mailproto_host *host, void *user),
                                          void *user);

/* Calls run in another thread, then done on the loop's. Neither is called before work returns. `result` is OK, or
   ERR_CANCELLED: the host is being freed, and run may not have been called. What `user` points to is run's until
   done is called, which always happens. OK; ERR_ARG; ERR_STATE: the host is being freed; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_host_work(mailproto_host *host, void (*run)(void *user),
                                          void (*done)(int32_t result, void *user), void *user);

/* The same with memory taken before, so that starting cannot fail for want of it; and work that can be withdrawn. A
   job is started any number of times, once at a time. OK; ERR_ARG; ERR_STATE: the host is being freed; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_host_job_new(mailproto_host *host, mailproto_host_job **out);

/* As work; in done it may be started again. OK; ERR_ARG; ERR_STATE: it is under way (to its done), or the host is being
   freed. */
MAILPROTO_API int32_t mailproto_host_job_start(mailproto_host_job *job, void (*run)(void *user),
                                               void (*done)(int32_t result, void *user), void *user);

/* Withdraws it: run is not called if it has not begun; done comes from the loop, with ERR_CANCELLED, also where run had
   begun and is finished. OK; ERR_STATE: it is not under way. */
MAILPROTO_API int32_t mailproto_host_job_cancel(mailproto_host_job *job);

/* Gives it back. Under way it is gone after its done, which is called all the same; cancel it before if what it does
   is no longer wanted. What is not given back goes with the host. NULL is ignored. */
MAILPROTO_API void mailproto_host_job_free(mailproto_host_job *job);

/* ---- the end in good order ------------------------------------------------------------------------------------ */

enum {
    MAILPROTO_HOST_DRAIN_KEEP = 1 /* listeners are paused, not closed: who connects meanwhile waits, and is served
                                     after mailproto_host_listener_resume */
};

/* Stops listening (listeners that are closed are gone), says finish to every session there is, and ends those that
   are still there after ms (0: the default, 10000; UNLIMITED: never) as lost. Then on_drained: `cut` is how many
   those were. What is listened on or connected meanwhile is not drained. on_drained may be NULL. OK; ERR_STATE: a
   drain is under way, or the host is being freed; ERR_ARG: no such flag. */
MAILPROTO_API int32_t mailproto_host_drain(mailproto_host *host, uint32_t flags, uint32_t ms,
                                           void (*on_drained)(mailproto_host *host, int32_t result, uint64_t cut,
                                                              void *user),
                                           void *user);

/* The drain's time is over now. OK; ERR_STATE: there is none. */
MAILPROTO_API int32_t mailproto_host_drain_cut(mailproto_host *host);

/* What signals do, from mailproto_host_signals on. */
typedef struct mailproto_host_signals_config {
    uint32_t struct_size;
    uint32_t drain_ms; /* as of mailproto_host_drain */
    /* SIGTERM or SIGINT came (`signal`), for the first time: a drain begins when it returns, and the host is stopped
       after it. The second one cuts the drain. NULL: nobody is told. */
    void (*on_end)(mailproto_host *host, int32_t signal, void *user);
    /* the drain's limit was reached, or the second signal came: so many sessions are about to be cut off */
    void (*on_cut)(mailproto_host *host, uint64_t sessions, void *user);
    /* SIGHUP. NULL: it is left as it is */
    void (*on_hangup)(mailproto_host *host, void *user);
    void *user;
} mailproto_host_signals_config;
MAILPROTO_API int32_t mailproto_host_signals_config_init(mailproto_host_signals_config *config, size_t size);

/* Lets SIGTERM and SIGINT end the host in good order. One host of a process should. It does not keep run from
   answering. OK; ERR_ARG; ERR_STATE: called before, or the host is being freed; ERR_NOMEM; ERR_HOST: the system
   refuses. */
MAILPROTO_API int32_t mailproto_host_signals(mailproto_host *host, const mailproto_host_signals_config *config);

/* ---- trace ---------------------------------------------------------------------------------------------------- */

enum {
    MAILPROTO_HOST_TRACE_SERVER = 1, /* the session is a server: what comes in is "C:" */
    MAILPROTO_HOST_TRACE_TIME = 2    /* each line begins with the time: 2026-01-31T12:00:00.000Z */
};

/* Shows the TRACE events of one session as lines of text: "C: EHLO pc.example.org". Credentials are hidden, message
   text is counted, control characters and what is no UTF-8 are written as \xNN, so that no peer can forge a line or
   reach a terminal. Zero after _init; one a session. */
typedef struct mailproto_host_tracer {
    uint32_t struct_size;
    uint32_t flags;       /* MAILPROTO_HOST_TRACE_* */
    mailproto_text label; /* before each line, as "17 "; must live as long as the tracer */
    /* takes a line, without its end and with a NUL behind it; NULL: it is written to standard error, in one write */
    void (*line)(const char *text, size_t len, void *user);
    void *user;
    uint64_t body;      /* the tracer's own: octets of message text not told yet */
    uint32_t direction; /* the tracer's own: of them */
    uint32_t reserved;  /* 0 */
} mailproto_host_tracer;
MAILPROTO_API int32_t mailproto_host_tracer_init(mailproto_host_tracer *tracer, size_t size);

/* Shows an event: call it from on_trace, after mailproto_session_set_trace with the kinds that are wanted. OK;
   ERR_ARG. */
MAILPROTO_API int32_t mailproto_host_trace(mailproto_host_tracer *tracer, const mailproto_trace *trace);

/* Tells what was only counted so far: in on_closed. OK; ERR_ARG. */
MAILPROTO_API int32_t mailproto_host_trace_end(mailproto_host_tracer *tracer);

/* ---- URLs ----------------------------------------------------------------------------------------------------- */

/* What a server speaks. */
enum { MAILPROTO_HOST_SMTP = 1, MAILPROTO_HOST_LMTP = 2, MAILPROTO_HOST_POP3 = 3 };

/* Where a mail server is. All texts end with NUL. */
typedef struct mailproto_host_url {
    uint32_t struct_size;
    uint32_t protocol; /* MAILPROTO_HOST_SMTP, _LMTP, _POP3 */
    uint32_t port;     /* 0: a unix socket */
    uint32_t implicit_tls;
    char scheme[16]; /* in lower case */
    char user[256];  /* decoded; "" */
    char host[256];  /* as mailproto_host_connect wants it: a name, a number without brackets, "unix:/path" */
    char where[280]; /* as people write it: "mx.example.org:25", "[2001:db8::1]:25", "unix:/path" */
} mailproto_host_url;
MAILPROTO_API int32_t mailproto_host_url_init(mailproto_host_url *url, size_t size);

/* Reads SCHEME://[USER@]HOST[:PORT], with SCHEME one of

       smtp         port 25
       submission   587
       smtps, submissions   465, implicit TLS (RFC 8314)
       lmtp         24. lmtp:///run/mail/lmtp: a unix socket
       pop3         110
       pop3s        995, implicit TLS

   USER and HOST are percent-decoded; the last '@' ends USER, in which a ':' is refused: a password does not belong in a
   URL. OK; ERR_ARG: why, if not NULL, is set to a static sentence, and *url is left as it was. */
MAILPROTO_API int32_t mailproto_host_url_read(mailproto_host_url *url, const char *text, size_t len, const char **why);

/* ---- one-call send -------------------------------------------------------------------------------------------- */

/* A recipient of a message, and DSN options for it (RFC 3461). Linked, in the order they are sent in. */
typedef struct mailproto_host_recipient {
    uint32_t struct_size;
    uint32_t notify; /* MAILPROTO_SMTP_NOTIFY_* */
    const struct mailproto_host_recipient *next;
    mailproto_text address; /* without angle brackets */
    mailproto_text orcpt_type;
    mailproto_text orcpt;
} mailproto_host_recipient;
MAILPROTO_API int32_t mailproto_host_recipient_init(mailproto_host_recipient *recipient, size_t size);

enum {
    MAILPROTO_HOST_SEND_CLEARTEXT_LOOPBACK = 1, /* credentials may go without TLS to this machine */
    MAILPROTO_HOST_SEND_CLEARTEXT = 2,          /* and anywhere. Risk: passwords cross the network in clear text */
    MAILPROTO_HOST_SEND_TRACE = 4,              /* the conversation is shown on standard error, credentials hidden */
    MAILPROTO_HOST_SEND_SMTPUTF8 = 8,           /* the header has UTF-8 (RFC 6531); with addresses beyond ASCII it is
                                                   on by itself */
    MAILPROTO_HOST_SEND_REQUIRETLS = 16,        /* RFC 8689 */
    MAILPROTO_HOST_SEND_NO_CHUNKING = 32,       /* DATA even where BDAT is offered */
    MAILPROTO_HOST_SEND_NO_PIPELINING = 64,
    MAILPROTO_HOST_SEND_READ_AS_WORK = 128, /* `read` is called off the loop's thread, once at a time: for slow disks */
    MAILPROTO_HOST_SEND_READ_TWICE = 256 /* `read` is called for the whole message in mailproto_host_send, too, before
                                               anything is connected: `size` and `body` are found out, line ends may be
                                               any, and what mail cannot carry is refused there */
};

/* A message and where it goes. url: as of mailproto_host_url_read, for SMTP or LMTP; its user is taken for user_name if
   that is empty.
   Texts and lists are copied, but `message` and `user`, which must live until on_outcome. */
typedef struct mailproto_host_send_request {
    uint32_t struct_size;
    uint32_t flags; /* MAILPROTO_HOST_SEND_* */
    mailproto_text url;
    mailproto_text sender;                      /* "" for <> */
    const mailproto_host_recipient *recipients; /* at least one */
    /* The message in memory; line ends may be LF. What MAIL says of it (size, 8BITMIME) is found out. */
    mailproto_text message;
    /* Or, if not NULL, read in pieces: *len octets from `offset` on, at most `room`; 0 is the end; a negative answer
       fails the message. Offsets rise as they are read and are 0 again at the beginning of each transaction. Line
       ends may be LF; `body` and `size` say what it has. Called on the loop's thread, which waits for it: see
       READ_AS_WORK, and READ_TWICE, which finds out both. */
    int32_t (*read)(uint64_t offset, void *buffer, size_t room, size_t *len, void *user);
    void *user;    /* of read */
    uint64_t size; /* read: octets that it gives in all, exactly, if they have CRLF line ends; 0: not known */
    uint32_t body; /* MAILPROTO_SMTP_BODY_*; a message in memory with octets above 127 is 8BITMIME at least */
    uint32_t ret;  /* MAILPROTO_SMTP_RET_* */
    mailproto_text envid;
    mailproto_text hello;         /* EHLO's argument; "": this machine's name if it is a domain, else its address */
    mailproto_text user_name;     /* who logs in; "": nobody */
    mailproto_text password;      /* wiped after use */
    mailproto_text authorization; /* who to act as; "" */
    uint32_t mechanisms;          /* MAILPROTO_SASL_*; 0: PLAIN and LOGIN */
    uint32_t tls;            /* MAILPROTO_TLS_*; 0: MAY where tls_layer is there, else NEVER. IMPLICIT comes from the
                                scheme, too. With MAY whoever sits on the way can keep TLS away: REQUIRED is sure */
    uint32_t max_recipients; /* of one transaction; 0: 100; less where the server says so (RFC 9422) */
    uint32_t max_text_line;  /* 0: 998; UNLIMITED */
    /* milliseconds; 0: the default, UNLIMITED: never */
    uint32_t attempt_ms;                 /* look-up, and connecting to each address; 30000 */
    uint32_t wait_ms;                    /* each wait for the server; 0: the limits of RFC 5321 4.5.3.2, minutes */
    const mailproto_host_tls *tls_layer; /* NULL: none */
} mailproto_host_send_request;
MAILPROTO_API int32_t mailproto_host_send_request_init(mailproto_host_send_request *request, size_t size);

/* What became of one recipient. Linked, in the order of the request. */
typedef struct mailproto_host_result {
    uint32_t struct_size;
    uint32_t outcome; /* MAILPROTO_SMTP_ACCEPTED, _REFUSED, _NOT_SENT or _UNKNOWN */
    const struct mailproto_host_result *next;
    mailproto_text address;
    uint32_t stage;                       /* MAILPROTO_SMTP_STAGE_*: the command that `reply` answers */
    uint32_t transaction;                 /* that it was in, from 1 on; 0: none */
    const mailproto_smtp_response *reply; /* the server's word about it; code 0: none. Never NULL */
    mailproto_text sentence;              /* for people: which server said what of whom */
} mailproto_host_result;

/* A transaction that was tried. Linked. */
typedef struct mailproto_host_transaction {
    uint32_t struct_size;
    uint32_t number; /* from 1 on */
    const struct mailproto_host_transaction *next;
    uint32_t outcome;    /* MAILPROTO_SMTP_ACCEPTED... as the DONE of its engine */
    int32_t why;         /* as there */
    uint32_t stage;      /* as there */
    uint32_t recipients; /* accepted at RCPT */
    const mailproto_smtp_response *reply;
    mailproto_text text; /* the engine's sentence */
} mailproto_host_transaction;

/* What became of a message. Lives until on_outcome returns. */
typedef struct mailproto_host_outcome {
    uint32_t struct_size;
    uint32_t outcome;  /* MAILPROTO_SMTP_ACCEPTED: by all recipients' server; _PARTLY: for some; _REFUSED; _NOT_SENT;
                          or _UNKNOWN: for some nobody knows, sending again may make a second copy for them */
    int32_t why;       /* 0: all accepted; ERR_REFUSED; else what ended it: ERR_LOST, ERR_TIMEOUT, ERR_AUTH, ERR_TLS,
                          ERR_BODY, ERR_UNSUPPORTED, ERR_LIMIT, ERR_CANCELLED, ERR_NOMEM ... */
    uint32_t stage;    /* MAILPROTO_SMTP_STAGE_*: what decided; CONNECT: no connection was made */
    uint32_t accepted; /* recipients, by outcome */
    uint32_t refused;
    uint32_t not_sent;
    uint32_t unknown;
    uint32_t again;               /* 1: what was not accepted may be accepted later, and sending it again to these
                                     recipients cannot make a second copy */
    uint32_t no_such_name;        /* 1: the host's name does not exist */
    uint32_t tls;                 /* 1: it went through TLS */
    uint32_t authenticated;       /* 1 */
    uint32_t connections;         /* that were made */
    uint32_t peer_offers;         /* MAILPROTO_SMTP_EXT_* of the last EHLO */
    uint32_t peer_max_recipients; /* LIMITS (RFC 9422); 0: not said */
    uint32_t peer_max_transactions;
    uint32_t peer_max_domains;
    uint32_t withheld; /* 1: nothing was said, for the credentials would have had to cross a network without TLS, which
                          the request does not allow */
    uint32_t exposed;  /* 1: they did cross one without TLS */
    uint32_t reserved;
    uint64_t size;                        /* octets of the message with CRLF line ends; 0: not known */
    uint64_t peer_max_message;            /* SIZE; 0: not said */
    mailproto_text server;                /* "mx.example.org:25": as the URL has it */
    mailproto_text address;               /* "192.0.2.1:25": that was reached; "" */
    mailproto_text greeting;              /* the server's own name as it greeted; "" */
    const mailproto_smtp_response *reply; /* the last word that decided; code 0: none. Never NULL */
    mailproto_text sentence;              /* for people: what happened and what to do */
    mailproto_text reason;                /* of it, where somebody was not sent to: why, without the recipients; "" */
    const mailproto_host_result *recipients;
    const mailproto_host_transaction *transactions; /* NULL: there was none */
} mailproto_host_outcome;

/* Sends a message: connects, greets, goes into TLS and logs in as the request says, sends to all recipients, in
   further transactions and connections where the server limits their number (RFC 5321 4.5.3.1.10, RFC 9422), and
   tells by on_outcome what became of it, once, from the loop. It is gone after it. out may be NULL. All that can be
   wrong on this side (URL, addresses, hello, malformed credentials) is found before anything is connected, and told by
   mailproto_host_error; where one field of the request is to blame, its name and a colon open the sentence: "sender: <a b>
   is not an address". OK; ERR_ARG; ERR_LIMIT: the message has a line longer than max_text_line; ERR_BODY: READ_TWICE, and
   it cannot be read; ERR_CONFIG: TLS is asked for and there is no tls_layer; ERR_STATE: the host is being freed;
   ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_host_send(mailproto_host *host, const mailproto_host_send_request *request,
                                          void (*on_outcome)(const mailproto_host_outcome *outcome, void *user),
                                          void *user, mailproto_host_sending **out);

/* Cuts it: the connection is closed at once; on_outcome comes from the loop and says what is known: not sent, or
   unknown if the whole message was on its way, ERR_CANCELLED. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_host_send_cancel(mailproto_host_sending *sending);

/* The same for programs without a loop: makes a host, sends, calls on_outcome before it returns. `why` gets the
   sentence where it answers an error, in `size` octets, with a NUL at its end; it may be NULL. OK: on_outcome was
   called. As mailproto_host_new and mailproto_host_send else: it was not. */
MAILPROTO_API int32_t mailproto_host_send_now(const mailproto_host_send_request *request,
                                              void (*on_outcome)(const mailproto_host_outcome *outcome, void *user),
                                              void *user, char *why, size_t size);

/* ---- a store that blocks, off the loop ------------------------------------------------------------------------- */

/* How a store off the loop behaves; 0 is the default everywhere. */
typedef struct mailproto_host_store_config {
    uint32_t struct_size;
    /* Octets of an upload that are collected before the blocking store hears of them, so that a message of less is begun,
       written and committed by one piece of work. APPEND_BEGIN and APPEND_WRITE are answered at once then; what is wrong
       with them is the answer to a later question of the upload. A longer one is written in pieces, one of which is
       collected while the one before is written; then a write is answered when there is room. So an upload takes twice
       as much, and what two writes bring. 0: nothing is collected. */
    uint32_t gather;
    /* A question failed: what kind (MAILPROTO_STORE_*), why, and what the blocking store has to say, for a log. Called on
       the loop's thread before the asker is told, and also if nobody waits for the answer. NULL: nobody is told */
    void (*on_failure)(mailproto_host_store *store, uint32_t question, int32_t why, const char *text, size_t len,
                       void *user);
    /* Answers were told from the loop, outside of a session's verbs: who has asked is to be waked, as after an answer of
       the program's own (mailproto_host_connection_wake). NULL: nobody is told */
    void (*on_answered)(mailproto_host_store *store, void *user);
    void *user;
} mailproto_host_store_config;
MAILPROTO_API int32_t mailproto_host_store_config_init(mailproto_host_store_config *config, size_t size);

/* A store over one that blocks, such as Maildir: what it is asked is carried out by the threads that do work, in the order
   in which it was asked, one question at a time; the answers come on the loop's thread. Make one for each account, or for
   each handle on one. Octets with a lease are passed on without a copy. An item ENOUGH, or a cancel, may come too late to
   save the work. APPEND_SHARE works between stores of one host.

   `blocking` is copied; its functions are called in other threads, one at a time, and must answer before they return, but
   for WATCH, which tells what it has to tell while another function is called (mailproto_host_store_run polls). It must
   outlive the store. config may be NULL. out is given back with mailproto_host_store_free before the host. OK; ERR_ARG;
   ERR_STATE: the host is being freed; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_host_store_new(mailproto_host_store **out, mailproto_host *host,
                                               const mailproto_store *blocking,
                                               const mailproto_host_store_config *config);

/* Its functions, for sessions. They are used on the loop's thread, as long as the store is there. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_host_store_functions(mailproto_host_store *store, mailproto_store *out);

/* Calls run where the store's questions are carried out, in its turn among them, then done on the loop's thread. result
   is OK, or ERR_CANCELLED: the host is being freed, and run was not called. Of what is polled or closed with the blocking
   store nothing else runs meanwhile. OK; ERR_ARG; ERR_STATE: the store was given back; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_host_store_run(mailproto_host_store *store, void (*run)(void *user),
                                               void (*done)(int32_t result, void *user), void *user);

/* How many questions, closings and calls were begun and are not finished; a WATCH that goes on is none. 0: NULL. */
MAILPROTO_API uint64_t mailproto_host_store_open(const mailproto_host_store *store);

/* Gives it back. Nobody hears of it any more; what waits is dropped, but for closings and calls, which are carried out.
   on_freed, unless it is NULL, is called when no thread uses the blocking store any more: from inside of this function if
   none does, else on the loop's thread, in mailproto_host_free at the latest. Slices that are still lent end with it. NULL
   is ignored. */
MAILPROTO_API void mailproto_host_store_free(mailproto_host_store *store, void (*on_freed)(void *user), void *user);

#ifdef __cplusplus
}
#endif
#endif
