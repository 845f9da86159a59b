/* charset_utf8.c - UTF-8 as it comes, checked: what is none is replaced, or shows that the text is something else.
 * RFC 3629 sections 3 and 4; Unicode section 3.9, "U+FFFD substitution of maximal subparts". */
#include <string.h>

#include "mime/charset.h"

/* How many octets the character at p has, of which n > 0 octets are there. In *whole: what it has in all, 0 if it is none:
   then the result is how many octets begin one, at least 1. Fewer than *whole: they are not all there. */
static size_t look(const uint8_t *p, size_t n, size_t *whole)
{
    uint8_t low = 0x80, high = 0xbf;
    size_t at = 1, need = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    *whole = 0;
    if (p[0] < 0x80)
        return *whole = 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 1;
    /* the second octet: no overlong forms, no surrogates, nothing above U+10FFFF */
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    for (; at < need && at < n; at++, low = 0x80, high = 0xbf)
        if (p[at] < low || p[at] > high)
            return at;
    *whole = need;
    return at;
}

/* A character of two or three octets that needs no closer look: how many, or 0. */
static size_t look_fast(const uint8_t *p, size_t n)
{
    if (n >= 3 && p[0] - 0xe1u < 0xed - 0xe1 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80)
        return 3;
    if (n >= 2 && p[0] - 0xc2u < 0xe0 - 0xc2 && (p[1] & 0xc0) == 0x80)
        return 2;
    return 0;
}

static size_t ascii_run(const uint8_t *p, size_t n)
{
    size_t i = 0;
    uint64_t word[4];

    for (; n - i >= 32; i += 32) {
        memcpy(word, p + i, 32);
        if ((word[0] | word[1] | word[2] | word[3]) & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < n && p[i] < 128)
        i++;
    return i;
}

int mp_charset_is_utf8(const uint8_t *in, size_t n)
{
    size_t whole, octets;

    for (size_t at = 0; at < n; at += octets) {
        octets = in[at] < 128 ? ascii_run(in + at, n - at) : look_fast(in + at, n - at);
        if (!octets)
            octets = look(in + at, n - at, &whole);
        else
            continue;
        if (octets != whole)
            return 0;
    }
    return 1;
}

static void put(mailproto_charset_decoder *d, mp_codec_io *io, const uint8_t *p, size_t octets, uint64_t offset)
{
    memcpy(io->out, p, octets);
    io->out += octets;
    if (d->kind == MP_CHARSET_GUESS) {
        d->name = "UTF-8";
        if (d->state & MP_CHARSET_COUNTED)
            mp_charset_note(d, offset, octets);
    }
}

/* An octet behind those that are held. */
static void take_held(mailproto_charset_decoder *d, mp_codec_io *io)
{
    size_t whole, octets;

    d->held[d->n_held] = *io->in;
    octets = look(d->held, d->n_held + 1, &whole);
    if (!whole) { /* this octet is not of it: it is looked at for itself */
        if (d->kind == MP_CHARSET_GUESS)
            mp_charset_give_up_utf8(d, io, d->offset);
        else
            mp_charset_invalid(d, io, d->offset - d->n_held);
        d->n_held = 0;
        return;
    }
    io->in++;
    d->offset++;
    d->n_held++;
    if (octets == whole) {
        put(d, io, d->held, octets, d->offset - octets);
        d->n_held = 0;
    }
}

/* Characters above 127, while there are such. 0: what follows is none, or not all there. */
static int take_characters(mailproto_charset_decoder *d, mp_codec_io *io)
{
    size_t octets;

    while (mp_codec_out(io) >= 4 && io->in<io->in_end && * io->in> 127) {
        octets = look_fast(io->in, mp_codec_in(io));
        if (!octets) {
            size_t whole;

            octets = look(io->in, mp_codec_in(io), &whole);
            if (octets != whole)
                return 0;
        }
        put(d, io, io->in, octets, d->offset);
        io->in += octets;
        d->offset += octets;
    }
    return 1;
}

/* What is no character, or the beginning of one that is cut off by the end of the piece. */
static void take_other(mailproto_charset_decoder *d, mp_codec_io *io)
{
    size_t whole, octets = look(io->in, mp_codec_in(io), &whole);

    if (whole) {
        memcpy(d->held, io->in, octets);
        d->n_held = (uint32_t)octets;
    } else if (d->kind == MP_CHARSET_GUESS) {
        mp_charset_give_up_utf8(d, io, d->offset);
        return;
    } else
        mp_charset_invalid(d, io, d->offset);
    io->in += octets;
    d->offset += octets;
}

void mp_charset_take_utf8(mailproto_charset_decoder *d, mp_codec_io *io)
{
    uint32_t kind = d->kind;

    /* a step puts 9 octets at most: three that were held, each as one of windows-1252 */
    while (kind == d->kind && io->in < io->in_end && mp_codec_out(io) >= 9) {
        size_t room = mp_codec_out(io), n = mp_codec_in(io);

        if (d->n_held) {
            take_held(d, io);
            continue;
        }
        n = mp_charset_copy_ascii(io->out, io->in, n < room ? n : room);
        io->in += n;
        io->out += n;
        d->offset += n;
        if (!take_characters(d, io) && mp_codec_out(io) >= 9)
            take_other(d, io);
    }
}
