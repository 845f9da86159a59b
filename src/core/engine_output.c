/* engine_output.c - output in chunks that stay in place until they are acked, and are freed when empty.
 * contract.md section 2, `output` and `output_ack`; "an idle session is small". */
#include <string.h>

#include "core/engine.h"

static uint8_t *octets(struct mp_chunk *chunk)
{
    return (uint8_t *)(chunk + 1);
}

static struct mp_chunk *make_chunk(struct mp_engine *e, size_t capacity)
{
    struct mp_chunk *chunk = mp_alloc(&e->allocator, sizeof *chunk + capacity);

    if (!chunk)
        return NULL;
    *chunk = (struct mp_chunk){.capacity = capacity};
    return chunk;
}

static void free_chunk(struct mp_engine *e, struct mp_chunk *chunk)
{
    if (!chunk)
        return;
    if (chunk->secret)
        mp_wipe(octets(chunk), chunk->tail);
    mp_free(&e->allocator, chunk, sizeof *chunk + chunk->capacity);
}

static void drop_first(struct mp_engine *e)
{
    struct mp_chunk *chunk = e->first;

    e->first = chunk->next;
    if (!e->first)
        e->last = NULL;
    free_chunk(e, chunk);
}

static int has_room(const struct mp_chunk *chunk, size_t n)
{
    return chunk && chunk->capacity - chunk->tail >= n;
}

/* Once a line could not be made for want of memory none is: what came behind it would be taken for another answer. */
uint8_t *mp_out_reserve(struct mp_engine *e, size_t n)
{
    struct mp_chunk *chunk;

    if (e->ending && e->error == MAILPROTO_ERR_NOMEM)
        return NULL;
    if (has_room(e->last, n))
        return octets(e->last) + e->last->tail;
    if (has_room(e->spare, n)) {
        chunk = e->spare;
        e->spare = NULL;
    } else {
        chunk = make_chunk(e, n > MP_CHUNK ? n : MP_CHUNK);
    }
    if (!chunk)
        return NULL;
    if (e->last)
        e->last->next = chunk;
    else
        e->first = chunk;
    e->last = chunk;
    return octets(chunk);
}

void mp_out_commit(struct mp_engine *e, size_t n, uint32_t kind)
{
    e->last->tail += n;
    e->out_pending += (uint32_t)n;
    if (kind == MAILPROTO_TRACE_PRIVATE)
        e->last->secret = 1;
    if (e->tracer)
        e->tracer->out(e, n, kind);
}

int mp_out_put(struct mp_engine *e, const void *data, size_t n, uint32_t kind)
{
    uint8_t *to = mp_out_reserve(e, n);

    if (!to) {
        mp_engine_nomem(e);
        return -1;
    }
    memcpy(to, data, n);
    mp_out_commit(e, n, kind);
    return 0;
}

int mp_out_promise(struct mp_engine *e, size_t n)
{
    if (has_room(e->spare, n))
        return 0;
    free_chunk(e, e->spare);
    e->spare = make_chunk(e, n);
    if (e->spare)
        return 0;
    mp_engine_nomem(e);
    return -1;
}

int mp_out_full(struct mp_engine *e, size_t mark)
{
    if (e->out_pending < mark)
        return 0;
    e->out_gated = 1;
    return 1;
}

void mp_out_lend(struct mp_engine *e, const uint8_t **data, size_t *len)
{
    while (e->first && e->first->next && e->first->head == e->first->tail)
        drop_first(e);
    *data = e->first ? octets(e->first) + e->first->head : NULL;
    *len = e->first ? e->first->tail - e->first->head : 0;
    e->out_lent = *len;
    e->out_parked = 0;
    if (e->out_shown < e->out_acked + *len)
        e->out_shown = e->out_acked + *len;
}

void mp_out_acked(struct mp_engine *e, size_t n)
{
    e->out_lent -= n;
    if (!n || e->out_parked)
        return;
    e->first->head += n;
    e->out_acked += n;
    e->out_pending -= (uint32_t)n;
    if (e->first->head == e->first->tail)
        drop_first(e);
}

void mp_out_idle(struct mp_engine *e)
{
    free_chunk(e, e->spare);
    e->spare = NULL;
}

/* What was lent may be under way: it stays in place until the session is freed. */
static void park_lent(struct mp_engine *e)
{
    struct mp_chunk *chunk = e->first;

    if (!e->out_lent || e->out_parked)
        return;
    e->first = chunk->next;
    chunk->next = e->parked;
    e->parked = chunk;
    e->out_parked = 1;
}

void mp_out_drop(struct mp_engine *e)
{
    park_lent(e);
    while (e->first)
        drop_first(e);
    e->last = NULL;
    mp_out_idle(e);
    e->out_pending = 0;
}

void mp_out_free(struct mp_engine *e)
{
    mp_out_drop(e);
    while (e->parked) {
        struct mp_chunk *chunk = e->parked;

        e->parked = chunk->next;
        free_chunk(e, chunk);
    }
}
