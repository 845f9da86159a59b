/* server.c - the running server: listening, accepting within limits, ending in good order.
 * RFC 5321 3.8, 4.2.1: who cannot be served is told 421; RFC 1939 3 and RFC 3206 4: -ERR [SYS/TEMP]. */
#include "server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "privileges.h"
#include "reload.h"
#include "work.h"

enum { EXIT_UNAVAILABLE = 69, EXIT_CANNOT_CREATE = 73 };
enum { FILES_BESIDE = 64, BACKLOG = 1024, REFUSAL_LOG_MS = 1000 };

/* ---- the end ---- */

static void close_own(struct server *server)
{
    for (size_t i = 0; i < sizeof server->signals / sizeof *server->signals; i++)
        uv_close((uv_handle_t *)&server->signals[i], NULL);
    uv_close((uv_handle_t *)&server->patience, NULL);
}

static void end_if_empty(struct server *server)
{
    if (server->ending && !server->clients && !uv_is_closing((uv_handle_t *)&server->patience))
        close_own(server);
}

static void abort_all(struct server *server)
{
    server->ending = 2;
    if (server->clients)
        log_line(LOG_WARNING, "%llu session%s cut off", (unsigned long long)server->count,
                 server->count == 1 ? " is" : "s are");
    for (struct client *client = server->clients; client; client = client->next)
        connection_abort(&client->connection, "the server ends");
}

static void patience_over(uv_timer_t *timer)
{
    abort_all(timer->data);
}

/* First politely: every session says goodbye when its protocol lets it. */
static void begin_end(struct server *server)
{
    server->ending = 1;
    log_line(LOG_INFO, "ending: %llu session%s", (unsigned long long)server->count, server->count == 1 ? "" : "s");
    for (size_t i = 0; i < server->listening; i++)
        uv_close((uv_handle_t *)&server->listeners[i].tcp, NULL);
    for (struct client *client = server->clients; client; client = client->next)
        if (client->connection.session) {
            mailproto_session_finish(client->connection.session);
            connection_run(&client->connection);
        }
    uv_timer_start(&server->patience, patience_over, server->settings->limits.shutdown_time, 0);
    end_if_empty(server);
}

static void signalled(uv_signal_t *handle, int number)
{
    struct server *server = handle->data;

    if (number == SIGHUP)
        reload_start(server);
    else if (server->ending)
        abort_all(server);
    else
        begin_end(server);
}

/* ---- clients ---- */

static void leave(struct client *client)
{
    struct server *server = client->server;

    if (client->previous)
        client->previous->next = client->next;
    else if (server->clients == client)
        server->clients = client->next;
    if (client->next)
        client->next->previous = client->previous;
    if (client->admission) {
        admission_leave(&server->admission, client->admission);
        server->count--;
    }
}

static void accept_client(struct listener *listener);

static void client_gone(struct connection *connection)
{
    struct client *client = (struct client *)connection;
    struct server *server = client->server;

    leave(client);
    client->gone(client);
    free(client);
    for (size_t i = 0; i < server->listening && !server->ending; i++)
        if (server->listeners[i].stuck)
            accept_client(&server->listeners[i]);
    end_if_empty(server);
}

/* In one line, without a session: there is no room for one. */
static void refuse(struct client *client, const char *why)
{
    char line[400];
    uv_buf_t buffer;
    int len;

    if (client->service == SERVICE_POP3)
        len = snprintf(line, sizeof line, "-ERR [SYS/TEMP] %s, try again later\r\n", why);
    else
        len = snprintf(line, sizeof line, "421 4.3.2 %s %s, try again later\r\n", client->server->settings->hostname,
                       why);
    buffer = uv_buf_init(line, (unsigned)len);
    uv_try_write((uv_stream_t *)&client->connection.tcp, &buffer, 1);
    if (uv_now(&client->server->loop) - client->server->refused_since >= REFUSAL_LOG_MS) {
        client->server->refused_since = uv_now(&client->server->loop);
        client_log(client, LOG_WARNING, "refused: %s", why);
    }
}

