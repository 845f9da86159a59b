/* timer.c - timers of the program's: once or again and again.
 * include/mailproto/host_loop.h, mailproto_host_timer_start. */
#include "internal.h"

struct mailproto_host_timer {
    uv_timer_t timer;
    mailproto_host *host;
    mailproto_host_timer *previous, *next;
    void (*on_due)(mailproto_host_timer *, void *);
    void *user;
    uint8_t closing, repeats;
};

static void closed(uv_handle_t *handle)
{
    mailproto_host_timer *timer = handle->data;
    mailproto_host *host = timer->host;

    if (host->freeing) { /* who does not know yet that the host goes may cancel it again */
        timer->next = host->dead_timers;
        host->dead_timers = timer;
    } else {
        mp_host_release(host, timer, sizeof *timer);
    }
    mp_host_end(host);
}

void mailproto_host_timer_cancel(mailproto_host_timer *timer)
{
    if (!timer || timer->closing)
        return;
    timer->closing = 1;
    if (timer->previous)
        timer->previous->next = timer->next;
    else
        timer->host->timers = timer->next;
    if (timer->next)
        timer->next->previous = timer->previous;
    uv_close((uv_handle_t *)&timer->timer, closed);
}

static void due(uv_timer_t *handle)
{
    mailproto_host_timer *timer = handle->data;

    timer->on_due(timer, timer->user);
    if (!timer->repeats)
        mailproto_host_timer_cancel(timer); /* closed and freed from the loop: it is still there */
}

int32_t mailproto_host_timer_start(mailproto_host *host, uint64_t ms, uint64_t repeat_ms,
                                   void (*on_due)(mailproto_host_timer *timer, void *user), void *user,
                                   mailproto_host_timer **out)
{
    mailproto_host_timer *timer;

    if (!host || !on_due)
        return MAILPROTO_ERR_ARG;
    if (host->freeing)
        return mp_host_fail(host, MAILPROTO_ERR_STATE, 0, "the host is being freed");
    timer = mp_host_alloc(host, sizeof *timer);
    if (!timer)
        return mp_host_fail(host, MAILPROTO_ERR_NOMEM, 0, "there is no memory for a timer");
    timer->host = host;
    timer->on_due = on_due;
    timer->user = user;
    timer->repeats = repeat_ms != 0;
    timer->next = host->timers;
    if (timer->next)
        timer->next->previous = timer;
    host->timers = timer;
    uv_timer_init(host->loop, &timer->timer); /* answers 0 always */
    timer->timer.data = timer;
    mp_host_begin(host);
    uv_update_time(host->loop); /* the time counts from now, however long the loop has been away */
    uv_timer_start(&timer->timer, due, ms, repeat_ms);
    if (out)
        *out = timer;
    return MAILPROTO_OK;
}

void mp_host_timers_end(mailproto_host *host)
{
    while (host->timers)
        mailproto_host_timer_cancel(host->timers);
}

void mp_host_timers_release(mailproto_host *host)
{
    mailproto_host_timer *timer;

    while ((timer = host->dead_timers)) {
        host->dead_timers = timer->next;
        mp_host_release(host, timer, sizeof *timer);
    }
}
