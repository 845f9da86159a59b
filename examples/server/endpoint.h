/* endpoint.h - socket addresses as people write them.
 * "192.0.2.1:25", "[2001:db8::1]:25". */
#ifndef MAILPROTOD_ENDPOINT_H
#define MAILPROTOD_ENDPOINT_H

#include <sys/socket.h>

enum { ENDPOINT_TEXT = 64 };

/* Writes it into `out`, which has ENDPOINT_TEXT octets. An IPv4 address that IPv6 carries is written as IPv4. */
void endpoint_text(char *out, const struct sockaddr_storage *address);
/* Whether it is of this machine only (RFC 1122 3.2.1.3, RFC 4291 2.5.3). */
int endpoint_is_loopback(const struct sockaddr_storage *address);

#endif
