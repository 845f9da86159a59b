/* server_answer.c - the host's answers: checked, kept in their request, put on the wire in its turn.
 * RFC 5321 section 4.2; RFC 2034; mailproto/smtp_server.h, "answers". */
#include <string.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "smtp/grammar.h"
#include "smtp/server.h"

enum {
    TEXT_MAX = 800,
    LINES_MAX = 32,
    ENHANCED_MAX = 9,
    /* r->value: the number of a reply of the engine's, and this bit */
    CLOSE = 0x10000
};

static struct mailproto_smtp_server *of(struct mp_engine *e)
{
    return (struct mailproto_smtp_server *)e;
}

/* ---- what a request is answered with, if with no reply of the host's ---- */

struct answers {
    uint8_t accept, by_default, fail; /* MP_R_* */
};

/* By event type, from the first; those that are no requests have none. */
enum { FIRST = MAILPROTO_SMTP_SERVER_CONNECT };
static const struct answers answers[] = {
    /* The greeting and the reply to hello are put by their commands. */
    [MAILPROTO_SMTP_SERVER_CONNECT - FIRST] = {MP_R_OK, MP_R_OK, MP_R_NOT_AVAILABLE},
    [MAILPROTO_SMTP_SERVER_HELLO - FIRST] = {MP_R_OK, MP_R_OK, MP_R_LOCAL_ERROR},
    [MAILPROTO_SMTP_SERVER_AUTH - FIRST] = {MP_R_AUTH_OK, MP_R_AUTH_FAILED, MP_R_AUTH_LATER},
    [MAILPROTO_SMTP_SERVER_MAIL - FIRST] = {MP_R_SENDER_OK, MP_R_SENDER_OK, MP_R_LOCAL_ERROR},
    [MAILPROTO_SMTP_SERVER_RCPT - FIRST] = {MP_R_RECIPIENT_OK, MP_R_NOT_RELAYED, MP_R_LOCAL_ERROR},
    [MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN - FIRST] = {MP_R_DATA_GO, MP_R_DATA_GO, MP_R_LOCAL_ERROR},
    [MAILPROTO_SMTP_SERVER_MESSAGE_END - FIRST] = {MP_R_MESSAGE_OK, MP_R_LOCAL_ERROR, MP_R_LOCAL_ERROR},
    [MAILPROTO_SMTP_SERVER_RCPT_RESULT - FIRST] = {MP_R_MESSAGE_OK, MP_R_LOCAL_ERROR, MP_R_LOCAL_ERROR},
    [MAILPROTO_SMTP_SERVER_VRFY - FIRST] = {MP_R_OK, MP_R_CANNOT_VERIFY, MP_R_LOCAL_ERROR},
    [MAILPROTO_SMTP_SERVER_EXPN - FIRST] = {MP_R_OK, MP_R_NOT_OFFERED, MP_R_LOCAL_ERROR},
    /* HELP's own text is put by the command. */
    [MAILPROTO_SMTP_SERVER_HELP - FIRST] = {MP_R_OK, MP_R_OK, MP_R_LOCAL_ERROR},
    /* These are answered with what they ask for; a reply in its place ends the login. */
    [MAILPROTO_SMTP_SERVER_KEYS - FIRST] = {MP_R_NONE, MP_R_AUTH_FAILED, MP_R_AUTH_LATER},
    [MAILPROTO_SMTP_SERVER_DERIVE - FIRST] = {MP_R_NONE, MP_R_AUTH_FAILED, MP_R_AUTH_LATER},
    [MAILPROTO_SMTP_SERVER_STEP - FIRST] = {MP_R_NONE, MP_R_AUTH_FAILED, MP_R_AUTH_FAILED},
};

static const struct answers *answers_of(uint32_t type)
{
    return &answers[type - FIRST];
}

static int is_lmtp(const struct mailproto_smtp_server *s)
{
    return (s->flags & MAILPROTO_SMTP_SERVER_LMTP) != 0;
}

