/* The tests' provider of cryptography, overheard: it tells what it was asked in which order and how much that is, fails where
   it is told to, and draws octets that are the same each time.
   mailproto/crypto.h. */
#ifndef TEST_RECORDED_CRYPTO_H
#define TEST_RECORDED_CRYPTO_H

#include "crypto.h"

enum { RECORDED_CRYPTO_LOG = 512 };

struct recorded_crypto {
    mailproto_crypto api; /* hand out its address */
    mailproto_crypto inner;
    struct test_crypto_calls calls;
    size_t fail_at;                  /* the number of the call that fails, from 1; 0: none */
    size_t count;                    /* calls so far */
    uint64_t random;                 /* what is drawn next is made of it */
    char log[RECORDED_CRYPTO_LOG];   /* the calls: "random hmac4 hash4 ", the number is the hash's bit */
    char sizes[RECORDED_CRYPTO_LOG]; /* what each costs, octets and iterations: "18,0*1 0,140*1 0,16*4096 " */
};

void recorded_crypto_init(struct recorded_crypto *crypto);

#endif
