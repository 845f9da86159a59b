/* crypto.c - the table of a crypto provider: its _init, and the sizes of digests.
 * mailproto/crypto.h; RFC 1321, RFC 3174, RFC 6234. */
#include "mailproto/crypto.h"

#include "core/memory.h"

size_t mailproto_hash_size(uint32_t hash)
{
    switch (hash) {
    case MAILPROTO_HASH_MD5:
        return 16;
    case MAILPROTO_HASH_SHA_1:
        return 20;
    case MAILPROTO_HASH_SHA_256:
        return 32;
    case MAILPROTO_HASH_SHA_512:
        return 64;
    default:
        return 0;
    }
}

int32_t mailproto_crypto_init(mailproto_crypto *crypto, size_t size)
{
    return mp_struct_init(crypto, size);
}
