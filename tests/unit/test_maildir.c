/* test_maildir.c - delivery into Maildirs: the order of steps, and what is left when one of them fails.
 * System calls are wrapped by the linker: each is written down, and any of them can be told to fail. */
#include "../../examples/server/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { BOXES = 3 };

struct fixture {
    char root[64];
    struct maildir *boxes[BOXES];
};

/* ---- the wrapped calls ---- */

static char steps[1024]; /* one letter each: w write, f fsync of a file, d of a directory, l link, r rename */
static char fail_step;   /* which letter fails ... */
static int fail_skip;    /* ... after so many were let through ... */
static int fail_error;   /* ... with this */
static size_t write_most = SIZE_MAX;

static int step_fails(char step)
{
    size_t len = strlen(steps);

    if (len + 1 < sizeof steps)
        steps[len] = step;
    if (step != fail_step || fail_skip-- > 0)
        return 0;
    fail_step = 0;
    errno = fail_error;
    return 1;
}

static void let_fail(char step, int skip, int error)
{
    memset(steps, 0, sizeof steps);
    fail_step = step;
    fail_skip = skip;
    fail_error = error;
    write_most = SIZE_MAX;
}

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
    if (fd > 2 && step_fails('w'))
        return -1;
    return __real_write(fd, data, len < write_most ? len : write_most);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    struct stat status;

    assert_int_equal(fstat(fd, &status), 0);
    return step_fails(S_ISDIR(status.st_mode) ? 'd' : 'f') ? -1 : __real_fsync(fd);
}

int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to)
{
    return step_fails('l') ? -1 : __real_link(from, to);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return step_fails('r') ? -1 : __real_rename(from, to);
}

/* ---- the folders ---- */

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    char path[128];

    strcpy(f->root, "/tmp/mailproto-maildir-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    let_fail(0, 0, 0);
    for (int i = 0; i < BOXES; i++) {
        snprintf(path, sizeof path, "%s/box%d", f->root, i);
        f->boxes[i] = maildir_new(path);
        assert_non_null(f->boxes[i]);
        assert_int_equal(maildir_prepare(f->boxes[i]), 0);
    }
    let_fail(0, 0, 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];

    for (int i = 0; i < BOXES; i++)
        maildir_drop(f->boxes[i]);
    snprintf(command, sizeof command, "rm -rf %s", f->root);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* How many files a folder holds; the path of one of them. */
static int files(const struct maildir *box, const char *folder, char *one)
{
    char path[512];
    struct dirent *entry;
    DIR *directory;
    int count = 0;

    snprintf(path, sizeof path, "%s/%s", box->path, folder);
    directory = opendir(path);
    if (!directory)
        return 0;
    while ((entry = readdir(directory)))
        if (entry->d_name[0] != '.') {
            count++;
            if (one)
                snprintf(one, PATH_MAX, "%s/%s", path, entry->d_name);
        }
    closedir(directory);
    return count;
}

static void assert_nothing_is_left(const struct fixture *f)
{
    for (int i = 0; i < BOXES; i++) {
        assert_int_equal(files(f->boxes[i], "new", NULL), 0);
        assert_int_equal(files(f->boxes[i], "tmp", NULL), 0);
    }
}

static void assert_holds(const char *path, const char *text)
{
    char buffer[256];
    FILE *file = fopen(path, "r");
    size_t n;

    assert_non_null(file);
    n = fread(buffer, 1, sizeof buffer, file);
    fclose(file);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(buffer, text, n);
}

static void write_message(struct fixture *f, struct maildir_file *file, size_t count, const char *text)
{
    maildir_name(file, "host.example.test");
    assert_int_equal(maildir_create(file, f->boxes, count), 0);
    assert_int_equal(maildir_write(file, text, strlen(text)), 0);
}

static void commit(struct fixture *f, struct maildir_file *file, size_t count, int all_or_none, int *results)
{
    const struct maildir_commit how = {f->boxes, results, count, all_or_none, MAILDIR_SYNC_FULL};

    maildir_commit(file, &how);
}

static void lose_new(const struct maildir *box)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/new", box->path);
    assert_int_equal(rmdir(path), 0);
}

static const char text[] = "Subject: x\r\n\r\nHello.\r\n";

/* ---- the tests ---- */

