/* UTF-8: characters, and whether text is valid.
   RFC 3629 sections 3 and 4. */
#ifndef MP_CORE_UTF8_H
#define MP_CORE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Whether the n octets at p are whole characters: no overlong form, no surrogate, nothing above
   U+10FFFF. Empty text is valid. */
int mp_utf8_valid(const uint8_t *p, size_t n);

/* The character that the n octets at p begin with, n > 0: its length, or 0 if it is not a valid one. */
size_t mp_utf8_read(const uint8_t *p, size_t n, uint32_t *character);

#endif
