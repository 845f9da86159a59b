/* memory_bodies.c - the octets of messages in the store in memory: written once, shared by copies, pinned while read.
 * RFC 5322 2.1: lines end in CRLF. RFC 8474 5.1: the same octets are the same message. */
#include "memory.h"

#include <string.h>

/* FNV-1a, to find the bodies that may be the same; they are compared. */
static uint64_t hash_of(const unsigned char *octets, size_t n)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ octets[i]) * UINT64_C(0x100000001b3);
    return hash;
}

struct body *mp_memory_body_new(memory *m, uint64_t size)
{
    struct body *body = mp_memory_alloc(m, sizeof *body);
    const size_t room = size && size < 65536 ? (size_t)size : 0;

    if (!body)
        return NULL;
    body->refs = 1;
    if (!room)
        return body;
    body->octets = mp_memory_alloc(m, room);
    if (!body->octets) {
        mp_memory_free(m, body, sizeof *body);
        return NULL;
    }
    body->room = room;
    return body;
}

/* How many LF have no CR before them. */
static size_t bare_lines(const char *ptr, size_t len, int after_cr)
{
    size_t n = 0;

    for (const char *p = ptr, *lf; (lf = memchr(p, '\n', len - (size_t)(p - ptr))); p = lf + 1) {
        n += lf == ptr ? !after_cr : lf[-1] != '\r';
        if (lf + 1 == ptr + len)
            break;
    }
    return n;
}

int32_t mp_memory_body_write(memory *m, struct body *body, const char *ptr, size_t len, int *after_cr)
{
    const size_t bare = len ? bare_lines(ptr, len, *after_cr) : 0;
    unsigned char *grown, *to;

    if (!len)
        return MAILPROTO_OK;
    if (len > SIZE_MAX / 4 || body->size > SIZE_MAX / 4)
        return MAILPROTO_ERR_FULL;
    grown = mp_memory_grown(m, body->octets, &body->room, body->size + len + bare, 1);
    if (!grown)
        return m->lacking;
    body->octets = grown;
    to = grown + body->size;
    body->size += len + bare;
    if (!bare) {
        memcpy(to, ptr, len);
        *after_cr = ptr[len - 1] == '\r';
        return MAILPROTO_OK;
    }
    for (size_t i = 0; i < len; i++) {
        if (ptr[i] == '\n' && !*after_cr)
            *to++ = '\r';
        *to++ = (unsigned char)ptr[i];
        *after_cr = ptr[i] == '\r';
    }
    return MAILPROTO_OK;
}

/* As many buckets as bodies, or as memory allows: with fewer the chains are longer, nothing else. */
static void spread(memory *m)
{
    const size_t count = m->bucket_count ? 2 * m->bucket_count : 64;
    struct body **buckets;

    if (m->body_count < m->bucket_count)
        return;
    buckets = mp_memory_alloc(m, count * sizeof *buckets);
    if (!buckets)
        return;
    for (size_t i = 0; i < m->bucket_count; i++) {
        for (struct body *body = m->buckets[i], *next; body; body = next) {
            next = body->same;
            body->same = buckets[body->hash & (count - 1)];
            buckets[body->hash & (count - 1)] = body;
        }
    }
    mp_memory_free(m, m->buckets, m->bucket_count * sizeof *m->buckets);
    m->buckets = buckets;
    m->bucket_count = count;
}

static void shrink(memory *m, struct body *body)
{
    unsigned char *less;

    if (!body->size || body->size == body->room)
        return;
    less = mp_memory_resize(m, body->octets, body->room, body->size);
    if (!less)
        return;
    body->octets = less;
    body->room = body->size;
}

struct body *mp_memory_body_finish(memory *m, struct body *body)
{
    struct body **bucket;

