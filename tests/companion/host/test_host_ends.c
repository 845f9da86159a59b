/* test_host_ends.c - ends in good order and others: drain, its limit, pausing, signals, freeing at every stage.
 * include/mailproto/host_loop.h, "the end in good order", mailproto_host_free. */
#include "scene.h"

#include <signal.h>
#include <unistd.h>
#include <uv.h>

/* ---- drain ---- */

struct drained {
    int count;
    int32_t result;
    uint64_t cut;
};

static void on_drained(mailproto_host *host, int32_t result, uint64_t cut, void *user)
{
    struct drained *d = user;

    d->count++;
    d->result = result;
    d->cut = cut;
    mailproto_host_stop(host);
}

static void stop_it(struct scene *s)
{
    s->on_body = s->on_message = NULL;
    mailproto_host_stop(s->host);
}

static void send_text(int fd, const char *text)
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

static void test_drain_of_nothing(void **state)
{
    struct scene s;
    struct drained d = {0};

    (void)state;
    scene_begin(&s, NULL);
    scene_listen(&s);
    assert_int_equal(mailproto_host_drain_cut(s.host), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_host_drain(s.host, 0, 0, on_drained, &d), MAILPROTO_OK);
    assert_int_equal(d.count, 0); /* from the loop only */
    assert_int_equal(mailproto_host_drain(s.host, 0, 0, on_drained, &d), MAILPROTO_ERR_STATE);
    scene_run(&s);
    assert_int_equal(d.count, 1);
    assert_int_equal(d.result, MAILPROTO_OK);
    assert_int_equal(d.cut, 0);
    scene_end(&s);
}

/* Sessions between commands say goodbye; nobody else is let in. */
static void test_drain_between_commands(void **state)
{
    struct scene s;
    struct drained d = {0};
    char said[500];
    int fd;

    (void)state;
    scene_begin(&s, NULL);
    s.listen.on_gone = scene_gone;
    scene_listen(&s);
    fd = raw_connect(mailproto_host_listener_port(s.listener));
    send_text(fd, "EHLO pc.example.test\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nx\r\n.\r\n");
    s.on_message = stop_it;
    scene_run(&s);
    assert_int_equal(s.messages, 1);
    assert_int_equal(mailproto_host_drain(s.host, 0, MAILPROTO_UNLIMITED, on_drained, &d), MAILPROTO_OK);
    shutdown(fd, SHUT_WR);
    scene_run(&s);
    assert_int_equal(d.count, 1);
    assert_int_equal(d.cut, 0);
    assert_int_equal(s.gone, 1);
    read_to_end(fd, said, sizeof said);
    assert_non_null(strstr(said, "\r\n421 "));
    scene_end(&s);
}

/* A session in mid-message is let end it; the limit is what ends its patience. */
static void drain_in_message(int by_call, uint32_t ms)
{
    struct scene s;
    struct drained d = {0};
    char said[500];
    int fd;

    scene_begin(&s, NULL);
    scene_listen(&s);
    s.on_body = stop_it;
    fd = raw_connect(mailproto_host_listener_port(s.listener));
    send_text(fd, "EHLO pc.example.test\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: x\r\n");
    scene_run(&s);
    assert_non_null(s.last);
    assert_true(s.last->in_message);
    assert_int_equal(mailproto_host_drain(s.host, 0, ms, on_drained, &d), MAILPROTO_OK);
    if (by_call)
        assert_int_equal(mailproto_host_drain_cut(s.host), MAILPROTO_OK);
    scene_run(&s);
    assert_int_equal(d.count, 1);
    assert_int_equal(d.result, MAILPROTO_OK);
    assert_int_equal(d.cut, 1);
    assert_int_equal(s.aborted, 1);
    assert_int_equal(s.messages, 0);
    assert_int_equal(s.closed_why, MAILPROTO_ERR_LOST);
    read_to_end(fd, said, sizeof said);
    scene_end(&s);
}

static void test_drain_limit(void **state)
{
    (void)state;
    drain_in_message(0, 20);
}

