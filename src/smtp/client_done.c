/* client_done.c - the completion of each command, exactly once, and the list that commands wait in.
 * contract.md section 2: "a client's commands have tokens and one completion each". */
#include <string.h>

#include "smtp/client.h"

/* ---- the list ---- */

struct mp_client_command *mp_client_first(const struct mailproto_smtp_client *c, uint32_t state)
{
    struct mp_client_command *command = c->first;

    while (command && command->state != state)
        command = command->next;
    return command;
}

struct mp_client_command *mp_client_find(const struct mailproto_smtp_client *c, uint64_t token)
{
    struct mp_client_command *command = c->first;

    while (command && command->token != token)
        command = command->next;
    return command;
}

void mp_client_push(struct mailproto_smtp_client *c, struct mp_client_command *command)
{
    command->next = NULL;
    if (c->last)
        c->last->next = command;
    else
        c->first = command;
    c->last = command;
}

void mp_client_unlink(struct mailproto_smtp_client *c, const struct mp_client_command *command)
{
    struct mp_client_command **link = &c->first, *before = NULL;

    while (*link != command) {
        before = *link;
        link = &before->next;
    }
    *link = command->next;
    if (c->last == command)
        c->last = before;
}

void mp_client_free_command(struct mailproto_smtp_client *c, struct mp_client_command *command)
{
    struct mp_client_recipient *recipient;

    while ((recipient = command->first)) {
        command->first = recipient->next;
        mp_free(&c->base.allocator, recipient, sizeof *recipient + recipient->text_len);
    }
    mp_free(&c->base.allocator, command, sizeof *command + command->text_len);
}

/* ---- completions ---- */

static void raise_reply(struct mailproto_smtp_client *c, uint64_t token, int32_t why,
                        const mailproto_smtp_response *response)
{
    c->event.reply.command = token;
    c->event.reply.why = why;
    c->event.reply.reply = response;
    mp_client_raise(c, sizeof c->event.reply, MAILPROTO_SMTP_CLIENT_REPLY, 0);
}

void mp_client_raise_done(struct mailproto_smtp_client *c, struct mp_client_command *command,
                          const struct mp_client_outcome *end, const struct mp_client_reply *reply)
{
    const mailproto_smtp_response *response = mp_client_response(c, reply);
    mailproto_smtp_done *done = &c->event.done;

    if (command->verb) {
        raise_reply(c, command->token, end->why, response);
    } else {
        done->command = command->token;
        done->outcome = end->outcome;
        done->why = end->why;
        done->recipients = command == c->active ? c->transaction.accepted : 0;
        done->stage = end->stage;
        done->reply = response;
        done->text.ptr = end->text ? end->text : mailproto_result_text(end->why);
        done->text.len = strlen(done->text.ptr);
        mp_client_raise(c, sizeof *done, MAILPROTO_SMTP_CLIENT_DONE, 0);
    }
    if (c->active == command)
        c->active = NULL;
    c->count--;
    mp_client_unlink(c, command);
    mp_client_free_command(c, command);
}

/* One that never began ends for the reason the session does. */
int mp_client_end_step(struct mp_engine *e)
{
    struct mailproto_smtp_client *c = mp_client_of(e);
    struct mp_client_outcome end = {.outcome = MAILPROTO_SMTP_NOT_SENT, .why = MAILPROTO_ERR_CANCELLED};
    const struct mp_client_reply *reply = &c->final;
    struct mp_client_command *command = c->active;
    uint32_t state = MP_COMMAND_ENDED;

    for (; !command && state < MP_COMMAND_STATES; state++)
        command = mp_client_first(c, state);
    if (!command)
        return 0;
    if (command->verb || command->state == MP_COMMAND_ENDED)
        reply = NULL;
    if (command == c->active && !command->verb) {
        mp_client_settle(c);
        end = c->transaction.end;
    } else if (command->state != MP_COMMAND_ENDED) {
        if (command == c->active)
            end.why = MAILPROTO_ERR_LOST;
        if (c->end_why) { /* whatever became of the QUIT */
            end.why = c->end_why;
            end.text = c->end_text;
        } else if (e->error) {
            end.why = e->error;
            end.text = e->error_text;
        }
        end.stage = c->fail_stage;
    }
    mp_client_raise_done(c, command, &end, reply);
    return 1;
}
