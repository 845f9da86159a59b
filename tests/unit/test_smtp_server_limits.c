/* What the server engine holds itself and its host and peer to: configs, arguments, sizes, counts, time.
   RFC 5321 section 4.5.3; RFC 4954 section 4; mailproto/smtp_server.h. */
#include "test_smtp_server_scripts.h"

static const struct script plain = {.name = "plain", .no_eof = 1, .pieces = {SAID(HI)}};

/* ---- configs ---- */

static const char *wrong(const mailproto_smtp_server_config *c, const mailproto_smtp_server_callbacks *callbacks)
{
    mailproto_smtp_server *s = NULL;
    const char *why = NULL;
    int32_t result = mailproto_smtp_server_new(&s, c, callbacks, NULL, NULL, &why);

    if (result == MAILPROTO_OK) {
        mailproto_session_free(mailproto_smtp_server_session(s));
        assert_true(mailproto_smtp_server_memory_max(c) > 0);
        return NULL;
    }
    assert_true(result == MAILPROTO_ERR_CONFIG || result == MAILPROTO_ERR_ARG);
    assert_null(s);
    assert_non_null(why);
    return why;
}

static void test_configs(void **state)
{
    static const struct {
        const char *word;
        uint32_t flags, offer, tls, max_open, max_line, max_text_line, max_recipients;
        const char *hostname;
    } cases[] = {
        {NULL, 0, 0, 0, 0, 0, 0, 0, "mx"},
        {NULL, 0, 0, MAILPROTO_TLS_MAY, 256, 512, 998, 100, "[192.0.2.1]"},
        {"hostname", 0, 0, 0, 0, 0, 0, 0, ""},
        {"hostname", 0, 0, 0, 0, 0, 0, 0, "a\r\nb"},
        {"hostname", 0, 0, 0, 0, 0, 0, 0, "a b"},
        {"flags", 1 << 20, 0, 0, 0, 0, 0, 0, "mx"},
        {"offer", 0, 1 << 20, 0, 0, 0, 0, 0, "mx"},
        {"tls", 0, 0, 9, 0, 0, 0, 0, "mx"},
        {"max_open", 0, 0, 0, 257, 0, 0, 0, "mx"},
        {"max_line", 0, 0, 0, 0, 511, 0, 0, "mx"},
        {"max_text_line", 0, 0, 0, 0, 0, 997, 0, "mx"},
        {"max_recipients", 0, 0, 0, 0, 0, 0, 99, "mx"},
        {"STARTTLS", 0, MAILPROTO_SMTP_EXT_STARTTLS, 0, 0, 0, 0, 0, "mx"},
        {"STARTTLS", 0, MAILPROTO_SMTP_EXT_SIZE, MAILPROTO_TLS_MAY, 0, 0, 0, 0, "mx"},
        {"BINARYMIME", 0, MAILPROTO_SMTP_EXT_BINARYMIME, 0, 0, 0, 0, 0, "mx"},
        {"SMTPUTF8", 0, MAILPROTO_SMTP_EXT_SMTPUTF8, 0, 0, 0, 0, 0, "mx"},
        {"REQUIRETLS", 0, MAILPROTO_SMTP_EXT_REQUIRETLS, 0, 0, 0, 0, 0, "mx"},
        {"LIMITS", 0, MAILPROTO_SMTP_EXT_LIMITS, 0, 0, 0, 0, MAILPROTO_UNLIMITED, "mx"},
        {"on_vrfy", 0, MAILPROTO_SMTP_EXT_VRFY, 0, 0, 0, 0, 0, "mx"},
        {"on_expn", 0, MAILPROTO_SMTP_EXT_EXPN, 0, 0, 0, 0, 0, "mx"},
        {"on_auth", CLEAR, MAILPROTO_SMTP_EXT_AUTH, 0, 0, 0, 0, 0, "mx"},
        {"SUBMISSION", MAILPROTO_SMTP_SERVER_SUBMISSION, 0, 0, 0, 0, 0, 0, "mx"},
    };
    mailproto_smtp_server_callbacks none;

    (void)state;
    mailproto_smtp_server_callbacks_init(&none, sizeof none);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mailproto_smtp_server_config c;
        const char *why;

        mailproto_smtp_server_config_init(&c, sizeof c);
        c.flags = cases[i].flags;
        c.offer = cases[i].offer;
        c.tls = cases[i].tls;
        c.max_open = cases[i].max_open;
        c.max_line = cases[i].max_line;
        c.max_text_line = cases[i].max_text_line;
        c.max_recipients = cases[i].max_recipients;
        c.hostname = (mailproto_text){cases[i].hostname, strlen(cases[i].hostname)};
        why = wrong(&c, &none);
        if (!why != !cases[i].word || (why && !strstr(why, cases[i].word)))
            fail_msg("case %zu: %s", i, why ? why : "nothing was wrong");
    }
}

