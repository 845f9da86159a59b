/* recorder.c - file operations that are done, and logged as they are done; or fail when a test says so.
 * IEEE Std 1003.1-2008 has what they do; no part of any protocol. */
#include "recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "disk_nodes.h"

#define REAL mp_files_posix()

/* Whether this operation is to fail: a negative errno, or 0. */
static int fault(struct recorder *r, unsigned what)
{
    if (!(what & r->fail_what))
        return 0;
    r->operations++;
    if (r->operations < r->fail_from || r->operations >= r->fail_until)
        return 0;
    r->failed++;
    if (r->disk)
        disk_note(r->disk, r->fail_with);
    return -r->fail_with;
}

/* ---- a disk with an end ---- */

/* The octets of all files that have a name; one with several counts once. */
static uint64_t used(const struct disk *disk)
{
    unsigned char *counted = power_memory(NULL, disk->node_count);
    uint64_t sum = 0;

    memset(counted, 0, disk->node_count);
    for (size_t i = 0; i < disk->node_count; i++)
        for (size_t k = 0; k < disk->nodes[i].count; k++) {
            uint32_t node = disk->nodes[i].entries[k].node;

            sum += counted[node] ? 0 : disk->nodes[node].size;
            counted[node] = 1;
        }
    free(counted);
    return sum;
}

void recorder_bound(struct recorder *r, uint64_t room)
{
    r->bound = room == UINT64_MAX || !r->disk ? UINT64_MAX : used(r->disk) + room;
}

/* Whether a file cannot get this size: -ENOSPC, or 0. */
static int no_room(struct recorder *r, uint32_t node, uint64_t size)
{
    uint64_t has = r->disk ? disk_size(r->disk, node) : 0;

    if (r->bound == UINT64_MAX || size <= has || used(r->disk) + (size - has) <= r->bound)
        return 0;
    r->failed++;
    disk_note(r->disk, ENOSPC);
    return -ENOSPC;
}

/* ---- files ---- */

static struct recorder_fd *of_fd(struct recorder *r, int fd)
{
    return fd >= 0 && fd < RECORDER_FDS && r->fds[fd].used ? &r->fds[fd] : NULL;
}

static int rec_open(void *user, const char *path, uint32_t how)
{
    struct recorder *r = user;
    int failed = fault(r, how & MP_FILE_WRITE ? RECORDER_WRITES : RECORDER_READS);
    int fd = failed ? failed : REAL->open(NULL, path, how);

    if (fd < 0 || fd >= RECORDER_FDS || !r->disk)
        return fd;
    if (how & MP_FILE_CREATE)
        disk_create(r->disk, path);
    r->fds[fd] = (struct recorder_fd){.node = disk_find(r->disk, path), .used = 1};
    if (how & MP_FILE_TRUNCATE && disk_size(r->disk, r->fds[fd].node))
        disk_truncate(r->disk, r->fds[fd].node, 0);
    return fd;
}

static int rec_close(void *user, int fd)
{
    struct recorder *r = user;

    if (of_fd(r, fd))
        r->fds[fd].used = 0;
    return REAL->close(NULL, fd);
}

static int64_t rec_read(void *user, int fd, void *data, size_t len)
{
    int failed = fault(user, RECORDER_READS);

    return failed ? failed : REAL->read(NULL, fd, data, len);
}

static int64_t rec_pread(void *user, int fd, void *data, size_t len, uint64_t offset)
{
    int failed = fault(user, RECORDER_READS);

    return failed ? failed : REAL->pread(NULL, fd, data, len, offset);
}

static int64_t rec_write(void *user, int fd, const void *data, size_t len)
{
    struct recorder *r = user;
    struct recorder_fd *f = of_fd(r, fd);
    int failed = fault(r, RECORDER_WRITES);
    int64_t n;

    if (!failed && f)
        failed = no_room(r, f->node, f->at + len);
    n = failed ? failed : REAL->write(NULL, fd, data, len);
    if (n > 0 && f) {
        disk_write(r->disk, f->node, f->at, data, (size_t)n);
        f->at += (uint64_t)n;
    }
    return n;
}

