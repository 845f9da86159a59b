/* server_login.c - USER, PASS and STLS: the AUTHORIZATION state, and how it ends.
 * RFC 1939 sections 4 and 7 (USER, PASS); RFC 2595 section 4 (STLS). AUTH is server_auth.c, APOP server_apop.c. */
#include <string.h>

#include "pop3/server.h"
#include "sasl/password.h"

static void drop_name(struct mailproto_pop3_server *s)
{
    if (s->name)
        mp_wipe(s->name, s->name_size);
    mp_free(&s->base.allocator, s->name, s->name_size);
    s->name = NULL;
    s->name_size = 0;
}

void mp_pop3_forget_login(struct mailproto_pop3_server *s)
{
    mp_pop3_end_login(s);
    drop_name(s);
}

void mp_pop3_forget_logins(struct mailproto_pop3_server *s)
{
    const mailproto_allocator *allocator = &s->base.allocator;

    mp_pop3_forget_login(s);
    mp_sasl_channel_forget(&s->channel, allocator);
    mp_free(allocator, s->stamp, s->stamp_len);
    s->stamp = NULL;
    s->stamp_len = 0;
}

void mp_pop3_forget_settings(struct mailproto_pop3_server *s)
{
    mp_sasl_server_settings_free(s->sasl, &s->base.allocator);
    s->sasl = NULL;
}

int mp_pop3_may_login(const struct mailproto_pop3_server *s)
{
    if (s->base.tls == MP_TLS_ON)
        return 1;
    return s->tls != MAILPROTO_TLS_REQUIRED && s->flags & MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN;
}

void mp_pop3_refuse_login(struct mailproto_pop3_server *s)
{
    mp_pop3_err(s, MAILPROTO_POP3_RESP_NONE, "no login without TLS: use STLS first");
}

/* ---- USER and PASS ---- */

/* The name is not looked up here: whether there is such a user is told to nobody (RFC 1939 13). */
void mp_pop3_user(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    if (!mp_pop3_may_login(s)) {
        mp_pop3_refuse_login(s);
        return;
    }
    drop_name(s);
    s->name = mp_alloc(&s->base.allocator, arguments->text.len);
    if (!s->name) {
        mp_engine_nomem(&s->base);
        return;
    }
    s->name_size = arguments->text.len;
    memcpy(s->name, arguments->text.ptr, s->name_size);
    mp_pop3_say(s, "+OK now the password\r\n");
}

/* What a PLAIN login does, with texts that may be of any charset. message: the password, behind the name that is the
   mechanism's name here, until it was taken. */
static int32_t user_pass_next(struct mp_sasl_server *x, const char *message, size_t len)
{
    struct mp_sasl_identity who = {.authorization = {"", 0}, .name = x->mechanism_name};

    if (!message)
        return mp_sasl_password_next(x);
    who.password = (mailproto_text){message, len};
    x->mechanism_name = (mailproto_text){"", 0}; /* USER's goes before the login does */
    return mp_sasl_password_check(x, &who);
}

static const struct mp_sasl_server_mechanism user_pass = {MAILPROTO_POP3_USER_PASS, 0, user_pass_next};

void mp_pop3_pass(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    struct mp_sasl_server *x;

    if (!mp_pop3_may_login(s)) {
        mp_pop3_refuse_login(s);
        return;
    }
    if (!s->name) {
        mp_pop3_bad_command(s, "-ERR USER comes before PASS\r\n");
        return;
    }
    x = mp_pop3_begin_login(s, 0);
    if (!x)
        return;
    x->mechanism = &user_pass;
    x->mechanism_name = (mailproto_text){s->name, s->name_size};
    mp_pop3_login_moved(s, mp_sasl_server_respond(x, arguments->text.ptr, arguments->text.len));
    drop_name(s);
}

/* ---- the maildrop ---- */

void mp_pop3_authenticated(struct mailproto_pop3_server *s)
{
    mp_pop3_forget_login(s);
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
    s->mechanisms = mp_pop3_mechanisms_now(s); /* CAPA goes on to say them (RFC 5034 3) */
    s->state = MP_POP3_TRANSACTION;
    mp_pop3_forget_logins(s);
    if (!(s->mechanisms & MAILPROTO_SASL_OTHER))
        mp_pop3_forget_settings(s);
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
