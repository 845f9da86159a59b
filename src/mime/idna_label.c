/* idna_label.c - one label of a domain name, in characters: mapped, valid, in its context.
 * RFC 5891 section 4.2, RFC 5892 appendix A, RFC 5893 section 2, RFC 5895 section 2. */
#include "mime/idna_label.h"

#include <string.h>

#include "core/ascii.h"
#include "core/unicode.h"
#include "core/utf8.h"
#include "mailproto/base.h"

#ifndef MAILPROTO_NO_UNICODE

enum { VIRAMA = 9 }; /* a combining class */

/* ---- mapping: RFC 5895 section 2 ---- */

static int32_t to_characters(const uint8_t *in, size_t n, uint32_t *c, size_t *made)
{
    size_t octets;

    *made = 0;
    for (size_t at = 0; at < n; at += octets) {
        if (*made == MP_IDNA_CHARACTERS)
            return MAILPROTO_ERR_ARG;
        octets = mp_utf8_read(in + at, n - at, &c[(*made)++]);
        if (!octets)
            return MAILPROTO_ERR_ARG;
    }
    return MAILPROTO_OK;
}

/* (1) lower case; (2) the characters of full and half width, which are all in one block, as what they stand for. */
static size_t map_one(uint32_t c, uint32_t out[MP_UNICODE_DECOMPOSED])
{
    size_t n = 1;

    out[0] = c;
    if (c - 0xff00 < 0xf0)
        n = mp_unicode_decompose(c, 1, out);
    for (size_t i = 0; i < n; i++)
        out[i] = mp_unicode_lower(out[i]);
    if (c == 0x130) { /* the one whose lower case is two: SpecialCasing of Unicode */
        out[0] = 'i';
        out[1] = 0x307;
        n = 2;
    }
    return n;
}

int32_t mp_idna_map(const uint8_t *in, size_t n, uint32_t c[MP_IDNA_CHARACTERS], size_t *made)
{
    uint8_t mapped[MP_IDNA_OCTETS], normal[MP_IDNA_OCTETS];
    uint32_t from, to[MP_UNICODE_DECOMPOSED];
    size_t at = 0, octets, length;

    for (size_t i = 0; i < n; i += octets) {
        octets = mp_utf8_read(in + i, n - i, &from);
        if (!octets)
            return MAILPROTO_ERR_ARG;
        length = map_one(from, to);
        for (size_t k = 0; k < length; k++) {
            if (sizeof mapped - at < 4)
                return MAILPROTO_ERR_ARG;
            at += mp_utf8_write(mapped + at, to[k]);
        }
    }
    if (mp_unicode_normalize(MP_NFC, mapped, at, normal, sizeof normal, &length)) /* (3) */
        return MAILPROTO_ERR_ARG;
    return to_characters(normal, length, c, made);
}

int32_t mp_idna_read(const uint8_t *in, size_t n, uint32_t c[MP_IDNA_CHARACTERS], size_t *made)
{
    uint8_t normal[MP_IDNA_OCTETS];
    size_t length;

    if (mp_unicode_normalize(MP_NFC, in, n, normal, sizeof normal, &length) || length != n ||
        memcmp(in, normal, n) != 0)
        return MAILPROTO_ERR_ARG;
    return to_characters(in, n, c, made);
}

/* ---- in their context: RFC 5892 appendix A ---- */

static uint8_t joining_of(uint32_t c)
{
    return mp_unicode_of(c).joining;
}

/* A.1: between letters that would join without it. */
static int is_between_joining(const uint32_t *c, size_t n, size_t at)
{
    size_t before = at, behind = at + 1;
    uint8_t left, right;

    while (before && joining_of(c[before - 1]) == MP_JOINING_TRANSPARENT)
        before--;
    while (behind < n && joining_of(c[behind]) == MP_JOINING_TRANSPARENT)
        behind++;
    if (!before || behind == n)
        return 0;
    left = joining_of(c[before - 1]);
    right = joining_of(c[behind]);
    return (left == MP_JOINING_LEFT || left == MP_JOINING_DUAL) &&
           (right == MP_JOINING_RIGHT || right == MP_JOINING_DUAL);
}

