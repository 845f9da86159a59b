/* role_smtp_client.c - the SMTP and LMTP client engine as the player sees it.
 * mailproto/smtp_client.h. */
#include <string.h>

#include "logins.h"
#include "mailproto/smtp_client.h"
#include "role.h"
#include "smtp_words.h"

static const struct word flag_words[] = {
    {"LMTP", MAILPROTO_SMTP_CLIENT_LMTP},
    {"AUTH_REQUIRED", MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED},
    {"CLEARTEXT_AUTH", MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH},
    {"STRICT_BODY", MAILPROTO_SMTP_CLIENT_STRICT_BODY},
    {"NO_CHUNKING", MAILPROTO_SMTP_CLIENT_NO_CHUNKING},
    {"NO_PIPELINING", MAILPROTO_SMTP_CLIENT_NO_PIPELINING},
    {NULL, 0},
};

#define FIELD(name, kind, table)                                                                                       \
    {                                                                                                                  \
#name, offsetof(mailproto_smtp_client_config, name), kind, table                                               \
    }
#define NUMBER(name) FIELD(name, SETTING_U32, NULL)
static const struct setting settings[] = {
    FIELD(flags, SETTING_WORDS, flag_words),
    FIELD(tls, SETTING_WORDS, tls_words),
    FIELD(mechanisms, SETTING_WORDS, sasl_words),
    NUMBER(max_commands),
    NUMBER(max_recipients),
    NUMBER(max_reply_line),
    NUMBER(max_reply_lines),
    NUMBER(max_reply),
    NUMBER(max_text_line),
    NUMBER(piece),
    NUMBER(greeting_ms),
    NUMBER(command_ms),
    NUMBER(data_ms),
    NUMBER(message_ms),
    NUMBER(tls_ms),
    NUMBER(answer_ms),
    NUMBER(stall_ms),
    FIELD(hostname, SETTING_TEXT, NULL),
    {NULL, 0, SETTING_U32, NULL},
};

static const struct word event_words[] = {
    {"READY", MAILPROTO_SMTP_CLIENT_READY},
    {"CREDENTIALS", MAILPROTO_SMTP_CLIENT_CREDENTIALS},
    {"RCPT_REPLY", MAILPROTO_SMTP_CLIENT_RCPT_REPLY},
    {"BODY", MAILPROTO_SMTP_CLIENT_BODY},
    {"DONE", MAILPROTO_SMTP_CLIENT_DONE},
    {"REPLY", MAILPROTO_SMTP_CLIENT_REPLY},
    {"DERIVE", MAILPROTO_SMTP_CLIENT_DERIVE},
    {"STEP", MAILPROTO_SMTP_CLIENT_STEP},
    {NULL, 0},
};
static const struct word outcome_words[] = {
    {"ACCEPTED", MAILPROTO_SMTP_ACCEPTED}, {"REFUSED", MAILPROTO_SMTP_REFUSED}, {"NOT_SENT", MAILPROTO_SMTP_NOT_SENT},
    {"UNKNOWN", MAILPROTO_SMTP_UNKNOWN},   {"PARTLY", MAILPROTO_SMTP_PARTLY},   {NULL, 0},
};
static const struct word stage_words[] = {
    {"NONE", MAILPROTO_SMTP_STAGE_NONE},       {"CONNECT", MAILPROTO_SMTP_STAGE_CONNECT},
    {"HELLO", MAILPROTO_SMTP_STAGE_HELLO},     {"TLS", MAILPROTO_SMTP_STAGE_TLS},
    {"AUTH", MAILPROTO_SMTP_STAGE_AUTH},       {"MAIL", MAILPROTO_SMTP_STAGE_MAIL},
    {"RCPT", MAILPROTO_SMTP_STAGE_RCPT},       {"DATA", MAILPROTO_SMTP_STAGE_DATA},
    {"MESSAGE", MAILPROTO_SMTP_STAGE_MESSAGE}, {NULL, 0},
};

enum { MAX_COMMANDS = 64 };

struct client {
    uint64_t token[MAX_COMMANDS]; /* commands in the order of submission; they are shown as #1, #2 ... */
    const struct message *message[MAX_COMMANDS];
    size_t count;
};

