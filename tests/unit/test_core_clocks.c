/* Clocks: whose time runs when, when the session wants to be woken, and that it never asks twice for the same moment.
   contract.md section 2, "Time". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/engine.h"
#include "support/toy_host.h"

static int32_t leave_open(struct toy_run *run, const mailproto_event *event, size_t number)
{
    (void)run;
    (void)event;
    (void)number;
    return 0;
}

static void begin(struct toy_run *run, const struct toy_config *config, uint32_t mode, uint64_t now)
{
    memset(run, 0, sizeof *run);
    run->hook = leave_open;
    run->host.now = now;
    assert_int_equal(toy_run_begin(run, config, mode, 3, 0), MAILPROTO_OK);
    assert_int_equal(mailproto_session_deadline(run->host.session), 0);
    test_host_settle(&run->host);
}

static void send(struct toy_run *run, const char *text)
{
    test_bytes_text(&run->host.in, text);
    test_host_settle(&run->host);
}

static void said(const struct toy_run *run, const char *text)
{
    assert_int_equal(run->host.out.len, strlen(text));
    assert_memory_equal(run->host.out.ptr, text, strlen(text));
}

static uint64_t deadline(const struct toy_run *run)
{
    return mailproto_session_deadline(run->host.session);
}

/* A limit runs to a complete command, not to an octet. */
static void test_peer(void **state)
{
    struct toy_config config = {.command_ms = 1000};
    struct toy_run run;

    (void)state;
    begin(&run, &config, TEST_AT_ONCE, 5000);
    assert_int_equal(deadline(&run), 6000);
    run.host.now = 5900;
    send(&run, "ASK");
    assert_int_equal(deadline(&run), 6000);
    run.host.now = 5950;
    send(&run, " 2\r\n");
    assert_int_equal(deadline(&run), 6950);
    assert_int_equal(test_host_wait(&run.host, 6949), 0);
    assert_false(run.host.closed);
    assert_int_equal(test_host_wait(&run.host, 6950), 1);
    said(&run, "HELLO\r\nA 2 yes\r\nTIMEOUT\r\n");
    assert_int_equal(run.host.why, MAILPROTO_ERR_TIMEOUT);
    toy_run_check(&run);
    toy_run_end(&run);
}

/* The peer's clock stands while the host owes an answer or holds. */
static void test_peer_waits_for_host(void **state)
{
    struct toy_config config = {.command_ms = 1000, .max_open = 4};

    (void)state;
    for (uint32_t mode = TEST_LATER; mode <= TEST_POLLED; mode++) {
        struct toy_run run;

        begin(&run, &config, mode, 0);
        while (test_host_act(&run.host))
            test_host_settle(&run.host);
        run.host.mode = mode;
        run.host.now = 400;
        send(&run, "ASK 1\r\nAS");
        if (run.host.pending_count) { /* polled hosts answer now and then at once */
            assert_int_equal(deadline(&run), UINT64_MAX);
            run.host.now = 100000;
            test_host_settle(&run.host);
            test_host_act(&run.host);
            assert_int_equal(deadline(&run), 0); /* it begins again with the next call that tells the time */
            test_host_settle(&run.host);
            assert_int_equal(deadline(&run), 101000);
        }
        mailproto_session_hold(run.host.session);
        assert_int_equal(deadline(&run), UINT64_MAX);
        run.host.now += 50000;
        test_host_settle(&run.host);
        mailproto_session_release(run.host.session);
        test_host_settle(&run.host);
        assert_in_range(deadline(&run), run.host.now + 1, run.host.now + 1000);
        assert_false(run.host.closed);
        toy_run_end(&run);
    }
}

