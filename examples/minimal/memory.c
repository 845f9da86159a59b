/* memory.c - an SMTP client and an SMTP server talk in memory: no socket, no thread, no file. */
#include <mailproto/mailproto.h>
#include <stdio.h>

static const char letter[] = "Subject: hello\r\n\r\nIt works.\r\n";
static mailproto_smtp_server *server;
static mailproto_smtp_client *client;

/* What the two hosts decide: the server prints what arrives and says yes; the client gives the letter and leaves. */
static void handle(mailproto_session *s, const mailproto_event *event)
{
    const mailproto_smtp_body *arrived = (const void *)event;
    const mailproto_smtp_body_request *wanted = (const void *)event;
    if (event->type == MAILPROTO_SMTP_SERVER_BODY)
        fwrite(arrived->bytes.ptr, 1, arrived->bytes.len, stdout);
    else if (event->type == MAILPROTO_SMTP_CLIENT_BODY && wanted->offset == 0)
        mailproto_session_piece(s, event->token, letter, sizeof letter - 1);
    else if (event->type == MAILPROTO_SMTP_CLIENT_BODY)
        mailproto_session_piece_end(s, event->token);
    else if (event->type == MAILPROTO_SMTP_CLIENT_DONE)
        mailproto_session_finish(s);
    else if (event->token)
        mailproto_smtp_server_accept(server, event->token);
}

/* What a socket would do: carries the octets that one side has ready to the other. */
static void carry(mailproto_session *from, mailproto_session *to)
{
    const uint8_t *octets;
    size_t n, taken = 0;
    if (!mailproto_session_deadline(from))
        mailproto_session_tick(from, 0);
    mailproto_session_output(from, &octets, &n);
    if (n && mailproto_session_wants(to) & MAILPROTO_WANTS_READ)
        mailproto_session_feed(to, octets, n, 0, &taken);
    for (const mailproto_event *event; (event = mailproto_session_next_event(to));)
        handle(to, event);
    mailproto_session_output_ack(from, taken);
}

int main(void)
{
    mailproto_smtp_server_config receiving = {.struct_size = sizeof receiving, .hostname = {"mx.example.test", 15}};
    mailproto_smtp_client_config sending = {.struct_size = sizeof sending, .hostname = {"pc.example.test", 15}};
    mailproto_smtp_envelope from = {.struct_size = sizeof from, .sender = {"alice@example.test", 18}};
    mailproto_smtp_recipient to = {.struct_size = sizeof to, .path = {"bob@example.test", 16}};
    uint64_t message;
    mailproto_smtp_server_new(&server, &receiving, NULL, NULL, NULL, NULL);
    mailproto_smtp_client_new(&client, &sending, NULL, NULL, NULL, NULL);
    mailproto_session *mx = mailproto_smtp_server_session(server), *pc = mailproto_smtp_client_session(client);
    mailproto_smtp_client_send(client, &from, &message);
    mailproto_smtp_client_send_to(client, message, &to);
    mailproto_smtp_client_send_go(client, message);
    while (!(mailproto_session_wants(pc) & MAILPROTO_WANTS_CLOSE)) {
        carry(pc, mx);
        carry(mx, pc);
    }
    mailproto_session_free(pc);
    mailproto_session_free(mx);
}
