/* test_maildir_options.c - quota, annotations, blobs, special use, watches, locks, names, and handles for delivery.
 * RFC 9208, RFC 5464, RFC 6154, RFC 1939 4; include/mailproto/store_optional.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "account.h"

static int set_up(void **state)
{
    struct account *a = malloc(sizeof *a);

    account_make(a);
    *state = a;
    return 0;
}

static int tear_down(void **state)
{
    account_end(*state);
    free(*state);
    return 0;
}

static void reopen(struct account *a)
{
    account_close(a);
    if (account_open(a))
        fail_msg("%s", a->why);
}

static void set_quota(const struct account *a, uint32_t resource, uint64_t limit, uint32_t has)
{
    mailproto_store_quota_set question = {.head = {sizeof question, MAILPROTO_STORE_QUOTA_SET, 0}};

    question.resource = resource;
    question.limit = limit;
    question.has_limit = has;
    assert_int_equal(ask(a->store, &question.head)->why, 0);
}

static void test_quota(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    mailproto_store_quota question = {.head = {sizeof question, MAILPROTO_STORE_QUOTA, 0}};
    mailproto_store_create create = {.head = {sizeof create, MAILPROTO_STORE_CREATE, 0}, .name = {"More", 4}};

    append(a, inbox, "12345678\r\n", 0, 0);
    set_quota(a, MAILPROTO_QUOTA_STORAGE, 25, 1);
    append(a, inbox, "12345678\r\n", 0, 0);
    assert_int_equal(try_append(a, inbox, "12345678\r\n", 0, 0, NULL), MAILPROTO_ERR_QUOTA);
    assert_int_equal(try_append(a, inbox, "1234\r\n", 0, MAILPROTO_STORE_SIZE_ESTIMATED, NULL), MAILPROTO_ERR_QUOTA);
    reopen(a);
    assert_int_equal(ask(a->store, &question.head)->size, 20);
    set_flags(a, inbox, 1, MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_DELETED);
    expunge(a, inbox);
    append(a, inbox, "12345678\r\n", 0, 0);
    set_quota(a, MAILPROTO_QUOTA_STORAGE, 0, 0);
    set_quota(a, MAILPROTO_QUOTA_MESSAGE, 2, 1);
    assert_int_equal(try_append(a, inbox, "x\r\n", 0, 0, NULL), MAILPROTO_ERR_QUOTA);
    set_quota(a, MAILPROTO_QUOTA_MESSAGE, 3, 1);
    append(a, inbox, "x\r\n", 0, 0);
    set_quota(a, MAILPROTO_QUOTA_MAILBOX, 1, 1);
    assert_int_equal(ask(a->store, &create.head)->why, MAILPROTO_ERR_QUOTA);
    assert_int_equal(count_files(a, "tmp", NULL), 0);
}

static void annotate(const struct account *a, uint64_t mailbox, const char *name, const char *value)
{
    mailproto_store_metadata_set question = {.head = {sizeof question, MAILPROTO_STORE_METADATA_SET, 0}};

    question.mailbox = mailbox;
    question.name = (mailproto_text){name, strlen(name)};
    question.value = (mailproto_text){value, value ? strlen(value) : 0};
    question.has_value = value != NULL;
    assert_int_equal(ask(a->store, &question.head)->why, 0);
}

static void test_annotations(void **state)
{
    struct account *a = *state;
    uint64_t box = make_mailbox(a, "Noted");
    mailproto_store_metadata question = {.head = {sizeof question, MAILPROTO_STORE_METADATA, 0}};
    struct answer *answer;

    annotate(a, box, "/private/comment", "mine");
    annotate(a, box, "/private/comment/below", "deeper");
    annotate(a, box, "/private/commentary", "not asked for");
    annotate(a, 0, "/shared/admin", "server");
    reopen(a);
    question.mailbox = box;
    question.name = (mailproto_text){"/PRIVATE/Comment", 16};
    answer = ask(a->store, &question.head);
    assert_int_equal(answer->count, 1);
    assert_string_equal(answer->names[0], "mine");
    question.depth = MAILPROTO_UNLIMITED;
    assert_int_equal(ask(a->store, &question.head)->count, 2);
    annotate(a, box, "/private/comment", NULL);
    assert_int_equal(ask(a->store, &question.head)->count, 1);
    question.mailbox = 0;
    question.name = (mailproto_text){"/shared", 7};
    assert_string_equal(ask(a->store, &question.head)->names[0], "server");
}

static void test_blobs(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    mailproto_store_blob_write write = {.head = {sizeof write, MAILPROTO_STORE_BLOB_WRITE, 0}, .mailbox = inbox};
    mailproto_store_blob_read read = {.head = {sizeof read, MAILPROTO_STORE_BLOB_READ, 0}, .mailbox = inbox};

    append(a, inbox, "x\r\n", MAILPROTO_FLAG_DELETED, 0);
    write.uid = read.uid = 1;
    write.version = read.version = 7;
    write.bytes = (mailproto_text){"struct\0ure", 10};
    assert_int_equal(ask(a->store, &write.head)->why, 0);
    reopen(a);
    assert_int_equal(ask(a->store, &read.head)->len, 10);
    assert_memory_equal(ask(a->store, &read.head)->bytes, "struct\0ure", 10);
    read.version = 8;
    assert_int_equal(ask(a->store, &read.head)->count, 0);
    expunge(a, inbox);
    read.version = 7;
    assert_int_equal(ask(a->store, &read.head)->count, 0);
}

static void test_special_use(void **state)
{
    struct account *a = *state;
    mailproto_store_create create = {.head = {sizeof create, MAILPROTO_STORE_CREATE, 0}, .name = {"Gone", 4}};
    mailproto_store_list list = {.head = {sizeof list, MAILPROTO_STORE_LIST, 0}, .only = {"Gone", 4}};

    create.special_use = MAILPROTO_MAILBOX_TRASH;
    assert_int_equal(ask(a->store, &create.head)->why, 0);
    reopen(a);
    assert_int_equal(ask(a->store, &list.head)->attributes[0], MAILPROTO_MAILBOX_TRASH);
    create.name = (mailproto_text){"Else", 4};
    create.special_use = 1;
    assert_int_equal(ask(a->store, &create.head)->why, MAILPROTO_ERR_UNSUPPORTED);
}

/* A maildrop is one session's; it is free again when that ends, however it does. */
static void test_lock(void **state)
{
    struct account *a = *state, other = **(struct account **)state;
    uint64_t inbox = mailbox_id(a, "INBOX"), opening;
    mailproto_store_open question = {.head = {sizeof question, MAILPROTO_STORE_OPEN, 0}, .mailbox = inbox};

    other.maildir = NULL;
    assert_int_equal(account_open(&other), 0);
    question.mode = MAILPROTO_STORE_EXCLUSIVE;
    opening = open_mailbox(a, inbox, MAILPROTO_STORE_EXCLUSIVE)->number;
    assert_int_equal(ask(a->store, &question.head)->why, MAILPROTO_ERR_BUSY);
    assert_int_equal(ask(other.store, &question.head)->why, MAILPROTO_ERR_BUSY);
    question.mode = MAILPROTO_STORE_READ_WRITE;
    assert_int_equal(ask(other.store, &question.head)->why, 0);
    close_mailbox(a, opening);
    question.mode = MAILPROTO_STORE_EXCLUSIVE;
    assert_int_equal(ask(other.store, &question.head)->why, 0);
    account_close(&other);
    assert_int_equal(ask(a->store, &question.head)->why, 0);
}

