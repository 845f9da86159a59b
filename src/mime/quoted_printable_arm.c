/* quoted_printable_arm.c - quoted-printable in runs of 16 octets that are what they are: NEON of 64-bit ARM.
 * RFC 2045 section 6.7. */
#include "mime/codec_vector.h"
#include "mime/quoted_printable_runs.h"

#if MP_VECTOR && defined(__aarch64__)

#include <arm_neon.h>

#include "mime/quoted_printable_blocks.h"

/* Plain is a blank, or above space and below DEL and no "=". */
static inline size_t copy_16(uint8_t *out, const uint8_t *in)
{
    const uint8x16_t v = vld1q_u8(in);
    uint8x16_t wrong = vorrq_u8(vcltq_s8(vreinterpretq_s8_u8(v), vdupq_n_s8(' ')), vceqq_u8(v, vdupq_n_u8(127)));
    uint64_t mask;

    wrong = vorrq_u8(vbicq_u8(wrong, vceqq_u8(v, vdupq_n_u8('\t'))), vceqq_u8(v, vdupq_n_u8('=')));
    vst1q_u8(out, v);
    /* four bits of each octet */
    mask = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(wrong), 4)), 0);
    return mask ? (size_t)__builtin_ctzll(mask) / 4 : 16;
}

/* Eight octets above 127 as escapes; 0 if they are not. */
static inline size_t write_escapes(uint8_t *out, const uint8_t *in)
{
    static const uint8_t digits[16] = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'};
    const uint8x16_t table = vld1q_u8(digits);
    const uint8x8_t v = vld1_u8(in);
    uint8x8x3_t text;

    if (vminv_u8(v) < 128)
        return 0;
    text.val[0] = vdup_n_u8('=');
    text.val[1] = vqtbl1_u8(table, vshr_n_u8(v, 4));
    text.val[2] = vqtbl1_u8(table, vand_u8(v, vdup_n_u8(15)));
    vst3_u8(out, text);
    return ESCAPES;
}

/* The values of digits; what is none ends above 15. */
static inline uint8x8_t value_of(uint8x8_t c)
{
    const uint8x8_t number = vsub_u8(c, vdup_n_u8('0')), letter = vsub_u8(c, vdup_n_u8('A'));

    return vbsl_u8(vclt_u8(number, vdup_n_u8(10)), number, vqadd_u8(letter, vdup_n_u8(10)));
}

/* Eight escapes side by side; 0 if that is not what lies there. */
static inline size_t read_escapes(uint8_t *out, const uint8_t *in)
{
    const uint8x8x3_t text = vld3_u8(in);
    const uint8x8_t high = value_of(text.val[1]), low = value_of(text.val[2]);

    if (vminv_u8(vceq_u8(text.val[0], vdup_n_u8('='))) == 0 || vmaxv_u8(vorr_u8(high, low)) > 15)
        return 0;
    vst1_u8(out, vsli_n_u8(low, high, 4));
    return ESCAPES;
}

static void write_neon(mp_qp_writer *w)
{
    write_with(w, 16, copy_16, write_escapes);
}

static void read_neon(mp_qp_reader *r)
{
    read_with(r, 16, copy_16, read_escapes);
}

const mp_qp_version *mp_qp_versions_arm(size_t index)
{
    static const mp_qp_version neon = {"neon", write_neon, read_neon};

    return index == 0 ? &neon : NULL;
}

#else

const mp_qp_version *mp_qp_versions_arm(size_t index)
{
    (void)index;
    return NULL;
}

#endif
