/* test_maildir_check.c - a look at an account tells what is wrong with it, and changes nothing; repair mends it.
 * RFC 9051 2.3.1.1. Before and after each look the whole tree is compared: names, sizes, times, modes, inodes. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "account.h"

/* ---- a tree ---- */

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ ((const unsigned char *)data)[i]) * UINT64_C(1099511628211);
    return hash;
}

/* Independent of the order in which a folder is read. */
static uint64_t tree(const char *path)
{
    char inside[1024];
    struct dirent *entry;
    struct stat status;
    uint64_t hash = mix(UINT64_C(14695981039346656037), path, strlen(path));
    DIR *directory;

    assert_int_equal(lstat(path, &status), 0);
    hash = mix(hash, &status.st_size, sizeof status.st_size);
    hash = mix(hash, &status.st_mtim, sizeof status.st_mtim);
    hash = mix(hash, &status.st_mode, sizeof status.st_mode);
    hash = mix(hash, &status.st_ino, sizeof status.st_ino);
    hash = mix(hash, &status.st_nlink, sizeof status.st_nlink);
    directory = S_ISDIR(status.st_mode) ? opendir(path) : NULL;
    while (directory && (entry = readdir(directory))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        hash += tree(inside);
    }
    if (directory)
        closedir(directory);
    return hash;
}

/* ---- a look ---- */

struct said {
    char text[8192]; /* sentences, each in a line, after P, F or R */
    unsigned counts[3];
};

static void take(void *user, uint32_t what, const char *sentence, size_t len)
{
    struct said *said = user;
    size_t used = strlen(said->text);

    assert_true(what < 3 && len && len == strlen(sentence));
    said->counts[what]++;
    snprintf(said->text + used, sizeof said->text - used, "%c %s\n", "PFR"[what], sentence);
}

static struct said *look_at(const char *path, int32_t result)
{
    static struct said said;
    uint64_t before = tree(path);
    uint32_t problems = 9;
    int32_t answered;

    memset(&said, 0, sizeof said);
    answered = mailproto_maildir_check(path, NULL, take, &said, &problems);
    if (answered != result)
        fail_msg("%s:\n%s", mailproto_result_name(answered), said.text);
    assert_int_equal(problems, said.counts[0]);
    assert_int_equal(said.counts[1], 0);
    assert_true(tree(path) == before);
    return &said;
}

static void says(const struct said *said, unsigned problems, unsigned remarks, const char *text)
{
    if (said->counts[0] != problems || said->counts[2] != remarks || !strstr(said->text, text))
        fail_msg("%u problems, %u remarks, \"%s\" are wanted of:\n%s", problems, remarks, text, said->text);
}

/* Repairs; the same look says nothing afterwards, and the account holds so many messages. */
static struct said *repair(struct account *a, unsigned repaired, uint32_t messages)
{
    static struct said said;
    uint32_t problems = 9;

    memset(&said, 0, sizeof said);
    assert_int_equal(mailproto_maildir_repair(a->path, NULL, take, &said, &problems), 0);
    assert_int_equal(problems, 0);
    assert_int_equal(said.counts[0], 0);
    if (said.counts[1] != repaired)
        fail_msg("%u repaired are wanted of:\n%s", repaired, said.text);
    assert_int_equal(look_at(a->path, 0)->counts[0], 0);
    assert_int_equal(account_open(a), 0);
    assert_int_equal(status(a, mailbox_id(a, "INBOX"))->total, messages);
    account_close(a);
    return &said;
}

/* Three messages in INBOX and one in a mailbox; closed. */
static int set_up(void **state)
{
    struct account *a = malloc(sizeof *a);

    account_make(a);
    put_file(a, "new/1.host", "one\n");
    put_file(a, "cur/2.host:2,S", "two\n");
    append(a, mailbox_id(a, "INBOX"), "three\r\n", MAILPROTO_FLAG_DELETED, 0);
    append(a, make_mailbox(a, "Box"), "four\r\n", 0, 0);
    assert_int_equal(status(a, mailbox_id(a, "INBOX"))->total, 3);
    account_close(a);
    *state = a;
    return 0;
}

static int tear_down(void **state)
{
    account_end(*state);
    free(*state);
    return 0;
}

/* ---- accounts in all sorts of states ---- */

static void test_good(void **state)
{
    struct account *a = *state;

    says(look_at(a->path, 0), 0, 0, "");
    repair(a, 0, 3);
}

static void test_bare(void **state)
{
    struct account *a = *state;

    remove_tree(account_file(a, "mailproto"));
    says(look_at(a->path, 0), 0, 1, "there is no index yet: it is made when the account is opened first; 3 messages");
    assert_int_equal(access(account_file(a, "mailproto"), F_OK), -1);
    repair(a, 0, 3);
}

