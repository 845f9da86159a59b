/* size_client.c - the roots of programs that are SMTP clients: what one calls that sends mail, and every function of
 * smtp_client.h and session.h. Nothing here is code, so that what the linker keeps for it is the library's. */
#include <mailproto/smtp.h>

extern void (*const sender_functions[])(void);
extern void (*const client_functions[])(void);

#define ROOT(name) ((void (*)(void))(name))

/* The loop that is told at the head of session.h, with TLS; messages, their bodies and credentials. */
void (*const sender_functions[])(void) = {
    ROOT(mailproto_session_feed),        ROOT(mailproto_session_eof),         ROOT(mailproto_session_lost),
    ROOT(mailproto_session_output),      ROOT(mailproto_session_output_ack),  ROOT(mailproto_session_tick),
    ROOT(mailproto_session_wants),       ROOT(mailproto_session_deadline),    ROOT(mailproto_session_tls_started),
    ROOT(mailproto_session_piece),       ROOT(mailproto_session_piece_end),   ROOT(mailproto_session_finish),
    ROOT(mailproto_session_error),       ROOT(mailproto_session_free),        ROOT(mailproto_smtp_client_config_init),
    ROOT(mailproto_smtp_client_new),     ROOT(mailproto_smtp_client_session), ROOT(mailproto_smtp_client_send),
    ROOT(mailproto_smtp_client_send_to), ROOT(mailproto_smtp_client_send_go), ROOT(mailproto_smtp_client_credentials),
};

void (*const client_functions[])(void) = {
    ROOT(mailproto_result_name),
    ROOT(mailproto_result_text),
    ROOT(mailproto_session_feed),
    ROOT(mailproto_session_eof),
    ROOT(mailproto_session_lost),
    ROOT(mailproto_session_output),
    ROOT(mailproto_session_read_output),
    ROOT(mailproto_session_output_ack),
    ROOT(mailproto_session_tick),
    ROOT(mailproto_session_wants),
    ROOT(mailproto_session_deadline),
    ROOT(mailproto_tls_info_init),
    ROOT(mailproto_session_tls_started),
    ROOT(mailproto_session_hold),
    ROOT(mailproto_session_release),
    ROOT(mailproto_session_finish),
    ROOT(mailproto_session_free),
    ROOT(mailproto_session_next_event),
    ROOT(mailproto_session_use_default),
    ROOT(mailproto_session_fail),
    ROOT(mailproto_session_cancel),
    ROOT(mailproto_session_piece),
    ROOT(mailproto_session_piece_end),
    ROOT(mailproto_session_set_wall),
    ROOT(mailproto_session_set_trace),
    ROOT(mailproto_session_error),
    ROOT(mailproto_smtp_client_config_init),
    ROOT(mailproto_smtp_client_callbacks_init),
    ROOT(mailproto_smtp_client_memory_max),
    ROOT(mailproto_smtp_client_new),
    ROOT(mailproto_smtp_client_session),
    ROOT(mailproto_smtp_envelope_init),
    ROOT(mailproto_smtp_recipient_init),
    ROOT(mailproto_smtp_client_send),
    ROOT(mailproto_smtp_client_send_to),
    ROOT(mailproto_smtp_client_send_go),
    ROOT(mailproto_smtp_client_vrfy),
    ROOT(mailproto_smtp_client_expn),
    ROOT(mailproto_smtp_client_help),
    ROOT(mailproto_smtp_client_noop),
    ROOT(mailproto_smtp_client_credentials),
};
