/* test_host_sessions.c - listening and connecting: sessions of both engines meet over loopback sockets of one host.
 * include/mailproto/host_connection.h, "listening", "connecting", "a connection". */
#include "scene.h"

#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

/* ---- client and server ---- */

static void stop_when_both_are_gone(struct client *c)
{
    if (c->scene->gone)
        mailproto_host_stop(c->scene->host);
}

static void stop_when_client_is_gone(struct scene *s)
{
    (void)s;
    mailproto_host_stop(s->host);
}

static void test_a_message(void **state)
{
    struct scene s;
    struct client c = {.on_gone = stop_when_both_are_gone};

    (void)state;
    scene_begin(&s, NULL);
    s.on_gone = stop_when_client_is_gone;
    scene_listen(&s);
    client_go(&c, &s, "bob@example.test");
    while (!c.gone || !s.gone)
        scene_run(&s);
    assert_int_equal(c.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(c.why, 0);
    assert_int_equal(c.closed_why, 0);
    assert_int_equal(c.failed, 0);
    assert_int_equal(s.messages, 1);
    assert_string_equal(s.message_rcpts, "[bob@example.test ]");
    assert_int_equal(s.body.len, strlen(c.body));
    assert_memory_equal(s.body.ptr, c.body, s.body.len);
    assert_string_equal(s.peer, "127.0.0.1");
    assert_int_equal(s.peer_loopback, 1);
    assert_int_equal(s.peer_local_port, mailproto_host_listener_port(s.listener));
    assert_int_equal(strncmp(s.peer_text, "127.0.0.1:", 10), 0);
    assert_int_equal(mailproto_host_connections(s.host), 0);
    scene_end(&s);
}

enum { MANY = 300 };

static unsigned many_gone;

static void one_of_many_gone(struct client *c)
{
    if (++many_gone == MANY)
        mailproto_host_stop(c->scene->host);
}

static void test_many_sessions(void **state)
{
    static struct client clients[MANY];
    mailproto_host_config config;
    struct scene s;

    (void)state;
    memset(clients, 0, sizeof clients);
    many_gone = 0;
    mailproto_host_config_init(&config, sizeof config);
    config.max_sessions_per_address = MANY;
    scene_begin(&s, &config);
    scene_listen(&s);
    for (int i = 0; i < MANY; i++) {
        clients[i].on_gone = one_of_many_gone;
        client_go(&clients[i], &s, "bob@example.test");
    }
    assert_int_equal(mailproto_host_connections(s.host), MANY);
    scene_run(&s);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(clients[i].outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(s.messages, MANY);
    scene_end(&s);
}

/* Larger than any socket's buffer: output that waits for the socket, input that waits for the session. */
static void test_a_large_message(void **state)
{
    enum { SIZE = 20 << 20 };
    struct scene s;
    struct client c = {.on_gone = stop_when_both_are_gone};
    char *body = malloc(SIZE + 1);

    (void)state;
    assert_non_null(body);
    for (size_t i = 0; i < SIZE; i++)
        body[i] = i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : (char)('a' + i / 64 % 26);
    body[SIZE] = 0;
    c.body = body;
    scene_begin(&s, NULL);
    s.on_gone = stop_when_client_is_gone;
    scene_listen(&s);
    client_go(&c, &s, "bob@example.test");
    while (!c.gone || !s.gone)
        scene_run(&s);
    assert_int_equal(c.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(s.body.len, SIZE);
    assert_memory_equal(s.body.ptr, body, SIZE);
    scene_end(&s);
    free(body);
}

/* ---- the session is made when the connection stands ---- */

struct late {
    struct client client;
    char peer[80];
};

static int32_t make_late(mailproto_host_connection *connection, const mailproto_host_peer *peer,
                         mailproto_session **session, void *user)
{
    struct late *l = user;

    assert_ptr_equal(connection, l->client.connection);
    snprintf(l->peer, sizeof l->peer, "%.*s", (int)peer->text.len, peer->text.ptr);
    client_make(&l->client, l->client.scene, "bob@example.test");
    *session = l->client.session;
    return 0;
}

static void test_session_made_when_connected(void **state)
{
    struct scene s;
    struct late l = {.client = {.on_gone = stop_when_both_are_gone}};
    mailproto_host_connect_config config;

    (void)state;
    scene_begin(&s, NULL);
    s.on_gone = stop_when_client_is_gone;
    scene_listen(&s);
    l.client.scene = &s;
    client_config(&l.client, &config, "127.0.0.1", mailproto_host_listener_port(s.listener));
    config.on_connected = make_late;
    assert_int_equal(mailproto_host_connect(s.host, &config, NULL, &l.client.connection), MAILPROTO_OK);
    assert_null(mailproto_host_connection_session(l.client.connection));
    while (!l.client.gone || !s.gone)
        scene_run(&s);
    assert_int_equal(l.client.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_string_equal(l.peer, s.where);
    scene_end(&s);
}

static int32_t refuse_to_make(mailproto_host_connection *connection, const mailproto_host_peer *peer,
                              mailproto_session **session, void *user)
{
    (void)connection;
    (void)peer;
    (void)session;
    (void)user;
    return MAILPROTO_ERR_NOMEM;
}

static void test_session_not_made_when_connected(void **state)
{
    struct scene s;
    struct client c = {.on_gone = stop_when_both_are_gone};
    mailproto_host_connect_config config;

    (void)state;
    scene_begin(&s, NULL);
    s.on_gone = stop_when_client_is_gone;
    scene_listen(&s);
    c.scene = &s;
    client_config(&c, &config, "127.0.0.1", mailproto_host_listener_port(s.listener));
    config.on_connected = refuse_to_make;
    assert_int_equal(mailproto_host_connect(s.host, &config, NULL, &c.connection), MAILPROTO_OK);
    while (!c.gone || !s.gone)
        scene_run(&s);
    assert_int_equal(s.messages, 0);
    scene_end(&s);
}

/* ---- peers that misbehave ---- */

static void send_all(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void read_to_end(int fd, char *out, size_t size)
{
    size_t len = 0;
    ssize_t n;

    while (len < size - 1 && (n = read(fd, out + len, size - 1 - len)) > 0)
        len += (size_t)n;
    out[len] = 0;
    close(fd);
}

/* All is said at once and the sending side closed: everything is answered, and nothing is cut off. */
static void test_half_close(void **state)
{
    struct scene s;
    char said[4000];
    int fd;

    (void)state;
    scene_begin(&s, NULL);
    s.on_gone = stop_when_client_is_gone;
    scene_listen(&s);
    fd = raw_connect(mailproto_host_listener_port(s.listener));
    send_all(fd, "EHLO pc.example.test\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n");
    send_all(fd, "Subject: x\r\n\r\n.\r\nQUIT\r\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    scene_run(&s);
    read_to_end(fd, said, sizeof said);
    assert_int_equal(s.messages, 1);
    assert_non_null(strstr(said, "\r\n354 "));
    assert_non_null(strstr(said, "\r\n250 2.0.0 "));
    assert_non_null(strstr(said, "\r\n221 "));
    scene_end(&s);
}

/* Half-closed in the middle of a message: it is never ended. */
static void test_half_close_in_message(void **state)
{
    struct scene s;
    char said[4000];
    int fd;

    (void)state;
    scene_begin(&s, NULL);
    s.on_gone = stop_when_client_is_gone;
    scene_listen(&s);
    fd = raw_connect(mailproto_host_listener_port(s.listener));
    send_all(fd, "EHLO pc.example.test\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: x\r\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    scene_run(&s);
    read_to_end(fd, said, sizeof said);
    assert_int_equal(s.messages, 0);
    assert_int_equal(s.aborted, 1);
    scene_end(&s);
}

static void reset_it(struct scene *s)
{
    struct linger linger = {1, 0};
    int fd = *(int *)(void *)s->message_rcpts;

    s->on_body = NULL;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(fd); /* with a reset */
}

static void test_reset_in_message(void **state)
{
    struct scene s;
    int fd;

    (void)state;
    scene_begin(&s, NULL);
    s.on_gone = stop_when_client_is_gone;
    s.on_body = reset_it;
    scene_listen(&s);
    fd = raw_connect(mailproto_host_listener_port(s.listener));
    memcpy(s.message_rcpts, &fd, sizeof fd);
    send_all(fd, "EHLO pc.example.test\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: x\r\n");
    scene_run(&s);
    assert_int_equal(s.aborted, 1);
    assert_int_equal(s.closed, 1);
    assert_int_equal(s.closed_why, MAILPROTO_ERR_LOST);
    scene_end(&s);
}

/* ---- what a host calls on sessions ---- */

static void answer_later(mailproto_host_timer *timer, void *user)
{
    struct scene *s = user;

    (void)timer;
    assert_int_equal(mailproto_smtp_server_accept(s->last->engine, s->last->token), MAILPROTO_OK);
    if (!s->test)
        return; /* the session wakes the connection by itself */
    assert_int_equal(mailproto_host_connection_wake(s->last->connection), MAILPROTO_OK);
    assert_int_equal(mailproto_host_connection_wake(s->last->connection), MAILPROTO_OK);
}

static void start_answer(struct scene *s)
{
    assert_int_equal(mailproto_host_timer_start(s->host, 1, 0, answer_later, s, NULL), MAILPROTO_OK);
}

static void test_answer_later(void **state)
{
    (void)state;
    for (int wakes = 0; wakes < 2; wakes++) {
        struct scene s;
        struct client c = {.on_gone = stop_when_both_are_gone};

        scene_begin(&s, NULL);
        s.on_gone = stop_when_client_is_gone;
        s.hold_end = 1;
        s.on_message = start_answer;
        s.test = wakes ? &s : NULL;
        scene_listen(&s);
        client_go(&c, &s, "bob@example.test");
        while (!c.gone || !s.gone)
            scene_run(&s);
        assert_int_equal(c.outcome, MAILPROTO_SMTP_ACCEPTED);
        scene_end(&s);
    }
}

static void abort_it(struct scene *s)
{
    static const char why[] = "enough of it";

    s->on_body = NULL;
    assert_int_equal(mailproto_host_connection_abort(s->last->connection, why, sizeof why - 1), MAILPROTO_OK);
    assert_int_equal(s->closed, 0); /* not from inside of its callback */
}

static void test_abort_in_callback(void **state)
{
    struct scene s;
    struct client c = {.on_gone = stop_when_both_are_gone};

    (void)state;
    scene_begin(&s, NULL);
    s.on_gone = stop_when_client_is_gone;
    s.on_body = abort_it;
    scene_listen(&s);
    client_go(&c, &s, "bob@example.test");
    while (!c.gone || !s.gone)
        scene_run(&s);
    assert_int_equal(s.aborted, 1);
    assert_int_equal(s.closed, 1);
    assert_int_equal(s.closed_why, MAILPROTO_ERR_LOST);
    assert_true(c.outcome == MAILPROTO_SMTP_NOT_SENT || c.outcome == MAILPROTO_SMTP_UNKNOWN);
    scene_end(&s);
}

static void free_it(struct scene *s)
{
    s->on_body = NULL;
    mailproto_session_free(mailproto_smtp_server_session(s->last->engine));
}

/* Freed in its own callback: the connection ends without another word of it. */
static void test_free_in_callback(void **state)
{
    struct scene s;
    struct client c = {.on_gone = stop_when_both_are_gone};

    (void)state;
    scene_begin(&s, NULL);
    s.on_gone = stop_when_client_is_gone;
    s.on_body = free_it;
    scene_listen(&s);
    client_go(&c, &s, "bob@example.test");
    while (!c.gone || !s.gone)
        scene_run(&s);
    assert_int_equal(s.closed, 0);
    assert_int_equal(s.gone, 1);
    scene_end(&s);
}

/* ---- limits ---- */

static void refused(mailproto_host_listener *listener, mailproto_host_connection *connection,
                    const mailproto_host_peer *peer, uint32_t why, void *user)
{
    struct scene *s = user;
    static const char line[] = "421 4.3.2 too many\r\n";

    assert_ptr_equal(listener, s->listener);
    assert_true(peer->text.len > 0);
    s->refusals++;
    s->refused_why = why;
    assert_int_equal(mailproto_host_connection_say(connection, line, sizeof line - 1), MAILPROTO_OK);
    mailproto_host_stop(s->host);
}

static void check_limit(const mailproto_host_config *config, uint32_t why)
{
    struct scene s;
    char said[200];
    int first, second;

    scene_begin(&s, config);
    s.listen.on_refused = refused;
    scene_listen(&s);
    first = raw_connect(mailproto_host_listener_port(s.listener));
    second = raw_connect(mailproto_host_listener_port(s.listener));
    scene_run(&s);
    assert_int_equal(s.accepts, 1);
    assert_int_equal(s.refusals, 1);
    assert_int_equal(s.refused_why, why);
    /* there is a place again when the first has gone */
    s.on_gone = stop_when_client_is_gone;
    close(first);
    scene_run(&s);
    assert_int_equal(s.gone, 1);
    read_to_end(second, said, sizeof said);
    assert_string_equal(said, "421 4.3.2 too many\r\n");
    second = raw_connect(mailproto_host_listener_port(s.listener));
    shutdown(second, SHUT_WR);
    scene_run(&s);
    assert_int_equal(s.accepts, 2);
    close(second);
    scene_end(&s);
}

static void test_limit_of_sessions(void **state)
{
    mailproto_host_config config;

    (void)state;
    mailproto_host_config_init(&config, sizeof config);
    config.max_sessions = 1;
    check_limit(&config, MAILPROTO_HOST_TOO_MANY);
}

static void test_limit_of_an_address(void **state)
{
    mailproto_host_config config;

    (void)state;
    mailproto_host_config_init(&config, sizeof config);
    config.max_sessions_per_address = 1;
    check_limit(&config, MAILPROTO_HOST_TOO_MANY_OF_ADDRESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message),
        cmocka_unit_test(test_many_sessions),
        cmocka_unit_test(test_a_large_message),
        cmocka_unit_test(test_session_made_when_connected),
        cmocka_unit_test(test_session_not_made_when_connected),
        cmocka_unit_test(test_half_close),
        cmocka_unit_test(test_half_close_in_message),
        cmocka_unit_test(test_reset_in_message),
        cmocka_unit_test(test_answer_later),
        cmocka_unit_test(test_abort_in_callback),
        cmocka_unit_test(test_free_in_callback),
        cmocka_unit_test(test_limit_of_sessions),
        cmocka_unit_test(test_limit_of_an_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
