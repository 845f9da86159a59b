/* Domain names: Punycode's samples, mapping, what is valid, both directions of text, what is the same.
   RFC 3492 section 7.1, RFC 5891, RFC 5892 appendix A, RFC 5893. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/mime_idna.h"

static int is_same(const char *a, const char *b, size_t n, int exact)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i] && (exact || (a[i] | 32) != (b[i] | 32)))
            return 0;
    return 1;
}

static void punycode(void **state)
{
    /* the samples of RFC 3492 section 7.1; (I) has a letter whose case is a note of its own */
    static const char *const samples[][2] = {
        {"\xd9\x84\xd9\x8a\xd9\x87\xd9\x85\xd8\xa7\xd8\xa8\xd8\xaa\xd9\x83\xd9\x84\xd9\x85\xd9\x88\xd8\xb4\xd8\xb9\xd8"
         "\xb1\xd8\xa8\xd9\x8a\xd8\x9f",
         "egbpdaj6bu4bxfgehfvwxn"}, /* A */
        {"\xe4\xbb\x96\xe4\xbb\xac\xe4\xb8\xba\xe4\xbb\x80\xe4\xb9\x88\xe4\xb8\x8d\xe8\xaf\xb4\xe4\xb8\xad\xe6\x96\x87",
         "ihqwcrb4cv8a8dqg056pqjye"}, /* B */
        {"\xe4\xbb\x96\xe5\x80\x91\xe7\x88\xb2\xe4\xbb\x80\xe9\xba\xbd\xe4\xb8\x8d\xe8\xaa\xaa\xe4\xb8\xad\xe6\x96\x87",
         "ihqwctvzc91f659drss3x8bo0yb"}, /* C */
        {"Pro\xc4\x8dprost\xc4\x9bnemluv\xc3\xad\xc4\x8d"
         "esky",
         "Proprostnemluvesky-uyb24dma41a"}, /* D */
        {"\xd7\x9c\xd7\x9e\xd7\x94\xd7\x94\xd7\x9d\xd7\xa4\xd7\xa9\xd7\x95\xd7\x98\xd7\x9c\xd7\x90\xd7\x9e\xd7\x93\xd7"
         "\x91\xd7\xa8\xd7\x99\xd7\x9d\xd7\xa2\xd7\x91\xd7\xa8\xd7\x99\xd7\xaa",
         "4dbcagdahymbxekheh6e0a7fei0b"}, /* E */
        {"\xe0\xa4\xaf\xe0\xa4\xb9\xe0\xa4\xb2\xe0\xa5\x8b\xe0\xa4\x97\xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d"
         "\xe0\xa4\xa6\xe0\xa5\x80\xe0\xa4\x95\xe0\xa5\x8d\xe0\xa4\xaf\xe0\xa5\x8b\xe0\xa4\x82\xe0\xa4\xa8\xe0\xa4\xb9"
         "\xe0\xa5\x80\xe0\xa4\x82\xe0\xa4\xac\xe0\xa5\x8b\xe0\xa4\xb2\xe0\xa4\xb8\xe0\xa4\x95\xe0\xa4\xa4\xe0\xa5\x87"
         "\xe0\xa4\xb9\xe0\xa5\x88\xe0\xa4\x82",
         "i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd"}, /* F */
        {"\xe3\x81\xaa\xe3\x81\x9c\xe3\x81\xbf\xe3\x82\x93\xe3\x81\xaa\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x82\x92"
         "\xe8\xa9\xb1\xe3\x81\x97\xe3\x81\xa6\xe3\x81\x8f\xe3\x82\x8c\xe3\x81\xaa\xe3\x81\x84\xe3\x81\xae\xe3\x81\x8b",
         "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa"}, /* G */
        {"\xec\x84\xb8\xea\xb3\x84\xec\x9d\x98\xeb\xaa\xa8\xeb\x93\xa0\xec\x82\xac\xeb\x9e\x8c\xeb\x93\xa4\xec\x9d\xb4"
         "\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4\xeb\xa5\xbc\xec\x9d\xb4\xed\x95\xb4\xed\x95\x9c\xeb\x8b\xa4\xeb\xa9\xb4"
         "\xec\x96\xbc\xeb\xa7\x88\xeb\x82\x98\xec\xa2\x8b\xec\x9d\x84\xea\xb9\x8c",
         "989aomsvi5e83db1d2a355cv1e0vak1dwrv93d5xbh15a0dt30a5jpsd879ccm6fea98c"}, /* H */
        {"\xd0\xbf\xd0\xbe\xd1\x87\xd0\xb5\xd0\xbc\xd1\x83\xd0\xb6\xd0\xb5\xd0\xbe\xd0\xbd\xd0\xb8\xd0\xbd\xd0\xb5\xd0"
         "\xb3\xd0\xbe\xd0\xb2\xd0\xbe\xd1\x80\xd1\x8f\xd1\x82\xd0\xbf\xd0\xbe\xd1\x80\xd1\x83\xd1\x81\xd1\x81\xd0\xba"
         "\xd0\xb8",
         "b1abfaaepdrnnbgefbaDotcwatmq2g4l"}, /* I */
        {"Porqu\xc3\xa9nopuedensimplementehablarenEspa\xc3\xb1ol",
         "PorqunopuedensimplementehablarenEspaol-fmd56a"}, /* J */
        {"T\xe1\xba\xa1isaoh\xe1\xbb\x8dkh\xc3\xb4ngth\xe1\xbb\x83"
         "ch\xe1\xbb\x89n\xc3\xb3iti\xe1\xba\xbfngVi\xe1\xbb\x87t",
         "TisaohkhngthchnitingVit-kjcr8268qyxafd2f1b9g"}, /* K */
        {"3\xe5\xb9\xb4"
         "B\xe7\xb5\x84\xe9\x87\x91\xe5\x85\xab\xe5\x85\x88\xe7\x94\x9f",
         "3B-ww4c5e180e575a65lsy2b"}, /* L */
        {"\xe5\xae\x89\xe5\xae\xa4\xe5\xa5\x88\xe7\xbe\x8e\xe6\x81\xb5-with-SUPER-MONKEYS",
         "-with-SUPER-MONKEYS-pc58ag80a8qai00g7n9n"}, /* M */
        {"Hello-Another-Way-\xe3\x81\x9d\xe3\x82\x8c\xe3\x81\x9e\xe3\x82\x8c\xe3\x81\xae\xe5\xa0\xb4\xe6\x89\x80",
         "Hello-Another-Way--fc4qua05auwb3674vfr0b"}, /* N */
        {"\xe3\x81\xb2\xe3\x81\xa8\xe3\x81\xa4\xe5\xb1\x8b\xe6\xa0\xb9\xe3\x81\xae\xe4\xb8\x8b"
         "2",
         "2-u9tlzr9756bt3uc0v"}, /* O */
        {"Maji\xe3\x81\xa7Koi\xe3\x81\x99\xe3\x82\x8b"
         "5\xe7\xa7\x92\xe5\x89\x8d",
         "MajiKoi5-783gue6qz075azm5e"}, /* P */
        {"\xe3\x83\x91\xe3\x83\x95\xe3\x82\xa3\xe3\x83\xbc"
         "de\xe3\x83\xab\xe3\x83\xb3\xe3\x83\x90",
         "de-jg4avhby1noc0d"}, /* Q */
        {"\xe3\x81\x9d\xe3\x81\xae\xe3\x82\xb9\xe3\x83\x94\xe3\x83\xbc\xe3\x83\x89\xe3\x81\xa7",
         "d9juau41awczczp"},             /* R */
        {"-> $1.00 <-", "-> $1.00 <--"}, /* S */
    };
    char out[256];
    size_t made;

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        size_t n = strlen(samples[i][0]), coded = strlen(samples[i][1]);

        assert_int_equal(mailproto_punycode_encode(samples[i][0], n, out, sizeof out, &made), 0);
        assert_int_equal(made, coded);
        assert_true(is_same(out, samples[i][1], made, 0));
        assert_int_equal(mailproto_punycode_encode(samples[i][0], n, out, coded - 1, &made), MAILPROTO_ERR_LIMIT);
        assert_int_equal(made, coded);
        assert_int_equal(mailproto_punycode_decode(samples[i][1], coded, out, sizeof out, &made), 0);
        assert_int_equal(made, n);
        assert_memory_equal(out, samples[i][0], n);
        assert_int_equal(mailproto_punycode_decode(samples[i][1], coded, out, n - 1, &made), MAILPROTO_ERR_LIMIT);
        assert_int_equal(made, n);
    }
}

