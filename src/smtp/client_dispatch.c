/* client_dispatch.c - an event becomes the call of its callback. contract.md section 2, "Events". */
#include "smtp/client.h"

#define CALL(name, payload)                                                                                            \
    (c->callbacks.name ? c->callbacks.name(c, (const payload *)(const void *)event, c->base.user)                      \
                       : MAILPROTO_USE_DEFAULT)

int32_t mp_client_dispatch(struct mp_engine *e, const mailproto_event *event)
{
    struct mailproto_smtp_client *c = mp_client_of(e);

    switch (event->type) {
    case MAILPROTO_SMTP_CLIENT_READY:
        return CALL(on_ready, mailproto_smtp_ready);
    case MAILPROTO_SMTP_CLIENT_CREDENTIALS:
        return CALL(on_credentials, mailproto_smtp_credentials);
    case MAILPROTO_SMTP_CLIENT_RCPT_REPLY:
        return CALL(on_rcpt_reply, mailproto_smtp_rcpt_reply);
    case MAILPROTO_SMTP_CLIENT_BODY:
        return CALL(on_body, mailproto_smtp_body_request);
    case MAILPROTO_SMTP_CLIENT_DONE:
        return CALL(on_done, mailproto_smtp_done);
    case MAILPROTO_SMTP_CLIENT_REPLY:
        return CALL(on_reply, mailproto_smtp_reply);
    case MAILPROTO_SMTP_CLIENT_DERIVE:
        return CALL(on_derive, mailproto_sasl_derive_wanted);
    case MAILPROTO_SMTP_CLIENT_STEP:
        return CALL(on_step, mailproto_sasl_step);
    case MAILPROTO_EVENT_TLS_STARTED:
        return CALL(on_tls_started, mailproto_tls_started);
    case MAILPROTO_EVENT_CANCEL:
        return CALL(on_cancel, mailproto_cancel);
    case MAILPROTO_EVENT_TRACE:
        return CALL(on_trace, mailproto_trace);
    case MAILPROTO_EVENT_CLOSED:
        return CALL(on_closed, mailproto_closed);
    default:
        return MAILPROTO_USE_DEFAULT;
    }
}
