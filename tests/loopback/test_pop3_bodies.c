/* A message whose source fails at every piece: the server closes without a terminator, and the client never takes what
 * came for the whole message.
 * RFC 1939 sections 3 and 5; mailproto/pop3_server.h, PIECE. */
#include "pop3_meeting.h"

enum { FAILING = 2, SIZE = 36 }; /* the number of the message that does; octets of each */

/* A dot at each place where one can stand, an empty line, a line that is no more than one. */
static const char text[] = "Subject: x\r\n\r\n.a\r\n..\r\nb.\r\n\r\n.\r\n\r\nc\r\n";
_Static_assert(sizeof text - 1 == SIZE, "the log has this size");

/* How a piece fails. */
enum { FAILS, TAKES_DEFAULT, FAILS_EVENT, IS_LONG, HOLDS_BARE_LF, IS_THE_END, FAILURES };

struct way {
    uint32_t how, top, pipelining;
    size_t piece, at;
} way;

static int is_due(const struct test_pending *request)
{
    return request->type == MAILPROTO_POP3_SERVER_PIECE && request->n >> 32 == FAILING && request->m >= way.at;
}

static int32_t see(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    int32_t result = test_maildrop_event(h, event, request);

    request->type = event->type;
    if (result || way.how != FAILS_EVENT || !is_due(request))
        return result;
    if (h->mode == TEST_POLLED)
        assert_int_equal(mailproto_session_fail(h->session, event->token), MAILPROTO_OK);
    return MAILPROTO_ERR_HOST;
}

static int32_t fail_piece(struct test_host *h, const struct test_pending *request)
{
    char rest[sizeof text + 1];

    switch (way.how) {
    case TAKES_DEFAULT:
        return mailproto_session_use_default(h->session, request->token);
    case IS_LONG:
        memset(rest, 'x', sizeof rest);
        return mailproto_session_piece(h->session, request->token, rest, sizeof text - (size_t)request->m);
    case HOLDS_BARE_LF:
        return mailproto_session_piece(h->session, request->token, "x\n", 2);
    case IS_THE_END:
        return mailproto_session_piece_end(h->session, request->token);
    default:
        return mailproto_session_fail(h->session, request->token);
    }
}

static void answer(struct test_host *h, const struct test_pending *request)
{
    struct test_maildrop *m = (struct test_maildrop *)(void *)h;
    size_t offset = (size_t)request->m;

    if (!is_due(request)) {
        m->piece = way.piece;
        if (request->type == MAILPROTO_POP3_SERVER_PIECE && request->n >> 32 == FAILING && way.at - offset < way.piece)
            m->piece = way.at - offset;
        test_maildrop_answer(h, request);
        return;
    }
    test_took(m, request, fail_piece(h, request));
}

static void begin(struct meeting *t, uint64_t seed)
{
    struct meeting_ways ways = {
        .seed = seed,
        .tls = (uint32_t)(seed % TLS_WAYS),
        .client_flags = way.pipelining ? 0 : MAILPROTO_POP3_CLIENT_NO_PIPELINING,
        .window = 10,
        .server_mode = (uint32_t)(seed % 3),
        .client_mode = (uint32_t)(seed / 3 % 3),
    };

    memset(t, 0, sizeof *t);
    for (uint32_t i = 0; i < MESSAGES; i++)
        t->messages[i] = (struct test_message){text, "uid", sizeof text - 1};
    t->maildrop.host.holds = seed % 4 == 0;
    t->reader.host.holds = seed % 7 == 0;
    meeting_begin_with(t, &ways);
    t->maildrop.host.event = see;
    t->maildrop.host.answer = answer;
}

