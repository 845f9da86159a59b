/* listener.c - listening: addresses, descriptors and unix sockets; who comes is counted, and served or refused.
 * include/mailproto/host_connection.h, "listening". */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/ascii.h"
#include "internal.h"

enum { BACKLOG = 1024 };

static const char unix_prefix[] = "unix:", fd_prefix[] = "fd:", inherited_prefix[] = "inherited:";

/* ---- making ---- */

static int32_t cannot(mailproto_host_listener *l, int error)
{
    return mp_host_fail(l->host, MAILPROTO_ERR_HOST, error, "cannot listen on %s: %s", l->text, uv_strerror(error));
}

static void closed(uv_handle_t *handle)
{
    mailproto_host_listener *l = handle->data;
    mailproto_host *host = l->host;

    if (--l->handles)
        return;
    if (host->freeing) { /* who does not know yet that the host goes may close it again */
        l->next = host->dead_listeners;
        host->dead_listeners = l;
    } else {
        mp_host_release(host, l, sizeof *l);
    }
    mp_host_end(host);
}

static void open_handle(mailproto_host_listener *l, union mp_host_socket *socket)
{
    if (l->kind == UV_TCP)
        uv_tcp_init(l->host->loop, &socket->tcp); /* these make no socket yet, and answer 0 */
    else
        uv_pipe_init(l->host->loop, &socket->pipe, 0);
    socket->handle.data = l;
}

/* What is left of a program that has ended: a name that nobody listens behind. */
static int is_stale(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), refused = 0;

    if (fd < 0)
        return 0;
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    refused = connect(fd, (const struct sockaddr *)&address, sizeof address) && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static int32_t bind_unix(mailproto_host_listener *l, const char *path)
{
    int error;

    l->kind = UV_NAMED_PIPE;
    l->address.any.sa_family = AF_UNIX;
    open_handle(l, &l->socket);
    error = uv_pipe_bind(&l->socket.pipe, path);
    if (error == UV_EADDRINUSE && is_stale(path) && !unlink(path))
        error = uv_pipe_bind(&l->socket.pipe, path);
    return error ? cannot(l, error) : MAILPROTO_OK;
}

/* The port, and its text with the port that was free. A port that is taken is told here, not by bind. */
static int32_t learn_address(mailproto_host_listener *l)
{
    int size = sizeof l->address, error;

    if (l->kind != UV_TCP)
        return MAILPROTO_OK;
    error = uv_tcp_getsockname(&l->socket.tcp, &l->address.any, &size);
    if (error)
        return cannot(l, error);
    l->port = mp_host_address_port(&l->address);
    mp_host_address_text(l->text, &l->address);
    return MAILPROTO_OK;
}

static int32_t bind_tcp(mailproto_host_listener *l)
{
    int error;

    l->kind = UV_TCP;
    open_handle(l, &l->socket);
    error = uv_tcp_bind(&l->socket.tcp, &l->address.any, l->address.any.sa_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0);
    return error ? cannot(l, error) : learn_address(l);
}

static int32_t open_fd(mailproto_host_listener *l, int fd)
{
    union mp_host_address address;
    socklen_t size = sizeof address, type_size = sizeof(int);
    int type, error, is_ip;

    if (getsockname(fd, &address.any, &size) || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size))
        return cannot(l, -errno);
    is_ip = address.any.sa_family == AF_INET || address.any.sa_family == AF_INET6;
    if (type != SOCK_STREAM || (!is_ip && address.any.sa_family != AF_UNIX))
        return mp_host_fail(l->host, MAILPROTO_ERR_ARG, 0, "cannot listen on %s: it is no stream socket of IP or unix",
                            l->text);
    l->kind = is_ip ? UV_TCP : UV_NAMED_PIPE;
    l->address = address;
    open_handle(l, &l->socket);
    error = is_ip ? uv_tcp_open(&l->socket.tcp, fd) : uv_pipe_open(&l->socket.pipe, fd);
    return error ? cannot(l, error) : learn_address(l);
}

static int32_t bad_address(mailproto_host_listener *l)
{
    return mp_host_fail(l->host, MAILPROTO_ERR_ARG, 0,
                        "\"%s\" is no address to listen on: write 192.0.2.1:25, [2001:db8::1]:25, unix:/path, "
                        "inherited:NAME or fd:NUMBER",
                        l->text);
}

static int32_t open_inherited(mailproto_host_listener *l, mailproto_text name)
{
    int fd = mp_host_inherit(l->host, name);

    if (fd < 0)
        return mp_host_fail(l->host, MAILPROTO_ERR_STATE, 0,
                            "the service manager has passed no socket \"%.*s\", or it is taken already: see "
                            "FileDescriptorName= in systemd.socket(5)",
                            (int)name.len, name.ptr);
    return open_fd(l, fd);
}

