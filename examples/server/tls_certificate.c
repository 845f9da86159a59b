/* tls_certificate.c - a certificate that has signed itself, for the demo: ECDSA with P-256, by mbedTLS's own writer.
 * RFC 5280; RFC 9525 for the names, which stand in subjectAltName. */
#include <errno.h>
#include <fcntl.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha256.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tls.h"

enum { PEM = 4096, SERIAL = 16, NAMES = 300, DAY = 86400, DAYS = 3650 };

struct making {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_pk_context key;
    mbedtls_x509write_cert certificate;
    const char *hostname;
};

/* ---- one that is there ---- */

/* The SHA-256 of a certificate as it crosses the wire, as `openssl x509 -fingerprint -sha256` has it without the colons. */
static void fingerprint_of(const mbedtls_x509_crt *certificate, char out[TLS_FINGERPRINT])
{
    unsigned char digest[32];

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    mbedtls_sha256(certificate->raw.p, certificate->raw.len, digest, 0);
#else
    mbedtls_sha256_ret(certificate->raw.p, certificate->raw.len, digest, 0);
#endif
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static int tell_fingerprint(const char *path, char out[TLS_FINGERPRINT])
{
    mbedtls_x509_crt certificate;
    int result;

    mbedtls_x509_crt_init(&certificate);
    result = mbedtls_x509_crt_parse_file(&certificate, path);
    if (!result)
        fingerprint_of(&certificate, out);
    mbedtls_x509_crt_free(&certificate);
    return result;
}

/* Whether both files are there, belong together and are good for a day at least. */
static int is_good(const char *certificate, const char *key)
{
    const struct tls_settings settings = {.certificate = (char *)(uintptr_t)certificate, .key = (char *)(uintptr_t)key};
    char why[TLS_WHY];
    struct tls *tls = tls_load(&settings, why, sizeof why);
    int64_t expires = tls ? tls_expires(tls) : 0;

    tls_free(tls);
    return expires > (int64_t)time(NULL) + DAY;
}

/* ---- a new one ---- */

static size_t put(unsigned char *out, unsigned tag, const void *octets, size_t len)
{
    out[0] = (unsigned char)tag;
    out[1] = (unsigned char)len;
    memcpy(out + 2, octets, len);
    return len + 2;
}

/* subjectAltName (RFC 5280 4.2.1.6): two dNSNames and an iPAddress; a host name has at most 253 octets, and ours has less
   than 100, so that each length is one octet. */
static int set_names(struct making *m)
{
    static const unsigned char loopback[] = {127, 0, 0, 1};
    unsigned char names[NAMES];
    size_t len = 2;

    if (strlen(m->hostname) > 90)
        return MBEDTLS_ERR_X509_BAD_INPUT_DATA;
    len += put(names + len, 0x82, m->hostname, strlen(m->hostname));
    len += put(names + len, 0x82, "localhost", 9);
    len += put(names + len, 0x87, loopback, sizeof loopback);
    names[0] = 0x30;
    names[1] = (unsigned char)(len - 2);
    return mbedtls_x509write_crt_set_extension(&m->certificate, MBEDTLS_OID_SUBJECT_ALT_NAME,
                                               MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0, names, len);
}

/* It can sign nothing: whoever trusts it trusts this one server (RFC 5280 4.2.1.3, 4.2.1.9, 4.2.1.12). */
static int set_purpose(struct making *m)
{
    static const unsigned char server[] = {0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
    int result = mbedtls_x509write_crt_set_basic_constraints(&m->certificate, 0, -1);

    if (!result)
        result = mbedtls_x509write_crt_set_key_usage(&m->certificate, MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
    if (!result)
        result = mbedtls_x509write_crt_set_extension(&m->certificate, MBEDTLS_OID_EXTENDED_KEY_USAGE,
                                                     MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), 0, server,
                                                     sizeof server);
    return result;
}

static int set_serial(struct making *m)
{
    unsigned char serial[SERIAL];
    int result = mbedtls_ctr_drbg_random(&m->random, serial, sizeof serial);

    serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40); /* positive, and always as long */
#if MBEDTLS_VERSION_NUMBER >= 0x03040000
    return result ? result : mbedtls_x509write_crt_set_serial_raw(&m->certificate, serial, sizeof serial);
#else
    mbedtls_mpi number;

    mbedtls_mpi_init(&number);
    if (!result)
        result = mbedtls_mpi_read_binary(&number, serial, sizeof serial);
    if (!result)
        result = mbedtls_x509write_crt_set_serial(&m->certificate, &number);
    mbedtls_mpi_free(&number);
    return result;
#endif
}

static int set_validity(struct making *m)
{
    time_t from = time(NULL) - DAY, to = from + (time_t)DAY * DAYS; /* clocks differ */
    char texts[2][16];
    struct tm utc;

    gmtime_r(&from, &utc);
    strftime(texts[0], sizeof texts[0], "%Y%m%d%H%M%S", &utc);
    gmtime_r(&to, &utc);
    strftime(texts[1], sizeof texts[1], "%Y%m%d%H%M%S", &utc);
    return mbedtls_x509write_crt_set_validity(&m->certificate, texts[0], texts[1]);
}

static int make_key(struct making *m)
{
    static const unsigned char purpose[] = "mailprotod demo";
    int result = mbedtls_ctr_drbg_seed(&m->random, mbedtls_entropy_func, &m->entropy, purpose, sizeof purpose - 1);

    if (!result)
        result = mbedtls_pk_setup(&m->key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    if (!result)
        result =
            mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(m->key), mbedtls_ctr_drbg_random, &m->random);
    return result;
}

static int make(struct making *m, unsigned char *certificate, unsigned char *key)
{
    char subject[300];
    int result = make_key(m);

    snprintf(subject, sizeof subject, "CN=%s", m->hostname);
    mbedtls_x509write_crt_set_version(&m->certificate, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&m->certificate, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&m->certificate, &m->key);
    mbedtls_x509write_crt_set_issuer_key(&m->certificate, &m->key);
    if (!result)
        result = mbedtls_x509write_crt_set_subject_name(&m->certificate, subject);
    if (!result)
        result = mbedtls_x509write_crt_set_issuer_name(&m->certificate, subject);
    if (!result)
        result = set_serial(m);
    if (!result)
        result = set_validity(m);
    if (!result)
        result = set_purpose(m);
    if (!result)
        result = set_names(m);
    if (!result)
        result = mbedtls_x509write_crt_pem(&m->certificate, certificate, PEM, mbedtls_ctr_drbg_random, &m->random);
    if (!result)
        result = mbedtls_pk_write_key_pem(&m->key, key, PEM);
    return result;
}

static int save(const char *path, mode_t mode, const unsigned char *text)
{
    size_t len = strlen((const char *)text);
    int fd, failed;

    if (unlink(path) && errno != ENOENT)
        return -1;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return -1;
    failed = write(fd, text, len) != (ssize_t)len;
    return close(fd) || failed ? -1 : 0;
}

static void wipe(unsigned char *text)
{
    for (volatile unsigned char *at = text; at < text + PEM; at++)
        *at = 0;
}

static int make_new(const char *hostname, const char *certificate, const char *key, char *why, size_t size)
{
    unsigned char certificate_pem[PEM], key_pem[PEM];
    struct making m = {.hostname = hostname};
    int result;

    mbedtls_entropy_init(&m.entropy);
    mbedtls_ctr_drbg_init(&m.random);
    mbedtls_pk_init(&m.key);
    mbedtls_x509write_crt_init(&m.certificate);
    result = make(&m, certificate_pem, key_pem);
    if (result)
        snprintf(why, size, "a certificate could not be made: mbedTLS says -0x%04x", (unsigned)-result);
    else if (save(key, 0600, key_pem) || save(certificate, 0644, certificate_pem))
        snprintf(why, size, "cannot write %s and %s: %s", key, certificate, strerror(errno));
    else
        *why = 0;
    mbedtls_x509write_crt_free(&m.certificate);
    mbedtls_pk_free(&m.key);
    mbedtls_ctr_drbg_free(&m.random);
    mbedtls_entropy_free(&m.entropy);
    wipe(key_pem);
    return *why ? -1 : 0;
}

int tls_make_certificate(const char *hostname, const char *certificate, const char *key,
                         char fingerprint[TLS_FINGERPRINT], char *why, size_t size)
{
    int result;

    *fingerprint = 0;
    if (!is_good(certificate, key) && make_new(hostname, certificate, key, why, size))
        return -1;
    result = tell_fingerprint(certificate, fingerprint);
    if (result)
        snprintf(why, size, "%s cannot be read: mbedTLS says -0x%04x", certificate, (unsigned)-result);
    return result ? -1 : 0;
}
