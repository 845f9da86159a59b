/* Certificates, tickets and the random source are shared by threads; each has sessions of its own, and one of them reloads.
   include/mailproto/mbedtls.h, THREADS. */
#include "scene.h"

#include <pthread.h>

enum { THREADS = 4, ROUNDS = 25 };

struct shared {
    struct scene s; /* of which threads take `m` and `tls` of the client */
    pthread_mutex_t lock;
    mailproto_mbedtls_tls *server; /* under the lock: reloaded now and then */
    mailproto_crypto crypto;
};

/* The one to use now; given back with mailproto_mbedtls_tls_free. */
static mailproto_mbedtls_tls *server_now(struct shared *shared)
{
    mailproto_mbedtls_tls *tls;

    pthread_mutex_lock(&shared->lock);
    tls = shared->server;
    mailproto_mbedtls_tls_hold(tls);
    pthread_mutex_unlock(&shared->lock);
    return tls;
}

/* cmocka's assertions belong to the first thread: what fails here is counted. */
static int meet(struct shared *shared, mailproto_mbedtls_sessions *sessions)
{
    mailproto_mbedtls_tls *server = server_now(shared);
    mailproto_session *outer[SIDES];
    struct probe_seen seen[SIDES];
    struct probe *probes[SIDES];
    struct pair pair;
    int wrong = 0;

    memset(seen, 0, sizeof seen);
    for (int side = 0; side < SIDES; side++)
        probes[side] = probe_new(&seen[side]);
    wrong |= mailproto_mbedtls_client(&outer[CLIENT], probe_session(probes[CLIENT]), shared->s.tls[CLIENT],
                                      "imap.example.test", 17, sessions, NULL);
    wrong |= mailproto_mbedtls_server(&outer[SERVER], probe_session(probes[SERVER]), server, NULL);
    mailproto_mbedtls_tls_free(server);
    pair_begin(&pair, outer[CLIENT], outer[SERVER]);
    pair_run(&pair);
    probe_say(probes[CLIENT], "ping", 4);
    pair_run(&pair);
    wrong |= seen[SERVER].heard.len != 4;
    pair_end(&pair);
    for (int side = 0; side < SIDES; side++)
        test_bytes_free(&seen[side].heard);
    return wrong;
}

static void *work(void *user)
{
    struct shared *shared = user;
    mailproto_mbedtls_sessions *sessions = NULL;
    uint8_t octets[64], digest[32];
    size_t wrong = 0;

    wrong += mailproto_mbedtls_sessions_new(&sessions, shared->s.tls[CLIENT], 0) != MAILPROTO_OK;
    for (int i = 0; i < ROUNDS; i++) {
        wrong += (size_t)meet(shared, i % 2 ? sessions : NULL);
        wrong += shared->crypto.random(octets, sizeof octets, shared->crypto.user) != 0;
        wrong +=
            shared->crypto.pbkdf2(MAILPROTO_HASH_SHA_256, octets, 8, octets, 16, 50, digest, shared->crypto.user) != 0;
    }
    mailproto_mbedtls_sessions_free(sessions);
    return (void *)wrong;
}

static void reload(struct shared *shared)
{
    mailproto_mbedtls_tls *fresh, *old;

    assert_int_equal(mailproto_mbedtls_tls_new(&fresh, shared->s.m, &shared->s.config[SERVER], NULL, 0), MAILPROTO_OK);
    pthread_mutex_lock(&shared->lock);
    old = shared->server;
    shared->server = fresh;
    pthread_mutex_unlock(&shared->lock);
    mailproto_mbedtls_tls_free(old);
}

static void test_threads(void **state)
{
    static struct shared shared;
    pthread_t threads[THREADS];

    (void)state;
    if (!(mailproto_mbedtls_features() & MAILPROTO_MBEDTLS_HAS_THREADS)) {
        print_message("this mbedTLS has no locks: nothing is shared\n");
        return;
    }
    memset(&shared, 0, sizeof shared);
    scene_begin(&shared.s, 0);
    mailproto_mbedtls_free(shared.s.m); /* its allocator is one thread's */
    assert_int_equal(mailproto_mbedtls_new(&shared.s.m, NULL, NULL, 0), MAILPROTO_OK);
    scene_make(&shared.s);
    assert_int_equal(pthread_mutex_init(&shared.lock, NULL), 0);
    assert_int_equal(mailproto_mbedtls_crypto(shared.s.m, &shared.crypto, sizeof shared.crypto), MAILPROTO_OK);
    shared.server = shared.s.tls[SERVER];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &shared), 0);
    for (int i = 0; i < 10; i++)
        reload(&shared);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;

        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    assert_int_equal(scene_counts(&shared.s, CLIENT).handshakes, THREADS * ROUNDS);
    shared.s.tls[SERVER] = shared.server;
    pthread_mutex_destroy(&shared.lock);
    scene_end(&shared.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, scene_group, NULL);
}
