/* command_quit.c - QUIT: the session ends in good order.
 * RFC 5321 section 4.1.1.10. */
#include "smtp/server.h"

int mp_smtp_quit(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    (void)line;
    (void)arg;
    mp_smtp_put_last(s, MP_R_BYE, MAILPROTO_OK, "the client quit");
    return 1;
}
