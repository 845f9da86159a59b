/* url.c - where a mail server is: smtp://host:port, submission://, lmtp://host or lmtp:///path, pop3://user@host:port.
 * RFC 3986 sections 2.1 (percent-encoding) and 3.2.2 (IPv6 in brackets); RFC 6409 (587), RFC 8314 (465, 995), RFC 2033
 * (LMTP, never 25). */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/ascii.h"
#include "internal.h"

static const struct scheme {
    const char *name;
    uint32_t port, protocol, implicit;
} schemes[] = {
    {"smtp", 25, MAILPROTO_HOST_SMTP, 0},   {"submission", 587, MAILPROTO_HOST_SMTP, 0},
    {"smtps", 465, MAILPROTO_HOST_SMTP, 1}, {"submissions", 465, MAILPROTO_HOST_SMTP, 1},
    {"lmtp", 24, MAILPROTO_HOST_LMTP, 0},   {"pop3", 110, MAILPROTO_HOST_POP3, 0},
    {"pop3s", 995, MAILPROTO_HOST_POP3, 1},
};

enum { SEND = MAILPROTO_HOST_URL_SEND, POP3 = MAILPROTO_HOST_URL_POP3, TLS = MAILPROTO_HOST_URL_TLS };

/* What is said of a scheme that cannot be used, by what can. */
static const struct words {
    const char *unknown, *tls;
} words[] = {
    [SEND] = {"it does not begin with smtp://, submission:// or lmtp://, the schemes that can be used here",
              "its scheme begins with TLS, and there is no TLS here: smtp://, submission:// and lmtp:// can be used"},
    [POP3] = {"it does not begin with pop3://, the scheme that can be used here",
              "its scheme begins with TLS, and there is no TLS here: pop3:// can be used"},
    [SEND |
        POP3] = {"it does not begin with smtp://, submission://, lmtp:// or pop3://, the schemes that can be used here",
                 "its scheme begins with TLS, and there is no TLS here: smtp://, submission://, lmtp:// and pop3:// "
                 "can be used"},
    [SEND |
        TLS] = {"it does not begin with smtp://, submission://, smtps://, submissions:// or lmtp://, the schemes that "
                "can be used here",
                NULL},
    [POP3 | TLS] = {"it does not begin with pop3:// or pop3s://, the schemes that can be used here", NULL},
    [SEND | POP3 |
        TLS] = {"it does not begin with smtp://, submission://, smtps://, submissions://, lmtp://, pop3:// or "
                "pop3s://, the schemes that are known",
                NULL},
};

static const struct scheme *find_scheme(mailproto_text *rest)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t n = mp_ascii_begins(rest->ptr, rest->len, schemes[i].name);

        if (!n || !mp_ascii_begins(rest->ptr + n, rest->len - n, "://"))
            continue;
        rest->ptr += n + 3;
        rest->len -= n + 3;
        return &schemes[i];
    }
    return NULL;
}

static int32_t read_scheme(mailproto_host_url *url, uint32_t usable, mailproto_text *rest, const char **wrong)
{
    const struct scheme *scheme = find_scheme(rest);

    if (!scheme || !(usable & (scheme->protocol == MAILPROTO_HOST_POP3 ? POP3 : SEND))) {
        *wrong = words[usable].unknown;
        return MAILPROTO_ERR_ARG;
    }
    if (scheme->implicit && !(usable & TLS)) {
        *wrong = words[usable].tls;
        return MAILPROTO_ERR_CONFIG;
    }
    snprintf(url->scheme, sizeof url->scheme, "%s", scheme->name);
    url->port = scheme->port;
    url->protocol = scheme->protocol;
    url->implicit_tls = scheme->implicit;
    return MAILPROTO_OK;
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

static const char *read_user(mailproto_host_url *url, const char *text, size_t n)
{
    if (memchr(text, ':', n))
        return "there is a ':' in the user's name: a password does not belong in a URL, and a ':' of the name itself "
               "is written %3A";
    return decode(url->user, sizeof url->user, text, n);
}

static const char *read_port(mailproto_host_url *url, const char *text, size_t n)
{
    uint64_t number;

    if (!n)
        return NULL;
    if (!mp_ascii_parse_decimal(text, n, &number) || !number || number > 65535)
        return "its port is not a number from 1 to 65535";
    url->port = (uint32_t)number;
    return NULL;
}

static const char *read_host(mailproto_host_url *url, const char *text, size_t n)
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
    if (strchr(url->host, '/') || (!bracket && strchr(url->host, ':')) || !strncmp(url->host, "unix:", 5))
        return "its host is neither a name nor an address";
    if (len == n)
        return NULL;
    if (text[len] != ':')
        return "what stands behind its host is not a port";
    return read_port(url, text + len + 1, n - len - 1);
}

