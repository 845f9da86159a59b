/* view.h - what the parts of the view share.
 * RFC 8621 section 4.1.4. */
#ifndef MP_MIME_VIEW_H
#define MP_MIME_VIEW_H

#include "mailproto/mime_view.h"

/* MAILPROTO_MIME_VIEW_IS_PLAIN, _IS_HTML, or 0: by what the type of a part means. */
uint32_t mp_view_type(const mailproto_mime_part *part);

/* What a reference to a character, without "&" and ";", stands for: one character. 0: it is none. ends: a ";" is there. */
uint32_t mp_html_reference(const uint8_t *name, size_t n, int ends);

#endif
