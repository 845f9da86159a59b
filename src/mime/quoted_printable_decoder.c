/* quoted_printable_decoder.c - quoted-printable as it comes: what must wait for what is behind it, what is not in order.
 * RFC 2045 section 6.7, rule (3) and the notes for robust decoders. */
#include <string.h>

#include "core/memory.h"
#include "mime/quoted_printable_runs.h"

/* What was seen last and is not given yet. The blanks behind TEXT or EQUAL wait in a list of their own. */
enum {
    TEXT = 0,
    TEXT_CR = 1,  /* a CR */
    EQUAL = 2,    /* "=" */
    EQUAL_CR = 3, /* "=" and, behind the blanks, a CR */
    DIGIT = 4,    /* "=" and a digit */
    WAITING = 7,
    DATA_DONE = 8,
    SPENT = 16
};

enum { BLANKS_MAX = 128, WORTH_A_RUN = 64, SINGLE = 32 };

int32_t mailproto_qp_decoder_init(mailproto_qp_decoder *d, size_t size)
{
    return mp_struct_init(d, size);
}

static void note(const mailproto_qp_decoder *d, uint32_t kind, uint64_t offset)
{
    mp_codec_note(d->report, kind, 1, offset);
}

static void give(mp_codec_io *io, uint32_t octet)
{
    *io->out++ = (uint8_t)octet;
}

/* ---- blanks ---- */

static void hold_blank(mailproto_qp_decoder *d, uint8_t octet)
{
    uint64_t bit = octet == '\t';

    d->tabs[1] = d->tabs[1] << 1 | d->tabs[0] >> 63;
    d->tabs[0] = d->tabs[0] << 1 | bit;
    d->blanks++;
}

/* The blank that has waited longest. */
static void give_blank(mailproto_qp_decoder *d, mp_codec_io *io)
{
    uint32_t oldest = --d->blanks;

    give(io, d->tabs[oldest / 64] >> oldest % 64 & 1 ? '\t' : ' ');
}

/* ---- an octet at a time ---- */

/* The "=" was none: it is kept, and what waits behind it is text. */
static void no_escape(mailproto_qp_decoder *d, mp_codec_io *io, uint64_t behind)
{
    note(d, MAILPROTO_CODEC_ESCAPE, d->offset - behind - 1);
    give(io, '=');
}

/* A line ends; the octets of its end lie before d->offset + 1. */
static void end_line(mailproto_qp_decoder *d, mp_codec_io *io, uint64_t octets)
{
    uint64_t first_blank = d->offset + 1 - octets - d->blanks;
    uint32_t state = d->state;

    if (state == EQUAL || state == EQUAL_CR) {
        if (d->blanks)
            note(d, MAILPROTO_CODEC_SOFT_BREAK, first_blank);
    } else {
        if (d->blanks)
            note(d, MAILPROTO_CODEC_BLANK, first_blank);
        if (octets == 2)
            give(io, '\r');
        give(io, '\n');
    }
    d->blanks = 0;
    d->state = TEXT;
    d->column = 0;
}

/* A CR waits, and no LF follows: it is kept, and so is all that waits before it. 0: it is not the CR's turn yet. */
static int give_cr(mailproto_qp_decoder *d, mp_codec_io *io)
{
    if (d->state == EQUAL_CR) {
        no_escape(d, io, (uint64_t)d->blanks + 1);
        d->state = TEXT_CR;
        return 0;
    }
    if (d->blanks) {
        give_blank(d, io);
        return 0;
    }
    note(d, MAILPROTO_CODEC_BARE_CR, d->offset - 1);
    give(io, '\r');
    d->state = TEXT;
    return 1;
}

