/* client_login.c - the login: which way, the host's credentials, USER and PASS, APOP. AUTH is client_auth.c.
 * RFC 1939 section 7 (USER, PASS, APOP). */
#include <string.h>

#include "pop3/client.h"
#include "sasl/apop.h"

enum { GIVEN = 1 };

void mp_pop3_forget_secret(struct mailproto_pop3_client *c)
{
    if (c->secret)
        mp_wipe(c->secret, MP_POP3_SECRET_MAX);
    mp_free(&c->base.allocator, c->secret, MP_POP3_SECRET_MAX);
    c->secret = NULL;
    c->identity = (struct mp_sasl_identity){0};
    mp_pop3_end_exchange(c);
}

/* ---- which way ---- */

int mp_pop3_apop_possible(const struct mailproto_pop3_client *c, mailproto_text *timestamp)
{
    return mp_pop3_timestamp((mailproto_text){c->greeting, c->greeting_len}, timestamp);
}

/* Whether the server has it. clear: passwords may cross as they are. */
static int usable(const struct mailproto_pop3_client *c, uint32_t way, int clear)
{
    mailproto_text timestamp;

    if (way == MAILPROTO_POP3_USER_PASS)
        return clear && (!c->capa_known || c->offers & MAILPROTO_POP3_CAPA_USER);
    if (way == MAILPROTO_POP3_APOP)
        return mp_pop3_apop_possible(c, &timestamp);
    if (!(c->offers & MAILPROTO_POP3_CAPA_SASL) || (!clear && way & MAILPROTO_SASL_CLEARTEXT))
        return 0;
    return mp_sasl_client_first(c->sasl, c->channel, c->peer_mechanisms & way) != 0;
}

/* The first from c->tried on; which is behind it then. */
static uint32_t choose(struct mailproto_pop3_client *c, int clear)
{
    for (uint32_t i = c->tried; i < MP_POP3_LOGINS && c->login[i]; i++) {
        if (!usable(c, c->login[i], clear))
            continue;
        c->tried = i + 1;
        return c->login[i];
    }
    return 0;
}

static void no_way(struct mailproto_pop3_client *c, int clear)
{
    const char *text = "the server offers none of the ways to log in";

    if (c->refusals)
        text = "the server refused all of the ways to log in that it offers";
    else if (!clear && choose(c, 1))
        text = "no TLS, and no login in clear text without leave";
    mp_pop3_give_up(c, MAILPROTO_ERR_AUTH, text);
}

/* Room for what the host will say, so that its answer needs none. 0; -1: no memory. */
static int make_room(struct mailproto_pop3_client *c)
{
    const mailproto_allocator *allocator = &c->base.allocator;

    if (c->mechanism & ~(uint32_t)MP_SASL_EVERY)
        c->secret = mp_alloc(allocator, MP_POP3_SECRET_MAX);
    else
        c->exchange = mp_sasl_client_begin(c->sasl, c->channel, c->base.tls == MP_TLS_ON, c->mechanism,
                                           c->peer_mechanisms, allocator);
    return c->secret || c->exchange ? 0 : -1;
}

static int ask_step(struct mailproto_pop3_client *c)
{
    int clear = c->base.tls == MP_TLS_ON || c->flags & MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN;
    struct mp_request *r;

    c->mechanism = choose(c, clear);
    if (!c->mechanism) {
        no_way(c, clear);
        return 1;
    }
    if (make_room(c))
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
static int clean(mailproto_text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\r' || text.ptr[i] == '\n' || text.ptr[i] == '\0')
            return 0;
    return 1;
}

/* Of USER and PASS, and of APOP: the lines are within 255 octets. */
static int fits_lines(uint32_t way, const struct mp_sasl_identity *id)
{
    const int apop = way == MAILPROTO_POP3_APOP;
    const size_t most = MP_POP3_COMMAND_MAX - 7 - (apop ? 1 + MP_APOP_DIGEST : 0); /* "USER ", "APOP ", CRLF */

    return id->name.len && id->name.len <= most && !memchr(id->name.ptr, ' ', id->name.len) && id->password.len &&
           (apop || id->password.len <= most) && !id->authorization.len;
}

static mailproto_text keep(char **to, mailproto_text text)
{
    mailproto_text kept = {*to, text.len};

    if (text.len)
        memcpy(*to, text.ptr, text.len);
    *to += text.len;
    return kept;
}

static int32_t keep_secret(struct mailproto_pop3_client *c, const struct mp_sasl_identity *id)
{
    char *to = c->secret;

    if (id->name.len > MP_POP3_SECRET_MAX || id->password.len > MP_POP3_SECRET_MAX - id->name.len)
        return MAILPROTO_ERR_LIMIT;
    if (!fits_lines(c->mechanism, id))
        return MAILPROTO_ERR_ARG;
    c->identity.name = keep(&to, id->name);
    c->identity.password = keep(&to, id->password);
    return MAILPROTO_OK;
}

int32_t mailproto_pop3_client_credentials(mailproto_pop3_client *client, uint64_t token, const char *authorization,
                                          size_t authorization_len, const char *name, size_t name_len,
                                          const char *password, size_t password_len)
{
    struct mp_sasl_identity id = {{authorization, authorization_len}, {name, name_len}, {password, password_len}};
    struct mp_request *r;
    int32_t result;

    if (!client || (authorization_len && !authorization) || (name_len && !name) || (password_len && !password))
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&client->base, token, MAILPROTO_POP3_CLIENT_CREDENTIALS);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    if (authorization_len > MP_SASL_PASSWORD_MAX || name_len > MP_SASL_PASSWORD_MAX ||
        password_len > MP_SASL_PASSWORD_MAX)
        return MAILPROTO_ERR_LIMIT;
    if (!clean(id.authorization) || !clean(id.name) || !clean(id.password))
        return MAILPROTO_ERR_ARG;
    result = client->exchange ? mp_sasl_client_give(client->exchange, &id) : keep_secret(client, &id);
    if (result)
        return result;
    r->code = GIVEN;
    mp_request_answered(&client->base, r, 0);
    return MAILPROTO_OK;
}

