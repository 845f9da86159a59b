/* tls.c - the rules of one side: a config checked and turned into mbedTLS's, shared and counted.
 * RFC 9325 (what is safe), RFC 7301 (ALPN), RFC 5077; mailproto/mbedtls.h: mailproto_mbedtls_tls_new. */
#include "internal.h"

enum { TICKET_S = 14400, TICKET_S_MAX = 604800, RECORD_MIN = 512 };

/* Forward secrecy and authenticated encryption only (RFC 9325 section 4.2); those that this mbedTLS has not are passed
   over by it. */
static const int ciphers[] = {
#ifdef MP_MBEDTLS_TLS_1_3
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
#endif
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    0,
};

/* ---- checking ---- */

static int is_version(uint32_t version)
{
    return version == 0 || version == 0x0303 || version == 0x0304;
}

static int is_text(mailproto_text text)
{
    return text.ptr || !text.len;
}

static int32_t check_struct(mailproto_mbedtls_config *to, const mailproto_mbedtls_config *from, char *why,
                            size_t why_size)
{
    const uint32_t known =
        MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY | MAILPROTO_MBEDTLS_NO_TICKETS | MAILPROTO_MBEDTLS_REQUIRE_EXPORTER;

    if (mp_companion_struct_copy(to, sizeof *to, from) || !is_text(to->trust_pem) || !is_text(to->trust_file) ||
        !is_text(to->alpn) || (to->options & ~known) || to->peer > MAILPROTO_MBEDTLS_PEER_REQUIRED)
        return mp_mbedtls_say(MAILPROTO_ERR_ARG, why, why_size,
                              "the config is none that _init made, or holds what is unknown");
    return MAILPROTO_OK;
}

static int32_t check_versions(mailproto_mbedtls_config *c, char *why, size_t why_size)
{
    uint32_t has = mailproto_mbedtls_features();

    if (!is_version(c->min_version) || !is_version(c->max_version))
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size, "versions: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3");
    if (c->options & MAILPROTO_MBEDTLS_REQUIRE_EXPORTER) {
        if (!(has & MAILPROTO_MBEDTLS_HAS_EXPORTER))
            return mp_mbedtls_say(
                MAILPROTO_ERR_CONFIG, why, why_size,
                "tls-exporter is required, and this mbedTLS (%s) has it not: it comes with TLS 1.3 in "
                "mbedTLS 3.6",
                MBEDTLS_VERSION_STRING);
        c->min_version = 0x0304;
    }
    if ((c->min_version == 0x0304 || c->max_version == 0x0304) && !(has & MAILPROTO_MBEDTLS_HAS_TLS_1_3))
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size,
                              "TLS 1.3 is required, and this mbedTLS (%s) has it not: it comes with mbedTLS 3.6",
                              MBEDTLS_VERSION_STRING);
    c->min_version = c->min_version ? c->min_version : 0x0303;
    if (!c->max_version)
        c->max_version = has & MAILPROTO_MBEDTLS_HAS_TLS_1_3 ? 0x0304 : 0x0303;
    if (c->max_version < c->min_version)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size,
                              "the newest version allowed is older than the oldest");
    return MAILPROTO_OK;
}

static int32_t check_server(const mailproto_mbedtls_config *c, char *why, size_t why_size)
{
    if (!c->certificates)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size, "a server needs a certificate");
    if (c->options & MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size,
                              "not to verify is a client's option; a server says by `peer` what it asks for");
    if (c->peer != MAILPROTO_MBEDTLS_PEER_IGNORED && !c->trust_pem.len && !c->trust_file.len)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size,
                              "a server that asks for certificates needs to be told who may sign them (trust)");
    return MAILPROTO_OK;
}

static int32_t check(mailproto_mbedtls_config *c, char *why, size_t why_size)
{
    if (c->role != MAILPROTO_MBEDTLS_SERVER && c->role != MAILPROTO_MBEDTLS_CLIENT)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size, "the config does not say whether it is a server's");
    if (c->record_max && (c->record_max < RECORD_MIN || c->record_max > MP_MBEDTLS_RECORD))
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size, "record_max is not between 512 and 16384");
    if (c->ticket_s > TICKET_S_MAX)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size, "tickets are good for 604800 seconds at most");
    if (c->role == MAILPROTO_MBEDTLS_SERVER)
        return check_server(c, why, why_size);
    if (c->peer != MAILPROTO_MBEDTLS_PEER_IGNORED)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size, "`peer` is a server's: a client verifies anyway");
    if (c->certificates && c->certificates->next)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size, "a client has one certificate at most");
    return MAILPROTO_OK;
}

