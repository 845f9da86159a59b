/* life_messages.c - appends, copies, moves, flags and expunges, and what they must have done.
 * The contract of mailproto/store.h; no part of any protocol. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "life.h"
#include "message.h"

static const struct world_box *box_of(const struct life *life, uint32_t box)
{
    return &life->ledger.now.boxes[box];
}

static void tell(struct life *life, uint32_t validity, uint32_t uid, uint32_t message, uint32_t flags, uint64_t modseq)
{
    struct told told = {
        .at = life_at(life), .validity = validity, .uid = uid, .message = message, .flags = flags, .modseq = modseq};

    ledger_tell(&life->ledger, &told);
}

/* ---- append ---- */

enum { GROUP = 3 };

struct appending {
    unsigned handle;
    uint32_t box, options, flags, first;
    size_t count;
    uint64_t upload;
};

static int write_group(struct life *life, struct appending *g)
{
    for (size_t i = 0; i < g->count; i++) {
        uint32_t number = life->ledger.next_message++;
        size_t len;
        char *data = message_make(number, &len);
        int32_t result = ask_begin(life_store(life, g->handle), box_of(life, g->box)->id, &g->upload,
                                   life_below(life, 2) ? message_date(number) : 0, g->flags, g->options);

        if (!result)
            result = ask_write(life_store(life, g->handle), g->upload, data, len);
        free(data);
        if (result)
            return LIFE_WRONG(life, "%s", ask_why());
    }
    return 0;
}

/* What COMMIT said goes into the world. */
static int tell_appended(struct life *life, const struct appending *g, const struct answer *a, struct world *then)
{
    size_t at = then->copy_count - g->count, count = 0;

    for (size_t i = 0; i < a->count; i++) {
        const mailproto_store_appended *item = (const mailproto_store_appended *)a->items[i];

        if (item->head.type != MAILPROTO_STORE_APPENDED)
            continue;
        if (count == g->count || g->options & MAILPROTO_STORE_NO_UIDS)
            return LIFE_WRONG(life, "APPENDED was given too often");
        then->copies[at + count].uid = item->uid;
        then->boxes[g->box].validity = item->uidvalidity;
        tell(life, item->uidvalidity, item->uid, g->first + (uint32_t)count, g->flags, item->modseq);
        count++;
    }
    if (count != g->count && !(g->options & MAILPROTO_STORE_NO_UIDS))
        return LIFE_WRONG(life, "APPENDED was given %zu times, not %zu", count, g->count);
    return 0;
}

static int commit_group(struct life *life, struct appending *g)
{
    struct world then;
    struct answer a;
    int wrong = 0;

    world_copy(&then, &life->ledger.now);
    for (size_t i = 0; i < g->count; i++)
        world_add_copy(&then, g->first + (uint32_t)i, g->box, 0);
    ledger_begin(&life->ledger, life_at(life), PENDING_WHOLE, &then);
    if (ask_commit(&a, life_store(life, g->handle), g->upload))
        wrong = LIFE_WRONG(life, "%s", ask_why());
    else
        wrong = tell_appended(life, g, &a, &then);
    answer_free(&a);
    if (!wrong)
        ledger_end(&life->ledger, life_at(life), &then);
    world_free(&then);
    return wrong;
}

int life_append(struct life *life)
{
    static const uint32_t flags[] = {0, 0, MAILPROTO_FLAG_SEEN, MAILPROTO_FLAG_FLAGGED | MAILPROTO_FLAG_ANSWERED};
    struct appending g = {.handle = (unsigned)life_below(life, 2),
                          .box = life_below(life, 3) ? 0 : life_box(life),
                          .options = life_below(life, 2) ? MAILPROTO_STORE_NO_UIDS : 0,
                          .count = life_below(life, 3) ? 1 : 2 + life_below(life, GROUP - 1)};

    g.flags = g.options ? 0 : flags[life_below(life, 4)];
    g.first = life->ledger.next_message;
    if (write_group(life, &g))
        return -1;
    if (!life_below(life, 4)) {
        int wrong;

        life->inside = 1;
        wrong = life_step(life);
        life->inside = 0;
        if (wrong)
            return wrong;
    }
    return commit_group(life, &g);
}

int life_abort(struct life *life)
{
    struct appending g = {.handle = (unsigned)life_below(life, 2), .box = life_box(life), .count = 1};

    if (write_group(life, &g))
        return -1;
    ask_abort(life_store(life, g.handle), g.upload);
    return 0;
}

/* ---- copy and move ---- */

static void sort_by_uid(const struct world *world, uint32_t *copies, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k && world->copies[copies[k - 1]].uid > world->copies[copies[k]].uid; k--) {
            uint32_t swapped = copies[k];

            copies[k] = copies[k - 1];
            copies[k - 1] = swapped;
        }
}

/* The UIDs of copies, which are put into their order. */
static const mailproto_store_run *runs_of(struct life *life, struct ask_runs *runs, uint32_t *copies, size_t count)
{
    uint32_t uids[ASK_UIDS];

    sort_by_uid(&life->ledger.now, copies, count);
    for (size_t i = 0; i < count; i++)
        uids[i] = life->ledger.now.copies[copies[i]].uid;
    return ask_runs(runs, uids, count);
}

