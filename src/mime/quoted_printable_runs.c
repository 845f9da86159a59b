/* quoted_printable_runs.c - quoted-printable an octet at a time, and the choice of the fastest version.
 * RFC 2045 section 6.7. */
#include "mime/quoted_printable_runs.h"

#include <string.h>

const uint8_t mp_qp_class[256] = {
    0,  0,  0,  0,  0,  0,  0,  0,  0,  48, 0,  0,  0,  0,  0,  0,  0,  0,  0,  0,   0,   0,   0,   0,   0,   0,
    0,  0,  0,  0,  0,  0,  48, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,  16,  16,  80,  81,  82,  83,
    84, 85, 86, 87, 88, 89, 16, 16, 16, 0,  16, 16, 16, 90, 91, 92, 93, 94, 95, 16,  16,  16,  16,  16,  16,  16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 154, 155, 156, 157, 158, 159, 16,
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,  16,  16,  16,  0,   0,   0,
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,   0,   0,   0,   0,   0,   0,
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,   0,   0,   0,   0,   0,   0,
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,   0,   0,   0,   0,   0,   0,
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,   0,   0,   0,   0,   0,   0,
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,   0,   0,
};

/* ---- encoding ---- */

enum { UNKNOWN = -1, OTHER = 0, BREAK = 1, END = 2 };

/* What begins at p. */
static int ahead(const mp_qp_writer *w, const uint8_t *p)
{
    if (p == w->io.in_end)
        return w->last ? END : UNKNOWN;
    if (w->flags & MAILPROTO_QP_BINARY)
        return OTHER;
    if (*p != '\r')
        return *p == '\n' ? BREAK : OTHER;
    if (p + 1 == w->io.in_end)
        return w->last ? OTHER : UNKNOWN;
    return p[1] == '\n' ? BREAK : OTHER;
}

/* Whether "From " lies at p. */
static int from_ahead(const mp_qp_writer *w, const uint8_t *p)
{
    static const char from[] = "From ";

    for (size_t i = 0; i < sizeof from - 1; i++) {
        if (p + i == w->io.in_end)
            return w->last ? OTHER : UNKNOWN;
        if (p[i] != (uint8_t)from[i])
            return OTHER;
    }
    return 1;
}

/* Characters that the octet at io.in takes at a column: 1 or 3; 0: that is not known yet. */
static size_t width_at(const mp_qp_writer *w, size_t column)
{
    const uint8_t *p = w->io.in;
    int what = OTHER;

    if (!(mp_qp_class[*p] & MP_QP_PLAIN))
        return 3;
    if (mp_qp_class[*p] & MP_QP_BLANK)
        what = ahead(w, p + 1);
    else if (column == 0 && *p == '.')
        what = (w->flags & MAILPROTO_QP_DOT) != 0;
    else if (column == 0 && *p == 'F' && w->flags & MAILPROTO_QP_FROM)
        what = from_ahead(w, p);
    return what == OTHER ? 1 : what == UNKNOWN ? 0 : 3;
}

/* Whether so many characters still go into the line: its last place is for "=" or for what ends the line anyway. */
static int fits(const mp_qp_writer *w, size_t width)
{
    int behind;

    if (w->line - w->column != width)
        return w->line - w->column > width;
    behind = ahead(w, w->io.in + 1);
    return behind == END && w->flags & MAILPROTO_QP_SOFT_END ? OTHER : behind;
}

static void put_octet(mp_qp_writer *w, size_t width)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t octet = *w->io.in++;

    if (width == 1)
        *w->io.out++ = octet;
    else {
        *w->io.out++ = '=';
        *w->io.out++ = (uint8_t)digits[octet >> 4];
        *w->io.out++ = (uint8_t)digits[octet & 15];
    }
    w->column += width;
}

static int starved(mp_qp_writer *w)
{
    w->starved = 1;
    return 0;
}

static int put_line_break(mp_qp_writer *w)
{
    if (mp_codec_out(&w->io) < 2)
        return 0;
    w->io.in += *w->io.in == '\r' ? 2 : 1;
    memcpy(w->io.out, "\r\n", 2);
    w->io.out += 2;
    w->column = 0;
    return 1;
}

int mp_qp_write_one(mp_qp_writer *w)
{
    size_t width, room = mp_codec_out(&w->io);
    int here = ahead(w, w->io.in), fit;

    if (here == UNKNOWN)
        return starved(w);
    if (here == BREAK)
        return put_line_break(w);
    width = width_at(w, w->column);
    fit = width ? fits(w, width) : UNKNOWN;
    if (fit == UNKNOWN)
        return starved(w);
    if (fit == OTHER) {
        width = width_at(w, 0);
        if (!width)
            return starved(w);
        if (room < 3 + width)
            return 0;
        memcpy(w->io.out, "=\r\n", 3);
        w->io.out += 3;
        w->column = 0;
    } else if (room < width)
        return 0;
    put_octet(w, width);
    return 1;
}

/* Copies at most so many octets that stand for themselves: blanks too, if no blank and no line end follows. Gives how
   many; the octets up to in_end may be looked at. */
