/* tls_layer.c - the seven operations of a layer, by OpenSSL. mailproto/layer.h; tls_layer.h.
 * What came is read where it lies (a BIO over the octets of the call); what is to be sent waits in a BIO of its own. */
#include "tls_context.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

enum {
    OVERHEAD = 512,     /* octets that records have beside what they carry: SSL3_RT_MAX_ENCRYPTED_OVERHEAD is 320 */
    KEPT = 1024,        /* room for output that an idle session keeps */
    ANSWERS_MAX = 16384 /* answers to key updates that wait until the session says something */
};

/* ---- records in, records out ---- */

static int32_t failed(struct tls *t)
{
    t->failed = MAILPROTO_ERR_TLS;
    tls_text_error(t);
    return t->failed;
}

/* OpenSSL reads `in`, as far as it likes, until stop_reading. It takes no more than the record it is at. */
static int start_reading(struct tls *t, const uint8_t *in, size_t in_len)
{
    BIO *bio = BIO_new_mem_buf(in, in_len < INT_MAX ? (int)in_len : INT_MAX);

    ERR_clear_error();
    if (!bio)
        return -1;
    BIO_set_mem_eof_return(bio, -1); /* its end is not the end of the connection */
    SSL_set0_rbio(t->ssl, bio);
    return 0;
}

static void stop_reading(struct tls *t, size_t in_len, size_t *took)
{
    *took = (in_len < INT_MAX ? in_len : INT_MAX) - BIO_ctrl_pending(SSL_get_rbio(t->ssl));
    SSL_set0_rbio(t->ssl, NULL);
}

static size_t waits(const struct tls *t)
{
    return BIO_ctrl_pending(t->out);
}

/* The room that a large record took is not kept. */
static void shrink(struct tls *t)
{
    BUF_MEM *memory;
    BIO *other;

    BIO_get_mem_ptr(t->out, &memory);
    if (memory->max <= KEPT || waits(t) || !SSL_is_init_finished(t->ssl))
        return;
    other = BIO_new(BIO_s_mem());
    if (!other)
        return;
    SSL_set0_wbio(t->ssl, other);
    t->out = other;
}

static void take_output(struct tls *t, uint8_t *out, size_t cap, size_t *made)
{
    int n = 1;

    while (*made < cap && n > 0) {
        n = BIO_read(t->out, out + *made, cap - *made < INT_MAX ? (int)(cap - *made) : INT_MAX);
        *made += n > 0 ? (size_t)n : 0;
    }
    shrink(t);
}

/* ---- the operations ---- */

static int32_t handshake(void *ctx, const uint8_t *in, size_t in_len, size_t *took, uint8_t *out, size_t cap,
                         size_t *made)
{
    struct tls *t = ctx;
    int result, error;

    if (t->failed)
        return t->failed;
    if (start_reading(t, in, in_len))
        return failed(t);
    result = SSL_do_handshake(t->ssl);
    error = SSL_get_error(t->ssl, result);
    stop_reading(t, in_len, took);
    take_output(t, out, cap, made);
    if (result != 1 && error != SSL_ERROR_WANT_READ)
        return failed(t);
    if (waits(t) || (result != 1 && *took < in_len))
        return MAILPROTO_LAYER_MORE;
    return result == 1 ? MAILPROTO_LAYER_DONE : MAILPROTO_LAYER_NEED_INPUT;
}

/* Records until `plain` is full or there are no more. What a bad one follows is genuine: the bad one is told next time. */
static int32_t open_records(struct tls *t, uint8_t *plain, size_t cap, size_t *made)
{
    while (*made < cap) {
        size_t n = 0;

        if (SSL_read_ex(t->ssl, plain + *made, cap - *made, &n)) {
            *made += n;
            continue;
        }
        switch (SSL_get_error(t->ssl, 0)) {
        case SSL_ERROR_WANT_READ:
            return MAILPROTO_LAYER_NEED_INPUT;
        case SSL_ERROR_ZERO_RETURN:
            return MAILPROTO_LAYER_DONE;
        default:
            failed(t);
            return *made ? MAILPROTO_LAYER_MORE : t->failed;
        }
    }
    return MAILPROTO_LAYER_MORE;
}

