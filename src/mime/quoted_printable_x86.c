/* quoted_printable_x86.c - quoted-printable in runs of 16 or 32 octets that are what they are: SSSE3 and AVX2.
 * RFC 2045 section 6.7. */
#include "mime/codec_x86.h"
#include "mime/quoted_printable_runs.h"

#if MP_X86

#include "mime/quoted_printable_blocks.h"

/* ---- SSSE3 ---- */

INLINE SSSE3 __m128i load_16(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

/* Plain is a blank, or above space and below DEL and no "=". */
static inline SSSE3 size_t copy_16(uint8_t *out, const uint8_t *in)
{
    __m128i v = load_16(in);
    __m128i wrong = _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(' ')), _mm_cmpeq_epi8(v, _mm_set1_epi8(127)));

    wrong = _mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\t')), wrong);
    wrong = _mm_or_si128(wrong, _mm_cmpeq_epi8(v, _mm_set1_epi8('=')));
    _mm_storeu_si128((__m128i *)(void *)out, v);
    return (size_t)__builtin_ctz((unsigned)_mm_movemask_epi8(wrong) | 0x10000);
}

/* Eight octets above 127 as escapes; 0 if they are not. */
static inline SSSE3 size_t write_escapes(uint8_t *out, const uint8_t *in)
{
    const __m128i digits =
        _mm_setr_epi8('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F');
    __m128i v = _mm_loadl_epi64((const __m128i *)(const void *)in), text;

    if ((_mm_movemask_epi8(v) & 0xff) != 0xff)
        return 0;
    v = _mm_unpacklo_epi8(_mm_srli_epi16(v, 4), v);
    text = _mm_shuffle_epi8(digits, _mm_and_si128(v, _mm_set1_epi8(15)));
    v = _mm_shuffle_epi8(text, _mm_setr_epi8(-1, 0, 1, -1, 2, 3, -1, 4, 5, -1, 6, 7, -1, 8, 9, -1));
    v = _mm_or_si128(v, _mm_setr_epi8('=', 0, 0, '=', 0, 0, '=', 0, 0, '=', 0, 0, '=', 0, 0, '='));
    text = _mm_shuffle_epi8(text, _mm_setr_epi8(10, 11, -1, 12, 13, -1, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1));
    text = _mm_or_si128(text, _mm_setr_epi8(0, 0, '=', 0, 0, '=', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    _mm_storeu_si128((__m128i *)(void *)out, v);
    _mm_storel_epi64((__m128i *)(void *)(out + 16), text);
    return ESCAPES;
}

/* Eight escapes side by side; 0 if that is not what lies there. */
static inline SSSE3 size_t read_escapes(uint8_t *out, const uint8_t *in)
{
    const __m128i equal = _mm_set1_epi8('='), nine = _mm_set1_epi8(9);
    __m128i a = load_16(in), b = _mm_loadl_epi64((const __m128i *)(const void *)(in + 16)), v, letters, wrong;

    if ((_mm_movemask_epi8(_mm_cmpeq_epi8(a, equal)) & 0x9249) != 0x9249 ||
        (_mm_movemask_epi8(_mm_cmpeq_epi8(b, equal)) & 0x24) != 0x24)
        return 0;
    v = _mm_shuffle_epi8(a, _mm_setr_epi8(1, 2, 4, 5, 7, 8, 10, 11, 13, 14, -1, -1, -1, -1, -1, -1));
    v = _mm_or_si128(v, _mm_shuffle_epi8(b, _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 3, 4, 6, 7)));
    /* "0" to "9" become 0 to 9, "A" to "F" 10 to 15; what else there is ends above 15 */
    v = _mm_sub_epi8(v, _mm_set1_epi8('0'));
    letters = _mm_sub_epi8(v, _mm_set1_epi8('A' - '0'));
    wrong = _mm_cmpeq_epi8(_mm_max_epu8(v, _mm_add_epi8(nine, _mm_set1_epi8(1))), v); /* no digit */
    letters = _mm_adds_epu8(letters, _mm_set1_epi8(10));
    v = _mm_or_si128(_mm_and_si128(wrong, letters), _mm_andnot_si128(wrong, v));
    wrong = _mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8(16)), v);
    if (_mm_movemask_epi8(wrong))
        return 0;
    v = _mm_maddubs_epi16(v, _mm_set1_epi16(0x0110));
    _mm_storel_epi64((__m128i *)(void *)out, _mm_packus_epi16(v, v));
    return ESCAPES;
}

SSSE3 static void write_ssse3(mp_qp_writer *w)
{
    write_with(w, 16, copy_16, write_escapes);
}

SSSE3 static void read_ssse3(mp_qp_reader *r)
{
    read_with(r, 16, copy_16, read_escapes);
}

/* ---- AVX2 ---- */

static inline AVX2 size_t copy_32(uint8_t *out, const uint8_t *in)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)in);
    __m256i wrong =
        _mm256_or_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(' '), v), _mm256_cmpeq_epi8(v, _mm256_set1_epi8(127)));
    uint32_t mask;

    wrong = _mm256_andnot_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\t')), wrong);
    wrong = _mm256_or_si256(wrong, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('=')));
    _mm256_storeu_si256((__m256i *)(void *)out, v);
    mask = (uint32_t)_mm256_movemask_epi8(wrong);
    return mask ? (size_t)__builtin_ctz(mask) : 32;
}

AVX2 static void write_avx2(mp_qp_writer *w)
{
    write_with(w, 32, copy_32, write_escapes);
}

AVX2 static void read_avx2(mp_qp_reader *r)
{
    read_with(r, 32, copy_32, read_escapes);
}

const mp_qp_version *mp_qp_versions_x86(size_t index)
{
    static const mp_qp_version ssse3 = {"ssse3", write_ssse3, read_ssse3}, avx2 = {"avx2", write_avx2, read_avx2};

    if (index == 0 && mp_x86_has_ssse3())
        return &ssse3;
    if (index == 1 && mp_x86_has_avx2())
        return &avx2;
    return index == 2 ? mp_qp_version_avx512() : NULL;
}

#else

const mp_qp_version *mp_qp_versions_x86(size_t index)
{
    (void)index;
    return NULL;
}

#endif
