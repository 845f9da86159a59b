/* engine_clock.h - the clocks of an engine: the peer's, the host's answers, undrained output, the calendar.
 * contract.md section 2, "Time". */
#ifndef MP_CORE_ENGINE_CLOCK_H
#define MP_CORE_ENGINE_CLOCK_H

#include "core/engine.h"

/* A verb that tells the time begins: running clocks go on to it, waiting ones start at it. */
void mp_clock_now(struct mp_engine *e, uint64_t now);
/* Acts on what ran out. */
void mp_clock_tick(struct mp_engine *e);
/* A call ends: whether the peer's clock runs from here on. Without a now, a clock that should start waits for one. */
MP_OUTLINE void mp_clock_rest(struct mp_engine *e, int peer_runs, int with_now);

uint64_t mp_clock_deadline(const mailproto_session *s);

#endif
