/* random.c - the random source that everything is made from, and what this build can do.
 * mailproto/mbedtls.h; NIST SP 800-90A CTR_DRBG as mbedTLS has it. */
#include "internal.h"

uint32_t mailproto_mbedtls_features(void)
{
    uint32_t features = 0;

#ifdef MP_MBEDTLS_TLS_1_3
    features |= MAILPROTO_MBEDTLS_HAS_TLS_1_3;
#endif
#ifdef MP_MBEDTLS_UNIQUE
    features |= MAILPROTO_MBEDTLS_HAS_UNIQUE;
#endif
#ifdef MP_MBEDTLS_EXPORTER
    features |= MAILPROTO_MBEDTLS_HAS_EXPORTER;
#endif
#ifdef MP_MBEDTLS_TICKETS
    features |= MAILPROTO_MBEDTLS_HAS_TICKETS;
#endif
#ifdef MBEDTLS_THREADING_C
    features |= MAILPROTO_MBEDTLS_HAS_THREADS;
#endif
    return features;
}

const char *mailproto_mbedtls_version(void)
{
    return MBEDTLS_VERSION_STRING;
}

void mp_mbedtls_hold(mailproto_mbedtls *m)
{
    atomic_fetch_add_explicit(&m->holds, 1, memory_order_relaxed);
}

static void destroy(mailproto_mbedtls *m)
{
    mailproto_allocator allocator = m->allocator;

    mbedtls_ctr_drbg_free(&m->random);
    mbedtls_entropy_free(&m->entropy);
    allocator.free(m, sizeof *m, allocator.user);
}

int32_t mailproto_mbedtls_new(mailproto_mbedtls **out, const mailproto_allocator *allocator, char *why, size_t why_size)
{
    static const unsigned char use[] = "mailproto-mbedtls"; /* its own stream, apart from the program's other ones */
    mailproto_allocator own;
    mailproto_mbedtls *m;
    int error = 0;

    if (!out)
        return MAILPROTO_ERR_ARG;
    *out = NULL;
    if (mp_companion_allocator_copy(&own, allocator))
        return mp_mbedtls_say(MAILPROTO_ERR_ARG, why, why_size, "the allocator lacks a function");
    m = own.alloc(sizeof *m, own.user);
    if (!m)
        return mp_mbedtls_say(MAILPROTO_ERR_NOMEM, why, why_size, "%s", mailproto_result_text(MAILPROTO_ERR_NOMEM));
    m->allocator = own;
    atomic_init(&m->holds, 1);
    mbedtls_entropy_init(&m->entropy);
    mbedtls_ctr_drbg_init(&m->random);
#ifdef MP_MBEDTLS_3
    if (psa_crypto_init() != PSA_SUCCESS) /* TLS 1.3 works with it; as often as one likes */
        error = MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
#endif
    if (!error)
        error = mbedtls_ctr_drbg_seed(&m->random, mbedtls_entropy_func, &m->entropy, use, sizeof use - 1);
    if (error) {
        destroy(m);
        if (mp_mbedtls_is_no_memory(error))
            return mp_mbedtls_say(MAILPROTO_ERR_NOMEM, why, why_size, "%s", mailproto_result_text(MAILPROTO_ERR_NOMEM));
        return mp_mbedtls_say(MAILPROTO_ERR_UNAVAILABLE, why, why_size,
                              "the system gives no random octets (mbedTLS: -0x%04x)", (unsigned)-error);
    }
    *out = m;
    return MAILPROTO_OK;
}

void mailproto_mbedtls_free(mailproto_mbedtls *m)
{
    if (m && atomic_fetch_sub_explicit(&m->holds, 1, memory_order_acq_rel) == 1)
        destroy(m);
}
