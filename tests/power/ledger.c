/* ledger.c - keeps what a store has been asked for and has said.
 * The rules are those of mailproto/store.h; no part of any protocol. */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk_nodes.h"

/* ---- worlds ---- */

void world_copy(struct world *to, const struct world *from)
{
    to->box_count = from->box_count;
    to->copy_count = from->copy_count;
    to->beside = from->beside;
    to->boxes = power_memory(NULL, from->box_count * sizeof *to->boxes);
    to->copies = power_memory(NULL, from->copy_count * sizeof *to->copies);
    if (from->box_count)
        memcpy(to->boxes, from->boxes, from->box_count * sizeof *to->boxes);
    if (from->copy_count)
        memcpy(to->copies, from->copies, from->copy_count * sizeof *to->copies);
}

void world_free(struct world *world)
{
    free(world->boxes);
    free(world->copies);
    memset(world, 0, sizeof *world);
}

uint32_t world_add_box(struct world *world, uint64_t id, const char *name)
{
    struct world_box *box;

    world->boxes = power_memory(world->boxes, (world->box_count + 1) * sizeof *world->boxes);
    box = &world->boxes[world->box_count];
    memset(box, 0, sizeof *box);
    box->id = id;
    box->alive = 1;
    snprintf(box->name, sizeof box->name, "%s", name);
    return (uint32_t)world->box_count++;
}

uint32_t world_add_copy(struct world *world, uint32_t message, uint32_t box, uint32_t uid)
{
    world->copies = power_memory(world->copies, (world->copy_count + 1) * sizeof *world->copies);
    world->copies[world->copy_count] = (struct world_copy){.message = message, .box = box, .uid = uid, .alive = 1};
    return (uint32_t)world->copy_count++;
}

uint32_t world_find_box(const struct world *world, const char *name)
{
    for (size_t i = 0; i < world->box_count; i++)
        if (world->boxes[i].alive && !strcmp(world->boxes[i].name, name))
            return (uint32_t)i;
    return UINT32_MAX;
}

int world_has(const struct world *world, uint32_t box, uint32_t message)
{
    for (size_t i = 0; i < world->copy_count; i++)
        if (world->copies[i].alive && world->copies[i].box == box && world->copies[i].message == message)
            return 1;
    return 0;
}

/* ---- moments ---- */

void ledger_init(struct ledger *ledger)
{
    memset(ledger, 0, sizeof *ledger);
    ledger->next_message = 1;
}

void ledger_free(struct ledger *ledger)
{
    world_free(&ledger->now);
    for (size_t i = 0; i < ledger->moment_count; i++) {
        world_free(&ledger->moments[i].now);
        world_free(&ledger->moments[i].then);
    }
    for (size_t i = 0; i < ledger->view_count; i++)
        free(ledger->views[i].messages);
    free(ledger->moments);
    free(ledger->told);
    free(ledger->states);
    free(ledger->views);
    memset(ledger, 0, sizeof *ledger);
}

void ledger_begin(struct ledger *ledger, size_t at, int pending, const struct world *then)
{
    struct moment *moment;

    ledger->moments = power_memory(ledger->moments, (ledger->moment_count + 1) * sizeof *ledger->moments);
    moment = &ledger->moments[ledger->moment_count++];
    memset(moment, 0, sizeof *moment);
    moment->at = at;
    moment->doing = ledger->doing;
    moment->pending = pending;
    world_copy(&moment->now, &ledger->now);
    if (pending)
        world_copy(&moment->then, then);
}

void ledger_end(struct ledger *ledger, size_t at, const struct world *now)
{
    struct world copy;

    world_copy(&copy, now);
    world_free(&ledger->now);
    ledger->now = copy;
    ledger_begin(ledger, at, PENDING_NOTHING, NULL);
}

const struct moment *ledger_at(const struct ledger *ledger, size_t at)
{
    size_t i = ledger->moment_count;

    while (i > 1 && ledger->moments[i - 1].at > at)
        i--;
    return &ledger->moments[i - 1];
}

/* ---- what was told ---- */

void ledger_tell(struct ledger *ledger, const struct told *told)
{
    for (size_t i = ledger->told_count; i-- > 0;)
        if (ledger->told[i].validity == told->validity && ledger->told[i].uid == told->uid) {
            if (ledger->told[i].modseq == told->modseq && ledger->told[i].flags == told->flags &&
                ledger->told[i].size == told->size)
                return; /* nothing new */
            break;
        }
    ledger->told = power_memory(ledger->told, (ledger->told_count + 1) * sizeof *ledger->told);
    ledger->told[ledger->told_count++] = *told;
}

void ledger_tell_state(struct ledger *ledger, const struct told_state *state)
{
    ledger->states = power_memory(ledger->states, (ledger->state_count + 1) * sizeof *ledger->states);
    ledger->states[ledger->state_count++] = *state;
}

void ledger_tell_view(struct ledger *ledger, const struct view *view)
{
    struct view *copy;

    ledger->views = power_memory(ledger->views, (ledger->view_count + 1) * sizeof *ledger->views);
    copy = &ledger->views[ledger->view_count++];
    *copy = *view;
    copy->messages = power_memory(NULL, view->count * sizeof *view->messages);
    if (view->count)
        memcpy(copy->messages, view->messages, view->count * sizeof *view->messages);
}

void ledger_continue(struct ledger *to, const struct ledger *from, size_t at)
{
    ledger_init(to);
    to->next_message = from->next_message;
    to->numbers_may_rise = from->numbers_may_rise;
    for (size_t i = 0; i < from->told_count; i++)
        if (from->told[i].at <= at)
            ledger_tell(to, &from->told[i]);
    for (size_t i = 0; i < from->state_count; i++)
        if (from->states[i].at <= at)
            ledger_tell_state(to, &from->states[i]);
    for (size_t i = 0; i < from->view_count; i++)
        if (from->views[i].at <= at)
            ledger_tell_view(to, &from->views[i]);
    for (size_t i = 0; i < to->told_count; i++)
        to->told[i].at = 0;
    for (size_t i = 0; i < to->state_count; i++)
        to->states[i].at = 0;
    for (size_t i = 0; i < to->view_count; i++)
        to->views[i].at = 0;
}
