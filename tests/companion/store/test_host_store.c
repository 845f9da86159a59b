/* test_host_store.c - a blocking store off the loop: the rules of the kit, cancels, leases, shares, and its end at any time.
 * mailproto/host.h, mailproto_host_store. The kit runs on a store that looks whether two threads are in it at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

#include <mailproto/host.h>
#include <mailproto/memory_store.h>
#include <mailproto/store_kit.h>

#include "asking.h"
#include "support/allocator.h"

/* ---- a store that must not be entered twice, and gives slices with a lease ---- */

struct guarded {
    mailproto_memory_store *memory;
    mailproto_store inner;
    atomic_int inside, twice;
    uint64_t lent, released; /* leases */
    mailproto_store_asker *outer;
    struct passing {
        mailproto_store_asker asker; /* first */
        struct guarded *guarded;
        mailproto_store_asker *outer;
        int leases;
    } reads;
    char *copies[64];
};

static void enter(struct guarded *g)
{
    if (atomic_fetch_add(&g->inside, 1))
        atomic_store(&g->twice, 1);
}

static void leave(struct guarded *g)
{
    atomic_fetch_sub(&g->inside, 1);
}

#define GUARD(field, name)                                                                                             \
    static int32_t guarded_##field(void *user, mailproto_store_asker *asker, const mailproto_store_##name *question)   \
    {                                                                                                                  \
        struct guarded *g = user;                                                                                      \
        int32_t result;                                                                                                \
                                                                                                                       \
        enter(g);                                                                                                      \
        result = g->inner.field(g->inner.user, asker, question);                                                       \
        leave(g);                                                                                                      \
        return result;                                                                                                 \
    }
#define FUNCTIONS(X)                                                                                                   \
    X(list, list)                                                                                                      \
    X(mailbox_open, open)                                                                                              \
    X(mailbox_close, close)                                                                                            \
    X(status, status)                                                                                                  \
    X(mailbox_create, create)                                                                                          \
    X(mailbox_delete, delete)                                                                                          \
    X(mailbox_rename, rename)                                                                                          \
    X(subscribe, subscribe)                                                                                            \
    X(authorise, authorise)                                                                                            \
    X(changes, changes)                                                                                                \
    X(snapshot_end, snapshot_end)                                                                                      \
    X(message_open, message_open)                                                                                      \
    X(message_close, message_close)                                                                                    \
    X(append_begin, append_begin)                                                                                      \
    X(append_write, append_write)                                                                                      \
    X(append_commit, append_commit)                                                                                    \
    X(append_abort, append_abort)                                                                                      \
    X(flags, flags)                                                                                                    \
    X(copy, copy)                                                                                                      \
    X(expunge, expunge)                                                                                                \
    X(watch, watch)                                                                                                    \
    X(blob_read, blob_read)                                                                                            \
    X(blob_write, blob_write)                                                                                          \
    X(quota, quota)                                                                                                    \
    X(quota_set, quota_set)                                                                                            \
    X(metadata, metadata)                                                                                              \
    X(metadata_set, metadata_set)
FUNCTIONS(GUARD)
#undef GUARD

static int32_t lend(mailproto_store_asker *asker, uint64_t token, const mailproto_event *event)
{
    struct passing *p = (struct passing *)(void *)asker;
    struct guarded *g = p->guarded;
    mailproto_store_slice item = *(const mailproto_store_slice *)(const void *)event;
    size_t at = 0;
    int32_t result;

    while (at < 64 && g->copies[at])
        at++;
    if (event->type != MAILPROTO_STORE_SLICE || at == 64 || !item.bytes.len)
        return mailproto_store_give(p->outer, token, event);
    g->copies[at] = malloc(item.bytes.len);
    memcpy(g->copies[at], item.bytes.ptr, item.bytes.len);
    item.bytes.ptr = g->copies[at];
    item.lease = at + 1;
    g->lent++;
    result = mailproto_store_give(p->outer, token, &item.head);
    if (result < 0) {
        free(g->copies[at]);
        g->copies[at] = NULL;
        g->lent--;
    }
    return result;
}

