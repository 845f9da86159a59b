/* test_smtp_client_limits.c - what a server can cost a client, in time and memory, and what a config may say.
 * RFC 5321 sections 4.5.3.1 and 4.5.3.2; RFC 2920 section 3.1. */
#include "smtp_client_talk.h"

/* ---- replies ---- */

static void small_replies(mailproto_smtp_client_config *config)
{
    config->max_reply_line = 100;
    config->max_reply_lines = 3;
    config->max_reply = 64;
}

static void feed_text(struct talk *t, const char *text)
{
    talk_feed(t, text, strlen(text));
}

static struct talk *open_small(int mode, size_t split)
{
    static const struct scene scene = {.name = "small replies", .configure = small_replies, .script = ""};
    struct talk *t = malloc(sizeof *t);

    assert_non_null(t);
    assert_int_equal(talk_open(t, &scene, mode, NULL), MAILPROTO_OK);
    t->split = split;
    return t;
}

static void close_talk(struct talk *t)
{
    mailproto_session_free(t->session);
    free(t);
}

static void endless_line(void **state)
{
    (void)state;
    for (size_t split = 0; split < 4; split++) {
        struct talk *t = open_small(TALK_NOW, split);
        uint64_t offset;

        feed_text(t, "220 ");
        for (int i = 0; i < 200 && !t->closed; i++)
            feed_text(t, "for ever and ");
        assert_string_equal(t->log, "CLOSED ERR_LIMIT\n");
        assert_int_equal(mailproto_session_error(t->session, &offset, NULL, NULL), MAILPROTO_ERR_LIMIT);
        assert_true(offset <= 100 + 13);
        close_talk(t);
    }
}

static void line_limits(void **state)
{
    char text[128];

    (void)state;
    for (size_t n = 99; n <= 101; n++)
        for (size_t split = 0; split < 4; split++) {
            struct talk *t = open_small(TALK_POLLED, split);

            memset(text, 'x', sizeof text);
            memcpy(text, "220 ", 4);
            memcpy(text + n - 2, "\r\n", 3);
            feed_text(t, text);
            assert_string_equal(t->log, n <= 100 ? "" : "CLOSED ERR_LIMIT\n");
            close_talk(t);
        }
}

static void endless_reply(void **state)
{
    struct talk *t = open_small(TALK_NOW, 0);

    (void)state;
    feed_text(t, "220-one\r\n220-two\r\n220-three\r\n");
    assert_string_equal(t->log, "");
    feed_text(t, "220-four\r\n");
    assert_string_equal(t->log, "CLOSED ERR_LIMIT\n");
    close_talk(t);
}

/* What goes beyond max_reply is dropped, and nothing else. */
static void long_reply(void **state)
{
    struct talk *t = open_small(TALK_NOW, 0);
    uint64_t token;
    char line[100];

    (void)state;
    feed_text(t, "220 hi\r\n250 hi\r\n");
    mailproto_smtp_client_noop(t->client, &token);
    t->commands[t->command_count++] = token;
    talk_pump(t);
    memset(line, 'x', sizeof line);
    memcpy(line, "250-", 4);
    memcpy(line + 50, "\r\n", 3);
    feed_text(t, line);
    feed_text(t, line);
    feed_text(t, "250 end\r\n");
    memset(line, 'x', 46);
    line[46] = '|';
    memset(line + 47, 'x', 17);
    line[64] = 0;
    assert_non_null(strstr(t->log, "REPLY 0 OK 250 "));
    assert_string_equal(strstr(t->log, "REPLY 0 OK 250 ") + 15, strcat(line, "\n"));
    close_talk(t);
}

static void bare_lf(void **state)
{
    struct talk *t = open_small(TALK_NOW, 0);

    (void)state;
    feed_text(t, "220-hi\n220 there\n250 hi\n");
    assert_string_equal(t->log, "READY 0 hi\n");
    close_talk(t);
}

/* ---- time ---- */

