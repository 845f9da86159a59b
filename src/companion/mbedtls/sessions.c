/* sessions.c - what a client remembers of servers, so that the next handshake with them is a short one.
 * RFC 5077, RFC 8446 section 2.2; mailproto/mbedtls.h: mailproto_mbedtls_sessions_new. */
#include <mbedtls/platform_util.h>

#include "internal.h"

#ifdef MP_MBEDTLS_TICKETS

enum { MOST = 16, MOST_MAX = 65536 };

struct remembered {
    mbedtls_ssl_session session;
    struct mp_mbedtls_peer peer;
    char name[MP_MBEDTLS_NAME_MAX + 1];
    uint32_t version;
    uint64_t at; /* the greater the later; 0: nothing is here */
};

struct mailproto_mbedtls_sessions {
    mailproto_mbedtls_tls *tls;
    atomic_uint holds;
    uint32_t most;
    uint64_t clock;
    struct remembered *list;
};

static void forget(struct remembered *r)
{
    if (!r->at)
        return;
    mbedtls_ssl_session_free(&r->session);
    mbedtls_platform_zeroize(r, sizeof *r);
}

static struct remembered *find(mailproto_mbedtls_sessions *sessions, const char *name)
{
    for (uint32_t i = 0; i < sessions->most; i++)
        if (sessions->list[i].at && !strcmp(sessions->list[i].name, name))
            return &sessions->list[i];
    return NULL;
}

/* The place for one more: an empty one, or that of the oldest. */
static struct remembered *place(mailproto_mbedtls_sessions *sessions)
{
    struct remembered *oldest = sessions->list;

    for (uint32_t i = 1; i < sessions->most; i++)
        if (sessions->list[i].at < oldest->at)
            oldest = &sessions->list[i];
    forget(oldest);
    return oldest;
}

int32_t mailproto_mbedtls_sessions_new(mailproto_mbedtls_sessions **out, mailproto_mbedtls_tls *tls, uint32_t most)
{
    mailproto_mbedtls_sessions *sessions;
    const mailproto_allocator *allocator;

    if (!out)
        return MAILPROTO_ERR_ARG;
    *out = NULL;
    if (!tls || tls->role != MAILPROTO_MBEDTLS_CLIENT || most > MOST_MAX)
        return MAILPROTO_ERR_ARG;
    if (tls->options & MAILPROTO_MBEDTLS_NO_TICKETS)
        return MAILPROTO_ERR_STATE;
    most = most ? most : MOST;
    allocator = &tls->m->allocator;
    sessions = allocator->alloc(sizeof *sessions, allocator->user);
    if (!sessions)
        return MAILPROTO_ERR_NOMEM;
    sessions->list = allocator->alloc(most * sizeof *sessions->list, allocator->user);
    if (!sessions->list) {
        allocator->free(sessions, sizeof *sessions, allocator->user);
        return MAILPROTO_ERR_NOMEM;
    }
    memset(sessions->list, 0, most * sizeof *sessions->list);
    atomic_init(&sessions->holds, 1);
    sessions->most = most;
    sessions->clock = 0;
    sessions->tls = tls;
    mailproto_mbedtls_tls_hold(tls);
    *out = sessions;
    return MAILPROTO_OK;
}

void mailproto_mbedtls_sessions_free(mailproto_mbedtls_sessions *sessions)
{
    const mailproto_allocator *allocator;
    mailproto_mbedtls_tls *tls;

    if (!sessions || atomic_fetch_sub_explicit(&sessions->holds, 1, memory_order_acq_rel) != 1)
        return;
    tls = sessions->tls;
    allocator = &tls->m->allocator;
    for (uint32_t i = 0; i < sessions->most; i++)
        forget(&sessions->list[i]);
    allocator->free(sessions->list, sessions->most * sizeof *sessions->list, allocator->user);
    allocator->free(sessions, sizeof *sessions, allocator->user);
    mailproto_mbedtls_tls_free(tls);
}

int mp_mbedtls_sessions_of(const mailproto_mbedtls_sessions *sessions, const mailproto_mbedtls_tls *tls)
{
    return sessions->tls == tls;
}

void mp_mbedtls_sessions_hold(mailproto_mbedtls_sessions *sessions)
{
    atomic_fetch_add_explicit(&sessions->holds, 1, memory_order_relaxed);
}

/* The certificate is not shown again: it must be valid still. */
static int is_valid(const struct remembered *r)
{
    return !r->peer.seen || !mbedtls_x509_time_is_past(&r->peer.valid_to);
}

void mp_mbedtls_sessions_offer(struct mp_mbedtls_session *s)
{
    struct remembered *r = s->sessions ? find(s->sessions, s->name.text) : NULL;

    if (!r)
        return;
    if (is_valid(r) && !mbedtls_ssl_set_session(&s->ssl, &r->session)) {
        s->peer = r->peer;
        if (r->version == 0x0303)
            return;
    }
    forget(r); /* a ticket of TLS 1.3 is for once: two uses could be seen to be of one client (RFC 8446 appendix C.4) */
}

void mp_mbedtls_sessions_keep(struct mp_mbedtls_session *s)
{
    mbedtls_ssl_session session;
    struct remembered *r;

    if (!s->sessions || !s->peer.seen || !s->name.len)
        return;
    mbedtls_ssl_session_init(&session);
    if (mbedtls_ssl_get_session(&s->ssl, &session)) {
        mbedtls_ssl_session_free(&session);
        return;
    }
    r = find(s->sessions, s->name.text);
    if (r)
        forget(r);
    else
        r = place(s->sessions);
    memcpy(&r->session, &session, sizeof session); /* what it points to is r's now */
    r->peer = s->peer;
    memcpy(r->name, s->name.text, s->name.len + 1);
    r->version = s->version;
    r->at = ++s->sessions->clock;
    mbedtls_platform_zeroize(&session, sizeof session);
}

void mp_mbedtls_sessions_forget(struct mp_mbedtls_session *s)
{
    struct remembered *r = s->sessions ? find(s->sessions, s->name.text) : NULL;

    if (r)
        forget(r);
}

#else /* this mbedTLS has no tickets, so there never is one */

int32_t mailproto_mbedtls_sessions_new(mailproto_mbedtls_sessions **out, mailproto_mbedtls_tls *tls, uint32_t most)
{
    (void)most;
    if (out)
        *out = NULL;
    return out && tls ? MAILPROTO_ERR_UNSUPPORTED : MAILPROTO_ERR_ARG;
}

void mailproto_mbedtls_sessions_free(mailproto_mbedtls_sessions *sessions)
{
    (void)sessions;
}

int mp_mbedtls_sessions_of(const mailproto_mbedtls_sessions *sessions, const mailproto_mbedtls_tls *tls)
{
    (void)sessions, (void)tls;
    return 0;
}

void mp_mbedtls_sessions_hold(mailproto_mbedtls_sessions *sessions)
{
    (void)sessions;
}

void mp_mbedtls_sessions_offer(struct mp_mbedtls_session *s)
{
    (void)s;
}

void mp_mbedtls_sessions_keep(struct mp_mbedtls_session *s)
{
    (void)s;
}

void mp_mbedtls_sessions_forget(struct mp_mbedtls_session *s)
{
    (void)s;
}

#endif
