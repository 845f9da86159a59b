/* quoted_printable_blocks.h - quoted-printable in runs of a block of octets that are what they are, and of eight escapes.
 * RFC 2045 section 6.7. Private to quoted_printable_x86.c and quoted_printable_arm.c, which bring the vector code. */
#ifndef MP_MIME_QUOTED_PRINTABLE_BLOCKS_H
#define MP_MIME_QUOTED_PRINTABLE_BLOCKS_H

#include "mime/quoted_printable_runs.h"

#ifndef INLINE
#define INLINE static inline __attribute__((always_inline))
#endif

/* Escapes that stand side by side go eight at a time; all else that is not plain goes an octet at a time. */
enum { ESCAPES = 8, WIDEST = 32 };

/* Copies a block and gives how many octets of it, from the first, are plain: blanks too. */
typedef size_t (*copy_fn)(uint8_t *out, const uint8_t *in);
typedef size_t (*escapes_fn)(uint8_t *out, const uint8_t *in);

INLINE int is_blank(uint8_t octet)
{
    return octet == ' ' || octet == '\t';
}

/* The plain octets at in, `most` of them at most; if that is not where the text goes on, without the blank that may end
   its line. */
INLINE size_t plain_run(uint8_t *out, const uint8_t *in, size_t most, const size_t block, copy_fn copy)
{
    size_t n = 0, got;

    do {
        got = copy(out + n, in + n);
        n += got;
    } while (got == block && n + block <= most);
    if (n > most)
        n = most;
    return n && is_blank(in[n - 1]) ? n - 1 : n;
}

INLINE void write_with(mp_qp_writer *w, const size_t block, copy_fn copy, escapes_fn escapes)
{
    const uint32_t careful = w->flags & (MAILPROTO_QP_DOT | MAILPROTO_QP_FROM);

    while (mp_codec_in(&w->io) >= 4 * WIDEST && mp_codec_out(&w->io) >= 4 * WIDEST) {
        size_t left = w->line - 1 - w->column, n = 0;

        if (left >= 3 * ESCAPES && escapes(w->io.out, w->io.in)) {
            w->io.in += ESCAPES;
            w->io.out += 3 * ESCAPES;
            w->column += 3 * ESCAPES;
            continue;
        }
        if (left && !(careful && w->column == 0))
            n = plain_run(w->io.out, w->io.in, left < 3 * WIDEST ? left : 3 * WIDEST, block, copy);
        w->io.in += n;
        w->io.out += n;
        w->column += n;
        if (!mp_qp_write_one(w))
            return;
    }
    mp_qp_write_scalar(w);
}

INLINE void read_with(mp_qp_reader *r, const size_t block, copy_fn copy, escapes_fn escapes)
{
    const uint8_t *begin = r->io.in;

    while (mp_codec_in(&r->io) >= 4 * WIDEST && mp_codec_out(&r->io) >= 4 * WIDEST) {
        size_t left = 3 * WIDEST, n; /* of a line that is known to be too long; else up to where it becomes that */

        if (r->column <= MP_CODEC_LINE)
            left = MP_CODEC_LINE - r->column;
        if (left >= 3 * ESCAPES && escapes(r->io.out, r->io.in)) {
            r->io.in += 3 * ESCAPES;
            r->io.out += ESCAPES;
            r->column += 3 * ESCAPES;
            continue;
        }
        n = left ? plain_run(r->io.out, r->io.in, left, block, copy) : 0;
        r->io.in += n;
        r->io.out += n;
        r->column += n;
        if (!mp_qp_read_one(r, begin))
            break;
    }
    mp_qp_read_rest(r, begin);
}

#endif
