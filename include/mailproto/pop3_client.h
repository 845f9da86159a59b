/* mailproto/pop3_client.h - the POP3 client engine.
 *
 * The engine reads the greeting, asks for capabilities (a server without CAPA is fine), does STLS, logs in and says READY.
 * Commands are submitted any time and run in order; each has a token and ends with exactly one DONE. Where the server
 * offers PIPELINING up to `window` of them are on their way at once. Listings come an ENTRY event at a time, messages as
 * BODY events that lend what was fed, dots unstuffed: nothing is collected, whatever the size.
 *
 * A message is whole if, and only if, its DONE says why 0: the terminating line was seen. One that is cut off is never
 * ended so. mailproto_session_finish sends QUIT behind all that was submitted; QUIT_REPLY tells what became of the
 * deletions.
 */
#ifndef MAILPROTO_POP3_CLIENT_H
#define MAILPROTO_POP3_CLIENT_H

#include "pop3.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mailproto_pop3_client mailproto_pop3_client;

/* ---- events --------------------------------------------------------------------------------------------------- */

enum {
    MAILPROTO_POP3_CLIENT_READY = 0x400,       /* event,   mailproto_pop3_ready */
    MAILPROTO_POP3_CLIENT_CREDENTIALS = 0x401, /* request, mailproto_pop3_credentials */
    MAILPROTO_POP3_CLIENT_REFUSED = 0x402,     /* event,   mailproto_pop3_refused */
    MAILPROTO_POP3_CLIENT_ENTRY = 0x403,       /* event,   mailproto_pop3_entry */
    MAILPROTO_POP3_CLIENT_CAPABILITY = 0x404,  /* event,   mailproto_pop3_capability */
    MAILPROTO_POP3_CLIENT_MESSAGE = 0x405,     /* event,   mailproto_pop3_message */
    MAILPROTO_POP3_CLIENT_BODY = 0x406,        /* event,   mailproto_pop3_body */
    MAILPROTO_POP3_CLIENT_DONE = 0x407,        /* event,   mailproto_pop3_done */
    MAILPROTO_POP3_CLIENT_QUIT_REPLY = 0x408,  /* event,   mailproto_pop3_quit_reply */
    MAILPROTO_POP3_CLIENT_DERIVE = 0x409,      /* request, mailproto_sasl_derive_wanted */
    MAILPROTO_POP3_CLIENT_STEP = 0x40a         /* request, mailproto_sasl_step */
};

/* A server's response, as events point to it: its first line. */
typedef struct mailproto_pop3_response {
    uint32_t struct_size;
    uint32_t status;     /* MAILPROTO_POP3_OK, _ERR, or NO_REPLY: there was none */
    uint32_t resp_code;  /* MAILPROTO_POP3_RESP_* */
    mailproto_text code; /* what stood in brackets, without them; empty if there was none */
    mailproto_text text; /* the rest of the line */
} mailproto_pop3_response;

/* The session may carry commands: logged in, or, if the config names no way to, greeted. Once a session. Before it, a
   failure of greeting, TLS or login ends the session, with REFUSED if it was the server's word and with the reason in
   CLOSED; all submitted commands are DONE with that reason. */
typedef struct mailproto_pop3_ready {
    mailproto_event head;
    uint32_t peer_offers;     /* MAILPROTO_POP3_CAPA_* of the last CAPA, 0: the server has none; and CAPA_APOP */
    uint32_t peer_mechanisms; /* MAILPROTO_SASL_* of its SASL line */
    uint32_t tls;             /* 1: inside TLS */
    uint32_t authenticated;   /* the MAILPROTO_SASL_* bit, MAILPROTO_POP3_USER_PASS or _APOP that was used; 0: none */
    uint32_t expire;          /* with CAPA_EXPIRE: days, or MAILPROTO_POP3_EXPIRE_NEVER */
    uint32_t login_delay;     /* with CAPA_LOGIN_DELAY: seconds */
    mailproto_text greeting;  /* text of the server's greeting */
} mailproto_pop3_ready;

/* It is time to log in: answer with mailproto_pop3_client_credentials. Default and fail: the session ends with ERR_AUTH.
   It comes again if the server knows the mechanism not after all and config.login has another: if AUTH was answered by -ERR
   without a response code, before any secret was told. */
typedef struct mailproto_pop3_credentials {
    mailproto_event head;
    uint32_t mechanism; /* what will be used: the first of config.login that the server and TLS allow */
    uint32_t tls;       /* 1: inside TLS */
} mailproto_pop3_credentials;

