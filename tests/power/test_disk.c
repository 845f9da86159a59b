/* test_disk.c - what a loss of power may leave: the builder of states makes what is possible, and only that.
 * The model is told in docs/design/power.md; no part of any protocol. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder.h"

enum { TRIES = 400, SIZE = 3000 };

struct scene {
    char folder[64], live[96], lost[96];
    struct recorder recorder;
    struct disk *disk;
};

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    snprintf(s->folder, sizeof s->folder, "/tmp/power-disk-XXXXXX");
    if (!mkdtemp(s->folder))
        return -1;
    snprintf(s->live, sizeof s->live, "%s/live", s->folder);
    snprintf(s->lost, sizeof s->lost, "%s/lost", s->folder);
    mkdir(s->live, 0700);
    s->disk = disk_begin(s->live, INT64_C(1735689600) * 1000000000);
    recorder_init(&s->recorder, s->disk);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    disk_free(s->disk);
    disk_remove_folder(s->folder);
    free(s);
    return 0;
}

static const char *path(const struct scene *s, const char *folder, const char *name)
{
    static char paths[4][200];
    static unsigned next;
    char *out = paths[next++ % 4];

    (void)s;
    snprintf(out, sizeof paths[0], "%s/%s", folder, name);
    return out;
}

/* Writes 3,000 times a letter, and syncs it if that is asked for. */
static void write_file(struct scene *s, const char *name, char letter, int sync)
{
    const mp_files *f = &s->recorder.files;
    char data[SIZE];
    int fd = f->open(f->user, path(s, s->live, name), MP_FILE_WRITE | MP_FILE_CREATE);

    memset(data, letter, sizeof data);
    assert_true(fd >= 0);
    assert_int_equal(mp_files_write_all(f, fd, data, sizeof data), 0);
    if (sync)
        assert_int_equal(f->fsync(f->user, fd), 0);
    f->close(f->user, fd);
}

static void sync_directory(struct scene *s, const char *name)
{
    assert_int_equal(s->recorder.files.sync_directory(&s->recorder, path(s, s->live, name)), 0);
}

/* What a file is after a loss of power: -1, it is not there; how many of the octets it should have are the letter. */
static int letters(const struct scene *s, const char *name, char letter)
{
    FILE *file = fopen(path(s, s->lost, name), "rb");
    int c, count = 0, size = 0;

    if (!file)
        return -1;
    for (; (c = getc(file)) != EOF; size++)
        count += c == letter;
    fclose(file);
    assert_true(size <= SIZE);
    return count;
}

static void lose(struct scene *s, size_t prefix, uint64_t seed)
{
    struct test_random random = {seed};

    disk_remove_folder(s->lost);
    assert_int_equal(disk_lose_power(s->disk, prefix, &random, s->lost), 0);
}

static void test_what_is_synced_stays(void **state)
{
    struct scene *s = *state;
    char why[200];

    write_file(s, "a", 'a', 1);
    sync_directory(s, "");
    assert_true(disk_agrees(s->disk, why, sizeof why));
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        lose(s, s->disk->count, seed);
        assert_int_equal(letters(s, "a", 'a'), SIZE);
    }
}

static void test_data_not_synced(void **state)
{
    struct scene *s = *state;
    int absent = 0, empty = 0, whole = 0, torn = 0;

    write_file(s, "a", 'a', 0);
    sync_directory(s, "");
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        lose(s, s->disk->count, seed);
        switch (letters(s, "a", 'a')) {
        case -1:
            absent++;
            break;
        case 0:
            empty++;
            break;
        case SIZE:
            whole++;
            break;
        default:
            torn++;
        }
    }
    assert_int_equal(absent, 0); /* its name was synced */
    assert_true(empty && whole && torn);
}

static void test_name_not_synced(void **state)
{
    struct scene *s = *state;
    int absent = 0, whole = 0;

    write_file(s, "a", 'a', 1);
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        int found;

        lose(s, s->disk->count, seed);
        found = letters(s, "a", 'a');
        assert_true(found == -1 || found == SIZE);
        absent += found == -1;
        whole += found == SIZE;
    }
    assert_true(absent && whole);
}

static void test_rename_is_whole(void **state)
{
    struct scene *s = *state;
    int before = 0, after = 0;

    s->recorder.files.mkdir(&s->recorder, path(s, s->live, "tmp"));
    s->recorder.files.mkdir(&s->recorder, path(s, s->live, "new"));
    write_file(s, "tmp/a", 'a', 1);
    sync_directory(s, "");
    sync_directory(s, "tmp");
    s->recorder.files.rename(&s->recorder, path(s, s->live, "tmp/a"), path(s, s->live, "new/a"));
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        int old, new;

        lose(s, s->disk->count, seed);
        old = letters(s, "tmp/a", 'a');
        new = letters(s, "new/a", 'a');
        assert_true((old == SIZE && new == -1) || (old == -1 && new == SIZE));
        before += old == SIZE;
        after += new == SIZE;
    }
    assert_true(before && after);
    sync_directory(s, "new");
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        lose(s, s->disk->count, seed);
        assert_int_equal(letters(s, "new/a", 'a'), SIZE);
    }
}

