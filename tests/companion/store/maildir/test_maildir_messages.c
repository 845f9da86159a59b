/* test_maildir_messages.c - messages of the Maildir store: exact sizes, line ends, pins, names of files, groups, sharing.
 * RFC 9051 2.3.3, 6.3.12; RFC 1939 11; https://cr.yp.to/proto/maildir.html. */
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

/* What is expected of LF files: CR before each LF that lacks it. */
static void to_crlf(const char *text, char *out)
{
    char last = 0;

    for (; *text; last = *text++) {
        if (*text == '\n' && last != '\r')
            *out++ = '\r';
        *out++ = *text;
    }
    *out = 0;
}

static void test_line_ends(void **state)
{
    static const char *const texts[] = {
        "", "\n", "\r\n", "a: b\n\nx", "a: b\r\n\r\nx\r\n", "a: b\r\n\nmixed\r\r\n\n\r",
    };
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    struct answer *answer;
    uint64_t total = 0;
    char name[64], crlf[256];

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        snprintf(name, sizeof name, "new/%zu.M1.host", 1000 + i);
        put_file(a, name, texts[i]);
    }
    answer = open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE);
    answer = changes(a, answer->number, 0);
    assert_int_equal(answer->messages, sizeof texts / sizeof *texts);
    for (size_t i = 0; i < answer->messages; i++) {
        to_crlf(texts[i], crlf);
        assert_int_equal(answer->sizes[i], strlen(crlf));
        total += answer->sizes[i];
        for (size_t piece = 1; piece < 9; piece++)
            assert_string_equal(read_message(a, inbox, answer->uids[i], piece), crlf);
    }
    assert_int_equal(status(a, inbox)->size, total);
}

/* Any offset, in any order, of a message that has marks in it. */
static void test_any_offset(void **state)
{
    enum { LINES = 9000 };
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    char *text = malloc(LINES * 20 + 1), *crlf = malloc(LINES * 20 + 1);
    size_t len = 0, random = 12345;
    mailproto_store_message_open open = {.head = {sizeof open, MAILPROTO_STORE_MESSAGE_OPEN, 0}, .mailbox = inbox};
    mailproto_store_message_read read = {.head = {sizeof read, MAILPROTO_STORE_MESSAGE_READ, 0}};
    struct answer *answer;

    for (int i = 0; i < LINES; i++)
        len += (size_t)sprintf(text + len, "%s%d\n", i % 7 ? "line " : "\r\n", i);
    to_crlf(text, crlf);
    put_file(a, "new/1.M1.host", text);
    open.uid = (uint32_t)changes(a, open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE)->number, 0)->uids[0];
    answer = ask(a->store, &open.head);
    assert_int_equal(answer->size, strlen(crlf));
    read.message = answer->number;
    for (int i = 0; i < 400; i++) {
        random = random * 1103515245 + 12345;
        read.offset = (random >> 8) % strlen(crlf);
        read.max = 1 + (random >> 4) % 3000;
        answer = ask(a->store, &read.head);
        assert_int_equal(answer->why, 0);
        assert_true(answer->len > 0 && answer->len <= read.max);
        assert_memory_equal(answer->bytes, crlf + read.offset, answer->len);
    }
    read.offset = strlen(crlf);
    assert_int_equal(ask(a->store, &read.head)->len, 0);
    free(text);
    free(crlf);
}

/* A name that lies about the size does not make us lie: the message is another one, which is told right. */
static void test_name_that_lies(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    struct answer *answer;

    put_file(a, "new/1.M1.host,S=9,W=12", "a\nb\n12345");
    answer = changes(a, open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE)->number, 0);
    assert_int_equal(answer->sizes[0], 12); /* as the name says; it is 11 */
    assert_string_equal(read_message(a, inbox, answer->uids[0], 100), "");
    answer = changes(a, open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE)->number, 0);
    assert_int_equal(answer->messages, 1);
    assert_string_equal(read_message(a, inbox, answer->uids[0], 100), "a\r\nb\r\n12345");
    assert_int_equal(answer->uids[0], 2);
    assert_int_equal(answer->sizes[0], 11);
}

static void test_names_of_files(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    char name[256];
    uint32_t uid = append(a, inbox, "x\ny\r\n", MAILPROTO_FLAG_SEEN | MAILPROTO_FLAG_DRAFT, 0);

    assert_int_equal(count_files(a, "cur", name), 1);
    assert_int_equal(count_files(a, "tmp", NULL) + count_files(a, "new", NULL), 0);
    assert_non_null(strstr(name, ",S=5,W=6:2,DS"));
    set_flags(a, inbox, uid, MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_ANSWERED | MAILPROTO_FLAG_FLAGGED);
    assert_int_equal(count_files(a, "cur", name), 1);
    assert_non_null(strstr(name, ":2,DFRS"));
    set_flags(a, inbox, uid, MAILPROTO_STORE_FLAGS_REPLACE, MAILPROTO_FLAG_DELETED);
    assert_int_equal(count_files(a, "cur", name), 1);
    assert_non_null(strstr(name, ":2,T"));
    assert_string_equal(read_message(a, inbox, uid, 100), "x\r\ny\r\n");
    assert_int_equal(expunge(a, inbox)->gone[0][0], uid);
    assert_int_equal(count_files(a, "cur", NULL), 0);
}