static int32_t pass_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct passing *p = (struct passing *)(void *)asker;

    return why ? mailproto_store_fail(p->outer, token, why, text, len) : mailproto_store_done(p->outer, token);
}

static int32_t guarded_message_read(void *user, mailproto_store_asker *asker,
                                    const mailproto_store_message_read *question)
{
    struct guarded *g = user;
    int32_t result;

    enter(g);
    g->reads = (struct passing){{sizeof g->reads.asker, 0, lend, pass_end}, g, asker, 1};
    result = g->inner.message_read(g->inner.user, &g->reads.asker, question);
    leave(g);
    return result;
}

static void guarded_release(void *user, uint64_t lease)
{
    struct guarded *g = user;

    enter(g);
    if (lease && lease <= 64 && g->copies[lease - 1]) {
        free(g->copies[lease - 1]);
        g->copies[lease - 1] = NULL;
        g->released++;
    }
    leave(g);
}

static int32_t guarded_append_share(void *user, mailproto_store_asker *asker,
                                    const mailproto_store_append_share *question)
{
    struct guarded *g = user, *other = question->other->user;
    mailproto_store_append_share below = *question;
    int32_t result;

    enter(g);
    if (other != g)
        enter(other);
    below.other = &other->inner;
    result = g->inner.append_share(g->inner.user, asker, &below);
    if (other != g)
        leave(other);
    leave(g);
    return result;
}

static void guarded_cancel(void *user, mailproto_store_asker *asker, uint64_t token)
{
    struct guarded *g = user;

    enter(g);
    g->inner.cancel(g->inner.user, asker, token);
    leave(g);
}

