/* maildir_check.c - looks at an account and tells what is wrong; changes, makes and locks nothing.
 * RFC 9051 2.3.1.1: UIDs are kept; an index that is made again from the messages has a greater UIDVALIDITY. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "maildir_check.h"

enum { WAIT_MS = 5000, NAMED = 5 };

void mp_check_tell(mp_check *c, uint32_t what, const char *format, ...)
{
    char sentence[MP_SENTENCE_MAX];
    va_list arguments;
    int len;

    va_start(arguments, format);
    len = vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    c->problems += what == MAILPROTO_MAILDIR_PROBLEM;
    if (len >= (int)sizeof sentence)
        len = (int)sizeof sentence - 1;
    if (c->report)
        c->report(c->user, what, sentence, len > 0 ? (size_t)len : 0);
}

/* What could not be read does not keep the rest from being looked at. */
void mp_check_tell_error(mp_check *c, int32_t result)
{
    mp_check_tell(c, MAILPROTO_MAILDIR_PROBLEM, "%s",
                  c->m->sentence[0] ? c->m->sentence : mailproto_result_text(result));
    c->m->sentence[0] = 0;
}

/* ---- the index as it is now ---- */

static void forget_index(mp_check *c)
{
    mp_maildir_disconnect(c->m);
    mp_image_free(c->image);
    c->image = NULL;
}

/* ERR_NOT_FOUND: there is none. */
static int32_t read_index(mp_check *c)
{
    char path[MP_PATH_MAX];
    mp_maildir *m = c->m;
    int error, rc;

    forget_index(c);
    if (!mp_maildir_own(m, path, "index.sqlite"))
        return MAILPROTO_ERR_LIMIT;
    error = mp_image_read(&c->image, &m->files, path, WAIT_MS);
    if (error == -ENOENT || error == -ENOTDIR)
        return MAILPROTO_ERR_NOT_FOUND;
    if (error == -EBUSY) {
        snprintf(m->sentence, sizeof m->sentence, "%.900s was being written all the time: try again later", path);
        return MAILPROTO_ERR_UNAVAILABLE;
    }
    if (error)
        return mp_maildir_file_error(m, error, "reading", path);
    rc = mp_image_open(c->image, &m->db);
    return rc == SQLITE_OK ? 0 : mp_maildir_sql_error(m, rc, "reading the index");
}

int32_t mp_check_index_now(mp_check *c)
{
    return c->image && mp_image_is_current(c->image) ? 0 : read_index(c);
}

int32_t mp_check_index(mp_maildir *m, int *damaged, void (*say)(void *context, const char *line), void *context)
{
    sqlite3_stmt *s = NULL;
    char line[400];
    int rc = sqlite3_prepare_v2(m->db, "PRAGMA integrity_check(10)", -1, &s, NULL);

    *damaged = 0;
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(s);
        if (rc != SQLITE_ROW || !mp_sql_text(s, 0, line, sizeof line) || !strcmp(line, "ok"))
            continue;
        *damaged = 1;
        if (say)
            say(context, line);
    }
    sqlite3_finalize(s);
    if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB) {
        *damaged = 1;
        if (say)
            say(context, sqlite3_errstr(rc));
        return 0;
    }
    return rc == SQLITE_DONE ? 0 : mp_maildir_sql_error(m, rc, "checking the index");
}

int32_t mp_check_mailboxes(mp_maildir *m, uint64_t after, uint64_t ids[MP_CHECK_MAILBOXES])
{
    int32_t result, count = 0;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_MAILBOX_ALL, &result);

    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)after);
    while (count < MP_CHECK_MAILBOXES && (result = mp_sql_step(m, s)) > 0)
        ids[count++] = (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return result < 0 ? result : count;
}

/* ---- what the index says ---- */

