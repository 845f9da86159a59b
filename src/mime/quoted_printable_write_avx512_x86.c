/* quoted_printable_write_avx512_x86.c - quoted-printable written 63 octets at a time: AVX-512 with VBMI2.
 * RFC 2045 section 6.7. */
#include "mime/codec_x86.h"
#include "mime/quoted_printable_runs.h"

#if MP_X86_64

#include <string.h>

/* First a window of the text becomes characters: what is escaped in three, line breaks CR LF, everything else as it is.
 * Then these are cut into lines by their places alone: an escape that a cut would divide begins with a "=", which is
 * nowhere else. So neither step hangs on a guess about the text: the first has no branches, and of the second a line's
 * begin is known before the line before it is copied. */

#define EACH(c) _mm512_set1_epi8((char)(c))

enum {
    CHUNK = 21,       /* octets that are 63 characters at most */
    BLOCK = 63,       /* three of them; two octets behind them are looked at */
    FEW = 12,         /* escapes of a block that are looked for */
    RECENT = 15,      /* blocks without escapes before it is thought that there are none */
    BLOCKS = 32,      /* of a window */
    READS = 66,       /* octets that a block reads */
    PUTS = 128,       /* that a line is copied with, and more if it is longer */
    LINE_LEAST = 16,  /* shorter lines, and longer ones but for endless ones, are left to the other version */
    LINE_MOST = 1000, /* less than a window: every one gets on */
    SPARE = 256       /* room that a window needs beyond four times its octets, which is more than they can become */
};

#define CHUNK_BITS  (((uint64_t)1 << CHUNK) - 1)
#define BLOCK_BITS  (((uint64_t)1 << BLOCK) - 1)
#define FIRST_SLOTS 0x1249249249249249 /* bits 0, 3, 6 to 60 */
#define LAST_SLOTS  0x4924924924924924 /* bits 2, 5, 8 to 62 */

/* Every octet of a third of a block three times. */
#define THRICE(n) (n), (n), (n)
#define THRICE_7(n)                                                                                                    \
    THRICE(n), THRICE((n) + 1), THRICE((n) + 2), THRICE((n) + 3), THRICE((n) + 4), THRICE((n) + 5), THRICE((n) + 6)
static const uint8_t thrice[3][64] = {
    {THRICE_7(0), THRICE_7(7), THRICE_7(14)},
    {THRICE_7(21), THRICE_7(28), THRICE_7(35)},
    {THRICE_7(42), THRICE_7(49), THRICE_7(56)},
};

/* From which bit of its eight octets on each octet is taken: of three, that in the middle is shifted by four. */
#define EIGHT(a, b, c, d, e, f, g, h) (a), 8 + (b), 16 + (c), 24 + (d), 32 + (e), 40 + (f), 48 + (g), (56 + (h)) % 64
static const uint8_t halves[64] = {
    EIGHT(0, 4, 0, 0, 4, 0, 0, 4), EIGHT(0, 0, 4, 0, 0, 4, 0, 0), EIGHT(4, 0, 0, 4, 0, 0, 4, 0),
    EIGHT(0, 4, 0, 0, 4, 0, 0, 4), EIGHT(0, 0, 4, 0, 0, 4, 0, 0), EIGHT(4, 0, 0, 4, 0, 0, 4, 0),
    EIGHT(0, 4, 0, 0, 4, 0, 0, 4), EIGHT(0, 0, 4, 0, 0, 4, 0, 0),
};

static const char digits[16] = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'};

/* A window as characters. */
typedef struct window {
    uint8_t chars[3 * BLOCK * BLOCKS + 2 * PUTS];
    size_t n;
    uint16_t ends[BLOCK * BLOCKS + 1]; /* places of the CR of each line break */
    size_t ends_n;
} window;

/* ---- octets to characters ---- */

