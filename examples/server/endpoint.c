/* endpoint.c - socket addresses as people write them.
 * RFC 5952 6 for IPv6 with a port. */
#include "endpoint.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

void endpoint_text(char *out, const struct sockaddr_storage *address)
{
    char host[48] = "?";

    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;

        uv_ip6_name(v6, host, sizeof host);
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
            snprintf(out, ENDPOINT_TEXT, "%s:%d", strrchr(host, ':') + 1, ntohs(v6->sin6_port));
        else
            snprintf(out, ENDPOINT_TEXT, "[%s]:%d", host, ntohs(v6->sin6_port));
    } else {
        const struct sockaddr_in *v4 = (const void *)address;

        uv_ip4_name(v4, host, sizeof host);
        snprintf(out, ENDPOINT_TEXT, "%s:%d", host, ntohs(v4->sin_port));
    }
}

int endpoint_is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;

        return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == 127);
    }
    return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 == 127;
}
