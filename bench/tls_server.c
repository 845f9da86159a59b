/* tls_server.c - a server of TLS over loopback, one connection after another as openssl s_server: SMTP in TLS from the beginning.
 * usage: tls_server mbedtls|openssl PORT CERTIFICATE KEY. The loop is that of the examples (examples/minimal/loop.h). */
#include <mailproto/smtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../examples/minimal/loop.h"
#include "tls_makers.h"

/* Every question has its default answer: nobody comes to send mail. */
static void answer(mailproto_session *session, void *user)
{
    const mailproto_event *event;

    (void)user;
    while ((event = mailproto_session_next_event(session)))
        if (event->token)
            mailproto_session_use_default(session, event->token);
}

static void serve(int fd, const struct tls_maker *maker, void *context)
{
    static const char host[] = "mail.example.test";
    mailproto_smtp_server_config config = {.struct_size = sizeof config,
                                           .hostname = {host, sizeof host - 1},
                                           .tls = MAILPROTO_TLS_IMPLICIT};
    mailproto_smtp_server *server;
    mailproto_session *session;

    if (mailproto_smtp_server_new(&server, &config, NULL, NULL, NULL, NULL))
        tls_wrong("an engine", "it cannot be made");
    maker->put(&session, mailproto_smtp_server_session(server), context, NULL);
    loop_run(fd, session, answer, NULL);
}

int main(int count, char **words)
{
    const struct tls_maker *maker = count > 1 && !strcmp(words[1], "openssl") ? &tls_openssl : &tls_mbedtls;
    void *context;
    int listener, fd;

    if (count != 5)
        return fprintf(stderr, "usage: tls_server mbedtls|openssl PORT CERTIFICATE KEY\n"), 2;
    context = maker->context(1, words[3], words[4], 0);
    listener = loop_listen("127.0.0.1", words[2]);
    if (listener < 0)
        tls_wrong("no port", words[2]);
    while ((fd = loop_accept(listener)) >= 0)
        serve(fd, maker, context);
    maker->free(context);
    return 1;
}
