/* mailproto/store.h - the storage contract: how servers reach mail, and what a store promises.
 *
 * A store keeps the mailboxes of one account. The POP3 server, delivery by SMTP and LMTP and the IMAP server ask it; the
 * host implements it, or takes one of mailproto-store: in memory, or Maildir with SQLite. `mailproto_store` is its table
 * of functions; about a dozen are required, the rest are accelerators with a working default.
 *
 * QUESTIONS  A function gets a question, a struct that begins with mailproto_event, and answers it now or later: any
 *            number of items with mailproto_store_give, and then once, for all questions whose token is not 0,
 *            mailproto_store_done or mailproto_store_fail. Returning a negative result is fail with it. Questions of one
 *            asker may be open together, and may be answered in any order unless they touch the same upload, message or
 *            opening: those stay in order.
 *            What a question points to is used or copied before the function returns (mailproto_store_keep does it).
 *            The asker stays until all it asked is answered or cancelled. Answers come on the asker's thread.
 * ITEMS      What an item points to is lent until mailproto_store_give returns. The asker may have enough: give then says
 *            MAILPROTO_STORE_ENOUGH, and done is to follow. An item of a type that the question does not name is ignored.
 *            A slice that give did not take (a negative answer) has no lease.
 * CANCEL     ends a question without an answer. What its answer would have opened is closed by the store; what it changes
 *            may have happened. Answers to it are ERR_TOKEN, and after the call the store does not touch the asker for it.
 *            An upload whose begin or write was cancelled can only be aborted.
 * ERRORS     A mailbox that is not there (any more), or cannot be selected, is ERR_NOT_FOUND for whatever is asked of it.
 * RULES      - Each call is atomic, and calls on one mailbox are linearizable.
 *            - Done of append_commit, copy, move and expunge means durable: it survives a loss of power. Flags may be lost
 *              with the power; numbers are never reused.
 *            - The store alone allocates UID, MODSEQ and UIDVALIDITY. UIDs rise in the order in which they become
 *              visible, and are durable before they are told. UIDVALIDITY comes from a counter that never goes back: a
 *              name that was deleted and made again, an index that was rebuilt, get a greater one.
 *            - A cursor is a MODSEQ of the mailbox. No change at or below a cursor that was told may appear later.
 *            - A mailbox is its id; its name is an attribute. RENAME keeps id, UIDs and UIDVALIDITY, and inferiors follow.
 *              RENAME of INBOX makes the new mailbox, moves all messages there and leaves INBOX and its inferiors.
 *            - Octets have CRLF line ends. A size is exact for what is read out and never changes for a UID.
 *            - An open message can be read to its end, even if it is expunged meanwhile.
 * TIME       Calendar times are seconds since 1970 in UTC, with a zone in minutes east where the protocol keeps one.
 *
 * RFC 9051 2.3.1.1, RFC 7162 3.1, RFC 4315, RFC 1939.
 */
#ifndef MAILPROTO_STORE_H
#define MAILPROTO_STORE_H

#include "base.h"
#include "store_optional.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- numbers and small things ---------------------------------------------------------------------------------- */

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

/* ---- the asker ------------------------------------------------------------------------------------------------- */

/* Who asks, and is told the answers. Engines have one inside; a program that asks a store by itself makes one, as the first
   field of what it keeps. Its functions are called through mailproto_store_give, done and fail only, from inside of the
   question or later, and may ask further questions. */
typedef struct mailproto_store_asker {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    /* An item of the answer. OK; MAILPROTO_STORE_ENOUGH; ERR_TOKEN: not asked, or cancelled. */
    int32_t (*item)(struct mailproto_store_asker *asker, uint64_t token, const mailproto_event *item);
    /* The end of the answer. why: 0, or a negative result and a sentence for people. OK; ERR_TOKEN. */
    int32_t (*end)(struct mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len);
} mailproto_store_asker;

enum { MAILPROTO_STORE_ENOUGH = 3 }; /* the item was taken, and no more are wanted */

