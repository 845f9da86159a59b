/* maildir_rename.c - gives a mailbox, and those below it, another name; INBOX gives its messages away.
 * RFC 9051 6.3.6. The commit decides; directories are renamed after it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maildir_scan.h"

struct family {
    mp_texts keys; /* key, directory: "." is none */
    uint64_t *ids;
    size_t count;
};

static int32_t load_family(mp_maildir *m, const char *key, struct family *family)
{
    char low[MP_MAILBOX_MAX + 2], high[MP_MAILBOX_MAX + 2];
    size_t room = 0;
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_MAILBOX_FAMILY, &result);

    if (!s)
        return result;
    snprintf(low, sizeof low, "%s\1", key);
    snprintf(high, sizeof high, "%s\2", key);
    mp_sql_bind_text(s, 1, key);
    mp_sql_bind_text(s, 2, low);
    mp_sql_bind_text(s, 3, high);
    while ((result = mp_sql_step(m, s)) > 0) {
        const char *directory =
            sqlite3_column_type(s, 2) == SQLITE_NULL ? "." : (const void *)sqlite3_column_text(s, 2);
        const void *its = sqlite3_column_text(s, 1);
        uint64_t *ids = family->ids;

        if (family->count == room)
            ids = realloc(family->ids, (room = room ? 2 * room : 16) * sizeof *ids);
        if (!ids || mp_texts_add(&family->keys, its, strlen(its)) == SIZE_MAX ||
            mp_texts_add(&family->keys, directory, strlen(directory)) == SIZE_MAX) {
            result = mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");
            family->ids = ids ? ids : family->ids;
            break;
        }
        family->ids = ids;
        ids[family->count++] = (uint64_t)sqlite3_column_int64(s, 0);
    }
    sqlite3_reset(s);
    return result;
}

static int32_t set_name(mp_maildir *m, uint64_t id, const char *key, const char *directory)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_MAILBOX_NAME, &result);

    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)id);
    mp_sql_bind_text(s, 2, key);
    if (directory)
        mp_sql_bind_text(s, 3, directory);
    return mp_sql_run(m, s);
}

/* What is to be renamed after the commit. Its new name is free then. */
static int32_t add_todo(mp_maildir *m, mp_todo *todo)
{
    char path[MP_PATH_MAX];
    mp_file_status status;
    int32_t result = mp_maildir_clear_directory(m, todo->target);

    if (!result && mp_maildir_path(m, path, todo->source, "", "") && !m->files.stat(m->files.user, path, &status))
        mp_maildir_todo_identify(todo, &status);
    return result ? result : mp_maildir_todo_add(m, todo);
}

static int32_t rename_one(mp_maildir *m, uint64_t id, const char *old, const char *old_directory, size_t prefix,
                          const char *to)
{
    char key[2 * MP_MAILBOX_MAX];
    mp_todo todo = {.kind = MP_TODO_RENAME};
    int32_t result;

    snprintf(key, sizeof key, "%s%s", to, old + prefix);
    if (strlen(key) >= MP_MAILBOX_MAX)
        return mp_maildir_error(m, MAILPROTO_ERR_LIMIT, "the name of a mailbox below it becomes too long");
    if (!strcmp(old_directory, "."))
        return set_name(m, id, key, NULL);
    result = mp_maildir_directory_of(m, key, todo.target, sizeof todo.target);
    if (!result)
        result = set_name(m, id, key, todo.target);
    snprintf(todo.source, sizeof todo.source, "%s", old_directory);
    return result ? result : add_todo(m, &todo);
}

static int32_t rename_family(mp_maildir *m, const char *from, const char *to)
{
    struct family family = {0};
    const char *at;
    int32_t result = load_family(m, from, &family);

    at = family.keys.text;
    for (size_t i = 0; i < family.count && !result; i++) {
        const char *key = at, *directory = key + strlen(key) + 1;

        at = directory + strlen(directory) + 1;
        result = rename_one(m, family.ids[i], key, directory, strlen(from), to);
    }
    free(family.ids);
    free(family.keys.text);
    return result;
}

/* In a write transaction. A mailbox that becomes its own inferior, or a name that is taken, is refused. */
static int32_t rename_mailbox(mp_maildir *m, mp_mailbox *box, const char *to)
{
    size_t len;
    uint64_t taken;
    int32_t result = mp_maildir_todo_none(m);

    if (!result)
        result = mp_maildir_mailbox(m, box->id, box);
    if (result)
        return result;
    len = strlen(box->key);
    if (!strncmp(box->key, to, len) && to[len] == 1)
        return mp_maildir_error(m, MAILPROTO_ERR_DENIED, "a mailbox cannot be put below itself");
    result = mp_maildir_mailbox_by_key(m, to, &taken);
    if (!result && taken)
        return mp_maildir_error(m, MAILPROTO_ERR_EXISTS, "there is a mailbox of that name already");
    if (!result)
        result = mp_maildir_add_above_of(m, to);
    return result ? result : rename_family(m, box->key, to);
}

/* What had the new names and was removed does not come back when the power is lost behind the commit: it would be taken for
   the folders that are to get them. */
static int32_t sync_names(mp_maildir *m)
{
    char path[MP_PATH_MAX];
    int error;

    if (!mp_maildir_path(m, path, "", "", ""))
        return MAILPROTO_ERR_LIMIT;
    error = mp_maildir_sync_directory(m, path);
    return error ? mp_maildir_file_error(m, error, "syncing", path) : 0;
}

