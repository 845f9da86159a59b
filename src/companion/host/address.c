/* address.c - socket addresses as people and as mail write them, read and written; who is at the other end.
 * RFC 5952 6 for IPv6 with a port; RFC 5321 4.1.3 for mail; RFC 1122 3.2.1.3 and RFC 4291 2.5.3 for loopback. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "core/ascii.h"
#include "internal.h"

/* ---- written ---- */

static const struct sockaddr_in6 *mapped(const union mp_host_address *address)
{
    return address->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr) ? &address->v6 : NULL;
}

/* The host alone: "192.0.2.1", "2001:db8::1", "" of a unix socket. An IPv4 address that IPv6 carries is IPv4. */
static void host_text(char *out, size_t size, const union mp_host_address *address)
{
    const struct sockaddr_in6 *carrier = mapped(address);

    *out = 0;
    if (carrier) {
        const uint8_t *a = carrier->sin6_addr.s6_addr + 12;

        snprintf(out, size, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
    } else if (address->any.sa_family == AF_INET6) {
        uv_ip6_name(&address->v6, out, size);
    } else if (address->any.sa_family == AF_INET) {
        uv_ip4_name(&address->v4, out, size);
    }
}

static int is_v6(const union mp_host_address *address)
{
    return address->any.sa_family == AF_INET6 && !mapped(address);
}

uint32_t mp_host_address_port(const union mp_host_address *address)
{
    if (address->any.sa_family == AF_INET6)
        return ntohs(address->v6.sin6_port);
    return address->any.sa_family == AF_INET ? ntohs(address->v4.sin_port) : 0;
}

void mp_host_address_text(char *out, const union mp_host_address *address)
{
    char host[64];

    host_text(host, sizeof host, address);
    if (!*host)
        snprintf(out, MP_HOST_TEXT, "unix");
    else
        snprintf(out, MP_HOST_TEXT, is_v6(address) ? "[%s]:%u" : "%s:%u", host, mp_host_address_port(address));
}

int mp_host_address_is_loopback(const union mp_host_address *address)
{
    if (mapped(address))
        return address->v6.sin6_addr.s6_addr[12] == 127;
    if (address->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
    if (address->any.sa_family == AF_INET)
        return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
    return 1;
}

/* ---- read ---- */

int32_t mp_host_address_read_host(union mp_host_address *address, const char *text, uint32_t port)
{
    memset(address, 0, sizeof *address);
    if (!uv_ip4_addr(text, (int)port, &address->v4) || !uv_ip6_addr(text, (int)port, &address->v6))
        return MAILPROTO_OK;
    return MAILPROTO_ERR_ARG;
}

int32_t mp_host_address_read(union mp_host_address *address, mailproto_text text)
{
    char host[64];
    uint64_t port = 0;
    size_t colon = text.len, len;
    int six = text.len && *text.ptr == '[';

    while (colon && text.ptr[colon - 1] != ':')
        colon--;
    if (!colon || !mp_ascii_parse_decimal(text.ptr + colon, text.len - colon, &port) || port > 65535)
        return MAILPROTO_ERR_ARG;
    len = colon - 1;
    if (six && (len < 2 || text.ptr[len - 1] != ']'))
        return MAILPROTO_ERR_ARG;
    len -= six ? 2 : 0;
    if (len >= sizeof host)
        return MAILPROTO_ERR_ARG;
    memcpy(host, text.ptr + six, len);
    host[len] = 0;
    if (mp_host_address_read_host(address, host, (uint32_t)port))
        return MAILPROTO_ERR_ARG;
    /* the brackets tell an IPv6 address from its port, and nothing else has them */
    return six == (address->any.sa_family == AF_INET6) ? MAILPROTO_OK : MAILPROTO_ERR_ARG;
}

/* ---- of a socket ---- */

static int name_of(const uv_stream_t *stream, union mp_host_address *address, int peer)
{
    int size = sizeof *address;
    const uv_tcp_t *tcp = (const uv_tcp_t *)stream;

    memset(address, 0, sizeof *address);
    if (stream->type != UV_TCP) {
        address->any.sa_family = AF_UNIX;
        return 0;
    }
    return peer ? uv_tcp_getpeername(tcp, &address->any, &size) : uv_tcp_getsockname(tcp, &address->any, &size);
}

int mp_host_peer_fill(mailproto_host_peer *peer, struct mp_host_peer_texts *texts, const uv_stream_t *stream,
                      union mp_host_address *address)
{
    union mp_host_address local;
    char host[64];
    int error = name_of(stream, address, 1);

    if (!error)
        error = name_of(stream, &local, 0);
    if (error)
        return error;
    host_text(host, sizeof host, address);
    snprintf(texts->address, sizeof texts->address, "%s%s", is_v6(address) ? "IPv6:" : "", host);
    mp_host_address_text(texts->text, address);
    mp_host_address_text(texts->local, &local);
    memset(peer, 0, sizeof *peer);
    peer->struct_size = sizeof *peer;
    peer->loopback = (uint32_t)mp_host_address_is_loopback(address);
    peer->port = mp_host_address_port(address);
    peer->local_port = mp_host_address_port(&local);
    peer->address = (mailproto_text){texts->address, strlen(texts->address)};
    peer->text = (mailproto_text){texts->text, strlen(texts->text)};
    peer->local = (mailproto_text){texts->local, strlen(texts->local)};
    return 0;
}
