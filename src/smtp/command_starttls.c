/* command_starttls.c - STARTTLS: the boundary between clear text and TLS.
 * RFC 3207 section 4; DESIGN section 2, "Security is the default". */
#include "smtp/server.h"

int mp_smtp_starttls(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    (void)line;
    (void)arg;
    if (mp_smtp_inside_tls(s))
        mp_smtp_put(s, MP_R_TLS_ALREADY);
    else if (!(mp_smtp_offers(s) & MAILPROTO_SMTP_EXT_STARTTLS))
        mp_smtp_put(s, MP_R_NOT_OFFERED);
    else if (!s->esmtp)
        mp_smtp_put(s, MP_R_NEED_HELLO);
    else if (mp_in_left(&s->base)) {
        /* An attacker's octets, waiting to be taken for the client's: TLS is not even begun. */
        mp_smtp_put_last(s, MP_R_BEHIND_STARTTLS, MAILPROTO_ERR_TLS_INJECTED, "octets followed STARTTLS in clear text");
    } else {
        mp_smtp_reset(s, MAILPROTO_ERR_CANCELLED);
        mp_smtp_put(s, MP_R_STARTTLS_GO);
        mp_tls_boundary(&s->base);
    }
    return 1;
}
