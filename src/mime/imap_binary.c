/* imap_binary.c - BINARY[section]: the decoded octets of a part, and how many there are.
 * RFC 3516 section 4; RFC 9051 section 6.4.5. */
#include "mime/imap.h"

static int can_decode(const mailproto_mime_imap_section *s)
{
    return s && s->struct_size >= sizeof *s && s->tree &&
           (s->what == MAILPROTO_MIME_IMAP_WHOLE || s->what == MAILPROTO_MIME_IMAP_PART);
}

int32_t mailproto_mime_imap_binary_open(const mailproto_mime_imap_section *section, mailproto_mime_stream *stream)
{
    const uint32_t index = can_decode(section) && section->part < section->tree->parts_n ? section->part : 0;

    if (!can_decode(section) || mailproto_mime_tree_open(section->tree, index, stream))
        return MAILPROTO_ERR_ARG;
    if (section->what == MAILPROTO_MIME_IMAP_WHOLE || section->part != index) {
        /* the message as it stands, or the empty part */
        stream->encoding = MAILPROTO_MIME_ENCODING_BINARY;
        stream->at = section->tree->message + section->begin;
        stream->end = section->tree->message + section->end;
    }
    return stream->encoding == MAILPROTO_MIME_ENCODING_UNKNOWN ? MAILPROTO_ERR_UNSUPPORTED : MAILPROTO_OK;
}

int32_t mailproto_mime_imap_binary_size(const mailproto_mime_imap_section *section, uint64_t *octets)
{
    mailproto_mime_stream stream;
    uint8_t piece[1024];
    size_t made;
    int32_t result;

    if (!octets)
        return MAILPROTO_ERR_ARG;
    mailproto_mime_stream_init(&stream, sizeof stream);
    result = mailproto_mime_imap_binary_open(section, &stream);
    if (result)
        return result;
    *octets = 0;
    if (stream.encoding <= MAILPROTO_MIME_ENCODING_BINARY) {
        *octets = section->octets;
        return MAILPROTO_OK;
    }
    while (mailproto_mime_stream_read(&stream, piece, sizeof piece, &made) == MAILPROTO_OK)
        *octets += made;
    return MAILPROTO_OK;
}
