/* files_image.h - SQLite's files as they were at one moment, in memory: to be read without a lock, changed by nobody.
 * https://www.sqlite.org/vfs.html, https://www.sqlite.org/wal.html 6 (heap memory instead of -shm). */
#ifndef MAILPROTO_STORE_FILES_IMAGE_H
#define MAILPROTO_STORE_FILES_IMAGE_H

#include <sqlite3.h>

#include "files.h"

struct mp_image;

/* Reads the index `path` and its log. Nothing is made, locked or changed; what others write meanwhile is waited for, wait_ms
   at most. -ENOENT: there is no index; -EBUSY: it was being written all the time; else what reading it answered. */
int mp_image_read(struct mp_image **out, const mp_files *files, const char *path, uint32_t wait_ms);
/* Whether the files are still as they were read. */
int mp_image_is_current(const struct mp_image *image);
/* A connection that reads it. SQLITE_OK, or what SQLite answered; *db is to be closed in any case. */
int mp_image_open(struct mp_image *image, sqlite3 **db);
uint64_t mp_image_size(const struct mp_image *image); /* octets of the index, without the log */
void mp_image_free(struct mp_image *image);           /* after its connection was closed. NULL is ignored */

#endif
