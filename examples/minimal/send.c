/* send.c - sends the message on standard input. usage: send HOST PORT FROM TO <MESSAGE */
#include "loop.h"

#include <mailproto/smtp.h>
#include <stdio.h>
#include <string.h>

static int32_t on_body(mailproto_smtp_client *client, const mailproto_smtp_body_request *wanted, void *user)
{
    mailproto_session *session = mailproto_smtp_client_session(client);
    char piece[4096];
    size_t n = fread(piece, 1, wanted->max < sizeof piece ? wanted->max : sizeof piece, stdin);

    (void)user;
    if (ferror(stdin))
        return MAILPROTO_ERR_BODY; /* the message is not sent, rather than sent in part */
    if (n)
        return mailproto_session_piece(session, wanted->head.token, piece, n);
    return mailproto_session_piece_end(session, wanted->head.token);
}

static int32_t on_done(mailproto_smtp_client *client, const mailproto_smtp_done *done, void *user)
{
    *(int *)user = done->outcome == MAILPROTO_SMTP_ACCEPTED;
    if (done->reply->code)
        fprintf(stderr, "%u %.*s\n", done->reply->code, (int)done->reply->text.len, done->reply->text.ptr);
    else
        fprintf(stderr, "not sent: %.*s\n", (int)done->text.len, done->text.ptr);
    return mailproto_session_finish(mailproto_smtp_client_session(client));
}

int main(int count, char **words)
{
    mailproto_smtp_client *client;
    mailproto_smtp_client_config config = {.struct_size = sizeof config, .hostname = {"localhost", 9}};
    mailproto_smtp_client_callbacks table = {.struct_size = sizeof table, .on_body = on_body, .on_done = on_done};
    mailproto_smtp_envelope envelope = {.struct_size = sizeof envelope};
    mailproto_smtp_recipient recipient = {.struct_size = sizeof recipient};
    uint64_t message;
    int sent = 0, socket = count == 5 ? loop_connect(words[1], words[2]) : -1;

    if (count != 5)
        return fprintf(stderr, "usage: send HOST PORT FROM TO <MESSAGE\n"), 2;
    if (socket < 0)
        return fprintf(stderr, "send: no connection to %s port %s\n", words[1], words[2]), 1;
    if (mailproto_smtp_client_new(&client, &config, &table, NULL, &sent, NULL))
        return 1;
    envelope.sender = (mailproto_text){words[3], strlen(words[3])};
    recipient.path = (mailproto_text){words[4], strlen(words[4])};
    if (mailproto_smtp_client_send(client, &envelope, &message) ||
        mailproto_smtp_client_send_to(client, message, &recipient)) {
        mailproto_session_free(mailproto_smtp_client_session(client));
        return fprintf(stderr, "not an address: %s or %s\n", words[3], words[4]), 2;
    }
    mailproto_smtp_client_send_go(client, message);
    loop_run(socket, mailproto_smtp_client_session(client), NULL, NULL);
    return !sent;
}