static void test_drain_cut(void **state)
{
    (void)state;
    drain_in_message(1, MAILPROTO_UNLIMITED);
}

static void test_drain_waits_for_the_message(void **state)
{
    struct scene s;
    struct drained d = {0};
    char said[500];
    int fd;

    (void)state;
    scene_begin(&s, NULL);
    scene_listen(&s);
    s.on_body = stop_it;
    fd = raw_connect(mailproto_host_listener_port(s.listener));
    send_text(fd, "EHLO pc.example.test\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: x\r\n");
    scene_run(&s);
    assert_int_equal(mailproto_host_drain(s.host, 0, MAILPROTO_UNLIMITED, on_drained, &d), MAILPROTO_OK);
    send_text(fd, "\r\n.\r\n");
    shutdown(fd, SHUT_WR);
    scene_run(&s);
    assert_int_equal(d.cut, 0);
    assert_int_equal(s.messages, 1);
    read_to_end(fd, said, sizeof said);
    assert_non_null(strstr(said, "\r\n250 2.0.0 "));
    assert_non_null(strstr(said, "\r\n421 "));
    scene_end(&s);
}

/* KEEP: who connects meanwhile waits, and is served after resume; without, the port is closed and can be had again. */
static void test_drain_and_listen_again(void **state)
{
    struct scene s;
    struct drained d = {0};
    char address[64];
    int fd;

    (void)state;
    scene_begin(&s, NULL);
    scene_listen(&s);
    assert_int_equal(mailproto_host_drain(s.host, MAILPROTO_HOST_DRAIN_KEEP, 0, on_drained, &d), MAILPROTO_OK);
    fd = raw_connect(mailproto_host_listener_port(s.listener));
    scene_run(&s);
    assert_int_equal(d.count, 1);
    assert_int_equal(s.accepts, 0);
    assert_int_equal(mailproto_host_listener_resume(s.listener), MAILPROTO_OK);
    s.on_gone = stop_it;
    shutdown(fd, SHUT_WR);
    scene_run(&s);
    assert_int_equal(s.accepts, 1);
    close(fd);
    snprintf(address, sizeof address, "%s", s.where);
    assert_int_equal(mailproto_host_drain(s.host, 0, 0, on_drained, &d), MAILPROTO_OK);
    scene_run(&s);
    assert_int_equal(d.count, 2);
    s.listen.address = text_of(address);
    scene_listen(&s);
    fd = raw_connect(mailproto_host_listener_port(s.listener));
    shutdown(fd, SHUT_WR);
    scene_run(&s);
    assert_int_equal(s.accepts, 2);
    close(fd);
    scene_end(&s);
}

/* Listened on while a drain is under way: not drained. */
static void test_new_sessions_are_not_drained(void **state)
{
    struct scene s;
    struct drained d = {0};
    struct client c = {0};
    int fd;

    (void)state;
    scene_begin(&s, NULL);
    scene_listen(&s);
    s.on_body = stop_it;
    fd = raw_connect(mailproto_host_listener_port(s.listener));
    send_text(fd, "EHLO pc.example.test\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: x\r\n");
    scene_run(&s);
    assert_int_equal(mailproto_host_drain(s.host, 0, MAILPROTO_UNLIMITED, on_drained, &d), MAILPROTO_OK);
    scene_listen(&s);
    client_go(&c, &s, "carol@example.test");
    s.on_message = stop_it;
    scene_run(&s);
    assert_string_equal(s.message_rcpts, "[carol@example.test ]");
    assert_int_equal(d.count, 0);
    close(fd); /* the one that is drained goes */
    while (!d.count)
        scene_run(&s);
    assert_int_equal(d.cut, 0);
    scene_end(&s);
}

/* ---- listeners by themselves ---- */

static void test_pause(void **state)
{
    struct scene s;
    int fd;

    (void)state;
    scene_begin(&s, NULL);
    s.listen.flags = MAILPROTO_HOST_LISTEN_PAUSED;
    scene_listen(&s); /* bound: it has a port */
    assert_int_equal(mailproto_host_listener_resume(s.listener), MAILPROTO_OK);
    s.on_gone = stop_it;
    fd = raw_connect(mailproto_host_listener_port(s.listener));
    shutdown(fd, SHUT_WR);
    scene_run(&s);
    assert_int_equal(s.accepts, 1);
    close(fd);
    mailproto_host_listener_close(s.listener);
    assert_int_equal(mailproto_host_run(s.host), MAILPROTO_OK); /* nothing is left to do */
    scene_end(&s);
}