static void test_auth_needs_safety(void **state)
{
    mailproto_smtp_server_callbacks all = all_callbacks();
    mailproto_smtp_server_config c = config_of(&plain, 1);

    (void)state;
    c.offer = MAILPROTO_SMTP_EXT_AUTH;
    assert_non_null(strstr(wrong(&c, &all), "CLEARTEXT_AUTH"));
    assert_non_null(strstr(wrong(&c, NULL), "CLEARTEXT_AUTH"));
    c.mechanisms = 4;
    assert_non_null(strstr(wrong(&c, &all), "mechanisms"));
    c.mechanisms = 0;
    c.flags = CLEAR;
    assert_null(wrong(&c, &all));
    c.peer_address = TEXT("1.2.3.4]\r\n");
    assert_non_null(strstr(wrong(&c, &all), "peer_address"));
    c.peer_address = TEXT("IPv6:2001:db8::1");
    assert_null(wrong(&c, &all));
    c.banner = TEXT("a\nb");
    assert_non_null(strstr(wrong(&c, &all), "banner"));
    assert_int_equal(mailproto_smtp_server_memory_max(&c), 0);
    assert_int_equal(mailproto_smtp_server_memory_max(NULL), 0);
    assert_non_null(wrong(NULL, NULL));
}

/* ---- answers ---- */

/* Lets the session be asked for a recipient, and gives the token. */
static uint64_t ask_recipient(struct host *h)
{
    static const struct manner late = {"later", 0, 1, 0, 0, SIZE_MAX, 0, 1};

    script_begin(h, &plain, &late, HI "MAIL FROM:<a@x>\r\n");
    host_settle(h);
    h->manner = &late;
    verb(h, mailproto_session_feed(h->s, "RCPT TO:<b@x>\r\n", 15, h->now, &h->acted));
    assert_int_equal(h->pendings, 1);
    h->pendings = 0;
    return h->pending[0].token;
}

