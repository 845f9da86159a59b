/* uuencode.c - uuencode both ways: a line at a time, given out as there is room.
 * POSIX.1-2008, uuencode, the historical algorithm. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mailproto/mime_uucode.h"
#include "mime/codec.h"

enum { ENDING = 1, SPENT = 2, USED = 4, TRAILER = 8 };
enum { LINE = 45 };

int32_t mailproto_uu_decoder_init(mailproto_uu_decoder *d, size_t size)
{
    return mp_struct_init(d, size);
}

int32_t mailproto_uu_encoder_init(mailproto_uu_encoder *e, size_t size)
{
    return mp_struct_init(e, size);
}

/* Gives out of what waits as much as fits. 0: it is not all out. */
static int drain(mp_codec_io *io, const uint8_t *from, uint32_t *at, uint32_t *n)
{
    size_t now = *n - *at;

    if (now > mp_codec_out(io))
        now = mp_codec_out(io);
    if (now)
        memcpy(io->out, from + *at, now);
    io->out += now;
    *at += (uint32_t)now;
    if (*at < *n)
        return 0;
    *at = *n = 0;
    return 1;
}

/* ---- decoding ---- */

static void note(const mailproto_uu_decoder *d, uint32_t kind, uint64_t offset)
{
    mp_codec_note(d->report, kind, 1, offset);
}

/* "begin MODE NAME": 1 if the line is one. */
static int take_begin(mailproto_uu_decoder *d, const uint8_t *p, size_t n)
{
    uint32_t mode = 0;
    size_t at = 6, digits;

    if (n < 8 || memcmp(p, "begin ", 6) != 0)
        return 0;
    while (at < n && p[at] == ' ')
        at++;
    for (digits = at; at < n && p[at] >= '0' && p[at] <= '7' && at - digits < 6; at++)
        mode = mode << 3 | (p[at] - (uint32_t)'0');
    if (at - digits < 3 || at == n || p[at] != ' ')
        return 0;
    while (at < n && p[at] == ' ')
        at++;
    while (n > at && mp_ascii_is_wsp(p[n - 1]))
        n--;
    d->name_length = (uint32_t)(n - at < MAILPROTO_UU_NAME ? n - at : MAILPROTO_UU_NAME);
    memcpy(d->name, p + at, d->name_length);
    d->name[d->name_length] = '\0';
    d->mode = mode;
    return 1;
}

/* The value of a character; blanks at the end of the line are gone, so that beyond it there are zeros. */
static uint32_t value_at(const uint8_t *p, size_t n, size_t at)
{
    return at < n ? (uint32_t)(p[at] - ' ') & 63 : 0;
}

static void take_data(mailproto_uu_decoder *d, const uint8_t *p, size_t n, uint64_t offset)
{
    uint32_t octets = (uint32_t)(p[0] - ' ') & 63;
    size_t wanted = 1 + (octets + 2) / 3 * 4;

    /* some writers put a sum behind the line, some leave the unused characters of the last group away */
    if (n > wanted + 1 || n < 1 + (octets * 4 + 2) / 3)
        note(d, MAILPROTO_CODEC_WIDTH, offset);
    for (size_t i = 1; i < n && i < wanted; i++)
        if (p[i] < ' ' || p[i] > '`') {
            note(d, MAILPROTO_CODEC_INVALID, offset + i);
            break;
        }
    for (uint32_t made = 0, at = 1; made < octets; made += 3, at += 4) {
        uint32_t bits = value_at(p, n, at) << 18 | value_at(p, n, at + 1) << 12 | value_at(p, n, at + 2) << 6 |
                        value_at(p, n, at + 3);

        d->octet[made] = (uint8_t)(bits >> 16);
        d->octet[made + 1] = (uint8_t)(bits >> 8);
        d->octet[made + 2] = (uint8_t)bits;
    }
    d->n = octets;
}

/* A line of n octets, without its end, that begins at the offset. */
static void take_line(mailproto_uu_decoder *d, const uint8_t *p, size_t n, uint64_t offset)
{
    if (d->where == MAILPROTO_UU_BEFORE) {
        if (take_begin(d, p, n)) {
            d->where = MAILPROTO_UU_INSIDE;
            d->begin = offset;
        } else if (n)
            note(d, MAILPROTO_CODEC_OUTSIDE, offset);
        return;
    }
    if (n >= 3 && !memcmp(p, "end", 3) && (n == 3 || mp_ascii_is_wsp(p[3]))) {
        d->where = MAILPROTO_UU_AFTER;
        d->end = d->offset;
        return;
    }
    if (!n)
        return;
    if (p[0] < ' ' || p[0] > '`')
        note(d, MAILPROTO_CODEC_OUTSIDE, offset);
    else
        take_data(d, p, n, offset);
}

