/* endpoint.h - what is listened on, as people write it and as mailproto_host_listen takes it.
 * "192.0.2.1:25", "[2001:db8::1]:25", "unix:/run/lmtp", "inherited:smtp", "fd:7". */
#ifndef MAILPROTOD_ENDPOINT_H
#define MAILPROTOD_ENDPOINT_H

enum { ENDPOINT_TEXT = 116 }; /* "unix:" and the longest path that a socket can have */

/* Writes it into `out`, which has ENDPOINT_TEXT octets. What can be written in several ways has one text. NULL, or what
   is wrong. */
const char *endpoint_read(char *out, const char *text);
/* Whether it is the number of a descriptor. */
int endpoint_is_fd(const char *endpoint);
/* Whether it may be there several times: each takes the next socket of the name. */
int endpoint_may_repeat(const char *endpoint);

#endif
