/* A client of OpenSSL's own, without any layer.
   peer.h. */
#include "peer.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void collect(struct peer *p)
{
    char octets[4096];
    int n;

    while ((n = BIO_read(p->out, octets, sizeof octets)) > 0)
        test_bytes_add(&p->wire, octets, (size_t)n);
}

static void note_alert(const SSL *ssl, int where, int what)
{
    struct peer *p = SSL_get_app_data(ssl);

    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && (what & 0xff) != SSL_AD_CLOSE_NOTIFY)
        p->alert = what & 0xff;
}

void peer_begin(struct peer *p, int version)
{
    *p = (struct peer){.alert = -1};
    p->context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(p->context, version);
    SSL_CTX_set_max_proto_version(p->context, version);
    p->ssl = SSL_new(p->context);
    p->in = BIO_new(BIO_s_mem());
    p->out = BIO_new(BIO_s_mem());
    SSL_set_bio(p->ssl, p->in, p->out);
    SSL_set_app_data(p->ssl, p);
    SSL_set_info_callback(p->ssl, note_alert);
    SSL_set_connect_state(p->ssl);
    SSL_do_handshake(p->ssl);
    collect(p);
}

void peer_end(struct peer *p)
{
    SSL_free(p->ssl);
    SSL_CTX_free(p->context);
    test_bytes_free(&p->wire);
    test_bytes_free(&p->heard);
}

void peer_take(struct peer *p, const void *data, size_t n)
{
    char octets[16384];
    int made;

    ERR_clear_error();
    assert_int_equal(BIO_write(p->in, data, (int)n), (int)n);
    while ((made = SSL_read(p->ssl, octets, sizeof octets)) > 0)
        test_bytes_add(&p->heard, octets, (size_t)made);
    p->notified = (SSL_get_shutdown(p->ssl) & SSL_RECEIVED_SHUTDOWN) && p->alert < 0;
    collect(p);
}

void peer_say(struct peer *p, const void *data, size_t n, size_t record)
{
    const char *from = data;

    while (n) {
        size_t k = n < record ? n : record;

        assert_int_equal(SSL_write(p->ssl, from, (int)k), (int)k);
        from += k;
        n -= k;
    }
    collect(p);
}

void peer_update_keys(struct peer *p)
{
    assert_int_equal(SSL_key_update(p->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_do_handshake(p->ssl), 1);
    collect(p);
}

void peer_notify(struct peer *p)
{
    SSL_shutdown(p->ssl);
    collect(p);
}
