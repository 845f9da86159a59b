/* address_literal.h - judges the inside of a domain literal.
 * RFC 5321 section 4.1.3; RFC 4291 section 2.2. */
#ifndef MP_MIME_ADDRESS_LITERAL_H
#define MP_MIME_ADDRESS_LITERAL_H

#include <stddef.h>
#include <stdint.h>

/* The verdict, of MAILPROTO_MIME_VERDICT_TABLE, on what stands in the "[]". */
uint32_t mp_address_literal_check(const uint8_t *p, size_t n);

#endif
