/* A POP3 maildrop in a store: every command, every answer of the store, cut everywhere, at once, late, in parts, polled and
   held; nothing is left open whatever happens.
   RFC 1939; mailproto/pop3_server.h, open_store; mailproto/store.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/pop3_store_host.h"

#define MESSAGE_1 "Subject: one\r\n\r\nfirst\r\n.dot\r\n..\r\n.\r\n"
#define SENT_1    "Subject: one\r\n\r\nfirst\r\n..dot\r\n...\r\n..\r\n"
#define MESSAGE_2 "Subject: two\r\nFrom: x\r\n\r\nl1\r\nl2\r\nl3"
#define MESSAGE_3 "Subject: three\r\n\r\nx\r\n"

#define GREETING  "+OK POP3 server ready\r\n"
#define IN        "USER alice\r\nPASS secret\r\n"
#define NAME      "+OK now the password\r\n"
#define OUT       NAME "+OK maildrop locked and ready\r\n"

/* Between the login and the rest: somebody else changes the mailbox. */
#define MEANWHILE "\001"

struct conversation {
    const char *name, *in, *out;
    void (*store)(struct test_store *s);
    void (*meanwhile)(struct test_store *s);
    void (*check)(const struct test_drop *d);
};

/* ---- stores ---- */

static void fails(struct test_store *s, uint32_t type, uint32_t after, int32_t why)
{
    s->fail_type = type;
    s->fail_after = after;
    s->fail_why = why;
}

static void no_inbox(struct test_store *s)
{
    s->inbox = 0;
}

static void in_use(struct test_store *s)
{
    fails(s, MAILPROTO_STORE_OPEN, 0, MAILPROTO_ERR_BUSY);
}

static void not_to_be_read(struct test_store *s)
{
    s->rights = MAILPROTO_RIGHT_LOOKUP;
}

static void list_fails(struct test_store *s)
{
    fails(s, MAILPROTO_STORE_LIST, 0, MAILPROTO_ERR_UNAVAILABLE);
}

static void damaged(struct test_store *s)
{
    fails(s, MAILPROTO_STORE_CHANGES, 0, MAILPROTO_ERR_CORRUPT);
}

static void changes_fail(struct test_store *s)
{
    fails(s, MAILPROTO_STORE_CHANGES, 1, MAILPROTO_ERR_UNAVAILABLE);
}

static void opens_once(struct test_store *s)
{
    in_use(s);
    s->fail_times = 1;
}

static void pin_fails(struct test_store *s)
{
    fails(s, MAILPROTO_STORE_MESSAGE_OPEN, 0, MAILPROTO_ERR_FULL);
}

static void read_fails(struct test_store *s)
{
    s->slice = 10;
    fails(s, MAILPROTO_STORE_MESSAGE_READ, 1, MAILPROTO_ERR_UNAVAILABLE);
}

static void flags_fail(struct test_store *s)
{
    fails(s, MAILPROTO_STORE_FLAGS, 0, MAILPROTO_ERR_DENIED);
}

static void expunge_fails(struct test_store *s)
{
    fails(s, MAILPROTO_STORE_EXPUNGE, 0, MAILPROTO_ERR_FULL);
}

static void leaves_some(struct test_store *s)
{
    s->keep_deleted = 2;
}

/* What was removed is asked again, and nothing comes of that. */
static void forgetful(struct test_store *s)
{
    s->keep_deleted = 1;
    s->silent_type = MAILPROTO_STORE_CHANGES;
    s->silent_after = 3;
}

static void one_vanishes(struct test_store *s)
{
    test_store_remove(s, 2);
    test_store_add(s, "Subject: new\r\n\r\n", 16);
}

static void all_vanish(struct test_store *s)
{
    test_store_remove(s, 1);
    test_store_remove(s, 2);
    test_store_remove(s, 4);
}

/* ---- checks ---- */

