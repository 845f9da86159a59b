/* The blocking loop of the examples, over sockets that carry everything before it runs: nothing waits for time.
   include/mailproto/session.h, the loop; examples/minimal/loop.h. */
#include "../../examples/minimal/loop.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/toy.h"

enum { BODY = 60000 };

static unsigned seen;

static void answer(toy *t, const mailproto_event *event)
{
    char piece[64];

    seen++;
    memset(piece, 'x', sizeof piece);
    if (event->type == TOY_PIECE)
        mailproto_session_piece(toy_session(t), event->token, piece, ((const toy_piece *)event)->max);
    else if (event->token)
        toy_answer(t, event->token, 1, event->type == TOY_ASK ? 1 : 0);
}

static int32_t callback(toy *t, const mailproto_event *event, void *user)
{
    (void)user;
    answer(t, event);
    return 0;
}

static void events(mailproto_session *session, void *user)
{
    const mailproto_event *event;

    while ((event = mailproto_session_next_event(session)))
        answer(user, event);
}

static int32_t free_in_callback(toy *t, const mailproto_event *event, void *user)
{
    (void)event;
    (void)user;
    mailproto_session_free(toy_session(t));
    return 0;
}

/* A connection over TCP: the client's end in *client, the other one answered. */
static int connection(int *client)
{
    int listener = loop_listen("127.0.0.1", "0"), server;
    char port[8];

    assert_true(listener >= 0);
    snprintf(port, sizeof port, "%u", loop_port(listener));
    *client = loop_connect("127.0.0.1", port);
    assert_true(*client >= 0);
    server = loop_accept(listener);
    assert_true(server >= 0);
    close(listener);
    return server;
}

static size_t read_all(int fd, char *to, size_t size)
{
    size_t n = 0;
    ssize_t k;

    while ((k = read(fd, to + n, size - n)) > 0)
        n += (size_t)k;
    assert_int_equal(k, 0); /* a close, not a reset */
    close(fd);
    return n;
}

static void test_conversation(void **state)
{
    static const char script[] = "ASK 1\r\nASK 2\r\nBODY 5\r\nhelloGET 60000\r\nQUIT\r\nand what nobody reads";
    static char said[BODY + 200];
    struct toy_config config = {.max_open = 4, .stall_ms = 10000};

    (void)state;
    for (int polled = 0; polled < 2; polled++) {
        int client, server = connection(&client);
        size_t n;
        toy *t;

        assert_int_equal(toy_new(&t, &config, polled ? NULL : callback, NULL, NULL), MAILPROTO_OK);
        assert_int_equal(write(client, script, sizeof script - 1), sizeof script - 1);
        shutdown(client, SHUT_WR);
        assert_int_equal(loop_run(server, toy_session(t), polled ? events : NULL, t), MAILPROTO_OK);
        n = read_all(client, said, sizeof said);
        assert_memory_equal(said, "HELLO\r\nA 1 yes\r\nA 2 yes\r\nB 5\r\n+60000\r\nxxxx", 42);
        assert_int_equal(n, 38 + BODY + 2 + 5);
        assert_memory_equal(said + n - 7, "\r\nBYE\r\n", 7);
    }
}

static void test_half_closed(void **state)
{
    struct toy_config config = {.command_ms = 10000};
    int client, server = connection(&client);
    char said[100];
    toy *t;

    (void)state;
    assert_int_equal(toy_new(&t, &config, callback, NULL, NULL), MAILPROTO_OK);
    assert_int_equal(write(client, "ASK 1\r\n", 7), 7);
    shutdown(client, SHUT_WR);
    assert_int_equal(loop_run(server, toy_session(t), NULL, NULL), MAILPROTO_OK);
    assert_int_equal(read_all(client, said, sizeof said), 16);
    assert_memory_equal(said, "HELLO\r\nA 1 yes\r\n", 16);
}

static void test_reset(void **state)
{
    struct toy_config config = {.command_ms = 10000};
    struct linger hard = {.l_onoff = 1};
    int client, server = connection(&client);
    toy *t;

    (void)state;
    assert_int_equal(toy_new(&t, &config, callback, NULL, NULL), MAILPROTO_OK);
    setsockopt(client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(client);
    assert_int_equal(loop_run(server, toy_session(t), NULL, NULL), MAILPROTO_ERR_LOST);
}

static void test_freed(void **state)
{
    struct toy_config config = {0};
    int client, server = connection(&client);
    toy *t;

    (void)state;
    assert_int_equal(toy_new(&t, &config, free_in_callback, NULL, NULL), MAILPROTO_OK);
    shutdown(client, SHUT_WR);
    assert_int_equal(loop_run(server, toy_session(t), NULL, NULL), MAILPROTO_FREED);
    close(client);
}

static int silent_client;

/* The peer leaves when all is over, so that nobody waits for it. */
static int32_t leave_at_the_end(toy *t, const mailproto_event *event, void *user)
{
    if (event->type == MAILPROTO_EVENT_CLOSED)
        close(silent_client);
    return callback(t, event, user);
}

/* The peer says nothing at all: the session's own limit ends it. */
static void test_silence(void **state)
{
    struct toy_config config = {.command_ms = 1};
    int server = connection(&silent_client);
    toy *t;

    (void)state;
    assert_int_equal(toy_new(&t, &config, leave_at_the_end, NULL, NULL), MAILPROTO_OK);
    assert_int_equal(loop_run(server, toy_session(t), NULL, NULL), MAILPROTO_ERR_TIMEOUT);
}

static void test_no_connection(void **state)
{
    (void)state;
    assert_int_equal(loop_connect("127.0.0.1", "no such service"), -1);
    assert_int_equal(loop_listen("192.0.2.1", "0"), -1);
    assert_int_equal(loop_port(-1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversation), cmocka_unit_test(test_half_closed), cmocka_unit_test(test_reset),
        cmocka_unit_test(test_freed),        cmocka_unit_test(test_silence),     cmocka_unit_test(test_no_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