static int32_t open_op(void *ctx, const uint8_t *in, size_t in_len, size_t *took, uint8_t *plain, size_t cap,
                       size_t *made)
{
    struct tls *t = ctx;
    int32_t result;

    if (t->failed)
        return t->failed;
    if (start_reading(t, in, in_len))
        return failed(t);
    result = open_records(t, plain, cap, made);
    stop_reading(t, in_len, took);
    /* RFC 8446 4.6.3: a key update is answered before the next data, so answers may wait for it; not any number. */
    if (result == MAILPROTO_LAYER_NEED_INPUT && waits(t) > ANSWERS_MAX) {
        strcpy(t->text, "the peer asks for new keys without end");
        return failed(t);
    }
    return result == MAILPROTO_LAYER_NEED_INPUT && *took < in_len ? MAILPROTO_LAYER_MORE : result;
}

static int32_t seal(void *ctx, const uint8_t *plain, size_t len, size_t *took, uint8_t *out, size_t cap, size_t *made)
{
    struct tls *t = ctx;

    if (t->failed)
        return t->failed;
    take_output(t, out, cap, made);
    if (waits(t) || cap - *made <= OVERHEAD)
        return MAILPROTO_LAYER_MORE;
    if (len > cap - *made - OVERHEAD)
        len = cap - *made - OVERHEAD;
    ERR_clear_error();
    if (!SSL_write_ex(t->ssl, plain, len, took))
        return failed(t);
    take_output(t, out, cap, made);
    return MAILPROTO_LAYER_MORE;
}

/* close_notify; after a failure the alert that OpenSSL made. */
static int32_t close_op(void *ctx, uint8_t *out, size_t cap, size_t *made)
{
    struct tls *t = ctx;

    if (!t->failed && !t->closing && SSL_is_init_finished(t->ssl)) {
        t->closing = 1;
        ERR_clear_error();
        SSL_shutdown(t->ssl);
    }
    take_output(t, out, cap, made);
    return waits(t) ? MAILPROTO_LAYER_MORE : MAILPROTO_LAYER_DONE;
}

/* ---- what is known after the handshake ---- */

/* RFC 5929 3: the first Finished of the last handshake; the client's comes first, the server's where a session is resumed.
   Not without the extended master secret: then a third party can make it equal on two connections (RFC 7627 1). */
static size_t tls_unique(struct tls *t)
{
    int client_first = !SSL_session_reused(t->ssl), ours = client_first != SSL_is_server(t->ssl);

    if (SSL_version(t->ssl) > TLS1_2_VERSION || SSL_get_extms_support(t->ssl) != 1)
        return 0;
    return ours ? SSL_get_finished(t->ssl, t->unique, sizeof t->unique)
                : SSL_get_peer_finished(t->ssl, t->unique, sizeof t->unique);
}

/* RFC 9266 2, with TLS 1.3 only: in 1.2 a context of no octets is not the same as none, and there libraries differ. */
static size_t tls_exporter(struct tls *t)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    static const unsigned char nothing[1];

    if (SSL_version(t->ssl) < TLS1_3_VERSION)
        return 0;
    if (SSL_export_keying_material(t->ssl, t->exporter, sizeof t->exporter, label, sizeof label - 1, nothing, 0, 1) !=
        1)
        return 0;
    return sizeof t->exporter;
}

/* RFC 5929 4.1: the server's certificate, by the hash of its signature, SHA-256 for MD5 and SHA-1. A signature without a
   hash of its own (RFC 8410) leaves it undefined. */
static size_t tls_server_end_point(struct tls *t)
{
    X509 *certificate = SSL_is_server(t->ssl) ? SSL_get_certificate(t->ssl) : SSL_get0_peer_certificate(t->ssl);
    unsigned int n = 0;
    int hash = NID_undef;

    if (!certificate || !X509_get_signature_info(certificate, &hash, NULL, NULL, NULL) || hash == NID_undef)
        return 0;
    if (hash == NID_md5 || hash == NID_sha1)
        hash = NID_sha256;
    return X509_digest(certificate, EVP_get_digestbynid(hash), t->end_point, &n) ? n : 0;
}

static mailproto_text text_of(const char *text)
{
    return (mailproto_text){text ? text : "", text ? strlen(text) : 0};
}

