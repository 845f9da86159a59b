/* Delivery into stores: many recipients, a store that is slow, what a session takes of memory; free and finish in every
   callback.
   mailproto/smtp_server.h, deliver; RFC 5321 4.5.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "smtp/server_store.h"
#include "support/smtp_store_host.h"

#define TEXT "Subject: x\r\n\r\nhello\r\n"

static void start_stores(struct test_post *p, uint64_t seed, int late, int share)
{
    for (int i = 0; i < TEST_POSTS; i++) {
        test_store_start(&p->stores[i], seed + (uint64_t)i);
        p->stores[i].late = late;
        if (share)
            test_store_share(&p->stores[i]);
    }
}

static void say(struct test_post *p, const char *text)
{
    test_bytes_text(&p->host.in, text);
    test_host_rest(&p->host);
}

static int ends_with(const struct test_post *p, const char *text)
{
    size_t n = strlen(text);

    return p->host.out.len >= n && !memcmp(p->host.out.ptr + p->host.out.len - n, text, n);
}

/* ---- many recipients ---- */

/* The stores of this test take 16 uploads each at a time: what is beyond that is for the host. */
static void many(int is_lmtp, int late)
{
    mailproto_smtp_server_config config;
    struct test_allocator memory;
    struct test_post p = {.host = {.now = 0}};
    char line[40];

    test_allocator_init(&memory);
    test_post_config(&config);
    config.max_open = 8;
    if (is_lmtp)
        config.flags |= MAILPROTO_SMTP_SERVER_LMTP;
    start_stores(&p, 1, late, 1);
    assert_int_equal(test_post_start(&p, &config, TEST_LATER, 1, &memory.api), MAILPROTO_OK);
    say(&p, is_lmtp ? "LHLO c\r\nMAIL FROM:<s@c>\r\n" : "EHLO c\r\nMAIL FROM:<s@c>\r\n");
    for (uint32_t i = 0; i < 1000; i++) {
        sprintf(line, "RCPT TO:<%c%u@x>\r\n", i < 48 ? (char)('a' + i % 3) : 'h', (unsigned)i);
        say(&p, line);
    }
    say(&p, "DATA\r\n" TEXT ".\r\n");
    assert_true(ends_with(&p, "250 2.0.0 Message accepted\r\n"));
    for (int i = 0; i < TEST_POSTS; i++) {
        assert_int_equal(test_store_messages(&p.stores[i]), 1); /* one copy for all who share a mailbox */
        assert_int_equal(p.stores[i].messages[0].text.len, strlen("Return-Path: <s@c>\r\n" TEXT));
    }
    assert_int_equal(p.stores[0].shares + p.stores[1].shares + p.stores[2].shares, 2);
    assert_int_equal(p.results, is_lmtp ? 952 : 0);
    assert_true(memory.peak <= mailproto_smtp_server_memory_max(&config));
    test_post_free(&p);
    assert_int_equal(memory.live, 0);
}

static void test_many_recipients(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++)
        many(way & 1, way >> 1);
    assert_true(sizeof(struct mp_smtp_drop) <= 192); /* as the header says */
    assert_true(sizeof(struct mp_smtp_store) <= 512);
}

static void test_idle_between_transactions(void **state)
{
    mailproto_smtp_server_config config;
    struct test_allocator memory;
    struct test_post p = {.host = {.now = 0}};

    (void)state;
    test_allocator_init(&memory);
    test_post_config(&config);
    start_stores(&p, 1, 0, 0);
    assert_int_equal(test_post_start(&p, &config, TEST_AT_ONCE, 1, &memory.api), MAILPROTO_OK);
    say(&p, "EHLO c\r\nMAIL FROM:<s@c>\r\nRCPT TO:<a@x>\r\nDATA\r\n" TEXT ".\r\n");
    assert_int_equal(memory.live, 2); /* the session, and the name the client gave */
    test_post_free(&p);
    assert_int_equal(memory.live, 0);
}

/* ---- a slow store ---- */

enum { PIECE = 65536, PIECES = 800, RATE = 1048576 };

