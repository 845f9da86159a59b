/* tls_none.c - what a build without mbedTLS has instead of TLS: the words that there is none.
 * The answers of tls.h. */
#include <stdio.h>

#include "tls.h"

static const char missing[] = "this mailprotod was built without TLS: build it where mbedTLS is (libmbedtls-dev)";

const char *tls_missing(void)
{
    return missing;
}

const char *tls_library(void)
{
    return "";
}

const mailproto_crypto *tls_crypto(void)
{
    return NULL;
}

struct tls *tls_load(const struct tls_settings *settings, char *why, size_t size)
{
    (void)settings;
    snprintf(why, size, "%s", missing);
    return NULL;
}

void tls_free(struct tls *tls)
{
    (void)tls;
}

int64_t tls_expires(const struct tls *tls)
{
    (void)tls;
    return 0;
}

int32_t tls_serve(struct tls *tls, mailproto_session **outer, mailproto_session *inner,
                  const mailproto_allocator *allocator)
{
    (void)tls;
    (void)outer;
    (void)inner;
    (void)allocator;
    return MAILPROTO_ERR_TLS;
}

int tls_make_certificate(const char *hostname, const char *certificate, const char *key,
                         char fingerprint[TLS_FINGERPRINT], char *why, size_t size)
{
    (void)hostname;
    (void)certificate;
    (void)key;
    *fingerprint = 0;
    snprintf(why, size, "%s", missing);
    return -1;
}
