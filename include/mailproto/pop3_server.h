/* mailproto/pop3_server.h - the POP3 server engine.
 *
 * The engine speaks the protocol and keeps the marks of DELE; the host decides who may log in and keeps the mail. Life of
 * a session:
 *
 *     CONNECT -> (TLS) -> (KEYS -> DERIVE ->) AUTH -> OPEN -> { LIST | RETRIEVE -> PIECE ... -> RETRIEVE_END } ... ->
 *     COMMIT ... -> MAILDROP_END -> CLOSED
 *
 * One request is open at a time. Every OPEN that was answered with opened is ended by exactly one MAILDROP_END, which is
 * where the host unlocks; every RETRIEVE that was answered with retrieving by exactly one RETRIEVE_END, which is where it
 * closes the message. Messages are deleted by COMMIT only, at QUIT; a lost connection, a timeout, an error delete nothing.
 *
 * Or the mail is in a store (mailproto/store.h): then OPEN is answered with open_store, the engine asks the store for the
 * rest, and what is left of the life above is CONNECT -> (TLS) -> AUTH -> OPEN -> RETRIEVE_END ... -> MAILDROP_END -> CLOSED.
 *
 * The maildrop does not change while it is open (RFC 1939 4): numbers, sizes and unique ids stay. A size is what the
 * message has with CRLF line ends, exactly: a store whose files hold LF says, and serves, the converted text.
 * Memory does not grow with the maildrop, but for one bit a message once something was deleted.
 */
#ifndef MAILPROTO_POP3_SERVER_H
#define MAILPROTO_POP3_SERVER_H

#include "pop3.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mailproto_pop3_server mailproto_pop3_server;

/* ---- events --------------------------------------------------------------------------------------------------- */

enum {
    MAILPROTO_POP3_SERVER_CONNECT = 0x300,      /* request, mailproto_pop3_connect */
    MAILPROTO_POP3_SERVER_AUTH = 0x301,         /* request, mailproto_pop3_auth */
    MAILPROTO_POP3_SERVER_OPEN = 0x302,         /* request, mailproto_pop3_open */
    MAILPROTO_POP3_SERVER_LIST = 0x303,         /* request, mailproto_pop3_list */
    MAILPROTO_POP3_SERVER_RETRIEVE = 0x304,     /* request, mailproto_pop3_retrieve */
    MAILPROTO_POP3_SERVER_PIECE = 0x305,        /* request, mailproto_pop3_piece */
    MAILPROTO_POP3_SERVER_RETRIEVE_END = 0x306, /* event,   mailproto_pop3_retrieve_end */
    MAILPROTO_POP3_SERVER_COMMIT = 0x307,       /* request, mailproto_pop3_commit */
    MAILPROTO_POP3_SERVER_MAILDROP_END = 0x308, /* event,   mailproto_pop3_maildrop_end */
    MAILPROTO_POP3_SERVER_KEYS = 0x309,         /* request, mailproto_sasl_keys_wanted */
    MAILPROTO_POP3_SERVER_DERIVE = 0x30a,       /* request, mailproto_sasl_derive_wanted */
    MAILPROTO_POP3_SERVER_STEP = 0x30b          /* request, mailproto_sasl_step */
};

/* The connection is there, before the greeting. Default and accept: +OK with the banner. err: -ERR and the end. fail: the
   same with [SYS/TEMP]. */
typedef struct mailproto_pop3_connect {
    mailproto_event head;
    mailproto_text peer_address; /* as the config told it */
} mailproto_pop3_connect;

/* A login is complete: of PASS, APOP or AUTH. What `outcome` asks is told in sasl.h. accept: OPEN follows, unless the client
   breaks off at a last word of the mechanism (SCRAM); not for REFUSED. keys: what is stored for this user, for CHECK with a
   password (PLAIN, LOGIN, USER and PASS): the engine compares, and AUTH comes again. Default: -ERR [AUTH]. fail: -ERR
   [SYS/TEMP]. A delay is kept before a last word of the mechanism (SCRAM, XOAUTH2, OAUTHBEARER), for that tells the outcome;
   code, text and close of a refusal are those of the reply behind it. The texts are wiped once it is answered. */
