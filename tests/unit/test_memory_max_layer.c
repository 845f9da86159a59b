/* memory_max of a layer against its worst: a record of the largest size waits for the inner session, and another one for the
   wire.
   mailproto/layer.h, memory_max. */
#include "memory_max.h"

#include "support/records.h"
#include "support/toy.h"

enum { RECORD = 4000 };

static struct test_records records;

static int32_t see(toy *t, const mailproto_event *event, void *user)
{
    (void)user;
    if (event->type == TOY_CONNECT)
        return toy_answer(t, event->token, 1, 0);
    return 0; /* the piece that is asked for does not come: the inner session reads no further */
}

/* The inner session's own memory is not the layer's. */
static void test_worst(void **state)
{
    static uint8_t plain[RECORD], sealed[2 * RECORD];
    struct toy_config config = {.max_open = 1, .implicit_tls = 1};
    struct measure m = {.peak = 0};
    mailproto_session *s;
    mailproto_layer ops;
    size_t n, taken;
    toy *t;

    (void)state;
    test_records_layer(&ops, RECORD);
    measure_begin(&m, mailproto_layer_memory_max(&ops));
    assert_int_equal(toy_new(&t, &config, see, NULL, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_layer_new(&s, toy_session(t), &ops, &records, &m.arena), MAILPROTO_OK);
    mailproto_session_tick(s, 0);
    assert_int_equal(mailproto_session_feed(s, "HI!", 3, 0, &taken), MAILPROTO_OK);
    mailproto_session_tick(s, 0);
    send_some(s, SIZE_MAX);
    mailproto_session_tick(s, 0);
    /* one command, and behind it many octets that wait in the opened record; its reply waits in a record, too */
    memset(plain, '\n', sizeof plain);
    memcpy(plain, "GET 30\r\n", 8);
    n = test_records_seal(sealed, plain, sizeof plain, RECORD);
    for (size_t at = 0; at < n; at += taken) {
        assert_int_equal(mailproto_session_feed(s, sealed + at, n - at, 0, &taken), MAILPROTO_OK);
        if (!taken)
            break;
    }
    mailproto_session_free(s);
    measure_end(&m);
    measure_check(&m, "a layer", 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_worst)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
