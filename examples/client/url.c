/* url.c - where to connect: smtp://host:port, lmtp://, submission://, pop3://user@host:port.
 * RFC 3986 sections 2.1 (percent-encoding), 3.2.2 (IPv6 in brackets); RFC 6409 (587), RFC 2033 (LMTP, never 25). */
#include "url.h"

#include <string.h>

static const struct scheme {
    const char *name;
    int protocol;
    const char *port;
    int tls;
} schemes[] = {
    {"smtp", URL_SMTP, "25", 0},   {"submission", URL_SMTP, "587", 0}, {"lmtp", URL_LMTP, "24", 0},
    {"pop3", URL_POP3, "110", 0},  {"smtps", URL_SMTP, "465", 1},      {"submissions", URL_SMTP, "465", 1},
    {"pop3s", URL_POP3, "995", 1},
};

static const struct scheme *find_scheme(const char *name)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (!strcmp(schemes[i].name, name))
            return &schemes[i];
    return NULL;
}

static const char *read_scheme(struct url *url, const char **text)
{
    const char *end = strstr(*text, "://");
    const struct scheme *scheme;
    size_t n = end ? (size_t)(end - *text) : 0;

    if (!end || n >= sizeof url->scheme)
        return "it does not begin with smtp://, submission://, lmtp:// or pop3://";
    for (size_t i = 0; i < n; i++)
        url->scheme[i] = (char)((*text)[i] >= 'A' && (*text)[i] <= 'Z' ? (*text)[i] + 32 : (*text)[i]);
    url->scheme[n] = 0;
    scheme = find_scheme(url->scheme);
    if (!scheme)
        return "its scheme is not one of smtp, submission, lmtp, pop3";
    if (scheme->tls)
        return "this build has no TLS, so smtps, submissions and pop3s cannot be used";
    url->protocol = scheme->protocol;
    strcpy(url->port, scheme->port);
    *text = end + 3;
    return NULL;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes n octets with %XX into out. */
static const char *decode(char *out, size_t size, const char *text, size_t n)
{
    size_t made = 0;

    for (size_t i = 0; i < n; i++) {
        int c = (unsigned char)text[i];

        if (c == '%') {
            if (n - i < 3 || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0)
                return "a '%' in it is not followed by two hexadecimal digits";
            c = hex(text[i + 1]) * 16 + hex(text[i + 2]);
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

static const char *read_user(struct url *url, const char *text, size_t n)
{
    if (memchr(text, ':', n))
        return "there is a ':' in the user's name. A password in a URL is seen by everyone on this machine: use "
               "--password-file (a ':' that belongs to the name is written %3A)";
    return decode(url->user, sizeof url->user, text, n);
}

static const char *read_port(struct url *url, const char *text, size_t n)
{
    unsigned number = 0;

    if (!n)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9' || i == sizeof url->port - 1)
            return "its port is not a number from 1 to 65535";
        number = number * 10 + (unsigned)(text[i] - '0');
    }
    if (!number || number > 65535)
        return "its port is not a number from 1 to 65535";
    memcpy(url->port, text, n);
    url->port[n] = 0;
    return NULL;
}

static const char *read_host(struct url *url, const char *text, size_t n)
{
    const char *end = n && *text == '[' ? memchr(text, ']', n) : memchr(text, ':', n);
    const char *wrong;
    size_t len = end ? (size_t)(end - text) : n;

    if (n && *text == '[') {
        if (!end)
            return "a '[' in it is not closed";
        wrong = decode(url->host, sizeof url->host, text + 1, len - 1);
        len++;
    } else {
        wrong = decode(url->host, sizeof url->host, text, len);
    }
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

const char *url_read(struct url *url, const char *text)
{
    const char *wrong, *at = NULL;
    size_t n;

    memset(url, 0, sizeof *url);
    wrong = read_scheme(url, &text);
    if (wrong)
        return wrong;
    n = strlen(text);
    if (n && text[n - 1] == '/')
        n--;
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
