/* role_pop3_server.c - the POP3 server engine as the player sees it.
 * mailproto/pop3_server.h. */
#include <stdlib.h>
#include <string.h>

#include "logins.h"
#include "mailproto/pop3_server.h"
#include "pop3_words.h"
#include "role.h"

static const struct word flag_words[] = {
    {"CLEARTEXT_LOGIN", MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN},
    {"BARE_LF", MAILPROTO_POP3_SERVER_BARE_LF},
    {"EXPIRE_USER", MAILPROTO_POP3_SERVER_EXPIRE_USER},
    {"LOGIN_DELAY_USER", MAILPROTO_POP3_SERVER_LOGIN_DELAY_USER},
    {NULL, 0},
};

#define FIELD(name, kind, table)                                                                                       \
    {                                                                                                                  \
#name, offsetof(mailproto_pop3_server_config, name), kind, table                                               \
    }
#define NUMBER(name) FIELD(name, SETTING_U32, NULL)
static const struct setting settings[] = {
    FIELD(flags, SETTING_WORDS, flag_words),
    FIELD(offer, SETTING_WORDS, pop3_capability_words),
    FIELD(mask, SETTING_WORDS, pop3_capability_words),
    FIELD(mechanisms, SETTING_WORDS, sasl_words),
    FIELD(tls, SETTING_WORDS, tls_words),
    NUMBER(expire),
    NUMBER(login_delay),
    NUMBER(max_line),
    NUMBER(max_auth_line),
    NUMBER(max_bad_commands),
    NUMBER(max_auth_failures),
    NUMBER(list_page),
    NUMBER(piece),
    FIELD(max_discard, SETTING_U64, NULL),
    NUMBER(login_ms),
    NUMBER(command_ms),
    NUMBER(tls_ms),
    NUMBER(answer_ms),
    NUMBER(stall_ms),
    FIELD(banner, SETTING_TEXT, NULL),
    FIELD(implementation, SETTING_TEXT, NULL),
    FIELD(peer_address, SETTING_TEXT, NULL),
    {NULL, 0, SETTING_U32, NULL},
};

static const struct word event_words[] = {
    {"CONNECT", MAILPROTO_POP3_SERVER_CONNECT},
    {"AUTH", MAILPROTO_POP3_SERVER_AUTH},
    {"OPEN", MAILPROTO_POP3_SERVER_OPEN},
    {"LIST", MAILPROTO_POP3_SERVER_LIST},
    {"RETRIEVE", MAILPROTO_POP3_SERVER_RETRIEVE},
    {"PIECE", MAILPROTO_POP3_SERVER_PIECE},
    {"RETRIEVE_END", MAILPROTO_POP3_SERVER_RETRIEVE_END},
    {"COMMIT", MAILPROTO_POP3_SERVER_COMMIT},
    {"MAILDROP_END", MAILPROTO_POP3_SERVER_MAILDROP_END},
    {"KEYS", MAILPROTO_POP3_SERVER_KEYS},
    {"DERIVE", MAILPROTO_POP3_SERVER_DERIVE},
    {"STEP", MAILPROTO_POP3_SERVER_STEP},
    {NULL, 0},
};
static const struct word item_words[] = {{"SIZE", MAILPROTO_POP3_LIST_SIZE},
                                         {"UID", MAILPROTO_POP3_LIST_UID},
                                         {NULL, 0}};

struct server {
    const struct message *retrieved; /* the one whose pieces are asked for */
};

static const char *event_name(uint32_t type)
{
    return value_word(event_words, type);
}

/* ---- logins ---- */

static int32_t give_keys(void *engine, uint64_t token, const mailproto_sasl_keys *keys)
{
    return mailproto_pop3_server_keys(engine, token, keys);
}

static int32_t give_derived(void *engine, uint64_t token, const void *key, size_t len)
{
    return mailproto_pop3_server_derived(engine, token, key, len);
}

