/* oauthbearer.c - OAUTHBEARER: a bearer token, with who to act as and which server was meant.
 * RFC 7628 section 3. */
#include <string.h>

#include "core/ascii.h"
#include "sasl/gs2.h"
#include "sasl/oauth.h"

/* ---- client: "n,a=" name "," ^A "host=" host ^A "port=" port ^A "auth=Bearer " token ^A ^A ---- */

static char *put(char *to, const char *text, size_t n)
{
    memcpy(to, text, n);
    return to + n;
}

static char *put_server(char *to, const mailproto_sasl_client_config *config)
{
    if (config->host_name.len) {
        to = put(to, "host=", 5);
        to = put(to, config->host_name.ptr, config->host_name.len);
        *to++ = MP_SASL_KVSEP;
    }
    if (config->port) {
        to = put(to, "port=", 5);
        to += mp_ascii_write_decimal(to, config->port);
        *to++ = MP_SASL_KVSEP;
    }
    return to;
}

static int32_t begin(struct mp_sasl_client *c)
{
    const mailproto_sasl_client_config *config = &c->settings->config;
    mailproto_text who = mp_sasl_client_text(c, c->ends[0] ? 0 : 1), token = mp_sasl_client_text(c, 2);
    size_t n = 64 + mp_sasl_quote(NULL, who) + config->host_name.len + token.len;
    char *message = mp_sasl_room(&c->rooms, MP_SASL_ROOM_MESSAGE, n), *to;

    if (!message)
        return MAILPROTO_ERR_NOMEM;
    to = put(message, "n,", 2);
    if (who.len) {
        to = put(to, "a=", 2);
        to += mp_sasl_quote(to, who);
    }
    to = put(to, ",\1", 2);
    to = put_server(to, config);
    to = put(to, "auth=Bearer ", 12);
    to = put(to, token.ptr, token.len);
    to = put(to, "\1\1", 2);
    c->message = (mailproto_text){message, (size_t)(to - message)};
    c->complete = 1;
    return MAILPROTO_SASL_SEND;
}

static int32_t client_next(struct mp_sasl_client *c, const char *challenge, size_t len)
{
    (void)challenge;
    (void)len;
    return c->step++ ? mp_sasl_oauth_refused(c, "\1") : begin(c);
}

const struct mp_sasl_client_mechanism mp_sasl_oauthbearer_client = {.bit = MAILPROTO_SASL_OAUTHBEARER,
                                                                    .flags =
                                                                        MP_SASL_INITIAL | MP_SASL_PASSWORD | MP_SASL_AS,
                                                                    .check = mp_sasl_oauth_token,
                                                                    .next = client_next};

/* ---- server ---- */

/* Pairs that nobody knows are ignored (RFC 7628 3.1). 0, or -1. */
static int read_pairs(struct mp_sasl_server *s, mailproto_text rest, mailproto_text *host, mailproto_text *auth)
{
    mailproto_text key, value;
    uint64_t port = 0;
    int pair;

    while ((pair = mp_sasl_oauth_pair(&rest, &key, &value)) > 0) {
        if (mp_ascii_equal(key.ptr, key.len, "auth"))
            *auth = value;
        else if (mp_ascii_equal(key.ptr, key.len, "host"))
            *host = value;
        else if (mp_ascii_equal(key.ptr, key.len, "port") &&
                 (!mp_ascii_parse_decimal(value.ptr, value.len, &port) || !port || port > 65535))
            return -1;
    }
    s->port = (uint32_t)port;
    return pair;
}

/* The texts of the message are kept in one room, the host's name too. */
static int32_t check(struct mp_sasl_server *s, struct mp_sasl_identity *who, mailproto_text host, mailproto_text auth)
{
    char *kept;

    if (host.len) {
        kept = mp_sasl_room(&s->rooms, MP_SASL_ROOM_HOST, host.len);
        if (!kept)
            return MAILPROTO_ERR_NOMEM;
        memcpy(kept, host.ptr, host.len);
        s->host = (mailproto_text){kept, host.len};
    }
    return mp_sasl_oauth_check(s, who, auth);
}

static int32_t begun(struct mp_sasl_server *s, const char *message, size_t len)
{
    struct mp_sasl_identity who = {.authorization = {"", 0}, .name = {"", 0}};
    mailproto_text host = {"", 0}, auth = {"", 0}, rest;
    struct mp_sasl_gs2 gs2;
    char *name;

    if (mp_sasl_gs2_read(message, len, &gs2) || gs2.flag == 'p' || gs2.len == len || message[gs2.len] != MP_SASL_KVSEP)
        return MAILPROTO_ERR_PROTOCOL;
    rest = (mailproto_text){message + gs2.len + 1, len - gs2.len - 1};
    if (read_pairs(s, rest, &host, &auth))
        return MAILPROTO_ERR_PROTOCOL;
    if (gs2.authorization.len) {
        name = mp_sasl_room(&s->rooms, MP_SASL_ROOM_OWN, gs2.authorization.len);
        if (!name)
            return MAILPROTO_ERR_NOMEM;
        who.authorization.ptr = name;
        if (mp_sasl_unquote(name, gs2.authorization, &who.authorization.len))
            return MAILPROTO_ERR_PROTOCOL;
    }
    return check(s, &who, host, auth);
}

static int32_t server_next(struct mp_sasl_server *s, const char *message, size_t len)
{
    return message && !s->step ? begun(s, message, len) : mp_sasl_oauth_next(s, "invalid_token");
}

const struct mp_sasl_server_mechanism mp_sasl_oauthbearer_server = {MAILPROTO_SASL_OAUTHBEARER, MP_SASL_CLIENT_FIRST,
                                                                    server_next};
