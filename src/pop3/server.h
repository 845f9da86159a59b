/* server.h - the state of a POP3 server session, shared by the files of its commands.
 * RFC 1939 section 3 (states); docs/design/pop3.md. */
#ifndef MP_POP3_SERVER_H
#define MP_POP3_SERVER_H

#include "core/engine.h"
#include "mailproto/pop3_server.h"
#include "pop3/grammar.h"
#include "sasl/apop.h"
#include "sasl/server.h"

/* The states of RFC 1939 3, as bits for the table of commands. UPDATE takes no commands. */
enum { MP_POP3_AUTHORIZATION = 1, MP_POP3_TRANSACTION = 2, MP_POP3_UPDATE = 4 };

/* What the engine is at when no request is open. */
enum {
    MP_POP3_GREETS = 0, /* ask CONNECT */
    MP_POP3_COMMANDS,   /* take the next command */
    MP_POP3_SASL_LINE,  /* take the next line of an AUTH exchange */
    MP_POP3_LISTS,      /* LIST or UIDL of all messages: the next page */
    MP_POP3_SENDS,      /* RETR or TOP: the next piece */
    MP_POP3_COMMITS,    /* QUIT: the next range */
    MP_POP3_SAYS_BYE    /* QUIT: the reply, behind MAILDROP_END */
};

/* Why a LIST request is open, or what the pages are for. */
enum { MP_POP3_FOR_LIST = 0, MP_POP3_FOR_UIDL, MP_POP3_FOR_DELE };

enum {
    MP_POP3_TEXT_MAX = 400,                      /* of a host's text in a reply */
    MP_POP3_REPLY_MAX = 450,                     /* with status, code and CRLF: within the 512 octets of a first line */
    MP_POP3_STAMP_FIXED = MP_APOP_TIMESTAMP + 1, /* of the timestamp of APOP, without the host's name */
    MP_POP3_CAPA_ROOM = 512 + MP_SASL_NAMES_MAX, /* of CAPA's answer, without the host's words */
    MP_POP3_LIST_ENTRY_MAX = 33,                 /* two numbers, space, CRLF */
    MP_POP3_UIDL_ENTRY_MAX = 84                  /* number, space, unique id, CRLF, rounded up */
};

/* LIST, UIDL and the look-up before DELE. */
struct mp_pop3_listing {
    uint32_t next, last; /* the range that is still to be asked for */
    uint32_t given;      /* the last number that the open request was given; 0: none */
    uint32_t gave, want;
    uint64_t size; /* of the last one given */
    size_t page_len;
    uint8_t purpose, all, begun; /* begun: +OK was sent, only the terminator can end it well */
};

/* RETR and TOP. */
struct mp_pop3_reading {
    uint32_t number, lines; /* lines of the body that TOP still wants */
    uint64_t size, offset;
    uint8_t top, in_header, enough;
    uint8_t line_began; /* octets of the current line that were seen, counted to 2 */
    uint8_t cr;         /* the last octet was a CR */
};

/* An answer to a request of a login that lets the exchange go on: neither MAILPROTO_POP3_OK nor _ERR. */
enum { MP_POP3_GOES_ON = 3 };

/* A login, from AUTH, PASS or APOP to its reply. */
struct mp_pop3_login {
    struct mp_sasl_server *exchange;
    /* the host's refusal, said at the end of the exchange */
    uint8_t refused, close;
    uint16_t length;
    uint32_t resp_code;
    char text[MP_POP3_TEXT_MAX];
};

struct mp_pop3_store;

/* The host inside, for a maildrop in a store (server_store*.c): linked where open_store is used. */
struct mp_pop3_store_ops {
    void (*ask)(struct mailproto_pop3_server *s, struct mp_request *r); /* LIST, RETRIEVE, PIECE, COMMIT */
    int (*step)(struct mailproto_pop3_server *s);                       /* while a request is open */
    void (*fail)(struct mailproto_pop3_server *s, struct mp_request *r);
    void (*list_end)(struct mailproto_pop3_server *s);
    void (*message_end)(struct mailproto_pop3_server *s);
    void (*end)(struct mailproto_pop3_server *s); /* of the maildrop: nothing is left open */
};

struct mailproto_pop3_server {
    struct mp_engine base;
    mailproto_pop3_server_callbacks callbacks;

    /* of the config */
    uint32_t flags, offer, mechanisms, tls, expire, login_delay;
    uint32_t user_expire, user_login_delay; /* as the host says for the one who logs in */
    uint32_t max_line, max_auth_line, max_bad_commands, max_auth_failures, list_page, piece;
    uint32_t login_ms, command_ms, tls_ms;
    uint16_t banner_len, implementation_len, peer_address_len; /* of the texts behind the struct, in this order */

    uint8_t state, work;
    uint8_t opened;       /* MAILDROP_END is owed */
    uint8_t reading_open; /* RETRIEVE_END is owed */
    uint8_t opening;      /* the store is being asked for the maildrop */
    uint8_t bye_err;
    uint8_t after_auth; /* nothing but AUTH and what is no command has come since AUTH */
    uint32_t bad_commands, auth_failures, retrieved;