static int tell_copied(struct life *life, const struct answer *a, struct world *then, size_t first)
{
    size_t at = first;

    for (size_t i = 0; i < a->count; i++) {
        const mailproto_store_copied *item = (const mailproto_store_copied *)a->items[i];
        struct world_copy *copy = &then->copies[at];

        if (item->head.type != MAILPROTO_STORE_COPIED)
            continue;
        if (at == then->copy_count || then->copies[copy->from - 1].uid != item->from)
            return LIFE_WRONG(life, "COPIED of UID %u was not asked for", (unsigned)item->from);
        copy->uid = item->to;
        then->boxes[copy->box].validity = item->uidvalidity;
        tell(life, item->uidvalidity, item->to, copy->message, 0, 0);
        at++;
    }
    if (at != then->copy_count)
        return LIFE_WRONG(life, "COPIED was given %zu times, not %zu", at - first, then->copy_count - first);
    return 0;
}

int life_copy(struct life *life)
{
    unsigned handle = (unsigned)life_below(life, 2);
    uint32_t from = life_box(life), to = life_box(life), copies[GROUP];
    size_t count = life_pick(life, from, to, copies, 1 + life_below(life, GROUP)), first;
    int move = (int)life_below(life, 2), wrong = 0;
    struct ask_runs runs;
    struct world then;
    struct answer a;

    if (from == to || !count)
        return 0;
    life->doing = move ? "move" : "copy";
    runs_of(life, &runs, copies, count);
    world_copy(&then, &life->ledger.now);
    first = then.copy_count;
    for (size_t i = 0; i < count; i++) {
        uint32_t made = world_add_copy(&then, then.copies[copies[i]].message, to, 0);

        then.copies[made].from = copies[i] + 1;
        if (move)
            then.copies[copies[i]].alive = 0;
    }
    ledger_begin(&life->ledger, life_at(life), move ? PENDING_EACH : PENDING_WHOLE, &then);
    if (ask_copy(&a, life_store(life, handle), box_of(life, from)->id, runs.run, box_of(life, to)->id, move))
        wrong = LIFE_WRONG(life, "%s", ask_why());
    else
        wrong = tell_copied(life, &a, &then, first);
    answer_free(&a);
    for (size_t i = first; i < then.copy_count; i++)
        then.copies[i].from = 0;
    if (!wrong)
        ledger_end(&life->ledger, life_at(life), &then);
    world_free(&then);
    return wrong;
}

/* ---- flags and expunge ---- */

static int set_flags(struct life *life, unsigned handle, uint32_t box, uint32_t *copies, size_t count,
                     uint32_t operation, uint32_t flags)
{
    struct ask_runs runs;
    struct answer a;
    size_t told = 0;
    int wrong = 0;

    runs_of(life, &runs, copies, count);
    if (ask_flags(&a, life_store(life, handle), box_of(life, box)->id, runs.run, operation, flags))
        wrong = LIFE_WRONG(life, "%s", ask_why());
    for (size_t i = 0; i < a.count && !wrong; i++) {
        const mailproto_store_message *item = (const mailproto_store_message *)a.items[i];

        if (item->head.type != MAILPROTO_STORE_MESSAGE)
            continue;
        for (size_t k = 0; k < count; k++)
            if (life->ledger.now.copies[copies[k]].uid == item->uid) {
                tell(life, box_of(life, box)->validity, item->uid, life->ledger.now.copies[copies[k]].message,
                     item->flags, item->modseq);
                told++;
            }
    }
    answer_free(&a);
    if (!wrong && told != count)
        wrong = LIFE_WRONG(life, "flags of %zu messages were told, not %zu", told, count);
    return wrong;
}

int life_flags(struct life *life)
{
    unsigned handle = (unsigned)life_below(life, 2);
    uint32_t box = life_box(life), copies[GROUP];
    size_t count = life_pick(life, box, UINT32_MAX, copies, 1 + life_below(life, GROUP));
    uint32_t operation = MAILPROTO_STORE_FLAGS_ADD + (uint32_t)life_below(life, 3);

    if (!count)
        return 0;
    return set_flags(life, handle, box, copies, count, operation,
                     (uint32_t)(life_below(life, 8) | (life_below(life, 2) ? MAILPROTO_FLAG_DRAFT : 0)));
}

int life_expunge(struct life *life)
{
    unsigned handle = (unsigned)life_below(life, 2);
    uint32_t box = life_box(life), copies[GROUP];
    size_t count = life_pick(life, box, UINT32_MAX, copies, 1 + life_below(life, GROUP)), gone = 0;
    struct ask_runs runs;
    struct world then;
    struct answer a;
    int wrong = 0;

    if (!count)
        return 0;
    if (set_flags(life, handle, box, copies, count, MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_DELETED))
        return -1;
    runs_of(life, &runs, copies, count);
    world_copy(&then, &life->ledger.now);
    for (size_t i = 0; i < count; i++)
        then.copies[copies[i]].alive = 0;
    ledger_begin(&life->ledger, life_at(life), PENDING_EACH, &then);
    if (ask_expunge(&a, life_store(life, handle), box_of(life, box)->id, runs.run))
        wrong = LIFE_WRONG(life, "%s", ask_why());
    for (size_t i = 0; i < a.count; i++)
        if (a.items[i]->type == MAILPROTO_STORE_VANISHED) {
            const mailproto_store_uids *item = (const mailproto_store_uids *)a.items[i];

            gone += item->last - item->first + 1;
        }
    answer_free(&a);
    if (!wrong && gone != count)
        wrong = LIFE_WRONG(life, "%zu messages vanished, not %zu", gone, count);
    if (!wrong)
        ledger_end(&life->ledger, life_at(life), &then);
    world_free(&then);
    return wrong;
}
