/* command_noop.c - NOOP: nothing, with or without an argument.
 * RFC 5321 section 4.1.1.9. */
#include "smtp/server.h"

int mp_smtp_noop(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    (void)line;
    (void)arg;
    mp_smtp_put(s, MP_R_OK);
    return 1;
}
