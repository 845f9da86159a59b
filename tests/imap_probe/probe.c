/* The IMAP probe: framing of lines and literals, the end.
   RFC 3501 sections 4.3 and 7.5; RFC 7888 (LITERAL+). */
#include <string.h>

#include "core/ascii.h"
#include "imap_probe/probe_engine.h"

static const probe *of_const(const struct mp_engine *e)
{
    return (const probe *)e;
}

static int32_t dispatch(struct mp_engine *e, const mailproto_event *event)
{
    return probe_of(e)->callback(probe_of(e), event, e->user);
}

/* ---- output ---- */

void probe_put(struct mp_engine *e, const char *text)
{
    mp_out_put(e, text, strlen(text), MAILPROTO_TRACE_LINE);
}

void probe_put_number(struct mp_engine *e, uint64_t n)
{
    char digits[MP_ASCII_DECIMAL_MAX];

    mp_out_put(e, digits, mp_ascii_write_decimal(digits, n), MAILPROTO_TRACE_LINE);
}

void probe_tagged(struct mp_engine *e, const char *text)
{
    probe *p = probe_of(e);

    mp_out_put(e, p->tag.ptr, p->tag.len, MAILPROTO_TRACE_LINE);
    probe_put(e, " ");
    probe_put(e, text);
    probe_put(e, "\r\n");
    p->text_len = p->at = 0;
    p->state = PROBE_COMMAND;
    mp_peer_clock_reset(e);
}

/* ---- framing: before any grammar but where a literal begins ---- */

/* The literal that a line ends with. */
static int ends_with_literal(const struct mp_line *line, uint64_t *n, int *synchronising)
{
    size_t end = line->len, begin;

    if (!end || line->ptr[end - 1] != '}')
        return 0;
    *synchronising = !(end > 1 && line->ptr[end - 2] == '+');
    end -= *synchronising ? 1 : 2;
    for (begin = end; begin && mp_ascii_is_digit(line->ptr[begin - 1]); begin--)
        ;
    return begin && line->ptr[begin - 1] == '{' && mp_ascii_parse_decimal(line->ptr + begin, end - begin, n);
}

static int is_append(const probe *p)
{
    size_t space = 0;

    while (space < p->text_len && p->text[space] != ' ')
        space++;
    return mp_ascii_begins(p->text + space, p->text_len - space, " APPEND INBOX ") != 0;
}

static void take_tag(probe *p)
{
    size_t n = 0;

    while (n < p->text_len && p->text[n] != ' ')
        n++;
    p->tag = (mailproto_text){p->text, n};
}

/* The grammar says, at the announcement, whether to keep, stream or refuse. */
static int announce(struct mp_engine *e)
{
    probe *p = probe_of(e);

    if (p->literal > e->max_skip && !p->synchronising && !is_append(p)) {
        probe_put(e, "* BYE a literal that is too long\r\n");
        mp_engine_end(e, MAILPROTO_ERR_LIMIT, "a literal is longer than what is skipped of one");
        return 1;
    }
    if (is_append(p) && !p->refused) {
        p->event.named = (probe_named){.name = {"INBOX", 5}, .size = p->literal};
        p->state = PROBE_ASKING;
        return probe_ask(e, PROBE_APPEND, 0, sizeof p->event.named), 1;
    }
    if (!p->refused && p->literal <= PROBE_LITERAL && p->text_len + p->literal < PROBE_TEXT - PROBE_LINE) {
        if (p->synchronising)
            probe_put(e, "+ go on\r\n");
        p->state = PROBE_LITERAL_KEEP;
    } else if (p->synchronising) {
        p->refused = 0;
        probe_tagged(e, "BAD too long");
    } else {
        p->refused = 1;
        p->state = PROBE_LITERAL_SKIP;
    }
    return 1;
}

static int line_step(struct mp_engine *e)
{
    probe *p = probe_of(e);
    struct mp_line line;
    int literal;

    if (!mp_line_peek(e, PROBE_LINE, &line))
        return 0;
    if (mp_requests(e) || mp_out_full(e, MP_OUT_MARK)) {
        mp_line_wait(e, &line); /* IDLE: changes are being asked for */
        return 0;
    }
    literal = ends_with_literal(&line, &p->literal, &p->synchronising);
    if (!(line.flags & MP_LINE_TOO_LONG) && p->text_len + line.len <= PROBE_TEXT) {
        memcpy(p->text + p->text_len, line.ptr, line.len);
        p->text_len += line.len;
    }
    mp_line_take(e, &line, MAILPROTO_TRACE_LINE);
    if (p->state == PROBE_COMMAND)
        take_tag(p);
    if (line.flags & (MP_LINE_TOO_LONG | MP_LINE_BARE_LF | MP_LINE_BARE_CR | MP_LINE_NUL))
        return probe_tagged(e, "BAD a line that is none"), 1;
    if (literal && p->state == PROBE_COMMAND)
        return announce(e);
    if (p->refused)
        return p->refused = 0, probe_tagged(e, "NO refused"), 1;
    probe_command(e);
    return 1;
}

static int literal_step(struct mp_engine *e)
{
    probe *p = probe_of(e);
    size_t n = mp_in_left(e) < p->literal ? mp_in_left(e) : (size_t)p->literal;

    if (!p->literal) {
        p->state = p->state == PROBE_LITERAL_STREAM ? PROBE_STREAMED : PROBE_COMMAND;
        return 1;
    }
    if (!n)
        return 0;
    if (p->state == PROBE_LITERAL_KEEP) {
        memcpy(p->text + p->text_len, mp_in(e), n);
        p->text_len += n;
    } else if (p->state == PROBE_LITERAL_STREAM) {
        p->event.data = (probe_data){.bytes = {(const char *)mp_in(e), n}};
        mp_raise(e, &p->event, sizeof p->event.data, PROBE_APPEND_DATA, 0);
    }
    p->literal -= n;
    mp_in_take(e, n);
    return 1;
}