static int64_t rec_pwrite(void *user, int fd, const void *data, size_t len, uint64_t offset)
{
    struct recorder *r = user;
    struct recorder_fd *f = of_fd(r, fd);
    int failed = fault(r, RECORDER_WRITES);
    int64_t n;

    if (!failed && f)
        failed = no_room(r, f->node, offset + len);
    n = failed ? failed : REAL->pwrite(NULL, fd, data, len, offset);
    if (n > 0 && f)
        disk_write(r->disk, f->node, offset, data, (size_t)n);
    return n;
}

static int rec_ftruncate(void *user, int fd, uint64_t size)
{
    struct recorder *r = user;
    int failed = fault(r, RECORDER_WRITES), answered = failed ? failed : REAL->ftruncate(NULL, fd, size);
    struct recorder_fd *f = of_fd(r, fd);

    if (!answered && f)
        disk_truncate(r->disk, f->node, size);
    return answered;
}

static int synced(struct recorder *r, int fd, int data_only)
{
    int failed = fault(r, RECORDER_WRITES);
    struct recorder_fd *f = of_fd(r, fd);

    /* on a disk that remembers nothing there is nothing to sync: the log alone knows */
    if (!failed && f)
        disk_sync(r->disk, f->node, data_only);
    return failed;
}

static int rec_fsync(void *user, int fd)
{
    return synced(user, fd, 0);
}

static int rec_fdatasync(void *user, int fd)
{
    return synced(user, fd, 1);
}

/* Times are the log's; when it was changed last (ctime), which nobody can set, is the system's. */
static void set_times(const struct recorder *r, uint32_t node, mp_file_status *status)
{
    int64_t time = r->disk ? disk_time(r->disk, node) : 0;

    if (!time)
        return;
    status->mtime = time / 1000000000;
    status->mtime_ns = (int32_t)(time % 1000000000);
}

static int rec_fstat(void *user, int fd, mp_file_status *status)
{
    struct recorder *r = user;
    struct recorder_fd *f = of_fd(r, fd);
    int failed = fault(r, RECORDER_READS);

    if (!failed)
        failed = REAL->fstat(NULL, fd, status);
    if (!failed && f)
        set_times(r, f->node, status);
    return failed;
}

static int rec_set_mtime(void *user, int fd, int64_t seconds)
{
    struct recorder *r = user;
    int failed = fault(r, RECORDER_WRITES), answered = failed ? failed : REAL->set_mtime(NULL, fd, seconds);
    struct recorder_fd *f = of_fd(r, fd);

    if (!answered && f)
        disk_mtime(r->disk, f->node, seconds * 1000000000);
    return answered;
}

static int rec_lock(void *user, int fd, uint32_t how)
{
    (void)user;
    return REAL->lock(NULL, fd, how);
}

static int rec_stat(void *user, const char *path, mp_file_status *status)
{
    struct recorder *r = user;
    int failed = fault(r, RECORDER_READS);

    if (!failed)
        failed = REAL->stat(NULL, path, status);
    if (!failed && r->disk)
        set_times(r, disk_find(r->disk, path), status);
    return failed;
}

static int rec_rename(void *user, const char *from, const char *to)
{
    struct recorder *r = user;
    int failed = fault(r, RECORDER_WRITES), answered = failed ? failed : REAL->rename(NULL, from, to);

    if (!answered && r->disk)
        disk_rename(r->disk, from, to);
    return answered;
}

static int rec_link(void *user, const char *from, const char *to)
{
    struct recorder *r = user;
    int failed = fault(r, RECORDER_WRITES), answered;

    if (!failed && r->no_links)
        failed = -EPERM;
    answered = failed ? failed : REAL->link(NULL, from, to);

    if (!answered && r->disk)
        disk_link(r->disk, from, to);
    return answered;
}

static int rec_unlink(void *user, const char *path)
{
    struct recorder *r = user;
    int failed = fault(r, RECORDER_WRITES), answered = failed ? failed : REAL->unlink(NULL, path);

    if (!answered && r->disk)
        disk_remove(r->disk, path);
    return answered;
}

