/* memory_max of the SMTP client engine against its worst: the longest pieces of a body on their way while the longest replies
   come, and before that the longest EHLO reply behind the longest credentials.
   mailproto/smtp_client.h, memory_max. */
#include "memory_max.h"

enum { PIECE = 16384, LINE = 2000, REPLY = 4096, NAME = 1024, PASSWORD = 4096 };

struct host {
    mailproto_smtp_client *client;
    mailproto_session *s;
    int bodies, dones;
};

static void act(void *user)
{
    static char secret[PASSWORD], text[PIECE];
    struct host *h = user;
    const mailproto_event *event;

    memset(secret, 's', sizeof secret);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "..\n"[i % 3];
    while ((event = mailproto_session_next_event(h->s))) {
        h->dones += event->type == MAILPROTO_SMTP_CLIENT_DONE;
        if (event->type == MAILPROTO_SMTP_CLIENT_CREDENTIALS)
            assert_int_equal(mailproto_smtp_client_credentials(h->client, event->token, secret, NAME, secret, NAME,
                                                               secret, sizeof secret),
                             MAILPROTO_OK);
        if (event->type == MAILPROTO_SMTP_CLIENT_BODY && h->bodies++ < 3)
            assert_int_equal(mailproto_session_piece(h->s, event->token, text, sizeof text), MAILPROTO_OK);
    }
}

static void say(struct host *h, const char *text, size_t cut)
{
    mailproto_session_tick(h->s, 0);
    act(h);
    feed_all(h->s, text, strlen(text), cut, act, h);
}

/* A reply of more text than is kept, in the longest lines. */
static void say_longest(struct host *h, const char *code)
{
    char line[LINE + 1];

    for (int i = 0; i < 4; i++) {
        memset(line, 'x', sizeof line);
        memcpy(line, code, 3);
        line[3] = i < 3 ? '-' : ' ';
        memcpy(line + LINE - 2, "\r\n", 3);
        say(h, line, 1);
    }
}

/* A long EHLO reply of nothing but keywords that nobody knows. */
static void say_hello(struct host *h)
{
    char line[64];

    say(h, "250-mx.example\r\n250-AUTH PLAIN\r\n250-PIPELINING\r\n250-CHUNKING\r\n", 1);
    for (int i = 0; i < 120; i++) {
        sprintf(line, "250-X-THIS-IS-NO-KEYWORD-KNOWN-%d\r\n", i);
        say(h, line, 1);
    }
    say(h, "250 X\r\n", 1);
}

static void send_message(struct host *h)
{
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;
    uint64_t token;

    mailproto_smtp_envelope_init(&envelope, sizeof envelope);
    mailproto_smtp_recipient_init(&recipient, sizeof recipient);
    recipient.path = (mailproto_text){"a@x", 3};
    assert_int_equal(mailproto_smtp_client_send(h->client, &envelope, &token), MAILPROTO_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(mailproto_smtp_client_send_to(h->client, token, &recipient), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_client_send_go(h->client, token), MAILPROTO_OK);
}

static void test_worst(void **state)
{
    struct measure m = {.apart = 256 + 2 * 64}; /* the envelope */
    mailproto_smtp_client_config c;
    struct host h = {.bodies = 0};

    (void)state;
    mailproto_smtp_client_config_init(&c, sizeof c);
    c.hostname = (mailproto_text){"client.example", 14};
    c.flags = MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH;
    c.mechanisms = MAILPROTO_SASL_PLAIN;
    c.max_reply_line = LINE;
    c.max_reply = REPLY;
    c.piece = PIECE;
    measure_begin(&m, mailproto_smtp_client_memory_max(&c));
    assert_int_equal(mailproto_smtp_client_new(&h.client, &c, NULL, &m.arena, NULL, NULL), MAILPROTO_OK);
    h.s = mailproto_smtp_client_session(h.client);
    say_longest(&h, "220");
    send_some(h.s, SIZE_MAX);
    say_hello(&h);
    send_some(h.s, SIZE_MAX);
    say(&h, "334 \r\n", 1);
    say_longest(&h, "235");
    send_message(&h);
    mailproto_session_tick(h.s, 0);
    act(&h);
    send_some(h.s, SIZE_MAX);
    act(&h);
    say_longest(&h, "250"); /* MAIL; a piece of the body is there */
    say_longest(&h, "550"); /* RCPT: kept, it may be the last word */
    say_longest(&h, "250");
    assert_int_equal(h.bodies, 1);
    say_longest(&h, "250"); /* the chunk */
    mailproto_session_free(h.s);
    measure_end(&m);
    measure_check(&m, "an SMTP client session", 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_worst)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
