/* client.c - who is at the other end of a connection, and what the log says of it.
 * RFC 5321 4.1.3 for addresses; what is private in a trace is never shown. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

void client_trace(const struct client *client, const mailproto_trace *trace)
{
    const char *at = trace->bytes.ptr, *end = at + trace->bytes.len;
    const char *who = trace->direction == MAILPROTO_TRACE_IN ? "C:" : "S:";

    if (trace->kind == MAILPROTO_TRACE_PRIVATE) {
        client_log(client, LOG_TRACE, "%s (%zu octets, hidden)", who, trace->bytes.len);
        return;
    }
    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((lf ? lf : end) - at);

        if (len && at[len - 1] == '\r')
            len--;
        client_log(client, LOG_TRACE, "%s %.*s", who, (int)len, at);
        if (!lf)
            return;
        at = lf + 1;
    }
}

mailproto_text client_address(const struct client *client, char *out)
{
    const char *colon = strrchr(client->peer, ':');
    size_t len = (size_t)(colon - client->peer);

    if (*client->peer == '[')
        snprintf(out, 64, "IPv6:%.*s", (int)len - 2, client->peer + 1);
    else
        snprintf(out, 64, "%.*s", (int)len, client->peer);
    return (mailproto_text){out, strlen(out)};
}

int client_may_send_cleartext(const struct client *client)
{
    enum cleartext allowed = client->server->settings->cleartext;

    return allowed == CLEARTEXT_YES || (allowed == CLEARTEXT_LOOPBACK && client->loopback);
}
