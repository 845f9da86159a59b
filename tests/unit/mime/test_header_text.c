/* Unstructured text: folds, encoded words where they may stand and where they may not, 8-bit text, room.
   RFC 5322 section 2.2.3; RFC 2047 sections 5, 6 and 8; RFC 6532. */
#include "show.h"

static const struct {
    const char *in, *out;
} texts[] = {
    {"", ""},
    {" Hello\r\n", "Hello"},
    {" Hello,\r\n world\r\n", "Hello, world"},
    {" a\n\tb \n", "a\tb"},
    {"a  b", "a  b"},
    {"=? no word ?=", "=? no word ?="},
    {"=?utf-8?q?open", "=?utf-8?q?open"},
    {"=?utf-8?x?a?=", "=?utf-8?x?a?="},
    {"a=?b=?c", "a=?b=?c"},
    /* the examples of RFC 2047 8 */
    {"=?ISO-8859-1?Q?a?=", "a"},
    {"=?ISO-8859-1?Q?a?= b", "a b"},
    {"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
    {"=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"},
    {"=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=", "ab"},
    {"=?ISO-8859-1?Q?a_b?=", "a b"},
    {"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"},
    {"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
     "If you can read this you understand the example."},
    {"=?iso-8859-1*fr?Q?caf=E9?=", "caf\xc3\xa9"},
    {"Re: =?UTF-8?B?w6k=?= x", "Re: \xc3\xa9 x"},
    /* a character is cut in two */
    {"=?UTF-8?Q?=C3?= =?UTF-8?Q?=A9?=", "\xc3\xa9 !WORD_SPLIT"},
    {"=?UTF-8?B?4g==?=\r\n =?utf-8?B?gqw=?=", "\xe2\x82\xac !WORD_SPLIT"},
    {"=?UTF-8?Q?=C3?= =?ISO-8859-1?Q?=A9?=", "\xef\xbf\xbd\xc2\xa9 !CHARSET_OCTETS"},
    {"=?UTF-8?Q?=C3?= x", "\xef\xbf\xbd x !CHARSET_OCTETS"},
    /* words that are glued to others, hold blanks, or are too long */
    {"a=?utf-8?q?=C3=A9?=b", "a\xc3\xa9"
                             "b !WORD"},
    {"=?utf-8?q?a?==?utf-8?q?b?=", "ab !WORD"},
    {"=?utf-8?q?a b?=", "a b !WORD"},
    {"=?utf-8?q?a\r\n b?=", "a b !WORD"},
    {"=?utf-8?q?=zz=?=", "=zz= !WORD"},
    {"(=?utf-8?q?a?=)", "(a) !WORD"},
    {"=?utf-8?q?what?\?=", "what?"},
    {"=?utf-8?q?\?=", ""},
    {"x =?utf-8?q?\?= y", "x  y"},
    {"=?utf-8?b?YQ==YQ==?=", "aa"},
    {"=?utf-8?b?YW*J?=", "ab !WORD"},
    {"=?utf-8?b?YWI?=", "ab !WORD"},
    {"=?utf-8?b?w6n_?=", "\xc3\xa9\xef\xbf\xbd !CHARSET_OCTETS"},
    {"=??q?a=E9?=", "a\xc3\xa9 !WORD"},
    {"=?x-none-such?q?=E9a?=", "\xc3\xa9"
                               "a !CHARSET_UNKNOWN"},
    {"=?utf-8?q?a=0D=0Ab?=", "a\r\nb !CONTROL"},
    /* 8-bit text: UTF-8 if it is, else windows-1252, of the whole field */
    {"\xc3\xa9 \xe2\x82\xac", "\xc3\xa9 \xe2\x82\xac"},
    {"\xe9 =?utf-8?q?=C3=A9?= \x80", "\xc3\xa9 \xc3\xa9 \xe2\x82\xac !EIGHT_BIT_HEADER"},
    {"\xc3\xa9 \xe9", "\xc3\x83\xc2\xa9 \xc3\xa9 !EIGHT_BIT_HEADER"},
    {"a\x01z", "a\x01z !CONTROL"},
};

static void decodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t n = strlen(texts[i].in), made, need;
        char *in = exact(texts[i].in, n), out[512];
        uint64_t defects = 0;
        struct show s = {"", 0};

        assert_int_equal(mailproto_mime_text_decode(in, n, NULL, out, sizeof out, &made, &defects), MAILPROTO_OK);
        show_octets(&s, out, made);
        show_defects(&s, defects);
        assert_string_equal(s.text, texts[i].out);
        /* it can be measured, and it fits exactly; with less the need is told */
        assert_int_equal(mailproto_mime_text_decode(in, n, NULL, NULL, 0, &need, NULL),
                         made ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK);
        assert_int_equal(need, made);
        for (size_t cap = 0; cap <= made; cap++) {
            char *room = exact(out, cap);

            assert_int_equal(mailproto_mime_text_decode(in, n, NULL, room, cap, &need, NULL),
                             cap < made ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK);
            assert_int_equal(need, made);
            assert_memory_equal(room, out, cap);
            free(room);
        }
        free(in);
    }
}

