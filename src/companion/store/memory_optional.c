/* memory_optional.c - what a store need not have, in memory: hints, blobs, quotas and annotations.
 * RFC 5465 (what hints are for), RFC 9208, RFC 5464. */
#include "memory.h"

#include <string.h>

#include "core/ascii.h"

/* ---- WATCH ---- */

void mp_memory_changed(memory *m, uint64_t mailbox)
{
    for (size_t i = 0; i < m->changed_count; i++)
        if (m->changed[i] == mailbox)
            return;
    if (m->changed_count < CHANGED_MAX) /* hints may be lost */
        m->changed[m->changed_count++] = mailbox;
}

static void drop_watcher(memory *m, const mailproto_store_asker *asker, uint64_t token)
{
    struct watcher **link = &m->watchers, *w;

    while ((w = *link) && (w->asker != asker || w->token != token))
        link = &w->next;
    if (!w)
        return;
    *link = w->next;
    mp_memory_free(m, w, sizeof *w);
}

/* Tells all who watch a mailbox; who is told may change the list of them. */
static void tell(memory *m, uint64_t mailbox)
{
    const uint64_t round = ++m->telling;
    struct watcher *w;

    for (;;) {
        mailproto_store_changed item = {.head = {sizeof item, MAILPROTO_STORE_CHANGED, 0}, .mailbox = mailbox};
        mailproto_store_asker *asker;
        int32_t result;

        for (w = m->watchers; w && (w->told >= round || (w->mailbox && w->mailbox != mailbox));)
            w = w->next;
        if (!w)
            return;
        w->told = round;
        asker = w->asker;
        item.head.token = w->token;
        result = mailproto_store_give(asker, item.head.token, &item.head);
        if (result)
            drop_watcher(m, asker, item.head.token);
        if (result == MAILPROTO_STORE_ENOUGH)
            (void)mailproto_store_done(asker, item.head.token);
    }
}

int32_t mp_memory_tell(memory *m)
{
    if (m->tells)
        return MAILPROTO_OK; /* one that is on further out goes on with these */
    m->tells = 1;
    while (m->changed_count) {
        const uint64_t mailbox = m->changed[0];

        memmove(m->changed, m->changed + 1, --m->changed_count * sizeof *m->changed);
        tell(m, mailbox);
    }
    m->tells = 0;
    return MAILPROTO_OK;
}

int32_t mp_memory_watch(void *user, mailproto_store_asker *asker, const mailproto_store_watch *q)
{
    memory *m = user;
    struct watcher *w;

    if (q->mailbox && !mp_memory_mailbox(m, q->mailbox))
        return MAILPROTO_ERR_NOT_FOUND;
    w = mp_memory_alloc(m, sizeof *w);
    if (!w)
        return m->lacking;
    *w = (struct watcher){m->watchers, asker, q->head.token, q->mailbox, m->telling};
    m->watchers = w;
    return MAILPROTO_OK;
}

/* All other questions are answered before their functions return. */
void mp_memory_cancel(void *user, mailproto_store_asker *asker, uint64_t token)
{
    drop_watcher(user, asker, token);
}

/* ---- blobs ---- */

void mp_memory_blob_free(memory *m, struct record *record)
{
    if (record->blob)
        mp_memory_free(m, record->blob, sizeof *record->blob + record->blob->size);
    record->blob = NULL;
}

int32_t mp_memory_blob_read(void *user, mailproto_store_asker *asker, const mailproto_store_blob_read *q)
{
    memory *m = user;
    const struct mailbox *box = mp_memory_mailbox(m, q->mailbox);
    struct record *record = box ? mp_memory_record(box, q->uid) : NULL;
    mailproto_store_slice item = {.head = {sizeof item, MAILPROTO_STORE_SLICE, q->head.token}};
    struct blob *blob = record ? record->blob : NULL;
    int32_t result = MAILPROTO_OK;

    if (!box)
        return MAILPROTO_ERR_NOT_FOUND;
    if (blob && blob->version == q->version) {
        const uint32_t uid = q->uid;

        item.bytes = (mailproto_text){(const char *)blob->octets, blob->size};
        record->blob = NULL; /* while it is lent it is out of reach */
        result = mailproto_store_give(asker, q->head.token, &item.head);
        box = mp_memory_mailbox(m, q->mailbox);
        record = box ? mp_memory_record(box, uid) : NULL;
        if (record && !record->blob)
            record->blob = blob;
        else
            mp_memory_free(m, blob, sizeof *blob + blob->size);
    }
    if (result >= 0)
        (void)mailproto_store_done(asker, q->head.token);
    return MAILPROTO_OK;
}

