/* base64_arm.c - whole groups of base64, 64 characters at a time: NEON of 64-bit ARM.
 * RFC 2045 section 6.8. */
#include "mime/base64_runs.h"
#include "mime/codec_vector.h"

#if MP_VECTOR && defined(__aarch64__)

#include <arm_neon.h>
#include <string.h>

enum { BLOCK = 64, BLOCK_OCTETS = 48, BREAK = 2 };

static inline uint8x16x4_t load_table(const void *p)
{
    return vld1q_u8_x4(p);
}

/* Loads that take octets apart by threes, stores that put them together by fours. */
static inline void encode_64(uint8_t *out, const uint8_t *in, uint8x16x4_t alphabet)
{
    const uint8x16_t six = vdupq_n_u8(63);
    uint8x16x3_t v = vld3q_u8(in);
    uint8x16x4_t c;

    c.val[0] = vqtbl4q_u8(alphabet, vshrq_n_u8(v.val[0], 2));
    c.val[1] = vqtbl4q_u8(alphabet, vandq_u8(vsliq_n_u8(vshrq_n_u8(v.val[1], 4), v.val[0], 4), six));
    c.val[2] = vqtbl4q_u8(alphabet, vandq_u8(vsliq_n_u8(vshrq_n_u8(v.val[2], 6), v.val[1], 2), six));
    c.val[3] = vqtbl4q_u8(alphabet, vandq_u8(v.val[2], six));
    vst4q_u8(out, c);
}

/* The value of a character; the top bit where it is not of the alphabet. A table of 64 gives 0 beyond its end. */
static inline uint8x16_t value_of(uint8x16_t c, uint8x16x4_t low, uint8x16x4_t high)
{
    uint8x16_t v = vorrq_u8(vqtbl4q_u8(low, c), vqtbl4q_u8(high, vsubq_u8(c, vdupq_n_u8(64))));

    return vorrq_u8(v, vandq_u8(c, vdupq_n_u8(128)));
}

/* Decodes a block, and writes 48 octets if all are of the alphabet. */
static inline int decode_64(uint8_t *out, const uint8_t *in, uint8x16x4_t low, uint8x16x4_t high)
{
    uint8x16x4_t c = vld4q_u8(in);
    uint8x16_t a = value_of(c.val[0], low, high), b = value_of(c.val[1], low, high);
    uint8x16_t x = value_of(c.val[2], low, high), d = value_of(c.val[3], low, high);
    uint8x16x3_t v;

    if (vmaxvq_u8(vorrq_u8(vorrq_u8(a, b), vorrq_u8(x, d))) & MP_BASE64_OTHER)
        return 0;
    v.val[0] = vsliq_n_u8(vshrq_n_u8(b, 4), a, 2);
    v.val[1] = vsliq_n_u8(vshrq_n_u8(x, 2), b, 4);
    v.val[2] = vsliq_n_u8(d, x, 6);
    vst3q_u8(out, v);
    return 1;
}

/* Blocks go across line ends: the characters of two lines are joined before they are decoded, and what was encoded is
   taken apart. */
static void write_neon(mp_base64_writer *w)
{
    const uint8x16x4_t alphabet = load_table(mp_base64_alphabet);
    mp_codec_io io = w->io;
    size_t room = w->room;

    while (mp_codec_in(&io) >= BLOCK_OCTETS && mp_codec_out(&io) >= BLOCK + BREAK && w->line >= BLOCK) {
        encode_64(io.out, io.in, alphabet);
        if (room < BLOCK) {
            memmove(io.out + room + BREAK, io.out + room, BLOCK - room);
            memcpy(io.out + room, "\r\n", BREAK);
            io.out += BREAK;
            room += w->line;
        }
        io.in += BLOCK_OCTETS;
        io.out += BLOCK;
        room -= BLOCK;
    }
    w->io = io;
    w->room = room;
    mp_base64_write_scalar(w);
}

static void read_neon(mp_base64_reader *r)
{
    const uint8x16x4_t low = load_table(mp_base64_values), high = load_table(mp_base64_values + 64);
    mp_codec_io io = r->io;
    size_t room = r->room, ends = r->ends;
    uint8_t joined[BLOCK];

    while (mp_codec_in(&io) >= BLOCK + 2 && mp_codec_out(&io) >= BLOCK_OCTETS) {
        const uint8_t *block = io.in;
        size_t skip = 0;

        if (room < BLOCK) {
            if (r->line < BLOCK || !mp_base64_line_end(io.in + room, r->end))
                break;
            skip = r->end;
            memcpy(joined, io.in, room);
            memcpy(joined + room, io.in + room + skip, BLOCK - room);
            block = joined;
        }
        if (!decode_64(io.out, block, low, high))
            break;
        ends += skip != 0;
        room = skip ? r->line - (BLOCK - room) : room - BLOCK;
        io.in += BLOCK + skip;
        io.out += BLOCK_OCTETS;
    }
    r->io = io;
    r->room = room;
    r->ends = ends;
    mp_base64_read_scalar(r);
}

const mp_base64_version *mp_base64_versions_arm(size_t index)
{
    static const mp_base64_version neon = {"neon", write_neon, read_neon};

    return index == 0 ? &neon : NULL;
}

#else

const mp_base64_version *mp_base64_versions_arm(size_t index)
{
    (void)index;
    return NULL;
}

#endif