static struct client *client_of(struct play *p)
{
    return p->state;
}

static const char *event_name(uint32_t type)
{
    return value_word(event_words, type);
}

/* ---- construction ---- */

#define ON(name, payload)                                                                                              \
    static int32_t on_##name(mailproto_smtp_client *client, const mailproto_##payload *event, void *user)              \
    {                                                                                                                  \
        (void)client;                                                                                                  \
        return play_event(user, &event->head);                                                                         \
    }
ON(ready, smtp_ready)
ON(credentials, smtp_credentials)
ON(rcpt_reply, smtp_rcpt_reply)
ON(body, smtp_body_request)
ON(done, smtp_done)
ON(reply, smtp_reply)
ON(derive, sasl_derive_wanted)
ON(step, sasl_step)
ON(tls_started, tls_started)
ON(cancel, cancel)
ON(trace, trace)
ON(closed, closed)

static int32_t give_derived(void *engine, uint64_t token, const void *key, size_t len)
{
    return mailproto_smtp_client_derived(engine, token, key, len);
}

static int32_t give_step(void *engine, uint64_t token, const mailproto_sasl_stepped *stepped)
{
    return mailproto_smtp_client_step(engine, token, stepped);
}

static const struct login_calls logins = {.derive = MAILPROTO_SMTP_CLIENT_DERIVE,
                                          .step = MAILPROTO_SMTP_CLIENT_STEP,
                                          .give_derived = give_derived,
                                          .give_step = give_step};

static int32_t create(struct play *p, const char **why)
{
    mailproto_smtp_client_config config;
    mailproto_smtp_client_callbacks table;
    mailproto_smtp_client *client = NULL;
    int32_t result;

    mailproto_smtp_client_config_init(&config, sizeof config);
    if (settings_apply(p, &config, settings))
        return MAILPROTO_ERR_ARG;
    if (!strncmp(p->t->role, "lmtp", 4))
        config.flags |= MAILPROTO_SMTP_CLIENT_LMTP;
    config.sasl = login_client_config(p);
    mailproto_smtp_client_callbacks_init(&table, sizeof table);
#define SET(name) table.on_##name = settings_without(p, #name) ? NULL : on_##name
    SET(ready);
    SET(credentials);
    SET(rcpt_reply);
    SET(body);
    SET(done);
    SET(reply);
    SET(derive);
    SET(step);
    SET(tls_started);
    SET(cancel);
    SET(trace);
    SET(closed);
    result = mailproto_smtp_client_new(&client, &config, p->v->polled ? NULL : &table, &p->memory.allocator, p, why);
    if (!result) {
        p->engine = client;
        p->inner = mailproto_smtp_client_session(client);
        p->state = pool_get(p->pool, sizeof(struct client));
    }
    return result;
}

/* ---- events in words ---- */

static size_t number_of(struct play *p, uint64_t token)
{
    struct client *client = client_of(p);

    for (size_t i = 0; i < client->count; i++)
        if (client->token[i] == token)
            return i + 1;
    play_fail(p, 0, "an event belongs to a command that was not submitted");
    return 0;
}

static void show_response(struct play *p, struct buffer *out, const mailproto_smtp_response *reply)
{
    if (!reply) {
        play_fail(p, 0, "a reply is NULL");
        return;
    }
    if (!reply->code)
        return;
    buffer_format(out, " reply=%u", (unsigned)reply->code);
    if (reply->enhanced.len)
        buffer_pair(out, "enhanced", reply->enhanced);
    if (reply->lines != 1)
        buffer_format(out, " lines=%u", (unsigned)reply->lines);
    if (reply->text.len)
        buffer_pair(out, "text", reply->text);
}

static void show_number(struct buffer *out, const char *key, uint64_t number)
{
    if (number)
        buffer_format(out, " %s=%llu", key, (unsigned long long)number);
}

