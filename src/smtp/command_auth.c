/* command_auth.c - AUTH: who is it? PLAIN and LOGIN, with challenges or an initial response.
 * RFC 4954; RFC 4616; credentials are traced as private and wiped once they were seen. */
#include <string.h>

#include "mime/base64.h"
#include "smtp/server.h"

/* ---- secrets ---- */

static void wipe_secret(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;

    if (!w->secret)
        return;
    mp_wipe(w->secret, w->secret_size);
    mp_free(&s->base.allocator, w->secret, w->secret_size);
    w->secret = NULL;
    w->secret_len = w->secret_size = w->name_len = 0;
}

void mp_smtp_auth_forget(struct mailproto_smtp_server *s)
{
    wipe_secret(s);
    s->work->sasl_shown = 0;
}

/* Decodes a response behind what there is. MP_R_NONE or the reply. */
static uint32_t decode(struct mailproto_smtp_server *s, mailproto_text response)
{
    struct mp_smtp_work *w = s->work;
    size_t size = w->secret_len + mp_base64_decoded_max(response.len) + 1, name = w->name_len, len;
    char *grown = mp_alloc(&s->base.allocator, size);

    if (!grown) {
        mp_engine_nomem(&s->base);
        return MP_R_AUTH_LATER;
    }
    len = w->secret_len;
    if (len)
        memcpy(grown, w->secret, len);
    wipe_secret(s);
    w->secret = grown;
    w->secret_size = size;
    w->secret_len = len;
    w->name_len = name;
    if (mp_base64_decode(grown + len, size - len, response.ptr, response.len, &len))
        return MP_R_AUTH_MALFORMED;
    w->secret_len += len;
    return MP_R_NONE;
}

/* ---- mechanisms ---- */

static void ask(struct mailproto_smtp_server *s, const struct mp_sasl_identity *identity)
{
    struct mp_smtp_work *w = s->work;

    s->phase = MP_SMTP_COMMANDS;
    w->event.auth = (mailproto_smtp_auth){
        .mechanism = w->mechanism,
        .tls = (uint32_t)mp_smtp_inside_tls(s),
        .authorization = identity->authorization,
        .name = identity->name,
        .password = identity->password,
    };
    if (!mp_smtp_ask(s, MAILPROTO_SMTP_SERVER_AUTH, sizeof w->event.auth, 0))
        w->sasl_shown = 1;
}

static uint32_t plain_response(struct mailproto_smtp_server *s)
{
    struct mp_sasl_identity identity;

    if (mp_sasl_plain_parse(s->work->secret, s->work->secret_len, &identity))
        return MP_R_AUTH_MALFORMED;
    ask(s, &identity);
    return MP_R_NONE;
}

static void put_challenge(struct mailproto_smtp_server *s, const char *challenge)
{
    mailproto_text none = {NULL, 0};

    s->phase = MP_SMTP_SASL;
    mp_smtp_put_text(s, 334, none, (mailproto_text){challenge, strlen(challenge)});
}

/* The name is kept until the password is there: both lie in the secret, one behind the other. */
static uint32_t login_response(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;
    struct mp_sasl_identity identity = {{"", 0}, {w->secret, w->name_len}, {NULL, 0}};

    if (mp_sasl_login_answer(w->sasl_step, w->secret + w->name_len, w->secret_len - w->name_len, &identity))
        return MP_R_AUTH_MALFORMED;
    if (++w->sasl_step < MP_SASL_LOGIN_STEPS) {
        w->name_len = w->secret_len;
        put_challenge(s, mp_sasl_login_challenge(w->sasl_step));
    } else {
        ask(s, &identity);
    }
    return MP_R_NONE;
}

static void response(struct mailproto_smtp_server *s, mailproto_text text)
{
    uint32_t refusal = decode(s, text);

    if (!refusal)
        refusal = s->work->mechanism == MAILPROTO_SASL_PLAIN ? plain_response(s) : login_response(s);
    if (!refusal)
        return;
    s->phase = MP_SMTP_COMMANDS;
    wipe_secret(s);
    mp_smtp_put(s, refusal);
}

