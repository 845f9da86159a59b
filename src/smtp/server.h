/* server.h - the server engine inside: its state, and what its files share.
 * RFC 5321, RFC 2033; docs/design/smtp-server.md. */
#ifndef MP_SMTP_SERVER_H
#define MP_SMTP_SERVER_H

#include "core/engine.h"
#include "mailproto/smtp.h"
#include "sasl/server.h"
#include "smtp/body_reader.h"
#include "smtp/server_replies.h"

/* Where the session stands. While a request is open nothing is read, save further RCPTs. */
enum {
    MP_SMTP_GREETING = 0, /* CONNECT was not asked yet */
    MP_SMTP_COMMANDS,     /* between commands */
    MP_SMTP_REFUSED,      /* greeted with 5yz: QUIT only */
    MP_SMTP_STARTTLS,     /* TLS was agreed on and is about to be announced */
    MP_SMTP_SASL,         /* the next line answers a challenge */
    MP_SMTP_DATA,         /* message text up to the dot */
    MP_SMTP_CHUNK,        /* the octets of a BDAT */
    MP_SMTP_RESULTS,      /* LMTP: asking for each recipient's result */
    MP_SMTP_REPEATING     /* LMTP: one reply for all recipients */
};

/* The most octets of the names of the host's own mechanisms; of a line that is a challenge (RFC 4954 4), and what fits into it. */
enum { MP_SMTP_OTHER_MAX = 255, MP_SMTP_CHALLENGE_LINE = 12288, MP_SMTP_CHALLENGE_MAX = (12288 - 6) / 4 * 3 };

/* The types of requests that the host is not asked: a refusal that is delayed; the octets of a message, its commit. */
enum { MP_SMTP_DELAYED = 0x1ff, MP_SMTP_STORING = 0x1fe /* stores are asked */ };

/* What a message is in. */
enum { MP_MESSAGE_NONE = 0, MP_MESSAGE_ARRIVING, MP_MESSAGE_ABORTED, MP_MESSAGE_ENDED };

/* A reply that has to wait for its place: the refusal of a message, or one for all recipients. */
struct mp_smtp_verdict {
    uint32_t code;
    uint32_t delay;
    uint16_t length;
    uint8_t reply; /* MP_R_*, or MP_R_NONE: text is in store */
    uint8_t close;
    char *store; /* MP_ANSWER_MAX octets, made when needed */
};

struct mp_smtp_deliveries;
struct mailproto_smtp_server;

/* Recipients in stores (server_store*.c): linked where deliver is used. */
struct mp_smtp_store_ops {
    int (*step)(struct mailproto_smtp_server *s);  /* looks at the answers that came. 1: there were some */
    int (*begin)(struct mailproto_smtp_server *s); /* the message. 0; -1: the session is ending */
    void (*write)(struct mailproto_smtp_server *s, mailproto_text bytes);
    int (*share)(struct mailproto_smtp_server *s);    /* it is complete. 1: mp_smtp_message_whole is called later */
    void (*commit)(struct mailproto_smtp_server *s);  /* the host agreed */
    void (*settled)(struct mailproto_smtp_server *s); /* MP_SMTP_STORING has its turn */
    int (*result)(struct mailproto_smtp_server *s, uint32_t index); /* 0: this recipient is not in a store */
    void (*fail)(struct mailproto_smtp_server *s, struct mp_request *r);
    void (*abort)(struct mailproto_smtp_server *s); /* the message is not to be */
    void (*end)(struct mailproto_smtp_server *s);   /* of the transaction: nothing is left open */
};

/* What a session needs while it has something in hand. It is made with the first line and freed when idle. */
struct mp_smtp_work {
    union {
        mailproto_event head;
        mailproto_smtp_connect connect;
        mailproto_smtp_hello hello;
        mailproto_smtp_auth auth;
        mailproto_smtp_mail mail;
        mailproto_smtp_rcpt rcpt;
        mailproto_smtp_message_begin begin;
        mailproto_smtp_body body;
        mailproto_smtp_message_end end;
        mailproto_smtp_rcpt_result result;
        mailproto_smtp_message_aborted aborted;
        mailproto_smtp_transaction_end transaction_end;
        mailproto_smtp_query query;
        union mp_sasl_payload sasl;
    } event;

    /* the command in hand */
    char *scratch; /* what parameters decode to, and the list of unknown ones */
    size_t scratch_size;
    char *hello; /* of a HELLO that is not answered yet */
    size_t hello_len;
    uint8_t hello_extended;

    /* AUTH */
    struct mp_sasl_server *login; /* the exchange that goes on */
    char *said;                   /* what the client said in it last, decoded */
    size_t said_size;
    uint8_t judged; /* `verdict` is the host's on it, which a last word of the mechanism comes before */