static int32_t give_step(void *engine, uint64_t token, const mailproto_sasl_stepped *stepped)
{
    return mailproto_pop3_server_step(engine, token, stepped);
}

static const struct login_calls logins = {.keys = MAILPROTO_POP3_SERVER_KEYS,
                                          .derive = MAILPROTO_POP3_SERVER_DERIVE,
                                          .step = MAILPROTO_POP3_SERVER_STEP,
                                          .give_keys = give_keys,
                                          .give_derived = give_derived,
                                          .give_step = give_step};

/* ---- construction ---- */

#define ON(name, payload)                                                                                              \
    static int32_t on_##name(mailproto_pop3_server *server, const mailproto_##payload *event, void *user)              \
    {                                                                                                                  \
        (void)server;                                                                                                  \
        return play_event(user, &event->head);                                                                         \
    }
ON(connect, pop3_connect)
ON(auth, pop3_auth)
ON(open, pop3_open)
ON(list, pop3_list)
ON(retrieve, pop3_retrieve)
ON(piece, pop3_piece)
ON(retrieve_end, pop3_retrieve_end)
ON(commit, pop3_commit)
ON(maildrop_end, pop3_maildrop_end)
ON(keys, sasl_keys_wanted)
ON(derive, sasl_derive_wanted)
ON(step, sasl_step)
ON(tls_started, tls_started)
ON(cancel, cancel)
ON(trace, trace)
ON(closed, closed)

static void set_callbacks(const struct play *p, mailproto_pop3_server_callbacks *table)
{
    mailproto_pop3_server_callbacks_init(table, sizeof *table);
#define SET(name) table->on_##name = settings_without(p, #name) ? NULL : on_##name
    SET(connect);
    SET(auth);
    SET(open);
    SET(list);
    SET(retrieve);
    SET(piece);
    SET(retrieve_end);
    SET(commit);
    SET(maildrop_end);
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
    mailproto_pop3_server_config config;
    mailproto_pop3_server_callbacks table;
    mailproto_pop3_server *server = NULL;
    uint32_t bits = 0;
    int32_t result;

    mailproto_pop3_server_config_init(&config, sizeof config);
    if (settings_apply(p, &config, settings))
        return MAILPROTO_ERR_ARG;
    if (p->v->masked && pop3_capability(p->t->capability, &bits))
        play_fail(p, 1, "CAPABILITY: unknown");
    config.mask |= bits;
    config.sasl = login_server_config(p);
    set_callbacks(p, &table);
    result = mailproto_pop3_server_new(&server, &config, p->v->polled ? NULL : &table, &p->memory.allocator, p, why);
    if (!result) {
        p->engine = server;
        p->inner = mailproto_pop3_server_session(server);
        p->state = pool_get(p->pool, sizeof(struct server));
    }
    return result;
}

/* ---- events in words ---- */

static void show_auth(struct buffer *out, const mailproto_pop3_auth *auth)
{
    buffer_format(out, "AUTH %s", login_name(auth->mechanism));
    if (auth->authorization.len)
        buffer_pair(out, "authorization", auth->authorization);
    buffer_pair(out, "name", auth->name);
    if (auth->password.len)
        buffer_pair(out, "password", auth->password);
    login_show_outcome(out, auth->outcome, auth->host, auth->port);
    if (auth->tls)
        buffer_text(out, " tls");
}

static void show_list(struct buffer *out, const mailproto_pop3_list *list)
{
    buffer_format(out, "LIST %u-%u want=%u ", (unsigned)list->first, (unsigned)list->last, (unsigned)list->want);
    buffer_bits(out, item_words, list->items);
}

static void show_retrieve_end(struct buffer *out, const mailproto_pop3_retrieve_end *end)
{
    buffer_format(out, "RETRIEVE_END %u%s octets=%llu", (unsigned)end->number, end->top ? " top" : "",
                  (unsigned long long)end->octets);
    if (end->why)
        buffer_format(out, " %s", result_name(end->why));
}