static void all_different(mailproto_smtp_client_config *config)
{
    config->greeting_ms = 1000;
    config->command_ms = 2000;
    config->data_ms = 3000;
    config->message_ms = 4000;
    config->tls_ms = 5000;
    config->answer_ms = 6000;
    config->stall_ms = 7000;
    config->tls = MAILPROTO_TLS_MAY;
    config->flags = MAILPROTO_SMTP_CLIENT_NO_CHUNKING;
}

static void send_one(struct talk *t)
{
    static const char *const to[] = {"b@y.example", NULL};
    mailproto_smtp_envelope envelope;

    talk_envelope(&envelope);
    talk_send(t, &envelope, to);
}

/* One octet short of a reply does not stop the clock, one whole reply starts it anew. */
static void expect_limit(struct talk *t, uint64_t limit)
{
    size_t taken;

    talk_pump(t);
    assert_int_equal(mailproto_session_deadline(t->session), t->now + limit);
    t->now += limit - 1;
    mailproto_session_tick(t->session, t->now);
    talk_pump(t);
    assert_int_equal(mailproto_session_deadline(t->session), t->now + 1);
    if (mailproto_session_wants(t->session) & MAILPROTO_WANTS_READ) {
        mailproto_session_feed(t->session, "2", 1, t->now, &taken);
        assert_int_equal(mailproto_session_deadline(t->session), t->now + 1);
    }
    assert_false(t->closed);
}

static void phases(void **state)
{
    static const struct scene scene = {.name = "phases", .configure = all_different, .body = "x", .script = ""};
    struct talk *t = malloc(sizeof *t);

    (void)state;
    assert_non_null(t);
    assert_int_equal(talk_open(t, &scene, TALK_NOW, NULL), MAILPROTO_OK);
    expect_limit(t, 1000);
    feed_text(t, "20 mx\r\n");
    send_one(t);
    feed_text(t, "250-mx\r\n250 STARTTLS\r\n");
    expect_limit(t, 2000);
    feed_text(t, "20 go\r\n");
    expect_limit(t, 5000);
    talk_tls(t);
    expect_limit(t, 2000);
    feed_text(t, "50 mx\r\n");
    expect_limit(t, 2000);
    feed_text(t, "50 MAIL\r\n");
    expect_limit(t, 2000);
    feed_text(t, "50 RCPT\r\n");
    talk_pump(t);
    assert_int_equal(mailproto_session_deadline(t->session), t->now + 3000);
    feed_text(t, "354 go\r\n");
    expect_limit(t, 4000);
    feed_text(t, "50 queued\r\n");
    assert_int_equal(mailproto_session_deadline(t->session), UINT64_MAX);
    mailproto_session_finish(t->session);
    talk_pump(t);
    assert_int_equal(mailproto_session_deadline(t->session), t->now + 2000);
    t->now += 2000;
    talk_pump(t);
    assert_non_null(strstr(t->log, "CLOSED ERR_TIMEOUT"));
    close_talk(t);
}

/* The host's own time: a body that is not given in time fails, and the server's clock stands meanwhile. */
static void slow_host(void **state)
{
    static const struct scene scene = {.name = "slow host", .configure = all_different, .body = "x", .script = ""};
    struct talk *t = malloc(sizeof *t);

    (void)state;
    assert_non_null(t);
    assert_int_equal(talk_open(t, &scene, TALK_NOW, NULL), MAILPROTO_OK);
    send_one(t);
    feed_text(t, "220 mx\r\n");
    feed_text(t, "250 mx\r\n");
    feed_text(t, "250 MAIL\r\n");
    feed_text(t, "250 RCPT\r\n");
    t->mode = TALK_LATER;
    {
        size_t taken;

        talk_pump(t);
        mailproto_session_feed(t->session, "354 go\r\n", 8, t->now, &taken);
    }
    assert_true(t->waiting != 0);
    assert_int_equal(mailproto_session_wants(t->session) & MAILPROTO_WANTS_HOST, MAILPROTO_WANTS_HOST);
    assert_int_equal(mailproto_session_deadline(t->session), t->now + 6000);
    t->now += 6000;
    mailproto_session_tick(t->session, t->now);
    talk_pump(t);
    assert_non_null(strstr(t->log, "CANCEL 203 ERR_TIMEOUT\nDONE 0 NOT_SENT ERR_TIMEOUT"));
    t->out[t->out_len] = 0;
    assert_null(strstr(t->out, "\n.\r\n"));
    close_talk(t);
}

