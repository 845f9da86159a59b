/* mailproto/smtp_server.h - the SMTP, LMTP and submission server engine.
 *
 * The engine speaks the protocol and keeps the order; the host decides. Life of a session:
 *
 *     CONNECT -> HELLO -> (TLS) -> ((KEYS -> DERIVE ->) AUTH) -> { MAIL -> RCPT ... -> MESSAGE_BEGIN -> BODY ... -> MESSAGE_END ->
 *     (LMTP: RCPT_RESULT ...) -> TRANSACTION_END } ... -> CLOSED
 *
 * Every MAIL that was accepted is ended by exactly one TRANSACTION_END. Every MESSAGE_BEGIN that was accepted is ended by
 * exactly one MESSAGE_END request or one MESSAGE_ABORTED event; a message that was cut off is never ended by MESSAGE_END.
 * Up to max_open RCPT (and RCPT_RESULT) requests are open together; all others are alone. Replies go out in the order of
 * the commands whatever the order of the answers. The engine holds no message: BODY events lend what was fed.
 *
 * A recipient whose mail goes into a store (mailproto/store.h) is accepted with deliver; the engine writes it there.
 */
#ifndef MAILPROTO_SMTP_SERVER_H
#define MAILPROTO_SMTP_SERVER_H

#include "smtp.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mailproto_smtp_server mailproto_smtp_server;

/* ---- events --------------------------------------------------------------------------------------------------- */

enum {
    MAILPROTO_SMTP_SERVER_CONNECT = 0x100,         /* request, mailproto_smtp_connect */
    MAILPROTO_SMTP_SERVER_HELLO = 0x101,           /* request, mailproto_smtp_hello */
    MAILPROTO_SMTP_SERVER_AUTH = 0x102,            /* request, mailproto_smtp_auth */
    MAILPROTO_SMTP_SERVER_MAIL = 0x103,            /* request, mailproto_smtp_mail */
    MAILPROTO_SMTP_SERVER_RCPT = 0x104,            /* request, mailproto_smtp_rcpt */
    MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN = 0x105,   /* request, mailproto_smtp_message_begin */
    MAILPROTO_SMTP_SERVER_BODY = 0x106,            /* event,   mailproto_smtp_body */
    MAILPROTO_SMTP_SERVER_MESSAGE_END = 0x107,     /* request, mailproto_smtp_message_end */
    MAILPROTO_SMTP_SERVER_RCPT_RESULT = 0x108,     /* request, mailproto_smtp_rcpt_result; LMTP only */
    MAILPROTO_SMTP_SERVER_MESSAGE_ABORTED = 0x109, /* event,   mailproto_smtp_message_aborted */
    MAILPROTO_SMTP_SERVER_TRANSACTION_END = 0x10a, /* event,   mailproto_smtp_transaction_end */
    MAILPROTO_SMTP_SERVER_VRFY = 0x10b,            /* request, mailproto_smtp_query */
    MAILPROTO_SMTP_SERVER_EXPN = 0x10c,            /* request, mailproto_smtp_query */
    MAILPROTO_SMTP_SERVER_HELP = 0x10d,            /* request, mailproto_smtp_query */
    MAILPROTO_SMTP_SERVER_KEYS = 0x10e,            /* request, mailproto_sasl_keys_wanted */
    MAILPROTO_SMTP_SERVER_DERIVE = 0x10f,          /* request, mailproto_sasl_derive_wanted */
    MAILPROTO_SMTP_SERVER_STEP = 0x110             /* request, mailproto_sasl_step */
};

/* The connection is there, before the greeting. Default and accept: 220 with hostname and banner. fail: 421 and the end.
   A 5yz reply greets with it (usually 554) and answers 503 to all but QUIT (RFC 5321 3.1); 421 ends the session. */
typedef struct mailproto_smtp_connect {
    mailproto_event head;
    mailproto_text peer_address; /* as the config told it */
} mailproto_smtp_connect;

