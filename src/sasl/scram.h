/* scram.h - what both sides of SCRAM share: attributes, nonces, channel bindings, signatures.
 * RFC 5802 (SHA-1), RFC 7677 (SHA-256), draft-melnikov-scram-sha-512; RFC 5929 and RFC 9266 for the bindings. */
#ifndef MP_SASL_SCRAM_H
#define MP_SASL_SCRAM_H

#include "sasl/sasl.h"

enum { MP_SCRAM_NONCE = 24, MP_SCRAM_NONCE_TEXT = 32 };

/* The attribute of that letter at the beginning of *rest, which goes on behind its comma: 1. 0: it is not there. */
int mp_scram_attribute(mailproto_text *rest, char letter, mailproto_text *value);

/* printable = %x21-2B / %x2D-7E, at least one */
int mp_scram_is_nonce(mailproto_text nonce);

/* Writes at most MP_SCRAM_NONCE_TEXT characters that nobody can guess, *len of them. OK, or the provider's answer. */
int32_t mp_scram_nonce(const mailproto_crypto *crypto, char *out, size_t *len);

/* The channel binding's data of a type, by its name: empty if the channel has none. */
mailproto_text mp_scram_binding(const struct mp_sasl_channel *channel, mailproto_text type);

/* The name of the best type that the channel has (RFC 9266 3: tls-exporter; on TLS 1.2 tls-unique); NULL: none. */
const char *mp_scram_binding_type(const struct mp_sasl_channel *channel);

/* Writes the value of "c=", base64 of the header and the binding: its characters. out NULL: only counts. */
size_t mp_scram_bound(char *out, mailproto_text header, mailproto_text binding, char *room);

/* HMAC of a key of the hash over a text. OK, or the provider's answer. */
int32_t mp_scram_sign(const mailproto_crypto *crypto, uint32_t hash, const uint8_t *key, mailproto_text text,
                      uint8_t *signature);

/* The HMAC of a salted password over "Client Key" or "Server Key". */
int32_t mp_scram_key(const mailproto_crypto *crypto, uint32_t hash, const uint8_t *salted, const char *what,
                     uint8_t *key);

#endif
