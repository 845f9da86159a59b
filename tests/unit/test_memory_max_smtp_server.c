/* memory_max of the SMTP server engine against its worst: a login of the longest lines, and a transaction with all that one
   can hold, each while the client takes nothing.
   mailproto/smtp_server.h, memory_max. */
#include "memory_max.h"

enum { OPEN = 16, LINE = 2048, AUTH_LINE = 12288, RESPONSE = 8190 / 3 * 4, FIELD = 4094, NAME = 250 };

struct host {
    mailproto_smtp_server *server;
    mailproto_session *s;
    uint64_t kept[OPEN]; /* RCPTs that are answered later */
    int count, logins, begins, ends;
};

static mailproto_smtp_server_config config_of(char *name)
{
    mailproto_smtp_server_config c;

    memset(name, 'h', NAME);
    for (size_t i = 50; i < NAME; i += 50)
        name[i] = '.';
    mailproto_smtp_server_config_init(&c, sizeof c);
    c.hostname = c.peer_name = (mailproto_text){name, NAME};
    c.banner = c.hostname;
    c.peer_address = (mailproto_text){"2001:db8::1", 11};
    c.flags = MAILPROTO_SMTP_SERVER_LMTP | MAILPROTO_SMTP_SERVER_RECEIVED | MAILPROTO_SMTP_SERVER_PASS_PARAMETERS |
              MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH;
    c.offer = MAILPROTO_SMTP_EXT_DEFAULT | MAILPROTO_SMTP_EXT_AUTH | MAILPROTO_SMTP_EXT_DSN;
    c.max_open = OPEN;
    c.max_line = LINE;
    c.max_auth_line = AUTH_LINE;
    return c;
}

static void prepend(struct host *h, uint64_t token)
{
    char field[FIELD];

    memset(field, 'x', sizeof field);
    memcpy(field, "X-Field: ", 9);
    for (int i = 0; i < 2; i++)
        assert_int_equal(mailproto_smtp_server_prepend(h->server, token, field, i ? FIELD - 2 : FIELD), MAILPROTO_OK);
}

/* What every callback does. */
static int32_t see(mailproto_smtp_server *server, const mailproto_event *event, void *user)
{
    struct host *h = user;

    h->ends += event->type == MAILPROTO_SMTP_SERVER_MESSAGE_END;
    h->logins += event->type == MAILPROTO_SMTP_SERVER_AUTH;
    if (event->type == MAILPROTO_SMTP_SERVER_RCPT) {
        h->kept[h->count++] = event->token;
        return 0;
    }
    if (event->type == MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN) {
        h->begins++;
        prepend(h, event->token);
    }
    return mailproto_smtp_server_accept(server, event->token);
}

#define ON(name, payload)                                                                                              \
    static int32_t on_##name(mailproto_smtp_server *server, const payload *event, void *user)                          \
    {                                                                                                                  \
        return see(server, &event->head, user);                                                                        \
    }
ON(connect, mailproto_smtp_connect)
ON(hello, mailproto_smtp_hello)
ON(auth, mailproto_smtp_auth)
ON(mail, mailproto_smtp_mail)
ON(rcpt, mailproto_smtp_rcpt)
ON(message_begin, mailproto_smtp_message_begin)
ON(message_end, mailproto_smtp_message_end)
ON(rcpt_result, mailproto_smtp_rcpt_result)

static int32_t refuse_query(mailproto_smtp_server *server, const mailproto_smtp_query *event, void *user)
{
    (void)user;
    return mailproto_session_use_default(mailproto_smtp_server_session(server), event->head.token);
}

static mailproto_smtp_server_callbacks callbacks(void)
{
    mailproto_smtp_server_callbacks table;

    mailproto_smtp_server_callbacks_init(&table, sizeof table);
    table.on_connect = on_connect;
    table.on_hello = on_hello;
    table.on_auth = on_auth;
    table.on_mail = on_mail;
    table.on_rcpt = on_rcpt;
    table.on_message_begin = on_message_begin;
    table.on_message_end = on_message_end;
    table.on_rcpt_result = on_rcpt_result;
    table.on_vrfy = table.on_expn = refuse_query;
    return table;
}

