/* test_smtp_client_body.c - message text on its way out, against a definition an octet at a time.
 * RFC 5321 sections 2.3.8 and 4.5.2; RFC 3030 section 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/client.h"

/* ---- the definition ---- */

/* Line ends made CRLF, the last one added, dots stuffed. -1: a bare CR or LF, where that is not allowed. */
static int define(const uint8_t *text, size_t n, int stuff, int strict, uint8_t *out, size_t *made)
{
    size_t to = 0;
    int begins = 1;

    for (size_t i = 0; i < n; i++) {
        int crlf = text[i] == '\r' && i + 1 < n && text[i + 1] == '\n';

        if (text[i] == '\r' || text[i] == '\n') {
            if (!crlf && strict)
                return -1;
            out[to++] = '\r';
            out[to++] = '\n';
            begins = 1;
            i += crlf ? 1 : 0;
            continue;
        }
        if (stuff && begins && text[i] == '.')
            out[to++] = '.';
        out[to++] = text[i];
        begins = 0;
    }
    if (!begins) {
        out[to++] = '\r';
        out[to++] = '\n';
    }
    *made = to;
    return 0;
}

/* What a receiver makes of it: the text, if its only end is behind the last octet. */
static int receive(const uint8_t *wire, size_t n, uint8_t *text, size_t *len)
{
    size_t to = 0, i = 0;

    *len = 0;
    for (;;) {
        const uint8_t *lf = memchr(wire + i, '\n', n - i);
        size_t line;

        if (!lf)
            return -1;
        line = (size_t)(lf - (wire + i)) + 1;
        if (line == 3 && !memcmp(wire + i, ".\r\n", 3)) {
            *len = to;
            return i + 3 == n ? 0 : -1;
        }
        if (wire[i] == '.') {
            i++;
            line--;
        }
        memcpy(text + to, wire + i, line);
        to += line;
        i += line;
    }
}

/* ---- the encoder, in pieces ---- */

static int encode(const uint8_t *text, size_t n, size_t cut, size_t cut2, int stuff, int strict, uint8_t *out,
                  size_t *made)
{
    struct mp_client_body body = {.text = 1, .stuff = (uint8_t)stuff, .strict = (uint8_t)strict, .max_line = SIZE_MAX};
    size_t cuts[4] = {0, cut, cut2, n}, to = 0, step;

    for (int i = 0; i < 3; i++) {
        if (mp_client_encode(&body, text + cuts[i], cuts[i + 1] - cuts[i], out + to, &step))
            return -1;
        assert_true(step <= 2 * (cuts[i + 1] - cuts[i]) + 2);
        to += step;
    }
    if (mp_client_encode_end(&body, out + to, &step))
        return -1;
    assert_true(step <= 2);
    *made = to + step;
    return 0;
}

enum { LONGEST = 7 };

static void check(const uint8_t *text, size_t n, size_t cut, size_t cut2, int stuff, int strict)
{
    uint8_t should[64], is[64], received[64], plain[64];
    size_t should_len, is_len = 0, received_len, plain_len;
    int bad = define(text, n, stuff, strict, should, &should_len);

    assert_int_equal(encode(text, n, cut, cut2, stuff, strict, is, &is_len), bad);
    if (bad)
        return;
    assert_int_equal(is_len, should_len);
    assert_memory_equal(is, should, is_len);
    if (!stuff)
        return;
    memcpy(is + is_len, ".\r\n", 3);
    assert_int_equal(receive(is, is_len + 3, received, &received_len), 0);
    define(text, n, 0, 0, plain, &plain_len);
    assert_int_equal(received_len, plain_len);
    assert_memory_equal(received, plain, plain_len);
}

/* Every text of up to seven of CR, LF, dot and letter, cut at every two places. */
static void every_pattern(void **state)
{
    static const uint8_t alphabet[4] = {'\r', '\n', '.', 'a'};
    uint8_t text[LONGEST];

    (void)state;
    for (size_t n = 0; n <= LONGEST; n++)
        for (uint32_t word = 0; word < 1u << (2 * n); word++) {
            for (size_t i = 0; i < n; i++)
                text[i] = alphabet[word >> (2 * i) & 3];
            for (size_t cut = 0; cut <= n; cut++)
                for (size_t cut2 = cut; cut2 <= n; cut2 += n > 5 ? 3 : 1)
                    for (int how = 0; how < 4; how++)
                        check(text, n, cut, cut2, how & 1, how >> 1);
        }
}

/* A line of exactly max_line octets is let through, one more is not, wherever it is cut; a stuffed dot is not counted. */
static void longest_line(void **state)
{
    uint8_t text[64], out[160];
    size_t made;

    (void)state;
    for (size_t n = 9; n <= 11; n++)
        for (size_t cut = 0; cut <= n + 2; cut++)
            for (int dot = 0; dot < 2; dot++) {
                struct mp_client_body body = {.text = 1, .stuff = 1, .max_line = 10};
                uint32_t result;

                memset(text, 'x', n);
                if (dot)
                    text[0] = '.';
                memcpy(text + n, "\r\n", 2);
                result = mp_client_encode(&body, text, cut, out, &made);
                if (!result)
                    result = mp_client_encode(&body, text + cut, n + 2 - cut, out, &made);
                assert_int_equal(result, n <= 10 ? MP_FAULT_NONE : MP_FAULT_LONG_LINE);
            }
}

/* NUL never crosses as text, and octets above 127 only where 8BITMIME was said: at every place, cut at every place. */
static void octets_that_may_not_cross(void **state)
{
    static const uint8_t odd[] = {0, 1, 127, 128, 255};
    uint8_t text[12], out[64];
    size_t made;

    (void)state;
    for (size_t i = 0; i < sizeof odd; i++)
        for (size_t at = 0; at < 10; at++)
            for (size_t cut = 0; cut <= sizeof text; cut++)
                for (uint8_t eight_bit = 0; eight_bit < 2; eight_bit++) {
                    struct mp_client_body body = {.text = 1, .stuff = 1, .eight_bit = eight_bit, .max_line = 998};
                    uint32_t expected = !odd[i]                      ? MP_FAULT_NUL
                                        : odd[i] > 127 && !eight_bit ? MP_FAULT_8BIT
                                                                     : MP_FAULT_NONE;
                    uint32_t fault;

                    memcpy(text, "\r\n.\r\nabc\r\n\r\n", sizeof text);
                    text[at] = odd[i];
                    fault = mp_client_encode(&body, text, cut, out, &made);
                    if (!fault)
                        fault = mp_client_encode(&body, text + cut, sizeof text - cut, out, &made);
                    assert_int_equal(fault, expected);
                }
}

static void binary_is_untouched(void **state)
{
    struct mp_client_body body = {.text = 0, .max_line = 2, .strict = 1};
    const uint8_t text[] = {'.', '\r', 0, '\n', '.', '\r'};
    uint8_t out[16];
    size_t made, end;

    (void)state;
    assert_int_equal(mp_client_encode(&body, text, sizeof text, out, &made), MP_FAULT_NONE);
    assert_int_equal(mp_client_encode_end(&body, out + made, &end), MP_FAULT_NONE);
    assert_int_equal(made, sizeof text);
    assert_int_equal(end, 0);
    assert_memory_equal(out, text, made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pattern),
        cmocka_unit_test(longest_line),
        cmocka_unit_test(octets_that_may_not_cross),
        cmocka_unit_test(binary_is_untouched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
