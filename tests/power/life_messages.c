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
    const mailproto_store *store;
    uint64_t mailbox;
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
        int32_t result = ask_begin(g->store, g->mailbox, &g->upload, life_below(life, 2) ? message_date(number) : 0,
                                   g->flags, g->options);

        if (!result)
            result = ask_write(g->store, g->upload, data, len);
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
    if (ask_commit(&a, g->store, g->upload))
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
    struct appending g = {.store = life_store(life, (unsigned)life_below(life, 2)),
                          .box = life_below(life, 3) ? 0 : life_box(life),
                          .options = life_below(life, 2) ? MAILPROTO_STORE_NO_UIDS : 0,
                          .count = life_below(life, 3) ? 1 : 2 + life_below(life, GROUP - 1)};

    g.flags = g.options ? 0 : flags[life_below(life, 4)];
    g.first = life->ledger.next_message;
    g.mailbox = box_of(life, g.box)->id;
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

int life_append_to(struct life *life, uint32_t box)
{
    struct appending g = {.store = life_store(life, 0),
                          .mailbox = box_of(life, box)->id,
                          .box = box,
                          .count = 1,
                          .first = life->ledger.next_message};

    return write_group(life, &g) || commit_group(life, &g) ? -1 : 0;
}

/* By a handle that knows no index. */
int life_deliver(struct life *life)
{
    struct appending g = {.mailbox = MAILPROTO_MAILDIR_INBOX,
                          .options = MAILPROTO_STORE_NO_UIDS,
                          .count = 1,
                          .first = life->ledger.next_message};

    if (!life->delivery && life_open_one(life, &life->delivery, MAILPROTO_MAILDIR_DELIVERY))
        return -1;
    g.store = mailproto_maildir_store(life->delivery);
    if (write_group(life, &g) || commit_group(life, &g))
        return -1;
    if (!life_below(life, 3)) {
        mailproto_maildir_close(life->delivery);
        life->delivery = NULL;
    }
    return 0;
}

