/* kit.h - how the rules of the kit ask stores, and what they look at.
 * mailproto/store.h, the contract; mailproto/store_kit.h. */
#ifndef MP_STORE_KIT_H
#define MP_STORE_KIT_H

#include "mailproto/store_kit.h"

enum { KIT_HANDLES = 4, KIT_MESSAGES = 256, KIT_RUNS = 128, KIT_SAID = 400 };

struct kit;
struct kit_handle;

/* What a question was answered. Lives until the rule is over. */
typedef struct kit_answer {
    struct kit_answer *next;
    uint64_t token;
    uint32_t type;
    int32_t result; /* once it ended */
    int ended, cancelled;
    size_t enough;    /* says ENOUGH with that item; 0: never */
    int said_enough;  /* and no item may come any more */
    int after_enough; /* but one did */
    size_t cancel_at; /* cancels itself with that item, from 1; 0: never */
    size_t count;     /* of items */
    size_t room;
    mailproto_event **items;
} kit_answer;

/* Item i as what it is. */
#define KIT_ITEM(answer, i, name) ((const mailproto_store_##name *)(const void *)(answer)->items[i])

/* One store of the account, and who asks it. */
typedef struct kit_handle {
    mailproto_store_asker asker; /* first: it is found by its address */
    struct kit *kit;
    mailproto_store inner, store; /* what the factory made; what is asked: that, or a late store over it */
    mailproto_late_store *late;
    kit_answer *answers;
    uint64_t token;
    size_t strays;       /* items and ends that nobody waited for */
    size_t after_cancel; /* and of questions that were cancelled */
} kit_handle;

typedef struct kit {
    const mailproto_store_kit_factory *factory;
    void *account;
    kit_handle handles[KIT_HANDLES];
    size_t handle_count;
    uint64_t random, seed;
    int late, failed, left_out;
    int32_t broken; /* an error of the factory, or of memory */
    char said[KIT_SAID];
} kit;

typedef struct kit_rule {
    const char *name, *says;
    void (*run)(kit *k);
} kit_rule;

/* The rules, each file's own; they end with a name that is NULL. */
extern const kit_rule mp_kit_list_rules[], mp_kit_mailbox_rules[], mp_kit_opening_rules[], mp_kit_append_rules[],
    mp_kit_number_rules[], mp_kit_change_rules[], mp_kit_message_rules[], mp_kit_answer_rules[],
    mp_kit_optional_rules[];

/* ---- kit.c ---- */
/* The rule failed, with what was seen: the first failure counts. 0. */
int mp_kit_fail(kit *k, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;
/* The rule does not apply. 0. */
int mp_kit_leave_out(kit *k, const char *why);
uint64_t mp_kit_random(kit *k, uint64_t below);
/* One more store on the account (the first again, where the factory makes no more); NULL: the rule failed. */
kit_handle *mp_kit_handle(kit *k);
/* All stores end, and the first comes anew. Whether it did. */
int mp_kit_restart(kit *k);
int mp_kit_rules_each(uint32_t index, const kit_rule **rule);

/* A demand of a rule, which ends it if it is not kept. */
#define DEMAND(k, condition, ...)                                                                                      \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)mp_kit_fail(k, __VA_ARGS__);                                                                         \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)
/* What a rule builds on; it failed already if it is not so. */
#define NEED(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return;                                                                                                    \
    } while (0)

/* ---- asker.c ---- */
void mp_kit_handle_begin(kit_handle *h, kit *k);
void mp_kit_answers_free(kit_handle *h);
/* Asks, and goes on; the token of the question is set. Never NULL but for want of memory: the kit is broken then. */
kit_answer *mp_kit_post(kit_handle *h, mailproto_event *question);
/* The same, and says ENOUGH with item `enough`, or cancels itself with item `at` (0: not). */
kit_answer *mp_kit_post_enough(kit_handle *h, mailproto_event *question, size_t enough);
kit_answer *mp_kit_post_cancel(kit_handle *h, mailproto_event *question, int at);
/* Until it is answered. Whether it was. */
int mp_kit_wait(kit_handle *h, kit_answer *answer);
/* Some steps, fewer than the answer may need. */
void mp_kit_steps(kit *k, size_t n);
/* Until nothing moves any more. */
void mp_kit_settle(kit *k);
/* Asks and waits. NULL: it was not answered, and the rule failed. */
kit_answer *mp_kit_ask(kit_handle *h, mailproto_event *question);
/* Asks, waits, and takes nothing but OK. */
kit_answer *mp_kit_done(kit_handle *h, mailproto_event *question);
/* Tells what has no answer. */
void mp_kit_tell(kit_handle *h, mailproto_event *question);
void mp_kit_cancel(kit_handle *h, kit_answer *answer);

