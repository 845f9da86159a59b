/* Configs: what is refused, with which sentence; PEM texts and files; every allocation that fails.
   include/mailproto/mbedtls.h: mailproto_mbedtls_tls_new. */
#include "scene.h"

#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[64];
    char file[128];
};

static void folder_begin(struct folder *f)
{
    strcpy(f->path, "/tmp/mailproto-mbedtls-XXXXXX");
    assert_non_null(mkdtemp(f->path));
}

/* Writes one file; its path is good until the next. */
static mailproto_text folder_write(struct folder *f, const char *name, const char *text, const char *more)
{
    FILE *file;

    snprintf(f->file, sizeof f->file, "%s/%s", f->path, name);
    file = fopen(f->file, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0 && fputs(more, file) >= 0 && !fclose(file));
    return scene_text(f->file);
}

static void folder_remove(struct folder *f, const char *name)
{
    snprintf(f->file, sizeof f->file, "%s/%s", f->path, name);
    unlink(f->file);
}

/* The config of that side must be refused so. */
static void refused(struct scene *s, int side, int32_t result, const char *sentence)
{
    mailproto_mbedtls_tls *tls = (void *)s;
    char why[400] = "";

    assert_int_equal(mailproto_mbedtls_tls_new(&tls, s->m, &s->config[side], why, sizeof why), result);
    assert_string_equal(why, sentence);
    assert_null(tls);
    assert_int_equal(s->memory.live, 1); /* m itself */
}

/* The same, of a config that is then put right again. */
#define REFUSED(s, side, change, result, sentence)                                                                     \
    do {                                                                                                               \
        mailproto_mbedtls_config kept = (s)->config[side];                                                             \
        mailproto_mbedtls_certificate kept_too = (s)->certificate[side];                                               \
        change;                                                                                                        \
        refused(s, side, result, sentence);                                                                            \
        (s)->config[side] = kept;                                                                                      \
        (s)->certificate[side] = kept_too;                                                                             \
    } while (0)

static void test_contradictions(void **state)
{
    mailproto_mbedtls_config *client, *server;
    struct scene s;

    (void)state;
    scene_begin(&s, 0);
    client = &s.config[CLIENT], server = &s.config[SERVER];
    REFUSED(&s, CLIENT, client->role = 0, MAILPROTO_ERR_CONFIG, "the config does not say whether it is a server's");
    REFUSED(&s, CLIENT, client->role = 3, MAILPROTO_ERR_CONFIG, "the config does not say whether it is a server's");
    REFUSED(&s, SERVER, server->certificates = NULL, MAILPROTO_ERR_CONFIG, "a server needs a certificate");
    REFUSED(&s, SERVER, server->options = MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY, MAILPROTO_ERR_CONFIG,
            "not to verify is a client's option; a server says by `peer` what it asks for");
    REFUSED(&s, SERVER, server->peer = MAILPROTO_MBEDTLS_PEER_ASKED, MAILPROTO_ERR_CONFIG,
            "a server that asks for certificates needs to be told who may sign them (trust)");
    REFUSED(&s, CLIENT, client->peer = MAILPROTO_MBEDTLS_PEER_ASKED, MAILPROTO_ERR_CONFIG,
            "`peer` is a server's: a client verifies anyway");
    REFUSED(&s, CLIENT,
            (client->certificates = server->certificates, s.certificate[SERVER].next = server->certificates),
            MAILPROTO_ERR_CONFIG, "a client has one certificate at most");
    s.certificate[SERVER].next = NULL;
    REFUSED(&s, SERVER, server->record_max = 511, MAILPROTO_ERR_CONFIG, "record_max is not between 512 and 16384");
    REFUSED(&s, SERVER, server->record_max = 16385, MAILPROTO_ERR_CONFIG, "record_max is not between 512 and 16384");
    REFUSED(&s, SERVER, server->ticket_s = 604801, MAILPROTO_ERR_CONFIG, "tickets are good for 604800 seconds at most");
    REFUSED(&s, SERVER, server->min_version = 0x0302, MAILPROTO_ERR_CONFIG,
            "versions: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3");
    REFUSED(&s, SERVER, server->max_version = 0x0301, MAILPROTO_ERR_CONFIG,
            "versions: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3");
    REFUSED(&s, SERVER, server->options = 8, MAILPROTO_ERR_ARG,
            "the config is none that _init made, or holds what is unknown");
    REFUSED(&s, SERVER, server->peer = 3, MAILPROTO_ERR_ARG,
            "the config is none that _init made, or holds what is unknown");
    REFUSED(&s, SERVER, server->struct_size = 0, MAILPROTO_ERR_ARG,
            "the config is none that _init made, or holds what is unknown");
    REFUSED(&s, CLIENT, client->trust_pem.ptr = NULL, MAILPROTO_ERR_ARG,
            "the config is none that _init made, or holds what is unknown");
    scene_end(&s);
}

