/* beside.h - what a store keeps beside mail: subscriptions, an annotation, a limit. How it is asked for, and compared.
 * RFC 9051 6.3.7, RFC 5464, RFC 9208; the contract of mailproto/store.h. */
#ifndef POWER_BESIDE_H
#define POWER_BESIDE_H

#include <mailproto/store.h>

enum { BESIDE_NAMES = 3 };

struct beside {
    uint32_t subscribed; /* a bit for each of the names */
    uint32_t note;       /* the annotation of INBOX; 0: none */
    uint64_t limit;      /* of the octets of the account; 0: none */
};

/* Names that may be subscribed to, whether there is a mailbox or not. */
const char *beside_name(unsigned at);

/* All of these answer 0, or what the store answered. */
int32_t beside_set_subscribed(const mailproto_store *store, unsigned at, int subscribed);
int32_t beside_set_note(const mailproto_store *store, uint64_t mailbox, uint32_t note);
int32_t beside_set_limit(const mailproto_store *store, uint64_t limit);

/* These answer 0, or say why not. `inbox` is the mailbox that has the annotation. */
int beside_see(struct beside *beside, const mailproto_store *store, uint64_t inbox, char *why);
int beside_same(const struct beside *expected, const struct beside *seen, char *why);
/* A message that the limit does not allow is refused by a store that only delivers. */
int beside_limit_holds(const struct beside *beside, const mailproto_store *delivery, char *why);

#endif
