/* server_dispatch.c - from events to the callbacks of the POP3 server's table. contract.md section 2, "Events". */
#include "pop3/server.h"

#define CALL(name, payload)                                                                                            \
    (s->callbacks.name ? s->callbacks.name(s, (const payload *)(const void *)event, e->user) : MAILPROTO_USE_DEFAULT)

int32_t mp_pop3_server_dispatch(struct mp_engine *e, const mailproto_event *event)
{
    struct mailproto_pop3_server *s = (struct mailproto_pop3_server *)e;

    switch (event->type) {
    case MAILPROTO_POP3_SERVER_CONNECT:
        return CALL(on_connect, mailproto_pop3_connect);
    case MAILPROTO_POP3_SERVER_AUTH:
        return CALL(on_auth, mailproto_pop3_auth);
    case MAILPROTO_POP3_SERVER_OPEN:
        return CALL(on_open, mailproto_pop3_open);
    case MAILPROTO_POP3_SERVER_LIST:
        return CALL(on_list, mailproto_pop3_list);
    case MAILPROTO_POP3_SERVER_RETRIEVE:
        return CALL(on_retrieve, mailproto_pop3_retrieve);
    case MAILPROTO_POP3_SERVER_PIECE:
        return CALL(on_piece, mailproto_pop3_piece);
    case MAILPROTO_POP3_SERVER_RETRIEVE_END:
        return CALL(on_retrieve_end, mailproto_pop3_retrieve_end);
    case MAILPROTO_POP3_SERVER_COMMIT:
        return CALL(on_commit, mailproto_pop3_commit);
    case MAILPROTO_POP3_SERVER_MAILDROP_END:
        return CALL(on_maildrop_end, mailproto_pop3_maildrop_end);
    case MAILPROTO_POP3_SERVER_KEYS:
        return CALL(on_keys, mailproto_sasl_keys_wanted);
    case MAILPROTO_POP3_SERVER_DERIVE:
        return CALL(on_derive, mailproto_sasl_derive_wanted);
    case MAILPROTO_POP3_SERVER_STEP:
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
