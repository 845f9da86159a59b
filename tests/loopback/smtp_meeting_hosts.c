/* The hosts of the meeting: what the server's answers and counts, what the client's gives and is told.
 * smtp_meeting.h. */
#include "smtp_meeting.h"

/* ---- the server's host ---- */

static uint32_t number_at(const char *text)
{
    return (uint32_t)(text[0] - '0');
}

static struct meeting *meeting_of_server(struct test_host *h)
{
    return h->user;
}

int32_t rcpt_reply_code(uint32_t kind)
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
        request->n = (uint64_t)rcpt_reply_code(m->kinds[rcpt->index]);
        m->asked[rcpt->index]++;
        request->m = rcpt->index;
        break;
    }
    case MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN:
        m->received.len = 0;
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

/* A request that died is not known to have until its CANCEL is seen, which a hold keeps back. */
static int may_be_dead(const struct test_host *h, int lost)
{
    return lost || h->held;
}

static void server_answer(struct test_host *h, const struct test_pending *request)
{
    struct meeting *t = meeting_of_server(h);
    struct message *m = &t->messages[t->current];
    int32_t result;

    if (request->n >= 400)
        result = mailproto_smtp_server_reply(t->server, request->token, (uint32_t)request->n, NULL, 0, "no", 2);
    else if (t->stores && request->type == MAILPROTO_SMTP_SERVER_RCPT && m->kinds[request->m] == GOOD)
        result = t->stores->deliver(t, request->token, (uint32_t)request->m);
    else
        result = mailproto_smtp_server_accept(t->server, request->token);
    assert_int_equal(result, may_be_dead(h, t->server_lost) ? result : MAILPROTO_OK);
    if (result)
        return;
    test_host_answered(h, request->token);
    t->mails_accepted += request->type == MAILPROTO_SMTP_SERVER_MAIL;
    if (request->type == MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN) {
        m->begun++;
        t->open_messages++;
    }
    if (request->type == MAILPROTO_SMTP_SERVER_RCPT && request->n < 400)
        m->arrived[request->m] = 1;
    if (request->type == MAILPROTO_SMTP_SERVER_MESSAGE_END && !request->n)
        m->answered_accepted++;
}

