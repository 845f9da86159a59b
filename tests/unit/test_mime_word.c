/* Encoded words, values of extended parameters, names of mailboxes: the examples of the RFCs, round trips, refusals.
   RFC 2047, RFC 2231 section 4, RFC 3501 section 5.1.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/utf8.h"
#include "mailproto/mime_word.h"
#include "support/random.h"

static struct test_random seed = {3};

static size_t below(size_t n)
{
    return test_random_below(&seed, n);
}

/* Valid UTF-8 without CR, LF and NUL, of about n octets. */
static size_t fill(char *p, size_t n)
{
    static const char *const characters[] = {"a",
                                             "B",
                                             " ",
                                             "?",
                                             "=",
                                             "_",
                                             "&",
                                             "-",
                                             "'",
                                             "%",
                                             "\x01",
                                             "\x7f",
                                             "\xc3\xa9",
                                             "\xe2\x82\xac",
                                             "\xf0\x9f\x98\x80",
                                             "\xe4\xbd\xa0",
                                             "\"",
                                             "("};
    size_t at = 0, narrow = 1 + below(18);

    while (at < n) {
        const char *c = characters[(below(3) ? below(narrow) : below(18))];

        memcpy(p + at, c, strlen(c));
        at += strlen(c);
    }
    return at;
}

/* ---- encoded words ---- */

static const struct {
    const char *word, *charset, *language, *plain;
    uint32_t encoding, defects;
} words[] = {
    {"=?US-ASCII?Q?Keith_Moore?=", "US-ASCII", "", "Keith Moore", 'Q', 0},
    {"=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <x>", "ISO-8859-1", "", "Keld J\xf8rn Simonsen", 'Q', 0},
    {"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=", "ISO-8859-1", "", "If you can read this yo", 'B', 0},
    {"=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=", "ISO-8859-2", "", "u understand the example.", 'B', 0},
    {"=?US-ASCII*EN?Q?Keith_Moore?=", "US-ASCII", "EN", "Keith Moore", 'Q', 0},
    {"=?iso-8859-1?q?a?==?iso-8859-1?q?b?=", "iso-8859-1", "", "a", 'Q', 0},
    {"=?utf-8?Q?=41?=", "utf-8", "", "A", 'Q', 0},
    {"=?utf-8?Q?a b?=", "utf-8", "", "a b", 'Q', MAILPROTO_WORD_SPACE},
    {"=?utf-8?Q?\?=", "utf-8", "", "", 'Q', MAILPROTO_WORD_EMPTY},
    {"=?utf-8?Q?a?b=zz=?=", "utf-8", "", "a?b=zz=", 'Q', 0},
    {"=?utf-8?b?Zm9v\tYg?=", "utf-8", "", "foob", 'B', MAILPROTO_WORD_SPACE},
    {"=?utf-8?Q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=", "utf-8", "",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 'Q', MAILPROTO_WORD_LONG},
};

static void same_text(mailproto_text text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void test_words(void **state)
{
    mailproto_word word;
    char plain[128];
    size_t made;

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        assert_int_equal(mailproto_word_init(&word, sizeof word), 0);
        assert_int_equal(mailproto_word_parse(words[i].word, strlen(words[i].word), &word), 0);
        same_text(word.charset, words[i].charset);
        same_text(word.language, words[i].language);
        assert_int_equal(word.encoding, words[i].encoding);
        assert_int_equal(word.defects, words[i].defects);
        assert_memory_equal(words[i].word + word.length - 2, "?=", 2);
        assert_int_equal(mailproto_word_decode(&word, plain, sizeof plain, &made, NULL), 0);
        assert_int_equal(made, strlen(words[i].plain));
        assert_memory_equal(plain, words[i].plain, made);
        if (made)
            assert_int_equal(mailproto_word_decode(&word, plain, made - 1, &made, NULL), MAILPROTO_ERR_LIMIT);
        assert_int_equal(made, strlen(words[i].plain));
        /* cut anywhere, it is none: its last two octets end it */
        for (size_t n = 0; n < word.length; n++)
            assert_int_equal(mailproto_word_parse(words[i].word, n, &word), MAILPROTO_ERR_ARG);
    }
}

