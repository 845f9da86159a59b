/* prepare.c - names and passwords by SASLprep, for the mechanisms that hash them.
 * RFC 4013; RFC 5802 sections 2.2 and 5.1. */
#include "sasl/prepare.h"

#include "sasl/password.h"

/* OK with *made, or ERR_ARG, ERR_LIMIT. A prepared text may stop short for want of room: that is no fault of the text. */
static int32_t prepare(const struct mp_sasl_client *c, unsigned which, char *out, size_t cap, size_t *made)
{
    const mailproto_sasl_client_config *config = &c->settings->config;
    mailproto_text text = mp_sasl_client_text(c, which);
    int32_t result = config->prepare(text.ptr, text.len, 0, out, cap, made, config->prepare_user);

    if (result && result != MAILPROTO_ERR_LIMIT)
        return MAILPROTO_ERR_ARG;
    return *made > MP_SASL_NAME_MAX ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK;
}

int32_t mp_sasl_client_preparable(struct mp_sasl_client *c)
{
    size_t made;
    int32_t result = prepare(c, 1, NULL, 0, &made);

    return result ? result : prepare(c, 2, NULL, 0, &made);
}

int32_t mp_sasl_client_prepare(struct mp_sasl_client *c, mailproto_text *name, mailproto_text *password)
{
    char *room = mp_sasl_room(&c->rooms, MP_SASL_ROOM_IDENTITY, 2 * MP_SASL_NAME_MAX);
    int32_t result;

    if (!room)
        return MAILPROTO_ERR_NOMEM;
    name->ptr = room;
    password->ptr = room + MP_SASL_NAME_MAX;
    result = prepare(c, 1, room, MP_SASL_NAME_MAX, &name->len);
    return result ? result : prepare(c, 2, room + MP_SASL_NAME_MAX, MP_SASL_NAME_MAX, &password->len);
}

int32_t mp_sasl_server_prepare(struct mp_sasl_server *s, mailproto_text *password)
{
    char *room = mp_sasl_room(&s->rooms, MP_SASL_ROOM_HOST, MP_SASL_NAME_MAX);
    size_t made;

    if (!room)
        return MAILPROTO_ERR_NOMEM;
    if (password->len && !mp_sasl_prepared(s, *password, 0, room, &made))
        *password = (mailproto_text){room, made};
    return MAILPROTO_OK;
}
