/* command_rset.c - RSET: the transaction is forgotten.
 * RFC 5321 section 4.1.1.5; RFC 3030 section 2 (between chunks). */
#include "smtp/server.h"

int mp_smtp_rset(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    (void)line;
    (void)arg;
    mp_smtp_reset(s, MAILPROTO_ERR_CANCELLED);
    mp_smtp_put(s, MP_R_OK);
    return 1;
}