    /* logins: all of it is gone when one has succeeded, but `sasl` if CAPA has names of the host's own out of it */
    struct mp_sasl_server_settings *sasl; /* NULL: the config has none */
    struct mp_tls_keeper keeper;          /* of the base: keeps `channel` */
    struct mp_sasl_channel *channel;      /* what TLS knows */
    struct mp_pop3_login *login;          /* the one that is under way */
    char *name;                           /* of USER */
    size_t name_size;
    char *stamp; /* the greeting's timestamp, for APOP */
    size_t stamp_len;

    /* the maildrop */
    uint32_t count, deleted, failed;
    uint64_t octets, deleted_octets;
    uint64_t *marks;     /* DELE: a bit a message, allocated at the first */
    uint32_t known;      /* the message whose size was told last, 0: none */
    uint64_t known_size; /* so that RETR and DELE of one message ask once */
    uint32_t commit_next;

    struct mp_pop3_store *store; /* NULL: the host keeps the mail, or there is no maildrop */
    const struct mp_pop3_store_ops *store_ops;
    int32_t open_why; /* of the store, if it did not open the maildrop */

    char *page; /* lines made by `give`, there while a LIST request is open */
    size_t page_capacity;
    union {
        struct mp_pop3_listing listing;
        struct mp_pop3_reading reading;
    };

    union {
        mailproto_pop3_connect connect;
        mailproto_pop3_auth auth;
        mailproto_pop3_open open;
        mailproto_pop3_list list;
        mailproto_pop3_retrieve retrieve;
        mailproto_pop3_piece piece;
        mailproto_pop3_retrieve_end retrieve_end;
        mailproto_pop3_commit commit;
        mailproto_pop3_maildrop_end maildrop_end;
        union mp_sasl_payload sasl;
    } payload;
};

/* ---- the config's texts (server_config.c) ---- */

mailproto_text mp_pop3_banner(const struct mailproto_pop3_server *s);
mailproto_text mp_pop3_implementation(const struct mailproto_pop3_server *s);
mailproto_text mp_pop3_peer_address(const struct mailproto_pop3_server *s);
/* Whether a text leaves room for the timestamp in the greeting, and is not taken for it. */
int mp_pop3_greeting_fits(mailproto_text text, mailproto_text host);

/* ---- commands (server_commands.c) ---- */

/* What a command line said behind its keyword. */
struct mp_pop3_arguments {
    uint32_t number; /* 0: none was given */
    uint32_t lines;
    mailproto_text text;
};

enum {
    MP_POP3_NO_ARGUMENT = 0,
    MP_POP3_MAYBE_NUMBER, /* LIST, UIDL */
    MP_POP3_A_NUMBER,     /* RETR, DELE */
    MP_POP3_NUMBER_LINES, /* TOP */
    MP_POP3_A_TEXT        /* USER, PASS, AUTH: the rest of the line, not empty */
};

