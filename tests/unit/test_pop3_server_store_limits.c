/* A POP3 maildrop in a store, large: what it takes of memory, UIDs with any gaps, deletions of exactly what was marked; and
   free and finish in every callback.
   RFC 1939; mailproto/pop3_server.h, open_store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pop3/server_store_uids.h"
#include "support/pop3_store_host.h"

#define IN  "USER alice\r\nPASS secret\r\n"
#define OUT "+OK POP3 server ready\r\n+OK now the password\r\n+OK maildrop locked and ready\r\n"

/* ---- UIDs as runs ---- */

/* Gaps of up to `most`, runs of up to `run`. */
static void check_uids(uint32_t count, uint64_t most, uint32_t run, uint64_t seed)
{
    struct test_random random = {seed};
    uint32_t *uids = malloc((size_t)count * sizeof *uids), in_run = 0;
    struct mp_pop3_uids list = {0};
    struct test_allocator memory;
    uint64_t uid = 0;
    uint32_t n = 0;

    assert_non_null(uids);
    test_allocator_init(&memory);
    for (; n < count; n++) {
        uid += in_run ? 1 : 1 + test_random_below(&random, (size_t)most);
        in_run = in_run ? in_run - 1 : (uint32_t)test_random_below(&random, run);
        if (uid > UINT32_MAX)
            break;
        uids[n] = (uint32_t)uid;
        assert_int_equal(mp_pop3_uids_add(&list, &memory.api, uids[n]), MAILPROTO_OK);
        assert_int_equal(mp_pop3_uids_add(&list, &memory.api, uids[n]), MAILPROTO_ERR_CORRUPT);
    }
    assert_true(memory.peak <= 4 * (size_t)n + MP_POP3_UIDS_FIXED);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(mp_pop3_uids_find(&list, i + 1).uid, uids[i]);
    for (uint32_t i = 0; i < 2000; i++) {
        uint32_t at = (uint32_t)test_random_below(&random, n);
        struct mp_pop3_run found = mp_pop3_uids_find(&list, at + 1);

        assert_int_equal(found.number, at + 1);
        assert_int_equal(found.uid, uids[at]);
        assert_true(found.count >= 1 && found.count <= n - at);
        assert_int_equal(uids[at + found.count - 1], uids[at] + found.count - 1);
        assert_true(at + found.count == n || uids[at + found.count] > found.uid + found.count);
    }
    assert_int_equal(mp_pop3_uids_find(&list, 0).count, 0);
    assert_int_equal(mp_pop3_uids_find(&list, n + 1).count, 0);
    mp_pop3_uids_free(&list, &memory.api);
    assert_int_equal(memory.live, 0);
    free(uids);
}

static void test_uids(void **state)
{
    (void)state;
    for (uint64_t gap = 1; gap < UINT32_MAX; gap = gap * 3 + 1)
        for (uint32_t run = 1; run < 100000; run *= 40)
            for (uint32_t count = 1; count <= 20000; count = count * 9 + 1)
                check_uids(count, gap, run, gap + run);
}

static void test_last_uid_there_is(void **state)
{
    struct mp_pop3_uids list = {0};
    struct test_allocator memory;

    (void)state;
    test_allocator_init(&memory);
    assert_int_equal(mp_pop3_uids_add(&list, &memory.api, 0), MAILPROTO_ERR_CORRUPT);
    assert_int_equal(mp_pop3_uids_add(&list, &memory.api, UINT32_MAX - 1), MAILPROTO_OK);
    assert_int_equal(mp_pop3_uids_add(&list, &memory.api, UINT32_MAX), MAILPROTO_OK);
    assert_int_equal(mp_pop3_uids_add(&list, &memory.api, 1), MAILPROTO_ERR_CORRUPT);
    assert_int_equal(mp_pop3_uids_find(&list, 2).uid, UINT32_MAX);
    assert_int_equal(memory.live, 0); /* one run needs no memory */
    mp_pop3_uids_free(&list, &memory.api);
}

/* ---- a large maildrop ---- */

