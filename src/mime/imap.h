/* imap.h - what the writers of IMAP text share: an output that counts what does not fit, strings, the envelope.
 * RFC 3501 sections 4.3 and 9; RFC 9051 section 9. */
#ifndef MP_MIME_IMAP_H
#define MP_MIME_IMAP_H

#include <string.h>

#include "mailproto/mime_imap.h"
#include "mime/tree.h"

/* Text in the making; what does not fit is counted only. */
typedef struct mp_imap_out {
    uint8_t *out;
    size_t cap, made;
    uint32_t flags; /* MAILPROTO_MIME_IMAP_... */
} mp_imap_out;

/* n is not 0. */
void mp_imap_put(mp_imap_out *o, const void *p, size_t n);
#define MP_IMAP_PUT(o, literal) mp_imap_put(o, literal, sizeof(literal) - 1)

void mp_imap_number(mp_imap_out *o, uint64_t number);

/* What is left out of a text, but for line ends and NUL. */
enum {
    MP_IMAP_UNESCAPE = 1, /* backslashes before a quote or backslash */
    MP_IMAP_NO_BLANKS = 2 /* blanks */
};

/* The text as a string: quoted, or a literal where it must be. */
void mp_imap_string(mp_imap_out *o, const uint8_t *p, size_t n, uint32_t how);

static inline void mp_imap_text(mp_imap_out *o, const mailproto_text *text)
{
    mp_imap_string(o, (const uint8_t *)text->ptr, text->len, 0);
}

static inline int mp_imap_has(const mp_tree_part *part, uint32_t id)
{
    return (part->present >> id & 1) != 0;
}

/* Where in its part the first field of a number stands, which is there. */
uint32_t mp_imap_first(const mailproto_mime_tree *tree, const mp_tree_part *part, uint32_t id);

/* The value of the first field of a number; empty: it is not there. */
mailproto_text mp_imap_value(const mailproto_mime_tree *tree, const mp_tree_part *part, uint32_t id);

/* The value of a field as a string, without blanks at its ends, or NIL: it is not there. */
void mp_imap_field(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part, uint32_t id,
                   uint32_t how);

void mp_imap_envelope(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part);

/* What the call answers. */
static inline int32_t mp_imap_done(const mp_imap_out *o, size_t *made)
{
    *made = o->made;
    return o->made > o->cap ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK;
}

#endif
