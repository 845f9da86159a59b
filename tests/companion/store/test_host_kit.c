/* test_host_kit.c - the rules of the kit on a store off the loop, with uploads that are gathered, in part or whole, or not.
 * mailproto/host_store.h, mailproto_host_store_config; mailproto/store_kit.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <mailproto/store_kit.h>

#include "host_scene.h"

/* Octets that are gathered: nothing; so few that uploads go in pieces; so many that all of the kit's are one piece of work. */
static const uint32_t gathers[] = {0, 1, 24, 65536};

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

struct tally {
    uint32_t gather;
    int passed, failed;
};

static void on_line(void *user, const mailproto_store_kit_line *line)
{
    struct tally *tally = user;

    tally->passed += line->outcome == MAILPROTO_STORE_KIT_PASSED;
    tally->failed += line->outcome == MAILPROTO_STORE_KIT_FAILED;
    if (line->outcome == MAILPROTO_STORE_KIT_FAILED)
        print_message("gathering %u: %s%.*s failed: %.*s\n", (unsigned)tally->gather, line->late ? "late " : "",
                      (int)line->rule.len, line->rule.ptr, (int)line->seen.len, line->seen.ptr);
}

static void test_kit(void **state)
{
    mailproto_store_kit_factory factory;
    mailproto_store_kit_config config;

    (void)state;
    for (size_t i = 0; i < sizeof gathers / sizeof *gathers; i++) {
        struct tally tally = {gathers[i], 0, 0};

        mailproto_store_kit_factory_init(&factory, sizeof factory);
        mailproto_store_kit_config_init(&config, sizeof config);
        factory.user = &tally.gather;
        factory.make = make;
        factory.drive = drive;
        factory.end = finish;
        config.on_line = on_line;
        config.user = &tally;
        assert_int_equal(mailproto_store_kit_run(&factory, &config, NULL), MAILPROTO_OK);
        assert_int_equal(tally.failed, 0);
        assert_true(tally.passed > 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
