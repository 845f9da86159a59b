/* Every split, every cut and every changed octet of a handshake and of what follows it.
   include/mailproto/layer.h; contract.md section 2, "Layers"; RFC 8446 section 6.1. */
#include "scene.h"

static const char *const name = "imap.example.test";

/* A handshake that stops at octet n in both directions, and goes no further. 0: it never came so far. */
static int meet_until(struct scene *s, size_t n)
{
    scene_meet(s, name);
    s->pair.stop[CLIENT] = s->pair.stop[SERVER] = n;
    pair_run(&s->pair);
    return s->pair.arrived[CLIENT] == n || s->pair.arrived[SERVER] == n;
}

static void go_on(struct scene *s)
{
    s->pair.stop[CLIENT] = s->pair.stop[SERVER] = SIZE_MAX;
}

/* As few places as make sense where each handshake costs too much: all of them in a resumed one, which has the same states of
   the wire, and all up to the first certificate in a full one. */
static void remember(struct scene *s)
{
    scene_make(s);
    assert_int_equal(mailproto_mbedtls_sessions_new(&s->sessions, s->tls[CLIENT], 0), MAILPROTO_OK);
    scene_meet(s, name);
    scene_talk(s);
    scene_part(s);
}

static void test_two_pieces(void **state)
{
    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (int resumed = 0; resumed < 2; resumed++) {
            struct scene s;
            size_t n = 1;
            int more = 1;

            scene_begin(&s, *version);
            if (resumed)
                remember(&s);
            for (; more; n++) {
                more = meet_until(&s, n);
                go_on(&s);
                scene_talk(&s);
                scene_part(&s);
            }
            assert_in_range(n, resumed ? 200 : 600, 1500);
            assert_int_equal(scene_counts(&s, SERVER).resumed, resumed ? n - 1 : 0);
            scene_end(&s);
        }
}

static void test_small_pieces(void **state)
{
    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (size_t cut = 1; cut < 50; cut += 3) {
            struct scene s;

            scene_begin(&s, *version);
            s.config[SERVER].peer = MAILPROTO_MBEDTLS_PEER_REQUIRED;
            s.config[SERVER].trust_pem = test_certificate_text(CERT_CA);
            scene_certificate(&s, CLIENT, CERT_CLIENT);
            scene_meet(&s, name);
            s.pair.cut = cut;
            scene_talk(&s);
            scene_part(&s);
            scene_end(&s);
        }
}

/* The connection ends at every octet: lost, with a sentence, never eof, and no event says that TLS has begun. */
static void test_cut_in_handshake(void **state)
{
    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (int side = 0; side < SIDES; side++) {
            struct scene s;
            size_t n;

            scene_begin(&s, *version);
            remember(&s);
            for (n = 0; meet_until(&s, n) && !s.seen[side].started; n++) {
                pair_cut(&s.pair, side);
                assert_int_equal(s.seen[side].closed, 1);
                assert_int_equal(s.seen[side].ended, 0);
                assert_int_equal(s.seen[side].started, 0);
                assert_int_equal(s.seen[side].why, MAILPROTO_ERR_TLS);
                assert_string_equal(s.seen[side].text, "the connection ended in the TLS handshake");
                assert_true(pair_over(&s.pair, side));
                scene_part(&s);
            }
            assert_true(n > 50);
            scene_part(&s);
            scene_end(&s);
        }
}

