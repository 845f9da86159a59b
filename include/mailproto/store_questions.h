/* mailproto/store_questions.h - the questions of the storage contract that every store answers.
 * Included by store.h, where the rules stand; MAILPROTO_STORE_LIST and those behind it there say what each is answered by.
 * RFC 9051 6.3 and 6.4, RFC 7162, RFC 1939.
 */
#ifndef MAILPROTO_STORE_QUESTIONS_H
#define MAILPROTO_STORE_QUESTIONS_H

#include "store_values.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- mailboxes -------------------------------------------------------------------------------------------------- */

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

/* Whether who uses this store may do that. Only the IMAP server asks it, for every mailbox that a command names. The POP3
   server looks at the right to read that OPENED tells, delivery at none: for both the host decides before it gives the
   store. */
typedef struct mailproto_store_authorise {
    mailproto_event head;
    uint64_t mailbox; /* 0: by name, one that does not exist */
    mailproto_text name;
    uint32_t rights;   /* MAILPROTO_RIGHT_*: all of them */
    uint32_t reserved; /* 0 */
} mailproto_store_authorise;

/* ---- messages --------------------------------------------------------------------------------------------------- */

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
   begun before is complete. ERR_QUOTA, ERR_FULL, ERR_LIMIT as far as it can be known now; a store that collects octets may
   tell what is wrong, a mailbox that is not there included, with a later question of the upload, at the latest with
   APPEND_COMMIT. */
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

#ifdef __cplusplus
}
#endif
#endif
