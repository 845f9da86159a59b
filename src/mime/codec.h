/* codec.h - what the codecs share: positions in the host's buffers, notes in its report.
 * RFC 2045 section 6. */
#ifndef MP_MIME_CODEC_H
#define MP_MIME_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "mailproto/mime_codec.h"

/* The characters of a line that are allowed, RFC 2045 6.7 (5) and 6.8. */
enum { MP_CODEC_LINE = MAILPROTO_CODEC_LINE };

/* Where a call stands in its input and output. The pointers move, the ends stay. */
typedef struct mp_codec_io {
    const uint8_t *in, *in_end;
    uint8_t *out, *out_end;
} mp_codec_io;

static inline size_t mp_codec_in(const mp_codec_io *io)
{
    return (size_t)(io->in_end - io->in);
}

static inline size_t mp_codec_out(const mp_codec_io *io)
{
    return (size_t)(io->out_end - io->out);
}

/* What was written since the output began. */
static inline size_t mp_codec_made(const mp_codec_io *io, const void *out)
{
    return out ? (size_t)(io->out - (const uint8_t *)out) : 0;
}

/* Counts what was found; first is where the first of it lies. */
static inline void mp_codec_note(mailproto_codec_report *report, uint32_t kind, uint64_t count, uint64_t first)
{
    if (!report || !count)
        return;
    if (!(report->kinds >> kind & 1))
        report->first[kind] = first;
    report->kinds |= (uint32_t)1 << kind;
    report->count[kind] += count;
}

/* Whether a report can be written to: there is none, or it is as large as this library knows it. */
static inline int mp_codec_report_fits(const mailproto_codec_report *report)
{
    return !report || report->struct_size >= sizeof *report;
}

/* The buffers of a call as a pair of positions. 0; ERR_ARG: one is NULL and not empty, or a result has no place. */
int32_t mp_codec_open(mp_codec_io *io, const void *in, size_t n, const size_t *took, void *out, size_t cap,
                      const size_t *made);

/* The whole through a codec that goes by pieces: first `step`, then `last` until it is done. What does not fit is counted. */
typedef int32_t (*mp_codec_step)(void *codec, const void *in, size_t n, size_t *took, void *out, size_t cap,
                                 size_t *made);
typedef int32_t (*mp_codec_last)(void *codec, void *out, size_t cap, size_t *made);
int32_t mp_codec_all(void *codec, mp_codec_step step, mp_codec_last last, const void *in, size_t n, void *out,
                     size_t cap, size_t *made);

#endif
