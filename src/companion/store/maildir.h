/* maildir.h - what the files of the Maildir store share: the steps of all questions.
 * The storage contract is mailproto/store.h; the layout on disk and the order of durable steps, docs/design/maildir.md. */
#ifndef MAILPROTO_STORE_MAILDIR_INTERNAL_H
#define MAILPROTO_STORE_MAILDIR_INTERNAL_H

#include "maildir_handle.h"

/* ---- sentences (maildir_errors.c) --------------------------------------------------------------------------------- */

/* Keeps a sentence for people about a failed file operation, and answers the result for it. error: negative errno. */
int32_t mp_maildir_file_error(mp_maildir *m, int error, const char *doing, const char *path);
/* The same for a failed call of SQLite. */
int32_t mp_maildir_sql_error(mp_maildir *m, int rc, const char *doing);
/* Keeps a sentence, answers `result`. */
int32_t mp_maildir_error(mp_maildir *m, int32_t result, const char *sentence);
/* Says done, unless giving an item told that nobody waits any more. Answers whether somebody heard it: OK, or ERR_TOKEN. */
int32_t mp_maildir_done(mailproto_store_asker *asker, uint64_t token, int32_t heard);
/* Fails a question with the sentence that was kept. Answers 0, for the function of the store to answer. */
int32_t mp_maildir_fail(mp_maildir *m, mailproto_store_asker *asker, uint64_t token, int32_t why);

/* ---- the index (maildir_index.c, maildir_schema.c, maildir_sql.c) ------------------------------------------------- */

/* Opens it, makes, upgrades or rebuilds it. */
int32_t mp_maildir_index_open(mp_maildir *m);
void mp_maildir_index_close(mp_maildir *m);
/* The account's folders are there; the one of the index. */
int32_t mp_maildir_prepare(mp_maildir *m);
int32_t mp_maildir_make_own(mp_maildir *m);
/* Before each question: the index is there, and still the one of that name; a damaged one is made again. */
int32_t mp_maildir_ready(mp_maildir *m);
/* Creates or upgrades the tables; ERR_CONFIG: newer. ERR_CORRUPT: not one of ours. */
int32_t mp_maildir_schema(mp_maildir *m);
/* Which layout it has; 0: it is empty, or not one of ours. ERR_CONFIG: newer. */
int32_t mp_maildir_schema_version(mp_maildir *m, int *number);
/* Ends the connection to the index, and nothing else. */
void mp_maildir_disconnect(mp_maildir *m);
/* A handle that has nothing open yet; why: as of mailproto_maildir_open. */
int32_t mp_maildir_new(mp_maildir **out, const char *path, const mailproto_maildir_config *config, char *why,
                       size_t why_size);

/* A statement, reset and without values; NULL: the error is kept in m->sentence, and *result is set. */
sqlite3_stmt *mp_sql(mp_maildir *m, unsigned which, int32_t *result);
/* Steps: 1, a row; 0, done; else a negative result. */
int32_t mp_sql_step(mp_maildir *m, sqlite3_stmt *statement);
/* Steps what gives no row, and resets. */
int32_t mp_sql_run(mp_maildir *m, sqlite3_stmt *statement);
/* The statement run with numbers. */
int32_t mp_sql_do(mp_maildir *m, unsigned which, unsigned count, const int64_t *values);
/* The first column of its first row as a number; `none` if there is no row. */
int32_t mp_sql_number(mp_maildir *m, unsigned which, unsigned count, const int64_t *values, int64_t none,
                      int64_t *number);
void mp_sql_bind_text(sqlite3_stmt *statement, int at, const char *text);
/* A column into room of `size` octets, with a NUL. 0: it has no room. */
int mp_sql_text(sqlite3_stmt *statement, int column, char *out, size_t size);

/* Begins to write, when nobody else does, and finishes what others left to do. */
int32_t mp_maildir_write(mp_maildir *m, int durable);
/* The same, and leaves to do what others left. */
int32_t mp_maildir_write_plain(mp_maildir *m, int durable);
int32_t mp_maildir_commit(mp_maildir *m);
void mp_maildir_rollback(mp_maildir *m);
/* A transaction that only reads. */
int32_t mp_maildir_read(mp_maildir *m);
void mp_maildir_read_end(mp_maildir *m);
/* What is in the log goes into the index, which may become so much longer, and its room to the disk. It may fail. */
void mp_maildir_checkpoint(mp_maildir *m, uint64_t most);
/* By how many octets the index would become longer then; in a transaction: with what is written in it. */
uint64_t mp_maildir_growth(mp_maildir *m);

