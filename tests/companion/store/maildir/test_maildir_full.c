/* test_maildir_full.c - a disk that is really full: who has mail on it can list, read and delete it, until it is empty.
 * RFC 1939 6, RFC 5321 4.2.3 (452). The disk is a table of file operations that lets a folder hold so many octets. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "account.h"

enum { BLOCK = 4096, DISK = 250 * BLOCK, SEEN_MAX = 4096 };

/* ---- a small disk ---- */

static const char *disk;   /* its folder */
static uint64_t disk_size; /* 0: without an end */

static uint64_t used(const char *path)
{
    char inside[1024];
    struct dirent *entry;
    struct stat status;
    uint64_t sum = 0;
    DIR *directory = opendir(path);

    while (directory && (entry = readdir(directory))) {
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || lstat(inside, &status))
            continue;
        sum += S_ISDIR(status.st_mode) ? used(inside) : ((uint64_t)status.st_size + BLOCK - 1) / BLOCK * BLOCK;
    }
    if (directory)
        closedir(directory);
    return sum;
}

/* Whether a file may become so much longer. */
static int takes(uint64_t size, uint64_t end)
{
    uint64_t more = end > size ? (end + BLOCK - 1) / BLOCK - (size + BLOCK - 1) / BLOCK : 0;

    return !disk_size || !more || used(disk) + more * BLOCK <= disk_size;
}

static int64_t small_write(void *user, int fd, const void *data, size_t len)
{
    struct stat status;

    if (fstat(fd, &status) || !takes((uint64_t)status.st_size, (uint64_t)status.st_size + len))
        return -ENOSPC; /* the store writes at the end only */
    return mp_files_posix()->write(user, fd, data, len);
}

static int64_t small_pwrite(void *user, int fd, const void *data, size_t len, uint64_t offset)
{
    struct stat status;

    if (fstat(fd, &status) || !takes((uint64_t)status.st_size, offset + len))
        return -ENOSPC;
    return mp_files_posix()->pwrite(user, fd, data, len, offset);
}

static int small_index(void *user, const mp_index_operation *operation)
{
    struct stat status;
    uint64_t size = stat(operation->path, &status) ? 0 : (uint64_t)status.st_size;

    (void)user;
    if (operation->what != MP_INDEX_WRITE)
        return 0;
    return takes(size, operation->offset + operation->len) ? 0 : -ENOSPC;
}

/* A slow machine, or a fast one: what may be looked at again after a second is, or is not. */
static int64_t leap, leapt; /* milliseconds */

static void leaping_now(void *user, int64_t *seconds, int32_t *nanoseconds)
{
    mp_files_posix()->now(user, seconds, nanoseconds);
    leapt += leap;
    *seconds += leapt / 1000;
}

static void use_small_disk(struct account *a)
{
    account_use_files(a);
    a->files.now = leaping_now;
    a->files.write = small_write;
    a->files.pwrite = small_pwrite;
    a->files.index = small_index;
    disk = a->path;
}

static int set_up(void **state)
{
    struct account *a = malloc(sizeof *a);

    account_make(a);
    account_close(a);
    remove_tree(account_file(a, "mailproto"));
    use_small_disk(a);
    disk_size = DISK;
    *state = a;
    return 0;
}

static int set_up_slow(void **state)
{
    leap = 100;
    return set_up(state);
}

static int tear_down(void **state)
{
    leap = leapt = 0;
    disk_size = 0;
    account_end(*state);
    free(*state);
    return 0;
}

/* ---- deeds ---- */

/* Delivers until the disk takes no more; how many were taken. */
static unsigned deliver_all(struct account *a, size_t octets)
{
    mailproto_maildir_config before = a->config;
    char *text = malloc(octets + 1);
    unsigned count = 0;
    int32_t why;

    assert_non_null(text);
    memset(text, 'x', octets);
    memcpy(text + octets - 2, "\r\n", 3);
    a->config.options |= MAILPROTO_MAILDIR_DELIVERY;
    assert_int_equal(account_open(a), 0);
    while (!(why = try_append(a, MAILPROTO_MAILDIR_INBOX, text, 0, MAILPROTO_STORE_NO_UIDS, NULL)))
        assert_true(++count < SEEN_MAX);
    assert_int_equal(why, MAILPROTO_ERR_FULL);
    account_close(a);
    a->config = before;
    free(text);
    return count;
}

