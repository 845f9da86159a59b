/* client_simple.c - between transactions: what is next, VRFY, EXPN, HELP and NOOP, and QUIT.
 * RFC 5321 sections 3.5, 4.1.1.6 to 4.1.1.10. */
#include "smtp/client.h"

static void begin_simple(struct mailproto_smtp_client *c, struct mp_client_command *command)
{
    c->phase = MP_CLIENT_SIMPLE;
    mp_client_say(c, command->verb, command->text, command->text_len, MAILPROTO_TRACE_LINE);
}

/* Messages that were begun and never let go do not keep a session from its QUIT. */
int mp_client_idle_move(struct mailproto_smtp_client *c)
{
    struct mp_client_command *command = mp_client_first(c, MP_COMMAND_QUEUED);

    if (command) {
        mp_client_clear_final(c);
        command->state = MP_COMMAND_ACTIVE;
        c->active = command;
        if (command->verb)
            begin_simple(c, command);
        else
            mp_client_begin(c, command);
        return 1;
    }
    if (!c->base.finishing)
        return 0;
    command = mp_client_first(c, MP_COMMAND_BUILDING);
    if (command)
        command->state = MP_COMMAND_ENDED;
    else
        c->phase = MP_CLIENT_QUIT;
    return 1;
}

void mp_client_simple_reply(struct mailproto_smtp_client *c)
{
    const struct mp_client_outcome end = {.why = c->reply.class == 2 ? MAILPROTO_OK : MAILPROTO_ERR_REFUSED};

    mp_client_keep_reply(c);
    mp_client_raise_done(c, c->active, &end, &c->final);
    mp_client_enter(c, MP_CLIENT_IDLE);
}

/* ---- QUIT ---- */

/* Whatever it says: all is done, or was given up before. */
void mp_client_quit_reply(struct mailproto_smtp_client *c)
{
    mp_engine_end(&c->base, c->end_why, c->end_text);
}