/* What was answered with 250 must be on the disk: the file before its name, the name before the answer. */
static void test_steps_are_in_order(void **state)
{
    struct fixture *f = *state;
    struct maildir_file file;
    char path[PATH_MAX];
    int result = 1;

    write_message(f, &file, 1, text);
    commit(f, &file, 1, 1, &result);
    assert_int_equal(result, 0);
    assert_string_equal(steps, "wfrd");
    assert_int_equal(files(f->boxes[0], "new", path), 1);
    assert_int_equal(files(f->boxes[0], "tmp", NULL), 0);
    assert_holds(path, text);
    assert_non_null(strstr(path, ".host.example.test,S=22,W=22"));
}

static void test_sync_policies(void **state)
{
    static const char *const expected[] = {
        [MAILDIR_SYNC_FULL] = "wfrd", [MAILDIR_SYNC_FILE] = "wfr", [MAILDIR_SYNC_NONE] = "wr"};
    struct fixture *f = *state;

    for (int sync = MAILDIR_SYNC_FULL; sync <= MAILDIR_SYNC_NONE; sync++) {
        struct maildir_file file;
        int result = 1;
        const struct maildir_commit how = {f->boxes, &result, 1, 1, (enum maildir_sync)sync};

        let_fail(0, 0, 0);
        write_message(f, &file, 1, text);
        maildir_commit(&file, &how);
        assert_int_equal(result, 0);
        assert_string_equal(steps, expected[sync]);
    }
}

static void test_one_file_for_all(void **state)
{
    struct fixture *f = *state;
    struct maildir_file file;
    struct stat first, other;
    char path[PATH_MAX];
    int results[BOXES] = {1, 1, 1};

    write_message(f, &file, BOXES, text);
    commit(f, &file, BOXES, 1, results);
    assert_string_equal(steps, "wfllrddd");
    assert_int_equal(files(f->boxes[0], "new", path), 1);
    assert_int_equal(stat(path, &first), 0);
    for (int i = 0; i < BOXES; i++) {
        assert_int_equal(results[i], 0);
        assert_int_equal(files(f->boxes[i], "new", path), 1);
        assert_int_equal(files(f->boxes[i], "tmp", NULL), 0);
        assert_int_equal(stat(path, &other), 0);
        assert_true(other.st_ino == first.st_ino);
    }
}

/* SMTP: one answer for all, so one failure is the failure of all. Each step in turn. */
static void test_all_or_none(void **state)
{
    static const struct {
        char step;
        int skip;
    } failures[] = {{'f', 0}, {'l', 0}, {'l', 1}, {'r', 0}, {'d', 0}, {'d', 1}, {'d', 2}};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        struct maildir_file file;
        int results[BOXES] = {0, 0, 0};

        let_fail(failures[i].step, failures[i].skip, ENOSPC);
        write_message(f, &file, BOXES, text);
        commit(f, &file, BOXES, 1, results);
        for (int k = 0; k < BOXES; k++)
            assert_int_equal(results[k], -ENOSPC);
        let_fail(0, 0, 0);
        assert_nothing_is_left(f);
    }
}

/* LMTP: each recipient has an answer of its own. */
static void test_each_its_own(void **state)
{
    struct fixture *f = *state;
    struct maildir_file file;
    int results[BOXES] = {1, 1, 1};

    lose_new(f->boxes[1]);
    write_message(f, &file, BOXES, text);
    commit(f, &file, BOXES, 0, results);
    assert_int_equal(results[0], 0);
    assert_int_equal(results[1], -ENOENT);
    assert_int_equal(results[2], 0);
    assert_int_equal(files(f->boxes[0], "new", NULL), 1);
    assert_int_equal(files(f->boxes[2], "new", NULL), 1);
    assert_int_equal(files(f->boxes[0], "tmp", NULL), 0);
}

static void test_the_first_box_may_be_the_bad_one(void **state)
{
    struct fixture *f = *state;
    struct maildir_file file;
    int results[BOXES] = {1, 1, 1};

    lose_new(f->boxes[0]);
    write_message(f, &file, BOXES, text);
    commit(f, &file, BOXES, 0, results);
    assert_int_equal(results[0], -ENOENT);
    assert_int_equal(results[1], 0);
    assert_int_equal(results[2], 0);
    assert_int_equal(files(f->boxes[0], "tmp", NULL), 0);
}

/* A name that may go with the power was not delivered: the sender will send it again. */
static void test_a_name_that_is_not_durable_is_taken_back(void **state)
{
    struct fixture *f = *state;
    struct maildir_file file;
    int results[BOXES] = {1, 1, 1};

    let_fail('d', 1, EIO);
    write_message(f, &file, BOXES, text);
    commit(f, &file, BOXES, 0, results);
    assert_int_equal(results[0], 0);
    assert_int_equal(results[1], -EIO);
    assert_int_equal(results[2], 0);
    assert_int_equal(files(f->boxes[1], "new", NULL), 0);
}

