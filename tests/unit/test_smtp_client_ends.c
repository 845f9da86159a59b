/* test_smtp_client_ends.c - every way a conversation can be broken off, at every event: each command ends once, each request
 * is cancelled once, and no server sees the end of a message that was not sent. contract.md section 2. */
#include "smtp_client_talk.h"

static void plain_auth(mailproto_smtp_client_config *config)
{
    config->mechanisms = MAILPROTO_SASL_PLAIN;
    config->flags = MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH | MAILPROTO_SMTP_CLIENT_NO_CHUNKING;
    config->tls = MAILPROTO_TLS_MAY;
}

static void plain_auth_chunking(mailproto_smtp_client_config *config)
{
    plain_auth(config);
    config->flags = MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH;
}

static void submit(struct talk *t)
{
    static const char *const to[] = {"b@y.example", "c@z.example", NULL};
    mailproto_smtp_envelope envelope;
    uint64_t token;

    talk_envelope(&envelope);
    talk_send(t, &envelope, to);
    talk_send(t, &envelope, to);
    if (mailproto_smtp_client_noop(t->client, &token) == MAILPROTO_OK)
        t->commands[t->command_count++] = token;
}

#define OPENING                                                                                                        \
    "S: 220 mx.example\n"                                                                                              \
    "C: EHLO client.example\n"                                                                                         \
    "S: 250-mx.example\n"                                                                                              \
    "S: 250 STARTTLS\n"                                                                                                \
    "C: STARTTLS\n"                                                                                                    \
    "S: 220 go\n"                                                                                                      \
    "TLS\n"                                                                                                            \
    "C: EHLO client.example\n"                                                                                         \
    "S: 250-mx.example\n"                                                                                              \
    "S: 250-AUTH PLAIN\n"                                                                                              \
    "S: 250-CHUNKING\n"                                                                                                \
    "S: 250 PIPELINING\n"                                                                                              \
    "C: AUTH PLAIN AHUAcA==\n"                                                                                         \
    "S: 235 ok\n"
#define DATA                                                                                                           \
    "C: MAIL FROM:<a@x.example>\n"                                                                                     \
    "C: RCPT TO:<b@y.example>\n"                                                                                       \
    "C: RCPT TO:<c@z.example>\n"                                                                                       \
    "C: DATA\n"                                                                                                        \
    "S: 250 ok\n"                                                                                                      \
    "S: 250 ok\n"                                                                                                      \
    "S: 550 no\n"                                                                                                      \
    "S: 354 go\n"                                                                                                      \
    "C: one\n"                                                                                                         \
    "C: two\n"                                                                                                         \
    "C: .\n"                                                                                                           \
    "S: 250 queued\n"
#define BDAT                                                                                                           \
    "C: MAIL FROM:<a@x.example>\n"                                                                                     \
    "C: RCPT TO:<b@y.example>\n"                                                                                       \
    "C: RCPT TO:<c@z.example>\n"                                                                                       \
    "C: BDAT 5\n"                                                                                                      \
    "C: one\n"                                                                                                         \
    "C: BDAT 5\n"                                                                                                      \
    "C: two\n"                                                                                                         \
    "C: BDAT 0 LAST\n"                                                                                                 \
    "S: 250 ok\n"                                                                                                      \
    "S: 250 ok\n"                                                                                                      \
    "S: 550 no\n"                                                                                                      \
    "S: 250 ok\n"                                                                                                      \
    "S: 250 ok\n"                                                                                                      \
    "S: 250 queued\n"
#define CLOSING                                                                                                        \
    "C: NOOP\n"                                                                                                        \
    "S: 250 ok\n"

static const struct scene scenes[] = {
    {
        .name = "DATA",
        .configure = plain_auth,
        .submit = submit,
        .body = "one\r\ntwo\r\n",
        .piece = 5,
        .user = "u",
        .password = "p",
        .script = OPENING DATA DATA CLOSING,
    },
    {
        .name = "BDAT",
        .configure = plain_auth_chunking,
        .submit = submit,
        .body = "one\r\ntwo\r\n",
        .piece = 5,
        .user = "u",
        .password = "p",
        .script = OPENING BDAT BDAT CLOSING,
    },
};

