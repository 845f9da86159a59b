/* grammar_domain.c - domains and address literals.
 * RFC 5321 sections 4.1.2 and 4.1.3; RFC 6531 section 3.3; lengths of RFC 1035 section 2.3.4. */
#include <string.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "smtp/grammar.h"

enum { LABEL_MAX = 63, DOMAIN_MAX = 255 };

/* Letters, digits and hyphen as two words of bits. */
static const uint64_t ldh[2] = {UINT64_C(0x3ff) << 48 | UINT64_C(1) << '-',
                                UINT64_C(0x3ffffff) << 1 | UINT64_C(0x3ffffff) << 33};

static int is_ldh(uint8_t c, uint32_t flags)
{
    if (c > 127)
        return (flags & MP_SMTP_UTF8) != 0;
    return (int)(ldh[c >> 6] >> (c & 63) & 1) || (c == '_' && (flags & MP_SMTP_UNDERSCORE));
}

/* sub-domain = Let-dig [Ldh-str] */
static size_t read_label(const uint8_t *p, size_t n, uint32_t flags)
{
    size_t i = 0;

    while (i < n && is_ldh(p[i], flags))
        i++;
    return i && i <= LABEL_MAX && p[0] != '-' && p[i - 1] != '-' ? i : 0;
}

size_t mp_smtp_read_domain(const char *text, size_t n, uint32_t flags)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t i = 0;

    for (;;) {
        size_t label = read_label(p + i, n - i, flags);

        i += label;
        if (!label || i > DOMAIN_MAX)
            return 0;
        if (i == n || p[i] != '.')
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

static size_t read_group(const char *text, size_t n)
{
    size_t i = 0;

    while (i < n && i < 5 && mp_ascii_hex_value((uint8_t)text[i]) >= 0)
        i++;
    return i <= 4 ? i : 0;
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
        size_t digits = read_group(text + i, n - i);

        if (digits && i + digits < n && text[i + digits] == '.') {
            groups += 2;
            if (!is_ipv4(text + i, n - i))
                return 0;
            break;
        }
        if (!digits)
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
static int is_general(const char *text, size_t n)
{
    const char *colon = memchr(text, ':', n);
    size_t tag = colon ? (size_t)(colon - text) : 0;

    if (!tag || tag + 1 == n || text[tag - 1] == '-')
        return 0;
    for (size_t i = 0; i < tag; i++)
        if (!mp_ascii_is_alnum((uint8_t)text[i]) && text[i] != '-')
            return 0;
    for (size_t i = tag + 1; i < n; i++)
        if (!mp_ascii_is_vchar((uint8_t)text[i]) || (text[i] >= '[' && text[i] <= ']'))
            return 0;
    return 1;
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