/* A line that lies in pieces, or is not ended yet: what of it matters is put together. */
static void gather(mailproto_uu_decoder *d, const uint8_t *p, size_t n)
{
    size_t fits = sizeof d->line - d->held;

    if (n > fits)
        n = fits;
    if (n)
        memcpy(d->line + d->held, p, n);
    d->held += (uint32_t)n;
}

static void take_gathered(mailproto_uu_decoder *d)
{
    size_t n = d->held;

    if (n && d->line[n - 1] == '\r')
        n--;
    d->held = 0;
    take_line(d, d->line, n, d->line_at);
    d->line_at = d->offset;
}

static int32_t open_decoder(mailproto_uu_decoder *d, mp_codec_io *io, const void *in, size_t n, size_t *took, void *out,
                            size_t cap, size_t *made)
{
    int32_t result = d && d->struct_size >= sizeof *d && mp_codec_report_fits(d->report)
                         ? mp_codec_open(io, in, n, took, out, cap, made)
                         : MAILPROTO_ERR_ARG;

    if (result)
        return result;
    *took = *made = 0;
    if (!(d->state & USED) && d->flags & MAILPROTO_UU_NO_BEGIN)
        d->where = MAILPROTO_UU_INSIDE;
    d->state |= USED;
    return MAILPROTO_OK;
}

int32_t mailproto_uu_decode(mailproto_uu_decoder *d, const void *in, size_t n, size_t *took, void *out, size_t cap,
                            size_t *made)
{
    mp_codec_io io;
    int32_t result = open_decoder(d, &io, in, n, took, out, cap, made);

    if (result)
        return result;
    if (d->state & (ENDING | SPENT))
        return MAILPROTO_ERR_STATE;
    while (drain(&io, d->octet, &d->at, &d->n) && io.in < io.in_end) {
        const uint8_t *lf = d->where == MAILPROTO_UU_AFTER ? NULL : memchr(io.in, '\n', mp_codec_in(&io));
        const uint8_t *end = lf ? lf + 1 : io.in_end;

        if (d->where != MAILPROTO_UU_AFTER)
            gather(d, io.in, (size_t)((lf ? lf : end) - io.in));
        d->offset += (uint64_t)(end - io.in);
        io.in = end;
        if (lf)
            take_gathered(d);
    }
    *took = n - mp_codec_in(&io);
    *made = mp_codec_made(&io, out);
    return MAILPROTO_OK;
}

int32_t mailproto_uu_decode_end(mailproto_uu_decoder *d, void *out, size_t cap, size_t *made)
{
    mp_codec_io io;
    size_t took = 0;
    int32_t result = open_decoder(d, &io, NULL, 0, &took, out, cap, made);

    if (result || d->state & SPENT)
        return result;
    d->state |= ENDING;
    if (drain(&io, d->octet, &d->at, &d->n) && d->held)
        take_gathered(d);
    if (drain(&io, d->octet, &d->at, &d->n)) {
        d->state |= SPENT;
        if (d->where != MAILPROTO_UU_AFTER)
            note(d, MAILPROTO_CODEC_FRAME, d->offset);
    }
    *made = mp_codec_made(&io, out);
    return d->state & SPENT ? MAILPROTO_OK : MAILPROTO_CODEC_MORE;
}

/* ---- encoding ---- */

static int name_fits(const mailproto_text *name)
{
    if (name->len > MAILPROTO_UU_NAME || (!name->ptr && name->len))
        return 0;
    for (size_t i = 0; i < name->len; i++)
        if (!name->ptr[i] || name->ptr[i] == '\r' || name->ptr[i] == '\n')
            return 0;
    return 1;
}

static void put(mailproto_uu_encoder *e, const char *text, size_t n)
{
    if (n)
        memcpy(e->line + e->n, text, n);
    e->n += (uint32_t)n;
}

static void put_begin(mailproto_uu_encoder *e)
{
    uint32_t mode = e->mode ? e->mode & 07777u : (uint32_t)MAILPROTO_UU_MODE;

    put(e, "begin ", 6);
    for (int shift = mode > 0777 ? 9 : 6; shift >= 0; shift -= 3)
        e->line[e->n++] = (uint8_t)('0' + (mode >> shift & 7));
    put(e, " ", 1);
    put(e, e->name.len ? e->name.ptr : "file", e->name.len ? e->name.len : 4);
    put(e, "\r\n", 2);
}

