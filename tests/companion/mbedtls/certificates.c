/* Certificates for tests, made by mbedTLS when the test runs.
   certificates.h. */
#include "certificates.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/version.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <mbedtls/x509_crt.h>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif

#define IMAP    "DNS:imap.example.test"
#define YEAR_ON "20201231235959", "20991231235959"

struct kind {
    int signer;
    const char *subject, *names, *from, *until;
    int is_ca, is_rsa;
};

static const struct kind kinds[CERTS] = {
    [CERT_CA] = {CERT_CA, "CN=Test Authority", NULL, YEAR_ON, 1, 0},
    [CERT_STRANGER] = {CERT_STRANGER, "CN=Stranger", NULL, YEAR_ON, 1, 0},
    [CERT_SERVER] = {CERT_CA, "CN=x", IMAP ",DNS:mail.example.test,DNS:*.wild.example.test,IP:127.0.0.1,IP:::1",
                     YEAR_ON, 0, 0},
    [CERT_SECOND] = {CERT_CA, "CN=x", "DNS:pop.example.test", YEAR_ON, 0, 0},
    [CERT_RSA] = {CERT_CA, "CN=x", "DNS:rsa.example.test", YEAR_ON, 0, 1},
    [CERT_EXPIRED] = {CERT_CA, "CN=x", IMAP, "20200101000000", "20200131000000", 0, 0},
    [CERT_EARLY] = {CERT_CA, "CN=x", IMAP, "20900101000000", "20900131000000", 0, 0},
    [CERT_UNKNOWN] = {CERT_STRANGER, "CN=x", IMAP, YEAR_ON, 0, 0},
    [CERT_SELF] = {CERT_SELF, "CN=alone", IMAP, YEAR_ON, 0, 0},
    [CERT_UNNAMED] = {CERT_CA, "CN=imap.example.test", NULL, YEAR_ON, 0, 0},
    [CERT_CLIENT] = {CERT_CA, "CN=Alice", "email:alice@example.test", YEAR_ON, 0, 0},
    [CERT_NAMED] = {CERT_CA, "CN=bob@example.test", NULL, YEAR_ON, 0, 0},
    [CERT_FORGER] = {CERT_STRANGER, "CN=Alice", "email:alice@example.test", YEAR_ON, 0, 0},
    [CERT_DECEIT] = {CERT_CA, "CN=bob@example.test",
                     "email:alice@example.test@.evil.test,email:bob@example.test,DNS:bob.test", YEAR_ON, 0, 0},
};

struct test_certificate test_certificates[CERTS];

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;

static void demand(int error, const char *what)
{
    if (error) {
        fprintf(stderr, "no certificates for the test: %s (-0x%04x)\n", what, (unsigned)-error);
        abort();
    }
}

static size_t put(uint8_t *to, uint8_t tag, const void *p, size_t n)
{
    to[0] = tag;
    to[1] = (uint8_t)n;
    memcpy(to + 2, p, n);
    return n + 2;
}

/* One GeneralName (RFC 5280 section 4.2.1.6) of "DNS:x", "IP:x" or "email:x"; the second @ of a mail address is a NUL. */
static size_t put_name(uint8_t *to, char *name)
{
    uint8_t address[16];
    char *value = strchr(name, ':') + 1, *nul = strchr(value, '@');

    if (!strncmp(name, "DNS:", 4))
        return put(to, 0x82, value, strlen(value));
    if (!strncmp(name, "IP:", 3)) {
        int six = strchr(value, ':') != NULL;

        demand(inet_pton(six ? AF_INET6 : AF_INET, value, address) != 1, value);
        return put(to, 0x87, address, six ? 16 : 4);
    }
    nul = strchr(nul + 1, '@');
    if (nul) {
        size_t n = strlen(value);

        *nul = '\0';
        return put(to, 0x81, value, n);
    }
    return put(to, 0x81, value, strlen(value));
}