static int rec_mkdir(void *user, const char *path)
{
    struct recorder *r = user;
    int failed = fault(r, RECORDER_WRITES), answered = failed ? failed : REAL->mkdir(NULL, path);

    if (!answered && r->disk)
        disk_mkdir(r->disk, path);
    return answered;
}

static int rec_rmdir(void *user, const char *path)
{
    struct recorder *r = user;
    int failed = fault(r, RECORDER_WRITES), answered = failed ? failed : REAL->rmdir(NULL, path);

    if (!answered && r->disk)
        disk_remove(r->disk, path);
    return answered;
}

static int rec_sync_directory(void *user, const char *path)
{
    struct recorder *r = user;
    int failed = fault(r, RECORDER_WRITES);
    mp_file_status status;

    if (failed)
        return failed;
    if (REAL->stat(NULL, path, &status))
        return -ENOENT;
    if (r->disk)
        disk_sync_directory(r->disk, path);
    return 0;
}

static int rec_list(void *user, const char *path, int (*each)(void *context, const char *name), void *context)
{
    int failed = fault(user, RECORDER_READS);

    return failed ? failed : REAL->list(NULL, path, each, context);
}

/* A clock of the log's own, so that a run can be repeated: a fifth of a millisecond passes with each look at it. */
static void rec_now(void *user, int64_t *seconds, int32_t *nanoseconds)
{
    struct recorder *r = user;

    if (!r->disk) {
        REAL->now(NULL, seconds, nanoseconds);
        return;
    }
    r->disk->clock += 200000;
    *seconds = r->disk->clock / 1000000000;
    *nanoseconds = (int32_t)(r->disk->clock % 1000000000);
}

static int rec_index(void *user, const mp_index_operation *o)
{
    struct recorder *r = user;
    int failed = fault(r, o->what == MP_INDEX_READ ? RECORDER_INDEX_READS : RECORDER_INDEX);

    if (!failed && r->disk && o->what == MP_INDEX_WRITE)
        failed = no_room(r, disk_find(r->disk, o->path), o->offset + o->len);
    if (failed || !r->disk)
        return failed;
    switch (o->what) {
    case MP_INDEX_CREATE:
        disk_create(r->disk, o->path);
        break;
    case MP_INDEX_WRITE:
        disk_write(r->disk, disk_find(r->disk, o->path), o->offset, o->data, o->len);
        break;
    case MP_INDEX_TRUNCATE:
        disk_truncate(r->disk, disk_find(r->disk, o->path), o->offset);
        break;
    case MP_INDEX_SYNC:
        disk_sync(r->disk, disk_find(r->disk, o->path), 0);
        break;
    case MP_INDEX_DELETE:
        disk_remove(r->disk, o->path);
        break;
    case MP_INDEX_SYNC_DIRECTORY:
        disk_sync_parent(r->disk, o->path);
        break;
    default:
        break;
    }
    return 0;
}

void recorder_init(struct recorder *r, struct disk *disk)
{
    memset(r, 0, sizeof *r);
    r->disk = disk;
    r->bound = UINT64_MAX;
    r->files = *mp_files_posix();
    r->files.user = r;
    r->files.open = rec_open;
    r->files.close = rec_close;
    r->files.read = rec_read;
    r->files.pread = rec_pread;
    r->files.write = rec_write;
    r->files.pwrite = rec_pwrite;
    r->files.ftruncate = rec_ftruncate;
    r->files.fsync = rec_fsync;
    r->files.fdatasync = rec_fdatasync;
    r->files.fstat = rec_fstat;
    r->files.set_mtime = rec_set_mtime;
    r->files.lock = rec_lock;
    r->files.stat = rec_stat;
    r->files.rename = rec_rename;
    r->files.link = rec_link;
    r->files.unlink = rec_unlink;
    r->files.mkdir = rec_mkdir;
    r->files.rmdir = rec_rmdir;
    r->files.sync_directory = rec_sync_directory;
    r->files.list = rec_list;
    r->files.now = rec_now;
    r->files.index = rec_index;
}
