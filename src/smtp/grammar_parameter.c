/* grammar_parameter.c - ESMTP parameters and enhanced status codes.
 * RFC 5321 section 4.1.2, RFC 6531 section 3.3 (values), RFC 3463 section 2. */
#include "core/ascii.h"
#include "core/utf8.h"
#include "smtp/grammar.h"

/* esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-") */
static size_t read_keyword(const char *text, size_t n)
{
    return n && *text != '-' ? mp_ascii_span(text, n, MP_LDH) : 0;
}

/* esmtp-value = 1*(%d33-60 / %d62-126 / UTF8-non-ascii) */
static size_t read_value(const char *text, size_t n, uint32_t flags)
{
    size_t i = mp_ascii_span(text, n, flags & MP_SMTP_UTF8 ? MP_VALUE | MP_HIGH : MP_VALUE);

    return mp_utf8_valid((const uint8_t *)text, i) ? i : 0;
}

int mp_smtp_is_keyword(const char *text, size_t n)
{
    return n && read_keyword(text, n) == n;
}

int mp_smtp_is_value(const char *text, size_t n, uint32_t flags)
{
    return n && read_value(text, n, flags) == n;
}

int mp_smtp_next_parameter(const char **text, const char *end, uint32_t flags, mailproto_text *keyword,
                           mailproto_text *value)
{
    const char *p = *text;

    if (p == end)
        return 0;
    if (*p != ' ')
        return -1;
    while (p < end && *p == ' ')
        p++;
    *text = p;
    if (p == end)
        return 0;
    *keyword = (mailproto_text){p, read_keyword(p, (size_t)(end - p))};
    *value = (mailproto_text){NULL, 0};
    p += keyword->len;
    if (p < end && *p == '=') {
        *value = (mailproto_text){p + 1, read_value(p + 1, (size_t)(end - p) - 1, flags)};
        p += 1 + value->len;
    }
    *text = p;
    return keyword->len && (!value->ptr || value->len) && (p == end || *p == ' ') ? 1 : -1;
}

/* "." and a subject or detail: one to three digits, no needless zero in front */
static size_t read_number(const char *text, size_t n)
{
    size_t i = n && *text == '.' ? mp_ascii_span(text + 1, n - 1, MP_DIGIT) : 0;

    return i && i <= 3 && (i == 1 || text[1] != '0') ? i + 1 : 0;
}

size_t mp_smtp_read_enhanced(const char *text, size_t n)
{
    size_t subject, detail;

    if (!n || (text[0] != '2' && text[0] != '4' && text[0] != '5'))
        return 0;
    subject = read_number(text + 1, n - 1);
    detail = read_number(text + 1 + subject, n - 1 - subject);
    return subject && detail ? 1 + subject + detail : 0;
}

int mp_smtp_is_enhanced(const char *text, size_t n)
{
    return n && mp_smtp_read_enhanced(text, n) == n;
}
