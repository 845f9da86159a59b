/* server.c - the running server: listening, accepting, ending in good order.
 * RFC 5321 3.8, 4.2.1: who cannot be served is told 421; RFC 1939 3 and RFC 3206 4: -ERR [SYS/TEMP]. */
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "endpoint.h"
#include "privileges.h"
#include "reload.h"

enum { EXIT_UNAVAILABLE = 69, EXIT_OS = 71, EXIT_CANNOT_CREATE = 73 };
enum { FILES_BESIDE = 64, REFUSAL_LOG_MS = 1000 };

/* ---- the end ---- */

static void ending(mailproto_host *host, int32_t signal, void *user)
{
    unsigned long long count = mailproto_host_connections(host);

    (void)signal;
    (void)user;
    log_line(LOG_INFO, "ending: %llu session%s", count, count == 1 ? "" : "s");
}

static void cut_off(mailproto_host *host, uint64_t sessions, void *user)
{
    (void)host;
    (void)user;
    log_line(LOG_WARNING, "%llu session%s cut off", (unsigned long long)sessions, sessions == 1 ? " is" : "s are");
}

static void hangup(mailproto_host *host, void *user)
{
    (void)host;
    reload_start(user);
}

/* ---- clients ---- */

/* Many are refused when there are too many: not each of them is worth a line. */
static int may_log_refusal(struct server *server)
{
    uint64_t now = mailproto_host_now(server->host);

    if (now - server->refused_since < REFUSAL_LOG_MS)
        return 0;
    server->refused_since = now;
    return 1;
}

static void identify(struct client *client, struct listener *listener, mailproto_host_connection *connection,
                     const mailproto_host_peer *peer)
{
    client->connection = connection;
    client->server = listener->server;
    client->service = listener->service;
    client->number = peer->number;
    client->loopback = (int)peer->loopback;
    snprintf(client->peer, sizeof client->peer, "%.*s", (int)peer->text.len, peer->text.ptr);
    snprintf(client->address, sizeof client->address, "%.*s", (int)peer->address.len, peer->address.ptr);
}

/* In one line, without a session. */
static void refuse(const struct client *client, const char *why)
{
    char line[400];
    int len;

    if (client->service == SERVICE_POP3)
        len = snprintf(line, sizeof line, "-ERR [SYS/TEMP] %s, try again later\r\n", why);
    else
        len = snprintf(line, sizeof line, "421 4.3.2 %s %s, try again later\r\n", client->server->settings->hostname,
                       why);
    mailproto_host_connection_say(client->connection, line, (size_t)len);
    if (may_log_refusal(client->server))
        client_log(client, LOG_WARNING, "refused: %s", why);
}

static void no_room(mailproto_host_listener *handle, mailproto_host_connection *connection,
                    const mailproto_host_peer *peer, uint32_t why, void *user)
{
    struct client client = {.number = 0};

    (void)handle;
    identify(&client, user, connection, peer);
    refuse(&client, why == MAILPROTO_HOST_TOO_MANY ? "too many connections" : "too many connections from this address");
}

static void gone(mailproto_host_connection *connection, void *user)
{
    struct client *client = user;

    (void)connection;
    client->gone(client);
    free(client);
}

static int needs_password(enum service service)
{
    return service == SERVICE_POP3 || service == SERVICE_SUBMISSION;
}

static int32_t accepted(mailproto_host_listener *handle, mailproto_host_connection *connection,
                        const mailproto_host_peer *peer, mailproto_session **session, void *user)
{
    struct listener *listener = user;
    struct client *client = listener->service == SERVICE_POP3 ? pop3_client_new() : smtp_client_new();

    (void)handle;
    if (!client) {
        log_line(LOG_ERROR, "no memory for a new connection");
        return MAILPROTO_ERR_NOMEM;
    }
    identify(client, listener, connection, peer);
    if (needs_password(client->service) && !client_may_send_cleartext(client))
        refuse(client, "passwords are taken from this machine only");
    else
        *session = client->service == SERVICE_POP3 ? pop3_client_session(client) : smtp_client_session(client);
    if (!*session) {
        client->gone(client);
        free(client);
        return MAILPROTO_OK;
    }
    mailproto_host_connection_set_user(connection, client);
    if (listener->server->trace)
        mailproto_session_set_trace(*session, MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_PRIVATE);
    client_log(client, LOG_DEBUG, "connected");
    return MAILPROTO_OK;
}

static void problem(mailproto_host *host, mailproto_host_listener *handle, const char *text, size_t len, void *user)
{
    struct server *server = user;

    (void)host;
    (void)len;
    if (!may_log_refusal(server))
        return;
    for (size_t i = 0; i < server->listening; i++)
        if (server->listeners[i].handle == handle)
            log_line(LOG_WARNING, "%s: %s", service_names[server->listeners[i].service], text);
}

/* ---- the start ---- */

