/* engine_trace.c - trace events: what crossed the wire, with secrets marked. contract.md section 2, "Events".
 * Input is traced when it is taken, output when it was made, both before the event that came of it. */
#include "core/engine.h"

static void trace_in(struct mp_engine *e, const void *data, size_t len, uint32_t kind)
{
    if (!(e->trace_kinds & kind) || !len)
        return;
    e->trace_in = (mailproto_text){data, len};
    e->trace_in_kind = kind;
}

/* The kind of octets that are traced together: a secret among them hides them all. */
static uint32_t mixed(uint32_t a, uint32_t b)
{
    if (a == b)
        return a;
    return (a | b) & MAILPROTO_TRACE_PRIVATE ? MAILPROTO_TRACE_PRIVATE : MAILPROTO_TRACE_LINE;
}

/* What was acked or dropped meanwhile is not traced any more. */
static void clamp(struct mp_engine *e, size_t pending)
{
    if (e->out_untraced > pending)
        e->out_untraced = pending;
    if (e->out_behind > e->out_untraced)
        e->out_behind = e->out_untraced;
}

/* What one call made is traced as it was made if it is of two kinds at most: a chunk's header and its octets. */
static void trace_out(struct mp_engine *e, size_t n, uint32_t kind)
{
    if (!e->trace_kinds)
        return;
    clamp(e, e->out_pending - n);
    if (!e->out_untraced)
        e->out_kind = kind;
    if (e->out_behind || kind != e->out_kind) {
        e->out_behind_kind = e->out_behind ? mixed(e->out_behind_kind, kind) : kind;
        e->out_behind += n;
    }
    e->out_untraced += n;
}

static const mailproto_event *show(struct mp_engine *e, uint32_t direction, uint32_t kind, const void *data, size_t len)
{
    e->trace = (mailproto_trace){
        .head = {sizeof e->trace, MAILPROTO_EVENT_TRACE, 0},
        .direction = direction,
        .kind = kind,
        .bytes = {data, len},
    };
    return &e->trace.head;
}

/* The first untraced octets of the output that lie in one chunk, at most `max`. */
static const mailproto_event *show_output(struct mp_engine *e, size_t max)
{
    size_t skip = e->out_pending - e->out_untraced, n;
    const struct mp_chunk *chunk = e->first;

    while (chunk->tail - chunk->head <= skip) {
        skip -= chunk->tail - chunk->head;
        chunk = chunk->next;
    }
    n = chunk->tail - chunk->head - skip;
    if (n > max)
        n = max;
    e->out_untraced -= n;
    return show(e, MAILPROTO_TRACE_OUT, e->out_kind, (const uint8_t *)(chunk + 1) + chunk->head + skip, n);
}

static const mailproto_event *trace_next(struct mp_engine *e)
{
    mailproto_text in = e->trace_in;

    e->trace_in.len = 0;
    if (in.len)
        return show(e, MAILPROTO_TRACE_IN, e->trace_in_kind, in.ptr, in.len);
    clamp(e, e->out_pending);
    while (e->out_untraced) {
        size_t run = e->out_untraced - e->out_behind;

        if (run && e->trace_kinds & e->out_kind)
            return show_output(e, run);
        e->out_untraced -= run;
        e->out_kind = e->out_behind_kind;
        e->out_behind = 0;
    }
    return NULL;
}

int32_t mailproto_session_set_trace(mailproto_session *s, uint32_t kinds)
{
    static const struct mp_tracer tracer = {trace_in, trace_out, trace_next};
    struct mp_engine *e;

    if (!s)
        return MAILPROTO_ERR_ARG;
    while (s->inner)
        s = s->inner;
    e = (struct mp_engine *)s;
    e->trace_kinds = kinds;
    e->tracer = &tracer;
    return MAILPROTO_OK;
}
