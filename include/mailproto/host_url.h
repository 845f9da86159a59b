/* mailproto/host_url.h - where a mail server is, as people write it (RFC 3986 3).
 * Included by host.h. It needs no host.
 */
#ifndef MAILPROTO_HOST_URL_H
#define MAILPROTO_HOST_URL_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a server speaks. */
enum { MAILPROTO_HOST_SMTP = 1, MAILPROTO_HOST_LMTP = 2, MAILPROTO_HOST_POP3 = 3 };

/* What a URL is for: the schemes that can be used, and that the sentence about another one names. */
enum {
    MAILPROTO_HOST_URL_SEND = 1, /* smtp, submission, lmtp */
    MAILPROTO_HOST_URL_POP3 = 2,
    MAILPROTO_HOST_URL_TLS = 4 /* those of implicit TLS, too: there is a layer for it */
};

/* Where a mail server is. All texts end with NUL. */
typedef struct mailproto_host_url {
    uint32_t struct_size;
    uint32_t protocol; /* MAILPROTO_HOST_SMTP, _LMTP, _POP3 */
    uint32_t port;     /* 0: a unix socket */
    uint32_t implicit_tls;
    char scheme[16]; /* in lower case */
    char user[256];  /* decoded; "" */
    char host[256];  /* as mailproto_host_connect wants it: a name, a number without brackets, "unix:/path" */
    char where[280]; /* as people write it: "mx.example.org:25", "[2001:db8::1]:25", "unix:/path" */
    uint32_t usable; /* set before it is read: MAILPROTO_HOST_URL_*; 0: all that is known */
} mailproto_host_url;
MAILPROTO_API int32_t mailproto_host_url_init(mailproto_host_url *url, size_t size);

/* Reads SCHEME://[USER@]HOST[:PORT], with SCHEME one of

       smtp         port 25
       submission   587
       smtps, submissions   465, implicit TLS (RFC 8314)
       lmtp         24. lmtp:///run/mail/lmtp: a unix socket
       pop3         110
       pop3s        995, implicit TLS

   USER and HOST are percent-decoded; the last '@' ends USER, in which a ':' is refused: a password does not belong in a
   URL. OK; ERR_ARG; ERR_CONFIG: it is a scheme of implicit TLS, which is not `usable`. On an error why, if not NULL, is set
   to a static sentence, and *url is left as it was. */
MAILPROTO_API int32_t mailproto_host_url_read(mailproto_host_url *url, const char *text, size_t len, const char **why);

#ifdef __cplusplus
}
#endif
#endif
