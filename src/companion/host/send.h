/* send.h - what the files of one-call send share: the sending, its recipients, its message, its words.
 * include/mailproto/host.h, "one-call send". */
#ifndef MP_HOST_SEND_H
#define MP_HOST_SEND_H

#include "internal.h"

/* ---- send_url.c ---- */

enum { MP_SEND_HOST = 256, MP_SEND_USER = 256 };

struct mp_send_url {
    uint32_t lmtp;           /* 1: the scheme is lmtp */
    uint32_t implicit;       /* 1: TLS from the first octet on */
    uint32_t port;           /* 0: a unix socket */
    char host[MP_SEND_HOST]; /* a name, a number without brackets, or "unix:/path" */
    char user[MP_SEND_USER]; /* decoded; "" if there was none */
};

/* NULL, or a static sentence about what is wrong with the text. */
const char *mp_send_url_read(struct mp_send_url *url, mailproto_text text);

/* ---- memory: all of a sending's goes at once, at its end ---- */

struct mp_send_block {
    struct mp_send_block *next;
    size_t size;
};

/* Zeroed; NULL: there is none. */
void *mp_send_take(mailproto_host_sending *s, size_t n);
/* A copy, with a NUL behind it; empty where there is no memory for it (*failed is set then, if not NULL). */
mailproto_text mp_send_copy(mailproto_host_sending *s, mailproto_text text, int *failed);

/* ---- recipients ---- */

enum {
    MP_SEND_WAITING,  /* no transaction has had it, or one had too many: its reply tells */
    MP_SEND_CHOSEN,   /* of the transaction in hand; RCPT is not answered */
    MP_SEND_TAKEN,    /* RCPT was accepted; the message is not answered */
    MP_SEND_ACCEPTED, /* the server has the message for it */
    MP_SEND_REFUSED,
    MP_SEND_NOT_SENT, /* for another reason than the server's word */
    MP_SEND_UNKNOWN   /* all was sent and no reply came */
};

struct mp_send_recipient {
    mailproto_host_result result;
    mailproto_smtp_response reply;
    mailproto_smtp_recipient envelope;
    uint32_t state;
};

struct mp_send_transaction {
    mailproto_host_transaction told;
    mailproto_smtp_response reply;
};

/* ---- the sending ---- */

struct mailproto_host_sending {
    mailproto_host *host;
    struct mp_send_block *blocks;
    mailproto_host_send_request request; /* its texts and lists are copies */
    mailproto_host_tls tls;
    struct mp_send_url url;
    void (*on_outcome)(const mailproto_host_outcome *, void *);
    void *user;
    struct mp_send_recipient *recipients;
    struct mp_send_recipient **chosen; /* those of the transaction in hand, in the order of send_to */
    uint32_t count, chosen_count;
    uint32_t limit; /* recipients of a transaction, as far as is known */
    uint32_t smtputf8;

    /* the message */
    uint64_t size; /* on the wire; 0: not known */
    uint32_t body;
    int canonical; /* a message in memory that is given as it is */
    size_t at;     /* of a message in memory */
    int last;      /* the octet of it that was given last */
    char *piece;   /* PIECE octets, from the first body request on */
    mailproto_host_job *job;
    uint64_t waiting; /* the body request that waits for the job; 0: none */
    uint64_t read_offset;
    size_t read_room, read_len;
    int32_t read_result;
    int job_busy;

    /* the connection in hand */
    mailproto_host_connection *connection;
    mailproto_smtp_client *client;
    mailproto_session *session;
    uint64_t command;      /* the message that was begun, or 0 */
    uint32_t transactions; /* on it */
    int more;              /* the server wants the rest on another connection */
    uint32_t before;       /* the number of the last transaction before it */
    mailproto_host_tracer tracer;

    /* what is known */
    mailproto_host_outcome outcome;
    struct mp_send_transaction *first, *last_transaction;
    mailproto_text session_text, connect_text;
    int32_t session_why, connect_why;
    int no_clear_text; /* the password would have had to cross in clear text */
    int cancelled;
};

enum { MP_SEND_PIECE = 65536 };

/* send_message.c. What can be told of a message in memory: its size, its encoding. NULL, or what is wrong with it. */
const char *mp_send_message_scan(mailproto_host_sending *s);
void mp_send_message_rewind(mailproto_host_sending *s);
int32_t mp_send_message_give(mailproto_host_sending *s, const mailproto_smtp_body_request *wanted);
/* The session is gone; 1: something still reads, mp_send_finish is called when it is through. */
int mp_send_message_leave(mailproto_host_sending *s);

/* send_session.c. The engine's config; the engine that speaks on a connection; the check of all addresses. */
int32_t mp_send_session_new(mailproto_host_sending *s, const char *hello, int cleartext, const char **why);
int32_t mp_send_check(mailproto_host_sending *s);

/* send_outcome.c */
uint32_t mp_send_choose(mailproto_host_sending *s, uint32_t max, uint32_t max_domains);
uint32_t mp_send_waiting(const mailproto_host_sending *s);
void mp_send_rcpt_reply(mailproto_host_sending *s, const mailproto_smtp_rcpt_reply *reply);
void mp_send_done(mailproto_host_sending *s, const mailproto_smtp_done *done);
void mp_send_settle(mailproto_host_sending *s);

/* send_words.c: the sentences of the outcome. */
void mp_send_words(mailproto_host_sending *s);

/* send.c: tells the outcome; all is gone then. */
void mp_send_finish(mailproto_host_sending *s);

#endif
