/* connect.c - from a name to a connection: all its addresses are tried, one after the other, each with its limit.
 * RFC 5321 5.1: the addresses of a host are tried in the order given; RFC 6724 is what orders them. */
#include <stdio.h>
#include <string.h>

#include "connection.h"

enum { LOOKUP_MS = 30000, ATTEMPT_MS = 30000, NAME_MOST = 256, TROUBLE = 700 };

/* What libuv has while it looks a name up: it may outlive the connection that asked. */
struct lookup {
    uv_getaddrinfo_t request;
    mailproto_host *host;
    mailproto_host_connection *c; /* NULL: nobody waits any more */
};

struct mp_host_connecting {
    mailproto_host_connect_config config;
    mailproto_host_tls tls;
    mailproto_session *session; /* that was given, or NULL */
    struct lookup *lookup;
    struct addrinfo *list, *next;
    union mp_host_address single; /* a number instead of a name, in `one` */
    struct addrinfo one;
    uint8_t finish; /* the session is to finish as soon as it is made */
    uint8_t timed_out;
    char name[NAME_MOST], tls_name[NAME_MOST];
    char trouble[TROUBLE]; /* which address failed how */
};

/* ---- the end of connecting ---- */

void mp_host_connecting_free(mailproto_host_connection *c)
{
    struct mp_host_connecting *x = c->connecting;

    c->connecting = NULL;
    if (!x)
        return;
    if (x->lookup) {
        x->lookup->c = NULL;
        uv_cancel((uv_req_t *)&x->lookup->request);
    }
    if (x->list)
        uv_freeaddrinfo(x->list);
    mailproto_session_free(x->session);
    mp_host_release(c->host, x, sizeof *x);
}

void mp_host_connecting_fail(mailproto_host_connection *c, int32_t why, const char *text)
{
    struct mp_host_connecting *x = c->connecting;

    if (c->closing)
        return;
    c->session = x->session;
    x->session = NULL;
    mp_host_connection_lose(c, why, text, strlen(text));
    if (x->config.on_failed)
        x->config.on_failed(c, why, text, strlen(text), c->user);
}

static void fail_all(mailproto_host_connection *c)
{
    struct mp_host_connecting *x = c->connecting;
    int six = strchr(x->name, ':') != NULL && !strchr(x->name, '/');
    char text[TROUBLE + NAME_MOST + 64];

    if (x->config.port)
        snprintf(text, sizeof text, "cannot connect to %s%s%s:%u: %s", six ? "[" : "", x->name, six ? "]" : "",
                 x->config.port, x->trouble);
    else
        snprintf(text, sizeof text, "cannot connect to %s: %s", x->name, x->trouble);
    mp_host_connecting_fail(c, x->timed_out ? MAILPROTO_ERR_TIMEOUT : MAILPROTO_ERR_LOST, text);
}

void mp_host_connecting_finish(mailproto_host_connection *c)
{
    c->connecting->finish = 1;
}

static void note(struct mp_host_connecting *x, const char *where, const char *what)
{
    size_t at = strlen(x->trouble);

    snprintf(x->trouble + at, sizeof x->trouble - at, "%s%s%s%s", at ? "; " : "", where, *where ? ": " : "", what);
}

static void note_time(struct mp_host_connecting *x, const char *where, uint32_t ms)
{
    char text[64];

    snprintf(text, sizeof text, ms % 1000 ? "no answer within %u ms" : "no answer within %u s",
             ms % 1000 ? ms : ms / 1000);
    note(x, where, text);
    x->timed_out = 1;
}

/* ---- the connection stands ---- */

static void stands(mailproto_host_connection *c)
{
    static const char gone[] = "the connection was lost at once", no_tls[] = "there is no TLS for this connection";
    struct mp_host_connecting *x = c->connecting;
    struct mp_host_peer_texts texts;
    union mp_host_address address;
    mailproto_host_peer peer;
    int32_t result = MAILPROTO_OK;

    uv_timer_stop(&c->timer);
    if (mp_host_peer_fill(&peer, &texts, &c->socket.stream, &address)) {
        mp_host_connecting_fail(c, MAILPROTO_ERR_LOST, gone);
        return;
    }
    peer.number = c->number;
    if (x->config.on_connected)
        result = x->config.on_connected(c, &peer, &x->session, c->user);
    if (result)
        x->session = NULL; /* the callback's own */
    if (!x->session || c->closing) {
        mp_host_connection_close(c);
        return;
    }
    result =
        mp_host_connection_tls(c->host, &x->tls, 1, (mailproto_text){x->tls_name, strlen(x->tls_name)}, &x->session);
    c->session = x->session;
    x->session = NULL;
    if (x->finish)
        mailproto_session_finish(c->session);
    mp_host_connecting_free(c);
    if (result)
        mp_host_connection_lose(c, result, no_tls, sizeof no_tls - 1);
    else
        mp_host_connection_start(c, c->session);
}

/* ---- one address after the other ---- */