/* Whether it may come in; who may not is told why. */
static int admit(struct client *client, const struct sockaddr_storage *address)
{
    struct server *server = client->server;
    const struct limits *limits = &server->settings->limits;

    if ((client->service == SERVICE_POP3 || client->service == SERVICE_SUBMISSION) &&
        !client_may_send_cleartext(client)) {
        refuse(client, "passwords are taken from this machine only");
        return 0;
    }
    if (server->count >= limits->sessions) {
        refuse(client, "too many connections");
        return 0;
    }
    client->admission = admission_enter(&server->admission, address, limits->sessions_per_address);
    if (!client->admission) {
        refuse(client, "too many connections from this address");
        return 0;
    }
    server->count++;
    return 1;
}

static int identify(struct client *client, struct sockaddr_storage *address)
{
    int size = sizeof *address;

    memset(address, 0, sizeof *address);
    if (uv_tcp_getpeername(&client->connection.tcp, (struct sockaddr *)address, &size))
        return 0; /* it has gone again */
    endpoint_text(client->peer, address);
    client->loopback = endpoint_is_loopback(address);
    return 1;
}

static void serve(struct client *client)
{
    struct server *server = client->server;
    mailproto_session *session =
        client->service == SERVICE_POP3 ? pop3_client_session(client) : smtp_client_session(client);

    client->next = server->clients;
    if (client->next)
        client->next->previous = client;
    server->clients = client;
    if (session && server->trace)
        mailproto_session_set_trace(session, MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_PRIVATE);
    client_log(client, LOG_DEBUG, "connected");
    connection_start(&client->connection, session);
}

static void accept_client(struct listener *listener)
{
    struct server *server = listener->server;
    struct client *client = listener->service == SERVICE_POP3 ? pop3_client_new() : smtp_client_new();
    struct sockaddr_storage address;

    listener->stuck = !client;
    if (!client) {
        log_line(LOG_ERROR, "no memory for a new connection");
        return; /* tried again when a client goes */
    }
    client->server = server;
    client->service = listener->service;
    if (connection_init(&client->connection, &server->loop, client_gone)) {
        free(client);
        return;
    }
    if (uv_accept((uv_stream_t *)&listener->tcp, (uv_stream_t *)&client->connection.tcp) ||
        !identify(client, &address) || !admit(client, &address)) {
        connection_start(&client->connection, NULL);
        return;
    }
    client->number = ++server->last_number;
    serve(client);
}

/* libuv itself closes connections that come when no file is free (EMFILE), so that it does not spin. */
static void came(uv_stream_t *stream, int status)
{
    struct listener *listener = stream->data;
    struct server *server = listener->server;

    if (!status) {
        accept_client(listener);
    } else if (uv_now(&server->loop) - server->refused_since >= REFUSAL_LOG_MS) {
        server->refused_since = uv_now(&server->loop);
        log_line(LOG_WARNING, "%s: a connection could not be taken: %s", service_names[listener->service],
                 uv_strerror(status));
    }
}

/* ---- the start ---- */

static int cannot_listen(const struct listener *listener, int error)
{
    char text[ENDPOINT_TEXT];

    endpoint_text(text, listener->address);
    log_line(LOG_ERROR, "cannot listen on %s for %s: %s%s", text, service_names[listener->service], uv_strerror(error),
             error == UV_EACCES       ? "; ports below 1024 need root, which run_as gives up again"
             : error == UV_EADDRINUSE ? "; another program, or this one started twice, has the port"
                                      : "");
    return EXIT_UNAVAILABLE;
}

static int bind_to(struct server *server, enum service service, const struct sockaddr_storage *address)
{
    struct listener *listener = &server->listeners[server->listening];
    int error;

    *listener = (struct listener){.server = server, .service = service, .address = address};
    uv_tcp_init(&server->loop, &listener->tcp);
    listener->tcp.data = listener;
    server->listening++;
    error = uv_tcp_bind(&listener->tcp, (const struct sockaddr *)address,
                        address->ss_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0);
    return error ? cannot_listen(listener, error) : 0;
}