/* ---- names ---- */

static void test_names(void **state)
{
    static const char *const names[][2] = {
        {"plain", ".plain"},
        {"a.b", ".a&AC4-b"},
        {"A & B", ".A &- B"},
        {"Entw\xc3\xbcrfe/\xe5\x8f\xb0\xe5\x8c\x97.x", ".Entw&APw-rfe.&U,BTFwAu-x"},
        {"\xf0\x9f\x98\x80", ".&2D3eAA-"},
        {"~peter/mail", ".~peter.mail"},
    };
    struct account *a = *state;
    struct stat status_of;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[300];
        uint64_t id = make_mailbox(a, names[i][0]);

        snprintf(path, sizeof path, "%s/cur", names[i][1]);
        assert_int_equal(stat(account_file(a, path), &status_of), 0);
        assert_int_equal(mailbox_id(a, names[i][0]), id);
    }
    account_close(a);
    remove_tree(account_file(a, "mailproto"));
    assert_int_equal(account_open(a), 0); /* from the directories alone */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(mailbox_id(a, names[i][0]) != 0);
    assert_int_equal(mailbox_id(a, "inbox"), mailbox_id(a, "INBOX"));
}

static int32_t try_create(const struct account *a, const char *name, size_t len)
{
    mailproto_store_create create = {.head = {sizeof create, MAILPROTO_STORE_CREATE, 0}, .name = {name, len}};

    return ask(a->store, &create.head)->why;
}

