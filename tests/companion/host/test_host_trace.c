/* test_host_trace.c - what crosses the wire as lines for people: credentials hidden, nothing a peer says forges a line.
 * include/mailproto/host_trace.h. */
#include "scene.h"

#include <unistd.h>

static char shown[8000];

static void line(const char *text, size_t len, void *user)
{
    (void)user;
    assert_int_equal(strlen(text), len);
    assert_true(strlen(shown) + len + 2 < sizeof shown);
    strcat(shown, text);
    strcat(shown, "\n");
}

static void show(mailproto_host_tracer *tracer, uint32_t direction, uint32_t kind, const char *text, size_t len)
{
    const mailproto_trace trace = {.head = {sizeof trace, MAILPROTO_EVENT_TRACE, 0},
                                   .direction = direction,
                                   .kind = kind,
                                   .bytes = {text, len}};

    assert_int_equal(mailproto_host_trace(tracer, &trace), MAILPROTO_OK);
}

static void begin(mailproto_host_tracer *tracer, uint32_t flags)
{
    *shown = 0;
    assert_int_equal(mailproto_host_tracer_init(tracer, sizeof *tracer), MAILPROTO_OK);
    tracer->flags = flags;
    tracer->line = line;
}

static void test_lines(void **state)
{
    mailproto_host_tracer tracer;

    (void)state;
    begin(&tracer, 0);
    show(&tracer, MAILPROTO_TRACE_IN, MAILPROTO_TRACE_LINE, "220 mx\r\n", 8);
    show(&tracer, MAILPROTO_TRACE_OUT, MAILPROTO_TRACE_LINE, "EHLO pc\r\nNOOP\r\n", 15);
    show(&tracer, MAILPROTO_TRACE_OUT, MAILPROTO_TRACE_PRIVATE, "AUTH PLAIN x\r\n", 14);
    show(&tracer, MAILPROTO_TRACE_OUT, MAILPROTO_TRACE_BODY, "abc\r\n", 5);
    show(&tracer, MAILPROTO_TRACE_OUT, MAILPROTO_TRACE_BODY, "abcd\r\n", 6);
    show(&tracer, MAILPROTO_TRACE_IN, MAILPROTO_TRACE_LINE, "250 ok", 6);
    show(&tracer, MAILPROTO_TRACE_OUT, MAILPROTO_TRACE_BODY, "x", 1);
    assert_int_equal(mailproto_host_trace_end(&tracer), MAILPROTO_OK);
    assert_int_equal(mailproto_host_trace_end(&tracer), MAILPROTO_OK);
    assert_string_equal(shown, "S: 220 mx\nC: EHLO pc\nC: NOOP\nC: (14 octets, hidden)\n"
                               "C: (message text, 11 octets)\nS: 250 ok\nC: (message text, 1 octets)\n");
}

static void test_server_and_label(void **state)
{
    mailproto_host_tracer tracer;

    (void)state;
    begin(&tracer, MAILPROTO_HOST_TRACE_SERVER);
    tracer.label = text_of("17 ");
    show(&tracer, MAILPROTO_TRACE_IN, MAILPROTO_TRACE_LINE, "EHLO pc\r\n", 9);
    show(&tracer, MAILPROTO_TRACE_OUT, MAILPROTO_TRACE_LINE, "250 mx\r\n", 8);
    assert_string_equal(shown, "17 C: EHLO pc\n17 S: 250 mx\n");
}

static void test_time(void **state)
{
    mailproto_host_tracer tracer;
    static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddZ S: x\n";

    (void)state;
    begin(&tracer, MAILPROTO_HOST_TRACE_TIME);
    show(&tracer, MAILPROTO_TRACE_IN, MAILPROTO_TRACE_LINE, "x\r\n", 3);
    assert_int_equal(strlen(shown), sizeof shape - 1);
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        if (shape[i] == 'd')
            assert_in_range(shown[i], '0', '9');
        else
            assert_int_equal(shown[i], shape[i]);
    }
}

static void test_nothing_is_forged(void **state)
{
    static const struct {
        const char *said, *shown;
    } rows[] = {
        {"\x1b[31mred\x7f", "\\x1b[31mred\\x7f"},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7"},
        {"\xff\xc3(", "\\xff\\xc3("},
        {"\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xc2\x9b", "\\xc0\\xaf\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80\\xc2\\x9b"},
        {"a\rb\tc", "a\\x0db\\x09c"},
        {"\xe2\x82", "\\xe2\\x82"},
    };
    mailproto_host_tracer tracer;
    char expected[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(&tracer, 0);
        show(&tracer, MAILPROTO_TRACE_IN, MAILPROTO_TRACE_LINE, rows[i].said, strlen(rows[i].said));
        snprintf(expected, sizeof expected, "S: %s\n", rows[i].shown);
        assert_string_equal(shown, expected);
    }
}

/* A line of any length is cut, not written over anything. */
static void test_long_line(void **state)
{
    mailproto_host_tracer tracer;
    char *text = malloc(100000);

    (void)state;
    assert_non_null(text);
    memset(text, 1, 100000);
    begin(&tracer, 0);
    show(&tracer, MAILPROTO_TRACE_IN, MAILPROTO_TRACE_LINE, text, 100000);
    assert_in_range(strlen(shown), 1500, 2100);
    free(text);
}

/* Standard error, where no function takes the lines. */
static void test_standard_error(void **state)
{
    mailproto_host_tracer tracer;
    char said[64] = "";
    int ends[2], before = dup(STDERR_FILENO);

    (void)state;
    assert_int_equal(pipe(ends), 0);
    begin(&tracer, 0);
    tracer.line = NULL;
    dup2(ends[1], STDERR_FILENO);
    show(&tracer, MAILPROTO_TRACE_OUT, MAILPROTO_TRACE_LINE, "NOOP\r\n", 6);
    dup2(before, STDERR_FILENO);
    assert_int_equal(read(ends[0], said, sizeof said - 1), 8);
    assert_string_equal(said, "C: NOOP\n");
    close(before);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(mailproto_host_trace(NULL, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_host_trace(&tracer, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_host_trace_end(NULL), MAILPROTO_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),     cmocka_unit_test(test_server_and_label),
        cmocka_unit_test(test_time),      cmocka_unit_test(test_nothing_is_forged),
        cmocka_unit_test(test_long_line), cmocka_unit_test(test_standard_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
