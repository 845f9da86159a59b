/* quoted_printable_avx512_x86.c - quoted-printable 64 octets at a time, escapes and lines included: AVX-512 with VBMI2.
 * RFC 2045 section 6.7. */
#include "mime/codec_x86.h"
#include "mime/quoted_printable_runs.h"

#if MP_X86_64

#include <string.h>

#define EACH(c) _mm512_set1_epi8((char)(c))

/* 0 0 0 1 1 1 and so on: every octet of a third of a block three times. */
#define THRICE(n) (n), (n), (n)
static const uint8_t thrice[64] = {
    THRICE(0),  THRICE(1),  THRICE(2),  THRICE(3),  THRICE(4),  THRICE(5),  THRICE(6),
    THRICE(7),  THRICE(8),  THRICE(9),  THRICE(10), THRICE(11), THRICE(12), THRICE(13),
    THRICE(14), THRICE(15), THRICE(16), THRICE(17), THRICE(18), THRICE(19), THRICE(20),
};

static const char digits[16] = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'};

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

/* ---- encoding ----
 * First a window of the text is mapped: a bit an octet for what is escaped, one for where lines break. Then it is written
 * a line of output at a time: of the next 84 octets, in four chunks of 21, it is found how many fit. Every octet has three
 * slots, "=" and two digits, or only the last: the slots that are used are a mask, the octets that fit are counted by the
 * place of its bit number `room`, and the chunk is written by leaving out what the mask does not have. So the step from
 * line to line is arithmetic on a few words, and hangs on no guess about the text. */

enum { CHUNK = 21, CHUNKS = 4, SEEN = CHUNK * CHUNKS };
/* blocks of a map; octets from the beginning of a line to which it may read and write; what makes a window worth it */
enum { BLOCKS = 128, READS = 2 * SEEN + 64, WRITES = CHUNKS * 64 + 64, WINDOW_LEAST = 320 };

#define CHUNK_BITS  (((uint64_t)1 << CHUNK) - 1)
#define FIRST_SLOTS 0x1249249249249249 /* bits 0, 3, 6 to 60 */
#define LAST_SLOTS  0x4924924924924924 /* bits 2, 5, 8 to 62 */

/* A window. The words past the last that is known are zero, for what is read across it. */
typedef struct map {
    uint64_t escaped[BLOCKS + 2], line_break[BLOCKS + 2];
    size_t known;
} map;

/* Maps whole blocks: what is at the end of one can only be told from the next. */
INLINE AVX512 void draw(map *m, const uint8_t *p, size_t n, uint32_t flags)
{
    const size_t blocks = n / 64 < BLOCKS ? n / 64 : BLOCKS;
    uint64_t escaped = 0, blank = 0, ends = 0, cr = 0;

    for (size_t i = 0; i < blocks; i++) {
        __m512i v = _mm512_loadu_si512(p + 64 * i);

        if (!(flags & MAILPROTO_QP_BINARY) && !_mm512_cmplt_epu8_mask(v, EACH(' '))) {
            /* neither tabs nor line breaks: of its blanks, only the last may stand before one */
            if (i) {
                m->escaped[i - 1] = escaped | (blank & ends >> 1);
                m->line_break[i - 1] = ends;
            }
            escaped = _mm512_cmpge_epu8_mask(v, EACH(0x7f)) | _mm512_cmpeq_epi8_mask(v, EACH('='));
            m->escaped[i] = escaped;
            m->line_break[i] = 0;
            blank = (uint64_t)(p[64 * i + 63] == ' ') << 63;
            ends = cr = 0;
            continue;
        }
        m->escaped[i] = escaped_64(v);
        m->line_break[i] = 0;
        if (!(flags & MAILPROTO_QP_BINARY)) {
            uint64_t lf = _mm512_cmpeq_epi8_mask(v, EACH('\n')), next_cr = _mm512_cmpeq_epi8_mask(v, EACH('\r'));
            uint64_t next_ends = lf | (next_cr & lf >> 1), next_blank = blank_64(v);

            ends |= cr & lf << 63;
            if (i) {
                m->escaped[i - 1] = escaped | (blank & (ends >> 1 | next_ends << 63));
                m->line_break[i - 1] = ends;
            }
            escaped = m->escaped[i];
            blank = next_blank;
            ends = next_ends;
            cr = next_cr;
        }
    }
    m->known = (blocks - 1) * 64;
    m->escaped[blocks - 1] = m->escaped[blocks] = 0;
    m->line_break[blocks - 1] = m->line_break[blocks] = 0;
}