/* EHLO, HELO or LHLO. Default and accept: 250, for EHLO and LHLO with the capabilities of the moment. fail: 451. */
typedef struct mailproto_smtp_hello {
    mailproto_event head;
    mailproto_text verb;   /* "EHLO", "HELO", "LHLO" */
    mailproto_text domain; /* domain or address literal as the client said it */
} mailproto_smtp_hello;

/* An exchange is complete; what its outcome asks of the host is told in sasl.h. accept: 235. Default: 535 5.7.8. fail: 454 4.7.0.
   CHECK of a password may be answered with mailproto_smtp_server_keys instead: AUTH comes again. REFUSED cannot be accepted:
   accept, and a reply of 2yz, are ERR_ARG, and the request stays open. A mechanism with a last word (SCRAM, tokens that were
   refused) says it after delay_ms; the reply itself, and close, come when the client has answered that. What was said in secret
   is wiped when the answer has its turn. */
typedef struct mailproto_smtp_auth {
    mailproto_event head;
    uint32_t mechanism;           /* one MAILPROTO_SASL_* bit */
    uint32_t tls;                 /* 1: inside TLS */
    mailproto_text authorization; /* who to act as; "" if not said */
    mailproto_text name;     /* who it is: authentication identity; of EXTERNAL what TLS says, of ANONYMOUS the trace */
    mailproto_text password; /* CHECK of PLAIN and LOGIN; of XOAUTH2 and OAUTHBEARER the token */
    uint32_t outcome;        /* MAILPROTO_SASL_CHECK, _PROVEN, _REFUSED */
    uint32_t port;           /* OAUTHBEARER: as the client said it; 0: not said */
    mailproto_text host;     /* the same; "" if not said */
} mailproto_smtp_auth;

/* KEYS, DERIVE and STEP (mailproto_sasl_keys_wanted, _derive_wanted, _step) are told in sasl.h, too, and come only with
   config.sasl. fail: 454 4.7.0, of STEP 535 5.7.8; a reply of 4yz or 5yz ends the login as well; no AUTH follows. */

/* MAIL FROM. Default and accept: 250 2.1.0. fail: 451 4.3.0. Refused by the engine before: syntax, 503 out of order,
   552 over max_message, 555 unknown parameters (unless OFFER passes them, see pass_parameters), 530 TLS or AUTH needed. */
typedef struct mailproto_smtp_mail {
    mailproto_event head;
    mailproto_text path;                     /* "" for <> */
    uint64_t size;                           /* SIZE=, 0 if not said */
    uint32_t body;                           /* MAILPROTO_SMTP_BODY_* */
    uint32_t flags;                          /* MAILPROTO_SMTP_MAIL_* */
    uint32_t ret;                            /* MAILPROTO_SMTP_RET_* */
    uint32_t has_auth;                       /* AUTH= was said (RFC 4954 5) */
    mailproto_text auth;                     /* its value, decoded; "" for AUTH=<> */
    mailproto_text envid;                    /* ENVID=, decoded */
    const mailproto_smtp_parameter *unknown; /* with pass_parameters only */
} mailproto_smtp_mail;

/* RCPT TO. accept: 250 2.1.5. deliver: the same, and the mail goes into a store. Default: 550 5.7.1 (a host that says nothing relays nothing). fail: 451 4.3.0.
   Over max_recipients, refused ones counted, the engine answers 452 4.5.3 by itself. */
typedef struct mailproto_smtp_rcpt {
    mailproto_event head;
    uint32_t index;  /* 0.. in the transaction, refused ones counted */
    uint32_t notify; /* MAILPROTO_SMTP_NOTIFY_*, 0 if not said */
    mailproto_text path;
    mailproto_text orcpt_type; /* "rfc822" of ORCPT=rfc822;..., "" if not said */
    mailproto_text orcpt;      /* the address of ORCPT=, decoded */
    const mailproto_smtp_parameter *unknown;
} mailproto_smtp_rcpt;

/* DATA, or the first BDAT. Default and accept: 354, or the chunk is taken. fail: 451. Any 4yz/5yz reply refuses the
   message: DATA is not begun; BDAT octets are discarded in step (RFC 3030 2). Before or in the answer the host may
   prepend header fields. */