static void attempt(mailproto_host_connection *c);

/* Which of the addresses of a name it is; "" where there is only the one that was asked for. */
static void address_text(const mailproto_host_connection *c, char *out)
{
    union mp_host_address address;
    const struct addrinfo *a = c->connecting->next;

    memset(&address, 0, sizeof address);
    *out = 0;
    if (!a || a == &c->connecting->one || a->ai_addrlen > sizeof address)
        return;
    memcpy(&address, a->ai_addr, a->ai_addrlen);
    mp_host_address_text(out, &address);
}

static void attempt_closed(uv_handle_t *handle)
{
    mailproto_host_connection *c = handle->data;

    c->socket_open = 0;
    if (c->closing) {
        mp_host_connection_closed(handle);
        return;
    }
    c->handles--;
    if (c->connecting->next)
        c->connecting->next = c->connecting->next->ai_next;
    attempt(c);
}

static void give_up(mailproto_host_connection *c)
{
    uv_timer_stop(&c->timer);
    if (c->socket_open)
        uv_close(&c->socket.handle, attempt_closed);
    else
        fail_all(c);
}

static void attempt_failed(mailproto_host_connection *c, int error)
{
    char where[MP_HOST_TEXT];

    c->connect_error = error;
    c->connecting->timed_out = error == UV_ETIMEDOUT;
    address_text(c, where);
    note(c->connecting, where, uv_strerror(error));
    give_up(c);
}

static void connected(uv_connect_t *request, int status)
{
    mailproto_host_connection *c = request->data;

    if (c->closing || !c->connecting || uv_is_closing(&c->socket.handle))
        return; /* given up in between */
    if (status)
        attempt_failed(c, status);
    else
        stands(c);
}

static void too_late(uv_timer_t *timer)
{
    mailproto_host_connection *c = timer->data;
    char where[MP_HOST_TEXT];

    address_text(c, where);
    c->connect_error = UV_ETIMEDOUT;
    note_time(c->connecting, where, c->connecting->config.attempt_ms);
    give_up(c);
}

static void set_limit(mailproto_host_connection *c, uv_timer_cb due, uint32_t ms)
{
    if (ms != MAILPROTO_UNLIMITED)
        uv_timer_start(&c->timer, due, ms, 0);
}

/* The next address that is left. */
static void attempt(mailproto_host_connection *c)
{
    struct mp_host_connecting *x = c->connecting;
    int error;

    if (!x->next) {
        fail_all(c);
        return;
    }
    error = mp_host_connection_open(c, UV_TCP);
    c->request.connect.data = c;
    if (!error)
        error = uv_tcp_connect(&c->request.connect, &c->socket.tcp, x->next->ai_addr, connected);
    if (error)
        attempt_failed(c, error);
    else
        set_limit(c, too_late, x->config.attempt_ms);
}

static void first_attempt(uv_timer_t *timer)
{
    attempt(timer->data);
}

/* ---- names ---- */

static void looked_up(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct lookup *lookup = request->data;
    mailproto_host_connection *c = lookup->c;
    mailproto_host *host = lookup->host;

    mp_host_release(host, lookup, sizeof *lookup);
    if (!c) {
        uv_freeaddrinfo(list);
    } else {
        c->connecting->lookup = NULL;
        c->connecting->list = c->connecting->next = list;
        uv_timer_stop(&c->timer);
        if (c->closing) {
            /* given up in this turn of the loop: what it has goes with it */
        } else if (status) {
            c->connect_error = status;
            note(c->connecting, "", status == UV_EAI_NONAME ? "there is no such name" : uv_strerror(status));
            fail_all(c);
        } else {
            attempt(c);
        }
    }
    mp_host_end(host);
}

static void lookup_too_late(uv_timer_t *timer)
{
    mailproto_host_connection *c = timer->data;

    c->connect_error = UV_ETIMEDOUT;
    note_time(c->connecting, "the name server", c->connecting->config.lookup_ms);
    fail_all(c);
}

static int32_t look_up(mailproto_host_connection *c)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
    struct mp_host_connecting *x = c->connecting;
    struct lookup *lookup = mp_host_alloc(c->host, sizeof *lookup);
    char port[16];
    int error;

    if (!lookup)
        return mp_host_fail(c->host, MAILPROTO_ERR_NOMEM, 0, "there is no memory to look a name up");
    lookup->host = c->host;
    lookup->c = c;
    lookup->request.data = lookup;
    snprintf(port, sizeof port, "%u", x->config.port);
    error = uv_getaddrinfo(c->host->loop, &lookup->request, looked_up, x->name, port, &hints);
    if (error) {
        mp_host_release(c->host, lookup, sizeof *lookup);
        return mp_host_fail(c->host, MAILPROTO_ERR_HOST, error, "cannot look up %s: %s", x->name, uv_strerror(error));
    }
    x->lookup = lookup;
    mp_host_begin(c->host);
    set_limit(c, lookup_too_late, x->config.lookup_ms);
    return MAILPROTO_OK;
}

