/* yEnc: known lines, every length there and back, every cut, parts, sums that are wrong.
   yenc-draft.1.3.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/mime_yenc.h"
#include "support/random.h"

static struct test_random seed = {6};

static size_t below(size_t n)
{
    return test_random_below(&seed, n);
}

enum { MOST = 300, ROOM = 1600 };

static void name_it(mailproto_yenc_file *file, const char *name, size_t size)
{
    mailproto_yenc_file_init(file, sizeof *file);
    file->name_length = (uint32_t)strlen(name);
    memcpy(file->name, name, file->name_length + 1);
    file->size = size;
}

static size_t encode(const mailproto_yenc_file *file, const char *in, size_t n, char *out)
{
    mailproto_yenc_encoder e;
    size_t made;

    mailproto_yenc_encoder_init(&e, sizeof e);
    e.file = file;
    assert_int_equal(mailproto_yenc_encode_all(&e, in, n, out, ROOM, &made), 0);
    return made;
}

static size_t encode_cut(const mailproto_yenc_file *file, const char *in, size_t n, char *out)
{
    mailproto_yenc_encoder e;
    size_t at = 0, total = 0, took, made;
    int32_t result;

    mailproto_yenc_encoder_init(&e, sizeof e);
    e.file = file;
    while (at < n) {
        assert_int_equal(mailproto_yenc_encode(&e, in + at, 1 + below(n - at), &took, out + total, 16 + below(9),
                                               &made),
                         0);
        at += took;
        total += made;
    }
    do {
        result = mailproto_yenc_encode_end(&e, out + total, 16, &made);
        total += made;
    } while (result == MAILPROTO_CODEC_MORE);
    assert_int_equal(result, 0);
    return total;
}

struct decoded {
    char out[ROOM];
    size_t made;
    mailproto_yenc_decoder d;
    mailproto_yenc_file file;
    mailproto_codec_report report;
};

static void decode_cut(const char *in, size_t n, size_t most, struct decoded *r)
{
    size_t at = 0, took, made;

    memset(r, 0, sizeof *r);
    mailproto_yenc_decoder_init(&r->d, sizeof r->d);
    mailproto_yenc_file_init(&r->file, sizeof r->file);
    mailproto_codec_report_init(&r->report, sizeof r->report);
    r->d.report = &r->report;
    r->d.file = &r->file;
    while (at < n) {
        size_t piece = 1 + below(most), cap = most > n ? ROOM - r->made : 1 + below(20);

        piece = most > n ? n - at : piece < n - at ? piece : n - at;
        assert_int_equal(mailproto_yenc_decode(&r->d, in + at, piece, &took, r->out + r->made, cap, &made), 0);
        assert_true(took <= piece && made <= cap);
        at += took;
        r->made += made;
    }
    assert_int_equal(mailproto_yenc_decode_end(&r->d, r->out + r->made, 16, &made), 0);
    r->made += made;
}

static void same(const char *in, size_t n, struct decoded *whole)
{
    struct decoded cut;

    decode_cut(in, n, n + 1, whole);
    for (int i = 0; i < 4; i++) {
        decode_cut(in, n, i ? 1 + below(30) : 1, &cut);
        assert_int_equal(cut.made, whole->made);
        assert_memory_equal(cut.out, whole->out, cut.made);
        assert_memory_equal(&cut.report, &whole->report, sizeof cut.report);
        assert_memory_equal(&cut.file, &whole->file, sizeof cut.file);
        assert_int_equal(cut.d.begin, whole->d.begin);
        assert_int_equal(cut.d.end, whole->d.end);
        assert_int_equal(cut.d.crc, whole->d.crc);
    }
}

static void known(void **state)
{
    static const char expected[] = "=ybegin line=128 size=5 name=a b.bin\r\n"
                                   "=n=}=J=Mk\r\n"
                                   "=yend size=5 crc32=";
    static const char in[] = {4, 19, (char)(10 - 42), (char)(13 - 42), 'A'};
    mailproto_yenc_file file;
    char out[ROOM];

    (void)state;
    assert_int_equal(mailproto_yenc_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(mailproto_yenc_crc32(mailproto_yenc_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
    assert_int_equal(mailproto_yenc_crc32(0, "", 0), 0);
    name_it(&file, "a b.bin", 5);
    assert_int_equal(encode(&file, in, 5, out), sizeof expected - 1 + 10);
    assert_memory_equal(out, expected, sizeof expected - 1);
}

/* Nothing that mail would spoil: lines of the length, no dot first, no blanks at either end. */
static void crosses_mail(const char *out, size_t n, size_t line)
{
    size_t column = 0;

    for (size_t i = 0; i < n; i++) {
        assert_int_not_equal(out[i], 0);
        if (out[i] == '\r') {
            assert_int_equal(out[i + 1], '\n');
            assert_true(column == 0 || (out[i - 1] != ' ' && out[i - 1] != '\t'));
            column = 0;
            i++;
            continue;
        }
        assert_int_not_equal(out[i], '\n');
        if (!column)
            assert_true(out[i] != '.' && out[i] != ' ' && out[i] != '\t');
        assert_true(++column <= line + 1 || out[i - column + 1] == '=');
    }
}

