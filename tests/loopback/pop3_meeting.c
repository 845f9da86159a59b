/* The meeting: its messages, its beginning and end, what the client must be told, and the wire.
   pop3_meeting.h. */
#include "pop3_meeting.h"

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

void meeting_submit(struct meeting *t)
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

size_t carry(struct meeting *t, struct test_host *from, struct test_host *to)
{
    size_t n = from->out.len;

    if (!n)
        return 0;
    n = 1 + test_random_below(&t->random, n);
    test_bytes_add(&to->in, from->out.ptr, n);
    if (from == &t->maildrop.host)
        test_bytes_add(&t->wire, from->out.ptr, n);
    test_bytes_take(&from->out, n);
    return n;
}

int over(const struct test_host *h)
{
    return h->freed || (mailproto_session_wants(h->session) & MAILPROTO_WANTS_CLOSE) != 0;
}

int end_of_server_is_heard(struct meeting *t)
{
    struct test_host *server = &t->maildrop.host, *client = &t->reader.host;

    if (over(client))
        client->in.len = 0;
    if (over(server))
        server->in.len = 0;
    if (t->client_heard_end || !over(server) || server->out.len || client->in.len || over(client))
        return 0;
    t->client_heard_end = 1;
    test_host_eof(client);
    return 1;
}

void talk(struct meeting *t, size_t limit)
{
    struct test_host *server = &t->maildrop.host, *client = &t->reader.host;
    size_t moved = 0, n;
    int alive = 1;

    while (alive && moved < limit) {
        test_host_settle(server);
        test_host_settle(client);
        alive = test_host_act(server);
        alive |= test_host_act(client);
        alive |= carry(t, client, server) != 0;
        n = carry(t, server, client);
        moved += n;
        alive |= n != 0;
        alive |= end_of_server_is_heard(t);
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

enum { MODES = 3 }; /* of hosts: TEST_AT_ONCE ... */

static void start(struct meeting *t, const struct meeting_ways *ways)
{
    static const uint32_t server_tls[] = {MAILPROTO_TLS_NEVER, MAILPROTO_TLS_MAY, MAILPROTO_TLS_IMPLICIT};
    static const uint32_t client_tls[] = {MAILPROTO_TLS_NEVER, MAILPROTO_TLS_REQUIRED, MAILPROTO_TLS_IMPLICIT};
    static const uint32_t logins[] = {MAILPROTO_SASL_PLAIN, MAILPROTO_SASL_LOGIN, MAILPROTO_POP3_USER_PASS};
    mailproto_pop3_server_config server;
    mailproto_pop3_client_config client;

    t->maildrop.messages = t->messages;
    t->maildrop.count = MESSAGES;
    t->reader.name = "alice";
    t->reader.password = "secret";
    test_server_config(&server);
    test_client_config(&client);
    server.tls = server_tls[ways->tls];
    client.tls = client_tls[ways->tls];
    if (ways->tls != CLEAR)
        server.flags = client.flags = 0;
    client.login[0] = logins[ways->seed % 3];
    client.flags |= ways->client_flags;
    client.window = ways->window;
    assert_int_equal(test_maildrop_start(&t->maildrop, &server, ways->server_mode, ways->seed, NULL), 0);
    assert_int_equal(test_reader_start(&t->reader, &client, ways->client_mode, ways->seed, NULL), 0);
    if (ways->tls != CLEAR && ways->layer) {
        t->maildrop.host.session = ways->layer(t->maildrop.host.session, 0, ways->layer_user);
        t->reader.host.session = ways->layer(t->reader.host.session, 1, ways->layer_user);
    } else if (ways->tls != CLEAR) {
        layer(&t->maildrop.host, &t->server_records, 0);
        layer(&t->reader.host, &t->client_records, 1);
    }
}

void meeting_begin_with(struct meeting *t, const struct meeting_ways *ways)
{
    t->random.state = ways->seed;
    start(t, ways);
}

void meeting_begin(struct meeting *t, uint64_t seed, uint32_t tls)
{
    meeting_begin_mode(t, seed, tls, MODES);
}

/* With `ways` as far as they are said: seed, tls and the layer. */
static void begin(struct meeting *t, struct meeting_ways ways, uint32_t mode)
{
    const uint64_t seed = ways.seed;

    memset(t, 0, sizeof *t);
    t->random.state = seed;
    for (uint32_t i = 0; i < MESSAGES; i++)
        make_message(t, i);
    t->maildrop.piece = test_random_below(&t->random, 40);
    t->maildrop.give_max = (uint32_t)test_random_below(&t->random, 3);
    t->maildrop.host.holds = (int)test_random_below(&t->random, 2);
    t->reader.host.holds = (int)test_random_below(&t->random, 2);
    ways.client_flags = seed % 2 ? MAILPROTO_POP3_CLIENT_NO_PIPELINING : 0;
    ways.window = 1 + (uint32_t)test_random_below(&t->random, 20);
    ways.server_mode = mode < MODES ? mode : (uint32_t)test_random_below(&t->random, MODES);
    ways.client_mode = mode < MODES ? mode : (uint32_t)test_random_below(&t->random, MODES);
    start(t, &ways);
}

void meeting_begin_mode(struct meeting *t, uint64_t seed, uint32_t tls, uint32_t mode)
{
    begin(t, (struct meeting_ways){.seed = seed, .tls = tls}, mode);
}

void meeting_begin_layer(struct meeting *t, uint64_t seed, uint32_t tls, meeting_layer *tls_layer, void *user)
{
    begin(t, (struct meeting_ways){.seed = seed, .tls = tls, .layer = tls_layer, .layer_user = user}, MODES);
}

void meeting_end(struct meeting *t)
{
    test_host_free(&t->maildrop.host);
    test_reader_free(&t->reader);
    test_bytes_free(&t->expected);
    test_bytes_free(&t->wire);
}

/* ---- what must be true however it went ---- */

size_t log_begin(const struct meeting *t)
{
    const struct test_bytes *log = &t->reader.log;
    size_t skip = 0;

    while (skip + 5 <= log->len && memcmp(log->ptr + skip, "stat ", 5))
        skip++;
    return skip + 5 <= log->len ? skip : log->len;
}

void check_books(const struct test_host *h, const char *whose, uint64_t seed)
{
    const struct test_booking *wrong = test_books_wrong(&h->books);

    if (wrong)
        fail_msg("seed %u: a request of the %s was answered %d times and cancelled %d times", (unsigned)seed, whose,
                 wrong->answered, wrong->cancelled);
}