static void guarded_new(struct guarded *g, mailproto_store *out)
{
    memset(g, 0, sizeof *g);
    assert_int_equal(mailproto_memory_store_new(&g->memory, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_memory_store_functions(g->memory, &g->inner), MAILPROTO_OK);
    *out = g->inner;
    out->user = g;
#define PUT(field, name) out->field = guarded_##field;
    FUNCTIONS(PUT)
#undef PUT
    out->message_read = guarded_message_read;
    out->append_share = guarded_append_share;
    out->cancel = guarded_cancel;
    out->release = guarded_release;
}

/* All that was lent came back, and never two threads were in it. */
static void guarded_end(struct guarded *g)
{
    assert_int_equal(atomic_load(&g->twice), 0);
    assert_int_equal(g->lent, g->released);
    mailproto_memory_store_free(g->memory);
}

/* ---- a scene: a loop, a host, an account off the loop ---- */

struct scene {
    struct test_allocator memory;
    uv_loop_t loop;
    mailproto_host *host;
    struct guarded guarded[2];
    mailproto_store blocking[2], store[2];
    mailproto_host_store *off[2];
    int freed, host_freed;
};

static void on_freed(void *user)
{
    ++*(int *)user;
}

static void begin_gathering(struct scene *s, size_t stores, const mailproto_host_store_config *how)
{
    mailproto_host_config config;

    memset(s, 0, sizeof *s);
    test_allocator_init(&s->memory);
    assert_int_equal(uv_loop_init(&s->loop), 0);
    assert_int_equal(mailproto_host_config_init(&config, sizeof config), MAILPROTO_OK);
    config.loop = &s->loop;
    config.allocator = &s->memory.api;
    config.on_freed = on_freed;
    config.user = &s->host_freed;
    assert_int_equal(mailproto_host_new(&s->host, &config, NULL), MAILPROTO_OK);
    for (size_t i = 0; i < stores; i++) {
        guarded_new(&s->guarded[i], &s->blocking[i]);
        assert_int_equal(mailproto_host_store_new(&s->off[i], s->host, &s->blocking[i], how), MAILPROTO_OK);
        assert_int_equal(mailproto_host_store_functions(s->off[i], &s->store[i]), MAILPROTO_OK);
    }
}

static void begin(struct scene *s, size_t stores)
{
    begin_gathering(s, stores, NULL);
}

static void step(struct scene *s)
{
    if (mailproto_host_store_open(s->off[0]) + mailproto_host_store_open(s->off[1]))
        (void)uv_run(&s->loop, UV_RUN_ONCE);
}

static void settle(struct scene *s)
{
    while (mailproto_host_store_open(s->off[0]) + mailproto_host_store_open(s->off[1]))
        (void)uv_run(&s->loop, UV_RUN_ONCE);
}

static void end_host(struct scene *s)
{
    mailproto_host_free(s->host);
    while (!s->host_freed)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    assert_int_equal(s->memory.live, 0);
}

static void end(struct scene *s)
{
    int stores = 0;

    for (size_t i = 0; i < 2 && s->off[i]; i++, stores++)
        mailproto_host_store_free(s->off[i], on_freed, &s->freed);
    while (s->freed < stores)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    for (int i = 0; i < stores; i++)
        guarded_end(&s->guarded[i]);
    end_host(s);
}

/* ---- the rules of the kit ---- */

static int32_t make(void *user, void **account, mailproto_store *store)
{
    struct scene *s = calloc(1, sizeof *s);

    (void)user;
    assert_non_null(s);
    begin(s, 1);
    *account = s;
    *store = s->store[0];
    return MAILPROTO_OK;
}

static int32_t drive(void *user, void *account)
{
    (void)user;
    step(account);
    return MAILPROTO_OK;
}

static void finish(void *user, void *account)
{
    (void)user;
    end(account);
    free(account);
}

static int rules;

static void on_line(void *user, const mailproto_store_kit_line *line)
{
    rules += line->outcome == MAILPROTO_STORE_KIT_PASSED;
    if (line->outcome != MAILPROTO_STORE_KIT_FAILED)
        return;
    ++*(int *)user;
    print_message("%s%.*s failed: %.*s\n", line->late ? "late " : "", (int)line->rule.len, line->rule.ptr,
                  (int)line->seen.len, line->seen.ptr);
}

static void test_kit(void **state)
{
    mailproto_store_kit_factory factory;
    mailproto_store_kit_config config;
    int failed = 0;

    (void)state;
    mailproto_store_kit_factory_init(&factory, sizeof factory);
    mailproto_store_kit_config_init(&config, sizeof config);
    factory.make = make;
    factory.drive = drive;
    factory.end = finish;
    config.on_line = on_line;
    config.user = &failed;
    assert_int_equal(mailproto_store_kit_run(&factory, &config, NULL), MAILPROTO_OK);
    assert_int_equal(failed, 0);
    assert_true(rules > 100);
}

/* ---- by itself ---- */

static void test_arguments(void **state)
{
    mailproto_host_store *off;
    mailproto_store store;
    struct scene s;

    (void)state;
    begin(&s, 1);
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
    end(&s);
}

/* Nothing is answered before the loop runs, and all in order. */
static void test_order(void **state)
{
    struct asking many[40];
    struct scene s;
    uint64_t used;

    (void)state;
    begin(&s, 1);
    for (size_t i = 0; i < 40; i++) {
        char name[] = {'m', (char)('a' + i / 10), (char)('0' + i % 10), '\0'};
        ASK_FOR(create, CREATE);

        asking_begin(&many[i], &s.store[0]);
        q.name = (mailproto_text){name, 3};
        assert_int_equal(asking(&many[i], &q.head), MAILPROTO_ERR_CANCELLED); /* later */
        memset(name, 'x', 3);
    }
    assert_int_equal(mailproto_host_store_open(s.off[0]), 40);
    settle(&s);
    used = 0;
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(many[i].ends, 1);
        assert_int_equal(many[i].result, MAILPROTO_OK);
        assert_true(ASKED_ITEM(&many[i], 0, mailbox)->mailbox > used);
        used = ASKED_ITEM(&many[i], 0, mailbox)->mailbox;
        asking_end(&many[i]);
    }
    end(&s);
}

/* An append, step by step; the UID. */
static uint32_t append(struct scene *s, struct asking *a, const char *text, uint64_t mailbox)
{
    mailproto_store_append_write write = {.head = {sizeof write, MAILPROTO_STORE_APPEND_WRITE, 0}};
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};
    ASK_FOR(append_begin, APPEND_BEGIN);

    q.mailbox = mailbox;
    (void)asking(a, &q.head);
    settle(s);
    write.upload = commit.upload = ASKED_ITEM(a, 0, upload)->upload;
    write.bytes = (mailproto_text){text, strlen(text)};
    (void)asking(a, &write.head);
    settle(s);
    (void)asking(a, &commit.head);
    settle(s);
    assert_int_equal(a->result, MAILPROTO_OK);
    return ASKED_ITEM(a, 0, appended)->uid;
}

