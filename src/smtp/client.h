/* client.h - the SMTP and LMTP client engine: its state, and what its files share.
 * RFC 5321; docs/design/smtp-client.md tells the states in words. */
#ifndef MP_SMTP_CLIENT_H
#define MP_SMTP_CLIENT_H

#include "core/engine.h"
#include "mailproto/smtp_client.h"
#include "sasl/client.h"

/* ---- where the session stands ---- */

/* One row of the table in client.c each. A phase makes its output in `move` and takes replies in `reply`. */
enum mp_client_phase {
    MP_CLIENT_GREETING,    /* the server's 220 is awaited */
    MP_CLIENT_HELLO,       /* EHLO or LHLO */
    MP_CLIENT_HELO,        /* HELO, after EHLO was refused */
    MP_CLIENT_STARTTLS,    /* STARTTLS, and from its 220 on the handshake */
    MP_CLIENT_AUTH,        /* credentials are asked for and said */
    MP_CLIENT_READY,       /* the READY event is due */
    MP_CLIENT_IDLE,        /* nothing is in hand */
    MP_CLIENT_TRANSACTION, /* a message: MAIL to the reply to its end */
    MP_CLIENT_SIMPLE,      /* VRFY, EXPN, HELP, NOOP */
    MP_CLIENT_QUIT
};

/* ---- replies ---- */

enum { MP_CLIENT_ENHANCED_MAX = 10 };

/* A reply as it is collected, and kept for events. */
struct mp_client_reply {
    char *text; /* lines without codes, separated by LF: `len` of `capacity` octets */
    uint32_t len, capacity;
    uint32_t lines;
    uint16_t code;
    uint8_t class; /* the first digit of code; 0: no reply */
    uint8_t more;  /* the last line announced another */
    uint8_t enhanced_len;
    char enhanced[MP_CLIENT_ENHANCED_MAX];
};

/* ---- what was submitted ---- */

struct mp_client_recipient {
    struct mp_client_recipient *next;
    uint16_t path_len; /* with the '>' behind it */
    uint16_t text_len; /* with the parameters of DSN, as they are sent */
    uint8_t accepted;
    char text[];
};

/* The parameters of MAIL, as they are sent: each goes out if the server offers what it belongs to. */
enum {
    MP_MAIL_PATH, /* with the '>' behind it */
    MP_MAIL_SIZE,
    MP_MAIL_NEEDS, /* BODY, SMTPUTF8, REQUIRETLS: without these the message is not sent */
    MP_MAIL_DSN,
    MP_MAIL_AUTH,
    MP_MAIL_PARTS
};

/* In the order in which the end of a session tells of them. */
enum { MP_COMMAND_ACTIVE, MP_COMMAND_ENDED, MP_COMMAND_QUEUED, MP_COMMAND_BUILDING, MP_COMMAND_STATES };

/* A message or a simple command. */
struct mp_client_command {
    struct mp_client_command *next;
    uint64_t token;
    uint64_t size;    /* announced; 0: not */
    const char *verb; /* of a simple command, with its space; NULL: a message */
    struct mp_client_recipient *first, *last;
    uint32_t recipients;
    uint16_t text_len;
    uint16_t parts[MP_MAIL_PARTS]; /* where each part of the text ends */
    uint16_t needs;                /* MAILPROTO_SMTP_EXT_* */
    uint8_t state;                 /* MP_COMMAND_* */
    uint8_t body;                  /* MAILPROTO_SMTP_BODY_* */
    uint8_t smtputf8;
    char text[];
};

/* ---- the transaction in hand ---- */

/* What is to be sent next (UNDO: the RSET that ends a message in the middle), and which reply is due next. */
enum { MP_NEXT_RSET, MP_NEXT_MAIL, MP_NEXT_RCPT, MP_NEXT_DATA, MP_NEXT_UNDO, MP_NEXT_BODY, MP_NEXT_NOTHING };
enum { MP_DUE_RSET, MP_DUE_MAIL, MP_DUE_RCPT, MP_DUE_DATA, MP_DUE_LONE_DOT, MP_DUE_CHUNK, MP_DUE_MESSAGE };

