/* Quoted-printable as streams and in one piece: what it says, every cut, every version of the vector code, reports.
   RFC 2045 section 6.7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/mime_codec.h"
#include "mime/quoted_printable_runs.h"
#include "support/random.h"

enum { PLAIN = 1500, TEXT = 16384, ROOM_MOST = 4096 };

static struct test_random seed = {7};

static size_t below(size_t n)
{
    return test_random_below(&seed, n);
}

/* Text of a kind: words, other scripts, lines, tags, anything. */
static size_t fill(uint8_t *p, size_t n)
{
    static const char *const words[] = {
        "the",
        "quick ",
        "From ",
        ".",
        "=",
        " ",
        "\t",
        "\r\n",
        "\n",
        "\r",
        "\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82",
        "<a href=\"x\">",
        "\0",
        "\x7f",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "\xc3\xa9",
        " \r\n",
        "=\r\n"};
    uint32_t liked = (uint32_t)test_random_next(&seed) | 1u << below(18);
    size_t at = 0;

    while (at < n) {
        size_t word = below(18);
        const char *from = words[word];
        size_t octets = word == 12 ? 1 : word == 14 ? 60 + below(20) : strlen(from), times = 1;

        if (!(liked >> word & 1) && below(20))
            continue;
        if (word == 10 && below(2))
            times = 1 + below(9);
        while (times-- && at < n)
            for (size_t i = 0; i < octets && at < n; i++)
                p[at++] = (uint8_t)from[i];
    }
    return n;
}

/* ---- the plainest way to write it, to compare with ---- */

static int breaks_at(const uint8_t *in, size_t n, size_t i, uint32_t flags)
{
    if (flags & MAILPROTO_QP_BINARY || i >= n)
        return 0;
    return in[i] == '\n' || (in[i] == '\r' && i + 1 < n && in[i + 1] == '\n');
}

static size_t width_of(const uint8_t *in, size_t n, size_t i, uint32_t flags, size_t column)
{
    if (in[i] == ' ' || in[i] == '\t')
        return i + 1 == n || breaks_at(in, n, i + 1, flags) ? 3 : 1;
    if (in[i] < 33 || in[i] > 126 || in[i] == '=')
        return 3;
    if (column == 0 && in[i] == '.' && flags & MAILPROTO_QP_DOT)
        return 3;
    return column == 0 && flags & MAILPROTO_QP_FROM && n - i >= 5 && !memcmp(in + i, "From ", 5) ? 3 : 1;
}

static size_t expected_text(char *out, const uint8_t *in, size_t n, size_t line, uint32_t flags)
{
    size_t at = 0, column = 0;

    for (size_t i = 0; i < n; i++) {
        size_t width;

        if (breaks_at(in, n, i, flags)) {
            i += in[i] == '\r';
            at += (size_t)sprintf(out + at, "\r\n");
            column = 0;
            continue;
        }
        width = width_of(in, n, i, flags, column);
        if (column + width > line || (column + width == line && !breaks_at(in, n, i + 1, flags) &&
                                      (i + 1 < n || flags & MAILPROTO_QP_SOFT_END))) {
            at += (size_t)sprintf(out + at, "=\r\n");
            column = 0;
            width = width_of(in, n, i, flags, 0);
        }
        if (width == 3)
            sprintf(out + at, "=%02X", in[i]);
        else
            out[at] = (char)in[i];
        at += width;
        column += width;
    }
    if (column && flags & MAILPROTO_QP_SOFT_END)
        at += (size_t)sprintf(out + at, "=\r\n");
    return at;
}

/* What comes back: of text the same with CRLF. */
static size_t expected_plain(uint8_t *out, const uint8_t *in, size_t n, uint32_t flags)
{
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        if (breaks_at(in, n, i, flags)) {
            i += in[i] == '\r';
            out[at++] = '\r';
            out[at++] = '\n';
        } else
            out[at++] = in[i];
    }
    return at;
}

/* ---- streams, in pieces that a seed gives ---- */

struct cuts {
    size_t in, out; /* the most of a piece; 0: an octet, the least room */
};

