/* store.c - between who asks a store and the store: questions to its functions, items and ends to the asker.
   The storage contract is mailproto/store.h; RFC 9051 2.3, RFC 1939, RFC 2033. */
#include "mailproto/store.h"

#include "core/memory.h"

enum {
    DELIVERY = MAILPROTO_STORE_FOR_DELIVERY,
    POP3 = MAILPROTO_STORE_FOR_POP3,
    IMAP = MAILPROTO_STORE_FOR_IMAP,
    ALL = DELIVERY | POP3 | IMAP
};

/* Every function: X(question, field, struct, who needs it, what a store without it answers). */
#define FUNCTIONS(X)                                                                                                   \
    X(LIST, list, list, ALL, MAILPROTO_ERR_UNSUPPORTED)                                                                \
    X(OPEN, mailbox_open, open, POP3 | IMAP, MAILPROTO_ERR_UNSUPPORTED)                                                \
    X(CLOSE, mailbox_close, close, POP3 | IMAP, MAILPROTO_ERR_UNSUPPORTED)                                             \
    X(STATUS, status, status, IMAP, MAILPROTO_ERR_UNSUPPORTED)                                                         \
    X(CREATE, mailbox_create, create, IMAP, MAILPROTO_ERR_UNSUPPORTED)                                                 \
    X(DELETE, mailbox_delete, delete, IMAP, MAILPROTO_ERR_UNSUPPORTED)                                                 \
    X(RENAME, mailbox_rename, rename, IMAP, MAILPROTO_ERR_UNSUPPORTED)                                                 \
    X(SUBSCRIBE, subscribe, subscribe, IMAP, MAILPROTO_ERR_UNSUPPORTED)                                                \
    X(AUTHORISE, authorise, authorise, IMAP, MAILPROTO_ERR_UNSUPPORTED)                                                \
    X(CHANGES, changes, changes, POP3 | IMAP, MAILPROTO_ERR_UNSUPPORTED)                                               \
    X(SNAPSHOT_END, snapshot_end, snapshot_end, POP3 | IMAP, MAILPROTO_ERR_UNSUPPORTED)                                \
    X(MESSAGE_OPEN, message_open, message_open, POP3 | IMAP, MAILPROTO_ERR_UNSUPPORTED)                                \
    X(MESSAGE_READ, message_read, message_read, POP3 | IMAP, MAILPROTO_ERR_UNSUPPORTED)                                \
    X(MESSAGE_CLOSE, message_close, message_close, POP3 | IMAP, MAILPROTO_ERR_UNSUPPORTED)                             \
    X(APPEND_BEGIN, append_begin, append_begin, DELIVERY | IMAP, MAILPROTO_ERR_UNSUPPORTED)                            \
    X(APPEND_WRITE, append_write, append_write, DELIVERY | IMAP, MAILPROTO_ERR_UNSUPPORTED)                            \
    X(APPEND_COMMIT, append_commit, append_commit, DELIVERY | IMAP, MAILPROTO_ERR_UNSUPPORTED)                         \
    X(APPEND_ABORT, append_abort, append_abort, DELIVERY | IMAP, MAILPROTO_ERR_UNSUPPORTED)                            \
    X(FLAGS, flags, flags, POP3 | IMAP, MAILPROTO_ERR_UNSUPPORTED)                                                     \
    X(COPY, copy, copy, IMAP, MAILPROTO_ERR_UNSUPPORTED)                                                               \
    X(EXPUNGE, expunge, expunge, POP3 | IMAP, MAILPROTO_ERR_UNSUPPORTED)                                               \
    X(APPEND_SHARE, append_share, append_share, 0, MAILPROTO_ERR_UNSUPPORTED)                                          \
    X(WATCH, watch, watch, 0, MAILPROTO_OK)                                                                            \
    X(ACCOUNT_CHANGES, account_changes, account_changes, 0, MAILPROTO_ERR_UNSUPPORTED)                                 \
    X(BLOB_READ, blob_read, blob_read, 0, MAILPROTO_OK)                                                                \
    X(BLOB_WRITE, blob_write, blob_write, 0, MAILPROTO_OK)                                                             \
    X(SEARCH, search, search, 0, MAILPROTO_ERR_UNSUPPORTED)                                                            \
    X(SORT, sort, sort, 0, MAILPROTO_ERR_UNSUPPORTED)                                                                  \
    X(PREVIEW, preview, preview, 0, MAILPROTO_ERR_UNSUPPORTED)                                                         \
    X(QUOTA, quota, quota, 0, MAILPROTO_OK)                                                                            \
    X(QUOTA_SET, quota_set, quota_set, 0, MAILPROTO_ERR_UNSUPPORTED)                                                   \
    X(ACL, acl, acl, 0, MAILPROTO_ERR_UNSUPPORTED)                                                                     \
    X(ACL_SET, acl_set, acl_set, 0, MAILPROTO_ERR_UNSUPPORTED)                                                         \
    X(METADATA, metadata, metadata, 0, MAILPROTO_OK)                                                                   \
    X(METADATA_SET, metadata_set, metadata_set, 0, MAILPROTO_ERR_UNSUPPORTED)

