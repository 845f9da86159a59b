/* SMTP client against server in memory, in TLS from the beginning and after STARTTLS: whatever is cut, held, answered late or
 * broken off, what the client was told is what happened to the message. RFC 3207; RFC 8314; include/mailproto/layer.h. */
#include "scene.h"

#include "loopback/smtp_meeting.h"

static mailproto_session *put(mailproto_session *inner, int client, void *user)
{
    struct scene *s = user;
    mailproto_session *outer;

    if (client)
        assert_int_equal(mailproto_mbedtls_client(&outer, inner, s->tls[CLIENT], "imap.example.test", 17, s->sessions,
                                                  NULL),
                         MAILPROTO_OK);
    else
        assert_int_equal(mailproto_mbedtls_server(&outer, inner, s->tls[SERVER], NULL), MAILPROTO_OK);
    return outer;
}

/* Messages whose lines are framing, or look like it. */
static void write_messages(struct meeting *t)
{
    static const char *const parts[] = {"\r\n.\r\n", "QUIT\r\n",         ".",     "\r\n",
                                        "..\r\n",    "words of a line ", "To: b", "\r\n.."};

    for (int i = 0; i < MESSAGES; i++) {
        struct message *m = &t->messages[i];
        size_t most = test_random_below(&t->random, TEXT_MAX - 40);

        m->fails_at = SIZE_MAX;
        m->recipients = 1 + (uint32_t)test_random_below(&t->random, RECIPIENTS);
        for (uint32_t k = 0; k < m->recipients; k++)
            m->kinds[k] = (uint32_t)test_random_below(&t->random, KINDS);
        while (m->len < most) {
            const char *part = parts[test_random_below(&t->random, sizeof parts / sizeof parts[0])];

            memcpy(m->text + m->len, part, strlen(part));
            m->len += strlen(part);
        }
    }
}

static void meet(struct meeting *t, struct scene *s, uint64_t seed)
{
    struct meeting_ways ways = {.seed = seed, .layer = put, .layer_user = s};

    memset(t, 0, sizeof *t);
    t->random.state = seed;
    write_messages(t);
    ways.tls = seed % 2 ? IMPLICIT : WITH_STARTTLS;
    ways.max_open = seed % 3 ? 1 : 16;
    ways.mask = seed % 5 < 2 ? MAILPROTO_SMTP_EXT_CHUNKING : 0;
    ways.client_mode = (uint32_t)test_random_below(&t->random, 3);
    ways.server_mode = (uint32_t)test_random_below(&t->random, 3);
    ways.client_holds = (int)test_random_below(&t->random, 2);
    ways.server_holds = (int)test_random_below(&t->random, 2);
    meeting_begin_with(t, &ways);
}

static void begin(struct scene *s, uint32_t version)
{
    scene_begin(s, version);
    scene_make(s);
    if (mailproto_mbedtls_features() & MAILPROTO_MBEDTLS_HAS_TICKETS)
        assert_int_equal(mailproto_mbedtls_sessions_new(&s->sessions, s->tls[CLIENT], 0), MAILPROTO_OK);
}

static void test_whole(void **state)
{
    static struct meeting t;

    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++) {
        struct scene s;

        begin(&s, *version);
        for (uint64_t seed = 1; seed <= 60; seed++) {
            meet(&t, &s, seed);
            talk(&t, SIZE_MAX);
            check(&t, seed);
            assert_int_equal(t.client_host.why, MAILPROTO_OK);
            assert_int_equal(t.server_host.why, MAILPROTO_OK);
            for (uint32_t i = 0; i < MESSAGES; i++) {
                assert_int_equal(t.messages[i].outcome, expected_outcome(&t, i));
                check_replies(&t, i);
            }
            meeting_end(&t);
        }
        assert_int_equal(scene_counts(&s, SERVER).handshakes, 60);
        assert_true(scene_counts(&s, SERVER).resumed > 50);
        scene_end(&s);
    }
}

/* The connection is lost anywhere, or ends without close_notify. */
static void test_broken(void **state)
{
    static struct meeting t;

    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++) {
        struct scene s;

        begin(&s, *version);
        for (uint64_t seed = 1; seed <= 200; seed++) {
            meet(&t, &s, seed);
            talk(&t, 1 + test_random_below(&t.random, seed % 3 ? 20000 : 2500));
            t.client_lost = t.server_lost = 1;
            t.client_host.in.len = t.server_host.in.len = 0;
            if (seed % 4 < 2) {
                test_host_eof(&t.client_host);
                test_host_eof(&t.server_host);
            } else {
                test_host_lost(&t.client_host, MAILPROTO_ERR_LOST);
                test_host_lost(&t.server_host, MAILPROTO_ERR_LOST);
            }
            test_host_rest(&t.client_host);
            test_host_rest(&t.server_host);
            check(&t, seed);
            meeting_end(&t);
        }
        scene_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_broken),
    };

    return cmocka_run_group_tests(tests, scene_group, NULL);
}
