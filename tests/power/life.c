/* life.c - a store on a recorded disk: what it is asked is chance, what it says is kept in the ledger.
 * The contract of mailproto/store.h; no part of any protocol. */
#include "life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "survive.h"

size_t life_at(const struct life *life)
{
    return life->disk ? life->disk->count : 0;
}

const mailproto_store *life_store(struct life *life, unsigned handle)
{
    return mailproto_maildir_store(life->handles[handle]);
}

size_t life_below(struct life *life, size_t n)
{
    return test_random_below(&life->random, n);
}

int life_open_one(struct life *life, mailproto_maildir **out, uint32_t options)
{
    mailproto_maildir_config config;

    mailproto_maildir_config_init(&config, sizeof config);
    config.options = options;
    config.files = &life->recorder.files;
    config.host = (mailproto_text){"test", 4};
    config.syncs = life->syncs;
    config.busy_ms = 100; /* all handles are this thread's: who waits waits for itself */
    life->opened = mailproto_maildir_open(out, life->root, &config, life->why, sizeof life->why);
    return life->opened ? -1 : 0;
}

int life_open(struct life *life)
{
    for (unsigned i = 0; i < 2; i++)
        if (!life->handles[i] && life_open_one(life, &life->handles[i], 0))
            return -1;
    return 0;
}

/* Of the folder of all accounts. Somebody made this account and was stopped before its name was durable; who begins to
   serve them makes it so. */
static int begin_accounts(struct life *life)
{
    const mp_files *files = &life->recorder.files;
    mailproto_maildir_config config;
    char accounts[256], *end;
    mp_file_status status;

    snprintf(accounts, sizeof accounts, "%s", life->root);
    end = strrchr(accounts, '/');
    if (!*life->kind.account || !mp_files_posix()->stat(NULL, life->root, &status))
        return 0;
    *end = 0;
    mailproto_maildir_config_init(&config, sizeof config);
    config.files = files;
    if (mailproto_maildir_make_folder(accounts, &config, life->why, sizeof life->why) ||
        files->mkdir(files->user, life->root))
        return -1;
    return mailproto_maildir_make_folder(accounts, &config, life->why, sizeof life->why) ? -1 : 0;
}

int life_begin(struct life *life, const char *folder)
{
    snprintf(life->root, sizeof life->root, "%s%s", folder, life->kind.account);
    if (!life->clock)
        life->clock = INT64_C(1735689600) * 1000000000; /* behind the clock that looks at the states */
    life->disk = disk_begin(folder, life->clock);
    recorder_init(&life->recorder, life->disk);
    life->recorder.no_links = life->kind.no_links;
    ledger_begin(&life->ledger, life_at(life), PENDING_NOTHING, NULL);
    life->doing = "open";
    if (life_below(life, 2) && mailproto_maildir_syncs_new(&life->syncs))
        return LIFE_WRONG(life, "no memory");
    if (life_below(life, 2) && begin_accounts(life))
        return -1;
    if (life->kind.deliver_first && (life_deliver(life) || life_deliver(life)))
        return -1;
    return life_open(life);
}

void life_close_one(struct life *life, size_t which)
{
    mailproto_maildir_close(life->handles[which]);
    life->handles[which] = NULL;
}

void life_close(struct life *life)
{
    life_close_one(life, 0);
    life_close_one(life, 1);
    mailproto_maildir_close(life->delivery);
    life->delivery = NULL;
}

void life_end(struct life *life)
{
    life_close(life);
    mailproto_maildir_syncs_free(life->syncs);
    life->syncs = NULL;
    ledger_free(&life->ledger);
    disk_free(life->disk);
    life->disk = NULL;
}

int life_reopen(struct life *life)
{
    life_close_one(life, life_below(life, 2));
    return life_open(life);
}

/* ---- looking ---- */

static void tell_box(struct life *life, const struct seen *seen, size_t at)
{
    const struct seen_box *box = &seen->boxes[at];
    struct told_state state = {
        .at = life_at(life), .id = box->id, .modseq = box->cursor, .validity = box->validity, .uidnext = box->uidnext};
    struct view view = {.at = life_at(life), .validity = box->validity, .cursor = box->cursor};

    memcpy(state.name, box->name, sizeof state.name);
    ledger_tell_state(&life->ledger, &state);
    view.messages = malloc((box->count + 1) * sizeof *view.messages);
    for (size_t i = 0; view.messages && i < seen->message_count; i++)
        if (seen->messages[i].box == at)
            view.messages[view.count++] = (struct view_message){seen->messages[i].uid, seen->messages[i].flags};
    ledger_tell_view(&life->ledger, &view);
    free(view.messages);
}

/* The world has the numbers that were seen. */
static void number_world(struct world *world, const struct seen *seen)
{
    for (size_t i = 0; i < seen->box_count; i++) {
        uint32_t box = world_find_box(world, seen->boxes[i].name);

        world->boxes[box].id = seen->boxes[i].id;
        world->boxes[box].validity = seen->boxes[i].validity;
        for (size_t k = 0; k < seen->message_count; k++)
            for (size_t c = 0; seen->messages[k].box == i && c < world->copy_count; c++)
                if (world->copies[c].alive && world->copies[c].box == box &&
                    world->copies[c].message == seen->messages[k].message)
                    world->copies[c].uid = seen->messages[k].uid;
    }
}

