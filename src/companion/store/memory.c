/* memory.c - the store in memory: accounts, their memory and its limit, and the table of functions.
 * mailproto/memory_store.h, mailproto/store.h. The parts are told apart in memory.h: begin to read there. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- memory: from the host's allocator, counted ---- */

static void *libc_alloc(size_t n, void *user)
{
    (void)user;
    return malloc(n);
}

static void *libc_resize(void *p, size_t old_n, size_t n, void *user)
{
    (void)old_n;
    (void)user;
    return realloc(p, n);
}

static void libc_free(void *p, size_t n, void *user)
{
    (void)n;
    (void)user;
    free(p);
}

/* Whether n more octets are within the limit. */
static int fits(memory *m, size_t n)
{
    m->lacking = n <= m->config.max_memory - m->used ? MAILPROTO_ERR_NOMEM : MAILPROTO_ERR_FULL;
    return m->lacking == MAILPROTO_ERR_NOMEM;
}

void *mp_memory_alloc(memory *m, size_t n)
{
    void *p = fits(m, n) ? m->allocator.alloc(n, m->allocator.user) : NULL;

    if (!p)
        return NULL;
    memset(p, 0, n);
    m->used += n;
    return p;
}

void *mp_memory_resize(memory *m, void *p, size_t old_n, size_t n)
{
    void *moved;

    if (!p)
        return mp_memory_alloc(m, n);
    if (n > old_n && !fits(m, n - old_n))
        return NULL;
    moved = m->allocator.resize(p, old_n, n, m->allocator.user);
    if (moved)
        m->used += n - old_n;
    return moved;
}

void mp_memory_free(memory *m, void *p, size_t n)
{
    if (!p)
        return;
    m->allocator.free(p, n, m->allocator.user);
    m->used -= n;
}

void *mp_memory_grown(memory *m, void *array, size_t *room, size_t need, size_t size)
{
    size_t more = *room + *room / 2 + 4;
    void *grown;

    if (array && need <= *room)
        return array;
    if (more < need)
        more = need;
    if (more > SIZE_MAX / size) {
        m->lacking = MAILPROTO_ERR_FULL;
        return NULL;
    }
    grown = mp_memory_resize(m, array, *room * size, more * size);
    if (grown)
        *room = more;
    return grown;
}

/* ---- numbers and time ---- */

uint64_t mp_memory_id(memory *m)
{
    return ++m->id;
}

int64_t mp_memory_wall(memory *m, int32_t *zone)
{
    *zone = m->zone;
    if (!m->config.wall)
        return m->wall;
    *zone = 0;
    return m->config.wall(m->config.user, zone);
}

/* ---- an account ---- */

static int32_t struct_copy(void *to, size_t size, const void *from)
{
    const unsigned char *octet = from;
    uint32_t given, own = (uint32_t)size;

    memcpy(&given, from, sizeof given);
    if (given < sizeof given)
        return MAILPROTO_ERR_ARG;
    for (size_t i = size; i < given; i++)
        if (octet[i])
            return MAILPROTO_ERR_ARG;
    memset(to, 0, size);
    memcpy(to, from, given < size ? given : size);
    memcpy(to, &own, sizeof own);
    return MAILPROTO_OK;
}

int32_t mailproto_memory_store_config_init(mailproto_memory_store_config *config, size_t size)
{
    uint32_t struct_size = (uint32_t)size;

    if (!config || size < sizeof struct_size || size > UINT32_MAX)
        return MAILPROTO_ERR_ARG;
    memset(config, 0, size);
    config->struct_size = struct_size;
    return MAILPROTO_OK;
}

static uint64_t or_none(uint64_t limit)
{
    return limit ? limit : UINT64_MAX;
}

static int32_t configure(memory *m, const mailproto_memory_store_config *config)
{
    static const mailproto_allocator libc = {sizeof libc, NULL, libc_alloc, libc_resize, libc_free};

    if (config && struct_copy(&m->config, sizeof m->config, config))
        return MAILPROTO_ERR_ARG;
    m->allocator = libc;
    if (m->config.allocator && struct_copy(&m->allocator, sizeof m->allocator, m->config.allocator))
        return MAILPROTO_ERR_ARG;
    m->config.allocator = NULL;
    if (!m->config.rights)
        m->config.rights = 2 * MAILPROTO_RIGHT_ADMIN - 1;
    if (!m->config.max_memory)
        m->config.max_memory = UINT64_C(256) << 20;
    if (!m->config.remember)
        m->config.remember = 4096;
    m->quota[MAILPROTO_QUOTA_STORAGE] = or_none(m->config.max_octets);
    m->quota[MAILPROTO_QUOTA_MESSAGE] = or_none(m->config.max_messages);
    m->quota[MAILPROTO_QUOTA_MAILBOX] = or_none(m->config.max_mailboxes);
    return m->allocator.alloc && m->allocator.resize && m->allocator.free ? MAILPROTO_OK : MAILPROTO_ERR_ARG;
}