/* Where the server said -ERR before READY. */
enum { MAILPROTO_POP3_STAGE_GREETING = 1, MAILPROTO_POP3_STAGE_STLS = 2, MAILPROTO_POP3_STAGE_LOGIN = 3 };

/* The server refused to go on. The session ends after it, unless the stage is STLS and config.tls MAY, or the stage is LOGIN
   and another way of config.login is tried: CREDENTIALS comes again then. */
typedef struct mailproto_pop3_refused {
    mailproto_event head;
    uint32_t stage;
    uint32_t reserved;                    /* 0 */
    const mailproto_pop3_response *reply; /* never NULL */
} mailproto_pop3_refused;

/* A line of a listing: of list or uidl. */
typedef struct mailproto_pop3_entry {
    mailproto_event head;
    uint64_t command;
    uint32_t number;
    uint32_t reserved;  /* 0 */
    uint64_t size;      /* of list */
    mailproto_text uid; /* of uidl */
} mailproto_pop3_entry;

/* A line of capa. */
typedef struct mailproto_pop3_capability {
    mailproto_event head;
    uint64_t command;
    mailproto_text name;      /* as the server wrote it */
    mailproto_text arguments; /* the rest of the line */
} mailproto_pop3_capability;

/* retr or top was answered +OK: BODY events follow, then DONE. */
typedef struct mailproto_pop3_message {
    mailproto_event head;
    uint64_t command;
    uint32_t number;
    uint32_t announced; /* 1: +OK was followed by a number of octets */
    uint64_t size;      /* that number: what the server claims, held to nothing */
} mailproto_pop3_message;

/* The next octets of a message, dots unstuffed. Call hold for backpressure; a negative return ends the command with
   ERR_HOST, the rest is skipped in step. */
typedef struct mailproto_pop3_body {
    mailproto_event head;
    uint64_t command;
    uint64_t offset; /* of the first of them in the message */
    mailproto_text bytes;
} mailproto_pop3_body;

/* Which command a DONE belongs to. */
enum {
    MAILPROTO_POP3_VERB_STAT = 1,
    MAILPROTO_POP3_VERB_LIST = 2,
    MAILPROTO_POP3_VERB_UIDL = 3,
    MAILPROTO_POP3_VERB_RETR = 4,
    MAILPROTO_POP3_VERB_TOP = 5,
    MAILPROTO_POP3_VERB_DELE = 6,
    MAILPROTO_POP3_VERB_NOOP = 7,
    MAILPROTO_POP3_VERB_RSET = 8,
    MAILPROTO_POP3_VERB_CAPA = 9
};

/* The end of a command, exactly once. reply is the server's first line; where entries, capabilities or a message came
   between, or nothing came at all, it has a status only. A withdrawn command may be done out of turn. */
typedef struct mailproto_pop3_done {
    mailproto_event head;
    uint64_t command;
    uint32_t verb; /* MAILPROTO_POP3_VERB_* */
    int32_t why; /* 0; ERR_REFUSED: -ERR; ERR_LOST, ERR_TIMEOUT ...; ERR_PROTOCOL: a malformed answer; ERR_HOST: a BODY
                      was failed; ERR_CANCELLED; ERR_STATE: the session ended before it was sent */
    uint32_t sent;                        /* 1: the command was put on the wire: it may have taken effect */
    uint32_t number;                      /* the message number of the command; of stat: how many messages there are */
    uint64_t octets;                      /* of retr and top: given by BODY events; of stat: those of all messages */
    const mailproto_pop3_response *reply; /* never NULL */
} mailproto_pop3_done;

/* What became of the messages that dele marked. */
enum {
    MAILPROTO_POP3_UPDATE_DONE = 1,    /* QUIT was answered +OK */
    MAILPROTO_POP3_UPDATE_REFUSED = 2, /* QUIT was answered -ERR: some were not removed */
    MAILPROTO_POP3_UPDATE_NONE = 3,    /* QUIT was never sent: the server removes nothing */
    MAILPROTO_POP3_UPDATE_UNKNOWN = 4  /* QUIT was sent and no reply came */
};

/* The end of the TRANSACTION state, once for every READY. */
typedef struct mailproto_pop3_quit_reply {
    mailproto_event head;
    uint32_t outcome;                     /* MAILPROTO_POP3_UPDATE_* */
    uint32_t deleted;                     /* messages whose dele was answered +OK, since the last rset */
    int32_t why;                          /* 0, ERR_REFUSED, ERR_LOST, ERR_TIMEOUT, ... */
    uint32_t reserved;                    /* 0 */
    const mailproto_pop3_response *reply; /* never NULL */
} mailproto_pop3_quit_reply;

/* ---- construction --------------------------------------------------------------------------------------------- */

