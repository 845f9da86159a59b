/* life_careless.c - another program that syncs nothing makes a mailbox, or removes one.
 * https://cr.yp.to/proto/maildir.html; no part of any protocol. */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "disk_nodes.h"
#include "life.h"

static const char name[] = "G"; /* only this one is made and removed like that */
static const char *const folders[] = {"tmp", "new", "cur", ""};
enum { FOLDERS = sizeof folders / sizeof *folders };

static const char *folder(const struct life *life, char *path, size_t size, size_t which)
{
    char above[400];

    life_folder_of(life, name, above, sizeof above);
    snprintf(path, size, "%s%s%s", above, *folders[which] ? "/" : "", folders[which]);
    return path;
}

#define A_WHILE INT64_C(3000000000) /* what is changed in one tick of the clock is seen when it is looked at again */

/* From here on the power is not lost. */
static size_t begin(struct life *life)
{
    size_t at = life->careless_count++;

    life->disk->clock += A_WHILE;
    life->careless_from[at] = life_at(life);
    life->careless_to[at] = SIZE_MAX;
    return at;
}

/* What the store has told is there to stay, and so is what it puts there. */
static int made(struct life *life)
{
    const mp_files *files = &life->recorder.files;
    size_t at = begin(life);
    char path[420];

    for (size_t i = 0; i < FOLDERS; i++)
        if (files->mkdir(files->user, folder(life, path, sizeof path, (i + FOLDERS - 1) % FOLDERS)))
            return LIFE_WRONG(life, "%.300s cannot be made", path);
    world_add_box(&life->ledger.now, 0, name);
    ledger_begin(&life->ledger, life_at(life), PENDING_NOTHING, NULL);
    if (life_look(life, (unsigned)life_below(life, 2)))
        return -1;
    life->careless_to[at] = life_at(life);
    return life_append_to(life, world_find_box(&life->ledger.now, name));
}

struct removing {
    const mp_files *files;
    const char *folder;
};

static int remove_one(void *context, const char *file)
{
    struct removing *r = context;
    char path[800];

    snprintf(path, sizeof path, "%s/%s", r->folder, file);
    (void)r->files->unlink(r->files->user, path);
    return 0;
}

static void forget(struct world *world, uint32_t box)
{
    world->boxes[box].alive = 0;
    for (size_t i = 0; i < world->copy_count; i++)
        if (world->copies[i].box == box)
            world->copies[i].alive = 0;
}

static int take_away(struct life *life)
{
    const mp_files *files = &life->recorder.files;
    char path[420];
    struct removing r = {files, path};

    for (size_t i = 0; i < FOLDERS; i++)
        if (mp_files_posix()->list(NULL, folder(life, path, sizeof path, i), remove_one, &r) ||
            files->rmdir(files->user, path))
            return LIFE_WRONG(life, "%.300s cannot be removed", path);
    forget(&life->ledger.now, world_find_box(&life->ledger.now, name));
    ledger_begin(&life->ledger, life_at(life), PENDING_NOTHING, NULL);
    return life_look(life, (unsigned)life_below(life, 2));
}

/* The name is given to another mailbox at once: what was removed does not come back in its place. */
static int removed(struct life *life, uint32_t other)
{
    size_t at = begin(life), renamed;

    if (take_away(life))
        return -1;
    renamed = life_at(life);
    if (life_rename_one(life, other, name))
        return -1;
    while (renamed < life_at(life) &&
           (life->disk->effects[renamed].what != DISK_RENAME || strcmp(life->disk->effects[renamed].name, ".G")))
        renamed++;
    life->careless_to[at] = renamed;
    life_rare(life, renamed, renamed + 1);
    return 0;
}

static int has_inferiors(const struct world *world)
{
    for (size_t i = 0; i < world->box_count; i++)
        if (world->boxes[i].alive && !strncmp(world->boxes[i].name, name, strlen(name)) &&
            world->boxes[i].name[strlen(name)] == '/')
            return 1;
    return 0;
}

int life_careless_folder(struct life *life)
{
    uint32_t box = world_find_box(&life->ledger.now, name), other = life_box(life);

    if (life->careless_count == LIFE_CARELESS || !life->disk)
        return 0;
    if (has_inferiors(&life->ledger.now))
        return 0;
    if (box == UINT32_MAX)
        return made(life);
    return other && other != box ? removed(life, other) : 0;
}
