/* base64_decoder.c - base64 as it comes: line ends of any form, what does not belong there, padding, the end.
 * RFC 2045 section 6.8: octets outside of the alphabet are skipped, "=" says that the data end. */
#include <string.h>

#include "core/memory.h"
#include "mime/base64_runs.h"

enum { CR_SEEN = 1, PADDED = 2, GROUP_DONE = 4, SPENT = 8 };

/* Where a look for line ends stops, so that a long line with many faults is not looked through again and again. */
enum { LOOK_FIRST = 1024, LOOK_MOST = 65536, WORTH_A_RUN = 32 };

int32_t mailproto_base64_decoder_init(mailproto_base64_decoder *d, size_t size)
{
    return mp_struct_init(d, size);
}

static void note(const mailproto_base64_decoder *d, uint32_t kind, uint64_t count, uint64_t first)
{
    mp_codec_note(d->report, kind, count, first);
}

/* ---- an octet at a time ---- */

/* The octets of a group of 2, 3 or 4 characters. */
static void give(mailproto_base64_decoder *d, mp_codec_io *io)
{
    uint32_t bits = d->bits << 6 * (4 - d->held);

    for (uint32_t i = 1; i < d->held; i++, bits <<= 8)
        *io->out++ = (uint8_t)(bits >> 16);
    d->held = 0;
    d->bits = 0;
}

static void take_character(mailproto_base64_decoder *d, mp_codec_io *io, uint32_t value)
{
    if (d->waiting) { /* one "=" of two was there */
        note(d, MAILPROTO_CODEC_PADDING, 1, d->offset);
        d->waiting = 0;
    }
    if (d->state & PADDED) {
        note(d, MAILPROTO_CODEC_AFTER_PADDING, 1, d->offset);
        if (!(d->flags & MAILPROTO_BASE64_GO_ON))
            return;
        d->state &= ~(uint32_t)PADDED;
    }
    d->bits = d->bits << 6 | value;
    if (++d->held == 4)
        give(d, io);
}

static void take_padding(mailproto_base64_decoder *d, mp_codec_io *io)
{
    if (d->waiting) {
        d->waiting = 0;
        return;
    }
    if (d->held < 2) {
        note(d, MAILPROTO_CODEC_PADDING, 1, d->offset);
        return;
    }
    if (d->bits & (d->held == 2 ? 15 : 3))
        note(d, MAILPROTO_CODEC_BITS, 1, d->offset);
    d->waiting = d->held == 2;
    d->state |= PADDED;
    give(d, io);
}

/* What belongs to the line but may be none of the alphabet. */
static void take_in_line(mailproto_base64_decoder *d, mp_codec_io *io, uint8_t octet)
{
    uint8_t value = mp_base64_values[octet];

    if (++d->column == MP_CODEC_LINE + 1)
        note(d, MAILPROTO_CODEC_LONG_LINE, 1, d->offset);
    if (value != MP_BASE64_OTHER)
        take_character(d, io, value);
    else if (octet == '=')
        take_padding(d, io);
    else
        note(d, octet == ' ' || octet == '\t' ? MAILPROTO_CODEC_BLANK : MAILPROTO_CODEC_INVALID, 1, d->offset);
}

static void take(mailproto_base64_decoder *d, mp_codec_io *io)
{
    uint8_t octet = *io->in++;

    if (d->state & CR_SEEN) {
        d->state &= ~(uint32_t)CR_SEEN;
        if (octet != '\n')
            note(d, MAILPROTO_CODEC_BARE_CR, 1, d->offset - 1);
    } else if (octet == '\n')
        note(d, MAILPROTO_CODEC_BARE_LF, 1, d->offset);
    if (octet == '\r')
        d->state |= CR_SEEN;
    if (octet == '\r' || octet == '\n')
        d->column = 0;
    else
        take_in_line(d, io, octet);
    d->offset++;
}

/* ---- as fast as it goes ---- */

/* The octets of the line at p, of at most n, without its end; *end is 0 if that was not found. */
static size_t line_at(const uint8_t *p, size_t n, size_t *end)
{
    const uint8_t *lf = memchr(p, '\n', n);

    *end = 0;
    if (!lf)
        return n;
    *end = lf > p && lf[-1] == '\r' ? 2 : 1;
    return (size_t)(lf - p) - (*end - 1);
}

/* Looks at two lines and takes what follows them to be like the second. 0: there is nothing that a run could do. */
static int measure(mp_base64_reader *r, size_t look)
{
    size_t left = mp_codec_in(&r->io), end, line;

    r->room = line_at(r->io.in, left < look ? left : look, &r->end);
    r->line = 0;
    r->ends = 0;
    if (r->end && r->room % 4 == 0) {
        left -= r->room + r->end;
        line = line_at(r->io.in + r->room + r->end, left < look ? left : look, &end);
        if (end && line % 4 == 0)
            r->line = line;
        else if (!end) /* the last line, perhaps: what there is of it */
            r->line = line & ~(size_t)3;
    }
    r->room &= ~(size_t)3;
    return r->room || r->line;
}

