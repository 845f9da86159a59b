/* client.h - the state of a POP3 client session, shared by the files of its phases.
 * RFC 1939 section 3; docs/design/pop3.md. */
#ifndef MP_POP3_CLIENT_H
#define MP_POP3_CLIENT_H

#include "core/engine.h"
#include "mailproto/pop3_client.h"
#include "pop3/grammar.h"
#include "sasl/client.h"

/* Where the session is: each phase sends its command, then reads the response to it. */
enum {
    MP_POP3_AT_GREETING = 0,
    MP_POP3_AT_CAPA,
    MP_POP3_AT_STLS,
    MP_POP3_AT_LOGIN, /* ask CREDENTIALS */
    MP_POP3_AT_AUTH,  /* a SASL exchange */
    MP_POP3_AT_USER,
    MP_POP3_AT_PASS,  /* or APOP */
    MP_POP3_AT_READY, /* raise READY */
    MP_POP3_AT_COMMANDS,
    MP_POP3_AT_QUIT,
    MP_POP3_AT_END /* end with end_why */
};

/* A command of the host's: in the list from its submission to its DONE. */
struct mp_pop3_order {
    struct mp_pop3_order *next;
    uint64_t token;
    uint64_t octets; /* of BODY events so far; of STAT */
    uint32_t number, lines;
    int32_t why; /* what DONE will say, if not 0: set by cancel and failed events */
    uint8_t verb, sent, silent;
    uint8_t stage; /* of its response: 0 the first line is awaited */
};

enum { MP_POP3_FIRST_LINE = 0, MP_POP3_LISTING, MP_POP3_BODY, MP_POP3_ANSWERED };

/* Where the framer of message text stands between two feeds. */
enum { MP_POP3_IN_LINE = 0, MP_POP3_AT_LINE, MP_POP3_AFTER_DOT, MP_POP3_AFTER_DOT_CR, MP_POP3_AFTER_CR };

enum {
    MP_POP3_SECRET_MAX = 2048, /* a login by USER and PASS, or APOP: its two texts */
    MP_POP3_CAPA_LINES = 1000, /* of the engine's own CAPA, before it gives up */
    MP_POP3_LOGINS = 16        /* config.login */
};

struct mailproto_pop3_client {
    struct mp_engine base;
    mailproto_pop3_client_callbacks callbacks;

    /* of the config */
    uint32_t flags, tls, login[MP_POP3_LOGINS];
    uint32_t window, max_commands, max_line, max_auth_line;
    uint32_t greeting_ms, command_ms, body_ms, quit_ms, tls_ms, min_body_rate;

    uint8_t phase, sent; /* sent: the command of this phase */
    uint8_t reading_capa, logged_in, was_ready, quit_sent;
    uint32_t capa_lines;
    int32_t end_why;
    const char *end_text;

    /* what the server said of itself */
    uint32_t offers, peer_mechanisms, expire, login_delay;
    uint8_t capa_known;
    char *greeting; /* until READY */
    size_t greeting_len;

    /* a login */
    uint32_t mechanism, tried;            /* the way, and how many of the order are behind it */
    struct mp_sasl_client_settings *sasl; /* until it has succeeded, and the channel; NULL: the config has none */
    struct mp_tls_keeper keeper;          /* of the base: keeps `channel` */
    struct mp_sasl_channel *channel;      /* what TLS knows */
    struct mp_sasl_client *exchange;      /* of AUTH */
    char *secret;                     /* of the others: MP_POP3_SECRET_MAX octets, from CREDENTIALS until it was sent */
    struct mp_sasl_identity identity; /* in it */
    char *challenge;                  /* the last one, decoded */
    size_t challenge_size;
    uint8_t auth_sent;     /* AUTH is on its way */
    uint8_t message_waits; /* the first message did not fit into its line */
    uint8_t said;          /* a message was sent */
    uint8_t challenges;    /* a challenge has come */
    uint8_t cancelled;     /* "*" was sent */
    uint8_t refusals;      /* a mechanism was refused as unknown */

    /* commands */
    struct mp_pop3_order *first, *last, *unsent;
    uint32_t commands, outstanding, withdrawn, deleted;

