/* command_mail.c - MAIL: a transaction begins.
 * RFC 5321 sections 3.3 and 4.1.1.2; parameters of RFC 1870, 3030, 3461 4.3 and 4.4, 4954 5, 6152, 6531, 8689. */
#include <string.h>

#include "core/ascii.h"
#include "smtp/grammar.h"
#include "smtp/server.h"

/* One letter a parameter: a second one of the same is an error. */
enum { SIZE = 1, BODY = 2, UTF8 = 4, REQUIRETLS = 8, RET = 16, ENVID = 32, AUTH = 64 };

struct mail {
    struct mp_smtp_parameters parameters;
    mailproto_smtp_mail *event;
    uint32_t seen;
    uint32_t offers;
    uint32_t too_big;
};

static uint32_t parse_size(struct mail *m, mailproto_text value)
{
    for (size_t i = 0; i < value.len; i++)
        if (!mp_ascii_is_digit((uint8_t)value.ptr[i]))
            return MP_R_SYNTAX;
    if (!value.len || value.len > 20)
        return MP_R_SYNTAX;
    if (!mp_ascii_parse_decimal(value.ptr, value.len, &m->event->size))
        m->event->size = UINT64_MAX;
    m->too_big = m->event->size > m->parameters.server->max_message;
    return MP_R_NONE;
}

static uint32_t parse_body(struct mail *m, mailproto_text value)
{
    if (mp_ascii_equal(value.ptr, value.len, "7BIT"))
        m->event->body = MAILPROTO_SMTP_BODY_7BIT;
    else if (mp_ascii_equal(value.ptr, value.len, "8BITMIME") && (m->offers & MAILPROTO_SMTP_EXT_8BITMIME))
        m->event->body = MAILPROTO_SMTP_BODY_8BITMIME;
    else if (mp_ascii_equal(value.ptr, value.len, "BINARYMIME") && (m->offers & MAILPROTO_SMTP_EXT_BINARYMIME))
        m->event->body = MAILPROTO_SMTP_BODY_BINARYMIME;
    else
        return MP_R_SYNTAX;
    return MP_R_NONE;
}

static uint32_t parse_flag(struct mail *m, mailproto_text value, uint32_t flag)
{
    m->event->flags |= flag;
    return value.ptr ? MP_R_SYNTAX : MP_R_NONE;
}

static uint32_t parse_ret(struct mail *m, mailproto_text value)
{
    if (mp_ascii_equal(value.ptr, value.len, "FULL"))
        m->event->ret = MAILPROTO_SMTP_RET_FULL;
    else if (mp_ascii_equal(value.ptr, value.len, "HDRS"))
        m->event->ret = MAILPROTO_SMTP_RET_HDRS;
    else
        return MP_R_SYNTAX;
    return MP_R_NONE;
}

static const mailproto_text xtext = {NULL, 0};

static uint32_t parse_envid(struct mail *m, mailproto_text value)
{
    if (mp_smtp_decode(&m->parameters, xtext, value, 0, &m->event->envid) || value.len > 100)
        return MP_R_SYNTAX;
    for (size_t i = 0; i < m->event->envid.len; i++)
        if ((uint8_t)m->event->envid.ptr[i] > 126)
            return MP_R_SYNTAX;
    return MP_R_NONE;
}

static uint32_t parse_auth(struct mail *m, mailproto_text value)
{
    m->event->has_auth = 1;
    if (value.len == 2 && value.ptr[0] == '<' && value.ptr[1] == '>') {
        m->event->auth = (mailproto_text){value.ptr + 1, 0};
        return MP_R_NONE;
    }
    if (mp_smtp_decode(&m->parameters, xtext, value, 0, &m->event->auth) ||
        !mp_smtp_is_mailbox(m->event->auth.ptr, m->event->auth.len, MP_SMTP_UTF8))
        return MP_R_SYNTAX;
    return MP_R_NONE;
}

/* The parameters there are, and the extension each comes with. */
static const struct known {
    const char *keyword;
    uint32_t bit, extension;
} known[] = {
    {"SIZE", SIZE, MAILPROTO_SMTP_EXT_SIZE},
    {"BODY", BODY, MAILPROTO_SMTP_EXT_8BITMIME | MAILPROTO_SMTP_EXT_BINARYMIME},
    {"SMTPUTF8", UTF8, MAILPROTO_SMTP_EXT_SMTPUTF8},
    {"RET", RET, MAILPROTO_SMTP_EXT_DSN},
    {"ENVID", ENVID, MAILPROTO_SMTP_EXT_DSN},
    {"AUTH", AUTH, MAILPROTO_SMTP_EXT_AUTH},
    {"REQUIRETLS", REQUIRETLS, MAILPROTO_SMTP_EXT_REQUIRETLS},
};

static uint32_t parse_value(struct mail *m, uint32_t bit, mailproto_text value)
{
    switch (bit) {
    case SIZE:
        return parse_size(m, value);
    case BODY:
        return parse_body(m, value);
    case UTF8:
        return parse_flag(m, value, MAILPROTO_SMTP_MAIL_SMTPUTF8);
    case REQUIRETLS:
        return parse_flag(m, value, MAILPROTO_SMTP_MAIL_REQUIRETLS);
    case RET:
        return parse_ret(m, value);
    case ENVID:
        return parse_envid(m, value);
    default:
        return parse_auth(m, value);
    }
}