/* Tells the report, and the decoder where it is, after a run over lines of which the first had `room` characters. */
static void account(mailproto_base64_decoder *d, const mp_base64_reader *r, size_t room, size_t octets)
{
    uint64_t column = d->column + (r->ends ? room : octets), at = d->offset;

    if (d->column <= MP_CODEC_LINE && column > MP_CODEC_LINE)
        note(d, MAILPROTO_CODEC_LONG_LINE, 1, at + (MP_CODEC_LINE - d->column));
    d->offset += octets;
    if (!r->ends) {
        d->column = column;
        return;
    }
    at += room;
    if (r->end == 1)
        note(d, MAILPROTO_CODEC_BARE_LF, r->ends, at);
    d->column = r->line - r->room;
    if (r->line > MP_CODEC_LINE)
        note(d, MAILPROTO_CODEC_LONG_LINE, r->ends - (d->column <= MP_CODEC_LINE), at + r->end + MP_CODEC_LINE);
}

/* A run over whole groups. Gives how many octets were taken. */
static size_t run(mailproto_base64_decoder *d, mp_codec_io *io, size_t look)
{
    mp_base64_reader r = {.io = *io};
    size_t room, octets;

    if (!measure(&r, look))
        return 0;
    room = r.room;
    mp_base64_read(&r);
    octets = (size_t)(r.io.in - io->in);
    account(d, &r, room, octets);
    *io = r.io;
    return octets;
}

int32_t mailproto_base64_decode(mailproto_base64_decoder *d, const void *in, size_t n, size_t *took, void *out,
                                size_t cap, size_t *made)
{
    mp_codec_io io;
    size_t look = LOOK_FIRST, single = 0;

    if (!d || d->struct_size < sizeof *d || !mp_codec_report_fits(d->report) ||
        mp_codec_open(&io, in, n, took, out, cap, made))
        return MAILPROTO_ERR_ARG;
    if (d->state & (GROUP_DONE | SPENT))
        return MAILPROTO_ERR_STATE;
    while (io.in < io.in_end) {
        if (!single && !d->held && !d->state && mp_codec_in(&io) >= WORTH_A_RUN) {
            size_t octets = run(d, &io, look);

            look = octets < look ? LOOK_FIRST : look < LOOK_MOST ? look * 4 : look;
            single = octets < WORTH_A_RUN ? WORTH_A_RUN : 1; /* so much before the next run is tried */
            continue;
        }
        if (mp_codec_out(&io) < 3)
            break;
        take(d, &io);
        single -= single != 0;
    }
    *took = n - mp_codec_in(&io);
    *made = cap - mp_codec_out(&io);
    return MAILPROTO_OK;
}

int32_t mailproto_base64_decode_end(mailproto_base64_decoder *d, void *out, size_t cap, size_t *made)
{
    mp_codec_io io;
    size_t none = 0;

    if (!d || d->struct_size < sizeof *d || !mp_codec_report_fits(d->report) ||
        mp_codec_open(&io, NULL, 0, &none, out, cap, made))
        return MAILPROTO_ERR_ARG;
    *made = 0;
    if (d->state & SPENT)
        return MAILPROTO_OK;
    if (cap < 2)
        return MAILPROTO_CODEC_MORE;
    if (d->state & CR_SEEN)
        note(d, MAILPROTO_CODEC_BARE_CR, 1, d->offset - 1);
    if (d->waiting)
        note(d, MAILPROTO_CODEC_PADDING, 1, d->offset);
    if (d->held)
        note(d, MAILPROTO_CODEC_TRUNCATED, 1, d->offset);
    if (d->held > 1)
        give(d, &io);
    d->state |= SPENT;
    *made = cap - mp_codec_out(&io);
    return MAILPROTO_OK;
}

size_t mailproto_base64_decoded_max(size_t n)
{
    return n / 4 * 3 + n % 4 * 3 / 4;
}

int32_t mailproto_base64_decode_all(const void *in, size_t n, uint32_t flags, void *out, size_t cap, size_t *made,
                                    mailproto_codec_report *report)
{
    mailproto_base64_decoder d;
    uint8_t beyond[256];
    const uint8_t *next = in;
    size_t total, took, more;

    if ((!in && n) || (!out && cap) || !made || !mp_codec_report_fits(report))
        return MAILPROTO_ERR_ARG;
    mailproto_base64_decoder_init(&d, sizeof d);
    d.flags = flags;
    d.report = report;
    mailproto_base64_decode(&d, in, n, &took, out, cap, &total);
    /* what does not fit, or what may not, for fear that it does not: up to three octets */
    for (;;) {
        int32_t ended = MAILPROTO_CODEC_MORE;
        size_t fits;

        n -= took;
        next = next ? next + took : NULL;
        if (n)
            mailproto_base64_decode(&d, next, n, &took, beyond, sizeof beyond, &more);
        else {
            took = 0;
            ended = mailproto_base64_decode_end(&d, beyond, sizeof beyond, &more);
        }
        fits = total < cap ? (more < cap - total ? more : cap - total) : 0;
        if (fits)
            memcpy((uint8_t *)out + total, beyond, fits);
        total += more;
        if (ended == MAILPROTO_OK)
            break;
    }
    *made = total;
    return total > cap ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK;
}
