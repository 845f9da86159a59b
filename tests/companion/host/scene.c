/* scene.c - what the tests of mailproto-host share: host, server, client, and the run until all is done.
 * include/mailproto/host.h is what is tested. */
#include "scene.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TOO_LONG_MS = 60000 };

mailproto_text text_of(const char *s)
{
    return (mailproto_text){s, strlen(s)};
}

/* ---- the host ---- */

static void too_long(mailproto_host_timer *timer, void *user)
{
    (void)timer;
    (void)user;
    fail_msg("the test does not end");
}

void scene_begin(struct scene *s, const mailproto_host_config *config)
{
    mailproto_host_config own;
    const char *why = NULL;

    memset(s, 0, sizeof *s);
    test_allocator_init(&s->allocator);
    mailproto_host_config_init(&own, sizeof own);
    if (config)
        own = *config;
    own.allocator = &s->allocator.api;
    assert_int_equal(mailproto_host_new(&s->host, &own, &why), MAILPROTO_OK);
    mailproto_host_listen_config_init(&s->listen, sizeof s->listen);
    s->listen.address = text_of("127.0.0.1:0");
    s->listen.on_accept = scene_accept;
    s->listen.on_gone = scene_gone;
    s->listen.user = s;
}

void scene_listen(struct scene *s)
{
    assert_int_equal(mailproto_host_listen(s->host, &s->listen, &s->listener), MAILPROTO_OK);
    assert_true(mailproto_host_listener_port(s->listener) > 0);
    snprintf(s->where, sizeof s->where, "127.0.0.1:%u", mailproto_host_listener_port(s->listener));
    assert_string_equal(mailproto_host_listener_text(s->listener), s->where);
    snprintf(s->url, sizeof s->url, "smtp://%s", s->where);
}

void scene_run(struct scene *s)
{
    assert_int_equal(mailproto_host_timer_start(s->host, TOO_LONG_MS, 0, too_long, s, &s->watchdog), MAILPROTO_OK);
    assert_int_equal(mailproto_host_run(s->host), MAILPROTO_OK);
    mailproto_host_timer_cancel(s->watchdog);
}

void scene_end(struct scene *s)
{
    mailproto_host_free(s->host);
    s->host = NULL;
    test_bytes_free(&s->body);
    assert_int_equal(s->allocator.live, 0);
}

/* ---- the server ---- */

static int32_t on_connect(mailproto_smtp_server *engine, const mailproto_smtp_connect *connect, void *user)
{
    struct served *v = user;

    v->scene->connects++;
    if (v->scene->silent)
        return 0;
    return mailproto_smtp_server_accept(engine, connect->head.token);
}

static int32_t on_auth(mailproto_smtp_server *engine, const mailproto_smtp_auth *auth, void *user)
{
    struct served *v = user;

    v->scene->auths++;
    if (auth->name.len != 5 || memcmp(auth->name.ptr, "alice", 5) || auth->password.len != 6 ||
        memcmp(auth->password.ptr, "secret", 6))
        return MAILPROTO_USE_DEFAULT;
    return mailproto_smtp_server_accept(engine, auth->head.token);
}

static int32_t on_mail(mailproto_smtp_server *engine, const mailproto_smtp_mail *mail, void *user)
{
    struct served *v = user;

    *v->rcpts = 0;
    v->accepted = 0;
    v->scene->mails++;
    return mailproto_smtp_server_accept(engine, mail->head.token);
}

static int32_t on_rcpt(mailproto_smtp_server *engine, const mailproto_smtp_rcpt *rcpt, void *user)
{
    struct served *v = user;

    if (rcpt->path.len > 2 && !memcmp(rcpt->path.ptr, "no", 2))
        return mailproto_smtp_server_reply(engine, rcpt->head.token, 550, "5.1.1", 5, "No such user", 12);
    if (v->scene->rcpt_limit && v->accepted >= v->scene->rcpt_limit)
        return mailproto_smtp_server_reply(engine, rcpt->head.token, 452, "4.5.3", 5, "Too many", 8);
    v->accepted++;
    assert_true(strlen(v->rcpts) + rcpt->path.len + 2 < sizeof v->rcpts);
    strncat(v->rcpts, rcpt->path.ptr, rcpt->path.len);
    strcat(v->rcpts, " ");
    return mailproto_smtp_server_accept(engine, rcpt->head.token);
}

