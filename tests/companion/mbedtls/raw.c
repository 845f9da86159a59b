/* A client of mbedTLS's own.
   raw.h. */
#include "raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/version.h>

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif

#ifndef MBEDTLS_PRIVATE
#define MBEDTLS_PRIVATE(member) member
#endif

static void demand(int error)
{
    if (error) {
        fprintf(stderr, "the client of the test: -0x%04x\n", (unsigned)-error);
        abort();
    }
}

static int take(void *user, unsigned char *to, size_t n)
{
    struct raw *r = user;

    if (!r->in.len)
        return MBEDTLS_ERR_SSL_WANT_READ;
    n = n < r->in.len ? n : r->in.len;
    memcpy(to, r->in.ptr, n);
    test_bytes_take(&r->in, n);
    return (int)n;
}

static int put(void *user, const unsigned char *from, size_t n)
{
    struct raw *r = user;

    test_bytes_add(&r->out, from, n);
    return (int)n;
}

static void set_options(struct raw *r, int options)
{
    static const int old[] = {MBEDTLS_TLS_RSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_RSA_WITH_AES_128_CBC_SHA,
                              MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, 0};

    if (options & RAW_TLS_1_2) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
        mbedtls_ssl_conf_max_tls_version(&r->config, MBEDTLS_SSL_VERSION_TLS1_2);
#else
        mbedtls_ssl_conf_max_version(&r->config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
    }
#if defined(MBEDTLS_SSL_EXTENDED_MASTER_SECRET)
    if (options & RAW_NO_EXTENDED_MASTER)
        mbedtls_ssl_conf_extended_master_secret(&r->config, MBEDTLS_SSL_EXTENDED_MS_DISABLED);
#endif
#if defined(MBEDTLS_SSL_MAX_FRAGMENT_LENGTH)
    if (options & RAW_SMALL_RECORDS)
        demand(mbedtls_ssl_conf_max_frag_len(&r->config, MBEDTLS_SSL_MAX_FRAG_LEN_512));
#endif
    if (options & RAW_OLD_CIPHERS)
        mbedtls_ssl_conf_ciphersuites(&r->config, old);
}

void raw_begin(struct raw *r, int options)
{
    memset(r, 0, sizeof *r);
    mbedtls_entropy_init(&r->entropy);
    mbedtls_ctr_drbg_init(&r->random);
    mbedtls_ssl_config_init(&r->config);
    mbedtls_ssl_init(&r->ssl);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    demand(psa_crypto_init() != PSA_SUCCESS);
#endif
    demand(mbedtls_ctr_drbg_seed(&r->random, mbedtls_entropy_func, &r->entropy, NULL, 0));
    demand(mbedtls_ssl_config_defaults(&r->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                       MBEDTLS_SSL_PRESET_DEFAULT));
    mbedtls_ssl_conf_rng(&r->config, mbedtls_ctr_drbg_random, &r->random);
    mbedtls_ssl_conf_authmode(&r->config, MBEDTLS_SSL_VERIFY_NONE);
    set_options(r, options);
    demand(mbedtls_ssl_setup(&r->ssl, &r->config));
    demand(mbedtls_ssl_set_hostname(&r->ssl, "imap.example.test"));
    mbedtls_ssl_set_bio(&r->ssl, r, put, take, NULL);
}

void raw_run(struct raw *r)
{
    unsigned char text[16384];
    int n;

    if (r->error || r->notified)
        return;
    if (!r->started) {
        n = mbedtls_ssl_handshake(&r->ssl);
        if (n == MBEDTLS_ERR_SSL_WANT_READ)
            return;
        r->error = n;
        r->started = !n;
    }
    while (!r->error) {
        n = mbedtls_ssl_read(&r->ssl, text, sizeof text);
        if (n > 0)
            test_bytes_add(&r->heard, text, (size_t)n);
        else if (n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
            break;
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
        else if (n == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
            continue;
#endif
        else if (n == MBEDTLS_ERR_SSL_WANT_READ && !r->in.len)
            return;
        else if (n != MBEDTLS_ERR_SSL_WANT_READ)
            r->error = n;
    }
    r->notified = !r->error;
}

void raw_say(struct raw *r, const void *octets, size_t n, size_t record)
{
    const unsigned char *from = octets;

    while (n) {
        int sent = mbedtls_ssl_write(&r->ssl, from, n < record ? n : record);

        demand(sent <= 0 ? sent : 0);
        from += sent;
        n -= (size_t)sent;
    }
}

void raw_notify(struct raw *r)
{
    demand(mbedtls_ssl_close_notify(&r->ssl));
}

/* mbedTLS's own, which its headers do not show: a good client does not need it. */
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
int mbedtls_ssl_write_record(mbedtls_ssl_context *ssl, int force_flush);
#else
int mbedtls_ssl_write_record(mbedtls_ssl_context *ssl, uint8_t force_flush);
#endif

void raw_renegotiate(struct raw *r)
{
    static const unsigned char hello[] = {MBEDTLS_SSL_HS_CLIENT_HELLO, 0, 0, 0};

    r->ssl.MBEDTLS_PRIVATE(out_msgtype) = MBEDTLS_SSL_MSG_HANDSHAKE;
    r->ssl.MBEDTLS_PRIVATE(out_msglen) = sizeof hello;
    memcpy(r->ssl.MBEDTLS_PRIVATE(out_msg), hello, sizeof hello);
    demand(mbedtls_ssl_write_record(&r->ssl, 1));
}

void raw_end(struct raw *r)
{
    mbedtls_ssl_free(&r->ssl);
    mbedtls_ssl_config_free(&r->config);
    mbedtls_ctr_drbg_free(&r->random);
    mbedtls_entropy_free(&r->entropy);
    test_bytes_free(&r->in);
    test_bytes_free(&r->out);
    test_bytes_free(&r->heard);
}
