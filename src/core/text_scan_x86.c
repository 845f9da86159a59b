/* The text scan 16, 32 or 64 octets at a time with SSE2, AVX2 or AVX-512, chosen at run time.
   RFC 5321 sections 4.1.1.4, 4.5.2 and 4.5.3.1.6. */
#include "core/text_scan_x86.h"

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__)) && !defined(MAILPROTO_TEXT_SCAN_OCTET) &&          \
    !defined(MAILPROTO_TEXT_SCAN_WORD)

#include <immintrin.h>

#include "core/text_scan_lines.h"

#define SSE2   __attribute__((target("sse2")))
#define AVX2   __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f,avx512bw")))
#define INLINE static inline __attribute__((always_inline))

/* The octets that the flags forbid lie in a row, 255 being followed by 0: none, NUL, 128 to 255, or
   128 to NUL. Moved so that the first becomes the least signed value, they are those below one. */
INLINE char forbidden_shift(uint32_t flags)
{
    return (char)(flags & MP_TEXT_7BIT ? 0 : 0x80);
}

INLINE char forbidden_below(uint32_t flags)
{
    return (char)(-128 + (flags & MP_TEXT_7BIT ? 128 : 0) + (flags & MP_TEXT_NO_NUL ? 1 : 0));
}

/* ---- SSE2 ---- */

typedef struct needles16 {
    __m128i dot, shift, below;
} needles16;

INLINE SSE2 needles16 needles_16(uint32_t flags)
{
    needles16 s;
    s.dot = _mm_set1_epi8((char)mp_text_dot(flags));
    s.shift = _mm_set1_epi8(forbidden_shift(flags));
    s.below = _mm_set1_epi8(forbidden_below(flags));
    return s;
}

/* All ones where the pair is bad. */
INLINE SSE2 __m128i bad_16(__m128i before, __m128i octets, const needles16 *s)
{
    const __m128i lf = _mm_set1_epi8(MP_LF);
    __m128i ends = _mm_xor_si128(_mm_cmpeq_epi8(before, _mm_set1_epi8(MP_CR)), _mm_cmpeq_epi8(octets, lf));
    __m128i dots = _mm_and_si128(_mm_cmpeq_epi8(before, lf), _mm_cmpeq_epi8(octets, s->dot));
    __m128i forbidden = _mm_cmpgt_epi8(s->below, _mm_add_epi8(octets, s->shift));
    return _mm_or_si128(_mm_or_si128(ends, dots), forbidden);
}

