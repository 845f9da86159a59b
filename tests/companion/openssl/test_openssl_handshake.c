/* The handshake of the OpenSSL layer: versions, names, certificates, bindings, tickets, and what is refused with which sentence.
 * RFC 8446; RFC 5246; RFC 5929; RFC 9266; RFC 6066; RFC 7301; RFC 9525. */
#include "library.h"

static const char imap[] = "imap.example.test";

static void say(struct ends *e, int side, const char *text)
{
    probe_say(e->probe[side], text, strlen(text));
}

static int heard(const struct ends *e, int side, const char *text)
{
    return e->seen[side].heard.len == strlen(text) && !memcmp(e->seen[side].heard.ptr, text, strlen(text));
}

/* Both ways, and a good end of both. */
static void talk(struct ends *e)
{
    say(e, CLIENT, "hello");
    say(e, SERVER, "welcome");
    pair_run(&e->pair);
    if (!e->seen[CLIENT].started || !e->seen[SERVER].started)
        fail_msg("no TLS: %s; %s", e->seen[CLIENT].text, e->seen[SERVER].text);
    assert_true(heard(e, SERVER, "hello"));
    assert_true(heard(e, CLIENT, "welcome"));
    assert_int_equal(e->seen[CLIENT].closed + e->seen[SERVER].closed, 0);
    probe_leave(e->probe[CLIENT]);
    pair_run(&e->pair);
    for (int side = 0; side < SIDES; side++) {
        assert_int_equal(e->seen[side].started, 1);
        assert_int_equal(e->seen[side].closed, 1);
        assert_int_equal(e->seen[side].why, 0);
        assert_true(pair_over(&e->pair, side));
    }
    assert_int_equal(e->seen[SERVER].ended, 1); /* close_notify is eof */
}

static void same(const struct probe_text *a, const struct probe_text *b)
{
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->ptr, b->ptr, a->len);
}

/* RFC 5929, RFC 9266: both sides compute the same. */
static void check_bindings(const struct ends *e)
{
    const struct probe_info *client = &e->seen[CLIENT].info, *server = &e->seen[SERVER].info;

    same(&client->unique, &server->unique);
    same(&client->exporter, &server->exporter);
    same(&client->end_point, &server->end_point);
    assert_int_equal(client->unique.len, client->version == TLS_1_2 ? 12 : 0);
    assert_int_equal(client->exporter.len, client->version == TLS_1_3 ? 32 : 0);
    assert_int_equal(client->end_point.len, 32);
}

static void check_info(const struct ends *e, uint32_t version)
{
    const struct probe_info *client = &e->seen[CLIENT].info, *server = &e->seen[SERVER].info;

    assert_int_equal(client->version, version);
    assert_int_equal(server->version, version);
    assert_int_equal(client->verified, 1);
    assert_int_equal(server->verified, 0);
    assert_true(client->cipher.len > 0 && server->cipher.len > 0);
    assert_string_equal(client->server_name.ptr, imap);
    assert_string_equal(server->server_name.ptr, imap);
    assert_string_equal(client->peer_name.ptr, imap);
    assert_string_equal(server->peer_name.ptr, "");
    assert_string_equal(client->alpn.ptr, "imap");
    assert_string_equal(server->alpn.ptr, "imap");
    check_bindings(e);
}

static void test_versions(void **state)
{
    (void)state;
    for (const struct libraries *l = all_libraries; l->client; l++)
        for (uint32_t version = TLS_1_2; version <= newest_of(l); version++) {
            struct probe_text unique = {.len = 0};
            struct ends e;

            ends_begin(&e, l, (tls_options){.alpn = "pop3 imap", .max_version = version},
                       (tls_options){.alpn = "imap", .min_version = version});
            for (int i = 0; i < 2; i++) {
                ends_meet(&e, imap);
                talk(&e);
                check_info(&e, version);
                if (version == TLS_1_2) { /* of this session, as the name says */
                    assert_memory_not_equal(unique.ptr, e.seen[CLIENT].info.unique.ptr, 12);
                    unique = e.seen[CLIENT].info.unique;
                }
                ends_part(&e);
            }
            ends_end(&e);
        }
}