/* A server that takes nothing of what is said to it. */
static void stalled(void **state)
{
    static const struct scene scene = {.name = "stalled", .configure = all_different, .script = ""};
    struct talk *t = malloc(sizeof *t);
    size_t taken;

    (void)state;
    assert_non_null(t);
    assert_int_equal(talk_open(t, &scene, TALK_NOW, NULL), MAILPROTO_OK);
    mailproto_session_feed(t->session, "220 mx\r\n", 8, t->now, &taken);
    for (int i = 0; i < 8; i++) {
        mailproto_session_tick(t->session, t->now);
        t->now += 1000;
    }
    mailproto_session_tick(t->session, t->now);
    assert_string_equal(t->log, "CLOSED ERR_TIMEOUT\n");
    assert_int_equal(mailproto_session_wants(t->session), MAILPROTO_WANTS_CLOSE);
    close_talk(t);
}

/* ---- memory ---- */

enum { MANY = 10000 };

static void many_recipients(struct talk *t)
{
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;
    uint64_t command;
    char path[64];

    talk_envelope(&envelope);
    assert_int_equal(mailproto_smtp_client_send(t->client, &envelope, &command), MAILPROTO_OK);
    t->commands[t->command_count++] = command;
    mailproto_smtp_recipient_init(&recipient, sizeof recipient);
    for (int i = 0; i < MANY; i++) {
        recipient.path = (mailproto_text){path, (size_t)snprintf(path, sizeof path, "r%05d@y.example", i)};
        assert_int_equal(mailproto_smtp_client_send_to(t->client, command, &recipient), MAILPROTO_OK);
    }
    assert_int_equal(mailproto_smtp_client_send_to(t->client, command, &recipient), MAILPROTO_ERR_LIMIT);
    assert_int_equal(mailproto_smtp_client_send_go(t->client, command), MAILPROTO_OK);
}

/* A server that answers as it reads, and whose replies are read before the client is done writing. */
struct echo {
    size_t lines, rcpts, seen;
};

static void count_rcpt(struct talk *t, const mailproto_event *event)
{
    struct echo *echo = t->mine;

    t->log_len = 0;
    if (event->type == MAILPROTO_SMTP_CLIENT_RCPT_REPLY)
        assert_int_equal(((const mailproto_smtp_rcpt_reply *)(const void *)event)->index, echo->seen++);
}

static void echo_replies(struct talk *t, struct echo *echo, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (data[i] == '\n') {
            size_t taken;

            echo->lines++;
            if (mailproto_session_deadline(t->session) <= t->now)
                mailproto_session_tick(t->session, t->now);
            assert_true(mailproto_session_wants(t->session) & MAILPROTO_WANTS_READ);
            mailproto_session_feed(t->session, "250 ok\r\n", 8, t->now, &taken);
            assert_int_equal(taken, 8);
        }
}

static void ten_thousand_recipients(void **state)
{
    static const struct scene scene = {.name = "ten thousand", .script = ""};
    static unsigned char memory[4 << 20];
    mailproto_allocator arena;
    mailproto_smtp_client_config config;
    struct talk *t = malloc(sizeof *t);
    struct echo echo = {0, 0, 0};
    const uint8_t *data;
    size_t len, before;

    (void)state;
    assert_non_null(t);
    assert_int_equal(mailproto_arena_init(&arena, memory, sizeof memory), MAILPROTO_OK);
    assert_int_equal(talk_open(t, &scene, TALK_NOW, &arena), MAILPROTO_OK);
    feed_text(t, "220 mx\r\n");
    feed_text(t, "250-mx\r\n250 PIPELINING\r\n");
    before = mailproto_arena_used(&arena);
    many_recipients(t);
    talk_config(&config, &scene);
    assert_true(mailproto_arena_used(&arena) - before <= MANY * 64 + 512);
    before = mailproto_arena_used(&arena);
    t->on_event = count_rcpt;
    t->mine = &echo;
    for (;;) {
        uint8_t copy[32768];

        mailproto_session_output(t->session, &data, &len);
        if (!len)
            break;
        assert_true(len <= 8192);
        memcpy(copy, data, len);
        mailproto_session_output_ack(t->session, len);
        if (echo.lines + 1 >= MANY + 2 || memcmp(copy + len - 6, "DATA\r\n", 6) == 0)
            break;
        echo_replies(t, &echo, copy, len);
        assert_true(mailproto_arena_used(&arena) <= before + 16384);
    }
    assert_true(echo.seen >= MANY / 2);
    close_talk(t);
}

