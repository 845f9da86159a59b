/* engine_clock.c - the clocks of an engine: the peer's, the host's answers, undrained output, the calendar.
 * contract.md section 2, "Time": a clock started by a call without a now starts at the next call with one. */
#include "core/engine_clock.h"

static void start_due(struct mp_engine *e, struct mp_request *r)
{
    uint32_t wait = r->state == MP_OPEN ? e->answer_ms : r->delay;

    if (!r->due)
        r->due = wait ? e->now + wait : UINT64_MAX;
}

void mp_clock_now(struct mp_engine *e, uint64_t now)
{
    uint64_t passed = e->started && now > e->now ? now - e->now : 0;

    if (!e->started)
        e->generation +=
            now * UINT64_C(0x9E3779B97F4A7C15) >> 20; /* another salt than of a session at the same place */
    if (!e->started || now > e->now)
        e->now = now;
    e->started = 1;
    e->clock_pending = 0;
    if (e->peer_running)
        e->peer_elapsed += passed;
    if (e->stall_running)
        e->stall_elapsed += passed;
    if (e->wall_pending) {
        e->wall_pending = 0;
        e->wall_at = e->now;
    }
    for (uint32_t i = 0; i < e->ring_count; i++)
        start_due(e, mp_ring_at(e, i));
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
        e->peer_running = peer_runs != 0;
        e->stall_running = stall_runs != 0;
        for (uint32_t i = 0; i < e->ring_count; i++)
            start_due(e, mp_ring_at(e, i));
        e->clock_pending = e->wall_pending = 0;
        return;
    }
    if ((peer_runs && !e->peer_running) || (stall_runs && !e->stall_running))
        e->clock_pending = 1;
    e->peer_running &= peer_runs != 0;
    e->stall_running &= stall_runs != 0;
    for (uint32_t i = 0; i < e->ring_count; i++)
        if (!mp_ring_at(e, i)->due)
            e->clock_pending = 1;
}

void mp_clock_progress(struct mp_engine *e)
{
    e->stall_running = 0;
    e->stall_elapsed = 0;
}

void mp_peer_clock_reset(struct mp_engine *e)
{
    e->peer_elapsed = 0;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t left(uint32_t limit, uint64_t elapsed)
{
    return limit > elapsed ? limit - elapsed : 0;
}

uint64_t mp_clock_deadline(const mailproto_session *s)
{
    const struct mp_engine *e = (const struct mp_engine *)s;
    uint64_t at = UINT64_MAX;
    uint32_t limit;

    if (e->over)
        return e->clock_pending && e->out_pending && e->stall_ms ? 0
               : e->stall_running                                ? e->now + left(e->stall_ms, e->stall_elapsed)
                                                                 : at;
    if ((e->kick && !e->held) || e->clock_pending)
        return 0;
    limit = e->ops->peer_limit(e);
    if (e->peer_running && limit)
        at = e->now + left(limit, e->peer_elapsed);
    if (e->stall_running)
        at = sooner(at, e->now + left(e->stall_ms, e->stall_elapsed));
    for (uint32_t i = 0; !e->ending && i < e->ring_count; i++) {
        const struct mp_request *r = mp_ring_at(e, i);

        if (r->state == MP_OPEN || (r->state == MP_ANSWERED && r->delay && r->due > e->now))
            at = sooner(at, r->due);
    }
    return at;
}

void mp_clock_set_wall(mailproto_session *s, int64_t unix_seconds)
{
    struct mp_engine *e = (struct mp_engine *)s;

    e->wall = unix_seconds;
    e->wall_at = e->now;
    e->wall_set = 1;
    e->wall_pending = 1;
    e->clock_pending = 1;
}

int64_t mp_wall(const struct mp_engine *e)
{
    return e->wall_set ? e->wall + (int64_t)((e->now - e->wall_at) / 1000) : 0;
}
