/* test_memory_ends.c - the store in memory: what is open when something ends, and what it refuses.
 * mailproto/memory_store.h; mailproto/store.h, CANCEL and ERRORS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mailproto/memory_store.h>

#include "asking.h"
#include "support/allocator.h"

/* An account with two messages in INBOX, and somebody who asks. */
struct scene {
    struct test_allocator memory;
    mailproto_memory_store_config config;
    mailproto_memory_store *account;
    mailproto_store store;
    struct asking a;
    uint64_t inbox;
};

static void begin(struct scene *s)
{
    test_allocator_init(&s->memory);
    assert_int_equal(mailproto_memory_store_config_init(&s->config, sizeof s->config), MAILPROTO_OK);
    s->config.allocator = &s->memory.api;
    s->config.rights = MAILPROTO_RIGHT_LOOKUP | MAILPROTO_RIGHT_READ;
    assert_int_equal(mailproto_memory_store_new(&s->account, &s->config), MAILPROTO_OK);
    assert_int_equal(mailproto_memory_store_functions(s->account, &s->store), MAILPROTO_OK);
    asking_begin(&s->a, &s->store);
    s->inbox = asking_inbox(&s->a);
    assert_int_equal(asking_append(&s->a, s->inbox, "one\n", NULL), MAILPROTO_OK);
    assert_int_equal(asking_append(&s->a, s->inbox, "two\n", NULL), MAILPROTO_OK);
}

static void end(struct scene *s)
{
    asking_end(&s->a);
    mailproto_memory_store_free(s->account);
    assert_int_equal(s->memory.live, 0);
}

static uint64_t open_inbox(struct scene *s)
{
    ASK_FOR(open, OPEN);

    q.mailbox = s->inbox;
    q.mode = MAILPROTO_STORE_READ_ONLY;
    assert_int_equal(asking(&s->a, &q.head), MAILPROTO_OK);
    return ASKED_ITEM(&s->a, 0, opened)->opening;
}

/* Asks for the first of two pages, and gives the snapshot. */
static uint64_t first_page(struct scene *s, uint64_t opening)
{
    ASK_FOR(changes, CHANGES);

    q.opening = opening;
    q.want = 1;
    assert_int_equal(asking(&s->a, &q.head), MAILPROTO_OK);
    assert_int_equal(s->a.count, 2);
    assert_true(ASKED_ITEM(&s->a, 1, cursor)->more);
    return ASKED_ITEM(&s->a, 1, cursor)->snapshot;
}

static int32_t next_page(struct scene *s, uint64_t opening, uint64_t snapshot)
{
    ASK_FOR(changes, CHANGES);

    q.opening = opening;
    q.snapshot = snapshot;
    return asking(&s->a, &q.head);
}

static void test_snapshots_end(void **state)
{
    mailproto_store_snapshot_end over = {.head = {sizeof over, MAILPROTO_STORE_SNAPSHOT_END, 0}};
    mailproto_store_close close = {.head = {sizeof close, MAILPROTO_STORE_CLOSE, 0}};
    struct scene s;
    uint64_t one, two, snapshot, used;

    (void)state;
    begin(&s);
    one = open_inbox(&s);
    two = open_inbox(&s);
    used = mailproto_memory_store_used(s.account);
    over.opening = one;
    over.snapshot = snapshot = first_page(&s, one);
    assert_true(mailproto_memory_store_used(s.account) > used);
    assert_int_equal(next_page(&s, two, snapshot), MAILPROTO_ERR_ARG); /* it is the other's */
    asking_tell(&s.a, &over.head);
    assert_int_equal(mailproto_memory_store_used(s.account), used);
    assert_int_equal(next_page(&s, one, snapshot), MAILPROTO_ERR_ARG);
    snapshot = first_page(&s, one);
    assert_int_equal(next_page(&s, one, snapshot), MAILPROTO_OK); /* the last page ends it */
    assert_int_equal(mailproto_memory_store_used(s.account), used);
    (void)first_page(&s, one);
    snapshot = first_page(&s, two);
    close.opening = one;
    asking_tell(&s.a, &close.head);
    assert_int_equal(next_page(&s, two, snapshot), MAILPROTO_OK); /* not closed with the other */
    assert_int_equal(next_page(&s, one, 0), MAILPROTO_ERR_ARG);
    end(&s);
}

