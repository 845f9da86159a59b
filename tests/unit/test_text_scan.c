/* The text scan: what it means, and that every version gives what the scalar one gives.
   RFC 5321 sections 2.3.8, 4.5.2 and 4.5.3.1.6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/text_scan.h"

enum { PLACE = 64 + 300 };

static const uint8_t specials[] = {'\r', '\n', '.', 0, 0x80, 0xff, 1, 0x7f};
static const uint32_t all_flags[] = {MP_TEXT_NO_NUL, 0, MP_TEXT_ANY_DOT, MP_TEXT_7BIT,
                                     MP_TEXT_NO_NUL | MP_TEXT_ANY_DOT | MP_TEXT_7BIT};

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % limit;
}

/* Says which case failed only when one did: there are millions. */
static void same(const uint8_t *p, size_t n, size_t max_line, uint32_t flags, size_t column)
{
    size_t expected_column = column;
    size_t expected = mp_text_scan_scalar(p, n, max_line, flags, &expected_column);
    const char *name;
    mp_text_scan_fn scan;
    assert_true(expected <= n);
    for (size_t i = 1; (scan = mp_text_scan_version(i, &name)) != NULL; i++) {
        size_t got_column = column;
        size_t got = scan(p, n, max_line, flags, &got_column);
        if (got != expected || got_column != expected_column)
            fail_msg("%s: n %zu, max_line %zu, flags %u, column %zu: %zu column %zu, not %zu "
                     "column %zu",
                     name, n, max_line, flags, column, got, got_column, expected, expected_column);
    }
}

/* Text in lines of length octets and CRLF, beginning at a column. */
static void write_lines(uint8_t *p, size_t n, size_t length, size_t column)
{
    for (size_t i = 0; i < n; i++) {
        size_t place = (column + i) % (length + 2);
        p[i] = (uint8_t)(place < length ? 'a' : place == length ? '\r' : '\n');
    }
}

static void test_meaning(void **state)
{
    static const struct {
        const char *text;
        size_t n, max_line;
        uint32_t flags;
        size_t column, result, result_column;
    } cases[] = {
        {"", 0, 10, 0, 3, 0, 3},
        {"abc", 3, 10, 0, 0, 3, 3},
        {"abc\r\n", 5, 10, 0, 0, 5, 0},
        {"abc\r\nde", 7, 10, 0, 0, 7, 2},
        {"abc\r", 4, 10, 0, 0, 3, 3},
        {"\r", 1, 10, 0, 0, 0, 0},
        {"\r\n", 2, 10, 0, 0, 2, 0},
        {"\n", 1, 10, 0, 0, 0, 0},
        {"a\nb", 3, 10, 0, 0, 1, 1},
        {"a\rb", 3, 10, 0, 0, 1, 1},
        {"a\r\r\n", 4, 10, 0, 0, 1, 1},
        {"a\r\n\n", 4, 10, 0, 0, 3, 0},
        {".", 1, 10, 0, 0, 0, 0},
        {".", 1, 10, 0, 1, 1, 2},
        {".", 1, 10, MP_TEXT_ANY_DOT, 0, 1, 1},
        {"a.b\r\n.\r\n", 8, 10, 0, 0, 5, 0},
        {"a.b\r\n.\r\n", 8, 10, MP_TEXT_ANY_DOT, 0, 8, 0},
        {"a\r.", 3, 10, 0, 0, 1, 1},
        {"a\0b", 3, 10, MP_TEXT_NO_NUL, 0, 1, 1},
        {"a\0b", 3, 10, 0, 0, 3, 3},
        {"\0", 1, 10, MP_TEXT_NO_NUL, 0, 0, 0},
        {"a\200", 2, 10, MP_TEXT_7BIT, 0, 1, 1},
        {"a\177", 2, 10, MP_TEXT_7BIT, 0, 2, 2},
        {"a\200", 2, 10, MP_TEXT_NO_NUL, 0, 2, 2},
        {"abcd", 4, 3, 0, 0, 3, 3},
        {"abc\r\nabcd", 9, 3, 0, 0, 8, 3},
        {"abc\r\nabc\r\n", 10, 3, 0, 0, 10, 0},
        {"abc\r", 4, 3, 0, 0, 3, 3},
        {"bc\r\n", 4, 3, 0, 1, 4, 0},
        {"bcd\r\n", 5, 3, 0, 1, 2, 3},
        {"a", 1, 3, 0, 3, 0, 3},
        {"\r\na", 3, 3, 0, 3, 3, 1},
        {"\r\na", 3, 3, 0, 9, 3, 1},
        {"a", 1, 3, 0, 9, 0, 9},
        {"a", 1, 0, 0, 0, 0, 0},
        {"\r\n\r\n", 4, 0, 0, 0, 4, 0},
        {"ab", 2, SIZE_MAX, 0, SIZE_MAX - 1, 1, SIZE_MAX},
    };
    const char *name;
    mp_text_scan_fn scan;
    (void)state;
    for (size_t v = 0; (scan = mp_text_scan_version(v, &name)) != NULL; v++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            size_t column = cases[i].column;
            size_t result =
                scan((const uint8_t *)cases[i].text, cases[i].n, cases[i].max_line, cases[i].flags, &column);
            if (result != cases[i].result || column != cases[i].result_column)
                fail_msg("%s, case %zu: %zu, column %zu", name, i, result, column);
        }
}

