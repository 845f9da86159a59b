/* maildir_flags.c - flags and keywords of messages, changed in one step with a comparison; and in the names of the files.
 * RFC 9051 6.4.6 (STORE), RFC 7162 3.1.3 (UNCHANGEDSINCE, MODIFIED). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maildir_scan.h"

struct change {
    mp_maildir *m;
    const mailproto_store_flags *question;
    mp_mailbox box;
    mp_snapshot *snapshot;
    char keywords[2048]; /* the question's, as numbers */
    uint64_t modseq;     /* 0: nothing changed yet */
    /* names to be changed: base, old info, new info, one behind the other; an old info of "new" is none */
    mp_texts names;
    size_t renames, renamed;
};

static int32_t no_memory(mp_maildir *m)
{
    return mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");
}

/* ---- UIDs of runs ---- */

int32_t mp_maildir_uids(mp_maildir *m, const mp_mailbox *box, const mailproto_store_run *runs, int deleted,
                        uint32_t **uids, size_t *count)
{
    static const mailproto_store_run all = {.struct_size = sizeof all, .first = 1, .last = UINT32_MAX};
    size_t room = 0;
    int32_t result = 0;

    *uids = NULL;
    *count = 0;
    for (const mailproto_store_run *run = runs ? runs : &all; run && !result; run = run->next) {
        sqlite3_stmt *s = mp_sql(m, MP_SQL_UIDS, &result);

        if (!s)
            break;
        sqlite3_bind_int64(s, 1, (sqlite3_int64)box->id);
        sqlite3_bind_int64(s, 2, run->first);
        sqlite3_bind_int64(s, 3, run->last);
        sqlite3_bind_int(s, 4, deleted);
        while ((result = mp_sql_step(m, s)) > 0) {
            if (*count == room) {
                uint32_t *more = realloc(*uids, (room = room ? 2 * room : 64) * sizeof *more);

                if (!more) {
                    result = no_memory(m);
                    break;
                }
                *uids = more;
            }
            (*uids)[(*count)++] = (uint32_t)sqlite3_column_int64(s, 0);
        }
        sqlite3_reset(s);
    }
    if (!result)
        return 0;
    free(*uids);
    *uids = NULL;
    return result;
}

/* What was asked for, was there once, and is not among the UIDs. */
static int32_t gather_gone(struct change *c, const uint32_t *uids, size_t count)
{
    size_t at = 0;
    int32_t result = 0;

    for (const mailproto_store_run *run = c->question->uids; run && !result; run = run->next) {
        uint64_t next = run->first, last = run->last < c->box.uidnext ? run->last : c->box.uidnext - 1;

        while (at < count && uids[at] < run->first)
            at++;
        for (; at < count && uids[at] <= last && !result; at++) {
            if (uids[at] > next)
                result = mp_snapshot_vanished(c->m, c->snapshot, (uint32_t)next, uids[at] - 1, 0);
            next = (uint64_t)uids[at] + 1;
        }
        if (next <= last && !result)
            result = mp_snapshot_vanished(c->m, c->snapshot, (uint32_t)next, (uint32_t)last, 0);
    }
    return result;
}

/* ---- one message ---- */

static void change_keywords(const struct change *c, mp_message *message)
{
    if (c->question->operation == MAILPROTO_STORE_FLAGS_REPLACE)
        message->keywords[0] = 0;
    for (unsigned number = 1; number <= MP_KEYWORDS_MAX && c->keywords[0]; number++) {
        if (!mp_keywords_has(c->keywords, number))
            continue;
        if (c->question->operation == MAILPROTO_STORE_FLAGS_REMOVE)
            mp_keywords_remove(message->keywords, number);
        else
            (void)mp_keywords_add(message->keywords, sizeof message->keywords, number);
    }
}

static uint32_t changed_flags(const struct change *c, uint32_t flags)
{
    uint32_t asked = c->question->flags & (2 * MAILPROTO_FLAG_DRAFT - 1);

    switch (c->question->operation) {
    case MAILPROTO_STORE_FLAGS_ADD:
        return flags | asked;
    case MAILPROTO_STORE_FLAGS_REMOVE:
        return flags & ~asked;
    default:
        return asked;
    }
}

static int same_keywords(const char *left, const char *right)
{
    if (strlen(left) != strlen(right))
        return 0;
    for (unsigned number = 1; number <= MP_KEYWORDS_MAX && *left; number++)
        if (mp_keywords_has(left, number) != mp_keywords_has(right, number))
            return 0;
    return 1;
}

static int32_t plan_rename(struct change *c, const mp_message *message, const char *info)
{
    const char *old = message->in_new ? "new" : message->info;

    if (!strcmp(old, info))
        return 0;
    c->renames++;
    if (mp_texts_add(&c->names, message->base, strlen(message->base)) == SIZE_MAX ||
        mp_texts_add(&c->names, old, strlen(old)) == SIZE_MAX ||
        mp_texts_add(&c->names, info, strlen(info)) == SIZE_MAX)
        return no_memory(c->m);
    return 0;
}