/* What the host took on is true from the moment it said so, whatever becomes of the reply: a transaction and a message have
   their ends even if the session ends before the answer has its turn; responsibility is not given back. */
static void book(struct mailproto_smtp_server *s, const struct mp_request *r)
{
    if (r->type == MAILPROTO_SMTP_SERVER_MAIL && r->code < 400) {
        s->work->open = 1;
        s->work->delivered = 0;
    }
    if (r->type == MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN && r->code < 400)
        s->work->begins = 1;
    if (r->type == MAILPROTO_SMTP_SERVER_MESSAGE_END && s->work->stored)
        return; /* the stores have a word yet */
    if (r->code / 100 == 2 &&
        (r->type == MAILPROTO_SMTP_SERVER_RCPT_RESULT ||
         (r->type == MAILPROTO_SMTP_SERVER_MESSAGE_END && (!is_lmtp(s) || r->value != MP_R_MESSAGE_OK))))
        s->work->delivered = 1;
}

int32_t mp_smtp_answer_with(struct mailproto_smtp_server *s, struct mp_request *r, uint32_t reply)
{
    r->code = mp_smtp_replies[reply].code;
    r->value = reply;
    r->length = 0;
    book(s, r);
    mp_request_answered(&s->base, r, 0);
    return MAILPROTO_OK;
}

int32_t mp_smtp_use_default(struct mp_engine *e, struct mp_request *r)
{
    const struct mp_smtp_work *w = of(e)->work;

    if (r->own)
        return MAILPROTO_ERR_TOKEN;
    if (answers_of(r->type)->accept == MP_R_NONE)
        return mp_smtp_login_default(of(e), r);
    /* LMTP: what became of the message is asked for each recipient (RFC 2033 4.2). */
    if (r->type == MAILPROTO_SMTP_SERVER_MESSAGE_END && is_lmtp(of(e)))
        return mp_smtp_answer_with(of(e), r, MP_R_MESSAGE_OK);
    /* All of it goes into stores: there is nothing that the host would have to take. */
    if (r->type == MAILPROTO_SMTP_SERVER_MESSAGE_END && w->stored && w->stored == w->accepted)
        return mp_smtp_answer_with(of(e), r, MP_R_MESSAGE_OK);
    return mp_smtp_answer_with(of(e), r, answers_of(r->type)->by_default);
}

int32_t mp_smtp_fail(struct mp_engine *e, struct mp_request *r)
{
    if (r->own) {
        of(e)->work->store_ops->fail(of(e), r);
        return MAILPROTO_OK;
    }
    return mp_smtp_answer_with(of(e), r, answers_of(r->type)->fail);
}

/* ---- verdicts ---- */

static int code_fits(uint32_t type, uint32_t code)
{
    uint32_t class = code / 100;

    if (code < 200 || code > 599 || code / 10 % 10 > 5)
        return 0;
    switch (type) {
    case MAILPROTO_SMTP_SERVER_CONNECT:
        return code == 220 || code == 421 || class == 5;
    case MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN:
        return code == 354 || code == 250 || class > 3;
    case MAILPROTO_SMTP_SERVER_AUTH:
        return code == 235 || class > 3;
    case MAILPROTO_SMTP_SERVER_KEYS:
    case MAILPROTO_SMTP_SERVER_DERIVE:
    case MAILPROTO_SMTP_SERVER_STEP:
        return class > 3;
    case MAILPROTO_SMTP_SERVER_HELLO:
        return code == 250 || class > 3;
    default:
        return class != 3;
    }
}

static int enhanced_fits(mailproto_text enhanced, uint32_t code)
{
    if (!enhanced.len)
        return 1;
    return enhanced.len <= ENHANCED_MAX && mp_smtp_is_enhanced(enhanced.ptr, enhanced.len) &&
           (uint32_t)(enhanced.ptr[0] - '0') == (code == 354 ? 2 : code / 100);
}

