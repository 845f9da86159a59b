/* The IMAP probe: framing of lines and literals, requests and their answers, the end.
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

/* ---- requests ---- */

int probe_ask(struct mp_engine *e, uint32_t type, uint32_t index, size_t size)
{
    struct mp_request *r;

    if (mp_out_promise(e, PROBE_PIECE))
        return -1;
    r = mp_request_open(e, type, index);
    if (!r)
        return -1;
    mp_raise(e, &probe_of(e)->event, size, type, r->token);
    return 0;
}

int probe_page_room(struct mp_engine *e)
{
    probe *p = probe_of(e);
    size_t capacity = p->capacity ? p->capacity : 2 * PROBE_PAGE;
    struct probe_seen *view;

    while (capacity < p->count + PROBE_PAGE)
        capacity *= 2;
    if (capacity == p->capacity)
        return 0;
    view = mp_resize(&e->allocator, p->view, p->capacity * sizeof *view, capacity * sizeof *view);
    if (!view)
        return mp_engine_nomem(e), -1;
    p->view = view;
    p->capacity = capacity;
    return 0;
}

static void append_answered(struct mp_engine *e, const struct mp_request *r)
{
    probe *p = probe_of(e);

    if (r->type == PROBE_APPEND_END) {
        p->reply = r->code ? "NO append failed" : "OK appended";
        p->state = PROBE_SYNCING;
        p->poked |= p->selected;
    } else if (!r->code) {
        if (p->synchronising)
            probe_put(e, "+ go on\r\n");
        p->state = PROBE_LITERAL_STREAM;
    } else if (p->synchronising) {
        p->refused = 0;
        probe_tagged(e, "NO not here");
    } else if (p->literal > e->max_skip) {
        probe_put(e, "* BYE a literal that is too long\r\n");
        mp_engine_end(e, MAILPROTO_ERR_LIMIT, "a literal is longer than what is skipped of one");
    } else {
        p->state = PROBE_LITERAL_SKIP;
    }
}

static void answered(struct mp_engine *e, struct mp_request *r)
{
    probe *p = probe_of(e);

    switch (r->type) {
    case PROBE_OPEN:
        if (r->code) {
            probe_tagged(e, "NO no such mailbox");
            break;
        }
        p->selected = p->poked = 1;
        p->told = SIZE_MAX; /* EXISTS is owed, even 0 */
        p->cursor = 0;
        p->reply = "OK [READ-WRITE] selected";
        p->state = PROBE_SYNCING;
        break;
    case PROBE_CHANGES:
        p->changes_open = 0;
        p->poked |= p->more;
        break;
    case PROBE_STORE:
        if (r->code)
            p->missing = 1;
        else
            probe_put_flags(e, &p->view[r->index - 1], r->index, p->by_uid);
        break;
    case PROBE_EXPUNGE:
        p->poked = 1;
        p->reply = r->code ? "NO not done" : "OK expunged";
        p->state = PROBE_SYNCING;
        break;
    case PROBE_APPEND:
    case PROBE_APPEND_END:
        append_answered(e, r);
        break;
    default:
        break;
    }
}

static struct probe_pin *pin_of(probe *p, const struct mp_request *r)
{
    return &p->pin[p->pin[0].sequence == r->index && p->pin[0].state == PROBE_PIN_ASKED ? 0 : 1];
}

/* What an answer gives is booked in the call that gives it; `answered` is only its turn. */
static int32_t settle(struct mp_engine *e, struct mp_request *r, uint32_t code)
{
    probe *p = probe_of(e);

    if (r->type == PROBE_PIN)
        pin_of(p, r)->state = PROBE_PIN_GONE;
    if (r->type == PROBE_APPEND) {
        p->append_open = !code;
        p->refused = code != 0;
    }
    if (r->type == PROBE_CHANGES && code)
        p->more = 0;
    if (r->type == PROBE_READ)
        mp_engine_end(e, MAILPROTO_ERR_BODY, "a message could not be read to its end");
    r->code = code;
    mp_request_answered(e, r, 0);
    return MAILPROTO_OK;
}

static int32_t refuse(struct mp_engine *e, struct mp_request *r)
{
    return settle(e, r, 1);
}

