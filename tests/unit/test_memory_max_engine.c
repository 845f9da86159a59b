/* What all engines share against mp_engine_memory_max: every request open at once, behind them the longest line, and then
   output that nobody takes in chunks that are half empty.
   core/engine.h; contract.md section 3. */
#include "memory_max.h"

#include "support/toy.h"

enum { OPEN = 16, LINE = 2048, PIECE = 500, SIZE = 100000 };

struct host {
    toy *toy;
    uint64_t kept[OPEN];
    int count, pieces;
};

static int32_t see(toy *t, const mailproto_event *event, void *user)
{
    static const char text[PIECE];
    struct host *h = user;

    switch (event->type) {
    case TOY_CONNECT:
        return toy_answer(t, event->token, 1, 0);
    case TOY_ASK:
        h->kept[h->count++] = event->token;
        return 0;
    case TOY_PIECE:
        h->pieces++;
        return mailproto_session_piece(toy_session(t), event->token, text, PIECE);
    default:
        return 0;
    }
}

static void nothing(void *user)
{
    (void)user;
}

static void test_worst(void **state)
{
    struct toy_config config = {.max_open = OPEN, .max_line = LINE, .piece = PIECE};
    struct host h = {.count = 0};
    struct measure m = {.peak = 0};
    char line[LINE + 1];
    mailproto_session *s;

    (void)state;
    measure_begin(&m, toy_memory_max(&config));
    assert_int_equal(toy_new(&h.toy, &config, see, &m.arena, &h), MAILPROTO_OK);
    s = toy_session(h.toy);
    for (int i = 0; i < OPEN; i++)
        feed_all(s, "ASK 1\r\n", 7, SIZE_MAX, nothing, NULL);
    assert_int_equal(h.count, OPEN);
    assert_int_equal(toy_answer(h.toy, h.kept[0], 1, 0), MAILPROTO_OK);
    memset(line, '0', sizeof line);
    memcpy(line, "GET ", 4);
    sprintf(line + LINE - 8, "%d\r\n", SIZE);
    feed_all(s, line, LINE, 1, nothing, NULL); /* waits for the answers, and keeps its room and theirs */
    for (int i = 1; i < OPEN; i++)
        assert_int_equal(toy_answer(h.toy, h.kept[i], 1, 0), MAILPROTO_OK);
    mailproto_session_tick(s, 0);
    assert_true(h.pieces > 4 && h.pieces < SIZE / PIECE);
    mailproto_session_free(s);
    measure_end(&m);
    measure_check(&m, "an engine", 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_worst)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
