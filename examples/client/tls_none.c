/* tls_none.c - what a build without mbedTLS has instead of TLS: the words that there is none.
 * The answers of tls.h. */
#include "tls.h"

#include "report.h"

#include <stddef.h>

const char *tls_missing(void)
{
    return "this mailproto was built without TLS: build it where mbedTLS is (libmbedtls-dev)";
}

int tls_open(const struct tls_options *options, int trace)
{
    (void)trace;
    if (options->policy != TLS_REQUIRED && !options->ca && !options->certificate && !*options->pin)
        return 0;
    report("%s", tls_missing());
    return -1;
}

void tls_close(void)
{
}

const mailproto_host_tls *tls_layer(void)
{
    return NULL;
}

const mailproto_crypto *tls_crypto(void)
{
    return NULL;
}

const struct tls_seen *tls_seen(void)
{
    return NULL;
}

const char *tls_version_name(uint32_t version)
{
    (void)version;
    return "";
}

void tls_hint(void)
{
}