static void update(const struct test_drop *d, size_t left, uint32_t failed)
{
    assert_int_equal(d->ends, 1);
    assert_int_equal(d->updated, 1);
    assert_int_equal(d->failed, failed);
    assert_int_equal(d->host.why, MAILPROTO_OK);
    assert_int_equal(test_store_messages(&d->store), left);
}

static void updated(const struct test_drop *d)
{
    update(d, 3, 0);
}

static void updated_two(const struct test_drop *d)
{
    update(d, 1, 0);
    assert_int_equal(d->store.messages[1].gone, 0);
}

static void updated_all(const struct test_drop *d)
{
    update(d, 0, 0);
}

static void updated_new(const struct test_drop *d)
{
    update(d, 2, 0);
    assert_int_equal(d->store.messages[3].gone, 1); /* the index: UID 3 was removed before the login */
    assert_int_equal(d->store.messages[4].gone, 0);
}

static void failed_all(const struct test_drop *d)
{
    update(d, 3, 2);
}

static void failed_one(const struct test_drop *d)
{
    update(d, 2, 1);
}

static void never(const struct test_drop *d, int32_t why)
{
    assert_int_equal(d->opens, 1);
    assert_int_equal(d->ends, 1);
    assert_int_equal(d->updated, 0);
    assert_int_equal(d->end_why, why);
}

static void never_busy(const struct test_drop *d)
{
    never(d, MAILPROTO_ERR_BUSY);
}

static void never_found(const struct test_drop *d)
{
    never(d, MAILPROTO_ERR_NOT_FOUND);
}

static void never_allowed(const struct test_drop *d)
{
    never(d, MAILPROTO_ERR_DENIED);
}

static void never_available(const struct test_drop *d)
{
    never(d, MAILPROTO_ERR_UNAVAILABLE);
}

static void never_whole(const struct test_drop *d)
{
    never(d, MAILPROTO_ERR_CORRUPT);
}

static void second_login(const struct test_drop *d)
{
    assert_int_equal(d->opens, 2);
    assert_int_equal(d->ends, 2);
    assert_int_equal(d->updated, 1);
}

static void cut_off(const struct test_drop *d)
{
    assert_int_equal(d->host.why, MAILPROTO_ERR_BODY);
    assert_int_equal(d->retrieve_ends, 1);
    assert_int_equal(d->retrieve_why, MAILPROTO_ERR_BODY);
    assert_int_equal(d->updated, 0);
    assert_int_equal(test_store_messages(&d->store), 3);
}

static void abandoned(const struct test_drop *d)
{
    assert_int_equal(d->ends, 1);
    assert_int_equal(d->updated, 0);
    assert_int_equal(test_store_messages(&d->store), 3);
    assert_int_equal(d->store.messages[0].flags | d->store.messages[1].flags, 0);
}

static void read_both(const struct test_drop *d)
{
    updated(d);
    assert_int_equal(d->retrieve_ends, 2);
    assert_int_equal(d->octets, strlen(MESSAGE_1) + strlen(MESSAGE_2));
}

/* ---- conversations; the messages are 1, 2 and 4 ---- */

#define LISTED "+OK the list follows\r\n"

