/* maildir_rows.c - mailboxes and messages of the index as structs, with the counts that belong to them.
 * RFC 9051 2.3.1.1: UIDs rise; RFC 7162 3.2.5.2: what vanished is kept as runs. */
#include <stdio.h>
#include <string.h>

#include "maildir.h"

static int32_t too_long(mp_maildir *m)
{
    return mp_maildir_sql_error(m, SQLITE_CORRUPT, "reading the index");
}

int32_t mp_maildir_mailbox(mp_maildir *m, uint64_t id, mp_mailbox *box)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_MAILBOX, &result);

    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)id);
    result = mp_sql_step(m, s);
    if (result < 0)
        return result;
    if (!result)
        return mp_maildir_error(m, MAILPROTO_ERR_NOT_FOUND, "there is no such mailbox");
    *box = (mp_mailbox){.id = (uint64_t)sqlite3_column_int64(s, 0)};
    result = mp_sql_text(s, 1, box->key, sizeof box->key) && mp_sql_text(s, 2, box->directory, sizeof box->directory)
                 ? 0
                 : too_long(m);
    if (sqlite3_column_type(s, 2) == SQLITE_NULL)
        memcpy(box->directory, ".", 2);
    box->uidvalidity = (uint32_t)sqlite3_column_int64(s, 3);
    box->uidnext = (uint32_t)sqlite3_column_int64(s, 4);
    box->modseq = (uint64_t)sqlite3_column_int64(s, 5);
    box->horizon = (uint64_t)sqlite3_column_int64(s, 6);
    box->attributes = (uint32_t)sqlite3_column_int64(s, 7);
    box->messages = (uint32_t)sqlite3_column_int64(s, 8);
    box->octets = (uint64_t)sqlite3_column_int64(s, 9);
    box->unseen = (uint32_t)sqlite3_column_int64(s, 10);
    box->deleted = (uint32_t)sqlite3_column_int64(s, 11);
    box->deleted_octets = (uint64_t)sqlite3_column_int64(s, 12);
    box->new_mtime = sqlite3_column_int64(s, 13);
    box->new_settled = sqlite3_column_int(s, 14);
    box->cur_mtime = sqlite3_column_int64(s, 15);
    box->cur_settled = sqlite3_column_int(s, 16);
    box->cur_scanned = sqlite3_column_int64(s, 17);
    box->cur_cost = sqlite3_column_int64(s, 18);
    box->scan_epoch = (uint64_t)sqlite3_column_int64(s, 19);
    sqlite3_reset(s);
    return result;
}

int32_t mp_maildir_selectable(mp_maildir *m, uint64_t id, mp_mailbox *box)
{
    int32_t result = mp_maildir_mailbox(m, id, box);

    if (!result && box->attributes & MAILPROTO_MAILBOX_NOSELECT)
        return mp_maildir_error(m, MAILPROTO_ERR_NOT_FOUND, "the mailbox is only a name for those below it");
    return result;
}

int32_t mp_maildir_mailbox_save(mp_maildir *m, const mp_mailbox *box, const mp_mailbox *before)
{
    int64_t values[] = {(int64_t)box->id,     box->uidnext, (int64_t)box->modseq, box->messages,
                        (int64_t)box->octets, box->unseen,  box->deleted,         (int64_t)box->deleted_octets};
    int64_t sums[] = {(int64_t)box->messages - (int64_t)before->messages, (int64_t)(box->octets - before->octets)};
    int32_t result = mp_sql_do(m, MP_SQL_MAILBOX_NUMBERS, 8, values);

    if (!result && (sums[0] || sums[1]))
        result = mp_sql_do(m, MP_SQL_ACCOUNT_SUMS, 2, sums);
    return result;
}

/* ---- messages ---- */

int32_t mp_maildir_message_columns(mp_maildir *m, sqlite3_stmt *s, mp_message *message)
{
    message->uid = (uint32_t)sqlite3_column_int64(s, 0);
    message->in_new = sqlite3_column_type(s, 2) == SQLITE_NULL;
    message->flags = (uint32_t)sqlite3_column_int64(s, 3);
    message->modseq = (uint64_t)sqlite3_column_int64(s, 5);
    message->size = (uint64_t)sqlite3_column_int64(s, 6);
    message->octets = (uint64_t)sqlite3_column_int64(s, 7);
    message->date = sqlite3_column_int64(s, 8);
    message->zone = (int32_t)sqlite3_column_int64(s, 9);
    message->state = (uint32_t)sqlite3_column_int64(s, 10);
    message->saved = sqlite3_column_type(s, 11) == SQLITE_NULL ? INT64_MIN : sqlite3_column_int64(s, 11);
    if (!mp_sql_text(s, 1, message->base, sizeof message->base) ||
        !mp_sql_text(s, 2, message->info, sizeof message->info) ||
        !mp_sql_text(s, 4, message->keywords, sizeof message->keywords))
        return too_long(m);
    return 0;
}

int32_t mp_maildir_message(mp_maildir *m, uint64_t mailbox, uint32_t uid, mp_message *message)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_MESSAGES, &result);

    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)mailbox);
    sqlite3_bind_int64(s, 2, uid);
    sqlite3_bind_int64(s, 3, uid);
    result = mp_sql_step(m, s);
    if (result < 0)
        return result;
    if (!result)
        return mp_maildir_error(m, MAILPROTO_ERR_GONE, "the message was removed");
    result = mp_maildir_message_columns(m, s, message);
    sqlite3_reset(s);
    return result;
}

