/* store_work.h - what the two files of the store off the loop share: the queue, and who may touch what.
 * include/mailproto/host.h, mailproto_host_store; include/mailproto/store.h. */
#ifndef MP_HOST_STORE_WORK_H
#define MP_HOST_STORE_WORK_H

#include <mailproto/host.h>

enum { MP_HOST_STORE_BATCH = 16, MP_HOST_STORE_WHY = 200 };

/* Questions that are only closings, of the shape they are kept in without memory of their own. */
union mp_host_closing {
    mailproto_event head;
    mailproto_store_close close;
    mailproto_store_snapshot_end snapshot_end;
    mailproto_store_message_close message_close;
    mailproto_store_append_abort append_abort;
    mailproto_store_append_commit append_commit;
};

/* An item on its way to the asker. */
struct mp_host_item {
    struct mp_host_item *next;
    mailproto_event *kept;         /* all but slices with a lease */
    mailproto_store_slice slice;   /* those: the octets are the store's until it hears that they are released */
    struct mp_host_asked *release; /* which tells it so */
};

enum mp_host_asked_kind {
    MP_HOST_QUESTION,
    MP_HOST_RELEASE, /* of a lease of the store's */
    MP_HOST_CANCEL,  /* of a question that goes on */
    MP_HOST_CALL     /* of the program's */
};

/* Something to be done in the thread, and what came of it. While it is in `batch`, or goes on, the thread has the fields
   that are marked; the loop has all others at any time. */
struct mp_host_asked {
    mailproto_store_asker inner; /* first: the store finds it by its address */
    struct mp_host_asked *next;
    mailproto_host_store *store;
    enum mp_host_asked_kind kind;
    mailproto_store_asker *asker;
    uint64_t token;
    mailproto_event *question; /* kept, or &closing */
    union mp_host_closing closing;
    uint64_t lease; /* RELEASE */
    void (*run)(void *user);
    void (*done)(int32_t result, void *user);
    void *user;
    int plain;                 /* its memory is malloc's */
    int cancelled;             /* nobody waits for it any more */
    int told_opened;           /* the item that opened something was given */
    struct mp_host_item *give; /* taken over from `items` */
    int tell;                  /* the end is to be told */

    /* the thread's */
    int begun, ended;
    int32_t why;
    size_t why_len;
    char text[MP_HOST_STORE_WHY];
    struct mp_host_item *items, **last;
    uint32_t opened; /* type of the item that opened something, and its id */
    uint64_t opened_id;
};

/* A slice that is lent. */
struct mp_host_lease {
    struct mp_host_lease *next;
    uint64_t number;
    struct mp_host_item *item;
};

struct mailproto_host_store {
    mailproto_host *host;
    mailproto_host_job *job;
    mailproto_store inner;
    struct mp_host_asked *waiting, **last; /* in the order in which they came */
    struct mp_host_asked *batch;           /* in the thread, while running */
    struct mp_host_asked *going;           /* begun and not ended: WATCH */
    struct mp_host_asked *telling;         /* answered, to be told */
    struct mp_host_asked *current;         /* of these the one that is being told */
    struct mp_host_asked *spares; /* one for each thing that is open, so that it can be closed without memory */
    struct mp_host_lease *leases;
    uint64_t lease_number, open;
    int running, tells, freed;
    int held;                                      /* another store asks something that touches this one */
    mailproto_host_store *holds;                   /* the store that is held for our batch */
    mailproto_host_store *waits_for;               /* to be idle */
    mailproto_host_store *sleepers, *next_sleeper; /* who waits for us */
    void (*on_freed)(void *user);
    void *user;
};

/* ---- store_work.c ---- */
/* Begins work if there is some and nothing is running. */
void mp_host_store_start(mailproto_host_store *store);
/* The same, or the end of a store that was given back: it may be gone afterwards. */
void mp_host_store_go_on(mailproto_host_store *store);
/* One that waits no more, or was answered. */
void mp_host_asked_free(struct mp_host_asked *asked);
/* As new, for another question of the same store. */
void mp_host_asked_reset(struct mp_host_asked *asked);
/* Behind all that waits. */
void mp_host_asked_wait(struct mp_host_asked *asked);

/* ---- store_answers.c ---- */
int32_t mp_host_store_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item);
int32_t mp_host_store_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len);
/* Takes over what the thread wrote down for questions that go on. Nothing is running. */
void mp_host_store_collect(mailproto_host_store *store);
/* Tells all that was collected. */
void mp_host_store_tell(mailproto_host_store *store);
/* Nobody waits for it: makes it what closes what its answer opened, or frees it. */
void mp_host_asked_abandon(struct mp_host_asked *asked);
void mp_host_store_cancel(void *user, mailproto_store_asker *asker, uint64_t token);
void mp_host_store_release(void *user, uint64_t lease);
void mp_host_store_leases_free(mailproto_host_store *store);

#endif