/* Other letters of the info belong to other programs, and stay. */
static void test_letters_of_others(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    char name[256];
    uint32_t uid;

    put_file(a, "cur/1.M1.host:2,PSab", "x\n");
    uid = changes(a, open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE)->number, 0)->uids[0];
    set_flags(a, inbox, uid, MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_FLAGGED);
    count_files(a, "cur", name);
    assert_string_equal(name, "1.M1.host:2,FPSab");
}

static void test_delivery(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    struct answer *answer;
    char name[256];

    assert_int_equal(append(a, inbox, "x\r\n", 0, MAILPROTO_STORE_NO_UIDS), 0);
    assert_int_equal(count_files(a, "new", name), 1);
    assert_non_null(strstr(name, ",S=3,W=3"));
    assert_null(strchr(name, ':'));
    answer = open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE);
    assert_int_equal(answer->total, 1);
    assert_int_equal(answer->uidnext, 2);
    assert_int_equal(count_files(a, "new", NULL), 0);
    assert_int_equal(count_files(a, "cur", NULL), 1);
    assert_string_equal(read_message(a, inbox, 1, 2), "x\r\n");
}

static void test_pin(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX");
    uint32_t uid = append(a, inbox, "pinned\r\n", MAILPROTO_FLAG_DELETED, 0);
    mailproto_store_message_open open = {.head = {sizeof open, MAILPROTO_STORE_MESSAGE_OPEN, 0}, .mailbox = inbox};
    mailproto_store_message_read read = {.head = {sizeof read, MAILPROTO_STORE_MESSAGE_READ, 0}, .max = 100};

    open.uid = uid;
    read.message = ask(a->store, &open.head)->number;
    expunge(a, inbox);
    assert_int_equal(count_files(a, "cur", NULL), 0);
    assert_string_equal(ask(a->store, &read.head)->bytes, "pinned\r\n");
    assert_int_equal(ask(a->store, &open.head)->why, MAILPROTO_ERR_GONE);
}

static uint64_t begin(const struct account *a, uint64_t mailbox, uint64_t upload, const char *text)
{
    mailproto_store_append_begin question = {.head = {sizeof question, MAILPROTO_STORE_APPEND_BEGIN, 0}};
    mailproto_store_append_write write = {.head = {sizeof write, MAILPROTO_STORE_APPEND_WRITE, 0}};
    mailproto_store_keyword keyword = {.struct_size = sizeof keyword, .name = {"$Label", 6}};

    question.mailbox = mailbox;
    question.upload = upload;
    question.keywords = &keyword;
    question.has_date = 1;
    question.internal_date = 1000000000;
    question.zone = 120;
    write.upload = ask(a->store, &question.head)->number;
    write.bytes.ptr = text;
    write.bytes.len = strlen(text);
    if (*text)
        assert_int_equal(ask(a->store, &write.head)->why, 0);
    return write.upload;
}

static void test_group(void **state)
{
    struct account *a = *state;
    uint64_t box = make_mailbox(a, "Group");
    uint64_t upload = begin(a, box, 0, "1\r\n");
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};
    struct answer *answer;

    assert_int_equal(begin(a, box, upload, "2\r\n"), upload);
    assert_int_equal(begin(a, box, upload, "3\r\n"), upload);
    assert_int_equal(status(a, box)->total, 0);
    commit.upload = upload;
    answer = ask(a->store, &commit.head);
    assert_int_equal(answer->why, 0);
    assert_int_equal(answer->messages, 3);
    assert_int_equal(answer->uids[2], 3);
    assert_int_equal(count_files(a, ".Group/cur", NULL), 3);
    assert_int_equal(count_files(a, ".Group/tmp", NULL), 0);
    answer = changes(a, open_mailbox(a, box, MAILPROTO_STORE_READ_ONLY)->number, 0);
    assert_string_equal(answer->names[1], "$Label");
    assert_int_equal(answer->dates[1], 1000000000);
    assert_string_equal(read_message(a, box, 2, 100), "2\r\n");
}

/* The file's time is the internal date: an index that is made again finds it. */
static void test_date_of_file(void **state)
{
    struct account *a = *state;
    uint64_t box = make_mailbox(a, "Dates");
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};

    commit.upload = begin(a, box, 0, "1\r\n");
    assert_int_equal(ask(a->store, &commit.head)->why, 0);
    account_close(a);
    remove_tree(account_file(a, "mailproto"));
    assert_int_equal(account_open(a), 0);
    box = mailbox_id(a, "Dates");
    assert_int_equal(changes(a, open_mailbox(a, box, MAILPROTO_STORE_READ_ONLY)->number, 0)->dates[0], 1000000000);
}

