/* tls.c - TLS of mailproto over libmailproto-mbedtls: whom is trusted, the pin, what became of the handshake.
 * RFC 9525 for names, RFC 7469 section 2.6 for why a pin stands in the place of trust. */
#include "tls.h"

#include "report.h"
#include "text.h"

#include <mailproto/mbedtls.h>
#include <mailproto/mbedtls_host.h>
#include <stdio.h>
#include <string.h>

static struct {
    const struct tls_options *options;
    int trace;
    mailproto_mbedtls *random;
    mailproto_mbedtls_tls *rules;
    mailproto_crypto crypto;
    mailproto_host_tls layer;
    struct tls_seen seen;
    int is_pin_wrong;
} tls;

const char *tls_missing(void)
{
    return NULL;
}

const mailproto_host_tls *tls_layer(void)
{
    return tls.rules ? &tls.layer : NULL;
}

const mailproto_crypto *tls_crypto(void)
{
    return tls.random ? &tls.crypto : NULL;
}

const struct tls_seen *tls_seen(void)
{
    return tls.seen.version ? &tls.seen : NULL;
}

const char *tls_version_name(uint32_t version)
{
    return version == 0x0303 ? "TLS 1.2" : version == 0x0304 ? "TLS 1.3" : "TLS";
}

/* ---- the handshake ---- */

/* As `openssl x509 -fingerprint -sha256` has it, without the colons and in small letters. */
static void tell_fingerprint(mailproto_text fingerprint)
{
    *tls.seen.fingerprint = 0;
    for (size_t i = 0; i < fingerprint.len && i < TLS_FINGERPRINT / 2; i++)
        snprintf(tls.seen.fingerprint + 2 * i, 3, "%02x", (unsigned)(unsigned char)fingerprint.ptr[i]);
}

static int32_t on_handshake(const mailproto_tls_info *info, mailproto_text fingerprint, void *user)
{
    (void)user;
    tls.seen.version = info->version;
    tls.seen.verified = (int)info->verified;
    snprintf(tls.seen.cipher, sizeof tls.seen.cipher, "%.*s", TEXT(info->cipher));
    tell_fingerprint(fingerprint);
    tls.seen.pinned = *tls.options->pin && !strcmp(tls.seen.fingerprint, tls.options->pin);
    tls.is_pin_wrong = *tls.options->pin && !tls.seen.pinned;
    if (tls.trace)
        report("%s, %s, the certificate is %s; its SHA-256 is %s", tls_version_name(tls.seen.version), tls.seen.cipher,
               tls.seen.pinned     ? "the one of --pin"
               : tls.seen.verified ? "verified"
                                   : "not verified",
               tls.seen.fingerprint);
    return tls.is_pin_wrong ? MAILPROTO_ERR_TLS : MAILPROTO_OK;
}

void tls_hint(void)
{
    if (tls.is_pin_wrong) {
        report_hint("The server's certificate has the SHA-256 %s, not the one of --pin.", tls.seen.fingerprint);
        report_hint("It was renewed, or somebody is in between: ask the server's operator.");
    } else if (tls.rules) {
        report_hint("If it is the certificate: --ca FILE trusts who signed it, --pin SHA256 trusts this one alone. A "
                    "port that");
        report_hint("speaks in clear text first is smtp://, submission:// or pop3://.");
    }
}

/* ---- the rules ---- */

static int32_t make_rules(const struct tls_options *options, char *why, size_t size)
{
    mailproto_mbedtls_certificate certificate;
    mailproto_mbedtls_config config;

    mailproto_mbedtls_config_init(&config, sizeof config);
    config.role = MAILPROTO_MBEDTLS_CLIENT;
    config.trust_file = text_of(options->ca ? options->ca : "");
    config.on_handshake = on_handshake;
    if (options->insecure || *options->pin)
        config.options |= MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY;
    mailproto_mbedtls_certificate_init(&certificate, sizeof certificate);
    if (options->certificate) {
        certificate.chain_file = text_of(options->certificate);
        certificate.key_file = text_of(options->key ? options->key : "");
        config.certificates = &certificate;
    }
    return mailproto_mbedtls_tls_new(&tls.rules, tls.random, &config, why, size);
}

int tls_open(const struct tls_options *options, int trace)
{
    char why[600] = "there is no memory";

    tls.options = options;
    tls.trace = trace;
    if (options->insecure)
        report("WARNING: --insecure-no-verification: the server may be anybody, and whoever is in between reads all");
    if (mailproto_mbedtls_new(&tls.random, NULL, why, sizeof why)) {
        report("%s", why);
        return -1;
    }
    mailproto_mbedtls_crypto(tls.random, &tls.crypto, sizeof tls.crypto);
    if (options->policy == TLS_NEVER)
        return 0;
    if (make_rules(options, why, sizeof why)) {
        report("%s", why);
        return -1;
    }
    return mailproto_mbedtls_host_tls(&tls.layer, sizeof tls.layer, tls.rules) ? -1 : 0;
}

void tls_close(void)
{
    mailproto_mbedtls_tls_free(tls.rules);
    mailproto_mbedtls_free(tls.random);
    tls.rules = NULL;
    tls.random = NULL;
}