INLINE uint64_t bits_at(const uint64_t *bits, size_t byte, size_t shift)
{
    uint64_t word;

    memcpy(&word, (const uint8_t *)bits + byte, sizeof word);
    return word >> shift;
}

/* What lies before the writer: 84 octets of the map, in two halves. */
enum { HALF = 2 * CHUNK };
typedef struct sight {
    uint64_t escaped, escaped_more;
    size_t line_break; /* how many octets away it is; SEEN if there is none */
} sight;

INLINE AVX512 sight look(const map *m, size_t at)
{
    /* 57 bits are sure from where a word is read; the second half is read from bit 40 on */
    uint64_t a = bits_at(m->escaped, at / 8, at % 8), b = bits_at(m->escaped, at / 8 + 5, at % 8) >> 2;
    uint64_t breaks = bits_at(m->line_break, at / 8, at % 8), more = bits_at(m->line_break, at / 8 + 5, at % 8) >> 2;
    sight s = {_bzhi_u64(a, HALF), _bzhi_u64(b, HALF), 0};

    breaks = _bzhi_u64(breaks, HALF);
    s.line_break = (size_t)_tzcnt_u64(breaks | more << HALF);
    if (s.line_break == 64)
        s.line_break = HALF + (size_t)_tzcnt_u64(more | (uint64_t)1 << HALF);
    return s;
}

INLINE AVX512 size_t escaped_before(const sight *s, size_t n)
{
    return (size_t)(_mm_popcnt_u64(_bzhi_u64(s->escaped, (unsigned)n)) +
                    _mm_popcnt_u64(_bzhi_u64(s->escaped_more, n < HALF ? 0 : (unsigned)(n - HALF))));
}

/* The slots that a chunk uses. */
INLINE AVX512 uint64_t slots_of(const sight *s, size_t chunk)
{
    uint64_t half = chunk < 2 ? s->escaped : s->escaped_more;
    uint64_t first = _pdep_u64(chunk % 2 ? half >> CHUNK : half & CHUNK_BITS, FIRST_SLOTS);

    return first | first << 1 | LAST_SLOTS;
}

/* How many octets of a chunk fit into so much room. */
INLINE AVX512 size_t fitting(uint64_t slots, ptrdiff_t room)
{
    uint64_t beyond = _pdep_u64((uint64_t)1 << (room < 0 ? 0 : room > 63 ? 63 : room), slots);

    return (size_t)_mm_popcnt_u64((beyond - 1) & LAST_SLOTS);
}

/* Every octet of a chunk in its three slots; those that are not in `escapes`, bits of last slots, stand for themselves. */
INLINE AVX512 __m512i slots_text(const uint8_t *in, uint64_t escapes)
{
    const __m512i hex = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)digits));
    __m512i v = _mm512_permutexvar_epi8(_mm512_loadu_si512(thrice), _mm512_loadu_si512(in));
    __m512i half = _mm512_mask_mov_epi8(v, FIRST_SLOTS << 1, _mm512_srli_epi16(v, 4));
    __m512i text = _mm512_shuffle_epi8(hex, _mm512_and_si512(half, EACH(15)));

    text = _mm512_mask_mov_epi8(text, FIRST_SLOTS, EACH('='));
    return _mm512_mask_mov_epi8(text, LAST_SLOTS & ~escapes, v);
}

INLINE AVX512 void put_chunk(uint8_t *out, const uint8_t *in, uint64_t slots)
{
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(slots, slots_text(in, slots << 2)));
}

/* Where the writer is; apart from it, so that what is written through a pointer cannot be it. */
typedef struct place {
    const uint8_t *in;
    uint8_t *out;
    size_t column;
} place;

/* Twenty-five escapes are a whole line of 76: text in other scripts is little else. */
INLINE AVX512 int is_full_of_escapes(const map *m, size_t at)
{
    const uint64_t all = ((uint64_t)1 << 25) - 1;

    return (bits_at(m->escaped, at / 8, at % 8) & all) == all && !_bzhi_u64(bits_at(m->line_break, at / 8, at % 8), 27);
}