typedef struct mailproto_pop3_auth {
    mailproto_event head;
    uint32_t mechanism;           /* one MAILPROTO_SASL_* bit, or MAILPROTO_POP3_USER_PASS, or _APOP */
    uint32_t tls;                 /* 1: inside TLS */
    mailproto_text authorization; /* who to act as; "" if not said */
    mailproto_text name;     /* who it is; of EXTERNAL as TLS has verified it, of ANONYMOUS what it says of itself */
    mailproto_text password; /* with CHECK; of XOAUTH2 and OAUTHBEARER the token */
    uint32_t outcome;        /* MAILPROTO_SASL_CHECK, _PROVEN or _REFUSED */
    uint32_t port;           /* OAUTHBEARER: as the client said it; 0: it did not */
    mailproto_text host;     /* the same; "" */
} mailproto_pop3_auth;

/* Lock and open the maildrop of who was accepted by AUTH. opened: +OK, the login is done. Default: -ERR [SYS/PERM].
   open_store: the same out of a store, as it says. fail: -ERR [SYS/TEMP]. err: the same with the host's code;
   MAILPROTO_POP3_RESP_IN_USE if it is locked. A host whose `opened` comes too late (ERR_TOKEN; the request had its CANCEL)
   unlocks by itself: no MAILDROP_END follows. */
typedef struct mailproto_pop3_open {
    mailproto_event head;
} mailproto_pop3_open;

/* What LIST wants of each message. */
enum { MAILPROTO_POP3_LIST_SIZE = 1, MAILPROTO_POP3_LIST_UID = 2 };

/* Sizes or unique ids of messages: for LIST, UIDL, and before DELE for the count of octets that STAT tells. Answered by a
   mailproto_pop3_server_give for each message from `first` on, in order, at most `want` of them, and then given. An answer
   may stop early: the engine asks on behind the last one given. given without any give: there is nothing more in this
   range (for a single message: -ERR, no such message). Messages marked deleted may lie in a longer range; they are given
   like the others and left out by the engine. Default, fail: -ERR [SYS/TEMP], as err; after the first lines were sent the
   connection is closed instead, without the terminator. */
typedef struct mailproto_pop3_list {
    mailproto_event head;
    uint32_t first; /* 1 <= first <= last */
    uint32_t last;
    uint32_t want;  /* the most that this answer may give */
    uint32_t items; /* MAILPROTO_POP3_LIST_*: what else is given is ignored */
} mailproto_pop3_list;

/* RETR or TOP. Open the message; retrieving tells its exact size, and PIECE requests follow. Default, fail: -ERR
   [SYS/TEMP]. err: -ERR with the host's code. If `retrieving` comes too late (ERR_TOKEN), no RETRIEVE_END follows. */
typedef struct mailproto_pop3_retrieve {
    mailproto_event head;
    uint32_t number;
    uint32_t top;   /* 1: TOP: only the header and `lines` lines of the body will be read */
    uint32_t lines; /* of TOP */
} mailproto_pop3_retrieve;

/* The next octets of the message, with CRLF line ends: answer with mailproto_session_piece, at most `max` octets. The
   engine stuffs dots and asks on until the announced size was given (TOP: until it has enough), so there is no need for
   piece_end: it says that there is less. piece_end, default, fail, a piece beyond the size, a LF without CR: the body
   cannot be finished, so the connection is closed without the terminator. A message whose last line has no CRLF gets one. */
typedef struct mailproto_pop3_piece {
    mailproto_event head;
    uint32_t number;
    uint32_t reserved; /* 0 */
    uint64_t offset;   /* where the piece begins in the message */
    size_t max;
} mailproto_pop3_piece;

/* The message that retrieving began is no longer read: close it. */
typedef struct mailproto_pop3_retrieve_end {
    mailproto_event head;
    uint32_t number;
    uint32_t top;    /* as in retrieve */
    uint64_t octets; /* that were read */
    int32_t why;     /* 0: all that was wanted was read; ERR_BODY, ERR_HOST, ERR_LOST, ERR_TIMEOUT ... */
} mailproto_pop3_retrieve_end;

/* QUIT: delete these messages for good. committed: it was done, but for `failed` of them. Default, fail, err: none of
   this range was deleted. One request for each range; a host that deletes all at once keeps the ranges and answers
   committed(0) until `more` is 0, and then with the failures of all. */
