/* grammar_domain.c - domains and address literals.
 * RFC 5321 sections 4.1.2 and 4.1.3; RFC 6531 section 3.3; lengths of RFC 1035 section 2.3.4. */
#include "core/ascii.h"
#include "core/utf8.h"
#include "smtp/grammar.h"

enum { LABEL_MAX = 63, DOMAIN_MAX = 255 };

/* sub-domain = Let-dig [Ldh-str] */
static size_t read_label(const char *p, size_t n, uint32_t sets)
{
    size_t i = mp_ascii_span(p, n, sets);

    return i && i <= LABEL_MAX && p[0] != '-' && p[i - 1] != '-' ? i : 0;
}

size_t mp_smtp_read_domain(const char *text, size_t n, uint32_t flags)
{
    uint32_t sets = MP_LDH | (flags & MP_SMTP_UTF8 ? MP_HIGH : 0) | (flags & MP_SMTP_UNDERSCORE ? MP_UNDERSCORE : 0);
    size_t i = 0;

    for (;;) {
        size_t label = read_label(text + i, n - i, sets);

        i += label;
        if (!label || i > DOMAIN_MAX)
            return 0;
        if (i == n || text[i] != '.')
            return i;
        i++;
    }
}

int mp_smtp_is_domain(const char *text, size_t n, uint32_t flags)
{
    return n && mp_smtp_read_domain(text, n, flags) == n && mp_utf8_valid((const uint8_t *)text, n);
}

/* ---- address literals ---- */

static int is_ipv4(const char *text, size_t n)
{
    uint32_t numbers = 0;
    size_t i = 0;

    for (;;) {
        uint64_t number;
        size_t digits = mp_ascii_read_decimal(text + i, n - i, &number);

        if (!digits || digits > 3 || number > 255)
            return 0;
        i += digits;
        if (++numbers == 4)
            return i == n;
        if (i == n || text[i++] != '.')
            return 0;
    }
}

/* Groups of four digits between colons, once "::" for two or more of them, and an IPv4 address for the last two. */
static int is_ipv6(const char *text, size_t n)
{
    uint32_t groups = 0, gap = 0;
    size_t i = 0;

    if (n >= 2 && text[0] == ':' && text[1] == ':') {
        gap = 1;
        i = 2;
    }
    while (i < n) {
        size_t digits = mp_ascii_span(text + i, n - i, MP_HEX);

        if (digits && i + digits < n && text[i + digits] == '.') {
            groups += 2;
            if (!is_ipv4(text + i, n - i))
                return 0;
            break;
        }
        if (!digits || digits > 4)
            return 0;
        groups++;
        i += digits;
        if (i == n)
            break;
        if (text[i++] != ':' || i == n)
            return 0;
        if (text[i] == ':') {
            if (gap++)
                return 0;
            i++;
        }
    }
    return gap ? groups <= 6 : groups == 8;
}

/* Standardized-tag ":" 1*dcontent */
MP_OUTLINE static int is_general(const char *text, size_t n)
{
    size_t tag = mp_ascii_span(text, n, MP_LDH), content = n - tag - 1;

    return tag && tag + 1 < n && text[tag] == ':' && text[tag - 1] != '-' &&
           mp_ascii_span(text + tag + 1, content, MP_DCONTENT) == content;
}

int mp_smtp_is_address_literal(const char *text, size_t n)
{
    size_t tag;

    if (n < 3 || text[0] != '[' || text[n - 1] != ']')
        return 0;
    text++;
    n -= 2;
    tag = mp_ascii_begins(text, n, "IPv6:");
    if (tag)
        return is_ipv6(text + tag, n - tag);
    return is_ipv4(text, n) || is_general(text, n);
}

int mp_smtp_is_hello(const char *text, size_t n)
{
    return mp_smtp_is_domain(text, n, MP_SMTP_UNDERSCORE) || mp_smtp_is_address_literal(text, n);
}