/* What this mbedTLS has not is refused at construction, and what it has is taken. */
static void test_versions(void **state)
{
    uint32_t has = mailproto_mbedtls_features();
    mailproto_mbedtls_config *server;
    char sentence[200];
    struct scene s;

    (void)state;
    scene_begin(&s, 0);
    server = &s.config[SERVER];
    if (has & MAILPROTO_MBEDTLS_HAS_TLS_1_3) {
        server->min_version = 0x0304;
        REFUSED(&s, SERVER, server->max_version = 0x0303, MAILPROTO_ERR_CONFIG,
                "the newest version allowed is older than the oldest");
        scene_make(&s);
        scene_unmake(&s);
    } else {
        snprintf(sentence, sizeof sentence,
                 "TLS 1.3 is required, and this mbedTLS (%s) has it not: it comes with mbedTLS 3.6",
                 mailproto_mbedtls_version());
        REFUSED(&s, SERVER, server->min_version = 0x0304, MAILPROTO_ERR_CONFIG, sentence);
        REFUSED(&s, SERVER, server->max_version = 0x0304, MAILPROTO_ERR_CONFIG, sentence);
    }
    server->min_version = 0;
    server->options = MAILPROTO_MBEDTLS_REQUIRE_EXPORTER;
    if (has & MAILPROTO_MBEDTLS_HAS_EXPORTER) {
        scene_meet(&s, "imap.example.test");
        scene_talk(&s);
        assert_int_equal(s.seen[CLIENT].info.exporter.len, 32);
        scene_part(&s);
    } else {
        snprintf(sentence, sizeof sentence,
                 "tls-exporter is required, and this mbedTLS (%s) has it not: it comes with TLS 1.3 in mbedTLS 3.6",
                 mailproto_mbedtls_version());
        refused(&s, SERVER, MAILPROTO_ERR_CONFIG, sentence);
    }
    scene_end(&s);
}

static void test_protocols(void **state)
{
    static const char bad[] = "alpn: up to 8 names of up to 255 octets, with one space between them";
    static const char *const cases[] = {" ", "imap ", " imap", "imap  pop3", "a b c d e f g h i"};
    mailproto_mbedtls_config *server;
    char longest[256 + 1];
    struct scene s;

    (void)state;
    scene_begin(&s, 0);
    server = &s.config[SERVER];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        REFUSED(&s, SERVER, server->alpn = scene_text(cases[i]), MAILPROTO_ERR_CONFIG, bad);
    memset(longest, 'x', 256);
    longest[256] = '\0';
    REFUSED(&s, SERVER, server->alpn = scene_text(longest), MAILPROTO_ERR_CONFIG, bad);
    REFUSED(&s, SERVER, server->alpn = ((mailproto_text){"a\0b", 3}), MAILPROTO_ERR_CONFIG, bad);
    server->alpn = scene_text(longest + 1);
    scene_make(&s);
    scene_end(&s);
}

