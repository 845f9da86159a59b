/* idna_label.h - one label of a domain name, in characters: mapped, valid, in its context.
 * RFC 5891 section 4.2, RFC 5892 appendix A, RFC 5893 section 2, RFC 5895 section 2. Not in builds without the table. */
#ifndef MP_MIME_IDNA_LABEL_H
#define MP_MIME_IDNA_LABEL_H

#include <stddef.h>
#include <stdint.h>

/* The most characters of a label that is not ASCII, and the octets of one that is to be mapped: longer ones are refused. */
enum { MP_IDNA_CHARACTERS = 64, MP_IDNA_OCTETS = 512 };

/* What a label says of the direction of text. */
enum {
    MP_IDNA_RIGHT_TO_LEFT = 1, /* there is a character of a right-to-left script */
    MP_IDNA_AGAINST_RULE = 2   /* it breaks the rule that names with such characters must keep */
};

/* Maps UTF-8: lower case, full and half width forms, NFC. OK; ERR_ARG: no UTF-8, or more than 64 characters. */
int32_t mp_idna_map(const uint8_t *in, size_t n, uint32_t c[MP_IDNA_CHARACTERS], size_t *made);

/* UTF-8 as it is. OK; ERR_ARG: as above, or it is not in NFC. */
int32_t mp_idna_read(const uint8_t *in, size_t n, uint32_t c[MP_IDNA_CHARACTERS], size_t *made);

/* Whether a label with characters above 127 is valid but for the direction of text, which mp_idna_direction tells. */
int mp_idna_is_valid(const uint32_t *c, size_t n);
uint32_t mp_idna_direction(const uint32_t *c, size_t n);

#endif
