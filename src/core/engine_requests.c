/* engine_requests.c - requests to the host: opened in order, answered in any, let go in order.
 * contract.md section 2, "Requests": a token is index and generation, salted by session. */
#include "core/engine.h"

enum { INDEX_BITS = 8, MAX_RING = 1 << INDEX_BITS };

int mp_requests_make_ring(struct mp_engine *e, uint32_t max_open)
{
    uint32_t size = max_open < MAX_RING ? max_open : MAX_RING;
    struct mp_request *ring = mp_alloc_zero(&e->allocator, size * sizeof *ring);

    if (!ring)
        return -1;
    e->ring = ring;
    e->ring_size = size;
    return 0;
}

uint32_t mp_ring_index(const struct mp_engine *e, uint32_t i)
{
    uint32_t at = e->ring_head + i;

    return at < e->ring_size ? at : at - e->ring_size;
}

struct mp_request *mp_ring_at(const struct mp_engine *e, uint32_t i)
{
    return &e->ring[mp_ring_index(e, i)];
}

uint64_t mp_token(struct mp_engine *e, uint32_t low)
{
    const uint64_t mask = (UINT64_C(1) << (53 - INDEX_BITS)) - 1;

    e->generation = (e->generation + 1) & mask;
    if (!e->generation)
        e->generation = 1;
    return e->generation << INDEX_BITS | (low & (MAX_RING - 1));
}

int mp_request_full(const struct mp_engine *e)
{
    return e->ring_count == e->ring_size;
}

uint32_t mp_requests(const struct mp_engine *e)
{
    return e->ring_count;
}

struct mp_request *mp_request_open(struct mp_engine *e, uint32_t type, uint32_t index)
{
    uint32_t i = mp_ring_index(e, e->ring_count);
    struct mp_request *r = &e->ring[i];
    char *store = r->store;

    if (!store) {
        store = mp_alloc(&e->allocator, MP_ANSWER_MAX);
        if (!store) {
            mp_engine_nomem(e);
            return NULL;
        }
        e->stores = 1;
    }
    *r = (struct mp_request){.token = mp_token(e, i), .type = type, .index = index, .state = MP_OPEN, .store = store};
    e->ring_count++;
    return r;
}

struct mp_request *mp_request_find(struct mp_engine *e, uint64_t token, uint32_t type)
{
    uint32_t i = token & (MAX_RING - 1);
    struct mp_request *r = &e->ring[i < e->ring_size ? i : 0];

    if (!token || mp_engine_ended(e) || r->token != token || r->state != MP_OPEN || (type && r->type != type))
        return NULL;
    return r;
}

void mp_request_answered(struct mp_engine *e, struct mp_request *r, uint32_t delay)
{
    r->state = MP_ANSWERED;
    r->delay = delay;
    r->due = 0;
    mp_engine_kick(e);
}

void mp_request_take(struct mp_engine *e, struct mp_request *r)
{
    r->token = mp_token(e, (uint32_t)(r - e->ring));
    r->own = 1;
}

void mp_request_goes_on(struct mp_engine *e, struct mp_request *r)
{
    r->due = 0;
    e->clock_pending = 1;
}

void mp_request_kill(struct mp_engine *e, uint32_t type, int32_t why)
{
    for (uint32_t i = 0; i < e->ring_count; i++) {
        struct mp_request *r = mp_ring_at(e, i);

        if (r->state != MP_OPEN || (type && r->type != type))
            continue;
        r->state = MP_DEAD;
        r->tell_cancel = e->cancels = 1;
        r->why = why;
        mp_engine_kick(e);
    }
}

void mp_requests_idle(struct mp_engine *e)
{
    if (!e->stores)
        return;
    e->stores = 0;
    for (uint32_t i = 0; i < e->ring_size; i++) {
        mp_free(&e->allocator, e->ring[i].store, MP_ANSWER_MAX);
        e->ring[i].store = NULL;
    }
}

void mp_requests_free(struct mp_engine *e)
{
    mp_requests_idle(e);
    if (e->ring != &e->one)
        mp_free(&e->allocator, e->ring, e->ring_size * sizeof *e->ring);
}
