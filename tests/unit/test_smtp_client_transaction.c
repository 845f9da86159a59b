/* test_smtp_client_transaction.c - transactions of the client: each refusal at each stage, with and without PIPELINING and
 * CHUNKING, LMTP, cancels, bodies that fail, connections that end. RFC 5321 section 3.3, RFC 2920, RFC 3030, RFC 2033. */
#include "smtp_client_talk.h"

static const char body[] = "line\r\n";

/* ---- what is submitted ---- */

static const char *const to_two[] = {"b@y.example", "c@z.example", NULL};
static const char *const to_one[] = {"b@y.example", NULL};

static void send_with(struct talk *t, void (*change)(mailproto_smtp_envelope *), const char *const *to)
{
    mailproto_smtp_envelope envelope;

    talk_envelope(&envelope);
    if (change)
        change(&envelope);
    talk_send(t, &envelope, to);
}

static void send_one(struct talk *t)
{
    send_with(t, NULL, to_one);
}

static void send_two_messages(struct talk *t)
{
    send_with(t, NULL, to_two);
    send_with(t, NULL, to_one);
}

static void size_six(mailproto_smtp_envelope *envelope)
{
    envelope->size = 6;
}

static void send_of_known_size(struct talk *t)
{
    send_with(t, size_six, to_one);
    send_with(t, NULL, to_one);
}

static void with_everything(mailproto_smtp_envelope *envelope)
{
    envelope->size = 6;
    envelope->body = MAILPROTO_SMTP_BODY_8BITMIME;
    envelope->flags = MAILPROTO_SMTP_MAIL_SMTPUTF8;
    envelope->ret = MAILPROTO_SMTP_RET_HDRS;
    envelope->envid = (mailproto_text){"id+1=2 3", 8};
    envelope->has_auth = 1;
    envelope->auth = (mailproto_text){"who=x@y.example", 15};
    envelope->sender = (mailproto_text){"\xc3\xa9@x.example", 12};
}

static void send_with_everything(struct talk *t)
{
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;
    uint64_t command;

    talk_envelope(&envelope);
    with_everything(&envelope);
    if (mailproto_smtp_client_send(t->client, &envelope, &command))
        return;
    t->commands[t->command_count++] = command;
    mailproto_smtp_recipient_init(&recipient, sizeof recipient);
    recipient.path = (mailproto_text){"\"b c\"@y.example", 15};
    recipient.notify = MAILPROTO_SMTP_NOTIFY_SUCCESS | MAILPROTO_SMTP_NOTIFY_DELAY;
    recipient.orcpt = (mailproto_text){"b+c@y.example", 13};
    if (mailproto_smtp_client_send_to(t->client, command, &recipient))
        return;
    recipient.path = (mailproto_text){"Postmaster", 10};
    recipient.notify = MAILPROTO_SMTP_NOTIFY_NEVER;
    recipient.orcpt_type = (mailproto_text){"utf-8", 5};
    recipient.orcpt = (mailproto_text){"\xc3\xa9@y.example", 12};
    if (mailproto_smtp_client_send_to(t->client, command, &recipient))
        return;
    mailproto_smtp_client_send_go(t->client, command);
}

static void null_sender(mailproto_smtp_envelope *envelope)
{
    envelope->sender = (mailproto_text){NULL, 0};
    envelope->has_auth = 1;
}

static void send_from_nobody(struct talk *t)
{
    send_with(t, null_sender, to_one);
}

static void eight_bit(mailproto_smtp_envelope *envelope)
{
    envelope->body = MAILPROTO_SMTP_BODY_8BITMIME;
}

static void binary(mailproto_smtp_envelope *envelope)
{
    envelope->body = MAILPROTO_SMTP_BODY_BINARYMIME;
}

static void international(mailproto_smtp_envelope *envelope)
{
    envelope->flags = MAILPROTO_SMTP_MAIL_SMTPUTF8;
}

static void with_tls(mailproto_smtp_envelope *envelope)
{
    envelope->flags = MAILPROTO_SMTP_MAIL_REQUIRETLS;
}

static void large(mailproto_smtp_envelope *envelope)
{
    envelope->size = 1001;
}

static void send_what_needs_extensions(struct talk *t)
{
    send_with(t, eight_bit, to_one);
    send_with(t, binary, to_one);
    send_with(t, international, to_one);
    send_with(t, with_tls, to_one);
    send_with(t, large, to_one);
}

