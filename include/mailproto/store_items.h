/* mailproto/store_items.h - what the questions of the storage contract are answered with.
 * Included by store.h, where the rules stand. RFC 9051 2.3, RFC 7162 3.1, RFC 4315 3, RFC 8474, RFC 8514.
 */
#ifndef MAILPROTO_STORE_ITEMS_H
#define MAILPROTO_STORE_ITEMS_H

#include "store_values.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A mailbox, or a subscribed name. */
typedef struct mailproto_store_mailbox {
    mailproto_event head;
    uint64_t mailbox; /* 0: NONEXISTENT */
    mailproto_text name;
    uint32_t attributes; /* MAILPROTO_MAILBOX_* */
    uint32_t subscribed;
    mailproto_text object_id; /* RFC 8474 4; empty: none. Never another mailbox's */
} mailproto_store_mailbox;

/* What a mailbox is at the moment in which it was opened. */
typedef struct mailproto_store_opened {
    mailproto_event head;
    uint64_t opening; /* for CHANGES and CLOSE */
    uint64_t cursor;  /* HIGHESTMODSEQ; at least 1 */
    uint32_t uidvalidity;
    uint32_t uidnext; /* greater than all UIDs that were ever told */
    uint32_t messages;
    uint32_t rights; /* MAILPROTO_RIGHT_* of who uses the store */
} mailproto_store_opened;

/* A keyword that messages of the mailbox have, or may get. */
typedef struct mailproto_store_keyword_item {
    mailproto_event head;
    mailproto_text name;
} mailproto_store_keyword_item;

/* Counts, all of the moment of `cursor`. */
typedef struct mailproto_store_status_item {
    mailproto_event head;
    uint32_t messages;
    uint32_t unseen;
    uint32_t deleted;
    uint32_t uidnext;
    uint32_t uidvalidity;
    uint32_t reserved; /* 0 */
    uint64_t size;
    uint64_t deleted_size;
    uint64_t cursor;
} mailproto_store_status_item;

/* A run of UIDs. */
typedef struct mailproto_store_uids {
    mailproto_event head;
    uint32_t first;
    uint32_t last;
    uint64_t modseq; /* of VANISHED: what it happened at; else 0 */
} mailproto_store_uids;

/* A message of a mailbox, as it is now. */
typedef struct mailproto_store_message {
    mailproto_event head;
    uint32_t uid;
    uint32_t flags; /* MAILPROTO_FLAG_* */
    uint64_t modseq;
    uint64_t size; /* 0 in answers to FLAGS */
    int64_t internal_date;
    int32_t zone;
    uint32_t has_save_date;
    int64_t save_date; /* RFC 8514 */
    const mailproto_store_keyword *keywords;
    mailproto_text email_id; /* RFC 8474 5.1: a copy has the same one; empty: none */
    mailproto_text thread_id;
} mailproto_store_message;

/* The end of a page of CHANGES: everything up to `cursor` was told, once the last page was. */
typedef struct mailproto_store_cursor {
    mailproto_event head;
    uint64_t cursor;
    uint64_t snapshot; /* with more: for the next page */
    uint32_t more;
    uint32_t reserved; /* 0 */
} mailproto_store_cursor;

/* A message is pinned. */
typedef struct mailproto_store_message_opened {
    mailproto_event head;
    uint64_t message;
    uint64_t size; /* exact, with CRLF line ends */
} mailproto_store_message_opened;

/* Octets. lease 0: they are lent until give returns; else until the asker says release, once. */
typedef struct mailproto_store_slice {
    mailproto_event head;
    mailproto_text bytes;
    uint64_t lease;
} mailproto_store_slice;

/* The group of messages that append_begin began, or went on with. */
typedef struct mailproto_store_upload {
    mailproto_event head;
    uint64_t upload;
} mailproto_store_upload;

/* A message of a group is in the mailbox. */
typedef struct mailproto_store_appended {
    mailproto_event head;
    uint32_t uidvalidity;
    uint32_t uid;
    uint64_t modseq;
} mailproto_store_appended;

/* One message of a copy or a move. */
typedef struct mailproto_store_copied {
    mailproto_event head;
    uint32_t uidvalidity; /* of the destination */
    uint32_t from;
    uint32_t to;
    uint32_t reserved; /* 0 */
} mailproto_store_copied;

#ifdef __cplusplus
}
#endif
#endif
