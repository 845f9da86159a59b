/* mailproto/mime_tree.h - a message in memory as an index of its parts by offsets, RFC 2045 and 2046.
 *
 * A tree is made in one pass and copies nothing: all texts that it gives point into the message, which stays the
 * caller's and untouched while the tree is used. Parts are numbered depth first, in the order they stand in the message;
 * part 0 is the message. A multipart has its parts as children; a message/rfc822 has one child, the message in it,
 * which has a header and a body of its own. What a part's fields mean is for mime_header.h and mime_content.h;
 * what is shown, what is attached and by which name, for mime_view.h in one call.
 *
 * Functions that take a const tree change nothing: several threads may call them at once. Nothing here calls back.
 */
#ifndef MAILPROTO_MIME_TREE_H
#define MAILPROTO_MIME_TREE_H

#include "mime_codec.h"
#include "mime_parser.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mailproto_mime_tree mailproto_mime_tree;

/* Makes a tree without a message (message NULL, n 0: it has no parts), or of one. config is copied, NULL: the defaults;
   its flags are not looked at. *out is freed by _free. OK; ERR_ARG; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_mime_tree_new(const mailproto_mime_config *config, const void *message, size_t n,
                                              mailproto_mime_tree **out);

/* Makes it a tree of another message; what it was before is forgotten. It allocates only where this message has more
   parts or fields than any before. OK; ERR_ARG: NULL; ERR_NOMEM: it has no parts then. */
MAILPROTO_API int32_t mailproto_mime_tree_parse(mailproto_mime_tree *tree, const void *message, size_t n);

/* Frees it; NULL is ignored. */
MAILPROTO_API void mailproto_mime_tree_free(mailproto_mime_tree *tree);

/* The most octets that a tree of this config (NULL: the default) has allocated at any time, if no message is larger than
   n octets. SIZE_MAX: no size holds it. */
MAILPROTO_API size_t mailproto_mime_tree_memory_max(const mailproto_mime_config *config, size_t n);

/* The message that it is of, as it was given. */
MAILPROTO_API const char *mailproto_mime_tree_message(const mailproto_mime_tree *tree, size_t *n);

/* ---- parts ---- */

/* A part. Offsets are those of the message. */
typedef struct mailproto_mime_part {
    uint32_t struct_size;
    uint32_t flags;       /* MAILPROTO_MIME_PART_... */
    uint32_t kind;        /* MAILPROTO_MIME_LEAF, _MULTIPART, _MESSAGE */
    uint32_t encoding;    /* MAILPROTO_MIME_ENCODING_... */
    uint32_t depth;       /* how many parts it is in */
    uint32_t number;      /* among the children of its parent, from 1 on */
    uint32_t parent;      /* indices of parts; MAILPROTO_MIME_NO_PART: there is none */
    uint32_t next;        /* the next child of its parent */
    uint32_t first_child; /* is always index + 1 */
    uint32_t children;
    uint32_t after;        /* the index behind all that is in it: index to after - 1 are it and what is in it */
    uint32_t fields;       /* how many header fields it has */
    uint64_t begin;        /* of its first octet: that of its header */
    uint64_t body;         /* of the first octet behind its header and the empty line */
    uint64_t end;          /* behind the last octet: the line end before a boundary belongs to the boundary */
    uint64_t header_lines; /* LFs from begin to body */
    uint64_t body_lines;   /* LFs from body to end */
    uint64_t first;        /* multipart: offset of the line of its first boundary; `end` if there is none: from body to
                              it is the preamble, with a line end that belongs to the boundary */
    uint64_t last;         /* multipart: offset behind the line of its last boundary, from where to end is the epilogue;
                              `end` if it was not closed */
    uint64_t defects;      /* set of all that is wrong with it: MAILPROTO_MIME_DEFECT_BIT */
    mailproto_text type;   /* "text", as written; the default where there is none */
    mailproto_text subtype;      /* "plain" */
    mailproto_text content_type; /* the value of the Content-Type field that counts; empty: there is none. For
                                    mime_content.h, that has its parameters */
} mailproto_mime_part;
MAILPROTO_API int32_t mailproto_mime_part_init(mailproto_mime_part *part, size_t size);

/* How many parts there are, the message itself being one. 0: tree is NULL, or has no message. */
MAILPROTO_API uint32_t mailproto_mime_tree_parts(const mailproto_mime_tree *tree);

/* Fills *part, which its _init function prepared. OK; ERR_ARG: NULL, or there is no such part. */
MAILPROTO_API int32_t mailproto_mime_tree_part(const mailproto_mime_tree *tree, uint32_t index,
                                               mailproto_mime_part *part);

/* The child `number` of a part, from 1 on; MAILPROTO_MIME_NO_PART: there is none. Takes as long as it has children before
   it. */