INLINE AVX512 void put_escapes(place *at)
{
    _mm512_storeu_si512(at->out, slots_text(at->in, LAST_SLOTS));
    _mm512_storeu_si512(at->out + 63, slots_text(at->in + CHUNK, LAST_SLOTS));
    memcpy(at->out + 75, "=\r\n", 3);
    at->in += 25;
    at->out += 78;
}

/* Copies more than a line has, and goes on. */
INLINE AVX512 void put_plain(uint8_t *out, const uint8_t *in)
{
    _mm512_storeu_si512(out, _mm512_loadu_si512(in));
    _mm512_storeu_si512(out + 64, _mm512_loadu_si512(in + 64));
}

/* How many octets fit into so much room: room less two for each that is escaped. SEEN + 1: that is not found so simply. */
INLINE AVX512 size_t fitting_simply(const sight *s, size_t room)
{
    size_t least = room - 2 * escaped_before(s, room), n = room - 2 * escaped_before(s, least);

    return escaped_before(s, n) == escaped_before(s, least) ? n : SEEN + 1;
}

/* Few escapes: each is put where it belongs, and what follows it is copied again. */
enum { FEW = 6 };
INLINE AVX512 void put_few(uint8_t *out, const uint8_t *in, const sight *s, size_t n)
{
    uint64_t left = _bzhi_u64(s->escaped, (unsigned)n),
             more = n > HALF ? _bzhi_u64(s->escaped_more, (unsigned)(n - HALF)) : 0;

    left |= more << HALF;
    more >>= 64 - HALF;
    put_plain(out, in);
    for (; left; left &= left - 1) {
        size_t i = (size_t)_tzcnt_u64(left);

        out[i] = '=';
        out[i + 1] = (uint8_t)digits[in[i] >> 4];
        out[i + 2] = (uint8_t)digits[in[i] & 15];
        put_plain(out + i + 3, in + i + 1);
        out += 2;
    }
    for (; more; more &= more - 1) {
        size_t i = 64 + (size_t)_tzcnt_u64(more);

        out[i] = '=';
        out[i + 1] = (uint8_t)digits[in[i] >> 4];
        out[i + 2] = (uint8_t)digits[in[i] & 15];
        put_plain(out + i + 3, in + i + 1);
        out += 2;
    }
}

/* Any number of them. Gives how many octets were written. */
INLINE AVX512 size_t put_many(uint8_t *out, const uint8_t *in, const sight *s, ptrdiff_t room)
{
    size_t n = 0;

    for (size_t i = 0; i < CHUNKS && (i < 2 || room > 0); i++) {
        uint64_t slots = slots_of(s, i);
        size_t used = (size_t)_mm_popcnt_u64(slots);

        n += fitting(slots, room);
        put_chunk(out, in + CHUNK * i, slots);
        out += used;
        room -= (ptrdiff_t)used;
    }
    return n;
}

/* The escapes of a line are often one word's, or none at all: if the n octets have none but those in the 21 octets from
   the first on, they are written in three steps whatever they are, without a guess. Gives whether it was so. */
INLINE AVX512 int put_cluster(const place *at, const map *m, size_t offset, const sight *s, size_t n, size_t escapes)
{
    size_t first = (size_t)_tzcnt_u64(s->escaped | s->escaped_more << HALF);
    uint64_t near, spread, slots;

    first = first < n ? first : n;
    near = bits_at(m->escaped, (offset + first) / 8, (offset + first) % 8) & CHUNK_BITS;
    if ((size_t)_mm_popcnt_u64(_bzhi_u64(near, (unsigned)(n - first))) != escapes)
        return 0;
    spread = _pdep_u64(near, FIRST_SLOTS);
    slots = spread | spread << 1 | LAST_SLOTS;
    /* at most 64 octets are before the chunk, and less than 64 behind it: a line has no more */
    _mm512_storeu_si512(at->out, _mm512_loadu_si512(at->in));
    put_chunk(at->out + first, at->in + first, slots);
    _mm512_storeu_si512(at->out + first + _mm_popcnt_u64(slots), _mm512_loadu_si512(at->in + first + CHUNK));
    return 1;
}

