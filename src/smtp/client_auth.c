/* client_auth.c - AUTH: the host is asked for credentials, they are said once, and wiped.
 * RFC 4954 section 4; RFC 4616 (PLAIN); draft-murchison-sasl-login. */
#include <string.h>

#include "mime/base64.h"
#include "sasl/sasl.h"
#include "smtp/client.h"

enum {
    AUTH_LINE_MAX = 512,                     /* an initial response may not make the command longer (RFC 4954 4) */
    PLAIN_MAX = MP_CLIENT_SECRET_MAX + 2,    /* the message, before base64 */
    MECHANISM_LINE_MAX = sizeof "AUTH PLAIN" /* the longest of them, with a space behind it */
};

void mp_client_wipe_secret(struct mailproto_smtp_client *c)
{
    if (!c->auth.secret)
        return;
    mp_wipe(c->auth.secret, MP_CLIENT_SECRET_MAX);
    mp_free(&c->base.allocator, c->auth.secret, MP_CLIENT_SECRET_MAX);
    c->auth.secret = NULL;
}

/* ---- which mechanism ---- */

static uint32_t usable(const struct mailproto_smtp_client *c)
{
    if (c->base.tls != MP_TLS_ON && !(c->config.flags & MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH))
        return 0;
    return c->config.mechanisms & c->peer.mechanisms & ~c->auth.tried;
}

static const char *why_none(const struct mailproto_smtp_client *c)
{
    if (c->auth.tried)
        return "the server refused the credentials";
    if (c->config.mechanisms & c->peer.mechanisms)
        return "there is no TLS to protect the credentials";
    return "the server offers no usable mechanism";
}

void mp_client_begin_auth(struct mailproto_smtp_client *c)
{
    uint32_t mechanisms = usable(c);

    mp_client_wipe_secret(c);
    if (mechanisms) {
        c->auth.mechanism = mechanisms & (~mechanisms + 1); /* their order is that of the bits */
        c->auth.next = MP_AUTH_ASK;
        c->auth.said = c->auth.cancelled = 0;
        mp_client_enter(c, MP_CLIENT_AUTH);
    } else if (c->auth.tried || c->config.flags & MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED) {
        mp_client_give_up(c, MAILPROTO_SMTP_STAGE_AUTH, MAILPROTO_ERR_AUTH, why_none(c));
    } else {
        mp_client_enter(c, MP_CLIENT_READY);
    }
}

/* ---- asking the host ---- */

static void ask(struct mailproto_smtp_client *c)
{
    struct mp_request *r;

    c->auth.secret = mp_alloc_zero(&c->base.allocator, MP_CLIENT_SECRET_MAX);
    if (!c->auth.secret) {
        mp_engine_nomem(&c->base);
        return;
    }
    r = mp_request_open(&c->base, MAILPROTO_SMTP_CLIENT_CREDENTIALS, 0);
    if (!r)
        return;
    c->auth.next = MP_AUTH_WAIT;
    c->event.credentials =
        (mailproto_smtp_credentials){.mechanism = c->auth.mechanism, .tls = c->base.tls == MP_TLS_ON};
    mp_raise(&c->base, &c->event.credentials, sizeof c->event.credentials, MAILPROTO_SMTP_CLIENT_CREDENTIALS, r->token);
}

static struct mp_sasl_identity identity(const struct mailproto_smtp_client *c)
{
    const struct mp_client_auth *auth = &c->auth;
    const char *name = auth->secret + auth->authorization_len;

    return (struct mp_sasl_identity){
        .authorization = {auth->secret, auth->authorization_len},
        .name = {name, auth->name_len},
        .password = {name + auth->name_len, auth->password_len},
    };
}

static char *put(char *to, mailproto_text text)
{
    if (text.len)
        memcpy(to, text.ptr, text.len);
    return to + text.len;
}

/* LOGIN has no word for acting as somebody else. */
static int can_say(uint32_t mechanism, const struct mp_sasl_identity *who)
{
    mailproto_text acts_as = who->authorization, name = who->name;

    if (!mp_sasl_plain_size(who))
        return 0;
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
    if (authorization_len > MP_CLIENT_SECRET_MAX || name_len > MP_CLIENT_SECRET_MAX ||
        authorization_len + name_len > MP_CLIENT_SECRET_MAX ||
        password_len > MP_CLIENT_SECRET_MAX - authorization_len - name_len)
        return MAILPROTO_ERR_LIMIT;
    auth = &client->auth;
    if (!can_say(auth->mechanism, &who))
        return MAILPROTO_ERR_ARG;
    put(put(put(auth->secret, who.authorization), who.name), who.password);
    auth->authorization_len = (uint16_t)authorization_len;
    auth->name_len = (uint16_t)name_len;
    auth->password_len = (uint16_t)password_len;
    r->code = 1;
    mp_request_answered(&client->base, r, 0);
    return MAILPROTO_OK;
}

