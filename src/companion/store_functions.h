/* store_functions.h - the functions of a store that take a question, for stores over stores.
 * mailproto/store.h, mailproto_store. */
#ifndef MP_COMPANION_STORE_FUNCTIONS_H
#define MP_COMPANION_STORE_FUNCTIONS_H

/* X(field, struct of its question); all but append_share, in which a second store is to be told. */
#define MP_STORE_FUNCTIONS(X)                                                                                          \
    X(list, list)                                                                                                      \
    X(mailbox_open, open)                                                                                              \
    X(mailbox_close, close)                                                                                            \
    X(status, status)                                                                                                  \
    X(mailbox_create, create)                                                                                          \
    X(mailbox_delete, delete)                                                                                          \
    X(mailbox_rename, rename)                                                                                          \
    X(subscribe, subscribe)                                                                                            \
    X(authorise, authorise)                                                                                            \
    X(changes, changes)                                                                                                \
    X(snapshot_end, snapshot_end)                                                                                      \
    X(message_open, message_open)                                                                                      \
    X(message_read, message_read)                                                                                      \
    X(message_close, message_close)                                                                                    \
    X(append_begin, append_begin)                                                                                      \
    X(append_write, append_write)                                                                                      \
    X(append_commit, append_commit)                                                                                    \
    X(append_abort, append_abort)                                                                                      \
    X(flags, flags)                                                                                                    \
    X(copy, copy)                                                                                                      \
    X(expunge, expunge)                                                                                                \
    X(watch, watch)                                                                                                    \
    X(account_changes, account_changes)                                                                                \
    X(blob_read, blob_read)                                                                                            \
    X(blob_write, blob_write)                                                                                          \
    X(search, search)                                                                                                  \
    X(sort, sort)                                                                                                      \
    X(preview, preview)                                                                                                \
    X(quota, quota)                                                                                                    \
    X(quota_set, quota_set)                                                                                            \
    X(acl, acl)                                                                                                        \
    X(acl_set, acl_set)                                                                                                \
    X(metadata, metadata)                                                                                              \
    X(metadata_set, metadata_set)

#endif
