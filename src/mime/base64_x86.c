/* base64_x86.c - whole groups of base64, 16, 32 or 64 characters at a time: SSSE3, AVX2, AVX-512 with VBMI.
 * RFC 2045 section 6.8. */
#include "mime/base64_runs.h"
#include "mime/codec_x86.h"

#if MP_X86

#include <string.h>

/* A block is encoded or decoded and written whole, also where less than a block is left of the line: what is too much
   is written over by what comes next. So a line of 76 characters is two blocks of 64 or three of 32, at addresses that
   depend on nothing but the number of the line: lines do not wait for each other, and no line end is looked for. */

enum { BREAK = 2 }; /* CRLF */

/* Encodes a block of characters, reads as many octets at most; decodes one, and says by a bit for each character which
   are not of the alphabet. */
typedef void (*encode_fn)(uint8_t *out, const uint8_t *in);
typedef uint64_t (*decode_fn)(uint8_t *out, const uint8_t *in);

/* Line after line, each behind its break. */
INLINE void write_lines(mp_codec_io *io, size_t line, const size_t block, encode_fn encode)
{
    const size_t blocks = line / block + (line % block != 0);
    const uint8_t *in = io->in;
    uint8_t *out = io->out;

    if (blocks > mp_codec_out(io) / block)
        return;
    while ((size_t)(io->in_end - in) >= blocks * (block / 4 * 3) + block / 4 &&
           (size_t)(io->out_end - out) >= BREAK + blocks * block) {
        const uint8_t *from = in;
        uint8_t *to = out + BREAK;

        memcpy(out, "\r\n", BREAK);
        out = to + line;
        in += line / 4 * 3;
        do {
            encode(to, from);
            to += block;
            from += block / 4 * 3;
        } while (to < out);
    }
    io->in = in;
    io->out = out;
}

/* The rest of the line in hand, as far as whole blocks may be read and written. */
INLINE void write_line(mp_base64_writer *w, const size_t block, encode_fn encode)
{
    while (w->room && mp_codec_in(&w->io) >= block && mp_codec_out(&w->io) >= BREAK + block) {
        const size_t step = w->room < block ? w->room : block;

        encode(w->io.out, w->io.in);
        w->io.in += step / 4 * 3;
        w->io.out += step;
        w->room -= step;
    }
}

INLINE void write_with(mp_base64_writer *w, const size_t block, encode_fn encode)
{
    mp_codec_io io = w->io;
    size_t room = w->room;

    for (;;) {
        size_t step;

        if (!room)
            write_lines(&io, w->line, block, encode);
        if (mp_codec_in(&io) < block || mp_codec_out(&io) < BREAK + block)
            break;
        if (!room) {
            memcpy(io.out, "\r\n", BREAK);
            io.out += BREAK;
            room = w->line;
        }
        step = room < block ? room : block;
        encode(io.out, io.in);
        io.in += step / 4 * 3;
        io.out += step;
        room -= step;
    }
    w->io = io;
    w->room = room;
    mp_base64_write_scalar(w);
}

INLINE uint64_t low_bits(size_t n)
{
    return n < 64 ? ((uint64_t)1 << n) - 1 : UINT64_MAX;
}

/* Line after line, each behind its end, to the first that is not in order. Gives how many. */
INLINE size_t read_lines(mp_codec_io *io, size_t line, size_t end, const size_t block, decode_fn decode)
{
    const size_t blocks = line / block + (line % block != 0);
    const uint64_t last = low_bits(line - (blocks - 1) * block);
    const uint8_t *in = io->in;
    uint8_t *out = io->out;
    size_t lines = 0;

    if (blocks > mp_codec_in(io) / block)
        return 0;
    for (; (size_t)(io->in_end - in) >= end + blocks * block &&
           (size_t)(io->out_end - out) >= blocks * (block / 4 * 3) + block / 4;
         lines++) {
        const uint8_t *from = in + end, *stop = from + line;
        uint8_t *to = out;
        uint64_t wrong = !mp_base64_line_end(in, end);

        for (; (size_t)(stop - from) > block; from += block, to += block / 4 * 3)
            wrong |= decode(to, from);
        wrong |= decode(to, from) & last;
        if (wrong)
            break;
        in = stop;
        out += line / 4 * 3;
    }
    io->in = in;
    io->out = out;
    return lines;
}

