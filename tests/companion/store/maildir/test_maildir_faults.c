/* test_maildir_faults.c - the disk fails at every single operation: clear answers, nothing lost, and it goes on afterwards.
 * RFC 5321 4.2.3 (452, 451), RFC 3206 4. The table of file operations lets them fail; some are real (chmod). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "account.h"

/* ---- a disk that fails ---- */

static struct {
    const mp_files *real;
    long left; /* operations that change something until it fails; -1: never */
    int error;
    int lasts;    /* it goes on failing */
    int happened; /* it did */
} disk;

static int fails(void)
{
    if (disk.left < 0)
        return 0;
    if (disk.left > 0) {
        disk.left--;
        return 0;
    }
    disk.happened = 1;
    if (!disk.lasts)
        disk.left = -1;
    return disk.error;
}

static int f_open(void *user, const char *path, uint32_t how)
{
    int error = how & MP_FILE_WRITE ? fails() : 0;

    return error ? error : disk.real->open(user, path, how);
}

static int64_t f_write(void *user, int fd, const void *data, size_t len)
{
    int error = fails();

    return error ? error : disk.real->write(user, fd, data, len);
}

static int f_fsync(void *user, int fd)
{
    int error = fails();

    return error ? error : disk.real->fsync(user, fd);
}

static int f_rename(void *user, const char *from, const char *to)
{
    int error = fails();

    return error ? error : disk.real->rename(user, from, to);
}

static int f_link(void *user, const char *from, const char *to)
{
    int error = fails();

    return error ? error : disk.real->link(user, from, to);
}

static int f_unlink(void *user, const char *path)
{
    int error = fails();

    return error ? error : disk.real->unlink(user, path);
}

static int f_mkdir(void *user, const char *path)
{
    int error = fails();

    return error ? error : disk.real->mkdir(user, path);
}

static int f_sync_directory(void *user, const char *path)
{
    int error = fails();

    return error ? error : disk.real->sync_directory(user, path);
}

static int f_index(void *user, const mp_index_operation *operation)
{
    (void)user;
    return operation->what == MP_INDEX_READ ? 0 : fails();
}

static void use_disk(struct account *a)
{
    disk.real = mp_files_posix();
    disk.left = -1;
    account_use_files(a);
    a->files.open = f_open;
    a->files.write = f_write;
    a->files.fsync = f_fsync;
    a->files.rename = f_rename;
    a->files.link = f_link;
    a->files.unlink = f_unlink;
    a->files.mkdir = f_mkdir;
    a->files.sync_directory = f_sync_directory;
    a->files.index = f_index;
}

static int set_up(void **state)
{
    struct account *a = malloc(sizeof *a);

    account_make(a);
    account_close(a);
    use_disk(a);
    if (account_open(a))
        return -1;
    *state = a;
    return 0;
}

static int tear_down(void **state)
{
    disk.left = -1;
    account_end(*state);
    free(*state);
    return 0;
}

/* ---- each operation fails in turn ---- */

struct boxes {
    uint64_t inbox, box;
};

typedef int32_t deed(const struct account *a, const struct boxes *boxes);

static int32_t do_append(const struct account *a, const struct boxes *boxes)
{
    return try_append(a, boxes->inbox, "appended\r\n", MAILPROTO_FLAG_FLAGGED, 0, NULL);
}

static int32_t do_deliver(const struct account *a, const struct boxes *boxes)
{
    return try_append(a, boxes->inbox, "delivered\r\n", 0, MAILPROTO_STORE_NO_UIDS, NULL);
}

static int32_t do_group(const struct account *a, const struct boxes *boxes)
{
    mailproto_store_append_begin begin = {.head = {sizeof begin, MAILPROTO_STORE_APPEND_BEGIN, 0}};
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};
    mailproto_store_append_abort abort = {.head = {sizeof abort, MAILPROTO_STORE_APPEND_ABORT, 0}};
    struct answer *answer;

    begin.mailbox = boxes->inbox;
    for (int i = 0; i < 3; i++) {
        answer = ask(a->store, &begin.head);
        if (answer->why) {
            abort.upload = begin.upload;
            if (begin.upload)
                tell(a->store, &abort.head);
            return answer->why;
        }
        begin.upload = commit.upload = answer->number;
    }
    return ask(a->store, &commit.head)->why;
}

