/* disk.c - the log of what was done to a folder, kept beside a picture of its names.
 * No part of any protocol. */
#include "disk.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk_nodes.h"

void *power_memory(void *old, size_t size)
{
    void *p = realloc(old, size ? size : 1);

    if (!p) {
        fprintf(stderr, "no memory\n");
        exit(2);
    }
    return p;
}

char *power_text(const char *text, size_t len)
{
    char *copy = power_memory(NULL, len + 1);

    memcpy(copy, text, len);
    copy[len] = 0;
    return copy;
}

/* ---- names ---- */

uint32_t disk_entry(const struct disk_node *directory, const char *name, size_t len)
{
    for (size_t i = 0; i < directory->count; i++)
        if (!strncmp(directory->entries[i].name, name, len) && !directory->entries[i].name[len])
            return (uint32_t)i;
    return UINT32_MAX;
}

void disk_entry_set(struct disk_node *directory, const char *name, uint32_t node)
{
    uint32_t at = disk_entry(directory, name, strlen(name));

    if (at == UINT32_MAX) {
        directory->entries = power_memory(directory->entries, (directory->count + 1) * sizeof *directory->entries);
        at = (uint32_t)directory->count++;
        directory->entries[at].name = power_text(name, strlen(name));
    }
    directory->entries[at].node = node;
}

void disk_entry_remove(struct disk_node *directory, const char *name)
{
    uint32_t at = disk_entry(directory, name, strlen(name));

    if (at == UINT32_MAX)
        return;
    free(directory->entries[at].name);
    directory->entries[at] = directory->entries[--directory->count];
}

void disk_nodes_free(struct disk_node *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < nodes[i].count; k++)
            free(nodes[i].entries[k].name);
        free(nodes[i].entries);
        free(nodes[i].data);
    }
    free(nodes);
}

/* The directory that a path ends in, and the name there; UINT32_MAX: not below the root, or no such directory. */
static uint32_t resolve(const struct disk *disk, const char *path, const char **name)
{
    size_t len = strlen(disk->root);
    uint32_t at = 0;
    const char *end;

    *name = "";
    if (strncmp(path, disk->root, len) || (path[len] && path[len] != '/'))
        return UINT32_MAX;
    for (path += len; *path == '/'; path++)
        ;
    while ((end = strchr(path, '/'))) {
        if (end != path && !(end - path == 1 && *path == '.')) {
            uint32_t entry = disk_entry(&disk->nodes[at], path, (size_t)(end - path));

            if (entry == UINT32_MAX)
                return UINT32_MAX;
            at = disk->nodes[at].entries[entry].node;
        }
        path = end + 1;
    }
    *name = path;
    return at;
}

uint32_t disk_find(const struct disk *disk, const char *path)
{
    const char *name;
    uint32_t directory = resolve(disk, path, &name), entry;

    if (directory == UINT32_MAX || !*name)
        return directory;
    entry = disk_entry(&disk->nodes[directory], name, strlen(name));
    return entry == UINT32_MAX ? UINT32_MAX : disk->nodes[directory].entries[entry].node;
}

/* ---- the log ---- */

/* File systems count time in ticks of the kernel. */
enum { TICK = 4000000 };

static struct disk_effect *add(struct disk *disk, int what, uint32_t node)
{
    struct disk_effect *e;

    if (disk->count == disk->room) {
        disk->room = disk->room ? disk->room * 2 : 256;
        disk->effects = power_memory(disk->effects, disk->room * sizeof *disk->effects);
    }
    e = &disk->effects[disk->count++];
    memset(e, 0, sizeof *e);
    e->what = (uint8_t)what;
    e->node = node;
    e->time = disk->clock - disk->clock % TICK;
    return e;
}

static uint32_t new_node(struct disk *disk, int is_directory)
{
    if (disk->node_count == disk->node_room) {
        disk->node_room = disk->node_room ? disk->node_room * 2 : 64;
        disk->nodes = power_memory(disk->nodes, disk->node_room * sizeof *disk->nodes);
    }
    memset(&disk->nodes[disk->node_count], 0, sizeof *disk->nodes);
    disk->nodes[disk->node_count].is_directory = is_directory;
    disk->nodes[disk->node_count].time = disk->clock - disk->clock % TICK;
    return (uint32_t)disk->node_count++;
}

/* A new name for a node. */
static struct disk_effect *add_name(struct disk *disk, int what, uint32_t node, const char *path)
{
    const char *name;
    uint32_t directory = resolve(disk, path, &name);
    struct disk_effect *e;

    if (directory == UINT32_MAX || !*name)
        return NULL;
    e = add(disk, what, node);
    e->directory = directory;
    e->name = power_text(name, strlen(name));
    disk_entry_set(&disk->nodes[directory], name, node);
    disk->nodes[directory].time = e->time;
    return e;
}

