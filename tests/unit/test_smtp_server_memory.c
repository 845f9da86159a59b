/* What a session of the server engine costs, idle and at its worst; and that credentials are shown to nobody and wiped.
   mailproto/smtp_server.h, memory_max; contract.md sections 2 and 3. */
#include "test_smtp_server_scripts.h"

static const struct script plain = {.name = "plain", .no_eof = 1, .pieces = {SAID(HI)}};

enum { IDLE_MAX = 1024 };

static void test_idle_session_is_small(void **state)
{
    static _Alignas(16) char room[1 << 16];
    mailproto_smtp_server_config c = config_of(&plain, 1);
    mailproto_smtp_server_callbacks callbacks = all_callbacks();
    static struct host h;
    mailproto_allocator arena;
    const uint8_t *data;
    size_t n, taken;

    (void)state;
    memset(&h, 0, sizeof h);
    h.manner = &at_once;
    h.script = &plain;
    h.log = malloc(WIRE_MAX);
    h.body = malloc(WIRE_MAX);
    assert_int_equal(mailproto_arena_init(&arena, room, sizeof room), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_server_new(&h.server, &c, &callbacks, &arena, &h, NULL), MAILPROTO_OK);
    h.s = mailproto_smtp_server_session(h.server);
    for (int i = 0; i < 4; i++) {
        static const char text[] = HI "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nhello\r\n.\r\n";

        for (size_t at = 0; at < sizeof text - 1; at += taken) {
            mailproto_session_tick(h.s, 0);
            assert_int_equal(mailproto_session_feed(h.s, text + at, sizeof text - 1 - at, 0, &taken), MAILPROTO_OK);
        }
        for (mailproto_session_output(h.s, &data, &n); n; mailproto_session_output(h.s, &data, &n))
            mailproto_session_output_ack(h.s, n);
        if (mailproto_arena_used(&arena) > IDLE_MAX)
            fail_msg("an idle session holds %zu octets", mailproto_arena_used(&arena));
    }
    mailproto_session_free(h.s);
    assert_int_equal(mailproto_arena_used(&arena), 0);
    free(h.log);
    free(h.body);
}

static void assert_within(struct host *h, uint32_t max_open)
{
    mailproto_smtp_server_config c = config_of(h->script, max_open);
    size_t most = mailproto_smtp_server_memory_max(&c);

    if (h->memory.peak + 16 * h->memory.blocks > most)
        fail_msg("%s, %s: %zu octets, not %zu", h->script->name, h->manner->name, h->memory.peak, most);
}

static void test_memory_max(void **state)
{
    static const struct manner manners[] = {
        {"at once", 0, 0, 0, 0, SIZE_MAX, 0, 1},
        {"later", 0, 1, 0, 1, SIZE_MAX, 0, 256},
        {"polled, octet by octet", 1, 1, 0, 1, 1, 0, 16},
    };
    static struct host h;

    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        for (size_t m = 0; m < 3; m++) {
            host_begin(&h, &scripts[i], &manners[m], 0);
            host_run(&h);
            assert_within(&h, manners[m].max_open);
            host_end(&h);
        }
}

/* The worst a client can do: the longest lines cut into octets, the most recipients, replies that it does not take. */
static void test_memory_of_the_worst(void **state)
{
    static const struct manner octets = {"octets", 0, 1, 0, 0, 1, 0, 16};
    static const struct script script = {.name = "worst",
                                         .no_eof = 1,
                                         .offer = ALL_BUT_TLS & ~MAILPROTO_SMTP_EXT_AUTH,
                                         .flags = MAILPROTO_SMTP_SERVER_LMTP | MAILPROTO_SMTP_SERVER_RECEIVED |
                                                  MAILPROTO_SMTP_SERVER_PASS_PARAMETERS};
    static struct host h;
    size_t taken;

    (void)state;
    script_begin(&h, &script, &octets, "LHLO c.example\r\nMAIL FROM:<a@x> ENVID=+2B");
    for (int i = 0; i < 31; i++)
        host_feed(&h, TEXT(" X=y"));
    host_feed(&h, TEXT("\r\nRCPT TO:<"));
    feed_repeated(&h, 'x', 1900);
    host_feed(&h, TEXT("@x> ORCPT=rfc822;a+2Bb Y=z\r\n"));
    for (int i = 0; i < 1001; i++) {
        host_feed(&h, TEXT("RCPT TO:<b@x>\r\n"));
        h.wire_len = 0;
    }
    host_feed(&h, TEXT("DATA\r\nREFUSE\r\n.\r\n"));
    host_wait(&h);
    assert_within(&h, 16);
    for (int i = 0; i < 10000; i++) { /* nobody takes what is answered: it stops reading */
        if (!(mailproto_session_wants(h.s) & MAILPROTO_WANTS_READ))
            break;
        assert_int_equal(mailproto_session_feed(h.s, "HELP\r\nVRFY x\r\n", 14, h.now, &taken), MAILPROTO_OK);
        while (host_answer(&h, 1))
            verb(&h, mailproto_session_tick(h.s, h.now));
    }
    assert_false(mailproto_session_wants(h.s) & MAILPROTO_WANTS_READ);
    assert_within(&h, 16);
    host_end(&h);
}

