/* program.c - the least program that uses mailproto-mbedtls, as a stranger would build it.
 * A digest by the provider, and rules that are refused with a sentence. */
#include <mailproto/mbedtls.h>
#include <mailproto/version.h>
#include <stdio.h>

int main(void)
{
    mailproto_mbedtls_config config;
    mailproto_mbedtls_tls *tls;
    mailproto_mbedtls *m;
    mailproto_crypto crypto;
    uint8_t digest[MAILPROTO_DIGEST_MAX];
    char why[200] = "";

    mailproto_mbedtls_config_init(&config, sizeof config);
    config.role = MAILPROTO_MBEDTLS_SERVER;
    if (mailproto_mbedtls_new(&m, NULL, why, sizeof why) || mailproto_mbedtls_crypto(m, &crypto, sizeof crypto) ||
        crypto.hash(MAILPROTO_HASH_SHA_256, "abc", 3, digest, crypto.user) || digest[0] != 0xba ||
        mailproto_mbedtls_tls_new(&tls, m, &config, why, sizeof why) != MAILPROTO_ERR_CONFIG)
        return 1;
    mailproto_mbedtls_free(m);
    printf("%s: %s\n", mailproto_version(), why);
    return 0;
}
