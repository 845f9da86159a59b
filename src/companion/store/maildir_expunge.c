/* maildir_expunge.c - removes messages that are \Deleted: the rows durably first, then the files.
 * RFC 9051 6.4.3, 6.4.9 (UID EXPUNGE), RFC 7162 3.2.10. What is left of the files never comes back as new messages. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maildir_scan.h"

struct expunge {
    mp_maildir *m;
    mp_mailbox box;
    uint64_t modseq;
    uint32_t *uids;
    size_t count;
    mp_texts names; /* base, info; "new": in new/ */
};

static int32_t remove_row(struct expunge *e, uint32_t uid)
{
    mp_message message;
    int32_t result = mp_maildir_message(e->m, e->box.id, uid, &message);
    const char *info = message.info;

    if (result)
        return result;
    if (message.in_new)
        info = "new";
    if (mp_texts_add(&e->names, message.base, strlen(message.base)) == SIZE_MAX ||
        mp_texts_add(&e->names, info, strlen(info)) == SIZE_MAX)
        return mp_maildir_error(e->m, MAILPROTO_ERR_NOMEM, "there is no memory");
    return mp_maildir_message_remove(e->m, &e->box, &message, 1);
}

static int32_t remove_rows(struct expunge *e, const mailproto_store_run *runs)
{
    mp_mailbox before = e->box;
    mp_own_change own = {0, 1};
    int32_t result = mp_maildir_uids(e->m, &e->box, runs, 1, &e->uids, &e->count);

    if (result || !e->count)
        return result;
    result = mp_maildir_new_modseq(e->m, &e->modseq);
    for (size_t i = 0; i < e->count && !result; i++)
        result = remove_row(e, e->uids[i]);
    if (!result)
        result = mp_maildir_vanish(e->m, &e->box, e->uids, e->count, e->modseq);
    e->box.modseq = e->modseq;
    if (!result)
        result = mp_maildir_mailbox_save(e->m, &e->box, &before);
    own.known = mp_maildir_mtime(e->m, e->box.directory, "cur") == e->box.cur_mtime;
    /* not settled from here on: if we are stopped before the files are removed, the next to open it looks */
    return result ? result : mp_maildir_own_end(e->m, &e->box, &own);
}

static void remove_files(struct expunge *e)
{
    const char *at = e->names.text;
    char path[MP_PATH_MAX];
    mp_message message = {0};

    for (size_t i = 0; i < e->count; i++) {
        const char *base = at, *info = base + strlen(base) + 1;

        at = info + strlen(info) + 1;
        memcpy(message.base, base, strlen(base) + 1);
        memcpy(message.info, info, strlen(info) + 1);
        message.in_new = !strcmp(info, "new");
        if (mp_maildir_message_path(e->m, path, &e->box, &message))
            (void)e->m->files.unlink(e->m->files.user, path); /* else the next full look does it */
    }
}

/* What we do in cur/ is known as our own. */
static void remove_known(struct expunge *e)
{
    mp_own_change own;

    if (mp_maildir_write(e->m, 0)) {
        remove_files(e);
        return;
    }
    if (mp_maildir_mailbox(e->m, e->box.id, &e->box)) {
        mp_maildir_rollback(e->m);
        return;
    }
    mp_maildir_own_begin(e->m, &e->box, &own);
    remove_files(e);
    if (mp_maildir_own_end(e->m, &e->box, &own) || mp_maildir_commit(e->m))
        mp_maildir_rollback(e->m);
}

static int32_t expunge(struct expunge *e, const mailproto_store_expunge *question)
{
    int32_t result = mp_maildir_write(e->m, 1);

    if (result)
        return result;
    result = mp_maildir_selectable(e->m, question->mailbox, &e->box);
    if (!result && (e->box.deleted || question->uids))
        result = remove_rows(e, question->uids);
    if (!result)
        result = mp_maildir_commit(e->m);
    if (result) {
        mp_maildir_rollback(e->m);
        return result;
    }
    if (e->count)
        remove_known(e);
    return 0;
}

/* ---- on a full disk ---- */

/* The files first: that makes room. If we are stopped before the rows are removed, the next look finds that the files are
   gone, and forgets them: what has no name in the index must not come back with a loss of power. */
static int32_t remove_files_first(mp_maildir *m, const mailproto_store_expunge *question)
{
    char path[MP_PATH_MAX];
    mp_message message;
    mp_mailbox box;
    uint32_t *uids = NULL;
    size_t count = 0;
    int error = 0;
    int32_t result = mp_maildir_selectable(m, question->mailbox, &box);

    if (!result)
        result = mp_maildir_uids(m, &box, question->uids, 1, &uids, &count);
    for (size_t i = 0; i < count && !result && !error; i++) {
        result = mp_maildir_message(m, box.id, uids[i], &message);
        if (!result && mp_maildir_message_path(m, path, &box, &message))
            error = m->files.unlink(m->files.user, path);
        if (error == -ENOENT)
            error = 0; /* another program renamed it: as in remove_files */
    }
    free(uids);
    for (int i = 0; i < 2 && !result && !error; i++)
        if (mp_maildir_path(m, path, box.directory, i ? "new" : "cur", ""))
            error = mp_maildir_sync_directory(m, path);
    return error ? mp_maildir_file_error(m, error, "removing messages of", m->root) : result;
}

static void begin_again(struct expunge *e)
{
    free(e->uids);
    e->uids = NULL;
    e->count = e->names.used = 0;
}

static int32_t expunge_anyhow(struct expunge *e, const mailproto_store_expunge *question)
{
    int32_t result = expunge(e, question);

    if (result == MAILPROTO_ERR_FULL) {
        if (!mp_maildir_release(e->m, MP_TO_DELETE))
            mp_maildir_checkpoint(e->m, MP_ROOM_TO_DELETE);
        begin_again(e);
        result = expunge(e, question);
    }
    if (result != MAILPROTO_ERR_FULL)
        return result;
    begin_again(e);
    result = remove_files_first(e->m, question);
    if (result)
        return result;
    mp_maildir_checkpoint(e->m, UINT64_MAX);
    return expunge(e, question);
}

int32_t mp_maildir_ask_expunge(void *user, mailproto_store_asker *asker, const mailproto_store_expunge *question)
{
    mp_maildir *m = user;
    struct expunge e = {.m = m};
    mp_snapshot *snapshot = mp_maildir_snapshot_new(m);
    int32_t result = snapshot ? mp_maildir_ready(m) : MAILPROTO_ERR_NOMEM;

    if (!result)
        result = mp_maildir_selectable(m, question->mailbox, &e.box);
    if (!result)
        result = mp_maildir_look(m, &e.box, MP_LOOK_POLL);
    if (!result)
        result = expunge_anyhow(&e, question);
    m->sentence[0] = result ? m->sentence[0] : 0;
    for (size_t i = 0, j; i < e.count && !result; i = j) {
        for (j = i + 1; j < e.count && e.uids[j] == e.uids[j - 1] + 1;)
            j++;
        result = mp_snapshot_vanished(m, snapshot, e.uids[i], e.uids[j - 1], e.modseq);
    }
    free(e.uids);
    free(e.names.text);
    if (!result)
        return mp_snapshot_answer(m, asker, question->head.token, snapshot);
    mp_maildir_snapshot_end(snapshot);
    return mp_maildir_fail(m, asker, question->head.token, result);
}