static int text_fits(mailproto_text text)
{
    uint32_t lines = 1;

    if (text.len > TEXT_MAX)
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];

        if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
            return 0;
        lines += c == '\n';
    }
    return lines <= LINES_MAX && mp_utf8_valid((const uint8_t *)text.ptr, text.len);
}

static int verdict_fits(const mailproto_smtp_verdict *v, uint32_t type)
{
    if ((!v->text.ptr && v->text.len) || (!v->enhanced.ptr && v->enhanced.len))
        return 0;
    return code_fits(type, v->code) && enhanced_fits(v->enhanced, v->code) && text_fits(v->text);
}

/* The engine's own sentences, for a code without text. */
static mailproto_text text_for(uint32_t type, uint32_t code)
{
    const struct answers *known = answers_of(type);
    const struct mp_smtp_reply *reply = &mp_smtp_replies[code < 400 ? known->accept : known->by_default];
    const char *sentence = code < 300 ? "OK" : code < 500 ? "Try again later" : "Refused";
    size_t before = 4 + (size_t)reply->enhanced;

    if (reply->code == code && !(reply->flags & MP_REPLY_HOSTED))
        return (mailproto_text){reply->line + before, reply->length - before - 2};
    return (mailproto_text){sentence, strlen(sentence)};
}

/* Into MP_ANSWER_MAX octets: a length, the enhanced code of that length, the text. Gives how many. */
static uint16_t write_answer(char *to, uint32_t type, const mailproto_smtp_verdict *v)
{
    mailproto_text enhanced = v->enhanced, text = v->text;

    if (!enhanced.len)
        enhanced = mp_smtp_enhanced_for(type, v->code);
    if (!text.len)
        text = text_for(type, v->code);
    to[0] = (char)enhanced.len;
    memcpy(to + 1, enhanced.ptr, enhanced.len);
    memcpy(to + 1 + enhanced.len, text.ptr, text.len);
    return (uint16_t)(1 + enhanced.len + text.len);
}

static int32_t answer(struct mailproto_smtp_server *s, struct mp_request *r, const mailproto_smtp_verdict *v)
{
    if (!verdict_fits(v, r->type) || !mp_smtp_login_allows(s, r->type, v->code))
        return MAILPROTO_ERR_ARG;
    r->code = v->code;
    r->length = write_answer(r->store, r->type, v);
    r->value = MP_R_NONE | (v->close || v->code == 421 ? (uint32_t)CLOSE : 0);
    book(s, r);
    mp_request_answered(&s->base, r, v->delay_ms);
    return MAILPROTO_OK;
}

int32_t mailproto_smtp_verdict_init(mailproto_smtp_verdict *verdict, size_t size)
{
    return mp_struct_init(verdict, size);
}

int32_t mailproto_smtp_server_accept(mailproto_smtp_server *s, uint64_t token)
{
    struct mp_request *r = s ? mp_request_find(&s->base, token, 0) : NULL;

    if (!s)
        return MAILPROTO_ERR_ARG;
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    if (!mp_smtp_login_allows(s, r->type, mp_smtp_replies[answers_of(r->type)->accept].code))
        return MAILPROTO_ERR_ARG;
    return mp_smtp_answer_with(s, r, answers_of(r->type)->accept);
}

int32_t mailproto_smtp_server_reply(mailproto_smtp_server *s, uint64_t token, uint32_t code, const char *enhanced,
                                    size_t enhanced_len, const char *text, size_t len)
{
    mailproto_smtp_verdict v = {sizeof v, code, {enhanced, enhanced_len}, {text, len}, 0, 0};

    return mailproto_smtp_server_answer(s, token, &v);
}

int32_t mailproto_smtp_server_answer(mailproto_smtp_server *s, uint64_t token, const mailproto_smtp_verdict *verdict)
{
    mailproto_smtp_verdict v;
    struct mp_request *r;

    if (!s || mp_struct_copy(&v, sizeof v, verdict))
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&s->base, token, 0);
    return r ? answer(s, r, &v) : MAILPROTO_ERR_TOKEN;
}