static int32_t on_message_begin(mailproto_smtp_server *engine, const mailproto_smtp_message_begin *begin, void *user)
{
    struct served *v = user;

    v->in_message = 1;
    v->scene->body.len = 0;
    return mailproto_smtp_server_accept(engine, begin->head.token);
}

static int32_t on_body(mailproto_smtp_server *engine, const mailproto_smtp_body *body, void *user)
{
    struct served *v = user;

    (void)engine;
    test_bytes_add(&v->scene->body, body->bytes.ptr, body->bytes.len);
    if (v->scene->on_body)
        v->scene->on_body(v->scene);
    return 0;
}

static int32_t on_message_end(mailproto_smtp_server *engine, const mailproto_smtp_message_end *end, void *user)
{
    struct served *v = user;
    struct scene *s = v->scene;
    size_t used = strlen(s->message_rcpts);

    v->in_message = 0;
    s->messages++;
    v->token = end->head.token;
    if (!s->end_code)
        snprintf(s->message_rcpts + used, sizeof s->message_rcpts - used, "[%s]", v->rcpts);
    if (s->on_message)
        s->on_message(s);
    if (s->hold_end)
        return 0;
    if (s->end_code)
        return mailproto_smtp_server_reply(engine, end->head.token, s->end_code, "", 0, "Not this one", 12);
    return mailproto_smtp_server_accept(engine, end->head.token);
}

static int32_t on_rcpt_result(mailproto_smtp_server *engine, const mailproto_smtp_rcpt_result *result, void *user)
{
    (void)user;
    if (result->index % 2)
        return mailproto_smtp_server_reply(engine, result->head.token, 452, "4.2.2", 5, "Over quota", 10);
    return mailproto_smtp_server_accept(engine, result->head.token);
}

static int32_t on_message_aborted(mailproto_smtp_server *engine, const mailproto_smtp_message_aborted *aborted,
                                  void *user)
{
    struct served *v = user;

    (void)engine;
    (void)aborted;
    v->in_message = 0;
    v->scene->aborted++;
    return 0;
}

static int32_t on_tls_started(mailproto_smtp_server *engine, const mailproto_tls_started *started, void *user)
{
    struct served *v = user;

    (void)engine;
    (void)started;
    v->scene->tls_started++;
    return 0;
}

static int32_t on_closed(mailproto_smtp_server *engine, const mailproto_closed *closed, void *user)
{
    struct served *v = user;

    (void)engine;
    v->scene->closed++;
    v->scene->closed_why = closed->why;
    return 0;
}

static const mailproto_smtp_server_callbacks server_callbacks = {
    .struct_size = sizeof server_callbacks,
    .on_connect = on_connect,
    .on_auth = on_auth,
    .on_mail = on_mail,
    .on_rcpt = on_rcpt,
    .on_message_begin = on_message_begin,
    .on_body = on_body,
    .on_message_end = on_message_end,
    .on_rcpt_result = on_rcpt_result,
    .on_message_aborted = on_message_aborted,
    .on_tls_started = on_tls_started,
    .on_closed = on_closed,
};

int32_t scene_accept(mailproto_host_listener *listener, mailproto_host_connection *connection,
                     const mailproto_host_peer *peer, mailproto_session **session, void *user)
{
    struct scene *s = user;
    mailproto_smtp_server_config config;
    struct served *v = calloc(1, sizeof *v);
    int32_t result;

    assert_non_null(v);
    assert_non_null(listener);
    s->accepts++;
    snprintf(s->peer, sizeof s->peer, "%.*s", (int)peer->address.len, peer->address.ptr);
    snprintf(s->peer_text, sizeof s->peer_text, "%.*s", (int)peer->text.len, peer->text.ptr);
    s->peer_loopback = peer->loopback;
    s->peer_local_port = peer->local_port;
    mailproto_smtp_server_config_init(&config, sizeof config);
    config.hostname = text_of("mx.example.test");
    config.peer_address = peer->address;
    config.flags = s->server_flags;
    config.offer = s->offer;
    config.max_transactions = s->max_transactions;
    config.tls = s->tls;
    v->scene = s;
    v->connection = connection;
    result = mailproto_smtp_server_new(&v->engine, &config, &server_callbacks, &s->allocator.api, v, NULL);
    if (result) {
        free(v);
        return result;
    }
    *session = mailproto_smtp_server_session(v->engine);
    mailproto_host_connection_set_user(connection, v);
    s->last = v;
    return 0;
}

