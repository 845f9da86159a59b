/* files.h - the one table through which the Maildir store and its delivery reach files, SQLite's own among them.
 * RFC 5321 4.2.5 (what was accepted is not lost): a table can be exchanged, so that what is durable can be proven.
 *
 * Every function answers a negative errno, or 0 or more. Paths are those that the store was opened with and what lies
 * below them. Nothing else in the store calls the operating system about files. A recorder or a set of faults begins as
 * a copy of mp_files_posix() and puts its own functions in place, which pass on to the copied ones.
 *
 * SQLite's files (the index, -wal, -journal) are written by SQLite's own code, which also locks them and maps the -shm;
 * files_vfs.c tells `index` of each write, sync, truncation, creation and deletion before it is done. -shm is never told
 * of: it is not durable, and SQLite makes it again. */
#ifndef MAILPROTO_STORE_FILES_H
#define MAILPROTO_STORE_FILES_H

#include <stddef.h>
#include <stdint.h>

/* How a file is opened. */
enum {
    MP_FILE_READ = 1,
    MP_FILE_WRITE = 2,
    MP_FILE_CREATE = 4,    /* makes it, mode 0600, if it is not there */
    MP_FILE_EXCLUSIVE = 8, /* with CREATE: -EEXIST if it is there */
    MP_FILE_TRUNCATE = 16
};

/* How it is locked; never waits. */
enum { MP_LOCK_SHARED = 1, MP_LOCK_EXCLUSIVE = 2 };

enum { MP_FILE_REGULAR = 1, MP_FILE_DIRECTORY = 2, MP_FILE_OTHER = 3 };

typedef struct mp_file_status {
    uint64_t size;
    uint64_t inode;
    uint64_t device;
    int64_t mtime; /* seconds since 1970 */
    int32_t mtime_ns;
    uint32_t kind;
    int64_t ctime;
    int32_t ctime_ns;
    uint32_t links;
} mp_file_status;

/* What SQLite is about to do. */
enum {
    MP_INDEX_CREATE = 1,   /* the file is made, and is empty */
    MP_INDEX_WRITE = 2,    /* len octets at offset */
    MP_INDEX_TRUNCATE = 3, /* to `offset` octets */
    MP_INDEX_SYNC = 4,     /* what was written to it becomes durable */
    MP_INDEX_DELETE = 5,
    MP_INDEX_SYNC_DIRECTORY = 6, /* the names of the directory that `path` (a file) is in become durable */
    MP_INDEX_READ = 7            /* no change; for faults. data NULL */
};
typedef struct mp_index_operation {
    uint32_t what;
    const char *path;
    uint64_t offset;
    const void *data;
    size_t len;
} mp_index_operation;

typedef struct mailproto_maildir_files {
    void *user; /* the first argument of all */
    /* files; descriptors are >= 0 */
    int (*open)(void *user, const char *path, uint32_t how);
    int (*close)(void *user, int fd);
    int64_t (*read)(void *user, int fd, void *data, size_t len); /* how many; 0: the end */
    int64_t (*pread)(void *user, int fd, void *data, size_t len, uint64_t offset);
    int64_t (*write)(void *user, int fd, const void *data, size_t len);
    int64_t (*pwrite)(void *user, int fd, const void *data, size_t len, uint64_t offset);
    int (*ftruncate)(void *user, int fd, uint64_t size);
    int (*fsync)(void *user, int fd);
    int (*fdatasync)(void *user, int fd);
    int (*fstat)(void *user, int fd, mp_file_status *status);
    int (*set_mtime)(void *user, int fd, int64_t seconds);
    int (*lock)(void *user, int fd, uint32_t how); /* flock: 0, or -EWOULDBLOCK: another has it. Ends with close */
    /* names */
    int (*stat)(void *user, const char *path, mp_file_status *status); /* follows no link */
    int (*rename)(void *user, const char *from, const char *to);
    int (*link)(void *user, const char *from, const char *to);
    int (*unlink)(void *user, const char *path);
    int (*mkdir)(void *user, const char *path);
    int (*rmdir)(void *user, const char *path);
    int (*sync_directory)(void *user, const char *path); /* the names in it become durable */
    /* calls `each` for each name but "." and ".."; what `each` answers other than 0 ends it and is answered */
    int (*list)(void *user, const char *path, int (*each)(void *context, const char *name), void *context);
    /* calendar time */
    void (*now)(void *user, int64_t *seconds, int32_t *nanoseconds);
    /* SQLite's files: 0, go on; a negative errno: it fails. NULL: go on */
    int (*index)(void *user, const mp_index_operation *operation);
} mailproto_maildir_files;

/* The operating system's. */
const mailproto_maildir_files *mp_files_posix(void);

/* Shorter to say. */
typedef mailproto_maildir_files mp_files;

/* Writes all of it: 0 or a negative errno. */
int mp_files_write_all(const mp_files *files, int fd, const void *data, size_t len);
/* Reads up to len octets from an offset, fewer only at the end of the file: how many, or a negative errno. */
int64_t mp_files_read_at(const mp_files *files, int fd, void *data, size_t len, uint64_t offset);

#endif
