/* server_retr.c - RETR and TOP: a message in pieces, dots stuffed, its announced size held to.
 * RFC 1939 sections 3 (byte-stuffing), 5 (RETR) and 7 (TOP). */
#include <string.h>

#include "core/ascii.h"
#include "core/text_scan.h"
#include "pop3/server.h"

static void retrieve(struct mailproto_pop3_server *s, uint32_t number, int top, uint32_t lines)
{
    if (!mp_pop3_exists(s, number))
        return;
    s->reading = (struct mp_pop3_reading){.number = number, .lines = lines, .top = top != 0, .in_header = 1};
    s->payload.retrieve = (mailproto_pop3_retrieve){.number = number, .top = top != 0, .lines = lines};
    (void)mp_pop3_ask(s, &s->payload.retrieve, sizeof s->payload.retrieve, MAILPROTO_POP3_SERVER_RETRIEVE);
}

void mp_pop3_retr(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    retrieve(s, arguments->number, 0, 0);
}

void mp_pop3_top(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    retrieve(s, arguments->number, 1, arguments->lines);
}

/* ---- the message is open ---- */

void mp_pop3_begin_reading(struct mailproto_pop3_server *s, struct mp_request *r, uint64_t size)
{
    s->reading_open = 1; /* from here on RETRIEVE_END is owed, whatever comes between */
    s->reading.size = size;
    mp_pop3_put_answer(s, r, MAILPROTO_POP3_OK, 0, NULL, 0, 0);
}

int32_t mailproto_pop3_server_retrieving(mailproto_pop3_server *server, uint64_t token, uint64_t size)
{
    struct mp_request *r;

    if (!server)
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&server->base, token, MAILPROTO_POP3_SERVER_RETRIEVE);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    mp_pop3_begin_reading(server, r, size);
    return MAILPROTO_OK;
}

static void say_octets(struct mailproto_pop3_server *s, uint64_t octets)
{
    char line[4 + MP_ASCII_DECIMAL_MAX + 9];
    size_t n = 4;

    memcpy(line, "+OK ", 4);
    n += mp_ascii_write_decimal(line + n, octets);
    memcpy(line + n, " octets\r\n", 9);
    (void)mp_out_put(&s->base, line, n + 9, MAILPROTO_TRACE_LINE);
}

void mp_pop3_retrieving(struct mailproto_pop3_server *s, const struct mp_request *r)
{
    struct mp_pop3_reading *m = &s->reading;

    mp_peer_clock_reset(&s->base);
    if (r->code != MAILPROTO_POP3_OK) {
        mp_pop3_say_answer(s, r, "the message is not available");
        if (r->index)
            mp_engine_end(&s->base, MAILPROTO_OK, "the host closed");
        return;
    }
    s->known = m->number;
    s->known_size = m->size;
    s->work = MP_POP3_SENDS;
    if (m->top)
        mp_pop3_say(s, "+OK the top follows\r\n");
    else
        say_octets(s, m->size);
}

void mp_pop3_raise_retrieve_end(struct mailproto_pop3_server *s, int32_t why)
{
    struct mp_pop3_reading *m = &s->reading;

    s->reading_open = 0;
    if (s->store)
        s->store_ops->message_end(s);
    s->payload.retrieve_end = (mailproto_pop3_retrieve_end){
        .number = m->number,
        .top = m->top,
        .octets = m->offset,
        .why = why,
    };
    mp_raise(&s->base, &s->payload.retrieve_end, sizeof s->payload.retrieve_end, MAILPROTO_POP3_SERVER_RETRIEVE_END, 0);
}

/* The terminator, behind a line end: a message that lacks its last one gets it here. */
static void end_message(struct mailproto_pop3_server *s)
{
    struct mp_pop3_reading *m = &s->reading;

    if (m->line_began)
        mp_pop3_say(s, "\r\n.\r\n");
    else
        mp_pop3_say(s, ".\r\n");
    s->work = MP_POP3_COMMANDS;
    if (!m->top)
        s->retrieved++;
    mp_pop3_raise_retrieve_end(s, MAILPROTO_OK);
}

/* What n octets may become: every third one a dot that begins a line, and the one at the start. */
static size_t stuffed_max(size_t n)
{
    return n + n / 3 + 2;
}