/* ---- building ---- */

static int32_t bad_alpn(char *why, size_t why_size)
{
    return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size,
                          "alpn: up to 8 names of up to 255 octets, with one space between them");
}

static int32_t set_alpn(mailproto_mbedtls_tls *tls, mailproto_text names, char *why, size_t why_size)
{
    const mailproto_allocator *allocator = &tls->m->allocator;
    size_t count = 0, from = 0;

    if (!names.len)
        return MAILPROTO_OK;
    if (names.len > MP_MBEDTLS_ALPN_MAX * 256 || memchr(names.ptr, 0, names.len))
        return bad_alpn(why, why_size);
    tls->alpn = allocator->alloc(names.len + 1, allocator->user);
    if (!tls->alpn)
        return mp_mbedtls_say(MAILPROTO_ERR_NOMEM, why, why_size, "%s", mailproto_result_text(MAILPROTO_ERR_NOMEM));
    tls->alpn_size = names.len + 1;
    memcpy(tls->alpn, names.ptr, names.len);
    tls->alpn[names.len] = '\0';
    for (size_t i = 0; i <= names.len; i++) {
        if (i < names.len && tls->alpn[i] != ' ')
            continue;
        if (i == from || i - from > 255 || count == MP_MBEDTLS_ALPN_MAX)
            return bad_alpn(why, why_size);
        tls->alpn[i] = '\0';
        tls->alpn_list[count++] = tls->alpn + from;
        from = i + 1;
    }
    if (mbedtls_ssl_conf_alpn_protocols(&tls->conf, tls->alpn_list))
        return bad_alpn(why, why_size);
    return MAILPROTO_OK;
}

/* The server's choice of a certificate by SNI (RFC 6066 section 3). A name that is none, or not ours, gets the first. A client
   that asks again, behind HelloRetryRequest or in one ClientHello, asks for the same (RFC 8446 section 4.1.2): mbedTLS would go
   on with the first certificate, and the channel binding would be of the second. */
static int choose(void *shared, mbedtls_ssl_context *ssl, const unsigned char *name, size_t len)
{
    struct mp_mbedtls_session *s = (struct mp_mbedtls_session *)(void *)ssl; /* its first member */
    const mailproto_mbedtls_tls *tls = shared;
    struct mp_mbedtls_name asked;
    struct mp_mbedtls_own *own;
    int is_none = mp_mbedtls_name_read(&asked, (const char *)name, len) != MAILPROTO_OK;

    if (s->name.len)
        return is_none || asked.len != s->name.len || memcmp(asked.text, s->name.text, asked.len) ? -1 : 0;
    if (is_none)
        return 0;
    s->name = asked;
    own = mp_mbedtls_own_find(tls, &s->name);
    if (!own || own == tls->own)
        return 0;
    s->own = own;
    return mbedtls_ssl_set_hs_own_cert(ssl, &own->chain, &own->key);
}

