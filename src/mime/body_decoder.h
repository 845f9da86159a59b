/* body_decoder.h - the decoder of a body by its Content-Transfer-Encoding: one face for all codecs.
 * RFC 2045 section 6; uuencode and yEnc, which no RFC defines, by the names that are seen. */
#ifndef MP_MIME_BODY_DECODER_H
#define MP_MIME_BODY_DECODER_H

#include "mailproto/mime_codec.h"
#include "mailproto/mime_content.h"
#include "mailproto/mime_uucode.h"
#include "mailproto/mime_yenc.h"

typedef struct mp_body_decoder {
    uint32_t encoding; /* MAILPROTO_MIME_ENCODING_... */
    uint32_t unused;
    mailproto_codec_report report;
    union {
        mailproto_base64_decoder base64;
        mailproto_qp_decoder qp;
        mailproto_uu_decoder uu;
        mailproto_yenc_decoder yenc;
    } codec;
} mp_body_decoder;

void mp_body_decoder_init(mp_body_decoder *d, uint32_t encoding);

/* Whether the decoded body is another one than the raw one. */
int mp_body_is_encoded(uint32_t encoding);

/* As the functions of the codecs: with MAILPROTO_CODEC_ROOM octets of room every call gets on. `d` may have been moved since. */
int32_t mp_body_decode(mp_body_decoder *d, const void *in, size_t n, size_t *took, void *out, size_t cap, size_t *made);
int32_t mp_body_decode_end(mp_body_decoder *d, void *out, size_t cap, size_t *made);

/* The defect that the decoder met, MAILPROTO_MIME_DEFECTS if there is none, and where in the raw body the first is. */
uint32_t mp_body_defect(const mp_body_decoder *d, uint64_t *offset);

#endif
