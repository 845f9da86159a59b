/* client_auth.c - AUTH: the host is asked for credentials, they are said once, and wiped.
 * RFC 4954 section 4; RFC 4616 (PLAIN); draft-murchison-sasl-login. */
#include <string.h>

#include "mime/base64.h"
#include "sasl/sasl.h"
#include "smtp/client.h"

/* An initial response may not make the line longer than 512 octets (RFC 4954 4): "AUTH PLAIN ", base64, CRLF. */
enum { INITIAL_MAX = (512 - 13) / 4 * 3 };

void mp_client_wipe_secret(struct mailproto_smtp_client *c)
{
    if (!c->secret)
        return;
    mp_wipe(c->secret, MP_CLIENT_SECRET_ROOM);
    mp_free(&c->base.allocator, c->secret, MP_CLIENT_SECRET_ROOM);
    c->secret = NULL;
}

/* ---- which mechanism ---- */

/* There is no AUTH, or no other one: that is the end, if it was to be. */
static void go_without(struct mailproto_smtp_client *c, const char *text)
{
    mp_client_wipe_secret(c);
    if (c->auth.tried)
        text = "the server refused the credentials";
    if (c->auth.tried || c->flags & MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED)
        mp_client_give_up(c, MAILPROTO_ERR_AUTH, text);
    else
        mp_client_enter(c, MP_CLIENT_READY);
}

void mp_client_begin_auth(struct mailproto_smtp_client *c)
{
    uint32_t mechanisms = c->config.mechanisms & c->peer.peer_mechanisms & ~c->auth.tried;

    if (!mechanisms) {
        go_without(c, "the server offers no usable mechanism");
    } else if (c->base.tls != MP_TLS_ON && !(c->flags & MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH)) {
        go_without(c, "there is no TLS to protect the credentials");
    } else {
        mp_client_wipe_secret(c);
        c->auth.mechanism = mechanisms & (~mechanisms + 1); /* their order is that of the bits */
        c->auth.next = MP_AUTH_ASK;
        c->auth.said = c->auth.cancelled = 0;
        mp_client_enter(c, MP_CLIENT_AUTH);
    }
}

/* ---- asking the host ---- */

static void ask(struct mailproto_smtp_client *c)
{
    mailproto_smtp_credentials *event = &c->event.credentials;
    struct mp_request *r;

    c->secret = mp_alloc_zero(&c->base.allocator, MP_CLIENT_SECRET_ROOM);
    if (!c->secret) {
        mp_engine_nomem(&c->base);
        return;
    }
    r = mp_request_open(&c->base, MAILPROTO_SMTP_CLIENT_CREDENTIALS, 0);
    if (!r)
        return;
    event->mechanism = c->auth.mechanism;
    event->tls = c->base.tls == MP_TLS_ON;
    mp_client_raise(c, sizeof *event, MAILPROTO_SMTP_CLIENT_CREDENTIALS, r->token);
}

/* LOGIN has no word for acting as somebody else. */
static int can_say(uint32_t mechanism, const struct mp_sasl_identity *who)
{
    mailproto_text acts_as = who->authorization, name = who->name;

    return mechanism != MAILPROTO_SASL_LOGIN || !acts_as.len ||
           (acts_as.len == name.len && !memcmp(acts_as.ptr, name.ptr, name.len));
}

int32_t mailproto_smtp_client_credentials(mailproto_smtp_client *client, uint64_t token, const char *authorization,
                                          size_t authorization_len, const char *name, size_t name_len,
                                          const char *password, size_t password_len)
{
    const struct mp_sasl_identity who = {{authorization, authorization_len},
                                         {name, name_len},
                                         {password, password_len}};
    struct mp_client_auth *auth;
    struct mp_request *r;

    if (!client || (!authorization && authorization_len) || !name || !password)
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&client->base, token, MAILPROTO_SMTP_CLIENT_CREDENTIALS);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    if ((authorization_len | name_len | password_len) >= 2 * MP_CLIENT_SECRET_MAX ||
        authorization_len + name_len + password_len > MP_CLIENT_SECRET_MAX)
        return MAILPROTO_ERR_LIMIT;
    auth = &client->auth;
    if (!can_say(auth->mechanism, &who) || !mp_sasl_plain_build(client->secret, &who))
        return MAILPROTO_ERR_ARG;
    auth->ends[0] = (uint16_t)authorization_len;
    auth->ends[1] = (uint16_t)(authorization_len + 1 + name_len);
    auth->ends[2] = (uint16_t)(authorization_len + 1 + name_len + 1 + password_len);
    r->code = 1;
    mp_request_answered(&client->base, r, 0);
    return MAILPROTO_OK;
}

