/* files_vfs.h - a thin SQLite VFS over the system's own: tells the table of file operations what SQLite is about to do.
 * https://www.sqlite.org/vfs.html. */
#ifndef MAILPROTO_STORE_FILES_VFS_H
#define MAILPROTO_STORE_FILES_VFS_H

#include <sqlite3.h>

#include "files.h"

struct mp_vfs;

/* Registers one under a name of its own; files->index is told. NULL: no memory. */
struct mp_vfs *mp_vfs_new(const mp_files *files);
const char *mp_vfs_name(const struct mp_vfs *vfs);
/* The errno that the table answered last, once; 0: none. */
int mp_vfs_error(struct mp_vfs *vfs);
void mp_vfs_free(struct mp_vfs *vfs);

#endif
