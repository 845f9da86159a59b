/* test_memory_store.c - the store in memory beyond the rules of the kit: its limits, its memory, and askers that ask, close
 * and delete from inside of answers. mailproto/memory_store.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mailproto/memory_store.h>

#include "asking.h"
#include "support/allocator.h"

/* An account with its memory watched, and somebody who asks. */
struct scene {
    struct test_allocator memory;
    mailproto_memory_store_config config;
    mailproto_memory_store *account;
    mailproto_store store;
    struct asking a;
};

static void configure(struct scene *s)
{
    test_allocator_init(&s->memory);
    assert_int_equal(mailproto_memory_store_config_init(&s->config, sizeof s->config), MAILPROTO_OK);
    s->config.allocator = &s->memory.api;
}

static void begin(struct scene *s)
{
    assert_int_equal(mailproto_memory_store_new(&s->account, &s->config), MAILPROTO_OK);
    assert_int_equal(mailproto_memory_store_functions(s->account, &s->store), MAILPROTO_OK);
    asking_begin(&s->a, &s->store);
}

static void end(struct scene *s)
{
    assert_int_equal(mailproto_memory_store_used(s->account), s->memory.used);
    asking_end(&s->a);
    mailproto_memory_store_free(s->account);
    assert_int_equal(s->memory.live, 0);
}

static void test_complete(void **state)
{
    struct scene s;
    const char *why;

    (void)state;
    configure(&s);
    begin(&s);
    assert_int_equal(mailproto_store_check(&s.store,
                                           MAILPROTO_STORE_FOR_DELIVERY | MAILPROTO_STORE_FOR_POP3 |
                                               MAILPROTO_STORE_FOR_IMAP,
                                           &why),
                     MAILPROTO_OK);
    end(&s);
}

