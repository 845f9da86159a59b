/* The meeting: its messages, its beginning and end, the wire, and what must be true however it went.
 * smtp_meeting.h. */
#include "smtp_meeting.h"

/* ---- messages of nothing but trouble ---- */

void make_canonical(struct message *m)
{
    int begins = 1;

    for (size_t i = 0; i < m->len; i++) {
        if (m->text[i] == '\r' || m->text[i] == '\n') {
            i += m->text[i] == '\r' && i + 1 < m->len && m->text[i + 1] == '\n';
            test_bytes_text(&m->canonical, "\r\n");
            begins = 1;
            continue;
        }
        test_bytes_add(&m->canonical, &m->text[i], 1);
        begins = 0;
    }
    if (!begins)
        test_bytes_text(&m->canonical, "\r\n");
}

static void make_message(struct meeting *t, struct message *m)
{
    static const char *const parts[] = {".",
                                        "..",
                                        "\r\n",
                                        "\r\n.\r\n",
                                        "\r",
                                        "\n",
                                        "\n.\n",
                                        "text ",
                                        ".\r",
                                        "\r\n..\r\n",
                                        "QUIT\r\n",
                                        "Subject: a\r\n",
                                        "x\r\n",
                                        "RSET\n",
                                        "\r\r\n",
                                        "BDAT 0 LAST\r\n",
                                        "\r\n.\r\nMAIL FROM:<>\r\n"};
    size_t most = test_random_below(&t->random, TEXT_MAX - 40);

    if (test_random_below(&t->random, 4) == 0)
        most = test_random_below(&t->random, 20);
    while (m->len < most) {
        const char *part = parts[test_random_below(&t->random, sizeof parts / sizeof parts[0])];

        memcpy(m->text + m->len, part, strlen(part));
        m->len += strlen(part);
    }
    make_canonical(m);
    m->fails_at = SIZE_MAX;
    m->recipients = 1 + (uint32_t)test_random_below(&t->random, RECIPIENTS);
    for (uint32_t i = 0; i < m->recipients; i++)
        m->kinds[i] = test_random_below(&t->random, 3) ? GOOD : (uint32_t)test_random_below(&t->random, KINDS);
    m->size = test_random_below(&t->random, 2) ? m->len : 0;
}

static void submit(struct meeting *t, uint32_t i)
{
    static const char letters[KINDS] = {'g', 'n', 'l', 'f'};
    struct message *m = &t->messages[i];
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;
    char path[32];

    mailproto_smtp_envelope_init(&envelope, sizeof envelope);
    envelope.sender = (mailproto_text){path, (size_t)sprintf(path, "m%u@x.example", (unsigned)i)};
    envelope.size = m->size;
    assert_int_equal(mailproto_smtp_client_send(t->client, &envelope, &m->token), MAILPROTO_OK);
    for (uint32_t k = 0; k < m->recipients; k++) {
        mailproto_smtp_recipient_init(&recipient, sizeof recipient);
        recipient.path =
            (mailproto_text){path, (size_t)sprintf(path, "%c%u@y.example", letters[m->kinds[k]], (unsigned)k)};
        assert_int_equal(mailproto_smtp_client_send_to(t->client, m->token, &recipient), MAILPROTO_OK);
    }
    assert_int_equal(mailproto_smtp_client_send_go(t->client, m->token), MAILPROTO_OK);
}

/* ---- both ends ---- */

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
    t->random.state = ways->seed;
    t->lmtp = ways->lmtp;
    start_server(t, ways);
    start_client(t, ways);
    if (ways->tls != CLEAR && ways->layer) {
        t->server_host.session = ways->layer(t->server_host.session, 0, ways->layer_user);
        t->client_host.session = ways->layer(t->client_host.session, 1, ways->layer_user);
    } else if (ways->tls != CLEAR) {
        layer(&t->server_host, &t->server_records, 0);
        layer(&t->client_host, &t->client_records, 1);
    }
    for (uint32_t i = 0; i < MESSAGES; i++)
        submit(t, i);
    mailproto_session_finish(t->client_host.session);
}

