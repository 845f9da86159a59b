/* command_rcpt.c - RCPT: one recipient more; several may be asked for together.
 * RFC 5321 sections 3.3, 4.1.1.3 and 4.5.3.1.10; parameters of RFC 3461 4.1 and 4.2; RFC 6531; RFC 9422. */
#include <string.h>

#include "core/ascii.h"
#include "smtp/grammar.h"
#include "smtp/server.h"

enum { ORCPT_MAX = 500 };

struct rcpt {
    struct mp_smtp_parameters parameters;
    mailproto_smtp_rcpt *event;
    uint32_t utf8;
    uint32_t dsn;
};

/* "NEVER" or a list of the others */
static uint32_t parse_notify(struct rcpt *c, mailproto_text value)
{
    static const struct {
        const char *word;
        uint32_t bit;
    } words[] = {
        {"SUCCESS", MAILPROTO_SMTP_NOTIFY_SUCCESS},
        {"FAILURE", MAILPROTO_SMTP_NOTIFY_FAILURE},
        {"DELAY", MAILPROTO_SMTP_NOTIFY_DELAY},
    };
    const char *p = value.ptr, *end;

    if (!value.len)
        return MP_R_SYNTAX;
    end = p + value.len;
    if (mp_ascii_equal(p, value.len, "NEVER")) {
        c->event->notify = MAILPROTO_SMTP_NOTIFY_NEVER;
        return MP_R_NONE;
    }
    while (p < end) {
        size_t i = 0, n = 0;

        while (i < 3 && !(n = mp_ascii_begins(p, (size_t)(end - p), words[i].word)))
            i++;
        if (i == 3 || (c->event->notify & words[i].bit))
            return MP_R_SYNTAX;
        c->event->notify |= words[i].bit;
        p += n;
        if (p == end)
            return MP_R_NONE;
        if (*p++ != ',')
            return MP_R_SYNTAX;
    }
    return MP_R_SYNTAX;
}

/* addr-type ";" address */
static uint32_t parse_orcpt(struct rcpt *c, mailproto_text value)
{
    const char *semicolon = value.ptr ? memchr(value.ptr, ';', value.len) : NULL;
    size_t type = semicolon ? (size_t)(semicolon - value.ptr) : 0;

    if (!type || type + 1 == value.len || value.len > ORCPT_MAX || !mp_smtp_is_keyword(value.ptr, type))
        return MP_R_SYNTAX;
    c->event->orcpt_type = (mailproto_text){value.ptr, type};
    if (mp_smtp_decode(&c->parameters, c->event->orcpt_type, (mailproto_text){semicolon + 1, value.len - type - 1},
                       c->utf8, &c->event->orcpt))
        return MP_R_SYNTAX;
    return MP_R_NONE;
}

static uint32_t parse_parameter(struct rcpt *c, mailproto_text keyword, mailproto_text value)
{
    if (c->dsn && mp_ascii_equal(keyword.ptr, keyword.len, "NOTIFY"))
        return c->event->notify ? MP_R_SYNTAX : parse_notify(c, value);
    if (c->dsn && mp_ascii_equal(keyword.ptr, keyword.len, "ORCPT"))
        return c->event->orcpt_type.len ? MP_R_SYNTAX : parse_orcpt(c, value);
    return mp_smtp_unknown_parameter(&c->parameters, keyword, value);
}

/* "TO:" path [SP parameters] */
static uint32_t parse(struct rcpt *c, mailproto_text arg, int utf8_offered)
{
    size_t to = mp_ascii_begins(arg.ptr, arg.len, "TO:"), path;
    uint32_t read = (utf8_offered ? (uint32_t)MP_SMTP_UTF8 : 0) | MP_SMTP_POSTMASTER;
    const char *p, *end = arg.ptr + arg.len;
    mailproto_text keyword, value;
    int more;

    if (!to)
        return MP_R_SYNTAX;
    path = mp_smtp_read_path(arg.ptr + to, arg.len - to, read, &c->event->path);
    if (!path)
        return MP_R_BAD_RECIPIENT;
    p = arg.ptr + to + path;
    while ((more = mp_smtp_next_parameter(&p, end, c->utf8, &keyword, &value)) > 0) {
        uint32_t refusal = parse_parameter(c, keyword, value);

        if (refusal)
            return refusal;
    }
    return more < 0 ? MP_R_SYNTAX : MP_R_NONE;
}