/* The top bit of each of the first 128 octets that may not stand for itself; of a text, CR and LF may. */
#define HIGH_8 128, 128, 128, 128, 128, 128, 128, 128
#define ZERO_8 0, 0, 0, 0, 0, 0, 0, 0
static const uint8_t classes[3][64] = {
    {HIGH_8, 128, 0, 0, 128, 128, 0, 128, 128, HIGH_8, HIGH_8, ZERO_8, ZERO_8, ZERO_8, 0, 0, 0, 0, 0, 128, 0, 0},
    {HIGH_8, 128, 0, 128, 128, 128, 128, 128, 128, HIGH_8, HIGH_8, ZERO_8, ZERO_8, ZERO_8, 0, 0, 0, 0, 0, 128, 0, 0},
    {ZERO_8, ZERO_8, ZERO_8, ZERO_8, ZERO_8, ZERO_8, ZERO_8, 0, 0, 0, 0, 0, 0, 0, 128},
};

/* What a block is, a bit for each octet. */
typedef struct marks {
    uint64_t escaped;
    uint64_t lf;   /* ends a line */
    uint64_t bare; /* and no CR stands before it */
    uint64_t
        odd; /* CR and LF that are not together, blanks before one: what an octet is does not tell what is to be done */
} marks;

/* The tables of a text, or of octets. */
typedef struct table {
    __m512i low, high;
    int binary;
} table;

INLINE AVX512 __mmask64 escaped_64(__m512i v, const table *t)
{
    return _mm512_movepi8_mask(_mm512_or_si512(_mm512_permutex2var_epi8(t->low, v, t->high), v));
}

/* *after_cr: the octet before p is the CR of a line break; then, that of the last octet. The 64th octet is looked at
   only for what it is to the one before it. */
INLINE AVX512 marks judge(const uint8_t *p, const table *t, uint64_t *after_cr)
{
    const __m512i v = _mm512_loadu_si512(p);
    marks m = {escaped_64(v, t) & BLOCK_BITS, 0, 0, 0};
    uint64_t lf, cr, blank, bare_lf;

    if (t->binary)
        return m;
    lf = _mm512_cmpeq_epi8_mask(v, EACH('\n'));
    cr = _mm512_cmpeq_epi8_mask(v, EACH('\r'));
    blank = _mm512_cmpeq_epi8_mask(v, EACH(' ')) | _mm512_cmpeq_epi8_mask(v, EACH('\t'));
    bare_lf = lf & ~(cr << 1 | *after_cr);
    m.odd = (bare_lf | (cr & ~(lf >> 1)) | (blank & (cr | lf) >> 1)) & BLOCK_BITS;
    m.lf = lf & BLOCK_BITS;
    *after_cr = cr >> (BLOCK - 1) & lf >> BLOCK & 1;
    return m;
}

/* Looks again at a block that is odd: two octets behind it tell what its last ones are. */
INLINE AVX512 void judge_odd(marks *m, const uint8_t *p, uint64_t after_cr)
{
    const __m512i v = _mm512_loadu_si512(p), next = _mm512_loadu_si512(p + 1), third = _mm512_loadu_si512(p + 2);
    const uint64_t next_lf = _mm512_cmpeq_epi8_mask(next, EACH('\n')), cr = _mm512_cmpeq_epi8_mask(v, EACH('\r'));
    const uint64_t next_cr = _mm512_cmpeq_epi8_mask(next, EACH('\r')),
                   third_lf = _mm512_cmpeq_epi8_mask(third, EACH('\n'));
    const uint64_t blank = _mm512_cmpeq_epi8_mask(v, EACH(' ')) | _mm512_cmpeq_epi8_mask(v, EACH('\t'));

    m->bare = m->lf & ~((cr & next_lf) << 1 | after_cr);
    m->escaped |= ((cr & ~next_lf) | (blank & (next_lf | (next_cr & third_lf)))) & BLOCK_BITS;
}

/* The characters of a third of a block, in three slots an octet: of the octets that are escaped, bits of first slots,
   all are used, of the others the last. */
INLINE AVX512 __m512i slots_text(__m512i octets, __mmask64 plain)
{
    const __m512i hex = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)digits));
    __m512i text = _mm512_multishift_epi64_epi8(_mm512_loadu_si512(halves), octets);

    text = _mm512_shuffle_epi8(hex, _mm512_and_si512(text, EACH(15)));
    text = _mm512_mask_mov_epi8(text, FIRST_SLOTS, EACH('='));
    return _mm512_mask_mov_epi8(text, plain, octets);
}

