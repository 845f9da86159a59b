/* A TLS library behind its layer, and two ends of it or of two: what the tests of the OpenSSL layer run over every pair that
 * is here. Options are those of examples/openssl/tls_layer.h, whichever library takes them. */
#ifndef TEST_LIBRARY_H
#define TEST_LIBRARY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <tls_layer.h>

#include "certificates.h"
#include "pair.h"
#include "probe.h"

enum { TLS_1_2 = 0x0303, TLS_1_3 = 0x0304 };

struct library {
    const char *name;
    uint32_t (*newest)(void); /* version of TLS */
    /* NULL: it cannot be made, and `why` says why not */
    void *(*context)(int server, const tls_options *options, char *why, size_t size);
    int (*add)(void *context, const char *file);
    /* name NULL: a server */
    int32_t (*put)(mailproto_session **outer, mailproto_session *inner, void *context, const char *name);
    unsigned long (*resumed)(void *context);
    void (*free)(void *context);
};

extern const struct library openssl_library, mbedtls_library;

/* The libraries of a client and of a server; ends with {NULL, NULL}. Never mbedTLS on both sides: those tests are elsewhere. */
struct libraries {
    const struct library *client, *server;
};
extern const struct libraries all_libraries[];
/* The newest version that both have. */
uint32_t newest_of(const struct libraries *libraries);

/* A client and a server that only say and hear (probe.h), in TLS. */
struct ends {
    const struct libraries *libraries;
    void *context[SIDES];
    probe *probe[SIDES];
    struct probe_seen seen[SIDES];
    struct pair pair;
};

extern struct test_certificates certificates;
int certificates_begin(void **state);
int certificates_end(void **state);

/* Contexts, with trust in `ca` and the server's certificate if the options name none. */
void ends_begin(struct ends *e, const struct libraries *libraries, tls_options client, tls_options server);
/* A session of them. Its client asks for `name`. */
void ends_meet(struct ends *e, const char *name);
/* It is over, and another may begin. */
void ends_part(struct ends *e);
void ends_end(struct ends *e);

#endif
