/* test_maildir_others.c - what other programs do in the folders is noticed: delivery, flags, moves, removal, folders.
 * https://cr.yp.to/proto/maildir.html; RFC 7162 3.1 (each of it has a modseq). */
#include <errno.h>
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

/* Opened anew: then everything is looked at that may have changed. */
static struct answer *look(const struct account *a, uint64_t mailbox, uint64_t since)
{
    struct answer *answer = open_mailbox(a, mailbox, MAILPROTO_STORE_READ_WRITE);
    uint64_t opening = answer->number;

    answer = changes(a, opening, since);
    close_mailbox(a, opening);
    return answer;
}

static void move_file(const struct account *a, const char *from, const char *to)
{
    assert_int_equal(rename(account_file(a, from), account_file(a, to)), 0);
}

static void test_order_of_delivery(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    struct answer *answer;

    put_file(a, "new/20.M3.host", "third\n");
    put_file(a, "cur/20.M1.host:2,S", "second\n");
    put_file(a, "new/3.M9.host", "first\n");
    put_file(a, "new/no-time.host", "last\n");
    answer = look(a, inbox, 0);
    assert_int_equal(answer->messages, 4);
    assert_string_equal(read_message(a, inbox, 1, 100), "first\r\n");
    assert_string_equal(read_message(a, inbox, 2, 100), "second\r\n");
    assert_string_equal(read_message(a, inbox, 3, 100), "third\r\n");
    assert_string_equal(read_message(a, inbox, 4, 100), "last\r\n");
    assert_int_equal(answer->flags[1], MAILPROTO_FLAG_SEEN);
}

static void test_flags(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX"), cursor;
    struct answer *answer;

    put_file(a, "cur/1.host:2,", "1\n");
    put_file(a, "cur/2.host:2,S", "2\n");
    cursor = look(a, inbox, 0)->cursor;
    move_file(a, "cur/1.host:2,", "cur/1.host:2,FR");
    answer = look(a, inbox, cursor);
    assert_int_equal(answer->messages, 1);
    assert_int_equal(answer->vanished, 0);
    assert_int_equal(answer->uids[0], 1);
    assert_int_equal(answer->flags[0], MAILPROTO_FLAG_FLAGGED | MAILPROTO_FLAG_ANSWERED);
    assert_true(answer->modseqs[0] > cursor);
    assert_int_equal(answer->cursor, answer->modseqs[0]);
    assert_int_equal(status(a, inbox)->unseen, 1);
}

static void test_keywords_stay(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    mailproto_store_run run = {.struct_size = sizeof run, .first = 1, .last = 1};
    mailproto_store_keyword keyword = {.struct_size = sizeof keyword, .name = {"$Work", 5}};
    mailproto_store_flags question = {.head = {sizeof question, MAILPROTO_STORE_FLAGS, 0}, .mailbox = inbox};
    struct answer *answer;

    put_file(a, "cur/1.host:2,", "1\n");
    look(a, inbox, 0);
    question.uids = &run;
    question.unchanged_since = UINT64_MAX;
    question.operation = MAILPROTO_STORE_FLAGS_ADD;
    question.keywords = &keyword;
    assert_int_equal(ask(a->store, &question.head)->why, 0);
    move_file(a, "cur/1.host:2,", "cur/1.host:2,T");
    answer = look(a, inbox, 0);
    assert_string_equal(answer->names[0], "$Work");
    assert_int_equal(answer->flags[0], MAILPROTO_FLAG_DELETED);
}

static void test_removal(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX"), cursor;
    struct answer *answer;

    put_file(a, "cur/1.host:2,", "1\n");
    put_file(a, "cur/2.host:2,", "2\n");
    put_file(a, "cur/3.host:2,", "3\n");
    cursor = look(a, inbox, 0)->cursor;
    unlink(account_file(a, "cur/1.host:2,"));
    unlink(account_file(a, "cur/2.host:2,"));
    answer = look(a, inbox, cursor);
    assert_int_equal(answer->vanished, 1);
    assert_int_equal(answer->gone[0][0], 1);
    assert_int_equal(answer->gone[0][1], 2);
    assert_int_equal(answer->messages, 0);
    assert_int_equal(status(a, inbox)->total, 1);
}

