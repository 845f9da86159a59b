/* survive.c - compares what a store has with what must be there after a loss of power.
 * The rules are those of mailproto/store.h; no part of any protocol. */
#include "survive.h"

#include <stdio.h>
#include <string.h>

#define WRONG(...) (snprintf(why, LEDGER_WHY, __VA_ARGS__), -1)

static const struct seen_box *seen_name(const struct seen *seen, const char *name)
{
    for (size_t i = 0; i < seen->box_count; i++)
        if (!strcmp(seen->boxes[i].name, name))
            return &seen->boxes[i];
    return NULL;
}

/* How often a message is in a mailbox; *uid: the last one's. */
static unsigned seen_in(const struct seen *seen, const struct seen_box *box, uint32_t message, uint32_t *uid)
{
    unsigned count = 0;

    for (size_t i = 0; box && i < seen->message_count; i++)
        if (&seen->boxes[seen->messages[i].box] == box && seen->messages[i].message == message) {
            count++;
            *uid = seen->messages[i].uid;
        }
    return count;
}

/* ---- what must be there ---- */

static int box_matches(const struct seen *seen, const struct world *world, uint32_t at, int may_rise, char *why)
{
    const struct world_box *box = &world->boxes[at];
    const struct seen_box *found = seen_name(seen, box->name);
    uint32_t expected = 0, uid;

    if (!found)
        return WRONG("%s is not there", box->name);
    if (box->validity && (found->validity < box->validity || (!may_rise && found->validity != box->validity)))
        return WRONG("%s had UIDVALIDITY %u, and has %u", box->name, (unsigned)box->validity,
                     (unsigned)found->validity);
    if (!may_rise && box->id && box->id != found->id)
        return WRONG("%s was mailbox %llu, and is %llu", box->name, (unsigned long long)box->id,
                     (unsigned long long)found->id);
    for (size_t i = 0; i < world->copy_count; i++) {
        const struct world_copy *copy = &world->copies[i];
        unsigned count;

        if (!copy->alive || copy->box != at)
            continue;
        expected++;
        count = seen_in(seen, found, copy->message, &uid);
        if (count != 1)
            return WRONG("%s: message %u (UID %u) is there %u times, not once", box->name, (unsigned)copy->message,
                         (unsigned)copy->uid, count);
        if (copy->uid && found->validity == box->validity && copy->uid != uid)
            return WRONG("%s: message %u had UID %u, and has %u", box->name, (unsigned)copy->message,
                         (unsigned)copy->uid, (unsigned)uid);
    }
    if (expected == found->count)
        return 0;
    for (size_t i = 0; i < seen->message_count; i++)
        if (&seen->boxes[seen->messages[i].box] == found && !world_has(world, at, seen->messages[i].message))
            return WRONG("%s: message %u (UID %u) is there, and should not be", box->name,
                         (unsigned)seen->messages[i].message, (unsigned)seen->messages[i].uid);
    return WRONG("%s has %u messages, and should have %u", box->name, (unsigned)found->count, (unsigned)expected);
}

static int matches(const struct seen *seen, const struct world *world, int may_rise, char *why)
{
    for (size_t i = 0; i < world->box_count; i++)
        if (world->boxes[i].alive && box_matches(seen, world, (uint32_t)i, may_rise, why))
            return -1;
    for (size_t i = 0; i < seen->box_count; i++)
        if (world_find_box(world, seen->boxes[i].name) == UINT32_MAX)
            return WRONG("%s is there, and should not be", seen->boxes[i].name);
    return may_rise ? 0 : beside_same(&world->beside, &seen->beside, why);
}

/* What is pending, as far as it was done for each message: it is on one side or on the other. */
static void choose_each(const struct seen *seen, const struct world *now, struct world *then)
{
    for (size_t i = 0; i < now->copy_count; i++) {
        struct world_copy *copy = &then->copies[i];
        uint32_t uid;

        if (copy->alive == now->copies[i].alive ||
            !seen_in(seen, seen_name(seen, then->boxes[copy->box].name), copy->message, &uid))
            continue;
        copy->alive = now->copies[i].alive;
        for (size_t k = now->copy_count; k < then->copy_count; k++)
            if (then->copies[k].from == i + 1)
                then->copies[k].alive = 0;
    }
}

/* Of mailboxes that were to be made, as those above another, some may be there already, empty. */
static void add_begun(const struct seen *seen, const struct moment *moment, struct world *world)
{
    for (size_t i = 0; i < seen->box_count; i++) {
        const char *name = seen->boxes[i].name;

        if (!seen->boxes[i].count && world_find_box(world, name) == UINT32_MAX &&
            world_find_box(&moment->then, name) != UINT32_MAX)
            world_add_box(world, 0, name);
    }
}

