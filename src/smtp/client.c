/* client.c - the life of a client session: construction, the table of its phases, time limits and the end.
 * RFC 5321 sections 3.1, 3.8 and 4.5.3.2. */
#include "smtp/client.h"

#include <string.h>

#include "core/config.h"
#include "smtp/grammar.h"

/* ---- phases ---- */

static int nothing(struct mailproto_smtp_client *c)
{
    (void)c;
    return 0;
}

struct phase {
    int (*move)(struct mailproto_smtp_client *c);   /* makes output or raises an event: 1; 0: waits for a reply */
    void (*reply)(struct mailproto_smtp_client *c); /* NULL: no reply is ever due */
    uint32_t stage;                                 /* MAILPROTO_SMTP_STAGE_* of an end before READY */
    const char *late;                               /* what is said when the server takes too long */
};

/* By enum mp_client_phase. */
static const struct phase phases[] = {
    {nothing, mp_client_greeted, MAILPROTO_SMTP_STAGE_CONNECT, "the server did not greet in time"},
    {mp_client_hello_move, mp_client_hello_reply, MAILPROTO_SMTP_STAGE_HELLO, "no reply to EHLO in time"},
    {mp_client_helo_move, mp_client_helo_reply, MAILPROTO_SMTP_STAGE_HELLO, "no reply to HELO in time"},
    {mp_client_starttls_move, mp_client_starttls_reply, MAILPROTO_SMTP_STAGE_TLS, "TLS did not start in time"},
    {mp_client_auth_move, mp_client_auth_reply, MAILPROTO_SMTP_STAGE_AUTH, "no reply to AUTH in time"},
    {mp_client_ready_move, NULL, MAILPROTO_SMTP_STAGE_NONE, ""},
    {mp_client_idle_move, NULL, MAILPROTO_SMTP_STAGE_NONE, ""},
    {mp_client_transaction_move, mp_client_transaction_reply, MAILPROTO_SMTP_STAGE_NONE,
     "no reply in a transaction in time"},
    {nothing, mp_client_simple_reply, MAILPROTO_SMTP_STAGE_NONE, "no reply to a command in time"},
    {mp_client_quit_move, mp_client_quit_reply, MAILPROTO_SMTP_STAGE_NONE, "no reply to QUIT in time"},
};

void mp_client_enter(struct mailproto_smtp_client *c, uint32_t phase)
{
    if (c->base.finishing && !c->commands)
        phase = MP_CLIENT_QUIT;
    c->phase = (uint8_t)phase;
}

/* ---- saying and hearing ---- */

void mp_client_await(struct mailproto_smtp_client *c)
{
    if (!c->outstanding++)
        mp_peer_clock_reset(&c->base);
}

void mp_client_say(struct mailproto_smtp_client *c, const char *line, const char *argument, size_t len)
{
    size_t n = strlen(line);
    uint8_t *out = mp_out_reserve(&c->base, n + len + 2);

    if (!out) {
        mp_engine_nomem(&c->base);
        return;
    }
    memcpy(out, line, n);
    if (len)
        memcpy(out + n, argument, len);
    memcpy(out + n + len, "\r\n", 2);
    mp_out_commit(&c->base, n + len + 2, MAILPROTO_TRACE_LINE);
    mp_client_await(c);
}

/* The end has its reason in the reply just read, unless it was kept already. */
static void end_with_reply(struct mailproto_smtp_client *c, int32_t why, const char *text)
{
    if (c->reply.code)
        mp_client_keep_reply(c);
    mp_engine_end(&c->base, why, text);
}

void mp_client_give_up(struct mailproto_smtp_client *c, uint32_t stage, int32_t why, const char *text)
{
    c->fail_stage = (uint8_t)stage;
    mp_client_wipe_secret(c);
    mp_out_literal(&c->base, "QUIT\r\n");
    end_with_reply(c, why, text);
}