uint32_t disk_create(struct disk *disk, const char *path)
{
    uint32_t node = disk_find(disk, path);

    if (node != UINT32_MAX)
        return node;
    node = new_node(disk, 0);
    add_name(disk, DISK_CREATE, node, path);
    return node;
}

void disk_mkdir(struct disk *disk, const char *path)
{
    add_name(disk, DISK_MKDIR, new_node(disk, 1), path);
}

void disk_link(struct disk *disk, const char *from, const char *to)
{
    uint32_t node = disk_find(disk, from);

    if (node != UINT32_MAX)
        add_name(disk, DISK_LINK, node, to);
}

void disk_rename(struct disk *disk, const char *from, const char *to)
{
    const char *name;
    uint32_t directory = resolve(disk, from, &name), node = disk_find(disk, from), there = disk_find(disk, to);
    struct disk_effect *e;

    if (directory == UINT32_MAX || node == UINT32_MAX || node == there)
        return;
    disk_entry_remove(&disk->nodes[directory], name);
    e = add_name(disk, DISK_RENAME, node, to);
    disk->nodes[directory].time = disk->clock - disk->clock % TICK;
    if (e) {
        e->from = directory;
        e->old = power_text(name, strlen(name));
    }
}

void disk_remove(struct disk *disk, const char *path)
{
    const char *name;
    uint32_t directory = resolve(disk, path, &name), node = disk_find(disk, path);
    struct disk_effect *e;

    if (directory == UINT32_MAX || node == UINT32_MAX)
        return;
    e = add(disk, disk->nodes[node].is_directory ? DISK_RMDIR : DISK_UNLINK, node);
    e->directory = directory;
    e->name = power_text(name, strlen(name));
    disk_entry_remove(&disk->nodes[directory], name);
    disk->nodes[directory].time = e->time;
}

void disk_write(struct disk *disk, uint32_t node, uint64_t offset, const void *data, size_t len)
{
    struct disk_effect *e;

    if (!len || node >= disk->node_count)
        return;
    e = add(disk, DISK_WRITE, node);
    e->offset = offset;
    e->len = len;
    e->data = power_memory(NULL, len);
    memcpy(e->data, data, len);
    disk->nodes[node].time = e->time;
    if (disk->nodes[node].size < offset + len)
        disk->nodes[node].size = offset + len;
}

void disk_truncate(struct disk *disk, uint32_t node, uint64_t size)
{
    if (node >= disk->node_count)
        return;
    add(disk, DISK_TRUNCATE, node)->offset = size;
    disk->nodes[node].size = size;
    disk->nodes[node].time = disk->clock - disk->clock % TICK;
}

void disk_mtime(struct disk *disk, uint32_t node, int64_t time)
{
    if (node >= disk->node_count)
        return;
    add(disk, DISK_MTIME, node)->time = time;
    disk->nodes[node].time = time;
}

void disk_sync(struct disk *disk, uint32_t node, int data_only)
{
    if (node >= disk->node_count)
        return;
    if (disk->nodes[node].is_directory)
        add(disk, DISK_SYNC_DIRECTORY, node);
    else
        add(disk, data_only ? DISK_SYNC_DATA : DISK_SYNC, node);
}

void disk_sync_directory(struct disk *disk, const char *path)
{
    uint32_t node = disk_find(disk, path);

    if (node != UINT32_MAX)
        add(disk, DISK_SYNC_DIRECTORY, node);
}

void disk_sync_parent(struct disk *disk, const char *path)
{
    const char *name;
    uint32_t node = resolve(disk, path, &name);

    if (node != UINT32_MAX)
        add(disk, DISK_SYNC_DIRECTORY, node);
}

void disk_settle(struct disk *disk)
{
    for (size_t i = 0; i < disk->node_count; i++)
        disk_sync(disk, (uint32_t)i, 0);
}

void disk_note(struct disk *disk, int error)
{
    add(disk, DISK_FAILED, 0)->len = (size_t)error;
}

int64_t disk_time(const struct disk *disk, uint32_t node)
{
    return node < disk->node_count ? disk->nodes[node].time : 0;
}

uint64_t disk_size(const struct disk *disk, uint32_t node)
{
    return node < disk->node_count ? disk->nodes[node].size : 0;
}

/* ---- the beginning ---- */

