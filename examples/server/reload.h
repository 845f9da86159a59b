/* reload.h - SIGHUP: users, certificate and [listen] are read again; what else changed in the file needs a new start.
 * The file is read and new Maildirs are made off the loop's thread. */
#ifndef MAILPROTOD_RELOAD_H
#define MAILPROTOD_RELOAD_H

#include "server.h"

void reload_start(struct server *server);

#endif
