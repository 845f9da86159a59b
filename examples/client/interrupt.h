/* interrupt.h - SIGINT, SIGTERM and SIGHUP: the connection is cut, what was begun is put away, the signal ends us.
 * A cut connection says to the server what we mean: half a message is none, deletions without QUIT are none. */
#ifndef MAILPROTO_CLIENT_INTERRUPT_H
#define MAILPROTO_CLIENT_INTERRUPT_H

/* Sets the handlers, and has SIGPIPE ignored. A second signal of a kind ends the program at once. */
void interrupt_install(void);

/* The signal that came, or 0. */
int interrupted(void);

/* The connection that a signal cuts, from now on; -1: none. One that came before cuts it here. */
void interrupt_cuts(int fd);

/* Ends the program by the signal that came, as a shell expects it; returns if there was none. */
void interrupt_end(void);

#endif
