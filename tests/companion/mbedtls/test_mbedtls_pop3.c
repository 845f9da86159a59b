/* POP3 client against server in memory, in TLS from the beginning and after STLS: each message arrives octet for octet, and is
   deleted if and only if QUIT was answered. RFC 2595 section 4; RFC 8314; include/mailproto/layer.h. */
#include "scene.h"

#include "loopback/pop3_meeting.h"

static mailproto_session *put(mailproto_session *inner, int client, void *user)
{
    struct scene *s = user;
    mailproto_session *outer;

    if (client)
        assert_int_equal(mailproto_mbedtls_client(&outer, inner, s->tls[CLIENT], "127.0.0.1", 9, NULL, NULL),
                         MAILPROTO_OK);
    else
        assert_int_equal(mailproto_mbedtls_server(&outer, inner, s->tls[SERVER], NULL), MAILPROTO_OK);
    return outer;
}

static void test_whole(void **state)
{
    static struct meeting t;

    (void)state;
    for (const uint32_t *version = scene_versions(); *version; version++) {
        struct scene s;

        scene_begin(&s, *version);
        scene_make(&s);
        for (uint64_t seed = 1; seed <= 40; seed++) {
            size_t skip;

            meeting_begin_layer(&t, seed, seed % 2 ? WITH_STLS : IMPLICIT, put, &s);
            meeting_submit(&t);
            talk(&t, SIZE_MAX);
            skip = log_begin(&t);
            assert_int_equal(t.reader.log.len - skip, t.expected.len);
            assert_memory_equal(t.reader.log.ptr + skip, t.expected.ptr, t.expected.len);
            assert_int_equal(t.maildrop.updated, 1);
            assert_int_equal(t.maildrop.deleted, 1);
            check_books(&t.maildrop.host, "server", seed);
            check_books(&t.reader.host, "client", seed);
            meeting_end(&t);
        }
        assert_int_equal(scene_counts(&s, CLIENT).handshakes, 40);
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

        scene_begin(&s, *version);
        scene_make(&s);
        for (uint64_t seed = 1; seed <= 100; seed++) {
            struct test_host *server = &t.maildrop.host, *client = &t.reader.host;

            meeting_begin_layer(&t, seed, seed % 2 ? WITH_STLS : IMPLICIT, put, &s);
            meeting_submit(&t);
            talk(&t, 1 + test_random_below(&t.random, 30000));
            server->in.len = client->in.len = 0;
            t.maildrop.gone = 1;
            if (seed % 4 < 2) {
                test_host_eof(server);
                test_host_eof(client);
            } else {
                test_host_lost(server, MAILPROTO_ERR_LOST);
                test_host_lost(client, MAILPROTO_ERR_LOST);
            }
            test_host_rest(server);
            test_host_rest(client);
            assert_int_equal(server->closed, 1);
            assert_int_equal(client->closed, 1);
            assert_int_equal(t.maildrop.retrieves, t.maildrop.retrieve_ends);
            assert_int_equal(t.maildrop.deleted, t.maildrop.updated);
            check_books(server, "server", seed);
            check_books(client, "client", seed);
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