static void test_addresses_that_are_wrong(void **state)
{
    static const char *const wrong[] = {"",       "25",    "127.0.0.1",      "127.0.0.1:",   "127.0.0.1:65536",
                                        "::1:25", "[::1]", "[127.0.0.1]:25", "localhost:25", "unix:",
                                        "fd:",    "fd:x",  "127.0.0.1:x"};
    struct scene s;
    mailproto_host_listener *other;
    const char *text;
    char taken[64];

    (void)state;
    scene_begin(&s, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        s.listen.address = text_of(wrong[i]);
        assert_int_equal(mailproto_host_listen(s.host, &s.listen, &other), MAILPROTO_ERR_ARG);
        assert_int_equal(mailproto_host_error(s.host, &text, NULL), 0);
        assert_true(*text);
    }
    s.listen.address = text_of("fd:999");
    assert_int_equal(mailproto_host_listen(s.host, &s.listen, &other), MAILPROTO_ERR_HOST);
    s.listen.address = text_of("inherited:smtp");
    assert_int_equal(mailproto_host_listen(s.host, &s.listen, &other), MAILPROTO_ERR_STATE);
    s.listen.address = text_of("127.0.0.1:0");
    scene_listen(&s);
    snprintf(taken, sizeof taken, "%s", s.where);
    s.listen.address = text_of(taken);
    assert_int_equal(mailproto_host_listen(s.host, &s.listen, &other), MAILPROTO_ERR_HOST);
    assert_true(mailproto_host_error(s.host, &text, NULL) > 0);
    assert_non_null(strstr(text, taken));
    assert_non_null(strstr(text, "already in use"));
    scene_end(&s);
}

