/* uuencode: known lines, every length there and back, every cut, what is wrong in the wild.
   POSIX.1-2008, uuencode, the historical algorithm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/mime_uucode.h"
#include "support/random.h"

static struct test_random seed = {5};

static size_t below(size_t n)
{
    return test_random_below(&seed, n);
}

enum { MOST = 300, ROOM = 1024 };

static size_t encode(const char *name, uint32_t flags, const void *in, size_t n, char *out)
{
    mailproto_uu_encoder e;
    size_t made;

    mailproto_uu_encoder_init(&e, sizeof e);
    e.flags = flags;
    e.name = (mailproto_text){name, strlen(name)};
    assert_int_equal(mailproto_uu_encode_all(&e, in, n, out, ROOM, &made), 0);
    return made;
}

static void known(void **state)
{
    static const char cat[] = "begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n";
    static const char zeros[] = "begin 644 file\r\n#    \r\n \r\nend\r\n";
    char out[ROOM];

    (void)state;
    assert_int_equal(encode("cat.txt", 0, "Cat", 3, out), sizeof cat - 1);
    assert_memory_equal(out, cat, sizeof cat - 1);
    assert_int_equal(encode("", MAILPROTO_UU_BLANK, "\0\0\0", 3, out), sizeof zeros - 1);
    assert_memory_equal(out, zeros, sizeof zeros - 1);
}

/* Octet by octet, in and out, is the same as in one piece. */
static size_t encode_cut(const char *name, const char *in, size_t n, char *out)
{
    mailproto_uu_encoder e;
    size_t at = 0, total = 0, took, made;
    int32_t result;

    mailproto_uu_encoder_init(&e, sizeof e);
    e.name = (mailproto_text){name, strlen(name)};
    while (at < n) {
        size_t piece = 1 + below(n - at);

        assert_int_equal(mailproto_uu_encode(&e, in + at, piece, &took, out + total, 16 + below(9), &made), 0);
        at += took;
        total += made;
    }
    do {
        result = mailproto_uu_encode_end(&e, out + total, 16, &made);
        total += made;
    } while (result == MAILPROTO_CODEC_MORE);
    assert_int_equal(result, 0);
    assert_int_equal(mailproto_uu_encode(&e, in, 1, &took, out, 16, &made), MAILPROTO_ERR_STATE);
    return total;
}

struct decoded {
    char out[ROOM];
    size_t made;
    mailproto_uu_decoder d;
    mailproto_codec_report report;
};

static void decode_cut(const char *in, size_t n, uint32_t flags, size_t most, struct decoded *r)
{
    size_t at = 0, took, made;
    int32_t result;

    memset(r, 0, sizeof *r);
    mailproto_uu_decoder_init(&r->d, sizeof r->d);
    mailproto_codec_report_init(&r->report, sizeof r->report);
    r->d.flags = flags;
    r->d.report = &r->report;
    while (at < n) {
        size_t piece = 1 + below(most), cap = most > n ? ROOM - r->made : 1 + below(20);

        piece = most > n ? n - at : piece < n - at ? piece : n - at;
        assert_int_equal(mailproto_uu_decode(&r->d, in + at, piece, &took, r->out + r->made, cap, &made), 0);
        assert_true(took <= piece && made <= cap);
        at += took;
        r->made += made;
    }
    do {
        result = mailproto_uu_decode_end(&r->d, r->out + r->made, 16, &made);
        r->made += made;
    } while (result == MAILPROTO_CODEC_MORE);
    assert_int_equal(result, 0);
    r->d.report = NULL;
}

static void same(const char *in, size_t n, uint32_t flags, struct decoded *whole)
{
    struct decoded cut;

    decode_cut(in, n, flags, n + 1, whole);
    for (int i = 0; i < 4; i++) {
        decode_cut(in, n, flags, i ? 1 + below(30) : 1, &cut);
        assert_int_equal(cut.made, whole->made);
        assert_memory_equal(cut.out, whole->out, cut.made);
        assert_memory_equal(&cut.report, &whole->report, sizeof cut.report);
        assert_int_equal(cut.d.begin, whole->d.begin);
        assert_int_equal(cut.d.end, whole->d.end);
        assert_string_equal(cut.d.name, whole->d.name);
    }
}