void meeting_begin_with(struct meeting *t, const struct meeting_ways *ways)
{
    for (int i = 0; i < MESSAGES; i++)
        make_canonical(&t->messages[i]);
    start(t, ways);
}

static void begin_by_seed(struct meeting *t, uint64_t seed, uint32_t modes, const struct meeting_stores *stores)
{
    struct meeting_ways ways = {.seed = seed, .tls = (uint32_t)(seed % TLS_WAYS), .max_open = seed % 2 ? 1 : 16};

    memset(t, 0, sizeof *t);
    t->stores = stores;
    t->random.state = seed;
    ways.lmtp = test_random_below(&t->random, 3) == 0;
    for (int i = 0; i < MESSAGES; i++)
        make_message(t, &t->messages[i]);
    if (test_random_below(&t->random, 3) == 0)
        t->refuse_end = 1u << test_random_below(&t->random, MESSAGES);
    if (test_random_below(&t->random, 3) == 0)
        t->reject = 1u << test_random_below(&t->random, MESSAGES);
    ways.mask |= seed / 2 % 2 ? MAILPROTO_SMTP_EXT_PIPELINING : 0;
    ways.mask |= seed / 4 % 2 ? MAILPROTO_SMTP_EXT_CHUNKING : 0;
    ways.server_mode = modes < MODES ? modes : (uint32_t)test_random_below(&t->random, MODES);
    ways.client_mode = modes < MODES ? modes : (uint32_t)test_random_below(&t->random, MODES);
    ways.server_holds = (int)test_random_below(&t->random, 2);
    ways.client_holds = (int)test_random_below(&t->random, 2);
    start(t, &ways);
}

void meeting_begin(struct meeting *t, uint64_t seed)
{
    begin_by_seed(t, seed, MODES, NULL);
}

void meeting_begin_stores(struct meeting *t, uint64_t seed, const struct meeting_stores *stores)
{
    begin_by_seed(t, seed, MODES, stores);
}

void meeting_begin_modes(struct meeting *t, uint64_t seed, uint32_t mode)
{
    begin_by_seed(t, seed, mode, NULL);
}

void meeting_end(struct meeting *t)
{
    test_host_free(&t->client_host);
    test_host_free(&t->server_host);
    for (int i = 0; i < MESSAGES; i++) {
        test_bytes_free(&t->messages[i].canonical);
        test_bytes_free(&t->messages[i].received);
    }
}

/* ---- the wire ---- */

size_t carry(struct meeting *t, struct test_host *from, struct test_host *to)
{
    size_t n = from->out.len;

    if (!n)
        return 0;
    n = 1 + test_random_below(&t->random, n);
    test_bytes_add(&to->in, from->out.ptr, n);
    test_bytes_take(&from->out, n);
    return n;
}

int over(const struct test_host *h)
{
    return h->freed || (mailproto_session_wants(h->session) & MAILPROTO_WANTS_CLOSE) != 0;
}

static int hears_end(struct test_host *h, const struct test_host *other, int *heard)
{
    if (over(h))
        h->in.len = 0;
    if (*heard || over(h) || h->in.len || !over(other) || other->out.len)
        return 0;
    *heard = 1;
    test_host_eof(h);
    return 1;
}

int end_of_one_is_heard(struct meeting *t)
{
    return hears_end(&t->client_host, &t->server_host, &t->client_heard_end) |
           hears_end(&t->server_host, &t->client_host, &t->server_heard_end);
}

void talk(struct meeting *t, size_t limit)
{
    struct test_host *server = &t->server_host, *client = &t->client_host;
    size_t moved = 0, n;
    int alive = 1;

    while (alive && moved < limit) {
        test_host_settle(server);
        test_host_settle(client);
        alive = test_host_act(server);
        alive |= test_host_act(client);
        n = carry(t, client, server) + carry(t, server, client);
        moved += n;
        alive |= n != 0;
        alive |= end_of_one_is_heard(t);
        alive |= client->in.len && !over(client);
        alive |= server->in.len && !over(server);
    }
}

