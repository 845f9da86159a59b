/* engine_clock.c - the clocks of an engine: the peer's, the host's answers, undrained output, the calendar.
 * contract.md section 2, "Time": a clock started by a call without a now starts at the next call with one. */
#include "core/engine_clock.h"

/* Starts what waited for a now. */
static void start_dues(struct mp_engine *e)
{
    for (uint32_t i = 0; i < e->ring_count; i++) {
        struct mp_request *r = mp_ring_at(e, i);
        uint32_t wait = r->state == MP_OPEN ? e->answer_ms : r->delay;

        if (!r->due)
            r->due = wait ? e->now + wait : UINT64_MAX;
    }
    e->clock_pending = 0;
}

void mp_clock_now(struct mp_engine *e, uint64_t now)
{
    if (!e->started) {
        e->generation +=
            now * UINT64_C(0x9E3779B97F4A7C15) >> 20; /* another salt than a session at the same place had */
        e->now = now;
        e->started = 1;
    }
    if (now > e->now) {
        if (e->peer_running)
            e->peer_elapsed += now - e->now;
        if (e->stall_running)
            e->stall_elapsed += now - e->now;
        e->now = now;
    }
    if (e->wall_pending)
        e->wall_at = e->now;
    e->wall_pending = 0;
    start_dues(e);
}

static void requests_overdue(struct mp_engine *e)
{
    for (uint32_t i = 0; i < e->ring_count; i++) {
        struct mp_request *r = mp_ring_at(e, i);

        if (r->state != MP_OPEN || e->now < r->due)
            continue;
        r->tell_cancel = e->cancels = 1;
        r->why = MAILPROTO_ERR_TIMEOUT;
        e->ops->fail(e, r);
        if (r->state == MP_OPEN)
            r->state = MP_DEAD;
    }
}

void mp_clock_tick(struct mp_engine *e)
{
    uint32_t limit = e->ops->peer_limit(e);

    if (e->stall_running && e->stall_elapsed >= e->stall_ms) {
        mp_out_drop(e); /* that also holds for the last line of a session that is over */
        mp_engine_end(e, MAILPROTO_ERR_TIMEOUT, "the peer does not take what is sent to it");
    }
    if (e->ending)
        return;
    requests_overdue(e);
    if (e->peer_running && limit && e->peer_elapsed >= limit) {
        e->peer_elapsed = 0;
        e->ops->peer_timeout(e);
    }
}

void mp_clock_rest(struct mp_engine *e, int peer_runs, int with_now)
{
    int stall_runs = e->out_pending && e->stall_ms;

    if (!stall_runs)
        e->stall_elapsed = 0;
    if (with_now) {
        e->peer_running = (uint8_t)peer_runs;
        e->stall_running = (uint8_t)stall_runs;
        e->wall_pending = 0;
        start_dues(e);
        return;
    }
    if (peer_runs > e->peer_running || stall_runs > e->stall_running)
        e->clock_pending = 1;
    e->peer_running &= (uint8_t)peer_runs;
    e->stall_running &= (uint8_t)stall_runs;
    for (uint32_t i = 0; i < e->ring_count; i++)
        if (!mp_ring_at(e, i)->due)
            e->clock_pending = 1;
}

void mp_peer_clock_reset(struct mp_engine *e)
{
    e->peer_elapsed = 0;
}

/* When a clock that has run for `elapsed` reaches its limit, if that is before *at. */
static void runs_out(const struct mp_engine *e, uint64_t *at, uint32_t limit, uint64_t elapsed)
{
    uint64_t due = limit > elapsed ? e->now + limit - elapsed : e->now;

    if (due < *at)
        *at = due;
}

uint64_t mp_clock_deadline(const mailproto_session *s)
{
    const struct mp_engine *e = (const struct mp_engine *)s;
    uint64_t at = UINT64_MAX;
    uint32_t limit = e->ops->peer_limit(e);

    if (e->over ? e->clock_pending && e->out_pending && e->stall_ms : (e->kick && !e->held) || e->clock_pending)
        return 0;
    if (e->peer_running && limit)
        runs_out(e, &at, limit, e->peer_elapsed);
    if (e->stall_running)
        runs_out(e, &at, e->stall_ms, e->stall_elapsed);
    for (uint32_t i = 0; !e->ending && i < e->ring_count; i++) {
        const struct mp_request *r = mp_ring_at(e, i);

        if ((r->state == MP_OPEN || (r->state == MP_ANSWERED && r->delay && r->due > e->now)) && r->due < at)
            at = r->due;
    }
    return at;
}

int64_t mp_wall(const struct mp_engine *e)
{
    return e->wall_set ? e->wall + (int64_t)((e->now - e->wall_at) / 1000) : 0;
}
