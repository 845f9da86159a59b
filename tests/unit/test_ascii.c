/* The ASCII helpers over every octet, and numbers at the edges of 64 bits.
   RFC 5234 appendix B.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ascii.h"

static int in(const char *set, int c)
{
    return c != 0 && strchr(set, c) != NULL;
}

static void test_classes(void **state)
{
    static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
    (void)state;
    for (int c = 0; c < 256; c++) {
        int plain = c < 128 ? c : c - 256; /* what a signed char gives */
        int is_upper = in(upper, c), is_lower = in(lower, c), digit = in("0123456789", c);
        assert_int_equal(!!mp_ascii_is_upper(c), is_upper);
        assert_int_equal(!!mp_ascii_is_lower(c), is_lower);
        assert_int_equal(!!mp_ascii_is_digit(c), digit);
        assert_int_equal(!!mp_ascii_is_alpha(c), is_upper || is_lower);
        assert_int_equal(!!mp_ascii_is_alnum(c), is_upper || is_lower || digit);
        assert_int_equal(!!mp_ascii_is_vchar(c), c >= '!' && c <= '~');
        assert_int_equal(!!mp_ascii_is_wsp(c), c == ' ' || c == '\t');
        assert_int_equal(mp_ascii_lower(c), is_upper ? lower[strchr(upper, c) - upper] : c);
        assert_int_equal(mp_ascii_is_alnum(plain), mp_ascii_is_alnum(c));
        assert_int_equal(mp_ascii_is_vchar(plain), mp_ascii_is_vchar(c));
        assert_int_equal(mp_ascii_lower(plain) & 0xff, mp_ascii_lower(c));
        assert_int_equal(mp_ascii_hex_value(plain), mp_ascii_hex_value(c));
    }
}

static void test_hex_value(void **state)
{
    static const char digits[] = "0123456789abcdef";
    (void)state;
    for (int c = 0; c < 256; c++) {
        int folded = mp_ascii_lower(c);
        int expected = in(digits, folded) ? (int)(strchr(digits, folded) - digits) : -1;
        assert_int_equal(mp_ascii_hex_value(c), expected);
    }
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(mp_ascii_equal("mail", 4, "MAIL"));
    assert_true(mp_ascii_equal("MaIl FROM:", 10, "mail from:"));
    assert_true(mp_ascii_equal("", 0, ""));
    assert_false(mp_ascii_equal("", 0, "A"));
    assert_false(mp_ascii_equal("A", 1, ""));
    assert_false(mp_ascii_equal("MAI", 3, "MAIL"));
    assert_false(mp_ascii_equal("MAIL", 3, "MAIL"));
    assert_false(mp_ascii_equal("MAILS", 5, "MAIL"));
    assert_false(mp_ascii_equal("MAIL\0", 5, "MAIL"));
    assert_false(mp_ascii_equal("MA\0L", 4, "MA"));
    assert_false(mp_ascii_equal("@", 1, "`"));
    assert_false(mp_ascii_equal("[", 1, "{"));
    assert_false(mp_ascii_equal("\xc1", 1, "\xe1"));
    assert_true(mp_ascii_same("Example.ORG", "eXAMPLE.org", 11));
    assert_false(mp_ascii_same("example.org", "example.com", 11));
    assert_true(mp_ascii_same("a", "b", 0));
}

static void test_begins(void **state)
{
    (void)state;
    assert_int_equal(mp_ascii_begins("size=10", 7, "SIZE="), 5);
    assert_int_equal(mp_ascii_begins("SIZE=", 5, "SIZE="), 5);
    assert_int_equal(mp_ascii_begins("SIZE", 4, "SIZE="), 0);
    assert_int_equal(mp_ascii_begins("SIZE=", 4, "SIZE="), 0);
    assert_int_equal(mp_ascii_begins("SIDE=1", 6, "SIZE="), 0);
    assert_int_equal(mp_ascii_begins("", 0, "S"), 0);
}

