/* engine.c - the life of an engine: its verbs, its making and its end.
 * contract.md section 2; docs/design/session.md. */
#include "core/engine.h"

#include <string.h>

#include "core/engine_clock.h"
#include "core/engine_run.h"

static struct mp_engine *of(mailproto_session *s)
{
    return (struct mp_engine *)s;
}

/* ---- I/O verbs ---- */

/* The end of all that tell the time. *consumed of feed is how far it came, or all if the session failed. */
static int32_t go_on(struct mp_engine *e, size_t *consumed)
{
    mp_engine_run(e);
    if (consumed && e->in && !(e->ending && e->error))
        *consumed = e->in_pos;
    e->in_base += e->in_pos;
    e->in = NULL;
    e->in_len = e->in_pos = 0;
    mp_engine_rest(e, 1);
    return e->error;
}

static int32_t engine_feed(mailproto_session *s, const uint8_t *data, size_t len, uint64_t now, size_t *consumed)
{
    struct mp_engine *e = of(s);

    mp_clock_now(e, now);
    if (!e->ending && e->eof_seen)
        return MAILPROTO_ERR_STATE;
    if (e->tls == MP_TLS_DRAINING && len)
        mp_engine_end(e, MAILPROTO_ERR_TLS_INJECTED,
                      "octets arrived between the announcement of TLS and its handshake");
    if (e->ending) {
        *consumed = len;
    } else if (mp_engine_reads(e)) {
        *consumed = len;
        e->in = data;
        e->in_len = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;
    }
    return go_on(e, consumed);
}

static int32_t engine_eof(mailproto_session *s, uint64_t now)
{
    struct mp_engine *e = of(s);

    mp_clock_now(e, now);
    e->eof_seen = 1;
    if (e->tls == MP_TLS_DRAINING)
        mp_engine_end(e, MAILPROTO_ERR_LOST, "the peer closed where the TLS handshake was due");
    return go_on(e, NULL);
}

/* Without memory for it, the result's own text stays. */
static void keep_text(struct mp_engine *e, const char *text, size_t len)
{
    e->error_store = mp_alloc_zero(&e->allocator, len + 1);
    if (!e->error_store)
        return;
    e->error_text = memcpy(e->error_store, text, len);
    e->error_len = len;
}

static int32_t engine_lost(mailproto_session *s, int32_t why, const char *text, size_t len, uint64_t now)
{
    struct mp_engine *e = of(s);

    mp_clock_now(e, now);
    mp_out_drop(e);
    if (!e->ending) {
        mp_engine_end(e, why, mailproto_result_text(why));
        if (len > MP_ERROR_TEXT_MAX)
            len = MP_ERROR_TEXT_MAX;
        if (len)
            keep_text(e, text, len);
    }
    return go_on(e, NULL);
}

static int32_t engine_output(mailproto_session *s, const uint8_t **data, size_t *len)
{
    struct mp_engine *e = of(s);

    mp_engine_run(e);
    if (e->session.freeing)
        return MAILPROTO_FREED;
    mp_out_lend(e, data, len);
    mp_engine_rest(e, 0);
    return e->error;
}

static int32_t engine_tick(mailproto_session *s, uint64_t now)
{
    struct mp_engine *e = of(s);

    mp_clock_now(e, now);
    mp_clock_tick(e);
    return go_on(e, NULL);
}

static int32_t engine_ack(mailproto_session *s, size_t n)
{
    struct mp_engine *e = of(s);

    if (n > e->out_lent)
        return MAILPROTO_ERR_ARG;
    if (!n)
        return MAILPROTO_OK;
    mp_out_acked(e, n);
    e->kick |= e->out_gated;
    e->stall_running = 0;
    e->stall_elapsed = 0;
    mp_engine_rest(e, 0);
    return MAILPROTO_OK;
}

static int32_t engine_tls_started(mailproto_session *s, const mailproto_tls_info *info)
{
    struct mp_engine *e = of(s);

    if (e->tls != MP_TLS_DRAINING || e->ending || e->out_pending)
        return MAILPROTO_ERR_STATE;
    e->tls = MP_TLS_ON;
    e->tls_tell = 1;
    e->tls_version = info->version;
    e->tls_verified = info->verified;
    mp_engine_kick(e);
    return MAILPROTO_OK;
}

static void engine_destroy(mailproto_session *s)
{
    struct mp_engine *e = of(s);
    mailproto_allocator allocator = e->allocator;

    if (e->ops->destroy)
        e->ops->destroy(e);
    mp_out_free(e);
    e->ring_count = 0;
    mp_requests_free(e);
    mp_input_free(e);
    mp_free(&e->allocator, e->error_store, e->error_len + 1);
    mp_free(&allocator, (unsigned char *)e - e->offset, e->size);
}