static size_t copy_plain(uint8_t *out, const uint8_t *in, const uint8_t *in_end, size_t most)
{
    const size_t seen = (size_t)(in_end - in);
    size_t n = 0;

    for (; n < most; n++) {
        uint8_t what = mp_qp_class[in[n]];

        if (!(what & MP_QP_PLAIN))
            break;
        if (what & MP_QP_BLANK &&
            (n + 1 == seen || (mp_qp_class[in[n + 1]] & (MP_QP_PLAIN | MP_QP_BLANK)) != MP_QP_PLAIN))
            break;
        out[n] = in[n];
    }
    return n;
}

/* The same of a line that was begun, and not in its last place. */
static void write_plain(mp_qp_writer *w)
{
    size_t most = mp_codec_in(&w->io), n;

    if (most > mp_codec_out(&w->io))
        most = mp_codec_out(&w->io);
    if (w->column == 0)
        return;
    if (most > w->line - 1 - w->column)
        most = w->line - 1 - w->column;
    n = copy_plain(w->io.out, w->io.in, w->io.in_end, most);
    w->io.in += n;
    w->io.out += n;
    w->column += n;
}

/* Escapes what is above 127, as long as there is room in the line. */
static void write_escapes(mp_qp_writer *w)
{
    while (w->io.in<w->io.in_end && * w->io.in> 127 && w->line - w->column > 3 && mp_codec_out(&w->io) >= 3)
        put_octet(w, 3);
}

void mp_qp_write_scalar(mp_qp_writer *w)
{
    do {
        if (w->column != w->line)
            write_plain(w);
        write_escapes(w);
    } while (w->io.in < w->io.in_end && mp_qp_write_one(w));
}

/* ---- decoding ---- */

/* Octets of the token at io.in: an escape, a soft line break, a line break or one octet; 0: not in order, or not whole. */
static size_t token(const mp_qp_reader *r)
{
    const uint8_t *p = r->io.in;
    size_t left = mp_codec_in(&r->io);

    if (*p == '=') {
        if (left >= 3 && mp_qp_class[p[1]] & mp_qp_class[p[2]] & MP_QP_DIGIT)
            return 3;
        if (left >= 2 && p[1] == '\n')
            return 2;
        return left >= 3 && p[1] == '\r' && p[2] == '\n' ? 3 : 0;
    }
    if (*p == '\r')
        return left >= 2 && p[1] == '\n' ? 2 : 0;
    if (mp_qp_class[*p] & MP_QP_BLANK)
        return left >= 2 && p[1] != '\r' && p[1] != '\n';
    return *p == '\n' || mp_qp_class[*p] & MP_QP_PLAIN;
}

int mp_qp_read_one(mp_qp_reader *r, const uint8_t *begin)
{
    const uint8_t *p = r->io.in;
    size_t n = token(r), gives;

    if (!n)
        return 0;
    gives = *p != '=' ? n : mp_qp_class[p[1]] & MP_QP_DIGIT ? 1 : 0;
    if (mp_codec_out(&r->io) < gives)
        return 0;
    for (size_t i = 0; i < n; i++)
        mp_qp_pass(r, begin, p + i);
    r->io.in += n;
    if (*p != '=') {
        *r->io.out++ = *p;
        if (n == 2)
            *r->io.out++ = '\n';
    } else if (gives)
        *r->io.out++ = (uint8_t)(mp_qp_class[p[1]] << 4 | (mp_qp_class[p[2]] & 15));
    return 1;
}

/* The same, up to where the line becomes too long. */
static void read_plain(mp_qp_reader *r)
{
    size_t most = mp_codec_in(&r->io), n;

    if (most > mp_codec_out(&r->io))
        most = mp_codec_out(&r->io);
    if (r->column <= MP_CODEC_LINE && most > MP_CODEC_LINE - r->column)
        most = MP_CODEC_LINE - r->column;
    n = copy_plain(r->io.out, r->io.in, r->io.in_end, most);
    r->io.in += n;
    r->io.out += n;
    r->column += n;
}

void mp_qp_read_rest(mp_qp_reader *r, const uint8_t *begin)
{
    do
        read_plain(r);
    while (r->io.in < r->io.in_end && mp_qp_read_one(r, begin));
    while (r->io.in > begin && mp_qp_class[r->io.in[-1]] & MP_QP_BLANK) {
        /* a line that is noted as too long for a blank is noted again when that is judged */
        if (r->column == MP_CODEC_LINE + 1 && !--r->long_lines)
            r->first_long_line = 0;
        r->column--;
        r->io.in--;
        r->io.out--;
    }
}

void mp_qp_read_scalar(mp_qp_reader *r)
{
    mp_qp_read_rest(r, r->io.in);
}

/* ---- versions ---- */

static const mp_qp_version scalar = {"scalar", mp_qp_write_scalar, mp_qp_read_scalar};

const mp_qp_version *mp_qp_versions(size_t index)
{
    const mp_qp_version *version;

    if (!index)
        return &scalar;
    version = mp_qp_versions_x86(index - 1);
    return version ? version : mp_qp_versions_arm(index - 1);
}

const mp_qp_version *mp_qp_choose(void)
{
    const mp_qp_version *best = &scalar, *next;

    for (size_t i = 1; (next = mp_qp_versions(i)); i++)
        best = next;
    return best;
}