static int has_script(const uint32_t *c, size_t n, uint8_t script)
{
    for (size_t i = 0; i < n; i++)
        if (mp_unicode_of(c[i]).script == script)
            return 1;
    return 0;
}

/* A.8, A.9: the digits of the two sets are not mixed. */
static int has_digit_from(const uint32_t *c, size_t n, uint32_t zero)
{
    for (size_t i = 0; i < n; i++)
        if (c[i] - zero < 10)
            return 1;
    return 0;
}

static int is_in_context(const uint32_t *c, size_t n, size_t at)
{
    switch (c[at]) {
    case 0x200c: /* A.1 */
        return at && (mp_unicode_combining_class(c[at - 1]) == VIRAMA || is_between_joining(c, n, at));
    case 0x200d: /* A.2 */
        return at && mp_unicode_combining_class(c[at - 1]) == VIRAMA;
    case 0xb7: /* A.3 */
        return at && at + 1 < n && c[at - 1] == 'l' && c[at + 1] == 'l';
    case 0x375: /* A.4 */
        return at + 1 < n && has_script(c + at + 1, 1, MP_SCRIPT_GREEK);
    case 0x5f3: /* A.5 */
    case 0x5f4: /* A.6 */
        return at && has_script(c + at - 1, 1, MP_SCRIPT_HEBREW);
    case 0x30fb: /* A.7 */
        return has_script(c, n, MP_SCRIPT_EASTERN);
    default:
        if (c[at] - 0x660 < 10)
            return !has_digit_from(c, n, 0x6f0);
        return c[at] - 0x6f0 < 10 && !has_digit_from(c, n, 0x660);
    }
}

int mp_idna_is_valid(const uint32_t *c, size_t n)
{
    /* RFC 5891 4.2.3.1 and 4.2.3.2 */
    if (!n || c[0] == '-' || c[n - 1] == '-' || (n > 3 && c[2] == '-' && c[3] == '-') || mp_unicode_of(c[0]).mark)
        return 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t kind = mp_unicode_of(c[i]).idna;

        if (kind == MP_IDNA_DISALLOWED || kind == MP_IDNA_UNASSIGNED)
            return 0;
        if (kind != MP_IDNA_PVALID && !is_in_context(c, n, i))
            return 0;
    }
    return 1;
}

/* ---- the direction of text: RFC 5893 section 2 ---- */

static uint32_t bidi_of(uint32_t c)
{
    return c < 128 && !mp_ascii_is_alnum((int)c) && c != '-' ? MP_BIDI_ON
                                                             : mp_unicode_of(c | (c - 'A' < 26 ? 32 : 0)).bidi;
}

#define BIT(bidi) (1u << MP_BIDI_##bidi)

uint32_t mp_idna_direction(const uint32_t *c, size_t n)
{
    static const uint32_t anywhere = BIT(EN) | BIT(ES) | BIT(CS) | BIT(ET) | BIT(ON) | BIT(BN) | BIT(NSM);
    uint32_t there = 0, first, last, found, kept;

    if (!n)
        return 0;
    for (size_t i = 0; i < n; i++)
        there |= 1u << bidi_of(c[i]);
    found = there & (BIT(R) | BIT(AL) | BIT(AN)) ? MP_IDNA_RIGHT_TO_LEFT : 0;
    first = 1u << bidi_of(c[0]);
    for (size_t at = n; at > 1 && bidi_of(c[at - 1]) == MP_BIDI_NSM;)
        n = --at;
    last = 1u << bidi_of(c[n - 1]);
    if (first & (BIT(R) | BIT(AL))) /* 1 to 4 */
        kept = !(there & ~(anywhere | BIT(R) | BIT(AL) | BIT(AN))) && last & (BIT(R) | BIT(AL) | BIT(EN) | BIT(AN)) &&
               !(there & BIT(EN) && there & BIT(AN));
    else /* 1, 5, 6 */
        kept = first & BIT(L) && !(there & ~(anywhere | BIT(L))) && last & (BIT(L) | BIT(EN));
    return found | (kept ? 0u : (uint32_t)MP_IDNA_AGAINST_RULE);
}

#else
/* A build without the table has none of this; a file may not be empty (C11 6.9). */
typedef int mp_idna_label_left_out;
#endif
