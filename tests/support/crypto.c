/* A provider of cryptography for tests, over Nettle.
   mailproto/crypto.h; RFC 8018 section 5.2. */
#include "support/crypto.h"

#ifdef HAVE_NETTLE

#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/pbkdf2.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#undef pbkdf2 /* Nettle's name for its own function is a macro, and a field's name here */

enum { HASHES = MAILPROTO_HASH_MD5 | MAILPROTO_HASH_SHA_1 | MAILPROTO_HASH_SHA_256 | MAILPROTO_HASH_SHA_512 };

union context {
    struct md5_ctx md5;
    struct sha1_ctx sha1;
    struct sha256_ctx sha256;
    struct sha512_ctx sha512;
};

/* HMAC of any hash: nettle/hmac.h. */
struct keyed {
    const struct nettle_hash *hash;
    union context outer, inner, state;
};

static const struct nettle_hash *hash_of(uint32_t bit)
{
    return bit == MAILPROTO_HASH_MD5       ? &nettle_md5
           : bit == MAILPROTO_HASH_SHA_1   ? &nettle_sha1
           : bit == MAILPROTO_HASH_SHA_256 ? &nettle_sha256
           : bit == MAILPROTO_HASH_SHA_512 ? &nettle_sha512
                                           : NULL;
}

static struct test_crypto_calls *calls_of(void *user, struct test_crypto_calls *nobody)
{
    *nobody = (struct test_crypto_calls){0};
    return user ? user : nobody;
}

static int32_t digest(uint32_t which, const void *data, size_t len, uint8_t *out, void *user)
{
    const struct nettle_hash *hash = hash_of(which);
    struct test_crypto_calls nobody;
    union context context;

    if (!hash)
        return MAILPROTO_ERR_UNSUPPORTED;
    calls_of(user, &nobody)->hash++;
    hash->init(&context);
    hash->update(&context, len, data);
    hash->digest(&context, hash->digest_size, out);
    return MAILPROTO_OK;
}

static void keyed_update(void *context, size_t len, const uint8_t *data)
{
    struct keyed *keyed = context;

    hmac_update(&keyed->state, keyed->hash, len, data);
}

static void keyed_digest(void *context, size_t len, uint8_t *out)
{
    struct keyed *keyed = context;

    hmac_digest(&keyed->outer, &keyed->inner, &keyed->state, keyed->hash, len, out);
}

static int32_t set_key(struct keyed *keyed, uint32_t which, const void *key, size_t len)
{
    keyed->hash = hash_of(which);
    if (!keyed->hash)
        return MAILPROTO_ERR_UNSUPPORTED;
    hmac_set_key(&keyed->outer, &keyed->inner, &keyed->state, keyed->hash, len, key);
    return MAILPROTO_OK;
}

static int32_t mac(uint32_t which, const void *key, size_t key_len, const void *data, size_t len, uint8_t *out,
                   void *user)
{
    struct test_crypto_calls nobody;
    struct keyed keyed;
    int32_t result = set_key(&keyed, which, key, key_len);

    if (result)
        return result;
    calls_of(user, &nobody)->hmac++;
    keyed_update(&keyed, len, data);
    keyed_digest(&keyed, keyed.hash->digest_size, out);
    return MAILPROTO_OK;
}

static int32_t derive(uint32_t which, const void *password, size_t password_len, const void *salt, size_t salt_len,
                      uint32_t iterations, uint8_t *key, void *user)
{
    struct test_crypto_calls nobody;
    struct keyed keyed;
    int32_t result = set_key(&keyed, which, password, password_len);

    if (result)
        return result;
    calls_of(user, &nobody)->pbkdf2++;
    nettle_pbkdf2(&keyed, keyed_update, keyed_digest, keyed.hash->digest_size, iterations, salt_len, salt,
                  keyed.hash->digest_size, key);
    return MAILPROTO_OK;
}

static int32_t draw(void *out, size_t len, void *user)
{
    struct test_crypto_calls nobody, *calls = calls_of(user, &nobody);
    uint8_t *octets = out;

    for (size_t i = 0; i < len; i++)
        octets[i] = (uint8_t)++calls->random;
    return MAILPROTO_OK;
}

int test_crypto_there(void)
{
    return 1;
}

int test_crypto(mailproto_crypto *crypto, struct test_crypto_calls *calls)
{
    *crypto = (mailproto_crypto){sizeof *crypto, HASHES, calls, digest, mac, derive, draw};
    return 0;
}

#else

int test_crypto_there(void)
{
    return 0;
}

int test_crypto(mailproto_crypto *crypto, struct test_crypto_calls *calls)
{
    (void)calls;
    mailproto_crypto_init(crypto, sizeof *crypto);
    return -1;
}

#endif
