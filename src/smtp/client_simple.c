/* client_simple.c - between transactions: what is next, VRFY, EXPN, HELP and NOOP, and QUIT.
 * RFC 5321 sections 3.5, 4.1.1.6 to 4.1.1.10. */
#include <string.h>

#include "smtp/client.h"

/* Messages that were begun and never let go do not keep a session from its QUIT. */
static int withdraw_unfinished(struct mailproto_smtp_client *c)
{
    struct mp_client_command *command = mp_client_pop(&c->building);

    if (!command)
        return 0;
    command->why = MAILPROTO_ERR_CANCELLED;
    mp_client_push(&c->ended, command);
    return 1;
}

static void begin_simple(struct mailproto_smtp_client *c, struct mp_client_command *command)
{
    c->active = command;
    mp_client_enter(c, MP_CLIENT_SIMPLE);
    mp_client_say(c, command->verb, command->text, command->sender_len);
}

int mp_client_idle_move(struct mailproto_smtp_client *c)
{
    struct mp_client_command *command = mp_client_pop(&c->queue);

    if (command) {
        mp_client_clear_final(c);
        if (command->verb)
            begin_simple(c, command);
        else
            mp_client_begin(c, command);
        return 1;
    }
    if (!c->base.finishing)
        return 0;
    if (!withdraw_unfinished(c))
        mp_client_enter(c, MP_CLIENT_QUIT);
    return 1;
}

void mp_client_simple_reply(struct mailproto_smtp_client *c)
{
    uint32_t class = c->reply.code / 100;

    if (class == 3) {
        mp_client_broken(c, "a simple command was answered with 3yz");
        return;
    }
    mp_client_keep_reply(c);
    mp_client_raise_reply(c, c->active, class == 2 ? MAILPROTO_OK : MAILPROTO_ERR_REFUSED, &c->final);
    mp_client_enter(c, MP_CLIENT_IDLE);
}

/* ---- QUIT ---- */

int mp_client_quit_move(struct mailproto_smtp_client *c)
{
    if (c->outstanding)
        return 0;
    mp_client_say(c, "QUIT", NULL, 0);
    return 1;
}

/* Whatever it says: all is done. */
void mp_client_quit_reply(struct mailproto_smtp_client *c)
{
    mp_engine_end(&c->base, MAILPROTO_OK, NULL);
}
