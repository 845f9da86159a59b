/* test_host_store.c - a blocking store off the loop: order, cancels, leases, shares, and its end at any time.
 * mailproto/host_store.h. Its store looks whether two threads are in it at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "asking.h"
#include "host_scene.h"

/* A table with which no session can do anything is refused, and the sentence names what it lacks. */
static void test_what_is_missing_is_named(void **state)
{
    mailproto_host_store *off;
    mailproto_store store, delivery;
    const char *text;
    struct scene s;

    (void)state;
    scene_begin(&s, 1, NULL);
    mailproto_store_init(&store, sizeof store);
    assert_int_equal(mailproto_host_store_new(&off, s.host, &store, NULL), MAILPROTO_ERR_CONFIG);
    mailproto_host_error(s.host, &text, NULL);
    assert_string_equal(text, "the store lacks functions, and is of no use: delivery needs store.list; POP3 needs "
                              "store.list; IMAP needs store.list");
    store = s.blocking[0];
    store.append_commit = NULL;
    store.changes = NULL;
    assert_int_equal(mailproto_host_store_new(&off, s.host, &store, NULL), MAILPROTO_ERR_CONFIG);
    mailproto_host_error(s.host, &text, NULL);
    assert_string_equal(text, "the store lacks functions, and is of no use: delivery needs store.append_commit; POP3 "
                              "needs store.changes; IMAP needs store.changes");
    store = s.blocking[0];
    mailproto_store_init(&delivery, sizeof delivery); /* it is for one thing, and that is enough */
    delivery.user = store.user;
    delivery.list = store.list;
    delivery.append_begin = store.append_begin;
    delivery.append_write = store.append_write;
    delivery.append_commit = store.append_commit;
    delivery.append_abort = store.append_abort;
    assert_int_equal(mailproto_host_store_new(&off, s.host, &delivery, NULL), MAILPROTO_OK);
    mailproto_host_store_free(off, NULL, NULL);
    scene_end(&s);
}

