/* memory_max of the POP3 server engine against its worst: a message whose pieces leave chunks that have no room, behind a
   login of the longest lines.
   mailproto/pop3_server.h, memory_max. */
#include "memory_max.h"

enum { AUTH_LINE = 10924, PIECE = 16384, SIZE = 1000000 };

struct host {
    mailproto_pop3_server *server;
    mailproto_session *s;
    uint64_t piece; /* the open request for one */
    size_t most;    /* octets of it */
};

/* ---- answers ---- */

static int32_t on_auth(mailproto_pop3_server *server, const mailproto_pop3_auth *event, void *user)
{
    (void)user;
    return mailproto_pop3_server_accept(server, event->head.token);
}

static int32_t on_open(mailproto_pop3_server *server, const mailproto_pop3_open *event, void *user)
{
    (void)user;
    return mailproto_pop3_server_opened(server, event->head.token, 1, SIZE);
}

static int32_t on_list(mailproto_pop3_server *server, const mailproto_pop3_list *event, void *user)
{
    (void)user;
    return mailproto_session_fail(mailproto_pop3_server_session(server), event->head.token);
}

static int32_t on_retrieve(mailproto_pop3_server *server, const mailproto_pop3_retrieve *event, void *user)
{
    (void)user;
    return mailproto_pop3_server_retrieving(server, event->head.token, SIZE);
}

static int32_t on_piece(mailproto_pop3_server *server, const mailproto_pop3_piece *event, void *user)
{
    struct host *h = user;

    (void)server;
    h->piece = event->head.token;
    h->most = event->max;
    return 0;
}

static int32_t on_commit(mailproto_pop3_server *server, const mailproto_pop3_commit *event, void *user)
{
    (void)user;
    return mailproto_pop3_server_committed(server, event->head.token, 0);
}

/* ---- the worst ---- */

static void begin(struct host *h, struct measure *m)
{
    mailproto_pop3_server_config c;
    mailproto_pop3_server_callbacks table;

    memset(h, 0, sizeof *h);
    mailproto_pop3_server_config_init(&c, sizeof c);
    c.flags = MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN;
    c.max_auth_line = AUTH_LINE;
    c.piece = PIECE;
    mailproto_pop3_server_callbacks_init(&table, sizeof table);
    table.on_auth = on_auth;
    table.on_open = on_open;
    table.on_list = on_list;
    table.on_retrieve = on_retrieve;
    table.on_piece = on_piece;
    table.on_commit = on_commit;
    measure_begin(m, mailproto_pop3_server_memory_max(&c));
    assert_int_equal(mailproto_pop3_server_new(&h->server, &c, &table, &m->arena, h, NULL), MAILPROTO_OK);
    h->s = mailproto_pop3_server_session(h->server);
    mailproto_session_tick(h->s, 0);
    send_some(h->s, SIZE_MAX);
}

static void nothing(void *user)
{
    (void)user;
}

static void say(struct host *h, const char *text, size_t n, size_t cut)
{
    feed_all(h->s, text, n, cut, nothing, NULL);
}

/* n octets of the message, every third one a dot that is doubled. The next request is open then. */
static void give(struct host *h, size_t n)
{
    static char text[PIECE];

    for (size_t i = 0; i < PIECE; i++)
        text[i] = ".\r\n"[i % 3];
    assert_true(h->piece && n <= h->most);
    assert_int_equal(mailproto_session_piece(h->s, h->piece, text, n), MAILPROTO_OK);
    h->piece = 0;
    mailproto_session_tick(h->s, 0);
}

static void test_worst(void **state)
{
    static char line[AUTH_LINE - 4];
    struct measure m = {.peak = 0};
    struct host h;

    (void)state;
    memset(line, 'A', sizeof line);
    for (size_t i = 0; i < sizeof line; i++)
        line[i] = "YWFh"[i % 4];
    begin(&h, &m);
    say(&h, "AUTH LOGIN\r\n", 12, SIZE_MAX);
    say(&h, line, sizeof line, 1);
    say(&h, "\r\n", 2, SIZE_MAX);
    say(&h, line, sizeof line, 1);
    say(&h, "\r\nRETR 1\r\n", 10, SIZE_MAX);
    give(&h, PIECE);
    send_some(h.s, SIZE_MAX);
    mailproto_session_tick(h.s, 0);
    give(&h, PIECE); /* the chunk is full but for two octets */
    send_some(h.s, PIECE / 3 * 4 - 100);
    mailproto_session_tick(h.s, 0);
    give(&h, 1);
    give(&h, PIECE);
    mailproto_session_lost(h.s, MAILPROTO_ERR_LOST, NULL, 0, 0);
    assert_int_equal(mailproto_session_error(h.s, NULL, NULL, NULL), MAILPROTO_ERR_LOST);
    mailproto_session_free(h.s);
    measure_end(&m);
    measure_check(&m, "a POP3 server session", 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_worst)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
