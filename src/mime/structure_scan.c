/* structure_scan.c - the structure scans an octet at a time, and the choice of the fastest version.
 * RFC 5322 sections 2.1 and 2.2.3; RFC 2046 section 5.1.1. */
#include "mime/structure_scan.h"

#include <string.h>

static uint32_t seen_of(uint8_t octet, int after_cr)
{
    return (octet > 127 ? MP_SEEN_EIGHT_BIT : 0U) | (octet == 0 ? MP_SEEN_NUL : 0U) |
           (octet == '\n' && !after_cr ? MP_SEEN_BARE_LF : 0U) | (octet != '\n' && after_cr ? MP_SEEN_BARE_CR : 0U);
}

static int is_strange(uint8_t octet)
{
    return octet <= ' ' || octet > 127;
}

size_t mp_scan_field_scalar(const uint8_t *low, const uint8_t *p, size_t n, int last, mp_field_scan *f)
{
    size_t i = f->scanned;
    const int known = i == 0 && n >= 64; /* the vector versions know them by a block of 64 octets */

    (void)low;
    if (known) {
        f->strange = 0;
        for (size_t j = 0; j < 64; j++)
            f->strange |= (uint64_t)is_strange(p[j]) << j;
    }
    for (; i < n; i++) {
        const int at_end = i + 1 == n;

        if (p[i] == '\n' && at_end && !last)
            break;
        f->seen |= seen_of(p[i], i > 0 && p[i - 1] == '\r');
        if (p[i] == ':' && f->colon == SIZE_MAX)
            f->colon = i;
        if (p[i] != '\n')
            continue;
        f->lines++;
        if (at_end || (p[i + 1] != ' ' && p[i + 1] != '\t'))
            return i + 1;
    }
    f->scanned = i;
    return 0;
}

size_t mp_scan_body_scalar(const uint8_t *low, const uint8_t *p, size_t n, mp_body_scan *b)
{
    int after_cr = (int)b->after_cr;
    uint64_t column = b->column;
    size_t i;

    (void)low;
    for (i = 0; i < n; i++) {
        if (b->stop && p[i] == '\n' && n - i > 2 && p[i + 1] == '-' && p[i + 2] == '-')
            break;
        b->seen |= seen_of(p[i], after_cr);
        if (p[i] == '\n') {
            if (column - (uint64_t)after_cr > MP_LINE_MAX)
                b->seen |= MP_SEEN_LONG_LINE;
            b->lines++;
            column = 0;
        } else {
            column++;
        }
        after_cr = p[i] == '\r';
    }
    b->after_cr = (uint32_t)after_cr;
    b->column = column;
    return i;
}

static size_t first_bare_lf(const uint8_t *p, size_t n, uint32_t after_cr)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t *lf = memchr(p + i, '\n', n - i);

        if (!lf)
            return n;
        i = (size_t)(lf - p);
        if (i ? lf[-1] != '\r' : !after_cr)
            return i;
    }
    return n;
}

/* A CR is known to be bare by what stands behind it: that of the last octet is not. */
static int64_t first_bare_cr(const uint8_t *p, size_t n, uint32_t after_cr)
{
    if (after_cr && n && p[0] != '\n')
        return -1;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *cr = memchr(p + i, '\r', n - i);

        if (!cr)
            break;
        i = (size_t)(cr - p);
        if (i + 1 < n && cr[1] != '\n')
            return (int64_t)i;
    }
    return (int64_t)n;
}

/* The 999th octet of the first line that has so many. */
static int64_t first_long_line(const uint8_t *p, size_t n, const mp_body_scan *before)
{
    int64_t begin = -(int64_t)before->column;

    for (size_t i = 0; i < n;) {
        const uint8_t *lf = memchr(p + i, '\n', n - i);
        const int64_t end = lf ? lf - p : (int64_t)n;
        const int64_t cr = lf && (lf > p ? lf[-1] == '\r' : (int64_t)before->after_cr);

        if (end - begin - cr > MP_LINE_MAX)
            return begin + MP_LINE_MAX;
        begin = end + 1;
        i = (size_t)begin;
    }
    return (int64_t)n;
}

static size_t first_eight_bit(const uint8_t *p, size_t n)
{
    const uint64_t top = UINT64_C(0x8080808080808080);
    size_t i = 0;

    for (uint64_t word; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        if (word & top)
            break;
    }
    while (i < n && p[i] < 128)
        i++;
    return i;
}

int64_t mp_scan_first(const uint8_t *p, size_t n, uint32_t bit, const mp_body_scan *before)
{
    const uint8_t *nul;

    switch (bit) {
    case MP_SEEN_EIGHT_BIT:
        return (int64_t)first_eight_bit(p, n);
    case MP_SEEN_NUL:
        nul = n ? memchr(p, 0, n) : NULL;
        return nul ? nul - p : (int64_t)n;
    case MP_SEEN_BARE_LF:
        return (int64_t)first_bare_lf(p, n, before->after_cr);
    case MP_SEEN_BARE_CR:
        return first_bare_cr(p, n, before->after_cr);
    default:
        return first_long_line(p, n, before);
    }
}

static const mp_scan_version scalar = {"scalar", mp_scan_field_scalar, mp_scan_body_scalar};

const mp_scan_version *mp_scan_versions(size_t index)
{
    const mp_scan_version *version;

    if (!index)
        return &scalar;
    version = mp_scan_versions_x86(index - 1);
    return version ? version : mp_scan_versions_arm(index - 1);
}

const mp_scan_version *mp_scan_choose(void)
{
    const mp_scan_version *best = &scalar, *next;

    for (size_t i = 1; (next = mp_scan_versions(i)); i++)
        best = next;
    return best;
}