static void there_and_back(void **state)
{
    char in[MOST] = {0}, out[ROOM], cut[ROOM], back[MOST];
    struct decoded r;

    (void)state;
    for (size_t n = 0; n <= MOST; n++) {
        mailproto_uu_decoder d;
        size_t made, length;

        for (size_t i = 0; i < n; i++)
            in[i] = (char)(below(4) ? below(256) : 0);
        length = encode("a name.bin", n & 1 ? MAILPROTO_UU_BLANK : 0, in, n, out);
        if (!(n & 1)) {
            assert_int_equal(encode_cut("a name.bin", in, n, cut), length);
            assert_memory_equal(cut, out, length);
        }
        mailproto_uu_decoder_init(&d, sizeof d);
        assert_int_equal(mailproto_uu_decode_all(&d, out, length, back, n, &made), 0);
        assert_int_equal(made, n);
        assert_memory_equal(back, in, n);
        assert_string_equal(d.name, "a name.bin");
        assert_int_equal(d.mode, 0644);
        assert_int_equal(d.where, MAILPROTO_UU_AFTER);
        assert_int_equal(d.end, length);
        assert_int_equal(mailproto_uu_decode_all(&d, out, length, back, n, &made), MAILPROTO_ERR_STATE);
        same(out, length, 0, &r);
        assert_int_equal(r.report.kinds, 0);
    }
}

#define BIT(kind) (1u << MAILPROTO_CODEC_##kind)

static const struct {
    const char *in, *out;
    uint32_t kinds, flags;
} wild[] = {
    {"text\nbegin 755 x\n#0V%T\n`\nend\nmore", "Cat", BIT(OUTSIDE), 0},
    {"begin 644 x\n#0V%T\n \nend\n", "Cat", 0, 0},
    {"begin 644 x\n#0V%T\nend", "Cat", 0, 0},
    {"begin 0644  x \r\n#0V%TZ\r\n`\r\nend \r\n", "Cat", 0, 0}, /* with a sum behind it */
    {"begin 644 x\n#0V%TZZZ\n`\nend\n", "Cat", BIT(WIDTH), 0},
    {"begin 644 x\n\"0V$\nend\n", "Ca", 0, 0},
    {"begin 644 x\n!0P\nend\n", "C", 0, 0},
    {"begin 644 x\n$0V%T\nend\n", "Cat\0", BIT(WIDTH), 0},
    {"begin 644 x\n#0V%T\n", "Cat", BIT(FRAME), 0},
    {"begin 644 x\n#0V%T", "Cat", BIT(FRAME), 0},
    {"begin 644 x\n#0V%T\nnonsense\n#0V%T\n`\nend\n", "CatCat", BIT(OUTSIDE), 0},
    {"begin 644 x\n\n#0V%T\n\nend\n", "Cat", 0, 0},
    {"begin 644 x\n#0V%\x7f\nend\n", "Ca\x5f", BIT(INVALID), 0},
    {"begin\nbegin 6 x\nbegin abc x\nbegin 644\n", "", BIT(OUTSIDE) | BIT(FRAME), 0},
    {"", "", BIT(FRAME), 0},
    {"#0V%T\n`\nend\n", "Cat", 0, MAILPROTO_UU_NO_BEGIN},
};

static void in_the_wild(void **state)
{
    struct decoded r;

    (void)state;
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
        same(wild[i].in, strlen(wild[i].in), wild[i].flags, &r);
        if (r.report.kinds != wild[i].kinds)
            print_message("%zu\n", i);
        assert_int_equal(r.report.kinds, wild[i].kinds);
        if (wild[i].kinds != BIT(WIDTH) || wild[i].out[0] != 'C' || r.made != 4)
            assert_int_equal(r.made, strlen(wild[i].out));
        assert_memory_equal(r.out, wild[i].out, r.made);
    }
}

