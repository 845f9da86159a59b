/* endpoint.c - what is listened on, as people write it: addresses of this machine, and sockets that were passed on.
 * RFC 5952 6 for IPv6 with a port. */
#include "endpoint.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <uv.h>

static const char form[] =
    "must be addresses like 127.0.0.1:25 or [::1]:25, or unix:/path, inherited:NAME or fd:NUMBER";
static const char inherited[] = "inherited:", fd[] = "fd:", unix_path[] = "unix:";

static int begins(const char *text, const char *prefix)
{
    return !strncmp(text, prefix, strlen(prefix));
}

/* 0: it is no number up to `most`. */
static int number(long *out, const char *text, long most)
{
    size_t len = strspn(text, "0123456789");

    if (!len || len > 10 || text[len])
        return 0;
    *out = strtol(text, NULL, 10);
    return *out >= 0 && *out <= most;
}

static const char *read_address(char *out, const char *text)
{
    char host[64], name[INET6_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    int is_v6 = *text == '[';
    long port;

    if (!len || len >= sizeof host || !number(&port, colon + 1, 65535) || !port)
        return form;
    if (is_v6 && (len < 3 || text[len - 1] != ']'))
        return form;
    len -= 2 * (size_t)is_v6;
    memcpy(host, text + is_v6, len);
    host[len] = 0;
    if (is_v6 ? uv_ip6_addr(host, (int)port, &v6) || uv_ip6_name(&v6, name, sizeof name)
              : uv_ip4_addr(host, (int)port, &v4) || uv_ip4_name(&v4, name, sizeof name))
        return form;
    snprintf(out, ENDPOINT_TEXT, is_v6 ? "[%s]:%ld" : "%s:%ld", name, port);
    return NULL;
}

const char *endpoint_read(char *out, const char *text)
{
    long value;

    if (begins(text, fd)) {
        if (!number(&value, text + sizeof fd - 1, INT32_MAX))
            return "has fd: without the number of a descriptor";
        snprintf(out, ENDPOINT_TEXT, "%s%ld", fd, value);
        return NULL;
    }
    if (begins(text, unix_path)) {
        const char *path = text + sizeof unix_path - 1;

        if (*path != '/' || strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path)
            return "has unix: without a path that begins with a slash and has at most 107 octets";
    } else if (begins(text, inherited)) {
        if (!text[sizeof inherited - 1])
            return "has inherited: without the name or number of a socket";
        if (strlen(text) >= ENDPOINT_TEXT)
            return "has a name of a socket that is too long";
    } else {
        return read_address(out, text);
    }
    snprintf(out, ENDPOINT_TEXT, "%s", text);
    return NULL;
}

int endpoint_is_fd(const char *endpoint)
{
    return begins(endpoint, fd);
}

int endpoint_may_repeat(const char *endpoint)
{
    long index;

    return begins(endpoint, inherited) && !number(&index, endpoint + sizeof inherited - 1, INT32_MAX);
}
