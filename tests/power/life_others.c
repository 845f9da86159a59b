/* life_others.c - what comes from outside: other Maildir programs, and an index that is lost.
 * https://cr.yp.to/proto/maildir.html; no part of any protocol. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"
#include "disk_nodes.h"
#include "life.h"
#include "message.h"

enum { FORGOTTEN = 8 };

/* ---- another program ---- */

/* The folder of a mailbox. */
void life_folder_of(const struct life *life, const char *name, char *path, size_t size)
{
    if (!strcmp(name, "INBOX"))
        snprintf(path, size, "%s", life->root);
    else
        snprintf(path, size, "%s/.%s", life->root, name);
    for (char *at = path + strlen(life->root) + 1; *path && at < path + strlen(path); at++)
        if (*at == '/')
            *at = '.';
}

/* A file with LF line ends, as Maildir programs make them; sync: on the disk. */
static int make_file(struct life *life, const char *path, uint32_t message, int sync)
{
    const mp_files *files = &life->recorder.files;
    size_t len, used = 0;
    char *data = message_make(message, &len);
    int fd = files->open(files->user, path, MP_FILE_WRITE | MP_FILE_CREATE | MP_FILE_EXCLUSIVE), failed;

    for (size_t i = 0; i < len; i++)
        if (data[i] != '\r')
            data[used++] = data[i];
    failed =
        fd < 0 || files->write(files->user, fd, data, used) != (int64_t)used || (sync && files->fsync(files->user, fd));
    if (fd >= 0)
        files->close(files->user, fd);
    free(data);
    return failed;
}

