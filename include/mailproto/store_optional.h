/* mailproto/store_optional.h - the questions of the storage contract that a store need not answer; included by store.h.
 *
 * Each says what mailproto_store_ask answers where the store has no function for it: done at once and no items, or
 * ERR_UNSUPPORTED, and then the IMAP engine will do without. RFC 9051 6.4.4, RFC 5256, RFC 8970, RFC 9208, RFC 4314,
 * RFC 5464, RFC 5465.
 */
#ifndef MAILPROTO_STORE_OPTIONAL_H
#define MAILPROTO_STORE_OPTIONAL_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mailproto_store;
struct mailproto_store_run;

/* ---- questions -------------------------------------------------------------------------------------------------- */

/* The octets of `upload`, which was begun and nothing written to, are those of another upload of a store of the same kind,
   all of which are written: one message for several accounts is kept once, if it can be, and else copied. Of one kind are
   stores with this same function: between them it is always possible. ERR_UNSUPPORTED: it is not, write them. The other
   upload may be committed or aborted afterwards without harm. Default: ERR_UNSUPPORTED. */
typedef struct mailproto_store_append_share {
    mailproto_event head;
    uint64_t upload;
    const struct mailproto_store *other; /* the store that has it */
    uint64_t other_upload;
} mailproto_store_append_share;

/* Tell when something changes, by CHANGED items, until cancelled. A hint: it may come late, merged, or never; the asker
   asks CHANGES in any case now and then. Default: done, no hints. */
typedef struct mailproto_store_watch {
    mailproto_event head;
    uint64_t mailbox; /* 0: any, and the list of mailboxes */
} mailproto_store_watch;

/* Mailboxes of the account that changed behind a cursor of the account, which is not that of a mailbox (RFC 5465). Default:
   ERR_UNSUPPORTED; the IMAP engine will do with LIST and STATUS of all. */
typedef struct mailproto_store_account_changes {
    mailproto_event head;
    uint64_t since;
    uint32_t want;
    uint32_t reserved; /* 0 */
} mailproto_store_account_changes;

/* What the engine keeps with a message to save work, such as its structure; the store does not look into it. `version` is
   the engine's: a blob of another version is not given. It may be lost at any time. Default: done, nothing is kept. */
typedef struct mailproto_store_blob_read {
    mailproto_event head;
    uint64_t mailbox;
    uint32_t uid;
    uint32_t version;
} mailproto_store_blob_read;
typedef struct mailproto_store_blob_write {
    mailproto_event head;
    uint64_t mailbox;
    uint32_t uid;
    uint32_t version;
    mailproto_text bytes;
} mailproto_store_blob_write;

/* One condition of a search (RFC 9051 6.4.4, RFC 5032, RFC 8514); a list of them must all hold. */
typedef struct mailproto_store_search_key {
    uint32_t struct_size;
    uint32_t type; /* MAILPROTO_SEARCH_* */
    uint32_t negated;
    uint32_t flags;                         /* FLAGS: all of these are set */
    uint64_t number;                        /* LARGER, SMALLER: octets; MODSEQ: at least; OLDER, YOUNGER: seconds */
    int64_t date;                           /* BEFORE, ON, SINCE: the day's midnight in UTC */
    mailproto_text field;                   /* HEADER: the field's name */
    mailproto_text text;                    /* HEADER, BODY, TEXT, KEYWORD: UTF-8 */
    const struct mailproto_store_run *uids; /* UID */
    const struct mailproto_store_search_key *either; /* OR: a list, and */
    const struct mailproto_store_search_key *other;  /* another */
    const struct mailproto_store_search_key *next;
} mailproto_store_search_key;
enum {
    MAILPROTO_SEARCH_ALL = 1,
    MAILPROTO_SEARCH_FLAGS = 2,
    MAILPROTO_SEARCH_KEYWORD = 3,
    MAILPROTO_SEARCH_UID = 4,
    MAILPROTO_SEARCH_LARGER = 5,
    MAILPROTO_SEARCH_SMALLER = 6,
    MAILPROTO_SEARCH_MODSEQ = 7,
    MAILPROTO_SEARCH_HEADER = 8,
    MAILPROTO_SEARCH_BODY = 9,
    MAILPROTO_SEARCH_TEXT = 10,
    MAILPROTO_SEARCH_BEFORE = 11, /* by internal date */
    MAILPROTO_SEARCH_ON = 12,
    MAILPROTO_SEARCH_SINCE = 13,
    MAILPROTO_SEARCH_SENT_BEFORE = 14, /* by the field Date */
    MAILPROTO_SEARCH_SENT_ON = 15,
    MAILPROTO_SEARCH_SENT_SINCE = 16,
    MAILPROTO_SEARCH_SAVED_BEFORE = 17, /* by save date */
    MAILPROTO_SEARCH_SAVED_ON = 18,
    MAILPROTO_SEARCH_SAVED_SINCE = 19,
    MAILPROTO_SEARCH_OLDER = 20,
    MAILPROTO_SEARCH_YOUNGER = 21,
    MAILPROTO_SEARCH_OR = 22,
    MAILPROTO_SEARCH_AND = 23, /* the list `either`: with negated, not all of them */
    MAILPROTO_SEARCH_EMAIL_ID = 24,
    MAILPROTO_SEARCH_THREAD_ID = 25
};