typedef struct mailproto_pop3_commit {
    mailproto_event head;
    uint32_t first; /* first..last are all to be deleted */
    uint32_t last;
    uint32_t deleted; /* messages to be deleted by all ranges of this QUIT */
    uint32_t more;    /* 1: another range follows */
} mailproto_pop3_commit;

/* The maildrop that opened began is over, once: unlock it. At QUIT it comes before the reply. */
typedef struct mailproto_pop3_maildrop_end {
    mailproto_event head;
    uint32_t update; /* 1: QUIT, and all ranges were told and answered; 0: abandoned, delete nothing (more) */
    uint32_t failed; /* messages that COMMIT could not delete */
    int32_t why;     /* update 0: ERR_LOST, ERR_TIMEOUT, ... or 0: finish of the host, end of a half-closed peer */
} mailproto_pop3_maildrop_end;

/* ---- construction --------------------------------------------------------------------------------------------- */

/* What a polled host gets from next_event comes here to its callback. Each is called from I/O verbs only. NULL:
   MAILPROTO_USE_DEFAULT. on_auth and on_open are required; without MAILPROTO_POP3_SERVER_STORE on_list, on_retrieve, on_piece
   and on_commit too; with CRAM-MD5, SCRAM or APOP on_keys; with mechanisms of the host's own on_step. */
typedef struct mailproto_pop3_server_callbacks {
    uint32_t struct_size;
    int32_t (*on_connect)(mailproto_pop3_server *, const mailproto_pop3_connect *, void *user);
    int32_t (*on_auth)(mailproto_pop3_server *, const mailproto_pop3_auth *, void *user);
    int32_t (*on_open)(mailproto_pop3_server *, const mailproto_pop3_open *, void *user);
    int32_t (*on_list)(mailproto_pop3_server *, const mailproto_pop3_list *, void *user);
    int32_t (*on_retrieve)(mailproto_pop3_server *, const mailproto_pop3_retrieve *, void *user);
    int32_t (*on_piece)(mailproto_pop3_server *, const mailproto_pop3_piece *, void *user);
    int32_t (*on_retrieve_end)(mailproto_pop3_server *, const mailproto_pop3_retrieve_end *, void *user);
    int32_t (*on_commit)(mailproto_pop3_server *, const mailproto_pop3_commit *, void *user);
    int32_t (*on_maildrop_end)(mailproto_pop3_server *, const mailproto_pop3_maildrop_end *, void *user);
    int32_t (*on_tls_started)(mailproto_pop3_server *, const mailproto_tls_started *, void *user);
    int32_t (*on_cancel)(mailproto_pop3_server *, const mailproto_cancel *, void *user);
    int32_t (*on_trace)(mailproto_pop3_server *, const mailproto_trace *, void *user);
    int32_t (*on_closed)(mailproto_pop3_server *, const mailproto_closed *, void *user);
    int32_t (*on_keys)(mailproto_pop3_server *, const mailproto_sasl_keys_wanted *, void *user);
    int32_t (*on_derive)(mailproto_pop3_server *, const mailproto_sasl_derive_wanted *, void *user);
    int32_t (*on_step)(mailproto_pop3_server *, const mailproto_sasl_step *, void *user);
} mailproto_pop3_server_callbacks;

/* What the server tolerates; each is a risk that is named. */
enum {
    MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN = 1, /* offer logins without TLS. Risk: passwords cross in clear text */
    MAILPROTO_POP3_SERVER_BARE_LF = 2,     /* a command may end with LF alone. Risk: none known; RFC 1939 3 has CRLF */
    MAILPROTO_POP3_SERVER_EXPIRE_USER = 4, /* EXPIRE may differ for a user: say USER before the login */
    MAILPROTO_POP3_SERVER_LOGIN_DELAY_USER = 8, /* the same for LOGIN-DELAY */
    MAILPROTO_POP3_SERVER_STORE = 16 /* the mail is in stores: OPEN is answered with open_store, not with opened */
};

