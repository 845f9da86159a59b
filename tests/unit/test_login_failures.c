/* test_login_failures.c - mailprotod: what each failed login costs the next one.
 * examples/server/failures.c; RFC 4954 section 9. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../../examples/server/login.h"

enum { QUARTER_HOUR = 900000 };

static struct failures failures;

static int begin(void **state)
{
    (void)state;
    memset(&failures, 0, sizeof failures);
    return 0;
}

static uint32_t wait_of(const char *address, const char *name, uint64_t now)
{
    return failures_note(&failures, address, (mailproto_text){name, strlen(name)}, now, 1000);
}

static void test_each_doubles_the_wait(void **state)
{
    static const uint32_t waits[] = {1000, 2000, 4000, 8000, 16000, 32000, 32000, 32000};

    (void)state;
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        assert_int_equal(wait_of("192.0.2.1", "alice", i), waits[i]);
}

static void test_an_address_and_a_name_count_each(void **state)
{
    (void)state;
    assert_int_equal(wait_of("192.0.2.1", "alice", 1), 1000);
    assert_int_equal(wait_of("192.0.2.1", "bob", 2), 2000);   /* the address */
    assert_int_equal(wait_of("192.0.2.2", "Alice", 3), 2000); /* the name, in any case of letters */
    assert_int_equal(wait_of("192.0.2.3", "carol", 4), 1000);
    assert_int_equal(wait_of("192.0.2.3", "", 5), 2000);
    assert_int_equal(wait_of("192.0.2.4", "", 6), 1000); /* no name is nobody's */
}

static uint32_t left(const char *address, const char *name, uint64_t now)
{
    return failures_wait(&failures, address, (mailproto_text){name, strlen(name)}, now);
}

static void test_time_forgives(void **state)
{
    (void)state;
    wait_of("192.0.2.1", "alice", 1);
    wait_of("192.0.2.1", "alice", 2);
    assert_int_equal(wait_of("192.0.2.1", "alice", 2 + QUARTER_HOUR), 4000);
    assert_int_equal(wait_of("192.0.2.1", "alice", 3 + 2 * QUARTER_HOUR), 1000);
}

/* With an account of his own nobody may guess at others as if for the first time. */
static void test_success_forgives_the_name_alone(void **state)
{
    (void)state;
    wait_of("192.0.2.1", "alice", 1);
    wait_of("192.0.2.1", "alice", 2);
    failures_forget(&failures, (mailproto_text){"ALICE", 5});
    assert_int_equal(left("192.0.2.9", "alice", 3), 0);
    assert_int_equal(left("192.0.2.1", "alice", 3), 1999);
    assert_int_equal(wait_of("192.0.2.9", "alice", 4), 1000);
    assert_int_equal(wait_of("192.0.2.1", "carol", 5), 4000);
}

/* What a failure costs is left over for whoever comes next by the same address or name, be it with the right password. */
static void test_what_is_left_of_a_wait(void **state)
{
    (void)state;
    assert_int_equal(left("192.0.2.1", "alice", 1), 0);
    wait_of("192.0.2.1", "alice", 1);
    assert_int_equal(wait_of("192.0.2.1", "alice", 101), 2000);
    assert_int_equal(left("192.0.2.1", "carol", 201), 1900);
    assert_int_equal(left("192.0.2.2", "Alice", 601), 1500);
    assert_int_equal(left("192.0.2.2", "carol", 601), 0);
    assert_int_equal(left("192.0.2.1", "", 2100), 1);
    assert_int_equal(left("192.0.2.1", "alice", 2101), 0);
    assert_int_equal(wait_of("192.0.2.1", "alice", 2102), 4000);
}

/* An IPv6 host may take each address of its network. */
static void test_networks_of_64_bits(void **state)
{
    (void)state;
    assert_int_equal(wait_of("IPv6:2001:db8::1", "", 1), 1000);
    assert_int_equal(wait_of("IPv6:2001:db8:0:0:ffff::2", "", 2), 2000);
    assert_int_equal(wait_of("IPv6:2001:db8:0:1::1", "", 3), 1000);
    assert_int_equal(wait_of("IPv6:::ffff:192.0.2.1", "", 4), 1000);
    assert_int_equal(wait_of("IPv6:::ffff:192.0.2.2", "", 5), 1000);
}

static size_t place(uint64_t seed, const char *address)
{
    size_t at = 0;

    memset(&failures, 0, sizeof failures);
    failures.seed = seed;
    wait_of(address, "", 1); /* without a name it is one place */
    while (!failures.places[at].key)
        at++;
    return at;
}

/* Which names share a place is not to be foreseen without the seed. */
static void test_places_depend_on_the_seed(void **state)
{
    unsigned same = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 16; seed++)
        same += place(seed, "192.0.2.1") == place(seed << 40, "192.0.2.1");
    assert_in_range(same, 0, 2);
    assert_int_equal(place(7, "192.0.2.1"), place(7, "192.0.2.1"));
}

/* Names that fail once each do not drive out one that has long to wait. */
static void test_many_names_do_not_help(void **state)
{
    char name[20];

    (void)state;
    failures.seed = 1;
    for (unsigned i = 0; i < 10; i++)
        wait_of("192.0.2.1", "alice", 1);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "%u", i);
        wait_of("192.0.2.2", name, 2 + i);
    }
    assert_int_equal(left("192.0.2.3", "alice", 20002), 32000 - 20001);
}

/* More than there is room for: those that failed last are kept. */
static void test_many(void **state)
{
    char address[20];

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(address, sizeof address, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        assert_in_range(wait_of(address, "", i + 1), 1000, 32000);
    }
    assert_int_equal(wait_of(address, "", 100001), 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_each_doubles_the_wait, begin),
        cmocka_unit_test_setup(test_an_address_and_a_name_count_each, begin),
        cmocka_unit_test_setup(test_time_forgives, begin),
        cmocka_unit_test_setup(test_success_forgives_the_name_alone, begin),
        cmocka_unit_test_setup(test_what_is_left_of_a_wait, begin),
        cmocka_unit_test_setup(test_networks_of_64_bits, begin),
        cmocka_unit_test_setup(test_places_depend_on_the_seed, begin),
        cmocka_unit_test_setup(test_many_names_do_not_help, begin),
        cmocka_unit_test_setup(test_many, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
