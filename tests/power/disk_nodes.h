/* disk_nodes.h - files and directories as the log's picture and the builder of states keep them.
 * No part of any protocol. */
#ifndef POWER_DISK_NODES_H
#define POWER_DISK_NODES_H

#include <stddef.h>
#include <stdint.h>

struct disk_name {
    char *name;
    uint32_t node;
};

struct disk_node {
    int is_directory;
    struct disk_name *entries;
    size_t count;
    uint64_t size;
    int64_t time;   /* nanoseconds since 1970 */
    uint64_t inode; /* of what was there at the beginning */
    /* of states only */
    unsigned char *data;
    uint64_t room;
    char *made; /* the first path it was made at */
};

uint32_t disk_entry(const struct disk_node *directory, const char *name, size_t len);
void disk_entry_set(struct disk_node *directory, const char *name, uint32_t node);
void disk_entry_remove(struct disk_node *directory, const char *name);
void disk_nodes_free(struct disk_node *nodes, size_t count);

/* realloc and a copy with NUL that end the program if there is no memory. */
void *power_memory(void *old, size_t size);
char *power_text(const char *text, size_t len);

#endif
