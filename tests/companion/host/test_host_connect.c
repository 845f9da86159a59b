/* test_host_connect.c - from a name to a connection: all addresses in turn, limits, what is told when none answers.
 * include/mailproto/host_connection.h, "connecting". Names are answered by the test itself: uv_getaddrinfo is wrapped. */
#include "scene.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

/* ---- the name server ---- */

static struct {
    const char *addresses[4]; /* of every name; NULL: no more */
    int error;                /* instead of them */
    int silent;               /* no answer before the test gives it */
    uv_getaddrinfo_t *request;
    uv_getaddrinfo_cb answer;
    uv_timer_t timer;
    struct addrinfo list[4];
    struct sockaddr_in sockets[4];
    int given, freed;
} names;

static struct addrinfo *make_list(unsigned port)
{
    for (int i = 0; i < 4 && names.addresses[i]; i++) {
        names.sockets[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        inet_pton(AF_INET, names.addresses[i], &names.sockets[i].sin_addr);
        names.list[i] = (struct addrinfo){.ai_family = AF_INET,
                                          .ai_addrlen = sizeof names.sockets[i],
                                          .ai_addr = (struct sockaddr *)&names.sockets[i]};
        if (i)
            names.list[i - 1].ai_next = &names.list[i];
    }
    return names.list;
}

static unsigned asked_port;

static void answer_now(void)
{
    names.given++;
    names.answer(names.request, names.error, names.error ? NULL : make_list(asked_port));
}

static void due(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, NULL);
    answer_now();
}

int __wrap_uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *request, uv_getaddrinfo_cb answer, const char *node,
                          const char *service, const struct addrinfo *hints);
void __wrap_uv_freeaddrinfo(struct addrinfo *list);
int __wrap_uv_cancel(uv_req_t *request);

int __wrap_uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *request, uv_getaddrinfo_cb answer, const char *node,
                          const char *service, const struct addrinfo *hints)
{
    assert_string_equal(node, "mx.example.test");
    assert_int_equal(hints->ai_socktype, SOCK_STREAM);
    asked_port = (unsigned)atoi(service);
    names.request = request;
    names.answer = answer;
    if (names.silent)
        return 0;
    uv_timer_init(loop, &names.timer);
    return uv_timer_start(&names.timer, due, 0, 0);
}

void __wrap_uv_freeaddrinfo(struct addrinfo *list)
{
    names.freed += list != NULL;
}

/* What was asked of a resolver cannot be taken back once it works on it. */
int __wrap_uv_cancel(uv_req_t *request)
{
    (void)request;
    return UV_EBUSY;
}

/* ---- the cases ---- */

static void stop_client(struct client *c)
{
    mailproto_host_stop(c->scene->host);
}

static void begin(struct scene *s, struct client *c)
{
    memset(&names, 0, sizeof names);
    memset(c, 0, sizeof *c);
    scene_begin(s, NULL);
    scene_listen(s);
    c->on_gone = stop_client;
}

static void go(struct scene *s, struct client *c, uint32_t attempt_ms, uint32_t lookup_ms)
{
    mailproto_host_connect_config config;

    client_make(c, s, "bob@example.test");
    client_config(c, &config, "mx.example.test", mailproto_host_listener_port(s->listener));
    config.attempt_ms = attempt_ms;
    config.lookup_ms = lookup_ms;
    assert_int_equal(mailproto_host_connect(s->host, &config, c->session, &c->connection), MAILPROTO_OK);
}

