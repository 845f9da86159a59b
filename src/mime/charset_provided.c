/* charset_provided.c - charsets that the host's provider reads: what it leaves is presented again with what follows.
 * mailproto/mime_charset.h, mailproto_charset_provider. */
#include <string.h>

#include "mime/charset.h"

enum { HELD = 16 };

/* Converts n octets at p. In *took how many are done with: one more than the provider took if that is invalid. */
static int32_t convert(mailproto_charset_decoder *d, mp_codec_io *io, const uint8_t *p, size_t n, uint64_t offset,
                       size_t *took)
{
    /* U+FFFD goes behind what is converted */
    size_t made = 0, room = mp_codec_out(io) - MP_CHARSET_MARK;
    int32_t result;

    *took = 0;
    result = d->provider->convert(d->converter, p, n, took, io->out, room, &made, d->provider->user);
    if (*took > n || made > room)
        return MAILPROTO_ERR_HOST;
    io->out += made;
    if (result == MAILPROTO_ERR_ARG && *took < n) {
        mp_charset_invalid(d, io, offset + *took);
        ++*took;
        return MAILPROTO_OK;
    }
    if (result == MAILPROTO_ERR_LIMIT)
        return *took || made ? MAILPROTO_OK : MAILPROTO_ERR_HOST;
    return result ? MAILPROTO_ERR_HOST : MAILPROTO_OK;
}

static int has_room(const mp_codec_io *io)
{
    return mp_codec_out(io) >= MP_CHARSET_ROOM;
}

/* Presents what is held until nothing of it is taken: 1, or the room is gone: 0, or an error. */
static int32_t convert_held(mailproto_charset_decoder *d, mp_codec_io *io)
{
    while (d->n_held) {
        size_t took;
        int32_t result;

        if (!has_room(io))
            return 0;
        result = convert(d, io, d->held, d->n_held, d->offset - d->n_held, &took);
        if (result)
            return result;
        if (!took)
            return 1;
        d->n_held -= (uint32_t)took;
        memmove(d->held, d->held + took, d->n_held);
    }
    return 1;
}

/* Takes octets until those that are held are complete: most often one. */
static int32_t complete_held(mailproto_charset_decoder *d, mp_codec_io *io)
{
    while (d->n_held) {
        int32_t result = convert_held(d, io);

        if (result != 1 || !d->n_held)
            return result < 0 ? result : MAILPROTO_OK;
        if (io->in == io->in_end || !has_room(io))
            return MAILPROTO_OK;
        if (d->n_held == HELD)
            return MAILPROTO_ERR_HOST;
        d->held[d->n_held++] = *io->in++;
        d->offset++;
    }
    return MAILPROTO_OK;
}

int32_t mp_charset_take_provided(mailproto_charset_decoder *d, mp_codec_io *io)
{
    int32_t result = complete_held(d, io);

    while (!result && !d->n_held && io->in < io->in_end && has_room(io)) {
        size_t took, left;

        result = convert(d, io, io->in, mp_codec_in(io), d->offset, &took);
        io->in += took;
        d->offset += took;
        left = mp_codec_in(io);
        if (result || took)
            continue;
        if (left >= HELD)
            return MAILPROTO_ERR_HOST;
        memcpy(d->held, io->in, left);
        d->n_held = (uint32_t)left;
        io->in += left;
        d->offset += left;
    }
    return result;
}

int32_t mp_charset_end_provided(mailproto_charset_decoder *d, mp_codec_io *io)
{
    int32_t result = convert_held(d, io);
    size_t took, made = 0, room;

    if (result != 1)
        return result < 0 ? result : MAILPROTO_CODEC_MORE;
    if (!has_room(io))
        return MAILPROTO_CODEC_MORE;
    if (d->n_held) {
        mp_charset_invalid(d, io, d->offset - d->n_held);
        d->n_held = 0;
        if (!has_room(io))
            return MAILPROTO_CODEC_MORE;
    }
    room = mp_codec_out(io);
    result = d->provider->convert(d->converter, NULL, 0, &took, io->out, room, &made, d->provider->user);
    if (made > room || result)
        return MAILPROTO_ERR_HOST;
    io->out += made;
    return MAILPROTO_OK;
}