static void there_and_back(void **state)
{
    char in[MOST] = {0}, out[ROOM], cut[ROOM];
    struct decoded r;

    (void)state;
    for (size_t n = 0; n <= MOST; n++) {
        mailproto_yenc_file file;
        size_t length;

        for (size_t i = 0; i < n; i++)
            in[i] = below(2) ? (char)below(256) : (char)("\0\r\n= \t."[below(7)] - 42);
        name_it(&file, "name with size=7.bin", n);
        file.line_length = (uint32_t)below(100);
        length = encode(&file, in, n, out);
        crosses_mail(out, length, file.line_length ? file.line_length : 128);
        assert_int_equal(encode_cut(&file, in, n, cut), length);
        assert_memory_equal(cut, out, length);
        same(out, length, &r);
        assert_int_equal(r.made, n);
        assert_memory_equal(r.out, in, n);
        assert_int_equal(r.report.kinds, 0);
        assert_string_equal(r.file.name, "name with size=7.bin");
        assert_int_equal(r.file.size, n);
        assert_int_equal(r.file.crc, mailproto_yenc_crc32(0, in, n));
        assert_int_equal(r.d.end, length);
    }
}

static void parts(void **state)
{
    char in[MOST], out[ROOM];
    mailproto_yenc_file file;
    struct decoded r;

    (void)state;
    for (size_t i = 0; i < MOST; i++)
        in[i] = (char)below(256);
    name_it(&file, "whole", MOST);
    file.part = 2;
    file.total = 3;
    file.begin = 101;
    file.end = 200;
    file.crc = mailproto_yenc_crc32(0, in, MOST);
    same(out, encode(&file, in + 100, 100, out), &r);
    assert_memory_equal(r.out, in + 100, 100);
    assert_int_equal(r.report.kinds, 0);
    assert_int_equal(r.file.part, 2);
    assert_int_equal(r.file.total, 3);
    assert_int_equal(r.file.begin, 101);
    assert_int_equal(r.file.end, 200);
    assert_int_equal(r.file.size, MOST);
    assert_int_equal(r.file.end_size, 100);
    assert_int_equal(r.file.crc, file.crc);
    assert_int_equal(r.file.part_crc, mailproto_yenc_crc32(0, in + 100, 100));
    assert_int_equal(r.file.stated, 127);
}

#define BIT(kind) (1u << MAILPROTO_CODEC_##kind)