static void test_replaced_file(void **state)
{
    struct scene *s = *state;
    int old = 0, new = 0;

    write_file(s, "a", 'a', 1);
    sync_directory(s, "");
    write_file(s, "b", 'b', 1);
    s->recorder.files.rename(&s->recorder, path(s, s->live, "b"), path(s, s->live, "a"));
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        lose(s, s->disk->count, seed);
        old += letters(s, "a", 'a') == SIZE;
        new += letters(s, "a", 'b') == SIZE;
    }
    assert_int_equal(old + new, TRIES);
    assert_true(old && new);
}

static void test_removal_not_synced(void **state)
{
    struct scene *s = *state;
    int there = 0, gone = 0;

    write_file(s, "a", 'a', 1);
    sync_directory(s, "");
    s->recorder.files.unlink(&s->recorder, path(s, s->live, "a"));
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        lose(s, s->disk->count, seed);
        there += letters(s, "a", 'a') == SIZE;
        gone += letters(s, "a", 'a') == -1;
    }
    assert_int_equal(there + gone, TRIES);
    assert_true(there && gone);
    sync_directory(s, "");
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        lose(s, s->disk->count, seed);
        assert_int_equal(letters(s, "a", 'a'), -1);
    }
}

static void test_directory_not_synced_above(void **state)
{
    struct scene *s = *state;
    int gone = 0;

    s->recorder.files.mkdir(&s->recorder, path(s, s->live, "new"));
    write_file(s, "new/a", 'a', 1);
    sync_directory(s, "new");
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        lose(s, s->disk->count, seed);
        gone += letters(s, "new/a", 'a') == -1;
    }
    assert_true(gone);
    sync_directory(s, "");
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        lose(s, s->disk->count, seed);
        assert_int_equal(letters(s, "new/a", 'a'), SIZE);
    }
}

/* An overwrite leaves of each piece the old or the new. */
static void test_overwritten(void **state)
{
    struct scene *s = *state;
    int mixed = 0;

    write_file(s, "a", 'a', 1);
    sync_directory(s, "");
    write_file(s, "a", 'b', 0);
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        int old, new;

        lose(s, s->disk->count, seed);
        old = letters(s, "a", 'a');
        new = letters(s, "a", 'b');
        assert_int_equal(old + new, SIZE);
        mixed += old && new;
    }
    assert_true(mixed);
}

/* Before anything was done there is nothing; what comes after the loss never happened. */
static void test_prefix(void **state)
{
    struct scene *s = *state;

    write_file(s, "a", 'a', 1);
    sync_directory(s, "");
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        lose(s, 0, seed);
        assert_int_equal(letters(s, "a", 'a'), -1);
    }
}

/* A disk with a bound takes no more than that, until something is removed; what is written over needs no room. */
static void test_bound(void **state)
{
    struct scene *s = *state;
    const mp_files *files = &s->recorder.files;
    char data[SIZE];
    int fd;

    memset(data, 'b', sizeof data);
    write_file(s, "a", 'a', 1);
    recorder_bound(&s->recorder, SIZE / 2);
    fd = files->open(files->user, path(s, s->live, "b"), MP_FILE_WRITE | MP_FILE_CREATE);
    assert_true(fd >= 0);
    assert_int_equal(files->pwrite(files->user, fd, data, SIZE, 0), -ENOSPC);
    assert_int_equal(files->pwrite(files->user, fd, data, SIZE / 2, 0), SIZE / 2);
    assert_int_equal(files->pwrite(files->user, fd, data, 1, SIZE / 2), -ENOSPC);
    assert_int_equal(files->pwrite(files->user, fd, data, SIZE / 2, 0), SIZE / 2);
    assert_int_equal(files->link(files->user, path(s, s->live, "b"), path(s, s->live, "c")), 0);
    assert_int_equal(files->unlink(files->user, path(s, s->live, "b")), 0); /* it has another name */
    assert_int_equal(files->pwrite(files->user, fd, data, 1, SIZE / 2), -ENOSPC);
    assert_int_equal(files->unlink(files->user, path(s, s->live, "a")), 0);
    assert_int_equal(files->pwrite(files->user, fd, data, SIZE, 0), SIZE);
    recorder_bound(&s->recorder, UINT64_MAX);
    assert_int_equal(files->pwrite(files->user, fd, data, SIZE, SIZE), SIZE);
    files->close(files->user, fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_synced_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_data_not_synced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_name_not_synced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rename_is_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replaced_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_removal_not_synced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_directory_not_synced_above, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overwritten, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prefix, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
