/* server_transaction.c - what an accepted MAIL begins and exactly one TRANSACTION_END ends; LMTP's many replies.
 * RFC 5321 sections 3.3 and 4.1.4; RFC 2033 sections 4.2 and 4.3. */
#include <string.h>

#include "smtp/server.h"

/* ---- the end ---- */

void mp_smtp_transaction_over(struct mailproto_smtp_server *s, int32_t why)
{
    struct mp_smtp_work *w = s->work;

    if (!w->open)
        return;
    w->open = 0;
    w->tell_end = 1;
    w->end_why = why;
}

void mp_smtp_reset(struct mailproto_smtp_server *s, int32_t why)
{
    struct mp_smtp_work *w = s->work;

    if (!w)
        return;
    if (w->message == MP_MESSAGE_ARRIVING || w->begins) {
        w->begins = 0;
        w->tell_aborted = 1;
        w->aborted_why = why;
    }
    w->message = MP_MESSAGE_NONE;
    w->refused = 0;
    w->failed = 0;
    w->utf8 = 0;
    w->prepend_len = 0;
    mp_smtp_transaction_over(s, why);
}

static void tell_aborted(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;

    w->tell_aborted = 0;
    if (w->deliveries)
        w->store_ops->abort(s);
    w->event.aborted = (mailproto_smtp_message_aborted){.why = w->aborted_why};
    mp_raise(&s->base, &w->event, sizeof w->event.aborted, MAILPROTO_SMTP_SERVER_MESSAGE_ABORTED, 0);
}

/* The next MAIL finds everything as the first one did. A transaction that failed in a chunk keeps its recipients: LMTP
   owes each a reply to the last chunk. */
static void tell_end(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;

    w->tell_end = 0;
    if (w->deliveries)
        w->store_ops->end(s);
    mp_smtp_free(s, &w->return_path, &w->return_path_len);
    w->event.transaction_end =
        (mailproto_smtp_transaction_end){.delivered = w->delivered, .why = w->delivered ? MAILPROTO_OK : w->end_why};
    w->delivered = 0;
    mp_free(&s->base.allocator, w->recipient, w->recipient_len);
    w->recipient = NULL;
    w->recipient_len = 0;
    mp_free(&s->base.allocator, w->accepted_bits, w->accepted_size);
    w->accepted_bits = NULL;
    w->accepted_size = 0;
    mp_raise(&s->base, &w->event, sizeof w->event.transaction_end, MAILPROTO_SMTP_SERVER_TRANSACTION_END, 0);
}

int mp_smtp_tell_step(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;

    if (!w || (!w->tell_aborted && !w->tell_end))
        return 0;
    if (w->tell_aborted)
        tell_aborted(s);
    else
        tell_end(s);
    return 1;
}

/* ---- recipients ---- */

/* Before the host is asked, so that its answer finds room. 0; -1: no memory. */
int mp_smtp_recipient_room(struct mailproto_smtp_server *s, uint32_t index)
{
    struct mp_smtp_work *w = s->work;
    size_t size = w->accepted_size ? w->accepted_size : 8;
    uint8_t *bits;

    if (!(s->flags & MAILPROTO_SMTP_SERVER_LMTP) || index / 8 < w->accepted_size)
        return 0;
    while (index / 8 >= size)
        size *= 2;
    bits = mp_alloc_zero(&s->base.allocator, size);
    if (!bits) {
        mp_engine_nomem(&s->base);
        return -1;
    }
    if (w->accepted_bits)
        memcpy(bits, w->accepted_bits, w->accepted_size);
    mp_free(&s->base.allocator, w->accepted_bits, w->accepted_size);
    w->accepted_bits = bits;
    w->accepted_size = size;
    return 0;
}

void mp_smtp_recipient_accepted(struct mailproto_smtp_server *s, uint32_t index)
{
    struct mp_smtp_work *w = s->work;

    w->accepted++;
    if (w->accepted_bits)
        w->accepted_bits[index / 8] |= (uint8_t)(1u << index % 8);
}

static int is_accepted(const struct mp_smtp_work *w, uint32_t index)
{
    return w->accepted_bits[index / 8] >> index % 8 & 1;
}

/* ---- LMTP ---- */

int mp_smtp_results_step(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;

    if (mp_out_full(&s->base, MP_OUT_MARK))
        return 0;
    while (w->cursor < w->asked && !is_accepted(w, w->cursor))
        w->cursor++;
    if (w->cursor < w->asked) {
        if (mp_request_full(&s->base))
            return 0;
        w->event.result = (mailproto_smtp_rcpt_result){.index = w->cursor};
        if (!w->stored || !w->store_ops->result(s, w->cursor))
            mp_smtp_ask(s, MAILPROTO_SMTP_SERVER_RCPT_RESULT, sizeof w->event.result, w->cursor);
        w->cursor++;
        return 1;
    }
    if (mp_requests(&s->base))
        return 0;
    s->phase = MP_SMTP_COMMANDS;
    mp_smtp_transaction_over(s, MAILPROTO_OK);
    return 1;
}

int mp_smtp_repeat_step(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;

    if (mp_out_full(&s->base, MP_OUT_MARK))
        return 0;
    if (w->cursor < w->accepted) {
        w->cursor++;
        mp_smtp_put_verdict(s);
        return 1;
    }
    s->phase = MP_SMTP_COMMANDS;
    if (w->ends)
        mp_smtp_transaction_over(s, w->end_why);
    if (w->verdict.close)
        mp_engine_end(&s->base, MAILPROTO_OK, "the host closed the session");
    return 1;
}