/* What a server session offers and how far it goes. Texts are copied. */
typedef struct mailproto_pop3_server_config {
    uint32_t struct_size;
    uint32_t flags; /* MAILPROTO_POP3_SERVER_* */
    /* MAILPROTO_POP3_CAPA_*: what CAPA promises. 0: TOP, USER, SASL, RESP_CODES, PIPELINING, UIDL, IMPLEMENTATION,
       AUTH_RESP_CODE, and STLS if tls is MAY or REQUIRED. Something to log in with is needed: USER, SASL or APOP; if all of it is
       clear text (sasl.h), TLS or CLEARTEXT_LOGIN. STLS needs tls MAY or REQUIRED and the other way round; LOGIN_DELAY needs
       login_delay; AUTH_RESP_CODE needs RESP_CODES; APOP needs `sasl` with MD5, random octets and host_name, and tls not to
       be REQUIRED, for the greeting promises it. A command that is not offered is not spoken */
    uint32_t offer;
    uint32_t mask; /* MAILPROTO_POP3_CAPA_* not to offer after all, for testing a client */
    /* MAILPROTO_SASL_*; 0 with SASL: PLAIN and LOGIN. All others need `sasl`. CAPA names those that are possible now: clear text
       within TLS or with CLEARTEXT_LOGIN, -PLUS with a channel binding, EXTERNAL with a client that TLS has verified, none
       without TLS if tls is REQUIRED */
    uint32_t mechanisms;
    uint32_t tls;               /* MAILPROTO_TLS_*; REQUIRED: no login before it, whatever the flags */
    uint32_t expire;            /* EXPIRE: days a message is kept at least, or MAILPROTO_POP3_EXPIRE_NEVER */
    uint32_t login_delay;       /* LOGIN-DELAY: seconds between logins; the host enforces it */
    uint32_t max_line;          /* command line with CRLF; 0: 512; 255 is the least (RFC 2449 4) */
    uint32_t max_auth_line;     /* a SASL response; 0: 12288 */
    uint32_t max_bad_commands;  /* errors in a session before it ends; 0: 20; UNLIMITED */
    uint32_t max_auth_failures; /* refused logins before it ends; 0: 5; UNLIMITED */
    uint32_t list_page;         /* the most that `want` of LIST says; 0: 64; at most 1024 */
    uint32_t piece;             /* the most that `max` of PIECE says; 0: 16384; at least 64 */
    uint64_t max_discard;       /* octets of an over-long line skipped before the session ends; 0: 65536 */
    /* milliseconds; 0: the default, UNLIMITED: never */
    uint32_t login_ms;     /* to the end of each command before the login; 600000 (RFC 1939 3: at least 10 minutes) */
    uint32_t command_ms;   /* and after it; 600000 */
    uint32_t tls_ms;       /* the handshake; 60000 */
    uint32_t answer_ms;    /* for the host to answer a request; 600000 */
    uint32_t stall_ms;     /* a peer that takes none of what is sent; 600000 */
    mailproto_text banner; /* in the greeting; empty: "POP3 server ready" */
    mailproto_text implementation; /* of IMPLEMENTATION; empty: "mailproto" */
    mailproto_text peer_address;   /* for events; may be empty */
    /* for logins beyond PLAIN, LOGIN, USER and PASS, and for keys in the place of passwords; its `mechanisms` is 0 here. Copied.
       NULL: none of these */
    const mailproto_sasl_server_config *sasl;
} mailproto_pop3_server_config;

/* Fill these so, then set what is not to be the default: all is 0 but struct_size. OK; ERR_ARG. */
MAILPROTO_API int32_t mailproto_pop3_server_config_init(mailproto_pop3_server_config *config, size_t size);
MAILPROTO_API int32_t mailproto_pop3_server_callbacks_init(mailproto_pop3_server_callbacks *callbacks, size_t size);

/* The most memory a session of this config takes of its allocator, but for the marks of DELE: a bit a message of the
   maildrop; and, with MAILPROTO_POP3_SERVER_STORE, its UIDs: at most 4 octets a message, far less where they have few gaps.
   0: the config is not usable. */
MAILPROTO_API size_t mailproto_pop3_server_memory_max(const mailproto_pop3_server_config *config);

/* Makes a server session. callbacks NULL: polled. allocator NULL: malloc. config, callbacks and allocator are copied.
   why, if not NULL, is set on ERR_CONFIG and ERR_ARG to a static sentence that names what is wrong.
   OK; ERR_ARG; ERR_CONFIG; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_pop3_server_new(mailproto_pop3_server **out, const mailproto_pop3_server_config *config,
                                                const mailproto_pop3_server_callbacks *callbacks,
                                                const mailproto_allocator *allocator, void *user, const char **why);

/* Its I/O surface, for the loop and for a layer. Freed by mailproto_session_free. */
MAILPROTO_API mailproto_session *mailproto_pop3_server_session(mailproto_pop3_server *server);

