/* test_host_uploads.c - uploads that a store off the loop gathers: one piece of work, refusals, shares, no memory.
 * mailproto/host_store.h, mailproto_host_store_config; mailproto/store.h, APPEND_BEGIN to APPEND_SHARE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "asking.h"
#include "host_scene.h"

static uint32_t asking_messages_settled(struct scene *s, uint64_t mailbox)
{
    mailproto_store_status q = {.head = {sizeof q, MAILPROTO_STORE_STATUS, 0}};
    struct asking a;
    uint32_t messages;

    asking_begin(&a, &s->store[0]);
    q.mailbox = mailbox;
    q.wanted = MAILPROTO_STATUS_MESSAGES;
    (void)asking(&a, &q.head);
    scene_settle(s);
    assert_int_equal(a.result, MAILPROTO_OK);
    messages = ASKED_ITEM(&a, 0, status_item)->messages;
    asking_end(&a);
    return messages;
}

/* The first message of a mailbox is this. */
static void assert_stored(struct scene *s, uint64_t mailbox, const char *text, size_t len)
{
    mailproto_store_message_open pin = {.head = {sizeof pin, MAILPROTO_STORE_MESSAGE_OPEN, 0}};
    mailproto_store_message_read q = {.head = {sizeof q, MAILPROTO_STORE_MESSAGE_READ, 0}};
    mailproto_store_message_close unpin = {.head = {sizeof unpin, MAILPROTO_STORE_MESSAGE_CLOSE, 0}};
    struct asking a;
    size_t at = 0;

    asking_begin(&a, &s->store[0]);
    pin.mailbox = mailbox;
    pin.uid = 1;
    (void)asking(&a, &pin.head);
    scene_settle(s);
    assert_int_equal(a.result, MAILPROTO_OK);
    q.message = unpin.message = ASKED_ITEM(&a, 0, message_opened)->message;
    while (at < len) {
        const mailproto_store_slice *slice;

        q.offset = at;
        q.max = len;
        (void)asking(&a, &q.head);
        scene_settle(s);
        assert_true(a.count > 0);
        slice = ASKED_ITEM(&a, 0, slice);
        assert_true(slice->bytes.len > 0 && slice->bytes.len <= len - at);
        assert_memory_equal(slice->bytes.ptr, text + at, slice->bytes.len);
        at += slice->bytes.len;
        s->store[0].release(s->store[0].user, slice->lease);
        scene_settle(s);
    }
    asking_tell(&a, &unpin.head);
    scene_settle(s);
    asking_end(&a);
}

struct heard {
    uint32_t question;
    int32_t why;
    int failures, answers;
};

static void on_failure(mailproto_host_store *store, uint32_t question, int32_t why, const char *text, size_t len,
                       void *user)
{
    struct heard *heard = user;

    assert_non_null(store);
    assert_true(text || !len);
    heard->question = question;
    heard->why = why;
    heard->failures++;
}

static void on_answered(mailproto_host_store *store, void *user)
{
    struct heard *heard = user;

    assert_non_null(store);
    heard->answers++;
}

static mailproto_host_store_config gathering(struct heard *heard, uint32_t gather)
{
    mailproto_host_store_config config;

    memset(heard, 0, sizeof *heard);
    assert_int_equal(mailproto_host_store_config_init(&config, sizeof config), MAILPROTO_OK);
    config.gather = gather;
    config.on_failure = on_failure;
    config.on_answered = on_answered;
    config.user = heard;
    return config;
}

static uint64_t begin_upload(struct scene *s, struct asking *a, uint64_t mailbox)
{
    ASK_FOR(append_begin, APPEND_BEGIN);

    q.mailbox = mailbox;
    assert_int_equal(asking(a, &q.head), MAILPROTO_OK); /* at once */
    (void)s;
    return ASKED_ITEM(a, 0, upload)->upload;
}

static int32_t write_upload(struct asking *a, uint64_t upload, const char *text, size_t len)
{
    ASK_FOR(append_write, APPEND_WRITE);

    q.upload = upload;
    q.bytes = (mailproto_text){text, len};
    return asking(a, &q.head);
}

