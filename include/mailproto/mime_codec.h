/* mailproto/mime_codec.h - base64 and quoted-printable: streaming and in one piece, both ways.
 *
 * RFC 2045 sections 6.7 and 6.8. Nothing here allocates, keeps a pointer to what it was given (but for the report) or
 * belongs to a session: every function may be called anywhere, also in callbacks, from any thread that owns the state.
 *
 * STREAMING  A codec is a struct of the host's. Its _init function prepares it; the fields above the line "its own" may
 *            then be set; those below are not to be touched. Feed it in any pieces: a call takes what it can of `in` and
 *            writes what it can to `out`, says in *took and *made how much, and stops only when `in` is used up or the
 *            next step does not fit into `out`. With MAILPROTO_CODEC_ROOM octets of room every call gets on. After the
 *            last piece call the _end function, until it answers OK; then the codec is spent until it is made anew. The
 *            octets made and the report are the same however the input was cut.
 * IN ONE     The _all functions take the whole. *made is what was written, or with ERR_LIMIT, when it does not fit, what
 * PIECE      the whole would need; `out` may then hold a part of it.
 * LENIENT    Decoders take any octets and never fail. What they skipped or put right is counted by kind in a report.
 */
#ifndef MAILPROTO_MIME_CODEC_H
#define MAILPROTO_MIME_CODEC_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MAILPROTO_CODEC_ROOM = 16, /* with so much room in `out` every call gets on */
    MAILPROTO_CODEC_LINE = 76, /* the default of line_length, RFC 2045 6.7 (5) and 6.8 */
    MAILPROTO_CODEC_MORE = 3   /* a positive answer of the _end functions: call again, with more room */
};

/* What decoders find wrong. Offsets are those of the octet that is meant, in all that was fed; append-only. */
enum {
    MAILPROTO_CODEC_INVALID = 0,       /* an octet that does not belong there: base64 skips it, quoted-printable
                                          keeps it (a control or 8-bit octet that should have been encoded) */
    MAILPROTO_CODEC_BLANK = 1,         /* base64: a space or tab, skipped; quoted-printable: blanks at the end of a
                                          line, dropped: counted once a line */
    MAILPROTO_CODEC_PADDING = 2,       /* base64: "=" where none belongs, or one missing behind another */
    MAILPROTO_CODEC_AFTER_PADDING = 3, /* base64: a character behind the padding */
    MAILPROTO_CODEC_TRUNCATED = 4,     /* the data ends inside of a group or an escape */
    MAILPROTO_CODEC_BITS = 5,          /* base64: the unused bits of the last character are not zero */
    MAILPROTO_CODEC_ESCAPE = 6,        /* quoted-printable: "=" without two digits or a line end behind it: kept */
    MAILPROTO_CODEC_LOWER_CASE = 7,    /* quoted-printable: an escape with a lower-case digit: decoded */
    MAILPROTO_CODEC_SOFT_BREAK = 8,    /* quoted-printable: blanks between "=" and the line end: dropped; or a soft line
                                          break that is the end of the data */
    MAILPROTO_CODEC_LONG_LINE = 9,     /* a line of more than 76 characters: the 77th */
    MAILPROTO_CODEC_BARE_CR = 10,
    MAILPROTO_CODEC_BARE_LF = 11,
    MAILPROTO_CODEC_OUTSIDE = 12,  /* uuencode, yEnc: a line that is none of the data, skipped: before they begin, in
                                      between, behind their end */
    MAILPROTO_CODEC_WIDTH = 13,    /* uuencode, yEnc: a line that is not as long as it should be */
    MAILPROTO_CODEC_FRAME = 14,    /* uuencode, yEnc: the line that begins or ends the data is missing or malformed */
    MAILPROTO_CODEC_CHECKSUM = 15, /* yEnc: the size or the CRC is not the one that is stated */
    MAILPROTO_CODEC_KINDS = 16     /* room for kinds in a report */
};

/* What a decoder found, by kind. Prepared by its _init function and lent to a decoder by its field `report`; it may be
   read at any time. */
typedef struct mailproto_codec_report {
    uint32_t struct_size;
    uint32_t kinds; /* 1 << kind of each kind that was met */
    uint64_t count[MAILPROTO_CODEC_KINDS];
    uint64_t first[MAILPROTO_CODEC_KINDS]; /* offset of the first; only if it was met */
} mailproto_codec_report;
MAILPROTO_API int32_t mailproto_codec_report_init(mailproto_codec_report *report, size_t size);

