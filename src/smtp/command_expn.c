/* command_expn.c - EXPN: who is on this list?
 * RFC 5321 sections 3.5 and 4.1.1.7; RFC 6531 section 3.7.4.2. */
#include "smtp/server.h"

int mp_smtp_expn(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    if (!(mp_smtp_offers(s) & MAILPROTO_SMTP_EXT_EXPN))
        mp_smtp_put(s, MP_R_NOT_OFFERED);
    else if (!arg.len)
        mp_smtp_put(s, MP_R_SYNTAX);
    else
        mp_smtp_query(s, MAILPROTO_SMTP_SERVER_EXPN, line, arg);
    return 1;
}