static int32_t info(void *ctx, mailproto_tls_info *info)
{
    struct tls *t = ctx;
    X509 *peer = SSL_get0_peer_certificate(t->ssl);
    const unsigned char *alpn;
    unsigned int alpn_len;

    info->version = (uint32_t)SSL_version(t->ssl);
    info->verified = peer && SSL_get_verify_result(t->ssl) == X509_V_OK;
    info->cipher = text_of(SSL_get_cipher_name(t->ssl));
    if (SSL_is_server(t->ssl)) {
        const char *name = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);

        if (name && strlen(name) <= TLS_NAME_MAX)
            strcpy(t->name, name); /* theirs may go with OpenSSL's object */
    }
    info->server_name = text_of(t->name);
    SSL_get0_alpn_selected(t->ssl, &alpn, &alpn_len);
    info->alpn = (mailproto_text){(const char *)alpn, alpn_len};
    if (info->verified && SSL_is_server(t->ssl))
        tls_text_identity(peer, t->peer, sizeof t->peer);
    info->peer_name = text_of(SSL_is_server(t->ssl) ? t->peer : info->verified ? t->name : "");
    info->unique = (mailproto_text){(const char *)t->unique, tls_unique(t)};
    info->exporter = (mailproto_text){(const char *)t->exporter, tls_exporter(t)};
    info->server_end_point = (mailproto_text){(const char *)t->end_point, tls_server_end_point(t)};
    return MAILPROTO_OK;
}

static void error_text(void *ctx, mailproto_text *text)
{
    *text = text_of(((struct tls *)ctx)->text);
}

static void free_op(void *ctx)
{
    struct tls *t = ctx;

    SSL_free(t->ssl);
    tls_context_free(t->context);
    OPENSSL_clear_free(t, sizeof *t);
}

/* ---- making one ---- */

static struct tls *make(tls_context *context)
{
    struct tls *t = OPENSSL_zalloc(sizeof *t);

    if (!t)
        return NULL;
    t->context = context;
    tls_context_keep(context);
    t->ssl = SSL_new(context->ssl);
    t->out = BIO_new(BIO_s_mem());
    if (!t->ssl || !t->out) {
        BIO_free(t->out);
        free_op(t);
        return NULL;
    }
    SSL_set_app_data(t->ssl, t);
    SSL_set0_wbio(t->ssl, t->out);
    SSL_set_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return t;
}

static int32_t put_over(mailproto_session **outer, mailproto_session *inner, struct tls *t)
{
    mailproto_layer ops;
    int32_t result;

    mailproto_layer_init(&ops, sizeof ops);
    ops.overhead = OVERHEAD;
    ops.handshake = handshake;
    ops.open = open_op;
    ops.seal = seal;
    ops.close = close_op;
    ops.info = info;
    ops.error_text = error_text;
    ops.free = free_op;
    result = mailproto_layer_new(outer, inner, &ops, t, NULL);
    if (result)
        free_op(t);
    return result;
}

/* RFC 6066 3: an address is not sent as a name. OpenSSL compares the certificate with either (RFC 9525). */
static int set_name(struct tls *t, const char *name)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
    int is_name = !address;

    ASN1_OCTET_STRING_free(address);
    strcpy(t->name, name);
    SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set1_host(t->ssl, name) == 1 && (!is_name || SSL_set_tlsext_host_name(t->ssl, t->name) == 1);
}

int32_t tls_client(mailproto_session **outer, mailproto_session *inner, tls_context *context, const char *server_name)
{
    size_t n = server_name ? strlen(server_name) : 0;
    struct tls *t;

    if (!outer || !inner || !context || context->server || !n || n > TLS_NAME_MAX)
        return MAILPROTO_ERR_ARG;
    t = make(context);
    if (!t)
        return MAILPROTO_ERR_NOMEM;
    if (!set_name(t, server_name)) {
        free_op(t);
        return MAILPROTO_ERR_ARG;
    }
    SSL_set_connect_state(t->ssl);
    tls_context_resume(t);
    return put_over(outer, inner, t);
}

int32_t tls_server(mailproto_session **outer, mailproto_session *inner, tls_context *context)
{
    struct tls *t;

    if (!outer || !inner || !context || !context->server)
        return MAILPROTO_ERR_ARG;
    t = make(context);
    if (!t)
        return MAILPROTO_ERR_NOMEM;
    SSL_set_accept_state(t->ssl);
    return put_over(outer, inner, t);
}
