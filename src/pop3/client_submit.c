/* client_submit.c - the host's commands: submitted, withdrawn, completed.
 * contract.md section 2: a client's commands have tokens and one completion each. */
#include "pop3/client.h"

static int32_t submit(mailproto_pop3_client *c, uint32_t verb, uint32_t number, uint32_t lines, uint64_t *command)
{
    struct mp_pop3_order *order;

    if (!c || !command)
        return MAILPROTO_ERR_ARG;
    if (mp_engine_ended(&c->base) || c->base.finishing || c->phase >= MP_POP3_AT_QUIT)
        return MAILPROTO_ERR_STATE;
    if (c->commands >= c->max_commands)
        return MAILPROTO_ERR_LIMIT;
    order = mp_alloc_zero(&c->base.allocator, sizeof *order);
    if (!order)
        return MAILPROTO_ERR_NOMEM;
    order->token = mp_token(&c->base, 0);
    order->verb = (uint8_t)verb;
    order->number = number;
    order->lines = lines;
    if (c->last)
        c->last->next = order;
    else
        c->first = order;
    c->last = order;
    if (!c->unsent)
        c->unsent = order;
    c->commands++;
    *command = order->token;
    mp_engine_kick(&c->base);
    return MAILPROTO_OK;
}

static int32_t submit_for(mailproto_pop3_client *c, uint32_t verb, uint32_t number, uint32_t lines, uint64_t *command)
{
    return number ? submit(c, verb, number, lines, command) : MAILPROTO_ERR_ARG;
}

int32_t mailproto_pop3_client_stat(mailproto_pop3_client *client, uint64_t *command)
{
    return submit(client, MAILPROTO_POP3_VERB_STAT, 0, 0, command);
}

int32_t mailproto_pop3_client_list(mailproto_pop3_client *client, uint32_t number, uint64_t *command)
{
    return submit(client, MAILPROTO_POP3_VERB_LIST, number, 0, command);
}

int32_t mailproto_pop3_client_uidl(mailproto_pop3_client *client, uint32_t number, uint64_t *command)
{
    return submit(client, MAILPROTO_POP3_VERB_UIDL, number, 0, command);
}

int32_t mailproto_pop3_client_retr(mailproto_pop3_client *client, uint32_t number, uint64_t *command)
{
    return submit_for(client, MAILPROTO_POP3_VERB_RETR, number, 0, command);
}

int32_t mailproto_pop3_client_top(mailproto_pop3_client *client, uint32_t number, uint32_t lines, uint64_t *command)
{
    return submit_for(client, MAILPROTO_POP3_VERB_TOP, number, lines, command);
}

int32_t mailproto_pop3_client_dele(mailproto_pop3_client *client, uint32_t number, uint64_t *command)
{
    return submit_for(client, MAILPROTO_POP3_VERB_DELE, number, 0, command);
}

int32_t mailproto_pop3_client_noop(mailproto_pop3_client *client, uint64_t *command)
{
    return submit(client, MAILPROTO_POP3_VERB_NOOP, 0, 0, command);
}

int32_t mailproto_pop3_client_rset(mailproto_pop3_client *client, uint64_t *command)
{
    return submit(client, MAILPROTO_POP3_VERB_RSET, 0, 0, command);
}

int32_t mailproto_pop3_client_capa(mailproto_pop3_client *client, uint64_t *command)
{
    return submit(client, MAILPROTO_POP3_VERB_CAPA, 0, 0, command);
}

/* ---- withdrawal ---- */

/* One that was sent runs to its end, silently: POP3 has no way to stop a server. */
int32_t mp_pop3_cancel(struct mailproto_pop3_client *c, uint64_t token)
{
    struct mp_pop3_order *order = c->first;

    while (order && order->token != token)
        order = order->next;
    if (!order || !token)
        return MAILPROTO_ERR_TOKEN;
    if (!order->sent && order->why != MAILPROTO_ERR_CANCELLED)
        c->withdrawn++;
    order->why = MAILPROTO_ERR_CANCELLED;
    order->silent = 1;
    mp_engine_kick(&c->base);
    return MAILPROTO_OK;
}

/* ---- completion ---- */

static void complete(struct mailproto_pop3_client *c, struct mp_pop3_order *order, int32_t why)
{
    c->payload.done = (mailproto_pop3_done){
        .command = order->token,
        .verb = order->verb,
        .why = why,
        .sent = order->sent,
        .number = order->number,
        .octets = order->octets,
        .reply = &c->response,
    };
    mp_pop3_raise(c, done, MAILPROTO_POP3_CLIENT_DONE);
    c->commands--;
    mp_free(&c->base.allocator, order, sizeof *order);
}

void mp_pop3_raise_done(struct mailproto_pop3_client *c, int32_t why)
{
    struct mp_pop3_order *order = c->first;

    c->first = order->next;
    if (!c->first)
        c->last = NULL;
    if (c->unsent == order)
        c->unsent = order->next;
    if (order->sent)
        c->outstanding--;
    else if (order->why)
        c->withdrawn--;
    complete(c, order, order->why ? order->why : why);
}

int mp_pop3_withdrawn_step(struct mailproto_pop3_client *c)
{
    struct mp_pop3_order *order = c->unsent, *before = NULL;

    if (!c->withdrawn)
        return 0;
    for (struct mp_pop3_order *o = c->first; o != order; o = o->next)
        before = o;
    while (!order->why) {
        before = order;
        order = order->next;
    }
    if (before)
        before->next = order->next;
    else
        c->first = order->next;
    if (c->last == order)
        c->last = before;
    if (c->unsent == order)
        c->unsent = order->next;
    c->withdrawn--;
    c->response = (mailproto_pop3_response){.struct_size = sizeof c->response};
    complete(c, order, MAILPROTO_ERR_CANCELLED);
    return 1;
}

void mp_pop3_free_orders(struct mailproto_pop3_client *c)
{
    while (c->first) {
        struct mp_pop3_order *order = c->first;

        c->first = order->next;
        mp_free(&c->base.allocator, order, sizeof *order);
    }
}