void mp_client_broken(struct mailproto_smtp_client *c, const char *text)
{
    mp_engine_end(&c->base, MAILPROTO_ERR_PROTOCOL, text);
}

/* 421 may answer anything, or nothing: the server closes (RFC 5321 3.8). */
static void shut_down(struct mailproto_smtp_client *c, int was_due)
{
    if (was_due && c->phase == MP_CLIENT_TRANSACTION)
        mp_client_transaction_reply(c);
    else if (was_due && c->phase == MP_CLIENT_SIMPLE)
        mp_client_simple_reply(c);
    end_with_reply(c, MAILPROTO_ERR_REFUSED, "the server shuts down (421)");
}

void mp_client_replied(struct mailproto_smtp_client *c)
{
    int was_due = c->outstanding != 0;

    c->outstanding -= was_due ? 1 : 0;
    if (c->reply.code == 421 && c->phase != MP_CLIENT_QUIT)
        shut_down(c, was_due);
    else if (was_due)
        phases[c->phase].reply(c);
    else if (c->phase == MP_CLIENT_TRANSACTION)
        mp_client_interrupted(c);
    else
        mp_client_broken(c, "a reply that no command asked for");
}

/* ---- what the base asks ---- */

/* A server that half-closed answers nothing more, so there is nothing to wait for. */
static int at_eof(struct mailproto_smtp_client *c)
{
    if (mp_client_read(c))
        return 1;
    if (c->phase == MP_CLIENT_QUIT)
        mp_engine_end(&c->base, MAILPROTO_OK, NULL);
    else
        mp_engine_end(&c->base, MAILPROTO_ERR_LOST, "the server closed the connection");
    return 1;
}

static int step(struct mp_engine *e)
{
    struct mailproto_smtp_client *c = mp_client_of(e);

    if (c->ended.first)
        return mp_client_raise_ended(c);
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
    if (r->type == MAILPROTO_SMTP_CLIENT_CREDENTIALS)
        mp_client_auth_answered(mp_client_of(e), r);
}

/* A request to be given up, by default or because the host cannot: no AUTH; the body fails. */
static int32_t refuse(struct mp_engine *e, struct mp_request *r)
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
    const struct mailproto_smtp_client *c = (const struct mailproto_smtp_client *)e;
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
    mp_client_free_reply(c, &c->reply);
    mp_client_free_reply(c, &c->final);
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

    mp_client_wipe_secret(c);
    mp_client_free_reply(c, &c->reply);
    mp_client_free_reply(c, &c->final);
    mp_client_free_hello(c);
    mp_client_free_queue(c, &c->building);
    mp_client_free_queue(c, &c->queue);
    mp_client_free_queue(c, &c->ended);
    if (c->active)
        mp_client_free_command(c, c->active);
}