static int32_t check_mailboxes(mp_check *c)
{
    uint64_t ids[MP_CHECK_MAILBOXES], after = 0;
    int32_t count = MP_CHECK_MAILBOXES, result = 0;

    while (!result && count == MP_CHECK_MAILBOXES) {
        count = mp_check_mailboxes(c->m, after, ids);
        result = count < 0 ? count : 0;
        for (int32_t i = 0; i < count && !result; i++)
            result = mp_check_mailbox(c, after = ids[i]);
    }
    return result;
}

static int32_t check_sums(mp_check *c)
{
    int64_t wrong = 0, any = 0;
    int32_t result = mp_sql_number(c->m, MP_SQL_SUMS_WRONG, 0, NULL, 0, &wrong);

    if (!result)
        result = mp_sql_number(c->m, MP_SQL_TODO_ANY, 0, NULL, 0, &any);
    if (!result && wrong)
        mp_check_tell(c, MAILPROTO_MAILDIR_PROBLEM, "the sums of the account, which the quota looks at, are wrong");
    if (!result && any)
        mp_check_tell(c, MAILPROTO_MAILDIR_REMARK,
                      "files are still to be renamed or removed: it is done when the account is opened next; if it "
                      "stays so, look at the permissions and at the room on the disk");
    return result;
}

static void say_damage(void *context, const char *line)
{
    mp_check *c = context;

    mp_check_tell(c, MAILPROTO_MAILDIR_PROBLEM, "the index %s/mailproto/index.sqlite is damaged: %s", c->m->root, line);
}

static void tell_remade(mp_check *c)
{
    mp_check_tell(c, MAILPROTO_MAILDIR_REMARK,
                  "no message is lost: the index is made again from them when the account is opened or repaired; "
                  "then UIDVALIDITY rises, and keywords are gone");
}

/* 1: what it says of the messages is not worth telling. */
static int32_t check_layout(mp_check *c)
{
    int version = 0, damaged = 0;
    int32_t result = mp_image_size(c->image) ? mp_maildir_schema_version(c->m, &version) : 0;

    if (!result && !version)
        mp_check_tell(c, MAILPROTO_MAILDIR_PROBLEM,
                      "the index %s/mailproto/index.sqlite is empty, or of another program", c->m->root);
    else if (!result)
        result = mp_check_index(c->m, &damaged, say_damage, c);
    if (result)
        return result;
    if (!version || damaged) {
        tell_remade(c);
        return 1;
    }
    if (version == MP_SCHEMA)
        return 0;
    mp_check_tell(c, MAILPROTO_MAILDIR_REMARK,
                  "the index has layout %d, and gets layout %d when the account is opened: its messages are looked at "
                  "after that",
                  version, MP_SCHEMA);
    return 1;
}

/* ---- folders ---- */

/* A folder that looks like a mailbox, and that the index does not know. */
static void tell_folder(mp_check *c, const char *name)
{
    char key[MP_MAILBOX_MAX];
    uint64_t id = 0;

    if (!mp_maildir_key_of(name, key, sizeof key))
        mp_check_tell(c, MAILPROTO_MAILDIR_PROBLEM,
                      "the folder %s/%s is no mailbox: its name is not one of Maildir++; rename it", c->m->root, name);
    else if (c->m->db && !mp_maildir_mailbox_by_key(c->m, key, &id) && id)
        mp_check_tell(c, MAILPROTO_MAILDIR_PROBLEM,
                      "the folder %s/%s is no mailbox: another folder has the same name in other words; rename it",
                      c->m->root, name);
    else if (c->m->db)
        mp_check_tell(c, MAILPROTO_MAILDIR_REMARK,
                      "the folder %s/%s is new: it becomes a mailbox when the account is opened next", c->m->root,
                      name);
}

static int32_t is_known(mp_maildir *m, unsigned which, const char *name)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, which, &result);

    if (!s)
        return result;
    mp_sql_bind_text(s, 1, name);
    result = mp_sql_step(m, s);
    sqlite3_reset(s);
    return result;
}