/* ---- what must be true of a message, however it went ---- */

static int same(const struct test_bytes *a, const struct test_bytes *b)
{
    return a->len == b->len && (!a->len || !memcmp(a->ptr, b->ptr, a->len));
}

static void check_message(const struct meeting *t, uint32_t i, uint64_t seed)
{
    const struct message *m = &t->messages[i];
    uint32_t bad = 0;

    if (m->done != 1)
        fail_msg("seed %u: message %u is not done", (unsigned)seed, i);
    if (m->ended && !same(&m->received, &m->canonical))
        fail_msg("seed %u: message %u arrived, and is another", (unsigned)seed, i);
    if (m->ended && m->fails_at != SIZE_MAX)
        fail_msg("seed %u: message %u ended, whose body failed", (unsigned)seed, i);
    if (m->ended > 1 || m->begun != m->ended + m->aborted)
        fail_msg("seed %u: message %u: begun %u, ended %u, aborted %u", (unsigned)seed, i, m->begun, m->ended,
                 m->aborted);
    switch (m->outcome) {
    case MAILPROTO_SMTP_ACCEPTED:
    case MAILPROTO_SMTP_PARTLY:
        bad = !m->ended || !m->answered_accepted;
        break;
    case MAILPROTO_SMTP_REFUSED:
        bad = m->answered_accepted && !t->lmtp;
        break;
    case MAILPROTO_SMTP_NOT_SENT:
        bad = m->ended;
        break;
    default:
        bad = m->outcome != MAILPROTO_SMTP_UNKNOWN;
        break;
    }
    if (bad)
        fail_msg("seed %u: message %u: outcome %u, ended %u, accepted %u", (unsigned)seed, i, m->outcome, m->ended,
                 m->answered_accepted);
}

void check_books(const struct test_host *h, const char *whose, uint64_t seed)
{
    const struct test_booking *wrong = test_books_wrong(&h->books);

    if (wrong)
        fail_msg("seed %u: a request of the %s was answered %d times and cancelled %d times", (unsigned)seed, whose,
                 wrong->answered, wrong->cancelled);
}

void check_replies(const struct meeting *t, uint32_t i)
{
    const struct message *m = &t->messages[i];

    for (uint32_t k = 0; k < m->recipients; k++)
        assert_int_equal(m->codes[k], rcpt_reply_code(m->kinds[k]));
    if (!m->ended || !m->answered_accepted || !t->lmtp)
        return;
    for (uint32_t k = 0; k < m->recipients; k++)
        if (m->kinds[k] == GOOD || m->kinds[k] == FULL)
            assert_int_equal(m->end_codes[k], m->kinds[k] == GOOD ? 250 : 452);
}

void check(struct meeting *t, uint64_t seed)
{
    if (t->client_host.closed != 1 || t->server_host.closed != 1)
        fail_msg("seed %u: closed %d, %d", (unsigned)seed, t->client_host.closed, t->server_host.closed);
    assert_int_equal(t->mails_accepted, t->transaction_ends);
    assert_int_equal(t->open_messages, 0);
    check_books(&t->client_host, "client", seed);
    check_books(&t->server_host, "server", seed);
    for (uint32_t i = 0; i < MESSAGES; i++)
        check_message(t, i, seed);
}

uint32_t expected_outcome(const struct meeting *t, uint32_t i)
{
    const struct message *m = &t->messages[i];
    uint32_t good = 0, full = 0;

    for (uint32_t k = 0; k < m->recipients; k++) {
        good += m->kinds[k] == GOOD;
        full += m->kinds[k] == FULL;
    }
    if (!good && !full)
        return MAILPROTO_SMTP_REFUSED;
    if (t->refuse_end >> i & 1 || (t->reject >> i & 1 && m->canonical.len))
        return MAILPROTO_SMTP_REFUSED;
    if (!t->lmtp)
        return MAILPROTO_SMTP_ACCEPTED;
    return !good ? MAILPROTO_SMTP_REFUSED : full ? MAILPROTO_SMTP_PARTLY : MAILPROTO_SMTP_ACCEPTED;
}