void mp_client_auth_answered(struct mailproto_smtp_client *c, const struct mp_request *r)
{
    if (r->code)
        c->auth.next = MP_AUTH_COMMAND;
    else
        go_without(c, "the host gave no credentials");
}

/* ---- what is said ---- */

static void say_response(struct mailproto_smtp_client *c, const char *line)
{
    const struct mp_client_auth *auth = &c->auth;
    uint32_t from = 0, to = auth->ends[2];

    if (auth->mechanism == MAILPROTO_SASL_LOGIN) {
        from = auth->ends[auth->said] + 1U;
        to = auth->ends[auth->said + 1];
    }
    c->auth.said++;
    mp_client_say(c, line, c->secret + from, to - from, MAILPROTO_TRACE_PRIVATE);
}

static void say_command(struct mailproto_smtp_client *c)
{
    if (c->auth.mechanism == MAILPROTO_SASL_LOGIN)
        mp_client_say_word(c, "AUTH LOGIN");
    else if (c->auth.ends[2] > INITIAL_MAX)
        mp_client_say_word(c, "AUTH PLAIN");
    else
        say_response(c, "AUTH PLAIN ");
}

int mp_client_auth_move(struct mailproto_smtp_client *c)
{
    uint8_t next = c->auth.next;

    if (c->outstanding || next == MP_AUTH_WAIT)
        return 0;
    c->auth.next = MP_AUTH_WAIT;
    if (next == MP_AUTH_ASK) {
        ask(c);
    } else if (next == MP_AUTH_COMMAND) {
        say_command(c);
    } else if (next == MP_AUTH_RESPONSE) {
        say_response(c, "");
    } else {
        mp_client_wipe_secret(c);
        c->auth.cancelled = 1;
        mp_client_say_word(c, "*");
    }
    return 1;
}

/* ---- what is heard ---- */

/* 334: on with the mechanism, if there is something to say and the challenge is one. */
MP_OUTLINE static void challenged(struct mailproto_smtp_client *c, int complete)
{
    struct mp_client_reply *reply = &c->reply;
    size_t n;

    if (c->auth.cancelled)
        mp_client_broken(c, "the server goes on with an AUTH that was cancelled");
    else if (reply->code != 334 || complete || mp_base64_decode(reply->text, reply->len, reply->text, reply->len, &n))
        c->auth.next = MP_AUTH_CANCEL;
    else
        c->auth.next = MP_AUTH_RESPONSE;
}

void mp_client_auth_reply(struct mailproto_smtp_client *c)
{
    int complete = c->auth.said == (c->auth.mechanism == MAILPROTO_SASL_LOGIN ? 2 : 1);

    if (c->reply.class == 3) {
        challenged(c, complete);
    } else if (c->reply.class == 2 && !c->auth.cancelled && complete) {
        mp_client_wipe_secret(c);
        c->authenticated = 1;
        mp_client_enter(c, MP_CLIENT_READY);
    } else if (c->reply.class == 2) {
        mp_client_broken(c, "the server accepts an AUTH that was not completed");
    } else if (c->reply.class == 4) {
        mp_client_give_up(c, MAILPROTO_ERR_AUTH, "the server cannot authenticate now");
    } else {
        c->auth.tried |= c->auth.mechanism;
        if (c->reply.code == 535) /* with another mechanism they are as wrong, and count as another guess */
            c->auth.tried = UINT32_MAX;
        mp_client_begin_auth(c);
    }
}