/* RFC 5929 4.1: SHA-256 in the place of SHA-1; nothing where the signature has no hash of its own. */
static void test_end_points(void **state)
{
    static const struct {
        const char *certificate;
        size_t len;
    } ways[] = {{"old", 32}, {"edwards", 0}};

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        for (uint32_t version = TLS_1_2; version <= TLS_1_3; version++) {
            tls_options client = {.insecure_no_verify = 1, .ciphers = "ECDHE+AESGCM:@SECLEVEL=0"}, server = client;
            struct ends e;

            client.max_version = version;
            server.certificate_file = test_certificate(&certificates, ways[i].certificate);
            ends_begin(&e, &all_libraries[0], client, server);
            ends_meet(&e, imap);
            talk(&e);
            assert_int_equal(e.seen[CLIENT].info.end_point.len, ways[i].len);
            same(&e.seen[CLIENT].info.end_point, &e.seen[SERVER].info.end_point);
            ends_part(&e);
            ends_end(&e);
        }
}

/* Two new handshakes, the third resumes the second, and the bindings are those of the connection (RFC 5929 3: the first
   Finished is the server's then). */
static void test_tickets(void **state)
{
    (void)state;
    for (const struct libraries *l = all_libraries; l->client; l++)
        for (uint32_t version = TLS_1_2; version <= newest_of(l); version++)
            for (int off = 0; off < 2; off++) {
                struct ends e;

                ends_begin(&e, l, (tls_options){.max_version = version}, (tls_options){.no_tickets = off});
                for (int i = 0; i < 3; i++) {
                    ends_meet(&e, i == 0 ? "127.0.0.1" : imap);
                    talk(&e);
                    check_bindings(&e);
                    assert_int_equal(e.seen[CLIENT].info.verified, 1);
                    ends_part(&e);
                    assert_int_equal(l->client->resumed(e.context[CLIENT]), i == 2 && !off);
                    assert_int_equal(l->server->resumed(e.context[SERVER]), i == 2 && !off);
                }
                ends_end(&e);
            }
}

/* ---- whom a client believes ---- */

struct refusal {
    const char *certificate, *name;
    const char *trust; /* NULL: ca */
    const char *sentence;
};

static const struct refusal refusals[] = {
    {"server", "mail.example.test", NULL,
     "the certificate is for imap.example.test, *.wild.example.test, not for mail.e"},
    {"server", "a.b.wild.example.test", NULL,
     "the certificate is for imap.example.test, *.wild.example.test, not for "},
    {"server", "192.0.2.1", NULL, "the certificate is for imap.example.test, *.wild.example.test, not for 192.0.2.1"},
    {"server", "::2", NULL, "the certificate is for imap.example.test, *.wild.example.test, not for ::2"},
    {"unnamed", imap, NULL, "the certificate is for imap.example.test, not for imap.example.test"},
    {"expired", imap, NULL, "the certificate of imap.example.test expired on 2020-01-31"},
    {"early", imap, NULL, "the certificate of imap.example.test is valid from 2090-01-01 only"},
    {"unknown", imap, NULL, "the certificate of imap.example.test is signed by nobody that is trusted"},
    {"server", imap, "stranger", "the certificate of imap.example.test is signed by nobody that is trusted"},
};

static void refuse(const struct libraries *l, const struct refusal *r, uint32_t version)
{
    struct ends e;

    ends_begin(&e, l,
               (tls_options){.trust_file = r->trust ? test_certificate(&certificates, r->trust) : NULL,
                             .max_version = version},
               (tls_options){.certificate_file = test_certificate(&certificates, r->certificate)});
    ends_meet(&e, r->name);
    say(&e, CLIENT, "secret");
    say(&e, SERVER, "secret");
    pair_run(&e.pair);
    assert_int_equal(e.seen[CLIENT].started, 0);
    assert_int_equal(e.seen[CLIENT].why, MAILPROTO_ERR_TLS);
    assert_int_equal(e.seen[CLIENT].heard.len, 0);
    if (l->client == &openssl_library && strncmp(e.seen[CLIENT].text, r->sentence, strlen(r->sentence)))
        fail_msg("%s for %s: %s", r->certificate, r->name, e.seen[CLIENT].text);
    assert_int_equal(e.seen[SERVER].closed, 1);
    assert_int_equal(e.seen[SERVER].why, MAILPROTO_ERR_TLS); /* the alert says so */
    assert_int_equal(e.seen[SERVER].heard.len, 0);
    if (l->server == &openssl_library && version == TLS_1_2)
        assert_memory_equal(e.seen[SERVER].text, "the peer ended TLS: ", 20);
    ends_part(&e);
    ends_end(&e);
}

