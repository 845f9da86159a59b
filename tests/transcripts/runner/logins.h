/* logins.h - what logins ask beyond credentials, the same in every protocol: KEYS, DERIVE and STEP in words, and their answers.
 * mailproto/sasl.h. */
#ifndef TRANSCRIPTS_LOGINS_H
#define TRANSCRIPTS_LOGINS_H

#include "role.h"

/* An engine's part: its event types and the functions that answer them. */
struct login_calls {
    uint32_t keys, derive, step; /* 0: it has no such event */
    int32_t (*give_keys)(void *engine, uint64_t token, const mailproto_sasl_keys *keys);
    int32_t (*give_derived)(void *engine, uint64_t token, const void *key, size_t len);
    int32_t (*give_step)(void *engine, uint64_t token, const mailproto_sasl_stepped *stepped);
};

/* Puts the event into words. 0: it is none of these. */
int login_show(const struct login_calls *calls, const mailproto_event *event, struct buffer *out);
/* Answers with the words, if they are one of these answers: *result is what the call answered. 0: they are not. */
int login_answer(struct play *p, const struct login_calls *calls, uint64_t token, const struct words *words,
                 int32_t *result);
/* What comes of AUTH in words, behind the rest of it. */
void login_show_outcome(struct buffer *out, uint32_t outcome, mailproto_text host, uint32_t port);

/* The config that the transcript's SASL lines make; NULL: it has none. It lives as long as the play. */
const mailproto_sasl_server_config *login_server_config(struct play *p);
const mailproto_sasl_client_config *login_client_config(struct play *p);

/* What the action TLS says of the handshake. */
void login_tls(struct play *p, const struct words *words, mailproto_tls_info *info);

#endif