static void act(void *user)
{
    (void)user;
}

static void say(struct host *h, const char *text, size_t cut)
{
    feed_all(h->s, text, strlen(text), cut, act, h);
}

static void begin(struct host *h, struct measure *m)
{
    char name[NAME];
    mailproto_smtp_server_config c = config_of(name);
    mailproto_smtp_server_callbacks table = callbacks();

    memset(h, 0, sizeof *h);
    measure_begin(m, mailproto_smtp_server_memory_max(&c));
    assert_int_equal(mailproto_smtp_server_new(&h->server, &c, &table, &m->arena, h, NULL), MAILPROTO_OK);
    h->s = mailproto_smtp_server_session(h->server);
    mailproto_session_set_wall(h->s, 0);
    mailproto_session_tick(h->s, 0);
    say(h, "LHLO client.example\r\n", SIZE_MAX);
}

static void end(struct host *h, struct measure *m)
{
    assert_true(mailproto_session_error(h->s, NULL, NULL, NULL) != MAILPROTO_ERR_NOMEM);
    mailproto_session_free(h->s);
    measure_end(m);
}

/* Replies that nobody takes, until all but some room is full. */
static void fill_output(struct host *h, size_t leave)
{
    while (mailproto_session_wants(h->s) & MAILPROTO_WANTS_READ)
        say(h, "NOOP\r\n", SIZE_MAX);
    send_some(h->s, leave);
    mailproto_session_tick(h->s, 0);
}

/* A response of AUTH LOGIN, as long as may be decoded, without its line end. */
static const char *response(void)
{
    static char line[AUTH_LINE];

    for (size_t i = 0; i < RESPONSE; i++)
        line[i] = "YWFh"[i % 4];
    return line;
}

/* As many RCPTs open as may be, one with parameters, all sent in one piece behind the line of the password, so that the
   room for that is still there; then DATA, which waits for the answers. */
static void transact_behind_login(struct host *h)
{
    static char path[1201], all[LINE * 4];
    size_t n;

    memset(path, 'p', sizeof path - 1);
    n = (size_t)sprintf(all, "\r\nMAIL FROM:<a@x>\r\nRCPT TO:<\"%s\"@x>\r\n", path);
    for (int i = 1; i < OPEN - 2; i++)
        n += (size_t)sprintf(all + n, "RCPT TO:<b@x>\r\n");
    n += (size_t)sprintf(all + n, "RCPT TO:<b@x> ORCPT=rfc822;%.450s+2B X=y\r\nDATA\r\n", path);
    fill_output(h, 1500);
    say(h, "AUTH LOGIN\r\n", SIZE_MAX);
    say(h, response(), 1);
    say(h, "\r\n", 1);
    say(h, response(), 1);
    say(h, all, SIZE_MAX);
    assert_int_equal(h->logins, 1);
    assert_int_equal(h->count, OPEN - 1);
    for (int i = 0; i < h->count; i++)
        assert_int_equal(mailproto_smtp_server_accept(h->server, h->kept[i]), MAILPROTO_OK);
    mailproto_session_tick(h->s, 0);
    assert_int_equal(h->begins, 1);
    send_some(h->s, SIZE_MAX);
    say(h, "text\r\n.\r\n", SIZE_MAX);
    send_some(h->s, SIZE_MAX);
    assert_int_equal(h->ends, 1);
}

static void test_worst(void **state)
{
    static struct host h;
    struct measure m = {.peak = 0};

    (void)state;
    begin(&h, &m);
    transact_behind_login(&h);
    end(&h, &m);
    measure_check(&m, "an LMTP server session", 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_worst)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