/* ---- what is watched ---- */

enum { FREE, FINISH, CANCEL_ALL, FAIL, LOSE, HOLD_ON, WAYS };

struct watch {
    size_t at, events;
    size_t request_at; /* 1 is the first */
    int way;
    size_t done, replies, closed, open, cancelled;
    uint64_t request;
    uint32_t outcomes[2];
    size_t messages;
};

static void do_it(struct talk *t, struct watch *w)
{
    size_t taken;
    const uint8_t *data;
    size_t len;

    /* the I/O verbs are not for callbacks */
    assert_int_equal(mailproto_session_feed(t->session, "2", 1, t->now, &taken), MAILPROTO_ERR_REENTRANT);
    assert_int_equal(mailproto_session_output(t->session, &data, &len), MAILPROTO_ERR_REENTRANT);
    assert_int_equal(mailproto_session_tick(t->session, t->now), MAILPROTO_ERR_REENTRANT);
    switch (w->way) {
    case FREE:
        mailproto_session_free(t->session);
        break;
    case FINISH:
        mailproto_session_finish(t->session);
        break;
    case CANCEL_ALL:
        for (size_t i = 0; i < t->command_count; i++)
            mailproto_session_cancel(t->session, t->commands[i]);
        break;
    case FAIL:
        t->result = MAILPROTO_ERR_HOST;
        break;
    case HOLD_ON:
        mailproto_session_hold(t->session);
        mailproto_session_release(t->session);
        break;
    default:
        break;
    }
}

static void watch_event(struct talk *t, const mailproto_event *event)
{
    struct watch *w = t->mine;

    assert_int_equal(w->closed, 0);
    assert_false(t->freed);
    t->result = 0;
    if (event->token) {
        w->request = event->token;
        w->open++;
    }
    if (event->type == MAILPROTO_SMTP_CLIENT_DONE) {
        const mailproto_smtp_done *done = (const void *)event;
        size_t i = talk_index(t, done->command);

        assert_true(i < 2);
        assert_int_equal(w->outcomes[i], 0);
        w->outcomes[i] = done->outcome;
        w->done++;
    }
    w->replies += event->type == MAILPROTO_SMTP_CLIENT_REPLY;
    w->closed += event->type == MAILPROTO_EVENT_CLOSED;
    if (event->type == MAILPROTO_EVENT_CANCEL) {
        assert_int_equal(((const mailproto_cancel *)(const void *)event)->cancelled, w->request);
        w->cancelled++;
        w->request = 0;
    }
    if (w->events++ == w->at)
        do_it(t, w);
}

/* How many messages the server saw the end of. */
static size_t ends_seen(struct talk *t)
{
    size_t n = 0;

    t->out[t->out_len] = 0;
    for (const char *p = t->out; (p = strstr(p, "\r\n.\r\n")); p++)
        n++;
    for (const char *p = t->out; (p = strstr(p, " LAST\r\n")); p++)
        n++;
    return n;
}

static size_t run_one(const struct scene *scene, int way, size_t at, int mode)
{
    struct talk *t = malloc(sizeof *t);
    struct watch w = {.at = at, .way = way};
    struct talk_memory memory = {0, 0, 0};
    mailproto_allocator allocator = {sizeof allocator, &memory, talk_alloc, talk_resize, talk_free};
    size_t not_sent = 0, events;

    assert_non_null(t);
    assert_int_equal(talk_open(t, scene, mode, &allocator), MAILPROTO_OK);
    t->on_event = watch_event;
    t->mine = &w;
    t->quiet = way != HOLD_ON && at != SIZE_MAX;
    talk_run(t);
    events = w.events;
    if (!t->freed) {
        if (!w.closed)
            mailproto_session_lost(t->session, MAILPROTO_ERR_LOST, NULL, 0, t->now);
        talk_pump(t);
    }
    if (!t->freed) {
        assert_int_equal(w.closed, 1);
        assert_int_equal(w.done, 2);
        assert_int_equal(w.replies, 1);
        for (int i = 0; i < 2; i++)
            not_sent += w.outcomes[i] == MAILPROTO_SMTP_NOT_SENT;
        assert_true(ends_seen(t) <= 2 - not_sent);
        mailproto_session_free(t->session);
    }
    assert_int_equal(memory.live, 0);
    free(t);
    return events;
}