/* What a polled host gets from next_event comes here to its callback. Each is called from I/O verbs only. NULL:
   MAILPROTO_USE_DEFAULT. */
typedef struct mailproto_pop3_client_callbacks {
    uint32_t struct_size;
    int32_t (*on_ready)(mailproto_pop3_client *, const mailproto_pop3_ready *, void *user);
    int32_t (*on_credentials)(mailproto_pop3_client *, const mailproto_pop3_credentials *, void *user);
    int32_t (*on_refused)(mailproto_pop3_client *, const mailproto_pop3_refused *, void *user);
    int32_t (*on_entry)(mailproto_pop3_client *, const mailproto_pop3_entry *, void *user);
    int32_t (*on_capability)(mailproto_pop3_client *, const mailproto_pop3_capability *, void *user);
    int32_t (*on_message)(mailproto_pop3_client *, const mailproto_pop3_message *, void *user);
    int32_t (*on_body)(mailproto_pop3_client *, const mailproto_pop3_body *, void *user);
    int32_t (*on_done)(mailproto_pop3_client *, const mailproto_pop3_done *, void *user);
    int32_t (*on_quit_reply)(mailproto_pop3_client *, const mailproto_pop3_quit_reply *, void *user);
    int32_t (*on_tls_started)(mailproto_pop3_client *, const mailproto_tls_started *, void *user);
    int32_t (*on_cancel)(mailproto_pop3_client *, const mailproto_cancel *, void *user);
    int32_t (*on_trace)(mailproto_pop3_client *, const mailproto_trace *, void *user);
    int32_t (*on_closed)(mailproto_pop3_client *, const mailproto_closed *, void *user);
    int32_t (*on_derive)(mailproto_pop3_client *, const mailproto_sasl_derive_wanted *, void *user);
    int32_t (*on_step)(mailproto_pop3_client *, const mailproto_sasl_step *, void *user);
} mailproto_pop3_client_callbacks;

enum {
    /* clear text (sasl.h), USER and PASS without TLS too. Risk: who listens has the password, or the token */
    MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN = 1,
    MAILPROTO_POP3_CLIENT_NO_CAPA = 2, /* do not ask for capabilities. Nothing but USER_PASS and APOP is used then */
    MAILPROTO_POP3_CLIENT_NO_PIPELINING = 4
};

/* What a client session is to do; 0 everywhere is usable. Texts are copied. */
typedef struct mailproto_pop3_client_config {
    uint32_t struct_size;
    uint32_t flags; /* MAILPROTO_POP3_CLIENT_* */
    uint32_t tls;   /* MAILPROTO_TLS_* */
    /* ways to log in, the best first: MAILPROTO_SASL_* bits, MAILPROTO_POP3_USER_PASS and _APOP; 0 ends them. None that is not in
       it is ever used, and one is tried after those before it only if the server does not offer them, or knows them not after
       all. Without TLS clear text is passed over, unless flags have CLEARTEXT_LOGIN; APOP after STLS, for its timestamp was said
       in clear text. None: nobody is asked, READY comes in the AUTHORIZATION state, where only capa and noop make sense */
    uint32_t login[16];
    uint32_t window;       /* commands on their way at once with PIPELINING; 0: 16; at most 256 */
    uint32_t max_commands; /* submitted and not done; 0: 1000 */
    uint32_t max_line;     /* of a response or listing; 0: 2048; 512 is the least (RFC 2449 4) */
    /* milliseconds; 0: the default, UNLIMITED: never */
    uint32_t greeting_ms;   /* 300000 */
    uint32_t command_ms;    /* the first line of each response, and each line of a listing; 300000 */
    uint32_t body_ms;       /* the window over which a message has to bring min_body_rate; 180000 */
    uint32_t quit_ms;       /* the reply to QUIT; 600000: servers delete then */
    uint32_t tls_ms;        /* the handshake; 60000 */
    uint32_t answer_ms;     /* for the host to answer CREDENTIALS; 600000 */
    uint32_t stall_ms;      /* a server that takes nothing of what is sent; 180000 */
    uint32_t min_body_rate; /* octets a second over body_ms; 0: 1; UNLIMITED: none asked */
    /* for ways to log in beyond PLAIN, LOGIN and USER_PASS; its `order` is empty here, for that is `login`. Copied. NULL: none of
       these */
    const mailproto_sasl_client_config *sasl;
} mailproto_pop3_client_config;

/* Fill these so, then set what is not to be the default: all is 0 but struct_size. OK; ERR_ARG. */
MAILPROTO_API int32_t mailproto_pop3_client_config_init(mailproto_pop3_client_config *config, size_t size);
MAILPROTO_API int32_t mailproto_pop3_client_callbacks_init(mailproto_pop3_client_callbacks *callbacks, size_t size);

