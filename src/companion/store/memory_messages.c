/* memory_messages.c - messages of the store in memory: flags, copies, moves and expunges, and how they are told.
 * RFC 9051 6.4.3, 6.4.6 to 6.4.9, RFC 7162 3.1.3, RFC 6851: each call first finds out all, then changes, then answers. */
#include "memory.h"

#include <string.h>

#include "core/ascii.h"

const mailproto_store_run mp_memory_every = {sizeof mp_memory_every, 1, UINT32_MAX, 0, NULL};

/* ---- records ---- */

size_t mp_memory_find(const struct mailbox *box, uint32_t uid)
{
    size_t low = 0, high = box->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (box->records[middle].uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct record *mp_memory_record(const struct mailbox *box, uint32_t uid)
{
    const size_t i = mp_memory_find(box, uid);

    return i < box->count && box->records[i].uid == uid ? &box->records[i] : NULL;
}

int32_t mp_memory_room(memory *m, struct mailbox *box, size_t n)
{
    struct record *grown;

    if (n > UINT32_MAX - box->uidnext) /* UIDs are not used twice: a mailbox that has given all of them out is full */
        return MAILPROTO_ERR_LIMIT;
    grown = mp_memory_grown(m, box->records, &box->room, box->count + n, sizeof *grown);
    if (!grown)
        return m->lacking;
    box->records = grown;
    return MAILPROTO_OK;
}

struct record *mp_memory_add(memory *m, struct mailbox *box, const struct record *record)
{
    struct record *added = &box->records[box->count++];

    *added = *record;
    added->uid = box->uidnext++;
    added->modseq = box->highest = m->modseq;
    (void)mp_memory_words_add(&box->words, &record->words);
    m->octets += record->size;
    m->messages++;
    return added;
}

static void uncount(memory *m, const struct record *record)
{
    m->octets -= record->size;
    m->messages--;
}

void mp_memory_records_free(memory *m, struct mailbox *box)
{
    for (size_t i = 0; i < box->count; i++) {
        uncount(m, &box->records[i]);
        mp_memory_body_release(m, box->records[i].body);
        mp_memory_blob_free(m, &box->records[i]);
    }
    mp_memory_free(m, box->records, box->room * sizeof *box->records);
    box->records = NULL;
    box->count = box->room = 0;
}

int32_t mp_memory_quota_allows(const memory *m, uint64_t octets, uint64_t messages)
{
    const uint64_t *quota = m->quota;

    if (m->octets > quota[MAILPROTO_QUOTA_STORAGE] || octets > quota[MAILPROTO_QUOTA_STORAGE] - m->octets ||
        m->messages > quota[MAILPROTO_QUOTA_MESSAGE] || messages > quota[MAILPROTO_QUOTA_MESSAGE] - m->messages)
        return MAILPROTO_ERR_QUOTA;
    return MAILPROTO_OK;
}

/* ---- what was removed ---- */

int32_t mp_memory_gone_room(memory *m, struct mailbox *box, size_t n)
{
    struct gone *grown = mp_memory_grown(m, box->gone, &box->gone_room, box->gone_count + n, sizeof *grown);

    if (!grown)
        return m->lacking;
    box->gone = grown;
    return MAILPROTO_OK;
}

void mp_memory_gone_add(struct mailbox *box, uint32_t uid, uint64_t modseq)
{
    struct gone *last = box->gone_count ? &box->gone[box->gone_count - 1] : NULL;

    if (last && last->modseq == modseq && last->last + 1 == uid)
        last->last = uid;
    else
        box->gone[box->gone_count++] = (struct gone){uid, uid, modseq};
}

void mp_memory_gone_trim(memory *m, struct mailbox *box)
{
    const size_t most = m->config.remember;

    if (box->gone_count <= most)
        return;
    box->forgotten = box->gone[box->gone_count - most - 1].modseq;
    memmove(box->gone, box->gone + (box->gone_count - most), most * sizeof *box->gone);
    box->gone_count = most;
}

/* Takes out those that are marked, at the modseq of now. Their bodies and blobs are somebody else's. */
static void take_out(memory *m, struct mailbox *box)
{
    size_t kept = 0;

    for (size_t i = 0; i < box->count; i++) {
        if (!box->records[i].leaving) {
            box->records[kept++] = box->records[i];
            continue;
        }
        mp_memory_gone_add(box, box->records[i].uid, m->modseq);
        uncount(m, &box->records[i]);
    }
    box->count = kept;
    box->highest = m->modseq;
    mp_memory_gone_trim(m, box);
}

/* ---- answers ---- */

struct entry *mp_memory_entry(memory *m, struct entries *e, uint32_t type)
{
    struct entry *grown = mp_memory_grown(m, e->at, &e->room, e->count + 1, sizeof *grown);

    if (!grown)
        return NULL;
    e->at = grown;
    grown += e->count++;
    memset(grown, 0, sizeof *grown);
    grown->type = type;
    return grown;
}

void mp_memory_entries_free(memory *m, struct entries *e)
{
    mp_memory_free(m, e->at, e->room * sizeof *e->at);
    *e = (struct entries){0};
}

/* EMAILID (RFC 8474 5.1): the number of the body, in the life of this account. */
static size_t email_id(const memory *m, uint64_t number, char *text)
{
    size_t n = 0;

    text[n++] = 'M';
    n += mp_ascii_write_decimal(text + n, m->born);
    text[n++] = '-';
    return n + mp_ascii_write_decimal(text + n, number);
}

static int32_t give_message(memory *m, mailproto_store_asker *asker, uint64_t token, const struct record *record)
{
    mailproto_store_keyword links[KEYWORDS_MAX];
    char id[ID_OCTETS];
    const mailproto_store_message item = {
        .head = {sizeof item, MAILPROTO_STORE_MESSAGE, token},
        .uid = record->uid,
        .flags = record->flags,
        .modseq = record->modseq,
        .size = record->size,
        .internal_date = record->date,
        .zone = record->zone,
        .has_save_date = record->saved != 0,
        .save_date = record->saved,
        .keywords = mp_memory_words_list(m, &record->words, links),
        .email_id = {id, email_id(m, record->number, id)},
    };

    return mailproto_store_give(asker, token, &item.head);
}

int32_t mp_memory_give(memory *m, mailproto_store_asker *asker, uint64_t token, const struct entry *entry)
{
    const mailproto_event head = {0, entry->type, token};

    if (entry->type == MAILPROTO_STORE_MESSAGE)
        return give_message(m, asker, token, &entry->record);
    if (entry->type == MAILPROTO_STORE_APPENDED) {
        mailproto_store_appended item = {head, entry->last, entry->first, entry->modseq};

        item.head.struct_size = sizeof item;
        return mailproto_store_give(asker, token, &item.head);
    }
    if (entry->type == MAILPROTO_STORE_COPIED) {
        mailproto_store_copied item = {head, entry->record.flags, entry->first, entry->last, 0};

        item.head.struct_size = sizeof item;
        return mailproto_store_give(asker, token, &item.head);
    }
    mailproto_store_uids item = {head, entry->first, entry->last, entry->modseq};

    item.head.struct_size = sizeof item;
    return mailproto_store_give(asker, token, &item.head);
}

int32_t mp_memory_answer(memory *m, mailproto_store_asker *asker, uint64_t token, struct entries *e)
{
    int32_t result = MAILPROTO_OK;

    for (size_t i = 0; i < e->count && result == MAILPROTO_OK; i++)
        result = mp_memory_give(m, asker, token, &e->at[i]);
    mp_memory_entries_free(m, e);
    if (result >= 0)
        (void)mailproto_store_done(asker, token);
    return mp_memory_tell(m);
}

/* An answer that is not to be: frees it. */
static int32_t refuse(memory *m, struct entries *e, int32_t why)
{
    mp_memory_entries_free(m, e);
    return why;
}

/* Adds UIDs to the run that was begun last, or begins one. OK, or m->lacking. */
static int32_t add_run(memory *m, struct entries *e, uint32_t type, uint32_t first, uint32_t last)
{
    struct entry *entry = e->count ? &e->at[e->count - 1] : NULL;

    if (entry && entry->type == type && entry->last + 1 == first) {
        entry->last = last;
        return MAILPROTO_OK;
    }
    entry = mp_memory_entry(m, e, type);
    if (!entry)
        return m->lacking;
    entry->first = first;
    entry->last = last;
    return MAILPROTO_OK;
}

/* ---- FLAGS ---- */

/* What the record of a copy becomes. Whether it changed. */
static int apply(const mailproto_store_flags *q, const struct words *words, struct record *record)
{
    const uint32_t known = 2 * MAILPROTO_FLAG_DRAFT - 1, flags = q->flags & known, was = record->flags;
    const struct words had = record->words;

    if (q->operation == MAILPROTO_STORE_FLAGS_ADD) {
        record->flags |= flags;
        (void)mp_memory_words_add(&record->words, words);
    } else if (q->operation == MAILPROTO_STORE_FLAGS_REMOVE) {
        record->flags &= ~flags;
        (void)mp_memory_words_remove(&record->words, words);
    } else {
        record->flags = flags;
        record->words = *words;
    }
    return record->flags != was || !mp_memory_words_same(&had, &record->words);
}

/* What becomes of the UIDs of a run; nothing is changed yet. OK, or m->lacking. */
static int32_t plan(memory *m, const struct mailbox *box, const mailproto_store_flags *q, const struct words *words,
                    const mailproto_store_run *run, struct entries *e)
{
    uint32_t expected = run->first ? run->first : 1, end = run->last < box->uidnext ? run->last : box->uidnext - 1;
    int32_t result = MAILPROTO_OK;

    for (size_t i = mp_memory_find(box, expected); i < box->count && box->records[i].uid <= end && !result; i++) {
        const struct record *record = &box->records[i];

        if (record->uid > expected)
            result = add_run(m, e, MAILPROTO_STORE_VANISHED, expected, record->uid - 1);
        expected = record->uid + 1;
        if (result)
            break;
        if (record->modseq > q->unchanged_since) {
            result = add_run(m, e, MAILPROTO_STORE_MODIFIED, record->uid, record->uid);
        } else {
            struct entry *entry = mp_memory_entry(m, e, MAILPROTO_STORE_MESSAGE);

            if (!entry)
                return m->lacking;
            entry->record = *record;
            entry->record.size = 0;
            entry->changed = apply(q, words, &entry->record);
        }
    }
    if (!result && expected <= end)
        result = add_run(m, e, MAILPROTO_STORE_VANISHED, expected, end);
    return result;
}

static void carry_out(memory *m, struct mailbox *box, struct entries *e)
{
    int begun = 0;

    for (size_t i = 0; i < e->count; i++) {
        struct record *now = &e->at[i].record, *record;

        if (!e->at[i].changed)
            continue;
        if (!begun++)
            box->highest = ++m->modseq;
        now->modseq = box->highest;
        record = &box->records[mp_memory_find(box, now->uid)];
        record->flags = now->flags;
        record->words = now->words;
        record->modseq = now->modseq;
        (void)mp_memory_words_add(&box->words, &now->words);
    }
    if (begun)
        mp_memory_changed(m, box->id);
}

int32_t mp_memory_flags(void *user, mailproto_store_asker *asker, const mailproto_store_flags *q)
{
    memory *m = user;
    struct mailbox *box = mp_memory_mailbox(m, q->mailbox);
    struct entries e = {0};
    struct words words;
    int32_t result;

    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    if (q->operation < MAILPROTO_STORE_FLAGS_ADD || q->operation > MAILPROTO_STORE_FLAGS_REPLACE)
        return MAILPROTO_ERR_ARG;
    result = mp_memory_words(m, q->keywords, q->operation != MAILPROTO_STORE_FLAGS_REMOVE, &words);
    for (const mailproto_store_run *run = q->uids; run && !result; run = run->next)
        result = plan(m, box, q, &words, run, &e);
    if (result)
        return refuse(m, &e, result);
    carry_out(m, box, &e);
    return mp_memory_answer(m, asker, q->head.token, &e);
}

/* ---- COPY ---- */

/* The pairs, with UIDs that the destination is to give out. OK, or m->lacking. */
static int32_t pair(memory *m, const struct mailbox *from, const struct mailbox *to, const mailproto_store_run *uids,
                    struct entries *e, uint64_t *octets)
{
    for (const mailproto_store_run *run = uids; run; run = run->next) {
        for (size_t i = mp_memory_find(from, run->first); i < from->count && from->records[i].uid <= run->last; i++) {
            struct entry *entry;

            if (e->count && from->records[i].uid <= e->at[e->count - 1].first)
                continue; /* runs that overlap name it twice */
            entry = mp_memory_entry(m, e, MAILPROTO_STORE_COPIED);
            if (!entry)
                return m->lacking;
            entry->first = from->records[i].uid;
            entry->last = to->uidnext + (uint32_t)e->count - 1;
            entry->record.flags = to->uidvalidity;
            *octets += from->records[i].size;
        }
    }
    return MAILPROTO_OK;
}

/* Every copy is put there, and with a move every original taken away, before anybody can look. */
static void carry_over(memory *m, struct mailbox *from, struct mailbox *to, const struct entries *e, int move)
{
    int32_t zone;
    const int64_t now = mp_memory_wall(m, &zone);

    m->modseq++;
    for (size_t i = 0; i < e->count; i++) {
        struct record *original = &from->records[mp_memory_find(from, e->at[i].first)], copy = *original;

        copy.saved = now;
        copy.leaving = 0;
        if (move) {
            original->leaving = 1;
        } else {
            copy.blob = NULL;
            copy.body->refs++;
        }
        (void)mp_memory_add(m, to, &copy);
    }
    if (move)
        take_out(m, from);
}

int32_t mp_memory_copy(void *user, mailproto_store_asker *asker, const mailproto_store_copy *q)
{
    memory *m = user;
    struct mailbox *from = mp_memory_mailbox(m, q->mailbox), *to = mp_memory_mailbox(m, q->destination);
    struct entries e = {0};
    uint64_t octets = 0;
    int32_t result;

    if (!from || !to)
        return MAILPROTO_ERR_NOT_FOUND;
    result = pair(m, from, to, q->uids, &e, &octets);
    if (!result && e.count)
        result = mp_memory_room(m, to, e.count);
    if (!result && e.count)
        result = q->move ? mp_memory_gone_room(m, from, e.count) : mp_memory_quota_allows(m, octets, e.count);
    if (result)
        return refuse(m, &e, result);
    if (e.count) {
        carry_over(m, from, to, &e, q->move != 0);
        mp_memory_changed(m, to->id);
        if (q->move)
            mp_memory_changed(m, from->id);
    }
    return mp_memory_answer(m, asker, q->head.token, &e);
}

/* ---- EXPUNGE ---- */

/* The runs that will go. OK, or m->lacking. */
static int32_t find_deleted(memory *m, const struct mailbox *box, const mailproto_store_run *uids, struct entries *e)
{
    int32_t result = MAILPROTO_OK;

    for (const mailproto_store_run *run = uids; run && !result; run = run->next) {
        for (size_t i = mp_memory_find(box, run->first); i < box->count && box->records[i].uid <= run->last; i++) {
            if (!(box->records[i].flags & MAILPROTO_FLAG_DELETED) ||
                (e->count && box->records[i].uid <= e->at[e->count - 1].last))
                continue;
            result = add_run(m, e, MAILPROTO_STORE_VANISHED, box->records[i].uid, box->records[i].uid);
            if (result)
                break;
        }
    }
    return result;
}

static void remove_runs(memory *m, struct mailbox *box, struct entries *e)
{
    m->modseq++;
    for (size_t i = 0; i < e->count; i++) {
        struct entry *run = &e->at[i];

        run->modseq = m->modseq;
        for (size_t at = mp_memory_find(box, run->first); at < box->count && box->records[at].uid <= run->last; at++) {
            box->records[at].leaving = 1;
            mp_memory_body_release(m, box->records[at].body);
            mp_memory_blob_free(m, &box->records[at]);
        }
    }
    take_out(m, box);
    mp_memory_changed(m, box->id);
}

int32_t mp_memory_expunge(void *user, mailproto_store_asker *asker, const mailproto_store_expunge *q)
{
    memory *m = user;
    struct mailbox *box = mp_memory_mailbox(m, q->mailbox);
    struct entries e = {0};
    int32_t result;

    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    result = find_deleted(m, box, q->uids ? q->uids : &mp_memory_every, &e);
    if (!result && e.count)
        result = mp_memory_gone_room(m, box, e.count);
    if (result)
        return refuse(m, &e, result);
    if (e.count)
        remove_runs(m, box, &e);
    return mp_memory_answer(m, asker, q->head.token, &e);
}
