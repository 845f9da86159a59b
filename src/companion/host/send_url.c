/* send_url.c - where a message goes: smtp://host:port, submission://, smtps://, lmtp://host or lmtp:///path.
 * RFC 3986 sections 2.1 (percent-encoding), 3.2.2 (IPv6 in brackets); RFC 6409 (587), RFC 8314 (465), RFC 2033 (LMTP, never
 * 25). */
#include <string.h>

#include "core/ascii.h"
#include "send.h"

static const struct scheme {
    const char *name;
    uint32_t port, lmtp, implicit;
} schemes[] = {
    {"smtp://", 25, 0, 0},         {"submission://", 587, 0, 0}, {"smtps://", 465, 0, 1},
    {"submissions://", 465, 0, 1}, {"lmtp://", 24, 1, 0},
};

static const char *read_scheme(struct mp_send_url *url, mailproto_text *rest)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t n = mp_ascii_begins(rest->ptr, rest->len, schemes[i].name);

        if (!n)
            continue;
        url->port = schemes[i].port;
        url->lmtp = schemes[i].lmtp;
        url->implicit = schemes[i].implicit;
        rest->ptr += n;
        rest->len -= n;
        return NULL;
    }
    return "it does not begin with smtp://, submission://, smtps://, submissions:// or lmtp://";
}

/* Decodes %XX into out. */
static const char *decode(char *out, size_t size, const char *text, size_t n)
{
    size_t made = 0;

    for (size_t i = 0; i < n; i++) {
        int c = (unsigned char)text[i];

        if (c == '%') {
            if (n - i < 3 || mp_ascii_hex_value(text[i + 1]) < 0 || mp_ascii_hex_value(text[i + 2]) < 0)
                return "a '%' in it is not followed by two hexadecimal digits";
            c = mp_ascii_hex_value(text[i + 1]) * 16 + mp_ascii_hex_value(text[i + 2]);
            i += 2;
        }
        if (c < ' ' || c == 0x7f)
            return "there is a control character in it";
        if (made == size - 1)
            return "a part of it is too long";
        out[made++] = (char)c;
    }
    out[made] = 0;
    return NULL;
}

static const char *read_user(struct mp_send_url *url, const char *text, size_t n)
{
    if (memchr(text, ':', n))
        return "there is a ':' in the user's name: a password does not belong in a URL, and a ':' of the name itself "
               "is "
               "written %3A";
    return decode(url->user, sizeof url->user, text, n);
}

static const char *read_port(struct mp_send_url *url, const char *text, size_t n)
{
    uint64_t number;

    if (!n)
        return NULL;
    if (!mp_ascii_parse_decimal(text, n, &number) || !number || number > 65535)
        return "its port is not a number from 1 to 65535";
    url->port = (uint32_t)number;
    return NULL;
}

static const char *read_host(struct mp_send_url *url, const char *text, size_t n)
{
    int bracket = n && *text == '[';
    const char *end = memchr(text, bracket ? ']' : ':', n), *wrong;
    size_t len = end ? (size_t)(end - text) : n;

    if (bracket && !end)
        return "a '[' in it is not closed";
    wrong = decode(url->host, sizeof url->host, text + bracket, len - (size_t)bracket);
    len += (size_t)bracket;
    if (wrong)
        return wrong;
    if (!*url->host)
        return "it names no host";
    if (len == n)
        return NULL;
    if (text[len] != ':')
        return "what stands behind its host is not a port";
    return read_port(url, text + len + 1, n - len - 1);
}

static const char *read_path(struct mp_send_url *url, const char *text, size_t n)
{
    if (!url->lmtp)
        return "it names no host";
    url->port = 0;
    memcpy(url->host, "unix:", 5);
    return decode(url->host + 5, sizeof url->host - 5, text, n);
}

const char *mp_send_url_read(struct mp_send_url *url, mailproto_text text)
{
    const char *wrong, *at = NULL;
    size_t n;

    memset(url, 0, sizeof *url);
    if (!text.len)
        return "it is empty";
    wrong = read_scheme(url, &text);
    if (wrong)
        return wrong;
    n = text.len;
    if (n && *text.ptr == '/')
        return read_path(url, text.ptr, n);
    if (n && text.ptr[n - 1] == '/')
        n--;
    /* the last '@' ends the user: bob@example.test@host needs no %40 */
    for (size_t i = 0; i < n; i++)
        if (text.ptr[i] == '@')
            at = text.ptr + i;
    if (at) {
        wrong = read_user(url, text.ptr, (size_t)(at - text.ptr));
        if (wrong)
            return wrong;
        n -= (size_t)(at + 1 - text.ptr);
        text.ptr = at + 1;
    }
    if (memchr(text.ptr, '/', n) || memchr(text.ptr, '?', n) || memchr(text.ptr, '#', n))
        return "it has a path, of which there is none in a mail server";
    return read_host(url, text.ptr, n);
}
