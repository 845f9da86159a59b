/* Charsets in one piece: names as they are seen, what is wrong and where, the rule for undeclared text, room.
   RFC 2978, RFC 3629, RFC 2781, RFC 2152. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/mime_charset.h"

#define OCTETS  MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_CHARSET_OCTETS)
#define UNKNOWN MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_CHARSET_UNKNOWN)
#define MARK    "\xef\xbf\xbd"

static void names(void **state)
{
    static const char *const seen[][2] = {
        {"latin1", "ISO-8859-1"},
        {"iso_8859-1", "ISO-8859-1"},
        {"ISO8859-1", "ISO-8859-1"},
        {"iso-8859-1:1987", "ISO-8859-1"},
        {"\"iso-8859-15\"", "ISO-8859-15"},
        {" ISO-8859-2 ", "ISO-8859-2"},
        {"'us-ascii'", "US-ASCII"},
        {"ANSI_X3.4-1968", "US-ASCII"},
        {"utf8", "UTF-8"},
        {"Utf-8", "UTF-8"},
        {"UTF_8", "UTF-8"},
        {"cp1252", "windows-1252"},
        {"x-cp1251", "windows-1251"},
        {"Windows_1250", "windows-1250"},
        {"x-sjis", "Shift_JIS"},
        {"ks_c_5601-1987", "EUC-KR"},
        {"unicode-1-1-utf-7", "UTF-7"},
        {"gb2312", "GB2312"},
        {"GB_2312-80", "GB2312"},
        {"cp-850", "IBM850"},
        {"iso-8859-8-i", "ISO-8859-8"},
        {"x-x-big5", "Big5"},
        {"koi8r", "KOI8-R"},
        {"x-mac-roman", "macintosh"},
        {"utf-16", "UTF-16"},
        {"", NULL},
        {"-", NULL},
        {"x-unknown", NULL},
        {"martian", NULL},
        {"ISO-8859-12", NULL},
        {"utf-88", NULL},
        {"ut", NULL},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
        const char *name = mailproto_charset_name(seen[i][0], strlen(seen[i][0]));

        if (seen[i][1])
            assert_string_equal(name ? name : seen[i][0], seen[i][1]);
        else
            assert_null(name);
    }
    assert_null(mailproto_charset_name(NULL, 0));
}

struct one {
    const char *charset, *in;
    size_t n;
    const char *out;
    uint64_t defects, invalid, first;
};
#define ONE(charset, in, out, defects, invalid, first)                                                                 \
    {                                                                                                                  \
        charset, in, sizeof(in) - 1, out, defects, invalid, first                                                      \
    }

static const struct one ones[] = {
    ONE("utf-8", "", "", 0, 0, 0),
    ONE("utf-8", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 0, 0, 0),
    ONE("utf-8",
        "ab\xff"
        "c",
        "ab" MARK "c", OCTETS, 1, 2),
    ONE("utf-8", "\xe2\x82", MARK, OCTETS, 1, 0),
    ONE("utf-8", "\xf0\x9f\x98x\xed\xa0\x80", MARK "x" MARK MARK MARK, OCTETS, 4, 0),
    ONE("utf-8", "x\xc0\xaf", "x" MARK MARK, OCTETS, 2, 1),
    ONE("iso-8859-1", "\xe9\x80", "\xc3\xa9\xc2\x80", 0, 0, 0),
    ONE("iso-8859-15", "\xa4", "\xe2\x82\xac", 0, 0, 0),
    ONE("windows-1252", "\x80\x81", "\xe2\x82\xac" MARK, OCTETS, 1, 1),
    ONE("windows-1251", "\xcf\xf0\xe8", "\xd0\x9f\xd1\x80\xd0\xb8", 0, 0, 0),
    ONE("koi8-r", "\xf0\xd2\xc9", "\xd0\x9f\xd1\x80\xd0\xb8", 0, 0, 0),
    /* undeclared, and US-ASCII that is not */
    ONE("", "plain", "plain", 0, 0, 0),
    ONE("", "\xc3\xa9", "\xc3\xa9", 0, 0, 0),
    ONE("", "\xe9", "\xc3\xa9", 0, 0, 0),
    ONE("", "\xc3\xa9\xe9", "\xc3\x83\xc2\xa9\xc3\xa9", 0, 0, 0),
    ONE("", "\xe2\x82", "\xc3\xa2\xe2\x80\x9a", 0, 0, 0),
    ONE("us-ascii", "x\xc3\xa9", "x\xc3\xa9", OCTETS, 2, 1),
    ONE("us-ascii", "xy\xe9", "xy\xc3\xa9", OCTETS, 1, 2),
    ONE("us-ascii", "xy", "xy", 0, 0, 0),
    /* unknown */
    ONE("martian", "\xff\x80z", "\xff\x80z", UNKNOWN, 0, 0),
    ONE("big5", "\xa4\xa4", "\xa4\xa4", UNKNOWN, 0, 0),
    /* UTF-16: with a mark, without one, cut off, surrogates alone */
    ONE("utf-16",
        "\xfe\xff\x00"
        "a\x20\xac",
        "a\xe2\x82\xac", 0, 0, 0),
    ONE("utf-16",
        "\xff\xfe"
        "a\x00\xac\x20",
        "a\xe2\x82\xac", 0, 0, 0),
    ONE("utf-16",
        "\x00"
        "a\x00"
        "b",
        "ab", 0, 0, 0),
    ONE("utf-16",
        "a\x00"
        "b\x00",
        "ab", 0, 0, 0),
    ONE("utf-16be",
        "\xfe\xff\x00"
        "a",
        "\xef\xbb\xbf"
        "a",
        0, 0, 0),
    ONE("utf-16be",
        "\xd8\x3d\xde\x00\xd8\x00\x00"
        "a\xdc\x00",
        "\xf0\x9f\x98\x80" MARK "a" MARK, OCTETS, 2, 4),
    ONE("utf-16le",
        "a\x00"
        "b",
        "a" MARK, OCTETS, 1, 2),
    ONE("utf-16be", "\xd8\x00", MARK, OCTETS, 1, 0),
    ONE("utf-16be", "\xd8\x00\x00", MARK MARK, OCTETS, 2, 0),
    ONE("utf-32", "\x00\x01\xf6\x00", "\xf0\x9f\x98\x80", 0, 0, 0),
    ONE("utf-32", "\xff\xfe\x00\x00\x00\xf6\x01\x00", "\xf0\x9f\x98\x80", 0, 0, 0),
    ONE("utf-32be", "\x00\x11\x00\x00\x00\x00\xd8\x00\x00", MARK MARK MARK, OCTETS, 3, 0),
    /* UTF-7, the examples of RFC 2152 */
    ONE("utf-7", "A+ImIDkQ.", "A\xe2\x89\xa2\xce\x91.", 0, 0, 0),
    ONE("utf-7", "Hi Mom -+Jjo--!", "Hi Mom -\xe2\x98\xba-!", 0, 0, 0),
    ONE("utf-7", "+ZeVnLIqe-", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 0, 0, 0),
    ONE("utf-7", "1 +- 1 +AKM-", "1 + 1 \xc2\xa3", 0, 0, 0),
    ONE("utf-7", "+2D3eAA-", "\xf0\x9f\x98\x80", 0, 0, 0),
    ONE("utf-7", "+2D0-+3gA-", MARK MARK, OCTETS, 2, 1 + 2),
    ONE("utf-7", "a+!", "a" MARK "!", OCTETS, 1, 1),
    ONE("utf-7", "a+", "a" MARK, OCTETS, 1, 1),
    ONE("utf-7", "+AKN-", "\xc2\xa3" MARK, OCTETS, 1, 3),
    ONE("utf-7", "+AKMA-", "\xc2\xa3" MARK, OCTETS, 1, 4),
    ONE("utf-7", "\xff", MARK, OCTETS, 1, 0),
};

