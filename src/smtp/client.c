/* client.c - the life of a client session: construction, the table of its phases, time limits and the end.
 * RFC 5321 sections 3.1, 3.8 and 4.5.3.2. */
#include "smtp/client.h"

#include <string.h>

#include "core/config.h"
#include "mime/base64.h"
#include "smtp/grammar.h"

/* ---- phases ---- */

static int nothing(struct mailproto_smtp_client *c);
static int say_word_of_phase(struct mailproto_smtp_client *c);

static const struct phase {
    int (*move)(struct mailproto_smtp_client *c);   /* makes output or raises an event: 1; 0: waits for a reply */
    void (*reply)(struct mailproto_smtp_client *c); /* NULL: no reply is ever due */
    const char *word;                               /* of say_word_of_phase */
    const char *late;                               /* what is said when the server takes too long */
    uint8_t stage;                                  /* MAILPROTO_SMTP_STAGE_* of an end before READY */
    uint8_t takes_3yz;                              /* else a reply that says so breaks the protocol */
} phases[] = {
    [MP_CLIENT_GREETING] = {nothing, mp_client_greeted, NULL, "the server did not greet in time",
                            MAILPROTO_SMTP_STAGE_CONNECT, 0},
    [MP_CLIENT_HELLO] = {say_word_of_phase, mp_client_hello_reply, "EHLO ", "no reply to EHLO in time",
                         MAILPROTO_SMTP_STAGE_HELLO, 0},
    [MP_CLIENT_HELO] = {say_word_of_phase, mp_client_helo_reply, "HELO ", "no reply to HELO in time",
                        MAILPROTO_SMTP_STAGE_HELLO, 0},
    [MP_CLIENT_STARTTLS] = {say_word_of_phase, mp_client_starttls_reply, "STARTTLS", "TLS did not start in time",
                            MAILPROTO_SMTP_STAGE_TLS, 0},
    [MP_CLIENT_AUTH] = {mp_client_auth_move, mp_client_auth_reply, NULL, "no reply to AUTH in time",
                        MAILPROTO_SMTP_STAGE_AUTH, 1},
    [MP_CLIENT_READY] = {mp_client_ready_move, NULL, NULL, "", MAILPROTO_SMTP_STAGE_NONE, 0},
    [MP_CLIENT_IDLE] = {mp_client_idle_move, NULL, NULL, "", MAILPROTO_SMTP_STAGE_NONE, 0},
    [MP_CLIENT_TRANSACTION] = {mp_client_transaction_move, mp_client_transaction_reply, NULL,
                               "no reply in a transaction in time", MAILPROTO_SMTP_STAGE_NONE, 1},
    [MP_CLIENT_SIMPLE] = {nothing, mp_client_simple_reply, NULL, "no reply to a command in time",
                          MAILPROTO_SMTP_STAGE_NONE, 0},
    [MP_CLIENT_QUIT] = {say_word_of_phase, mp_client_quit_reply, "QUIT", "no reply to QUIT in time",
                        MAILPROTO_SMTP_STAGE_NONE, 1},
};

static int nothing(struct mailproto_smtp_client *c)
{
    (void)c;
    return 0;
}

/* EHLO and HELO begin anew: what the server said before counts no more. */
static int say_word_of_phase(struct mailproto_smtp_client *c)
{
    const char *word = phases[c->phase].word;
    mailproto_text argument = {NULL, 0};

    if (c->outstanding)
        return 0;
    if (c->phase <= MP_CLIENT_HELO) {
        mp_client_forget_peer(c);
        argument = c->config.hostname;
        if (mp_client_is_lmtp(c))
            word = "LHLO ";
    }
    mp_client_say(c, word, argument.ptr, argument.len, MAILPROTO_TRACE_LINE);
    return 1;
}

void mp_client_enter(struct mailproto_smtp_client *c, uint32_t phase)
{
    if (c->base.finishing && !c->count)
        phase = MP_CLIENT_QUIT;
    c->phase = (uint8_t)phase;
}

/* ---- saying and hearing ---- */