static size_t piece(size_t most, size_t left)
{
    size_t n = most ? 1 + below(most) : 1;

    return n < left ? n : left;
}

static size_t encode_in_pieces(char *out, const uint8_t *in, size_t n, uint32_t line, uint32_t flags, struct cuts cuts)
{
    static char room_of[ROOM_MOST];
    mailproto_qp_encoder e;
    size_t at = 0, made, took;
    int32_t result;

    assert_int_equal(mailproto_qp_encoder_init(&e, sizeof e), 0);
    e.line_length = line;
    e.flags = flags;
    while (n) {
        size_t given = piece(cuts.in, n), room = MAILPROTO_CODEC_ROOM - 1 + piece(cuts.out, ROOM_MOST - 16);

        assert_int_equal(mailproto_qp_encode(&e, in, given, &took, room_of, room, &made), 0);
        assert_true(took <= given && made <= room && (took || made));
        memcpy(out + at, room_of, made);
        in += took;
        n -= took;
        at += made;
    }
    do {
        result = mailproto_qp_encode_end(&e, room_of, below(8), &made);
        memcpy(out + at, room_of, made);
        at += made;
    } while (result == MAILPROTO_CODEC_MORE);
    assert_int_equal(result, 0);
    assert_int_equal(mailproto_qp_encode(&e, in, 0, &took, room_of, 0, &made), MAILPROTO_ERR_STATE);
    return at;
}

static size_t decode_in_pieces(uint8_t *out, const char *in, size_t n, struct cuts cuts, mailproto_codec_report *report)
{
    static uint8_t room_of[ROOM_MOST];
    mailproto_qp_decoder d;
    size_t at = 0, made, took;
    int32_t result;

    assert_int_equal(mailproto_qp_decoder_init(&d, sizeof d), 0);
    assert_int_equal(mailproto_codec_report_init(report, sizeof *report), 0);
    d.report = report;
    while (n) {
        size_t given = piece(cuts.in, n), room = MAILPROTO_CODEC_ROOM - 1 + piece(cuts.out, ROOM_MOST - 16);

        assert_int_equal(mailproto_qp_decode(&d, in, given, &took, room_of, room, &made), 0);
        assert_true(took <= given && made <= room && (took || made));
        memcpy(out + at, room_of, made);
        in += took;
        n -= took;
        at += made;
    }
    do {
        result = mailproto_qp_decode_end(&d, room_of, below(6), &made);
        memcpy(out + at, room_of, made);
        at += made;
    } while (result == MAILPROTO_CODEC_MORE);
    assert_int_equal(result, 0);
    assert_int_equal(mailproto_qp_decode(&d, in, 0, &took, room_of, 0, &made), MAILPROTO_ERR_STATE);
    return at;
}

/* ---- encoding ---- */

#define TEN "1234567890"

