/* maildir_index.c - opens the index, sets a damaged one aside, notices that another took its place.
 * SQLite: https://www.sqlite.org/wal.html, https://www.sqlite.org/howtocorrupt.html 4. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "files_vfs.h"
#include "maildir.h"

enum { LOCK_STEP_MS = 5, SMALLEST = 512 /* octets of a database */ };

/* ---- the lock of those who open and close ---- */

/* One at a time opens, sets aside or closes: -1, or the descriptor that is the lock. */
static int32_t lock_opening(mp_maildir *m, int *fd)
{
    char path[MP_PATH_MAX];
    int error = 0;

    if (!mp_maildir_own(m, path, "opening"))
        return MAILPROTO_ERR_LIMIT;
    *fd = m->files.open(m->files.user, path, MP_FILE_READ | MP_FILE_WRITE | MP_FILE_CREATE);
    if (*fd < 0)
        return mp_maildir_file_error(m, *fd, "opening", path);
    for (uint32_t waited = 0;; waited += LOCK_STEP_MS) {
        error = m->files.lock(m->files.user, *fd, MP_LOCK_EXCLUSIVE);
        if (error != -EWOULDBLOCK || waited >= m->busy_ms)
            break;
        sqlite3_sleep(LOCK_STEP_MS);
    }
    if (!error)
        return 0;
    m->files.close(m->files.user, *fd);
    if (error != -EWOULDBLOCK)
        return mp_maildir_file_error(m, error, "locking", path);
    snprintf(m->sentence, sizeof m->sentence, "another process has %.900s locked for long: look what it does", path);
    return MAILPROTO_ERR_UNAVAILABLE;
}

static void unlock(mp_maildir *m, int fd)
{
    m->files.close(m->files.user, fd);
}

/* ---- SQLite's files ---- */

static const char *index_path(mp_maildir *m, char *out, const char *suffix)
{
    char name[40];

    snprintf(name, sizeof name, "index.sqlite%s", suffix);
    return mp_maildir_own(m, out, name);
}

static void remove_file(mp_maildir *m, const char *suffix)
{
    char path[MP_PATH_MAX];

    if (index_path(m, path, suffix))
        (void)m->files.unlink(m->files.user, path);
}

/* A new index must not meet the log of one that is gone. */
static void remove_leftovers(mp_maildir *m)
{
    mp_file_status status;
    char path[MP_PATH_MAX];

    if (index_path(m, path, "") && m->files.stat(m->files.user, path, &status) == -ENOENT) {
        remove_file(m, "-wal");
        remove_file(m, "-shm");
        remove_file(m, "-journal");
    }
}

/* Kept for who wants to look: index.damaged-TIME.sqlite, and what belongs to it. The messages are not in it. */
static int32_t set_aside(mp_maildir *m)
{
    static const char *const suffixes[] = {"", "-wal", "-journal"};
    char from[MP_PATH_MAX], to[MP_PATH_MAX], folder[MP_PATH_MAX], name[80];
    int64_t now = mp_maildir_now_ns(m);
    int error = 0;

    /* the index first, durably: its log alone is removed when the next is made, but an index without its log would be
       taken for a whole one, of an earlier time */
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes && !error; i++) {
        snprintf(name, sizeof name, "index.damaged-%lld.sqlite%s", (long long)now, suffixes[i]);
        if (!index_path(m, from, suffixes[i]) || !mp_maildir_own(m, to, name))
            return MAILPROTO_ERR_LIMIT;
        error = m->files.rename(m->files.user, from, to);
        if (error == -ENOENT)
            error = 0;
        if (!error && mp_maildir_own(m, folder, ""))
            error = mp_maildir_sync_directory(m, folder);
    }
    remove_file(m, "-shm");
    return error ? mp_maildir_file_error(m, error, "setting aside", from) : 0;
}

/* ---- a connection ---- */

/* Whether the index of that name is still the one that is open. */
static int is_ours(mp_maildir *m)
{
    mp_file_status status;
    char path[MP_PATH_MAX];

    return index_path(m, path, "") && !m->files.stat(m->files.user, path, &status) && status.inode == m->index_inode &&
           status.device == m->index_device;
}

