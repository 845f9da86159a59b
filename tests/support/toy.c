/* A server engine for tests of what all engines share, with a protocol of five commands.
   support/toy.h. */
#include "support/toy.h"

#include <string.h>

#include "core/ascii.h"
#include "core/engine.h"

enum { STATE_CONNECT, STATE_GREETING, STATE_LINE, STATE_BODY, STATE_END, STATE_GET };
enum { NO, YES, FAILED };

struct toy {
    struct mp_engine base;
    toy_callback callback;
    struct toy_config config;
    uint32_t state;
    uint64_t body, left; /* octets of a body, and how many are to come */
    int tls;
    union {
        toy_ask ask;
        toy_slice slice;
        toy_piece piece;
    } event;
};

static toy *of(struct mp_engine *e)
{
    return (toy *)e;
}

static const toy *of_const(const struct mp_engine *e)
{
    return (const toy *)e;
}

static int32_t dispatch(struct mp_engine *e, const mailproto_event *event)
{
    return of(e)->callback(of(e), event, e->user);
}

/* ---- replies ---- */

/* prefix, a number, suffix with its CRLF */
static void reply(struct mp_engine *e, const char *prefix, uint64_t n, const char *suffix)
{
    char line[64];
    size_t len = strlen(prefix);

    memcpy(line, prefix, len);
    len += mp_ascii_write_decimal(line + len, n);
    memcpy(line + len, suffix, strlen(suffix));
    mp_out_put(e, line, len + strlen(suffix), MAILPROTO_TRACE_LINE);
}

/* ---- requests ---- */

static int open_request(struct mp_engine *e, uint32_t type, uint64_t n, const struct mp_line *line)
{
    toy *t = of(e);
    struct mp_request *r;

    if (mp_out_promise(e, 128))
        return 1;
    r = mp_request_open(e, type, (uint32_t)n);
    if (!r)
        return 1;
    t->event.ask = (toy_ask){.n = n};
    if (line)
        t->event.ask.line = (mailproto_text){line->ptr, line->len};
    mp_raise(e, &t->event, sizeof t->event.ask, type, r->token);
    return 1;
}

static int ask_piece(struct mp_engine *e)
{
    toy *t = of(e);
    struct mp_request *r;

    if (mp_requests(e) || mp_out_full(e, MP_OUT_MARK))
        return 0;
    if (!t->left) {
        mp_out_literal(e, "\r\n");
        t->state = STATE_LINE;
        return 1;
    }
    if (mp_out_promise(e, t->config.piece))
        return 1;
    r = mp_request_open(e, TOY_PIECE, 0);
    if (!r)
        return 1;
    t->event.piece =
        (toy_piece){.offset = t->body - t->left, .max = t->left < t->config.piece ? (size_t)t->left : t->config.piece};
    mp_raise(e, &t->event, sizeof t->event.piece, TOY_PIECE, r->token);
    return 1;
}

static void answered(struct mp_engine *e, struct mp_request *r)
{
    static const char *const asked[] = {" no\r\n", " yes\r\n", " fail\r\n"};
    toy *t = of(e);

    switch (r->type) {
    case TOY_CONNECT:
        if (r->code == FAILED) {
            mp_out_literal(e, "NO\r\n");
            mp_engine_end(e, 0, NULL);
            return;
        }
        mp_out_literal(e, "HELLO\r\n");
        t->state = STATE_LINE;
        break;
    case TOY_ASK:
        reply(e, "A ", r->index, asked[r->code]);
        break;
    case TOY_END:
        reply(e, "B ", r->index, r->code == YES ? "\r\n" : " fail\r\n");
        t->state = STATE_LINE;
        break;
    default:
        break;
    }
    mp_peer_clock_reset(e);
}

static int32_t answer(struct mp_engine *e, struct mp_request *r, uint32_t code, uint32_t delay)
{
    if (r->type == TOY_PIECE) {
        if (code == YES)
            return MAILPROTO_ERR_TOKEN;
        mp_engine_end(e, MAILPROTO_ERR_BODY, "the host could not give the body");
        r->state = MP_ANSWERED;
        return MAILPROTO_OK;
    }
    r->code = code;
    mp_request_answered(e, r, delay);
    return MAILPROTO_OK;
}

