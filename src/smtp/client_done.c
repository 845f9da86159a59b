/* client_done.c - the completion of each command, exactly once, and the lists that commands wait in.
 * contract.md section 2: "a client's commands have tokens and one completion each". */
#include <string.h>

#include "smtp/client.h"

/* ---- lists ---- */

void mp_client_push(struct mp_client_queue *queue, struct mp_client_command *command)
{
    command->next = NULL;
    if (queue->last)
        queue->last->next = command;
    else
        queue->first = command;
    queue->last = command;
}

struct mp_client_command *mp_client_pop(struct mp_client_queue *queue)
{
    return queue->first ? mp_client_take(queue, queue->first->token) : NULL;
}

struct mp_client_command *mp_client_take(struct mp_client_queue *queue, uint64_t token)
{
    struct mp_client_command **link = &queue->first, *command, *before = NULL;

    while ((command = *link) && command->token != token) {
        before = command;
        link = &command->next;
    }
    if (!command)
        return NULL;
    *link = command->next;
    if (queue->last == command)
        queue->last = before;
    return command;
}

void mp_client_free_command(struct mailproto_smtp_client *c, struct mp_client_command *command)
{
    struct mp_client_recipient *recipient;

    while ((recipient = command->first)) {
        size_t text_len = (size_t)recipient->path_len + recipient->type_len + recipient->orcpt_len;

        command->first = recipient->next;
        mp_free(&c->base.allocator, recipient, sizeof *recipient + text_len);
    }
    mp_free(&c->base.allocator, command, sizeof *command + command->text_len);
}

void mp_client_free_queue(struct mailproto_smtp_client *c, struct mp_client_queue *queue)
{
    struct mp_client_command *command;

    while ((command = mp_client_pop(queue)))
        mp_client_free_command(c, command);
}

/* ---- completions ---- */

static const mailproto_smtp_response *response(struct mp_client_reply *reply)
{
    static const mailproto_smtp_response none = {.struct_size = sizeof none};

    return reply ? mp_client_response(reply) : &none;
}

/* The command is over: its token is dead, its memory free. */
static uint64_t retire(struct mailproto_smtp_client *c, struct mp_client_command *command)
{
    uint64_t token = command->token;

    if (c->active == command)
        c->active = NULL;
    c->commands--;
    mp_client_free_command(c, command);
    return token;
}

void mp_client_raise_done(struct mailproto_smtp_client *c, struct mp_client_command *command,
                          const struct mp_client_outcome *end, struct mp_client_reply *reply)
{
    const char *sentence = mailproto_result_text(end->why);

    c->event.done = (mailproto_smtp_done){
        .outcome = end->outcome,
        .why = end->why,
        .recipients = command == c->active ? c->transaction.accepted : 0,
        .stage = end->stage,
        .reply = response(reply),
        .text = end->text.len ? end->text : (mailproto_text){sentence, strlen(sentence)},
    };
    c->event.done.command = retire(c, command);
    mp_raise(&c->base, &c->event.done, sizeof c->event.done, MAILPROTO_SMTP_CLIENT_DONE, 0);
}

void mp_client_raise_reply(struct mailproto_smtp_client *c, struct mp_client_command *command, int32_t why,
                           struct mp_client_reply *reply)
{
    c->event.reply = (mailproto_smtp_reply){.why = why, .reply = response(reply)};
    c->event.reply.command = retire(c, command);
    mp_raise(&c->base, &c->event.reply, sizeof c->event.reply, MAILPROTO_SMTP_CLIENT_REPLY, 0);
}

int mp_client_raise_ended(struct mailproto_smtp_client *c)
{
    struct mp_client_command *command = mp_client_pop(&c->ended);
    struct mp_client_outcome end = {.outcome = MAILPROTO_SMTP_NOT_SENT};

    if (!command)
        return 0;
    end.why = command->why;
    if (command->verb)
        mp_client_raise_reply(c, command, end.why, NULL);
    else
        mp_client_raise_done(c, command, &end, NULL);
    return 1;
}

/* One that never began ends for the reason the session does. */
static void raise_unbegun(struct mailproto_smtp_client *c, struct mp_client_command *command)
{
    const struct mp_engine *e = &c->base;
    struct mp_client_outcome end = {
        .outcome = MAILPROTO_SMTP_NOT_SENT,
        .why = e->error ? e->error : MAILPROTO_ERR_CANCELLED,
        .stage = c->fail_stage,
    };

    if (e->error)
        end.text = (mailproto_text){e->error_text, e->error_len};
    if (command->verb)
        mp_client_raise_reply(c, command, end.why, NULL);
    else
        mp_client_raise_done(c, command, &end, &c->final);
}

static void raise_active(struct mailproto_smtp_client *c)
{
    if (c->active->verb) {
        mp_client_raise_reply(c, c->active, c->base.error ? c->base.error : MAILPROTO_ERR_LOST, NULL);
        return;
    }
    mp_client_settle(c);
    mp_client_raise_done(c, c->active, &c->transaction.end, &c->final);
}

int mp_client_end_step(struct mp_engine *e)
{
    struct mailproto_smtp_client *c = mp_client_of(e);
    struct mp_client_queue *queue = c->queue.first ? &c->queue : &c->building;

    if (c->active)
        raise_active(c);
    else if (c->ended.first)
        mp_client_raise_ended(c);
    else if (queue->first)
        raise_unbegun(c, mp_client_pop(queue));
    else
        return 0;
    return 1;
}
