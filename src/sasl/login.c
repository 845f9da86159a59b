/* login.c - the LOGIN mechanism: the server asks for a name, then for a password.
 * draft-murchison-sasl-login section 2; obsolete, and spoken by many clients all the same. */
#include "sasl/client.h"
#include "sasl/password.h"

static int32_t client_next(struct mp_sasl_client *c, const char *challenge, size_t len)
{
    uint32_t from = c->ends[c->step] + 1; /* behind the authorization, then behind the name */

    (void)challenge; /* whatever it says: the name is asked first */
    (void)len;
    if (c->complete)
        return MAILPROTO_ERR_PROTOCOL;
    c->complete = c->step++;
    c->message = (mailproto_text){c->credentials + from, c->ends[c->step] - from};
    return MAILPROTO_SASL_SEND;
}

const struct mp_sasl_client_mechanism mp_sasl_login_client = {
    .bit = MAILPROTO_SASL_LOGIN,
    .flags = MP_SASL_NAME | MP_SASL_PASSWORD | MP_SASL_BLIND,
    .next = client_next,
    .name = "LOGIN",
};

/* Some clients compare with these words. */
static int32_t ask(struct mp_sasl_server *s)
{
    s->message = s->step ? (mailproto_text){"Password:", 9} : (mailproto_text){"Username:", 9};
    return MAILPROTO_SASL_SEND;
}

/* The name is kept until the password is there. */
static int32_t keep_name(struct mp_sasl_server *s, const char *name, size_t len)
{
    char *kept = mp_sasl_room(&s->rooms, MP_SASL_ROOM_OWN, len);

    if (!kept)
        return MAILPROTO_ERR_NOMEM;
    memcpy(kept, name, len);
    s->step = 1;
    return ask(s);
}

static int32_t server_next(struct mp_sasl_server *s, const char *message, size_t len)
{
    struct mp_sasl_identity who = {{"", 0},
                                   {s->rooms.room[MP_SASL_ROOM_OWN].p, s->rooms.room[MP_SASL_ROOM_OWN].n},
                                   {message, len}};

    if (!message)
        return s->state == MAILPROTO_SASL_AUTH || s->state == MAILPROTO_SASL_DERIVE ? mp_sasl_password_next(s) : ask(s);
    if (!len || mp_sasl_malformed(message, len))
        return MAILPROTO_ERR_PROTOCOL;
    return s->step ? mp_sasl_password_check(s, &who) : keep_name(s, message, len);
}

const struct mp_sasl_server_mechanism mp_sasl_login_server = {MAILPROTO_SASL_LOGIN, MP_SASL_LOGIN_FIRST, server_next};