static int32_t use_default(struct mp_engine *e, struct mp_request *r)
{
    return answer(e, r, r->type == TOY_CONNECT ? YES : r->type == TOY_PIECE ? FAILED : NO, 0);
}

static int32_t fail(struct mp_engine *e, struct mp_request *r)
{
    return answer(e, r, FAILED, 0);
}

static void fail_event(struct mp_engine *e, uint32_t type)
{
    (void)type;
    mp_engine_end(e, MAILPROTO_ERR_HOST, "the host failed an event");
}

static int32_t piece(struct mp_engine *e, struct mp_request *r, const void *data, size_t len)
{
    toy *t = of(e);

    if (r->type != TOY_PIECE)
        return MAILPROTO_ERR_TOKEN;
    if (len > t->left) {
        mp_engine_end(e, MAILPROTO_ERR_BODY, "the body is larger than was announced");
        r->state = MP_ANSWERED;
        return MAILPROTO_ERR_BODY;
    }
    if (len > t->config.piece)
        return MAILPROTO_ERR_ARG;
    mp_out_put(e, data, len, MAILPROTO_TRACE_BODY);
    t->left -= len;
    mp_request_answered(e, r, 0);
    return MAILPROTO_OK;
}

static int32_t piece_end(struct mp_engine *e, struct mp_request *r)
{
    if (r->type != TOY_PIECE)
        return MAILPROTO_ERR_TOKEN;
    mp_engine_end(e, MAILPROTO_ERR_BODY, "the body is smaller than was announced");
    r->state = MP_ANSWERED;
    return MAILPROTO_ERR_BODY;
}

/* ---- commands ---- */

static int argument(const struct mp_line *line, size_t skip, uint64_t *n)
{
    return skip && mp_ascii_parse_decimal(line->ptr + skip, line->len - skip, n);
}

static int command(struct mp_engine *e, const struct mp_line *line)
{
    toy *t = of(e);
    uint64_t n = 0;

    mp_line_take(e, line, MAILPROTO_TRACE_LINE);
    mp_peer_clock_reset(e);
    if (line->flags & ~(uint32_t)MP_LINE_8BIT)
        return mp_out_literal(e, "?\r\n"), 1;
    if (argument(line, mp_ascii_begins(line->ptr, line->len, "ASK "), &n))
        return open_request(e, TOY_ASK, n, line);
    if (argument(line, mp_ascii_begins(line->ptr, line->len, "BODY "), &n)) {
        t->body = t->left = n;
        t->state = STATE_BODY;
    } else if (argument(line, mp_ascii_begins(line->ptr, line->len, "GET "), &n)) {
        reply(e, "+", n, "\r\n");
        t->body = t->left = n;
        t->state = STATE_GET;
    } else if (mp_ascii_equal(line->ptr, line->len, "TLS") && !t->tls) {
        mp_out_literal(e, "GO\r\n");
        mp_tls_boundary(e);
    } else if (mp_ascii_equal(line->ptr, line->len, "QUIT")) {
        mp_out_literal(e, "BYE\r\n");
        mp_engine_end(e, 0, NULL);
    } else {
        mp_out_literal(e, "?\r\n");
    }
    return 1;
}

static int line_step(struct mp_engine *e)
{
    struct mp_line line;
    int alone;

    if (e->finishing && !mp_requests(e)) {
        mp_out_literal(e, "CLOSING\r\n");
        mp_engine_end(e, 0, NULL);
        return 1;
    }
    if (!mp_line_peek(e, of(e)->config.max_line, &line))
        return 0;
    alone = !mp_ascii_begins(line.ptr, line.len, "ASK ");
    if ((alone && mp_requests(e)) || mp_request_full(e) || mp_out_full(e, MP_OUT_MARK)) {
        mp_line_wait(e, &line);
        return 0;
    }
    return command(e, &line);
}

static int body_step(struct mp_engine *e)
{
    toy *t = of(e);
    size_t n = mp_in_left(e);

    if (!t->left) {
        open_request(e, TOY_END, t->body, NULL);
        if (mp_requests(e))
            t->state = STATE_END;
        return 1;
    }
    if (!n)
        return 0;
    if (n > t->left)
        n = (size_t)t->left;
    t->event.slice = (toy_slice){.bytes = {(const char *)mp_in(e), n}};
    mp_in_take(e, n);
    t->left -= n;
    mp_raise(e, &t->event, sizeof t->event.slice, TOY_SLICE, 0);
    return 1;
}

