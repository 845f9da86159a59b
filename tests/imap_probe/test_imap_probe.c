/* The IMAP probe: two sessions on one mailbox over a store that answers late.
   RFC 3501 sections 5.5, 6.4 and 7.4.1; RFC 2177; docs/design/session.md says what it taught. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "imap_probe/store.h"

static void three_messages(struct store *store)
{
    *store = (struct store){0};
    store_add(store, 12);
    store_add(store, 2000);
    store_add(store, 0);
}

static void body(struct test_bytes *to, uint32_t sequence, uint32_t uid, uint64_t size)
{
    char head[80] = "* 0 FETCH (UID 0 BODY[] {";
    char digits[8];
    size_t n = 0;

    head[2] = (char)('0' + sequence);
    head[15] = (char)('0' + uid);
    test_bytes_text(to, head);
    for (uint64_t rest = size; rest || !n; rest /= 10)
        digits[n++] = (char)('0' + rest % 10);
    while (n)
        test_bytes_add(to, &digits[--n], 1);
    test_bytes_text(to, "}\r\n");
    for (uint64_t i = 0; i < size; i++) {
        uint8_t octet = store_octet(uid, i);

        test_bytes_add(to, &octet, 1);
    }
    test_bytes_text(to, ")\r\n");
}

static const char script[] =
    "a1 SELECT {5}\r\nINBOX\r\na2 FETCH 1:* BODY[]\r\na3 FETCH 4 FLAGS\r\na4 STORE 1:3 +FLAGS (\\Seen)\r\n"
    "a5 UID STORE 2 +FLAGS (\\Deleted)\r\na6 FETCH 1:3 FLAGS\r\na7 NONSENSE\r\na8 APPEND INBOX "
    "{10+}\r\nhello\r\n{5}\r\n"
    "a9 EXPUNGE\r\na10 UID FETCH 3:4 FLAGS\r\na11 IDLE\r\nDONE\r\na12 SELECT {101+}\r\n"
    "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjjjjk\r\n"
    "a13 SELECT {10000}\r\na14 NOOP\r\na15 SELECT \"INBOX\"\r\na16 LOGOUT\r\n";

static void expect(struct test_bytes *to)
{
    test_bytes_text(to, "* OK ready\r\n+ go on\r\n* 3 EXISTS\r\na1 OK [READ-WRITE] selected\r\n");
    body(to, 1, 1, 12);
    body(to, 2, 2, 2000);
    body(to, 3, 3, 0);
    test_bytes_text(to,
                    "a2 OK done\r\na3 BAD what is that\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (FLAGS (\\Seen))\r\n"
                    "* 3 FETCH (FLAGS (\\Seen))\r\na4 OK done\r\n* 2 FETCH (FLAGS (\\Seen \\Deleted) UID 2)\r\n"
                    "a5 OK done\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (FLAGS (\\Seen \\Deleted))\r\n"
                    "* 3 FETCH (FLAGS (\\Seen))\r\na6 OK done\r\na7 BAD what is that\r\n* 4 EXISTS\r\n"
                    "a8 OK appended\r\n* 2 EXPUNGE\r\na9 OK expunged\r\n* 2 FETCH (FLAGS (\\Seen) UID 3)\r\n"
                    "* 3 FETCH (FLAGS () UID 4)\r\na10 OK done\r\n+ idling\r\na11 OK done\r\na12 NO refused\r\n"
                    "a13 BAD too long\r\na14 OK done\r\n* 3 EXISTS\r\na15 OK [READ-WRITE] selected\r\n"
                    "* BYE\r\na16 OK bye\r\n");
}

/* Pipelined in one piece, or cut anywhere; the store answers at once, later in any order, or polled; one request or four
   open together: the same octets. */
static void test_same_octets(void **state)
{
    struct test_bytes expected = {0};

    (void)state;
    expect(&expected);
    for (uint64_t seed = 0; seed < 600; seed++) {
        static const size_t cuts[] = {1, 0, 3, 100000};
        struct store store;
        struct user user = {0};

        three_messages(&store);
        user.host.holds = seed % 5 == 0;
        assert_int_equal(user_begin(&user, &store, 0, seed % 2 ? 4 : 1, seed % 3, seed), MAILPROTO_OK);
        user_send(&user, script, cuts[seed % 4]);
        assert_int_equal(user.host.out.len, expected.len);
        assert_memory_equal(user.host.out.ptr, expected.ptr, expected.len);
        assert_int_equal(user.pins, 3);
        assert_int_equal(user.appended, 10);
        user_end(&user);
    }
    test_bytes_free(&expected);
}

