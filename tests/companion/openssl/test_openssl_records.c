/* Records of every size through the OpenSSL layer: what it holds while an answer is owed, how it wakes, how it ends, what it does
 * not stand. include/mailproto/layer.h; contract.md section 2, "Layers"; RFC 8446 4.6.3, 5, 6. */
#include "library.h"
#include "peer.h"
#include "support/toy_host.h"

static const struct toy_config config = {.implicit_tls = 1, .max_open = 4, .tls_ms = 300, .command_ms = 1000};

/* A server in TLS, and a client that sends it what the test wants. */
struct scene {
    struct toy_run run;
    struct peer peer;
    tls_context *context;
};

static void carry_back(struct scene *s)
{
    peer_take(&s->peer, s->run.host.out.ptr, s->run.host.out.len);
    test_bytes_take(&s->run.host.out, s->run.host.out.len);
}

/* What the peer has to send arrives, `cut` octets at a time. */
static void carry(struct scene *s, size_t cut)
{
    test_host_send(&s->run.host, s->peer.wire.ptr, s->peer.wire.len, cut);
    s->peer.wire.len = 0;
    carry_back(s);
}

static void begin(struct scene *s, uint32_t mode)
{
    tls_options options = {.certificate_file = test_certificate(&certificates, "server")};
    char why[256];

    memset(s, 0, sizeof *s);
    s->context = tls_server_context(&options, why, sizeof why);
    assert_non_null(s->context);
    assert_int_equal(toy_run_begin(&s->run, &config, mode, 11, 0), MAILPROTO_OK);
    assert_int_equal(tls_server(&s->run.host.session, s->run.host.session, s->context), MAILPROTO_OK);
    peer_begin(&s->peer, TLS_1_3);
    while (s->peer.wire.len)
        carry(s, 0);
    test_host_rest(&s->run.host);
    carry_back(s);
    assert_int_equal(s->run.tls_events, 1);
}

static void end(struct scene *s)
{
    toy_run_check(&s->run);
    toy_run_end(&s->run);
    peer_end(&s->peer);
    tls_context_free(s->context);
}

static const char *said(struct scene *s)
{
    carry_back(s);
    test_bytes_add(&s->peer.heard, "", 1);
    s->peer.heard.len--;
    return (const char *)s->peer.heard.ptr;
}

static void test_sizes(void **state)
{
    static const size_t sizes[] = {1, 2, 17, 1000, 16383, 16384};
    static char body[40000 + 14];

    (void)state;
    memcpy(body, "BODY 40000\r\n", 12);
    memset(body + 12, 'x', 40000);
    memcpy(body + sizeof body - 2, "\r\n", 2);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++)
            for (size_t cut = 0; cut < 3; cut++) {
                struct scene s;

                if (sizes[i] == 1 && cut == 1)
                    continue; /* a million calls */
                begin(&s, mode);
                peer_say(&s.peer, body, sizeof body, sizes[i]);
                carry(&s, cut == 2 ? 20000 : cut);
                assert_string_equal(said(&s), "HELLO\r\nB 40000\r\n?\r\n");
                assert_int_equal(s.run.body, 40000);
                peer_say(&s.peer, "GET 20000\r\nQUIT\r\n", 17, sizes[i]);
                carry(&s, cut);
                assert_int_equal(strlen(said(&s)), strlen("HELLO\r\nB 40000\r\n?\r\n+20000\r\n\r\nBYE\r\n") + 20000);
                assert_true(s.peer.notified);
                assert_int_equal(s.run.host.why, 0);
                end(&s);
            }
}

/* A command that waits for an answer, and behind it in the same records a body that the layer holds meanwhile. */
static void hold(struct scene *s, size_t record)
{
    static char text[16384];
    size_t n = sizeof text;

    begin(s, TEST_LATER);
    memset(text, 'x', sizeof text);
    memcpy(text, "ASK 2\r\nBODY 16000\r\n", 19);
    memcpy(text + 16019, "ASK 4\r\n", 7);
    n = 16026;
    if (record == sizeof text) { /* as large as a record may be */
        memset(text + n, ' ', sizeof text - n);
        memcpy(text + sizeof text - 2, "\r\n", 2);
        n = sizeof text;
    }
    peer_say(&s->peer, text, n, record);
    test_bytes_add(&s->run.host.in, s->peer.wire.ptr, s->peer.wire.len);
    s->peer.wire.len = 0;
    test_host_settle(&s->run.host);
    assert_int_equal(s->run.host.pending_count, 1);
    assert_int_equal(s->run.body, 0);
    assert_false(mailproto_session_wants(s->run.host.session) & MAILPROTO_WANTS_READ); /* it holds what is not taken */
    assert_int_equal(mailproto_session_deadline(s->run.host.session), UINT64_MAX);
}

