/* engine_run.h - one round of an engine, for its verbs. Private to core/engine*.c.
 * contract.md section 2; docs/design/session.md, "One round". */
#ifndef MP_CORE_ENGINE_RUN_H
#define MP_CORE_ENGINE_RUN_H

#include "core/engine.h"

/* Goes on until nothing moves or, polled, an event stands. */
void mp_engine_run(struct mp_engine *e);
/* The end of every call that may have changed something: clocks, and what an idle session gives back. */
void mp_engine_rest(struct mp_engine *e, int with_now);
/* Whether READ is wanted. */
int mp_engine_reads(const struct mp_engine *e);
/* The verb of that name. */
uint32_t mp_engine_wants(const mailproto_session *s);

#endif