static const struct conversation conversations[] = {
    {"all commands", IN "STAT\r\nLIST\r\nLIST 2\r\nUIDL\r\nUIDL 3\r\nNOOP\r\nRETR 1\r\nRETR 2\r\nQUIT\r\n",
     GREETING OUT "+OK 3 92\r\n" LISTED "1 36\r\n2 35\r\n3 21\r\n.\r\n+OK 2 35\r\n" LISTED
                  "1 4000000000.1\r\n2 4000000000.2\r\n3 4000000000.4\r\n.\r\n+OK 3 4000000000.4\r\n+OK\r\n"
                  "+OK 36 octets\r\n" SENT_1 ".\r\n+OK 35 octets\r\n" MESSAGE_2 "\r\n.\r\n+OK bye\r\n",
     NULL, NULL, read_both},
    {"TOP", IN "TOP 1 1\r\nTOP 2 0\r\nTOP 3 9\r\nTOP 4 1\r\nQUIT\r\n",
     GREETING OUT "+OK the top follows\r\nSubject: one\r\n\r\nfirst\r\n.\r\n"
                  "+OK the top follows\r\nSubject: two\r\nFrom: x\r\n\r\n.\r\n"
                  "+OK the top follows\r\n" MESSAGE_3 ".\r\n-ERR no such message\r\n+OK bye\r\n",
     NULL, NULL, updated},
    {"DELE and QUIT", IN "DELE 3\r\nDELE 1\r\nSTAT\r\nLIST\r\nUIDL\r\nRETR 1\r\nQUIT\r\n",
     GREETING OUT "+OK message deleted\r\n+OK message deleted\r\n+OK 1 35\r\n" LISTED "2 35\r\n.\r\n" LISTED
                  "2 4000000000.2\r\n.\r\n-ERR this message is deleted\r\n+OK bye\r\n",
     NULL, NULL, updated_two},
    {"all deleted", IN "DELE 1\r\nDELE 2\r\nDELE 3\r\nLIST\r\nUIDL\r\nQUIT\r\n",
     GREETING OUT "+OK message deleted\r\n+OK message deleted\r\n+OK message deleted\r\n" LISTED ".\r\n" LISTED
                  ".\r\n+OK bye\r\n",
     NULL, NULL, updated_all},
    {"the last ones deleted, listed", IN "DELE 2\r\nDELE 3\r\nLIST\r\nRSET\r\nQUIT\r\n",
     GREETING OUT "+OK message deleted\r\n+OK message deleted\r\n" LISTED "1 36\r\n.\r\n+OK no message is deleted\r\n"
                  "+OK bye\r\n",
     NULL, NULL, updated},
    {"without QUIT nothing is deleted", IN "DELE 1\r\nDELE 2\r\n",
     GREETING OUT "+OK message deleted\r\n+OK message deleted\r\n", NULL, NULL, abandoned},
    {"others change it",
     IN MEANWHILE "STAT\r\nLIST\r\nLIST 2\r\nDELE 2\r\nRETR 2\r\nTOP 2 1\r\nUIDL 2\r\nRETR 4\r\n"
                  "DELE 3\r\nQUIT\r\n",
     GREETING OUT "+OK 3 92\r\n" LISTED "1 36\r\n3 21\r\n.\r\n-ERR no such message\r\n-ERR no such message\r\n"
                  "-ERR this message is gone\r\n-ERR this message is gone\r\n+OK 2 4000000000.2\r\n"
                  "-ERR no such message\r\n+OK message deleted\r\n+OK bye\r\n",
     NULL, one_vanishes, updated_new},
    {"others remove what was marked", IN "DELE 1\r\nDELE 2\r\n" MEANWHILE "LIST\r\nQUIT\r\n",
     GREETING OUT "+OK message deleted\r\n+OK message deleted\r\n" LISTED ".\r\n+OK bye\r\n", NULL, all_vanish,
     updated_all},
    {"it is in use", IN "STAT\r\nQUIT\r\n",
     GREETING NAME "-ERR [IN-USE] the maildrop is in use\r\n-ERR this command is not for this state of the session\r\n"
                   "+OK bye\r\n",
     in_use, NULL, never_busy},
    {"in use, and a second time not", IN IN "STAT\r\nQUIT\r\n",
     GREETING NAME "-ERR [IN-USE] the maildrop is in use\r\n" OUT "+OK 3 92\r\n+OK bye\r\n", opens_once, NULL,
     second_login},
    {"there is no INBOX", IN "QUIT\r\n", GREETING NAME "-ERR [SYS/PERM] there is no such maildrop\r\n+OK bye\r\n",
     no_inbox, NULL, never_found},
    {"it may not be read", IN "QUIT\r\n", GREETING NAME "-ERR [SYS/PERM] this is not allowed\r\n+OK bye\r\n",
     not_to_be_read, NULL, never_allowed},
    {"it cannot be found", IN "QUIT\r\n", GREETING NAME "-ERR [SYS/TEMP] the store is not available\r\n+OK bye\r\n",
     list_fails, NULL, never_available},
    {"a mailbox that is named is not looked for", IN "STAT\r\nQUIT\r\n", GREETING OUT "+OK 3 92\r\n+OK bye\r\n",
     list_fails, NULL, updated},
    {"it cannot be counted", IN "QUIT\r\n", GREETING NAME "-ERR [SYS/PERM] what is stored is damaged\r\n+OK bye\r\n",
     damaged, NULL, never_whole},
    {"listings fail", IN "LIST\r\nLIST 1\r\nDELE 1\r\nUIDL 1\r\nSTAT\r\nQUIT\r\n",
     GREETING OUT "-ERR [SYS/TEMP] the store is not available\r\n-ERR [SYS/TEMP] the store is not available\r\n"
                  "-ERR [SYS/TEMP] the store is not available\r\n+OK 1 4000000000.1\r\n+OK 3 92\r\n+OK bye\r\n",
     changes_fail, NULL, updated},
    {"a message cannot be opened", IN "RETR 1\r\nQUIT\r\n",
     GREETING OUT "-ERR [SYS/TEMP] the store is not available\r\n+OK bye\r\n", pin_fails, NULL, updated},
    {"a message cannot be read", IN "DELE 2\r\nRETR 1\r\nQUIT\r\n",
     GREETING OUT "+OK message deleted\r\n+OK 36 octets\r\nSubject: o", read_fails, NULL, cut_off},
    {"flags cannot be set", IN "DELE 1\r\nDELE 2\r\nQUIT\r\n",
     GREETING OUT "+OK message deleted\r\n+OK message deleted\r\n-ERR some deleted messages not removed\r\n",
     flags_fail, NULL, failed_all},
    {"expunge fails", IN "DELE 1\r\nDELE 2\r\nQUIT\r\n",
     GREETING OUT "+OK message deleted\r\n+OK message deleted\r\n-ERR some deleted messages not removed\r\n",
     expunge_fails, NULL, failed_all},
    {"what is left cannot be known", IN "DELE 1\r\nDELE 2\r\nQUIT\r\n",
     GREETING OUT "+OK message deleted\r\n+OK message deleted\r\n-ERR some deleted messages not removed\r\n", forgetful,
     NULL, failed_all},
    {"some are not expunged", IN "DELE 1\r\nDELE 2\r\nQUIT\r\n",
     GREETING OUT "+OK message deleted\r\n+OK message deleted\r\n-ERR some deleted messages not removed\r\n",
     leaves_some, NULL, failed_one},
};