static void assert_listen_says(struct scene *s, const mailproto_host_listen_config *config, const char *expected)
{
    const char *text;

    assert_int_equal(mailproto_host_listen(s->host, config, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_host_error(s->host, &text, NULL), 0);
    assert_string_equal(text, expected);
}

/* Each mistake has a sentence of its own. */
static void test_listen_configs_that_are_wrong(void **state)
{
    static const char no_struct[] = "the config is missing, its struct_size is not set, or it is from a later version";
    static const char unknown[] = "flags has a bit that is not known, or reserved is not 0";
    mailproto_host_listen_config wrong;
    struct scene s;

    (void)state;
    scene_begin(&s, NULL);
    s.listen.address = text_of("127.0.0.1:0");
    wrong = s.listen;
    wrong.on_accept = NULL;
    assert_listen_says(&s, &wrong, "listening needs on_accept, which makes the sessions");
    wrong = s.listen;
    wrong.struct_size = 0;
    assert_listen_says(&s, &wrong, no_struct);
    assert_listen_says(&s, NULL, no_struct);
    wrong = s.listen;
    wrong.flags = 2;
    assert_listen_says(&s, &wrong, unknown);
    wrong = s.listen;
    wrong.reserved = 1;
    assert_listen_says(&s, &wrong, unknown);
    scene_end(&s);
}

static void test_ipv6(void **state)
{
    struct scene s;
    struct client c = {0};
    mailproto_host_connect_config config;

    (void)state;
    scene_begin(&s, NULL);
    s.listen.address = text_of("[::1]:0");
    if (mailproto_host_listen(s.host, &s.listen, &s.listener)) {
        scene_end(&s);
        skip(); /* a machine without IPv6 */
    }
    s.on_gone = stop_it;
    client_make(&c, &s, "bob@example.test");
    client_config(&c, &config, "::1", mailproto_host_listener_port(s.listener));
    assert_int_equal(mailproto_host_connect(s.host, &config, c.session, &c.connection), MAILPROTO_OK);
    scene_run(&s);
    assert_string_equal(s.peer, "IPv6:::1");
    assert_int_equal(strncmp(s.peer_text, "[::1]:", 6), 0);
    assert_int_equal(s.peer_loopback, 1);
    scene_end(&s);
}

/* ---- signals ---- */

struct told {
    int ends, hangups;
    uint64_t cut;
    int32_t signal;
    struct scene *scene;
};

static void told_end(mailproto_host *host, int32_t number, void *user)
{
    struct told *t = user;

    (void)host;
    t->ends++;
    t->signal = number;
}

static void told_cut(mailproto_host *host, uint64_t sessions, void *user)
{
    (void)host;
    ((struct told *)user)->cut += sessions;
}

static void told_hangup(mailproto_host *host, void *user)
{
    (void)host;
    ((struct told *)user)->hangups++;
    kill(getpid(), SIGTERM);
}

static void watch(struct scene *s, struct told *t, uint32_t ms)
{
    mailproto_host_signals_config config;

    mailproto_host_signals_config_init(&config, sizeof config);
    config.drain_ms = ms;
    config.on_end = told_end;
    config.on_cut = told_cut;
    config.on_hangup = told_hangup;
    config.user = t;
    assert_int_equal(mailproto_host_signals(s->host, &config), MAILPROTO_OK);
    assert_int_equal(mailproto_host_signals(s->host, &config), MAILPROTO_ERR_STATE);
}

static void test_signals(void **state)
{
    struct scene s;
    struct told t = {0};

    (void)state;
    scene_begin(&s, NULL);
    watch(&s, &t, 0);
    scene_listen(&s);
    kill(getpid(), SIGHUP);
    scene_run(&s); /* ends although the watchdog is still there */
    assert_int_equal(t.hangups, 1);
    assert_int_equal(t.ends, 1);
    assert_int_equal(t.signal, SIGTERM);
    assert_int_equal(t.cut, 0);
    scene_end(&s);
}

static void again(struct scene *s)
{
    (void)s;
    kill(getpid(), SIGINT);
}

static void once_more(mailproto_host_timer *timer, void *user)
{
    struct told *t = user;

    if (t->ends) {
        mailproto_host_timer_cancel(timer);
        kill(getpid(), SIGTERM);
    }
}

static void test_second_signal(void **state)
{
    struct scene s;
    struct told t = {0};
    int fd;

    (void)state;
    scene_begin(&s, NULL);
    watch(&s, &t, MAILPROTO_UNLIMITED);
    scene_listen(&s);
    s.on_body = again;
    fd = raw_connect(mailproto_host_listener_port(s.listener));
    send_text(fd, "EHLO pc.example.test\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: x\r\n");
    assert_int_equal(mailproto_host_timer_start(s.host, 1, 1, once_more, &t, NULL), MAILPROTO_OK);
    scene_run(&s);
    assert_int_equal(t.ends, 1);
    assert_int_equal(t.cut, 1);
    assert_int_equal(s.aborted, 1);
    close(fd);
    scene_end(&s);
}

/* ---- free ---- */

static void free_host(struct scene *s)
{
    s->on_body = s->on_message = NULL;
    mailproto_host_free(s->host);
    mailproto_host_free(s->host); /* once is enough */
}

/* In a callback of a session: it takes effect when run returns. */
static void test_free_in_callback(void **state)
{
    (void)state;
    for (int when = 0; when < 2; when++) {
        struct scene s;
        struct client c = {0};

        scene_begin(&s, NULL);
        s.on_body = when ? NULL : free_host;
        s.on_message = when ? free_host : NULL;
        scene_listen(&s);
        client_go(&c, &s, "bob@example.test");
        assert_int_equal(mailproto_host_run(s.host), MAILPROTO_FREED);
        assert_int_equal(c.gone, 1);
        assert_int_equal(c.done, 1);
        assert_int_equal(s.gone, 1);
        assert_int_equal(s.closed, 1);
        test_bytes_free(&s.body);
        assert_int_equal(s.allocator.live, 0);
    }
}

static void free_in_gone(struct client *c)
{
    mailproto_host_free(c->scene->host);
}

static void test_free_in_gone(void **state)
{
    struct scene s;
    struct client c = {.on_gone = free_in_gone};

    (void)state;
    scene_begin(&s, NULL);
    scene_listen(&s);
    client_go(&c, &s, "bob@example.test");
    assert_int_equal(mailproto_host_run(s.host), MAILPROTO_FREED);
    assert_int_equal(s.messages, 1);
    assert_int_equal(s.gone, 1);
    test_bytes_free(&s.body);
    assert_int_equal(s.allocator.live, 0);
}

/* After so many turns of the loop, whatever is under way then: each thing begun is ended once, and nothing is left. */
static void test_free_after_any_turn(void **state)
{
    (void)state;
    for (int turns = 0, over = 0; !over; turns++) {
        struct scene s;
        struct client c = {0};

        scene_begin(&s, NULL);
        scene_listen(&s);
        client_go(&c, &s, "bob@example.test");
        for (int i = 0; i < turns && !over; i++) {
            uv_run(mailproto_host_loop(s.host), UV_RUN_ONCE);
            over = c.gone && s.gone;
        }
        scene_end(&s);
        assert_int_equal(c.gone, 1);
        assert_int_equal(c.done, 1);
        assert_int_equal(c.closed, 1);
        assert_int_equal(s.gone, s.accepts);
        assert_int_equal(s.closed, s.accepts);
        assert_true(c.outcome != MAILPROTO_SMTP_ACCEPTED || s.messages == 1);
        assert_true(!s.messages || c.outcome != MAILPROTO_SMTP_NOT_SENT);
    }
}

struct outcome {
    int count;
    uint32_t outcome, accepted;
};

static void on_outcome(const mailproto_host_outcome *outcome, void *user)
{
    struct outcome *o = user;

    o->count++;
    o->outcome = outcome->outcome;
    o->accepted = outcome->accepted;
}

static int32_t read_lines(uint64_t offset, void *buffer, size_t room, size_t *len, void *user)
{
    (void)user;
    *len = offset >= 200000 ? 0 : room < 5000 ? room : 5000;
    memset(buffer, 'a', *len);
    for (size_t i = 99; i < *len; i += 100)
        ((char *)buffer)[i] = '\n';
    return 0;
}

/* The same of a send that reads in another thread, for two recipients in two transactions. */
static void test_free_after_any_turn_of_a_send(void **state)
{
    (void)state;
    for (int turns = 0, over = 0; !over; turns++) {
        mailproto_host_send_request request;
        mailproto_host_recipient to[2];
        struct outcome o = {0};
        struct scene s;

        scene_begin(&s, NULL);
        s.rcpt_limit = 1;
        scene_listen(&s);
        mailproto_host_send_request_init(&request, sizeof request);
        for (int i = 0; i < 2; i++)
            mailproto_host_recipient_init(&to[i], sizeof to[i]);
        to[0].address = text_of("a@example.test");
        to[1].address = text_of("b@example.test");
        to[0].next = &to[1];
        request.url = text_of(s.url);
        request.recipients = to;
        request.read = read_lines;
        request.flags = MAILPROTO_HOST_SEND_READ_AS_WORK;
        assert_int_equal(mailproto_host_send(s.host, &request, on_outcome, &o, NULL), MAILPROTO_OK);
        for (int i = 0; i < turns && !over; i++) {
            uv_run(mailproto_host_loop(s.host), UV_RUN_ONCE);
            over = o.count && s.gone;
        }
        scene_end(&s);
        assert_int_equal(o.count, 1);
        assert_true(o.accepted <= s.messages);
        if (over)
            assert_int_equal(o.outcome, MAILPROTO_SMTP_ACCEPTED);
    }
}

static int freed;

static void on_freed(void *user)
{
    (void)user;
    freed++;
}

/* On a loop of the program's own: nothing of the host is left when on_freed has come. */
static void test_a_loop_of_the_programs_own(void **state)
{
    mailproto_host_config config;
    struct scene s;
    struct client c = {0};
    struct drained d = {0};
    uv_loop_t loop;

    (void)state;
    freed = 0;
    assert_int_equal(uv_loop_init(&loop), 0);
    loop.data = &loop;
    mailproto_host_config_init(&config, sizeof config);
    config.loop = &loop;
    config.on_freed = on_freed;
    scene_begin(&s, &config);
    assert_ptr_equal(mailproto_host_loop(s.host), &loop);
    assert_int_equal(mailproto_host_run(s.host), MAILPROTO_ERR_STATE);
    scene_listen(&s);
    client_go(&c, &s, "bob@example.test");
    while (!c.gone || !s.gone)
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(c.outcome, MAILPROTO_SMTP_ACCEPTED);
    memset(&c, 0, sizeof c);
    client_go(&c, &s, "bob@example.test");
    assert_int_equal(mailproto_host_drain(s.host, 0, MAILPROTO_UNLIMITED, on_drained, &d), MAILPROTO_OK);
    mailproto_host_free(s.host);
    assert_int_equal(freed, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(freed, 1);
    assert_int_equal(c.gone, 1);
    assert_int_equal(d.count, 1);
    assert_int_equal(d.result, MAILPROTO_ERR_CANCELLED);
    assert_ptr_equal(loop.data, &loop);
    assert_int_equal(uv_loop_close(&loop), 0);
    test_bytes_free(&s.body);
    assert_int_equal(s.allocator.live, 0);
}

static int counted;

static void count(mailproto_host *host, int32_t result, uint64_t cut, void *user)
{
    mailproto_host_timer *timer;

    (void)cut;
    (void)user;
    counted += result == MAILPROTO_ERR_CANCELLED;
    /* nothing can be begun any more */
    assert_int_equal(mailproto_host_timer_start(host, 1, 0, NULL, NULL, &timer), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_host_drain(host, 0, 0, NULL, NULL), MAILPROTO_ERR_STATE);
}

static void test_free_ends_a_drain(void **state)
{
    struct scene s;

    (void)state;
    counted = 0;
    scene_begin(&s, NULL);
    scene_listen(&s);
    assert_int_equal(mailproto_host_drain(s.host, 0, 0, count, NULL), MAILPROTO_OK);
    scene_end(&s);
    assert_int_equal(counted, 1);
}

static void test_configs_that_are_wrong(void **state)
{
    mailproto_host_config config;
    mailproto_allocator allocator = {.struct_size = sizeof allocator};
    mailproto_host *host;
    const char *why = NULL;

    (void)state;
    mailproto_host_config_init(&config, sizeof config);
    config.flags = 0x80;
    assert_int_equal(mailproto_host_new(&host, &config, &why), MAILPROTO_ERR_ARG);
    assert_non_null(why);
    config.flags = 0;
    config.read_size = 511;
    assert_int_equal(mailproto_host_new(&host, &config, NULL), MAILPROTO_ERR_ARG);
    config.read_size = 0;
    config.allocator = &allocator;
    assert_int_equal(mailproto_host_new(&host, &config, &why), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_host_new(NULL, NULL, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_host_new(&host, NULL, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_host_run(host), MAILPROTO_OK); /* there is nothing to do */
    mailproto_host_free(host);
    mailproto_host_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drain_of_nothing),
        cmocka_unit_test(test_drain_between_commands),
        cmocka_unit_test(test_drain_limit),
        cmocka_unit_test(test_drain_cut),
        cmocka_unit_test(test_drain_waits_for_the_message),
        cmocka_unit_test(test_drain_and_listen_again),
        cmocka_unit_test(test_new_sessions_are_not_drained),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_addresses_that_are_wrong),
        cmocka_unit_test(test_listen_configs_that_are_wrong),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_second_signal),
        cmocka_unit_test(test_free_in_callback),
        cmocka_unit_test(test_free_in_gone),
        cmocka_unit_test(test_free_after_any_turn),
        cmocka_unit_test(test_free_after_any_turn_of_a_send),
        cmocka_unit_test(test_a_loop_of_the_programs_own),
        cmocka_unit_test(test_free_ends_a_drain),
        cmocka_unit_test(test_configs_that_are_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
