/* config.h - what the configs of both roles are checked for, and how their texts are kept.
 * RFC 4422 section 3.1 (names); contract.md section 2, "Capabilities cannot lie". */
#ifndef MP_SASL_CONFIG_H
#define MP_SASL_CONFIG_H

#include "sasl/sasl.h"

enum { MP_SASL_MAX_MESSAGE = 8192, MP_SASL_MAX_MESSAGE_MOST = 1 << 20, MP_SASL_TEXT_MAX = 4096 };

/* Copies the provider, if there is one, and sees whether it can do what the mechanisms need. OK; ERR_ARG, ERR_CONFIG. */
int32_t mp_sasl_keep_crypto(mailproto_crypto *own, const mailproto_crypto **crypto, uint32_t mechanisms,
                            const char **why);

/* Names of mechanisms, apart by single spaces, none of them the library's. */
int mp_sasl_names_fit(mailproto_text names, int several);

/* Visible ASCII without '"' and '\', and without what is in `forbidden`, at most MP_SASL_TEXT_MAX octets. */
int mp_sasl_text_fits(mailproto_text text, const char *forbidden);

/* Copies a text to *place, which goes on. */
void mp_sasl_keep_text(mailproto_text *text, char **place);

/* The library's own SASLprep as the hook that it is by default. */
int32_t mp_sasl_prepare_own(const char *text, size_t len, uint32_t query, char *out, size_t cap, size_t *made,
                            void *user);

#endif