/* A host that owes for too long: CANCEL, and the peer gets the failing reply. */
static void test_answer_limit(void **state)
{
    struct toy_config config = {.answer_ms = 500, .command_ms = 100000, .max_open = 4};
    struct toy_run run;

    (void)state;
    begin(&run, &config, TEST_LATER, 0);
    test_host_act(&run.host);
    run.host.now = 1000;
    send(&run, "ASK 1\r\n");
    run.host.now = 1200;
    send(&run, "ASK 2\r\n");
    assert_int_equal(deadline(&run), 1500);
    assert_int_equal(test_host_wait(&run.host, 2000), 1);
    assert_int_equal(run.host.cancels, 1);
    said(&run, "HELLO\r\nA 1 fail\r\n");
    assert_int_equal(deadline(&run), 1700);
    assert_int_equal(run.host.pending_count, 1);
    test_host_rest(&run.host);
    said(&run, "HELLO\r\nA 1 fail\r\nA 2 yes\r\n");
    send(&run, "QUIT\r\n");
    toy_run_check(&run);
    toy_run_end(&run);
}

/* An answer with a delay goes out in its turn and not before its time; those behind it wait for it. */
static void test_delay(void **state)
{
    struct toy_config config = {.command_ms = 100000, .max_open = 4};
    struct toy_run run;
    uint64_t first;

    (void)state;
    begin(&run, &config, TEST_LATER, 0);
    test_host_act(&run.host);
    send(&run, "ASK 1\r\nASK 2\r\n");
    first = run.host.pending[0].n == 1 ? run.host.pending[0].token : run.host.pending[1].token;
    run.delay = 300;
    run.host.now = 50;
    for (size_t i = 0; i < 2; i++)
        if (run.host.pending[i].token == first) {
            run.host.answer(&run.host, &run.host.pending[i]);
            run.host.pending[i] = run.host.pending[--run.host.pending_count];
            break;
        }
    assert_int_equal(deadline(&run), 0);
    run.host.now = 100; /* the call with the time that the clock of the delay begins with */
    test_host_settle(&run.host);
    assert_int_equal(deadline(&run), 400);
    run.delay = 0;
    test_host_rest(&run.host);
    said(&run, "HELLO\r\n");
    assert_int_equal(deadline(&run), 400);
    assert_int_equal(test_host_wait(&run.host, 399), 0);
    said(&run, "HELLO\r\n");
    assert_int_equal(test_host_wait(&run.host, 400), 1);
    said(&run, "HELLO\r\nA 1 no\r\nA 2 yes\r\n");
    toy_run_end(&run);
}

/* A peer that takes nothing of what is sent to it. */
static void test_stall(void **state)
{
    struct toy_config config = {.stall_ms = 700};
    struct toy_run run;
    const uint8_t *data;
    size_t n;

    (void)state;
    begin(&run, &config, TEST_AT_ONCE, 0);
    mailproto_session_feed(run.host.session, "NOPE\r\n", 6, 100, &n);
    assert_int_equal(deadline(&run), 800);
    mailproto_session_output(run.host.session, &data, &n);
    assert_int_equal(n, 3);
    mailproto_session_output_ack(run.host.session, 1);
    assert_int_equal(deadline(&run), 0);
    mailproto_session_tick(run.host.session, 500);
    assert_int_equal(deadline(&run), 1200);
    mailproto_session_tick(run.host.session, 1199);
    assert_false(run.host.closed);
    mailproto_session_tick(run.host.session, 1200);
    assert_int_equal(run.host.closed, 1);
    assert_int_equal(run.host.why, MAILPROTO_ERR_TIMEOUT);
    assert_int_equal(mailproto_session_wants(run.host.session), MAILPROTO_WANTS_CLOSE);
    toy_run_check(&run);
    toy_run_end(&run);

    begin(&run, &config, TEST_AT_ONCE, 0); /* also when all is over but the last line */
    mailproto_session_feed(run.host.session, "QUIT\r\n", 6, 100, &n);
    assert_int_equal(run.host.closed, 1);
    assert_int_equal(mailproto_session_wants(run.host.session), MAILPROTO_WANTS_WRITE);
    assert_int_equal(deadline(&run), 800);
    mailproto_session_tick(run.host.session, 800);
    toy_run_check(&run);
    toy_run_end(&run);
}