/* ---- running them ---- */

struct way {
    uint32_t mode;
    int holds, late;
    size_t cut;   /* octets a feed; 0: at random */
    size_t first; /* not 0: two feeds, the first of so many */
    size_t slice;
};

static void fill(struct test_store *s)
{
    test_store_add(s, MESSAGE_1, strlen(MESSAGE_1));
    test_store_add(s, MESSAGE_2, strlen(MESSAGE_2));
    test_store_add(s, "gone", 4);
    test_store_add(s, MESSAGE_3, strlen(MESSAGE_3));
    test_store_remove(s, 3);
}

static void send(struct test_drop *d, const char *p, size_t n, const struct way *way)
{
    size_t first = way->first < n ? way->first : n;

    if (way->first) {
        test_host_send(&d->host, p, first, first);
        if (n > first)
            test_host_send(&d->host, p + first, n - first, n - first);
    } else {
        test_host_send(&d->host, p, n, way->cut);
    }
}

static void converse(struct test_drop *d, const struct conversation *c, const struct way *way)
{
    const char *at = c->in, *meanwhile = strchr(at, MEANWHILE[0]);

    if (meanwhile) {
        send(d, at, (size_t)(meanwhile - at), way);
        test_host_rest(&d->host);
        c->meanwhile(&d->store);
        at = meanwhile + 1;
    }
    send(d, at, strlen(at), way);
    test_host_rest(&d->host);
    if (!(mailproto_session_wants(d->host.session) & MAILPROTO_WANTS_CLOSE))
        test_host_eof(&d->host);
    test_host_rest(&d->host);
}