void mp_maildir_uncount(mp_mailbox *box, const mp_message *message)
{
    box->messages--;
    box->octets -= message->size;
    if (!(message->flags & MAILPROTO_FLAG_SEEN))
        box->unseen--;
    if (message->flags & MAILPROTO_FLAG_DELETED) {
        box->deleted--;
        box->deleted_octets -= message->size;
    }
}

void mp_maildir_count(mp_mailbox *box, const mp_message *message)
{
    box->messages++;
    box->octets += message->size;
    if (!(message->flags & MAILPROTO_FLAG_SEEN))
        box->unseen++;
    if (message->flags & MAILPROTO_FLAG_DELETED) {
        box->deleted++;
        box->deleted_octets += message->size;
    }
}

static void bind_info(sqlite3_stmt *s, int at, const mp_message *message)
{
    if (message->in_new)
        sqlite3_bind_null(s, at);
    else
        mp_sql_bind_text(s, at, message->info);
}

static void bind_keywords(sqlite3_stmt *s, int at, const mp_message *message)
{
    if (message->keywords[0])
        mp_sql_bind_text(s, at, message->keywords);
    else
        sqlite3_bind_null(s, at);
}

int32_t mp_maildir_message_add(mp_maildir *m, mp_mailbox *box, mp_message *message)
{
    int32_t result;
    sqlite3_stmt *s;

    if (box->uidnext == UINT32_MAX)
        return mp_maildir_error(m, MAILPROTO_ERR_LIMIT,
                                "the mailbox has used up its UIDs: move its messages to a new one");
    message->uid = box->uidnext++;
    s = mp_sql(m, MP_SQL_MESSAGE_INSERT, &result);
    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)box->id);
    sqlite3_bind_int64(s, 2, message->uid);
    mp_sql_bind_text(s, 3, message->base);
    bind_info(s, 4, message);
    sqlite3_bind_int64(s, 5, message->flags);
    bind_keywords(s, 6, message);
    sqlite3_bind_int64(s, 7, (sqlite3_int64)message->modseq);
    sqlite3_bind_int64(s, 8, (sqlite3_int64)message->size);
    sqlite3_bind_int64(s, 9, (sqlite3_int64)message->octets);
    sqlite3_bind_int64(s, 10, message->date);
    sqlite3_bind_int64(s, 11, message->zone);
    sqlite3_bind_int64(s, 12, message->state);
    if (message->saved != INT64_MIN)
        sqlite3_bind_int64(s, 13, message->saved);
    mp_maildir_count(box, message);
    return mp_sql_run(m, s);
}

int32_t mp_maildir_message_save(mp_maildir *m, uint64_t mailbox, const mp_message *message)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_MESSAGE_FLAGS, &result);

    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)mailbox);
    sqlite3_bind_int64(s, 2, message->uid);
    sqlite3_bind_int64(s, 3, message->flags);
    bind_keywords(s, 4, message);
    sqlite3_bind_int64(s, 5, (sqlite3_int64)message->modseq);
    bind_info(s, 6, message);
    return mp_sql_run(m, s);
}

int32_t mp_maildir_message_remove(mp_maildir *m, mp_mailbox *box, const mp_message *message, int file)
{
    int64_t values[] = {(int64_t)box->id, message->uid};
    int32_t result = mp_sql_do(m, MP_SQL_MESSAGE_DELETE, 2, values);
    sqlite3_stmt *s;

    if (!result)
        result = mp_sql_do(m, MP_SQL_BLOB_DELETE, 2, values);
    mp_maildir_uncount(box, message);
    if (result || !file)
        return result;
    s = mp_sql(m, MP_SQL_REMOVED_INSERT, &result);
    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)box->id);
    mp_sql_bind_text(s, 2, message->base);
    return mp_sql_run(m, s);
}

/* ---- what vanished ---- */

static int32_t keep_run(mp_maildir *m, uint64_t mailbox, uint32_t first, uint32_t last, uint64_t modseq)
{
    int64_t values[] = {(int64_t)mailbox, first, last, (int64_t)modseq};

    return mp_sql_do(m, MP_SQL_VANISHED_INSERT, 4, values);
}

/* What is beyond the number of runs that are kept is forgotten, and the horizon rises. */
static int32_t forget_old(mp_maildir *m, mp_mailbox *box)
{
    int64_t count = 0, modseq = 0, values[2] = {(int64_t)box->id, 0};
    int32_t result = mp_sql_number(m, MP_SQL_VANISHED_COUNT, 1, values, 0, &count);

    if (result || count <= (int64_t)m->remember)
        return result;
    values[1] = count - m->remember - 1 + m->remember / 8; /* some more, to do it seldom */
    if (values[1] >= count)
        values[1] = count - 1;
    result = mp_sql_number(m, MP_SQL_VANISHED_OLDEST, 2, values, 0, &modseq);
    values[1] = modseq;
    if (!result)
        result = mp_sql_do(m, MP_SQL_VANISHED_FORGET, 2, values);
    if (!result)
        result = mp_sql_do(m, MP_SQL_MAILBOX_HORIZON, 2, values);
    box->horizon = (uint64_t)modseq;
    return result;
}

int32_t mp_maildir_vanish(mp_maildir *m, mp_mailbox *box, const uint32_t *uids, size_t count, uint64_t modseq)
{
    int32_t result = 0;

    for (size_t i = 0, j; i < count && !result; i = j) {
        for (j = i + 1; j < count && uids[j] == uids[j - 1] + 1;)
            j++;
        result = keep_run(m, box->id, uids[i], uids[j - 1], modseq);
    }
    return result ? result : forget_old(m, box);
}