void mp_client_auth_answered(struct mailproto_smtp_client *c, const struct mp_request *r)
{
    if (c->phase != MP_CLIENT_AUTH)
        return;
    if (r->code) {
        c->auth.next = MP_AUTH_COMMAND;
        return;
    }
    mp_client_wipe_secret(c);
    if (c->auth.tried || c->config.flags & MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED)
        mp_client_give_up(c, MAILPROTO_SMTP_STAGE_AUTH, MAILPROTO_ERR_AUTH,
                          c->auth.tried ? why_none(c) : "the host gave no credentials");
    else
        mp_client_enter(c, MP_CLIENT_READY);
}

/* ---- what is said ---- */

/* Puts `line` and the base64 of a secret. */
static void say_secret(struct mailproto_smtp_client *c, const char *line, const char *secret, size_t n)
{
    size_t line_len = strlen(line), total = line_len + mp_base64_encoded_size(n) + 2;
    uint8_t *out = mp_out_reserve(&c->base, total);

    if (!out) {
        mp_engine_nomem(&c->base);
        return;
    }
    memcpy(out, line, line_len);
    mp_base64_encode((char *)out + line_len, secret, n);
    memcpy(out + total - 2, "\r\n", 2);
    mp_out_commit(&c->base, total, MAILPROTO_TRACE_PRIVATE);
    mp_client_await(c);
}

static void say_plain(struct mailproto_smtp_client *c, const char *line)
{
    struct mp_sasl_identity who = identity(c);
    char message[PLAIN_MAX];
    size_t n = mp_sasl_plain_build(message, &who);

    say_secret(c, line, message, n);
    mp_wipe(message, n);
    c->auth.said = 1;
}

static int fits_the_command(const struct mailproto_smtp_client *c)
{
    struct mp_sasl_identity who = identity(c);

    return MECHANISM_LINE_MAX + mp_base64_encoded_size(mp_sasl_plain_size(&who)) + 2 <= AUTH_LINE_MAX;
}

static void say_command(struct mailproto_smtp_client *c)
{
    if (c->auth.mechanism == MAILPROTO_SASL_LOGIN)
        mp_client_say(c, "AUTH LOGIN", NULL, 0);
    else if (fits_the_command(c))
        say_plain(c, "AUTH PLAIN ");
    else
        mp_client_say(c, "AUTH PLAIN", NULL, 0);
}

static void say_response(struct mailproto_smtp_client *c)
{
    struct mp_sasl_identity who = identity(c);
    mailproto_text text = {"", 0};

    if (c->auth.mechanism == MAILPROTO_SASL_PLAIN) {
        say_plain(c, "");
        return;
    }
    mp_sasl_login_respond(c->auth.said, &who, &text);
    say_secret(c, "", text.ptr, text.len);
    c->auth.said++;
}

static void say_cancel(struct mailproto_smtp_client *c)
{
    mp_client_wipe_secret(c);
    c->auth.cancelled = 1;
    mp_client_say(c, "*", NULL, 0);
}

int mp_client_auth_move(struct mailproto_smtp_client *c)
{
    uint8_t next = c->auth.next;

    if (c->outstanding || next == MP_AUTH_WAIT)
        return 0;
    c->auth.next = MP_AUTH_WAIT;
    if (next == MP_AUTH_ASK)
        ask(c);
    else if (next == MP_AUTH_COMMAND)
        say_command(c);
    else if (next == MP_AUTH_RESPONSE)
        say_response(c);
    else
        say_cancel(c);
    return 1;
}

/* ---- what is heard ---- */

static uint32_t responses(const struct mailproto_smtp_client *c)
{
    return c->auth.mechanism == MAILPROTO_SASL_LOGIN ? MP_SASL_LOGIN_STEPS : 1;
}

/* 334: on with the mechanism, if there is something to say and the challenge is one. */
static void challenged(struct mailproto_smtp_client *c)
{
    struct mp_client_reply *reply = &c->reply;
    size_t n;

    if (c->auth.cancelled) {
        mp_client_broken(c, "the server goes on with an AUTH that was cancelled");
    } else if (reply->code != 334 || c->auth.said == responses(c) ||
               (reply->len && mp_base64_decode(reply->text, reply->len, reply->text, reply->len, &n))) {
        c->auth.next = MP_AUTH_CANCEL;
    } else {
        c->auth.next = MP_AUTH_RESPONSE;
    }
}

void mp_client_auth_reply(struct mailproto_smtp_client *c)
{
    uint32_t class = c->reply.code / 100;

    if (class == 3) {
        challenged(c);
    } else if (class == 2 && !c->auth.cancelled && c->auth.said == responses(c)) {
        mp_client_wipe_secret(c);
        c->authenticated = 1;
        mp_client_enter(c, MP_CLIENT_READY);
    } else if (class == 2) {
        mp_client_broken(c, "the server accepts an AUTH that was not completed");
    } else if (class == 4) {
        mp_client_give_up(c, MAILPROTO_SMTP_STAGE_AUTH, MAILPROTO_ERR_AUTH, "the server cannot authenticate now");
    } else {
        c->auth.tried |= c->auth.mechanism;
        if (c->reply.code ==
            535) /* the credentials: with another mechanism they are as wrong, and count as another guess */
            c->auth.tried = UINT32_MAX;
        mp_client_begin_auth(c);
    }
}
