/* test_store_kit.c - the kit finds what it is to find: right stores pass every rule, and for each rule there is a wrong
 * store that fails it and no other. mailproto/store_kit.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wrong.h"

/* What a run told. */
struct outcome {
    const char *expected; /* the rule that is to fail; NULL: none */
    int failed, passed, left_out, others;
};

static void on_line(void *user, const mailproto_store_kit_line *line)
{
    struct outcome *o = user;

    assert_int_equal(line->struct_size, sizeof *line);
    assert_true(line->rule.len && line->says.len);
    o->passed += line->outcome == MAILPROTO_STORE_KIT_PASSED;
    o->left_out += line->outcome == MAILPROTO_STORE_KIT_LEFT_OUT;
    if (line->outcome != MAILPROTO_STORE_KIT_FAILED)
        return;
    assert_true(line->seen.len);
    if (o->expected && line->rule.len == strlen(o->expected) && !memcmp(line->rule.ptr, o->expected, line->rule.len)) {
        o->failed++;
        return;
    }
    o->others++;
    print_message("%s%.*s failed: %.*s\n", line->late ? "late " : "", (int)line->rule.len, line->rule.ptr,
                  (int)line->seen.len, line->seen.ptr);
}

static uint32_t run(const struct fault *fault, struct outcome *o, uint64_t seed)
{
    mailproto_store_kit_factory factory;
    mailproto_store_kit_config config;
    uint32_t failed = 99;

    wrong_factory(&factory, fault);
    assert_int_equal(mailproto_store_kit_config_init(&config, sizeof config), MAILPROTO_OK);
    config.on_line = on_line;
    config.user = o;
    config.seed = seed;
    assert_int_equal(mailproto_store_kit_run(&factory, &config, &failed), MAILPROTO_OK);
    return failed;
}

static void test_right_stores_pass(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct outcome o = {0};
        uint32_t rules = 0;

        while (mailproto_store_kit_rule(rules, NULL, NULL) == MAILPROTO_OK)
            rules++;
        assert_int_equal(run(NULL, &o, seed), 0);
        assert_int_equal(o.left_out, 0);
        assert_int_equal(o.passed, 2 * rules);
    }
}

static void test_each_wrong_store_fails_its_rule(void **state)
{
    const struct fault *fault;
    int wrong = 0;

    (void)state;
    for (size_t i = 0; (fault = wrong_fault(i)); i++) {
        struct outcome o = {.expected = fault->rule};

        (void)run(fault, &o, 1);
        if (o.failed && !o.others)
            continue;
        print_message("the wrong store of %s failed its rule %d times, and %d others\n", fault->rule, o.failed,
                      o.others);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void test_each_rule_has_a_wrong_store(void **state)
{
    const char *rule, *says;

    (void)state;
    for (uint32_t i = 0; mailproto_store_kit_rule(i, &rule, &says) == MAILPROTO_OK; i++) {
        if (!wrong_fault_of(rule))
            print_message("no wrong store for %s\n", rule);
        assert_non_null(wrong_fault_of(rule));
        assert_true(strlen(says) > 10);
    }
}

static int32_t no_account(void *user, void **account, mailproto_store *store)
{
    (void)user;
    (void)account;
    (void)store;
    return MAILPROTO_ERR_UNAVAILABLE;
}

static void test_arguments(void **state)
{
    mailproto_store_kit_factory factory;
    mailproto_store_kit_config config;
    struct outcome o = {0};
    uint32_t failed;

    (void)state;
    wrong_factory(&factory, NULL);
    mailproto_store_kit_config_init(&config, sizeof config);
    assert_int_equal(mailproto_store_kit_run(&factory, &config, NULL), MAILPROTO_ERR_ARG);
    config.on_line = on_line;
    config.user = &o;
    config.rule = (mailproto_text){"list.only", 9};
    assert_int_equal(mailproto_store_kit_run(&factory, &config, NULL), MAILPROTO_OK);
    assert_int_equal(o.passed, 2);
    config.only_prompt = 1;
    assert_int_equal(mailproto_store_kit_run(&factory, &config, &failed), MAILPROTO_OK);
    assert_int_equal(o.passed, 3);
    assert_int_equal(failed, 0);
    config.rule = (mailproto_text){"list.onl", 8};
    assert_int_equal(mailproto_store_kit_run(&factory, &config, NULL), MAILPROTO_ERR_ARG);
    config.rule.len = 0;
    factory.make = no_account;
    assert_int_equal(mailproto_store_kit_run(&factory, &config, NULL), MAILPROTO_ERR_UNAVAILABLE);
    factory.make = NULL;
    assert_int_equal(mailproto_store_kit_run(&factory, &config, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_kit_run(NULL, &config, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_kit_rule(10000, NULL, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_kit_factory_init(NULL, sizeof factory), MAILPROTO_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_stores_pass),
        cmocka_unit_test(test_each_wrong_store_fails_its_rule),
        cmocka_unit_test(test_each_rule_has_a_wrong_store),
        cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