/* A line longer than any, a name longer than is kept, noise. */
static void long_and_noisy(void **state)
{
    char in[ROOM];
    struct decoded r;

    (void)state;
    memset(in, 'n', sizeof in);
    memcpy(in, "begin 644 ", 10);
    same(in, ROOM - 100, 0, &r);
    assert_int_equal(r.d.name_length, MAILPROTO_UU_NAME);
    for (int round = 0; round < 200; round++) {
        size_t n = below(200);

        memcpy(in, "begin 644 x\n", 12);
        for (size_t i = below(2) ? 12 : 0; i < n; i++)
            in[i] = "M#`\n\r end09\x80"[below(13)];
        same(in, n, 0, &r);
    }
}

static void arguments(void **state)
{
    mailproto_uu_encoder e;
    mailproto_uu_decoder d;
    char out[16];
    size_t took, made;

    (void)state;
    mailproto_uu_encoder_init(&e, sizeof e);
    e.name = (mailproto_text){"a\nb", 3};
    assert_int_equal(mailproto_uu_encode(&e, "a", 1, &took, out, 16, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_uu_encode_all(&e, "a", 1, out, 16, &made), MAILPROTO_ERR_ARG);
    e.name = (mailproto_text){NULL, 0};
    assert_int_equal(mailproto_uu_encode_all(&e, "a", 1, out, 16, &made), MAILPROTO_ERR_LIMIT);
    assert_int_equal(made, 16 + 7 + 3 + 5);
    assert_int_equal(mailproto_uu_encode(NULL, "a", 1, &took, out, 16, &made), MAILPROTO_ERR_ARG);
    mailproto_uu_decoder_init(&d, sizeof d);
    assert_int_equal(mailproto_uu_decode(&d, NULL, 1, &took, out, 16, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_uu_decode_all(NULL, "a", 1, out, 16, &made), MAILPROTO_ERR_ARG);
}

/* ---- a pair that another library's tests have, where the mail corpus is there ---- */

static uint8_t *read_file(const char *name, size_t *n)
{
    const char *corpus = getenv("MAILPROTO_CORPUS");
    char path[1024];
    uint8_t *p = malloc(1 << 22);
    FILE *file;

    assert_non_null(p);
    snprintf(path, sizeof path, "%s/jstedfast+MimeKit/UnitTests/TestData/encoders/%s", corpus ? corpus : "", name);
    file = corpus ? fopen(path, "rb") : NULL;
    if (!file) {
        free(p);
        return NULL;
    }
    *n = fread(p, 1, 1 << 22, file);
    fclose(file);
    return p;
}

static size_t without_cr(uint8_t *p, size_t n)
{
    size_t to = 0;

    for (size_t i = 0; i < n; i++)
        if (p[i] != '\r')
            p[to++] = p[i];
    return to;
}

static void pair(void **state)
{
    size_t plain_size, text_size, made;
    uint8_t *plain = read_file("photo.jpg", &plain_size), *text = read_file("photo.uu", &text_size), *out;
    mailproto_uu_encoder e;
    mailproto_uu_decoder d;

    (void)state;
    if (!plain || !text) {
        free(plain);
        free(text);
        print_message("MAILPROTO_CORPUS names no folder with photo.jpg and photo.uu\n");
        skip();
    }
    out = malloc(plain_size * 2);
    assert_non_null(out);
    mailproto_uu_decoder_init(&d, sizeof d);
    assert_int_equal(mailproto_uu_decode_all(&d, text, text_size, out, plain_size * 2, &made), 0);
    assert_int_equal(made, plain_size);
    assert_memory_equal(out, plain, plain_size);
    assert_string_equal(d.name, "photo.jpg");
    assert_int_equal(d.mode, MAILPROTO_UU_MODE);
    mailproto_uu_encoder_init(&e, sizeof e);
    e.name = (mailproto_text){d.name, d.name_length};
    assert_int_equal(mailproto_uu_encode_all(&e, plain, plain_size, out, plain_size * 2, &made), 0);
    text_size = without_cr(text, text_size); /* it may have been kept with LF */
    made = without_cr(out, made);
    assert_int_equal(made, text_size);
    assert_memory_equal(out, text, made);
    free(plain);
    free(text);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known),          cmocka_unit_test(there_and_back), cmocka_unit_test(in_the_wild),
        cmocka_unit_test(long_and_noisy), cmocka_unit_test(arguments),      cmocka_unit_test(pair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
