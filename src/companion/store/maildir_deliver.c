/* maildir_deliver.c - delivery without the index: tmp, fsync, rename into new, fsync of the directory.
 * RFC 5321 4.2.5: what was answered with 250 must not be lost. The message gets its UID when it is first listed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maildir.h"

static int32_t place(mp_maildir *m, mp_upload *upload, char *path)
{
    char from[MP_PATH_MAX], folder[MP_PATH_MAX];
    mp_part *part = upload->first;
    int error;

    if (!mp_maildir_part_path(m, from, upload->directory, part) ||
        !mp_maildir_path(m, path, upload->directory, "new", part->base) ||
        !mp_maildir_path(m, folder, upload->directory, "new", ""))
        return MAILPROTO_ERR_LIMIT;
    error = m->files.rename(m->files.user, from, path);
    if (error)
        return mp_maildir_file_error(m, error, "delivering", path);
    part->made = 0;
    error = mp_maildir_sync_directory(m, folder);
    if (!error)
        return 0;
    (void)m->files.unlink(m->files.user, path); /* what is not known to be durable was not delivered */
    return mp_maildir_file_error(m, error, "syncing", folder);
}

int32_t mp_maildir_deliver(mp_maildir *m, mp_upload *upload)
{
    char path[MP_PATH_MAX];

    return place(m, upload, path);
}

/* ---- another file with the same octets ---- */

static int copy_octets(mp_maildir *m, int from, int to)
{
    char *buffer = malloc(MP_READ);
    int64_t n;
    int error = buffer ? 0 : -ENOMEM;

    while (!error && (n = m->files.read(m->files.user, from, buffer, MP_READ)) != 0)
        error = n < 0 ? (int)n : mp_files_write_all(&m->files, to, buffer, (size_t)n);
    free(buffer);
    return error;
}

static int copy(mp_maildir *m, const char *from, const char *to)
{
    mp_file_status status;
    int source = m->files.open(m->files.user, from, MP_FILE_READ), target, error;

    if (source < 0)
        return source;
    target = m->files.open(m->files.user, to, MP_FILE_WRITE | MP_FILE_CREATE | MP_FILE_EXCLUSIVE);
    if (target < 0) {
        m->files.close(m->files.user, source);
        return target;
    }
    error = copy_octets(m, source, target);
    if (!error && !m->files.fstat(m->files.user, source, &status))
        error = m->files.set_mtime(m->files.user, target, status.mtime);
    if (!error)
        error = mp_maildir_sync_file(m, target);
    m->files.close(m->files.user, source);
    m->files.close(m->files.user, target);
    if (error)
        (void)m->files.unlink(m->files.user, to);
    return error;
}

/* What other programs wrote may not be on the disk yet. */
static int sync_source(mp_maildir *m, const char *path)
{
    int fd = m->files.open(m->files.user, path, MP_FILE_READ), error;

    if (fd < 0)
        return fd;
    error = mp_maildir_sync_file(m, fd);
    m->files.close(m->files.user, fd);
    return error;
}

int mp_maildir_duplicate(mp_maildir *m, const char *from, const char *to, int durable)
{
    int error = durable ? 0 : sync_source(m, from);

    if (!error)
        error = m->files.link(m->files.user, from, to);
    if (error == -EXDEV || error == -EMLINK || error == -EPERM || error == -ENOTSUP || error == -ENOSYS)
        error = copy(m, from, to);
    return error;
}
