/* server_message.c - message text on its way to the host: DATA to the dot, BDAT to its count, limits and refusals.
 * RFC 5321 sections 4.1.1.4, 4.5.3.1 and 6.3 (hops); RFC 1870 section 6; RFC 3030 section 2. */
#include <string.h>

#include "core/ascii.h"
#include "smtp/server.h"

enum { NO_FIELD = 255 };
static const char received[] = "received:";

/* ---- the beginning ---- */

static uint32_t reader_flags(const struct mailproto_smtp_server *s)
{
    uint32_t flags = s->phase == MP_SMTP_CHUNK ? MP_BODY_CHUNKED : 0;

    if (s->flags & MAILPROTO_SMTP_SERVER_NORMALISE_NEWLINES)
        flags |= MP_BODY_NORMALISE;
    if (s->flags & MAILPROTO_SMTP_SERVER_ACCEPT_NUL)
        flags |= MP_BODY_ACCEPT_NUL;
    return flags;
}

int mp_smtp_message_begin(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;
    size_t max_line = s->max_text_line == MAILPROTO_UNLIMITED ? SIZE_MAX : s->max_text_line;

    w->message = MP_MESSAGE_ARRIVING;
    w->begins = 0;
    w->refused = 0;
    w->in_header = s->max_hops != MAILPROTO_UNLIMITED;
    w->field_match = 0;
    w->hops = 0;
    w->text = w->size = w->skipped = w->window = 0;
    mp_body_begin(&w->reader, max_line, reader_flags(s));
    mp_peer_clock_reset(&s->base);
    if (s->flags & MAILPROTO_SMTP_SERVER_RECEIVED && mp_smtp_add_received(s))
        return -1;
    return w->stored ? w->store_ops->begin(s) : 0;
}

/* ---- refusing ---- */

void mp_smtp_message_refuse(struct mailproto_smtp_server *s, int32_t why)
{
    struct mp_smtp_work *w = s->work;

    w->message = MP_MESSAGE_ABORTED;
    w->refused = w->ends = 1;
    w->reader.skip = 1;
    w->tell_aborted = 1;
    w->aborted_why = w->end_why = why;
    w->prepend_len = 0;
}

void mp_smtp_keep_reply(struct mailproto_smtp_server *s, uint32_t reply)
{
    struct mp_smtp_verdict *kept = &s->work->verdict;

    kept->reply = (uint8_t)reply;
    kept->code = mp_smtp_replies[reply].code;
    kept->delay = 0;
    kept->close = 0;
    kept->length = 0;
}

void mp_smtp_message_refuse_with(struct mailproto_smtp_server *s, uint32_t reply, int32_t why)
{
    mp_smtp_keep_reply(s, reply);
    mp_smtp_message_refuse(s, why);
}

/* ---- prepended fields ---- */

/* Octets of the message, for the host and for the stores. */
static void raise_body(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;

    mp_raise(&s->base, &w->event, sizeof w->event.body, MAILPROTO_SMTP_SERVER_BODY, 0);
    if (w->stored)
        w->store_ops->write(s, w->event.body.bytes);
}

static int prepend_step(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;

    if (w->prepend_shown) {
        mp_smtp_free(s, &w->prepend, &w->prepend_size);
        w->prepend_shown = 0;
    }
    if (!w->prepend_len)
        return 0;
    w->event.body = (mailproto_smtp_body){.bytes = {w->prepend, w->prepend_len}, .offset = w->size, .prepended = 1};
    w->size += w->prepend_len;
    w->prepend_len = 0;
    w->prepend_shown = 1;
    raise_body(s);
    return 1;
}

/* ---- text ---- */

/* Counts the Received fields of the header as they go by: a loop ends here (RFC 5321 6.3). Gives how many octets come
   before the one that makes them too many. */
static size_t count_hops(struct mp_smtp_work *w, uint32_t max, const char *text, size_t n)
{
    const char *p = text, *end = p + n;

    while (p < end) {
        if (w->field_match == NO_FIELD) {
            p = memchr(p, '\n', (size_t)(end - p));
            if (!p)
                return n;
            p++;
            w->field_match = 0;
        } else if (mp_ascii_lower((uint8_t)*p) == received[w->field_match]) {
            if (received[++w->field_match]) {
                p++;
                continue;
            }
            w->field_match = NO_FIELD;
            if (++w->hops > max)
                return (size_t)(p - text);
            p++;
        } else if (!w->field_match && *p == '\r') {
            w->in_header = 0;
            return n;
        } else {
            w->field_match = NO_FIELD;
        }
    }
    return n;
}

