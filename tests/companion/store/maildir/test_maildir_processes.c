/* test_maildir_processes.c - several processes and threads on one account at once: one UID for one message, nothing lost.
 * RFC 9051 2.3.1.1; RFC 7162 3.1.1. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "account.h"

enum { PROCESSES = 4, ROUNDS = 25 };

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

/* ---- processes ---- */

struct told {
    uint32_t uid;
    uint32_t process;
    char text[24];
};

/* What one process does: appends, deliveries, looks, flags. It tells its UIDs. No assert: a fork of the test's process. */
static int work(struct account *a, uint32_t process, int out)
{
    uint64_t inbox;

    a->maildir = NULL;
    if (mailproto_maildir_open(&a->maildir, a->path, &a->config, a->why, sizeof a->why))
        return 1;
    a->store = mailproto_maildir_store(a->maildir);
    inbox = mailbox_id(a, "INBOX");
    for (int i = 0; i < ROUNDS; i++) {
        struct told told = {.process = process};
        char name[64], to[64];

        snprintf(told.text, sizeof told.text, "%u.%d\r\n", process, i);
        if (try_append(a, inbox, told.text, 0, 0, &told.uid) || write(out, &told, sizeof told) != (ssize_t)sizeof told)
            return 2;
        if (try_append(a, inbox, "delivered\r\n", 0, MAILPROTO_STORE_NO_UIDS, NULL))
            return 3;
        snprintf(name, sizeof name, "tmp/%u.%d.other", process, i);
        put_file(a, name, "other\n");
        snprintf(to, sizeof to, "new/%u.%d.other", process, i);
        if (rename(account_file(a, name), account_file(a, to)))
            return 4;
        close_mailbox(a, open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE)->number);
        set_flags(a, inbox, told.uid, MAILPROTO_STORE_FLAGS_ADD, MAILPROTO_FLAG_SEEN);
    }
    mailproto_maildir_close(a->maildir);
    return 0;
}

static int start(struct account *a, uint32_t process, int out)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(work(a, process, out));
    assert_true(pid > 0);
    return pid;
}

static void test_processes(void **state)
{
    struct account *a = *state;
    static uint8_t seen[2 * 3 * PROCESSES * ROUNDS + 1];
    pid_t pids[PROCESSES];
    int pipes[2], ended, count = 0;
    uint64_t inbox = mailbox_id(a, "INBOX");
    struct told told;
    struct answer *answer;

    account_close(a);
    assert_int_equal(pipe(pipes), 0);
    for (uint32_t i = 0; i < PROCESSES; i++)
        pids[i] = start(a, i, pipes[1]);
    close(pipes[1]);
    assert_int_equal(account_open(a), 0);
    memset(seen, 0, sizeof seen);
    while (read(pipes[0], &told, sizeof told) == (ssize_t)sizeof told) {
        assert_true(told.uid > 0 && told.uid < sizeof seen);
        assert_false(seen[told.uid]++);
        assert_string_equal(read_message(a, inbox, told.uid, 100), told.text);
        count++;
    }
    close(pipes[0]);
    for (size_t i = 0; i < PROCESSES; i++) {
        assert_int_equal(waitpid(pids[i], &ended, 0), pids[i]);
        assert_int_equal(ended, 0);
    }
    assert_int_equal(count, PROCESSES * ROUNDS);
    answer = open_mailbox(a, inbox, MAILPROTO_STORE_READ_WRITE);
    assert_int_equal(answer->total, 3 * PROCESSES * ROUNDS);
    assert_int_equal(answer->uidnext, 3 * PROCESSES * ROUNDS + 1);
    assert_int_equal(count_files(a, "tmp", NULL), 0);
    assert_int_equal(count_files(a, "cur", NULL), 3 * PROCESSES * ROUNDS);
}