/* The new mailbox is made, and all messages are moved there, in one transaction each: should the power fail between them,
   there is an empty mailbox more. */
static int32_t rename_inbox(mp_maildir *m, uint64_t inbox, const char *to)
{
    mailproto_store_run all = {.struct_size = sizeof all, .first = 1, .last = UINT32_MAX};
    mailproto_store_copy question = {.head = {sizeof question, MAILPROTO_STORE_COPY, 0}, .mailbox = inbox, .move = 1};
    mp_copied *pairs = NULL;
    uint32_t uidvalidity;
    mp_own_change own;
    size_t count;
    uint64_t taken;
    int32_t result = mp_maildir_write(m, 1);

    if (result)
        return result;
    mp_maildir_root_begin(m, &own);
    result = mp_maildir_mailbox_by_key(m, to, &taken);
    if (!result && taken)
        result = mp_maildir_error(m, MAILPROTO_ERR_EXISTS, "there is a mailbox of that name already");
    if (!result)
        result = mp_maildir_add_mailbox(m, to, 0, &question.destination);
    if (!result)
        result = mp_maildir_root_end(m, &own);
    if (!result)
        result = mp_maildir_commit(m);
    if (result) {
        mp_maildir_rollback(m);
        return result;
    }
    question.uids = &all;
    result = mp_maildir_copy(m, &question, &pairs, &count, &uidvalidity);
    free(pairs);
    return result;
}

/* ---- what cannot be done ---- */

/* A directory that still has its old name: the row gets it back, too. */
static int32_t take_back_one(mp_maildir *m, uint64_t id, const char *key, const char *directory)
{
    char path[MP_PATH_MAX];
    mp_file_status status;
    mp_todo todo = {.target = ""};
    int32_t result;

    if (!strcmp(directory, "."))
        return set_name(m, id, key, NULL);
    result = mp_maildir_todo_rename_of(m, directory, &todo);
    if (result <= 0 || !mp_maildir_path(m, path, directory, "", "") ||
        m->files.stat(m->files.user, path, &status) != -ENOENT)
        return result < 0 ? result : MAILPROTO_ERR_UNAVAILABLE;
    result = set_name(m, id, key, todo.source);
    return result ? result : mp_sql_do(m, MP_SQL_TODO_DELETE, 1, &todo.id);
}

static int32_t take_back_family(mp_maildir *m, const char *from, const char *to)
{
    struct family family = {0};
    const char *at;
    int32_t result = load_family(m, to, &family);

    at = family.keys.text;
    for (size_t i = 0; i < family.count && !result; i++) {
        char old[2 * MP_MAILBOX_MAX];
        const char *key = at, *directory = key + strlen(key) + 1;

        at = directory + strlen(directory) + 1;
        snprintf(old, sizeof old, "%s%s", from, key + strlen(to));
        result = take_back_one(m, family.ids[i], old, directory);
    }
    free(family.ids);
    free(family.keys.text);
    return result;
}

/* No directory could be renamed, as where nobody may write: the mailboxes get their old names back, for under the new ones
   nobody could read them. If that cannot be done either it is renamed, and the directories follow when they can. */
static int32_t take_back(mp_maildir *m, const char *from, const char *to)
{
    int32_t result = mp_maildir_write_plain(m, 1);

    if (!result)
        result = take_back_family(m, from, to);
    if (!result)
        result = mp_maildir_commit(m);
    if (result) {
        mp_maildir_rollback(m);
        return 0;
    }
    snprintf(m->sentence, sizeof m->sentence,
             "the folder of the mailbox cannot be renamed: look at the permissions of %.900s, and at the disk",
             m->root);
    return MAILPROTO_ERR_UNAVAILABLE;
}

static int32_t rename_other(mp_maildir *m, mp_mailbox *box, const char *to)
{
    int32_t result = mp_maildir_write(m, 1);

    if (result)
        return result;
    result = rename_mailbox(m, box, to);
    if (!result)
        result = sync_names(m);
    if (!result)
        result = mp_maildir_commit(m);
    if (result) {
        mp_maildir_rollback(m);
        return result;
    }
    mp_maildir_todo_now(m, 0, 0);
    return mp_maildir_todo_none(m) ? take_back(m, box->key, to) : 0;
}

int32_t mp_maildir_ask_rename(void *user, mailproto_store_asker *asker, const mailproto_store_rename *question)
{
    mp_maildir *m = user;
    char key[MP_MAILBOX_MAX], directory[MP_NAME_MAX];
    mp_mailbox box;
    int32_t result = mp_maildir_ready(m);

    if (!result)
        result = mp_maildir_key(m, question->name, key, sizeof key);
    if (!result)
        result = mp_maildir_directory_of(m, key, directory, sizeof directory);
    if (!result)
        result = mp_maildir_look_root(m, 0);
    if (!result)
        result = mp_maildir_mailbox(m, question->mailbox, &box);
    if (!result)
        result = strcmp(box.key, "INBOX") ? rename_other(m, &box, key) : rename_inbox(m, box.id, key);
    if (result)
        return mp_maildir_fail(m, asker, question->head.token, result);
    (void)mailproto_store_done(asker, question->head.token);
    return 0;
}
