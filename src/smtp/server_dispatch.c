/* server_dispatch.c - calls the callback of an event. A polled host does the same by hand.
 * contract.md section 2, "Events". */
#include "smtp/server.h"

#define CALL(member, payload)                                                                                          \
    (c->member ? c->member(s, (const payload *)(const void *)event, s->base.user) : MAILPROTO_USE_DEFAULT)

int32_t mp_smtp_server_dispatch(struct mp_engine *e, const mailproto_event *event)
{
    struct mailproto_smtp_server *s = (struct mailproto_smtp_server *)e;
    const mailproto_smtp_server_callbacks *c = mp_smtp_callbacks(s);

    switch (event->type) {
    case MAILPROTO_SMTP_SERVER_CONNECT:
        return CALL(on_connect, mailproto_smtp_connect);
    case MAILPROTO_SMTP_SERVER_HELLO:
        return CALL(on_hello, mailproto_smtp_hello);
    case MAILPROTO_SMTP_SERVER_AUTH:
        return CALL(on_auth, mailproto_smtp_auth);
    case MAILPROTO_SMTP_SERVER_MAIL:
        return CALL(on_mail, mailproto_smtp_mail);
    case MAILPROTO_SMTP_SERVER_RCPT:
        return CALL(on_rcpt, mailproto_smtp_rcpt);
    case MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN:
        return CALL(on_message_begin, mailproto_smtp_message_begin);
    case MAILPROTO_SMTP_SERVER_BODY:
        return CALL(on_body, mailproto_smtp_body);
    case MAILPROTO_SMTP_SERVER_MESSAGE_END:
        return CALL(on_message_end, mailproto_smtp_message_end);
    case MAILPROTO_SMTP_SERVER_RCPT_RESULT:
        return CALL(on_rcpt_result, mailproto_smtp_rcpt_result);
    case MAILPROTO_SMTP_SERVER_MESSAGE_ABORTED:
        return CALL(on_message_aborted, mailproto_smtp_message_aborted);
    case MAILPROTO_SMTP_SERVER_TRANSACTION_END:
        return CALL(on_transaction_end, mailproto_smtp_transaction_end);
    case MAILPROTO_SMTP_SERVER_VRFY:
        return CALL(on_vrfy, mailproto_smtp_query);
    case MAILPROTO_SMTP_SERVER_EXPN:
        return CALL(on_expn, mailproto_smtp_query);
    case MAILPROTO_SMTP_SERVER_HELP:
        return CALL(on_help, mailproto_smtp_query);
    case MAILPROTO_SMTP_SERVER_KEYS:
        return CALL(on_keys, mailproto_sasl_keys_wanted);
    case MAILPROTO_SMTP_SERVER_DERIVE:
        return CALL(on_derive, mailproto_sasl_derive_wanted);
    case MAILPROTO_SMTP_SERVER_STEP:
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
