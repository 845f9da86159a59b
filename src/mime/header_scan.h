/* header_scan.h - what the readers of structured fields share: sets of octets, and steps over blanks, comments, strings.
 * RFC 5322 sections 3.2.1 to 3.2.4; RFC 2045 section 5.1 (token). */
#ifndef MP_MIME_HEADER_SCAN_H
#define MP_MIME_HEADER_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "mailproto/mime_defect.h"

/* Sets of octets, in mp_header_class. */
enum {
    MP_CLASS_BLANK = 1,    /* space, tab, CR, LF */
    MP_CLASS_FOLD = 2,     /* CR, LF */
    MP_CLASS_TOKEN = 4,    /* RFC 2045: no tspecial, blank or control; octets above 127 too, for they are seen */
    MP_CLASS_ATEXT = 8,    /* RFC 5322 3.2.3, RFC 6532 3.2 */
    MP_CLASS_HIGH = 16,    /* above 127 */
    MP_CLASS_CONTROL = 32, /* below 32 but tab, CR, LF; 127 */
    MP_CLASS_ESCAPE = 64,  /* " and \ */
    MP_CLASS_EQUAL = 128,  /* = */
    MP_CLASS_STOP = 256,   /* what has a meaning in a list of addresses: " ( < > @ , ; : [ */
    MP_CLASS_PAREN = 512   /* ( and ) */
};
extern const uint16_t mp_header_class[256];

/* A field, or a part of it. */
typedef struct mp_scan {
    const uint8_t *p;
    size_t n;
    uint64_t defects;
} mp_scan;

static inline int mp_is_blank(uint8_t c)
{
    return mp_header_class[c] & MP_CLASS_BLANK;
}

/* The first place from `at` on that is no blank. */
static inline size_t mp_skip_blanks(const uint8_t *p, size_t n, size_t at)
{
    while (at < n && mp_is_blank(p[at]))
        at++;
    return at;
}

/* The end of p[begin..end) without the blanks at its end. */
static inline size_t mp_trim_end(const uint8_t *p, size_t begin, size_t end)
{
    while (end > begin && mp_is_blank(p[end - 1]))
        end--;
    return end;
}

/* The first place from `at` on that is not in the classes. */
static inline size_t mp_skip_class(const uint8_t *p, size_t n, size_t at, uint32_t classes)
{
    while (at < n && mp_header_class[p[at]] & classes)
        at++;
    return at;
}

static inline mailproto_text mp_text_of(const uint8_t *p, size_t begin, size_t end)
{
    return (mailproto_text){(const char *)p + begin, end - begin};
}

/* Steps over the quoted string that begins at `at`: gives the place behind its end. If it is not closed, that is s->n, and
   QUOTED_STRING is added. */
size_t mp_skip_quoted(mp_scan *s, size_t at);

/* The same for a comment, with those inside of it; COMMENT. */
size_t mp_skip_comment(mp_scan *s, size_t at);

/* Steps over blanks and comments. *comment, which may be NULL, becomes the inside of the last one, if there is one. */
size_t mp_skip_cfws(mp_scan *s, size_t at, mailproto_text *comment);

/* What a reader was given; never NULL, so that places can be counted from it. */
static inline const uint8_t *mp_octets(const void *in)
{
    return in ? in : (const void *)"";
}

/* The place of the first octets `a`, `b` that stand side by side, from p on, or the end. */
const uint8_t *mp_find_pair(const uint8_t *p, const uint8_t *end, uint8_t a, uint8_t b);

/* Whether there is a "=?" in it. */
int mp_has_word(const char *p, size_t n);

/* Takes blanks off both ends. */
void mp_trim(mailproto_text *text);

#endif
