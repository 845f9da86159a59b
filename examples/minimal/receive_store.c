/* receive_store.c - receives mail by SMTP into a Maildir folder. usage: receive_store 127.0.0.1:2525 FOLDER
 * Whoever comes may send, to anybody: on this machine only. The Maildir waits for the disk off the loop's thread. */
#include <mailproto/host.h>
#include <mailproto/maildir.h>
#include <mailproto/smtp_server.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int32_t on_rcpt(mailproto_smtp_server *server, const mailproto_smtp_rcpt *rcpt, void *store)
{
    return mailproto_smtp_server_deliver(server, rcpt->head.token, store, 0, NULL);
}

static int32_t on_accept(mailproto_host_listener *listener, mailproto_host_connection *connection,
                         const mailproto_host_peer *peer, mailproto_session **session, void *store)
{
    mailproto_smtp_server_callbacks table = {.struct_size = sizeof table, .on_rcpt = on_rcpt};
    mailproto_smtp_server_config config = {.struct_size = sizeof config, .hostname = {"localhost", 9}};
    mailproto_smtp_server *server;
    const char *why;

    (void)listener, (void)connection;
    config.flags = MAILPROTO_SMTP_SERVER_STORE | MAILPROTO_SMTP_SERVER_RECEIVED;
    config.peer_address = peer->address;
    if (mailproto_smtp_server_new(&server, &config, &table, NULL, store, &why))
        return fprintf(stderr, "receive_store: %s\n", why), MAILPROTO_ERR_HOST;
    *session = mailproto_smtp_server_session(server);
    return mailproto_session_set_wall(*session, time(NULL));
}

int main(int count, char **words)
{
    mailproto_store store;
    mailproto_host_listen_config listen = {.struct_size = sizeof listen, .on_accept = on_accept, .user = &store};
    mailproto_host_signals_config signals = {.struct_size = sizeof signals};
    mailproto_host_listener *listener;
    mailproto_host_store *off_loop;
    mailproto_maildir *maildir;
    mailproto_host *host;
    char wrong[500];
    const char *why = wrong;

    if (count != 3)
        return fprintf(stderr, "usage: receive_store 127.0.0.1:2525 FOLDER\n"), 2;
    listen.address = (mailproto_text){words[1], strlen(words[1])};
    if (mailproto_maildir_open(&maildir, words[2], NULL, wrong, sizeof wrong) || mailproto_host_new(&host, NULL, &why))
        return fprintf(stderr, "receive_store: %s\n", why), 1;
    if (mailproto_host_store_new(&off_loop, host, mailproto_maildir_store(maildir), NULL) ||
        mailproto_host_store_functions(off_loop, &store) || mailproto_host_listen(host, &listen, &listener) ||
        mailproto_host_signals(host, &signals))
        return mailproto_host_error(host, &why, NULL), fprintf(stderr, "receive_store: %s\n", why), 1;
    fprintf(stderr, "SMTP on %s\n", mailproto_host_listener_text(listener));
    mailproto_host_run(host);
    mailproto_host_store_free(off_loop, NULL, NULL);
    mailproto_host_free(host);
    mailproto_maildir_close(maildir);
    return 0;
}
