/* base64 as streams and in one piece: what it says, every cut, every version of the vector code, what decoders report.
   RFC 2045 section 6.8, RFC 4648 sections 4 and 10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/mime_codec.h"
#include "mime/base64_runs.h"
#include "support/random.h"

enum { PLAIN = 1200, TEXT = 8192, ROOM_MOST = 4096 };

static struct test_random seed = {1};

static size_t below(size_t n)
{
    return test_random_below(&seed, n);
}

static void fill(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)below(256);
}

/* ---- the plainest way to write it, to compare with ---- */

static size_t expected_text(char *out, const uint8_t *in, size_t n, size_t line, int open_end)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t at = 0, column = 0;

    for (size_t i = 0; i < n; i += 3) {
        uint32_t bits = (uint32_t)in[i] << 16;

        if (i + 1 < n)
            bits |= (uint32_t)in[i + 1] << 8;
        if (i + 2 < n)
            bits |= in[i + 2];
        if (column == line) {
            out[at++] = '\r';
            out[at++] = '\n';
            column = 0;
        }
        for (size_t k = 0; k < 4; k++)
            out[at++] = i + k > n ? '=' : alphabet[bits >> (18 - 6 * k) & 63];
        column += 4;
    }
    if (n && line != SIZE_MAX && !open_end) {
        out[at++] = '\r';
        out[at++] = '\n';
    }
    return at;
}

/* ---- streams, in pieces that a seed gives; 0: each piece is an octet ---- */

struct cuts {
    size_t in, out; /* the most of a piece */
};

static size_t piece(size_t most, size_t left)
{
    size_t n = most ? 1 + below(most) : 1;

    return n < left ? n : left;
}

static size_t encode_in_pieces(char *out, const uint8_t *in, size_t n, uint32_t line, uint32_t flags, struct cuts cuts)
{
    static char room_of[ROOM_MOST];
    mailproto_base64_encoder e;
    size_t at = 0, made, took;
    int32_t result;

    assert_int_equal(mailproto_base64_encoder_init(&e, sizeof e), 0);
    e.line_length = line;
    e.flags = flags;
    while (n) {
        size_t given = piece(cuts.in, n),
               room = MAILPROTO_CODEC_ROOM - 1 + piece(cuts.out, ROOM_MOST - MAILPROTO_CODEC_ROOM);

        assert_int_equal(mailproto_base64_encode(&e, in, given, &took, room_of, room, &made), 0);
        memcpy(out + at, room_of, made);
        assert_true(took <= given && made <= room && (took || made));
        assert_true(took == given || room - made < 6);
        in += took;
        n -= took;
        at += made;
    }
    do {
        result = mailproto_base64_encode_end(&e, room_of, below(8), &made);
        memcpy(out + at, room_of, made);
        at += made;
    } while (result == MAILPROTO_CODEC_MORE);
    assert_int_equal(result, 0);
    assert_int_equal(mailproto_base64_encode(&e, in, 0, &took, out, 0, &made), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_base64_encode_end(&e, out, 0, &made), 0);
    assert_int_equal(made, 0);
    return at;
}

static size_t decode_in_pieces(uint8_t *out, const char *in, size_t n, uint32_t flags, struct cuts cuts,
                               mailproto_codec_report *report)
{
    static uint8_t room_of[ROOM_MOST];
    mailproto_base64_decoder d;
    size_t at = 0, made, took;
    int32_t result;

    assert_int_equal(mailproto_base64_decoder_init(&d, sizeof d), 0);
    assert_int_equal(mailproto_codec_report_init(report, sizeof *report), 0);
    d.flags = flags;
    d.report = report;
    while (n) {
        size_t given = piece(cuts.in, n),
               room = MAILPROTO_CODEC_ROOM - 1 + piece(cuts.out, ROOM_MOST - MAILPROTO_CODEC_ROOM);

        assert_int_equal(mailproto_base64_decode(&d, in, given, &took, room_of, room, &made), 0);
        memcpy(out + at, room_of, made);
        assert_true(took <= given && made <= room && took);
        in += took;
        n -= took;
        at += made;
    }
    do {
        result = mailproto_base64_decode_end(&d, room_of, below(4), &made);
        memcpy(out + at, room_of, made);
        at += made;
    } while (result == MAILPROTO_CODEC_MORE);
    assert_int_equal(result, 0);
    return at;
}