/* Takes the ports, for which root may be needed. Nobody is let in before the Maildirs are there. */
static int bind_all(struct server *server)
{
    int result = 0;

    for (int service = 0; service < SERVICES; service++)
        for (size_t i = 0; !result && i < server->settings->listen[service].count; i++)
            result = bind_to(server, (enum service)service, &server->settings->listen[service].items[i]);
    return result;
}

static int listen_on_all(struct server *server)
{
    for (size_t i = 0; i < server->listening; i++) {
        struct listener *listener = &server->listeners[i];
        int error = uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, came);

        if (error)
            return cannot_listen(listener, error);
    }
    return 0;
}

static int cannot_use(const struct settings *settings, const char *what, const char *path, int error)
{
    if (settings->run_as)
        log_line(LOG_ERROR, "cannot %s %s as %s (run_as): %s", what, path, settings->run_as, strerror(-error));
    else
        log_line(LOG_ERROR, "cannot %s %s: %s", what, path, strerror(-error));
    return EXIT_CANNOT_CREATE;
}

static int prepare_maildirs(const struct settings *settings)
{
    int result = maildir_make_folders(settings->mail);
    char what[500];

    if (result)
        return cannot_use(settings, "make the folder", settings->mail, result);
    for (size_t i = 0; i < settings->users.count; i++) {
        const struct user *user = &settings->users.items[i];

        if ((result = maildir_prepare(user->box))) {
            snprintf(what, sizeof what, "use the Maildir of %s,", user->address);
            return cannot_use(settings, what, user->box->path, result);
        }
    }
    result = maildir_sync_directory(settings->mail);
    return result ? cannot_use(settings, "use the folder", settings->mail, result) : 0;
}

static void limit_sessions(struct settings *settings)
{
    uint64_t files = privileges_raise_files();
    uint64_t most = files > 2 * FILES_BESIDE ? files - FILES_BESIDE : files / 2;

    if (settings->limits.sessions <= most)
        return;
    log_line(LOG_WARNING, "sessions are limited to %llu: the system lets this process open %llu files only",
             (unsigned long long)most, (unsigned long long)files);
    settings->limits.sessions = most;
}

static void watch_signals(struct server *server)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file over the limit is an error like a full disk */
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uv_signal_init(&server->loop, &server->signals[i]);
        server->signals[i].data = server;
        uv_signal_start(&server->signals[i], signalled, numbers[i]);
    }
    uv_timer_init(&server->loop, &server->patience);
    server->patience.data = server;
}

static void give_up(struct server *server)
{
    for (size_t i = 0; i < server->listening; i++)
        uv_close((uv_handle_t *)&server->listeners[i].tcp, NULL);
    close_own(server);
    uv_run(&server->loop, UV_RUN_DEFAULT);
    uv_loop_close(&server->loop);
}

int server_start(struct server *server, struct settings *settings, const char *config, int trace)
{
    int result;

    memset(server, 0, sizeof *server);
    server->settings = settings;
    server->config = config;
    server->trace = trace;
    log_set_level(trace ? LOG_TRACE : settings->log);
    limit_sessions(settings);
    work_set_threads((unsigned)settings->threads);
    if (uv_loop_init(&server->loop)) {
        log_line(LOG_ERROR, "the event loop could not be made");
        return EXIT_UNAVAILABLE;
    }
    server->loop.data = &server->shared;
    watch_signals(server); /* first: who finds a port open may ask for the end at once */
    result = bind_all(server);
    if (!result && settings->run_as)
        result = privileges_become(settings->run_as);
    if (!result)
        result = prepare_maildirs(settings);
    if (!result)
        result = listen_on_all(server);
    if (result)
        give_up(server);
    return result;
}

int server_run(struct server *server)
{
    size_t users = server->settings->users.count;

    log_line(LOG_INFO, "ready: %zu user%s, %zu listening socket%s", users, users == 1 ? "" : "s", server->listening,
             server->listening == 1 ? "" : "s");
    uv_run(&server->loop, UV_RUN_DEFAULT);
    uv_loop_close(&server->loop);
    log_line(LOG_INFO, "ended");
    return 0;
}
