/* utf7.c - names of mailboxes in modified UTF-7, either way.
 * RFC 3501 section 5.1.3; RFC 2152 for what it modifies. */
#include "core/utf8.h"
#include "mailproto/mime_word.h"
#include "mime/small.h"

static int is_direct(uint32_t c)
{
    return c >= 0x20 && c <= 0x7e;
}

/* ---- encoding ---- */

/* Bits of UTF-16 that are not written yet. */
typedef struct shift {
    uint32_t bits, held;
    int open;
} shift;

static void put_value(mp_small_out *o, uint32_t value)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

    mp_small_put(o, (uint8_t)alphabet[value & 63]);
}

static void put_unit(mp_small_out *o, shift *s, uint32_t unit)
{
    s->bits = s->bits << 16 | unit;
    for (s->held += 16; s->held >= 6; s->held -= 6)
        put_value(o, s->bits >> (s->held - 6));
}

static void open_shift(mp_small_out *o, shift *s)
{
    if (!s->open)
        mp_small_put(o, '&');
    s->open = 1;
}

static void close_shift(mp_small_out *o, shift *s)
{
    if (!s->open)
        return;
    if (s->held)
        put_value(o, s->bits << (6 - s->held));
    mp_small_put(o, '-');
    *s = (shift){0, 0, 0};
}

static uint32_t scalar_at(const uint8_t *p, size_t octets)
{
    uint32_t c = octets == 1 ? p[0] : p[0] & (0x7fu >> octets);

    for (size_t i = 1; i < octets; i++)
        c = c << 6 | (p[i] & 63u);
    return c;
}

int32_t mailproto_utf7_encode(const void *in, size_t n, char *out, size_t cap, size_t *made)
{
    mp_small_out o = {(uint8_t *)out, cap, 0};
    const uint8_t *p = in;
    shift s = {0, 0, 0};

    if ((!in && n) || (!out && cap) || !made || (n && !mp_utf8_valid(p, n)))
        return MAILPROTO_ERR_ARG;
    for (size_t i = 0; i < n; i++)
        if (!p[i])
            return MAILPROTO_ERR_ARG;
    for (size_t at = 0; at < n;) {
        size_t octets = mp_small_character(p + at, n - at);
        uint32_t c = scalar_at(p + at, octets);

        at += octets;
        if (is_direct(c)) {
            close_shift(&o, &s);
            mp_small_put(&o, c);
            if (c == '&')
                mp_small_put(&o, '-');
            continue;
        }
        open_shift(&o, &s);
        if (c > 0xffff) {
            put_unit(&o, &s, 0xd800 + ((c - 0x10000) >> 10));
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        put_unit(&o, &s, c);
    }
    close_shift(&o, &s);
    return mp_small_done(&o, made);
}

/* ---- decoding ---- */

static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == ',' ? 63 : -1;
}

static void put_scalar(mp_small_out *o, uint32_t c)
{
    if (c < 0x80) {
        mp_small_put(o, c);
        return;
    }
    if (c < 0x800)
        mp_small_put(o, 0xc0 | c >> 6);
    else {
        if (c < 0x10000)
            mp_small_put(o, 0xe0 | c >> 12);
        else {
            mp_small_put(o, 0xf0 | c >> 18);
            mp_small_put(o, 0x80 | (c >> 12 & 63));
        }
        mp_small_put(o, 0x80 | (c >> 6 & 63));
    }
    mp_small_put(o, 0x80 | (c & 63));
}

/* A unit of UTF-16; *high is a first surrogate that waits. 0: it may not stand here. */
static int take_unit(mp_small_out *o, uint32_t *high, uint32_t unit)
{
    int first = (unit & 0xfc00) == 0xd800, second = (unit & 0xfc00) == 0xdc00;

    if (!unit || is_direct(unit) || (*high != 0) != second)
        return 0;
    if (first)
        *high = unit;
    else {
        put_scalar(o, second ? 0x10000 + ((*high & 0x3ff) << 10) + (unit & 0x3ff) : unit);
        *high = 0;
    }
    return 1;
}

/* What is between "&" and "-", to *at behind that. 0: it is not in order. */
static int take_shift(mp_small_out *o, const uint8_t *p, size_t n, size_t *at)
{
    uint32_t bits = 0, held = 0, high = 0, units = 0;

    for (; *at < n && p[*at] != '-'; ++*at) {
        int value = value_of(p[*at]);

        if (value < 0)
            return 0;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 16) {
            held -= 16;
            units++;
            if (!take_unit(o, &high, bits >> held & 0xffff))
                return 0;
        }
    }
    if (*at == n || !units || high || held >= 6 || bits & ((1u << held) - 1))
        return 0;
    ++*at;
    return 1;
}

int32_t mailproto_utf7_decode(const void *in, size_t n, char *out, size_t cap, size_t *made)
{
    mp_small_out o = {(uint8_t *)out, cap, 0};
    const uint8_t *p = in;
    int shifted = 0; /* a shift ends here: the next would belong to it */

    if ((!in && n) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    for (size_t at = 0; at < n;) {
        uint8_t c = p[at++];

        if (!is_direct(c))
            return MAILPROTO_ERR_ARG;
        if (c != '&') {
            mp_small_put(&o, c);
            shifted = 0;
        } else if (at < n && p[at] == '-') {
            at++;
            mp_small_put(&o, '&');
            shifted = 0;
        } else {
            if (shifted || !take_shift(&o, p, n, &at))
                return MAILPROTO_ERR_ARG;
            shifted = 1;
        }
    }
    return mp_small_done(&o, made);
}
