/* quoted_printable_avx512_x86.c - quoted-printable read 64 octets at a time, escapes and lines too: AVX-512 with VBMI2.
 * RFC 2045 section 6.7. */
#include "mime/codec_x86.h"
#include "mime/quoted_printable_runs.h"

#if MP_X86_64

#include <string.h>

#define EACH(c) _mm512_set1_epi8((char)(c))

/* Bits of the octets that may not stand for themselves. */
INLINE AVX512 uint64_t escaped_64(__m512i v)
{
    uint64_t plain = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(v, EACH(' ')), EACH(0x5f));

    plain &= _mm512_cmpneq_epi8_mask(v, EACH('='));
    return ~(plain | _mm512_cmpeq_epi8_mask(v, EACH('\t')));
}

INLINE AVX512 uint64_t blank_64(__m512i v)
{
    return _mm512_cmpeq_epi8_mask(v, EACH(' ')) | _mm512_cmpeq_epi8_mask(v, EACH('\t'));
}

/* A block at a time, with the two octets behind each: an escape is worked out at its "=", and what is no longer needed
 * is left out by a mask. A block that has something out of order is decoded up to that. */

/* The values of the digits, or the top bit. */
#define NONE8 128, 128, 128, 128, 128, 128, 128, 128
static const uint8_t digit_values[128] = {
    NONE8, NONE8, NONE8, NONE8, NONE8, NONE8, 0,  1,  2,  3,  4,   5,     6,     7,     8,     9,     128,   128,   128,
    128,   128,   128,   128,   10,    11,    12, 13, 14, 15, 128, NONE8, NONE8, NONE8, NONE8, NONE8, NONE8, NONE8,
};

/* What a block is found to be, a bit an octet. */
typedef struct block {
    __m512i octets; /* decoded where an escape begins */
    uint64_t wrong; /* not in order */
    uint64_t soft;  /* begin soft breaks */
    uint64_t one;   /* have one octet behind them that is left out */
    uint64_t two;   /* two */
    uint64_t lf, cr;
} block;

INLINE AVX512 block judge(const uint8_t *p)
{
    const __m512i low = _mm512_loadu_si512(digit_values), high = _mm512_loadu_si512(digit_values + 64);
    __m512i v = _mm512_loadu_si512(p), next = _mm512_loadu_si512(p + 1), third = _mm512_loadu_si512(p + 2);
    __m512i a = _mm512_permutex2var_epi8(low, next, high), b = _mm512_permutex2var_epi8(low, third, high);
    /* the top bit of any of the four says that these are not two digits */
    uint64_t no_digits = _mm512_movepi8_mask(_mm512_or_si512(_mm512_or_si512(a, b), _mm512_or_si512(next, third)));
    uint64_t equal = _mm512_cmpeq_epi8_mask(v, EACH('=')), next_lf = _mm512_cmpeq_epi8_mask(next, EACH('\n'));
    uint64_t next_cr = _mm512_cmpeq_epi8_mask(next, EACH('\r')), escapes = equal & ~no_digits;
    block k;

    k.lf = _mm512_cmpeq_epi8_mask(v, EACH('\n'));
    k.cr = _mm512_cmpeq_epi8_mask(v, EACH('\r'));
    k.one = equal & next_lf;
    k.two = equal & next_cr & _mm512_cmpeq_epi8_mask(third, EACH('\n'));
    k.soft = k.one | k.two;
    k.two |= escapes;
    k.wrong = (equal & ~(k.one | k.two)) | (k.cr & ~next_lf) | (blank_64(v) & (next_cr | next_lf)) |
              (escaped_64(v) & ~(equal | k.cr | k.lf));
    a = _mm512_slli_epi16(_mm512_and_si512(a, EACH(15)), 4);
    k.octets = _mm512_mask_mov_epi8(v, escapes, _mm512_or_si512(a, b));
    return k;
}

/* Where the line in hand began, as an offset that may lie before the text; whether it is known to be too long. */
typedef struct line_seen {
    size_t begin;
    int is_long;
} line_seen;

/* Counts lines and bare LF of the n octets at offset `at`. */
INLINE AVX512 void count_lines(mp_qp_reader *r, line_seen *line, const block *k, uint64_t cr_before, size_t at,
                               size_t n)
{
    uint64_t breaks = _bzhi_u64(k->lf | k->cr, (unsigned)n);
    uint64_t bare = _bzhi_u64(k->lf & ~(k->cr << 1 | cr_before), (unsigned)n);
    size_t end = at + (breaks ? (size_t)_tzcnt_u64(breaks) : n);

    if (end - line->begin > MP_CODEC_LINE && !line->is_long) {
        if (!r->long_lines++)
            r->first_long_line = line->begin + MP_CODEC_LINE;
        line->is_long = 1;
    }
    if (bare) {
        if (!r->bare_lf)
            r->first_bare_lf = at + (size_t)_tzcnt_u64(bare);
        r->bare_lf += (size_t)_mm_popcnt_u64(bare);
    }
    if (breaks) {
        line->begin = at + 64 - (size_t)_lzcnt_u64(breaks);
        line->is_long = 0;
    }
}

AVX512 static void read_avx512(mp_qp_reader *r)
{
    const uint8_t *begin = r->io.in, *in_end = r->io.in_end, *out_end = r->io.out_end, *in = begin;
    uint8_t *out = r->io.out;
    line_seen line = {0 - r->column, r->column > MP_CODEC_LINE};
    uint64_t left_out = 0, cr_before = 0; /* of the next octets; the last octet */

    /* two octets more than are written, so that a CR that is the last of a block does not lose its LF */
    while (in_end - in >= 66 && out_end - out >= 66) {
        block k = judge(in);
        uint64_t kept = ~(left_out | k.soft | k.two << 1 | k.two << 2 | k.one << 1);

        if (k.wrong) {
            size_t n = (size_t)_tzcnt_u64(k.wrong);

            kept = _bzhi_u64(kept, (unsigned)n);
            _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(kept, k.octets));
            count_lines(r, &line, &k, cr_before, (size_t)(in - begin), n);
            out += _mm_popcnt_u64(kept);
            in += n;
            left_out = 0;
            break;
        }
        _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(kept, k.octets));
        count_lines(r, &line, &k, cr_before, (size_t)(in - begin), 64);
        out += _mm_popcnt_u64(kept);
        in += 64;
        left_out = k.two >> 63 << 1 | k.two >> 63 | (k.two >> 62 & 1) | k.one >> 63;
        cr_before = k.cr >> 63;
    }
    r->column = (size_t)(in - begin) - line.begin;
    for (; left_out; left_out >>= 1)
        mp_qp_pass(r, begin, in++);
    r->io.in = in;
    r->io.out = out;
    mp_qp_read_rest(r, begin);
}

const mp_qp_version *mp_qp_version_avx512(void)
{
    static const mp_qp_version avx512 = {"avx512", mp_qp_write_avx512, read_avx512};

    return mp_x86_has_avx512() ? &avx512 : NULL;
}

#else

const mp_qp_version *mp_qp_version_avx512(void)
{
    return NULL;
}

#endif