/* One message that is whole, the one that fails, a deletion and another one that comes to nothing, QUIT. */
static void submit(struct meeting *t)
{
    mailproto_pop3_client *c = t->reader.client;
    uint64_t token;

    mailproto_pop3_client_dele(c, 3, &token);
    mailproto_pop3_client_retr(c, 1, &token);
    if (way.top)
        mailproto_pop3_client_top(c, FAILING, 1000, &token);
    else
        mailproto_pop3_client_retr(c, FAILING, &token);
    mailproto_pop3_client_retr(c, 4, &token);
    mailproto_session_finish(mailproto_pop3_client_session(c));
}

static unsigned count(const struct test_bytes *b, const char *words)
{
    size_t len = strlen(words);
    unsigned n = 0;

    for (size_t i = 0; i + len <= b->len; i++)
        n += !memcmp(b->ptr + i, words, len);
    return n;
}

/* Where the line of the log begins that tells of the failing message's end. */
static const char *told(const struct meeting *t)
{
    const struct test_bytes *log = &t->reader.log;
    const char *line = way.top ? "top 2 " : "retr 2 ", *at = NULL;
    size_t len = strlen(line);

    assert_int_equal(count(log, line), 1);
    for (size_t i = 0; !at; i++)
        if (!memcmp(log->ptr + i, line, len))
            at = (const char *)log->ptr + i + len;
    return at;
}

static void check(struct meeting *t, uint64_t seed)
{
    unsigned octets = 0;
    const char *end;

    check_books(&t->maildrop.host, "server", seed);
    check_books(&t->reader.host, "client", seed);
    assert_int_equal(t->reader.dones, 4);
    assert_int_equal(t->maildrop.host.why, MAILPROTO_ERR_BODY);
    assert_int_equal(t->reader.host.why, MAILPROTO_ERR_LOST);
    /* what the client was told: the first message is whole, the second is not, the third never came */
    test_bytes_add(&t->reader.log, "", 1); /* for sscanf */
    end = told(t);
    if (sscanf(end, "octets=%u", &octets) == 1)
        end += strcspn(end, " ") + 1;
    if (octets > way.at || memcmp(end, "ERR_LOST none\n", 14))
        fail_msg("seed %u, fails at %zu: %.*s", (unsigned)seed, way.at, (int)t->reader.log.len, t->reader.log.ptr);
    assert_int_equal(count(&t->reader.log, "retr 1 octets=36 +OK\n"), 1);
    assert_int_equal(count(&t->reader.log, "\nretr 4 ERR_LOST"), 1);
    /* the books of the maildrop */
    assert_int_equal(t->maildrop.ends, 1);
    assert_int_equal(t->maildrop.updated, 0);
    assert_int_equal(t->maildrop.deleted, 0);
    assert_int_equal(t->maildrop.retrieves, 2);
    assert_int_equal(t->maildrop.retrieve_ends, 2);
    assert_int_equal(t->maildrop.retrieve_why, MAILPROTO_ERR_BODY);
}

/* The first message has its terminator, and there is no other. */
static void check_wire(const struct meeting *t, uint64_t seed)
{
    if (seed % TLS_WAYS == CLEAR && count(&t->wire, "\r\n.\r\n") != 1 + count(&t->wire, "+OK capa"))
        fail_msg("a terminator too many: %.*s", (int)t->wire.len, t->wire.ptr);
}

static void bodies_fail(uint32_t top)
{
    static const size_t pieces[] = {1, 3, TEXT_MAX};
    static struct meeting t;
    uint64_t seed = 0;

    for (uint32_t how = 0; how < FAILURES; how++)
        for (uint32_t k = 0; k < 6; k++)
            for (size_t at = 0; at < sizeof text - 1; at++) {
                way = (struct way){how, top, k % 2, pieces[k / 2], at};
                begin(&t, ++seed);
                submit(&t);
                talk(&t, SIZE_MAX);
                check(&t, seed);
                check_wire(&t, seed);
                meeting_end(&t);
            }
}

static void in_retr(void **state)
{
    (void)state;
    bodies_fail(0);
}

static void in_top(void **state)
{
    (void)state;
    bodies_fail(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_retr),
        cmocka_unit_test(in_top),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