static void test_refused(void **state)
{
    (void)state;
    for (const struct libraries *l = all_libraries; l->client; l++)
        for (uint32_t version = TLS_1_2; version <= newest_of(l); version++)
            for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
                refuse(l, &refusals[i], version);
}

static void test_accepted(void **state)
{
    static const char *const names[] = {imap,  "IMAP.example.TEST", "one.wild.example.test", "127.0.0.1",
                                        "::1", "0:0:0:0:0:0:0:1"};

    (void)state;
    for (const struct libraries *l = all_libraries; l->client; l++) {
        struct ends e;

        ends_begin(&e, l, (tls_options){0}, (tls_options){0});
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            ends_meet(&e, names[i]);
            talk(&e);
            assert_int_equal(e.seen[CLIENT].info.verified, 1);
            /* RFC 6066 3: addresses are not sent as names */
            assert_int_equal(e.seen[SERVER].info.server_name.len, i < 3 ? strlen(names[i]) : 0);
            ends_part(&e);
        }
        ends_end(&e);
    }
}

/* The loud option: anybody is taken, and the engine is told that nothing was verified. */
static void test_insecure(void **state)
{
    (void)state;
    for (const struct libraries *l = all_libraries; l->client; l++)
        for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
            struct ends e;

            ends_begin(&e, l,
                       (tls_options){.insecure_no_verify = 1,
                                     .trust_file =
                                         test_certificate(&certificates, refusals[i].trust ? refusals[i].trust : "ca")},
                       (tls_options){.certificate_file = test_certificate(&certificates, refusals[i].certificate)});
            for (int again = 0; again < 2;
                 again++) { /* resumed, too, but for what has expired: that is looked at anew */
                ends_meet(&e, refusals[i].name);
                talk(&e);
                assert_int_equal(e.seen[CLIENT].info.verified, 0);
                assert_string_equal(e.seen[CLIENT].info.peer_name.ptr, "");
                ends_part(&e);
            }
            if (l->client == &openssl_library)
                assert_int_equal(l->client->resumed(e.context[CLIENT]),
                                 strcmp(refusals[i].certificate, "expired") != 0);
            ends_end(&e);
        }
}

/* ---- SNI, ALPN ---- */

static void test_sni(void **state)
{
    (void)state;
    for (const struct libraries *l = all_libraries; l->client; l++)
        for (uint32_t version = TLS_1_2; version <= newest_of(l); version++) {
            struct probe_text first;
            struct ends e;

            if (l->server != &openssl_library)
                continue;
            ends_begin(&e, l, (tls_options){.max_version = version}, (tls_options){0});
            assert_int_equal(l->server->add(e.context[SERVER], test_certificate(&certificates, "second")), 0);
            assert_int_equal(l->server->add(e.context[SERVER], test_certificate(&certificates, "ca") + 1), -1);
            ends_meet(&e, imap);
            talk(&e);
            first = e.seen[CLIENT].info.end_point;
            check_bindings(&e);
            ends_part(&e);
            for (int again = 0; again < 2; again++) { /* resumed, too */
                ends_meet(&e, "pop.example.test");
                talk(&e);
                check_bindings(&e);
                assert_memory_not_equal(first.ptr, e.seen[CLIENT].info.end_point.ptr, 32);
                ends_part(&e);
            }
            ends_meet(&e, "smtp.example.test"); /* the first one is shown, and not believed */
            pair_run(&e.pair);
            assert_int_equal(e.seen[CLIENT].why, MAILPROTO_ERR_TLS);
            ends_part(&e);
            ends_end(&e);
        }
}

