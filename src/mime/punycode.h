/* punycode.h - the ASCII form of a label, without its "xn--".
 * RFC 3492. */
#ifndef MP_MIME_PUNYCODE_H
#define MP_MIME_PUNYCODE_H

#include <stddef.h>
#include <stdint.h>

/* Characters to ASCII: how many octets, of which cap are written; 0 with n > 0: numbers overflow. */
size_t mp_punycode_encode(const uint32_t *c, size_t n, char *out, size_t cap);

/* ASCII, of either case, to characters. OK; ERR_ARG: it is none; ERR_LIMIT: more than cap. */
int32_t mp_punycode_decode(const char *in, size_t n, uint32_t *out, size_t cap, size_t *made);

#endif
