/* recorder.h - a table of file operations that does what POSIX does and logs what it did; and one that fails.
 * The table: src/companion/store/files.h; no part of any protocol. */
#ifndef POWER_RECORDER_H
#define POWER_RECORDER_H

#include "companion/store/files.h"
#include "disk.h"

enum { RECORDER_FDS = 4096 };

struct recorder {
    mailproto_maildir_files files; /* for the store */
    struct disk *disk;             /* NULL: nothing is logged */
    int no_links;                  /* the file system has none */
    uint64_t bound;                /* it holds so many octets of files; UINT64_MAX: without an end */
    struct recorder_fd {
        uint32_t node;
        uint64_t at; /* where write writes */
        int used, writes;
    } fds[RECORDER_FDS];
    /* faults: counted are the operations that may fail */
    uint64_t operations;
    uint64_t fail_from, fail_until; /* operations fail_from <= n < fail_until fail */
    int fail_with;                  /* errno */
    unsigned fail_what;             /* RECORDER_* */
    uint64_t failed;                /* how many did */
};
enum {
    RECORDER_READS = 1,  /* open to read, read, stat, list */
    RECORDER_WRITES = 2, /* all that changes or syncs */
    RECORDER_INDEX = 4,  /* what SQLite changes or syncs */
    RECORDER_INDEX_READS = 8
};

void recorder_init(struct recorder *recorder, struct disk *disk);
/* From now on the disk takes so many octets more than there are, and no others until some were removed; UINT64_MAX: all. */
void recorder_bound(struct recorder *recorder, uint64_t room);

#endif