    /* the transaction */
    uint8_t open;   /* MAIL was accepted, TRANSACTION_END is owed */
    uint8_t begins; /* MESSAGE_BEGIN was accepted, and that has its turn yet */
    uint8_t failed; /* a chunk was refused: RSET is due (RFC 3030 2) */
    uint8_t delivered;
    uint8_t utf8;                   /* SMTPUTF8 */
    uint8_t utf8_query;             /* the same of the VRFY or EXPN in hand */
    uint8_t body;                   /* MAILPROTO_SMTP_BODY_* */
    uint8_t tell_aborted, tell_end; /* events owed */
    int32_t aborted_why, end_why;
    uint32_t asked, accepted; /* recipients */
    uint8_t *accepted_bits;   /* LMTP: by index */
    size_t accepted_size;
    char *recipient; /* the first one, for the Received field */
    size_t recipient_len;
    uint64_t declared; /* SIZE of MAIL, or 0 */
    char *return_path; /* a Return-Path field, for stores */
    size_t return_path_len;
    uint32_t stored; /* accepted recipients that are in stores */
    struct mp_smtp_deliveries *deliveries;
    const struct mp_smtp_store_ops *store_ops;

    /* the message */
    uint8_t message; /* MP_MESSAGE_* */
    uint8_t refused; /* `verdict` is the reply at the end of it, or of the chunk */
    uint8_t ends;    /* and that reply ends the transaction */
    uint8_t last;    /* the chunk in hand is the LAST */
    uint8_t in_header;
    uint8_t field_match; /* how much of "Received:" the line in hand begins with */
    uint32_t hops;
    uint64_t chunk_left;
    uint64_t text;    /* octets from the peer */
    uint64_t size;    /* octets of BODY events */
    uint64_t skipped; /* of a refused message */
    uint64_t window;  /* octets taken in the time min_body_rate is measured over */
    struct mp_body_reader reader;
    struct mp_smtp_verdict verdict;
    char *prepend; /* fields before the message */
    size_t prepend_len, prepend_size;
    uint8_t prepend_shown;
    uint32_t cursor; /* LMTP: the next recipient to ask or tell about */
};

/* What a session has whose config has it, behind the struct. */
struct mp_smtp_sasl {
    struct mp_tls_keeper keeper; /* of the base */
    struct mp_sasl_server_settings *settings;
    struct mp_sasl_channel *channel; /* what TLS knows, for these */
    const mailproto_allocator *allocator;
};

struct mailproto_smtp_server {
    struct mp_engine base;
    struct mp_smtp_work *work;
    char *hello; /* what the client calls itself */
    uint8_t hello_len;
    uint8_t phase;
    uint8_t esmtp; /* EHLO or LHLO, not HELO */
    uint8_t greeted, authenticated;
    uint8_t tls_mode;   /* MAILPROTO_TLS_* */
    uint8_t after_auth; /* nothing but AUTH and what is no command has come since AUTH */
    uint16_t mechanisms;
    uint32_t bad_commands, transactions;

    /* the config */
    uint32_t flags, offer;
    uint32_t max_line, max_auth_line, max_text_line, max_recipients, max_bad_commands, max_hops, max_transactions;
    uint32_t greeting_ms, command_ms, body_ms, tls_ms, min_body_rate;
    uint64_t max_message;
    uint8_t hostname_len, banner_len, peer_address_len, peer_name_len; /* of the texts behind the callbacks */
};

/* ---- server.c ---- */

/* The callbacks, which lie behind the struct; NULL if it is polled. */
const mailproto_smtp_server_callbacks *mp_smtp_callbacks(const struct mailproto_smtp_server *s);
/* NULL: PLAIN and LOGIN alone. */
struct mp_smtp_sasl *mp_smtp_sasl(const struct mailproto_smtp_server *s);
const struct mp_sasl_server_settings *mp_smtp_sasl_settings(const struct mailproto_smtp_server *s);
const struct mp_sasl_channel *mp_smtp_sasl_channel(const struct mailproto_smtp_server *s);
mailproto_text mp_smtp_hostname(const struct mailproto_smtp_server *s);
mailproto_text mp_smtp_banner(const struct mailproto_smtp_server *s);
mailproto_text mp_smtp_peer_address(const struct mailproto_smtp_server *s);
mailproto_text mp_smtp_peer_name(const struct mailproto_smtp_server *s);
int mp_smtp_inside_tls(const struct mailproto_smtp_server *s);
/* The SASL mechanisms of the moment. */
uint32_t mp_smtp_mechanisms(const struct mailproto_smtp_server *s);
/* The extensions of the moment: what EHLO lists and commands may use. */
uint32_t mp_smtp_offers(const struct mailproto_smtp_server *s);
/* The keyword of RFC 3848 and RFC 6531 for the session, or the transaction. */
mailproto_text mp_smtp_protocol(const struct mailproto_smtp_server *s, int utf8);
/* Memory for the command in hand; NULL: none, and the session is ending. */
char *mp_smtp_scratch(struct mailproto_smtp_server *s, size_t n);
void mp_smtp_free(struct mailproto_smtp_server *s, char **p, size_t *n);

