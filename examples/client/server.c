/* server.c - the connection to the server that a URL names.
 * RFC 5321 sections 4.1.1.1 (the client's name) and 4.1.3 (address literals). */
#include "server.h"

#include "interrupt.h"
#include "report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_MS = 30000 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage room;
};

static void why_not(struct server *server, const char *why)
{
    snprintf(server->wrong, sizeof server->wrong, "%s", why);
}

/* ---- one address ---- */

/* Waits for a connect that is under way. 0, or -1 with errno. */
static int finish_connect(int fd, int milliseconds)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int error = 0, n;
    socklen_t size = sizeof error;

    n = poll(&p, 1, milliseconds);
    if (n == 0)
        errno = ETIMEDOUT;
    if (n <= 0)
        return -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
        return -1;
    errno = error;
    return error ? -1 : 0;
}

static int try_address(struct server *server, const struct addrinfo *a, int milliseconds)
{
    int fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);

    if (fd >= 0 && !fcntl(fd, F_SETFD, FD_CLOEXEC) && !fcntl(fd, F_SETFL, O_NONBLOCK) &&
        (!connect(fd, a->ai_addr, a->ai_addrlen) ||
         ((errno == EINPROGRESS || errno == EINTR) && !interrupted() && !finish_connect(fd, milliseconds))))
        return fd;
    why_not(server, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* ---- what is known of both ends ---- */

static int is_loopback(const union address *a)
{
    static const unsigned char mapped[13] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127};

    if (a->any.sa_family == AF_INET)
        return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
    return a->any.sa_family == AF_INET6 &&
           (IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr) || !memcmp(&a->v6.sin6_addr, mapped, sizeof mapped));
}

static void write_address(const union address *a, char *out, socklen_t size)
{
    *out = 0;
    if (a->any.sa_family == AF_INET)
        inet_ntop(AF_INET, &a->v4.sin_addr, out, size);
    else if (a->any.sa_family == AF_INET6)
        inet_ntop(AF_INET6, &a->v6.sin6_addr, out, size);
}

static void note_ends(struct server *server)
{
    union address a;
    socklen_t size = sizeof a;
    char own[64] = "";

    if (!getpeername(server->fd, &a.any, &size)) {
        server->loopback = is_loopback(&a);
        write_address(&a, server->address, sizeof server->address);
    }
    size = sizeof a;
    if (!getsockname(server->fd, &a.any, &size))
        write_address(&a, own, sizeof own);
    snprintf(server->own, sizeof server->own, "[%s%s]", strchr(own, ':') ? "IPv6:" : "", *own ? own : "127.0.0.1");
}

void server_own_name(const struct server *server, char *name, unsigned size)
{
    char host[256];

    if (gethostname(host, sizeof host))
        *host = 0;
    host[sizeof host - 1] = 0;
    for (const char *p = host; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '-' ||
              (*p == '.' && p > host && p[-1] != '.' && p[1])))
            *host = 0;
    snprintf(name, size, "%s", strchr(host, '.') ? host : server->own);
}

/* ---- the connection ---- */

static void resolve(struct server *server, struct addrinfo **list)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    int n = getaddrinfo(server->url->host, server->url->port, &hints, list);

    if (!n)
        return;
    *list = NULL;
    server->not_found = n == EAI_NONAME;
    why_not(server, n == EAI_SYSTEM ? strerror(errno) : gai_strerror(n));
}

static void reach(struct server *server, const struct url *url, int milliseconds)
{
    struct addrinfo *list;
    int six = strchr(url->host, ':') != NULL;

    memset(server, 0, sizeof *server);
    server->url = url;
    server->fd = -1;
    snprintf(server->where, sizeof server->where, "%s%s%s:%s", six ? "[" : "", url->host, six ? "]" : "", url->port);
    resolve(server, &list);
    for (const struct addrinfo *a = list; a && server->fd < 0 && !interrupted(); a = a->ai_next)
        server->fd = try_address(server, a, milliseconds);
    if (list)
        freeaddrinfo(list);
    if (server->fd >= 0)
        note_ends(server);
}

int server_connect(struct server *server, const struct common_options *options)
{
    reach(server, &options->url, options->timeout_ms ? (int)options->timeout_ms : CONNECT_MS);
    if (server->fd < 0)
        return SERVER_NOT_REACHED;
    if (!options->user || server->loopback)
        return SERVER_CONNECTED;
    if (options->clear_text_auth) {
        report("warning: the password crosses the network to %s in clear text", server->where);
        return SERVER_CONNECTED;
    }
    report("%s is another machine, and without TLS everyone on the way could read the password", server->where);
    report_hint("Nothing was sent. --clear-text-auth sends it all the same.");
    server_close(server);
    return SERVER_NOT_SAFE;
}

void server_cut(const struct server *server)
{
    shutdown(server->fd, SHUT_RDWR);
}

void server_close(struct server *server)
{
    if (server->fd >= 0)
        close(server->fd);
    server->fd = -1;
}
