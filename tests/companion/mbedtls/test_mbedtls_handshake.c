/* The handshake between a client and a server: names, trust, certificates of clients, SNI, ALPN, tickets, channel bindings.
   include/mailproto/mbedtls.h; RFC 9525, RFC 6066 section 3, RFC 7301, RFC 5929, RFC 9266, RFC 5077. */
#include "scene.h"

#define ITS_NAMES "imap.example.test, mail.example.test, *.wild.example.test and 2 more" /* of CERT_SERVER */

static int same(const struct probe_text *a, const struct probe_text *b)
{
    return a->len == b->len && !memcmp(a->ptr, b->ptr, a->len);
}

/* What both sides are told, and that what must be equal is. */
static void check_bindings(const struct scene *s, uint32_t version)
{
    const struct probe_info *client = &s->seen[CLIENT].info, *server = &s->seen[SERVER].info;
    uint32_t has = mailproto_mbedtls_features();

    assert_int_equal(client->version, version);
    assert_int_equal(server->version, version);
    assert_true(client->cipher.len > 0);
    assert_true(same(&client->cipher, &server->cipher));
    assert_int_equal(client->end_point.len, 32);
    assert_true(same(&client->end_point, &server->end_point));
    assert_true(same(&client->unique, &server->unique));
    assert_true(same(&client->exporter, &server->exporter));
    assert_int_equal(client->unique.len, version == 0x0303 && (has & MAILPROTO_MBEDTLS_HAS_UNIQUE) ? 12 : 0);
    assert_int_equal(client->exporter.len, version == 0x0304 && (has & MAILPROTO_MBEDTLS_HAS_EXPORTER) ? 32 : 0);
}

static void test_names(void **state)
{
    static const char *const names[] = {
        "imap.example.test", "IMAP.Example.TEST", "mail.example.test.", "a.wild.example.test", "127.0.0.1", "::1",
        "0:0::0:1"};

    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++) {
        struct scene s;

        scene_begin(&s, *version);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            size_t n = strlen(names[i]) - (names[i][strlen(names[i]) - 1] == '.');
            const struct probe_info *client = &s.seen[CLIENT].info, *server = &s.seen[SERVER].info;
            int is_address = i >= 4;

            scene_meet(&s, names[i]);
            scene_talk(&s);
            check_bindings(&s, *version);
            assert_int_equal(client->verified, 1);
            assert_int_equal(client->peer_name.len, n);
            assert_memory_equal(client->peer_name.ptr, names[i], n);
            assert_int_equal(server->server_name.len, is_address ? 0 : n);
            assert_memory_equal(server->server_name.ptr, names[i], server->server_name.len);
            assert_int_equal(server->verified, 0);
            assert_int_equal(server->peer_name.len, 0);
            scene_part(&s);
        }
        scene_end(&s);
    }
}

/* The client says what is wrong; the server hears it in an alert. */
static void test_wrong_certificates(void **state)
{
    static const struct {
        int certificate;
        const char *name, *sentence;
    } cases[] = {
        {CERT_SERVER, "pop.example.test",
         "the certificate is not for pop.example.test, but for imap.example.test, mail.example.test, "
         "*.wild.example.test and 2 more"},
        {CERT_SECOND, "imap.example.test", "the certificate is for pop.example.test, not for imap.example.test"},
        {CERT_SERVER, "wild.example.test",
         "the certificate is not for wild.example.test, but for imap.example.test, mail.example.test, "
         "*.wild.example.test and 2 more"},
        {CERT_SERVER, "a.b.wild.example.test",
         "the certificate is not for a.b.wild.example.test, but for imap.example.test, mail.example.test, "
         "*.wild.example.test and 2 more"},
        {CERT_SECOND, "127.0.0.1", "the certificate is for pop.example.test, not for 127.0.0.1"},
        {CERT_SERVER, "::2",
         "the certificate is not for ::2, but for imap.example.test, mail.example.test, *.wild.example.test and 2 "
         "more"},
        {CERT_UNNAMED, "imap.example.test",
         "the certificate is not for imap.example.test: it names no host (it has no subjectAltName)"},
        {CERT_EXPIRED, "imap.example.test", "the certificate expired on 2020-01-31"},
        {CERT_EARLY, "imap.example.test",
         "the certificate is not valid before 2090-01-01: is this machine's clock right?"},
        {CERT_UNKNOWN, "imap.example.test",
         "the certificate is signed by nobody that is trusted (but by \"Stranger\")"},
        {CERT_SELF, "imap.example.test", "the certificate is signed by nobody that is trusted (but by itself)"},
    };

    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct scene s;

            scene_begin(&s, *version);
            scene_certificate(&s, SERVER, cases[i].certificate);
            scene_meet(&s, cases[i].name);
            scene_fails(&s, CLIENT, cases[i].sentence);
            assert_int_equal(s.seen[SERVER].why, MAILPROTO_ERR_TLS);
            if (*version ==
                0x0303) /* in TLS 1.3 mbedTLS sends it before its keys are in use, and does not understand it */
                assert_non_null(strstr(s.seen[SERVER].text, "(alert "));
            assert_int_equal(scene_counts(&s, CLIENT).failed, 1);
            assert_int_equal(scene_counts(&s, CLIENT).handshakes, 0);
            scene_part(&s);
            scene_end(&s);
        }
}

