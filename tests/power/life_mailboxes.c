/* life_mailboxes.c - mailboxes made, removed and renamed.
 * The contract of mailproto/store.h; no part of any protocol. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "life.h"

enum { REFUSED = 6 };

static const char *const names[] = {"A", "B", "C", "D", "A/x", "B/y", "C/x/z", "E", "F/u"};

/* A name that nothing has; NULL: chance found none. */
static const char *new_name(struct life *life)
{
    const char *name = names[life_below(life, sizeof names / sizeof *names)];

    return world_find_box(&life->ledger.now, name) == UINT32_MAX ? name : NULL;
}

static int is_below(const char *name, const char *above)
{
    size_t len = strlen(above);

    return !strncmp(name, above, len) && name[len] == '/';
}

/* Makes those above a name that are missing. */
static void add_above(struct world *world, const char *name)
{
    for (const char *end = strchr(name, '/'); end; end = strchr(end + 1, '/')) {
        char above[LEDGER_NAME];

        snprintf(above, sizeof above, "%.*s", (int)(end - name), name);
        if (world_find_box(world, above) == UINT32_MAX)
            world_add_box(world, 0, above);
    }
}

static int finish(struct life *life, struct world *then, int wrong)
{
    if (wrong)
        snprintf(life->why, sizeof life->why, "%s", ask_why());
    else
        ledger_end(&life->ledger, life_at(life), then);
    world_free(then);
    /* what was made is looked at, which tells its id and numbers */
    return wrong ? -1 : life_look(life, (unsigned)life_below(life, 2));
}

int life_create_one(struct life *life, const char *name)
{
    struct world then;
    uint64_t id;

    world_copy(&then, &life->ledger.now);
    add_above(&then, name);
    world_add_box(&then, 0, name);
    ledger_begin(&life->ledger, life_at(life), PENDING_WHOLE, &then);
    return finish(life, &then, ask_create(life_store(life, (unsigned)life_below(life, 2)), name, &id));
}

int life_create(struct life *life)
{
    const char *name = new_name(life);

    return name ? life_create_one(life, name) : 0;
}

int life_delete(struct life *life)
{
    uint32_t box = life_box(life);
    uint64_t id = life->ledger.now.boxes[box].id;
    struct world then;

    if (!strcmp(life->ledger.now.boxes[box].name, "INBOX"))
        return 0;
    for (size_t i = 0; i < life->ledger.now.box_count; i++)
        if (life->ledger.now.boxes[i].alive &&
            is_below(life->ledger.now.boxes[i].name, life->ledger.now.boxes[box].name))
            return 0;
    world_copy(&then, &life->ledger.now);
    then.boxes[box].alive = 0;
    for (size_t i = 0; i < then.copy_count; i++)
        if (then.copies[i].box == box)
            then.copies[i].alive = 0;
    ledger_begin(&life->ledger, life_at(life), PENDING_WHOLE, &then);
    return finish(life, &then, ask_delete(life_store(life, (unsigned)life_below(life, 2)), id));
}

int life_rename_one(struct life *life, uint32_t box, const char *name)
{
    char old[LEDGER_NAME];
    struct world then;

    memcpy(old, life->ledger.now.boxes[box].name, sizeof old);
    world_copy(&then, &life->ledger.now);
    for (size_t i = 0; i < then.box_count; i++) {
        char moved[2 * LEDGER_NAME];

        if (!then.boxes[i].alive || (i != box && !is_below(then.boxes[i].name, old)))
            continue;
        snprintf(moved, sizeof moved, "%s%s", name, then.boxes[i].name + strlen(old));
        if (strlen(moved) >= LEDGER_NAME || world_find_box(&then, moved) != UINT32_MAX) {
            world_free(&then);
            return 0; /* it would be refused */
        }
        memcpy(then.boxes[i].name, moved, strlen(moved) + 1);
    }
    add_above(&then, name);
    ledger_begin(&life->ledger, life_at(life), PENDING_WHOLE, &then);
    return finish(life, &then, ask_rename(life_store(life, (unsigned)life_below(life, 2)), then.boxes[box].id, name));
}

/* Nobody may change the account's folder any more when the commit was made: it is taken back, and stays so. */
static int rename_refused(struct life *life, uint32_t box, const char *name)
{
    struct recorder *r = &life->recorder;
    int wrong;

    r->operations = 0;
    r->fail_with = EACCES;
    r->fail_from = 2; /* behind the sync of the names */
    r->fail_until = UINT64_MAX;
    r->fail_what = RECORDER_WRITES;
    ask_forget();
    wrong = life_rename_one(life, box, name);
    r->fail_what = 0;
    if (wrong && ask_last() != MAILPROTO_ERR_UNAVAILABLE)
        return -1;
    if (life_look(life, (unsigned)life_below(life, 2)))
        return -1;
    life_rare(life, life_at(life), life_at(life) + REFUSED);
    return 0;
}

int life_rename(struct life *life)
{
    uint32_t box = life_box(life);
    const char *name = new_name(life), *old = life->ledger.now.boxes[box].name;

    if (!name || !strcmp(old, "INBOX") || is_below(name, old))
        return 0;
    return life->kind.ends && !life_below(life, 4) ? rename_refused(life, box, name) : life_rename_one(life, box, name);
}

int life_rename_inbox_to(struct life *life, const char *name)
{
    struct world then;
    uint32_t made;
    size_t count;

    if (life_look(life, 0)) /* what another program put in and nobody noticed yet need not move */
        return -1;
    world_copy(&then, &life->ledger.now);
    add_above(&then, name);
    made = world_add_box(&then, 0, name);
    count = then.copy_count;
    for (size_t i = 0; i < count; i++)
        if (then.copies[i].alive && then.copies[i].box == 0) {
            uint32_t copy = world_add_copy(&then, then.copies[i].message, made, 0);

            then.copies[copy].from = (uint32_t)i + 1;
            then.copies[i].alive = 0;
        }
    ledger_begin(&life->ledger, life_at(life), PENDING_EACH, &then);
    return finish(life, &then, ask_rename(life_store(life, (unsigned)life_below(life, 2)), then.boxes[0].id, name));
}

int life_rename_inbox(struct life *life)
{
    const char *name = new_name(life);

    return name ? life_rename_inbox_to(life, name) : 0;
}