void mp_client_raise(struct mailproto_smtp_client *c, size_t size, uint32_t type, uint64_t token)
{
    mp_raise(&c->base, &c->event, size, type, token);
}

void mp_client_await(struct mailproto_smtp_client *c)
{
    if (!c->outstanding++)
        mp_peer_clock_reset(&c->base);
}

void mp_client_say(struct mailproto_smtp_client *c, const char *line, const char *argument, size_t len, uint32_t kind)
{
    int secret = kind == MAILPROTO_TRACE_PRIVATE;
    size_t n = strlen(line);
    uint8_t *out = mp_out_reserve(&c->base, n + len + (secret ? len / 2 + 4 : 0) + 2); /* base64 takes a third more */

    if (!out) {
        mp_engine_nomem(&c->base);
        return;
    }
    memcpy(out, line, n);
    if (secret)
        len = mp_base64_encode((char *)out + n, argument, len);
    else if (len)
        memcpy(out + n, argument, len);
    memcpy(out + n + len, "\r\n", 2);
    mp_out_commit(&c->base, n + len + 2, kind);
    mp_client_await(c);
}

MP_OUTLINE void mp_client_say_word(struct mailproto_smtp_client *c, const char *line)
{
    mp_client_say(c, line, NULL, 0, MAILPROTO_TRACE_LINE);
}

/* The end has its reason in the reply just read, unless it was kept already. */
MP_OUTLINE static void keep_reason(struct mailproto_smtp_client *c)
{
    if (c->reply.class)
        mp_client_keep_reply(c);
}

void mp_client_give_up(struct mailproto_smtp_client *c, int32_t why, const char *text)
{
    c->fail_stage = phases[c->phase].stage;
    if (why == MAILPROTO_ERR_TLS)
        c->fail_stage = MAILPROTO_SMTP_STAGE_TLS;
    if (why == MAILPROTO_ERR_AUTH)
        c->fail_stage = MAILPROTO_SMTP_STAGE_AUTH;
    mp_client_end_login(c);
    keep_reason(c);
    c->end_why = why;
    c->end_text = text;
    c->base.finishing = 1;
    c->phase = MP_CLIENT_QUIT;
}

void mp_client_broken(struct mailproto_smtp_client *c, const char *text)
{
    mp_engine_end(&c->base, MAILPROTO_ERR_PROTOCOL, text);
}

/* 421 may answer anything, or nothing: the server closes (RFC 5321 3.8). */
static void shut_down(struct mailproto_smtp_client *c, int was_due)
{
    if (was_due && c->phase >= MP_CLIENT_TRANSACTION)
        phases[c->phase].reply(c);
    keep_reason(c);
    mp_engine_end(&c->base, MAILPROTO_ERR_REFUSED, "the server shuts down (421)");
}

void mp_client_replied(struct mailproto_smtp_client *c)
{
    const struct phase *phase = &phases[c->phase];
    int was_due = c->outstanding != 0;

    c->outstanding -= was_due ? 1 : 0;
    if (c->reply.code == 421 && c->phase != MP_CLIENT_QUIT)
        shut_down(c, was_due);
    else if (!was_due && c->phase == MP_CLIENT_TRANSACTION)
        mp_client_interrupted(c);
    else if (!was_due)
        mp_client_broken(c, "a reply that no command asked for");
    else if (c->reply.class == 3 && !phase->takes_3yz)
        mp_client_broken(c, "the server answered with 3yz");
    else
        phase->reply(c);
}

/* ---- what the base asks ---- */

/* A server that half-closed answers nothing more, so there is nothing to wait for. */
static int at_eof(struct mailproto_smtp_client *c)
{
    if (mp_client_read(c))
        return 1;
    if (c->phase == MP_CLIENT_QUIT)
        mp_client_quit_reply(c);
    else
        mp_engine_end(&c->base, MAILPROTO_ERR_LOST, "the server closed the connection");
    return 1;
}

