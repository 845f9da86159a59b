/* What goes wrong at every place where it can: allocations, the connection, and hosts that free, finish, hold or fail
   inside of a callback. Nothing leaks, each request has one fate, each body one end, CLOSED comes once and last.
   contract.md sections 2 and 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/toy_host.h"

static const char script[] = "ASK 1\r\nASK 2\r\nBODY 30\r\n012345678901234567890123456789ASK 3\r\nGET 200\r\nNOPE\r\n"
                             "BODY 3\r\nabcASK 4\r\nQUIT\r\n";

/* Bare, and behind a layer from the first octet on. */
static const size_t layers[] = {0, 50};

static size_t wire_of(size_t layer, uint8_t *wire, size_t size)
{
    assert_true(size >= 3 * sizeof script);
    if (!layer) {
        memcpy(wire, script, sizeof script - 1);
        return sizeof script - 1;
    }
    memcpy(wire, "HI!", 3);
    return 3 + test_records_seal(wire + 3, script, sizeof script - 1, layer);
}

static int32_t begin(struct toy_run *run, uint32_t mode, size_t layer, uint32_t max_open)
{
    struct toy_config config = {.max_open = max_open, .implicit_tls = layer != 0, .command_ms = 1000, .stall_ms = 1000};

    return toy_run_begin(run, &config, mode, 7, layer);
}

static void send_script(struct toy_run *run, size_t layer, size_t most, size_t cut)
{
    uint8_t wire[3 * sizeof script];
    size_t n = wire_of(layer, wire, sizeof wire);

    test_host_send(&run->host, wire, n < most ? n : most, cut);
}

/* ---- memory ---- */

static int run_failing(size_t at, int on, uint32_t mode, size_t layer)
{
    struct toy_run run = {0};
    int32_t result;

    test_allocator_init(&run.memory);
    run.memory.fail_at = at;
    run.memory.fail_on = on;
    result = begin(&run, mode, layer, 4);
    if (result == MAILPROTO_OK) {
        send_script(&run, layer, SIZE_MAX, 0);
        toy_run_check(&run);
        if (!layer || run.host.why) /* a layer may find no room for the last line, after the engine ended well */
            assert_int_equal(run.host.why, run.memory.failed ? MAILPROTO_ERR_NOMEM : MAILPROTO_OK);
        assert_int_equal(mailproto_session_error(run.host.session, NULL, NULL, NULL), run.host.why);
    } else {
        assert_int_equal(result, MAILPROTO_ERR_NOMEM);
    }
    toy_run_end(&run);
    return run.memory.failed != 0;
}

static void test_every_allocation_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++)
            for (int on = 0; on < 2; on++) {
                size_t at = 1;

                while (run_failing(at, on, mode, layers[i]))
                    at++;
                assert_true(at > 10);
            }
}

static void test_memory_max(void **state)
{
    static const uint32_t opens[] = {1, 4, 16, 256};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct toy_config config = {.max_open = opens[i], .max_line = 300, .piece = 64};
        struct toy_run run = {0};
        size_t most = toy_memory_max(&config), idle;

        assert_int_equal(toy_run_begin(&run, &config, TEST_LATER, opens[i], 0), MAILPROTO_OK);
        idle = run.memory.used;
        for (int n = 0; n < 50; n++)
            test_host_send(&run.host, script, sizeof script - 7, 0);
        assert_in_range(run.memory.peak, idle + 1, most);
        test_host_rest(&run.host);
        assert_int_equal(run.memory.used, idle); /* at rest all buffers are gone */
        test_host_send(&run.host, "QUIT\r\n", 6, 0);
        toy_run_end(&run);
    }
}

/* ---- the connection ---- */

static void cut_after(size_t octets, int32_t why, uint32_t mode, size_t layer)
{
    struct toy_run run = {0};

    assert_int_equal(begin(&run, mode, layer, 4), MAILPROTO_OK);
    send_script(&run, layer, octets, 7);
    test_bytes_take(&run.host.in, run.host.in.len);
    if (why)
        test_host_lost(&run.host, why);
    else
        test_host_eof(&run.host);
    test_host_rest(&run.host);
    toy_run_check(&run);
    if (why && run.host.why)
        assert_int_equal(run.host.why, why);
    toy_run_end(&run);
}

static void test_lost_and_eof_at_each_octet(void **state)
{
    uint8_t wire[3 * sizeof script];

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (size_t n = 0; n <= wire_of(layers[i], wire, sizeof wire); n++)
            for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++) {
                cut_after(n, MAILPROTO_ERR_LOST, mode, layers[i]);
                cut_after(n, 0, mode, layers[i]);
            }
}

/* Lost while each request in turn is open, and while events wait to be polled or are held back. */
static size_t stop_at;

