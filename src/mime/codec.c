/* codec.c - what the codecs share: positions in the host's buffers, the report.
 * RFC 2045 section 6. */
#include "mime/codec.h"

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
