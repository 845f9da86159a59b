/* xoauth2.c - XOAUTH2: a name and a bearer token in one message.
 * developers.google.com/gmail/imap/xoauth2-protocol, "The SASL XOAUTH2 Mechanism". */
#include <string.h>

#include "core/ascii.h"
#include "sasl/oauth.h"

/* ---- client: "user=" name ^A "auth=Bearer " token ^A ^A ---- */

static int32_t check(struct mp_sasl_client *c)
{
    mailproto_text name = mp_sasl_client_text(c, 1);

    return memchr(name.ptr, MP_SASL_KVSEP, name.len) ? MAILPROTO_ERR_ARG : mp_sasl_oauth_token(c);
}

static int32_t client_next(struct mp_sasl_client *c, const char *challenge, size_t len)
{
    mailproto_text name = mp_sasl_client_text(c, 1), token = mp_sasl_client_text(c, 2);
    size_t n = 5 + name.len + 13 + token.len + 2;
    char *message;

    (void)challenge;
    (void)len;
    if (c->step++)
        return mp_sasl_oauth_refused(c, "");
    message = mp_sasl_room(&c->rooms, MP_SASL_ROOM_MESSAGE, n);
    if (!message)
        return MAILPROTO_ERR_NOMEM;
    memcpy(message, "user=", 5);
    memcpy(message + 5, name.ptr, name.len);
    memcpy(message + 5 + name.len, "\1auth=Bearer ", 13);
    memcpy(message + 18 + name.len, token.ptr, token.len);
    memcpy(message + n - 2, "\1\1", 2);
    c->message = (mailproto_text){message, n};
    c->complete = 1;
    return MAILPROTO_SASL_SEND;
}

const struct mp_sasl_client_mechanism mp_sasl_xoauth2_client = {.bit = MAILPROTO_SASL_XOAUTH2,
                                                                .flags =
                                                                    MP_SASL_INITIAL | MP_SASL_NAME | MP_SASL_PASSWORD,
                                                                .check = check,
                                                                .next = client_next};

/* ---- server ---- */

static int32_t begun(struct mp_sasl_server *s, const char *message, size_t len)
{
    struct mp_sasl_identity who = {.authorization = {"", 0}};
    mailproto_text rest = {message, len}, key, value, auth = {"", 0};
    const char *end = len ? memchr(message, MP_SASL_KVSEP, len) : NULL;
    int pair;

    /* the name may hold what values of other pairs may not: UTF-8 */
    if (!end || !mp_ascii_begins(message, len, "user="))
        return MAILPROTO_ERR_PROTOCOL;
    who.name = (mailproto_text){message + 5, (size_t)(end - message) - 5};
    rest = (mailproto_text){end + 1, len - (size_t)(end - message) - 1};
    while ((pair = mp_sasl_oauth_pair(&rest, &key, &value)) > 0)
        if (mp_ascii_equal(key.ptr, key.len, "auth"))
            auth = value;
    if (pair || !who.name.len || mp_sasl_malformed(who.name.ptr, who.name.len))
        return MAILPROTO_ERR_PROTOCOL;
    return mp_sasl_oauth_check(s, &who, auth);
}

static int32_t server_next(struct mp_sasl_server *s, const char *message, size_t len)
{
    return message && !s->step ? begun(s, message, len) : mp_sasl_oauth_next(s, "401");
}

const struct mp_sasl_server_mechanism mp_sasl_xoauth2_server = {MAILPROTO_SASL_XOAUTH2, MP_SASL_CLIENT_FIRST,
                                                                server_next};
