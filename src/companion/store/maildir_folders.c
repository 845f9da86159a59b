/* maildir_folders.c - the mailboxes of an account: rows and directories, and those that other programs made or removed.
 * Maildir++: ".A.B" below the account's folder is the mailbox A/B. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maildir_scan.h"

/* ---- rows ---- */

static int32_t add_row(mp_maildir *m, const char *key, const char *directory, uint32_t attributes, uint64_t modseq,
                       uint64_t *id)
{
    uint32_t uidvalidity;
    int32_t result = mp_maildir_new_uidvalidity(m, &uidvalidity);
    sqlite3_stmt *s;

    if (result)
        return result;
    s = mp_sql(m, MP_SQL_MAILBOX_INSERT, &result);
    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, uidvalidity);
    mp_sql_bind_text(s, 2, key);
    if (directory)
        mp_sql_bind_text(s, 3, directory);
    sqlite3_bind_int64(s, 4, (sqlite3_int64)modseq);
    sqlite3_bind_int64(s, 5, attributes);
    *id = uidvalidity;
    return mp_sql_run(m, s);
}

/* A mailbox that was removed stays as a name for those below it. */
static int32_t becomes_name(mp_maildir *m, uint64_t id, uint64_t modseq)
{
    int64_t values[] = {(int64_t)id, MAILPROTO_MAILBOX_NOSELECT, (int64_t)modseq};

    return mp_sql_do(m, MP_SQL_MAILBOX_BECOMES, 3, values);
}

int32_t mp_maildir_mailbox_by_key(mp_maildir *m, const char *key, uint64_t *id)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_MAILBOX_BY_KEY, &result);

    *id = 0;
    if (!s)
        return result;
    mp_sql_bind_text(s, 1, key);
    result = mp_sql_step(m, s);
    if (result > 0)
        *id = (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return result < 0 ? result : 0;
}

/* One name: a mailbox with a directory, or with directory NULL a name for those below it. */
static int32_t add_one(mp_maildir *m, const char *key, const char *directory, uint32_t special, uint64_t modseq,
                       uint64_t *id)
{
    uint32_t attributes = special | (directory ? 0 : MAILPROTO_MAILBOX_NOSELECT);
    mp_mailbox box;
    int64_t old;
    int32_t result = mp_maildir_mailbox_by_key(m, key, id);

    if (result)
        return result;
    if (!*id)
        return add_row(m, key, directory, attributes, modseq, id);
    result = mp_maildir_mailbox(m, *id, &box);
    if (result || !directory || !(box.attributes & MAILPROTO_MAILBOX_NOSELECT))
        return result;
    old = (int64_t)*id; /* what was open under the old id is another mailbox, and stays gone */
    result = mp_sql_do(m, MP_SQL_MAILBOX_DELETE, 1, &old);
    return result ? result : add_row(m, key, directory, attributes, modseq, id);
}

/* The names above a key; made as mailboxes if `make`, else as names that cannot be selected. */
static int32_t add_above(mp_maildir *m, const char *key, int make, uint64_t modseq)
{
    char above[MP_MAILBOX_MAX], directory[MP_NAME_MAX];
    uint64_t id;
    int32_t result = 0;

    for (size_t i = 0; key[i] && !result; i++) {
        if (key[i] != 1)
            continue;
        memcpy(above, key, i);
        above[i] = 0;
        result = mp_maildir_mailbox_by_key(m, above, &id);
        if (result || id)
            continue;
        if (make)
            result = mp_maildir_directory_of(m, above, directory, sizeof directory);
        if (!result && make)
            result = mp_maildir_complete_directory(m, directory);
        if (!result)
            result = add_one(m, above, make ? directory : NULL, 0, modseq, &id);
    }
    return result;
}

int32_t mp_maildir_add_above_of(mp_maildir *m, const char *key)
{
    uint64_t modseq;
    int32_t result = mp_maildir_new_modseq(m, &modseq);

    return result ? result : add_above(m, key, 1, modseq);
}

int32_t mp_maildir_add_mailbox(mp_maildir *m, const char *key, uint32_t special, uint64_t *id)
{
    char directory[MP_NAME_MAX];
    uint64_t modseq;
    int32_t result = mp_maildir_new_modseq(m, &modseq);

    if (!result)
        result = add_above(m, key, 1, modseq);
    if (!result)
        result = mp_maildir_directory_of(m, key, directory, sizeof directory);
    if (!result)
        result = mp_maildir_complete_directory(m, directory);
    return result ? result : add_one(m, key, directory, special, modseq, id);
}

/* ---- looking at the account's folder ---- */

struct listed {
    mp_maildir *m;
    mp_texts texts;
    size_t count;
};

