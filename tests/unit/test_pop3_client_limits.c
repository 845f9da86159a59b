/* The POP3 client's promises about arguments, size, time and ends.
   RFC 1939; contract.md sections 2 and 3; mailproto/pop3_client.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/pop3_reader.h"

static void start(struct test_reader *r, uint32_t mode, const mailproto_allocator *allocator)
{
    mailproto_pop3_client_config config;

    test_client_config(&config);
    config.flags |= MAILPROTO_POP3_CLIENT_NO_CAPA;
    if (!r->name)
        r->name = "alice";
    r->password = "secret";
    assert_int_equal(test_reader_start(r, &config, mode, 3, allocator), MAILPROTO_OK);
}

static void hear(struct test_reader *r, const char *text)
{
    test_host_send(&r->host, text, strlen(text), strlen(text));
    test_host_rest(&r->host);
}

static void get_ready(struct test_reader *r)
{
    hear(r, "+OK\r\n");
    hear(r, "+OK\r\n");
    hear(r, "+OK\r\n");
    assert_int_equal(r->readies, 1);
    test_bytes_take(&r->host.out, r->host.out.len);
    r->log.len = 0;
}

static void logged(struct test_reader *r, const char *text)
{
    if (r->log.len != strlen(text) || memcmp(r->log.ptr, text, r->log.len)) {
        print_error("%.*s\ninstead of\n%s\n", (int)r->log.len, (const char *)r->log.ptr, text);
        fail();
    }
    r->log.len = 0;
}

/* ---- memory ---- */

/* A server that lists, and sends, without end: nothing of it is kept. */
static void test_streams_are_not_kept(void **state)
{
    struct test_reader r = {.quiet = 1};
    struct test_allocator memory;
    uint64_t token;
    char line[64];
    size_t used;

    (void)state;
    test_allocator_init(&memory);
    start(&r, TEST_LATER, &memory.api);
    get_ready(&r);
    used = memory.used;
    assert_true(used <= 1400);
    mailproto_pop3_client_uidl(r.client, 0, &token);
    mailproto_pop3_client_retr(r.client, 1, &token);
    hear(&r, "+OK\r\n");
    memory.peak = memory.used;
    for (uint32_t i = 1; i <= 100000; i++) {
        sprintf(line, "%u uid%u\r\n", (unsigned)i, (unsigned)i);
        test_bytes_text(&r.host.in, line);
        if (i % 97 == 0)
            test_host_settle(&r.host);
    }
    hear(&r, ".\r\n");
    hear(&r, "+OK 1\r\n");
    for (uint32_t i = 0; i < 20000; i++) {
        test_bytes_text(&r.host.in, "..stuffed, and a line without end: \r\n..");
        test_host_settle(&r.host);
    }
    hear(&r, "\r\n.\r\n");
    assert_int_equal(r.dones, 2);
    assert_true(memory.peak <= used + 2500);
    assert_int_equal(memory.used, used);
    test_reader_free(&r);
    assert_int_equal(memory.live, 0);
}

/* ---- arguments ---- */

static struct test_pending kept;

static void keep(struct test_host *h, const struct test_pending *request)
{
    (void)h;
    kept = *request;
}

static int32_t give(struct test_reader *r, const char *authorization, const char *name, const char *password)
{
    return mailproto_pop3_client_credentials(r->client, kept.token, authorization, strlen(authorization), name,
                                             strlen(name), password, strlen(password));
}

static void test_credentials(void **state)
{
    struct test_reader r = {0};
    char large[3000];

    (void)state;
    memset(large, 'x', sizeof large);
    start(&r, TEST_AT_ONCE, NULL);
    r.host.answer = keep;
    hear(&r, "+OK\r\n");
    assert_int_equal(kept.type, MAILPROTO_POP3_CLIENT_CREDENTIALS);
    assert_int_equal(give(&r, "", "a\rb", "c"), MAILPROTO_ERR_ARG);
    assert_int_equal(give(&r, "", "a\nb", "c"), MAILPROTO_ERR_ARG);
    assert_int_equal(give(&r, "", "a b", "c"), MAILPROTO_ERR_ARG);
    assert_int_equal(give(&r, "", "", "c"), MAILPROTO_ERR_ARG);
    assert_int_equal(give(&r, "", "a", ""), MAILPROTO_ERR_ARG);
    assert_int_equal(give(&r, "", "a", "c\r\nDELE 1"), MAILPROTO_ERR_ARG);
    assert_int_equal(give(&r, "x", "a", "c"), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_client_credentials(r.client, kept.token, "", 0, "a\0b", 3, "c", 1),
                     MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_client_credentials(r.client, kept.token, "", 0, "a", 1, "c\0", 2),
                     MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_client_credentials(r.client, kept.token, "", 0, NULL, 1, "c", 1),
                     MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_client_credentials(r.client, kept.token, "", 0, "a", 1, large, 249),
                     MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_client_credentials(r.client, kept.token, "", 0, "a", 1, large, sizeof large),
                     MAILPROTO_ERR_LIMIT);
    assert_int_equal(mailproto_pop3_client_credentials(r.client, kept.token, "", 0, "a", 1, "c", SIZE_MAX),
                     MAILPROTO_ERR_LIMIT);
    assert_int_equal(mailproto_pop3_client_credentials(r.client, kept.token + 1, "", 0, "a", 1, "c", 1),
                     MAILPROTO_ERR_TOKEN);
    assert_int_equal(give(&r, "", "a", "with spaces"), MAILPROTO_OK);
    assert_int_equal(give(&r, "", "a", "c"), MAILPROTO_ERR_TOKEN);
    test_host_rest(&r.host);
    hear(&r, "+OK\r\n");
    assert_int_equal(r.host.out.len, strlen("USER a\r\nPASS with spaces\r\n"));
    test_reader_free(&r);
}

