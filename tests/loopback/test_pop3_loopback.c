/* POP3 client against POP3 server in memory: whatever is cut, held, answered late or wrapped in records, each message
   arrives octet for octet, and is deleted if and only if QUIT was answered.
   RFC 1939; mailproto/pop3_client.h; mailproto/pop3_server.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/pop3_maildrop.h"
#include "support/pop3_reader.h"
#include "support/records.h"

enum { MESSAGES = 5, TEXT_MAX = 3000 };

struct meeting {
    struct test_maildrop maildrop;
    struct test_reader reader;
    struct test_records server_records, client_records;
    struct test_message messages[MESSAGES];
    char texts[MESSAGES][TEXT_MAX], uids[MESSAGES][16];
    struct test_random random;
    struct test_bytes expected;
};

/* ---- messages of nothing but trouble ---- */

static void make_message(struct meeting *t, uint32_t i)
{
    static const char *const parts[] = {".",    "..", "\r\n", "\r\n.\r\n", "\r",
                                        "text", "x",  ".\r",  "\r\n..",    "Subject: a\r\n"};
    size_t n = 0, most = test_random_below(&t->random, TEXT_MAX - 20);
    char *text = t->texts[i];

    while (n < most) {
        const char *part = parts[test_random_below(&t->random, sizeof parts / sizeof *parts)];

        n += (size_t)sprintf(text + n, "%s", part);
    }
    text[n] = '\0';
    sprintf(t->uids[i], "uid-%u", (unsigned)i);
    t->messages[i] = (struct test_message){text, t->uids[i], n};
}

/* ---- what must come of it ---- */

