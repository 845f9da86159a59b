/* command_auth.c - AUTH: who is it? The mechanism that the client names, and the lines that answer its challenges.
 * RFC 4954 section 4; credentials are traced as private and wiped once they were seen. server_login.c goes on from here. */
#include <string.h>

#include "mime/base64.h"
#include "smtp/server.h"

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

/* Why the mechanism of that name cannot be had: it may be a matter of TLS. */
static uint32_t unknown(const struct mailproto_smtp_server *s, const char *name, size_t len)
{
    uint32_t bit = mailproto_sasl_mechanism(name, len);
    mailproto_text found;

    if (mp_sasl_is_other(mp_sasl_server_other(mp_smtp_sasl_settings(s)), name, len, &found))
        bit = MAILPROTO_SASL_OTHER;
    if (bit & mp_smtp_mechanisms(s))
        return MP_R_NONE;
    return bit & s->mechanisms & MAILPROTO_SASL_CLEARTEXT ? MP_R_AUTH_NEEDS_TLS : MP_R_UNKNOWN_MECHANISM;
}

/* What a response says, in the place of the last. MP_R_NONE or the reply. */
static uint32_t decode(struct mailproto_smtp_server *s, mailproto_text response, size_t *n)
{
    struct mp_smtp_work *w = s->work;
    size_t size = mp_base64_decoded_max(response.len) + 1;

    mp_smtp_login_unsay(s);
    w->said = mp_alloc(&s->base.allocator, size);
    if (!w->said) {
        mp_engine_nomem(&s->base);
        return MP_R_AUTH_LATER;
    }
    w->said_size = size;
    return mp_base64_decode(w->said, size, response.ptr, response.len, n) ? MP_R_AUTH_MALFORMED : MP_R_NONE;
}

static int make_login(struct mailproto_smtp_server *s)
{
    s->work->login = mp_sasl_server_begin(mp_smtp_sasl_settings(s), mp_smtp_sasl_channel(s),
                                          (uint32_t)mp_smtp_inside_tls(s), mp_smtp_mechanisms(s), &s->base.allocator);
    if (!s->work->login)
        mp_engine_nomem(&s->base);
    return s->work->login != NULL;
}

/* mechanism [SP initial-response]; "=" is an empty response (RFC 4954 4) */
static uint32_t begin(struct mailproto_smtp_server *s, mailproto_text arg)
{
    const char *space = arg.len ? memchr(arg.ptr, ' ', arg.len) : NULL;
    size_t name = space ? (size_t)(space - arg.ptr) : arg.len, n = 0;
    mailproto_text initial = {space ? space + 1 : NULL, space ? arg.len - name - 1 : 0};
    uint32_t refusal = name ? unknown(s, arg.ptr, name) : MP_R_SYNTAX;

    if (refusal)
        return refusal;
    if (initial.len == 1 && initial.ptr[0] == '=')
        initial.len = 0;
    if (space)
        refusal = decode(s, initial, &n);
    if (!refusal && make_login(s))
        mp_smtp_login_moved(s, mp_sasl_server_start(s->work->login, arg.ptr, name, space ? s->work->said : NULL, n));
    return refusal;
}

int mp_smtp_auth(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    uint32_t refusal = out_of_place(s);

    (void)line;
    if (!refusal)
        refusal = begin(s, arg);
    if (refusal)
        mp_smtp_login_refuse(s, refusal);
    mp_line_forget(&s->base);
    return 1;
}

/* ---- the lines that answer ---- */

int mp_smtp_auth_step(struct mailproto_smtp_server *s)
{
    struct mp_line line;
    uint32_t refusal = MP_R_NONE;
    size_t n = 0;

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
    else
        refusal = decode(s, (mailproto_text){line.ptr, line.len}, &n);
    mp_line_forget(&s->base);
    if (refusal)
        mp_smtp_login_refuse(s, refusal);
    else
        mp_smtp_login_moved(s, mp_sasl_server_respond(s->work->login, s->work->said, n));
    return 1;
}
