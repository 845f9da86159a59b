/* maildir.h - delivery into Maildirs: tmp, fsync, rename into new, directory fsync.
 * Blocking system calls throughout: called in threads of the pool (mailproto_host_work). Results are 0 or a negative errno.
 *
 * A delivered name is SECONDS.MmicrosecondsPpidQcounter.HOST,S=octets,W=octets: S is the size of the file, W its size
 * with CRLF line ends. Files are stored as they were received, with CRLF, so that the two are equal and a POP3 server
 * may send the file as it is. */
#ifndef MAILPROTOD_MAILDIR_H
#define MAILPROTOD_MAILDIR_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

enum { MAILDIR_NAME_MAX = 256 };

/* How far a delivery is on the disk before it is said to be. */
enum maildir_sync {
    MAILDIR_SYNC_FULL, /* the file and the directory it is in: survives a loss of power */
    MAILDIR_SYNC_FILE, /* the file only: its name may be lost with the power */
    MAILDIR_SYNC_NONE  /* neither: a loss of power loses mail that was accepted */
};

/* One Maildir. References are counted on the loop's thread only. */
struct maildir {
    char *path;
    unsigned references;
    /* one fsync of new/ serves all who were waiting for one when it began */
    pthread_mutex_t lock;
    pthread_cond_t synced_more;
    uint64_t asked, synced;
    int syncing;
};

struct maildir *maildir_new(const char *path); /* NULL: no memory */
struct maildir *maildir_keep(struct maildir *box);
void maildir_drop(struct maildir *box);

/* Makes a folder and those above it that are missing. */
int maildir_make_folders(const char *path);
/* Makes the folders that are missing, and removes files of tmp/ that nobody has touched for 36 hours. */
int maildir_prepare(const struct maildir *box);

/* A message on its way in. */
struct maildir_file {
    const struct maildir *home; /* the Maildir whose tmp/ it lies in; NULL: not created */
    int fd;
    uint64_t size; /* octets written */
    uint64_t bare; /* LFs among them that no CR precedes */
    char last;     /* the last octet written */
    char name[MAILDIR_NAME_MAX];
};

/* Gives the file a name that no other has. `host` is this machine's. */
void maildir_name(struct maildir_file *file, const char *host);
/* Creates it in the first of the Maildirs that takes it. */
int maildir_create(struct maildir_file *file, struct maildir *const *boxes, size_t count);
int maildir_write(struct maildir_file *file, const void *data, size_t len);
/* Forgets it: nothing is left of it. */
void maildir_discard(struct maildir_file *file);

struct maildir_commit {
    struct maildir *const *boxes;
    int *results; /* one for each box: 0, it is there as durably as `sync` says; or a negative errno */
    size_t count;
    int all_or_none;
    enum maildir_sync sync;
};
/* Puts it into new/ of each Maildir. The file is gone from tmp/ afterwards, whatever the results. */
void maildir_commit(struct maildir_file *file, const struct maildir_commit *commit);

/* Makes the names of a directory durable. */
int maildir_sync_directory(const char *path);

#endif