static void test_choice(void **state)
{
    const char *name;
    size_t column = 0, known = 0;
    mp_text_scan_fn scan;
    (void)state;
    for (size_t i = 0; (scan = mp_text_scan_version(i, &name)) != NULL; i++)
        known += scan == mp_text_scan_choose();
    assert_int_equal(known, 1);
    assert_int_equal(mp_text_scan((const uint8_t *)"ab\r\nc.\r\n.", 9, 998, 0, &column), 8);
    assert_int_equal(column, 0);
}

/* Every string of up to six octets of an alphabet that holds all that matters. */
static void test_short_strings(void **state)
{
    static const uint8_t alphabet[] = {'a', '.', '\r', '\n', 0, 0x80, 1};
    uint8_t text[6];
    (void)state;
    for (size_t n = 0, total = 1; n <= sizeof text; n++, total *= sizeof alphabet)
        for (size_t code = 0; code < total; code++) {
            size_t rest = code;
            for (size_t i = 0; i < n; i++, rest /= sizeof alphabet)
                text[i] = alphabet[rest % sizeof alphabet];
            same(text, n, code % 5, all_flags[code / 7 % 5], code & 1);
            same(text, n, 998, MP_TEXT_NO_NUL, 0);
        }
}

/* Each special octet, alone and before another, at every place of texts of every length. */
static void test_every_place(void **state)
{
    static const size_t lines[] = {0, 1, 14, 15, 30, 31, 62, 76, 1000};
    uint8_t text[300];
    (void)state;
    for (size_t n = 1; n <= sizeof text; n += n < 140 ? 1 : 7)
        for (size_t l = 0; l < sizeof lines / sizeof lines[0]; l++)
            for (size_t at = 0; at < n; at++) {
                uint8_t first = specials[(n + at + l) % sizeof specials];
                write_lines(text, n, lines[l], n % 5);
                text[at] = first;
                same(text, n, 998, all_flags[at % 5], lines[l] ? n % 5 : 0);
                if (at + 1 < n)
                    text[at + 1] = specials[random_below(sizeof specials)];
                same(text, n, 998, MP_TEXT_NO_NUL, lines[l] ? n % 5 : 0);
            }
}

/* Every length and alignment, in memory that ends where the text does. */
static void test_every_length_and_alignment(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 300; n++)
        for (size_t align = 0; align < 64; align++) {
            uint8_t *place = malloc(align + n + 1);
            uint8_t *p;
            assert_non_null(place);
            p = place + 1 + align; /* what lies before p must not matter */
            memset(place, align & 1 ? '\r' : '\n', align + 1);
            write_lines(p, n, 1 + (n + align) % 80, 0);
            same(p, n, 998, MP_TEXT_NO_NUL, 0);
            if (n != 0) {
                p[random_below((uint32_t)n)] = specials[random_below(sizeof specials)];
                same(p, n, 998, MP_TEXT_NO_NUL, 0);
            }
            free(place);
        }
}

