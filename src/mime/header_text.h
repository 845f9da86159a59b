/* header_text.h - pieces of a field become UTF-8 text, one behind the other.
 * RFC 2047 sections 5 and 6; RFC 5322 section 2.2.3 (folds); RFC 6532 section 3. */
#ifndef MP_MIME_HEADER_TEXT_H
#define MP_MIME_HEADER_TEXT_H

#include "mailproto/mime_charset.h"
#include "mime/small.h"

/* Text in the making. */
typedef struct mp_text {
    mp_small_out o;
    const mailproto_charset_provider *provider;
    uint64_t defects;
    int collapse;           /* white space becomes one blank, and none at the ends */
    int blank;              /* collapse: one is due before the next octet */
    int raw_is_utf8;        /* octets above 127 outside of words are UTF-8 */
    int after_word;         /* nothing but white space came since a word */
    mailproto_text white;   /* that white space: it goes if a word follows */
    mailproto_text charset; /* of the decoder, if it is open */
    int is_open;
    int32_t result; /* what the provider broke */
    mailproto_charset_decoder decoder;
} mp_text;

/* Begins. `whole` are all octets of the field that will be given outside of words: they decide what 8-bit text is. */
void mp_text_begin(mp_text *t, char *out, size_t cap, const mailproto_charset_provider *provider, const void *whole,
                   size_t n);

/* Adds text as it stands, but for folds; encoded words are decoded by mp_text_words only. */
void mp_text_raw(mp_text *t, const uint8_t *p, size_t n);
void mp_text_words(mp_text *t, const uint8_t *p, size_t n);

/* Adds octets of a charset (empty: undeclared). What is added with the same charset directly behind is one text with it. */
void mp_text_octets(mp_text *t, const mailproto_text *charset, const uint8_t *p, size_t n);

/* Ends what octets of a charset began. */
void mp_text_flush(mp_text *t);

/* Ends: what the call answers. */
int32_t mp_text_end(mp_text *t, size_t *made, uint64_t *defects);

#endif
