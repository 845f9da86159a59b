/* memory.h - the parts of the store in memory: accounts, mailboxes, messages, and what is open on them.
 * mailproto/store.h, the contract; RFC 9051 2.3. */
#ifndef MP_STORE_MEMORY_H
#define MP_STORE_MEMORY_H

#include "mailproto/memory_store.h"

enum { NAME_MAX_OCTETS = 1000, KEYWORDS_MAX = 256, ID_OCTETS = 48 };

/* A set of keywords: a bit for each place in the account's table. */
struct words {
    uint64_t bits[KEYWORDS_MAX / 64];
};

/* The octets of a message, which its copies share, and which stay while somebody reads them. Bodies with the same octets
   are one: `same` are those whose hash leads to the same bucket. */
struct body {
    struct body *same;
    uint64_t hash, number;
    size_t refs, size, room;
    unsigned char *octets;
};

/* What an engine keeps with a message. */
struct blob {
    size_t size;
    uint32_t version;
    unsigned char octets[];
};

struct record {
    uint32_t uid, flags;
    struct words words;
    uint64_t modseq;
    int64_t date, saved;
    int32_t zone;
    int leaving; /* while messages are taken out */
    uint64_t size, number;
    struct body *body;
    struct blob *blob;
};

/* What an answer is made of, collected before the first item is given: an asker may change all in between. */
struct entry {
    uint32_t type; /* MAILPROTO_STORE_MESSAGE ... */
    uint32_t first, last;
    uint64_t modseq;
    int changed;
    struct record record; /* of MESSAGE; body and blob are not to be followed */
};

struct entries {
    struct entry *at;
    size_t count, room;
};

/* UIDs that were removed at a modseq. */
struct gone {
    uint32_t first, last;
    uint64_t modseq;
};

struct mailbox {
    uint64_t id;
    struct name *name;
    uint32_t attributes;
    uint32_t uidvalidity, uidnext;
    uint64_t highest;       /* modseq of the last change */
    uint64_t forgotten;     /* expunges up to here are not remembered */
    struct words words;     /* that its messages have, or had */
    struct record *records; /* by UID */
    size_t count, room;
    struct gone *gone; /* by modseq */
    size_t gone_count, gone_room;
};

/* A name: of a mailbox, subscribed, or both. */
struct name {
    struct mailbox *mailbox; /* NULL: there is none */
    int subscribed;
    size_t len;
    char text[];
};

/* The rest of an answer to CHANGES, at one moment. */
struct snapshot {
    struct snapshot *next;
    uint64_t id, cursor;
    struct entries entries;
    size_t given;
    int busy, dead; /* items of it are being given; it ended meanwhile */
};

struct opening {
    struct opening *next;
    uint64_t id, mailbox;
    uint32_t mode;
    struct snapshot *snapshots;
};

struct pin {
    struct pin *next;
    uint64_t id;
    struct body *body;
};

/* A message of an upload. */
struct part {
    struct part *next;
    struct record record;
    uint64_t announced, written;
    uint32_t options;
    int after_cr;
};

struct upload {
    struct upload *next;
    uint64_t id, mailbox;
    struct part *parts, *last;
    int32_t broken; /* the error that a write ended with */
};

struct watcher {
    struct watcher *next;
    mailproto_store_asker *asker;
    uint64_t token, mailbox, told;
};

struct note {
    struct note *next;
    uint64_t mailbox;
    size_t name_len, value_len;
    char text[]; /* the name, then the value */
};

enum { CHANGED_MAX = 8 };

struct mailproto_memory_store {
    mailproto_allocator allocator;
    mailproto_memory_store_config config;
    uint64_t used;
    int32_t lacking; /* what the last allocation that failed is to be answered with */
    int64_t wall;
    int32_t zone;
    uint64_t id, modseq, octets, messages; /* the last id and modseq; what quotas count */
    uint32_t uidvalidity, born;
    uint64_t quota[MAILPROTO_QUOTA_MAILBOX + 1]; /* by resource; UINT64_MAX: none */
    struct name **names;                         /* in hierarchy order */
    size_t name_count, name_room;
    struct mailbox **mailboxes; /* by id */
    size_t mailbox_count, mailbox_room;
    char *words[KEYWORDS_MAX]; /* NUL-terminated */
    uint32_t word_count;
    struct body **buckets;
    size_t bucket_count, body_count;
    uint64_t body_number;
    struct opening *openings;
    struct pin *pins;
    struct upload *uploads;
    struct watcher *watchers;
    struct note *notes;
    uint64_t changed[CHANGED_MAX]; /* mailboxes that watchers are to hear of */
    size_t changed_count;
    uint64_t telling; /* the round of telling, and whether one is on */
    int tells;
};