static void punycode_refuses(void **state)
{
    static const char *const wrong[] = {"-abc", "ab-\xc3\xa9", "\xc3\xa9-", "99999999",
                                        "ab-z", "0000",        "a-b!",      "ls8h="};
    char out[64], many[2000];
    size_t made;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(mailproto_punycode_decode(wrong[i], strlen(wrong[i]), out, sizeof out, &made),
                         MAILPROTO_ERR_ARG);
    memset(many, 'a', sizeof many);
    assert_int_equal(mailproto_punycode_encode(many, sizeof many, out, sizeof out, &made), MAILPROTO_ERR_LIMIT);
    many[1999] = '-';
    assert_int_equal(mailproto_punycode_decode(many, sizeof many, out, sizeof out, &made), MAILPROTO_ERR_LIMIT);
    assert_int_equal(mailproto_punycode_encode("\xff", 1, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_punycode_encode("", 0, out, sizeof out, &made), 0);
    assert_int_equal(made, 0);
    assert_int_equal(mailproto_punycode_encode(NULL, 1, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_punycode_decode("a", 1, NULL, 1, &made), MAILPROTO_ERR_ARG);
}

/* ---- names ---- */

static const struct name {
    const char *in, *ascii, *unicode; /* unicode NULL: the same as in */
    uint32_t flags;
} names[] = {
    {"example.org", "example.org", NULL, 0},
    {"EXAMPLE.Org.", "EXAMPLE.Org.", NULL, 0},
    {"_dmarc.example.org", "_dmarc.example.org", NULL, 0},
    {"b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example", NULL, 0},
    {"b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example", NULL, MAILPROTO_IDNA_STRICT | MAILPROTO_IDNA_LDH},
    {"B\xc3\x9c"
     "CHER.example",
     "xn--bcher-kva.example",
     "b\xc3\xbc"
     "cher.example",
     0},
    /* u and a mark, which compose */
    {"bu\xcc\x88"
     "cher.example",
     "xn--bcher-kva.example",
     "b\xc3\xbc"
     "cher.example",
     0},
    {"XN--BCHER-KVA.example", "XN--BCHER-KVA.example",
     "b\xc3\xbc"
     "cher.example",
     0},
    {"fa\xc3\x9f.de", "xn--fa-hia.de", NULL, 0},
    {"\xe6\x97\xa5\xe6\x9c\xac\xe3\x80\x82jp", "xn--wgv71a.jp", "\xe6\x97\xa5\xe6\x9c\xac.jp", 0},
    {"\xef\xbd\x81\xef\xbc\xa2\xef\xbc\x8e"
     "com",
     "ab.com", "ab.com", 0}, /* full width */
    {"a.\xd7\x90\xd7\x91", "a.xn--4dbc", NULL, 0},
    {"\xc4\xb0x.com", "xn--ix-rub.com", "i\xcc\x87x.com", 0},
    {"l\xc2\xb7l", "xn--ll-0ea", NULL, 0},
    /* joiners in their places: Persian, Sinhala */
    {"\xd9\x86\xd8\xa7\xd9\x85\xd9\x87\xe2\x80\x8c\xd8\xa7\xdb\x8c", "xn--mgba3gch31f060k", NULL, 0},
    {"\xe0\xb7\x81\xe0\xb7\x8a\xe2\x80\x8d\xe0\xb6\xbb\xe0\xb7\x93", "xn--10cl1a0b660p", NULL, 0},
    {"\xe0\xb6\xb1\xe0\xb7\x8a\xe2\x80\x8d\xe0\xb6\xaf", "xn--p0cd9eu84g", NULL, 0},
    {"\xd7\x90\xd7\xb3", "xn--4db4e", NULL, 0},
    {"\xcd\xb5\xce\xb1", "xn--wva4j", NULL, 0},
    {"\xe3\x82\xa2\xe3\x83\xbb\xe3\x82\xa2", "xn--ccka0y", NULL, 0},
    {"\xd9\xa1\xd8\xa7", NULL, NULL, 0}, /* an Arabic digit begins no label */
    {"\xd8\xa7\xd9\xa1", "xn--mgb0j", NULL, 0},
    /* refused */
    {"\xe2\x98\x83.net", NULL, NULL, 0},
    {"a..b", NULL, NULL, 0},
    {".", NULL, NULL, 0},
    {".a", NULL, NULL, 0},
    {"a b", NULL, NULL, 0},
    {"a@b", NULL, NULL, 0},
    {"-a\xc3\xbc", NULL, NULL, 0},
    {"ab--\xc3\xbc", NULL, NULL, 0},
    {"xn--a", NULL, NULL, 0},
    {"xn--bcher-kv", NULL, NULL, 0},
    {"xn--abc-", NULL, NULL, 0},
    {"xn--BCHER-kvb\xc3\xbc", NULL, NULL, 0},
    {"\xff", NULL, NULL, 0},
    {"\xcc\x81"
     "a",
     NULL, NULL, 0}, /* a mark first */
    {"a\xc2\xb7"
     "b",
     NULL, NULL, 0},
    {"a\xe2\x80\x8d", NULL, NULL, 0},
    {"a\xe2\x80\x8c"
     "b",
     NULL, NULL, 0},
    {"\xd7\xb3\xd7\x90", NULL, NULL, 0},
    {"\xce\xb1\xcd\xb5", NULL, NULL, 0},
    {"a\xe3\x83\xbb", NULL, NULL, 0},
    {"\xd8\xa7\xd9\xa1\xdb\xb1", NULL, NULL, 0}, /* both kinds of digits */
    {"1.\xd7\x90", NULL, NULL, 0},               /* a digit first, in a name with a Hebrew label */
    {"\xd7\x90-", NULL, NULL, 0},
    {"a\xd7\x90", NULL, NULL, 0},
    {"B\xc3\xbc", NULL, NULL, MAILPROTO_IDNA_STRICT},
    {"bu\xcc\x88", NULL, NULL, MAILPROTO_IDNA_STRICT},
    {"_a", NULL, NULL, MAILPROTO_IDNA_LDH},
    {"a-", NULL, NULL, MAILPROTO_IDNA_LDH},
};

static void both_ways(void **state)
{
    char out[300], back[1100];
    size_t made, shown;

    (void)state;
    if (!mailproto_unicode_version())
        skip();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct name *n = &names[i];
        size_t length = strlen(n->in);
        int32_t result = mailproto_idna_to_ascii(n->in, length, n->flags, out, sizeof out, &made);

        if (!n->ascii) {
            if (result != MAILPROTO_ERR_ARG)
                print_message("%zu: %.*s\n", i, (int)made, out);
            assert_int_equal(result, MAILPROTO_ERR_ARG);
            continue;
        }
        if (result || made != strlen(n->ascii) || memcmp(out, n->ascii, made) != 0)
            print_message("%zu: %d %.*s\n", i, (int)result, (int)made, out);
        assert_int_equal(result, 0);
        assert_int_equal(made, strlen(n->ascii));
        assert_memory_equal(out, n->ascii, made);
        assert_int_equal(mailproto_idna_to_unicode(out, made, back, sizeof back, &shown), 0);
        assert_int_equal(shown, strlen(n->unicode ? n->unicode : n->in));
        assert_memory_equal(back, n->unicode ? n->unicode : n->in, shown);
        assert_int_equal(mailproto_idna_same(n->in, length, out, made), 1);
        for (size_t cap = 0; cap < made; cap++) {
            size_t needed;

            memset(back, 'Z', sizeof back);
            assert_int_equal(mailproto_idna_to_ascii(n->in, length, n->flags, back, cap, &needed), MAILPROTO_ERR_LIMIT);
            assert_int_equal(needed, made);
            assert_int_equal(back[cap], 'Z');
        }
    }
}

static void shown_as_it_is(void **state)
{
    /* what is no valid A-label stays */
    static const char *const same[] = {"xn--a.b",       "xn--abc-",    "a..b", "xn--",
                                       "b\303\274cher", "xn--n3h.net", "\xff", "xn--a-0hc"};
    char out[64];
    size_t made;

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_int_equal(mailproto_idna_to_unicode(same[i], strlen(same[i]), out, sizeof out, &made), 0);
        assert_int_equal(made, strlen(same[i]));
        assert_memory_equal(out, same[i], made);
    }
    assert_int_equal(mailproto_idna_to_unicode("", 0, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_idna_to_unicode("abc", 3, out, 2, &made), MAILPROTO_ERR_LIMIT);
    assert_int_equal(made, 3);
}

static void lengths(void **state)
{
    char name[1100], out[300];
    size_t made;

    (void)state;
    memset(name, 'a', sizeof name);
    assert_int_equal(mailproto_idna_to_ascii(name, 63, 0, out, sizeof out, &made), 0);
    assert_int_equal(mailproto_idna_to_ascii(name, 64, 0, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    for (size_t i = 63; i < sizeof name; i += 64)
        name[i] = '.';
    assert_int_equal(mailproto_idna_to_ascii(name, 253, 0, out, sizeof out, &made), 0);
    assert_int_equal(made, 253);
    assert_int_equal(mailproto_idna_to_ascii(name, 254, 0, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    name[253] = '.';
    assert_int_equal(mailproto_idna_to_ascii(name, 254, 0, out, sizeof out, &made), 0);
    assert_int_equal(made, 254);
    assert_int_equal(mailproto_idna_to_ascii(name, sizeof name, 0, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_idna_to_ascii(NULL, 1, 0, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_idna_to_ascii("a", 1, 0, NULL, 1, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_idna_to_ascii("", 0, 0, out, 1, &made), MAILPROTO_ERR_ARG);
}

static void same(void **state)
{
    static const struct {
        const char *a, *b;
        int32_t same;
    } pairs[] = {
        {"Example.ORG", "example.org.", 1},
        {"example.org", "example.com", 0},
        {"a b", "A B", 1},
        {"a b", "a  b", 0},
        {"", "", 1},
        {"a", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_int_equal(mailproto_idna_same(pairs[i].a, strlen(pairs[i].a), pairs[i].b, strlen(pairs[i].b)),
                         pairs[i].same);
    assert_int_equal(mailproto_idna_same(NULL, 0, "a", 1), 0);
}

/* A build without the table says so, and takes ASCII. */
static void without_the_table(void **state)
{
    char out[64];
    size_t made;
    int32_t result = mailproto_idna_to_ascii("b\xc3\xbc", 3, 0, out, sizeof out, &made);

    (void)state;
    assert_int_equal(result, mailproto_unicode_version() ? MAILPROTO_OK : MAILPROTO_ERR_UNSUPPORTED);
    assert_int_equal(mailproto_idna_to_ascii("xn--bcher-kva", 13, 0, out, sizeof out, &made), MAILPROTO_OK);
    assert_int_equal(made, 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(punycode),          cmocka_unit_test(punycode_refuses), cmocka_unit_test(both_ways),
        cmocka_unit_test(shown_as_it_is),    cmocka_unit_test(lengths),          cmocka_unit_test(same),
        cmocka_unit_test(without_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