/* How a message ends. */
struct mp_client_outcome {
    const char *text; /* about why; NULL: the sentence of the result */
    int32_t why;
    uint8_t outcome; /* MAILPROTO_SMTP_ACCEPTED...; 0: not decided */
    uint8_t stage;   /* MAILPROTO_SMTP_STAGE_* */
};

/* What is wrong with a text. */
enum mp_client_fault { MP_FAULT_NONE, MP_FAULT_NEWLINE, MP_FAULT_LONG_LINE, MP_FAULT_NUL, MP_FAULT_8BIT };

struct mp_client_body {
    uint64_t offset;   /* octets the host gave */
    size_t column;     /* octets of the line in hand */
    size_t withheld;   /* octets of a chunk that wait, uncommitted, to be told from the last one */
    uint8_t cr;        /* the last octet was a CR: what follows it decides */
    uint8_t text;      /* line ends are made canonical */
    uint8_t eight_bit; /* 8BITMIME was said: octets above 127 may cross */
    uint8_t stuff;     /* DATA: dots are stuffed */
    uint8_t strict;    /* a bare CR or LF fails it */
    size_t max_line;
    uint64_t end_at; /* where in the output the end of the message is */
};

struct mp_client_transaction {
    struct mp_client_recipient *to_send, *to_hear; /* the recipients whose RCPT, whose reply is next */
    struct mp_client_outcome end;
    uint32_t hear_index;
    uint32_t accepted; /* recipients, at RCPT */
    uint8_t next, due; /* MP_NEXT_*, MP_DUE_* */
    uint8_t chunking;
    uint8_t mail_accepted;      /* the server holds a transaction */
    uint8_t end_sent;           /* the final dot or the last chunk was put */
    uint8_t reset_sent;         /* a RSET ends it: its reply is the last */
    uint8_t delivered, bounced; /* LMTP: to some recipients, at the end */
};

struct mp_client_auth {
    struct mp_sasl_client *login; /* the exchange */
    uint32_t tried;               /* MAILPROTO_SASL_* */
    uint8_t next;                 /* MAILPROTO_SASL_*: what is to be done next; 0: a reply is awaited */
    uint8_t begun;                /* the mechanism was named */
    uint8_t waits;                /* what it said first was too long for that line, and the server's leave is awaited */
    uint8_t cancelled;            /* "*" was said */
};
/* The longest message that fits on a line of RFC 4954 4. */
enum { MP_CLIENT_RESPONSE_MAX = (12288 - 2) / 4 * 3 };

/* ---- the engine ---- */

/* What is used most comes first: near fields make short code. */
struct mailproto_smtp_client {
    uint8_t phase; /* enum mp_client_phase */
    uint8_t authenticated;
    uint8_t reset_owed;               /* the server holds a transaction that came to nothing */
    uint8_t fail_stage;               /* MAILPROTO_SMTP_STAGE_*: of what ended the session before READY */
    uint8_t ready;                    /* READY was said */
    uint32_t flags;                   /* of the config */
    uint32_t outstanding;             /* replies that are due */
    uint32_t count;                   /* commands submitted and not done */
    struct mp_client_reply reply;     /* the one being read or just read */
    struct mp_client_command *active; /* it is one of the commands, too */
    union {
        struct mp_client_auth auth;               /* until READY */
        struct mp_client_transaction transaction; /* while a message is active */
    };

    struct mp_engine base;
    struct mp_client_command *first, *last; /* all commands that are not done */
    struct mp_client_reply final;           /* the reply that decided */
    mailproto_smtp_response response;       /* a reply as the event that stands shows it */
    struct mp_client_body body;
    mailproto_smtp_ready peer; /* what the last EHLO said, as READY shows it. Forgotten when TLS starts */
    char *hello;               /* the text of the last EHLO reply, for READY */
    uint32_t hello_len, hello_capacity, hello_lines;
    mailproto_smtp_parameter *unknown;
    size_t unknown_size;
    const char *end_text; /* why the session was given up before READY, and QUIT said */
    int32_t end_why;      /* 0: it was not */
    union {
        mailproto_smtp_credentials credentials;
        mailproto_smtp_rcpt_reply rcpt_reply;
        mailproto_smtp_body_request body;
        mailproto_smtp_done done;
        mailproto_smtp_reply reply;
        union mp_sasl_payload sasl;
    } event; /* the payload of the event that stands */
    mailproto_smtp_client_callbacks callbacks;
    mailproto_smtp_client_config config; /* defaults filled in; hostname points behind this struct */
};

