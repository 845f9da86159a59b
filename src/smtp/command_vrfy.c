/* command_vrfy.c - VRFY: is this somebody's mailbox?
 * RFC 5321 sections 3.5 and 4.1.1.6; RFC 6531 section 3.7.4.2. */
#include "smtp/server.h"

int mp_smtp_vrfy(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    if (!arg.len)
        mp_smtp_put(s, MP_R_SYNTAX);
    else if (!(mp_smtp_offers(s) & MAILPROTO_SMTP_EXT_VRFY))
        mp_smtp_put(s, MP_R_CANNOT_VERIFY);
    else
        mp_smtp_query(s, MAILPROTO_SMTP_SERVER_VRFY, line, arg);
    return 1;
}