/* Writes what fits into the line, or goes before its line break. Gives how many octets that were. */
INLINE AVX512 size_t put_line(place *at, const map *m, size_t offset, const sight *s, size_t line)
{
    const size_t left = line - 1 - at->column;
    size_t n = left < SEEN ? left : SEEN, used;

    if (n > s->line_break)
        n = s->line_break;
    used = escaped_before(s, n);
    if (used == 0)
        put_plain(at->out, at->in);
    else if (used <= FEW && left < SEEN && left > 2 * FEW && (n = fitting_simply(s, left)) <= SEEN) {
        if (n > s->line_break)
            n = s->line_break;
        if (!put_cluster(at, m, offset, s, n, escaped_before(s, n)))
            put_few(at->out, at->in, s, n);
    } else {
        n = put_many(at->out, at->in, s, (ptrdiff_t)(left < 3 * SEEN ? left : 3 * SEEN));
        if (n > s->line_break)
            n = s->line_break;
    }
    used = n + 2 * escaped_before(s, n);
    at->in += n;
    at->out += used;
    at->column += used;
    return n;
}

/* Whether the next octet, which ends its line, may have the last place of it. */
INLINE AVX512 int takes_last_place(const place *at, const sight *s, size_t line, size_t n)
{
    size_t width = escaped_before(s, n + 1) > escaped_before(s, n) ? 3 : 1;

    return s->line_break == n + 1 && at->column + width == line;
}

/* Ends the line: for a line break of the text, or softly. */
INLINE AVX512 void put_end(place *at, int hard)
{
    static const char ends[2][4] = {"=\r\n", "\r\n"};

    memcpy(at->out, ends[hard], 4); /* what is too much is written over */
    at->out += 3 - hard;
    at->column = 0;
    at->in += hard;
    if (hard && at->in[-1] == '\r') {
        /* lines of a text end alike: this is left a branch, so that the next line need not wait for the octet */
        __asm__ volatile("" : "+r"(at->in));
        at->in++;
    }
}

/* Has one octet written the careful way. */
INLINE int put_one(mp_qp_writer *w, place *at)
{
    int done;

    w->io.in = at->in;
    w->io.out = at->out;
    w->column = at->column;
    done = mp_qp_write_one(w);
    *at = (place){w->io.in, w->io.out, w->column};
    return done;
}

/* Writes line after line of a window. 0: an octet could not be written. */
INLINE AVX512 int write_window(mp_qp_writer *w, place *where, const map *m)
{
    const uint32_t careful = w->flags & (MAILPROTO_QP_DOT | MAILPROTO_QP_FROM);
    const size_t line = w->line;
    const uint8_t *begin = where->in, *last = begin + m->known + 64 - READS, *out_last = w->io.out_end - WRITES;
    place at = *where;
    int done = 1;

    while (done && at.in <= last && at.out <= out_last) {
        size_t n;
        sight s;

        if (careful && at.column == 0 && (*at.in == '.' || *at.in == 'F')) {
            done = put_one(w, &at);
            continue;
        }
        if (at.column == 0 && line == MP_CODEC_LINE && is_full_of_escapes(m, (size_t)(at.in - begin))) {
            put_escapes(&at);
            continue;
        }
        s = look(m, (size_t)(at.in - begin));
        n = put_line(&at, m, (size_t)(at.in - begin), &s, line);
        if (n == SEEN)
            continue;
        if (n < s.line_break && takes_last_place(&at, &s, line, n))
            done = put_one(w, &at);
        else
            put_end(&at, n == s.line_break);
    }
    *where = at;
    return done;
}

AVX512 static void write_avx512(mp_qp_writer *w)
{
    const uint8_t *in_end = w->io.in_end, *out_end = w->io.out_end;
    place at = {w->io.in, w->io.out, w->column};
    map m;

    while (in_end - at.in >= WINDOW_LEAST && out_end - at.out >= WRITES) {
        draw(&m, at.in, (size_t)(in_end - at.in), w->flags);
        if (!write_window(w, &at, &m))
            break;
    }
    w->io.in = at.in;
    w->io.out = at.out;
    w->column = at.column;
    mp_qp_write_scalar(w);
}

/* ---- decoding ----
 * A block at a time, with the two octets behind each: an escape is worked out at its "=", and what is no longer needed
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
    static const mp_qp_version avx512 = {"avx512", write_avx512, read_avx512};

    return mp_x86_has_avx512() ? &avx512 : NULL;
}

#else

const mp_qp_version *mp_qp_version_avx512(void)
{
    return NULL;
}

#endif
