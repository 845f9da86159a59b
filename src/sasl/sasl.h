/* sasl.h - SASL mechanisms, both sides: names, messages, steps. The protocols carry them as base64 lines.
 * RFC 4422; one file a mechanism. */
#ifndef MP_SASL_SASL_H
#define MP_SASL_SASL_H

#include "mailproto/base.h"
#include "mailproto/sasl.h"

enum { MP_SASL_ALL = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN };

/* ---- names (RFC 4422 3.1) ---- */

/* The bit of the mechanism with that name in any case, or 0. */
uint32_t mp_sasl_mechanism(const char *name, size_t n);
/* The name of one bit, or NULL. */
const char *mp_sasl_name(uint32_t mechanism);
/* Writes the names of a set, each with a space before it; out has room for MP_SASL_NAMES_MAX. Gives how many octets. */
enum { MP_SASL_NAMES_MAX = 32 };
size_t mp_sasl_write_names(char *out, uint32_t mechanisms);

/* ---- what a login is made of ---- */

struct mp_sasl_identity {
    mailproto_text authorization; /* who to act as; "" if not said */
    mailproto_text name;          /* who it is */
    mailproto_text password;
};

/* ---- PLAIN (RFC 4616) ---- */

/* Takes a decoded message apart: the texts point into it. 0; -1: not a PLAIN message (two NULs, name and password not
   empty, valid UTF-8). */
int mp_sasl_plain_parse(const char *message, size_t n, struct mp_sasl_identity *identity);

/* The octets of the message, or 0: a text holds NUL, is no UTF-8, or name or password is empty. */
size_t mp_sasl_plain_size(const struct mp_sasl_identity *identity);
/* Writes the message of mp_sasl_plain_size octets. Gives how many; 0 as above. */
size_t mp_sasl_plain_build(char *out, const struct mp_sasl_identity *identity);

/* ---- LOGIN (draft-murchison-sasl-login) ---- */

enum { MP_SASL_LOGIN_NAME = 0, MP_SASL_LOGIN_PASSWORD = 1, MP_SASL_LOGIN_STEPS = 2 };

/* The server's challenge of a step, in base64 as it goes on the wire, NUL-terminated. */
const char *mp_sasl_login_challenge(uint32_t step);

/* Puts a decoded answer in its place of the identity: the text is kept by pointer. 0; -1: NUL in it, no UTF-8, or
   empty. */
int mp_sasl_login_answer(uint32_t step, const char *text, size_t n, struct mp_sasl_identity *identity);

/* What the client answers to the challenge of a step, plain: text of the identity. 0; -1: no such step, or the text
   may not be sent. */
int mp_sasl_login_respond(uint32_t step, const struct mp_sasl_identity *identity, mailproto_text *text);

#endif
