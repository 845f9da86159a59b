/* late.h - what the files of the late store share: questions that wait, and answers that are kept.
 * mailproto/store_kit.h, A LATE STORE; mailproto/store.h, QUESTIONS. */
#ifndef MP_STORE_KIT_LATE_H
#define MP_STORE_KIT_LATE_H

#include "mailproto/store_kit.h"

/* A kept item of an answer. */
struct mp_late_item {
    struct mp_late_item *next;
    mailproto_event *event;
    uint64_t lease; /* of a slice, while it is lent */
};

/* A question: first it waits to be asked, then its items wait to be given, and its end. */
struct mp_late_question {
    mailproto_store_asker inner; /* who asks the inner store: first, so that it is found by its address */
    struct mp_late_question *next;
    mailproto_late_store *late;
    mailproto_store_asker *asker;
    uint64_t token; /* the asker's, and towards the inner store */
    mailproto_event *question;
    int asked, ended, dead, used; /* dead: cancelled; used: on the stack */
    int enough;                   /* the asker wants no more items */
    int32_t why;
    struct mp_late_item *items, **last;
    uint64_t opening, snapshot, message, upload; /* what the answer opened */
};

struct mailproto_late_store {
    mailproto_allocator allocator;
    mailproto_store store;
    struct mp_late_question *waiting, **last;
    struct mp_late_item *lent;
    uint64_t random, lease;
    int busy;
};

/* ---- late.c: memory; make answers zeros, or NULL ---- */
void *mp_late_make(mailproto_late_store *late, size_t n);
void mp_late_unmake(mailproto_late_store *late, void *p, size_t n);

/* ---- late_answers.c ---- */
/* What the inner store calls. */
int32_t mp_late_item_came(mailproto_store_asker *asker, uint64_t token, const mailproto_event *event);
int32_t mp_late_ended(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len);
void mp_late_item_free(mailproto_late_store *late, struct mp_late_item *item);
void mp_late_drop_items(struct mp_late_question *w);
/* Closes what the answer opened: nobody heard of it. */
void mp_late_close_all(struct mp_late_question *w);
/* The answer is not wanted any more. What the inner store has not ended yet it closes by itself. */
void mp_late_abandon(struct mp_late_question *w);

#endif