static int step(struct mp_engine *e)
{
    struct mailproto_smtp_client *c = mp_client_of(e);
    struct mp_client_command *ended = mp_client_first(c, MP_COMMAND_ENDED);

    if (ended) {
        const struct mp_client_outcome end = {NULL, MAILPROTO_ERR_CANCELLED, MAILPROTO_SMTP_NOT_SENT, 0};

        mp_client_raise_done(c, ended, &end, NULL);
        return 1;
    }
    if (e->eof_seen)
        return at_eof(c);
    return phases[c->phase].move(c) || mp_client_read(c);
}

/* A client reads whatever is left to send (RFC 2920 3.1): else both sides could wait for each other. */
static int wants_input(const struct mp_engine *e)
{
    (void)e;
    return 1;
}

static void answered(struct mp_engine *e, struct mp_request *r)
{
    if (mp_client_of(e)->phase == MP_CLIENT_AUTH)
        mp_client_auth_answered(mp_client_of(e), r);
}

int32_t mp_client_refuse(struct mp_engine *e, struct mp_request *r)
{
    struct mailproto_smtp_client *c = mp_client_of(e);
    int32_t why = r->tell_cancel ? r->why : MAILPROTO_ERR_BODY;

    mp_request_answered(e, r, 0);
    if (r->type == MAILPROTO_SMTP_CLIENT_BODY)
        mp_client_abort(c, why, why == MAILPROTO_ERR_BODY ? "the body could not be given" : NULL);
    return MAILPROTO_OK;
}

static void fail_event(struct mp_engine *e, uint32_t type)
{
    if (type == MAILPROTO_SMTP_CLIENT_RCPT_REPLY)
        mp_client_abort(mp_client_of(e), MAILPROTO_ERR_HOST, NULL);
    else
        mp_engine_end(e, MAILPROTO_ERR_HOST, "the host failed the session");
}

static uint32_t peer_limit(const struct mp_engine *e)
{
    const struct mailproto_smtp_client *c = mp_client_of(e);
    uint32_t limit = c->config.command_ms;

    if (e->tls == MP_TLS_DRAINING)
        limit = c->config.tls_ms;
    else if (!c->outstanding)
        return 0;
    else if (c->phase == MP_CLIENT_GREETING)
        limit = c->config.greeting_ms;
    else if (c->phase == MP_CLIENT_TRANSACTION)
        limit = mp_client_reply_limit(c);
    return mp_or_never(limit);
}

static void peer_timeout(struct mp_engine *e)
{
    struct mailproto_smtp_client *c = mp_client_of(e);

    if (c->end_why)
        mp_client_quit_reply(c);
    mp_engine_end(e, MAILPROTO_ERR_TIMEOUT,
                  e->tls == MP_TLS_DRAINING ? "the TLS handshake took too long" : phases[c->phase].late);
}

static void eof(struct mp_engine *e)
{
    at_eof(mp_client_of(e));
}

static void idle(struct mp_engine *e)
{
    struct mailproto_smtp_client *c = mp_client_of(e);

    if (c->phase != MP_CLIENT_IDLE || c->reply.more)
        return;
    mp_client_free_replies(c);
    mp_client_free_hello(c);
}

static int end_step(struct mp_engine *e)
{
    struct mailproto_smtp_client *c = mp_client_of(e);

    if (!c->ready && !c->fail_stage)
        c->fail_stage = (uint8_t)(e->tls == MP_TLS_DRAINING ? MAILPROTO_SMTP_STAGE_TLS : phases[c->phase].stage);
    return mp_client_end_step(e);
}

static void destroy(struct mp_engine *e)
{
    struct mailproto_smtp_client *c = mp_client_of(e);

    if (!c->ready)
        mp_client_end_login(c);
    mp_client_free_replies(c);
    mp_client_free_hello(c);
    while (c->first) {
        struct mp_client_command *command = c->first;

        c->first = command->next;
        mp_client_free_command(c, command);
    }
}

