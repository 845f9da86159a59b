/* test_maildir_large.c - many messages and many mailboxes: what an opening costs is linear, and little if nothing changed.
 * Operations on files and steps of SQLite are counted: no clock decides. RFC 9051 6.3.2, 6.3.9. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "account.h"

/* ---- counting ---- */

static struct {
    const mp_files *real;
    size_t operations; /* on files and folders */
    size_t names;      /* that were listed */
    size_t reads;      /* of the index's pages, from its file */
    int (*each)(void *context, const char *name);
    int64_t ahead; /* seconds: the clock of the store is so much before that of the folders */
} counted;

static void c_now(void *user, int64_t *seconds, int32_t *nanoseconds)
{
    counted.real->now(user, seconds, nanoseconds);
    *seconds += counted.ahead;
}

static int c_open(void *user, const char *path, uint32_t how)
{
    counted.operations++;
    return counted.real->open(user, path, how);
}

static int c_stat(void *user, const char *path, mp_file_status *status_of)
{
    counted.operations++;
    return counted.real->stat(user, path, status_of);
}

static int c_rename(void *user, const char *from, const char *to)
{
    counted.operations++;
    return counted.real->rename(user, from, to);
}

static int c_each(void *context, const char *name)
{
    counted.names++;
    return counted.each(context, name);
}

static int c_list(void *user, const char *path, int (*each)(void *context, const char *name), void *context)
{
    counted.operations++;
    counted.each = each;
    return counted.real->list(user, path, c_each, context);
}

static int c_index(void *user, const mp_index_operation *operation)
{
    (void)user;
    counted.reads += operation->what == MP_INDEX_READ;
    return 0;
}

static void count_again(void)
{
    counted.operations = counted.names = counted.reads = 0;
}

static void make_account(struct account *a)
{
    account_make(a);
    account_close(a);
    counted.real = mp_files_posix();
    account_use_files(a);
    a->files.open = c_open;
    a->files.stat = c_stat;
    a->files.rename = c_rename;
    a->files.list = c_list;
    a->files.index = c_index;
    a->files.now = c_now;
    counted.ahead = 0;
}

/* ---- messages ---- */

enum { PAGE = 1000 };

/* One file under many names: as many messages. Their names tell the sizes. */
static void put_messages(const struct account *a, size_t from, size_t to)
{
    char name[100], first[1024];

    put_file(a, "tmp/one", "a: b\r\n\r\nx\r\n");
    snprintf(first, sizeof first, "%s", account_file(a, "tmp/one"));
    for (size_t i = from; i < to; i++) {
        snprintf(name, sizeof name, "cur/%zu.M1.host,S=11,W=11:2,S", 1000000 + i);
        assert_int_equal(link(first, account_file(a, name)), 0);
    }
    unlink(first);
}

static size_t all_pages(const struct account *a, uint64_t opening)
{
    mailproto_store_changes question = {.head = {sizeof question, MAILPROTO_STORE_CHANGES, 0}, .opening = opening};
    struct answer *answer;
    size_t count = 0;

    question.want = PAGE;
    do {
        answer = ask(a->store, &question.head);
        assert_int_equal(answer->why, 0);
        count += answer->messages;
        question.snapshot = answer->snapshot;
    } while (answer->more);
    return count;
}

struct cost {
    size_t first, names, again, changed;
};

/* What opening costs the first time, when nothing changed, and after one delivery. */
static struct cost open_many(size_t messages)
{
    struct account a;
    struct answer *answer;
    struct cost cost;
    uint64_t inbox;

    make_account(&a);
    assert_int_equal(account_open(&a), 0);
    inbox = mailbox_id(&a, "INBOX");
    put_messages(&a, 0, messages);
    count_again();
    answer = open_mailbox(&a, inbox, MAILPROTO_STORE_READ_WRITE);
    assert_int_equal(answer->total, messages);
    cost.first = counted.operations;
    cost.names = counted.names;
    assert_int_equal(all_pages(&a, answer->number), messages);
    counted.ahead = 3600; /* the folder was not changed just now */
    open_mailbox(&a, inbox, MAILPROTO_STORE_READ_WRITE);
    count_again();
    open_mailbox(&a, inbox, MAILPROTO_STORE_READ_WRITE);
    cost.again = counted.operations + counted.names;
    append(&a, inbox, "x\r\n", 0, MAILPROTO_STORE_NO_UIDS);
    count_again();
    assert_int_equal(status(&a, inbox)->total, messages + 1);
    cost.changed = counted.operations + counted.names;
    account_end(&a);
    return cost;
}

static void test_messages(void **state)
{
    struct cost few = open_many(1000), many = open_many(100000);

    (void)state;
    assert_true(few.first >= 1000);
    assert_true(many.first <= 101 * few.first);
    assert_true(many.names <= 101 * few.names);
    assert_true(many.again <= few.again + 10);
    assert_true(many.again < 20);
    assert_true(many.changed <= few.changed + 10);
    assert_true(many.changed < 40);
}

/* ---- mailboxes ---- */

static size_t list_all(const struct account *a)
{
    mailproto_store_list question = {.head = {sizeof question, MAILPROTO_STORE_LIST, 0}};
    struct answer *answer = ask(a->store, &question.head);

    assert_int_equal(answer->why, 0);
    return answer->count;
}

static void make_maildirs(const struct account *a, size_t count)
{
    static const char *const folders[] = {"", "/cur", "/new", "/tmp"};
    char name[64];

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < 4; j++) {
            snprintf(name, sizeof name, ".box%zu%s", i, folders[j]);
            assert_int_equal(mkdir(account_file(a, name), 0700), 0);
        }
    }
}

static struct cost list_many(size_t mailboxes)
{
    struct account a;
    struct cost cost = {0};

    make_account(&a);
    make_maildirs(&a, mailboxes);
    assert_int_equal(account_open(&a), 0);
    count_again();
    assert_int_equal(list_all(&a), mailboxes + 1);
    cost.first = counted.operations;
    cost.names = counted.names;
    counted.ahead = 3600;
    account_close(&a);
    assert_int_equal(account_open(&a), 0);
    list_all(&a);
    count_again();
    assert_int_equal(list_all(&a), mailboxes + 1);
    cost.again = counted.operations + counted.names;
    account_end(&a);
    return cost;
}

static void test_mailboxes(void **state)
{
    struct cost few = list_many(100), many = list_many(10000);

    (void)state;
    assert_true(few.first >= 100);
    assert_true(many.first <= 101 * few.first);
    assert_true(many.names <= 101 * few.names);
    assert_true(many.again <= few.again + 10);
    assert_true(many.again < 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_mailboxes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
