/* disk_crash.c - builds a state in which a loss of power may leave a folder: docs/design/power.md tells what is possible.
 * No part of any protocol. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "disk_nodes.h"

enum { PIECE = 512 };

/* What becomes of a file's data that was not synced. */
enum { DROPPED = 1, KEPT, FIRST, PIECES };

struct loss {
    const struct disk *disk;
    size_t prefix;
    struct test_random *random;
    unsigned names_kept; /* of 8 names not synced, how many are kept */
    int all_dropped;
    unsigned char *kept;           /* of each effect: it is there, whole */
    unsigned char *mode, *stopped; /* of each node; stopped: what comes later is not there */
    struct disk_node *nodes;
    uint64_t *entries; /* hashes of (directory, name) that something kept stands on */
    size_t entry_room;
};

/* ---- which names are there ---- */

static uint64_t entry_hash(uint32_t directory, const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ directory;

    do {
        hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
        hash ^= hash >> 29;
    } while (*name++);
    return hash | 1;
}

static uint64_t *entry_slot(struct loss *loss, uint32_t directory, const char *name)
{
    uint64_t hash = entry_hash(directory, name);
    size_t at = (size_t)(hash % loss->entry_room);

    while (loss->entries[at] && loss->entries[at] != hash)
        at = (at + 1) % loss->entry_room;
    return &loss->entries[at];
}

static void keep_name(struct loss *loss, const struct disk_effect *e, size_t i)
{
    loss->kept[i] = 1;
    *entry_slot(loss, e->directory, e->name) = entry_hash(e->directory, e->name);
    if (e->old)
        *entry_slot(loss, e->from, e->old) = entry_hash(e->from, e->old);
}

/* Something later that is kept uses this name: without this effect it could not have happened. */
static int stood_on(struct loss *loss, const struct disk_effect *e)
{
    return *entry_slot(loss, e->directory, e->name) || (e->old && *entry_slot(loss, e->from, e->old));
}

/* From the last effect to the first: what was synced, or is needed by what is kept, is kept; else it is chance. */
static void choose(struct loss *loss)
{
    unsigned char *synced = power_memory(NULL, loss->disk->node_count * 2), *timed = synced + loss->disk->node_count;

    memset(synced, 0, loss->disk->node_count * 2);
    for (size_t i = loss->prefix; i-- > 0;) {
        const struct disk_effect *e = &loss->disk->effects[i];

        switch (e->what) {
        case DISK_SYNC:
            timed[e->node] = 1;
            synced[e->node] = 1;
            break;
        case DISK_SYNC_DATA:
        case DISK_SYNC_DIRECTORY:
            synced[e->node] = 1;
            break;
        case DISK_FAILED:
            break;
        case DISK_WRITE:
        case DISK_TRUNCATE:
            loss->kept[i] = e->durable || synced[e->node];
            break;
        case DISK_MTIME:
            loss->kept[i] = e->durable || timed[e->node] || (!loss->all_dropped && test_random_below(loss->random, 2));
            break;
        default:
            if (e->durable || synced[e->directory] || stood_on(loss, e) ||
                test_random_below(loss->random, 8) < loss->names_kept)
                keep_name(loss, e, i);
        }
    }
    free(synced);
}

/* ---- data ---- */

static void grow(struct disk_node *node, uint64_t size)
{
    if (node->room < size) {
        node->room = size + size / 2 + PIECE;
        node->data = power_memory(node->data, (size_t)node->room);
    }
    if (node->size < size) {
        memset(node->data + node->size, 0, (size_t)(size - node->size));
        node->size = size;
    }
}

static void put(struct disk_node *node, uint64_t offset, const unsigned char *data, size_t len)
{
    grow(node, offset + len);
    if (len)
        memcpy(node->data + offset, data, len);
}

/* Part of a write: each piece is there, is not, or is there as a size only: zeros, or what the disk held before. */
static void put_pieces(struct loss *loss, struct disk_node *node, const struct disk_effect *e)
{
    uint64_t at = e->offset, end = e->offset + e->len;

    while (at < end) {
        uint64_t next = (at / PIECE + 1) * PIECE, before = node->size;
        size_t chance = test_random_below(loss->random, 8);

        if (next > end)
            next = end;
        if (chance < 4)
            put(node, at, e->data + (at - e->offset), (size_t)(next - at));
        else if (chance < 7)
            grow(node, next);
        if (chance == 6 && next > before)
            for (uint64_t k = at > before ? at : before; k < next; k++)
                node->data[k] = (unsigned char)test_random_next(loss->random);
        at = next;
    }
}

static void lose_write(struct loss *loss, const struct disk_effect *e)
{
    struct disk_node *node = &loss->nodes[e->node];

    if (loss->stopped[e->node])
        return;
    switch (loss->mode[e->node]) {
    case KEPT:
        put(node, e->offset, e->data, e->len);
        break;
    case FIRST:
        if (test_random_below(loss->random, 4)) {
            put(node, e->offset, e->data, e->len);
        } else {
            put(node, e->offset, e->data, test_random_below(loss->random, e->len + 1));
            loss->stopped[e->node] = 1;
        }
        break;
    case PIECES:
        put_pieces(loss, node, e);
        break;
    default:
        break;
    }
}

static void cut(struct disk_node *node, uint64_t size)
{
    grow(node, size);
    node->size = size;
}

