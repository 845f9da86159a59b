/* interrupt.h - SIGINT, SIGTERM and SIGHUP: the connection is cut, what was begun is put away, the signal ends us.
 * A cut connection says to the server what we mean: half a message is none, deletions without QUIT are none. */
#ifndef MAILPROTO_CLIENT_INTERRUPT_H
#define MAILPROTO_CLIENT_INTERRUPT_H

#include <mailproto/host.h>

/* Sets the handlers. A second signal of a kind ends the program at once. */
void interrupt_install(void);

/* The signal that came, or 0. */
int interrupted(void);

/* Runs the host until nothing is left to do, and frees it. A signal, also one that came before, calls `cut` from the
   loop. */
void interrupt_run(mailproto_host *host, void (*cut)(void *user), void *user);

/* Ends the program by the signal that came, as a shell expects it; returns if there was none. */
void interrupt_end(void);

#endif