static int32_t commit_upload(struct scene *s, struct asking *a, uint64_t upload)
{
    ASK_FOR(append_commit, APPEND_COMMIT);

    q.upload = upload;
    (void)asking(a, &q.head);
    scene_settle(s);
    return a->result;
}

/* What is small is nothing to the blocking store until it is whole; what was aborted then was never there. */
static void test_small_uploads(void **state)
{
    struct heard heard;
    const mailproto_host_store_config how = gathering(&heard, 100);
    mailproto_store_append_abort abort_it = {.head = {sizeof abort_it, MAILPROTO_STORE_APPEND_ABORT, 0}};
    struct asking a;
    struct scene s;
    uint64_t box, upload, used;

    (void)state;
    scene_begin(&s, 1, &how);
    asking_begin(&a, &s.store[0]);
    box = scene_inbox(&s, 0);
    used = mailproto_memory_store_used(s.guarded[0].memory);
    upload = begin_upload(&s, &a, box);
    assert_int_equal(write_upload(&a, upload, "small", 5), MAILPROTO_OK);
    assert_int_equal(mailproto_host_store_open(s.off[0]), 0);
    assert_int_equal(mailproto_memory_store_used(s.guarded[0].memory), used);
    abort_it.upload = upload;
    asking_tell(&a, &abort_it.head);
    assert_int_equal(mailproto_host_store_open(s.off[0]), 0);
    assert_int_equal(write_upload(&a, upload, "x", 1), MAILPROTO_ERR_ARG); /* it is over */
    upload = begin_upload(&s, &a, box);
    assert_int_equal(write_upload(&a, upload, "small\r\n", 7), MAILPROTO_OK);
    heard.answers = 0;
    assert_int_equal(commit_upload(&s, &a, upload), MAILPROTO_OK);
    assert_int_equal(heard.answers, 1); /* one piece of work */
    assert_int_equal(asking_messages_settled(&s, box), 1);
    assert_int_equal(heard.failures, 0);
    asking_end(&a);
    scene_end(&s);
}

/* A long one is written in pieces; who is faster than the store waits; it comes out as it went in. */
static void test_long_upload(void **state)
{
    struct heard heard;
    const mailproto_host_store_config how = gathering(&heard, 100);
    static char text[5000];
    size_t waited = 0;
    struct asking a;
    struct scene s;
    uint64_t box, upload;

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 50 == 48 ? '\r' : i % 50 == 49 ? '\n' : (char)('a' + i * i % 26);
    scene_begin(&s, 1, &how);
    asking_begin(&a, &s.store[0]);
    box = scene_inbox(&s, 0);
    upload = begin_upload(&s, &a, box);
    for (size_t at = 0; at < sizeof text; at += 70 < sizeof text - at ? 70 : sizeof text - at) {
        size_t len = 70 < sizeof text - at ? 70 : sizeof text - at;

        a.ends = 0;
        (void)write_upload(&a, upload, text + at, len);
        waited += !a.ends;
        while (!a.ends)
            (void)uv_run(&s.loop, UV_RUN_ONCE);
        assert_int_equal(a.result, MAILPROTO_OK);
    }
    assert_true(waited > 5);
    assert_int_equal(commit_upload(&s, &a, upload), MAILPROTO_OK);
    assert_stored(&s, box, text, sizeof text);
    asking_end(&a);
    scene_end(&s);
}

/* What begin would have refused is the answer to the commit, and told to who keeps the log; a write that waits can be
   cancelled. */