static int step(struct mp_engine *e)
{
    toy *t = of(e);

    switch (t->state) {
    case STATE_CONNECT:
        t->state = STATE_GREETING;
        return open_request(e, TOY_CONNECT, 0, NULL);
    case STATE_LINE:
        return line_step(e);
    case STATE_BODY:
        return body_step(e);
    case STATE_GET:
        return ask_piece(e);
    default:
        return 0;
    }
}

/* ---- the rest ---- */

static int wants_input(const struct mp_engine *e)
{
    const toy *t = of_const(e);

    return t->state == STATE_LINE || (t->state == STATE_BODY && t->left);
}

static uint32_t peer_limit(const struct mp_engine *e)
{
    return e->tls == MP_TLS_DRAINING ? of_const(e)->config.tls_ms : of_const(e)->config.command_ms;
}

static void peer_timeout(struct mp_engine *e)
{
    mp_out_literal(e, "TIMEOUT\r\n");
    mp_engine_end(e, MAILPROTO_ERR_TIMEOUT, "the peer was silent");
}

static void at_eof(struct mp_engine *e)
{
    int cut = of(e)->state == STATE_BODY;

    mp_engine_end(e, cut ? MAILPROTO_ERR_LOST : 0, cut ? "the body was cut off" : NULL);
}

static void tls_started(struct mp_engine *e)
{
    of(e)->tls = 1;
}

/* A body that was begun is ended by TOY_ABORTED, unless its end was asked. */
static int end_step(struct mp_engine *e)
{
    toy *t = of(e);

    if (t->state != STATE_BODY)
        return 0;
    t->state = STATE_LINE;
    t->event.ask = (toy_ask){.n = t->body};
    mp_raise(e, &t->event, sizeof t->event.ask, TOY_ABORTED, 0);
    return 1;
}

static const struct mp_engine_ops ops = {
    .dispatch = dispatch,
    .step = step,
    .wants_input = wants_input,
    .answered = answered,
    .use_default = use_default,
    .fail = fail,
    .fail_event = fail_event,
    .peer_limit = peer_limit,
    .peer_timeout = peer_timeout,
    .eof = at_eof,
    .tls_started = tls_started,
    .end_step = end_step,
    .piece = piece,
    .piece_end = piece_end,
};

int32_t toy_answer(toy *t, uint64_t token, int yes, uint32_t delay)
{
    struct mp_request *r = mp_request_find(&t->base, token, 0);

    return r ? answer(&t->base, r, yes ? YES : NO, delay) : MAILPROTO_ERR_TOKEN;
}

static struct toy_config with_defaults(const struct toy_config *config)
{
    struct toy_config c = *config;

    c.max_line = c.max_line ? c.max_line : 128;
    c.max_skip = c.max_skip ? c.max_skip : 1000;
    c.piece = c.piece ? c.piece : 64;
    return c;
}

int32_t toy_new(toy **out, const struct toy_config *config, toy_callback callback, const mailproto_allocator *allocator,
                void *user)
{
    struct toy_config c = with_defaults(config);
    mailproto_allocator own;
    struct mp_engine_setup setup = {
        .ops = &ops,
        .allocator = &own,
        .user = user,
        .max_open = c.max_open,
        .answer_ms = c.answer_ms,
        .stall_ms = c.stall_ms,
        .max_skip = c.max_skip,
        .polled = !callback,
        .implicit_tls = c.implicit_tls,
    };
    struct mp_engine *e = NULL;
    int32_t result = mp_allocator_copy(&own, allocator);

    if (!result)
        result = mp_engine_new(&e, sizeof(toy), &setup);
    if (result)
        return result;
    of(e)->callback = callback;
    of(e)->config = c;
    *out = of(e);
    return MAILPROTO_OK;
}

size_t toy_memory_max(const struct toy_config *config)
{
    struct toy_config c = with_defaults(config);

    return mp_engine_memory_max(sizeof(toy), c.max_open, c.max_line, c.piece > 128 ? c.piece : 128);
}

mailproto_session *toy_session(toy *t)
{
    return &t->base.session;
}