/* The loud option takes them all, and says so. */
static void test_no_verify(void **state)
{
    static const int certificates[] = {CERT_SECOND, CERT_EXPIRED, CERT_UNKNOWN, CERT_SELF, CERT_UNNAMED};

    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (size_t i = 0; i < 2 * sizeof certificates / sizeof certificates[0]; i++) {
            struct scene s;

            scene_begin(&s, *version);
            s.config[CLIENT].options = MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY;
            if (i % 2)
                s.config[CLIENT].trust_pem = scene_text("");
            scene_certificate(&s, SERVER, certificates[i / 2]);
            scene_meet(&s, i % 2 ? "" : "imap.example.test");
            scene_talk(&s);
            check_bindings(&s, *version);
            assert_int_equal(s.seen[CLIENT].info.verified, 0);
            assert_int_equal(s.seen[CLIENT].info.peer_name.len, 0);
            scene_part(&s);
            scene_end(&s);
        }
}

/* ---- certificates of clients ---- */

static void ask(struct scene *s, uint32_t version, uint32_t peer, int certificate)
{
    scene_begin(s, version);
    s->config[SERVER].peer = peer;
    s->config[SERVER].trust_pem = test_certificate_text(CERT_CA);
    if (certificate >= 0)
        scene_certificate(s, CLIENT, certificate);
    scene_meet(s, "imap.example.test");
}

static void test_client_certificates(void **state)
{
    static const struct {
        int certificate;
        const char *name; /* NULL: not verified */
    } cases[] = {{CERT_CLIENT, "alice@example.test"},
                 {CERT_NAMED, ""},
                 {CERT_SECOND, "pop.example.test"},
                 {CERT_DECEIT, ""},
                 {CERT_FORGER, NULL},
                 {CERT_EXPIRED, NULL},
                 {-1, NULL}};

    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct scene s;
            const struct probe_info *server = &s.seen[SERVER].info;
            int good = cases[i].name != NULL;
            const char *name = good ? cases[i].name : "";

            ask(&s, *version, MAILPROTO_MBEDTLS_PEER_ASKED, cases[i].certificate);
            scene_talk(&s);
            check_bindings(&s, *version);
            assert_int_equal(server->verified, good);
            assert_int_equal(server->peer_name.len, strlen(name));
            assert_memory_equal(server->peer_name.ptr, name, server->peer_name.len);
            scene_part(&s);
            scene_end(&s);

            ask(&s, *version, MAILPROTO_MBEDTLS_PEER_REQUIRED, cases[i].certificate);
            if (good) {
                scene_talk(&s);
                assert_int_equal(server->verified, 1);
                assert_string_equal(server->peer_name.ptr, name);
            } else {
                pair_run(&s.pair);
                assert_int_equal(s.seen[SERVER].started, 0);
                assert_int_equal(s.seen[SERVER].why, MAILPROTO_ERR_TLS);
            }
            scene_part(&s);
            scene_end(&s);
        }
}

