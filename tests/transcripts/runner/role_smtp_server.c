/* role_smtp_server.c - the SMTP and LMTP server engine as the player sees it.
 * mailproto/smtp_server.h. */
#include <string.h>

#include "logins.h"
#include "mailproto/smtp_server.h"
#include "role.h"
#include "smtp_words.h"

static const struct word flag_words[] = {
    {"LMTP", MAILPROTO_SMTP_SERVER_LMTP},
    {"SUBMISSION", MAILPROTO_SMTP_SERVER_SUBMISSION},
    {"RECEIVED", MAILPROTO_SMTP_SERVER_RECEIVED},
    {"CLEARTEXT_AUTH", MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH},
    {"NORMALISE_NEWLINES", MAILPROTO_SMTP_SERVER_NORMALISE_NEWLINES},
    {"ACCEPT_NUL", MAILPROTO_SMTP_SERVER_ACCEPT_NUL},
    {"PASS_PARAMETERS", MAILPROTO_SMTP_SERVER_PASS_PARAMETERS},
    {NULL, 0},
};

#define FIELD(name, kind, table)                                                                                       \
    {                                                                                                                  \
#name, offsetof(mailproto_smtp_server_config, name), kind, table                                               \
    }
#define NUMBER(name) FIELD(name, SETTING_U32, NULL)
static const struct setting settings[] = {
    FIELD(flags, SETTING_WORDS, flag_words),
    FIELD(offer, SETTING_WORDS, smtp_extension_words),
    FIELD(mask, SETTING_WORDS, smtp_extension_words),
    FIELD(mechanisms, SETTING_WORDS, sasl_words),
    FIELD(tls, SETTING_WORDS, tls_words),
    NUMBER(max_open),
    NUMBER(max_line),
    NUMBER(max_auth_line),
    NUMBER(max_text_line),
    NUMBER(max_recipients),
    NUMBER(max_bad_commands),
    NUMBER(max_hops),
    NUMBER(max_transactions),
    FIELD(max_message, SETTING_U64, NULL),
    FIELD(max_discard, SETTING_U64, NULL),
    NUMBER(greeting_ms),
    NUMBER(command_ms),
    NUMBER(body_ms),
    NUMBER(tls_ms),
    NUMBER(answer_ms),
    NUMBER(stall_ms),
    NUMBER(min_body_rate),
    FIELD(hostname, SETTING_TEXT, NULL),
    FIELD(banner, SETTING_TEXT, NULL),
    FIELD(peer_address, SETTING_TEXT, NULL),
    FIELD(peer_name, SETTING_TEXT, NULL),
    {NULL, 0, SETTING_U32, NULL},
};

static const struct word event_words[] = {
    {"CONNECT", MAILPROTO_SMTP_SERVER_CONNECT},
    {"HELLO", MAILPROTO_SMTP_SERVER_HELLO},
    {"AUTH", MAILPROTO_SMTP_SERVER_AUTH},
    {"MAIL", MAILPROTO_SMTP_SERVER_MAIL},
    {"RCPT", MAILPROTO_SMTP_SERVER_RCPT},
    {"MESSAGE_BEGIN", MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN},
    {"BODY", MAILPROTO_SMTP_SERVER_BODY},
    {"MESSAGE_END", MAILPROTO_SMTP_SERVER_MESSAGE_END},
    {"RCPT_RESULT", MAILPROTO_SMTP_SERVER_RCPT_RESULT},
    {"MESSAGE_ABORTED", MAILPROTO_SMTP_SERVER_MESSAGE_ABORTED},
    {"TRANSACTION_END", MAILPROTO_SMTP_SERVER_TRANSACTION_END},
    {"VRFY", MAILPROTO_SMTP_SERVER_VRFY},
    {"EXPN", MAILPROTO_SMTP_SERVER_EXPN},
    {"HELP", MAILPROTO_SMTP_SERVER_HELP},
    {"KEYS", MAILPROTO_SMTP_SERVER_KEYS},
    {"DERIVE", MAILPROTO_SMTP_SERVER_DERIVE},
    {"STEP", MAILPROTO_SMTP_SERVER_STEP},
    {NULL, 0},
};

