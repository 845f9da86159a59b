/* loop.c - the one blocking I/O loop: runs one session on one connected socket until it is over.
 * After any call on the session it does all that needs no waiting (settle), then waits for whichever comes first. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L /* clock_gettime, for those who compile with -std=c11 */
#endif
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINGER_MS = 2000, LINGER_OCTETS = 1 << 20 };

struct loop {
    int fd;
    mailproto_session *session;
    loop_events events;
    void *user;
    uint8_t in[16384]; /* [head, tail) arrived and was not taken yet */
    size_t head, tail;
    int full;   /* the socket took less than was lent */
    int ended;  /* the peer sends no more */
    int told;   /* the session knows */
    int failed; /* the socket is of no use any more */
    int moved;  /* something happened in this round */
    int32_t result;
};

uint64_t loop_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- the rules of session.h, one a function ---- */

/* After every verb: what it answered, and the events it led to. */
static void after(struct loop *l, int32_t result)
{
    l->result = result;
    if (result != MAILPROTO_FREED && l->events)
        l->events(l->session, l->user);
}

static int wants(const struct loop *l, uint32_t bit)
{
    return l->result != MAILPROTO_FREED && (mailproto_session_wants(l->session) & bit) != 0;
}

static void lost(struct loop *l, const char *text)
{
    l->failed = l->moved = 1;
    after(l, mailproto_session_lost(l->session, MAILPROTO_ERR_LOST, text, strlen(text), loop_now()));
}

static void tick(struct loop *l)
{
    uint64_t now = loop_now();

    if (l->result == MAILPROTO_FREED || mailproto_session_deadline(l->session) > now)
        return;
    after(l, mailproto_session_tick(l->session, now));
    l->moved = 1;
}

static void feed(struct loop *l)
{
    size_t taken = 0;

    if (l->head == l->tail || !wants(l, MAILPROTO_WANTS_READ))
        return;
    after(l, mailproto_session_feed(l->session, l->in + l->head, l->tail - l->head, loop_now(), &taken));
    l->head += taken;
    l->moved |= taken != 0;
}

static void tell_end(struct loop *l)
{
    if (l->result == MAILPROTO_FREED || !l->ended || l->told || l->head < l->tail)
        return;
    l->told = l->moved = 1;
    after(l, mailproto_session_eof(l->session, loop_now()));
}

static void send_output(struct loop *l)
{
    const uint8_t *data;
    size_t len;
    ssize_t sent;

    if (l->result == MAILPROTO_FREED || l->failed)
        return;
    after(l, mailproto_session_output(l->session, &data, &len));
    if (l->result == MAILPROTO_FREED || !len)
        return;
    sent = send(l->fd, data, len, MSG_NOSIGNAL);
    if (sent >= 0) {
        mailproto_session_output_ack(l->session, (size_t)sent);
        l->full = (size_t)sent < len;
        l->moved |= !l->full;
    } else if (errno == EAGAIN) {
        l->full = 1;
    } else if (errno != EINTR) {
        lost(l, strerror(errno));
    } else {
        l->moved = 1;
    }
}

/* There is none here: a session that wants TLS stands in a layer. */
static void refuse_tls(struct loop *l)
{
    static const char text[] = "this program has no TLS";

    if (!wants(l, MAILPROTO_WANTS_TLS))
        return;
    l->moved = 1;
    after(l, mailproto_session_lost(l->session, MAILPROTO_ERR_TLS, text, sizeof text - 1, loop_now()));
}

/* All that can be done without waiting. */
static void settle(struct loop *l)
{
    do {
        l->moved = 0;
        tick(l);
        feed(l);
        tell_end(l);
        if (!l->full)
            send_output(l);
        refuse_tls(l);
    } while (l->moved);
}

/* ---- waiting ---- */

static void receive(struct loop *l)
{
    ssize_t n;

    if (l->head < l->tail)
        return;
    n = recv(l->fd, l->in, sizeof l->in, 0);
    l->head = 0;
    l->tail = n > 0 ? (size_t)n : 0;
    if (n == 0)
        l->ended = 1;
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        lost(l, strerror(errno));
}

