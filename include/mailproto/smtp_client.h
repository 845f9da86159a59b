/* mailproto/smtp_client.h - the SMTP and LMTP client engine, for submission and relay.
 *
 * The engine greets, negotiates (EHLO or HELO, STARTTLS, AUTH) and says READY. Messages are submitted as commands: `send`
 * begins one, `send_to` adds its recipients, `send_go` lets it run; any number may wait. With PIPELINING the engine sends
 * MAIL, all RCPTs and DATA (or BDAT) without waiting and keeps the replies matched (RFC 2920). Every recipient's reply is
 * an event; each message ends with exactly one DONE, which tells accepted from refused, not sent and unknown. The body is
 * asked for in pieces (BODY request), never held: at most one piece is in memory.
 *
 * A body that cannot be finished is never made to look finished: in DATA the connection is closed without the final dot,
 * in BDAT the transaction is RSET, and DONE says NOT_SENT.
 */
#ifndef MAILPROTO_SMTP_CLIENT_H
#define MAILPROTO_SMTP_CLIENT_H

#include "smtp.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mailproto_smtp_client mailproto_smtp_client;

/* ---- events --------------------------------------------------------------------------------------------------- */

enum {
    MAILPROTO_SMTP_CLIENT_READY = 0x200,       /* event,   mailproto_smtp_ready */
    MAILPROTO_SMTP_CLIENT_CREDENTIALS = 0x201, /* request, mailproto_smtp_credentials */
    MAILPROTO_SMTP_CLIENT_RCPT_REPLY = 0x202,  /* event,   mailproto_smtp_rcpt_reply */
    MAILPROTO_SMTP_CLIENT_BODY = 0x203,        /* request, mailproto_smtp_body_request */
    MAILPROTO_SMTP_CLIENT_DONE = 0x204,        /* event,   mailproto_smtp_done */
    MAILPROTO_SMTP_CLIENT_REPLY = 0x205,       /* event,   mailproto_smtp_reply: to VRFY, EXPN, HELP, NOOP */
    MAILPROTO_SMTP_CLIENT_DERIVE = 0x206,      /* request, mailproto_sasl_derive_wanted; with config.sasl only */
    MAILPROTO_SMTP_CLIENT_STEP = 0x207         /* request, mailproto_sasl_step; with config.sasl only */
};

/* A server's reply, as events point to it. `text` holds its lines without codes, separated by LF. */
typedef struct mailproto_smtp_response {
    uint32_t struct_size;
    uint32_t code; /* 0: there was none */
    uint32_t lines;
    mailproto_text enhanced; /* "x.y.z", or empty */
    mailproto_text text;
} mailproto_smtp_response;

/* The session may carry messages: after the greeting, EHLO, TLS and AUTH. Once a session. Before it, a failure of
   greeting, TLS or AUTH ends the session with its reason in CLOSED and all submitted commands DONE as NOT_SENT. */
typedef struct mailproto_smtp_ready {
    mailproto_event head;
    uint32_t peer_offers;                    /* MAILPROTO_SMTP_EXT_* of the last EHLO; 0: HELO only */
    uint32_t tls;                            /* 1: inside TLS */
    uint32_t authenticated;                  /* 1 */
    uint32_t peer_mechanisms;                /* MAILPROTO_SASL_* of the last EHLO */
    uint64_t max_message;                    /* SIZE of the server; 0: not said */
    uint32_t max_recipients;                 /* RCPTMAX of LIMITS (RFC 9422); 0: not said */
    uint32_t max_transactions;               /* MAILMAX; 0: not said */
    uint32_t max_domains;                    /* RCPTDOMAINMAX; 0: not said */
    mailproto_text greeting;                 /* the server's own name as it greeted */
    const mailproto_smtp_parameter *unknown; /* EHLO keywords the engine does not know */
} mailproto_smtp_ready;

/* The server offers AUTH and the config asks for it: answer with mailproto_smtp_client_credentials. Default and fail:
   no AUTH; the session ends with ERR_AUTH if the config requires it. When the server does not know the mechanism after all, or
   has it not for this user (504, 534: RFC 4954 4), they are asked for again, for the next one; after the last one, or when it
   refuses the credentials (any other 5yz, 535 by rights), the session ends with ERR_AUTH, and so it does where a server says that
   they are right and has not proven that it knows them, as SCRAM's has to. fail of DERIVE and STEP cancels the exchange; then
   the session ends with ERR_AUTH. */
typedef struct mailproto_smtp_credentials {
    mailproto_event head;
    uint32_t mechanism; /* the MAILPROTO_SASL_* bit that will be used: the first of the host's order that is offered */
    uint32_t tls;       /* 1: inside TLS */
} mailproto_smtp_credentials;