static void test_share(void **state)
{
    struct account *a = *state, other;
    mailproto_store_append_share share = {.head = {sizeof share, MAILPROTO_STORE_APPEND_SHARE, 0}};
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};
    char name[256], theirs[256];
    struct stat ours, its;
    uint64_t upload;

    account_make(&other);
    upload = begin(a, mailbox_id(a, "INBOX"), 0, "shared\nx\r\n");
    share.upload = begin(&other, mailbox_id(&other, "INBOX"), 0, "");
    share.other = a->store;
    share.other_upload = upload;
    assert_int_equal(ask(other.store, &share.head)->why, 0);
    commit.upload = share.upload;
    assert_int_equal(ask(other.store, &commit.head)->why, 0);
    commit.upload = upload;
    assert_int_equal(ask(a->store, &commit.head)->why, 0);
    assert_int_equal(count_files(a, "cur", name), 1);
    assert_int_equal(count_files(&other, "cur", theirs), 1);
    assert_int_equal(stat(account_file(a, "cur"), &ours), 0);
    {
        char path[2][600];

        snprintf(path[0], sizeof path[0], "cur/%s", name);
        snprintf(path[1], sizeof path[1], "cur/%s", theirs);
        assert_int_equal(stat(account_file(a, path[0]), &ours), 0);
        assert_int_equal(stat(account_file(&other, path[1]), &its), 0);
    }
    assert_true(ours.st_ino == its.st_ino);
    assert_string_equal(read_message(&other, mailbox_id(&other, "INBOX"), 1, 100), "shared\r\nx\r\n");
    assert_string_equal(read_message(a, mailbox_id(a, "INBOX"), 1, 100), "shared\r\nx\r\n");
    account_end(&other);
}

/* An upload that is given up leaves nothing; one that a dead program left is removed once it is old. */
static void test_leftovers(void **state)
{
    struct account *a = *state;
    mailproto_store_append_abort abort = {.head = {sizeof abort, MAILPROTO_STORE_APPEND_ABORT, 0}};
    char *large = malloc(200001);

    memset(large, 'x', 200000);
    large[200000] = 0;
    abort.upload = begin(a, mailbox_id(a, "INBOX"), 0, large);
    assert_int_equal(count_files(a, "tmp", NULL), 1);
    tell(a->store, &abort.head);
    assert_int_equal(count_files(a, "tmp", NULL), 0);
    free(large);
}

static void in_two_days(void *user, int64_t *seconds, int32_t *nanoseconds)
{
    mp_files_posix()->now(user, seconds, nanoseconds);
    *seconds += INT64_C(2) * 24 * 60 * 60;
}

/* What a program that died left in tmp/ goes once it is old; what is being written does not. */
static void test_stale(void **state)
{
    struct account *a = *state;

    make_mailbox(a, "Box");
    put_file(a, "tmp/dead.host", "half a mess");
    put_file(a, ".Box/tmp/dead.host", "half a mess");
    account_close(a);
    assert_int_equal(account_open(a), 0);
    assert_int_equal(count_files(a, "tmp", NULL), 1);
    account_close(a);
    account_use_files(a);
    a->files.now = in_two_days;
    assert_int_equal(account_open(a), 0);
    assert_int_equal(count_files(a, "tmp", NULL), 0);
    open_mailbox(a, mailbox_id(a, "Box"), MAILPROTO_STORE_READ_WRITE);
    assert_int_equal(count_files(a, ".Box/tmp", NULL), 0);
}

static void test_copy_shares_octets(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX"), box = make_mailbox(a, "Copies");
    struct answer *answer;
    struct stat status_of;
    char name[256], path[300];

    append(a, inbox, "1\r\n", MAILPROTO_FLAG_SEEN, 0);
    append(a, inbox, "2\r\n", 0, 0);
    answer = copy_messages(a, inbox, 1, UINT32_MAX, box, 0);
    assert_int_equal(answer->messages, 2);
    assert_int_equal(count_files(a, ".Copies/cur", name), 2);
    assert_int_equal(count_files(a, ".Copies/tmp", NULL), 0);
    snprintf(path, sizeof path, ".Copies/cur/%s", name);
    assert_int_equal(stat(account_file(a, path), &status_of), 0);
    assert_int_equal(status_of.st_nlink, 2);
    answer = copy_messages(a, inbox, 2, 2, box, 1);
    assert_int_equal(answer->to[0], 3);
    assert_int_equal(count_files(a, "cur", NULL), 1);
    assert_int_equal(status(a, inbox)->total, 1);
    assert_int_equal(status(a, box)->total, 3);
    assert_string_equal(read_message(a, box, 3, 100), "2\r\n");
    answer = copy_messages(a, box, 1, 1, box, 0); /* to itself */
    assert_int_equal(answer->to[0], 4);
    answer = copy_messages(a, box, 1, 1, box, 1);
    assert_int_equal(answer->to[0], 5);
    assert_int_equal(status(a, box)->total, 4);
    assert_string_equal(read_message(a, box, 5, 100), "1\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_line_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_any_offset, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_name_that_lies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names_of_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_letters_of_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_delivery, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pin, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_group, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_date_of_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_share, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leftovers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stale, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_copy_shares_octets, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
