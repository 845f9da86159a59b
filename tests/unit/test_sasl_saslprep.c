/* test_sasl_saslprep.c - SASLprep: the examples of its RFC, every step of stringprep, and what is refused.
 * RFC 4013 section 3; RFC 3454 sections 3 to 7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mailproto/sasl.h>

enum { OK = MAILPROTO_OK, BAD = MAILPROTO_ERR_ARG };

/* Into exactly the room that is needed, so that a sanitizer sees every octet beyond. */
static void prepares(const char *text, uint32_t query, int32_t expected, const char *made)
{
    size_t n = 12345, again;
    int32_t result = mailproto_sasl_saslprep(text, strlen(text), query, NULL, 0, &n);
    char *out;

    if (expected) {
        assert_int_equal(result, expected);
        return;
    }
    assert_int_equal(result, MAILPROTO_ERR_LIMIT);
    assert_int_equal(n, strlen(made));
    out = malloc(n);
    assert_non_null(out);
    assert_int_equal(mailproto_sasl_saslprep(text, strlen(text), query, out, n - 1, &again), MAILPROTO_ERR_LIMIT);
    assert_int_equal(mailproto_sasl_saslprep(text, strlen(text), query, out, n, &again), MAILPROTO_OK);
    assert_int_equal(again, n);
    assert_memory_equal(out, made, n);
    assert_int_equal(mailproto_sasl_saslprep(made, n, query, out, n, &again), MAILPROTO_OK); /* once is enough */
    assert_memory_equal(out, made, n);
    free(out);
}

static void test_ascii(void **state)
{
    (void)state;
    prepares("user", 0, OK, "user");
    prepares("USER", 0, OK, "USER");
    prepares(" two words ", 0, OK, " two words ");
    prepares("~!=,\"", 0, OK, "~!=,\"");
    prepares("\7", 0, BAD, NULL);
    prepares("a\x7f", 0, BAD, NULL);
    prepares("", 0, BAD, NULL);
}

static void test_arguments(void **state)
{
    char out[4];
    size_t made;

    (void)state;
    assert_int_equal(mailproto_sasl_saslprep(NULL, 1, 0, out, 4, &made), BAD);
    assert_int_equal(mailproto_sasl_saslprep("a", 1, 0, NULL, 4, &made), BAD);
    assert_int_equal(mailproto_sasl_saslprep("a", 1, 0, out, 4, NULL), BAD);
    assert_int_equal(mailproto_sasl_saslprep("a\0b", 3, 0, out, 4, &made), BAD);
    assert_int_equal(mailproto_sasl_saslprep("\xff", 1, 0, out, 4, &made), BAD);
    assert_int_equal(mailproto_sasl_saslprep("a\xc3", 2, 0, out, 4, &made), BAD);
}

/* Whether the library has the table of Unicode. */
static int table(void)
{
    size_t made;

    return mailproto_sasl_saslprep("\xc2\xaa", 2, 0, NULL, 0, &made) != MAILPROTO_ERR_UNSUPPORTED;
}

static void test_without_table(void **state)
{
    (void)state;
    prepares("b\xc3\xbcro", 0, MAILPROTO_ERR_UNSUPPORTED, NULL);
}

/* RFC 4013 3 */
static void test_examples(void **state)
{
    (void)state;
    prepares("I\xc2\xadX", 0, OK, "IX");
    prepares("\xc2\xaa", 0, OK, "a");
    prepares("\xe2\x85\xa8", 0, OK, "IX");
    prepares("\xd8\xa7\x31", 0, BAD, NULL);
}