/* ---- room that is kept back (maildir_reserve.c) -------------------------------------------------------------------- */

/* Makes it, if it is not there: 0, or -ENOSPC, -EDQUOT: the disk is too full for it. */
int mp_maildir_reserve(mp_maildir *m);
/* Gives it to who needs it on a full disk. 1: there is more room now. */
enum { MP_TO_SEE = 1, MP_TO_DELETE = 2 };
/* How many octets the two give; and how much longer the index may become when its log is emptied: of a new one, which is in
   the log only, and of what is seen on a full disk, so that the second gives the room for it twice over. */
enum {
    MP_ROOM_TO_SEE = 256 * 1024,
    MP_ROOM_TO_DELETE = 128 * 1024,
    MP_GROWTH_NEW = MP_ROOM_TO_SEE / 2,
    MP_GROWTH = MP_ROOM_TO_DELETE / 2
};
int mp_maildir_release(mp_maildir *m, int stage);
/* Whether the disk has so much room: it is taken, and given back. */
int mp_maildir_has_room(mp_maildir *m, uint64_t size);

/* ---- numbers (maildir_numbers.c) ---------------------------------------------------------------------------------- */

/* In a write transaction that is durable when it allocates a new block. */
int32_t mp_maildir_new_modseq(mp_maildir *m, uint64_t *modseq);
int32_t mp_maildir_new_uidvalidity(mp_maildir *m, uint32_t *uidvalidity);
/* What UIDVALIDITY the file beside the index says may have been given; 0: none. */
uint32_t mp_maildir_uidvalidity_bound(mp_maildir *m);
/* Whether the next number needs a new block, and so a durable transaction. */
int32_t mp_maildir_modseq_needs_durable(mp_maildir *m, int *needs);
/* Reads, and as the first to open begins, the epoch; *unclean: the last one did not end in good order. The index and
   m->open_lock are open. */
int32_t mp_maildir_epoch_begin(mp_maildir *m, int first, int *unclean);
/* After an unclean end: numbers that were told and may be lost are not given again, and are known as lost. In a durable
   write transaction. */
int32_t mp_maildir_epoch_recover(mp_maildir *m);
/* The last to close: the epoch ended in good order. */
void mp_maildir_epoch_end(mp_maildir *m);
/* The cursor of a mailbox: above all that may have been told and was lost. */
int32_t mp_maildir_cursor(mp_maildir *m, const mp_mailbox *box, uint64_t *cursor);

/* ---- names (maildir_names.c) -------------------------------------------------------------------------------------- */

/* A name as it is asked (UTF-8, '/') to a key; INBOX in any case. ERR_LIMIT: it cannot be kept. */
int32_t mp_maildir_key(mp_maildir *m, mailproto_text name, char *key, size_t size);
/* And back: '/' for 1, in place. */
void mp_maildir_name_of(char *key);
/* The directory of a key, ".A.B"; "" for INBOX. ERR_LIMIT: it is too long. */
int32_t mp_maildir_directory_of(mp_maildir *m, const char *key, char *directory, size_t size);
/* The key of a directory; 0: it has none. */
int mp_maildir_key_of(const char *directory, char *key, size_t size);
/* root/directory/folder/name; "" leaves out. The path, or NULL: too long, and m->sentence is set. */
const char *mp_maildir_path(mp_maildir *m, char *out, const char *directory, const char *folder, const char *name);
/* root/mailproto/name */
const char *mp_maildir_own(mp_maildir *m, char *out, const char *name);

/* ---- names of messages (maildir_filenames.c) ---------------------------------------------------------------------- */

/* A name that no other file has. */
void mp_maildir_unique(mp_maildir *m, char name[MP_NAME_MAX]);
/* The length of a name up to ':'. */
size_t mp_maildir_base_length(const char *name);
/* Flags of ":2,FRST". */
uint32_t mp_maildir_info_flags(const char *info);
/* Info with these flags, and what else it says kept. */
void mp_maildir_info_make(char out[MP_NAME_MAX], const char *info, uint32_t flags);
/* ",S=n,W=m" of a name; 0: it lacks them. */
int mp_maildir_said_sizes(const char *name, uint64_t *octets, uint64_t *size);
/* Which of two names was delivered first. */
int mp_maildir_name_order(const char *left, const char *right);
/* The path of a message. */
const char *mp_maildir_message_path(mp_maildir *m, char *out, const mp_mailbox *box, const mp_message *message);

