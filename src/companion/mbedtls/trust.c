/* trust.c - whom we trust to sign the certificates of others: given, or the system's.
 * RFC 5280 section 6.1.1; mailproto/mbedtls.h: trust_pem, trust_file. */
#include <unistd.h>

#include "internal.h"

/* Where systems keep them. */
static const char *const system_files[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Alpine, Arch */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* older ones of these */
    "/etc/ssl/ca-bundle.pem",                            /* SUSE */
    "/etc/ssl/cert.pem",                                 /* the BSDs, macOS */
    "/usr/local/share/certs/ca-root-nss.crt",            /* FreeBSD's package */
};

/* lenient: certificates that are not understood are left out, as long as there are others. */
static int32_t add(mailproto_mbedtls_tls *tls, mailproto_text text, mailproto_text file, int lenient, char *why,
                   size_t why_size)
{
    struct mp_mbedtls_pem pem;
    int32_t result = mp_mbedtls_pem_read(&pem, &tls->m->allocator, text, file, "trust", why, why_size);
    int error;

    if (result)
        return result;
    error = mbedtls_x509_crt_parse(&tls->trust, pem.ptr, pem.len);
    if (error > 0 && lenient && tls->trust.raw.p)
        error = 0;
    if (mp_mbedtls_is_no_memory(error))
        result = mp_mbedtls_say(MAILPROTO_ERR_NOMEM, why, why_size, "%s", mailproto_result_text(MAILPROTO_ERR_NOMEM));
    else if (error > 0)
        result = mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size, "trust: %s holds %d that cannot be understood",
                                pem.label, error);
    else if (error)
        result = mp_mbedtls_say(MAILPROTO_ERR_CONFIG, why, why_size,
                                "trust: there is no certificate in %s that can be understood", pem.label);
    mp_mbedtls_pem_free(&pem, &tls->m->allocator);
    return result;
}

static int32_t add_system(mailproto_mbedtls_tls *tls, char *why, size_t why_size)
{
    const mailproto_text none = {NULL, 0};

    for (size_t i = 0; i < sizeof system_files / sizeof system_files[0]; i++)
        if (!access(system_files[i], R_OK)) {
            mailproto_text file = {system_files[i], strlen(system_files[i])};

            return add(tls, none, file, 1, why, why_size);
        }
    return mp_mbedtls_say(MAILPROTO_ERR_NOT_FOUND, why, why_size,
                          "trust: the system keeps no list of those it trusts (looked for %s and others); install its "
                          "ca-certificates, or name a file",
                          system_files[0]);
}

int32_t mp_mbedtls_trust_read(mailproto_mbedtls_tls *tls, const mailproto_mbedtls_config *config, char *why,
                              size_t why_size)
{
    const mailproto_text none = {NULL, 0};
    int32_t result = MAILPROTO_OK;

    if (config->trust_pem.len)
        result = add(tls, config->trust_pem, none, 0, why, why_size);
    if (!result && config->trust_file.len)
        result = add(tls, none, config->trust_file, 0, why, why_size);
    if (!result && !tls->trust.raw.p && config->role == MAILPROTO_MBEDTLS_CLIENT &&
        !(config->options & MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY))
        result = add_system(tls, why, why_size);
    return result;
}
