/* tls_makers.h - who puts TLS over a session in these benchmarks: mailproto-mbedtls, and the OpenSSL layer of the examples.
 * Both have one certificate, TLS 1.2 at most, and what else is theirs by default. */
#ifndef BENCH_TLS_MAKERS_H
#define BENCH_TLS_MAKERS_H

#include <mailproto/session.h>

struct tls_maker {
    const char *name;
    /* A context from PEM files; a client trusts the certificate. Ends the program where it cannot be. */
    void *(*context)(int server, const char *certificate, const char *key, int tickets);
    /* name NULL: a server */
    void (*put)(mailproto_session **outer, mailproto_session *inner, void *context, const char *name);
    void (*free)(void *context);
};

extern const struct tls_maker tls_mbedtls, tls_openssl;

/* Says it and ends the program. */
void tls_wrong(const char *what, const char *why);

#endif