static int timeout(const struct loop *l)
{
    uint64_t now = loop_now(), deadline = mailproto_session_deadline(l->session);

    if (deadline == UINT64_MAX)
        return -1;
    if (deadline <= now)
        return 0;
    return deadline - now < 60000 ? (int)(deadline - now) : 60000;
}

static void wait(struct loop *l)
{
    struct pollfd p = {.fd = l->fd};

    if (wants(l, MAILPROTO_WANTS_READ) && !l->ended)
        p.events |= POLLIN;
    if (l->full)
        p.events |= POLLOUT;
    if (poll(&p, 1, timeout(l)) <= 0)
        return;
    if (p.revents & POLLOUT)
        l->full = 0;
    if (p.revents & POLLIN)
        receive(l);
    else if (p.revents & (POLLERR | POLLHUP | POLLNVAL))
        lost(l, "the connection was reset");
}

/* What the peer still sends is read away for a short time: to close with octets unread resets the connection, and a reset
   can take the last line from the peer before it saw it. */
static void linger(struct loop *l)
{
    uint64_t until = loop_now() + LINGER_MS, now;
    size_t octets = 0;
    struct pollfd p = {.fd = l->fd, .events = POLLIN};

    if (l->failed || shutdown(l->fd, SHUT_WR))
        return;
    while (!l->ended && octets < LINGER_OCTETS && (now = loop_now()) < until) {
        ssize_t n;

        if (poll(&p, 1, (int)(until - now)) < 0 && errno != EINTR)
            return;
        n = recv(l->fd, l->in, sizeof l->in, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return;
        octets += n > 0 ? (size_t)n : 0;
    }
}

int32_t loop_run(int fd, mailproto_session *session, loop_events events, void *user)
{
    struct loop l = {.fd = fd, .session = session, .events = events, .user = user};

    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    mailproto_session_set_wall(session, time(NULL));
    for (;;) {
        settle(&l);
        if (l.result == MAILPROTO_FREED || wants(&l, MAILPROTO_WANTS_CLOSE))
            break;
        wait(&l);
    }
    linger(&l);
    close(fd);
    if (l.result == MAILPROTO_FREED)
        return l.result;
    l.result = mailproto_session_error(session, NULL, NULL, NULL);
    mailproto_session_free(session);
    return l.result;
}

/* ---- sockets ---- */

static int open_socket(const char *host, const char *port, int flags, int (*use)(int, const struct addrinfo *))
{
    struct addrinfo hints = {.ai_flags = flags, .ai_socktype = SOCK_STREAM}, *list;
    int fd = -1;

    if (getaddrinfo(host, port, &hints, &list))
        return -1;
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (fd >= 0 && use(fd, a)) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}

static int use_to_connect(int fd, const struct addrinfo *a)
{
    return connect(fd, a->ai_addr, a->ai_addrlen);
}

static int use_to_listen(int fd, const struct addrinfo *a)
{
    int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, 16);
}

int loop_connect(const char *host, const char *port)
{
    return open_socket(host, port, 0, use_to_connect);
}

int loop_listen(const char *address, const char *port)
{
    return open_socket(address, port, AI_PASSIVE, use_to_listen);
}

int loop_accept(int listener)
{
    int fd;

    do
        fd = accept(listener, NULL, NULL);
    while (fd < 0 && errno == EINTR);
    return fd;
}

const char *loop_peer(int fd, char *text, size_t size)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    const char *before = "";

    if (getpeername(fd, (struct sockaddr *)&address, &len) || size < sizeof "IPv6:")
        return "";
    if (address.ss_family == AF_INET6)
        before = "IPv6:";
    memcpy(text, before, strlen(before));
    if (getnameinfo((struct sockaddr *)&address, len, text + strlen(before), (socklen_t)(size - strlen(before)), NULL,
                    0, NI_NUMERICHOST))
        return "";
    return text;
}

unsigned loop_port(int listener)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t size = sizeof address;

    if (getsockname(listener, &address.any, &size))
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}
