/* floor.c - the least that a server of these octets costs: it reads, counts, and writes the replies that are due.
 * It knows from the load generator how long each piece is, looks at nothing, and can serve nothing else. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64, READ = 1 << 18, PIECES = 4 };

static const char greeting[] = "220 mail.example.test ESMTP\r\n";
/* The replies to EHLO; to the first group; to a message and a group; to a message and QUIT. */
static const char *const answers[PIECES] = {"250-mail.example.test\r\n250 PIPELINING\r\n",
                                            "250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go on\r\n",
                                            "250 2.0.0 ok\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go on\r\n",
                                            "250 2.0.0 ok\r\n221 2.0.0 bye\r\n"};
static size_t lengths[PIECES], messages;
static char in[READ];

struct peer {
    int fd;
    size_t piece; /* how many came whole */
    size_t left;  /* octets of the one that is arriving */
};

static size_t kind_of(size_t piece)
{
    return piece < 2 ? piece : piece <= messages ? 2 : 3;
}

static void put(int fd, const char *text, size_t len)
{
    if (send(fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
        exit(1);
}

static int receive(struct peer *p)
{
    ssize_t n = recv(p->fd, in, sizeof in, MSG_DONTWAIT);
    size_t left = n > 0 ? (size_t)n : 0;

    if (n < 0 && errno == EAGAIN)
        return 0;
    while (left >= p->left && left) {
        size_t kind = kind_of(p->piece++);

        left -= p->left;
        put(p->fd, answers[kind], strlen(answers[kind]));
        p->left = lengths[kind_of(p->piece)];
    }
    p->left -= left;
    return n > 0 ? 0 : -1;
}

static void open_peer(int poller, int listener)
{
    struct peer *p = calloc(1, sizeof *p);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};
    int on = 1;

    if (!p)
        exit(1);
    p->fd = accept(listener, NULL, NULL);
    p->left = lengths[0];
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (p->fd < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, p->fd, &e))
        exit(1);
    put(p->fd, greeting, sizeof greeting - 1);
}

static void close_peer(struct peer *p)
{
    close(p->fd);
    free(p);
}

int main(int count, char **words)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    struct epoll_event e = {.events = EPOLLIN}, events[EVENTS];
    int listener = socket(AF_INET, SOCK_STREAM, 0), poller = epoll_create1(0), on = 1, n;

    if (count != 3 + PIECES)
        return fprintf(stderr, "usage: floor PORT MESSAGES-PER-CONNECTION LENGTH...\n"), 2;
    messages = strtoul(words[2], NULL, 10);
    for (int i = 0; i < PIECES; i++)
        lengths[i] = strtoul(words[3 + i], NULL, 10);
    signal(SIGPIPE, SIG_IGN);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons((uint16_t)strtoul(words[1], NULL, 10));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (const struct sockaddr *)&at, sizeof at) || listen(listener, 1024))
        return perror("floor"), 1;
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e);
    while ((n = epoll_wait(poller, events, EVENTS, -1)) >= 0 || errno == EINTR)
        for (int i = 0; i < n; i++) {
            struct peer *p = events[i].data.ptr;

            if (!p)
                open_peer(poller, listener);
            else if (receive(p))
                close_peer(p);
        }
    return 1;
}
