/* test_host_kit.c - the rules of the kit on a store off the loop, with uploads that are gathered, in part or whole, or not.
 * mailproto/host_store.h, mailproto_host_store_config; mailproto/store_kit.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host_scene.h"
#include "kit_tally.h"

/* Octets that are gathered: nothing; so few that uploads go in pieces; so many that all of the kit's are one piece of work. */
static const uint32_t gathers[] = {0, 1, 24, 65536};
static const char *const titles[] = {"not gathered", "gathering 1", "gathering 24", "gathering 65536"};

/* The scene cannot restart its store, and gives it no clock. */
static const char *const left_out[] = {"restart.kept", "restart.numbers", "message.saved", NULL};

static int32_t make(void *user, void **account, mailproto_store *store)
{
    struct scene *s = calloc(1, sizeof *s);
    mailproto_host_store_config how;

    assert_non_null(s);
    assert_int_equal(mailproto_host_store_config_init(&how, sizeof how), MAILPROTO_OK);
    how.gather = *(const uint32_t *)user;
    scene_begin(s, 1, &how);
    *account = s;
    *store = s->store[0];
    return MAILPROTO_OK;
}

static int32_t drive(void *user, void *account)
{
    (void)user;
    scene_step(account);
    return MAILPROTO_OK;
}

static void finish(void *user, void *account)
{
    (void)user;
    scene_end(account);
    free(account);
}

static void test_kit(void **state)
{
    mailproto_store_kit_factory factory;
    mailproto_store_kit_config config;

    (void)state;
    for (size_t i = 0; i < sizeof gathers / sizeof *gathers; i++) {
        uint32_t gather = gathers[i], failed = 1;
        struct kit_tally tally = {titles[i], left_out, 0, 0, 0};

        mailproto_store_kit_factory_init(&factory, sizeof factory);
        mailproto_store_kit_config_init(&config, sizeof config);
        factory.user = &gather;
        factory.make = make;
        factory.drive = drive;
        factory.end = finish;
        config.on_line = kit_tally_line;
        config.user = &tally;
        assert_int_equal(mailproto_store_kit_run(&factory, &config, &failed), MAILPROTO_OK);
        assert_int_equal(failed, 0);
        kit_tally_check(&tally);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