/* Text of the message goes to the host, up to the octet that is one too many; the same octets however they come. */
static void deliver(struct mailproto_smtp_server *s, mailproto_text slice)
{
    struct mp_smtp_work *w = s->work;
    size_t n = slice.len;

    if (w->in_header) {
        slice.len = count_hops(w, s->max_hops, slice.ptr, n);
        if (slice.len < n)
            mp_smtp_message_refuse_with(s, MP_R_TOO_MANY_HOPS, MAILPROTO_ERR_LIMIT);
    }
    if (slice.len > s->max_message - w->text) {
        slice.len = (size_t)(s->max_message - w->text);
        mp_smtp_message_refuse_with(s, MP_R_TOO_BIG, MAILPROTO_ERR_LIMIT);
    }
    w->skipped += n - slice.len;
    if (!slice.len)
        return;
    w->event.body = (mailproto_smtp_body){.bytes = slice, .offset = w->size};
    w->text += slice.len;
    w->size += slice.len;
    raise_body(s);
}

static void fault(struct mailproto_smtp_server *s)
{
    uint8_t found = s->work->reader.fault;

    mp_smtp_message_refuse_with(s,
                                found == MP_BODY_BARE  ? MP_R_BARE_NEWLINE
                                : found == MP_BODY_NUL ? MP_R_NUL_IN_TEXT
                                                       : MP_R_LONG_TEXT_LINE,
                                MAILPROTO_ERR_PROTOCOL);
}

/* There is an end to octets that nobody gets. 1: the session ends. */
static int skips_too_much(struct mailproto_smtp_server *s)
{
    if (s->work->skipped <= s->base.max_skip)
        return 0;
    mp_smtp_put_last(s, MP_R_TOO_MUCH_SKIPPED, MAILPROTO_ERR_LIMIT, "a refused message went on beyond what is skipped");
    return 1;
}

/* ---- the end ---- */

void mp_smtp_reply_refused(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;
    int whole = s->phase == MP_SMTP_DATA || w->last;

    w->refused = 0;
    w->message = MP_MESSAGE_NONE;
    /* RFC 2033 4.2, 4.3: one reply for each recipient, even if there are none */
    if (whole && (s->flags & MAILPROTO_SMTP_SERVER_LMTP) && (w->open || w->failed)) {
        w->failed = 0;
        w->cursor = 0;
        s->phase = MP_SMTP_REPEATING;
        return;
    }
    s->phase = MP_SMTP_COMMANDS;
    mp_smtp_put_verdict(s);
    if (w->ends) {
        mp_smtp_transaction_over(s, w->end_why);
        w->failed = !whole; /* until RSET nothing but refusals (RFC 3030 2) */
    } else if (whole) {
        w->failed = 0;
    }
    if (w->verdict.close)
        mp_engine_end(&s->base, MAILPROTO_OK, "the host closed the session");
}

/* The end of what a refused message brought: its reply, perhaps delayed. */
static void refused_at_its_end(struct mailproto_smtp_server *s)
{
    struct mp_request *r;

    if (!s->work->verdict.delay) {
        mp_smtp_reply_refused(s);
        return;
    }
    r = mp_request_open(&s->base, MP_SMTP_DELAYED, 0);
    if (r)
        mp_request_answered(&s->base, r, s->work->verdict.delay);
}

static void message_ends(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;

    mp_peer_clock_reset(&s->base);
    if (w->refused || !w->stored || !w->store_ops->share(s))
        mp_smtp_message_whole(s);
}

void mp_smtp_message_whole(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;

    if (w->refused) {
        refused_at_its_end(s);
        return;
    }
    w->event.end = (mailproto_smtp_message_end){.size = w->size, .recipients = w->accepted, .stored = w->stored};
    if (!mp_smtp_ask(s, MAILPROTO_SMTP_SERVER_MESSAGE_END, sizeof w->event.end, 0))
        w->message = MP_MESSAGE_ENDED;
}

