/* connection.h - what the files of a connection share: its life (connection.c) and its session's turns (run.c).
 * mailproto/session.h tells the loop that this is. */
#ifndef MP_HOST_CONNECTION_H
#define MP_HOST_CONNECTION_H

#include "internal.h"

/* run.c: does what the session wants now. */
void mp_host_connection_run(mailproto_host_connection *c);
/* Begins to read. 0: it cannot. */
int mp_host_connection_read(mailproto_host_connection *c);
/* Gives the events of a polled session to on_event. */
void mp_host_connection_poll(mailproto_host_connection *c);
/* connection.c: the session is over and all it said was sent. */
void mp_host_connection_linger(mailproto_host_connection *c);

#endif