/* ---- server_step.c ---- */

extern const struct mp_engine_ops mp_smtp_server_ops;

/* ---- server_dispatch.c ---- */

int32_t mp_smtp_server_dispatch(struct mp_engine *e, const mailproto_event *event);

/* ---- server_answer.c ---- */

int32_t mp_smtp_use_default(struct mp_engine *e, struct mp_request *r);
int32_t mp_smtp_fail(struct mp_engine *e, struct mp_request *r);
/* Answers a request with a reply of the engine's (MP_R_*). OK. */
int32_t mp_smtp_answer_with(struct mailproto_smtp_server *s, struct mp_request *r, uint32_t reply);
/* Puts an answer on the wire; ends the session if it says so. 1: it accepts. */
int mp_smtp_put_answer(struct mailproto_smtp_server *s, const struct mp_request *r);
void mp_smtp_put_verdict(struct mailproto_smtp_server *s);
/* Keeps an answer as the verdict on the message, or the login. */
/* Room for it, so that it will be kept as it is given. 0; -1: no memory, and the session is ending. */
int mp_smtp_verdict_room(struct mailproto_smtp_server *s);
void mp_smtp_keep_answer(struct mailproto_smtp_server *s, const struct mp_request *r);

/* ---- server_commands.c ---- */

/* Does the next command line. 1: something moved. */
int mp_smtp_command_step(struct mailproto_smtp_server *s);
/* Opens a request and raises its event, which lies in work->event. 0; -1: no memory. */
int mp_smtp_ask(struct mailproto_smtp_server *s, uint32_t type, size_t size, uint32_t index);

/* ---- server_transaction.c ---- */

/* Ends the transaction that is open, if any, for `why`; a message in it is aborted. */
void mp_smtp_reset(struct mailproto_smtp_server *s, int32_t why);
/* It came to its end: TRANSACTION_END is owed. */
void mp_smtp_transaction_over(struct mailproto_smtp_server *s, int32_t why);
/* Raises what is owed. 1: it did. */
int mp_smtp_tell_step(struct mailproto_smtp_server *s);
/* Counts a recipient that was accepted. */
void mp_smtp_recipient_accepted(struct mailproto_smtp_server *s, uint32_t index);
int mp_smtp_recipient_room(struct mailproto_smtp_server *s, uint32_t index);
/* LMTP: results and repeated replies. */
int mp_smtp_results_step(struct mailproto_smtp_server *s);
int mp_smtp_repeat_step(struct mailproto_smtp_server *s);

/* ---- server_message.c ---- */

/* The host was asked and said yes. 0; -1: no memory. */
int mp_smtp_message_begin(struct mailproto_smtp_server *s);
/* The message in hand gets the verdict that is kept; what comes of it is skipped. */
void mp_smtp_message_refuse(struct mailproto_smtp_server *s, int32_t why);
/* A reply of the engine's as the verdict; and refusing with it. */
void mp_smtp_keep_reply(struct mailproto_smtp_server *s, uint32_t reply);
void mp_smtp_message_refuse_with(struct mailproto_smtp_server *s, uint32_t reply, int32_t why);
/* It is complete, in the stores too: the host is asked. */
void mp_smtp_message_whole(struct mailproto_smtp_server *s);
int mp_smtp_message_step(struct mailproto_smtp_server *s);
/* The reply to a message that was refused, at its end. */
void mp_smtp_reply_refused(struct mailproto_smtp_server *s);

/* ---- server_received.c ---- */

/* Adds the Received field behind what the host prepended. 0; -1: no memory. */
int mp_smtp_add_received(struct mailproto_smtp_server *s);

/* ---- the commands, one a file ---- */

