/* The connection is reset at each open request, a session is freed or finished in each callback: what was begun is ended
 * once, each request is answered or cancelled once, and no message ends that did not arrive whole.
 * contract.md section 2; RFC 5321 section 3.8. */
#include "smtp_meeting.h"

enum { RESET, FREE_CLIENT, FREE_SERVER, FINISH_SERVER, FINISH_CLIENT };

/* What happens, at which event (RESET: at which open request); how many there were, and whether it happened. */
static struct strike {
    uint32_t what;
    size_t at, count;
    int done;
    uint32_t arriving; /* 1 + the message whose text the server was receiving */
    struct test_host *host;
    int32_t (*event)(struct test_host *h, const mailproto_event *event, struct test_pending *request);
} strike;

static int32_t strike_event(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    struct meeting *t = h->user;
    int32_t result = strike.event(h, event, request);

    if (++strike.count != strike.at)
        return result;
    strike.done = 1;
    strike.arriving = t->open_messages ? t->current + 1 : 0;
    if (strike.what >= FINISH_SERVER) {
        mailproto_session_finish(h->session);
        return result;
    }
    t->client_lost = t->server_lost = 1;
    mailproto_session_free(h->session);
    return result;
}

static void reset(struct meeting *t)
{
    strike.done = t->client_lost = t->server_lost = 1;
    test_host_lost(&t->client_host, MAILPROTO_ERR_LOST);
    test_host_lost(&t->server_host, MAILPROTO_ERR_LOST);
    t->client_host.in.len = t->server_host.in.len = 0;
    test_host_rest(&t->client_host);
    test_host_rest(&t->server_host);
}

/* As talk, until the request is open: it was not answered yet. */
static void talk_until_reset(struct meeting *t)
{
    struct test_host *server = &t->server_host, *client = &t->client_host;
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
        alive |= carry(t, client, server) + carry(t, server, client) != 0;
        alive |= end_of_one_is_heard(t);
        alive |= (client->in.len && !over(client)) || (server->in.len && !over(server));
    }
}

static void begin(struct meeting *t, uint64_t seed)
{
    int client = strike.what == FREE_CLIENT || strike.what == FINISH_CLIENT;

    /* what is answered at once has no open requests, what is polled has no callbacks */
    meeting_begin_modes(t, seed, strike.what == RESET ? TEST_LATER : (uint32_t)(seed % 2));
    strike.host = client ? &t->client_host : &t->server_host;
    strike.event = strike.host->event;
    if (strike.what != RESET)
        strike.host->event = strike_event;
}

/* What is true of the one that was not freed. */
static void check_rest(struct meeting *t, uint64_t seed)
{
    const struct test_host *rest = strike.what == FREE_CLIENT ? &t->server_host : &t->client_host;

    assert_int_equal(rest->closed, 1);
    check_books(rest, "other side", seed);
    if (strike.what == FREE_CLIENT)
        assert_int_equal(t->mails_accepted, t->transaction_ends);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        const struct message *m = &t->messages[i];

        if (strike.what == FREE_CLIENT) {
            assert_int_equal(m->begun, m->ended + m->aborted);
            continue;
        }
        assert_int_equal(m->done, 1);
        if (m->outcome == MAILPROTO_SMTP_ACCEPTED || m->outcome == MAILPROTO_SMTP_PARTLY)
            assert_true(m->ended && m->answered_accepted);
        if (m->outcome == MAILPROTO_SMTP_NOT_SENT)
            assert_int_equal(m->ended, 0);
    }
}

/* RFC 5321 3.8: what arrives by DATA when the server finishes is received to its end, so that the client knows. */
static void check_arriving(const struct meeting *t, uint64_t seed)
{
    uint32_t i = strike.arriving - 1;
    int chunking = seed / 4 % 2 == 0; /* meeting_begin */

    if (!strike.arriving || chunking || t->reject >> i & 1)
        return;
    assert_int_equal(t->messages[i].ended, 1);
    assert_true(t->messages[i].outcome != MAILPROTO_SMTP_UNKNOWN);
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
    if (what == FREE_CLIENT || what == FREE_SERVER) {
        if (strike.done)
            check_rest(&t, seed);
    } else {
        check(&t, seed);
        if (what == FINISH_SERVER)
            check_arriving(&t, seed);
    }
    next = strike.done ? at + 1 : 0;
    meeting_end(&t);
    return next;
}

/* At the first, the second ... as long as there is one. */
static void everywhere(uint32_t what)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        size_t at = 1, last = 0;

        for (; at; at = meet(what, seed, at))
            last = at;
        assert_true(last > 10);
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