/* While the host holds, its answers still have their limit, and nothing makes the session ask for time that is past. */
static void test_held_at_the_end(void **state)
{
    struct toy_config config = {.answer_ms = 500, .stall_ms = 700, .command_ms = 300};
    struct toy_run run;

    (void)state;
    for (int ended = 0; ended < 2; ended++) {
        begin(&run, &config, TEST_LATER, 0);
        mailproto_session_hold(run.host.session);
        run.host.held = 1;
        if (ended)
            test_host_lost(&run.host, MAILPROTO_ERR_LOST);
        while (test_host_wait(&run.host, 100000))
            ;
        assert_int_equal(deadline(&run), UINT64_MAX);
        assert_int_equal(run.host.closed, 0);
        assert_true(mailproto_session_wants(run.host.session) & MAILPROTO_WANTS_HOST);
        mailproto_session_release(run.host.session);
        run.host.held = 0;
        test_host_settle(&run.host);
        assert_int_equal(run.host.closed, 1); /* lost, or refused at the greeting */
        assert_int_equal(run.host.cancels, 1);
        toy_run_check(&run);
        toy_run_end(&run);
    }
}

static void test_handshake(void **state)
{
    struct toy_config config = {.tls_ms = 250, .implicit_tls = 1};
    struct toy_run run;

    (void)state;
    begin(&run, &config, TEST_AT_ONCE, 1000);
    assert_int_equal(mailproto_session_wants(run.host.session), MAILPROTO_WANTS_TLS);
    assert_int_equal(deadline(&run), 1250);
    assert_int_equal(test_host_wait(&run.host, 2000), 1);
    assert_int_equal(run.host.why, MAILPROTO_ERR_TIMEOUT);
    toy_run_end(&run);
}

static void test_wall(void **state)
{
    struct toy_config config = {.command_ms = 10000000};
    struct toy_run run;
    const struct mp_engine *e;

    (void)state;
    begin(&run, &config, TEST_AT_ONCE, 7000);
    e = (const struct mp_engine *)(void *)toy_session(run.toy);
    assert_int_equal(mp_wall(e), 0);
    mailproto_session_set_wall(run.host.session, 1700000000);
    assert_int_equal(deadline(&run), 0);
    run.host.now = 9000; /* the next `now` is when it was told */
    test_host_settle(&run.host);
    assert_int_equal(mp_wall(e), 1700000000);
    run.host.now = 11999;
    mailproto_session_tick(run.host.session, run.host.now);
    assert_int_equal(mp_wall(e), 1700000002);
    mailproto_session_tick(run.host.session, 3); /* time does not run backwards */
    assert_int_equal(mp_wall(e), 1700000002);
    toy_run_end(&run);
}

/* In every way of driving: once at rest the deadline is in the future, and waking there and then always leads on. */
static void test_never_in_the_past(void **state)
{
    struct toy_config config = {.max_open = 4, .command_ms = 50, .answer_ms = 40, .stall_ms = 30, .tls_ms = 20};

    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct toy_run run = {0};
        unsigned wakes = 0;

        run.host.holds = seed & 1;
        run.delay = (uint32_t)(seed % 3) * 20;
        assert_int_equal(toy_run_begin(&run, &config, seed % 3, seed, 0), MAILPROTO_OK);
        for (int i = 0; i < 40; i++) {
            uint64_t before;

            if (test_random_below(&run.host.random, 2))
                send(&run, i % 5 ? "ASK 1\r\n" : "GET 100\r\n");
            if (test_random_below(&run.host.random, 3) == 0)
                test_host_act(&run.host);
            test_host_settle(&run.host);
            before = run.host.now;
            assert_true(deadline(&run) > before);
            wakes += (unsigned)test_host_wait(&run.host, before + 15);
        }
        for (int quiet = 0; quiet < 2; assert_true(++wakes < 1000))
            quiet = test_host_act(&run.host) || test_host_wait(&run.host, run.host.now + 1000) ? 0 : quiet + 1;
        toy_run_check(&run);
        toy_run_end(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer),
        cmocka_unit_test(test_peer_waits_for_host),
        cmocka_unit_test(test_answer_limit),
        cmocka_unit_test(test_delay),
        cmocka_unit_test(test_stall),
        cmocka_unit_test(test_held_at_the_end),
        cmocka_unit_test(test_wall),
        cmocka_unit_test(test_handshake),
        cmocka_unit_test(test_never_in_the_past),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
