/* charset_utf16.c - UTF-16 and UTF-32, with either order of octets, as it is declared or seen.
 * RFC 2781 sections 2 to 4; Unicode section 3.10. */
#include "core/utf8.h"
#include "mime/charset.h"

/* The order that was not declared is that of the mark, which is dropped; without one it is seen from where the zeros are:
   text begins with a character of ASCII more often than not, and characters end at U+10FFFF. Else it is little, as most
   writers have it, though RFC 2781 4.3 says big. 1: it was the mark. */
static int see_order(mailproto_charset_decoder *d, const uint8_t *p, uint32_t octets)
{
    int big;

    if (d->state & (MP_CHARSET_BIG | MP_CHARSET_LITTLE))
        return 0;
    if (octets == 2 ? p[0] == 0xfe && p[1] == 0xff : !p[0] && !p[1] && p[2] == 0xfe && p[3] == 0xff) {
        d->state |= MP_CHARSET_BIG;
        return 1;
    }
    if (p[0] == 0xff && p[1] == 0xfe && (octets == 2 || (!p[2] && !p[3]))) {
        d->state |= MP_CHARSET_LITTLE;
        return 1;
    }
    big = octets == 2 ? !p[0] && p[1] : p[3] || p[2] > 0x10;
    d->state |= big ? MP_CHARSET_BIG : MP_CHARSET_LITTLE;
    return 0;
}

static void put(mp_codec_io *io, uint32_t c)
{
    io->out += mp_utf8_write(io->out, c);
}

/* A first surrogate without its second. */
static void put_lone(mailproto_charset_decoder *d, mp_codec_io *io)
{
    if (d->high)
        mp_charset_invalid(d, io, d->high_at);
    d->high = 0;
}

void mp_charset_put_unit(mailproto_charset_decoder *d, mp_codec_io *io, uint32_t unit, uint64_t at)
{
    if ((unit & 0xfc00) == 0xdc00) {
        if (d->high)
            put(io, 0x10000 + ((d->high & 0x3ff) << 10) + (unit & 0x3ff));
        else
            mp_charset_invalid(d, io, at);
        d->high = 0;
        return;
    }
    put_lone(d, io);
    if ((unit & 0xfc00) == 0xd800) {
        d->high = unit;
        d->high_at = at;
    } else
        put(io, unit);
}

void mp_charset_end_units(mailproto_charset_decoder *d, mp_codec_io *io)
{
    put_lone(d, io);
}

/* The octets of a unit, of 2 or 4, to d->held; 1: it is complete. */
static int gather(mailproto_charset_decoder *d, mp_codec_io *io, uint32_t octets)
{
    while (d->n_held < octets && io->in < io->in_end) {
        d->held[d->n_held++] = *io->in++;
        d->offset++;
    }
    if (d->n_held < octets)
        return 0;
    d->n_held = 0;
    return 1;
}

void mp_charset_take_utf16(mailproto_charset_decoder *d, mp_codec_io *io)
{
    /* a lone surrogate and a character */
    while (mp_codec_out(io) >= 6 && gather(d, io, 2)) {
        const uint8_t *p = d->held;

        if (see_order(d, p, 2))
            continue;
        mp_charset_put_unit(d, io, d->state & MP_CHARSET_BIG ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0],
                            d->offset - 2);
    }
}

void mp_charset_take_utf32(mailproto_charset_decoder *d, mp_codec_io *io)
{
    while (mp_codec_out(io) >= 4 && gather(d, io, 4)) {
        const uint8_t *p = d->held;
        uint32_t c = (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];

        if (see_order(d, p, 4))
            continue;
        if (d->state & MP_CHARSET_BIG)
            c = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        if (c > 0x10ffff || c - 0xd800 < 0x800)
            mp_charset_invalid(d, io, d->offset - 4);
        else
            put(io, c);
    }
}

void mp_charset_end_utf16(mailproto_charset_decoder *d, mp_codec_io *io)
{
    put_lone(d, io);
    if (d->n_held)
        mp_charset_invalid(d, io, d->offset - d->n_held);
    d->n_held = 0;
}

void mp_charset_end_utf32(mailproto_charset_decoder *d, mp_codec_io *io)
{
    mp_charset_end_utf16(d, io);
}
