/* mailproto/mime_yenc.h - yEnc, as news and some mail have it: streaming and in one piece, both ways.
 *
 * yEnc 1.3 (yenc-draft.1.3.txt); no RFC defines it. The rules are those of mime_codec.h: STREAMING, IN ONE PIECE, LENIENT;
 * nothing allocates, every function may be called anywhere. Dots are not stuffed here: that is the transport's.
 */
#ifndef MAILPROTO_MIME_YENC_H
#define MAILPROTO_MIME_YENC_H

#include "mime_codec.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MAILPROTO_YENC_NAME = 255, MAILPROTO_YENC_LINE = 128 };

/* Where a decoder is. */
enum {
    MAILPROTO_YENC_BEFORE = 0, /* no "=ybegin" was met */
    MAILPROTO_YENC_INSIDE = 1,
    MAILPROTO_YENC_AFTER = 2 /* "=yend" was met: what follows is not looked at */
};

/* What the control lines of an encoded file say: bits of mailproto_yenc_file.stated. */
enum {
    MAILPROTO_YENC_SIZE = 1,
    MAILPROTO_YENC_PART = 2,
    MAILPROTO_YENC_TOTAL = 4,
    MAILPROTO_YENC_RANGE = 8,
    MAILPROTO_YENC_END_SIZE = 16,
    MAILPROTO_YENC_CRC = 32,
    MAILPROTO_YENC_PART_CRC = 64
};

/* A file, or a part of one, as its control lines state it: filled by a decoder, given to an encoder. */
typedef struct mailproto_yenc_file {
    uint32_t struct_size;
    uint32_t stated;      /* decoder: which of the numbers are there */
    uint64_t size;        /* of the whole file */
    uint64_t begin, end;  /* of a part: its first and last octet in the file, counted from 1 */
    uint64_t end_size;    /* decoder: what "=yend" says: of the part, or the file */
    uint32_t part, total; /* part 0: the file is in one piece */
    uint32_t line_length; /* encoder: 0: 128; at most 997 */
    uint32_t crc;      /* decoder: of the whole file, as stated. Encoder, for the last part: of the file; 0: unknown */
    uint32_t part_crc; /* decoder: as stated */
    uint32_t name_length;
    char name[MAILPROTO_YENC_NAME +
              1]; /* decoder: cut after 255 octets, with a NUL behind it. Encoder: no CR, LF, NUL */
} mailproto_yenc_file;
MAILPROTO_API int32_t mailproto_yenc_file_init(mailproto_yenc_file *file, size_t size);

/* Decodes as a stream: the first file or part between "=ybegin" and "=yend". */
typedef struct mailproto_yenc_decoder {
    uint32_t struct_size;
    uint32_t flags;                 /* none is defined: 0 */
    mailproto_codec_report *report; /* NULL: nobody wants to know */
    mailproto_yenc_file *file; /* gets what is stated; NULL: nobody wants to know; lent until the decoder is spent */
    /* what is known by now */
    uint32_t where; /* MAILPROTO_YENC_BEFORE ... */
    uint32_t crc;   /* of what was made, reckoned */
    uint64_t begin; /* offset of the begin line; from INSIDE on */
    uint64_t end;   /* offset behind the end line; in AFTER */
    uint64_t size;  /* octets made */
    /* its own */
    uint64_t offset; /* octets taken */
    uint64_t column;
    uint32_t state;
    uint32_t stated; /* as in the file */
    uint64_t said_size, said_end_size;
    uint32_t said_crc, said_part_crc;
    uint32_t said_part, held;
    uint8_t line[512];  /* a control line */
    uint64_t unused[4]; /* room to grow */
} mailproto_yenc_decoder;
MAILPROTO_API int32_t mailproto_yenc_decoder_init(mailproto_yenc_decoder *d, size_t size);

/* Decodes a piece; see STREAMING in mime_codec.h. OK; ERR_ARG: NULL, or a file that was not prepared; ERR_STATE: it was
   ended. */
MAILPROTO_API int32_t mailproto_yenc_decode(mailproto_yenc_decoder *d, const void *in, size_t n, size_t *took,
                                            void *out, size_t cap, size_t *made);

/* Takes a last line without an end, and completes the report: size and CRC are compared with what is stated. OK; ERR_ARG:
   NULL, or a file that was not prepared. */
MAILPROTO_API int32_t mailproto_yenc_decode_end(mailproto_yenc_decoder *d, void *out, size_t cap, size_t *made);

/* Decodes the whole, which is never more than n octets; `d` is a decoder that was prepared. OK; ERR_ARG: NULL, or a file that
   was not prepared; ERR_STATE: it was used before; ERR_LIMIT: it does not fit, see IN ONE PIECE. */
MAILPROTO_API int32_t mailproto_yenc_decode_all(mailproto_yenc_decoder *d, const void *in, size_t n, void *out,
                                                size_t cap, size_t *made);

/* Encodes as a stream: the control lines, and lines that end with CRLF. Besides what must be, dots that begin a line and
   blanks that begin or end one are escaped, so that it crosses mail. */
typedef struct mailproto_yenc_encoder {
    uint32_t struct_size;
    uint32_t flags;                  /* none is defined: 0 */
    const mailproto_yenc_file *file; /* name, size, and for a part part, total, begin, end; lent until it is spent */
    /* its own */
    uint64_t size; /* octets taken */
    uint32_t crc;
    uint32_t state;
    uint32_t column;
    uint32_t held;  /* 1 + an octet that waits for what is behind it; 0: none */
    uint32_t at, n; /* of a control line, which characters are given out and how many there are */
    uint8_t line[512];
    uint64_t unused[4]; /* room to grow */
} mailproto_yenc_encoder;
MAILPROTO_API int32_t mailproto_yenc_encoder_init(mailproto_yenc_encoder *e, size_t size);

/* Encodes a piece; see STREAMING in mime_codec.h. OK; ERR_ARG: NULL, or a file that may not be; ERR_STATE: it was ended. */
MAILPROTO_API int32_t mailproto_yenc_encode(mailproto_yenc_encoder *e, const void *in, size_t n, size_t *took,
                                            void *out, size_t cap, size_t *made);

/* Writes what is left. OK: all is written; MORE: call it again; ERR_ARG: NULL, or a file that may not be; ERR_BODY: it was
   not as many octets as the file states: it is not ended. */
MAILPROTO_API int32_t mailproto_yenc_encode_end(mailproto_yenc_encoder *e, void *out, size_t cap, size_t *made);

/* Encodes the whole; `e` is an encoder that was prepared. OK; ERR_ARG, ERR_BODY: as above; ERR_STATE: it was used before;
   ERR_LIMIT: it does not fit, see IN ONE PIECE. */
MAILPROTO_API int32_t mailproto_yenc_encode_all(mailproto_yenc_encoder *e, const void *in, size_t n, void *out,
                                                size_t cap, size_t *made);

/* The CRC-32 of n octets behind those that gave `crc` (0: none), as yEnc, ZIP and Ethernet have it: a checksum against
   accidents. As a number. */
MAILPROTO_API uint32_t mailproto_yenc_crc32(uint32_t crc, const void *in, size_t n);

#ifdef __cplusplus
}
#endif
#endif
