/* session.c - TLS over a session: the operations of its layer, and the octets between them and mbedTLS.
 * mailproto/layer.h; RFC 5246, RFC 8446. mbedTLS keeps parts of records itself: nothing is kept here but alerts. */
#include <mbedtls/platform_util.h>

#include "internal.h"

/* ---- octets ---- */

static int take_in(void *session, unsigned char *to, size_t len)
{
    struct mp_mbedtls_session *s = session;
    size_t n = s->in_len - s->in_pos;

    if (s->early_len) {
        n = s->early_len < len ? s->early_len : len;
        memcpy(to, s->early, n);
        memmove(s->early, s->early + n, s->early_len - n);
        s->early_len -= n;
        return (int)n;
    }
    if (!n) {
        s->starved = 1;
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    n = n < len ? n : len;
    memcpy(to, s->in + s->in_pos, n);
    s->in_pos += n;
    return (int)n;
}

static int put_out(void *session, const unsigned char *from, size_t len)
{
    struct mp_mbedtls_session *s = session;
    size_t n = s->out_cap - s->out_len;

    if (s->out == s->pending && n < len) {
        s->flooded = 1;
        return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    }
    if (!n)
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    n = n < len ? n : len;
    memcpy(s->out + s->out_len, from, n);
    s->out_len += n;
    return (int)n;
}

static void begin(struct mp_mbedtls_session *s, const uint8_t *in, size_t in_len, uint8_t *out, size_t cap)
{
    s->in = in;
    s->in_len = in_len;
    s->in_pos = 0;
    s->out = out;
    s->out_cap = cap;
    s->out_len = 0;
    s->starved = 0;
}

/* Alerts that are made where nothing may be sent wait in `pending`. */
static void begin_pending(struct mp_mbedtls_session *s, const uint8_t *in, size_t in_len)
{
    begin(s, in, in_len, s->pending, sizeof s->pending);
    s->out_len = s->pending_len;
}

static size_t send_pending(struct mp_mbedtls_session *s, uint8_t *out, size_t cap)
{
    size_t n = s->pending_len;

    if (n > cap)
        return 0;
    memcpy(out, s->pending, n);
    s->pending_len = 0;
    return n;
}

/* ---- the end ---- */

/* The alert for an error that mbedTLS itself said nothing about; the peer's own alerts are not answered. */
static void alert(struct mp_mbedtls_session *s, int error)
{
    unsigned char message = MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR;

    if (!s->set_up || error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE || error == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return;
    if (error == MBEDTLS_ERR_SSL_INVALID_RECORD)
        message = MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR;
    else if (error == MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE)
        message = MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE;
    else if (!s->over && !mp_mbedtls_is_no_memory(error))
        message = MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE;
    /* if it has no way out the connection ends without it */
    (void)!mbedtls_ssl_send_alert_message(&s->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, message);
}

/* `before`: what had been made when the call began that failed. */
static int32_t fail(struct mp_mbedtls_session *s, int error, size_t before)
{
    int32_t result = mp_mbedtls_failed(s, error);

    if (s->out_len == before)
        alert(s, error);
    s->failed = 1;
    if (!s->over) {
        atomic_fetch_add_explicit(&s->tls->failed, 1, memory_order_relaxed);
        mp_mbedtls_sessions_forget(s); /* a ticket that is no good must not lock us out */
    }
    return result;
}

/* ---- handshake ---- */

/* Buffers are taken when TLS begins: a session that only might begin it has none. */
static int set_up(struct mp_mbedtls_session *s)
{
    int error = mbedtls_ssl_setup(&s->ssl, &s->tls->conf);

    if (error)
        return error;
    s->set_up = 1;
    mbedtls_ssl_set_bio(&s->ssl, s, put_out, take_in, NULL);
    if (s->tls->role == MAILPROTO_MBEDTLS_SERVER) {
        if (s->tls->peer != MAILPROTO_MBEDTLS_PEER_IGNORED)
            mbedtls_ssl_set_verify(&s->ssl, mp_mbedtls_verify, s);
        return 0;
    }
    mbedtls_ssl_set_verify(&s->ssl, mp_mbedtls_verify, s);
    /* an address is no name for SNI (RFC 6066 section 3); what the certificate is for is looked at in verify.c */
    error = mbedtls_ssl_set_hostname(&s->ssl, s->name.len && !s->name.address_len ? s->name.text : NULL);
    if (!error)
        mp_mbedtls_sessions_offer(s);
    return error;
}

/* Whether the host takes it, too. */
static int32_t ask_host(struct mp_mbedtls_session *s)
{
    mailproto_text fingerprint = {(const char *)s->peer.fingerprint, s->peer.fingerprint_len};
    mailproto_tls_info info;

    if (!s->tls->on_handshake)
        return MAILPROTO_OK;
    mailproto_tls_info_init(&info, sizeof info);
    if (!mp_mbedtls_info(s, &info) && !s->tls->on_handshake(&info, fingerprint, s->tls->user))
        return MAILPROTO_OK;
    mp_mbedtls_say(0, s->why, sizeof s->why,
                   "the handshake was refused on this side: the certificate is not the one that "
                   "was expected");
    return MAILPROTO_ERR_TLS;
}

static int32_t done(struct mp_mbedtls_session *s)
{
    int32_t result = mp_mbedtls_finished(s);

    if (!result)
        result = ask_host(s);
    if (result)
        return fail(s, MBEDTLS_ERR_SSL_INTERNAL_ERROR, s->out_len);
    s->over = 1;
    atomic_fetch_add_explicit(&s->tls->handshakes, 1, memory_order_relaxed);
    if (!s->certificate)
        atomic_fetch_add_explicit(&s->tls->resumed, 1, memory_order_relaxed);
    return MAILPROTO_LAYER_DONE;
}

/* The last state is passed when its record was made: the rest of that may still wait for room. */
static int flush(struct mp_mbedtls_session *s)
{
    int error = 0;

    if (s->ssl.MBEDTLS_PRIVATE(out_left))
        error = mbedtls_ssl_write(&s->ssl, s->pending, 0); /* sends what is left, and nothing else */
    return error < 0 ? error : 0;
}

/* One state of the handshake after the other, for what passes on the way is looked at. */
static int32_t step(struct mp_mbedtls_session *s)
{
    int error;

    if (!s->set_up) {
        error = set_up(s);
        if (error)
            return fail(s, error, s->out_len);
    }
    while (s->ssl.MBEDTLS_PRIVATE(state) != MBEDTLS_SSL_HANDSHAKE_OVER) {
        int before = s->ssl.MBEDTLS_PRIVATE(state);
        size_t made = s->out_len;

        error = mbedtls_ssl_handshake_step(&s->ssl);
        if (!error) {
            mp_mbedtls_watch(s, before);
            s->begun |= before != MBEDTLS_SSL_HELLO_REQUEST && before != MBEDTLS_SSL_CLIENT_HELLO;
        } else if (error == MBEDTLS_ERR_SSL_WANT_READ) {
            if (s->starved)
                return MAILPROTO_LAYER_NEED_INPUT;
        } else if (error == MBEDTLS_ERR_SSL_WANT_WRITE) {
            return MAILPROTO_LAYER_MORE; /* `out` is full; the rest is flushed by the next step */
        } else {
            return fail(s, error, made);
        }
    }
    error = flush(s);
    if (error)
        return error == MBEDTLS_ERR_SSL_WANT_WRITE ? MAILPROTO_LAYER_MORE : fail(s, error, s->out_len);
    return done(s);
}

static int32_t handshake(void *ctx, const uint8_t *in, size_t in_len, size_t *took, uint8_t *out, size_t cap,
                         size_t *made)
{
    struct mp_mbedtls_session *s = ctx;
    int32_t result;

    begin(s, in, in_len, out, cap);
    result = step(s);
    /* what is fed must get on: where `out` was full first, one octet is kept for later */
    if (result == MAILPROTO_LAYER_MORE && !s->in_pos && in_len && s->early_len < sizeof s->early)
        s->early[s->early_len++] = in[s->in_pos++];
    *took = s->in_pos;
    *made = s->out_len;
    return result;
}

/* ---- records ---- */

/* Whether reading goes on after an error that is none. */
static int goes_on(struct mp_mbedtls_session *s, int error)
{
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
    if (error == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
        mp_mbedtls_sessions_keep(s);
        return 1;
    }
#endif
    return error == MBEDTLS_ERR_SSL_WANT_READ && !s->starved;
}

/* The end of opening for now: behind octets that were opened an error waits for the next call. */
static int32_t stop(struct mp_mbedtls_session *s, int error, size_t made)
{
    if (error == MBEDTLS_ERR_SSL_WANT_READ)
        return MAILPROTO_LAYER_NEED_INPUT;
    if (error == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return MAILPROTO_LAYER_DONE;
    if (made) {
        s->deferred = error;
        return MAILPROTO_LAYER_MORE;
    }
    return fail(s, error, s->pending_len);
}

static int32_t open_records(void *ctx, const uint8_t *in, size_t in_len, size_t *took, uint8_t *plain, size_t cap,
                            size_t *made)
{
    struct mp_mbedtls_session *s = ctx;
    int32_t result = MAILPROTO_LAYER_MORE;

    begin_pending(s, in, in_len);
    if (s->deferred) {
        result = fail(s, s->deferred, s->pending_len);
        s->pending_len = s->out_len;
        return result;
    }
    while (*made < cap) {
        int n = mbedtls_ssl_read(&s->ssl, plain + *made, cap - *made);

        if (n > 0) {
            *made += (size_t)n;
        } else if (!goes_on(s, n)) {
            result = stop(s, n, *made);
            break;
        }
    }
    s->pending_len = s->out_len;
    *took = s->in_pos;
    return result;
}

static int32_t seal(void *ctx, const uint8_t *plain, size_t len, size_t *took, uint8_t *out, size_t cap, size_t *made)
{
    struct mp_mbedtls_session *s = ctx;
    int n;

    *made = send_pending(s, out, cap);
    begin(s, NULL, 0, out + *made, cap - *made);
    n = mbedtls_ssl_write(&s->ssl, plain, len);
    *made += s->out_len;
    if (n <= 0)
        return fail(s, n, s->out_len);
    *took = (size_t)n;
    return MAILPROTO_LAYER_MORE;
}

static int32_t close_session(void *ctx, uint8_t *out, size_t cap, size_t *made)
{
    struct mp_mbedtls_session *s = ctx;

    *made = send_pending(s, out, cap);
    if (s->failed || !s->over || s->notified)
        return MAILPROTO_LAYER_DONE;
    begin(s, NULL, 0, out + *made, cap - *made);
    s->notified = 1;
    if (mbedtls_ssl_close_notify(&s->ssl))
        return MAILPROTO_LAYER_DONE; /* there is no room for it, and nobody to tell */
    *made += s->out_len;
    return MAILPROTO_LAYER_DONE;
}

static void error_text(void *ctx, mailproto_text *text)
{
    struct mp_mbedtls_session *s = ctx;

    text->ptr = s->why;
    text->len = strlen(s->why);
}

static void destroy(void *ctx)
{
    struct mp_mbedtls_session *s = ctx;
    mailproto_allocator allocator = s->allocator;

    mbedtls_ssl_free(&s->ssl);
    mailproto_mbedtls_sessions_free(s->sessions);
    mailproto_mbedtls_tls_free(s->tls);
    mbedtls_platform_zeroize(s, sizeof *s);
    allocator.free(s, sizeof *s, allocator.user);
}

/* ---- construction ---- */

void mp_mbedtls_layer(const mailproto_mbedtls_tls *tls, mailproto_layer *ops)
{
    mailproto_layer_init(ops, sizeof *ops);
    ops->overhead = MP_MBEDTLS_PENDING + MP_MBEDTLS_EXPANSION;
    ops->max_plain = tls->record_max;
    ops->handshake = handshake;
    ops->open = open_records;
    ops->seal = seal;
    ops->close = close_session;
    ops->info = mp_mbedtls_info;
    ops->error_text = error_text;
    ops->free = destroy;
}

static int32_t put_over(mailproto_session **outer, mailproto_session *inner, mailproto_mbedtls_tls *tls,
                        const struct mp_mbedtls_name *name, mailproto_mbedtls_sessions *sessions,
                        const mailproto_allocator *allocator)
{
    struct mp_mbedtls_session *s;
    mailproto_allocator own;
    mailproto_layer ops;
    int32_t result;

    if (mp_companion_allocator_copy(&own, allocator))
        return MAILPROTO_ERR_ARG;
    s = own.alloc(sizeof *s, own.user);
    if (!s)
        return MAILPROTO_ERR_NOMEM;
    memset(s, 0, sizeof *s);
    mbedtls_ssl_init(&s->ssl);
    s->allocator = own;
    s->tls = tls;
    s->sessions = sessions;
    s->own = tls->own;
    if (name)
        s->name = *name;
    mp_mbedtls_layer(tls, &ops);
    result = mailproto_layer_new(outer, inner, &ops, s, &own);
    if (result) {
        own.free(s, sizeof *s, own.user);
        return result;
    }
    mailproto_mbedtls_tls_hold(tls);
    if (sessions)
        mp_mbedtls_sessions_hold(sessions);
    return MAILPROTO_OK;
}

int32_t mailproto_mbedtls_server(mailproto_session **outer, mailproto_session *inner, mailproto_mbedtls_tls *tls,
                                 const mailproto_allocator *allocator)
{
    if (!outer || !inner || !tls || tls->role != MAILPROTO_MBEDTLS_SERVER)
        return MAILPROTO_ERR_ARG;
    return put_over(outer, inner, tls, NULL, NULL, allocator);
}

int32_t mailproto_mbedtls_client(mailproto_session **outer, mailproto_session *inner, mailproto_mbedtls_tls *tls,
                                 const char *server_name, size_t server_name_len, mailproto_mbedtls_sessions *sessions,
                                 const mailproto_allocator *allocator)
{
    struct mp_mbedtls_name name = {0};

    if (!outer || !inner || !tls || tls->role != MAILPROTO_MBEDTLS_CLIENT || (server_name_len && !server_name))
        return MAILPROTO_ERR_ARG;
    if (sessions && !mp_mbedtls_sessions_of(sessions, tls))
        return MAILPROTO_ERR_ARG;
    if (server_name_len ? mp_mbedtls_name_read(&name, server_name, server_name_len) != MAILPROTO_OK
                        : !(tls->options & MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY))
        return MAILPROTO_ERR_ARG;
    return put_over(outer, inner, tls, &name, sessions, allocator);
}

size_t mailproto_mbedtls_memory_max(const mailproto_mbedtls_tls *tls)
{
    mailproto_layer ops;

    if (!tls)
        return 0;
    mp_mbedtls_layer(tls, &ops);
    return sizeof(struct mp_mbedtls_session) + 16 + mailproto_layer_memory_max(&ops);
}
