/* test_maildrop.c - a Maildir as POP3 sees it: order, exact sizes, unique ids, the lock, deletion.
 * RFC 1939 3 to 7. */
#include "../../examples/server/maildrop.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[64];

static int set_up(void **state)
{
    static const char *const folders[] = {"", "/new", "/cur", "/tmp"};
    char path[PATH_MAX];

    (void)state;
    strcpy(root, "/tmp/mailproto-maildrop-XXXXXX");
    assert_non_null(mkdtemp(root));
    for (size_t i = 1; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s%s", root, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

static void put(const char *name, const char *text, size_t len)
{
    char path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", root, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
}

static int is_there(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", root, name);
    return access(path, F_OK) == 0;
}

/* Reads the message in pieces of `cap` octets; its length. */
static size_t read_all(const char *name, int in_new, size_t cap, char *out, uint64_t *size)
{
    struct maildrop_reader reader;
    size_t at = 0;
    ssize_t n;

    assert_int_equal(maildrop_reader_open(&reader, root, name, in_new), 0);
    *size = reader.size;
    while ((n = maildrop_reader_read(&reader, out + at, cap)) > 0)
        at += (size_t)n;
    assert_int_equal(n, 0);
    maildrop_reader_close(&reader);
    return at;
}

/* ---- sizes and line ends ---- */

static void test_line_ends_become_crlf(void **state)
{
    static const struct {
        const char *raw, *sent;
    } cases[] = {
        {"", ""},
        {"a\n", "a\r\n"},
        {"a\r\n", "a\r\n"},
        {"\n\n\n\n", "\r\n\r\n\r\n\r\n"},
        {"a\nb\r\nc\n\r\n\n", "a\r\nb\r\nc\r\n\r\n\r\n"},
        {"a\rb\r\r\n", "a\rb\r\r\n"},
        {"no end", "no end"},
        {"\r", "\r"},
        {"\n\r", "\r\n\r"},
    };
    char out[64];
    uint64_t size;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("new/1.host", cases[i].raw, strlen(cases[i].raw));
        for (size_t cap = 2; cap < 30; cap++) {
            size_t n = read_all("1.host", 1, cap, out, &size);

            assert_int_equal(n, strlen(cases[i].sent));
            assert_int_equal(size, n);
            assert_memory_equal(out, cases[i].sent, n);
        }
    }
}

/* A CR at the end of one read of the measurement, its LF at the beginning of the next. */
static void test_large_files_are_measured(void **state)
{
    enum { SIZE = 200000 };
    char *raw = malloc(SIZE), *out = malloc(2 * SIZE);
    uint64_t size;
    size_t n, bare = 0;

    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        raw[i] = "ab\r\nc\n"[(i + i / 65536) % 6];
    for (size_t i = 0; i < SIZE; i++)
        bare += raw[i] == '\n' && (!i || raw[i - 1] != '\r');
    put("new/1.host", raw, SIZE);
    n = read_all("1.host", 1, 16384, out, &size);
    assert_int_equal(n, SIZE + bare);
    assert_int_equal(size, n);
    free(raw);
    free(out);
}

/* ",S=,W=" saves reading the file; a name that does not tell the truth is not believed when it is sent. */
static void test_sizes_in_names(void **state)
{
    struct maildrop drop;
    struct maildrop_reader reader;

    (void)state;
    put("new/1.host,S=6,W=6", "ab\r\n\r\n", 6);
    put("new/2.host,S=4,W=6", "ab\n\n", 4);
    put("cur/3.host,S=4:2,S", "ab\n\n", 4);
    assert_int_equal(maildrop_open(&drop, root), 0);
    assert_int_equal(drop.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(drop.messages[i].size, 6);
    assert_int_equal(drop.octets, 18);
    maildrop_close(&drop);
    put("new/5.host,S=9,W=9", "ab\n\n", 4);
    assert_int_equal(maildrop_reader_open(&reader, root, "5.host,S=9,W=9", 1), 0);
    assert_int_equal(reader.size, 6);
    assert_false(reader.exact);
    maildrop_reader_close(&reader);
}

/* ---- the list ---- */

static void test_order_is_that_of_delivery(void **state)
{
    static const char *const names[] = {"999999999.M1P1Q1.host",       "1000000000.M000009P1Q1.host",
                                        "1000000000.M000010P1Q1.host", "1000000000.M10P1Q2.host:2,S",
                                        "1000000001.host:2,FS",        "unusual"};
    struct maildrop drop;
    char path[PATH_MAX];

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        snprintf(path, sizeof path, "%s/%s", strchr(names[i], ':') ? "cur" : "new", names[i]);
        put(path, "x\r\n", 3);
    }
    put("new/.hidden", "x", 1);
    snprintf(path, sizeof path, "%s/new/a folder", root);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(maildrop_open(&drop, root), 0);
    assert_int_equal(drop.count, 6);
    assert_string_equal(drop.messages[0].name, names[5]); /* no time: the oldest */
    for (size_t i = 1; i < 6; i++)
        assert_string_equal(drop.messages[i].name, names[i - 1]);
    maildrop_close(&drop);
}

static void test_a_message_found_twice_counts_once(void **state)
{
    struct maildrop drop;

    (void)state;
    put("new/1.host", "x\r\n", 3);
    put("cur/1.host:2,S", "x\r\n", 3);
    assert_int_equal(maildrop_open(&drop, root), 0);
    assert_int_equal(drop.count, 1);
    assert_int_equal(drop.octets, 3);
    maildrop_close(&drop);
}

static void test_unique_ids(void **state)
{
    char long_name[120], uid[MAILDROP_UID_MAX + 1], other[MAILDROP_UID_MAX + 1];
    struct maildrop drop;
    size_t len;

    (void)state;
    put("cur/1.M2P3.host,S=3,W=3:2,S", "x\r\n", 3);
    snprintf(long_name, sizeof long_name, "new/2.%075d", 1);
    put(long_name, "x\r\n", 3);
    snprintf(long_name, sizeof long_name, "new/3.%075d", 2);
    put(long_name, "x\r\n", 3);
    put("new/4.with space", "x\r\n", 3);
    assert_int_equal(maildrop_open(&drop, root), 0);
    assert_int_equal(drop.count, 4);
    assert_int_equal(maildrop_uid(&drop, 0, uid), strlen("1.M2P3.host,S=3,W=3"));
    assert_string_equal(uid, "1.M2P3.host,S=3,W=3");
    for (size_t i = 1; i < 4; i++) { /* too long, or not of the octets that RFC 1939 7 allows: 32 digits */
        len = maildrop_uid(&drop, i, uid);
        assert_int_equal(len, 32);
        assert_int_equal(strspn(uid, "0123456789abcdef"), 32);
        maildrop_uid(&drop, i % 3 + 1, other);
        assert_string_not_equal(uid, other);
    }
    maildrop_close(&drop);
}

static void test_one_session_at_a_time(void **state)
{
    struct maildrop first, second;

    (void)state;
    assert_int_equal(maildrop_open(&first, root), 0);
    assert_int_equal(maildrop_open(&second, root), -EWOULDBLOCK);
    maildrop_close(&first);
    assert_int_equal(maildrop_open(&second, root), 0);
    maildrop_close(&second);
}

static void test_a_maildir_that_is_not_there(void **state)
{
    struct maildrop drop;

    (void)state;
    assert_int_equal(maildrop_open(&drop, "/nonexistent"), -ENOENT);
}

/* ---- the end ---- */

static void test_update(void **state)
{
    struct maildrop drop;

    (void)state;
    put("new/1.host", "x\r\n", 3);
    put("new/2.host", "x\r\n", 3);
    put("new/3.host", "x\r\n", 3);
    put("cur/4.host:2,S", "x\r\n", 3);
    put("cur/5.host:2,", "x\r\n", 3);
    assert_int_equal(maildrop_open(&drop, root), 0);
    drop.messages[0].deleted = 1;
    drop.messages[0].retrieved = 1;
    drop.messages[1].retrieved = 1;
    drop.messages[3].deleted = 1;
    drop.messages[4].retrieved = 1;
    assert_int_equal(maildrop_update(&drop), 0);
    maildrop_close(&drop);
    assert_false(is_there("new/1.host"));
    assert_false(is_there("cur/1.host:2,S"));
    assert_false(is_there("new/2.host"));
    assert_true(is_there("cur/2.host:2,S"));
    assert_true(is_there("new/3.host"));
    assert_false(is_there("cur/4.host:2,S"));
    assert_true(is_there("cur/5.host:2,"));
}

/* Another program moves a message while the session has it listed: it is still read, and still deleted. */
static void test_moved_by_another_program(void **state)
{
    struct maildrop drop;
    char from[PATH_MAX], to[PATH_MAX], out[8];
    uint64_t size;

    (void)state;
    put("new/1.host", "x\r\n", 3);
    put("new/12.host", "y\r\n", 3);
    assert_int_equal(maildrop_open(&drop, root), 0);
    snprintf(from, sizeof from, "%s/new/1.host", root);
    snprintf(to, sizeof to, "%s/cur/1.host:2,RS", root);
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(read_all("1.host", 1, sizeof out, out, &size), 3);
    drop.messages[0].deleted = 1;
    assert_int_equal(maildrop_update(&drop), 0);
    maildrop_close(&drop);
    assert_false(is_there("cur/1.host:2,RS"));
    assert_true(is_there("new/12.host"));
}

static void test_deleted_by_another_program(void **state)
{
    struct maildrop drop;
    struct maildrop_reader reader;
    char path[PATH_MAX];

    (void)state;
    put("new/1.host", "x\r\n", 3);
    assert_int_equal(maildrop_open(&drop, root), 0);
    snprintf(path, sizeof path, "%s/new/1.host", root);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(maildrop_reader_open(&reader, root, "1.host", 1), -ENOENT);
    drop.messages[0].deleted = 1;
    assert_int_equal(maildrop_update(&drop), 0);
    maildrop_close(&drop);
}

#define WITH_FOLDERS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDERS(test_line_ends_become_crlf),
        WITH_FOLDERS(test_large_files_are_measured),
        WITH_FOLDERS(test_sizes_in_names),
        WITH_FOLDERS(test_order_is_that_of_delivery),
        WITH_FOLDERS(test_a_message_found_twice_counts_once),
        WITH_FOLDERS(test_unique_ids),
        WITH_FOLDERS(test_one_session_at_a_time),
        WITH_FOLDERS(test_a_maildir_that_is_not_there),
        WITH_FOLDERS(test_update),
        WITH_FOLDERS(test_moved_by_another_program),
        WITH_FOLDERS(test_deleted_by_another_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