typedef struct mailproto_smtp_message_begin {
    mailproto_event head;
    uint32_t chunking;   /* 1: BDAT */
    uint32_t recipients; /* accepted ones */
    uint32_t stored;     /* how many of them go into stores (deliver) */
    uint32_t reserved;   /* 0 */
} mailproto_smtp_message_begin;

/* The next octets of the message, dots unstuffed. Call hold for backpressure, reject_message to refuse in the middle;
   a negative return refuses with 451 4.3.0. */
typedef struct mailproto_smtp_body {
    mailproto_event head;
    mailproto_text bytes;
    uint64_t offset;    /* of the first of them in the message, prepended fields counted */
    uint32_t prepended; /* 1: not from the peer: fields that the engine or the host prepended */
} mailproto_smtp_body;

/* The message is complete: the final dot or BDAT LAST. accept: 250 2.0.0: the host is now responsible for it, so it must
   be durable. Default: 451 4.3.0; 250 if all recipients are in stores. fail: 451 4.3.0. In LMTP accept and default lead to a RCPT_RESULT for each accepted
   recipient; a reply with a code is the answer for all of them. With recipients in stores see deliver. */
typedef struct mailproto_smtp_message_end {
    mailproto_event head;
    uint64_t size; /* octets of all BODY events */
    uint32_t recipients;
    uint32_t stored; /* how many of them go into stores (deliver) */
} mailproto_smtp_message_end;

/* LMTP: the outcome for one accepted recipient (RFC 2033 4.2). accept: 250 2.0.0. Default and fail: 451 4.3.0. */
typedef struct mailproto_smtp_rcpt_result {
    mailproto_event head;
    uint32_t index; /* that of its RCPT */
} mailproto_smtp_rcpt_result;

/* A message that was begun will not be ended: forget its octets. */
typedef struct mailproto_smtp_message_aborted {
    mailproto_event head;
    int32_t why; /* ERR_LOST, ERR_TIMEOUT; ERR_LIMIT size or hops; ERR_PROTOCOL bare CR and the like; ERR_HOST: the host
                    refused it, by reject_message too; ERR_CANCELLED: RSET or a new EHLO between BDATs */
} mailproto_smtp_message_aborted;

/* The transaction that an accepted MAIL began is over, once. */
typedef struct mailproto_smtp_transaction_end {
    mailproto_event head;
    uint32_t delivered; /* 1: the message was accepted (LMTP: for one recipient at least) */
    int32_t why;        /* 0: it came to a reply for a message; else why not, as in message_aborted;
                           ERR_CANCELLED also: RSET, a new EHLO or QUIT before a message */
} mailproto_smtp_transaction_end;

/* VRFY, EXPN or HELP with its argument. Defaults: VRFY 252 2.1.5 "cannot verify", EXPN 502, HELP 214. accept: 250 (HELP
   214) with the argument. fail: 451. Only asked if offered; else 252, 502, 214 are said by the engine. */
typedef struct mailproto_smtp_query {
    mailproto_event head;
    mailproto_text argument;
} mailproto_smtp_query;

/* ---- construction --------------------------------------------------------------------------------------------- */

/* What a polled host gets from next_event comes here to its callback. Each is called from I/O verbs only. NULL:
   MAILPROTO_USE_DEFAULT. */