/* ---- answers -------------------------------------------------------------------------------------------------- */

/* Accepts a CONNECT or AUTH request. OK; ERR_TOKEN; ERR_ARG: an AUTH with REFUSED, which stays open. */
MAILPROTO_API int32_t mailproto_pop3_server_accept(mailproto_pop3_server *server, uint64_t token);

/* Answers any request but PIECE with -ERR. resp_code: MAILPROTO_POP3_RESP_*, said if RESP_CODES is offered. text: one line
   of at most 400 octets; empty: the engine's. OK; ERR_TOKEN; ERR_ARG: CR, LF or other control characters in the text, a
   first '[', over 400 octets, no such code: the request stays open. */
MAILPROTO_API int32_t mailproto_pop3_server_err(mailproto_pop3_server *server, uint64_t token, uint32_t resp_code,
                                                const char *text, size_t len);

/* A verdict in full, for CONNECT and AUTH, or an -ERR for any request but PIECE. */
typedef struct mailproto_pop3_verdict {
    uint32_t struct_size;
    uint32_t status;     /* MAILPROTO_POP3_OK or MAILPROTO_POP3_ERR */
    uint32_t resp_code;  /* with ERR */
    uint32_t delay_ms;   /* the answer waits so long (tarpit); the peer's clock stands meanwhile */
    uint32_t close;      /* 1: with ERR, the session ends after this reply */
    mailproto_text text; /* as in err; OK: only that of CONNECT is said, instead of the banner */
} mailproto_pop3_verdict;
MAILPROTO_API int32_t mailproto_pop3_verdict_init(mailproto_pop3_verdict *verdict, size_t size);

/* Answers with a verdict. OK; ERR_TOKEN; ERR_ARG: as err, or a status that does not fit the request: OK for AUTH with
   REFUSED, or for CONNECT, where APOP is offered, a text with '<' or one too long for a line with the timestamp. For KEYS,
   DERIVE and STEP it is an -ERR that ends the login, and no AUTH follows. */
MAILPROTO_API int32_t mailproto_pop3_server_answer(mailproto_pop3_server *server, uint64_t token,
                                                   const mailproto_pop3_verdict *verdict);

/* Answers KEYS, or AUTH with CHECK of a mechanism with a password: what is stored for this user; NULL: there is no such one.
   Copied. OK; ERR_TOKEN; ERR_ARG: malformed, or of no use to the mechanism: keys of another hash, or where a password is
   needed; an AUTH that has no password to compare, or was compared; keys without `sasl`, whose provider they need. The request
   stays open after ERR_ARG. */
MAILPROTO_API int32_t mailproto_pop3_server_keys(mailproto_pop3_server *server, uint64_t token,
                                                 const mailproto_sasl_keys *keys);

/* Answers DERIVE with the digest's octets; NULL: the provider makes it now. OK; ERR_TOKEN; ERR_ARG: not as long as the hash's
   digest: the request stays open. */
MAILPROTO_API int32_t mailproto_pop3_server_derived(mailproto_pop3_server *server, uint64_t token, const void *key,
                                                    size_t len);

/* Answers STEP. Copied. OK; ERR_TOKEN; ERR_ARG: malformed; ERR_LIMIT: a message over sasl.max_message, a name over 1024 octets.
   The request stays open after ERR_ARG and ERR_LIMIT. */
MAILPROTO_API int32_t mailproto_pop3_server_step(mailproto_pop3_server *server, uint64_t token,
                                                 const mailproto_sasl_stepped *stepped);

/* Answers OPEN: the maildrop is locked and holds `count` messages with `octets` in all. OK; ERR_TOKEN; ERR_STATE: the config
   says MAILPROTO_POP3_SERVER_STORE. */
MAILPROTO_API int32_t mailproto_pop3_server_opened(mailproto_pop3_server *server, uint64_t token, uint32_t count,
                                                   uint64_t octets);