static uint32_t parse_parameter(struct mail *m, mailproto_text keyword, mailproto_text value)
{
    const struct mailproto_smtp_server *s = m->parameters.server;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!mp_ascii_equal(keyword.ptr, keyword.len, known[i].keyword))
            continue;
        if (known[i].bit == REQUIRETLS && !mp_smtp_inside_tls(s) && (s->offer & MAILPROTO_SMTP_EXT_REQUIRETLS))
            return MP_R_NEED_TLS_FOR_REQUIRETLS;
        if (!(m->offers & known[i].extension))
            break;
        if (m->seen & known[i].bit)
            return MP_R_SYNTAX;
        m->seen |= known[i].bit;
        return parse_value(m, known[i].bit, value);
    }
    return mp_smtp_unknown_parameter(&m->parameters, keyword, value);
}

static uint32_t parse_parameters(struct mail *m, const char *p, const char *end, uint32_t utf8)
{
    mailproto_text keyword, value;
    int more;

    while ((more = mp_smtp_next_parameter(&p, end, utf8, &keyword, &value)) > 0) {
        uint32_t refusal = parse_parameter(m, keyword, value);

        if (refusal)
            return refusal;
    }
    return more < 0 ? MP_R_SYNTAX : m->too_big ? MP_R_TOO_BIG : MP_R_NONE;
}

/* RFC 6531 3.4: a path beyond ASCII needs the parameter. */
static int is_ascii(mailproto_text text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((uint8_t)text.ptr[i] > 127)
            return 0;
    return 1;
}

/* "FROM:" path [SP parameters] */
static uint32_t parse(struct mail *m, mailproto_text arg, int is_8bit)
{
    uint32_t utf8 = m->offers & MAILPROTO_SMTP_EXT_SMTPUTF8 ? (uint32_t)MP_SMTP_UTF8 : 0, refusal;
    size_t from = mp_ascii_begins(arg.ptr, arg.len, "FROM:"), path;

    if (!from)
        return MP_R_SYNTAX;
    path = mp_smtp_read_path(arg.ptr + from, arg.len - from, (is_8bit ? utf8 : 0) | MP_SMTP_NULL_PATH, &m->event->path);
    if (!path)
        return MP_R_BAD_SENDER;
    path += from;
    if (path < arg.len) {
        refusal = parse_parameters(m, arg.ptr + path, arg.ptr + arg.len, utf8);
        if (refusal)
            return refusal;
    }
    if (is_8bit && !(m->event->flags & MAILPROTO_SMTP_MAIL_SMTPUTF8) && !is_ascii(m->event->path))
        return MP_R_NEED_SMTPUTF8;
    return MP_R_NONE;
}

/* What must be before MAIL. */
static uint32_t out_of_place(const struct mailproto_smtp_server *s)
{
    if (!s->hello)
        return MP_R_NEED_HELLO;
    if ((s->flags & MAILPROTO_SMTP_SERVER_SUBMISSION) && !s->authenticated)
        return MP_R_NEED_AUTH;
    return s->work->open || s->work->failed ? MP_R_NESTED_MAIL : MP_R_NONE;
}

/* RFC 5321 4.4: what is delivered for good begins with the reverse-path. It is kept before the host is asked: later the line
   is gone. 0; -1: no memory. */
static int remember_path(struct mailproto_smtp_server *s, mailproto_text path)
{
    static const char before[] = "Return-Path: <", behind[] = ">\r\n";
    struct mp_smtp_work *w = s->work;
    size_t n = sizeof before - 1 + path.len + sizeof behind - 1;

    mp_smtp_free(s, &w->return_path, &w->return_path_len);
    if (!(s->flags & MAILPROTO_SMTP_SERVER_STORE) || s->flags & MAILPROTO_SMTP_SERVER_NO_RETURN_PATH)
        return 0;
    w->return_path = mp_alloc(&s->base.allocator, n);
    if (!w->return_path) {
        mp_engine_nomem(&s->base);
        return -1;
    }
    w->return_path_len = n;
    memcpy(w->return_path, before, sizeof before - 1);
    if (path.len)
        memcpy(w->return_path + sizeof before - 1, path.ptr, path.len);
    memcpy(w->return_path + sizeof before - 1 + path.len, behind, sizeof behind - 1);
    return 0;
}

int mp_smtp_mail(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    struct mp_smtp_work *w = s->work;
    struct mail m = {{.server = s, .room = arg.len}, .event = &w->event.mail};
    uint32_t refusal = out_of_place(s);

    m.offers = s->esmtp ? mp_smtp_offers(s) : 0;
    w->event.mail = (mailproto_smtp_mail){.path = {NULL, 0}};
    if (!refusal)
        refusal = parse(&m, arg, (line->flags & MP_LINE_8BIT) != 0);
    if (refusal) {
        mp_smtp_put(s, refusal);
        return 1;
    }
    if (s->max_transactions && s->transactions >= s->max_transactions) {
        mp_smtp_put_last(s, MP_R_TOO_MANY_MESSAGES, MAILPROTO_ERR_LIMIT, "more messages than a session may bring");
        return 1;
    }
    if (remember_path(s, w->event.mail.path))
        return 1;
    w->declared = w->event.mail.size;
    w->event.mail.unknown = m.parameters.first;
    w->utf8 = (w->event.mail.flags & MAILPROTO_SMTP_MAIL_SMTPUTF8) != 0;
    w->body = (uint8_t)w->event.mail.body;
    mp_smtp_ask(s, MAILPROTO_SMTP_SERVER_MAIL, sizeof w->event.mail, 0);
    return 1;
}

void mp_smtp_mail_answered(struct mailproto_smtp_server *s, const struct mp_request *r)
{
    struct mp_smtp_work *w = s->work;

    if (r->code < 400) {
        w->open = 1;
        w->delivered = 0;
        w->asked = w->accepted = 0;
        w->message = MP_MESSAGE_NONE;
        s->transactions++;
    }
    mp_smtp_put_answer(s, r);
}