INLINE AVX512 uint8_t *put_slots(uint8_t *out, __mmask64 slots, __m512i text)
{
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(slots, text));
    return out + _mm_popcnt_u64(slots);
}

/* A third of a block that is not odd: what its octets are says all. */
INLINE AVX512 uint8_t *put_chunk(uint8_t *out, __m512i v, const uint8_t *order, const table *t)
{
    const __m512i octets = _mm512_permutexvar_epi8(_mm512_loadu_si512(order), v);
    const __mmask64 escaped = escaped_64(octets, t);

    return put_slots(out, (escaped | LAST_SLOTS) & BLOCK_BITS, slots_text(octets, _kandn_mask64(escaped, LAST_SLOTS)));
}

INLINE AVX512 uint8_t *put_dense_block(uint8_t *out, const uint8_t *p, const table *t)
{
    const __m512i v = _mm512_loadu_si512(p);

    out = put_chunk(out, v, thrice[0], t);
    out = put_chunk(out, v, thrice[1], t);
    return put_chunk(out, v, thrice[2], t);
}

/* Few escapes are often one word's: they are made of 21 octets from the first on that is escaped, and what is between
   such runs is copied. It looks at octets of the next block, too. */
INLINE AVX512 uint8_t *put_block(uint8_t *out, const uint8_t *p, uint64_t escaped, const table *t)
{
    uint8_t *end = out + BLOCK + 2 * _mm_popcnt_u64(escaped);
    size_t left = BLOCK;

    do {
        const size_t first = (size_t)_tzcnt_u64(escaped | (uint64_t)1 << left), n = left - first;
        __mmask64 chosen, slots;
        __m512i octets;

        _mm512_storeu_si512(out, _mm512_loadu_si512(p));
        out += first;
        p += first;
        octets = _mm512_permutexvar_epi8(_mm512_loadu_si512(thrice), _mm512_loadu_si512(p));
        chosen = escaped_64(octets, t);
        slots = (chosen | LAST_SLOTS) & BLOCK_BITS;
        _mm512_storeu_si512(out,
                            _mm512_maskz_compress_epi8(slots, slots_text(octets, _kandn_mask64(chosen, LAST_SLOTS))));
        if (n <= CHUNK)
            return end;
        out += _mm_popcnt_u64(slots);
        p += CHUNK;
        left = n - CHUNK;
        escaped = escaped >> first >> CHUNK;
    } while (escaped);
    _mm512_storeu_si512(out, _mm512_loadu_si512(p));
    return end;
}

/* A third of a block that is odd: by its marks. */
INLINE AVX512 uint8_t *put_odd_chunk(uint8_t *out, __m512i v, const uint8_t *order, uint64_t escaped, uint64_t bare)
{
    const uint64_t first = _pdep_u64(escaped & CHUNK_BITS, FIRST_SLOTS);
    const uint64_t crs = _pdep_u64(bare & CHUNK_BITS, FIRST_SLOTS) << 1;
    const __m512i octets = _mm512_permutexvar_epi8(_mm512_loadu_si512(order), v);
    const __m512i text = slots_text(octets, LAST_SLOTS & ~(first << 2));

    return put_slots(out, LAST_SLOTS | first | first << 1 | crs, _mm512_mask_mov_epi8(text, crs, EACH('\r')));
}

/* Where the line breaks of a block will stand, of which the first character has this place. Mostly it has one or
   none. */
INLINE AVX512 void note_ends(window *w, uint64_t lf, uint64_t escaped, uint64_t bare, size_t place)
{
    size_t n = w->ends_n;

    w->ends_n = n + (size_t)_mm_popcnt_u64(lf);
    do {
        const uint64_t before = _blsmsk_u64(lf);

        w->ends[n++] = (uint16_t)(place + (size_t)_tzcnt_u64(lf) + 2 * (size_t)_mm_popcnt_u64(escaped & before) +
                                  (size_t)_mm_popcnt_u64(bare & before) - 1);
        lf = _blsr_u64(lf);
    } while (lf);
}

