/* maildir_snapshot.c - what an answer consists of, gathered before any of it is given: who takes an item may ask again.
 * RFC 7162 3.1.4, 3.2.5. */
#include <stdlib.h>
#include <string.h>

#include "maildir.h"

/* Keywords of the rows, in blocks that do not move. */
struct mp_text_block {
    struct mp_text_block *next;
    size_t used;
    char text[4096];
};

mp_snapshot *mp_maildir_snapshot_new(mp_maildir *m)
{
    mp_snapshot *snapshot = calloc(1, sizeof *snapshot);

    if (snapshot)
        snapshot->id = ++m->next_id;
    return snapshot;
}

void mp_maildir_snapshot_end(mp_snapshot *snapshot)
{
    if (!snapshot)
        return;
    while (snapshot->texts) {
        struct mp_text_block *block = snapshot->texts;

        snapshot->texts = block->next;
        free(block);
    }
    mp_keywords_free(&snapshot->keywords);
    free(snapshot->rows);
    free(snapshot->vanished);
    free(snapshot->modified);
    free(snapshot);
}

static int32_t no_memory(mp_maildir *m)
{
    return mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");
}

static void *grown(void *items, size_t count, size_t *room, size_t size)
{
    size_t wanted = *room ? 2 * *room : 64;
    void *more;

    if (count < *room)
        return items;
    more = realloc(items, wanted * size);
    if (more)
        *room = wanted;
    return more;
}

const char *mp_snapshot_text(mp_snapshot *snapshot, const void *text, size_t len)
{
    struct mp_text_block *block = snapshot->texts;
    char *at;

    if (len >= sizeof block->text)
        return NULL;
    if (!block || sizeof block->text - block->used < len + 1) {
        block = malloc(sizeof *block);
        if (!block)
            return NULL;
        block->next = snapshot->texts;
        block->used = 0;
        snapshot->texts = block;
    }
    at = block->text + block->used;
    memcpy(at, text, len);
    at[len] = 0;
    block->used += len + 1;
    return at;
}

mp_row *mp_snapshot_row(mp_snapshot *snapshot)
{
    mp_row *rows = grown(snapshot->rows, snapshot->count, &snapshot->room, sizeof *rows);

    if (!rows)
        return NULL;
    snapshot->rows = rows;
    return &rows[snapshot->count++];
}

int32_t mp_snapshot_message(mp_maildir *m, mp_snapshot *snapshot, const mp_message *message)
{
    mp_row *row = mp_snapshot_row(snapshot);

    if (!row)
        return no_memory(m);
    *row = (mp_row){.modseq = message->modseq, .date = message->date, .saved = message->saved, .uid = message->uid};
    row->flags = (uint8_t)message->flags;
    row->zone = (int16_t)message->zone;
    row->size = message->size;
    if (!message->keywords[0])
        return 0;
    row->keywords = mp_snapshot_text(snapshot, message->keywords, strlen(message->keywords));
    return row->keywords ? 0 : no_memory(m);
}

int32_t mp_snapshot_vanished(mp_maildir *m, mp_snapshot *snapshot, uint32_t first, uint32_t last, uint64_t modseq)
{
    mp_vanished *more = grown(snapshot->vanished, snapshot->vanished_count, &snapshot->vanished_room, sizeof *more);

    if (!more)
        return no_memory(m);
    snapshot->vanished = more;
    more[snapshot->vanished_count++] = (mp_vanished){first, last, modseq};
    return 0;
}

int32_t mp_snapshot_modified(mp_maildir *m, mp_snapshot *snapshot, uint32_t uid)
{
    uint32_t *more = grown(snapshot->modified, snapshot->modified_count, &snapshot->modified_room, sizeof *more);

    if (!more)
        return no_memory(m);
    snapshot->modified = more;
    more[snapshot->modified_count++] = uid;
    return 0;
}

/* ---- giving ---- */

int32_t mp_snapshot_give_vanished(mailproto_store_asker *asker, uint64_t token, const mp_snapshot *snapshot)
{
    int32_t enough = 0;

    for (size_t i = 0; i < snapshot->vanished_count && !enough; i++) {
        mailproto_store_uids item = {.head = {sizeof item, MAILPROTO_STORE_VANISHED, token}};

        item.first = snapshot->vanished[i].first;
        item.last = snapshot->vanished[i].last;
        item.modseq = snapshot->vanished[i].modseq;
        enough = mailproto_store_give(asker, token, &item.head);
    }
    return enough;
}

int32_t mp_snapshot_give_row(mailproto_store_asker *asker, uint64_t token, const mp_snapshot *snapshot,
                             const mp_row *row, mailproto_store_keyword *nodes)
{
    mailproto_store_message item = {.head = {sizeof item, MAILPROTO_STORE_MESSAGE, token}};

    item.uid = row->uid;
    item.flags = row->flags;
    item.modseq = row->modseq;
    item.size = row->size;
    item.internal_date = row->date;
    item.zone = row->zone;
    item.has_save_date = row->saved != INT64_MIN;
    item.save_date = item.has_save_date ? row->saved : 0;
    item.keywords = row->keywords ? mp_keywords_items(&snapshot->keywords, row->keywords, nodes) : NULL;
    return mailproto_store_give(asker, token, &item.head);
}

static int32_t give_modified(mailproto_store_asker *asker, uint64_t token, const mp_snapshot *snapshot)
{
    int32_t enough = 0;

    for (size_t i = 0, j; i < snapshot->modified_count && !enough; i = j) {
        mailproto_store_uids item = {.head = {sizeof item, MAILPROTO_STORE_MODIFIED, token}};

        for (j = i + 1; j < snapshot->modified_count && snapshot->modified[j] == snapshot->modified[j - 1] + 1;)
            j++;
        item.first = snapshot->modified[i];
        item.last = snapshot->modified[j - 1];
        enough = mailproto_store_give(asker, token, &item.head);
    }
    return enough;
}

int32_t mp_snapshot_answer(mp_maildir *m, mailproto_store_asker *asker, uint64_t token, mp_snapshot *snapshot)
{
    mailproto_store_keyword *nodes = malloc(MP_KEYWORDS_MAX * sizeof *nodes);
    int32_t enough = 0;

    if (!nodes) {
        mp_maildir_snapshot_end(snapshot);
        return mp_maildir_fail(m, asker, token, MAILPROTO_ERR_NOMEM);
    }
    for (size_t i = 0; i < snapshot->count && !enough; i++)
        enough = mp_snapshot_give_row(asker, token, snapshot, &snapshot->rows[i], nodes);
    if (!enough)
        enough = give_modified(asker, token, snapshot);
    if (!enough)
        enough = mp_snapshot_give_vanished(asker, token, snapshot);
    free(nodes);
    mp_maildir_snapshot_end(snapshot);
    (void)mp_maildir_done(asker, token, enough);
    return 0;
}