static const char *event_name(uint32_t type)
{
    return value_word(event_words, type);
}

static int32_t give_keys(void *engine, uint64_t token, const mailproto_sasl_keys *keys)
{
    return mailproto_smtp_server_keys(engine, token, keys);
}

static int32_t give_derived(void *engine, uint64_t token, const void *key, size_t len)
{
    return mailproto_smtp_server_derived(engine, token, key, len);
}

static int32_t give_step(void *engine, uint64_t token, const mailproto_sasl_stepped *stepped)
{
    return mailproto_smtp_server_step(engine, token, stepped);
}

static const struct login_calls logins = {.keys = MAILPROTO_SMTP_SERVER_KEYS,
                                          .derive = MAILPROTO_SMTP_SERVER_DERIVE,
                                          .step = MAILPROTO_SMTP_SERVER_STEP,
                                          .give_keys = give_keys,
                                          .give_derived = give_derived,
                                          .give_step = give_step};

/* ---- construction ---- */

#define ON(name, payload)                                                                                              \
    static int32_t on_##name(mailproto_smtp_server *server, const mailproto_##payload *event, void *user)              \
    {                                                                                                                  \
        (void)server;                                                                                                  \
        return play_event(user, &event->head);                                                                         \
    }
ON(connect, smtp_connect)
ON(hello, smtp_hello)
ON(auth, smtp_auth)
ON(mail, smtp_mail)
ON(rcpt, smtp_rcpt)
ON(message_begin, smtp_message_begin)
ON(body, smtp_body)
ON(message_end, smtp_message_end)
ON(rcpt_result, smtp_rcpt_result)
ON(message_aborted, smtp_message_aborted)
ON(transaction_end, smtp_transaction_end)
ON(vrfy, smtp_query)
ON(expn, smtp_query)
ON(help, smtp_query)
ON(keys, sasl_keys_wanted)
ON(derive, sasl_derive_wanted)
ON(step, sasl_step)
ON(tls_started, tls_started)
ON(cancel, cancel)
ON(trace, trace)
ON(closed, closed)

static void set_callbacks(const struct play *p, mailproto_smtp_server_callbacks *table)
{
    mailproto_smtp_server_callbacks_init(table, sizeof *table);
#define SET(name) table->on_##name = settings_without(p, #name) ? NULL : on_##name
    SET(connect);
    SET(hello);
    SET(auth);
    SET(mail);
    SET(rcpt);
    SET(message_begin);
    SET(body);
    SET(message_end);
    SET(rcpt_result);
    SET(message_aborted);
    SET(transaction_end);
    SET(vrfy);
    SET(expn);
    SET(help);
    SET(keys);
    SET(derive);
    SET(step);
    SET(tls_started);
    SET(cancel);
    SET(trace);
    SET(closed);
}

static int32_t create(struct play *p, const char **why)
{
    mailproto_smtp_server_config config;
    mailproto_smtp_server_callbacks table;
    mailproto_smtp_server *server = NULL;
    int32_t result;

    mailproto_smtp_server_config_init(&config, sizeof config);
    if (settings_apply(p, &config, settings))
        return MAILPROTO_ERR_ARG;
    if (!strncmp(p->t->role, "lmtp", 4))
        config.flags |= MAILPROTO_SMTP_SERVER_LMTP;
    if (p->v->open)
        config.max_open = 16;
    if (p->v->masked) {
        uint32_t bits;

        if (word_to_bits(smtp_extension_words, (mailproto_text){p->t->capability, strlen(p->t->capability)}, &bits))
            play_fail(p, 1, "CAPABILITY: unknown");
        else
            config.mask |= bits;
    }
    config.sasl = login_server_config(p);
    set_callbacks(p, &table);
    result = mailproto_smtp_server_new(&server, &config, p->v->polled ? NULL : &table, &p->memory.allocator, p, why);
    if (!result) {
        p->engine = server;
        p->inner = mailproto_smtp_server_session(server);
    }
    return result;
}

/* ---- events in words ---- */

