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

/* Writes a character, which is none of the surrogates and at most U+10FFFF: how many octets, 4 at most. */
static inline size_t mp_utf8_write(uint8_t *out, uint32_t character)
{
    size_t n = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

    if (n == 1) {
        out[0] = (uint8_t)character;
        return 1;
    }
    for (size_t i = n - 1; i; i--, character >>= 6)
        out[i] = (uint8_t)(0x80 | (character & 63));
    out[0] = (uint8_t)(0xf00u >> n | character);
    return n;
}

#endif