static void test_vectors(void **state)
{
    static const struct {
        const char *plain, *text;
        uint32_t line, flags;
    } vectors[] = {
        {"", "", 0, 0},
        {"a=b", "a=3Db", 0, 0},
        {"a b\r\nc\td\r\n", "a b\r\nc\td\r\n", 0, 0},
        {"a b\nc\n", "a b\r\nc\r\n", 0, 0},
        {"a \r\nb\t\nc ", "a=20\r\nb=09\r\nc=20", 0, 0},
        {"a\rb\r", "a=0Db=0D", 0, 0},
        {"a\r\n", "a=0D=0A", 0, MAILPROTO_QP_BINARY},
        {"a \r\n", "a =0D=0A", 0, MAILPROTO_QP_BINARY},
        {"abcd", "abcd", 4, 0},
        {"abcd\r\n", "abcd\r\n", 4, 0},
        {"abcde", "abc=\r\nde", 4, 0},
        {"ab\xff\xff", "ab=\r\n=FF=\r\n=FF", 4, 0},
        {"abc d", "abc=\r\n d", 4, 0},
        {"abc \r\nd", "abc=\r\n=20\r\nd", 4, 0},
        {TEN TEN TEN TEN TEN TEN TEN "123456", TEN TEN TEN TEN TEN TEN TEN "123456", 0, 0},
        {TEN TEN TEN TEN TEN TEN TEN "1234567", TEN TEN TEN TEN TEN TEN TEN "12345=\r\n67", 0, 0},
        {TEN TEN TEN TEN TEN TEN TEN "123456\n7", TEN TEN TEN TEN TEN TEN TEN "123456\r\n7", 0, 0},
        {TEN TEN TEN TEN TEN TEN TEN TEN "\xe9", TEN TEN TEN TEN TEN TEN TEN TEN "=E9", MAILPROTO_UNLIMITED, 0},
        {".\r\n.a\r\na.", ".\r\n.a\r\na.", 0, 0},
        {".\r\n.a\r\na.", "=2E\r\n=2Ea\r\na.", 0, MAILPROTO_QP_DOT},
        {"From a\nFro\nFrom", "=46rom a\r\nFro\r\nFrom", 0, MAILPROTO_QP_FROM},
        {"abc.def", "abc=\r\n=2E=\r\ndef", 4, MAILPROTO_QP_DOT},
        {"abcd", "abcd=\r\n", 0, MAILPROTO_QP_SOFT_END},
        {"abcd\n", "abcd\r\n", 0, MAILPROTO_QP_SOFT_END},
    };
    char text[256];
    size_t made;

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        size_t n = strlen(vectors[i].plain), size = strlen(vectors[i].text);

        assert_int_equal(mailproto_qp_encode_all(vectors[i].plain, n, vectors[i].line, vectors[i].flags, text,
                                                 sizeof text, &made),
                         0);
        if (made != size || memcmp(text, vectors[i].text, size) != 0)
            fail_msg("\"%s\" became \"%.*s\"", vectors[i].plain, (int)made, text);
    }
}

static void check(const uint8_t *plain, size_t n, uint32_t line, uint32_t flags, struct cuts cuts)
{
    static char expected[TEXT], text[TEXT];
    static uint8_t canonical[TEXT], back[TEXT];
    size_t limit = line == MAILPROTO_UNLIMITED ? SIZE_MAX : line ? line : 76;
    size_t size = expected_text(expected, plain, n, limit, flags), again = expected_plain(canonical, plain, n, flags);
    size_t made;
    mailproto_codec_report report;

    assert_int_equal(mailproto_qp_encoded_size(plain, n, line, flags), size);
    assert_true(mailproto_qp_encoded_max(n, line) >= size);
    memset(text, '!', sizeof text);
    assert_int_equal(mailproto_qp_encode_all(plain, n, line, flags, text, size, &made), 0);
    assert_int_equal(made, size);
    if (memcmp(text, expected, size) != 0)
        fail_msg("%zu octets, line %u, flags %u:\n%.*s\nnot\n%.*s", n, line, flags, (int)size, text, (int)size,
                 expected);
    assert_int_equal(text[size], '!');
    if (size) {
        assert_int_equal(mailproto_qp_encode_all(plain, n, line, flags, text, size - 1, &made), MAILPROTO_ERR_LIMIT);
        assert_int_equal(made, size);
    }
    assert_int_equal(encode_in_pieces(text, plain, n, line, flags, cuts), size);
    assert_memory_equal(text, expected, size);
    assert_int_equal(mailproto_codec_report_init(&report, sizeof report), 0);
    assert_int_equal(mailproto_qp_decode_all(text, size, 0, back, again, &made, &report), 0);
    assert_int_equal(made, again);
    assert_memory_equal(back, canonical, again);
    if (limit <= 76)
        assert_int_equal(report.kinds, 0);
    if (again) {
        assert_int_equal(mailproto_qp_decode_all(text, size, 0, back, again - 1, &made, NULL), MAILPROTO_ERR_LIMIT);
        assert_int_equal(made, again);
    }
}

static const struct cuts some_cuts[] = {{0, 0}, {5, 3}, {100, 100}, {700, 700}};
static const uint32_t some_lines[] = {0, 4, 5, 6, 7, 8, 20, 70, 75, 77, 78, 100, 260, 998, MAILPROTO_UNLIMITED};

