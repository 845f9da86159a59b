/* keys.c - what a login asks and is answered: the structs of keys and steps, the salted password.
 * RFC 5802 section 2.2 (Hi). The keys of a password are make_keys.c. */
#include "sasl/sasl.h"

int32_t mailproto_sasl_keys_init(mailproto_sasl_keys *keys, size_t size)
{
    return mp_struct_init(keys, size);
}

int32_t mailproto_sasl_stepped_init(mailproto_sasl_stepped *stepped, size_t size)
{
    return mp_struct_init(stepped, size);
}

int32_t mailproto_sasl_derive(const mailproto_crypto *crypto, uint32_t hash, const void *password, size_t password_len,
                              const void *salt, size_t salt_len, uint32_t iterations, uint8_t *key)
{
    mailproto_crypto own;

    if (!crypto || !key || !iterations || (!password && password_len) || (!salt && salt_len) ||
        !mailproto_hash_size(hash) || mp_struct_copy(&own, sizeof own, crypto))
        return MAILPROTO_ERR_ARG;
    if (!(own.hashes & hash) || !own.pbkdf2)
        return MAILPROTO_ERR_UNSUPPORTED;
    return own.pbkdf2(hash, password, password_len, salt, salt_len, iterations, key, own.user);
}
