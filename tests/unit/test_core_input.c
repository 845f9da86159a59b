/* Lines however they are cut: their text, their flags, their length; what is too long is skipped in step; what is kept of
   them is wiped.
   contract.md section 2, "Framing before grammar". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/engine.h"
#include "support/allocator.h"
#include "support/bytes.h"

/* An engine that writes down its lines: flags, offset, text. */
struct lines {
    struct mp_engine base;
    struct test_bytes log;
    size_t max;
    uint32_t kind;
};

static void log_number(struct test_bytes *log, uint64_t n)
{
    char digits[24];
    size_t i = sizeof digits;

    do
        digits[--i] = (char)('0' + n % 10);
    while (n /= 10);
    test_bytes_add(log, digits + i, sizeof digits - i);
    test_bytes_text(log, ":");
}

static int step(struct mp_engine *e)
{
    struct lines *l = (struct lines *)e;
    struct mp_line line;

    if (!mp_line_peek(e, l->max, &line))
        return 0;
    log_number(&l->log, line.flags);
    log_number(&l->log, line.offset);
    test_bytes_add(&l->log, line.ptr, line.len);
    test_bytes_text(&l->log, "\n");
    mp_line_take(e, &line, l->kind);
    return 1;
}

static int32_t dispatch(struct mp_engine *e, const mailproto_event *event)
{
    (void)e;
    (void)event;
    return 0;
}

static int wants_input(const struct mp_engine *e)
{
    (void)e;
    return 1;
}

static uint32_t peer_limit(const struct mp_engine *e)
{
    (void)e;
    return 0;
}

static const struct mp_engine_ops ops = {
    .dispatch = dispatch,
    .step = step,
    .wants_input = wants_input,
    .peer_limit = peer_limit,
};

static struct lines *make(struct test_allocator *memory, size_t max, uint64_t max_skip)
{
    struct mp_engine_setup setup = {.ops = &ops, .allocator = &memory->api, .max_skip = max_skip};
    struct mp_engine *e;
    struct lines *l;

    test_allocator_init(memory);
    assert_int_equal(mp_engine_new(&e, sizeof *l, &setup), MAILPROTO_OK);
    l = (struct lines *)e;
    l->max = max;
    l->kind = MAILPROTO_TRACE_LINE;
    /* a new session looks for work that needs no bytes first */
    assert_int_equal(mailproto_session_wants(&l->base.session), MAILPROTO_WANTS_WRITE);
    assert_int_equal(mailproto_session_tick(&l->base.session, 0), MAILPROTO_OK);
    assert_int_equal(mailproto_session_wants(&l->base.session), MAILPROTO_WANTS_READ);
    return l;
}

/* Feeds what lies in memory of its own, as a host does. */
static void feed(struct lines *l, const char *text, size_t n)
{
    while (n) {
        char *copy = malloc(n);
        size_t taken;

        assert_non_null(copy);
        memcpy(copy, text, n);
        mailproto_session_feed(&l->base.session, copy, n, 0, &taken);
        free(copy);
        assert_true(taken > 0);
        text += taken;
        n -= taken;
    }
}

static void finish(struct lines *l, struct test_allocator *memory)
{
    test_bytes_free(&l->log);
    mailproto_session_free(&l->base.session);
    assert_int_equal(memory->live, 0);
}

static const char text[] =
    "one\r\n\r\ntwo\nthr\ree\r\nf\0our\r\nf\xc3\xbcnf\r\n\n123456789012345678\r\n1234567890123456789\r\n"
    "12345678901234567890123456789012345678901234567890\n\r\r\nsix\r\nand an end that is cut";
static const char expected[] = "0:0:one\n0:5:\n1:7:two\n2:11:thr\ree\n4:19:f\0our\n16:26:f\xc3\xbcnf\n1:33:\n"
                               "0:34:123456789012345678\n8:54:\n8:75:\n2:126:\r\n0:129:six\n";

static void same_lines(const struct lines *l)
{
    assert_int_equal(l->log.len, sizeof expected - 1);
    assert_memory_equal(l->log.ptr, expected, sizeof expected - 1);
}

static void test_every_cut(void **state)
{
    struct test_allocator memory;

    (void)state;
    for (size_t cut = 1; cut < sizeof text; cut++) {
        struct lines *l = make(&memory, 20, 1000);

        for (size_t at = 0; at < sizeof text - 1; at += cut)
            feed(l, text + at, at + cut < sizeof text - 1 ? cut : sizeof text - 1 - at);
        same_lines(l);
        assert_int_equal(mp_in_offset(&l->base), sizeof text - 1);
        finish(l, &memory);
    }
    for (size_t at = 0; at < sizeof text; at++) {
        struct lines *l = make(&memory, 20, 1000);

        feed(l, text, at);
        feed(l, text + at, sizeof text - 1 - at);
        same_lines(l);
        finish(l, &memory);
    }
}