static int32_t change_one(struct change *c, uint32_t uid)
{
    char before[sizeof c->keywords], info[MP_NAME_MAX];
    mp_message message;
    uint32_t flags;
    int32_t result = mp_maildir_message(c->m, c->box.id, uid, &message);

    if (result)
        return result;
    if (message.modseq > c->question->unchanged_since)
        return mp_snapshot_modified(c->m, c->snapshot, uid);
    memcpy(before, message.keywords, sizeof before);
    change_keywords(c, &message);
    flags = changed_flags(c, message.flags);
    if (flags != message.flags || !same_keywords(before, message.keywords)) {
        if (!c->modseq)
            result = mp_maildir_new_modseq(c->m, &c->modseq);
        mp_maildir_info_make(info, message.in_new ? "" : message.info, flags);
        if (!result && flags != message.flags)
            result = plan_rename(c, &message, info);
        mp_maildir_uncount(&c->box, &message);
        if (flags != message.flags) {
            message.in_new = 0;
            memcpy(message.info, info, sizeof info);
        }
        message.flags = flags;
        message.modseq = c->modseq;
        mp_maildir_count(&c->box, &message);
        if (!result)
            result = mp_maildir_message_save(c->m, c->box.id, &message);
    }
    message.size = 0;
    return result ? result : mp_snapshot_message(c->m, c->snapshot, &message);
}

/* ---- names of files ---- */

struct rename {
    char from[MP_PATH_MAX], to[MP_PATH_MAX];
};

static const char *next_rename(struct change *c, const char *at, struct rename *paths)
{
    const char *base = at, *old = base + strlen(base) + 1, *info = old + strlen(old) + 1;
    mp_message message = {0};

    memcpy(message.base, base, strlen(base) + 1);
    memcpy(message.info, info, strlen(info) + 1);
    (void)mp_maildir_message_path(c->m, paths->to, &c->box, &message);
    message.in_new = !strcmp(old, "new");
    memcpy(message.info, old, strlen(old) + 1);
    (void)mp_maildir_message_path(c->m, paths->from, &c->box, &message);
    return info + strlen(info) + 1;
}

/* Names are changed last, just before the commit; if that fails they are changed back. A file that is not there was
   renamed by another program: the next look compares. */
static int32_t rename_files(struct change *c)
{
    const char *at = c->names.text;
    struct rename paths;

    for (; c->renamed < c->renames; c->renamed++) {
        int error;

        at = next_rename(c, at, &paths);
        error = c->m->files.rename(c->m->files.user, paths.from, paths.to);
        if (error == -ENOENT)
            c->box.cur_mtime = 0;
        else if (error)
            return mp_maildir_file_error(c->m, error, "renaming", paths.from);
    }
    return 0;
}

static void rename_back(struct change *c)
{
    const char *at = c->names.text;
    struct rename paths;

    for (size_t i = 0; i < c->renamed; i++) {
        at = next_rename(c, at, &paths);
        (void)c->m->files.rename(c->m->files.user, paths.to, paths.from);
    }
}

/* ---- all of it ---- */

static int32_t number_keywords(struct change *c)
{
    int add = c->question->operation != MAILPROTO_STORE_FLAGS_REMOVE;
    int32_t result = mp_keywords_load(c->m, c->box.id, &c->snapshot->keywords);

    for (const mailproto_store_keyword *k = c->question->keywords; k && !result; k = k->next) {
        unsigned number;

        result = mp_keywords_number(c->m, c->box.id, &c->snapshot->keywords, k->name.ptr, k->name.len, add, &number);
        if (!result && number && !mp_keywords_add(c->keywords, sizeof c->keywords, number))
            result = mp_maildir_error(c->m, MAILPROTO_ERR_LIMIT, "there are too many keywords");
    }
    return result;
}

static int32_t change_all(struct change *c)
{
    mp_mailbox before = c->box;
    mp_own_change own;
    uint32_t *uids = NULL;
    size_t count = 0;
    int32_t result = number_keywords(c);

    if (!result)
        result = mp_maildir_uids(c->m, &c->box, c->question->uids, 0, &uids, &count);
    for (size_t i = 0; i < count && !result; i++)
        result = change_one(c, uids[i]);
    if (!result)
        result = gather_gone(c, uids, count);
    free(uids);
    if (c->modseq)
        c->box.modseq = c->modseq;
    if (!result && c->modseq)
        result = mp_maildir_mailbox_save(c->m, &c->box, &before);
    if (result || !c->renames)
        return result;
    mp_maildir_own_begin(c->m, &c->box, &own);
    result = rename_files(c);
    return result ? result : mp_maildir_own_end(c->m, &c->box, &own);
}

