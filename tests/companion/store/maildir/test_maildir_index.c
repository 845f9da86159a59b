/* test_maildir_index.c - the index: deleted, damaged, older, newer, exchanged under us; numbers that never come again.
 * RFC 9051 2.3.1.1 (UIDVALIDITY), RFC 7162 3.1.1 (modseq). */
#include <dirent.h>
#include <fcntl.h>
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

static void fill(const struct account *a)
{
    uint64_t inbox = mailbox_id(a, "INBOX"), box = make_mailbox(a, "Box/Below");

    append(a, inbox, "1\r\n", MAILPROTO_FLAG_SEEN, 0);
    append(a, inbox, "2\n", 0, MAILPROTO_STORE_NO_UIDS);
    append(a, box, "3\r\n", MAILPROTO_FLAG_FLAGGED, 0);
    assert_int_equal(open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE)->total, 2);
}

/* All that was there is there, with a greater UIDVALIDITY. */
static void still_there(const struct account *a, uint32_t uidvalidity)
{
    uint64_t inbox = mailbox_id(a, "INBOX"), box = mailbox_id(a, "Box/Below");
    struct answer *answer = open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE);

    assert_true(answer->uidvalidity > uidvalidity);
    answer = changes(a, answer->number, 0);
    assert_int_equal(answer->messages, 2);
    assert_int_equal(answer->flags[0] | answer->flags[1], MAILPROTO_FLAG_SEEN);
    assert_string_equal(read_message(a, inbox, answer->uids[0], 100), "1\r\n");
    assert_string_equal(read_message(a, inbox, answer->uids[1], 100), "2\r\n");
    assert_true(box != 0);
    answer = changes(a, open_mailbox(a, box, MAILPROTO_STORE_READ_WRITE)->number, 0);
    assert_int_equal(answer->messages, 1);
    assert_int_equal(answer->flags[0], MAILPROTO_FLAG_FLAGGED);
    assert_true(mailbox_id(a, "Box") != 0);
}

static void reopen(struct account *a)
{
    account_close(a);
    if (account_open(a))
        fail_msg("%s", a->why);
}

static void test_deleted(void **state)
{
    struct account *a = *state;
    uint32_t uidvalidity;

    fill(a);
    uidvalidity = status(a, mailbox_id(a, "Box/Below"))->uidvalidity;
    account_close(a);
    assert_int_equal(unlink(account_file(a, "mailproto/index.sqlite")), 0);
    assert_int_equal(account_open(a), 0);
    still_there(a, uidvalidity);
}

/* While it is open: another handle's log must not fall upon the new index. */
static void test_deleted_while_open(void **state)
{
    struct account *a = *state, other = **(struct account **)state;
    uint32_t uidvalidity;

    other.maildir = NULL;
    assert_int_equal(account_open(&other), 0);
    fill(a);
    uidvalidity = status(a, mailbox_id(a, "Box/Below"))->uidvalidity;
    assert_true(mailbox_id(&other, "Box") != 0);
    assert_int_equal(unlink(account_file(a, "mailproto/index.sqlite")), 0);
    still_there(a, uidvalidity);
    still_there(&other, uidvalidity);
    append(&other, mailbox_id(&other, "Box"), "4\r\n", 0, 0);
    account_close(&other);
    assert_int_equal(status(a, mailbox_id(a, "Box"))->total, 1);
    reopen(a);
    assert_int_equal(status(a, mailbox_id(a, "Box"))->total, 1);
    still_there(a, uidvalidity);
}

static void spoil(const struct account *a, const char *name, off_t from, off_t to)
{
    int fd = open(account_file(a, name), O_WRONLY);

    assert_true(fd >= 0);
    for (off_t at = from; at < to; at++)
        assert_int_equal(pwrite(fd, "\xa5", 1, at), 1);
    close(fd);
}

static size_t set_aside(const struct account *a)
{
    FILE *list;
    char command[700], line[300];
    size_t count = 0;

    snprintf(command, sizeof command, "ls '%s/mailproto'", a->path);
    list = popen(command, "r");
    assert_non_null(list);
    while (fgets(line, sizeof line, list))
        count += !!strstr(line, ".damaged-") && !strstr(line, "-wal");
    pclose(list);
    return count;
}

static void test_no_database(void **state)
{
    struct account *a = *state;
    uint32_t uidvalidity;

    fill(a);
    uidvalidity = status(a, mailbox_id(a, "Box/Below"))->uidvalidity;
    account_close(a);
    spoil(a, "mailproto/index.sqlite", 0, 100);
    if (account_open(a))
        fail_msg("%s", a->why);
    assert_int_equal(set_aside(a), 1);
    still_there(a, uidvalidity);
}