static void set_versions(mailproto_mbedtls_tls *tls, const mailproto_mbedtls_config *c)
{
#ifdef MP_MBEDTLS_3
    mbedtls_ssl_conf_min_tls_version(&tls->conf, (mbedtls_ssl_protocol_version)c->min_version);
    mbedtls_ssl_conf_max_tls_version(&tls->conf, (mbedtls_ssl_protocol_version)c->max_version);
#else
    mbedtls_ssl_conf_min_version(&tls->conf, MBEDTLS_SSL_MAJOR_VERSION_3, (int)(c->min_version & 0xff));
    mbedtls_ssl_conf_max_version(&tls->conf, MBEDTLS_SSL_MAJOR_VERSION_3, (int)(c->max_version & 0xff));
#endif
#ifdef MP_MBEDTLS_TLS_1_3
    /* a ticket alone would give no forward secrecy */
    mbedtls_ssl_conf_tls13_key_exchange_modes(&tls->conf, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
#endif
}

/* Tickets of a server are sealed with a key that only this object has and that is replaced: so they end with it. One that
   asks for certificates gives none: those would be in them, and who was let in once would be again. */
static int set_tickets(mailproto_mbedtls_tls *tls, const mailproto_mbedtls_config *c)
{
#ifdef MP_MBEDTLS_TICKETS
    int off = (c->options & MAILPROTO_MBEDTLS_NO_TICKETS) != 0;
    int error;

    if (c->role == MAILPROTO_MBEDTLS_CLIENT) {
        mbedtls_ssl_conf_session_tickets(&tls->conf, off ? MBEDTLS_SSL_SESSION_TICKETS_DISABLED
                                                         : MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
#if defined(MP_MBEDTLS_TLS_1_3) && defined(MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED)
        if (!off)
            mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
                &tls->conf, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
        return 0;
    }
    if (off || c->peer != MAILPROTO_MBEDTLS_PEER_IGNORED)
        return 0;
    error = mbedtls_ssl_ticket_setup(&tls->tickets, mbedtls_ctr_drbg_random, &tls->m->random,
                                     MBEDTLS_CIPHER_AES_256_GCM, c->ticket_s ? c->ticket_s : TICKET_S);
    if (!error)
        mbedtls_ssl_conf_session_tickets_cb(&tls->conf, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                            &tls->tickets);
    return error;
#else
    (void)tls, (void)c;
    return 0;
#endif
}

static int auth_mode(const mailproto_mbedtls_config *c)
{
    if (c->role == MAILPROTO_MBEDTLS_CLIENT)
        return c->options & MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY ? MBEDTLS_SSL_VERIFY_OPTIONAL
                                                                 : MBEDTLS_SSL_VERIFY_REQUIRED;
    if (c->peer == MAILPROTO_MBEDTLS_PEER_IGNORED)
        return MBEDTLS_SSL_VERIFY_NONE;
    return c->peer == MAILPROTO_MBEDTLS_PEER_ASKED ? MBEDTLS_SSL_VERIFY_OPTIONAL : MBEDTLS_SSL_VERIFY_REQUIRED;
}

static int set_rules(mailproto_mbedtls_tls *tls, const mailproto_mbedtls_config *c)
{
    int server = c->role == MAILPROTO_MBEDTLS_SERVER;
    int error = mbedtls_ssl_config_defaults(&tls->conf, server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                            MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);

    if (error)
        return error;
    mbedtls_ssl_conf_rng(&tls->conf, mbedtls_ctr_drbg_random, &tls->m->random);
    mbedtls_ssl_conf_ciphersuites(&tls->conf, ciphers);
    mbedtls_ssl_conf_authmode(&tls->conf, auth_mode(c));
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(&tls->conf, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
    set_versions(tls, c);
    if (tls->trust.raw.p)
        mbedtls_ssl_conf_ca_chain(&tls->conf, &tls->trust, NULL);
    if (server)
        mbedtls_ssl_conf_sni(&tls->conf, choose, tls);
    if (tls->own)
        error = mbedtls_ssl_conf_own_cert(&tls->conf, &tls->own->chain, &tls->own->key);
    return error ? error : set_tickets(tls, c);
}

static int32_t build(mailproto_mbedtls_tls *tls, const mailproto_mbedtls_config *c, char *why, size_t why_size)
{
    int32_t result = mp_mbedtls_own_read(tls, c->certificates, why, why_size);
    int error;

    if (!result)
        result = mp_mbedtls_trust_read(tls, c, why, why_size);
    if (result)
        return result;
    error = set_rules(tls, c);
    if (mp_mbedtls_is_no_memory(error))
        return mp_mbedtls_say(MAILPROTO_ERR_NOMEM, why, why_size, "%s", mailproto_result_text(MAILPROTO_ERR_NOMEM));
    if (error)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size, "mbedTLS does not take the rules (-0x%04x)",
                              (unsigned)-error);
    return set_alpn(tls, c->alpn, why, why_size);
}

/* ---- life ---- */

static void destroy(mailproto_mbedtls_tls *tls)
{
    mailproto_mbedtls *m = tls->m;

    mbedtls_ssl_config_free(&tls->conf);
    mp_mbedtls_own_free(tls);
    mbedtls_x509_crt_free(&tls->trust);
#ifdef MP_MBEDTLS_TICKETS
    mbedtls_ssl_ticket_free(&tls->tickets);
#endif
    if (tls->alpn)
        m->allocator.free(tls->alpn, tls->alpn_size, m->allocator.user);
    m->allocator.free(tls, sizeof *tls, m->allocator.user);
    mailproto_mbedtls_free(m);
}

static mailproto_mbedtls_tls *create(mailproto_mbedtls *m, const mailproto_mbedtls_config *c)
{
    mailproto_mbedtls_tls *tls = m->allocator.alloc(sizeof *tls, m->allocator.user);

    if (!tls)
        return NULL;
    memset(tls, 0, sizeof *tls);
    mp_mbedtls_hold(m);
    tls->m = m;
    atomic_init(&tls->holds, 1);
    atomic_init(&tls->handshakes, 0);
    atomic_init(&tls->resumed, 0);
    atomic_init(&tls->failed, 0);
    tls->role = c->role;
    tls->options = c->options;
    tls->peer = c->peer;
    tls->on_handshake = c->on_handshake;
    tls->user = c->user;
    tls->record_max = c->record_max ? c->record_max : MP_MBEDTLS_RECORD;
    mbedtls_ssl_config_init(&tls->conf);
    mbedtls_x509_crt_init(&tls->trust);
#ifdef MP_MBEDTLS_TICKETS
    mbedtls_ssl_ticket_init(&tls->tickets);
#endif
    return tls;
}

int32_t mailproto_mbedtls_tls_new(mailproto_mbedtls_tls **out, mailproto_mbedtls *m,
                                  const mailproto_mbedtls_config *config, char *why, size_t why_size)
{
    mailproto_mbedtls_config c;
    mailproto_mbedtls_tls *tls;
    int32_t result;

    if (!out)
        return MAILPROTO_ERR_ARG;
    *out = NULL;
    if (!m || !config)
        return mp_mbedtls_say(MAILPROTO_ERR_ARG, why, why_size, "%s", mailproto_result_text(MAILPROTO_ERR_ARG));
    result = check_struct(&c, config, why, why_size);
    if (!result)
        result = check(&c, why, why_size);
    if (!result)
        result = check_versions(&c, why, why_size);
    if (result)
        return result;
    tls = create(m, &c);
    if (!tls)
        return mp_mbedtls_say(MAILPROTO_ERR_NOMEM, why, why_size, "%s", mailproto_result_text(MAILPROTO_ERR_NOMEM));
    result = build(tls, &c, why, why_size);
    if (result)
        destroy(tls);
    else
        *out = tls;
    return result;
}

void mailproto_mbedtls_tls_hold(mailproto_mbedtls_tls *tls)
{
    atomic_fetch_add_explicit(&tls->holds, 1, memory_order_relaxed);
}

void mailproto_mbedtls_tls_free(mailproto_mbedtls_tls *tls)
{
    if (tls && atomic_fetch_sub_explicit(&tls->holds, 1, memory_order_acq_rel) == 1)
        destroy(tls);
}

/* ---- asking ---- */

int32_t mailproto_mbedtls_certificate_init(mailproto_mbedtls_certificate *certificate, size_t size)
{
    return mp_companion_struct_init(certificate, size);
}

int32_t mailproto_mbedtls_config_init(mailproto_mbedtls_config *config, size_t size)
{
    return mp_companion_struct_init(config, size);
}

int32_t mailproto_mbedtls_counts_init(mailproto_mbedtls_counts *counts, size_t size)
{
    return mp_companion_struct_init(counts, size);
}

int32_t mailproto_mbedtls_tls_counts(const mailproto_mbedtls_tls *tls, mailproto_mbedtls_counts *counts)
{
    mailproto_mbedtls_counts own;

    if (!tls || !counts || mp_companion_struct_copy(&own, sizeof own, counts))
        return MAILPROTO_ERR_ARG;
    own.struct_size = counts->struct_size;
    own.handshakes = atomic_load_explicit(&tls->handshakes, memory_order_relaxed);
    own.resumed = atomic_load_explicit(&tls->resumed, memory_order_relaxed);
    own.failed = atomic_load_explicit(&tls->failed, memory_order_relaxed);
    memcpy(counts, &own, own.struct_size < sizeof own ? own.struct_size : sizeof own);
    return MAILPROTO_OK;
}

/* Days from 1970-01-01 of a date of the Gregorian calendar, in years that begin with March. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = y / 400, of_era = y % 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int32_t mailproto_mbedtls_tls_expires(const mailproto_mbedtls_tls *tls, int64_t *unix_seconds)
{
    int64_t first = 0;

    if (!tls || !unix_seconds)
        return MAILPROTO_ERR_ARG;
    for (const struct mp_mbedtls_own *own = tls->own; own; own = own->next) {
        const mbedtls_x509_time *to = &own->chain.valid_to;
        int64_t at = days_of(to->year, to->mon, to->day) * 86400 + to->hour * 3600 + to->min * 60 + to->sec;

        if (own == tls->own || at < first)
            first = at;
    }
    *unix_seconds = first;
    return MAILPROTO_OK;
}
