/* builder.h - what a builder is made of: nodes, runs of octets in one growing text, the open field, the reader.
 * RFC 5322, RFC 2045, RFC 2046; include/mailproto/mime_builder.h. */
#ifndef MP_MIME_BUILDER_H
#define MP_MIME_BUILDER_H

#include "mailproto/mime_builder.h"
#include "mailproto/mime_parser.h"
#include "mailproto/mime_word.h"

enum {
    MP_BUILDER_COLUMNS =
        76, /* of a folded line: less than 78, since lines with encoded words have no more (RFC 2047 2) */
    MP_BUILDER_LINE = 998, /* RFC 5322 2.1.1 */
    MP_BUILDER_WORD = 900, /* what is not folded has at most so many octets: it fits into a line with a name */
    MP_BUILDER_NAME = 70,
    MP_BUILDER_RANDOM = 15, /* octets, as 20 characters */
    MP_BUILDER_TAG = 22,    /* "=_" and these: what every boundary begins with */
    MP_BUILDER_BOUNDARY = MP_BUILDER_TAG + 9,
    MP_BUILDER_PIECE = 4096
};

/* A run of octets in the text: this, then the octets. Runs of a list are linked by their places plus 1. */
typedef struct mp_builder_run {
    size_t next, n;
} mp_builder_run;

typedef struct mp_builder_list {
    size_t first, last;
} mp_builder_list;

enum { MP_BUILDER_NOTHING, MP_BUILDER_MULTIPART, MP_BUILDER_LEAF, MP_BUILDER_RAW };

typedef struct mp_builder_source {
    const uint8_t *lent;
    size_t copied; /* its place in the text, plus 1 */
    uint64_t n;    /* of a callback: as it was found when it was looked at */
    int32_t (*read)(void *user, uint64_t offset, void *out, size_t cap, size_t *got);
    void *user;
} mp_builder_source;

typedef struct mp_builder_node {
    uint32_t kind, parent, next, first_child, last_child, depth;
    uint32_t asked, encoding; /* MAILPROTO_MIME_ENCODING_... */
    uint32_t is_text, is_message, looked;
    uint32_t may_be_text, exact; /* is_text is found by looking, if the octets must be kept */
    uint64_t present;            /* fields, by their numbers */
    mp_builder_list fields, content;
    mp_builder_source source;
} mp_builder_node;

enum { MP_BUILDER_CLOSED, MP_BUILDER_VALUE, MP_BUILDER_ADDRESSES, MP_BUILDER_IDS };

/* The open field. Its line end is written before the next one, so closing it writes nothing. */
typedef struct mp_builder_open {
    uint32_t node, kind;
    uint32_t content;  /* in the list of the content fields */
    uint32_t begun;    /* its name is written */
    uint32_t in_group; /* a group is open */
    uint32_t comma;    /* another item needs one before it */
    uint32_t fresh;    /* nothing stands in the line but the name */
    size_t column, name_n;
    char name[MP_BUILDER_NAME];
} mp_builder_open;

/* Where reading stands. */
typedef struct mp_builder_reader {
    uint32_t node, stage;
    size_t run, run_at; /* the run in hand, its place plus 1, and what of it is out */
    size_t small_n, small_at;
    uint64_t offset;   /* in the source of the leaf */
    uint64_t piece_at; /* of what `piece` holds */
    size_t piece_n;
    size_t text_n, text_at; /* canonical text that waits for base64 */
    uint32_t cr;            /* the octet before was a CR */
    uint32_t last;          /* the last octet that went out */
    uint32_t begun;         /* the encoder is made */
    union {
        mailproto_base64_encoder base64;
        mailproto_qp_encoder qp;
    } encoder;
    char small[192];
    uint8_t piece[MP_BUILDER_PIECE];
    uint8_t text[2 * MP_BUILDER_PIECE];
} mp_builder_reader;