INLINE void read_with(mp_base64_reader *r, const size_t block, decode_fn decode)
{
    mp_codec_io io = r->io;
    size_t room = r->room, ends = r->ends;

    for (;;) {
        size_t step;

        if (!room && r->line) {
            ends += read_lines(&io, r->line, r->end, block, decode);
            if (mp_codec_in(&io) < r->end || !mp_base64_line_end(io.in, r->end))
                break;
            io.in += r->end;
            ends++;
            room = r->line;
        }
        step = room < block ? room : block;
        if (!step || mp_codec_in(&io) < block || mp_codec_out(&io) < block || decode(io.out, io.in) & low_bits(step))
            break;
        io.in += step;
        io.out += step / 4 * 3;
        room -= step;
    }
    r->io = io;
    r->room = room;
    r->ends = ends;
    mp_base64_read_scalar(r);
}

/* ---- SSSE3 ----
 * To encode, each group of octets abc becomes the word bacb, of which two multiplications bring the four times six bits
 * into octets of their own; a character is that value and an offset, which the range of the value gives. To decode, an
 * octet belongs to the alphabet if the bits that its two halves stand for have none in common. */

#define ENCODE_ORDER 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10
#define ENCODE_OFFSETS                                                                                                 \
    'a' - 26, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, '+' - 62, '/' - 63, 'A', 0, 0
#define DIGIT          '0' - 52
#define DECODE_LOW     21, 17, 17, 17, 17, 17, 17, 17, 17, 17, 19, 26, 27, 27, 27, 26
#define DECODE_HIGH    16, 16, 1, 2, 4, 8, 4, 8, 16, 16, 16, 16, 16, 16, 16, 16
#define DECODE_OFFSETS 0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0
#define DECODE_ORDER   2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1

