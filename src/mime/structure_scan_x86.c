/* structure_scan_x86.c - the structure scans 64 octets at a time with SSE4.2, AVX2 or AVX-512, chosen at run time.
 * RFC 5322 sections 2.1 and 2.2.3; RFC 2046 section 5.1.1. */
#include "mime/structure_scan.h"

#include "mime/codec_x86.h"

#if MP_X86

#include "mime/structure_scan_blocks.h"

#define SSE42     __attribute__((target("sse4.2,popcnt")))
#define AVX2_BITS __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))

/* ---- SSE4.2: four times 16 octets ---- */

typedef struct octets16 {
    __m128i part[4];
} octets16;

INLINE SSE42 octets16 load_sse(const uint8_t *p)
{
    const __m128i *from = (const __m128i *)(const void *)p;

    return (octets16){
        {_mm_loadu_si128(from), _mm_loadu_si128(from + 1), _mm_loadu_si128(from + 2), _mm_loadu_si128(from + 3)}};
}

INLINE SSE42 uint64_t bits_sse(__m128i a, __m128i b, __m128i c, __m128i d)
{
    const uint64_t low = (uint32_t)_mm_movemask_epi8(a) | (uint32_t)_mm_movemask_epi8(b) << 16;
    const uint64_t high = (uint32_t)_mm_movemask_epi8(c) | (uint32_t)_mm_movemask_epi8(d) << 16;

    return low | high << 32;
}

INLINE SSE42 uint64_t equal_sse(const octets16 *o, char octet)
{
    const __m128i all = _mm_set1_epi8(octet);

    return bits_sse(_mm_cmpeq_epi8(o->part[0], all), _mm_cmpeq_epi8(o->part[1], all), _mm_cmpeq_epi8(o->part[2], all),
                    _mm_cmpeq_epi8(o->part[3], all));
}

INLINE SSE42 uint64_t below_sse(const octets16 *o, char octet)
{
    const __m128i all = _mm_set1_epi8(octet);

    return bits_sse(_mm_cmplt_epi8(o->part[0], all), _mm_cmplt_epi8(o->part[1], all), _mm_cmplt_epi8(o->part[2], all),
                    _mm_cmplt_epi8(o->part[3], all));
}

/* Octets that both have: line ends, NUL, those above 127. NUL is looked for only where there is one. */
INLINE SSE42 void common_sse(const octets16 *o, mp_block *b)
{
    const __m128i least = _mm_min_epu8(_mm_min_epu8(o->part[0], o->part[1]), _mm_min_epu8(o->part[2], o->part[3]));

    b->lf = equal_sse(o, '\n');
    b->cr = equal_sse(o, '\r');
    b->high = bits_sse(o->part[0], o->part[1], o->part[2], o->part[3]);
    b->nul = 0;
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(least, _mm_setzero_si128())))
        b->nul = equal_sse(o, 0);
}

INLINE SSE42 void field_masks_sse(const uint8_t *p, mp_block *b)
{
    const octets16 o = load_sse(p);

    common_sse(&o, b);
    b->dash = 0;
    b->colon = equal_sse(&o, ':');
    b->wsp = equal_sse(&o, ' ') | equal_sse(&o, '\t');
    b->strange = below_sse(&o, ' ' + 1);
}

INLINE SSE42 void body_masks_sse(const uint8_t *p, mp_block *b)
{
    const octets16 o = load_sse(p);

    common_sse(&o, b);
    b->dash = equal_sse(&o, '-');
    b->colon = b->wsp = b->strange = 0;
}

SSE42 static size_t field_sse(const uint8_t *low, const uint8_t *p, size_t n, int last, mp_field_scan *f)
{
    return mp_block_field(low, p, n, last, f, field_masks_sse);
}

SSE42 static size_t body_sse(const uint8_t *low, const uint8_t *p, size_t n, mp_body_scan *b)
{
    return mp_block_body(low, p, n, b, body_masks_sse, mp_block_no_run);
}