/* Gives an item: OK, go on; ENOUGH, say done; ERR_TOKEN: nobody waits for it, stop; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_store_give(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item);
/* Ends the answer well. OK; ERR_TOKEN; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_store_done(mailproto_store_asker *asker, uint64_t token);
/* Ends it badly: nothing was done, but for what the question says. why: a negative result, which decides what the peer is
   told: ERR_NOT_FOUND, ERR_EXISTS, ERR_GONE, ERR_DENIED, ERR_BUSY, ERR_QUOTA, ERR_FULL, ERR_UNAVAILABLE, ERR_CORRUPT,
   ERR_RESYNC, ERR_LIMIT, ERR_UNSUPPORTED, ERR_NOMEM; any other counts as ERR_UNAVAILABLE. text is for logs, and may be
   NULL. OK; ERR_TOKEN; ERR_ARG: NULL, or why is not negative. */
MAILPROTO_API int32_t mailproto_store_fail(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text,
                                           size_t len);

/* ---- questions: mailboxes -------------------------------------------------------------------------------------- */

enum {
    MAILPROTO_STORE_LIST = 0x500,      /* items MAILBOX */
    MAILPROTO_STORE_OPEN = 0x501,      /* one item OPENED, items KEYWORD */
    MAILPROTO_STORE_CLOSE = 0x502,     /* token 0: no answer */
    MAILPROTO_STORE_STATUS = 0x503,    /* one item STATUS_ITEM */
    MAILPROTO_STORE_CREATE = 0x504,    /* one item MAILBOX */
    MAILPROTO_STORE_DELETE = 0x505,    /* no item */
    MAILPROTO_STORE_RENAME = 0x506,    /* no item */
    MAILPROTO_STORE_SUBSCRIBE = 0x507, /* no item */
    MAILPROTO_STORE_AUTHORISE = 0x508, /* no item: done is yes, ERR_DENIED no */
    /* of messages */
    MAILPROTO_STORE_CHANGES = 0x510,       /* items VANISHED, MESSAGE; one item CURSOR, the last */
    MAILPROTO_STORE_MESSAGE_OPEN = 0x511,  /* one item MESSAGE_OPENED */
    MAILPROTO_STORE_MESSAGE_READ = 0x512,  /* one item SLICE */
    MAILPROTO_STORE_MESSAGE_CLOSE = 0x513, /* token 0: no answer */
    MAILPROTO_STORE_APPEND_BEGIN = 0x514,  /* one item UPLOAD */
    MAILPROTO_STORE_APPEND_WRITE = 0x515,  /* no item */
    MAILPROTO_STORE_APPEND_COMMIT = 0x516, /* items APPENDED */
    MAILPROTO_STORE_APPEND_ABORT = 0x517,  /* token 0: no answer */
    MAILPROTO_STORE_FLAGS = 0x518,         /* items MESSAGE, MODIFIED, VANISHED */
    MAILPROTO_STORE_COPY = 0x519,          /* items COPIED */
    MAILPROTO_STORE_EXPUNGE = 0x51a,       /* items VANISHED */
    MAILPROTO_STORE_SNAPSHOT_END = 0x51b,  /* token 0: no answer */
    /* optional */
    MAILPROTO_STORE_APPEND_SHARE = 0x530,    /* no item */
    MAILPROTO_STORE_WATCH = 0x531,           /* items CHANGED, until it is cancelled */
    MAILPROTO_STORE_ACCOUNT_CHANGES = 0x532, /* items MAILBOX; one item CURSOR, the last */
    MAILPROTO_STORE_BLOB_READ = 0x533,       /* at most one item SLICE */
    MAILPROTO_STORE_BLOB_WRITE = 0x534,      /* no item */
    MAILPROTO_STORE_SEARCH = 0x535,          /* items VANISHED: the UIDs found, as runs */
    MAILPROTO_STORE_SORT = 0x536,            /* items VANISHED: the UIDs in their order, as runs that rise */
    MAILPROTO_STORE_PREVIEW = 0x537,         /* one item SLICE: UTF-8, at most 256 characters (RFC 8970 3) */
    MAILPROTO_STORE_QUOTA = 0x538,           /* items QUOTA_ITEM */
    MAILPROTO_STORE_QUOTA_SET = 0x539,       /* no item */
    MAILPROTO_STORE_ACL = 0x53a,             /* items ACL_ITEM */
    MAILPROTO_STORE_ACL_SET = 0x53b,         /* no item */
    MAILPROTO_STORE_METADATA = 0x53c,        /* items METADATA_ITEM */
    MAILPROTO_STORE_METADATA_SET = 0x53d,    /* no item */
    /* items of answers */
    MAILPROTO_STORE_MAILBOX = 0x580,        /* mailproto_store_mailbox */
    MAILPROTO_STORE_OPENED = 0x581,         /* mailproto_store_opened */
    MAILPROTO_STORE_KEYWORD = 0x582,        /* mailproto_store_keyword_item */
    MAILPROTO_STORE_STATUS_ITEM = 0x583,    /* mailproto_store_status_item */
    MAILPROTO_STORE_VANISHED = 0x584,       /* mailproto_store_uids */
    MAILPROTO_STORE_MODIFIED = 0x585,       /* mailproto_store_uids */
    MAILPROTO_STORE_MESSAGE = 0x586,        /* mailproto_store_message */
    MAILPROTO_STORE_CURSOR = 0x587,         /* mailproto_store_cursor */
    MAILPROTO_STORE_MESSAGE_OPENED = 0x588, /* mailproto_store_message_opened */
    MAILPROTO_STORE_SLICE = 0x589,          /* mailproto_store_slice */
    MAILPROTO_STORE_UPLOAD = 0x58a,         /* mailproto_store_upload */
    MAILPROTO_STORE_APPENDED = 0x58b,       /* mailproto_store_appended */
    MAILPROTO_STORE_COPIED = 0x58c,         /* mailproto_store_copied */
    MAILPROTO_STORE_CHANGED = 0x58d,        /* mailproto_store_changed */
    MAILPROTO_STORE_QUOTA_ITEM = 0x58e,     /* mailproto_store_quota_item */
    MAILPROTO_STORE_ACL_ITEM = 0x58f,       /* mailproto_store_acl_item */
    MAILPROTO_STORE_METADATA_ITEM = 0x590   /* mailproto_store_metadata_item */
};