static void show_commit(struct buffer *out, const mailproto_pop3_commit *commit)
{
    buffer_format(out, "COMMIT %u-%u deleted=%u%s", (unsigned)commit->first, (unsigned)commit->last,
                  (unsigned)commit->deleted, commit->more ? " more" : "");
}

static void show_maildrop_end(struct buffer *out, const mailproto_pop3_maildrop_end *end)
{
    buffer_format(out, "MAILDROP_END%s", end->update ? " update" : "");
    if (end->failed)
        buffer_format(out, " failed=%u", (unsigned)end->failed);
    if (end->why)
        buffer_format(out, " %s", result_name(end->why));
}

static enum shown show(struct play *p, const mailproto_event *event, struct buffer *out)
{
    const mailproto_pop3_connect *connected = (const void *)event;
    const mailproto_pop3_retrieve *retrieve = (const void *)event;

    if (login_show(&logins, event, out))
        return SHOWN_TEXT;
    switch (event->type) {
    case MAILPROTO_POP3_SERVER_PIECE:
        return SHOWN_NOT;
    case MAILPROTO_POP3_SERVER_CONNECT:
        buffer_text(out, "CONNECT");
        if (connected->peer_address.len) {
            buffer_text(out, " ");
            buffer_word(out, connected->peer_address.ptr, connected->peer_address.len);
        }
        break;
    case MAILPROTO_POP3_SERVER_AUTH:
        show_auth(out, (const void *)event);
        break;
    case MAILPROTO_POP3_SERVER_LIST:
        show_list(out, (const void *)event);
        break;
    case MAILPROTO_POP3_SERVER_RETRIEVE:
        buffer_format(out, "RETRIEVE %u", (unsigned)retrieve->number);
        if (retrieve->top)
            buffer_format(out, " top lines=%u", (unsigned)retrieve->lines);
        break;
    case MAILPROTO_POP3_SERVER_RETRIEVE_END:
        show_retrieve_end(out, (const void *)event);
        play_end(p, "retrieval");
        break;
    case MAILPROTO_POP3_SERVER_COMMIT:
        show_commit(out, (const void *)event);
        break;
    case MAILPROTO_POP3_SERVER_MAILDROP_END:
        show_maildrop_end(out, (const void *)event);
        play_end(p, "maildrop");
        break;
    default:
        buffer_text(out, event_name(event->type));
    }
    return SHOWN_TEXT;
}

/* ---- answers ---- */

static const char *usual(uint32_t type)
{
    switch (type) {
    case MAILPROTO_POP3_SERVER_CONNECT:
    case MAILPROTO_POP3_SERVER_AUTH:
        return "accept";
    case MAILPROTO_POP3_SERVER_OPEN:
        return "opened 2 320";
    case MAILPROTO_POP3_SERVER_COMMIT:
        return "committed 0";
    default:
        return "default";
    }
}

static void defaulted(struct play *p, uint32_t type, uint64_t token)
{
    (void)p;
    (void)type;
    (void)token;
}

static mailproto_text joined(struct play *p, const struct words *words, size_t from)
{
    struct buffer text = {0};
    mailproto_text result;

    for (size_t i = from; i < words->count; i++) {
        if (i > from)
            buffer_text(&text, " ");
        buffer_add(&text, words->word[i].ptr, words->word[i].len);
    }
    result = (mailproto_text){pool_copy(p->pool, buffer_string(&text), text.len), text.len};
    buffer_free(&text);
    return result;
}

static int code_of(mailproto_text word, uint32_t *code)
{
    for (const struct word *w = pop3_code_words; w->name; w++)
        if (word_is(word, w->name)) {
            *code = w->value;
            return 1;
        }
    return 0;
}

