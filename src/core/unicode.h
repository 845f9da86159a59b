/* Characters of Unicode: properties, cases, normal forms.
   RFC 5892 (IDNA), RFC 4013 (SASLprep), RFC 5051 (i;unicode-casemap); Unicode annex 15. Not in builds without the table. */
#ifndef MP_CORE_UNICODE_H
#define MP_CORE_UNICODE_H

#include <stddef.h>
#include <stdint.h>

/* Any number may be asked: above U+10FFFF is what is never assigned. The numbers are those of tools/unicode_table. */

/* The derived property, RFC 5892 section 3. */
enum { MP_IDNA_DISALLOWED, MP_IDNA_PVALID, MP_IDNA_CONTEXTJ, MP_IDNA_CONTEXTO, MP_IDNA_UNASSIGNED };
/* RFC 5893 section 1.4; 0: another, or the character is in no label. */
enum {
    MP_BIDI_OTHER,
    MP_BIDI_L,
    MP_BIDI_R,
    MP_BIDI_AL,
    MP_BIDI_AN,
    MP_BIDI_EN,
    MP_BIDI_ES,
    MP_BIDI_CS,
    MP_BIDI_ET,
    MP_BIDI_ON,
    MP_BIDI_BN,
    MP_BIDI_NSM
};
/* RFC 5892 appendix A.1. */
enum { MP_JOINING_NONE, MP_JOINING_LEFT, MP_JOINING_RIGHT, MP_JOINING_DUAL, MP_JOINING_TRANSPARENT };
/* RFC 5892 appendix A.4 to A.7; EASTERN: Hiragana, Katakana or Han. */
enum { MP_SCRIPT_OTHER, MP_SCRIPT_GREEK, MP_SCRIPT_HEBREW, MP_SCRIPT_EASTERN };
/* What SASLprep does with it, RFC 4013 section 2, by Unicode 3.2. */
enum { MP_SASL_KEEP, MP_SASL_NOTHING, MP_SASL_SPACE, MP_SASL_PROHIBITED, MP_SASL_UNASSIGNED };
/* RFC 3454 tables D.1 and D.2. */
enum { MP_DIRECTION_OTHER, MP_DIRECTION_RANDAL, MP_DIRECTION_L };

typedef struct mp_unicode_properties {
    uint8_t combining; /* the canonical combining class; 9 is a virama */
    uint8_t idna, bidi, joining, script, sasl, direction;
    uint8_t mark; /* it belongs to the character before it (general category M) */
} mp_unicode_properties;
mp_unicode_properties mp_unicode_of(uint32_t c);
uint8_t mp_unicode_combining_class(uint32_t c);

/* The character that is the lower or title case; the same one if there is none, or if it is more than one. */
uint32_t mp_unicode_lower(uint32_t c);
uint32_t mp_unicode_title(uint32_t c);

/* Full case folding: 1 to 3 characters to `out`; how many. */
size_t mp_unicode_folded(uint32_t c, uint32_t out[3]);

/* The whole decomposition, canonical or also of compatibility, not put in order: how many characters. */
enum { MP_UNICODE_DECOMPOSED = 18 };
size_t mp_unicode_decompose(uint32_t c, int compatibility, uint32_t out[MP_UNICODE_DECOMPOSED]);

/* The character that two others become; 0: they do not. */
uint32_t mp_unicode_compose(uint32_t first, uint32_t second);

/* Normal forms of UTF-8. OK; ERR_ARG: it is none, or more than 126 marks stand upon one character; ERR_LIMIT: *made is
   the room that is needed. `in` and `out` do not overlap. */
enum { MP_NORMAL_COMPATIBILITY = 1, MP_NORMAL_DECOMPOSED = 2 };
enum { MP_NFC = 0, MP_NFKC = MP_NORMAL_COMPATIBILITY, MP_NFD = MP_NORMAL_DECOMPOSED, MP_NFKD = 3 };
int32_t mp_unicode_normalize(uint32_t form, const uint8_t *in, size_t n, uint8_t *out, size_t cap, size_t *made);

/* The same of characters, one at a time: `form`, `put` and `user` are set, the rest is 0. `put` gets what is made. */
enum { MP_UNICODE_MARKS = 126 };
typedef struct mp_unicode_normalizer {
    uint32_t form;
    void (*put)(void *user, uint32_t c);
    void *user;
    /* a character of class 0, perhaps, and the marks behind it, in order of their classes */
    size_t n;
    uint32_t c[MP_UNICODE_MARKS + 1];
    uint8_t combining[MP_UNICODE_MARKS + 1];
} mp_unicode_normalizer;
/* OK; ERR_ARG: more marks than that. */
int32_t mp_unicode_normalizer_take(mp_unicode_normalizer *normalizer, uint32_t c);
void mp_unicode_normalizer_end(mp_unicode_normalizer *normalizer);

#endif
