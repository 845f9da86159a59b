/* apop.h - the digest of APOP.
 * RFC 1939 section 7. */
#ifndef MP_SASL_APOP_H
#define MP_SASL_APOP_H

#include "mailproto/sasl.h"

enum { MP_APOP_DIGEST = 32, MP_APOP_TIMESTAMP = 26 };

/* Writes the timestamp of a greeting, "<" random "@" host ">": MP_APOP_TIMESTAMP + 1 + host.len octets go to out. OK, or what the
   provider answered. */
int32_t mp_apop_timestamp(const mailproto_crypto *crypto, mailproto_text host, char *out);

/* Writes the digest of a timestamp with its brackets and a password: MP_APOP_DIGEST hexadecimal digits, small letters. The
   work is done in memory of `allocator`. OK; ERR_NOMEM; what the provider answered. */
int32_t mp_apop_digest(const mailproto_crypto *crypto, const mailproto_allocator *allocator, mailproto_text timestamp,
                       mailproto_text password, char *out);

/* Whether a client's digest is that of the password: constant time. *same is written. password.ptr NULL: there is no such user;
   the work is the same. OK; ERR_NOMEM; what the provider answered. */
int32_t mp_apop_check(const mailproto_crypto *crypto, const mailproto_allocator *allocator, mailproto_text timestamp,
                      mailproto_text password, mailproto_text digest, int *same);

#endif