int32_t mailproto_memory_store_new(mailproto_memory_store **out, const mailproto_memory_store_config *config)
{
    memory first = {0}, *m;
    int32_t result, zone;
    int64_t now;

    if (!out)
        return MAILPROTO_ERR_ARG;
    result = configure(&first, config);
    if (result)
        return result;
    m = mp_memory_alloc(&first, sizeof *m);
    if (!m)
        return first.lacking;
    *m = first;
    now = mp_memory_wall(m, &zone);
    m->uidvalidity = now > 0 && now < UINT32_MAX / 2 ? (uint32_t)now : 0;
    m->born = m->uidvalidity + 1;
    result = mp_memory_inbox(m);
    if (result) {
        mailproto_memory_store_free(m);
        return result;
    }
    *out = m;
    return MAILPROTO_OK;
}

void mailproto_memory_store_free(mailproto_memory_store *memory_store)
{
    memory *m = memory_store;
    mailproto_allocator a;

    if (!m)
        return;
    mp_memory_uploads_free(m);
    mp_memory_openings_free(m);
    mp_memory_mailboxes_free(m);
    mp_memory_optional_free(m);
    mp_memory_bodies_free(m);
    for (uint32_t i = 0; i < m->word_count; i++)
        mp_memory_free(m, m->words[i], strlen(m->words[i]) + 1);
    a = m->allocator;
    a.free(m, sizeof *m, a.user);
}

int32_t mailproto_memory_store_set_wall(mailproto_memory_store *memory_store, int64_t unix_seconds, int32_t zone)
{
    if (!memory_store)
        return MAILPROTO_ERR_ARG;
    memory_store->wall = unix_seconds;
    memory_store->zone = zone;
    return MAILPROTO_OK;
}

uint64_t mailproto_memory_store_used(const mailproto_memory_store *memory_store)
{
    return memory_store ? memory_store->used : 0;
}

int32_t mailproto_memory_store_functions(mailproto_memory_store *memory_store, mailproto_store *out)
{
    if (!memory_store || !out)
        return MAILPROTO_ERR_ARG;
    (void)mailproto_store_init(out, sizeof *out);
    out->promises = MAILPROTO_STORE_REMEMBERS_EXPUNGES | MAILPROTO_STORE_SPECIAL_USE | MAILPROTO_STORE_SAVE_DATE |
                    MAILPROTO_STORE_OBJECT_IDS;
    out->user = memory_store;
    out->list = mp_memory_list;
    out->mailbox_open = mp_memory_open;
    out->mailbox_close = mp_memory_close;
    out->status = mp_memory_status;
    out->mailbox_create = mp_memory_create;
    out->mailbox_delete = mp_memory_delete;
    out->mailbox_rename = mp_memory_rename;
    out->subscribe = mp_memory_subscribe;
    out->authorise = mp_memory_authorise;
    out->changes = mp_memory_changes;
    out->snapshot_end = mp_memory_snapshot_end;
    out->message_open = mp_memory_message_open;
    out->message_read = mp_memory_message_read;
    out->message_close = mp_memory_message_close;
    out->append_begin = mp_memory_append_begin;
    out->append_write = mp_memory_append_write;
    out->append_commit = mp_memory_append_commit;
    out->append_abort = mp_memory_append_abort;
    out->flags = mp_memory_flags;
    out->copy = mp_memory_copy;
    out->expunge = mp_memory_expunge;
    out->cancel = mp_memory_cancel;
    out->append_share = mp_memory_append_share;
    out->watch = mp_memory_watch;
    out->blob_read = mp_memory_blob_read;
    out->blob_write = mp_memory_blob_write;
    out->quota = mp_memory_quota;
    out->quota_set = mp_memory_quota_set;
    out->metadata = mp_memory_metadata;
    out->metadata_set = mp_memory_metadata_set;
    return MAILPROTO_OK;
}