static void test_texts(void **state)
{
    static char broken[TEST_PEM_MAX], two[2 * TEST_PEM_MAX];
    mailproto_mbedtls_certificate *own;
    mailproto_mbedtls_config *client;
    struct scene s;

    (void)state;
    scene_begin(&s, 0);
    own = &s.certificate[SERVER];
    client = &s.config[CLIENT];
    REFUSED(&s, SERVER, own->chain_pem = scene_text(""), MAILPROTO_ERR_CONFIG,
            "certificate: neither a text nor a file is given");
    REFUSED(&s, SERVER, own->chain_pem.ptr = NULL, MAILPROTO_ERR_ARG,
            "certificate: the struct is none that _init made");
    REFUSED(&s, SERVER, own->struct_size = 0, MAILPROTO_ERR_ARG, "certificate: the struct is none that _init made");
    REFUSED(&s, SERVER, own->chain_pem = scene_text("hello"), MAILPROTO_ERR_CONFIG,
            "certificate: there is none in the text (\"-----BEGIN CERTIFICATE-----\" in PEM)");
    strcpy(broken, test_certificates[CERT_SERVER].certificate);
    memset(broken + 60, 'A', 30);
    REFUSED(&s, SERVER, own->chain_pem = scene_text(broken), MAILPROTO_ERR_CONFIG,
            "certificate: one in the text cannot be understood");
    REFUSED(&s, SERVER, own->key_pem = test_key_text(CERT_SECOND), MAILPROTO_ERR_CONFIG,
            "key: the one in the text is not that of the certificate");
    REFUSED(&s, SERVER, own->key_pem = test_key_text(CERT_RSA), MAILPROTO_ERR_CONFIG,
            "key: the one in the text is not that of the certificate");
    snprintf(two, sizeof two, "%s%s", test_certificates[CERT_SERVER].certificate, broken);
    REFUSED(&s, SERVER, own->chain_pem = scene_text(two), MAILPROTO_ERR_CONFIG,
            "certificate: one in the text cannot be understood");
    REFUSED(&s, CLIENT, client->trust_pem = scene_text("hello"), MAILPROTO_ERR_CONFIG,
            "trust: there is no certificate in the text that can be understood");
    REFUSED(&s, CLIENT, client->trust_pem = scene_text(broken), MAILPROTO_ERR_CONFIG,
            "trust: there is no certificate in the text that can be understood");
    snprintf(two, sizeof two, "%s%s", broken, test_certificates[CERT_CA].certificate);
    REFUSED(&s, CLIENT, client->trust_pem = scene_text(two), MAILPROTO_ERR_CONFIG,
            "trust: the text holds 1 that cannot be understood");
    scene_end(&s);
}

/* Cut off anywhere, a PEM text is refused or understood, and nothing leaks. */
static void test_texts_cut(void **state)
{
    mailproto_mbedtls_certificate *own;
    struct scene s;
    size_t len;

    (void)state;
    scene_begin(&s, 0);
    own = &s.certificate[SERVER];
    for (int key = 0; key < 2; key++) {
        mailproto_text *text = key ? &own->key_pem : &own->chain_pem;
        mailproto_text whole = *text;
        unsigned good = 0;

        for (len = 1; len < whole.len; len++) {
            mailproto_mbedtls_tls *tls;
            int32_t result;

            text->len = len;
            result = mailproto_mbedtls_tls_new(&tls, s.m, &s.config[SERVER], NULL, 0);
            good += !result;
            if (result)
                assert_int_equal(result, MAILPROTO_ERR_CONFIG);
            mailproto_mbedtls_tls_free(tls);
            assert_int_equal(s.memory.live, 1);
        }
        assert_in_range(good, 0, 2); /* without the end of its last line it is whole */
        *text = whole;
    }
    scene_end(&s);
}

