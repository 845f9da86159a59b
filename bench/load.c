/* load.c - the one load generator: a bounded number of messages over some connections, pipelined, all replies checked.
 * RFC 2920 3.1: MAIL, RCPT and DATA go in one group, and the next group behind the final dot of the message before. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load_text.h"

enum { EVENTS = 64, REPLIES_MAX = 4, STALL_MS = 30000 };

/* What a connection waits for: the codes of the replies to all that it sent. */
static const int awaited[][REPLIES_MAX + 1] = {{220}, {250}, {250, 250, 354}, {250, 250, 250, 354}, {250, 221}};
enum { GREETING, EHLO, FIRST, NEXT, LAST, OVER };

struct peer {
    int fd;
    int state;
    size_t replies;   /* of the awaited ones that came */
    size_t column;    /* in the line of a reply that is arriving */
    int code, more;   /* what that line says */
    size_t left;      /* messages to begin */
    const char *data; /* what is being sent */
    size_t len;
    uint32_t events;
};

static struct load_text text;
static struct load_options options;
static int poller;
static uint64_t sent, replies;
static size_t running, ready;

static void fail(const char *why)
{
    fprintf(stderr, "load: %s%s%s\n", why, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

static uint64_t nanoseconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void watch(struct peer *p, uint32_t events, int how)
{
    struct epoll_event e = {.events = events, .data.ptr = p};

    if (how == EPOLL_CTL_MOD && p->events == events)
        return;
    if (epoll_ctl(poller, how, p->fd, &e))
        fail("epoll_ctl");
    p->events = events;
}

static void send_some(struct peer *p)
{
    while (p->len) {
        ssize_t n = send(p->fd, p->data, p->len, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0)
            fail("send");
        p->data += n;
        p->len -= (size_t)n;
        sent += (uint64_t)n;
    }
    watch(p, p->len ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
}

static void begin_send(struct peer *p, struct load_piece piece)
{
    if (p->len)
        fail("the server answered what it had not got yet");
    p->data = piece.data;
    p->len = piece.len;
    send_some(p);
}

/* All awaited replies are there: what comes next. */
static void go_on(struct peer *p)
{
    p->replies = 0;
    if (p->state == GREETING) {
        p->state = EHLO;
        begin_send(p, text.ehlo);
    } else if (p->state == EHLO && options.idle) {
        p->state = OVER;
        ready++;
    } else if (p->state == EHLO) {
        p->state = FIRST;
        p->left--;
        begin_send(p, text.group);
    } else if (p->state == LAST) {
        p->state = OVER;
        close(p->fd);
        running--;
    } else if (p->left) {
        p->state = NEXT;
        p->left--;
        begin_send(p, text.next);
    } else {
        p->state = LAST;
        begin_send(p, text.last);
    }
}

static void reply_line(struct peer *p)
{
    int more = p->more;

    p->column = 0;
    if (p->state == OVER || p->code != awaited[p->state][p->replies]) {
        fprintf(stderr, "load: reply %d in state %d\n", p->code, p->state);
        exit(1);
    }
    p->code = 0;
    if (more)
        return;
    replies++;
    p->replies++;
    if (!awaited[p->state][p->replies])
        go_on(p);
}

static void receive(struct peer *p)
{
    char in[4096];
    ssize_t n = recv(p->fd, in, sizeof in, 0);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        fail("the server closed the connection");
    for (ssize_t i = 0; i < n; i++) {
        if (in[i] == '\n')
            reply_line(p);
        else if (p->column < 3)
            p->code = p->code * 10 + (in[i] - '0');
        else if (p->column == 3)
            p->more = in[i] == '-';
        if (in[i] != '\n')
            p->column++;
    }
}

static void open_peer(struct peer *p)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    int on = 1;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (p->fd < 0 || connect(p->fd, (const struct sockaddr *)&to, sizeof to))
        fail("connect");
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(p->fd, F_SETFL, fcntl(p->fd, F_GETFL) | O_NONBLOCK);
    p->left = options.messages / options.connections;
    watch(p, EPOLLIN, EPOLL_CTL_ADD);
}

static void turn(void)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(poller, events, EVENTS, STALL_MS);

    if (n < 0 && errno != EINTR)
        fail("epoll_wait");
    errno = 0;
    if (!n)
        fail("the server stands still");
    for (int i = 0; i < n; i++) {
        struct peer *p = events[i].data.ptr;

        if (events[i].events & EPOLLOUT)
            send_some(p);
        if (events[i].events & ~(uint32_t)EPOLLOUT)
            receive(p);
    }
}

/* All sessions have said EHLO; they stay until standard input ends. */
static void idle(void)
{
    while (ready < options.connections)
        turn();
    printf("{\"sessions\": %zu}\n", ready);
    fflush(stdout);
    while (getchar() != EOF)
        continue;
}

int main(int count, char **words)
{
    struct peer *peers;
    uint64_t begin;

    if (load_options_read(&options, count, words))
        return 2;
    if (load_text_make(&text, options.size))
        fail("no memory");
    if (options.lengths) {
        printf("%zu %zu %zu %zu\n", text.ehlo.len, text.group.len, text.next.len, text.last.len);
        return 0;
    }
    if (options.message) {
        fwrite(text.message.data, 1, text.message.len, stdout);
        return 0;
    }
    poller = epoll_create1(EPOLL_CLOEXEC);
    peers = calloc(options.connections, sizeof *peers);
    if (poller < 0 || !peers)
        fail("cannot begin");
    for (size_t i = 0; i < options.connections; i++)
        open_peer(&peers[i]);
    if (options.idle) {
        idle();
        return 0;
    }
    running = options.connections;
    begin = nanoseconds(CLOCK_MONOTONIC);
    while (running)
        turn();
    printf("{\"messages\": %zu, \"octets\": %llu, \"replies\": %llu, \"nanoseconds\": %llu, \"own\": %llu}\n",
           options.messages, (unsigned long long)sent, (unsigned long long)replies,
           (unsigned long long)(nanoseconds(CLOCK_MONOTONIC) - begin),
           (unsigned long long)nanoseconds(CLOCK_PROCESS_CPUTIME_ID));
    return 0;
}
