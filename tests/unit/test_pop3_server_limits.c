/* The POP3 server's promises about size, time and ends: memory, clocks, bodies that fail, every dot pattern, free and
   finish in every callback, what the host may answer.
   RFC 1939; contract.md sections 2 and 3; mailproto/pop3_server.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/pop3_maildrop.h"

#define LOGIN     "USER alice\r\nPASS secret\r\n"
#define LOGGED_IN "+OK POP3 server ready\r\n+OK now the password\r\n+OK maildrop locked and ready\r\n"

static void start(struct test_maildrop *m, uint32_t mode, const mailproto_allocator *allocator)
{
    mailproto_pop3_server_config config;

    test_server_config(&config);
    assert_int_equal(test_maildrop_start(m, &config, mode, 5, allocator), MAILPROTO_OK);
}

static void say(struct test_maildrop *m, const char *text)
{
    test_host_send(&m->host, text, strlen(text), strlen(text));
    test_host_rest(&m->host);
}

/* What the server said since the last look. */
static void said(struct test_maildrop *m, const char *text)
{
    size_t n = strlen(text);

    if (m->host.out.len != n || (n && memcmp(m->host.out.ptr, text, n))) {
        print_error("%.*s\ninstead of\n%s\n", (int)m->host.out.len, (const char *)m->host.out.ptr, text);
        fail();
    }
    test_bytes_take(&m->host.out, n);
}

static void log_in(struct test_maildrop *m)
{
    say(m, LOGIN);
    said(m, LOGGED_IN);
}

/* For requests that the test answers by hand. */
static struct test_pending kept;

static void keep(struct test_host *h, const struct test_pending *request)
{
    (void)h;
    kept = *request;
}

/* Sends text and settles; the last request stays open. */
static void ask(struct test_maildrop *m, const char *text)
{
    m->host.answer = keep;
    kept.token = 0;
    test_bytes_text(&m->host.in, text);
    test_host_settle(&m->host);
}

/* Answers it as a maildrop does, and keeps the next one. */
static void answer(struct test_maildrop *m)
{
    struct test_pending request = kept;

    test_maildrop_answer(&m->host, &request);
    test_host_settle(&m->host);
}

/* ---- memory ---- */

static size_t list_everything(uint32_t count, uint32_t mode)
{
    struct test_maildrop m = {.count = count};
    struct test_allocator memory;
    mailproto_pop3_server_config config;
    size_t peak, at;
    char line[64];

    test_allocator_init(&memory);
    start(&m, mode, &memory.api);
    log_in(&m);
    say(&m, "LIST\r\nUIDL\r\n");
    at = strlen("+OK the list follows\r\n");
    for (uint32_t i = 1; i <= count; i++, at += strlen(line)) {
        sprintf(line, "%u 1000\r\n", (unsigned)i);
        assert_memory_equal(m.host.out.ptr + at, line, strlen(line));
    }
    at += strlen(".\r\n+OK the list follows\r\n");
    for (uint32_t i = 1; i <= count; i++, at += strlen(line)) {
        sprintf(line, "%u uid%08u\r\n", (unsigned)i, (unsigned)i);
        assert_memory_equal(m.host.out.ptr + at, line, strlen(line));
    }
    assert_int_equal(m.host.out.len, at + 3);
    assert_memory_equal(m.host.out.ptr + at, ".\r\n", 3);
    assert_int_equal(m.lists, 2 * ((count + 63) / 64));
    assert_int_equal(m.most_want, 64);
    test_server_config(&config);
    assert_true(memory.peak <= mailproto_pop3_server_memory_max(&config));
    peak = memory.peak;
    test_host_free(&m.host);
    return peak;
}

static void test_memory_does_not_grow_with_the_maildrop(void **state)
{
    (void)state;
    for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++)
        assert_true(list_everything(100000, mode) <= 24576);
}

static void test_idle_session_is_small(void **state)
{
    struct test_maildrop m = {.count = 100000};
    struct test_allocator memory;

    (void)state;
    test_allocator_init(&memory);
    start(&m, TEST_AT_ONCE, &memory.api);
    log_in(&m);
    say(&m, "UIDL\r\nRETR 7\r\nSTAT\r\n");
    print_message("an idle session of %zu octets in %zu pieces\n", memory.used, memory.live);
    assert_int_equal(memory.live, 1);
    assert_true(memory.used <= 1536);
    say(&m, "DELE 7\r\n");
    assert_int_equal(memory.live, 2);
    say(&m, "RSET\r\n");
    assert_int_equal(memory.live, 1);
    test_host_free(&m.host);
}

