/* tls_makers.c - TLS over a session by mailproto-mbedtls and by the OpenSSL layer of the examples.
 * mailproto/mbedtls.h; examples/openssl/tls_layer.h. */
#include "tls_makers.h"

#include <mailproto/mbedtls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tls_layer.h>

enum { TLS_1_2 = 0x0303 };

void tls_wrong(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

/* ---- mbedTLS ---- */

struct mbedtls_context {
    mailproto_mbedtls *random;
    mailproto_mbedtls_tls *tls;
};

static mailproto_text text_of(const char *text)
{
    return (mailproto_text){text, text ? strlen(text) : 0};
}

static void *mbedtls_context(int server, const char *certificate, const char *key, int tickets)
{
    struct mbedtls_context *c = calloc(1, sizeof *c);
    mailproto_mbedtls_certificate own;
    mailproto_mbedtls_config config;
    char why[256] = "no memory";

    mailproto_mbedtls_config_init(&config, sizeof config);
    mailproto_mbedtls_certificate_init(&own, sizeof own);
    own.chain_file = text_of(certificate);
    own.key_file = text_of(key);
    config.role = server ? MAILPROTO_MBEDTLS_SERVER : MAILPROTO_MBEDTLS_CLIENT;
    config.max_version = TLS_1_2;
    config.options = tickets ? 0 : MAILPROTO_MBEDTLS_NO_TICKETS;
    if (server)
        config.certificates = &own;
    else
        config.trust_file = text_of(certificate);
    if (!c || mailproto_mbedtls_new(&c->random, NULL, why, sizeof why) ||
        mailproto_mbedtls_tls_new(&c->tls, c->random, &config, why, sizeof why))
        tls_wrong("mbedTLS", why);
    return c;
}

static void mbedtls_put(mailproto_session **outer, mailproto_session *inner, void *context, const char *name)
{
    struct mbedtls_context *c = context;

    if (name ? mailproto_mbedtls_client(outer, inner, c->tls, name, strlen(name), NULL, NULL)
             : mailproto_mbedtls_server(outer, inner, c->tls, NULL))
        tls_wrong("mbedTLS", "no session");
}

static void mbedtls_free(void *context)
{
    struct mbedtls_context *c = context;

    mailproto_mbedtls_tls_free(c->tls);
    mailproto_mbedtls_free(c->random);
    free(c);
}

const struct tls_maker tls_mbedtls = {.name = "mbedTLS",
                                      .context = mbedtls_context,
                                      .put = mbedtls_put,
                                      .free = mbedtls_free};

/* ---- OpenSSL ---- */

static void *openssl_context(int server, const char *certificate, const char *key, int tickets)
{
    tls_options options = {.max_version = TLS_1_2, .no_tickets = !tickets};
    tls_context *context;
    char why[256];

    if (server) {
        options.certificate_file = certificate;
        options.key_file = key;
    } else {
        options.trust_file = certificate;
    }
    context = server ? tls_server_context(&options, why, sizeof why) : tls_client_context(&options, why, sizeof why);
    if (!context)
        tls_wrong("OpenSSL", why);
    return context;
}

static void openssl_put(mailproto_session **outer, mailproto_session *inner, void *context, const char *name)
{
    if (name ? tls_client(outer, inner, context, name) : tls_server(outer, inner, context))
        tls_wrong("OpenSSL", "no session");
}

static void openssl_free(void *context)
{
    tls_context_free(context);
}

const struct tls_maker tls_openssl = {.name = "OpenSSL layer",
                                      .context = openssl_context,
                                      .put = openssl_put,
                                      .free = openssl_free};
