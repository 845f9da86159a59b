/* A provider of cryptography that is there, and can draw zeroes but do nothing else: for tests that need no hash.
   mailproto/crypto.h. */
#ifndef TEST_SASL_PROVIDER_H
#define TEST_SASL_PROVIDER_H

#include <string.h>

#include <mailproto/crypto.h>

static int32_t no_hash(uint32_t hash, const void *data, size_t len, uint8_t *digest, void *user)
{
    (void)hash, (void)data, (void)len, (void)digest, (void)user;
    return MAILPROTO_ERR_UNSUPPORTED;
}

static int32_t no_hmac(uint32_t hash, const void *key, size_t key_len, const void *data, size_t len, uint8_t *digest,
                       void *user)
{
    (void)hash, (void)key, (void)key_len, (void)data, (void)len, (void)digest, (void)user;
    return MAILPROTO_ERR_UNSUPPORTED;
}

static int32_t no_pbkdf2(uint32_t hash, const void *password, size_t password_len, const void *salt, size_t salt_len,
                         uint32_t iterations, uint8_t *key, void *user)
{
    (void)hash, (void)password, (void)password_len, (void)salt, (void)salt_len, (void)iterations, (void)key, (void)user;
    return MAILPROTO_ERR_UNSUPPORTED;
}

static int32_t zeroes(void *out, size_t len, void *user)
{
    (void)user;
    memset(out, 0, len);
    return MAILPROTO_OK;
}

static inline mailproto_crypto provider(uint32_t hashes)
{
    mailproto_crypto crypto;

    mailproto_crypto_init(&crypto, sizeof crypto);
    crypto.hashes = hashes;
    crypto.hash = no_hash;
    crypto.hmac = no_hmac;
    crypto.pbkdf2 = no_pbkdf2;
    crypto.random = zeroes;
    return crypto;
}

#endif
