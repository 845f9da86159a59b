/* test_smtp_loopback.c - SMTP and LMTP client against server in memory: whatever is cut, held, answered late or in another
 * order, refused, failed or broken off, what the client was told is what happened to the message.
 * RFC 5321; RFC 2920; RFC 3030; RFC 2033. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <mailproto/mailproto.h>

#include "support/host.h"
#include "support/records.h"

enum { MESSAGES = 4, RECIPIENTS = 6, TEXT_MAX = 6000 };

/* A message as it was submitted, and what both sides know of it. */
struct message {
    char text[TEXT_MAX];
    size_t len;
    struct test_bytes canonical; /* what must arrive */
    size_t fails_at;             /* the body fails there; SIZE_MAX: it does not */
    uint32_t kinds[RECIPIENTS];
    uint32_t recipients;
    uint64_t token, size;
    /* the client's side */
    uint32_t done, outcome, accepted;
    int32_t why;
    int32_t codes[RECIPIENTS], end_codes[RECIPIENTS];
    /* the server's */
    uint32_t begun, ended, aborted, answered_accepted;
    int arrived[RECIPIENTS];
    struct test_bytes received;
};

enum { GOOD, NOBODY, LATER, FULL, KINDS }; /* FULL: accepted at RCPT, refused at the end by LMTP */

struct meeting {
    struct test_host client_host, server_host;
    mailproto_smtp_client *client;
    mailproto_smtp_server *server;
    struct test_records client_records, server_records;
    struct test_random random;
    struct message messages[MESSAGES];
    int lmtp;
    uint32_t current; /* the server's message in hand */
    uint32_t mails, transaction_ends, open_messages;
    int lost;            /* a request that was held back meanwhile is dead when it is seen */
    uint64_t refuse_end; /* bit by message: refused at its end */
    uint64_t reject;     /* bit by message: refused in the middle */
};

/* ---- the server's host ---- */

static uint32_t number_at(const char *text)
{
    return (uint32_t)(text[0] - '0');
}

static struct meeting *meeting_of_server(struct test_host *h)
{
    return h->user;
}

static uint32_t rcpt_code(uint32_t kind)
{
    return kind == NOBODY ? 550 : kind == LATER ? 451 : 250;
}

static void reject(struct meeting *t)
{
    mailproto_smtp_verdict verdict;

    mailproto_smtp_verdict_init(&verdict, sizeof verdict);
    verdict.code = 554;
    verdict.text = (mailproto_text){"enough", 6};
    mailproto_smtp_server_reject_message(t->server, &verdict);
}

static int32_t server_event(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    struct meeting *t = meeting_of_server(h);
    struct message *m = &t->messages[t->current];
    const void *payload = event;

    switch (event->type) {
    case MAILPROTO_SMTP_SERVER_MAIL:
        t->current = number_at(((const mailproto_smtp_mail *)payload)->path.ptr + 1);
        m = &t->messages[t->current];
        memset(m->arrived, 0, sizeof m->arrived);
        t->mails++;
        break;
    case MAILPROTO_SMTP_SERVER_RCPT: {
        const mailproto_smtp_rcpt *rcpt = payload;

        assert_true(rcpt->index < m->recipients);
        assert_int_equal(number_at(rcpt->path.ptr + 1), rcpt->index);
        request->n = rcpt_code(m->kinds[rcpt->index]);
        request->m = rcpt->index;
        break;
    }
    case MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN:
        m->received.len = 0;
        m->begun++;
        t->open_messages++;
        break;
    case MAILPROTO_SMTP_SERVER_BODY: {
        const mailproto_smtp_body *body = payload;

        test_bytes_add(&m->received, body->bytes.ptr, body->bytes.len);
        if (t->reject >> t->current & 1 && m->received.len > m->canonical.len / 2)
            reject(t);
        break;
    }
    case MAILPROTO_SMTP_SERVER_MESSAGE_END:
        m->ended++;
        t->open_messages--;
        request->n = t->refuse_end >> t->current & 1 ? 554 : 0;
        break;
    case MAILPROTO_SMTP_SERVER_RCPT_RESULT:
        request->m = ((const mailproto_smtp_rcpt_result *)payload)->index;
        request->n = m->kinds[request->m] == FULL ? 452 : 0;
        break;
    case MAILPROTO_SMTP_SERVER_MESSAGE_ABORTED:
        m->aborted++;
        t->open_messages--;
        break;
    case MAILPROTO_SMTP_SERVER_TRANSACTION_END:
        t->transaction_ends++;
        break;
    default:
        break;
    }
    return 0;
}

