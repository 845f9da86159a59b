/* client_login.c - the login: AUTH PLAIN and LOGIN, or USER and PASS, whichever comes first in the host's order.
 * RFC 1939 section 7 (USER, PASS); RFC 5034 section 4; RFC 4616. */
#include <string.h>

#include "mime/base64.h"
#include "pop3/client.h"

enum { CHALLENGE_MAX = 512, GIVEN = 1 };

void mp_pop3_forget_secret(struct mailproto_pop3_client *c)
{
    if (c->secret)
        mp_wipe(c->secret, MP_POP3_SECRET_MAX);
    mp_free(&c->base.allocator, c->secret, MP_POP3_SECRET_MAX);
    c->secret = NULL;
    c->identity = (struct mp_sasl_identity){0};
}

/* ---- which way ---- */

static int usable(const struct mailproto_pop3_client *c, uint32_t way)
{
    if (way == MAILPROTO_POP3_USER_PASS)
        return !c->capa_known || c->offers & MAILPROTO_POP3_CAPA_USER;
    return c->offers & MAILPROTO_POP3_CAPA_SASL && c->peer_mechanisms & way;
}

static uint32_t choose(const struct mailproto_pop3_client *c)
{
    for (size_t i = 0; i < MP_POP3_LOGINS && c->login[i]; i++)
        if (usable(c, c->login[i]))
            return c->login[i];
    return 0;
}

static int ask_step(struct mailproto_pop3_client *c)
{
    struct mp_request *r;

    if (c->base.tls != MP_TLS_ON && !(c->flags & MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN)) {
        mp_pop3_give_up(c, MAILPROTO_ERR_AUTH, "no TLS, and no login in clear text without leave");
        return 1;
    }
    c->mechanism = choose(c);
    if (!c->mechanism) {
        mp_pop3_give_up(c, MAILPROTO_ERR_AUTH, "the server offers none of the ways to log in");
        return 1;
    }
    c->secret = mp_alloc(&c->base.allocator, MP_POP3_SECRET_MAX);
    if (!c->secret)
        return mp_engine_nomem(&c->base);
    r = mp_request_open(&c->base, MAILPROTO_POP3_CLIENT_CREDENTIALS, 0);
    if (!r)
        return 1;
    c->payload.credentials = (mailproto_pop3_credentials){
        .mechanism = c->mechanism,
        .tls = c->base.tls == MP_TLS_ON,
    };
    mp_raise(&c->base, &c->payload.credentials, sizeof c->payload.credentials, MAILPROTO_POP3_CLIENT_CREDENTIALS,
             r->token);
    return 1;
}

/* ---- what the host gives ---- */

/* A text on the wire: as a command's argument, or inside of base64, never with a line end. */
static int clean(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\r' || text[i] == '\n' || text[i] == '\0')
            return 0;
    return 1;
}

static int fits_user_pass(const struct mp_sasl_identity *id)
{
    const size_t most = MP_POP3_COMMAND_MAX - 7; /* "USER ", CRLF */

    return id->name.len && id->name.len <= most && !memchr(id->name.ptr, ' ', id->name.len) && id->password.len &&
           id->password.len <= most && !id->authorization.len;
}

static int valid(uint32_t mechanism, const struct mp_sasl_identity *id)
{
    if (!clean(id->authorization.ptr, id->authorization.len) || !clean(id->name.ptr, id->name.len) ||
        !clean(id->password.ptr, id->password.len))
        return 0;
    if (mechanism == MAILPROTO_POP3_USER_PASS)
        return fits_user_pass(id);
    return (mechanism == MAILPROTO_SASL_PLAIN || !id->authorization.len) && mp_sasl_plain_size(id);
}

static mailproto_text keep(char **to, mailproto_text text)
{
    mailproto_text kept = {*to, text.len};

    if (text.len)
        memcpy(*to, text.ptr, text.len);
    *to += text.len;
    return kept;
}

