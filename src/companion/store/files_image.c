/* files_image.c - SQLite's files as they were at one moment, in memory: to be read without a lock, changed by nobody.
 * https://www.sqlite.org/vfs.html, https://www.sqlite.org/wal.html 6 (heap memory instead of -shm).
 *
 * SQLite itself cannot read a WAL database without writing: it makes -shm and -wal, or marks in -shm how far it reads. So
 * the two files are read whole, and then SQLite reads the copies, log and all. The index changes only by checkpoints, which
 * copy what is committed in the log: read before the log, it has nothing that the log does not have, as long as the log was
 * not begun anew meanwhile, which its header tells. Where there is no log neither file may have changed. They are read through SQLite's own VFS: another descriptor of the index, when it is closed, would end the locks that
 * other connections of this process have on it (https://www.sqlite.org/howtocorrupt.html 2.2). */
#include "files_image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAIN, LOG, FILES, STEP_MS = 5, PIECE = 65536, LOG_HEADER = 32 };

struct copy {
    char *path;
    int there;
    mp_file_status status; /* when it was read */
    int settled;           /* a later change must show in its time */
    char *octets;
    size_t size;
};

struct mp_image {
    sqlite3_vfs base; /* first: SQLite passes it back */
    sqlite3_vfs *system;
    const mp_files *files;
    struct copy copies[FILES];
    char name[40];
    int registered;
};

/* ---- reading the files ---- */

static int look(const struct mp_image *image, const struct copy *copy, mp_file_status *status)
{
    int error = image->files->stat(image->files->user, copy->path, status);

    if (!error && status->kind != MP_FILE_REGULAR)
        return -EINVAL;
    return error;
}

static int same(const mp_file_status *left, const mp_file_status *right)
{
    return left->inode == right->inode && left->device == right->device && left->size == right->size &&
           left->mtime == right->mtime && left->mtime_ns == right->mtime_ns;
}

int mp_image_is_current(const struct mp_image *image)
{
    mp_file_status now;

    for (int i = 0; i < FILES; i++) {
        const struct copy *copy = &image->copies[i];
        int error = look(image, copy, &now);

        if (error ? error != -ENOENT || copy->there : !copy->there || !copy->settled || !same(&now, &copy->status))
            return 0;
    }
    return 1;
}

/* A change in the same tick of the clock would leave the time as it is: so it is waited until the last one is older. */
static int is_settled(const struct mp_image *image, const struct copy *copy)
{
    int64_t seconds, age, tick = copy->status.mtime_ns ? 20000000 : 2000000000;
    int32_t nanoseconds;

    if (!copy->there)
        return 1;
    image->files->now(image->files->user, &seconds, &nanoseconds);
    age = (seconds - copy->status.mtime) * 1000000000 + (nanoseconds - copy->status.mtime_ns);
    return age >= tick || age < 0;
}

static int read_octets(const struct mp_image *image, struct copy *copy, sqlite3_file *file)
{
    int error = 0;

    for (size_t at = 0; at < copy->size && !error; at += PIECE) {
        size_t len = copy->size - at < PIECE ? copy->size - at : PIECE;
        mp_index_operation operation = {MP_INDEX_READ, copy->path, at, NULL, len};

        if (image->files->index)
            error = image->files->index(image->files->user, &operation);
        if (!error && file->pMethods->xRead(file, copy->octets + at, (int)len, (sqlite3_int64)at) != SQLITE_OK)
            error = -EIO; /* also if it became shorter: then it is no longer current */
    }
    return error;
}

static int read_file(const struct mp_image *image, struct copy *copy, int kind)
{
    sqlite3_vfs *system = image->system;
    sqlite3_file *file = calloc(1, (size_t)system->szOsFile);
    int error = file ? 0 : -ENOMEM, flags = SQLITE_OPEN_READONLY | kind, answered = 0;

    free(copy->octets);
    copy->size = (size_t)copy->status.size;
    copy->octets = malloc(copy->size + 1);
    if (!copy->octets)
        error = -ENOMEM;
    if (!error && system->xOpen(system, copy->path, file, flags, &answered) != SQLITE_OK) {
        error = -system->xGetLastError(system, 0, NULL);
        error = error ? error : -EIO;
    } else if (!error) {
        error = read_octets(image, copy, file);
    }
    if (file && file->pMethods)
        file->pMethods->xClose(file);
    free(file);
    return error;
}

