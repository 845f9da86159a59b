/* tls_plain.c - an end of OpenSSL's own, without any layer.
 * tls_plain.h. */
#include "tls_plain.h"

#include <string.h>

#include "tls_makers.h"

char tls_host[] = "mail.example.test";

const char *tls_kind_name(int kind)
{
    return kind == TLS_RSA ? "rsa" : "ecdsa";
}

const char *tls_cipher(int kind)
{
    return kind == TLS_RSA ? "ECDHE-RSA-AES128-GCM-SHA256" : "ECDHE-ECDSA-AES128-GCM-SHA256";
}

SSL_CTX *tls_plain_context(int server, int kind, const char *certificate, const char *key, int tickets)
{
    static char curve[] = "P-256";
    SSL_CTX *c = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());

    if (!c || SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION) != 1 || SSL_CTX_set_cipher_list(c, tls_cipher(kind)) != 1 ||
        SSL_CTX_set1_groups_list(c, curve) != 1)
        tls_wrong("OpenSSL", "no context");
    if (server && (SSL_CTX_use_certificate_chain_file(c, certificate) != 1 ||
                   SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) != 1))
        tls_wrong("OpenSSL", certificate);
    if (!server && SSL_CTX_load_verify_file(c, certificate) != 1)
        tls_wrong("OpenSSL", certificate);
    SSL_CTX_set_verify(c, server ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    if (!tickets)
        SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
    return c;
}

SSL *tls_plain_new(SSL_CTX *context, int server)
{
    SSL *ssl = SSL_new(context);

    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (server) {
        SSL_set_accept_state(ssl);
        return ssl;
    }
    SSL_set_tlsext_host_name(ssl, tls_host);
    SSL_set_connect_state(ssl);
    return ssl;
}

void tls_plain_check(SSL *ssl, int kind, int resumed)
{
    if (!SSL_is_init_finished(ssl) || SSL_version(ssl) != TLS1_2_VERSION)
        tls_wrong("a handshake", "it did not end in TLS 1.2");
    if (strcmp(SSL_get_cipher_name(ssl), tls_cipher(kind)) != 0)
        tls_wrong("a handshake ended with", SSL_get_cipher_name(ssl));
    if (SSL_session_reused(ssl) != resumed)
        tls_wrong("a handshake", resumed ? "it was whole, not resumed" : "it was resumed, not whole");
}