static void test_a_large_message_needs_no_more(void **state)
{
    static char text[300000];
    struct test_message message = {text, "u", sizeof text};
    struct test_maildrop m = {.messages = &message, .count = 1};
    mailproto_pop3_server_config config;
    struct test_allocator memory;

    (void)state;
    for (size_t i = 0; i < sizeof text; i += 3)
        memcpy(text + i, ".\r\n", 3); /* every third octet is stuffed */
    test_allocator_init(&memory);
    start(&m, TEST_LATER, &memory.api);
    log_in(&m);
    say(&m, "RETR 1\r\n");
    assert_int_equal(m.host.out.len, strlen("+OK 300000 octets\r\n") + 400000 + 3);
    test_server_config(&config);
    assert_true(memory.peak <= mailproto_pop3_server_memory_max(&config));
    assert_true(memory.peak < 65536);
    test_host_free(&m.host);
}

/* memory_max is enough: a session lives in an arena of that size, whatever it is asked. */
static void test_memory_max_in_an_arena(void **state)
{
    static char text[100000], long_line[12000];
    struct test_message message = {text, "u", sizeof text};
    mailproto_pop3_server_config config;
    mailproto_allocator arena;
    size_t size;
    void *memory;

    (void)state;
    memset(text, '.', sizeof text);
    memset(long_line, 'A', sizeof long_line);
    test_server_config(&config);
    size = mailproto_pop3_server_memory_max(&config);
    memory = malloc(size + 32); /* the arena's own head */
    for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++) {
        for (uint64_t seed = 1; seed < 20; seed++) {
            struct test_maildrop m = {.messages = &message, .count = 1};

            assert_int_equal(mailproto_arena_init(&arena, memory, size + 32), MAILPROTO_OK);
            assert_int_equal(test_maildrop_start(&m, &config, mode, seed, &arena), MAILPROTO_OK);
            say(&m, "USER alice\r\nAUTH PLAIN\r\n");
            test_host_send(&m.host, long_line, sizeof long_line, 0);
            say(&m, "\r\nUSER alice\r\nAUTH LOGIN\r\n");
            test_host_send(&m.host, long_line, sizeof long_line, 700);
            say(&m, "\r\n*\r\n" LOGIN);
            m.messages = NULL;
            m.count = 1;
            say(&m, "CAPA\r\nUIDL\r\nLIST\r\nUIDL 1\r\n");
            m.messages = &message;
            say(&m, "RETR 1\r\nTOP 1 5\r\nDELE 1\r\nQUIT\r\n");
            assert_int_equal(m.host.why, MAILPROTO_OK);
            assert_int_equal(m.updated, 1);
            assert_true(mailproto_arena_peak(&arena) <= size);
            test_host_free(&m.host);
            assert_int_equal(mailproto_arena_used(&arena), 0);
        }
    }
    free(memory);
}

static int in_memory(const char *memory, size_t n, const char *text)
{
    for (size_t at = 0; at + strlen(text) <= n; at++)
        if (!memcmp(memory + at, text, strlen(text)))
            return 1;
    return 0;
}

/* Once the host has made up its mind about a login, no password is left in memory, freed or not; and of the lines that it came in
   nothing even before. */
static void test_secrets_are_wiped(void **state)
{
    static const char *const logins[] = {"USER alice\r\nPASS secret\r\n", "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n",
                                         "AUTH LOGIN\r\nYWxpY2U=\r\nc2VjcmV0\r\n"};
    static const char *const secrets[] = {"secret", "AHNlY3Jld", "c2VjcmV0"};
    static char memory[65536];
    mailproto_allocator arena;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct test_maildrop m = {.count = 1};

        memset(memory, 0, sizeof memory);
        assert_int_equal(mailproto_arena_init(&arena, memory, sizeof memory), MAILPROTO_OK);
        start(&m, TEST_AT_ONCE, &arena);
        test_host_settle(&m.host);
        m.host.answer = keep;
        test_host_send(&m.host, logins[i], strlen(logins[i]), 1);
        assert_int_equal(kept.type, MAILPROTO_POP3_SERVER_AUTH);
        for (size_t k = 1; k < 3; k++)
            assert_false(in_memory(memory, sizeof memory, secrets[k]));
        assert_int_equal(mailproto_pop3_server_accept(m.server, kept.token), MAILPROTO_OK);
        test_host_rest(&m.host);
        assert_int_equal(kept.type, MAILPROTO_POP3_SERVER_OPEN);
        for (size_t k = 0; k < 3; k++)
            assert_false(in_memory(memory, sizeof memory, secrets[k]));
        test_host_free(&m.host);
    }
}

/* ---- logins beyond passwords ---- */

