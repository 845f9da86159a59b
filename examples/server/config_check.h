/* config_check.h - what only the whole configuration can be wrong about: what is missing, or does not go together.
 * mailprotod(8) tells what has to be there. */
#ifndef MAILPROTOD_CONFIG_CHECK_H
#define MAILPROTOD_CONFIG_CHECK_H

#include "config.h"

/* What the reader met. A key whose value was wrong is there all the same: it is told once what is wrong with it. */
struct config_seen {
    int lines_unread;     /* some could not be read, and may be what is missing anywhere */
    int sections_unknown; /* some, which may have what others are missing */
    int hostname, mail, domains, listen, tls;
    int tls_wrong;   /* a value there */
    int users_wrong; /* or the domains: there may be more than are known */
    int cleartext_wrong;
};

/* Writes what is wrong to `problems`, a line each; how many they are. Makes users and Maildirs ready for use. */
int config_check(struct settings *settings, const struct config_seen *seen, const char *path, FILE *problems);

#endif
