/* Records of every size in both directions, what is held while an answer is owed, and what a good client never does, against
   an engine that answers late. include/mailproto/layer.h; RFC 5246 section 6.2, RFC 7627, RFC 9325. */
#include "scene.h"

#include "raw.h"
#include "support/host.h"
#include "support/toy.h"

/* ---- records between two layers ---- */

static void fill(uint8_t *octets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        octets[i] = (uint8_t)(i * 7 + i / 251);
}

/* Octets in both directions at once, through buffers of all sizes; an idle session holds what it held before. */
static void test_sizes(void **state)
{
    static const uint32_t records[] = {0, 512, 1000, 4096};
    static uint8_t octets[100000];

    (void)state;
    fill(octets, sizeof octets);
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
            struct scene s;
            size_t idle;

            scene_begin(&s, *version);
            s.config[CLIENT].record_max = s.config[SERVER].record_max = records[i];
            scene_make(&s);
            idle = s.memory.used;
            scene_meet(&s, "imap.example.test");
            s.memory.peak = 0;
            pair_run(&s.pair);
            for (int side = 0; side < SIDES; side++)
                probe_say(s.probe[side], octets, sizeof octets);
            pair_run(&s.pair);
            for (int side = 0; side < SIDES; side++) {
                assert_int_equal(s.seen[side].heard.len, sizeof octets);
                assert_memory_equal(s.seen[side].heard.ptr, octets, sizeof octets);
            }
            assert_true(s.memory.peak - idle <=
                        mailproto_mbedtls_memory_max(s.tls[CLIENT]) + mailproto_mbedtls_memory_max(s.tls[SERVER]));
            assert_true(s.memory.used - idle < 2 * 6000); /* no buffer is out */
            for (int side = 0; side < SIDES; side++)
                probe_leave(s.probe[side]);
            pair_run(&s.pair);
            for (int side = 0; side < SIDES; side++)
                assert_int_equal(s.seen[side].why, MAILPROTO_OK);
            scene_part(&s);
            assert_int_equal(s.memory.used, idle);
            scene_end(&s);
        }
}

/* A chain of certificates that does not fit into what the layer has room for at a time: its message goes out in parts, whatever
   comes in meanwhile. */
static void test_long_chain(void **state)
{
    static char chain[TEST_PEM_MAX * 14];

    (void)state;
    strcpy(chain, test_certificates[CERT_SERVER].certificate);
    for (int i = 0; i < 12; i++) /* nobody asks what they are for */
        strcat(chain, test_certificates[CERT_RSA].certificate);
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (int way = 0; way < 4; way++) {
            struct scene s;
            size_t n = 0;

            scene_begin(&s, *version);
            s.certificate[SERVER].chain_pem = scene_text(chain);
            s.config[SERVER].record_max = 512;
            scene_meet(&s, "imap.example.test");
            if (way < 2) { /* whole, or octet for octet */
                s.pair.cut = (size_t)way;
                scene_talk(&s);
                assert_true(s.pair.arrived[CLIENT] > 7000);
            } else { /* the client gives up, or is damaged, in the midst of it */
                s.pair.stop[CLIENT] = 5000;
                pair_run(&s.pair);
                assert_int_equal(s.seen[CLIENT].started, 0);
                for (; n < 50; n++)
                    test_bytes_add(&s.pair.wire[SERVER], way == 2 ? "\x15\x03\x03\0\2\2\x5a" : "\x16\x03\x03\0\2ab", 7);
                s.pair.stop[CLIENT] = SIZE_MAX;
                pair_run(&s.pair);
                assert_int_equal(s.seen[SERVER].started, 0);
                assert_int_equal(s.seen[SERVER].why, MAILPROTO_ERR_TLS);
            }
            scene_part(&s);
            scene_end(&s);
        }
}

/* One who does not listen holds the records of the other, and wakes up when he does. */
static void wake(mailproto_session *session, void *user)
{
    (void)session;
    ++*(int *)user;
}

