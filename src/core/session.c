/* session.c - the verbs of mailproto/session.h that layers change: arguments, re-entrancy and deferred free.
 * contract.md section 2, "Re-entrancy is checked, per session". */
#include "core/session.h"

#include <string.h>

#include "core/memory.h"

MP_OUTLINE static int32_t enter(mailproto_session *s)
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
    int32_t result;

    if (consumed)
        *consumed = 0;
    if (!s || !consumed || (!data && len))
        return MAILPROTO_ERR_ARG;
    result = enter(s);
    return result ? result : leave(s, s->ops->feed(s, data, len, now, consumed));
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
