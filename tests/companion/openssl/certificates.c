/* Certificates for tests, made when the test runs. RFC 5280.
   certificates.h. */
#include "certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct kind {
    const char *name, *signer, *common_name, *names;
    const char *from, *until; /* NULL: yesterday, next month */
    const char *hash;         /* NULL: SHA256; "": none of its own */
    int is_ca, is_rsa;
};

struct made {
    X509 *certificate;
    EVP_PKEY *key;
};

#define IMAP "DNS:imap.example.test"

static const struct kind kinds[] = {
    {.name = "ca", .signer = "ca", .common_name = "Test Authority", .is_ca = 1},
    {.name = "stranger", .signer = "stranger", .common_name = "Stranger", .is_ca = 1},
    {.name = "server",
     .signer = "ca",
     .common_name = "x",
     .names = IMAP ",DNS:*.wild.example.test,IP:127.0.0.1,IP:::1"},
    {.name = "second", .signer = "ca", .common_name = "x", .names = "DNS:pop.example.test", .is_rsa = 1},
    {.name = "expired",
     .signer = "ca",
     .common_name = "x",
     .names = IMAP ",IP:127.0.0.1",
     .from = "20200101000000Z",
     .until = "20200131000000Z"},
    {.name = "early",
     .signer = "ca",
     .common_name = "x",
     .names = IMAP,
     .from = "20900101000000Z",
     .until = "20900131000000Z"},
    {.name = "unknown", .signer = "stranger", .common_name = "x", .names = IMAP},
    {.name = "unnamed", .signer = "ca", .common_name = "imap.example.test"},
    {.name = "client", .signer = "ca", .common_name = "Alice", .names = "email:alice@example.test"},
    {.name = "old", .signer = "ca", .common_name = "x", .names = IMAP, .hash = "SHA1"},
    {.name = "edwards", .signer = "edwards", .common_name = "x", .names = IMAP, .hash = ""},
    {.name = "forger", .signer = "stranger", .common_name = "Alice", .names = "email:alice@example.test"},
    {.name = "named", .signer = "ca", .common_name = "alice@example.test"},
    {.name = "deceit",
     .signer = "ca",
     .common_name = "alice@example.test",
     .names = "DER:30:31"
              ":81:1d:61:6c:69:63:65:40:65:78:61:6d:70:6c:65:2e:74:65:73:74:00:2e:65:76:69:6c:2e:74:65:73:74"
              ":81:10:62:6f:62:40:65:78:61:6d:70:6c:65:2e:74:65:73:74"},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void demand(int done, const char *what)
{
    if (!done) {
        fprintf(stderr, "no certificates for the test: %s\n", what);
        abort();
    }
}

static void extend(X509 *certificate, X509 *signer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, signer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    demand(extension && X509_add_ext(certificate, extension, -1), value);
    X509_EXTENSION_free(extension);
}

static void set_days(X509 *certificate, const struct kind *kind)
{
    if (kind->from) {
        demand(ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), kind->from), "a date");
        demand(ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), kind->until), "a date");
        return;
    }
    X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 30 * 86400);
}

static void make(struct made *made, const struct kind *kind, const struct made *signer, int number)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_NAME_new();

    if (kind->hash && !*kind->hash)
        made->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    else
        made->key = kind->is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    demand(made->key && certificate && name, "keys");
    made->certificate = certificate;
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1000 + number);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)kind->common_name, -1, -1, 0);
    X509_set_subject_name(certificate, name);
    X509_set_issuer_name(certificate, X509_get_subject_name(signer->certificate));
    X509_NAME_free(name);
    set_days(certificate, kind);
    X509_set_pubkey(certificate, made->key);
    extend(certificate, signer->certificate, NID_basic_constraints, kind->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    extend(certificate, signer->certificate, NID_subject_key_identifier, "hash");
    if (kind->is_ca)
        extend(certificate, signer->certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    if (kind->names)
        extend(certificate, signer->certificate, NID_subject_alt_name, kind->names);
    demand(X509_sign(certificate, signer->key, EVP_get_digestbyname(kind->hash ? kind->hash : "SHA256")) > 0,
           "a signature");
}

static void save(struct test_certificates *c, const char *name, const struct made *made)
{
    char *path = c->paths[c->count++];
    FILE *file;

    strcpy(path, c->folder);
    strcat(path, "/");
    strcat(path, name);
    strcat(path, ".pem");
    file = fopen(path, "w");
    demand(file && PEM_write_X509(file, made->certificate) &&
               PEM_write_PrivateKey(file, made->key, NULL, NULL, 0, NULL, NULL),
           path);
    demand(!fclose(file), path);
}

void test_certificates_begin(struct test_certificates *c)
{
    struct made made[KINDS];

    memset(c, 0, sizeof *c);
    strcpy(c->folder, "/tmp/mailproto-certificates-XXXXXX");
    demand(mkdtemp(c->folder) != NULL, c->folder);
    for (int i = 0; i < KINDS; i++) {
        int signer = 0;

        while (strcmp(kinds[signer].name, kinds[i].signer))
            signer++;
        make(&made[i], &kinds[i], &made[signer], i);
        save(c, kinds[i].name, &made[i]);
    }
    for (int i = 0; i < KINDS; i++) {
        X509_free(made[i].certificate);
        EVP_PKEY_free(made[i].key);
    }
}

const char *test_certificate(const struct test_certificates *c, const char *name)
{
    for (int i = 0; i < c->count; i++)
        if (!strcmp(kinds[i].name, name))
            return c->paths[i];
    demand(0, name);
    return NULL;
}

void test_certificates_end(struct test_certificates *c)
{
    for (int i = 0; i < c->count; i++)
        unlink(c->paths[i]);
    rmdir(c->folder);
}