typedef struct mailproto_smtp_server_callbacks {
    uint32_t struct_size;
    int32_t (*on_connect)(mailproto_smtp_server *, const mailproto_smtp_connect *, void *user);
    int32_t (*on_hello)(mailproto_smtp_server *, const mailproto_smtp_hello *, void *user);
    int32_t (*on_auth)(mailproto_smtp_server *, const mailproto_smtp_auth *, void *user);
    int32_t (*on_mail)(mailproto_smtp_server *, const mailproto_smtp_mail *, void *user);
    int32_t (*on_rcpt)(mailproto_smtp_server *, const mailproto_smtp_rcpt *, void *user);
    int32_t (*on_message_begin)(mailproto_smtp_server *, const mailproto_smtp_message_begin *, void *user);
    int32_t (*on_body)(mailproto_smtp_server *, const mailproto_smtp_body *, void *user);
    int32_t (*on_message_end)(mailproto_smtp_server *, const mailproto_smtp_message_end *, void *user);
    int32_t (*on_rcpt_result)(mailproto_smtp_server *, const mailproto_smtp_rcpt_result *, void *user);
    int32_t (*on_message_aborted)(mailproto_smtp_server *, const mailproto_smtp_message_aborted *, void *user);
    int32_t (*on_transaction_end)(mailproto_smtp_server *, const mailproto_smtp_transaction_end *, void *user);
    int32_t (*on_vrfy)(mailproto_smtp_server *, const mailproto_smtp_query *, void *user);
    int32_t (*on_expn)(mailproto_smtp_server *, const mailproto_smtp_query *, void *user);
    int32_t (*on_help)(mailproto_smtp_server *, const mailproto_smtp_query *, void *user);
    int32_t (*on_tls_started)(mailproto_smtp_server *, const mailproto_tls_started *, void *user);
    int32_t (*on_cancel)(mailproto_smtp_server *, const mailproto_cancel *, void *user);
    int32_t (*on_trace)(mailproto_smtp_server *, const mailproto_trace *, void *user);
    int32_t (*on_closed)(mailproto_smtp_server *, const mailproto_closed *, void *user);
    int32_t (*on_keys)(mailproto_smtp_server *, const mailproto_sasl_keys_wanted *, void *user);
    int32_t (*on_derive)(mailproto_smtp_server *, const mailproto_sasl_derive_wanted *, void *user);
    int32_t (*on_step)(mailproto_smtp_server *, const mailproto_sasl_step *, void *user);
} mailproto_smtp_server_callbacks;

/* What the server tolerates; each is a risk that is named. */
enum {
    MAILPROTO_SMTP_SERVER_LMTP = 1,           /* LMTP: LHLO, a result for each recipient */
    MAILPROTO_SMTP_SERVER_SUBMISSION = 2,     /* RFC 6409: AUTH is required before MAIL */
    MAILPROTO_SMTP_SERVER_RECEIVED = 4,       /* prepend a Received field (RFC 5321 4.4) to each message;
                                             its date is what mailproto_session_set_wall told;
                                             before it told one, messages are refused with 451 4.3.5 */
    MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH = 8, /* offer MAILPROTO_SASL_CLEARTEXT without TLS. Risk: passwords and tokens
                                             cross in clear text */
    MAILPROTO_SMTP_SERVER_NORMALISE_NEWLINES =
        16,                                     /* bare CR and bare LF in DATA become CRLF; never the end of the data.
                                             Risk: a signature over the message breaks */
    MAILPROTO_SMTP_SERVER_ACCEPT_NUL = 32,      /* NUL in message text. Risk: programs that end strings at it */
    MAILPROTO_SMTP_SERVER_PASS_PARAMETERS = 64, /* unknown MAIL and RCPT parameters go to the host instead of 555 */
    MAILPROTO_SMTP_SERVER_STORE = 128,          /* RCPT may be answered with deliver */
    MAILPROTO_SMTP_SERVER_NO_RETURN_PATH =
        256 /* what goes into stores gets no Return-Path field (RFC 5321 4.4): they are
                                                   not where it ends */
};