/* A process that is killed: its lock ends with it, what it told is there, and modseqs go on above. */
static void test_killed(void **state)
{
    struct account *a = *state;
    uint64_t inbox = mailbox_id(a, "INBOX"), last = 0;

    account_close(a);
    for (int turn = 0; turn < 3; turn++) {
        int pipes[2], ended;
        struct answer *answer;
        uint64_t told = 0;
        pid_t pid;

        assert_int_equal(pipe(pipes), 0);
        pid = fork();
        if (pid == 0) {
            a->maildir = NULL;
            if (account_open(a))
                _exit(1);
            open_mailbox(a, inbox, MAILPROTO_STORE_EXCLUSIVE);
            append(a, inbox, "x\r\n", 0, 0);
            told = set_flags(a, inbox, 1, turn % 2 ? MAILPROTO_STORE_FLAGS_REMOVE : MAILPROTO_STORE_FLAGS_ADD,
                             MAILPROTO_FLAG_SEEN)
                       ->modseqs[0];
            if (write(pipes[1], &told, sizeof told) != (ssize_t)sizeof told)
                _exit(2);
            for (;;)
                pause();
        }
        assert_int_equal(read(pipes[0], &told, sizeof told), sizeof told);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &ended, 0), pid);
        close(pipes[0]);
        close(pipes[1]);
        assert_true(told > last);
        assert_int_equal(account_open(a), 0);
        answer = open_mailbox(a, inbox, MAILPROTO_STORE_EXCLUSIVE);
        assert_int_equal(answer->total, turn + 1);
        assert_true(answer->cursor >= told);
        last = answer->cursor;
        answer = changes(a, answer->number, 0);
        assert_int_equal(answer->flags[0], turn % 2 ? 0 : MAILPROTO_FLAG_SEEN);
        account_close(a);
    }
    assert_int_equal(account_open(a), 0);
}

/* ---- threads ---- */

struct thread {
    const struct account *a;
    mailproto_maildir_syncs *syncs;
    pthread_t thread;
    int failed;
};

static int32_t no_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    (void)token;
    if (item->type == MAILPROTO_STORE_UPLOAD)
        asker->reserved = (uint32_t)((const mailproto_store_upload *)(const void *)item)->upload;
    return MAILPROTO_OK;
}

static int32_t keep_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    (void)token, (void)text, (void)len;
    if (why)
        asker->reserved = 0;
    return MAILPROTO_OK;
}

/* cmocka's asserts are one thread's: this one only counts. */
static int deliver(const mailproto_store *store)
{
    mailproto_store_asker asker = {sizeof asker, 0, no_item, keep_end};
    mailproto_store_append_begin begin = {.head = {sizeof begin, MAILPROTO_STORE_APPEND_BEGIN, 1}};
    mailproto_store_append_write write = {.head = {sizeof write, MAILPROTO_STORE_APPEND_WRITE, 1}};
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 1}};

    begin.mailbox = MAILPROTO_MAILDIR_INBOX;
    begin.options = MAILPROTO_STORE_NO_UIDS;
    mailproto_store_ask(store, &asker, &begin.head);
    write.upload = commit.upload = asker.reserved;
    write.bytes = (mailproto_text){"threads\r\n", 9};
    if (asker.reserved)
        mailproto_store_ask(store, &asker, &write.head);
    if (asker.reserved)
        mailproto_store_ask(store, &asker, &commit.head);
    return asker.reserved != 0;
}

static void *run(void *argument)
{
    struct thread *thread = argument;
    mailproto_maildir_config config = thread->a->config;
    mailproto_maildir *maildir;

    config.syncs = thread->syncs;
    config.options = MAILPROTO_MAILDIR_DELIVERY;
    for (int i = 0; i < ROUNDS; i++) {
        if (mailproto_maildir_open(&maildir, thread->a->path, &config, NULL, 0)) {
            thread->failed++;
            continue;
        }
        thread->failed += !deliver(mailproto_maildir_store(maildir));
        mailproto_maildir_close(maildir);
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct account *a = *state;
    mailproto_maildir_syncs *syncs;
    struct thread threads[4];

    assert_int_equal(mailproto_maildir_syncs_new(&syncs), 0);
    for (size_t i = 0; i < 4; i++) {
        threads[i] = (struct thread){.a = a, .syncs = syncs};
        assert_int_equal(pthread_create(&threads[i].thread, NULL, run, &threads[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i].thread, NULL);
        assert_int_equal(threads[i].failed, 0);
    }
    mailproto_maildir_syncs_free(syncs);
    assert_int_equal(open_mailbox(a, mailbox_id(a, "INBOX"), MAILPROTO_STORE_READ_WRITE)->total, 4 * ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_processes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_killed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
