/* server_store_uids.h - the UIDs of a maildrop by message number, as runs: octets grow with the gaps between them.
 * RFC 1939 section 5 (message numbers); RFC 9051 section 2.3.1.1 (UIDs rise). */
#ifndef MP_POP3_SERVER_STORE_UIDS_H
#define MP_POP3_SERVER_STORE_UIDS_H

#include "core/memory.h"

/* Messages number.. have the UIDs uid.., `count` of them; count 0: there is no such message. */
struct mp_pop3_run {
    uint32_t number, uid, count;
};

enum { MP_POP3_UIDS_BLOCK = 500 };

/* A piece of the list, which can be read by itself. An entry is the gap before its first UID, doubled, plus 1 if the
   number of the UIDs that follow each other stands behind it; else it is a single one. Numbers take 7 bits an octet. */
struct mp_pop3_uids_block {
    uint32_t number; /* how many messages stand before it */
    uint32_t uid;    /* the last UID before it */
    uint32_t used;
    uint8_t octets[MP_POP3_UIDS_BLOCK];
};

struct mp_pop3_uids {
    struct mp_pop3_uids_block **blocks;
    uint32_t count, capacity; /* of blocks */
    struct mp_pop3_run open;  /* the last run, not yet written */
    uint32_t written;         /* the last UID that is */
    /* where the last look ended: the run that was found, and the entry behind it */
    struct mp_pop3_run at;
    uint32_t block, offset;
};

/* The most that a list of so many takes: 4 octets each, and what does not depend on them. */
enum { MP_POP3_UIDS_FIXED = 3072 };

/* Adds the UID of the next message. OK; ERR_CORRUPT: it does not rise; ERR_NOMEM. */
int32_t mp_pop3_uids_add(struct mp_pop3_uids *uids, const mailproto_allocator *allocator, uint32_t uid);
/* The run that has this message, from it on. */
struct mp_pop3_run mp_pop3_uids_find(struct mp_pop3_uids *uids, uint32_t number);
void mp_pop3_uids_free(struct mp_pop3_uids *uids, const mailproto_allocator *allocator);

#endif