static void put_stored(struct mailproto_smtp_server *s, uint32_t code, const char *store, size_t length)
{
    size_t enhanced = (uint8_t)store[0];

    mp_smtp_put_text(s, code, (mailproto_text){store + 1, enhanced},
                     (mailproto_text){store + 1 + enhanced, length - 1 - enhanced});
}

static void close_after(struct mailproto_smtp_server *s)
{
    mp_engine_end(&s->base, MAILPROTO_OK, "the host closed the session");
}

int mp_smtp_put_answer(struct mailproto_smtp_server *s, const struct mp_request *r)
{
    uint32_t reply = r->value & ~(uint32_t)CLOSE;

    if (reply)
        mp_smtp_put(s, reply);
    else
        put_stored(s, r->code, r->store, r->length);
    if (r->value & CLOSE || r->code == 421)
        close_after(s);
    return r->code < 400;
}

/* ---- the verdict on a message that waits for the end of it ---- */

static char *verdict_store(struct mailproto_smtp_server *s)
{
    struct mp_smtp_verdict *kept = &s->work->verdict;

    if (!kept->store)
        kept->store = mp_alloc(&s->base.allocator, MP_ANSWER_MAX);
    return kept->store;
}

int mp_smtp_verdict_room(struct mailproto_smtp_server *s)
{
    if (verdict_store(s))
        return 0;
    mp_engine_nomem(&s->base);
    return -1;
}

/* Without memory for its text a verdict keeps its code, and says so in the engine's words. */
void mp_smtp_keep_answer(struct mailproto_smtp_server *s, const struct mp_request *r)
{
    struct mp_smtp_verdict *kept = &s->work->verdict;
    mailproto_smtp_verdict plain = {.code = r->code};

    kept->code = r->code;
    kept->reply = (uint8_t)r->value;
    kept->close = (r->value & CLOSE) != 0 || r->code == 421;
    kept->delay = 0;
    kept->length = 0;
    if (kept->reply || !verdict_store(s))
        return;
    kept->length = r->length;
    if (r->length)
        memcpy(kept->store, r->store, r->length);
    else
        kept->length = write_answer(kept->store, r->type, &plain);
}

void mp_smtp_put_verdict(struct mailproto_smtp_server *s)
{
    const struct mp_smtp_verdict *kept = &s->work->verdict;
    const uint32_t type = MAILPROTO_SMTP_SERVER_MESSAGE_END;

    if (kept->reply)
        mp_smtp_put(s, kept->reply);
    else if (kept->length)
        put_stored(s, kept->code, kept->store, kept->length);
    else
        mp_smtp_put_text(s, kept->code, mp_smtp_enhanced_for(type, kept->code), text_for(type, kept->code));
}

int32_t mailproto_smtp_server_reject_message(mailproto_smtp_server *s, const mailproto_smtp_verdict *verdict)
{
    mailproto_smtp_verdict v;
    struct mp_smtp_verdict *kept;

    if (!s || mp_struct_copy(&v, sizeof v, verdict))
        return MAILPROTO_ERR_ARG;
    if (v.code < 400 || !verdict_fits(&v, MAILPROTO_SMTP_SERVER_MESSAGE_END))
        return MAILPROTO_ERR_ARG;
    if (mp_engine_ended(&s->base) || !s->work || s->work->message != MP_MESSAGE_ARRIVING)
        return MAILPROTO_ERR_STATE;
    kept = &s->work->verdict;
    kept->code = v.code;
    kept->reply = MP_R_NONE;
    kept->close = v.close || v.code == 421;
    kept->delay = v.delay_ms;
    kept->length = verdict_store(s) ? write_answer(kept->store, MAILPROTO_SMTP_SERVER_MESSAGE_END, &v) : 0;
    mp_smtp_message_refuse(s, MAILPROTO_ERR_HOST);
    mp_engine_kick(&s->base);
    return MAILPROTO_OK;
}
