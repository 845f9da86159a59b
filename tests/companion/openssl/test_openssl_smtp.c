/* SMTP client against server in memory, in TLS from the beginning and after STARTTLS: whatever is cut, held, answered late or
 * broken off, what the client was told is what happened to the message. RFC 3207; RFC 8314; include/mailproto/layer.h. */
#include "library.h"

#include "loopback/smtp_meeting.h"

/* Who puts TLS over the two sessions. */
struct scene {
    const struct libraries *libraries;
    void *context[SIDES];
};

static mailproto_session *put(mailproto_session *inner, int client, void *user)
{
    const struct scene *s = user;
    mailproto_session *outer;

    assert_int_equal(client ? s->libraries->client->put(&outer, inner, s->context[CLIENT], "imap.example.test")
                            : s->libraries->server->put(&outer, inner, s->context[SERVER], NULL),
                     MAILPROTO_OK);
    return outer;
}

static void fill(struct meeting *t)
{
    static const char *const parts[] = {".",          "..\r\n",   "\r\n.\r\n", "\r\n",           "text of a line ",
                                        "Subject: a", "QUIT\r\n", "\r\n..",    "BDAT 0 LAST\r\n"};

    for (int i = 0; i < MESSAGES; i++) {
        struct message *m = &t->messages[i];
        size_t most = test_random_below(&t->random, TEXT_MAX - 40);

        while (m->len < most) {
            const char *part = parts[test_random_below(&t->random, sizeof parts / sizeof parts[0])];

            memcpy(m->text + m->len, part, strlen(part));
            m->len += strlen(part);
        }
        m->fails_at = SIZE_MAX;
        m->recipients = 1 + (uint32_t)test_random_below(&t->random, RECIPIENTS);
        for (uint32_t k = 0; k < m->recipients; k++)
            m->kinds[k] = (uint32_t)test_random_below(&t->random, KINDS);
    }
}

static void meet(struct meeting *t, struct scene *s, uint64_t seed)
{
    struct meeting_ways ways = {.seed = seed,
                                .tls = seed % 2 ? WITH_STARTTLS : IMPLICIT,
                                .max_open = seed % 3 ? 16 : 1,
                                .layer = put,
                                .layer_user = s};

    memset(t, 0, sizeof *t);
    t->random.state = seed;
    fill(t);
    ways.mask = seed / 2 % 2 ? MAILPROTO_SMTP_EXT_CHUNKING : 0;
    ways.server_mode = (uint32_t)test_random_below(&t->random, 3);
    ways.client_mode = (uint32_t)test_random_below(&t->random, 3);
    ways.server_holds = (int)test_random_below(&t->random, 2);
    ways.client_holds = (int)test_random_below(&t->random, 2);
    meeting_begin_with(t, &ways);
}

/* Runs f for each pair of libraries and each version. */
static void each(void (*f)(struct scene *s))
{
    for (const struct libraries *l = all_libraries; l->client; l++)
        for (uint32_t version = TLS_1_2; version <= newest_of(l); version++) {
            struct ends e;
            struct scene s = {.libraries = l};

            ends_begin(&e, l, (tls_options){.max_version = version}, (tls_options){0});
            memcpy(s.context, e.context, sizeof s.context);
            f(&s);
            ends_end(&e);
        }
}

static void whole(struct scene *s)
{
    static struct meeting t;

    for (uint64_t seed = 1; seed <= 30; seed++) {
        meet(&t, s, seed);
        talk(&t, SIZE_MAX);
        check(&t, seed);
        assert_int_equal(t.client_host.why, MAILPROTO_OK);
        assert_int_equal(t.server_host.why, MAILPROTO_OK);
        for (uint32_t i = 0; i < MESSAGES; i++) {
            assert_int_equal(t.messages[i].outcome, expected_outcome(&t, i));
            check_replies(&t, i);
        }
        assert_int_equal(t.mails, MESSAGES);
        meeting_end(&t);
    }
}

/* The connection breaks anywhere, or is cut short: the end comes without close_notify. */
static void broken(struct scene *s)
{
    static struct meeting t;

    for (uint64_t seed = 1; seed <= 150; seed++) {
        int cut_short = seed % 4 < 2;

        meet(&t, s, seed);
        talk(&t, 1 + test_random_below(&t.random, seed % 3 ? 20000 : 2500));
        t.client_lost = t.server_lost = 1;
        t.client_host.in.len = t.server_host.in.len = 0;
        if (cut_short) {
            test_host_eof(&t.client_host);
            test_host_eof(&t.server_host);
        } else {
            test_host_lost(&t.client_host, MAILPROTO_ERR_LOST);
            test_host_lost(&t.server_host, MAILPROTO_ERR_LOST);
        }
        test_host_rest(&t.client_host);
        test_host_rest(&t.server_host);
        check(&t, seed);
        meeting_end(&t);
    }
}

static void test_whole(void **state)
{
    (void)state;
    each(whole);
}

static void test_broken(void **state)
{
    (void)state;
    each(broken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_broken),
    };

    return cmocka_run_group_tests(tests, certificates_begin, certificates_end);
}
