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

static const struct mp_engine *of_const(const mailproto_session *s)
{
    return (const struct mp_engine *)s;
}

/* ---- I/O verbs ---- */

static void take_none(struct mp_engine *e)
{
    e->in_base += e->in_pos;
    e->in = NULL;
    e->in_len = e->in_pos = 0;
}

static int32_t engine_feed(mailproto_session *s, const uint8_t *data, size_t len, uint64_t now, size_t *consumed)
{
    struct mp_engine *e = of(s);

    mp_clock_now(e, now);
    if (e->ending) {
        *consumed = len;
        mp_engine_run(e);
        mp_engine_rest(e, 1);
        return e->error;
    }
    if (e->eof_seen)
        return MAILPROTO_ERR_STATE;
    if (e->tls == MP_TLS_DRAINING && len) {
        mp_engine_end(e, MAILPROTO_ERR_TLS_INJECTED,
                      "octets arrived between the announcement of TLS and its handshake");
        *consumed = len;
    } else if (mp_engine_reads(e)) {
        e->in = data;
        e->in_len = len;
        e->in_pos = 0;
    }
    mp_engine_run(e);
    if (e->in)
        *consumed = e->ending && e->error ? len : e->in_pos;
    take_none(e);
    mp_engine_rest(e, 1);
    return e->error;
}

static int32_t engine_eof(mailproto_session *s, uint64_t now)
{
    struct mp_engine *e = of(s);

    mp_clock_now(e, now);
    e->eof_seen = 1;
    if (e->tls == MP_TLS_DRAINING)
        mp_engine_end(e, MAILPROTO_ERR_LOST, "the peer closed where the TLS handshake was due");
    mp_engine_run(e);
    mp_engine_rest(e, 1);
    return e->error;
}

static int32_t engine_lost(mailproto_session *s, int32_t why, const char *text, size_t len, uint64_t now)
{
    struct mp_engine *e = of(s);

    mp_clock_now(e, now);
    mp_out_drop(e);
    if (!e->ending) {
        if (len > sizeof e->error_store)
            len = sizeof e->error_store;
        if (len)
            memcpy(e->error_store, text, len);
        mp_engine_end(e, why, len ? NULL : mailproto_result_text(why));
        if (len) {
            e->error_text = e->error_store;
            e->error_len = len;
        }
    }
    mp_engine_run(e);
    mp_engine_rest(e, 1);
    return e->error;
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
    mp_engine_run(e);
    mp_engine_rest(e, 1);
    return e->error;
}

static int32_t engine_ack(mailproto_session *s, size_t n)
{
    struct mp_engine *e = of(s);

    if (n > e->out_lent)
        return MAILPROTO_ERR_ARG;
    if (!n)
        return MAILPROTO_OK;
    mp_out_acked(e, n);
    if (e->out_gated)
        e->kick = 1;
    mp_clock_progress(e);
    mp_engine_rest(e, 0);
    return MAILPROTO_OK;
}

/* ---- the other verbs ---- */

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

static void engine_hold(mailproto_session *s)
{
    struct mp_engine *e = of(s);

    e->held = 1;
    if (!s->busy)
        mp_engine_rest(e, 0);
}

static void engine_release(mailproto_session *s)
{
    struct mp_engine *e = of(s);

    if (!e->held)
        return;
    e->held = 0;
    mp_engine_kick(e);
}

static void engine_finish(mailproto_session *s)
{
    struct mp_engine *e = of(s);

    e->finishing = 1;
    mp_engine_kick(e);
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
    mp_wipe(e->error_store, sizeof e->error_store);
    mp_free(&allocator, e, e->size);
}

static const mailproto_event *engine_next_event(mailproto_session *s)
{
    struct mp_engine *e = of(s);
    const mailproto_event *event;

    if (!e->polled)
        return NULL;
    if (e->seen)
        e->current = NULL;
    e->seen = 0;
    s->busy = 1; /* the engine runs: verbs from allocator functions and the like are refused */
    mp_engine_run(e);
    s->busy = 0;
    event = e->current;
    e->seen = event != NULL;
    mp_engine_rest(e, 0);
    return event;
}