int life_look(struct life *life, unsigned handle)
{
    struct seen seen;
    struct world world = {0};
    int wrong = see(&seen, life_store(life, handle), life->why);

    if (!wrong)
        wrong = survives(&life->ledger, life_at(life), &seen, &world, life->why) ||
                views_survive(&life->ledger, life_at(life), &seen, life_store(life, handle), life->why);
    if (!wrong) {
        number_world(&world, &seen);
        ledger_end(&life->ledger, life_at(life), &world);
        for (size_t i = 0; i < seen.message_count; i++) {
            const struct seen_message *m = &seen.messages[i];
            struct told told = {life_at(life), seen.boxes[m->box].validity,
                                m->uid,        m->message,
                                m->flags,      m->modseq,
                                m->size,       m->date};

            ledger_tell(&life->ledger, &told);
        }
        for (size_t i = 0; i < seen.box_count; i++)
            tell_box(life, &seen, i);
    }
    world_free(&world);
    seen_free(&seen);
    return wrong ? -1 : 0;
}

static int look(struct life *life)
{
    return life_look(life, (unsigned)life_below(life, 2));
}

/* ---- chance ---- */

uint32_t life_box(struct life *life)
{
    const struct world *now = &life->ledger.now;
    size_t at = life_below(life, now->box_count);

    while (!now->boxes[at].alive || !now->boxes[at].id)
        at = (at + 1) % now->box_count;
    return (uint32_t)at;
}

size_t life_pick(struct life *life, uint32_t box, uint32_t unless, uint32_t *copies, size_t most)
{
    const struct world *now = &life->ledger.now;
    size_t count = 0, first = now->copy_count ? life_below(life, now->copy_count) : 0;

    for (size_t i = 0; i < now->copy_count && count < most; i++) {
        size_t at = (first + i) % now->copy_count;
        const struct world_copy *copy = &now->copies[at];

        if (copy->alive && copy->box == box && copy->uid &&
            (unless == UINT32_MAX || !world_has(now, unless, copy->message)))
            copies[count++] = (uint32_t)at;
    }
    return count;
}

void life_rare(struct life *life, size_t from, size_t to)
{
    size_t at = life->rare_count++ % LIFE_RARE;

    life->rare_from[at] = from;
    life->rare_to[at] = to;
}

/* Some steps follow at once, some come when the times of folders are old enough to be trusted. */
static void time_passes(struct life *life)
{
    static const int64_t milliseconds[] = {0, 0, 0, 5, 30, 30, 2500, 70000};

    if (life->disk)
        life->disk->clock += milliseconds[life_below(life, 8)] * 1000000;
}

enum { OFTEN = 40 };

int life_step(struct life *life)
{
    static const struct {
        const char *name;
        int (*step)(struct life *life);
        unsigned weight;
        int inside;
    } steps[] = {
        {"append", life_append, 22, 0},
        {"deliver", life_deliver, 12, 1},
        {"abort", life_abort, 2, 1},
        {"copy or move", life_copy, 16, 1},
        {"flags", life_flags, 10, 1},
        {"expunge", life_expunge, 9, 1},
        {"create", life_create, 5, 1},
        {"delete", life_delete, 3, 0},
        {"rename", life_rename, 3, 0},
        {"rename INBOX", life_rename_inbox, 2, 0},
        {"beside", life_beside, 4, 1},
        {"another program", life_other_program, 8, 1},
        {"a careless program", life_careless_program, 2, 0},
        {"reopen", life_reopen, 3, 0},
        {"look", look, 12, 1},
        {"lose the index", life_lose_index, 1, 0},
        {"a full disk", life_full_disk, 2, 0},
    };
    size_t total = 0, at = 0, chance, weights[sizeof steps / sizeof *steps];
    const char *before = life->doing;
    int result;

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        weights[i] = life->kind.often && !strcmp(steps[i].name, life->kind.often) ? OFTEN : steps[i].weight;
        if (steps[i].step == life_full_disk && !life->kind.ends)
            weights[i] = 0;
        total += weights[i];
    }
    do {
        chance = life_below(life, total);
        for (at = 0; chance >= weights[at]; at++)
            chance -= weights[at];
    } while (life->inside && !steps[at].inside);
    time_passes(life);
    life->doing = life->ledger.doing = steps[at].name;
    result = steps[at].step(life);
    if (!result)
        life->doing = before;
    return result;
}

void life_print(const struct life *life, size_t prefix)
{
    const struct ledger *ledger = &life->ledger;
    size_t at = life->disk->base;

    for (size_t i = 0; i < ledger->moment_count; i++) {
        const struct moment *m = &ledger->moments[i];

        if (m->at > prefix)
            break;
        disk_print(life->disk, at, m->at);
        at = m->at;
        printf("%6zu ---- %s: %s\n", at, m->doing ? m->doing : "begin", m->pending ? "asked" : "answered");
    }
    disk_print(life->disk, at, prefix);
    printf("%6zu ---- the end\n", prefix);
    fflush(stdout);
}
