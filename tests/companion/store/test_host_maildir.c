/* test_host_maildir.c - the rules of the kit on a Maildir whose handles are in threads of their own: several at work at once.
 * mailproto/host.h, mailproto_host_store; mailproto/maildir.h. */
#include <ftw.h>
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
#include <uv.h>

#include <mailproto/host.h>
#include <mailproto/maildir.h>

#include "kit_tally.h"

enum { HANDLES = 4 };

/* A Maildir has no identifiers of objects. RFC 8474. */
static const char *const left_out[] = {"object.ids", NULL};

/* An account with its handles, each off the loop. */
struct account {
    char path[200];
    uv_loop_t loop;
    mailproto_host *host;
    mailproto_maildir *handles[HANDLES];
    mailproto_host_store *off[HANDLES];
    size_t count;
    uint32_t gather; /* octets of an upload */
    int freed, host_freed;
};

static void on_freed(void *user)
{
    ++*(int *)user;
}

static int32_t open_one(struct account *a, mailproto_store *store)
{
    mailproto_host_store_config how;
    char why[400] = "";
    int32_t result;

    assert_true(a->count < HANDLES);
    mailproto_host_store_config_init(&how, sizeof how);
    how.gather = a->gather;
    result = mailproto_maildir_open(&a->handles[a->count], a->path, NULL, why, sizeof why);
    if (result)
        print_message("%s\n", why);
    assert_int_equal(result, MAILPROTO_OK);
    result = mailproto_host_store_new(&a->off[a->count], a->host, mailproto_maildir_store(a->handles[a->count]), &how);
    assert_int_equal(result, MAILPROTO_OK);
    return mailproto_host_store_functions(a->off[a->count++], store);
}

static int32_t make(void *user, void **account, mailproto_store *store)
{
    struct account *a = calloc(1, sizeof *a);
    mailproto_host_config config;

    assert_non_null(a);
    a->gather = *(const uint32_t *)user;
    (void)snprintf(a->path, sizeof a->path, "%s/mailproto-test-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(a->path));
    assert_int_equal(uv_loop_init(&a->loop), 0);
    mailproto_host_config_init(&config, sizeof config);
    config.loop = &a->loop;
    config.on_freed = on_freed;
    config.user = &a->host_freed;
    assert_int_equal(mailproto_host_new(&a->host, &config, NULL), MAILPROTO_OK);
    *account = a;
    return open_one(a, store);
}

static int32_t more(void *user, void *account, uint32_t index, mailproto_store *store)
{
    (void)user;
    (void)index;
    return open_one(account, store);
}

static int32_t drive(void *user, void *account)
{
    struct account *a = account;
    uint64_t open = 0;

    (void)user;
    for (size_t i = 0; i < a->count; i++)
        open += mailproto_host_store_open(a->off[i]);
    if (open)
        (void)uv_run(&a->loop, UV_RUN_ONCE);
    return MAILPROTO_OK;
}

static void close_all(struct account *a)
{
    const size_t count = a->count;

    a->freed = 0;
    for (size_t i = 0; i < count; i++)
        mailproto_host_store_free(a->off[i], on_freed, &a->freed);
    while (a->freed < (int)count)
        (void)uv_run(&a->loop, UV_RUN_ONCE);
    while (a->count)
        mailproto_maildir_close(a->handles[--a->count]);
}

static int32_t restart(void *user, void *account, mailproto_store *store)
{
    (void)user;
    close_all(account);
    return open_one(account, store);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

static void finish(void *user, void *account)
{
    struct account *a = account;

    (void)user;
    close_all(a);
    mailproto_host_free(a->host);
    while (!a->host_freed)
        (void)uv_run(&a->loop, UV_RUN_ONCE);
    assert_int_equal(uv_loop_close(&a->loop), 0);
    (void)nftw(a->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(a);
}

static void run(uint32_t gather, const char *title)
{
    struct kit_tally tally = {title, left_out, 0, 0, 0};
    mailproto_store_kit_factory factory;
    mailproto_store_kit_config config;
    uint32_t failed = 1;

    mailproto_store_kit_factory_init(&factory, sizeof factory);
    mailproto_store_kit_config_init(&config, sizeof config);
    factory.user = &gather;
    factory.make = make;
    factory.more = more;
    factory.restart = restart;
    factory.drive = drive;
    factory.end = finish;
    config.on_line = kit_tally_line;
    config.user = &tally;
    assert_int_equal(mailproto_store_kit_run(&factory, &config, &failed), MAILPROTO_OK);
    assert_int_equal(failed, 0);
    kit_tally_check(&tally);
}

static void test_kit(void **state)
{
    (void)state;
    run(0, "not gathered");
}

/* In pieces, and whole: as mailprotod does it. */
static void test_kit_gathered(void **state)
{
    (void)state;
    run(24, "gathering 24");
    run(65536, "gathering 65536");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kit),
        cmocka_unit_test(test_kit_gathered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