static uint64_t inbox(struct scene *s, size_t i)
{
    struct asking a;
    uint64_t id;

    asking_begin(&a, &s->guarded[i].inner); /* nothing is running */
    id = asking_inbox(&a);
    asking_end(&a);
    return id;
}

static uint32_t asking_messages_settled(struct scene *s, uint64_t mailbox)
{
    mailproto_store_status q = {.head = {sizeof q, MAILPROTO_STORE_STATUS, 0}};
    struct asking a;
    uint32_t messages;

    asking_begin(&a, &s->store[0]);
    q.mailbox = mailbox;
    q.wanted = MAILPROTO_STATUS_MESSAGES;
    (void)asking(&a, &q.head);
    settle(s);
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
    settle(s);
    assert_int_equal(a.result, MAILPROTO_OK);
    q.message = unpin.message = ASKED_ITEM(&a, 0, message_opened)->message;
    while (at < len) {
        const mailproto_store_slice *slice;

        q.offset = at;
        q.max = len;
        (void)asking(&a, &q.head);
        settle(s);
        assert_true(a.count > 0);
        slice = ASKED_ITEM(&a, 0, slice);
        assert_true(slice->bytes.len > 0 && slice->bytes.len <= len - at);
        assert_memory_equal(slice->bytes.ptr, text + at, slice->bytes.len);
        at += slice->bytes.len;
        s->store[0].release(s->store[0].user, slice->lease);
        settle(s);
    }
    asking_tell(&a, &unpin.head);
    settle(s);
    asking_end(&a);
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
    begin(&s, 1);
    asking_begin(&a, &s.store[0]);
    pin.mailbox = inbox(&s, 0);
    pin.uid = append(&s, &a, "lent\r\n", pin.mailbox);
    (void)asking(&a, &pin.head);
    settle(&s);
    read.message = unpin.message = ASKED_ITEM(&a, 0, message_opened)->message;
    read.max = 100;
    a.on_item = look;
    for (int i = 0; i < 3; i++) {
        (void)asking(&a, &read.head);
        settle(&s);
        assert_ptr_equal(seen, s.guarded[0].copies[0]); /* no copy was made */
        assert_true(lease != 0);
        assert_memory_equal(seen, "lent\r\n", 6);
        if (i == 2)
            break; /* this one ends with the store */
        s.store[0].release(s.store[0].user, lease);
        s.store[0].release(s.store[0].user, lease);
        settle(&s);
        assert_int_equal(s.guarded[0].released, i + 1);
    }
    asking_tell(&a, &unpin.head);
    asking_end(&a);
    end(&s);
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

        begin(&s, 1);
        q.mailbox = inbox(&s, 0);
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
            step(&s);
        settle(&s);
        assert_int_equal(a.ends + a.count, 0);
        assert_int_equal(first.ends, when == 0);
        assert_int_equal(mailproto_memory_store_used(s.guarded[0].memory), used);
        asking_end(&first);
        asking_end(&a);
        end(&s);
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
    begin(&s, 1);
    asking_begin(&a, &s.store[0]);
    q.mailbox = upload.mailbox = pin.mailbox = inbox(&s, 0);
    pin.uid = append(&s, &a, "x", q.mailbox);
    q.mode = MAILPROTO_STORE_EXCLUSIVE;
    used = mailproto_memory_store_used(s.guarded[0].memory);
    a.on_item = refuse;
    (void)asking(&a, &q.head);
    settle(&s);
    (void)asking(&a, &upload.head);
    settle(&s);
    (void)asking(&a, &pin.head);
    settle(&s);
    assert_int_equal(a.ends, 0);
    assert_int_equal(mailproto_memory_store_used(s.guarded[0].memory), used);
    asking_end(&a);
    end(&s);
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

        begin(&s, 1);
        q.mailbox = inbox(&s, 0);
        q.mode = MAILPROTO_STORE_EXCLUSIVE;
        used = mailproto_memory_store_used(s.guarded[0].memory);
        asking_begin(&a, &s.store[0]);
        s.memory.count = 0;
        s.memory.fail_at = at;
        s.memory.fail_on = 1;
        (void)asking(&a, &q.head);
        settle(&s);
        assert_int_equal(a.ends, 1);
        failed = a.result != MAILPROTO_OK;
        if (!failed) { /* and now nothing is left */
            s.memory.fail_at = 1;
            close.opening = ASKED_ITEM(&a, 0, opened)->opening;
            asking_tell(&a, &close.head);
            settle(&s);
        }
        s.memory.fail_at = 0;
        assert_int_equal(mailproto_memory_store_used(s.guarded[0].memory), used);
        asking_end(&a);
        end(&s);
        assert_true(at < 10);
    }
}

