/* maildir_part.c - one message on its way in: a file in tmp/, written in pieces, fsynced when it is complete.
 * https://cr.yp.to/proto/maildir.html: what is in tmp/ is no message yet; what nobody touched for 36 hours is removed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maildir.h"

const char *mp_maildir_part_path(mp_maildir *m, char *out, const char *directory, const mp_part *part)
{
    return mp_maildir_path(m, out, directory, "tmp", part->name);
}

/* Small messages are made, written and fsynced in one go when they are complete. */
static int32_t make(mp_maildir *m, mp_upload *upload, mp_part *part)
{
    char path[MP_PATH_MAX];
    int32_t result;

    if (part->fd >= 0)
        return 0;
    if (!mp_maildir_part_path(m, path, upload->directory, part))
        return MAILPROTO_ERR_LIMIT;
    part->fd = m->files.open(m->files.user, path, MP_FILE_WRITE | MP_FILE_CREATE | MP_FILE_EXCLUSIVE);
    if (part->fd == -ENOENT) {
        mp_mailbox box; /* renamed, or its tmp/ was removed */

        uint64_t mailbox = upload->mailbox;

        result = mp_maildir_ready(m);
        if (!result)
            result = mp_maildir_resolve(m, &mailbox);
        if (!result)
            result = mp_maildir_selectable(m, mailbox, &box);
        if (!result)
            result = mp_maildir_complete_directory(m, box.directory);
        if (result)
            return result;
        memcpy(upload->directory, box.directory, sizeof upload->directory);
        if (!mp_maildir_part_path(m, path, upload->directory, part))
            return MAILPROTO_ERR_LIMIT;
        part->fd = m->files.open(m->files.user, path, MP_FILE_WRITE | MP_FILE_CREATE | MP_FILE_EXCLUSIVE);
    }
    if (part->fd < 0)
        return mp_maildir_file_error(m, part->fd, "making", path);
    part->made = 1;
    return 0;
}

int32_t mp_maildir_part_flush(mp_maildir *m, mp_upload *upload)
{
    mp_part *part = upload->last;
    char path[MP_PATH_MAX];
    int error;
    int32_t result = make(m, upload, part);

    if (result || !upload->used)
        return result;
    error = mp_files_write_all(&m->files, part->fd, upload->buffer, upload->used);
    upload->used = 0;
    if (error && mp_maildir_part_path(m, path, upload->directory, part))
        return mp_maildir_file_error(m, error, "writing", path);
    return error ? MAILPROTO_ERR_UNAVAILABLE : 0;
}

static int32_t write_through(mp_maildir *m, mp_upload *upload, const char *data, size_t len)
{
    char path[MP_PATH_MAX];
    int32_t result = mp_maildir_part_flush(m, upload);
    int error = result ? 0 : mp_files_write_all(&m->files, upload->last->fd, data, len);

    if (error && mp_maildir_part_path(m, path, upload->directory, upload->last))
        return mp_maildir_file_error(m, error, "writing", path);
    return result;
}

int32_t mp_maildir_part_write(mp_maildir *m, mp_upload *upload, const char *data, size_t len)
{
    mp_part *part = upload->last;
    size_t room;
    int32_t result = 0;

    part->bare += mp_maildir_bare(data, len, &part->last);
    part->size += len;
    if (len >= MP_UPLOAD_BUFFER / 4)
        return write_through(m, upload, data, len);
    if (!upload->buffer && !(upload->buffer = malloc(MP_UPLOAD_BUFFER)))
        return mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");
    while (len && !result) {
        room = MP_UPLOAD_BUFFER - upload->used;
        if (room > len)
            room = len;
        memcpy(upload->buffer + upload->used, data, room);
        upload->used += room;
        data += room;
        len -= room;
        if (upload->used == MP_UPLOAD_BUFFER)
            result = mp_maildir_part_flush(m, upload);
    }
    return result;
}

/* The file's time is the internal date: an index that is made again finds it there. */
static int settle(mp_maildir *m, mp_part *part)
{
    int error = part->has_date ? m->files.set_mtime(m->files.user, part->fd, part->date) : 0, closed;

    if (error == -EOVERFLOW || error == -EINVAL)
        error = 0; /* the file system does not know such a year; the index does */
    if (!error)
        error = mp_maildir_sync_file(m, part->fd);
    closed = m->files.close(m->files.user, part->fd);
    part->fd = -1;
    return error ? error : closed;
}

int32_t mp_maildir_part_end(mp_maildir *m, mp_upload *upload)
{
    mp_part *part = upload->last;
    char path[MP_PATH_MAX];
    int32_t result;
    int error;

    if (part->complete)
        return 0;
    if (part->announced && part->size != part->announced)
        return mp_maildir_error(m, MAILPROTO_ERR_LIMIT, "the message is not of the size that was announced");
    result = part->made && part->fd < 0 ? 0 : mp_maildir_part_flush(m, upload);
    if (result)
        return result;
    error = part->fd >= 0 ? settle(m, part) : 0;
    if (error && mp_maildir_part_path(m, path, upload->directory, part))
        return mp_maildir_file_error(m, error, "syncing", path);
    snprintf(part->base, sizeof part->base, "%.200s,S=%llu,W=%llu", part->name, (unsigned long long)part->size,
             (unsigned long long)(part->size + part->bare));
    part->complete = 1;
    return 0;
}

void mp_maildir_part_discard(mp_maildir *m, const mp_upload *upload, mp_part *part)
{
    char path[MP_PATH_MAX];

    if (part->fd >= 0)
        m->files.close(m->files.user, part->fd);
    part->fd = -1;
    if (part->made && mp_maildir_part_path(m, path, upload->directory, part))
        (void)m->files.unlink(m->files.user, path);
    part->made = 0;
}