static int32_t copy(const struct account *a, const struct boxes *boxes, uint32_t move)
{
    mailproto_store_run run = {.struct_size = sizeof run, .first = 1, .last = 3};
    mailproto_store_copy question = {.head = {sizeof question, MAILPROTO_STORE_COPY, 0}, .mailbox = boxes->inbox};

    question.uids = &run;
    question.destination = boxes->box;
    question.move = move;
    return ask(a->store, &question.head)->why;
}

static int32_t do_copy(const struct account *a, const struct boxes *boxes)
{
    return copy(a, boxes, 0);
}

static int32_t do_move(const struct account *a, const struct boxes *boxes)
{
    return copy(a, boxes, 1);
}

static int32_t do_flags(const struct account *a, const struct boxes *boxes)
{
    mailproto_store_run run = {.struct_size = sizeof run, .first = 1, .last = 2};
    mailproto_store_flags question = {.head = {sizeof question, MAILPROTO_STORE_FLAGS, 0}, .mailbox = boxes->inbox};

    question.uids = &run;
    question.unchanged_since = UINT64_MAX;
    question.operation = MAILPROTO_STORE_FLAGS_ADD;
    question.flags = MAILPROTO_FLAG_SEEN;
    return ask(a->store, &question.head)->why;
}

static int32_t do_expunge(const struct account *a, const struct boxes *boxes)
{
    mailproto_store_expunge question = {.head = {sizeof question, MAILPROTO_STORE_EXPUNGE, 0}};

    question.mailbox = boxes->inbox;
    return ask(a->store, &question.head)->why;
}

static int32_t do_create(const struct account *a, const struct boxes *boxes)
{
    mailproto_store_create question = {.head = {sizeof question, MAILPROTO_STORE_CREATE, 0}, .name = {"New/One", 7}};

    (void)boxes;
    return ask(a->store, &question.head)->why;
}

static int32_t do_rename(const struct account *a, const struct boxes *boxes)
{
    mailproto_store_rename question = {.head = {sizeof question, MAILPROTO_STORE_RENAME, 0},
                                       .name = {"Renamed/to", 10}};

    question.mailbox = boxes->box;
    return ask(a->store, &question.head)->why;
}

static int32_t do_rename_inbox(const struct account *a, const struct boxes *boxes)
{
    mailproto_store_rename question = {.head = {sizeof question, MAILPROTO_STORE_RENAME, 0}, .name = {"Moved", 5}};

    question.mailbox = boxes->inbox;
    return ask(a->store, &question.head)->why;
}

static int32_t do_delete(const struct account *a, const struct boxes *boxes)
{
    mailproto_store_delete question = {.head = {sizeof question, MAILPROTO_STORE_DELETE, 0}, .mailbox = boxes->box};

    return ask(a->store, &question.head)->why;
}

static int32_t do_look(const struct account *a, const struct boxes *boxes)
{
    mailproto_store_open question = {.head = {sizeof question, MAILPROTO_STORE_OPEN, 0}, .mailbox = boxes->inbox};

    question.mode = MAILPROTO_STORE_READ_WRITE;
    return ask(a->store, &question.head)->why;
}

/* All messages of a mailbox can be read; how many there are. */
static size_t readable(const struct account *a, uint64_t mailbox)
{
    struct answer *answer =
        mailbox ? changes(a, open_mailbox(a, mailbox, MAILPROTO_STORE_READ_WRITE)->number, 0) : NULL;

    for (size_t i = 0; answer && i < answer->messages; i++)
        assert_int_equal(strlen(read_message(a, mailbox, answer->uids[i], 100)), answer->sizes[i]);
    return answer ? answer->messages : 0;
}