static void test_verdicts(void **state)
{
    static struct host h;
    static char long_text[802], lines[64];
    uint64_t token = ask_recipient(&h);
    mailproto_smtp_server *s = h.server;

    (void)state;
    memset(long_text, 'x', sizeof long_text);
    memset(lines, '\n', sizeof lines);
    assert_int_equal(mailproto_smtp_server_reply(s, token, 199, "", 0, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_reply(s, token, 600, "", 0, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_reply(s, token, 560, "", 0, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_reply(s, token, 354, "", 0, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_reply(s, token, 550, "4.1.1", 5, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_reply(s, token, 550, "5.1", 3, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_reply(s, token, 550, "5.1.1\r\n", 7, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_reply(s, token, 550, "", 0, "a\r\nb", 4), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_reply(s, token, 550, "", 0, "a\0b", 3), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_reply(s, token, 550, "", 0, "a\033b", 3), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_reply(s, token, 550, "", 0, long_text, 801), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_reply(s, token, 550, "", 0, lines, 32), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_accept(s, token + 1), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_smtp_server_accept(s, 0), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_smtp_server_accept(NULL, token), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_answer(s, token, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_prepend(s, token, "X: y", 4), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_session_piece(h.s, token, "x", 1), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_smtp_server_reply(s, token, 550, "", 0, long_text, 800), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_server_reply(s, token, 550, "", 0, "", 0), MAILPROTO_ERR_TOKEN);
    host_settle(&h);
    for (size_t i = 0, line = 0; i < h.wire_len; i++, line++) { /* RFC 5321 4.5.3.1.5 */
        assert_true(line < 512);
        if (h.wire[i] == '\n')
            line = SIZE_MAX;
    }
    ends_with(&h, "x\r\n");
    host_feed(&h, TEXT("NOOP\r\n"));
    host_settle(&h);
    ends_with(&h, "\r\n250 2.0.0 OK\r\n");
    host_end(&h);
}

static void test_prepend_arguments(void **state)
{
    static struct host h;
    static char large[9000] = "X: ";
    static const struct manner late = {"later", 0, 1, 0, 0, SIZE_MAX, 0, 1};
    static const char *const malformed[] = {
        "",        "X",           ": y",    "X y: z", "X: a\r\n", "X: a\r\nY: b", "X: a\nb", "X: a\r\n\r\nb",
        "X: a\rb", "\xc3\xb6: x", "X: \x01"};
    uint64_t token;

    (void)state;
    script_begin(&h, &plain, &at_once, HI ENVELOPE);
    host_settle(&h);
    h.manner = &late;
    memset(large + 3, 'y', sizeof large - 3);
    verb(&h, mailproto_session_feed(h.s, "DATA\r\n", 6, h.now, &h.acted));
    assert_int_equal(h.pendings, 1);
    token = h.pending[0].token;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        assert_int_equal(mailproto_smtp_server_prepend(h.server, token, malformed[i], strlen(malformed[i])),
                         MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_prepend(h.server, token, "X: a\0", 5), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_prepend(h.server, token, large, 8191), MAILPROTO_ERR_LIMIT);
    assert_int_equal(mailproto_smtp_server_prepend(h.server, token, large, 8190), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_server_prepend(h.server, token, "X:", 2), MAILPROTO_ERR_LIMIT);
    host_wait(&h);
    host_feed(&h, TEXT(".\r\n"));
    host_wait(&h);
    assert_int_equal(h.body_len, 8192);
    ends_with(&h, "250 2.0.0 Message accepted\r\n");
    host_end(&h);
}

/* ---- sizes and counts ---- */

static void test_recipients(void **state)
{
    static struct host h;

    (void)state;
    for (uint32_t open = 1; open <= 16; open += 15) {
        const struct manner manner = {"recipients", 0, open > 1, 0, 0, SIZE_MAX, 0, open};
        static const char tail[] = "250 2.1.5 Recipient OK\r\n452 4.5.3 Too many recipients\r\n";

        script_begin(&h, &plain, &manner, HI "MAIL FROM:<a@x>\r\n");
        for (int i = 0; i < 1001; i++) {
            host_feed(&h, TEXT("RCPT TO:<b@x>\r\n"));
            h.wire_len = h.wire_len > 4096 ? 0 : h.wire_len;
        }
        host_wait(&h);
        ends_with(&h, tail);
        host_feed(&h, TEXT("DATA\r\n.\r\n"));
        host_wait(&h);
        ends_with(&h, "250 2.0.0 Message accepted\r\n");
        assert_non_null(strstr(h.log, "BEGIN chunking=0 recipients=1000\n"));
        host_end(&h);
    }
}

static void test_lines(void **state)
{
    static struct host h;

    (void)state;
    script_begin(&h, &plain, &at_once, HI "NOOP ");
    feed_repeated(&h, 'x', 2048 - 7);
    host_feed(&h, TEXT("\r\n"));
    host_settle(&h);
    ends_with(&h, "250 2.0.0 OK\r\n");
    host_feed(&h, TEXT("NOOP "));
    feed_repeated(&h, 'x', 2048 - 6);
    host_feed(&h, TEXT("\r\n"));
    host_settle(&h);
    ends_with(&h, "500 5.5.2 Line too long\r\n");
    host_feed(&h, TEXT(ENVELOPE "DATA\r\n"));
    feed_repeated(&h, 'x', 4096);
    host_feed(&h, TEXT("\r\n.\r\n"));
    host_settle(&h);
    ends_with(&h, "250 2.0.0 Message accepted\r\n");
    host_feed(&h, TEXT(ENVELOPE "DATA\r\n"));
    feed_repeated(&h, 'x', 4097);
    host_feed(&h, TEXT("\r\nQUIT\r\n.\r\n"));
    host_settle(&h);
    ends_with(&h, "554 5.6.0 Line too long in the message\r\n");
    host_end(&h);
}

static void test_line_that_never_ends(void **state)
{
    static struct host h;
    static const struct script script = {.name = "never", .no_eof = 1, .max_message = 10, .max_discard = 100000};

    (void)state;
    script_begin(&h, &script, &at_once, HI);
    feed_repeated(&h, 'x', 200000);
    host_settle(&h);
    assert_int_equal(h.why, MAILPROTO_ERR_LIMIT);
    assert_int_equal(h.closed, 1);
    assert_true(h.memory.peak < 8192);
    host_end(&h);
}

static void test_auth_lines(void **state)
{
    static struct host h;
    static const struct script script = {.name = "auth", .no_eof = 1, .offer = ALL_BUT_TLS, .flags = CLEAR};

    (void)state;
    script_begin(&h, &script, &at_once, HI "AUTH LOGIN\r\n");
    feed_repeated(&h, 'A', 12288);
    host_feed(&h, TEXT("\r\n"));
    host_settle(&h);
    ends_with(&h, "500 5.5.6 Authentication line too long\r\n");
    host_feed(&h, TEXT("AUTH LOGIN\r\n"));
    feed_repeated(&h, 'Z', 10924); /* 8193 octets */
    host_feed(&h, TEXT("\r\n"));
    host_settle(&h);
    ends_with(&h, "500 5.5.6 Authentication line too long\r\n");
    host_feed(&h, TEXT("AUTH LOGIN\r\n"));
    feed_repeated(&h, 'Z', 10920);
    host_feed(&h, TEXT("\r\n"));
    host_settle(&h);
    ends_with(&h, "501 5.5.2 Malformed authentication response\r\n"); /* "ee..." in pairs of octets over 127 */
    host_end(&h);
}

static void test_hops(void **state)
{
    static struct host h;

    (void)state;
    for (int fields = 100; fields <= 101; fields++) {
        script_begin(&h, &plain, &at_once, HI ENVELOPE "DATA\r\n");
        for (int i = 0; i < fields; i++)
            host_feed(&h, TEXT("reCEIVED: from x\r\n\tReceived: no\r\nReceived-SPF: no\r\n"));
        host_feed(&h, TEXT("\r\nReceived: body\r\n.\r\n"));
        host_settle(&h);
        ends_with(&h, fields == 100 ? "250 2.0.0 Message accepted\r\n" : "554 5.4.6 Too many hops\r\n");
        host_end(&h);
    }
}

/* ---- time ---- */

/* Nothing moves before the moment; then this is the last line. */
static void times_out(struct host *h, uint64_t after, const char *last)
{
    uint64_t until = h->now + after;

    h->now = until - 1;
    host_settle(h);
    assert_int_equal(h->closed, 0);
    assert_int_equal(mailproto_session_deadline(h->s), until);
    h->now = until;
    host_settle(h);
    assert_int_equal(h->closed, 1);
    assert_int_equal(h->why, MAILPROTO_ERR_TIMEOUT);
    if (last)
        ends_with(h, last);
    assert_int_equal(mailproto_session_wants(h->s), MAILPROTO_WANTS_CLOSE);
}

static void test_command_times_out(void **state)
{
    static struct host h;
    static const char last[] = "421 4.4.2 mx.example waited too long, closing connection\r\n";

    (void)state;
    script_begin(&h, &plain, &at_once, NULL);
    times_out(&h, 300000, last);
    host_end(&h);
    script_begin(&h, &plain, &at_once, HI);
    host_settle(&h);
    h.now += 299999;
    host_feed(&h, TEXT("NOO")); /* a command counts when it is complete */
    times_out(&h, 1, last);
    host_end(&h);
    script_begin(&h, &plain, &at_once, HI ENVELOPE);
    host_settle(&h);
    h.now += 200000;
    host_feed(&h, TEXT("NOOP\r\n"));
    host_settle(&h);
    times_out(&h, 300000, last);
    assert_non_null(strstr(h.log, "TRANSACTION_END delivered=0 why=-9"));
    host_end(&h);
}

static void test_body_rate(void **state)
{
    static struct host h;

    (void)state;
    script_begin(&h, &plain, &at_once, HI ENVELOPE "DATA\r\n");
    host_settle(&h);
    for (int window = 0; window < 5; window++) {
        feed_repeated(&h, 'x', 180);
        host_settle(&h);
        h.now += 180000;
        host_settle(&h);
        assert_int_equal(h.closed, 0);
    }
    feed_repeated(&h, 'x', 179);
    host_settle(&h);
    times_out(&h, 180000, "421 4.4.2 mx.example waited too long, closing connection\r\n");
    assert_non_null(strstr(h.log, "ABORTED -9\nTRANSACTION_END delivered=0 why=-9"));
    host_end(&h);
}

/* A store that is slow holds; the peer's clock stands meanwhile, whatever the time. */
static void test_held_peer_is_not_timed(void **state)
{
    static struct host h;

    (void)state;
    script_begin(&h, &plain, &at_once, HI ENVELOPE "DATA\r\nx\r\n");
    host_settle(&h);
    mailproto_session_hold(h.s);
    h.now += 10000000;
    host_settle(&h);
    assert_int_equal(h.closed, 0);
    assert_int_equal(mailproto_session_deadline(h.s), UINT64_MAX);
    mailproto_session_release(h.s);
    host_feed(&h, TEXT(".\r\n"));
    host_settle(&h);
    ends_with(&h, "250 2.0.0 Message accepted\r\n");
    host_end(&h);
}

static void test_tls_times_out(void **state)
{
    static struct host h;
    static const struct script script = {.name = "tls", .no_eof = 1, .tls = MAILPROTO_TLS_IMPLICIT};

    (void)state;
    assert_int_equal(host_begin(&h, &script, &at_once, 0), MAILPROTO_OK);
    verb(&h, mailproto_session_tick(h.s, h.now));
    assert_int_equal(mailproto_session_wants(h.s), MAILPROTO_WANTS_TLS);
    assert_int_equal(mailproto_session_deadline(h.s), h.now + 60000);
    h.now += 60000;
    verb(&h, mailproto_session_tick(h.s, h.now));
    assert_int_equal(h.why, MAILPROTO_ERR_TIMEOUT);
    assert_int_equal(h.wire_len, 0);
    host_end(&h);
}

static void test_answer_times_out(void **state)
{
    static struct host h;
    uint64_t token = ask_recipient(&h);

    (void)state;
    h.pending[h.pendings++].token = token;
    h.now += 599999;
    verb(&h, mailproto_session_tick(h.s, h.now));
    assert_int_equal(h.pendings, 1);
    h.now += 1;
    verb(&h, mailproto_session_tick(h.s, h.now));
    assert_int_equal(h.pendings, 0);
    assert_int_equal(mailproto_smtp_server_accept(h.server, token), MAILPROTO_ERR_TOKEN);
    host_settle(&h);
    ends_with(&h, "451 4.3.0 Local error in processing\r\n");
    assert_non_null(strstr(h.log, "CANCEL 104 why=-9\n"));
    host_end(&h);
}

static void test_stalled_peer(void **state)
{
    static struct host h;

    (void)state;
    script_begin(&h, &plain, &at_once, HI);
    host_settle(&h);
    verb(&h, mailproto_session_feed(h.s, "NOOP\r\n", 6, h.now, &h.acted));
    h.now += 300000;
    verb(&h, mailproto_session_tick(h.s, h.now));
    assert_int_equal(h.why, MAILPROTO_ERR_TIMEOUT);
    assert_int_equal(mailproto_session_wants(h.s), MAILPROTO_WANTS_CLOSE);
    host_end(&h);
}

/* ---- behind STARTTLS ---- */

static void test_behind_starttls(void **state)
{
    static const struct script script = {.name = "injected", .no_eof = 1, .tls = MAILPROTO_TLS_MAY};
    static struct host h;
    size_t taken;

    (void)state;
    script_begin(&h, &script, &at_once, HI);
    host_settle(&h);
    assert_int_equal(mailproto_session_feed(h.s, "STARTTLS\r\nNOOP\r\n", 16, h.now, &taken),
                     MAILPROTO_ERR_TLS_INJECTED);
    assert_int_equal(taken, 16);
    host_settle(&h);
    ends_with(&h, "\r\n220 2.0.0 Ready to start TLS\r\n"); /* the same as if they had come later */
    assert_int_equal(h.why, MAILPROTO_ERR_TLS_INJECTED);
    host_end(&h);

    script_begin(&h, &script, &at_once, HI);
    host_settle(&h);
    assert_int_equal(mailproto_session_feed(h.s, "STARTTLS\r\n", 10, h.now, &taken), MAILPROTO_OK);
    assert_int_equal(mailproto_session_wants(h.s), MAILPROTO_WANTS_WRITE);
    assert_int_equal(mailproto_session_feed(h.s, "N", 1, h.now, &taken), MAILPROTO_ERR_TLS_INJECTED);
    assert_int_equal(h.why, MAILPROTO_ERR_TLS_INJECTED);
    host_end(&h);
}

static void test_info(void **state)
{
    static const struct script script = {.name = "info", .no_eof = 1, .tls = MAILPROTO_TLS_MAY, .offer = 32767};
    static struct host h;
    mailproto_smtp_server_info info;

    (void)state;
    script_begin(&h, &script, &at_once, "HELO c.example\r\n");
    mailproto_smtp_server_info_get(h.server, &info, sizeof info);
    assert_true(begins(info.protocol, "SMTP") && info.hello.len == 9 && !info.tls);
    host_feed(&h, TEXT(HI "STARTTLS\r\n"));
    host_wait(&h);
    host_feed(&h, TEXT(HI "AUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@x> SMTPUTF8\r\n"));
    assert_int_equal(mailproto_smtp_server_info_get(h.server, &info, sizeof info), MAILPROTO_OK);
    assert_true(begins(info.protocol, "UTF8SMTPSA") && info.tls && info.authenticated);
    assert_int_equal(info.transactions, 1);
    assert_int_equal(mailproto_smtp_server_info_get(h.server, NULL, sizeof info), MAILPROTO_ERR_ARG);
    host_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_configs),
        cmocka_unit_test(test_auth_needs_safety),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_prepend_arguments),
        cmocka_unit_test(test_recipients),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_line_that_never_ends),
        cmocka_unit_test(test_auth_lines),
        cmocka_unit_test(test_hops),
        cmocka_unit_test(test_command_times_out),
        cmocka_unit_test(test_body_rate),
        cmocka_unit_test(test_held_peer_is_not_timed),
        cmocka_unit_test(test_tls_times_out),
        cmocka_unit_test(test_answer_times_out),
        cmocka_unit_test(test_stalled_peer),
        cmocka_unit_test(test_behind_starttls),
        cmocka_unit_test(test_info),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
