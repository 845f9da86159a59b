/* bench_mime_dovecot.h - what Dovecot's library makes of a message: its texts for IMAP, and its leaves decoded.
 * RFC 2045, RFC 9051 section 7.5.2. The library is opened at run time, as bench_mime.py says. */
#ifndef BENCH_MIME_DOVECOT_H
#define BENCH_MIME_DOVECOT_H

#include "mime_text.h"

/* Looks for the functions in the library: for opened(). */
void open_dovecot(void *library);

/* Parses the message, writes its ENVELOPE and BODYSTRUCTURE; gives their octets. Dies if not all leaves are in them. */
size_t dovecot_imap(const struct text *t);

/* Parses the message and decodes what has no parts. Gives the octets that these became. */
size_t dovecot_decode(const struct text *t);

#endif
