/* client_auth.c - AUTH: the host is asked for credentials, and the mechanism says them, one message after another.
 * RFC 4954 section 4; docs/design/sasl.md. */
#include <string.h>

#include "smtp/client.h"

void mp_client_end_login(struct mailproto_smtp_client *c)
{
    mp_sasl_client_end(c->auth.login);
    c->auth.login = NULL;
}

/* ---- which mechanism ---- */

/* There is no AUTH, or no other one: that is the end, if it was to be. */
static void go_without(struct mailproto_smtp_client *c, const char *text)
{
    mp_client_end_login(c);
    if (c->auth.tried)
        text = "the server refused the credentials";
    if (c->auth.tried || c->flags & MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED)
        mp_client_give_up(c, MAILPROTO_ERR_AUTH, text);
    else
        mp_client_enter(c, MP_CLIENT_READY);
}

void mp_client_begin_auth(struct mailproto_smtp_client *c)
{
    uint32_t tls = c->base.tls == MP_TLS_ON, offered = c->peer.peer_mechanisms;
    uint32_t mechanisms = c->config.mechanisms & offered & ~c->auth.tried;
    const char *text = "the server offers no usable mechanism";
    int32_t result;

    if (mechanisms & MAILPROTO_SASL_CLEARTEXT && !tls && !(c->flags & MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH)) {
        mechanisms &= ~(uint32_t)MAILPROTO_SASL_CLEARTEXT;
        text = "there is no TLS to protect the credentials";
    }
    mp_client_end_login(c);
    c->auth.next = MAILPROTO_SASL_CREDENTIALS;
    c->auth.begun = 0;
    result = mp_sasl_client_start(&c->auth.login, mp_client_sasl(c), mechanisms, offered, &c->base.allocator);
    if (!result)
        mp_client_enter(c, MP_CLIENT_AUTH);
    else if (result == MAILPROTO_ERR_NOMEM)
        mp_engine_nomem(&c->base);
    else
        go_without(c, text);
}

/* ---- asking the host ---- */

/* For credentials, or for what the mechanism waits for: the types of these requests lie as its states do. */
static void ask(struct mailproto_smtp_client *c, uint32_t state)
{
    uint32_t type = MAILPROTO_SMTP_CLIENT_CREDENTIALS;
    size_t size = sizeof c->event.credentials;
    struct mp_request *r;

    if (state == MAILPROTO_SASL_CREDENTIALS) {
        c->event.credentials.mechanism = c->auth.login->mechanism->bit;
        c->event.credentials.tls = c->base.tls == MP_TLS_ON;
    } else {
        type = MAILPROTO_SMTP_CLIENT_DERIVE - MAILPROTO_SASL_DERIVE + state;
        size = mp_sasl_client_payload(c->auth.login, &c->event.sasl);
    }
    r = mp_request_open(&c->base, type, 0);
    if (r)
        mp_client_raise(c, size, type, r->token);
}

/* An answer to a request, whose result is `result`. */
static int32_t answered(struct mailproto_smtp_client *c, struct mp_request *r, int32_t result)
{
    if (!result) {
        r->code = 1;
        mp_request_answered(&c->base, r, 0);
    }
    return result;
}

int32_t mailproto_smtp_client_credentials(mailproto_smtp_client *client, uint64_t token, const char *authorization,
                                          size_t authorization_len, const char *name, size_t name_len,
                                          const char *password, size_t password_len)
{
    const struct mp_sasl_identity who = {{authorization, authorization_len},
                                         {name, name_len},
                                         {password, password_len}};
    struct mp_request *r;

    if (!client)
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&client->base, token, MAILPROTO_SMTP_CLIENT_CREDENTIALS);
    return r ? answered(client, r, mp_sasl_client_give(client->auth.login, &who)) : MAILPROTO_ERR_TOKEN;
}

int32_t mailproto_smtp_client_derived(mailproto_smtp_client *client, uint64_t token, const void *key, size_t len)
{
    struct mp_request *r;

    if (!client)
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&client->base, token, MAILPROTO_SMTP_CLIENT_DERIVE);
    return r ? answered(client, r, mp_sasl_derive_take(&client->auth.login->derive, key, len)) : MAILPROTO_ERR_TOKEN;
}

int32_t mailproto_smtp_client_step(mailproto_smtp_client *client, uint64_t token, const mailproto_sasl_stepped *stepped)
{
    mailproto_sasl_stepped own;
    struct mp_request *r;

    if (!client || mp_struct_copy(&own, sizeof own, stepped))
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&client->base, token, MAILPROTO_SMTP_CLIENT_STEP);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    if (own.message.len > MP_CLIENT_RESPONSE_MAX)
        return MAILPROTO_ERR_LIMIT;
    return answered(client, r, mp_sasl_client_take_step(client->auth.login, &own));
}

/* Of DERIVE: the provider does it. */
int32_t mp_client_use_default(struct mp_engine *e, struct mp_request *r)
{
    r->code = r->type == MAILPROTO_SMTP_CLIENT_DERIVE;
    return mp_client_refuse(e, r);
}