/* What tells one log from the next: its salts, and how many there were. All 0: there is none. */
static int read_header(const struct mp_image *image, unsigned char header[LOG_HEADER])
{
    struct copy head = {.path = image->copies[LOG].path};
    int error = look(image, &head, &head.status);

    memset(header, 0, LOG_HEADER);
    if (error == -ENOENT || (!error && head.status.size < LOG_HEADER))
        return 0;
    head.status.size = LOG_HEADER;
    if (!error)
        error = read_file(image, &head, SQLITE_OPEN_WAL);
    if (!error)
        memcpy(header, head.octets, LOG_HEADER);
    free(head.octets);
    return error;
}

static int look_now(struct mp_image *image, int which)
{
    struct copy *copy = &image->copies[which];
    int error = look(image, copy, &copy->status);

    copy->there = !error;
    copy->settled = !error && is_settled(image, copy);
    return which == LOG && error == -ENOENT ? 0 : error;
}

static int read_both(struct mp_image *image)
{
    struct copy *log = &image->copies[LOG];
    int error = read_file(image, &image->copies[MAIN], SQLITE_OPEN_MAIN_DB);

    if (!error)
        error = look_now(image, LOG);
    log->size = 0;
    return error || !log->there ? error : read_file(image, log, SQLITE_OPEN_WAL);
}

static int read_once(struct mp_image *image)
{
    static const unsigned char none[LOG_HEADER] = {0};
    unsigned char before[LOG_HEADER], after[LOG_HEADER];
    const struct copy *main = &image->copies[MAIN];
    mp_file_status now;
    int error = read_header(image, before), has_log = memcmp(before, none, LOG_HEADER) != 0;

    if (!error)
        error = look_now(image, MAIN);
    if (!error && !has_log && !main->settled)
        return -EAGAIN;
    if (!error)
        error = read_both(image);
    if (error && !main->there)
        return error; /* there is no index */
    if (look(image, main, &now) || now.inode != main->status.inode || read_header(image, after) ||
        memcmp(before, after, LOG_HEADER) != 0 || (!has_log && !same(&now, &main->status)))
        return -EAGAIN; /* what was read is of two times; an error, too, may have come of that */
    return error;
}

static int read_all(struct mp_image *image, uint32_t wait_ms)
{
    int error = read_once(image);

    for (uint32_t waited = 0; error == -EAGAIN && waited < wait_ms; waited += STEP_MS) {
        sqlite3_sleep(STEP_MS);
        error = read_once(image);
    }
    return error == -EAGAIN ? -EBUSY : error;
}

/* ---- the files as SQLite sees them ---- */

struct file {
    sqlite3_file base;
    const struct copy *copy;
};

static const struct copy *copy_of(sqlite3_file *file)
{
    return ((struct file *)(void *)file)->copy;
}

static int image_close(sqlite3_file *file)
{
    (void)file;
    return SQLITE_OK;
}

static int image_read(sqlite3_file *file, void *data, int len, sqlite3_int64 offset)
{
    const struct copy *copy = copy_of(file);
    size_t at = (size_t)offset, have = at < copy->size ? copy->size - at : 0;

    if (have > (size_t)len)
        have = (size_t)len;
    if (have)
        memcpy(data, copy->octets + at, have);
    memset((char *)data + have, 0, (size_t)len - have);
    return have == (size_t)len ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int image_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
    (void)file;
    (void)data;
    (void)len;
    (void)offset;
    return SQLITE_READONLY;
}

static int image_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    (void)file;
    (void)size;
    return SQLITE_READONLY;
}

static int image_size(sqlite3_file *file, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)copy_of(file)->size;
    return SQLITE_OK;
}

static int image_number(sqlite3_file *file, int number)
{
    (void)file;
    (void)number;
    return SQLITE_OK;
}

static int image_reserved(sqlite3_file *file, int *out)
{
    (void)file;
    *out = 0;
    return SQLITE_OK;
}

