/* maildir_changes.c - CHANGES: what became of a mailbox behind a cursor, in pages that all show one moment.
 * RFC 7162 3.1.4 (CHANGEDSINCE), 3.2.5 (VANISHED). Everything is gathered before anything is given: who takes an item may
 * ask again. */
#include <stdlib.h>

#include "maildir.h"

static void take_out(mp_opening *opening, const mp_snapshot *snapshot)
{
    for (mp_snapshot **at = &opening->snapshots; *at; at = &(*at)->next) {
        if (*at == snapshot) {
            *at = snapshot->next;
            return;
        }
    }
}

/* ---- gathering ---- */

static int32_t no_memory(mp_maildir *m)
{
    return mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");
}

static int32_t add_row(mp_maildir *m, mp_snapshot *snapshot, sqlite3_stmt *s)
{
    mp_row *row = mp_snapshot_row(snapshot);

    if (!row)
        return no_memory(m);
    *row = (mp_row){.uid = (uint32_t)sqlite3_column_int64(s, 0), .flags = (uint8_t)sqlite3_column_int(s, 1)};
    row->modseq = (uint64_t)sqlite3_column_int64(s, 3);
    row->size = (uint64_t)sqlite3_column_int64(s, 4);
    row->date = sqlite3_column_int64(s, 5);
    row->zone = (int16_t)sqlite3_column_int(s, 6);
    row->saved = sqlite3_column_type(s, 7) == SQLITE_NULL ? INT64_MIN : sqlite3_column_int64(s, 7);
    if (sqlite3_column_type(s, 2) == SQLITE_NULL)
        return 0;
    row->keywords = mp_snapshot_text(snapshot, sqlite3_column_text(s, 2), (size_t)sqlite3_column_bytes(s, 2));
    return row->keywords ? 0 : no_memory(m);
}

/* Messages first..last that are newer than `since`. A cursor near the last is answered from the index by modseq. */
static int32_t gather_run(mp_maildir *m, mp_snapshot *snapshot, const mp_mailbox *box, uint64_t since, uint32_t first,
                          uint32_t last)
{
    int whole = first == 1 && last == UINT32_MAX && since;
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, whole ? MP_SQL_CHANGED_PLAIN : MP_SQL_MESSAGES_PLAIN, &result);

    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)box->id);
    if (whole)
        sqlite3_bind_int64(s, 2, since > INT64_MAX ? INT64_MAX : (sqlite3_int64)since);
    else
        sqlite3_bind_int64(s, 2, first);
    if (!whole)
        sqlite3_bind_int64(s, 3, last);
    while ((result = mp_sql_step(m, s)) > 0) {
        if ((uint64_t)sqlite3_column_int64(s, 3) <= since)
            continue;
        result = add_row(m, snapshot, s);
        if (result)
            break;
    }
    sqlite3_reset(s);
    return result;
}

/* A run, as far as it is in the UIDs that are asked for. Both lists rise. */
static int32_t clip(mp_maildir *m, mp_snapshot *snapshot, const mailproto_store_run *uids, const mp_vanished *run)
{
    int32_t result = 0;

    if (!uids)
        return mp_snapshot_vanished(m, snapshot, run->first, run->last, run->modseq);
    for (; uids && uids->first <= run->last && !result; uids = uids->next) {
        uint32_t first = uids->first > run->first ? uids->first : run->first;
        uint32_t last = uids->last < run->last ? uids->last : run->last;

        if (first <= last)
            result = mp_snapshot_vanished(m, snapshot, first, last, run->modseq);
    }
    return result;
}

static int32_t gather_vanished(mp_maildir *m, mp_snapshot *snapshot, const mp_mailbox *box,
                               const mailproto_store_changes *question)
{
    const mailproto_store_run *uids = question->uids;
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_VANISHED, &result);

    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)box->id);
    sqlite3_bind_int64(s, 2, question->since > INT64_MAX ? INT64_MAX : (sqlite3_int64)question->since);
    while ((result = mp_sql_step(m, s)) > 0) {
        mp_vanished run = {(uint32_t)sqlite3_column_int64(s, 0), (uint32_t)sqlite3_column_int64(s, 1),
                           (uint64_t)sqlite3_column_int64(s, 2)};

        while (uids && uids->last < run.first)
            uids = uids->next;
        if (question->uids && !uids)
            continue;
        result = clip(m, snapshot, uids, &run);
        if (result)
            break;
    }
    sqlite3_reset(s);
    return result;
}

static int32_t gather_all(mp_maildir *m, mp_snapshot *snapshot, const mp_mailbox *box,
                          const mailproto_store_changes *question)
{
    int32_t result = mp_keywords_load(m, box->id, &snapshot->keywords);

    if (!result && question->since)
        result = gather_vanished(m, snapshot, box, question);
    if (!result && !question->uids)
        result = gather_run(m, snapshot, box, question->since, 1, UINT32_MAX);
    for (const mailproto_store_run *run = question->uids; run && !result; run = run->next)
        result = gather_run(m, snapshot, box, question->since, run->first, run->last);
    return result;
}

/* A cursor that was told with changes that a loss of power undid: what it stands for is not known. */
static int32_t is_lost(mp_maildir *m, uint64_t since)
{
    int64_t value = since > INT64_MAX ? INT64_MAX : (int64_t)since, lost = 0;
    int32_t result = mp_sql_number(m, MP_SQL_LOST, 1, &value, 0, &lost);

    if (!result && lost)
        return mp_maildir_error(m, MAILPROTO_ERR_RESYNC, "the cursor was told before a loss of power");
    return result;
}

