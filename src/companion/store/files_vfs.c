/* files_vfs.c - a thin SQLite VFS over the system's own: tells the table of file operations what SQLite is about to do.
 * https://www.sqlite.org/vfs.html. Locks, shared memory and reads of the pages pass through. */
#include "files_vfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mp_vfs {
    sqlite3_vfs base; /* first: SQLite passes it back */
    sqlite3_vfs *under;
    const mp_files *files;
    int error; /* the errno of the last operation that the table let fail */
    char name[40];
};

struct file {
    sqlite3_file base;
    struct mp_vfs *vfs;
    const char *path;
    int told;      /* its operations are told */
    int directory; /* the first sync makes its name durable, too */
    sqlite3_file *under;
};

static int tell(struct mp_vfs *vfs, uint32_t what, const char *path, uint64_t offset, const void *data, size_t len)
{
    mp_index_operation operation = {what, path, offset, data, len};
    int result = vfs->files->index(vfs->files->user, &operation);

    if (result)
        vfs->error = -result;
    return result;
}

static int code(int error, int otherwise)
{
    return error == -ENOSPC || error == -EDQUOT ? SQLITE_FULL : otherwise;
}

static struct file *of(sqlite3_file *file)
{
    return (struct file *)(void *)file;
}

static sqlite3_file *under(sqlite3_file *file)
{
    return of(file)->under;
}

/* ---- what is told ---- */

static int vfs_read(sqlite3_file *file, void *data, int len, sqlite3_int64 offset)
{
    struct file *f = of(file);

    if (f->told && tell(f->vfs, MP_INDEX_READ, f->path, (uint64_t)offset, NULL, (size_t)len))
        return SQLITE_IOERR_READ;
    return f->under->pMethods->xRead(f->under, data, len, offset);
}

static int vfs_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
    struct file *f = of(file);
    int error = f->told ? tell(f->vfs, MP_INDEX_WRITE, f->path, (uint64_t)offset, data, (size_t)len) : 0;

    return error ? code(error, SQLITE_IOERR_WRITE) : f->under->pMethods->xWrite(f->under, data, len, offset);
}

static int vfs_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct file *f = of(file);

    if (f->told && tell(f->vfs, MP_INDEX_TRUNCATE, f->path, (uint64_t)size, NULL, 0))
        return SQLITE_IOERR_TRUNCATE;
    return f->under->pMethods->xTruncate(f->under, size);
}

static int vfs_sync(sqlite3_file *file, int flags)
{
    struct file *f = of(file);
    int rc;

    if (f->told && tell(f->vfs, MP_INDEX_SYNC, f->path, 0, NULL, 0))
        return SQLITE_IOERR_FSYNC;
    rc = f->under->pMethods->xSync(f->under, flags);
    if (rc == SQLITE_OK && f->directory) {
        f->directory = 0; /* the system's VFS does it at the first sync of a journal that it made */
        if (tell(f->vfs, MP_INDEX_SYNC_DIRECTORY, f->path, 0, NULL, 0))
            return SQLITE_IOERR_DIR_FSYNC;
    }
    return rc;
}

/* ---- what passes through ---- */

static int vfs_close(sqlite3_file *file)
{
    struct file *f = of(file);

    return f->under->pMethods ? f->under->pMethods->xClose(f->under) : SQLITE_OK;
}

static int vfs_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return under(file)->pMethods->xFileSize(under(file), size);
}

static int vfs_lock(sqlite3_file *file, int how)
{
    return under(file)->pMethods->xLock(under(file), how);
}

static int vfs_unlock(sqlite3_file *file, int how)
{
    return under(file)->pMethods->xUnlock(under(file), how);
}

static int vfs_reserved(sqlite3_file *file, int *out)
{
    return under(file)->pMethods->xCheckReservedLock(under(file), out);
}

static int vfs_control(sqlite3_file *file, int op, void *argument)
{
    return under(file)->pMethods->xFileControl(under(file), op, argument);
}

static int vfs_sector(sqlite3_file *file)
{
    return under(file)->pMethods->xSectorSize(under(file));
}

/* Nothing is promised of the device: SQLite then syncs and writes as if a sector could be torn. */
static int vfs_device(sqlite3_file *file)
{
    (void)file;
    return 0;
}

static int vfs_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return under(file)->pMethods->xShmMap(under(file), page, size, extend, out);
}

static int vfs_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return under(file)->pMethods->xShmLock(under(file), offset, n, flags);
}

static void vfs_shm_barrier(sqlite3_file *file)
{
    under(file)->pMethods->xShmBarrier(under(file));
}