static void test_held_wakes(void **state)
{
    static const size_t sizes[] = {1, 100, 16384};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct scene s;

        hold(&s, sizes[i]);
        test_host_act(&s.run.host); /* it demands that the host is waked */
        assert_int_equal(mailproto_session_deadline(s.run.host.session), 0);
        test_host_rest(&s.run.host);
        assert_int_equal(s.run.body, 16000);
        peer_say(&s.peer, "QUIT\r\n", 6, 6);
        carry(&s, 0);
        assert_memory_equal(said(&s), "HELLO\r\nA 2 yes\r\nB 16000\r\nA 4 yes\r\n", 34);
        assert_int_equal(s.run.host.why, 0);
        end(&s);
    }
}

/* What came before the end is taken first, whichever end it is. */
static void test_end_behind_held(void **state)
{
    static const size_t sizes[] = {1, 16384};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int notify = 0; notify < 2; notify++) {
            struct scene s;

            hold(&s, sizes[i]);
            if (notify)
                peer_notify(&s.peer);
            test_bytes_add(&s.run.host.in, s.peer.wire.ptr, s.peer.wire.len);
            test_host_settle(&s.run.host);
            assert_int_equal(s.run.host.closed, 0);
            if (!notify)
                test_host_eof(&s.run.host);
            assert_int_equal(s.run.host.closed, 0);
            test_host_rest(&s.run.host);
            assert_int_equal(s.run.body, 16000);
            assert_int_equal(s.run.ends, 1);
            assert_int_equal(s.run.host.why, notify ? 0 : MAILPROTO_ERR_TLS);
            carry_back(&s);
            assert_int_equal(s.peer.notified, notify);
            end(&s);
        }
}

/* The same for a client, of either version: it stops in the middle of a record, and goes on without another octet. */
static void wakes(mailproto_session *s, void *user)
{
    (void)s;
    ++*(int *)user;
}

static void client_wakes(const struct libraries *l, uint32_t version, size_t record)
{
    static char text[16384];
    struct ends e;
    int waked = 0;

    memset(text, 'w', sizeof text);
    ends_begin(&e, l, (tls_options){.max_version = version}, (tls_options){0});
    ends_meet(&e, "imap.example.test");
    mailproto_session_set_wake(e.pair.session[CLIENT], wakes, &waked);
    probe_listen(e.probe[CLIENT], 7);
    if (record == 1)
        pair_run(&e.pair); /* then an octet at a time */
    for (size_t i = 0; i < (record == 1 ? 50 : 3); i++) {
        probe_say(e.probe[SERVER], text, record);
        if (record == 1) {
            e.pair.stop[CLIENT] = 0;
            pair_run(&e.pair);
        }
    }
    e.pair.stop[CLIENT] = SIZE_MAX;
    pair_run(&e.pair);
    assert_int_equal(e.seen[CLIENT].heard.len, 7);
    assert_false(mailproto_session_wants(e.pair.session[CLIENT]) & MAILPROTO_WANTS_READ);
    assert_int_equal(mailproto_session_deadline(e.pair.session[CLIENT]), UINT64_MAX);
    waked = 0;
    probe_listen(e.probe[CLIENT], 8);
    assert_int_equal(waked, 1);
    assert_int_equal(mailproto_session_deadline(e.pair.session[CLIENT]), 0);
    pair_run(&e.pair);
    assert_int_equal(e.seen[CLIENT].heard.len, 8);
    probe_listen(e.probe[CLIENT], SIZE_MAX);
    assert_int_equal(mailproto_session_deadline(e.pair.session[CLIENT]), 0);
    pair_run(&e.pair);
    assert_int_equal(e.seen[CLIENT].heard.len, record == 1 ? 50 : 3 * record);
    ends_part(&e);
    ends_end(&e);
}

static void test_client_wakes(void **state)
{
    (void)state;
    for (const struct libraries *l = all_libraries; l->client; l++)
        for (uint32_t version = TLS_1_2; version <= newest_of(l); version++) {
            client_wakes(l, version, 1);
            client_wakes(l, version, 16384);
        }
}

/* Whatever does not fit into what the layer has room for goes out all the same, to the last octet. */
static void test_room(void **state)
{
    static char text[17500];

    (void)state;
    for (uint32_t version = TLS_1_2; version <= TLS_1_3; version++) {
        struct ends e;

        ends_begin(&e, &all_libraries[0], (tls_options){.max_version = version}, (tls_options){0});
        ends_meet(&e, "imap.example.test");
        for (size_t n = 15800; n <= sizeof text; n++) {
            e.seen[SERVER].heard.len = 0;
            probe_say(e.probe[CLIENT], text, n);
            pair_run(&e.pair);
            assert_int_equal(e.seen[SERVER].heard.len, n);
        }
        ends_part(&e);
        ends_end(&e);
    }
}

