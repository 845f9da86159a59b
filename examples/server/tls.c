/* tls.c - TLS of mailprotod over libmailproto-mbedtls: certificates from files, a layer over the session of a connection.
 * RFC 8314 for implicit TLS, RFC 3207 and RFC 2595 for STARTTLS and STLS, which the engines do. */
#include "tls.h"

#include <mailproto/mbedtls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls {
    mailproto_mbedtls_tls *rules;
    int64_t expires;
};

const char *tls_missing(void)
{
    return NULL;
}

const char *tls_library(void)
{
    static char name[40];

    snprintf(name, sizeof name, "mbedTLS %s", mailproto_mbedtls_version());
    return name;
}

const mailproto_crypto *tls_crypto(void)
{
    static mailproto_mbedtls *random;
    static mailproto_crypto crypto;

    if (!random && !mailproto_mbedtls_new(&random, NULL, NULL, 0))
        mailproto_mbedtls_crypto(random, &crypto, sizeof crypto);
    return random ? &crypto : NULL;
}

static mailproto_text text_of(const char *text)
{
    return (mailproto_text){text ? text : "", text ? strlen(text) : 0};
}

static int32_t make_rules(const struct tls_settings *settings, mailproto_mbedtls_tls **rules, char *why, size_t size)
{
    mailproto_mbedtls_certificate certificate;
    mailproto_mbedtls_config config;
    mailproto_mbedtls *random = NULL;
    int32_t result = mailproto_mbedtls_new(&random, NULL, why, size);

    if (result)
        return result;
    mailproto_mbedtls_certificate_init(&certificate, sizeof certificate);
    certificate.chain_file = text_of(settings->certificate);
    certificate.key_file = text_of(settings->key);
    mailproto_mbedtls_config_init(&config, sizeof config);
    config.role = MAILPROTO_MBEDTLS_SERVER;
    config.certificates = &certificate;
    config.min_version = settings->min_version;
    config.trust_file = text_of(settings->client_ca);
    config.peer = settings->client_ca ? MAILPROTO_MBEDTLS_PEER_ASKED : MAILPROTO_MBEDTLS_PEER_IGNORED;
    result = mailproto_mbedtls_tls_new(rules, random, &config, why, size);
    mailproto_mbedtls_free(random); /* the rules hold it on */
    return result;
}

struct tls *tls_load(const struct tls_settings *settings, char *why, size_t size)
{
    struct tls *tls = calloc(1, sizeof *tls);

    snprintf(why, size, "there is no memory left");
    if (!tls)
        return NULL;
    if (make_rules(settings, &tls->rules, why, size)) {
        free(tls);
        return NULL;
    }
    mailproto_mbedtls_tls_expires(tls->rules, &tls->expires);
    return tls;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    mailproto_mbedtls_tls_free(tls->rules);
    free(tls);
}

int64_t tls_expires(const struct tls *tls)
{
    return tls->expires;
}

int32_t tls_serve(struct tls *tls, mailproto_session **outer, mailproto_session *inner,
                  const mailproto_allocator *allocator)
{
    return mailproto_mbedtls_server(outer, inner, tls->rules, allocator);
}
