/* endpoint.c - socket addresses as people write them.
 * RFC 5952 6 for IPv6 with a port. */
#include "endpoint.h"

#include <netinet/in.h>
#include <stdio.h>
#include <uv.h>

void endpoint_text(char *out, const struct sockaddr_storage *address)
{
    char host[48] = "?";

    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;

        uv_ip6_name(v6, host, sizeof host);
        snprintf(out, ENDPOINT_TEXT, "[%s]:%d", host, ntohs(v6->sin6_port));
    } else {
        const struct sockaddr_in *v4 = (const void *)address;

        uv_ip4_name(v4, host, sizeof host);
        snprintf(out, ENDPOINT_TEXT, "%s:%d", host, ntohs(v4->sin_port));
    }
}