static int image_control(sqlite3_file *file, int op, void *argument)
{
    (void)file;
    (void)op;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int image_none(sqlite3_file *file)
{
    (void)file;
    return 0;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, /* no -shm: with locking_mode=EXCLUSIVE it is kept in memory */
    .xClose = image_close,
    .xRead = image_read,
    .xWrite = image_write,
    .xTruncate = image_truncate,
    .xSync = image_number,
    .xFileSize = image_size,
    .xLock = image_number,
    .xUnlock = image_number,
    .xCheckReservedLock = image_reserved,
    .xFileControl = image_control,
    .xSectorSize = image_none,
    .xDeviceCharacteristics = image_none,
};

/* ---- the VFS ---- */

static struct mp_image *image_of(sqlite3_vfs *vfs)
{
    return (struct mp_image *)(void *)vfs;
}

static int image_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
    struct file *f = (struct file *)(void *)file;

    (void)path;
    memset(f, 0, sizeof *f);
    if (!(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
        return SQLITE_CANTOPEN;
    f->copy = &image_of(vfs)->copies[flags & SQLITE_OPEN_WAL ? LOG : MAIN];
    f->base.pMethods = &methods;
    if (out_flags)
        *out_flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    return SQLITE_OK;
}

static int image_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    (void)vfs;
    (void)path;
    (void)sync;
    return SQLITE_OK;
}

static int image_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    const struct mp_image *image = image_of(vfs);

    (void)flags;
    *out = 0;
    for (int i = 0; i < FILES; i++)
        if (!strcmp(path, image->copies[i].path))
            *out = image->copies[i].there;
    return SQLITE_OK;
}

static int image_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
    (void)vfs;
    return snprintf(out, (size_t)size, "%s", path) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int image_random(sqlite3_vfs *vfs, int len, char *out)
{
    return image_of(vfs)->system->xRandomness(image_of(vfs)->system, len, out);
}

static int image_sleep(sqlite3_vfs *vfs, int microseconds)
{
    return image_of(vfs)->system->xSleep(image_of(vfs)->system, microseconds);
}

static int image_time(sqlite3_vfs *vfs, double *out)
{
    return image_of(vfs)->system->xCurrentTime(image_of(vfs)->system, out);
}

static int image_error(sqlite3_vfs *vfs, int len, char *out)
{
    (void)vfs;
    (void)len;
    (void)out;
    return 0;
}

static int enter(struct mp_image *image)
{
    snprintf(image->name, sizeof image->name, "mailproto-image-%p", (void *)image);
    image->base.iVersion = 1;
    image->base.szOsFile = (int)sizeof(struct file);
    image->base.mxPathname = image->system->mxPathname;
    image->base.zName = image->name;
    image->base.xOpen = image_open;
    image->base.xDelete = image_delete;
    image->base.xAccess = image_access;
    image->base.xFullPathname = image_path;
    image->base.xRandomness = image_random;
    image->base.xSleep = image_sleep;
    image->base.xCurrentTime = image_time;
    image->base.xGetLastError = image_error;
    image->registered = sqlite3_vfs_register(&image->base, 0) == SQLITE_OK;
    return image->registered ? 0 : -ENOMEM;
}

/* ---- all of it ---- */

static char *joined(const char *path, const char *suffix)
{
    size_t len = strlen(path) + strlen(suffix) + 1;
    char *out = calloc(1, len + 2); /* SQLite's VFS looks for parameters behind the NUL: there are none */

    if (out)
        snprintf(out, len, "%s%s", path, suffix);
    return out;
}

int mp_image_read(struct mp_image **out, const mp_files *files, const char *path, uint32_t wait_ms)
{
    struct mp_image *image = calloc(1, sizeof *image);
    int error = image ? 0 : -ENOMEM;

    *out = NULL;
    if (error)
        return error;
    image->system = sqlite3_vfs_find(NULL);
    image->files = files;
    image->copies[MAIN].path = joined(path, "");
    image->copies[LOG].path = joined(path, "-wal");
    if (!image->system || !image->copies[MAIN].path || !image->copies[LOG].path)
        error = -ENOMEM;
    if (!error)
        error = read_all(image, wait_ms);
    if (!error)
        error = enter(image);
    if (error)
        mp_image_free(image);
    else
        *out = image;
    return error;
}

int mp_image_open(struct mp_image *image, sqlite3 **db)
{
    int rc = sqlite3_open_v2(image->copies[MAIN].path, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, image->name);

    if (rc == SQLITE_OK)
        rc = sqlite3_extended_result_codes(*db, 1);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(*db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF",
                          NULL, NULL, NULL);
    return rc;
}

uint64_t mp_image_size(const struct mp_image *image)
{
    return image->copies[MAIN].size;
}

void mp_image_free(struct mp_image *image)
{
    if (!image)
        return;
    if (image->registered)
        sqlite3_vfs_unregister(&image->base);
    for (int i = 0; i < FILES; i++) {
        free(image->copies[i].path);
        free(image->copies[i].octets);
    }
    free(image);
}