static void test_skip_limit(void **state)
{
    struct test_allocator memory;
    char much[64];

    (void)state;
    memset(much, 'x', sizeof much);
    for (size_t cut = 1; cut <= sizeof much; cut++) {
        struct lines *l = make(&memory, 20, 500);
        size_t n = 0, taken;

        while (!mailproto_session_error(&l->base.session, NULL, NULL, NULL)) {
            mailproto_session_feed(&l->base.session, much, cut, 0, &taken);
            assert_int_equal(taken, cut);
            n += taken;
            assert_true(n <= 500 + cut);
        }
        assert_int_equal(mailproto_session_error(&l->base.session, NULL, NULL, NULL), MAILPROTO_ERR_LIMIT);
        assert_int_equal(l->log.len, 0);
        assert_true(memory.peak < sizeof *l + 200);
        finish(l, &memory);
    }
}

static void test_nothing_is_kept(void **state)
{
    struct test_allocator memory;
    struct lines *l = make(&memory, 100, 500);
    size_t idle = memory.used;

    (void)state;
    feed(l, "half a li", 9);
    assert_true(memory.used > idle);
    feed(l, "ne\r\n", 4);
    assert_int_equal(memory.used, idle);
    feed(l, "a whole one\r\nand one more\r\n", 27);
    assert_int_equal(memory.used, idle);
    finish(l, &memory);
}

/* A secret does not stay behind in memory that was given back, whether it came in parts, grew, was too long or cut off. */
static const char secret[] =
    "AUTH PLAIN c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
    "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0\r\n";
static int found;

static void look_and_free(void *p, size_t n, void *user)
{
    const char *octets = p;

    (void)user;
    for (size_t i = 0; i + 8 <= n; i++)
        found |= !memcmp(octets + i, "c2VjcmV0", 8);
    free(p);
}

static void *take(size_t n, void *user)
{
    (void)user;
    return malloc(n);
}

static void *never(void *p, size_t old_n, size_t n, void *user)
{
    (void)p;
    (void)old_n;
    (void)n;
    (void)user;
    return NULL;
}

static void test_secrets_are_wiped(void **state)
{
    static const size_t maxima[] = {1000, 100};
    mailproto_allocator looking = {sizeof looking, NULL, take, never, look_and_free};
    struct mp_engine_setup setup = {.ops = &ops, .allocator = &looking, .max_skip = 1000};

    (void)state;
    found = 0;
    for (size_t i = 0; i < 2; i++)
        for (size_t most = 1; most <= sizeof secret - 1; most++) {
            struct mp_engine *e;
            struct lines *l;

            assert_int_equal(mp_engine_new(&e, sizeof *l, &setup), MAILPROTO_OK);
            l = (struct lines *)e;
            l->max = maxima[i];
            l->kind = MAILPROTO_TRACE_PRIVATE;
            assert_int_equal(mailproto_session_tick(&l->base.session, 0), MAILPROTO_OK);
            for (size_t at = 0; at < most; at += 10)
                feed(l, secret + at, most - at < 10 ? most - at : 10);
            test_bytes_free(&l->log);
            mailproto_session_free(&l->base.session);
        }
    assert_false(found);
}

static void test_output_is_wiped(void **state)
{
    mailproto_allocator looking = {sizeof looking, NULL, take, never, look_and_free};
    struct mp_engine_setup setup = {.ops = &ops, .allocator = &looking};

    (void)state;
    for (int way = 0; way < 3; way++) {
        struct mp_engine *e;
        const uint8_t *data;
        size_t n;

        found = 0;
        assert_int_equal(mp_engine_new(&e, sizeof(struct lines), &setup), MAILPROTO_OK);
        ((struct lines *)e)->max = 100;
        mp_out_put(e, secret, 40, way == 2 ? MAILPROTO_TRACE_LINE : MAILPROTO_TRACE_PRIVATE);
        mailproto_session_output(&e->session, &data, &n);
        if (way)
            mailproto_session_output_ack(&e->session, n);
        mailproto_session_free(&e->session);
        assert_int_equal(found, way == 2); /* what nobody called a secret is there to be found */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cut),       cmocka_unit_test(test_skip_limit),
        cmocka_unit_test(test_nothing_is_kept), cmocka_unit_test(test_secrets_are_wiped),
        cmocka_unit_test(test_output_is_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