/* ---- rows (maildir_rows.c) ---------------------------------------------------------------------------------------- */

/* ERR_NOT_FOUND: there is none. */
int32_t mp_maildir_mailbox(mp_maildir *m, uint64_t id, mp_mailbox *box);
/* The same, and one that can be selected. */
int32_t mp_maildir_selectable(mp_maildir *m, uint64_t id, mp_mailbox *box);
/* Writes uidnext, modseq and counts; the account's sums by the difference to what they were. */
int32_t mp_maildir_mailbox_save(mp_maildir *m, const mp_mailbox *box, const mp_mailbox *before);
/* ERR_GONE. */
int32_t mp_maildir_message(mp_maildir *m, uint64_t mailbox, uint32_t uid, mp_message *message);
/* Reads the columns of MESSAGES; column 0 is the UID. */
int32_t mp_maildir_message_columns(mp_maildir *m, sqlite3_stmt *statement, mp_message *message);
/* Adds a message; it gets the next UID of the mailbox. */
int32_t mp_maildir_message_add(mp_maildir *m, mp_mailbox *box, mp_message *message);
/* Counts of the mailbox without, and with, a message. */
void mp_maildir_uncount(mp_mailbox *box, const mp_message *message);
void mp_maildir_count(mp_mailbox *box, const mp_message *message);
/* Writes flags, keywords, modseq, info. */
int32_t mp_maildir_message_save(mp_maildir *m, uint64_t mailbox, const mp_message *message);
/* Removes the row; its base is remembered until the file is gone if `file`. */
int32_t mp_maildir_message_remove(mp_maildir *m, mp_mailbox *box, const mp_message *message, int file);
/* Keeps what vanished, runs and all, at a modseq; `uids` rise. */
int32_t mp_maildir_vanish(mp_maildir *m, mp_mailbox *box, const uint32_t *uids, size_t count, uint64_t modseq);

/* UIDs of messages in runs (NULL: all), only \Deleted ones if `deleted`. *uids is given back with free. */
int32_t mp_maildir_uids(mp_maildir *m, const mp_mailbox *box, const mailproto_store_run *runs, int deleted,
                        uint32_t **uids, size_t *count);

/* ---- keywords (maildir_keywords.c) -------------------------------------------------------------------------------- */

int32_t mp_keywords_load(mp_maildir *m, uint64_t mailbox, mp_keywords *out);
void mp_keywords_free(mp_keywords *keywords);
/* The number of a name, which is added if `add`; *number 0: there is none. ERR_LIMIT: too many. */
int32_t mp_keywords_number(mp_maildir *m, uint64_t mailbox, mp_keywords *keywords, const char *name, size_t len,
                           int add, unsigned *number);
/* Sets in " 1 4 ". 0: no room. */
int mp_keywords_has(const char *set, unsigned number);
int mp_keywords_add(char *set, size_t size, unsigned number);
void mp_keywords_remove(char *set, unsigned number);
/* A set as items; nodes has room for MP_KEYWORDS_MAX. NULL: empty. */
enum { MP_KEYWORDS_MAX = 256 };
const mailproto_store_keyword *mp_keywords_items(const mp_keywords *keywords, const char *set,
                                                 mailproto_store_keyword *nodes);

/* ---- what has to be done after a commit (maildir_todo.c) ---------------------------------------------------------- */

