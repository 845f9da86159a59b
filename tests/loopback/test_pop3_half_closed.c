/* The client's direction is closed towards the server, which hears the end, while the client lives on: it gets the response
 * to all that arrived, each command is completed once, and nothing is deleted unless QUIT arrived.
 * RFC 1939 section 6; mailproto/session.h, eof. */
#include "pop3_meeting.h"

/* Where it is closed: behind so many octets, when a request is open at the server, or behind QUIT. */
enum { AT_OCTET, AT_REQUEST, BEHIND_QUIT, PLACES };

struct cut {
    uint32_t place;
    size_t octets, carried;
    uint32_t requests;
    int done, told;
};

static int quit_sent;

/* The host of the client, and whether it made its QUIT. */
static int32_t see_quit(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    const mailproto_trace *trace = (const void *)event;

    if (event->type == MAILPROTO_EVENT_TRACE && trace->direction == MAILPROTO_TRACE_OUT && trace->bytes.len >= 6)
        quit_sent |= !memcmp(trace->bytes.ptr + trace->bytes.len - 6, "QUIT\r\n", 6);
    return test_reader_event(h, event, request);
}

static int is_time(const struct meeting *t, struct cut *cut)
{
    if (cut->place == AT_OCTET && cut->carried >= cut->octets)
        return 1;
    if (cut->place == AT_REQUEST && t->maildrop.host.pending_count && !cut->requests--)
        return 1;
    cut->requests += cut->requests == UINT32_MAX;
    return quit_sent && !t->reader.host.out.len &&
           !(mailproto_session_wants(t->reader.host.session) & MAILPROTO_WANTS_WRITE);
}

/* Inside of the record layer the end is a record, between two others. */
static int can_close(const struct meeting *t)
{
    const struct test_records *r = &t->server_records;

    return !t->maildrop.host.in.len && (!r->shaken || (r->said && !r->head_len && !r->body_len));
}

static void close_direction(struct meeting *t, struct cut *cut)
{
    static const uint8_t close_notify[2] = {0, 0};

    if (t->server_records.shaken)
        test_bytes_add(&t->maildrop.host.in, close_notify, sizeof close_notify);
    cut->done = 1;
}

/* What the client says beyond the cut gets lost; what the server says does not. */
static int move(struct meeting *t, struct cut *cut)
{
    size_t n = t->reader.host.out.len;

    if (cut->done)
        t->reader.host.out.len = 0;
    else
        cut->carried += carry(t, &t->reader.host, &t->maildrop.host);
    return (carry(t, &t->maildrop.host, &t->reader.host) | n) != 0;
}

static void talk_half(struct meeting *t, struct cut *cut)
{
    struct test_host *server = &t->maildrop.host, *client = &t->reader.host;
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
        alive |= end_of_server_is_heard(t);
        alive |= client->in.len && !over(client);
        alive |= server->in.len && !over(server);
    }
}

static int line_has(const char *line, size_t n, const char *words)
{
    size_t len = strlen(words);

    for (size_t i = 0; i + len <= n; i++)
        if (!memcmp(line + i, words, len))
            return 1;
    return 0;
}

/* The log is what was expected up to a completion, then what is left is told to be lost: nothing is cut in the middle.
   Gives how many lines of that are as expected. */
static unsigned check_log(const struct meeting *t, uint64_t seed)
{
    const char *log = (const char *)t->reader.log.ptr + log_begin(t), *expected = (const char *)t->expected.ptr;
    size_t n = t->reader.log.len - log_begin(t), same = 0, line = 0;
    unsigned lines = 0;

    while (same < n && same < t->expected.len && log[same] == expected[same])
        if (log[same++] == '\n') {
            line = same;
            lines++;
        }
    while (line < n) {
        size_t len = (size_t)((const char *)memchr(log + line, '\n', n - line) - log) + 1 - line;

        /* ERR_TLS: what was cut off is the handshake */
        if (!(line_has(log + line, len, " ERR_LOST") || line_has(log + line, len, " ERR_TLS")) ||
            line_has(log + line, len, "octets="))
            fail_msg("seed %u: the client was told in the end: %.*s", (unsigned)seed, (int)len, log + line);
        line += len;
    }
    return lines;
}

