/* smtp_client_scenes.h - what the conversations of several tests of the SMTP client share: what is submitted, how they begin.
 * RFC 5321 appendix D. */
#ifndef SMTP_CLIENT_SCENES_H
#define SMTP_CLIENT_SCENES_H

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

/* ---- how they begin ---- */

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

/* ---- running them ---- */

struct scenes {
    const struct scene *first;
    size_t count;
};

static void conversations(void **state)
{
    const struct scenes *scenes = *state;

    for (size_t i = 0; i < scenes->count; i++)
        talk_scene(&scenes->first[i]);
}

static void conversations_without_memory(void **state)
{
    const struct scenes *scenes = *state;

    for (size_t i = 0; i < scenes->count; i++)
        talk_scene_without_memory(&scenes->first[i]);
}

static int run_scenes(struct scenes scenes)
{
    const struct CMUnitTest tests[] = {
        {"conversations", conversations, NULL, NULL, &scenes},
        {"conversations without memory", conversations_without_memory, NULL, NULL, &scenes},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
