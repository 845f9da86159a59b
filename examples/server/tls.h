/* tls.h - TLS of mailprotod: certificates from files, a layer over the session of a connection, one of its own for the demo.
 * RFC 8314, RFC 3207, RFC 2595. tls_none.c is what a build without mbedTLS has instead. */
#ifndef MAILPROTOD_TLS_H
#define MAILPROTOD_TLS_H

#include <mailproto/crypto.h>
#include <mailproto/layer.h>

enum { TLS_WHY = 600, TLS_FINGERPRINT = 32 * 2 + 1 };

/* The section [tls]. */
struct tls_settings {
    char *certificate, *key; /* PEM files; key NULL: it is in the file of the certificate */
    char *client_ca;         /* who may sign certificates of clients; NULL: none is asked for */
    uint32_t min_version;    /* 0x0303, 0x0304; 0: the default */
};

/* Certificates and rules, read once for any number of sessions, which hold them on. */
struct tls;

/* Why there is no TLS in this program, as a sentence; NULL: there is. */
const char *tls_missing(void);
/* "mbedTLS 2.28.3"; "" without. */
const char *tls_library(void);

/* What logins need; NULL: there is none. Asked on the main thread first, it may be used on any. */
const mailproto_crypto *tls_crypto(void);

/* Reads the files. NULL: why says which file is wrong, and what to do. Any thread. */
struct tls *tls_load(const struct tls_settings *settings, char *why, size_t size);
void tls_free(struct tls *tls); /* NULL is ignored; sessions go on */
/* When the certificate is no longer valid, in Unix seconds; 0: not known. */
int64_t tls_expires(const struct tls *tls);

/* Puts it over the session of a client (mailproto_host_tls). */
int32_t tls_serve(struct tls *tls, mailproto_session **outer, mailproto_session *inner,
                  const mailproto_allocator *allocator);

/* Makes a certificate that has signed itself for hostname, localhost and 127.0.0.1, with its key, in two PEM files, unless
   one that is still good is there; and tells its SHA-256. 0; -1: why says what is wrong. */
int tls_make_certificate(const char *hostname, const char *certificate, const char *key,
                         char fingerprint[TLS_FINGERPRINT], char *why, size_t size);

#endif