/* Damage that is found by a question: that fails, and the next one finds all again. */
static void test_damaged_pages(void **state)
{
    struct account *a = *state;
    mailproto_store_list list = {.head = {sizeof list, MAILPROTO_STORE_LIST, 0}};
    uint32_t uidvalidity;
    struct stat size;
    int32_t why = 0;

    fill(a);
    uidvalidity = status(a, mailbox_id(a, "Box/Below"))->uidvalidity;
    account_close(a);
    assert_int_equal(stat(account_file(a, "mailproto/index.sqlite"), &size), 0);
    spoil(a, "mailproto/index.sqlite", 8192, size.st_size);
    for (int turn = 0; turn < 4 && !a->maildir; turn++)
        why = account_open(a);
    assert_int_equal(why, 0);
    for (int turn = 0; turn < 4; turn++) {
        why = ask(a->store, &list.head)->why;
        assert_true(why == 0 || why == MAILPROTO_ERR_UNAVAILABLE);
    }
    assert_int_equal(why, 0);
    assert_int_equal(set_aside(a), 1);
    still_there(a, uidvalidity);
}

static void test_newer(void **state)
{
    struct account *a = *state;

    account_close(a);
    run_sql(a, "PRAGMA user_version = 99");
    assert_int_equal(account_open(a), MAILPROTO_ERR_CONFIG);
    assert_null(a->maildir);
    assert_non_null(strstr(a->why, "layout 99"));
    assert_non_null(strstr(a->why, a->path));
    assert_int_equal(set_aside(a), 0);
    run_sql(a, "PRAGMA user_version = 2");
    assert_int_equal(account_open(a), 0);
}

/* Version 1 had no save dates and no blobs. UIDs, flags, modseqs stay. */
static void test_older(void **state)
{
    struct account *a = *state;
    mailproto_store_blob_write blob = {.head = {sizeof blob, MAILPROTO_STORE_BLOB_WRITE, 0}, .uid = 1};
    struct answer *before, *after;
    uint64_t inbox, cursor;

    fill(a);
    inbox = mailbox_id(a, "INBOX");
    before = changes(a, open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE)->number, 0);
    cursor = before->cursor;
    account_close(a);
    run_sql(a, "DROP TABLE blobs; ALTER TABLE messages DROP COLUMN saved; PRAGMA user_version = 1");
    if (account_open(a))
        fail_msg("%s", a->why);
    assert_int_equal(mailbox_id(a, "INBOX"), inbox);
    after = open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE);
    assert_int_equal(after->uidvalidity, inbox);
    assert_int_equal(after->cursor, cursor);
    after = changes(a, after->number, 0);
    assert_int_equal(after->messages, 2);
    assert_int_equal(after->uids[1], before->uids[1]);
    assert_int_equal(after->modseqs[1], before->modseqs[1]);
    blob.mailbox = inbox;
    blob.bytes.ptr = "kept";
    blob.bytes.len = 4;
    assert_int_equal(ask(a->store, &blob.head)->why, 0);
    assert_int_equal(append(a, inbox, "new\r\n", 0, 0), 3);
    assert_int_equal(set_aside(a), 0);
}

/* A name that is made again never gets an old UIDVALIDITY, nor an id; not even if index and counter are both lost. */
static void test_uidvalidity(void **state)
{
    struct account *a = *state;
    mailproto_store_delete question = {.head = {sizeof question, MAILPROTO_STORE_DELETE, 0}};
    uint32_t last = 0;

    for (int i = 0; i < 40; i++) {
        uint32_t now;

        question.mailbox = make_mailbox(a, "Again");
        now = status(a, question.mailbox)->uidvalidity;
        assert_true(now > last);
        last = now;
        assert_int_equal(ask(a->store, &question.head)->why, 0);
        if (i % 10 != 5)
            continue;
        account_close(a);
        assert_int_equal(unlink(account_file(a, "mailproto/index.sqlite")), 0);
        assert_int_equal(account_open(a), 0);
    }
}

/* Modseqs rise across restarts, and across the loss of what was not synced. */
static void test_modseq(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX"), last = 0;

    append(a, inbox, "1\r\n", 0, 0);
    for (int i = 0; i < 30; i++) {
        struct answer *answer = set_flags(a, inbox, 1, i % 2 ? MAILPROTO_STORE_FLAGS_REMOVE : MAILPROTO_STORE_FLAGS_ADD,
                                          MAILPROTO_FLAG_SEEN);

        assert_true(answer->modseqs[0] > last);
        last = answer->modseqs[0];
        if (i % 5 == 4)
            reopen(a);
    }
    assert_int_equal(open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE)->cursor, last);
}

/* The first to open after a loss of power begins a new block: the counter went back, and yet nothing is given twice. */
static void test_modseq_lost(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX"), told;

    append(a, inbox, "1\r\n", 0, 0);
    told = set_flags(a, inbox, 1, MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_SEEN)->modseqs[0];
    account_close(a);
    run_sql(a, "UPDATE account SET modseq = modseq - 1; UPDATE messages SET modseq = modseq - 1, flags = 0");
    assert_int_equal(account_open(a), 0);
    assert_true(set_flags(a, inbox, 1, MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_FLAGGED)->modseqs[0] > told);
}

