/* The client's direction is closed towards the server, which hears the end, while the client lives on: it gets the reply to
 * all that arrived, and each message is done once, with what the server said of it.
 * RFC 5321 section 4.1.1.5 and 3.8; mailproto/session.h, eof. */
#include "smtp_meeting.h"

/* Where it is closed: behind so many octets, when the server asks about the end of a message, when a request is open at the
   server, or behind QUIT. */
enum { AT_OCTET, AT_MESSAGE_END, AT_REQUEST, BEHIND_QUIT, PLACES };

struct cut {
    uint32_t place;
    size_t octets, carried, dropped;
    uint32_t message, requests;
    int done, told;
};

static int quit_is_out(const struct meeting *t)
{
    return t->quit_sent && !t->client_host.out.len &&
           !(mailproto_session_wants(t->client_host.session) & MAILPROTO_WANTS_WRITE);
}

static int is_time(const struct meeting *t, struct cut *cut)
{
    switch (cut->place) {
    case AT_OCTET:
        if (cut->carried >= cut->octets)
            return 1;
        break;
    case AT_MESSAGE_END:
        if (t->messages[cut->message].ended)
            return 1;
        break;
    case AT_REQUEST:
        if (t->server_host.pending_count && !cut->requests--)
            return 1;
        cut->requests += cut->requests == UINT32_MAX;
        break;
    default:
        break;
    }
    return quit_is_out(t);
}

/* Inside of the record layer the end is a record, between two others. */
static int can_close(const struct meeting *t)
{
    const struct test_records *r = &t->server_records;

    return !t->server_host.in.len && (!r->shaken || (r->said && !r->head_len && !r->body_len));
}

static void close_direction(struct meeting *t, struct cut *cut)
{
    static const uint8_t close_notify[2] = {0, 0};

    if (t->server_records.shaken)
        test_bytes_add(&t->server_host.in, close_notify, sizeof close_notify);
    cut->done = 1;
}

/* What the client says beyond the cut gets lost; what the server says does not. */
static int move(struct meeting *t, struct cut *cut)
{
    size_t n = 0;

    if (!cut->done) {
        n = carry(t, &t->client_host, &t->server_host);
        cut->carried += n;
    } else {
        cut->dropped += t->client_host.out.len;
        n = t->client_host.out.len;
        t->client_host.out.len = 0;
    }
    return (carry(t, &t->server_host, &t->client_host) | n) != 0;
}

static void talk_half(struct meeting *t, struct cut *cut)
{
    struct test_host *server = &t->server_host, *client = &t->client_host;
    int alive = 1;

    while (alive) {
        test_host_settle(server);
        test_host_settle(client);
        if (!cut->done && is_time(t, cut) && can_close(t))
            close_direction(t, cut);
        alive = test_host_act(server);
        alive |= test_host_act(client);
        alive |= move(t, cut);
        if (cut->done && !cut->told && !server->in.len) {
            cut->told = alive = 1;
            test_host_eof(server);
        }
        t->client_lost |= over(server); /* what it is asked now dies when it hears the end */
        alive |= end_of_one_is_heard(t);
        alive |= client->in.len && !over(client);
        alive |= server->in.len && !over(server);
    }
}

/* The server answered all that arrived, and the client heard it. */
static void check_outcome(const struct meeting *t, const struct cut *cut, uint32_t i, uint64_t seed)
{
    const struct message *m = &t->messages[i];

    for (uint32_t k = 0; k < m->recipients; k++)
        if (m->codes[k] != (m->asked[k] ? rcpt_reply_code(m->kinds[k]) : 0))
            fail_msg("seed %u: message %u, recipient %u: the client heard %d", (unsigned)seed, i, k, (int)m->codes[k]);
    if (m->ended && m->outcome != expected_outcome(t, i))
        fail_msg("seed %u: message %u ended: outcome %u, not %u", (unsigned)seed, i, m->outcome,
                 expected_outcome(t, i));
    if (!m->ended && m->outcome == MAILPROTO_SMTP_UNKNOWN && !cut->dropped)
        fail_msg("seed %u: message %u is unknown, though all arrived", (unsigned)seed, i);
    if (m->ended)
        check_replies(t, i);
}

static void half_closed(uint32_t place, uint64_t seed, unsigned counts[2])
{
    static struct meeting t;
    struct cut cut = {.place = place};

    meeting_begin(&t, seed);
    cut.octets = test_random_below(&t.random, 20000);
    cut.message = (uint32_t)test_random_below(&t.random, MESSAGES);
    cut.requests = (uint32_t)test_random_below(&t.random, 20);
    talk_half(&t, &cut);
    check(&t, seed);
    assert_true(cut.done && cut.told);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        check_outcome(&t, &cut, i, seed);
        counts[0] += t.messages[i].ended;
        counts[1] += t.messages[i].outcome == MAILPROTO_SMTP_NOT_SENT;
        if (place == BEHIND_QUIT)
            assert_int_equal(t.messages[i].outcome, expected_outcome(&t, i));
    }
    if (place == BEHIND_QUIT) {
        assert_int_equal(t.client_host.why, MAILPROTO_OK);
        assert_int_equal(t.server_host.why, MAILPROTO_OK);
    }
    meeting_end(&t);
}

#define PLACE_TEST(name, place)                                                                                        \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        unsigned counts[2] = {0, 0}; /* messages that ended, that were not sent */                                     \
                                                                                                                       \
        (void)state;                                                                                                   \
        for (uint64_t seed = 1; seed <= 200; seed++)                                                                   \
            half_closed(place, seed, counts);                                                                          \
        assert_true(counts[0] > 0);                                                                                    \
        assert_true((counts[1] > 0) == (place != BEHIND_QUIT));                                                        \
    }
PLACE_TEST(behind_any_octet, AT_OCTET)
PLACE_TEST(at_the_end_of_a_message, AT_MESSAGE_END)
PLACE_TEST(while_a_request_is_open, AT_REQUEST)
PLACE_TEST(behind_quit, BEHIND_QUIT)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behind_any_octet),
        cmocka_unit_test(at_the_end_of_a_message),
        cmocka_unit_test(while_a_request_is_open),
        cmocka_unit_test(behind_quit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