static void show_unknown(struct buffer *out, const mailproto_smtp_parameter *unknown)
{
    for (; unknown; unknown = unknown->next) {
        buffer_text(out, " +");
        buffer_word(out, unknown->keyword.ptr, unknown->keyword.len);
        if (unknown->value.ptr) {
            buffer_text(out, "=");
            buffer_word(out, unknown->value.ptr, unknown->value.len);
        }
    }
}

static void show_mail(struct buffer *out, const mailproto_smtp_mail *mail)
{
    buffer_text(out, "MAIL ");
    smtp_show_path(out, mail->path);
    if (mail->size)
        buffer_format(out, " size=%llu", (unsigned long long)mail->size);
    if (mail->body)
        buffer_format(out, " body=%s", value_word(smtp_body_words, mail->body));
    smtp_show_flags(out, mail->flags);
    if (mail->ret)
        buffer_format(out, " ret=%s", value_word(smtp_ret_words, mail->ret));
    if (mail->envid.len)
        buffer_pair(out, "envid", mail->envid);
    if (mail->has_auth)
        buffer_pair(out, "auth", mail->auth);
    show_unknown(out, mail->unknown);
}

static void show_rcpt(struct buffer *out, const mailproto_smtp_rcpt *rcpt)
{
    buffer_format(out, "RCPT %u ", (unsigned)rcpt->index);
    smtp_show_path(out, rcpt->path);
    if (rcpt->notify) {
        buffer_text(out, " notify=");
        buffer_bits(out, smtp_notify_words, rcpt->notify);
    }
    if (rcpt->orcpt_type.len || rcpt->orcpt.len) {
        buffer_pair(out, "orcpt_type", rcpt->orcpt_type);
        buffer_pair(out, "orcpt", rcpt->orcpt);
    }
    show_unknown(out, rcpt->unknown);
}

static void show_auth(struct buffer *out, const mailproto_smtp_auth *auth)
{
    buffer_format(out, "AUTH %s", login_name(auth->mechanism));
    if (auth->authorization.len)
        buffer_pair(out, "authorization", auth->authorization);
    buffer_pair(out, "name", auth->name);
    if (auth->password.len)
        buffer_pair(out, "password", auth->password);
    if (auth->tls)
        buffer_text(out, " tls");
    login_show_outcome(out, auth->outcome, auth->host, auth->port);
}

static void show_query(struct buffer *out, const char *name, const mailproto_smtp_query *query)
{
    buffer_text(out, name);
    if (query->argument.len) {
        buffer_text(out, " ");
        buffer_word(out, query->argument.ptr, query->argument.len);
    }
}

static void show_simple(struct play *p, const mailproto_event *event, struct buffer *out)
{
    const mailproto_smtp_connect *connected = (const void *)event;
    const mailproto_smtp_hello *said = (const void *)event;
    const mailproto_smtp_message_begin *begin = (const void *)event;
    const mailproto_smtp_message_end *ended = (const void *)event;
    const mailproto_smtp_message_aborted *aborted = (const void *)event;
    const mailproto_smtp_transaction_end *over = (const void *)event;

    buffer_text(out, event_name(event->type));
    switch (event->type) {
    case MAILPROTO_SMTP_SERVER_CONNECT:
        if (connected->peer_address.len) {
            buffer_text(out, " ");
            buffer_word(out, connected->peer_address.ptr, connected->peer_address.len);
        }
        break;
    case MAILPROTO_SMTP_SERVER_HELLO:
        buffer_format(out, " %.*s ", (int)said->verb.len, said->verb.ptr);
        buffer_word(out, said->domain.ptr, said->domain.len);
        break;
    case MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN:
        buffer_format(out, " recipients=%u%s", (unsigned)begin->recipients, begin->chunking ? " chunking" : "");
        break;
    case MAILPROTO_SMTP_SERVER_MESSAGE_END:
        play_end(p, "message");
        buffer_format(out, " size=%llu recipients=%u", (unsigned long long)ended->size, (unsigned)ended->recipients);
        break;
    case MAILPROTO_SMTP_SERVER_RCPT_RESULT:
        buffer_format(out, " %u", (unsigned)((const mailproto_smtp_rcpt_result *)(const void *)event)->index);
        break;
    case MAILPROTO_SMTP_SERVER_MESSAGE_ABORTED:
        play_end(p, "message");
        buffer_format(out, " %s", result_name(aborted->why));
        break;
    case MAILPROTO_SMTP_SERVER_TRANSACTION_END:
        play_end(p, "transaction");
        buffer_format(out, "%s", over->delivered ? " delivered" : "");
        if (over->why)
            buffer_format(out, " %s", result_name(over->why));
        break;
    default:
        break;
    }
}

