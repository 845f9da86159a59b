/* mailproto/store.h - the storage contract: how servers reach mail, and what a store promises.
 *
 * A store keeps the mailboxes of one account. The POP3 server, delivery by SMTP and LMTP and the IMAP server ask it; the
 * host implements it, or takes one of mailproto-store: in memory, or Maildir with SQLite. `mailproto_store` is its table
 * of functions: delivery requires 5 of them, POP3 10, IMAP 21 (mailproto_store_check names what is missing); what the others
 * answer where they are not there is said in store_optional.h. The structs that cross are in store_questions.h (required),
 * store_optional.h and store_items.h.
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
#include "store_items.h"
#include "store_optional.h"
#include "store_questions.h"
#include "store_values.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- questions and items ---------------------------------------------------------------------------------------- */

/* What can be asked, and in which items the answer comes. The structs are in store_questions.h, store_optional.h and
   store_items.h, and called as their numbers. */
enum {
    MAILPROTO_STORE_LIST = 0x500,      /* items MAILBOX */
    MAILPROTO_STORE_OPEN = 0x501,      /* one item OPENED, items KEYWORD */
    MAILPROTO_STORE_CLOSE = 0x502,     /* token 0: no answer */
    MAILPROTO_STORE_STATUS = 0x503,    /* one item STATUS_ITEM */
    MAILPROTO_STORE_CREATE = 0x504,    /* one item MAILBOX */
    MAILPROTO_STORE_DELETE = 0x505,    /* no item */
    MAILPROTO_STORE_RENAME = 0x506,    /* no item */
    MAILPROTO_STORE_SUBSCRIBE = 0x507, /* no item */
    MAILPROTO_STORE_AUTHORISE = 0x508, /* no item: done is yes, ERR_DENIED no. Only the IMAP server asks it */
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

/* ---- the asker -------------------------------------------------------------------------------------------------- */

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

/* ---- the store -------------------------------------------------------------------------------------------------- */

enum {
    /* CHANGES tells what vanished since a cursor, across restarts: QRESYNC. How far back is the store's: to a cursor before
       what it remembers the answer is ERR_RESYNC. */
    MAILPROTO_STORE_REMEMBERS_EXPUNGES = 1,
    MAILPROTO_STORE_SPECIAL_USE = 2, /* CREATE keeps special_use */
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