static void test_every_length(void **state)
{
    uint8_t plain[300];

    (void)state;
    for (size_t n = 0; n <= sizeof plain; n++)
        for (size_t l = 0; l < sizeof some_lines / sizeof *some_lines; l++) {
            fill(plain, n);
            check(plain, n, some_lines[l], (uint32_t)below(16), some_cuts[below(4)]);
        }
}

static void test_every_octet(void **state)
{
    uint8_t plain[256];

    (void)state;
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)i;
    for (uint32_t flags = 0; flags < 16; flags++)
        check(plain, sizeof plain, 0, flags, some_cuts[flags % 4]);
}

static void test_random(void **state)
{
    static uint8_t plain[PLAIN];

    (void)state;
    for (size_t round = 0; round < 6000; round++) {
        size_t n = below(PLAIN);

        fill(plain, n);
        check(plain, n, below(3) ? 0 : some_lines[below(sizeof some_lines / sizeof *some_lines)], (uint32_t)below(16),
              some_cuts[below(4)]);
    }
}

static void test_every_split(void **state)
{
    static char expected[TEXT], text[TEXT];
    static uint8_t plain[160];

    (void)state;
    for (size_t round = 0; round < 20; round++) {
        size_t n = fill(plain, sizeof plain), size;
        uint32_t flags = (uint32_t)below(16);

        size = expected_text(expected, plain, n, 76, flags);
        for (size_t cut = 0; cut <= n; cut++) {
            mailproto_qp_encoder e;
            size_t took, first, second, last;

            mailproto_qp_encoder_init(&e, sizeof e);
            e.flags = flags;
            assert_int_equal(mailproto_qp_encode(&e, plain, cut, &took, text, 2000, &first), 0);
            assert_int_equal(took, cut);
            assert_int_equal(mailproto_qp_encode(&e, plain + cut, n - cut, &took, text + first, 2000, &second), 0);
            assert_int_equal(took, n - cut);
            assert_int_equal(mailproto_qp_encode_end(&e, text + first + second, 2000, &last), 0);
            assert_int_equal(first + second + last, size);
            assert_memory_equal(text, expected, size);
        }
    }
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(mailproto_qp_encoded_max(SIZE_MAX, 0), SIZE_MAX);
    assert_int_equal(mailproto_qp_encoded_max(SIZE_MAX / 3, 4), SIZE_MAX);
    assert_int_equal(mailproto_qp_encoded_max(SIZE_MAX / 3 - 1, 0), SIZE_MAX);
    assert_int_equal(mailproto_qp_encoded_max(0, 0), 3);
    assert_int_equal(mailproto_qp_encoded_size(NULL, 1, 0, 0), SIZE_MAX);
    assert_int_equal(mailproto_qp_encoded_size(NULL, 0, 0, 0), 0);
}

/* ---- decoding what is not in order ---- */

#define K(kind)  (1u << MAILPROTO_CODEC_##kind)
#define BLANKS32 "                                "