static void send_binary(struct talk *t)
{
    send_with(t, binary, to_one);
}

static void simple_commands(struct talk *t)
{
    uint64_t *token = t->commands;

    mailproto_smtp_client_vrfy(t->client, "Smith", 5, &token[0]);
    mailproto_smtp_client_expn(t->client, "Example People", 14, &token[1]);
    mailproto_smtp_client_help(t->client, NULL, 0, &token[2]);
    mailproto_smtp_client_help(t->client, "MAIL", 4, &token[3]);
    mailproto_smtp_client_noop(t->client, &token[4]);
    mailproto_session_finish(t->session);
}

static void begin_only(struct talk *t)
{
    mailproto_smtp_envelope envelope;

    talk_envelope(&envelope);
    if (mailproto_smtp_client_send(t->client, &envelope, &t->commands[0]) == MAILPROTO_OK)
        t->command_count = 1;
    mailproto_session_finish(t->session);
}

static void send_and_cancel(struct talk *t)
{
    send_with(t, NULL, to_one);
    send_with(t, NULL, to_one);
    if (t->command_count)
        mailproto_session_cancel(t->session, t->commands[0]);
}

/* ---- how ---- */

static void lmtp(mailproto_smtp_client_config *config)
{
    config->flags = MAILPROTO_SMTP_CLIENT_LMTP;
}

static void strict(mailproto_smtp_client_config *config)
{
    config->flags = MAILPROTO_SMTP_CLIENT_STRICT_BODY;
}

static void short_lines(mailproto_smtp_client_config *config)
{
    config->max_text_line = 4;
}

static void not_pipelining(mailproto_smtp_client_config *config)
{
    config->flags = MAILPROTO_SMTP_CLIENT_NO_PIPELINING;
}

/* ---- conversations ---- */

#define EHLO                                                                                                           \
    "S: 220 mx.example\n"                                                                                              \
    "C: EHLO client.example\n"                                                                                         \
    "S: 250-mx.example\n"
#define PLAIN      EHLO "S: 250 XPLAIN\n"
#define PIPELINING EHLO "S: 250 PIPELINING\n"
#define CHUNKING   EHLO "S: 250 CHUNKING\n"
#define BOTH                                                                                                           \
    EHLO "S: 250-PIPELINING\n"                                                                                         \
         "S: 250 CHUNKING\n"
#define LHLO                                                                                                           \
    "S: 220 mx.example LMTP\n"                                                                                         \
    "C: LHLO client.example\n"                                                                                         \
    "S: 250-mx.example\n"