/* ---- words.c: what rules do again and again. 0, NULL: the rule failed. ---- */
mailproto_text mp_kit_text(const char *text);
uint64_t mp_kit_create(kit_handle *h, const char *name);
/* The mailbox of that name as LIST tells it; NULL in *item: there is none. */
int mp_kit_find(kit_handle *h, const char *name, const mailproto_store_mailbox **item);
uint64_t mp_kit_inbox(kit_handle *h);
int mp_kit_is(mailproto_text text, const char *name);
int mp_kit_is_one_of(const char *const *names, size_t count, mailproto_text name);
/* Lists all, or what is subscribed to. */
kit_answer *mp_kit_list(kit_handle *h, uint32_t subscribed);
/* Whether a list tells these names, in this order, each once; others in it are not looked at. */
int mp_kit_tells(kit *k, const kit_answer *answer, const char *const *names, size_t count);
/* How many messages STATUS tells; -1: the rule failed. */
int mp_kit_count(kit_handle *h, uint64_t mailbox);
/* Deletes, renames: what was answered. */
int mp_kit_delete(kit_handle *h, uint64_t mailbox, int32_t *result);
int mp_kit_rename(kit_handle *h, uint64_t mailbox, const char *name, int32_t *result);
const mailproto_store_opened *mp_kit_open(kit_handle *h, uint64_t mailbox, uint32_t mode);
void mp_kit_close(kit_handle *h, uint64_t opening);
const mailproto_store_status_item *mp_kit_status(kit_handle *h, uint64_t mailbox);
/* A message with those octets: its UID. */
uint32_t mp_kit_append(kit_handle *h, uint64_t mailbox, const char *text, uint32_t flags);
uint64_t mp_kit_begin(kit_handle *h, uint64_t mailbox, uint64_t upload, uint32_t flags);
int mp_kit_write(kit_handle *h, uint64_t upload, const char *text, size_t len);
const mailproto_store_appended *mp_kit_commit(kit_handle *h, uint64_t upload);
void mp_kit_abort(kit_handle *h, uint64_t upload);
kit_answer *mp_kit_flags(kit_handle *h, uint64_t mailbox, uint32_t first, uint32_t last, uint32_t operation,
                         uint32_t flags);
kit_answer *mp_kit_expunge(kit_handle *h, uint64_t mailbox, uint32_t first, uint32_t last);
/* Sets \Deleted and expunges. */
int mp_kit_remove(kit_handle *h, uint64_t mailbox, uint32_t first, uint32_t last);
kit_answer *mp_kit_copy(kit_handle *h, uint64_t mailbox, uint32_t first, uint32_t last, uint64_t destination, int move);
/* Opens the message, reads all of it and closes it: the octets, at most `room`, and *size as it was told. */
int mp_kit_read(kit_handle *h, uint64_t mailbox, uint32_t uid, char *octets, size_t room, size_t *size);
mailproto_store_run mp_kit_run_of(uint32_t first, uint32_t last);

/* A mailbox as CHANGES tells it. */
typedef struct kit_message {
    uint32_t uid, flags;
    uint64_t modseq, size;
} kit_message;
typedef struct kit_view {
    kit_message messages[KIT_MESSAGES]; /* by UID */
    size_t count;
    mailproto_store_run gone[KIT_RUNS];
    size_t gone_count;
    uint64_t cursor;
    int32_t result;
} kit_view;
/* What changed since, in pages of `want`; only ERR_RESYNC is not a failure. */
int mp_kit_changes(kit_handle *h, uint64_t opening, uint64_t since, uint32_t want, kit_view *out);
/* Opens, reads all, closes. */
int mp_kit_view(kit_handle *h, uint64_t mailbox, kit_view *out);
/* Puts changes into a view, as a session does. */
void mp_kit_merge(kit_view *view, const kit_view *changes);
const kit_message *mp_kit_in(const kit_view *view, uint32_t uid);
/* Whether both have the same messages with the same flags and modseqs. */
int mp_kit_same(const kit_view *a, const kit_view *b);

#endif