/* One transaction: one moment. */
static int32_t gather(mp_maildir *m, mp_snapshot *snapshot, uint64_t mailbox, const mailproto_store_changes *question)
{
    mp_mailbox box;
    int32_t result = mp_maildir_ready(m);

    if (!result)
        result = mp_maildir_selectable(m, mailbox, &box);
    if (!result)
        result = mp_maildir_look(m, &box, MP_LOOK_POLL);
    if (!result)
        result = mp_maildir_read(m);
    if (result)
        return result;
    result = mp_maildir_selectable(m, mailbox, &box);
    if (!result)
        result = mp_maildir_cursor(m, &box, &snapshot->cursor);
    if (!result && question->since)
        result = is_lost(m, question->since);
    if (!result && question->since && question->since < box.horizon)
        result = mp_maildir_error(m, MAILPROTO_ERR_RESYNC, "what was expunged so long ago is no longer remembered");
    if (!result && question->since < box.modseq)
        result = gather_all(m, snapshot, &box, question);
    mp_maildir_read_end(m);
    return result;
}

/* ---- giving ---- */

static int32_t give_page(mailproto_store_asker *asker, uint64_t token, mp_snapshot *snapshot, uint32_t want,
                         mailproto_store_keyword *nodes)
{
    size_t end = want && want < snapshot->count - snapshot->at ? snapshot->at + want : snapshot->count;
    int32_t enough = 0;

    while (snapshot->at < end && !enough)
        enough = mp_snapshot_give_row(asker, token, snapshot, &snapshot->rows[snapshot->at++], nodes);
    return enough;
}

static int32_t give_cursor(mailproto_store_asker *asker, uint64_t token, const mp_snapshot *snapshot)
{
    mailproto_store_cursor item = {.head = {sizeof item, MAILPROTO_STORE_CURSOR, token}};

    item.cursor = snapshot->cursor;
    item.more = snapshot->at < snapshot->count;
    item.snapshot = item.more ? snapshot->id : 0;
    return mailproto_store_give(asker, token, &item.head);
}

/* The snapshot is in no list meanwhile: what is called may close the mailbox. */
static int32_t answer(mp_maildir *m, mailproto_store_asker *asker, const mailproto_store_changes *question,
                      mp_snapshot *snapshot, int first)
{
    mailproto_store_keyword *nodes = malloc(MP_KEYWORDS_MAX * sizeof *nodes);
    uint64_t token = question->head.token, id = snapshot->id;
    mp_opening *opening;
    int32_t enough, heard;
    int more;

    if (!nodes) {
        mp_maildir_snapshot_end(snapshot);
        return mp_maildir_fail(m, asker, token, MAILPROTO_ERR_NOMEM);
    }
    enough = first ? mp_snapshot_give_vanished(asker, token, snapshot) : 0;
    if (!enough)
        enough = give_page(asker, token, snapshot, question->want, nodes);
    free(nodes);
    if (!enough)
        enough = give_cursor(asker, token, snapshot);
    more = (!enough || enough == MAILPROTO_STORE_ENOUGH) && snapshot->at < snapshot->count;
    opening = mp_maildir_opening_find(m, question->opening);
    if (more && opening) {
        snapshot->next = opening->snapshots;
        opening->snapshots = snapshot;
    }
    heard = mp_maildir_done(asker, token, enough);
    if (!more || !opening) {
        mp_maildir_snapshot_end(snapshot);
    } else if (heard) { /* nobody was told of it */
        mailproto_store_snapshot_end end = {.opening = question->opening, .snapshot = id};

        mp_maildir_ask_snapshot_end(m, asker, &end);
    }
    return 0;
}

int32_t mp_maildir_ask_changes(void *user, mailproto_store_asker *asker, const mailproto_store_changes *question)
{
    mp_maildir *m = user;
    mp_opening *opening = mp_maildir_opening_find(m, question->opening);
    mp_snapshot *snapshot;
    int32_t result;

    m->sentence[0] = 0;
    if (!opening)
        return mp_maildir_fail(m, asker, question->head.token, MAILPROTO_ERR_NOT_FOUND);
    if (question->snapshot) {
        for (snapshot = opening->snapshots; snapshot && snapshot->id != question->snapshot;)
            snapshot = snapshot->next;
        if (!snapshot)
            return mp_maildir_fail(m, asker, question->head.token, MAILPROTO_ERR_RESYNC);
        take_out(opening, snapshot);
        return answer(m, asker, question, snapshot, 0);
    }
    snapshot = mp_maildir_snapshot_new(m);
    if (!snapshot)
        return MAILPROTO_ERR_NOMEM;
    result = gather(m, snapshot, opening->mailbox, question);
    if (!result)
        return answer(m, asker, question, snapshot, 1);
    mp_maildir_snapshot_end(snapshot);
    return mp_maildir_fail(m, asker, question->head.token, result);
}

int32_t mp_maildir_ask_snapshot_end(void *user, mailproto_store_asker *asker,
                                    const mailproto_store_snapshot_end *question)
{
    mp_opening *opening = mp_maildir_opening_find(user, question->opening);

    (void)asker;
    for (mp_snapshot *snapshot = opening ? opening->snapshots : NULL; snapshot; snapshot = snapshot->next) {
        if (snapshot->id != question->snapshot)
            continue;
        take_out(opening, snapshot);
        mp_maildir_snapshot_end(snapshot);
        break;
    }
    return 0;
}
