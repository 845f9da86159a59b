/* server_login.c - USER, PASS, AUTH and STLS: the AUTHORIZATION state.
 * RFC 1939 sections 4 and 7 (USER, PASS); RFC 5034 (AUTH); RFC 2595 section 4 (STLS). */
#include <string.h>

#include "mime/base64.h"
#include "pop3/server.h"

static void drop(struct mailproto_pop3_server *s, char **text, size_t *size)
{
    if (*text)
        mp_wipe(*text, *size);
    mp_free(&s->base.allocator, *text, *size);
    *text = NULL;
    *size = 0;
}

void mp_pop3_forget_login(struct mailproto_pop3_server *s)
{
    drop(s, &s->name, &s->name_size);
    drop(s, &s->secret, &s->secret_size);
}

int mp_pop3_may_login(const struct mailproto_pop3_server *s)
{
    if (s->base.tls == MP_TLS_ON)
        return 1;
    return s->tls != MAILPROTO_TLS_REQUIRED && s->flags & MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN;
}

/* Says why no login is possible, if so. */
static int refuse_login(struct mailproto_pop3_server *s)
{
    if (mp_pop3_may_login(s))
        return 0;
    mp_pop3_err(s, MAILPROTO_POP3_RESP_NONE, "no login without TLS: use STLS first");
    return 1;
}

/* Keeps a copy of the name: in the place of an earlier one. */
static int keep_name(struct mailproto_pop3_server *s, mailproto_text name)
{
    drop(s, &s->name, &s->name_size);
    s->name = mp_alloc(&s->base.allocator, name.len);
    if (!s->name) {
        mp_engine_nomem(&s->base);
        return -1;
    }
    memcpy(s->name, name.ptr, name.len);
    s->name_size = name.len;
    return 0;
}

static void ask_auth(struct mailproto_pop3_server *s, const struct mp_sasl_identity *identity)
{
    s->work = MP_POP3_COMMANDS;
    s->payload.auth = (mailproto_pop3_auth){
        .mechanism = s->mechanism,
        .tls = s->base.tls == MP_TLS_ON,
        .authorization = identity->authorization,
        .name = identity->name,
        .password = identity->password,
    };
    (void)mp_pop3_ask(s, &s->payload.auth, sizeof s->payload.auth, MAILPROTO_POP3_SERVER_AUTH);
}

/* ---- USER and PASS ---- */

/* The name is not looked up here: whether there is such a user is told to nobody (RFC 1939 13). */
void mp_pop3_user(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    if (!refuse_login(s) && !keep_name(s, arguments->text))
        mp_pop3_say(s, "+OK now the password\r\n");
}

void mp_pop3_pass(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    struct mp_sasl_identity identity = {.authorization = {"", 0}};

    if (refuse_login(s))
        return;
    if (!s->name) {
        mp_pop3_bad_command(s, "-ERR USER comes before PASS\r\n");
        return;
    }
    s->mechanism = MAILPROTO_POP3_USER_PASS;
    identity.name = (mailproto_text){s->name, s->name_size};
    identity.password = arguments->text;
    ask_auth(s, &identity);
}

/* ---- AUTH ---- */

static void end_sasl(struct mailproto_pop3_server *s)
{
    s->work = MP_POP3_COMMANDS;
    mp_pop3_forget_login(s);
}

static void malformed(struct mailproto_pop3_server *s)
{
    end_sasl(s);
    mp_pop3_bad_command(s, "-ERR malformed response\r\n");
}

/* An empty challenge, or that of the step of LOGIN (RFC 5034 4: "+" and a space, whatever follows). */
static void challenge(struct mailproto_pop3_server *s)
{
    const char *text = s->mechanism == MAILPROTO_SASL_LOGIN ? mp_sasl_login_challenge(s->sasl_step) : "";
    size_t n = strlen(text);
    uint8_t *to = mp_out_reserve(&s->base, n + 4);

    if (!to) {
        mp_engine_nomem(&s->base);
        return;
    }
    memcpy(to, "+ ", 2);
    memcpy(to + 2, text, n);
    memcpy(to + 2 + n, "\r\n", 2);
    mp_out_commit(&s->base, n + 4, MAILPROTO_TRACE_LINE);
    s->work = MP_POP3_SASL_LINE;
}

static void login_response(struct mailproto_pop3_server *s, size_t n)
{
    struct mp_sasl_identity identity = {.authorization = {"", 0}, .name = {s->name, s->name_size}};

    if (mp_sasl_login_answer(s->sasl_step, s->secret, n, &identity))
        malformed(s);
    else if (s->sasl_step++ == MP_SASL_LOGIN_PASSWORD)
        ask_auth(s, &identity);
    else if (!keep_name(s, identity.name))
        challenge(s);
}

