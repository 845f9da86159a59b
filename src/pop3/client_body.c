/* client_body.c - message text as it arrives: dots unstuffed, the end seen only where it is CR LF . CR LF.
 * RFC 1939 section 3 (multi-line responses). */
#include <string.h>

#include "core/text_scan.h"
#include "pop3/client.h"

void mp_pop3_body_begin(struct mailproto_pop3_client *c)
{
    c->framer = MP_POP3_AT_LINE;
    c->window_octets = 0;
    mp_peer_clock_reset(&c->base);
}

/* Gives the octets to the host, unless nobody wants them. */
static void give(struct mailproto_pop3_client *c, const void *bytes, size_t len)
{
    struct mp_pop3_order *order = c->first;

    c->payload.body = (mailproto_pop3_body){
        .command = order->token,
        .offset = order->octets,
        .bytes = {bytes, len},
    };
    if (order->silent)
        return;
    order->octets += len;
    mp_pop3_raise(c, body, MAILPROTO_POP3_CLIENT_BODY);
}

/* Takes n octets off the input and gives those behind `skip`. */
static void take(struct mailproto_pop3_client *c, size_t skip, size_t n, uint8_t framer)
{
    const uint8_t *p = mp_in(&c->base);

    c->framer = framer;
    c->window_octets += n;
    if (n > skip)
        give(c, p + skip, n - skip);
    mp_in_take(&c->base, n);
}

/* The terminator: what came before it was whole. */
static void end(struct mailproto_pop3_client *c, size_t n)
{
    mp_in_take(&c->base, n);
    mp_peer_clock_reset(&c->base);
    c->response = (mailproto_pop3_response){.struct_size = sizeof c->response, .status = MAILPROTO_POP3_OK};
    mp_pop3_raise_done(c, MAILPROTO_OK);
}

/* How many octets from p on are text that crosses as it is; where the framer stands behind them. At least one. */
static size_t run(const uint8_t *p, size_t n, int at_line, uint8_t *framer)
{
    size_t column = at_line ? 0 : 1, len = 0;

    for (;;) {
        len += mp_text_scan(p + len, n - len, SIZE_MAX, 0, &column);
        if (len == n || p[len] == '.')
            break; /* all of it, or a dot that begins a line */
        if (p[len] == '\r' && len + 1 == n) {
            if (!len) {
                *framer = MP_POP3_AFTER_CR;
                return 1;
            }
            break; /* held back: the next look decides */
        }
        len++; /* a CR or LF by itself is text, and begins no line */
        column++;
    }
    *framer = column ? MP_POP3_IN_LINE : MP_POP3_AT_LINE;
    return len;
}

/* Text, dots of its own included: `skip` octets of it are not given, those are stuffed dots. */
static void text(struct mailproto_pop3_client *c, const uint8_t *p, size_t n, size_t skip, int at_line)
{
    uint8_t framer;
    size_t len = run(p + skip, n - skip, at_line, &framer);

    take(c, skip, skip + len, framer);
}

/* A dot begins the line. */
static void dot(struct mailproto_pop3_client *c, const uint8_t *p, size_t n)
{
    if (n >= 3 && p[1] == '\r' && p[2] == '\n')
        end(c, 3);
    else if (n == 1)
        take(c, 1, 1, MP_POP3_AFTER_DOT);
    else if (n == 2 && p[1] == '\r')
        take(c, 2, 2, MP_POP3_AFTER_DOT_CR);
    else
        text(c, p, n, 1, 0);
}

static void after_dot(struct mailproto_pop3_client *c, const uint8_t *p, size_t n)
{
    if (p[0] == '\r' && n >= 2 && p[1] == '\n')
        end(c, 2);
    else if (p[0] == '\r' && n == 1)
        take(c, 1, 1, MP_POP3_AFTER_DOT_CR);
    else
        text(c, p, n, 0, 0);
}

/* The dot was stuffed, the CR is text. It is given together with the octet behind it, for a feed takes at least one. */
static void after_dot_cr(struct mailproto_pop3_client *c, uint8_t octet)
{
    c->held[0] = '\r';
    c->held[1] = (char)octet;
    give(c, c->held, 2);
    c->framer = octet == '\r' ? MP_POP3_AFTER_CR : MP_POP3_IN_LINE;
    mp_in_take(&c->base, 1);
}

int mp_pop3_body_step(struct mailproto_pop3_client *c)
{
    const uint8_t *p = mp_in(&c->base);
    size_t n = mp_in_left(&c->base);

    if (!n)
        return 0;
    switch (c->framer) {
    case MP_POP3_AT_LINE:
        if (p[0] == '.')
            dot(c, p, n);
        else
            text(c, p, n, 0, 1);
        break;
    case MP_POP3_AFTER_DOT:
        after_dot(c, p, n);
        break;
    case MP_POP3_AFTER_DOT_CR:
        if (p[0] == '\n') {
            end(c, 1);
        } else {
            after_dot_cr(c, p[0]);
        }
        break;
    case MP_POP3_AFTER_CR:
        /* the CR was given already */
        if (p[0] == '\n')
            take(c, 0, 1, MP_POP3_AT_LINE);
        else
            c->framer = MP_POP3_IN_LINE;
        break;
    default:
        text(c, p, n, 0, 0);
        break;
    }
    return 1;
}