/* Mailboxes behind the name `after` ("" : from the first), at most `want`. In hierarchy order: names are compared
   component by component, octet by octet, '/' between components, so that a mailbox comes before its inferiors and they
   stand together. Subscribed names that do not exist are among them. INBOX always exists. `only`: that name alone, in
   any case if it is INBOX; nothing is given if it is neither a mailbox nor subscribed. */
typedef struct mailproto_store_list {
    mailproto_event head;
    mailproto_text after;
    mailproto_text only; /* not empty: this name alone */
    uint32_t want;       /* 0: no limit */
    uint32_t subscribed; /* 1: only those that are subscribed */
} mailproto_store_list;

enum {
    MAILPROTO_STORE_READ_ONLY = 1,
    MAILPROTO_STORE_READ_WRITE = 2,
    MAILPROTO_STORE_EXCLUSIVE = 3 /* as POP3 locks its maildrop: ERR_BUSY while another has it so. Others may open it */
};

/* Makes a mailbox ready for CHANGES, and tells its state. Open any number of times; each is closed once, by `opening`. */
typedef struct mailproto_store_open {
    mailproto_event head;
    uint64_t mailbox;
    uint32_t mode;
    uint32_t reserved; /* 0 */
} mailproto_store_open;

/* Closes what OPENED told; its snapshots go with it. */
typedef struct mailproto_store_close {
    mailproto_event head;
    uint64_t opening;
} mailproto_store_close;

