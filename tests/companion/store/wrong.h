/* wrong.h - stores that are wrong in one named thing: a store in memory behind something that spoils questions or answers.
 * mailproto/store.h, RULES: what each of them breaks is in faults.c. */
#ifndef TEST_STORE_WRONG_H
#define TEST_STORE_WRONG_H

#include <mailproto/memory_store.h>
#include <mailproto/store_kit.h>

enum { WRONG_BOXES = 32, WRONG_TEXT = 64 };

struct wrong;
struct passing;

/* What a wrong store does wrong. Functions that are NULL change nothing. */
struct fault {
    const char *rule; /* of the kit, that must fail, and no other */
    /* Spoils a question before the store in memory gets it. 1: it was answered otherwise. */
    int (*question)(struct passing *p, mailproto_event *question);
    /* Gives an item of the answer, or not; answers what the store in memory is to hear. */
    int32_t (*item)(struct passing *p, mailproto_event *item);
    /* Ends the answer. */
    int32_t (*end)(struct passing *p, int32_t why);
};

/* From 0 on; NULL: there are no more. That of a rule; NULL: it has none. */
const struct fault *wrong_fault(size_t index);
const struct fault *wrong_fault_of(const char *rule);

/* A mailbox that a fault remembers. */
struct wrong_box {
    char name[WRONG_TEXT];
    uint64_t id;
    uint32_t uidvalidity;
};

/* An account, wrong for all sessions. */
struct wrong {
    mailproto_memory_store *memory;
    mailproto_store inner;
    const struct fault *fault;
    int restarted;
    /* for faults, 0 at first */
    uint64_t one, two, three;
    int flag;
    char text[WRONG_TEXT];
    struct wrong_box boxes[WRONG_BOXES];
    size_t box_count;
};

/* A question on its way. */
struct passing {
    mailproto_store_asker asker; /* first */
    struct wrong *wrong;
    mailproto_store_asker *outer;
    uint64_t token;
    mailproto_event *question; /* a copy that may be spoiled */
    mailproto_event *held;     /* an item that is kept back */
    mailproto_event *all[16];
    size_t count;
    int flag;
};

/* The factory of accounts with that fault, NULL: right ones. They can be restarted. */
void wrong_factory(mailproto_store_kit_factory *factory, const struct fault *fault);

/* To who asked: an item, the end. */
int32_t wrong_give(struct passing *p, const mailproto_event *item);
int32_t wrong_end(struct passing *p, int32_t why);
/* Asks the store in memory by itself; the answer is of no interest but for the result. */
int32_t wrong_ask(struct wrong *w, mailproto_event *question);
/* Asks it, and gives the items to who asked. */
void wrong_forward(struct passing *p, mailproto_event *question);

#endif