/* How the session behaves; 0 is the default everywhere, hostname alone is required. Texts are copied. */
typedef struct mailproto_smtp_server_config {
    uint32_t struct_size;
    uint32_t flags; /* MAILPROTO_SMTP_SERVER_* */
    uint32_t
        offer;     /* MAILPROTO_SMTP_EXT_*: what EHLO promises. 0: MAILPROTO_SMTP_EXT_DEFAULT, and STARTTLS where tls is
                       MAY or REQUIRED. AUTH needs on_auth (or polling); STARTTLS needs such a tls, and a tls that is MAY
                       or REQUIRED needs STARTTLS; BINARYMIME needs CHUNKING; SMTPUTF8 needs 8BITMIME; VRFY and EXPN need
                       their callback (or polling) */
    uint32_t mask; /* MAILPROTO_SMTP_EXT_* not to offer after all, for testing a client */
    uint32_t
        mechanisms; /* MAILPROTO_SASL_*; 0 with AUTH: PLAIN and LOGIN. All others need `sasl`; CRAM-MD5 and SCRAM need
                            on_keys, OTHER on_step (or polling). EHLO names those that are possible at the moment: in clear text
                            (MAILPROTO_SASL_CLEARTEXT) within TLS or with CLEARTEXT_AUTH, -PLUS with a channel binding, EXTERNAL
                            with a client that TLS has verified, none without TLS where tls is REQUIRED */
    uint32_t tls;   /* MAILPROTO_TLS_* */
    uint32_t max_open; /* requests open together, at most 256; 0: 1 */
    uint32_t max_line; /* command line with CRLF; 0: 2048 (512 is the least, RFC 5321 4.5.3.1.4; at most 1048576) */
    uint32_t max_auth_line;    /* 0: 12288 (RFC 4954 4) */
    uint32_t max_text_line;    /* line of message text; 0: 4096; 998 the least; UNLIMITED */
    uint32_t max_recipients;   /* 0: 1000 (100 is the least); UNLIMITED */
    uint32_t max_bad_commands; /* errors in a session before 421; 0: 10; UNLIMITED */
    uint32_t max_hops;         /* Received fields before 554 5.4.6; 0: 100; UNLIMITED */
    uint32_t max_transactions; /* MAILMAX of LIMITS: messages a session, then 421; 0: unlimited */
    uint64_t max_message;      /* octets; 0: 50 MiB; UNLIMITED_64 */
    uint64_t max_discard; /* octets of a refused message, or over-long line, skipped in step before the session ends;
                               0: 4 * max_message, at least 64 MiB */
    /* milliseconds; 0: the default, UNLIMITED: never (RFC 5321 4.5.3.2) */
    uint32_t greeting_ms;        /* to the first command; 300000 */
    uint32_t command_ms;         /* to the end of each command; 300000 */
    uint32_t body_ms;            /* the window over which min_body_rate is measured; 180000 */
    uint32_t tls_ms;             /* the handshake; 60000 */
    uint32_t answer_ms;          /* for the host to answer a request; 600000 */
    uint32_t stall_ms;           /* a peer that takes none of its replies; 300000 */
    uint32_t min_body_rate;      /* octets a second over body_ms; 0: 1; UNLIMITED: none asked */
    mailproto_text hostname;     /* required: in the greeting, EHLO and Received */
    mailproto_text banner;       /* after it in the greeting; empty: "ESMTP mailproto" */
    mailproto_text peer_address; /* "192.0.2.1" or "IPv6:2001:db8::1", for Received and events; may be empty */
    mailproto_text peer_name; /* the host's reverse look-up, for Received; may be empty; left out if it is no domain */
    const mailproto_sasl_server_config
        *sasl; /* for mechanisms beyond PLAIN and LOGIN, and for keys in the place of passwords;
                                             its `mechanisms` is 0 here. NULL: none of these */
} mailproto_smtp_server_config;

MAILPROTO_API int32_t mailproto_smtp_server_config_init(mailproto_smtp_server_config *config, size_t size);
MAILPROTO_API int32_t mailproto_smtp_server_callbacks_init(mailproto_smtp_server_callbacks *callbacks, size_t size);

/* The most memory a session of this config takes of its allocator. 0: the config is not usable. Without limit on
   recipients a bit each is added, and with STORE 192 octets for each that is in a store. Stores with differing functions, all
   but `user`, take 512 octets each, beside the first. */
MAILPROTO_API size_t mailproto_smtp_server_memory_max(const mailproto_smtp_server_config *config);

/* Makes a server session. callbacks NULL: polled. allocator NULL: malloc. config with its `sasl`, callbacks and allocator are
   copied.
   why, if not NULL, is set on ERR_CONFIG and ERR_ARG to a static sentence that names what is wrong.
   OK; ERR_ARG; ERR_CONFIG; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_smtp_server_new(mailproto_smtp_server **out, const mailproto_smtp_server_config *config,
                                                const mailproto_smtp_server_callbacks *callbacks,
                                                const mailproto_allocator *allocator, void *user, const char **why);

/* Its I/O surface, for the loop and for a layer. Freed by mailproto_session_free. */
MAILPROTO_API mailproto_session *mailproto_smtp_server_session(mailproto_smtp_server *server);