/* Whatever happens, memory_max and what the envelopes take is enough; and an idle session is small. */
static void memory_max(void **state)
{
    static const struct scene scene = {.name = "memory_max", .script = ""};
    static unsigned char memory[1 << 20];
    static uint8_t piece[16384], wire[65536];
    mailproto_allocator arena;
    mailproto_smtp_client_config config;
    struct talk *t = malloc(sizeof *t);
    char line[2001];
    const uint8_t *data;
    size_t len, max, taken, idle;

    (void)state;
    assert_non_null(t);
    talk_config(&config, &scene);
    max = mailproto_smtp_client_memory_max(&config);
    assert_true(max > 0 && max < 100000);
    assert_int_equal(mailproto_arena_init(&arena, memory, max + 512 + 512), MAILPROTO_OK);
    assert_int_equal(talk_open(t, &scene, TALK_NOW, &arena), MAILPROTO_OK);
    talk_pump(t);
    memset(line, 'x', sizeof line);
    memcpy(line, "220-", 4);
    memcpy(line + 1998, "\r\n", 2);
    for (int i = 0; i < 20; i++) {
        mailproto_session_feed(t->session, line, 1000, t->now, &taken);
        mailproto_session_feed(t->session, line + 1000, 1000, t->now, &taken);
    }
    feed_text(t, "220 mx\r\n");
    memcpy(line, "250-", 4);
    for (int i = 0; i < 100; i++)
        mailproto_session_feed(t->session, i ? "250-X y\r\n" : "250-mx!\r\n", 9, t->now, &taken);
    feed_text(t, "250 CHUNKING\r\n");
    assert_non_null(strstr(t->log, "READY 80 mx! +X=y +X=y"));
    idle = mailproto_arena_used(&arena);
    assert_true(idle <= 2048 + 256);
    send_one(t);
    t->mode = TALK_LATER;
    memset(piece, '\n', sizeof piece);
    for (int i = 0; i < 60; i++) {
        mailproto_session_output(t->session, &data, &len);
        if (len) {
            assert_true(len <= sizeof wire);
            memcpy(wire, data, len);
            mailproto_session_output_ack(t->session, len);
        } else if (t->waiting) {
            assert_int_equal(mailproto_session_piece(t->session, t->waiting, piece, sizeof piece), MAILPROTO_OK);
            t->waiting = 0;
        } else if (mailproto_session_deadline(t->session) <= t->now) {
            mailproto_session_tick(t->session, t->now);
        } else {
            memcpy(line, "250-", 4);
            mailproto_session_feed(t->session, line, 1999, t->now, &taken);
            mailproto_session_feed(t->session, line + 1999, 1, t->now, &taken);
            mailproto_session_feed(t->session, "250 ok\r\n", 8, t->now, &taken);
        }
        assert_int_equal(mailproto_session_error(t->session, NULL, NULL, NULL), MAILPROTO_OK);
    }
    assert_true(t->waiting_offset >= 4 * sizeof piece);
    assert_true(mailproto_arena_peak(&arena) <= max + 512);
    close_talk(t);
}

/* ---- counts ---- */

static void few(mailproto_smtp_client_config *config)
{
    config->max_commands = 2;
    config->max_recipients = 2;
}