/* A field that the host's table is long enough to have. */
#define HAS(store, field)                                                                                              \
    ((store)->struct_size >= offsetof(mailproto_store, field) + sizeof(store)->field && (store)->field)

int32_t mailproto_store_init(mailproto_store *store, size_t size)
{
    return mp_struct_init(store, size);
}

int32_t mailproto_store_give(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    if (!asker || !item)
        return MAILPROTO_ERR_ARG;
    return asker->item(asker, token, item);
}

int32_t mailproto_store_done(mailproto_store_asker *asker, uint64_t token)
{
    return asker ? asker->end(asker, token, MAILPROTO_OK, NULL, 0) : MAILPROTO_ERR_ARG;
}

int32_t mailproto_store_fail(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    if (!asker || why >= 0)
        return MAILPROTO_ERR_ARG;
    return asker->end(asker, token, why, text, text ? len : 0);
}

int32_t mailproto_store_check(const mailproto_store *store, uint32_t purposes, const char **why)
{
    if (!store || store->struct_size < sizeof store->struct_size || purposes & ~(uint32_t)ALL)
        return MAILPROTO_ERR_ARG;
#define NEEDED(question, field, name, needs, without)                                                                  \
    if (purposes & (needs) && !HAS(store, field)) {                                                                    \
        if (why)                                                                                                       \
            *why = purposes & (needs)&POP3       ? "POP3 needs store." #field                                          \
                   : purposes & (needs)&DELIVERY ? "delivery needs store." #field                                      \
                                                 : "IMAP needs store." #field;                                         \
        return MAILPROTO_ERR_CONFIG;                                                                                   \
    }
    FUNCTIONS(NEEDED)
#undef NEEDED
    return MAILPROTO_OK;
}

/* A question without a token has no answer: its function's result is of no interest. */
static void answered(mailproto_store_asker *asker, uint64_t token, int32_t result, int missing)
{
    if (token == 0)
        return;
    if (result < 0)
        (void)mailproto_store_fail(asker, token, result, NULL, 0);
    else if (missing)
        (void)mailproto_store_done(asker, token);
}

int32_t mailproto_store_ask(const mailproto_store *store, mailproto_store_asker *asker, const mailproto_event *question)
{
    if (!store || store->struct_size < sizeof store->struct_size || !asker || !question ||
        question->struct_size < sizeof *question)
        return MAILPROTO_ERR_ARG;
    switch (question->type) {
#define ASK(type, field, name, needs, without)                                                                         \
    case MAILPROTO_STORE_##type: {                                                                                     \
        mailproto_store_##name own;                                                                                    \
        if (mp_struct_copy(&own, sizeof own, question))                                                                \
            return MAILPROTO_ERR_ARG;                                                                                  \
        if (HAS(store, field))                                                                                         \
            answered(asker, own.head.token, store->field(store->user, asker, &own), 0);                                \
        else                                                                                                           \
            answered(asker, own.head.token, without, 1);                                                               \
        return MAILPROTO_OK;                                                                                           \
    }
        FUNCTIONS(ASK)
#undef ASK
    default:
        return MAILPROTO_ERR_ARG;
    }
}

int32_t mailproto_store_cancel(const mailproto_store *store, mailproto_store_asker *asker, uint64_t token)
{
    if (!store || !asker || token == 0)
        return MAILPROTO_ERR_ARG;
    if (HAS(store, cancel))
        store->cancel(store->user, asker, token);
    return MAILPROTO_OK;
}