INLINE SSE2 __m128i load_16(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

INLINE SSE2 __m128i load_8(const uint8_t *p)
{
    return _mm_loadl_epi64((const __m128i *)(const void *)p);
}

INLINE SSE2 __m128i judge_16(const uint8_t *p, const needles16 *s)
{
    return bad_16(load_16(p - 1), load_16(p), s);
}

INLINE SSE2 unsigned mask_16(__m128i bad)
{
    return (unsigned)_mm_movemask_epi8(bad);
}

/* What is left behind the last whole 64 or 32 pairs, or a short text. Blocks overlap what is known
   to be good rather than end short. */
SSE2 static size_t pairs_short(const uint8_t *p, size_t from, size_t to, uint32_t flags)
{
    const needles16 s = needles_16(flags);
    while (from < to && to > 16) {
        size_t at = to - from < 16 ? to - 16 : from;
        unsigned bad = mask_16(judge_16(p + at, &s));
        if (bad != 0)
            return at + (size_t)__builtin_ctz(bad);
        from = at + 16;
    }
    if (to > 8 && from == 1) {
        __m128i before = _mm_unpacklo_epi64(load_8(p), load_8(p + to - 9));
        __m128i octets = _mm_unpacklo_epi64(load_8(p + 1), load_8(p + to - 8));
        if (mask_16(bad_16(before, octets, &s)) == 0)
            return to;
    }
    return mp_pairs_by_octet(p, from, to, flags);
}

SSE2 static size_t pairs_sse2(const uint8_t *p, size_t from, size_t to, uint32_t flags)
{
    const needles16 s = needles_16(flags);
    for (; to - from >= 64; from += 64) {
        __m128i a = _mm_or_si128(judge_16(p + from, &s), judge_16(p + from + 16, &s));
        __m128i b = _mm_or_si128(judge_16(p + from + 32, &s), judge_16(p + from + 48, &s));
        if (mask_16(_mm_or_si128(a, b)) != 0)
            break;
    }
    return pairs_short(p, from, to, flags);
}

INLINE SSE2 uint32_t lf_mask_sse2(const uint8_t *p)
{
    const __m128i lf = _mm_set1_epi8(MP_LF);
    return mask_16(_mm_cmpeq_epi8(load_16(p), lf)) | mask_16(_mm_cmpeq_epi8(load_16(p + 16), lf)) << 16;
}

SSE2 static size_t line_begin_sse2(const uint8_t *p, size_t from, size_t to)
{
    uint32_t mask = 0;
    while (to - from >= 32 && (mask = lf_mask_sse2(p + to - 32)) == 0)
        to -= 32;
    if (mask == 0) {
        if (to < 32)
            return mp_line_begin_by_octet(p, from, to);
        if (to == from)
            return 0;
        mask = lf_mask_sse2(p + to - 32) & ~(uint32_t)0 << (32 - (to - from));
    }
    return mask ? to - (size_t)__builtin_clz(mask) : 0;
}

SSE2 static size_t scan_sse2(const uint8_t *p, size_t n, size_t max_line, uint32_t flags, size_t *column)
{
    return mp_text_scan_with(p, n, max_line, flags, column, pairs_sse2, line_begin_sse2);
}

/* ---- AVX2 ---- */

typedef struct needles32 {
    __m256i dot, shift, below;
} needles32;

INLINE AVX2 __m256i load_32(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

INLINE AVX2 __m256i judge_32(const uint8_t *p, const needles32 *s)
{
    const __m256i lf = _mm256_set1_epi8(MP_LF);
    __m256i before = load_32(p - 1);
    __m256i octets = load_32(p);
    __m256i ends = _mm256_xor_si256(_mm256_cmpeq_epi8(before, _mm256_set1_epi8(MP_CR)), _mm256_cmpeq_epi8(octets, lf));
    __m256i dots = _mm256_and_si256(_mm256_cmpeq_epi8(before, lf), _mm256_cmpeq_epi8(octets, s->dot));
    __m256i forbidden = _mm256_cmpgt_epi8(s->below, _mm256_add_epi8(octets, s->shift));
    return _mm256_or_si256(_mm256_or_si256(ends, dots), forbidden);
}

INLINE AVX2 uint32_t mask_32(__m256i bad)
{
    return (uint32_t)_mm256_movemask_epi8(bad);
}

AVX2 static size_t pairs_avx2(const uint8_t *p, size_t from, size_t to, uint32_t flags)
{
    needles32 s;
    uint32_t bad;
    if (to <= 32)
        return pairs_short(p, from, to, flags);
    s.dot = _mm256_set1_epi8((char)mp_text_dot(flags));
    s.shift = _mm256_set1_epi8(forbidden_shift(flags));
    s.below = _mm256_set1_epi8(forbidden_below(flags));
    for (; to - from >= 128; from += 128) {
        __m256i a = _mm256_or_si256(judge_32(p + from, &s), judge_32(p + from + 32, &s));
        __m256i b = _mm256_or_si256(judge_32(p + from + 64, &s), judge_32(p + from + 96, &s));
        if (mask_32(_mm256_or_si256(a, b)) != 0)
            break;
    }
    for (; to - from >= 32; from += 32) {
        bad = mask_32(judge_32(p + from, &s));
        if (bad != 0)
            return from + (size_t)__builtin_ctz(bad);
    }
    bad = mask_32(judge_32(p + to - 32, &s));
    return bad ? to - 32 + (size_t)__builtin_ctz(bad) : to;
}

AVX2 static size_t line_begin_avx2(const uint8_t *p, size_t from, size_t to)
{
    const __m256i lf = _mm256_set1_epi8(MP_LF);
    uint32_t mask = 0;
    for (; to - from >= 32; to -= 32) {
        mask = mask_32(_mm256_cmpeq_epi8(load_32(p + to - 32), lf));
        if (mask != 0)
            return to - (size_t)__builtin_clz(mask);
    }
    if (to < 32)
        return mp_line_begin_by_octet(p, from, to);
    if (to == from)
        return 0;
    mask = mask_32(_mm256_cmpeq_epi8(load_32(p + to - 32), lf)) & ~(uint32_t)0 << (32 - (to - from));
    return mask ? to - (size_t)__builtin_clz(mask) : 0;
}

AVX2 static size_t scan_avx2(const uint8_t *p, size_t n, size_t max_line, uint32_t flags, size_t *column)
{
    return mp_text_scan_with(p, n, max_line, flags, column, pairs_avx2, line_begin_avx2);
}

/* ---- AVX-512 ---- */

typedef struct needles64 {
    __m512i dot, shift, below;
} needles64;

INLINE AVX512 uint64_t judge_64(__m512i before, __m512i octets, const needles64 *s)
{
    const __m512i lf = _mm512_set1_epi8(MP_LF);
    __mmask64 ends = _mm512_cmpeq_epi8_mask(before, _mm512_set1_epi8(MP_CR)) ^ _mm512_cmpeq_epi8_mask(octets, lf);
    __mmask64 dots = _mm512_mask_cmpeq_epi8_mask(_mm512_cmpeq_epi8_mask(before, lf), octets, s->dot);
    __mmask64 forbidden = _mm512_cmplt_epi8_mask(_mm512_add_epi8(octets, s->shift), s->below);
    return ends | dots | forbidden;
}

INLINE AVX512 uint64_t judge_64_at(const uint8_t *p, const needles64 *s)
{
    return judge_64(_mm512_loadu_si512(p - 1), _mm512_loadu_si512(p), s);
}

/* Octets past the end are not read: a masked load touches only those it keeps. */
AVX512 static size_t pairs_avx512(const uint8_t *p, size_t from, size_t to, uint32_t flags)
{
    needles64 s;
    uint64_t bad;
    __mmask64 left;
    s.dot = _mm512_set1_epi8((char)mp_text_dot(flags));
    s.shift = _mm512_set1_epi8(forbidden_shift(flags));
    s.below = _mm512_set1_epi8(forbidden_below(flags));
    for (; to - from >= 128; from += 128) {
        if ((judge_64_at(p + from, &s) | judge_64_at(p + from + 64, &s)) != 0)
            break;
    }
    for (; to - from >= 64; from += 64) {
        bad = judge_64_at(p + from, &s);
        if (bad != 0)
            return from + (size_t)__builtin_ctzll(bad);
    }
    if (from == to)
        return to;
    left = ~(__mmask64)0 >> (64 - (to - from));
    bad = left & judge_64(_mm512_maskz_loadu_epi8(left, p + from - 1), _mm512_maskz_loadu_epi8(left, p + from), &s);
    return bad ? from + (size_t)__builtin_ctzll(bad) : to;
}

AVX512 static size_t line_begin_avx512(const uint8_t *p, size_t from, size_t to)
{
    const __m512i lf = _mm512_set1_epi8(MP_LF);
    uint64_t mask;
    for (; to - from >= 64; to -= 64) {
        mask = _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p + to - 64), lf);
        if (mask != 0)
            return to - (size_t)__builtin_clzll(mask);
    }
    if (to == from)
        return 0;
    mask = ~(__mmask64)0 >> (64 - (to - from));
    mask = _mm512_cmpeq_epi8_mask(_mm512_maskz_loadu_epi8(mask, p + from), lf);
    return mask ? from + 64 - (size_t)__builtin_clzll(mask) : 0;
}

