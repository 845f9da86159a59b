/* maildir.h - what the files of the Maildir store share: the handle, what is open in it, and the steps of all questions.
 * The storage contract is mailproto/store.h; the layout on disk and the order of durable steps, docs/design/maildir.md. */
#ifndef MAILPROTO_STORE_MAILDIR_INTERNAL_H
#define MAILPROTO_STORE_MAILDIR_INTERNAL_H

#include <sqlite3.h>

#include "files.h"
#include "maildir_statements.h"
#include "mailproto/maildir.h"

enum {
    MP_PATH_MAX = 4096,
    MP_NAME_MAX = 256,      /* a file's name and its NUL */
    MP_SOURCE_MAX = 1024,   /* a path below the root */
    MP_MAILBOX_MAX = 1024,  /* a mailbox's name and its NUL */
    MP_SENTENCE_MAX = 1024, /* where an error is told */
    MP_SCHEMA = 2
};

/* ---- rows ------------------------------------------------------------------------------------------------------- */

typedef struct mp_mailbox {
    uint64_t id;
    char key[MP_MAILBOX_MAX];    /* the name, with 1 for '/': so its octets sort in hierarchy order */
    char directory[MP_NAME_MAX]; /* below the root; "": INBOX. ".": none, NOSELECT */
    uint32_t uidvalidity;
    uint32_t uidnext;
    uint64_t modseq;  /* of the last change: the cursor */
    uint64_t horizon; /* what vanished at or below it is not remembered */
    uint32_t attributes;
    uint32_t messages, unseen, deleted;
    uint64_t octets, deleted_octets;
    /* of the last look at the folders; settled: a change behind it must show in the time of the folder */
    int64_t new_mtime, cur_mtime; /* nanoseconds */
    int new_settled, cur_settled;
    int64_t cur_scanned; /* milliseconds since 1970 */
    int64_t cur_cost;    /* milliseconds that it took */
    uint64_t scan_epoch;
} mp_mailbox;

enum {
    MP_STATE_DURABLE = 1, /* its octets were fsynced by us */
    MP_STATE_COUNTED = 2  /* its size was counted by us, not read from its name */
};

typedef struct mp_message {
    uint32_t uid;
    uint32_t flags;
    uint64_t modseq;
    uint64_t size;   /* with CRLF */
    uint64_t octets; /* of the file */
    int64_t date;
    int32_t zone;
    uint32_t state;
    int64_t saved;
    int in_new;             /* in new/, no info */
    char base[MP_NAME_MAX]; /* the file's name up to ':' */
    char info[MP_NAME_MAX]; /* from ':' on */
    char keywords[2048];    /* numbers of the mailbox's keywords, each in spaces: " 1 4 "; "": none */
} mp_message;

/* ---- what is open ----------------------------------------------------------------------------------------------- */

/* What CHANGES gives, gathered before any of it is given, because who takes an item may ask again. */
typedef struct mp_row {
    uint64_t modseq, size;
    int64_t date, saved;
    const char *keywords; /* numbers, or NULL */
    uint32_t uid;
    int16_t zone;
    uint8_t flags;
} mp_row;

/* The names of a mailbox's keywords, by number. */
typedef struct mp_keywords {
    unsigned count; /* the highest number */
    unsigned room;
    char **names; /* of 1 .. count, at [number - 1] */
} mp_keywords;

/* A run that vanished. */
typedef struct mp_vanished {
    uint32_t first, last;
    uint64_t modseq;
} mp_vanished;

/* What is gathered before it is given, because who takes an item may ask again. */
typedef struct mp_snapshot {
    uint64_t id;
    uint64_t cursor;
    mp_row *rows;
    size_t count, room, at;
    mp_vanished *vanished;
    size_t vanished_count, vanished_room;
    uint32_t *modified; /* UIDs */
    size_t modified_count, modified_room;
    struct mp_text_block *texts; /* what rows point to */
    mp_keywords keywords;
    struct mp_snapshot *next;
} mp_snapshot;

typedef struct mp_opening {
    uint64_t id;
    uint64_t mailbox;
    uint32_t mode;
    int lock; /* EXCLUSIVE: the file's descriptor, or -1 */
    mp_snapshot *snapshots;
    struct mp_opening *next;
} mp_opening;