static int world_survives(const struct ledger *ledger, const struct moment *moment, const struct seen *seen,
                          struct world *world, char *why)
{
    char why_then[LEDGER_WHY];
    int wrong;

    world_copy(world, &moment->now);
    if (moment->pending)
        add_begun(seen, moment, world);
    wrong = matches(seen, world, ledger->numbers_may_rise, why);
    if (!wrong || moment->pending == PENDING_NOTHING)
        return wrong;
    world_free(world);
    world_copy(world, &moment->then);
    if (moment->pending == PENDING_EACH)
        choose_each(seen, &moment->now, world);
    wrong = matches(seen, world, ledger->numbers_may_rise, why_then);
    if (wrong)
        snprintf(why + strlen(why), LEDGER_WHY - strlen(why), "; or, done: %.200s", why_then);
    return wrong;
}

/* ---- numbers ---- */

static int number_survives(const struct told *told, const struct seen_box *box, const struct seen_message *m, char *why)
{
    if (told->validity != box->validity || told->uid != m->uid)
        return 0;
    if (told->message && told->message != m->message)
        return WRONG("%s: UIDVALIDITY %u UID %u was message %u, and is %u", box->name, (unsigned)box->validity,
                     (unsigned)m->uid, (unsigned)told->message, (unsigned)m->message);
    if (told->size && (told->size != m->size || told->date != m->date))
        return WRONG("%s, UID %u: %llu octets of %lld were told, now %llu of %lld", box->name, (unsigned)m->uid,
                     (unsigned long long)told->size, (long long)told->date, (unsigned long long)m->size,
                     (long long)m->date);
    if (told->modseq && told->modseq == m->modseq && told->flags != m->flags)
        return WRONG("%s, UID %u: modseq %llu was told with flags %x, and has %x", box->name, (unsigned)m->uid,
                     (unsigned long long)m->modseq, (unsigned)told->flags, (unsigned)m->flags);
    return 0;
}

static int state_survives(const struct told_state *state, const struct seen_box *box, char *why)
{
    if (state->validity == box->validity && state->modseq > box->cursor)
        return WRONG("%s: modseq %llu was told, and the cursor is %llu", box->name, (unsigned long long)state->modseq,
                     (unsigned long long)box->cursor);
    if (state->validity == box->validity && state->uidnext > box->uidnext)
        return WRONG("%s: UIDNEXT %u was told, and is %u", box->name, (unsigned)state->uidnext, (unsigned)box->uidnext);
    if (state->id == box->id && state->validity > box->validity)
        return WRONG("%s: UIDVALIDITY %u was told, and is %u", box->name, (unsigned)state->validity,
                     (unsigned)box->validity);
    return 0;
}

static int numbers_survive(const struct ledger *ledger, size_t at, const struct seen *seen, char *why)
{
    for (size_t i = 0; i < ledger->told_count; i++)
        for (size_t k = 0; ledger->told[i].at <= at && k < seen->message_count; k++)
            if (number_survives(&ledger->told[i], &seen->boxes[seen->messages[k].box], &seen->messages[k], why))
                return -1;
    for (size_t i = 0; i < ledger->state_count; i++)
        for (size_t k = 0; ledger->states[i].at <= at && k < seen->box_count; k++)
            if (state_survives(&ledger->states[i], &seen->boxes[k], why))
                return -1;
    for (size_t i = 0; i < seen->box_count; i++)
        for (size_t k = 0; k < i; k++)
            if (seen->boxes[i].validity == seen->boxes[k].validity)
                return WRONG("%s and %s have the same UIDVALIDITY", seen->boxes[i].name, seen->boxes[k].name);
    return 0;
}

int validities_are_new(const struct ledger *ledger, size_t at, const struct seen *seen, char *why)
{
    for (size_t i = 0; i < ledger->state_count; i++)
        for (size_t k = 0; ledger->states[i].at <= at && k < seen->box_count; k++)
            if (ledger->states[i].validity >= seen->boxes[k].validity)
                return WRONG("%s has UIDVALIDITY %u, and %u was told", seen->boxes[k].name,
                             (unsigned)seen->boxes[k].validity, (unsigned)ledger->states[i].validity);
    return 0;
}

int survives(const struct ledger *ledger, size_t at, const struct seen *seen, struct world *world, char *why)
{
    if (world_survives(ledger, ledger_at(ledger, at), seen, world, why))
        return -1;
    return numbers_survive(ledger, at, seen, why);
}