static void fill(struct test_store *s, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        s->uidnext += (uint32_t)test_random_below(&s->random, 9);
        test_store_add(s, "Subject: x\r\n\r\n", 14);
    }
}

static void say(struct test_drop *d, const char *text)
{
    test_host_send(&d->host, text, strlen(text), strlen(text));
    test_host_rest(&d->host);
}

/* What the server said since the last look. */
static void said(struct test_drop *d, const char *text)
{
    size_t n = strlen(text);

    if (d->host.out.len < n || (n && memcmp(d->host.out.ptr, text, n))) {
        print_error("%.*s\ninstead of\n%s\n", (int)(d->host.out.len < 2000 ? d->host.out.len : 2000),
                    (const char *)d->host.out.ptr, text);
        fail();
    }
    test_bytes_take(&d->host.out, n);
}

/* `start` begins with zeroes but for its store. */
static void start(struct test_drop *d, uint32_t count, uint32_t mode, int late, const mailproto_allocator *allocator)
{
    mailproto_pop3_server_config config;

    memset(d, 0, sizeof *d);
    test_drop_config(&config);
    test_store_start(&d->store, 11);
    d->store.late = late;
    fill(&d->store, count);
    assert_int_equal(test_drop_start(d, &config, mode, 5, allocator), MAILPROTO_OK);
}

static void list_everything(uint32_t count, uint32_t mode, int late)
{
    mailproto_pop3_server_config config;
    struct test_allocator memory;
    struct test_drop d;
    char line[64];
    size_t at;

    test_allocator_init(&memory);
    start(&d, count, mode, late, &memory.api);
    say(&d, IN "LIST\r\nUIDL\r\n");
    said(&d, OUT "+OK the list follows\r\n");
    at = 0;
    for (uint32_t i = 1; i <= count; i++, at += strlen(line)) {
        sprintf(line, "%u 14\r\n", (unsigned)i);
        assert_memory_equal(d.host.out.ptr + at, line, strlen(line));
    }
    assert_memory_equal(d.host.out.ptr + at, ".\r\n+OK the list follows\r\n", 25);
    at += 25;
    for (uint32_t i = 1; i <= count; i++, at += strlen(line)) {
        sprintf(line, "%u 4000000000.%u\r\n", (unsigned)i, (unsigned)d.store.messages[i - 1].uid);
        assert_memory_equal(d.host.out.ptr + at, line, strlen(line));
    }
    assert_int_equal(d.host.out.len, at + 3);
    test_drop_config(&config);
    print_message("%u messages: %zu octets, at most %zu\n", (unsigned)count, memory.used, memory.peak);
    assert_true(memory.peak <= mailproto_pop3_server_memory_max(&config) + 4 * (size_t)count);
    say(&d, "QUIT\r\n");
    test_host_free(&d.host);
    test_store_free(&d.store);
    assert_int_equal(memory.live, 0);
}

static void test_listings(void **state)
{
    (void)state;
    list_everything(100000, TEST_AT_ONCE, 0);
    list_everything(100000, TEST_POLLED, 1);
    list_everything(10, TEST_LATER, 1);
}

/* A listing that needs not all of what the store has lets go of it. */
static void snapshot_ends(const char *commands, uint32_t arrived, int late)
{
    struct test_drop d;

    start(&d, 100, TEST_LATER, late, NULL);
    say(&d, IN);
    fill(&d.store, arrived);
    say(&d, commands);
    for (size_t i = 0; i < TEST_STORE_HANDLES; i++)
        assert_int_equal(d.store.snapshots[i].number, 0);
    assert_int_equal(test_store_open(&d.store), 1); /* the maildrop */
    say(&d, "QUIT\r\n");
    assert_int_equal(d.updated, 1);
    test_host_free(&d.host);
    test_store_free(&d.store);
}

