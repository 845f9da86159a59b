/* punycode.c - any characters as letters, digits and hyphens, and back.
 * RFC 3492: section 5 has the numbers, sections 6.1 to 6.4 the procedures. */
#include "mime/punycode.h"

#include <string.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "mailproto/mime_idna.h"
#include "mime/small.h"

enum { BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700, FIRST_BIAS = 72, FIRST_N = 128 };
enum { MOST = 1000 }; /* characters that the public functions take */

/* 6.1 */
static uint32_t adapt(uint32_t delta, uint32_t points, int first)
{
    uint32_t k = 0;

    delta = first ? delta / DAMP : delta / 2;
    delta += delta / points;
    for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
        delta /= BASE - T_MIN;
    return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
    return k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;
}

/* ---- encoding: 6.3 ---- */

static void put_digit(mp_small_out *o, uint32_t digit)
{
    mp_small_put(o, digit < 26 ? 'a' + digit : '0' + digit - 26);
}

static void put_number(mp_small_out *o, uint32_t q, uint32_t bias)
{
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = threshold(k, bias);

        if (q < t)
            break;
        put_digit(o, t + (q - t) % (BASE - t));
        q = (q - t) / (BASE - t);
    }
    put_digit(o, q);
}

/* The least character that is not below `from`; there is one. */
static uint32_t least(const uint32_t *c, size_t n, uint32_t from)
{
    uint32_t found = UINT32_MAX;

    for (size_t i = 0; i < n; i++)
        if (c[i] >= from && c[i] < found)
            found = c[i];
    return found;
}

size_t mp_punycode_encode(const uint32_t *c, size_t n, char *out, size_t cap)
{
    mp_small_out o = {(uint8_t *)out, cap, 0};
    uint32_t code = FIRST_N, delta = 0, bias = FIRST_BIAS, basic = 0, done;

    for (size_t i = 0; i < n; i++)
        if (c[i] < FIRST_N) {
            mp_small_put(&o, c[i]);
            basic++;
        }
    if (basic)
        mp_small_put(&o, '-');
    for (done = basic; done < n; delta++, code++) {
        uint32_t next = least(c, n, code);

        if (next - code > (UINT32_MAX - delta) / (done + 1))
            return 0;
        delta += (next - code) * (done + 1);
        code = next;
        for (size_t i = 0; i < n; i++) {
            if (c[i] < code && ++delta == 0)
                return 0;
            if (c[i] != code)
                continue;
            put_number(&o, delta, bias);
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
    }
    return o.made;
}

/* ---- decoding: 6.2 ---- */

static uint32_t digit_of(char c)
{
    if (mp_ascii_is_digit(c))
        return (uint32_t)(c - '0') + 26;
    return mp_ascii_is_alpha(c) ? (uint32_t)(mp_ascii_lower(c) - 'a') : BASE;
}

/* The number at *at, added to *i. 0: it is none, is cut off or overflows. */
static int read_number(const char *in, size_t n, size_t *at, uint32_t bias, uint32_t *i)
{
    uint32_t weight = 1;

    for (uint32_t k = BASE;; k += BASE) {
        uint32_t digit = *at < n ? digit_of(in[(*at)++]) : BASE, t = threshold(k, bias);

        if (digit == BASE || digit > (UINT32_MAX - *i) / weight)
            return 0;
        *i += digit * weight;
        if (digit < t)
            return 1;
        if (weight > UINT32_MAX / (BASE - t))
            return 0;
        weight *= BASE - t;
    }
}

int32_t mp_punycode_decode(const char *in, size_t n, uint32_t *out, size_t cap, size_t *made)
{
    uint32_t code = FIRST_N, i = 0, bias = FIRST_BIAS, points = 0;
    size_t at = n;

    while (at && in[at - 1] != '-')
        at--;
    if (at == 1) /* a hyphen that nothing stands before ends nothing */
        at = 0;
    if (at > cap + 1)
        return MAILPROTO_ERR_LIMIT;
    for (size_t k = 0; k + 1 < at; k++) {
        if ((uint8_t)in[k] >= FIRST_N)
            return MAILPROTO_ERR_ARG;
        out[points++] = (uint8_t)in[k];
    }
    while (at < n) {
        uint32_t before = i;

        if (!read_number(in, n, &at, bias, &i))
            return MAILPROTO_ERR_ARG;
        if (points == cap)
            return MAILPROTO_ERR_LIMIT;
        bias = adapt(i - before, points + 1, before == 0);
        if (i / (points + 1) > 0x10ffff - code)
            return MAILPROTO_ERR_ARG;
        code += i / (points + 1);
        i %= points + 1;
        if (code - 0xd800 < 0x800)
            return MAILPROTO_ERR_ARG;
        memmove(out + i + 1, out + i, (points - i) * sizeof *out);
        out[i++] = code;
        points++;
    }
    *made = points;
    return MAILPROTO_OK;
}

/* ---- for everyone ---- */

int32_t mailproto_punycode_encode(const char *in, size_t n, char *out, size_t cap, size_t *made)
{
    uint32_t c[MOST];
    size_t characters = 0, octets;

    if ((!in && n) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    for (size_t at = 0; at < n; at += octets) {
        if (characters == MOST)
            return MAILPROTO_ERR_LIMIT;
        octets = mp_utf8_read((const uint8_t *)in + at, n - at, &c[characters++]);
        if (!octets)
            return MAILPROTO_ERR_ARG;
    }
    *made = 0;
    if (!n)
        return MAILPROTO_OK;
    *made = mp_punycode_encode(c, characters, out, cap);
    if (!*made)
        return MAILPROTO_ERR_ARG;
    return *made > cap ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK;
}

int32_t mailproto_punycode_decode(const char *in, size_t n, char *out, size_t cap, size_t *made)
{
    mp_small_out o = {(uint8_t *)out, cap, 0};
    uint32_t c[MOST];
    size_t characters;
    int32_t result;

    if ((!in && n) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    result = mp_punycode_decode(in, n, c, MOST, &characters);
    for (size_t i = 0; !result && i < characters; i++) {
        uint8_t octets[4];
        size_t octets_n = mp_utf8_write(octets, c[i]);

        for (size_t k = 0; k < octets_n; k++)
            mp_small_put(&o, octets[k]);
    }
    return result ? result : mp_small_done(&o, made);
}
