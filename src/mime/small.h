/* small.h - what the codecs of short texts share: an output that counts what does not fit, characters of UTF-8.
 * RFC 3629 section 3. */
#ifndef MP_MIME_SMALL_H
#define MP_MIME_SMALL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mailproto/base.h"

/* Octets that are put; those past cap are counted only. */
typedef struct mp_small_out {
    uint8_t *out;
    size_t cap, made;
} mp_small_out;

static inline void mp_small_put(mp_small_out *o, uint32_t octet)
{
    if (o->made < o->cap)
        o->out[o->made] = (uint8_t)octet;
    o->made++;
}

static inline void mp_small_put_hex(mp_small_out *o, uint32_t mark, uint32_t octet)
{
    static const char digits[] = "0123456789ABCDEF";

    mp_small_put(o, mark);
    mp_small_put(o, (uint8_t)digits[octet >> 4 & 15]);
    mp_small_put(o, (uint8_t)digits[octet & 15]);
}

/* Whether the octet, not NUL, is one of these. */
static inline int mp_small_is_of(const char *set, size_t octets, uint32_t octet)
{
    return memchr(set, (int)octet, octets) != NULL;
}
#define MP_IS_OF(set, octet) mp_small_is_of(set, sizeof(set) - 1, octet)

/* What the call answers when all was put. */
static inline int32_t mp_small_done(const mp_small_out *o, size_t *made)
{
    *made = o->made;
    return o->made > o->cap ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK;
}

/* Octets of the character at p, n > 0 of them being there: by its first one, of text that is known to be UTF-8. */
static inline size_t mp_small_character(const uint8_t *p, size_t n)
{
    size_t octets = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    return octets < n ? octets : n;
}

#endif
