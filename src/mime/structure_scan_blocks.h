/* structure_scan_blocks.h - the structure scans over blocks of 64 octets, of which a processor makes masks of 64 bits.
 * RFC 5322 sections 2.1 and 2.2.3; RFC 2046 section 5.1.1. Private to structure_scan_x86.c and structure_scan_arm.c. */
#ifndef MP_MIME_STRUCTURE_SCAN_BLOCKS_H
#define MP_MIME_STRUCTURE_SCAN_BLOCKS_H

#include <string.h>

#include "mime/structure_scan.h"

enum { MP_BLOCK = 64 };

#define MP_BLOCK_INLINE static inline __attribute__((always_inline))

/* A bit for each octet of a block, the first being the lowest. */
typedef struct mp_block {
    uint64_t lf, cr, nul, high;
    uint64_t dash;                /* of bodies */
    uint64_t colon, wsp, strange; /* of header fields; strange: up to the space, or above 127 */
} mp_block;

typedef void (*mp_block_fn)(const uint8_t *p, mp_block *b);

MP_BLOCK_INLINE uint64_t mp_block_low(size_t n)
{
    return n < 64 ? ((uint64_t)1 << n) - 1 : UINT64_MAX;
}

MP_BLOCK_INLINE void mp_block_shift(mp_block *b, size_t n)
{
    b->lf >>= n;
    b->cr >>= n;
    b->nul >>= n;
    b->high >>= n;
    b->dash >>= n;
    b->colon >>= n;
    b->wsp >>= n;
    b->strange >>= n;
}

/* Less than a block is left: 0 < n < 64. It is read with the octets before it where there are so many. */
MP_BLOCK_INLINE void mp_block_rest(const uint8_t *low, const uint8_t *p, size_t n, mp_block *b, mp_block_fn masks)
{
    uint8_t copy[MP_BLOCK];

    if ((size_t)(p - low) + n >= MP_BLOCK) {
        masks(p + n - MP_BLOCK, b);
        mp_block_shift(b, MP_BLOCK - n);
        return;
    }
    memset(copy, 'x', sizeof copy);
    memcpy(copy, p, n);
    masks(copy, b);
}

MP_BLOCK_INLINE uint32_t mp_block_seen(uint64_t high, uint64_t nul, uint64_t bare_lf, uint64_t bare_cr)
{
    return (high ? MP_SEEN_EIGHT_BIT : 0U) | (nul ? MP_SEEN_NUL : 0U) | (bare_lf ? MP_SEEN_BARE_LF : 0U) |
           (bare_cr ? MP_SEEN_BARE_CR : 0U);
}

MP_BLOCK_INLINE size_t mp_block_field(const uint8_t *low, const uint8_t *p, size_t n, int last, mp_field_scan *f,
                                      mp_block_fn masks)
{
    size_t i = f->scanned;

    while (i < n) {
        const size_t rest = n - i, octets = rest < MP_BLOCK ? rest : MP_BLOCK;
        mp_block b;
        uint64_t ends, odd, upto;

        if (rest < MP_BLOCK)
            mp_block_rest(low, p + i, rest, &b, masks);
        else
            masks(p + i, &b);
        if (i == 0 && rest >= MP_BLOCK)
            f->strange = b.strange;
        ends = b.lf & ~(b.wsp >> 1);
        upto = mp_block_low(octets);
        if (b.lf >> (octets - 1) & 1) { /* what is behind it is not in the block */
            const uint64_t bit = (uint64_t)1 << (octets - 1);

            if (rest > octets ? p[i + octets] == ' ' || p[i + octets] == '\t' : !last)
                ends &= ~bit;
            if (rest == octets && !last)
                upto &= ~bit;
        }
        if (ends)
            upto = ends ^ (ends - 1);
        odd = ((b.cr << 1 | (uint64_t)(i > 0 && p[i - 1] == '\r')) ^ b.lf) & upto;
        if (((b.high | b.nul) & upto) | odd)
            f->seen |= mp_block_seen(b.high & upto, b.nul & upto, odd & b.lf, odd & ~b.lf);
        f->lines += (uint32_t)__builtin_popcountll(b.lf & upto);
        if (f->colon == SIZE_MAX && (b.colon & upto))
            f->colon = i + (size_t)__builtin_ctzll(b.colon);
        if (ends)
            return i + (size_t)__builtin_ctzll(ends) + 1;
        i += octets;
        f->scanned = i - (size_t)(upto != mp_block_low(octets));
    }
    return 0;
}