static void in_one_piece(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++) {
        const struct one *o = &ones[i];
        size_t made = 99, length = strlen(o->out);
        uint64_t defects = 0;
        char *out = malloc(length + 1);

        assert_non_null(out);
        assert_int_equal(mailproto_charset_to_utf8(o->charset, strlen(o->charset), o->in, o->n, NULL, out, length,
                                                   &made, &defects),
                         MAILPROTO_OK);
        if (made != length || memcmp(out, o->out, length) != 0)
            print_message("%zu: %s\n", i, o->charset);
        assert_int_equal(made, length);
        assert_memory_equal(out, o->out, length);
        assert_int_equal(defects, o->defects);
        /* less room: it says how much is needed, and writes no further */
        for (size_t cap = 0; cap < length; cap++) {
            memset(out, 'Z', length + 1);
            assert_int_equal(mailproto_charset_to_utf8(o->charset, strlen(o->charset), o->in, o->n, NULL, out, cap,
                                                       &made, NULL),
                             MAILPROTO_ERR_LIMIT);
            assert_int_equal(made, length);
            for (size_t k = cap; k <= length; k++)
                assert_int_equal(out[k], 'Z');
        }
        free(out);
    }
}

/* What a decoder counts: where the text says the same as a stream. */
static void counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++) {
        const struct one *o = &ones[i];
        mailproto_charset_decoder d;
        char out[64];
        size_t took, made, more;

        assert_int_equal(mailproto_charset_decoder_init(&d, sizeof d), 0);
        assert_int_equal(mailproto_charset_decoder_open(&d, o->charset, strlen(o->charset), NULL), 0);
        assert_int_equal(mailproto_charset_decode(&d, o->in, o->n, &took, out, sizeof out, &made), 0);
        assert_int_equal(took, o->n);
        assert_int_equal(mailproto_charset_decode_end(&d, out + made, sizeof out - made, &more), 0);
        if (d.invalid != o->invalid)
            print_message("%zu: %s\n", i, o->charset);
        assert_int_equal(d.invalid, o->invalid);
        if (d.invalid)
            assert_int_equal(d.first_invalid, o->first);
        assert_int_equal(d.defects, o->defects);
        mailproto_charset_decoder_close(&d);
    }
}

