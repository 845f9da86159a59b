/* asking.h - asks a store that answers at once: one call a question, the answer written down.
 * mailproto/store.h, QUESTIONS and ITEMS. */
#ifndef TEST_STORE_ASKING_H
#define TEST_STORE_ASKING_H

#include <mailproto/store.h>

enum { ASKING_ITEMS = 64 };

/* Who asks, and the last answer. */
struct asking {
    mailproto_store_asker asker; /* first */
    const mailproto_store *store;
    mailproto_event *items[ASKING_ITEMS];
    size_t count, ends;
    int32_t result;
    /* called with each item, if not NULL: what it answers the store hears */
    int32_t (*on_item)(struct asking *a, const mailproto_event *item);
    void *user;
};

#define ASKED_ITEM(a, i, name) ((const mailproto_store_##name *)(const void *)(a)->items[i])
#define ASK_FOR(name, TYPE)    mailproto_store_##name q = {.head = {sizeof q, MAILPROTO_STORE_##TYPE, 0}}

void asking_begin(struct asking *a, const mailproto_store *store);
void asking_end(struct asking *a);
/* Asks with token 1 (0: without an answer, for those that have none); the result. */
int32_t asking(struct asking *a, mailproto_event *question);
void asking_tell(struct asking *a, mailproto_event *question);

/* Each answers what the store did, and fills *out from the item. */
int32_t asking_create(struct asking *a, const char *name, uint64_t *id);
int32_t asking_append(struct asking *a, uint64_t mailbox, const char *text, uint32_t *uid);
int32_t asking_remove(struct asking *a, uint64_t mailbox, uint32_t first, uint32_t last);
uint64_t asking_inbox(struct asking *a);
uint32_t asking_messages(struct asking *a, uint64_t mailbox);

#endif