static const struct mp_engine_ops ops = {
    .dispatch = mp_client_dispatch,
    .step = step,
    .wants_input = wants_input,
    .answered = answered,
    .use_default = mp_client_use_default,
    .fail = mp_client_refuse,
    .fail_event = fail_event,
    .peer_limit = peer_limit,
    .peer_timeout = peer_timeout,
    .eof = eof,
    .tls_started = mp_client_tls_started,
    .end_step = end_step,
    .cancel = mp_client_cancel,
    .piece = mp_client_piece,
    .piece_end = mp_client_piece_end,
    .idle = idle,
    .destroy = destroy,
};

/* ---- construction ---- */

int32_t mailproto_smtp_client_config_init(mailproto_smtp_client_config *config, size_t size)
{
    return mp_struct_init(config, size);
}

int32_t mailproto_smtp_client_callbacks_init(mailproto_smtp_client_callbacks *callbacks, size_t size)
{
    return mp_struct_init(callbacks, size);
}

/* The defaults of the fields from max_commands to stall_ms, in their order. */
static const uint32_t defaults[] = {
    100,    /* max_commands */
    10000,  /* max_recipients */
    2000,   /* max_reply_line */
    128,    /* max_reply_lines */
    4096,   /* max_reply */
    998,    /* max_text_line */
    16384,  /* piece */
    300000, /* greeting_ms */
    300000, /* command_ms */
    120000, /* data_ms */
    600000, /* message_ms */
    60000,  /* tls_ms */
    600000, /* answer_ms */
    180000, /* stall_ms */
};

#define AT(field) offsetof(mailproto_smtp_client_config, field)

_Static_assert(AT(stall_ms) + sizeof(uint32_t) - AT(max_commands) == sizeof defaults, "a default for each field");

static uint32_t field_at(const mailproto_smtp_client_config *config, size_t offset)
{
    uint32_t value;

    memcpy(&value, (const char *)config + offset, sizeof value);
    return value;
}

static void fill_defaults(mailproto_smtp_client_config *config)
{
    for (size_t i = 0; i < sizeof defaults; i += sizeof(uint32_t))
        if (!field_at(config, AT(max_commands) + i))
            memcpy((char *)config + AT(max_commands) + i, (const char *)defaults + i, sizeof(uint32_t));
}

/* What the numbers may be. */
static const struct limit {
    uint32_t offset, least, most;
    const char *text;
} limits[] = {
    {AT(flags), 0, 2 * MAILPROTO_SMTP_CLIENT_NO_PIPELINING - 1, "flags holds an unknown bit"},
    {AT(tls), 0, MAILPROTO_TLS_IMPLICIT, "tls is none of MAILPROTO_TLS_*"},
    {AT(mechanisms), 0, MP_SASL_ALL, "mechanisms holds more than PLAIN and LOGIN, which need sasl"},
    {AT(piece), 1, 1 << 24, "piece is over 16777216"},
    {AT(max_reply_line), 64, 1 << 20, "max_reply_line is not in 64 to 1048576"},
    {AT(max_reply), 64, 1 << 20, "max_reply is not in 64 to 1048576"},
};

/* What is wrong with a config whose defaults are filled in, or NULL. */
MP_OUTLINE static const char *config_error(const mailproto_smtp_client_config *config)
{
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        uint32_t value = field_at(config, limits[i].offset);

        if (value < limits[i].least || value > limits[i].most)
            return limits[i].text;
    }
    if (!config->sasl && !config->mechanisms && config->flags & MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED)
        return "AUTH_REQUIRED needs mechanisms or sasl";
    if (!config->hostname.ptr || !config->hostname.len)
        return "hostname is required";
    if (!mp_smtp_is_hello(config->hostname.ptr, config->hostname.len))
        return "hostname is neither a domain nor an address literal";
    return NULL;
}

