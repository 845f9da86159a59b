/* maildir_questions.h - the functions of the store, and the snapshots and openings they share; included by maildir.h.
 * The storage contract is mailproto/store.h. */
#ifndef MAILPROTO_STORE_MAILDIR_QUESTIONS_H
#define MAILPROTO_STORE_MAILDIR_QUESTIONS_H

#define MP_QUESTION(function, name)                                                                                    \
    int32_t mp_maildir_ask_##function(void *user, mailproto_store_asker *asker, const mailproto_store_##name *question);
MP_QUESTION(list, list)
MP_QUESTION(open, open)
MP_QUESTION(close, close)
MP_QUESTION(status, status)
MP_QUESTION(create, create)
MP_QUESTION(delete, delete)
MP_QUESTION(rename, rename)
MP_QUESTION(subscribe, subscribe)
MP_QUESTION(authorise, authorise)
MP_QUESTION(changes, changes)
MP_QUESTION(snapshot_end, snapshot_end)
MP_QUESTION(message_open, message_open)
MP_QUESTION(message_read, message_read)
MP_QUESTION(message_close, message_close)
MP_QUESTION(append_begin, append_begin)
MP_QUESTION(append_write, append_write)
MP_QUESTION(append_commit, append_commit)
MP_QUESTION(append_abort, append_abort)
MP_QUESTION(append_share, append_share)
MP_QUESTION(flags, flags)
MP_QUESTION(copy, copy)
MP_QUESTION(expunge, expunge)
MP_QUESTION(watch, watch)
MP_QUESTION(blob_read, blob_read)
MP_QUESTION(blob_write, blob_write)
MP_QUESTION(quota, quota)
MP_QUESTION(quota_set, quota_set)
MP_QUESTION(metadata, metadata)
MP_QUESTION(metadata_set, metadata_set)
void mp_maildir_cancel(void *user, mailproto_store_asker *asker, uint64_t token);
/* Forgets a snapshot, which is in no list any more. */
void mp_maildir_snapshot_end(mp_snapshot *snapshot);
mp_snapshot *mp_maildir_snapshot_new(mp_maildir *m);
/* Gathers: a message, a run that vanished, a UID that was modified. */
int32_t mp_snapshot_message(mp_maildir *m, mp_snapshot *snapshot, const mp_message *message);
int32_t mp_snapshot_vanished(mp_maildir *m, mp_snapshot *snapshot, uint32_t first, uint32_t last, uint64_t modseq);
int32_t mp_snapshot_modified(mp_maildir *m, mp_snapshot *snapshot, uint32_t uid);
/* Another row, with whatever is in it; NULL: no memory. A text that stays with the snapshot; NULL: too long, or no memory. */
mp_row *mp_snapshot_row(mp_snapshot *snapshot);
const char *mp_snapshot_text(mp_snapshot *snapshot, const void *text, size_t len);
int32_t mp_snapshot_give_vanished(mailproto_store_asker *asker, uint64_t token, const mp_snapshot *snapshot);
int32_t mp_snapshot_give_row(mailproto_store_asker *asker, uint64_t token, const mp_snapshot *snapshot,
                             const mp_row *row, mailproto_store_keyword *nodes);
/* Gives messages, then what was modified, then what vanished, and says done. */
int32_t mp_snapshot_answer(mp_maildir *m, mailproto_store_asker *asker, uint64_t token, mp_snapshot *snapshot);
/* Frees what an opening has. */
void mp_maildir_opening_free(mp_maildir *m, mp_opening *opening);
mp_opening *mp_maildir_opening_find(mp_maildir *m, uint64_t id);

#endif