/* The most memory a session takes of its allocator, submitted commands apart: each takes 64 octets until it is DONE.
   0: the config is not usable. */
MAILPROTO_API size_t mailproto_pop3_client_memory_max(const mailproto_pop3_client_config *config);

/* Makes a client session. callbacks NULL: polled. allocator NULL: malloc. config, callbacks and allocator are copied.
   why, if not NULL, is set on ERR_CONFIG and ERR_ARG to a static sentence that names what is wrong.
   OK; ERR_ARG; ERR_CONFIG; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_pop3_client_new(mailproto_pop3_client **out, const mailproto_pop3_client_config *config,
                                                const mailproto_pop3_client_callbacks *callbacks,
                                                const mailproto_allocator *allocator, void *user, const char **why);

/* Its I/O surface, for the loop and for a layer. Freed by mailproto_session_free. */
MAILPROTO_API mailproto_session *mailproto_pop3_client_session(mailproto_pop3_client *client);

/* ---- submission: legal any time, inside any callback, before READY too ------------------------------------------ */

/* Each submits one command; *command is its token, for mailproto_session_cancel too, and its DONE comes later, never from
   within the call. OK; ERR_ARG: number 0; ERR_STATE: the session is over or finishing; ERR_LIMIT: max_commands;
   ERR_NOMEM. list and uidl: number 0 asks for all messages. */
MAILPROTO_API int32_t mailproto_pop3_client_stat(mailproto_pop3_client *client, uint64_t *command);
MAILPROTO_API int32_t mailproto_pop3_client_list(mailproto_pop3_client *client, uint32_t number, uint64_t *command);
MAILPROTO_API int32_t mailproto_pop3_client_uidl(mailproto_pop3_client *client, uint32_t number, uint64_t *command);
MAILPROTO_API int32_t mailproto_pop3_client_retr(mailproto_pop3_client *client, uint32_t number, uint64_t *command);
MAILPROTO_API int32_t mailproto_pop3_client_top(mailproto_pop3_client *client, uint32_t number, uint32_t lines,
                                                uint64_t *command);
MAILPROTO_API int32_t mailproto_pop3_client_dele(mailproto_pop3_client *client, uint32_t number, uint64_t *command);
MAILPROTO_API int32_t mailproto_pop3_client_noop(mailproto_pop3_client *client, uint64_t *command);
MAILPROTO_API int32_t mailproto_pop3_client_rset(mailproto_pop3_client *client, uint64_t *command);
MAILPROTO_API int32_t mailproto_pop3_client_capa(mailproto_pop3_client *client, uint64_t *command);

/* Answers CREDENTIALS. password: the token of XOAUTH2 and OAUTHBEARER; not used by EXTERNAL and ANONYMOUS, where name may be
   empty (EXTERNAL), or is what the trace says (ANONYMOUS). authorization may be empty, and must be with USER_PASS and APOP;
   with LOGIN, CRAM-MD5 and ANONYMOUS it can say no other than the name. CR, LF and NUL are refused, with USER_PASS and APOP a
   name with a space or a line over 255 octets, with SASL what is no UTF-8 or what SASLprep forbids; a long response is not
   forced into the AUTH line (RFC 5034 4). The texts are wiped from the session once the login is over. OK; ERR_TOKEN; ERR_ARG;
   ERR_LIMIT: a password over 4096 octets, a name over 1024; with USER_PASS and APOP both over 2048. The request stays open
   after ERR_ARG and ERR_LIMIT. */
MAILPROTO_API int32_t mailproto_pop3_client_credentials(mailproto_pop3_client *client, uint64_t token,
                                                        const char *authorization, size_t authorization_len,
                                                        const char *name, size_t name_len, const char *password,
                                                        size_t password_len);

/* Answers DERIVE with the digest's octets; NULL: the provider makes it now. OK; ERR_TOKEN; ERR_ARG: not as long as the hash's
   digest: the request stays open. */
MAILPROTO_API int32_t mailproto_pop3_client_derived(mailproto_pop3_client *client, uint64_t token, const void *key,
                                                    size_t len);

/* Answers STEP. Copied. OK; ERR_TOKEN; ERR_ARG: malformed; ERR_LIMIT: a message over sasl.max_message, a name over 1024 octets.
   The request stays open after ERR_ARG and ERR_LIMIT. */
MAILPROTO_API int32_t mailproto_pop3_client_step(mailproto_pop3_client *client, uint64_t token,
                                                 const mailproto_sasl_stepped *stepped);

#ifdef __cplusplus
}
#endif
#endif
