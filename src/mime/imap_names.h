/* imap_names.h - the names in HEADER.FIELDS (...): what a section has to do with them.
 * RFC 3501 section 6.4.5. */
#ifndef MP_MIME_IMAP_NAMES_H
#define MP_MIME_IMAP_NAMES_H

#include "mime/imap.h"

/* Reads s->names, which is what stands behind the "(", with the ")" that ends it. OK; ERR_PROTOCOL. */
int32_t mp_imap_names_read(mailproto_mime_imap_section *s);

/* Counts octets and lines of all fields that are meant, and of the empty line. */
void mp_imap_names_count(mailproto_mime_imap_section *s);

/* The next fields that stand together, at the end the empty line. OK; MAILPROTO_MIME_END. */
int32_t mp_imap_names_next(mailproto_mime_imap_section *s, mailproto_text *piece);

#endif