static void prepare(struct test_drop *d, const struct conversation *c, const struct way *way, uint64_t seed)
{
    memset(d, 0, sizeof *d);
    test_store_start(&d->store, seed);
    fill(&d->store);
    d->store.late = way->late;
    d->store.leases = 1;
    d->store.slice = way->slice;
    d->mailbox = seed % 2 ? d->store.inbox : 0;
    d->host.holds = way->holds;
    if (c->store) {
        d->mailbox = 0;
        c->store(&d->store);
        if (c->store == list_fails && c->check == updated) /* it is named: nobody looks for it */
            d->mailbox = d->store.inbox;
    }
}

static void compare(const struct conversation *c, const struct test_drop *d, const struct way *way)
{
    size_t n = strlen(c->out);

    if (d->host.out.len != n || memcmp(d->host.out.ptr, c->out, n)) {
        print_error("%s (mode %u, holds %d, late %d, cut %zu, first %zu):\n%.*s\ninstead of\n%s\n", c->name, way->mode,
                    way->holds, way->late, way->cut, way->first, (int)d->host.out.len, (const char *)d->host.out.ptr,
                    c->out);
        fail();
    }
    assert_int_equal(d->host.closed, 1);
    assert_int_equal(d->open, 0);
    c->check(d);
}

static void run(const struct conversation *c, const struct way *way, uint64_t seed)
{
    mailproto_pop3_server_config config;
    struct test_allocator memory;
    struct test_drop d;

    test_allocator_init(&memory);
    test_drop_config(&config);
    prepare(&d, c, way, seed);
    assert_int_equal(test_drop_start(&d, &config, way->mode, seed, &memory.api), MAILPROTO_OK);
    if (seed % 3 == 0)
        mailproto_session_set_trace(d.host.session, MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_BODY);
    converse(&d, c, way);
    compare(c, &d, way);
    test_host_free(&d.host);
    test_store_free(&d.store);
    assert_int_equal(memory.live, 0);
    assert_true(memory.peak <= mailproto_pop3_server_memory_max(&config) + 8);
}

enum { CONVERSATIONS = sizeof conversations / sizeof *conversations };

static void test_conversations(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++)
        for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++)
            for (int ways = 0; ways < 4; ways++) {
                const struct conversation *c = &conversations[i];

                run(c, &(struct way){mode, ways & 1, ways >> 1, 1, 0, 1}, 7);
                run(c, &(struct way){mode, ways & 1, ways >> 1, 100000, 0, 0}, 8);
                for (uint64_t seed = 0; seed < 6; seed++)
                    run(c, &(struct way){mode, ways & 1, ways >> 1, 0, 0, 1 + (size_t)seed}, seed);
            }
}

static void test_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++)
        for (size_t first = 1; first < strlen(conversations[i].in); first++)
            run(&conversations[i], &(struct way){TEST_AT_ONCE, 0, (int)(first % 2), 0, first, 0}, first);
}

static void test_every_allocation(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct conversation *c = &conversations[i];
        mailproto_pop3_server_config config;
        struct test_allocator memory;
        struct test_drop d;

        test_drop_config(&config);
        for (size_t n = 1;; n++) {
            const struct way way = {n % 3 == 0 ? TEST_POLLED : TEST_LATER, 0, n % 4 != 0, n % 2 ? 1 : 1000, 0, 3};

            test_allocator_init(&memory);
            memory.fail_at = n;
            prepare(&d, c, &way, n);
            if (!test_drop_start(&d, &config, way.mode, n, &memory.api))
                converse(&d, c, &way);
            assert_int_equal(d.open, 0);
            test_host_free(&d.host);
            test_store_free(&d.store);
            assert_int_equal(memory.live, 0);
            if (!memory.failed)
                break;
        }
    }
}

