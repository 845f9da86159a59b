/* The layer: handshake, records of every size, both ends, what goes wrong, what it holds.
   include/mailproto/layer.h; contract.md section 2, "Layers". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/toy_host.h"

static const struct toy_config implicit = {.implicit_tls = 1, .max_open = 4, .tls_ms = 300, .command_ms = 1000};
static const struct toy_config starttls = {.max_open = 4, .tls_ms = 300, .command_ms = 1000};

/* After the handshake. */
static void begin(struct toy_run *run, uint32_t mode, size_t record)
{
    *run = (struct toy_run){0};
    assert_int_equal(toy_run_begin(run, &implicit, mode, 11, record), MAILPROTO_OK);
    test_host_send(&run->host, "HI!", 3, 1);
    assert_memory_equal(run->host.out.ptr, "OK!", 3);
}

static void send(struct toy_run *run, const char *text, size_t record)
{
    uint8_t wire[1000];

    test_host_send(&run->host, wire, test_records_seal(wire, text, strlen(text), record), 0);
}

/* What was sent behind the handshake, opened. */
static const char *said(struct toy_run *run, int *notify)
{
    static char text[4000];
    size_t n, rest;

    assert_in_range(run->host.out.len, 3, sizeof text);
    n = test_records_open((uint8_t *)text, run->host.out.ptr + 3, run->host.out.len - 3, notify, &rest);
    assert_int_equal(rest, 0);
    text[n] = '\0';
    return text;
}

