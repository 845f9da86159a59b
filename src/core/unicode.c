/* Properties and cases of characters, out of the table.
   RFC 5892 section 3, RFC 4013 section 2, RFC 5051 section 2. */
#include "core/unicode.h"

#include "core/unicode_table.h"

#ifndef MAILPROTO_NO_UNICODE

/* What stands in the last stage for a character: the three tables differ in their types, not in their form. */
#define LOOK(table, c)                                                                                                 \
    look_leaf(mp_unicode_##table##_shifts, (c),                                                                        \
              mp_unicode_##table##_middle[(uint32_t)mp_unicode_##table##_top[top_of(mp_unicode_##table##_shifts, (c))] \
                                              << mp_unicode_##table##_shifts[1] |                                      \
                                          middle_of(mp_unicode_##table##_shifts, (c))])

static uint32_t within(uint32_t c)
{
    return c < 0x110000 ? c : 0x10ffff;
}

static uint32_t top_of(const uint8_t shifts[2], uint32_t c)
{
    return c >> (shifts[0] + shifts[1]);
}

static uint32_t middle_of(const uint8_t shifts[2], uint32_t c)
{
    return c >> shifts[0] & ((1u << shifts[1]) - 1);
}

static uint32_t look_leaf(const uint8_t shifts[2], uint32_t c, uint32_t block)
{
    return block << shifts[0] | (c & ((1u << shifts[0]) - 1));
}

static uint32_t property(uint32_t c)
{
    return mp_unicode_property_leaf[LOOK(property, within(c))];
}

mp_unicode_properties mp_unicode_of(uint32_t c)
{
    uint32_t record = property(c), bits = mp_unicode_bits[record];

    return (mp_unicode_properties){.combining = mp_unicode_combining[record],
                                   .idna = bits & 7,
                                   .bidi = bits >> 3 & 15,
                                   .joining = bits >> 7 & 7,
                                   .script = bits >> 10 & 3,
                                   .sasl = bits >> 12 & 7,
                                   .direction = mp_unicode_direction[record],
                                   .mark = bits >> 15 & 1};
}

uint8_t mp_unicode_combining_class(uint32_t c)
{
    return mp_unicode_combining[property(c)];
}

static uint32_t changed(uint32_t c, uint32_t which)
{
    if (c >= 0x110000)
        return c;
    return (uint32_t)((int32_t)c + mp_unicode_case[3 * mp_unicode_case_leaf[LOOK(case, c)] + which]);
}

uint32_t mp_unicode_lower(uint32_t c)
{
    return changed(c, 0);
}

uint32_t mp_unicode_title(uint32_t c)
{
    return changed(c, 1);
}

size_t mp_unicode_folded(uint32_t c, uint32_t out[3])
{
    size_t low = 0, high = mp_unicode_folds, n = 1;
    const uint16_t *entry;

    out[0] = changed(c, 2);
    while (high - low > 1) {
        size_t middle = (low + high) / 2;

        if (mp_unicode_fold[4 * middle] <= c)
            low = middle;
        else
            high = middle;
    }
    entry = mp_unicode_fold + 4 * low;
    if (entry[0] != c)
        return 1;
    for (n = 0; n < 3 && entry[n + 1]; n++)
        out[n] = entry[n + 1];
    return n;
}

/* ---- decomposition and composition ---- */

enum { S_BASE = 0xac00, L_BASE = 0x1100, V_BASE = 0x1161, T_BASE = 0x11a7, LS = 19, VS = 21, TS = 28 };

/* Hangul syllables are reckoned, not listed: Unicode section 3.12. */
static size_t decompose_hangul(uint32_t c, uint32_t *out)
{
    uint32_t s = c - S_BASE, t = s % TS;

    out[0] = L_BASE + s / (VS * TS);
    out[1] = V_BASE + s % (VS * TS) / TS;
    out[2] = T_BASE + t;
    return t ? 3 : 2;
}

/* One step, at most 18 characters to `out`: how many, 0 if there is none. */
static size_t decompose_once(uint32_t c, int compatibility, uint32_t *out)
{
    uint32_t entry, at, units;
    size_t n = 0;

    if (c - S_BASE < LS * VS * TS)
        return decompose_hangul(c, out);
    entry = c < 0x110000 ? mp_unicode_decomposition_leaf[LOOK(decomposition, c)] : 0;
    at = entry >> 3;
    if (!entry || (at >= mp_unicode_canonical && !compatibility))
        return 0;
    units = entry & 7 ? entry & 7 : mp_unicode_units[at++];
    for (uint32_t end = at + units; at < end; n++) {
        out[n] = mp_unicode_units[at++];
        if ((out[n] & 0xfc00) == 0xd800)
            out[n] = 0x10000 + ((out[n] & 0x3ff) << 10) + (mp_unicode_units[at++] & 0x3ff);
    }
    return n;
}

size_t mp_unicode_decompose(uint32_t c, int compatibility, uint32_t out[MP_UNICODE_DECOMPOSED])
{
    uint32_t step[MP_UNICODE_DECOMPOSED];
    size_t n = 1;

    /* The table goes a step at a time. No decomposition is longer than 18 in all, so there is always room. */
    out[0] = c;
    for (size_t at = 0; at < n;) {
        size_t more = decompose_once(out[at], compatibility, step);

        if (!more || n - 1 + more > MP_UNICODE_DECOMPOSED) {
            at++;
            continue;
        }
        for (size_t i = n; i-- > at + 1;)
            out[i - 1 + more] = out[i];
        for (size_t i = 0; i < more; i++)
            out[at + i] = step[i];
        n += more - 1;
    }
    return n;
}

/* The composed character of a number, and how the two it is made of compare with these. */
static int compare(size_t number, uint32_t first, uint32_t second, uint32_t *composed)
{
    uint32_t pair[MP_UNICODE_DECOMPOSED];

    *composed = mp_unicode_composed[number] + (number < mp_unicode_compositions_low ? 0u : 0x10000u);
    decompose_once(*composed, 0, pair);
    if (pair[0] != first)
        return pair[0] < first ? -1 : 1;
    return pair[1] < second ? -1 : pair[1] > second;
}

uint32_t mp_unicode_compose(uint32_t first, uint32_t second)
{
    size_t low = 0, high = mp_unicode_compositions;
    uint32_t composed;

    if (first - L_BASE < LS && second - V_BASE < VS)
        return S_BASE + ((first - L_BASE) * VS + (second - V_BASE)) * TS;
    if (first - S_BASE < LS * VS * TS && (first - S_BASE) % TS == 0 && second - T_BASE - 1 < TS - 1)
        return first + (second - T_BASE);
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare(middle, first, second, &composed);

        if (order == 0)
            return composed;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

#else
/* A build without the table has none of this; a file may not be empty (C11 6.9). */
typedef int mp_unicode_left_out;
#endif