/* Goes away with the cursor: nobody will ask for the second page. */
static int32_t leave_at_cursor(struct asking *a, const mailproto_event *item)
{
    (void)a;
    return item->type == MAILPROTO_STORE_CURSOR ? MAILPROTO_ERR_TOKEN : MAILPROTO_OK;
}

static int32_t leave(struct asking *a, const mailproto_event *item)
{
    (void)a;
    (void)item;
    return MAILPROTO_ERR_TOKEN;
}

static void test_askers_leave(void **state)
{
    mailproto_store_changes changes = {.head = {sizeof changes, MAILPROTO_STORE_CHANGES, 0}};
    mailproto_store_append_abort abandon = {.head = {sizeof abandon, MAILPROTO_STORE_APPEND_ABORT, 0}};
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};
    struct scene s;
    uint64_t used;
    ASK_FOR(append_begin, APPEND_BEGIN);

    (void)state;
    begin(&s);
    changes.opening = open_inbox(&s);
    changes.want = 1;
    used = mailproto_memory_store_used(s.account);
    s.a.on_item = leave_at_cursor;
    assert_int_equal(asking(&s.a, &changes.head), MAILPROTO_ERR_CANCELLED);
    assert_int_equal(mailproto_memory_store_used(s.account), used);
    s.a.on_item = NULL;
    q.mailbox = s.inbox;
    assert_int_equal(asking(&s.a, &q.head), MAILPROTO_OK);
    q.upload = commit.upload = abandon.upload = ASKED_ITEM(&s.a, 0, upload)->upload;
    s.a.on_item = leave;
    assert_int_equal(asking(&s.a, &q.head), MAILPROTO_ERR_CANCELLED);
    s.a.on_item = NULL;
    assert_true(asking(&s.a, &q.head) < 0); /* it can only be aborted */
    asking_tell(&s.a, &abandon.head);
    assert_int_equal(asking(&s.a, &commit.head), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_memory_store_used(s.account), used);
    end(&s);
}

static int32_t enough(struct asking *a, const mailproto_event *item)
{
    (void)a;
    (void)item;
    return MAILPROTO_STORE_ENOUGH;
}

static void test_watchers_leave(void **state)
{
    struct asking stays, leaves, has_enough;
    struct scene s;
    ASK_FOR(watch, WATCH);

    (void)state;
    begin(&s);
    asking_begin(&stays, &s.store);
    asking_begin(&leaves, &s.store);
    asking_begin(&has_enough, &s.store);
    leaves.on_item = leave;
    has_enough.on_item = enough;
    (void)asking(&stays, &q.head);
    q.mailbox = s.inbox;
    (void)asking(&leaves, &q.head);
    (void)asking(&has_enough, &q.head);
    for (int i = 0; i < 2; i++)
        assert_int_equal(asking_append(&s.a, s.inbox, "x", NULL), MAILPROTO_OK);
    assert_int_equal(stays.count, 2);
    assert_int_equal(leaves.count, 1);
    assert_int_equal(leaves.ends, 0);
    assert_int_equal(has_enough.count, 1);
    assert_int_equal(has_enough.ends, 1);
    assert_int_equal(mailproto_store_cancel(&s.store, &has_enough.asker, 1), MAILPROTO_OK);
    assert_int_equal(mailproto_store_cancel(&s.store, &stays.asker, 2), MAILPROTO_OK); /* no such question */
    asking_end(&stays);
    asking_end(&leaves);
    asking_end(&has_enough);
    end(&s); /* with a watcher, as with all that is open */
}

