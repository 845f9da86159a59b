/* A client of mbedTLS's own, without any layer, for tests of the server's: records of any size, and what a good client never
   does. RFC 5246. */
#ifndef TEST_MBEDTLS_RAW_H
#define TEST_MBEDTLS_RAW_H

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>

#include "support/bytes.h"

struct raw {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_ssl_config config;
    mbedtls_ssl_context ssl;
    struct test_bytes in, out; /* the wire */
    struct test_bytes heard;   /* plain */
    int started, notified;
    int error; /* that ended it; 0: none */
};

/* options: RAW_* */
enum { RAW_TLS_1_2 = 1, RAW_NO_EXTENDED_MASTER = 2, RAW_SMALL_RECORDS = 4, RAW_OLD_CIPHERS = 8 };
void raw_begin(struct raw *r, int options);
/* As far as it goes with what is in `in`. */
void raw_run(struct raw *r);
/* n octets in records of `record` each. */
void raw_say(struct raw *r, const void *octets, size_t n, size_t record);
void raw_notify(struct raw *r);
/* Asks for another handshake in the midst of the session: the beginning of a ClientHello. */
void raw_renegotiate(struct raw *r);
void raw_end(struct raw *r);

#endif
