/* What unicode_table.c holds: stages of properties, cases and normal forms, and the charsets of single octets.
   RFC 5892, RFC 4013, RFC 5051. unicode.h is the way to ask; tools/unicode_table writes the numbers. */
#ifndef MP_CORE_UNICODE_TABLE_H
#define MP_CORE_UNICODE_TABLE_H

#include <stdint.h>

/* Charsets of single octets: each is the one that `bases` names (0: ISO-8859-1, else 1 + its place) with other runs, of
   two numbers: (first octet - 128) << 8 | how many, and the first character; U+FFFD does not count up. */
enum { MP_CHARSETS = 32 };
extern const uint16_t mp_charset_runs[], mp_charset_places[MP_CHARSETS + 1];
extern const uint8_t mp_charset_bases[MP_CHARSETS];

#ifndef MAILPROTO_NO_UNICODE

extern const char mp_unicode_version[];

/* Stages: leaf[middle[top[c >> low + high] << high | ...] << low | ...]; `shifts` are low and high. */
extern const uint8_t mp_unicode_property_shifts[2], mp_unicode_case_shifts[2], mp_unicode_decomposition_shifts[2];

/* The record of a character: its combining class, its bits (see unicode.h), its direction for SASLprep. */
extern const uint8_t mp_unicode_property_top[], mp_unicode_property_leaf[];
extern const uint16_t mp_unicode_property_middle[];
extern const uint8_t mp_unicode_combining[], mp_unicode_direction[];
extern const uint16_t mp_unicode_bits[];

/* How far it is to the lower case, the title case and the folded form, if that is one character; and the forms of more
   than one: of four numbers, the character and up to three it becomes, in order. */
extern const uint8_t mp_unicode_case_top[], mp_unicode_case_middle[], mp_unicode_case_leaf[];
extern const int32_t mp_unicode_case[];
extern const uint16_t mp_unicode_folds, mp_unicode_fold[];

/* Decompositions, one step: place in `units` << 3 | how many of UTF-16 (0: the first of them says so); those before
   `canonical` are canonical. And the characters that two others become, in the order of these. */
extern const uint8_t mp_unicode_decomposition_top[];
extern const uint16_t mp_unicode_decomposition_middle[], mp_unicode_decomposition_leaf[];
extern const uint16_t mp_unicode_canonical, mp_unicode_units[];
extern const uint16_t mp_unicode_compositions, mp_unicode_compositions_low, mp_unicode_composed[];

#endif

#endif