static void test_account_ends_with_all_open(void **state)
{
    mailproto_store_message_open pin = {.head = {sizeof pin, MAILPROTO_STORE_MESSAGE_OPEN, 0}};
    mailproto_store_append_begin upload = {.head = {sizeof upload, MAILPROTO_STORE_APPEND_BEGIN, 0}};
    mailproto_store_metadata_set note = {.head = {sizeof note, MAILPROTO_STORE_METADATA_SET, 0}};
    mailproto_store_subscribe ghost = {.head = {sizeof ghost, MAILPROTO_STORE_SUBSCRIBE, 0}};
    struct scene s;

    (void)state;
    begin(&s);
    (void)first_page(&s, open_inbox(&s));
    pin.mailbox = upload.mailbox = s.inbox;
    pin.uid = 1;
    upload.size = 100;
    note.name = (mailproto_text){"/shared/comment", 15};
    note.value = (mailproto_text){"x", 1};
    note.has_value = 1;
    ghost.name = (mailproto_text){"nowhere", 7};
    ghost.subscribed = 1;
    assert_int_equal(asking(&s.a, &pin.head), MAILPROTO_OK);
    assert_int_equal(asking(&s.a, &upload.head), MAILPROTO_OK);
    assert_int_equal(asking(&s.a, &note.head), MAILPROTO_OK);
    note.mailbox = s.inbox;
    assert_int_equal(asking(&s.a, &note.head), MAILPROTO_OK);
    assert_int_equal(asking(&s.a, &ghost.head), MAILPROTO_OK);
    end(&s);
}

/* ---- names ---- */

static int32_t delete_it(struct scene *s, uint64_t mailbox)
{
    ASK_FOR(delete, DELETE);

    q.mailbox = mailbox;
    return asking(&s->a, &q.head);
}

static void subscribe(struct scene *s, const char *name)
{
    ASK_FOR(subscribe, SUBSCRIBE);

    q.name = (mailproto_text){name, strlen(name)};
    q.subscribed = 1;
    assert_int_equal(asking(&s->a, &q.head), MAILPROTO_OK);
}

/* The id of the name, 0 if it has no mailbox. */
static uint64_t find(struct scene *s, const char *name)
{
    ASK_FOR(list, LIST);

    q.only = (mailproto_text){name, strlen(name)};
    assert_int_equal(asking(&s->a, &q.head), MAILPROTO_OK);
    return s->a.count ? ASKED_ITEM(&s->a, 0, mailbox)->mailbox : 0;
}

/* Names that are subscribed stand among those that move, and where they move to. */
static void test_rename_among_subscribed_names(void **state)
{
    struct scene s;
    uint64_t tree, branch, leaf;
    ASK_FOR(rename, RENAME);

    (void)state;
    begin(&s);
    assert_int_equal(asking_create(&s.a, "m", &tree), MAILPROTO_OK);
    assert_int_equal(asking_create(&s.a, "m/branch", &branch), MAILPROTO_OK);
    assert_int_equal(asking_create(&s.a, "m/branch/leaf", &leaf), MAILPROTO_OK);
    subscribe(&s, "m/branch");
    subscribe(&s, "m/away");
    subscribe(&s, "a/branch");
    for (int i = 0; i < 2; i++) { /* before where they were, and behind */
        q.mailbox = tree;
        q.name = (mailproto_text){i ? "z" : "a", 1};
        assert_int_equal(asking(&s.a, &q.head), MAILPROTO_OK);
        assert_true(find(&s, i ? "z" : "a") == tree);
        assert_true(find(&s, i ? "z/branch" : "a/branch") == branch);
        assert_true(find(&s, i ? "z/branch/leaf" : "a/branch/leaf") == leaf);
        assert_true(find(&s, "m/branch") == 0 && s.a.count == 1); /* a subscription stays with its name */
        assert_true(find(&s, "m/branch/leaf") == 0 && s.a.count == 0);
    }
    assert_int_equal(delete_it(&s, tree), MAILPROTO_OK);
    assert_int_equal(delete_it(&s, tree), MAILPROTO_ERR_NOT_FOUND);
    tree = find(&s, "z");
    assert_int_equal(delete_it(&s, tree), MAILPROTO_ERR_DENIED); /* what it left has inferiors */
    assert_int_equal(delete_it(&s, leaf), MAILPROTO_OK);
    assert_int_equal(delete_it(&s, branch), MAILPROTO_OK);
    assert_int_equal(delete_it(&s, tree), MAILPROTO_OK);
    end(&s);
}

/* ---- refusals ---- */

static int32_t nobody(void *user, uint64_t mailbox, const char *name, size_t len, uint32_t rights)
{
    (void)name;
    (void)len;
    (void)rights;
    return mailbox == *(uint64_t *)user ? MAILPROTO_OK : MAILPROTO_ERR_DENIED;
}