/* Somebody else takes the rest. */
static void fill_up(const struct account *a)
{
    FILE *file = fopen(account_file(a, "other"), "a");

    assert_non_null(file);
    for (uint64_t room = used(disk) < disk_size ? (disk_size - used(disk)) / BLOCK : 0; room; room--)
        for (int i = 0; i < BLOCK; i++)
            fputc('x', file);
    assert_int_equal(fclose(file), 0);
    assert_true(used(disk) >= disk_size);
}

static unsigned char told[SEEN_MAX]; /* UIDs that were deleted: they never come again */

/* What a POP3 session does that deletes all it sees; how many that were. */
static unsigned empty_some(struct account *a)
{
    mailproto_store_run run = {.struct_size = sizeof run, .first = 1, .last = UINT32_MAX};
    mailproto_store_flags flags = {.head = {sizeof flags, MAILPROTO_STORE_FLAGS, 0}, .uids = &run};
    mailproto_store_expunge gone = {.head = {sizeof gone, MAILPROTO_STORE_EXPUNGE, 0}, .uids = &run};
    struct answer *answer;
    unsigned count;

    if (account_open(a))
        fail_msg("%s", a->why);
    flags.mailbox = gone.mailbox = mailbox_id(a, "INBOX");
    answer = changes(a, open_mailbox(a, flags.mailbox, MAILPROTO_STORE_EXCLUSIVE)->number, 0);
    count = (unsigned)answer->messages;
    for (size_t i = 0; i < answer->messages && i < ITEMS_MAX; i++) {
        assert_true(answer->uids[i] < SEEN_MAX && !told[answer->uids[i]]);
        told[answer->uids[i]] = 1;
    }
    if (count)
        assert_int_equal(read_message(a, flags.mailbox, answer->uids[0], 4096)[0], 'x');
    flags.unchanged_since = UINT64_MAX;
    flags.operation = MAILPROTO_STORE_FLAGS_ADD;
    flags.flags = MAILPROTO_FLAG_DELETED;
    answer = ask(a->store, &flags.head);
    if (answer->why)
        fail_msg("%s: %s", mailproto_result_name(answer->why), answer->text);
    assert_int_equal(answer->messages, count);
    answer = ask(a->store, &gone.head);
    if (answer->why)
        fail_msg("%s: %s", mailproto_result_name(answer->why), answer->text);
    account_close(a);
    return count;
}

/* Session by session, until nothing is left. */
static void empty(struct account *a, unsigned count)
{
    uint32_t problems = 9;

    memset(told, 0, sizeof told);
    while (count) {
        unsigned now = empty_some(a);

        assert_in_range(now, 1, count);
        count -= now;
    }
    assert_int_equal(count_files(a, "new", NULL) + count_files(a, "cur", NULL), 0);
    assert_int_equal(empty_some(a), 0);
    assert_int_equal(mailproto_maildir_check(a->path, &a->config, NULL, NULL, &problems), 0);
    assert_int_equal(problems, 0);
}

/* ---- the tests ---- */

/* Nobody ever logged in: there is no index, and no room for one. */
static void test_never_opened(void **state)
{
    static const size_t sizes[] = {100, 5000, 70000};
    struct account *a = *state;
    unsigned count;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        count = deliver_all(a, sizes[i]);
        assert_true(count > 5);
        fill_up(a);
        empty(a, count);
        unlink(account_file(a, "other"));
        remove_tree(account_file(a, "mailproto"));
    }
}

/* The account has an index, and messages in it; more came after that. */
static void test_opened_before(void **state)
{
    struct account *a = *state;
    unsigned count;

    for (int turn = 0; turn < 3; turn++) {
        uint64_t inbox;

        assert_int_equal(account_open(a), 0);
        inbox = mailbox_id(a, "INBOX");
        for (int i = 0; i < 10; i++)
            append(a, inbox, "x\r\n", 0, 0);
        account_close(a);
        count = 10 + deliver_all(a, 3000);
        fill_up(a);
        empty(a, count);
        unlink(account_file(a, "other"));
        assert_true(deliver_all(a, 200000) > 0); /* it takes mail again */
        memset(told, 0, sizeof told);
        while (empty_some(a))
            ;
    }
}

