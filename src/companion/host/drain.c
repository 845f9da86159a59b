/* drain.c - the end of sessions in good order: no new ones, each says goodbye when its protocol lets it, and a limit.
 * RFC 5321 3.8 and RFC 1939 3 are why a session is not just cut off. */
#include "connection.h"

enum { DRAIN_MS = 10000 };

static void tell(mailproto_host *host, int32_t result)
{
    struct mp_host_drain *drain = &host->drain;

    drain->active = 0;
    uv_timer_stop(&drain->timer);
    if (drain->on_drained)
        drain->on_drained(host, result, drain->cut, drain->user);
    mp_host_signals_settle(host);
}

static void cut_all(mailproto_host *host)
{
    mailproto_host_connection *next;

    host->drain.cut = host->drain.waiting;
    mp_host_signals_cut(host, host->drain.cut);
    for (mailproto_host_connection *c = host->connections; c; c = next) {
        next = c->next;
        if (c->draining)
            mailproto_host_connection_abort(c, "the server ends", 15);
    }
}

void mp_host_drain_due(uv_timer_t *timer)
{
    mailproto_host *host = timer->data;

    if (host->drain.waiting)
        cut_all(host);
    else
        tell(host, MAILPROTO_OK);
}

/* Told from the loop, not from inside of whatever closed the last one. */
static void tell_soon(mailproto_host *host)
{
    uv_timer_start(&host->drain.timer, mp_host_drain_due, 0, 0);
}

void mp_host_drain_gone(mailproto_host *host)
{
    struct mp_host_drain *drain = &host->drain;

    if (--drain->waiting || !drain->active)
        return;
    if (host->freeing)
        tell(host, MAILPROTO_ERR_CANCELLED);
    else
        tell_soon(host);
}

static void drain_connection(mailproto_host_connection *c)
{
    c->draining = 1;
    c->host->drain.waiting++;
    if (c->connecting)
        mp_host_connecting_finish(c);
    if (!c->session)
        return; /* one that lingers goes by itself */
    mailproto_session_finish(c->session);
}

static void stop_listening(mailproto_host *host, uint32_t flags)
{
    mailproto_host_listener *next;

    for (mailproto_host_listener *l = host->listeners; l; l = next) {
        next = l->next;
        if (flags & MAILPROTO_HOST_DRAIN_KEEP)
            mailproto_host_listener_pause(l);
        else
            mailproto_host_listener_close(l);
    }
}

int32_t mailproto_host_drain(mailproto_host *host, uint32_t flags, uint32_t ms,
                             void (*on_drained)(mailproto_host *host, int32_t result, uint64_t cut, void *user),
                             void *user)
{
    struct mp_host_drain *drain = &host->drain;

    if (!host || flags & ~(uint32_t)MAILPROTO_HOST_DRAIN_KEEP)
        return MAILPROTO_ERR_ARG;
    if (drain->active || host->freeing)
        return mp_host_fail(host, MAILPROTO_ERR_STATE, 0, "a drain is under way, or the host is being freed");
    drain->active = 1;
    drain->cut = 0;
    drain->on_drained = on_drained;
    drain->user = user;
    stop_listening(host, flags);
    for (mailproto_host_connection *c = host->connections; c; c = c->next)
        if (!c->draining)
            drain_connection(c);
    if (!drain->waiting)
        tell_soon(host);
    else if (ms != MAILPROTO_UNLIMITED)
        uv_timer_start(&drain->timer, mp_host_drain_due, ms ? ms : DRAIN_MS, 0);
    return MAILPROTO_OK;
}

int32_t mailproto_host_drain_cut(mailproto_host *host)
{
    if (!host)
        return MAILPROTO_ERR_ARG;
    if (!host->drain.active)
        return mp_host_fail(host, MAILPROTO_ERR_STATE, 0, "there is no drain under way");
    uv_timer_stop(&host->drain.timer);
    if (host->drain.waiting)
        cut_all(host);
    else
        tell_soon(host);
    return MAILPROTO_OK;
}

void mp_host_drain_free(mailproto_host *host)
{
    if (host->drain.active && !host->drain.waiting)
        tell(host, MAILPROTO_ERR_CANCELLED);
}