static int vfs_shm_unmap(sqlite3_file *file, int remove)
{
    return under(file)->pMethods->xShmUnmap(under(file), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* no memory map: writes are seen */
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_reserved,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector,
    .xDeviceCharacteristics = vfs_device,
    .xShmMap = vfs_shm_map,
    .xShmLock = vfs_shm_lock,
    .xShmBarrier = vfs_shm_barrier,
    .xShmUnmap = vfs_shm_unmap,
};

/* ---- files of the VFS ---- */

static struct mp_vfs *vfs_of(sqlite3_vfs *base)
{
    return (struct mp_vfs *)(void *)base;
}

static int is_there(sqlite3_vfs *vfs, const char *path)
{
    int there = 0;

    return vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK && there;
}

static int vfs_open(sqlite3_vfs *base, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
    struct mp_vfs *vfs = vfs_of(base);
    struct file *f = of(file);
    int kept = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL | SQLITE_OPEN_SUPER_JOURNAL;
    int error = 0, rc;

    memset(f, 0, sizeof *f);
    f->vfs = vfs;
    f->path = path;
    f->told = path && flags & kept;
    f->under = (sqlite3_file *)(void *)(f + 1);
    if (f->told && flags & SQLITE_OPEN_CREATE) {
        f->directory = !!(flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL | SQLITE_OPEN_SUPER_JOURNAL));
        if (!is_there(vfs->under, path))
            error = tell(vfs, MP_INDEX_CREATE, path, 0, NULL, 0);
    }
    if (error)
        return code(error, SQLITE_CANTOPEN);
    rc = vfs->under->xOpen(vfs->under, path, f->under, flags, out_flags);
    if (rc == SQLITE_OK)
        f->base.pMethods = &methods;
    return rc;
}

static int vfs_delete(sqlite3_vfs *base, const char *path, int sync)
{
    struct mp_vfs *vfs = vfs_of(base);
    int rc;

    if (is_there(vfs->under, path) && tell(vfs, MP_INDEX_DELETE, path, 0, NULL, 0))
        return SQLITE_IOERR_DELETE;
    rc = vfs->under->xDelete(vfs->under, path, sync);
    if (rc == SQLITE_OK && sync && tell(vfs, MP_INDEX_SYNC_DIRECTORY, path, 0, NULL, 0))
        return SQLITE_IOERR_DIR_FSYNC;
    return rc;
}

static int vfs_access(sqlite3_vfs *base, const char *path, int flags, int *out)
{
    return vfs_of(base)->under->xAccess(vfs_of(base)->under, path, flags, out);
}

static int vfs_path(sqlite3_vfs *base, const char *path, int size, char *out)
{
    (void)base; /* as the store says it: what is told begins as its other paths do */
    if (snprintf(out, (size_t)size, "%s", path) >= size)
        return SQLITE_CANTOPEN;
    return SQLITE_OK;
}

static int vfs_random(sqlite3_vfs *base, int len, char *out)
{
    return vfs_of(base)->under->xRandomness(vfs_of(base)->under, len, out);
}

static int vfs_sleep(sqlite3_vfs *base, int microseconds)
{
    return vfs_of(base)->under->xSleep(vfs_of(base)->under, microseconds);
}

static int vfs_time(sqlite3_vfs *base, double *out)
{
    return vfs_of(base)->under->xCurrentTime(vfs_of(base)->under, out);
}

static int vfs_error(sqlite3_vfs *base, int len, char *out)
{
    struct mp_vfs *vfs = vfs_of(base);

    if (!vfs->error)
        return vfs->under->xGetLastError(vfs->under, len, out);
    return vfs->error;
}

static int vfs_time_64(sqlite3_vfs *base, sqlite3_int64 *out)
{
    return vfs_of(base)->under->xCurrentTimeInt64(vfs_of(base)->under, out);
}

struct mp_vfs *mp_vfs_new(const mp_files *files)
{
    struct mp_vfs *vfs = calloc(1, sizeof *vfs);
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);

    if (!vfs || !system) {
        free(vfs);
        return NULL;
    }
    vfs->under = system;
    vfs->files = files;
    snprintf(vfs->name, sizeof vfs->name, "mailproto-%p", (void *)vfs);
    vfs->base.iVersion = 2;
    vfs->base.szOsFile = (int)sizeof(struct file) + system->szOsFile;
    vfs->base.mxPathname = system->mxPathname;
    vfs->base.zName = vfs->name;
    vfs->base.xOpen = vfs_open;
    vfs->base.xDelete = vfs_delete;
    vfs->base.xAccess = vfs_access;
    vfs->base.xFullPathname = vfs_path;
    vfs->base.xRandomness = vfs_random;
    vfs->base.xSleep = vfs_sleep;
    vfs->base.xCurrentTime = vfs_time;
    vfs->base.xGetLastError = vfs_error;
    vfs->base.xCurrentTimeInt64 = vfs_time_64;
    if (sqlite3_vfs_register(&vfs->base, 0) != SQLITE_OK) {
        free(vfs);
        return NULL;
    }
    return vfs;
}

const char *mp_vfs_name(const struct mp_vfs *vfs)
{
    return vfs ? vfs->name : NULL;
}

int mp_vfs_error(struct mp_vfs *vfs)
{
    int error = vfs ? vfs->error : 0;

    if (vfs)
        vfs->error = 0;
    return error;
}

void mp_vfs_free(struct mp_vfs *vfs)
{
    if (!vfs)
        return;
    sqlite3_vfs_unregister(&vfs->base);
    free(vfs);
}
