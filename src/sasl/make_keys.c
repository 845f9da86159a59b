/* make_keys.c - what is made of a password: the keys that a server stores instead.
 * RFC 5802 section 3 (ClientKey, StoredKey, ServerKey). Apart from keys.c, for it brings SASLprep and its table. */
#include <string.h>

#include "core/config.h"
#include "sasl/sasl.h"

enum { SALT = 16, PREPARED_MAX = MP_SASL_NAME_MAX, ITERATIONS = 10000, SCRAM_HASHES = 0xe };

/* StoredKey and ServerKey of a salted password. */
static int32_t split(const mailproto_crypto *crypto, uint32_t hash, const uint8_t *salted, uint8_t *stored_key,
                     uint8_t *server_key)
{
    size_t n = mailproto_hash_size(hash);
    uint8_t client_key[MAILPROTO_DIGEST_MAX];
    int32_t result = crypto->hmac(hash, salted, n, "Client Key", 10, client_key, crypto->user);

    if (!result)
        result = crypto->hash(hash, client_key, n, stored_key, crypto->user);
    if (!result)
        result = crypto->hmac(hash, salted, n, "Server Key", 10, server_key, crypto->user);
    mp_wipe(client_key, sizeof client_key);
    return result;
}

int32_t mailproto_sasl_make_keys(mailproto_sasl_keys *keys, uint8_t *room, const mailproto_crypto *crypto,
                                 uint32_t hash, const char *password, size_t len, uint32_t iterations)
{
    char prepared[PREPARED_MAX];
    uint8_t salted[MAILPROTO_DIGEST_MAX];
    mailproto_crypto own;
    size_t digest = mailproto_hash_size(hash), made;
    int32_t result;

    if (!keys || !room || !password || len > MP_SASL_NAME_MAX || !crypto || mp_struct_copy(&own, sizeof own, crypto))
        return MAILPROTO_ERR_ARG;
    if (!digest || !(hash & SCRAM_HASHES) || !(own.hashes & hash) || !own.random)
        return MAILPROTO_ERR_UNSUPPORTED;
    mp_or_default(&iterations, ITERATIONS);
    result = mailproto_sasl_saslprep(password, len, 0, prepared, sizeof prepared, &made);
    if (result == MAILPROTO_ERR_LIMIT)
        result = MAILPROTO_ERR_ARG;
    if (!result)
        result = own.random(room, SALT, own.user);
    if (!result)
        result = mailproto_sasl_derive(&own, hash, prepared, made, room, SALT, iterations, salted);
    if (!result)
        result = split(&own, hash, salted, room + SALT, room + SALT + digest);
    mp_wipe(prepared, sizeof prepared);
    mp_wipe(salted, sizeof salted);
    if (result)
        return result;
    keys->hash = hash;
    keys->iterations = iterations;
    keys->salt = (mailproto_text){(const char *)room, SALT};
    keys->stored_key = (mailproto_text){(const char *)room + SALT, digest};
    keys->server_key = (mailproto_text){(const char *)room + SALT + digest, digest};
    keys->password = (mailproto_text){NULL, 0};
    return MAILPROTO_OK;
}
