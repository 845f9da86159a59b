/* memory_openings.c - what is open on mailboxes of the store in memory, their counts, and the feed of changes.
 * RFC 9051 6.3.2 and 6.3.11, RFC 7162 3.1 and 3.2: all pages of an answer show one moment. */
#include "memory.h"

#include <string.h>

/* ---- OPEN, CLOSE ---- */

static struct opening *find(const memory *m, uint64_t id)
{
    struct opening *o = m->openings;

    while (o && o->id != id)
        o = o->next;
    return o;
}

static void snapshot_free(memory *m, struct snapshot *s)
{
    mp_memory_entries_free(m, &s->entries);
    mp_memory_free(m, s, sizeof *s);
}

/* One whose items are being given goes when that is over. */
static void snapshot_drop(memory *m, struct snapshot *s)
{
    if (s->busy)
        s->dead = 1;
    else
        snapshot_free(m, s);
}

static void close_opening(memory *m, uint64_t id)
{
    struct opening **link = &m->openings, *o;

    while ((o = *link) && o->id != id)
        link = &o->next;
    if (!o)
        return;
    *link = o->next;
    while (o->snapshots) {
        struct snapshot *s = o->snapshots;

        o->snapshots = s->next;
        snapshot_drop(m, s);
    }
    mp_memory_free(m, o, sizeof *o);
}

void mp_memory_openings_free(memory *m)
{
    while (m->openings)
        close_opening(m, m->openings->id);
    while (m->pins) {
        struct pin *pin = m->pins;

        m->pins = pin->next;
        mp_memory_body_release(m, pin->body);
        mp_memory_free(m, pin, sizeof *pin);
    }
}

static int is_locked(const memory *m, uint64_t mailbox)
{
    for (const struct opening *o = m->openings; o; o = o->next)
        if (o->mailbox == mailbox && o->mode == MAILPROTO_STORE_EXCLUSIVE)
            return 1;
    return 0;
}

static int32_t tell_opened(memory *m, mailproto_store_asker *asker, uint64_t token, const struct mailbox *box,
                           uint64_t id)
{
    const mailproto_store_opened opened = {
        .head = {sizeof opened, MAILPROTO_STORE_OPENED, token},
        .opening = id,
        .cursor = box->highest,
        .uidvalidity = box->uidvalidity,
        .uidnext = box->uidnext,
        .messages = (uint32_t)box->count,
        .rights = m->config.rights,
    };
    const struct words words = box->words;
    mailproto_store_keyword links[KEYWORDS_MAX];
    int32_t result = mailproto_store_give(asker, token, &opened.head);

    for (const mailproto_store_keyword *k = mp_memory_words_list(m, &words, links); k && !result; k = k->next) {
        const mailproto_store_keyword_item item = {{sizeof item, MAILPROTO_STORE_KEYWORD, token}, k->name};

        result = mailproto_store_give(asker, token, &item.head);
    }
    return result < 0 ? result : mailproto_store_done(asker, token);
}

int32_t mp_memory_open(void *user, mailproto_store_asker *asker, const mailproto_store_open *q)
{
    memory *m = user;
    struct mailbox *box = mp_memory_mailbox(m, q->mailbox);
    struct opening *o;
    uint64_t id;

    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    if (q->mode < MAILPROTO_STORE_READ_ONLY || q->mode > MAILPROTO_STORE_EXCLUSIVE)
        return MAILPROTO_ERR_ARG;
    if (q->mode == MAILPROTO_STORE_EXCLUSIVE && is_locked(m, box->id))
        return MAILPROTO_ERR_BUSY;
    o = mp_memory_alloc(m, sizeof *o);
    if (!o)
        return m->lacking;
    *o = (struct opening){.next = m->openings, .id = id = mp_memory_id(m), .mailbox = box->id, .mode = q->mode};
    m->openings = o;
    if (tell_opened(m, asker, q->head.token, box, id) < 0)
        close_opening(m, id); /* it was cancelled: nobody will close it */
    return MAILPROTO_OK;
}

int32_t mp_memory_close(void *user, mailproto_store_asker *asker, const mailproto_store_close *q)
{
    (void)asker;
    close_opening(user, q->opening);
    return MAILPROTO_OK;
}

/* ---- STATUS, AUTHORISE ---- */

int32_t mp_memory_status(void *user, mailproto_store_asker *asker, const mailproto_store_status *q)
{
    memory *m = user;
    const struct mailbox *box = mp_memory_mailbox(m, q->mailbox);
    mailproto_store_status_item item = {.head = {sizeof item, MAILPROTO_STORE_STATUS_ITEM, q->head.token}};

    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    item.messages = (uint32_t)box->count;
    item.uidnext = box->uidnext;
    item.uidvalidity = box->uidvalidity;
    item.cursor = box->highest;
    for (const struct record *r = box->records; r && r < box->records + box->count; r++) {
        item.unseen += !(r->flags & MAILPROTO_FLAG_SEEN);
        item.size += r->size;
        if (r->flags & MAILPROTO_FLAG_DELETED) {
            item.deleted++;
            item.deleted_size += r->size;
        }
    }
    if (mailproto_store_give(asker, q->head.token, &item.head) >= 0)
        (void)mailproto_store_done(asker, q->head.token);
    return MAILPROTO_OK;
}

int32_t mp_memory_authorise(void *user, mailproto_store_asker *asker, const mailproto_store_authorise *q)
{
    memory *m = user;
    int32_t result = q->rights & ~m->config.rights ? MAILPROTO_ERR_DENIED : MAILPROTO_OK;

    if (!result && m->config.authorise)
        result = m->config.authorise(m->config.user, q->mailbox, q->name.ptr, q->name.len, q->rights);
    if (result < 0)
        return result;
    (void)mailproto_store_done(asker, q->head.token);
    return MAILPROTO_OK;
}

