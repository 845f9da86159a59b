/* own.c - certificates of ours with their keys: read, checked against each other, chosen by the name a client asks for.
 * RFC 5280, RFC 6066 section 3; mailproto/mbedtls.h: mailproto_mbedtls_certificate. */
#include "internal.h"

static int32_t read_chain(struct mp_mbedtls_own *own, const struct mp_mbedtls_pem *pem, char *why, size_t why_size)
{
    int error;

    if (!strstr((const char *)pem->ptr, "-----BEGIN CERTIFICATE-----")) /* mbedTLS would take it for DER */
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size,
                              "certificate: there is none in %s (\"-----BEGIN CERTIFICATE-----\" in PEM)", pem->label);
    error = mbedtls_x509_crt_parse(&own->chain, pem->ptr, pem->len);
    if (mp_mbedtls_is_no_memory(error))
        return mp_mbedtls_say(MAILPROTO_ERR_NOMEM, why, why_size, "%s", mailproto_result_text(MAILPROTO_ERR_NOMEM));
    if (error)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size, "certificate: one in %s cannot be understood",
                              pem->label);
    return MAILPROTO_OK;
}

static int parse_key(const mailproto_mbedtls_tls *tls, struct mp_mbedtls_own *own, const struct mp_mbedtls_pem *pem,
                     mailproto_text password)
{
    const unsigned char *word = password.len ? (const unsigned char *)password.ptr : NULL;

#ifdef MP_MBEDTLS_3
    return mbedtls_pk_parse_key(&own->key, pem->ptr, pem->len, word, password.len, mbedtls_ctr_drbg_random,
                                &tls->m->random);
#else
    (void)tls;
    return mbedtls_pk_parse_key(&own->key, pem->ptr, pem->len, word, password.len);
#endif
}

static int check_pair(const mailproto_mbedtls_tls *tls, const struct mp_mbedtls_own *own)
{
#ifdef MP_MBEDTLS_3
    return mbedtls_pk_check_pair(&own->chain.pk, &own->key, mbedtls_ctr_drbg_random, &tls->m->random);
#else
    (void)tls;
    return mbedtls_pk_check_pair(&own->chain.pk, &own->key);
#endif
}

static int32_t read_key(const mailproto_mbedtls_tls *tls, struct mp_mbedtls_own *own, const struct mp_mbedtls_pem *pem,
                        mailproto_text password, char *why, size_t why_size)
{
    int error = parse_key(tls, own, pem, password);

    if (mp_mbedtls_is_no_memory(error))
        return mp_mbedtls_say(MAILPROTO_ERR_NOMEM, why, why_size, "%s", mailproto_result_text(MAILPROTO_ERR_NOMEM));
    if (error == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size,
                              "key: the one in %s is encrypted, and no password is given", pem->label);
    if (error == MBEDTLS_ERR_PK_PASSWORD_MISMATCH)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size, "key: the password is not that of the one in %s",
                              pem->label);
    if (error)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size,
                              "key: there is none in %s that can be used (RSA or EC in PEM; mbedTLS: -0x%04x)",
                              pem->label, (unsigned)-error);
    error = check_pair(tls, own);
    if (mp_mbedtls_is_no_memory(error))
        return mp_mbedtls_say(MAILPROTO_ERR_NOMEM, why, why_size, "%s", mailproto_result_text(MAILPROTO_ERR_NOMEM));
    if (error)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size, "key: the one in %s is not that of the certificate",
                              pem->label);
    return MAILPROTO_OK;
}

static int32_t read_one(const mailproto_mbedtls_tls *tls, struct mp_mbedtls_own *own,
                        const mailproto_mbedtls_certificate *given, char *why, size_t why_size)
{
    const mailproto_allocator *allocator = &tls->m->allocator;
    int apart = given->key_pem.len || given->key_file.len;
    struct mp_mbedtls_pem chain, key;
    int32_t result;

    result = mp_mbedtls_pem_read(&chain, allocator, given->chain_pem, given->chain_file, "certificate", why, why_size);
    if (result)
        return result;
    result = read_chain(own, &chain, why, why_size);
    if (!result && apart) {
        result = mp_mbedtls_pem_read(&key, allocator, given->key_pem, given->key_file, "key", why, why_size);
        if (!result) {
            result = read_key(tls, own, &key, given->key_password, why, why_size);
            mp_mbedtls_pem_free(&key, allocator);
        }
    } else if (!result) {
        result = read_key(tls, own, &chain, given->key_password, why, why_size);
    }
    mp_mbedtls_pem_free(&chain, allocator);
    return result;
}

static int is_text(mailproto_text text)
{
    return text.ptr || !text.len;
}

static int32_t copy_given(mailproto_mbedtls_certificate *to, const mailproto_mbedtls_certificate *from, char *why,
                          size_t why_size)
{
    if (mp_companion_struct_copy(to, sizeof *to, from) || !is_text(to->chain_pem) || !is_text(to->chain_file) ||
        !is_text(to->key_pem) || !is_text(to->key_file) || !is_text(to->key_password))
        return mp_mbedtls_say(MAILPROTO_ERR_ARG, why, why_size, "certificate: the struct is none that _init made");
    if (!to->chain_pem.len && !to->chain_file.len)
        return mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size, "certificate: neither a text nor a file is given");
    return MAILPROTO_OK;
}

int32_t mp_mbedtls_own_read(mailproto_mbedtls_tls *tls, const mailproto_mbedtls_certificate *list, char *why,
                            size_t why_size)
{
    const mailproto_allocator *allocator = &tls->m->allocator;
    struct mp_mbedtls_own **last = &tls->own;
    mailproto_mbedtls_certificate given;
    int32_t result = MAILPROTO_OK;

    for (; list && !result; list = given.next) {
        struct mp_mbedtls_own *own;

        result = copy_given(&given, list, why, why_size);
        if (result)
            break;
        own = allocator->alloc(sizeof *own, allocator->user);
        if (!own)
            return mp_mbedtls_say(MAILPROTO_ERR_NOMEM, why, why_size, "%s", mailproto_result_text(MAILPROTO_ERR_NOMEM));
        own->next = NULL;
        mbedtls_x509_crt_init(&own->chain);
        mbedtls_pk_init(&own->key);
        *last = own;
        last = &own->next;
        result = read_one(tls, own, &given, why, why_size);
    }
    return result;
}

void mp_mbedtls_own_free(mailproto_mbedtls_tls *tls)
{
    const mailproto_allocator *allocator = &tls->m->allocator;

    while (tls->own) {
        struct mp_mbedtls_own *own = tls->own;

        tls->own = own->next;
        mbedtls_x509_crt_free(&own->chain);
        mbedtls_pk_free(&own->key);
        allocator->free(own, sizeof *own, allocator->user);
    }
}

struct mp_mbedtls_own *mp_mbedtls_own_find(const mailproto_mbedtls_tls *tls, const struct mp_mbedtls_name *name)
{
    struct mp_mbedtls_own *own = tls->own;

    while (own && !mp_mbedtls_name_is(&own->chain, name))
        own = own->next;
    return own;
}
