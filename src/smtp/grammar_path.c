/* grammar_path.c - paths and mailboxes.
 * RFC 5321 section 4.1.2; RFC 6531 section 3.3. */
#include <string.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "smtp/grammar.h"

/* The octets over 127 are judged together, as UTF-8, when the whole mailbox is found. */
MP_OUTLINE static uint32_t or_high(uint32_t sets, uint32_t flags)
{
    return flags & MP_SMTP_UTF8 ? sets | MP_HIGH : sets;
}

static size_t read_dot_string(const uint8_t *p, size_t n, uint32_t flags)
{
    for (size_t i = 0;; i++) {
        size_t atom = mp_ascii_span(p + i, n - i, or_high(MP_ATEXT, flags));

        i += atom;
        if (!atom)
            return 0;
        if (i == n || p[i] != '.')
            return i;
    }
}

static size_t read_quoted_string(const uint8_t *p, size_t n, uint32_t flags)
{
    for (size_t i = 1; i < n; i++) {
        if (p[i] == '"')
            return i + 1;
        if (p[i] == '\\' && (++i == n || p[i] > '~'))
            return 0;
        if (!mp_ascii_is(p[i], or_high(MP_PRINT, flags)))
            return 0;
    }
    return 0;
}

static size_t read_local_part(const uint8_t *p, size_t n, uint32_t flags)
{
    if (!n)
        return 0;
    return p[0] == '"' ? read_quoted_string(p, n, flags) : read_dot_string(p, n, flags);
}

static size_t read_host(const uint8_t *p, size_t n, uint32_t flags)
{
    const uint8_t *end;

    if (!n || p[0] != '[')
        return mp_smtp_read_domain((const char *)p, n, flags);
    end = memchr(p, ']', n);
    if (!end || !mp_smtp_is_address_literal((const char *)p, (size_t)(end - p) + 1))
        return 0;
    return (size_t)(end - p) + 1;
}

static size_t read_mailbox(const uint8_t *p, size_t n, uint32_t flags)
{
    size_t local = read_local_part(p, n, flags), host;

    if (!local || local == n || p[local] != '@')
        return 0;
    host = read_host(p + local + 1, n - local - 1, flags);
    if (!host)
        return 0;
    n = local + 1 + host;
    return !(flags & MP_SMTP_UTF8) || mp_utf8_valid(p, n) ? n : 0;
}

int mp_smtp_is_mailbox(const char *text, size_t n, uint32_t flags)
{
    return n && read_mailbox((const uint8_t *)text, n, flags) == n;
}

/* A-d-l ":": accepted and ignored (RFC 5321 4.1.1.3, appendix C). */
static size_t read_source_route(const uint8_t *p, size_t n, uint32_t flags)
{
    size_t i = 0, domain;

    for (;;) {
        if (i == n || p[i] != '@')
            return 0;
        domain = mp_smtp_read_domain((const char *)p + i + 1, n - i - 1, flags);
        i += 1 + domain;
        if (!domain || i == n)
            return 0;
        if (p[i] == ':')
            return mp_utf8_valid(p, i) ? i + 1 : 0;
        if (p[i++] != ',')
            return 0;
    }
}

/* "<Postmaster>" alone has no domain (RFC 5321 4.5.1). */
static size_t read_postmaster(const char *text, size_t n)
{
    size_t len = mp_ascii_begins(text, n, "postmaster");

    return len && len < n && text[len] == '>' ? len : 0;
}

size_t mp_smtp_read_path(const char *text, size_t n, uint32_t flags, mailproto_text *mailbox)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t i = 1, len;

    if (n < 2 || p[0] != '<')
        return 0;
    if (p[1] == '>') {
        *mailbox = (mailproto_text){text + 1, 0};
        return flags & MP_SMTP_NULL_PATH ? 2 : 0;
    }
    if (p[1] == '@') {
        len = read_source_route(p + 1, n - 1, flags);
        if (!len)
            return 0;
        i += len;
    }
    len = read_mailbox(p + i, n - i, flags);
    if (!len && i == 1 && (flags & MP_SMTP_POSTMASTER))
        len = read_postmaster(text + 1, n - 1);
    if (!len || i + len == n || p[i + len] != '>')
        return 0;
    *mailbox = (mailproto_text){text + i, len};
    return i + len + 1;
}
