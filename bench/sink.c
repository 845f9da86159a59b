/* sink.c - an SMTP server that takes every message and throws it away: the server engine on libuv's loop, nothing more.
 * mailproto/session.h tells the loop: feed what came, send what output lends, wait for what it wants and its deadline.
 * A wake-up is one recv and one send: all replies to what one recv brought lie in one piece. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mailproto/smtp.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { READ = 1 << 18, BACKLOG = 1024 };

struct peer {
    uv_poll_t poll;
    uv_timer_t timer;
    mailproto_smtp_server *server;
    mailproto_session *session;
    char *kept; /* what the session could not take yet; nothing is read meanwhile */
    size_t kept_len;
    uint64_t due; /* what the timer is set to */
    int fd, events;
    int full; /* the socket took less than was lent */
    int eof, closing, handles;
};

static uv_loop_t loop;
static char shared[READ]; /* one buffer for all: what it holds is fed at once */
static FILE *dump;
static mailproto_smtp_server_config config;
static mailproto_smtp_server_callbacks callbacks;

/* ---- what the host decides ---- */

static int32_t on_rcpt(mailproto_smtp_server *server, const mailproto_smtp_rcpt *rcpt, void *user)
{
    (void)user;
    return mailproto_smtp_server_accept(server, rcpt->head.token);
}

static int32_t on_body(mailproto_smtp_server *server, const mailproto_smtp_body *body, void *user)
{
    (void)server;
    (void)user;
    if (dump && fwrite(body->bytes.ptr, 1, body->bytes.len, dump) != body->bytes.len)
        return MAILPROTO_ERR_HOST;
    return 0;
}

static int32_t on_message_end(mailproto_smtp_server *server, const mailproto_smtp_message_end *end, void *user)
{
    (void)user;
    if (dump && fflush(dump))
        return MAILPROTO_ERR_HOST;
    return mailproto_smtp_server_accept(server, end->head.token);
}

/* ---- the end of a connection ---- */

static void closed(uv_handle_t *handle)
{
    struct peer *p = handle->data;

    if (--p->handles)
        return;
    close(p->fd);
    mailproto_session_free(p->session);
    free(p->kept);
    free(p);
}

static void close_peer(struct peer *p)
{
    if (p->closing)
        return;
    p->closing = 1;
    uv_close((uv_handle_t *)&p->poll, closed);
    uv_close((uv_handle_t *)&p->timer, closed);
}

static void lose(struct peer *p, const char *why)
{
    mailproto_session_lost(p->session, MAILPROTO_ERR_LOST, why, strlen(why), uv_now(&loop));
    close_peer(p);
}

/* ---- the loop of a session ---- */

static int tick(struct peer *p)
{
    if (mailproto_session_deadline(p->session) > uv_now(&loop))
        return 0;
    mailproto_session_tick(p->session, uv_now(&loop));
    return 1;
}

static int feed(struct peer *p, const char **data, size_t *len)
{
    size_t taken = 0;

    if (!*len || !(mailproto_session_wants(p->session) & MAILPROTO_WANTS_READ))
        return 0;
    mailproto_session_feed(p->session, *data, *len, uv_now(&loop), &taken);
    *data += taken;
    *len -= taken;
    return 1;
}

static int send_some(struct peer *p)
{
    const uint8_t *data;
    size_t len;
    ssize_t n;

    if (p->full || p->closing || !(mailproto_session_wants(p->session) & MAILPROTO_WANTS_WRITE))
        return 0;
    mailproto_session_output(p->session, &data, &len);
    if (!len)
        return 0;
    n = send(p->fd, data, len, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) {
        lose(p, strerror(errno));
        return 0;
    }
    p->full = n < (ssize_t)len;
    mailproto_session_output_ack(p->session, n > 0 ? (size_t)n : 0);
    return n > 0;
}

static void ready(uv_poll_t *poll, int status, int events);

static void watch(struct peer *p)
{
    int events = (p->kept || p->eof ? 0 : UV_READABLE) | (p->full ? UV_WRITABLE : 0);

    if (p->closing || events == p->events)
        return;
    p->events = events;
    if (events)
        uv_poll_start(&p->poll, events, ready);
    else
        uv_poll_stop(&p->poll);
}

static void run(struct peer *p, const char *data, size_t len);

