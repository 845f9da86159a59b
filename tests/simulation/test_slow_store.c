/* test_slow_store.c - 50 MB into a store that takes 1 MB a second: the host holds, nothing is collected, nobody times out.
   contract.md section 2, "hold" and "Time"; virtual time, so that it is over at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <mailproto/mailproto.h>

#include "support/allocator.h"

/* The message: lines with a dot in front. */
#define LINE ".line of the message, which is long enough not to be all CRLF\r\n"

enum {
    SIZE = 800000 * (sizeof LINE - 1), /* 50 MB */
    STORE_A_MS = 1000,                 /* octets that the store takes in a millisecond */
    WINDOW = 16384,                    /* what a socket buffer takes */
    QUEUE = 16384,                     /* from here on the host holds */
    LIMIT_MS = 500,                    /* every time limit of both peers: far less than the whole takes */
    SESSION = 65536                    /* what a session may cost, its host's buffers and all */
};

static char octet_at(uint64_t i)
{
    return LINE[i % (sizeof LINE - 1)];
}

static void fill(char *out, uint64_t offset, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = octet_at(offset + i);
}

/* A store that is slower than the network. It keeps what it has not written, and holds the session meanwhile. */
struct store {
    mailproto_session *session;
    uint64_t got, written;
    size_t most;
    int held, times_held;
};

static void take(struct store *s, mailproto_session *session, mailproto_text bytes)
{
    s->session = session;
    for (size_t i = 0; i < bytes.len; i++)
        assert_int_equal(bytes.ptr[i], octet_at(s->got + i));
    s->got += bytes.len;
    if (s->got - s->written > s->most)
        s->most = (size_t)(s->got - s->written);
    if (s->got - s->written >= QUEUE && !s->held) {
        s->held = 1;
        s->times_held++;
        assert_int_equal(mailproto_session_hold(session), 0);
    }
}

/* A millisecond passes. */
static void write_some(struct store *s)
{
    s->written += s->got - s->written < STORE_A_MS ? s->got - s->written : STORE_A_MS;
    if (s->held && s->got - s->written < QUEUE / 2) {
        s->held = 0;
        assert_int_equal(mailproto_session_release(s->session), 0);
    }
}

/* ---- two sessions and the sockets between them ---- */

struct pipe {
    char octets[WINDOW];
    size_t used;
};

static int over(const mailproto_session *s)
{
    return (mailproto_session_wants(s) & MAILPROTO_WANTS_CLOSE) != 0;
}

/* Everything a host can do for one session at one moment. 1: something moved. */
static int settle(mailproto_session *s, struct pipe *in, struct pipe *out, uint64_t now)
{
    size_t taken, made;
    int moved = 0;

    if (mailproto_session_deadline(s) <= now) {
        assert_int_equal(mailproto_session_tick(s, now), 0);
        moved = 1;
    }
    if (in->used && mailproto_session_wants(s) & MAILPROTO_WANTS_READ) {
        assert_int_equal(mailproto_session_feed(s, in->octets, in->used, now, &taken), 0);
        memmove(in->octets, in->octets + taken, in->used - taken);
        in->used -= taken;
        moved |= taken != 0;
    }
    assert_int_equal(mailproto_session_read_output(s, out->octets + out->used, WINDOW - out->used, &made), 0);
    out->used += made;
    return moved || made;
}

/* Runs both to their ends; answers the time it took. */
static uint64_t run(mailproto_session *a, mailproto_session *b, struct store *store)
{
    struct pipe to_a = {.used = 0}, to_b = {.used = 0};
    uint64_t now = 1;

    while (!over(a) || !over(b)) {
        while (settle(a, &to_a, &to_b, now) | settle(b, &to_b, &to_a, now))
            ;
        write_some(store);
        now++;
        assert_true(now < 10 * (uint64_t)SIZE / STORE_A_MS); /* not stuck */
    }
    return now;
}

static void check(const struct store *store, const struct test_allocator *a, const struct test_allocator *b,
                  uint64_t ms)
{
    assert_int_equal(store->got, SIZE);
    assert_true(ms >= SIZE / STORE_A_MS - 2 * QUEUE / STORE_A_MS);
    assert_true(store->times_held > 1000);
    assert_true(a->peak + WINDOW + store->most < SESSION);
    assert_true(b->peak + WINDOW < SESSION);
    assert_int_equal(a->live + b->live, 0);
}

/* ---- SMTP: the server's host holds ---- */

struct smtp {
    struct store store;
    uint32_t outcome;
};