static int32_t change_flags(struct change *c)
{
    int32_t result = mp_maildir_write(c->m, 0);

    if (result)
        return result;
    result = mp_maildir_selectable(c->m, c->question->mailbox, &c->box);
    if (!result)
        result = change_all(c);
    if (!result)
        result = mp_maildir_commit(c->m);
    if (result) {
        rename_back(c);
        mp_maildir_rollback(c->m);
    }
    free(c->names.text);
    return result;
}

static int32_t change(mp_maildir *m, const mailproto_store_flags *question, mp_snapshot *snapshot)
{
    struct change *c = calloc(1, sizeof *c);
    int32_t result;

    if (!c)
        return no_memory(m);
    c->m = m;
    c->question = question;
    c->snapshot = snapshot;
    mp_keywords_free(&snapshot->keywords); /* of another part */
    snapshot->keywords = (mp_keywords){0};
    result = change_flags(c);
    free(c);
    return result;
}

/* ---- on a full disk: who marks messages as \Deleted wants to make room ---- */

enum { PART = 32 };

/* One part; what it told before it failed is told no more. */
static int32_t change_part(mp_maildir *m, const mailproto_store_flags *part, mp_snapshot *snapshot)
{
    size_t rows = snapshot->count, vanished = snapshot->vanished_count, modified = snapshot->modified_count;
    int32_t result;

    mp_maildir_checkpoint(m, MP_ROOM_TO_DELETE);
    result = change(m, part, snapshot);
    if (!result)
        return 0;
    snapshot->count = rows;
    snapshot->vanished_count = vanished;
    snapshot->modified_count = modified;
    return result;
}

/* A few messages at a time, at last one, whose changes take little room in the log, which is used again and again. */
static int32_t change_in_parts(mp_maildir *m, const mailproto_store_flags *question, mp_snapshot *snapshot)
{
    mailproto_store_run run = {.struct_size = sizeof run};
    mailproto_store_flags part = *question;
    struct change all = {.m = m, .question = question, .snapshot = snapshot};
    uint32_t *uids = NULL;
    size_t count = 0, most = PART;
    int32_t result = mp_maildir_selectable(m, question->mailbox, &all.box);

    part.uids = &run;
    if (!result)
        result = mp_maildir_uids(m, &all.box, question->uids, 0, &uids, &count);
    for (size_t i = 0, j; i < count && !result;) {
        for (j = i + 1; j < count && j - i < most && uids[j] == uids[j - 1] + 1;)
            j++;
        run.first = uids[i];
        run.last = uids[j - 1];
        result = change_part(m, &part, snapshot);
        if (!result) {
            i = j;
        } else if (result == MAILPROTO_ERR_FULL && most > 1) {
            most = most > 4 ? most / 4 : 1;
            result = 0;
        }
    }
    mp_maildir_checkpoint(m, MP_ROOM_TO_DELETE); /* for who expunges now */
    if (!result)
        result = gather_gone(&all, uids, count);
    free(uids);
    return result;
}

/* *snapshot is made anew for each attempt. */
static int32_t change_anyhow(mp_maildir *m, const mailproto_store_flags *question, mp_snapshot **snapshot)
{
    int32_t result = change(m, question, *snapshot);

    for (int turn = 0; turn < 2 && result == MAILPROTO_ERR_FULL; turn++) {
        if (question->operation == MAILPROTO_STORE_FLAGS_REMOVE || !(question->flags & MAILPROTO_FLAG_DELETED))
            break;
        if (turn == 0 && !mp_maildir_release(m, MP_TO_DELETE))
            continue;
        mp_maildir_snapshot_end(*snapshot);
        *snapshot = mp_maildir_snapshot_new(m);
        if (!*snapshot)
            return no_memory(m);
        result = turn ? change_in_parts(m, question, *snapshot) : change(m, question, *snapshot);
    }
    return result;
}

int32_t mp_maildir_ask_flags(void *user, mailproto_store_asker *asker, const mailproto_store_flags *question)
{
    mp_maildir *m = user;
    mp_snapshot *snapshot = mp_maildir_snapshot_new(m);
    mp_mailbox box;
    int32_t result = snapshot ? mp_maildir_ready(m) : MAILPROTO_ERR_NOMEM;

    if (!result)
        result = mp_maildir_selectable(m, question->mailbox, &box);
    if (!result)
        result = mp_maildir_look(m, &box, MP_LOOK_POLL);
    if (!result)
        result = change_anyhow(m, question, &snapshot);
    if (!result)
        return mp_snapshot_answer(m, asker, question->head.token, snapshot);
    mp_maildir_snapshot_end(snapshot);
    return mp_maildir_fail(m, asker, question->head.token, result);
}
