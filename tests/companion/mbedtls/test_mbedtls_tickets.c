/* Sessions that are resumed: by a ticket, verified as the first one was, with the channel bindings of their own handshake.
   include/mailproto/mbedtls.h; RFC 5077, RFC 8446 section 2.2, RFC 5929 section 3.1. */
#include "scene.h"

static void remember(struct scene *s, uint32_t most)
{
    scene_make(s);
    assert_int_equal(mailproto_mbedtls_sessions_new(&s->sessions, s->tls[CLIENT], most), MAILPROTO_OK);
}

static int same(const struct probe_text *a, const struct probe_text *b)
{
    return a->len == b->len && !memcmp(a->ptr, b->ptr, a->len);
}

/* A session to `name`, over and parted. How many of both sides were resumed so far. */
static uint64_t once(struct scene *s, const char *name)
{
    const struct probe_info *client = &s->seen[CLIENT].info, *server = &s->seen[SERVER].info;

    scene_meet(s, name);
    scene_talk(s);
    assert_true(same(&client->unique, &server->unique));
    assert_true(same(&client->exporter, &server->exporter));
    assert_true(same(&client->end_point, &server->end_point));
    assert_int_equal(client->end_point.len, 32);
    if (mailproto_mbedtls_features() & MAILPROTO_MBEDTLS_HAS_UNIQUE)
        assert_int_equal(client->unique.len, client->version == 0x0303 ? 12 : 0);
    assert_int_equal(client->verified, !(s->config[CLIENT].options & MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY));
    assert_string_equal(client->peer_name.ptr, client->verified ? name : "");
    scene_part(s);
    assert_int_equal(scene_counts(s, CLIENT).resumed, scene_counts(s, SERVER).resumed);
    return scene_counts(s, CLIENT).resumed;
}

static void test_resumed(void **state)
{
    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++) {
        struct scene s;

        scene_begin(&s, *version);
        remember(&s, 0);
        for (unsigned i = 0; i < 5; i++) {
            assert_int_equal(once(&s, "imap.example.test"), i);
            assert_int_equal(scene_counts(&s, CLIENT).handshakes, i + 1);
        }
        assert_int_equal(once(&s, "mail.example.test"), 4); /* another server, for all that we know */
        assert_int_equal(scene_counts(&s, SERVER).failed, 0);
        scene_end(&s);
    }
}

/* The binding is of the handshake: two sessions never have the same. */
static void test_bindings_differ(void **state)
{
    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++) {
        struct probe_info first;
        struct scene s;

        scene_begin(&s, *version);
        remember(&s, 0);
        scene_meet(&s, "imap.example.test");
        scene_talk(&s);
        first = s.seen[CLIENT].info;
        scene_part(&s);
        for (int i = 0; i < 3; i++) {
            scene_meet(&s, "imap.example.test");
            scene_talk(&s);
            if (first.unique.len)
                assert_false(same(&first.unique, &s.seen[CLIENT].info.unique));
            if (first.exporter.len)
                assert_false(same(&first.exporter, &s.seen[CLIENT].info.exporter));
            assert_true(same(&first.end_point, &s.seen[CLIENT].info.end_point));
            first = s.seen[CLIENT].info;
            scene_part(&s);
        }
        assert_int_equal(scene_counts(&s, SERVER).resumed, 3);
        scene_end(&s);
    }
}

/* A server that was reloaded has other keys: the ticket is not taken, and the handshake is a full one. */
static void test_reload(void **state)
{
    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++) {
        mailproto_mbedtls_tls *old;
        struct scene s;

        scene_begin(&s, *version);
        remember(&s, 0);
        once(&s, "imap.example.test");
        scene_meet(&s, "imap.example.test");
        scene_talk(&s);
        old = s.tls[SERVER];
        s.tls[SERVER] = NULL;
        scene_make(&s);
        mailproto_mbedtls_tls_free(old); /* the session holds it on */
        probe_say(s.probe[CLIENT], " still", 6);
        pair_run(&s.pair);
        assert_int_equal(s.seen[SERVER].heard.len, 10);
        scene_part(&s);
        scene_meet(&s, "imap.example.test");
        scene_talk(&s);
        assert_int_equal(scene_counts(&s, SERVER).resumed, 0);
        assert_int_equal(scene_counts(&s, SERVER).handshakes, 1);
        assert_int_equal(scene_counts(&s, CLIENT).resumed, 1);
        scene_part(&s);
        scene_meet(&s, "imap.example.test");
        scene_talk(&s);
        assert_int_equal(scene_counts(&s, SERVER).resumed, 1);
        scene_part(&s);
        scene_end(&s);
    }
}