/* Answers OPEN: the maildrop is this mailbox of a store (mailproto/store.h); 0: its INBOX. From here on the engine asks the
   store; LIST, RETRIEVE, PIECE and COMMIT do not come. RETRIEVE_END and MAILDROP_END do, the latter exactly once for each
   open_store, also if the store did not open the mailbox: what the host holds for it is let go there. Before that, and
   before mailproto_session_free returns, all that was asked is answered or cancelled and all that was opened is closed.
   The store is asked and told from inside of I/O verbs, and of free; it answers when it likes, and an answer outside of
   them is like one of the host's. Each question has answer_ms. The table is copied; the store outlives the maildrop.

   The mailbox is opened as EXCLUSIVE, and the maildrop is what is in it then: what comes later is not seen, what others
   remove meanwhile is missing in LIST and -ERR for RETR, TOP and DELE. Unique ids are "UIDVALIDITY.UID". RETR sets no
   flag. QUIT sets \Deleted on what DELE marked, and expunges that alone; without the marks nothing is changed.
   What the store answers is said so:

       OPEN         ERR_BUSY                                                         -ERR [IN-USE]
       RETR, TOP    ERR_GONE; or LIST n, DELE and the store has no such UID            -ERR
       any          ERR_NOT_FOUND, ERR_DENIED, ERR_CORRUPT, ERR_UNSUPPORTED            -ERR [SYS/PERM]
       any          what else there is, no answer in answer_ms                         -ERR [SYS/TEMP]
       listings, messages: any, once +OK was sent                                     the connection is closed
       QUIT         any, or messages are still there                                  -ERR some deleted messages not removed

   why, if not NULL, is set on ERR_CONFIG to a static sentence: "POP3 needs store.changes". OK; ERR_ARG; ERR_TOKEN;
   ERR_CONFIG: a function of the store is missing; the request stays open; ERR_STATE: the config lacks
   MAILPROTO_POP3_SERVER_STORE. */
struct mailproto_store;
MAILPROTO_API int32_t mailproto_pop3_server_open_store(mailproto_pop3_server *server, uint64_t token,
                                                       const struct mailproto_store *store, uint64_t mailbox,
                                                       const char **why);

/* Tells what EXPIRE and LOGIN-DELAY are for this user, for CAPA after the login (RFC 2449 6.5, 6.7): legal while OPEN is
   unanswered. Says nothing if they are not offered. OK; ERR_TOKEN. */
MAILPROTO_API int32_t mailproto_pop3_server_policy(mailproto_pop3_server *server, uint64_t token, uint32_t expire,
                                                   uint32_t login_delay);

/* Gives one message to a LIST request. size counts if items has SIZE; uid if it has UID: 1 to 70 octets from 0x21 to 0x7e
   (RFC 1939 7). OK; ERR_TOKEN; ERR_ARG: number is outside of the range or not behind the one given before, or the uid is
   malformed; ERR_LIMIT: `want` were given. Nothing was given then, and the request stays open. */
MAILPROTO_API int32_t mailproto_pop3_server_give(mailproto_pop3_server *server, uint64_t token, uint32_t number,
                                                 uint64_t size, const char *uid, size_t uid_len);

/* That is all for this LIST request. OK; ERR_TOKEN. */
MAILPROTO_API int32_t mailproto_pop3_server_given(mailproto_pop3_server *server, uint64_t token);

/* Answers RETRIEVE: the message is open and has exactly `size` octets. OK; ERR_TOKEN. */
MAILPROTO_API int32_t mailproto_pop3_server_retrieving(mailproto_pop3_server *server, uint64_t token, uint64_t size);

/* Answers COMMIT: all but `failed` messages are deleted. OK; ERR_TOKEN. */
MAILPROTO_API int32_t mailproto_pop3_server_committed(mailproto_pop3_server *server, uint64_t token, uint32_t failed);

/* What the session knows, any time. */
typedef struct mailproto_pop3_server_info {
    uint32_t struct_size;
    uint32_t tls;       /* 1: TLS is on */
    uint32_t opened;    /* 1: a maildrop is open: the TRANSACTION or UPDATE state */
    uint32_t count;     /* messages in it */
    uint32_t deleted;   /* how many of them are marked deleted */
    uint32_t retrieved; /* messages sent whole by RETR so far */
    uint64_t octets;    /* of all messages in it */
} mailproto_pop3_server_info;

/* Fills the first `size` octets of info. OK; ERR_ARG. */
MAILPROTO_API int32_t mailproto_pop3_server_info_get(const mailproto_pop3_server *server,
                                                     mailproto_pop3_server_info *info, size_t size);

#ifdef __cplusplus
}
#endif
#endif
