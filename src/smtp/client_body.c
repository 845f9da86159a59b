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

/* Whether an octet may not cross as it is, and no canonicalising helps (RFC 2045 2.7, 2.8). */
static uint32_t fault_of(const struct mp_client_body *body, uint8_t octet)
{
    if (!octet)
        return MP_FAULT_NUL;
    if (octet > 127 && !body->eight_bit)
        return MP_FAULT_8BIT;
    return body->column < body->max_line ? MP_FAULT_NONE : MP_FAULT_LONG_LINE;
}

MP_OUTLINE static uint8_t *end_line(struct mp_client_body *body, uint8_t *to)
{
    body->cr = 0;
    body->column = 0;
    memcpy(to, "\r\n", 2);
    return to + 2;
}

/* Copies as much as needs no look at each octet: how much. Where code is to be small, nothing is. */
static size_t copy_plain(struct mp_client_body *body, const uint8_t *data, size_t n, uint8_t *to)
{
#ifdef MAILPROTO_TEXT_SCAN_OCTET
    (void)body, (void)data, (void)n, (void)to;
    return 0;
#else
    uint32_t flags = MP_TEXT_NO_NUL | (body->stuff ? 0u : MP_TEXT_ANY_DOT) | (body->eight_bit ? 0u : MP_TEXT_7BIT);

    n = mp_text_scan(data, n, body->max_line, flags, &body->column);
    memcpy(to, data, n);
    return n;
#endif
}

uint32_t mp_client_encode(struct mp_client_body *body, const uint8_t *data, size_t n, uint8_t *out, size_t *made)
{
    const uint8_t *end = data + n;
    uint8_t *to = out;

    if (!body->text) {
        memcpy(out, data, n);
        *made = n;
        return MP_FAULT_NONE;
    }
    while (data < end) {
        uint32_t fault;

        n = body->cr ? 0 : copy_plain(body, data, (size_t)(end - data), to);
        to += n;
        data += n;
        if (data == end)
            break;
        if (body->cr || *data == '\n') {
            /* a CR or LF without the other is a line end, unless that is not to be guessed */
            if (body->strict && !(body->cr && *data == '\n'))
                return MP_FAULT_NEWLINE;
            data += *data == '\n';
            to = end_line(body, to);
            continue;
        }
        body->cr = *data == '\r'; /* what follows it decides */
        if (body->cr) {
            data++;
            continue;
        }
        fault = fault_of(body, *data);
        if (fault)
            return fault;
        if (*data == '.' && !body->column && body->stuff)
            *to++ = '.';
        body->column++;
        *to++ = *data++;
    }
    *made = (size_t)(to - out);
    return MP_FAULT_NONE;
}

uint32_t mp_client_encode_end(struct mp_client_body *body, uint8_t *out, size_t *made)
{
    *made = 0;
    if (body->cr && body->strict)
        return MP_FAULT_NEWLINE;
    if (body->cr || (body->text && body->column))
        *made = (size_t)(end_line(body, out) - out);
    return MP_FAULT_NONE;
}

/* ---- asking ---- */

/* Every octet may become two; the end of a line in hand and the final dot; the header of a chunk. */
size_t mp_client_body_room(const mailproto_smtp_client_config *config)
{
    return 2 * (size_t)config->piece + 8 + MP_CLIENT_CHUNK_HEADER;
}

int mp_client_body_move(struct mailproto_smtp_client *c)
{
    mailproto_smtp_body_request *event = &c->event.body;
    struct mp_engine *e = &c->base;
    struct mp_request *r;

    if (mp_requests(e) || mp_out_full(e, 1))
        return 0;
    /* what is withheld lies in room that was promised already */
    if (!c->body.withheld && mp_out_promise(e, mp_client_body_room(&c->config)))
        return 1;
    r = mp_request_open(e, MAILPROTO_SMTP_CLIENT_BODY, 0);
    if (!r)
        return 1;
    event->command = c->active->token;
    event->offset = c->body.offset;
    event->max = c->config.piece;
    mp_client_raise(c, sizeof *event, MAILPROTO_SMTP_CLIENT_BODY, r->token);
    return 1;
}