struct mailproto_mime_builder {
    mailproto_allocator memory;
    mailproto_mime_builder_config config;
    size_t max_text, domain_n;
    uint8_t *text;
    size_t text_n, text_cap;
    mp_builder_node *nodes;
    uint32_t nodes_n, nodes_cap;
    uint32_t busy;     /* a callback of the host's is running */
    uint32_t prepared; /* it was read from */
    uint32_t needs;
    int32_t failed; /* of the call in hand */
    mp_builder_open open;
    mp_builder_reader *reader;
    char tag[MP_BUILDER_TAG];
    char domain[256];
};

/* What a call may have to take back. */
typedef struct mp_builder_mark {
    size_t text_n;
    uint32_t index;
    mp_builder_node node;
    mp_builder_run last[2];
    mp_builder_open open;
} mp_builder_mark;

/* ---- builder.c ---- */

/* Whether a composing call may touch this node. OK, ERR_ARG, ERR_STATE. */
int32_t mp_builder_may(const mailproto_mime_builder *b, uint32_t node);
/* Remembers, so that a call that fails changes nothing; _end answers b->failed. */
void mp_builder_begin(mailproto_mime_builder *b, uint32_t node, mp_builder_mark *mark);
int32_t mp_builder_end(mailproto_mime_builder *b, const mp_builder_mark *mark);
void mp_builder_fail(mailproto_mime_builder *b, int32_t result);
/* Adds octets to a list; a failure is in b->failed. */
void mp_builder_put(mailproto_mime_builder *b, mp_builder_list *list, const void *p, size_t n);
/* Room for n octets in the text, in one run: their place, 0 if there is none. */
size_t mp_builder_reserve(mailproto_mime_builder *b, size_t n);
/* 20 random characters. */
int32_t mp_builder_random(mailproto_mime_builder *b, char *out);

/* ---- builder_field.c ---- */

/* Begins a field: its name is kept, and written with what comes first. */
void mp_builder_field(mailproto_mime_builder *b, uint32_t node, uint32_t kind, const char *name, uint32_t content);
/* Octets of the open field as they are. */
void mp_builder_octets(mailproto_mime_builder *b, const char *p, size_t n);
/* A word behind a gap of blanks, on the next line if this one has no room. */
void mp_builder_word(mailproto_mime_builder *b, const char *gap, size_t gap_n, const char *p, size_t n);
/* Text as encoded words. */
void mp_builder_encoded(mailproto_mime_builder *b, const char *gap, size_t gap_n, const char *p, size_t n,
                        uint32_t flags);
void mp_builder_unstructured(mailproto_mime_builder *b, const char *p, size_t n);
void mp_builder_structured(mailproto_mime_builder *b, const char *p, size_t n);
void mp_builder_parameter(mailproto_mime_builder *b, const char *name, const char *value, size_t n);
/* Whether it may be an argument: UTF-8 without CR, LF and NUL. */
int mp_builder_is_text(const char *p, size_t n);
int mp_builder_is_token(const char *p, size_t n);
/* Whether it may be the inside of "<>". */
int mp_builder_is_id(const mailproto_mime_builder *b, const char *p, size_t n);

/* ---- builder_look.c ---- */

/* Chooses encodings and boundaries; makes the reader. */
int32_t mp_builder_prepare(mailproto_mime_builder *b);

/* ---- builder_source.c ---- */

/* The octets of the source that stand at reader->offset: *n of them, 0 at the end. OK or ERR_BODY. */
int32_t mp_builder_fetch(mailproto_mime_builder *b, const mp_builder_node *node, mp_builder_reader *reader,
                         const uint8_t **p, size_t *n);
/* Text with CRLF for LF, as much as fits: what was taken and made. */
void mp_builder_canonical(uint32_t *cr, const uint8_t *in, size_t n, size_t *took, uint8_t *out, size_t cap,
                          size_t *made);
/* A step of the body of a leaf. OK: it went on; MAILPROTO_MIME_END: that was all; MAILPROTO_CODEC_MORE: it needs more room. */
int32_t mp_builder_body(mailproto_mime_builder *b, const mp_builder_node *node, mp_builder_reader *reader, uint8_t *out,
                        size_t cap, size_t *made);

#endif
