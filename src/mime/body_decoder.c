/* body_decoder.c - the decoder of a body by its Content-Transfer-Encoding.
 * RFC 2045 section 6; uuencode and yEnc, which no RFC defines, by the names that are seen. */
#include "mime/body_decoder.h"

#include <string.h>

#include "mailproto/mime_defect.h"

#define KIND(name) (1U << MAILPROTO_CODEC_##name)

/* What is more than untidy, and the defect that it is. */
static const struct {
    uint32_t kinds, defect;
} wrong_of[] = {
    [MAILPROTO_MIME_ENCODING_BASE64] = {KIND(INVALID) | KIND(PADDING) | KIND(AFTER_PADDING) | KIND(TRUNCATED),
                                        MAILPROTO_MIME_DEFECT_BASE64},
    [MAILPROTO_MIME_ENCODING_QUOTED_PRINTABLE] = {KIND(INVALID) | KIND(ESCAPE) | KIND(TRUNCATED),
                                                  MAILPROTO_MIME_DEFECT_QUOTED_PRINTABLE},
    [MAILPROTO_MIME_ENCODING_UUENCODE] = {KIND(INVALID) | KIND(WIDTH) | KIND(FRAME) | KIND(TRUNCATED),
                                          MAILPROTO_MIME_DEFECT_UUENCODE},
    [MAILPROTO_MIME_ENCODING_YENC] = {KIND(INVALID) | KIND(ESCAPE) | KIND(WIDTH) | KIND(FRAME) | KIND(CHECKSUM) |
                                          KIND(TRUNCATED),
                                      MAILPROTO_MIME_DEFECT_YENC},
};

void mp_body_decoder_init(mp_body_decoder *d, uint32_t encoding)
{
    d->encoding = encoding;
    mailproto_codec_report_init(&d->report, sizeof d->report);
    switch (encoding) {
    case MAILPROTO_MIME_ENCODING_BASE64:
        mailproto_base64_decoder_init(&d->codec.base64, sizeof d->codec.base64);
        break;
    case MAILPROTO_MIME_ENCODING_QUOTED_PRINTABLE:
        mailproto_qp_decoder_init(&d->codec.qp, sizeof d->codec.qp);
        break;
    case MAILPROTO_MIME_ENCODING_UUENCODE:
        mailproto_uu_decoder_init(&d->codec.uu, sizeof d->codec.uu);
        break;
    case MAILPROTO_MIME_ENCODING_YENC:
        mailproto_yenc_decoder_init(&d->codec.yenc, sizeof d->codec.yenc);
        break;
    default:
        break;
    }
}

int mp_body_is_encoded(uint32_t encoding)
{
    return encoding < sizeof wrong_of / sizeof *wrong_of && wrong_of[encoding].kinds;
}

int32_t mp_body_decode(mp_body_decoder *d, const void *in, size_t n, size_t *took, void *out, size_t cap, size_t *made)
{
    switch (d->encoding) {
    case MAILPROTO_MIME_ENCODING_BASE64:
        d->codec.base64.report = &d->report;
        return mailproto_base64_decode(&d->codec.base64, in, n, took, out, cap, made);
    case MAILPROTO_MIME_ENCODING_QUOTED_PRINTABLE:
        d->codec.qp.report = &d->report;
        return mailproto_qp_decode(&d->codec.qp, in, n, took, out, cap, made);
    case MAILPROTO_MIME_ENCODING_UUENCODE:
        d->codec.uu.report = &d->report;
        return mailproto_uu_decode(&d->codec.uu, in, n, took, out, cap, made);
    case MAILPROTO_MIME_ENCODING_YENC:
        d->codec.yenc.report = &d->report;
        return mailproto_yenc_decode(&d->codec.yenc, in, n, took, out, cap, made);
    default:
        *took = *made = n < cap ? n : cap;
        if (*made)
            memcpy(out, in, *made);
        return MAILPROTO_OK;
    }
}

int32_t mp_body_decode_end(mp_body_decoder *d, void *out, size_t cap, size_t *made)
{
    switch (d->encoding) {
    case MAILPROTO_MIME_ENCODING_BASE64:
        d->codec.base64.report = &d->report;
        return mailproto_base64_decode_end(&d->codec.base64, out, cap, made);
    case MAILPROTO_MIME_ENCODING_QUOTED_PRINTABLE:
        d->codec.qp.report = &d->report;
        return mailproto_qp_decode_end(&d->codec.qp, out, cap, made);
    case MAILPROTO_MIME_ENCODING_UUENCODE:
        d->codec.uu.report = &d->report;
        return mailproto_uu_decode_end(&d->codec.uu, out, cap, made);
    case MAILPROTO_MIME_ENCODING_YENC:
        d->codec.yenc.report = &d->report;
        return mailproto_yenc_decode_end(&d->codec.yenc, out, cap, made);
    default:
        *made = 0;
        return MAILPROTO_OK;
    }
}

uint32_t mp_body_defect(const mp_body_decoder *d, uint64_t *offset)
{
    uint32_t wrong;

    if (!mp_body_is_encoded(d->encoding))
        return MAILPROTO_MIME_DEFECTS;
    wrong = d->report.kinds & wrong_of[d->encoding].kinds;
    if (!wrong)
        return MAILPROTO_MIME_DEFECTS;
    *offset = UINT64_MAX;
    for (uint32_t kind = 0; kind < MAILPROTO_CODEC_KINDS; kind++)
        if ((wrong >> kind & 1) && d->report.first[kind] < *offset)
            *offset = d->report.first[kind];
    return wrong_of[d->encoding].defect;
}
