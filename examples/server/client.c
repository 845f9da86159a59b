/* client.c - who is at the other end of a connection, and what the log says of it.
 * What is private in a trace is never shown. */
#include <stdarg.h>
#include <stdio.h>

#include "server.h"

void client_log(const struct client *client, enum log_level level, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    if (!log_wants(level))
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    log_line(level, "%s %llu %s %s", service_names[client->service], (unsigned long long)client->number, client->peer,
             text);
}

static void traced(const char *text, size_t len, void *user)
{
    const struct client *client = user;

    (void)len;
    log_line(LOG_TRACE, "%s %llu %s %s", service_names[client->service], (unsigned long long)client->number,
             client->peer, text);
}

void client_trace(struct client *client, const mailproto_trace *trace)
{
    if (!client->tracer.line) {
        mailproto_host_tracer_init(&client->tracer, sizeof client->tracer);
        client->tracer.flags = MAILPROTO_HOST_TRACE_SERVER;
        client->tracer.line = traced;
        client->tracer.user = client;
    }
    mailproto_host_trace(&client->tracer, trace);
}

uint32_t client_tls(const struct client *client)
{
    if (!client->server->settings->tls)
        return MAILPROTO_TLS_NEVER;
    return service_is_implicit(client->service) ? MAILPROTO_TLS_IMPLICIT : MAILPROTO_TLS_MAY;
}

int client_may_send_cleartext(const struct client *client)
{
    enum cleartext allowed = client->server->settings->cleartext;

    return allowed == CLEARTEXT_YES || (allowed == CLEARTEXT_LOOPBACK && client->loopback);
}