static void show_ready(struct buffer *out, const mailproto_smtp_ready *ready)
{
    const mailproto_smtp_parameter *unknown = ready->unknown;

    buffer_text(out, "READY offers=");
    buffer_bits(out, smtp_extension_words, ready->peer_offers);
    if (ready->peer_mechanisms) {
        buffer_text(out, " mechanisms=");
        buffer_bits(out, sasl_words, ready->peer_mechanisms);
    }
    show_number(out, "max_message", ready->max_message);
    show_number(out, "max_recipients", ready->max_recipients);
    show_number(out, "max_transactions", ready->max_transactions);
    show_number(out, "max_domains", ready->max_domains);
    buffer_pair(out, "greeting", ready->greeting);
    buffer_format(out, "%s%s", ready->tls ? " tls" : "", ready->authenticated ? " authenticated" : "");
    for (; unknown; unknown = unknown->next) {
        buffer_text(out, " +");
        buffer_word(out, unknown->keyword.ptr, unknown->keyword.len);
        if (unknown->value.ptr) {
            buffer_text(out, "=");
            buffer_word(out, unknown->value.ptr, unknown->value.len);
        }
    }
}

static void show_done(struct play *p, struct buffer *out, const mailproto_smtp_done *done)
{
    buffer_format(out, "DONE #%zu %s", number_of(p, done->command), value_word(outcome_words, done->outcome));
    if (done->why)
        buffer_format(out, " %s", result_name(done->why));
    buffer_format(out, " recipients=%u stage=%s", (unsigned)done->recipients, value_word(stage_words, done->stage));
    show_response(p, out, done->reply);
    if (done->why && !done->text.len)
        play_fail(p, 0, "DONE has no sentence for %s", result_name(done->why));
}

static enum shown show(struct play *p, const mailproto_event *event, struct buffer *out)
{
    const mailproto_smtp_credentials *credentials = (const void *)event;
    const mailproto_smtp_rcpt_reply *rcpt = (const void *)event;
    const mailproto_smtp_reply *reply = (const void *)event;

    if (login_show(&logins, event, out))
        return SHOWN_TEXT;
    switch (event->type) {
    case MAILPROTO_SMTP_CLIENT_BODY:
        return SHOWN_NOT;
    case MAILPROTO_SMTP_CLIENT_READY:
        show_ready(out, (const void *)event);
        break;
    case MAILPROTO_SMTP_CLIENT_CREDENTIALS:
        buffer_format(out, "CREDENTIALS %s%s", login_name(credentials->mechanism), credentials->tls ? " tls" : "");
        break;
    case MAILPROTO_SMTP_CLIENT_RCPT_REPLY:
        buffer_format(out, "RCPT_REPLY #%zu %u%s", number_of(p, rcpt->command), (unsigned)rcpt->index,
                      rcpt->phase ? " message" : "");
        show_response(p, out, rcpt->reply);
        break;
    case MAILPROTO_SMTP_CLIENT_DONE:
        show_done(p, out, (const void *)event);
        play_end(p, "command");
        break;
    case MAILPROTO_SMTP_CLIENT_REPLY:
        buffer_format(out, "REPLY #%zu", number_of(p, reply->command));
        if (reply->why)
            buffer_format(out, " %s", result_name(reply->why));
        show_response(p, out, reply->reply);
        play_end(p, "command");
        break;
    default:
        buffer_format(out, "event 0x%x", (unsigned)event->type);
    }
    return SHOWN_TEXT;
}

/* ---- answers ---- */

static int32_t answer(struct play *p, uint32_t type, uint64_t token, const struct words *words)
{
    mailproto_text authorization = words_value(words, "authorization"), name = words_value(words, "name"),
                   password = words_value(words, "password");
    int32_t result;

    if (login_answer(p, &logins, token, words, &result))
        return result;
    if (type != MAILPROTO_SMTP_CLIENT_CREDENTIALS || !word_is(words->word[0], "credentials")) {
        play_fail(p, 0, "not an answer: %s", words->word[0].ptr);
        return MAILPROTO_ERR_ARG;
    }
    result = mailproto_smtp_client_credentials(p->engine, token, authorization.ptr, authorization.len, name.ptr,
                                               name.len, password.ptr, password.len);
    if (!result)
        play_request_answered(p, token);
    return result;
}

static void defaulted(struct play *p, uint32_t type, uint64_t token)
{
    (void)p;
    (void)type;
    (void)token;
}

/* What is known of an open BODY request until it is answered: kept when it comes, for answers may be later. */
struct wanted {
    uint64_t token, command, offset;
    size_t max;
};

