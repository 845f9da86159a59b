/* client_auth.c - AUTH: the exchange of a SASL mechanism, message by message.
 * RFC 5034 section 4; docs/design/sasl.md for the exchange. */
#include <string.h>

#include "mime/base64.h"
#include "pop3/client.h"

enum { GIVEN = 1 };

static void drop_challenge(struct mailproto_pop3_client *c)
{
    if (c->challenge)
        mp_wipe(c->challenge, c->challenge_size);
    mp_free(&c->base.allocator, c->challenge, c->challenge_size);
    c->challenge = NULL;
    c->challenge_size = 0;
}

void mp_pop3_end_exchange(struct mailproto_pop3_client *c)
{
    drop_challenge(c);
    mp_sasl_client_end(c->exchange);
    c->exchange = NULL;
}

void mp_pop3_forget_sasl(struct mailproto_pop3_client *c)
{
    mp_sasl_channel_forget(&c->channel, &c->base.allocator);
    mp_sasl_client_settings_free(c->sasl, &c->base.allocator);
    c->sasl = NULL;
}

/* ---- what is sent ---- */

/* All was said: what a mechanism may still answer is made of nothing. */
static void forget_credentials(struct mp_sasl_client *x)
{
    mp_wipe(x->credentials, sizeof x->credentials);
    mp_wipe(&x->derive, sizeof x->derive);
    mp_sasl_rooms_free(&x->rooms);
    x->message = (mailproto_text){NULL, 0};
}

/* Behind `words`, in base64. */
static void send_message(struct mailproto_pop3_client *c, const char *words, mailproto_text name,
                         mailproto_text message)
{
    size_t n = strlen(words);
    uint8_t *to = mp_out_reserve(&c->base, n + name.len + 1 + mp_base64_encoded_size(message.len) + 2);

    if (!to) {
        mp_engine_nomem(&c->base);
        return;
    }
    memcpy(to, words, n);
    if (name.len) {
        memcpy(to + n, name.ptr, name.len);
        n += name.len;
        to[n++] = ' ';
    }
    if (message.len)
        n += mp_base64_encode((char *)to + n, message.ptr, message.len);
    else if (name.len)
        to[n++] = '='; /* an empty one is not left out (RFC 5034 4) */
    memcpy(to + n, "\r\n", 2);
    mp_out_commit(&c->base, n + 2, MAILPROTO_TRACE_PRIVATE);
    c->said = 1;
    if (c->exchange->complete)
        forget_credentials(c->exchange);
}

/* The first message goes with AUTH if the line stays within 255 octets (RFC 5034 4). Else it waits for the first challenge. */
static void send_auth(struct mailproto_pop3_client *c, mailproto_text message)
{
    mailproto_text name = mp_sasl_client_name(c->exchange);

    c->auth_sent = 1;
    if (message.ptr && 5 + name.len + 1 + mp_base64_encoded_size(message.len) + 2 <= MP_POP3_COMMAND_MAX) {
        send_message(c, "AUTH ", name, message);
    } else {
        c->message_waits = message.ptr != NULL;
        mp_pop3_send_line(c, "AUTH ", name, MAILPROTO_TRACE_LINE);
    }
}

/* The exchange cannot go on: said to the server, whose -ERR is the end of it. */
static void cancel(struct mailproto_pop3_client *c, int32_t why, const char *text)
{
    c->end_why = why;
    c->end_text = text ? text : "the login was broken off";
    mp_pop3_end_exchange(c);
    if (!c->auth_sent) {
        mp_pop3_give_up(c, c->end_why, c->end_text);
        return;
    }
    c->cancelled = 1;
    (void)mp_out_literal(&c->base, "*\r\n");
}

static void ask(struct mailproto_pop3_client *c, uint32_t type)
{
    struct mp_request *r = mp_request_open(&c->base, type, 0);
    size_t size;

    if (!r)
        return;
    size = mp_sasl_client_payload(c->exchange, &c->payload.sasl);
    mp_raise(&c->base, &c->payload.sasl, size, type, r->token);
}

/* What the exchange answered. */
static void moved(struct mailproto_pop3_client *c, int32_t state)
{
    if (state == MAILPROTO_SASL_DERIVE)
        ask(c, MAILPROTO_POP3_CLIENT_DERIVE);
    else if (state == MAILPROTO_SASL_STEP)
        ask(c, MAILPROTO_POP3_CLIENT_STEP);
    else if (state == MAILPROTO_ERR_NOMEM)
        mp_engine_nomem(&c->base);
    else if (state != MAILPROTO_SASL_SEND)
        cancel(c, state, c->exchange->text);
    else if (!c->auth_sent)
        send_auth(c, c->exchange->message);
    else
        send_message(c, "", (mailproto_text){NULL, 0}, c->exchange->message);
}

/* ---- what the host answers ---- */

void mp_pop3_exchange_answered(struct mailproto_pop3_client *c, const struct mp_request *r)
{
    if (r->code == GIVEN)
        moved(c, mp_sasl_client_next(c->exchange, NULL, 0));
    else
        cancel(c, MAILPROTO_ERR_AUTH, "the host broke the login off");
}