static inline struct mailproto_smtp_client *mp_client_of(const struct mp_engine *e)
{
    return (struct mailproto_smtp_client *)((uintptr_t)e - offsetof(struct mailproto_smtp_client, base));
}

/* The config's, which the base keeps. NULL: PLAIN and LOGIN alone. */
static inline const struct mp_sasl_client_settings *mp_client_sasl(const struct mailproto_smtp_client *c)
{
    return (const struct mp_sasl_client_settings *)c->base.keeper;
}

static inline uint32_t mp_client_is_lmtp(const struct mailproto_smtp_client *c)
{
    return c->flags & MAILPROTO_SMTP_CLIENT_LMTP;
}

/* client.c */
/* The next phase; a session that is finishing with nothing to do says QUIT instead. */
void mp_client_enter(struct mailproto_smtp_client *c, uint32_t phase);
/* Says QUIT, and the session ends with `why` once that was answered; the reply just read is what decided. */
void mp_client_give_up(struct mailproto_smtp_client *c, int32_t why, const char *text);
/* The server broke the protocol. */
void mp_client_broken(struct mailproto_smtp_client *c, const char *text);
/* Puts a line of `line`, `argument` (may be empty; if it is PRIVATE, in base64) and CRLF; its reply is due. */
void mp_client_say(struct mailproto_smtp_client *c, const char *line, const char *argument, size_t len, uint32_t kind);
void mp_client_say_word(struct mailproto_smtp_client *c, const char *line);
/* Raises an event whose payload is in c->event. */
MP_OUTLINE void mp_client_raise(struct mailproto_smtp_client *c, size_t size, uint32_t type, uint64_t token);
/* One more reply is due. */
void mp_client_await(struct mailproto_smtp_client *c);
/* A reply is complete. */
void mp_client_replied(struct mailproto_smtp_client *c);

/* client_reply.c */
/* Reads the next reply line. 1: something was done; 0: there is none. */
int mp_client_read(struct mailproto_smtp_client *c);
/* The reply just read decided: it is what `final` is. */
void mp_client_keep_reply(struct mailproto_smtp_client *c);
MP_OUTLINE void mp_client_clear_final(struct mailproto_smtp_client *c);
void mp_client_free_replies(struct mailproto_smtp_client *c);
/* As events show it. NULL: there was none. */
const mailproto_smtp_response *mp_client_response(struct mailproto_smtp_client *c, const struct mp_client_reply *reply);

/* client_hello.c */
void mp_client_greeted(struct mailproto_smtp_client *c);
void mp_client_hello_reply(struct mailproto_smtp_client *c);
void mp_client_helo_reply(struct mailproto_smtp_client *c);
void mp_client_starttls_reply(struct mailproto_smtp_client *c);
void mp_client_tls_started(struct mp_engine *e);
int mp_client_ready_move(struct mailproto_smtp_client *c);

/* client_extensions.c */
/* Reads one line of an EHLO reply into peer. */
void mp_client_extension(struct mailproto_smtp_client *c, const char *line, size_t n);
MP_OUTLINE void mp_client_forget_peer(struct mailproto_smtp_client *c);
/* Takes the text of the reply just read for READY. */
MP_OUTLINE void mp_client_keep_hello(struct mailproto_smtp_client *c);
/* Makes the list of unknown keywords. 0; -1: no memory, and the session is ending. */
int mp_client_list_unknown(struct mailproto_smtp_client *c);
/* What was kept for READY. */
void mp_client_free_hello(struct mailproto_smtp_client *c);