static void server_answer(struct test_host *h, const struct test_pending *request)
{
    struct meeting *t = meeting_of_server(h);
    struct message *m = &t->messages[t->current];
    int32_t result;

    if (request->n >= 400)
        result = mailproto_smtp_server_reply(t->server, request->token, (uint32_t)request->n, NULL, 0, "no", 2);
    else
        result = mailproto_smtp_server_accept(t->server, request->token);
    assert_int_equal(result, t->lost ? result : MAILPROTO_OK);
    if (result)
        return;
    if (request->type == MAILPROTO_SMTP_SERVER_RCPT && request->n < 400)
        m->arrived[request->m] = 1;
    if (request->type == MAILPROTO_SMTP_SERVER_MESSAGE_END && !request->n)
        m->answered_accepted++;
}

#define SERVER_CALLBACK(name, payload)                                                                                 \
    static int32_t name(mailproto_smtp_server *server, const payload *event, void *user)                               \
    {                                                                                                                  \
        (void)server;                                                                                                  \
        return test_host_event(user, &event->head);                                                                    \
    }
SERVER_CALLBACK(on_connect, mailproto_smtp_connect)
SERVER_CALLBACK(on_hello, mailproto_smtp_hello)
SERVER_CALLBACK(on_mail, mailproto_smtp_mail)
SERVER_CALLBACK(on_rcpt, mailproto_smtp_rcpt)
SERVER_CALLBACK(on_message_begin, mailproto_smtp_message_begin)
SERVER_CALLBACK(on_body, mailproto_smtp_body)
SERVER_CALLBACK(on_message_end, mailproto_smtp_message_end)
SERVER_CALLBACK(on_rcpt_result, mailproto_smtp_rcpt_result)
SERVER_CALLBACK(on_message_aborted, mailproto_smtp_message_aborted)
SERVER_CALLBACK(on_transaction_end, mailproto_smtp_transaction_end)
SERVER_CALLBACK(on_server_cancel, mailproto_cancel)
SERVER_CALLBACK(on_server_closed, mailproto_closed)

/* ---- the client's host ---- */

static struct message *message_of(struct meeting *t, uint64_t token)
{
    for (int i = 0; i < MESSAGES; i++)
        if (t->messages[i].token == token)
            return &t->messages[i];
    fail_msg("a token of nothing");
    return NULL;
}

static int32_t client_event(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    struct meeting *t = h->user;
    const void *payload = event;

    switch (event->type) {
    case MAILPROTO_SMTP_CLIENT_RCPT_REPLY: {
        const mailproto_smtp_rcpt_reply *reply = payload;
        struct message *m = message_of(t, reply->command);
        int32_t *code = reply->phase ? &m->end_codes[reply->index] : &m->codes[reply->index];

        assert_int_equal(*code, 0);
        *code = (int32_t)reply->reply->code;
        break;
    }
    case MAILPROTO_SMTP_CLIENT_BODY:
        request->n = ((const mailproto_smtp_body_request *)payload)->offset;
        request->m = (uint64_t)(message_of(t, ((const mailproto_smtp_body_request *)payload)->command) - t->messages);
        break;
    case MAILPROTO_SMTP_CLIENT_DONE: {
        const mailproto_smtp_done *done = payload;
        struct message *m = message_of(t, done->command);

        assert_int_equal(m->done, 0);
        m->done = 1;
        m->outcome = done->outcome;
        m->why = done->why;
        m->accepted = done->recipients;
        break;
    }
    default:
        break;
    }
    return 0;
}