/* ---- base64: RFC 2045 section 6.8, RFC 4648 section 4 ---- */

enum {
    MAILPROTO_BASE64_OPEN_END = 1, /* encoder: no line break behind the last line */
    MAILPROTO_BASE64_GO_ON = 2     /* decoder: what stands behind padding is decoded as well, as data that were joined
                                      need it. Without it that is skipped: "=" is the end, RFC 2045 6.8 */
};

/* Encodes as a stream. Every line, the last too, ends with CRLF; no data make no line. */
typedef struct mailproto_base64_encoder {
    uint32_t struct_size;
    uint32_t flags;
    uint32_t line_length; /* characters a line, rounded down to a multiple of 4, at least 4; 0: 76; UNLIMITED: text
                             without any line break */
    /* its own */
    uint32_t held;      /* octets of a group that is not complete */
    uint8_t octet[4];   /* these */
    uint32_t state;     /* begun, ending, spent */
    uint64_t room;      /* characters until the line is full */
    uint64_t unused[4]; /* room to grow */
} mailproto_base64_encoder;
MAILPROTO_API int32_t mailproto_base64_encoder_init(mailproto_base64_encoder *e, size_t size);

/* Encodes a piece; see STREAMING above. OK; ERR_ARG: NULL; ERR_STATE: it was ended. */
MAILPROTO_API int32_t mailproto_base64_encode(mailproto_base64_encoder *e, const void *in, size_t n, size_t *took,
                                              void *out, size_t cap, size_t *made);

/* Writes what is left: the last group with its padding, the last line break. OK: all is written; MORE: call it again;
   ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_base64_encode_end(mailproto_base64_encoder *e, void *out, size_t cap, size_t *made);

/* Exactly how many octets n octets become, with line_length and flags as in the encoder. SIZE_MAX: no size holds it. */
MAILPROTO_API size_t mailproto_base64_encoded_size(size_t n, uint32_t line_length, uint32_t flags);

/* Encodes the whole. `in` and `out` do not overlap. OK; ERR_ARG: NULL; ERR_LIMIT: it does not fit, see IN ONE PIECE. */
MAILPROTO_API int32_t mailproto_base64_encode_all(const void *in, size_t n, uint32_t line_length, uint32_t flags,
                                                  void *out, size_t cap, size_t *made);

/* Decodes as a stream. Line breaks of any form and octets outside of the alphabet are skipped; of a group that is cut
   short at the end the whole octets are given. */
typedef struct mailproto_base64_decoder {
    uint32_t struct_size;
    uint32_t flags;
    mailproto_codec_report *report; /* NULL: nobody wants to know */
    /* its own */
    uint64_t offset;    /* octets taken */
    uint64_t column;    /* characters of the line in hand */
    uint32_t bits;      /* those of a group that is not complete */
    uint32_t held;      /* its characters */
    uint32_t state;     /* what was seen last */
    uint32_t waiting;   /* padding that is still to come */
    uint64_t unused[4]; /* room to grow */
} mailproto_base64_decoder;
MAILPROTO_API int32_t mailproto_base64_decoder_init(mailproto_base64_decoder *d, size_t size);

/* Decodes a piece; see STREAMING above. OK; ERR_ARG: NULL; ERR_STATE: it was ended. */
MAILPROTO_API int32_t mailproto_base64_decode(mailproto_base64_decoder *d, const void *in, size_t n, size_t *took,
                                              void *out, size_t cap, size_t *made);

/* Gives the octets of a group that was cut short, and completes the report. OK: that was all; MORE: call it again;
   ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_base64_decode_end(mailproto_base64_decoder *d, void *out, size_t cap, size_t *made);

/* The most octets that n characters can become. */
MAILPROTO_API size_t mailproto_base64_decoded_max(size_t n);

/* Decodes the whole; report may be NULL. `in` and `out` do not overlap. OK; ERR_ARG: NULL, or a report that was not prepared;
   ERR_LIMIT: it does not fit, see IN ONE PIECE. */
MAILPROTO_API int32_t mailproto_base64_decode_all(const void *in, size_t n, uint32_t flags, void *out, size_t cap,
                                                  size_t *made, mailproto_codec_report *report);

/* ---- quoted-printable: RFC 2045 section 6.7 ---- */