/* The session is freed, or lost, after each thing that the store or the host did. */
static void stop_after(const struct conversation *c, size_t steps, int lost, uint64_t seed, int *over)
{
    const struct way way = {TEST_LATER, 0, 1, 0, 0, 4};
    mailproto_pop3_server_config config;
    struct test_allocator memory;
    struct test_drop d;

    test_allocator_init(&memory);
    test_drop_config(&config);
    prepare(&d, c, &way, seed);
    assert_int_equal(test_drop_start(&d, &config, TEST_LATER, seed, &memory.api), MAILPROTO_OK);
    for (const char *p = c->in; *p; p++)
        if (*p != MEANWHILE[0])
            test_bytes_add(&d.host.in, p, 1);
    test_host_settle(&d.host);
    while (steps && test_host_act(&d.host)) {
        test_host_settle(&d.host);
        steps--;
    }
    *over = steps != 0;
    if (lost) {
        test_host_lost(&d.host, MAILPROTO_ERR_LOST);
        assert_int_equal(d.host.closed, 1);
        assert_int_equal(d.open, 0);
        assert_int_equal(test_store_open(&d.store), 0);
    }
    test_host_free(&d.host);
    test_store_free(&d.store);
    assert_int_equal(memory.live, 0);
}

static void test_ends_anywhere(void **state)
{
    int over;

    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++)
        for (int lost = 0; lost < 2; lost++)
            for (size_t steps = 0, ended = 0; !ended; steps++, ended = (size_t)over)
                for (uint64_t seed = 0; seed < 3; seed++)
                    stop_after(&conversations[i], steps, lost, seed, &over);
}

/* ---- the store answers what is no answer ---- */

static void strange(uint32_t silent_type, uint32_t after, int empty_pages, const char *in, const char *out)
{
    mailproto_pop3_server_config config;

    for (int late = 0; late < 2; late++) {
        struct test_drop d = {.host = {.now = 0}};

        test_drop_config(&config);
        test_store_start(&d.store, 3);
        fill(&d.store);
        d.store.late = late;
        d.store.silent_type = silent_type;
        d.store.silent_after = after;
        d.store.empty_pages = empty_pages;
        assert_int_equal(test_drop_start(&d, &config, TEST_LATER, 3, NULL), MAILPROTO_OK);
        test_host_send(&d.host, in, strlen(in), strlen(in));
        test_host_rest(&d.host);
        if (d.host.out.len != strlen(out) || memcmp(d.host.out.ptr, out, strlen(out))) {
            print_error("%.*s\ninstead of\n%s\n", (int)d.host.out.len, (const char *)d.host.out.ptr, out);
            fail();
        }
        test_host_free(&d.host);
        test_store_free(&d.store);
    }
}

static void test_strange_answers(void **state)
{
    static const char none[] = GREETING NAME "-ERR [SYS/TEMP] the store is not available\r\n";
    static const char later[] = GREETING OUT "-ERR [SYS/TEMP] the store is not available\r\n";

    (void)state;
    strange(MAILPROTO_STORE_LIST, 0, 0, IN, GREETING NAME "-ERR [SYS/PERM] there is no such maildrop\r\n");
    strange(MAILPROTO_STORE_OPEN, 0, 0, IN, none);
    strange(MAILPROTO_STORE_CHANGES, 0, 0, IN, none);
    strange(0, 0, 1, IN, none);
    strange(MAILPROTO_STORE_CHANGES, 1, 0, IN "LIST\r\n", later);
    strange(MAILPROTO_STORE_FLAGS, 0, 0, IN "DELE 1\r\nQUIT\r\n",
            GREETING OUT "+OK message deleted\r\n-ERR some deleted messages not removed\r\n");
    strange(MAILPROTO_STORE_MESSAGE_OPEN, 0, 0, IN "RETR 1\r\n", later);
    strange(MAILPROTO_STORE_MESSAGE_READ, 0, 0, IN "RETR 1\r\n", GREETING OUT "+OK 36 octets\r\n");
}

