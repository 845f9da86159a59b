/* exits.h - how the program ends: the exit codes that --help and mailproto(1) document.
 * A script needs to know one thing: whether to try again, and whether that may make a second copy. */
#ifndef MAILPROTO_CLIENT_EXITS_H
#define MAILPROTO_CLIENT_EXITS_H

enum {
    EXIT_ALL = 0,       /* all that was asked for was done */
    EXIT_SOME = 1,      /* done for some recipients or messages, refused for others */
    EXIT_USAGE = 2,     /* the command line, an address or the message cannot be used as they are */
    EXIT_TEMPORARY = 3, /* no connection, or a temporary refusal: nothing was done, try again later */
    EXIT_REFUSED = 4,   /* refused for good: trying again the same way will not help */
    EXIT_UNKNOWN = 5,   /* all was sent and no answer came: it may have been done, trying again may do it twice */
    EXIT_LOGIN = 6,     /* the server did not accept who we are */
    EXIT_LOCAL = 7,     /* this machine: a file, the disk, memory */
    EXIT_TLS = 8        /* no TLS, or a certificate that does not verify: nothing was done */
};

/* The paragraph about them in every --help. */
#define EXITS_HELP                                                                                                     \
    "Exit status:\n"                                                                                                   \
    "  0  all was done\n"                                                                                              \
    "  1  done for some recipients or messages, refused for others\n"                                                  \
    "  2  the command line, an address or the message cannot be used as they are\n"                                    \
    "  3  no connection, or a temporary refusal: nothing was done, try again later\n"                                  \
    "  4  refused for good: trying again the same way will not help\n"                                                 \
    "  5  all was sent and no answer came: it may have been done, again may do it twice\n"                             \
    "  6  the server did not accept the login\n"                                                                       \
    "  7  this machine: a file, the disk, memory\n"                                                                    \
    "  8  no TLS where it is needed, or a certificate that does not verify: nothing was done\n"                        \
    "  An interrupted program ends by the signal (130 in a shell after ^C).\n"

#endif