enum {
    MP_TODO_PLACE = 1,  /* the source becomes the file of the message `base` of a mailbox: link, sync, unlink */
    MP_TODO_RENAME = 2, /* rename directory */
    MP_TODO_REMOVE = 3  /* remove directory and what is in it */
};
typedef struct mp_todo {
    int64_t id;
    unsigned kind;
    uint64_t mailbox;              /* of PLACE: where it becomes a message */
    char base[MP_NAME_MAX];        /* of the message; of RENAME: which folder it is, as the file system knows it */
    char source[MP_SOURCE_MAX];    /* below the root */
    char source_base[MP_NAME_MAX]; /* of its last component */
    char target[MP_NAME_MAX];      /* of RENAME and REMOVE */
    char placed[3 * MP_NAME_MAX];  /* where PLACE put it; not kept */
} mp_todo;
int32_t mp_maildir_todo_add(mp_maildir *m, const mp_todo *todo);
/* Whether a file of that base is still to be placed, or to be placed from: 1, and where it is if `source` is not NULL. */
int32_t mp_maildir_todo_of(mp_maildir *m, const char *base, char source[MP_SOURCE_MAX]);
/* ERR_UNAVAILABLE: something is still to be done, which must not be overtaken. */
int32_t mp_maildir_todo_none(mp_maildir *m);
/* Whether a mailbox's directory is still to be renamed or removed: 1, it is that one's old name or its new one. */
int32_t mp_maildir_todo_directory(mp_maildir *m, const char *directory);
/* The RENAME that is still to be done to a directory of that name: 1, and its id, source and base. */
int32_t mp_maildir_todo_rename_of(mp_maildir *m, const char *target, mp_todo *todo);
/* Which folder it is that RENAME renames. */
void mp_maildir_todo_identify(mp_todo *todo, const mp_file_status *status);
/* Does it all; what cannot be done stays. In a write transaction. */
int32_t mp_maildir_todo_finish(mp_maildir *m);
/* The same in a transaction of its own, after a commit that changed these mailboxes (0: none); a failure is no one's, for
   what is to be done stays. */
void mp_maildir_todo_now(mp_maildir *m, uint64_t mailbox, uint64_t other);

/* ---- looking at the folders (maildir_scan*.c, maildir_folders.c) --------------------------------------------------- */

/* Our own changes of a folder: how its time was, and whether that was known. */
typedef struct mp_own_change {
    int64_t before;
    int known;
} mp_own_change;
enum { MP_LOOK_POLL = 0, MP_LOOK_OPEN = 1, MP_LOOK_FORCED = 2 };
/* Notices what other programs did in a mailbox; *box is read again. Begins and ends transactions of its own. */
int32_t mp_maildir_look(mp_maildir *m, mp_mailbox *box, int how);
/* Notices mailboxes that other programs made or removed. */
int32_t mp_maildir_look_root(mp_maildir *m, int forced);
/* Around our own changes of the account's folder, as mp_maildir_own_begin. */
void mp_maildir_root_begin(mp_maildir *m, mp_own_change *change);
int32_t mp_maildir_root_end(mp_maildir *m, const mp_own_change *change);
/* Around our own changes in cur/. In a write transaction. */
void mp_maildir_own_begin(mp_maildir *m, const mp_mailbox *box, mp_own_change *change);
int32_t mp_maildir_own_end(mp_maildir *m, mp_mailbox *box, const mp_own_change *change);
/* Nanoseconds of a folder's mtime; negative: an errno. */
int64_t mp_maildir_mtime(mp_maildir *m, const char *directory, const char *folder);
/* Whether a change of a folder after `now` must show in its time. */
int mp_maildir_settled(int64_t mtime, int64_t now);
int64_t mp_maildir_now_ns(mp_maildir *m);

/* A file that is gone, or is not the one that was counted: it vanishes, and what is there becomes new. ERR_GONE, or an
   error. */
int32_t mp_maildir_lost(mp_maildir *m, uint64_t mailbox, uint32_t uid);

/* ---- octets (maildir_octets.c) ------------------------------------------------------------------------------------- */

/* Counts a file's octets with CRLF line ends. Negative errno. */
int mp_maildir_measure(mp_maildir *m, int fd, uint64_t octets, uint64_t *size);
/* LFs that lack their CR, after `last`. */
uint64_t mp_maildir_bare(const char *data, size_t len, char *last);
/* Octets from offset on, made CRLF, into pin->buffer. How many; 0: the end; negative errno, -EILSEQ: the file is shorter
   than it was. */
int64_t mp_maildir_pin_read(mp_maildir *m, mp_pin *pin, uint64_t offset, size_t max);
void mp_maildir_pin_free(mp_maildir *m, mp_pin *pin);

/* ---- uploads (maildir_upload.c, maildir_part.c, maildir_append.c, maildir_deliver.c) -------------------------------- */