/* ---- encoding ---- */

static void test_vectors(void **state)
{
    static const struct {
        const char *plain, *text;
    } vectors[] = {{"", ""},
                   {"f", "Zg==\r\n"},
                   {"fo", "Zm8=\r\n"},
                   {"foo", "Zm9v\r\n"},
                   {"foob", "Zm9vYg==\r\n"},
                   {"fooba", "Zm9vYmE=\r\n"},
                   {"foobar", "Zm9vYmFy\r\n"}};
    char text[32];
    uint8_t plain[32];
    size_t made;
    mailproto_codec_report report;

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        size_t n = strlen(vectors[i].plain), size = strlen(vectors[i].text);

        assert_int_equal(mailproto_base64_encode_all(vectors[i].plain, n, 0, 0, text, sizeof text, &made), 0);
        assert_int_equal(made, size);
        assert_memory_equal(text, vectors[i].text, size);
        assert_int_equal(mailproto_codec_report_init(&report, sizeof report), 0);
        assert_int_equal(mailproto_base64_decode_all(text, made, 0, plain, sizeof plain, &made, &report), 0);
        assert_int_equal(made, n);
        assert_memory_equal(plain, vectors[i].plain, n);
        assert_int_equal(report.kinds, 0);
    }
}

/* Every length, every length of line: sizes are exact, not an octet more is needed, cuts change nothing. */
static void test_every_length(void **state)
{
    static const uint32_t lines[] = {0, 4, 8, 57, 60, 64, 68, 72, 76, 80, 128, 132, 998, MAILPROTO_UNLIMITED};
    static const struct cuts cuts[] = {{0, 1}, {5, 3}, {100, 100}};
    uint8_t plain[300], back[300];
    char expected[2048], text[2048];
    mailproto_codec_report report;

    (void)state;
    fill(plain, sizeof plain);
    for (size_t n = 0; n <= sizeof plain; n++)
        for (size_t l = 0; l < sizeof lines / sizeof *lines; l++) {
            uint32_t flags = (n + l) & 1 ? MAILPROTO_BASE64_OPEN_END : 0;
            size_t line = lines[l] == MAILPROTO_UNLIMITED ? SIZE_MAX : lines[l] ? lines[l] & ~3u : 76;
            size_t size = expected_text(expected, plain, n, line, flags != 0), made;

            assert_int_equal(mailproto_base64_encoded_size(n, lines[l], flags), size);
            memset(text, '!', sizeof text);
            assert_int_equal(mailproto_base64_encode_all(plain, n, lines[l], flags, text, size, &made), 0);
            assert_int_equal(made, size);
            assert_memory_equal(text, expected, size);
            assert_int_equal(text[size], '!');
            if (size) {
                assert_int_equal(mailproto_base64_encode_all(plain, n, lines[l], flags, text, size - 1, &made),
                                 MAILPROTO_ERR_LIMIT);
                assert_int_equal(made, size);
            }
            assert_int_equal(encode_in_pieces(text, plain, n, lines[l], flags, cuts[n % 3]), size);
            assert_memory_equal(text, expected, size);
            assert_true(mailproto_base64_decoded_max(size) >= n);
            memset(back, 0, sizeof back);
            assert_int_equal(mailproto_codec_report_init(&report, sizeof report), 0);
            assert_int_equal(mailproto_base64_decode_all(expected, size, 0, back, n, &made, &report), 0);
            assert_int_equal(made, n);
            assert_memory_equal(back, plain, n);
            assert_int_equal(report.kinds & ~(uint32_t)(1 << MAILPROTO_CODEC_LONG_LINE), 0);
            if (n) {
                assert_int_equal(mailproto_base64_decode_all(expected, size, 0, back, n - 1, &made, NULL),
                                 MAILPROTO_ERR_LIMIT);
                assert_int_equal(made, n);
            }
        }
}

