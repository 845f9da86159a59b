/* tls.h - TLS of mailproto: whom is trusted, and what became of the handshake. One connection at a time.
 * RFC 8314, RFC 3207, RFC 2595, RFC 9525. tls_none.c is what a build without mbedTLS has instead. */
#ifndef MAILPROTO_CLIENT_TLS_H
#define MAILPROTO_CLIENT_TLS_H

#include <mailproto/crypto.h>
#include <mailproto/host.h>

enum tls_policy { TLS_DEFAULT, TLS_MAY, TLS_REQUIRED, TLS_NEVER };

enum { TLS_FINGERPRINT = 32 * 2 };

struct tls_options {
    enum tls_policy policy;
    const char *ca;                /* a PEM file of who is trusted; NULL: whom the system trusts */
    const char *certificate, *key; /* PEM files that the server may ask for; NULL: none */
    char pin[TLS_FINGERPRINT + 1]; /* the SHA-256 of the one certificate that is taken, in small letters; "": none */
    int insecure;                  /* any certificate is taken */
};

/* What became of the last handshake. */
struct tls_seen {
    uint32_t version; /* 0x0303 */
    int verified, pinned;
    char cipher[100];
    char fingerprint[TLS_FINGERPRINT + 1]; /* SHA-256 of the server's certificate; "": it was not shown */
};

/* Why there is no TLS in this program, as a sentence; NULL: there is. */
const char *tls_missing(void);

/* Reads the files. `trace`: handshakes are told on standard error. 0; -1: it was reported. */
int tls_open(const struct tls_options *options, int trace);
void tls_close(void);

/* What connections are given; NULL: no TLS is wanted, or there is none. */
const mailproto_host_tls *tls_layer(void);
/* What SASL needs; NULL: there is none. */
const mailproto_crypto *tls_crypto(void);
/* NULL: there was no handshake. */
const struct tls_seen *tls_seen(void);
/* "TLS 1.2" */
const char *tls_version_name(uint32_t version);

/* Says what to do where TLS failed. */
void tls_hint(void);

#endif