/* A record that was changed, behind a good one: the good one counts, and the peer is told why. */
static void test_bad_behind_good(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < 2; cut++) {
        const char *text;
        struct scene s;
        size_t n;

        begin(&s, TEST_AT_ONCE);
        peer_say(&s.peer, "ASK 2\r\n", 7, 7);
        peer_say(&s.peer, "ASK 4\r\n", 7, 7);
        s.peer.wire.ptr[s.peer.wire.len - 1] ^= 1;
        test_bytes_add(&s.run.host.in, s.peer.wire.ptr, s.peer.wire.len);
        s.peer.wire.len = 0;
        test_host_settle(&s.run.host);
        assert_int_equal(s.run.booked, 2); /* HELLO and the first */
        assert_int_equal(s.run.host.why, MAILPROTO_ERR_TLS);
        mailproto_session_error(s.run.host.session, NULL, &text, &n);
        assert_memory_equal(text, "a record was changed on its way", n);
        carry_back(&s);
        assert_int_equal(s.peer.alert, SSL_AD_BAD_RECORD_MAC);
        end(&s);
    }
}

static void test_key_updates(void **state)
{
    struct scene s;

    (void)state;
    begin(&s, TEST_AT_ONCE);
    for (int i = 0; i < 3; i++) {
        peer_update_keys(&s.peer);
        peer_say(&s.peer, "ASK 2\r\n", 7, 3);
        carry(&s, (size_t)i);
    }
    assert_string_equal(said(&s), "HELLO\r\nA 2 yes\r\nA 2 yes\r\nA 2 yes\r\n");
    /* without end, and never a word that would take the answers along */
    for (int i = 0; i < 2000 && !s.run.host.closed; i++) {
        peer_update_keys(&s.peer);
        test_bytes_add(&s.run.host.in, s.peer.wire.ptr, s.peer.wire.len);
        s.peer.wire.len = 0;
        test_host_settle(&s.run.host);
    }
    assert_int_equal(s.run.host.why, MAILPROTO_ERR_TLS);
    end(&s);
}

/* RFC 9325 3.5: a client of TLS 1.2 that wants to renegotiate is not followed. */
static void test_renegotiation(void **state)
{
    tls_options options = {.certificate_file = test_certificate(&certificates, "server"), .max_version = TLS_1_2};
    struct probe_seen seen = {0};
    mailproto_session *session;
    tls_context *context;
    const uint8_t *data;
    struct peer peer;
    char why[256];
    size_t n;
    probe *p = probe_new(&seen);

    (void)state;
    context = tls_server_context(&options, why, sizeof why);
    assert_non_null(context);
    assert_int_equal(tls_server(&session, probe_session(p), context), MAILPROTO_OK);
    peer_begin(&peer, TLS_1_2);
    for (int i = 0; i < 7; i++) {
        if (i == 4) {
            assert_int_equal(seen.started, 1);
            probe_say(p, "one", 3);
        }
        if (i == 6) {
            assert_int_equal(SSL_renegotiate(peer.ssl), 1);
            SSL_do_handshake(peer.ssl);
            peer_take(&peer, "", 0);
            assert_true(peer.wire.len > 0);
        }
        if (!mailproto_session_deadline(session))
            mailproto_session_tick(session, 0);
        if (peer.wire.len) {
            assert_true(mailproto_session_wants(session) & MAILPROTO_WANTS_READ);
            assert_int_equal(mailproto_session_feed(session, peer.wire.ptr, peer.wire.len, 0, &n), MAILPROTO_OK);
            test_bytes_take(&peer.wire, n);
        }
        if (i == 6)
            probe_say(p, "two", 3); /* the refusal goes out before it */
        mailproto_session_output(session, &data, &n);
        peer_take(&peer, data, n);
        mailproto_session_output_ack(session, n);
    }
    assert_int_equal(peer.alert, SSL_AD_NO_RENEGOTIATION);
    assert_int_equal(seen.closed, 0);
    assert_memory_equal(peer.heard.ptr, "one", 3);
    assert_int_equal(seen.started, 1);
    mailproto_session_free(session);
    tls_context_free(context);
    peer_end(&peer);
    test_bytes_free(&seen.heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),        cmocka_unit_test(test_room),
        cmocka_unit_test(test_held_wakes),   cmocka_unit_test(test_end_behind_held),
        cmocka_unit_test(test_client_wakes), cmocka_unit_test(test_bad_behind_good),
        cmocka_unit_test(test_key_updates),  cmocka_unit_test(test_renegotiation),
    };

    return cmocka_run_group_tests(tests, certificates_begin, certificates_end);
}