static void test_held(void **state)
{
    static const size_t sizes[] = {1, 2, 100, 16383, 16384, 16385, 50000};
    static uint8_t octets[50000];

    (void)state;
    fill(octets, sizeof octets);
    for (const uint32_t *version = scene_versions(); *version; version++)
        for (int side = 0; side < SIDES; side++)
            for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
                mailproto_session *outer;
                struct scene s;
                int waked = 0;

                scene_begin(&s, *version);
                scene_meet(&s, "imap.example.test");
                pair_run(&s.pair);
                outer = s.pair.session[side];
                assert_int_equal(mailproto_session_set_wake(outer, wake, &waked), MAILPROTO_OK);
                probe_say(s.probe[!side], octets, sizes[i]);
                pair_run(&s.pair);
                assert_int_equal(s.seen[side].heard.len, sizes[i]);
                probe_listen(s.probe[side], sizes[i]);
                probe_say(s.probe[!side], octets, sizes[i]);
                probe_leave(s.probe[!side]);
                pair_run(&s.pair);
                assert_int_equal(s.seen[side].heard.len, sizes[i]);
                assert_int_equal(s.seen[side].ended, 0);
                waked = 0;
                probe_listen(s.probe[side], SIZE_MAX);
                /* nothing arrives any more for small ones: what was held must come by itself */
                if (!s.pair.wire[side].len) {
                    assert_int_equal(waked, 1);
                    assert_int_equal(mailproto_session_deadline(outer), 0);
                }
                pair_run(&s.pair);
                assert_int_equal(s.seen[side].heard.len, 2 * sizes[i]);
                assert_memory_equal(s.seen[side].heard.ptr + sizes[i], octets, sizes[i]);
                assert_int_equal(s.seen[side].ended, 1);
                assert_int_equal(s.seen[side].why, MAILPROTO_OK);
                scene_part(&s);
                scene_end(&s);
            }
}

/* ---- a client of mbedTLS's own, and the engine of the tests ---- */

struct table {
    struct scene s;
    struct raw raw;
    toy *toy;
    mailproto_session *outer;
    uint64_t pending[16];
    size_t pending_count;
    int waked, closed, tls, ended;
    int32_t why;
    char text[200];
};

static int32_t on_event(toy *t, const mailproto_event *event, void *user)
{
    struct table *table = user;

    (void)t;
    if (event->type == MAILPROTO_EVENT_TLS_STARTED)
        table->tls++;
    if (event->type == MAILPROTO_EVENT_CLOSED) {
        const mailproto_closed *closed = (const mailproto_closed *)event;

        table->closed++;
        table->why = closed->why;
        snprintf(table->text, sizeof table->text, "%.*s", (int)closed->text.len,
                 closed->text.ptr ? closed->text.ptr : "");
    }
    if (event->type == TOY_CONNECT)
        return toy_answer(t, event->token, 1, 0);
    if (event->type == TOY_ASK || event->type == TOY_END) {
        assert_true(table->pending_count < 16);
        table->pending[table->pending_count++] = event->token;
    }
    return 0;
}

static void sit(struct table *t, int options)
{
    const struct toy_config config = {.max_open = 4, .implicit_tls = 1};

    memset(t, 0, sizeof *t);
    scene_begin(&t->s, 0);
    scene_make(&t->s);
    raw_begin(&t->raw, options);
    assert_int_equal(toy_new(&t->toy, &config, on_event, NULL, t), MAILPROTO_OK);
    assert_int_equal(mailproto_mbedtls_server(&t->outer, toy_session(t->toy), t->s.tls[SERVER], &t->s.memory.api),
                     MAILPROTO_OK);
    mailproto_session_set_wake(t->outer, wake, &t->waked);
}

static int serve(struct table *t)
{
    const uint8_t *data;
    size_t n, taken = 0;
    int moved = 0;

    if (!mailproto_session_deadline(t->outer))
        mailproto_session_tick(t->outer, 0), moved = 1;
    if (t->raw.out.len && (mailproto_session_wants(t->outer) & MAILPROTO_WANTS_READ)) {
        mailproto_session_feed(t->outer, t->raw.out.ptr, t->raw.out.len, 0, &taken);
        assert_true(taken > 0);
        test_bytes_take(&t->raw.out, taken);
        moved = 1;
    }
    mailproto_session_output(t->outer, &data, &n);
    if (n) {
        test_bytes_add(&t->raw.in, data, n);
        mailproto_session_output_ack(t->outer, n);
        moved = 1;
    }
    return moved;
}

static void run(struct table *t)
{
    do
        raw_run(&t->raw);
    while (serve(t));
}

static void stand_up(struct table *t)
{
    mailproto_session_free(t->outer);
    raw_end(&t->raw);
    scene_end(&t->s);
}

static void hears(struct table *t, const char *text)
{
    assert_int_equal(t->raw.heard.len, strlen(text));
    assert_memory_equal(t->raw.heard.ptr, text, strlen(text));
}