/* Mechanisms that need no cryptography: the host's own, and tokens. */
static void start_with_sasl(struct test_maildrop *m, mailproto_pop3_server_config *config,
                            mailproto_sasl_server_config *sasl, uint32_t mode, const mailproto_allocator *allocator)
{
    static const char secret[200] = "s";

    test_server_config(config);
    mailproto_sasl_server_config_init(sasl, sizeof *sasl);
    sasl->other = (mailproto_text){"X-RIDDLE", 8};
    sasl->secret = (mailproto_text){secret, sizeof secret};
    sasl->oauth_configuration = (mailproto_text){"https://issuer.example/", 23};
    config->sasl = sasl;
    config->mechanisms = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_XOAUTH2;
    assert_int_equal(test_maildrop_start(m, config, mode, 5, allocator), MAILPROTO_OK);
}

/* What only logins need goes with the login. */
static void test_logins_are_given_back(void **state)
{
    mailproto_pop3_server_config config;
    mailproto_sasl_server_config sasl;
    struct test_allocator memory;
    size_t used[2];

    (void)state;
    for (int with = 0; with < 2; with++) {
        struct test_maildrop m = {.count = 1};

        test_allocator_init(&memory);
        if (with)
            start_with_sasl(&m, &config, &sasl, TEST_AT_ONCE, &memory.api);
        else
            start(&m, TEST_AT_ONCE, &memory.api);
        log_in(&m);
        used[with] = memory.used;
        test_host_free(&m.host);
        assert_int_equal(memory.live, 0);
    }
    assert_int_equal(used[0], used[1]);
}

/* The longest token, refused, and the longest messages of the host's own mechanism stay within memory_max. */
static void test_memory_max_of_logins(void **state)
{
    static char token[10924 + 3], line[] = "AUTH X-RIDDLE\r\n";
    mailproto_pop3_server_config config;
    mailproto_sasl_server_config sasl;
    mailproto_allocator arena;
    char *memory;
    size_t size;

    (void)state;
    memset(token, 'A', 10924);
    memcpy(token + 10924, "\r\n", 3);
    memcpy(token, "dXNlcj1hbGljZQFhdXRoPUJlYXJlciB4", 32);
    memcpy(token + 10924 - 4, "AQE=", 4);
    for (uint32_t mode = 0; mode < 3; mode++) {
        struct test_maildrop m = {.count = 1};

        start_with_sasl(&m, &config, &sasl, mode, NULL);
        test_host_free(&m.host);
        config.mechanisms |= MAILPROTO_SASL_OTHER;
        config.piece = 64; /* so that it is logins which take the most */
        config.list_page = 1;
        size = mailproto_pop3_server_memory_max(&config);
        assert_true(size);
        memory = malloc(2 * size);
        assert_int_equal(mailproto_arena_init(&arena, memory, 2 * size), MAILPROTO_OK);
        m = (struct test_maildrop){.count = 1};
        assert_int_equal(test_maildrop_start(&m, &config, mode, 5, &arena), MAILPROTO_OK);
        say(&m, "USER alice\r\nAUTH XOAUTH2\r\n");
        test_host_send(&m.host, token, strlen(token), 1);
        test_host_rest(&m.host);
        say(&m, "\r\n");
        say(&m, line);
        say(&m, LOGIN);
        assert_int_equal(m.opens, 1);
        assert_true(mailproto_arena_peak(&arena) <= size);
        assert_true(mailproto_arena_peak(&arena) >= size / 5);
        test_host_free(&m.host);
        assert_int_equal(mailproto_arena_used(&arena), 0);
        free(memory);
    }
}

/* ---- bodies ---- */

/* The octets of a multi-line response with its dots taken out again, or -1 if they are none. */
static long unstuffed(const char *p, size_t n, char *out)
{
    size_t made = 0;

    for (size_t i = 0; i < n; i++) {
        int at_line = i == 0 || (i >= 2 && p[i - 1] == '\n' && p[i - 2] == '\r');

        if (at_line && p[i] == '.') {
            if (n - i == 3 && !memcmp(p + i, ".\r\n", 3))
                return (long)made;
            if (n - i >= 3 && !memcmp(p + i, ".\r\n", 3))
                return -1;
            i++;
        }
        out[made++] = p[i];
    }
    return -1;
}

enum { SYMBOLS = 4, LENGTH = 6, PATTERNS = 4096 };

static void make_pattern(char *text, unsigned pattern)
{
    static const char *const symbols[SYMBOLS] = {".", "\r\n", "a", "\r"};

    text[0] = '\0';
    for (int i = 0; i < LENGTH; i++, pattern /= SYMBOLS)
        strcat(text, symbols[pattern % SYMBOLS]);
}