static void test_files(void **state)
{
    mailproto_mbedtls_certificate *own;
    mailproto_mbedtls_config *client;
    const struct test_certificate *made = &test_certificates[CERT_SERVER];
    char sentence[300], chain[128], key[128], ca[128];
    struct folder f;
    struct scene s;

    (void)state;
    scene_begin(&s, 0);
    folder_begin(&f);
    own = &s.certificate[SERVER];
    client = &s.config[CLIENT];
    strcpy(chain, folder_write(&f, "chain", made->certificate, "").ptr);
    strcpy(ca, folder_write(&f, "ca", "# some words\n", test_certificates[CERT_CA].certificate).ptr);
    strcpy(key, folder_write(&f, "key", made->key, "").ptr);

    *own = (mailproto_mbedtls_certificate){.struct_size = sizeof *own};
    own->chain_file = scene_text(chain);
    snprintf(sentence, sizeof sentence,
             "key: there is none in the file %s that can be used (RSA or EC in PEM; mbedTLS: -0x3d00)", chain);
    refused(&s, SERVER, MAILPROTO_ERR_CONFIG, sentence);
    own->key_file = scene_text(key);
    client->trust_pem = scene_text("");
    client->trust_file = scene_text(ca);
    scene_meet(&s, "imap.example.test");
    scene_talk(&s);
    scene_part(&s);
    scene_unmake(&s);

    /* both in one file, in either order */
    own->key_file = scene_text("");
    for (int i = 0; i < 2; i++) {
        own->chain_file =
            folder_write(&f, "both", i ? made->key : made->certificate, i ? made->certificate : made->key);
        scene_meet(&s, "imap.example.test");
        scene_talk(&s);
        scene_part(&s);
        scene_unmake(&s);
    }

    own->chain_file = scene_text("/nowhere/chain.pem");
    refused(&s, SERVER, MAILPROTO_ERR_NOT_FOUND, "certificate: the file /nowhere/chain.pem is not there");
    own->chain_file = scene_text(chain);
    own->key_file = scene_text("/nowhere/key\n.pem");
    refused(&s, SERVER, MAILPROTO_ERR_NOT_FOUND, "key: the file /nowhere/key?.pem is not there");
    own->key_file = (mailproto_text){"a\0b", 3};
    refused(&s, SERVER, MAILPROTO_ERR_CONFIG, "key: the file a?b has no path that can be");
    client->trust_file = scene_text("/nowhere/ca.pem");
    refused(&s, CLIENT, MAILPROTO_ERR_NOT_FOUND, "trust: the file /nowhere/ca.pem is not there");
    client->trust_file = scene_text(f.path);
    snprintf(sentence, sizeof sentence, "trust: the file %s cannot be read (system error 21)", f.path);
    refused(&s, CLIENT, MAILPROTO_ERR_UNAVAILABLE, sentence);
    if (getuid()) { /* root may read everything */
        own->key_file = scene_text(key);
        chmod(key, 0);
        snprintf(sentence, sizeof sentence, "key: the file %s may not be read by this user", key);
        refused(&s, SERVER, MAILPROTO_ERR_DENIED, sentence);
    }
    folder_remove(&f, "chain");
    folder_remove(&f, "key");
    folder_remove(&f, "ca");
    folder_remove(&f, "both");
    rmdir(f.path);
    scene_end(&s);
}

static void test_large_files(void **state)
{
    static char large[9 * 1024 * 1024];
    mailproto_mbedtls_config *client;
    char sentence[300];
    struct folder f;
    struct scene s;

    (void)state;
    scene_begin(&s, 0);
    folder_begin(&f);
    client = &s.config[CLIENT];
    memset(large, '\n', sizeof large - 1);
    REFUSED(&s, CLIENT, client->trust_pem = ((mailproto_text){large, sizeof large}), MAILPROTO_ERR_LIMIT,
            "trust: the text has more than 8 MiB");
    client->trust_pem = scene_text("");
    client->trust_file = folder_write(&f, "large", large, "");
    snprintf(sentence, sizeof sentence, "trust: the file %s has more than 8 MiB", f.file);
    refused(&s, CLIENT, MAILPROTO_ERR_LIMIT, sentence);
    large[7 * 1024 * 1024] = '\0';
    client->trust_file = folder_write(&f, "large", large, test_certificates[CERT_CA].certificate);
    scene_meet(&s, "imap.example.test");
    scene_talk(&s);
    scene_part(&s);
    folder_remove(&f, "large");
    rmdir(f.path);
    scene_end(&s);
}

