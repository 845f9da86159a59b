/* tls_plain.h - an end of OpenSSL's own, without any layer: the other end of what is measured, always the same.
 * TLS 1.2, the cipher suite of the kind of key with AES-128-GCM, the curve P-256: so both libraries do the same work. */
#ifndef BENCH_TLS_PLAIN_H
#define BENCH_TLS_PLAIN_H

#include <openssl/ssl.h>

/* The kinds of keys. */
enum { TLS_ECDSA, TLS_RSA, TLS_KINDS };
extern char tls_host[]; /* the server's name */
const char *tls_kind_name(int kind);
const char *tls_cipher(int kind);

SSL_CTX *tls_plain_context(int server, int kind, const char *certificate, const char *key, int tickets);
/* Over two memory BIOs: SSL_get_rbio, SSL_get_wbio. */
SSL *tls_plain_new(SSL_CTX *context, int server);
/* Ends the program unless the handshake was what is to be measured. */
void tls_plain_check(SSL *ssl, int kind, int resumed);

#endif