static void test_watch(void **state)
{
    struct asking watcher, a;
    struct scene s;
    ASK_FOR(watch, WATCH);

    (void)state;
    begin(&s, 1);
    asking_begin(&watcher, &s.store[0]);
    asking_begin(&a, &s.store[0]);
    q.mailbox = inbox(&s, 0);
    (void)asking(&watcher, &q.head);
    settle(&s);
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
    settle(&s);
    asking_end(&watcher);
    asking_end(&a);
    end(&s);
}

/* Two accounts share octets, both ways, while both are busy. */
static void test_share(void **state)
{
    struct asking a[2], busy[2][10];
    struct scene s;
    uint64_t uploads[2][2], boxes[2];

    (void)state;
    begin(&s, 2);
    for (size_t i = 0; i < 2; i++) {
        boxes[i] = inbox(&s, i);
        asking_begin(&a[i], &s.store[i]);
        for (size_t n = 0; n < 2; n++) {
            mailproto_store_append_write write = {.head = {sizeof write, MAILPROTO_STORE_APPEND_WRITE, 0}};
            ASK_FOR(append_begin, APPEND_BEGIN);

            q.mailbox = boxes[i];
            (void)asking(&a[i], &q.head);
            settle(&s);
            write.upload = uploads[i][n] = ASKED_ITEM(&a[i], 0, upload)->upload;
            write.bytes = (mailproto_text){"shared\r\n", n ? 0 : 8};
            (void)asking(&a[i], &write.head);
            settle(&s);
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
    settle(&s);
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
            settle(&s);
            assert_int_equal(a[i].result, MAILPROTO_OK);
        }
        asking_end(&a[i]);
    }
    end(&s);
}

