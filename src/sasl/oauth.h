/* oauth.h - what XOAUTH2 and OAUTHBEARER share: pairs of keys and values, the bearer token, the refusal that is a message.
 * RFC 7628 section 3. */
#ifndef MP_SASL_OAUTH_H
#define MP_SASL_OAUTH_H

#include "sasl/client.h"
#include "sasl/password.h"

enum { MP_SASL_KVSEP = 1 };

/* The next pair, "key=value" and the octet behind it; *rest goes on. 1; 0: the pairs end, and nothing stands behind it;
   -1: malformed. */
int mp_sasl_oauth_pair(mailproto_text *rest, mailproto_text *key, mailproto_text *value);

/* AUTH for the host to judge, if `auth` is "Bearer" and a token; another scheme, or none, is refused without a look. */
int32_t mp_sasl_oauth_check(struct mp_sasl_server *s, struct mp_sasl_identity *who, mailproto_text auth);

/* What follows AUTH: success, or the refusal. `status` is its code. Then the client's answer, whatever it is: failure. */
int32_t mp_sasl_oauth_next(struct mp_sasl_server *s, const char *status);

/* A client's check: a token of visible characters. */
int32_t mp_sasl_oauth_token(struct mp_sasl_client *c);

/* A client's answer to the refusal: `dummy`. */
int32_t mp_sasl_oauth_refused(struct mp_sasl_client *c, const char *dummy);

#endif
