/* disk.h - what was done to a folder of files, effect by effect, and what of it a loss of power may leave.
 * The model is told in docs/design/power.md; no part of any protocol. */
#ifndef POWER_DISK_H
#define POWER_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "random.h"

/* One effect. Files and directories are numbers, for names move while they stay. */
enum {
    DISK_CREATE = 1, /* a name for a new file */
    DISK_MKDIR,
    DISK_LINK,
    DISK_UNLINK,
    DISK_RMDIR,
    DISK_RENAME, /* away from (from, old) to (directory, name) */
    DISK_WRITE,
    DISK_TRUNCATE,
    DISK_MTIME,
    DISK_SYNC,      /* data, size and time of a file */
    DISK_SYNC_DATA, /* data and size */
    DISK_SYNC_DIRECTORY,
    DISK_FAILED /* nothing was done: for people to read */
};
struct disk_effect {
    uint8_t what;
    uint8_t durable; /* it was there when the log began */
    uint32_t node;   /* the file or directory */
    uint32_t directory, from;
    char *name, *old;
    uint64_t offset; /* of WRITE; the size of TRUNCATE */
    size_t len;
    unsigned char *data; /* of WRITE */
    int64_t time;        /* nanoseconds since 1970: what the file or the directory got as its time */
};

struct disk_node;

/* A folder, and everything that was done to it since disk_begin. */
struct disk {
    char *root; /* its path */
    struct disk_effect *effects;
    size_t count, room;
    size_t base;             /* so many were there at the beginning */
    struct disk_node *nodes; /* as they are now; 0 is the root */
    size_t node_count, node_room;
    int64_t clock; /* nanoseconds since 1970; times are its own, so that a run can be repeated */
};

/* Begins a log with what is in the folder, all of it durable, at this time of its clock. */
struct disk *disk_begin(const char *root, int64_t clock);
void disk_free(struct disk *disk);

/* What is done, as it is done. Paths are below the root; what is not answers 0 and is not logged. */
uint32_t disk_find(const struct disk *disk, const char *path); /* UINT32_MAX: it is not there */
uint32_t disk_create(struct disk *disk, const char *path);
void disk_mkdir(struct disk *disk, const char *path);
void disk_link(struct disk *disk, const char *from, const char *to);
void disk_rename(struct disk *disk, const char *from, const char *to);
void disk_remove(struct disk *disk, const char *path);
void disk_write(struct disk *disk, uint32_t node, uint64_t offset, const void *data, size_t len);
void disk_truncate(struct disk *disk, uint32_t node, uint64_t size);
void disk_mtime(struct disk *disk, uint32_t node, int64_t time);
void disk_sync(struct disk *disk, uint32_t node, int data_only);
void disk_sync_directory(struct disk *disk, const char *path);
/* The directory of a path. */
void disk_sync_parent(struct disk *disk, const char *path);
void disk_note(struct disk *disk, int error);
uint64_t disk_size(const struct disk *disk, uint32_t node);
int64_t disk_time(const struct disk *disk, uint32_t node); /* 0: no such node */
/* Everything that was done is durable: a long time went by. */
void disk_settle(struct disk *disk);
/* How many files and directories it has now, to compare with the folder. */
int disk_agrees(const struct disk *disk, char *why, size_t size);

/* Makes in the folder `to`, which must not exist, what the disk may hold after the power was lost behind the first
   `prefix` effects. What was not made durable is there or not as `random` has it. */
int disk_lose_power(const struct disk *disk, size_t prefix, struct test_random *random, const char *to);

/* Writes the effects first..last-1 for people to read. */
void disk_print(const struct disk *disk, size_t first, size_t last);

/* Removes a folder and what is in it. */
void disk_remove_folder(const char *path);

#endif