void mp_pop3_credentials_answered(struct mailproto_pop3_client *c, const struct mp_request *r)
{
    uint8_t phase = MP_POP3_AT_AUTH;

    if (r->code != GIVEN) {
        mp_pop3_give_up(c, MAILPROTO_ERR_AUTH, "the host gave no credentials");
        return;
    }
    if (c->mechanism == MAILPROTO_POP3_USER_PASS)
        phase = MP_POP3_AT_USER;
    else if (c->mechanism == MAILPROTO_POP3_APOP)
        phase = MP_POP3_AT_PASS;
    mp_pop3_enter(c, phase);
}

/* ---- what is sent ---- */

void mp_pop3_send_line(struct mailproto_pop3_client *c, const char *keyword, mailproto_text argument, uint32_t kind)
{
    size_t n = strlen(keyword);
    uint8_t *to = mp_out_reserve(&c->base, n + argument.len + 2);

    if (!to) {
        mp_engine_nomem(&c->base);
        return;
    }
    memcpy(to, keyword, n);
    if (argument.len)
        memcpy(to + n, argument.ptr, argument.len);
    memcpy(to + n + argument.len, "\r\n", 2);
    mp_out_commit(&c->base, n + argument.len + 2, kind);
}

static void send_apop(struct mailproto_pop3_client *c)
{
    char argument[MP_POP3_COMMAND_MAX];
    size_t n = c->identity.name.len;
    mailproto_text timestamp;
    int32_t result;

    (void)mp_pop3_apop_possible(c, &timestamp);
    memcpy(argument, c->identity.name.ptr, n);
    argument[n++] = ' ';
    result = mp_apop_digest(c->sasl->config.crypto, &c->base.allocator, timestamp, c->identity.password, argument + n);
    if (result == MAILPROTO_ERR_NOMEM)
        mp_engine_nomem(&c->base);
    else if (result)
        mp_pop3_give_up(c, result, "the provider made no digest for APOP");
    else
        mp_pop3_send_line(c, "APOP ", (mailproto_text){argument, n + MP_APOP_DIGEST}, MAILPROTO_TRACE_PRIVATE);
    mp_wipe(argument, sizeof argument);
    mp_pop3_forget_secret(c);
}

/* ---- what the server says ---- */

void mp_pop3_logged_in(struct mailproto_pop3_client *c)
{
    mp_pop3_forget_secret(c);
    c->logged_in = 1;
    if (c->capa_known)
        mp_pop3_enter(c, MP_POP3_AT_CAPA); /* some capabilities differ now (RFC 2449 5) */
    else
        mp_pop3_enter(c, MP_POP3_AT_READY);
}

void mp_pop3_login_refused(struct mailproto_pop3_client *c)
{
    mp_pop3_raise_refused(c, MAILPROTO_POP3_STAGE_LOGIN);
    mp_pop3_give_up(c, MAILPROTO_ERR_AUTH, "the server refused the login");
}

static void send_user_or_pass(struct mailproto_pop3_client *c)
{
    c->sent = 1;
    if (c->mechanism == MAILPROTO_POP3_APOP) {
        send_apop(c);
    } else if (c->phase == MP_POP3_AT_USER) {
        mp_pop3_send_line(c, "USER ", c->identity.name, MAILPROTO_TRACE_LINE);
    } else {
        mp_pop3_send_line(c, "PASS ", c->identity.password, MAILPROTO_TRACE_PRIVATE);
        mp_pop3_forget_secret(c);
    }
}

static int user_pass_step(struct mailproto_pop3_client *c)
{
    struct mp_line line;

    if (!c->sent) {
        send_user_or_pass(c);
        return 1;
    }
    if (!mp_pop3_status(c, &line))
        return c->base.ending;
    if (c->response.status != MAILPROTO_POP3_OK)
        mp_pop3_login_refused(c);
    else if (c->phase == MP_POP3_AT_USER)
        mp_pop3_enter(c, MP_POP3_AT_PASS);
    else
        mp_pop3_logged_in(c);
    return 1;
}

int mp_pop3_login_step(struct mailproto_pop3_client *c)
{
    if (c->phase == MP_POP3_AT_LOGIN)
        return ask_step(c);
    return c->phase == MP_POP3_AT_AUTH ? mp_pop3_auth_step(c) : user_pass_step(c);
}
