/* test_late_store.c - the late store: nothing before a step, order where order counts, leases, cancels, and no memory.
 * mailproto/store_kit.h, mailproto_late_store_*; the rules of the kit run through it in test_store_kit.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mailproto/memory_store.h>
#include <mailproto/store_kit.h>

#include "asking.h"
#include "support/allocator.h"

struct scene {
    struct test_allocator memory;
    mailproto_memory_store *account;
    mailproto_store inner, store;
    mailproto_late_store *late;
    struct asking now, a; /* the store in memory itself; the late one */
    uint64_t inbox;
};

static void begin(struct scene *s, uint64_t seed)
{
    test_allocator_init(&s->memory);
    assert_int_equal(mailproto_memory_store_new(&s->account, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_memory_store_functions(s->account, &s->inner), MAILPROTO_OK);
    assert_int_equal(mailproto_late_store_new(&s->late, &s->inner, seed, &s->memory.api), MAILPROTO_OK);
    assert_int_equal(mailproto_late_store_functions(s->late, &s->store), MAILPROTO_OK);
    asking_begin(&s->now, &s->inner);
    asking_begin(&s->a, &s->store);
    s->inbox = asking_inbox(&s->now);
    for (int i = 0; i < 4; i++)
        assert_int_equal(asking_append(&s->now, s->inbox, "text\r\n", NULL), MAILPROTO_OK);
}

static void end(struct scene *s)
{
    asking_end(&s->a);
    asking_end(&s->now);
    mailproto_late_store_free(s->late);
    assert_int_equal(s->memory.live, 0);
    mailproto_memory_store_free(s->account);
}

static void settle(struct scene *s)
{
    while (mailproto_late_store_step(s->late) == 1)
        continue;
    assert_int_equal(mailproto_late_store_step(s->late), 0);
}

static void test_nothing_before_a_step(void **state)
{
    struct scene s;
    ASK_FOR(status, STATUS);

    (void)state;
    begin(&s, 1);
    q.mailbox = s.inbox;
    assert_int_equal(asking(&s.a, &q.head), MAILPROTO_ERR_CANCELLED);
    assert_int_equal(s.a.count, 0);
    assert_int_equal(mailproto_late_store_step(s.late), 1); /* it is asked */
    assert_int_equal(s.a.count, 0);
    assert_int_equal(mailproto_late_store_step(s.late), 1); /* the item */
    assert_int_equal(s.a.count, 1);
    assert_int_equal(s.a.ends, 0);
    assert_int_equal(mailproto_late_store_step(s.late), 1);
    assert_int_equal(s.a.ends, 1);
    assert_int_equal(mailproto_late_store_step(s.late), 0);
    end(&s);
}

static void test_arguments(void **state)
{
    mailproto_late_store *late;
    struct scene s;

    (void)state;
    begin(&s, 1);
    assert_int_equal(mailproto_late_store_new(NULL, &s.inner, 1, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_late_store_new(&late, NULL, 1, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_late_store_functions(NULL, &s.store), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_late_store_functions(s.late, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_late_store_step(NULL), MAILPROTO_ERR_ARG);
    s.memory.fail_at = s.memory.count + 1;
    assert_int_equal(mailproto_late_store_new(&late, &s.inner, 1, &s.memory.api), MAILPROTO_ERR_NOMEM);
    mailproto_late_store_free(NULL);
    end(&s);
}

/* Who steps the store from inside of an answer. */
static int32_t step_inside(struct asking *a, const mailproto_event *item)
{
    struct scene *s = a->user;

    (void)item;
    assert_int_equal(mailproto_late_store_step(s->late), MAILPROTO_ERR_REENTRANT);
    return MAILPROTO_OK;
}

static void test_not_from_inside(void **state)
{
    struct scene s;
    ASK_FOR(status, STATUS);

    (void)state;
    begin(&s, 1);
    s.a.on_item = step_inside;
    s.a.user = &s;
    q.mailbox = s.inbox;
    (void)asking(&s.a, &q.head);
    settle(&s);
    assert_int_equal(s.a.ends, 1);
    end(&s);
}

/* Writes and the commit of an upload stay in order, whatever the seed; a slice is there until its lease is released. */
static void test_order_and_leases(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        mailproto_store_append_write write = {.head = {sizeof write, MAILPROTO_STORE_APPEND_WRITE, 0}};
        mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};
        mailproto_store_message_open pin = {.head = {sizeof pin, MAILPROTO_STORE_MESSAGE_OPEN, 0}};
        mailproto_store_message_read read = {.head = {sizeof read, MAILPROTO_STORE_MESSAGE_READ, 0}};
        mailproto_store_message_close unpin = {.head = {sizeof unpin, MAILPROTO_STORE_MESSAGE_CLOSE, 0}};
        struct asking many[4];
        struct scene s;
        uint64_t lease;
        ASK_FOR(append_begin, APPEND_BEGIN);

        begin(&s, seed);
        q.mailbox = pin.mailbox = s.inbox;
        (void)asking(&s.a, &q.head);
        settle(&s);
        assert_int_equal(s.a.count, 1);
        write.upload = commit.upload = ASKED_ITEM(&s.a, 0, upload)->upload;
        for (size_t i = 0; i < 4; i++)
            asking_begin(&many[i], &s.store);
        for (size_t i = 0; i < 3; i++) {
            write.bytes = (mailproto_text){&"abc"[i], 1};
            (void)asking(&many[i], &write.head);
        }
        (void)asking(&many[3], &commit.head);
        settle(&s);
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(many[i].ends, 1);
            assert_int_equal(many[i].result, MAILPROTO_OK);
        }
        pin.uid = ASKED_ITEM(&many[3], 0, appended)->uid;
        (void)asking(&s.a, &pin.head);
        settle(&s);
        unpin.message = read.message = ASKED_ITEM(&s.a, 0, message_opened)->message;
        read.max = 10;
        (void)asking(&many[0], &read.head);
        asking_tell(&s.a, &unpin.head); /* does not come before the read */
        settle(&s);
        assert_int_equal(many[0].count, 1);
        assert_memory_equal(ASKED_ITEM(&many[0], 0, slice)->bytes.ptr, "abc", 3);
        lease = ASKED_ITEM(&many[0], 0, slice)->lease;
        assert_true(lease != 0);
        s.store.release(s.store.user, lease);
        s.store.release(s.store.user, lease); /* is gone */
        for (size_t i = 0; i < 4; i++)
            asking_end(&many[i]);
        end(&s);
    }
}

/* What is cancelled at any step has closed what it opened. */
static void test_cancel_at_every_step(void **state)
{
    (void)state;
    for (int steps = 0; steps < 5; steps++) {
        mailproto_store_append_begin upload = {.head = {sizeof upload, MAILPROTO_STORE_APPEND_BEGIN, 0}};
        mailproto_store_message_open pin = {.head = {sizeof pin, MAILPROTO_STORE_MESSAGE_OPEN, 0}};
        mailproto_store_open open = {.head = {sizeof open, MAILPROTO_STORE_OPEN, 0}};
        mailproto_event *const all[] = {&upload.head, &pin.head, &open.head};
        struct scene s;
        uint64_t used;

        begin(&s, 7);
        upload.mailbox = pin.mailbox = open.mailbox = s.inbox;
        pin.uid = 1;
        open.mode = MAILPROTO_STORE_EXCLUSIVE;
        used = mailproto_memory_store_used(s.account);
        for (size_t i = 0; i < 3; i++) {
            (void)asking(&s.a, all[i]);
            for (int n = 0; n < steps; n++)
                (void)mailproto_late_store_step(s.late);
            if (s.a.ends)
                continue; /* too late: it was answered */
            assert_int_equal(mailproto_store_cancel(&s.store, &s.a.asker, 1), MAILPROTO_OK);
            settle(&s);
            assert_int_equal(s.a.ends, 0);
            assert_int_equal(mailproto_memory_store_used(s.account), used);
        }
        end(&s);
    }
}

/* Every allocation of the late store fails in turn: the question fails, and nothing stays open. */
static void test_no_memory(void **state)
{
    int failed = 1;

    (void)state;
    for (size_t at = 1; failed; at++) {
        mailproto_store_open open = {.head = {sizeof open, MAILPROTO_STORE_OPEN, 0}};
        mailproto_store_close close = {.head = {sizeof close, MAILPROTO_STORE_CLOSE, 0}};
        mailproto_store_changes changes = {.head = {sizeof changes, MAILPROTO_STORE_CHANGES, 0}};
        struct scene s;
        uint64_t used;

        begin(&s, at);
        used = mailproto_memory_store_used(s.account);
        s.memory.count = 0;
        s.memory.fail_at = at;
        open.mailbox = s.inbox;
        open.mode = MAILPROTO_STORE_EXCLUSIVE;
        (void)asking(&s.a, &open.head);
        settle(&s);
        assert_int_equal(s.a.ends, 1);
        if (!s.a.result) {
            changes.opening = close.opening = ASKED_ITEM(&s.a, 0, opened)->opening;
            changes.want = 2;
            (void)asking(&s.a, &changes.head);
            settle(&s);
            assert_int_equal(s.a.ends, 1);
            asking_tell(&s.a, &close.head);
            settle(&s);
        }
        assert_int_equal(mailproto_memory_store_used(s.account), used);
        failed = s.memory.failed != 0;
        end(&s);
        assert_true(failed || at > 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_before_a_step), cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_not_from_inside),       cmocka_unit_test(test_order_and_leases),
        cmocka_unit_test(test_cancel_at_every_step),  cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