static int one_directory(void *context, const char *name)
{
    struct listed *listed = context;
    size_t len = strlen(name);

    if (name[0] != '.' || len < 2 || len >= MP_NAME_MAX)
        return 0;
    if (mp_texts_add(&listed->texts, name, len) == SIZE_MAX)
        return 1;
    listed->count++;
    return 0;
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static const char **sorted(const struct listed *listed)
{
    const char **names = malloc((listed->count + 1) * sizeof *names), *at = listed->texts.text;

    if (!names)
        return NULL;
    for (size_t i = 0; i < listed->count; i++, at += strlen(at) + 1)
        names[i] = at;
    if (listed->count)
        qsort(names, listed->count, sizeof *names, compare);
    return names;
}

enum { AN_HOUR = 3600 };

static int is_young(mp_maildir *m, const char *directory)
{
    return mp_maildir_now_ns(m) - mp_maildir_mtime(m, directory, "") < INT64_C(1000000000) * AN_HOUR;
}

/* A link is none: it may lead into somebody else's account. What cannot be looked at now may be one later. */
static int is_directory(mp_maildir *m, const char *name, const char *folder, int *left_out)
{
    mp_file_status status;
    char path[MP_PATH_MAX];
    int error = mp_maildir_path(m, path, name, folder, "") ? m->files.stat(m->files.user, path, &status) : -ENOENT;

    if (error && error != -ENOENT && error != -ENOTDIR)
        *left_out = 1;
    return !error && status.kind == MP_FILE_DIRECTORY;
}

/* Who made it need not have synced it, and what is put into it from now on is promised. A system that wrote nothing for an
   hour has other troubles. */
static int32_t make_durable(mp_maildir *m, const char *directory)
{
    char path[MP_PATH_MAX];
    int error;

    if (*directory && !is_young(m, directory))
        return 0;
    error = mp_maildir_path(m, path, directory, "", "") ? mp_maildir_sync_directory(m, path) : -ENAMETOOLONG;
    return error ? mp_maildir_file_error(m, error, "syncing", path) : 0;
}

/* A directory that nobody knew; one that is to be removed or renamed stays unknown. */
static int32_t adopt_directory(mp_maildir *m, const char *name, uint64_t *modseq, int *left_out)
{
    char key[MP_MAILBOX_MAX];
    uint64_t id;
    int32_t result;

    if (!is_directory(m, name, "", left_out) || !mp_maildir_key_of(name, key, sizeof key))
        return 0;
    if (!is_directory(m, name, "cur", left_out)) {
        *left_out |= is_young(m, name); /* it may be being made; the folder above does not tell when it is complete */
        return 0;
    }
    result = mp_maildir_todo_directory(m, name);
    if (result)
        return result < 0 ? result : 0;
    if (!*modseq)
        result = mp_maildir_new_modseq(m, modseq);
    if (!result)
        result = make_durable(m, name);
    if (!result)
        result = add_above(m, key, 0, *modseq);
    return result ? result : add_one(m, key, name, 0, *modseq, &id);
}

static int32_t has_inferiors(mp_maildir *m, const char *key, int *has)
{
    char low[MP_MAILBOX_MAX + 2], high[MP_MAILBOX_MAX + 2];
    size_t len = strlen(key);
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_MAILBOX_INFERIOR, &result);

    if (!s)
        return result;
    memcpy(low, key, len);
    memcpy(low + len, "\1", 2);
    memcpy(high, key, len);
    memcpy(high + len, "\2", 2);
    mp_sql_bind_text(s, 1, low);
    mp_sql_bind_text(s, 2, high);
    result = mp_sql_step(m, s);
    sqlite3_reset(s);
    *has = result > 0;
    return result < 0 ? result : 0;
}

int32_t mp_maildir_drop_mailbox(mp_maildir *m, const mp_mailbox *box)
{
    int64_t id = (int64_t)box->id, sums[] = {-(int64_t)box->messages, -(int64_t)box->octets};
    uint64_t modseq;
    int has = 0;
    int32_t result = mp_maildir_forget_messages(m, box->id);

    if (!result)
        result = has_inferiors(m, box->key, &has);
    if (!result)
        result = mp_sql_do(m, MP_SQL_ACCOUNT_SUMS, 2, sums);
    if (result)
        return result;
    if (!has)
        return mp_sql_do(m, MP_SQL_MAILBOX_DELETE, 1, &id);
    result = mp_maildir_new_modseq(m, &modseq);
    return result ? result : becomes_name(m, box->id, modseq);
}

/* One whose directory could not be renamed yet is not gone. */
static int32_t drop_one(mp_maildir *m, uint64_t id, int *changed)
{
    mp_mailbox box;
    int32_t result = mp_maildir_mailbox(m, id, &box);

    if (!result)
        result = mp_maildir_todo_directory(m, box.directory);
    if (result)
        return result < 0 ? result : 0;
    *changed = 1;
    return mp_maildir_drop_mailbox(m, &box);
}

