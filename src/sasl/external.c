/* external.c - EXTERNAL: who it is, the certificate has said; the message says who to act as.
 * RFC 4422 appendix A. */
#include "sasl/client.h"
#include "sasl/password.h"

static int32_t client_next(struct mp_sasl_client *c, const char *challenge, size_t len)
{
    (void)challenge;
    (void)len;
    if (c->complete)
        return MAILPROTO_ERR_PROTOCOL;
    c->complete = 1;
    c->message = mp_sasl_client_text(c, 0);
    return MAILPROTO_SASL_SEND;
}

const struct mp_sasl_client_mechanism mp_sasl_external_client = {.bit = MAILPROTO_SASL_EXTERNAL,
                                                                 .flags = MP_SASL_INITIAL | MP_SASL_AS,
                                                                 .next = client_next};

static int32_t server_next(struct mp_sasl_server *s, const char *message, size_t len)
{
    const struct mp_sasl_identity who = {{message, len}, s->channel->peer_name, {"", 0}};

    if (!message)
        return mp_sasl_decided(s);
    return mp_sasl_malformed(message, len) ? MAILPROTO_ERR_PROTOCOL : mp_sasl_password_check(s, &who);
}

const struct mp_sasl_server_mechanism mp_sasl_external_server = {MAILPROTO_SASL_EXTERNAL, MP_SASL_CLIENT_FIRST,
                                                                 server_next};
