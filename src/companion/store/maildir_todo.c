/* maildir_todo.c - what has to be done to files after a commit that decided it: kept in the index until it is done.
 * A commit names links, renames and removals; whoever has the lock next finishes them, whatever became of who began, and
 * doing one twice does no harm. So that groups, copies and moves are all or none, whenever the power is lost. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "maildir.h"

enum { BATCH = 64 };

int32_t mp_maildir_todo_add(mp_maildir *m, const mp_todo *todo)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_TODO_INSERT, &result);

    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, todo->kind);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)todo->mailbox);
    mp_sql_bind_text(s, 3, todo->base);
    mp_sql_bind_text(s, 4, todo->source);
    mp_sql_bind_text(s, 5, todo->source_base);
    mp_sql_bind_text(s, 6, todo->target);
    return mp_sql_run(m, s);
}

int32_t mp_maildir_todo_of(mp_maildir *m, const char *base, char source[MP_SOURCE_MAX])
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_TODO_OF_BASE, &result);

    if (!s)
        return result;
    mp_sql_bind_text(s, 1, base);
    result = mp_sql_step(m, s);
    if (result > 0 && source && !mp_sql_text(s, 0, source, MP_SOURCE_MAX))
        result = 0;
    sqlite3_reset(s);
    return result;
}

int32_t mp_maildir_todo_none(mp_maildir *m)
{
    int64_t any = 0;
    int32_t result = mp_sql_number(m, MP_SQL_TODO_ANY, 0, NULL, 0, &any);

    if (result || !any)
        return result;
    snprintf(m->sentence, sizeof m->sentence,
             "files of %.900s are still to be put in their places: look at its permissions and at the room on the disk",
             m->root);
    return MAILPROTO_ERR_UNAVAILABLE;
}

int32_t mp_maildir_todo_directory(mp_maildir *m, const char *directory)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_TODO_DIRECTORY, &result);

    if (!s)
        return result;
    mp_sql_bind_text(s, 1, directory);
    result = mp_sql_step(m, s);
    sqlite3_reset(s);
    return result;
}

int32_t mp_maildir_todo_rename_of(mp_maildir *m, const char *target, mp_todo *todo)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_TODO_RENAME, &result);

    if (!s)
        return result;
    mp_sql_bind_text(s, 1, target);
    result = mp_sql_step(m, s);
    if (result > 0) {
        todo->id = sqlite3_column_int64(s, 0);
        if (!mp_sql_text(s, 1, todo->source, sizeof todo->source) || !mp_sql_text(s, 2, todo->base, sizeof todo->base))
            result = 0;
    }
    sqlite3_reset(s);
    return result;
}

/* The directory of a path is made durable. */
static int sync_parent(mp_maildir *m, const char *path)
{
    char parent[MP_PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;

    memcpy(parent, path, len);
    parent[len] = 0;
    return mp_maildir_sync_directory(m, len ? parent : ".");
}

static int same_file(mp_maildir *m, const char *left, const char *right)
{
    mp_file_status a, b;

    return !m->files.stat(m->files.user, left, &a) && !m->files.stat(m->files.user, right, &b) && a.inode == b.inode &&
           a.device == b.device;
}

/* ---- a file becomes that of a message ---- */

struct finder {
    const char *base;
    size_t len;
    char name[MP_NAME_MAX];
};

static int has_base(void *context, const char *name)
{
    struct finder *finder = context;

    if (mp_maildir_base_length(name) != finder->len || memcmp(name, finder->base, finder->len) ||
        strlen(name) >= sizeof finder->name)
        return 0;
    memcpy(finder->name, name, strlen(name) + 1);
    return 1;
}

/* Looks in cur/ and new/ of a directory (below the root) for a base name: its path, below the root. 1: it is there. */
static int find(mp_maildir *m, const char *directory, const char *base, char *out, size_t size)
{
    static const char *const folders[] = {"new", "cur", "new"}; /* what moves meanwhile is found */
    struct finder finder = {base, strlen(base), ""};
    char path[MP_PATH_MAX];

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        int found = mp_maildir_path(m, path, directory, folders[i], "")
                        ? m->files.list(m->files.user, path, has_base, &finder)
                        : -ENAMETOOLONG;

        if (found < 0)
            return found;
        if (found &&
            snprintf(out, size, "%s%s%s/%s", directory, *directory ? "/" : "", folders[i], finder.name) < (int)size)
            return 1;
    }
    return 0;
}