static void open_both(struct store *store, struct user *a, struct user *b)
{
    *a = (struct user){0};
    *b = (struct user){0};
    three_messages(store);
    assert_int_equal(user_begin(a, store, 0, 4, TEST_LATER, 1), MAILPROTO_OK);
    assert_int_equal(user_begin(b, store, 1, 4, TEST_LATER, 2), MAILPROTO_OK);
    user_send(a, "a1 SELECT INBOX\r\n", 0);
    user_send(b, "b1 SELECT INBOX\r\n", 0);
    user_said(a);
    user_said(b);
}

static void close_both(struct user *a, struct user *b)
{
    user_send(a, "x LOGOUT\r\n", 0);
    user_send(b, "x LOGOUT\r\n", 0);
    user_end(a);
    user_end(b);
}

/* Expunged by another while it is fetched: what was pinned is read to its end, what was not is left out, and no EXPUNGE
   comes before a command that may have one. */
static void test_expunged_while_fetched(void **state)
{
    struct test_bytes expected = {0};
    struct test_pending first;
    struct store store;
    struct user a, b;

    (void)state;
    open_both(&store, &a, &b);
    test_bytes_text(&a.host.in, "a2 FETCH 1:3 BODY[]\r\n");
    test_host_settle(&a.host);
    assert_int_equal(a.host.pending_count, 2); /* the second is asked for ahead of the first */
    first = a.host.pending[0];
    a.host.pending[0] = a.host.pending[--a.host.pending_count];
    a.host.answer(&a.host, &first);
    assert_int_equal(a.pins, 1);
    user_send(&b, "b2 STORE 1:3 +FLAGS (\\Deleted)\r\nb3 EXPUNGE\r\n", 0);
    assert_string_equal(user_said(&b), "* 1 FETCH (FLAGS (\\Deleted))\r\n* 2 FETCH (FLAGS (\\Deleted))\r\n"
                                       "* 3 FETCH (FLAGS (\\Deleted))\r\nb2 OK done\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n"
                                       "* 1 EXPUNGE\r\nb3 OK expunged\r\n");
    test_host_rest(&a.host);
    body(&expected, 1, 1, 12);
    test_bytes_text(&expected, "a2 OK [EXPUNGEISSUED] some are gone\r\n");
    test_bytes_add(&expected, "", 1);
    assert_string_equal(user_said(&a), expected.ptr);
    user_send(&a, "a3 FETCH 1 FLAGS\r\na4 STORE 1 +FLAGS (\\Seen)\r\n", 0);
    assert_string_equal(user_said(&a), "* 1 FETCH (FLAGS ())\r\na3 OK done\r\na4 OK [EXPUNGEISSUED] some are gone\r\n");
    user_send(&a, "a5 NOOP\r\n", 0);
    assert_string_equal(user_said(&a), "* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\na5 OK done\r\n");
    test_bytes_free(&expected);
    close_both(&a, &b);
}

static void test_idle(void **state)
{
    struct store store;
    struct user a, b;

    (void)state;
    open_both(&store, &a, &b);
    user_send(&a, "a2 IDLE\r\n", 0);
    assert_string_equal(user_said(&a), "+ idling\r\n");
    user_send(&b, "b2 STORE 2 +FLAGS (\\Seen)\r\nb3 APPEND INBOX {3+}\r\nabc\r\n", 0);
    assert_int_equal(mailproto_session_deadline(a.host.session), 0); /* the hint leads on by itself */
    test_host_rest(&a.host);
    assert_string_equal(user_said(&a), "* 2 FETCH (FLAGS (\\Seen))\r\n* 4 EXISTS\r\n");
    user_send(&b, "b4 STORE 1 +FLAGS (\\Deleted)\r\nb5 EXPUNGE\r\n", 0);
    test_host_rest(&a.host);
    assert_string_equal(user_said(&a), "* 1 EXPUNGE\r\n");
    user_send(&b, "b6 STORE 1 -FLAGS (\\Seen)\r\n", 0);
    test_bytes_text(&a.host.in, "DONE\r\n"); /* while the changes are asked for: told first */
    test_host_settle(&a.host);
    assert_string_equal(user_said(&a), "");
    test_host_rest(&a.host);
    assert_string_equal(user_said(&a), "* 1 FETCH (FLAGS ())\r\na2 OK done\r\n");
    close_both(&a, &b);
}

