/* test_host_layers.c - sessions inside of a layer, and polled ones: the hooks for TLS at both ends, on_event.
 * include/mailproto/host_connection.h, "TLS, given by whoever has it"; the layer is the tests' own and hides nothing from
 * anybody. */
#include "scene.h"

#include "support/records.h"

#include <uv.h>

#include <unistd.h>

/* ---- a layer where TLS would be ---- */

struct side {
    struct test_records records;
    int *freed;
};

struct provider {
    int made, freed, clients;
    int fail;
    char name[64];
};

static void free_side(void *ctx)
{
    struct side *side = ctx;

    ++*side->freed;
    free(side);
}

static int32_t over(mailproto_session **outer, mailproto_session *inner, const mailproto_host_tls_side *about,
                    void *user)
{
    struct provider *p = user;
    struct side *side;
    mailproto_layer ops;
    int32_t result;

    if (p->fail)
        return MAILPROTO_ERR_TLS;
    side = calloc(1, sizeof *side);
    assert_non_null(side);
    assert_non_null(about->allocator);
    side->freed = &p->freed;
    side->records.client = (int)about->client;
    test_records_layer(&ops, 0);
    ops.free = free_side;
    p->made++;
    if (about->client) {
        p->clients++;
        snprintf(p->name, sizeof p->name, "%.*s", (int)about->name.len, about->name.ptr);
    }
    result = mailproto_layer_new(outer, inner, &ops, side, about->allocator);
    if (result)
        free(side);
    return result;
}

static mailproto_host_tls tls_of(struct provider *p)
{
    mailproto_host_tls tls;

    mailproto_host_tls_init(&tls, sizeof tls);
    tls.over = over;
    tls.user = p;
    return tls;
}

struct told {
    struct scene *s;
    int count;
    mailproto_host_outcome outcome;
    char sentence[1000];
};

static void on_outcome(const mailproto_host_outcome *outcome, void *user)
{
    struct told *t = user;

    t->count++;
    t->outcome = *outcome;
    snprintf(t->sentence, sizeof t->sentence, "%.*s", (int)outcome->sentence.len, outcome->sentence.ptr);
    mailproto_host_stop(t->s->host);
}

/* Sends a message by this scheme and policy; what became of it. */
static void send_by(struct scene *s, struct told *t, const char *scheme, uint32_t policy, const mailproto_host_tls *tls,
                    const char *password)
{
    mailproto_host_send_request request;
    mailproto_host_recipient to;
    char url[200];

    *t = (struct told){.s = s};
    mailproto_host_send_request_init(&request, sizeof request);
    mailproto_host_recipient_init(&to, sizeof to);
    to.address = text_of("bob@example.test");
    snprintf(url, sizeof url, "%s://%s", scheme, s->where);
    request.url = text_of(url);
    request.recipients = &to;
    request.message = text_of("Subject: x\n\nx\n");
    request.tls = policy;
    request.tls_layer = tls;
    if (password) {
        request.user_name = text_of("alice");
        request.password = text_of(password);
    }
    assert_int_equal(mailproto_host_send(s->host, &request, on_outcome, t, NULL), MAILPROTO_OK);
    while (!t->count)
        scene_run(s);
}

static void begin(struct scene *s, uint32_t policy, const mailproto_host_tls *tls)
{
    scene_begin(s, NULL);
    s->tls = policy;
    s->listen.tls = tls;
    scene_listen(s);
}

/* The server answers when it likes; nobody but the session knows whose connection that is. */
static void answer_later(mailproto_host_timer *timer, void *user)
{
    struct scene *s = user;

    (void)timer;
    assert_int_equal(mailproto_smtp_server_accept(s->last->engine, s->last->token), MAILPROTO_OK);
}

static void start_answer(struct scene *s)
{
    assert_int_equal(mailproto_host_timer_start(s->host, 1, 0, answer_later, s, NULL), MAILPROTO_OK);
}