static void unfolds(void **state)
{
    static const char in[] = " \t a\r\n b\n\tc\rd =?utf-8?q?x?= \r\n", wanted[] = "a b\tcd =?utf-8?q?x?=";
    char out[64];
    size_t made;

    (void)state;
    assert_int_equal(mailproto_mime_text_unfold(in, sizeof in - 1, out, sizeof out, &made), MAILPROTO_OK);
    assert_int_equal(made, sizeof wanted - 1);
    assert_memory_equal(out, wanted, made);
    assert_int_equal(mailproto_mime_text_unfold(in, sizeof in - 1, out, 3, &made), MAILPROTO_ERR_LIMIT);
    assert_int_equal(made, sizeof wanted - 1);
    assert_int_equal(mailproto_mime_text_unfold("\r\n", 2, out, sizeof out, &made), MAILPROTO_OK);
    assert_int_equal(made, 0);
    assert_int_equal(mailproto_mime_text_unfold(NULL, 0, NULL, 0, &made), MAILPROTO_OK);
}

/* A word cut at every octet into two words says the same, in both encodings. */
static void split_anywhere(void **state)
{
    static const char text[] = "gr\xc3\xbc\xc3\x9f e \xe2\x82\xac\xf0\x9f\x98\x80!";
    size_t n = sizeof text - 1;

    (void)state;
    for (size_t cut = 0; cut <= n; cut++) {
        char in[512], out[128];
        size_t at = 0, made;
        uint64_t defects = 0;

        at += (size_t)sprintf(in + at, "=?UTF-8?Q?");
        for (size_t i = 0; i < n; i++) {
            if (i == cut)
                at += (size_t)sprintf(in + at, "?=\r\n =?utf-8?q?");
            at += (size_t)sprintf(in + at, "=%02X", (uint8_t)text[i]);
        }
        at += (size_t)sprintf(in + at, "?=");
        assert_int_equal(mailproto_mime_text_decode(in, at, NULL, out, sizeof out, &made, &defects), MAILPROTO_OK);
        assert_int_equal(made, n);
        assert_memory_equal(out, text, n);
        assert_int_equal((defects & BIT(WORD_SPLIT)) != 0, cut < n && ((uint8_t)text[cut] & 0xc0) == 0x80);
    }
}

/* A long word is decoded in pieces: nothing is lost between them. */
static void long_words(void **state)
{
    enum { OCTETS = 5000 };
    char *in = malloc(OCTETS * 3 + 64), *out = malloc(OCTETS);
    size_t at = (size_t)sprintf(in, "=?iso-8859-1?q?"), made;

    (void)state;
    for (size_t i = 0; i < OCTETS; i++)
        at += (size_t)sprintf(in + at, "=%02X", (unsigned)('a' + i % 26));
    at += (size_t)sprintf(in + at, "?=");
    assert_int_equal(mailproto_mime_text_decode(in, at, NULL, out, OCTETS, &made, NULL), MAILPROTO_OK);
    assert_int_equal(made, OCTETS);
    for (size_t i = 0; i < OCTETS; i++)
        assert_int_equal(out[i], 'a' + i % 26);
    at = (size_t)sprintf(in, "=?utf-8?b?");
    for (size_t i = 0; i < OCTETS / 3; i++)
        at += (size_t)sprintf(in + at, "YWJj");
    at += (size_t)sprintf(in + at, "?=");
    assert_int_equal(mailproto_mime_text_decode(in, at, NULL, out, OCTETS, &made, NULL), MAILPROTO_OK);
    assert_int_equal(made, OCTETS / 3 * 3);
    for (size_t i = 0; i < made; i++)
        assert_int_equal(out[i], "abc"[i % 3]);
    free(in);
    free(out);
}

static void refuses(void **state)
{
    char out[8];
    size_t made;

    (void)state;
    assert_int_equal(mailproto_mime_text_decode(NULL, 1, NULL, out, 8, &made, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_text_decode("a", 1, NULL, NULL, 8, &made, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_text_decode("a", 1, NULL, out, 8, NULL, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_text_unfold(NULL, 1, out, 8, &made), MAILPROTO_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),    cmocka_unit_test(unfolds), cmocka_unit_test(split_anywhere),
        cmocka_unit_test(long_words), cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
