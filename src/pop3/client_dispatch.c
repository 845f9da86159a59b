/* client_dispatch.c - from events to the callbacks of the POP3 client's table. contract.md section 2, "Events". */
#include "pop3/client.h"

#define CALL(name, payload)                                                                                            \
    (c->callbacks.name ? c->callbacks.name(c, (const payload *)(const void *)event, e->user) : MAILPROTO_USE_DEFAULT)

int32_t mp_pop3_client_dispatch(struct mp_engine *e, const mailproto_event *event)
{
    struct mailproto_pop3_client *c = (struct mailproto_pop3_client *)e;

    switch (event->type) {
    case MAILPROTO_POP3_CLIENT_READY:
        return CALL(on_ready, mailproto_pop3_ready);
    case MAILPROTO_POP3_CLIENT_CREDENTIALS:
        return CALL(on_credentials, mailproto_pop3_credentials);
    case MAILPROTO_POP3_CLIENT_REFUSED:
        return CALL(on_refused, mailproto_pop3_refused);
    case MAILPROTO_POP3_CLIENT_ENTRY:
        return CALL(on_entry, mailproto_pop3_entry);
    case MAILPROTO_POP3_CLIENT_CAPABILITY:
        return CALL(on_capability, mailproto_pop3_capability);
    case MAILPROTO_POP3_CLIENT_MESSAGE:
        return CALL(on_message, mailproto_pop3_message);
    case MAILPROTO_POP3_CLIENT_BODY:
        return CALL(on_body, mailproto_pop3_body);
    case MAILPROTO_POP3_CLIENT_DONE:
        return CALL(on_done, mailproto_pop3_done);
    case MAILPROTO_POP3_CLIENT_QUIT_REPLY:
        return CALL(on_quit_reply, mailproto_pop3_quit_reply);
    case MAILPROTO_POP3_CLIENT_DERIVE:
        return CALL(on_derive, mailproto_sasl_derive_wanted);
    case MAILPROTO_POP3_CLIENT_STEP:
        return CALL(on_step, mailproto_sasl_step);
    case MAILPROTO_EVENT_TRACE:
        return CALL(on_trace, mailproto_trace);
    case MAILPROTO_EVENT_CANCEL:
        return CALL(on_cancel, mailproto_cancel);
    case MAILPROTO_EVENT_TLS_STARTED:
        return CALL(on_tls_started, mailproto_tls_started);
    case MAILPROTO_EVENT_CLOSED:
        return CALL(on_closed, mailproto_closed);
    default:
        return MAILPROTO_USE_DEFAULT;
    }
}
