/* other.c - the host's own mechanisms (GSSAPI, NTLM, ...): each message is a request to the host.
 * RFC 4422 section 3. */
#include <string.h>

#include "sasl/client.h"
#include "sasl/password.h"

/* What is asked of the host, with room for what it will answer. */
static int32_t ask(struct mp_sasl_rooms *rooms, mailproto_text *kept, const char *message, size_t len, uint32_t most)
{
    char *place = NULL;

    if (message) {
        place = mp_sasl_room(rooms, MP_SASL_ROOM_MESSAGE, len + 1);
        if (!place)
            return MAILPROTO_ERR_NOMEM;
        if (len)
            memcpy(place, message, len);
    }
    *kept = (mailproto_text){place, len};
    if (!mp_sasl_room(rooms, MP_SASL_ROOM_HOST, (size_t)most + 2 * MP_SASL_NAME_MAX + 1))
        return MAILPROTO_ERR_NOMEM;
    return MAILPROTO_SASL_STEP;
}

/* What it answered, one text behind the other. NULL is told from empty: there is no message. */
static mailproto_text keep(char **place, mailproto_text text)
{
    mailproto_text kept = {text.ptr ? *place : NULL, text.len};

    if (text.len)
        memcpy(*place, text.ptr, text.len);
    *place += text.len;
    return kept;
}

static int32_t read_step(mailproto_sasl_stepped *own, const mailproto_sasl_stepped *stepped, uint32_t most)
{
    if (!stepped || mp_struct_copy(own, sizeof *own, stepped) || own->result > MAILPROTO_SASL_STEP_FAIL ||
        mp_sasl_malformed(own->authorization.ptr, own->authorization.len) ||
        mp_sasl_malformed(own->name.ptr, own->name.len) || (!own->message.ptr && own->message.len))
        return MAILPROTO_ERR_ARG;
    return own->message.len > most || own->authorization.len > MP_SASL_NAME_MAX || own->name.len > MP_SASL_NAME_MAX
               ? MAILPROTO_ERR_LIMIT
               : MAILPROTO_OK;
}

/* ---- client ---- */

int32_t mp_sasl_client_take_step(struct mp_sasl_client *c, const mailproto_sasl_stepped *stepped)
{
    char *place = c->rooms.room[MP_SASL_ROOM_HOST].p;
    mailproto_sasl_stepped own;
    int32_t result;

    if (c->state != MAILPROTO_SASL_STEP)
        return MAILPROTO_ERR_STATE;
    result = read_step(&own, stepped, c->settings->config.max_message);
    if (result)
        return result;
    c->stepped = own.result + 1;
    c->message = keep(&place, own.message);
    return MAILPROTO_OK;
}

static int32_t client_next(struct mp_sasl_client *c, const char *challenge, size_t len)
{
    uint32_t stepped = c->stepped;

    c->stepped = 0;
    if (c->complete)
        return MAILPROTO_ERR_PROTOCOL;
    if (challenge || c->state != MAILPROTO_SASL_STEP) {
        c->step++;
        return ask(&c->rooms, &c->message, challenge, len, c->settings->config.max_message);
    }
    if (!stepped || stepped == MAILPROTO_SASL_STEP_FAIL + 1) {
        c->text = "the host broke the exchange off";
        return MAILPROTO_ERR_AUTH;
    }
    c->complete = stepped == MAILPROTO_SASL_STEP_DONE + 1;
    return MAILPROTO_SASL_SEND;
}

const struct mp_sasl_client_mechanism mp_sasl_other_client = {.bit = MAILPROTO_SASL_OTHER,
                                                              .flags = MP_SASL_INITIAL | MP_SASL_AS,
                                                              .next = client_next};

/* ---- server ---- */

int32_t mp_sasl_server_take_step(struct mp_sasl_server *s, const mailproto_sasl_stepped *stepped)
{
    char *place = s->rooms.room[MP_SASL_ROOM_HOST].p;
    mailproto_sasl_stepped own;
    int32_t result;

    if (s->state != MAILPROTO_SASL_STEP)
        return MAILPROTO_ERR_STATE;
    result = read_step(&own, stepped, s->settings->config.max_message);
    if (result)
        return result;
    s->stepped = own.result + 1;
    s->message = keep(&place, own.message);
    s->who.authorization = keep(&place, own.authorization);
    s->who.name = keep(&place, own.name);
    return MAILPROTO_OK;
}

static int32_t stepped(struct mp_sasl_server *s)
{
    uint32_t what = s->stepped;

    s->stepped = 0;
    if (!what)
        return MAILPROTO_ERR_HOST;
    if (what == MAILPROTO_SASL_STEP_SEND + 1)
        return MAILPROTO_SASL_SEND;
    s->message = (mailproto_text){NULL, 0};
    s->outcome = what == MAILPROTO_SASL_STEP_DONE + 1 ? MAILPROTO_SASL_PROVEN : MAILPROTO_SASL_REFUSED;
    return MAILPROTO_SASL_AUTH;
}

static int32_t server_next(struct mp_sasl_server *s, const char *message, size_t len)
{
    if (!message && s->state == MAILPROTO_SASL_STEP)
        return stepped(s);
    if (!message && s->state == MAILPROTO_SASL_AUTH)
        return mp_sasl_decided(s);
    s->step++;
    return ask(&s->rooms, &s->message, message, len, s->settings->config.max_message);
}

const struct mp_sasl_server_mechanism mp_sasl_other_server = {MAILPROTO_SASL_OTHER, MP_SASL_LOGIN_FIRST, server_next};
