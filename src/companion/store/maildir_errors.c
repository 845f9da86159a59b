/* maildir_errors.c - what went wrong, in a sentence that names the path and what to do, and the result that decides the
 * reply. RFC 5321 4.2.3 (452, 451), RFC 3206 4 ([SYS/TEMP]), RFC 9051 7.1. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "files_vfs.h"
#include "maildir.h"

int32_t mp_maildir_error(mp_maildir *m, int32_t result, const char *sentence)
{
    snprintf(m->sentence, sizeof m->sentence, "%s", sentence);
    return result;
}

/* What the person who runs the server should do. */
static const char *advice(int error, const char *doing)
{
    switch (error) {
    case ENOSPC:
        return "the disk is full: make room on it";
    case EDQUOT:
        return "the disk quota of the user is used up: raise it or make room";
    case EROFS:
        return "the file system is read-only: mount it writable";
    case EACCES:
    case EPERM:
        return "permission denied: give it to the user this program runs as";
    case EIO:
        return "the disk failed: look at the system's log";
    case EMFILE:
    case ENFILE:
        return "too many files are open: raise the limit";
    case ENOENT:
        if (!strncmp(doing, "making", 6))
            return "the folder above it is gone, or nothing can be made there";
        return "it is not there: was it removed by another program?";
    case ENOTDIR:
        return "a part of the path is a file, not a folder";
    case ENAMETOOLONG:
        return "the name is too long for the file system";
    case ELOOP:
        return "it is a symbolic link: put the file itself there";
    default:
        return NULL;
    }
}

int32_t mp_maildir_file_error(mp_maildir *m, int error, const char *doing, const char *path)
{
    const char *told = advice(-error, doing);

    if (told)
        snprintf(m->sentence, sizeof m->sentence, "%s %s: %s", doing, path, told);
    else
        snprintf(m->sentence, sizeof m->sentence, "%s %s: the system answered error %d", doing, path, -error);
    switch (-error) {
    case ENOSPC:
    case EDQUOT:
        return MAILPROTO_ERR_FULL;
    case ENOMEM:
        return MAILPROTO_ERR_NOMEM;
    case ENAMETOOLONG:
        return MAILPROTO_ERR_LIMIT;
    default:
        return MAILPROTO_ERR_UNAVAILABLE;
    }
}

static int32_t damaged(mp_maildir *m, const char *doing)
{
    m->damaged = 1;
    snprintf(m->sentence, sizeof m->sentence,
             "%s: the index %s/mailproto/index.sqlite is damaged; it is set aside and made again from the messages",
             doing, m->root);
    return MAILPROTO_ERR_UNAVAILABLE;
}

/* SQLite tells the system's error of what failed while it ran, but not of a commit. */
static int system_error(mp_maildir *m)
{
    int error = m->db ? sqlite3_system_errno(m->db) : 0;

    if (!error)
        error = m->vfs ? mp_vfs_error(m->vfs) : errno;
    return error == ENOSPC || error == EDQUOT || error == EROFS || error == EACCES || error == EPERM ||
                   error == EMFILE || error == ENFILE || error == ENOENT
               ? error
               : EIO;
}

int32_t mp_maildir_sql_error(mp_maildir *m, int rc, const char *doing)
{
    char path[MP_PATH_MAX];
    int error;

    switch (rc & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return damaged(m, doing);
    case SQLITE_NOMEM:
        return mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");
    case SQLITE_FULL:
        snprintf(m->sentence, sizeof m->sentence, "%s: the disk of %s/mailproto is full: make room on it", doing,
                 m->root);
        return MAILPROTO_ERR_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        snprintf(m->sentence, sizeof m->sentence,
                 "%s: another process has the index of %s locked for long: try again, or look what it does", doing,
                 m->root);
        return MAILPROTO_ERR_UNAVAILABLE;
    case SQLITE_TOOBIG:
        return mp_maildir_error(m, MAILPROTO_ERR_LIMIT, "it is too large for the index");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_IOERR:
        error = system_error(m);
        snprintf(path, sizeof path, "%.3000s/mailproto/index.sqlite", m->root);
        if ((rc & 0xff) == SQLITE_READONLY && error == EIO)
            error = EACCES;
        return mp_maildir_file_error(m, -error, doing, path);
    default:
        snprintf(m->sentence, sizeof m->sentence, "%s: SQLite answered \"%s\" for the index of %s", doing,
                 m->db ? sqlite3_errmsg(m->db) : sqlite3_errstr(rc), m->root);
        return MAILPROTO_ERR_UNAVAILABLE;
    }
}

int32_t mp_maildir_done(mailproto_store_asker *asker, uint64_t token, int32_t heard)
{
    return heard < 0 ? heard : mailproto_store_done(asker, token);
}

int32_t mp_maildir_fail(mp_maildir *m, mailproto_store_asker *asker, uint64_t token, int32_t why)
{
    char sentence[MP_SENTENCE_MAX];
    const char *text = m->sentence[0] ? m->sentence : mailproto_result_text(why);

    snprintf(sentence, sizeof sentence, "%s", text); /* who hears it may ask again */
    m->sentence[0] = 0;
    (void)mailproto_store_fail(asker, token, why, sentence, strlen(sentence));
    return 0;
}
