/* tls_context.h - what the files of the OpenSSL layer share: contexts, sessions, sentences.
 * tls_layer.h is for programs. */
#ifndef MAILPROTO_EXAMPLE_TLS_CONTEXT_H
#define MAILPROTO_EXAMPLE_TLS_CONTEXT_H

#include "tls_layer.h"

#include <openssl/ssl.h>
#include <stdatomic.h>

enum { TLS_NAME_MAX = 255, TLS_TICKETS = 32 };

/* A server that clients of this context were at, and what resumes the session with it. */
struct tls_ticket {
    char name[TLS_NAME_MAX + 1];
    SSL_SESSION *session;
};

/* A further certificate of a server, in a context of its own that is there for holding it. */
struct tls_more {
    struct tls_more *next;
    SSL_CTX *holder;
};

struct tls_context {
    SSL_CTX *ssl;
    atomic_uint users; /* sessions, and the program */
    int server, must_verify;
    unsigned char alpn[256]; /* as on the wire: a length before each name */
    unsigned int alpn_len;
    struct tls_more *more;
    CRYPTO_RWLOCK *lock; /* of the tickets */
    struct tls_ticket tickets[TLS_TICKETS];
    size_t next_ticket; /* whose place the next server takes */
};

/* A session. OpenSSL's object leads to it (SSL_get_app_data). */
struct tls {
    tls_context *context;
    SSL *ssl;
    BIO *out; /* records to send */
    int32_t failed;
    int closing;
    char name[TLS_NAME_MAX + 1]; /* the server's: asked for by the client */
    char peer[TLS_NAME_MAX + 1];
    char text[400]; /* a sentence about `failed` */
    unsigned char unique[EVP_MAX_MD_SIZE], exporter[32], end_point[EVP_MAX_MD_SIZE];
};

/* ---- tls_context.c ---- */

void tls_context_keep(tls_context *context);
/* The ticket for t's server goes into its handshake, if there is one. */
void tls_context_resume(struct tls *t);

/* ---- tls_text.c ---- */

/* OpenSSL's last error, in its own words. */
const char *tls_text_reason(void);
/* The sentence about a certificate that was not accepted, or about an error of OpenSSL's. */
void tls_text_certificate(struct tls *t, X509 *certificate, int error);
void tls_text_error(struct tls *t);
/* Who a client is, by a certificate that was verified; "": nobody. RFC 9525. */
void tls_text_identity(X509 *certificate, char *to, size_t size);
/* What people are told that a certificate's owner is called; "": nothing. It proves nothing. */
void tls_text_owner(X509 *certificate, char *to, size_t size);

#endif