/* A key that is encrypted (RFC 1421, as OpenSSL writes it), made by hand: P-256 with the password "secret". */
static void test_passwords(void **state)
{
    struct folder f;
    struct scene s;
    mailproto_mbedtls_certificate *own;
    char command[400], path[128], sentence[300];

    (void)state;
    scene_begin(&s, 0);
    folder_begin(&f);
    own = &s.certificate[SERVER];
    folder_write(&f, "key", test_certificates[CERT_SERVER].key, "");
    snprintf(path, sizeof path, "%s/locked", f.path);
    snprintf(command, sizeof command, "openssl ec -in %s -aes128 -passout pass:secret -out %s 2>/dev/null", f.file,
             path);
    if (system(command)) {
        print_message("without the openssl program: a key with a password is not tested\n");
    } else {
        own->key_pem = scene_text("");
        own->key_file = scene_text(path);
        snprintf(sentence, sizeof sentence, "key: the one in the file %s is encrypted, and no password is given", path);
        refused(&s, SERVER, MAILPROTO_ERR_CONFIG, sentence);
        own->key_password = scene_text("sesame");
        snprintf(sentence, sizeof sentence, "key: the password is not that of the one in the file %s", path);
        refused(&s, SERVER, MAILPROTO_ERR_CONFIG, sentence);
        own->key_password = scene_text("secret");
        scene_meet(&s, "imap.example.test");
        scene_talk(&s);
        scene_part(&s);
        folder_remove(&f, "locked");
    }
    folder_remove(&f, "key");
    rmdir(f.path);
    scene_end(&s);
}

static void test_expires(void **state)
{
    mailproto_mbedtls_certificate more;
    int64_t at;
    struct scene s;

    (void)state;
    scene_begin(&s, 0);
    scene_make(&s);
    assert_int_equal(mailproto_mbedtls_tls_expires(s.tls[CLIENT], &at), MAILPROTO_OK);
    assert_int_equal(at, 0);
    assert_int_equal(mailproto_mbedtls_tls_expires(s.tls[SERVER], &at), MAILPROTO_OK);
    assert_int_equal(at, INT64_C(4102444799)); /* 2099-12-31 23:59:59 */
    scene_unmake(&s);
    mailproto_mbedtls_certificate_init(&more, sizeof more);
    more.chain_pem = test_certificate_text(CERT_EXPIRED);
    more.key_pem = test_key_text(CERT_EXPIRED);
    s.certificate[SERVER].next = &more;
    scene_make(&s); /* it is no error */
    assert_int_equal(mailproto_mbedtls_tls_expires(s.tls[SERVER], &at), MAILPROTO_OK);
    assert_int_equal(at, 1580428800); /* 2020-01-31 */
    assert_int_equal(mailproto_mbedtls_tls_expires(NULL, &at), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbedtls_tls_expires(s.tls[SERVER], NULL), MAILPROTO_ERR_ARG);
    scene_end(&s);
}