static const struct mp_engine_ops ops = {
    .dispatch = mp_client_dispatch,
    .step = step,
    .wants_input = wants_input,
    .answered = answered,
    .use_default = refuse,
    .fail = refuse,
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

static void fill_defaults(mailproto_smtp_client_config *config)
{
    mp_or_default(&config->max_commands, 100);
    mp_or_default(&config->max_recipients, 10000);
    mp_or_default(&config->max_reply_line, 2000);
    mp_or_default(&config->max_reply_lines, 128);
    mp_or_default(&config->max_reply, 4096);
    mp_or_default(&config->max_text_line, 998);
    mp_or_default(&config->piece, 16384);
    mp_or_default(&config->greeting_ms, 300000);
    mp_or_default(&config->command_ms, 300000);
    mp_or_default(&config->data_ms, 120000);
    mp_or_default(&config->message_ms, 600000);
    mp_or_default(&config->tls_ms, 60000);
    mp_or_default(&config->answer_ms, 600000);
    mp_or_default(&config->stall_ms, 180000);
}

enum {
    FLAGS = MAILPROTO_SMTP_CLIENT_LMTP | MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED | MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH |
            MAILPROTO_SMTP_CLIENT_STRICT_BODY | MAILPROTO_SMTP_CLIENT_NO_CHUNKING | MAILPROTO_SMTP_CLIENT_NO_PIPELINING,
    MECHANISMS = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN,
    PIECE_MAX = 1 << 24
};

/* What is wrong with a config whose defaults are filled in, or NULL. */
static const char *config_error(const mailproto_smtp_client_config *config)
{
    if (config->flags & ~(uint32_t)FLAGS)
        return "flags holds an unknown bit";
    if (config->tls > MAILPROTO_TLS_IMPLICIT)
        return "tls is none of MAILPROTO_TLS_*";
    if (config->mechanisms & ~(uint32_t)MECHANISMS)
        return "mechanisms holds an unknown bit";
    if (!config->mechanisms && config->flags & MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED)
        return "AUTH_REQUIRED needs mechanisms";
    if (!config->hostname.ptr || !config->hostname.len)
        return "hostname is required";
    if (!mp_smtp_is_hello(config->hostname.ptr, config->hostname.len))
        return "hostname is neither a domain nor an address literal";
    if (config->piece > PIECE_MAX)
        return "piece is over 16777216";
    if (config->max_reply_line < 64 || config->max_reply_line > 1 << 20)
        return "max_reply_line is not in 64 to 1048576";
    if (config->max_reply < 64 || config->max_reply > 1 << 20)
        return "max_reply is not in 64 to 1048576";
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

/* The largest piece of output but the body's: PLAIN in base64, of MP_CLIENT_SECRET_MAX octets. */
enum { SECRET_LINE_MAX = 2800 };

size_t mailproto_smtp_client_memory_max(const mailproto_smtp_client_config *config)
{
    struct mailproto_smtp_client c = {.phase = 0};
    const size_t spare = sizeof(struct mp_chunk) + 32;
    const char *why;
    size_t body, replies, unknown;

    if (read_config(&c.config, config, &why))
        return 0;
    /* the room for a piece is there once: the next is asked for when the last one is gone */
    body = mp_client_body_room(&c) + spare;
    replies = 4 * (size_t)(c.config.max_reply + 16); /* reply, final, hello, and one more while it grows */
    unknown = smaller(c.config.max_reply_lines, c.config.max_reply / 2) * sizeof(mailproto_smtp_parameter) + 16;
    return mp_engine_memory_max(sizeof c + c.config.hostname.len, 1, c.config.max_reply_line, SECRET_LINE_MAX) + body +
           replies + unknown + MP_CLIENT_SECRET_MAX + 16;
}

int32_t mailproto_smtp_client_new(mailproto_smtp_client **out, const mailproto_smtp_client_config *config,
                                  const mailproto_smtp_client_callbacks *callbacks,
                                  const mailproto_allocator *allocator, void *user, const char **why)
{
    struct mp_engine_setup setup = {.ops = &ops, .user = user, .max_open = 1, .polled = !callbacks};
    mailproto_smtp_client_config own;
    mailproto_smtp_client_callbacks table = {0};
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
    *why = "callbacks is larger than this library knows";
    if (callbacks && mp_struct_copy(&table, sizeof table, callbacks))
        return MAILPROTO_ERR_ARG;
    *why = NULL;
    setup.allocator = &memory;
    setup.answer_ms = mp_or_never(own.answer_ms);
    setup.stall_ms = mp_or_never(own.stall_ms);
    setup.implicit_tls = own.tls == MAILPROTO_TLS_IMPLICIT;
    result = mp_engine_new(&e, sizeof *c + own.hostname.len, &setup);
    if (result)
        return result;
    c = mp_client_of(e);
    c->callbacks = table;
    c->config = own;
    c->config.hostname.ptr = memcpy(c + 1, own.hostname.ptr, own.hostname.len);
    c->outstanding = 1; /* the greeting */
    *out = c;
    return MAILPROTO_OK;
}

mailproto_session *mailproto_smtp_client_session(mailproto_smtp_client *client)
{
    return client ? &client->base.session : NULL;
}
