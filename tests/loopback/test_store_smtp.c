/* SMTP and LMTP client against a server that delivers into stores: what the client was told is what is in them, each message
   once, octet for octet; whatever is cut, held, answered late, refused or broken off.
   RFC 5321 4.4; RFC 2033; mailproto/smtp_server.h, deliver. */
#include "smtp_meeting.h"

#include "accounts.h"

static struct account accounts[RECIPIENTS];

static int32_t deliver(struct meeting *t, uint64_t token, uint32_t index)
{
    return mailproto_smtp_server_deliver(t->server, token, &accounts[index].store, 0, NULL);
}

static int move(struct meeting *t)
{
    size_t first = test_random_below(&t->random, RECIPIENTS);

    for (size_t i = 0; i < RECIPIENTS; i++)
        if (account_move(&accounts[(first + i) % RECIPIENTS]))
            return 1;
    return 0;
}

static const struct meeting_stores stores = {deliver, move, NULL};

static void begin(struct meeting *t, uint64_t seed)
{
    for (uint64_t i = 0; i < RECIPIENTS; i++)
        account_begin(&accounts[i], seed / 2 % 2 ? seed + i : 0);
    meeting_begin_stores(t, seed, &stores);
}

static void end(struct meeting *t)
{
    meeting_end(t);
    for (int i = 0; i < RECIPIENTS; i++)
        account_end(&accounts[i]);
}

/* ---- what is stored ---- */

struct found {
    const struct meeting *t;
    uint32_t times[MESSAGES];
};

static void visit(void *user, const struct test_bytes *text)
{
    static const char before[] = "Return-Path: <m", behind[] = "@x.example>\r\n";
    const size_t path = sizeof before - 1 + 1 + sizeof behind - 1;
    struct found *found = user;
    const struct message *m;
    uint32_t i;

    assert_true(text->len >= path);
    assert_memory_equal(text->ptr, before, sizeof before - 1);
    i = (uint32_t)text->ptr[sizeof before - 1] - '0';
    assert_true(i < MESSAGES);
    assert_memory_equal(text->ptr + sizeof before, behind, sizeof behind - 1);
    m = &found->t->messages[i];
    assert_int_equal(text->len - path, m->canonical.len);
    if (m->canonical.len)
        assert_memory_equal(text->ptr + path, m->canonical.ptr, m->canonical.len);
    found->times[i]++;
}

static void check_recipient(const struct meeting *t, uint32_t k, uint64_t seed)
{
    struct found found = {.t = t};

    account_messages(&accounts[k], visit, &found);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        const struct message *m = &t->messages[i];
        int good = k < m->recipients && m->kinds[k] == GOOD;
        int took = m->outcome == MAILPROTO_SMTP_ACCEPTED || m->outcome == MAILPROTO_SMTP_PARTLY;

        if (found.times[i] > 1 || (found.times[i] && !good))
            fail_msg("seed %u: recipient %u has message %u %u times", (unsigned)seed, k, i, found.times[i]);
        if (m->outcome != MAILPROTO_SMTP_UNKNOWN && found.times[i] != (uint32_t)(good && took))
            fail_msg("seed %u: recipient %u has message %u %u times, whose outcome was %u", (unsigned)seed, k, i,
                     found.times[i], m->outcome);
    }
}

static void check_stores(struct meeting *t, uint64_t seed)
{
    check(t, seed);
    for (uint32_t k = 0; k < RECIPIENTS; k++)
        check_recipient(t, k, seed);
}

/* ---- meetings ---- */

static void test_meetings(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 240; seed++) {
        begin(&t, seed);
        talk(&t, SIZE_MAX);
        check_stores(&t, seed);
        assert_int_equal(t.client_host.why, MAILPROTO_OK);
        for (uint32_t i = 0; i < MESSAGES; i++) {
            if (t.messages[i].outcome != expected_outcome(&t, i))
                fail_msg("seed %u: message %u: outcome %u, not %u%s", (unsigned)seed, i, t.messages[i].outcome,
                         expected_outcome(&t, i), t.lmtp ? " (LMTP)" : "");
            check_replies(&t, i);
        }
        end(&t);
    }
}

static void test_broken_meetings(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        begin(&t, seed);
        talk(&t, 1 + test_random_below(&t.random, 20000));
        t.client_lost = t.server_lost = 1;
        test_host_lost(&t.client_host, MAILPROTO_ERR_LOST);
        test_host_lost(&t.server_host, MAILPROTO_ERR_LOST);
        t.client_host.in.len = t.server_host.in.len = 0;
        test_host_rest(&t.client_host);
        test_host_rest(&t.server_host);
        while (move(&t)) /* what was under way when it broke */
            ;
        check_stores(&t, seed);
        end(&t);
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
