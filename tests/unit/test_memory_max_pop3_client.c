/* memory_max of the POP3 client engine against its worst: the longest credentials behind the longest greeting, in
   answer to the longest challenge.
   mailproto/pop3_client.h, memory_max. */
#include "memory_max.h"

enum { LINE = 2048, CHALLENGE = 508 };

struct host {
    mailproto_pop3_client *client;
    mailproto_session *s;
    int readies;
};

static void act(void *user)
{
    static char secret[4096];
    struct host *h = user;
    const mailproto_event *event;

    memset(secret, 's', sizeof secret);
    while ((event = mailproto_session_next_event(h->s))) {
        h->readies += event->type == MAILPROTO_POP3_CLIENT_READY;
        if (event->type == MAILPROTO_POP3_CLIENT_CREDENTIALS)
            assert_int_equal(mailproto_pop3_client_credentials(h->client, event->token, secret, 1024, secret, 1024,
                                                               secret, sizeof secret),
                             MAILPROTO_OK);
    }
}

static void say(struct host *h, const char *text, size_t cut)
{
    mailproto_session_tick(h->s, 0);
    act(h);
    feed_all(h->s, text, strlen(text), cut, act, h);
}

/* A line of the longest, beginning with `words`. */
static void say_longest(struct host *h, const char *words)
{
    char line[LINE + 1];

    memset(line, 'x', sizeof line);
    memcpy(line, words, strlen(words));
    memcpy(line + LINE - 2, "\r\n", 3);
    say(h, line, 1);
}

static void say_challenge(struct host *h)
{
    char line[CHALLENGE + 5];

    memcpy(line, "+ ", 2);
    memset(line + 2, 'A', CHALLENGE);
    memcpy(line + 2 + CHALLENGE, "\r\n", 3);
    say(h, line, 1);
}

static void test_worst(void **state)
{
    struct measure m = {.peak = 0};
    mailproto_pop3_client_config c;
    struct host h = {.readies = 0};

    (void)state;
    mailproto_pop3_client_config_init(&c, sizeof c);
    c.flags = MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN;
    c.login[0] = MAILPROTO_SASL_PLAIN;
    c.max_line = LINE;
    measure_begin(&m, mailproto_pop3_client_memory_max(&c));
    assert_int_equal(mailproto_pop3_client_new(&h.client, &c, NULL, &m.arena, NULL, NULL), MAILPROTO_OK);
    h.s = mailproto_pop3_client_session(h.client);
    say_longest(&h, "+OK ");
    send_some(h.s, SIZE_MAX);
    say(&h, "+OK capabilities\r\nSASL PLAIN\r\nPIPELINING\r\n", 1);
    say_longest(&h, "X-");
    say(&h, ".\r\n", 1);
    send_some(h.s, SIZE_MAX);
    say_challenge(&h);
    send_some(h.s, SIZE_MAX);
    say(&h, "+OK\r\n", 1);
    send_some(h.s, SIZE_MAX);
    say(&h, "+OK\r\nPIPELINING\r\n.\r\n", 1);
    assert_int_equal(h.readies, 1);
    mailproto_session_free(h.s);
    measure_end(&m);
    measure_check(&m, "a POP3 client session", 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_worst)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