/* 50 MB at 1 MB a second: the client is held back, and its clock stands meanwhile. */
static void slow(uint32_t mode)
{
    static char piece[PIECE];
    mailproto_smtp_server_config config;
    struct test_allocator memory;
    struct test_post p = {.host = {.now = 0}};
    uint64_t waited = 0;

    test_allocator_init(&memory);
    test_post_config(&config);
    config.max_message = MAILPROTO_UNLIMITED_64;
    config.min_body_rate = 4000000;
    config.body_ms = 3000;
    config.answer_ms = 2000;
    start_stores(&p, 1, 1, 0);
    p.discard = 1;
    assert_int_equal(test_post_start(&p, &config, mode, 1, &memory.api), MAILPROTO_OK);
    say(&p, "EHLO c\r\nMAIL FROM:<s@c>\r\nRCPT TO:<b@x>\r\nDATA\r\n");
    for (size_t i = 0; i < PIECE; i += 64)
        memcpy(piece + i, "a line of text that is sixty-four octets long, its end counted\r\n", 64);
    for (int i = 0; i < PIECES; i++) {
        test_bytes_add(&p.host.in, piece, PIECE);
        test_host_settle(&p.host);
        while (p.host.in.len || p.stores[1].asked_count) {
            const mailproto_store_append_write *write = (const void *)p.stores[1].asked[0].question;

            assert_int_equal(p.stores[1].asked_count, 1);
            if (!p.stores[1].asked[0].told) {
                waited += (uint64_t)write->bytes.len * 1000 / RATE + 1;
                p.host.now += (uint64_t)write->bytes.len * 1000 / RATE + 1;
            }
            assert_false(mailproto_session_wants(p.host.session) & MAILPROTO_WANTS_READ);
            assert_true(mailproto_session_wants(p.host.session) & MAILPROTO_WANTS_HOST);
            test_host_act(&p.host);
            test_host_settle(&p.host);
        }
    }
    say(&p, ".\r\n");
    assert_int_equal(p.host.closed, 0);
    assert_true(waited >= 49000);
    print_message("%llu s, %zu octets at most\n", (unsigned long long)waited / 1000, memory.peak);
    assert_true(memory.peak < 65536);
    assert_true(ends_with(&p, "250 2.0.0 Message accepted\r\n"));
    assert_int_equal(test_store_messages(&p.stores[1]), 1);
    assert_int_equal(p.stores[1].messages[0].text.len, (size_t)PIECE * PIECES + strlen("Return-Path: <s@c>\r\n"));
    test_post_free(&p);
    assert_int_equal(memory.live, 0);
}

static void test_slow_store(void **state)
{
    (void)state;
    slow(TEST_AT_ONCE);
    slow(TEST_POLLED);
}

/* ---- an end in every callback ---- */

struct ender {
    struct test_post post; /* first */
    size_t at;             /* the event in which the session is freed or finished */
    int finish;
};

static int32_t end_here(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    struct ender *ender = (struct ender *)(void *)h;
    int32_t result = test_post_event(h, event, request);

    if (h->events != ender->at)
        return result;
    if (ender->finish) {
        mailproto_session_finish(h->session);
        return result;
    }
    mailproto_session_free(h->session);
    if (h->mode == TEST_POLLED)
        h->freed = 1;
    return MAILPROTO_ERR_HOST;
}

static int end_at(size_t at, int finish, int late, int is_lmtp)
{
    struct ender ender = {.at = at, .finish = finish};
    mailproto_smtp_server_config config;
    struct test_allocator memory;
    size_t events;

    test_allocator_init(&memory);
    test_post_config(&config);
    if (is_lmtp)
        config.flags |= MAILPROTO_SMTP_SERVER_LMTP;
    start_stores(&ender.post, at, late, (int)(at % 2));
    assert_int_equal(test_post_start(&ender.post, &config, TEST_AT_ONCE, at, &memory.api), MAILPROTO_OK);
    ender.post.host.event = end_here;
    say(&ender.post, is_lmtp ? "LHLO c\r\n" : "EHLO c\r\n");
    say(&ender.post, "MAIL FROM:<s@c>\r\nRCPT TO:<a@x>\r\nRCPT TO:<h@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n" TEXT
                     ".\r\nMAIL FROM:<s@c>\r\nRCPT TO:<a@x>\r\nRSET\r\nQUIT\r\n");
    events = ender.post.host.events;
    if (finish)
        assert_int_equal(ender.post.host.closed, 1);
    test_post_free(&ender.post);
    assert_int_equal(memory.live, 0);
    return events >= at;
}

static void test_free_and_finish_in_every_callback(void **state)
{
    (void)state;
    for (int way = 0; way < 8; way++)
        for (size_t at = 1; end_at(at, way & 1, way >> 1 & 1, way >> 2);)
            at++;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_recipients),
        cmocka_unit_test(test_idle_between_transactions),
        cmocka_unit_test(test_slow_store),
        cmocka_unit_test(test_free_and_finish_in_every_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