/* The directory of the mailbox that a path below the root is in: two components less. */
static void directory_of(const char *path, char directory[MP_SOURCE_MAX])
{
    size_t len = strlen(path);

    for (int i = 0; i < 2; i++) {
        while (len && path[len - 1] != '/')
            len--;
        len -= len > 0;
    }
    memcpy(directory, path, len);
    directory[len] = 0;
}

/* The source is not where it was when the commit decided: its name may have been changed by another program, or changed
   back by a loss of power. 0: nothing is to be done any more. */
static int find_source(mp_maildir *m, mp_todo *todo, const char *target_directory)
{
    char directory[MP_SOURCE_MAX], found[MP_SOURCE_MAX];
    int result = find(m, target_directory, todo->base, found, sizeof found);

    if (result)
        return result < 0 ? result : 0; /* it was placed already */
    directory_of(todo->source, directory);
    result = find(m, directory, todo->source_base, found, sizeof found);
    if (result > 0)
        memcpy(todo->source, found, sizeof found);
    return result;
}

static int link_or_rename(mp_maildir *m, const mp_todo *todo)
{
    char source[MP_PATH_MAX], target[MP_PATH_MAX];
    int error;

    if (!mp_maildir_path(m, source, todo->source, "", "") || !mp_maildir_path(m, target, todo->placed, "", ""))
        return -ENAMETOOLONG;
    error = m->files.link(m->files.user, source, target);
    if (error == -EEXIST && same_file(m, source, target))
        return 0;
    if (error == -EPERM || error == -EMLINK || error == -ENOTSUP || error == -ENOSYS)
        return m->files.rename(m->files.user, source, target);
    return error;
}

/* The message as the index has it now: its flags may have changed since the commit. 1: it was removed. */
static int32_t message_of(mp_maildir *m, const mp_todo *todo, mp_mailbox *box, char info[MP_NAME_MAX])
{
    int32_t result = mp_maildir_mailbox(m, todo->mailbox, box);
    sqlite3_stmt *s;

    if (result)
        return result == MAILPROTO_ERR_NOT_FOUND ? 1 : result;
    s = mp_sql(m, MP_SQL_MESSAGE_BY_BASE, &result);
    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)todo->mailbox);
    mp_sql_bind_text(s, 2, todo->base);
    result = mp_sql_step(m, s);
    if (result > 0)
        (void)mp_sql_text(s, 1, info, MP_NAME_MAX);
    sqlite3_reset(s);
    return result < 0 ? result : !result;
}

/* One file. Its name is made durable later, for all at once. */
static int place(mp_maildir *m, mp_todo *todo)
{
    char info[MP_NAME_MAX] = "";
    mp_mailbox box;
    int error;
    int32_t result = message_of(m, todo, &box, info);

    todo->placed[0] = 0;
    if (result)
        return result > 0 ? 0 : -EIO;
    if (snprintf(todo->placed, sizeof todo->placed, "%s%scur/%s%s", box.directory, *box.directory ? "/" : "",
                 todo->base, info) >= (int)sizeof todo->placed)
        return -ENAMETOOLONG;
    error = link_or_rename(m, todo);
    if (error != -ENOENT)
        return error;
    error = find_source(m, todo, box.directory);
    return error > 0 ? link_or_rename(m, todo) : error;
}

void mp_maildir_todo_identify(mp_todo *todo, const mp_file_status *status)
{
    snprintf(todo->base, sizeof todo->base, "%llu-%llu", (unsigned long long)status->device,
             (unsigned long long)status->inode);
}

