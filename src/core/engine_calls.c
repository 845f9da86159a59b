/* engine_calls.c - the calls of mailproto/session.h that mean the engine, whatever layers there are around it: each is linked
 * only into programs that make it. contract.md section 2. */
#include "core/engine.h"
#include "core/engine_run.h"

/* The engine inside of all layers, or NULL. */
static struct mp_engine *of(mailproto_session *s)
{
    while (s && s->inner)
        s = s->inner;
    return (struct mp_engine *)s;
}

int32_t mailproto_session_hold(mailproto_session *s)
{
    struct mp_engine *e = of(s);

    if (!e)
        return MAILPROTO_ERR_ARG;
    e->held = 1;
    if (!e->session.busy)
        mp_engine_rest(e, 0);
    return MAILPROTO_OK;
}

int32_t mailproto_session_release(mailproto_session *s)
{
    struct mp_engine *e = of(s);

    if (!e)
        return MAILPROTO_ERR_ARG;
    if (e->held) {
        e->held = 0;
        mp_engine_kick(e);
    }
    return MAILPROTO_OK;
}

int32_t mailproto_session_finish(mailproto_session *s)
{
    struct mp_engine *e = of(s);

    if (!e)
        return MAILPROTO_ERR_ARG;
    e->finishing = 1;
    mp_engine_kick(e);
    return MAILPROTO_OK;
}

/* While the engine runs, verbs are refused from allocator functions and the like, too. */
const mailproto_event *mailproto_session_next_event(mailproto_session *s)
{
    struct mp_engine *e = of(s);

    if (!e || s->busy || e->session.busy || !e->polled)
        return NULL;
    if (e->seen)
        e->current = NULL;
    e->seen = 0;
    e->session.busy = 1;
    mp_engine_run(e);
    e->session.busy = 0;
    e->seen = e->current != NULL;
    mp_engine_rest(e, 0);
    return e->current;
}

/* ---- answers ---- */

static int32_t answer(struct mp_engine *e, uint64_t token, int32_t (*how)(struct mp_engine *e, struct mp_request *r))
{
    struct mp_request *r = mp_request_find(e, token, 0);

    return r ? how(e, r) : MAILPROTO_ERR_TOKEN;
}

int32_t mailproto_session_use_default(mailproto_session *s, uint64_t token)
{
    struct mp_engine *e = of(s);

    return e ? answer(e, token, e->ops->use_default) : MAILPROTO_ERR_ARG;
}

/* The host failed the event just seen, which is no request. */
static int32_t fail_event(struct mp_engine *e)
{
    if (!e->current || e->current->token || (e->polled && !e->seen))
        return MAILPROTO_ERR_STATE;
    if (e->current->type < 0x100)
        mp_engine_end(e, MAILPROTO_ERR_HOST, "the host failed the session");
    else if (!e->ending)
        e->ops->fail_event(e, e->current->type);
    mp_engine_kick(e);
    return MAILPROTO_OK;
}

int32_t mailproto_session_fail(mailproto_session *s, uint64_t token)
{
    struct mp_engine *e = of(s);

    if (!e)
        return MAILPROTO_ERR_ARG;
    return token ? answer(e, token, e->ops->fail) : fail_event(e);
}

int32_t mailproto_session_cancel(mailproto_session *s, uint64_t token)
{
    struct mp_engine *e = of(s);

    if (!e)
        return MAILPROTO_ERR_ARG;
    return e->ops->cancel && !e->ending ? e->ops->cancel(e, token) : MAILPROTO_ERR_TOKEN;
}

int32_t mailproto_session_piece(mailproto_session *s, uint64_t token, const void *data, size_t len)
{
    struct mp_engine *e = of(s);
    struct mp_request *r;

    if (!e || !data || !len)
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(e, token, 0);
    return r && e->ops->piece ? e->ops->piece(e, r, data, len) : MAILPROTO_ERR_TOKEN;
}

int32_t mailproto_session_piece_end(mailproto_session *s, uint64_t token)
{
    struct mp_engine *e = of(s);
    struct mp_request *r;

    if (!e)
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(e, token, 0);
    return r && e->ops->piece_end ? e->ops->piece_end(e, r) : MAILPROTO_ERR_TOKEN;
}

/* ---- waking ---- */

/* Whoever is inside of a verb of the session looks at it anyway when that is through; of one that is being freed nothing
   is told any more. */
static void wake_host(struct mp_engine *e)
{
    mailproto_session *s = &e->session;

    if (e->woken || s->busy || s->freeing)
        return;
    while (s->outer) {
        s = s->outer;
        if (s->busy)
            return;
    }
    e->woken = 1;
    e->host_wake(s, e->host_wake_user);
}

int32_t mailproto_session_set_wake(mailproto_session *s, void (*wake)(mailproto_session *s, void *user), void *user)
{
    struct mp_engine *e = of(s);

    if (!e)
        return MAILPROTO_ERR_ARG;
    e->wake = wake ? wake_host : NULL;
    e->host_wake = wake;
    e->host_wake_user = user;
    return MAILPROTO_OK;
}

/* ---- what is told and asked ---- */

int32_t mailproto_session_set_wall(mailproto_session *s, int64_t unix_seconds)
{
    struct mp_engine *e = of(s);

    if (!e)
        return MAILPROTO_ERR_ARG;
    e->wall = unix_seconds;
    e->wall_at = e->now;
    e->wall_set = e->wall_pending = e->clock_pending = 1;
    if (e->wake)
        e->wake(e);
    return MAILPROTO_OK;
}

int32_t mailproto_session_error(const mailproto_session *s, uint64_t *offset, const char **text, size_t *len)
{
    const struct mp_engine *e;

    if (!s)
        return MAILPROTO_ERR_ARG;
    while (s->inner)
        s = s->inner;
    e = (const struct mp_engine *)s;
    if (offset)
        *offset = e->error_offset;
    if (text)
        *text = e->error_text;
    if (len)
        *len = e->error_len;
    return e->error;
}
