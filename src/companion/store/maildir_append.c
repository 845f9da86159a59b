/* maildir_append.c - messages with UIDs: one, or a group of which all become visible or none.
 * RFC 9051 6.3.12, RFC 3502, RFC 4315 3. The order of durable steps is told in docs/design/maildir.md. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "maildir.h"

static int32_t keywords_of(mp_maildir *m, const mp_mailbox *box, mp_keywords *keywords, const char *names,
                           mp_message *message)
{
    int32_t result = 0;
    unsigned number;

    for (; names && *names && !result; names += strlen(names) + 1) {
        result = mp_keywords_number(m, box->id, keywords, names, strlen(names), 1, &number);
        if (!result && !mp_keywords_add(message->keywords, sizeof message->keywords, number))
            result = mp_maildir_error(m, MAILPROTO_ERR_LIMIT, "the message has too many keywords");
    }
    return result;
}

static void fill(const mp_part *part, uint64_t modseq, int64_t now, mp_message *message)
{
    *message = (mp_message){.flags = part->flags, .modseq = modseq, .size = part->size + part->bare};
    message->octets = part->size;
    message->date = part->date;
    message->zone = part->zone;
    message->state = MP_STATE_DURABLE | MP_STATE_COUNTED;
    message->saved = now;
    memcpy(message->base, part->base, sizeof message->base);
    mp_maildir_info_make(message->info, "", part->flags);
}

/* Rows of all parts; a group's files are placed after the commit. */
static int32_t add_rows(mp_maildir *m, mp_mailbox *box, mp_upload *upload, mp_keywords *keywords, uint64_t modseq)
{
    int64_t now = mp_maildir_now_ns(m) / 1000000000;
    mp_message message;
    int32_t result = 0;

    for (mp_part *part = upload->first; part && !result; part = part->next) {
        fill(part, modseq, now, &message);
        result = keywords_of(m, box, keywords, part->keywords, &message);
        if (!result)
            result = mp_maildir_message_add(m, box, &message);
        part->uid = message.uid;
        part->modseq = modseq;
    }
    return result;
}

/* ---- one message: placed before the commit, which makes it a message ---- */

static int32_t place_one(mp_maildir *m, const mp_mailbox *box, mp_upload *upload, char *path)
{
    char from[MP_PATH_MAX], folder[MP_PATH_MAX];
    mp_part *part = upload->first;
    mp_message message;
    int error;

    fill(part, 0, 0, &message);
    if (!mp_maildir_part_path(m, from, upload->directory, part) || !mp_maildir_message_path(m, path, box, &message) ||
        !mp_maildir_path(m, folder, box->directory, "cur", ""))
        return MAILPROTO_ERR_LIMIT;
    error = m->files.rename(m->files.user, from, path);
    if (error)
        return mp_maildir_file_error(m, error, "placing", path);
    part->made = 0;
    error = mp_maildir_sync_directory(m, folder);
    if (!error)
        return 0;
    (void)m->files.unlink(m->files.user, path);
    path[0] = 0;
    return mp_maildir_file_error(m, error, "syncing", folder);
}

/* ---- a group: the commit decides, the files follow ---- */

static int32_t plan_group(mp_maildir *m, const mp_mailbox *box, const mp_upload *upload)
{
    mp_todo todo = {.kind = MP_TODO_PLACE, .mailbox = box->id};
    char folder[MP_PATH_MAX];
    int32_t result = 0;
    int error;

    if (!mp_maildir_path(m, folder, upload->directory, "tmp", ""))
        return MAILPROTO_ERR_LIMIT;
    error = mp_maildir_sync_directory(m, folder); /* the names in tmp/, which the commit speaks of */
    if (error)
        return mp_maildir_file_error(m, error, "syncing", folder);
    for (const mp_part *part = upload->first; part && !result; part = part->next) {
        memcpy(todo.base, part->base, sizeof todo.base);
        memcpy(todo.source_base, part->name, sizeof todo.source_base);
        snprintf(todo.source, sizeof todo.source, "%s%stmp/%s", upload->directory, *upload->directory ? "/" : "",
                 part->name);
        result = mp_maildir_todo_add(m, &todo);
    }
    return result;
}

static int32_t in_transaction(mp_maildir *m, mp_upload *upload, mp_keywords *keywords, mp_mailbox *box, char *placed)
{
    mp_own_change change;
    mp_mailbox before;
    uint64_t octets = 0, modseq, mailbox = upload->mailbox;
    int32_t result = mp_maildir_resolve(m, &mailbox);

    if (!result)
        result = mp_maildir_selectable(m, mailbox, box);

    before = *box;
    for (const mp_part *part = upload->first; part; part = part->next)
        octets += part->size + part->bare;
    if (!result)
        result = mp_maildir_quota_allows(m, octets, upload->count, 0);
    if (!result)
        result = mp_keywords_load(m, box->id, keywords);
    if (!result)
        result = mp_maildir_new_modseq(m, &modseq);
    if (result)
        return result;
    mp_maildir_own_begin(m, box, &change);
    result = upload->count == 1 ? place_one(m, box, upload, placed) : plan_group(m, box, upload);
    if (!result)
        result = add_rows(m, box, upload, keywords, modseq);
    box->modseq = modseq;
    if (!result)
        result = mp_maildir_mailbox_save(m, box, &before);
    return result ? result : mp_maildir_own_end(m, box, &change);
}

/* After the commit the files of a group belong to the index, whether they could be placed already or not. */
static void belongs(mp_upload *upload)
{
    for (mp_part *part = upload->first; part; part = part->next)
        part->made = 0;
}

int32_t mp_maildir_append(mp_maildir *m, mp_upload *upload, uint32_t *uidvalidity)
{
    char placed[MP_PATH_MAX] = "";
    mp_keywords keywords = {0};
    mp_mailbox box;
    int32_t result = mp_maildir_write(m, 1);

    if (result)
        return result;
    result = in_transaction(m, upload, &keywords, &box, placed);
    if (result)
        mp_maildir_rollback(m);
    else
        result = mp_maildir_commit(m);
    mp_keywords_free(&keywords);
    if (result && placed[0])
        (void)m->files.unlink(m->files.user, placed);
    if (result)
        return result;
    belongs(upload);
    *uidvalidity = box.uidvalidity;
    if (upload->count > 1)
        mp_maildir_todo_now(m, box.id, 0);
    return 0;
}
