/* mailproto/host_store.h - a store that blocks, off the loop: asked in the threads that do work, answered on the loop's.
 * Included by host.h, where the rules stand. store.h is what a store promises.
 */
#ifndef MAILPROTO_HOST_STORE_H
#define MAILPROTO_HOST_STORE_H

#include "host_loop.h"
#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mailproto_host_store mailproto_host_store;

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
    /* Answers were told from the loop, outside of a session's verbs, for a program that looks at what its sessions know
       now. They wake their hosts by themselves (mailproto_session_set_wake). NULL: nobody is told */
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
   ERR_CONFIG: it lacks functions, so that it serves neither delivery nor POP3 nor IMAP (mailproto_host_error names them;
   what one of these needs is checked by the session it is given to); ERR_STATE: the host is being freed; ERR_NOMEM. */
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