/* What STATUS wants to know; the store may tell more. */
enum {
    MAILPROTO_STATUS_MESSAGES = 1,
    MAILPROTO_STATUS_UNSEEN = 2,
    MAILPROTO_STATUS_DELETED = 4,
    MAILPROTO_STATUS_SIZE = 8, /* the octets of all messages (RFC 8438) */
    MAILPROTO_STATUS_UIDNEXT = 16,
    MAILPROTO_STATUS_UIDVALIDITY = 32,
    MAILPROTO_STATUS_CURSOR = 64,       /* HIGHESTMODSEQ */
    MAILPROTO_STATUS_DELETED_SIZE = 128 /* RFC 9208 5.1 */
};

/* Counts of a mailbox that need not be open, all true at one cursor. */
typedef struct mailproto_store_status {
    mailproto_event head;
    uint64_t mailbox;
    uint32_t wanted;   /* MAILPROTO_STATUS_* */
    uint32_t reserved; /* 0 */
} mailproto_store_status;

/* Makes a mailbox, and those above it that are missing. A name that DELETE left is a mailbox again. INBOX, and INBOX as
   the first component, is the same in any case. ERR_EXISTS; ERR_LIMIT: a name the store cannot keep. */
typedef struct mailproto_store_create {
    mailproto_event head;
    mailproto_text name;  /* UTF-8, '/' between components, none at the end; no empty component, no control character */
    uint32_t special_use; /* of MAILPROTO_MAILBOX_ALL ...; ERR_UNSUPPORTED if it cannot be kept (RFC 6154 3) */
    uint32_t reserved;    /* 0 */
} mailproto_store_create;

/* Removes a mailbox and its messages for good; what was opened of it is ERR_NOT_FOUND from now on, even if the name is made
   again. One with inferiors stays as a name that cannot be selected: ERR_DENIED for that while it has them (RFC 9051
   6.3.5), and for INBOX. A subscription stays. */
typedef struct mailproto_store_delete {
    mailproto_event head;
    uint64_t mailbox;
} mailproto_store_delete;

/* Gives a mailbox another name. See RULES for INBOX. Mailboxes above the new name are made if missing; subscriptions stay
   with the old name (RFC 9051 6.3.9). ERR_EXISTS; ERR_DENIED: the new name is below the mailbox itself; ERR_LIMIT. */
typedef struct mailproto_store_rename {
    mailproto_event head;
    uint64_t mailbox;
    mailproto_text name;
} mailproto_store_rename;

/* Subscribes to a name (1) or not (0), whether there is such a mailbox or not. */
typedef struct mailproto_store_subscribe {
    mailproto_event head;
    mailproto_text name;
    uint32_t subscribed;
    uint32_t reserved; /* 0 */
} mailproto_store_subscribe;

/* Whether who uses this store may do that. Every mailbox that a command names passes here. */
typedef struct mailproto_store_authorise {
    mailproto_event head;
    uint64_t mailbox; /* 0: by name, one that does not exist */
    mailproto_text name;
    uint32_t rights;   /* MAILPROTO_RIGHT_*: all of them */
    uint32_t reserved; /* 0 */
} mailproto_store_authorise;

/* ---- questions: messages --------------------------------------------------------------------------------------- */

/* What became of a mailbox behind the cursor `since`; 0: all of it. First the UIDs that vanished, as runs (not for since
   0), then messages that are new or changed, in UID order, and at the end CURSOR. At most `want` messages: then CURSOR has
   `more` and a snapshot, and the next page is asked for with it. All pages show the same moment, and tell the same cursor.
   A snapshot ends with its last page, by ENOUGH, by SNAPSHOT_END, or with its opening. ERR_RESYNC: the store does not
   remember so far back; ask from 0 and compare. */
typedef struct mailproto_store_changes {
    mailproto_event head;
    uint64_t opening;
    uint64_t since;
    uint64_t snapshot;               /* 0: now */
    const mailproto_store_run *uids; /* of these alone; NULL: of all. The same for all pages */
    uint32_t want;                   /* 0: no limit */
    uint32_t reserved;               /* 0 */
} mailproto_store_changes;