/* Removed or renamed between the look and the opening. */
static void test_removal_unnoticed(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    mailproto_store_message_open open = {.head = {sizeof open, MAILPROTO_STORE_MESSAGE_OPEN, 0}, .mailbox = inbox};
    struct answer *answer;
    uint64_t cursor;

    put_file(a, "cur/1.host:2,", "1\n");
    put_file(a, "cur/2.host:2,", "2\n");
    cursor = look(a, inbox, 0)->cursor;
    unlink(account_file(a, "cur/1.host:2,"));
    move_file(a, "cur/2.host:2,", "cur/2.host:2,S");
    open.uid = 1;
    assert_int_equal(ask(a->store, &open.head)->why, MAILPROTO_ERR_GONE);
    assert_string_equal(read_message(a, inbox, 2, 100), "2\r\n");
    answer = look(a, inbox, cursor);
    assert_int_equal(answer->vanished, 1);
    assert_int_equal(answer->gone[0][0], 1);
    assert_int_equal(answer->flags[0], MAILPROTO_FLAG_SEEN);
}

static void test_move_between_mailboxes(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX"), box = make_mailbox(a, "Other");

    put_file(a, "cur/1.host:2,S", "1\n");
    look(a, inbox, 0);
    look(a, box, 0);
    move_file(a, "cur/1.host:2,S", ".Other/cur/1.host:2,S");
    assert_int_equal(look(a, inbox, 0)->messages, 0);
    assert_int_equal(look(a, box, 0)->messages, 1);
    assert_string_equal(read_message(a, box, 1, 100), "1\r\n");
}

/* A program that marks messages as no longer new moves them to cur/ itself. */
static void test_into_cur(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    struct answer *answer;

    append(a, inbox, "1\r\n", 0, MAILPROTO_STORE_NO_UIDS);
    look(a, inbox, 0);
    put_file(a, "new/9999999999.host", "2\n");
    move_file(a, "new/9999999999.host", "cur/9999999999.host:2,S");
    answer = look(a, inbox, 0);
    assert_int_equal(answer->messages, 2);
    assert_int_equal(answer->flags[1], MAILPROTO_FLAG_SEEN);
}

/* Two files of one base name: one file under two names is one message; two files are two. */
static void test_doubles(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    struct answer *answer;

    put_file(a, "cur/1.host:2,", "one\n");
    assert_int_equal(link(account_file(a, "cur/1.host:2,"), account_file(a, "new/1.host")), 0);
    answer = look(a, inbox, 0);
    assert_int_equal(answer->messages, 1);
    assert_int_equal(count_files(a, "cur", NULL) + count_files(a, "new", NULL), 1);
    put_file(a, "new/1.host", "another\n");
    answer = look(a, inbox, 0);
    assert_int_equal(answer->messages, 2);
    assert_int_equal(count_files(a, "cur", NULL), 2);
    answer = look(a, inbox, 0);
    assert_int_equal(answer->messages, 2);
    assert_int_equal(answer->uids[0], 1);
    assert_true(strcmp(read_message(a, inbox, 1, 100), read_message(a, inbox, answer->uids[1], 100)) != 0);
}

/* What is expunged and could not be unlinked does not come back, and goes when it can. */
static void test_leftover(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    char name[256], path[300];

    append(a, inbox, "1\r\n", MAILPROTO_FLAG_DELETED, 0);
    count_files(a, "cur", name);
    snprintf(path, sizeof path, "cur/%s", name);
    assert_int_equal(link(account_file(a, path), account_file(a, "kept")), 0);
    expunge(a, inbox);
    assert_int_equal(count_files(a, "cur", NULL), 0);
    assert_int_equal(link(account_file(a, "kept"), account_file(a, path)), 0); /* as if the removal had been lost */
    assert_int_equal(look(a, inbox, 0)->messages, 0);
    assert_int_equal(count_files(a, "cur", NULL), 0);
}

static void test_what_is_no_message(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");

    assert_int_equal(mkdir(account_file(a, "cur/folder"), 0700), 0);
    assert_int_equal(symlink("/etc/passwd", account_file(a, "new/link")), 0);
    assert_int_equal(mkfifo(account_file(a, "new/fifo"), 0600), 0);
    put_file(a, "cur/.hidden", "x\n");
    put_file(a, "new/1.host", "x\n");
    assert_int_equal(look(a, inbox, 0)->messages, 1);
    assert_int_equal(look(a, inbox, 0)->messages, 1);
}

static void make_maildir(const struct account *a, const char *name)
{
    char path[200];

    assert_int_equal(mkdir(account_file(a, name), 0700), 0);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", name, i == 0 ? "cur" : i == 1 ? "new" : "tmp");
        assert_int_equal(mkdir(account_file(a, path), 0700), 0);
    }
}

/* The list is read anew by a handle that begins. */
static void reopen(struct account *a)
{
    account_close(a);
    if (account_open(a))
        fail_msg("%s", a->why);
}

