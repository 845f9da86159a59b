/* Finds how far message text may cross unchanged: line ends, leading dots, NUL, line length.
   RFC 5321 sections 2.3.8, 4.1.1.4, 4.5.2 and 4.5.3.1.6; RFC 1939 section 3. */
#ifndef MP_CORE_TEXT_SCAN_H
#define MP_CORE_TEXT_SCAN_H

#include <stddef.h>
#include <stdint.h>

enum mp_text_scan_flags {
    MP_TEXT_NO_NUL = 1,  /* stop at NUL: it needs BINARYMIME (RFC 3030, 3) */
    MP_TEXT_ANY_DOT = 2, /* a dot may stand first in a line: no stuffing here (BDAT, literals) */
    MP_TEXT_7BIT = 4     /* stop at octets above 127: they need 8BITMIME (RFC 6152) */
};

/* How many of the n octets at p are clean, so that they may cross unchanged: each CR is followed by
   LF, each LF preceded by CR, no dot stands first in a line, no octet that the flags forbid, and no
   line, its CRLF not counted, is longer than max_line (SIZE_MAX: no limit).

   *column is how many octets of the current line lie before p: 0 says that p begins a line. On
   return it is the same for p + result. When the line is too long, result is the first octet that
   exceeds it and *column is max_line. A line that is too long already (*column above max_line)
   may still end.

   A CR in the last octet is not clean, for what follows it is not known: the caller holds it back
   and presents it again with the octet behind it. So the octet before p is never a CR. */
typedef size_t (*mp_text_scan_fn)(const uint8_t *p, size_t n, size_t max_line, uint32_t flags, size_t *column);

size_t mp_text_scan(const uint8_t *p, size_t n, size_t max_line, uint32_t flags, size_t *column);

/* The definition, an octet at a time: every other version gives exactly what this one gives. */
size_t mp_text_scan_scalar(const uint8_t *p, size_t n, size_t max_line, uint32_t flags, size_t *column);

/* The version that mp_text_scan takes on this processor, for a caller that keeps it. */
mp_text_scan_fn mp_text_scan_choose(void);

/* The versions that this processor can run, slowest first, for tests and measurements;
   NULL when index is past the last. */
mp_text_scan_fn mp_text_scan_version(size_t index, const char **name);

#endif