void mp_maildir_upload_free(mp_maildir *m, mp_upload *upload);
mp_upload *mp_maildir_upload_find(mp_maildir *m, uint64_t id);
/* Octets of the last part. */
int32_t mp_maildir_part_write(mp_maildir *m, mp_upload *upload, const char *data, size_t len);
/* Writes what is buffered; makes the file. */
int32_t mp_maildir_part_flush(mp_maildir *m, mp_upload *upload);
/* The last part is complete: its octets are durable, its name has the sizes. */
int32_t mp_maildir_part_end(mp_maildir *m, mp_upload *upload);
/* Removes its file from tmp/. */
void mp_maildir_part_discard(mp_maildir *m, const mp_upload *upload, mp_part *part);
/* The path of a part in tmp/. */
const char *mp_maildir_part_path(mp_maildir *m, char *out, const char *directory, const mp_part *part);
/* Into new/, without the index. */
int32_t mp_maildir_deliver(mp_maildir *m, mp_upload *upload);
/* With UIDs. */
int32_t mp_maildir_append(mp_maildir *m, mp_upload *upload, uint32_t *uidvalidity);
/* Names of a directory become durable, as the config wants; shared with others who wait for the same. */
int mp_maildir_sync_directory(mp_maildir *m, const char *path);
int mp_maildir_sync_file(mp_maildir *m, int fd);
/* Another file with the same octets: by link, else by copy. durable: the octets of `from` are synced already. Negative
   errno. */
int mp_maildir_duplicate(mp_maildir *m, const char *from, const char *to, int durable);

/* ---- directories of mailboxes (maildir_directories.c) --------------------------------------------------------------- */

/* Makes cur, new and tmp of a directory, durably. */
int32_t mp_maildir_make_directory(mp_maildir *m, const char *directory);
/* ERR_UNAVAILABLE: it is still to be renamed, and what has its name is something else. */
int32_t mp_maildir_directory_ready(mp_maildir *m, const char *directory);
/* Makes what is missing of it, unless it is still to be renamed. */
int32_t mp_maildir_complete_directory(mp_maildir *m, const char *directory);
/* Nothing has that name any more, for a directory is to get it. ERR_EXISTS: something has, and is not ours to remove. */
int32_t mp_maildir_clear_directory(mp_maildir *m, const char *directory);

/* ---- mailboxes (maildir_mailboxes.c ...) --------------------------------------------------------------------------- */

/* Adds a mailbox, and those above it. In a durable write transaction; the directories are made. *id. */
int32_t mp_maildir_add_mailbox(mp_maildir *m, const char *key, uint32_t special, uint64_t *id);
/* MAILPROTO_MAILDIR_INBOX of a handle for delivery becomes INBOX's id; the index is ready. */
int32_t mp_maildir_resolve(mp_maildir *m, uint64_t *mailbox);
/* Whether the account has quotas, as the file beside the index tells; it is there before the first is set. */
int mp_maildir_has_quotas(mp_maildir *m);
/* *id 0: there is none. */
int32_t mp_maildir_mailbox_by_key(mp_maildir *m, const char *key, uint64_t *id);
/* Removes a mailbox from the index; it stays as a name if there are mailboxes below it. */
int32_t mp_maildir_drop_mailbox(mp_maildir *m, const mp_mailbox *box);
/* Whether another mailbox, or so many octets and messages, fit the quota: OK; ERR_QUOTA. */
int32_t mp_maildir_quota_allows(mp_maildir *m, uint64_t octets, uint64_t messages, uint64_t mailboxes);
/* The mailboxes above a key, made if they are missing. */
int32_t mp_maildir_add_above_of(mp_maildir *m, const char *key);
/* Removes stale files of tmp/. */
void mp_maildir_clean_tmp(mp_maildir *m, const char *directory);
/* Copies or moves. *pairs is given back with free. */
typedef struct mp_copied {
    uint32_t from, to;
} mp_copied;
int32_t mp_maildir_copy(mp_maildir *m, const mailproto_store_copy *question, mp_copied **pairs, size_t *count,
                        uint32_t *uidvalidity);
/* Watches that are gone are freed. */
void mp_maildir_watches_sweep(mp_maildir *m);
/* Removes all rows of a mailbox but its own. */
int32_t mp_maildir_forget_messages(mp_maildir *m, uint64_t id);

#include "maildir_questions.h"

#endif