static enum shown show(struct play *p, const mailproto_event *event, struct buffer *out)
{
    const mailproto_smtp_body *body = (const void *)event;

    if (login_show(&logins, event, out))
        return SHOWN_TEXT;
    switch (event->type) {
    case MAILPROTO_SMTP_SERVER_MAIL:
        show_mail(out, (const void *)event);
        break;
    case MAILPROTO_SMTP_SERVER_RCPT:
        show_rcpt(out, (const void *)event);
        break;
    case MAILPROTO_SMTP_SERVER_AUTH:
        show_auth(out, (const void *)event);
        break;
    case MAILPROTO_SMTP_SERVER_VRFY:
    case MAILPROTO_SMTP_SERVER_EXPN:
    case MAILPROTO_SMTP_SERVER_HELP:
        show_query(out, event_name(event->type), (const void *)event);
        break;
    case MAILPROTO_SMTP_SERVER_BODY:
        buffer_add(out, body->bytes.ptr, body->bytes.len);
        if (!body->bytes.len)
            play_fail(p, 0, "a BODY event without octets");
        return body->prepended ? SHOWN_PREPENDED : SHOWN_BODY;
    default:
        show_simple(p, event, out);
    }
    return SHOWN_TEXT;
}

/* ---- answers ---- */

static const char *usual(uint32_t type)
{
    if (type == MAILPROTO_SMTP_SERVER_KEYS || type == MAILPROTO_SMTP_SERVER_DERIVE ||
        type == MAILPROTO_SMTP_SERVER_STEP)
        return "default";
    return "accept";
}

static void accepted(struct play *p, uint32_t type)
{
    if (type == MAILPROTO_SMTP_SERVER_MAIL)
        play_begin(p, "transaction");
    if (type == MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN)
        play_begin(p, "message");
}

static void defaulted(struct play *p, uint32_t type, uint64_t token)
{
    (void)token;
    accepted(p, type); /* the defaults of MAIL and MESSAGE_BEGIN accept */
}

/* [delay=N] [close] CODE [ENHANCED] [TEXT...] */
static int parse_verdict(struct play *p, const struct words *words, mailproto_smtp_verdict *verdict)
{
    struct buffer text = {0};
    uint64_t code = 0;
    size_t i = 0;

    mailproto_smtp_verdict_init(verdict, sizeof *verdict);
    verdict->delay_ms = (uint32_t)words_number(words, "delay", 0);
    while (i < words->count && (word_is(words->word[i], "close") || !strncmp(words->word[i].ptr, "delay=", 6)))
        verdict->close |= word_is(words->word[i++], "close");
    if (i == words->count || word_number(words->word[i++], 0, &code))
        return -1;
    verdict->code = (uint32_t)code;
    if (i < words->count && memchr(words->word[i].ptr, '.', words->word[i].len) && words->word[i].ptr[1] == '.')
        verdict->enhanced = words->word[i++];
    for (; i < words->count; i++) {
        if (text.len)
            buffer_text(&text, " ");
        buffer_add(&text, words->word[i].ptr, words->word[i].len);
    }
    verdict->text = (mailproto_text){pool_copy(p->pool, buffer_string(&text), text.len), text.len};
    buffer_free(&text);
    return 0;
}

static int32_t say(struct play *p, uint64_t token, const mailproto_smtp_verdict *verdict)
{
    if (!verdict->close && !verdict->delay_ms && (p->answers++ & 1))
        return mailproto_smtp_server_reply(p->engine, token, verdict->code, verdict->enhanced.ptr,
                                           verdict->enhanced.len, verdict->text.ptr, verdict->text.len);
    return mailproto_smtp_server_answer(p->engine, token, verdict);
}