/* Which messages match. Default: ERR_UNSUPPORTED, as a store answers to keys that it does not know; the IMAP engine will
   read the messages. */
typedef struct mailproto_store_search {
    mailproto_event head;
    uint64_t mailbox;
    const mailproto_store_search_key *keys;
} mailproto_store_search;

/* One criterion of an order (RFC 5256 3). */
typedef struct mailproto_store_sort_key {
    uint32_t struct_size;
    uint32_t type; /* MAILPROTO_SORT_* */
    uint32_t reverse;
    uint32_t reserved; /* 0 */
    const struct mailproto_store_sort_key *next;
} mailproto_store_sort_key;
enum {
    MAILPROTO_SORT_ARRIVAL = 1,
    MAILPROTO_SORT_CC = 2,
    MAILPROTO_SORT_DATE = 3,
    MAILPROTO_SORT_FROM = 4,
    MAILPROTO_SORT_SIZE = 5,
    MAILPROTO_SORT_SUBJECT = 6,
    MAILPROTO_SORT_TO = 7,
    MAILPROTO_SORT_DISPLAY_FROM = 8, /* RFC 5957 */
    MAILPROTO_SORT_DISPLAY_TO = 9
};

/* The messages in an order. Default: ERR_UNSUPPORTED; the IMAP engine will sort. */
typedef struct mailproto_store_sort {
    mailproto_event head;
    uint64_t mailbox;
    const struct mailproto_store_run *uids;
    const mailproto_store_sort_key *keys;
} mailproto_store_sort;

/* The first words of a message. Default: ERR_UNSUPPORTED; the IMAP engine will make them. */
typedef struct mailproto_store_preview {
    mailproto_event head;
    uint64_t mailbox;
    uint32_t uid;
    uint32_t reserved; /* 0 */
} mailproto_store_preview;

/* Resources of a quota (RFC 9208 3.1). */
enum {
    MAILPROTO_QUOTA_STORAGE = 1, /* octets */
    MAILPROTO_QUOTA_MESSAGE = 2,
    MAILPROTO_QUOTA_MAILBOX = 3
};

/* The quotas that hold for a mailbox (0: of the account). Default: done, no quotas; QUOTA_SET: ERR_UNSUPPORTED. */
typedef struct mailproto_store_quota {
    mailproto_event head;
    uint64_t mailbox;
} mailproto_store_quota;
typedef struct mailproto_store_quota_set {
    mailproto_event head;
    mailproto_text root; /* "": the account's */
    uint32_t resource;
    uint32_t has_limit; /* 0: none from now on */
    uint64_t limit;
} mailproto_store_quota_set;

/* Who may do what with a mailbox (RFC 4314). identifier: "" for all; for ACL_SET whose rights become `rights`; 0 removes
   them. Default: ERR_UNSUPPORTED: there is no list, and the IMAP engine will do without one; AUTHORISE is asked all the
   same. */
typedef struct mailproto_store_acl {
    mailproto_event head;
    uint64_t mailbox;
    mailproto_text identifier;
} mailproto_store_acl;
typedef struct mailproto_store_acl_set {
    mailproto_event head;
    uint64_t mailbox;
    mailproto_text identifier;
    uint32_t rights;
    uint32_t reserved; /* 0 */
} mailproto_store_acl_set;

/* Annotations of a mailbox, or of the server with mailbox 0 (RFC 5464). name: an entry, "/private/comment"; METADATA tells
   those at and below it, `depth` levels, that have a value. METADATA_SET without a value removes. Default: done, none;
   METADATA_SET: ERR_UNSUPPORTED. */
typedef struct mailproto_store_metadata {
    mailproto_event head;
    uint64_t mailbox;
    mailproto_text name;
    uint32_t depth;    /* MAILPROTO_UNLIMITED: all below */
    uint32_t reserved; /* 0 */
} mailproto_store_metadata;
typedef struct mailproto_store_metadata_set {
    mailproto_event head;
    uint64_t mailbox;
    mailproto_text name;
    mailproto_text value;
    uint32_t has_value;
    uint32_t reserved; /* 0 */
} mailproto_store_metadata_set;

/* ---- items ------------------------------------------------------------------------------------------------------ */

/* A hint: look at this mailbox; 0: at the list of mailboxes. */
typedef struct mailproto_store_changed {
    mailproto_event head;
    uint64_t mailbox;
} mailproto_store_changed;

/* A resource of a quota: what is used of it, and how much there is. */
typedef struct mailproto_store_quota_item {
    mailproto_event head;
    mailproto_text root;
    uint32_t resource; /* MAILPROTO_QUOTA_* */
    uint32_t has_limit;
    uint64_t used;
    uint64_t limit;
} mailproto_store_quota_item;

/* Who has which rights. */
typedef struct mailproto_store_acl_item {
    mailproto_event head;
    mailproto_text identifier;
    uint32_t rights;
    uint32_t reserved; /* 0 */
} mailproto_store_acl_item;

/* An annotation and its value. */
typedef struct mailproto_store_metadata_item {
    mailproto_event head;
    mailproto_text name;
    mailproto_text value;
} mailproto_store_metadata_item;

#ifdef __cplusplus
}
#endif
#endif