static int one_directory(void *context, const char *name)
{
    mp_check *c = context;
    char path[MP_PATH_MAX];
    mp_file_status status;

    if (name[0] != '.' || strlen(name) >= MP_NAME_MAX || !mp_maildir_path(c->m, path, name, "cur", "") ||
        c->m->files.stat(c->m->files.user, path, &status) || status.kind != MP_FILE_DIRECTORY)
        return 0;
    if (!c->m->db ||
        (!is_known(c->m, MP_SQL_MAILBOX_BY_DIRECTORY, name) && !is_known(c->m, MP_SQL_TODO_DIRECTORY, name)))
        tell_folder(c, name);
    return 0;
}

/* Of a mailbox that was removed, something stayed that was none of its messages; of an index that was damaged, a copy. */
static int one_own(void *context, const char *name)
{
    mp_check *c = context;
    size_t len = strlen(name);

    if (!strncmp(name, "removed-", 8) && !(c->m->db && is_known(c->m, MP_SQL_TODO_GRAVE, name)))
        mp_check_tell(c, MAILPROTO_MAILDIR_PROBLEM,
                      "%s/mailproto/%s holds what is left of a mailbox that was removed: look at it, and remove it",
                      c->m->root, name);
    if (!strncmp(name, "index.damaged-", 14) && len > 7 && !strcmp(name + len - 7, ".sqlite"))
        mp_check_tell(c, MAILPROTO_MAILDIR_REMARK,
                      "%s/mailproto/%s is an index that was damaged: remove it when nobody wants to look at it",
                      c->m->root, name);
    return 0;
}

static int32_t check_folders(mp_check *c)
{
    char own[MP_PATH_MAX];
    mp_maildir *m = c->m;
    int error = m->files.list(m->files.user, m->root, one_directory, c);

    if (error)
        return mp_maildir_file_error(m, error, "reading", m->root);
    if (mp_maildir_own(m, own, ""))
        error = m->files.list(m->files.user, own, one_own, c);
    return error && error != -ENOENT ? mp_maildir_file_error(m, error, "reading", own) : 0;
}

/* ---- an account without an index ---- */

static int count_one(void *context, const char *name)
{
    *(uint32_t *)context += name[0] != '.';
    return 0;
}

static int32_t check_bare(mp_check *c)
{
    static const char *const folders[] = {"new", "cur"};
    char path[MP_PATH_MAX];
    mp_maildir *m = c->m;
    mp_file_status status;
    uint32_t count = 0;

    for (size_t i = 0; i < 2; i++)
        if (mp_maildir_path(m, path, "", folders[i], ""))
            (void)m->files.list(m->files.user, path, count_one, &count);
    if (mp_maildir_own(m, path, "uidvalidity") && !m->files.stat(m->files.user, path, &status)) {
        mp_check_tell(c, MAILPROTO_MAILDIR_PROBLEM, "the index %s/mailproto/index.sqlite is gone", m->root);
        tell_remade(c);
    } else {
        mp_check_tell(c, MAILPROTO_MAILDIR_REMARK,
                      "there is no index yet: it is made when the account is opened first; %lu message%s in INBOX",
                      (unsigned long)count, count == 1 ? " is" : "s are");
    }
    return check_folders(c);
}

/* ---- whether there is an account at all ---- */

struct inside {
    mp_maildir *m;
    char names[400];
    unsigned count;
};

static int is_maildir(mp_maildir *m, const char *below)
{
    char path[MP_PATH_MAX];
    mp_file_status status;

    return mp_maildir_path(m, path, below, "cur", "") && !m->files.stat(m->files.user, path, &status) &&
           mp_maildir_path(m, path, below, "new", "") && !m->files.stat(m->files.user, path, &status);
}

