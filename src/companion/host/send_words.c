/* send_words.c - what became of a message, in sentences: which server said what of whom, and what to do.
 * RFC 5321 4.2.1 is what "later" and "again" mean: 4yz and 5yz. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "send.h"

enum { SENTENCE = 1600 };

struct words {
    char text[SENTENCE];
    size_t len;
};

static void clear(struct words *w)
{
    w->len = 0;
    *w->text = 0;
}

static void say(struct words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct words *w, const char *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(w->text + w->len, sizeof w->text - w->len, format, arguments);
    va_end(arguments);
    w->len += (size_t)n < sizeof w->text - w->len ? (size_t)n : sizeof w->text - w->len - 1;
}

/* What a server said, fit for one line of text: line ends are spaces, other controls '?'. */
static void quote(struct words *w, mailproto_text text)
{
    for (size_t i = 0; i < text.len && w->len < sizeof w->text - 1; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        w->text[w->len++] = (char)(c == '\n' ? ' ' : c < ' ' || c == 0x7f ? '?' : c);
    }
    w->text[w->len] = 0;
}

static void say_reply(struct words *w, const mailproto_smtp_response *reply)
{
    say(w, "%u ", reply->code);
    if (reply->enhanced.len) {
        quote(w, reply->enhanced);
        say(w, " ");
    }
    quote(w, reply->text);
}

static void say_server(struct words *w, const mailproto_host_sending *s)
{
    quote(w, s->outcome.server);
    if (s->outcome.greeting.len) {
        say(w, " (");
        quote(w, s->outcome.greeting);
        say(w, ")");
    }
}

static const char *stage_name(uint32_t stage)
{
    static const char *const names[] = {"", "connect", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "message"};

    return stage < sizeof names / sizeof *names ? names[stage] : "";
}

static mailproto_text keep(mailproto_host_sending *s, const struct words *w)
{
    static const char nothing[] = "there is no memory to tell what happened";
    int failed = 0;
    mailproto_text copy = mp_send_copy(s, (mailproto_text){w->text, w->len}, &failed);

    return failed ? (mailproto_text){nothing, sizeof nothing - 1} : copy;
}

/* ---- why it was not sent ---- */

static void say_why(struct words *w, const mailproto_host_sending *s)
{
    const struct mp_send_transaction *t = s->last_transaction;

    if (s->cancelled) {
        say(w, "cancelled");
    } else if (s->connect_why) {
        quote(w, s->connect_text);
    } else if (s->outcome.withheld) {
        quote(w, s->outcome.server);
        say(w, ": without TLS everyone on the way could read the password, and no flag of the request allows that");
    } else if (t && t->reply.code) {
        say_server(w, s);
        say(w, ", at %s: ", stage_name(t->told.stage));
        say_reply(w, &t->reply);
    } else {
        say_server(w, s);
        say(w, ": ");
        quote(w, t && t->told.text.len ? t->told.text : s->session_text);
    }
}

static void say_of(struct words *w, const mailproto_host_sending *s, const struct mp_send_recipient *r)
{
    switch (r->result.outcome) {
    case MAILPROTO_SMTP_ACCEPTED:
        say_server(w, s);
        say(w, " accepted the message for ");
        quote(w, r->result.address);
        say(w, ": ");
        say_reply(w, &r->reply);
        break;
    case MAILPROTO_SMTP_REFUSED:
        say_server(w, s);
        say(w, " refused ");
        quote(w, r->result.address);
        say(w, " (%s): ", stage_name(r->result.stage));
        say_reply(w, &r->reply);
        break;
    case MAILPROTO_SMTP_UNKNOWN:
        say_server(w, s);
        say(w, " had the whole message for ");
        quote(w, r->result.address);
        say(w, " and then gave no answer: ");
        quote(w, s->cancelled ? (mailproto_text){"cancelled", 9} : s->last_transaction->told.text);
        break;
    default:
        say(w, "not sent to ");
        quote(w, r->result.address);
        say(w, ": ");
        say_why(w, s);
        break;
    }
}

/* ---- what to do ---- */

static void advise(struct words *w, const mailproto_host_outcome *o)
{
    if (o->accepted && o->accepted + o->refused + o->not_sent + o->unknown == o->accepted)
        return;
    if (o->unknown)
        say(w,
            ". It may have been accepted: ask the recipient before it is sent again, for that may make a second copy");
    else if (o->again)
        say(w, ". Sending it again later may succeed, and makes no second copy");
    else if (o->why == MAILPROTO_ERR_AUTH)
        say(w, ". Check the user's name and the password, and whether TLS is there");
    else if (o->no_such_name)
        say(w, ". Check the host's name");
    else if (o->why == MAILPROTO_ERR_UNSUPPORTED)
        say(w, ". Encode the message (MIME, 7 bits) and use ASCII addresses, or send it by another server");
    else if (o->why == MAILPROTO_ERR_REFUSED)
        say(w, ". What was refused with 5yz will be refused again: correct what the reply names");
}

static const struct mp_send_recipient *first_of(const mailproto_host_sending *s, uint32_t outcome)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->recipients[i].result.outcome == outcome)
            return &s->recipients[i];
    return NULL;
}

static void say_part(struct words *w, uint32_t count, const char *what)
{
    if (count)
        say(w, "%s%s %u", w->len ? ", " : "", what, count);
}

/* One recipient: what is said of it. More: how many had which fate, and what is said of the first that was not
   lucky. */
static void say_all(struct words *w, const mailproto_host_sending *s)
{
    static const uint32_t order[] = {MAILPROTO_SMTP_UNKNOWN, MAILPROTO_SMTP_NOT_SENT, MAILPROTO_SMTP_REFUSED,
                                     MAILPROTO_SMTP_ACCEPTED};
    const mailproto_host_outcome *o = &s->outcome;
    const struct mp_send_recipient *r = NULL;

    if (s->count > 1) {
        say_part(w, o->accepted, "accepted for");
        say_part(w, o->refused, "refused for");
        say_part(w, o->not_sent, "not sent to");
        say_part(w, o->unknown, "unknown for");
        say(w, " of %u recipients; ", s->count);
    }
    for (size_t i = 0; !r; i++)
        r = first_of(s, order[i]);
    say_of(w, s, r);
    advise(w, o);
}

void mp_send_words(mailproto_host_sending *s)
{
    struct words w;

    for (uint32_t i = 0; i < s->count; i++) {
        clear(&w);
        say_of(&w, s, &s->recipients[i]);
        s->recipients[i].result.sentence = keep(s, &w);
    }
    clear(&w);
    say_all(&w, s);
    s->outcome.sentence = keep(s, &w);
    clear(&w);
    if (s->outcome.not_sent)
        say_why(&w, s);
    s->outcome.reason = keep(s, &w);
}