/* The other pages are not wanted. */
typedef struct mailproto_store_snapshot_end {
    mailproto_event head;
    uint64_t opening;
    uint64_t snapshot;
} mailproto_store_snapshot_end;

/* Pins a message: it can be read to its end, whatever becomes of it. ERR_GONE: it was removed. */
typedef struct mailproto_store_message_open {
    mailproto_event head;
    uint64_t mailbox;
    uint32_t uid;
    uint32_t reserved; /* 0 */
} mailproto_store_message_open;

/* Octets from `offset` on, at least 1 and at most max, unless offset is the size: then the slice is empty. */
typedef struct mailproto_store_message_read {
    mailproto_event head;
    uint64_t message; /* as MESSAGE_OPENED told it */
    uint64_t offset;
    size_t max;
} mailproto_store_message_read;

/* Ends the pin of a message. A message that was opened is closed once. */
typedef struct mailproto_store_message_close {
    mailproto_event head;
    uint64_t message;
} mailproto_store_message_close;

enum {
    /* Nobody will be told UIDs, as when mail is delivered: the message may get its UID when it is first listed. No item
       APPENDED is given. */
    MAILPROTO_STORE_NO_UIDS = 1,
    /* `size` is what the sender said: good for a quota, not to be held to. */
    MAILPROTO_STORE_SIZE_ESTIMATED = 2
};

/* Begins a message in a mailbox. upload 0: a new group; else one more message of that group, in the same mailbox: the one
   begun before is complete. ERR_QUOTA, ERR_FULL, ERR_LIMIT as far as it can be known now. */
typedef struct mailproto_store_append_begin {
    mailproto_event head;
    uint64_t mailbox;
    uint64_t upload;
    uint64_t size; /* octets that will be written; 0: not known. Enforced by ERR_LIMIT, unless SIZE_ESTIMATED */
    int64_t internal_date;
    int32_t zone;      /* minutes east of UTC */
    uint32_t flags;    /* MAILPROTO_FLAG_* */
    uint32_t options;  /* MAILPROTO_STORE_NO_UIDS, MAILPROTO_STORE_SIZE_ESTIMATED */
    uint32_t has_date; /* 0: the store takes its clock's */
    const mailproto_store_keyword *keywords;
} mailproto_store_append_begin;

/* More octets of the message that was begun last. Answered when there is room for more. An error ends the upload: abort
   it. */
typedef struct mailproto_store_append_write {
    mailproto_event head;
    uint64_t upload;
    mailproto_text bytes;
} mailproto_store_append_write;

/* All messages of the group become visible together, or none, durably; the upload is over, whatever the answer. APPENDED
   for each, in the order in which they were begun. */
typedef struct mailproto_store_append_commit {
    mailproto_event head;
    uint64_t upload;
} mailproto_store_append_commit;

/* Forgets the upload: nothing of it is left. */
typedef struct mailproto_store_append_abort {
    mailproto_event head;
    uint64_t upload;
} mailproto_store_append_abort;

enum { MAILPROTO_STORE_FLAGS_ADD = 1, MAILPROTO_STORE_FLAGS_REMOVE = 2, MAILPROTO_STORE_FLAGS_REPLACE = 3 };

/* Changes flags and keywords. A message whose modseq is greater than unchanged_since is left as it is and told by MODIFIED;
   compared and set in one step. MESSAGE for each that exists otherwise, with what it has now and its modseq, which is new
   only if something changed. VANISHED for UIDs that are gone. */
typedef struct mailproto_store_flags {
    mailproto_event head;
    uint64_t mailbox;
    const mailproto_store_run *uids;
    uint64_t unchanged_since; /* UINT64_MAX: whatever it is */
    uint32_t operation;       /* MAILPROTO_STORE_FLAGS_* */
    uint32_t flags;           /* MAILPROTO_FLAG_* */
    const mailproto_store_keyword *keywords;
} mailproto_store_flags;