static int32_t answer(struct play *p, uint32_t type, uint64_t token, const struct words *words)
{
    mailproto_smtp_verdict verdict;
    struct words rest = {.count = words->count - 1};
    int32_t result;

    if (login_answer(p, &logins, token, words, &result))
        return result;
    memcpy(rest.word, words->word + 1, rest.count * sizeof *rest.word);
    if (word_is(words->word[0], "prepend"))
        return mailproto_smtp_server_prepend(p->engine, token, words->count > 1 ? words->word[1].ptr : "",
                                             words->count > 1 ? words->word[1].len : 0);
    if (word_is(words->word[0], "reject")) {
        if (parse_verdict(p, &rest, &verdict))
            return MAILPROTO_ERR_ARG;
        return mailproto_smtp_server_reject_message(p->engine, &verdict);
    }
    if (word_is(words->word[0], "accept")) {
        result = mailproto_smtp_server_accept(p->engine, token);
        verdict.code = 250;
    } else {
        if (parse_verdict(p, words, &verdict)) {
            play_fail(p, 0, "not an answer: %s", words->word[0].ptr);
            return MAILPROTO_ERR_ARG;
        }
        result = say(p, token, &verdict);
    }
    if (!result) {
        play_request_answered(p, token);
        if (verdict.code < 400)
            accepted(p, type);
    }
    return result;
}

static void show_info(const mailproto_smtp_server_info *info, struct buffer *out)
{
    buffer_format(out, "transactions=%u%s%s", (unsigned)info->transactions, info->tls ? " tls" : "",
                  info->authenticated ? " authenticated" : "");
    buffer_pair(out, "hello", info->hello);
    buffer_pair(out, "protocol", info->protocol);
}

/* DO info transactions=1 hello=... protocol=...: what the session knows. */
static int32_t check_info(struct play *p, const struct words *words)
{
    mailproto_smtp_server_info info;
    struct buffer want = {0}, got = {0};
    int32_t result = mailproto_smtp_server_info_get(p->engine, &info, sizeof info);

    for (size_t i = 1; i < words->count; i++)
        buffer_format(&want, "%s%s", i > 1 ? " " : "", words->word[i].ptr);
    show_info(&info, &got);
    if (strcmp(buffer_string(&want), buffer_string(&got)) != 0 && !p->v->lenient)
        play_fail(p, 0, "expected: info %s\n     got: info %s", buffer_string(&want), buffer_string(&got));
    buffer_free(&want);
    buffer_free(&got);
    return result;
}

static int32_t perform(struct play *p, const struct words *words)
{
    if (word_is(words->word[0], "reject"))
        return answer(p, 0, 0, words);
    if (word_is(words->word[0], "info"))
        return check_info(p, words);
    play_fail(p, 0, "a server cannot do that");
    return MAILPROTO_ERR_ARG;
}

static int may_end_with(const mailproto_event *event)
{
    return event->type == MAILPROTO_SMTP_SERVER_MESSAGE_ABORTED || event->type == MAILPROTO_SMTP_SERVER_TRANSACTION_END;
}

/* A refusal: nothing was promised with it. */
static int harmless(const char *line)
{
    return *line == '4' || *line == '5';
}

static int cleartext(const struct play *p)
{
    return settings_have(p, "flags", "CLEARTEXT_AUTH") && !settings_have(p, "tls", "REQUIRED");
}

#define SMTP_SERVER_ROLE(called)                                                                                       \
    {                                                                                                                  \
        .name = called, .server = 1, .create = create, .show = show, .event_name = event_name, .answer = answer,       \
        .perform = perform, .may_end_with = may_end_with, .harmless = harmless, .usual = usual,                        \
        .defaulted = defaulted, .cleartext = cleartext, .auth_event = MAILPROTO_SMTP_SERVER_AUTH,                      \
    }

const struct role role_smtp_server = SMTP_SERVER_ROLE("smtp-server");
const struct role role_lmtp_server = SMTP_SERVER_ROLE("lmtp-server");
