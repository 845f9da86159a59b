/* Accounts for tests: stores in memory, each behind one that answers late, and a look at what is in them.
   mailproto/memory_store.h; mailproto/store_kit.h, a late store. */
#ifndef TEST_ACCOUNTS_H
#define TEST_ACCOUNTS_H

#include <mailproto/memory_store.h>
#include <mailproto/store_kit.h>

#include "support/bytes.h"

struct account {
    mailproto_memory_store *memory;
    mailproto_late_store *late; /* NULL: answers come at once */
    mailproto_store inner, store;
};

/* seed 0: at once. */
void account_begin(struct account *account, uint64_t seed);
void account_end(struct account *account);
/* One thing that the late store does. 0: there is nothing to do. */
int account_move(struct account *account);

/* How many messages INBOX has; `visit`, if not NULL, sees each. */
size_t account_messages(const struct account *account, void (*visit)(void *user, const struct test_bytes *text),
                        void *user);

#endif