/* The server's sentences about a client that it does not let in, and the client's about the alert. */
static void test_client_certificates_refused(void **state)
{
    static const struct {
        int certificate;
        const char *sentence;
    } cases[] = {
        {-1, "the client showed no certificate"},
        {CERT_FORGER, "the certificate is signed by nobody that is trusted (but by \"Stranger\")"},
        {CERT_EXPIRED, "the certificate expired on 2020-01-31"},
    };

    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct scene s;

            ask(&s, *version, MAILPROTO_MBEDTLS_PEER_REQUIRED, cases[i].certificate);
            pair_run(&s.pair);
            scene_says(&s, SERVER, cases[i].sentence);
            assert_int_equal(s.seen[CLIENT].why, MAILPROTO_ERR_TLS);
            if (*version == 0x0303) /* in TLS 1.3 mbedTLS seals it with keys that are not in use any more */
                assert_non_null(strstr(s.seen[CLIENT].text, "(alert "));
            scene_part(&s);
            scene_end(&s);
        }
}

/* A name with a NUL in it is nobody's, and no other name of that certificate is taken instead. */
static void test_client_name_that_deceives(void **state)
{
    struct scene s;

    (void)state;
    ask(&s, 0, MAILPROTO_MBEDTLS_PEER_REQUIRED, CERT_DECEIT);
    scene_talk(&s);
    assert_int_equal(s.seen[SERVER].info.verified, 1);
    assert_int_equal(s.seen[SERVER].info.peer_name.len, 0);
    scene_part(&s);
    scene_end(&s);
}

/* ---- SNI ---- */

static void test_server_names(void **state)
{
    static const struct {
        const char *name;
        int good;
    } cases[] = {{"imap.example.test", 1}, {"x.wild.example.test", 1}, {"pop.example.test", 1},
                 {"rsa.example.test", 1},  {"nobody.example.test", 0}, {"127.0.0.1", 1}};

    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++) {
        mailproto_mbedtls_certificate more[2];
        struct scene s;

        scene_begin(&s, *version);
        for (int i = 0; i < 2; i++) {
            mailproto_mbedtls_certificate_init(&more[i], sizeof more[i]);
            more[i].chain_pem = test_certificate_text(i ? CERT_RSA : CERT_SECOND);
            more[i].key_pem = test_key_text(i ? CERT_RSA : CERT_SECOND);
        }
        s.certificate[SERVER].next = &more[0];
        more[0].next = &more[1];
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            scene_meet(&s, cases[i].name);
            if (cases[i].good) {
                scene_talk(&s);
                check_bindings(&s, *version);
            } else { /* it is shown the first one */
                pair_run(&s.pair);
                scene_says(&s, CLIENT, "the certificate is not for nobody.example.test, but for " ITS_NAMES);
                assert_int_equal(s.seen[CLIENT].why, MAILPROTO_ERR_TLS);
            }
            scene_part(&s);
        }
        scene_end(&s);
    }
}

/* ---- ALPN ---- */

static void test_protocols(void **state)
{
    static const struct {
        const char *client, *server, *chosen; /* NULL: they find none */
    } cases[] = {{"imap", "imap", "imap"},
                 {"pop3 imap", "imap", "imap"},
                 {"imap pop3", "pop3 imap", "pop3"},
                 {"", "imap", ""},
                 {"imap", "", ""},
                 {"pop3", "imap", NULL},
                 {"a b c d e f g h", "x h g", "h"},
                 {"imap imap4", "imap4", "imap4"}};

    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct scene s;

            scene_begin(&s, *version);
            s.config[CLIENT].alpn = scene_text(cases[i].client);
            s.config[SERVER].alpn = scene_text(cases[i].server);
            scene_meet(&s, "imap.example.test");
            if (cases[i].chosen) {
                scene_talk(&s);
                assert_string_equal(s.seen[CLIENT].info.alpn.ptr, cases[i].chosen);
                assert_string_equal(s.seen[SERVER].info.alpn.ptr, cases[i].chosen);
            } else {
                scene_fails(&s, CLIENT,
                            "the peer refuses TLS (alert 120): there is no protocol (ALPN) that both sides speak");
            }
            scene_part(&s);
            scene_end(&s);
        }
}

/* ---- versions ---- */