static int32_t give_piece(struct play *p, const struct wanted *wanted)
{
    const struct message *message = client_of(p)->message[number_of(p, wanted->command) - 1];
    size_t n, len = message ? message->octets.len : 0;

    if (wanted->offset > len) {
        play_fail(p, 0, "a piece was asked for behind the end");
        return MAILPROTO_ERR_ARG;
    }
    n = len - (size_t)wanted->offset;
    if (!n && (!message || message->fails))
        return mailproto_session_fail(p->session, wanted->token);
    if (!n)
        return mailproto_session_piece_end(p->session, wanted->token);
    if (n > wanted->max)
        n = wanted->max;
    if (p->v->split == SPLIT_RANDOM && !message->whole)
        n = 1 + play_random(p, (uint32_t)n);
    else if (p->v->split == SPLIT_OCTETS && !message->whole)
        n = 1;
    return mailproto_session_piece(p->session, wanted->token, message->octets.ptr + wanted->offset, n);
}

static struct wanted wanted_of(const mailproto_smtp_body_request *request)
{
    return (struct wanted){request->head.token, request->command, request->offset, request->max};
}

static int32_t answer_unshown(struct play *p, const mailproto_event *event, const void *kept)
{
    struct wanted wanted = event ? wanted_of((const void *)event) : *(const struct wanted *)kept;
    int32_t result = give_piece(p, &wanted);

    if (!result || result == MAILPROTO_ERR_BODY)
        play_request_answered(p, wanted.token);
    return result == MAILPROTO_ERR_BODY ? MAILPROTO_OK : result; /* the transcript shows what comes of that */
}

static void *keep_unshown(struct play *p, const mailproto_event *event)
{
    struct wanted *kept = pool_get(p->pool, sizeof *kept);

    *kept = wanted_of((const void *)event);
    return kept;
}

/* ---- submissions ---- */

static int32_t note_command(struct play *p, int32_t result, uint64_t token, const struct message *message)
{
    struct client *client = client_of(p);

    if (result || client->count == MAX_COMMANDS)
        return result;
    client->token[client->count] = token;
    client->message[client->count++] = message;
    play_begin(p, "command");
    return result;
}

/* <a@example>: without its brackets. */
static mailproto_text path_of(mailproto_text word)
{
    if (word.len >= 2 && word.ptr[0] == '<')
        return (mailproto_text){word.ptr + 1, word.len - 2};
    return word;
}

static int has_word(const struct words *words, const char *text)
{
    for (size_t i = 0; i < words->count; i++)
        if (word_is(words->word[i], text))
            return 1;
    return 0;
}

/* send MESSAGE <from> [size= body= ret= envid= auth= smtputf8 requiretls] */
static int32_t do_send(struct play *p, const struct words *words)
{
    mailproto_smtp_envelope envelope;
    uint64_t token = 0;
    int32_t result;

    mailproto_smtp_envelope_init(&envelope, sizeof envelope);
    if (words->count < 3)
        return MAILPROTO_ERR_ARG;
    envelope.sender = path_of(words->word[2]);
    envelope.size = words_number(words, "size", 0);
    if (word_to_bits(smtp_body_words, words_value(words, "body"), &envelope.body) ||
        word_to_bits(smtp_ret_words, words_value(words, "ret"), &envelope.ret))
        play_fail(p, 0, "unknown value");
    envelope.envid = words_value(words, "envid");
    envelope.auth = words_value(words, "auth");
    envelope.has_auth = (uint32_t)has_key(words, "auth");
    envelope.flags = (has_word(words, "smtputf8") ? MAILPROTO_SMTP_MAIL_SMTPUTF8 : 0u) |
                     (has_word(words, "requiretls") ? MAILPROTO_SMTP_MAIL_REQUIRETLS : 0u);
    result = mailproto_smtp_client_send(p->engine, &envelope, &token);
    return note_command(p, result, token, play_message(p, words->word[1]));
}

static uint64_t command_at(struct play *p, const struct words *words)
{
    struct client *client = client_of(p);
    uint64_t n = words_number(words, "command", client->count);

    return n && n <= client->count ? client->token[n - 1] : 0;
}