static void test_names_that_cannot_be(void **state)
{
    struct account *a = *state;
    char large[600];

    memset(large, 'x', sizeof large);
    assert_int_equal(try_create(a, large, 600), MAILPROTO_ERR_LIMIT);
    assert_int_equal(try_create(a, large, 254), 0);
    assert_int_equal(try_create(a, "a//b", 4), MAILPROTO_ERR_LIMIT);
    assert_int_equal(try_create(a, "\xff", 1), MAILPROTO_ERR_LIMIT);
    assert_int_equal(try_create(a, "a\nb", 3), MAILPROTO_ERR_LIMIT);
    assert_int_equal(try_create(a, "iNbOx", 5), MAILPROTO_ERR_EXISTS);
}

/* ---- watches ---- */

struct watcher {
    mailproto_store_asker base;
    unsigned items, ends;
    uint64_t mailbox;
    int32_t answer;
};

static int32_t hear(mailproto_store_asker *base, uint64_t token, const mailproto_event *item)
{
    struct watcher *watcher = (struct watcher *)base;

    assert_int_equal(token, 5);
    assert_int_equal(item->type, MAILPROTO_STORE_CHANGED);
    watcher->mailbox = ((const mailproto_store_changed *)(const void *)item)->mailbox;
    watcher->items++;
    return watcher->answer;
}

static int32_t hear_end(mailproto_store_asker *base, uint64_t token, int32_t why, const char *text, size_t len)
{
    (void)text, (void)len;
    assert_int_equal(token, 5);
    assert_int_equal(why, 0);
    ((struct watcher *)base)->ends++;
    return MAILPROTO_OK;
}

static void test_watch(void **state)
{
    struct account *a = *state, other = **(struct account **)state;
    struct watcher one = {.base = {sizeof one.base, 0, hear, hear_end}}, all = one;
    mailproto_store_watch question = {.head = {sizeof question, MAILPROTO_STORE_WATCH, 5}};
    uint64_t box = make_mailbox(a, "Watched");

    question.mailbox = box;
    assert_int_equal(mailproto_store_ask(a->store, &one.base, &question.head), 0);
    question.mailbox = 0;
    assert_int_equal(mailproto_store_ask(a->store, &all.base, &question.head), 0);
    assert_int_equal(mailproto_maildir_poll(a->maildir), 0);
    assert_int_equal(one.items + all.items, 0);
    other.maildir = NULL;
    assert_int_equal(account_open(&other), 0);
    append(&other, box, "x\r\n", 0, 0);
    assert_int_equal(mailproto_maildir_poll(a->maildir), 0);
    assert_int_equal(one.items, 1);
    assert_int_equal(one.mailbox, box);
    assert_int_equal(all.items, 1);
    assert_int_equal(mailproto_maildir_poll(a->maildir), 0);
    assert_int_equal(one.items + all.items, 2);
    put_file(a, ".Watched/new/1.host", "x\n"); /* another program */
    assert_int_equal(mailproto_maildir_poll(a->maildir), 0);
    assert_int_equal(one.items, 2);
    assert_int_equal(mailproto_store_cancel(a->store, &one.base, 5), 0);
    append(&other, box, "x\r\n", 0, 0);
    all.answer = MAILPROTO_STORE_ENOUGH;
    assert_int_equal(mailproto_maildir_poll(a->maildir), 0);
    assert_int_equal(one.items, 2);
    assert_int_equal(one.ends, 0);
    assert_int_equal(all.ends, 1);
    account_close(&other);
}

/* ---- handles for delivery ---- */

