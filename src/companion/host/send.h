/* send.h - what the files of one-call send share: the sending, its recipients, its message, its words.
 * include/mailproto/host_send.h. */
#ifndef MP_HOST_SEND_H
#define MP_HOST_SEND_H

#include "internal.h"

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
    int tls_as_needed; /* the request did not say: MAY, or REQUIRED for credentials that may not go without */
    mailproto_host_url url;
    mailproto_sasl_client_config sasl; /* of request.sasl; its texts are copies */
    mailproto_crypto crypto;           /* of sasl: a copy, too */
    struct mp_send_derivation *derivation;
    int deriving;
    int logs_in;
    void (*on_outcome)(const mailproto_host_outcome *, void *);
    void *user;
    struct mp_send_recipient *recipients;
    struct mp_send_recipient **chosen; /* those of the transaction in hand, in the order of send_to */
    uint32_t count, chosen_count;
    uint32_t limit; /* recipients of a transaction, as far as is known */
    uint32_t smtputf8;

    /* the message */
    uint32_t body;
    int canonical;     /* given as it is: its line ends are CRLF, or the engine's business */
    int last;          /* the octet of it that was given last */
    mailproto_text in; /* of it, what was read and not given yet; of a message in memory all of that */
    int ended;         /* nothing is left to be read */
    char *piece;       /* PIECE octets that were made canonical */
    char *raw;         /* PIECE octets that were read */
    mailproto_host_job *job;
    uint64_t waiting; /* the body request that waits for the job; 0: none */
    size_t wanted;    /* octets that it wants at most */
    uint64_t read_offset;
    size_t read_len;
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
    uint32_t loopback; /* the connection does not leave this machine */
    int cancelled;
};

enum { MP_SEND_PIECE = 65536 };

/* send_message.c. What can be told of the message: its size, its encoding. OK, or what is wrong with it was noted. */
int32_t mp_send_message_check(mailproto_host_sending *s);
void mp_send_message_rewind(mailproto_host_sending *s);
int32_t mp_send_message_give(mailproto_host_sending *s, const mailproto_smtp_body_request *wanted);
/* The session is gone; 1: something still reads, mp_send_finish is called when it is through. */
int mp_send_message_leave(mailproto_host_sending *s);

/* send_session.c. The engine's config; the engine that speaks on a connection; the check of all addresses. */
int32_t mp_send_session_new(mailproto_host_sending *s, const char *hello, int cleartext, const char **why);
int32_t mp_send_check(mailproto_host_sending *s);

/* send_derive.c. Begins it, or answers USE_DEFAULT. */
int32_t mp_send_derive(mailproto_host_sending *s, const mailproto_sasl_derive_wanted *wanted);
/* The session is gone; 1: a thread is still at it, mp_send_finish is called when it is through. */
int mp_send_derive_leave(mailproto_host_sending *s);

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