    if (body->number)
        return body;
    body->hash = hash_of(body->octets, body->size);
    spread(m);
    body->number = ++m->body_number;
    shrink(m, body);
    if (!m->buckets)
        return body;
    bucket = &m->buckets[body->hash & (m->bucket_count - 1)];
    for (struct body *other = *bucket; other; other = other->same) {
        if (other->hash != body->hash || other->size != body->size ||
            (body->size && memcmp(other->octets, body->octets, body->size) != 0))
            continue;
        body->number = 0;
        mp_memory_body_release(m, body);
        other->refs++;
        return other;
    }
    body->same = *bucket;
    *bucket = body;
    m->body_count++;
    return body;
}

void mp_memory_body_release(memory *m, struct body *body)
{
    if (!body || --body->refs)
        return;
    if (body->number && m->buckets) {
        struct body **link = &m->buckets[body->hash & (m->bucket_count - 1)];

        while (*link && *link != body)
            link = &(*link)->same;
        if (*link) {
            *link = body->same;
            m->body_count--;
        }
    }
    mp_memory_free(m, body->octets, body->room);
    mp_memory_free(m, body, sizeof *body);
}

void mp_memory_bodies_free(memory *m)
{
    mp_memory_free(m, m->buckets, m->bucket_count * sizeof *m->buckets);
}

/* ---- MESSAGE_OPEN, READ, CLOSE ---- */

static struct pin *find(const memory *m, uint64_t id)
{
    struct pin *pin = m->pins;

    while (pin && pin->id != id)
        pin = pin->next;
    return pin;
}

static void unpin(memory *m, uint64_t id)
{
    struct pin **link = &m->pins, *pin;

    while ((pin = *link) && pin->id != id)
        link = &pin->next;
    if (!pin)
        return;
    *link = pin->next;
    mp_memory_body_release(m, pin->body);
    mp_memory_free(m, pin, sizeof *pin);
}

int32_t mp_memory_message_open(void *user, mailproto_store_asker *asker, const mailproto_store_message_open *q)
{
    memory *m = user;
    const struct mailbox *box = mp_memory_mailbox(m, q->mailbox);
    const struct record *record = box ? mp_memory_record(box, q->uid) : NULL;
    mailproto_store_message_opened item = {.head = {sizeof item, MAILPROTO_STORE_MESSAGE_OPENED, q->head.token}};
    struct pin *pin;

    if (!record)
        return box ? MAILPROTO_ERR_GONE : MAILPROTO_ERR_NOT_FOUND;
    pin = mp_memory_alloc(m, sizeof *pin);
    if (!pin)
        return m->lacking;
    *pin = (struct pin){m->pins, mp_memory_id(m), record->body};
    m->pins = pin;
    pin->body->refs++;
    item.message = pin->id;
    item.size = record->size;
    if (mailproto_store_give(asker, q->head.token, &item.head) < 0 || mailproto_store_done(asker, q->head.token) < 0)
        unpin(m, item.message); /* it was cancelled: nobody will close it */
    return MAILPROTO_OK;
}

int32_t mp_memory_message_read(void *user, mailproto_store_asker *asker, const mailproto_store_message_read *q)
{
    memory *m = user;
    const struct pin *pin = find(m, q->message);
    mailproto_store_slice item = {.head = {sizeof item, MAILPROTO_STORE_SLICE, q->head.token}};
    struct body *body = pin ? pin->body : NULL;

    if (!body || q->offset > body->size || !q->max)
        return MAILPROTO_ERR_ARG;
    item.bytes.len = body->size - (size_t)q->offset;
    if (item.bytes.len > q->max)
        item.bytes.len = q->max;
    item.bytes.ptr = item.bytes.len ? (const char *)body->octets + q->offset : NULL;
    body->refs++; /* the asker may close the message while it looks at the slice */
    if (mailproto_store_give(asker, q->head.token, &item.head) >= 0)
        (void)mailproto_store_done(asker, q->head.token);
    mp_memory_body_release(m, body);
    return MAILPROTO_OK;
}

int32_t mp_memory_message_close(void *user, mailproto_store_asker *asker, const mailproto_store_message_close *q)
{
    (void)asker;
    unpin(user, q->message);
    return MAILPROTO_OK;
}