/* To open one and to deliver touches neither the index nor anything but the message's file, its folder, and the reserve. */
static void test_delivery_handle(void **state)
{
    struct account *a = *state, delivery;
    mailproto_store_status question = {.head = {sizeof question, MAILPROTO_STORE_STATUS, 0}};
    struct stat status_of;

    delivery = *a;
    delivery.maildir = NULL;
    account_close(a);
    remove_tree(account_file(a, "mailproto"));
    delivery.config.options = MAILPROTO_MAILDIR_DELIVERY;
    assert_int_equal(account_open(&delivery), 0);
    assert_int_equal(mailbox_id(&delivery, "inbox"), MAILPROTO_MAILDIR_INBOX);
    for (int i = 0; i < 3; i++)
        append(&delivery, MAILPROTO_MAILDIR_INBOX, "x\n", 0, MAILPROTO_STORE_NO_UIDS);
    assert_int_not_equal(stat(account_file(a, "mailproto/index.sqlite"), &status_of), 0);
    assert_int_equal(count_files(a, "mailproto", NULL), 2);
    assert_int_equal(count_files(a, "new", NULL), 3);
    question.mailbox = MAILPROTO_MAILDIR_INBOX;
    assert_int_equal(ask(delivery.store, &question.head)->why, MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(append(&delivery, MAILPROTO_MAILDIR_INBOX, "y\r\n", MAILPROTO_FLAG_SEEN, 0), 1);
    assert_int_equal(account_open(a), 0);
    assert_int_equal(open_mailbox(a, mailbox_id(a, "INBOX"), MAILPROTO_STORE_READ_ONLY)->total, 4);
    set_quota(a, MAILPROTO_QUOTA_MESSAGE, 4, 1);
    assert_int_equal(try_append(&delivery, MAILPROTO_MAILDIR_INBOX, "x\n", 0, MAILPROTO_STORE_NO_UIDS, NULL),
                     MAILPROTO_ERR_QUOTA);
    account_close(&delivery);
}

/* The first message makes the account. */
static void test_delivery_to_nobody_yet(void **state)
{
    struct account *a = *state, delivery = **(struct account **)state;

    delivery.maildir = NULL;
    assert_in_range(snprintf(delivery.path, sizeof delivery.path, "%s/deep/below", a->path), 1,
                    sizeof delivery.path - 1);
    delivery.config.options = MAILPROTO_MAILDIR_DELIVERY;
    assert_int_equal(account_open(&delivery), 0);
    append(&delivery, MAILPROTO_MAILDIR_INBOX, "x\n", 0, MAILPROTO_STORE_NO_UIDS);
    assert_int_equal(count_files(&delivery, "new", NULL), 1);
    account_close(&delivery);
}

/* ---- folders ---- */

static char done[2048]; /* what was done to folders, below the account's path */
static size_t below;

static void note(const char *what, const char *path)
{
    size_t used = strlen(done);

    snprintf(done + used, sizeof done - used, "%s %s\n", what, strlen(path) > below ? path + below + 1 : ".");
}

static int noted_mkdir(void *user, const char *path)
{
    int error = mp_files_posix()->mkdir(user, path);

    if (!error)
        note("make", path);
    return error;
}

static int noted_sync(void *user, const char *path)
{
    note("sync", path);
    return mp_files_posix()->sync_directory(user, path);
}

/* Folders are made by the table, each durable in the one above it before the next, and no index is. */
static void test_make(void **state)
{
    struct account *a = *state;
    char path[ACCOUNT_PATH + 16], why[200];
    mailproto_maildir *m = NULL;
    struct stat found;

    account_use_files(a);
    a->files.mkdir = noted_mkdir;
    a->files.sync_directory = noted_sync;
    below = strlen(a->path);
    done[0] = 0;
    snprintf(path, sizeof path, "%s/all/of/it", a->path);
    assert_int_equal(mailproto_maildir_make(path, &a->config, why, sizeof why), 0);
    assert_string_equal(done, "make all\nsync .\nmake all/of\nsync all\nmake all/of/it\nsync all/of\n"
                              "make all/of/it/tmp\nmake all/of/it/new\nmake all/of/it/cur\nsync all/of/it\n");
    assert_int_equal(count_files(a, "all/of/it", NULL), 3);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
    done[0] = 0;
    assert_int_equal(mailproto_maildir_make(path, &a->config, why, sizeof why), 0);
    assert_string_equal(done, "");
    snprintf(path, sizeof path, "%s/all/other", a->path);
    assert_int_equal(mailproto_maildir_make_folder(path, &a->config, why, sizeof why), 0);
    assert_string_equal(done, "make all/other\nsync all\nsync all/other\n");
    assert_int_equal(count_files(a, "all/other", NULL), 0);
    snprintf(path, sizeof path, "%s/all/of/it", a->path);
    assert_int_equal(mailproto_maildir_open(&m, path, NULL, why, sizeof why), 0);
    mailproto_maildir_close(m);
    put_file(a, "file", "");
    snprintf(path, sizeof path, "%s/file/x", a->path);
    assert_int_equal(mailproto_maildir_make(path, NULL, why, sizeof why), MAILPROTO_ERR_UNAVAILABLE);
    assert_non_null(strstr(why, "is a file, not a folder"));
    assert_int_equal(mailproto_maildir_make_folder(NULL, NULL, why, sizeof why), MAILPROTO_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_quota, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_annotations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_blobs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_special_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names_that_cannot_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_watch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_delivery_handle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_delivery_to_nobody_yet, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_make, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
