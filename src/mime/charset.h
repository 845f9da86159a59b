/* charset.h - what the decoders of charsets share: which there are, what stands in the state of one.
 * RFC 2978, RFC 3629, RFC 2781, RFC 2152. */
#ifndef MP_MIME_CHARSET_H
#define MP_MIME_CHARSET_H

#include "mailproto/mime_charset.h"

#include "mime/codec.h"

/* mailproto_charset_decoder.kind */
enum {
    MP_CHARSET_RAW, /* unknown: as it is */
    MP_CHARSET_UTF8,
    MP_CHARSET_GUESS, /* UTF-8 until it cannot be, then windows-1252 */
    MP_CHARSET_SINGLE,
    MP_CHARSET_UTF16,
    MP_CHARSET_UTF32,
    MP_CHARSET_UTF7,
    MP_CHARSET_PROVIDED,
    MP_CHARSET_ASCII /* of a name only: it is guessed, and what is above 127 is counted */
};

/* mailproto_charset_decoder.state */
enum {
    MP_CHARSET_OPEN = 1,
    MP_CHARSET_ENDING = 2,
    MP_CHARSET_SPENT = 4,
    MP_CHARSET_BIG = 8, /* order of octets */
    MP_CHARSET_LITTLE = 16,
    MP_CHARSET_SHIFTED = 32, /* UTF-7: between "+" and its end */
    MP_CHARSET_EMPTY = 64,   /* and nothing was there yet */
    MP_CHARSET_COUNTED = 128 /* octets above 127 are counted as they come, and so not again */
};

enum {
    MP_CHARSET_WINDOWS_1252 = 17,
    MP_CHARSET_WINDOWS_874 = 24
}; /* numbers of tables: 1 + place in unicode_table.c */

/* U+FFFD in UTF-8, and the room that a step may need. */
enum { MP_CHARSET_MARK = 3, MP_CHARSET_ROOM = MAILPROTO_CODEC_ROOM };

/* What a name means. */
typedef struct mp_charset_entry {
    const char *name;  /* preferred */
    const char *names; /* others, with a space between: letters and digits only, in lower case */
    uint8_t kind;
    uint8_t number;      /* SINGLE: of the table; UTF16, UTF32: order of octets, 0 is to be seen */
    const char *provide; /* PROVIDED: what the provider is asked for */
} mp_charset_entry;

enum { MP_CHARSET_KNOWN, MP_CHARSET_UNDECLARED, MP_CHARSET_UNKNOWN };

/* KNOWN: *entry; UNDECLARED: there is nothing in the name, or it says that the charset is not known. */
uint32_t mp_charset_look_up(const char *name, size_t n, const mp_charset_entry **entry);

/* The characters of 128 to 255 of a single-octet charset; 0 is ISO-8859-1. */
void mp_charset_fill(uint16_t table[128], uint32_t number);

/* How many of the n octets, from the first, are ASCII. They are copied to `out`. */
size_t mp_charset_copy_ascii(uint8_t *out, const uint8_t *in, size_t n);

/* Whether the n octets are UTF-8: as mp_utf8_valid, faster. */
int mp_charset_is_utf8(const uint8_t *in, size_t n);

/* Counts what is wrong. */
void mp_charset_note(mailproto_charset_decoder *d, uint64_t offset, uint64_t count);

/* Notes that something at an offset is wrong, and puts U+FFFD: 3 octets of room are there. */
void mp_charset_invalid(mailproto_charset_decoder *d, mp_codec_io *io, uint64_t offset);

/* It is no UTF-8 from here on, but windows-1252: so is what was held, up to 3 octets before the offset. There is room. */
void mp_charset_give_up_utf8(mailproto_charset_decoder *d, mp_codec_io *io, uint64_t offset);

/* Take what there is, while there is room for a step. */
void mp_charset_take_utf8(mailproto_charset_decoder *d, mp_codec_io *io);
void mp_charset_take_utf16(mailproto_charset_decoder *d, mp_codec_io *io);
void mp_charset_take_utf32(mailproto_charset_decoder *d, mp_codec_io *io);
void mp_charset_take_utf7(mailproto_charset_decoder *d, mp_codec_io *io);
int32_t mp_charset_take_provided(mailproto_charset_decoder *d, mp_codec_io *io);

/* A unit of UTF-16 that was read at an offset; and the end of them: 6 octets of room, 3. */
void mp_charset_put_unit(mailproto_charset_decoder *d, mp_codec_io *io, uint32_t unit, uint64_t at);
void mp_charset_end_units(mailproto_charset_decoder *d, mp_codec_io *io);

/* Give what is not complete; there is room for a step. */
void mp_charset_end_utf16(mailproto_charset_decoder *d, mp_codec_io *io);
void mp_charset_end_utf32(mailproto_charset_decoder *d, mp_codec_io *io);
void mp_charset_end_utf7(mailproto_charset_decoder *d, mp_codec_io *io);
/* OK: that was all; MORE: again */
int32_t mp_charset_end_provided(mailproto_charset_decoder *d, mp_codec_io *io);

#endif
