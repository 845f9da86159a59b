/* An engine for tests of TLS that is nothing but both ends of a pipe.
   probe.h. */
#include "probe.h"

#include <stdlib.h>
#include <string.h>

#include "core/engine.h"

struct probe {
    struct mp_engine base;
    struct mp_tls_keeper keeper;
    struct probe_seen *seen;
    struct test_bytes words; /* to say */
    size_t most;             /* octets to hear */
    int leaves;
};

static probe *of(struct mp_engine *e)
{
    return (probe *)e;
}

static void keep(struct probe_text *to, mailproto_text text)
{
    if (text.len > sizeof to->ptr - 1)
        abort();
    if (text.len)
        memcpy(to->ptr, text.ptr, text.len);
    to->ptr[text.len] = 0;
    to->len = text.len;
}

static int32_t keep_info(struct mp_tls_keeper *keeper, const mailproto_tls_info *info)
{
    probe *p = (probe *)(void *)((char *)keeper - offsetof(struct probe, keeper));
    struct probe_info *seen = &p->seen->info;

    seen->version = info->version;
    seen->verified = info->verified;
    keep(&seen->cipher, info->cipher);
    keep(&seen->server_name, info->server_name);
    keep(&seen->alpn, info->alpn);
    keep(&seen->peer_name, info->peer_name);
    keep(&seen->unique, info->unique);
    keep(&seen->exporter, info->exporter);
    keep(&seen->end_point, info->server_end_point);
    return MAILPROTO_OK;
}

/* It is a part of the engine. */
static void forget(struct mp_tls_keeper *keeper)
{
    (void)keeper;
}

static void tls_started(struct mp_engine *e)
{
    (void)e;
}

static int32_t dispatch(struct mp_engine *e, const mailproto_event *event)
{
    struct probe_seen *seen = of(e)->seen;

    if (event->type == MAILPROTO_EVENT_TLS_STARTED)
        seen->started++;
    if (event->type == MAILPROTO_EVENT_CLOSED) {
        const mailproto_closed *closed = (const void *)event;

        seen->closed++;
        seen->why = closed->why;
        if (closed->text.len && closed->text.len < sizeof seen->text)
            memcpy(seen->text, closed->text.ptr, closed->text.len);
    }
    return 0;
}

static int step(struct mp_engine *e)
{
    probe *p = of(e);
    size_t n = mp_in_left(e);

    if (p->words.len && !mp_out_full(e, MP_OUT_MARK)) {
        n = p->words.len < 2048 ? p->words.len : 2048;
        mp_out_put(e, p->words.ptr, n, MAILPROTO_TRACE_BODY);
        test_bytes_take(&p->words, n);
        return 1;
    }
    if (!p->words.len && p->leaves) {
        mp_engine_end(e, 0, NULL);
        return 1;
    }
    if (n > p->most - p->seen->heard.len)
        n = p->most - p->seen->heard.len;
    if (!n)
        return 0;
    test_bytes_add(&p->seen->heard, mp_in(e), n);
    mp_in_take(e, n);
    return 1;
}

static int wants_input(const struct mp_engine *e)
{
    const probe *p = (const probe *)e;

    return p->seen->heard.len < p->most;
}

static uint32_t peer_limit(const struct mp_engine *e)
{
    (void)e;
    return 0;
}

static void at_eof(struct mp_engine *e)
{
    of(e)->seen->ended++;
    mp_engine_end(e, 0, NULL);
}

static void destroy(struct mp_engine *e)
{
    test_bytes_free(&of(e)->words);
}

static const struct mp_engine_ops ops = {
    .dispatch = dispatch,
    .step = step,
    .wants_input = wants_input,
    .peer_limit = peer_limit,
    .eof = at_eof,
    .tls_started = tls_started,
    .destroy = destroy,
};

probe *probe_new(struct probe_seen *seen)
{
    mailproto_allocator own;
    struct mp_engine_setup setup = {.ops = &ops, .allocator = &own, .implicit_tls = 1};
    struct mp_engine *e = NULL;

    if (mp_allocator_copy(&own, NULL) || mp_engine_new(&e, sizeof(probe), &setup))
        abort();
    of(e)->seen = seen;
    of(e)->most = SIZE_MAX;
    of(e)->keeper = (struct mp_tls_keeper){keep_info, forget};
    mp_engine_set_keeper(e, &of(e)->keeper);
    return of(e);
}

mailproto_session *probe_session(probe *p)
{
    return &p->base.session;
}

void probe_say(probe *p, const void *data, size_t n)
{
    test_bytes_add(&p->words, data, n);
    mp_engine_kick(&p->base);
}

void probe_listen(probe *p, size_t most)
{
    p->most = most;
    mp_engine_kick(&p->base);
}

void probe_leave(probe *p)
{
    p->leaves = 1;
    mp_engine_kick(&p->base);
}
