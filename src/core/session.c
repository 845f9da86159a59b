/* session.c - the verbs of mailproto/session.h: arguments, re-entrancy and deferred free, once for all sessions.
 * contract.md section 2, "Re-entrancy is checked, per session". */
#include "core/session.h"

#include <string.h>

#include "core/memory.h"

static int32_t enter(mailproto_session *s)
{
    if (s->busy)
        return MAILPROTO_ERR_REENTRANT;
    s->busy = 1;
    return MAILPROTO_OK;
}

/* The end of an I/O verb: a free that a callback asked for is done by the outermost one. */
static int32_t leave(mailproto_session *s, int32_t result)
{
    s->busy = 0;
    if (!s->freeing)
        return result;
    if (!s->outer)
        s->ops->destroy(s);
    return MAILPROTO_FREED;
}

int32_t mailproto_session_feed(mailproto_session *s, const void *data, size_t len, uint64_t now, size_t *consumed)
{
    size_t taken = 0;
    int32_t result;

    if (consumed)
        *consumed = 0;
    if (!s || !consumed || (!data && len))
        return MAILPROTO_ERR_ARG;
    result = enter(s);
    if (result)
        return result;
    result = s->ops->feed(s, data, len, now, &taken);
    *consumed = taken;
    return leave(s, result);
}

int32_t mailproto_session_eof(mailproto_session *s, uint64_t now)
{
    int32_t result = s ? enter(s) : MAILPROTO_ERR_ARG;

    return result ? result : leave(s, s->ops->eof(s, now));
}

int32_t mailproto_session_lost(mailproto_session *s, int32_t why, const char *text, size_t len, uint64_t now)
{
    int32_t result;

    if (!s || why >= 0 || (!text && len))
        return MAILPROTO_ERR_ARG;
    result = enter(s);
    return result ? result : leave(s, s->ops->lost(s, why, text, len, now));
}

int32_t mailproto_session_output(mailproto_session *s, const uint8_t **data, size_t *len)
{
    int32_t result;

    if (!s || !data || !len)
        return MAILPROTO_ERR_ARG;
    *data = NULL;
    *len = 0;
    result = enter(s);
    return result ? result : leave(s, s->ops->output(s, data, len));
}

int32_t mailproto_session_read_output(mailproto_session *s, void *buf, size_t cap, size_t *len)
{
    const uint8_t *data;
    size_t lent;
    int32_t result;

    if (!len || (!buf && cap))
        return MAILPROTO_ERR_ARG;
    *len = 0;
    result = mailproto_session_output(s, &data, &lent);
    if (result == MAILPROTO_FREED || !s || !lent)
        return result;
    if (lent > cap)
        lent = cap;
    if (lent)
        memcpy(buf, data, lent);
    *len = lent;
    mailproto_session_output_ack(s, lent);
    return result;
}

int32_t mailproto_session_tick(mailproto_session *s, uint64_t now)
{
    int32_t result = s ? enter(s) : MAILPROTO_ERR_ARG;

    return result ? result : leave(s, s->ops->tick(s, now));
}

int32_t mailproto_session_output_ack(mailproto_session *s, size_t n)
{
    if (!s)
        return MAILPROTO_ERR_ARG;
    return s->busy ? MAILPROTO_ERR_REENTRANT : s->ops->output_ack(s, n);
}

uint32_t mailproto_session_wants(const mailproto_session *s)
{
    return s ? s->ops->wants(s) : 0;
}

uint64_t mailproto_session_deadline(const mailproto_session *s)
{
    return s ? s->ops->deadline(s) : UINT64_MAX;
}

int32_t mailproto_tls_info_init(mailproto_tls_info *info, size_t size)
{
    return mp_struct_init(info, size);
}

int32_t mailproto_session_tls_started(mailproto_session *s, const mailproto_tls_info *info)
{
    mailproto_tls_info own = {0};
    int32_t result = MAILPROTO_OK;

    if (!s)
        return MAILPROTO_ERR_ARG;
    if (s->busy)
        return MAILPROTO_ERR_REENTRANT;
    if (info)
        result = mp_struct_copy(&own, sizeof own, info);
    return result ? result : s->ops->tls_started(s, &own);
}

int32_t mailproto_session_hold(mailproto_session *s)
{
    if (!s)
        return MAILPROTO_ERR_ARG;
    s->ops->hold(s);
    return MAILPROTO_OK;
}

int32_t mailproto_session_release(mailproto_session *s)
{
    if (!s)
        return MAILPROTO_ERR_ARG;
    s->ops->release(s);
    return MAILPROTO_OK;
}

int32_t mailproto_session_finish(mailproto_session *s)
{
    if (!s)
        return MAILPROTO_ERR_ARG;
    s->ops->finish(s);
    return MAILPROTO_OK;
}

void mailproto_session_free(mailproto_session *s)
{
    int busy = 0;

    if (!s)
        return;
    while (s->outer)
        s = s->outer;
    for (mailproto_session *i = s; i; i = i->inner) {
        i->freeing = 1;
        busy |= i->busy;
    }
    if (!busy)
        s->ops->destroy(s);
}

const mailproto_event *mailproto_session_next_event(mailproto_session *s)
{
    return s && !s->busy ? s->ops->next_event(s) : NULL;
}

int32_t mailproto_session_use_default(mailproto_session *s, uint64_t token)
{
    return s ? s->ops->use_default(s, token) : MAILPROTO_ERR_ARG;
}

int32_t mailproto_session_fail(mailproto_session *s, uint64_t token)
{
    return s ? s->ops->fail(s, token) : MAILPROTO_ERR_ARG;
}

int32_t mailproto_session_cancel(mailproto_session *s, uint64_t token)
{
    return s ? s->ops->cancel(s, token) : MAILPROTO_ERR_ARG;
}

int32_t mailproto_session_piece(mailproto_session *s, uint64_t token, const void *data, size_t len)
{
    return s && data && len ? s->ops->piece(s, token, data, len) : MAILPROTO_ERR_ARG;
}

int32_t mailproto_session_piece_end(mailproto_session *s, uint64_t token)
{
    return s ? s->ops->piece_end(s, token) : MAILPROTO_ERR_ARG;
}

int32_t mailproto_session_set_wall(mailproto_session *s, int64_t unix_seconds)
{
    if (!s)
        return MAILPROTO_ERR_ARG;
    s->ops->set_wall(s, unix_seconds);
    return MAILPROTO_OK;
}

int32_t mailproto_session_set_trace(mailproto_session *s, uint32_t kinds)
{
    if (!s)
        return MAILPROTO_ERR_ARG;
    s->ops->set_trace(s, kinds);
    return MAILPROTO_OK;
}

int32_t mailproto_session_error(const mailproto_session *s, uint64_t *offset, const char **text, size_t *len)
{
    uint64_t at;
    const char *sentence;
    size_t n;

    if (!s)
        return MAILPROTO_ERR_ARG;
    return s->ops->error(s, offset ? offset : &at, text ? text : &sentence, len ? len : &n);
}