static void test_arguments(void **state)
{
    mailproto_host_store *off;
    mailproto_store store;
    struct scene s;

    (void)state;
    scene_begin(&s, 1, NULL);
    assert_int_equal(mailproto_host_store_new(NULL, s.host, &s.blocking[0], NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_host_store_new(&off, NULL, &s.blocking[0], NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_host_store_new(&off, s.host, NULL, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_host_store_functions(NULL, &store), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_host_store_functions(s.off[0], NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_host_store_run(s.off[0], NULL, NULL, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_host_store_open(NULL), 0);
    mailproto_host_store_free(NULL, NULL, NULL);
    for (size_t at = 1; at <= 2; at++) {
        s.memory.count = 0;
        s.memory.fail_at = at;
        assert_int_equal(mailproto_host_store_new(&off, s.host, &s.blocking[0], NULL), MAILPROTO_ERR_NOMEM);
    }
    s.memory.fail_at = 0;
    scene_end(&s);
}

/* Nothing is answered before the loop runs, and all in order. */
static void test_order(void **state)
{
    struct asking many[40];
    struct scene s;
    uint64_t used;

    (void)state;
    scene_begin(&s, 1, NULL);
    for (size_t i = 0; i < 40; i++) {
        char name[] = {'m', (char)('a' + i / 10), (char)('0' + i % 10), '\0'};
        ASK_FOR(create, CREATE);

        asking_begin(&many[i], &s.store[0]);
        q.name = (mailproto_text){name, 3};
        assert_int_equal(asking(&many[i], &q.head), MAILPROTO_ERR_CANCELLED); /* later */
        memset(name, 'x', 3);
    }
    assert_int_equal(mailproto_host_store_open(s.off[0]), 40);
    scene_settle(&s);
    used = 0;
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(many[i].ends, 1);
        assert_int_equal(many[i].result, MAILPROTO_OK);
        assert_true(ASKED_ITEM(&many[i], 0, mailbox)->mailbox > used);
        used = ASKED_ITEM(&many[i], 0, mailbox)->mailbox;
        asking_end(&many[i]);
    }
    scene_end(&s);
}

/* An append, step by step; the UID. */
static uint32_t append(struct scene *s, struct asking *a, const char *text, uint64_t mailbox)
{
    mailproto_store_append_write write = {.head = {sizeof write, MAILPROTO_STORE_APPEND_WRITE, 0}};
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};
    ASK_FOR(append_begin, APPEND_BEGIN);

    q.mailbox = mailbox;
    (void)asking(a, &q.head);
    scene_settle(s);
    write.upload = commit.upload = ASKED_ITEM(a, 0, upload)->upload;
    write.bytes = (mailproto_text){text, strlen(text)};
    (void)asking(a, &write.head);
    scene_settle(s);
    (void)asking(a, &commit.head);
    scene_settle(s);
    assert_int_equal(a->result, MAILPROTO_OK);
    return ASKED_ITEM(a, 0, appended)->uid;
}

/* What the asker saw of a slice, which is the blocking store's own. */
static const char *seen;
static uint64_t lease;

static int32_t look(struct asking *a, const mailproto_event *item)
{
    (void)a;
    if (item->type != MAILPROTO_STORE_SLICE)
        return MAILPROTO_OK;
    seen = ((const mailproto_store_slice *)(const void *)item)->bytes.ptr;
    lease = ((const mailproto_store_slice *)(const void *)item)->lease;
    return MAILPROTO_OK;
}

static void test_leases(void **state)
{
    mailproto_store_message_open pin = {.head = {sizeof pin, MAILPROTO_STORE_MESSAGE_OPEN, 0}};
    mailproto_store_message_read read = {.head = {sizeof read, MAILPROTO_STORE_MESSAGE_READ, 0}};
    mailproto_store_message_close unpin = {.head = {sizeof unpin, MAILPROTO_STORE_MESSAGE_CLOSE, 0}};
    struct asking a;
    struct scene s;

    (void)state;
    scene_begin(&s, 1, NULL);
    asking_begin(&a, &s.store[0]);
    pin.mailbox = scene_inbox(&s, 0);
    pin.uid = append(&s, &a, "lent\r\n", pin.mailbox);
    (void)asking(&a, &pin.head);
    scene_settle(&s);
    read.message = unpin.message = ASKED_ITEM(&a, 0, message_opened)->message;
    read.max = 100;
    a.on_item = look;
    for (int i = 0; i < 3; i++) {
        (void)asking(&a, &read.head);
        scene_settle(&s);
        assert_ptr_equal(seen, s.guarded[0].copies[0]); /* no copy was made */
        assert_true(lease != 0);
        assert_memory_equal(seen, "lent\r\n", 6);
        if (i == 2)
            break; /* this one ends with the store */
        s.store[0].release(s.store[0].user, lease);
        s.store[0].release(s.store[0].user, lease);
        scene_settle(&s);
        assert_int_equal(s.guarded[0].released, i + 1);
    }
    asking_tell(&a, &unpin.head);
    asking_end(&a);
    scene_end(&s);
}

/* Cancelled at once, or when it is under way: what it opened is closed. */
static void test_cancel(void **state)
{
    (void)state;
    for (int when = 0; when < 3; when++) {
        struct asking first, a;
        struct scene s;
        uint64_t used;
        ASK_FOR(open, OPEN);

        scene_begin(&s, 1, NULL);
        q.mailbox = scene_inbox(&s, 0);
        q.mode = MAILPROTO_STORE_EXCLUSIVE;
        used = mailproto_memory_store_used(s.guarded[0].memory);
        asking_begin(&first, &s.store[0]);
        asking_begin(&a, &s.store[0]);
        if (when == 0) { /* another is under way, so it waits */
            mailproto_store_status status = {.head = {sizeof status, MAILPROTO_STORE_STATUS, 0}};

            status.mailbox = q.mailbox;
            (void)asking(&first, &status.head);
        }
        (void)asking(&a, &q.head);
        assert_int_equal(mailproto_store_cancel(&s.store[0], &a.asker, 1), MAILPROTO_OK);
        assert_int_equal(mailproto_store_cancel(&s.store[0], &a.asker, 1), MAILPROTO_OK);
        if (when == 2)
            scene_step(&s);
        scene_settle(&s);
        assert_int_equal(a.ends + a.count, 0);
        assert_int_equal(first.ends, when == 0);
        assert_int_equal(mailproto_memory_store_used(s.guarded[0].memory), used);
        asking_end(&first);
        asking_end(&a);
        scene_end(&s);
    }
}

/* Who goes away with the item. */
static int32_t refuse(struct asking *a, const mailproto_event *item)
{
    (void)a;
    (void)item;
    return MAILPROTO_ERR_TOKEN;
}

static void test_refused_items(void **state)
{
    mailproto_store_append_begin upload = {.head = {sizeof upload, MAILPROTO_STORE_APPEND_BEGIN, 0}};
    mailproto_store_message_open pin = {.head = {sizeof pin, MAILPROTO_STORE_MESSAGE_OPEN, 0}};
    struct asking a;
    struct scene s;
    uint64_t used;
    ASK_FOR(open, OPEN);

    (void)state;
    scene_begin(&s, 1, NULL);
    asking_begin(&a, &s.store[0]);
    q.mailbox = upload.mailbox = pin.mailbox = scene_inbox(&s, 0);
    pin.uid = append(&s, &a, "x", q.mailbox);
    q.mode = MAILPROTO_STORE_EXCLUSIVE;
    used = mailproto_memory_store_used(s.guarded[0].memory);
    a.on_item = refuse;
    (void)asking(&a, &q.head);
    scene_settle(&s);
    (void)asking(&a, &upload.head);
    scene_settle(&s);
    (void)asking(&a, &pin.head);
    scene_settle(&s);
    assert_int_equal(a.ends, 0);
    assert_int_equal(mailproto_memory_store_used(s.guarded[0].memory), used);
    asking_end(&a);
    scene_end(&s);
}

/* Every allocation of the host's fails in turn: the question fails, what is open can be closed. */
static void test_no_memory(void **state)
{
    int failed = 1;

    (void)state;
    for (size_t at = 1; failed; at++) {
        mailproto_store_close close = {.head = {sizeof close, MAILPROTO_STORE_CLOSE, 0}};
        struct asking a;
        struct scene s;
        uint64_t used;
        ASK_FOR(open, OPEN);

        scene_begin(&s, 1, NULL);
        q.mailbox = scene_inbox(&s, 0);
        q.mode = MAILPROTO_STORE_EXCLUSIVE;
        used = mailproto_memory_store_used(s.guarded[0].memory);
        asking_begin(&a, &s.store[0]);
        s.memory.count = 0;
        s.memory.fail_at = at;
        s.memory.fail_on = 1;
        (void)asking(&a, &q.head);
        scene_settle(&s);
        assert_int_equal(a.ends, 1);
        failed = a.result != MAILPROTO_OK;
        if (!failed) { /* and now nothing is left */
            s.memory.fail_at = 1;
            close.opening = ASKED_ITEM(&a, 0, opened)->opening;
            asking_tell(&a, &close.head);
            scene_settle(&s);
        }
        s.memory.fail_at = 0;
        assert_int_equal(mailproto_memory_store_used(s.guarded[0].memory), used);
        asking_end(&a);
        scene_end(&s);
        assert_true(at < 10);
    }
}

static void test_watch(void **state)
{
    struct asking watcher, a;
    struct scene s;
    ASK_FOR(watch, WATCH);

    (void)state;
    scene_begin(&s, 1, NULL);
    asking_begin(&watcher, &s.store[0]);
    asking_begin(&a, &s.store[0]);
    q.mailbox = scene_inbox(&s, 0);
    (void)asking(&watcher, &q.head);
    scene_settle(&s);
    assert_int_equal(watcher.ends + watcher.count, 0);
    (void)append(&s, &a, "x", q.mailbox);
    assert_int_equal(watcher.count, 1);
    assert_int_equal(ASKED_ITEM(&watcher, 0, changed)->mailbox, q.mailbox);
    (void)append(&s, &a, "x", q.mailbox);
    assert_int_equal(watcher.count, 2);
    assert_int_equal(mailproto_store_cancel(&s.store[0], &watcher.asker, 1), MAILPROTO_OK);
    (void)append(&s, &a, "x", q.mailbox);
    assert_int_equal(watcher.count, 2);
    (void)asking(&watcher, &q.head); /* goes on when the store ends */
    scene_settle(&s);
    asking_end(&watcher);
    asking_end(&a);
    scene_end(&s);
}

/* Two accounts share octets, both ways, while both are busy. */
static void test_share(void **state)
{
    struct asking a[2], busy[2][10];
    struct scene s;
    uint64_t uploads[2][2], boxes[2];

    (void)state;
    scene_begin(&s, 2, NULL);
    for (size_t i = 0; i < 2; i++) {
        boxes[i] = scene_inbox(&s, i);
        asking_begin(&a[i], &s.store[i]);
        for (size_t n = 0; n < 2; n++) {
            mailproto_store_append_write write = {.head = {sizeof write, MAILPROTO_STORE_APPEND_WRITE, 0}};
            ASK_FOR(append_begin, APPEND_BEGIN);

            q.mailbox = boxes[i];
            (void)asking(&a[i], &q.head);
            scene_settle(&s);
            write.upload = uploads[i][n] = ASKED_ITEM(&a[i], 0, upload)->upload;
            write.bytes = (mailproto_text){"shared\r\n", n ? 0 : 8};
            (void)asking(&a[i], &write.head);
            scene_settle(&s);
        }
    }
    for (size_t n = 0; n < 10; n++) {
        for (size_t i = 0; i < 2; i++) {
            mailproto_store_status status = {.head = {sizeof status, MAILPROTO_STORE_STATUS, 0}};
            ASK_FOR(append_share, APPEND_SHARE);

            asking_begin(&busy[i][n], &s.store[i]);
            status.mailbox = boxes[i];
            q.upload = uploads[i][1];
            q.other = &s.store[1 - i];
            q.other_upload = uploads[1 - i][0];
            (void)asking(n == 5 ? &a[i] : &busy[i][n], n == 5 ? &q.head : &status.head);
        }
    }
    scene_settle(&s);
    for (size_t i = 0; i < 2; i++) {
        mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};

        assert_int_equal(a[i].ends, 1);
        assert_int_equal(a[i].result, MAILPROTO_OK);
        for (size_t n = 0; n < 10; n++) {
            assert_int_equal(busy[i][n].ends, n != 5);
            asking_end(&busy[i][n]);
        }
        for (size_t n = 0; n < 2; n++) {
            commit.upload = uploads[i][n];
            (void)asking(&a[i], &commit.head);
            scene_settle(&s);
            assert_int_equal(a[i].result, MAILPROTO_OK);
        }
        asking_end(&a[i]);
    }
    scene_end(&s);
}

static void on_run(void *user)
{
    atomic_fetch_add((atomic_int *)user, 1);
}

static int called;

static void on_done(int32_t result, void *user)
{
    called += result == MAILPROTO_OK ? atomic_load((atomic_int *)user) : 100;
}

static void test_run(void **state)
{
    atomic_int ran = 0;
    struct scene s;

    (void)state;
    scene_begin(&s, 1, NULL);
    called = 0;
    assert_int_equal(mailproto_host_store_run(s.off[0], on_run, on_done, &ran), MAILPROTO_OK);
    assert_int_equal(called, 0);
    scene_settle(&s);
    assert_int_equal(called, 1);
    scene_end(&s);
}

/* The store is given back while a question is under way, others wait, and one is told. */
struct leaver {
    struct scene *scene;
    int items;
};

static int32_t leave_now(struct asking *a, const mailproto_event *item)
{
    struct leaver *l = a->user;

    (void)item;
    if (!l->items++)
        mailproto_host_store_free(l->scene->off[0], scene_freed, &l->scene->freed);
    return MAILPROTO_OK;
}

static void test_end_at_any_time(void **state)
{
    (void)state;
    for (int when = 0; when < 3; when++) {
        struct leaver l = {NULL, 0};
        struct asking many[30];
        struct scene s;
        uint64_t box;

        scene_begin(&s, 1, NULL);
        box = scene_inbox(&s, 0);
        l.scene = &s;
        for (size_t i = 0; i < 30; i++) {
            ASK_FOR(open, OPEN);

            asking_begin(&many[i], &s.store[0]);
            many[i].on_item = when == 2 ? leave_now : NULL;
            many[i].user = &l;
            q.mailbox = box;
            q.mode = MAILPROTO_STORE_READ_ONLY;
            (void)asking(&many[i], &q.head);
        }
        if (when == 1)
            scene_step(&s);
        if (when < 2)
            mailproto_host_store_free(s.off[0], scene_freed, &s.freed);
        while (!s.freed)
            (void)uv_run(&s.loop, UV_RUN_ONCE);
        if (when == 2)
            assert_int_equal(l.items, 1);
        for (size_t i = 0; i < 30; i++)
            asking_end(&many[i]);
        guarded_end(&s.guarded[0]);
        scene_end_host(&s);
    }
}

static void on_last(int32_t result, void *user)
{
    struct scene *s = user;

    called += result == MAILPROTO_OK || result == MAILPROTO_ERR_CANCELLED;
    mailproto_host_store_free(s->off[0], scene_freed, &s->freed);
}

static void do_nothing(void *user)
{
    (void)user;
}

/* The host goes while questions wait: they are refused, or dropped if the store is given back before; it ends with the
   host at the latest. */
static void test_host_ends(void **state)
{
    for (int before = 0; before < 2; before++) {
        struct asking many[30];
        struct scene s;
        size_t ends = 0;
        uint64_t box;

        (void)state;
        scene_begin(&s, 1, NULL);
        called = 0;
        box = scene_inbox(&s, 0);
        for (size_t i = 0; i < 30; i++) {
            ASK_FOR(status, STATUS);

            asking_begin(&many[i], &s.store[0]);
            q.mailbox = box;
            (void)asking(&many[i], &q.head);
        }
        assert_int_equal(mailproto_host_store_run(s.off[0], do_nothing, on_last, &s), MAILPROTO_OK);
        if (before)
            mailproto_host_store_free(s.off[0], scene_freed, &s.freed);
        mailproto_host_free(s.host);
        while (!s.host_freed)
            (void)uv_run(&s.loop, UV_RUN_ONCE);
        assert_int_equal(s.freed, 1);
        assert_int_equal(called, 1);
        for (size_t i = 0; i < 30; i++) {
            ends += many[i].ends;
            asking_end(&many[i]);
        }
        assert_int_equal(ends, before ? 0 : 30);
        guarded_end(&s.guarded[0]);
        assert_int_equal(uv_loop_close(&s.loop), 0);
        assert_int_equal(s.memory.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),       cmocka_unit_test(test_what_is_missing_is_named),
        cmocka_unit_test(test_order),           cmocka_unit_test(test_leases),
        cmocka_unit_test(test_cancel),          cmocka_unit_test(test_refused_items),
        cmocka_unit_test(test_no_memory),       cmocka_unit_test(test_watch),
        cmocka_unit_test(test_share),           cmocka_unit_test(test_run),
        cmocka_unit_test(test_end_at_any_time), cmocka_unit_test(test_host_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
