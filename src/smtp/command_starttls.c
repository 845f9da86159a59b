/* command_starttls.c - STARTTLS: the boundary between clear text and TLS.
 * RFC 3207 section 4; contract.md section 2, "Security is the default". */
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
    else {
        /* Octets behind it in this feed end the session at the boundary: the reply is the same however they came. */
        mp_smtp_reset(s, MAILPROTO_ERR_CANCELLED);
        s->phase = MP_SMTP_STARTTLS;
    }
    return 1;
}

/* The end of what was open in clear text was told: now the boundary. */
int mp_smtp_starttls_step(struct mailproto_smtp_server *s)
{
    s->phase = MP_SMTP_COMMANDS;
    mp_smtp_put(s, MP_R_STARTTLS_GO);
    mp_tls_boundary(&s->base);
    return 1;
}
