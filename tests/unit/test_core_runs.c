/* One conversation with the engine of the tests in every way a host may drive it: cut anywhere, answered at once, later or
   by polling, held and released, bare and behind a layer. The octets sent are always the same.
   contract.md section 5.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/toy_host.h"

enum { RUNS = 200 };
enum { CLEAR, STARTED, IMPLICIT, WAYS };

static const char before_tls[] =
    "ASK 1\r\nASK 2\r\nASK 3\r\nASK 4\r\nASK 5\r\nASK 6\r\nBODY 300\r\n"
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
    "ASK 7\r\nGET 1000\r\nNOPE\r\nBODY 0\r\nASK 8\r\n"
    "this line is longer than the one hundred and twenty-eight octets that a line of this server may have, and is "
    "skipped "
    "in step and answered as one\r\nASK 88\r\n";
static const char after_tls[] =
    "ASK 10\r\nASK 11\r\nBODY 5\r\nhelloGET 9000\r\nASK 12\r\nASK 13\r\nASK 14\r\nASK 15\r\n"
    "ASK 16\r\nQUIT\r\n";

static void begin(struct toy_run *run, unsigned seed, uint32_t mode, int way)
{
    static const uint32_t opens[] = {1, 4, 16};
    struct toy_config config = {.max_open = opens[seed % 3], .implicit_tls = way == IMPLICIT, .command_ms = 1000};
    size_t layer = way == CLEAR ? 0 : seed % 5 ? 1 + (seed * 37) % 400 : TEST_RECORD_MAX;

    memset(run, 0, sizeof *run);
    run->records.record = seed % 7;
    run->host.holds = seed & 1;
    assert_int_equal(toy_run_begin(run, &config, mode, seed * 7919 + mode * 31 + (unsigned)way, layer), MAILPROTO_OK);
}

/* What the peer sees, records opened, "GO" and the handshake's answer left out: the same whatever the way. */
static void plain_output(struct toy_run *run, size_t clear, struct test_bytes *to)
{
    struct test_bytes *out = &run->host.out;
    uint8_t *opened = malloc(out->len + 1);
    size_t n, rest;
    int notify;

    assert_non_null(opened);
    test_bytes_add(to, out->ptr, clear);
    assert_true(out->len >= clear + 3);
    assert_memory_equal(out->ptr + clear, "OK!", 3);
    n = test_records_open(opened, out->ptr + clear + 3, out->len - clear - 3, &notify, &rest);
    assert_int_equal(rest, 0);
    assert_true(notify);
    test_bytes_add(to, opened, n);
    free(opened);
}

static uint64_t sum_of_bodies(void)
{
    const char *first = strstr(before_tls, "BODY 300\r\n") + 10;
    uint64_t sum = 0;

    for (size_t i = 0; i < 300; i++)
        sum = sum * 31 + (uint8_t)first[i];
    for (const char *p = "hello"; *p; p++)
        sum = sum * 31 + (uint8_t)*p;
    return sum;
}

static void send_records(struct toy_run *run, const char *text, size_t n, unsigned seed, size_t cut)
{
    uint8_t *wire = malloc(3 * n + 16);

    assert_non_null(wire);
    test_host_send(&run->host, wire, test_records_seal(wire, text, n, 1 + (seed * 13) % 200), cut);
    free(wire);
}

static void converse(unsigned seed, uint32_t mode, int way, struct test_bytes *to)
{
    size_t cut = seed % 3 == 0 ? 1 : seed % 3 == 1 ? 0 : 100000, clear = 0;
    struct toy_run run;

    begin(&run, seed, mode, way);
    if (way == IMPLICIT) {
        test_host_settle(&run.host);
        test_host_send(&run.host, "HI!", 3, cut);
        send_records(&run, before_tls, sizeof before_tls - 1, seed, cut);
    } else {
        test_host_send(&run.host, before_tls, sizeof before_tls - 1, cut);
    }
    if (way == STARTED) {
        test_host_send(&run.host, "TLS\r\n", 5, cut);
        clear = run.host.out.len - 4;
        assert_memory_equal(run.host.out.ptr + clear, "GO\r\n", 4);
        test_host_send(&run.host, "HI!", 3, cut);
        memmove(run.host.out.ptr + clear, run.host.out.ptr + clear + 4, run.host.out.len - clear - 4);
        run.host.out.len -= 4;
    }
    if (way == CLEAR) {
        test_host_send(&run.host, after_tls, sizeof after_tls - 1, cut);
        test_bytes_add(to, run.host.out.ptr, run.host.out.len);
    } else {
        send_records(&run, after_tls, sizeof after_tls - 1, seed, cut);
        plain_output(&run, clear, to);
    }
    toy_run_check(&run);
    assert_int_equal(run.host.why, 0);
    assert_int_equal(run.host.cancels, 0);
    assert_int_equal(run.body, 305);
    assert_int_equal(run.sum, sum_of_bodies());
    assert_int_equal(run.ends, 3);
    assert_int_equal(run.tls_events, way != CLEAR);
    toy_run_end(&run);
    assert_int_equal(run.records.freed, way != CLEAR);
}

static void test_same_octets(void **state)
{
    struct test_bytes expected = {0};
    const char *runs = getenv("MAILPROTO_RUNS");
    unsigned n = runs ? (unsigned)atoi(runs) : RUNS;

    (void)state;
    converse(2, TEST_AT_ONCE, CLEAR, &expected);
    for (unsigned seed = 0; seed < n; seed++)
        for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++)
            for (int way = CLEAR; way < WAYS; way++) {
                struct test_bytes got = {0};

                converse(seed, mode, way, &got);
                if (got.len != expected.len || memcmp(got.ptr, expected.ptr, got.len))
                    fail_msg("seed %u, mode %u, way %d: %zu octets instead of %zu", seed, mode, way, got.len,
                             expected.len);
                test_bytes_free(&got);
            }
    test_bytes_free(&expected);
}

/* What the conversation must have said, so that being the same means something. */
static void test_what_is_said(void **state)
{
    static const char begins[] = "HELLO\r\nA 1 no\r\nA 2 yes\r\nA 3 no\r\nA 4 yes\r\nA 5 no\r\nA 6 yes\r\nB 300\r\n"
                                 "A 7 no\r\n+1000\r\nabcdefghij";
    static const char middle[] =
        "\r\n?\r\nB 0\r\nA 8 yes\r\n?\r\nA 88 yes\r\nA 10 yes\r\nA 11 no\r\nB 5\r\n+9000\r\nabc";
    static const char ends[] = "\r\nA 12 yes\r\nA 13 no\r\nA 14 yes\r\nA 15 no\r\nA 16 yes\r\nBYE\r\n";
    struct test_bytes said = {0};
    char *text;

    (void)state;
    converse(1, TEST_LATER, CLEAR, &said);
    text = calloc(1, said.len + 1);
    assert_non_null(text);
    memcpy(text, said.ptr, said.len);
    assert_ptr_equal(strstr(text, begins), text);
    assert_non_null(strstr(text, middle));
    assert_string_equal(text + said.len - strlen(ends), ends);
    assert_int_equal(said.len, sizeof begins - 1 - 10 + 1000 + sizeof middle - 1 - 3 + 9000 + sizeof ends - 1);
    free(text);
    test_bytes_free(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_octets),
        cmocka_unit_test(test_what_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
