/* A provider of cryptography for tests, over Nettle. A build without it has none, and what needs one is not tested.
   mailproto/crypto.h. */
#ifndef TEST_CRYPTO_H
#define TEST_CRYPTO_H

#include <mailproto/crypto.h>

/* What was asked of it. */
struct test_crypto_calls {
    unsigned hash, hmac, pbkdf2;
    unsigned random; /* octets: what is drawn counts up, and is the same in every run */
};

/* Whether there is one. */
int test_crypto_there(void);

/* All hashes. calls may be NULL. 0; -1: there is none. */
int test_crypto(mailproto_crypto *crypto, struct test_crypto_calls *calls);

#endif
