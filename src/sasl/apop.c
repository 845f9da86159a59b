/* apop.c - the digest of APOP: the greeting's timestamp and the password.
 * RFC 1939 section 7. */
#include "sasl/apop.h"

#include <string.h>

#include "core/memory.h"
#include "sasl/sasl.h"

enum { NONCE = (MP_APOP_TIMESTAMP - 2) / 2, OCTETS = MP_APOP_DIGEST / 2 };

int32_t mp_apop_timestamp(const mailproto_crypto *crypto, mailproto_text host, char *out)
{
    uint8_t nonce[NONCE];
    int32_t result = crypto->random(nonce, sizeof nonce, crypto->user);

    if (result)
        return result;
    out[0] = '<';
    mp_sasl_put_hex(out + 1, nonce, sizeof nonce);
    out[1 + 2 * NONCE] = '@';
    if (host.len)
        memcpy(out + 2 + 2 * NONCE, host.ptr, host.len);
    out[2 + 2 * NONCE + host.len] = '>';
    return MAILPROTO_OK;
}

int32_t mp_apop_digest(const mailproto_crypto *crypto, const mailproto_allocator *allocator, mailproto_text timestamp,
                       mailproto_text password, char *out)
{
    size_t n = timestamp.len + password.len;
    char *text = mp_alloc(allocator, n + 1);
    uint8_t digest[MAILPROTO_DIGEST_MAX];
    int32_t result;

    if (!text)
        return MAILPROTO_ERR_NOMEM;
    memcpy(text, timestamp.ptr, timestamp.len);
    if (password.len)
        memcpy(text + timestamp.len, password.ptr, password.len);
    result = crypto->hash(MAILPROTO_HASH_MD5, text, n, digest, crypto->user);
    mp_wipe(text, n + 1);
    mp_free(allocator, text, n + 1);
    if (!result)
        mp_sasl_put_hex(out, digest, OCTETS);
    return result;
}

int32_t mp_apop_check(const mailproto_crypto *crypto, const mailproto_allocator *allocator, mailproto_text timestamp,
                      mailproto_text password, mailproto_text digest, int *same)
{
    char own[MP_APOP_DIGEST];
    int32_t result = mp_apop_digest(crypto, allocator, timestamp, password, own);

    *same = !result && digest.len == sizeof own && mp_sasl_same(own, digest.ptr, sizeof own) && password.ptr != NULL;
    mp_wipe(own, sizeof own);
    return result;
}