static const struct scene scenes[] = {
    /* ---- refusals, a command at a time ---- */
    {
        .name = "MAIL is refused, the next message is not",
        .submit = send_two_messages,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 550 5.7.1 not you\n"
                        "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 251 will forward\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "S: 250 ok\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=5 rcpts=0 550 [5.7.1] not you\n"
                  "RCPT 1.0 251 will forward\n"
                  "DONE 1 ACCEPTED OK stage=8 rcpts=1 250 ok\n",
    },
    {
        .name = "no recipient is accepted: RSET before the next message",
        .submit = send_two_messages,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 550 5.1.1 no b\n"
                        "C: RCPT TO:<c@z.example>\n"
                        "S: 452 4.5.3 too many\n"
                        "C: RSET\n"
                        "S: 250 ok\n"
                        "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "S: 250 ok\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 550 [5.1.1] no b\n"
                  "RCPT 0.1 452 [4.5.3] too many\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=6 rcpts=0 452 [4.5.3] too many\n"
                  "RCPT 1.0 250 ok\n"
                  "DONE 1 ACCEPTED OK stage=8 rcpts=1 250 ok\n",
    },
    {
        .name = "no recipient is accepted, and QUIT needs no RSET",
        .submit = talk_send_to_two,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 550 no b\n"
                        "C: RCPT TO:<c@z.example>\n"
                        "S: 550 no c\n"
                        "C: QUIT\n"
                        "S: 221 bye\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 550 no b\n"
                  "RCPT 0.1 550 no c\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=6 rcpts=0 550 no c\n"
                  "CLOSED OK\n",
    },
    {
        .name = "DATA is refused",
        .submit = send_two_messages,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<c@z.example>\n"
                        "S: 550 no c\n"
                        "C: DATA\n"
                        "S: 451 4.3.0 not now\n"
                        "C: RSET\n"
                        "S: 250 ok\n"
                        "C: MAIL FROM:<a@x.example>\n"
                        "S: 451 no\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 550 no c\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=7 rcpts=1 451 [4.3.0] not now\n"
                  "DONE 1 REFUSED ERR_REFUSED stage=5 rcpts=0 451 no\n",
    },
    {
        .name = "the message is refused",
        .submit = send_two_messages,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<c@z.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "S: 554-5.7.1 spam,\n"
                        "S: 554 5.7.1 spam\n"
                        "C: MAIL FROM:<a@x.example>\n"
                        "S: 451 no\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 250 ok\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=8 rcpts=2 554 [5.7.1] spam,|spam\n"
                  "DONE 1 REFUSED ERR_REFUSED stage=5 rcpts=0 451 no\n",
    },
    {
        .name = "RSET is refused",
        .submit = send_two_messages,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 550 no b\n"
                        "C: RCPT TO:<c@z.example>\n"
                        "S: 550 no c\n"
                        "C: RSET\n"
                        "S: 500 no\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 550 no b\n"
                  "RCPT 0.1 550 no c\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=6 rcpts=0 550 no c\n"
                  "DONE 1 NOT_SENT ERR_PROTOCOL stage=5 rcpts=0\n"
                  "CLOSED ERR_PROTOCOL\n",
    },

    /* ---- replies that do not fit ---- */
    {
        .name = "MAIL is answered with 354",
        .submit = send_one,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 354 go\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "DONE 0 NOT_SENT ERR_PROTOCOL stage=5 rcpts=0\n"
                  "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "DATA is answered with 250",
        .submit = send_one,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 250 ok\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_PROTOCOL stage=7 rcpts=1\n"
                  "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "the message is answered with 354",
        .submit = send_one,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "S: 354 go on\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 UNKNOWN ERR_PROTOCOL stage=8 rcpts=1\n"
                  "CLOSED ERR_PROTOCOL\n",
    },

    /* ---- PIPELINING (RFC 2920) ---- */
    {
        .name = "pipelined: MAIL is refused, the rest is counted",
        .submit = send_two_messages,
        .body = body,
        .script = PIPELINING "C: MAIL FROM:<a@x.example>\n"
                             "C: RCPT TO:<b@y.example>\n"
                             "C: RCPT TO:<c@z.example>\n"
                             "C: DATA\n"
                             "S: 550 5.7.1 not you\n"
                             "S: 503 no MAIL\n"
                             "S: 503 no MAIL\n"
                             "S: 503 no MAIL\n"
                             "C: MAIL FROM:<a@x.example>\n"
                             "C: RCPT TO:<b@y.example>\n"
                             "C: DATA\n"
                             "S: 250 ok\n"
                             "S: 250 ok\n"
                             "S: 354 go\n"
                             "C: line\n"
                             "C: .\n"
                             "S: 250 ok\n",
        .events = "READY 4 mx.example\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=5 rcpts=0 550 [5.7.1] not you\n"
                  "RCPT 1.0 250 ok\n"
                  "DONE 1 ACCEPTED OK stage=8 rcpts=1 250 ok\n",
    },
    {
        .name = "pipelined: MAIL is refused and DATA is not: a lone dot",
        .submit = send_one,
        .body = body,
        .script = PIPELINING "C: MAIL FROM:<a@x.example>\n"
                             "C: RCPT TO:<b@y.example>\n"
                             "C: DATA\n"
                             "S: 550 5.7.1 not you\n"
                             "S: 503 no MAIL\n"
                             "S: 354 go\n"
                             "C: .\n"
                             "S: 554 no recipients\n",
        .events = "READY 4 mx.example\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=5 rcpts=0 550 [5.7.1] not you\n",
    },
    {
        .name = "pipelined: 354 without a recipient is answered with a lone dot, and its reply means nothing",
        .submit = send_two_messages,
        .body = body,
        .script = PIPELINING "C: MAIL FROM:<a@x.example>\n"
                             "C: RCPT TO:<b@y.example>\n"
                             "C: RCPT TO:<c@z.example>\n"
                             "C: DATA\n"
                             "S: 250 ok\n"
                             "S: 550 no b\n"
                             "S: 550 no c\n"
                             "S: 354 go\n"
                             "C: .\n"
                             "S: 250 accepted for nobody\n"
                             "C: MAIL FROM:<a@x.example>\n"
                             "C: RCPT TO:<b@y.example>\n"
                             "C: DATA\n"
                             "S: 250 ok\n"
                             "S: 550 no b\n"
                             "S: 503 no recipient\n",
        .events = "READY 4 mx.example\n"
                  "RCPT 0.0 550 no b\n"
                  "RCPT 0.1 550 no c\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=6 rcpts=0 550 no c\n"
                  "RCPT 1.0 550 no b\n"
                  "DONE 1 REFUSED ERR_REFUSED stage=6 rcpts=0 550 no b\n",
    },
    {
        .name = "pipelined: RSET goes ahead of the next MAIL",
        .submit = send_two_messages,
        .body = body,
        .script = PIPELINING "C: MAIL FROM:<a@x.example>\n"
                             "C: RCPT TO:<b@y.example>\n"
                             "C: RCPT TO:<c@z.example>\n"
                             "C: DATA\n"
                             "S: 250 ok\n"
                             "S: 250 ok b\n"
                             "S: 250 ok c\n"
                             "S: 451 no\n"
                             "C: RSET\n"
                             "C: MAIL FROM:<a@x.example>\n"
                             "C: RCPT TO:<b@y.example>\n"
                             "C: DATA\n"
                             "S: 250 reset\n"
                             "S: 250 ok\n"
                             "S: 250 ok\n"
                             "S: 354 go\n"
                             "C: line\n"
                             "C: .\n"
                             "S: 250 ok\n",
        .events = "READY 4 mx.example\n"
                  "RCPT 0.0 250 ok b\n"
                  "RCPT 0.1 250 ok c\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=7 rcpts=2 451 no\n"
                  "RCPT 1.0 250 ok\n"
                  "DONE 1 ACCEPTED OK stage=8 rcpts=1 250 ok\n",
    },
    {
        .name = "PIPELINING is offered and not used",
        .configure = not_pipelining,
        .submit = send_one,
        .script = PIPELINING "C: MAIL FROM:<a@x.example>\n"
                             "S: 550 no\n",
        .events = "READY 4 mx.example\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=5 rcpts=0 550 no\n",
    },

    /* ---- 421, and connections that end ---- */
    {
        .name = "421 to a recipient",
        .submit = send_two_messages,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<c@z.example>\n"
                        "S: 421 4.3.2 going down\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 421 [4.3.2] going down\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=6 rcpts=1 421 [4.3.2] going down\n"
                  "DONE 1 NOT_SENT ERR_REFUSED stage=0 rcpts=0 421 [4.3.2] going down\n"
                  "CLOSED ERR_REFUSED\n",
    },
    {
        .name = "421 to the message",
        .submit = send_one,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "S: 421 4.3.2 going down\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=8 rcpts=1 421 [4.3.2] going down\n"
                  "CLOSED ERR_REFUSED\n",
    },
    {
        .name = "lost before the message",
        .submit = send_two_messages,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "LOST\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "DONE 0 NOT_SENT ERR_LOST stage=6 rcpts=0\n"
                  "DONE 1 NOT_SENT ERR_LOST stage=0 rcpts=0\n"
                  "CLOSED ERR_LOST\n",
    },
    {
        .name = "lost after the final dot",
        .submit = send_one,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "LOST\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 UNKNOWN ERR_LOST stage=8 rcpts=1\n"
                  "CLOSED ERR_LOST\n",
    },
    {
        .name = "half-closed after the final dot, with half a reply",
        .submit = send_one,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "S: 250-half\n"
                        "EOF\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 UNKNOWN ERR_LOST stage=8 rcpts=1\n"
                  "CLOSED ERR_LOST\n",
    },
    {
        .name = "the reply to the message, then half-closed",
        .submit = send_one,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "S: 250 ok\n"
                        "EOF\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=1 250 ok\n"
                  "CLOSED ERR_LOST\n",
    },
    {
        .name = "no reply to the final dot in ten minutes",
        .submit = send_one,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "TICK 599999\n"
                        "TICK 1\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 UNKNOWN ERR_TIMEOUT stage=8 rcpts=1\n"
                  "CLOSED ERR_TIMEOUT\n",
    },
    {
        .name = "QUIT and no reply: the server just closes",
        .submit = talk_send_to_two,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 550 no\n"
                        "C: QUIT\n"
                        "EOF\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=5 rcpts=0 550 no\n"
                  "CLOSED OK\n",
    },

    /* ---- bodies that fail ---- */
    {
        .name = "the body fails in DATA: no dot, the connection ends",
        .submit = send_two_messages,
        .body = "line\r\nline\r\n",
        .piece = 6,
        .body_fails = 7,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<c@z.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=2\n"
                  "DONE 1 NOT_SENT ERR_BODY stage=0 rcpts=0\n"
                  "CLOSED ERR_BODY\n",
    },
    {
        .name = "the body fails in BDAT: RSET, and the next message",
        .submit = send_two_messages,
        .body = "line\r\nline\r\n",
        .piece = 6,
        .body_fails = 7,
        .script = BOTH "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: RCPT TO:<c@z.example>\n"
                       "C: BDAT 6\n"
                       "C: line\n"
                       "C: RSET\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 6 octets\n"
                       "S: 250 reset\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: BDAT 6\n"
                       "C: line\n"
                       "C: RSET\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 6 octets\n"
                       "S: 250 reset\n",
        .events = "READY 84 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=2\n"
                  "RCPT 1.0 250 ok\n"
                  "DONE 1 NOT_SENT ERR_BODY stage=8 rcpts=1\n",
    },
    {
        .name = "the body fails at once in BDAT without PIPELINING",
        .submit = send_one,
        .body = body,
        .body_fails = 1,
        .script = CHUNKING "C: MAIL FROM:<a@x.example>\n"
                           "S: 250 ok\n"
                           "C: RCPT TO:<b@y.example>\n"
                           "S: 250 ok\n"
                           "C: RSET\n"
                           "S: 250 ok\n",
        .events = "READY 80 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=1\n",
    },
    {
        .name = "the body is longer than announced, in DATA",
        .submit = send_of_known_size,
        .body = "line\r\nx",
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=1\n"
                  "DONE 1 NOT_SENT ERR_BODY stage=0 rcpts=0\n"
                  "CLOSED ERR_BODY\n",
    },
    {
        .name = "the body is shorter than announced, in DATA",
        .submit = send_of_known_size,
        .body = "line\n",
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=1\n"
                  "DONE 1 NOT_SENT ERR_BODY stage=0 rcpts=0\n"
                  "CLOSED ERR_BODY\n",
    },
    {
        .name = "one octet more than announced, in BDAT: the chunk that seemed the last was never sent",
        .submit = send_of_known_size,
        .body = "line\r\nx",
        .piece = 3,
        .script = CHUNKING "C: MAIL FROM:<a@x.example>\n"
                           "S: 250 ok\n"
                           "C: RCPT TO:<b@y.example>\n"
                           "S: 250 ok\n"
                           "C: BDAT 3\n"
                           "C> lin\n"
                           "S: 250 ok\n"
                           "C: RSET\n"
                           "S: 250 ok\n"
                           "C: MAIL FROM:<a@x.example>\n"
                           "S: 550 no\n",
        .events = "READY 80 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=1\n"
                  "DONE 1 REFUSED ERR_REFUSED stage=5 rcpts=0 550 no\n",
    },
    {
        .name = "a bare LF where that is not allowed",
        .configure = strict,
        .submit = send_one,
        .body = "li\nne\r\n",
        .script = CHUNKING "C: MAIL FROM:<a@x.example>\n"
                           "S: 250 ok\n"
                           "C: RCPT TO:<b@y.example>\n"
                           "S: 250 ok\n"
                           "C: RSET\n"
                           "S: 250 ok\n",
        .events = "READY 80 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=1\n",
    },
    {
        .name = "a bare CR at the end where that is not allowed",
        .configure = strict,
        .submit = send_one,
        .body = "line\r",
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C> line\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=1\n"
                  "CLOSED ERR_BODY\n",
    },
    {
        .name = "a line that is too long",
        .configure = short_lines,
        .submit = send_one,
        .body = "line\r\n12345\r\n",
        .script = CHUNKING "C: MAIL FROM:<a@x.example>\n"
                           "S: 250 ok\n"
                           "C: RCPT TO:<b@y.example>\n"
                           "S: 250 ok\n"
                           "C: RSET\n"
                           "S: 250 ok\n",
        .events = "READY 80 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=1\n",
    },

    /* ---- CHUNKING (RFC 3030) ---- */
    {
        .name = "a body of known size ends with its last chunk",
        .submit = send_of_known_size,
        .body = body,
        .script = BOTH "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: BDAT 6 LAST\n"
                       "C: line\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 queued\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: BDAT 6\n"
                       "C: line\n"
                       "C: BDAT 0 LAST\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 6 octets\n"
                       "S: 250 queued\n",
        .events = "READY 84 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=1 250 queued\n"
                  "RCPT 1.0 250 ok\n"
                  "DONE 1 ACCEPTED OK stage=8 rcpts=1 250 queued\n",
    },
    {
        .name = "a chunk is refused: no more of them",
        .submit = send_two_messages,
        .body = "line\r\nline\r\n",
        .piece = 6,
        .script = CHUNKING "C: MAIL FROM:<a@x.example>\n"
                           "S: 250 ok\n"
                           "C: RCPT TO:<b@y.example>\n"
                           "S: 250 ok\n"
                           "C: RCPT TO:<c@z.example>\n"
                           "S: 250 ok\n"
                           "C: BDAT 6\n"
                           "C: line\n"
                           "S: 554 5.3.4 too much\n"
                           "C: RSET\n"
                           "S: 250 ok\n"
                           "C: MAIL FROM:<a@x.example>\n"
                           "S: 550 no\n",
        .events = "READY 80 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 250 ok\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=7 rcpts=2 554 [5.3.4] too much\n"
                  "DONE 1 REFUSED ERR_REFUSED stage=5 rcpts=0 550 no\n",
    },
    {
        .name = "pipelined chunks after no recipient was accepted: their replies are counted, and RSET is needed",
        .submit = send_two_messages,
        .body = body,
        .script = BOTH "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: RCPT TO:<c@z.example>\n"
                       "C: BDAT 6\n"
                       "C: line\n"
                       "C: BDAT 0 LAST\n"
                       "S: 250 ok\n"
                       "S: 550 no b\n"
                       "S: 550 no c\n"
                       "S: 503 no recipient\n"
                       "S: 503 no recipient\n"
                       "C: RSET\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: BDAT 6\n"
                       "C: line\n"
                       "C: BDAT 0 LAST\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 6 octets\n"
                       "S: 250 queued\n",
        .events = "READY 84 mx.example\n"
                  "RCPT 0.0 550 no b\n"
                  "RCPT 0.1 550 no c\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=6 rcpts=0 550 no c\n"
                  "RCPT 1.0 250 ok\n"
                  "DONE 1 ACCEPTED OK stage=8 rcpts=1 250 queued\n",
    },
    {
        .name = "the last line end is added to the last chunk",
        .submit = send_one,
        .body = "line\n.",
        .script = BOTH "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: BDAT 7\n"
                       "C: line\n"
                       "C> .\n"
                       "C: BDAT 2 LAST\n"
                       "C: \n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 7 octets\n"
                       "S: 250 queued\n",
        .events = "READY 84 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=1 250 queued\n",
    },
    {
        .name = "BINARYMIME crosses as it is",
        .submit = send_binary,
        .body = "a\rb\r\n.c",
        .script = EHLO "S: 250-CHUNKING\n"
                       "S: 250 BINARYMIME\n"
                       "C: MAIL FROM:<a@x.example> BODY=BINARYMIME\n"
                       "S: 250 ok\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "S: 250 ok\n"
                       "C: BDAT 7\n"
                       "C: a\rb\n"
                       "C> .c\n"
                       "S: 250 ok\n"
                       "C: BDAT 0 LAST\n"
                       "S: 250 queued\n",
        .events = "READY 180 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=1 250 queued\n",
    },

    /* ---- parameters and what they need ---- */
    {
        .name = "every parameter",
        .submit = send_with_everything,
        .body = body,
        .script = EHLO "S: 250-PIPELINING\n"
                       "S: 250-SIZE\n"
                       "S: 250-8BITMIME\n"
                       "S: 250-SMTPUTF8\n"
                       "S: 250-AUTH PLAIN\n"
                       "S: 250 DSN\n"
                       "C: MAIL FROM:<\xc3\xa9@x.example> SIZE=6 BODY=8BITMIME SMTPUTF8 RET=HDRS "
                       "ENVID=id+2B1+3D2+203 AUTH=who+3Dx@y.example\n"
                       "C: RCPT TO:<\"b c\"@y.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bc@y.example\n"
                       "C: RCPT TO:<Postmaster> NOTIFY=NEVER ORCPT=utf-8;\xc3\xa9@y.example\n"
                       "C: DATA\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 354 go\n"
                       "C: line\n"
                       "C: .\n"
                       "S: 250 ok\n",
        .events = "READY 257 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 250 ok\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=2 250 ok\n",
    },
    {
        .name = "what is not offered is left out",
        .submit = send_with_everything,
        .body = body,
        .script = EHLO "S: 250-8BITMIME\n"
                       "S: 250 SMTPUTF8\n"
                       "C: MAIL FROM:<\xc3\xa9@x.example> BODY=8BITMIME SMTPUTF8\n"
                       "S: 250 ok\n"
                       "C: RCPT TO:<\"b c\"@y.example>\n"
                       "S: 550 no\n"
                       "C: RCPT TO:<Postmaster>\n"
                       "S: 550 no\n",
    },
    {
        .name = "the null sender, submitted by nobody known",
        .submit = send_from_nobody,
        .script = EHLO "S: 250 AUTH PLAIN\n"
                       "C: MAIL FROM:<> AUTH=<>\n"
                       "S: 550 no\n",
    },
    {
        .name = "what is needed and not offered is never begun",
        .submit = send_what_needs_extensions,
        .script = EHLO "S: 250-BINARYMIME\n"
                       "S: 250-REQUIRETLS\n"
                       "S: 250 SIZE 1000\n",
        .events = "READY 501 size=1000 mx.example\n"
                  "DONE 0 NOT_SENT ERR_UNSUPPORTED stage=0 rcpts=0\n"
                  "DONE 1 NOT_SENT ERR_UNSUPPORTED stage=0 rcpts=0\n"
                  "DONE 2 NOT_SENT ERR_UNSUPPORTED stage=0 rcpts=0\n"
                  "DONE 3 NOT_SENT ERR_UNSUPPORTED stage=0 rcpts=0\n"
                  "DONE 4 NOT_SENT ERR_LIMIT stage=0 rcpts=0\n",
    },

    /* ---- LMTP (RFC 2033) ---- */
    {
        .name = "LMTP: a reply for each accepted recipient",
        .configure = lmtp,
        .submit = send_two_messages,
        .body = body,
        .script = LHLO "S: 250 PIPELINING\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: RCPT TO:<c@z.example>\n"
                       "C: DATA\n"
                       "S: 250 ok\n"
                       "S: 250 ok b\n"
                       "S: 250 ok c\n"
                       "S: 354 go\n"
                       "C: line\n"
                       "C: .\n"
                       "S: 250 2.0.0 b has it\n"
                       "S: 452 4.2.2 c is full\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: DATA\n"
                       "S: 250 ok\n"
                       "S: 250 ok b\n"
                       "S: 354 go\n"
                       "C: line\n"
                       "C: .\n"
                       "S: 552 5.2.2 b is full\n",
        .events = "READY 4 mx.example\n"
                  "RCPT 0.0 250 ok b\n"
                  "RCPT 0.1 250 ok c\n"
                  "RCPT 0.0 end 250 [2.0.0] b has it\n"
                  "RCPT 0.1 end 452 [4.2.2] c is full\n"
                  "DONE 0 PARTLY OK stage=8 rcpts=2 452 [4.2.2] c is full\n"
                  "RCPT 1.0 250 ok b\n"
                  "RCPT 1.0 end 552 [5.2.2] b is full\n"
                  "DONE 1 REFUSED ERR_REFUSED stage=8 rcpts=1 552 [5.2.2] b is full\n",
    },
    {
        .name = "LMTP: one recipient is refused, with chunks: they wait for the replies",
        .configure = lmtp,
        .submit = send_two_messages,
        .body = body,
        .script = LHLO "S: 250-PIPELINING\n"
                       "S: 250 CHUNKING\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: RCPT TO:<c@z.example>\n"
                       "S: 250 ok\n"
                       "S: 550 no b\n"
                       "S: 250 ok c\n"
                       "C: BDAT 6\n"
                       "C: line\n"
                       "S: 250 6 octets\n"
                       "C: BDAT 0 LAST\n"
                       "S: 250 c has it\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "S: 250 ok\n"
                       "S: 250 ok b\n"
                       "C: BDAT 6\n"
                       "C: line\n"
                       "S: 250 6 octets\n"
                       "C: BDAT 0 LAST\n"
                       "LOST\n",
        .events = "READY 84 mx.example\n"
                  "RCPT 0.0 550 no b\n"
                  "RCPT 0.1 250 ok c\n"
                  "RCPT 0.1 end 250 c has it\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=1 250 c has it\n"
                  "RCPT 1.0 250 ok b\n"
                  "DONE 1 UNKNOWN ERR_LOST stage=8 rcpts=1\n"
                  "CLOSED ERR_LOST\n",
    },
    {
        .name = "LMTP: lost between the replies",
        .configure = lmtp,
        .submit = talk_send_to_two,
        .body = body,
        .script = LHLO "S: 250 PIPELINING\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: RCPT TO:<c@z.example>\n"
                       "C: DATA\n"
                       "S: 250 ok\n"
                       "S: 250 ok b\n"
                       "S: 250 ok c\n"
                       "S: 354 go\n"
                       "C: line\n"
                       "C: .\n"
                       "S: 250 b has it\n"
                       "LOST\n",
        .events = "READY 4 mx.example\n"
                  "RCPT 0.0 250 ok b\n"
                  "RCPT 0.1 250 ok c\n"
                  "RCPT 0.0 end 250 b has it\n"
                  "DONE 0 UNKNOWN ERR_LOST stage=8 rcpts=2\n"
                  "CLOSED ERR_LOST\n",
    },
    {
        .name = "LMTP: 421 between the replies",
        .configure = lmtp,
        .submit = talk_send_to_two,
        .body = body,
        .script = LHLO "S: 250 PIPELINING\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: RCPT TO:<c@z.example>\n"
                       "C: DATA\n"
                       "S: 250 ok\n"
                       "S: 250 ok b\n"
                       "S: 250 ok c\n"
                       "S: 354 go\n"
                       "C: line\n"
                       "C: .\n"
                       "S: 250 b has it\n"
                       "S: 421 going down\n",
        .events = "READY 4 mx.example\n"
                  "RCPT 0.0 250 ok b\n"
                  "RCPT 0.1 250 ok c\n"
                  "RCPT 0.0 end 250 b has it\n"
                  "RCPT 0.1 end 421 going down\n"
                  "DONE 0 PARTLY OK stage=8 rcpts=2 421 going down\n"
                  "CLOSED ERR_REFUSED\n",
    },
    {
        .name = "LMTP: 354 for nobody",
        .configure = lmtp,
        .submit = send_one,
        .body = body,
        .script = LHLO "S: 250 PIPELINING\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: DATA\n"
                       "S: 250 ok\n"
                       "S: 550 no b\n"
                       "S: 354 go\n",
        .events = "READY 4 mx.example\n"
                  "RCPT 0.0 550 no b\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=6 rcpts=0 550 no b\n"
                  "CLOSED ERR_PROTOCOL\n",
    },

    /* ---- other commands ---- */
    {
        .name = "VRFY, EXPN, HELP, NOOP",
        .submit = simple_commands,
        .script = PLAIN "C: VRFY Smith\n"
                        "S: 250 Fred Smith <smith@x.example>\n"
                        "C: EXPN Example People\n"
                        "S: 550 5.7.1 no\n"
                        "C: HELP\n"
                        "S: 214-what\n"
                        "S: 214 there is\n"
                        "C: HELP MAIL\n"
                        "S: 502 5.5.1 no\n"
                        "C: NOOP\n"
                        "S: 250 ok\n"
                        "C: QUIT\n"
                        "S: 221 bye\n",
    },
    {
        .name = "a message that was begun and not let go is withdrawn by finish",
        .submit = begin_only,
        .script = PLAIN "C: QUIT\n"
                        "S: 221 bye\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "DONE 0 NOT_SENT ERR_CANCELLED stage=0 rcpts=0\n"
                  "CLOSED OK\n",
    },
    {
        .name = "a message that is cancelled before it began",
        .submit = send_and_cancel,
        .script = "S: 220 mx.example\n"
                  "C: EHLO client.example\n"
                  "S: 250 mx.example\n"
                  "C: MAIL FROM:<a@x.example>\n"
                  "S: 550 no\n",
        .events = "DONE 0 NOT_SENT ERR_CANCELLED stage=0 rcpts=0\n"
                  "READY 0 mx.example\n"
                  "DONE 1 REFUSED ERR_REFUSED stage=5 rcpts=0 550 no\n",
    },
};

static void conversations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        talk_scene(&scenes[i]);
}

static void conversations_without_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        talk_scene_without_memory(&scenes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversations),
        cmocka_unit_test(conversations_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
