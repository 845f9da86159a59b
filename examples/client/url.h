/* url.h - where to connect: smtp://host:port, lmtp://, submission://, pop3://user@host:port.
 * RFC 3986 section 3; the last '@' ends the user, so that pop3://bob@example.test@host needs no %40. */
#ifndef MAILPROTO_CLIENT_URL_H
#define MAILPROTO_CLIENT_URL_H

enum { URL_SMTP, URL_LMTP, URL_POP3 };

struct url {
    int protocol;    /* URL_* */
    char scheme[16]; /* as it was given, in lower case */
    char user[256];  /* decoded; "" if there was none */
    char host[256];  /* without brackets */
    char port[6];    /* a number; the scheme's own if none was given */
};

/* Reads text. NULL, or a sentence about what is wrong with it. */
const char *url_read(struct url *url, const char *text);

#endif
