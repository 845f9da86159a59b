/* The table of Unicode: a few of each thing, refusals and room. Every character is compared in test_charset_python.py.
   Unicode annex 15, RFC 5892, RFC 4013, RFC 5051. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/unicode.h"
#include "mailproto/base.h"

static void properties(void **state)
{
    (void)state;
    assert_int_equal(mp_unicode_of('a').idna, MP_IDNA_PVALID);
    assert_int_equal(mp_unicode_of('A').idna, MP_IDNA_DISALLOWED);
    assert_int_equal(mp_unicode_of(0x200d).idna, MP_IDNA_CONTEXTJ);
    assert_int_equal(mp_unicode_of(0x660).idna, MP_IDNA_CONTEXTO);
    assert_int_equal(mp_unicode_of(0x378).idna, MP_IDNA_UNASSIGNED);
    assert_int_equal(mp_unicode_of(0x5d0).bidi, MP_BIDI_R);
    assert_int_equal(mp_unicode_of(0x627).bidi, MP_BIDI_AL);
    assert_int_equal(mp_unicode_of(0x627).joining, MP_JOINING_RIGHT);
    assert_int_equal(mp_unicode_of(0x628).joining, MP_JOINING_DUAL);
    assert_int_equal(mp_unicode_of(0x3b1).script, MP_SCRIPT_GREEK);
    assert_int_equal(mp_unicode_of(0xad).sasl, MP_SASL_NOTHING);
    assert_int_equal(mp_unicode_of(0xa0).sasl, MP_SASL_SPACE);
    assert_int_equal(mp_unicode_of(7).sasl, MP_SASL_PROHIBITED);
    assert_int_equal(mp_unicode_of(0x221).sasl, MP_SASL_UNASSIGNED);
    assert_int_equal(mp_unicode_of(0x5d0).direction, MP_DIRECTION_RANDAL);
    assert_int_equal(mp_unicode_of(0x301).combining, 230);
    assert_true(mp_unicode_of(0x903).mark);
    assert_int_equal(mp_unicode_of(0x110000).combining, 0);
    assert_int_equal(mp_unicode_of(UINT32_MAX).mark, 0);
}

static void cases(void **state)
{
    uint32_t out[3];

    (void)state;
    assert_int_equal(mp_unicode_lower(0xc9), 0xe9);
    assert_int_equal(mp_unicode_title(0x1c6), 0x1c5);
    assert_int_equal(mp_unicode_lower(UINT32_MAX), UINT32_MAX);
    assert_int_equal(mp_unicode_folded(0xdf, out), 2);
    assert_int_equal(out[0], 's');
    assert_int_equal(out[1], 's');
    assert_int_equal(mp_unicode_folded(0xfb03, out), 3);
    assert_int_equal(mp_unicode_folded('Q', out), 1);
    assert_int_equal(out[0], 'q');
    assert_int_equal(mp_unicode_folded(UINT32_MAX, out), 1);
}

static void composition(void **state)
{
    uint32_t out[MP_UNICODE_DECOMPOSED];

    (void)state;
    assert_int_equal(mp_unicode_compose('e', 0x301), 0xe9);
    assert_int_equal(mp_unicode_compose('e', 'e'), 0);
    assert_int_equal(mp_unicode_compose(0x1100, 0x1161), 0xac00);
    assert_int_equal(mp_unicode_compose(0xac00, 0x11a8), 0xac01);
    assert_int_equal(mp_unicode_compose(0xac00, 0x11a7), 0);
    assert_int_equal(mp_unicode_compose(0x11099, 0x110ba), 0x1109a);
    /* excluded from composition, though it decomposes */
    assert_int_equal(mp_unicode_compose(0x5d9, 0x5b4), 0);
    assert_int_equal(mp_unicode_decompose(0xfdfa, 1, out), 18);
    assert_int_equal(mp_unicode_decompose(0xfdfa, 0, out), 1);
    assert_int_equal(mp_unicode_decompose(0x1fa7, 0, out), 4);
    assert_int_equal(mp_unicode_decompose(UINT32_MAX, 1, out), 1);
}

/* Of the normal forms: what they make, and how much room that needs. */
static void normal_forms(void **state)
{
    static const uint8_t in[] = "e\xcc\x81\xef\xac\x81";
    uint8_t out[16], many[300];
    size_t made, n = 1;

    (void)state;
    assert_int_equal(mp_unicode_normalize(MP_NFKC, in, 6, out, sizeof out, &made), 0);
    assert_int_equal(made, 4);
    assert_memory_equal(out,
                        "\xc3\xa9"
                        "fi",
                        4);
    for (size_t cap = 0; cap < 4; cap++) {
        memset(out, 'Z', sizeof out);
        assert_int_equal(mp_unicode_normalize(MP_NFKC, in, 6, out, cap, &made), MAILPROTO_ERR_LIMIT);
        assert_int_equal(made, 4);
        assert_int_equal(out[cap], 'Z');
    }
    assert_int_equal(mp_unicode_normalize(MP_NFC, (const uint8_t *)"\xff", 1, out, sizeof out, &made),
                     MAILPROTO_ERR_ARG);
    assert_int_equal(mp_unicode_normalize(MP_NFC, (const uint8_t *)"", 0, out, sizeof out, &made), 0);
    assert_int_equal(made, 0);
    /* 126 marks are taken, 127 are not */
    for (many[0] = 'q'; n < 1 + 2 * 126; n += 2)
        memcpy(many + n, "\xcc\x81", 2);
    assert_int_equal(mp_unicode_normalize(MP_NFD, many, n, NULL, 0, &made), MAILPROTO_ERR_LIMIT);
    assert_int_equal(made, n);
    memcpy(many + n, "\xcc\x81", 2);
    assert_int_equal(mp_unicode_normalize(MP_NFD, many, n + 2, NULL, 0, &made), MAILPROTO_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(properties),
        cmocka_unit_test(cases),
        cmocka_unit_test(composition),
        cmocka_unit_test(normal_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
