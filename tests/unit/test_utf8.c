/* UTF-8 validity against an encoder: what it can write is valid, everything else is not.
   RFC 3629 sections 3 and 4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/utf8.h"

/* Writes a code point in a given number of octets, its shortest form or not. */
static void write_as(uint8_t *p, uint32_t code, size_t length)
{
    static const uint8_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0, 0xf8, 0xfc};
    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        p[i] = (uint8_t)(0x80 | (code & 0x3f));
    p[0] = (uint8_t)(marks[length] | code);
}

static size_t shortest(uint32_t code)
{
    return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/* Every code point in every length that can hold it: one form is valid, if it is a character. */
static void test_code_points(void **state)
{
    static const uint32_t holds[] = {0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000};
    (void)state;
    for (uint32_t code = 0; code < 0x200000; code++)
        for (size_t length = 1; length <= 5; length++) {
            uint8_t p[6];
            int expected = length == shortest(code) && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
            if (code >= holds[length])
                continue;
            write_as(p, code, length);
            if (!!mp_utf8_valid(p, length) != expected)
                fail_msg("U+%04X in %zu octets", (unsigned)code, length);
        }
}

/* Every string of three octets that is made of characters is valid, and no other: they are counted. */
static void test_three_octets(void **state)
{
    uint32_t valid = 0;
    (void)state;
    for (uint32_t code = 0; code < 0x1000000; code++) {
        uint8_t p[3] = {(uint8_t)(code >> 16), (uint8_t)(code >> 8), (uint8_t)code};
        valid += mp_utf8_valid(p, 3) ? 1 : 0;
    }
    /* 128^3 of ones, 2 * 128 * 1920 of one and two, and the three-octet characters */
    assert_int_equal(valid, 128 * 128 * 128 + 2 * 128 * 1920 + (0x10000 - 0x800 - 2048));
}

static void test_cut_and_broken(void **state)
{
    static const char text[] = "a\xc3\xa4\xe6\x97\xa5z\xf0\x9f\x93\xa7";
    static const uint8_t good_cuts[] = {1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1};
    const size_t n = sizeof text - 1;
    (void)state;
    assert_true(mp_utf8_valid((const uint8_t *)"", 0));
    for (size_t i = 1; i <= n; i++) {
        uint8_t *copy = malloc(i);
        assert_non_null(copy);
        memcpy(copy, text, i);
        assert_int_equal(!!mp_utf8_valid(copy, i), good_cuts[i - 1] || i == 1);
        copy[i - 1] = 0xff;
        assert_false(mp_utf8_valid(copy, i));
        free(copy);
    }
}

/* A character, and a broken one, behind every length of ASCII. */
static void test_behind_ascii(void **state)
{
    (void)state;
    for (size_t before = 0; before < 100; before++)
        for (size_t after = 0; after < 40; after++) {
            size_t n = before + 2 + after;
            uint8_t *p = malloc(n);
            assert_non_null(p);
            memset(p, 'a', n);
            assert_true(mp_utf8_valid(p, n));
            p[before] = 0xc3;
            assert_false(mp_utf8_valid(p, n));
            p[before + 1] = 0xbf;
            assert_true(mp_utf8_valid(p, n));
            p[before] = 0x7f;
            assert_false(mp_utf8_valid(p, n));
            free(p);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code_points),
        cmocka_unit_test(test_three_octets),
        cmocka_unit_test(test_cut_and_broken),
        cmocka_unit_test(test_behind_ascii),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