/* Lines about as long as the limit, with every column carried in. */
static void test_line_limit(void **state)
{
    static const size_t limits[] = {0,  1,  2,  7,  15,  16,  17,  31,  32,  33, 62,
                                    63, 64, 65, 66, 127, 128, 129, 254, 510, 998};
    uint8_t text[2600];
    (void)state;
    for (size_t l = 0; l < sizeof limits / sizeof limits[0]; l++)
        for (size_t length = limits[l] < 3 ? 0 : limits[l] - 3; length <= limits[l] + 3; length++)
            for (size_t column = 0; column <= length + 2 && column < 300; column++) {
                size_t n = sizeof text - random_below(2 * (uint32_t)limits[l] + 2);
                write_lines(text, n, length, column % (length + 1));
                same(text, n, limits[l], MP_TEXT_NO_NUL, column);
                /* the same with one line that ends somewhere else */
                text[random_below((uint32_t)n)] = 'a';
                same(text, n, limits[l], MP_TEXT_NO_NUL, column);
            }
}

static void test_random(void **state)
{
    uint8_t place[PLACE];
    (void)state;
    for (size_t round = 0; round < 200000; round++) {
        size_t n = random_below(301);
        uint8_t *p = place + random_below(64);
        uint32_t rarity = 1 + random_below(60);
        size_t at = 0;
        while (at < n) {
            uint32_t kind = random_below(rarity + 4);
            if (kind < 2 && at + 1 < n) {
                p[at++] = '\r';
                p[at++] = '\n';
            } else if (kind == 2 && random_below(20) == 0)
                p[at++] = specials[random_below(sizeof specials)];
            else
                p[at++] = (uint8_t)('.' + random_below(64));
        }
        same(p, n, random_below(4) ? random_below(100) : 998, all_flags[random_below(5)],
             random_below(3) ? 0 : random_below(100));
    }
}

/* Text larger than what a version takes at a time, with faults near each multiple of 4096. */
static void test_large(void **state)
{
    static const size_t lines[] = {0, 60, 76, 997, 998, 999};
    enum { SIZE = 40000 };
    uint8_t *text = malloc(SIZE);
    (void)state;
    assert_non_null(text);
    for (size_t l = 0; l < sizeof lines / sizeof lines[0]; l++)
        for (size_t edge = 4096; edge < SIZE; edge += 4096)
            for (size_t at = edge - 3; at < edge + 4; at++) {
                uint8_t kept;
                write_lines(text, SIZE, lines[l], at % (lines[l] + 2));
                kept = text[at];
                same(text, at, 998, MP_TEXT_NO_NUL, 0); /* an end there */
                for (size_t s = 0; s < sizeof specials; s++) {
                    text[at] = specials[s];
                    same(text, SIZE, 998, MP_TEXT_NO_NUL, at % (lines[l] + 1));
                    same(text, SIZE, SIZE_MAX, MP_TEXT_7BIT, at % (lines[l] + 1));
                }
                text[at] = kept;
            }
    memset(text, 'a', SIZE); /* no line end at all */
    for (size_t max_line = 8000; max_line < 8400; max_line++)
        same(text, SIZE, max_line, 0, max_line % 7);
    same(text, SIZE, SIZE_MAX, 0, 5);
    free(text);
}

/* However the text is cut, it is clean up to the same place. */
static void test_cuts(void **state)
{
    uint8_t text[2000];
    (void)state;
    for (size_t round = 0; round < 2000; round++) {
        size_t n = 1 + random_below(sizeof text);
        size_t whole_column = 0, column = 0, whole, at = 0;
        write_lines(text, n, random_below(90), 0);
        if (random_below(2))
            text[random_below((uint32_t)n)] = specials[random_below(sizeof specials)];
        whole = mp_text_scan(text, n, 80, MP_TEXT_NO_NUL, &whole_column);
        while (at < n) {
            size_t end = at + 2 + random_below(200);
            size_t take = (end < n ? end : n) - at;
            size_t got = mp_text_scan(text + at, take, 80, MP_TEXT_NO_NUL, &column);
            at += got;
            /* short of the cut by more than a CR held back: a fault, or the end */
            if (got < take && (got + 1 < take || at + 1 == n || text[at] != '\r'))
                break;
        }
        assert_int_equal(at, whole);
        assert_int_equal(column, whole_column);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_short_strings),
        cmocka_unit_test(test_every_place),
        cmocka_unit_test(test_every_length_and_alignment),
        cmocka_unit_test(test_line_limit),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_cuts),
    };
    return cmocka_run_group_tests_name("text_scan", tests, NULL, NULL);
}