/* ---- answers ---- */

static void end_is_sent(struct mailproto_smtp_client *c)
{
    c->transaction.end_sent = 1;
    c->body.end_at = c->base.out_acked + c->base.out_pending;
    c->transaction.next = MP_NEXT_NOTHING;
    mp_client_await(c);
}

/* Frames the n octets at room + MP_CLIENT_CHUNK_HEADER. */
static void put_chunk(struct mailproto_smtp_client *c, uint8_t *room, size_t n, int last)
{
    size_t len = 5;

    if (!n && !last)
        return;
    memcpy(room, "BDAT ", 5);
    len += mp_ascii_write_decimal(room + len, n);
    if (last) {
        memcpy(room + len, " LAST", 5);
        len += 5;
    }
    memcpy(room + len, "\r\n", 2);
    len += 2;
    memmove(room + len, room + MP_CLIENT_CHUNK_HEADER, n);
    mp_out_commit(&c->base, len, MAILPROTO_TRACE_LINE);
    mp_out_commit(&c->base, n, MAILPROTO_TRACE_BODY);
    if (last)
        end_is_sent(c);
    else
        mp_client_await(c);
}

/* The chunk that reaches the announced size is withheld until the host says that it is the last one. */
static void put_piece(struct mailproto_smtp_client *c, uint8_t *room, size_t n)
{
    if (!c->transaction.chunking)
        mp_out_commit(&c->base, n, MAILPROTO_TRACE_BODY);
    else if (c->active->size && c->body.offset == c->active->size)
        c->body.withheld = n;
    else
        put_chunk(c, room, n, 0);
}

/* `data` NULL: the end of the body. Gives what is wrong with it, or NULL. */
MP_OUTLINE static const char *put_body(struct mailproto_smtp_client *c, const void *data, size_t len)
{
    uint64_t size = c->active->size, left = size - c->body.offset;
    uint8_t *room, *to;
    uint32_t fault;
    size_t made;

    if (size && len > left)
        return "the body is longer than its announced size";
    if (size && left && !data)
        return "the body is shorter than its announced size";
    room = to = mp_out_reserve(&c->base, mp_client_body_room(&c->config)); /* promised before the request */
    if (!room)
        return "no memory for the body";
    if (c->transaction.chunking)
        to += MP_CLIENT_CHUNK_HEADER + c->body.withheld;
    fault = data ? mp_client_encode(&c->body, data, len, to, &made) : mp_client_encode_end(&c->body, to, &made);
    if (fault)
        return faults[fault];
    c->body.offset += len;
    if (data) {
        put_piece(c, room, made);
    } else if (c->transaction.chunking) {
        put_chunk(c, room, c->body.withheld + made, 1);
    } else {
        memcpy(room + made, ".\r\n", 3);
        mp_out_commit(&c->base, made + 3, MAILPROTO_TRACE_LINE);
        end_is_sent(c);
        c->transaction.due = MP_DUE_MESSAGE;
    }
    return NULL;
}

static int32_t piece(struct mp_engine *e, struct mp_request *r, const void *data, size_t len)
{
    struct mailproto_smtp_client *c = mp_client_of(e);
    const char *wrong;

    if (r->type != MAILPROTO_SMTP_CLIENT_BODY)
        return MAILPROTO_ERR_TOKEN;
    if (len > c->config.piece)
        return MAILPROTO_ERR_ARG;
    wrong = put_body(c, data, len);
    mp_request_answered(e, r, 0);
    if (!wrong)
        return MAILPROTO_OK;
    mp_client_abort(c, MAILPROTO_ERR_BODY, wrong);
    return MAILPROTO_ERR_BODY;
}

int32_t mp_client_piece(struct mp_engine *e, struct mp_request *r, const void *data, size_t len)
{
    return piece(e, r, data, len);
}

int32_t mp_client_piece_end(struct mp_engine *e, struct mp_request *r)
{
    return piece(e, r, NULL, 0);
}
