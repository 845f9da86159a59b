/* server_step.c - one thing a call: the operations that the engine's base is given.
 * RFC 5321 sections 3.1, 3.8 and 4.5.3.2; core/engine.h. */
#include <string.h>

#include "core/config.h"
#include "smtp/server.h"

static struct mailproto_smtp_server *of(struct mp_engine *e)
{
    return (struct mailproto_smtp_server *)e;
}

static const struct mailproto_smtp_server *of_const(const struct mp_engine *e)
{
    return (const struct mailproto_smtp_server *)e;
}

/* ---- the greeting (RFC 5321 3.1) ---- */

static int greeting_step(struct mailproto_smtp_server *s)
{
    if (mp_requests(&s->base))
        return 0;
    s->work->event.connect = (mailproto_smtp_connect){.peer_address = mp_smtp_peer_address(s)};
    mp_smtp_ask(s, MAILPROTO_SMTP_SERVER_CONNECT, sizeof(mailproto_smtp_connect), 0);
    return 1;
}

static void put_greeting(struct mailproto_smtp_server *s, uint32_t code, mailproto_text text)
{
    mailproto_text host = mp_smtp_hostname(s), none = {NULL, 0};
    char line[512];

    if (text.len > sizeof line - host.len - 1)
        text.len = sizeof line - host.len - 1;
    memcpy(line, host.ptr, host.len);
    line[host.len] = ' ';
    memcpy(line + host.len + 1, text.ptr, text.len);
    mp_smtp_put_text(s, code, none, (mailproto_text){line, host.len + 1 + text.len});
}

void mp_smtp_connect_answered(struct mailproto_smtp_server *s, const struct mp_request *r)
{
    mailproto_text text = mp_smtp_banner(s);
    size_t enhanced = r->length ? (uint8_t)r->store[0] : 0;

    if (r->value == MP_R_NOT_AVAILABLE) {
        mp_smtp_put_last(s, MP_R_NOT_AVAILABLE, MAILPROTO_ERR_HOST, "the host took no session");
        return;
    }
    if (r->length)
        text = (mailproto_text){r->store + 1 + enhanced, r->length - 1 - enhanced};
    s->phase = r->code < 400 ? MP_SMTP_COMMANDS : MP_SMTP_REFUSED;
    put_greeting(s, r->length ? r->code : 220, text);
    if (r->length && (r->code == 421 || r->value))
        mp_engine_end(&s->base, MAILPROTO_OK, "the host closed the session");
}

/* ---- stepping ---- */

static int finish_step(struct mailproto_smtp_server *s)
{
    /* A message that arrives is received to its end: then the peer knows what became of it (RFC 5321 3.8). */
    if (mp_requests(&s->base) || s->phase >= MP_SMTP_DATA || s->phase == MP_SMTP_STARTTLS)
        return 0;
    mp_smtp_put_last(s, MP_R_CLOSING_DOWN, MAILPROTO_OK, "the host finished the session");
    return 1;
}

static int phase_step(struct mailproto_smtp_server *s)
{
    switch (s->phase) {
    case MP_SMTP_GREETING:
        return greeting_step(s);
    case MP_SMTP_STARTTLS:
        return mp_smtp_starttls_step(s);
    case MP_SMTP_SASL:
        return mp_smtp_auth_step(s);
    case MP_SMTP_DATA:
    case MP_SMTP_CHUNK:
        return mp_smtp_message_step(s);
    case MP_SMTP_RESULTS:
        return mp_smtp_results_step(s);
    case MP_SMTP_REPEATING:
        return mp_smtp_repeat_step(s);
    default:
        return mp_smtp_command_step(s);
    }
}

/* What a session in hand needs is there before anything is done. */
static int have_work(struct mailproto_smtp_server *s)
{
    if (!s->work && (s->phase == MP_SMTP_GREETING || mp_in_left(&s->base) || s->base.line_ready)) {
        s->work = mp_alloc_zero(&s->base.allocator, sizeof *s->work);
        if (!s->work)
            mp_engine_nomem(&s->base);
    }
    return s->work != NULL;
}