/* [delay=N] [close] {ok|err} [CODE] [TEXT...] */
static int32_t say(struct play *p, uint64_t token, const struct words *words)
{
    mailproto_pop3_verdict verdict;
    size_t i = 0;

    mailproto_pop3_verdict_init(&verdict, sizeof verdict);
    verdict.delay_ms = (uint32_t)words_number(words, "delay", 0);
    while (i < words->count && (word_is(words->word[i], "close") || !strncmp(words->word[i].ptr, "delay=", 6)))
        verdict.close |= word_is(words->word[i++], "close");
    if (i == words->count || (!word_is(words->word[i], "ok") && !word_is(words->word[i], "err"))) {
        play_fail(p, 0, "not an answer: %s", words->word[0].ptr);
        return MAILPROTO_ERR_ARG;
    }
    verdict.status = word_is(words->word[i++], "ok") ? MAILPROTO_POP3_OK : MAILPROTO_POP3_ERR;
    if (i < words->count && code_of(words->word[i], &verdict.resp_code))
        i++;
    verdict.text = joined(p, words, i);
    if (verdict.status == MAILPROTO_POP3_ERR && !verdict.delay_ms && !verdict.close && (p->answers++ & 1))
        return mailproto_pop3_server_err(p->engine, token, verdict.resp_code, verdict.text.ptr, verdict.text.len);
    return mailproto_pop3_server_answer(p->engine, token, &verdict);
}

/* NUMBER:SIZE:UID, of which the last may be missing. */
static int32_t give(struct play *p, uint64_t token, mailproto_text item)
{
    char *end;
    unsigned long number = strtoul(item.ptr, &end, 10);
    unsigned long long size = *end == ':' ? strtoull(end + 1, &end, 10) : 0;
    const char *uid = *end == ':' ? end + 1 : "";

    return mailproto_pop3_server_give(p->engine, token, (uint32_t)number, size, uid,
                                      (size_t)(item.ptr + item.len - uid));
}

/* given ITEM...: all of it. give ITEM: one, and more follows. */
static int32_t answer_list(struct play *p, uint64_t token, const struct words *words)
{
    int32_t result = MAILPROTO_OK;

    for (size_t i = 1; i < words->count && !result; i++)
        result = give(p, token, words->word[i]);
    if (result || word_is(words->word[0], "give"))
        return result;
    return mailproto_pop3_server_given(p->engine, token);
}

/* retrieving MESSAGE [size=N] */
static int32_t answer_retrieve(struct play *p, uint64_t token, const struct words *words)
{
    struct server *server = p->state;
    const struct message *message = words->count > 1 ? play_message(p, words->word[1]) : NULL;
    int32_t result;

    if (!message)
        return MAILPROTO_ERR_ARG;
    result = mailproto_pop3_server_retrieving(p->engine, token, words_number(words, "size", message->octets.len));
    if (!result) {
        server->retrieved = message;
        play_begin(p, "retrieval");
    }
    return result;
}

/* opened COUNT OCTETS */
static int32_t answer_open(struct play *p, uint64_t token, const struct words *words)
{
    uint64_t count = 0, octets = 0;
    int32_t result;

    if (words->count < 3 || word_number(words->word[1], 0, &count) || word_number(words->word[2], 0, &octets))
        return MAILPROTO_ERR_ARG;
    result = mailproto_pop3_server_opened(p->engine, token, (uint32_t)count, octets);
    if (!result)
        play_begin(p, "maildrop");
    return result;
}

static uint32_t days(const struct words *words)
{
    if (word_is(words_value(words, "expire"), "never"))
        return MAILPROTO_POP3_EXPIRE_NEVER;
    return (uint32_t)words_number(words, "expire", 0);
}

