/* Certificates for tests, made when the test runs, as PEM files in a folder of their own. RFC 5280.
   Each file has a certificate and its key, and is named as it is asked for. */
#ifndef TEST_CERTIFICATES_H
#define TEST_CERTIFICATES_H

enum { TEST_CERTIFICATES_MAX = 16 };

struct test_certificates {
    char folder[64];
    char paths[TEST_CERTIFICATES_MAX][128];
    int count;
};

/* Makes all of them, or stops the test:

       ca         who is trusted
       stranger   signs what nobody trusts
       server     imap.example.test, *.wild.example.test, 127.0.0.1, ::1; P-256, as all but
       second     pop.example.test; RSA of 2048 bits
       expired    imap.example.test, 127.0.0.1, until 2020-01-31
       early      imap.example.test, from 2090-01-01
       unknown    imap.example.test, of `stranger`
       unnamed    no name but its common name, imap.example.test
       client     alice@example.test
       forger     alice@example.test, of `stranger`
       named      no name but its common name, alice@example.test
       deceit     alice@example.test NUL .evil.test, and behind it bob@example.test; common name
                  alice@example.test
       old        imap.example.test, signed with SHA-1
       edwards    imap.example.test, Ed25519, signed by itself */
void test_certificates_begin(struct test_certificates *c);
/* The path of a file, by its name. */
const char *test_certificate(const struct test_certificates *c, const char *name);
void test_certificates_end(struct test_certificates *c);

#endif
