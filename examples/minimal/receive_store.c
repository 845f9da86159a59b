/* receive_store.c - receives mail by SMTP into a Maildir folder. usage: receive_store 127.0.0.1:2525 FOLDER
 * Whoever comes may send, to anybody: on this machine only. */
#include <mailproto/host.h>
#include <mailproto/maildir.h>
#include <mailproto/smtp_server.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int32_t on_rcpt(mailproto_smtp_server *server, const mailproto_smtp_rcpt *rcpt, void *maildir)
{
    return mailproto_smtp_server_deliver(server, rcpt->head.token, mailproto_maildir_store(maildir), 0, NULL);
}

static int32_t on_accept(mailproto_host_listener *listener, mailproto_host_connection *connection,
                         const mailproto_host_peer *peer, mailproto_session **session, void *maildir)
{
    mailproto_smtp_server_callbacks table = {.struct_size = sizeof table, .on_rcpt = on_rcpt};
    mailproto_smtp_server_config config = {.struct_size = sizeof config, .hostname = {"localhost", 9}};
    mailproto_smtp_server *server;
    const char *why;
    int32_t result;

    (void)listener, (void)connection;
    config.flags = MAILPROTO_SMTP_SERVER_STORE | MAILPROTO_SMTP_SERVER_RECEIVED;
    config.peer_address = peer->address;
    result = mailproto_smtp_server_new(&server, &config, &table, NULL, maildir, &why);
    if (result)
        return fprintf(stderr, "receive_store: %s\n", why), result;
    *session = mailproto_smtp_server_session(server);
    return mailproto_session_set_wall(*session, time(NULL));
}

int main(int count, char **words)
{
    mailproto_host_listen_config listen = {.struct_size = sizeof listen, .on_accept = on_accept};
    mailproto_host_signals_config signals = {.struct_size = sizeof signals};
    mailproto_host_listener *listener;
    mailproto_maildir *maildir;
    mailproto_host *host;
    const char *why;
    char wrong[500];

    if (count != 3)
        return fprintf(stderr, "usage: receive_store 127.0.0.1:2525 FOLDER\n"), 2;
    if (mailproto_maildir_open(&maildir, words[2], NULL, wrong, sizeof wrong))
        return fprintf(stderr, "receive_store: %s\n", wrong), 1;
    if (mailproto_host_new(&host, NULL, &why))
        return fprintf(stderr, "receive_store: %s\n", why), 1;
    listen.address = (mailproto_text){words[1], strlen(words[1])};
    listen.user = maildir;
    if (mailproto_host_listen(host, &listen, &listener))
        return mailproto_host_error(host, &why, NULL), fprintf(stderr, "receive_store: %s\n", why), 1;
    fprintf(stderr, "SMTP on %s\n", mailproto_host_listener_text(listener));
    mailproto_host_signals(host, &signals);
    mailproto_host_run(host);
    mailproto_host_free(host);
    mailproto_maildir_close(maildir);
    return 0;
}