int32_t mailproto_pop3_client_credentials(mailproto_pop3_client *client, uint64_t token, const char *authorization,
                                          size_t authorization_len, const char *name, size_t name_len,
                                          const char *password, size_t password_len)
{
    struct mp_sasl_identity id = {{authorization, authorization_len}, {name, name_len}, {password, password_len}};
    struct mp_request *r;
    char *to;

    if (!client || (authorization_len && !authorization) || (name_len && !name) || (password_len && !password))
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&client->base, token, MAILPROTO_POP3_CLIENT_CREDENTIALS);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    if (authorization_len > MP_POP3_SECRET_MAX || name_len > MP_POP3_SECRET_MAX || password_len > MP_POP3_SECRET_MAX ||
        authorization_len + name_len + password_len > MP_POP3_SECRET_MAX)
        return MAILPROTO_ERR_LIMIT;
    if (!valid(client->mechanism, &id))
        return MAILPROTO_ERR_ARG;
    to = client->secret;
    client->identity.authorization = keep(&to, id.authorization);
    client->identity.name = keep(&to, id.name);
    client->identity.password = keep(&to, id.password);
    r->code = GIVEN;
    mp_request_answered(&client->base, r, 0);
    return MAILPROTO_OK;
}

void mp_pop3_credentials_answered(struct mailproto_pop3_client *c, const struct mp_request *r)
{
    if (r->code != GIVEN) {
        mp_pop3_give_up(c, MAILPROTO_ERR_AUTH, "the host gave no credentials");
        return;
    }
    c->sasl_step = 0;
    mp_pop3_enter(c, c->mechanism == MAILPROTO_POP3_USER_PASS ? MP_POP3_AT_USER : MP_POP3_AT_AUTH);
}

/* ---- what is sent ---- */

/* Room for a line, or NULL: the session is ending. */
static uint8_t *line_room(struct mailproto_pop3_client *c, size_t n)
{
    uint8_t *to = mp_out_reserve(&c->base, n);

    if (!to)
        mp_engine_nomem(&c->base);
    return to;
}

static void send_line(struct mailproto_pop3_client *c, const char *keyword, mailproto_text argument, uint32_t kind)
{
    size_t n = strlen(keyword);
    uint8_t *to = line_room(c, n + argument.len + 2);

    if (!to)
        return;
    memcpy(to, keyword, n);
    if (argument.len)
        memcpy(to + n, argument.ptr, argument.len);
    memcpy(to + n + argument.len, "\r\n", 2);
    mp_out_commit(&c->base, n + argument.len + 2, kind);
}

static void send_base64(struct mailproto_pop3_client *c, const char *keyword, const char *text, size_t len)
{
    size_t n = strlen(keyword);
    uint8_t *to = line_room(c, n + mp_base64_encoded_size(len) + 2);

    if (!to)
        return;
    memcpy(to, keyword, n);
    n += mp_base64_encode((char *)to + n, text, len);
    memcpy(to + n, "\r\n", 2);
    mp_out_commit(&c->base, n + 2, MAILPROTO_TRACE_PRIVATE);
}

/* The message of PLAIN, behind `keyword`. */
static void send_plain(struct mailproto_pop3_client *c, const char *keyword)
{
    size_t n = mp_sasl_plain_size(&c->identity);
    char *message = mp_alloc(&c->base.allocator, n);

    if (!message) {
        mp_engine_nomem(&c->base);
        return;
    }
    mp_sasl_plain_build(message, &c->identity);
    send_base64(c, keyword, message, n);
    mp_wipe(message, n);
    mp_free(&c->base.allocator, message, n);
    mp_pop3_forget_secret(c);
}

/* The initial response goes with AUTH if the line stays within 255 octets (RFC 5034 4). */
static void send_auth(struct mailproto_pop3_client *c)
{
    size_t plain = c->mechanism == MAILPROTO_SASL_PLAIN ? mp_sasl_plain_size(&c->identity) : 0;

    if (plain && sizeof "AUTH PLAIN " + mp_base64_encoded_size(plain) + 1 <= MP_POP3_COMMAND_MAX) {
        c->sasl_step = 1;
        send_plain(c, "AUTH PLAIN ");
    } else {
        const char *name = mp_sasl_name(c->mechanism);

        send_line(c, "AUTH ", (mailproto_text){name, strlen(name)}, MAILPROTO_TRACE_LINE);
    }
}