static void each_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        size_t events = run_one(&scenes[i], HOLD_ON, SIZE_MAX, TALK_NOW);

        assert_true(events > 10);
        for (int way = 0; way < WAYS; way++)
            for (size_t at = 0; at < events; at++) {
                run_one(&scenes[i], way, at, TALK_NOW);
                if (way != FREE)
                    run_one(&scenes[i], way, at, TALK_LATER);
            }
    }
}

/* ---- the connection is reset with each request open, and after each octet ---- */

static void leave_open(struct talk *t, const mailproto_event *event)
{
    struct watch *w = t->mine;

    watch_event(t, event);
    if (event->token && w->open == w->request_at)
        t->silent = 1;
}

static size_t lose_at(const struct scene *scene, size_t at, int mode, int half)
{
    struct talk *t = malloc(sizeof *t);
    struct watch w = {.at = SIZE_MAX, .way = LOSE, .request_at = at};
    size_t requests;

    assert_non_null(t);
    assert_int_equal(talk_open(t, scene, mode, NULL), MAILPROTO_OK);
    t->on_event = leave_open;
    t->half = half;
    t->mine = &w;
    t->quiet = 1;
    talk_run(t);
    requests = w.open;
    if (at) {
        assert_int_equal(t->silent, 2);
        assert_int_equal(w.cancelled, 1);
        assert_int_equal(w.closed, 1);
        assert_int_equal(w.done, 2);
        assert_int_equal(w.replies, 1);
        assert_int_equal(mailproto_session_wants(t->session), MAILPROTO_WANTS_CLOSE);
    }
    mailproto_session_free(t->session);
    free(t);
    return requests;
}

static void lose_at_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        for (int mode = TALK_NOW; mode <= TALK_POLLED; mode += TALK_POLLED - TALK_NOW) {
            size_t requests = lose_at(&scenes[i], 0, mode, 0);

            assert_int_equal(requests, 7); /* credentials, and two pieces and the end of two messages */
            for (size_t at = 1; at <= requests; at++)
                for (int half = 0; half < 2; half++)
                    lose_at(&scenes[i], at, mode, half);
        }
}

/* ---- a reply before the message is whole ---- */

static void leave_body_open(struct talk *t, const mailproto_event *event)
{
    watch_event(t, event);
    if (event->type == MAILPROTO_SMTP_CLIENT_BODY)
        t->silent = 2;
}

#define COMMANDS                                                                                                       \
    "C: MAIL FROM:<a@x.example>\n"                                                                                     \
    "C: RCPT TO:<b@y.example>\n"                                                                                       \
    "C: RCPT TO:<c@z.example>\n"
#define REPLIES                                                                                                        \
    "S: 250 ok\n"                                                                                                      \
    "S: 250 ok\n"                                                                                                      \
    "S: 550 no\n"

/* The reply comes while a piece of the body is owed. */
static void interrupt(const char *reply, int chunking, const char *events)
{
    struct scene scene = scenes[chunking];
    struct talk *t = malloc(sizeof *t);
    struct watch w = {.at = SIZE_MAX};

    assert_non_null(t);
    scene.script = chunking ? OPENING COMMANDS REPLIES : OPENING COMMANDS "C: DATA\n" REPLIES "S: 354 go\n";
    assert_int_equal(talk_open(t, &scene, TALK_NOW, NULL), MAILPROTO_OK);
    t->on_event = leave_body_open;
    t->mine = &w;
    talk_run(t);
    talk_check(t);
    assert_int_equal(t->silent, 2);
    t->log_len = 0;
    talk_feed(t, reply, strlen(reply));
    assert_string_equal(t->log, events);
    assert_int_equal(w.cancelled, 1);
    assert_int_equal(ends_seen(t), 0);
    mailproto_session_free(t->session);
    free(t);
}

