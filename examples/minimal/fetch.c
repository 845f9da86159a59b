/* fetch.c - prints the newest message of a maildrop. usage: fetch HOST PORT USER PASSWORD */
#include "loop.h"

#include <mailproto/pop3.h>
#include <stdio.h>
#include <string.h>

static int32_t on_credentials(mailproto_pop3_client *client, const mailproto_pop3_credentials *asked, void *user)
{
    char **words = user;

    return mailproto_pop3_client_credentials(client, asked->head.token, "", 0, words[3], strlen(words[3]), words[4],
                                             strlen(words[4]));
}

static int32_t on_body(mailproto_pop3_client *client, const mailproto_pop3_body *body, void *user)
{
    (void)client, (void)user;
    return fwrite(body->bytes.ptr, 1, body->bytes.len, stdout) == body->bytes.len ? 0 : MAILPROTO_ERR_HOST;
}

static int32_t on_done(mailproto_pop3_client *client, const mailproto_pop3_done *done, void *user)
{
    uint64_t command;

    (void)user;
    if (done->why)
        fprintf(stderr, "fetch: %s\n", mailproto_result_text(done->why));
    else if (done->verb == MAILPROTO_POP3_VERB_STAT && done->number)
        return mailproto_pop3_client_retr(client, done->number, &command);
    return mailproto_session_finish(mailproto_pop3_client_session(client));
}

int main(int count, char **words)
{
    mailproto_pop3_client *client;
    mailproto_pop3_client_config config = {.struct_size = sizeof config, .login = {MAILPROTO_POP3_USER_PASS}};
    mailproto_pop3_client_callbacks table = {.struct_size = sizeof table};
    uint64_t command;
    int socket = count == 5 ? loop_connect(words[1], words[2]) : -1;

    if (count != 5)
        return fprintf(stderr, "usage: fetch HOST PORT USER PASSWORD\n"), 2;
    if (socket < 0)
        return fprintf(stderr, "fetch: no connection to %s port %s\n", words[1], words[2]), 1;
    config.flags = MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN; /* for a server on this machine only */
    table.on_credentials = on_credentials;
    table.on_body = on_body;
    table.on_done = on_done;
    if (mailproto_pop3_client_new(&client, &config, &table, NULL, words, NULL))
        return 1;
    mailproto_pop3_client_stat(client, &command);
    return loop_run(socket, mailproto_pop3_client_session(client), NULL, NULL) != 0;
}
