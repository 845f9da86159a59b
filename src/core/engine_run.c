/* engine_run.c - one round of an engine: what stands is shown, then a step is made, until nothing moves; what it wants then.
 * contract.md section 2; docs/design/session.md, "One round". */
#include "core/engine_run.h"

#include "core/dispatch.h"
#include "core/engine_clock.h"

/* ---- events ---- */

void mp_raise(struct mp_engine *e, void *payload, size_t size, uint32_t type, uint64_t token)
{
    mailproto_event *head = payload;

    head->struct_size = (uint32_t)size;
    head->type = type;
    head->token = token;
    e->event = head;
}

/* One of the base's own events, whose payload is filled. */
static void raise_own(struct mp_engine *e, size_t size, uint32_t type)
{
    mp_raise(e, &e->own, size, type, 0);
}

/* The event to show now: the one that is being shown, else a trace, else what the last step raised. A hold inside of a
   trace does not stop the event that is traced: what it lends may not wait. */
static const mailproto_event *to_show(struct mp_engine *e)
{
    if (e->current)
        return e->current;
    if (e->tracer)
        e->current = e->tracer->next(e);
    if (!e->current) {
        e->current = e->event;
        e->event = NULL;
    }
    return e->current;
}

/* ---- stepping ---- */

static int tell_cancel(struct mp_engine *e, struct mp_request *r, int32_t why)
{
    r->tell_cancel = 0;
    e->own.cancel.cancelled = r->token;
    e->own.cancel.why = why;
    e->own.cancel.request = r->type;
    raise_own(e, sizeof e->own.cancel, MAILPROTO_EVENT_CANCEL);
    return 1;
}

static int tell_cancels(struct mp_engine *e)
{
    if (!e->cancels && !e->ending)
        return 0;
    for (uint32_t i = 0; i < e->ring_count; i++) {
        struct mp_request *r = mp_ring_at(e, i);

        if (r->tell_cancel && !r->own)
            return tell_cancel(e, r, r->why);
        if (e->ending && r->state == MP_OPEN) {
            r->state = MP_DEAD;
            if (r->own)
                continue;
            return tell_cancel(e, r, e->error ? e->error : MAILPROTO_ERR_CANCELLED);
        }
    }
    e->cancels = 0;
    return 0;
}

/* The last things: cancels, the ends of what was begun, CLOSED. */
static int end_step(struct mp_engine *e)
{
    if (e->ops->end_step && e->ops->end_step(e))
        return 1;
    e->ring_count = 0;
    e->own.closed.why = e->error;
    e->own.closed.offset = e->error ? e->error_offset : mp_in_offset(e);
    e->own.closed.text = (mailproto_text){e->error_text, e->error_len};
    e->over = 1;
    raise_own(e, sizeof e->own.closed, MAILPROTO_EVENT_CLOSED);
    return 1;
}

static int answer_step(struct mp_engine *e)
{
    struct mp_request *head = mp_ring_at(e, 0), done;

    if (!e->ring_count || head->state == MP_OPEN)
        return 0;
    if (head->state == MP_ANSWERED && head->delay && (!head->due || e->now < head->due))
        return 0;
    if (mp_out_full(e, MP_OUT_MARK))
        return 0;
    done = *head;
    head->state = MP_FREE;
    e->ring_head = mp_ring_index(e, 1);
    e->ring_count--;
    if (done.state == MP_ANSWERED)
        e->ops->answered(e, &done);
    return 1;
}

static int tls_step(struct mp_engine *e)
{
    if (!e->tls_tell)
        return 0;
    e->tls_tell = 0;
    e->ops->tls_started(e);
    e->own.tls_started.version = e->tls_version;
    e->own.tls_started.verified = e->tls_verified;
    raise_own(e, sizeof e->own.tls_started, MAILPROTO_EVENT_TLS_STARTED);
    return 1;
}

static int eof_step(struct mp_engine *e)
{
    if (!e->eof_seen || e->eof_told || mp_in_left(e) || e->line_ready || e->ring_count || e->out_gated)
        return 0;
    e->eof_told = 1;
    e->ops->eof(e);
    return 1;
}

static int step(struct mp_engine *e)
{
    if (tell_cancels(e))
        return 1;
    if (e->ending)
        return end_step(e);
    if (e->tls == MP_TLS_DRAINING)
        return 0;
    return tls_step(e) || answer_step(e) || e->ops->step(e) || eof_step(e);
}

/* Goes on until nothing moves or, polled, an event stands. */
void mp_engine_run(struct mp_engine *e)
{
    const mailproto_event *event;
    int ending, moved;

    e->woken = 0;
    e->kick = 0;
    e->out_gated = 0;
    for (;;) {
        while ((event = to_show(e))) {
            if (e->polled)
                return;
            mp_dispatch(&e->session, event, e->ops->dispatch(e, event));
            e->current = NULL;
            if (e->session.freeing)
                return;
        }
        e->kick = 0; /* what callbacks did is looked at now */
        if (e->held || e->over)
            return;
        ending = e->ending;
        moved = step(e);
        if (!moved && e->ending == ending)
            return;
    }
}
/* ---- wants ---- */

static int any_open(const struct mp_engine *e)
{
    for (uint32_t i = 0; i < e->ring_count; i++)
        if (mp_ring_at(e, i)->state == MP_OPEN)
            return 1;
    return 0;
}

/* Work that needs no bytes comes first: so a feed always takes something. */
int mp_engine_reads(const struct mp_engine *e)
{
    return !e->held && !e->kick && !e->event && !e->current && !e->ending && !e->eof_seen && !e->line_ready &&
           !e->tls_tell && e->tls != MP_TLS_DRAINING && e->ops->wants_input(e);
}

static int wants_tls(const struct mp_engine *e)
{
    return e->tls == MP_TLS_DRAINING && !e->ending && !e->out_pending && !e->held && !e->event && !e->current;
}

uint32_t mp_engine_wants(const mailproto_session *s)
{
    const struct mp_engine *e = (const struct mp_engine *)s;
    uint32_t wants = 0;

    if (e->out_pending || (e->kick && !e->held))
        wants |= MAILPROTO_WANTS_WRITE;
    if (e->over)
        return wants || e->current || e->event ? wants : MAILPROTO_WANTS_CLOSE;
    if (e->held || any_open(e))
        wants |= MAILPROTO_WANTS_HOST;
    if (wants_tls(e))
        wants |= MAILPROTO_WANTS_TLS;
    if (mp_engine_reads(e))
        wants |= MAILPROTO_WANTS_READ;
    return wants;
}
/* ---- the end of every call that may have changed something ---- */

void mp_engine_rest(struct mp_engine *e, int with_now)
{
    uint32_t limit = e->ops->peer_limit(e);

    mp_clock_rest(e, limit && !e->ring_count && (mp_engine_reads(e) || wants_tls(e)), with_now);
    if (e->ring_count || e->event || e->current || e->line_ready)
        return;
    if ((e->line_len || e->line_skipping) && !e->line_taken)
        return;
    mp_requests_idle(e);
    mp_out_idle(e);
    mp_input_idle(e);
    if (e->ops->idle)
        e->ops->idle(e);
}