static int step(struct mp_engine *e)
{
    struct mailproto_smtp_server *s = of(e);

    if (s->work && (s->work->tell_aborted || s->work->tell_end))
        return mp_smtp_tell_step(s);
    if (s->work && s->work->deliveries && s->work->store_ops->step(s))
        return 1;
    if (e->finishing && finish_step(s))
        return 1;
    return have_work(s) ? phase_step(s) : e->ending;
}

static int wants_input(const struct mp_engine *e)
{
    const struct mailproto_smtp_server *s = of_const(e);

    if (e->out_pending >= MP_OUT_MARK)
        return 0;
    switch (s->phase) {
    case MP_SMTP_GREETING:
    case MP_SMTP_STARTTLS:
    case MP_SMTP_RESULTS:
    case MP_SMTP_REPEATING:
        return 0;
    case MP_SMTP_COMMANDS:
        return !e->ring_count || (e->ring[e->ring_head].type == MAILPROTO_SMTP_SERVER_RCPT && !mp_request_full(e));
    default:
        return !e->ring_count;
    }
}

static void answered(struct mp_engine *e, struct mp_request *r)
{
    struct mailproto_smtp_server *s = of(e);

    switch (r->type) {
    case MAILPROTO_SMTP_SERVER_CONNECT:
        mp_smtp_connect_answered(s, r);
        break;
    case MAILPROTO_SMTP_SERVER_HELLO:
        mp_smtp_hello_answered(s, r);
        break;
    case MAILPROTO_SMTP_SERVER_AUTH:
    case MAILPROTO_SMTP_SERVER_KEYS:
    case MAILPROTO_SMTP_SERVER_DERIVE:
    case MAILPROTO_SMTP_SERVER_STEP:
        mp_smtp_auth_answered(s, r);
        break;
    case MAILPROTO_SMTP_SERVER_MAIL:
        mp_smtp_mail_answered(s, r);
        break;
    case MAILPROTO_SMTP_SERVER_RCPT:
        mp_smtp_rcpt_answered(s, r);
        break;
    case MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN:
        mp_smtp_begin_answered(s, r);
        break;
    case MAILPROTO_SMTP_SERVER_MESSAGE_END:
        mp_smtp_end_answered(s, r);
        break;
    case MAILPROTO_SMTP_SERVER_RCPT_RESULT:
        mp_smtp_put_answer(s, r);
        break;
    case MP_SMTP_STORING:
        s->work->store_ops->settled(s);
        break;
    case MP_SMTP_DELAYED:
        mp_smtp_reply_refused(s);
        break;
    default:
        mp_smtp_query_answered(s, r);
        break;
    }
}

static void fail_event(struct mp_engine *e, uint32_t type)
{
    struct mailproto_smtp_server *s = of(e);

    if (type == MAILPROTO_SMTP_SERVER_BODY && s->work && s->work->message == MP_MESSAGE_ARRIVING)
        mp_smtp_message_refuse_with(s, MP_R_LOCAL_ERROR, MAILPROTO_ERR_HOST);
    else if (type != MAILPROTO_SMTP_SERVER_BODY)
        mp_smtp_put_last(s, MP_R_NOT_AVAILABLE, MAILPROTO_ERR_HOST, "the host failed the session");
}

/* ---- time (RFC 5321 4.5.3.2) ---- */

static uint32_t peer_limit(const struct mp_engine *e)
{
    const struct mailproto_smtp_server *s = of_const(e);

    if (e->tls == MP_TLS_DRAINING)
        return mp_or_never(s->tls_ms);
    if (s->phase == MP_SMTP_DATA || s->phase == MP_SMTP_CHUNK)
        return s->min_body_rate == MAILPROTO_UNLIMITED ? 0 : mp_or_never(s->body_ms);
    return mp_or_never(s->greeted ? s->command_ms : s->greeting_ms);
}