static void test_every_split(void **state)
{
    uint8_t plain[120], back[160];
    char expected[256], text[256];
    size_t size;

    (void)state;
    fill(plain, sizeof plain);
    size = expected_text(expected, plain, sizeof plain, 76, 0);
    for (size_t cut = 0; cut <= sizeof plain; cut++) {
        mailproto_base64_encoder e;
        size_t took, first, second, last;

        mailproto_base64_encoder_init(&e, sizeof e);
        assert_int_equal(mailproto_base64_encode(&e, plain, cut, &took, text, sizeof text, &first), 0);
        assert_int_equal(took, cut);
        assert_int_equal(mailproto_base64_encode(&e, plain + cut, sizeof plain - cut, &took, text + first,
                                                 sizeof text - first, &second),
                         0);
        assert_int_equal(mailproto_base64_encode_end(&e, text + first + second, 64, &last), 0);
        assert_int_equal(first + second + last, size);
        assert_memory_equal(text, expected, size);
    }
    for (size_t cut = 0; cut <= size; cut++) {
        mailproto_base64_decoder d;
        size_t took, first, second, last;

        mailproto_base64_decoder_init(&d, sizeof d);
        assert_int_equal(mailproto_base64_decode(&d, expected, cut, &took, back, sizeof back, &first), 0);
        assert_int_equal(took, cut);
        assert_int_equal(mailproto_base64_decode(&d, expected + cut, size - cut, &took, back + first,
                                                 sizeof back - first, &second),
                         0);
        assert_int_equal(mailproto_base64_decode_end(&d, back + first + second, 16, &last), 0);
        assert_int_equal(first + second + last, sizeof plain);
        assert_memory_equal(back, plain, sizeof plain);
    }
}

static void test_sizes(void **state)
{
    size_t most = SIZE_MAX / 4 * 3;

    (void)state;
    assert_int_equal(mailproto_base64_encoded_size(SIZE_MAX, MAILPROTO_UNLIMITED, 0), SIZE_MAX);
    assert_int_equal(mailproto_base64_encoded_size(most, MAILPROTO_UNLIMITED, 0), SIZE_MAX / 4 * 4);
    assert_int_equal(mailproto_base64_encoded_size(most + 1, MAILPROTO_UNLIMITED, 0), SIZE_MAX);
    assert_int_equal(mailproto_base64_encoded_size(most, 76, 0), SIZE_MAX);
    assert_int_equal(mailproto_base64_encoded_size(57, 0, 0), 78);
    assert_int_equal(mailproto_base64_encoded_size(57, 0, MAILPROTO_BASE64_OPEN_END), 76);
    assert_int_equal(mailproto_base64_encoded_size(58, 0, MAILPROTO_BASE64_OPEN_END), 82);
    assert_true(mailproto_base64_decoded_max(SIZE_MAX) >= SIZE_MAX / 4 * 3);
}

