/* memory_appends.c - uploads to the store in memory: groups of messages that appear together or not at all.
 * RFC 9051 6.3.12, RFC 3502 (groups), RFC 4315 (UIDs are told). */
#include "memory.h"

#include <string.h>

static struct upload *find(const memory *m, uint64_t id)
{
    struct upload *u = m->uploads;

    while (u && u->id != id)
        u = u->next;
    return u;
}

/* Takes it from the list: whatever happens now, it is over. */
static struct upload *take(memory *m, uint64_t id)
{
    struct upload **link = &m->uploads, *u;

    while ((u = *link) && u->id != id)
        link = &u->next;
    if (u)
        *link = u->next;
    return u;
}

static void part_free(memory *m, struct part *part)
{
    mp_memory_body_release(m, part->record.body);
    mp_memory_free(m, part, sizeof *part);
}

static void upload_free(memory *m, struct upload *u)
{
    while (u && u->parts) {
        struct part *part = u->parts;

        u->parts = part->next;
        part_free(m, part);
    }
    mp_memory_free(m, u, sizeof *u);
}

void mp_memory_uploads_free(memory *m)
{
    while (m->uploads)
        upload_free(m, take(m, m->uploads->id));
}

/* ---- begin ---- */

static int is_whole(const struct part *part)
{
    return !part->announced || part->announced == part->written;
}

/* What the messages of the group take, the last one as it was announced. */
static void measure(const struct upload *u, uint64_t *octets, uint64_t *messages)
{
    *octets = *messages = 0;
    for (const struct part *part = u ? u->parts : NULL; part; part = part->next) {
        *octets += part->record.body->size;
        ++*messages;
    }
}

static int32_t may_begin(const memory *m, const struct upload *u, const mailproto_store_append_begin *q)
{
    uint64_t octets, messages;

    if (!mp_memory_mailbox(m, q->mailbox))
        return MAILPROTO_ERR_NOT_FOUND;
    if (q->upload && (!u || u->mailbox != q->mailbox))
        return MAILPROTO_ERR_ARG;
    if (u && u->broken)
        return u->broken;
    if (u && u->last && !is_whole(u->last))
        return MAILPROTO_ERR_LIMIT;
    measure(u, &octets, &messages);
    if (q->size > UINT64_MAX - octets)
        return MAILPROTO_ERR_QUOTA;
    if (q->size > m->config.max_memory)
        return MAILPROTO_ERR_FULL;
    return mp_memory_quota_allows(m, octets + q->size, messages + 1);
}

/* NULL: *result says why. */
static struct part *part_new(memory *m, const mailproto_store_append_begin *q, int32_t *result)
{
    const uint32_t known = 2 * MAILPROTO_FLAG_DRAFT - 1;
    struct words words;
    struct part *part;

    *result = mp_memory_words(m, q->keywords, 1, &words);
    if (*result)
        return NULL;
    *result = MAILPROTO_OK;
    part = mp_memory_alloc(m, sizeof *part);
    if (part) {
        part->record = (struct record){.flags = q->flags & known, .words = words, .date = q->internal_date};
        part->record.zone = q->zone;
        part->record.body = mp_memory_body_new(m, q->size);
        part->announced = q->options & MAILPROTO_STORE_SIZE_ESTIMATED ? 0 : q->size;
        part->options = q->options;
        if (!q->has_date)
            part->record.date = mp_memory_wall(m, &part->record.zone);
        if (part->record.body)
            return part;
        mp_memory_free(m, part, sizeof *part);
    }
    *result = m->lacking;
    return NULL;
}

static struct upload *upload_new(memory *m, uint64_t mailbox)
{
    struct upload *u = mp_memory_alloc(m, sizeof *u);

    if (!u)
        return NULL;
    *u = (struct upload){.next = m->uploads, .id = mp_memory_id(m), .mailbox = mailbox};
    m->uploads = u;
    return u;
}

static void put(struct upload *u, struct part *part)
{
    if (u->last)
        u->last->next = part;
    else
        u->parts = part;
    u->last = part;
}

/* A begin that was cancelled: a group that it opened goes, another can only be aborted. */
static void take_back(memory *m, uint64_t id, int opened)
{
    struct upload *u = find(m, id);

    if (u && opened)
        upload_free(m, take(m, id));
    else if (u)
        u->broken = MAILPROTO_ERR_CANCELLED;
}

int32_t mp_memory_append_begin(void *user, mailproto_store_asker *asker, const mailproto_store_append_begin *q)
{
    memory *m = user;
    mailproto_store_upload item = {.head = {sizeof item, MAILPROTO_STORE_UPLOAD, q->head.token}};
    struct upload *u = q->upload ? find(m, q->upload) : NULL;
    const int opened = !u;
    int32_t result = may_begin(m, u, q);
    struct part *part;

    if (result)
        return result;
    part = part_new(m, q, &result);
    if (!part)
        return result;
    if (u)
        u->last->record.body = mp_memory_body_finish(m, u->last->record.body);
    else
        u = upload_new(m, q->mailbox);
    if (!u) {
        part_free(m, part);
        return m->lacking;
    }
    put(u, part);
    item.upload = u->id;
    if (mailproto_store_give(asker, q->head.token, &item.head) < 0 || mailproto_store_done(asker, q->head.token) < 0)
        take_back(m, item.upload, opened);
    return MAILPROTO_OK;
}