/* Whether the window that ran out brought what was asked. */
static int body_moves(struct mailproto_smtp_server *s)
{
    uint64_t asked = (uint64_t)s->min_body_rate * s->body_ms / 1000, had = s->work->window;

    s->work->window = 0;
    return had && had >= asked;
}

static void peer_timeout(struct mp_engine *e)
{
    struct mailproto_smtp_server *s = of(e);

    if (e->tls == MP_TLS_DRAINING)
        mp_engine_end(e, MAILPROTO_ERR_TIMEOUT, "the TLS handshake took too long");
    else if (s->phase == MP_SMTP_DATA || s->phase == MP_SMTP_CHUNK) {
        if (!body_moves(s))
            mp_smtp_put_last(s, MP_R_TIMED_OUT, MAILPROTO_ERR_TIMEOUT, "the message came too slowly");
    } else {
        mp_smtp_put_last(s, MP_R_TIMED_OUT, MAILPROTO_ERR_TIMEOUT, "the client said nothing for too long");
    }
}

/* ---- ends ---- */

static void eof(struct mp_engine *e)
{
    const struct mailproto_smtp_server *s = of(e);

    if (s->phase >= MP_SMTP_SASL || (s->work && s->work->open) || e->line_len)
        mp_engine_end(e, MAILPROTO_ERR_LOST, "the client closed in the middle of something");
    else
        mp_engine_end(e, MAILPROTO_OK, "the client closed");
}

static int end_step(struct mp_engine *e)
{
    struct mailproto_smtp_server *s = of(e);

    mp_smtp_reset(s, e->error ? e->error : MAILPROTO_ERR_CANCELLED);
    return mp_smtp_tell_step(s);
}

/* RFC 3207 4.2: all that was learned is forgotten. */
static void tls_started(struct mp_engine *e)
{
    struct mailproto_smtp_server *s = of(e);

    mp_free(&e->allocator, s->hello, s->hello_len);
    s->hello = NULL;
    s->hello_len = 0;
    s->esmtp = s->authenticated = 0;
    mp_peer_clock_reset(e);
}

static void free_work(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;

    if (!w)
        return;
    if (w->deliveries)
        w->store_ops->end(s);
    mp_smtp_login_forget(s);
    mp_free(&s->base.allocator, w->return_path, w->return_path_len);
    mp_free(&s->base.allocator, w->scratch, w->scratch_size);
    mp_free(&s->base.allocator, w->hello, w->hello_len);
    mp_free(&s->base.allocator, w->accepted_bits, w->accepted_size);
    mp_free(&s->base.allocator, w->recipient, w->recipient_len);
    mp_free(&s->base.allocator, w->verdict.store, MP_ANSWER_MAX);
    mp_free(&s->base.allocator, w->prepend, w->prepend_size);
    mp_free(&s->base.allocator, w, sizeof *w);
    s->work = NULL;
}

static void idle(struct mp_engine *e)
{
    struct mailproto_smtp_server *s = of(e);
    struct mp_smtp_work *w = s->work;

    if (!w)
        return;
    if (!w->open && !w->failed && !w->tell_end && !w->tell_aborted && s->phase <= MP_SMTP_REFUSED) {
        free_work(s);
        return;
    }
    mp_free(&e->allocator, w->scratch, w->scratch_size);
    w->scratch = NULL;
    w->scratch_size = 0;
}

static void destroy(struct mp_engine *e)
{
    struct mailproto_smtp_server *s = of(e);

    free_work(s);
    mp_free(&e->allocator, s->hello, s->hello_len);
}

const struct mp_engine_ops mp_smtp_server_ops = {
    .dispatch = mp_smtp_server_dispatch,
    .step = step,
    .wants_input = wants_input,
    .answered = answered,
    .use_default = mp_smtp_use_default,
    .fail = mp_smtp_fail,
    .fail_event = fail_event,
    .peer_limit = peer_limit,
    .peer_timeout = peer_timeout,
    .eof = eof,
    .tls_started = tls_started,
    .end_step = end_step,
    .idle = idle,
    .destroy = destroy,
};