MAILPROTO_API uint32_t mailproto_mime_tree_child(const mailproto_mime_tree *tree, uint32_t index, uint32_t number);

/* ---- header fields ---- */

/* The field `n` of a part, from 0 on, in the order they stand there. Fills *field, which its _init function prepared.
   OK; ERR_ARG: NULL, or there is no such part; MAILPROTO_MIME_END: it has no such field. */
MAILPROTO_API int32_t mailproto_mime_tree_field(const mailproto_mime_tree *tree, uint32_t index, uint32_t n,
                                                mailproto_mime_field *field);

/* The first field of a part with a number (MAILPROTO_MIME_FIELD_SUBJECT), found without a search. Its position is
   written to *n, if that is not NULL: mailproto_mime_tree_next_field from there. OK; ERR_ARG: NULL, or there is no
   such part, or not such a number; MAILPROTO_MIME_END: it has no such field. */
MAILPROTO_API int32_t mailproto_mime_tree_find(const mailproto_mime_tree *tree, uint32_t index, uint32_t id,
                                               uint32_t *n, mailproto_mime_field *field);

/* The first field of a part from position *n on that has this name, in any case; *n is then its position. OK; ERR_ARG;
   MAILPROTO_MIME_END: there is none. */
MAILPROTO_API int32_t mailproto_mime_tree_next_field(const mailproto_mime_tree *tree, uint32_t index, const char *name,
                                                     size_t name_n, uint32_t *n, mailproto_mime_field *field);

/* ---- bodies ---- */

/* The octets of a part as they stand in the message: its header with the empty line, its body. Either may be NULL. OK;
   ERR_ARG. */
MAILPROTO_API int32_t mailproto_mime_tree_text(const mailproto_mime_tree *tree, uint32_t index, mailproto_text *header,
                                               mailproto_text *body);

/* Decodes the body of a part by its encoding, into the caller's buffer: *made is what was written. The raw body
   of n octets is never smaller than the decoded one, but for uuencode, whose lines may have lost their blanks: there it
   is at most 32 * n + 32. defects may be NULL; it gets the set of what the decoder met. OK; ERR_ARG; ERR_LIMIT: it does
   not fit, *made is what is needed. */
MAILPROTO_API int32_t mailproto_mime_tree_decode(const mailproto_mime_tree *tree, uint32_t index, void *out, size_t cap,
                                                 size_t *made, uint64_t *defects);

/* The same as a stream: a struct of the caller's. It holds pointers into the message, not to the tree. */
typedef struct mailproto_mime_stream {
    uint32_t struct_size;
    uint32_t encoding; /* MAILPROTO_MIME_ENCODING_...: _open sets it. It may be changed before the first _read */
    uint64_t defects;  /* set of what the decoder met; complete when _read gave MAILPROTO_MIME_END */
    /* its own */
    const uint8_t *at, *end;
    uint64_t state[160];
} mailproto_mime_stream;
MAILPROTO_API int32_t mailproto_mime_stream_init(mailproto_mime_stream *stream, size_t size);

/* Begins to read the decoded body of a part. stream was prepared by its _init function. OK; ERR_ARG. */
MAILPROTO_API int32_t mailproto_mime_tree_open(const mailproto_mime_tree *tree, uint32_t index,
                                               mailproto_mime_stream *stream);

/* Gives the next octets of it, *made of them, more than 0. cap is at least MAILPROTO_CODEC_ROOM. OK; MAILPROTO_MIME_END:
   there are no more; ERR_ARG: NULL, too little room. */
MAILPROTO_API int32_t mailproto_mime_stream_read(mailproto_mime_stream *stream, void *out, size_t cap, size_t *made);

/* ---- defects ---- */

/* Something that is wrong, where. */
typedef struct mailproto_mime_tree_defect {
    uint32_t struct_size;
    uint32_t part;
    uint32_t kind; /* MAILPROTO_MIME_DEFECT_... */
    uint32_t unused;
    uint64_t offset; /* of the octet that is meant */
} mailproto_mime_tree_defect;
MAILPROTO_API int32_t mailproto_mime_tree_defect_init(mailproto_mime_tree_defect *defect, size_t size);

/* How many defects there are: each kind counts once a part, with the first offset, in the order they were met. What is
   wrong inside of encoded bodies is not among them, for they are not decoded. */
MAILPROTO_API uint32_t mailproto_mime_tree_defects(const mailproto_mime_tree *tree);

/* Fills *defect, which its _init function prepared, with the n-th from 0 on. OK; ERR_ARG: NULL, or there is none. */
MAILPROTO_API int32_t mailproto_mime_tree_defect_at(const mailproto_mime_tree *tree, uint32_t n,
                                                    mailproto_mime_tree_defect *defect);

#ifdef __cplusplus
}
#endif
#endif