/* to <path> [notify= orcpt_type= orcpt=] [command=N] */
static int32_t do_to(struct play *p, const struct words *words)
{
    mailproto_smtp_recipient recipient;

    mailproto_smtp_recipient_init(&recipient, sizeof recipient);
    if (words->count < 2)
        return MAILPROTO_ERR_ARG;
    recipient.path = path_of(words->word[1]);
    if (word_to_bits(smtp_notify_words, words_value(words, "notify"), &recipient.notify))
        play_fail(p, 0, "unknown value");
    recipient.orcpt_type = words_value(words, "orcpt_type");
    recipient.orcpt = words_value(words, "orcpt");
    return mailproto_smtp_client_send_to(p->engine, command_at(p, words), &recipient);
}

/* mail MESSAGE <from> <to> <to> ...: send, to and go in one */
static int32_t do_mail(struct play *p, const struct words *words)
{
    struct words send = {.count = 3}, to = {.count = 2};
    int32_t result;

    memcpy(send.word, words->word, 3 * sizeof *send.word);
    result = do_send(p, &send);
    for (size_t i = 3; !result && i < words->count; i++) {
        to.word[1] = words->word[i];
        result = do_to(p, &to);
    }
    return result ? result : mailproto_smtp_client_send_go(p->engine, client_of(p)->token[client_of(p)->count - 1]);
}

static int32_t perform(struct play *p, const struct words *words)
{
    mailproto_text verb = words->word[0], argument = words->count > 1 ? words->word[1] : (mailproto_text){"", 0};
    uint64_t token = 0;
    int32_t result;

    if (word_is(verb, "send"))
        return do_send(p, words);
    if (word_is(verb, "to"))
        return do_to(p, words);
    if (word_is(verb, "mail"))
        return do_mail(p, words);
    if (word_is(verb, "go"))
        return mailproto_smtp_client_send_go(p->engine, command_at(p, words));
    if (word_is(verb, "cancel"))
        return mailproto_session_cancel(p->session, command_at(p, words));
    if (word_is(verb, "vrfy"))
        result = mailproto_smtp_client_vrfy(p->engine, argument.ptr, argument.len, &token);
    else if (word_is(verb, "expn"))
        result = mailproto_smtp_client_expn(p->engine, argument.ptr, argument.len, &token);
    else if (word_is(verb, "help"))
        result = mailproto_smtp_client_help(p->engine, argument.ptr, argument.len, &token);
    else if (word_is(verb, "noop"))
        result = mailproto_smtp_client_noop(p->engine, &token);
    else {
        play_fail(p, 0, "the client cannot do that");
        return MAILPROTO_ERR_ARG;
    }
    return note_command(p, result, token, NULL);
}

/* ---- plays that went astray ---- */

static int may_end_with(const mailproto_event *event)
{
    const mailproto_smtp_done *done = (const void *)event;
    const mailproto_smtp_reply *reply = (const void *)event;

    switch (event->type) {
    case MAILPROTO_SMTP_CLIENT_DONE:
        return done->outcome != MAILPROTO_SMTP_ACCEPTED && done->outcome != MAILPROTO_SMTP_PARTLY && done->why;
    case MAILPROTO_SMTP_CLIENT_REPLY:
        return reply->why != 0;
    default:
        return 0;
    }
}

static int harmless(const char *line)
{
    (void)line;
    return 1;
}

static int cleartext(const struct play *p)
{
    return settings_have(p, "flags", "CLEARTEXT_AUTH") && !settings_have(p, "tls", "REQUIRED");
}

#define SMTP_CLIENT_ROLE(called)                                                                                       \
    {                                                                                                                  \
        .name = called, .create = create, .show = show, .event_name = event_name, .answer = answer,                    \
        .answer_unshown = answer_unshown, .keep_unshown = keep_unshown, .perform = perform,                            \
        .may_end_with = may_end_with, .harmless = harmless, .defaulted = defaulted, .cleartext = cleartext,            \
        .credentials_event = MAILPROTO_SMTP_CLIENT_CREDENTIALS,                                                        \
    }

const struct role role_smtp_client = SMTP_CLIENT_ROLE("smtp-client");
const struct role role_lmtp_client = SMTP_CLIENT_ROLE("lmtp-client");