static void counts(void **state)
{
    static const struct scene scene = {.name = "counts", .configure = few, .script = ""};
    struct talk *t = malloc(sizeof *t);
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;
    uint64_t message, noop, more;

    (void)state;
    assert_non_null(t);
    assert_int_equal(talk_open(t, &scene, TALK_NOW, NULL), MAILPROTO_OK);
    talk_envelope(&envelope);
    mailproto_smtp_recipient_init(&recipient, sizeof recipient);
    recipient.path = (mailproto_text){"b@y", 3};
    assert_int_equal(mailproto_smtp_client_send(t->client, &envelope, &message), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_client_noop(t->client, &noop), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_client_noop(t->client, &more), MAILPROTO_ERR_LIMIT);
    assert_int_equal(mailproto_smtp_client_send(t->client, &envelope, &more), MAILPROTO_ERR_LIMIT);
    assert_int_equal(mailproto_smtp_client_send_to(t->client, message, &recipient), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_client_send_to(t->client, message, &recipient), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_client_send_to(t->client, message, &recipient), MAILPROTO_ERR_LIMIT);
    mailproto_session_cancel(t->session, noop);
    talk_pump(t);
    assert_int_equal(mailproto_smtp_client_noop(t->client, &more), MAILPROTO_OK);
    close_talk(t);
}

/* ---- configs ---- */

static int32_t make(mailproto_smtp_client_config *config)
{
    mailproto_smtp_client *client = NULL;
    const char *why = NULL;
    int32_t result = mailproto_smtp_client_new(&client, config, NULL, NULL, NULL, &why);

    assert_int_equal(mailproto_smtp_client_memory_max(config) != 0, result == MAILPROTO_OK);
    if (result)
        assert_true(why && strlen(why) > 0);
    mailproto_session_free(mailproto_smtp_client_session(client));
    return result;
}

static void configs(void **state)
{
    static const struct scene scene = {.name = "configs"};
    mailproto_smtp_client_config config;
    mailproto_smtp_client *client;
    const char *why;
    const char *const bad_names[] = {"", "a b", "a\r\nb", "-a", "[192.0.2.1", "a@b", "a..b"};
    const char *const good_names[] = {"a", "mx.example", "[192.0.2.1]", "[IPv6:::1]", "my_host"};

    (void)state;
    talk_config(&config, &scene);
    assert_int_equal(make(&config), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_client_new(NULL, &config, NULL, NULL, NULL, &why), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_client_new(&client, NULL, NULL, NULL, NULL, &why), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_client_memory_max(NULL), 0);
    for (size_t i = 0; i < sizeof good_names / sizeof good_names[0]; i++) {
        config.hostname = (mailproto_text){good_names[i], strlen(good_names[i])};
        assert_int_equal(make(&config), MAILPROTO_OK);
    }
    for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
        config.hostname = (mailproto_text){bad_names[i], strlen(bad_names[i])};
        assert_int_equal(make(&config), MAILPROTO_ERR_CONFIG);
    }
    talk_config(&config, &scene);
    config.flags = 64;
    assert_int_equal(make(&config), MAILPROTO_ERR_CONFIG);
    talk_config(&config, &scene);
    config.tls = 4;
    assert_int_equal(make(&config), MAILPROTO_ERR_CONFIG);
    talk_config(&config, &scene);
    config.mechanisms = 4;
    assert_int_equal(make(&config), MAILPROTO_ERR_CONFIG);
    talk_config(&config, &scene);
    config.flags = MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED;
    assert_int_equal(make(&config), MAILPROTO_ERR_CONFIG);
    talk_config(&config, &scene);
    config.max_reply = 63;
    assert_int_equal(make(&config), MAILPROTO_ERR_CONFIG);
    talk_config(&config, &scene);
    config.max_reply_line = 10;
    assert_int_equal(make(&config), MAILPROTO_ERR_CONFIG);
    talk_config(&config, &scene);
    config.piece = MAILPROTO_UNLIMITED;
    assert_int_equal(make(&config), MAILPROTO_ERR_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endless_line),  cmocka_unit_test(line_limits),
        cmocka_unit_test(endless_reply), cmocka_unit_test(long_reply),
        cmocka_unit_test(bare_lf),       cmocka_unit_test(phases),
        cmocka_unit_test(slow_host),     cmocka_unit_test(stalled),
        cmocka_unit_test(counts),        cmocka_unit_test(ten_thousand_recipients),
        cmocka_unit_test(memory_max),    cmocka_unit_test(configs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
