/* codec.c - what the codecs share: positions in the host's buffers, the report.
 * RFC 2045 section 6. */
#include "mime/codec.h"

#include <string.h>

#include "core/memory.h"

int32_t mailproto_codec_report_init(mailproto_codec_report *report, size_t size)
{
    return mp_struct_init(report, size);
}

int32_t mp_codec_open(mp_codec_io *io, const void *in, size_t n, const size_t *took, void *out, size_t cap,
                      const size_t *made)
{
    /* an empty buffer may be NULL: then all positions are those of an octet of our own */
    static const uint8_t nothing[1] = {0};

    if ((!in && n) || (!out && cap) || !took || !made)
        return MAILPROTO_ERR_ARG;
    io->in = in ? in : nothing;
    io->in_end = io->in + n;
    io->out = out;
    io->out_end = out ? io->out + cap : io->out;
    return 0;
}

int32_t mp_codec_all(void *codec, mp_codec_step step, mp_codec_last last, const void *in, size_t n, void *out,
                     size_t cap, size_t *made)
{
    static const uint8_t nothing[1] = {0};
    const uint8_t *from = in ? in : nothing;
    uint8_t scratch[256], *to = out;
    int32_t result = MAILPROTO_OK;

    if (!codec || (!in && n) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    for (*made = 0; !result || result == MAILPROTO_CODEC_MORE;) {
        int fits = *made < cap && cap - *made >= MAILPROTO_CODEC_ROOM;
        uint8_t *here = fits ? to + *made : scratch;
        size_t room = fits ? cap - *made : sizeof scratch, took = 0, more = 0;
        int ends = n == 0;

        result = ends ? last(codec, here, room, &more) : step(codec, from, n, &took, here, room, &more);
        if (!fits && *made < cap && more)
            memcpy(to + *made, scratch, more < cap - *made ? more : cap - *made);
        *made += more;
        from += took;
        n -= took;
        if (ends && !result)
            return *made > cap ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK;
    }
    return result;
}