static int32_t taken(struct mailproto_pop3_client *c, struct mp_request *r, int32_t result)
{
    if (result)
        return result;
    r->code = GIVEN;
    mp_request_answered(&c->base, r, 0);
    return MAILPROTO_OK;
}

int32_t mailproto_pop3_client_derived(mailproto_pop3_client *client, uint64_t token, const void *key, size_t len)
{
    struct mp_request *r;

    if (!client)
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&client->base, token, MAILPROTO_POP3_CLIENT_DERIVE);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    return taken(client, r, mp_sasl_derive_take(&client->exchange->derive, key, len));
}

int32_t mailproto_pop3_client_step(mailproto_pop3_client *client, uint64_t token, const mailproto_sasl_stepped *stepped)
{
    struct mp_request *r;

    if (!client)
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&client->base, token, MAILPROTO_POP3_CLIENT_STEP);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    return taken(client, r, mp_sasl_client_take_step(client->exchange, stepped));
}

/* ---- what the server says ---- */

/* What follows the "+", out of base64: 1; 0: it is none; -1: no memory, the session is ending. */
static int decode(struct mailproto_pop3_client *c, const struct mp_line *line, size_t *len)
{
    const char *text = line->ptr + 1;
    size_t n = line->len - 1;

    if (n && text[0] == ' ') {
        text++;
        n--;
    }
    drop_challenge(c);
    c->challenge_size = mp_base64_decoded_max(n) + 1;
    c->challenge = mp_alloc(&c->base.allocator, c->challenge_size);
    if (!c->challenge) {
        c->challenge_size = 0;
        mp_engine_nomem(&c->base);
        return -1;
    }
    return !mp_base64_decode(c->challenge, c->challenge_size, text, n, len);
}

static void challenged(struct mailproto_pop3_client *c, const struct mp_line *line)
{
    size_t len;
    int got;

    if (c->cancelled) {
        mp_engine_end(&c->base, MAILPROTO_ERR_PROTOCOL, "the server goes on with an AUTH that was cancelled");
        return;
    }
    got = decode(c, line, &len);
    if (got < 0)
        return;
    c->challenges = 1;
    if (!got) {
        cancel(c, MAILPROTO_ERR_PROTOCOL, "the server's challenge is not base64");
    } else if (c->message_waits) {
        c->message_waits = 0;
        send_message(c, "", (mailproto_text){NULL, 0}, c->exchange->message);
    } else {
        moved(c, mp_sasl_client_next(c->exchange, c->challenge, len));
    }
}

/* Success that SCRAM's server has not proven is worse than none: who says so need not know the password. */
static void accepted(struct mailproto_pop3_client *c)
{
    if (!c->cancelled && c->exchange->complete)
        mp_pop3_logged_in(c);
    else if (c->mechanism & (MAILPROTO_SASL_SCRAM | MAILPROTO_SASL_SCRAM_PLUS))
        mp_engine_end(&c->base, MAILPROTO_ERR_AUTH, "the server did not prove that it knows the password");
    else
        mp_engine_end(&c->base, MAILPROTO_ERR_PROTOCOL, "the server accepted a login that was not complete");
}

/* Whether -ERR may mean that there is no such mechanism: it is the answer to AUTH, has no code that says something else, and
   the server cannot have judged a secret, for it has not been told one. */
static int unknown_mechanism(const struct mailproto_pop3_client *c)
{
    return c->response.resp_code == MAILPROTO_POP3_RESP_NONE && !c->challenges && !(c->said && c->exchange->complete);
}

static void refused(struct mailproto_pop3_client *c)
{
    if (c->cancelled) {
        mp_pop3_raise_refused(c, MAILPROTO_POP3_STAGE_LOGIN);
        mp_pop3_give_up(c, c->end_why, c->end_text);
    } else if (unknown_mechanism(c)) {
        c->refusals = 1;
        mp_pop3_raise_refused(c, MAILPROTO_POP3_STAGE_LOGIN);
        mp_pop3_forget_secret(c);
        mp_pop3_enter(c, MP_POP3_AT_LOGIN);
    } else {
        mp_pop3_login_refused(c);
    }
}

static void begin(struct mailproto_pop3_client *c)
{
    c->sent = 1;
    c->auth_sent = c->message_waits = c->said = c->challenges = c->cancelled = 0;
    if (c->exchange->mechanism->flags & MP_SASL_INITIAL)
        moved(c, mp_sasl_client_next(c->exchange, NULL, 0));
    else
        send_auth(c, (mailproto_text){NULL, 0});
}

int mp_pop3_auth_step(struct mailproto_pop3_client *c)
{
    struct mp_line line;

    if (!c->sent) {
        begin(c);
        return 1;
    }
    if (!mp_pop3_status(c, &line))
        return c->base.ending;
    if (c->response.status == MAILPROTO_POP3_NO_REPLY)
        challenged(c, &line);
    else if (c->response.status == MAILPROTO_POP3_OK)
        accepted(c);
    else
        refused(c);
    return 1;
}
