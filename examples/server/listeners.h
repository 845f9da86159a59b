/* listeners.h - what is listened on: opened at the start, changed by a new configuration.
 * Who comes is served, or told why not. */
#ifndef MAILPROTOD_LISTENERS_H
#define MAILPROTOD_LISTENERS_H

#include "server.h"

/* Takes the ports, for which root may be needed. Nobody is let in yet. 0, or a sysexit; what was wrong is in the log. */
int listeners_bind(struct server *server);
/* Lets them in. 0, or a sysexit. */
int listeners_resume(struct server *server);
/* Listens on what a new configuration has for each service: opens what is new, closes what is gone, and lets the sessions
   that came there end in good order. 0; a sysexit: nothing changes, and what was wrong is in the log. */
int listeners_change(struct server *server, const struct settings *settings);
/* The host's on_problem; its user is the server. */
void listeners_problem(mailproto_host *host, mailproto_host_listener *handle, const char *text, size_t len, void *user);

#endif
