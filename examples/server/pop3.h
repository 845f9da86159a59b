/* pop3.h - a session of POP3.
 * RFC 1939. */
#ifndef MAILPROTOD_POP3_H
#define MAILPROTOD_POP3_H

#include <mailproto/pop3_server.h>

#include "server.h"

struct pop3 {
    struct client client;
    mailproto_pop3_server *engine;
    char *login;
    struct mailbox *box;
    struct handle *handle;        /* from OPEN to MAILDROP_END */
    uint64_t opening;             /* the OPEN that waits for it, or 0 */
    int logged;                   /* the login */
    struct pop3 *previous, *next; /* of those whose login is to be logged */
    int listed;                   /* how often it is still looked at */
};

#endif
