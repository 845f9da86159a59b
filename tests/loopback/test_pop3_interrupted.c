/* The connection is reset at each open request, a session is freed or finished in each callback: the maildrop and each
 * message that was opened are ended once, each request is answered or cancelled once, each command is completed once.
 * contract.md section 2; RFC 1939 section 6. */
#include "pop3_meeting.h"

enum { RESET, FREE_CLIENT, FREE_SERVER, FINISH_SERVER, FINISH_CLIENT };

/* What happens, at which event (RESET: at which open request); how many there were, and whether it happened. */
static struct strike {
    uint32_t what;
    size_t at, count;
    int done;
    struct meeting *meeting;
    int32_t (*event)(struct test_host *h, const mailproto_event *event, struct test_pending *request);
} strike;

static int32_t strike_event(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    int32_t result = strike.event(h, event, request);

    if (++strike.count != strike.at)
        return result;
    strike.done = 1;
    if (strike.what >= FINISH_SERVER) {
        mailproto_session_finish(h->session);
        return result;
    }
    strike.meeting->maildrop.gone = strike.what == FREE_SERVER;
    mailproto_session_free(h->session);
    return result;
}

static void reset(struct meeting *t)
{
    strike.done = 1;
    test_host_lost(&t->maildrop.host, MAILPROTO_ERR_LOST);
    test_host_lost(&t->reader.host, MAILPROTO_ERR_LOST);
    t->maildrop.host.in.len = t->reader.host.in.len = 0;
    test_host_rest(&t->maildrop.host);
    test_host_rest(&t->reader.host);
}

/* As talk, until the request is open: it was not answered yet. */
static void talk_until_reset(struct meeting *t)
{
    struct test_host *server = &t->maildrop.host, *client = &t->reader.host;
    int alive = 1;

    while (alive) {
        test_host_settle(server);
        test_host_settle(client);
        if (server->books.count + client->books.count >= strike.at && server->pending_count + client->pending_count) {
            reset(t);
            return;
        }
        alive = test_host_act(server);
        alive |= test_host_act(client);
        alive |= (carry(t, client, server) | carry(t, server, client)) != 0;
        alive |= end_of_server_is_heard(t);
        alive |= client->in.len && !over(client);
    }
}

static void begin(struct meeting *t, uint64_t seed)
{
    int client = strike.what == FREE_CLIENT || strike.what == FINISH_CLIENT;
    struct test_host *host = client ? &t->reader.host : &t->maildrop.host;

    /* what is answered at once has no open requests, what is polled has no callbacks */
    meeting_begin_mode(t, seed, (uint32_t)seed % TLS_WAYS, strike.what == RESET ? TEST_LATER : (uint32_t)(seed % 2));
    meeting_submit(t);
    strike.meeting = t;
    strike.event = host->event;
    if (strike.what != RESET)
        host->event = strike_event;
}

static void check(struct meeting *t, uint64_t seed)
{
    int freed = strike.done ? (int)strike.what : -1;

    if (freed != FREE_SERVER) {
        check_books(&t->maildrop.host, "server", seed);
        assert_int_equal(t->maildrop.host.closed, 1);
        assert_int_equal(t->maildrop.opens, t->maildrop.ends);
        assert_int_equal(t->maildrop.retrieves, t->maildrop.retrieve_ends);
        assert_int_equal(t->maildrop.deleted, t->maildrop.updated);
    }
    if (freed != FREE_CLIENT) {
        check_books(&t->reader.host, "client", seed);
        assert_int_equal(t->reader.host.closed, 1);
        assert_int_equal(t->reader.dones, COMMANDS);
        assert_int_equal(t->reader.readies, t->reader.quits);
    }
}

static size_t meet(uint32_t what, uint64_t seed, size_t at)
{
    static struct meeting t;
    size_t next;

    strike = (struct strike){.what = what, .at = at};
    begin(&t, seed);
    if (what == RESET)
        talk_until_reset(&t);
    else
        talk(&t, SIZE_MAX);
    if (strike.done && what == FREE_CLIENT && !over(&t.maildrop.host)) { /* nobody is there any more */
        t.maildrop.host.in.len = 0;
        test_host_lost(&t.maildrop.host, MAILPROTO_ERR_LOST);
        test_host_rest(&t.maildrop.host);
    }
    check(&t, seed);
    next = strike.done ? at + 1 : 0;
    meeting_end(&t);
    return next;
}

/* At the first, the second ... as long as there is one; of those of many pieces, at some. */
static void everywhere(uint32_t what)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        size_t at = 1, last = 0;

        while (at) {
            last = at;
            at = meet(what, seed, at);
            at += at / 30;
        }
        assert_true(last > 20);
    }
}

static void reset_at_each_request(void **state)
{
    (void)state;
    everywhere(RESET);
}

static void free_in_each_callback(void **state)
{
    (void)state;
    everywhere(FREE_CLIENT);
    everywhere(FREE_SERVER);
}

static void finish_in_each_callback(void **state)
{
    (void)state;
    everywhere(FINISH_SERVER);
    everywhere(FINISH_CLIENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_at_each_request),
        cmocka_unit_test(free_in_each_callback),
        cmocka_unit_test(finish_in_each_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