/* Behind "=": a digit, a blank, a line end; else it was no escape. */
static int take_behind_equal(mailproto_qp_decoder *d, mp_codec_io *io, uint8_t octet)
{
    if (!d->blanks && mp_qp_class[octet] & (MP_QP_DIGIT | MP_QP_LOWER)) {
        d->digit = octet;
        d->state = DIGIT;
        return 1;
    }
    if (octet == '\r') {
        d->state = EQUAL_CR;
        return 1;
    }
    if (octet == '\n') {
        note(d, MAILPROTO_CODEC_BARE_LF, d->offset);
        end_line(d, io, 1);
        return 1;
    }
    if (mp_qp_class[octet] & MP_QP_BLANK && d->blanks < BLANKS_MAX) {
        hold_blank(d, octet);
        return 1;
    }
    no_escape(d, io, d->blanks);
    d->state = TEXT;
    return 0;
}

static int take_second_digit(mailproto_qp_decoder *d, mp_codec_io *io, uint8_t octet)
{
    uint8_t first = mp_qp_class[d->digit], second = mp_qp_class[octet];

    d->state = TEXT;
    if (!(second & (MP_QP_DIGIT | MP_QP_LOWER))) {
        no_escape(d, io, 1);
        give(io, d->digit);
        return 0;
    }
    if ((first | second) & MP_QP_LOWER)
        note(d, MAILPROTO_CODEC_LOWER_CASE, d->offset - 2);
    give(io, (uint32_t)(first & 15) << 4 | (second & 15));
    return 1;
}

static int take_text(mailproto_qp_decoder *d, mp_codec_io *io, uint8_t octet)
{
    if (octet == '\r') {
        d->state = TEXT_CR;
        return 1;
    }
    if (octet == '\n') {
        note(d, MAILPROTO_CODEC_BARE_LF, d->offset);
        end_line(d, io, 1);
        return 1;
    }
    if (mp_qp_class[octet] & MP_QP_BLANK) {
        if (d->blanks == BLANKS_MAX)
            give_blank(d, io);
        hold_blank(d, octet);
        return 1;
    }
    if (d->blanks) { /* they do not end the line */
        give_blank(d, io);
        return 0;
    }
    if (octet == '=') {
        d->state = EQUAL;
        return 1;
    }
    if (!(mp_qp_class[octet] & MP_QP_PLAIN))
        note(d, MAILPROTO_CODEC_INVALID, d->offset);
    give(io, octet);
    return 1;
}

/* 0: something that waited was given, and the octet is to be looked at again. */
static int take_octet(mailproto_qp_decoder *d, mp_codec_io *io, uint8_t octet)
{
    switch (d->state) {
    case TEXT_CR:
    case EQUAL_CR:
        if (octet != '\n') {
            give_cr(d, io);
            return 0;
        }
        end_line(d, io, 2);
        return 1;
    case EQUAL:
        return take_behind_equal(d, io, octet);
    case DIGIT:
        return take_second_digit(d, io, octet);
    default:
        return take_text(d, io, octet);
    }
}

/* A step: an octet is taken, or something is given that had to wait. */
static void step(mailproto_qp_decoder *d, mp_codec_io *io)
{
    uint8_t octet = *io->in;

    if (!take_octet(d, io, octet))
        return;
    io->in++;
    if (octet == '\r' || octet == '\n')
        d->column = 0;
    else if (++d->column == MP_CODEC_LINE + 1)
        note(d, MAILPROTO_CODEC_LONG_LINE, d->offset);
    d->offset++;
}

/* ---- as fast as it goes ---- */

static size_t run(mailproto_qp_decoder *d, mp_codec_io *io)
{
    /* the column is told within what a size holds, and only whether it is beyond the limit matters there */
    mp_qp_reader r = {.io = *io, .column = d->column > 2 * MP_CODEC_LINE ? 2 * MP_CODEC_LINE : (size_t)d->column};
    size_t octets;

    mp_qp_read(&r);
    octets = (size_t)(r.io.in - io->in);
    mp_codec_note(d->report, MAILPROTO_CODEC_BARE_LF, r.bare_lf, d->offset + r.first_bare_lf);
    mp_codec_note(d->report, MAILPROTO_CODEC_LONG_LINE, r.long_lines, d->offset + r.first_long_line);
    d->column = r.column;
    d->offset += octets;
    *io = r.io;
    return octets;
}