/* 127.0.0.2 and .3 are this machine's, too, and nobody listens there. */
static void test_the_first_refuse(void **state)
{
    struct scene s;
    struct client c;

    (void)state;
    begin(&s, &c);
    names.addresses[0] = "127.0.0.2";
    names.addresses[1] = "127.0.0.3";
    names.addresses[2] = "127.0.0.1";
    go(&s, &c, 0, 0);
    scene_run(&s);
    assert_int_equal(c.failed, 0);
    assert_int_equal(c.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(s.messages, 1);
    assert_int_equal(names.freed, 1);
    scene_end(&s);
}

static void test_all_refuse(void **state)
{
    struct scene s;
    struct client c;
    char expected[300];
    unsigned port;

    (void)state;
    begin(&s, &c);
    names.addresses[0] = "127.0.0.2";
    names.addresses[1] = "127.0.0.3";
    go(&s, &c, 0, 0);
    scene_run(&s);
    assert_int_equal(c.failed, 1);
    assert_int_equal(c.failed_why, MAILPROTO_ERR_LOST);
    assert_int_equal(c.done, 1);
    assert_int_equal(c.outcome, MAILPROTO_SMTP_NOT_SENT);
    assert_int_equal(c.closed_why, MAILPROTO_ERR_LOST);
    port = mailproto_host_listener_port(s.listener);
    snprintf(expected, sizeof expected,
             "cannot connect to mx.example.test:%u: 127.0.0.2:%u: connection refused; 127.0.0.3:%u: connection refused",
             port, port, port);
    assert_string_equal(c.text, expected);
    scene_end(&s);
}

static void test_no_such_name(void **state)
{
    struct scene s;
    struct client c;

    (void)state;
    begin(&s, &c);
    names.error = UV_EAI_NONAME;
    go(&s, &c, 0, 0);
    scene_run(&s);
    assert_int_equal(c.failed, 1);
    assert_int_equal(c.failed_why, MAILPROTO_ERR_LOST);
    assert_non_null(strstr(c.text, "cannot connect to mx.example.test:"));
    assert_non_null(strstr(c.text, ": there is no such name"));
    assert_int_equal(c.outcome, MAILPROTO_SMTP_NOT_SENT);
    scene_end(&s);
}

static int outcomes;

static void on_outcome(const mailproto_host_outcome *outcome, void *user)
{
    struct scene *s = user;

    outcomes++;
    assert_int_equal(outcome->outcome, MAILPROTO_SMTP_NOT_SENT);
    assert_int_equal(outcome->why, MAILPROTO_ERR_LOST);
    assert_int_equal(outcome->no_such_name, 1);
    assert_int_equal(outcome->again, 0);
    assert_non_null(strstr(outcome->sentence.ptr, "cannot connect to mx.example.test:25: there is no such name"));
    assert_non_null(strstr(outcome->sentence.ptr, "Check the host's name"));
    mailproto_host_stop(s->host);
}

static void test_send_to_no_such_name(void **state)
{
    mailproto_host_send_request request;
    mailproto_host_recipient to;
    struct scene s;
    struct client c;

    (void)state;
    begin(&s, &c);
    outcomes = 0;
    names.error = UV_EAI_NONAME;
    mailproto_host_send_request_init(&request, sizeof request);
    mailproto_host_recipient_init(&to, sizeof to);
    to.address = text_of("bob@example.test");
    request.recipients = &to;
    request.url = text_of("smtp://mx.example.test");
    request.message = text_of("x");
    assert_int_equal(mailproto_host_send(s.host, &request, on_outcome, &s, NULL), MAILPROTO_OK);
    scene_run(&s);
    assert_int_equal(outcomes, 1);
    scene_end(&s);
}

/* The limit is ours; the resolver's answer comes when nobody waits any more, and nothing is done with it. */
static void test_name_server_is_silent(void **state)
{
    struct scene s;
    struct client c;

    (void)state;
    begin(&s, &c);
    names.silent = 1;
    names.addresses[0] = "127.0.0.1";
    go(&s, &c, 0, 20);
    scene_run(&s);
    assert_int_equal(c.failed_why, MAILPROTO_ERR_TIMEOUT);
    assert_non_null(strstr(c.text, "the name server: no answer within 20 ms"));
    answer_now();
    assert_int_equal(names.freed, 1);
    assert_int_equal(s.accepts, 0);
    scene_end(&s);
}

/* A listener whose queue is full answers nobody: its connections are tried no longer than attempt_ms. */
static int full_listener(uint32_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    inet_pton(AF_INET, "127.0.0.2", &address.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 0), 0);
    return fd;
}

static void test_an_address_does_not_answer(void **state)
{
    enum { FILL = 3 };
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct scene s;
    struct client c;
    int listener, fill[FILL];

    (void)state;
    begin(&s, &c);
    listener = full_listener(mailproto_host_listener_port(s.listener));
    address.sin_port = htons((uint16_t)mailproto_host_listener_port(s.listener));
    inet_pton(AF_INET, "127.0.0.2", &address.sin_addr);
    for (int i = 0; i < FILL; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fill[i], (const struct sockaddr *)&address, sizeof address);
    }
    names.addresses[0] = "127.0.0.2";
    names.addresses[1] = "127.0.0.1";
    go(&s, &c, 700, 0);
    scene_run(&s);
    assert_int_equal(c.outcome, MAILPROTO_SMTP_ACCEPTED);
    /* and if there is no other: */
    names.addresses[1] = NULL;
    memset(&names.list, 0, sizeof names.list);
    memset(&c, 0, sizeof c);
    c.on_gone = stop_client;
    go(&s, &c, 700, 0);
    scene_run(&s);
    assert_int_equal(c.failed_why, MAILPROTO_ERR_TIMEOUT);
    assert_non_null(strstr(c.text, ": no answer within 700 ms"));
    for (int i = 0; i < FILL; i++)
        close(fill[i]);
    close(listener);
    scene_end(&s);
}

