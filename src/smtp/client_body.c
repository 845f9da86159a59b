/* client_body.c - the message on its way out: asked for in pieces, line ends made canonical, dots stuffed, chunks framed.
 * RFC 5321 sections 2.3.8, 2.4 and 4.5.2; RFC 2045 sections 2.7 and 2.8; RFC 3030 section 2. */
#include <string.h>

#include "core/ascii.h"
#include "core/text_scan.h"
#include "smtp/client.h"

/* ---- encoding ---- */

/* Why a text may not cross: what is said with ERR_BODY. By enum mp_client_fault. */
static const char *const faults[] = {
    [MP_FAULT_NONE] = NULL,
    [MP_FAULT_NEWLINE] = "the body has a bare CR or LF",
    [MP_FAULT_LONG_LINE] = "the body has a line that is too long",
    [MP_FAULT_NUL] = "the body has a NUL: it needs BINARYMIME",
    [MP_FAULT_8BIT] = "the body has an octet above 127: it needs 8BITMIME",
};

struct writer {
    struct mp_client_body *body;
    uint8_t *to;
};

static void put(struct writer *w, const void *data, size_t n)
{
    memcpy(w->to, data, n);
    w->to += n;
}

static void end_line(struct writer *w)
{
    put(w, "\r\n", 2);
    w->body->column = 0;
}

/* A CR or LF without the other: a line end, unless that is not to be guessed. */
static uint32_t bare(struct writer *w)
{
    if (w->body->strict)
        return MP_FAULT_NEWLINE;
    end_line(w);
    return MP_FAULT_NONE;
}

/* An octet that no canonicalising helps: NUL, one of eight bits, or one too many in its line (RFC 2045 2.7, 2.8). */
static uint32_t fault_of(const struct mp_client_body *body, uint8_t octet)
{
    if (!octet)
        return MP_FAULT_NUL;
    return octet > 127 && !body->eight_bit ? MP_FAULT_8BIT : MP_FAULT_LONG_LINE;
}

/* The octet at *p may not cross as it is. */
static uint32_t odd_octet(struct writer *w, const uint8_t *p, size_t n)
{
    if (p[0] == '.' && !w->body->column && w->body->max_line) {
        put(w, "..", 2);
        w->body->column = 1;
        return MP_FAULT_NONE;
    }
    if (p[0] == '\r' && n == 1) {
        w->body->cr = 1;
        return MP_FAULT_NONE;
    }
    return p[0] == '\r' || p[0] == '\n' ? bare(w) : fault_of(w->body, p[0]);
}

/* What follows a CR that ended the last piece. */
static uint32_t after_cr(struct writer *w, const uint8_t *p, size_t *done)
{
    w->body->cr = 0;
    if (p[0] != '\n')
        return bare(w);
    end_line(w);
    *done = 1;
    return MP_FAULT_NONE;
}

uint32_t mp_client_encode(struct mp_client_body *body, const uint8_t *data, size_t n, uint8_t *out, size_t *made)
{
    const uint32_t flags =
        (body->stuff ? 0 : (uint32_t)MP_TEXT_ANY_DOT) | (body->eight_bit ? 0 : (uint32_t)MP_TEXT_7BIT) | MP_TEXT_NO_NUL;
    struct writer w = {body, out};
    uint32_t fault = MP_FAULT_NONE;
    size_t i = 0;

    if (!body->text) {
        memcpy(out, data, n);
        *made = n;
        return MP_FAULT_NONE;
    }
    if (body->cr && n)
        fault = after_cr(&w, data, &i);
    while (!fault && i < n) {
        size_t clean = mp_text_scan(data + i, n - i, body->max_line, flags, &body->column);

        put(&w, data + i, clean);
        i += clean;
        if (i < n) {
            fault = odd_octet(&w, data + i, n - i);
            i++;
        }
    }
    *made = (size_t)(w.to - out);
    return fault;
}

uint32_t mp_client_encode_end(struct mp_client_body *body, uint8_t *out, size_t *made)
{
    struct writer w = {body, out};
    uint32_t fault = MP_FAULT_NONE;

    if (body->cr)
        fault = bare(&w);
    else if (body->text && body->column)
        end_line(&w);
    body->cr = 0;
    *made = (size_t)(w.to - out);
    return fault;
}

/* ---- asking ---- */

/* Every octet may become two; the end of a line in hand and the final dot; the header of a chunk. */
size_t mp_client_body_room(const struct mailproto_smtp_client *c)
{
    return 2 * (size_t)c->config.piece + 8 + MP_CLIENT_CHUNK_HEADER;
}

