/* receive.c - takes mail on a port until a message has come, and prints it. usage: receive PORT (0: one that is free) */
#include "loop.h"

#include <mailproto/smtp.h>
#include <stdio.h>
#include <string.h>

static int32_t on_rcpt(mailproto_smtp_server *server, const mailproto_smtp_rcpt *rcpt, void *user)
{
    (void)user;
    return mailproto_smtp_server_accept(server, rcpt->head.token);
}

static int32_t on_body(mailproto_smtp_server *server, const mailproto_smtp_body *body, void *user)
{
    (void)server, (void)user;
    return fwrite(body->bytes.ptr, 1, body->bytes.len, stdout) == body->bytes.len ? 0 : MAILPROTO_ERR_HOST;
}

static int32_t on_message_end(mailproto_smtp_server *server, const mailproto_smtp_message_end *end, void *user)
{
    if (fflush(stdout))
        return MAILPROTO_ERR_HOST; /* 451: the sender keeps it */
    ++*(int *)user;
    return mailproto_smtp_server_accept(server, end->head.token);
}

int main(int count, char **words)
{
    mailproto_smtp_server *server;
    mailproto_smtp_server_config config;
    mailproto_smtp_server_callbacks table;
    int messages = 0, listener = count == 2 ? loop_listen("127.0.0.1", words[1]) : -1;

    if (listener < 0)
        return fprintf(stderr, "usage: receive PORT, one that is free\n"), 2;
    fprintf(stderr, "listening on port %u\n", loop_port(listener));
    mailproto_smtp_server_config_init(&config, sizeof config);
    config.flags = MAILPROTO_SMTP_SERVER_RECEIVED;
    config.hostname = (mailproto_text){"localhost", 9};
    mailproto_smtp_server_callbacks_init(&table, sizeof table);
    table.on_rcpt = on_rcpt;
    table.on_body = on_body;
    table.on_message_end = on_message_end;
    while (!messages) {
        int socket = loop_accept(listener);
        char peer[80];

        config.peer_address.ptr = loop_peer(socket, peer, sizeof peer);
        config.peer_address.len = strlen(config.peer_address.ptr);
        if (socket < 0 || mailproto_smtp_server_new(&server, &config, &table, NULL, &messages, NULL))
            return perror("receive"), 1;
        loop_run(socket, mailproto_smtp_server_session(server), NULL, NULL);
    }
    return 0;
}