static const struct {
    const char *text, *plain;
    uint32_t kinds;
    uint32_t kind; /* of this one, also how many and where */
    uint64_t count, first;
} wrong[] = {
    {"a=3Db=\r\nc", "a=bc", 0, 0, 0, 0},
    {"a\nb=\nc\n", "a\nbc\n", K(BARE_LF), MAILPROTO_CODEC_BARE_LF, 3, 1},
    {"a\rb", "a\rb", K(BARE_CR), MAILPROTO_CODEC_BARE_CR, 1, 1},
    {"a \rb\r", "a \rb\r", K(BARE_CR), MAILPROTO_CODEC_BARE_CR, 2, 2},
    {"a\r\r\n", "a\r\r\n", K(BARE_CR), MAILPROTO_CODEC_BARE_CR, 1, 1},
    {"a \t\r\nb  c \n", "a\r\nb  c\n", K(BLANK) | K(BARE_LF), MAILPROTO_CODEC_BLANK, 2, 1},
    {"a ", "a", K(BLANK), MAILPROTO_CODEC_BLANK, 1, 1},
    {"=e9=C3=a9", "\xe9\xc3\xa9", K(LOWER_CASE), MAILPROTO_CODEC_LOWER_CASE, 2, 0},
    {"a=b", "a=b", K(TRUNCATED), MAILPROTO_CODEC_TRUNCATED, 1, 1},
    {"a=zb=4=41", "a=zb=4A", K(ESCAPE), MAILPROTO_CODEC_ESCAPE, 2, 1},
    {"==41", "=A", K(ESCAPE), MAILPROTO_CODEC_ESCAPE, 1, 0},
    {"a= \t\r\nb", "ab", K(SOFT_BREAK), MAILPROTO_CODEC_SOFT_BREAK, 1, 2},
    {"a= \tb", "a= \tb", K(ESCAPE), MAILPROTO_CODEC_ESCAPE, 1, 1},
    {"a=", "a", K(SOFT_BREAK), MAILPROTO_CODEC_SOFT_BREAK, 1, 1},
    {"a= ", "a", K(SOFT_BREAK), MAILPROTO_CODEC_SOFT_BREAK, 1, 1},
    {"a=\r", "a", K(SOFT_BREAK) | K(BARE_CR), MAILPROTO_CODEC_SOFT_BREAK, 1, 1},
    {"a=\rb", "a=\rb", K(ESCAPE) | K(BARE_CR), MAILPROTO_CODEC_ESCAPE, 1, 1},
    {"a= \rb", "a= \rb", K(ESCAPE) | K(BARE_CR), MAILPROTO_CODEC_BARE_CR, 1, 3},
    {"a=\r\n", "a", 0, 0, 0, 0},
    {"\xe9\x01z\x7f", "\xe9\x01z\x7f", K(INVALID), MAILPROTO_CODEC_INVALID, 3, 0},
    {TEN TEN TEN TEN TEN TEN TEN "123456\r\n", TEN TEN TEN TEN TEN TEN TEN "123456\r\n", 0, 0, 0, 0},
    {TEN TEN TEN TEN TEN TEN TEN "1234567\r\n", TEN TEN TEN TEN TEN TEN TEN "1234567\r\n", K(LONG_LINE),
     MAILPROTO_CODEC_LONG_LINE, 1, 76},
    {BLANKS32 BLANKS32 BLANKS32 BLANKS32 "  \tx", BLANKS32 BLANKS32 BLANKS32 BLANKS32 "  \tx", K(LONG_LINE),
     MAILPROTO_CODEC_LONG_LINE, 1, 76},
    {"\t " BLANKS32 BLANKS32 BLANKS32 BLANKS32 "\r\n", "\t \r\n", K(LONG_LINE) | K(BLANK), MAILPROTO_CODEC_BLANK, 1, 2},
};

static void test_wrong(void **state)
{
    uint8_t plain[256];
    mailproto_codec_report report;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        for (size_t c = 0; c < 4; c++) {
            size_t n = strlen(wrong[i].plain);
            size_t got = decode_in_pieces(plain, wrong[i].text, strlen(wrong[i].text), some_cuts[c], &report);

            if (got != n || memcmp(plain, wrong[i].plain, n) != 0 || report.kinds != wrong[i].kinds)
                fail_msg("\"%s\" became \"%.*s\", kinds %x", wrong[i].text, (int)got, plain, report.kinds);
            if (report.count[wrong[i].kind] != wrong[i].count || report.first[wrong[i].kind] != wrong[i].first)
                fail_msg("\"%s\": %u of kind %u, first %u", wrong[i].text, (unsigned)report.count[wrong[i].kind],
                         wrong[i].kind, (unsigned)report.first[wrong[i].kind]);
        }
}

static size_t make_damaged(char *text, size_t most)
{
    static const char damage[] = "\r\n\n\r =\t\x80\xff=aG.\0";
    static uint8_t plain[PLAIN];
    size_t n = below(most), faults = below(3) ? below(4) : below(60), line = below(4) ? 76 : 4 + below(200), size;

    fill(plain, n);
    size = expected_text(text, plain, n, line, below(2) ? MAILPROTO_QP_BINARY : 0);
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
    return size;
}

