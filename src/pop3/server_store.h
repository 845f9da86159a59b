/* server_store.h - the host inside of a POP3 server that keeps its mail in a store: what its files share.
 * mailproto/store.h; RFC 1939 sections 4 to 6; docs/design/pop3.md, "A maildrop in a store". */
#ifndef MP_POP3_SERVER_STORE_H
#define MP_POP3_SERVER_STORE_H

#include "mailproto/store.h"
#include "pop3/server.h"
#include "pop3/server_store_uids.h"

enum {
    MP_POP3_STORE_PAGE = 512,          /* messages a page while the maildrop is opened */
    MP_POP3_STORE_RUNS = 256,          /* runs of UIDs that one expunge names */
    MP_POP3_STORE_UID_MAX = 2 * 10 + 1 /* octets of a unique id */
};

/* An opening, message or snapshot of the store: kept when the answer that told it is done. */
struct mp_pop3_store_handle {
    uint64_t number;
    uint8_t open;
};

/* One question is open at a time. Its items go to `item`; when it has ended, the next step calls `then`. */
struct mp_pop3_store {
    mailproto_store_asker asker; /* first */
    struct mailproto_pop3_server *server;
    mailproto_store store;
    uint64_t mailbox;

    uint64_t token, last_token; /* of the question that is open, or 0; of the last one */
    int32_t why;                /* how it ended */
    void (*item)(struct mp_pop3_store *st, const mailproto_event *item);
    void (*then)(struct mp_pop3_store *st, struct mp_request *r, int32_t why);
    struct mp_pop3_store_handle told, *keeps; /* what the answer told, and where it goes when it is done */
    uint8_t enough;                           /* the rest of the answer is not wanted */
    uint8_t whole;                            /* CHANGES: CURSOR came */

    struct mp_pop3_store_handle opening, snapshot, message;
    uint32_t uidvalidity, rights;
    struct mp_pop3_uids uids;
    uint32_t count; /* messages, while they are counted */
    uint64_t octets;
    uint32_t got;              /* items of this answer that counted */
    int32_t failed;            /* what an item could not do */
    struct mp_pop3_run at;     /* LIST: the run of the message given last, from it on */
    uint8_t list_done;         /* LIST: the store has no more of the maildrop's messages */
    uint64_t size;             /* of the message that was opened */
    mailproto_store_run *runs; /* QUIT: the UIDs of this turn */
    uint32_t run_count, batch; /* how many runs, how many messages in them */
    uint32_t next;             /* the next message to delete, 0: none */
    uint32_t left;             /* messages that are not known to be removed */
};

/* Asks; `keeps` is where a number goes that the answer tells, or NULL. Question of type and size, its token filled in. */
void mp_pop3_store_ask(struct mp_pop3_store *st, void *question, size_t size, uint32_t type,
                       void (*item)(struct mp_pop3_store *, const mailproto_event *),
                       void (*then)(struct mp_pop3_store *, struct mp_request *, int32_t),
                       struct mp_pop3_store_handle *keeps);
/* Says what has no answer. */
void mp_pop3_store_tell(struct mp_pop3_store *st, void *question, size_t size, uint32_t type);
/* -ERR for a result of the store's. */
void mp_pop3_store_refuse(struct mp_pop3_store *st, struct mp_request *r, int32_t why);
/* Whether an item has all of its struct; a store that was built before it grew gives less. */
#define MP_STORE_ITEM(item, struct_name) ((item)->struct_size >= sizeof(struct_name))

/* The end of a page: whether there are more, and of which snapshot. */
void mp_pop3_store_cursor(struct mp_pop3_store *st, const mailproto_store_cursor *cursor);
/* The pages of a snapshot that were not asked for are not wanted. */
void mp_pop3_store_snapshot_end(struct mp_pop3_store *st);

/* One function a request: begins to answer it. */
void mp_pop3_store_open(struct mp_pop3_store *st, struct mp_request *r);
void mp_pop3_store_list(struct mp_pop3_store *st, struct mp_request *r);
void mp_pop3_store_retrieve(struct mp_pop3_store *st, struct mp_request *r);
void mp_pop3_store_piece(struct mp_pop3_store *st, struct mp_request *r);
void mp_pop3_store_commit(struct mp_pop3_store *st, struct mp_request *r);
/* The time for a COMMIT is over, or it cannot go on. */
void mp_pop3_store_commit_end(struct mp_pop3_store *st, struct mp_request *r);

#endif
