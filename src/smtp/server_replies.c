/* server_replies.c - putting replies on the wire: one line or more, with or without enhanced status codes.
 * RFC 5321 sections 4.2.1 and 4.5.3.1.5 (lines of 512 octets), RFC 2034 section 3. */
#include <string.h>

#include "smtp/server.h"

#define REPLY(name, code, enhanced, text, flags)                                                                       \
    {#code " " enhanced text "\r\n", code, sizeof #code " " enhanced text "\r\n" - 1, sizeof enhanced - 1, flags},
const struct mp_smtp_reply mp_smtp_replies[MP_R_COUNT] = {{"", 0, 0, 0, 0},
                                                          MP_SMTP_REPLIES(REPLY) MP_SMTP_STORE_REPLIES(REPLY)};

/* The code and its space, which every line begins with. */
enum { CODE = 4, PIECE_MAX = 480 };

static int with_enhanced(const struct mailproto_smtp_server *s)
{
    return (s->offer & MAILPROTO_SMTP_EXT_ENHANCEDSTATUSCODES) != 0;
}

static void put_hosted(struct mailproto_smtp_server *s, const struct mp_smtp_reply *reply)
{
    mailproto_text host = mp_smtp_hostname(s);
    size_t begin = CODE + reply->enhanced, rest = reply->length - begin;
    uint8_t *to = mp_out_reserve(&s->base, reply->length + host.len + 1);

    if (!to) {
        mp_engine_nomem(&s->base);
        return;
    }
    if (!with_enhanced(s))
        begin = CODE;
    memcpy(to, reply->line, begin);
    memcpy(to + begin, host.ptr, host.len);
    to[begin + host.len] = ' ';
    memcpy(to + begin + host.len + 1, reply->line + CODE + reply->enhanced, rest);
    mp_out_commit(&s->base, begin + host.len + 1 + rest, MAILPROTO_TRACE_LINE);
}

static void put_line(struct mailproto_smtp_server *s, const struct mp_smtp_reply *reply)
{
    uint8_t *to;

    if (with_enhanced(s) || !reply->enhanced) {
        mp_out_put(&s->base, reply->line, reply->length, MAILPROTO_TRACE_LINE);
        return;
    }
    to = mp_out_reserve(&s->base, reply->length);
    if (!to) {
        mp_engine_nomem(&s->base);
        return;
    }
    memcpy(to, reply->line, CODE);
    memcpy(to + CODE, reply->line + CODE + reply->enhanced, (size_t)reply->length - CODE - reply->enhanced);
    mp_out_commit(&s->base, (size_t)reply->length - reply->enhanced, MAILPROTO_TRACE_LINE);
}

int mp_smtp_count_bad(struct mailproto_smtp_server *s)
{
    if (s->max_bad_commands == MAILPROTO_UNLIMITED)
        return 0;
    return ++s->bad_commands > s->max_bad_commands;
}

void mp_smtp_put(struct mailproto_smtp_server *s, uint32_t number)
{
    const struct mp_smtp_reply *reply = &mp_smtp_replies[number];

    if (s->base.ending)
        return;
    if (reply->flags & MP_REPLY_BAD && mp_smtp_count_bad(s))
        mp_smtp_put_last(s, MP_R_TOO_MANY_ERRORS, MAILPROTO_ERR_LIMIT, "too many bad commands");
    else if (reply->flags & MP_REPLY_HOSTED)
        put_hosted(s, reply);
    else
        put_line(s, reply);
}

void mp_smtp_put_last(struct mailproto_smtp_server *s, uint32_t reply, int32_t why, const char *text)
{
    mp_smtp_put(s, reply);
    mp_engine_end(&s->base, why, text);
}

/* ---- replies of the host's ---- */

static void write_code(char *to, uint32_t code, int last)
{
    to[0] = (char)('0' + code / 100);
    to[1] = (char)('0' + code / 10 % 10);
    to[2] = (char)('0' + code % 10);
    to[3] = last ? ' ' : '-';
}

/* How much of a line goes into one of the wire's: all, or up to a space. */
static size_t piece_of(const char *text, size_t n)
{
    if (n <= PIECE_MAX)
        return n;
    for (size_t i = PIECE_MAX; i > PIECE_MAX / 2; i--)
        if (text[i] == ' ')
            return i;
    return PIECE_MAX;
}

/* A client hears UTF-8 only where it said SMTPUTF8 (RFC 6531 3.7.4.2); elsewhere what is beyond ASCII is made visible. */
static void make_ascii(const struct mailproto_smtp_server *s, uint8_t *text, size_t n)
{
    if (s->work && (s->work->utf8 || s->work->utf8_query))
        return;
    for (size_t i = 0; i < n; i++)
        if (text[i] > 127)
            text[i] = '?';
}

static void put_piece(struct mailproto_smtp_server *s, uint32_t code, mailproto_text enhanced, const char *text,
                      size_t n, int last)
{
    uint8_t *to = mp_out_reserve(&s->base, CODE + enhanced.len + 1 + n + 2), *at = to;

    if (!to) {
        mp_engine_nomem(&s->base);
        return;
    }
    write_code((char *)at, code, last);
    at += CODE;
    if (enhanced.len) {
        memcpy(at, enhanced.ptr, enhanced.len);
        at += enhanced.len;
        *at++ = ' ';
    }
    if (n)
        memcpy(at, text, n);
    make_ascii(s, at, n);
    at += n;
    *at++ = '\r';
    *at++ = '\n';
    mp_out_commit(&s->base, (size_t)(at - to), MAILPROTO_TRACE_LINE);
}

void mp_smtp_put_text(struct mailproto_smtp_server *s, uint32_t code, mailproto_text enhanced, mailproto_text text)
{
    const char *p = text.ptr, *end = p + text.len;

    if (!with_enhanced(s) || code / 100 == 3)
        enhanced.len = 0;
    for (;;) {
        const char *lf = p == end ? NULL : memchr(p, '\n', (size_t)(end - p));
        size_t line = (size_t)((lf ? lf : end) - p), piece = piece_of(p, line);
        int last = piece == line && !lf;

        if (s->base.ending)
            return;
        put_piece(s, code, enhanced, p, piece, last);
        if (last)
            return;
        p += piece == line ? line + 1 : piece + (p[piece] == ' ');
    }
}

/* ---- enhanced codes for codes that come without ---- */

static const struct {
    uint32_t type, code;
    const char *enhanced;
} usual[] = {
    {MAILPROTO_SMTP_SERVER_AUTH, 235, "2.7.0"},
    {MAILPROTO_SMTP_SERVER_AUTH, 454, "4.7.0"},
    {MAILPROTO_SMTP_SERVER_AUTH, 535, "5.7.8"},
    {MAILPROTO_SMTP_SERVER_AUTH, 534, "5.7.9"},
    {MAILPROTO_SMTP_SERVER_AUTH, 432, "4.7.12"},
    {MAILPROTO_SMTP_SERVER_MAIL, 250, "2.1.0"},
    {MAILPROTO_SMTP_SERVER_MAIL, 450, "4.1.8"},
    {MAILPROTO_SMTP_SERVER_MAIL, 550, "5.7.1"},
    {MAILPROTO_SMTP_SERVER_MAIL, 553, "5.1.7"},
    {MAILPROTO_SMTP_SERVER_MAIL, 452, "4.3.1"},
    {MAILPROTO_SMTP_SERVER_MAIL, 552, "5.3.4"},
    {MAILPROTO_SMTP_SERVER_RCPT, 250, "2.1.5"},
    {MAILPROTO_SMTP_SERVER_RCPT, 251, "2.1.5"},
    {MAILPROTO_SMTP_SERVER_RCPT, 450, "4.2.1"},
    {MAILPROTO_SMTP_SERVER_RCPT, 452, "4.2.2"},
    {MAILPROTO_SMTP_SERVER_RCPT, 550, "5.1.1"},
    {MAILPROTO_SMTP_SERVER_RCPT, 551, "5.1.6"},
    {MAILPROTO_SMTP_SERVER_RCPT, 552, "5.2.2"},
    {MAILPROTO_SMTP_SERVER_RCPT, 553, "5.1.3"},
    {MAILPROTO_SMTP_SERVER_RCPT, 556, "5.1.10"},
    {MAILPROTO_SMTP_SERVER_MESSAGE_END, 452, "4.3.1"},
    {MAILPROTO_SMTP_SERVER_MESSAGE_END, 550, "5.7.1"},
    {MAILPROTO_SMTP_SERVER_MESSAGE_END, 552, "5.3.4"},
    {MAILPROTO_SMTP_SERVER_MESSAGE_END, 554, "5.6.0"},
    {MAILPROTO_SMTP_SERVER_RCPT_RESULT, 452, "4.2.2"},
    {MAILPROTO_SMTP_SERVER_RCPT_RESULT, 552, "5.2.2"},
    {MAILPROTO_SMTP_SERVER_VRFY, 252, "2.1.5"},
    {MAILPROTO_SMTP_SERVER_VRFY, 550, "5.1.1"},
    {MAILPROTO_SMTP_SERVER_VRFY, 553, "5.1.4"},
    {MAILPROTO_SMTP_SERVER_EXPN, 550, "5.1.1"},
    {0, 421, "4.3.2"},
    {0, 451, "4.3.0"},
    {0, 502, "5.5.1"},
    {0, 503, "5.5.1"},
    {0, 501, "5.5.4"},
    {0, 530, "5.7.0"},
};

mailproto_text mp_smtp_enhanced_for(uint32_t type, uint32_t code)
{
    static const char *const plain[] = {"2.0.0", "4.0.0", "5.0.0"};

    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (usual[i].code == code && (!usual[i].type || usual[i].type == type))
            return (mailproto_text){usual[i].enhanced, strlen(usual[i].enhanced)};
    return (mailproto_text){plain[code < 400 ? 0 : code / 100 - 3], 5};
}