/* Damaged text gives the same, and is reported the same, octet by octet, cut at random and whole. */
static void test_damaged(void **state)
{
    static uint8_t one[TEXT], other[TEXT];
    static char text[TEXT];
    mailproto_codec_report expected, report;

    (void)state;
    for (size_t round = 0; round < 6000; round++) {
        size_t size = make_damaged(text, PLAIN), made, n;

        n = decode_in_pieces(one, text, size, (struct cuts){0, 0}, &expected);
        assert_true(n <= size);
        assert_int_equal(mailproto_codec_report_init(&report, sizeof report), 0);
        assert_int_equal(mailproto_qp_decode_all(text, size, 0, other, n, &made, &report), 0);
        assert_int_equal(made, n);
        assert_memory_equal(other, one, n);
        assert_memory_equal(&report, &expected, sizeof report);
        made = decode_in_pieces(other, text, size, (struct cuts){1 + below(400), 1 + below(400)}, &report);
        assert_int_equal(made, n);
        assert_memory_equal(other, one, n);
        assert_memory_equal(&report, &expected, sizeof report);
    }
}

static void test_arguments(void **state)
{
    mailproto_qp_encoder e;
    mailproto_qp_decoder d;
    mailproto_codec_report report = {0};
    char out[8];
    size_t took, made;

    (void)state;
    mailproto_qp_encoder_init(&e, sizeof e);
    mailproto_qp_decoder_init(&d, sizeof d);
    assert_int_equal(mailproto_qp_encode(NULL, "a", 1, &took, out, 8, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_qp_encode(&e, NULL, 1, &took, out, 8, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_qp_encode(&e, "a", 1, &took, NULL, 8, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_qp_encode_end(&e, out, 8, NULL), MAILPROTO_ERR_ARG);
    d.report = &report; /* it was not prepared */
    assert_int_equal(mailproto_qp_decode(&d, "a", 1, &took, out, 8, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_qp_decode_end(&d, out, 8, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_qp_decode_all("a", 1, 0, out, 8, &made, &report), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_qp_decode_all(NULL, 0, 0, NULL, 0, &made, NULL), 0);
    assert_int_equal(made, 0);
    assert_int_equal(mailproto_qp_encode_all(NULL, 0, 0, 0, NULL, 0, &made), 0);
}

/* ---- the versions of the vector code, against the scalar one ---- */

static void same_write(const uint8_t *in, size_t n, size_t cap, mp_qp_writer w)
{
    static uint8_t expected[TEXT], out[TEXT + 1];
    const mp_qp_version *v;
    mp_qp_writer a = w;

    a.io = (mp_codec_io){in, in + n, expected, expected + cap};
    mp_qp_write_scalar(&a);
    for (size_t i = 1; (v = mp_qp_versions(i)); i++) {
        mp_qp_writer b = w;

        b.io = (mp_codec_io){in, in + n, out, out + cap};
        out[cap] = '!';
        v->write(&b);
        if (b.io.in != a.io.in || b.io.out - out != a.io.out - expected || b.column != a.column ||
            b.starved != a.starved || out[cap] != '!' || memcmp(out, expected, (size_t)(b.io.out - out)) != 0)
            fail_msg("%s: writing %zu octets, cap %zu, column %zu, line %zu, flags %u: %zu %zu", v->name, n, cap,
                     w.column, w.line, w.flags, (size_t)(b.io.in - in), (size_t)(a.io.in - in));
    }
}

static void same_read(const uint8_t *in, size_t n, size_t cap, size_t column)
{
    static uint8_t expected[TEXT], out[TEXT + 1];
    const mp_qp_version *v;
    mp_qp_reader a = {.io = {in, in + n, expected, expected + cap}, .column = column};

    mp_qp_read_scalar(&a);
    for (size_t i = 1; (v = mp_qp_versions(i)); i++) {
        mp_qp_reader b = {.io = {in, in + n, out, out + cap}, .column = column};

        out[cap] = '!';
        v->read(&b);
        if (b.io.in != a.io.in || b.io.out - out != a.io.out - expected || b.column != a.column || out[cap] != '!' ||
            memcmp(out, expected, (size_t)(b.io.out - out)) != 0)
            fail_msg("%s: reading %zu octets, cap %zu, column %zu: %zu %zu, column %zu %zu", v->name, n, cap, column,
                     (size_t)(b.io.in - in), (size_t)(a.io.in - in), b.column, a.column);
        if (b.bare_lf != a.bare_lf || b.first_bare_lf != a.first_bare_lf || b.long_lines != a.long_lines ||
            b.first_long_line != a.first_long_line)
            fail_msg("%s: reading %zu octets, column %zu: noted %zu %zu %zu %zu, not %zu %zu %zu %zu", v->name, n,
                     column, b.bare_lf, b.first_bare_lf, b.long_lines, b.first_long_line, a.bare_lf, a.first_bare_lf,
                     a.long_lines, a.first_long_line);
    }
}

static void test_versions_write(void **state)
{
    (void)state;
    for (size_t round = 0; round < 40000; round++) {
        size_t n = below(4) ? below(301) : below(PLAIN), line = 4 + below(100);
        uint8_t *in = malloc(n ? n : 1); /* so that a sanitizer sees every octet beyond */
        mp_qp_writer w = {.flags = (uint32_t)below(8), .last = (int)below(2)};

        assert_non_null(in);
        fill(in, n);
        w.line = below(3) ? 76 : below(3) ? line : SIZE_MAX;
        w.column = below(w.line < 76 ? w.line : 76);
        same_write(in, n, 5000, w);
        same_write(in, n, below(n * 3 + 8), w);
        free(in);
    }
}

static void test_versions_read(void **state)
{
    static char text[TEXT];

    (void)state;
    for (size_t round = 0; round < 40000; round++) {
        size_t n = make_damaged(text, below(4) ? 301 : PLAIN);
        uint8_t *in = malloc(n ? n : 1);

        assert_non_null(in);
        if (n)
            memcpy(in, text, n);
        same_read(in, n, 5000, below(3) ? 0 : below(100));
        same_read(in, n, below(n + 8), below(3) ? 0 : below(100));
        free(in);
    }
}

/* Each octet in each place, alone and behind "=". */
static void test_versions_every_octet(void **state)
{
    uint8_t in[240];
    mp_qp_writer w = {.line = 76, .last = 1};

    (void)state;
    for (size_t at = 0; at < 200; at++)
        for (int octet = 0; octet < 256; octet++) {
            memset(in, 'A' + octet % 6, sizeof in);
            in[at] = (uint8_t)octet;
            same_write(in, sizeof in, 1000, w);
            same_read(in, sizeof in, 240, at % 77);
            if (at) {
                in[at - 1] = '=';
                same_read(in, sizeof in, 240, 0);
            }
            if (at > 1) {
                in[at - 2] = '=';
                in[at - 1] = octet % 3 ? '4' : '\r';
                same_read(in, sizeof in, 240, 0);
            }
        }
}

static void test_choice(void **state)
{
    size_t known = 0;
    const mp_qp_version *v;

    (void)state;
    for (size_t i = 0; (v = mp_qp_versions(i)); i++)
        known += v == mp_qp_choose();
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
    size_t plain_size, text_size, made;
    uint8_t *plain = read_file("wikipedia.txt", &plain_size), *text = read_file("wikipedia.qp", &text_size), *out;

    (void)state;
    if (!plain || !text) {
        free(plain);
        free(text);
        skip();
    }
    out = malloc(plain_size * 2);
    assert_non_null(out);
    assert_int_equal(mailproto_qp_decode_all(text, text_size, 0, out, plain_size * 2, &made, NULL), 0);
    assert_int_equal(made, plain_size);
    assert_memory_equal(out, plain, plain_size);
    free(plain);
    free(text);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_write),
        cmocka_unit_test(test_versions_read),
        cmocka_unit_test(test_versions_every_octet),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_every_octet),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_pair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
