/* role_pop3_client.c - the POP3 client engine as the player sees it.
 * mailproto/pop3_client.h. */
#include <string.h>

#include "logins.h"
#include "mailproto/pop3_client.h"
#include "pop3_words.h"
#include "role.h"

static const struct word flag_words[] = {
    {"CLEARTEXT_LOGIN", MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN},
    {"NO_CAPA", MAILPROTO_POP3_CLIENT_NO_CAPA},
    {"NO_PIPELINING", MAILPROTO_POP3_CLIENT_NO_PIPELINING},
    {NULL, 0},
};

#define FIELD(name, kind, table)                                                                                       \
    {                                                                                                                  \
#name, offsetof(mailproto_pop3_client_config, name), kind, table                                               \
    }
#define NUMBER(name) FIELD(name, SETTING_U32, NULL)
#define LOGIN(n)                                                                                                       \
    {                                                                                                                  \
        "login" #n, offsetof(mailproto_pop3_client_config, login) + ((n)-1) * sizeof(uint32_t), SETTING_WORDS,         \
            pop3_login_words                                                                                           \
    }
static const struct setting settings[] = {
    FIELD(flags, SETTING_WORDS, flag_words),
    FIELD(tls, SETTING_WORDS, tls_words),
    LOGIN(1),
    LOGIN(2),
    LOGIN(3),
    LOGIN(4),
    LOGIN(5),
    LOGIN(6),
    LOGIN(7),
    LOGIN(8),
    LOGIN(9),
    LOGIN(10),
    LOGIN(11),
    LOGIN(12),
    LOGIN(13),
    LOGIN(14),
    LOGIN(15),
    LOGIN(16),
    NUMBER(window),
    NUMBER(max_commands),
    NUMBER(max_line),
    NUMBER(greeting_ms),
    NUMBER(command_ms),
    NUMBER(body_ms),
    NUMBER(quit_ms),
    NUMBER(tls_ms),
    NUMBER(answer_ms),
    NUMBER(stall_ms),
    NUMBER(min_body_rate),
    {NULL, 0, SETTING_U32, NULL},
};

static const struct word event_words[] = {
    {"READY", MAILPROTO_POP3_CLIENT_READY},
    {"CREDENTIALS", MAILPROTO_POP3_CLIENT_CREDENTIALS},
    {"REFUSED", MAILPROTO_POP3_CLIENT_REFUSED},
    {"ENTRY", MAILPROTO_POP3_CLIENT_ENTRY},
    {"CAPABILITY", MAILPROTO_POP3_CLIENT_CAPABILITY},
    {"MESSAGE", MAILPROTO_POP3_CLIENT_MESSAGE},
    {"BODY", MAILPROTO_POP3_CLIENT_BODY},
    {"DONE", MAILPROTO_POP3_CLIENT_DONE},
    {"QUIT_REPLY", MAILPROTO_POP3_CLIENT_QUIT_REPLY},
    {"DERIVE", MAILPROTO_POP3_CLIENT_DERIVE},
    {"STEP", MAILPROTO_POP3_CLIENT_STEP},
    {NULL, 0},
};
static const struct word verb_words[] = {
    {"STAT", MAILPROTO_POP3_VERB_STAT}, {"LIST", MAILPROTO_POP3_VERB_LIST},
    {"UIDL", MAILPROTO_POP3_VERB_UIDL}, {"RETR", MAILPROTO_POP3_VERB_RETR},
    {"TOP", MAILPROTO_POP3_VERB_TOP},   {"DELE", MAILPROTO_POP3_VERB_DELE},
    {"NOOP", MAILPROTO_POP3_VERB_NOOP}, {"RSET", MAILPROTO_POP3_VERB_RSET},
    {"CAPA", MAILPROTO_POP3_VERB_CAPA}, {NULL, 0},
};
static const struct word stage_words[] = {
    {"GREETING", MAILPROTO_POP3_STAGE_GREETING},
    {"STLS", MAILPROTO_POP3_STAGE_STLS},
    {"LOGIN", MAILPROTO_POP3_STAGE_LOGIN},
    {NULL, 0},
};
static const struct word update_words[] = {
    {"DONE", MAILPROTO_POP3_UPDATE_DONE},
    {"REFUSED", MAILPROTO_POP3_UPDATE_REFUSED},
    {"NONE", MAILPROTO_POP3_UPDATE_NONE},
    {"UNKNOWN", MAILPROTO_POP3_UPDATE_UNKNOWN},
    {NULL, 0},
};