/* ---- the command ---- */

static uint32_t out_of_place(const struct mailproto_smtp_server *s)
{
    if (!(s->offer & MAILPROTO_SMTP_EXT_AUTH))
        return MP_R_NOT_OFFERED;
    if (!s->hello || !s->esmtp)
        return MP_R_NEED_HELLO;
    if (s->authenticated)
        return MP_R_AUTH_ALREADY;
    if (s->work->open || s->work->failed)
        return MP_R_BAD_SEQUENCE;
    return mp_smtp_offers(s) & MAILPROTO_SMTP_EXT_AUTH ? MP_R_NONE : MP_R_AUTH_NEEDS_TLS;
}

/* mechanism [SP initial-response] */
static uint32_t begin(struct mailproto_smtp_server *s, mailproto_text arg, mailproto_text *initial)
{
    const char *space = arg.len ? memchr(arg.ptr, ' ', arg.len) : NULL;
    size_t name = space ? (size_t)(space - arg.ptr) : arg.len;

    *initial = space ? (mailproto_text){space + 1, arg.len - name - 1} : (mailproto_text){NULL, 0};
    if (!name)
        return MP_R_SYNTAX;
    s->work->mechanism = mp_sasl_mechanism(arg.ptr, name) & s->mechanisms;
    s->work->sasl_step = 0;
    wipe_secret(s);
    return s->work->mechanism ? MP_R_NONE : MP_R_UNKNOWN_MECHANISM;
}

int mp_smtp_auth(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    mailproto_text initial;
    uint32_t refusal = out_of_place(s);

    (void)line;
    if (!refusal)
        refusal = begin(s, arg, &initial);
    if (refusal) {
        mp_smtp_put(s, refusal);
        return 1;
    }
    if (!initial.ptr)
        put_challenge(s, s->work->mechanism == MAILPROTO_SASL_LOGIN ? mp_sasl_login_challenge(0) : "");
    else if (initial.len == 1 && initial.ptr[0] == '=') /* an empty response (RFC 4954 4) */
        response(s, (mailproto_text){"", 0});
    else
        response(s, initial);
    mp_line_forget(&s->base);
    return 1;
}

/* ---- the lines that answer ---- */

int mp_smtp_auth_step(struct mailproto_smtp_server *s)
{
    struct mp_line line;
    uint32_t refusal = MP_R_NONE;

    if (mp_out_full(&s->base, MP_OUT_MARK))
        return 0;
    if (!mp_line_peek(&s->base, s->max_auth_line, &line))
        return s->base.ending;
    mp_line_take(&s->base, &line, MAILPROTO_TRACE_PRIVATE);
    mp_peer_clock_reset(&s->base);
    if (line.flags & MP_LINE_TOO_LONG)
        refusal = MP_R_LONG_AUTH_LINE;
    else if (line.flags)
        refusal = MP_R_AUTH_MALFORMED;
    else if (line.len == 1 && line.ptr[0] == '*')
        refusal = MP_R_AUTH_CANCELLED;
    if (!refusal) {
        response(s, (mailproto_text){line.ptr, line.len});
        mp_line_forget(&s->base);
        return 1;
    }
    s->phase = MP_SMTP_COMMANDS;
    wipe_secret(s);
    mp_smtp_put(s, refusal);
    return 1;
}

/* Failures count as bad commands: guessing has an end. */
void mp_smtp_auth_answered(struct mailproto_smtp_server *s, const struct mp_request *r)
{
    s->authenticated = r->code == 235;
    if (r->code >= 500 && r->value != MP_R_AUTH_FAILED && mp_smtp_count_bad(s))
        mp_smtp_put_last(s, MP_R_TOO_MANY_ERRORS, MAILPROTO_ERR_LIMIT, "too many bad commands");
    else
        mp_smtp_put_answer(s, r);
}