int mp_pop3_send_step(struct mailproto_pop3_server *s)
{
    struct mp_pop3_reading *m = &s->reading;
    uint64_t left = m->size - m->offset;
    size_t max = left < s->piece ? (size_t)left : s->piece;

    if (mp_out_full(&s->base, MP_OUT_MARK))
        return 0;
    if (m->enough || !left) {
        end_message(s);
        return 1;
    }
    if (mp_out_promise(&s->base, stuffed_max(max)))
        return 1;
    s->payload.piece = (mailproto_pop3_piece){.number = m->number, .offset = m->offset, .max = max};
    (void)mp_pop3_ask(s, &s->payload.piece, sizeof s->payload.piece, MAILPROTO_POP3_SERVER_PIECE);
    return 1;
}

/* ---- pieces ---- */

/* Copies to `out` what may cross: a dot first in a line is doubled. Octets made; SIZE_MAX: a LF without CR. */
static size_t stuff(struct mp_pop3_reading *m, uint8_t *out, const uint8_t *p, size_t n)
{
    size_t i = 0, made = 0, column = m->line_began, clean;

    if (m->cr && n && p[0] == '\n') {
        out[made++] = p[i++];
        column = 0;
    }
    while (i < n) {
        clean = mp_text_scan(p + i, n - i, SIZE_MAX, 0, &column);
        memcpy(out + made, p + i, clean);
        made += clean;
        i += clean;
        if (i == n)
            break;
        if (p[i] == '\n')
            return SIZE_MAX;
        if (p[i] == '.')
            out[made++] = '.';
        out[made++] = p[i++]; /* the dot, or a CR that is bare or last */
        column++;
    }
    m->cr = n ? p[n - 1] == '\r' : m->cr;
    m->line_began = column < 2 ? (uint8_t)column : 2;
    return made;
}

/* How much of a piece TOP still wants: up to the end of the line that is the last. */
static size_t wanted(struct mp_pop3_reading *m, const uint8_t *p, size_t n)
{
    const uint8_t *lf, *at = p, *end = p + n;
    int began = m->line_began > m->cr; /* more than the CR that may end it */
    size_t len;

    if (!m->top)
        return n;
    for (; (lf = memchr(at, '\n', (size_t)(end - at))); at = lf + 1, began = 0) {
        len = (size_t)(lf - at);
        if (m->in_header && !began && (!len || (len == 1 && at[0] == '\r')))
            m->in_header = 0;
        else if (!m->in_header)
            m->lines--;
        if (!m->in_header && !m->lines) {
            m->enough = 1;
            return (size_t)(lf - p) + 1;
        }
    }
    return n;
}

int32_t mp_pop3_take_piece(struct mailproto_pop3_server *s, const void *data, size_t len)
{
    struct mp_pop3_reading *m = &s->reading;
    const uint8_t *p = data;
    uint8_t *out;
    size_t made;

    if (!len || (len > s->piece && m->size - m->offset >= len))
        return MAILPROTO_ERR_ARG;
    if (m->size - m->offset < len)
        return MAILPROTO_ERR_BODY;
    len = wanted(m, p, len);
    out = mp_out_reserve(&s->base, stuffed_max(len));
    made = out ? stuff(m, out, p, len) : SIZE_MAX; /* the room was promised */
    if (made == SIZE_MAX)
        return MAILPROTO_ERR_BODY;
    mp_out_commit(&s->base, made, MAILPROTO_TRACE_BODY);
    m->offset += len;
    return MAILPROTO_OK;
}

int32_t mp_pop3_piece(struct mailproto_pop3_server *s, struct mp_request *r, const void *data, size_t len)
{
    int32_t result = mp_pop3_take_piece(s, data, len);

    if (result == MAILPROTO_ERR_ARG)
        return result;
    mp_pop3_put_answer(s, r, result ? MAILPROTO_POP3_ERR : MAILPROTO_POP3_OK, MAILPROTO_POP3_RESP_NONE, NULL, 0, 0);
    return result;
}

void mp_pop3_piece_answered(struct mailproto_pop3_server *s, const struct mp_request *r)
{
    mp_peer_clock_reset(&s->base);
    if (r->code != MAILPROTO_POP3_OK)
        mp_engine_end(&s->base, MAILPROTO_ERR_BODY, "a message that was begun cannot be finished");
}
