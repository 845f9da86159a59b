/* mailproto/sasl.h - SASL (RFC 4422): the names of the mechanisms that the protocols share.
 *
 * A mechanism is a bit: configs take a set of them, events name one.
 */
#ifndef MAILPROTO_SASL_H
#define MAILPROTO_SASL_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* SASL mechanisms, as bits. */
enum { MAILPROTO_SASL_PLAIN = 1 /* RFC 4616 */, MAILPROTO_SASL_LOGIN = 2 /* draft-murchison-sasl-login */ };

#ifdef __cplusplus
}
#endif
#endif