/* What follows the handshake, cut at every octet: whole records are heard, and only close_notify is an end. */
static void test_cut_in_records(void **state)
{
    static const char first[] = "the first record", second[] = "and the second";

    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (int side = 0; side < SIDES; side++) {
            struct scene s;
            size_t from, data, whole = 1;

            scene_begin(&s, *version);
            s.config[SERVER].options = MAILPROTO_MBEDTLS_NO_TICKETS; /* or they come in between */
            for (size_t n = 0; n <= whole; n++) {
                struct probe_seen *seen = &s.seen[side];

                scene_meet(&s, name);
                pair_run(&s.pair);
                from = s.pair.arrived[side];
                s.pair.stop[side] = from + n;
                probe_say(s.probe[!side], first, sizeof first - 1);
                pair_run(&s.pair);
                probe_say(s.probe[!side], second, sizeof second - 1);
                pair_run(&s.pair);
                data = s.pair.arrived[side] - from + s.pair.wire[side].len;
                probe_leave(s.probe[!side]);
                pair_run(&s.pair);
                whole = n + s.pair.wire[side].len;
                if (n < whole) {
                    s.pair.stop[side] = from; /* nothing more */
                    pair_cut(&s.pair, side);
                }
                assert_int_equal(seen->closed, 1);
                assert_int_equal(seen->ended, n == whole);
                assert_int_equal(seen->why, n == whole ? 0 : MAILPROTO_ERR_TLS);
                if (n < whole)
                    assert_string_equal(seen->text, "the connection ended without close_notify");
                assert_true(seen->heard.len == 0 || seen->heard.len == sizeof first - 1 ||
                            seen->heard.len == sizeof first + sizeof second - 2);
                assert_memory_equal(seen->heard.ptr, "the first recordand the second", seen->heard.len);
                assert_int_equal(n >= data, seen->heard.len == sizeof first + sizeof second - 2);
                scene_part(&s);
            }
            assert_in_range(whole, 80, 200);
            scene_end(&s);
        }
}

/* An octet is changed on its way. Those few that TLS says nothing about (the version that stands on records) change nothing;
   all others end both sides. */
static void test_changed_handshake(void **state)
{
    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (int side = 0; side < SIDES; side++) {
            unsigned harmless = 0;
            struct scene s;
            size_t n;
            int more = 1;

            scene_begin(&s, *version);
            remember(&s);
            for (n = 1; more; n++) {
                scene_meet(&s, name);
                s.pair.flip[side] = n;
                pair_run(&s.pair);
                more = n <= s.pair.arrived[side];
                s.pair.flip[side] = 0;
                probe_say(s.probe[!side], "well", 4);
                pair_run(&s.pair);
                if (s.seen[side].heard.len == 4) {
                    assert_memory_equal(s.seen[side].heard.ptr, "well", 4);
                    harmless++;
                } else {
                    for (int other = 0; other < SIDES; other++)
                        if (!s.seen[other].closed) /* it waits for what the length of a record promises */
                            pair_cut(&s.pair, other);
                    assert_true(s.seen[CLIENT].closed && s.seen[SERVER].closed);
                    assert_int_equal(s.seen[side].heard.len, 0);
                    assert_true(s.seen[CLIENT].why < 0 || s.seen[SERVER].why < 0);
                    assert_true(s.seen[side].why == 0 || s.seen[side].why == MAILPROTO_ERR_TLS);
                }
                scene_part(&s);
            }
            assert_true(harmless < n / 10 + 40);
            assert_in_range(n, 100, 1500);
            scene_end(&s);
        }
}

/* A record that was changed is never heard. */
static void test_changed_record(void **state)
{
    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (int side = 0; side < SIDES; side++) {
            struct scene s;
            size_t whole = 1;

            scene_begin(&s, *version);
            for (size_t n = 1; n <= whole; n++) {
                struct probe_seen *seen = &s.seen[side];

                scene_meet(&s, name);
                pair_run(&s.pair);
                s.pair.flip[side] = s.pair.arrived[side] + n;
                whole = s.pair.arrived[side];
                probe_say(s.probe[!side], "this is not for others", 22);
                pair_run(&s.pair);
                whole = s.pair.arrived[side] - whole + s.pair.wire[side].len;
                if (!seen->closed) { /* its length says that more will come, and nothing does */
                    assert_in_range(n, 1, 5);
                    pair_cut(&s.pair, side);
                }
                assert_int_equal(seen->heard.len, 0);
                assert_int_equal(seen->ended, 0);
                assert_int_equal(seen->why, MAILPROTO_ERR_TLS);
                assert_true(strlen(seen->text) > 20);
                scene_part(&s);
            }
            assert_in_range(whole, 40, 70);
            scene_end(&s);
        }
}

