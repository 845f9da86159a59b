/* prepare.h - names and passwords by SASLprep, for the mechanisms that hash them.
 * RFC 4013; RFC 5802 sections 2.2 and 5.1. */
#ifndef MP_SASL_PREPARE_H
#define MP_SASL_PREPARE_H

#include "sasl/client.h"
#include "sasl/server.h"

/* A client's check: whether the name and the password can be prepared. OK; ERR_ARG: they cannot; ERR_LIMIT: too long. */
int32_t mp_sasl_client_preparable(struct mp_sasl_client *c);

/* Prepares both into MP_SASL_ROOM_IDENTITY. OK; ERR_NOMEM; ERR_ARG. */
int32_t mp_sasl_client_prepare(struct mp_sasl_client *c, mailproto_text *name, mailproto_text *password);

/* A server's: prepares a password, if it can be, into MP_SASL_ROOM_HOST. OK or ERR_NOMEM. */
int32_t mp_sasl_server_prepare(struct mp_sasl_server *s, mailproto_text *password);

#endif
