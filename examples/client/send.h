/* send.h - `mailproto send`: what was asked for, and what became of it.
 * RFC 5321, RFC 2033 (LMTP), RFC 6409 (submission). */
#ifndef MAILPROTO_CLIENT_SEND_H
#define MAILPROTO_CLIENT_SEND_H

#include "recipients.h"
#include "server.h"
#include "source.h"

#include <mailproto/smtp.h>

/* A transaction that was tried. */
struct transaction {
    struct transaction *next;
    unsigned number;  /* from 1 on */
    uint32_t outcome; /* MAILPROTO_SMTP_ACCEPTED ... */
    int32_t why;
    uint32_t stage;
    unsigned recipients; /* accepted at RCPT */
    char *text;          /* the engine's sentence */
    struct reply reply;
};

/* What is told at the end. */
struct send_result {
    struct server server;
    struct source source;
    struct recipients *to;
    const char *sender;
    struct transaction *first, *last;
    /* the server as it presented itself: */
    char *greeting; /* NULL: it never came to that */
    uint32_t offers, authenticated;
    uint64_t max_message;
    unsigned max_recipients, max_transactions, max_domains;
    /* why the session ended, if not in good order: */
    int32_t why;
    char *text;
    int no_connection;
    int status; /* the exit code */
};

/* Does it all and reports it. The exit code. */
int send_run(struct send_options *options);

/* send_session.c: one connection: sends to the recipients that wait. 0; 1: the server takes no further transaction on
   this connection, and some still wait. `result` learns of everything. */
struct send_job {
    const struct send_options *options;
    struct send_result *result;
    const char *password;
    size_t password_len;
    uint32_t flags, body; /* MAILPROTO_SMTP_MAIL_*, MAILPROTO_SMTP_BODY_* */
    uint32_t limit;       /* recipients of a transaction, as far as is known */
};
int send_connection(struct send_job *job);
/* Whether the envelope is one: the engine's grammar decides. 0, or -1: it was reported. */
int send_check(struct send_job *job);

/* send_outcome.c: what the events of a transaction mean for its recipients. */
void outcome_of_rcpt(struct send_result *result, const mailproto_smtp_rcpt_reply *event);
/* Also answers the limit on recipients that the transaction ran into; 0: none. */
uint32_t outcome_of_message(struct send_result *result, const mailproto_smtp_done *event);
/* Nobody waits any more: those that did were not sent to. */
void outcome_settle(struct send_result *result);
/* Whether the server refused because nobody has logged in. */
int outcome_needs_login(const struct send_result *result);
/* The exit code. */
int outcome_status(const struct send_result *result);
/* The word for a recipient's state, for a transaction's outcome, and what a stage is called ("RCPT"). */
const char *outcome_state(int state);
const char *outcome_word(uint32_t outcome);
const char *outcome_stage(uint32_t stage);

/* send_report.c: tells people. */
void send_report(const struct send_result *result, const struct common_options *options);

#endif