/* RFC 6531 3.5: without SMTPUTF8 on MAIL no path goes beyond ASCII. */
static uint32_t check_ascii(const struct rcpt *c)
{
    for (size_t i = 0; i < c->event->path.len; i++)
        if ((uint8_t)c->event->path.ptr[i] > 127)
            return MP_R_NEED_SMTPUTF8;
    return MP_R_NONE;
}

static uint32_t out_of_place(const struct mailproto_smtp_server *s)
{
    const struct mp_smtp_work *w = s->work;

    if (!s->hello)
        return MP_R_NEED_HELLO;
    if (!w->open)
        return w->failed ? MP_R_BAD_SEQUENCE : MP_R_NEED_MAIL;
    if (w->message != MP_MESSAGE_NONE)
        return MP_R_BAD_SEQUENCE;
    return MP_R_NONE;
}

/* What the Received field may name, before the host is asked: later the line is gone. 0; -1: no memory. */
static int remember_first(struct mailproto_smtp_server *s, mailproto_text path)
{
    struct mp_smtp_work *w = s->work;

    if (w->asked || !(s->flags & MAILPROTO_SMTP_SERVER_RECEIVED))
        return 0;
    w->recipient = mp_alloc(&s->base.allocator, path.len);
    if (!w->recipient) {
        mp_engine_nomem(&s->base);
        return -1;
    }
    memcpy(w->recipient, path.ptr, path.len);
    w->recipient_len = path.len;
    return 0;
}

static void ask(struct mailproto_smtp_server *s, const struct rcpt *c)
{
    struct mp_smtp_work *w = s->work;

    if (mp_smtp_recipient_room(s, w->asked) || remember_first(s, c->event->path))
        return;
    c->event->index = w->asked;
    c->event->unknown = c->parameters.first;
    if (!mp_smtp_ask(s, MAILPROTO_SMTP_SERVER_RCPT, sizeof w->event.rcpt, w->asked))
        w->asked++;
}

int mp_smtp_rcpt(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    struct mp_smtp_work *w = s->work;
    struct rcpt c = {{.server = s, .room = arg.len}, &w->event.rcpt, w->utf8 ? (uint32_t)MP_SMTP_UTF8 : 0, 0};
    uint32_t offers = s->esmtp ? mp_smtp_offers(s) : 0, refusal = out_of_place(s), is_8bit = line->flags & MP_LINE_8BIT;

    c.dsn = offers & MAILPROTO_SMTP_EXT_DSN;
    w->event.rcpt = (mailproto_smtp_rcpt){.index = 0};
    if (!refusal)
        refusal = parse(&c, arg, is_8bit && (offers & MAILPROTO_SMTP_EXT_SMTPUTF8));
    if (!refusal && is_8bit && !c.utf8)
        refusal = check_ascii(&c);
    if (!refusal && s->max_recipients != MAILPROTO_UNLIMITED && w->asked >= s->max_recipients)
        refusal = MP_R_TOO_MANY_RECIPIENTS;
    if (s->base.ending)
        return 1;
    if (refusal && mp_requests(&s->base)) { /* its reply comes after theirs */
        mp_line_wait(&s->base, line);
        return s->base.ending;
    }
    mp_line_take(&s->base, line, MAILPROTO_TRACE_LINE);
    mp_peer_clock_reset(&s->base);
    if (refusal)
        mp_smtp_put(s, refusal);
    else
        ask(s, &c);
    return 1;
}

void mp_smtp_rcpt_answered(struct mailproto_smtp_server *s, const struct mp_request *r)
{
    if (mp_smtp_put_answer(s, r))
        mp_smtp_recipient_accepted(s, r->index);
}