/* Where octets of a file become octets with CRLF: at a raw offset, this many were made. */
typedef struct mp_mark {
    uint64_t raw, out;
    char last; /* the octet before */
} mp_mark;

/* A message that is open: it keeps the file, so that it can be read whatever becomes of the name. */
typedef struct mp_pin {
    uint64_t id;
    int fd;
    int exact; /* served as it is */
    uint64_t size, octets;
    mp_mark *marks; /* one every MP_MARK octets, as far as it was read */
    size_t mark_count, mark_room;
    mp_mark here; /* where the last read ended */
    char *buffer; /* of MP_READ octets, and MP_RAW for what is raw; made at the first read */
    struct mp_pin *next;
} mp_pin;
enum { MP_READ = 65536, MP_RAW = 16384, MP_MARK = 65536 };

/* One message on its way in: a file in tmp/ of its mailbox. */
typedef struct mp_part {
    char name[MP_NAME_MAX]; /* in tmp/, without the sizes */
    char base[MP_NAME_MAX]; /* with them, once it is complete */
    int fd;                 /* -1: not made, or closed */
    int made;               /* the file is in tmp/ */
    int complete;           /* its octets are durable */
    char last;              /* the octet written last */
    uint64_t size;          /* octets of the file */
    uint64_t bare;          /* LFs without CR among them */
    uint64_t announced;     /* to be held to; 0: not known */
    int64_t date;
    int32_t zone;
    uint32_t has_date;
    uint32_t flags;
    uint32_t options;
    uint32_t uid;
    uint64_t modseq;
    char *keywords; /* names, each with a NUL; an empty one ends. NULL: none */
    struct mp_part *next;
} mp_part;

typedef struct mp_upload {
    uint64_t id;
    uint64_t mailbox;
    char directory[MP_NAME_MAX]; /* the mailbox's when it was begun */
    int32_t broken;              /* an error: it can only be aborted */
    mp_part *first, *last;
    uint32_t count;
    char *buffer; /* of the last part: MP_UPLOAD_BUFFER octets */
    size_t used;
    struct mp_upload *next;
} mp_upload;
enum { MP_UPLOAD_BUFFER = 32768 };

typedef struct mp_watch {
    mailproto_store_asker *asker;
    uint64_t token;
    uint64_t mailbox;
    uint64_t cursor; /* of the mailbox, or a sum over the account */
    int gone;
    struct mp_watch *next;
} mp_watch;

struct mailproto_maildir {
    char *root;
    char *host;
    mp_files files;
    uint32_t sync, busy_ms, remember, options;
    mailproto_maildir_syncs *syncs;
    mailproto_store store;
    /* the index */
    sqlite3 *db;
    struct mp_vfs *vfs;
    sqlite3_stmt *statements[MP_SQL_COUNT];
    int durable;   /* what PRAGMA synchronous says now: 2 FULL, 1 NORMAL */
    int writing;   /* a write transaction is open */
    int damaged;   /* set it aside and make it again */
    int open_lock; /* shared while the handle is open: who can have it alone is the first */
    uint64_t index_device, index_inode;
    uint64_t epoch;   /* of the time since somebody was the first to open */
    uint64_t unclean; /* the last epoch that began with work left undone */
    /* what is open */
    uint64_t next_id;
    mp_opening *openings;
    mp_upload *uploads;
    mp_pin *pins;
    mp_watch *watches;
    int polling;
    uint32_t salt;        /* of file names: two handles of a process may meet in one microsecond */
    unsigned counter;     /* of file names */
    int released;         /* what was kept back, because the disk is full */
    int64_t root_scanned; /* when this handle last listed the account's folder: milliseconds since 1970 */
    int64_t root_cost;    /* milliseconds that it took */
    char sentence[MP_SENTENCE_MAX];
};
typedef struct mailproto_maildir mp_maildir;

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
    char base[MP_NAME_MAX];        /* of the message */
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

/* ---- mailboxes (maildir_mailboxes.c ...) --------------------------------------------------------------------------- */

/* Makes cur, new and tmp of a directory, durably. */
int32_t mp_maildir_make_directory(mp_maildir *m, const char *directory);
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