int life_deliver_beside(struct life *life, uint32_t box, uint32_t message, int sync)
{
    const mp_files *files = &life->recorder.files;
    int to_cur = (int)life_below(life, 2);
    char folder[400], directory[420], from[500], to[500];
    struct world then;
    int failed;

    life_folder_of(life, life->ledger.now.boxes[box].name, folder, sizeof folder);
    snprintf(from, sizeof from, "%s/tmp/17%u.other.host", folder, (unsigned)message);
    snprintf(directory, sizeof directory, "%s/%s", folder, to_cur ? "cur" : "new");
    snprintf(to, sizeof to, "%s/17%u.other.host%s", directory, (unsigned)message, to_cur ? ":2,S" : "");
    if (make_file(life, from, message, sync))
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

int life_other_program(struct life *life)
{
    uint32_t box = life_box(life);

    return life_deliver_beside(life, box, life->ledger.next_message++, 1);
}

/* ---- a file that comes back ---- */

static int add_name(void *context, const char *name)
{
    struct life_names *names = context;

    if (*name == '.')
        return 0;
    snprintf(names->names[names->count++], sizeof names->names[0], "%.*s", (int)strcspn(name, ":"), name);
    return names->count == LIFE_NAMES;
}

void life_names(const struct life *life, struct life_names *names)
{
    char folder[300];

    snprintf(folder, sizeof folder, "%s/cur", life->root);
    mp_files_posix()->list(NULL, folder, add_name, names);
}

struct finder {
    const char *base;
    int found;
};

static int is_base(void *context, const char *name)
{
    struct finder *finder = context;
    size_t len = strcspn(name, ":");

    finder->found |= len == strlen(finder->base) && !memcmp(name, finder->base, len);
    return finder->found;
}

/* Its removal is noticed by one look; by the next one it is durable, and the store need not know the name any more. */
int life_put_back(struct life *life, const struct life_names *names)
{
    const mp_files *files = &life->recorder.files;
    struct finder finder = {"", 1};
    char folder[300], from[400], to[600];
    size_t at;

    snprintf(folder, sizeof folder, "%s/cur", life->root);
    for (size_t i = 0; i < names->count && finder.found; i++) {
        finder = (struct finder){names->names[i], 0};
        mp_files_posix()->list(NULL, folder, is_base, &finder);
    }
    if (finder.found)
        return LIFE_WRONG(life, "no file is gone");
    snprintf(folder, sizeof folder, "%s/new", life->root);
    snprintf(from, sizeof from, "%s/tmp/back.other.host", life->root);
    snprintf(to, sizeof to, "%s/%s", folder, finder.base);
    if (make_file(life, from, life->ledger.next_message++, 1) || files->rename(files->user, from, to) ||
        files->sync_directory(files->user, folder))
        return LIFE_WRONG(life, "%.300s could not be put back", to);
    if (life_look(life, 0))
        return -1;
    at = life_at(life);
    if (life_look(life, 0))
        return -1;
    life_rare(life, at, life_at(life) + FORGOTTEN);
    return 0;
}

/* ---- one that syncs nothing ---- */

static int is_another(const struct life *life, uint32_t box)
{
    for (size_t i = 0; i < life->ledger.now.box_count; i++)
        if (i != box && life->ledger.now.boxes[i].alive && life->ledger.now.boxes[i].id)
            return 1;
    return 0;
}

/* One that syncs nothing: its message may be lost, but not once the store has said that it copied or moved it. */
int life_careless_program(struct life *life)
{
    size_t at = life->careless_count;
    uint32_t box = life_box(life), message = life->ledger.next_message++;
    int wrong;

    if (!life_below(life, 2))
        return life_careless_folder(life);
    if (at == LIFE_CARELESS || !is_another(life, box))
        return 0;
    life->careless_count++;
    life->careless_from[at] = life_at(life);
    life->careless_to[at] = SIZE_MAX;
    wrong = life_deliver_beside(life, box, message, 0) || life_look(life, 0) || life_copy_one(life, box, message);
    life->careless_to[at] = life_at(life);
    return wrong ? -1 : 0;
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

/* By another process: one that closes a file loses the locks that SQLite has on it. Without data: it is cut. */
static void change_apart(const char *path, const char *data, size_t len)
{
    const mp_files *files = mp_files_posix();
    pid_t child = fork();
    int fd, failed;

    if (child > 0)
        waitpid(child, NULL, 0);
    if (child)
        return;
    fd = files->open(NULL, path, MP_FILE_READ | MP_FILE_WRITE);
    failed = fd < 0 || (data ? files->pwrite(NULL, fd, data, len, 0) != (int64_t)len : files->ftruncate(NULL, fd, len));
    _exit(failed);
}

enum { HEAD = 64, WHOLE = 1 << 20, ASIDE = 2 };

/* So many of its octets become something else. */
static void damage_index(struct life *life, size_t len, int durably)
{
    char path[300], *noise;
    uint32_t node;

    snprintf(path, sizeof path, "%s/mailproto/index.sqlite", life->root);
    node = life->disk ? disk_find(life->disk, path) : UINT32_MAX;
    if (node == UINT32_MAX)
        return;
    if (len > disk_size(life->disk, node))
        len = (size_t)disk_size(life->disk, node);
    noise = power_memory(NULL, len);
    for (size_t i = 0; i < len; i++)
        noise[i] = (char)test_random_next(&life->random);
    change_apart(path, noise, len);
    disk_write(life->disk, node, 0, noise, len);
    if (durably)
        disk_sync(life->disk, node, 0);
    free(noise);
}

/* Nothing of it is left; who opens it sees that at once, whatever the log has. */
static void cut_index(struct life *life)
{
    char path[300];
    uint32_t node;

    snprintf(path, sizeof path, "%s/mailproto/index.sqlite", life->root);
    node = life->disk ? disk_find(life->disk, path) : UINT32_MAX;
    if (node == UINT32_MAX)
        return;
    change_apart(path, NULL, 0);
    disk_truncate(life->disk, node, 0);
}

/* Where an index was set aside, from one effect on: the power is lost between its renames more often. */
static void remember_aside(struct life *life, size_t from)
{
    for (size_t i = from; i < life_at(life); i++) {
        const struct disk_effect *e = &life->disk->effects[i];

        if (e->what == DISK_RENAME && !strcmp(e->old, "index.sqlite")) {
            life_rare(life, i + 1, i + 1 + ASIDE);
            return;
        }
    }
}

/* Found by who opens it while it is in use, and has a log. If the damage is lost with the power, the index that was set
   aside looks whole: it must not come back without its log. */
static int damage_open_index(struct life *life)
{
    size_t from;
    int wrong;

    life_close(life);
    if (life_open(life))
        return -1;
    for (unsigned i = 0; i < 4; i++) /* UIDs that only the log knows */
        if (life_append(life) || life_look(life, 0) || life_expunge(life))
            return -1;
    disk_settle(life->disk);
    life_close_one(life, 0);
    if (!life_below(life, 4))
        damage_index(life, WHOLE, 0);
    else
        cut_index(life);
    from = life_at(life);
    wrong = life_open(life);
    remember_aside(life, from);
    return wrong;
}

/* Long after the last change: what the store knows of removals that are not durable yet is in the index. */
int life_lose_index(struct life *life)
{
    size_t chance = life_below(life, 3);

    if (life_look(life, 0))
        return -1;
    if (chance)
        life_close(life);
    disk_settle(life->disk);
    life->ledger.numbers_may_rise = 1;
    if (!chance && damage_open_index(life))
        return -1;
    if (chance == 1)
        remove_index(life);
    if (chance == 2)
        damage_index(life, HEAD, 1);
    return life_open(life) ? -1 : life_look(life, 0);
}
