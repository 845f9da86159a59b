/* mailproto/store_values.h - the small things that questions and items of the storage contract speak in.
 * Included by store.h: flags, what a mailbox is, rights, UIDs, keywords. RFC 9051 2.3, RFC 6154, RFC 4314.
 */
#ifndef MAILPROTO_STORE_VALUES_H
#define MAILPROTO_STORE_VALUES_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* System flags of a message (RFC 9051 2.3.2). */
enum {
    MAILPROTO_FLAG_SEEN = 1,
    MAILPROTO_FLAG_ANSWERED = 2,
    MAILPROTO_FLAG_FLAGGED = 4,
    MAILPROTO_FLAG_DELETED = 8,
    MAILPROTO_FLAG_DRAFT = 16
};

/* What a mailbox is (RFC 9051 7.3.1, RFC 6154 2). */
enum {
    MAILPROTO_MAILBOX_NOINFERIORS = 1,
    MAILPROTO_MAILBOX_NOSELECT = 2,
    MAILPROTO_MAILBOX_NONEXISTENT = 4, /* a subscribed name without a mailbox; its id is 0 */
    MAILPROTO_MAILBOX_ALL = 0x100,
    MAILPROTO_MAILBOX_ARCHIVE = 0x200,
    MAILPROTO_MAILBOX_DRAFTS = 0x400,
    MAILPROTO_MAILBOX_FLAGGED = 0x800,
    MAILPROTO_MAILBOX_JUNK = 0x1000,
    MAILPROTO_MAILBOX_SENT = 0x2000,
    MAILPROTO_MAILBOX_TRASH = 0x4000,
    MAILPROTO_MAILBOX_IMPORTANT = 0x8000 /* RFC 8457 3 */
};

/* Rights to a mailbox (RFC 4314 2.1); in brackets the letter that says it on the wire. */
enum {
    MAILPROTO_RIGHT_LOOKUP = 1,           /* (l) */
    MAILPROTO_RIGHT_READ = 2,             /* (r) */
    MAILPROTO_RIGHT_SEEN = 4,             /* (s) */
    MAILPROTO_RIGHT_WRITE = 8,            /* (w) flags other than \Seen and \Deleted */
    MAILPROTO_RIGHT_INSERT = 16,          /* (i) */
    MAILPROTO_RIGHT_POST = 32,            /* (p) */
    MAILPROTO_RIGHT_CREATE = 64,          /* (k) */
    MAILPROTO_RIGHT_DELETE = 128,         /* (x) the mailbox */
    MAILPROTO_RIGHT_DELETE_MESSAGE = 256, /* (t) the flag \Deleted */
    MAILPROTO_RIGHT_EXPUNGE = 512,        /* (e) */
    MAILPROTO_RIGHT_ADMIN = 1024          /* (a) */
};

/* UIDs first..last; lists rise and do not overlap. */
typedef struct mailproto_store_run {
    uint32_t struct_size;
    uint32_t first; /* 1 <= first <= last */
    uint32_t last;
    uint32_t reserved; /* 0 */
    const struct mailproto_store_run *next;
} mailproto_store_run;

/* A keyword: a flag that is not a system flag, an atom (RFC 9051 2.3.2). Compared without case, kept as first written. */
typedef struct mailproto_store_keyword {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    mailproto_text name;
    const struct mailproto_store_keyword *next;
} mailproto_store_keyword;

#ifdef __cplusplus
}
#endif
#endif