static void test_copies_where_links_do_not_lead(void **state)
{
    struct fixture *f = *state;
    struct maildir_file file;
    char path[PATH_MAX];
    int results[2] = {1, 1};

    let_fail('l', 0, EXDEV);
    write_message(f, &file, 2, text);
    commit(f, &file, 2, 1, results);
    assert_string_equal(steps, "wflwfrrdd");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(results[i], 0);
        assert_int_equal(files(f->boxes[i], "new", path), 1);
        assert_int_equal(files(f->boxes[i], "tmp", NULL), 0);
        assert_holds(path, text);
    }
}

static void test_a_full_disk(void **state)
{
    struct fixture *f = *state;
    struct maildir_file file;

    let_fail('w', 1, ENOSPC);
    maildir_name(&file, "host");
    assert_int_equal(maildir_create(&file, f->boxes, 1), 0);
    assert_int_equal(maildir_write(&file, text, 5), 0);
    assert_int_equal(maildir_write(&file, text + 5, 5), -ENOSPC);
    maildir_discard(&file);
    assert_nothing_is_left(f);
}

static void test_short_writes(void **state)
{
    struct fixture *f = *state;
    struct maildir_file file;
    char path[PATH_MAX];
    int result = 1;

    write_most = 1;
    write_message(f, &file, 1, text);
    assert_int_equal(file.size, strlen(text));
    write_most = SIZE_MAX;
    commit(f, &file, 1, 1, &result);
    assert_int_equal(result, 0);
    assert_int_equal(files(f->boxes[0], "new", path), 1);
    assert_holds(path, text);
}

/* W of the name is the size that POP3 will tell: an LF without CR counts twice, however the writes are cut. */
static void test_bare_line_feeds_are_counted(void **state)
{
    static const char mixed[] = "\na\r\nb\n\n\r\n\rc\n";
    struct fixture *f = *state;

    for (size_t cut = 0; cut < sizeof mixed - 1; cut++) {
        struct maildir_file file;

        maildir_name(&file, "host");
        assert_int_equal(maildir_create(&file, f->boxes, 1), 0);
        assert_int_equal(maildir_write(&file, mixed, cut), 0);
        assert_int_equal(maildir_write(&file, mixed + cut, sizeof mixed - 1 - cut), 0);
        assert_int_equal(file.bare, 4);
        maildir_discard(&file);
    }
    assert_nothing_is_left(f);
}

static void test_names_are_unique(void **state)
{
    struct maildir_file a, b;

    (void)state;
    maildir_name(&a, "a/b:c,d");
    maildir_name(&b, "a/b:c,d");
    assert_string_not_equal(a.name, b.name);
    assert_non_null(strstr(a.name, ".a_b_c_d"));
    assert_null(strpbrk(a.name, "/:,"));
}

static void test_stale_files_are_removed(void **state)
{
    struct fixture *f = *state;
    const struct timespec old[2] = {{1000000000, 0}, {1000000000, 0}};
    char path[PATH_MAX];

    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/tmp/%s", f->boxes[0]->path, i ? "old" : "fresh");
        close(open(path, O_WRONLY | O_CREAT, 0600));
    }
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    assert_int_equal(maildir_prepare(f->boxes[0]), 0);
    assert_int_equal(files(f->boxes[0], "tmp", path), 1);
    assert_string_equal(strrchr(path, '/'), "/fresh");
}

#define WITH_FOLDERS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDERS(test_steps_are_in_order),
        WITH_FOLDERS(test_sync_policies),
        WITH_FOLDERS(test_one_file_for_all),
        WITH_FOLDERS(test_all_or_none),
        WITH_FOLDERS(test_each_its_own),
        WITH_FOLDERS(test_the_first_box_may_be_the_bad_one),
        WITH_FOLDERS(test_a_name_that_is_not_durable_is_taken_back),
        WITH_FOLDERS(test_copies_where_links_do_not_lead),
        WITH_FOLDERS(test_a_full_disk),
        WITH_FOLDERS(test_short_writes),
        WITH_FOLDERS(test_bare_line_feeds_are_counted),
        WITH_FOLDERS(test_names_are_unique),
        WITH_FOLDERS(test_stale_files_are_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