INLINE AVX512 uint8_t *put_odd_block(uint8_t *out, const uint8_t *p, const marks *m)
{
    const __m512i v = _mm512_loadu_si512(p);

    out = put_odd_chunk(out, v, thrice[0], m->escaped, m->bare);
    out = put_odd_chunk(out, v, thrice[1], m->escaped >> CHUNK, m->bare >> CHUNK);
    return put_odd_chunk(out, v, thrice[2], m->escaped >> 2 * CHUNK, m->bare >> 2 * CHUNK);
}

/* Makes so many blocks characters. Gives how many octets that were: a CR is not cut off from its LF. */
INLINE AVX512 size_t expand(window *w, const uint8_t *p, size_t blocks, int binary)
{
    const table t = {_mm512_loadu_si512(classes[binary]), _mm512_loadu_si512(classes[2]), binary};
    uint64_t after_cr = 0;
    uint32_t recent = 0; /* a bit for each block before: it had escapes */
    uint8_t *out = w->chars;

    w->ends_n = 0;
    for (size_t i = 0; i < blocks; i++, p += BLOCK) {
        const size_t place = (size_t)(out - w->chars);
        const uint64_t before = after_cr;
        marks m = judge(p, &t, &after_cr);

        if (__builtin_expect(m.odd != 0, 0)) {
            judge_odd(&m, p, before);
            note_ends(w, m.lf, m.escaped, m.bare, place);
            out = put_odd_block(out, p, &m);
            continue;
        }
        note_ends(w, m.lf, m.escaped, 0, place);
        recent = recent << 1 | (m.escaped != 0);
        if (!(recent & RECENT)) { /* much text in English has nothing to escape */
            _mm512_storeu_si512(out, _mm512_loadu_si512(p));
            out += BLOCK;
        } else if (_mm_popcnt_u64(m.escaped) > FEW || i + 1 == blocks) {
            out = put_dense_block(out, p, &t);
        } else {
            out = put_block(out, p, m.escaped, &t);
        }
    }
    w->n = (size_t)(out - w->chars) - after_cr;
    return BLOCK * blocks - after_cr;
}

/* ---- characters to lines ---- */

/* Where the writer is; apart from it, so that what is written through a pointer cannot be it. */
typedef struct place {
    uint8_t *out;
    size_t column;
} place;

/* How lines are: the most characters of one, and the flags that say what its first octet may not be. */
typedef struct rule {
    size_t line;
    uint32_t careful;
} rule;

INLINE AVX512 void copy(uint8_t *out, const uint8_t *p, size_t n)
{
    _mm512_storeu_si512(out, _mm512_loadu_si512(p));
    _mm512_storeu_si512(out + 64, _mm512_loadu_si512(p + 64));
    if (n > PUTS)
        memcpy(out + PUTS, p + PUTS, n - PUTS);
}

/* Whether a line that begins with n characters at p needs its first octet escaped. -1: more must be known. */
static int is_careful(const uint8_t *p, size_t n, int whole, uint32_t flags)
{
    if (*p == '.')
        return (flags & MAILPROTO_QP_DOT) != 0;
    if (*p != 'F' || !(flags & MAILPROTO_QP_FROM))
        return 0;
    if (n < 7 && !whole)
        return -1;
    return (n >= 5 && memcmp(p, "From ", 5) == 0) || (n >= 7 && memcmp(p, "From=20", 7) == 0);
}

/* Writes the line that n characters at p begin. Gives how many of them it took. */
INLINE AVX512 size_t put_line(const rule *r, place *at, const uint8_t *p)
{
    size_t n = r->line - 1 - at->column;

    /* a guess is better here than to wait for the octets */
    if (__builtin_expect(p[n - 1] == '=', 0))
        n--;
    else if (__builtin_expect(p[n - 2] == '=', 0))
        n -= 2;
    copy(at->out, p, n);
    memcpy(at->out + n, "=\r\n", 4);
    at->out += n + 3;
    at->column = 0;
    return n;
}