static void test_upload_refused(void **state)
{
    struct heard heard;
    const mailproto_host_store_config how = gathering(&heard, 100);
    char text[300] = "";
    struct asking a;
    struct scene s;
    uint64_t upload;

    (void)state;
    scene_begin(&s, 1, &how);
    asking_begin(&a, &s.store[0]);
    upload = begin_upload(&s, &a, 4711);
    assert_int_equal(commit_upload(&s, &a, upload), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(heard.failures, 1);
    assert_int_equal(heard.why, MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(heard.question, MAILPROTO_STORE_APPEND_COMMIT);
    upload = begin_upload(&s, &a, 4711);
    assert_int_equal(write_upload(&a, upload, text, sizeof text), MAILPROTO_OK);
    scene_settle(&s);
    assert_int_equal(heard.failures, 2);
    assert_int_equal(heard.question, MAILPROTO_STORE_APPEND_WRITE);
    assert_int_equal(write_upload(&a, upload, text, 1), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(commit_upload(&s, &a, upload), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(heard.failures, 2); /* once each */
    upload = begin_upload(&s, &a, scene_inbox(&s, 0));
    assert_int_equal(write_upload(&a, upload, text, sizeof text), MAILPROTO_OK);
    a.ends = 0;
    (void)write_upload(&a, upload, text, sizeof text);
    assert_int_equal(a.ends, 0);
    assert_int_equal(mailproto_store_cancel(&s.store[0], &a.asker, 1), MAILPROTO_OK);
    scene_settle(&s);
    assert_int_equal(a.ends, 0);
    asking_end(&a);
    scene_end(&s); /* which drops the upload */
}

static void test_share_gathered(void **state)
{
    (void)state;
    for (uint32_t len = 8; len <= 1000; len += 992) {
        struct heard heard;
        const mailproto_host_store_config how = gathering(&heard, 100);
        static char text[1000];
        struct asking a[2];
        struct scene s;
        uint64_t box[2], upload[2];
        ASK_FOR(append_share, APPEND_SHARE);

        memset(text, 'x', sizeof text);
        scene_begin(&s, 2, &how);
        for (size_t i = 0; i < 2; i++) {
            asking_begin(&a[i], &s.store[i]);
            box[i] = scene_inbox(&s, i);
            upload[i] = begin_upload(&s, &a[i], box[i]);
        }
        assert_int_equal(write_upload(&a[0], upload[0], text, len), MAILPROTO_OK);
        q.upload = upload[1];
        q.other = &s.store[0];
        q.other_upload = upload[0];
        (void)asking(&a[1], &q.head);
        scene_settle(&s);
        assert_int_equal(a[1].result, MAILPROTO_OK);
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(commit_upload(&s, &a[i], upload[i]), MAILPROTO_OK);
        assert_stored(&s, box[0], text, len);
        for (size_t i = 0; i < 2; i++)
            asking_end(&a[i]);
        scene_end(&s);
    }
}

/* Every allocation of the host's fails in turn; nothing is left, whatever of an upload was there. */
static void test_gathering_without_memory(void **state)
{
    (void)state;
    for (size_t at = 1; at < 12; at++) {
        struct heard heard;
        const mailproto_host_store_config how = gathering(&heard, 10);
        mailproto_store_append_abort abort_it = {.head = {sizeof abort_it, MAILPROTO_STORE_APPEND_ABORT, 0}};
        struct asking a;
        struct scene s;
        uint64_t box, used;
        ASK_FOR(append_begin, APPEND_BEGIN);

        scene_begin(&s, 1, &how);
        asking_begin(&a, &s.store[0]);
        q.mailbox = box = scene_inbox(&s, 0);
        used = mailproto_memory_store_used(s.guarded[0].memory);
        s.memory.count = 0;
        s.memory.fail_at = at;
        s.memory.fail_on = 1;
        if (asking(&a, &q.head) == MAILPROTO_OK) {
            abort_it.upload = ASKED_ITEM(&a, 0, upload)->upload;
            (void)write_upload(&a, abort_it.upload, "longer than ten", 15);
            (void)write_upload(&a, abort_it.upload, "longer than ten", 15);
            scene_settle(&s);
            s.memory.fail_at = 1; /* and now nothing is left */
            asking_tell(&a, &abort_it.head);
            scene_settle(&s);
        }
        s.memory.fail_at = 0;
        assert_int_equal(mailproto_memory_store_used(s.guarded[0].memory), used);
        asking_end(&a);
        scene_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_uploads),
        cmocka_unit_test(test_long_upload),
        cmocka_unit_test(test_upload_refused),
        cmocka_unit_test(test_share_gathered),
        cmocka_unit_test(test_gathering_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