/* ---- withdrawn ---- */

static void test_abort_while_connecting(void **state)
{
    (void)state;
    for (int silent = 0; silent < 2; silent++) {
        struct scene s;
        struct client c;

        begin(&s, &c);
        names.silent = silent;
        names.addresses[0] = "127.0.0.1";
        go(&s, &c, 0, 0);
        assert_int_equal(mailproto_host_connection_wake(c.connection), MAILPROTO_OK);
        assert_int_equal(mailproto_host_connection_abort(c.connection, NULL, 0), MAILPROTO_OK);
        assert_int_equal(c.failed, 1);
        assert_int_equal(c.failed_why, MAILPROTO_ERR_CANCELLED);
        assert_int_equal(c.closed, 1);
        assert_int_equal(c.gone, 0); /* from the loop */
        scene_run(&s);
        assert_int_equal(c.gone, 1);
        if (silent)
            answer_now();
        scene_end(&s);
    }
}

static void test_free_while_connecting(void **state)
{
    struct scene s;
    struct client c;

    (void)state;
    begin(&s, &c);
    names.addresses[0] = "127.0.0.2";
    names.addresses[1] = "127.0.0.1";
    c.on_gone = NULL;
    go(&s, &c, 0, 0);
    scene_end(&s);
    assert_int_equal(c.gone, 1);
    assert_int_equal(c.failed, 1);
    assert_int_equal(c.failed_why, MAILPROTO_ERR_CANCELLED);
}

/* A client that is drained before it stands sends what was submitted, and leaves. */
static void test_drain_while_connecting(void **state)
{
    struct scene s;
    struct client c;

    (void)state;
    begin(&s, &c);
    names.addresses[0] = "127.0.0.1";
    go(&s, &c, 0, 0);
    assert_int_equal(mailproto_host_drain(s.host, MAILPROTO_HOST_DRAIN_KEEP, MAILPROTO_UNLIMITED, NULL, NULL),
                     MAILPROTO_OK);
    assert_int_equal(mailproto_host_listener_resume(s.listener), MAILPROTO_OK);
    scene_run(&s);
    assert_int_equal(c.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(s.messages, 1);
    scene_end(&s);
}

static void test_configs_that_are_wrong(void **state)
{
    mailproto_host_connect_config config;
    mailproto_host_connection *connection;
    struct scene s;
    struct client c;

    (void)state;
    begin(&s, &c);
    client_make(&c, &s, "bob@example.test");
    client_config(&c, &config, "mx.example.test", 25);
    assert_int_equal(mailproto_host_connect(s.host, &config, NULL, &connection), MAILPROTO_ERR_ARG);
    config.port = 0;
    assert_int_equal(mailproto_host_connect(s.host, &config, c.session, &connection), MAILPROTO_ERR_ARG);
    config.port = 65536;
    assert_int_equal(mailproto_host_connect(s.host, &config, c.session, &connection), MAILPROTO_ERR_ARG);
    config.port = 25;
    config.name = text_of("");
    assert_int_equal(mailproto_host_connect(s.host, &config, c.session, &connection), MAILPROTO_ERR_ARG);
    config.name = (mailproto_text){"a\0b", 3};
    assert_int_equal(mailproto_host_connect(s.host, &config, c.session, &connection), MAILPROTO_ERR_ARG);
    config.name = text_of("mx.example.test");
    config.flags = 1;
    assert_int_equal(mailproto_host_connect(s.host, &config, c.session, &connection), MAILPROTO_ERR_ARG);
    mailproto_session_free(c.session); /* still ours */
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_refuse),       cmocka_unit_test(test_all_refuse),
        cmocka_unit_test(test_no_such_name),           cmocka_unit_test(test_send_to_no_such_name),
        cmocka_unit_test(test_name_server_is_silent),  cmocka_unit_test(test_an_address_does_not_answer),
        cmocka_unit_test(test_abort_while_connecting), cmocka_unit_test(test_free_while_connecting),
        cmocka_unit_test(test_drain_while_connecting), cmocka_unit_test(test_configs_that_are_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
