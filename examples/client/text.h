/* text.h - text of others made fit to be shown or put in JSON: no control characters, valid UTF-8 (RFC 3629).
 * What a server says goes to a terminal; an escape sequence in it must not. */
#ifndef MAILPROTO_CLIENT_TEXT_H
#define MAILPROTO_CLIENT_TEXT_H

#include <mailproto/base.h>
#include <stdio.h>

/* Octets of the UTF-8 character at p, or 0 if there is none that is valid. n > 0. */
size_t text_utf8(const char *p, size_t n);

/* Writes it, '?' for what a terminal must not see, " | " for line ends. */
void text_show(FILE *out, const char *p, size_t n);

/* A copy that ends with NUL, or NULL without memory. */
char *text_copy(mailproto_text text);

/* What a C string is to the library; NULL is empty. */
mailproto_text text_of(const char *s);

/* The host of "192.0.2.1:25" or "[2001:db8::1]:25", without brackets. */
mailproto_text text_host(mailproto_text address);

/* For "%.*s". */
#define TEXT(text) (int)(text).len, (text).ptr

#endif
