/* listeners.c - what is listened on, who comes there, and what of it a new configuration changes.
 * RFC 5321 3.8, 4.2.1: who cannot be served is told 421; RFC 1939 3 and RFC 3206 4: -ERR [SYS/TEMP]. */
#include "listeners.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { EXIT_UNAVAILABLE = 69, REFUSAL_LOG_MS = 1000 };

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
    client->listener = listener;
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

    if (service_is_pop3(client->service))
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

static void put_in(struct client *client)
{
    client->next = client->server->clients;
    if (client->next)
        client->next->previous = client;
    client->server->clients = client;
}

static void gone(mailproto_host_connection *connection, void *user)
{
    struct client *client = user;

    (void)connection;
    if (client->previous)
        client->previous->next = client->next;
    else
        client->server->clients = client->next;
    if (client->next)
        client->next->previous = client->previous;
    login_gone(client);
    client->gone(client);
    free(client);
}

static int needs_password(enum service service)
{
    return service_is_pop3(service) || service_is_submission(service);
}

/* With the certificate of now: a new one is for the sessions to come. */
static int32_t put_tls(mailproto_session **outer, mailproto_session *inner, const mailproto_host_tls_side *side,
                       void *user)
{
    const struct server *server = user;
    int32_t result;

    if (!server->settings->tls)
        return MAILPROTO_OK;
    result = tls_serve(server->settings->tls, outer, inner, side->allocator);
    if (result)
        log_line(LOG_ERROR, "no TLS for a new connection: %s", mailproto_result_text(result));
    return result;
}

static int32_t accepted(mailproto_host_listener *handle, mailproto_host_connection *connection,
                        const mailproto_host_peer *peer, mailproto_session **session, void *user)
{
    struct listener *listener = user;
    int is_pop3 = service_is_pop3(listener->service);
    struct client *client = is_pop3 ? pop3_client_new() : smtp_client_new();

    (void)handle;
    if (!client) {
        log_line(LOG_ERROR, "no memory for a new connection");
        return MAILPROTO_ERR_NOMEM;
    }
    identify(client, listener, connection, peer);
    if (needs_password(client->service) && !client_may_send_cleartext(client) && !client_tls(client))
        refuse(client, "passwords are taken from this machine only");
    else
        *session = is_pop3 ? pop3_client_session(client) : smtp_client_session(client);
    if (!*session) {
        client->gone(client);
        free(client);
        return MAILPROTO_OK;
    }
    mailproto_host_connection_set_user(connection, client);
    put_in(client);
    if (listener->server->trace)
        mailproto_session_set_trace(*session, MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_PRIVATE);
    client_log(client, LOG_DEBUG, "connected");
    return MAILPROTO_OK;
}

void listeners_problem(mailproto_host *host, mailproto_host_listener *handle, const char *text, size_t len, void *user)
{
    struct server *server = user;

    (void)host;
    (void)len;
    if (!handle || !may_log_refusal(server))
        return;
    for (size_t i = 0; i < LISTENERS_MAX; i++)
        if (server->listeners[i].handle == handle)
            log_line(LOG_WARNING, "%s: %s", service_names[server->listeners[i].service], text);
}

/* ---- the start ---- */

static int cannot_listen(const struct server *server, enum service service, const char *address, int32_t result)
{
    const char *why;
    int error = mailproto_host_error(server->host, &why, NULL);

    if (result != MAILPROTO_ERR_HOST) /* it is not the system that refuses, and the sentence tells all */
        log_line(LOG_ERROR, "cannot listen on %s for %s: %s", address, service_names[service], why);
    else
        log_line(LOG_ERROR, "cannot listen on %s for %s: %s%s", address, service_names[service], uv_strerror(-error),
                 error == EACCES       ? "; ports below 1024 need root, which run_as gives up again"
                 : error == EADDRINUSE ? "; another program, or this one started twice, has the port"
                                       : "");
    return EXIT_UNAVAILABLE;
}

/* A place in the table; there are twice as many as a configuration can fill. */
static struct listener *free_place(struct server *server)
{
    struct listener *listener = server->listeners;

    while (listener->handle)
        listener++;
    return listener;
}

static int bind_to(struct server *server, enum service service, const char *address, struct listener **out)
{
    struct listener *listener = free_place(server);
    mailproto_host_listen_config config;
    mailproto_host_tls tls;
    int32_t result;

    *listener = (struct listener){.server = server, .service = service};
    snprintf(listener->address, sizeof listener->address, "%s", address);
    mailproto_host_listen_config_init(&config, sizeof config);
    config.flags = MAILPROTO_HOST_LISTEN_PAUSED;
    config.address = (mailproto_text){address, strlen(address)};
    mailproto_host_tls_init(&tls, sizeof tls);
    tls.over = put_tls;
    tls.user = server;
    config.tls = &tls;
    config.on_accept = accepted;
    config.on_refused = no_room;
    config.on_gone = gone;
    config.user = listener; /* of who comes; who is served has the client */
    result = mailproto_host_listen(server->host, &config, &listener->handle);
    if (result)
        return cannot_listen(server, service, address, result);
    server->listening++;
    *out = listener;
    return 0;
}

static int resume(struct listener *listener)
{
    int32_t result = mailproto_host_listener_resume(listener->handle);

    return result ? cannot_listen(listener->server, listener->service, listener->address, result) : 0;
}

