/* Certificates for tests, made by mbedTLS when the test runs, as PEM texts. RFC 5280. */
#ifndef TEST_MBEDTLS_CERTIFICATES_H
#define TEST_MBEDTLS_CERTIFICATES_H

#include <mailproto/base.h>

enum { TEST_PEM_MAX = 4096 };

struct test_certificate {
    char certificate[TEST_PEM_MAX];
    char key[TEST_PEM_MAX];
};

/* What there is, all of P-256 but `rsa`. */
enum {
    CERT_CA,       /* who is trusted */
    CERT_STRANGER, /* signs what nobody trusts */
    CERT_SERVER,   /* imap.example.test, mail.example.test, *.wild.example.test, 127.0.0.1, ::1 */
    CERT_SECOND,   /* pop.example.test */
    CERT_RSA,      /* rsa.example.test, a key of 2048 bits */
    CERT_EXPIRED,  /* imap.example.test, until 2020-01-31 */
    CERT_EARLY,    /* imap.example.test, from 2090-01-01 */
    CERT_UNKNOWN,  /* imap.example.test, of CERT_STRANGER */
    CERT_SELF,     /* imap.example.test, of itself */
    CERT_UNNAMED,  /* no subjectAltName; its common name is imap.example.test */
    CERT_CLIENT,   /* alice@example.test; common name Alice */
    CERT_NAMED,    /* of a client without a subjectAltName: common name bob@example.test */
    CERT_FORGER,   /* alice@example.test, of CERT_STRANGER */
    CERT_DECEIT,   /* of a client: alice@example.test NUL .evil.test, and behind it names that are fine */
    CERTS
};

extern struct test_certificate test_certificates[CERTS];

/* Makes all of them, or stops the test. */
void test_certificates_make(void);

/* PEM texts of one: both together, or either. */
mailproto_text test_certificate_text(int which);
mailproto_text test_key_text(int which);

#endif