static void client_answer(struct test_host *h, const struct test_pending *request)
{
    struct meeting *t = h->user;
    struct message *m = &t->messages[request->m];
    size_t offset = (size_t)request->n, n = m->len - offset, most = 1 + test_random_below(&t->random, 900);
    mailproto_session *session = mailproto_smtp_client_session(t->client);
    int32_t result;

    assert_int_equal(request->type, MAILPROTO_SMTP_CLIENT_BODY);
    if (offset >= m->fails_at)
        result = mailproto_session_fail(session, request->token);
    else if (!n)
        result = mailproto_session_piece_end(session, request->token);
    else
        result = mailproto_session_piece(session, request->token, m->text + offset, n < most ? n : most);
    assert_int_equal(result, t->lost ? result : MAILPROTO_OK);
}

#define CLIENT_CALLBACK(name, payload)                                                                                 \
    static int32_t name(mailproto_smtp_client *client, const payload *event, void *user)                               \
    {                                                                                                                  \
        (void)client;                                                                                                  \
        return test_host_event(user, &event->head);                                                                    \
    }
CLIENT_CALLBACK(on_ready, mailproto_smtp_ready)
CLIENT_CALLBACK(on_rcpt_reply, mailproto_smtp_rcpt_reply)
CLIENT_CALLBACK(on_client_body, mailproto_smtp_body_request)
CLIENT_CALLBACK(on_done, mailproto_smtp_done)
CLIENT_CALLBACK(on_client_cancel, mailproto_cancel)
CLIENT_CALLBACK(on_client_closed, mailproto_closed)

/* ---- messages of nothing but trouble ---- */

static void make_canonical(struct message *m)
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

enum { CLEAR, WITH_STARTTLS, IMPLICIT, TLS_WAYS };
static const uint32_t tls_ways[] = {MAILPROTO_TLS_NEVER, MAILPROTO_TLS_REQUIRED, MAILPROTO_TLS_IMPLICIT};

static void start_server(struct meeting *t, uint64_t seed, uint32_t tls)
{
    mailproto_smtp_server_config config;
    mailproto_smtp_server_callbacks callbacks;
    const char *why = NULL;

    mailproto_smtp_server_config_init(&config, sizeof config);
    config.hostname = (mailproto_text){"mx.example", 10};
    config.flags = t->lmtp ? MAILPROTO_SMTP_SERVER_LMTP : 0;
    config.max_open = seed % 2 ? 1 : 16;
    config.tls = tls_ways[tls];
    config.offer = MAILPROTO_SMTP_EXT_SIZE | MAILPROTO_SMTP_EXT_8BITMIME | MAILPROTO_SMTP_EXT_PIPELINING |
                   MAILPROTO_SMTP_EXT_CHUNKING | MAILPROTO_SMTP_EXT_ENHANCEDSTATUSCODES;
    if (tls == WITH_STARTTLS)
        config.offer |= MAILPROTO_SMTP_EXT_STARTTLS;
    if (seed / 2 % 2)
        config.mask |= MAILPROTO_SMTP_EXT_PIPELINING;
    if (seed / 4 % 2)
        config.mask |= MAILPROTO_SMTP_EXT_CHUNKING;
    mailproto_smtp_server_callbacks_init(&callbacks, sizeof callbacks);
    callbacks.on_connect = on_connect;
    callbacks.on_hello = on_hello;
    callbacks.on_mail = on_mail;
    callbacks.on_rcpt = on_rcpt;
    callbacks.on_message_begin = on_message_begin;
    callbacks.on_body = on_body;
    callbacks.on_message_end = on_message_end;
    callbacks.on_rcpt_result = on_rcpt_result;
    callbacks.on_message_aborted = on_message_aborted;
    callbacks.on_transaction_end = on_transaction_end;
    callbacks.on_cancel = on_server_cancel;
    callbacks.on_closed = on_server_closed;
    t->server_host.mode = (uint32_t)test_random_below(&t->random, 3);
    if (mailproto_smtp_server_new(&t->server, &config, t->server_host.mode == TEST_POLLED ? NULL : &callbacks, NULL,
                                  &t->server_host, &why))
        fail_msg("server: %s", why ? why : "?");
    t->server_host.session = mailproto_smtp_server_session(t->server);
    t->server_host.event = server_event;
    t->server_host.answer = server_answer;
    t->server_host.user = t;
    t->server_host.random.state = seed * 3;
    t->server_host.holds = (int)test_random_below(&t->random, 2);
}