static int32_t on_rcpt(mailproto_smtp_server *server, const mailproto_smtp_rcpt *rcpt, void *user)
{
    (void)user;
    return mailproto_smtp_server_accept(server, rcpt->head.token);
}

static int32_t on_body(mailproto_smtp_server *server, const mailproto_smtp_body *body, void *user)
{
    take(&((struct smtp *)user)->store, mailproto_smtp_server_session(server), body->bytes);
    return 0;
}

static int32_t on_message_end(mailproto_smtp_server *server, const mailproto_smtp_message_end *end, void *user)
{
    (void)user;
    return mailproto_smtp_server_accept(server, end->head.token);
}

static int32_t on_piece(mailproto_smtp_client *client, const mailproto_smtp_body_request *wanted, void *user)
{
    mailproto_session *session = mailproto_smtp_client_session(client);
    char piece[8192];
    size_t n = wanted->max < sizeof piece ? wanted->max : sizeof piece;

    (void)user;
    if (n > SIZE - wanted->offset)
        n = (size_t)(SIZE - wanted->offset);
    if (!n)
        return mailproto_session_piece_end(session, wanted->head.token);
    fill(piece, wanted->offset, n);
    return mailproto_session_piece(session, wanted->head.token, piece, n);
}

static int32_t on_sent(mailproto_smtp_client *client, const mailproto_smtp_done *done, void *user)
{
    ((struct smtp *)user)->outcome = done->outcome;
    return mailproto_session_finish(mailproto_smtp_client_session(client));
}

static void smtp_with(uint32_t client_flags)
{
    static const mailproto_smtp_server_callbacks serving = {.struct_size = sizeof serving,
                                                            .on_rcpt = on_rcpt,
                                                            .on_body = on_body,
                                                            .on_message_end = on_message_end};
    static const mailproto_smtp_client_callbacks sending = {.struct_size = sizeof sending,
                                                            .on_body = on_piece,
                                                            .on_done = on_sent};
    mailproto_smtp_server_config at = {.struct_size = sizeof at,
                                       .hostname = {"mx.example", 10},
                                       .command_ms = LIMIT_MS,
                                       .body_ms = LIMIT_MS,
                                       .stall_ms = LIMIT_MS,
                                       .min_body_rate = 100000};
    mailproto_smtp_client_config from = {.struct_size = sizeof from,
                                         .flags = client_flags,
                                         .hostname = {"pc.example", 10},
                                         .command_ms = LIMIT_MS,
                                         .data_ms = LIMIT_MS,
                                         .message_ms = LIMIT_MS,
                                         .stall_ms = LIMIT_MS};
    mailproto_smtp_envelope envelope = {.struct_size = sizeof envelope, .size = SIZE, .sender = {"a@example", 9}};
    mailproto_smtp_recipient to = {.struct_size = sizeof to, .path = {"b@example", 9}};
    struct smtp smtp = {.outcome = 0};
    struct test_allocator a, b;
    mailproto_smtp_server *server;
    mailproto_smtp_client *client;
    uint64_t command, ms;

    test_allocator_init(&a);
    test_allocator_init(&b);
    assert_int_equal(mailproto_smtp_server_new(&server, &at, &serving, &a.api, &smtp, NULL), 0);
    assert_int_equal(mailproto_smtp_client_new(&client, &from, &sending, &b.api, &smtp, NULL), 0);
    assert_int_equal(mailproto_smtp_client_send(client, &envelope, &command), 0);
    assert_int_equal(mailproto_smtp_client_send_to(client, command, &to), 0);
    assert_int_equal(mailproto_smtp_client_send_go(client, command), 0);
    ms = run(mailproto_smtp_server_session(server), mailproto_smtp_client_session(client), &smtp.store);
    mailproto_session_free(mailproto_smtp_server_session(server));
    mailproto_session_free(mailproto_smtp_client_session(client));
    assert_int_equal(smtp.outcome, MAILPROTO_SMTP_ACCEPTED);
    check(&smtp.store, &a, &b, ms);
}

static void data_into_a_slow_store(void **state)
{
    (void)state;
    smtp_with(MAILPROTO_SMTP_CLIENT_NO_CHUNKING);
}

static void chunks_into_a_slow_store(void **state)
{
    (void)state;
    smtp_with(0);
}

/* ---- POP3: the client's host holds ---- */

static int32_t on_auth(mailproto_pop3_server *server, const mailproto_pop3_auth *auth, void *user)
{
    (void)user;
    return mailproto_pop3_server_accept(server, auth->head.token);
}