/* A mechanism of the host's own, whose message and whose whole exchange are its. */
static void test_steps(void **state)
{
    mailproto_pop3_client_config config;
    mailproto_sasl_client_config sasl;
    mailproto_sasl_stepped stepped;
    struct test_reader r = {.name = "alice", .password = "secret"};
    static char large[9000];

    (void)state;
    memset(large, 'x', sizeof large);
    mailproto_sasl_client_config_init(&sasl, sizeof sasl);
    sasl.other = (mailproto_text){"X-RIDDLE", 8};
    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    test_client_config(&config);
    config.login[0] = MAILPROTO_SASL_OTHER;
    config.sasl = &sasl;
    assert_int_equal(test_reader_start(&r, &config, TEST_AT_ONCE, 3, NULL), MAILPROTO_OK);
    sasl.other.len = 0; /* it was copied */
    assert_int_equal(mailproto_pop3_client_derived(NULL, 1, NULL, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_client_step(NULL, 1, &stepped), MAILPROTO_ERR_ARG);
    r.host.answer = keep;
    hear(&r, "+OK\r\n");
    hear(&r, "+OK\r\nSASL X-RIDDLE\r\n.\r\n");
    assert_int_equal(kept.type, MAILPROTO_POP3_CLIENT_CREDENTIALS);
    assert_int_equal(mailproto_pop3_client_step(r.client, kept.token, &stepped), MAILPROTO_ERR_TOKEN);
    assert_int_equal(give(&r, "", "alice", "secret"), MAILPROTO_OK);
    test_host_rest(&r.host);
    assert_int_equal(kept.type, MAILPROTO_POP3_CLIENT_STEP);
    assert_int_equal(mailproto_pop3_client_derived(r.client, kept.token, NULL, 0), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_pop3_client_step(r.client, kept.token, NULL), MAILPROTO_ERR_ARG);
    stepped.result = 3;
    assert_int_equal(mailproto_pop3_client_step(r.client, kept.token, &stepped), MAILPROTO_ERR_ARG);
    stepped.result = MAILPROTO_SASL_STEP_DONE;
    stepped.message = (mailproto_text){large, sizeof large};
    assert_int_equal(mailproto_pop3_client_step(r.client, kept.token, &stepped), MAILPROTO_ERR_LIMIT);
    stepped.message = (mailproto_text){"riddle", 6};
    assert_int_equal(mailproto_pop3_client_step(r.client, kept.token, &stepped), MAILPROTO_OK);
    assert_int_equal(mailproto_pop3_client_step(r.client, kept.token, &stepped), MAILPROTO_ERR_TOKEN);
    test_host_rest(&r.host);
    assert_memory_equal(r.host.out.ptr + r.host.out.len - 23, "UTH X-RIDDLE cmlkZGxl\r\n", 23);
    hear(&r, "+OK\r\n");
    hear(&r, "+OK\r\n.\r\n");
    assert_int_equal(r.readies, 1);
    test_reader_free(&r);
}

static void test_submissions(void **state)
{
    mailproto_pop3_client_config config;
    struct test_reader r = {.name = "alice", .password = "secret"};
    uint64_t token, other;

    (void)state;
    test_client_config(&config);
    config.max_commands = 2;
    assert_int_equal(test_reader_start(&r, &config, TEST_AT_ONCE, 1, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_pop3_client_retr(r.client, 0, &token), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_client_top(r.client, 0, 1, &token), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_client_dele(r.client, 0, &token), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_client_stat(r.client, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_client_stat(NULL, &token), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_client_stat(r.client, &token), MAILPROTO_OK);
    assert_int_equal(mailproto_pop3_client_stat(r.client, &other), MAILPROTO_OK);
    assert_int_not_equal(token, other);
    assert_int_equal(mailproto_pop3_client_stat(r.client, &other), MAILPROTO_ERR_LIMIT);
    assert_int_equal(mailproto_session_cancel(r.host.session, 12345), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_session_cancel(r.host.session, 0), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_session_cancel(r.host.session, token), MAILPROTO_OK);
    test_host_rest(&r.host);
    logged(&r, "stat 0 ERR_CANCELLED unsent none\n");
    assert_int_equal(mailproto_session_cancel(r.host.session, token), MAILPROTO_ERR_TOKEN);
    mailproto_session_finish(r.host.session);
    assert_int_equal(mailproto_pop3_client_stat(r.client, &token), MAILPROTO_ERR_STATE);
    test_host_lost(&r.host, MAILPROTO_ERR_LOST);
    logged(&r, "stat 0 ERR_LOST unsent none\nclosed ERR_LOST\n");
    assert_int_equal(mailproto_pop3_client_stat(r.client, &token), MAILPROTO_ERR_STATE);
    test_reader_free(&r);
}

/* A message on its way cannot be stopped: it goes on unseen, and the next command is in step. */
static void test_cancel_on_its_way(void **state)
{
    struct test_reader r = {0};
    uint64_t token, next;

    (void)state;
    start(&r, TEST_AT_ONCE, NULL);
    get_ready(&r);
    mailproto_pop3_client_retr(r.client, 1, &token);
    mailproto_pop3_client_stat(r.client, &next);
    hear(&r, "+OK 9\r\nabc\r\n");
    logged(&r, "message 1 announced 9\nabc\r\n");
    assert_int_equal(mailproto_session_cancel(r.host.session, token), MAILPROTO_OK);
    hear(&r, "def\r\n+OK 1 1\r\n.\r\n");
    logged(&r, "retr 1 octets=5 ERR_CANCELLED +OK\n");
    hear(&r, "+OK 2 3\r\n");
    logged(&r, "stat 2 octets=3 +OK 2 3\n");
    test_reader_free(&r);
}

/* ---- time ---- */

static void wait_for_end(struct test_reader *r)
{
    while (!r->host.closed && test_host_wait(&r->host, 100000000)) {
    }
}

static void test_phases_have_limits(void **state)
{
    static const struct {
        const char *said[5];
        uint64_t limit;
    } phases[] = {
        {{"+O"}, 300000},                                                   /* greeting */
        {{"+OK\r\n", "+O"}, 300000},                                        /* USER */
        {{"+OK\r\n", "+OK\r\n", "+OK\r\n"}, 300000},                        /* the command */
        {{"+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n"}, 180000},             /* a message that brings nothing */
        {{"+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\nabc\r\n.\r\n"}, 600000}, /* QUIT */
    };
    uint64_t token;

    (void)state;
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        struct test_reader r = {0};

        start(&r, TEST_AT_ONCE, NULL);
        mailproto_pop3_client_retr(r.client, 1, &token);
        mailproto_session_finish(r.host.session);
        for (size_t k = 0; k < 5 && phases[i].said[k]; k++) {
            test_host_settle(&r.host);
            r.host.now += 1000;
            hear(&r, phases[i].said[k]);
        }
        /* an incomplete line does not make it longer */
        wait_for_end(&r);
        assert_int_equal(r.host.why, MAILPROTO_ERR_TIMEOUT);
        assert_in_range(r.host.now, 1000 + phases[i].limit, 1000 + 5000 + phases[i].limit);
        test_reader_free(&r);
    }
}

/* An idle session waits for the host without end; a slow message is fine if it brings enough. */
static void test_slow_messages(void **state)
{
    struct test_reader r = {0};
    uint64_t token;

    (void)state;
    start(&r, TEST_AT_ONCE, NULL);
    get_ready(&r);
    assert_true(mailproto_session_deadline(r.host.session) == UINT64_MAX);
    mailproto_pop3_client_retr(r.client, 1, &token);
    hear(&r, "+OK\r\n");
    for (int i = 0; i < 20; i++) {
        for (int k = 0; k < 40; k++) {
            hear(&r, "abcdefgh\r\n");
            test_host_wait(&r.host, r.host.now + 5000);
        }
        assert_int_equal(r.host.closed, 0);
    }
    for (int i = 0; i < 100 && !r.host.closed; i++) {
        hear(&r, "x");
        test_host_wait(&r.host, r.host.now + 10000);
    }
    assert_int_equal(r.host.why, MAILPROTO_ERR_TIMEOUT);
    test_reader_free(&r);
}

/* ---- a response that never ends ---- */

static void test_endless_lines(void **state)
{
    struct test_reader r = {0};
    char large[5000];
    uint64_t token;

    (void)state;
    memset(large, 'x', sizeof large);
    start(&r, TEST_AT_ONCE, NULL);
    test_host_send(&r.host, large, sizeof large, 100);
    test_host_rest(&r.host);
    hear(&r, "\r\n");
    logged(&r, "closed ERR_LIMIT\n");
    test_reader_free(&r);

    r = (struct test_reader){0};
    start(&r, TEST_AT_ONCE, NULL);
    get_ready(&r);
    mailproto_pop3_client_list(r.client, 0, &token);
    hear(&r, "+OK\r\n1 ");
    test_host_send(&r.host, large, sizeof large, 100);
    hear(&r, "\r\n2 2\r\n.\r\n");
    logged(&r, "entry 2 2 \nlist 0 ERR_PROTOCOL +OK\n");
    mailproto_pop3_client_list(r.client, 0, &token);
    hear(&r, "+OK\r\n");
    for (int i = 0; i < 400 && !r.host.closed; i++)
        test_host_send(&r.host, large, sizeof large, 5000);
    assert_int_equal(r.host.why, MAILPROTO_ERR_LIMIT);
    test_reader_free(&r);
}

static void test_endless_capabilities(void **state)
{
    mailproto_pop3_client_config config;
    struct test_reader r = {0};

    (void)state;
    test_client_config(&config);
    assert_int_equal(test_reader_start(&r, &config, TEST_AT_ONCE, 1, NULL), MAILPROTO_OK);
    hear(&r, "+OK\r\n");
    hear(&r, "+OK\r\n");
    for (int i = 0; i < 2000 && !r.host.closed; i++)
        hear(&r, "X-NEW\r\n");
    logged(&r, "closed ERR_LIMIT\n");
    test_reader_free(&r);
}

/* ---- the host ends it ---- */

static unsigned stop_at, stop_how;

static int32_t stop_event(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    int32_t result = test_reader_event(h, event, request);

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
    static const char *const said[] = {
        "+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK 1 2\r\n", "+OK\r\n1 2\r\n.\r\n", "+OK\r\nabc\r\n.\r\n",
        "+OK\r\n", "+OK\r\n"};
    struct test_allocator memory;
    uint64_t token;

    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        for (unsigned n = 1; n < 20; n++) {
            struct test_reader r = {0};

            test_allocator_init(&memory);
            start(&r, TEST_AT_ONCE, &memory.api);
            r.host.event = stop_event;
            stop_at = n;
            stop_how = how;
            mailproto_pop3_client_stat(r.client, &token);
            mailproto_pop3_client_list(r.client, 0, &token);
            mailproto_pop3_client_retr(r.client, 1, &token);
            mailproto_pop3_client_dele(r.client, 1, &token);
            if (how != 1)
                mailproto_session_finish(r.host.session);
            for (size_t i = 0; i < sizeof said / sizeof *said && !r.host.freed && !r.host.closed; i++)
                hear(&r, said[i]);
            if (!r.host.freed) {
                test_host_eof(&r.host);
                test_host_rest(&r.host);
                assert_int_equal(r.host.closed, 1);
                assert_int_equal(r.dones, 4);
                assert_int_equal(r.readies, r.quits);
            }
            test_reader_free(&r);
            assert_int_equal(memory.live, 0);
        }
    }
}

/* ---- construction ---- */

static void refused(mailproto_pop3_client_config *config, const char *word)
{
    mailproto_pop3_client *client;
    const char *why = NULL;

    assert_int_equal(mailproto_pop3_client_new(&client, config, NULL, NULL, NULL, &why), MAILPROTO_ERR_CONFIG);
    assert_non_null(strstr(why, word));
    assert_int_equal(mailproto_pop3_client_memory_max(config), 0);
    test_client_config(config);
}

static void test_configs_that_contradict_themselves(void **state)
{
    mailproto_pop3_client_config c;

    (void)state;
    test_client_config(&c);
    c.flags = 0;
    refused(&c, "CLEARTEXT_LOGIN");
    c.flags |= 1u << 31;
    refused(&c, "flags");
    c.tls = 4;
    refused(&c, "tls");
    c.login[1] = 3;
    refused(&c, "login");
    c.window = 257;
    refused(&c, "window");
    c.max_line = 511;
    refused(&c, "max_line");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_are_not_kept),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_submissions),
        cmocka_unit_test(test_cancel_on_its_way),
        cmocka_unit_test(test_phases_have_limits),
        cmocka_unit_test(test_slow_messages),
        cmocka_unit_test(test_endless_lines),
        cmocka_unit_test(test_endless_capabilities),
        cmocka_unit_test(test_free_finish_fail_in_every_callback),
        cmocka_unit_test(test_configs_that_contradict_themselves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