int32_t mp_memory_blob_write(void *user, mailproto_store_asker *asker, const mailproto_store_blob_write *q)
{
    memory *m = user;
    const struct mailbox *box = mp_memory_mailbox(m, q->mailbox);
    struct record *record = box ? mp_memory_record(box, q->uid) : NULL;
    struct blob *blob;

    if (!record)
        return box ? MAILPROTO_ERR_GONE : MAILPROTO_ERR_NOT_FOUND;
    if (q->bytes.len > m->config.max_memory)
        return MAILPROTO_ERR_FULL;
    blob = mp_memory_alloc(m, sizeof *blob + q->bytes.len);
    if (!blob)
        return m->lacking;
    blob->size = q->bytes.len;
    blob->version = q->version;
    if (blob->size)
        memcpy(blob->octets, q->bytes.ptr, blob->size);
    mp_memory_blob_free(m, record);
    record->blob = blob;
    (void)mailproto_store_done(asker, q->head.token);
    return MAILPROTO_OK;
}

/* ---- quotas ---- */

int32_t mp_memory_quota(void *user, mailproto_store_asker *asker, const mailproto_store_quota *q)
{
    memory *m = user;
    const uint64_t token = q->head.token, used[] = {0, m->octets, m->messages, m->mailbox_count};
    mailproto_store_quota_item items[MAILPROTO_QUOTA_MAILBOX + 1];
    int32_t result = MAILPROTO_OK;

    if (q->mailbox && !mp_memory_mailbox(m, q->mailbox))
        return MAILPROTO_ERR_NOT_FOUND;
    for (uint32_t i = MAILPROTO_QUOTA_STORAGE; i <= MAILPROTO_QUOTA_MAILBOX; i++) {
        items[i] = (mailproto_store_quota_item){.head = {sizeof *items, MAILPROTO_STORE_QUOTA_ITEM, token}};
        items[i].resource = i;
        items[i].used = used[i];
        items[i].has_limit = m->quota[i] != UINT64_MAX;
        items[i].limit = items[i].has_limit ? m->quota[i] : 0;
    }
    for (uint32_t i = MAILPROTO_QUOTA_STORAGE; i <= MAILPROTO_QUOTA_MAILBOX && !result; i++)
        result = mailproto_store_give(asker, token, &items[i].head);
    if (result >= 0)
        (void)mailproto_store_done(asker, token);
    return MAILPROTO_OK;
}

int32_t mp_memory_quota_set(void *user, mailproto_store_asker *asker, const mailproto_store_quota_set *q)
{
    memory *m = user;

    if (q->root.len)
        return MAILPROTO_ERR_NOT_FOUND;
    if (q->resource < MAILPROTO_QUOTA_STORAGE || q->resource > MAILPROTO_QUOTA_MAILBOX)
        return MAILPROTO_ERR_UNSUPPORTED;
    m->quota[q->resource] = q->has_limit ? q->limit : UINT64_MAX;
    (void)mailproto_store_done(asker, q->head.token);
    return MAILPROTO_OK;
}

/* ---- annotations: entries are compared without case (RFC 5464 3.1) ---- */

static void note_free(memory *m, struct note *note)
{
    mp_memory_free(m, note, sizeof *note + note->name_len + note->value_len);
}

