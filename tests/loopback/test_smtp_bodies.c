/* A body that fails at every piece: the server never sees its end, and the client says NOT_SENT, once. In DATA that ends the
 * connection, in BDAT the next message goes on.
 * RFC 5321 section 4.1.1.4; RFC 3030 section 2; mailproto/smtp_client.h, BODY. */
#include "smtp_meeting.h"

enum { FAILING = 1 }; /* the one between two that are whole */

/* A dot at each place where one can stand, an empty line, a line that is no more than one; all ends are CRLF. */
static const char text[] = "Subject: x\r\n\r\n.a\r\n..\r\nb.\r\n\r\n.\r\n\r\n.";

struct way {
    uint32_t chunking, pipelining, announced, how;
    size_t piece;
};

static void prepare(struct meeting *t, const struct way *way, size_t at)
{
    memset(t, 0, sizeof *t);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        struct message *m = &t->messages[i];

        memcpy(m->text, text, sizeof text);
        m->len = sizeof text - 1;
        m->fails_at = i == FAILING ? at : SIZE_MAX;
        m->fails_how = way->how;
        m->piece = way->piece;
        m->recipients = 2;
        m->size = way->announced ? m->len : 0;
    }
}

static void begin(struct meeting *t, const struct way *way, size_t at, uint64_t seed)
{
    struct meeting_ways ways = {
        .seed = seed,
        .tls = (uint32_t)(seed % TLS_WAYS),
        .lmtp = seed % 5 == 0,
        .mask = way->chunking ? 0 : MAILPROTO_SMTP_EXT_CHUNKING,
        .client_flags = way->pipelining ? 0 : MAILPROTO_SMTP_CLIENT_NO_PIPELINING,
        .max_open = seed % 2 ? 1 : 16,
        .server_mode = (uint32_t)(seed % 3),
        .client_mode = (uint32_t)(seed / 3 % 3),
        .server_holds = seed % 4 == 0,
        .client_holds = seed % 7 == 0,
    };

    prepare(t, way, at);
    meeting_begin_with(t, &ways);
}

static void check_way(struct meeting *t, const struct way *way, size_t at, uint64_t seed)
{
    const struct message *m = &t->messages[FAILING];
    int32_t why = way->how == IS_CANCELLED ? MAILPROTO_ERR_CANCELLED : MAILPROTO_ERR_BODY;

    check(t, seed);
    if (m->ended || m->outcome != MAILPROTO_SMTP_NOT_SENT || m->why != why)
        fail_msg("fails at %zu in pieces of %zu%s: ended %u, outcome %u, why %s", at, way->piece,
                 way->chunking ? ", BDAT" : "", m->ended, m->outcome, mailproto_result_name(m->why));
    assert_true(m->received.len <= m->canonical.len);
    assert_memory_equal(m->received.ptr, m->canonical.ptr, m->received.len);
    assert_int_equal(t->client_host.cancels, way->how == IS_CANCELLED);
    assert_int_equal(t->messages[0].outcome, MAILPROTO_SMTP_ACCEPTED);
    for (uint32_t i = FAILING + 1; i < MESSAGES; i++)
        assert_int_equal(t->messages[i].outcome, way->chunking ? MAILPROTO_SMTP_ACCEPTED : MAILPROTO_SMTP_NOT_SENT);
    assert_int_equal(t->client_host.why, way->chunking ? MAILPROTO_OK : why);
}

/* Whether this is a way to fail there at all. */
static int fits(const struct way *way, size_t at)
{
    if (way->how == IS_SHORT)
        return way->announced && at < sizeof text - 1;
    if (way->how == IS_LONG)
        return way->announced;
    return 1;
}

static void fail_everywhere(const struct way *way, uint64_t *seed)
{
    static struct meeting t;

    for (size_t at = 0; at < sizeof text; at++) {
        if (!fits(way, at))
            continue;
        begin(&t, way, at, ++*seed);
        talk(&t, SIZE_MAX);
        check_way(&t, way, at, *seed);
        meeting_end(&t);
    }
}

/* One after each octet: all the others lie in pieces of one octet, of a few, or in one. */
static void bodies_fail(uint32_t chunking)
{
    static const size_t pieces[] = {1, 3, TEXT_MAX};
    uint64_t seed = 0;

    for (uint32_t how = 0; how < FAILURES; how++)
        for (uint32_t k = 0; k < 4; k++)
            for (size_t i = 0; i < 3; i++)
                fail_everywhere(&(struct way){chunking, k & 1, k >> 1, how, pieces[i]}, &seed);
}

static void in_data(void **state)
{
    (void)state;
    bodies_fail(0);
}

static void in_bdat(void **state)
{
    (void)state;
    bodies_fail(1);
}

/* Messages of all kinds, one of which fails somewhere. */
static void anywhere(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct message *m;

        meeting_begin(&t, seed);
        m = &t.messages[test_random_below(&t.random, MESSAGES)];
        m->fails_at = test_random_below(&t.random, m->len + 1);
        m->fails_how = (uint32_t)test_random_below(&t.random, IS_SHORT);
        talk(&t, SIZE_MAX);
        check(&t, seed);
        assert_true(m->outcome == MAILPROTO_SMTP_NOT_SENT || m->outcome == MAILPROTO_SMTP_REFUSED);
        meeting_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_data),
        cmocka_unit_test(in_bdat),
        cmocka_unit_test(anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