static void test_arguments(void **state)
{
    struct test_allocator memory;
    struct test_records records = {0};
    mailproto_session *outer = NULL, *more;
    mailproto_layer ops, broken;
    toy *t;

    (void)state;
    test_allocator_init(&memory);
    test_records_layer(&ops, 100);
    assert_int_equal(toy_new(&t, &implicit, NULL, &memory.api, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_layer_new(NULL, toy_session(t), &ops, &records, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_layer_new(&outer, NULL, &ops, &records, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_layer_new(&outer, toy_session(t), NULL, &records, NULL), MAILPROTO_ERR_ARG);
    broken = ops;
    broken.close = NULL;
    assert_int_equal(mailproto_layer_new(&outer, toy_session(t), &broken, &records, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_layer_memory_max(&broken), 0);
    memory.fail_at = memory.count + 1;
    assert_int_equal(mailproto_layer_new(&outer, toy_session(t), &ops, &records, &memory.api), MAILPROTO_ERR_NOMEM);
    assert_int_equal(records.freed, 0); /* on an error nothing is owned */
    assert_int_equal(mailproto_layer_new(&outer, toy_session(t), &ops, &records, &memory.api), MAILPROTO_OK);
    assert_int_equal(mailproto_layer_new(&more, toy_session(t), &ops, &records, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_tls_started(outer, NULL), MAILPROTO_ERR_STATE);
    assert_false(mailproto_session_wants(outer) & MAILPROTO_WANTS_TLS);
    mailproto_session_free(toy_session(t)); /* frees the layer with it */
    assert_int_equal(records.freed, 1);
    assert_int_equal(memory.live, 0);
}

/* A body through records of each size, and an idle layer holds nothing. */
static void test_record_sizes(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 17, 100, 1000, 4096, 16383, 16384};
    static char body[40000 + 14];
    static uint8_t wire[4 * sizeof body];

    (void)state;
    memcpy(body, "BODY 40000\r\n", 12);
    memset(body + 12, 'x', 40000);
    memcpy(body + sizeof body - 2, "\r\n", 2);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++) {
            mailproto_layer ops;
            struct toy_run run;
            size_t idle;
            int notify;

            begin(&run, mode, sizes[i]);
            test_records_layer(&ops, sizes[i]);
            idle = run.memory.used;
            run.memory.peak = 0;
            test_host_send(&run.host, wire, test_records_seal(wire, body, sizeof body, sizes[i]), 5000);
            assert_int_equal(run.memory.used, idle);
            assert_true(run.memory.peak <= toy_memory_max(&implicit) + mailproto_layer_memory_max(&ops));
            assert_string_equal(said(&run, &notify), "HELLO\r\nB 40000\r\n?\r\n");
            assert_int_equal(run.body, 40000);
            send(&run, "QUIT\r\n", 4);
            assert_string_equal(said(&run, &notify), "HELLO\r\nB 40000\r\n?\r\nBYE\r\n");
            assert_true(notify);
            toy_run_check(&run);
            toy_run_end(&run);
        }
}

/* close_notify is eof: what is in hand is finished and answered, and close_notify goes back. */
static void test_close_notify(void **state)
{
    (void)state;
    for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++) {
        struct toy_run run;
        uint8_t wire[100];
        size_t n;
        int notify;

        begin(&run, mode, 100);
        n = test_records_seal(wire, "ASK 2\r\nASK 4\r\nASK", 17, 9);
        memset(wire + n, 0, 2);
        n += 2;
        n += test_records_seal(wire + n, "ASK 6\r\n", 7, 9); /* does not count */
        test_host_send(&run.host, wire, n, 0);
        assert_string_equal(said(&run, &notify), "HELLO\r\nA 2 yes\r\nA 4 yes\r\n");
        assert_true(notify);
        assert_int_equal(run.host.why, 0);
        toy_run_check(&run);
        toy_run_end(&run);
    }
}

/* The end of the connection without it is a cut: lost, with a text that says so. */
static void test_cut(void **state)
{
    const char *text;
    struct toy_run run;
    size_t n;

    (void)state;
    begin(&run, TEST_LATER, 100);
    test_bytes_add(&run.host.in, "\0\7\x14\x06\x1e\x75\x64\x58\x5f", 9); /* ASK 1 */
    test_host_settle(&run.host);
    assert_int_equal(run.host.pending_count, 1);
    test_host_eof(&run.host);
    assert_int_equal(run.host.cancels, 1);
    assert_int_equal(run.host.why, MAILPROTO_ERR_TLS);
    assert_int_equal(mailproto_session_error(run.host.session, NULL, &text, &n), MAILPROTO_ERR_TLS);
    assert_memory_equal(text, "the connection ended without close_notify", n);
    test_host_settle(&run.host);
    toy_run_check(&run);
    toy_run_end(&run);
}

/* Octets that came before the cut are genuine: they are taken as far as the session takes them, then it is lost. */
static void test_cut_behind_held_octets(void **state)
{
    struct toy_run run;
    uint8_t wire[100];

    (void)state;
    begin(&run, TEST_LATER, 100);
    test_bytes_add(&run.host.in, wire, test_records_seal(wire, "ASK 1\r\nBODY 3\r\nabcASK 2\r\n", 25, 100));
    test_host_settle(&run.host);
    assert_int_equal(run.host.pending_count, 1);
    assert_int_equal(run.host.in.len, 0);
    assert_false(mailproto_session_wants(run.host.session) & MAILPROTO_WANTS_READ); /* it holds what is not taken */
    assert_int_equal(mailproto_session_deadline(run.host.session), UINT64_MAX);
    test_host_eof(&run.host);
    assert_int_equal(run.host.closed, 0);
    test_host_act(&run.host);
    assert_int_equal(mailproto_session_deadline(run.host.session), 0);
    test_host_rest(&run.host);
    assert_int_equal(run.body, 3);
    assert_int_equal(run.ends, 1);
    assert_int_equal(run.host.why, MAILPROTO_ERR_TLS);
    toy_run_check(&run);
    toy_run_end(&run);
}

static void test_bad_record(void **state)
{
    struct toy_run run;
    const char *text;
    size_t n;
    int notify;

    (void)state;
    begin(&run, TEST_AT_ONCE, 100);
    test_host_send(&run.host, "\xff\xff abc", 6, 1);
    assert_int_equal(run.host.why, MAILPROTO_ERR_TLS);
    mailproto_session_error(run.host.session, NULL, &text, &n);
    assert_memory_equal(text, "a record or hello that is none", n);
    assert_string_equal(said(&run, &notify), "HELLO\r\n");
    assert_true(notify); /* the last word of the layer */
    toy_run_check(&run);
    toy_run_end(&run);
}

static void test_handshake_fails(void **state)
{
    for (int way = 0; way < 5; way++) {
        struct toy_run run = {0};

        (void)state;
        assert_int_equal(toy_run_begin(&run, &starttls, TEST_AT_ONCE, 11, 100), MAILPROTO_OK);
        test_host_send(&run.host, "TLS\r\n", 5, 1);
        assert_memory_equal(run.host.out.ptr, "HELLO\r\nGO\r\n", 11);
        test_bytes_take(&run.host.out, 11);
        test_host_send(&run.host, "H", 1, 1);
        if (way == 0)
            test_host_send(&run.host, "ASK 1\r\n", 7, 1);
        else if (way == 1)
            test_host_eof(&run.host);
        else if (way == 2)
            test_host_lost(&run.host, MAILPROTO_ERR_LOST);
        else if (way == 3)
            assert_int_equal(test_host_wait(&run.host, 1000), 1); /* the time for it is over */
        else
            run.records.refuse = 1, test_host_send(&run.host, "I", 1, 1);
        test_host_rest(&run.host);
        assert_int_equal(run.host.why, way == 2   ? MAILPROTO_ERR_LOST
                                       : way == 3 ? MAILPROTO_ERR_TIMEOUT
                                                  : MAILPROTO_ERR_TLS);
        for (size_t i = 0; i < run.host.out.len; i++)
            assert_int_equal(run.host.out.ptr[i], 0); /* an alert at most: no line in clear text */
        assert_int_equal(run.tls_events, 0);
        toy_run_check(&run);
        toy_run_end(&run);
    }
}

/* Octets behind the announcement in the same feed never reach the handshake. */
static void test_injected(void **state)
{
    struct toy_run run = {0};

    (void)state;
    assert_int_equal(toy_run_begin(&run, &starttls, TEST_AT_ONCE, 11, 100), MAILPROTO_OK);
    test_host_send(&run.host, "TLS\r\nHI!", 8, 8);
    assert_int_equal(run.host.why, MAILPROTO_ERR_TLS_INJECTED);
    assert_int_equal(run.host.out.len, 11);
    toy_run_check(&run);
    toy_run_end(&run);
}

/* A client speaks first in the handshake: work that needs no octets. */
static void test_client_first(void **state)
{
    struct toy_run run = {.records = {.client = 1}};
    int notify;

    (void)state;
    assert_int_equal(toy_run_begin(&run, &implicit, TEST_LATER, 11, 100), MAILPROTO_OK);
    assert_int_equal(mailproto_session_deadline(run.host.session), 0);
    test_host_settle(&run.host);
    assert_int_equal(run.host.out.len, 3);
    assert_memory_equal(run.host.out.ptr, "HI!", 3);
    test_host_send(&run.host, "OK!", 3, 1);
    assert_string_equal(said(&run, &notify), "HELLO\r\n");
    send(&run, "QUIT\r\n", 1);
    toy_run_check(&run);
    toy_run_end(&run);
}

/* Application data that came with the end of the handshake is there without any further octet. */
static void test_data_behind_handshake(void **state)
{
    (void)state;
    for (int greedy = 0; greedy < 2; greedy++) {
        struct toy_run run = {.records = {.greedy = greedy}};
        uint8_t wire[100] = "HI!";
        size_t n = 3 + test_records_seal(wire + 3, "ASK 2\r\nQUIT\r\n", 13, 100);
        int notify;

        assert_int_equal(toy_run_begin(&run, &implicit, TEST_LATER, 11, 100), MAILPROTO_OK);
        test_host_send(&run.host, wire, n, n);
        assert_string_equal(said(&run, &notify), "HELLO\r\nA 2 yes\r\nBYE\r\n");
        toy_run_check(&run);
        toy_run_end(&run);
    }
}

/* Hold inside of the handshake, and before it. */
static void test_hold(void **state)
{
    struct toy_run run = {0};
    int notify;

    (void)state;
    assert_int_equal(toy_run_begin(&run, &implicit, TEST_AT_ONCE, 11, 100), MAILPROTO_OK);
    mailproto_session_hold(run.host.session);
    assert_int_equal(mailproto_session_wants(run.host.session) & MAILPROTO_WANTS_READ, 0);
    mailproto_session_release(run.host.session);
    test_host_send(&run.host, "H", 1, 1);
    mailproto_session_hold(run.host.session);
    test_host_settle(&run.host);
    assert_int_equal(mailproto_session_wants(run.host.session), MAILPROTO_WANTS_HOST);
    assert_int_equal(mailproto_session_deadline(run.host.session), UINT64_MAX);
    mailproto_session_release(run.host.session);
    test_host_send(&run.host, "I!", 2, 1);
    send(&run, "QUIT\r\n", 100);
    assert_string_equal(said(&run, &notify), "HELLO\r\nBYE\r\n");
    toy_run_check(&run);
    toy_run_end(&run);
}

/* Records that the peer does not take have a clock of their own: the inner session has none, it is drained. */
static void test_stall(void **state)
{
    struct toy_run run;
    const uint8_t *data;
    size_t n, taken;

    (void)state;
    begin(&run, TEST_AT_ONCE, 100);
    mailproto_session_feed(run.host.session, "\0\6\x04\x00\x1c\x01\x58\x5f", 8, 50, &taken); /* QUIT */
    assert_int_equal(run.host.closed, 1);
    mailproto_session_output(run.host.session, &data, &n);
    assert_int_equal(n, 2 + 5 + 2);
    assert_int_equal(mailproto_session_deadline(run.host.session), 0);
    mailproto_session_tick(run.host.session, 1000);
    assert_int_equal(mailproto_session_deadline(run.host.session), 301000);
    mailproto_session_output_ack(run.host.session, 1);
    mailproto_session_tick(run.host.session, 200000);
    assert_int_equal(mailproto_session_deadline(run.host.session), 500000);
    mailproto_session_tick(run.host.session, 500000);
    assert_int_equal(mailproto_session_wants(run.host.session), MAILPROTO_WANTS_CLOSE);
    assert_int_equal(mailproto_session_output_ack(run.host.session, 100), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_output_ack(run.host.session, n - 1), MAILPROTO_OK); /* it stayed in place */
    toy_run_check(&run);
    toy_run_end(&run);
}

/* A layer over a layer: the inner one keeps TLS to itself, so the outer one passes everything through. */
static void test_layer_over_layer(void **state)
{
    struct test_records outer = {0};
    mailproto_layer ops;
    struct toy_run run = {0};
    int notify;

    (void)state;
    test_records_layer(&ops, 100);
    assert_int_equal(toy_run_begin(&run, &implicit, TEST_LATER, 11, 7), MAILPROTO_OK);
    assert_int_equal(mailproto_layer_new(&run.host.session, run.host.session, &ops, &outer, &run.memory.api),
                     MAILPROTO_OK);
    test_host_send(&run.host, "HI!", 3, 1);
    send(&run, "ASK 2\r\nGET 100\r\nBODY 3\r\nabcQUIT\r\n", 5);
    assert_ptr_equal(strstr(said(&run, &notify), "HELLO\r\nA 2 yes\r\n+100\r\nabcdefg"), said(&run, &notify));
    assert_true(notify);
    toy_run_check(&run);
    toy_run_end(&run);
    assert_int_equal(run.records.freed, 1);
    assert_int_equal(outer.freed, 1);
}

/* Operations that break their own contract end the session instead of spinning. */
static int32_t idle_handshake(void *ctx, const uint8_t *in, size_t in_len, size_t *took, uint8_t *out, size_t cap,
                              size_t *made)
{
    (void)ctx;
    (void)in;
    (void)in_len;
    (void)took;
    (void)out;
    (void)cap;
    (void)made;
    return MAILPROTO_LAYER_MORE;
}

static void test_no_progress(void **state)
{
    struct toy_run run = {0};
    mailproto_layer ops;

    (void)state;
    assert_int_equal(toy_run_begin(&run, &implicit, TEST_AT_ONCE, 11, 0), MAILPROTO_OK);
    test_records_layer(&ops, 100);
    ops.handshake = idle_handshake;
    assert_int_equal(mailproto_layer_new(&run.host.session, run.host.session, &ops, &run.records, NULL), MAILPROTO_OK);
    test_host_send(&run.host, "HI!", 3, 1);
    assert_int_equal(run.host.why, MAILPROTO_ERR_TLS);
    toy_run_check(&run);
    toy_run_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),    cmocka_unit_test(test_record_sizes),
        cmocka_unit_test(test_close_notify), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_bad_record),   cmocka_unit_test(test_cut_behind_held_octets),
        cmocka_unit_test(test_injected),     cmocka_unit_test(test_handshake_fails),
        cmocka_unit_test(test_client_first), cmocka_unit_test(test_hold),
        cmocka_unit_test(test_stall),        cmocka_unit_test(test_layer_over_layer),
        cmocka_unit_test(test_no_progress),  cmocka_unit_test(test_data_behind_handshake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