/* ---- moving ---- */

/* `next` is the state of the mechanism, or that it cannot go on: then the exchange is cancelled. */
static void move(struct mailproto_smtp_client *c, const char *challenge, size_t len)
{
    int32_t state = mp_sasl_client_next(c->auth.login, challenge, len);

    c->auth.next = MAILPROTO_SASL_FAILURE;
    if (state > 0)
        c->auth.next = (uint8_t)state;
    else if (state == MAILPROTO_ERR_NOMEM)
        mp_engine_nomem(&c->base);
}

/* Without an answer the exchange is cancelled, or not begun. */
void mp_client_auth_answered(struct mailproto_smtp_client *c, const struct mp_request *r)
{
    c->auth.next = MAILPROTO_SASL_FAILURE;
    if (!r->code)
        return;
    if (r->type == MAILPROTO_SMTP_CLIENT_CREDENTIALS && !(c->auth.login->mechanism->flags & MP_SASL_INITIAL))
        c->auth.next = MAILPROTO_SASL_SEND; /* the name alone */
    else
        move(c, NULL, 0);
}

/* ---- what is said ---- */

/* An initial response may not make the line longer than 512 octets (RFC 4954 4): "AUTH ", a name, a space, base64, CRLF. */
enum { NAME_MAX = 20, INITIAL_MAX = (512 - 8 - NAME_MAX) / 4 * 3 };

/* All of it is private, for what a mechanism says is. */
static void say_response(struct mailproto_smtp_client *c)
{
    mailproto_text name, message = c->auth.login->message;
    char line[5 + NAME_MAX + 3] = "AUTH ";

    if (c->auth.begun) {
        line[0] = '\0';
    } else {
        c->auth.begun = 1;
        name = mp_sasl_client_name(c->auth.login);
        memcpy(line + 5, name.ptr, name.len);
        c->auth.waits = message.len > INITIAL_MAX;
        if (c->auth.waits)
            message.len = 0;
        else if (message.ptr)
            memcpy(line + 5 + name.len, message.len ? " " : " =", 2);
    }
    mp_client_say(c, line, message.ptr, message.len, MAILPROTO_TRACE_PRIVATE);
}

int mp_client_auth_move(struct mailproto_smtp_client *c)
{
    uint8_t next = c->auth.next;

    if (c->outstanding || !next)
        return 0;
    c->auth.next = 0;
    if (next == MAILPROTO_SASL_SEND) {
        say_response(c);
    } else if (next != MAILPROTO_SASL_FAILURE) {
        ask(c, next);
    } else if (c->auth.begun) {
        c->auth.cancelled = 1;
        mp_client_say_word(c, "*");
    } else {
        go_without(c, "there are no credentials to say");
    }
    return 1;
}

/* ---- what is heard ---- */

/* 334: on with the mechanism, if the challenge is one. */
MP_OUTLINE static void challenged(struct mailproto_smtp_client *c)
{
    struct mp_client_reply *reply = &c->reply;
    size_t n = reply->len;
    uint8_t waits = c->auth.waits;

    c->auth.waits = 0;
    c->auth.next = MAILPROTO_SASL_FAILURE;
    if (c->auth.cancelled)
        mp_client_broken(c, "the server goes on with an AUTH that was cancelled");
    else if (reply->code != 334 || (!(c->auth.login->mechanism->flags & MP_SASL_BLIND) &&
                                    mp_client_sasl(c)->ops->decode(reply->text, n, reply->text, n, &n)))
        return;
    else if (waits)
        c->auth.next = MAILPROTO_SASL_SEND;
    else
        move(c, reply->text, n);
}

/* The server knows the mechanism not, or not for this user (RFC 4954 4 and 6): another may do. Wrong credentials are as wrong
   with another, and count as another guess. */
static int refuses_mechanism(const struct mp_client_reply *reply)
{
    return reply->code == 504 || reply->code == 534;
}

void mp_client_auth_reply(struct mailproto_smtp_client *c)
{
    const struct mp_client_reply *reply = &c->reply;

    if (reply->class == 3) {
        challenged(c);
    } else if (reply->class == 2 && !c->auth.cancelled && c->auth.login->complete) {
        mp_client_end_login(c);
        c->authenticated = 1;
        mp_client_enter(c, MP_CLIENT_READY);
    } else if (reply->class == 2) {
        mp_engine_end(&c->base,
                      c->auth.login->mechanism->flags & MP_SASL_BLIND ? MAILPROTO_ERR_PROTOCOL : MAILPROTO_ERR_AUTH,
                      "the server accepts an AUTH that was not completed");
    } else if (reply->class == 4) {
        mp_client_give_up(c, MAILPROTO_ERR_AUTH, "the server cannot authenticate now");
    } else {
        c->auth.tried |= c->auth.login->mechanism->bit;
        if (c->auth.cancelled || !refuses_mechanism(reply))
            c->auth.tried = UINT32_MAX;
        mp_client_begin_auth(c);
    }
}