/* ---- answers -------------------------------------------------------------------------------------------------- */

/* A verdict in full. code: any that the command may be answered with (200..599; 2yz accepts). enhanced: "x.y.z" or
   empty, then it is chosen from the code and request. text: at most 32 lines separated by LF, at most 800 octets; empty:
   the engine's. */
typedef struct mailproto_smtp_verdict {
    uint32_t struct_size;
    uint32_t code;
    mailproto_text enhanced;
    mailproto_text text;
    uint32_t delay_ms; /* the reply waits so long (tarpit); the peer's clock stands meanwhile */
    uint32_t close;    /* 1: the session ends after this reply */
} mailproto_smtp_verdict;
MAILPROTO_API int32_t mailproto_smtp_verdict_init(mailproto_smtp_verdict *verdict, size_t size);

/* Accepts: the 2yz (MESSAGE_BEGIN: 354) of the request's struct. OK; ERR_TOKEN; ERR_ARG: AUTH with REFUSED, KEYS, DERIVE and
   STEP: the request stays open. */
MAILPROTO_API int32_t mailproto_smtp_server_accept(mailproto_smtp_server *server, uint64_t token);

/* Answers RCPT: the recipient's mail goes into this mailbox of a store (mailproto/store.h); 0: its INBOX. The engine begins an
   upload there, and that it could is the 250: a store that is full, or over its quota as far as SIZE tells, refuses the
   recipient. The message is written as it comes, with backpressure and without being collected: a Return-Path field
   (unless NO_RETURN_PATH), what was prepended, the text. Stores of one kind, with the same append_share, are written once.
   Recipients of the same mailbox, told by the same number (or 0) and a store with the same functions and `user`, get one
   copy: the first of them has the upload, and what becomes of it is said to each.
   At the end of it MESSAGE_END asks the host; whatever is no 2yz undoes the uploads. Then all stores commit:

       SMTP   250, or what the host said, if all did; else one reply for the first that did not, which is temporary if
              others did: they may get the message twice
       LMTP   a reply for each recipient: its own store's. RCPT_RESULT comes for those that are not in stores

   Recipients that the host accepts itself may be in the same transaction. BODY and MESSAGE_END come as ever. The host makes
   its part durable before it accepts MESSAGE_END, and lets it go on its way at TRANSACTION_END: if that says delivered 0,
   the peer was told to try again, and the part is better dropped. In LMTP a store's outcome is no other recipient's.

   A transaction that comes to no reply for a message (RSET, loss, refusal, limits, timeouts) leaves no upload. The store
   outlives TRANSACTION_END; before that, and before mailproto_session_free returns, all that was asked is answered or
   cancelled. Stores are asked and told from inside of I/O verbs, and of free; each question has answer_ms; an answer outside
   of the verbs is like one of the host's. The table is copied. What a store answers is said so, to RCPT, or for the message:

       ERR_NOT_FOUND 550 5.1.1   ERR_DENIED 550 5.7.1   ERR_QUOTA 452 4.2.2         ERR_FULL 452 4.3.1
       ERR_LIMIT     552 5.3.4   ERR_BUSY   450 4.2.1   ERR_UNSUPPORTED 451 4.3.5   all else, no answer in time 451 4.3.0

   why, if not NULL, is set on ERR_CONFIG to a static sentence: "delivery needs store.append_begin". OK; ERR_ARG; ERR_TOKEN:
   no open RCPT; ERR_CONFIG: a function of the store is missing, and the request stays open; ERR_STATE: the config lacks
   MAILPROTO_SMTP_SERVER_STORE. */
struct mailproto_store;
MAILPROTO_API int32_t mailproto_smtp_server_deliver(mailproto_smtp_server *server, uint64_t token,
                                                    const struct mailproto_store *store, uint64_t mailbox,
                                                    const char **why);