/* client_auth.c */
/* After EHLO: AUTH if the config and the server want it, else READY. */
void mp_client_begin_auth(struct mailproto_smtp_client *c);
int mp_client_auth_move(struct mailproto_smtp_client *c);
void mp_client_auth_reply(struct mailproto_smtp_client *c);
void mp_client_auth_answered(struct mailproto_smtp_client *c, const struct mp_request *r);
/* The exchange is over. */
void mp_client_end_login(struct mailproto_smtp_client *c);
/* The default of a request. */
int32_t mp_client_use_default(struct mp_engine *e, struct mp_request *r);
/* To be given up, because the host cannot: no AUTH; the body fails. */
int32_t mp_client_refuse(struct mp_engine *e, struct mp_request *r);

/* client_transaction.c */
/* Begins the message, or ends it: the server lacks what it needs. */
void mp_client_begin(struct mailproto_smtp_client *c, struct mp_client_command *message);
int mp_client_transaction_move(struct mailproto_smtp_client *c);
void mp_client_transaction_reply(struct mailproto_smtp_client *c);
/* A reply came in the middle of a DATA body. */
void mp_client_interrupted(struct mailproto_smtp_client *c);
/* Ends the message in hand as early as the protocol allows. */
void mp_client_abort(struct mailproto_smtp_client *c, int32_t why, const char *text);
/* What becomes of the message in hand now that the session ends. */
MP_OUTLINE void mp_client_settle(struct mailproto_smtp_client *c);
uint32_t mp_client_reply_limit(const struct mailproto_smtp_client *c);

/* client_done.c */
/* The first command in that state, or NULL. */
struct mp_client_command *mp_client_first(const struct mailproto_smtp_client *c, uint32_t state);
struct mp_client_command *mp_client_find(const struct mailproto_smtp_client *c, uint64_t token);
MP_OUTLINE void mp_client_push(struct mailproto_smtp_client *c, struct mp_client_command *command);
/* Takes it out of the commands. */
void mp_client_unlink(struct mailproto_smtp_client *c, const struct mp_client_command *command);
/* Raises the completion of a command and frees it. reply NULL: there was none. */
void mp_client_raise_done(struct mailproto_smtp_client *c, struct mp_client_command *command,
                          const struct mp_client_outcome *end, const struct mp_client_reply *reply);
/* The session ends: that of the first command that is owed one. 0: there is none. */
int mp_client_end_step(struct mp_engine *e);
void mp_client_free_command(struct mailproto_smtp_client *c, struct mp_client_command *command);

/* client_submit.c: of what the longest lines are made (RFC 5321 4.5.3.1.3, RFC 3461 4, RFC 4954 5). */
enum { MP_CLIENT_LINE_MAX = 1000, MP_CLIENT_PATH_MAX = 254, MP_CLIENT_ENVID_MAX = 100, MP_CLIENT_VALUE_MAX = 500 };
int32_t mp_client_cancel(struct mp_engine *e, uint64_t token);

/* client_body.c */
enum { MP_CLIENT_CHUNK_HEADER = 32 };
size_t mp_client_body_room(const mailproto_smtp_client_config *config);
/* Encodes n octets to out, which has room for 2 n + 2. MP_FAULT_NONE and *made; else the body fails. */
MP_OUTLINE uint32_t mp_client_encode(struct mp_client_body *body, const uint8_t *data, size_t n, uint8_t *out,
                                     size_t *made);
/* The same for the end: a line in hand is ended. out has room for 2. */
MP_OUTLINE uint32_t mp_client_encode_end(struct mp_client_body *body, uint8_t *out, size_t *made);
int mp_client_body_move(struct mailproto_smtp_client *c);
int32_t mp_client_piece(struct mp_engine *e, struct mp_request *r, const void *data, size_t len);
int32_t mp_client_piece_end(struct mp_engine *e, struct mp_request *r);

/* client_simple.c */
int mp_client_idle_move(struct mailproto_smtp_client *c);
void mp_client_simple_reply(struct mailproto_smtp_client *c);
void mp_client_quit_reply(struct mailproto_smtp_client *c);

/* client_dispatch.c */
int32_t mp_client_dispatch(struct mp_engine *e, const mailproto_event *event);

#endif