/* The reply to one recipient: to RCPT (phase 0), or in LMTP also to the message for that recipient (phase 1). */
typedef struct mailproto_smtp_rcpt_reply {
    mailproto_event head;
    uint64_t command;
    uint32_t index; /* the order of send_to, from 0 */
    uint32_t phase;
    const mailproto_smtp_response *reply; /* never NULL */
} mailproto_smtp_rcpt_reply;

/* The next piece of the message is wanted: answer with mailproto_session_piece (at most `max` octets), piece_end, or fail.
   In text, line ends are canonicalised (bare CR, bare LF become CRLF) unless STRICT_BODY is set, dots are stuffed, and a
   missing last CRLF is added; a NUL, a line over max_text_line and, unless the envelope says 8BITMIME, an octet above 127
   fail it with ERR_BODY (RFC 2045 2.8, RFC 5321 2.4); BINARYMIME goes as it is. The end is asked for whatever the announced size says: until then
   nothing that looks like an end is sent. Default: fail. */
typedef struct mailproto_smtp_body_request {
    mailproto_event head;
    uint64_t command;
    uint64_t offset; /* octets of the body given so far */
    size_t max;
} mailproto_smtp_body_request;

/* What became of a message. */
enum {
    MAILPROTO_SMTP_ACCEPTED = 1, /* the server took responsibility, for all accepted recipients */
    MAILPROTO_SMTP_REFUSED = 2, /* it said no: to MAIL, all recipients, DATA or the message; `reply` is its last word */
    MAILPROTO_SMTP_NOT_SENT = 3, /* the end of the message was never sent; sending it again cannot duplicate it */
    MAILPROTO_SMTP_UNKNOWN = 4,  /* all was sent and no reply came */
    MAILPROTO_SMTP_PARTLY = 5    /* LMTP: accepted for some recipients and refused for others */
};

/* The end of a command of send, exactly once. */
typedef struct mailproto_smtp_done {
    mailproto_event head;
    uint64_t command;
    uint32_t outcome; /* MAILPROTO_SMTP_ACCEPTED... */
    int32_t
        why; /* 0 (ACCEPTED, PARTLY), ERR_REFUSED, ERR_BODY, ERR_LOST, ERR_UNSUPPORTED, ERR_CANCELLED, ERR_LIMIT ... */
    uint32_t recipients;                  /* how many the server accepted at RCPT */
    uint32_t stage;                       /* the command whose reply decided, or was awaited: MAILPROTO_SMTP_STAGE_* */
    const mailproto_smtp_response *reply; /* the one that decided; never NULL */
    mailproto_text text;                  /* a sentence for people about `why` */
} mailproto_smtp_done;
enum {
    MAILPROTO_SMTP_STAGE_NONE = 0,
    MAILPROTO_SMTP_STAGE_CONNECT = 1,
    MAILPROTO_SMTP_STAGE_HELLO = 2,
    MAILPROTO_SMTP_STAGE_TLS = 3,
    MAILPROTO_SMTP_STAGE_AUTH = 4,
    MAILPROTO_SMTP_STAGE_MAIL = 5,
    MAILPROTO_SMTP_STAGE_RCPT = 6,
    MAILPROTO_SMTP_STAGE_DATA = 7, /* or a BDAT that is not the last */
    MAILPROTO_SMTP_STAGE_MESSAGE = 8
};

/* The reply to a simple command: its completion. why as in done; reply.code 0 if there was none. */
typedef struct mailproto_smtp_reply {
    mailproto_event head;
    uint64_t command;
    int32_t why;
    const mailproto_smtp_response *reply; /* never NULL */
} mailproto_smtp_reply;

/* ---- construction --------------------------------------------------------------------------------------------- */

/* What a polled host gets from next_event comes here to its callback, from I/O verbs only. NULL: MAILPROTO_USE_DEFAULT. */
typedef struct mailproto_smtp_client_callbacks {
    uint32_t struct_size;
    int32_t (*on_ready)(mailproto_smtp_client *, const mailproto_smtp_ready *, void *user);
    int32_t (*on_credentials)(mailproto_smtp_client *, const mailproto_smtp_credentials *, void *user);
    int32_t (*on_rcpt_reply)(mailproto_smtp_client *, const mailproto_smtp_rcpt_reply *, void *user);
    int32_t (*on_body)(mailproto_smtp_client *, const mailproto_smtp_body_request *, void *user);
    int32_t (*on_done)(mailproto_smtp_client *, const mailproto_smtp_done *, void *user);
    int32_t (*on_reply)(mailproto_smtp_client *, const mailproto_smtp_reply *, void *user);
    int32_t (*on_tls_started)(mailproto_smtp_client *, const mailproto_tls_started *, void *user);
    int32_t (*on_cancel)(mailproto_smtp_client *, const mailproto_cancel *, void *user);
    int32_t (*on_trace)(mailproto_smtp_client *, const mailproto_trace *, void *user);
    int32_t (*on_closed)(mailproto_smtp_client *, const mailproto_closed *, void *user);
    int32_t (*on_derive)(mailproto_smtp_client *, const mailproto_sasl_derive_wanted *, void *user);
    int32_t (*on_step)(mailproto_smtp_client *, const mailproto_sasl_step *, void *user);
} mailproto_smtp_client_callbacks;