enum {
    MAILPROTO_QP_BINARY = 1,  /* encoder: CR and LF are octets as any others. Without it the data are text: CRLF and LF
                                  are line breaks, and go out as CRLF; a CR alone is encoded */
    MAILPROTO_QP_DOT = 2,     /* encoder: a dot that begins a line is encoded */
    MAILPROTO_QP_FROM = 4,    /* encoder: the F of "From " that begins a line is encoded */
    MAILPROTO_QP_SOFT_END = 8 /* encoder: data that do not end with a line break end with a soft one */
};

/* Encodes as a stream. What may stand for itself does, blanks at the end of a line and of the data excepted; lines are as
   full as they may be. */
typedef struct mailproto_qp_encoder {
    uint32_t struct_size;
    uint32_t flags;
    uint32_t line_length; /* characters a line with the "=" of a soft line break, at least 4; 0: 76; UNLIMITED: no soft
                             line breaks */
    /* its own */
    uint32_t held;    /* octets that wait for those behind them */
    uint8_t octet[8]; /* these */
    uint64_t column;  /* characters of the line in hand */
    uint32_t state;   /* ending, spent */
    uint32_t padding;
    uint64_t unused[4]; /* room to grow */
} mailproto_qp_encoder;
MAILPROTO_API int32_t mailproto_qp_encoder_init(mailproto_qp_encoder *e, size_t size);

/* Encodes a piece; see STREAMING above. OK; ERR_ARG: NULL; ERR_STATE: it was ended. */
MAILPROTO_API int32_t mailproto_qp_encode(mailproto_qp_encoder *e, const void *in, size_t n, size_t *took, void *out,
                                          size_t cap, size_t *made);

/* Writes what is left. OK: all is written; MORE: call it again; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_qp_encode_end(mailproto_qp_encoder *e, void *out, size_t cap, size_t *made);

/* Exactly how many octets these n octets become, with line_length and flags as in the encoder: it encodes them to find
   out. SIZE_MAX: no size holds it. And the most that any n octets can become. */
MAILPROTO_API size_t mailproto_qp_encoded_size(const void *in, size_t n, uint32_t line_length, uint32_t flags);
MAILPROTO_API size_t mailproto_qp_encoded_max(size_t n, uint32_t line_length);

/* Encodes the whole. `in` and `out` do not overlap. OK; ERR_ARG: NULL; ERR_LIMIT: it does not fit, see IN ONE PIECE. */
MAILPROTO_API int32_t mailproto_qp_encode_all(const void *in, size_t n, uint32_t line_length, uint32_t flags, void *out,
                                              size_t cap, size_t *made);

/* Decodes as a stream. Line breaks come out as they are. Blanks at the end of a line are dropped, 128 at most; an "="
   that begins no escape is kept, and so is an octet that should have been encoded. */
typedef struct mailproto_qp_decoder {
    uint32_t struct_size;
    uint32_t flags;                 /* none is defined: 0 */
    mailproto_codec_report *report; /* NULL: nobody wants to know */
    /* its own */
    uint64_t offset;  /* octets taken */
    uint64_t column;  /* characters of the line in hand */
    uint64_t tabs[2]; /* of the blanks that wait for what is behind them: a bit each, set for a tab */
    uint32_t blanks;  /* how many */
    uint32_t state;   /* what was seen last */
    uint32_t digit;   /* the first of an escape */
    uint32_t padding;
    uint64_t unused[4]; /* room to grow */
} mailproto_qp_decoder;
MAILPROTO_API int32_t mailproto_qp_decoder_init(mailproto_qp_decoder *d, size_t size);

/* Decodes a piece; see STREAMING above. OK; ERR_ARG: NULL; ERR_STATE: it was ended. */
MAILPROTO_API int32_t mailproto_qp_decode(mailproto_qp_decoder *d, const void *in, size_t n, size_t *took, void *out,
                                          size_t cap, size_t *made);

/* Gives what waited, and completes the report. OK: that was all; MORE: call it again; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_qp_decode_end(mailproto_qp_decoder *d, void *out, size_t cap, size_t *made);

/* Decodes the whole, which is never more than n octets; report may be NULL. `in` and `out` do not overlap. OK; ERR_ARG:
   NULL, or a report that was not prepared; ERR_LIMIT: it does not fit, see IN ONE PIECE. */
MAILPROTO_API int32_t mailproto_qp_decode_all(const void *in, size_t n, uint32_t flags, void *out, size_t cap,
                                              size_t *made, mailproto_codec_report *report);

#ifdef __cplusplus
}
#endif
#endif
