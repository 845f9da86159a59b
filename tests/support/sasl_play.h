/* A whole exchange, a client against a server, with a host on both sides that knows one user.
   RFC 4422 section 3; mailproto/sasl.h. */
#ifndef TEST_SASL_PLAY_H
#define TEST_SASL_PLAY_H

#include <mailproto/sasl.h>

#include "allocator.h"
#include "recorded_crypto.h"

/* What the server's host has of the user. */
enum { SASL_KEYS, SASL_PASSWORD, SASL_UNKNOWN };
/* What it does with AUTH and CHECK. */
enum { SASL_JUDGE, SASL_COMPARE };

enum { SASL_MESSAGE_MAX = 40000, SASL_MESSAGES = 16 };

struct sasl_play {
    mailproto_sasl_client_config client;
    mailproto_sasl_server_config server;
    struct recorded_crypto client_crypto, server_crypto;
    struct test_allocator memory;
    const mailproto_tls_info *client_tls, *server_tls; /* NULL: no TLS */
    const char *offered;                               /* NULL: what the server offers */
    const char *authorization, *name, *password;       /* of the client */
    const char *right;                                 /* the password that is the user's */
    const char *user;                                  /* the only one there is; NULL: whoever it is */
    uint32_t stored, check, iterations;
    uint32_t no_initial;  /* the protocol has no initial responses */
    uint32_t derive;      /* 1: the hosts derive by themselves; 2: one of them fails */
    uint32_t token_fails; /* a token is refused */
    uint32_t refuse;      /* whoever it is does not come in */
    int change_at;        /* the number of the message that is changed, from 0; -1: none */
    int (*change)(struct sasl_play *p, char *message, size_t *len); /* may be NULL; 0: there is nothing to change */

    /* what came of it */
    uint32_t mechanism; /* the client's */
    int32_t client_state, server_state, client_why, server_why;
    int32_t broken; /* a negative code that a call answered: ERR_NOMEM ... */
    uint32_t auths, outcomes[4];
    char seen_name[1100], seen_authorization[1100], seen_password[5000], seen_host[100];
    uint32_t seen_port;
    int messages;
    char said[SASL_MESSAGES][600]; /* their beginnings */
    size_t lengths[SASL_MESSAGES];
};

/* Configs with everything on, no TLS, a user "user" with "pencil". */
void sasl_play_init(struct sasl_play *p);

/* Plays it. 1: both succeeded; 0: at least one failed; negative: a call answered so. */
int32_t sasl_play(struct sasl_play *p);

/* Asserts that all memory is back and no secret was left in it. */
void sasl_play_clean(const struct sasl_play *p);

/* Only this mechanism on both sides. */
void sasl_play_only(struct sasl_play *p, uint32_t mechanism);

/* What TLS tells, with all three bindings; version 0x0303 or 0x0304. */
void sasl_play_tls(mailproto_tls_info *info, uint32_t version);

#endif
