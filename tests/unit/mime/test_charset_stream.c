/* Charsets as a stream: the same however the text is cut and however little room there is; providers, kind and unkind.
   mailproto/mime_charset.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/mime_charset.h"
#include "support/random.h"

static struct test_random seed = {11};

static size_t below(size_t n)
{
    return test_random_below(&seed, n);
}

/* ---- a provider of our own: pairs ---- */

/* Octets below 128 are themselves, "\x81" to "\xfe" begin a pair that is the sum of both; "\x80" and "\xff" are invalid;
   "\x81\x81" is held back until the next. */
struct pairs {
    int open, held;
    int32_t broken; /* answered instead */
};

static void *pairs_open(const char *name, void *user)
{
    struct pairs *p = user;

    p->open += strcmp(name, "X-PAIRS") == 0;
    return strcmp(name, "X-PAIRS") == 0 ? p : NULL;
}

static void pairs_close(void *converter, void *user)
{
    ((struct pairs *)converter)->open--;
    assert_ptr_equal(converter, user);
}

static int32_t pairs_convert(void *converter, const void *in, size_t n, size_t *took, void *out, size_t cap,
                             size_t *made, void *user)
{
    struct pairs *p = converter;
    const uint8_t *from = in;
    uint8_t *to = out;
    size_t at = 0, written = 0;
    int32_t result = MAILPROTO_OK;

    assert_ptr_equal(converter, user);
    if (p->broken)
        return p->broken;
    assert_true(cap >= 12);
    if (!in) {
        if (p->held)
            to[written++] = '!';
        p->held = 0;
        *made = written;
        *took = 0;
        return MAILPROTO_OK;
    }
    while (at < n && !result) {
        size_t length = from[at] < 128 ? 1 : 2;

        if (from[at] == 0x80 || from[at] == 0xff)
            result = MAILPROTO_ERR_ARG;
        else if (at + length > n)
            break;
        else if (cap - written < 3)
            result = MAILPROTO_ERR_LIMIT;
        else {
            if (p->held)
                to[written++] = '!';
            p->held = length == 2 && from[at] == 0x81 && from[at + 1] == 0x81;
            if (length == 1)
                to[written++] = from[at];
            else if (!p->held) {
                to[written++] = 0xc3;
                to[written++] = (uint8_t)(0x80 | ((from[at] + from[at + 1]) & 63));
            }
            at += length;
        }
    }
    *took = at;
    *made = written;
    return result;
}

static struct pairs pairs;
static const mailproto_charset_provider provider = {sizeof provider, &pairs, pairs_open, pairs_convert, pairs_close};

/* ---- cut in any way ---- */

enum { MOST = 64, ROOM = 64 * 4 + 32 };

struct result {
    char out[ROOM];
    size_t made;
    uint64_t defects, invalid, first;
    const char *name;
};

/* Decodes in pieces and with room of at most so many octets; 0: at random. */
static void decode(const char *charset, const mailproto_charset_provider *with, const char *in, size_t n, size_t piece,
                   size_t room, struct result *r)
{
    mailproto_charset_decoder d;
    size_t at = 0, took, made;
    int32_t answer;

    memset(r, 0, sizeof *r);
    mailproto_charset_decoder_init(&d, sizeof d);
    assert_int_equal(mailproto_charset_decoder_open(&d, charset, strlen(charset), with), 0);
    while (at < n) {
        size_t now = piece ? piece : 1 + below(7), cap = room ? room : MAILPROTO_CODEC_ROOM + below(9);

        if (now > n - at)
            now = n - at;
        assert_true(r->made + cap <= sizeof r->out);
        assert_int_equal(mailproto_charset_decode(&d, in + at, now, &took, r->out + r->made, cap, &made), 0);
        assert_true(took <= now && made <= cap && (took || made));
        at += took;
        r->made += made;
    }
    do {
        assert_true(r->made + MAILPROTO_CODEC_ROOM <= sizeof r->out);
        answer = mailproto_charset_decode_end(&d, r->out + r->made, MAILPROTO_CODEC_ROOM, &made);
        r->made += made;
    } while (answer == MAILPROTO_CODEC_MORE && made);
    assert_int_equal(answer, MAILPROTO_OK);
    r->defects = d.defects;
    r->invalid = d.invalid;
    r->first = d.invalid ? d.first_invalid : 0;
    r->name = d.name;
    mailproto_charset_decoder_close(&d);
    mailproto_charset_decoder_close(&d);
}