/* Writes whole lines of the characters up to `stop`. Gives where those begin that do not fill one; NULL, with *p being
   there: how that line begins is not known yet. `whole`: a line break is at `stop`. */
INLINE AVX512 const uint8_t *put_lines(const rule *r, place *at, const uint8_t **p, const uint8_t *stop, int whole)
{
    for (;;) {
        if (r->careful && at->column == 0 && *p < stop) {
            const int escape = is_careful(*p, (size_t)(stop - *p), whole, r->careful);

            if (escape < 0)
                return NULL;
            if (escape) {
                memcpy(at->out, **p == '.' ? "=2E" : "=46", 3);
                at->out += 3;
                at->column = 3;
                ++*p;
            }
        }
        if (at->column + (size_t)(stop - *p) <= r->line)
            return *p;
        *p += put_line(r, at, *p);
    }
}

/* Octets that characters were. */
static size_t octets_of(const uint8_t *p, size_t n)
{
    size_t octets = 0;

    for (size_t i = 0; i < n; i += p[i] == '=' ? 3 : 1)
        octets++;
    return octets;
}

/* Writes a window. Gives how many octets of it, those at its end, were not written. */
INLINE AVX512 size_t put_window(const rule *r, place *where, const window *text)
{
    const uint8_t *p = text->chars, *end = text->chars + text->n;
    place at = *where;
    size_t n, left = 0;

    for (size_t i = 0; i < text->ends_n; i++) {
        const uint8_t *stop = text->chars + text->ends[i];

        put_lines(r, &at, &p, stop, 1);
        n = (size_t)(stop - p) + 2;
        copy(at.out, p, n);
        at.out += n;
        at.column = 0;
        p += n;
    }
    if (!put_lines(r, &at, &p, end, 0)) {
        left = octets_of(p, (size_t)(end - p));
        end = p;
    }
    n = (size_t)(end - p);
    if (n && at.column + n == r->line) { /* the last place may be taken only before a line break, or the end */
        n -= n > 2 && end[-3] == '=' ? 3 : 1;
        left = 1;
    }
    copy(at.out, p, n);
    at.out += n;
    at.column += n;
    *where = at;
    return left;
}

/* How many blocks may be made of what is left. */
static size_t blocks_of(const mp_qp_writer *w)
{
    const size_t in = mp_codec_in(&w->io), room = mp_codec_out(&w->io);
    const size_t have = in < READS ? 0 : (in - READS) / BLOCK + 1,
                 fit = room < SPARE ? 0 : (room - SPARE) / (4 * BLOCK);
    const size_t n = have < fit ? have : fit;

    return n < BLOCKS ? n : BLOCKS;
}

/* Of a line that is nearly full it is found octet by octet how it ends. */
static int is_in_reach(const mp_qp_writer *w)
{
    return w->line == SIZE_MAX ||
           (w->line >= LINE_LEAST && w->line <= LINE_MOST && (!w->column || w->column + 4 <= w->line));
}

AVX512 void mp_qp_write_avx512(mp_qp_writer *w)
{
    const rule usual = {MP_CODEC_LINE, 0}, given = {w->line, w->flags & (MAILPROTO_QP_DOT | MAILPROTO_QP_FROM)};
    window text;
    size_t blocks;

    while ((blocks = blocks_of(w)) != 0) {
        place at = {w->io.out, w->column};

        if (!is_in_reach(w)) {
            if (w->line < LINE_LEAST || w->line > LINE_MOST || !mp_qp_write_one(w))
                break;
            continue;
        }
        w->io.in +=
            w->flags & MAILPROTO_QP_BINARY ? expand(&text, w->io.in, blocks, 1) : expand(&text, w->io.in, blocks, 0);
        if (given.line == usual.line && !given.careful) /* made for these numbers it is faster */
            w->io.in -= put_window(&usual, &at, &text);
        else
            w->io.in -= put_window(&given, &at, &text);
        w->io.out = at.out;
        w->column = at.column;
    }
    mp_qp_write_scalar(w);
}

#endif