/* Behind the message of an APPEND comes nothing but the end of the line. */
static int streamed_step(struct mp_engine *e)
{
    probe *p = probe_of(e);
    struct mp_line line;

    if (!mp_line_peek(e, PROBE_LINE, &line))
        return 0;
    mp_line_take(e, &line, MAILPROTO_TRACE_LINE);
    p->event.named = (probe_named){.name = {"INBOX", 5}};
    if (line.len || line.flags) {
        p->append_open = 0;
        mp_raise(e, &p->event, sizeof p->event.named, PROBE_APPEND_ABORT, 0);
        probe_tagged(e, "BAD more than a message");
        return 1;
    }
    p->state = PROBE_ASKING;
    p->append_open = probe_ask(e, PROBE_APPEND_END, 0, sizeof p->event.named) != 0;
    return 1;
}

static int step(struct mp_engine *e)
{
    probe *p = probe_of(e);

    if (e->finishing && !mp_requests(e) && (p->state == PROBE_COMMAND || p->state == PROBE_IDLING)) {
        probe_put(e, "* BYE closing\r\n");
        mp_engine_end(e, 0, NULL);
        return 1;
    }
    switch (p->state) {
    case PROBE_GREETING:
        probe_put(e, "* OK ready\r\n");
        p->state = PROBE_COMMAND;
        return 1;
    case PROBE_COMMAND:
        return line_step(e);
    case PROBE_LITERAL_KEEP:
    case PROBE_LITERAL_SKIP:
    case PROBE_LITERAL_STREAM:
        return literal_step(e);
    case PROBE_STREAMED:
        return streamed_step(e);
    case PROBE_FETCHING:
        return probe_fetch_step(e);
    case PROBE_STORING:
        return probe_store_step(e);
    case PROBE_SYNCING:
        return probe_sync_step(e);
    case PROBE_IDLING:
        return probe_sync_step(e) || line_step(e);
    default:
        return 0;
    }
}

static int wants_input(const struct mp_engine *e)
{
    const probe *p = of_const(e);

    return p->state == PROBE_COMMAND || p->state == PROBE_STREAMED || p->state == PROBE_IDLING ||
           (p->literal &&
            (p->state == PROBE_LITERAL_KEEP || p->state == PROBE_LITERAL_SKIP || p->state == PROBE_LITERAL_STREAM));
}

/* ---- the rest ---- */

static void fail_event(struct mp_engine *e, uint32_t type)
{
    (void)type;
    mp_engine_end(e, MAILPROTO_ERR_HOST, "the host failed an event");
}

static uint32_t peer_limit(const struct mp_engine *e)
{
    return of_const(e)->state == PROBE_IDLING ? 1800000 : 60000;
}

static void peer_timeout(struct mp_engine *e)
{
    probe_put(e, "* BYE too slow\r\n");
    mp_engine_end(e, MAILPROTO_ERR_TIMEOUT, "the peer was silent");
}

static void at_eof(struct mp_engine *e)
{
    mp_engine_end(e, 0, NULL);
}

static void tls_started(struct mp_engine *e)
{
    (void)e;
}

/* Pins and an upload that was begun end, one a call. */
static int end_step(struct mp_engine *e)
{
    probe *p = probe_of(e);

    for (size_t i = 0; i < 2; i++) {
        struct probe_pin *pin = &p->pin[i];

        if (pin->state != PROBE_PINNED && pin->state != PROBE_PIN_READ)
            continue;
        pin->state = PROBE_NO_PIN;
        p->event.read = (probe_read){.message = pin->message};
        mp_raise(e, &p->event, sizeof p->event.read, PROBE_UNPIN, 0);
        return 1;
    }
    if (!p->append_open)
        return 0;
    p->append_open = 0;
    p->event.named = (probe_named){.name = {"INBOX", 5}};
    mp_raise(e, &p->event, sizeof p->event.named, PROBE_APPEND_ABORT, 0);
    return 1;
}

static void destroy(struct mp_engine *e)
{
    probe *p = probe_of(e);

    mp_free(&e->allocator, p->view, p->capacity * sizeof *p->view);
}

static const struct mp_engine_ops ops = {
    .dispatch = dispatch,
    .step = step,
    .wants_input = wants_input,
    .answered = probe_answered,
    .use_default = probe_refuse,
    .fail = probe_refuse,
    .fail_event = fail_event,
    .peer_limit = peer_limit,
    .peer_timeout = peer_timeout,
    .eof = at_eof,
    .tls_started = tls_started,
    .end_step = end_step,
    .piece = probe_piece,
    .piece_end = probe_piece_end,
    .destroy = destroy,
};

int32_t probe_new(probe **out, uint32_t max_open, probe_callback callback, const mailproto_allocator *allocator,
                  void *user)
{
    mailproto_allocator own;
    struct mp_engine_setup setup = {
        .ops = &ops,
        .allocator = &own,
        .user = user,
        .max_open = max_open,
        .answer_ms = 100000,
        .stall_ms = 100000,
        .max_skip = 2000,
        .polled = !callback,
    };
    struct mp_engine *e;
    int32_t result = mp_allocator_copy(&own, allocator);

    if (!result)
        result = mp_engine_new(&e, sizeof(probe), &setup);
    if (result)
        return result;
    probe_of(e)->callback = callback;
    *out = probe_of(e);
    return MAILPROTO_OK;
}

mailproto_session *probe_session(probe *p)
{
    return &p->base.session;
}
