/* mailproto/mime_idna.h - domain names in other scripts: as ASCII, as Unicode, and whether two are the same.
 *
 * RFC 5890 to 5893 (IDNA 2008), RFC 5895 (mapping), RFC 3492 (Punycode), RFC 6531 section 3.2. Nothing here allocates or
 * keeps a pointer, and every function may be called anywhere, also in callbacks, from any thread. `in` and `out` do not
 * overlap. With ERR_LIMIT *made is the room that is needed, and `out` may hold a part.
 *
 * LABELS     A label in ASCII is taken as it is, underscores and all, if it is not empty and not longer than 63; case is
 *            kept. A label that begins with "xn--" must be the ASCII form of one that is valid. All others are mapped
 *            first (lower case, full and half width forms, NFC), then must be valid by RFC 5891 section 4.2: every
 *            character allowed, joiners and the like in their context, the rule of right-to-left text (RFC 5893).
 *            Dots are U+002E, U+3002, U+FF0E and U+FF61; one may end the name.
 * LEFT OUT   A build without the Unicode table (option `unicode`) takes ASCII only: the functions then answer
 *            ERR_UNSUPPORTED to anything else, and A-labels stay what they are.
 */
#ifndef MAILPROTO_MIME_IDNA_H
#define MAILPROTO_MIME_IDNA_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MAILPROTO_IDNA_LABEL = 63,   /* the most octets of a label, RFC 1035 2.3.4 */
    MAILPROTO_IDNA_DOMAIN = 253, /* of a name without the dot at its end */
    MAILPROTO_IDNA_UTF8 = 1012   /* room enough for any name in UTF-8 */
};

enum {
    MAILPROTO_IDNA_STRICT = 1, /* nothing is mapped: a label that is not in its one form is refused (RFC 5891 5.3) */
    MAILPROTO_IDNA_LDH = 2     /* ASCII labels are letters, digits and inner hyphens only, as those of hosts are */
};

/* The version of Unicode that the table is of, "14.0.0"; NULL: this build has no table. */
MAILPROTO_API const char *mailproto_unicode_version(void);

/* A domain name in UTF-8 as one in ASCII: A-labels for what is not, dots as ".". OK; ERR_ARG: NULL, no UTF-8, an empty
   name or label, one that is too long, or a label that is not valid; ERR_LIMIT: it does not fit into cap;
   ERR_UNSUPPORTED: it needs the table. */
MAILPROTO_API int32_t mailproto_idna_to_ascii(const char *in, size_t n, uint32_t flags, char *out, size_t cap,
                                              size_t *made);

/* A domain name for people: every A-label that is valid becomes Unicode, everything else stays as it is. What is shown may
   look like another name: compare with mailproto_idna_same. OK; ERR_ARG: NULL, or a name that is empty or too long;
   ERR_LIMIT: it does not fit into cap. */
MAILPROTO_API int32_t mailproto_idna_to_unicode(const char *in, size_t n, char *out, size_t cap, size_t *made);

/* Whether two domain names are one: their ASCII forms are equal but for case, a dot at the end not counted. 1 if they are,
   or 0: they are not, or one is no valid name and they differ in more than the case of ASCII letters. */
MAILPROTO_API int32_t mailproto_idna_same(const char *a, size_t a_n, const char *b, size_t b_n);

/* Punycode without any prefix, RFC 3492 section 6.3: UTF-8 to ASCII. OK; ERR_ARG: NULL, no UTF-8, or so long that numbers
   overflow; ERR_LIMIT: it does not fit, or it is more than 1000 characters. */
MAILPROTO_API int32_t mailproto_punycode_encode(const char *in, size_t n, char *out, size_t cap, size_t *made);

/* And back, RFC 3492 section 6.2. OK; ERR_ARG: NULL, not ASCII, a digit that is none, cut off, an overflow, or what is no
   character; ERR_LIMIT: it does not fit, or it is more than 1000 characters. */
MAILPROTO_API int32_t mailproto_punycode_decode(const char *in, size_t n, char *out, size_t cap, size_t *made);

#ifdef __cplusplus
}
#endif
#endif