/* Whose directory is gone has been removed. */
static int32_t drop_missing(mp_maildir *m, const char **names, size_t count, int *changed)
{
    uint64_t ids[64], after = 0;
    size_t found = 64;
    int32_t result = 0;

    while (!result && found == sizeof ids / sizeof *ids) {
        sqlite3_stmt *s = mp_sql(m, MP_SQL_MAILBOX_ALL, &result);
        char directory[MP_NAME_MAX];

        found = 0;
        if (!s)
            return result;
        sqlite3_bind_int64(s, 1, (sqlite3_int64)after);
        while (found < sizeof ids / sizeof *ids && (result = mp_sql_step(m, s)) > 0) {
            const char *name = directory;

            after = (uint64_t)sqlite3_column_int64(s, 0);
            if (sqlite3_column_type(s, 1) == SQLITE_NULL || !mp_sql_text(s, 1, directory, sizeof directory))
                continue;
            if (directory[0] && !bsearch(&name, names, count, sizeof *names, compare))
                ids[found++] = after;
        }
        sqlite3_reset(s);
        result = result < 0 ? result : 0;
        for (size_t i = 0; i < found && !result; i++)
            result = drop_one(m, ids[i], changed);
    }
    return result;
}

static int32_t is_known(mp_maildir *m, const char *directory)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_MAILBOX_BY_DIRECTORY, &result);

    if (!s)
        return result;
    mp_sql_bind_text(s, 1, directory);
    result = mp_sql_step(m, s);
    sqlite3_reset(s);
    return result;
}

static int32_t compare_root(mp_maildir *m, const struct listed *listed, int *changed, int *left_out)
{
    const char **names = sorted(listed);
    uint64_t modseq = 0;
    int32_t result = names ? drop_missing(m, names, listed->count, changed)
                           : mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");

    for (size_t i = 0; i < listed->count && !result; i++) {
        result = is_known(m, names[i]);
        if (!result)
            result = adopt_directory(m, names[i], &modseq, left_out);
        else if (result > 0)
            result = 0;
    }
    if (modseq)
        *changed = 1;
    if (modseq && !result)
        result = make_durable(m, "");
    free(names);
    return result;
}

static int32_t scan_root(mp_maildir *m)
{
    struct listed listed = {.m = m};
    char path[MP_PATH_MAX];
    int64_t begun = mp_maildir_now_ns(m), values[2];
    int changed = 0, left_out = 0, error;
    int32_t result = mp_maildir_write(m, 1);

    if (result)
        return result;
    if (!mp_maildir_path(m, path, "", "", ""))
        result = MAILPROTO_ERR_LIMIT;
    values[0] = mp_maildir_mtime(m, "", "");
    values[1] = mp_maildir_settled(values[0], begun);
    error = result ? 0 : m->files.list(m->files.user, path, one_directory, &listed);
    if (error)
        result = error > 0 ? mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory")
                           : mp_maildir_file_error(m, error, "reading", path);
    if (!result)
        result = compare_root(m, &listed, &changed, &left_out);
    if (left_out)
        values[1] = 0;
    if (!result && !changed) { /* what is kept of the look costs no fsync */
        mp_maildir_rollback(m);
        result = mp_maildir_write(m, 0);
    }
    if (!result)
        result = mp_sql_do(m, MP_SQL_ACCOUNT_ROOT, 2, values);
    if (!result)
        result = mp_maildir_commit(m);
    else
        mp_maildir_rollback(m);
    m->root_scanned = result ? 0 : begun / 1000000; /* what could not be kept is looked at again */
    m->root_cost = (mp_maildir_now_ns(m) - begun) / 1000000;
    free(listed.texts.text);
    return result;
}

static int32_t root_times(mp_maildir *m, int64_t *mtime, int *settled)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_ACCOUNT, &result);

    if (!s)
        return result;
    result = mp_sql_step(m, s);
    if (result < 0)
        return result;
    *mtime = result ? sqlite3_column_int64(s, 7) : 0;
    *settled = result ? sqlite3_column_int(s, 8) : 0;
    sqlite3_reset(s);
    return 0;
}

int32_t mp_maildir_look_root(mp_maildir *m, int forced)
{
    int64_t known = 0, mtime = mp_maildir_mtime(m, "", ""), age = mp_maildir_now_ns(m) / 1000000 - m->root_scanned;
    int settled = 0;
    int32_t result = root_times(m, &known, &settled);

    if (result)
        return result;
    if (mtime < 0)
        return mp_maildir_file_error(m, (int)mtime, "looking at", m->root);
    if (!forced && mtime == known && (settled || (age >= 0 && age < 1000 + 100 * m->root_cost)))
        return 0;
    result = scan_root(m);
    if (result != MAILPROTO_ERR_FULL)
        return result;
    m->sentence[0] = 0; /* as in mp_maildir_look */
    return 0;
}

void mp_maildir_root_begin(mp_maildir *m, mp_own_change *change)
{
    int64_t known = 0;
    int settled = 0;

    change->before = mp_maildir_mtime(m, "", "");
    change->known = !root_times(m, &known, &settled) && known == change->before;
}

int32_t mp_maildir_root_end(mp_maildir *m, const mp_own_change *change)
{
    int64_t values[] = {mp_maildir_mtime(m, "", ""), 0};

    return change->known ? mp_sql_do(m, MP_SQL_ACCOUNT_ROOT, 2, values) : 0;
}