struct total {
    size_t inbox, box, moved;
    int seen; /* flags of the first two */
};

static struct total count(const struct account *a)
{
    struct total total = {0};
    uint64_t inbox = mailbox_id(a, "INBOX"), box = mailbox_id(a, "Box");
    struct answer *answer = changes(a, open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE)->number, 0);

    for (size_t i = 0; i < answer->messages && i < 2; i++)
        total.seen += answer->flags[i] & MAILPROTO_FLAG_SEEN;
    total.inbox = readable(a, inbox);
    total.box = readable(a, box ? box : mailbox_id(a, "Renamed/to"));
    total.moved = readable(a, mailbox_id(a, "Moved"));
    return total;
}

static void begin_again(struct account *a, struct boxes *boxes)
{
    disk.left = -1;
    account_close(a);
    remove_tree(a->path);
    assert_int_equal(mkdir(a->path, 0700), 0);
    assert_int_equal(account_open(a), 0);
    boxes->inbox = mailbox_id(a, "INBOX");
    boxes->box = make_mailbox(a, "Box");
    append(a, boxes->inbox, "1\r\n", 0, 0);
    append(a, boxes->inbox, "2\r\n", 0, 0);
    append(a, boxes->inbox, "3\r\n", MAILPROTO_FLAG_DELETED, 0);
    append(a, boxes->box, "4\r\n", 0, 0);
    assert_int_equal(readable(a, boxes->inbox), 3);
    append(a, boxes->inbox, "5\n", 0, MAILPROTO_STORE_NO_UIDS);
}

static int same(const struct total *left, const struct total *right)
{
    return left->inbox == right->inbox && left->box == right->box && left->moved == right->moved &&
           left->seen == right->seen;
}

/* `want` is what is there if it was done. partly: names of files that could not be changed back tell flags, too. */
static void check_after(struct account *a, const struct total *before, const struct total *want, int32_t why,
                        int partly)
{
    struct total now = count(a), again;
    uint32_t problems = 9;

    if (why == 0)
        assert_true(same(&now, want));
    else if (!partly)
        assert_true(same(&now, before) || same(&now, want));
    account_close(a);
    assert_int_equal(account_open(a), 0);
    again = count(a);
    assert_true(same(&now, &again));
    account_close(a);
    assert_int_equal(mailproto_maildir_check(a->path, &a->config, NULL, NULL, &problems), 0);
    assert_int_equal(problems, 0);
    assert_int_equal(account_open(a), 0);
}

static void each_fails(struct account *a, deed *does, struct total want, int error, int lasts)
{
    const struct total before = {4, 1, 0, 0};
    struct boxes boxes;
    int32_t why;
    long at = 0;

    do {
        begin_again(a, &boxes);
        disk.error = error;
        disk.lasts = lasts;
        disk.happened = 0;
        disk.left = at++;
        why = does(a, &boxes);
        disk.left = -1;
        if (why && why != MAILPROTO_ERR_UNAVAILABLE && why != MAILPROTO_ERR_FULL)
            fail_msg("%s is no answer for error %d", mailproto_result_name(why), -error);
        if (why && error == -ENOSPC)
            assert_int_equal(why, MAILPROTO_ERR_FULL);
        if (!disk.happened)
            assert_int_equal(why, 0);
        check_after(a, &before, &want, why, does == do_flags && lasts);
    } while (disk.happened && at < 400);
    assert_true(at > 1 && at < 400);
}

static void all_errors(void **state, deed *does, struct total want)
{
    each_fails(*state, does, want, -ENOSPC, 1);
    each_fails(*state, does, want, -EIO, 0);
    each_fails(*state, does, want, -EROFS, 1);
}

