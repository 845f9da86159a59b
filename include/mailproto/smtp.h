/* mailproto/smtp.h - SMTP (RFC 5321), LMTP (RFC 2033) and submission (RFC 6409): what both roles share.
 *
 * The server engine is mailproto/smtp_server.h, the client engine mailproto/smtp_client.h; this header includes both.
 * Enhanced status codes (RFC 3463) are text such as "5.1.1"; paths are mailboxes without their angle brackets, "" for <>;
 * what is xtext on the wire (RFC 3461 4) is plain text here.
 */
#ifndef MAILPROTO_SMTP_H
#define MAILPROTO_SMTP_H

#include "sasl.h"
#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How the content is encoded: BODY= of MAIL (RFC 6152, RFC 3030). */
enum { MAILPROTO_SMTP_BODY_7BIT = 0, MAILPROTO_SMTP_BODY_8BITMIME = 1, MAILPROTO_SMTP_BODY_BINARYMIME = 2 };

/* Bits of MAIL. */
enum {
    MAILPROTO_SMTP_MAIL_SMTPUTF8 = 1,  /* RFC 6531 */
    MAILPROTO_SMTP_MAIL_REQUIRETLS = 2 /* RFC 8689 */
};

/* RET= and NOTIFY= of RFC 3461; 0: not said. */
enum { MAILPROTO_SMTP_RET_NONE = 0, MAILPROTO_SMTP_RET_FULL = 1, MAILPROTO_SMTP_RET_HDRS = 2 };
enum {
    MAILPROTO_SMTP_NOTIFY_NEVER = 1,
    MAILPROTO_SMTP_NOTIFY_SUCCESS = 2,
    MAILPROTO_SMTP_NOTIFY_FAILURE = 4,
    MAILPROTO_SMTP_NOTIFY_DELAY = 8
};

/* Extensions, as bits: what a server offers (config.offer) and what a client saw (ready.peer_offers). */
enum {
    MAILPROTO_SMTP_EXT_SIZE = 1,                 /* RFC 1870 */
    MAILPROTO_SMTP_EXT_8BITMIME = 2,             /* RFC 6152 */
    MAILPROTO_SMTP_EXT_PIPELINING = 4,           /* RFC 2920 */
    MAILPROTO_SMTP_EXT_STARTTLS = 8,             /* RFC 3207 */
    MAILPROTO_SMTP_EXT_AUTH = 16,                /* RFC 4954 */
    MAILPROTO_SMTP_EXT_ENHANCEDSTATUSCODES = 32, /* RFC 2034 */
    MAILPROTO_SMTP_EXT_DSN = 64,                 /* RFC 3461 */
    MAILPROTO_SMTP_EXT_CHUNKING = 128,           /* RFC 3030 */
    MAILPROTO_SMTP_EXT_BINARYMIME = 256,         /* RFC 3030, needs CHUNKING */
    MAILPROTO_SMTP_EXT_SMTPUTF8 = 512,           /* RFC 6531, needs 8BITMIME */
    MAILPROTO_SMTP_EXT_REQUIRETLS = 1024,        /* RFC 8689, only ever said inside TLS */
    MAILPROTO_SMTP_EXT_LIMITS = 2048,            /* RFC 9422 */
    MAILPROTO_SMTP_EXT_VRFY = 4096,              /* RFC 5321 3.5.2 */
    MAILPROTO_SMTP_EXT_EXPN = 8192,
    MAILPROTO_SMTP_EXT_HELP = 16384,

    /* what a server offers if nothing is said: offer DEFAULT | AUTH to add to it */
    MAILPROTO_SMTP_EXT_DEFAULT = MAILPROTO_SMTP_EXT_SIZE | MAILPROTO_SMTP_EXT_8BITMIME | MAILPROTO_SMTP_EXT_PIPELINING |
                                 MAILPROTO_SMTP_EXT_ENHANCEDSTATUSCODES | MAILPROTO_SMTP_EXT_CHUNKING |
                                 MAILPROTO_SMTP_EXT_SMTPUTF8 | MAILPROTO_SMTP_EXT_HELP
};

/* A parameter of MAIL or RCPT, or an EHLO keyword, that the engine does not know. Linked, in the order of the wire. */
typedef struct mailproto_smtp_parameter {
    uint32_t struct_size;
    const struct mailproto_smtp_parameter *next;
    mailproto_text keyword;
    mailproto_text value; /* ptr NULL: there was no '=' */
} mailproto_smtp_parameter;

#ifdef __cplusplus
}
#endif

#include "smtp_client.h"
#include "smtp_server.h"
#endif