int life_abort(struct life *life)
{
    struct appending g = {.store = life_store(life, (unsigned)life_below(life, 2)), .box = life_box(life), .count = 1};

    g.mailbox = box_of(life, g.box)->id;
    if (write_group(life, &g))
        return -1;
    ask_abort(g.store, g.upload);
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

/* Where a copy was put into its place, when the commit that decided so is durable: the power is lost there more often. */
static void remember_placing(struct life *life, size_t from)
{
    for (size_t i = life_at(life); i-- > from;)
        if (life->disk->effects[i].what == DISK_LINK || life->disk->effects[i].what == DISK_RENAME) {
            life_rare(life, i, i + 1);
            return;
        }
}

static int copy_or_move(struct life *life, uint32_t from, uint32_t to, uint32_t *copies, size_t count)
{
    int move = (int)life_below(life, 2), wrong = 0;
    struct ask_runs runs;
    struct world then;
    struct answer a;
    size_t first, at = life_at(life);

    life->doing = life->ledger.doing = move ? "move" : "copy";
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
    if (ask_copy(&a, life_store(life, (unsigned)life_below(life, 2)), box_of(life, from)->id, runs.run,
                 box_of(life, to)->id, move))
        wrong = LIFE_WRONG(life, "%s", ask_why());
    else
        wrong = tell_copied(life, &a, &then, first);
    answer_free(&a);
    for (size_t i = first; i < then.copy_count; i++)
        then.copies[i].from = 0;
    if (!wrong && !move && life->kind.ends && !life_below(life, 4))
        remember_placing(life, at);
    if (!wrong)
        ledger_end(&life->ledger, life_at(life), &then);
    world_free(&then);
    return wrong;
}

int life_copy(struct life *life)
{
    uint32_t from = life_box(life), to = life_box(life), copies[GROUP];
    size_t count = life_pick(life, from, to, copies, 1 + life_below(life, GROUP));

    return from == to || !count ? 0 : copy_or_move(life, from, to, copies, count);
}

/* To any mailbox that does not have it; if there is none, it stays alone. */
int life_copy_one(struct life *life, uint32_t from, uint32_t message)
{
    const struct world *now = &life->ledger.now;

    for (uint32_t to = 0; to < now->box_count; to++) {
        if (!now->boxes[to].alive || !now->boxes[to].id || world_has(now, to, message))
            continue;
        for (uint32_t i = 0; i < now->copy_count; i++)
            if (now->copies[i].alive && now->copies[i].box == from && now->copies[i].message == message)
                return copy_or_move(life, from, to, &i, 1);
    }
    return 0;
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

/* Of messages that are \Deleted. */
static int expunge(struct life *life, unsigned handle, uint32_t box, uint32_t *copies, size_t count)
{
    struct ask_runs runs;
    struct world then;
    struct answer a;
    size_t gone = 0;
    int wrong = 0;

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

int life_expunge(struct life *life)
{
    unsigned handle = (unsigned)life_below(life, 2);
    uint32_t box = life_box(life), copies[GROUP];
    size_t count = life_pick(life, box, UINT32_MAX, copies, 1 + life_below(life, GROUP));

    if (!count)
        return 0;
    if (set_flags(life, handle, box, copies, count, MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_DELETED))
        return -1;
    return expunge(life, handle, box, copies, count);
}

/* ---- a full disk ---- */

enum { SOME = 8, LITTLE = 6000, BEHIND = 4 };

/* What the store gives up to make room is taken by another program, or was before. */
static void take_reserve(struct life *life)
{
    static const char *const names[] = {"reserve-1", "reserve-2"};
    char path[300];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/mailproto/%s", life->root, names[i]);
        (void)life->recorder.files.unlink(life->recorder.files.user, path);
    }
}

static int mark_and_expunge(struct life *life, unsigned handle, uint32_t box, uint32_t *copies, size_t count)
{
    int mark_first = (int)life_below(life, 2), taken = life_below(life, 3) != 0, wrong = 0;
    size_t from;

    if (mark_first && set_flags(life, handle, box, copies, count, MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_DELETED))
        return -1;
    if (taken)
        take_reserve(life);
    recorder_bound(&life->recorder, life_below(life, 2) ? 0 : life_below(life, LITTLE));
    ask_forget();
    if (!mark_first)
        wrong = set_flags(life, handle, box, copies, count, MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_DELETED);
    from = life_at(life);
    if (!wrong)
        wrong = expunge(life, handle, box, copies, count);
    life_rare(life, from, life_at(life) + BEHIND);
    recorder_bound(&life->recorder, UINT64_MAX);
    return wrong;
}

/* Messages are marked and expunged, and there is no room for it. What is refused may have been done to each of them, and
   is looked at: what is seen then stays. */
int life_full_disk(struct life *life)
{
    unsigned handle = (unsigned)life_below(life, 2);
    uint32_t box = life_box(life), copies[SOME];
    size_t count = life_pick(life, box, UINT32_MAX, copies, 1 + life_below(life, SOME));

    if (!count || !life->disk)
        return 0;
    if (mark_and_expunge(life, handle, box, copies, count)) {
        if (ask_last() != MAILPROTO_ERR_FULL)
            return -1;
        return life_look(life, (unsigned)life_below(life, 2));
    }
    return life_below(life, 2) ? life_reopen(life) : 0; /* which makes the room again that is kept back */
}

/* ---- some hundred messages ---- */

enum { MANY = 540 };

static int append_many(struct life *life)
{
    struct appending g = {.store = life_store(life, 0),
                          .mailbox = box_of(life, 0)->id,
                          .count = MANY,
                          .first = MESSAGE_SMALL};
    uint32_t next = life->ledger.next_message;
    int wrong;

    life->ledger.next_message = MESSAGE_SMALL;
    wrong = write_group(life, &g);
    life->ledger.next_message = next;
    return wrong ? wrong : commit_group(life, &g);
}

/* They come, get a flag, and go: the store need not remember so many that went, and still they do not come back. */
int life_many(struct life *life)
{
    mailproto_store_run run = {.struct_size = sizeof run};
    struct life_names names = {.count = 0};
    struct world then;
    struct answer a;
    int wrong;

    life->doing = life->ledger.doing = "many";
    if (append_many(life))
        return -1;
    life_names(life, &names);
    run.last = life->ledger.now.copies[life->ledger.now.copy_count - 1].uid;
    run.first = run.last - MANY + 1;
    wrong = ask_flags(&a, life_store(life, 0), box_of(life, 0)->id, &run, MAILPROTO_STORE_FLAGS_ADD,
                      MAILPROTO_FLAG_DELETED);
    answer_free(&a);
    if (wrong)
        return LIFE_WRONG(life, "%s", ask_why());
    world_copy(&then, &life->ledger.now);
    for (size_t i = then.copy_count - MANY; i < then.copy_count; i++)
        then.copies[i].alive = 0;
    ledger_begin(&life->ledger, life_at(life), PENDING_EACH, &then);
    wrong = ask_expunge(&a, life_store(life, 0), box_of(life, 0)->id, &run);
    answer_free(&a);
    if (!wrong)
        ledger_end(&life->ledger, life_at(life), &then);
    world_free(&then);
    return wrong ? LIFE_WRONG(life, "%s", ask_why()) : life_put_back(life, &names);
}
