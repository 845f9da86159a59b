/* life_mailboxes.c - mailboxes made, removed and renamed, other programs, and an index that is lost.
 * The contract of mailproto/store.h, and https://cr.yp.to/proto/maildir.html; no part of any protocol. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "life.h"
#include "message.h"

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

int life_create(struct life *life)
{
    const char *name = new_name(life);
    struct world then;
    uint64_t id;

    if (!name)
        return 0;
    world_copy(&then, &life->ledger.now);
    add_above(&then, name);
    world_add_box(&then, 0, name);
    ledger_begin(&life->ledger, life_at(life), PENDING_WHOLE, &then);
    return finish(life, &then, ask_create(life_store(life, (unsigned)life_below(life, 2)), name, &id));
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

int life_rename(struct life *life)
{
    uint32_t box = life_box(life);
    const char *name = new_name(life);
    char old[LEDGER_NAME];
    struct world then;

    memcpy(old, life->ledger.now.boxes[box].name, sizeof old);
    if (!name || !strcmp(old, "INBOX") || is_below(name, old))
        return 0;
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

int life_rename_inbox(struct life *life)
{
    const char *name = new_name(life);
    struct world then;
    uint32_t made;
    size_t count;

    if (!name)
        return 0;
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

/* ---- another program ---- */

/* The folder of a mailbox. */
static void folder_of(const struct life *life, uint32_t box, char *path, size_t size)
{
    const char *name = life->ledger.now.boxes[box].name;

    if (!strcmp(name, "INBOX"))
        snprintf(path, size, "%s", life->root);
    else
        snprintf(path, size, "%s/.%s", life->root, name);
    for (char *at = path + strlen(life->root) + 1; *path && at < path + strlen(path); at++)
        if (*at == '/')
            *at = '.';
}

/* A file with LF line ends, as Maildir programs make them, on the disk. */
static int make_file(struct life *life, const char *path, uint32_t message)
{
    const mp_files *files = &life->recorder.files;
    size_t len, used = 0;
    char *data = message_make(message, &len);
    int fd = files->open(files->user, path, MP_FILE_WRITE | MP_FILE_CREATE | MP_FILE_EXCLUSIVE), failed;

    for (size_t i = 0; i < len; i++)
        if (data[i] != '\r')
            data[used++] = data[i];
    failed = fd < 0 || files->write(files->user, fd, data, used) != (int64_t)used || files->fsync(files->user, fd);
    if (fd >= 0)
        files->close(files->user, fd);
    free(data);
    return failed;
}

int life_other_program(struct life *life)
{
    const mp_files *files = &life->recorder.files;
    uint32_t box = life_box(life), message = life->ledger.next_message++;
    int to_cur = (int)life_below(life, 2);
    char folder[400], directory[420], from[500], to[500];
    struct world then;
    int failed;

    folder_of(life, box, folder, sizeof folder);
    snprintf(from, sizeof from, "%s/tmp/17%u.other.host", folder, (unsigned)message);
    snprintf(directory, sizeof directory, "%s/%s", folder, to_cur ? "cur" : "new");
    snprintf(to, sizeof to, "%s/17%u.other.host%s", directory, (unsigned)message, to_cur ? ":2,S" : "");
    if (make_file(life, from, message))
        return LIFE_WRONG(life, "%.300s could not be made", from);
    world_copy(&then, &life->ledger.now);
    world_add_copy(&then, message, box, 0);
    ledger_begin(&life->ledger, life_at(life), PENDING_WHOLE, &then);
    failed = files->rename(files->user, from, to) || files->sync_directory(files->user, directory);
    if (!failed)
        ledger_end(&life->ledger, life_at(life), &then);
    world_free(&then);
    return failed ? LIFE_WRONG(life, "%.300s could not be moved", from) : 0;
}

/* ---- an index that is lost ---- */

struct removing {
    struct life *life;
    char folder[300];
    int all; /* what belongs to it, too */
};

static int remove_file(void *context, const char *name)
{
    struct removing *r = context;
    char path[600];

    snprintf(path, sizeof path, "%s/%s", r->folder, name);
    if (!strcmp(name, "index.sqlite") || (r->all && !strncmp(name, "index", 5)))
        r->life->recorder.files.unlink(r->life->recorder.files.user, path);
    return 0;
}

/* The database first: without its log it would be older than what was told, and look whole. */
static void remove_index(struct life *life)
{
    struct removing r = {.life = life};

    snprintf(r.folder, sizeof r.folder, "%s/mailproto", life->root);
    for (r.all = 0; r.all < 2; r.all++) {
        mp_files_posix()->list(NULL, r.folder, remove_file, &r);
        life->recorder.files.sync_directory(&life->recorder, r.folder);
    }
}

/* Its first octets become something else, durably. */
static void damage_index(struct life *life)
{
    const mp_files *files = &life->recorder.files;
    char path[300], noise[64];
    int fd;

    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)test_random_next(&life->random);
    snprintf(path, sizeof path, "%s/mailproto/index.sqlite", life->root);
    fd = files->open(files->user, path, MP_FILE_READ | MP_FILE_WRITE);
    if (fd < 0)
        return;
    files->pwrite(files->user, fd, noise, sizeof noise, 0);
    files->fsync(files->user, fd);
    files->close(files->user, fd);
}

/* Long after the last change: what the store knows of removals that are not durable yet is in the index. */
int life_lose_index(struct life *life)
{
    life_close(life);
    disk_settle(life->disk);
    life->ledger.numbers_may_rise = 1;
    if (life_below(life, 2))
        remove_index(life);
    else
        damage_index(life);
    return life_open(life) ? -1 : life_look(life, 0);
}