static void test_no_words(void **state)
{
    static const char *const none[] = {"",
                                       "=",
                                       "=?",
                                       "=?utf-8",
                                       "=?utf-8?",
                                       "=?utf-8?Q",
                                       "=?utf-8?Q?",
                                       "=?utf-8?Q?a",
                                       "=?utf-8?Q?a?",
                                       "=??Q?a?=",
                                       "=?*en?Q?a?=",
                                       "=?utf-8?X?a?=",
                                       "=?utf-8?Q?a\r\n b?=",
                                       "=?ut f?Q?a?=",
                                       "x=?utf-8?Q?a?="};
    mailproto_word word;
    size_t made;
    char plain[8];

    (void)state;
    mailproto_word_init(&word, sizeof word);
    assert_int_equal(mailproto_word_decode(&word, plain, 8, &made, NULL), MAILPROTO_ERR_ARG);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (mailproto_word_parse(none[i], strlen(none[i]), &word) != MAILPROTO_ERR_ARG)
            fail_msg("\"%s\" was taken for a word", none[i]);
    assert_int_equal(mailproto_word_parse(NULL, 0, &word), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_word_parse("=?a?q?b?=", 9, NULL), MAILPROTO_ERR_ARG);
}

static void test_word_reports(void **state)
{
    mailproto_word word;
    mailproto_codec_report report;
    char plain[64];
    size_t made;

    (void)state;
    mailproto_word_init(&word, sizeof word);
    mailproto_codec_report_init(&report, sizeof report);
    assert_int_equal(mailproto_word_parse("=?a?q?=e9=4=?=", 14, &word), 0);
    assert_int_equal(mailproto_word_decode(&word, plain, sizeof plain, &made, &report), 0);
    assert_int_equal(report.kinds, 1u << MAILPROTO_CODEC_LOWER_CASE | 1u << MAILPROTO_CODEC_ESCAPE);
    assert_int_equal(report.count[MAILPROTO_CODEC_ESCAPE], 2);
    assert_int_equal(report.first[MAILPROTO_CODEC_ESCAPE], 3);
    mailproto_codec_report_init(&report, sizeof report);
    assert_int_equal(mailproto_word_parse("=?a?b?Zg?=", 10, &word), 0);
    assert_int_equal(mailproto_word_decode(&word, plain, sizeof plain, &made, &report), 0);
    assert_int_equal(report.kinds, 1u << MAILPROTO_CODEC_TRUNCATED);
}