static void test_arguments(void **state)
{
    mailproto_memory_store *account;
    mailproto_store store;
    struct scene s;

    (void)state;
    configure(&s);
    assert_int_equal(mailproto_memory_store_config_init(NULL, sizeof s.config), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_memory_store_new(NULL, NULL), MAILPROTO_ERR_ARG);
    s.memory.api.free = NULL;
    assert_int_equal(mailproto_memory_store_new(&account, &s.config), MAILPROTO_ERR_ARG);
    s.config.struct_size = 2;
    assert_int_equal(mailproto_memory_store_new(&account, &s.config), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_memory_store_new(&account, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_memory_store_functions(account, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_memory_store_functions(NULL, &store), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_memory_store_set_wall(NULL, 0, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_memory_store_used(NULL), 0);
    mailproto_memory_store_free(account);
    mailproto_memory_store_free(NULL);
}

/* ---- every allocation fails ---- */

static int32_t set(struct asking *a, uint64_t mailbox, uint32_t operation, const char *word)
{
    const mailproto_store_keyword keyword = {sizeof keyword, 0, {word, strlen(word)}, NULL};
    const mailproto_store_run run = {sizeof run, 1, 3, 0, NULL};
    ASK_FOR(flags, FLAGS);

    q.mailbox = mailbox;
    q.uids = &run;
    q.unchanged_since = UINT64_MAX;
    q.operation = operation;
    q.flags = MAILPROTO_FLAG_SEEN;
    q.keywords = &keyword;
    return asking(a, &q.head);
}

static int32_t copy(struct asking *a, uint64_t mailbox, uint64_t destination, uint32_t move)
{
    const mailproto_store_run run = {sizeof run, 2, 3, 0, NULL};
    ASK_FOR(copy, COPY);

    q.mailbox = mailbox;
    q.uids = &run;
    q.destination = destination;
    q.move = move;
    return asking(a, &q.head);
}

static int32_t rename_to(struct asking *a, uint64_t mailbox, const char *name)
{
    ASK_FOR(rename, RENAME);

    q.mailbox = mailbox;
    q.name = (mailproto_text){name, strlen(name)};
    return asking(a, &q.head);
}

static int32_t read_all(struct asking *a, uint64_t mailbox)
{
    mailproto_store_changes changes = {.head = {sizeof changes, MAILPROTO_STORE_CHANGES, 0}};
    mailproto_store_message_open pin = {.head = {sizeof pin, MAILPROTO_STORE_MESSAGE_OPEN, 0}};
    mailproto_store_message_read read = {.head = {sizeof read, MAILPROTO_STORE_MESSAGE_READ, 0}};
    mailproto_store_message_close unpin = {.head = {sizeof unpin, MAILPROTO_STORE_MESSAGE_CLOSE, 0}};
    mailproto_store_close close = {.head = {sizeof close, MAILPROTO_STORE_CLOSE, 0}};
    ASK_FOR(open, OPEN);
    int32_t result;

    q.mailbox = pin.mailbox = mailbox;
    q.mode = MAILPROTO_STORE_READ_WRITE;
    result = asking(a, &q.head);
    if (result)
        return result;
    close.opening = changes.opening = ASKED_ITEM(a, 0, opened)->opening;
    changes.want = 1;
    result = asking(a, &changes.head);
    asking_tell(a, &close.head);
    pin.uid = 1;
    if (!result)
        result = asking(a, &pin.head);
    if (result)
        return result;
    unpin.message = read.message = ASKED_ITEM(a, 0, message_opened)->message;
    read.max = 100;
    result = asking(a, &read.head);
    asking_tell(a, &unpin.head);
    return result;
}

static int32_t besides(struct asking *a, uint64_t mailbox)
{
    mailproto_store_subscribe subscribe = {.head = {sizeof subscribe, MAILPROTO_STORE_SUBSCRIBE, 0}};
    mailproto_store_blob_write blob = {.head = {sizeof blob, MAILPROTO_STORE_BLOB_WRITE, 0}};
    mailproto_store_metadata_set note = {.head = {sizeof note, MAILPROTO_STORE_METADATA_SET, 0}};
    mailproto_store_metadata notes = {.head = {sizeof notes, MAILPROTO_STORE_METADATA, 0}};
    ASK_FOR(list, LIST);
    int32_t result;

    subscribe.name = (mailproto_text){"nowhere/yet", 11};
    subscribe.subscribed = 1;
    blob.mailbox = note.mailbox = notes.mailbox = mailbox;
    blob.uid = 1;
    blob.bytes = (mailproto_text){"blob", 4};
    note.name = notes.name = (mailproto_text){"/private/comment", 16};
    note.value = (mailproto_text){"value", 5};
    note.has_value = 1;
    result = asking(a, &subscribe.head);
    if (!result)
        result = asking(a, &blob.head);
    if (!result)
        result = asking(a, &note.head);
    if (!result)
        result = asking(a, &notes.head);
    return result ? result : asking(a, &q.head);
}

/* Everything once; the first error. What failed is tried again, and must then have left nothing half done. */
static int32_t play(struct scene *s, uint64_t inbox)
{
    struct asking *a = &s->a;
    uint64_t box = 0, other = 0;
    int32_t result;

    result = asking_create(a, "a/b/c", &box);
    if (!result)
        result = asking_create(a, "d", &other);
    for (int i = 0; i < 3 && !result; i++)
        result = asking_append(a, box, i ? "same\n" : "first\n", NULL);
    if (!result)
        result = asking_append(a, inbox, "x\n", NULL);
    if (!result)
        result = set(a, box, MAILPROTO_STORE_FLAGS_ADD, "$Work");
    if (!result)
        result = copy(a, box, other, 0);
    if (!result)
        result = copy(a, box, inbox, 1);
    if (!result)
        result = read_all(a, box);
    if (!result)
        result = besides(a, box);
    if (!result)
        result = rename_to(a, inbox, "old/inbox");
    if (!result)
        result = rename_to(a, other, "new/d");
    if (!result)
        result = asking_remove(a, box, 1, 9);
    if (!result && asking_messages(a, box) + asking_messages(a, other) + asking_messages(a, inbox) != 2)
        result = MAILPROTO_ERR_CORRUPT;
    return result;
}

static void test_every_allocation_fails(void **state)
{
    int32_t result = MAILPROTO_ERR_NOMEM;
    size_t at;

    (void)state;
    for (at = 1; result; at++) {
        struct scene s;
        uint64_t inbox;

        configure(&s);
        begin(&s);
        inbox = asking_inbox(&s.a);
        s.memory.count = 0;
        s.memory.fail_at = at;
        result = play(&s, inbox);
        assert_true(result == MAILPROTO_OK || result == MAILPROTO_ERR_NOMEM);
        if (!result && s.memory.failed) /* what it failed in is not needed */
            result = MAILPROTO_ERR_NOMEM;
        end(&s);
        assert_true(at < 1000);
    }
    assert_true(at > 40);
    for (at = 1, result = MAILPROTO_ERR_NOMEM; result; at++) {
        struct scene s;

        configure(&s);
        s.memory.fail_at = at;
        result = mailproto_memory_store_new(&s.account, &s.config);
        assert_true(result == MAILPROTO_OK || result == MAILPROTO_ERR_NOMEM);
        if (!result)
            mailproto_memory_store_free(s.account);
        assert_int_equal(s.memory.live, 0);
    }
    assert_true(at > 3);
}

/* ---- limits ---- */

static void test_limit_of_memory(void **state)
{
    char text[4097];
    struct scene s;
    uint64_t inbox;
    uint32_t taken = 0;
    int32_t result = MAILPROTO_OK;

    (void)state;
    configure(&s);
    s.config.max_memory = 100000;
    begin(&s);
    inbox = asking_inbox(&s.a);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    while (!result) {
        result = asking_append(&s.a, inbox, text, NULL);
        taken += !result;
        assert_true(taken < 100);
    }
    assert_int_equal(result, MAILPROTO_ERR_FULL);
    assert_true(taken > 5);
    assert_int_equal(asking_messages(&s.a, inbox), taken);
    assert_true(mailproto_memory_store_used(s.account) <= 100000);
    assert_int_equal(asking_remove(&s.a, inbox, 1, 4), MAILPROTO_OK);
    assert_int_equal(asking_append(&s.a, inbox, text, NULL), MAILPROTO_OK);
    end(&s);
    configure(&s);
    s.config.max_memory = 1000;
    assert_int_equal(mailproto_memory_store_new(&s.account, &s.config), MAILPROTO_ERR_FULL);
    assert_int_equal(s.memory.live, 0);
}

static void test_quotas(void **state)
{
    struct scene s;
    uint64_t inbox, id;
    ASK_FOR(quota, QUOTA);

    (void)state;
    configure(&s);
    s.config.max_octets = 10;
    s.config.max_messages = 2;
    s.config.max_mailboxes = 3;
    begin(&s);
    inbox = asking_inbox(&s.a);
    assert_int_equal(asking_append(&s.a, inbox, "1234567\n", NULL), MAILPROTO_OK); /* 9 octets with its CR */
    assert_int_equal(asking_append(&s.a, inbox, "\n", NULL), MAILPROTO_ERR_QUOTA);
    assert_int_equal(asking_append(&s.a, inbox, "1", NULL), MAILPROTO_OK);
    assert_int_equal(asking_append(&s.a, inbox, "", NULL), MAILPROTO_ERR_QUOTA);
    assert_int_equal(asking_create(&s.a, "a/b/c", &id), MAILPROTO_ERR_QUOTA);
    assert_int_equal(asking_create(&s.a, "a/b", &id), MAILPROTO_OK);
    assert_int_equal(copy(&s.a, inbox, id, 0), MAILPROTO_ERR_QUOTA);
    assert_int_equal(copy(&s.a, inbox, id, 1), MAILPROTO_OK);
    assert_int_equal(asking(&s.a, &q.head), MAILPROTO_OK);
    assert_int_equal(s.a.count, 3);
    assert_int_equal(ASKED_ITEM(&s.a, 0, quota_item)->used, 10);
    assert_int_equal(ASKED_ITEM(&s.a, 0, quota_item)->limit, 10);
    assert_int_equal(ASKED_ITEM(&s.a, 1, quota_item)->used, 2);
    assert_int_equal(ASKED_ITEM(&s.a, 2, quota_item)->used, 3);
    end(&s);
}

static void test_names(void **state)
{
    static const char *const bad[] = {"/a",   "a/",       "a//b",         "",         "a\001b", "a\x7f",
                                      "\xff", "\xc0\xaf", "\xed\xa0\x80", "a\xe2\x82"};
    char longest[1003];
    struct scene s;
    uint64_t id, below;

    (void)state;
    configure(&s);
    begin(&s);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(asking_create(&s.a, bad[i], &id), MAILPROTO_ERR_LIMIT);
    memset(longest, 'x', sizeof longest);
    longest[1001] = '\0';
    assert_int_equal(asking_create(&s.a, longest, &id), MAILPROTO_ERR_LIMIT);
    longest[1000] = '\0';
    assert_int_equal(asking_create(&s.a, longest, &id), MAILPROTO_OK);
    assert_int_equal(asking_create(&s.a, "short", &id), MAILPROTO_OK);
    assert_int_equal(asking_create(&s.a, "short/below", &below), MAILPROTO_OK);
    longest[999] = '\0';
    assert_int_equal(rename_to(&s.a, id, longest), MAILPROTO_ERR_LIMIT); /* for what is below it */
    assert_int_equal(rename_to(&s.a, id, "short/below/deeper"), MAILPROTO_ERR_DENIED);
    assert_int_equal(rename_to(&s.a, id, "inbox"), MAILPROTO_ERR_EXISTS);
    assert_int_equal(asking_create(&s.a, "Inbox/x", &id), MAILPROTO_OK);
    assert_int_equal(ASKED_ITEM(&s.a, 0, mailbox)->name.len, 7);
    assert_memory_equal(ASKED_ITEM(&s.a, 0, mailbox)->name.ptr, "INBOX/x", 7);
    end(&s);
}

static void test_keywords_have_a_limit(void **state)
{
    struct scene s;
    uint64_t inbox;
    char word[16];

    (void)state;
    configure(&s);
    begin(&s);
    inbox = asking_inbox(&s.a);
    assert_int_equal(asking_append(&s.a, inbox, "x", NULL), MAILPROTO_OK);
    for (int i = 0; i < 59; i++) {
        (void)snprintf(word, sizeof word, "k%d", i);
        assert_int_equal(set(&s.a, inbox, MAILPROTO_STORE_FLAGS_ADD, word), MAILPROTO_OK);
    }
    assert_int_equal(set(&s.a, inbox, MAILPROTO_STORE_FLAGS_ADD, "K58"), MAILPROTO_OK);
    assert_int_equal(set(&s.a, inbox, MAILPROTO_STORE_FLAGS_ADD, "one more"), MAILPROTO_ERR_LIMIT);
    assert_int_equal(set(&s.a, inbox, MAILPROTO_STORE_FLAGS_REMOVE, "one more"), MAILPROTO_OK);
    end(&s);
}

static void test_old_cursors_are_forgotten(void **state)
{
    mailproto_store_changes changes = {.head = {sizeof changes, MAILPROTO_STORE_CHANGES, 0}};
    struct scene s;
    uint64_t inbox, recent = 0;
    ASK_FOR(open, OPEN);

    (void)state;
    configure(&s);
    s.config.remember = 2;
    begin(&s);
    inbox = asking_inbox(&s.a);
    for (int i = 0; i < 9; i++)
        assert_int_equal(asking_append(&s.a, inbox, "x", NULL), MAILPROTO_OK);
    q.mailbox = inbox;
    q.mode = MAILPROTO_STORE_READ_ONLY;
    assert_int_equal(asking(&s.a, &q.head), MAILPROTO_OK);
    changes.opening = ASKED_ITEM(&s.a, 0, opened)->opening;
    changes.since = ASKED_ITEM(&s.a, 0, opened)->cursor;
    for (uint32_t uid = 1; uid < 9; uid += 2) {
        assert_int_equal(asking_remove(&s.a, inbox, uid, uid), MAILPROTO_OK);
        if (uid == 3)
            recent = ASKED_ITEM(&s.a, 0, uids)->modseq;
    }
    assert_int_equal(asking(&s.a, &changes.head), MAILPROTO_ERR_RESYNC);
    changes.since = recent;
    assert_int_equal(asking(&s.a, &changes.head), MAILPROTO_OK);
    assert_int_equal(s.a.count, 3);
    assert_int_equal(ASKED_ITEM(&s.a, 0, uids)->first, 5);
    assert_int_equal(ASKED_ITEM(&s.a, 1, uids)->first, 7);
    end(&s);
}

/* ---- time, and what copies share ---- */

static int64_t wall(void *user, int32_t *zone)
{
    *zone = 60;
    return *(int64_t *)user;
}

static void test_time_is_the_hosts(void **state)
{
    mailproto_store_changes changes = {.head = {sizeof changes, MAILPROTO_STORE_CHANGES, 0}};
    int64_t now = INT64_C(1800000000);
    struct scene s;
    uint64_t inbox;
    const mailproto_store_message *first, *second, *third;
    ASK_FOR(open, OPEN);

    (void)state;
    configure(&s);
    s.config.wall = wall;
    s.config.user = &now;
    begin(&s);
    inbox = asking_inbox(&s.a);
    assert_int_equal(asking_append(&s.a, inbox, "x", NULL), MAILPROTO_OK);
    assert_int_equal(asking_append(&s.a, inbox, "x", NULL), MAILPROTO_OK);
    now++;
    assert_int_equal(copy(&s.a, inbox, inbox, 0), MAILPROTO_OK); /* of the second */
    q.mailbox = inbox;
    q.mode = MAILPROTO_STORE_READ_ONLY;
    assert_int_equal(asking(&s.a, &q.head), MAILPROTO_OK);
    assert_true(ASKED_ITEM(&s.a, 0, opened)->uidvalidity > 1800000000u);
    changes.opening = ASKED_ITEM(&s.a, 0, opened)->opening;
    assert_int_equal(asking(&s.a, &changes.head), MAILPROTO_OK);
    assert_int_equal(s.a.count, 4);
    first = ASKED_ITEM(&s.a, 0, message);
    second = ASKED_ITEM(&s.a, 1, message);
    third = ASKED_ITEM(&s.a, 2, message);
    assert_true(first->internal_date == 1800000000);
    assert_int_equal(first->zone, 60);
    assert_true(second->has_save_date && second->save_date == 1800000000);
    assert_true(third->internal_date == 1800000000 && third->save_date == 1800000001);
    /* a copy is the same message, one that was appended is another */
    assert_int_equal(second->email_id.len, third->email_id.len);
    assert_memory_equal(second->email_id.ptr, third->email_id.ptr, second->email_id.len);
    assert_true(first->email_id.len != second->email_id.len ||
                memcmp(first->email_id.ptr, second->email_id.ptr, first->email_id.len) != 0);
    end(&s);
}

/* ---- askers that do things from inside of answers ---- */

struct meddler {
    struct asking inner;
    uint64_t mailbox, opening, snapshot;
    uint32_t uid;
    int calls;
};

/* Each item of CHANGES makes it remove everything, close, and delete the mailbox. */
static int32_t meddle(struct asking *a, const mailproto_event *item)
{
    struct meddler *m = a->user;
    mailproto_store_close close = {.head = {sizeof close, MAILPROTO_STORE_CLOSE, 0}};
    mailproto_store_delete delete = {.head = {sizeof delete, MAILPROTO_STORE_DELETE, 0}};

    if (item->type != MAILPROTO_STORE_MESSAGE)
        return MAILPROTO_OK;
    m->calls++;
    (void)asking_remove(&m->inner, m->mailbox, 1, UINT32_MAX - 1);
    (void)asking_append(&m->inner, m->mailbox, "more\n", NULL);
    close.opening = m->opening;
    asking_tell(&m->inner, &close.head);
    if (m->calls == 2) {
        delete.mailbox = m->mailbox;
        (void)asking(&m->inner, &delete.head);
    }
    return MAILPROTO_OK;
}

static void test_meddling(void **state)
{
    mailproto_store_changes changes = {.head = {sizeof changes, MAILPROTO_STORE_CHANGES, 0}};
    struct meddler m = {.calls = 0};
    struct scene s;
    uint64_t id;
    ASK_FOR(open, OPEN);

    (void)state;
    configure(&s);
    begin(&s);
    asking_begin(&m.inner, &s.store);
    assert_int_equal(asking_create(&s.a, "box", &id), MAILPROTO_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(asking_append(&s.a, id, "text\n", NULL), MAILPROTO_OK);
    q.mailbox = m.mailbox = id;
    q.mode = MAILPROTO_STORE_READ_WRITE;
    assert_int_equal(asking(&s.a, &q.head), MAILPROTO_OK);
    changes.opening = m.opening = ASKED_ITEM(&s.a, 0, opened)->opening;
    changes.want = 3;
    s.a.on_item = meddle;
    s.a.user = &m;
    assert_int_equal(asking(&s.a, &changes.head), MAILPROTO_OK);
    assert_int_equal(m.calls, 3);
    assert_int_equal(s.a.count, 4); /* the page it had begun with, and its cursor */
    s.a.on_item = NULL;
    changes.snapshot = ASKED_ITEM(&s.a, 3, cursor)->snapshot;
    assert_int_equal(asking(&s.a, &changes.head), MAILPROTO_ERR_ARG);
    asking_end(&m.inner);
    end(&s);
}

/* Every item makes it go away: nothing that an answer opens may stay. */
static int32_t go_away(struct asking *a, const mailproto_event *item)
{
    (void)a;
    (void)item;
    return MAILPROTO_ERR_TOKEN;
}

static void test_nobody_waits(void **state)
{
    mailproto_store_open open = {.head = {sizeof open, MAILPROTO_STORE_OPEN, 0}};
    mailproto_store_append_begin upload = {.head = {sizeof upload, MAILPROTO_STORE_APPEND_BEGIN, 0}};
    mailproto_store_message_open pin = {.head = {sizeof pin, MAILPROTO_STORE_MESSAGE_OPEN, 0}};
    uint64_t inbox, used;
    struct scene s;

    (void)state;
    configure(&s);
    begin(&s);
    inbox = asking_inbox(&s.a);
    assert_int_equal(asking_append(&s.a, inbox, "x", NULL), MAILPROTO_OK);
    open.mailbox = upload.mailbox = pin.mailbox = inbox;
    open.mode = MAILPROTO_STORE_EXCLUSIVE;
    pin.uid = 1;
    s.a.on_item = go_away;
    used = mailproto_memory_store_used(s.account);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(asking(&s.a, &open.head), MAILPROTO_ERR_CANCELLED);
        assert_int_equal(asking(&s.a, &upload.head), MAILPROTO_ERR_CANCELLED);
        assert_int_equal(asking(&s.a, &pin.head), MAILPROTO_ERR_CANCELLED);
    }
    assert_int_equal(mailproto_memory_store_used(s.account), used);
    end(&s);
}

/* ---- hints ---- */

static int32_t append_on_hint(struct asking *a, const mailproto_event *item)
{
    struct meddler *m = a->user;

    assert_int_equal(item->type, MAILPROTO_STORE_CHANGED);
    if (++m->calls < 4)
        assert_int_equal(asking_append(&m->inner, m->mailbox, "again\n", NULL), MAILPROTO_OK);
    return MAILPROTO_OK;
}

static void test_watch(void **state)
{
    struct meddler m = {.calls = 0};
    struct asking watcher;
    struct scene s;
    uint64_t other;
    ASK_FOR(watch, WATCH);

    (void)state;
    configure(&s);
    begin(&s);
    asking_begin(&watcher, &s.store);
    asking_begin(&m.inner, &s.store);
    m.mailbox = q.mailbox = asking_inbox(&s.a);
    watcher.on_item = append_on_hint;
    watcher.user = &m;
    assert_int_equal(asking(&watcher, &q.head), MAILPROTO_ERR_CANCELLED); /* it is open */
    assert_int_equal(asking_append(&s.a, m.mailbox, "x", NULL), MAILPROTO_OK);
    assert_int_equal(m.calls, 4);
    assert_int_equal(ASKED_ITEM(&watcher, 0, changed)->mailbox, m.mailbox);
    assert_int_equal(asking_create(&s.a, "other", &other), MAILPROTO_OK);
    assert_int_equal(asking_append(&s.a, other, "x", NULL), MAILPROTO_OK);
    assert_int_equal(m.calls, 4);
    assert_int_equal(mailproto_store_cancel(&s.store, &watcher.asker, 1), MAILPROTO_OK);
    assert_int_equal(asking_append(&s.a, m.mailbox, "x", NULL), MAILPROTO_OK);
    assert_int_equal(m.calls, 4);
    q.mailbox = 0;
    assert_int_equal(asking(&watcher, &q.head), MAILPROTO_ERR_CANCELLED);
    assert_int_equal(asking_append(&s.a, other, "x", NULL), MAILPROTO_OK);
    assert_true(m.calls > 4);
    asking_end(&watcher);
    asking_end(&m.inner);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_limit_of_memory),
        cmocka_unit_test(test_quotas),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_keywords_have_a_limit),
        cmocka_unit_test(test_old_cursors_are_forgotten),
        cmocka_unit_test(test_time_is_the_hosts),
        cmocka_unit_test(test_meddling),
        cmocka_unit_test(test_nobody_waits),
        cmocka_unit_test(test_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