void scene_gone(mailproto_host_connection *connection, void *user)
{
    struct served *v = user;
    struct scene *s = v->scene;

    assert_ptr_equal(mailproto_host_connection_user(connection), user);
    assert_null(mailproto_host_connection_session(connection));
    s->gone++;
    if (s->last == v)
        s->last = NULL;
    free(v);
    if (s->on_gone)
        s->on_gone(s);
}

/* ---- the client ---- */

static int32_t on_client_body(mailproto_smtp_client *engine, const mailproto_smtp_body_request *wanted, void *user)
{
    struct client *c = user;
    size_t len = strlen(c->body) - (size_t)wanted->offset;

    (void)engine;
    if (!len)
        return mailproto_session_piece_end(c->session, wanted->head.token);
    return mailproto_session_piece(c->session, wanted->head.token, c->body + wanted->offset,
                                   len < wanted->max ? len : wanted->max);
}

static int32_t on_done(mailproto_smtp_client *engine, const mailproto_smtp_done *done, void *user)
{
    struct client *c = user;

    (void)engine;
    c->done++;
    c->outcome = done->outcome;
    c->why = done->why;
    if (c->on_done)
        c->on_done(c);
    return mailproto_session_finish(c->session);
}

static int32_t on_client_closed(mailproto_smtp_client *engine, const mailproto_closed *closed, void *user)
{
    struct client *c = user;

    (void)engine;
    c->closed++;
    c->closed_why = closed->why;
    if (!*c->text)
        snprintf(c->text, sizeof c->text, "%.*s", (int)closed->text.len, closed->text.ptr);
    return 0;
}

static const mailproto_smtp_client_callbacks client_callbacks = {
    .struct_size = sizeof client_callbacks,
    .on_body = on_client_body,
    .on_done = on_done,
    .on_closed = on_client_closed,
};

void client_make(struct client *c, struct scene *s, const char *to)
{
    mailproto_smtp_client_config config;
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;
    uint64_t command;

    c->scene = s;
    if (!c->body)
        c->body = "Subject: hello\r\n\r\nHello.\r\n";
    mailproto_smtp_client_config_init(&config, sizeof config);
    config.hostname = text_of("pc.example.test");
    assert_int_equal(mailproto_smtp_client_new(&c->engine, &config, &client_callbacks, &s->allocator.api, c, NULL),
                     MAILPROTO_OK);
    c->session = mailproto_smtp_client_session(c->engine);
    mailproto_smtp_envelope_init(&envelope, sizeof envelope);
    envelope.sender = text_of("alice@example.test");
    mailproto_smtp_recipient_init(&recipient, sizeof recipient);
    recipient.path = text_of(to);
    assert_int_equal(mailproto_smtp_client_send(c->engine, &envelope, &command), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_client_send_to(c->engine, command, &recipient), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_client_send_go(c->engine, command), MAILPROTO_OK);
}

static void on_client_gone(mailproto_host_connection *connection, void *user)
{
    struct client *c = user;

    assert_ptr_equal(connection, c->connection);
    c->gone++;
    if (c->on_gone)
        c->on_gone(c);
}

static void on_failed(mailproto_host_connection *connection, int32_t why, const char *text, size_t len, void *user)
{
    struct client *c = user;

    assert_ptr_equal(connection, c->connection);
    assert_int_equal(strlen(text), len);
    c->failed++;
    c->failed_why = why;
    snprintf(c->text, sizeof c->text, "%s", text);
}

void client_config(struct client *c, mailproto_host_connect_config *config, const char *name, uint32_t port)
{
    mailproto_host_connect_config_init(config, sizeof *config);
    config->name = text_of(name);
    config->port = port;
    config->on_gone = on_client_gone;
    config->on_failed = on_failed;
    config->user = c;
}

void client_go(struct client *c, struct scene *s, const char *to)
{
    mailproto_host_connect_config config;

    client_make(c, s, to);
    client_config(c, &config, "127.0.0.1", mailproto_host_listener_port(s->listener));
    assert_int_equal(mailproto_host_connect(s->host, &config, c->session, &c->connection), MAILPROTO_OK);
}

int raw_connect(uint32_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}