/* Answers KEYS, or AUTH with CHECK of a mechanism with a password: what is stored for this user; NULL: there is no such one.
   Copied, and wiped after use. OK; ERR_TOKEN; ERR_ARG: malformed, or of no use to the mechanism: keys of another hash, keys
   where a password is needed, or without `sasl`, whose provider they need; an AUTH that has no password to compare, or was
   compared. The request stays open after ERR_ARG (RFC 5802 3). */
MAILPROTO_API int32_t mailproto_smtp_server_keys(mailproto_smtp_server *server, uint64_t token,
                                                 const mailproto_sasl_keys *keys);

/* Answers DERIVE with the octets of the digest; NULL: the provider makes it, when the answer has its turn. Copied. OK;
   ERR_TOKEN; ERR_ARG: not as long as the hash's digest: the request stays open. */
MAILPROTO_API int32_t mailproto_smtp_server_derived(mailproto_smtp_server *server, uint64_t token, const void *key,
                                                    size_t len);

/* Answers STEP, of a mechanism of the host's own. Copied. OK; ERR_TOKEN; ERR_ARG: malformed; ERR_LIMIT: a message of over 9,200
   octets, which is no line of RFC 4954 4; ERR_NOMEM: no room for its texts. But for OK the request stays open. */
MAILPROTO_API int32_t mailproto_smtp_server_step(mailproto_smtp_server *server, uint64_t token,
                                                 const mailproto_sasl_stepped *stepped);

/* Answers any request of this engine with a code and a text. OK; ERR_TOKEN; ERR_ARG: a code that does not fit the
   request, CR, control characters or malformed UTF-8 in the text, over 800 octets; the request stays open. LF parts lines.
   Octets beyond ASCII are said to a client that allowed it with SMTPUTF8, and are '?' to any other (RFC 6531 3.7.4.2). */
MAILPROTO_API int32_t mailproto_smtp_server_reply(mailproto_smtp_server *server, uint64_t token, uint32_t code,
                                                  const char *enhanced, size_t enhanced_len, const char *text,
                                                  size_t len);
MAILPROTO_API int32_t mailproto_smtp_server_answer(mailproto_smtp_server *server, uint64_t token,
                                                   const mailproto_smtp_verdict *verdict);

/* Any time between MESSAGE_BEGIN and MESSAGE_END: the rest is skipped in step, and this is the reply at its end (in BDAT:
   at the end of the chunk). MESSAGE_ABORTED follows at once. OK; ERR_STATE: no message is arriving; ERR_ARG. */
MAILPROTO_API int32_t mailproto_smtp_server_reject_message(mailproto_smtp_server *server,
                                                           const mailproto_smtp_verdict *verdict);

/* Prepends a header field to the message about to begin: legal while MESSAGE_BEGIN is unanswered. `field` is whole lines
   without the last CRLF; folded lines continue with a space or tab after CRLF. They come as BODY events with prepended 1,
   the last prepended first, before the Received field of the engine. At most 8192 octets in all. OK; ERR_TOKEN; ERR_ARG;
   ERR_LIMIT; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_smtp_server_prepend(mailproto_smtp_server *server, uint64_t token, const char *field,
                                                    size_t len);

/* What the session knows, any time; texts live until the session's next I/O verb. */
typedef struct mailproto_smtp_server_info {
    uint32_t struct_size;
    uint32_t tls;            /* 1: TLS is on */
    uint32_t authenticated;  /* 1 */
    uint32_t transactions;   /* MAILs accepted so far */
    mailproto_text hello;    /* domain of the last HELO, EHLO, LHLO */
    mailproto_text protocol; /* the keyword of RFC 3848 and RFC 6531: "ESMTP", "ESMTPSA", "LMTPS", "UTF8SMTP"... */
} mailproto_smtp_server_info;

/* Fills the first `size` octets of info; may be called anywhere. OK; ERR_ARG. */
MAILPROTO_API int32_t mailproto_smtp_server_info_get(const mailproto_smtp_server *server,
                                                     mailproto_smtp_server_info *info, size_t size);

#ifdef __cplusplus
}
#endif
#endif