static void test_read_decimal(void **state)
{
    uint64_t value = 7;
    (void)state;
    assert_int_equal(mp_ascii_read_decimal("", 0, &value), 0);
    assert_int_equal(mp_ascii_read_decimal("x1", 2, &value), 0);
    assert_int_equal(mp_ascii_read_decimal("-1", 2, &value), 0);
    assert_int_equal(mp_ascii_read_decimal("+1", 2, &value), 0);
    assert_int_equal(mp_ascii_read_decimal(" 1", 2, &value), 0);
    assert_int_equal(mp_ascii_read_decimal("18446744073709551616", 20, &value), 0);
    assert_int_equal(mp_ascii_read_decimal("18446744073709551620", 20, &value), 0);
    assert_int_equal(mp_ascii_read_decimal("99999999999999999999", 20, &value), 0);
    assert_int_equal(mp_ascii_read_decimal("184467440737095516150", 21, &value), 0);
    assert_int_equal(value, 7);
    assert_int_equal(mp_ascii_read_decimal("12345 x", 7, &value), 5);
    assert_int_equal(value, 12345);
    assert_int_equal(mp_ascii_read_decimal("12345", 3, &value), 3);
    assert_int_equal(value, 123);
    assert_int_equal(mp_ascii_read_decimal("18446744073709551615", 20, &value), 20);
    assert_true(value == UINT64_MAX);
    assert_int_equal(mp_ascii_read_decimal("000000000000000000000042;", 25, &value), 24);
    assert_int_equal(value, 42);
}

static void test_read_hex(void **state)
{
    uint64_t value = 7;
    (void)state;
    assert_int_equal(mp_ascii_read_hex("", 0, &value), 0);
    assert_int_equal(mp_ascii_read_hex("g", 1, &value), 0);
    assert_int_equal(mp_ascii_read_hex("10000000000000000", 17, &value), 0);
    assert_int_equal(value, 7);
    assert_int_equal(mp_ascii_read_hex("0x10", 4, &value), 1);
    assert_int_equal(value, 0);
    assert_int_equal(mp_ascii_read_hex("fFfFfFfFffffFFFF", 16, &value), 16);
    assert_true(value == UINT64_MAX);
    assert_int_equal(mp_ascii_read_hex("000000000000000000Ab\r\n", 22, &value), 20);
    assert_int_equal(value, 0xab);
}

static void test_parse(void **state)
{
    uint64_t value = 7;
    (void)state;
    assert_false(mp_ascii_parse_decimal("", 0, &value));
    assert_false(mp_ascii_parse_decimal("12 ", 3, &value));
    assert_false(mp_ascii_parse_decimal("18446744073709551616", 20, &value));
    assert_int_equal(value, 7);
    assert_true(mp_ascii_parse_decimal("12", 2, &value));
    assert_int_equal(value, 12);
}

static void test_write_decimal(void **state)
{
    char out[MP_ASCII_DECIMAL_MAX + 1];
    uint64_t value = 1;
    (void)state;
    memset(out, '#', sizeof out);
    assert_int_equal(mp_ascii_write_decimal(out, UINT64_MAX), 20);
    assert_memory_equal(out, "18446744073709551615#", 21);
    assert_int_equal(mp_ascii_write_decimal(out, 0), 1);
    assert_memory_equal(out, "08", 2);
    for (size_t digits = 1; digits <= 20; digits++, value *= 10) {
        for (uint64_t number = value - 1; number - value + 1 < 3; number++) {
            uint64_t again;
            size_t length = mp_ascii_write_decimal(out, number);
            assert_int_equal(length, number < value && digits > 1 ? digits - 1 : digits);
            assert_true(mp_ascii_parse_decimal(out, length, &again));
            assert_true(again == number);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes), cmocka_unit_test(test_hex_value),     cmocka_unit_test(test_equal),
        cmocka_unit_test(test_begins),  cmocka_unit_test(test_read_decimal),  cmocka_unit_test(test_read_hex),
        cmocka_unit_test(test_parse),   cmocka_unit_test(test_write_decimal),
    };
    return cmocka_run_group_tests_name("ascii", tests, NULL, NULL);
}