#define EACH(name, inbox, box, moved, seen)                                                                            \
    static void test_##name(void **state)                                                                              \
    {                                                                                                                  \
        all_errors(state, do_##name, (struct total){inbox, box, moved, seen});                                         \
    }
EACH(append, 5, 1, 0, 0)
EACH(deliver, 5, 1, 0, 0)
EACH(group, 7, 1, 0, 0)
EACH(copy, 4, 4, 0, 0)
EACH(move, 1, 4, 0, 0)
EACH(flags, 4, 1, 0, 2)
EACH(expunge, 3, 1, 0, 0)
EACH(create, 4, 1, 0, 0)
EACH(rename, 4, 1, 0, 0)
EACH(rename_inbox, 0, 1, 4, 0)
EACH(delete, 4, 0, 0, 0)
EACH(look, 4, 1, 0, 0)

/* ---- the sentence ---- */

static void test_sentences(void **state)
{
    struct account *a = *state;
    mailproto_store_append_begin begin = {.head = {sizeof begin, MAILPROTO_STORE_APPEND_BEGIN, 0}};
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};
    struct answer *answer;

    begin.mailbox = mailbox_id(a, "INBOX");
    commit.upload = ask(a->store, &begin.head)->number;
    disk.error = -ENOSPC;
    disk.left = 0;
    answer = ask(a->store, &commit.head);
    assert_int_equal(answer->why, MAILPROTO_ERR_FULL);
    assert_non_null(strstr(answer->text, a->path));
    assert_non_null(strstr(answer->text, "make room"));
}

/* Mail can be read from a full disk, though what was delivered since cannot be numbered; and is there when it can. */
static void test_full_disk(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    struct answer *answer;

    append(a, inbox, "old\r\n", 0, 0);
    put_file(a, "new/1.host", "new\n");
    disk.error = -ENOSPC;
    disk.lasts = 1;
    disk.left = 0;
    answer = open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE);
    assert_int_equal(answer->total, 1);
    assert_int_equal(changes(a, answer->number, 0)->messages, 1);
    assert_string_equal(read_message(a, inbox, 1, 100), "old\r\n");
    assert_int_equal(status(a, inbox)->total, 1);
    disk.left = -1;
    assert_int_equal(status(a, inbox)->total, 2);
    assert_string_equal(read_message(a, inbox, 2, 100), "new\r\n");
}

/* ---- real permissions ---- */

static void test_permissions(void **state)
{
    enum { NOBODY = 65534 };
    int root = geteuid() == 0;
    mailproto_maildir *other = NULL;
    struct account a;
    uint64_t inbox;

    (void)state;
    if (root)
        assert_int_equal(seteuid(NOBODY), 0); /* root may do anything */
    account_make(&a);
    inbox = mailbox_id(&a, "INBOX");
    append(&a, inbox, "x\r\n", 0, 0);
    assert_int_equal(chmod(account_file(&a, "tmp"), 0500), 0);
    assert_int_equal(try_append(&a, inbox, "y\r\n", 0, 0, NULL), MAILPROTO_ERR_UNAVAILABLE);
    assert_int_equal(chmod(account_file(&a, "tmp"), 0700), 0);
    append(&a, inbox, "y\r\n", 0, 0);
    assert_int_equal(chmod(account_file(&a, "mailproto"), 0), 0);
    assert_int_equal(mailproto_maildir_open(&other, a.path, NULL, a.why, sizeof a.why), MAILPROTO_ERR_UNAVAILABLE);
    assert_non_null(strstr(a.why, "permission denied"));
    assert_non_null(strstr(a.why, a.path));
    assert_int_equal(chmod(account_file(&a, "mailproto"), 0700), 0);
    assert_int_equal(status(&a, inbox)->total, 2);
    account_end(&a);
    if (root)
        assert_int_equal(seteuid(0), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_append), TEST(test_deliver), TEST(test_group),     TEST(test_copy),      TEST(test_move),
        TEST(test_flags),  TEST(test_expunge), TEST(test_create),    TEST(test_rename),    TEST(test_rename_inbox),
        TEST(test_delete), TEST(test_look),    TEST(test_sentences), TEST(test_full_disk), TEST(test_permissions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