/* close() of the last connection removes the log by its name: not if another index has that name now. */
static void keep_log(mp_maildir *m)
{
    int keep = 1;

    if (!is_ours(m))
        sqlite3_file_control(m->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
}

void mp_maildir_disconnect(mp_maildir *m)
{
    for (size_t i = 0; i < MP_SQL_COUNT; i++) {
        sqlite3_finalize(m->statements[i]);
        m->statements[i] = NULL;
    }
    if (m->db) {
        if (m->index_inode || m->index_device)
            keep_log(m);
        sqlite3_close(m->db);
    }
    m->db = NULL;
    m->durable = 0;
    m->index_device = m->index_inode = 0;
}

static int32_t pragma(mp_maildir *m, const char *sql)
{
    int rc = sqlite3_exec(m->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : mp_maildir_sql_error(m, sqlite3_extended_errcode(m->db), "opening the index");
}

static int32_t identify(mp_maildir *m)
{
    mp_file_status status;
    char path[MP_PATH_MAX];
    int error;

    if (!index_path(m, path, ""))
        return MAILPROTO_ERR_LIMIT;
    error = m->files.stat(m->files.user, path, &status);
    if (error)
        return mp_maildir_file_error(m, error, "opening", path);
    m->index_inode = status.inode;
    m->index_device = status.device;
    return 0;
}

/* The index as SQLite wants it, so that it has the mode of the file mailproto/open, 0600, and not what the umask leaves of
   0644. The log and -shm get the mode of the index. */
static int index_uri(mp_maildir *m, char *out, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    char paths[2][MP_PATH_MAX];
    size_t used = 5;

    if (!index_path(m, paths[0], "") || !mp_maildir_own(m, paths[1], "open"))
        return 0;
    memcpy(out, "file:", 5);
    for (int i = 0; i < 2; i++) {
        if (i) {
            memcpy(out + used, "?modeof=", 8);
            used += 8;
        }
        for (const char *at = paths[i]; *at; at++) {
            if (used + 16 > size)
                return 0;
            if (*at == '%' || *at == '?' || *at == '#' || *at == '&' || (*at == '/' && out[used - 1] == '/')) {
                out[used++] = '%';
                out[used++] = digits[(unsigned char)*at >> 4];
                out[used++] = digits[(unsigned char)*at & 15];
            } else {
                out[used++] = *at;
            }
        }
    }
    out[used] = 0;
    return 1;
}

static int32_t connect(mp_maildir *m)
{
    char uri[3 * MP_PATH_MAX];
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, rc;
    int32_t result;

    if (!index_uri(m, uri, sizeof uri))
        return mp_maildir_error(m, MAILPROTO_ERR_LIMIT, "the path of the account is too long");
    remove_leftovers(m);
    rc = sqlite3_open_v2(uri, &m->db, flags, mp_vfs_name(m->vfs));
    if (rc != SQLITE_OK) {
        result = mp_maildir_sql_error(m, m->db ? sqlite3_extended_errcode(m->db) : rc, "opening");
        sqlite3_close(m->db);
        m->db = NULL;
        return result;
    }
    sqlite3_extended_result_codes(m->db, 1);
    sqlite3_busy_timeout(m->db, (int)m->busy_ms);
    result = pragma(m, "PRAGMA journal_mode=WAL; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;"
                       "PRAGMA journal_size_limit=4194304; PRAGMA trusted_schema=OFF");
    if (!result)
        result = mp_maildir_schema(m);
    if (!result)
        result = identify(m);
    return result;
}

/* After an unclean end only: it reads the whole index. */
static int32_t quick_check(mp_maildir *m)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(m->db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    char answer[8] = "";

    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        (void)mp_sql_text(statement, 0, answer, sizeof answer);
    else
        rc = sqlite3_extended_errcode(m->db);
    sqlite3_finalize(statement);
    if (rc == SQLITE_ROW)
        return strcmp(answer, "ok") ? mp_maildir_sql_error(m, SQLITE_CORRUPT, "checking the index") : 0;
    return mp_maildir_sql_error(m, rc, "checking the index");
}

/* ---- opening ---- */

static int32_t open_lock(mp_maildir *m, int *first)
{
    char path[MP_PATH_MAX];
    int error;

    if (!mp_maildir_own(m, path, "open"))
        return MAILPROTO_ERR_LIMIT;
    m->open_lock = m->files.open(m->files.user, path, MP_FILE_READ | MP_FILE_WRITE | MP_FILE_CREATE);
    if (m->open_lock < 0)
        return mp_maildir_file_error(m, m->open_lock, "opening", path);
    error = m->files.lock(m->files.user, m->open_lock, MP_LOCK_EXCLUSIVE);
    *first = !error;
    return error && error != -EWOULDBLOCK ? mp_maildir_file_error(m, error, "locking", path) : 0;
}

static int32_t share_lock(mp_maildir *m)
{
    char path[MP_PATH_MAX];
    int error = m->files.lock(m->files.user, m->open_lock, MP_LOCK_SHARED);

    if (!error || !mp_maildir_own(m, path, "open"))
        return error ? MAILPROTO_ERR_LIMIT : 0;
    return mp_maildir_file_error(m, error, "locking", path);
}

/* INBOX is always there. */
static int32_t make_inbox(mp_maildir *m)
{
    int64_t inbox = 0;
    uint64_t id;
    int32_t result;
    sqlite3_stmt *statement = mp_sql(m, MP_SQL_MAILBOX_BY_KEY, &result);

    if (!statement)
        return result;
    mp_sql_bind_text(statement, 1, "INBOX");
    result = mp_sql_step(m, statement);
    inbox = result;
    sqlite3_reset(statement);
    if (result < 0 || inbox)
        return result < 0 ? result : 0;
    result = mp_maildir_write(m, 0); /* durable by itself: the first numbers are taken */
    if (!result)
        result = mp_maildir_add_mailbox(m, "INBOX", 0, &id);
    if (result) {
        mp_maildir_rollback(m);
        return result;
    }
    return mp_maildir_commit(m);
}

static int32_t recover(mp_maildir *m)
{
    int32_t result = mp_maildir_write_plain(m, 0); /* durable by itself: the epoch is another one */

    if (result)
        return result;
    result = mp_maildir_epoch_recover(m);
    if (!result)
        result = mp_maildir_commit(m);
    if (result)
        mp_maildir_rollback(m);
    return result;
}

/* Somebody emptied it, perhaps while others have it open: their log is not that of the next. */
static int is_cut(mp_maildir *m)
{
    mp_file_status status;
    char path[MP_PATH_MAX];

    return index_path(m, path, "") && !m->files.stat(m->files.user, path, &status) && status.size < SMALLEST;
}

/* The index's own name needs no sync: SQLite's first of a log that it made is one of the folder, too. */
static int32_t open_all(mp_maildir *m)
{
    int first = 0, unclean = 0;
    int32_t result = open_lock(m, &first);

    if (!result && (m->damaged || is_cut(m)))
        result = set_aside(m);
    m->damaged = 0;
    if (!result)
        result = connect(m);
    if (!result)
        result = mp_maildir_epoch_begin(m, first, &unclean);
    if (!result && unclean)
        result = quick_check(m);
    if (!result && unclean)
        result = recover(m);
    if (!result)
        result = share_lock(m);
    return result ? result : make_inbox(m);
}

static void close_all(mp_maildir *m)
{
    mp_maildir_disconnect(m);
    if (m->open_lock >= 0)
        m->files.close(m->files.user, m->open_lock);
    m->open_lock = -1;
}

/* A damaged index is set aside once; if the next is damaged as well, that is for people to look at. */
int32_t mp_maildir_index_open(mp_maildir *m)
{
    int lock = -1;
    int32_t result = lock_opening(m, &lock);

    for (int turn = 0; turn < 2 && !result; turn++) {
        result = open_all(m);
        if (!result)
            break;
        close_all(m);
        if (m->damaged && turn == 0)
            result = 0;
    }
    if (lock >= 0)
        unlock(m, lock);
    return result;
}

/* The last to close ends the epoch in good order. */
static void end_epoch(mp_maildir *m)
{
    if (m->damaged || m->open_lock < 0 || m->files.lock(m->files.user, m->open_lock, MP_LOCK_EXCLUSIVE))
        return;
    mp_maildir_epoch_end(m);
}

void mp_maildir_index_close(mp_maildir *m)
{
    int lock = -1;
    int locked = m->db && !lock_opening(m, &lock);

    if (locked && is_ours(m))
        end_epoch(m);
    close_all(m);
    if (locked)
        unlock(m, lock);
}

static int32_t open_anyhow(mp_maildir *m)
{
    int32_t result = mp_maildir_prepare(m);

    return result ? result : mp_maildir_index_open(m);
}

int32_t mp_maildir_ready(mp_maildir *m)
{
    mp_file_status status;
    char path[MP_PATH_MAX];
    int32_t result;
    int error;

    m->sentence[0] = 0;
    (void)mp_vfs_error(m->vfs);
    if (!index_path(m, path, ""))
        return MAILPROTO_ERR_LIMIT;
    if (m->db && !m->damaged) {
        error = m->files.stat(m->files.user, path, &status);
        if (!error && status.inode == m->index_inode && status.device == m->index_device && status.size >= SMALLEST)
            return 0;
        if (error && error != -ENOENT)
            return mp_maildir_file_error(m, error, "looking at", path);
    }
    mp_maildir_index_close(m);
    result = open_anyhow(m);
    if (result == MAILPROTO_ERR_FULL && mp_maildir_release(m, MP_TO_SEE)) {
        result = open_anyhow(m);
        mp_maildir_checkpoint(m, MP_GROWTH_NEW); /* while there is room for it: a new index is in the log only */
    }
    if (!result && !m->released)
        (void)mp_maildir_reserve(m);
    return result;
}
