/* mailproto/crypto.h - hashes, HMAC, key derivation and random octets, from whoever has them.
 *
 * The library has no cryptography of its own: what SASL mechanisms need comes through this table. libmailproto-mbedtls
 * fills one (mbedtls.h); a host that has a library of its own fills it in an afternoon. Without a provider the mechanisms
 * that need one are not offered, and a construction that asks for them fails with a sentence that says so.
 *
 * A provider's functions may be called from any thread that drives a session of it, and from several at the same time. They
 * never call the library. Each is short but pbkdf2, which takes as long as its iterations say: a host that cannot wait so
 * long answers the DERIVE requests of a login itself, from a thread (sasl.h).
 */
#ifndef MAILPROTO_CRYPTO_H
#define MAILPROTO_CRYPTO_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Hash functions, as bits. */
enum {
    MAILPROTO_HASH_MD5 = 1,     /* RFC 1321, 16 octets: CRAM-MD5 and APOP, and nothing else */
    MAILPROTO_HASH_SHA_1 = 2,   /* RFC 3174, 20 octets */
    MAILPROTO_HASH_SHA_256 = 4, /* RFC 6234, 32 octets */
    MAILPROTO_HASH_SHA_512 = 8  /* RFC 6234, 64 octets */
};

/* The octets of the longest digest. */
enum { MAILPROTO_DIGEST_MAX = 64 };

/* The octets of a hash's digest; 0: not one bit of the above. */
MAILPROTO_API size_t mailproto_hash_size(uint32_t hash);

/* The functions. Each answers MAILPROTO_OK, or a negative code that ends the login that asked, as one that failed for now
   (ERR_UNAVAILABLE is a good one; ERR_UNSUPPORTED: the library behind it was built without). `digest` has room for the
   hash's digest. Copied by whoever takes it; `user` must outlive the sessions. */
typedef struct mailproto_crypto {
    uint32_t struct_size;
    uint32_t hashes; /* MAILPROTO_HASH_*: what hash, hmac and pbkdf2 know */
    void *user;
    int32_t (*hash)(uint32_t hash, const void *data, size_t len, uint8_t *digest, void *user);
    /* RFC 2104 */
    int32_t (*hmac)(uint32_t hash, const void *key, size_t key_len, const void *data, size_t len, uint8_t *digest,
                    void *user);
    /* RFC 8018 section 5.2 with HMAC of the hash, one block: `key` has room for the hash's digest */
    int32_t (*pbkdf2)(uint32_t hash, const void *password, size_t password_len, const void *salt, size_t salt_len,
                      uint32_t iterations, uint8_t *key, void *user);
    /* octets that nobody can guess */
    int32_t (*random)(void *out, size_t len, void *user);
} mailproto_crypto;
MAILPROTO_API int32_t mailproto_crypto_init(mailproto_crypto *crypto, size_t size);

#ifdef __cplusplus
}
#endif
#endif
