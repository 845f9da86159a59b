/* The verbs from outside: arguments, requests and tokens, output and its promises, polling, the end.
   contract.md section 2; include/mailproto/session.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/toy_host.h"

/* A session that leaves every request open, driven by hand. */
struct hand {
    toy *toy;
    mailproto_session *s;
    struct test_allocator memory;
    uint64_t tokens[300];
    uint32_t types[300];
    size_t asked;
    char log[4000]; /* a letter for each event */
    size_t logged;
    int32_t why, cancel_why;
};

static int32_t note(toy *t, const mailproto_event *event, void *user)
{
    static const struct {
        uint32_t type;
        char letter;
    } letters[] = {{MAILPROTO_EVENT_TRACE, 't'},
                   {MAILPROTO_EVENT_CANCEL, 'x'},
                   {MAILPROTO_EVENT_TLS_STARTED, 'T'},
                   {MAILPROTO_EVENT_CLOSED, 'C'},
                   {TOY_CONNECT, 'H'},
                   {TOY_ASK, 'a'},
                   {TOY_SLICE, 's'},
                   {TOY_END, 'e'},
                   {TOY_ABORTED, 'b'},
                   {TOY_PIECE, 'p'}};
    struct hand *h = user;

    (void)t;
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (letters[i].type == event->type)
            h->log[h->logged++] = letters[i].letter;
    if (event->token) {
        h->types[h->asked] = event->type;
        h->tokens[h->asked++] = event->token;
    }
    if (event->type == MAILPROTO_EVENT_CLOSED)
        h->why = ((const mailproto_closed *)event)->why;
    if (event->type == MAILPROTO_EVENT_CANCEL)
        h->cancel_why = ((const mailproto_cancel *)event)->why;
    return 0;
}

static void begin(struct hand *h, const struct toy_config *config)
{
    *h = (struct hand){0};
    test_allocator_init(&h->memory);
    assert_int_equal(toy_new(&h->toy, config, note, &h->memory.api, h), MAILPROTO_OK);
    h->s = toy_session(h->toy);
    mailproto_session_tick(h->s, 0);
    assert_string_equal(h->log, "H");
    assert_int_equal(toy_answer(h->toy, h->tokens[0], 1, 0), MAILPROTO_OK);
    mailproto_session_tick(h->s, 0);
    h->asked = h->logged = 0;
    memset(h->log, 0, sizeof h->log);
}

static void end(struct hand *h)
{
    mailproto_session_free(h->s);
    assert_int_equal(h->memory.live, 0);
}

static size_t feed(struct hand *h, const char *text, uint64_t now)
{
    size_t taken;

    mailproto_session_feed(h->s, text, strlen(text), now, &taken);
    return taken;
}

/* All output there is, as text. */
static const char *drain(struct hand *h)
{
    static char text[20000];
    size_t n = 0, len;

    do {
        mailproto_session_read_output(h->s, text + n, 7, &len);
        n += len;
    } while (len);
    text[n] = '\0';
    return text;
}