    /* message text that is arriving */
    uint8_t framer;
    char held[2]; /* octets of it that lie in two feeds */
    uint64_t window_octets;

    mailproto_pop3_response response;
    union {
        mailproto_pop3_ready ready;
        mailproto_pop3_credentials credentials;
        mailproto_pop3_refused refused;
        mailproto_pop3_entry entry;
        mailproto_pop3_capability capability;
        mailproto_pop3_message message;
        mailproto_pop3_body body;
        mailproto_pop3_done done;
        mailproto_pop3_quit_reply quit_reply;
        union mp_sasl_payload sasl;
    } payload;
};

#define mp_pop3_raise(c, member, type) mp_raise(&(c)->base, &(c)->payload.member, sizeof(c)->payload.member, (type), 0)

/* The next line, as a status line (client.c). 1: it is in c->response; 0: not yet, or the session is ending. */
int mp_pop3_status(struct mailproto_pop3_client *c, struct mp_line *line);
/* The next line of a listing: 1; 0 not yet; -1: the terminator. A malformed one is empty with *bad set. */
int mp_pop3_listing_line(struct mailproto_pop3_client *c, struct mp_line *line, int *bad);
/* Goes on to a phase whose command is to be sent. */
void mp_pop3_enter(struct mailproto_pop3_client *c, uint8_t phase);
/* QUIT, and the end of a session that cannot become ready. */
void mp_pop3_give_up(struct mailproto_pop3_client *c, int32_t why, const char *text);

/* ---- before READY (client_setup.c, client_login.c, client_auth.c) ---- */

int mp_pop3_setup_step(struct mailproto_pop3_client *c);
void mp_pop3_after_capa(struct mailproto_pop3_client *c);
void mp_pop3_raise_refused(struct mailproto_pop3_client *c, uint32_t stage);
int mp_pop3_login_step(struct mailproto_pop3_client *c);
void mp_pop3_credentials_answered(struct mailproto_pop3_client *c, const struct mp_request *r);
void mp_pop3_forget_secret(struct mailproto_pop3_client *c);
/* Whether the greeting has a timestamp, and which. It is forgotten with what was said before STLS. */
int mp_pop3_apop_possible(const struct mailproto_pop3_client *c, mailproto_text *timestamp);
void mp_pop3_send_line(struct mailproto_pop3_client *c, const char *keyword, mailproto_text argument, uint32_t kind);
void mp_pop3_logged_in(struct mailproto_pop3_client *c);
void mp_pop3_login_refused(struct mailproto_pop3_client *c);
int mp_pop3_auth_step(struct mailproto_pop3_client *c);
/* DERIVE or STEP was answered. */
void mp_pop3_exchange_answered(struct mailproto_pop3_client *c, const struct mp_request *r);
void mp_pop3_end_exchange(struct mailproto_pop3_client *c);
/* What logins need of config and TLS: nobody logs in any more. */
void mp_pop3_forget_sasl(struct mailproto_pop3_client *c);

/* ---- commands (client_submit.c, client_commands.c, client_responses.c) ---- */

int mp_pop3_commands_step(struct mailproto_pop3_client *c);
int mp_pop3_response_step(struct mailproto_pop3_client *c);
/* DONE for the first command: takes it from the list. */
void mp_pop3_raise_done(struct mailproto_pop3_client *c, int32_t why);
/* DONE for a command that was withdrawn before it was sent. 1; 0: there is none. */
int mp_pop3_withdrawn_step(struct mailproto_pop3_client *c);
void mp_pop3_raise_quit_reply(struct mailproto_pop3_client *c, uint32_t outcome, int32_t why);
int32_t mp_pop3_cancel(struct mailproto_pop3_client *c, uint64_t token);
void mp_pop3_free_orders(struct mailproto_pop3_client *c);

/* ---- message text (client_body.c) ---- */

void mp_pop3_body_begin(struct mailproto_pop3_client *c);
int mp_pop3_body_step(struct mailproto_pop3_client *c);

int32_t mp_pop3_client_dispatch(struct mp_engine *e, const mailproto_event *event);
extern const struct mp_engine_ops mp_pop3_client_ops;
extern const struct mp_tls_keeper mp_pop3_client_keeper;

#endif