static void test_every_dot_pattern(void **state)
{
    static struct test_message messages[PATTERNS];
    static char texts[PATTERNS][2 * LENGTH + 1];
    char command[32], octets[64], back[64];

    (void)state;
    for (unsigned i = 0; i < PATTERNS; i++) {
        make_pattern(texts[i], i);
        messages[i] = (struct test_message){texts[i], "u", 0};
    }
    for (size_t piece = 1; piece <= 5; piece++) {
        struct test_maildrop m = {.messages = messages, .count = PATTERNS, .piece = piece};

        start(&m, TEST_AT_ONCE, NULL);
        log_in(&m);
        for (unsigned i = 0; i < PATTERNS; i++) {
            size_t n = strlen(texts[i]), first;
            int whole = n >= 2 && !strcmp(texts[i] + n - 2, "\r\n");

            sprintf(command, "RETR %u\r\n", i + 1);
            first = (size_t)sprintf(octets, "+OK %zu octets\r\n", n);
            say(&m, command);
            assert_memory_equal(m.host.out.ptr, octets, first);
            assert_int_equal(unstuffed((char *)m.host.out.ptr + first, m.host.out.len - first, back),
                             n + (whole ? 0 : 2));
            assert_memory_equal(back, texts[i], n);
            test_bytes_take(&m.host.out, m.host.out.len);
        }
        test_host_free(&m.host);
    }
}

static void test_bodies_fail_at_every_piece(void **state)
{
    static const struct test_message message = {"A: b\r\n\r\nsome text\r\n.\r\nmore\r\n", "u", 0};

    (void)state;
    for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++) {
        for (uint32_t n = 0; n < strlen(message.text); n++) {
            struct test_maildrop m = {.messages = &message,
                                      .count = 1,
                                      .piece = 1,
                                      .fail_type = MAILPROTO_POP3_SERVER_PIECE,
                                      .fail_after = n};

            start(&m, mode, NULL);
            log_in(&m);
            say(&m, n % 2 ? "RETR 1\r\nQUIT\r\n" : "TOP 1 9\r\nQUIT\r\n");
            assert_int_equal(m.host.why, MAILPROTO_ERR_BODY);
            assert_int_equal(m.retrieve_ends, 1);
            assert_int_equal(m.ends, 1);
            assert_int_equal(m.updated, 0);
            assert_true(mailproto_session_wants(m.host.session) & MAILPROTO_WANTS_CLOSE);
            if (m.host.out.len >= 5)
                assert_memory_not_equal(m.host.out.ptr + m.host.out.len - 5, "\r\n.\r\n", 5);
            test_host_free(&m.host);
        }
    }
}

/* The size that was announced is held to: more is refused, and a message never ends with less. */
static void test_announced_size(void **state)
{
    static const struct test_message message = {"0123456789", "u", 0};
    struct test_maildrop m = {.messages = &message, .count = 1};
    const struct test_pending *request = &kept;

    (void)state;
    for (int way = 0; way < 3; way++) {
        memset(&m.host, 0, sizeof m.host);
        start(&m, TEST_AT_ONCE, NULL);
        log_in(&m);
        ask(&m, "RETR 1\r\n");
        answer(&m); /* retrieving */
        assert_int_equal(kept.type, MAILPROTO_POP3_SERVER_PIECE);
        assert_int_equal(mailproto_session_piece(m.host.session, request->token, "x", 0), MAILPROTO_ERR_ARG);
        if (way == 0)
            assert_int_equal(mailproto_session_piece(m.host.session, request->token, "0123456789a", 11),
                             MAILPROTO_ERR_BODY);
        else if (way == 1)
            assert_int_equal(mailproto_session_piece_end(m.host.session, request->token), MAILPROTO_ERR_BODY);
        else
            assert_int_equal(mailproto_session_use_default(m.host.session, request->token), MAILPROTO_OK);
        assert_int_equal(mailproto_session_piece(m.host.session, request->token, "x", 1), MAILPROTO_ERR_TOKEN);
        test_host_settle(&m.host);
        assert_int_equal(m.host.why, MAILPROTO_ERR_BODY);
        said(&m, "+OK 10 octets\r\n");
        test_host_free(&m.host);
    }
}

static void test_top_reads_no_further(void **state)
{
    static char text[200000];
    struct test_message message = {text, "u", sizeof text};
    struct test_maildrop m = {.messages = &message, .count = 1};

    (void)state;
    for (size_t i = 0; i < sizeof text; i += 4)
        memcpy(text + i, i ? "ab\r\n" : "\r\n\r\n", 4);
    start(&m, TEST_LATER, NULL);
    log_in(&m);
    say(&m, "TOP 1 2\r\n");
    said(&m, "+OK the top follows\r\n\r\n\r\nab\r\n.\r\n");
    assert_int_equal(m.pieces, 1);
    assert_int_equal(m.retrieve_ends, 1);
    assert_int_equal(m.retrieve_why, MAILPROTO_OK);
    test_host_free(&m.host);
}

/* ---- time ---- */