static int is_the_one(const mp_todo *todo, const mp_file_status *status)
{
    mp_todo other;

    mp_maildir_todo_identify(&other, status);
    return !strcmp(todo->base, other.base);
}

/* A target that is there was renamed already, and what has the old name now is another folder; unless that is the very one,
   and another program was faster with the new name. Nothing of either is lost then: it is tried again. */
static int rename_directory(mp_maildir *m, const mp_todo *todo, const char *source, const char *target)
{
    mp_file_status status;
    int error = m->files.stat(m->files.user, target, &status);

    if (error == -ENOENT || (!error && !m->files.stat(m->files.user, source, &status) && is_the_one(todo, &status)))
        error = m->files.rename(m->files.user, source, target);
    if (error == -ENOENT)
        error = 0; /* it was renamed already */
    return error ? error : sync_parent(m, target);
}

/* ---- removing a directory ---- */

struct remover {
    mp_maildir *m;
    const char *path;
    int error;
};

static int remove_one(void *context, const char *name)
{
    struct remover *remover = context;
    char path[MP_PATH_MAX];
    int error;

    if (snprintf(path, sizeof path, "%s/%s", remover->path, name) >= (int)sizeof path)
        return -ENAMETOOLONG;
    error = remover->m->files.unlink(remover->m->files.user, path);
    if (error && error != -ENOENT && !remover->error)
        remover->error = error;
    return 0;
}

/* A folder is in the way, or something that nobody may remove. */
static int is_foreign(int error)
{
    return error == -EPERM || error == -EISDIR || error == -ENOTEMPTY || error == -EEXIST;
}

static int remove_files(mp_maildir *m, const char *path)
{
    struct remover remover = {m, path, 0};
    int error = m->files.list(m->files.user, path, remove_one, &remover);

    if (error == -ENOENT)
        return 0;
    if (!error && !is_foreign(remover.error))
        error = remover.error;
    if (error)
        return error; /* the disk failed: it is tried again */
    error = m->files.rmdir(m->files.user, path);
    return error == -ENOENT ? 0 : error;
}

/* It loses its name first, durably; what is in it follows, durably too, for what a loss of power brought back would lie
   there for ever. INBOX is never removed. */
static int remove_directory(mp_maildir *m, const mp_todo *todo, const char *source, const char *grave)
{
    static const char *const folders[] = {"/cur", "/new", "/tmp", ""};
    char path[MP_PATH_MAX];
    int error = rename_directory(m, todo, source, grave);

    for (size_t i = 0; i < sizeof folders / sizeof *folders && !error; i++) {
        if (snprintf(path, sizeof path, "%s%s", grave, folders[i]) >= (int)sizeof path)
            return -ENAMETOOLONG;
        error = remove_files(m, path);
        if (is_foreign(error))
            error = 0; /* something is in it that is not ours: it stays in the grave, and is told by check */
    }
    return error ? error : sync_parent(m, grave);
}

/* ---- all of it ---- */

static int32_t load(mp_maildir *m, int64_t after, mp_todo *todos, size_t *count)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_TODO, &result);

    *count = 0;
    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, after);
    while (*count < BATCH && (result = mp_sql_step(m, s)) > 0) {
        mp_todo *todo = &todos[*count];

        todo->id = sqlite3_column_int64(s, 0);
        todo->kind = (unsigned)sqlite3_column_int(s, 1);
        todo->mailbox = (uint64_t)sqlite3_column_int64(s, 2);
        if (mp_sql_text(s, 3, todo->base, sizeof todo->base) && mp_sql_text(s, 4, todo->source, sizeof todo->source) &&
            mp_sql_text(s, 5, todo->source_base, sizeof todo->source_base) &&
            mp_sql_text(s, 6, todo->target, sizeof todo->target))
            ++*count;
    }
    sqlite3_reset(s);
    return result < 0 ? result : 0;
}