enum {
    MAILPROTO_SMTP_CLIENT_LMTP = 1,
    MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED = 2, /* no READY without AUTH */
    MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH =
        4,                                  /* MAILPROTO_SASL_CLEARTEXT without TLS. Risk: passwords and tokens cross in
                                             clear text */
    MAILPROTO_SMTP_CLIENT_STRICT_BODY = 8,  /* a bare CR or LF fails the body instead of becoming CRLF */
    MAILPROTO_SMTP_CLIENT_NO_CHUNKING = 16, /* DATA even where BDAT is offered */
    MAILPROTO_SMTP_CLIENT_NO_PIPELINING = 32
};

/* How the session behaves; 0 is the default everywhere, hostname alone is required. Texts are copied. */
typedef struct mailproto_smtp_client_config {
    uint32_t struct_size;
    uint32_t flags;           /* MAILPROTO_SMTP_CLIENT_* */
    uint32_t tls;             /* MAILPROTO_TLS_* */
    uint32_t mechanisms;      /* MAILPROTO_SASL_* that may be used; 0: no AUTH, nobody is asked; with `sasl` all of its
                                 order. Others than PLAIN and LOGIN, which are tried in that order, need `sasl` */
    uint32_t max_commands;    /* submitted and not done; 0: 100 */
    uint32_t max_recipients;  /* in one message; 0: 10000 */
    uint32_t max_reply_line;  /* 0: 2000 */
    uint32_t max_reply_lines; /* 0: 128 */
    uint32_t max_reply;       /* octets kept of a reply's text; 0: 4096; the rest is dropped */
    uint32_t max_text_line;   /* octets of a line of text that is sent; 0: 998; UNLIMITED */
    uint32_t piece;           /* `max` of BODY requests; 0: 16384 */
    /* milliseconds (RFC 5321 4.5.3.2); 0: the default, UNLIMITED: never */
    uint32_t greeting_ms;    /* 300000 */
    uint32_t command_ms;     /* EHLO, STARTTLS, AUTH, MAIL, RCPT and all others; 300000 */
    uint32_t data_ms;        /* the 354; 120000 */
    uint32_t message_ms;     /* the reply to the final dot; 600000 */
    uint32_t tls_ms;         /* the handshake; 60000 */
    uint32_t answer_ms;      /* for the host to answer a request; 600000 */
    uint32_t stall_ms;       /* a server that takes nothing of what is sent; 180000 */
    mailproto_text hostname; /* required: EHLO's argument; a domain or an address literal */
    const mailproto_sasl_client_config
        *sasl; /* for mechanisms beyond PLAIN and LOGIN: its order is the one they are tried in.
                                             NULL: none of these */
} mailproto_smtp_client_config;

MAILPROTO_API int32_t mailproto_smtp_client_config_init(mailproto_smtp_client_config *config, size_t size);
MAILPROTO_API int32_t mailproto_smtp_client_callbacks_init(mailproto_smtp_client_callbacks *callbacks, size_t size);

/* The most memory a session takes of its allocator, submitted envelopes apart: each takes its texts as they are sent, 256
   octets and 64 a recipient until it is DONE. 0: the config is not usable. */
MAILPROTO_API size_t mailproto_smtp_client_memory_max(const mailproto_smtp_client_config *config);

/* Makes a client session; as mailproto_smtp_server_new. */
MAILPROTO_API int32_t mailproto_smtp_client_new(mailproto_smtp_client **out, const mailproto_smtp_client_config *config,
                                                const mailproto_smtp_client_callbacks *callbacks,
                                                const mailproto_allocator *allocator, void *user, const char **why);
MAILPROTO_API mailproto_session *mailproto_smtp_client_session(mailproto_smtp_client *client);

/* ---- submission: legal any time, inside any callback, before READY too ------------------------------------------ */

/* What MAIL says of a message. */
typedef struct mailproto_smtp_envelope {
    uint32_t struct_size;
    uint32_t flags;        /* MAILPROTO_SMTP_MAIL_* */
    uint32_t body;         /* MAILPROTO_SMTP_BODY_* */
    uint32_t ret;          /* MAILPROTO_SMTP_RET_* */
    uint64_t size;         /* exact octets that the body will have, enforced; 0: not known. Also sent as SIZE= */
    mailproto_text sender; /* "" for <> */
    mailproto_text envid;  /* plain; encoded as xtext */
    mailproto_text auth;   /* AUTH= (RFC 4954 5), plain; has_auth tells "" (<>) from none */
    uint32_t has_auth;
} mailproto_smtp_envelope;
MAILPROTO_API int32_t mailproto_smtp_envelope_init(mailproto_smtp_envelope *envelope, size_t size);