static int32_t piece(struct mp_engine *e, struct mp_request *r, const void *data, size_t len)
{
    probe *p = probe_of(e);

    if (r->type != PROBE_READ)
        return MAILPROTO_ERR_TOKEN;
    if (len > p->pin[0].left) {
        refuse(e, r);
        return MAILPROTO_ERR_BODY;
    }
    if (len > PROBE_PIECE)
        return MAILPROTO_ERR_ARG;
    mp_out_put(e, data, len, MAILPROTO_TRACE_BODY);
    p->pin[0].left -= len;
    p->pin[0].reading = 0;
    mp_request_answered(e, r, 0);
    return MAILPROTO_OK;
}

static int32_t piece_end(struct mp_engine *e, struct mp_request *r)
{
    if (r->type != PROBE_READ)
        return MAILPROTO_ERR_TOKEN;
    refuse(e, r); /* there was something left: it is not asked for otherwise */
    return MAILPROTO_ERR_BODY;
}

static struct probe_seen *find(probe *p, uint32_t uid)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->view[i].uid == uid)
            return &p->view[i];
    return NULL;
}

int32_t probe_message(probe *p, uint64_t token, uint32_t uid, uint32_t flags)
{
    struct mp_request *r = mp_request_find(&p->base, token, 0);
    struct probe_seen *seen = find(p, uid);

    if (!r || (r->type != PROBE_CHANGES && r->type != PROBE_STORE))
        return MAILPROTO_ERR_TOKEN;
    if (r->type == PROBE_CHANGES && r->value++ >= PROBE_PAGE)
        return MAILPROTO_ERR_LIMIT;
    if (!seen && (r->type == PROBE_STORE || (p->count && uid < p->view[p->count - 1].uid)))
        return MAILPROTO_ERR_ARG;
    p->after = r->type == PROBE_CHANGES ? uid : p->after;
    if (!seen) {
        p->view[p->count++] = (struct probe_seen){.uid = uid, .flags = flags};
        return MAILPROTO_OK;
    }
    seen->changed |= r->type == PROBE_CHANGES && seen->flags != flags;
    seen->flags = flags;
    return MAILPROTO_OK;
}

int32_t probe_expunged(probe *p, uint64_t token, uint32_t uid)
{
    struct mp_request *r = mp_request_find(&p->base, token, PROBE_CHANGES);
    struct probe_seen *seen = find(p, uid);

    if (!r)
        return MAILPROTO_ERR_TOKEN;
    if (r->value++ >= PROBE_PAGE)
        return MAILPROTO_ERR_LIMIT;
    p->after = uid;
    if (seen)
        seen->gone = 1;
    return MAILPROTO_OK;
}

int32_t probe_done(probe *p, uint64_t token, uint64_t cursor, int more)
{
    struct mp_request *r = mp_request_find(&p->base, token, 0);

    if (!r || r->type == PROBE_PIN || r->type == PROBE_READ)
        return MAILPROTO_ERR_TOKEN;
    if (r->type == PROBE_CHANGES) {
        p->cursor = more ? p->cursor : cursor;
        p->after = more ? p->after : 0;
        p->more = more;
    }
    return settle(&p->base, r, 0);
}

int32_t probe_pinned(probe *p, uint64_t token, uint64_t message, uint64_t size)
{
    struct mp_request *r = mp_request_find(&p->base, token, PROBE_PIN);
    struct probe_pin *pin;

    if (!r)
        return MAILPROTO_ERR_TOKEN;
    pin = pin_of(p, r);
    pin->message = message;
    pin->size = pin->left = size;
    pin->state = PROBE_PINNED;
    mp_request_answered(&p->base, r, 0);
    return MAILPROTO_OK;
}

void probe_poke(probe *p)
{
    p->poked |= p->selected;
    mp_engine_kick(&p->base);
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
    .answered = answered,
    .use_default = refuse,
    .fail = refuse,
    .fail_event = fail_event,
    .peer_limit = peer_limit,
    .peer_timeout = peer_timeout,
    .eof = at_eof,
    .tls_started = tls_started,
    .end_step = end_step,
    .piece = piece,
    .piece_end = piece_end,
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
