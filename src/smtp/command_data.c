/* command_data.c - DATA: the message comes, to the line with a dot alone.
 * RFC 5321 sections 3.3 and 4.1.1.4; RFC 2033 section 4.2; RFC 3030 section 3 (BINARYMIME needs BDAT). */
#include "smtp/server.h"

uint32_t mp_smtp_message_out_of_place(const struct mailproto_smtp_server *s)
{
    const struct mp_smtp_work *w = s->work;

    if (!s->hello)
        return MP_R_NEED_HELLO;
    if (!w->open)
        return w->failed ? MP_R_BAD_SEQUENCE : MP_R_NEED_MAIL;
    if (!w->asked)
        return MP_R_NEED_RECIPIENT;
    if (!w->accepted)
        return s->flags & MAILPROTO_SMTP_SERVER_LMTP ? MP_R_NO_RECIPIENT_LEFT : MP_R_NO_VALID_RECIPIENT;
    return MP_R_NONE;
}

/* A Received field has a date (RFC 5321 4.4), and a false one is worse than none. */
int mp_smtp_lacks_date(const struct mailproto_smtp_server *s)
{
    return s->flags & MAILPROTO_SMTP_SERVER_RECEIVED && !s->base.wall_set;
}

static uint32_t out_of_place(const struct mailproto_smtp_server *s)
{
    const struct mp_smtp_work *w = s->work;
    uint32_t refusal = mp_smtp_message_out_of_place(s);

    if (!refusal && (w->message != MP_MESSAGE_NONE || w->body == MAILPROTO_SMTP_BODY_BINARYMIME))
        return MP_R_BAD_SEQUENCE;
    return !refusal && mp_smtp_lacks_date(s) ? (uint32_t)MP_R_NO_DATE : refusal;
}

int mp_smtp_data(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    struct mp_smtp_work *w = s->work;
    uint32_t refusal = out_of_place(s);

    (void)line;
    (void)arg;
    if (refusal) {
        mp_smtp_put(s, refusal);
        return 1;
    }
    w->event.begin = (mailproto_smtp_message_begin){.recipients = w->accepted, .stored = w->stored};
    mp_smtp_ask(s, MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN, sizeof w->event.begin, 0);
    return 1;
}

/* The phase says whether DATA or BDAT asked: the octets of a chunk are on their way already. */
void mp_smtp_begin_answered(struct mailproto_smtp_server *s, const struct mp_request *r)
{
    struct mp_smtp_work *w = s->work;

    if (r->code >= 400 && s->phase == MP_SMTP_CHUNK) {
        mp_smtp_keep_answer(s, r);
        w->refused = w->ends = 1;
        w->end_why = MAILPROTO_ERR_HOST;
        w->skipped = 0;
        w->prepend_len = 0;
        return;
    }
    if (r->code >= 400) { /* the transaction stays: RSET, or DATA again */
        w->prepend_len = 0;
        mp_smtp_put_answer(s, r);
        return;
    }
    if (s->phase != MP_SMTP_CHUNK) {
        s->phase = MP_SMTP_DATA;
        if (r->code == 354)
            mp_smtp_put_answer(s, r);
        else
            mp_smtp_put(s, MP_R_DATA_GO);
    }
    mp_smtp_message_begin(s);
}