/* Octets that were opened wait while an answer is owed, and go on when it comes: records of an octet, and full ones. */
static void test_answers_that_are_owed(void **state)
{
    static char body[30000 + 40];
    static const size_t sizes[] = {1, 2, 7, 1000, 16384};
    int n = sprintf(body, "ASK 2\r\nBODY 30000\r\n");

    (void)state;
    memset(body + n, 'x', 30000);
    strcpy(body + n + 30000, "ASK 4\r\n");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct table t;

        sit(&t, 0);
        run(&t);
        assert_int_equal(t.raw.started, 1);
        hears(&t, "HELLO\r\n");
        raw_say(&t.raw, body, strlen(body), sizes[i]);
        run(&t);
        hears(&t, "HELLO\r\n");
        assert_int_equal(t.pending_count, 1);
        assert_false(mailproto_session_wants(t.outer) & MAILPROTO_WANTS_READ);
        for (size_t k = 0; k < 3; k++) {
            t.waked = 0;
            assert_int_equal(t.pending_count, k + 1);
            assert_int_equal(toy_answer(t.toy, t.pending[k], 1, 0), MAILPROTO_OK);
            assert_int_equal(t.waked, 1);
            run(&t);
        }
        hears(&t, "HELLO\r\nA 2 yes\r\nB 30000\r\nA 4 yes\r\n");
        raw_say(&t.raw, "QUIT\r\n", 6, 1);
        run(&t);
        hears(&t, "HELLO\r\nA 2 yes\r\nB 30000\r\nA 4 yes\r\nBYE\r\n");
        assert_int_equal(t.raw.notified, 1);
        assert_int_equal(t.why, MAILPROTO_OK);
        stand_up(&t);
    }
}

/* close_notify is the end of what the client says: what is in hand is answered, and close_notify goes back. */
static void test_close_notify(void **state)
{
    struct table t;

    (void)state;
    sit(&t, 0);
    run(&t);
    raw_say(&t.raw, "ASK 2\r\nASK 4\r\nASK", 17, 3);
    raw_notify(&t.raw);
    run(&t);
    for (size_t k = 0; k < t.pending_count; k++)
        assert_int_equal(toy_answer(t.toy, t.pending[k], 1, 0), MAILPROTO_OK);
    run(&t);
    hears(&t, "HELLO\r\nA 2 yes\r\nA 4 yes\r\n");
    assert_int_equal(t.raw.notified, 1);
    assert_int_equal(t.why, MAILPROTO_OK);
    stand_up(&t);
}

/* Octets that came before the cut are genuine and are taken; then the session is lost. */
static void test_cut_behind_held_octets(void **state)
{
    struct table t;

    (void)state;
    sit(&t, 0);
    run(&t);
    raw_say(&t.raw, "ASK 1\r\nBODY 3\r\nabcASK 2\r\n", 25, 25);
    run(&t);
    assert_int_equal(t.pending_count, 1);
    mailproto_session_eof(t.outer, 0);
    assert_int_equal(t.closed, 0);
    assert_int_equal(toy_answer(t.toy, t.pending[0], 1, 0), MAILPROTO_OK);
    serve(&t);
    assert_int_equal(t.pending_count, 2); /* the end of the body: its octets came */
    assert_int_equal(toy_answer(t.toy, t.pending[1], 1, 0), MAILPROTO_OK);
    serve(&t);
    assert_int_equal(t.closed, 1);
    assert_int_equal(t.why, MAILPROTO_ERR_TLS);
    assert_string_equal(t.text, "the connection ended without close_notify");
    stand_up(&t);
}

/* A client may ask for records of 512 octets at most (RFC 6066 section 4). */
static void test_small_records(void **state)
{
    struct table t;
    uint64_t asked;

    (void)state;
    sit(&t, RAW_TLS_1_2 | RAW_SMALL_RECORDS);
    run(&t);
    raw_say(&t.raw, "GET 5000\r\nASK 2\r\n", 17, 100);
    run(&t);
    asked = t.pending_count;
    assert_int_equal(asked, 0); /* GET comes first, and nobody gives it its pieces */
    mailproto_session_lost(t.outer, MAILPROTO_ERR_LOST, NULL, 0, 0);
    assert_int_equal(t.closed, 1);
    stand_up(&t);
    sit(&t, RAW_TLS_1_2 | RAW_SMALL_RECORDS);
    run(&t);
    for (int i = 0; i < 200; i++)
        raw_say(&t.raw, "what is this\r\n", 14, 14);
    run(&t);
    assert_int_equal(t.raw.heard.len, 7 + 200 * 3);
    stand_up(&t);
}

