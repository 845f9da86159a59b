/* SMTP and LMTP client against server in memory: whatever is cut, held, answered late or in another order, refused or
 * broken off, what the client was told is what happened to the message.
 * RFC 5321; RFC 2920; RFC 3030; RFC 2033. */
#include "smtp_meeting.h"

static void meetings(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 240; seed++) {
        meeting_begin(&t, seed);
        talk(&t, SIZE_MAX);
        check(&t, seed);
        assert_int_equal(t.client_host.why, MAILPROTO_OK);
        for (uint32_t i = 0; i < MESSAGES; i++) {
            const struct message *m = &t.messages[i];

            if (m->outcome != expected_outcome(&t, i))
                fail_msg("seed %u: message %u: outcome %u, not %u%s", (unsigned)seed, i, m->outcome,
                         expected_outcome(&t, i), t.lmtp ? " (LMTP)" : "");
            check_replies(&t, i);
        }
        assert_int_equal(t.mails, MESSAGES);
        assert_int_equal(t.transaction_ends, MESSAGES);
        meeting_end(&t);
    }
}

/* The connection breaks anywhere. */
static void broken_meetings(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        meeting_begin(&t, seed);
        talk(&t, 1 + test_random_below(&t.random, 20000));
        t.client_lost = t.server_lost = 1;
        test_host_lost(&t.client_host, MAILPROTO_ERR_LOST);
        test_host_lost(&t.server_host, MAILPROTO_ERR_LOST);
        t.client_host.in.len = t.server_host.in.len = 0;
        test_host_rest(&t.client_host);
        test_host_rest(&t.server_host);
        check(&t, seed);
        meeting_end(&t);
    }
}

/* The client is gone, and the server reads what was under way to its end. */
static void abandoned_meetings(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        meeting_begin(&t, seed);
        talk(&t, 1 + test_random_below(&t.random, 20000));
        t.client_lost = 1;
        test_host_lost(&t.client_host, MAILPROTO_ERR_LOST);
        test_host_rest(&t.client_host);
        while (t.client_host.out.len || t.server_host.in.len) {
            carry(&t, &t.client_host, &t.server_host);
            test_host_rest(&t.server_host);
            if (over(&t.server_host))
                break;
        }
        test_host_rest(&t.server_host);
        if (!over(&t.server_host))
            test_host_eof(&t.server_host);
        test_host_rest(&t.server_host);
        check(&t, seed);
        meeting_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meetings),
        cmocka_unit_test(broken_meetings),
        cmocka_unit_test(abandoned_meetings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