static void test_autologout(void **state)
{
    struct test_maildrop m = {.count = 3};

    (void)state;
    start(&m, TEST_AT_ONCE, NULL);
    log_in(&m);
    say(&m, "DELE 1\r\nDE");
    test_bytes_take(&m.host.out, m.host.out.len);
    while (!m.host.closed && test_host_wait(&m.host, 10000000)) {
    }
    assert_int_equal(m.host.now, 1000 + 600000); /* octets of a command do not count, only whole ones */
    assert_int_equal(m.host.why, MAILPROTO_ERR_TIMEOUT);
    assert_int_equal(m.ends, 1);
    assert_int_equal(m.updated, 0);
    said(&m, "");
    test_host_free(&m.host);
}

static void test_late_answers(void **state)
{
    struct test_maildrop m = {.count = 3};

    (void)state;
    start(&m, TEST_AT_ONCE, NULL);
    log_in(&m);
    ask(&m, "LIST\r\nSTAT\r\n");
    assert_int_equal(kept.type, MAILPROTO_POP3_SERVER_LIST);
    while (!m.host.cancels && test_host_wait(&m.host, 10000000)) {
    }
    assert_int_equal(m.host.now, 1000 + 600000);
    assert_int_equal(mailproto_pop3_server_given(m.server, kept.token), MAILPROTO_ERR_TOKEN);
    assert_int_equal(m.host.closed, 0);
    said(&m, "-ERR [SYS/TEMP] the list is not available\r\n+OK 3 3000\r\n");
    test_host_free(&m.host);
}

/* A peer that reads nothing of a message stops it; the host is not asked for more than fits below the mark. */
static void test_stall(void **state)
{
    struct test_maildrop m = {.count = 100000};
    size_t taken;

    (void)state;
    start(&m, TEST_AT_ONCE, NULL);
    log_in(&m);
    assert_int_equal(mailproto_session_feed(m.host.session, "UIDL\r\n", 6, 1000, &taken), MAILPROTO_OK);
    assert_true(m.lists <= 8);
    assert_int_equal(mailproto_session_wants(m.host.session) & MAILPROTO_WANTS_READ, 0);
    assert_int_equal(mailproto_session_deadline(m.host.session), 601000);
    assert_int_equal(mailproto_session_tick(m.host.session, 601000), MAILPROTO_ERR_TIMEOUT);
    assert_int_equal(m.ends, 1);
    test_host_free(&m.host);
}

/* ---- what the host may answer ---- */

static void test_answers_are_checked(void **state)
{
    struct test_maildrop m = {.count = 3};
    mailproto_pop3_verdict verdict;
    uint64_t token;

    (void)state;
    start(&m, TEST_AT_ONCE, NULL);
    ask(&m, "");
    token = kept.token;
    assert_int_equal(mailproto_pop3_server_err(m.server, token, 0, "a\r\nb", 4), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_server_err(m.server, token, 0, "[X] b", 5), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_server_err(m.server, token, MAILPROTO_POP3_RESP_OTHER, "b", 1), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_server_err(m.server, token, 99, "b", 1), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_server_err(m.server, token, 0, NULL, 1), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_server_opened(m.server, token, 1, 1), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_pop3_server_given(m.server, token), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_pop3_server_retrieving(m.server, token, 1), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_pop3_server_committed(m.server, token, 1), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_session_piece(m.host.session, token, "x", 1), MAILPROTO_ERR_TOKEN);
    mailproto_pop3_verdict_init(&verdict, sizeof verdict);
    verdict.status = 7;
    assert_int_equal(mailproto_pop3_server_answer(m.server, token, &verdict), MAILPROTO_ERR_ARG);
    verdict.status = MAILPROTO_POP3_OK;
    verdict.text = (mailproto_text){"here", 4};
    verdict.delay_ms = 2000;
    assert_int_equal(mailproto_pop3_server_answer(m.server, token, &verdict), MAILPROTO_OK);
    assert_int_equal(mailproto_pop3_server_answer(m.server, token, &verdict), MAILPROTO_ERR_TOKEN);
    test_host_settle(&m.host);
    said(&m, "");
    test_host_wait(&m.host, 10000);
    assert_int_equal(m.host.now, 3000);
    said(&m, "+OK here\r\n");
    ask(&m, "USER a\r\nPASS b\r\n");
    verdict.status = MAILPROTO_POP3_ERR;
    verdict.resp_code = MAILPROTO_POP3_RESP_LOGIN_DELAY;
    verdict.close = 1;
    verdict.delay_ms = 0;
    assert_int_equal(mailproto_pop3_server_answer(m.server, kept.token, &verdict), MAILPROTO_OK);
    test_host_settle(&m.host);
    said(&m, "+OK now the password\r\n-ERR [LOGIN-DELAY] here\r\n");
    assert_int_equal(m.host.closed, 1);
    test_host_free(&m.host);
}

