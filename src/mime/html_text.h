/* html_text.h - what the reader of HTML and what its tags do to the text share.
 * HTML 4.01; include/mailproto/mime_view.h. */
#ifndef MP_MIME_HTML_TEXT_H
#define MP_MIME_HTML_TEXT_H

#include "mailproto/mime_view.h"

/* Puts an octet of text, with the line breaks, marks or the space that wait before it. */
void mp_html_put(mailproto_html_text *h, uint8_t octet);

/* White space: a space, unless a line begins or ends there; in <pre> what it is. */
void mp_html_white(mailproto_html_text *h, uint8_t octet);

/* A tag is whole: h->name, h->closing, h->href are those of it. */
void mp_html_tag(mailproto_html_text *h);

/* The text of a link ends. */
void mp_html_link_end(mailproto_html_text *h);

#endif