static void add_names(mbedtls_x509write_cert *writer, const char *names)
{
    uint8_t list[250], der[256];
    char copy[200], *rest = copy, *name;
    size_t n = 0;

    snprintf(copy, sizeof copy, "%s", names);
    while ((name = strtok_r(rest, ",", &rest)) != NULL)
        n += put_name(list + n, name);
    demand(n > 120, "too many names");
    n = put(der, 0x30, list, n);
    demand(mbedtls_x509write_crt_set_extension(writer, MBEDTLS_OID_SUBJECT_ALT_NAME,
                                               MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0, der, n),
           names);
}

static void make_key(mbedtls_pk_context *key, int is_rsa)
{
    mbedtls_pk_init(key);
    if (is_rsa) {
        demand(mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA)), "RSA");
        demand(mbedtls_rsa_gen_key(mbedtls_pk_rsa(*key), mbedtls_ctr_drbg_random, &drbg, 2048, 65537), "RSA");
        return;
    }
    demand(mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), "EC");
    demand(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key), mbedtls_ctr_drbg_random, &drbg), "EC");
}

static void set_serial(mbedtls_x509write_cert *writer, int number)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03040000
    unsigned char serial = (unsigned char)(number + 1);

    demand(mbedtls_x509write_crt_set_serial_raw(writer, &serial, 1), "serial");
#else
    mbedtls_mpi serial;

    mbedtls_mpi_init(&serial);
    demand(mbedtls_mpi_lset(&serial, number + 1), "serial");
    demand(mbedtls_x509write_crt_set_serial(writer, &serial), "serial");
    mbedtls_mpi_free(&serial);
#endif
}

static void make(int which, mbedtls_pk_context *keys)
{
    const struct kind *kind = &kinds[which];
    struct test_certificate *made = &test_certificates[which];
    mbedtls_x509write_cert writer;

    mbedtls_x509write_crt_init(&writer);
    mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
    set_serial(&writer, which);
    demand(mbedtls_x509write_crt_set_validity(&writer, kind->from, kind->until), "validity");
    demand(mbedtls_x509write_crt_set_subject_name(&writer, kind->subject), kind->subject);
    demand(mbedtls_x509write_crt_set_issuer_name(&writer, kinds[kind->signer].subject), kind->subject);
    mbedtls_x509write_crt_set_subject_key(&writer, &keys[which]);
    mbedtls_x509write_crt_set_issuer_key(&writer, &keys[kind->signer]);
    demand(mbedtls_x509write_crt_set_basic_constraints(&writer, kind->is_ca, -1), "constraints");
    if (kind->names)
        add_names(&writer, kind->names);
    demand(mbedtls_x509write_crt_pem(&writer, (unsigned char *)made->certificate, sizeof made->certificate,
                                     mbedtls_ctr_drbg_random, &drbg),
           kind->subject);
    demand(mbedtls_pk_write_key_pem(&keys[which], (unsigned char *)made->key, sizeof made->key), "key");
    mbedtls_x509write_crt_free(&writer);
}

void test_certificates_make(void)
{
    mbedtls_pk_context keys[CERTS];

    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&drbg);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    demand(psa_crypto_init() != PSA_SUCCESS, "PSA");
#endif
    demand(mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0), "random");
    for (int i = 0; i < CERTS; i++)
        make_key(&keys[i], kinds[i].is_rsa);
    for (int i = 0; i < CERTS; i++)
        make(i, keys);
    for (int i = 0; i < CERTS; i++)
        mbedtls_pk_free(&keys[i]);
    mbedtls_ctr_drbg_free(&drbg);
    mbedtls_entropy_free(&entropy);
}

mailproto_text test_certificate_text(int which)
{
    return (mailproto_text){test_certificates[which].certificate, strlen(test_certificates[which].certificate)};
}

mailproto_text test_key_text(int which)
{
    return (mailproto_text){test_certificates[which].key, strlen(test_certificates[which].key)};
}
