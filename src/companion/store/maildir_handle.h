/* maildir_handle.h - the handle of the Maildir store: rows of the index as structs, and what is open in it.
 * The storage contract is mailproto/store.h; the layout on disk, docs/design/maildir.md. */
#ifndef MAILPROTO_STORE_MAILDIR_HANDLE_H
#define MAILPROTO_STORE_MAILDIR_HANDLE_H

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

#endif