/* The `+` of a synchronising literal waits for the host; refused, nothing is skipped; the other kind is skipped in step. */
static void test_literals(void **state)
{
    struct store store;
    struct user a, b;

    (void)state;
    open_both(&store, &a, &b);
    test_bytes_text(&a.host.in, "a2 APPEND INBOX {7}\r\n");
    test_host_settle(&a.host);
    assert_string_equal(user_said(&a), "");
    test_host_rest(&a.host);
    assert_string_equal(user_said(&a), "+ go on\r\n");
    user_send(&a, "a9 NOOP.\r\n", 1); /* its octets are not a command: but it is one longer than it said */
    assert_string_equal(user_said(&a), "a2 BAD more than a message\r\n");
    assert_int_equal(a.aborted, 1);
    a.refuse_append = 1;
    user_send(&a, "a3 APPEND INBOX {7}\r\na4 NOOP\r\na5 APPEND INBOX {9+}\r\na6 NOOP\r\n\r\na7 NOOP\r\n", 0);
    assert_string_equal(user_said(&a), "a3 NO not here\r\na4 OK done\r\na5 NO refused\r\na7 OK done\r\n");
    user_send(&a, "a8 SELECT {2001+}\r\n", 0);
    assert_string_equal(user_said(&a), "* BYE a literal that is too long\r\n");
    assert_int_equal(a.host.why, MAILPROTO_ERR_LIMIT);
    user_end(&a);
    user_send(&b, "x LOGOUT\r\n", 0);
    user_end(&b);
}

/* A message that cannot be read to its end is never made to look finished. */
static void test_read_fails(void **state)
{
    struct store store;
    struct user a, b;
    const char *said;

    (void)state;
    open_both(&store, &a, &b);
    store.broken_reads = 1;
    user_send(&a, "a2 FETCH 2 BODY[]\r\na3 NOOP\r\n", 0);
    said = user_said(&a);
    assert_ptr_equal(strstr(said, "* 2 FETCH (UID 2 BODY[] {2000}\r\n"), said);
    assert_null(strchr(said + 20, ')'));
    assert_null(strstr(said, "a3"));
    assert_int_equal(a.host.why, MAILPROTO_ERR_BODY);
    assert_int_equal(a.unpins, 1);
    user_end(&a);
    user_send(&b, "x LOGOUT\r\n", 0);
    user_end(&b);
}

/* Lost or half-closed after each octet, with requests open: pins and uploads end once. */
static void test_cut_at_each_octet(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof script; n++)
        for (int how = 0; how < 4; how++) {
            struct store store;
            struct user user = {0};

            three_messages(&store);
            assert_int_equal(user_begin(&user, &store, 0, 4, how < 2 ? TEST_LATER : TEST_POLLED, n), MAILPROTO_OK);
            test_bytes_add(&user.host.in, script, n);
            test_host_settle(&user.host);
            for (size_t acts = n % 23; acts && test_host_act(&user.host); acts--)
                test_host_settle(&user.host);
            if (how % 2)
                test_bytes_take(&user.host.in, user.host.in.len), test_host_eof(&user.host);
            else
                test_host_lost(&user.host, MAILPROTO_ERR_LOST);
            test_host_rest(&user.host);
            user_end(&user);
        }
}

static void test_every_allocation_fails(void **state)
{
    (void)state;
    for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++) {
        int failed = 1;

        for (size_t at = 1; failed; at++) {
            struct store store;
            struct user user = {0};

            three_messages(&store);
            test_allocator_init(&user.memory);
            user.memory.fail_at = at;
            if (user_begin(&user, &store, 0, 4, mode, at) == MAILPROTO_OK)
                user_send(&user, script, 0);
            failed = user.memory.failed != 0;
            user_end(&user);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_octets),
        cmocka_unit_test(test_expunged_while_fetched),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_read_fails),
        cmocka_unit_test(test_cut_at_each_octet),
        cmocka_unit_test(test_every_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