static void expect(struct meeting *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void expect(struct meeting *t, const char *format, ...)
{
    char line[200];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    test_bytes_text(&t->expected, line);
}

static void expect_text(struct meeting *t, uint32_t i, int announced)
{
    const struct test_message *m = &t->messages[i];
    size_t n = m->size;
    int whole = !n || (n >= 2 && !memcmp(m->text + n - 2, "\r\n", 2));

    expect(t, "message %u %s%zu\n", i + 1, announced ? "announced " : "", announced ? n : (size_t)0);
    test_bytes_add(&t->expected, m->text, n);
    if (!whole)
        test_bytes_text(&t->expected, "\r\n");
    expect(t, "%s %u", announced ? "retr" : "top", i + 1);
    if (n)
        expect(t, " octets=%zu", n + (whole ? 0 : 2));
    expect(t, " +OK\n");
}

/* Submits everything, and writes down what is to be told. */
static void submit(struct meeting *t)
{
    mailproto_pop3_client *c = t->reader.client;
    uint64_t token;

    mailproto_pop3_client_stat(c, &token);
    expect(t, "stat %u octets=%llu +OK %u %llu\n", MESSAGES, (unsigned long long)test_total(&t->maildrop), MESSAGES,
           (unsigned long long)test_total(&t->maildrop));
    mailproto_pop3_client_list(c, 0, &token);
    for (uint32_t i = 0; i < MESSAGES; i++)
        expect(t, "entry %u %zu \n", i + 1, t->messages[i].size);
    expect(t, "list 0 +OK\n");
    mailproto_pop3_client_uidl(c, 0, &token);
    for (uint32_t i = 0; i < MESSAGES; i++)
        expect(t, "entry %u 0 uid-%u\n", i + 1, i);
    expect(t, "uidl 0 +OK\n");
    for (uint32_t i = 0; i < MESSAGES; i++) {
        mailproto_pop3_client_retr(c, i + 1, &token);
        expect_text(t, i, 1);
        mailproto_pop3_client_top(c, i + 1, 100000, &token);
        expect_text(t, i, 0);
    }
    mailproto_pop3_client_dele(c, 2, &token);
    expect(t, "dele 2 +OK message deleted\n");
    mailproto_pop3_client_uidl(c, 2, &token);
    expect(t, "uidl 2 ERR_REFUSED -ERR this message is deleted\n");
    mailproto_session_finish(mailproto_pop3_client_session(c));
    expect(t, "quit 1 deleted=1 OK +OK bye\nclosed OK\n");
}

/* ---- the wire ---- */

static int move(struct meeting *t, struct test_host *from, struct test_host *to)
{
    size_t n = from->out.len;

    if (!n)
        return 0;
    n = 1 + test_random_below(&t->random, n);
    test_bytes_add(&to->in, from->out.ptr, n);
    test_bytes_take(&from->out, n);
    return 1;
}

static int over(const struct test_host *h)
{
    return (mailproto_session_wants(h->session) & MAILPROTO_WANTS_CLOSE) != 0;
}

/* Until nothing moves any more, or `limit` octets went from the server to the client. */
static void talk(struct meeting *t, size_t limit)
{
    struct test_host *server = &t->maildrop.host, *client = &t->reader.host;
    size_t moved = 0, before;
    int alive = 1;

    while (alive && moved < limit) {
        test_host_settle(server);
        test_host_settle(client);
        alive = test_host_act(server);
        alive |= test_host_act(client);
        alive |= move(t, client, server);
        before = client->in.len;
        alive |= move(t, server, client);
        moved += client->in.len - before;
        if (over(client))
            client->in.len = 0;
        if (over(server))
            server->in.len = 0;
        if (over(server) && !server->out.len && !client->in.len && !over(client)) {
            test_host_eof(client);
            alive = 1;
        }
        alive |= client->in.len && !over(client);
    }
}

static void layer(struct test_host *h, struct test_records *records, int client)
{
    mailproto_layer ops;
    mailproto_session *outer;

    test_records_layer(&ops, 500);
    records->client = client;
    records->record = 500;
    assert_int_equal(mailproto_layer_new(&outer, h->session, &ops, records, NULL), MAILPROTO_OK);
    h->session = outer;
}

enum { CLEAR, WITH_STLS, IMPLICIT, TLS_WAYS };

static void begin(struct meeting *t, uint64_t seed, uint32_t tls)
{
    static const uint32_t server_tls[] = {MAILPROTO_TLS_NEVER, MAILPROTO_TLS_MAY, MAILPROTO_TLS_IMPLICIT};
    static const uint32_t client_tls[] = {MAILPROTO_TLS_NEVER, MAILPROTO_TLS_REQUIRED, MAILPROTO_TLS_IMPLICIT};
    mailproto_pop3_server_config server;
    mailproto_pop3_client_config client;

    memset(t, 0, sizeof *t);
    t->random.state = seed;
    for (uint32_t i = 0; i < MESSAGES; i++)
        make_message(t, i);
    t->maildrop.messages = t->messages;
    t->maildrop.count = MESSAGES;
    t->maildrop.piece = test_random_below(&t->random, 40);
    t->maildrop.give_max = (uint32_t)test_random_below(&t->random, 3);
    t->maildrop.host.holds = (int)test_random_below(&t->random, 2);
    t->reader.host.holds = (int)test_random_below(&t->random, 2);
    t->reader.name = "alice";
    t->reader.password = "secret";
    test_server_config(&server);
    test_client_config(&client);
    server.tls = server_tls[tls];
    client.tls = client_tls[tls];
    if (tls != CLEAR)
        server.flags = client.flags = 0;
    client.login[0] = seed % 3 == 0   ? MAILPROTO_SASL_PLAIN
                      : seed % 3 == 1 ? MAILPROTO_SASL_LOGIN
                                      : MAILPROTO_POP3_USER_PASS;
    if (seed % 2)
        client.flags |= MAILPROTO_POP3_CLIENT_NO_PIPELINING;
    client.window = 1 + (uint32_t)test_random_below(&t->random, 20);
    assert_int_equal(test_maildrop_start(&t->maildrop, &server, (uint32_t)test_random_below(&t->random, 3), seed, NULL),
                     0);
    assert_int_equal(test_reader_start(&t->reader, &client, (uint32_t)test_random_below(&t->random, 3), seed, NULL), 0);
    if (tls != CLEAR) {
        layer(&t->maildrop.host, &t->server_records, 0);
        layer(&t->reader.host, &t->client_records, 1);
    }
}

static void end(struct meeting *t)
{
    test_host_free(&t->maildrop.host);
    test_reader_free(&t->reader);
    test_bytes_free(&t->expected);
}

static void test_meetings(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        uint32_t tls = (uint32_t)seed % TLS_WAYS;
        const char *log;
        size_t skip = 0;

        begin(&t, seed, tls);
        submit(&t);
        talk(&t, SIZE_MAX);
        /* what is said before the first completion is another test's */
        log = (const char *)t.reader.log.ptr;
        while (skip < t.reader.log.len && memcmp(log + skip, "stat ", 5))
            skip++;
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
        end(&t);
    }
}

/* The connection breaks anywhere: nothing is deleted unless QUIT was said, and no message ends that was not whole. */
static void test_broken_meetings(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        begin(&t, seed, (uint32_t)seed % TLS_WAYS);
        submit(&t);
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
        assert_int_equal(t.reader.dones, 3 + 2 * MESSAGES + 2);
        assert_int_equal(t.maildrop.deleted, t.maildrop.updated);
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