/* What RCPT says of one recipient. */
typedef struct mailproto_smtp_recipient {
    uint32_t struct_size;
    uint32_t notify; /* MAILPROTO_SMTP_NOTIFY_* */
    mailproto_text path;
    mailproto_text orcpt_type; /* "rfc822" or "utf-8"; empty with an orcpt: "rfc822" */
    mailproto_text orcpt;      /* plain; encoded as xtext */
} mailproto_smtp_recipient;
MAILPROTO_API int32_t mailproto_smtp_recipient_init(mailproto_smtp_recipient *recipient, size_t size);

/* Begins a message; *command is its token. OK; ERR_ARG: CR, LF, NUL or syntax in a text, see below; ERR_STATE: the
   session is over or finishing; ERR_LIMIT: max_commands; ERR_NOMEM. Paths are checked by the grammar that parses MAIL and
   RCPT (RFC 5321 4.1.2): what is sent is parsed as exactly one command with exactly these values. */
MAILPROTO_API int32_t mailproto_smtp_client_send(mailproto_smtp_client *client, const mailproto_smtp_envelope *envelope,
                                                 uint64_t *command);
/* Adds a recipient. OK; ERR_TOKEN; ERR_STATE: send_go was called; ERR_ARG; ERR_LIMIT: max_recipients; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_smtp_client_send_to(mailproto_smtp_client *client, uint64_t command,
                                                    const mailproto_smtp_recipient *recipient);
/* Lets it run, after those submitted before. What it needs and the server does not offer (8BITMIME, SMTPUTF8, REQUIRETLS,
   BINARYMIME, SIZE exceeded) ends it as NOT_SENT, ERR_UNSUPPORTED or ERR_LIMIT, before a byte of it is sent. DSN
   parameters are left out where DSN is not offered. OK; ERR_TOKEN; ERR_STATE: no recipient, or called twice. */
MAILPROTO_API int32_t mailproto_smtp_client_send_go(mailproto_smtp_client *client, uint64_t command);

/* Simple commands, each completed by one REPLY event. argument: as the RFC has it, no CR, LF, NUL; HELP's may be empty. */
MAILPROTO_API int32_t mailproto_smtp_client_vrfy(mailproto_smtp_client *client, const char *argument, size_t len,
                                                 uint64_t *command);
MAILPROTO_API int32_t mailproto_smtp_client_expn(mailproto_smtp_client *client, const char *argument, size_t len,
                                                 uint64_t *command);
MAILPROTO_API int32_t mailproto_smtp_client_help(mailproto_smtp_client *client, const char *argument, size_t len,
                                                 uint64_t *command);
MAILPROTO_API int32_t mailproto_smtp_client_noop(mailproto_smtp_client *client, uint64_t *command);

/* Answers CREDENTIALS. password: the token of XOAUTH2 and OAUTHBEARER; of no use to EXTERNAL and ANONYMOUS. authorization may be
   empty; a mechanism that has no word for it (LOGIN, CRAM-MD5, ANONYMOUS) cannot say one that is not the name. A long response is
   not forced into the AUTH line (RFC 4954 4). The texts are wiped from the session when the exchange is over. OK; ERR_TOKEN;
   ERR_ARG: NUL, not UTF-8, a text that the mechanism needs and is empty, an authorization that it cannot say, what SASLprep
   forbids; ERR_LIMIT: authorization or name over 1024 octets, password over 4096. But for OK the request stays open. */
MAILPROTO_API int32_t mailproto_smtp_client_credentials(mailproto_smtp_client *client, uint64_t token,
                                                        const char *authorization, size_t authorization_len,
                                                        const char *name, size_t name_len, const char *password,
                                                        size_t password_len);

/* Answers DERIVE with the octets of the digest; NULL: the provider makes it, when the answer has its turn. Copied, and wiped with
   the exchange. OK; ERR_TOKEN; ERR_ARG: not as long as the hash's digest: the request stays open. */
MAILPROTO_API int32_t mailproto_smtp_client_derived(mailproto_smtp_client *client, uint64_t token, const void *key,
                                                    size_t len);

/* Answers STEP, of the host's own mechanism. Copied. OK; ERR_TOKEN; ERR_ARG: malformed; ERR_LIMIT: a message of over 9,200
   octets, which is no line of RFC 4954 4; ERR_NOMEM: no room for it. But for OK the request stays open. */
MAILPROTO_API int32_t mailproto_smtp_client_step(mailproto_smtp_client *client, uint64_t token,
                                                 const mailproto_sasl_stepped *stepped);

#ifdef __cplusplus
}
#endif
#endif