static uint8_t character(const mailproto_uu_encoder *e, uint32_t value)
{
    return (uint8_t)(value || e->flags & MAILPROTO_UU_BLANK ? ' ' + value : '`');
}

/* The octets that are held, as a line; none make the one that ends the data. */
static void put_line(mailproto_uu_encoder *e)
{
    memset(e->octet + e->held, 0, sizeof e->octet - e->held);
    e->line[e->n++] = character(e, e->held);
    for (uint32_t i = 0; i < e->held; i += 3) {
        uint32_t bits = (uint32_t)e->octet[i] << 16 | (uint32_t)e->octet[i + 1] << 8 | e->octet[i + 2];

        for (int shift = 18; shift >= 0; shift -= 6)
            e->line[e->n++] = character(e, bits >> shift & 63);
    }
    put(e, "\r\n", 2);
    e->held = 0;
}

static int32_t open_encoder(mailproto_uu_encoder *e, mp_codec_io *io, const void *in, size_t n, size_t *took, void *out,
                            size_t cap, size_t *made)
{
    int32_t result = e && e->struct_size >= sizeof *e && (e->state & USED || name_fits(&e->name))
                         ? mp_codec_open(io, in, n, took, out, cap, made)
                         : MAILPROTO_ERR_ARG;

    if (result)
        return result;
    *took = *made = 0;
    if (!(e->state & USED))
        put_begin(e);
    e->state |= USED;
    return MAILPROTO_OK;
}

int32_t mailproto_uu_encode(mailproto_uu_encoder *e, const void *in, size_t n, size_t *took, void *out, size_t cap,
                            size_t *made)
{
    mp_codec_io io;
    int32_t result = open_encoder(e, &io, in, n, took, out, cap, made);

    if (result)
        return result;
    if (e->state & (ENDING | SPENT))
        return MAILPROTO_ERR_STATE;
    while (drain(&io, e->line, &e->at, &e->n) && io.in < io.in_end) {
        size_t now = LINE - e->held;

        if (now > mp_codec_in(&io))
            now = mp_codec_in(&io);
        memcpy(e->octet + e->held, io.in, now);
        e->held += (uint32_t)now;
        io.in += now;
        if (e->held == LINE)
            put_line(e);
    }
    *took = n - mp_codec_in(&io);
    *made = mp_codec_made(&io, out);
    return MAILPROTO_OK;
}

int32_t mailproto_uu_encode_end(mailproto_uu_encoder *e, void *out, size_t cap, size_t *made)
{
    mp_codec_io io;
    size_t took = 0;
    int32_t result = open_encoder(e, &io, NULL, 0, &took, out, cap, made);

    if (result || e->state & SPENT)
        return result;
    e->state |= ENDING;
    if (drain(&io, e->line, &e->at, &e->n) && !(e->state & TRAILER)) {
        if (e->held)
            put_line(e);
        put_line(e);
        put(e, "end\r\n", 5);
        e->state |= TRAILER;
    }
    if (drain(&io, e->line, &e->at, &e->n))
        e->state |= SPENT;
    *made = mp_codec_made(&io, out);
    return e->state & SPENT ? MAILPROTO_OK : MAILPROTO_CODEC_MORE;
}

/* ---- in one piece ---- */

static int32_t decode_step(void *codec, const void *in, size_t n, size_t *took, void *out, size_t cap, size_t *made)
{
    return mailproto_uu_decode(codec, in, n, took, out, cap, made);
}

static int32_t decode_last(void *codec, void *out, size_t cap, size_t *made)
{
    return mailproto_uu_decode_end(codec, out, cap, made);
}

static int32_t encode_step(void *codec, const void *in, size_t n, size_t *took, void *out, size_t cap, size_t *made)
{
    return mailproto_uu_encode(codec, in, n, took, out, cap, made);
}

static int32_t encode_last(void *codec, void *out, size_t cap, size_t *made)
{
    return mailproto_uu_encode_end(codec, out, cap, made);
}

int32_t mailproto_uu_decode_all(mailproto_uu_decoder *d, const void *in, size_t n, void *out, size_t cap, size_t *made)
{
    if (d && d->state)
        return MAILPROTO_ERR_STATE;
    return mp_codec_all(d, decode_step, decode_last, in, n, out, cap, made);
}

int32_t mailproto_uu_encode_all(mailproto_uu_encoder *e, const void *in, size_t n, void *out, size_t cap, size_t *made)
{
    if (e && e->state)
        return MAILPROTO_ERR_STATE;
    return mp_codec_all(e, encode_step, encode_last, in, n, out, cap, made);
}