static void plain_response(struct mailproto_pop3_server *s, size_t n)
{
    struct mp_sasl_identity identity = {0};

    if (mp_sasl_plain_parse(s->secret, n, &identity))
        malformed(s);
    else
        ask_auth(s, &identity);
}

/* A response of the client's, in base64: the initial one or a line. */
static void response(struct mailproto_pop3_server *s, const char *text, size_t len)
{
    size_t n;

    drop(s, &s->secret, &s->secret_size);
    s->secret_size = mp_base64_decoded_max(len) + 1;
    s->secret = mp_alloc(&s->base.allocator, s->secret_size);
    if (!s->secret) {
        s->secret_size = 0;
        mp_engine_nomem(&s->base);
        return;
    }
    if (mp_base64_decode(s->secret, s->secret_size, text, len, &n))
        malformed(s);
    else if (s->mechanism == MAILPROTO_SASL_LOGIN)
        login_response(s, n);
    else
        plain_response(s, n);
}

void mp_pop3_auth(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    mailproto_text rest = arguments->text, name;
    int initial = mp_pop3_word(&rest, &name);

    if (refuse_login(s))
        return;
    mp_pop3_forget_login(s);
    s->mechanism = mp_sasl_mechanism(name.ptr, name.len) & s->mechanisms;
    s->sasl_step = 0;
    if (!s->mechanism)
        mp_pop3_bad_command(s, "-ERR no such mechanism\r\n");
    else if (!initial)
        challenge(s);
    else if (rest.len == 1 && rest.ptr[0] == '=')
        response(s, rest.ptr, 0);
    else
        response(s, rest.ptr, rest.len);
}

int mp_pop3_sasl_step(struct mailproto_pop3_server *s)
{
    struct mp_line line;

    if (mp_out_full(&s->base, MP_OUT_MARK) || !mp_line_peek(&s->base, s->max_auth_line, &line))
        return 0;
    mp_line_take(&s->base, &line, MAILPROTO_TRACE_PRIVATE);
    mp_peer_clock_reset(&s->base);
    if (line.flags & MP_LINE_TOO_LONG) {
        end_sasl(s);
        mp_pop3_bad_command(s, "-ERR line too long\r\n");
    } else if (line.flags & MP_LINE_BARE_LF && !(s->flags & MAILPROTO_POP3_SERVER_BARE_LF)) {
        end_sasl(s);
        mp_pop3_bad_command(s, "-ERR a line ends with CR LF\r\n");
    } else if (line.len == 1 && line.ptr[0] == '*') {
        end_sasl(s);
        mp_pop3_say(s, "-ERR authentication cancelled\r\n");
    } else {
        response(s, line.ptr, line.len);
    }
    return 1;
}

/* ---- what the host answered ---- */

static void refused(struct mailproto_pop3_server *s, const struct mp_request *r)
{
    mp_pop3_say_answer(s, r, "authentication failed");
    s->auth_failures++;
    if (r->index)
        mp_engine_end(&s->base, MAILPROTO_OK, "the host refused the login and closed");
    else if (s->max_auth_failures != MAILPROTO_UNLIMITED && s->auth_failures >= s->max_auth_failures)
        mp_engine_end(&s->base, MAILPROTO_ERR_AUTH, "too many refused logins");
}

void mp_pop3_authenticated(struct mailproto_pop3_server *s, const struct mp_request *r)
{
    mp_pop3_forget_login(s);
    mp_peer_clock_reset(&s->base);
    if (r->code != MAILPROTO_POP3_OK) {
        refused(s, r);
        return;
    }
    s->user_expire = s->expire;
    s->user_login_delay = s->login_delay;
    s->payload.open = (mailproto_pop3_open){0};
    (void)mp_pop3_ask(s, &s->payload.open, sizeof s->payload.open, MAILPROTO_POP3_SERVER_OPEN);
}

void mp_pop3_maildrop_opened(struct mailproto_pop3_server *s, const struct mp_request *r)
{
    mp_peer_clock_reset(&s->base);
    if (r->code != MAILPROTO_POP3_OK) {
        mp_pop3_say_answer(s, r, "the maildrop cannot be opened");
        if (s->opened)
            mp_pop3_raise_maildrop_end(s, 0, s->open_why);
        if (r->index)
            mp_engine_end(&s->base, MAILPROTO_OK, "the host closed");
        return;
    }
    s->state = MP_POP3_TRANSACTION;
    mp_pop3_say(s, "+OK maildrop locked and ready\r\n");
}

/* ---- STLS ---- */

/* Whether it is offered at all the table of commands says; within TLS it is not (RFC 2595 4). */
void mp_pop3_stls(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    (void)arguments;
    if (s->base.tls == MP_TLS_ON) {
        mp_pop3_bad_command(s, "-ERR TLS is on already\r\n");
        return;
    }
    mp_pop3_forget_login(s);
    mp_pop3_say(s, "+OK begin TLS negotiation\r\n");
    mp_tls_boundary(&s->base);
}