/* keys, derived and step: whose token, which request, what is in them. */
static void test_login_answers_are_checked(void **state)
{
    mailproto_pop3_server_config config;
    mailproto_sasl_server_config sasl;
    mailproto_sasl_keys keys;
    mailproto_sasl_stepped stepped;
    struct test_maildrop m = {.count = 1};

    (void)state;
    mailproto_sasl_keys_init(&keys, sizeof keys);
    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    start_with_sasl(&m, &config, &sasl, TEST_AT_ONCE, NULL);
    assert_int_equal(mailproto_pop3_server_keys(NULL, 1, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_server_derived(NULL, 1, NULL, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_server_step(NULL, 1, &stepped), MAILPROTO_ERR_ARG);
    ask(&m, "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n");
    assert_int_equal(kept.type, MAILPROTO_POP3_SERVER_CONNECT);
    assert_int_equal(mailproto_pop3_server_keys(m.server, kept.token, NULL), MAILPROTO_ERR_TOKEN);
    answer(&m);
    assert_int_equal(kept.type, MAILPROTO_POP3_SERVER_AUTH);
    assert_int_equal(mailproto_pop3_server_derived(m.server, kept.token, NULL, 0), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_pop3_server_step(m.server, kept.token, &stepped), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_pop3_server_keys(m.server, kept.token + 1, NULL), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_pop3_server_keys(m.server, kept.token, &keys), MAILPROTO_ERR_ARG); /* nothing in it */
    keys.password = (mailproto_text){"\xff", 1};
    assert_int_equal(mailproto_pop3_server_keys(m.server, kept.token, &keys), MAILPROTO_ERR_ARG);
    keys.password = (mailproto_text){"se\0ret", 6};
    assert_int_equal(mailproto_pop3_server_keys(m.server, kept.token, &keys), MAILPROTO_ERR_ARG);
    keys.password = (mailproto_text){"secret", 6};
    keys.struct_size = 0;
    assert_int_equal(mailproto_pop3_server_keys(m.server, kept.token, &keys), MAILPROTO_ERR_ARG);
    keys.struct_size = sizeof keys;
    assert_int_equal(mailproto_pop3_server_keys(m.server, kept.token, &keys), MAILPROTO_OK);
    assert_int_equal(mailproto_pop3_server_keys(m.server, kept.token, &keys), MAILPROTO_ERR_TOKEN);
    test_host_settle(&m.host);
    assert_int_equal(kept.type, MAILPROTO_POP3_SERVER_AUTH);
    assert_int_equal(mailproto_pop3_server_keys(m.server, kept.token, &keys), MAILPROTO_ERR_ARG); /* was compared */
    assert_int_equal(mailproto_pop3_server_accept(m.server, kept.token), MAILPROTO_OK);
    test_host_settle(&m.host);
    assert_int_equal(kept.type, MAILPROTO_POP3_SERVER_OPEN);
    test_host_free(&m.host);
}

static void test_giving_is_checked(void **state)
{
    struct test_maildrop m = {.count = 100};
    char uid[71];
    uint64_t token;

    (void)state;
    memset(uid, 'u', sizeof uid);
    start(&m, TEST_AT_ONCE, NULL);
    log_in(&m);
    ask(&m, "UIDL\r\n");
    token = kept.token;
    assert_int_equal(mailproto_pop3_server_give(m.server, token, 1, 0, uid, 71), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_server_give(m.server, token, 1, 0, "a b", 3), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_server_give(m.server, token, 1, 0, "a\x7f", 2), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_server_give(m.server, token, 1, 0, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_server_give(m.server, token, 101, 0, "a", 1), MAILPROTO_ERR_ARG);
    for (uint32_t i = 1; i <= 64; i++) {
        assert_int_equal(mailproto_pop3_server_give(m.server, token, i, 0, uid, 70), MAILPROTO_OK);
        assert_int_equal(mailproto_pop3_server_give(m.server, token, i, 0, uid, 70), MAILPROTO_ERR_ARG);
    }
    assert_int_equal(mailproto_pop3_server_give(m.server, token, 65, 0, uid, 70), MAILPROTO_ERR_LIMIT);
    assert_int_equal(mailproto_pop3_server_given(m.server, token), MAILPROTO_OK);
    assert_int_equal(mailproto_pop3_server_given(m.server, token), MAILPROTO_ERR_TOKEN);
    test_host_free(&m.host);
}

static void test_policy_and_info(void **state)
{
    struct test_maildrop m = {.count = 2};
    mailproto_pop3_server_config config;
    mailproto_pop3_server_info info;

    (void)state;
    test_server_config(&config);
    config.offer = MAILPROTO_POP3_CAPA_USER | MAILPROTO_POP3_CAPA_EXPIRE | MAILPROTO_POP3_CAPA_LOGIN_DELAY;
    config.expire = 5;
    config.login_delay = 60;
    assert_int_equal(test_maildrop_start(&m, &config, TEST_AT_ONCE, 5, NULL), MAILPROTO_OK);
    ask(&m, LOGIN);
    answer(&m); /* CONNECT */
    answer(&m); /* AUTH */
    assert_int_equal(mailproto_pop3_server_policy(m.server, kept.token, 0, 7), MAILPROTO_OK);
    answer(&m);
    m.host.answer = test_maildrop_answer;
    said(&m, LOGGED_IN);
    say(&m, "CAPA\r\nDELE 1\r\n");
    said(&m, "+OK capabilities follow\r\nUSER\r\nLOGIN-DELAY 7\r\nEXPIRE 0\r\n.\r\n+OK message deleted\r\n");
    assert_int_equal(mailproto_pop3_server_info_get(m.server, &info, sizeof info), MAILPROTO_OK);
    assert_int_equal(info.opened, 1);
    assert_int_equal(info.count, 2);
    assert_int_equal(info.deleted, 1);
    assert_int_equal(mailproto_pop3_server_info_get(m.server, NULL, sizeof info), MAILPROTO_ERR_ARG);
    test_host_free(&m.host);
}

static void test_commit_ranges(void **state)
{
    struct test_maildrop m = {.count = 200};
    char command[32];

    (void)state;
    start(&m, TEST_LATER, NULL);
    log_in(&m);
    for (uint32_t i = 1; i <= 200; i++) {
        if (i % 10 == 0 || (i > 60 && i < 130))
            continue;
        sprintf(command, "DELE %u\r\n", (unsigned)i);
        say(&m, command);
    }
    say(&m, "QUIT\r\n");
    assert_int_equal(m.ranges, 13);
    assert_int_equal(m.deleted, 54 + 63);
    assert_int_equal(m.updated, 1);
    test_host_free(&m.host);
}

/* ---- the host ends it ---- */

#define EVERYTHING LOGIN "CAPA\r\nSTAT\r\nLIST\r\nUIDL 1\r\nTOP 1 1\r\nRETR 2\r\nDELE 1\r\nDELE 2\r\nQUIT\r\n"

static const struct test_message two[] = {{"A: b\r\n\r\nx\r\ny\r\n", "u", 0}, {".\r\n", "v", 0}};

static unsigned stop_at, stop_how;

static int32_t stop_event(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    int32_t result = test_maildrop_event(h, event, request);

    if (--stop_at)
        return result;
    if (stop_how == 0) {
        mailproto_session_free(h->session);
        return MAILPROTO_USE_DEFAULT;
    }
    if (stop_how == 1)
        mailproto_session_finish(h->session);
    return stop_how == 2 ? MAILPROTO_ERR_HOST : result;
}

static void test_free_finish_fail_in_every_callback(void **state)
{
    struct test_allocator memory;

    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_LATER; mode++) {
            for (unsigned n = 1; n < 40; n++) {
                struct test_maildrop m = {.messages = two, .count = 2, .piece = 3};

                test_allocator_init(&memory);
                start(&m, mode, &memory.api);
                m.host.event = stop_event;
                stop_at = n;
                stop_how = how;
                say(&m, EVERYTHING);
                if (!m.host.freed) {
                    assert_int_equal(m.host.closed, 1);
                    assert_int_equal(m.opened + m.reading, 0);
                    assert_int_equal(m.opens, m.ends);
                }
                test_host_free(&m.host);
                assert_int_equal(memory.live, 0);
            }
        }
    }
}

/* Reset while the nth request is open: it has its CANCEL, what was begun has its end, nothing is deleted. */
static void test_reset_at_each_open_request(void **state)
{
    struct test_allocator memory;
    unsigned n = 0;

    (void)state;
    for (uint32_t last = 0; last != MAILPROTO_POP3_SERVER_COMMIT; n++) {
        struct test_maildrop m = {.messages = two, .count = 2, .piece = 3};

        test_allocator_init(&memory);
        start(&m, TEST_AT_ONCE, &memory.api);
        ask(&m, EVERYTHING);
        for (unsigned i = 0; i < n; i++)
            answer(&m);
        last = kept.type;
        test_host_lost(&m.host, MAILPROTO_ERR_LOST);
        assert_int_equal(m.host.closed, 1);
        assert_int_equal(m.host.cancels, 1);
        assert_int_equal(m.opens, m.ends);
        assert_int_equal(m.retrieves, m.retrieve_ends);
        assert_int_equal(m.deleted + (uint32_t)m.updated, 0);
        assert_int_equal(mailproto_session_use_default(m.host.session, kept.token), MAILPROTO_ERR_TOKEN);
        test_host_free(&m.host);
        assert_int_equal(memory.live, 0);
    }
    assert_true(n > 10);
}

static void test_finish(void **state)
{
    struct test_maildrop m = {.count = 2};

    (void)state;
    start(&m, TEST_AT_ONCE, NULL);
    log_in(&m);
    say(&m, "DELE 1\r\nST");
    mailproto_session_finish(m.host.session);
    test_host_rest(&m.host);
    said(&m, "+OK message deleted\r\n-ERR [SYS/TEMP] the server is closing; nothing was deleted\r\n");
    assert_int_equal(m.host.closed, 1);
    assert_int_equal(m.host.why, MAILPROTO_OK);
    assert_int_equal(m.deleted, 0);
    assert_int_equal(m.ends, 1);
    test_host_free(&m.host);
}

/* ---- construction ---- */

static void refused(mailproto_pop3_server_config *config, const char *word)
{
    mailproto_pop3_server *server;
    const char *why = NULL;

    assert_int_equal(mailproto_pop3_server_new(&server, config, NULL, NULL, NULL, &why), MAILPROTO_ERR_CONFIG);
    assert_non_null(strstr(why, word));
    assert_int_equal(mailproto_pop3_server_memory_max(config), 0);
    test_server_config(config);
}

static void test_configs_that_contradict_themselves(void **state)
{
    mailproto_pop3_server_config c;

    (void)state;
    test_server_config(&c);
    c.flags = 0;
    refused(&c, "CLEARTEXT_LOGIN");
    c.offer = MAILPROTO_POP3_CAPA_TOP;
    refused(&c, "nobody");
    c.offer = MAILPROTO_POP3_CAPA_USER | MAILPROTO_POP3_CAPA_STLS;
    refused(&c, "STLS");
    c.offer = MAILPROTO_POP3_CAPA_USER;
    c.tls = MAILPROTO_TLS_MAY;
    refused(&c, "STLS");
    c.offer = MAILPROTO_POP3_CAPA_USER | MAILPROTO_POP3_CAPA_LOGIN_DELAY;
    refused(&c, "login_delay");
    c.offer = MAILPROTO_POP3_CAPA_USER | MAILPROTO_POP3_CAPA_AUTH_RESP_CODE;
    refused(&c, "RESP_CODES");
    c.offer = 1u << 31;
    refused(&c, "offer");
    c.flags |= 1u << 31;
    refused(&c, "flags");
    c.mechanisms = 1u << 31;
    refused(&c, "mechanisms");
    c.tls = 9;
    refused(&c, "tls");
    c.max_line = 254;
    refused(&c, "max_line");
    c.piece = 1;
    refused(&c, "piece");
    c.list_page = 1025;
    refused(&c, "list_page");
    c.banner = (mailproto_text){"a\r\nb", 4};
    refused(&c, "banner");
    c.implementation = (mailproto_text){"a\nb", 3};
    refused(&c, "implementation");
}

static void test_callbacks_that_are_missing(void **state)
{
    mailproto_pop3_server_callbacks table;
    mailproto_pop3_server_config config;
    mailproto_pop3_server *server;
    const char *why;

    (void)state;
    test_server_config(&config);
#define WITHOUT(member)                                                                                                \
    test_maildrop_callbacks(&table);                                                                                   \
    table.member = NULL;                                                                                               \
    why = "";                                                                                                          \
    assert_int_equal(mailproto_pop3_server_new(&server, &config, &table, NULL, NULL, &why), MAILPROTO_ERR_CONFIG);     \
    assert_non_null(strstr(why, #member))
    WITHOUT(on_auth);
    WITHOUT(on_open);
    WITHOUT(on_list);
    WITHOUT(on_retrieve);
    WITHOUT(on_piece);
    WITHOUT(on_commit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_does_not_grow_with_the_maildrop),
        cmocka_unit_test(test_idle_session_is_small),
        cmocka_unit_test(test_a_large_message_needs_no_more),
        cmocka_unit_test(test_memory_max_in_an_arena),
        cmocka_unit_test(test_secrets_are_wiped),
        cmocka_unit_test(test_logins_are_given_back),
        cmocka_unit_test(test_memory_max_of_logins),
        cmocka_unit_test(test_login_answers_are_checked),
        cmocka_unit_test(test_every_dot_pattern),
        cmocka_unit_test(test_bodies_fail_at_every_piece),
        cmocka_unit_test(test_announced_size),
        cmocka_unit_test(test_top_reads_no_further),
        cmocka_unit_test(test_autologout),
        cmocka_unit_test(test_late_answers),
        cmocka_unit_test(test_stall),
        cmocka_unit_test(test_answers_are_checked),
        cmocka_unit_test(test_giving_is_checked),
        cmocka_unit_test(test_policy_and_info),
        cmocka_unit_test(test_commit_ranges),
        cmocka_unit_test(test_free_finish_fail_in_every_callback),
        cmocka_unit_test(test_reset_at_each_open_request),
        cmocka_unit_test(test_finish),
        cmocka_unit_test(test_configs_that_contradict_themselves),
        cmocka_unit_test(test_callbacks_that_are_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
