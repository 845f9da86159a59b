/* A store in memory for tests, which holds its askers to the storage contract: what was opened is closed once, what was
   cancelled is not answered, one upload or message has one question at a time. It answers at once, later or in random
   order, in one piece or two, and fails where it is told to.
   mailproto/store.h. */
#ifndef TEST_SCRIPTED_STORE_H
#define TEST_SCRIPTED_STORE_H

#include <mailproto/store.h>

#include "support/bytes.h"
#include "support/random.h"

struct test_stored {
    uint32_t uid, flags;
    uint64_t modseq;
    struct test_bytes text;
    int gone;
};

struct test_asked {
    mailproto_store_asker *asker;
    mailproto_event *question;
    int told;        /* its items were given, the end is owed */
    int32_t end;     /* with told */
    uint64_t handle; /* what the items opened */
};

struct test_snapshot {
    uint64_t number, opening; /* number 0: free */
    uint32_t *at;             /* indexes of messages */
    size_t count, next;
};

struct test_upload {
    uint64_t number; /* 0: free */
    struct test_bytes text;
    int busy;
};

enum { TEST_STORE_ASKED = 64, TEST_STORE_HANDLES = 64, TEST_STORE_LEASES = 16 };

struct test_store {
    mailproto_store api; /* hand out its address */
    struct test_random random;
    int late;       /* answers come by test_store_act */
    int leases;     /* slices have leases now and then */
    uint64_t slice; /* the most octets a slice has; 0: as asked */
    uint64_t room;  /* octets that all messages may have together; 0: no limit */

    uint32_t uidvalidity, uidnext, rights;
    uint64_t modseq, inbox; /* inbox 0: there is none */
    struct test_stored *messages;
    size_t count, capacity;

    /* to go wrong: questions of this type fail, but for so many, as often as said (0: always) */
    uint32_t fail_type, fail_after, fail_times;
    int32_t fail_why;
    uint32_t silent_type; /* questions of this type are done without an item, but for so many */
    uint32_t silent_after;
    int empty_pages;       /* CHANGES says that there is more, and gives nothing */
    uint32_t hang_type;    /* questions of this type are not answered */
    uint32_t keep_deleted; /* EXPUNGE leaves every such message (2: every second) */

    struct test_asked asked[TEST_STORE_ASKED];
    size_t asked_count;
    uint64_t last_handle, exclusive;
    uint64_t openings[TEST_STORE_HANDLES], opened_messages[TEST_STORE_HANDLES];
    size_t message_of[TEST_STORE_HANDLES];
    struct test_snapshot snapshots[TEST_STORE_HANDLES];
    struct test_upload uploads[TEST_STORE_HANDLES];
    void *leased[TEST_STORE_LEASES];
    size_t questions, cancels, writes, commits, aborts, shares, expunges;
};

void test_store_start(struct test_store *store, uint64_t seed);
/* It can take a message from another store of its kind. */
void test_store_share(struct test_store *store);
/* Another program delivers, or removes. */
uint32_t test_store_add(struct test_store *store, const void *text, size_t len);
void test_store_remove(struct test_store *store, uint32_t uid);
/* Messages that are there. */
size_t test_store_messages(const struct test_store *store);
/* Gives one of the answers that are owed, or a part of one. 0: none is. */
int test_store_act(struct test_store *store);
/* How much is open: openings, messages, snapshots, uploads, leases and questions. */
size_t test_store_open(const struct test_store *store);
void test_store_free(struct test_store *store);

#endif