static void test_arguments(void **state)
{
    mailproto_base64_encoder e;
    mailproto_base64_decoder d;
    mailproto_codec_report report = {0};
    char out[8];
    size_t took, made;

    (void)state;
    assert_int_equal(mailproto_base64_encoder_init(NULL, sizeof e), MAILPROTO_ERR_ARG);
    mailproto_base64_encoder_init(&e, sizeof e);
    mailproto_base64_decoder_init(&d, sizeof d);
    assert_int_equal(mailproto_base64_encode(NULL, "a", 1, &took, out, 8, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_base64_encode(&e, NULL, 1, &took, out, 8, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_base64_encode(&e, "a", 1, NULL, out, 8, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_base64_encode(&e, "a", 1, &took, NULL, 8, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_base64_encode_end(&e, out, 8, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_base64_decode(&d, NULL, 1, &took, out, 8, &made), MAILPROTO_ERR_ARG);
    d.report = &report; /* it was not prepared */
    assert_int_equal(mailproto_base64_decode(&d, "a", 1, &took, out, 8, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_base64_decode_end(&d, out, 8, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_base64_decode_all("Zg==", 4, 0, out, 8, &made, &report), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_base64_decode_all(NULL, 0, 0, NULL, 0, &made, NULL), 0);
    assert_int_equal(made, 0);
    assert_int_equal(mailproto_base64_encode_all(NULL, 0, 0, 0, NULL, 0, &made), 0);
    assert_int_equal(made, 0);
}

/* ---- decoding what is not in order ---- */

#define K(kind) (1u << MAILPROTO_CODEC_##kind)

static const struct {
    const char *text, *plain;
    uint32_t kinds, flags;
    uint32_t kind; /* of this one, also how many and where */
    uint64_t count, first;
} wrong[] = {
    {"Zm9v\nYmFy\n", "foobar", K(BARE_LF), 0, MAILPROTO_CODEC_BARE_LF, 2, 4},
    {"Zm9v\rYmFy\r", "foobar", K(BARE_CR), 0, MAILPROTO_CODEC_BARE_CR, 2, 4},
    {"Zm9v\r\r\nYmFy", "foobar", K(BARE_CR), 0, MAILPROTO_CODEC_BARE_CR, 1, 4},
    {" Zm9v \tYmFy ", "foobar", K(BLANK), 0, MAILPROTO_CODEC_BLANK, 4, 0},
    {"Zm!9v-YmFy\x80_", "foobar", K(INVALID), 0, MAILPROTO_CODEC_INVALID, 4, 2},
    {"Z\r\nm9\r\nv", "foo", 0, 0, 0, 0, 0},
    {"Zg=", "f", K(PADDING), 0, MAILPROTO_CODEC_PADDING, 1, 3},
    {"Zg", "f", K(TRUNCATED), 0, MAILPROTO_CODEC_TRUNCATED, 1, 2},
    {"Zm8", "fo", K(TRUNCATED), 0, MAILPROTO_CODEC_TRUNCATED, 1, 3},
    {"Zm9vY", "foo", K(TRUNCATED), 0, MAILPROTO_CODEC_TRUNCATED, 1, 5},
    {"Zh==", "f", K(BITS), 0, MAILPROTO_CODEC_BITS, 1, 2},
    {"Zm9=", "fo", K(BITS), 0, MAILPROTO_CODEC_BITS, 1, 3},
    {"Zg===", "f", K(PADDING), 0, MAILPROTO_CODEC_PADDING, 1, 4},
    {"=Zm9v", "foo", K(PADDING), 0, MAILPROTO_CODEC_PADDING, 1, 0},
    {"Zm9vY===", "foo", K(PADDING) | K(TRUNCATED), 0, MAILPROTO_CODEC_PADDING, 3, 5},
    {"Zg==\r\n\r\nZm9v", "f", K(AFTER_PADDING), 0, MAILPROTO_CODEC_AFTER_PADDING, 4, 8},
    {"Zg==\r\n\r\nZm9v", "ffoo", K(AFTER_PADDING), MAILPROTO_BASE64_GO_ON, MAILPROTO_CODEC_AFTER_PADDING, 1, 8},
    {"Zg=Zm8=", "ffo", K(PADDING) | K(AFTER_PADDING), MAILPROTO_BASE64_GO_ON, MAILPROTO_CODEC_PADDING, 1, 3},
    {"Zg\r\n=\r\n=\r\n", "f", 0, 0, 0, 0, 0},
};

static void test_wrong(void **state)
{
    static const struct cuts cuts[] = {{0, 1}, {3, 2}, {100, 100}};
    uint8_t plain[64];
    mailproto_codec_report report;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        for (size_t c = 0; c < 3; c++) {
            size_t n = strlen(wrong[i].plain);
            size_t got =
                decode_in_pieces(plain, wrong[i].text, strlen(wrong[i].text), wrong[i].flags, cuts[c], &report);

            if (got != n || memcmp(plain, wrong[i].plain, n) != 0 || report.kinds != wrong[i].kinds)
                fail_msg("\"%s\": %zu octets, kinds %x", wrong[i].text, got, report.kinds);
            if (report.count[wrong[i].kind] != wrong[i].count || report.first[wrong[i].kind] != wrong[i].first)
                fail_msg("\"%s\": %u of kind %u, first %u", wrong[i].text, (unsigned)report.count[wrong[i].kind],
                         wrong[i].kind, (unsigned)report.first[wrong[i].kind]);
        }
}

/* Lines of every length about the limit, in long and short texts, so that runs and single octets count alike. */
static void test_long_lines(void **state)
{
    uint8_t plain[2400], back[2400];
    char text[TEXT];
    mailproto_codec_report report;

    (void)state;
    fill(plain, sizeof plain);
    for (uint32_t line = 60; line <= 1000; line += line < 100 ? 4 : 300)
        for (size_t n = 3; n <= sizeof plain; n += n < 400 ? 7 : 399) {
            size_t size = expected_text(text, plain, n, line, 0), made;
            size_t characters = (n + 2) / 3 * 4;
            size_t longer = line > 76 ? characters / line + (characters % line > 76) : 0;

            assert_int_equal(mailproto_codec_report_init(&report, sizeof report), 0);
            assert_int_equal(mailproto_base64_decode_all(text, size, 0, back, n, &made, &report), 0);
            assert_int_equal(made, n);
            assert_memory_equal(back, plain, n);
            assert_int_equal(report.count[MAILPROTO_CODEC_LONG_LINE], longer);
            if (longer)
                assert_int_equal(report.first[MAILPROTO_CODEC_LONG_LINE], 76);
            assert_int_equal(decode_in_pieces(back, text, size, 0, (struct cuts){200, 300}, &report), n);
            assert_int_equal(report.count[MAILPROTO_CODEC_LONG_LINE], longer);
        }
}

/* Damaged text gives the same, and is reported the same, octet by octet, cut at random and whole. */
static void test_damaged(void **state)
{
    static const char damage[] = "\r\n\n\r =\t!\x80\xff=A.";
    static uint8_t plain[PLAIN], one[TEXT], other[TEXT];
    static char text[TEXT];
    mailproto_codec_report expected, report;

    (void)state;
    for (size_t round = 0; round < 4000; round++) {
        size_t n = below(PLAIN), line = below(3) ? 76 : 4 + below(40) * 4, made;
        size_t size, faults = below(3) ? below(4) : below(40);
        uint32_t flags = below(2) ? MAILPROTO_BASE64_GO_ON : 0;

        fill(plain, n);
        size = expected_text(text, plain, n, line, 0);
        if (below(2)) { /* LF for CRLF */
            size_t to = 0;

            for (size_t i = 0; i < size; i++)
                if (text[i] != '\r')
                    text[to++] = text[i];
            size = to;
        }
        while (size && faults--) {
            size_t at = below(size);

            if (below(2))
                text[at] = damage[below(sizeof damage - 1)];
            else
                memmove(text + at, text + at + 1, --size - at);
        }
        n = decode_in_pieces(one, text, size, flags, (struct cuts){0, 1}, &expected);
        assert_int_equal(mailproto_codec_report_init(&report, sizeof report), 0);
        assert_int_equal(mailproto_base64_decode_all(text, size, flags, other, n, &made, &report), 0);
        assert_int_equal(made, n);
        assert_memory_equal(other, one, n);
        assert_memory_equal(&report, &expected, sizeof report);
        made = decode_in_pieces(other, text, size, flags, (struct cuts){1 + below(400), 1 + below(400)}, &report);
        assert_int_equal(made, n);
        assert_memory_equal(other, one, n);
        assert_memory_equal(&report, &expected, sizeof report);
    }
}

/* ---- the versions of the vector code, against the scalar one ---- */

static void same_write(const uint8_t *in, size_t n, size_t cap, size_t room, size_t line)
{
    static uint8_t expected[TEXT], out[TEXT + 1];
    mp_base64_writer a = {{in, in + n, expected, expected + cap}, room, line};
    const mp_base64_version *v;

    mp_base64_write_scalar(&a);
    for (size_t i = 1; (v = mp_base64_versions(i)); i++) {
        mp_base64_writer b = {{in, in + n, out, out + cap}, room, line};

        out[cap] = '!';
        v->write(&b);
        if (b.io.in != a.io.in || b.io.out - out != a.io.out - expected || b.room != a.room || out[cap] != '!' ||
            memcmp(out, expected, (size_t)(b.io.out - out)) != 0)
            fail_msg("%s: writing %zu octets, cap %zu, room %zu, line %zu", v->name, n, cap, room, line);
    }
}

static void same_read(const uint8_t *in, size_t n, size_t cap, mp_base64_reader r)
{
    static uint8_t expected[TEXT], out[TEXT + 1];
    const mp_base64_version *v;
    mp_base64_reader a = r;

    a.io = (mp_codec_io){in, in + n, expected, expected + cap};
    mp_base64_read_scalar(&a);
    for (size_t i = 1; (v = mp_base64_versions(i)); i++) {
        mp_base64_reader b = r;

        b.io = (mp_codec_io){in, in + n, out, out + cap};
        out[cap] = '!';
        v->read(&b);
        if (b.io.in != a.io.in || b.io.out - out != a.io.out - expected || b.room != a.room || b.ends != a.ends ||
            out[cap] != '!' || memcmp(out, expected, (size_t)(b.io.out - out)) != 0)
            fail_msg("%s: reading %zu octets, cap %zu, room %zu, line %zu", v->name, n, cap, r.room, r.line);
    }
}

static void test_versions_write(void **state)
{
    static const size_t lines[] = {4, 32, 60, 64, 72, 76, 128, 996, MP_BASE64_NO_LINE};

    (void)state;
    for (size_t n = 0; n <= 300; n++)
        for (size_t l = 0; l < sizeof lines / sizeof *lines; l++)
            for (size_t room = 0; room <= lines[l] && room <= 76; room += 4) {
                uint8_t *in = malloc(n ? n : 1); /* so that a sanitizer sees every octet beyond */

                assert_non_null(in);
                fill(in, n);
                same_write(in, n, 4000, room, lines[l]);
                same_write(in, n, below(n * 2 + 8), room, lines[l]);
                free(in);
            }
}

static void test_versions_read(void **state)
{
    static const size_t lines[] = {4, 32, 60, 64, 72, 76, 128, 996, SIZE_MAX};
    static uint8_t plain[PLAIN];
    static char text[TEXT];

    (void)state;
    for (size_t n = 0; n <= 300; n++)
        for (size_t l = 0; l < sizeof lines / sizeof *lines; l++)
            for (size_t begin = 0; begin < 80 && begin < lines[l]; begin += 4) {
                size_t size, line = lines[l];
                uint8_t *in;
                mp_base64_reader r = {.room = line - begin, .line = line == SIZE_MAX ? 0 : line, .end = 2};

                fill(plain, 3 * n);
                size = expected_text(text, plain, begin / 4 * 3 + n, line, 0) - begin;
                if (line == SIZE_MAX)
                    r.room = size & ~(size_t)3;
                in = malloc(size ? size : 1);
                assert_non_null(in);
                memcpy(in, text + begin, size);
                same_read(in, size, 4000, r);
                same_read(in, size, below(n + 8), r);
                if (size)
                    in[below(size)] = (uint8_t)below(256);
                same_read(in, size, 4000, r);
                free(in);
            }
}

/* Each octet in each place of a block: only the alphabet is let through. */
static void test_versions_every_octet(void **state)
{
    uint8_t in[200];
    mp_base64_reader r = {.room = 200, .line = 0, .end = 2};

    (void)state;
    for (size_t at = 0; at < 130; at++)
        for (int octet = 0; octet < 256; octet++) {
            memset(in, 'A' + octet % 26, sizeof in);
            in[at] = (uint8_t)octet;
            same_read(in, sizeof in, 200, r);
        }
}

static void test_choice(void **state)
{
    size_t known = 0;
    const mp_base64_version *v;

    (void)state;
    for (size_t i = 0; (v = mp_base64_versions(i)); i++)
        known += v == mp_base64_choose();
    assert_int_equal(known, 1);
}

/* ---- pairs that another library's tests have, where the mail corpus is there ---- */

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

static void test_pair(void **state)
{
    size_t plain_size, text_size, made, to = 0;
    uint8_t *plain = read_file("photo.jpg", &plain_size), *text = read_file("photo.b64", &text_size), *out;

    (void)state;
    if (!plain || !text) {
        free(plain);
        free(text);
        skip();
    }
    out = malloc(plain_size * 2);
    assert_non_null(out);
    assert_int_equal(mailproto_base64_decode_all(text, text_size, 0, out, plain_size * 2, &made, NULL), 0);
    assert_int_equal(made, plain_size);
    assert_memory_equal(out, plain, plain_size);
    assert_int_equal(mailproto_base64_encode_all(plain, plain_size, 0, 0, out, plain_size * 2, &made), 0);
    for (size_t i = 0; i < text_size; i++) /* it may have been kept with LF */
        if (text[i] != '\r')
            text[to++] = text[i];
    text_size = to;
    to = 0;
    for (size_t i = 0; i < made; i++)
        if (out[i] != '\r')
            out[to++] = out[i];
    assert_int_equal(to, text_size);
    assert_memory_equal(out, text, to);
    free(plain);
    free(text);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_versions_write),
        cmocka_unit_test(test_versions_read),
        cmocka_unit_test(test_versions_every_octet),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_pair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