static void start_client(struct meeting *t, uint64_t seed, uint32_t tls)
{
    mailproto_smtp_client_config config;
    mailproto_smtp_client_callbacks callbacks;
    const char *why = NULL;

    mailproto_smtp_client_config_init(&config, sizeof config);
    config.hostname = (mailproto_text){"client.example", 14};
    config.flags = t->lmtp ? MAILPROTO_SMTP_CLIENT_LMTP : 0;
    config.tls = tls_ways[tls];
    mailproto_smtp_client_callbacks_init(&callbacks, sizeof callbacks);
    callbacks.on_ready = on_ready;
    callbacks.on_rcpt_reply = on_rcpt_reply;
    callbacks.on_body = on_client_body;
    callbacks.on_done = on_done;
    callbacks.on_cancel = on_client_cancel;
    callbacks.on_closed = on_client_closed;
    t->client_host.mode = (uint32_t)test_random_below(&t->random, 3);
    if (mailproto_smtp_client_new(&t->client, &config, t->client_host.mode == TEST_POLLED ? NULL : &callbacks, NULL,
                                  &t->client_host, &why))
        fail_msg("client: %s", why ? why : "?");
    t->client_host.session = mailproto_smtp_client_session(t->client);
    t->client_host.event = client_event;
    t->client_host.answer = client_answer;
    t->client_host.user = t;
    t->client_host.random.state = seed * 5;
    t->client_host.holds = (int)test_random_below(&t->random, 2);
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

static void begin(struct meeting *t, uint64_t seed)
{
    uint32_t tls = (uint32_t)(seed % TLS_WAYS);

    memset(t, 0, sizeof *t);
    t->random.state = seed;
    t->lmtp = test_random_below(&t->random, 3) == 0;
    for (int i = 0; i < MESSAGES; i++)
        make_message(t, &t->messages[i]);
    if (test_random_below(&t->random, 3) == 0)
        t->refuse_end = 1u << test_random_below(&t->random, MESSAGES);
    if (test_random_below(&t->random, 3) == 0)
        t->reject = 1u << test_random_below(&t->random, MESSAGES);
    start_server(t, seed, tls);
    start_client(t, seed, tls);
    if (tls != CLEAR) {
        layer(&t->server_host, &t->server_records, 0);
        layer(&t->client_host, &t->client_records, 1);
    }
    for (uint32_t i = 0; i < MESSAGES; i++)
        submit(t, i);
    mailproto_session_finish(t->client_host.session);
}

static void end(struct meeting *t)
{
    test_host_free(&t->client_host);
    test_host_free(&t->server_host);
    for (int i = 0; i < MESSAGES; i++) {
        test_bytes_free(&t->messages[i].canonical);
        test_bytes_free(&t->messages[i].received);
    }
}

/* ---- the wire ---- */

static size_t carry(struct meeting *t, struct test_host *from, struct test_host *to)
{
    size_t n = from->out.len;

    if (!n)
        return 0;
    n = 1 + test_random_below(&t->random, n);
    test_bytes_add(&to->in, from->out.ptr, n);
    test_bytes_take(&from->out, n);
    return n;
}

static int over(const struct test_host *h)
{
    return (mailproto_session_wants(h->session) & MAILPROTO_WANTS_CLOSE) != 0;
}

/* Until nothing moves any more, or `limit` octets were carried. */
static void talk(struct meeting *t, size_t limit)
{
    struct test_host *server = &t->server_host, *client = &t->client_host;
    size_t moved = 0, n;
    int alive = 1, ended = 0;

    while (alive && moved < limit) {
        test_host_settle(server);
        test_host_settle(client);
        alive = test_host_act(server);
        alive |= test_host_act(client);
        n = carry(t, client, server) + carry(t, server, client);
        moved += n;
        alive |= n != 0;
        if (over(client))
            client->in.len = 0;
        if (over(server))
            server->in.len = 0;
        if (!ended && over(server) && !server->out.len && !client->in.len && !over(client)) {
            test_host_eof(client);
            ended = alive = 1;
        }
        if (!ended && over(client) && !client->out.len && !server->in.len && !over(server)) {
            test_host_eof(server);
            ended = alive = 1;
        }
        alive |= client->in.len && !over(client);
        alive |= server->in.len && !over(server);
    }
}

/* ---- what must be true of a message, however it went ---- */

static int same(const struct test_bytes *a, const struct test_bytes *b)
{
    return a->len == b->len && (!a->len || !memcmp(a->ptr, b->ptr, a->len));
}

static void check_message(struct meeting *t, uint32_t i, uint64_t seed)
{
    struct message *m = &t->messages[i];
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

static void check(struct meeting *t, uint64_t seed)
{
    if (t->client_host.closed != 1 || t->server_host.closed != 1)
        fail_msg("seed %u: closed %d, %d", (unsigned)seed, t->client_host.closed, t->server_host.closed);
    assert_int_equal(t->mails >= t->transaction_ends, 1);
    assert_int_equal(t->open_messages, 0);
    for (uint32_t i = 0; i < MESSAGES; i++)
        check_message(t, i, seed);
}

/* What comes of a message whose connection lasts. */
static uint32_t expected_outcome(const struct meeting *t, uint32_t i)
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

static void meetings(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 240; seed++) {
        begin(&t, seed);
        talk(&t, SIZE_MAX);
        check(&t, seed);
        assert_int_equal(t.client_host.why, MAILPROTO_OK);
        for (uint32_t i = 0; i < MESSAGES; i++) {
            const struct message *m = &t.messages[i];

            if (m->outcome != expected_outcome(&t, i))
                fail_msg("seed %u: message %u: outcome %u, not %u%s", (unsigned)seed, i, m->outcome,
                         expected_outcome(&t, i), t.lmtp ? " (LMTP)" : "");
            for (uint32_t k = 0; k < m->recipients; k++)
                assert_int_equal(m->codes[k], rcpt_code(m->kinds[k]));
            for (uint32_t k = 0; k < m->recipients && m->ended && m->answered_accepted && t.lmtp; k++)
                if (m->kinds[k] == GOOD || m->kinds[k] == FULL)
                    assert_int_equal(m->end_codes[k], m->kinds[k] == GOOD ? 250 : 452);
        }
        assert_int_equal(t.mails, MESSAGES);
        assert_int_equal(t.transaction_ends, MESSAGES);
        end(&t);
    }
}

/* The connection breaks anywhere. */
static void broken_meetings(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        begin(&t, seed);
        talk(&t, 1 + test_random_below(&t.random, 20000));
        t.lost = 1;
        test_host_lost(&t.client_host, MAILPROTO_ERR_LOST);
        test_host_lost(&t.server_host, MAILPROTO_ERR_LOST);
        t.client_host.in.len = t.server_host.in.len = 0;
        test_host_rest(&t.client_host);
        test_host_rest(&t.server_host);
        check(&t, seed);
        end(&t);
    }
}