INLINE SSSE3 __m128i load_16(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline SSSE3 void encode_16(uint8_t *out, const uint8_t *in)
{
    __m128i v = _mm_shuffle_epi8(load_16(in), _mm_setr_epi8(ENCODE_ORDER));
    __m128i high = _mm_mulhi_epu16(_mm_and_si128(v, _mm_set1_epi32(0x0fc0fc00)), _mm_set1_epi32(0x04000040));
    __m128i low = _mm_mullo_epi16(_mm_and_si128(v, _mm_set1_epi32(0x003f03f0)), _mm_set1_epi32(0x01000010));
    __m128i range;

    v = _mm_or_si128(high, low);
    range = _mm_and_si128(_mm_cmpgt_epi8(_mm_set1_epi8(26), v), _mm_set1_epi8(13));
    range = _mm_or_si128(range, _mm_subs_epu8(v, _mm_set1_epi8(51)));
    v = _mm_add_epi8(v, _mm_shuffle_epi8(_mm_setr_epi8(ENCODE_OFFSETS), range));
    _mm_storeu_si128((__m128i *)(void *)out, v);
}

static inline SSSE3 uint64_t decode_16(uint8_t *out, const uint8_t *in)
{
    const __m128i slash = _mm_set1_epi8('/');
    __m128i v = load_16(in);
    __m128i high = _mm_and_si128(_mm_srli_epi32(v, 4), slash);
    __m128i wrong = _mm_and_si128(_mm_shuffle_epi8(_mm_setr_epi8(DECODE_LOW), _mm_and_si128(v, slash)),
                                  _mm_shuffle_epi8(_mm_setr_epi8(DECODE_HIGH), high));

    high = _mm_add_epi8(high, _mm_cmpeq_epi8(v, slash));
    v = _mm_add_epi8(v, _mm_shuffle_epi8(_mm_setr_epi8(DECODE_OFFSETS), high));
    v = _mm_maddubs_epi16(v, _mm_set1_epi32(0x01400140));
    v = _mm_madd_epi16(v, _mm_set1_epi32(0x00011000));
    v = _mm_shuffle_epi8(v, _mm_setr_epi8(DECODE_ORDER));
    _mm_storeu_si128((__m128i *)(void *)out, v);
    return (unsigned)_mm_movemask_epi8(_mm_cmpgt_epi8(wrong, _mm_setzero_si128()));
}

SSSE3 static void write_ssse3(mp_base64_writer *w)
{
    write_with(w, 16, encode_16);
}

SSSE3 static void read_ssse3(mp_base64_reader *r)
{
    read_with(r, 16, decode_16);
}

/* ---- AVX2: the same, twice as wide ---- */

static inline AVX2 void encode_32(uint8_t *out, const uint8_t *in)
{
    __m128i first = _mm_loadu_si128((const __m128i *)(const void *)in);
    __m128i second = _mm_loadu_si128((const __m128i *)(const void *)(in + 12));
    __m256i v = _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
    __m256i high, low, range;

    v = _mm256_shuffle_epi8(v, _mm256_setr_epi8(ENCODE_ORDER, ENCODE_ORDER));
    high = _mm256_mulhi_epu16(_mm256_and_si256(v, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
    low = _mm256_mullo_epi16(_mm256_and_si256(v, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
    v = _mm256_or_si256(high, low);
    range = _mm256_and_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(26), v), _mm256_set1_epi8(13));
    range = _mm256_or_si256(range, _mm256_subs_epu8(v, _mm256_set1_epi8(51)));
    v = _mm256_add_epi8(v, _mm256_shuffle_epi8(_mm256_setr_epi8(ENCODE_OFFSETS, ENCODE_OFFSETS), range));
    _mm256_storeu_si256((__m256i *)(void *)out, v);
}

static inline AVX2 uint64_t decode_32(uint8_t *out, const uint8_t *in)
{
    const __m256i slash = _mm256_set1_epi8('/');
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)in);
    __m256i high = _mm256_and_si256(_mm256_srli_epi32(v, 4), slash);
    __m256i low = _mm256_and_si256(v, slash);
    __m256i wrong = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_setr_epi8(DECODE_LOW, DECODE_LOW), low),
                                     _mm256_shuffle_epi8(_mm256_setr_epi8(DECODE_HIGH, DECODE_HIGH), high));

    high = _mm256_add_epi8(high, _mm256_cmpeq_epi8(v, slash));
    v = _mm256_add_epi8(v, _mm256_shuffle_epi8(_mm256_setr_epi8(DECODE_OFFSETS, DECODE_OFFSETS), high));
    v = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
    v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00011000));
    v = _mm256_shuffle_epi8(v, _mm256_setr_epi8(DECODE_ORDER, DECODE_ORDER));
    v = _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
    _mm256_storeu_si256((__m256i *)(void *)out, v);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(wrong, _mm256_setzero_si256()));
}

AVX2 static void write_avx2(mp_base64_writer *w)
{
    write_with(w, 32, encode_32);
}

AVX2 static void read_avx2(mp_base64_reader *r)
{
    read_with(r, 32, decode_32);
}

/* ---- AVX-512 with VBMI: one instruction looks up a whole alphabet ---- */

#if MP_X86_64

/* Octets 1, 0, 2, 1 and so on, of 48; and 2, 1, 0, 6, 5, 4 and so on, of 64. */
#define FOUR(n)  1 + 3 * (n), 3 * (n), 2 + 3 * (n), 1 + 3 * (n)
#define THREE(n) 2 + 4 * (n), 1 + 4 * (n), 4 * (n)

static const uint8_t spread[64] = {
    FOUR(0), FOUR(1), FOUR(2),  FOUR(3),  FOUR(4),  FOUR(5),  FOUR(6),  FOUR(7),
    FOUR(8), FOUR(9), FOUR(10), FOUR(11), FOUR(12), FOUR(13), FOUR(14), FOUR(15),
};
static const uint8_t gather[64] = {
    THREE(0), THREE(1), THREE(2),  THREE(3),  THREE(4),  THREE(5),  THREE(6),  THREE(7),
    THREE(8), THREE(9), THREE(10), THREE(11), THREE(12), THREE(13), THREE(14), THREE(15),
};

static inline AVX512 void encode_64(uint8_t *out, const uint8_t *in)
{
    __m512i v = _mm512_permutexvar_epi8(_mm512_loadu_si512(spread), _mm512_loadu_si512(in));

    v = _mm512_multishift_epi64_epi8(_mm512_set1_epi64(0x3036242a1016040a), v);
    _mm512_storeu_si512(out, _mm512_permutexvar_epi8(v, _mm512_loadu_si512(mp_base64_alphabet)));
}

