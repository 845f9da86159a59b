/* login.h - who may log in, in every protocol: keys for SCRAM and for passwords, tokens, certificates, failures.
 * RFC 4954, RFC 5034, RFC 4422; what a login asks is told in mailproto/sasl.h. */
#ifndef MAILPROTOD_LOGIN_H
#define MAILPROTOD_LOGIN_H

#include <mailproto/sasl.h>

#include "random.h"
#include "users.h"

struct client;
struct server;
struct settings;
struct derivation;

/* An AUTH request, whatever the protocol. */
struct login_request {
    uint64_t token;
    uint32_t mechanism;
    uint32_t outcome;
    mailproto_text authorization, name, password;
};

/* How a protocol answers. */
struct login_answers {
    int32_t (*keys)(struct client *, uint64_t token, const mailproto_sasl_keys *keys);
    int32_t (*derived)(struct client *, uint64_t token, const void *key, size_t len);
    int32_t (*accept)(struct client *, uint64_t token, const struct user *who, uint32_t delay_ms);
    int32_t (*refuse)(struct client *, uint64_t token, uint32_t delay_ms);
};

/* Of the settings that logins go by: made anew when these are. */
struct logins {
    uint32_t mechanisms; /* MAILPROTO_SASL_*: what can be offered */
    int has_sasl;        /* there is a crypto provider: keys are taken, and passwords are not */
    mailproto_sasl_server_config sasl;
    uint8_t
        secret[SECRET_SIZE]; /* of which salts of users that there are not are made; kept when the rest is made anew */
};
void logins_make(struct logins *logins, const struct settings *settings);

/* ---- the requests of a session ---- */

int32_t login_keys(struct client *client, const mailproto_sasl_keys_wanted *wanted);
int32_t login_derive(struct client *client, const mailproto_sasl_derive_wanted *wanted);
int32_t login_auth(struct client *client, const struct login_request *request);
/* The session is gone: what is under way for it has nobody to tell. */
void login_gone(struct client *client);

/* ---- failures (failures.c): by address and by name, so that guessing takes long ---- */

enum { FAILURES_PLACES = 4096, LOGIN_NAME = USERS_PLAIN };

struct failures {
    uint64_t seed; /* drawn at the start */
    struct failures_place {
        uint64_t key, when, until; /* 0: the place is free */
        uint32_t count;
    } places[FAILURES_PLACES];
};

/* Notes one more; how long its answer is to wait: `first` milliseconds, doubled with each failure of the same address or name
   within a quarter of an hour, 32 times at most. All addresses of an IPv6 network of 64 bits are one. */
uint32_t failures_note(struct failures *failures, const char *address, mailproto_text name, uint64_t now,
                       uint64_t first);
/* What is left of such a wait: who is right waits for it, too. Else whoever guesses need not wait for a refusal: what is
   not answered at once would be wrong. */
uint32_t failures_wait(const struct failures *failures, const char *address, mailproto_text name, uint64_t now);
/* Who has logged in has not failed. The address stays as it is: with one account of his own somebody may guess at others. */
void failures_forget(struct failures *failures, mailproto_text name);

#endif
