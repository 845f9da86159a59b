/* endpoint.h - socket addresses as people write them.
 * "192.0.2.1:25", "[2001:db8::1]:25". */
#ifndef MAILPROTOD_ENDPOINT_H
#define MAILPROTOD_ENDPOINT_H

#include <sys/socket.h>

enum { ENDPOINT_TEXT = 64 };

/* Writes it into `out`, which has ENDPOINT_TEXT octets. An address that can be written in several ways has one text. */
void endpoint_text(char *out, const struct sockaddr_storage *address);

#endif
