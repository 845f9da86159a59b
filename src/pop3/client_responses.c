/* client_responses.c - responses to the host's commands: what they say, line by line.
 * RFC 1939 sections 3, 5 and 7; RFC 2449 section 5. */
#include "core/ascii.h"
#include "pop3/client.h"

/* The next word, whatever spaces stand before it. Empty: there is none. */
static mailproto_text next_word(mailproto_text *rest)
{
    mailproto_text word;

    while (rest->len && rest->ptr[0] == ' ') {
        rest->ptr++;
        rest->len--;
    }
    mp_pop3_word(rest, &word);
    return word;
}

static int next_size(mailproto_text *rest, uint64_t *size)
{
    mailproto_text word = next_word(rest);

    return mp_ascii_parse_decimal(word.ptr, word.len, size);
}

/* ---- listings ---- */

/* "number size ..." or "number unique-id". 0; -1: malformed. */
static int entry(struct mailproto_pop3_client *c, const struct mp_pop3_order *order, mailproto_text rest)
{
    mailproto_text word = next_word(&rest);
    mailproto_pop3_entry *e = &c->payload.entry;

    *e = (mailproto_pop3_entry){.command = order->token};
    if (!mp_pop3_number(word, &e->number) || (order->number && e->number != order->number))
        return -1;
    if (order->verb == MAILPROTO_POP3_VERB_UIDL) {
        e->uid = next_word(&rest);
        return e->uid.len ? 0 : -1;
    }
    return next_size(&rest, &e->size) ? 0 : -1;
}

static void malformed(struct mp_pop3_order *order)
{
    if (!order->why)
        order->why = MAILPROTO_ERR_PROTOCOL;
}

/* A line of list, uidl or capa: an event, if there is one in it and somebody wants it. */
static void listed(struct mailproto_pop3_client *c, struct mp_pop3_order *order, mailproto_text line)
{
    if (order->verb == MAILPROTO_POP3_VERB_CAPA) {
        c->payload.capability = (mailproto_pop3_capability){.command = order->token};
        mp_pop3_word(&line, &c->payload.capability.name);
        c->payload.capability.arguments = line;
        if (!order->silent)
            mp_pop3_raise(c, capability, MAILPROTO_POP3_CLIENT_CAPABILITY);
    } else if (entry(c, order, line)) {
        malformed(order);
    } else if (!order->silent) {
        mp_pop3_raise(c, entry, MAILPROTO_POP3_CLIENT_ENTRY);
    }
}

/* The first line is gone by now: what is left of it to tell is +OK. */
static void done_ok(struct mailproto_pop3_client *c)
{
    c->response = (mailproto_pop3_response){.struct_size = sizeof c->response, .status = MAILPROTO_POP3_OK};
    mp_pop3_raise_done(c, MAILPROTO_OK);
}

static int listing_step(struct mailproto_pop3_client *c)
{
    struct mp_line line;
    int bad, got = mp_pop3_listing_line(c, &line, &bad);

    if (!got)
        return c->base.ending;
    if (got < 0)
        done_ok(c);
    else if (bad)
        malformed(c->first);
    else
        listed(c, c->first, (mailproto_text){line.ptr, line.len});
    return 1;
}

/* ---- first lines ---- */

static void message(struct mailproto_pop3_client *c, struct mp_pop3_order *order)
{
    mailproto_text rest = c->response.text;
    uint64_t size = 0;
    int announced = order->verb == MAILPROTO_POP3_VERB_RETR && next_size(&rest, &size);

    order->stage = MP_POP3_BODY;
    mp_pop3_body_begin(c);
    if (order->silent)
        return;
    c->payload.message = (mailproto_pop3_message){
        .command = order->token,
        .number = order->number,
        .announced = announced != 0,
        .size = size,
    };
    mp_pop3_raise(c, message, MAILPROTO_POP3_CLIENT_MESSAGE);
}

static void stat(struct mailproto_pop3_client *c, struct mp_pop3_order *order)
{
    mailproto_text rest = c->response.text;
    uint64_t count;

    if (!next_size(&rest, &count) || count > UINT32_MAX || !next_size(&rest, &order->octets)) {
        mp_pop3_raise_done(c, MAILPROTO_ERR_PROTOCOL);
        return;
    }
    order->number = (uint32_t)count;
    mp_pop3_raise_done(c, MAILPROTO_OK);
}

/* list or uidl of one message: its entry is in the first line. DONE follows in the next step. */
static void single(struct mailproto_pop3_client *c, struct mp_pop3_order *order)
{
    order->stage = MP_POP3_ANSWERED;
    listed(c, order, c->response.text);
}

static void accepted(struct mailproto_pop3_client *c, struct mp_pop3_order *order)
{
    switch (order->verb) {
    case MAILPROTO_POP3_VERB_STAT:
        stat(c, order);
        return;
    case MAILPROTO_POP3_VERB_LIST:
    case MAILPROTO_POP3_VERB_UIDL:
        if (order->number)
            single(c, order);
        else
            order->stage = MP_POP3_LISTING;
        return;
    case MAILPROTO_POP3_VERB_CAPA:
        order->stage = MP_POP3_LISTING;
        return;
    case MAILPROTO_POP3_VERB_RETR:
    case MAILPROTO_POP3_VERB_TOP:
        message(c, order);
        return;
    case MAILPROTO_POP3_VERB_DELE:
        c->deleted++;
        break;
    case MAILPROTO_POP3_VERB_RSET:
        c->deleted = 0;
        break;
    default:
        break;
    }
    mp_pop3_raise_done(c, MAILPROTO_OK);
}

static int first_line_step(struct mailproto_pop3_client *c)
{
    struct mp_line line;

    if (!mp_pop3_status(c, &line))
        return c->base.ending;
    if (c->response.status == MAILPROTO_POP3_OK)
        accepted(c, c->first);
    else
        mp_pop3_raise_done(c, MAILPROTO_ERR_REFUSED);
    return 1;
}

int mp_pop3_response_step(struct mailproto_pop3_client *c)
{
    switch (c->first->stage) {
    case MP_POP3_FIRST_LINE:
        return first_line_step(c);
    case MP_POP3_LISTING:
        return listing_step(c);
    case MP_POP3_BODY:
        return mp_pop3_body_step(c);
    default:
        done_ok(c);
        return 1;
    }
}