/* Each question has its own time. */
static void test_slow_answers(void **state)
{
    mailproto_pop3_server_config config;
    struct test_drop d = {.host = {.now = 0}};

    (void)state;
    test_drop_config(&config);
    config.answer_ms = 5000;
    test_store_start(&d.store, 3);
    fill(&d.store);
    d.store.late = 1;
    assert_int_equal(test_drop_start(&d, &config, TEST_AT_ONCE, 3, NULL), MAILPROTO_OK);
    test_bytes_text(&d.host.in, IN);
    test_host_settle(&d.host);
    while (d.store.asked_count) {
        size_t questions = d.store.questions;

        assert_int_equal(test_host_wait(&d.host, d.host.now + 4000), 0);
        while (d.store.questions == questions && test_store_act(&d.store))
            test_host_settle(&d.host);
    }
    assert_int_equal(d.store.questions, 3);
    assert_int_equal(d.host.out.len, strlen(GREETING OUT));
    test_host_free(&d.host);
    test_store_free(&d.store);
}

/* ---- the store does not answer ---- */

static void hang(uint32_t type, const char *in, const char *out, int32_t why)
{
    mailproto_pop3_server_config config;
    struct test_drop d = {0};

    test_drop_config(&config);
    test_store_start(&d.store, 3);
    fill(&d.store);
    d.store.late = 1;
    d.store.hang_type = type;
    config.answer_ms = 5000;
    assert_int_equal(test_drop_start(&d, &config, TEST_LATER, 3, NULL), MAILPROTO_OK);
    test_host_send(&d.host, in, strlen(in), strlen(in));
    test_host_rest(&d.host);
    assert_int_equal(test_host_wait(&d.host, 100000), 1);
    test_host_rest(&d.host);
    assert_int_equal(d.host.now, 6000);
    assert_int_equal(d.store.cancels, 1);
    assert_int_equal(d.host.cancels, 0); /* the host was not asked */
    assert_int_equal(d.host.out.len, strlen(out));
    assert_memory_equal(d.host.out.ptr, out, strlen(out));
    if (d.host.closed)
        assert_int_equal(d.host.why, why);
    test_host_free(&d.host);
    test_store_free(&d.store);
}

static void test_store_that_does_not_answer(void **state)
{
    static const char late[] = GREETING NAME "-ERR [SYS/TEMP] the store took too long\r\n";

    (void)state;
    hang(MAILPROTO_STORE_LIST, IN, late, 0);
    hang(MAILPROTO_STORE_OPEN, IN, late, 0);
    hang(MAILPROTO_STORE_CHANGES, IN, late, 0);
    hang(MAILPROTO_STORE_MESSAGE_OPEN, IN "RETR 1\r\n", GREETING OUT "-ERR [SYS/TEMP] the store took too long\r\n", 0);
    hang(MAILPROTO_STORE_MESSAGE_READ, IN "RETR 1\r\n", GREETING OUT "+OK 36 octets\r\n", MAILPROTO_ERR_BODY);
    hang(MAILPROTO_STORE_FLAGS, IN "DELE 1\r\nQUIT\r\n",
         GREETING OUT "+OK message deleted\r\n-ERR some deleted messages not removed\r\n", MAILPROTO_OK);
    hang(MAILPROTO_STORE_EXPUNGE, IN "DELE 1\r\nQUIT\r\n",
         GREETING OUT "+OK message deleted\r\n-ERR some deleted messages not removed\r\n", MAILPROTO_OK);
}

/* ---- construction ---- */

static int32_t never_called(mailproto_pop3_server *s, const mailproto_pop3_auth *auth, void *user)
{
    (void)s;
    (void)auth;
    (void)user;
    return 0;
}

static int32_t keep_token(mailproto_pop3_server *s, const mailproto_pop3_open *open, void *user)
{
    (void)s;
    *(uint64_t *)user = open->head.token;
    return 0;
}

