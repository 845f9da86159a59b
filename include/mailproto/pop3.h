/* mailproto/pop3.h - POP3 (RFC 1939) with its extension mechanism (RFC 2449): what both roles share.
 *
 * The server engine is mailproto/pop3_server.h, the client engine mailproto/pop3_client.h; this header includes both.
 * Messages have numbers from 1 on, as RFC 1939 has it; sizes are exact octets with CRLF line ends, dots not stuffed.
 * The UTF8 and LANG capabilities are not spoken yet.
 */
#ifndef MAILPROTO_POP3_H
#define MAILPROTO_POP3_H

#include "sasl.h"
#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Capabilities, as bits: what a server offers (config.offer) and what a client saw (ready.peer_offers). */
enum {
    MAILPROTO_POP3_CAPA_TOP = 1,               /* RFC 1939 7 */
    MAILPROTO_POP3_CAPA_USER = 2,              /* RFC 1939 7: USER and PASS */
    MAILPROTO_POP3_CAPA_SASL = 4,              /* RFC 5034: AUTH */
    MAILPROTO_POP3_CAPA_RESP_CODES = 8,        /* RFC 2449 6.4 */
    MAILPROTO_POP3_CAPA_LOGIN_DELAY = 16,      /* RFC 2449 6.5 */
    MAILPROTO_POP3_CAPA_PIPELINING = 32,       /* RFC 2449 6.6 */
    MAILPROTO_POP3_CAPA_EXPIRE = 64,           /* RFC 2449 6.7 */
    MAILPROTO_POP3_CAPA_UIDL = 128,            /* RFC 1939 7 */
    MAILPROTO_POP3_CAPA_IMPLEMENTATION = 256,  /* RFC 2449 6.9 */
    MAILPROTO_POP3_CAPA_STLS = 512,            /* RFC 2595 4 */
    MAILPROTO_POP3_CAPA_AUTH_RESP_CODE = 1024, /* RFC 3206, needs RESP_CODES */
    MAILPROTO_POP3_CAPA_APOP = 2048 /* RFC 1939 7: not a line of CAPA, the timestamp in the greeting says it */
};

/* Ways to log in beside the MAILPROTO_SASL_* bits. APOP needs passwords that are stored as they are, and is weak: who can say
   timestamps to a client that it answers learns something of its password each time (RFC 6151 tells of MD5). For old peers. */
enum {
    MAILPROTO_POP3_USER_PASS = 0x10000, /* RFC 1939 7: USER and PASS; clear text */
    MAILPROTO_POP3_APOP = 0x20000       /* RFC 1939 7: the greeting's timestamp and the password, hashed by MD5 */
};

/* Extended response codes (RFC 2449 8, RFC 3206). */
enum {
    MAILPROTO_POP3_RESP_NONE = 0,
    MAILPROTO_POP3_RESP_IN_USE = 1,      /* [IN-USE]: the maildrop is locked by another session */
    MAILPROTO_POP3_RESP_LOGIN_DELAY = 2, /* [LOGIN-DELAY]: the last login was too short ago */
    MAILPROTO_POP3_RESP_SYS_TEMP = 3,    /* [SYS/TEMP]: not the user's fault, try again later */
    MAILPROTO_POP3_RESP_SYS_PERM = 4,    /* [SYS/PERM]: not the user's fault, somebody has to mend it */
    MAILPROTO_POP3_RESP_AUTH = 5,        /* [AUTH]: the credentials */
    MAILPROTO_POP3_RESP_OTHER = 6        /* client: one that it does not know */
};

/* How a response begins. */
enum { MAILPROTO_POP3_NO_REPLY = 0, MAILPROTO_POP3_OK = 1, MAILPROTO_POP3_ERR = 2 };

/* EXPIRE NEVER, where days are said otherwise. */
enum { MAILPROTO_POP3_EXPIRE_NEVER = 0x7fffffff };

#ifdef __cplusplus
}
#endif

#include "pop3_client.h"
#include "pop3_server.h"
#endif