static void undeclared(void **state)
{
    (void)state;
    assert_string_equal(mailproto_charset_of_undeclared("", 0), "US-ASCII");
    assert_string_equal(mailproto_charset_of_undeclared("abc", 3), "US-ASCII");
    assert_string_equal(mailproto_charset_of_undeclared("ab\xc3\xa9", 4), "UTF-8");
    assert_string_equal(mailproto_charset_of_undeclared("ab\xe9", 3), "windows-1252");
}

static void arguments(void **state)
{
    mailproto_charset_provider provider;
    mailproto_charset_decoder d;
    char out[16];
    size_t took, made;

    (void)state;
    assert_int_equal(mailproto_charset_to_utf8(NULL, 1, "a", 1, NULL, out, 16, &made, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_charset_to_utf8(NULL, 0, NULL, 1, NULL, out, 16, &made, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_charset_to_utf8(NULL, 0, "a", 1, NULL, NULL, 16, &made, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_charset_to_utf8(NULL, 0, "a", 1, NULL, out, 16, NULL, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_charset_to_utf8(NULL, 0, NULL, 0, NULL, NULL, 0, &made, NULL), 0);
    assert_int_equal(made, 0);
    assert_int_equal(mailproto_charset_provider_init(&provider, sizeof provider), 0);
    assert_int_equal(mailproto_charset_to_utf8("x", 1, "a", 1, &provider, out, 16, &made, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_charset_decoder_init(&d, sizeof d), 0);
    assert_int_equal(mailproto_charset_decode(&d, "a", 1, &took, out, 16, &made), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_charset_decode_end(&d, out, 16, &made), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_charset_decoder_open(NULL, "x", 1, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_charset_decoder_open(&d, "utf-8", 5, NULL), 0);
    assert_int_equal(mailproto_charset_decoder_open(&d, "utf-8", 5, NULL), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_charset_decode(&d, NULL, 1, &took, out, 16, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_charset_decode(NULL, "a", 1, &took, out, 16, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_charset_decode(&d, "\xe2", 1, &took, out, 16, &made), 0);
    assert_int_equal(mailproto_charset_decode_end(&d, out, 2, &made), MAILPROTO_CODEC_MORE);
    assert_int_equal(mailproto_charset_decode_end(&d, out, 16, &made), 0);
    assert_int_equal(made, 3);
    assert_int_equal(mailproto_charset_decode_end(&d, out, 16, &made), 0);
    assert_int_equal(made, 0);
    assert_int_equal(mailproto_charset_decode(&d, "a", 1, &took, out, 16, &made), MAILPROTO_ERR_STATE);
    mailproto_charset_decoder_close(&d);
    mailproto_charset_decoder_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),      cmocka_unit_test(in_one_piece), cmocka_unit_test(counts),
        cmocka_unit_test(undeclared), cmocka_unit_test(arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