static int cannot_listen(const struct server *server, enum service service, const char *address)
{
    int error = mailproto_host_error(server->host, NULL, NULL);

    log_line(LOG_ERROR, "cannot listen on %s for %s: %s%s", address, service_names[service], uv_strerror(-error),
             error == EACCES       ? "; ports below 1024 need root, which run_as gives up again"
             : error == EADDRINUSE ? "; another program, or this one started twice, has the port"
                                   : "");
    return EXIT_UNAVAILABLE;
}

static int bind_to(struct server *server, enum service service, const struct sockaddr_storage *address)
{
    struct listener *listener = &server->listeners[server->listening];
    mailproto_host_listen_config config;
    char text[ENDPOINT_TEXT];

    *listener = (struct listener){.server = server, .service = service};
    endpoint_text(text, address);
    mailproto_host_listen_config_init(&config, sizeof config);
    config.flags = MAILPROTO_HOST_LISTEN_PAUSED;
    config.address = (mailproto_text){text, strlen(text)};
    config.on_accept = accepted;
    config.on_refused = no_room;
    config.on_gone = gone;
    config.user = listener;
    if (mailproto_host_listen(server->host, &config, &listener->handle))
        return cannot_listen(server, service, text);
    server->listening++;
    return 0;
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
        const struct listener *listener = &server->listeners[i];

        if (mailproto_host_listener_resume(listener->handle))
            return cannot_listen(server, listener->service, mailproto_host_listener_text(listener->handle));
    }
    return 0;
}

static int cannot_use(const struct settings *settings, const char *what, const char *path, const char *why)
{
    if (settings->run_as)
        log_line(LOG_ERROR, "cannot %s %s as %s (run_as): %s", what, path, settings->run_as, why);
    else
        log_line(LOG_ERROR, "cannot %s %s: %s", what, path, why);
    return EXIT_CANNOT_CREATE;
}

/* What takes mail is durable in its parents before anybody is let in (RFC 5321 4.2.5). */
static int prepare_maildirs(const struct settings *settings)
{
    char what[500], why[500];

    if (mailproto_maildir_make_folder(settings->mail, NULL, why, sizeof why))
        return cannot_use(settings, "make the folder", settings->mail, why);
    for (size_t i = 0; i < settings->users.count; i++) {
        const struct user *user = &settings->users.items[i];

        if (mailproto_maildir_make(user->box->path, NULL, why, sizeof why)) {
            snprintf(what, sizeof what, "use the Maildir of %s,", user->address);
            return cannot_use(settings, what, user->box->path, why);
        }
    }
    return 0;
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

static uint32_t limit_of(uint64_t count)
{
    return count < MAILPROTO_UNLIMITED ? (uint32_t)count : MAILPROTO_UNLIMITED;
}

/* With its signals first: who finds a port open may ask for the end at once. */
static int make_host(struct server *server)
{
    const struct settings *settings = server->settings;
    mailproto_host_signals_config signals;
    mailproto_host_config config;
    const char *why = "";

    mailproto_host_config_init(&config, sizeof config);
    config.threads = (uint32_t)settings->threads;
    config.read_size = SERVER_READ;
    config.max_sessions = limit_of(settings->limits.sessions);
    config.max_sessions_per_address = limit_of(settings->limits.sessions_per_address);
    config.on_problem = problem;
    config.user = server;
    mailproto_host_signals_config_init(&signals, sizeof signals);
    signals.drain_ms = settings->limits.shutdown_time ? limit_of(settings->limits.shutdown_time) : 1;
    signals.on_end = ending;
    signals.on_cut = cut_off;
    signals.on_hangup = hangup;
    signals.user = server;
    if (!mailproto_host_new(&server->host, &config, &why) && !mailproto_host_signals(server->host, &signals))
        return 0;
    if (server->host)
        mailproto_host_error(server->host, &why, NULL);
    log_line(LOG_ERROR, "the event loop could not be made: %s", why);
    mailproto_host_free(server->host);
    return EXIT_UNAVAILABLE;
}

static void end(struct server *server)
{
    mailboxes_end(&server->mailboxes);
    mailproto_host_free(server->host);
    mailboxes_free(&server->mailboxes);
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
    signal(SIGXFSZ, SIG_IGN); /* a file over the limit is an error like a full disk */
    result = make_host(server);
    if (result)
        return result;
    result = bind_all(server);
    if (!result && settings->run_as)
        result = privileges_become(settings->run_as);
    server->mailboxes.host = server->host;
    server->mailboxes.sync = settings->sync;
    server->mailboxes.hostname = settings->hostname;
    if (!result && mailboxes_begin(&server->mailboxes)) {
        log_line(LOG_ERROR, "there is no memory left");
        result = EXIT_OS;
    }
    if (!result)
        result = prepare_maildirs(settings);
    if (!result)
        result = listen_on_all(server);
    if (result)
        end(server);
    return result;
}

int server_run(struct server *server)
{
    size_t users = server->settings->users.count;

    log_line(LOG_INFO, "ready: %zu user%s, %zu listening socket%s", users, users == 1 ? "" : "s", server->listening,
             server->listening == 1 ? "" : "s");
    mailproto_host_run(server->host);
    end(server);
    log_line(LOG_INFO, "ended");
    return 0;
}