static int32_t engine_use_default(mailproto_session *s, uint64_t token)
{
    struct mp_engine *e = of(s);
    struct mp_request *r = mp_request_find(e, token, 0);

    return r ? e->ops->use_default(e, r) : MAILPROTO_ERR_TOKEN;
}

static int32_t engine_fail(mailproto_session *s, uint64_t token)
{
    struct mp_engine *e = of(s);
    struct mp_request *r;

    if (token) {
        r = mp_request_find(e, token, 0);
        return r ? e->ops->fail(e, r) : MAILPROTO_ERR_TOKEN;
    }
    if (!e->current || e->current->token || (e->polled && !e->seen))
        return MAILPROTO_ERR_STATE;
    if (e->current->type < 0x100)
        mp_engine_end(e, MAILPROTO_ERR_HOST, "the host failed the session");
    else if (!e->ending)
        e->ops->fail_event(e, e->current->type);
    mp_engine_kick(e);
    return MAILPROTO_OK;
}

static int32_t engine_cancel(mailproto_session *s, uint64_t token)
{
    struct mp_engine *e = of(s);

    return e->ops->cancel && !e->ending ? e->ops->cancel(e, token) : MAILPROTO_ERR_TOKEN;
}

static int32_t engine_piece(mailproto_session *s, uint64_t token, const void *data, size_t len)
{
    struct mp_engine *e = of(s);
    struct mp_request *r = mp_request_find(e, token, 0);

    return r && e->ops->piece ? e->ops->piece(e, r, data, len) : MAILPROTO_ERR_TOKEN;
}

static int32_t engine_piece_end(mailproto_session *s, uint64_t token)
{
    struct mp_engine *e = of(s);
    struct mp_request *r = mp_request_find(e, token, 0);

    return r && e->ops->piece_end ? e->ops->piece_end(e, r) : MAILPROTO_ERR_TOKEN;
}

static void engine_set_trace(mailproto_session *s, uint32_t kinds)
{
    of(s)->trace_kinds = kinds;
}

static int32_t engine_error(const mailproto_session *s, uint64_t *offset, const char **text, size_t *len)
{
    const struct mp_engine *e = of_const(s);

    *offset = e->error_offset;
    *text = e->error_text;
    *len = e->error_len;
    return e->error;
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
    .hold = engine_hold,
    .release = engine_release,
    .finish = engine_finish,
    .destroy = engine_destroy,
    .next_event = engine_next_event,
    .use_default = engine_use_default,
    .fail = engine_fail,
    .cancel = engine_cancel,
    .piece = engine_piece,
    .piece_end = engine_piece_end,
    .set_wall = mp_clock_set_wall,
    .set_trace = engine_set_trace,
    .error = engine_error,
};

/* ---- life ---- */

int32_t mp_engine_new(struct mp_engine **out, size_t size, const struct mp_engine_setup *setup)
{
    struct mp_engine *e = mp_alloc_zero(setup->allocator, size);

    if (!e)
        return MAILPROTO_ERR_NOMEM;
    e->session.ops = &engine_session;
    e->ops = setup->ops;
    e->allocator = *setup->allocator;
    e->user = setup->user;
    e->size = size;
    e->max_skip = setup->max_skip;
    e->answer_ms = setup->answer_ms;
    e->stall_ms = setup->stall_ms;
    e->polled = setup->polled != 0;
    e->tls = setup->implicit_tls ? MP_TLS_DRAINING : MP_TLS_NONE;
    e->ring = &e->one;
    e->ring_size = 1;
    if (setup->max_open > 1 && mp_requests_make_ring(e, setup->max_open)) {
        mp_free(setup->allocator, e, size);
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

    return size + 64 + ring + answers + line + output;
}

void mp_engine_kick(struct mp_engine *e)
{
    e->kick = 1;
    e->clock_pending = 1;
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
