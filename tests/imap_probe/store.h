/* A mailbox in memory for the IMAP probe, and a host that asks it: answers come when the host likes, and in any order.
 * The storage contract in small: UIDs and modseqs are the store's, a pinned message can be read to its end. */
#ifndef IMAP_PROBE_STORE_H
#define IMAP_PROBE_STORE_H

#include "imap_probe/probe.h"
#include "support/allocator.h"
#include "support/host.h"

enum { STORE_MAX = 64 };

struct message {
    uint32_t uid, flags;
    uint64_t modseq, size;
    int gone;
};

struct user;

struct store {
    struct message messages[STORE_MAX];
    size_t count;
    uint64_t modseq;
    struct user *users[2];
    int broken_reads; /* a READ beyond the first octets fails */
};

/* One session on the mailbox and its host. */
struct user {
    struct test_host host;
    struct test_allocator memory;
    probe *probe;
    struct store *store;
    uint64_t snapshot;
    size_t pins, unpins; /* how many there were */
    size_t appends, ended, aborted;
    uint64_t appended; /* octets of the APPEND at hand */
    int refuse_append;
};

void store_add(struct store *store, uint64_t size);
/* The octet at an offset of a message's text. */
uint8_t store_octet(uint32_t uid, uint64_t offset);

int32_t user_begin(struct user *user, struct store *store, size_t index, uint32_t max_open, uint32_t mode,
                   uint64_t seed);
void user_send(struct user *user, const char *text, size_t cut);
/* What it was sent since the last time, NUL-terminated, until the next call. */
const char *user_said(struct user *user);
/* Ends it and checks its books. */
void user_end(struct user *user);

#endif