/* The system's list of whom it trusts does not have the authority of this test. */
static void test_system_trust(void **state)
{
    mailproto_mbedtls_tls *tls;
    char why[300] = "";
    struct scene s;
    int32_t result;

    (void)state;
    scene_begin(&s, 0);
    s.config[CLIENT].trust_pem = scene_text("");
    result = mailproto_mbedtls_tls_new(&tls, s.m, &s.config[CLIENT], why, sizeof why);
    if (result) {
        assert_int_equal(result, MAILPROTO_ERR_NOT_FOUND);
        assert_memory_equal(why, "trust: the system keeps no list", 31);
    } else {
        s.tls[CLIENT] = tls;
        scene_meet(&s, "imap.example.test");
        scene_fails(&s, CLIENT, "the certificate is signed by nobody that is trusted (but by \"Test Authority\")");
        scene_part(&s);
    }
    scene_end(&s);
}

/* ---- sessions ---- */

static void test_server_names(void **state)
{
    static const struct {
        const char *name;
        int good;
    } cases[] = {
        {"a", 1},        {"a.b", 1},       {"a_b.c-d", 1},   {"a.b.", 1},  {"1.2.3.4", 1}, {"::", 1},
        {"1:2::3:4", 1}, {"4you.test", 1}, {"", 0},          {".", 0},     {"a..b", 0},    {".a", 0},
        {"a b", 0},      {"1.2.3", 0},     {"1.2.3.456", 0}, {"[::1]", 0}, {"a.b:25", 0},  {"b\303\274cher.de", 0},
        {"a\nb", 0},     {"::1%lo", 0},    {"a.b..", 0},
    };
    char label[300];
    struct scene s;

    (void)state;
    scene_begin(&s, 0);
    scene_make(&s);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0] + 4; i++) {
        size_t more = i - sizeof cases / sizeof cases[0];
        const char *name = more < 4 ? label : cases[i].name;
        int good = more < 4 ? more % 2 == 0 : cases[i].good;
        struct probe_seen seen = {0};
        mailproto_session *outer = NULL;
        probe *p = probe_new(&seen);

        memset(label, 'a', sizeof label);
        for (size_t k = 50; k < 253 && more >= 2; k += 51)
            label[k] = '.';
        label[more == 0 ? 63 : more == 1 ? 64 : more == 2 ? 253 : 254] = '\0';
        assert_int_equal(mailproto_mbedtls_client(&outer, probe_session(p), s.tls[CLIENT], name, strlen(name), NULL,
                                                  &s.memory.api),
                         good ? MAILPROTO_OK : MAILPROTO_ERR_ARG);
        assert_true((outer != NULL) == good);
        mailproto_session_free(good ? outer : probe_session(p));
    }
    scene_end(&s);
}