AVX512 static size_t scan_avx512(const uint8_t *p, size_t n, size_t max_line, uint32_t flags, size_t *column)
{
    return mp_text_scan_with(p, n, max_line, flags, column, pairs_avx512, line_begin_avx512);
}

/* ---- choice: the compiler's run-time library has read the processor's features already ---- */

/* gcc does not align the stack of 64-bit Windows for what wider registers spill to it. */
#if defined(_WIN64) && !defined(__clang__)
#define WIDE 0
#else
#define WIDE 1
#endif

static int has_avx2(void)
{
    return WIDE && __builtin_cpu_supports("avx2");
}

/* VBMI marks the processors that run 64-octet code without lowering their clock. */
static int has_avx512(void)
{
    return WIDE && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi");
}

mp_text_scan_fn mp_text_scan_x86_choose(void)
{
    if (has_avx512())
        return scan_avx512;
    if (has_avx2())
        return scan_avx2;
    return __builtin_cpu_supports("sse2") ? scan_sse2 : NULL;
}

mp_text_scan_fn mp_text_scan_x86_version(size_t index, const char **name)
{
    if (index == 0 && __builtin_cpu_supports("sse2")) {
        *name = "sse2";
        return scan_sse2;
    }
    if (index == 1 && has_avx2()) {
        *name = "avx2";
        return scan_avx2;
    }
    if (index == 2 && has_avx512()) {
        *name = "avx512";
        return scan_avx512;
    }
    return NULL;
}

#else

mp_text_scan_fn mp_text_scan_x86_choose(void)
{
    return NULL;
}

mp_text_scan_fn mp_text_scan_x86_version(size_t index, const char **name)
{
    (void)index;
    (void)name;
    return NULL;
}

#endif
