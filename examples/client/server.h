/* server.h - the server that a URL names: the connection to it, and what is known of both its ends.
 * The loop that then serves the connection is examples/minimal/loop.c. */
#ifndef MAILPROTO_CLIENT_SERVER_H
#define MAILPROTO_CLIENT_SERVER_H

#include "options.h"

struct server {
    const struct url *url;
    int fd;           /* -1: not connected. Given to loop_run, which closes it */
    int loopback;     /* the connection does not leave this machine */
    char where[300];  /* "host:port", with the brackets of IPv6: how reports name it */
    char address[64]; /* the numeric address it was reached at */
    char own[72];     /* our end as an address literal, "[192.0.2.1]" or "[IPv6:...]" (RFC 5321 4.1.3) */
    char wrong[200];  /* why there is no connection */
    int not_found;    /* ... because the host's name is not known */
};

/* Connects to the URL of the options, trying each address of the host. A password that the options would send in clear
   text over a network, without saying so, ends the connection again. */
enum { SERVER_CONNECTED, SERVER_NOT_REACHED /* `wrong` tells why */, SERVER_NOT_SAFE /* it was reported */ };
int server_connect(struct server *server, const struct common_options *options);

/* For a connection that no loop ran on. */
void server_close(struct server *server);

/* Ends the connection under the running session: for what cannot go on and should not take in the rest. */
void server_cut(const struct server *server);

/* The name to greet with if the user gave none: this machine's, if it is a full one, else the address literal. */
void server_own_name(const struct server *server, char *name, unsigned size);

#endif