static int32_t answer(struct play *p, uint32_t type, uint64_t token, const struct words *words)
{
    mailproto_text verb = words->word[0];
    uint64_t failed = 0;
    int32_t result;

    (void)type;
    if (login_answer(p, &logins, token, words, &result))
        return result;
    if (word_is(verb, "policy"))
        return mailproto_pop3_server_policy(p->engine, token, days(words),
                                            (uint32_t)words_number(words, "login_delay", 0));
    if (word_is(verb, "give"))
        return answer_list(p, token, words);
    if (word_is(verb, "accept"))
        result = mailproto_pop3_server_accept(p->engine, token);
    else if (word_is(verb, "given"))
        result = answer_list(p, token, words);
    else if (word_is(verb, "retrieving"))
        result = answer_retrieve(p, token, words);
    else if (word_is(verb, "opened"))
        result = answer_open(p, token, words);
    else if (word_is(verb, "committed") && words->count > 1 && !word_number(words->word[1], 0, &failed))
        result = mailproto_pop3_server_committed(p->engine, token, (uint32_t)failed);
    else
        result = say(p, token, words);
    if (!result)
        play_request_answered(p, token);
    return result;
}

/* ---- pieces ---- */

struct wanted {
    uint64_t token, offset;
    size_t max;
};

static struct wanted wanted_of(const mailproto_pop3_piece *piece)
{
    return (struct wanted){piece->head.token, piece->offset, piece->max};
}

static int32_t give_piece(struct play *p, const struct wanted *wanted)
{
    const struct message *message = ((struct server *)p->state)->retrieved;
    size_t n, len = message ? message->octets.len : 0;

    if (!message || wanted->offset > len) {
        play_fail(p, 0, "a piece was asked for behind the end");
        return MAILPROTO_ERR_ARG;
    }
    n = len - (size_t)wanted->offset;
    if (!n && message->fails)
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

/* DO info count=2 deleted=1 retrieved=0 tls opened */
static int32_t perform(struct play *p, const struct words *words)
{
    mailproto_pop3_server_info info;
    struct buffer got = {0};
    mailproto_text want = joined(p, words, 1);
    int32_t result;

    if (!word_is(words->word[0], "info")) {
        play_fail(p, 0, "a server cannot do that");
        return MAILPROTO_ERR_ARG;
    }
    result = mailproto_pop3_server_info_get(p->engine, &info, sizeof info);
    buffer_format(&got, "count=%u deleted=%u retrieved=%u%s%s", (unsigned)info.count, (unsigned)info.deleted,
                  (unsigned)info.retrieved, info.tls ? " tls" : "", info.opened ? " opened" : "");
    if (!word_is(want, buffer_string(&got)) && !p->v->lenient)
        play_fail(p, 0, "expected: info %s\n     got: info %s", want.ptr, buffer_string(&got));
    buffer_free(&got);
    return result;
}

/* ---- plays that went astray ---- */

static int may_end_with(const mailproto_event *event)
{
    const mailproto_pop3_retrieve_end *retrieved = (const void *)event;
    const mailproto_pop3_maildrop_end *maildrop = (const void *)event;

    if (event->type == MAILPROTO_POP3_SERVER_RETRIEVE_END)
        return retrieved->why != 0;
    return event->type == MAILPROTO_POP3_SERVER_MAILDROP_END && !maildrop->update;
}

static int harmless(const char *line)
{
    return *line == '-';
}

static int cleartext(const struct play *p)
{
    return settings_have(p, "flags", "CLEARTEXT_LOGIN") && !settings_have(p, "tls", "REQUIRED");
}

const struct role role_pop3_server = {
    .name = "pop3-server",
    .server = 1,
    .create = create,
    .show = show,
    .event_name = event_name,
    .answer = answer,
    .answer_unshown = answer_unshown,
    .keep_unshown = keep_unshown,
    .perform = perform,
    .may_end_with = may_end_with,
    .harmless = harmless,
    .usual = usual,
    .defaulted = defaulted,
    .cleartext = cleartext,
    .auth_event = MAILPROTO_POP3_SERVER_AUTH,
};