/* ---- uploads that are gathered ---- */

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
    settle(s);
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
    begin_gathering(&s, 1, &how);
    asking_begin(&a, &s.store[0]);
    box = inbox(&s, 0);
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
    end(&s);
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
    begin_gathering(&s, 1, &how);
    asking_begin(&a, &s.store[0]);
    box = inbox(&s, 0);
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
    end(&s);
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
    begin_gathering(&s, 1, &how);
    asking_begin(&a, &s.store[0]);
    upload = begin_upload(&s, &a, 4711);
    assert_int_equal(commit_upload(&s, &a, upload), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(heard.failures, 1);
    assert_int_equal(heard.why, MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(heard.question, MAILPROTO_STORE_APPEND_COMMIT);
    upload = begin_upload(&s, &a, 4711);
    assert_int_equal(write_upload(&a, upload, text, sizeof text), MAILPROTO_OK);
    settle(&s);
    assert_int_equal(heard.failures, 2);
    assert_int_equal(heard.question, MAILPROTO_STORE_APPEND_WRITE);
    assert_int_equal(write_upload(&a, upload, text, 1), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(commit_upload(&s, &a, upload), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(heard.failures, 2); /* once each */
    upload = begin_upload(&s, &a, inbox(&s, 0));
    assert_int_equal(write_upload(&a, upload, text, sizeof text), MAILPROTO_OK);
    a.ends = 0;
    (void)write_upload(&a, upload, text, sizeof text);
    assert_int_equal(a.ends, 0);
    assert_int_equal(mailproto_store_cancel(&s.store[0], &a.asker, 1), MAILPROTO_OK);
    settle(&s);
    assert_int_equal(a.ends, 0);
    asking_end(&a);
    end(&s); /* which drops the upload */
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
        begin_gathering(&s, 2, &how);
        for (size_t i = 0; i < 2; i++) {
            asking_begin(&a[i], &s.store[i]);
            box[i] = inbox(&s, i);
            upload[i] = begin_upload(&s, &a[i], box[i]);
        }
        assert_int_equal(write_upload(&a[0], upload[0], text, len), MAILPROTO_OK);
        q.upload = upload[1];
        q.other = &s.store[0];
        q.other_upload = upload[0];
        (void)asking(&a[1], &q.head);
        settle(&s);
        assert_int_equal(a[1].result, MAILPROTO_OK);
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(commit_upload(&s, &a[i], upload[i]), MAILPROTO_OK);
        assert_stored(&s, box[0], text, len);
        for (size_t i = 0; i < 2; i++)
            asking_end(&a[i]);
        end(&s);
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

        begin_gathering(&s, 1, &how);
        asking_begin(&a, &s.store[0]);
        q.mailbox = box = inbox(&s, 0);
        used = mailproto_memory_store_used(s.guarded[0].memory);
        s.memory.count = 0;
        s.memory.fail_at = at;
        s.memory.fail_on = 1;
        if (asking(&a, &q.head) == MAILPROTO_OK) {
            abort_it.upload = ASKED_ITEM(&a, 0, upload)->upload;
            (void)write_upload(&a, abort_it.upload, "longer than ten", 15);
            (void)write_upload(&a, abort_it.upload, "longer than ten", 15);
            settle(&s);
            s.memory.fail_at = 1; /* and now nothing is left */
            asking_tell(&a, &abort_it.head);
            settle(&s);
        }
        s.memory.fail_at = 0;
        assert_int_equal(mailproto_memory_store_used(s.guarded[0].memory), used);
        asking_end(&a);
        end(&s);
    }
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
    begin(&s, 1);
    called = 0;
    assert_int_equal(mailproto_host_store_run(s.off[0], on_run, on_done, &ran), MAILPROTO_OK);
    assert_int_equal(called, 0);
    settle(&s);
    assert_int_equal(called, 1);
    end(&s);
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
        mailproto_host_store_free(l->scene->off[0], on_freed, &l->scene->freed);
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

        begin(&s, 1);
        box = inbox(&s, 0);
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
            step(&s);
        if (when < 2)
            mailproto_host_store_free(s.off[0], on_freed, &s.freed);
        while (!s.freed)
            (void)uv_run(&s.loop, UV_RUN_ONCE);
        if (when == 2)
            assert_int_equal(l.items, 1);
        for (size_t i = 0; i < 30; i++)
            asking_end(&many[i]);
        guarded_end(&s.guarded[0]);
        end_host(&s);
    }
}

static void on_last(int32_t result, void *user)
{
    struct scene *s = user;

    called += result == MAILPROTO_OK || result == MAILPROTO_ERR_CANCELLED;
    mailproto_host_store_free(s->off[0], on_freed, &s->freed);
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
        begin(&s, 1);
        called = 0;
        box = inbox(&s, 0);
        for (size_t i = 0; i < 30; i++) {
            ASK_FOR(status, STATUS);

            asking_begin(&many[i], &s.store[0]);
            q.mailbox = box;
            (void)asking(&many[i], &q.head);
        }
        assert_int_equal(mailproto_host_store_run(s.off[0], do_nothing, on_last, &s), MAILPROTO_OK);
        if (before)
            mailproto_host_store_free(s.off[0], on_freed, &s.freed);
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
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_leases),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_refused_items),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_end_at_any_time),
        cmocka_unit_test(test_host_ends),
        cmocka_unit_test(test_kit),
        cmocka_unit_test(test_small_uploads),
        cmocka_unit_test(test_long_upload),
        cmocka_unit_test(test_upload_refused),
        cmocka_unit_test(test_share_gathered),
        cmocka_unit_test(test_gathering_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