#define REST(why, reply) "DONE 1 NOT_SENT " why " stage=0 rcpts=0" reply "\nREPLY 2 " why "\nCLOSED " why "\n"

static void replies_in_the_middle(void **state)
{
    (void)state;
    interrupt("552 5.3.4 enough\r\n", 0,
              "CANCEL 203 ERR_REFUSED\nDONE 0 REFUSED ERR_REFUSED stage=8 rcpts=1 552 [5.3.4] enough\n" REST(
                  "ERR_REFUSED", " 552 [5.3.4] enough"));
    interrupt("421 going down\r\n", 0,
              "CANCEL 203 ERR_REFUSED\nDONE 0 REFUSED ERR_REFUSED stage=8 rcpts=1 421 going down\n" REST(
                  "ERR_REFUSED", " 421 going down"));
    interrupt("250 queued\r\n", 0,
              "CANCEL 203 ERR_PROTOCOL\nDONE 0 NOT_SENT ERR_PROTOCOL stage=8 rcpts=1\n" REST("ERR_PROTOCOL", ""));
    interrupt("552 5.3.4 enough\r\n", 1,
              "CANCEL 203 ERR_PROTOCOL\nDONE 0 NOT_SENT ERR_PROTOCOL stage=8 rcpts=1\n" REST("ERR_PROTOCOL", ""));
    interrupt("421 going down\r\n", 1,
              "CANCEL 203 ERR_REFUSED\nDONE 0 REFUSED ERR_REFUSED stage=8 rcpts=1 421 going down\n" REST(
                  "ERR_REFUSED", " 421 going down"));
}

/* ---- the trace ---- */

struct traced {
    char text[3][2048];
    size_t len[3];
};

static void keep_trace(struct talk *t, const mailproto_event *event)
{
    struct traced *traced = t->mine;
    const mailproto_trace *trace = (const void *)event;
    size_t kind;

    if (event->type != MAILPROTO_EVENT_TRACE || trace->direction != MAILPROTO_TRACE_OUT)
        return;
    kind = trace->kind == MAILPROTO_TRACE_LINE ? 0 : trace->kind == MAILPROTO_TRACE_BODY ? 1 : 2;
    assert_true(traced->len[kind] + trace->bytes.len < sizeof traced->text[0]);
    memcpy(traced->text[kind] + traced->len[kind], trace->bytes.ptr, trace->bytes.len);
    traced->len[kind] += trace->bytes.len;
}

/* Command lines, message text and credentials are told apart, also where they were made together. */
static void trace_kinds(void **state)
{
    (void)state;
    for (int mode = TALK_NOW; mode <= TALK_POLLED; mode++) {
        struct talk *t = malloc(sizeof *t);
        struct traced traced = {.len = {0, 0, 0}};

        assert_non_null(t);
        assert_int_equal(talk_open(t, &scenes[1], mode, NULL), MAILPROTO_OK);
        t->on_event = keep_trace;
        t->mine = &traced;
        mailproto_session_set_trace(t->session, MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_BODY | MAILPROTO_TRACE_PRIVATE);
        talk_run(t);
        talk_check(t);
        assert_string_equal(traced.text[1], "one\r\ntwo\r\none\r\ntwo\r\n");
        assert_string_equal(traced.text[2], "AUTH PLAIN AHUAcA==\r\n");
        assert_non_null(strstr(traced.text[0], "RCPT TO:<c@z.example>\r\nBDAT 5\r\nBDAT 5\r\nBDAT 0 LAST\r\nMAIL"));
        mailproto_session_free(t->session);
        free(t);
    }
}

