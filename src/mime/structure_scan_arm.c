/* structure_scan_arm.c - the structure scans 64 octets at a time with NEON.
 * RFC 5322 sections 2.1 and 2.2.3; RFC 2046 section 5.1.1. */
#include "mime/codec_vector.h"
#include "mime/structure_scan.h"

#if MP_VECTOR && defined(__aarch64__) && defined(__ARM_NEON) && defined(__BYTE_ORDER__) &&                             \
    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MP_NEON 1
#else
#define MP_NEON 0
#endif

#if MP_NEON

#include <arm_neon.h>

#include "mime/structure_scan_blocks.h"

typedef struct octets64 {
    uint8x16_t part[4];
} octets64;

MP_BLOCK_INLINE octets64 load_64(const uint8_t *p)
{
    return (octets64){{vld1q_u8(p), vld1q_u8(p + 16), vld1q_u8(p + 32), vld1q_u8(p + 48)}};
}

/* A bit of each octet, all ones or all zeros: added up in pairs three times, eight of them are an octet. */
MP_BLOCK_INLINE uint64_t bits_of(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
    static const uint8_t places[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t place = vld1q_u8(places);
    const uint8x16_t low = vpaddq_u8(vandq_u8(a, place), vandq_u8(b, place));
    const uint8x16_t high = vpaddq_u8(vandq_u8(c, place), vandq_u8(d, place));
    const uint8x16_t sums = vpaddq_u8(low, high);

    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)), 0);
}

MP_BLOCK_INLINE uint64_t equal(const octets64 *o, uint8_t octet)
{
    const uint8x16_t all = vdupq_n_u8(octet);

    return bits_of(vceqq_u8(o->part[0], all), vceqq_u8(o->part[1], all), vceqq_u8(o->part[2], all),
                   vceqq_u8(o->part[3], all));
}

/* As signed numbers: those above 127 are below all others. */
MP_BLOCK_INLINE uint64_t below(const octets64 *o, int8_t octet)
{
    const int8x16_t all = vdupq_n_s8(octet);

    return bits_of(vcltq_s8(vreinterpretq_s8_u8(o->part[0]), all), vcltq_s8(vreinterpretq_s8_u8(o->part[1]), all),
                   vcltq_s8(vreinterpretq_s8_u8(o->part[2]), all), vcltq_s8(vreinterpretq_s8_u8(o->part[3]), all));
}

/* Octets that both have: line ends, NUL, those above 127. The last two are looked for only where there are some. */
MP_BLOCK_INLINE void common_masks(const octets64 *o, mp_block *b)
{
    const uint8x16_t least = vminq_u8(vminq_u8(o->part[0], o->part[1]), vminq_u8(o->part[2], o->part[3]));
    const uint8x16_t most = vmaxq_u8(vmaxq_u8(o->part[0], o->part[1]), vmaxq_u8(o->part[2], o->part[3]));

    b->lf = equal(o, '\n');
    b->cr = equal(o, '\r');
    b->nul = vminvq_u8(least) ? 0 : equal(o, 0);
    b->high = vmaxvq_u8(most) < 128 ? 0 : below(o, 0);
}

MP_BLOCK_INLINE void field_masks(const uint8_t *p, mp_block *b)
{
    const octets64 o = load_64(p);

    common_masks(&o, b);
    b->dash = 0;
    b->colon = equal(&o, ':');
    b->wsp = equal(&o, ' ') | equal(&o, '\t');
    b->strange = below(&o, ' ' + 1);
}

MP_BLOCK_INLINE void body_masks(const uint8_t *p, mp_block *b)
{
    const octets64 o = load_64(p);

    common_masks(&o, b);
    b->dash = equal(&o, '-');
    b->colon = b->wsp = b->strange = 0;
}

static size_t field_neon(const uint8_t *low, const uint8_t *p, size_t n, int last, mp_field_scan *f)
{
    return mp_block_field(low, p, n, last, f, field_masks);
}

static size_t body_neon(const uint8_t *low, const uint8_t *p, size_t n, mp_body_scan *b)
{
    return mp_block_body(low, p, n, b, body_masks, mp_block_no_run);
}

const mp_scan_version *mp_scan_versions_arm(size_t index)
{
    static const mp_scan_version neon = {"neon", field_neon, body_neon};

    return index == 0 ? &neon : NULL;
}

#else

const mp_scan_version *mp_scan_versions_arm(size_t index)
{
    (void)index;
    return NULL;
}

#endif