struct mp_smtp_command {
    char name[9];
    uint8_t length;
    uint8_t flags;
    /* `line` was taken, unless the command is one that overlaps; arg is what stands behind the verb */
    int (*handle)(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
};
enum {
    MP_COMMAND_CLEAR = 1,    /* allowed where TLS is required and not on (RFC 3207 4) */
    MP_COMMAND_OVERLAPS = 2, /* RCPT: does not wait for those before it; takes its line itself */
    MP_COMMAND_SECRET = 4,   /* its line may hold credentials */
    MP_COMMAND_LAST = 8,     /* must be the last of a pipelined group (RFC 2920 3.1) */
    MP_COMMAND_NO_ARG = 16,  /* an argument is a syntax error */
    MP_COMMAND_LMTP_ONLY = 32,
    MP_COMMAND_SMTP_ONLY = 64,
    MP_COMMAND_REFUSED = 128 /* allowed after a greeting that refused */
};
/* All there are; the last has an empty name. */
extern const struct mp_smtp_command mp_smtp_commands[];

int mp_smtp_helo(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
int mp_smtp_ehlo(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
int mp_smtp_lhlo(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
int mp_smtp_starttls(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
int mp_smtp_auth(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
int mp_smtp_mail(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
int mp_smtp_rcpt(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
int mp_smtp_data(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
int mp_smtp_bdat(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
int mp_smtp_rset(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
int mp_smtp_noop(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
int mp_smtp_quit(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
int mp_smtp_vrfy(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
int mp_smtp_expn(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);
int mp_smtp_help(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg);

/* Asks the host about the argument of VRFY, EXPN or HELP. */
void mp_smtp_query(struct mailproto_smtp_server *s, uint32_t type, const struct mp_line *line, mailproto_text arg);

/* Their second halves: the request was answered. */
void mp_smtp_connect_answered(struct mailproto_smtp_server *s, const struct mp_request *r);
void mp_smtp_hello_answered(struct mailproto_smtp_server *s, const struct mp_request *r);
void mp_smtp_auth_answered(struct mailproto_smtp_server *s, const struct mp_request *r);
void mp_smtp_mail_answered(struct mailproto_smtp_server *s, const struct mp_request *r);
void mp_smtp_rcpt_answered(struct mailproto_smtp_server *s, const struct mp_request *r);
/* Why no message may come now, by DATA or by BDAT: the reply, or MP_R_NONE. */
uint32_t mp_smtp_message_out_of_place(const struct mailproto_smtp_server *s);
/* Whether the Received field cannot be dated: no message is begun then. */
int mp_smtp_lacks_date(const struct mailproto_smtp_server *s);
void mp_smtp_begin_answered(struct mailproto_smtp_server *s, const struct mp_request *r);
void mp_smtp_end_answered(struct mailproto_smtp_server *s, const struct mp_request *r);
void mp_smtp_query_answered(struct mailproto_smtp_server *s, const struct mp_request *r);

int mp_smtp_starttls_step(struct mailproto_smtp_server *s);

/* AUTH: the line that answers a challenge. */
int mp_smtp_auth_step(struct mailproto_smtp_server *s);

/* ---- server_login.c ---- */

/* The exchange came to a state of the driver's (a negative one: want of memory): what it asks for, or says, is done. */
void mp_smtp_login_moved(struct mailproto_smtp_server *s, int32_t state);
/* It is over, for this reply or with the host's. */
void mp_smtp_login_refuse(struct mailproto_smtp_server *s, uint32_t reply);
/* Wipes and frees it. */
void mp_smtp_login_forget(struct mailproto_smtp_server *s);
/* Wipes and frees what the client said last. */
void mp_smtp_login_unsay(struct mailproto_smtp_server *s);
/* The default of KEYS, DERIVE or STEP. OK. */
int32_t mp_smtp_login_default(struct mailproto_smtp_server *s, struct mp_request *r);
/* Whether a verdict with that code may be given. */
int mp_smtp_login_allows(const struct mailproto_smtp_server *s, uint32_t type, uint32_t code);
/* Keeps the channel, and frees all that is kept of the config's SASL. */
extern const struct mp_tls_keeper mp_smtp_sasl_keeper;

/* ---- server_parameters.c: what MAIL and RCPT do alike ---- */

struct mp_smtp_parameters {
    struct mailproto_smtp_server *server;
    size_t room; /* octets that the arguments can decode to at most */
    size_t used; /* of them */
    uint32_t count;
    mailproto_smtp_parameter *first; /* unknown ones, in scratch before the decoded texts */
};
enum { MP_SMTP_UNKNOWN_MAX = 32 };

/* Decodes a value: ORCPT's address with its type, else xtext (type empty). Points to the value itself where nothing is
   encoded. 0; -1: malformed, or no memory and the session is ending. */
int mp_smtp_decode(struct mp_smtp_parameters *p, mailproto_text type, mailproto_text value, uint32_t flags,
                   mailproto_text *decoded);
/* A parameter that the engine does not know: kept for the host, or refused. Gives MP_R_NONE or the reply. */
uint32_t mp_smtp_unknown_parameter(struct mp_smtp_parameters *p, mailproto_text keyword, mailproto_text value);

#endif