static int32_t open_by_text(mailproto_host_listener *l, mailproto_text text)
{
    const size_t unix_len = sizeof unix_prefix - 1, fd_len = sizeof fd_prefix - 1;
    const size_t inherited_len = sizeof inherited_prefix - 1;
    uint64_t fd;

    if (mp_ascii_begins(text.ptr, text.len, unix_prefix))
        return text.len == unix_len || text.len - unix_len >= MP_HOST_UNIX_PATH ? bad_address(l)
                                                                                : bind_unix(l, l->text + unix_len);
    if (mp_ascii_begins(text.ptr, text.len, fd_prefix))
        return mp_ascii_parse_decimal(text.ptr + fd_len, text.len - fd_len, &fd) && fd <= INT32_MAX
                   ? open_fd(l, (int)fd)
                   : bad_address(l);
    if (mp_ascii_begins(text.ptr, text.len, inherited_prefix))
        return open_inherited(l, (mailproto_text){text.ptr + inherited_len, text.len - inherited_len});
    return mp_host_address_read(&l->address, text) ? bad_address(l) : bind_tcp(l);
}

/* ---- accepting ---- */

static int32_t admit(mailproto_host_connection *c, const union mp_host_address *address, uint32_t *why)
{
    mailproto_host *host = c->host;
    uint64_t most = host->config.max_sessions_per_address;
    int32_t result;

    if (host->config.max_sessions != MAILPROTO_UNLIMITED && host->session_count >= host->config.max_sessions) {
        *why = MAILPROTO_HOST_TOO_MANY;
        return MAILPROTO_ERR_LIMIT;
    }
    *why = MAILPROTO_HOST_TOO_MANY_OF_ADDRESS;
    if (most == MAILPROTO_UNLIMITED)
        most = UINT64_MAX;
    result = mp_host_admission_enter(&host->admission, &host->allocator, &address->any, most, &c->admission);
    if (!result) {
        c->counted = 1;
        host->session_count++;
    }
    return result;
}

/* Makes the session; closed without one. */
static void serve(mailproto_host_listener *l, mailproto_host_connection *c, const mailproto_host_peer *peer)
{
    static const char no_tls[] = "there is no TLS for this connection";
    mailproto_session *session = NULL;
    int32_t result = l->config.on_accept(l, c, peer, &session, c->user);

    if (result || !session) {
        mp_host_connection_close(c);
        return;
    }
    c->telling = 1;
    if (!c->closing) /* it may have been aborted at once */
        result = mp_host_connection_tls(l->host, &l->tls, 0, (mailproto_text){0}, &session);
    c->session = session;
    if (result) {
        mp_host_problem(l->host, l, "no TLS for %s: %s", peer->text.ptr, mailproto_result_text(result));
        mp_host_connection_lose(c, result, no_tls, sizeof no_tls - 1); /* it hears why it never began */
    } else if (!c->closing) {
        mp_host_connection_start(c, session);
    }
}

static void receive(mailproto_host_listener *l, mailproto_host_connection *c)
{
    struct mp_host_peer_texts texts;
    union mp_host_address address;
    mailproto_host_peer peer;
    int32_t refused;
    uint32_t why;

    if (uv_accept(&l->socket.stream, &c->socket.stream) ||
        mp_host_peer_fill(&peer, &texts, &c->socket.stream, &address)) {
        mp_host_connection_close(c); /* it has gone again */
        return;
    }
    c->number = peer.number = ++l->host->last_number;
    refused = admit(c, &address, &why);
    if (refused == MAILPROTO_ERR_LIMIT && l->config.on_refused)
        l->config.on_refused(l, c, &peer, why, c->user);
    if (refused)
        mp_host_connection_close(c);
    else
        serve(l, c, &peer);
}

static void take(mailproto_host_listener *l);

static void spare_closed(uv_handle_t *handle)
{
    mailproto_host_listener *l = handle->data;

    l->spare_busy = 0;
    if (l->waiting && !l->paused && !l->closing)
        take(l);
    closed(handle); /* counts */
}

/* There is no memory for it, and it must not stay in the way of the next: libuv brings none before it is taken. */
static void throw_away(mailproto_host_listener *l)
{
    open_handle(l, &l->spare);
    l->spare_busy = 1;
    l->handles++;
    uv_accept(&l->socket.stream, &l->spare.stream);
    uv_close(&l->spare.handle, spare_closed);
}

static void take(mailproto_host_listener *l)
{
    mailproto_host_connection *c;
    int32_t result;

    l->waiting = 0;
    if (l->spare_busy) { /* for the rest of this turn of the loop */
        l->waiting = 1;
        return;
    }
    result = mp_host_connection_new(l->host, l->kind, &c);
    if (result) {
        throw_away(l);
        mp_host_problem(l->host, l, "a connection to %s could not be taken: %s", l->text, l->host->sentence);
        return;
    }
    c->on_event = l->config.on_event;
    c->on_gone = l->config.on_gone;
    c->user = l->config.user;
    receive(l, c);
}