static void test_late_answer(void **state)
{
    struct provider server = {0}, client = {0};
    mailproto_host_tls server_tls = tls_of(&server), client_tls = tls_of(&client);
    struct scene s;
    struct told t;

    (void)state;
    begin(&s, MAILPROTO_TLS_IMPLICIT, &server_tls);
    s.hold_end = 1;
    s.on_message = start_answer;
    send_by(&s, &t, "smtps", 0, &client_tls, NULL);
    assert_int_equal(t.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
    scene_end(&s);
}

static void test_implicit(void **state)
{
    struct provider server = {0}, client = {0};
    mailproto_host_tls server_tls = tls_of(&server), client_tls = tls_of(&client);
    struct scene s;
    struct told t;

    (void)state;
    begin(&s, MAILPROTO_TLS_IMPLICIT, &server_tls);
    send_by(&s, &t, "smtps", 0, &client_tls, NULL);
    assert_int_equal(t.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(t.outcome.tls, 1);
    assert_int_equal(s.tls_started, 1);
    assert_int_equal(client.clients, 1);
    assert_string_equal(client.name, "127.0.0.1");
    scene_end(&s);
    assert_int_equal(server.freed, 1);
    assert_int_equal(client.freed, 1);
}

/* STARTTLS where it is offered; and credentials go without any flag, for nobody else can read them. */
static void test_starttls(void **state)
{
    struct provider server = {0}, client = {0};
    mailproto_host_tls server_tls = tls_of(&server), client_tls = tls_of(&client);
    struct scene s;
    struct told t;

    (void)state;
    scene_begin(&s, NULL);
    s.tls = MAILPROTO_TLS_MAY;
    s.server_flags = MAILPROTO_SMTP_SERVER_SUBMISSION;
    s.offer = MAILPROTO_SMTP_EXT_DEFAULT | MAILPROTO_SMTP_EXT_AUTH | MAILPROTO_SMTP_EXT_STARTTLS;
    s.listen.tls = &server_tls;
    scene_listen(&s);
    send_by(&s, &t, "submission", 0, &client_tls, "secret");
    assert_int_equal(t.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(t.outcome.tls, 1);
    assert_int_equal(t.outcome.authenticated, 1);
    scene_end(&s);
}

/* Asked for and not offered: nothing is sent. */
static void test_required_and_not_offered(void **state)
{
    struct provider client = {0};
    mailproto_host_tls client_tls = tls_of(&client);
    struct scene s;
    struct told t;

    (void)state;
    begin(&s, MAILPROTO_TLS_NEVER, NULL);
    send_by(&s, &t, "smtp", MAILPROTO_TLS_REQUIRED, &client_tls, NULL);
    assert_int_equal(t.outcome.outcome, MAILPROTO_SMTP_NOT_SENT);
    assert_int_equal(s.mails, 0);
    assert_true(t.outcome.why == MAILPROTO_ERR_TLS || t.outcome.why == MAILPROTO_ERR_UNSUPPORTED);
    scene_end(&s);
    assert_int_equal(client.freed, 1);
}

/* The layer cannot be made, at either end: the session hears it, nothing stays. */
static void test_no_layer(void **state)
{
    struct provider server = {0}, client = {0};
    mailproto_host_tls server_tls = tls_of(&server), client_tls = tls_of(&client);
    struct scene s;
    struct told t;

    (void)state;
    begin(&s, MAILPROTO_TLS_IMPLICIT, &server_tls);
    client.fail = 1;
    send_by(&s, &t, "smtps", 0, &client_tls, NULL);
    assert_int_equal(t.outcome.outcome, MAILPROTO_SMTP_NOT_SENT);
    assert_int_equal(t.outcome.why, MAILPROTO_ERR_TLS);
    client.fail = 0;
    server.fail = 1;
    s.closed_why = 0;
    send_by(&s, &t, "smtps", 0, &client_tls, NULL);
    assert_int_equal(t.outcome.outcome, MAILPROTO_SMTP_NOT_SENT);
    assert_int_equal(s.closed_why, MAILPROTO_ERR_TLS);
    scene_end(&s);
    assert_int_equal(server.made, server.freed);
    assert_int_equal(client.made, client.freed);
}

/* A session that wants TLS where there is none. */
static void test_tls_without_a_layer(void **state)
{
    struct scene s;
    int fd;

    (void)state;
    scene_begin(&s, NULL);
    s.tls = MAILPROTO_TLS_IMPLICIT;
    s.on_gone = NULL;
    scene_listen(&s);
    fd = raw_connect(mailproto_host_listener_port(s.listener));
    while (!s.gone)
        uv_run(mailproto_host_loop(s.host), UV_RUN_ONCE);
    assert_int_equal(s.closed_why, MAILPROTO_ERR_TLS);
    close(fd);
    scene_end(&s);
}

/* ---- polled sessions ---- */

struct polled {
    struct scene *s;
    mailproto_smtp_server *engine;
    int events, messages, gone;
};

static int32_t on_event(mailproto_host_connection *connection, const mailproto_event *event, void *user)
{
    struct polled *p = user;

    assert_ptr_equal(mailproto_host_connection_user(connection), user);
    p->events++;
    if (event->type == MAILPROTO_SMTP_SERVER_MESSAGE_END)
        p->messages++;
    if (event->type == MAILPROTO_SMTP_SERVER_CONNECT)
        return MAILPROTO_USE_DEFAULT;
    if (event->type == MAILPROTO_SMTP_SERVER_RCPT) {
        const mailproto_smtp_rcpt *rcpt = (const void *)event;

        if (rcpt->path.len > 2 && !memcmp(rcpt->path.ptr, "no", 2))
            return MAILPROTO_ERR_HOST; /* 451 */
    }
    return event->token ? mailproto_smtp_server_accept(p->engine, event->token) : 0;
}

static void polled_gone(mailproto_host_connection *connection, void *user)
{
    (void)connection;
    ((struct polled *)user)->gone++;
}

static int32_t accept_polled(mailproto_host_listener *listener, mailproto_host_connection *connection,
                             const mailproto_host_peer *peer, mailproto_session **session, void *user)
{
    struct polled *p = user;
    mailproto_smtp_server_config config;
    int32_t result;

    (void)listener;
    (void)connection;
    (void)peer;
    mailproto_smtp_server_config_init(&config, sizeof config);
    config.hostname = text_of("mx.example.test");
    result = mailproto_smtp_server_new(&p->engine, &config, NULL, &p->s->allocator.api, NULL, NULL);
    if (!result)
        *session = mailproto_smtp_server_session(p->engine);
    return result;
}

static void stop_client(struct client *c)
{
    mailproto_host_stop(c->scene->host);
}

static void test_polled(void **state)
{
    struct scene s;
    struct polled p = {.s = &s};
    struct client c = {.on_gone = stop_client};

    (void)state;
    scene_begin(&s, NULL);
    s.listen.on_accept = accept_polled;
    s.listen.on_event = on_event;
    s.listen.on_gone = polled_gone;
    s.listen.user = &p;
    scene_listen(&s);
    client_go(&c, &s, "bob@example.test");
    scene_run(&s);
    assert_int_equal(c.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(p.messages, 1);
    memset(&c, 0, sizeof c);
    c.on_gone = stop_client;
    client_go(&c, &s, "nobody@example.test");
    scene_run(&s);
    assert_int_equal(c.outcome, MAILPROTO_SMTP_REFUSED);
    assert_int_equal(p.messages, 1);
    scene_end(&s);
    assert_int_equal(p.gone, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_answer), cmocka_unit_test(test_implicit),
        cmocka_unit_test(test_starttls),    cmocka_unit_test(test_required_and_not_offered),
        cmocka_unit_test(test_no_layer),    cmocka_unit_test(test_tls_without_a_layer),
        cmocka_unit_test(test_polled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
