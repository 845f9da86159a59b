/* engine_trace.c - trace events: what crossed the wire, with secrets marked. contract.md section 2, "Events".
 * Input is traced when it is taken, output when it was made, both before the event that came of it. */
#include "core/engine_trace.h"

void mp_trace_in(struct mp_engine *e, const void *data, size_t len, uint32_t kind)
{
    if (!(e->trace_kinds & kind) || !len)
        return;
    e->trace_in = (mailproto_text){data, len};
    e->trace_in_kind = kind;
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

const mailproto_event *mp_trace_next(struct mp_engine *e)
{
    mailproto_text in = e->trace_in;

    e->trace_in.len = 0;
    if (in.len)
        return show(e, MAILPROTO_TRACE_IN, e->trace_in_kind, in.ptr, in.len);
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