/* Copies messages with flags, keywords and internal date, all or none; UIDs that are gone are left out. COPIED for each
   pair, in UID order. move: each message is on exactly one side at any moment; those that were not moved stay, and have no
   pair. ERR_NOT_FOUND: the destination is not there. */
typedef struct mailproto_store_copy {
    mailproto_event head;
    uint64_t mailbox;
    const mailproto_store_run *uids;
    uint64_t destination;
    uint32_t move;
    uint32_t reserved; /* 0 */
} mailproto_store_copy;

/* Removes those of the UIDs that are \Deleted at this instant. uids NULL: of all. VANISHED for what was removed. */
typedef struct mailproto_store_expunge {
    mailproto_event head;
    uint64_t mailbox;
    const mailproto_store_run *uids;
} mailproto_store_expunge;

/* ---- items ------------------------------------------------------------------------------------------------------ */

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
    mailproto_text email_id; /* RFC 8474 5.1: the same octets have the same one; empty: none */
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

/* ---- the store -------------------------------------------------------------------------------------------------- */

enum {
    MAILPROTO_STORE_REMEMBERS_EXPUNGES = 1, /* CHANGES tells what vanished since a cursor, across restarts: QRESYNC */
    MAILPROTO_STORE_SPECIAL_USE = 2,        /* CREATE keeps special_use */
    MAILPROTO_STORE_SAVE_DATE = 4,
    MAILPROTO_STORE_OBJECT_IDS = 8
};

/* The functions of a store. Each is called on the thread of the session that asks, gets `user`, and answers 0 (it was
   answered, or will be) or a negative result (fail). A store is used by one thread at a time; several sessions of that
   thread may share it, if it outlives them. NULL: see the question's default. Copied by whoever takes it. */
typedef struct mailproto_store {
    uint32_t struct_size;
    uint32_t promises; /* MAILPROTO_STORE_REMEMBERS_EXPUNGES ... */
    void *user;
    /* required */
    int32_t (*list)(void *user, mailproto_store_asker *asker, const mailproto_store_list *question);
    int32_t (*mailbox_open)(void *user, mailproto_store_asker *asker, const mailproto_store_open *question);
    int32_t (*mailbox_close)(void *user, mailproto_store_asker *asker, const mailproto_store_close *question);
    int32_t (*status)(void *user, mailproto_store_asker *asker, const mailproto_store_status *question);
    int32_t (*mailbox_create)(void *user, mailproto_store_asker *asker, const mailproto_store_create *question);
    int32_t (*mailbox_delete)(void *user, mailproto_store_asker *asker, const mailproto_store_delete *question);
    int32_t (*mailbox_rename)(void *user, mailproto_store_asker *asker, const mailproto_store_rename *question);
    int32_t (*subscribe)(void *user, mailproto_store_asker *asker, const mailproto_store_subscribe *question);
    int32_t (*authorise)(void *user, mailproto_store_asker *asker, const mailproto_store_authorise *question);
    int32_t (*changes)(void *user, mailproto_store_asker *asker, const mailproto_store_changes *question);
    int32_t (*snapshot_end)(void *user, mailproto_store_asker *asker, const mailproto_store_snapshot_end *question);
    int32_t (*message_open)(void *user, mailproto_store_asker *asker, const mailproto_store_message_open *question);
    int32_t (*message_read)(void *user, mailproto_store_asker *asker, const mailproto_store_message_read *question);
    int32_t (*message_close)(void *user, mailproto_store_asker *asker, const mailproto_store_message_close *question);
    int32_t (*append_begin)(void *user, mailproto_store_asker *asker, const mailproto_store_append_begin *question);
    int32_t (*append_write)(void *user, mailproto_store_asker *asker, const mailproto_store_append_write *question);
    int32_t (*append_commit)(void *user, mailproto_store_asker *asker, const mailproto_store_append_commit *question);
    int32_t (*append_abort)(void *user, mailproto_store_asker *asker, const mailproto_store_append_abort *question);
    int32_t (*flags)(void *user, mailproto_store_asker *asker, const mailproto_store_flags *question);
    int32_t (*copy)(void *user, mailproto_store_asker *asker, const mailproto_store_copy *question);
    int32_t (*expunge)(void *user, mailproto_store_asker *asker, const mailproto_store_expunge *question);
    /* The question is no longer of interest; see CANCEL. NULL: all questions are answered before their function returns. */
    void (*cancel)(void *user, mailproto_store_asker *asker, uint64_t token);
    /* The octets of a slice with a lease are no longer read. NULL: no slice has a lease. */
    void (*release)(void *user, uint64_t lease);
    /* optional */
    int32_t (*append_share)(void *user, mailproto_store_asker *asker, const mailproto_store_append_share *question);
    int32_t (*watch)(void *user, mailproto_store_asker *asker, const mailproto_store_watch *question);
    int32_t (*account_changes)(void *user, mailproto_store_asker *asker,
                               const mailproto_store_account_changes *question);
    int32_t (*blob_read)(void *user, mailproto_store_asker *asker, const mailproto_store_blob_read *question);
    int32_t (*blob_write)(void *user, mailproto_store_asker *asker, const mailproto_store_blob_write *question);
    int32_t (*search)(void *user, mailproto_store_asker *asker, const mailproto_store_search *question);
    int32_t (*sort)(void *user, mailproto_store_asker *asker, const mailproto_store_sort *question);
    int32_t (*preview)(void *user, mailproto_store_asker *asker, const mailproto_store_preview *question);
    int32_t (*quota)(void *user, mailproto_store_asker *asker, const mailproto_store_quota *question);
    int32_t (*quota_set)(void *user, mailproto_store_asker *asker, const mailproto_store_quota_set *question);
    int32_t (*acl)(void *user, mailproto_store_asker *asker, const mailproto_store_acl *question);
    int32_t (*acl_set)(void *user, mailproto_store_asker *asker, const mailproto_store_acl_set *question);
    int32_t (*metadata)(void *user, mailproto_store_asker *asker, const mailproto_store_metadata *question);
    int32_t (*metadata_set)(void *user, mailproto_store_asker *asker, const mailproto_store_metadata_set *question);
} mailproto_store;
MAILPROTO_API int32_t mailproto_store_init(mailproto_store *store, size_t size);

