/* finished.c - what is known when the handshake is done: version, names, channel bindings.
 * RFC 5929, RFC 9266, RFC 7627; mailproto/session.h: mailproto_tls_info. */
#include "internal.h"

enum { EXTENSION_EXTENDED_MASTER = 23 /* RFC 7627 section 5.1 */ };

static size_t two(const unsigned char *p)
{
    return (size_t)p[0] << 8 | p[1];
}

/* Whether a ServerHello of TLS 1.2 (RFC 5246 section 7.4.1.3) has the extension. */
static int has_extended_master(const unsigned char *p, size_t len)
{
    size_t at = 4 + 2 + 32, end; /* header, version, random */

    if (len < at + 1 || p[0] != MBEDTLS_SSL_HS_SERVER_HELLO)
        return 0;
    at += 1 + (size_t)p[at] + 2 + 1; /* session id, cipher, compression */
    if (len < at + 2)
        return 0;
    end = at + 2 + two(p + at);
    if (end > len)
        return 0;
    for (at += 2; at + 4 <= end; at += 4 + two(p + at + 2))
        if (two(p + at) == EXTENSION_EXTENDED_MASTER)
            return 1;
    return 0;
}

void mp_mbedtls_watch(struct mp_mbedtls_session *s, int before)
{
    int now = s->ssl.MBEDTLS_PRIVATE(state);

    if (now == MBEDTLS_SSL_SERVER_CERTIFICATE)
        s->certificate = 1;
    if (before != MBEDTLS_SSL_SERVER_HELLO || now == MBEDTLS_SSL_SERVER_HELLO)
        return;
    /* mbedTLS does not tell whether the extended master secret was agreed; the message is still where it was read, or
       written */
    if (s->tls->role == MAILPROTO_MBEDTLS_CLIENT)
        s->extended_master =
            (uint8_t)has_extended_master(s->ssl.MBEDTLS_PRIVATE(in_msg), s->ssl.MBEDTLS_PRIVATE(in_hslen));
    else
        s->extended_master =
            (uint8_t)has_extended_master(s->ssl.MBEDTLS_PRIVATE(out_msg), s->ssl.MBEDTLS_PRIVATE(out_msglen));
}

/* The first Finished of the handshake: the client's in a full one, the server's in one that resumes (RFC 5929 section 3.1).
   Without the extended master secret two sessions may be made to have the same (RFC 7627 section 1). */
static void find_unique(struct mp_mbedtls_session *s)
{
#ifdef MP_MBEDTLS_UNIQUE
    int ours = (s->tls->role == MAILPROTO_MBEDTLS_CLIENT) == (s->certificate != 0);
    size_t len = s->ssl.MBEDTLS_PRIVATE(verify_data_len);

    if (s->version != 0x0303 || !s->extended_master || !len || len > sizeof s->unique)
        return;
    /* kept for renegotiation, which is off */
    memcpy(s->unique, ours ? s->ssl.MBEDTLS_PRIVATE(own_verify_data) : s->ssl.MBEDTLS_PRIVATE(peer_verify_data), len);
    s->unique_len = len;
#else
    (void)s;
#endif
}

static int32_t find_exporter(struct mp_mbedtls_session *s)
{
#ifdef MP_MBEDTLS_EXPORTER
    static const char label[] = "EXPORTER-Channel-Binding"; /* RFC 9266 section 2 */
    static const unsigned char context[1];
    int error;

    if (s->version != 0x0304)
        return MAILPROTO_OK;
    error = mbedtls_ssl_export_keying_material(&s->ssl, s->exporter, sizeof s->exporter, label, sizeof label - 1,
                                               context, 0, 1);
    if (error)
        return mp_mbedtls_failed(s, error);
    s->exporter_len = sizeof s->exporter;
#else
    (void)s;
#endif
    return MAILPROTO_OK;
}

size_t mp_mbedtls_end_point(const mbedtls_x509_crt *crt, uint8_t *out)
{
    mbedtls_md_type_t type = crt->MBEDTLS_PRIVATE(sig_md);
    const mbedtls_md_info_t *md;

    if (type == MBEDTLS_MD_MD5 || type == MBEDTLS_MD_SHA1)
        type = MBEDTLS_MD_SHA256;
    md = mbedtls_md_info_from_type(type);
    if (!md || mbedtls_md(md, crt->raw.p, crt->raw.len, out))
        return 0;
    return mbedtls_md_get_size(md);
}

static uint32_t version_of(const mbedtls_ssl_context *ssl)
{
    const char *text = mbedtls_ssl_get_version(ssl);

    if (!strcmp(text, "TLSv1.3"))
        return 0x0304;
    return strcmp(text, "TLSv1.2") ? 0 : 0x0303;
}

static void find_peer(struct mp_mbedtls_session *s)
{
    int client = s->tls->role == MAILPROTO_MBEDTLS_CLIENT;

    if (client) {
        /* one that was resumed was verified when it was begun, by the same rules */
        s->verified = !(s->tls->options & MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY);
        memcpy(s->end_point, s->peer.end_point, s->peer.end_point_len);
        s->end_point_len = s->peer.end_point_len;
        return;
    }
    s->verified = s->tls->peer != MAILPROTO_MBEDTLS_PEER_IGNORED && s->peer.seen && s->certificate &&
                  !mbedtls_ssl_get_verify_result(&s->ssl);
    s->end_point_len = mp_mbedtls_end_point(&s->own->chain, s->end_point);
}

int32_t mp_mbedtls_finished(struct mp_mbedtls_session *s)
{
    s->version = version_of(&s->ssl);
    find_unique(s);
    find_peer(s);
    if (s->version == 0x0303)
        mp_mbedtls_sessions_keep(s); /* TLS 1.3 sends its tickets later */
    return find_exporter(s);
}

static mailproto_text text_of(const void *p, size_t len)
{
    mailproto_text text = {(const char *)p, len};

    return text;
}

int32_t mp_mbedtls_info(void *ctx, mailproto_tls_info *info)
{
    const struct mp_mbedtls_session *s = ctx;
    const char *alpn = mbedtls_ssl_get_alpn_protocol(&s->ssl);
    const char *cipher = mbedtls_ssl_get_ciphersuite(&s->ssl);

    info->version = s->version;
    info->verified = s->verified;
    info->cipher = text_of(cipher, cipher ? strlen(cipher) : 0);
    info->alpn = text_of(alpn, alpn ? strlen(alpn) : 0);
    if (!s->name.address_len)
        info->server_name = text_of(s->name.text, s->name.len);
    if (s->verified && s->tls->role == MAILPROTO_MBEDTLS_CLIENT)
        info->peer_name = text_of(s->name.text, s->name.len);
    else if (s->verified)
        info->peer_name = text_of(s->peer.name, s->peer.name_len);
    info->unique = text_of(s->unique, s->unique_len);
    info->exporter = text_of(s->exporter, s->exporter_len);
    info->server_end_point = text_of(s->end_point, s->end_point_len);
    return MAILPROTO_OK;
}