static void test_what_is_missing_is_named(void **state)
{
    mailproto_pop3_server_callbacks table;
    mailproto_pop3_server_config config;
    mailproto_pop3_server *server;
    struct test_store store;
    const char *why = NULL;
    mailproto_session *s;
    uint64_t token = 0;
    size_t taken;

    (void)state;
    test_drop_config(&config);
    mailproto_pop3_server_callbacks_init(&table, sizeof table);
    table.on_auth = never_called;
    assert_int_equal(mailproto_pop3_server_new(&server, &config, &table, NULL, &token, &why), MAILPROTO_ERR_CONFIG);
    assert_string_equal(why, "the login needs on_open");
    table.on_open = keep_token;
    table.on_auth = NULL;
    assert_int_equal(mailproto_pop3_server_new(&server, &config, &table, NULL, &token, &why), MAILPROTO_ERR_CONFIG);
    table.on_auth = test_drop_on_auth;
    config.flags &= ~(uint32_t)MAILPROTO_POP3_SERVER_STORE;
    assert_int_equal(mailproto_pop3_server_new(&server, &config, &table, NULL, &token, &why), MAILPROTO_ERR_CONFIG);
    assert_string_equal(why, "LIST, UIDL and DELE need on_list");

    test_drop_config(&config);
    table.on_auth = never_called;
    assert_int_equal(mailproto_pop3_server_new(&server, &config, &table, NULL, &token, &why), MAILPROTO_OK);
    s = mailproto_pop3_server_session(server);
    test_store_start(&store, 1);
    assert_int_equal(mailproto_pop3_server_open_store(server, 5, &store.api, 0, &why), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_pop3_server_open_store(NULL, 5, &store.api, 0, &why), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_pop3_server_open_store(server, 5, NULL, 0, &why), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_session_feed(s, IN, strlen(IN), 1, &taken), MAILPROTO_OK);
    assert_int_equal(token, 0);
    mailproto_session_free(s);
    test_store_free(&store);
}

static int32_t accept_auth(mailproto_pop3_server *s, const mailproto_pop3_auth *auth, void *user)
{
    (void)user;
    return mailproto_pop3_server_accept(s, auth->head.token);
}

static void feed_all(mailproto_session *s, const char *text)
{
    size_t taken, n = strlen(text), len;
    const uint8_t *data;

    while (n) {
        mailproto_session_tick(s, 1);
        mailproto_session_feed(s, text, n, 1, &taken);
        text += taken;
        n -= taken;
        while (!mailproto_session_output(s, &data, &len) && len)
            mailproto_session_output_ack(s, len);
    }
}

static void test_open_store_refuses(void **state)
{
    mailproto_pop3_server_callbacks table;
    mailproto_pop3_server_config config;
    mailproto_pop3_server *server;
    struct test_store store;
    const char *why = NULL;
    mailproto_session *s;
    uint64_t token = 0;

    (void)state;
    test_drop_config(&config);
    mailproto_pop3_server_callbacks_init(&table, sizeof table);
    table.on_auth = accept_auth;
    table.on_open = keep_token;
    assert_int_equal(mailproto_pop3_server_new(&server, &config, &table, NULL, &token, &why), MAILPROTO_OK);
    s = mailproto_pop3_server_session(server);
    feed_all(s, IN);
    assert_int_not_equal(token, 0);
    test_store_start(&store, 1);
    assert_int_equal(mailproto_pop3_server_opened(server, token, 1, 1), MAILPROTO_ERR_STATE);
    store.api.changes = NULL;
    assert_int_equal(mailproto_pop3_server_open_store(server, token, &store.api, 0, &why), MAILPROTO_ERR_CONFIG);
    assert_string_equal(why, "POP3 needs store.changes");
    assert_int_equal(mailproto_pop3_server_err(server, token, MAILPROTO_POP3_RESP_SYS_TEMP, NULL, 0), MAILPROTO_OK);
    mailproto_session_free(s);
    test_store_free(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations),
        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_every_allocation),
        cmocka_unit_test(test_ends_anywhere),
        cmocka_unit_test(test_store_that_does_not_answer),
        cmocka_unit_test(test_strange_answers),
        cmocka_unit_test(test_slow_answers),
        cmocka_unit_test(test_what_is_missing_is_named),
        cmocka_unit_test(test_open_store_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
