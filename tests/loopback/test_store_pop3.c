/* POP3 client against a server whose maildrops are in stores: each message arrives octet for octet, and is gone if and only if
   QUIT was answered; whatever is cut, held, answered late or broken off.
   RFC 1939; mailproto/pop3_server.h, open_store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/pop3_reader.h"
#include "support/pop3_store_host.h"

#include "accounts.h"

enum { MESSAGES = 7, TEXT_MAX = 5000 };

struct meeting {
    struct test_drop drop; /* first */
    struct test_reader reader;
    struct account account;
    struct test_random random;
    char texts[MESSAGES][TEXT_MAX];
    int client_heard_end;
};

/* ---- messages ---- */

struct filler {
    mailproto_store_asker asker; /* first */
    uint64_t told;
};

static int32_t on_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    struct filler *f = (struct filler *)(void *)asker;
    const void *of = item;

    (void)token;
    if (item->type == MAILPROTO_STORE_MAILBOX)
        f->told = ((const mailproto_store_mailbox *)of)->mailbox;
    if (item->type == MAILPROTO_STORE_UPLOAD)
        f->told = ((const mailproto_store_upload *)of)->upload;
    return MAILPROTO_OK;
}

static int32_t on_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    (void)asker;
    (void)token;
    (void)text;
    (void)len;
    assert_int_equal(why, MAILPROTO_OK);
    return MAILPROTO_OK;
}

static void ask(struct filler *f, const struct account *account, void *question, size_t size, uint32_t type)
{
    mailproto_event *head = question;

    *head = (mailproto_event){(uint32_t)size, type, 1};
    assert_int_equal(mailproto_store_ask(&account->inner, &f->asker, head), MAILPROTO_OK);
}

static void append(const struct account *account, const char *text)
{
    struct filler f = {.asker = {sizeof f.asker, 0, on_item, on_end}};
    mailproto_store_list list = {.only = {"INBOX", 5}};
    mailproto_store_append_begin begin = {.size = strlen(text)};
    mailproto_store_append_write write = {.bytes = {text, strlen(text)}};
    mailproto_store_append_commit commit = {.upload = 0};

    ask(&f, account, &list, sizeof list, MAILPROTO_STORE_LIST);
    begin.mailbox = f.told;
    ask(&f, account, &begin, sizeof begin, MAILPROTO_STORE_APPEND_BEGIN);
    write.upload = commit.upload = f.told;
    ask(&f, account, &write, sizeof write, MAILPROTO_STORE_APPEND_WRITE);
    ask(&f, account, &commit, sizeof commit, MAILPROTO_STORE_APPEND_COMMIT);
}

static void make_message(struct meeting *t, char *text)
{
    static const char *const parts[] = {".",          "..",       "\r\n",  "\r\n.\r\n", "text ",
                                        "\r\n..\r\n", "QUIT\r\n", "x\r\n", "+OK",       "\r\n\r\n"};
    size_t most = test_random_below(&t->random, TEXT_MAX - 20), n = 0;

    strcpy(text, "Subject: x\r\n");
    n = strlen(text);
    while (n < most) {
        const char *part = parts[test_random_below(&t->random, sizeof parts / sizeof parts[0])];

        strcpy(text + n, part);
        n += strlen(part);
    }
}

/* ---- both ends ---- */

static int also(struct test_host *h)
{
    struct meeting *t = (struct meeting *)(void *)h;

    return account_move(&t->account);
}

static void submit(struct meeting *t)
{
    uint64_t token;

    for (uint32_t i = 1; i <= MESSAGES; i++) {
        assert_int_equal(mailproto_pop3_client_retr(t->reader.client, i, &token), MAILPROTO_OK);
        if (i % 2)
            assert_int_equal(mailproto_pop3_client_dele(t->reader.client, i, &token), MAILPROTO_OK);
    }
    mailproto_session_finish(t->reader.host.session);
}