/* ---- write ---- */

int32_t mp_memory_append_write(void *user, mailproto_store_asker *asker, const mailproto_store_append_write *q)
{
    memory *m = user;
    struct upload *u = find(m, q->upload);
    struct part *part = u ? u->last : NULL;

    if (!part)
        return MAILPROTO_ERR_ARG;
    if (u->broken)
        return u->broken;
    if (part->announced && q->bytes.len > part->announced - part->written)
        return u->broken = MAILPROTO_ERR_LIMIT;
    u->broken = mp_memory_body_write(m, part->record.body, q->bytes.ptr, q->bytes.len, &part->after_cr);
    if (u->broken)
        return u->broken;
    part->written += q->bytes.len;
    (void)mailproto_store_done(asker, q->head.token);
    return MAILPROTO_OK;
}

/* ---- share ---- */

/* The other account may have another allocator: the octets are copied, and kept once only if both are the same account. */
int32_t mp_memory_append_share(void *user, mailproto_store_asker *asker, const mailproto_store_append_share *q)
{
    const mailproto_store *store = q->other;
    memory *m = user;
    struct upload *u = find(m, q->upload), *other = NULL;
    struct part *part = u ? u->last : NULL;
    const struct body *from;

    if (store && store->append_share == mp_memory_append_share)
        other = find(store->user, q->other_upload);
    if (!part || !other || other == u || u->broken || other->broken || part->written)
        return store && store->append_share != mp_memory_append_share ? MAILPROTO_ERR_UNSUPPORTED : MAILPROTO_ERR_ARG;
    from = other->last->record.body;
    if (part->announced && part->announced != other->last->written)
        return u->broken = MAILPROTO_ERR_LIMIT;
    u->broken = mp_memory_body_write(m, part->record.body, (const char *)from->octets, from->size, &part->after_cr);
    if (u->broken)
        return u->broken;
    part->written = other->last->written;
    (void)mailproto_store_done(asker, q->head.token);
    return MAILPROTO_OK;
}

/* ---- commit, abort ---- */

/* Everything that can fail. */
static int32_t prepare(memory *m, struct upload *u, struct mailbox *box, struct entries *e)
{
    uint64_t octets, messages;
    int32_t result;

    if (u->broken)
        return u->broken;
    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    if (!is_whole(u->last))
        return MAILPROTO_ERR_LIMIT;
    measure(u, &octets, &messages);
    result = mp_memory_quota_allows(m, octets, messages);
    if (!result)
        result = mp_memory_room(m, box, (size_t)messages);
    for (struct part *part = u->parts; part && !result; part = part->next)
        if (!(part->options & MAILPROTO_STORE_NO_UIDS) && !mp_memory_entry(m, e, MAILPROTO_STORE_APPENDED))
            result = m->lacking;
    return result;
}

static void publish(memory *m, struct upload *u, struct mailbox *box, struct entries *e)
{
    struct entry *entry = e->at;
    int32_t zone;
    const int64_t now = mp_memory_wall(m, &zone);

    m->modseq++;
    for (struct part *part = u->parts; part; part = part->next) {
        struct record *record = &part->record;

        record->body = mp_memory_body_finish(m, record->body);
        record->size = record->body->size;
        record->number = record->body->number;
        record->saved = now;
        record = mp_memory_add(m, box, record);
        part->record.body = NULL; /* the mailbox has it */
        if (part->options & MAILPROTO_STORE_NO_UIDS)
            continue;
        entry->first = record->uid;
        entry->last = box->uidvalidity;
        entry++->modseq = record->modseq;
    }
    mp_memory_changed(m, box->id);
}

int32_t mp_memory_append_commit(void *user, mailproto_store_asker *asker, const mailproto_store_append_commit *q)
{
    memory *m = user;
    struct upload *u = take(m, q->upload);
    struct mailbox *box = u ? mp_memory_mailbox(m, u->mailbox) : NULL;
    struct entries e = {0};
    int32_t result = u ? prepare(m, u, box, &e) : MAILPROTO_ERR_ARG;

    if (!result)
        publish(m, u, box, &e);
    upload_free(m, u);
    if (!result)
        return mp_memory_answer(m, asker, q->head.token, &e);
    mp_memory_entries_free(m, &e);
    return result;
}

int32_t mp_memory_append_abort(void *user, mailproto_store_asker *asker, const mailproto_store_append_abort *q)
{
    memory *m = user;

    (void)asker;
    upload_free(m, take(m, q->upload));
    return MAILPROTO_OK;
}