static int64_t time_of(const struct stat *status)
{
    return (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
}

/* Another name of a file that was found already. */
static int scan_link(struct disk *disk, const char *path, const struct stat *status)
{
    for (size_t i = 0; status->st_nlink > 1 && i < disk->node_count; i++)
        if (!disk->nodes[i].is_directory && disk->nodes[i].inode == (uint64_t)status->st_ino) {
            add_name(disk, DISK_LINK, (uint32_t)i, path);
            return 1;
        }
    return 0;
}

static void scan_file(struct disk *disk, const char *path, const struct stat *status)
{
    uint32_t node = disk_create(disk, path);
    FILE *file = fopen(path, "rb");
    char *data = power_memory(NULL, (size_t)status->st_size);

    if (file && fread(data, 1, (size_t)status->st_size, file) == (size_t)status->st_size)
        disk_write(disk, node, 0, data, (size_t)status->st_size);
    disk_mtime(disk, node, time_of(status));
    disk->nodes[node].inode = (uint64_t)status->st_ino;
    if (file)
        fclose(file);
    free(data);
}

/* What is there already; -shm files are nothing to a disk, SQLite makes them again. */
static void scan(struct disk *disk, const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        char below[4096];
        struct stat status;
        size_t len = strlen(entry->d_name);

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (len > 4 && !strcmp(entry->d_name + len - 4, "-shm"))
            continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (lstat(below, &status))
            continue;
        if (S_ISDIR(status.st_mode)) {
            disk_mkdir(disk, below);
            scan(disk, below);
            disk_mtime(disk, disk_find(disk, below), time_of(&status));
        } else if (!scan_link(disk, below, &status)) {
            scan_file(disk, below, &status);
        }
    }
    if (folder)
        closedir(folder);
}

struct disk *disk_begin(const char *root, int64_t clock)
{
    struct stat status;
    struct disk *disk = power_memory(NULL, sizeof *disk);

    memset(disk, 0, sizeof *disk);
    disk->root = power_text(root, strlen(root));
    disk->clock = clock;
    new_node(disk, 1);
    scan(disk, root);
    disk_mtime(disk, 0, lstat(root, &status) ? clock : time_of(&status));
    for (size_t i = 0; i < disk->count; i++)
        disk->effects[i].durable = 1;
    disk->base = disk->count;
    return disk;
}

void disk_free(struct disk *disk)
{
    if (!disk)
        return;
    for (size_t i = 0; i < disk->count; i++) {
        free(disk->effects[i].name);
        free(disk->effects[i].old);
        free(disk->effects[i].data);
    }
    free(disk->effects);
    disk_nodes_free(disk->nodes, disk->node_count);
    free(disk->root);
    free(disk);
}

/* ---- does the picture hold? ---- */

static size_t count_names(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    size_t count = 0;

    while (folder && (entry = readdir(folder))) {
        char below[4096];
        struct stat status;
        size_t len = strlen(entry->d_name);

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
            (len > 4 && !strcmp(entry->d_name + len - 4, "-shm")))
            continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        count++;
        if (!lstat(below, &status) && S_ISDIR(status.st_mode))
            count += count_names(below);
    }
    if (folder)
        closedir(folder);
    return count;
}

static int node_agrees(const struct disk *disk, uint32_t at, const char *path, size_t *count, char *why, size_t size)
{
    const struct disk_node *node = &disk->nodes[at];
    struct stat status;

    if (lstat(path, &status) || !S_ISDIR(status.st_mode) != !node->is_directory ||
        (!node->is_directory && (uint64_t)status.st_size != node->size)) {
        snprintf(why, size, "%s is not as the log has it (%llu octets)", path, (unsigned long long)node->size);
        return 0;
    }
    for (size_t i = 0; i < node->count; i++) {
        char below[4096];

        snprintf(below, sizeof below, "%s/%s", path, node->entries[i].name);
        ++*count;
        if (!node_agrees(disk, node->entries[i].node, below, count, why, size))
            return 0;
    }
    return 1;
}

int disk_agrees(const struct disk *disk, char *why, size_t size)
{
    size_t count = 0, there = count_names(disk->root);

    if (!node_agrees(disk, 0, disk->root, &count, why, size))
        return 0;
    if (count != there)
        snprintf(why, size, "%zu names are there, %zu were logged", there, count);
    return count == there;
}

/* ---- for people ---- */

void disk_print(const struct disk *disk, size_t first, size_t last)
{
    static const char *const words[] = {"",      "create",   "mkdir", "link", "unlink",    "rmdir",          "rename",
                                        "write", "truncate", "mtime", "sync", "sync data", "sync directory", "failed"};

    for (size_t i = first; i < last && i < disk->count; i++) {
        const struct disk_effect *e = &disk->effects[i];

        printf("%6zu %s #%u", i, words[e->what], e->node);
        if (e->old)
            printf(" from #%u/%s", e->from, e->old);
        if (e->name)
            printf(" #%u/%s", e->directory, e->name);
        if (e->what == DISK_WRITE || e->what == DISK_TRUNCATE || e->what == DISK_FAILED)
            printf(" %llu+%zu", (unsigned long long)e->offset, e->len);
        putchar('\n');
    }
}

void disk_remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        char below[4096];
        struct stat status;

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (!lstat(below, &status) && S_ISDIR(status.st_mode))
            disk_remove_folder(below);
        else
            unlink(below);
    }
    if (folder)
        closedir(folder);
    rmdir(path);
}