static int one_inside(void *context, const char *name)
{
    struct inside *inside = context;
    size_t len = strlen(inside->names);

    if (strlen(name) >= MP_NAME_MAX || !is_maildir(inside->m, name))
        return 0;
    if (inside->count++ < NAMED)
        snprintf(inside->names + len, sizeof inside->names - len, "%s%s", len ? ", " : "", name);
    return 0;
}

/* It may be the folder that the accounts are in. */
static int32_t no_maildir(mp_maildir *m)
{
    struct inside inside = {.m = m};

    (void)m->files.list(m->files.user, m->root, one_inside, &inside);
    if (inside.count)
        snprintf(m->sentence, sizeof m->sentence,
                 "%.300s is no Maildir: it has no folders cur and new; but in it are Maildirs, name one of them: %s%s",
                 m->root, inside.names, inside.count > NAMED ? ", ..." : "");
    else
        snprintf(m->sentence, sizeof m->sentence,
                 "%.600s is no Maildir: it has no folders cur and new; name the folder that has them", m->root);
    return MAILPROTO_ERR_NOT_FOUND;
}

static int32_t check_root(mp_check *c)
{
    static const char *const folders[] = {"cur", "new", "tmp"};
    char path[MP_PATH_MAX];
    mp_maildir *m = c->m;
    mp_file_status status;
    unsigned missing = 0;
    int error = m->files.stat(m->files.user, m->root, &status);

    if (error)
        (void)mp_maildir_file_error(m, error, "looking at", m->root);
    if (error)
        return error == -ENOENT || error == -ENOTDIR ? MAILPROTO_ERR_NOT_FOUND : MAILPROTO_ERR_UNAVAILABLE;
    for (size_t i = 0; i < 3 && !error; i++) {
        if (!mp_maildir_path(m, path, "", folders[i], ""))
            return MAILPROTO_ERR_LIMIT;
        error = m->files.stat(m->files.user, path, &status);
        if (error == -ENOENT || error == -ENOTDIR || (!error && status.kind != MP_FILE_DIRECTORY)) {
            missing |= 1U << i;
            error = 0;
        }
    }
    if (error)
        return mp_maildir_file_error(m, error, "looking at", path);
    if ((missing & 3) == 3)
        return no_maildir(m);
    for (size_t i = 0; i < 3; i++)
        if (missing & 1U << i)
            mp_check_tell(c, MAILPROTO_MAILDIR_PROBLEM, "the folder %s/%s is missing", m->root, folders[i]);
    return 0;
}

/* ---- all of it ---- */

static int32_t check_indexed(mp_check *c)
{
    int32_t result = check_layout(c);

    if (result)
        return result > 0 ? 0 : result;
    result = check_mailboxes(c);
    if (!result)
        result = check_sums(c);
    return result ? result : check_folders(c);
}

static int32_t check_all(mp_check *c)
{
    int32_t result = check_root(c);

    if (result)
        return result;
    result = read_index(c);
    if (result == MAILPROTO_ERR_NOT_FOUND)
        return check_bare(c);
    if (!result)
        result = check_indexed(c);
    if (!result || !c->m->damaged)
        return result;
    say_damage(c, "it cannot be read on");
    tell_remade(c);
    return 0;
}

int32_t mailproto_maildir_check(const char *path, const mailproto_maildir_config *config,
                                void (*report)(void *user, uint32_t what, const char *sentence, size_t len), void *user,
                                uint32_t *problems)
{
    mp_check c = {.report = report, .user = user};
    char why[MP_SENTENCE_MAX];
    int32_t result = mp_maildir_new(&c.m, path, config, why, sizeof why);

    if (result) {
        mp_check_tell(&c, MAILPROTO_MAILDIR_PROBLEM, "%s", why);
    } else {
        result = check_all(&c);
        if (result)
            mp_check_tell_error(&c, result);
        forget_index(&c);
        mailproto_maildir_close(c.m);
    }
    if (problems)
        *problems = c.problems;
    return result;
}
