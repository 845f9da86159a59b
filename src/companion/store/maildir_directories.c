/* maildir_directories.c - the directories of mailboxes: made, completed, and their names cleared of what was never finished.
 * https://cr.yp.to/proto/maildir.html; Maildir++: a folder of the account has the file maildirfolder. */
#include <errno.h>
#include <stdio.h>

#include "maildir.h"

static const char *const folders[] = {"tmp", "new", "cur"};
enum { FOLDERS = sizeof folders / sizeof *folders };

static int make_one(mp_maildir *m, const char *path, int *made)
{
    int error = m->files.mkdir(m->files.user, path);

    if (!error)
        *made = 1;
    return error == -EEXIST ? 0 : error;
}

/* The file tells other programs that it is a folder of a Maildir++, not a Maildir of its own. */
static int mark_folder(mp_maildir *m, const char *directory)
{
    char path[MP_PATH_MAX];
    int fd;

    if (!*directory || !mp_maildir_path(m, path, directory, "maildirfolder", ""))
        return 0;
    fd = m->files.open(m->files.user, path, MP_FILE_WRITE | MP_FILE_CREATE);
    return fd < 0 ? fd : m->files.close(m->files.user, fd);
}

int32_t mp_maildir_make_directory(mp_maildir *m, const char *directory)
{
    char path[MP_PATH_MAX];
    int made = 0, made_inside = 0, error;

    if (!mp_maildir_path(m, path, directory, "", ""))
        return MAILPROTO_ERR_LIMIT;
    error = make_one(m, path, &made);
    for (size_t i = 0; i < FOLDERS && !error; i++)
        if (mp_maildir_path(m, path, directory, folders[i], ""))
            error = make_one(m, path, &made_inside);
    if (!error && made_inside)
        error = mark_folder(m, directory);
    if (!error && made_inside && mp_maildir_path(m, path, directory, "", ""))
        error = mp_maildir_sync_directory(m, path);
    /* who began it may have been stopped before its name was durable */
    if (!error && (made || made_inside) && *directory && mp_maildir_path(m, path, "", "", ""))
        error = mp_maildir_sync_directory(m, path);
    return error ? mp_maildir_file_error(m, error, "making the folder", path) : 0;
}

int32_t mp_maildir_directory_ready(mp_maildir *m, const char *directory)
{
    int32_t result = mp_maildir_todo_directory(m, directory);

    return result > 0 ? mp_maildir_todo_none(m) : result;
}

int32_t mp_maildir_complete_directory(mp_maildir *m, const char *directory)
{
    int32_t result = mp_maildir_directory_ready(m, directory);

    return result ? result : mp_maildir_make_directory(m, directory);
}

/* ---- a name for one that comes from elsewhere ---- */

static int32_t taken(mp_maildir *m, const char *path)
{
    snprintf(m->sentence, sizeof m->sentence,
             "%.900s is there already, and is no mailbox: remove it, or choose another name", path);
    return MAILPROTO_ERR_EXISTS;
}

static int is_full(int error)
{
    return error == -ENOTEMPTY || error == -EEXIST || error == -ENOTDIR;
}

/* Without cur/ it is no mailbox: what is left of one that was being made when somebody was stopped. */
static int remove_begun(mp_maildir *m, const char *directory)
{
    char path[MP_PATH_MAX];
    int error = 0;

    for (size_t i = 0; i < FOLDERS && !error; i++) {
        error =
            mp_maildir_path(m, path, directory, folders[i], "") ? m->files.rmdir(m->files.user, path) : -ENAMETOOLONG;
        error = error == -ENOENT ? 0 : error;
    }
    if (!error && mp_maildir_path(m, path, directory, "maildirfolder", ""))
        error = m->files.unlink(m->files.user, path);
    if ((!error || error == -ENOENT) && mp_maildir_path(m, path, directory, "", ""))
        error = m->files.rmdir(m->files.user, path);
    return error == -ENOENT ? 0 : error;
}

int32_t mp_maildir_clear_directory(mp_maildir *m, const char *directory)
{
    char path[MP_PATH_MAX], cur[MP_PATH_MAX];
    mp_file_status status;
    int error;

    if (!mp_maildir_path(m, path, directory, "", "") || !mp_maildir_path(m, cur, directory, "cur", ""))
        return MAILPROTO_ERR_LIMIT;
    error = m->files.stat(m->files.user, path, &status);
    if (error == -ENOENT)
        return 0;
    if (error)
        return mp_maildir_file_error(m, error, "looking at", path);
    if (status.kind != MP_FILE_DIRECTORY)
        return taken(m, path);
    error = m->files.stat(m->files.user, cur, &status);
    if (!error)
        return mp_maildir_error(m, MAILPROTO_ERR_EXISTS, "there is a mailbox of that name already");
    error = error == -ENOENT ? remove_begun(m, directory) : error;
    if (is_full(error))
        return taken(m, path);
    return error ? mp_maildir_file_error(m, error, "removing what is left of", path) : 0;
}