static void test_versions(void **state)
{
    struct scene s;

    (void)state;
    if (!(mailproto_mbedtls_features() & MAILPROTO_MBEDTLS_HAS_TLS_1_3))
        return; /* there is one, and it is tested everywhere */
    scene_begin(&s, 0);
    scene_meet(&s, "imap.example.test");
    scene_talk(&s);
    check_bindings(&s, 0x0304);
    scene_part(&s);
    scene_unmake(&s);
    s.config[SERVER].max_version = 0x0303;
    scene_meet(&s, "imap.example.test");
    scene_talk(&s);
    check_bindings(&s, 0x0303);
    scene_part(&s);
    scene_unmake(&s);
    s.config[CLIENT].min_version = 0x0304;
    scene_meet(&s, "imap.example.test");
    pair_run(&s.pair); /* mbedTLS says either that or that there is no cipher in common */
    assert_int_equal(s.seen[CLIENT].why, MAILPROTO_ERR_TLS);
    assert_memory_equal(s.seen[CLIENT].text, "the peer refuses TLS (alert ", 28);
    scene_part(&s);
    scene_end(&s);
}

/* ---- the host's own look ---- */

struct look {
    int count;
    int32_t answer;
    uint32_t verified;
    uint8_t fingerprint[32];
    size_t len;
};

static int32_t on_handshake(const mailproto_tls_info *info, mailproto_text fingerprint, void *user)
{
    struct look *look = user;

    look->count++;
    look->verified = info->verified;
    look->len = fingerprint.len;
    assert_true(fingerprint.len <= 32);
    if (fingerprint.len)
        memcpy(look->fingerprint, fingerprint.ptr, fingerprint.len);
    return look->answer;
}

/* The host sees each handshake, resumed ones too, and may refuse it. */
static void test_fingerprints(void **state)
{
    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (int verify = 0; verify < 2; verify++) {
            struct look looks[SIDES] = {{0}};
            uint8_t first[32];
            struct scene s;

            scene_begin(&s, *version);
            if (!verify)
                s.config[CLIENT].options = MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY;
            for (int side = 0; side < SIDES; side++) {
                s.config[side].on_handshake = on_handshake;
                s.config[side].user = &looks[side];
            }
            scene_make(&s);
            assert_int_equal(mailproto_mbedtls_sessions_new(&s.sessions, s.tls[CLIENT], 0), MAILPROTO_OK);
            for (int i = 0; i < 2; i++) {
                scene_meet(&s, "imap.example.test");
                scene_talk(&s);
                assert_int_equal(looks[CLIENT].count, i + 1);
                assert_int_equal(looks[CLIENT].verified, verify);
                assert_int_equal(looks[CLIENT].len, 32);
                if (!i)
                    memcpy(first, looks[CLIENT].fingerprint, 32);
                /* it is the SHA-256 of what SHA-256 signed: the same as tls-server-end-point */
                assert_memory_equal(looks[CLIENT].fingerprint, s.seen[CLIENT].info.end_point.ptr, 32);
                assert_memory_equal(looks[CLIENT].fingerprint, first, 32);
                assert_int_equal(looks[SERVER].len, 0);
                scene_part(&s);
            }
            assert_int_equal(scene_counts(&s, CLIENT).resumed, 1);
            looks[CLIENT].answer = MAILPROTO_ERR_DENIED;
            scene_meet(&s, "imap.example.test");
            pair_run(&s.pair);
            assert_int_equal(s.seen[CLIENT].started, 0);
            assert_int_equal(s.seen[CLIENT].why, MAILPROTO_ERR_TLS);
            assert_memory_equal(s.seen[CLIENT].text, "the handshake was refused on this side", 38);
            assert_int_equal(s.seen[SERVER].why, MAILPROTO_ERR_TLS);
            assert_int_equal(scene_counts(&s, CLIENT).failed, 1);
            scene_part(&s);
            scene_end(&s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_wrong_certificates),
        cmocka_unit_test(test_no_verify),
        cmocka_unit_test(test_client_certificates),
        cmocka_unit_test(test_client_certificates_refused),
        cmocka_unit_test(test_client_name_that_deceives),
        cmocka_unit_test(test_server_names),
        cmocka_unit_test(test_protocols),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_fingerprints),
    };

    return cmocka_run_group_tests(tests, scene_group, NULL);
}
