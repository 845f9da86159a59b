/* The OpenSSL layer for tests, and two ends.
   library.h. */
#include "library.h"

struct test_certificates certificates;

int certificates_begin(void **state)
{
    (void)state;
    test_certificates_begin(&certificates);
    return 0;
}

int certificates_end(void **state)
{
    (void)state;
    test_certificates_end(&certificates);
    return 0;
}

/* ---- OpenSSL ---- */

static uint32_t openssl_newest(void)
{
    return TLS_1_3;
}

static void *openssl_context(int server, const tls_options *options, char *why, size_t size)
{
    return server ? tls_server_context(options, why, size) : tls_client_context(options, why, size);
}

static int openssl_add(void *context, const char *file)
{
    char why[256];

    return tls_context_add(context, file, NULL, why, sizeof why);
}

static int32_t openssl_put(mailproto_session **outer, mailproto_session *inner, void *context, const char *name)
{
    return name ? tls_client(outer, inner, context, name) : tls_server(outer, inner, context);
}

static unsigned long openssl_resumed(void *context)
{
    return tls_context_resumed(context);
}

static void openssl_free(void *context)
{
    tls_context_free(context);
}

const struct library openssl_library = {.name = "OpenSSL",
                                        .newest = openssl_newest,
                                        .context = openssl_context,
                                        .add = openssl_add,
                                        .put = openssl_put,
                                        .resumed = openssl_resumed,
                                        .free = openssl_free};

const struct libraries all_libraries[] = {
    {&openssl_library, &openssl_library},
#ifdef TEST_MBEDTLS
    {&openssl_library, &mbedtls_library},
    {&mbedtls_library, &openssl_library},
#endif
    {NULL, NULL},
};

/* ---- two ends ---- */

uint32_t newest_of(const struct libraries *libraries)
{
    uint32_t client = libraries->client->newest(), server = libraries->server->newest();

    return client < server ? client : server;
}

void ends_begin(struct ends *e, const struct libraries *libraries, tls_options client, tls_options server)
{
    char why[256] = "";

    *e = (struct ends){.libraries = libraries};
    if (!client.trust_file)
        client.trust_file = test_certificate(&certificates, "ca");
    if (!server.trust_file)
        server.trust_file = test_certificate(&certificates, "ca");
    if (!server.certificate_file)
        server.certificate_file = test_certificate(&certificates, "server");
    e->context[CLIENT] = libraries->client->context(0, &client, why, sizeof why);
    if (!e->context[CLIENT])
        fail_msg("%s: %s", libraries->client->name, why);
    e->context[SERVER] = libraries->server->context(1, &server, why, sizeof why);
    if (!e->context[SERVER])
        fail_msg("%s: %s", libraries->server->name, why);
}

void ends_meet(struct ends *e, const char *name)
{
    mailproto_session *client, *server;

    memset(e->seen, 0, sizeof e->seen);
    for (int side = 0; side < SIDES; side++)
        e->probe[side] = probe_new(&e->seen[side]);
    assert_int_equal(e->libraries->client->put(&client, probe_session(e->probe[CLIENT]), e->context[CLIENT], name),
                     MAILPROTO_OK);
    assert_int_equal(e->libraries->server->put(&server, probe_session(e->probe[SERVER]), e->context[SERVER], NULL),
                     MAILPROTO_OK);
    pair_begin(&e->pair, client, server);
}

void ends_part(struct ends *e)
{
    pair_end(&e->pair);
    for (int side = 0; side < SIDES; side++)
        test_bytes_free(&e->seen[side].heard);
}

void ends_end(struct ends *e)
{
    e->libraries->client->free(e->context[CLIENT]);
    e->libraries->server->free(e->context[SERVER]);
}
