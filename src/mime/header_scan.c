/* header_scan.c - sets of octets, and steps over comments and quoted strings without recursion.
 * RFC 5322 sections 3.2.1 to 3.2.4; RFC 2045 section 5.1. */
#include <string.h>

#include "mime/header_scan.h"

#define IN(c, first, last) ((c) >= (first) && (c) <= (last))
#define IS_ALNUM(c)        (IN(c, '0', '9') || IN((c) | 0x20, 'a', 'z'))
#define IS_PLAIN(c)                                                                                                    \
    (IS_ALNUM(c) || (c) == '!' || IN(c, '#', '\'') || (c) == '*' || (c) == '+' || (c) == '-' || IN(c, '^', '`') ||     \
     IN(c, '{', '~') || (c) > 127)
#define CLASS(c)                                                                                                       \
    (((c) == ' ' || (c) == '\t' || (c) == '\r' || (c) == '\n' ? MP_CLASS_BLANK : 0) |                                  \
     ((c) == '\r' || (c) == '\n' ? MP_CLASS_FOLD : 0) | (IS_PLAIN(c) || (c) == '.' ? MP_CLASS_TOKEN : 0) |             \
     (IS_PLAIN(c) || (c) == '/' || (c) == '=' || (c) == '?' ? MP_CLASS_ATEXT : 0) | ((c) > 127 ? MP_CLASS_HIGH : 0) |  \
     (((c) < 32 && (c) != '\t' && (c) != '\r' && (c) != '\n') || (c) == 127 ? MP_CLASS_CONTROL : 0) |                  \
     ((c) == '"' || (c) == '\\' ? MP_CLASS_ESCAPE : 0) | ((c) == '=' ? MP_CLASS_EQUAL : 0) |                           \
     ((c) == '(' || (c) == ')' ? MP_CLASS_PAREN : 0) |                                                                 \
     ((c) == '"' || (c) == '(' || (c) == '<' || (c) == '>' || (c) == '@' || (c) == ',' || (c) == ';' || (c) == ':' ||  \
              (c) == '['                                                                                               \
          ? MP_CLASS_STOP                                                                                              \
          : 0))
#define CLASS_4(c)  CLASS(c), CLASS((c) + 1), CLASS((c) + 2), CLASS((c) + 3)
#define CLASS_16(c) CLASS_4(c), CLASS_4((c) + 4), CLASS_4((c) + 8), CLASS_4((c) + 12)
#define CLASS_64(c) CLASS_16(c), CLASS_16((c) + 16), CLASS_16((c) + 32), CLASS_16((c) + 48)

const uint16_t mp_header_class[256] = {CLASS_64(0), CLASS_64(64), CLASS_64(128), CLASS_64(192)};

size_t mp_skip_quoted(mp_scan *s, size_t at)
{
    for (at++; at < s->n; at++) {
        if (!(mp_header_class[s->p[at]] & MP_CLASS_ESCAPE))
            continue;
        if (s->p[at] == '"')
            return at + 1;
        at++;
    }
    s->defects |= MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_QUOTED_STRING);
    return s->n;
}

size_t mp_skip_comment(mp_scan *s, size_t at)
{
    size_t depth = 0;

    for (; at < s->n; at++) {
        if (s->p[at] == '(')
            depth++;
        else if (s->p[at] == ')') {
            if (--depth == 0)
                return at + 1;
        } else if (s->p[at] == '\\')
            at++;
    }
    s->defects |= MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_COMMENT);
    return s->n;
}

size_t mp_skip_cfws(mp_scan *s, size_t at, mailproto_text *comment)
{
    for (at = mp_skip_blanks(s->p, s->n, at); at < s->n && s->p[at] == '('; at = mp_skip_blanks(s->p, s->n, at)) {
        size_t begin = at, end = at = mp_skip_comment(s, at);

        if (comment)
            *comment = mp_text_of(s->p, begin + 1, s->p[end - 1] == ')' && end - begin > 1 ? end - 1 : end);
    }
    return at;
}

void mp_trim(mailproto_text *text)
{
    const uint8_t *p = (const uint8_t *)text->ptr;
    size_t begin = mp_skip_blanks(p, text->len, 0), end = mp_trim_end(p, begin, text->len);

    if (text->len)
        *text = mp_text_of(p, begin, end);
}

const uint8_t *mp_find_pair(const uint8_t *p, const uint8_t *end, uint8_t a, uint8_t b)
{
    while (end - p > 1 && (p = memchr(p, a, (size_t)(end - p) - 1)) != NULL) {
        if (p[1] == b)
            return p;
        p++;
    }
    return end;
}

int mp_has_word(const char *p, size_t n)
{
    const uint8_t *end = (const uint8_t *)p + n;

    return mp_find_pair((const uint8_t *)p, end, '=', '?') != end;
}