/* Copies a host's config with its defaults. OK, ERR_ARG, ERR_CONFIG. */
static int32_t read_config(mailproto_smtp_client_config *own, const mailproto_smtp_client_config *config,
                           const char **why)
{
    int32_t result = mp_struct_copy(own, sizeof *own, config);

    *why = "config is missing or larger than this library knows";
    if (result)
        return result;
    fill_defaults(own);
    *why = config_error(own);
    return *why ? MAILPROTO_ERR_CONFIG : MAILPROTO_OK;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The largest piece of output but the body's: a response in base64, of a text for each of PLAIN's or the host's own. */
enum { SECRET_MAX = 2 * MP_SASL_NAME_MAX + MP_SASL_PASSWORD_MAX + 3, LINE_ROOM = 32 };

static size_t response_line(const mailproto_smtp_client_config *own)
{
    return (own->sasl ? (size_t)MP_CLIENT_RESPONSE_MAX : (size_t)SECRET_MAX) * 3 / 2 + LINE_ROOM;
}

size_t mailproto_smtp_client_memory_max(const mailproto_smtp_client_config *config)
{
    mailproto_smtp_client_config own;
    const size_t spare = sizeof(struct mp_chunk) + 32;
    const char *why;
    size_t body, replies, unknown;

    if (read_config(&own, config, &why))
        return 0;
    /* the room for a piece is there once: the next is asked for when the last one is gone */
    body = mp_client_body_room(&own) + spare;
    replies = 4 * (size_t)(own.max_reply + 16); /* reply, final, hello, and one more while it grows */
    unknown = smaller(own.max_reply_lines, own.max_reply) * sizeof(mailproto_smtp_parameter) + 16;
    /* nothing else is on its way when AUTH says something */
    return mp_engine_memory_max(sizeof(struct mailproto_smtp_client) + own.hostname.len, 1, own.max_reply_line,
                                MP_CLIENT_LINE_MAX) +
           body + replies + unknown + response_line(&own) + spare + mp_sasl_client_memory(own.sasl) + spare;
}

int32_t mailproto_smtp_client_new(mailproto_smtp_client **out, const mailproto_smtp_client_config *config,
                                  const mailproto_smtp_client_callbacks *callbacks,
                                  const mailproto_allocator *allocator, void *user, const char **why)
{
    struct mp_engine_setup setup = {.ops = &ops, .user = user, .polled = !callbacks};
    mailproto_smtp_client_config own;
    mailproto_allocator memory;
    struct mp_engine *e;
    struct mailproto_smtp_client *c;
    const char *reason;
    int32_t result;

    if (!why)
        why = &reason;
    *why = "out is NULL";
    if (!out)
        return MAILPROTO_ERR_ARG;
    result = read_config(&own, config, why);
    if (result)
        return result;
    *why = "allocator lacks a function";
    if (mp_allocator_copy(&memory, allocator))
        return MAILPROTO_ERR_ARG;
    *why = NULL;
    setup.allocator = &memory;
    setup.answer_ms = mp_or_never(own.answer_ms);
    setup.stall_ms = mp_or_never(own.stall_ms);
    setup.implicit_tls = own.tls == MAILPROTO_TLS_IMPLICIT;
    setup.offset = offsetof(struct mailproto_smtp_client, base);
    result = mp_engine_new(&e, sizeof *c + own.hostname.len, &setup);
    if (result)
        return result;
    c = mp_client_of(e);
    if (callbacks) {
        *why = "callbacks is larger than this library knows";
        result = mp_struct_copy(&c->callbacks, sizeof c->callbacks, callbacks);
    }
    if (!result && own.sasl) {
        *why = "sasl was not made by mailproto_sasl_client_config_init";
        result = MAILPROTO_ERR_CONFIG;
        own.mechanisms = MP_SASL_EVERY;
        if (own.sasl->ops)
            result = own.sasl->ops->attach(e, own.sasl, why);
    }
    if (result) {
        mailproto_session_free(&e->session);
        return result;
    }
    c->config = own;
    c->config.hostname.ptr = memcpy(c + 1, own.hostname.ptr, own.hostname.len);
    c->flags = own.flags;
    c->outstanding = 1; /* the greeting */
    *out = c;
    return MAILPROTO_OK;
}

mailproto_session *mailproto_smtp_client_session(mailproto_smtp_client *client)
{
    return client ? &client->base.session : NULL;
}
