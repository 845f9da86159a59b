/* keys.h - what is kept instead of a password: the keys of SCRAM, from which it cannot be read.
 * RFC 5802 section 3; RFC 5803 section 2 for how they are written: SCRAM-SHA-256$10000:SALT$STORED:SERVER, in base64. */
#ifndef MAILPROTOD_KEYS_H
#define MAILPROTOD_KEYS_H

#include <mailproto/sasl.h>

enum { KEYS_TEXT = 240, KEYS_SALT = 32, KEYS_DIGEST = 32, KEYS_ITERATIONS = 10000 };
enum { KEYS_ITERATIONS_MIN = 4096, KEYS_ITERATIONS_MAX = 1000000 }; /* RFC 7677 4 has the least */

struct keys {
    uint32_t hash; /* MAILPROTO_HASH_SHA_1, _SHA_256: those of SHA-512 do not fit into a line of the configuration */
    uint32_t iterations;
    size_t salt_len, digest_len;
    uint8_t salt[KEYS_SALT], stored[KEYS_DIGEST], server[KEYS_DIGEST];
};

/* NULL, or what is wrong. */
const char *keys_read(struct keys *keys, const char *text);
void keys_write(const struct keys *keys, char text[KEYS_TEXT]);
/* As mailproto_sasl_make_keys. */
int32_t keys_make(struct keys *keys, uint32_t hash, uint32_t iterations, const char *password, size_t len,
                  const mailproto_crypto *crypto);
/* As a login wants them; they point into `keys`. */
void keys_lend(const struct keys *keys, mailproto_sasl_keys *lent);

#endif