static void test_alpn(void **state)
{
    static const struct {
        const char *client, *server, *chosen; /* chosen NULL: no session */
    } ways[] = {{"pop3 imap", "imap pop3", "imap"}, {NULL, "imap", ""}, {"imap", NULL, ""}, {"imap", "pop3", NULL}};

    (void)state;
    for (const struct libraries *l = all_libraries; l->client; l++)
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
            struct ends e;

            ends_begin(&e, l, (tls_options){.alpn = ways[i].client}, (tls_options){.alpn = ways[i].server});
            ends_meet(&e, imap);
            if (ways[i].chosen) {
                talk(&e);
                assert_string_equal(e.seen[CLIENT].info.alpn.ptr, ways[i].chosen);
                assert_string_equal(e.seen[SERVER].info.alpn.ptr, ways[i].chosen);
            } else {
                pair_run(&e.pair);
                assert_int_equal(e.seen[CLIENT].why, MAILPROTO_ERR_TLS);
                assert_int_equal(e.seen[SERVER].why, MAILPROTO_ERR_TLS);
                if (l->server == &openssl_library)
                    assert_string_equal(e.seen[SERVER].text, "there is no protocol that both sides have (ALPN)");
                if (l->client == &openssl_library)
                    assert_memory_equal(e.seen[CLIENT].text, "the peer ended TLS: ", 20);
            }
            ends_part(&e);
            ends_end(&e);
        }
}

/* ---- certificates of clients ---- */

static void client_certificate(const struct libraries *l, uint32_t version, const char *certificate, uint32_t clients)
{
    int good = certificate && strcmp(certificate, "forger"), refused = clients == TLS_CLIENTS_DEMANDED && !good;
    const char *name = good && !strcmp(certificate, "client") ? "alice@example.test" : "";
    struct ends e;

    ends_begin(&e, l,
               (tls_options){.certificate_file = certificate ? test_certificate(&certificates, certificate) : NULL,
                             .max_version = version},
               (tls_options){.clients = clients});
    for (int again = 0; again < (refused ? 1 : 2); again++) { /* resumed, where clients are not asked */
        ends_meet(&e, imap);
        if (refused) {
            pair_run(&e.pair);
            assert_int_equal(e.seen[SERVER].started, 0);
            assert_int_equal(e.seen[SERVER].why, MAILPROTO_ERR_TLS);
            assert_int_equal(e.seen[CLIENT].why, MAILPROTO_ERR_TLS);
            if (l->server == &openssl_library)
                assert_string_equal(e.seen[SERVER].text,
                                    certificate
                                        ? "the certificate of alice@example.test is signed by nobody that is trusted"
                                        : "the client has no certificate");
        } else {
            int known = good && clients != TLS_CLIENTS_NOT_ASKED;

            talk(&e);
            assert_int_equal(e.seen[SERVER].info.verified, known);
            assert_string_equal(e.seen[SERVER].info.peer_name.ptr, known ? name : "");
        }
        ends_part(&e);
    }
    if (!refused) /* what a client said of itself is in no ticket: it would be believed for as long as that is good */
        assert_int_equal(l->server->resumed(e.context[SERVER]), clients == TLS_CLIENTS_NOT_ASKED);
    ends_end(&e);
}

static void test_client_certificates(void **state)
{
    (void)state;
    for (const struct libraries *l = all_libraries; l->client; l++)
        for (uint32_t version = TLS_1_2; version <= newest_of(l); version++)
            for (uint32_t clients = TLS_CLIENTS_NOT_ASKED; clients <= TLS_CLIENTS_DEMANDED; clients++) {
                client_certificate(l, version, NULL, clients);
                client_certificate(l, version, "client", clients);
                client_certificate(l, version, "forger", clients);
                client_certificate(l, version, "named", clients);
                client_certificate(l, version, "deceit", clients);
            }
}

/* ---- what does not come together ---- */

static void test_no_common_version(void **state)
{
    (void)state;
    for (const struct libraries *l = all_libraries; l->client; l++) {
        struct ends e;

        if (l->server != &openssl_library)
            continue;
        ends_begin(&e, l, (tls_options){.max_version = TLS_1_2}, (tls_options){.min_version = TLS_1_3});
        ends_meet(&e, imap);
        pair_run(&e.pair);
        assert_int_equal(e.seen[CLIENT].why, MAILPROTO_ERR_TLS);
        assert_string_equal(e.seen[SERVER].text, "there is no version of TLS that both sides speak");
        ends_part(&e);
        ends_end(&e);
    }
}

