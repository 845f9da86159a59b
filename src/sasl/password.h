/* password.h - a server that was told the password itself: the host judges, or gives what it has stored to compare with.
 * RFC 4616 section 2; RFC 5802 section 3 for the keys. */
#ifndef MP_SASL_PASSWORD_H
#define MP_SASL_PASSWORD_H

#include "sasl/server.h"

/* Keeps who it is, names prepared where they can be, in MP_SASL_ROOM_IDENTITY. OK or ERR_NOMEM. */
int32_t mp_sasl_keep_identity(struct mp_sasl_server *s, const struct mp_sasl_identity *who);

/* AUTH for the host to judge, with that identity. A state or a negative code. */
int32_t mp_sasl_password_check(struct mp_sasl_server *s, const struct mp_sasl_identity *who);

/* What follows AUTH, and DERIVE after it. */
int32_t mp_sasl_password_next(struct mp_sasl_server *s);

/* AUTH with what was proven. */
int32_t mp_sasl_proven(struct mp_sasl_server *s, int proven);
/* The verdict, of mechanisms without a last word. */
int32_t mp_sasl_decided(struct mp_sasl_server *s);

/* The salt of a user that there is not: made of the config's secret and the name, so the same each time. Made of every name,
   so that the work is the same. `salt` has room for a digest; MP_SASL_SALT octets of it count. OK, or the provider's answer. */
enum { MP_SASL_SALT = 16 };
int32_t mp_sasl_made_up_salt(const struct mp_sasl_server *s, uint32_t hash, uint8_t *salt);

/* Whether the key that DERIVE made is that of `stored_key` (RFC 5802 3). *same is written. OK, or the provider's answer. */
int32_t mp_sasl_key_matches(const mailproto_crypto *crypto, uint32_t hash, const uint8_t *salted,
                            const uint8_t *stored_key, int *same);

/* Prepares a text into a room of its own size, at most MP_SASL_NAME_MAX octets. OK; ERR_ARG: it cannot be; ERR_NOMEM. */
int32_t mp_sasl_prepared(const struct mp_sasl_server *s, mailproto_text text, uint32_t query, char *out, size_t *made);

#endif