static void test_index_deleted(void **state)
{
    struct account *a = *state;

    unlink(account_file(a, "mailproto/index.sqlite"));
    says(look_at(a->path, 0), 1, 1, "mailproto/index.sqlite is gone");
    assert_non_null(strstr(repair(a, 1, 3)->text, "F the index"));
}

/* The first page; all of it; nothing but a beginning; nothing; another program's. */
static void test_index_damaged(void **state)
{
    struct account *a = *state;
    const char *index = account_file(a, "mailproto/index.sqlite");
    struct stat status;
    FILE *file;

    for (int turn = 0; turn < 5; turn++) {
        assert_int_equal(stat(index, &status), 0);
        file = fopen(index, "r+");
        assert_non_null(file);
        if (turn == 1)
            assert_int_equal(fseek(file, 4096, SEEK_SET), 0);
        for (long i = 0; i < (turn ? status.st_size - 4096 : 4096) && turn < 2; i++)
            fputc((int)(i * 7 % 251), file);
        assert_int_equal(fclose(file), 0);
        if (turn == 2 || turn == 3)
            assert_int_equal(truncate(index, turn == 2 ? status.st_size / 2 : 0), 0);
        if (turn == 4)
            run_sql(a, "PRAGMA user_version = 0");
        assert_true(look_at(a->path, 0)->counts[0] > 0);
        repair(a, look_at(a->path, 0)->counts[0], 3);
    }
    says(look_at(a->path, 0), 0, 5, "is an index that was damaged");
}

static void test_index_of_other_layouts(void **state)
{
    struct account *a = *state;

    run_sql(a, "PRAGMA user_version = 77");
    says(look_at(a->path, MAILPROTO_ERR_CONFIG), 1, 0, "has layout 77");
    run_sql(a, "DROP TABLE blobs; ALTER TABLE messages DROP COLUMN saved; PRAGMA user_version = 1");
    says(look_at(a->path, 0), 0, 1, "has layout 1, and gets layout 2");
}

static void test_message_missing(void **state)
{
    struct account *a = *state;
    struct said *said;

    assert_int_equal(unlink(account_file(a, "cur/2.host:2,S")), 0);
    said = look_at(a->path, 0);
    says(said, 1, 0, "the file of UID 3, 2.host, is in no folder of ");
    repair(a, 1, 2);
}

static void test_message_changed(void **state)
{
    struct account *a = *state;

    put_file(a, "cur/2.host:2,S", "tow\nand more\n");
    says(look_at(a->path, 0), 1, 0, "cur/2.host:2,S is not of the size 5 that was told of UID 3");
    put_file(a, "cur/2.host:2,S", "\n\n\n\n"); /* as long, but not with CRLF */
    says(look_at(a->path, 0), 1, 0, "is not of the size 5");
    repair(a, 1, 3);
}

/* Nothing is wrong where other programs delivered, flagged or made a folder. */
static void test_others(void **state)
{
    struct account *a = *state;

    put_file(a, "new/9.host", "nine\n");
    says(look_at(a->path, 0), 0, 1, "1 message in ");
    assert_int_equal(access(account_file(a, "new/9.host"), F_OK), 0);
    assert_int_equal(rename(account_file(a, "cur/2.host:2,S"), account_file(a, "cur/2.host:2,FS")), 0);
    assert_int_equal(mkdir(account_file(a, ".New"), 0700), 0);
    assert_int_equal(mkdir(account_file(a, ".New/cur"), 0700), 0);
    says(look_at(a->path, 0), 0, 3, "/.New is new: it becomes a mailbox");
    says(look_at(a->path, 0), 0, 3, "another program renamed the files of 1 message");
    assert_int_equal(mkdir(account_file(a, ".bad..name"), 0700), 0);
    assert_int_equal(mkdir(account_file(a, ".bad..name/cur"), 0700), 0);
    says(look_at(a->path, 0), 1, 3, "its name is not one of Maildir++");
    assert_int_equal(mkdir(account_file(a, "mailproto/removed-1-1"), 0700), 0);
    says(look_at(a->path, 0), 2, 3, "holds what is left of a mailbox that was removed");
}

static void test_folder_missing(void **state)
{
    struct account *a = *state;

    remove_tree(account_file(a, "tmp"));
    says(look_at(a->path, 0), 1, 0, "/tmp is missing");
    remove_tree(account_file(a, ".Box/cur"));
    says(look_at(a->path, 0), 2, 0, ".Box/cur: it is not there");
    repair(a, 2, 3);
}

static int end_here(void *user, const char *from, const char *to)
{
    (void)user;
    (void)from;
    (void)to;
    _exit(0);
}

