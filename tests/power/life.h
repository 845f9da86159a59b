/* life.h - a store that lives on a recorded disk, two handles on it, and what is asked of it until the power is lost.
 * The contract of mailproto/store.h; no part of any protocol. */
#ifndef POWER_LIFE_H
#define POWER_LIFE_H

#include <mailproto/maildir.h>

#include "ledger.h"
#include "recorder.h"

enum { LIFE_CARELESS = 8, LIFE_RARE = 8 };

/* How a life is: what all its handles and those that look at its states have in common. */
struct life_kind {
    char account[32];  /* where the account is below the disk's folder: "" or "/..." */
    int no_links;      /* the file system has no hard links */
    int many;          /* some hundred messages come and go */
    int deliver_first; /* before anything else is opened */
    int limits;        /* there may be one for the account */
    int ends;          /* the disk is full now and then */
    const char *often; /* a step that comes far more often than others; NULL: none */
};

struct life {
    char root[256]; /* the account's folder */
    struct life_kind kind;
    struct disk *disk;
    int64_t clock; /* when it begins; 0: whenever */
    struct recorder recorder;
    struct ledger ledger;
    struct test_random random;
    mailproto_maildir *handles[2];
    mailproto_maildir *delivery;    /* a handle for delivery, or NULL */
    mailproto_maildir_syncs *syncs; /* of both, or NULL */
    /* from one effect to another a careless program's file is not on the disk: the power is not lost there */
    size_t careless_from[LIFE_CARELESS], careless_to[LIFE_CARELESS], careless_count;
    /* from one effect to another something happened that is rare and soon over: the power is lost there more often */
    size_t rare_from[LIFE_RARE], rare_to[LIFE_RARE], rare_count;
    int inside;     /* an upload is open: what comes now is in between */
    int32_t opened; /* what opening answered, if it failed */
    const char *doing;
    char why[LEDGER_WHY];
};

/* Begins on the disk's folder, which exists. Ledger and kind are set. 0, or -1 and why. */
int life_begin(struct life *life, const char *folder);
/* Does something, as chance has it. 0, or -1 and why. */
int life_step(struct life *life);
/* Looks at everything, which tells numbers, and compares. */
int life_look(struct life *life, unsigned handle);
void life_end(struct life *life);
/* Writes what was done to the disk, up to `prefix`, and what was asked and answered between, for people to read. */
void life_print(const struct life *life, size_t prefix);
void life_close(struct life *life);
void life_close_one(struct life *life, size_t handle);
/* Opens one more, with options of its own. */
int life_open_one(struct life *life, mailproto_maildir **out, uint32_t options);
/* Opens what is not open. */
int life_open(struct life *life);

/* Parts of it. */
size_t life_at(const struct life *life);
const mailproto_store *life_store(struct life *life, unsigned handle);
size_t life_below(struct life *life, size_t n);
/* Up to `most` messages of a mailbox whose UIDs are known, and that are not in `unless` (UINT32_MAX: any). Copies. */
size_t life_pick(struct life *life, uint32_t box, uint32_t unless, uint32_t *copies, size_t most);
uint32_t life_box(struct life *life); /* one that is alive */
/* Something rare was done by these effects; the last ones are remembered. */
void life_rare(struct life *life, size_t from, size_t to);

/* life_beside.c, life_careless.c, life_mailboxes.c, life_messages.c, life_others.c: what is done */
int life_beside(struct life *life);
int life_create(struct life *life);
int life_create_one(struct life *life, const char *name);
int life_delete(struct life *life);
int life_rename(struct life *life);
int life_rename_one(struct life *life, uint32_t box, const char *name);
int life_rename_inbox(struct life *life);
int life_rename_inbox_to(struct life *life, const char *name);
int life_append(struct life *life);
int life_append_to(struct life *life, uint32_t box); /* one message, and its UID is told */
int life_deliver(struct life *life);
int life_abort(struct life *life);
int life_copy(struct life *life);
int life_copy_one(struct life *life, uint32_t from, uint32_t message);
int life_flags(struct life *life);
int life_expunge(struct life *life);
int life_other_program(struct life *life);
/* Some names of files that are in INBOX's cur/, up to the ':'. */
enum { LIFE_NAMES = 40 };
struct life_names {
    char names[LIFE_NAMES][256];
    size_t count;
};
void life_names(const struct life *life, struct life_names *names);
/* One of these that is gone from there is put back into new/ by another program, and is removed again. */
int life_put_back(struct life *life, const struct life_names *names);
int life_deliver_beside(struct life *life, uint32_t box, uint32_t message, int sync);
void life_folder_of(const struct life *life, const char *name, char *path, size_t size);
int life_careless_program(struct life *life);
int life_careless_folder(struct life *life);
int life_many(struct life *life);
int life_full_disk(struct life *life);
int life_reopen(struct life *life);
int life_lose_index(struct life *life);

#define LIFE_WRONG(life, ...) (snprintf((life)->why, LEDGER_WHY, __VA_ARGS__), -1)

#endif