/* Without the extended master secret (RFC 7627) there is no tls-unique; all else works. */
static void test_no_extended_master(void **state)
{
    (void)state;
    for (int without = 0; without < 2; without++) {
        struct probe_seen seen = {0};
        struct table t;
        probe *p;

        sit(&t, RAW_TLS_1_2 | (without ? RAW_NO_EXTENDED_MASTER : 0));
        mailproto_session_free(t.outer);
        p = probe_new(&seen);
        assert_int_equal(mailproto_mbedtls_server(&t.outer, probe_session(p), t.s.tls[SERVER], NULL), MAILPROTO_OK);
        run(&t);
        assert_int_equal(seen.started, 1);
        assert_int_equal(seen.info.version, 0x0303);
        assert_int_equal(seen.info.end_point.len, 32);
        if (mailproto_mbedtls_features() & MAILPROTO_MBEDTLS_HAS_UNIQUE)
            assert_int_equal(seen.info.unique.len, without ? 0 : 12);
        stand_up(&t);
        test_bytes_free(&seen.heard);
    }
}

/* Ciphers without forward secrecy or authentication of the whole record are refused. */
static void test_old_ciphers(void **state)
{
    struct table t;

    (void)state;
    sit(&t, RAW_TLS_1_2 | RAW_OLD_CIPHERS);
    run(&t);
    assert_int_equal(t.raw.started, 0);
    assert_int_equal(t.raw.error, MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);
    assert_int_equal(t.why, MAILPROTO_ERR_TLS);
    assert_memory_equal(t.text, "there is no cipher", 18);
    stand_up(&t);
}

/* Another handshake in the midst of a session is refused; the session goes on, unless it is asked for again and again. */
static void test_renegotiation(void **state)
{
    struct table t;
    int asked = 0;

    (void)state;
    sit(&t, RAW_TLS_1_2);
    run(&t);
    for (int i = 0; i < 10; i++) { /* answers take the alerts with them */
        raw_renegotiate(&t.raw);
        raw_say(&t.raw, "what?\r\n", 7, 7);
        run(&t);
    }
    assert_int_equal(t.raw.heard.len, 7 + 10 * 3);
    assert_int_equal(t.raw.error, 0);
    assert_int_equal(t.closed, 0);
    assert_int_equal(t.tls, 1);
    while (!t.closed && asked < 100) {
        asked++;
        raw_renegotiate(&t.raw);
        run(&t);
    }
    assert_in_range(asked, 2, 20);
    assert_int_equal(t.why, MAILPROTO_ERR_TLS);
    assert_string_equal(t.text, "the peer asks for another handshake again and again");
    stand_up(&t);
}

/* ---- a client that asks for two servers ---- */

/* Puts one more server_name (RFC 6066 section 3) at the end of a ClientHello. */
static void ask_for_another(struct test_bytes *hello)
{
    static const uint8_t more[] = "\0\0\0\x15\0\x13\0\0\x10pop.example.test";
    const size_t n = sizeof more - 1;
    uint8_t *p = hello->ptr;
    size_t at = 5 + 4 + 2 + 32; /* behind the headers of record and message, version, random octets */

    at += 1 + (size_t)p[at];                    /* session */
    at += 2 + ((size_t)p[at] << 8 | p[at + 1]); /* ciphers */
    at += 1 + (size_t)p[at];                    /* compression */
    assert_int_equal(hello->len, at + 2 + ((size_t)p[at] << 8 | p[at + 1]));
    for (size_t i = 0; i < 3; i++) {
        const size_t length = ((size_t[]){3, 7, at})[i]; /* of the record, the message, the extensions */
        const size_t grown = ((size_t)p[length] << 8 | p[length + 1]) + n;

        p[length] = (uint8_t)(grown >> 8);
        p[length + 1] = (uint8_t)grown;
    }
    test_bytes_add(hello, more, n);
}

/* It gets an alert (unrecognized_name), and no ServerHello for one of them. */
static void test_two_names(void **state)
{
    static const uint8_t alert[] = {0x15, 3, 3, 0, 2, 2, 112};
    struct table t;

    (void)state;
    sit(&t, RAW_TLS_1_2);
    raw_run(&t.raw);
    ask_for_another(&t.raw.out);
    while (serve(&t))
        continue;
    assert_int_equal(t.raw.in.len, sizeof alert);
    assert_memory_equal(t.raw.in.ptr, alert, sizeof alert);
    assert_int_equal(t.closed, 1);
    assert_int_equal(t.why, MAILPROTO_ERR_TLS);
    assert_int_equal(t.tls, 0);
    stand_up(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),         cmocka_unit_test(test_long_chain),
        cmocka_unit_test(test_held),          cmocka_unit_test(test_answers_that_are_owed),
        cmocka_unit_test(test_close_notify),  cmocka_unit_test(test_cut_behind_held_octets),
        cmocka_unit_test(test_small_records), cmocka_unit_test(test_no_extended_master),
        cmocka_unit_test(test_old_ciphers),   cmocka_unit_test(test_renegotiation),
        cmocka_unit_test(test_two_names),
    };

    return cmocka_run_group_tests(tests, scene_group, NULL);
}