/* libuv itself closes connections that come when no file is free (EMFILE), so that it does not spin. */
static void came(uv_stream_t *stream, int status)
{
    mailproto_host_listener *l = stream->data;

    if (status)
        mp_host_problem(l->host, l, "a connection could not be taken: %s", uv_strerror(status));
    else if (l->paused || l->spare_busy)
        l->waiting = 1; /* libuv looks no more at the socket until it is taken */
    else
        take(l);
}

/* ---- for programs ---- */

int32_t mailproto_host_listener_pause(mailproto_host_listener *l)
{
    if (!l)
        return MAILPROTO_ERR_ARG;
    l->paused = 1;
    return MAILPROTO_OK;
}

int32_t mailproto_host_listener_resume(mailproto_host_listener *l)
{
    uint32_t backlog;
    int error;

    if (!l)
        return MAILPROTO_ERR_ARG;
    l->paused = 0;
    if (l->listening) {
        if (l->waiting)
            take(l);
        return MAILPROTO_OK;
    }
    backlog = l->config.backlog ? l->config.backlog : BACKLOG;
    error = uv_listen(&l->socket.stream, backlog < INT32_MAX ? (int)backlog : INT32_MAX, came);
    if (error)
        return cannot(l, error);
    l->listening = 1;
    return MAILPROTO_OK;
}

void mailproto_host_listener_close(mailproto_host_listener *l)
{
    if (!l || l->closing)
        return;
    l->closing = 1;
    if (l->previous)
        l->previous->next = l->next;
    else
        l->host->listeners = l->next;
    if (l->next)
        l->next->previous = l->previous;
    uv_close(&l->socket.handle, closed);
}

void mp_host_listeners_release(mailproto_host *host)
{
    mailproto_host_listener *l;

    while ((l = host->dead_listeners)) {
        host->dead_listeners = l->next;
        mp_host_release(host, l, sizeof *l);
    }
}

static void put_in(mailproto_host_listener *l)
{
    l->next = l->host->listeners;
    if (l->next)
        l->next->previous = l;
    l->host->listeners = l;
}

static int32_t fill(mailproto_host_listener *l, const mailproto_host_listen_config *config)
{
    mailproto_text text;

    if (mp_companion_struct_copy(&l->config, sizeof l->config, config))
        return mp_host_fail(l->host, MAILPROTO_ERR_ARG, 0,
                            "the config is missing, its struct_size is not set, or it is from a later version");
    if (l->config.flags & ~(uint32_t)MAILPROTO_HOST_LISTEN_PAUSED || l->config.reserved)
        return mp_host_fail(l->host, MAILPROTO_ERR_ARG, 0, "flags has a bit that is not known, or reserved is not 0");
    if (!l->config.on_accept)
        return mp_host_fail(l->host, MAILPROTO_ERR_ARG, 0, "listening needs on_accept, which makes the sessions");
    if (l->config.tls && mp_companion_struct_copy(&l->tls, sizeof l->tls, l->config.tls))
        return mp_host_fail(l->host, MAILPROTO_ERR_ARG, 0, "tls is no struct of this library");
    text = l->config.address;
    if (text.len >= sizeof l->text || (text.len && !text.ptr) || (text.len && memchr(text.ptr, 0, text.len)))
        return mp_host_fail(l->host, MAILPROTO_ERR_ARG, 0, "the address to listen on is too long or holds a NUL");
    if (text.len)
        memcpy(l->text, text.ptr, text.len);
    l->config.address = (mailproto_text){l->text, text.len};
    l->paused = l->config.flags & MAILPROTO_HOST_LISTEN_PAUSED;
    return open_by_text(l, l->config.address);
}

int32_t mailproto_host_listen(mailproto_host *host, const mailproto_host_listen_config *config,
                              mailproto_host_listener **out)
{
    mailproto_host_listener *l;
    int32_t result;

    if (!host)
        return MAILPROTO_ERR_ARG;
    if (host->freeing)
        return mp_host_fail(host, MAILPROTO_ERR_STATE, 0, "the host is being freed");
    l = mp_host_alloc(host, sizeof *l);
    if (!l)
        return mp_host_fail(host, MAILPROTO_ERR_NOMEM, 0, "there is no memory for a listener");
    l->host = host;
    result = fill(l, config);
    if (!l->kind) { /* nothing was opened */
        mp_host_release(host, l, sizeof *l);
        return result;
    }
    l->handles = 1;
    mp_host_begin(host);
    put_in(l);
    if (!result && !l->paused)
        result = mailproto_host_listener_resume(l);
    if (result)
        mailproto_host_listener_close(l);
    else if (out)
        *out = l;
    return result;
}

int32_t mailproto_host_listen_config_init(mailproto_host_listen_config *config, size_t size)
{
    return mp_companion_struct_init(config, size);
}

int32_t mailproto_host_tls_init(mailproto_host_tls *tls, size_t size)
{
    return mp_companion_struct_init(tls, size);
}

uint32_t mailproto_host_listener_port(const mailproto_host_listener *l)
{
    return l ? l->port : 0;
}

const char *mailproto_host_listener_text(const mailproto_host_listener *l)
{
    return l ? l->text : "";
}
