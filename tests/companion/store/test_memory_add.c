/* test_memory_add.c - messages that a program puts into a store in memory without an asker.
 * mailproto/memory_store.h, mailproto_memory_store_add. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <mailproto/memory_store.h>

#include "asking.h"
#include "support/allocator.h"

/* Adds with the n-th allocation failing (0: none); what it answered. */
static int32_t add(size_t n, uint64_t mailbox, const char *text, size_t len, uint32_t expected)
{
    struct test_allocator memory;
    mailproto_memory_store_config config;
    mailproto_memory_store *account;
    mailproto_store store;
    struct asking a;
    int32_t result;

    test_allocator_init(&memory);
    mailproto_memory_store_config_init(&config, sizeof config);
    config.allocator = &memory.api;
    assert_int_equal(mailproto_memory_store_new(&account, &config), MAILPROTO_OK);
    memory.fail_at = n ? memory.count + n : 0;
    result = mailproto_memory_store_add(account, mailbox, text, len);
    memory.fail_at = 0;
    assert_int_equal(mailproto_memory_store_functions(account, &store), MAILPROTO_OK);
    asking_begin(&a, &store);
    assert_int_equal(asking_messages(&a, asking_inbox(&a)), result ? 0 : expected);
    asking_end(&a);
    mailproto_memory_store_free(account);
    assert_int_equal(memory.live, 0);
    return result;
}

static void test_add(void **state)
{
    (void)state;
    assert_int_equal(add(0, 0, "Subject: x\n\nx\n", 14, 1), MAILPROTO_OK);
    assert_int_equal(add(0, 0, NULL, 0, 1), MAILPROTO_OK);
    assert_int_equal(add(0, 0, NULL, 1, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(add(0, 12345, "x", 1, 0), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(mailproto_memory_store_add(NULL, 0, "x", 1), MAILPROTO_ERR_ARG);
}

static void test_every_allocation(void **state)
{
    size_t n = 1;

    (void)state;
    while (add(n, 0, "Subject: x\n\nx\n", 14, 1) == MAILPROTO_ERR_NOMEM)
        n++;
    assert_true(n > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_every_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
