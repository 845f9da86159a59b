/* mailproto/memory_store.h - a store in memory: one account that lives as long as the program.
 *
 * Part of the companion library mailproto-store. It keeps the whole contract of store.h, answers every question before its
 * function returns, and is one file, meant to be read by whoever writes a store (src/companion/store/memory.c).
 *
 * What it has beyond the required: watch, blobs, quota (octets, messages, mailboxes), annotations, special use, save dates
 * (if it is told the time), object ids; expunges are remembered, as many as `remember` says. Everything is gone with it:
 * its UIDVALIDITY begins at the time of day, so that a new one for the same account does not repeat numbers.
 *
 * THREADS    An account and the sessions that ask it are one thread's.
 * LIMITS     59 keywords in an account (ERR_LIMIT for more), names of at most 1000 octets, UTF-8, without control
 *            characters; INBOX, and INBOX as the first component, in any case. A mailbox is found by its id in a walk along
 *            all: good for some ten thousand.
 *
 * RFC 9051 2.3, RFC 7162, RFC 9208, RFC 5464, RFC 8474, RFC 8514.
 */
#ifndef MAILPROTO_MEMORY_STORE_H
#define MAILPROTO_MEMORY_STORE_H

#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mailproto_memory_store mailproto_memory_store;

/* How an account behaves; 0 is the default everywhere. */
typedef struct mailproto_memory_store_config {
    uint32_t struct_size;
    uint32_t rights;                      /* MAILPROTO_RIGHT_* of who uses it; 0: all */
    const mailproto_allocator *allocator; /* NULL: the C library's; copied */
    uint64_t max_memory;    /* octets of all it keeps; 0: 256 MiB; MAILPROTO_UNLIMITED_64. More: ERR_FULL */
    uint64_t max_octets;    /* quota (RFC 9208): of all messages; 0: none */
    uint64_t max_messages;  /* quota; 0: none */
    uint64_t max_mailboxes; /* quota; 0: none */
    uint32_t remember;      /* runs of expunged UIDs, in each mailbox; 0: 4096. Older: ERR_RESYNC */
    uint32_t reserved;      /* 0 */
    /* Seconds since 1970 in UTC, and minutes east of it for what has no date; 0: not known. NULL: as
       mailproto_memory_store_set_wall said last. */
    int64_t (*wall)(void *user, int32_t *zone);
    /* Whether that may be done: OK, or ERR_DENIED. It may not ask the store. NULL: what `rights` say. */
    int32_t (*authorise)(void *user, uint64_t mailbox, const char *name, size_t len, uint32_t rights);
    void *user;
} mailproto_memory_store_config;
MAILPROTO_API int32_t mailproto_memory_store_config_init(mailproto_memory_store_config *config, size_t size);

/* Makes an account with an INBOX. config may be NULL. OK; ERR_ARG: NULL, a struct that is not one, an allocator without a
   function; ERR_NOMEM; ERR_FULL: max_memory has no room for an INBOX. */
MAILPROTO_API int32_t mailproto_memory_store_new(mailproto_memory_store **out,
                                                 const mailproto_memory_store_config *config);

/* Forgets all. Not in a callback of an asker; no session may use it any more. NULL is ignored. */
MAILPROTO_API void mailproto_memory_store_free(mailproto_memory_store *memory);

/* The functions of the account, for sessions; any number of copies may be made. They take whole structs, as
   mailproto_store_ask passes them on. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_memory_store_functions(mailproto_memory_store *memory, mailproto_store *out);

/* Tells the time, where config.wall is NULL. OK; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_memory_store_set_wall(mailproto_memory_store *memory, int64_t unix_seconds,
                                                      int32_t zone);

/* Puts a message into a mailbox (0: INBOX), as APPEND does, for programs that have no asker: line ends may be LF. OK;
   ERR_ARG: NULL; ERR_NOT_FOUND: no such mailbox; ERR_QUOTA, ERR_FULL, ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_memory_store_add(mailproto_memory_store *memory, uint64_t mailbox, const void *text,
                                                 size_t len);

/* The octets that are kept now. 0: memory is NULL. */
MAILPROTO_API uint64_t mailproto_memory_store_used(const mailproto_memory_store *memory);

#ifdef __cplusplus
}
#endif
#endif
