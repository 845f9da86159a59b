/* mailproto/mime_imap.h - a message as IMAP shows it: ENVELOPE, BODY, BODYSTRUCTURE, sections, RFC 3501 7.4.2 and 9051 7.5.2.
 *
 * All of it is made from a tree (mime_tree.h) and nothing is allocated. Sizes are those of the octets as they were given
 * to the tree: IMAP wants lines that end with CRLF, which is for the store to see to. What is in a header can never make the
 * text invalid: whatever a field holds, the text is what the grammar of RFC 3501 section 9 allows. The rules for
 * messages that are not as they should be are in docs/design/mime.md, "IMAP".
 *
 * Every function may be called anywhere, also in callbacks; of one tree from several threads at once.
 */
#ifndef MAILPROTO_MIME_IMAP_H
#define MAILPROTO_MIME_IMAP_H

#include "mime_tree.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- ENVELOPE, BODY, BODYSTRUCTURE ---- */

enum {
    MAILPROTO_MIME_IMAP_REV2 =
        1 /* for a client that enabled IMAP4rev2 or UTF8=ACCEPT: UTF-8 stands in quoted strings, and
                                    message/global is shown as message/rfc822 is (RFC 9051 9). Else text above 127 is in
                                    literals, and message/global is a part without parts */
};

/* Writes the envelope of a message, with its "()": of the message itself (index 0), or of one that is in it, whose index
   is that of the child of a message/rfc822. flags are MAILPROTO_MIME_IMAP_... Nothing is decoded. OK; ERR_ARG: NULL, no
   such part, or unknown flags; ERR_LIMIT: it does not fit, *made is the room it takes and `out` may hold a part of it.
   With out NULL and cap 0 it only measures. RFC 3501 7.4.2, RFC 9051 7.5.2. */
MAILPROTO_API int32_t mailproto_mime_imap_envelope(const mailproto_mime_tree *tree, uint32_t index, uint32_t flags,
                                                   char *out, size_t cap, size_t *made);

/* Writes the structure of the message without extension data: what BODY answers. OK; ERR_ARG: NULL, the tree has no message,
   or unknown flags; ERR_LIMIT: it does not fit, as above. RFC 3501 7.4.2. */
MAILPROTO_API int32_t mailproto_mime_imap_body(const mailproto_mime_tree *tree, uint32_t flags, char *out, size_t cap,
                                               size_t *made);

/* The same with extension data: MD5, disposition, language and location of every part, parameters of multiparts: what
   BODYSTRUCTURE answers. OK; ERR_ARG; ERR_LIMIT: it does not fit, as above. RFC 3501 7.4.2. */
MAILPROTO_API int32_t mailproto_mime_imap_bodystructure(const mailproto_mime_tree *tree, uint32_t flags, char *out,
                                                        size_t cap, size_t *made);

/* ---- BODY[section] ---- */

/* What a section names: mailproto_mime_imap_section.what */
enum {
    MAILPROTO_MIME_IMAP_WHOLE = 0,  /* "": the message */
    MAILPROTO_MIME_IMAP_PART = 1,   /* "1.2": the body of a part */
    MAILPROTO_MIME_IMAP_HEADER = 2, /* "HEADER", "1.2.HEADER" */
    MAILPROTO_MIME_IMAP_TEXT = 3,   /* "TEXT", "1.2.TEXT" */
    MAILPROTO_MIME_IMAP_MIME = 4,   /* "1.2.MIME" */
    MAILPROTO_MIME_IMAP_FIELDS = 5, /* "HEADER.FIELDS (From To)" */
    MAILPROTO_MIME_IMAP_FIELDS_NOT = 6
};

/* A section of a message, and a reader of its octets. It holds pointers to the tree, its message and the section's text,
   which must live as long as it is used. It may be copied. */
typedef struct mailproto_mime_imap_section {
    uint32_t struct_size;
    uint32_t what; /* MAILPROTO_MIME_IMAP_WHOLE ... */
    uint32_t part; /* index of the part: of HEADER, TEXT and FIELDS that of the message they are of; NO_PART: the
                             empty part of a multipart without parts */
    uint32_t zero;
    uint64_t begin, end;  /* where it is in the message; of FIELDS, where the header is */
    uint64_t octets;      /* of what _next gives in all */
    uint64_t lines;       /* LFs in it */
    mailproto_text names; /* FIELDS: the names, as they stand in the "()" */
    /* its own from here on */
    const mailproto_mime_tree *tree;
    uint64_t ids, others; /* FIELDS: numbers of the names; a filter of the names that have none */
    uint32_t at, tail;
} mailproto_mime_imap_section;

/* Resolves a section: the n octets that stand between "[" and "]" in BODY[...], in any case; names may be atoms, quoted
   strings and literals. OK: the struct is ready for _next; MAILPROTO_MIME_END: the message has no such part; ERR_PROTOCOL:
   it is no section; ERR_ARG: NULL, size is too small, or the tree has no message. RFC 3501 6.4.5. */
MAILPROTO_API int32_t mailproto_mime_imap_section_init(mailproto_mime_imap_section *section, size_t size,
                                                       const mailproto_mime_tree *tree, const void *text, size_t n);

/* The next octets of it, never none: all in one piece, but of FIELDS, where it is those fields that stand together, and at the
   end an empty line, which is not of the message but static. OK; MAILPROTO_MIME_END; ERR_ARG: NULL, or a struct that
   was not prepared. */
MAILPROTO_API int32_t mailproto_mime_imap_section_next(mailproto_mime_imap_section *section, mailproto_text *piece);

/* Copies the octets from `offset` on, at most cap of them, for BODY[section]<offset.cap>: *made is how many there were, 0
   if offset is at the end or behind it. What _next gives is not changed. OK; ERR_ARG: NULL, or a struct that was not
   prepared. RFC 3501 6.4.5. */
MAILPROTO_API int32_t mailproto_mime_imap_section_copy(const mailproto_mime_imap_section *section, uint64_t offset,
                                                       void *out, size_t cap, size_t *made);

/* Writes the section that names the body of a part: "1.2"; of a message that is a multipart, which has no number of its
   own, "TEXT" or "1.2.TEXT". OK; ERR_ARG: NULL, or there is no such part; ERR_LIMIT: it does not fit, *made is the room
   it takes. With out NULL and cap 0 it only measures. */
MAILPROTO_API int32_t mailproto_mime_imap_section_name(const mailproto_mime_tree *tree, uint32_t index, char *out,
                                                       size_t cap, size_t *made);

/* ---- BINARY[section]: RFC 3516, RFC 9051 6.4.5 ---- */

/* Begins to read the decoded octets of a section that is WHOLE or a PART; of those that are no leaf, they are the octets
   as they stand. stream was prepared by its _init function. OK; ERR_UNSUPPORTED: the encoding is unknown (the answer is
   NO [UNKNOWN-CTE]); ERR_ARG: NULL, a struct that was not prepared, or another section. */
MAILPROTO_API int32_t mailproto_mime_imap_binary_open(const mailproto_mime_imap_section *section,
                                                      mailproto_mime_stream *stream);

/* How many octets that gives: BINARY.SIZE[section]. An encoded body is decoded for it. Answers as _open does. */
MAILPROTO_API int32_t mailproto_mime_imap_binary_size(const mailproto_mime_imap_section *section, uint64_t *octets);

#ifdef __cplusplus
}
#endif
#endif