static const struct mp_session_ops engine_session = {
    .feed = engine_feed,
    .eof = engine_eof,
    .lost = engine_lost,
    .output = engine_output,
    .tick = engine_tick,
    .output_ack = engine_ack,
    .wants = mp_engine_wants,
    .deadline = mp_clock_deadline,
    .tls_started = engine_tls_started,
    .destroy = engine_destroy,
};

/* ---- with somebody who keeps what TLS knows: linked only where there is one ---- */

static int32_t kept_tls_started(mailproto_session *s, const mailproto_tls_info *info)
{
    struct mp_engine *e = of(s);
    int32_t result = engine_tls_started(s, info);

    if (!result && e->keeper->keep(e->keeper, info))
        mp_engine_nomem(e);
    return result;
}

/* What the engine made of it goes first. */
static void kept_destroy(mailproto_session *s)
{
    static const struct mp_engine_ops nothing;
    struct mp_engine *e = of(s);

    if (e->ops->destroy)
        e->ops->destroy(e);
    e->ops = &nothing;
    e->keeper->free(e->keeper);
    engine_destroy(s);
}

static const struct mp_session_ops kept_session = {
    .feed = engine_feed,
    .eof = engine_eof,
    .lost = engine_lost,
    .output = engine_output,
    .tick = engine_tick,
    .output_ack = engine_ack,
    .wants = mp_engine_wants,
    .deadline = mp_clock_deadline,
    .tls_started = kept_tls_started,
    .destroy = kept_destroy,
};

void mp_engine_set_keeper(struct mp_engine *e, struct mp_tls_keeper *keeper)
{
    e->keeper = keeper;
    e->session.ops = &kept_session;
}

/* ---- life ---- */

int32_t mp_engine_new(struct mp_engine **out, size_t size, const struct mp_engine_setup *setup)
{
    unsigned char *whole = mp_alloc_zero(setup->allocator, size);
    struct mp_engine *e;

    if (!whole)
        return MAILPROTO_ERR_NOMEM;
    e = (struct mp_engine *)(void *)(whole + setup->offset);
    e->session.ops = &engine_session;
    e->ops = setup->ops;
    e->allocator = *setup->allocator;
    e->user = setup->user;
    e->size = size;
    e->offset = setup->offset;
    e->max_skip = setup->max_skip;
    e->answer_ms = setup->answer_ms;
    e->stall_ms = setup->stall_ms;
    e->polled = setup->polled != 0;
    e->tls = setup->implicit_tls ? MP_TLS_DRAINING : MP_TLS_NONE;
    e->ring = &e->one;
    e->ring_size = 1;
    if (setup->max_open > 1 && mp_requests_make_ring(e, setup->max_open)) {
        mp_free(setup->allocator, whole, size);
        return MAILPROTO_ERR_NOMEM;
    }
    e->generation = ((uintptr_t)e >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20;
    e->kick = 1;
    *out = e;
    return MAILPROTO_OK;
}

size_t mp_engine_memory_max(size_t size, uint32_t max_open, size_t max_line, size_t max_reserve)
{
    size_t ring = max_open > 1 ? max_open * sizeof(struct mp_request) : 0;
    size_t answers = (max_open ? max_open : 1) * (size_t)(MP_ANSWER_MAX + 16);
    size_t line = 3 * (max_line + 2) + 256; /* the old and the new buffer while it grows, each twice the last */
    size_t output = 2 * (MP_OUT_MARK + 2 * max_reserve + MP_CHUNK) + 16 * (sizeof(struct mp_chunk) + 16);

    return size + 64 + ring + answers + line + output + MP_ERROR_TEXT_MAX + 1 + 16;
}

void mp_engine_kick(struct mp_engine *e)
{
    e->kick = 1;
    e->clock_pending = 1;
    if (e->wake)
        e->wake(e);
}

int mp_engine_ended(const struct mp_engine *e)
{
    return e->ending || e->session.freeing;
}

void mp_engine_end(struct mp_engine *e, int32_t why, const char *text)
{
    if (e->ending)
        return;
    e->ending = 1;
    e->error = why;
    e->error_offset = mp_in_offset(e);
    e->error_text = text;
    e->error_len = text ? strlen(text) : 0;
    mp_engine_kick(e);
}

int mp_engine_nomem(struct mp_engine *e)
{
    mp_engine_end(e, MAILPROTO_ERR_NOMEM, "the allocator gave no memory");
    return 1;
}

void mp_tls_boundary(struct mp_engine *e)
{
    e->tls = MP_TLS_DRAINING;
    if (mp_in_left(e) || e->line_followed)
        mp_engine_end(e, MAILPROTO_ERR_TLS_INJECTED, "octets followed the announcement of TLS in clear text");
}