static int32_t hold_at(struct toy_run *run, const mailproto_event *event, size_t number)
{
    (void)event;
    if (number == stop_at) {
        mailproto_session_hold(run->host.session);
        run->host.held = 1;
    }
    return 0;
}

static void test_lost_at_each_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (stop_at = 1; stop_at < 40; stop_at++) {
            struct toy_run run = {.hook = hold_at};
            uint8_t wire[3 * sizeof script];

            assert_int_equal(begin(&run, TEST_LATER, layers[i], 4), MAILPROTO_OK);
            test_bytes_add(&run.host.in, wire, wire_of(layers[i], wire, sizeof wire));
            test_host_settle(&run.host);
            while (run.host.events < stop_at && test_host_act(&run.host))
                test_host_settle(&run.host);
            test_host_lost(&run.host, MAILPROTO_ERR_LOST);
            test_host_rest(&run.host);
            toy_run_check(&run);
            toy_run_end(&run);
        }
}

/* ---- callbacks ---- */

static int32_t free_at(struct toy_run *run, const mailproto_event *event, size_t number)
{
    (void)event;
    if (number < stop_at)
        return 0;
    assert_int_equal(number, stop_at); /* no callback after it */
    mailproto_session_free(run->host.session);
    mailproto_session_free(run->host.session);
    return event->token ? MAILPROTO_USE_DEFAULT : 0;
}

static void test_free_in_each_callback(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int freed = 1;

        for (stop_at = 1; freed; stop_at++) {
            struct toy_run run = {.hook = free_at};

            assert_int_equal(begin(&run, TEST_AT_ONCE, layers[i], 4), MAILPROTO_OK);
            send_script(&run, layers[i], SIZE_MAX, 11);
            freed = run.host.freed;
            if (freed)
                assert_int_equal(run.host.result, MAILPROTO_FREED);
            toy_run_end(&run);
            assert_int_equal(run.records.freed, layers[i] != 0);
        }
        assert_true(stop_at > 13);
    }
}

static int32_t finish_at(struct toy_run *run, const mailproto_event *event, size_t number)
{
    (void)event;
    if (number == stop_at)
        assert_int_equal(mailproto_session_finish(run->host.session), MAILPROTO_OK);
    return 0;
}

/* What the peer was sent, records opened. */
static size_t sent(struct toy_run *run, size_t layer, char *text, size_t size)
{
    size_t n = run->host.out.len, rest = 0;
    int notify = 1;

    assert_true(n < size);
    memset(text, 0, size);
    if (layer)
        n = test_records_open((uint8_t *)text, run->host.out.ptr + 3, n - 3, &notify, &rest);
    else
        memcpy(text, run->host.out.ptr, n);
    assert_true(notify);
    assert_int_equal(rest, 0);
    return n;
}

static void test_finish_in_each_callback(void **state)
{
    char text[2000];

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++)
            for (stop_at = 1; stop_at < 20; stop_at++) {
                struct toy_run run = {.hook = finish_at};
                size_t n;

                assert_int_equal(begin(&run, mode, layers[i], 4), MAILPROTO_OK);
                send_script(&run, layers[i], SIZE_MAX, 9);
                n = sent(&run, layers[i], text, sizeof text);
                toy_run_check(&run);
                assert_int_equal(run.host.why, 0);
                assert_true(!strcmp(text + n - 5, "BYE\r\n") || !strcmp(text + n - 9, "CLOSING\r\n"));
                toy_run_end(&run);
            }
}

/* Holds at one event: until release there is no event and nothing is taken, and what was made goes out. */
static void hold_once(uint32_t mode, size_t layer, const char *expected)
{
    struct toy_run run = {.hook = hold_at};
    uint8_t wire[3 * sizeof script];
    size_t events, left;
    char text[2000];

    assert_int_equal(begin(&run, mode, layer, 4), MAILPROTO_OK);
    test_bytes_add(&run.host.in, wire, wire_of(layer, wire, sizeof wire));
    do
        test_host_settle(&run.host);
    while (!run.host.held && test_host_act(&run.host));
    if (run.host.held && !run.host.closed) {
        events = run.host.events;
        left = run.host.in.len;
        assert_int_equal(events, stop_at);
        assert_true(mailproto_session_wants(run.host.session) & MAILPROTO_WANTS_HOST);
        assert_false(mailproto_session_wants(run.host.session) & MAILPROTO_WANTS_READ);
        assert_int_equal(mailproto_session_deadline(run.host.session), UINT64_MAX); /* the peer's clock stands */
        run.host.now += 100000;
        mailproto_session_tick(run.host.session, run.host.now);
        mailproto_session_finish(run.host.session);
        test_host_settle(&run.host);
        assert_int_equal(run.host.events, events);
        assert_int_equal(run.host.in.len, left);
    }
    test_host_rest(&run.host);
    sent(&run, layer, text, sizeof text);
    if (stop_at == 0)
        assert_string_equal(text, expected);
    toy_run_check(&run);
    toy_run_end(&run);
}