static size_t fill(char *in)
{
    static const char *const kinds[] = {"abc +-/Zz09",
                                        "\x80\x81\xa4\xc2\xc3\xe2\x82\xed\xa0\xf0\x9f\xff",
                                        "\xd8\xdc\xde\xdf\xfe\xff",
                                        "+AKM-2D3eAA-+ImIDkQ-",
                                        "\x1b$B(JA\x0e\x0f",
                                        "\xa1\xb0\xc8\xf2\x30\x81\x35\xf4"};
    size_t n = below(MOST), narrow = below(sizeof kinds / sizeof *kinds);

    for (size_t i = 0; i < n; i++) {
        const char *kind = kinds[below(3) ? narrow : below(sizeof kinds / sizeof *kinds)];

        in[i] = below(8) ? kind[below(strlen(kind))] : (char)(below(2) ? 0 : below(256));
    }
    return n;
}

static void same_however_cut(const char *charset, const mailproto_charset_provider *with, int rounds)
{
    char in[MOST];
    struct result whole, cut;

    for (int i = 0; i < rounds; i++) {
        size_t n = fill(in);

        decode(charset, with, in, n, MOST, ROOM / 2, &whole);
        for (size_t piece = 0; piece < 4; piece++) {
            decode(charset, with, in, n, piece, piece == 2 ? MAILPROTO_CODEC_ROOM : 0, &cut);
            if (cut.made != whole.made || memcmp(cut.out, whole.out, cut.made) != 0)
                print_message("%s, pieces of %zu\n", charset, piece);
            assert_int_equal(cut.made, whole.made);
            assert_memory_equal(cut.out, whole.out, cut.made);
            assert_int_equal(cut.defects, whole.defects);
            assert_int_equal(cut.invalid, whole.invalid);
            assert_int_equal(cut.first, whole.first);
            assert_ptr_equal(cut.name, whole.name);
        }
    }
}

static void built_in(void **state)
{
    static const char *const charsets[] = {"utf-8",  "",         "us-ascii", "windows-1252", "koi8-r",
                                           "utf-16", "utf-16be", "utf-16le", "utf-32",       "utf-32be",
                                           "utf-7",  "none",     "martian"};

    (void)state;
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        same_however_cut(charsets[i], NULL, 600);
}

static void provided(void **state)
{
    struct result r;

    (void)state;
    same_however_cut("x-pairs", &provider, 1000);
    assert_int_equal(pairs.open, 0);
    decode("x-pairs", &provider, "a\x81\x81z\xff\x90\x20\x90", 8, 1, 0, &r);
    assert_int_equal(r.made, 11);
    assert_memory_equal(r.out, "a!z\xef\xbf\xbd\xc3\xb0\xef\xbf\xbd", 11);
    assert_int_equal(r.invalid, 2);
    assert_int_equal(r.first, 4);
    decode("x-pairs", &provider, "\x81\x81", 2, 1, 0, &r);
    assert_int_equal(r.made, 1);
    /* what it does not know is unknown; what is built in it is not asked for */
    decode("x-other", &provider, "\xff", 1, 1, 0, &r);
    assert_int_equal(r.defects, MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_CHARSET_UNKNOWN));
    decode("x-pairs//x", &provider, "\xff", 1, 1, 0, &r);
    assert_int_equal(r.defects, MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_CHARSET_UNKNOWN));
    decode("latin1", &provider, "\xff", 1, 1, 0, &r);
    assert_int_equal(r.defects, 0);
    assert_int_equal(pairs.open, 0);
}

/* One that breaks the rules ends the decoder, and not the program. */
static void unkind(void **state)
{
    static const int32_t answers[] = {MAILPROTO_ERR_LIMIT, MAILPROTO_ERR_NOMEM, 7};
    char out[64], in[32] = {0};
    size_t made;

    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        pairs.broken = answers[i];
        assert_int_equal(mailproto_charset_to_utf8("x-pairs", 7, in, sizeof in, &provider, out, sizeof out, &made,
                                                   NULL),
                         MAILPROTO_ERR_HOST);
        assert_int_equal(pairs.open, 0);
    }
    pairs.broken = 0;
    /* so many octets begin no character */
    memset(in, 0x90, sizeof in);
    assert_int_equal(mailproto_charset_to_utf8("x-pairs", 7, in, sizeof in, &provider, out, sizeof out, &made, NULL),
                     0);
}

/* The C library's own: it may hold what it likes, but not make it depend on the cuts. */
static void iconv_is_the_same_however_cut(void **state)
{
    static const char *const charsets[] = {"gb2312", "gb18030", "big5",        "shift_jis",
                                           "euc-jp", "euc-kr",  "iso-2022-jp", "ks_c_5601-1987"};

    (void)state;
    if (!mailproto_charset_iconv()) {
        print_message("this build has no iconv\n");
        skip();
    }
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        same_however_cut(charsets[i], mailproto_charset_iconv(), 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in),
        cmocka_unit_test(provided),
        cmocka_unit_test(unkind),
        cmocka_unit_test(iconv_is_the_same_however_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