struct mp_pop3_command {
    const char *name;
    void (*run)(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
    uint32_t states;
    uint32_t capability; /* that must be offered; 0: RFC 1939 or 2449 demands the command */
    uint32_t arguments;
};

/* The table of commands: ends with a NULL name. */
extern const struct mp_pop3_command mp_pop3_commands[];

/* Takes one command. 1; 0: there is none. */
int mp_pop3_command_step(struct mailproto_pop3_server *s);

/* One function a command, each in the file of its group. */
void mp_pop3_user(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
void mp_pop3_pass(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
void mp_pop3_apop(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
void mp_pop3_auth(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
void mp_pop3_stls(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
void mp_pop3_capa(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
void mp_pop3_stat(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
void mp_pop3_list(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
void mp_pop3_uidl(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
void mp_pop3_retr(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
void mp_pop3_top(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
void mp_pop3_dele(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
void mp_pop3_noop(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
void mp_pop3_rset(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);
void mp_pop3_quit(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments);

/* ---- replies (server_reply.c) ---- */

/* A whole line, "+OK ..." or "-ERR ...", with its CRLF. */
#define mp_pop3_say(s, line) ((void)mp_out_literal(&(s)->base, line))
/* -ERR with the code if it is offered. */
void mp_pop3_say_err(struct mailproto_pop3_server *s, uint32_t resp_code, const char *text, size_t len);
#define mp_pop3_err(s, code, text) mp_pop3_say_err((s), (code), (text), sizeof(text) - 1)
/* -ERR for a command that is wrong in itself; too many end the session. */
void mp_pop3_bad(struct mailproto_pop3_server *s, const char *line, size_t len);
#define mp_pop3_bad_command(s, line) mp_pop3_bad((s), line, sizeof(line) - 1)
/* -ERR as the host answered, or the engine's text if it said none. */
void mp_pop3_say_answer(struct mailproto_pop3_server *s, const struct mp_request *r, const char *text);
/* Puts an answer of -ERR or +OK into a request. */
void mp_pop3_put_answer(struct mailproto_pop3_server *s, struct mp_request *r, uint32_t status, uint32_t resp_code,
                        const char *text, size_t len, uint32_t delay);

/* Opens the request whose payload was filled, and asks the host, or the one inside. */
int mp_pop3_ask(struct mailproto_pop3_server *s, void *payload, size_t size, uint32_t type);

/* ---- the groups of commands ---- */

void mp_pop3_greet(struct mailproto_pop3_server *s);
void mp_pop3_greeted(struct mailproto_pop3_server *s, const struct mp_request *r);

/* Whether USER and PASS are allowed now: TLS is on, or clear text is. */
int mp_pop3_may_login(const struct mailproto_pop3_server *s);
/* What AUTH takes now, MAILPROTO_SASL_*. */
uint32_t mp_pop3_mechanisms_now(const struct mailproto_pop3_server *s);
void mp_pop3_refuse_login(struct mailproto_pop3_server *s);
int mp_pop3_sasl_step(struct mailproto_pop3_server *s);
/* The exchange of a new login: its mechanism is still to be named. NULL: no memory, the session is ending. */
struct mp_sasl_server *mp_pop3_begin_login(struct mailproto_pop3_server *s, uint32_t offers);
/* What the exchange answered: a challenge, a request, or its end. */
void mp_pop3_login_moved(struct mailproto_pop3_server *s, int32_t state);
/* KEYS, DERIVE, STEP or AUTH was answered. */
void mp_pop3_login_answered(struct mailproto_pop3_server *s, const struct mp_request *r);
void mp_pop3_authenticated(struct mailproto_pop3_server *s);
/* What KEYS or DERIVE get by default. */
void mp_pop3_login_default(struct mailproto_pop3_server *s, struct mp_request *r);
/* The timestamp of the greeting, APOP (server_apop.c). OK, or the provider's answer. */
int32_t mp_pop3_make_stamp(struct mailproto_pop3_server *s);
void mp_pop3_maildrop_opened(struct mailproto_pop3_server *s, const struct mp_request *r);
/* Answers OPEN. */
void mp_pop3_opened(struct mailproto_pop3_server *s, struct mp_request *r, uint32_t count, uint64_t octets);
void mp_pop3_end_login(struct mailproto_pop3_server *s);    /* the exchange */
void mp_pop3_forget_login(struct mailproto_pop3_server *s); /* with what USER said */
/* And all that logins need, but the names of mechanisms: nobody logs in again. */
void mp_pop3_forget_logins(struct mailproto_pop3_server *s);
void mp_pop3_forget_settings(struct mailproto_pop3_server *s); /* and these */

int mp_pop3_list_step(struct mailproto_pop3_server *s);
void mp_pop3_listed(struct mailproto_pop3_server *s, const struct mp_request *r);
/* Asks for the size of one message, for DELE. */
void mp_pop3_look_up(struct mailproto_pop3_server *s, uint32_t number);
void mp_pop3_free_page(struct mailproto_pop3_server *s);

int mp_pop3_send_step(struct mailproto_pop3_server *s);
/* Answers RETRIEVE. */
void mp_pop3_begin_reading(struct mailproto_pop3_server *s, struct mp_request *r, uint64_t size);
void mp_pop3_retrieving(struct mailproto_pop3_server *s, const struct mp_request *r);
void mp_pop3_piece_answered(struct mailproto_pop3_server *s, const struct mp_request *r);
/* Makes output of a piece, without answering the request. OK; ERR_ARG; ERR_BODY. */
int32_t mp_pop3_take_piece(struct mailproto_pop3_server *s, const void *data, size_t len);
int32_t mp_pop3_piece(struct mailproto_pop3_server *s, struct mp_request *r, const void *data, size_t len);
void mp_pop3_raise_retrieve_end(struct mailproto_pop3_server *s, int32_t why);

void mp_pop3_delete(struct mailproto_pop3_server *s, uint32_t number, uint64_t size);
/* Whether there is such a message; says -ERR if not. */
int mp_pop3_exists(struct mailproto_pop3_server *s, uint32_t number);

int mp_pop3_commit_step(struct mailproto_pop3_server *s);
void mp_pop3_committed(struct mailproto_pop3_server *s, const struct mp_request *r);
void mp_pop3_raise_maildrop_end(struct mailproto_pop3_server *s, uint32_t update, int32_t why);
int mp_pop3_bye_step(struct mailproto_pop3_server *s);

/* ---- marks of DELE (server_marks.c) ---- */

int mp_pop3_marked(const struct mailproto_pop3_server *s, uint32_t number);
/* 0; -1: no memory. */
int mp_pop3_mark(struct mailproto_pop3_server *s, uint32_t number);
void mp_pop3_unmark_all(struct mailproto_pop3_server *s);
/* The first message from `number` on that is (not) marked; 0: none. */
uint32_t mp_pop3_next_marked(const struct mailproto_pop3_server *s, uint32_t number);
uint32_t mp_pop3_next_unmarked(const struct mailproto_pop3_server *s, uint32_t number);

/* ---- life ---- */

int32_t mp_pop3_server_dispatch(struct mp_engine *e, const mailproto_event *event);
extern const struct mp_engine_ops mp_pop3_server_ops;
extern const struct mp_tls_keeper mp_pop3_server_keeper;

#endif