typedef struct mailproto_memory_store memory;

/* ---- memory.c ---- */
void *mp_memory_alloc(memory *m, size_t n); /* zeroed; NULL: m->lacking says why */
void *mp_memory_resize(memory *m, void *p, size_t old_n, size_t n);
void mp_memory_free(memory *m, void *p, size_t n);
/* An array with room for `need` elements of `size` octets: moved, or as it was. NULL: m->lacking. */
void *mp_memory_grown(memory *m, void *array, size_t *room, size_t need, size_t size);
uint64_t mp_memory_id(memory *m);
int64_t mp_memory_wall(memory *m, int32_t *zone);

/* ---- memory_words.c ---- */
/* The set that a list names; `make`: those that are new come into the table. OK; ERR_LIMIT; ERR_FULL, ERR_NOMEM. */
int32_t mp_memory_words(memory *m, const mailproto_store_keyword *list, int make, struct words *out);
int mp_memory_words_add(struct words *to, const struct words *more); /* whether it changed */
int mp_memory_words_remove(struct words *to, const struct words *less);
int mp_memory_words_same(const struct words *a, const struct words *b);
/* Fills up to KEYWORDS_MAX links; the first of the list, or NULL. */
const mailproto_store_keyword *mp_memory_words_list(const memory *m, const struct words *set,
                                                    mailproto_store_keyword *links);

/* ---- memory_mailboxes.c ---- */
/* The mailbox with that id that messages can be in, or NULL. */
struct mailbox *mp_memory_mailbox(const memory *m, uint64_t id);
int32_t mp_memory_inbox(memory *m);
void mp_memory_mailboxes_free(memory *m);
int32_t mp_memory_list(void *user, mailproto_store_asker *asker, const mailproto_store_list *q);
int32_t mp_memory_create(void *user, mailproto_store_asker *asker, const mailproto_store_create *q);
int32_t mp_memory_delete(void *user, mailproto_store_asker *asker, const mailproto_store_delete *q);
int32_t mp_memory_rename(void *user, mailproto_store_asker *asker, const mailproto_store_rename *q);
int32_t mp_memory_subscribe(void *user, mailproto_store_asker *asker, const mailproto_store_subscribe *q);

/* ---- memory_openings.c ---- */
void mp_memory_openings_free(memory *m);
int32_t mp_memory_open(void *user, mailproto_store_asker *asker, const mailproto_store_open *q);
int32_t mp_memory_close(void *user, mailproto_store_asker *asker, const mailproto_store_close *q);
int32_t mp_memory_status(void *user, mailproto_store_asker *asker, const mailproto_store_status *q);
int32_t mp_memory_authorise(void *user, mailproto_store_asker *asker, const mailproto_store_authorise *q);
int32_t mp_memory_changes(void *user, mailproto_store_asker *asker, const mailproto_store_changes *q);
int32_t mp_memory_snapshot_end(void *user, mailproto_store_asker *asker, const mailproto_store_snapshot_end *q);

