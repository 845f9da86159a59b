/* reply.h - a server's reply, kept after the event that brought it.
 * RFC 5321 section 4.2. */
#ifndef MAILPROTO_CLIENT_REPLY_H
#define MAILPROTO_CLIENT_REPLY_H

#include <mailproto/smtp.h>

struct reply {
    unsigned code;     /* 0: there was none */
    char enhanced[16]; /* "5.1.1", or "" */
    char *text;        /* lines separated by LF; NULL if there was no reply */
};

/* Takes the place of what `kept` holds. 0, or -1 without memory, and then it holds no text. */
int reply_keep(struct reply *kept, const mailproto_smtp_response *reply);
void reply_clear(struct reply *kept);

/* The text, "" if there is none. */
const char *reply_text(const struct reply *reply);

/* Whether it says so itself: 4yz, try again later. */
int reply_is_temporary(const struct reply *reply);

/* Whether it says that the transaction has as many recipients as the server takes (RFC 5321 4.5.3.1.10). */
int reply_is_too_many(const struct reply *reply);

#endif