/* Takes those that fit from the list: of a mailbox, and with that name unless it is NULL. */
static void drop_notes(memory *m, uint64_t mailbox, const mailproto_text *name)
{
    struct note **link = &m->notes, *note;

    while ((note = *link)) {
        if (note->mailbox == mailbox &&
            (!name || (note->name_len == name->len && mp_ascii_same(note->text, name->ptr, name->len)))) {
            *link = note->next;
            note_free(m, note);
        } else {
            link = &note->next;
        }
    }
}

void mp_memory_notes_drop(memory *m, uint64_t mailbox)
{
    drop_notes(m, mailbox, NULL);
}

void mp_memory_optional_free(memory *m)
{
    drop_notes(m, 0, NULL);
    while (m->watchers)
        drop_watcher(m, m->watchers->asker, m->watchers->token);
}

/* Whether an entry is the one asked for, or at most `depth` levels below it. */
static int is_asked(const struct note *note, const mailproto_store_metadata *q)
{
    uint32_t levels = 0;

    if (note->mailbox != q->mailbox || note->name_len < q->name.len ||
        !mp_ascii_same(note->text, q->name.ptr, q->name.len))
        return 0;
    if (note->name_len > q->name.len && note->text[q->name.len] != '/')
        return 0;
    for (size_t i = q->name.len; i < note->name_len; i++)
        levels += note->text[i] == '/';
    return q->depth == MAILPROTO_UNLIMITED || levels <= q->depth;
}

int32_t mp_memory_metadata(void *user, mailproto_store_asker *asker, const mailproto_store_metadata *q)
{
    memory *m = user;
    const uint64_t token = q->head.token;
    size_t count = 0, octets = 0, size, n = 0;
    mailproto_store_metadata_item *items;
    int32_t result = MAILPROTO_OK;
    char *text;

    if (q->mailbox && !mp_memory_mailbox(m, q->mailbox))
        return MAILPROTO_ERR_NOT_FOUND;
    for (const struct note *note = m->notes; note; note = note->next) {
        if (!is_asked(note, q))
            continue;
        count++;
        octets += note->name_len + note->value_len;
    }
    size = count * sizeof *items + octets + 1;
    items = mp_memory_alloc(m, size);
    if (!items)
        return m->lacking;
    text = (char *)(items + count);
    for (const struct note *note = m->notes; note; note = note->next) {
        if (!is_asked(note, q))
            continue;
        memcpy(text, note->text, note->name_len + note->value_len);
        items[n++] = (mailproto_store_metadata_item){{sizeof *items, MAILPROTO_STORE_METADATA_ITEM, token},
                                                     {text, note->name_len},
                                                     {text + note->name_len, note->value_len}};
        text += note->name_len + note->value_len;
    }
    for (size_t i = 0; i < count && !result; i++)
        result = mailproto_store_give(asker, token, &items[i].head);
    mp_memory_free(m, items, size);
    if (result >= 0)
        (void)mailproto_store_done(asker, token);
    return MAILPROTO_OK;
}

int32_t mp_memory_metadata_set(void *user, mailproto_store_asker *asker, const mailproto_store_metadata_set *q)
{
    memory *m = user;
    struct note *note = NULL;

    if (q->mailbox && !mp_memory_mailbox(m, q->mailbox))
        return MAILPROTO_ERR_NOT_FOUND;
    if (!q->name.len || q->name.len > NAME_MAX_OCTETS || q->name.ptr[0] != '/')
        return MAILPROTO_ERR_LIMIT;
    if (q->value.len > m->config.max_memory)
        return MAILPROTO_ERR_FULL;
    if (q->has_value) {
        note = mp_memory_alloc(m, sizeof *note + q->name.len + q->value.len);
        if (!note)
            return m->lacking;
        note->mailbox = q->mailbox;
        note->name_len = q->name.len;
        note->value_len = q->value.len;
        memcpy(note->text, q->name.ptr, q->name.len);
        if (q->value.len)
            memcpy(note->text + q->name.len, q->value.ptr, q->value.len);
    }
    drop_notes(m, q->mailbox, &q->name);
    if (note) {
        note->next = m->notes;
        m->notes = note;
    }
    mp_memory_changed(m, q->mailbox);
    (void)mailproto_store_done(asker, q->head.token);
    return mp_memory_tell(m);
}
