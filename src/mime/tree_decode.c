/* tree_decode.c - the body of a part, decoded: into a buffer, or as a stream.
 * RFC 2045 section 6. */
#include <string.h>

#include "core/memory.h"
#include "mime/body_decoder.h"
#include "mime/tree.h"

_Static_assert(sizeof(mp_body_decoder) + 8 <= sizeof((mailproto_mime_stream *)0)->state,
               "a stream has room for its decoder");

/* What is in stream->state: whether it was begun and is over, then the decoder. */
enum { NOT_BEGUN, BEGUN, OVER };

static mp_body_decoder *decoder_of(mailproto_mime_stream *stream)
{
    return (mp_body_decoder *)(void *)&stream->state[1];
}

int32_t mailproto_mime_stream_init(mailproto_mime_stream *stream, size_t size)
{
    return size < sizeof *stream ? MAILPROTO_ERR_ARG : mp_struct_init(stream, size);
}

int32_t mailproto_mime_tree_open(const mailproto_mime_tree *tree, uint32_t index, mailproto_mime_stream *stream)
{
    mailproto_text body;

    if (!stream || stream->struct_size < sizeof *stream || mailproto_mime_tree_text(tree, index, NULL, &body))
        return MAILPROTO_ERR_ARG;
    stream->encoding =
        tree->parts[index].kind == MAILPROTO_MIME_LEAF ? tree->parts[index].encoding : MAILPROTO_MIME_ENCODING_BINARY;
    stream->defects = 0;
    stream->at = (const uint8_t *)body.ptr;
    stream->end = stream->at + body.len;
    stream->state[0] = NOT_BEGUN;
    return MAILPROTO_OK;
}

static void finish(mailproto_mime_stream *stream)
{
    uint64_t offset;
    const uint32_t defect = mp_body_defect(decoder_of(stream), &offset);

    if (defect < MAILPROTO_MIME_DEFECTS)
        stream->defects |= MAILPROTO_MIME_DEFECT_BIT(defect);
    stream->state[0] = OVER;
}

int32_t mailproto_mime_stream_read(mailproto_mime_stream *stream, void *out, size_t cap, size_t *made)
{
    mp_body_decoder *d;
    size_t took;

    if (!stream || stream->struct_size < sizeof *stream || !out || !made || cap < MAILPROTO_CODEC_ROOM)
        return MAILPROTO_ERR_ARG;
    d = decoder_of(stream);
    *made = 0;
    if (stream->state[0] == NOT_BEGUN)
        mp_body_decoder_init(d, stream->encoding);
    else if (stream->state[0] == OVER)
        return MAILPROTO_MIME_END;
    stream->state[0] = BEGUN;
    while (!*made && stream->at < stream->end) {
        mp_body_decode(d, stream->at, (size_t)(stream->end - stream->at), &took, out, cap, made);
        stream->at += took;
    }
    if (*made)
        return MAILPROTO_OK;
    if (mp_body_decode_end(d, out, cap, made) == MAILPROTO_OK)
        finish(stream);
    return *made ? MAILPROTO_OK : MAILPROTO_MIME_END;
}

/* What does not fit is decoded all the same, to a buffer of its own, so that its size is known. */
static size_t count_rest(mailproto_mime_stream *stream)
{
    uint8_t lost[512];
    size_t all = 0, made;

    while (mailproto_mime_stream_read(stream, lost, sizeof lost, &made) == MAILPROTO_OK)
        all += made;
    return all;
}

int32_t mailproto_mime_tree_decode(const mailproto_mime_tree *tree, uint32_t index, void *out, size_t cap, size_t *made,
                                   uint64_t *defects)
{
    mailproto_mime_stream stream;
    size_t all = 0, piece, over;

    mailproto_mime_stream_init(&stream, sizeof stream);
    if (!made || (!out && cap) || mailproto_mime_tree_open(tree, index, &stream))
        return MAILPROTO_ERR_ARG;
    while (cap - all >= MAILPROTO_CODEC_ROOM &&
           mailproto_mime_stream_read(&stream, (uint8_t *)out + all, cap - all, &piece) == MAILPROTO_OK)
        all += piece;
    /* the last octets, where there is less room than a step may need */
    while (stream.state[0] != OVER) {
        uint8_t last[MAILPROTO_CODEC_ROOM];

        if (mailproto_mime_stream_read(&stream, last, sizeof last, &piece) != MAILPROTO_OK)
            break;
        if (piece > cap - all) {
            over = piece + count_rest(&stream);
            *made = all + over;
            return MAILPROTO_ERR_LIMIT;
        }
        memcpy((uint8_t *)out + all, last, piece);
        all += piece;
    }
    *made = all;
    if (defects)
        *defects = stream.defects;
    return MAILPROTO_OK;
}
