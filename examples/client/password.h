/* password.h - the password: from a file, from standard input, or asked for on the terminal without echo.
 * Never from the command line or the environment, which other users can see. */
#ifndef MAILPROTO_CLIENT_PASSWORD_H
#define MAILPROTO_CLIENT_PASSWORD_H

#include <stddef.h>

struct password {
    char text[4097]; /* a token may be that long */
    size_t len, most;
};

struct common_options;

/* As the options say: the first line of the file of the token, or of the password, without its line end; "-": of standard
   input; without a file it asks on the terminal, as "-" does if standard input is one. 0, or -1: it was reported. */
int password_get(struct password *password, const struct common_options *common);

void password_wipe(struct password *password);

#endif