static void test_word_encode(void **state)
{
    static const struct {
        const char *plain, *word;
        uint32_t flags;
    } cases[] = {
        {"abc", "=?UTF-8?Q?abc?=", 0},
        {"a b_c?d=e", "=?UTF-8?Q?a_b=5Fc=3Fd=3De?=", MAILPROTO_WORD_Q},
        {"caf\xc3\xa9", "=?UTF-8?B?Y2Fmw6k=?=", 0},
        {"caf\xc3\xa9", "=?UTF-8?Q?caf=C3=A9?=", MAILPROTO_WORD_Q},
        {"\xe4\xbd\xa0\xe5\xa5\xbd", "=?UTF-8?B?5L2g5aW9?=", 0},
        {"A. (B)", "=?UTF-8?Q?A._(B)?=", MAILPROTO_WORD_Q},
        {"A. (B)", "=?UTF-8?Q?A=2E_=28B=29?=", MAILPROTO_WORD_Q | MAILPROTO_WORD_PHRASE},
    };
    char word[80];
    size_t took, made;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = strlen(cases[i].word);

        assert_int_equal(mailproto_word_encode(cases[i].plain, strlen(cases[i].plain), cases[i].flags, 0, &took, word,
                                               sizeof word, &made),
                         0);
        assert_int_equal(took, strlen(cases[i].plain));
        if (made != n || memcmp(word, cases[i].word, n) != 0)
            fail_msg("\"%s\" became \"%.*s\"", cases[i].plain, (int)made, word);
    }
    assert_int_equal(mailproto_word_encode("a\nb", 3, 0, 0, &took, word, 80, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_word_encode("a\0b", 3, 0, 0, &took, word, 80, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_word_encode("\xc3", 1, 0, 0, &took, word, 80, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_word_encode("abc", 3, 0, 0, &took, word, 14, &made), MAILPROTO_ERR_LIMIT);
    assert_int_equal(made, 15);
}

/* Words are whole, are parsed without a defect, hold whole characters, and give the text back. */
static void test_word_round_trip(void **state)
{
    static char plain[600], back[700];
    mailproto_word parsed;
    char word[80];

    (void)state;
    mailproto_word_init(&parsed, sizeof parsed);
    for (size_t round = 0; round < 20000; round++) {
        size_t n = fill(plain, below(300)), at = 0, got = 0, most = below(2) ? 0 : 24 + below(60);
        uint32_t flags = (uint32_t)below(8);

        while (at < n) {
            size_t took, made, decoded;

            assert_int_equal(mailproto_word_encode(plain + at, n - at, flags, most, &took, word, sizeof word, &made),
                             0);
            assert_true(took > 0 && made <= (most && most < 75 ? most : 75));
            assert_true(mp_utf8_valid((const uint8_t *)plain + at, took));
            assert_int_equal(mailproto_word_parse(word, made, &parsed), 0);
            assert_int_equal(parsed.length, made);
            assert_int_equal(parsed.defects, 0);
            assert_int_equal(mailproto_word_decode(&parsed, back + got, sizeof back - got, &decoded, NULL), 0);
            got += decoded;
            at += took;
        }
        assert_int_equal(got, n);
        assert_memory_equal(back, plain, n);
    }
}

/* ---- values of extended parameters ---- */

static void test_parameter_values(void **state)
{
    static const char whole[] = "us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A";
    mailproto_text charset, language, rest;
    mailproto_codec_report report;
    char text[128];
    size_t made, took;

    (void)state;
    assert_int_equal(mailproto_parameter_value_split(whole, sizeof whole - 1, &charset, &language, &rest), 0);
    same_text(charset, "us-ascii");
    same_text(language, "en-us");
    assert_int_equal(mailproto_parameter_value_decode(rest.ptr, rest.len, text, sizeof text, &made, NULL), 0);
    assert_int_equal(made, 17);
    assert_memory_equal(text, "This is ***fun***", 17);
    assert_int_equal(mailproto_parameter_value_encode("This is ***fun***", 17, 0, &took, text, sizeof text, &made), 0);
    assert_int_equal(made, rest.len);
    assert_memory_equal(text, rest.ptr, made);
    assert_int_equal(mailproto_parameter_value_split("''x", 3, &charset, &language, &rest), 0);
    same_text(rest, "x");
    assert_int_equal(mailproto_parameter_value_split("a'b", 3, &charset, &language, &rest), MAILPROTO_ERR_ARG);
    same_text(rest, "a'b");
    mailproto_codec_report_init(&report, sizeof report);
    assert_int_equal(mailproto_parameter_value_decode("a%zz%4%", 7, text, sizeof text, &made, &report), 0);
    assert_int_equal(made, 7);
    assert_memory_equal(text, "a%zz%4%", 7);
    assert_int_equal(report.count[MAILPROTO_CODEC_ESCAPE], 3);
    assert_int_equal(report.first[MAILPROTO_CODEC_ESCAPE], 1);
    assert_int_equal(mailproto_parameter_value_decode("%41b", 4, text, 1, &made, NULL), MAILPROTO_ERR_LIMIT);
    assert_int_equal(made, 2);
    assert_int_equal(mailproto_parameter_value_encode("a\r", 2, 0, &took, text, 9, &made), MAILPROTO_ERR_ARG);
}

static void test_parameter_round_trip(void **state)
{
    static char plain[600], text[2000], back[2000];

    (void)state;
    for (size_t round = 0; round < 10000; round++) {
        size_t n = fill(plain, below(300)), at = 0, got = 0, most = below(3) ? 12 + below(70) : 0;

        if (n && below(4) == 0)
            plain[below(n)] = (char)(0x80 + below(128)); /* no UTF-8 */
        while (at < n) {
            size_t took, made, decoded;

            assert_int_equal(mailproto_parameter_value_encode(plain + at, n - at, most, &took, text, sizeof text,
                                                              &made),
                             0);
            assert_true(took > 0 && (!most || made <= most));
            for (size_t i = 0; i < made; i++)
                assert_true(text[i] > ' ' && text[i] < 127 && !strchr("*'()<>@,;:\\\"/[]?=", text[i]));
            assert_int_equal(mailproto_parameter_value_decode(text, made, back + got, sizeof back - got, &decoded,
                                                              NULL),
                             0);
            assert_int_equal(decoded, took);
            got += decoded;
            at += took;
        }
        assert_int_equal(got, n);
        assert_memory_equal(back, plain, n);
    }
}

/* ---- names of mailboxes ---- */

static void test_utf7(void **state)
{
    static const struct {
        const char *utf8, *utf7;
    } names[] = {
        {"", ""},
        {"INBOX", "INBOX"},
        {"a&b", "a&-b"},
        {"~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
         "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
        {"Entw\xc3\xbcrfe", "Entw&APw-rfe"},
        {"\xf0\x9f\x98\x80", "&2D3eAA-"},
        {"\t", "&AAk-"},
        {"\xe2\x98\xba!", "&Jjo-!"},
        {"&\xc3\xa9&", "&-&AOk-&-"},
    };
    static const char *const wrong[] = {
        "&",    "a&",       "&Jjo",   "&Jjo!",  "&AGE-", "&U,BTFw-&ZeVnLIqe-", "&AOl-", "&AOkA-", "\xc3\xa9",
        "a\tb", "&2D0-",    "&3gA-",  "&AAAA-", "&AAA-", "&AOkAYQ-",           "&A-",   "&AO-",   "&Jjo\n-",
        "\x7f", "&2D3YPQ-", "&J/o=-", "&AOk/-",
    };
    char text[64];
    size_t made;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t a = strlen(names[i].utf8), b = strlen(names[i].utf7);

        assert_int_equal(mailproto_utf7_encode(names[i].utf8, a, text, sizeof text, &made), 0);
        if (made != b || memcmp(text, names[i].utf7, b) != 0)
            fail_msg("\"%s\" became \"%.*s\"", names[i].utf8, (int)made, text);
        assert_int_equal(mailproto_utf7_decode(names[i].utf7, b, text, sizeof text, &made), 0);
        assert_int_equal(made, a);
        assert_memory_equal(text, names[i].utf8, a);
        if (b) {
            assert_int_equal(mailproto_utf7_encode(names[i].utf8, a, text, b - 1, &made), MAILPROTO_ERR_LIMIT);
            assert_int_equal(made, b);
        }
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (mailproto_utf7_decode(wrong[i], strlen(wrong[i]), text, sizeof text, &made) != MAILPROTO_ERR_ARG)
            fail_msg("\"%s\" was taken", wrong[i]);
    assert_int_equal(mailproto_utf7_encode("\xff", 1, text, 64, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_utf7_encode("a\0b", 3, text, 64, &made), MAILPROTO_ERR_ARG);
}

/* What is taken at all is the one way to write it: every text of up to six octets of those that matter. */
static void test_utf7_is_one_form(void **state)
{
    static const char alphabet[] = "&-A2D3e/,a";
    char utf7[8], utf8[16], again[32];

    (void)state;
    for (size_t n = 0, total = 1; n <= 6; n++, total *= sizeof alphabet - 1)
        for (size_t code = 0; code < total; code++) {
            size_t rest = code, made, size;

            for (size_t i = 0; i < n; i++, rest /= sizeof alphabet - 1)
                utf7[i] = alphabet[rest % (sizeof alphabet - 1)];
            if (mailproto_utf7_decode(utf7, n, utf8, sizeof utf8, &made))
                continue;
            assert_int_equal(mailproto_utf7_encode(utf8, made, again, sizeof again, &size), 0);
            assert_int_equal(size, n);
            assert_memory_equal(again, utf7, n);
        }
}

static void test_utf7_round_trip(void **state)
{
    static char plain[600], text[2000], back[2000];

    (void)state;
    for (size_t round = 0; round < 10000; round++) {
        size_t n = fill(plain, below(300)), made, got;

        assert_int_equal(mailproto_utf7_encode(plain, n, text, sizeof text, &made), 0);
        assert_int_equal(mailproto_utf7_decode(text, made, back, sizeof back, &got), 0);
        assert_int_equal(got, n);
        assert_memory_equal(back, plain, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_no_words),
        cmocka_unit_test(test_word_reports),
        cmocka_unit_test(test_word_encode),
        cmocka_unit_test(test_word_round_trip),
        cmocka_unit_test(test_parameter_values),
        cmocka_unit_test(test_parameter_round_trip),
        cmocka_unit_test(test_utf7),
        cmocka_unit_test(test_utf7_is_one_form),
        cmocka_unit_test(test_utf7_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
