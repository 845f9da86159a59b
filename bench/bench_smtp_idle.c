/* bench_smtp_idle.c - how many octets an SMTP server session holds while nothing is in hand, counted by an arena.
 * RFC 5321 4.1.1.1: the session has greeted and been greeted, and waits for a command. */
#include <mailproto/smtp.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"

enum { ARENA = 65536 };

static const char hello[] = "EHLO client.example.test\r\n";
static const char message[] = "MAIL FROM:<bob@example.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n"
                              "Subject: one\r\n\r\ntext\r\n.\r\n";

static void wrong(const char *what)
{
    fprintf(stderr, "bench_smtp_idle: %s\n", what);
    exit(1);
}

static int32_t on_rcpt(mailproto_smtp_server *server, const mailproto_smtp_rcpt *rcpt, void *user)
{
    (void)user;
    return mailproto_smtp_server_accept(server, rcpt->head.token);
}

static int32_t on_message_end(mailproto_smtp_server *server, const mailproto_smtp_message_end *end, void *user)
{
    ++*(int *)user;
    return mailproto_smtp_server_accept(server, end->head.token);
}

static void drain(mailproto_session *s)
{
    char out[4096];
    size_t len;

    do
        if (mailproto_session_read_output(s, out, sizeof out, &len))
            wrong("the session failed");
    while (len);
}

static void say(mailproto_session *s, const char *text, size_t len)
{
    while (len) {
        size_t taken = 0;

        if (mailproto_session_feed(s, text, len, 1, &taken) || !taken)
            wrong("the session failed or takes nothing");
        text += taken;
        len -= taken;
        drain(s);
    }
}

/* In use after EHLO, or the most that ever were while a message came: as `user` says. */
static double octets(void *user)
{
    static _Alignas(16) unsigned char memory[ARENA];
    mailproto_allocator arena;
    mailproto_smtp_server_config config;
    mailproto_smtp_server_callbacks callbacks;
    mailproto_smtp_server *server;
    mailproto_session *s;
    int messages = 0;
    double figure;

    mailproto_arena_init(&arena, memory, sizeof memory);
    mailproto_smtp_server_config_init(&config, sizeof config);
    config.hostname = (mailproto_text){"mail.example.test", 17};
    mailproto_smtp_server_callbacks_init(&callbacks, sizeof callbacks);
    callbacks.on_rcpt = on_rcpt;
    callbacks.on_message_end = on_message_end;
    if (mailproto_smtp_server_new(&server, &config, &callbacks, &arena, &messages, NULL))
        wrong("no session");
    s = mailproto_smtp_server_session(server);
    drain(s);
    say(s, hello, sizeof hello - 1);
    figure = (double)mailproto_arena_used(&arena);
    if (*(const int *)user) {
        say(s, message, sizeof message - 1);
        if (messages != 1)
            wrong("the message was not taken");
        if ((double)mailproto_arena_used(&arena) > figure)
            wrong("the session does not give back what a message took");
        figure = (double)mailproto_arena_peak(&arena);
    }
    mailproto_session_free(s);
    if (mailproto_arena_used(&arena))
        wrong("a freed session still holds memory");
    return figure;
}

int main(int count, char **words)
{
    struct measure_options options;
    int no = 0, yes = 1;
    struct measure_row idle = {"smtp-idle/engine", "octets", "less", 1024, {{"ours", "", octets, &no}}};
    struct measure_row peak = {"smtp-idle/engine-peak", "octets", "less", 0, {{"ours", "", octets, &yes}}};

    if (measure_options_read(&options, count, words))
        return 2;
    measure(&idle, &options);
    measure(&peak, &options);
    return 0;
}