static int32_t on_open(mailproto_pop3_server *server, const mailproto_pop3_open *open, void *user)
{
    (void)user;
    return mailproto_pop3_server_opened(server, open->head.token, 1, SIZE);
}

static int32_t on_list(mailproto_pop3_server *server, const mailproto_pop3_list *list, void *user)
{
    (void)user;
    assert_int_equal(mailproto_pop3_server_give(server, list->head.token, 1, SIZE, "1", 1), 0);
    return mailproto_pop3_server_given(server, list->head.token);
}

static int32_t on_retrieve(mailproto_pop3_server *server, const mailproto_pop3_retrieve *retrieve, void *user)
{
    (void)user;
    return mailproto_pop3_server_retrieving(server, retrieve->head.token, SIZE);
}

static int32_t on_read(mailproto_pop3_server *server, const mailproto_pop3_piece *wanted, void *user)
{
    char piece[8192];
    size_t n = wanted->max < sizeof piece ? wanted->max : sizeof piece;

    (void)user;
    if (n > SIZE - wanted->offset)
        n = (size_t)(SIZE - wanted->offset);
    fill(piece, wanted->offset, n);
    return mailproto_session_piece(mailproto_pop3_server_session(server), wanted->head.token, piece, n);
}

static int32_t on_commit(mailproto_pop3_server *server, const mailproto_pop3_commit *commit, void *user)
{
    (void)user;
    return mailproto_pop3_server_committed(server, commit->head.token, 0);
}

struct pop3 {
    struct store store;
    int whole;
};

static int32_t on_credentials(mailproto_pop3_client *client, const mailproto_pop3_credentials *asked, void *user)
{
    (void)user;
    return mailproto_pop3_client_credentials(client, asked->head.token, "", 0, "bob", 3, "secret", 6);
}

static int32_t on_fetched(mailproto_pop3_client *client, const mailproto_pop3_body *body, void *user)
{
    take(&((struct pop3 *)user)->store, mailproto_pop3_client_session(client), body->bytes);
    return 0;
}

static int32_t on_done(mailproto_pop3_client *client, const mailproto_pop3_done *done, void *user)
{
    ((struct pop3 *)user)->whole = done->why == 0 && done->verb == MAILPROTO_POP3_VERB_RETR;
    return mailproto_session_finish(mailproto_pop3_client_session(client));
}

static void retr_into_a_slow_store(void **state)
{
    static const mailproto_pop3_server_callbacks serving = {.struct_size = sizeof serving,
                                                            .on_auth = on_auth,
                                                            .on_open = on_open,
                                                            .on_list = on_list,
                                                            .on_retrieve = on_retrieve,
                                                            .on_piece = on_read,
                                                            .on_commit = on_commit};
    static const mailproto_pop3_client_callbacks fetching = {.struct_size = sizeof fetching,
                                                             .on_credentials = on_credentials,
                                                             .on_body = on_fetched,
                                                             .on_done = on_done};
    mailproto_pop3_server_config at = {.struct_size = sizeof at,
                                       .flags = MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN,
                                       .command_ms = LIMIT_MS,
                                       .stall_ms = LIMIT_MS};
    mailproto_pop3_client_config from = {.struct_size = sizeof from,
                                         .flags = MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN,
                                         .login = {MAILPROTO_SASL_PLAIN},
                                         .command_ms = LIMIT_MS,
                                         .body_ms = LIMIT_MS,
                                         .quit_ms = LIMIT_MS,
                                         .min_body_rate = 100000};
    struct pop3 pop3 = {.whole = 0};
    struct test_allocator a, b;
    mailproto_pop3_server *server;
    mailproto_pop3_client *client;
    uint64_t command, ms;

    (void)state;
    test_allocator_init(&a);
    test_allocator_init(&b);
    assert_int_equal(mailproto_pop3_server_new(&server, &at, &serving, &a.api, &pop3, NULL), 0);
    assert_int_equal(mailproto_pop3_client_new(&client, &from, &fetching, &b.api, &pop3, NULL), 0);
    assert_int_equal(mailproto_pop3_client_retr(client, 1, &command), 0);
    ms = run(mailproto_pop3_client_session(client), mailproto_pop3_server_session(server), &pop3.store);
    mailproto_session_free(mailproto_pop3_server_session(server));
    mailproto_session_free(mailproto_pop3_client_session(client));
    assert_true(pop3.whole);
    check(&pop3.store, &b, &a, ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_into_a_slow_store),
        cmocka_unit_test(chunks_into_a_slow_store),
        cmocka_unit_test(retr_into_a_slow_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
