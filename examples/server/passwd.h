/* passwd.h - `mailprotod passwd`: puts the keys of a password into the configuration, in the place of what is there.
 * RFC 5803; the file is replaced as a whole, or not at all. */
#ifndef MAILPROTOD_PASSWD_H
#define MAILPROTOD_PASSWD_H

#include <stdint.h>

struct passwd {
    const char *config;
    const char *user; /* an address; NULL: all that have a password in clear text */
    uint32_t iterations;
    int sha_1; /* keys for SCRAM-SHA-1, too */
};

/* The exit code; what was wrong was printed. */
int passwd_run(const struct passwd *passwd);

#endif