static void begin(struct meeting *t, uint64_t seed)
{
    mailproto_pop3_server_config server;
    mailproto_pop3_client_config client;

    memset(t, 0, sizeof *t);
    t->random.state = seed;
    account_begin(&t->account, seed / 2 % 2 ? seed : 0);
    for (int i = 0; i < MESSAGES; i++) {
        make_message(t, t->texts[i]);
        append(&t->account, t->texts[i]);
    }
    test_store_start(&t->drop.store, seed); /* not asked */
    t->drop.other = &t->account.store;
    test_drop_config(&server);
    server.piece = 64 + (uint32_t)test_random_below(&t->random, 3000);
    t->drop.host.holds = (int)(seed % 2);
    assert_int_equal(test_drop_start(&t->drop, &server, (uint32_t)test_random_below(&t->random, 3), seed, NULL),
                     MAILPROTO_OK);
    t->drop.host.also = also;
    test_client_config(&client);
    t->reader.name = "alice";
    t->reader.password = "secret";
    assert_int_equal(test_reader_start(&t->reader, &client, (uint32_t)test_random_below(&t->random, 3), seed, NULL),
                     MAILPROTO_OK);
    submit(t);
}

static void end(struct meeting *t)
{
    test_host_free(&t->drop.host);
    test_store_free(&t->drop.store);
    test_reader_free(&t->reader);
    account_end(&t->account);
}

/* ---- the wire ---- */

static size_t carry(struct meeting *t, struct test_host *from, struct test_host *to)
{
    size_t n = from->out.len;

    if (!n)
        return 0;
    n = 1 + test_random_below(&t->random, n);
    test_bytes_add(&to->in, from->out.ptr, n);
    test_bytes_take(&from->out, n);
    return n;
}

static int over(const struct test_host *h)
{
    return (mailproto_session_wants(h->session) & MAILPROTO_WANTS_CLOSE) != 0;
}

static void talk(struct meeting *t, size_t limit)
{
    struct test_host *server = &t->drop.host, *client = &t->reader.host;
    size_t moved = 0, n;
    int alive = 1;

    while (alive && moved < limit) {
        test_host_settle(server);
        test_host_settle(client);
        alive = test_host_act(server) | test_host_act(client);
        n = carry(t, server, client);
        moved += n;
        n += carry(t, client, server);
        alive |= n != 0;
        if (over(client))
            client->in.len = 0;
        if (over(server) && !server->out.len && !over(client) && !client->in.len && !t->client_heard_end) {
            t->client_heard_end = 1;
            test_host_eof(client);
            alive = 1;
        }
        alive |= (client->in.len && !over(client)) || (server->in.len && !over(server));
    }
}

/* The log without what is not of the messages. */
static void check_texts(const struct meeting *t, uint64_t seed)
{
    const char *log = (const char *)t->reader.log.ptr, *end_of_log = log + t->reader.log.len;
    char head[60];

    for (uint32_t i = 1; i <= MESSAGES; i++) {
        const char *text = t->texts[i - 1], *at = log;
        size_t n = strlen(text), head_len = (size_t)sprintf(head, "message %u announced %zu\n", (unsigned)i, n);

        while (at + head_len + n <= end_of_log && memcmp(at, head, head_len) != 0)
            at++;
        if (at + head_len + n > end_of_log || memcmp(at + head_len, text, n) != 0)
            fail_msg("seed %u: message %u is not what was stored", (unsigned)seed, (unsigned)i);
    }
}

static void test_meetings(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        begin(&t, seed);
        talk(&t, SIZE_MAX);
        check_texts(&t, seed);
        assert_int_equal(t.drop.ends, 1);
        assert_int_equal(t.drop.updated, 1);
        assert_int_equal(t.drop.failed, 0);
        assert_int_equal(t.drop.retrieve_ends, MESSAGES);
        assert_int_equal(t.reader.quits, 1);
        assert_int_equal(account_messages(&t.account, NULL, NULL), MESSAGES / 2);
        end(&t);
    }
}

static void test_broken_meetings(void **state)
{
    static struct meeting t;

    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        size_t left;

        begin(&t, seed);
        talk(&t, 1 + test_random_below(&t.random, 16000));
        test_host_lost(&t.drop.host, MAILPROTO_ERR_LOST);
        test_host_lost(&t.reader.host, MAILPROTO_ERR_LOST);
        t.drop.host.in.len = t.reader.host.in.len = 0;
        test_host_rest(&t.drop.host);
        test_host_rest(&t.reader.host);
        while (account_move(&t.account)) /* what was under way when it broke */
            ;
        assert_int_equal(t.drop.opens, t.drop.ends);
        assert_int_equal(t.drop.open, 0);
        left = account_messages(&t.account, NULL, NULL);
        if (t.drop.updated)
            assert_int_equal(left, MESSAGES / 2);
        else
            assert_true(left == MESSAGES || left == MESSAGES / 2); /* QUIT was under way: all of it, or none */
        end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meetings),
        cmocka_unit_test(test_broken_meetings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
