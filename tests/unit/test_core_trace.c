/* The trace: all that crosses, in order, each octet once, with the event that came of it behind it; PRIVATE apart.
   contract.md section 2, "Events"; include/mailproto/session.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/engine.h"
#include "support/toy_host.h"

struct trace {
    struct test_bytes in, out; /* octets of traces */
    struct test_bytes order;   /* < > and a letter for each event */
    uint32_t holds;
};

static int32_t note(struct toy_run *run, const mailproto_event *event, size_t number)
{
    const mailproto_trace *t = (const mailproto_trace *)event;
    struct trace *trace = run->hook_user;

    (void)number;
    if (event->type == TOY_ASK)
        test_bytes_text(&trace->order, "a");
    else if (event->type == TOY_SLICE)
        test_bytes_text(&trace->order, "s");
    else if (event->type == MAILPROTO_EVENT_CLOSED)
        test_bytes_text(&trace->order, "C");
    if (event->type != MAILPROTO_EVENT_TRACE)
        return 0;
    if (trace->holds) {
        mailproto_session_hold(run->host.session);
        run->host.held = 1;
    }
    test_bytes_text(&trace->order, t->direction == MAILPROTO_TRACE_IN ? "<" : ">");
    test_bytes_add(t->direction == MAILPROTO_TRACE_IN ? &trace->in : &trace->out, t->bytes.ptr, t->bytes.len);
    return 0;
}

static const char script[] = "ASK 1\r\nASK 2\r\nBODY 10\r\n0123456789GET 3000\r\nNO\r\nQUIT\r\n";

static void converse(struct toy_run *run, struct trace *trace, uint32_t mode, uint32_t kinds, size_t cut)
{
    struct toy_config config = {.max_open = 4};

    *run = (struct toy_run){.hook = note, .hook_user = trace};
    assert_int_equal(toy_run_begin(run, &config, mode, cut, 0), MAILPROTO_OK);
    assert_int_equal(mailproto_session_set_trace(run->host.session, kinds), MAILPROTO_OK);
    test_host_send(&run->host, script, sizeof script - 1, cut);
    toy_run_check(run);
}

static void free_trace(struct trace *trace)
{
    test_bytes_free(&trace->in);
    test_bytes_free(&trace->out);
    test_bytes_free(&trace->order);
}

static void test_all_octets(void **state)
{
    (void)state;
    for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++)
        for (size_t cut = 0; cut < 50; cut++) {
            struct trace trace = {.holds = cut % 2};
            struct toy_run run;

            converse(&run, &trace, mode, MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_BODY, cut);
            assert_int_equal(trace.in.len, sizeof script - 1);
            assert_memory_equal(trace.in.ptr, script, sizeof script - 1);
            assert_int_equal(trace.out.len, run.host.out.len);
            assert_memory_equal(trace.out.ptr, run.host.out.ptr, trace.out.len);
            free_trace(&trace);
            toy_run_end(&run);
        }
}

static void test_order(void **state)
{
    struct trace trace = {{0}, {0}, {0}, 0};
    struct toy_run run;

    (void)state;
    converse(&run, &trace, TEST_AT_ONCE, MAILPROTO_TRACE_LINE, 0);
    test_bytes_add(&trace.order, "", 1);
    /* HELLO; two ASK, each answered; BODY, its octets not traced, its answer; GET and its lines; NO; QUIT */
    assert_string_equal(trace.order.ptr, "><a><a><s><>><><>C");
    free_trace(&trace);
    toy_run_end(&run);
}

static void test_kinds(void **state)
{
    struct trace trace = {{0}, {0}, {0}, 0};
    struct toy_run run;

    (void)state;
    converse(&run, &trace, TEST_AT_ONCE, MAILPROTO_TRACE_BODY, 0);
    assert_int_equal(trace.in.len, 10);
    assert_memory_equal(trace.in.ptr, "0123456789", 10);
    assert_int_equal(trace.out.len, 3000);
    free_trace(&trace);
    toy_run_end(&run);
    memset(&trace, 0, sizeof trace);
    converse(&run, &trace, TEST_AT_ONCE, 0, 0);
    assert_int_equal(trace.in.len + trace.out.len, 0);
    free_trace(&trace);
    toy_run_end(&run);
}

/* Credentials hide what is made in one go behind them. */
static void test_private(void **state)
{
    struct trace trace = {{0}, {0}, {0}, 0};
    struct toy_config config = {0};
    struct toy_run run = {.hook = note, .hook_user = &trace};
    struct mp_engine *e;

    (void)state;
    assert_int_equal(toy_run_begin(&run, &config, TEST_AT_ONCE, 1, 0), MAILPROTO_OK);
    e = (struct mp_engine *)(void *)toy_session(run.toy);
    mailproto_session_set_trace(run.host.session, MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_BODY);
    mp_out_put(e, "AUTH ", 5, MAILPROTO_TRACE_LINE);
    mp_out_put(e, "secret", 6, MAILPROTO_TRACE_PRIVATE);
    mp_out_put(e, "\r\n", 2, MAILPROTO_TRACE_LINE);
    test_host_settle(&run.host);
    assert_int_equal(run.host.out.len, 13 + 7);
    assert_int_equal(trace.out.len, 5 + 7);
    assert_memory_equal(trace.out.ptr, "AUTH HELLO\r\n", 12);
    mailproto_session_set_trace(run.host.session, MAILPROTO_TRACE_PRIVATE);
    mp_out_put(e, "secret", 6, MAILPROTO_TRACE_PRIVATE);
    test_host_settle(&run.host);
    assert_int_equal(trace.out.len, 18);
    free_trace(&trace);
    toy_run_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_octets),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_private),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