static void test_folders(void **state)
{
    struct account *a = *state;
    mailproto_store_list list = {.head = {sizeof list, MAILPROTO_STORE_LIST, 0}};
    struct answer *answer;
    uint64_t id;

    make_maildir(a, ".Made.Below");
    make_maildir(a, ".Entw&APw-rfe");
    make_maildir(a, ".\xc3\xbc-raw");
    make_maildir(a, ".a&AC4-b");
    make_maildir(a, ".bad..name");
    assert_int_equal(mkdir(account_file(a, ".nothing"), 0700), 0);
    assert_int_equal(symlink(".Made.Below", account_file(a, ".link")), 0); /* it may lead to another's mail */
    put_file(a, ".Made.Below/new/1.host", "x\n");
    reopen(a);
    answer = ask(a->store, &list.head);
    assert_int_equal(answer->why, 0);
    assert_int_equal(answer->count, 6);
    assert_string_equal(answer->names[0], "Entw\xc3\xbcrfe");
    assert_string_equal(answer->names[1], "INBOX");
    assert_string_equal(answer->names[2], "Made");
    assert_int_equal(answer->attributes[2], MAILPROTO_MAILBOX_NOSELECT);
    assert_string_equal(answer->names[3], "Made/Below");
    assert_string_equal(answer->names[4], "a.b");
    assert_string_equal(answer->names[5], "\xc3\xbc-raw");
    id = answer->ids[3];
    assert_int_equal(look(a, id, 0)->messages, 1);
    remove_tree(account_file(a, ".Made.Below"));
    reopen(a);
    answer = ask(a->store, &list.head);
    for (size_t i = 0; i < answer->count; i++)
        assert_string_not_equal(answer->names[i], "Made/Below");
    list.only.ptr = "Made/Below";
    list.only.len = 10;
    assert_int_equal(ask(a->store, &list.head)->count, 0);
}

/* A folder that is removed while the mailbox is open: it is not there any more. */
static void test_folder_removed(void **state)
{
    struct account *a = *state;
    uint64_t box = make_mailbox(a, "Box");
    mailproto_store_status question = {.head = {sizeof question, MAILPROTO_STORE_STATUS, 0}, .mailbox = box};

    append(a, box, "x\r\n", 0, 0);
    remove_tree(account_file(a, ".Box"));
    assert_int_equal(ask(a->store, &question.head)->why, MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(try_append(a, box, "x\r\n", 0, 0, NULL), MAILPROTO_ERR_NOT_FOUND);
    assert_true(make_mailbox(a, "Box") > box);
}

/* ---- what cannot be looked at just now ---- */

static const char *hidden_file, *hidden_folder; /* ends so: no permission */

static int ends_so(const char *path, const char *with)
{
    size_t len = strlen(path), end = with ? strlen(with) : 0;

    return end && len >= end && !strcmp(path + len - end, with);
}

static int open_if_shown(void *user, const char *path, uint32_t how)
{
    return ends_so(path, hidden_file) ? -EACCES : mp_files_posix()->open(user, path, how);
}

static int stat_if_shown(void *user, const char *path, mp_file_status *out)
{
    return ends_so(path, hidden_folder) ? -EACCES : mp_files_posix()->stat(user, path, out);
}

/* Changed long ago: a look may be trusted from now on. */
static void make_old(const struct account *a, const char *name)
{
    const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

    assert_int_equal(utimensat(AT_FDCWD, account_file(a, name), times, 0), 0);
}

/* A file that cannot be opened, and a folder that cannot be looked at, are there when they can, though no name changed. */
static void test_hidden(void **state)
{
    struct account *a = *state;
    uint64_t inbox;

    account_close(a);
    account_use_files(a);
    a->files.open = open_if_shown;
    a->files.stat = stat_if_shown;
    assert_int_equal(account_open(a), 0);
    inbox = mailbox_id(a, "INBOX");
    put_file(a, "cur/1.host:2,", "1\n");
    make_old(a, "cur");
    make_old(a, "new");
    hidden_file = "cur/1.host:2,";
    assert_int_equal(look(a, inbox, 0)->messages, 0);
    make_old(a, "cur");
    hidden_file = NULL;
    assert_int_equal(look(a, inbox, 0)->messages, 1);
    make_maildir(a, ".Box");
    make_old(a, "");
    hidden_folder = "/.Box/cur";
    reopen(a);
    assert_int_equal(mailbox_id(a, "Box"), 0);
    hidden_folder = NULL;
    reopen(a);
    assert_true(mailbox_id(a, "Box") != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order_of_delivery, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flags, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keywords_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_removal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_removal_unnoticed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_move_between_mailboxes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_into_cur, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_doubles, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leftover, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_no_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folder_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hidden, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