/* ---- secrets ---- */

struct traces {
    struct host h;
    char shown[8192], hidden[8192];
};

static int32_t keep_trace(mailproto_smtp_server *s, const mailproto_trace *t, void *user)
{
    struct traces *traces = user;
    char *to = t->kind == MAILPROTO_TRACE_PRIVATE ? traces->hidden : traces->shown;

    (void)s;
    strncat(to, t->bytes.ptr, t->bytes.len);
    return 0;
}

static int32_t accept_auth(mailproto_smtp_server *s, const mailproto_smtp_auth *e, void *user)
{
    (void)user;
    return mailproto_smtp_server_accept(s, e->head.token);
}

static void test_secrets_are_private(void **state)
{
    static const char *const lines[] = {HI,
                                        "AUTH LOGIN\r\n",
                                        "*\r\n",
                                        "AUTH PLAIN\r\n",
                                        "AGFsaWNlAHNlY3JldA==\r\n",
                                        "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n",
                                        "NOOP\r\n"};
    static const struct script script = {.name = "secrets", .offer = ALL_BUT_TLS, .flags = CLEAR};
    static struct traces traces;
    mailproto_smtp_server_config c = config_of(&script, 1);
    mailproto_smtp_server_callbacks callbacks = {.struct_size = sizeof callbacks};
    mailproto_smtp_server *server;
    mailproto_session *s;
    size_t n;

    (void)state;
    callbacks.on_auth = accept_auth;
    callbacks.on_vrfy = called_query;
    callbacks.on_expn = called_query;
    callbacks.on_trace = keep_trace;
    assert_int_equal(mailproto_smtp_server_new(&server, &c, &callbacks, NULL, &traces, NULL), MAILPROTO_OK);
    s = mailproto_smtp_server_session(server);
    mailproto_session_set_trace(s, MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_PRIVATE);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        mailproto_session_tick(s, 0);
        assert_int_equal(mailproto_session_feed(s, lines[i], strlen(lines[i]), 0, &n), MAILPROTO_OK);
        assert_int_equal(n, strlen(lines[i]));
    }
    assert_null(strstr(traces.shown, "AGFsaWNl"));
    assert_non_null(strstr(traces.shown, "NOOP\r\n"));
    assert_non_null(strstr(traces.shown, "235 2.7.0"));
    assert_non_null(strstr(traces.hidden, "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"));
    mailproto_session_free(s);
}

/* Freed memory is looked at: no credential is left in it. */
static int leaked;

static void look_and_free(void *p, size_t n, void *user)
{
    for (size_t i = 0; i + 6 <= n; i++)
        leaked += !memcmp((char *)p + i, "secret", 6) || !memcmp((char *)p + i, "c2Vjcm", 6);
    memory_free(p, n, user);
}

static void test_secrets_are_wiped(void **state)
{
    static const char *const talk = HI "AUTH PLAIN AGRmbHQAc2VjcmV0\r\nAUTH LOGIN YWxpY2U=\r\nc2VjcmV0\r\n";
    static const struct script script = {.name = "secrets", .offer = ALL_BUT_TLS, .flags = CLEAR};

    (void)state;
    for (int polled = 0; polled < 2; polled++)
        for (size_t cut = 1; cut <= strlen(talk); cut++) {
            static struct host h;
            struct manner manner = {"wiped", polled, 0, 0, 0, cut % 2 ? 1 : 7, 0, 1};

            assert_int_equal(host_begin(&h, &script, &manner, 0), MAILPROTO_OK);
            mailproto_session_free(h.s);
            {
                mailproto_smtp_server_config c = config_of(&script, 1);
                mailproto_smtp_server_callbacks callbacks = all_callbacks();
                mailproto_allocator allocator = memory_allocator(&h.memory);

                allocator.free = look_and_free;
                assert_int_equal(mailproto_smtp_server_new(&h.server, &c, polled ? NULL : &callbacks, &allocator, &h,
                                                           NULL),
                                 MAILPROTO_OK);
                h.s = mailproto_smtp_server_session(h.server);
            }
            host_wait(&h);
            host_feed(&h, (mailproto_text){talk, cut});
            host_end(&h);
        }
    assert_int_equal(leaked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle_session_is_small), cmocka_unit_test(test_memory_max),
        cmocka_unit_test(test_memory_of_the_worst),   cmocka_unit_test(test_secrets_are_private),
        cmocka_unit_test(test_secrets_are_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