static const struct {
    const char *in, *out;
    uint32_t kinds;
} wild[] = {
    {"text\n=ybegin line=128 size=1 name=x\nk\n=yend size=1\nmore", "A", BIT(OUTSIDE)},
    {"=ybegin line=128 size=1 name=x\nk\n=yend size=1 crc32=d3d99e8b\n", "A", 0},
    {"=ybegin line=128 size=1 name=x\nk\n=yend size=1 crc32=D3D99E8B\n", "A", 0},
    {"=ybegin line=128 size=1 name=x\nk\n=yend size=1 crc32=00000000\n", "A", BIT(CHECKSUM)},
    {"=ybegin line=128 size=2 name=x\nk\n=yend size=2\n", "A", BIT(CHECKSUM)},
    {"=ybegin line=128 name=x\nk\n=yend\n", "A", BIT(FRAME)},
    {"=ybegin line=128 size=1 name=x\nk\n", "A", BIT(FRAME)},
    {"=ybegin line=128 size=1 name=x\nk=", "A", BIT(FRAME) | BIT(TRUNCATED)},
    {"=ybegin line=128 size=1 name=x\nk=\n=yend size=1", "A", BIT(ESCAPE)},
    {"=ybegin line=128 size=1 name=x\n=yother\nk\n=yend size=1", "A", BIT(OUTSIDE)},
    {"=ybegin part=1 line=128 size=1 name=x\n=ypart begin=1\nk\n=yend size=1", "A", BIT(FRAME)},
    {"=ybegin line=128 size=2 name=x\nkk=y\n=yend size=2", "AA\x0f", BIT(CHECKSUM)},
    {"=ybegin size=1 name=", "", BIT(FRAME)},
    {"", "", BIT(FRAME)},
};

static void in_the_wild(void **state)
{
    struct decoded r;

    (void)state;
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
        same(wild[i].in, strlen(wild[i].in), &r);
        if (r.report.kinds != wild[i].kinds)
            print_message("%zu\n", i);
        assert_int_equal(r.report.kinds, wild[i].kinds);
        assert_int_equal(r.made, strlen(wild[i].out));
        assert_memory_equal(r.out, wild[i].out, r.made);
    }
}

static void noise(void **state)
{
    char in[ROOM];
    struct decoded r;

    (void)state;
    for (int round = 0; round < 300; round++) {
        size_t n = below(200), at = below(3) ? 34 : 0;

        memcpy(in, "=ybegin line=128 size=3 name=noise\n", 35);
        for (size_t i = at; i < n; i++)
            in[i] = below(3) ? "=y\r\nendpart .=size1"[below(19)] : (char)below(256);
        same(in, n, &r);
    }
}

static void arguments(void **state)
{
    mailproto_yenc_encoder e;
    mailproto_yenc_decoder d;
    mailproto_yenc_file file;
    char out[64];
    size_t took, made;

    (void)state;
    mailproto_yenc_encoder_init(&e, sizeof e);
    assert_int_equal(mailproto_yenc_encode(&e, "a", 1, &took, out, 16, &made), MAILPROTO_ERR_ARG);
    name_it(&file, "a\nb", 1);
    e.file = &file;
    assert_int_equal(mailproto_yenc_encode(&e, "a", 1, &took, out, 16, &made), MAILPROTO_ERR_ARG);
    name_it(&file, "ab", 1);
    file.line_length = 998;
    assert_int_equal(mailproto_yenc_encode(&e, "a", 1, &took, out, 16, &made), MAILPROTO_ERR_ARG);
    file.line_length = 0;
    file.part = 1;
    assert_int_equal(mailproto_yenc_encode(&e, "a", 1, &took, out, 16, &made), MAILPROTO_ERR_ARG);
    file.part = 0;
    /* not as many as are stated */
    assert_int_equal(mailproto_yenc_encode_all(&e, "ab", 2, out, sizeof out, &made), MAILPROTO_ERR_BODY);
    mailproto_yenc_encoder_init(&e, sizeof e);
    e.file = &file;
    assert_int_equal(mailproto_yenc_encode_all(&e, "a", 1, out, 8, &made), MAILPROTO_ERR_LIMIT);
    assert_true(made > 60);
    assert_int_equal(mailproto_yenc_encode(&e, "a", 1, &took, out, 16, &made), MAILPROTO_ERR_STATE);
    mailproto_yenc_decoder_init(&d, sizeof d);
    memset(&file, 0, sizeof file);
    d.file = &file;
    assert_int_equal(mailproto_yenc_decode(&d, "a", 1, &took, out, 16, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_yenc_decode_all(NULL, "a", 1, out, 16, &made), MAILPROTO_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known),       cmocka_unit_test(there_and_back), cmocka_unit_test(parts),
        cmocka_unit_test(in_the_wild), cmocka_unit_test(noise),          cmocka_unit_test(arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