/* What a store is wanted for. */
enum { MAILPROTO_STORE_FOR_DELIVERY = 1, MAILPROTO_STORE_FOR_POP3 = 2, MAILPROTO_STORE_FOR_IMAP = 4 };

/* Whether the store has the functions that this needs. ERR_CONFIG: *why, if not NULL, is a static sentence that names the
   first that is missing: "POP3 needs store.changes". OK; ERR_ARG; ERR_CONFIG. */
MAILPROTO_API int32_t mailproto_store_check(const mailproto_store *store, uint32_t purposes, const char **why);

/* Asks: calls the function of the question's type. What is missing answers its default where that needs no engine, else
   ERR_UNSUPPORTED. Whatever the function answers, the asker hears: a negative result becomes `end`. A store over another
   store passes questions on by this. OK; ERR_ARG: NULL, no question, or a malformed one (nothing was asked). */
MAILPROTO_API int32_t mailproto_store_ask(const mailproto_store *store, mailproto_store_asker *asker,
                                          const mailproto_event *question);

/* Cancels a question, as CANCEL says. OK; ERR_ARG. */
MAILPROTO_API int32_t mailproto_store_cancel(const mailproto_store *store, mailproto_store_asker *asker,
                                             uint64_t token);

/* Copies a question or an item of this header with all it points to, into one piece of memory, for stores that answer
   later. allocator NULL: malloc. *out is given back with mailproto_store_kept_free. OK; ERR_ARG: no such type; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_store_keep(mailproto_event **out, const mailproto_event *event,
                                           const mailproto_allocator *allocator);
MAILPROTO_API void mailproto_store_kept_free(mailproto_event *kept, const mailproto_allocator *allocator);

#ifdef __cplusplus
}
#endif
#endif