/* The client's side of the connection is cut, and the server reads what was under way to its end. */
static void half_closed_meetings(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        begin(&t, seed);
        talk(&t, 1 + test_random_below(&t.random, 20000));
        t.lost = 1;
        test_host_lost(&t.client_host, MAILPROTO_ERR_LOST);
        test_host_rest(&t.client_host);
        while (t.client_host.out.len || t.server_host.in.len) {
            carry(&t, &t.client_host, &t.server_host);
            test_host_rest(&t.server_host);
            if (over(&t.server_host))
                break;
        }
        test_host_rest(&t.server_host);
        if (!over(&t.server_host))
            test_host_eof(&t.server_host);
        test_host_rest(&t.server_host);
        check(&t, seed);
        end(&t);
    }
}

/* Each body fails somewhere: with DATA that ends the connection, with BDAT the next message goes on. */
static void failing_bodies(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        uint32_t failing;

        begin(&t, seed);
        failing = (uint32_t)test_random_below(&t.random, MESSAGES);
        t.messages[failing].fails_at = test_random_below(&t.random, t.messages[failing].len + 1);
        talk(&t, SIZE_MAX);
        check(&t, seed);
        end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meetings),
        cmocka_unit_test(broken_meetings),
        cmocka_unit_test(half_closed_meetings),
        cmocka_unit_test(failing_bodies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
