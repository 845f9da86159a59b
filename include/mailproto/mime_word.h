/* mailproto/mime_word.h - text inside of header fields and names: encoded words, parameter values, mailbox names.
 *
 * RFC 2047, RFC 2231 section 4, RFC 3501 section 5.1.3. These are the codecs: where in a field an encoded word may stand,
 * how a field is folded and what a charset means is decided elsewhere. Nothing here allocates or keeps a pointer, and
 * every function may be called anywhere, also in callbacks, from any thread. `in` and `out` do not overlap. With
 * ERR_LIMIT *made is the room that is needed, and `out` may hold a part.
 */
#ifndef MAILPROTO_MIME_WORD_H
#define MAILPROTO_MIME_WORD_H

#include "mime_codec.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- encoded words: RFC 2047 ---- */

enum {
    MAILPROTO_WORD_LENGTH = 75, /* the most characters of a word, RFC 2047 section 2 */
    MAILPROTO_WORD_LEAST = 24   /* with so many every character of UTF-8 fits, in either encoding */
};

enum {
    MAILPROTO_WORD_B = 1,     /* encode as base64 */
    MAILPROTO_WORD_Q = 2,     /* as the Q encoding; with neither or both: whichever is shorter for this word */
    MAILPROTO_WORD_PHRASE = 4 /* for a phrase (a display name): Q leaves only letters, digits and !*+-/ as they are */
};

/* Writes one word, "=?UTF-8?B?...?=" or with Q, of as many whole characters of the UTF-8 text as fit into `most`
   characters (0, or more than 75: 75; at least 24). Call it again with the rest; between the words goes white space, which
   a reader drops. OK, and *took is more than 0 if n is; ERR_ARG: NULL, not UTF-8, or it holds CR, LF or NUL; ERR_LIMIT:
   cap is less than the word needs. */
MAILPROTO_API int32_t mailproto_word_encode(const void *in, size_t n, uint32_t flags, size_t most, size_t *took,
                                            char *out, size_t cap, size_t *made);

/* The parts of a word; all texts point into what was parsed. */
typedef struct mailproto_word {
    uint32_t struct_size;
    uint32_t encoding;       /* 'B' or 'Q' */
    mailproto_text charset;  /* as it is written; not empty */
    mailproto_text language; /* RFC 2231 section 5; empty if none is said */
    mailproto_text text;     /* encoded */
    size_t length;           /* octets of the whole word */
    uint32_t defects;        /* MAILPROTO_WORD_LONG, _SPACE, _EMPTY */
} mailproto_word;
MAILPROTO_API int32_t mailproto_word_init(mailproto_word *word, size_t size);

/* What a reader forgives, as bits of mailproto_word.defects. */
enum {
    MAILPROTO_WORD_LONG = 1,  /* more than 75 characters */
    MAILPROTO_WORD_SPACE = 2, /* a space or tab in the encoded text */
    MAILPROTO_WORD_EMPTY = 4  /* no encoded text at all */
};

/* Finds the word that the n octets at `in` begin with. OK; ERR_ARG: NULL, or they begin with none: no "=?", no charset,
   an encoding other than B and Q, a line end or another control in it, no "?=". */
MAILPROTO_API int32_t mailproto_word_parse(const void *in, size_t n, mailproto_word *word);

/* Decodes the text of a word to octets of its charset, never more than are encoded. What is wrong with the encoding is
   put right as the decoders of mime_codec.h do, and noted in report, which may be NULL. OK; ERR_ARG: NULL, or no word
   that was parsed; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_word_decode(const mailproto_word *word, void *out, size_t cap, size_t *made,
                                            mailproto_codec_report *report);

/* ---- values of extended parameters: RFC 2231 section 4 ---- */

/* Percent-encodes as many whole characters of the UTF-8 text as fit into `most` characters (0: no limit): what may not
   stand for itself becomes "%" and two digits. Octets that are no UTF-8 are taken one at a time. The charset and language
   that go before the first section are not written. OK, and *took is more than 0 if n is and most is 0 or at least 12;
   ERR_ARG: NULL, or NUL, CR or LF in it; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_parameter_value_encode(const void *in, size_t n, size_t most, size_t *took, char *out,
                                                       size_t cap, size_t *made);

/* Takes "charset'language'rest" apart; the texts point into `in`, charset and language may be empty. OK; ERR_ARG: NULL,
   or there are not two "'": then *rest is the whole and the others are empty. */
MAILPROTO_API int32_t mailproto_parameter_value_split(const void *in, size_t n, mailproto_text *charset,
                                                      mailproto_text *language, mailproto_text *rest);

/* Decodes to octets, never more than n. A "%" without two digits is kept, and noted as ESCAPE in report, which may be
   NULL. OK; ERR_ARG: NULL, or a report that was not prepared; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_parameter_value_decode(const void *in, size_t n, void *out, size_t cap, size_t *made,
                                                       mailproto_codec_report *report);

/* ---- names of mailboxes in modified UTF-7: RFC 3501 section 5.1.3 ---- */

/* UTF-8 to modified UTF-7. OK; ERR_ARG: NULL, not UTF-8, or a NUL in it; ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_utf7_encode(const void *in, size_t n, char *out, size_t cap, size_t *made);

/* Modified UTF-7 to UTF-8, strictly: only the one form that the encoder writes is taken, so that no two names are the
   same mailbox. OK; ERR_ARG: NULL, or not in that form (8-bit and control octets, a shift that is not ended, is empty,
   follows another, holds what needs none, a lone surrogate or bits that are left); ERR_LIMIT: it does not fit. */
MAILPROTO_API int32_t mailproto_utf7_decode(const void *in, size_t n, char *out, size_t cap, size_t *made);

#ifdef __cplusplus
}
#endif
#endif