/* An index of many messages, all of which are to be deleted at once: their flags take more than is kept back. */
static void test_many(void **state)
{
    struct account *a = *state;
    char name[64];

    disk_size = 0;
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "cur/%d.host,S=3,W=3:2,", i);
        put_file(a, name, "x\r\n");
    }
    assert_int_equal(account_open(a), 0);
    assert_int_equal(status(a, mailbox_id(a, "INBOX"))->total, 3000);
    account_close(a);
    disk_size = used(disk);
    empty(a, 3000);
}

/* The reserve comes back when there is room, and is what it is for. */
static void test_reserve(void **state)
{
    struct account *a = *state;
    struct stat status;
    unsigned count = deliver_all(a, 5000);

    fill_up(a);
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(unlink(account_file(a, i == 1 ? "mailproto/reserve-1" : "mailproto/reserve-2")), 0);
        fill_up(a);
    }
    assert_int_equal(account_open(a), MAILPROTO_ERR_FULL);
    assert_non_null(strstr(a->why, "make room"));
    assert_int_equal(unlink(account_file(a, "other")), 0);
    empty(a, count);
    assert_int_equal(stat(account_file(a, "mailproto/reserve-1"), &status), 0);
    assert_int_equal(stat(account_file(a, "mailproto/reserve-2"), &status), 0);
    a->config.options = MAILPROTO_MAILDIR_NO_RESERVE;
    remove_tree(account_file(a, "mailproto"));
    assert_true(deliver_all(a, 5000) > count);
    assert_int_not_equal(stat(account_file(a, "mailproto"), &status), 0);
    fill_up(a);
    assert_int_equal(account_open(a), MAILPROTO_ERR_FULL);
}

/* ---- where pages end ---- */

/* A message that another program delivered. */
static void put_message(const struct account *a, unsigned number, unsigned length)
{
    char name[256];

    snprintf(
        name, sizeof name, "new/%010u.M%06uP1.%.*s,S=3,W=3", 1700000000 + number / 7, number, (int)length,
        "host-of-a-name-that-may-be-as-long-as-it-takes-to-reach-the-end-of-a-page-of-the-index-and-a-bit-beyond-it-"
        "and-then-some-more");
    put_file(a, name, "x\r\n");
}

static const char *const index_files[] = {"mailproto/index.sqlite", "mailproto/index.sqlite-wal",
                                          "mailproto/uidvalidity"};

/* So many messages, some of which the index knows, with names of that length, on a disk without a free block. Names are the
   same in each run, so that the pages of the index end where they ended before. */
static void fill_and_empty(struct account *a, unsigned known, unsigned count, unsigned length)
{
    unsigned i;

    disk_size = 0;
    remove_tree(a->path);
    assert_int_equal(mkdir(a->path, 0700), 0);
    assert_int_equal(account_open(a), 0);
    for (i = 0; i < known; i++)
        put_message(a, i, length);
    assert_int_equal(status(a, mailbox_id(a, "INBOX"))->total, known);
    account_close(a);
    for (size_t file = 0; file < 3 && !known; file++) /* nobody ever looked */
        unlink(account_file(a, index_files[file]));
    for (; i < count; i++)
        put_message(a, i, length);
    disk_size = used(disk);
    empty(a, count);
}

/* What is seen must never take the room that it takes to delete it. */
static void test_edges(void **state)
{
    static const struct {
        unsigned known, count, length;
    } cases[] = {{0, 160, 30}, {0, 210, 92},   {0, 400, 113},  {0, 600, 55},
                 {0, 600, 70}, {200, 360, 70}, {200, 600, 113}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        fill_and_empty(*state, cases[i].known, cases[i].count, cases[i].length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_never_opened, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_opened_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reserve, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_edges, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_never_opened, set_up_slow, tear_down),
        cmocka_unit_test_setup_teardown(test_opened_before, set_up_slow, tear_down),
        cmocka_unit_test_setup_teardown(test_many, set_up_slow, tear_down),
        cmocka_unit_test_setup_teardown(test_reserve, set_up_slow, tear_down),
    };

    const struct rlimit limit = {16 * DISK, 16 * DISK}; /* a mistake must not fill the real disk */

    if (setrlimit(RLIMIT_FSIZE, &limit))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
