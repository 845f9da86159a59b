/* base64.h - base64 in one piece, for SASL tokens: strict both ways.
 * RFC 4648 sections 3.5 and 4. */
#ifndef MP_MIME_BASE64_H
#define MP_MIME_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* The characters that n octets become, or SIZE_MAX when that is no size. */
size_t mp_base64_encoded_size(size_t n);

/* Writes mp_base64_encoded_size(n) characters to out, no NUL, and gives how many. out and data do not overlap. */
size_t mp_base64_encode(char *out, const void *data, size_t n);

/* The most octets that n characters can become. */
size_t mp_base64_decoded_max(size_t n);

/* Decodes whole text: groups of four, padding where it belongs and nowhere else, unused bits zero, nothing outside of
   the alphabet. out may be text: decoding in place is fine. Gives 0 and *len; -1 when it is not base64 or the octets
   exceed cap (out may then hold some of them). */
int mp_base64_decode(void *out, size_t cap, const char *text, size_t n, size_t *len);

#endif
