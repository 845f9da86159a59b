/* The tests' provider of cryptography, overheard.
   mailproto/crypto.h. */
#include "recorded_crypto.h"

#include <stdio.h>
#include <string.h>

/* Keys of HMAC, and PBKDF2's passwords, are filled up to a block (RFC 2104 2): shorter ones cost the same, so they count as
   none. This is the smallest block. */
static size_t hmac_key(size_t len)
{
    return len > 64 ? len : 0;
}

/* Notes a call; its answer. */
static int32_t asked(struct recorded_crypto *crypto, const char *what, uint32_t hash)
{
    size_t n = strlen(crypto->log);

    if (hash)
        snprintf(crypto->log + n, sizeof crypto->log - n, "%s%u ", what, hash);
    else
        snprintf(crypto->log + n, sizeof crypto->log - n, "%s ", what);
    return ++crypto->count == crypto->fail_at ? MAILPROTO_ERR_UNAVAILABLE : MAILPROTO_OK;
}

/* Notes how large the call is: the octets of its one or two inputs, and how often it is done. */
static void sized(struct recorded_crypto *crypto, size_t first, size_t second, uint32_t iterations)
{
    size_t n = strlen(crypto->sizes);

    snprintf(crypto->sizes + n, sizeof crypto->sizes - n, "%zu,%zu*%u ", first, second, iterations);
}

static int32_t hash(uint32_t which, const void *data, size_t len, uint8_t *digest, void *user)
{
    struct recorded_crypto *crypto = user;
    int32_t result = asked(crypto, "hash", which);

    sized(crypto, len, 0, 1);
    return result ? result : crypto->inner.hash(which, data, len, digest, crypto->inner.user);
}

static int32_t hmac(uint32_t which, const void *key, size_t key_len, const void *data, size_t len, uint8_t *digest,
                    void *user)
{
    struct recorded_crypto *crypto = user;
    int32_t result = asked(crypto, "hmac", which);

    sized(crypto, hmac_key(key_len), len, 1);
    return result ? result : crypto->inner.hmac(which, key, key_len, data, len, digest, crypto->inner.user);
}

static int32_t derive(uint32_t which, const void *password, size_t password_len, const void *salt, size_t salt_len,
                      uint32_t iterations, uint8_t *key, void *user)
{
    struct recorded_crypto *crypto = user;
    int32_t result = asked(crypto, "pbkdf2-", which);

    sized(crypto, hmac_key(password_len), salt_len, iterations);
    return result ? result
                  : crypto->inner.pbkdf2(which, password, password_len, salt, salt_len, iterations, key,
                                         crypto->inner.user);
}

static int32_t draw(void *out, size_t len, void *user)
{
    struct recorded_crypto *crypto = user;
    uint8_t *octets = out;
    int32_t result = asked(crypto, "random", 0);

    sized(crypto, len, 0, 1);
    for (size_t i = 0; i < len && !result; i++) {
        crypto->random = crypto->random * 6364136223846793005u + 1442695040888963407u;
        octets[i] = (uint8_t)(crypto->random >> 56);
    }
    return result;
}

void recorded_crypto_init(struct recorded_crypto *crypto)
{
    memset(crypto, 0, sizeof *crypto);
    test_crypto(&crypto->inner, &crypto->calls);
    mailproto_crypto_init(&crypto->api, sizeof crypto->api);
    crypto->api.hashes = crypto->inner.hashes;
    crypto->api.user = crypto;
    crypto->api.hash = hash;
    crypto->api.hmac = hmac;
    crypto->api.pbkdf2 = derive;
    crypto->api.random = draw;
}