enum { MAX_COMMANDS = 64 };

struct client {
    uint64_t token[MAX_COMMANDS]; /* commands in the order of submission; they are shown as #1, #2 ... */
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
    static int32_t on_##name(mailproto_pop3_client *client, const mailproto_##payload *event, void *user)              \
    {                                                                                                                  \
        (void)client;                                                                                                  \
        return play_event(user, &event->head);                                                                         \
    }
ON(ready, pop3_ready)
ON(credentials, pop3_credentials)
ON(refused, pop3_refused)
ON(entry, pop3_entry)
ON(capability, pop3_capability)
ON(message, pop3_message)
ON(body, pop3_body)
ON(done, pop3_done)
ON(quit_reply, pop3_quit_reply)
ON(derive, sasl_derive_wanted)
ON(step, sasl_step)
ON(tls_started, tls_started)
ON(cancel, cancel)
ON(trace, trace)
ON(closed, closed)

static void set_callbacks(const struct play *p, mailproto_pop3_client_callbacks *table)
{
    mailproto_pop3_client_callbacks_init(table, sizeof *table);
#define SET(name) table->on_##name = settings_without(p, #name) ? NULL : on_##name
    SET(ready);
    SET(credentials);
    SET(refused);
    SET(entry);
    SET(capability);
    SET(message);
    SET(body);
    SET(done);
    SET(quit_reply);
    SET(derive);
    SET(step);
    SET(tls_started);
    SET(cancel);
    SET(trace);
    SET(closed);
}

static int32_t give_derived(void *engine, uint64_t token, const void *key, size_t len)
{
    return mailproto_pop3_client_derived(engine, token, key, len);
}

static int32_t give_step(void *engine, uint64_t token, const mailproto_sasl_stepped *stepped)
{
    return mailproto_pop3_client_step(engine, token, stepped);
}

static const struct login_calls logins = {.derive = MAILPROTO_POP3_CLIENT_DERIVE,
                                          .step = MAILPROTO_POP3_CLIENT_STEP,
                                          .give_derived = give_derived,
                                          .give_step = give_step};

static int32_t create(struct play *p, const char **why)
{
    mailproto_pop3_client_config config;
    mailproto_pop3_client_callbacks table;
    mailproto_pop3_client *client = NULL;
    int32_t result;

    mailproto_pop3_client_config_init(&config, sizeof config);
    if (settings_apply(p, &config, settings))
        return MAILPROTO_ERR_ARG;
    config.sasl = login_client_config(p);
    set_callbacks(p, &table);
    result = mailproto_pop3_client_new(&client, &config, p->v->polled ? NULL : &table, &p->memory.allocator, p, why);
    if (!result) {
        p->engine = client;
        p->inner = mailproto_pop3_client_session(client);
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

static void show_response(struct play *p, struct buffer *out, const mailproto_pop3_response *reply)
{
    if (!reply) {
        play_fail(p, 0, "a reply is NULL");
        return;
    }
    if (reply->status == MAILPROTO_POP3_NO_REPLY)
        return;
    buffer_text(out, reply->status == MAILPROTO_POP3_OK ? " +OK" : " -ERR");
    if (reply->code.len || reply->resp_code)
        buffer_format(out, " code=%s", value_word(pop3_code_words, reply->resp_code));
    if (reply->code.len)
        buffer_pair(out, "brackets", reply->code);
    if (reply->text.len)
        buffer_pair(out, "text", reply->text);
}

static void show_ready(struct buffer *out, const mailproto_pop3_ready *ready)
{
    buffer_text(out, "READY");
    if (ready->peer_offers) {
        buffer_text(out, " offers=");
        buffer_bits(out, pop3_capability_words, ready->peer_offers);
    }
    if (ready->peer_mechanisms) {
        buffer_text(out, " mechanisms=");
        buffer_bits(out, sasl_words, ready->peer_mechanisms);
    }
    if (ready->authenticated)
        buffer_format(out, " authenticated=%s", login_name(ready->authenticated));
    if (ready->expire == MAILPROTO_POP3_EXPIRE_NEVER)
        buffer_text(out, " expire=never");
    else if (ready->expire)
        buffer_format(out, " expire=%u", (unsigned)ready->expire);
    if (ready->login_delay)
        buffer_format(out, " login_delay=%u", (unsigned)ready->login_delay);
    buffer_pair(out, "greeting", ready->greeting);
    if (ready->tls)
        buffer_text(out, " tls");
}

static void show_done(struct play *p, struct buffer *out, const mailproto_pop3_done *done)
{
    buffer_format(out, "DONE #%zu %s", number_of(p, done->command), value_word(verb_words, done->verb));
    if (done->why)
        buffer_format(out, " %s", result_name(done->why));
    if (!done->sent)
        buffer_text(out, " unsent");
    if (done->number)
        buffer_format(out, " number=%u", (unsigned)done->number);
    if (done->octets)
        buffer_format(out, " octets=%llu", (unsigned long long)done->octets);
    show_response(p, out, done->reply);
    play_end(p, "command");
}

static void show_message(struct play *p, struct buffer *out, const mailproto_pop3_message *message)
{
    buffer_format(out, "MESSAGE #%zu number=%u", number_of(p, message->command), (unsigned)message->number);
    if (message->announced)
        buffer_format(out, " size=%llu", (unsigned long long)message->size);
}

static void show_entry(struct play *p, struct buffer *out, const mailproto_pop3_entry *entry)
{
    buffer_format(out, "ENTRY #%zu %u", number_of(p, entry->command), (unsigned)entry->number);
    if (entry->size)
        buffer_format(out, " size=%llu", (unsigned long long)entry->size);
    if (entry->uid.len)
        buffer_pair(out, "uid", entry->uid);
}

static void show_capability(struct play *p, struct buffer *out, const mailproto_pop3_capability *capability)
{
    buffer_format(out, "CAPABILITY #%zu ", number_of(p, capability->command));
    buffer_word(out, capability->name.ptr, capability->name.len);
    if (capability->arguments.len) {
        buffer_text(out, " ");
        buffer_word(out, capability->arguments.ptr, capability->arguments.len);
    }
}

static void show_quit(struct play *p, struct buffer *out, const mailproto_pop3_quit_reply *quit)
{
    buffer_format(out, "QUIT_REPLY %s", value_word(update_words, quit->outcome));
    if (quit->deleted)
        buffer_format(out, " deleted=%u", (unsigned)quit->deleted);
    if (quit->why)
        buffer_format(out, " %s", result_name(quit->why));
    show_response(p, out, quit->reply);
    play_end(p, "TRANSACTION state");
}

static enum shown show(struct play *p, const mailproto_event *event, struct buffer *out)
{
    const mailproto_pop3_credentials *credentials = (const void *)event;
    const mailproto_pop3_refused *refused = (const void *)event;
    const mailproto_pop3_body *body = (const void *)event;

    if (login_show(&logins, event, out))
        return SHOWN_TEXT;
    switch (event->type) {
    case MAILPROTO_POP3_CLIENT_READY:
        show_ready(out, (const void *)event);
        play_begin(p, "TRANSACTION state");
        break;
    case MAILPROTO_POP3_CLIENT_CREDENTIALS:
        buffer_format(out, "CREDENTIALS %s%s", login_name(credentials->mechanism), credentials->tls ? " tls" : "");
        break;
    case MAILPROTO_POP3_CLIENT_REFUSED:
        buffer_format(out, "REFUSED %s", value_word(stage_words, refused->stage));
        show_response(p, out, refused->reply);
        break;
    case MAILPROTO_POP3_CLIENT_ENTRY:
        show_entry(p, out, (const void *)event);
        break;
    case MAILPROTO_POP3_CLIENT_CAPABILITY:
        show_capability(p, out, (const void *)event);
        break;
    case MAILPROTO_POP3_CLIENT_MESSAGE:
        show_message(p, out, (const void *)event);
        break;
    case MAILPROTO_POP3_CLIENT_BODY:
        buffer_add(out, body->bytes.ptr, body->bytes.len);
        number_of(p, body->command);
        if (!body->bytes.len)
            play_fail(p, 0, "a BODY event without octets");
        return SHOWN_BODY;
    case MAILPROTO_POP3_CLIENT_DONE:
        show_done(p, out, (const void *)event);
        break;
    case MAILPROTO_POP3_CLIENT_QUIT_REPLY:
        show_quit(p, out, (const void *)event);
        break;
    default:
        buffer_format(out, "event 0x%x", (unsigned)event->type);
    }
    return SHOWN_TEXT;
}

/* ---- answers and submissions ---- */

static int32_t answer(struct play *p, uint32_t type, uint64_t token, const struct words *words)
{
    mailproto_text authorization = words_value(words, "authorization"), name = words_value(words, "name"),
                   password = words_value(words, "password");
    int32_t result;

    if (login_answer(p, &logins, token, words, &result))
        return result;
    if (type != MAILPROTO_POP3_CLIENT_CREDENTIALS || !word_is(words->word[0], "credentials")) {
        play_fail(p, 0, "not an answer: %s", words->word[0].ptr);
        return MAILPROTO_ERR_ARG;
    }
    result = mailproto_pop3_client_credentials(p->engine, token, authorization.ptr, authorization.len, name.ptr,
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

static uint32_t number_at(const struct words *words, size_t i)
{
    uint64_t number = 0;

    return i < words->count && !word_number(words->word[i], 0, &number) ? (uint32_t)number : 0;
}

static int32_t submit(struct play *p, const struct words *words, uint64_t *token)
{
    mailproto_pop3_client *client = p->engine;
    mailproto_text verb = words->word[0];
    uint32_t number = number_at(words, 1);

    if (word_is(verb, "stat"))
        return mailproto_pop3_client_stat(client, token);
    if (word_is(verb, "list"))
        return mailproto_pop3_client_list(client, number, token);
    if (word_is(verb, "uidl"))
        return mailproto_pop3_client_uidl(client, number, token);
    if (word_is(verb, "retr"))
        return mailproto_pop3_client_retr(client, number, token);
    if (word_is(verb, "top"))
        return mailproto_pop3_client_top(client, number, number_at(words, 2), token);
    if (word_is(verb, "dele"))
        return mailproto_pop3_client_dele(client, number, token);
    if (word_is(verb, "noop"))
        return mailproto_pop3_client_noop(client, token);
    if (word_is(verb, "rset"))
        return mailproto_pop3_client_rset(client, token);
    if (word_is(verb, "capa"))
        return mailproto_pop3_client_capa(client, token);
    play_fail(p, 0, "the client cannot do that");
    return MAILPROTO_ERR_ARG;
}

static int32_t perform(struct play *p, const struct words *words)
{
    struct client *client = client_of(p);
    uint64_t token = 0;
    int32_t result;

    if (word_is(words->word[0], "cancel")) {
        uint32_t n = number_at(words, 1);

        return mailproto_session_cancel(p->session, n && n <= client->count ? client->token[n - 1] : 0);
    }
    result = submit(p, words, &token);
    if (!result && client->count < MAX_COMMANDS) {
        client->token[client->count++] = token;
        play_begin(p, "command");
    }
    return result;
}

/* ---- plays that went astray ---- */

static int may_end_with(const mailproto_event *event)
{
    const mailproto_pop3_done *done = (const void *)event;
    const mailproto_pop3_quit_reply *quit = (const void *)event;

    if (event->type == MAILPROTO_POP3_CLIENT_DONE)
        return done->why != 0;
    return event->type == MAILPROTO_POP3_CLIENT_QUIT_REPLY && quit->outcome != MAILPROTO_POP3_UPDATE_DONE;
}

static int harmless(const char *line)
{
    (void)line;
    return 1;
}

static int cleartext(const struct play *p)
{
    return settings_have(p, "flags", "CLEARTEXT_LOGIN") && !settings_have(p, "tls", "REQUIRED");
}

const struct role role_pop3_client = {
    .name = "pop3-client",
    .create = create,
    .show = show,
    .event_name = event_name,
    .answer = answer,
    .perform = perform,
    .may_end_with = may_end_with,
    .harmless = harmless,
    .defaulted = defaulted,
    .cleartext = cleartext,
    .credentials_event = MAILPROTO_POP3_CLIENT_CREDENTIALS,
};