/* ---- the beginning ---- */

static int32_t begin_unix(mailproto_host_connection *c, const char *path)
{
    int error = mp_host_connection_open(c, UV_NAMED_PIPE);

    if (error)
        return mp_host_fail(c->host, MAILPROTO_ERR_HOST, error, "the system gives no socket: %s", uv_strerror(error));
    c->request.connect.data = c;
    set_limit(c, too_late, c->connecting->config.attempt_ms);
    uv_pipe_connect(&c->request.connect, &c->socket.pipe, path, connected);
    return MAILPROTO_OK;
}

static int32_t begin(mailproto_host_connection *c)
{
    struct mp_host_connecting *x = c->connecting;

    if (!strncmp(x->name, "unix:", 5))
        return begin_unix(c, x->name + 5);
    if (mp_host_address_read_host(&x->single, x->name, x->config.port))
        return look_up(c);
    x->one.ai_addr = &x->single.any;
    x->one.ai_addrlen = x->single.any.sa_family == AF_INET6 ? sizeof x->single.v6 : sizeof x->single.v4;
    x->next = &x->one;
    uv_timer_start(&c->timer, first_attempt, 0, 0); /* what it leads to comes from the loop */
    return MAILPROTO_OK;
}

static int copy_text(char *out, mailproto_text text)
{
    if (text.len >= NAME_MOST || (text.len && (!text.ptr || memchr(text.ptr, 0, text.len))))
        return -1;
    if (text.len)
        memcpy(out, text.ptr, text.len);
    out[text.len] = 0;
    return 0;
}

static int32_t fill(mailproto_host *host, struct mp_host_connecting *x, const mailproto_host_connect_config *config,
                    mailproto_session *session)
{
    mailproto_host_connect_config *own = &x->config;

    if (mp_companion_struct_copy(own, sizeof *own, config) || own->flags || own->reserved ||
        (own->tls && mp_companion_struct_copy(&x->tls, sizeof x->tls, own->tls)))
        return mp_host_fail(host, MAILPROTO_ERR_ARG, 0,
                            "the config is no struct of this library or has an unknown flag");
    if (!session && !own->on_connected)
        return mp_host_fail(host, MAILPROTO_ERR_ARG, 0, "there is neither a session nor on_connected, which makes one");
    if (!own->name.len || copy_text(x->name, own->name) ||
        copy_text(x->tls_name, own->tls_name.len ? own->tls_name : own->name))
        return mp_host_fail(host, MAILPROTO_ERR_ARG, 0, "the name to connect to is missing, too long or holds a NUL");
    if (!strncmp(x->name, "unix:", 5)) {
        own->port = 0;
        if (strlen(x->name) >= MP_HOST_UNIX_PATH + 5)
            return mp_host_fail(host, MAILPROTO_ERR_ARG, 0, "the path of the socket is too long");
    } else if (!own->port || own->port > 65535) {
        return mp_host_fail(host, MAILPROTO_ERR_ARG, 0, "the port to connect to is not one of 1 to 65535");
    }
    own->lookup_ms = own->lookup_ms ? own->lookup_ms : LOOKUP_MS;
    own->attempt_ms = own->attempt_ms ? own->attempt_ms : ATTEMPT_MS;
    if (session)
        own->on_connected = NULL;
    return MAILPROTO_OK;
}

/* Nothing has begun: the connection ends as if it had never been. */
static void take_back(mailproto_host_connection *c)
{
    mp_host_connecting_free(c);
    mp_host_connection_close(c);
}

int32_t mailproto_host_connect(mailproto_host *host, const mailproto_host_connect_config *config,
                               mailproto_session *session, mailproto_host_connection **out)
{
    mailproto_host_connection *c;
    struct mp_host_connecting *x;
    int32_t result;

    if (!host)
        return MAILPROTO_ERR_ARG;
    if (host->freeing)
        return mp_host_fail(host, MAILPROTO_ERR_STATE, 0, "the host is being freed");
    x = mp_host_alloc(host, sizeof *x);
    if (!x)
        return mp_host_fail(host, MAILPROTO_ERR_NOMEM, 0, "there is no memory for a connection");
    result = fill(host, x, config, session);
    if (!result)
        result = mp_host_connection_new(host, 0, &c);
    if (result) {
        mp_host_release(host, x, sizeof *x);
        return result;
    }
    c->connecting = x;
    result = begin(c);
    if (result) {
        take_back(c);
        return result;
    }
    x->session = session;
    c->on_event = x->config.on_event;
    c->on_gone = x->config.on_gone;
    c->user = x->config.user;
    c->client = c->telling = 1;
    c->number = ++host->last_number;
    if (out)
        *out = c;
    return MAILPROTO_OK;
}

int32_t mailproto_host_connect_config_init(mailproto_host_connect_config *config, size_t size)
{
    return mp_companion_struct_init(config, size);
}