static void test_rights(void **state)
{
    mailproto_memory_store *account;
    mailproto_store store;
    struct scene s;
    ASK_FOR(authorise, AUTHORISE);

    (void)state;
    begin(&s);
    q.mailbox = s.inbox;
    q.rights = MAILPROTO_RIGHT_READ;
    assert_int_equal(asking(&s.a, &q.head), MAILPROTO_OK);
    q.rights |= MAILPROTO_RIGHT_DELETE;
    assert_int_equal(asking(&s.a, &q.head), MAILPROTO_ERR_DENIED);
    s.config.authorise = nobody;
    s.config.user = &s.inbox;
    s.config.rights = 0;
    assert_int_equal(mailproto_memory_store_new(&account, &s.config), MAILPROTO_OK);
    assert_int_equal(mailproto_memory_store_functions(account, &store), MAILPROTO_OK);
    s.a.store = &store;
    assert_int_equal(asking(&s.a, &q.head), MAILPROTO_OK);
    q.mailbox++;
    assert_int_equal(asking(&s.a, &q.head), MAILPROTO_ERR_DENIED);
    mailproto_memory_store_free(account);
    end(&s);
}

/* Questions of every kind about a mailbox, a message, an upload and an opening that are not there. */
static void test_nothing_there(void **state)
{
    mailproto_store_watch watch = {.head = {sizeof watch, MAILPROTO_STORE_WATCH, 0}, .mailbox = 999};
    mailproto_store_quota quota = {.head = {sizeof quota, MAILPROTO_STORE_QUOTA, 0}, .mailbox = 999};
    mailproto_store_metadata notes = {.head = {sizeof notes, MAILPROTO_STORE_METADATA, 0}, .mailbox = 999};
    mailproto_store_metadata_set note = {.head = {sizeof note, MAILPROTO_STORE_METADATA_SET, 0}, .mailbox = 999};
    mailproto_store_blob_read read = {.head = {sizeof read, MAILPROTO_STORE_BLOB_READ, 0}, .mailbox = 999};
    mailproto_store_blob_write write = {.head = {sizeof write, MAILPROTO_STORE_BLOB_WRITE, 0}, .mailbox = 999};
    mailproto_store_changes changes = {.head = {sizeof changes, MAILPROTO_STORE_CHANGES, 0}, .opening = 999};
    mailproto_store_append_begin upload = {.head = {sizeof upload, MAILPROTO_STORE_APPEND_BEGIN, 0}, .upload = 999};
    mailproto_store_append_write more = {.head = {sizeof more, MAILPROTO_STORE_APPEND_WRITE, 0}, .upload = 999};
    mailproto_store_append_share share = {.head = {sizeof share, MAILPROTO_STORE_APPEND_SHARE, 0}, .upload = 999};
    mailproto_store_message_read octets = {.head = {sizeof octets, MAILPROTO_STORE_MESSAGE_READ, 0}, .message = 999};
    mailproto_store_quota_set limit = {.head = {sizeof limit, MAILPROTO_STORE_QUOTA_SET, 0}, .resource = 99};
    mailproto_store_open open = {.head = {sizeof open, MAILPROTO_STORE_OPEN, 0}};
    mailproto_store_flags flags = {.head = {sizeof flags, MAILPROTO_STORE_FLAGS, 0}};
    mailproto_store_create create = {.head = {sizeof create, MAILPROTO_STORE_CREATE, 0}, .special_use = 1};
    struct scene s;

    (void)state;
    begin(&s);
    open.mailbox = flags.mailbox = upload.mailbox = s.inbox;
    create.name = note.name = (mailproto_text){"comment", 7};
    assert_int_equal(asking(&s.a, &watch.head), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(asking(&s.a, &quota.head), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(asking(&s.a, &notes.head), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(asking(&s.a, &note.head), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(asking(&s.a, &read.head), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(asking(&s.a, &write.head), MAILPROTO_ERR_NOT_FOUND);
    read.mailbox = write.mailbox = note.mailbox = s.inbox;
    read.uid = write.uid = 99;
    assert_int_equal(asking(&s.a, &read.head), MAILPROTO_OK);
    assert_int_equal(s.a.count, 0);
    assert_int_equal(asking(&s.a, &write.head), MAILPROTO_ERR_GONE);
    assert_int_equal(asking(&s.a, &note.head), MAILPROTO_ERR_LIMIT); /* no '/' before it */
    assert_int_equal(asking(&s.a, &changes.head), MAILPROTO_ERR_ARG);
    assert_int_equal(asking(&s.a, &upload.head), MAILPROTO_ERR_ARG);
    assert_int_equal(asking(&s.a, &more.head), MAILPROTO_ERR_ARG);
    assert_int_equal(asking(&s.a, &share.head), MAILPROTO_ERR_UNSUPPORTED); /* with no store */
    share.other = &s.store;
    assert_int_equal(asking(&s.a, &share.head), MAILPROTO_ERR_ARG);
    assert_int_equal(asking(&s.a, &octets.head), MAILPROTO_ERR_ARG);
    assert_int_equal(asking(&s.a, &limit.head), MAILPROTO_ERR_UNSUPPORTED);
    limit.root = create.name;
    assert_int_equal(asking(&s.a, &limit.head), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(asking(&s.a, &open.head), MAILPROTO_ERR_ARG);
    assert_int_equal(asking(&s.a, &flags.head), MAILPROTO_ERR_ARG);
    assert_int_equal(asking(&s.a, &create.head), MAILPROTO_ERR_UNSUPPORTED);
    upload.upload = 0;
    upload.size = (uint64_t)1 << 40;
    assert_int_equal(asking(&s.a, &upload.head), MAILPROTO_ERR_FULL);
    end(&s);
}

/* What was announced counts octets as they are sent, with LF; shared are lines with CRLF. */
static void test_share_what_was_announced(void **state)
{
    mailproto_store_append_write write = {.head = {sizeof write, MAILPROTO_STORE_APPEND_WRITE, 0}};
    mailproto_store_append_share share = {.head = {sizeof share, MAILPROTO_STORE_APPEND_SHARE, 0}};
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};
    struct scene s;
    uint64_t uploads[3];
    ASK_FOR(append_begin, APPEND_BEGIN);

    (void)state;
    begin(&s);
    q.mailbox = s.inbox;
    for (int i = 0; i < 3; i++) {
        q.size = i < 2 ? 4 : 5;
        assert_int_equal(asking(&s.a, &q.head), MAILPROTO_OK);
        uploads[i] = ASKED_ITEM(&s.a, 0, upload)->upload;
    }
    write.upload = share.other_upload = uploads[0];
    write.bytes = (mailproto_text){"abc\n", 4};
    share.other = &s.store;
    share.upload = uploads[1];
    assert_int_equal(asking(&s.a, &write.head), MAILPROTO_OK);
    assert_int_equal(asking(&s.a, &share.head), MAILPROTO_OK);
    share.upload = uploads[2];
    assert_int_equal(asking(&s.a, &share.head), MAILPROTO_ERR_LIMIT);
    write.upload = uploads[1];
    assert_int_equal(asking(&s.a, &write.head), MAILPROTO_ERR_LIMIT); /* it is complete */
    for (int i = 0; i < 3; i++) {
        commit.upload = uploads[i];
        assert_int_equal(asking(&s.a, &commit.head), i ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK);
    }
    assert_int_equal(asking_messages(&s.a, s.inbox), 3);
    end(&s);
}

static void test_wall_that_is_told(void **state)
{
    ASK_FOR(changes, CHANGES);
    struct scene s;

    (void)state;
    begin(&s);
    assert_int_equal(mailproto_memory_store_set_wall(s.account, 1700000000, -60), MAILPROTO_OK);
    assert_int_equal(asking_append(&s.a, s.inbox, "three\n", NULL), MAILPROTO_OK);
    q.opening = open_inbox(&s);
    assert_int_equal(asking(&s.a, &q.head), MAILPROTO_OK);
    assert_false(ASKED_ITEM(&s.a, 0, message)->has_save_date);
    assert_true(ASKED_ITEM(&s.a, 2, message)->internal_date == 1700000000);
    assert_int_equal(ASKED_ITEM(&s.a, 2, message)->zone, -60);
    assert_true(ASKED_ITEM(&s.a, 2, message)->save_date == 1700000000);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snapshots_end),
        cmocka_unit_test(test_askers_leave),
        cmocka_unit_test(test_watchers_leave),
        cmocka_unit_test(test_account_ends_with_all_open),
        cmocka_unit_test(test_rename_among_subscribed_names),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_nothing_there),
        cmocka_unit_test(test_share_what_was_announced),
        cmocka_unit_test(test_wall_that_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
