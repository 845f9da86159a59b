/* password.h - the password: from a file, from standard input, or asked for on the terminal without echo.
 * Never from the command line or the environment, which other users can see. */
#ifndef MAILPROTO_CLIENT_PASSWORD_H
#define MAILPROTO_CLIENT_PASSWORD_H

#include <stddef.h>

struct password {
    char text[1025];
    size_t len;
};

/* Reads the first line of a file, without its line end; "-": of standard input; NULL: asks on the terminal, as "-" does
   if standard input is one. `whose` is named by the question. 0, or -1: it was reported. */
int password_read(struct password *password, const char *path, const char *whose);

void password_wipe(struct password *password);

#endif