/* Of what was expunged, so many runs are remembered; a cursor from before has to compare. */
static void test_remembered(void **state)
{
    struct account *a = *state;
    mailproto_store_changes question = {.head = {sizeof question, MAILPROTO_STORE_CHANGES, 0}};
    uint64_t inbox, first, cursor;
    struct answer *answer;

    account_close(a);
    a->config.remember = 8;
    assert_int_equal(account_open(a), 0);
    inbox = mailbox_id(a, "INBOX");
    answer = open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE);
    question.opening = answer->number;
    append(a, inbox, "x\r\n", 0, 0);
    first = cursor = changes(a, question.opening, 0)->cursor;
    for (int i = 0; i < 12; i++) {
        append(a, inbox, "x\r\n", MAILPROTO_FLAG_DELETED, 0);
        append(a, inbox, "x\r\n", 0, 0);
        if (i == 10)
            cursor = changes(a, question.opening, 0)->cursor;
        expunge(a, inbox);
    }
    question.since = first;
    assert_int_equal(ask(a->store, &question.head)->why, MAILPROTO_ERR_RESYNC);
    answer = changes(a, question.opening, cursor);
    assert_int_equal(answer->vanished, 2);
    assert_int_equal(answer->gone[1][0], 24);
    account_close(a);
    assert_int_equal(account_open(a), 0);
    assert_int_equal(changes(a, open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE)->number, cursor)->vanished, 2);
}

static void count_report(void *user, uint32_t fixed, const char *sentence, size_t len)
{
    size_t *counts = user;

    assert_true(len > 0 && len == strlen(sentence));
    counts[fixed]++;
}

static void test_check_and_repair(void **state)
{
    struct account *a = *state;
    size_t counts[2] = {0, 0};
    uint32_t problems = 9;
    uint64_t inbox = mailbox_id(a, "INBOX");

    fill(a);
    account_close(a);
    assert_int_equal(mailproto_maildir_check(a->path, NULL, count_report, counts, &problems), 0);
    assert_int_equal(problems, 0);
    assert_int_equal(counts[0] + counts[1], 0);
    run_sql(a, "UPDATE mailboxes SET messages = messages + 5, unseen = 0; UPDATE messages SET size = 77 WHERE uid = 1");
    assert_int_equal(mailproto_maildir_check(a->path, NULL, count_report, counts, &problems), 0);
    assert_int_equal(problems, counts[0]);
    assert_true(problems >= 2);
    assert_int_equal(counts[1], 0);
    for (int turn = 0; turn < 3; turn++)
        assert_int_equal(mailproto_maildir_repair(a->path, NULL, count_report, counts, &problems), 0);
    assert_true(counts[1] >= 2);
    assert_int_equal(problems, 0);
    assert_int_equal(mailproto_maildir_check(a->path, NULL, NULL, NULL, &problems), 0);
    assert_int_equal(problems, 0);
    assert_int_equal(account_open(a), 0);
    assert_int_equal(status(a, inbox)->total, 2);
    account_close(a);
    spoil(a, "mailproto/index.sqlite", 0, 4096);
    assert_int_equal(mailproto_maildir_repair(a->path, NULL, count_report, counts, &problems), 0);
    assert_int_equal(account_open(a), 0);
    still_there(a, 1);
}

/* ---- who may read it ---- */

static void check_modes(const char *path)
{
    char inside[1024];
    struct dirent *entry;
    struct stat found;
    DIR *directory = opendir(path);

    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        assert_int_equal(lstat(inside, &found), 0);
        if ((found.st_mode & 0777) != (S_ISDIR(found.st_mode) ? 0700 : 0600))
            fail_msg("%s has mode %o", inside, (unsigned)found.st_mode);
        if (S_ISDIR(found.st_mode))
            check_modes(inside);
    }
    closedir(directory);
}

/* Mail is private, whatever the umask is; and a path may have any characters. */
static void test_modes(void **state)
{
    struct account *a = *state;
    mode_t before = umask(022);
    char root[sizeof a->path];

    account_close(a);
    memcpy(root, a->path, sizeof root);
    assert_true(snprintf(a->path, sizeof a->path, "/%s//100%%41 ?modeof=x&y#z", root) < (int)sizeof a->path);
    assert_int_equal(account_open(a), 0);
    append(a, make_mailbox(a, "Box"), "x\r\n", 0, 0);
    append(a, mailbox_id(a, "INBOX"), "x\r\n", 0, MAILPROTO_STORE_NO_UIDS);
    append(a, mailbox_id(a, "INBOX"), "x\r\n", 0, 0);
    close_mailbox(a, open_mailbox(a, mailbox_id(a, "INBOX"), MAILPROTO_STORE_EXCLUSIVE)->number);
    for (int i = 0; i < 2; i++) {
        static const char *const suffixes[] = {"", "-wal", "-shm"};

        for (size_t j = 0; j < 3; j++) {
            char name[64];

            snprintf(name, sizeof name, "mailproto/index.sqlite%s", suffixes[j]);
            assert_int_equal(access(account_file(a, name), F_OK), i && j ? -1 : 0);
        }
        check_modes(root);
        account_close(a);
    }
    umask(before);
    memcpy(a->path, root, sizeof root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_deleted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deleted_while_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_database, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_newer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_older, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_uidvalidity, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_modseq, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_modseq_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_remembered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_check_and_repair, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_modes, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