/* The oldest makes room. */
static void test_room(void **state)
{
    static const char *const names[] = {"imap.example.test", "mail.example.test", "a.wild.example.test",
                                        "b.wild.example.test"};
    struct scene s;

    (void)state;
    scene_begin(&s, 0);
    remember(&s, 3);
    for (int i = 0; i < 4; i++)
        assert_int_equal(once(&s, names[i]), 0);
    assert_int_equal(once(&s, names[1]), 1);
    assert_int_equal(once(&s, names[0]), 1); /* it was forgotten, and drives out names[2] */
    assert_int_equal(once(&s, names[2]), 1);
    assert_int_equal(once(&s, names[0]), 2);
    scene_end(&s);
}

/* No tickets: by option of either side, and from a server that asks for certificates. */
static void test_none(void **state)
{
    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (int way = 0; way < 3; way++) {
            mailproto_mbedtls_sessions *none;
            struct scene s;

            scene_begin(&s, *version);
            if (way == 2) {
                s.config[SERVER].peer = MAILPROTO_MBEDTLS_PEER_ASKED;
                s.config[SERVER].trust_pem = test_certificate_text(CERT_CA);
                scene_certificate(&s, CLIENT, CERT_CLIENT);
            } else {
                s.config[way ? CLIENT : SERVER].options |= MAILPROTO_MBEDTLS_NO_TICKETS;
            }
            scene_make(&s);
            if (way == 1)
                assert_int_equal(mailproto_mbedtls_sessions_new(&none, s.tls[CLIENT], 0), MAILPROTO_ERR_STATE);
            else
                remember(&s, 0);
            for (int i = 0; i < 3; i++) {
                scene_meet(&s, "imap.example.test");
                scene_talk(&s);
                assert_int_equal(s.seen[SERVER].info.verified, way == 2);
                scene_part(&s);
            }
            assert_int_equal(scene_counts(&s, SERVER).resumed, 0);
            scene_end(&s);
        }
}

/* What was not verified is not resumed as if it were: sessions are of one tls. */
static void test_of_one_tls(void **state)
{
    mailproto_mbedtls_sessions *foreign;
    mailproto_mbedtls_tls *strict;
    struct probe_seen seen = {0};
    mailproto_session *outer;
    struct scene s;
    probe *p;

    (void)state;
    scene_begin(&s, 0);
    scene_make(&s);
    strict = s.tls[CLIENT];
    s.tls[CLIENT] = NULL;
    s.config[CLIENT].options = MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY;
    remember(&s, 0);
    once(&s, "imap.example.test");
    assert_int_equal(once(&s, "imap.example.test"), 1);
    p = probe_new(&seen);
    assert_int_equal(mailproto_mbedtls_client(&outer, probe_session(p), strict, "imap.example.test", 17, s.sessions,
                                              NULL),
                     MAILPROTO_ERR_ARG);
    mailproto_session_free(probe_session(p));
    assert_int_equal(mailproto_mbedtls_sessions_new(&foreign, s.tls[SERVER], 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbedtls_sessions_new(&foreign, NULL, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbedtls_sessions_new(NULL, s.tls[CLIENT], 0), MAILPROTO_ERR_ARG);
    mailproto_mbedtls_tls_free(strict);
    scene_end(&s);
}

/* All that is made holds on what it was made from, whatever is freed first. */
static void test_order_of_frees(void **state)
{
    struct scene s;

    (void)state;
    scene_begin(&s, 0);
    remember(&s, 1);
    scene_meet(&s, "imap.example.test");
    mailproto_mbedtls_free(s.m);
    scene_unmake(&s);
    scene_talk(&s);
    assert_true(s.memory.live > 0);
    scene_part(&s);
    assert_int_equal(s.memory.live, 0);
    mailproto_mbedtls_free(NULL);
    mailproto_mbedtls_tls_free(NULL);
    mailproto_mbedtls_sessions_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resumed),        cmocka_unit_test(test_bindings_differ),
        cmocka_unit_test(test_reload),         cmocka_unit_test(test_room),
        cmocka_unit_test(test_none),           cmocka_unit_test(test_of_one_tls),
        cmocka_unit_test(test_order_of_frees),
    };

    return cmocka_run_group_tests(tests, scene_group, NULL);
}