static void test_session_arguments(void **state)
{
    struct probe_seen seen = {0};
    mailproto_session *outer, *inner, *again;
    struct scene s;
    probe *p;

    (void)state;
    scene_begin(&s, 0);
    scene_make(&s);
    p = probe_new(&seen);
    inner = probe_session(p);
    assert_int_equal(mailproto_mbedtls_server(NULL, inner, s.tls[SERVER], NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbedtls_server(&outer, NULL, s.tls[SERVER], NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbedtls_server(&outer, inner, NULL, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbedtls_server(&outer, inner, s.tls[CLIENT], NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbedtls_client(&outer, inner, s.tls[SERVER], "a", 1, NULL, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbedtls_client(&outer, inner, s.tls[CLIENT], NULL, 1, NULL, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbedtls_client(NULL, inner, s.tls[CLIENT], "a", 1, NULL, NULL), MAILPROTO_ERR_ARG);
    for (size_t n = 1; n <= 2; n++) {
        s.memory.fail_at = s.memory.count + n;
        assert_int_equal(mailproto_mbedtls_server(&outer, inner, s.tls[SERVER], &s.memory.api), MAILPROTO_ERR_NOMEM);
    }
    s.memory.fail_at = 0;
    assert_int_equal(mailproto_mbedtls_server(&outer, inner, s.tls[SERVER], &s.memory.api), MAILPROTO_OK);
    assert_int_equal(mailproto_mbedtls_server(&again, inner, s.tls[SERVER], &s.memory.api), MAILPROTO_ERR_ARG);
    mailproto_session_free(inner); /* and the layer with it */
    assert_int_equal(mailproto_mbedtls_memory_max(NULL), 0);
    assert_int_equal(mailproto_mbedtls_tls_counts(NULL, NULL), MAILPROTO_ERR_ARG);
    scene_end(&s);
}

/* ---- memory ---- */

static void test_failing_configs(void **state)
{
    struct folder f;
    char ca[128];
    size_t failed = 0;

    (void)state;
    folder_begin(&f);
    strcpy(ca, folder_write(&f, "ca", test_certificates[CERT_CA].certificate, "").ptr);
    for (int side = 0; side < SIDES; side++)
        for (size_t n = 1;; n++) {
            mailproto_mbedtls_tls *tls;
            struct scene s;
            int32_t result;

            scene_begin(&s, 0);
            s.config[side].alpn = scene_text("imap pop3");
            s.config[side].trust_file = scene_text(ca);
            s.memory.fail_at = s.memory.count + n;
            result = mailproto_mbedtls_tls_new(&tls, s.m, &s.config[side], NULL, 0);
            if (!result)
                mailproto_mbedtls_tls_free(tls);
            scene_end(&s);
            if (!result)
                break;
            assert_int_equal(result, MAILPROTO_ERR_NOMEM);
            assert_null(tls);
            failed++;
        }
    assert_in_range(failed, 9, 20);
    folder_remove(&f, "ca");
    rmdir(f.path);
}

/* Both sides take their memory from one allocator, which fails for one session after the other, in every place. */
static void test_failing_sessions(void **state)
{
    size_t failed = 0;

    (void)state;
    for (size_t n = 1;; n++) {
        struct scene s;
        int over;

        scene_begin(&s, 0);
        scene_make(&s);
        assert_int_equal(mailproto_mbedtls_sessions_new(&s.sessions, s.tls[CLIENT], 0), MAILPROTO_OK);
        scene_meet(&s, "imap.example.test");
        s.memory.fail_at = s.memory.count + n;
        pair_run(&s.pair);
        probe_say(s.probe[CLIENT], "ping", 4);
        probe_say(s.probe[SERVER], "pong", 4);
        pair_run(&s.pair);
        over = pair_over(&s.pair, CLIENT) || pair_over(&s.pair, SERVER);
        failed += s.memory.failed;
        if (s.memory.failed) {
            assert_true(over);
            assert_true(s.seen[CLIENT].why == MAILPROTO_ERR_NOMEM || s.seen[SERVER].why == MAILPROTO_ERR_NOMEM);
        } else {
            assert_int_equal(s.seen[SERVER].heard.len, 4);
            assert_int_equal(s.seen[CLIENT].heard.len, 4);
        }
        over = !s.memory.failed;
        scene_part(&s);
        scene_end(&s);
        if (over)
            break;
    }
    assert_true(failed > 4);
}

static void test_failing_memories(void **state)
{
    struct scene s;

    (void)state;
    scene_begin(&s, 0);
    scene_make(&s);
    for (size_t n = 1; n <= 2; n++) {
        s.memory.fail_at = s.memory.count + n;
        assert_int_equal(mailproto_mbedtls_sessions_new(&s.sessions, s.tls[CLIENT], 0), MAILPROTO_ERR_NOMEM);
        assert_null(s.sessions);
    }
    s.memory.fail_at = 0;
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contradictions),   cmocka_unit_test(test_versions),
        cmocka_unit_test(test_protocols),        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_texts_cut),        cmocka_unit_test(test_files),
        cmocka_unit_test(test_large_files),      cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_expires),          cmocka_unit_test(test_system_trust),
        cmocka_unit_test(test_server_names),     cmocka_unit_test(test_session_arguments),
        cmocka_unit_test(test_failing_configs),  cmocka_unit_test(test_failing_sessions),
        cmocka_unit_test(test_failing_memories),
    };

    return cmocka_run_group_tests(tests, scene_group, NULL);
}