int mp_client_body_move(struct mailproto_smtp_client *c)
{
    struct mp_engine *e = &c->base;
    struct mp_request *r;

    if (mp_requests(e) || mp_out_full(e, 1))
        return 0;
    /* what is withheld lies in room that was promised already */
    if (!c->transaction.body.withheld && mp_out_promise(e, mp_client_body_room(c)))
        return 1;
    r = mp_request_open(e, MAILPROTO_SMTP_CLIENT_BODY, 0);
    if (!r)
        return 1;
    c->event.body = (mailproto_smtp_body_request){.command = c->active->token,
                                                  .offset = c->transaction.body.offset,
                                                  .max = c->config.piece};
    mp_raise(e, &c->event.body, sizeof c->event.body, MAILPROTO_SMTP_CLIENT_BODY, r->token);
    return 1;
}

/* ---- answers ---- */

static int32_t failed(struct mailproto_smtp_client *c, struct mp_request *r, const char *text)
{
    mp_request_answered(&c->base, r, 0);
    mp_client_abort(c, MAILPROTO_ERR_BODY, text);
    return MAILPROTO_ERR_BODY;
}

static void end_is_sent(struct mailproto_smtp_client *c)
{
    c->transaction.end_sent = 1;
    c->transaction.end_at = c->base.out_acked + c->base.out_pending;
    c->transaction.next = MP_NEXT_NOTHING;
}

/* Frames the n octets at room + MP_CLIENT_CHUNK_HEADER. */
static void put_chunk(struct mailproto_smtp_client *c, uint8_t *room, size_t n, int last)
{
    char header[MP_CLIENT_CHUNK_HEADER];
    size_t len = 5;

    if (!n && !last)
        return;
    memcpy(header, "BDAT ", 5);
    len += mp_ascii_write_decimal(header + len, n);
    memcpy(header + len, last ? " LAST\r\n" : "\r\n", last ? 7 : 2);
    len += last ? 7 : 2;
    memmove(room + len, room + MP_CLIENT_CHUNK_HEADER, n);
    memcpy(room, header, len);
    mp_out_commit(&c->base, len, MAILPROTO_TRACE_LINE);
    mp_out_commit(&c->base, n, MAILPROTO_TRACE_BODY);
    mp_client_await(c);
    if (last)
        end_is_sent(c);
}

/* The chunk that reaches the announced size is withheld until the host says that it is the last one. */
static void put_piece(struct mailproto_smtp_client *c, uint8_t *room, size_t n)
{
    struct mp_client_transaction *t = &c->transaction;

    if (!t->chunking)
        mp_out_commit(&c->base, n, MAILPROTO_TRACE_BODY);
    else if (c->active->size && t->body.offset == c->active->size)
        t->body.withheld = n;
    else
        put_chunk(c, room, n, 0);
}

int32_t mp_client_piece(struct mp_engine *e, struct mp_request *r, const void *data, size_t len)
{
    struct mailproto_smtp_client *c = mp_client_of(e);
    struct mp_client_transaction *t = &c->transaction;
    uint64_t size = c->active ? c->active->size : 0;
    uint8_t *room;
    uint32_t fault;
    size_t made;

    if (r->type != MAILPROTO_SMTP_CLIENT_BODY)
        return MAILPROTO_ERR_TOKEN;
    if (len > c->config.piece)
        return MAILPROTO_ERR_ARG;
    if (size && len > size - t->body.offset)
        return failed(c, r, "the body is longer than its announced size");
    room = mp_out_reserve(e, mp_client_body_room(c)); /* promised before the request */
    if (!room)
        return failed(c, r, "no memory for the body");
    fault = mp_client_encode(&t->body, data, len, room + (t->chunking ? MP_CLIENT_CHUNK_HEADER : 0), &made);
    if (fault)
        return failed(c, r, faults[fault]);
    t->body.offset += len;
    put_piece(c, room, made);
    mp_request_answered(e, r, 0);
    return MAILPROTO_OK;
}

static void put_data_end(struct mailproto_smtp_client *c, uint8_t *room, size_t n)
{
    memcpy(room + n, ".\r\n", 3);
    mp_out_commit(&c->base, n + 3, MAILPROTO_TRACE_LINE);
    mp_client_await(c);
    end_is_sent(c);
    c->transaction.due = MP_DUE_MESSAGE;
}

int32_t mp_client_piece_end(struct mp_engine *e, struct mp_request *r)
{
    struct mailproto_smtp_client *c = mp_client_of(e);
    struct mp_client_transaction *t = &c->transaction;
    size_t withheld = t->body.withheld, made;
    uint8_t *room;

    if (r->type != MAILPROTO_SMTP_CLIENT_BODY)
        return MAILPROTO_ERR_TOKEN;
    if (c->active->size > t->body.offset)
        return failed(c, r, "the body is shorter than its announced size");
    room = mp_out_reserve(e, mp_client_body_room(c));
    if (!room)
        return failed(c, r, "no memory for the body");
    if (mp_client_encode_end(&t->body, room + (t->chunking ? MP_CLIENT_CHUNK_HEADER + withheld : 0), &made))
        return failed(c, r, "the body ends in a bare CR");
    if (t->chunking)
        put_chunk(c, room, withheld + made, 1);
    else
        put_data_end(c, room, made);
    mp_request_answered(e, r, 0);
    return MAILPROTO_OK;
}