/* The host agreed: now the stores. What it said is said if they agree, too; LMTP asks and tells for each recipient. */
static void commit(struct mailproto_smtp_server *s, const struct mp_request *r)
{
    struct mp_smtp_work *w = s->work;

    w->message = MP_MESSAGE_ENDED;
    mp_smtp_keep_answer(s, r);
    if (s->flags & MAILPROTO_SMTP_SERVER_LMTP) {
        w->message = MP_MESSAGE_NONE;
        s->phase = MP_SMTP_RESULTS;
    }
    w->store_ops->commit(s);
}

void mp_smtp_end_answered(struct mailproto_smtp_server *s, const struct mp_request *r)
{
    struct mp_smtp_work *w = s->work;

    w->message = MP_MESSAGE_NONE;
    w->end_why = MAILPROTO_OK;
    w->ends = 1;
    w->cursor = 0;
    if (w->stored && r->code < 300) {
        commit(s, r);
    } else if (!(s->flags & MAILPROTO_SMTP_SERVER_LMTP)) {
        s->phase = MP_SMTP_COMMANDS;
        mp_smtp_transaction_over(s, MAILPROTO_OK);
        mp_smtp_put_answer(s, r);
    } else if (r->value == MP_R_MESSAGE_OK) {
        s->phase = MP_SMTP_RESULTS;
    } else {
        s->phase = MP_SMTP_REPEATING;
        mp_smtp_keep_answer(s, r);
    }
}

/* ---- a step ---- */

/* Octets of a chunk whose text is not looked at: BINARYMIME, or refused. */
static void raw_step(struct mailproto_smtp_server *s, size_t n)
{
    struct mp_smtp_work *w = s->work;
    mailproto_text slice = {(const char *)mp_in(&s->base), n};

    mp_in_take(&s->base, n);
    w->chunk_left -= n;
    if (w->refused)
        w->skipped += n;
    else
        deliver(s, slice);
    skips_too_much(s);
}

static void text_step(struct mailproto_smtp_server *s, size_t n)
{
    struct mp_smtp_work *w = s->work;
    int was_skipping = w->reader.skip, result;
    mailproto_text slice;
    size_t took;

    result = mp_body_read(&w->reader, mp_in(&s->base), n, &took, &slice);
    mp_in_take(&s->base, took);
    if (s->phase == MP_SMTP_CHUNK)
        w->chunk_left -= took;
    if (w->reader.fault && !was_skipping)
        fault(s);
    if (result == MP_BODY_SLICE)
        deliver(s, slice);
    w->skipped += w->reader.skipped;
    w->reader.skipped = 0;
    if (!skips_too_much(s) && result == MP_BODY_END)
        message_ends(s);
}

static int chunk_ends(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;

    if (w->last && !w->refused) {
        mp_body_finish(&w->reader);
        if (w->reader.fault)
            fault(s);
    }
    if (w->last || w->refused) {
        message_ends(s);
    } else {
        s->phase = MP_SMTP_COMMANDS;
        mp_peer_clock_reset(&s->base);
        mp_smtp_put(s, MP_R_CHUNK_OK);
    }
    return 1;
}

/* How much of it one step looks at: where a session ends that brought too much does not depend on how it was fed. */
static size_t within_limits(const struct mailproto_smtp_server *s, size_t n)
{
    const struct mp_smtp_work *w = s->work;
    uint64_t left = s->base.max_skip - w->skipped;

    if (!w->refused)
        left = left < UINT64_MAX - s->max_message ? left + s->max_message - w->text : UINT64_MAX;
    return left < n ? (size_t)left + 1 : n;
}

int mp_smtp_message_step(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;
    size_t n = mp_in_left(&s->base), left;

    if (mp_requests(&s->base))
        return 0;
    if (prepend_step(s))
        return 1;
    if (s->phase == MP_SMTP_CHUNK && !w->chunk_left)
        return mp_out_full(&s->base, MP_OUT_MARK) ? 0 : chunk_ends(s);
    if (!n)
        return 0;
    if (s->phase == MP_SMTP_CHUNK && n > w->chunk_left)
        n = (size_t)w->chunk_left;
    n = within_limits(s, n);
    left = mp_in_left(&s->base);
    if (s->phase == MP_SMTP_CHUNK && (w->refused || w->body == MAILPROTO_SMTP_BODY_BINARYMIME))
        raw_step(s, n);
    else
        text_step(s, n);
    w->window += left - mp_in_left(&s->base); /* what was taken: the rest is offered again */
    return 1;
}