static void lose_truncate(struct loss *loss, const struct disk_effect *e)
{
    if (loss->stopped[e->node])
        return;
    if (loss->mode[e->node] != DROPPED && (loss->mode[e->node] == KEPT || test_random_below(loss->random, 2)))
        cut(&loss->nodes[e->node], e->offset);
    else
        loss->stopped[e->node] = 1; /* later data went to blocks that are not the file's */
}

static void apply_data(struct loss *loss, const struct disk_effect *e, int kept)
{
    struct disk_node *node = &loss->nodes[e->node];

    if (!kept && !loss->mode[e->node])
        loss->mode[e->node] =
            loss->all_dropped ? DROPPED : (unsigned char)(DROPPED + test_random_below(loss->random, 4));
    node->time = e->time;
    if (e->what == DISK_WRITE && kept)
        put(node, e->offset, e->data, e->len);
    else if (e->what == DISK_WRITE)
        lose_write(loss, e);
    else if (kept)
        cut(node, e->offset);
    else
        lose_truncate(loss, e);
}

static void apply_name(struct loss *loss, const struct disk_effect *e)
{
    struct disk_node *directory = &loss->nodes[e->directory];
    uint32_t at;

    directory->time = e->time;
    if (e->what == DISK_UNLINK || e->what == DISK_RMDIR) {
        at = disk_entry(directory, e->name, strlen(e->name));
        if (at != UINT32_MAX && directory->entries[at].node == e->node)
            disk_entry_remove(directory, e->name);
        return;
    }
    if (e->old) {
        loss->nodes[e->from].time = e->time;
        at = disk_entry(&loss->nodes[e->from], e->old, strlen(e->old));
        if (at != UINT32_MAX && loss->nodes[e->from].entries[at].node == e->node)
            disk_entry_remove(&loss->nodes[e->from], e->old);
    }
    disk_entry_set(directory, e->name, e->node);
    if (e->what == DISK_CREATE || e->what == DISK_MKDIR)
        loss->nodes[e->node].time = e->time;
}

static void apply(struct loss *loss)
{
    for (size_t i = 0; i < loss->prefix; i++) {
        const struct disk_effect *e = &loss->disk->effects[i];

        switch (e->what) {
        case DISK_WRITE:
        case DISK_TRUNCATE:
            apply_data(loss, e, loss->kept[i]);
            break;
        case DISK_MTIME:
            if (loss->kept[i])
                loss->nodes[e->node].time = e->time;
            break;
        case DISK_SYNC:
        case DISK_SYNC_DATA:
        case DISK_SYNC_DIRECTORY:
        case DISK_FAILED:
            break;
        default:
            if (loss->kept[i])
                apply_name(loss, e);
        }
    }
}

/* ---- the folder ---- */

static int make_time(const struct disk_node *node, const char *path)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = (time_t)(node->time / 1000000000), .tv_nsec = node->time % 1000000000}};

    return utimensat(AT_FDCWD, path, times, 0);
}

static int make_file(struct disk_node *node, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600), failed;

    if (fd < 0)
        return -1;
    failed = node->size && write(fd, node->data, (size_t)node->size) != (ssize_t)node->size;
    return close(fd) || failed ? -1 : make_time(node, path);
}

static int make(struct loss *loss, uint32_t at, const char *path, unsigned depth)
{
    struct disk_node *node = &loss->nodes[at];

    if (!node->is_directory && node->made)
        return link(node->made, path);
    if (!node->is_directory) {
        node->made = power_text(path, strlen(path));
        return make_file(node, path);
    }
    if (depth > 16 || mkdir(path, 0700))
        return -1;
    for (size_t i = 0; i < node->count; i++) {
        char below[4096];

        snprintf(below, sizeof below, "%s/%s", path, node->entries[i].name);
        if (make(loss, node->entries[i].node, below, depth + 1))
            return -1;
    }
    return make_time(node, path);
}

int disk_lose_power(const struct disk *disk, size_t prefix, struct test_random *random, const char *to)
{
    struct loss loss = {.disk = disk, .prefix = prefix, .random = random};
    size_t chance = test_random_below(random, 8);
    int result;

    /* as mean as can be, as kind as can be, or between */
    loss.all_dropped = chance < 3;
    loss.names_kept = chance < 3 ? 0 : chance == 3 ? 8 : (unsigned)(chance - 3) * 2 - 1;
    loss.kept = power_memory(NULL, prefix);
    memset(loss.kept, 0, prefix);
    loss.mode = power_memory(NULL, disk->node_count * 2);
    memset(loss.mode, 0, disk->node_count * 2);
    loss.stopped = loss.mode + disk->node_count;
    loss.nodes = power_memory(NULL, disk->node_count * sizeof *loss.nodes);
    memset(loss.nodes, 0, disk->node_count * sizeof *loss.nodes);
    for (size_t i = 0; i < disk->node_count; i++)
        loss.nodes[i].is_directory = disk->nodes[i].is_directory;
    loss.entry_room = prefix * 4 + 16;
    loss.entries = power_memory(NULL, loss.entry_room * sizeof *loss.entries);
    memset(loss.entries, 0, loss.entry_room * sizeof *loss.entries);
    choose(&loss);
    apply(&loss);
    result = make(&loss, 0, to, 0);
    for (size_t i = 0; i < disk->node_count; i++)
        free(loss.nodes[i].made);
    disk_nodes_free(loss.nodes, disk->node_count);
    free(loss.kept);
    free(loss.mode);
    free(loss.entries);
    return result;
}
