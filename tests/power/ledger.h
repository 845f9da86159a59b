/* ledger.h - what a store has been asked for and has said: which messages must be where, and which numbers were told.
 * The rules are those of mailproto/store.h; no part of any protocol. */
#ifndef POWER_LEDGER_H
#define POWER_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include <mailproto/store.h>

#include "beside.h"

enum { LEDGER_NAME = 64, LEDGER_WHY = 512 };

struct world_box {
    uint64_t id;
    char name[LEDGER_NAME];
    uint32_t validity; /* 0: not told */
    int alive;
};
/* A message in a mailbox. Messages are numbers: see message.h. */
struct world_copy {
    uint32_t message, box;
    uint32_t uid; /* 0: not told */
    int alive;
    uint32_t from; /* 1 + the copy it was moved from; 0: none */
};
/* What there is. */
struct world {
    struct world_box *boxes;
    size_t box_count;
    struct world_copy *copies;
    size_t copy_count;
    struct beside beside;
};

/* What a question that was asked and not answered may have done. */
enum {
    PENDING_NOTHING = 0,
    PENDING_WHOLE, /* all or nothing */
    PENDING_EACH   /* each message for itself */
};

/* From the effect `at` of the log on it was so. */
struct moment {
    size_t at;
    const char *doing; /* for people */
    struct world now;
    int pending;
    struct world then; /* if what is pending is done */
};

/* What was told, after how many effects. */
struct told {
    size_t at;
    uint32_t validity, uid, message, flags;
    uint64_t modseq, size;
    int64_t date;
};
struct told_state {
    size_t at;
    char name[LEDGER_NAME];
    uint64_t id, modseq;
    uint32_t validity, uidnext;
};
/* What a client has after it asked CHANGES. */
struct view {
    size_t at;
    uint32_t validity;
    uint64_t cursor;
    struct view_message {
        uint32_t uid, flags;
    } * messages;
    size_t count;
};

struct ledger {
    struct world now;
    struct moment *moments;
    size_t moment_count;
    struct told *told;
    size_t told_count;
    struct told_state *states;
    size_t state_count;
    struct view *views;
    size_t view_count;
    uint32_t next_message;
    const char *doing;
    int numbers_may_rise; /* the index was lost: UIDVALIDITY may be greater */
};

void world_copy(struct world *to, const struct world *from);
void world_free(struct world *world);
uint32_t world_add_box(struct world *world, uint64_t id, const char *name);
uint32_t world_add_copy(struct world *world, uint32_t message, uint32_t box, uint32_t uid);
uint32_t world_find_box(const struct world *world, const char *name); /* alive; UINT32_MAX: none */
int world_has(const struct world *world, uint32_t box, uint32_t message);

void ledger_init(struct ledger *ledger);
void ledger_free(struct ledger *ledger);
/* From effect `at` on: now, and maybe then. */
void ledger_begin(struct ledger *ledger, size_t at, int pending, const struct world *then);
/* It was answered: the world is this. */
void ledger_end(struct ledger *ledger, size_t at, const struct world *now);
const struct moment *ledger_at(const struct ledger *ledger, size_t at);
/* A ledger that begins with what was told up to `at`. */
void ledger_continue(struct ledger *to, const struct ledger *from, size_t at);

void ledger_tell(struct ledger *ledger, const struct told *told);
void ledger_tell_state(struct ledger *ledger, const struct told_state *state);
void ledger_tell_view(struct ledger *ledger, const struct view *view);

#endif
