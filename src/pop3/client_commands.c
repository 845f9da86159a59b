/* client_commands.c - the TRANSACTION state: commands on their way, their responses one after the other, QUIT.
 * RFC 1939 sections 5 to 7; RFC 2449 section 6.6 (PIPELINING). */
#include <string.h>

#include "core/ascii.h"
#include "pop3/client.h"

enum { LINE_MAX = 4 + 2 * (MP_ASCII_DECIMAL_MAX + 1) + 2 };

static const char *const keywords[] = {
    [MAILPROTO_POP3_VERB_STAT] = "STAT", [MAILPROTO_POP3_VERB_LIST] = "LIST", [MAILPROTO_POP3_VERB_UIDL] = "UIDL",
    [MAILPROTO_POP3_VERB_RETR] = "RETR", [MAILPROTO_POP3_VERB_TOP] = "TOP",   [MAILPROTO_POP3_VERB_DELE] = "DELE",
    [MAILPROTO_POP3_VERB_NOOP] = "NOOP", [MAILPROTO_POP3_VERB_RSET] = "RSET", [MAILPROTO_POP3_VERB_CAPA] = "CAPA",
};

static size_t add_number(char *to, uint32_t number)
{
    to[0] = ' ';
    return 1 + mp_ascii_write_decimal(to + 1, number);
}

static void send(struct mailproto_pop3_client *c)
{
    struct mp_pop3_order *order = c->unsent;
    char line[LINE_MAX];
    size_t n = strlen(keywords[order->verb]);

    memcpy(line, keywords[order->verb], n);
    if (order->number)
        n += add_number(line + n, order->number);
    if (order->verb == MAILPROTO_POP3_VERB_TOP)
        n += add_number(line + n, order->lines);
    line[n++] = '\r';
    line[n++] = '\n';
    if (mp_out_put(&c->base, line, n, MAILPROTO_TRACE_LINE))
        return;
    order->sent = 1;
    c->unsent = order->next;
    if (!c->outstanding++)
        mp_peer_clock_reset(&c->base);
}

static uint32_t window(const struct mailproto_pop3_client *c)
{
    int pipelining = c->offers & MAILPROTO_POP3_CAPA_PIPELINING && !(c->flags & MAILPROTO_POP3_CLIENT_NO_PIPELINING);

    return pipelining ? c->window : 1;
}

/* QUIT is never sent before the last response: what fails in one may be a reason to go without it. */
static int send_step(struct mailproto_pop3_client *c)
{
    if (c->unsent) {
        if (c->outstanding >= window(c) || mp_out_full(&c->base, MP_OUT_MARK))
            return 0;
        send(c);
        return 1;
    }
    if (c->first || !c->base.finishing)
        return 0;
    mp_pop3_enter(c, MP_POP3_AT_QUIT);
    c->quit_sent = 1;
    (void)mp_out_literal(&c->base, "QUIT\r\n");
    return 1;
}

/* A line that nobody asked for: servers say -ERR before they close an idle session. */
static int unasked_step(struct mailproto_pop3_client *c)
{
    struct mp_line line;

    if (!mp_pop3_status(c, &line))
        return c->base.ending;
    if (c->response.status == MAILPROTO_POP3_ERR)
        mp_engine_end(&c->base, MAILPROTO_ERR_LOST, "the server ended the session");
    else
        mp_engine_end(&c->base, MAILPROTO_ERR_PROTOCOL, "the server answered what was not asked");
    return 1;
}

int mp_pop3_commands_step(struct mailproto_pop3_client *c)
{
    if (c->greeting) { /* READY was seen */
        mp_free(&c->base.allocator, c->greeting, c->greeting_len);
        c->greeting = NULL;
    }
    if (send_step(c))
        return 1;
    return c->outstanding ? mp_pop3_response_step(c) : unasked_step(c);
}

void mp_pop3_raise_quit_reply(struct mailproto_pop3_client *c, uint32_t outcome, int32_t why)
{
    c->was_ready = 0; /* once for every READY */
    c->payload.quit_reply = (mailproto_pop3_quit_reply){
        .outcome = outcome,
        .deleted = c->deleted,
        .why = why,
        .reply = &c->response,
    };
    mp_pop3_raise(c, quit_reply, MAILPROTO_POP3_CLIENT_QUIT_REPLY);
}