/* ---- CHANGES ---- */

/* The runs that were removed behind `since`, as far as they are asked for. */
static int32_t add_vanished(memory *m, struct entries *e, const struct mailbox *box, uint64_t since,
                            const mailproto_store_run *uids)
{
    for (size_t i = 0; i < box->gone_count; i++) {
        const struct gone *gone = &box->gone[i];

        if (gone->modseq <= since)
            continue;
        for (const mailproto_store_run *run = uids; run && run->first <= gone->last; run = run->next) {
            struct entry *entry;

            if (run->last < gone->first)
                continue;
            entry = mp_memory_entry(m, e, MAILPROTO_STORE_VANISHED);
            if (!entry)
                return m->lacking;
            entry->first = run->first > gone->first ? run->first : gone->first;
            entry->last = run->last < gone->last ? run->last : gone->last;
            entry->modseq = gone->modseq;
        }
    }
    return MAILPROTO_OK;
}

static int32_t add_messages(memory *m, struct entries *e, const struct mailbox *box, uint64_t since,
                            const mailproto_store_run *uids)
{
    for (const mailproto_store_run *run = uids; run; run = run->next) {
        for (size_t i = mp_memory_find(box, run->first); i < box->count && box->records[i].uid <= run->last; i++) {
            struct entry *entry;

            if (box->records[i].modseq <= since)
                continue;
            entry = mp_memory_entry(m, e, MAILPROTO_STORE_MESSAGE);
            if (!entry)
                return m->lacking;
            entry->record = box->records[i];
        }
    }
    return MAILPROTO_OK;
}

/* The whole answer as it is now, whatever happens while it is given. NULL: m->lacking. */
static struct snapshot *take(memory *m, const struct mailbox *box, const mailproto_store_changes *q)
{
    const mailproto_store_run *uids = q->uids ? q->uids : &mp_memory_every;
    struct snapshot *s = mp_memory_alloc(m, sizeof *s);

    if (!s)
        return NULL;
    s->id = mp_memory_id(m);
    s->cursor = box->highest;
    if ((q->since && add_vanished(m, &s->entries, box, q->since, uids)) ||
        add_messages(m, &s->entries, box, q->since, uids)) {
        snapshot_free(m, s);
        return NULL;
    }
    return s;
}

/* Gives a page. OK, ENOUGH, or that nobody waits any more. */
static int32_t give_page(memory *m, mailproto_store_asker *asker, uint64_t token, struct snapshot *s, uint32_t want)
{
    int32_t result = MAILPROTO_OK;

    for (uint32_t messages = 0; s->given < s->entries.count && !result; s->given++) {
        const struct entry *entry = &s->entries.at[s->given];

        if (entry->type == MAILPROTO_STORE_MESSAGE && want && messages++ == want)
            break;
        result = mp_memory_give(m, asker, token, entry);
    }
    return result;
}

static void unlink_snapshot(memory *m, uint64_t opening, uint64_t id)
{
    struct opening *o = find(m, opening);
    struct snapshot **link, *s;

    if (!o)
        return;
    for (link = &o->snapshots; (s = *link) && s->id != id;)
        link = &s->next;
    if (!s)
        return;
    *link = s->next;
    snapshot_drop(m, s);
}

/* A page of a snapshot that belongs to its opening, which may be closed by the asker on the way. */
static int32_t answer(memory *m, mailproto_store_asker *asker, const mailproto_store_changes *q, struct snapshot *s)
{
    mailproto_store_cursor cursor = {.head = {sizeof cursor, MAILPROTO_STORE_CURSOR, q->head.token}};
    const uint64_t id = s->id, token = q->head.token;
    int32_t result;

    s->busy = 1;
    result = give_page(m, asker, token, s, q->want);
    cursor.cursor = s->cursor;
    cursor.more = result == MAILPROTO_OK && s->given < s->entries.count;
    cursor.snapshot = cursor.more ? id : 0;
    s->busy = 0;
    if (s->dead)
        snapshot_free(m, s);
    else if (!cursor.more)
        unlink_snapshot(m, q->opening, id);
    if (result == MAILPROTO_OK)
        result = mailproto_store_give(asker, token, &cursor.head);
    if (result >= 0)
        result = mailproto_store_done(asker, token);
    if (result < 0)
        unlink_snapshot(m, q->opening, id);
    return MAILPROTO_OK;
}

int32_t mp_memory_changes(void *user, mailproto_store_asker *asker, const mailproto_store_changes *q)
{
    memory *m = user;
    struct opening *o = find(m, q->opening);
    const struct mailbox *box = o ? mp_memory_mailbox(m, o->mailbox) : NULL;
    struct snapshot *s;

    if (!o)
        return MAILPROTO_ERR_ARG;
    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    if (q->snapshot) {
        for (s = o->snapshots; s && s->id != q->snapshot;)
            s = s->next;
        return s && !s->busy ? answer(m, asker, q, s) : MAILPROTO_ERR_ARG;
    }
    if (q->since && q->since < box->forgotten)
        return MAILPROTO_ERR_RESYNC;
    s = take(m, box, q);
    if (!s)
        return m->lacking;
    s->next = o->snapshots;
    o->snapshots = s;
    return answer(m, asker, q, s);
}

int32_t mp_memory_snapshot_end(void *user, mailproto_store_asker *asker, const mailproto_store_snapshot_end *q)
{
    (void)asker;
    unlink_snapshot(user, q->opening, q->snapshot);
    return MAILPROTO_OK;
}
