/* The layer of mailproto-mbedtls, behind the options of the OpenSSL layer.
   library.h; mailproto/mbedtls.h. */
#include <mailproto/mbedtls.h>
#include <stdlib.h>

#include "library.h"

/* A client keeps tickets, as the other library's does by itself. */
struct mbedtls_context {
    mailproto_mbedtls *random;
    mailproto_mbedtls_tls *tls;
    mailproto_mbedtls_sessions *sessions;
};

static mailproto_text text_of(const char *text)
{
    return (mailproto_text){text, text ? strlen(text) : 0};
}

static void mbedtls_free(void *context)
{
    struct mbedtls_context *c = context;

    mailproto_mbedtls_sessions_free(c->sessions);
    mailproto_mbedtls_tls_free(c->tls);
    mailproto_mbedtls_free(c->random);
    free(c);
}

static void fill(mailproto_mbedtls_config *config, mailproto_mbedtls_certificate *certificate, int server,
                 const tls_options *options)
{
    mailproto_mbedtls_config_init(config, sizeof *config);
    mailproto_mbedtls_certificate_init(certificate, sizeof *certificate);
    config->role = server ? MAILPROTO_MBEDTLS_SERVER : MAILPROTO_MBEDTLS_CLIENT;
    config->options = (options->insecure_no_verify ? MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY : 0) |
                      (options->no_tickets ? MAILPROTO_MBEDTLS_NO_TICKETS : 0);
    config->min_version = options->min_version;
    config->max_version = options->max_version;
    config->peer = options->clients; /* the same three, in the same order */
    config->alpn = text_of(options->alpn);
    if (!server || options->clients)
        config->trust_file = text_of(options->trust_file);
    if (options->certificate_file) {
        certificate->chain_file = text_of(options->certificate_file);
        config->certificates = certificate;
    }
}

static void *mbedtls_context(int server, const tls_options *options, char *why, size_t size)
{
    struct mbedtls_context *c = calloc(1, sizeof *c);
    mailproto_mbedtls_certificate certificate;
    mailproto_mbedtls_config config;

    assert_non_null(c);
    fill(&config, &certificate, server, options);
    if (mailproto_mbedtls_new(&c->random, NULL, why, size) ||
        mailproto_mbedtls_tls_new(&c->tls, c->random, &config, why, size) ||
        (!server && !options->no_tickets && mailproto_mbedtls_sessions_new(&c->sessions, c->tls, 0))) {
        mbedtls_free(c);
        return NULL;
    }
    return c;
}

static int32_t mbedtls_put(mailproto_session **outer, mailproto_session *inner, void *context, const char *name)
{
    struct mbedtls_context *c = context;

    if (!name)
        return mailproto_mbedtls_server(outer, inner, c->tls, NULL);
    return mailproto_mbedtls_client(outer, inner, c->tls, name, strlen(name), c->sessions, NULL);
}

static unsigned long mbedtls_resumed(void *context)
{
    struct mbedtls_context *c = context;
    mailproto_mbedtls_counts counts;

    mailproto_mbedtls_counts_init(&counts, sizeof counts);
    assert_int_equal(mailproto_mbedtls_tls_counts(c->tls, &counts), MAILPROTO_OK);
    return (unsigned long)counts.resumed;
}

static uint32_t mbedtls_newest(void)
{
    return mailproto_mbedtls_features() & MAILPROTO_MBEDTLS_HAS_TLS_1_3 ? TLS_1_3 : TLS_1_2;
}

const struct library mbedtls_library = {.name = "mbedTLS",
                                        .newest = mbedtls_newest,
                                        .context = mbedtls_context,
                                        .put = mbedtls_put,
                                        .resumed = mbedtls_resumed,
                                        .free = mbedtls_free};
