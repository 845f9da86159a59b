/* loop.h - the one blocking I/O loop: runs one session on one connected socket until it is over.
 * It serves every engine and every layer; see include/mailproto/session.h for the rules it follows. */
#ifndef MAILPROTO_EXAMPLE_LOOP_H
#define MAILPROTO_EXAMPLE_LOOP_H

#include <mailproto/session.h>

/* Hosts without callbacks pull their events here, with next_event until NULL; it is called after every call on the
   session. Hosts with callbacks give NULL. */
typedef void (*loop_events)(mailproto_session *session, void *user);

/* Runs the session until it wants CLOSE, then closes the socket and frees the session. Answers the session error, 0 if
   it ended in good order, or MAILPROTO_FREED if a callback freed it. */
int32_t loop_run(int fd, mailproto_session *session, loop_events events, void *user);

/* Connects to a host and a service by name or number; listens on an address (port "0": one that is free); takes the next
   connection. A descriptor, or -1. */
int loop_connect(const char *host, const char *port);
int loop_listen(const char *address, const char *port);
int loop_accept(int listener);

/* Who is at the other end, as mail writes it: "192.0.2.1", "IPv6:2001:db8::1", or "" if that is not known. */
const char *loop_peer(int fd, char *text, size_t size);

/* The port a listener got. 0: it is none. */
unsigned loop_port(int listener);

/* Monotonic milliseconds: what every `now` is. */
uint64_t loop_now(void);

#endif