static void test_arguments(void **state)
{
    struct toy_config config = {0};
    const uint8_t *data;
    struct hand h;
    size_t n;

    (void)state;
    begin(&h, &config);
    assert_int_equal(mailproto_session_feed(NULL, "", 0, 0, &n), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_feed(h.s, "", 0, 0, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_feed(h.s, NULL, 1, 0, &n), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_feed(h.s, NULL, 0, 0, &n), MAILPROTO_OK);
    assert_int_equal(mailproto_session_eof(NULL, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_lost(h.s, 0, NULL, 0, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_lost(h.s, -1, NULL, 1, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_output(h.s, NULL, &n), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_output(NULL, &data, &n), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_read_output(h.s, NULL, 1, &n), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_read_output(h.s, &n, 1, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_output_ack(NULL, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_tick(NULL, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_wants(NULL), 0);
    assert_int_equal(mailproto_session_deadline(NULL), UINT64_MAX);
    assert_int_equal(mailproto_session_tls_started(NULL, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_tls_started(h.s, NULL), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_session_piece(h.s, 1, NULL, 1), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_piece(h.s, 1, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_fail(h.s, 0), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_session_error(NULL, NULL, NULL, NULL), MAILPROTO_ERR_ARG);
    assert_null(mailproto_session_next_event(NULL));
    assert_null(mailproto_session_next_event(h.s)); /* it has callbacks */
    mailproto_session_free(NULL);
    assert_string_equal(drain(&h), "HELLO\r\n");
    end(&h);
}

static void test_tokens(void **state)
{
    struct toy_config config = {.max_open = 16};
    struct hand h, other;

    (void)state;
    begin(&h, &config);
    begin(&other, &config);
    feed(&h, "ASK 1\r\nASK 2\r\n", 0);
    feed(&other, "ASK 1\r\nASK 2\r\n", 0);
    assert_int_equal(h.asked, 2);
    assert_true(h.tokens[0] < UINT64_C(1) << 53);
    assert_true(mailproto_session_wants(h.s) & MAILPROTO_WANTS_HOST);
    assert_int_equal(toy_answer(h.toy, other.tokens[0], 1, 0), MAILPROTO_ERR_TOKEN);
    assert_int_equal(toy_answer(h.toy, 0, 1, 0), MAILPROTO_ERR_TOKEN);
    assert_int_equal(toy_answer(h.toy, UINT64_MAX, 1, 0), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_session_piece_end(h.s, h.tokens[0]), MAILPROTO_ERR_TOKEN); /* of another kind */
    assert_int_equal(mailproto_session_use_default(h.s, h.tokens[1]), MAILPROTO_OK);
    assert_int_equal(mailproto_session_use_default(h.s, h.tokens[1]), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_session_fail(h.s, h.tokens[0]), MAILPROTO_OK);
    assert_int_equal(mailproto_session_fail(h.s, h.tokens[0]), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_session_deadline(h.s), 0); /* an answer leads on */
    assert_false(mailproto_session_wants(h.s) & MAILPROTO_WANTS_HOST);
    assert_string_equal(drain(&h), "HELLO\r\nA 1 fail\r\nA 2 no\r\n");
    assert_int_equal(toy_answer(h.toy, h.tokens[0], 1, 0), MAILPROTO_ERR_TOKEN);
    end(&other);
    end(&h);
}

/* A token of a session that is gone does not fit the next one, even where that lies at the same place. */
static void test_token_of_an_earlier_session(void **state)
{
    static _Alignas(16) unsigned char memory[16384];
    struct toy_config config = {0};
    mailproto_allocator arena;
    uint64_t earlier = 0;
    toy *place = NULL;

    (void)state;
    assert_int_equal(mailproto_arena_init(&arena, memory, sizeof memory), MAILPROTO_OK);
    for (uint64_t now = 1; now < 100; now++) {
        const mailproto_event *event;
        toy *t;

        assert_int_equal(toy_new(&t, &config, NULL, &arena, NULL), MAILPROTO_OK);
        assert_true(!place || place == t);
        place = t;
        mailproto_session_tick(toy_session(t), now);
        event = mailproto_session_next_event(toy_session(t));
        assert_int_equal(toy_answer(t, earlier, 1, 0), MAILPROTO_ERR_TOKEN);
        assert_int_equal(toy_answer(t, event->token, 1, 0), MAILPROTO_OK);
        earlier = event->token;
        mailproto_session_free(toy_session(t));
    }
    assert_int_equal(mailproto_arena_used(&arena), 0);
}

/* Sixteen are open together; whatever the order of the answers, the replies keep that of the commands. */
static void test_answers_in_any_order(void **state)
{
    struct test_random random = {5};
    struct toy_config config = {.max_open = 16};
    struct hand h;

    (void)state;
    for (int round = 0; round < 50; round++) {
        size_t order[16], taken;

        begin(&h, &config);
        drain(&h);
        taken =
            feed(&h,
                 "ASK 1\r\nASK 2\r\nASK 3\r\nASK 4\r\nASK 5\r\nASK 6\r\nASK 7\r\nASK 8\r\nASK 9\r\nASK 10\r\nASK 11\r\n"
                 "ASK 12\r\nASK 13\r\nASK 14\r\nASK 15\r\nASK 16\r\nASK 17\r\nASK 18\r\n",
                 0);
        assert_int_equal(h.asked, 16);
        assert_int_equal(taken, 9 * 7 + 8 * 8); /* one more line waits; the rest is the host's to keep */
        assert_false(mailproto_session_wants(h.s) & MAILPROTO_WANTS_READ);
        for (size_t i = 0; i < 16; i++) {
            size_t j = test_random_below(&random, i + 1);

            order[i] = order[j];
            order[j] = i;
        }
        for (size_t i = 0; i < 16; i++)
            assert_int_equal(toy_answer(h.toy, h.tokens[order[i]], order[i] % 2 == 0, 0), MAILPROTO_OK);
        mailproto_session_tick(h.s, 0);
        assert_int_equal(h.asked, 17);
        assert_string_equal(drain(&h),
                            "A 1 yes\r\nA 2 no\r\nA 3 yes\r\nA 4 no\r\nA 5 yes\r\nA 6 no\r\nA 7 yes\r\nA 8 no\r\n"
                            "A 9 yes\r\nA 10 no\r\nA 11 yes\r\nA 12 no\r\nA 13 yes\r\nA 14 no\r\nA 15 yes\r\n"
                            "A 16 no\r\n");
        end(&h);
    }
}

static void test_lent_octets(void **state)
{
    struct toy_config config = {0};
    const uint8_t *data, *again;
    struct hand h;
    size_t n, m;

    (void)state;
    begin(&h, &config);
    assert_true(mailproto_session_wants(h.s) & MAILPROTO_WANTS_WRITE);
    assert_int_equal(mailproto_session_output(h.s, &data, &n), MAILPROTO_OK);
    assert_int_equal(n, 7);
    assert_int_equal(mailproto_session_output_ack(h.s, 8), MAILPROTO_ERR_ARG);
    feed(&h, "NOPE\r\n", 0); /* more is made behind it */
    assert_memory_equal(data, "HELLO\r\n", 7);
    assert_int_equal(mailproto_session_output_ack(h.s, 3), MAILPROTO_OK);
    assert_int_equal(mailproto_session_output_ack(h.s, 5), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_output(h.s, &again, &m), MAILPROTO_OK);
    assert_ptr_equal(again, data + 3);
    assert_memory_equal(again, "LO\r\n?\r\n", m);
    assert_int_equal(mailproto_session_lost(h.s, MAILPROTO_ERR_LOST, "reset", 5, 0), MAILPROTO_ERR_LOST);
    assert_memory_equal(again, "LO\r\n?\r\n", m); /* it may be under way yet */
    assert_int_equal(mailproto_session_wants(h.s), MAILPROTO_WANTS_CLOSE);
    assert_int_equal(mailproto_session_output_ack(h.s, 2), MAILPROTO_OK);
    assert_int_equal(mailproto_session_output_ack(h.s, m), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_output(h.s, &again, &m), MAILPROTO_ERR_LOST);
    assert_int_equal(m, 0);
    end(&h);
}

/* A peer that sends and does not read: the session stops taking, and goes on when its output goes out. */
static void test_backpressure(void **state)
{
    struct toy_config config = {0};
    struct hand h;
    size_t fed = 0, said;

    (void)state;
    begin(&h, &config);
    for (int i = 0; i < 10000 && mailproto_session_wants(h.s) & MAILPROTO_WANTS_READ; i++)
        fed += feed(&h, "?\r\n", 0);
    assert_in_range(fed, 4000, 5000);
    assert_in_range(h.memory.used, 4000, toy_memory_max(&config));
    said = strlen(drain(&h));
    assert_int_equal(said, fed + 7); /* with the line that waited */
    assert_true(mailproto_session_wants(h.s) & MAILPROTO_WANTS_READ);
    end(&h);
}

static void test_eof(void **state)
{
    struct toy_config config = {0};
    struct hand h;
    size_t n;

    (void)state;
    begin(&h, &config);
    feed(&h, "ASK 1\r\n", 0);
    assert_int_equal(mailproto_session_eof(h.s, 0), MAILPROTO_OK);
    assert_int_equal(mailproto_session_feed(h.s, "x", 1, 0, &n), MAILPROTO_ERR_STATE);
    assert_int_equal(n, 0);
    assert_string_equal(h.log, "a"); /* work in hand is finished */
    toy_answer(h.toy, h.tokens[0], 1, 0);
    assert_string_equal(drain(&h), "HELLO\r\nA 1 yes\r\n");
    assert_string_equal(h.log, "aC");
    assert_int_equal(h.why, 0);
    assert_int_equal(mailproto_session_wants(h.s), MAILPROTO_WANTS_CLOSE);
    end(&h);
}

static void test_lost(void **state)
{
    struct toy_config config = {.max_open = 4};
    const char *text;
    uint64_t offset;
    struct hand h;
    size_t n;

    (void)state;
    begin(&h, &config);
    feed(&h, "ASK 1\r\nASK 2\r\nASK 3\r\n", 0);
    toy_answer(h.toy, h.tokens[1], 1, 0); /* answered: no cancel, and no reply */
    assert_int_equal(mailproto_session_lost(h.s, MAILPROTO_ERR_LOST, "reset by peer", 13, 0), MAILPROTO_ERR_LOST);
    assert_string_equal(h.log, "aaaxxC");
    assert_int_equal(h.cancel_why, MAILPROTO_ERR_LOST);
    assert_int_equal(h.why, MAILPROTO_ERR_LOST);
    assert_int_equal(toy_answer(h.toy, h.tokens[0], 1, 0), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_session_error(h.s, &offset, &text, &n), MAILPROTO_ERR_LOST);
    assert_int_equal(offset, 21);
    assert_memory_equal(text, "reset by peer", n);
    assert_int_equal(mailproto_session_wants(h.s), MAILPROTO_WANTS_CLOSE);
    assert_int_equal(mailproto_session_lost(h.s, MAILPROTO_ERR_TLS, NULL, 0, 0), MAILPROTO_ERR_LOST); /* final */
    assert_int_equal(mailproto_session_feed(h.s, "abc", 3, 0, &n), MAILPROTO_ERR_LOST);
    assert_int_equal(n, 3);
    assert_string_equal(h.log, "aaaxxC");
    end(&h);
}

static void test_body_that_fails(void **state)
{
    static const char *const ways[] = {"too much", "too little", "fail", "default"};
    struct toy_config config = {.piece = 4};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct hand h;

        begin(&h, &config);
        feed(&h, "GET 10\r\n", 0);
        drain(&h);
        assert_int_equal(mailproto_session_piece(h.s, h.tokens[0], "abcde", 5), MAILPROTO_ERR_ARG); /* over `max` */
        assert_int_equal(mailproto_session_piece(h.s, h.tokens[0], "abcd", 4), MAILPROTO_OK);
        assert_int_equal(mailproto_session_piece(h.s, h.tokens[0], "abcd", 4), MAILPROTO_ERR_TOKEN);
        assert_string_equal(drain(&h), "abcd");
        if (i == 0)
            assert_int_equal(mailproto_session_piece(h.s, h.tokens[1], "0123456789", 10), MAILPROTO_ERR_BODY);
        else if (i == 1)
            assert_int_equal(mailproto_session_piece_end(h.s, h.tokens[1]), MAILPROTO_ERR_BODY);
        else if (i == 2)
            assert_int_equal(mailproto_session_fail(h.s, h.tokens[1]), MAILPROTO_OK);
        else
            assert_int_equal(mailproto_session_use_default(h.s, h.tokens[1]), MAILPROTO_OK);
        assert_string_equal(drain(&h), ""); /* never made to look finished */
        assert_string_equal(h.log, "ppC");
        if (h.why != MAILPROTO_ERR_BODY)
            fail_msg("%s: %d", ways[i], h.why);
        end(&h);
    }
}

/* A byte behind the announcement of TLS, in the same feed or before the handshake, ends the session uninterpreted. */
static void test_tls_boundary(void **state)
{
    struct toy_config config = {.max_open = 4};
    struct hand h;

    (void)state;
    begin(&h, &config);
    drain(&h);
    assert_int_equal(feed(&h, "TLS\r\nASK 1\r\n", 0), 12);
    assert_int_equal(h.why, MAILPROTO_ERR_TLS_INJECTED);
    assert_string_equal(h.log, "C");
    assert_string_equal(drain(&h), "GO\r\n");
    end(&h);

    begin(&h, &config);
    feed(&h, "TLS\r\n", 0);
    assert_false(mailproto_session_wants(h.s) & (MAILPROTO_WANTS_READ | MAILPROTO_WANTS_TLS)); /* not drained */
    assert_int_equal(mailproto_session_tls_started(h.s, NULL), MAILPROTO_ERR_STATE);
    drain(&h);
    assert_int_equal(mailproto_session_wants(h.s), MAILPROTO_WANTS_TLS);
    assert_int_equal(feed(&h, "A", 0), 1);
    assert_int_equal(h.why, MAILPROTO_ERR_TLS_INJECTED);
    end(&h);

    begin(&h, &config); /* the command waits for an answer, and what is behind it stays with the host */
    assert_int_equal(feed(&h, "ASK 1\r\nTLS\r\nASK 2\r\n", 0), 12);
    toy_answer(h.toy, h.tokens[0], 1, 0);
    mailproto_session_tick(h.s, 0);
    assert_int_equal(h.why, MAILPROTO_ERR_TLS_INJECTED);
    assert_string_equal(drain(&h), "HELLO\r\nA 1 yes\r\nGO\r\n");
    end(&h);

    begin(&h, &config);
    feed(&h, "TLS\r\n", 0);
    drain(&h);
    assert_int_equal(mailproto_session_tls_started(h.s, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_session_tls_started(h.s, NULL), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_session_deadline(h.s), 0);
    assert_false(mailproto_session_wants(h.s) & MAILPROTO_WANTS_READ);
    mailproto_session_tick(h.s, 0);
    assert_string_equal(h.log, "T");
    feed(&h, "TLS\r\n", 0);
    assert_string_equal(drain(&h), "?\r\n");
    assert_int_equal(mailproto_session_eof(h.s, 0), MAILPROTO_OK);
    end(&h);

    begin(&h, &config); /* the peer leaves where the handshake is due */
    feed(&h, "TLS\r\n", 0);
    drain(&h);
    assert_int_equal(mailproto_session_eof(h.s, 0), MAILPROTO_ERR_LOST);
    assert_string_equal(h.log, "C");
    end(&h);
}

/* Polled, an event and what it lends stand until the next is asked for; nothing is taken meanwhile. */
static void test_polling(void **state)
{
    struct toy_config config = {.max_open = 4};
    struct test_allocator memory;
    const mailproto_event *event, *same;
    mailproto_session *s;
    size_t n;
    toy *t;

    (void)state;
    test_allocator_init(&memory);
    assert_int_equal(toy_new(&t, &config, NULL, &memory.api, NULL), MAILPROTO_OK);
    s = toy_session(t);
    mailproto_session_tick(s, 0);
    assert_false(mailproto_session_wants(s) & MAILPROTO_WANTS_READ);
    assert_int_equal(mailproto_session_fail(s, 0), MAILPROTO_ERR_STATE); /* none was seen yet */
    event = mailproto_session_next_event(s);
    assert_int_equal(event->type, TOY_CONNECT);
    assert_int_equal(toy_answer(t, event->token, 1, 0), MAILPROTO_OK);
    assert_null(mailproto_session_next_event(s));
    assert_int_equal(mailproto_session_feed(s, "ASK 1\r\nASK 2\r\n", 14, 0, &n), MAILPROTO_OK);
    assert_int_equal(n, 7);
    assert_int_equal(mailproto_session_feed(s, "ASK 2\r\n", 7, 0, &n), MAILPROTO_OK);
    assert_int_equal(n, 0);
    event = mailproto_session_next_event(s);
    assert_int_equal(event->type, TOY_ASK);
    assert_memory_equal(((const toy_ask *)event)->line.ptr, "ASK 1", 5);
    mailproto_session_tick(s, 0);
    assert_memory_equal(((const toy_ask *)event)->line.ptr, "ASK 1", 5);
    assert_int_equal(mailproto_session_fail(s, 0), MAILPROTO_ERR_STATE); /* it is a request */
    mailproto_session_hold(s);
    same = mailproto_session_next_event(s);
    assert_null(same);
    mailproto_session_release(s);
    assert_null(mailproto_session_next_event(s));
    mailproto_session_lost(s, MAILPROTO_ERR_LOST, NULL, 0, 0);
    event = mailproto_session_next_event(s);
    assert_int_equal(event->type, MAILPROTO_EVENT_CANCEL);
    event = mailproto_session_next_event(s);
    assert_int_equal(event->type, MAILPROTO_EVENT_CLOSED);
    assert_int_equal(mailproto_session_wants(s), 0); /* not before it was seen */
    assert_null(mailproto_session_next_event(s));
    assert_int_equal(mailproto_session_wants(s), MAILPROTO_WANTS_CLOSE);
    mailproto_session_free(s);
    assert_int_equal(memory.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_lent_octets),
        cmocka_unit_test(test_token_of_an_earlier_session),
        cmocka_unit_test(test_answers_in_any_order),
        cmocka_unit_test(test_backpressure),
        cmocka_unit_test(test_eof),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_body_that_fails),
        cmocka_unit_test(test_tls_boundary),
        cmocka_unit_test(test_polling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
