/* submit.c - sends the message on standard input over TLS. RFC 8314 (port 465), RFC 3207 (port 587).
 * usage: submit [--starttls] [--trust FILE] HOST PORT FROM TO <MESSAGE
 * It is examples/minimal/send.c and one line: tls_client. */
#include "../minimal/loop.h"
#include "tls_layer.h"

#include <mailproto/smtp.h>
#include <stdio.h>
#include <string.h>

struct submission {
    const char *host, *port, *from, *to;
    uint32_t tls; /* MAILPROTO_TLS_* */
    int sent;
};

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
    ((struct submission *)user)->sent = done->outcome == MAILPROTO_SMTP_ACCEPTED;
    if (done->reply->code)
        fprintf(stderr, "%u %.*s\n", done->reply->code, (int)done->reply->text.len, done->reply->text.ptr);
    return mailproto_session_finish(mailproto_smtp_client_session(client));
}

static int32_t on_closed(mailproto_smtp_client *client, const mailproto_closed *closed, void *user)
{
    (void)client;
    if (!((struct submission *)user)->sent && closed->why)
        fprintf(stderr, "not sent: %.*s\n", (int)closed->text.len, closed->text.ptr);
    return 0;
}

static int submit(mailproto_smtp_client *client, const struct submission *s)
{
    mailproto_smtp_envelope envelope = {.struct_size = sizeof envelope};
    mailproto_smtp_recipient recipient = {.struct_size = sizeof recipient};
    uint64_t message;

    envelope.sender = (mailproto_text){s->from, strlen(s->from)};
    recipient.path = (mailproto_text){s->to, strlen(s->to)};
    if (mailproto_smtp_client_send(client, &envelope, &message) ||
        mailproto_smtp_client_send_to(client, message, &recipient))
        return -1;
    return mailproto_smtp_client_send_go(client, message);
}

static int run(struct submission *s, tls_context *context)
{
    mailproto_smtp_client_config config = {.struct_size = sizeof config, .hostname = {"localhost", 9}, .tls = s->tls};
    mailproto_smtp_client_callbacks table = {.struct_size = sizeof table,
                                             .on_body = on_body,
                                             .on_done = on_done,
                                             .on_closed = on_closed};
    mailproto_smtp_client *client;
    mailproto_session *session;
    int socket;

    if (mailproto_smtp_client_new(&client, &config, &table, NULL, s, NULL))
        return 1;
    session = mailproto_smtp_client_session(client);
    if (tls_client(&session, mailproto_smtp_client_session(client), context, s->host) || submit(client, s)) {
        mailproto_session_free(session);
        return fprintf(stderr, "no host or no address: %s, %s or %s\n", s->host, s->from, s->to), 2;
    }
    socket = loop_connect(s->host, s->port);
    if (socket < 0) {
        mailproto_session_free(session);
        return fprintf(stderr, "submit: no connection to %s port %s\n", s->host, s->port), 1;
    }
    loop_run(socket, session, NULL, NULL);
    return !s->sent;
}

int main(int count, char **words)
{
    struct submission s = {.tls = MAILPROTO_TLS_IMPLICIT};
    tls_options options = {0};
    tls_context *context;
    char why[256];
    int i = 1, result;

    for (; i < count && words[i][0] == '-'; i++) {
        if (!strcmp(words[i], "--starttls"))
            s.tls = MAILPROTO_TLS_REQUIRED;
        else if (!strcmp(words[i], "--trust") && i + 1 < count)
            options.trust_file = words[++i];
        else
            break;
    }
    if (count - i != 4)
        return fprintf(stderr, "usage: submit [--starttls] [--trust FILE] HOST PORT FROM TO <MESSAGE\n"), 2;
    s.host = words[i], s.port = words[i + 1], s.from = words[i + 2], s.to = words[i + 3];
    context = tls_client_context(&options, why, sizeof why);
    if (!context)
        return fprintf(stderr, "submit: %s\n", why), 1;
    result = run(&s, context);
    tls_context_free(context);
    return result;
}
