/* test_maildir_kit.c - the Maildir store keeps the rules of the contract, as one handle and as several.
 * The storage contract is mailproto/store.h; the rules are those of mailproto/store_kit.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../kit_tally.h"
#include "account.h"

/* A Maildir has no identifiers of objects. RFC 8474. */
static const char *const left_out[] = {"object.ids", NULL};

struct one {
    struct account account;
    mailproto_maildir *more[8];
};

static int32_t make(void *user, void **account, mailproto_store *store)
{
    struct one *one = calloc(1, sizeof *one);

    (void)user;
    if (!one)
        return MAILPROTO_ERR_NOMEM;
    account_make(&one->account);
    *account = one;
    *store = *one->account.store;
    return MAILPROTO_OK;
}

static int32_t more(void *user, void *account, uint32_t index, mailproto_store *store)
{
    struct one *one = account;
    int32_t result;

    (void)user;
    if (index >= 8)
        return MAILPROTO_ERR_ARG;
    result =
        mailproto_maildir_open(&one->more[index], one->account.path, NULL, one->account.why, sizeof one->account.why);
    if (!result)
        *store = *mailproto_maildir_store(one->more[index]);
    return result;
}

static void close_all(struct one *one)
{
    for (size_t i = 0; i < 8; i++) {
        mailproto_maildir_close(one->more[i]);
        one->more[i] = NULL;
    }
    account_close(&one->account);
}

static int32_t restart(void *user, void *account, mailproto_store *store)
{
    struct one *one = account;
    int32_t result;

    (void)user;
    close_all(one);
    result = account_open(&one->account);
    if (!result)
        *store = *one->account.store;
    return result;
}

static void end(void *user, void *account)
{
    struct one *one = account;

    (void)user;
    close_all(one);
    account_end(&one->account);
    free(one);
}

static void run(mailproto_store_kit_factory *factory, const char *title)
{
    struct kit_tally tally = {title, left_out, 0, 0, 0};
    mailproto_store_kit_config config;
    uint32_t failed = 1;

    mailproto_store_kit_config_init(&config, sizeof config);
    config.on_line = kit_tally_line;
    config.user = &tally;
    assert_int_equal(mailproto_store_kit_run(factory, &config, &failed), MAILPROTO_OK);
    assert_int_equal(failed, 0);
    kit_tally_check(&tally);
}

static void test_one_handle(void **state)
{
    mailproto_store_kit_factory factory;

    (void)state;
    mailproto_store_kit_factory_init(&factory, sizeof factory);
    factory.make = make;
    factory.restart = restart;
    factory.end = end;
    run(&factory, "one handle");
}

static void test_several_handles(void **state)
{
    mailproto_store_kit_factory factory;

    (void)state;
    mailproto_store_kit_factory_init(&factory, sizeof factory);
    factory.make = make;
    factory.more = more;
    factory.restart = restart;
    factory.end = end;
    run(&factory, "several handles");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_handle),
        cmocka_unit_test(test_several_handles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
