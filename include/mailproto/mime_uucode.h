/* mailproto/mime_uucode.h - uuencode, as old mail has it: streaming and in one piece, both ways.
 *
 * POSIX.1-2008, uuencode, the historical algorithm; no RFC defines it, though "x-uuencode" is seen as an encoding. The
 * rules are those of mime_codec.h: STREAMING, IN ONE PIECE, LENIENT; nothing allocates, every function may be called anywhere.
 */
#ifndef MAILPROTO_MIME_UUCODE_H
#define MAILPROTO_MIME_UUCODE_H

#include "mime_codec.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MAILPROTO_UU_NAME = 255, /* the most octets of a file name */
    MAILPROTO_UU_MODE = 420  /* the default mode: octal 644 */
};

enum {
    MAILPROTO_UU_NO_BEGIN = 1, /* decoder: the data begin at once, without their begin line */
    MAILPROTO_UU_BLANK = 2 /* encoder: zero is a space, as the oldest have it, and not "`", which no mailer strips */
};

/* Where a decoder is. */
enum {
    MAILPROTO_UU_BEFORE = 0, /* no "begin MODE NAME" was met */
    MAILPROTO_UU_INSIDE = 1,
    MAILPROTO_UU_AFTER = 2 /* "end" was met: what follows is not looked at */
};

/* Decodes as a stream: the first file between "begin" and "end". Lines end as they like. A line that is too short is
   filled up with zeros (blanks at its end were stripped), one that is too long is cut, others are skipped. */
typedef struct mailproto_uu_decoder {
    uint32_t struct_size;
    uint32_t flags;
    mailproto_codec_report *report; /* NULL: nobody wants to know */
    /* what is known by now */
    uint32_t where; /* MAILPROTO_UU_BEFORE ... */
    uint32_t mode;  /* as it is written, in octal */
    uint64_t begin; /* offset of the begin line; from INSIDE on */
    uint64_t end;   /* offset behind the end line; in AFTER: the next file is to be looked for from here */
    uint32_t name_length;
    char name[MAILPROTO_UU_NAME + 1]; /* as it is written, cut after 255 octets; with a NUL behind it */
    /* its own */
    uint32_t state;
    uint64_t offset;  /* octets taken */
    uint64_t line_at; /* where the line in hand begins */
    uint32_t held;    /* octets of it */
    uint32_t at, n;   /* of those decoded, which are given out and how many there are */
    uint8_t line[320];
    uint8_t octet[64];
    uint64_t unused[4]; /* room to grow */
} mailproto_uu_decoder;
MAILPROTO_API int32_t mailproto_uu_decoder_init(mailproto_uu_decoder *d, size_t size);

/* Decodes a piece; see STREAMING in mime_codec.h. OK; ERR_ARG: NULL; ERR_STATE: it was ended. */
MAILPROTO_API int32_t mailproto_uu_decode(mailproto_uu_decoder *d, const void *in, size_t n, size_t *took, void *out,
                                          size_t cap, size_t *made);

/* Takes a last line without an end, and completes the report. OK: that was all; MORE: call it again; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_uu_decode_end(mailproto_uu_decoder *d, void *out, size_t cap, size_t *made);

/* Decodes the whole: never more than 32 * n + 32 octets, and no more than n unless lines were stripped of their blanks. `d`
   is a decoder that was prepared, and then tells name and mode. OK; ERR_ARG: NULL; ERR_STATE: it was used before;
   ERR_LIMIT: it does not fit, see IN ONE PIECE. */
MAILPROTO_API int32_t mailproto_uu_decode_all(mailproto_uu_decoder *d, const void *in, size_t n, void *out, size_t cap,
                                              size_t *made);

/* Encodes as a stream: the begin line, lines of 45 octets that end with CRLF, "`" and "end". */
typedef struct mailproto_uu_encoder {
    uint32_t struct_size;
    uint32_t flags;
    uint32_t mode; /* 0: 644 in octal */
    mailproto_text
        name; /* at most 255 octets, without CR, LF and NUL; lent until the encoder is spent. Empty: "file" */
    /* its own */
    uint32_t state;
    uint32_t held;  /* octets of a line that is not full */
    uint32_t at, n; /* of the line in hand, which characters are given out and how many there are */
    uint8_t octet[48];
    uint8_t line[288];
    uint64_t unused[4]; /* room to grow */
} mailproto_uu_encoder;
MAILPROTO_API int32_t mailproto_uu_encoder_init(mailproto_uu_encoder *e, size_t size);

/* Encodes a piece; see STREAMING in mime_codec.h. OK; ERR_ARG: NULL, or a name that may not be; ERR_STATE: it was ended. */
MAILPROTO_API int32_t mailproto_uu_encode(mailproto_uu_encoder *e, const void *in, size_t n, size_t *took, void *out,
                                          size_t cap, size_t *made);

/* Writes what is left. OK: all is written; MORE: call it again; ERR_ARG: NULL, or a name that may not be. */
MAILPROTO_API int32_t mailproto_uu_encode_end(mailproto_uu_encoder *e, void *out, size_t cap, size_t *made);

/* Encodes the whole; `e` is an encoder that was prepared. OK; ERR_ARG: NULL, or a name that may not be; ERR_STATE: it was
   used before; ERR_LIMIT: it does not fit, see IN ONE PIECE. */
MAILPROTO_API int32_t mailproto_uu_encode_all(mailproto_uu_encoder *e, const void *in, size_t n, void *out, size_t cap,
                                              size_t *made);

#ifdef __cplusplus
}
#endif
#endif