/* ---- AVX2: twice 32 octets ---- */

typedef struct octets32 {
    __m256i part[2];
} octets32;

INLINE AVX2_BITS octets32 load_avx2(const uint8_t *p)
{
    const __m256i *from = (const __m256i *)(const void *)p;

    return (octets32){{_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1)}};
}

INLINE AVX2_BITS uint64_t bits_avx2(__m256i a, __m256i b)
{
    return (uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

INLINE AVX2_BITS uint64_t equal_avx2(const octets32 *o, char octet)
{
    const __m256i all = _mm256_set1_epi8(octet);

    return bits_avx2(_mm256_cmpeq_epi8(o->part[0], all), _mm256_cmpeq_epi8(o->part[1], all));
}

INLINE AVX2_BITS void common_avx2(const octets32 *o, mp_block *b)
{
    const __m256i least = _mm256_min_epu8(o->part[0], o->part[1]);

    b->lf = equal_avx2(o, '\n');
    b->cr = equal_avx2(o, '\r');
    b->high = bits_avx2(o->part[0], o->part[1]);
    b->nul = 0;
    if (_mm256_movemask_epi8(_mm256_cmpeq_epi8(least, _mm256_setzero_si256())))
        b->nul = equal_avx2(o, 0);
}

INLINE AVX2_BITS void field_masks_avx2(const uint8_t *p, mp_block *b)
{
    const octets32 o = load_avx2(p);
    const __m256i all = _mm256_set1_epi8(' ' + 1);

    common_avx2(&o, b);
    b->dash = 0;
    b->colon = equal_avx2(&o, ':');
    b->wsp = equal_avx2(&o, ' ') | equal_avx2(&o, '\t');
    b->strange = bits_avx2(_mm256_cmpgt_epi8(all, o.part[0]), _mm256_cmpgt_epi8(all, o.part[1]));
}

INLINE AVX2_BITS void body_masks_avx2(const uint8_t *p, mp_block *b)
{
    const octets32 o = load_avx2(p);

    common_avx2(&o, b);
    b->dash = equal_avx2(&o, '-');
    b->colon = b->wsp = b->strange = 0;
}

AVX2_BITS static size_t field_avx2(const uint8_t *low, const uint8_t *p, size_t n, int last, mp_field_scan *f)
{
    return mp_block_field(low, p, n, last, f, field_masks_avx2);
}

AVX2_BITS static size_t body_avx2(const uint8_t *low, const uint8_t *p, size_t n, mp_body_scan *b)
{
    return mp_block_body(low, p, n, b, body_masks_avx2, mp_block_no_run);
}

/* ---- AVX-512 ---- */

#if MP_X86_64

INLINE AVX512 uint64_t equal_avx512(__m512i octets, char octet)
{
    return _mm512_cmpeq_epi8_mask(octets, _mm512_set1_epi8(octet));
}

INLINE AVX512 __m512i common_avx512(const uint8_t *p, mp_block *b)
{
    const __m512i octets = _mm512_loadu_si512(p);

    b->lf = equal_avx512(octets, '\n');
    b->cr = equal_avx512(octets, '\r');
    b->high = _mm512_movepi8_mask(octets);
    b->nul = _mm512_testn_epi8_mask(octets, octets);
    return octets;
}

INLINE AVX512 void field_masks_avx512(const uint8_t *p, mp_block *b)
{
    const __m512i octets = common_avx512(p, b);

    b->dash = 0;
    b->colon = equal_avx512(octets, ':');
    b->wsp = equal_avx512(octets, ' ') | equal_avx512(octets, '\t');
    b->strange = _mm512_cmplt_epi8_mask(octets, _mm512_set1_epi8(' ' + 1));
}

INLINE AVX512 void body_masks_avx512(const uint8_t *p, mp_block *b)
{
    const __m512i octets = common_avx512(p, b);

    b->dash = equal_avx512(octets, '-');
    b->colon = b->wsp = b->strange = 0;
}

/* Octets above 127 and NULs are gathered in registers, and dashes looked for only behind line ends. */
INLINE AVX512 size_t body_run_avx512(const uint8_t *p, size_t n, uint64_t stop, mp_block_lines *l, uint64_t *after_cr)
{
    const __m512i all_lf = _mm512_set1_epi8('\n'), all_cr = _mm512_set1_epi8('\r'), all_dash = _mm512_set1_epi8('-');
    __m512i any = _mm512_setzero_si512(), least = _mm512_set1_epi8(-1);
    uint64_t cr_before = *after_cr, bare_lf = 0, bare_cr = 0, count = 0;
    int64_t begin = l->begin;
    uint32_t long_line = 0;
    size_t i = 0;

    for (; n - i >= MP_BLOCK + 2 && n >= MP_BLOCK + 2; i += MP_BLOCK) {
        const __m512i octets = _mm512_loadu_si512(p + i);
        const uint64_t lf = _mm512_cmpeq_epi8_mask(octets, all_lf), cr = _mm512_cmpeq_epi8_mask(octets, all_cr);
        const uint64_t odd = (cr << 1 | cr_before) ^ lf;

        if (lf) {
            const uint64_t dash = _mm512_mask_cmpeq_epi8_mask(lf & stop, _mm512_loadu_si512(p + i + 1), all_dash);
            const int first = __builtin_ctzll(lf);
            const int64_t line = (int64_t)i + first - begin;

            if (dash && _mm512_mask_cmpeq_epi8_mask(dash, _mm512_loadu_si512(p + i + 2), all_dash))
                break;
            if (line > MP_LINE_MAX && line - (int64_t)((cr << 1 | cr_before) >> first & 1) > MP_LINE_MAX)
                long_line = 1;
            begin = (int64_t)i + 64 - __builtin_clzll(lf);
            count += (uint64_t)__builtin_popcountll(lf);
        }
        if (odd) {
            bare_lf |= odd & lf;
            bare_cr |= odd & ~lf;
        }
        cr_before = cr >> 63;
        any = _mm512_or_si512(any, octets);
        least = _mm512_min_epu8(least, octets);
    }
    l->high |= _mm512_movepi8_mask(any);
    l->nul |= _mm512_testn_epi8_mask(least, least);
    l->bare_lf |= bare_lf;
    l->bare_cr |= bare_cr;
    l->count += count;
    l->begin = begin;
    l->long_line |= long_line;
    *after_cr = cr_before;
    return i;
}

AVX512 static size_t field_avx512(const uint8_t *low, const uint8_t *p, size_t n, int last, mp_field_scan *f)
{
    return mp_block_field(low, p, n, last, f, field_masks_avx512);
}

AVX512 static size_t body_avx512(const uint8_t *low, const uint8_t *p, size_t n, mp_body_scan *b)
{
    return mp_block_body(low, p, n, b, body_masks_avx512, body_run_avx512);
}

#endif

const mp_scan_version *mp_scan_versions_x86(size_t index)
{
    static const mp_scan_version sse42 = {"sse4.2", field_sse, body_sse};
    static const mp_scan_version avx2 = {"avx2", field_avx2, body_avx2};

    if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt"))
        return NULL;
    if (index == 0)
        return &sse42;
    if (!mp_x86_has_avx2() || !__builtin_cpu_supports("bmi2"))
        return NULL;
    if (index == 1)
        return &avx2;
#if MP_X86_64
    static const mp_scan_version avx512 = {"avx512", field_avx512, body_avx512};

    if (index == 2 && mp_x86_has_avx512())
        return &avx512;
#endif
    return NULL;
}

#else

const mp_scan_version *mp_scan_versions_x86(size_t index)
{
    (void)index;
    return NULL;
}

#endif
