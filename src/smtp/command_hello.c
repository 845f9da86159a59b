/* command_hello.c - EHLO, HELO and LHLO: who the client says it is, and what the server offers.
 * RFC 5321 sections 4.1.1.1 and 4.1.4; RFC 2033 section 4.1; RFC 1870, 2034, 4954, 9422 (arguments of keywords). */
#include <string.h>

#include "core/ascii.h"
#include "smtp/grammar.h"
#include "smtp/server.h"

enum { HELLO_MAX = 255 };

/* ---- the command ---- */

static int hello(struct mailproto_smtp_server *s, const char *verb, mailproto_text domain)
{
    struct mp_smtp_work *w = s->work;

    if (domain.len > HELLO_MAX || !mp_smtp_is_hello(domain.ptr, domain.len)) {
        mp_smtp_put(s, MP_R_SYNTAX);
        return 1;
    }
    w->hello = mp_alloc(&s->base.allocator, domain.len);
    if (!w->hello)
        return mp_engine_nomem(&s->base);
    memcpy(w->hello, domain.ptr, domain.len);
    w->hello_len = domain.len;
    w->hello_extended = verb[0] != 'H';
    w->event.hello = (mailproto_smtp_hello){.verb = {verb, 4}, .domain = domain};
    mp_smtp_ask(s, MAILPROTO_SMTP_SERVER_HELLO, sizeof w->event.hello, 0);
    return 1;
}

int mp_smtp_ehlo(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    (void)line;
    return hello(s, "EHLO", arg);
}

int mp_smtp_helo(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    (void)line;
    return hello(s, "HELO", arg);
}

int mp_smtp_lhlo(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    (void)line;
    return hello(s, "LHLO", arg);
}

/* ---- the reply ---- */

static const struct {
    uint32_t bit;
    const char *keyword;
} keywords[] = {
    {MAILPROTO_SMTP_EXT_SIZE, "SIZE"},
    {MAILPROTO_SMTP_EXT_8BITMIME, "8BITMIME"},
    {MAILPROTO_SMTP_EXT_PIPELINING, "PIPELINING"},
    {MAILPROTO_SMTP_EXT_STARTTLS, "STARTTLS"},
    {MAILPROTO_SMTP_EXT_AUTH, "AUTH"},
    {MAILPROTO_SMTP_EXT_ENHANCEDSTATUSCODES, "ENHANCEDSTATUSCODES"},
    {MAILPROTO_SMTP_EXT_DSN, "DSN"},
    {MAILPROTO_SMTP_EXT_CHUNKING, "CHUNKING"},
    {MAILPROTO_SMTP_EXT_BINARYMIME, "BINARYMIME"},
    {MAILPROTO_SMTP_EXT_SMTPUTF8, "SMTPUTF8"},
    {MAILPROTO_SMTP_EXT_REQUIRETLS, "REQUIRETLS"},
    {MAILPROTO_SMTP_EXT_LIMITS, "LIMITS"},
    {MAILPROTO_SMTP_EXT_VRFY, "VRFY"},
    {MAILPROTO_SMTP_EXT_EXPN, "EXPN"},
    {MAILPROTO_SMTP_EXT_HELP, "HELP"},
};

static char *put(char *to, const char *text, size_t n)
{
    memcpy(to, text, n);
    return to + n;
}

static char *put_number(char *to, const char *name, uint64_t number)
{
    to = put(to, name, strlen(name));
    return to + mp_ascii_write_decimal(to, number);
}

/* What stands behind a keyword. */
static char *put_arguments(char *to, const struct mailproto_smtp_server *s, uint32_t bit)
{
    if (bit == MAILPROTO_SMTP_EXT_SIZE)
        return put_number(to, " ", s->max_message == MAILPROTO_UNLIMITED_64 ? 0 : s->max_message);
    if (bit == MAILPROTO_SMTP_EXT_AUTH)
        return to + mp_sasl_names(to, mp_smtp_mechanisms(s), mp_sasl_server_other(mp_smtp_sasl_settings(s)));
    if (bit != MAILPROTO_SMTP_EXT_LIMITS)
        return to;
    if (s->max_transactions)
        to = put_number(to, " MAILMAX=", s->max_transactions);
    if (s->max_recipients != MAILPROTO_UNLIMITED)
        to = put_number(to, " RCPTMAX=", s->max_recipients);
    return to;
}

static size_t write_keywords(char *out, const struct mailproto_smtp_server *s)
{
    uint32_t offers = mp_smtp_offers(s);
    char *to = out;

    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (!(offers & keywords[i].bit))
            continue;
        *to++ = '\n';
        to = put(to, keywords[i].keyword, strlen(keywords[i].keyword));
        to = put_arguments(to, s, keywords[i].bit);
    }
    return (size_t)(to - out);
}

/* The first line is the host's name and, if the program said one, a greeting: one line, for the others are keywords. */
static void put_reply(struct mailproto_smtp_server *s, mailproto_text greeting)
{
    char text[HELLO_MAX + 200 + 512 + MP_SASL_NAMES_MAX + MP_SMTP_OTHER_MAX], *to = text;
    mailproto_text host = mp_smtp_hostname(s), none = {NULL, 0};
    const char *lf = greeting.len ? memchr(greeting.ptr, '\n', greeting.len) : NULL;
    size_t n = lf ? (size_t)(lf - greeting.ptr) : greeting.len;

    to = put(to, host.ptr, host.len);
    if (n) {
        *to++ = ' ';
        to = put(to, greeting.ptr, n > 200 ? 200 : n);
    }
    if (s->esmtp)
        to += write_keywords(to, s);
    mp_smtp_put_text(s, 250, none, (mailproto_text){text, (size_t)(to - text)});
}

void mp_smtp_hello_answered(struct mailproto_smtp_server *s, const struct mp_request *r)
{
    struct mp_smtp_work *w = s->work;
    size_t enhanced = r->length ? (uint8_t)r->store[0] : 0;

    if (r->code != 250) { /* the session stands where it stood (RFC 5321 4.1.4) */
        mp_smtp_free(s, &w->hello, &w->hello_len);
        mp_smtp_put_answer(s, r);
        return;
    }
    mp_free(&s->base.allocator, s->hello, s->hello_len);
    s->hello = w->hello;
    s->hello_len = (uint8_t)w->hello_len;
    s->esmtp = w->hello_extended;
    w->hello = NULL;
    w->hello_len = 0;
    mp_smtp_reset(s, MAILPROTO_ERR_CANCELLED);
    put_reply(s, r->length ? (mailproto_text){r->store + 1 + enhanced, r->length - 1 - enhanced}
                           : (mailproto_text){NULL, 0});
    if (r->length && r->value)
        mp_engine_end(&s->base, MAILPROTO_OK, "the host closed the session");
}