static void test_hold_in_each_callback(void **state)
{
    struct toy_run run = {0};
    char expected[2000];

    (void)state;
    assert_int_equal(begin(&run, TEST_AT_ONCE, 0, 4), MAILPROTO_OK);
    send_script(&run, 0, SIZE_MAX, 0);
    sent(&run, 0, expected, sizeof expected);
    toy_run_end(&run);
    for (size_t i = 0; i < 2; i++)
        for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++)
            for (stop_at = 0; stop_at < 20; stop_at++)
                hold_once(mode, layers[i], expected);
}

/* A callback that fails: requests have their failing answer, events end what they belong to. */
static int32_t fail_at(struct toy_run *run, const mailproto_event *event, size_t number)
{
    (void)run;
    (void)event;
    return number == stop_at ? MAILPROTO_ERR_HOST : 0;
}

static void test_fail_in_each_callback(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (stop_at = 1; stop_at < 20; stop_at++) {
            struct toy_run run = {.hook = fail_at};

            assert_int_equal(begin(&run, TEST_AT_ONCE, layers[i], 4), MAILPROTO_OK);
            send_script(&run, layers[i], SIZE_MAX, 5);
            toy_run_check(&run);
            toy_run_end(&run);
        }
}

/* The table of mailproto/session.h, "CALLBACKS": the verbs that are refused, and those that are not. */
static int32_t call_all(struct toy_run *run, const mailproto_event *event, size_t number)
{
    mailproto_session *inner = toy_session(run->toy), *each[2] = {run->host.session, inner};
    const uint8_t *data;
    uint8_t octet = 'x';
    size_t n;

    (void)number;
    for (size_t i = 0; i < 2; i++) {
        mailproto_session *s = each[i];

        n = 7;
        assert_int_equal(mailproto_session_feed(s, &octet, 1, 1, &n), MAILPROTO_ERR_REENTRANT);
        assert_int_equal(n, 0);
        assert_int_equal(mailproto_session_eof(s, 1), MAILPROTO_ERR_REENTRANT);
        assert_int_equal(mailproto_session_lost(s, MAILPROTO_ERR_LOST, NULL, 0, 1), MAILPROTO_ERR_REENTRANT);
        assert_int_equal(mailproto_session_output(s, &data, &n), MAILPROTO_ERR_REENTRANT);
        assert_int_equal(mailproto_session_read_output(s, &octet, 1, &n), MAILPROTO_ERR_REENTRANT);
        assert_int_equal(mailproto_session_output_ack(s, 0), MAILPROTO_ERR_REENTRANT);
        assert_int_equal(mailproto_session_tick(s, 1), MAILPROTO_ERR_REENTRANT);
        assert_int_equal(mailproto_session_tls_started(s, NULL), MAILPROTO_ERR_REENTRANT);
        assert_null(mailproto_session_next_event(s));
        assert_int_equal(mailproto_session_set_wall(s, 1000), MAILPROTO_OK);
        assert_int_equal(mailproto_session_use_default(s, event->token + 12345), MAILPROTO_ERR_TOKEN);
        assert_int_equal(mailproto_session_cancel(s, 12345), MAILPROTO_ERR_TOKEN);
        assert_int_equal(mailproto_session_piece_end(s, 12345), MAILPROTO_ERR_TOKEN);
        assert_int_equal(mailproto_session_hold(s), MAILPROTO_OK);
        assert_int_equal(mailproto_session_release(s), MAILPROTO_OK);
        mailproto_session_wants(s);
        mailproto_session_deadline(s);
    }
    return 0;
}

static void test_reentrancy(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct toy_run run = {.hook = call_all};

        assert_int_equal(begin(&run, TEST_AT_ONCE, layers[i], 4), MAILPROTO_OK);
        send_script(&run, layers[i], SIZE_MAX, 5);
        toy_run_check(&run);
        assert_int_equal(run.host.why, 0);
        toy_run_end(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_memory_max),
        cmocka_unit_test(test_lost_and_eof_at_each_octet),
        cmocka_unit_test(test_lost_at_each_event),
        cmocka_unit_test(test_free_in_each_callback),
        cmocka_unit_test(test_finish_in_each_callback),
        cmocka_unit_test(test_hold_in_each_callback),
        cmocka_unit_test(test_fail_in_each_callback),
        cmocka_unit_test(test_reentrancy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