static int stores_move(struct test_host *h)
{
    struct meeting *t = meeting_of_server(h);

    return t->stores->move(t);
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

/* The callback fails the request, or what it would do is done by hand. */
static int32_t fail_event(struct test_host *h, uint64_t token)
{
    if (h->mode == TEST_POLLED)
        assert_int_equal(mailproto_session_fail(h->session, token), MAILPROTO_OK);
    return MAILPROTO_ERR_HOST;
}

static void see_rcpt_reply(struct meeting *t, const mailproto_smtp_rcpt_reply *reply)
{
    struct message *m = message_of(t, reply->command);
    int32_t *code = reply->phase ? &m->end_codes[reply->index] : &m->codes[reply->index];

    assert_int_equal(*code, 0);
    *code = (int32_t)reply->reply->code;
}

static void see_done(struct meeting *t, const mailproto_smtp_done *done)
{
    struct message *m = message_of(t, done->command);

    assert_int_equal(m->done, 0);
    m->done = 1;
    m->outcome = done->outcome;
    m->why = done->why;
    m->accepted = done->recipients;
}

static int32_t client_event(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    struct meeting *t = h->user;
    const mailproto_smtp_body_request *body = (const void *)event;
    const mailproto_trace *trace = (const void *)event;
    struct message *m;

    switch (event->type) {
    case MAILPROTO_SMTP_CLIENT_RCPT_REPLY:
        see_rcpt_reply(t, (const void *)event);
        break;
    case MAILPROTO_SMTP_CLIENT_BODY:
        m = message_of(t, body->command);
        assert_int_equal(m->done, 0);
        m->bodies++;
        request->n = body->offset;
        request->m = (uint64_t)(m - t->messages);
        if (body->offset == m->fails_at && m->fails_how == FAILS_EVENT)
            return fail_event(h, event->token);
        break;
    case MAILPROTO_SMTP_CLIENT_DONE:
        see_done(t, (const void *)event);
        break;
    case MAILPROTO_EVENT_TRACE:
        t->quit_sent |= trace->direction == MAILPROTO_TRACE_OUT && trace->kind == MAILPROTO_TRACE_LINE &&
                        trace->bytes.len >= 6 && !memcmp(trace->bytes.ptr + trace->bytes.len - 6, "QUIT\r\n", 6);
        break;
    default:
        break;
    }
    return 0;
}

/* The body fails here. What the request came to. */
static int32_t fail_body(struct meeting *t, const struct message *m, uint64_t token)
{
    mailproto_session *session = mailproto_smtp_client_session(t->client);
    char rest[TEXT_MAX + 1] = {0};
    int32_t result = MAILPROTO_ERR_BODY;

    switch (m->fails_how) {
    case TAKES_DEFAULT:
        return mailproto_session_use_default(session, token);
    case IS_SHORT:
        result = mailproto_session_piece_end(session, token);
        break;
    case IS_LONG:
        memset(rest, 'x', sizeof rest);
        result = mailproto_session_piece(session, token, rest, m->len - m->fails_at + 1);
        break;
    case HOLDS_NUL:
        result = mailproto_session_piece(session, token, rest, 1);
        break;
    case IS_CANCELLED: /* the request dies with the message, by CANCEL */
        assert_int_equal(mailproto_session_cancel(session, m->token), MAILPROTO_OK);
        return MAILPROTO_ERR_TOKEN;
    default:
        return mailproto_session_fail(session, token);
    }
    assert_int_equal(result, MAILPROTO_ERR_BODY);
    return MAILPROTO_OK;
}

static void client_answer(struct test_host *h, const struct test_pending *request)
{
    struct meeting *t = h->user;
    struct message *m = &t->messages[request->m];
    size_t offset = (size_t)request->n, n = m->len - offset;
    size_t most = m->piece ? m->piece : 1 + test_random_below(&t->random, 900);
    mailproto_session *session = mailproto_smtp_client_session(t->client);
    int32_t result;

    assert_int_equal(request->type, MAILPROTO_SMTP_CLIENT_BODY);
    if (offset < m->fails_at && m->fails_at - offset < most)
        most = m->fails_at - offset;
    if (offset >= m->fails_at)
        result = fail_body(t, m, request->token);
    else if (!n)
        result = mailproto_session_piece_end(session, request->token);
    else
        result = mailproto_session_piece(session, request->token, m->text + offset, n < most ? n : most);
    if (result == MAILPROTO_OK)
        test_host_answered(h, request->token);
    else if (!may_be_dead(h, t->client_lost) && !(m->fails_how == IS_CANCELLED && offset >= m->fails_at))
        fail_msg("a piece was not taken: %s", mailproto_result_name(result));
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
CLIENT_CALLBACK(on_client_trace, mailproto_trace)
CLIENT_CALLBACK(on_client_cancel, mailproto_cancel)
CLIENT_CALLBACK(on_client_closed, mailproto_closed)

/* ---- both ends ---- */

static const uint32_t tls_ways[] = {MAILPROTO_TLS_NEVER, MAILPROTO_TLS_REQUIRED, MAILPROTO_TLS_IMPLICIT};

void start_server(struct meeting *t, const struct meeting_ways *ways)
{
    mailproto_smtp_server_config config;
    mailproto_smtp_server_callbacks callbacks;
    const char *why = NULL;

    mailproto_smtp_server_config_init(&config, sizeof config);
    config.hostname = (mailproto_text){"mx.example", 10};
    config.flags = t->lmtp ? MAILPROTO_SMTP_SERVER_LMTP : 0;
    if (t->stores) {
        config.flags |= MAILPROTO_SMTP_SERVER_STORE;
        t->server_host.also = stores_move;
    }
    config.max_open = ways->max_open;
    config.tls = tls_ways[ways->tls];
    config.offer = MAILPROTO_SMTP_EXT_SIZE | MAILPROTO_SMTP_EXT_8BITMIME | MAILPROTO_SMTP_EXT_PIPELINING |
                   MAILPROTO_SMTP_EXT_CHUNKING | MAILPROTO_SMTP_EXT_ENHANCEDSTATUSCODES;
    if (ways->tls == WITH_STARTTLS)
        config.offer |= MAILPROTO_SMTP_EXT_STARTTLS;
    config.mask = ways->mask;
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
    t->server_host.mode = ways->server_mode;
    if (mailproto_smtp_server_new(&t->server, &config, t->server_host.mode == TEST_POLLED ? NULL : &callbacks, NULL,
                                  &t->server_host, &why))
        fail_msg("server: %s", why ? why : "?");
    t->server_host.session = mailproto_smtp_server_session(t->server);
    t->server_host.event = server_event;
    t->server_host.answer = server_answer;
    t->server_host.user = t;
    t->server_host.random.state = ways->seed * 3;
    t->server_host.holds = ways->server_holds;
}

void start_client(struct meeting *t, const struct meeting_ways *ways)
{
    mailproto_smtp_client_config config;
    mailproto_smtp_client_callbacks callbacks;
    const char *why = NULL;

    mailproto_smtp_client_config_init(&config, sizeof config);
    config.hostname = (mailproto_text){"client.example", 14};
    config.flags = ways->client_flags | (t->lmtp ? (uint32_t)MAILPROTO_SMTP_CLIENT_LMTP : 0);
    config.tls = tls_ways[ways->tls];
    mailproto_smtp_client_callbacks_init(&callbacks, sizeof callbacks);
    callbacks.on_ready = on_ready;
    callbacks.on_rcpt_reply = on_rcpt_reply;
    callbacks.on_body = on_client_body;
    callbacks.on_done = on_done;
    callbacks.on_trace = on_client_trace;
    callbacks.on_cancel = on_client_cancel;
    callbacks.on_closed = on_client_closed;
    t->client_host.mode = ways->client_mode;
    if (mailproto_smtp_client_new(&t->client, &config, t->client_host.mode == TEST_POLLED ? NULL : &callbacks, NULL,
                                  &t->client_host, &why))
        fail_msg("client: %s", why ? why : "?");
    t->client_host.session = mailproto_smtp_client_session(t->client);
    t->client_host.event = client_event;
    t->client_host.answer = client_answer;
    t->client_host.user = t;
    t->client_host.random.state = ways->seed * 5;
    t->client_host.holds = ways->client_holds;
    mailproto_session_set_trace(t->client_host.session, MAILPROTO_TRACE_LINE);
}
