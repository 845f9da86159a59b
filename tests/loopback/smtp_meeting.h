/* An SMTP or LMTP client and a server that meet in memory: their messages, their hosts' answers and the wire between them.
 * RFC 5321; RFC 2033; mailproto/smtp_client.h; mailproto/smtp_server.h. */
#ifndef TEST_SMTP_MEETING_H
#define TEST_SMTP_MEETING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <mailproto/mailproto.h>

#include "support/host.h"
#include "support/records.h"

enum { MESSAGES = 4, RECIPIENTS = 6, TEXT_MAX = 6000 };

/* How a body fails that does. */
enum { FAILS, TAKES_DEFAULT, FAILS_EVENT, IS_SHORT, IS_LONG, HOLDS_NUL, IS_CANCELLED, FAILURES };

/* A message as it was submitted, and what both sides know of it. */
struct message {
    char text[TEXT_MAX];
    size_t len;
    struct test_bytes canonical; /* what must arrive */
    size_t fails_at;             /* the body fails there; SIZE_MAX: it does not */
    uint32_t fails_how;
    size_t piece; /* octets of each piece; 0: at random */
    uint32_t kinds[RECIPIENTS];
    uint32_t recipients;
    uint64_t token, size;
    /* the client's side */
    uint32_t done, outcome, accepted, bodies;
    int32_t why;
    int32_t codes[RECIPIENTS], end_codes[RECIPIENTS];
    /* the server's */
    uint32_t begun, ended, aborted, answered_accepted;
    int asked[RECIPIENTS], arrived[RECIPIENTS];
    struct test_bytes received;
};

enum { GOOD, NOBODY, LATER, FULL, KINDS }; /* FULL: accepted at RCPT, refused at the end by LMTP */

enum { CLEAR, WITH_STARTTLS, IMPLICIT, TLS_WAYS };

/* How the two meet. */
struct meeting_ways {
    uint64_t seed;
    uint32_t tls; /* CLEAR ... */
    int lmtp;
    uint32_t mask;         /* what the server does not offer */
    uint32_t client_flags; /* MAILPROTO_SMTP_CLIENT_* */
    uint32_t max_open;
    uint32_t server_mode, client_mode; /* TEST_AT_ONCE ... */
    int server_holds, client_holds;
    /* TLS over a session, in the place of the records of support/records.h; NULL: those */
    mailproto_session *(*layer)(mailproto_session *inner, int client, void *user);
    void *layer_user;
};

struct meeting;

/* Where the mail of good recipients goes instead, by their index; and what moves there besides. 1: something did. */
struct meeting_stores {
    int32_t (*deliver)(struct meeting *t, uint64_t token, uint32_t index);
    int (*move)(struct meeting *t);
    void *user;
};

struct meeting {
    struct test_host client_host, server_host;
    mailproto_smtp_client *client;
    mailproto_smtp_server *server;
    struct test_records client_records, server_records;
    struct test_random random;
    struct message messages[MESSAGES];
    int lmtp;
    uint32_t current; /* the server's message in hand */
    uint32_t mails, mails_accepted, transaction_ends, open_messages;
    int client_lost, server_lost; /* a request that was held back meanwhile is dead when it is seen */
    size_t octets;                /* carried both ways */
    int client_heard_end, server_heard_end;
    int quit_sent;       /* the client made its QUIT; seen in the trace */
    uint64_t refuse_end; /* bit by message: refused at its end */
    uint64_t reject;     /* bit by message: refused in the middle */
    const struct meeting_stores *stores;
};

/* ---- smtp_meeting_hosts.c ---- */

int32_t rcpt_reply_code(uint32_t kind);
void start_server(struct meeting *t, const struct meeting_ways *ways);
void start_client(struct meeting *t, const struct meeting_ways *ways);

/* ---- smtp_meeting.c ---- */

/* Messages of nothing but trouble, and the ways to meet, by the seed; submitted, and the client finishes behind them. */
void meeting_begin(struct meeting *t, uint64_t seed);
/* The same, and good recipients are in stores. */
void meeting_begin_stores(struct meeting *t, uint64_t seed, const struct meeting_stores *stores);
/* The same with both hosts in that mode. */
void meeting_begin_modes(struct meeting *t, uint64_t seed, uint32_t mode);
/* The messages lie in t, which was zeroed otherwise. */
void meeting_begin_with(struct meeting *t, const struct meeting_ways *ways);
void meeting_end(struct meeting *t);
/* Fills `canonical`. */
void make_canonical(struct message *m);

/* Part of what one has sent goes to the other. Gives how many octets. */
size_t carry(struct meeting *t, struct test_host *from, struct test_host *to);
/* Whether a session wants CLOSE, or is gone. */
int over(const struct test_host *h);
/* Until nothing moves any more, or `limit` octets were carried. */
void talk(struct meeting *t, size_t limit);
/* A side that is over hears nothing more, and when all of one's output has arrived the other hears its end. 1: one did. */
int end_of_one_is_heard(struct meeting *t);

/* Each request has one fate. */
void check_books(const struct test_host *h, const char *whose, uint64_t seed);
/* What must be true however it went. */
void check(struct meeting *t, uint64_t seed);
/* What comes of a message whose connection lasts. */
uint32_t expected_outcome(const struct meeting *t, uint32_t i);
/* What the client was told of each recipient of a message that ended. */
void check_replies(const struct meeting *t, uint32_t i);

#endif