static void test_mapping(void **state)
{
    (void)state;
    prepares("a\xc2\xa0z", 0, OK, "a z");                    /* U+00A0 NO-BREAK SPACE */
    prepares("a\xe3\x80\x80z", 0, OK, "a z");                /* U+3000 IDEOGRAPHIC SPACE */
    prepares("\xe2\x80\x8b", 0, OK, " ");                    /* U+200B is in C.1.2, before B.1 */
    prepares("a\xef\xb8\x8fz", 0, OK, "az");                 /* U+FE0F VARIATION SELECTOR-16 */
    prepares("\xc2\xad", 0, BAD, NULL);                      /* nothing is left */
    prepares("bu\xcc\x88ro", 0, OK, "b\xc3\xbcro");          /* u and a diaeresis become one */
    prepares("\xef\xbc\xa1", 0, OK, "A");                    /* U+FF21, full width */
    prepares("\xef\xac\x81", 0, OK, "fi");                   /* U+FB01 LATIN SMALL LIGATURE FI */
    prepares("Stra\xc3\x9f\x65", 0, OK, "Stra\xc3\x9f\x65"); /* no folding of cases */
}

/* RFC 4013 2.3, the tables of RFC 3454 that it names */
static void test_prohibited(void **state)
{
    (void)state;
    prepares("a\xc2\x80", 0, BAD, NULL);         /* C.2.2 */
    prepares("a\xee\x80\x80", 0, BAD, NULL);     /* C.3, U+E000 */
    prepares("a\xef\xb7\x90", 0, BAD, NULL);     /* C.4, U+FDD0 */
    prepares("a\xed\xa0\x80", 0, BAD, NULL);     /* C.5: a surrogate is no UTF-8 */
    prepares("a\xef\xbf\xbd", 0, BAD, NULL);     /* C.6, U+FFFD */
    prepares("a\xe2\xbf\xb0", 0, BAD, NULL);     /* C.7, U+2FF0 */
    prepares("a\xe2\x80\x8e", 0, BAD, NULL);     /* C.8, U+200E */
    prepares("a\xf3\xa0\x81\x81", 0, BAD, NULL); /* C.9, U+E0041 */
}

/* RFC 3454 6 */
static void test_directions(void **state)
{
    (void)state;
    prepares("\xd7\x90\xd7\x91", 0, OK, "\xd7\x90\xd7\x91");         /* Hebrew */
    prepares("\xd7\x90\x31\xd7\x91", 0, OK, "\xd7\x90\x31\xd7\x91"); /* a digit within */
    prepares("\xd7\x90\x61\xd7\x91", 0, BAD, NULL);                  /* a letter from left to right */
    prepares("\x31\xd7\x90", 0, BAD, NULL);                          /* it begins with a digit */
    prepares("\xd7\x90\x31", 0, BAD, NULL);                          /* it ends with one */
}

/* RFC 3454 7: U+0221 was not assigned in Unicode 3.2. */
static void test_unassigned(void **state)
{
    (void)state;
    prepares("a\xc8\xa1", 0, BAD, NULL);
    prepares("a\xc8\xa1", 1, OK, "a\xc8\xa1");
}

/* The longest that one character becomes is eleven times its octets: U+FDFA, 3 octets, 33. */
static void test_longest(void **state)
{
    char text[3 * 300], out[11 * sizeof text];
    size_t made;

    (void)state;
    for (size_t i = 0; i < sizeof text; i += 3)
        memcpy(text + i, "\xef\xb7\xba", 3);
    assert_int_equal(mailproto_sasl_saslprep(text, sizeof text, 0, out, sizeof out, &made), MAILPROTO_OK);
    assert_int_equal(made, 33 * 300);
    assert_int_equal(mailproto_sasl_saslprep(text, sizeof text, 0, out, 33 * 300 - 1, &made), MAILPROTO_ERR_LIMIT);
    assert_int_equal(made, 33 * 300);
}

int main(void)
{
    const struct CMUnitTest with_table[] = {
        cmocka_unit_test(test_ascii),      cmocka_unit_test(test_arguments),  cmocka_unit_test(test_examples),
        cmocka_unit_test(test_mapping),    cmocka_unit_test(test_prohibited), cmocka_unit_test(test_directions),
        cmocka_unit_test(test_unassigned), cmocka_unit_test(test_longest),
    };
    const struct CMUnitTest without[] = {
        cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_without_table),
    };

    return table() ? cmocka_run_group_tests(with_table, NULL, NULL) : cmocka_run_group_tests(without, NULL, NULL);
}