int listeners_bind(struct server *server)
{
    struct listener *listener;
    int result = 0;

    for (int service = 0; service < SERVICES; service++)
        for (size_t i = 0; !result && i < server->settings->listen[service].count; i++)
            result = bind_to(server, (enum service)service, server->settings->listen[service].items[i], &listener);
    return result;
}

int listeners_resume(struct server *server)
{
    int result = 0;

    for (size_t i = 0; !result && i < LISTENERS_MAX; i++)
        if (server->listeners[i].handle)
            result = resume(&server->listeners[i]);
    return result;
}

/* ---- a new configuration ---- */

struct change {
    struct server *server;
    const struct endpoints *listen; /* of each service */
    int has_tls;
    struct listener *taken[SERVICES][ENDPOINTS_MAX]; /* who listens there */
    enum service service[LISTENERS_MAX];             /* whom a listener of the table is for; SERVICES: nobody */
    int fresh[LISTENERS_MAX];                        /* it was opened for this */
};

static size_t place_of(const struct change *change, const struct listener *listener)
{
    return (size_t)(listener - change->server->listeners);
}

static void take(struct change *change, int service, size_t i, struct listener *listener)
{
    change->taken[service][i] = listener;
    change->service[place_of(change, listener)] = (enum service)service;
}

/* Finds who listens on an address already; of those with the same service first, so that none changes without need. */
static void keep(struct change *change, int service, size_t i, int same_service)
{
    for (size_t at = 0; at < LISTENERS_MAX && !change->taken[service][i]; at++) {
        struct listener *listener = &change->server->listeners[at];

        if (listener->handle && change->service[at] == SERVICES &&
            (!same_service || (int)listener->service == service) &&
            !strcmp(listener->address, change->listen[service].items[i]))
            take(change, service, i, listener);
    }
}

static int open_new(struct change *change, int service, size_t i)
{
    const char *address = change->listen[service].items[i];
    struct listener *listener;
    int result;

    if (change->taken[service][i])
        return 0;
    if (endpoint_is_fd(address)) { /* the number may be that of a file or a connection by now */
        log_line(LOG_ERROR, "cannot listen on %s for %s: a descriptor is taken at the start only", address,
                 service_names[service]);
        return EXIT_UNAVAILABLE;
    }
    result = bind_to(change->server, (enum service)service, address, &listener);
    if (result)
        return result;
    take(change, service, i, listener);
    change->fresh[place_of(change, listener)] = 1;
    return resume(listener);
}

/* Says goodbye to those that came by it: each ends when its protocol lets it, and no message is cut. How many. */
static size_t finish_clients(struct server *server, const struct listener *listener)
{
    size_t count = 0;

    for (struct client *client = server->clients; client; client = client->next) {
        mailproto_session *session = mailproto_host_connection_session(client->connection);

        if (client->listener != listener)
            continue;
        client->listener = NULL;
        count++;
        if (session)
            mailproto_session_finish(session);
    }
    return count;
}

static void close_one(struct listener *listener)
{
    mailproto_host_listener_close(listener->handle);
    listener->handle = NULL;
    listener->server->listening--;
}

/* A listener that was there before gets what the new configuration has for it. */
static void settle(struct change *change, struct listener *listener)
{
    enum service service = change->service[place_of(change, listener)];
    size_t count;

    if (service == listener->service)
        return;
    count = finish_clients(change->server, listener);
    log_line(LOG_INFO, "%s is not taken on %s any more: %zu session%s", service_names[listener->service],
             listener->address, count, count == 1 ? " ends" : "s end");
    if (service == SERVICES) {
        close_one(listener);
        return;
    }
    listener->service = service;
    log_line(LOG_INFO, "%s is taken on %s", service_names[service], listener->address);
}

/* What takes passwords was made for how they are allowed to come. */
static int check_passwords(const struct change *change)
{
    if (change->has_tls || change->server->settings->cleartext != CLEARTEXT_NO ||
        !(change->listen[SERVICE_SUBMISSION].count || change->listen[SERVICE_POP3].count))
        return 0;
    log_line(LOG_ERROR,
             "submission and pop3 cannot be taken without TLS while the server runs with cleartext_auth = no: "
             "start it anew");
    return EXIT_UNAVAILABLE;
}

static int open_all_new(struct change *change)
{
    int result = check_passwords(change);

    for (int same_service = 1; same_service >= 0; same_service--)
        for (int service = 0; service < SERVICES; service++)
            for (size_t i = 0; i < change->listen[service].count; i++)
                keep(change, service, i, same_service);
    for (int service = 0; service < SERVICES; service++)
        for (size_t i = 0; !result && i < change->listen[service].count; i++)
            result = open_new(change, service, i);
    return result;
}

int listeners_change(struct server *server, const struct settings *settings)
{
    struct change change = {.server = server, .listen = settings->listen, .has_tls = settings->tls != NULL};
    int result;

    for (size_t i = 0; i < LISTENERS_MAX; i++)
        change.service[i] = SERVICES;
    result = open_all_new(&change);
    for (size_t i = 0; i < LISTENERS_MAX; i++) {
        struct listener *listener = &server->listeners[i];

        if (!listener->handle)
            continue;
        if (result && change.fresh[i])
            close_one(listener);
        else if (!result && change.fresh[i])
            log_line(LOG_INFO, "%s is taken on %s", service_names[listener->service], listener->address);
        else if (!result)
            settle(&change, listener);
    }
    return result;
}