/* Lines that end in the block: the longest but for the first ends less than a block behind the one before it. */
typedef struct mp_block_lines {
    int64_t begin; /* of the line in hand, from p on */
    uint64_t lf, bare_lf, bare_cr, nul, high, count;
    uint32_t long_line;
} mp_block_lines;

MP_BLOCK_INLINE void mp_block_count(mp_block_lines *l, const mp_block *b, size_t i, uint64_t upto, uint64_t after_cr)
{
    const uint64_t lf = b->lf & upto, cr = b->cr << 1 | after_cr, odd = (cr ^ b->lf) & upto;

    l->bare_lf |= odd & lf;
    l->bare_cr |= odd & ~lf;
    l->nul |= b->nul & upto;
    l->high |= b->high & upto;
    if (lf) {
        const int first = __builtin_ctzll(lf);
        const int64_t octets = (int64_t)i + first - l->begin;

        if (octets > MP_LINE_MAX && octets - (int64_t)(cr >> first & 1) > MP_LINE_MAX)
            l->long_line = 1;
        l->begin = (int64_t)i + 64 - __builtin_clzll(lf);
        l->count += (uint64_t)__builtin_popcountll(lf);
    }
}

/* Counts whole blocks, up to one with a possible boundary, or to where less than a block and two octets are left: a version that has
   a faster loop for them. Gives how many octets these are. */
typedef size_t (*mp_block_run_fn)(const uint8_t *p, size_t n, uint64_t stop, mp_block_lines *l, uint64_t *after_cr);

MP_BLOCK_INLINE size_t mp_block_no_run(const uint8_t *p, size_t n, uint64_t stop, mp_block_lines *l, uint64_t *after_cr)
{
    (void)p;
    (void)n;
    (void)stop;
    (void)l;
    (void)after_cr;
    return 0;
}

MP_BLOCK_INLINE size_t mp_block_body(const uint8_t *low, const uint8_t *p, size_t n, mp_body_scan *s, mp_block_fn masks,
                                     mp_block_run_fn run)
{
    const uint64_t stop = s->stop ? UINT64_MAX : 0;
    mp_block_lines l = {.begin = -(int64_t)s->column};
    uint64_t after_cr = s->after_cr;
    size_t i = run(p, n, stop, &l, &after_cr);

    while (i < n) {
        const size_t rest = n - i;
        mp_block b;
        uint64_t found;

        if (rest < MP_BLOCK)
            mp_block_rest(low, p + i, rest, &b, masks);
        else
            masks(p + i, &b);
        found = b.lf & b.dash >> 1 & b.dash >> 2;
        if (b.lf >> 62 && rest > MP_BLOCK) { /* what is behind it is not in the block */
            const uint64_t one = p[i + 64] == '-', two = rest > MP_BLOCK + 1 && p[i + 65] == '-';

            found |= b.lf & ((b.dash >> 63 & one) << 62 | (one & two) << 63);
        }
        found &= stop;
        if (found) {
            const size_t at = (size_t)__builtin_ctzll(found);

            mp_block_count(&l, &b, i, mp_block_low(at), after_cr);
            after_cr = at ? b.cr >> (at - 1) & 1 : after_cr;
            i += at;
            break;
        }
        mp_block_count(&l, &b, i, mp_block_low(rest), after_cr);
        if (rest < MP_BLOCK) {
            after_cr = b.cr >> (rest - 1) & 1;
            i = n;
            break;
        }
        after_cr = b.cr >> 63;
        i += MP_BLOCK;
    }
    s->seen |= mp_block_seen(l.high, l.nul, l.bare_lf, l.bare_cr) | (l.long_line ? MP_SEEN_LONG_LINE : 0U);
    s->lines += l.count;
    s->column = (uint64_t)((int64_t)i - l.begin);
    s->after_cr = (uint32_t)after_cr;
    return i;
}

#endif