/* ---- memory_messages.c ---- */
extern const mailproto_store_run mp_memory_every; /* every UID there can be */
/* Where the first UID that is not less stands. */
size_t mp_memory_find(const struct mailbox *box, uint32_t uid);
struct record *mp_memory_record(const struct mailbox *box, uint32_t uid);
/* One more entry at the end. NULL: m->lacking. */
struct entry *mp_memory_entry(memory *m, struct entries *e, uint32_t type);
void mp_memory_entries_free(memory *m, struct entries *e);
/* Gives the entry as an item. */
int32_t mp_memory_give(memory *m, mailproto_store_asker *asker, uint64_t token, const struct entry *entry);
/* Gives all and says done; frees them. */
int32_t mp_memory_answer(memory *m, mailproto_store_asker *asker, uint64_t token, struct entries *e);
/* Puts a message behind the last; there is room. Counts it. */
struct record *mp_memory_add(memory *m, struct mailbox *box, const struct record *record);
/* Room for n more messages and UIDs for them. OK; ERR_LIMIT, ERR_FULL, ERR_NOMEM. */
int32_t mp_memory_room(memory *m, struct mailbox *box, size_t n);
/* Whether the quota allows so much more: OK, or ERR_QUOTA. */
int32_t mp_memory_quota_allows(const memory *m, uint64_t octets, uint64_t messages);
void mp_memory_records_free(memory *m, struct mailbox *box);
/* Room for n more runs of removed UIDs; to write down one; to forget what is too old. */
int32_t mp_memory_gone_room(memory *m, struct mailbox *box, size_t n);
void mp_memory_gone_add(struct mailbox *box, uint32_t uid, uint64_t modseq);
void mp_memory_gone_trim(memory *m, struct mailbox *box);
int32_t mp_memory_flags(void *user, mailproto_store_asker *asker, const mailproto_store_flags *q);
int32_t mp_memory_copy(void *user, mailproto_store_asker *asker, const mailproto_store_copy *q);
int32_t mp_memory_expunge(void *user, mailproto_store_asker *asker, const mailproto_store_expunge *q);

/* ---- memory_bodies.c ---- */
struct body *mp_memory_body_new(memory *m, uint64_t size);
/* OK; ERR_FULL, ERR_NOMEM. LF becomes CRLF. */
int32_t mp_memory_body_write(memory *m, struct body *body, const char *ptr, size_t len, int *after_cr);
/* No more is written: the body, or one that has the same octets. */
struct body *mp_memory_body_finish(memory *m, struct body *body);
void mp_memory_body_release(memory *m, struct body *body);
void mp_memory_bodies_free(memory *m);
int32_t mp_memory_message_open(void *user, mailproto_store_asker *asker, const mailproto_store_message_open *q);
int32_t mp_memory_message_read(void *user, mailproto_store_asker *asker, const mailproto_store_message_read *q);
int32_t mp_memory_message_close(void *user, mailproto_store_asker *asker, const mailproto_store_message_close *q);

/* ---- memory_appends.c ---- */
void mp_memory_uploads_free(memory *m);
int32_t mp_memory_append_begin(void *user, mailproto_store_asker *asker, const mailproto_store_append_begin *q);
int32_t mp_memory_append_write(void *user, mailproto_store_asker *asker, const mailproto_store_append_write *q);
int32_t mp_memory_append_share(void *user, mailproto_store_asker *asker, const mailproto_store_append_share *q);
int32_t mp_memory_append_commit(void *user, mailproto_store_asker *asker, const mailproto_store_append_commit *q);
int32_t mp_memory_append_abort(void *user, mailproto_store_asker *asker, const mailproto_store_append_abort *q);

/* ---- memory_optional.c ---- */
void mp_memory_optional_free(memory *m);
/* Writes down that watchers are to hear of a mailbox (0: the list), and tells them; 0. */
void mp_memory_changed(memory *m, uint64_t mailbox);
int32_t mp_memory_tell(memory *m);
void mp_memory_notes_drop(memory *m, uint64_t mailbox);
void mp_memory_blob_free(memory *m, struct record *record);
void mp_memory_cancel(void *user, mailproto_store_asker *asker, uint64_t token);
int32_t mp_memory_watch(void *user, mailproto_store_asker *asker, const mailproto_store_watch *q);
int32_t mp_memory_blob_read(void *user, mailproto_store_asker *asker, const mailproto_store_blob_read *q);
int32_t mp_memory_blob_write(void *user, mailproto_store_asker *asker, const mailproto_store_blob_write *q);
int32_t mp_memory_quota(void *user, mailproto_store_asker *asker, const mailproto_store_quota *q);
int32_t mp_memory_quota_set(void *user, mailproto_store_asker *asker, const mailproto_store_quota_set *q);
int32_t mp_memory_metadata(void *user, mailproto_store_asker *asker, const mailproto_store_metadata *q);
int32_t mp_memory_metadata_set(void *user, mailproto_store_asker *asker, const mailproto_store_metadata_set *q);

#endif
