/* auth.h - how to log in: the order of mechanisms, and what each needs.
 * RFC 4422; none that is not in the order is ever used. */
#ifndef MAILPROTO_CLIENT_AUTH_H
#define MAILPROTO_CLIENT_AUTH_H

#include <mailproto/pop3.h>
#include <mailproto/sasl.h>

struct common_options;

enum { AUTH_ORDER = 16 };

/* "SCRAM-SHA-256,PLAIN"; USER and APOP are POP3's own. 0; -1: it was reported. */
int auth_read_order(uint32_t order[AUTH_ORDER], const char *text);
/* Whether somebody logs in, and whether a password or token is needed for it. */
int auth_is_wanted(const struct common_options *common);
int auth_needs_secret(const struct common_options *common);
/* Whether all that may be used is safe without TLS, too: it says neither password nor token. */
int auth_is_safe(const struct common_options *common);

/* Whether none of the order is POP3's own. */
int auth_is_for_smtp(const struct common_options *common);

/* Fills it for --auth, --token-file, and what this build can do. 0: it is to be used; -1: PLAIN and LOGIN are all. */
int auth_config(mailproto_sasl_client_config *sasl, const struct common_options *common);
/* The order of a POP3 session. */
void auth_pop3_order(uint32_t login[AUTH_ORDER], const struct common_options *common);
/* "SCRAM-SHA-256-PLUS", "USER"; NULL: none. */
const char *auth_name(uint32_t mechanism);

#endif