static const char *read_path(mailproto_host_url *url, const char *text, size_t n)
{
    if (url->protocol != MAILPROTO_HOST_LMTP)
        return "it names no host";
    if (n < 2)
        return "it names neither a host nor the path of a socket";
    url->port = 0;
    memcpy(url->host, "unix:", 5);
    return decode(url->host + 5, sizeof url->host - 5, text, n);
}

static const char *read_authority(mailproto_host_url *url, const char *text, size_t n)
{
    const char *wrong, *at = NULL;

    if (n && text[n - 1] == '/')
        n--;
    /* the last '@' ends the user: bob@example.test@host needs no %40 */
    for (size_t i = 0; i < n; i++)
        if (text[i] == '@')
            at = text + i;
    if (at) {
        wrong = read_user(url, text, (size_t)(at - text));
        if (wrong)
            return wrong;
        n -= (size_t)(at + 1 - text);
        text = at + 1;
    }
    if (memchr(text, '/', n) || memchr(text, '?', n) || memchr(text, '#', n))
        return "it has a path, of which there is none in a mail server";
    return read_host(url, text, n);
}

static void name_it(mailproto_host_url *url)
{
    int six = strchr(url->host, ':') != NULL;

    if (url->port)
        snprintf(url->where, sizeof url->where, "%s%s%s:%u", six ? "[" : "", url->host, six ? "]" : "", url->port);
    else
        snprintf(url->where, sizeof url->where, "%s", url->host);
}

/* What stands in *url before: how large it is, and what can be used. */
static int32_t begin(const mailproto_host_url *url, mailproto_host_url *own, const char **wrong)
{
    const uint32_t all = SEND | POP3 | TLS;

    *wrong = "the URL is to be read into no struct of this library, or what is usable is nothing that it knows";
    mp_companion_struct_init(own, sizeof *own);
    if (!url || url->struct_size < offsetof(mailproto_host_url, usable))
        return MAILPROTO_ERR_ARG;
    if (url->struct_size >= sizeof *own)
        own->usable = url->usable;
    if (!own->usable)
        own->usable = all;
    return own->usable <= all && own->usable != TLS ? MAILPROTO_OK : MAILPROTO_ERR_ARG;
}

static int32_t read_all(mailproto_host_url *own, const char *text, size_t len, const char **wrong)
{
    mailproto_text rest = {text, len};
    int32_t result;

    *wrong = "it is empty";
    if (!text || !len)
        return MAILPROTO_ERR_ARG;
    result = read_scheme(own, own->usable, &rest, wrong);
    if (result)
        return result;
    *wrong =
        rest.len && *rest.ptr == '/' ? read_path(own, rest.ptr, rest.len) : read_authority(own, rest.ptr, rest.len);
    return *wrong ? MAILPROTO_ERR_ARG : MAILPROTO_OK;
}

int32_t mailproto_host_url_read(mailproto_host_url *url, const char *text, size_t len, const char **why)
{
    mailproto_host_url own;
    const char *wrong;
    int32_t result = begin(url, &own, &wrong);

    if (!result)
        result = read_all(&own, text, len, &wrong);
    if (result) {
        if (why)
            *why = wrong;
        return result;
    }
    name_it(&own);
    own.struct_size = url->struct_size;
    if (url->struct_size >= sizeof own)
        own.usable = url->usable;
    memcpy(url, &own, url->struct_size < sizeof own ? url->struct_size : sizeof own);
    return MAILPROTO_OK;
}

int32_t mailproto_host_url_init(mailproto_host_url *url, size_t size)
{
    return mp_companion_struct_init(url, size);
}