/* An octet above 127 is looked up as if it were less; its own top bit says that it is wrong. */
static inline AVX512 uint64_t decode_64(uint8_t *out, const uint8_t *in)
{
    const __m512i low = _mm512_loadu_si512(mp_base64_values), high = _mm512_loadu_si512(mp_base64_values + 64);
    __m512i characters = _mm512_loadu_si512(in);
    __m512i v = _mm512_permutex2var_epi8(low, characters, high);
    uint64_t wrong = _mm512_movepi8_mask(_mm512_or_si512(v, characters));

    v = _mm512_maddubs_epi16(v, _mm512_set1_epi32(0x01400140));
    v = _mm512_madd_epi16(v, _mm512_set1_epi32(0x00011000));
    _mm512_storeu_si512(out, _mm512_permutexvar_epi8(_mm512_loadu_si512(gather), v));
    return wrong;
}

/* The last 12 characters of a line of 76, and the break behind it. */
INLINE AVX512 void encode_12(uint8_t *out, const uint8_t *in, __m512i alphabet, __m128i line_end)
{
    __m128i v = _mm_permutexvar_epi8(_mm_loadu_si128((const __m128i *)(const void *)spread), load_16(in));

    v = _mm_multishift_epi64_epi8(_mm_set1_epi64x(0x3036242a1016040a), v);
    v = _mm512_castsi512_si128(_mm512_permutexvar_epi8(_mm512_castsi128_si512(v), alphabet));
    _mm_storeu_si128((__m128i *)(void *)out, _mm_mask_mov_epi8(v, 0x3000, line_end));
}

/* Whole lines of the usual length, each behind its break: the one of the next is written with the end of a line, for a
   narrow store seldom lies across two lines of the cache. */
INLINE AVX512 void write_usual_lines(mp_base64_writer *w)
{
    enum { OCTETS = MP_CODEC_LINE / 4 * 3, CHARACTERS = BREAK + MP_CODEC_LINE };
    const __m512i alphabet = _mm512_loadu_si512(mp_base64_alphabet);
    const __m128i line_end = _mm_set1_epi16('\n' << 8 | '\r');
    const size_t reads = mp_codec_in(&w->io), room = mp_codec_out(&w->io);
    const uint8_t *in = w->io.in;
    uint8_t *out = w->io.out;
    size_t lines = reads < 64 ? 0 : (reads - 64) / OCTETS, fit = room < 16 ? 0 : (room - 16) / CHARACTERS;

    if (fit < lines)
        lines = fit;
    if (w->room || w->line != MP_CODEC_LINE || !lines)
        return;
    memcpy(out, "\r\n", BREAK);
    for (; lines; lines--, in += OCTETS, out += CHARACTERS) {
        encode_64(out + BREAK, in);
        encode_12(out + BREAK + 64, in + 48, alphabet, line_end);
    }
    w->io.in = in;
    w->io.out = out;
}

AVX512 static void write_avx512(mp_base64_writer *w)
{
    if (w->room)
        write_line(w, 64, encode_64);
    write_usual_lines(w);
    write_with(w, 64, encode_64);
}

AVX512 static void read_avx512(mp_base64_reader *r)
{
    read_with(r, 64, decode_64);
}

#endif

const mp_base64_version *mp_base64_versions_x86(size_t index)
{
    static const mp_base64_version ssse3 = {"ssse3", write_ssse3, read_ssse3};
    static const mp_base64_version avx2 = {"avx2", write_avx2, read_avx2};

    if (index == 0 && mp_x86_has_ssse3())
        return &ssse3;
    if (index == 1 && mp_x86_has_avx2())
        return &avx2;
#if MP_X86_64
    static const mp_base64_version avx512 = {"avx512", write_avx512, read_avx512};

    if (index == 2 && mp_x86_has_avx512())
        return &avx512;
#endif
    return NULL;
}

#else

const mp_base64_version *mp_base64_versions_x86(size_t index)
{
    (void)index;
    return NULL;
}

#endif
