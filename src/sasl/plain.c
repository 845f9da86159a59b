/* plain.c - the PLAIN mechanism: one message of three texts.
 * RFC 4616 section 2: message = [authzid] UTF8NUL authcid UTF8NUL passwd. */
#include "sasl/client.h"
#include "sasl/password.h"

static int32_t client_next(struct mp_sasl_client *c, const char *challenge, size_t len)
{
    (void)challenge;
    (void)len;
    if (c->complete)
        return MAILPROTO_ERR_PROTOCOL;
    c->complete = 1;
    c->message = (mailproto_text){c->credentials, c->ends[2]}; /* they lie there as the message has them */
    return MAILPROTO_SASL_SEND;
}

const struct mp_sasl_client_mechanism mp_sasl_plain_client = {
    .bit = MAILPROTO_SASL_PLAIN,
    .flags = MP_SASL_INITIAL | MP_SASL_NAME | MP_SASL_PASSWORD | MP_SASL_BLIND | MP_SASL_AS,
    .next = client_next,
    .name = "PLAIN",
};

/* Takes the message apart: the texts point into it. 0: it is none. */
static int parse(const char *message, size_t n, struct mp_sasl_identity *who)
{
    const char *end = message + n, *name = n ? memchr(message, 0, n) : NULL, *password;

    if (!name)
        return 0;
    name++;
    password = memchr(name, 0, (size_t)(end - name));
    if (!password)
        return 0;
    password++;
    who->authorization = (mailproto_text){message, (size_t)(name - 1 - message)};
    who->name = (mailproto_text){name, (size_t)(password - 1 - name)};
    who->password = (mailproto_text){password, (size_t)(end - password)};
    return who->name.len && who->password.len && !mp_sasl_malformed(message, who->authorization.len) &&
           !mp_sasl_malformed(name, who->name.len) && !mp_sasl_malformed(password, who->password.len);
}

static int32_t server_next(struct mp_sasl_server *s, const char *message, size_t len)
{
    struct mp_sasl_identity who;

    if (!message)
        return mp_sasl_password_next(s);
    return parse(message, len, &who) ? mp_sasl_password_check(s, &who) : MAILPROTO_ERR_PROTOCOL;
}

const struct mp_sasl_server_mechanism mp_sasl_plain_server = {MAILPROTO_SASL_PLAIN, MP_SASL_CLIENT_FIRST, server_next};