/* ---- what the server says ---- */

static void logged_in(struct mailproto_pop3_client *c)
{
    mp_pop3_forget_secret(c);
    c->logged_in = 1;
    if (c->capa_known)
        mp_pop3_enter(c, MP_POP3_AT_CAPA); /* some capabilities differ now (RFC 2449 5) */
    else
        mp_pop3_enter(c, MP_POP3_AT_READY);
}

static void refused(struct mailproto_pop3_client *c)
{
    mp_pop3_raise_refused(c, MAILPROTO_POP3_STAGE_LOGIN);
    mp_pop3_give_up(c, MAILPROTO_ERR_AUTH, "the server refused the login");
}

/* Whether what follows the "+" is base64, or nothing. */
static int challenge_valid(const struct mp_line *line)
{
    uint8_t decoded[CHALLENGE_MAX];
    const char *text = line->ptr + 1;
    size_t n = line->len - 1, len;

    if (n && text[0] == ' ') {
        text++;
        n--;
    }
    return n <= CHALLENGE_MAX && !mp_base64_decode(decoded, sizeof decoded, text, n, &len);
}

static void cancel(struct mailproto_pop3_client *c)
{
    c->sasl_step = UINT32_MAX;
    (void)mp_out_literal(&c->base, "*\r\n");
}

static void respond(struct mailproto_pop3_client *c, const struct mp_line *line)
{
    mailproto_text text;

    if (c->sasl_step == UINT32_MAX) {
        mp_engine_end(&c->base, MAILPROTO_ERR_PROTOCOL, "the server goes on with an AUTH that was cancelled");
    } else if (!challenge_valid(line)) {
        cancel(c);
    } else if (c->mechanism == MAILPROTO_SASL_PLAIN && c->sasl_step == 0) {
        c->sasl_step = 1;
        send_plain(c, "");
    } else if (c->mechanism == MAILPROTO_SASL_LOGIN && !mp_sasl_login_respond(c->sasl_step, &c->identity, &text)) {
        c->sasl_step++;
        send_base64(c, "", text.ptr, text.len);
        if (c->sasl_step == MP_SASL_LOGIN_STEPS)
            mp_pop3_forget_secret(c);
    } else {
        cancel(c);
    }
}

static int auth_step(struct mailproto_pop3_client *c)
{
    struct mp_line line;

    if (!c->sent) {
        c->sent = 1;
        send_auth(c);
        return 1;
    }
    if (!mp_pop3_status(c, &line))
        return c->base.ending;
    if (c->response.status == MAILPROTO_POP3_NO_REPLY)
        respond(c, &line);
    else if (c->response.status == MAILPROTO_POP3_OK && c->sasl_step != UINT32_MAX)
        logged_in(c);
    else
        refused(c);
    return 1;
}

static int user_pass_step(struct mailproto_pop3_client *c)
{
    struct mp_line line;
    int user = c->phase == MP_POP3_AT_USER;

    if (!c->sent) {
        c->sent = 1;
        if (user) {
            send_line(c, "USER ", c->identity.name, MAILPROTO_TRACE_LINE);
        } else {
            send_line(c, "PASS ", c->identity.password, MAILPROTO_TRACE_PRIVATE);
            mp_pop3_forget_secret(c);
        }
        return 1;
    }
    if (!mp_pop3_status(c, &line))
        return c->base.ending;
    if (c->response.status != MAILPROTO_POP3_OK)
        refused(c);
    else if (user)
        mp_pop3_enter(c, MP_POP3_AT_PASS);
    else
        logged_in(c);
    return 1;
}

int mp_pop3_login_step(struct mailproto_pop3_client *c)
{
    if (c->phase == MP_POP3_AT_LOGIN)
        return ask_step(c);
    return c->phase == MP_POP3_AT_AUTH ? auth_step(c) : user_pass_step(c);
}
