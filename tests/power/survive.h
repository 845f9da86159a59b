/* survive.h - reads a store whole, and compares it with what must be there.
 * The rules are those of mailproto/store.h; no part of any protocol. */
#ifndef POWER_SURVIVE_H
#define POWER_SURVIVE_H

#include "ledger.h"

struct seen_box {
    uint64_t id, cursor;
    char name[LEDGER_NAME];
    uint32_t validity, uidnext, count;
};
struct seen_message {
    uint32_t box, message, uid, flags;
    uint64_t modseq, size;
    int64_t date;
};
struct seen {
    struct seen_box *boxes;
    size_t box_count;
    struct seen_message *messages;
    size_t message_count;
    struct beside beside;
};

/* All of these answer 0, or say why not. */
int see(struct seen *seen, const mailproto_store *store, char *why);
void seen_free(struct seen *seen);
/* What was seen is what the ledger has at `at`. *world becomes what there is, to be freed. */
int survives(const struct ledger *ledger, size_t at, const struct seen *seen, struct world *world, char *why);
/* What clients had, brought up to date by CHANGES, is what was seen. */
int views_survive(const struct ledger *ledger, size_t at, const struct seen *seen, const mailproto_store *store,
                  char *why);
/* No mailbox has a UIDVALIDITY that was told of any, or a smaller one. */
int validities_are_new(const struct ledger *ledger, size_t at, const struct seen *seen, char *why);
/* The store takes messages, flags and expunges, and gives numbers that were never told. */
int store_works(const struct ledger *ledger, size_t at, const struct seen *seen, const mailproto_store *store,
                char *why);

#endif