/* ---- peers that speak no TLS, or end it ---- */

static void say_to(struct scene *s, int side, const void *octets, size_t n)
{
    test_bytes_add(&s->pair.wire[side], octets, n);
    pair_run(&s->pair);
}

static void test_clear_text(void **state)
{
    static const char *const greetings[] = {"220 imap.example.test ESMTP\r\n", "+OK ready\r\n", "* OK ready\r\n",
                                            "EHLO client.example.test\r\n", "GET / HTTP/1.1\r\n\r\n"};

    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (int side = 0; side < SIDES; side++)
            for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++) {
                struct scene s;

                scene_begin(&s, *version);
                scene_meet(&s, name);
                s.pair.stop[!side] = 0; /* the other says nothing of its own */
                test_bytes_add(&s.pair.wire[side], greetings[i], strlen(greetings[i]));
                if (side == SERVER)
                    s.pair.wire[CLIENT].len = 0;
                pair_run(&s.pair);
                assert_int_equal(s.seen[side].why, MAILPROTO_ERR_TLS);
                assert_string_equal(s.seen[side].text, "what came is no TLS: the peer speaks in clear text");
                scene_part(&s);
                scene_end(&s);
            }
}

/* close_notify, and alerts, in the middle of the handshake. */
static void test_close_in_handshake(void **state)
{
    static const uint8_t notify[] = {21, 3, 3, 0, 2, 1, 0}, internal[] = {21, 3, 3, 0, 2, 2, 80},
                         cancelled[] = {21, 3, 3, 0, 2, 2, 90};

    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (int side = 0; side < SIDES; side++)
            for (int way = 0; way < 3; way++) {
                struct scene s;
                int short_sighted;

                scene_begin(&s, *version);
                scene_meet(&s, name);
                s.pair.stop[!side] = 0;
                s.pair.stop[side] = 0;
                pair_run(&s.pair);
                test_bytes_take(&s.pair.wire[side], s.pair.wire[side].len);
                s.pair.stop[side] = SIZE_MAX;
                /* mbedTLS 2.28 looks no further than at the first octet of what should be a ClientHello */
                short_sighted = side == SERVER && mailproto_mbedtls_version()[0] == '2';
                say_to(&s, side, way == 0 ? notify : way == 1 ? internal : cancelled, 7);
                assert_int_equal(s.seen[side].why, MAILPROTO_ERR_TLS);
                assert_int_equal(s.seen[side].started, 0);
                assert_int_equal(s.seen[side].ended, 0);
                assert_string_equal(s.seen[side].text, way == 0 || short_sighted ? "the peer ended the TLS handshake"
                                                       : way == 1                ? "the peer ended TLS with alert 80"
                                                                                 : "the peer ended TLS with alert 90");
                scene_part(&s);
                scene_end(&s);
            }
}

/* The session goes away in the middle: nothing is left behind. */
static void test_freed_in_handshake(void **state)
{
    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (size_t n = 0; n < 1000; n += 37) {
            struct scene s;

            scene_begin(&s, *version);
            scene_make(&s);
            meet_until(&s, n);
            scene_part(&s);
            scene_end(&s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_pieces),         cmocka_unit_test(test_small_pieces),
        cmocka_unit_test(test_cut_in_handshake),   cmocka_unit_test(test_cut_in_records),
        cmocka_unit_test(test_changed_handshake),  cmocka_unit_test(test_changed_record),
        cmocka_unit_test(test_clear_text),         cmocka_unit_test(test_close_in_handshake),
        cmocka_unit_test(test_freed_in_handshake),
    };

    return cmocka_run_group_tests(tests, scene_group, NULL);
}
