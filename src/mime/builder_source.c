/* builder_source.c - the octets of a leaf: from memory or a callback, with CRLF line ends, through an encoder.
 * RFC 2045 sections 2.10 and 6, RFC 2046 section 4.1.1. */
#include <string.h>

#include "mime/builder.h"

static size_t smaller(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

int32_t mp_builder_fetch(mailproto_mime_builder *b, const mp_builder_node *node, mp_builder_reader *reader,
                         const uint8_t **p, size_t *n)
{
    const mp_builder_source *source = &node->source;
    size_t got = 0;
    int32_t result;

    if (!source->read) {
        *p = source->copied ? b->text + source->copied - 1 : source->lent;
        *n = smaller(source->n - reader->offset, SIZE_MAX / 2);
        if (*n)
            *p += (size_t)reader->offset;
        return MAILPROTO_OK;
    }
    if (reader->offset < reader->piece_at || reader->offset - reader->piece_at >= reader->piece_n) {
        b->busy = 1;
        result = source->read(source->user, reader->offset, reader->piece, sizeof reader->piece, &got);
        b->busy = 0;
        reader->piece_n = 0;
        if (result || got > sizeof reader->piece)
            return MAILPROTO_ERR_BODY;
        reader->piece_at = reader->offset;
        reader->piece_n = got;
    }
    *p = reader->piece + (size_t)(reader->offset - reader->piece_at);
    *n = reader->piece_n - (size_t)(reader->offset - reader->piece_at);
    return MAILPROTO_OK;
}

void mp_builder_canonical(uint32_t *cr, const uint8_t *in, size_t n, size_t *took, uint8_t *out, size_t cap,
                          size_t *made)
{
    const uint8_t *p = in, *end = in + n;
    uint8_t *to = out, *to_end = out + cap;

    while (p < end) {
        const uint8_t *lf = memchr(p, '\n', smaller((uint64_t)(end - p), (size_t)(to_end - to)));
        size_t run = lf ? (size_t)(lf - p) : smaller((uint64_t)(end - p), (size_t)(to_end - to));

        if (run) {
            memcpy(to, p, run);
            *cr = p[run - 1] == '\r';
            p += run;
            to += run;
        }
        if (!lf) {
            if (to == to_end)
                break;
            continue;
        }
        if (to_end - to < 2)
            break;
        if (!*cr)
            *to++ = '\r';
        *to++ = '\n';
        *cr = 0;
        p++;
    }
    *took = (size_t)(p - in);
    *made = (size_t)(to - out);
}

/* What goes out as it is, but for line ends. */
static int32_t plain_step(const mp_builder_node *node, mp_builder_reader *reader, const uint8_t *p, size_t n,
                          uint8_t *out, size_t cap, size_t *made)
{
    size_t took;

    if (node->is_text) {
        mp_builder_canonical(&reader->cr, p, n, &took, out, cap, made);
    } else {
        took = *made = smaller(n, cap);
        memcpy(out, p, took);
    }
    reader->offset += took;
    return took || *made ? MAILPROTO_OK : MAILPROTO_CODEC_MORE;
}

static void begin_encoder(const mp_builder_node *node, mp_builder_reader *reader)
{
    const int root = node->parent == MAILPROTO_MIME_NO_PART;

    reader->begun = 1;
    if (node->encoding == MAILPROTO_MIME_ENCODING_BASE64) {
        mailproto_base64_encoder_init(&reader->encoder.base64, sizeof reader->encoder.base64);
        reader->encoder.base64.flags = root ? 0 : MAILPROTO_BASE64_OPEN_END; /* the boundary brings a line end */
    } else {
        mailproto_qp_encoder_init(&reader->encoder.qp, sizeof reader->encoder.qp);
        reader->encoder.qp.flags = (root ? MAILPROTO_QP_SOFT_END : 0) | (node->is_text ? 0 : MAILPROTO_QP_BINARY);
    }
}

/* base64 of text: its lines end with CRLF before they are encoded. */
static int32_t base64_text_step(mp_builder_reader *reader, const uint8_t *p, size_t n, uint8_t *out, size_t cap,
                                size_t *made)
{
    size_t took = 0;

    *made = 0;
    if (reader->text_at == reader->text_n) {
        reader->text_at = 0;
        mp_builder_canonical(&reader->cr, p, n, &took, reader->text, sizeof reader->text, &reader->text_n);
        reader->offset += took;
    }
    mailproto_base64_encode(&reader->encoder.base64, reader->text + reader->text_at, reader->text_n - reader->text_at,
                            &took, out, cap, made);
    reader->text_at += took;
    return took || *made ? MAILPROTO_OK : MAILPROTO_CODEC_MORE;
}

static int32_t encoder_step(const mp_builder_node *node, mp_builder_reader *reader, const uint8_t *p, size_t n,
                            uint8_t *out, size_t cap, size_t *made)
{
    size_t took = 0;

    if (node->encoding == MAILPROTO_MIME_ENCODING_BASE64) {
        if (node->is_text)
            return base64_text_step(reader, p, n, out, cap, made);
        mailproto_base64_encode(&reader->encoder.base64, p, n, &took, out, cap, made);
    } else {
        mailproto_qp_encode(&reader->encoder.qp, p, n, &took, out, cap, made);
    }
    reader->offset += took;
    return took || *made ? MAILPROTO_OK : MAILPROTO_CODEC_MORE;
}

int32_t mp_builder_body(mailproto_mime_builder *b, const mp_builder_node *node, mp_builder_reader *reader, uint8_t *out,
                        size_t cap, size_t *made)
{
    const int encoded = node->encoding > MAILPROTO_MIME_ENCODING_BINARY;
    const int waiting = reader->text_at < reader->text_n;
    const uint8_t *p = NULL;
    size_t n = 0;
    int32_t result;

    *made = 0;
    if (encoded && !reader->begun)
        begin_encoder(node, reader);
    result = waiting ? MAILPROTO_OK : mp_builder_fetch(b, node, reader, &p, &n);
    if (result)
        return result;
    if (node->looked && reader->offset + n > node->source.n)
        return MAILPROTO_ERR_BODY;
    if (n || waiting)
        return encoded ? encoder_step(node, reader, p, n, out, cap, made)
                       : plain_step(node, reader, p, n, out, cap, made);
    if (node->looked && reader->offset != node->source.n)
        return MAILPROTO_ERR_BODY;
    if (!encoded)
        return MAILPROTO_MIME_END;
    result = node->encoding == MAILPROTO_MIME_ENCODING_BASE64
                 ? mailproto_base64_encode_end(&reader->encoder.base64, out, cap, made)
                 : mailproto_qp_encode_end(&reader->encoder.qp, out, cap, made);
    if (result == MAILPROTO_CODEC_MORE)
        return *made ? MAILPROTO_OK : MAILPROTO_CODEC_MORE;
    return MAILPROTO_MIME_END;
}
