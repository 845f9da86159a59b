/* test_files.c - the table of file operations does sync what it is told to sync, and so does SQLite below the index.
 * IEEE Std 1003.1-2008, fsync; no part of any protocol. The recorder stands in for the table, and cannot tell. */
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

#include <mailproto/maildir.h>

#include "ask.h"
#include "companion/store/files.h"
#include "disk.h"

/* ---- the C library's calls, as the programs and SQLite make them: these take their place ---- */

enum { SYNCS = 256 };

static struct sync {
    ino_t inode;
    int is_directory;
} syncs[SYNCS];
static size_t sync_count;
static int fail_with, interrupt; /* errno of the next; how often it is interrupted before */

static int synced(int fd)
{
    struct stat status;

    if (interrupt) {
        interrupt--;
        errno = EINTR;
        return -1;
    }
    if (fail_with) {
        errno = fail_with;
        return -1;
    }
    if (fstat(fd, &status))
        return -1;
    if (sync_count < SYNCS)
        syncs[sync_count++] = (struct sync){status.st_ino, S_ISDIR(status.st_mode)};
    return 0;
}

int fsync(int fd);
int fsync(int fd)
{
    return synced(fd);
}

int fdatasync(int fd);
int fdatasync(int fd)
{
    return synced(fd);
}

/* Whether a path was synced since `from`. */
static int was_synced(const char *path, size_t from)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    for (size_t i = from; i < sync_count; i++)
        if (syncs[i].inode == status.st_ino && syncs[i].is_directory == !!S_ISDIR(status.st_mode))
            return 1;
    return 0;
}

/* ---- the table ---- */

struct place {
    char folder[64], file[100];
};

static int begin(void **state)
{
    static struct place place;

    (void)snprintf(place.folder, sizeof place.folder, "%s/files-XXXXXX",
                   access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    if (!mkdtemp(place.folder))
        return -1;
    (void)snprintf(place.file, sizeof place.file, "%s/file", place.folder);
    sync_count = 0;
    fail_with = interrupt = 0;
    *state = &place;
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;

    fail_with = interrupt = 0;
    disk_remove_folder(place->folder);
    return 0;
}

static void test_files(void **state)
{
    const struct place *place = *state;
    const mp_files *files = mp_files_posix();
    int fd = files->open(files->user, place->file, MP_FILE_WRITE | MP_FILE_CREATE);

    assert_true(fd >= 0);
    assert_int_equal(files->fsync(files->user, fd), 0);
    assert_true(was_synced(place->file, 0));
    sync_count = 0;
    assert_int_equal(files->fdatasync(files->user, fd), 0);
    assert_true(was_synced(place->file, 0));
    sync_count = 0;
    assert_int_equal(files->sync_directory(files->user, place->folder), 0);
    assert_true(was_synced(place->folder, 0));
    assert_false(was_synced(place->file, 0));
    assert_int_equal(files->close(files->user, fd), 0);
}

static void test_errors(void **state)
{
    const struct place *place = *state;
    const mp_files *files = mp_files_posix();
    int fd = files->open(files->user, place->file, MP_FILE_WRITE | MP_FILE_CREATE);

    fail_with = EIO;
    assert_int_equal(files->fsync(files->user, fd), -EIO);
    assert_int_equal(files->fdatasync(files->user, fd), -EIO);
    assert_int_equal(files->sync_directory(files->user, place->folder), -EIO);
    fail_with = 0;
    interrupt = 2;
    assert_int_equal(files->fsync(files->user, fd), 0);
    interrupt = 2;
    assert_int_equal(files->fdatasync(files->user, fd), 0);
    interrupt = 2;
    assert_int_equal(files->sync_directory(files->user, place->folder), 0);
    assert_int_equal(sync_count, 3);
    assert_int_equal(files->sync_directory(files->user, "/nonexistent"), -ENOENT);
    assert_int_equal(files->close(files->user, fd), 0);
}

/* ---- the index ---- */

/* What SQLite said that it would sync, and whether the one before was. */
struct listening {
    mp_files files;
    char waits[300];
    size_t from, told, directories;
    int broken; /* one that was told was not done */
};

/* A directory is told of behind its sync, a file before. */
static int on_index(void *user, const mp_index_operation *operation)
{
    struct listening *l = user;
    char folder[300];

    if (*l->waits && !was_synced(l->waits, l->from))
        l->broken++;
    *l->waits = 0;
    if (operation->what == MP_INDEX_SYNC) {
        (void)snprintf(l->waits, sizeof l->waits, "%s", operation->path);
        l->from = sync_count;
        l->told++;
    }
    if (operation->what == MP_INDEX_SYNC_DIRECTORY) {
        (void)snprintf(folder, sizeof folder, "%s", operation->path);
        *strrchr(folder, '/') = 0;
        l->broken += !was_synced(folder, 0);
        l->directories++;
    }
    return 0;
}

static void test_index(void **state)
{
    const struct place *place = *state;
    struct listening l = {.files = *mp_files_posix()};
    mailproto_maildir_config config;
    mailproto_maildir *maildir = NULL;
    char why[400] = "", log[200];
    uint64_t id;
    size_t before;

    l.files.user = &l;
    l.files.index = on_index;
    mailproto_maildir_config_init(&config, sizeof config);
    config.files = &l.files;
    assert_int_equal(mailproto_maildir_open(&maildir, place->folder, &config, why, sizeof why), MAILPROTO_OK);
    assert_int_equal(ask_create(mailproto_maildir_store(maildir), "A", &id), MAILPROTO_OK);
    before = sync_count;
    assert_int_equal(ask_create(mailproto_maildir_store(maildir), "B", &id), MAILPROTO_OK);
    (void)snprintf(log, sizeof log, "%s/mailproto/index.sqlite-wal", place->folder);
    assert_true(was_synced(log, before)); /* the commit that made B */
    mailproto_maildir_close(maildir);
    assert_true(l.told > 2);
    assert_true(l.directories > 0);
    assert_int_equal(l.broken, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files, begin, end),
        cmocka_unit_test_setup_teardown(test_errors, begin, end),
        cmocka_unit_test_setup_teardown(test_index, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
