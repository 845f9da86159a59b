/* gs2.h - the header before the messages of SCRAM and OAUTHBEARER, and names in which "," and "=" are quoted.
 * RFC 5801 section 4; RFC 5802 section 7 (saslname). */
#ifndef MP_SASL_GS2_H
#define MP_SASL_GS2_H

#include "mailproto/base.h"

struct mp_sasl_gs2 {
    char flag;                    /* 'n', 'y' or 'p' */
    mailproto_text binding;       /* p: the name of the channel binding's type */
    mailproto_text authorization; /* quoted; "" if not said */
    size_t len;                   /* of the header, its last comma counted */
};

/* Reads the header that the message begins with; the texts point into it. 0; -1: there is none. */
int mp_sasl_gs2_read(const char *message, size_t len, struct mp_sasl_gs2 *header);

/* Writes a name with "," as =2C and "=" as =3D: its octets. out NULL: only counts. */
size_t mp_sasl_quote(char *out, mailproto_text name);

/* Takes the quotes away; out may be the name. 0; -1: empty, an "=" that quotes nothing, NUL, or no UTF-8. */
int mp_sasl_unquote(char *out, mailproto_text name, size_t *len);

#endif