static void timer_due(uv_timer_t *timer)
{
    struct peer *p = timer->data;
    char *kept = p->kept;

    p->due = UINT64_MAX;
    p->kept = NULL;
    run(p, kept, kept ? p->kept_len : 0);
    free(kept);
}

/* The timer is moved when the deadline comes nearer; set too early it costs a look only. */
static void set_timer(struct peer *p)
{
    uint64_t due = mailproto_session_deadline(p->session);

    if (p->closing || due >= p->due)
        return;
    p->due = due;
    uv_timer_start(&p->timer, timer_due, due > uv_now(&loop) ? due - uv_now(&loop) : 0, 0);
}

static void keep(struct peer *p, const char *data, size_t len)
{
    p->kept = malloc(len);
    p->kept_len = len;
    if (p->kept)
        memcpy(p->kept, data, len);
    else
        lose(p, "no memory for what arrived");
}

static void run(struct peer *p, const char *data, size_t len)
{
    int moved;

    do {
        moved = tick(p);
        moved |= feed(p, &data, &len);
        moved |= send_some(p);
    } while (moved);
    if (mailproto_session_wants(p->session) & MAILPROTO_WANTS_CLOSE)
        close_peer(p);
    if (len && !p->closing)
        keep(p, data, len);
    watch(p);
    set_timer(p);
}

static void ready(uv_poll_t *poll, int status, int events)
{
    struct peer *p = poll->data;
    char *kept = p->kept;
    ssize_t n = 0;

    if (status < 0) {
        lose(p, uv_strerror(status));
        return;
    }
    if (events & UV_WRITABLE)
        p->full = 0;
    if (kept) {
        p->kept = NULL;
        run(p, kept, p->kept_len);
        free(kept);
        return;
    }
    if (events & UV_READABLE)
        n = recv(p->fd, shared, sizeof shared, 0);
    if (n < 0 && errno != EAGAIN) {
        lose(p, strerror(errno));
        return;
    }
    if (n == 0 && events & UV_READABLE) {
        p->eof = 1;
        mailproto_session_eof(p->session, uv_now(&loop));
    }
    run(p, shared, n > 0 ? (size_t)n : 0);
}

/* ---- the program ---- */

static void connected(uv_poll_t *listener, int status, int events)
{
    struct peer *p = status || !(events & UV_READABLE) ? NULL : calloc(1, sizeof *p);
    int on = 1;

    if (!p)
        return;
    p->fd = accept(*(int *)listener->data, NULL, NULL);
    if (p->fd < 0 || mailproto_smtp_server_new(&p->server, &config, &callbacks, NULL, p, NULL)) {
        if (p->fd >= 0)
            close(p->fd);
        free(p);
        return;
    }
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    uv_poll_init(&loop, &p->poll, p->fd);
    uv_timer_init(&loop, &p->timer);
    p->poll.data = p->timer.data = p;
    p->handles = 2;
    p->due = UINT64_MAX;
    p->session = mailproto_smtp_server_session(p->server);
    run(p, NULL, 0);
}

static void ended(uv_signal_t *handle, int number)
{
    (void)number;
    uv_stop(handle->loop);
}

static int open_listener(const char *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) || listen(fd, BACKLOG))
        return -1;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

int main(int count, char **words)
{
    uv_poll_t listener;
    uv_signal_t signals;
    int fd;

    if (count < 2 || count > 3)
        return fprintf(stderr, "usage: sink PORT [FILE to write messages to]\n"), 2;
    if (count == 3 && !(dump = fopen(words[2], "wb")))
        return perror(words[2]), 1;
    mailproto_smtp_server_config_init(&config, sizeof config);
    config.hostname = (mailproto_text){"mail.example.test", 17};
    mailproto_smtp_server_callbacks_init(&callbacks, sizeof callbacks);
    callbacks.on_rcpt = on_rcpt;
    callbacks.on_body = on_body;
    callbacks.on_message_end = on_message_end;
    fd = open_listener(words[1]);
    if (fd < 0)
        return perror("sink"), 1;
    uv_loop_init(&loop);
    uv_signal_init(&loop, &signals);
    uv_signal_start(&signals, ended, SIGTERM);
    uv_poll_init(&loop, &listener, fd);
    listener.data = &fd;
    uv_poll_start(&listener, UV_READABLE, connected);
    return uv_run(&loop, UV_RUN_DEFAULT) < 0;
}
