/* mailproto/host_loop.h - a host: its loop, time, other threads, slow things, and the end in good order.
 * Included by host.h, where the rules stand.
 */
#ifndef MAILPROTO_HOST_LOOP_H
#define MAILPROTO_HOST_LOOP_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s; /* libuv's uv_loop_t */

typedef struct mailproto_host mailproto_host;
typedef struct mailproto_host_listener mailproto_host_listener;
typedef struct mailproto_host_timer mailproto_host_timer;
typedef struct mailproto_host_job mailproto_host_job;

/* ---- the host --------------------------------------------------------------------------------------------------- */

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

/* ---- time, other threads, slow things --------------------------------------------------------------------------- */

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

/* ---- the end in good order -------------------------------------------------------------------------------------- */

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

#ifdef __cplusplus
}
#endif
#endif