/* The server closes, or resets, behind each octet that it would have said. */
static void server_ends_anywhere(void **state)
{
    char said[1024];
    size_t n = 0;

    (void)state;
    for (const char *p = scenes[0].script; *p; p += strcspn(p, "\n") + 1)
        if (!memcmp(p, "S: ", 3)) {
            size_t len = strcspn(p, "\n") - 3;

            memcpy(said + n, p + 3, len);
            memcpy(said + n + len, "\r\n", 2);
            n += len + 2;
        }
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        for (size_t end = 0; end < n; end++)
            for (int how = 0; how < 2; how++) {
                struct talk *t = malloc(sizeof *t);
                struct watch w = {.at = SIZE_MAX};
                size_t taken, fed = 0, not_sent = 0;

                assert_non_null(t);
                assert_int_equal(talk_open(t, &scenes[i], TALK_NOW, NULL), MAILPROTO_OK);
                t->on_event = watch_event;
                t->mine = &w;
                submit(t);
                while (fed < end && !w.closed) {
                    talk_pump(t);
                    if (mailproto_session_wants(t->session) & MAILPROTO_WANTS_TLS)
                        talk_tls(t);
                    talk_pump(t);
                    mailproto_session_feed(t->session, said + fed, 1, t->now, &taken);
                    fed += taken;
                }
                talk_pump(t);
                if (how)
                    mailproto_session_lost(t->session, MAILPROTO_ERR_LOST, NULL, 0, t->now);
                else
                    mailproto_session_eof(t->session, t->now);
                talk_pump(t);
                assert_int_equal(w.closed, 1);
                assert_int_equal(w.done, 2);
                assert_int_equal(w.replies, 1);
                for (int k = 0; k < 2; k++)
                    not_sent += w.outcomes[k] == MAILPROTO_SMTP_NOT_SENT;
                assert_true(ends_seen(t) <= 2 - not_sent);
                mailproto_session_free(t->session);
                free(t);
            }
}

/* ---- what the host says of the loss is told with each end, as far as it is kept ---- */

enum { SAID = 300, KEPT = 255 };

static void expect_kept(mailproto_text text, const char *said)
{
    assert_int_equal(text.len, KEPT);
    assert_memory_equal(text.ptr, said, KEPT);
}

static void long_text_of_a_loss(void **state)
{
    mailproto_smtp_client_config config = {.struct_size = sizeof config, .hostname = {"client.example", 14}};
    mailproto_smtp_recipient to = {.struct_size = sizeof to, .path = {"b@y.example", 11}};
    mailproto_smtp_envelope envelope;
    mailproto_smtp_client *client;
    mailproto_session *session;
    const mailproto_event *event;
    char said[SAID];
    uint64_t command;
    size_t done = 0, closed = 0;

    (void)state;
    memset(said, 'x', sizeof said);
    talk_envelope(&envelope);
    assert_int_equal(mailproto_smtp_client_new(&client, &config, NULL, NULL, NULL, NULL), MAILPROTO_OK);
    session = mailproto_smtp_client_session(client);
    assert_int_equal(mailproto_smtp_client_send(client, &envelope, &command), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_client_send_to(client, command, &to), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_client_send_go(client, command), MAILPROTO_OK);
    mailproto_session_lost(session, MAILPROTO_ERR_LOST, said, sizeof said, 1);
    while ((event = mailproto_session_next_event(session))) {
        if (event->type == MAILPROTO_SMTP_CLIENT_DONE) {
            done++;
            expect_kept(((const mailproto_smtp_done *)(const void *)event)->text, said);
        } else if (event->type == MAILPROTO_EVENT_CLOSED) {
            closed++;
            expect_kept(((const mailproto_closed *)(const void *)event)->text, said);
        }
    }
    assert_int_equal(done, 1);
    assert_int_equal(closed, 1);
    mailproto_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event),  cmocka_unit_test(lose_at_requests),     cmocka_unit_test(replies_in_the_middle),
        cmocka_unit_test(trace_kinds), cmocka_unit_test(server_ends_anywhere), cmocka_unit_test(long_text_of_a_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