static unsigned half_closed(uint32_t place, uint64_t seed)
{
    static struct meeting t;
    struct cut cut = {.place = place};
    unsigned lines;

    meeting_begin(&t, seed, (uint32_t)seed % TLS_WAYS);
    t.reader.host.event = see_quit;
    quit_sent = 0;
    mailproto_session_set_trace(t.reader.host.session, MAILPROTO_TRACE_LINE);
    meeting_submit(&t);
    cut.octets = test_random_below(&t.random, 400);
    cut.requests = (uint32_t)test_random_below(&t.random, 60);
    talk_half(&t, &cut);
    assert_true(cut.done && cut.told);
    assert_int_equal(t.maildrop.host.closed, 1);
    assert_int_equal(t.reader.host.closed, 1);
    check_books(&t.maildrop.host, "server", seed);
    check_books(&t.reader.host, "client", seed);
    assert_int_equal(t.reader.dones, COMMANDS);
    assert_int_equal(t.reader.quits, t.reader.readies);
    assert_int_equal(t.maildrop.opens, t.maildrop.ends);
    assert_true(t.maildrop.ends <= 1);
    assert_int_equal(t.maildrop.retrieves, t.maildrop.retrieve_ends);
    lines = check_log(&t, seed);
    assert_int_equal(t.maildrop.updated, line_has((char *)t.reader.log.ptr, t.reader.log.len, "\nquit 1 deleted=1 OK"));
    assert_int_equal(t.maildrop.deleted, t.maildrop.updated);
    if (place == BEHIND_QUIT) {
        assert_int_equal(t.maildrop.updated, 1);
        assert_int_equal(t.reader.host.why, MAILPROTO_OK);
    }
    meeting_end(&t);
    return lines;
}

#define PLACE_TEST(name, place)                                                                                        \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        unsigned none = 0, some = 0; /* meetings of which nothing, something was answered */                           \
                                                                                                                       \
        (void)state;                                                                                                   \
        for (uint64_t seed = 1; seed <= 200; seed++)                                                                   \
            *(half_closed(place, seed) ? &some : &none) += 1;                                                          \
        assert_true(some > 50);                                                                                        \
        assert_true((none > 0) == (place != BEHIND_QUIT));                                                             \
    }
PLACE_TEST(behind_any_octet, AT_OCTET)
PLACE_TEST(while_a_request_is_open, AT_REQUEST)
PLACE_TEST(behind_quit, BEHIND_QUIT)

/* The end is heard when the server waits for room in the middle of a message, and again when the client takes it. */
static void while_output_waits(void **state)
{
    static char text[40000];
    static const struct test_message message = {text, "uid", sizeof text};
    static const char retr[] = "RETR 1\r\n";
    mailproto_pop3_server_config config;
    struct test_maildrop m = {.messages = &message, .count = 1};
    size_t taken;

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 50 == 48 ? '\r' : i % 50 == 49 ? '\n' : 'x';
    test_server_config(&config);
    config.piece = 1000;
    assert_int_equal(test_maildrop_start(&m, &config, TEST_AT_ONCE, 1, NULL), MAILPROTO_OK);
    test_host_send(&m.host, "USER alice\r\nPASS secret\r\n", 25, 0);
    m.host.out.len = 0;
    assert_int_equal(mailproto_session_feed(m.host.session, retr, 8, m.host.now, &taken), MAILPROTO_OK);
    assert_int_equal(taken, 8);
    assert_in_range(m.pieces, 1, 39);
    test_host_eof(&m.host);
    assert_int_equal(m.retrieve_ends, 0);
    test_host_rest(&m.host);
    assert_int_equal(m.host.closed, 1);
    assert_int_equal(m.retrieve_ends, 1);
    assert_int_equal(m.retrieve_why, MAILPROTO_OK);
    assert_int_equal(m.ends, 1);
    assert_int_equal(m.host.out.len, strlen("+OK 40000 octets\r\n.\r\n") + sizeof text);
    assert_memory_equal(m.host.out.ptr + m.host.out.len - 5, "\r\n.\r\n", 5);
    test_host_free(&m.host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behind_any_octet),
        cmocka_unit_test(while_a_request_is_open),
        cmocka_unit_test(behind_quit),
        cmocka_unit_test(while_output_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