static void test_snapshots_end(void **state)
{
    char commands[2000] = "";

    (void)state;
    for (uint32_t i = 65; i <= 100; i++) /* the page after the first has nothing to tell */
        sprintf(commands + strlen(commands), "DELE %u\r\n", (unsigned)i);
    strcat(commands, "LIST\r\n");
    for (int late = 0; late < 2; late++) {
        snapshot_ends("LIST\r\nLIST 7\r\n", 300, late);
        snapshot_ends("LIST\r\n", 0, late);
        snapshot_ends(commands, 0, late);
        snapshot_ends(commands, 300, late);
    }
}

static void test_idle_session(void **state)
{
    struct test_allocator memory;
    struct test_drop d;

    (void)state;
    test_allocator_init(&memory);
    start(&d, 100, TEST_AT_ONCE, 0, &memory.api);
    say(&d, IN "UIDL\r\nLIST\r\nRETR 7\r\nSTAT\r\n");
    print_message("an idle session with a store of %zu octets in %zu pieces\n", memory.used, memory.live);
    assert_true(memory.used <= 3072);
    test_host_free(&d.host);
    assert_int_equal(memory.live, 0);
    test_store_free(&d.store);
}

/* Every third message goes: exactly these, in a few turns. */
static void test_deletions(void **state)
{
    const uint32_t count = 3000;
    struct test_drop d;
    char line[40];

    (void)state;
    start(&d, count, TEST_LATER, 1, NULL);
    say(&d, IN);
    for (uint32_t i = 1; i <= count; i += 3) {
        sprintf(line, "DELE %u\r\n", (unsigned)i);
        say(&d, line);
    }
    test_bytes_take(&d.host.out, d.host.out.len);
    say(&d, "QUIT\r\n");
    said(&d, "+OK bye\r\n");
    assert_int_equal(d.updated, 1);
    assert_int_equal(d.failed, 0);
    assert_true(d.store.expunges <= count / 3 / 256 + 1);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(d.store.messages[i].gone, i % 3 == 0);
        if (i % 3)
            assert_int_equal(d.store.messages[i].flags, 0);
    }
    test_host_free(&d.host);
    test_store_free(&d.store);
}

/* ---- an end in every callback ---- */

struct ender {
    struct test_drop drop; /* first */
    size_t at;             /* the event in which the session is freed or finished */
    int finish;
};

static int32_t end_here(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    struct ender *ender = (struct ender *)(void *)h;
    int32_t result = test_drop_event(h, event, request);

    if (h->events != ender->at)
        return result;
    if (ender->finish) {
        mailproto_session_finish(h->session);
        return result;
    }
    ender->drop.open = 0;
    mailproto_session_free(h->session);
    if (h->mode == TEST_POLLED)
        h->freed = 1;
    return MAILPROTO_ERR_HOST;
}

static int end_at(size_t at, int finish, int late)
{
    struct ender ender = {.at = at, .finish = finish};
    mailproto_pop3_server_config config;
    struct test_allocator memory;
    size_t events;

    test_allocator_init(&memory);
    test_drop_config(&config);
    test_store_start(&ender.drop.store, at);
    ender.drop.store.late = late;
    fill(&ender.drop.store, 3);
    assert_int_equal(test_drop_start(&ender.drop, &config, TEST_AT_ONCE, at, &memory.api), MAILPROTO_OK);
    ender.drop.host.event = end_here;
    mailproto_session_set_trace(ender.drop.host.session, MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_BODY);
    say(&ender.drop, IN "LIST\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n");
    events = ender.drop.host.events;
    if (finish)
        assert_int_equal(ender.drop.host.closed, 1);
    test_host_free(&ender.drop.host);
    test_store_free(&ender.drop.store);
    assert_int_equal(memory.live, 0);
    return events >= at;
}

static void test_free_and_finish_in_every_callback(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++)
        for (size_t at = 1; end_at(at, way & 1, way >> 1);)
            at++;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uids),
        cmocka_unit_test(test_last_uid_there_is),
        cmocka_unit_test(test_listings),
        cmocka_unit_test(test_idle_session),
        cmocka_unit_test(test_snapshots_end),
        cmocka_unit_test(test_deletions),
        cmocka_unit_test(test_free_and_finish_in_every_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