/* Killed behind the commit, before the folder got its name. */
static void test_rename_cut_short(void **state)
{
    struct account *a = *state;
    mailproto_store_rename q = {.head = {sizeof q, MAILPROTO_STORE_RENAME, 0}, .name = {"Moved", 5}};
    int how = -1;
    pid_t child = fork();

    if (child == 0) {
        account_use_files(a);
        if (account_open(a))
            _exit(1);
        q.mailbox = mailbox_id(a, "Box");
        a->files.rename = end_here;
        account_close(a);
        if (!account_open(a))
            ask(a->store, &q.head);
        _exit(2);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    assert_int_equal(access(account_file(a, ".Box"), F_OK), 0);
    says(look_at(a->path, 0), 0, 1, "files are still to be renamed or removed");
    repair(a, 0, 3);
    assert_int_equal(account_open(a), 0);
    assert_int_equal(status(a, mailbox_id(a, "Moved"))->total, 1);
    account_close(a);
    assert_int_equal(access(account_file(a, ".Box"), F_OK), -1);
}

static void test_numbers(void **state)
{
    struct account *a = *state;

    run_sql(a, "UPDATE mailboxes SET messages = messages + 5 WHERE key = 'INBOX'");
    says(look_at(a->path, 0), 2, 0, "are wrong: 8 messages of 17 octets are 3 of 17");
    says(look_at(a->path, 0), 2, 0, "the sums of the account");
    repair(a, 2, 3);
    run_sql(a, "UPDATE mailboxes SET uidnext = 2 WHERE key = 'INBOX'");
    says(look_at(a->path, 0), 2, 0, "UID 3 of ");
}

/* What is only in the log is seen; nobody is disturbed; who has it open can work on. */
static void test_in_use(void **state)
{
    struct account *a = *state;
    uint64_t inbox;

    assert_int_equal(account_open(a), 0);
    inbox = mailbox_id(a, "INBOX");
    for (int i = 0; i < 20; i++)
        append(a, inbox, "more\r\n", 0, 0);
    says(look_at(a->path, 0), 0, 0, "");
    assert_int_equal(expunge(a, inbox)->vanished, 1);
    says(look_at(a->path, 0), 0, 0, "");
    append(a, inbox, "and more\r\n", 0, 0);
    assert_int_equal(status(a, inbox)->total, 23);
    account_close(a);
    says(look_at(a->path, 0), 0, 0, "");
}

/* Another process appends and expunges all the time: nothing that is in order is told as wrong. */
static void test_while_written(void **state)
{
    struct account *a = *state;
    int status = -1;
    pid_t child = fork();

    assert_true(child >= 0);
    if (!child) {
        uint64_t inbox;

        if (account_open(a))
            _exit(1);
        inbox = mailbox_id(a, "INBOX");
        for (int i = 0; i < 400; i++) {
            append(a, inbox, "coming and going\r\n", i % 2 ? MAILPROTO_FLAG_DELETED : 0, 0);
            if (i % 8 == 7)
                expunge(a, inbox);
        }
        account_close(a);
        _exit(0);
    }
    for (int i = 0; i < 10; i++) {
        struct said said = {{0}, {0}};
        int32_t answered = mailproto_maildir_check(a->path, NULL, take, &said, NULL);

        if (answered || said.counts[0])
            fail_msg("%s", said.text);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    says(look_at(a->path, 0), 0, 0, "");
}

static void test_no_account(void **state)
{
    struct account *a = *state;
    struct said *said;
    char above[ACCOUNT_PATH], name[64];

    says(look_at(account_file(a, "cur"), MAILPROTO_ERR_NOT_FOUND), 1, 0, "is no Maildir");
    assert_int_equal(mailproto_maildir_check(account_file(a, "none"), NULL, NULL, NULL, NULL), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(access(account_file(a, "none"), F_OK), -1);
    assert_int_equal(mailproto_maildir_check(NULL, NULL, NULL, NULL, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mkdir(account_file(a, "above"), 0700), 0);
    snprintf(above, sizeof above, "%s", account_file(a, "above"));
    for (int i = 0; i < 7; i++) {
        snprintf(name, sizeof name, "above/user%d@example.test", i);
        assert_int_equal(mkdir(account_file(a, name), 0700), 0);
        snprintf(name, sizeof name, "above/user%d@example.test/cur", i);
        assert_int_equal(mkdir(account_file(a, name), 0700), 0);
        snprintf(name, sizeof name, "above/user%d@example.test/new", i);
        assert_int_equal(mkdir(account_file(a, name), 0700), 0);
    }
    said = look_at(above, MAILPROTO_ERR_NOT_FOUND);
    says(said, 1, 0, "in it are Maildirs, name one of them: ");
    assert_non_null(strstr(said->text, "@example.test, "));
    assert_non_null(strstr(said->text, ", ...\n"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_good),
        TEST(test_bare),
        TEST(test_index_deleted),
        TEST(test_index_damaged),
        TEST(test_index_of_other_layouts),
        TEST(test_message_missing),
        TEST(test_message_changed),
        TEST(test_others),
        TEST(test_folder_missing),
        TEST(test_rename_cut_short),
        TEST(test_numbers),
        TEST(test_in_use),
        TEST(test_while_written),
        TEST(test_no_account),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
