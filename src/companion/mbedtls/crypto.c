/* crypto.c - the crypto provider: hashes, HMAC, PBKDF2 and random octets of mbedTLS.
 * mailproto/crypto.h; RFC 1321, RFC 3174, RFC 6234, RFC 2104, RFC 8018 section 5.2. */
#include "internal.h"

#include <mbedtls/pkcs5.h>

static const mbedtls_md_info_t *md_of(uint32_t hash)
{
    switch (hash) {
    case MAILPROTO_HASH_MD5:
        return mbedtls_md_info_from_type(MBEDTLS_MD_MD5);
    case MAILPROTO_HASH_SHA_1:
        return mbedtls_md_info_from_type(MBEDTLS_MD_SHA1);
    case MAILPROTO_HASH_SHA_256:
        return mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    case MAILPROTO_HASH_SHA_512:
        return mbedtls_md_info_from_type(MBEDTLS_MD_SHA512);
    default:
        return NULL;
    }
}

static int32_t result_of(int error)
{
    if (!error)
        return MAILPROTO_OK;
    return mp_mbedtls_is_no_memory(error) ? MAILPROTO_ERR_NOMEM : MAILPROTO_ERR_UNAVAILABLE;
}

/* Where nothing is to be read: mbedTLS hands it to memcpy. */
static const unsigned char *octets(const void *p)
{
    static const unsigned char nothing[1];

    return p ? p : nothing;
}

static int32_t hash(uint32_t which, const void *data, size_t len, uint8_t *digest, void *user)
{
    const mbedtls_md_info_t *md = md_of(which);

    (void)user;
    if (!md)
        return MAILPROTO_ERR_UNSUPPORTED;
    return result_of(mbedtls_md(md, octets(data), len, digest));
}

static int32_t hmac(uint32_t which, const void *key, size_t key_len, const void *data, size_t len, uint8_t *digest,
                    void *user)
{
    const mbedtls_md_info_t *md = md_of(which);

    (void)user;
    if (!md)
        return MAILPROTO_ERR_UNSUPPORTED;
    return result_of(mbedtls_md_hmac(md, octets(key), key_len, octets(data), len, digest));
}

#if defined(MBEDTLS_PKCS5_C)

static int32_t pbkdf2(uint32_t which, const void *password, size_t password_len, const void *salt, size_t salt_len,
                      uint32_t iterations, uint8_t *key, void *user)
{
    const mbedtls_md_info_t *md = md_of(which);
    uint32_t size;
    int error;

    (void)user;
    if (!md)
        return MAILPROTO_ERR_UNSUPPORTED;
    if (!iterations)
        return MAILPROTO_ERR_ARG;
    size = mbedtls_md_get_size(md);
#if MBEDTLS_VERSION_NUMBER >= 0x03030000
    error = mbedtls_pkcs5_pbkdf2_hmac_ext(mbedtls_md_get_type(md), octets(password), password_len, octets(salt),
                                          salt_len, iterations, size, key);
#else
    {
        mbedtls_md_context_t context;

        mbedtls_md_init(&context);
        error = mbedtls_md_setup(&context, md, 1);
        if (!error)
            error = mbedtls_pkcs5_pbkdf2_hmac(&context, octets(password), password_len, octets(salt), salt_len,
                                              iterations, size, key);
        mbedtls_md_free(&context);
    }
#endif
    return result_of(error);
}

#else

static int32_t pbkdf2(uint32_t which, const void *password, size_t password_len, const void *salt, size_t salt_len,
                      uint32_t iterations, uint8_t *key, void *user)
{
    (void)which, (void)password, (void)password_len, (void)salt, (void)salt_len, (void)iterations, (void)key,
        (void)user;
    return MAILPROTO_ERR_UNSUPPORTED; /* this mbedTLS was built without PKCS #5 */
}

#endif

static int32_t random_octets(void *out, size_t len, void *user)
{
    mailproto_mbedtls *m = user;
    unsigned char *to = out;

    while (len) {
        size_t n = len < MBEDTLS_CTR_DRBG_MAX_REQUEST ? len : MBEDTLS_CTR_DRBG_MAX_REQUEST;

        if (mbedtls_ctr_drbg_random(&m->random, to, n))
            return MAILPROTO_ERR_UNAVAILABLE;
        to += n;
        len -= n;
    }
    return MAILPROTO_OK;
}

int32_t mailproto_mbedtls_crypto(mailproto_mbedtls *m, mailproto_crypto *out, size_t size)
{
    static const uint32_t all[] = {MAILPROTO_HASH_MD5, MAILPROTO_HASH_SHA_1, MAILPROTO_HASH_SHA_256,
                                   MAILPROTO_HASH_SHA_512};
    mailproto_crypto table = {sizeof table, 0, m, hash, hmac, pbkdf2, random_octets};

    if (!m || mp_companion_struct_init(out, size))
        return MAILPROTO_ERR_ARG;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (md_of(all[i]))
            table.hashes |= all[i];
    table.struct_size = (uint32_t)size;
    memcpy(out, &table, size < sizeof table ? size : sizeof table);
    return MAILPROTO_OK;
}