static void test_not_tls(void **state)
{
    static const char greeting[] = "220 mx.example.test ESMTP\r\n";

    (void)state;
    for (int side = 0; side < SIDES; side++) {
        struct ends e;

        ends_begin(&e, &all_libraries[0], (tls_options){0}, (tls_options){0});
        ends_meet(&e, imap);
        e.pair.stop[!side] = 0;
        test_bytes_add(&e.pair.wire[side], greeting, sizeof greeting - 1);
        pair_run(&e.pair);
        assert_int_equal(e.seen[side].why, MAILPROTO_ERR_TLS);
        assert_string_equal(e.seen[side].text, "what the peer sends is not TLS");
        ends_part(&e);
        ends_end(&e);
    }
}

static void refuse_options(int server, tls_options options, const char *sentence)
{
    char why[256] = "";

    if (server && !options.certificate_file)
        options.certificate_file = test_certificate(&certificates, "server");
    assert_null(server ? tls_server_context(&options, why, sizeof why) : tls_client_context(&options, why, sizeof why));
    if (!strstr(why, sentence))
        fail_msg("%s", why);
}

static void test_contexts(void **state)
{
    char why[256], small[8];
    tls_options options = {0};

    (void)state;
    assert_null(tls_server_context(&options, why, sizeof why));
    assert_string_equal(why, "a server needs a certificate");
    assert_null(tls_server_context(&options, small, sizeof small));
    assert_string_equal(small, "a serve");
    refuse_options(1, (tls_options){.certificate_file = "/nowhere.pem"},
                   "no certificate can be read from /nowhere.pem: ");
    refuse_options(1, (tls_options){.key_file = test_certificate(&certificates, "client")},
                   "no key of the certificate ");
    refuse_options(0, (tls_options){.trust_file = "/nowhere.pem"},
                   "no certificate to trust can be read from /nowhere.p");
    refuse_options(0, (tls_options){.min_version = 0x0302}, "TLS below 1.2 is not spoken");
    refuse_options(0, (tls_options){.min_version = 0x0399}, "OpenSSL has no such version of TLS");
    refuse_options(0, (tls_options){.ciphers = "NONE-AT-ALL"}, "OpenSSL has no such ciphers NONE-AT-ALL");
    refuse_options(1, (tls_options){.alpn = " imap"}, "no list of protocols for ALPN:  imap");
    tls_context_free(NULL);
}

static void test_arguments(void **state)
{
    mailproto_session *outer;
    struct ends e;
    char name[300];

    (void)state;
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = 0;
    ends_begin(&e, &all_libraries[0], (tls_options){0}, (tls_options){0});
    ends_meet(&e, imap);
    /* it has a layer already, and keeps it */
    assert_int_equal(tls_client(&outer, probe_session(e.probe[CLIENT]), e.context[CLIENT], imap), MAILPROTO_ERR_ARG);
    assert_int_equal(tls_client(&outer, e.pair.session[CLIENT], e.context[SERVER], imap), MAILPROTO_ERR_ARG);
    assert_int_equal(tls_server(&outer, e.pair.session[SERVER], e.context[CLIENT]), MAILPROTO_ERR_ARG);
    assert_int_equal(tls_client(&outer, e.pair.session[CLIENT], e.context[CLIENT], NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(tls_client(&outer, e.pair.session[CLIENT], e.context[CLIENT], ""), MAILPROTO_ERR_ARG);
    assert_int_equal(tls_client(&outer, e.pair.session[CLIENT], e.context[CLIENT], name), MAILPROTO_ERR_ARG);
    assert_int_equal(tls_client(&outer, NULL, e.context[CLIENT], imap), MAILPROTO_ERR_ARG);
    assert_int_equal(tls_server(NULL, e.pair.session[SERVER], e.context[SERVER]), MAILPROTO_ERR_ARG);
    /* a reload: the contexts go, their sessions stay */
    ends_end(&e);
    talk(&e);
    ends_part(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_end_points),
        cmocka_unit_test(test_tickets),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_insecure),
        cmocka_unit_test(test_sni),
        cmocka_unit_test(test_alpn),
        cmocka_unit_test(test_client_certificates),
        cmocka_unit_test(test_no_common_version),
        cmocka_unit_test(test_not_tls),
        cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_arguments),
    };

    return cmocka_run_group_tests(tests, certificates_begin, certificates_end);
}