static int usable(const mailproto_qp_decoder *d)
{
    return d && d->struct_size >= sizeof *d && mp_codec_report_fits(d->report);
}

int32_t mailproto_qp_decode(mailproto_qp_decoder *d, const void *in, size_t n, size_t *took, void *out, size_t cap,
                            size_t *made)
{
    mp_codec_io io;
    size_t single = 0;

    if (!usable(d) || mp_codec_open(&io, in, n, took, out, cap, made))
        return MAILPROTO_ERR_ARG;
    if (d->state & ~(uint32_t)WAITING)
        return MAILPROTO_ERR_STATE;
    while (io.in < io.in_end) {
        if (!single && d->state == TEXT && !d->blanks && mp_codec_in(&io) >= WORTH_A_RUN) {
            single = run(d, &io) < WORTH_A_RUN ? SINGLE : 1; /* so much before the next run is tried */
            continue;
        }
        if (mp_codec_out(&io) < 3)
            break;
        step(d, &io);
        single -= single != 0;
    }
    *took = n - mp_codec_in(&io);
    *made = cap - mp_codec_out(&io);
    return MAILPROTO_OK;
}

/* What waits when the data end. 0: there is more. */
static int finish(mailproto_qp_decoder *d, mp_codec_io *io)
{
    switch (d->state & WAITING) {
    case TEXT_CR:
        give_cr(d, io);
        return 0;
    case EQUAL_CR:
        note(d, MAILPROTO_CODEC_BARE_CR, d->offset - 1);
        note(d, MAILPROTO_CODEC_SOFT_BREAK, d->offset - d->blanks - 2);
        break;
    case EQUAL:
        note(d, MAILPROTO_CODEC_SOFT_BREAK, d->offset - d->blanks - 1);
        break;
    case DIGIT:
        note(d, MAILPROTO_CODEC_TRUNCATED, d->offset - 2);
        give(io, '=');
        give(io, d->digit);
        break;
    default:
        if (d->blanks)
            note(d, MAILPROTO_CODEC_BLANK, d->offset - d->blanks);
        break;
    }
    return 1;
}

int32_t mailproto_qp_decode_end(mailproto_qp_decoder *d, void *out, size_t cap, size_t *made)
{
    mp_codec_io io;
    size_t none = 0;
    int done = 0;

    if (!usable(d) || mp_codec_open(&io, NULL, 0, &none, out, cap, made))
        return MAILPROTO_ERR_ARG;
    *made = 0;
    if (d->state & SPENT)
        return MAILPROTO_OK;
    d->state &= WAITING;
    while (!done && mp_codec_out(&io) >= 2)
        done = finish(d, &io);
    d->state |= done ? SPENT : DATA_DONE;
    *made = cap - mp_codec_out(&io);
    return done ? MAILPROTO_OK : MAILPROTO_CODEC_MORE;
}

int32_t mailproto_qp_decode_all(const void *in, size_t n, uint32_t flags, void *out, size_t cap, size_t *made,
                                mailproto_codec_report *report)
{
    mailproto_qp_decoder d;
    uint8_t beyond[256];
    const uint8_t *next = in;
    size_t total, took, more;
    int32_t ended;

    if ((!in && n) || (!out && cap) || !made || !mp_codec_report_fits(report))
        return MAILPROTO_ERR_ARG;
    mailproto_qp_decoder_init(&d, sizeof d);
    d.flags = flags;
    d.report = report;
    mailproto_qp_decode(&d, in, n, &took, out, cap, &total);
    do {
        size_t fits;

        n -= took;
        next = next ? next + took : NULL;
        ended = MAILPROTO_CODEC_MORE;
        if (n)
            mailproto_qp_decode(&d, next, n, &took, beyond, sizeof beyond, &more);
        else {
            took = 0;
            ended = mailproto_qp_decode_end(&d, beyond, sizeof beyond, &more);
        }
        fits = total < cap ? (more < cap - total ? more : cap - total) : 0;
        if (fits)
            memcpy((uint8_t *)out + total, beyond, fits);
        total += more;
    } while (ended);
    *made = total;
    return total > cap ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK;
}