static int do_one(mp_maildir *m, mp_todo *todo)
{
    char source[MP_PATH_MAX], target[MP_PATH_MAX];

    if (todo->kind == MP_TODO_PLACE)
        return place(m, todo);
    if (!mp_maildir_path(m, source, todo->source, "", "") || !mp_maildir_path(m, target, todo->target, "", ""))
        return -ENAMETOOLONG;
    return todo->kind == MP_TODO_RENAME ? rename_directory(m, todo, source, target)
                                        : remove_directory(m, todo, source, target);
}

/* Targets that lie in one directory follow each other: it is synced once. */
static int sync_targets(mp_maildir *m, const mp_todo *todos, const int *errors, size_t count)
{
    char path[MP_PATH_MAX], last[MP_PATH_MAX] = "";
    int error = 0;

    for (size_t i = 0; i < count && !error; i++) {
        char *slash;

        if (errors[i] || todos[i].kind != MP_TODO_PLACE || !todos[i].placed[0] ||
            !mp_maildir_path(m, path, todos[i].placed, "", ""))
            continue;
        slash = strrchr(path, '/');
        if (slash)
            *slash = 0;
        if (!strcmp(path, last))
            continue;
        error = mp_maildir_sync_directory(m, path);
        memcpy(last, path, strlen(path) + 1);
    }
    return error;
}

static int32_t finish_batch(mp_maildir *m, mp_todo *todos, size_t count, int *stuck)
{
    int errors[BATCH], sync_error;
    int32_t result = 0;

    for (size_t i = 0; i < count; i++)
        errors[i] = do_one(m, &todos[i]);
    sync_error = sync_targets(m, todos, errors, count);
    for (size_t i = 0; i < count && !result; i++) {
        char source[MP_PATH_MAX];
        int64_t id = todos[i].id;

        if (errors[i] || (sync_error && todos[i].kind == MP_TODO_PLACE)) {
            *stuck = errors[i] ? errors[i] : sync_error;
            continue;
        }
        if (todos[i].kind == MP_TODO_PLACE && mp_maildir_path(m, source, todos[i].source, "", ""))
            (void)m->files.unlink(m->files.user, source); /* its base is remembered, and tmp/ is cleaned */
        result = mp_sql_do(m, MP_SQL_TODO_DELETE, 1, &id);
    }
    return result;
}

int32_t mp_maildir_todo_finish(mp_maildir *m)
{
    mp_todo *todos = sqlite3_malloc64(BATCH * sizeof *todos);
    int64_t after = 0;
    size_t count = BATCH;
    int stuck = 0;
    int32_t result = todos ? 0 : mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");

    while (!result && count == BATCH) {
        result = load(m, after, todos, &count);
        if (!result && count) {
            after = todos[count - 1].id;
            result = finish_batch(m, todos, count, &stuck);
        }
    }
    sqlite3_free(todos);
    return result;
}

/* What we do in cur/ is known as our own, so that the next look need not read it all. */
static int32_t finish_known(mp_maildir *m, const uint64_t *mailboxes)
{
    mp_own_change changes[2];
    mp_mailbox boxes[2];
    int known[2];
    int32_t result;

    for (int i = 0; i < 2; i++) {
        known[i] =
            mailboxes[i] && (i == 0 || mailboxes[1] != mailboxes[0]) && !mp_maildir_mailbox(m, mailboxes[i], &boxes[i]);
        if (known[i])
            mp_maildir_own_begin(m, &boxes[i], &changes[i]);
    }
    result = mp_maildir_todo_finish(m);
    for (int i = 0; i < 2 && !result; i++)
        if (known[i])
            result = mp_maildir_own_end(m, &boxes[i], &changes[i]);
    return result;
}

void mp_maildir_todo_now(mp_maildir *m, uint64_t mailbox, uint64_t other)
{
    const uint64_t mailboxes[] = {mailbox, other};
    char sentence[MP_SENTENCE_MAX];

    memcpy(sentence, m->sentence, sizeof sentence);
    if (!mp_maildir_write_plain(m, 0) && (finish_known(m, mailboxes) || mp_maildir_commit(m)))
        mp_maildir_rollback(m);
    memcpy(m->sentence, sentence, sizeof sentence);
}
