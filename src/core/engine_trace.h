/* engine_trace.h - trace events: what crossed the wire, with secrets marked. contract.md section 2, "Events". */
#ifndef MP_CORE_ENGINE_TRACE_H
#define MP_CORE_ENGINE_TRACE_H

#include "core/engine.h"

/* Input was taken. The bytes live until the next step. */
void mp_trace_in(struct mp_engine *e, const void *data, size_t len, uint32_t kind);
/* The next trace to show, before anything else: what came, then what was made. NULL: none. */
const mailproto_event *mp_trace_next(struct mp_engine *e);

#endif
