/* POP3 client against POP3 server in memory: whatever is cut, held, answered late or wrapped in records, each message
   arrives octet for octet, and is deleted if and only if QUIT was answered.
   RFC 1939; mailproto/pop3_client.h; mailproto/pop3_server.h. */
#include "pop3_meeting.h"

static void test_meetings(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        uint32_t tls = (uint32_t)seed % TLS_WAYS;
        const char *log;
        size_t skip;

        meeting_begin(&t, seed, tls);
        meeting_submit(&t);
        talk(&t, SIZE_MAX);
        log = (const char *)t.reader.log.ptr;
        skip = log_begin(&t);
        if (t.reader.log.len - skip != t.expected.len || memcmp(log + skip, t.expected.ptr, t.expected.len)) {
            print_error("seed %u\n%.*s\ninstead of\n%.*s\n", (unsigned)seed, (int)t.reader.log.len, log,
                        (int)t.expected.len, (const char *)t.expected.ptr);
            fail();
        }
        assert_int_equal(t.maildrop.ends, 1);
        assert_int_equal(t.maildrop.updated, 1);
        assert_int_equal(t.maildrop.deleted, 1);
        assert_int_equal(t.maildrop.retrieves, 2 * MESSAGES);
        assert_int_equal(t.maildrop.retrieve_ends, 2 * MESSAGES);
        assert_int_equal(t.reader.readies, 1);
        check_books(&t.maildrop.host, "server", seed);
        check_books(&t.reader.host, "client", seed);
        meeting_end(&t);
    }
}

/* The connection breaks anywhere: nothing is deleted unless QUIT was said, and no message ends that was not whole. */
static void test_broken_meetings(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        meeting_begin(&t, seed, (uint32_t)seed % TLS_WAYS);
        meeting_submit(&t);
        talk(&t, 1 + test_random_below(&t.random, 30000));
        test_host_lost(&t.maildrop.host, MAILPROTO_ERR_LOST);
        test_host_lost(&t.reader.host, MAILPROTO_ERR_LOST);
        t.maildrop.host.in.len = t.reader.host.in.len = 0;
        test_host_rest(&t.maildrop.host);
        test_host_rest(&t.reader.host);
        assert_int_equal(t.maildrop.host.closed, 1);
        assert_int_equal(t.reader.host.closed, 1);
        assert_int_equal(t.maildrop.opens, t.maildrop.ends);
        assert_int_equal(t.maildrop.retrieves, t.maildrop.retrieve_ends);
        assert_int_equal(t.reader.readies, t.reader.quits);
        assert_int_equal(t.reader.dones, COMMANDS);
        check_books(&t.maildrop.host, "server", seed);
        check_books(&t.reader.host, "client", seed);
        assert_int_equal(t.maildrop.deleted, t.maildrop.updated);
        meeting_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meetings),
        cmocka_unit_test(test_broken_meetings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
