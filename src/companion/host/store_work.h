/* store_work.h - what the files of the store off the loop share: the queue, and who may touch what.
 * include/mailproto/host_store.h; include/mailproto/store.h. */
#ifndef MP_HOST_STORE_WORK_H
#define MP_HOST_STORE_WORK_H

#include <mailproto/host.h>

enum { MP_HOST_STORE_BATCH = 16 };

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
    MP_HOST_FLUSH,   /* of what was gathered of an upload */
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
    struct mp_host_upload *upload;       /* that it speaks of, if that is gathered */
    struct mp_host_upload *other_upload; /* SHARE: the other store's */
    char *octets;                        /* that were gathered, to be written before */
    size_t octets_len;
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
    int reported; /* the failure was told when it happened */
    size_t text_len;
    char *text; /* malloc's; NULL: none */
    struct mp_host_item *items, **last;
    uint32_t opened; /* type of the item that opened something, and its id */
    uint64_t opened_id;
};

/* An upload whose octets are gathered. It is freed when it has ended and nothing speaks of it. */
struct mp_host_upload {
    struct mp_host_upload *next;
    mailproto_host *host;
    mailproto_host_store *store; /* NULL: that was given back */
    uint64_t number;
    mailproto_event *question; /* APPEND_BEGIN, kept */
    char *octets;              /* gathered, and in no work yet */
    size_t used, room;
    unsigned refs, queued; /* what speaks of it; of that in its own store's queue */
    int flushing, ended;
    struct mp_host_asked *held;    /* writes whose answer waits for room */
    struct mp_host_asked *closing; /* for its commit or abort, which take no memory */
    int32_t why;                   /* a failure that is known */
    char *text;
    size_t text_len;

    /* the thread's, while something speaks of it */
    int begun;
    uint64_t inner; /* the blocking store's number */
    int32_t broken;
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
    struct mp_host_upload *uploads;
    size_t gather; /* octets of an upload; 0: uploads are the blocking store's, and none is in `uploads` */
    uint64_t lease_number, upload_number, open;
    void (*on_failure)(mailproto_host_store *store, uint32_t question, int32_t why, const char *text, size_t len,
                       void *user);
    void (*on_answered)(mailproto_host_store *store, void *user);
    void *config_user;
    int running, tells, freed;
    int held;                                      /* another store asks something that touches this one */
    mailproto_host_store *holds;                   /* the store that is held for our batch */
    mailproto_host_store *waits_for;               /* to be idle */
    mailproto_host_store *sleepers, *next_sleeper; /* who waits for us */
    void (*on_freed)(void *user);
    void *user;
};

/* ---- store_questions.c ---- */
/* Something for the queue. NULL: no memory. */
struct mp_host_asked *mp_host_asked_new(mailproto_host_store *store, enum mp_host_asked_kind kind);
/* One that waits no more, or was answered. */
void mp_host_asked_free(struct mp_host_asked *asked);
/* As new, for another question of the same store. */
void mp_host_asked_reset(struct mp_host_asked *asked);
/* Behind all that waits. */
void mp_host_asked_wait(struct mp_host_asked *asked);

/* ---- store_work.c ---- */
/* Begins work if there is some and nothing is running. */
void mp_host_store_start(mailproto_host_store *store);
/* The same, or the end of a store that was given back: it may be gone afterwards. */
void mp_host_store_go_on(mailproto_host_store *store);

/* ---- store_upload_write.c ---- */
/* In the thread, before what speaks of a gathered upload: writes what was gathered. 0: there is nothing more to ask. */
int mp_host_upload_ready(struct mp_host_asked *asked);

/* ---- store_upload.c ---- */
struct mp_host_upload *mp_host_upload_find(const mailproto_host_store *store, uint64_t number);
int32_t mp_host_upload_begin(mailproto_host_store *store, mailproto_store_asker *asker,
                             const mailproto_store_append_begin *question);
int32_t mp_host_upload_more(struct mp_host_asked *asked);
int32_t mp_host_upload_write(mailproto_host_store *store, mailproto_store_asker *asker,
                             const mailproto_store_append_write *question);
int32_t mp_host_upload_commit(mailproto_host_store *store, mailproto_store_asker *asker,
                              const mailproto_store_append_commit *question);
int32_t mp_host_upload_abort(mailproto_host_store *store, uint64_t number);
int32_t mp_host_upload_share(struct mp_host_asked *asked, mailproto_host_store *other);
/* A flush is done: more, or the answers that waited for it. */
void mp_host_upload_flushed(struct mp_host_asked *asked);
/* 1: it was a write that waited for room. */
int mp_host_upload_cancel(mailproto_host_store *store, const mailproto_store_asker *asker, uint64_t token);
/* It speaks of no upload any more. */
void mp_host_upload_leave(struct mp_host_asked *asked);
void mp_host_uploads_drop_held(mailproto_host_store *store);
void mp_host_uploads_end(mailproto_host_store *store);

/* ---- store_answers.c ---- */
/* Keeps a sentence, if there is memory for it. */
void mp_host_asked_sentence(struct mp_host_asked *asked, const char *text, size_t len);
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
