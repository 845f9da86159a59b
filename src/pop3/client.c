/* client.c - the life of a POP3 client session: what it does next, and how it ends.
 * RFC 1939 section 3; docs/design/pop3.md. */
#include "pop3/client.h"
#include "core/ascii.h"
#include "core/config.h"

static struct mailproto_pop3_client *of(struct mp_engine *e)
{
    return (struct mailproto_pop3_client *)e;
}

static const struct mailproto_pop3_client *of_const(const struct mp_engine *e)
{
    return (const struct mailproto_pop3_client *)e;
}

/* ---- lines ---- */

/* "+" of AUTH; "+OK" is another thing. */
static int challenge(const struct mailproto_pop3_client *c, const struct mp_line *line)
{
    return c->phase == MP_POP3_AT_AUTH && line->len && line->ptr[0] == '+' && !(line->flags & MP_LINE_TOO_LONG) &&
           !mp_ascii_begins(line->ptr, line->len, "+OK");
}

int mp_pop3_status(struct mailproto_pop3_client *c, struct mp_line *line)
{
    const int auth = c->phase == MP_POP3_AT_AUTH; /* challenges may be long, and tell of secrets */

    if (!mp_line_peek(&c->base, auth ? c->max_auth_line : c->max_line, line))
        return 0;
    mp_line_take(&c->base, line, challenge(c, line) ? MAILPROTO_TRACE_PRIVATE : MAILPROTO_TRACE_LINE);
    mp_peer_clock_reset(&c->base);
    if (line->flags & MP_LINE_TOO_LONG) {
        mp_engine_end(&c->base, MAILPROTO_ERR_LIMIT,
                      auth ? "a challenge is too long" : "a response is longer than max_line");
        return 0;
    }
    if (!mp_pop3_response_parse(line->ptr, line->len, &c->response))
        return 1;
    if (challenge(c, line))
        return 1; /* response.status is NO_REPLY */
    mp_engine_end(&c->base, MAILPROTO_ERR_PROTOCOL, "a response is neither +OK nor -ERR");
    return 0;
}

int mp_pop3_listing_line(struct mailproto_pop3_client *c, struct mp_line *line, int *bad)
{
    *bad = 0;
    if (!mp_line_peek(&c->base, c->max_line, line))
        return 0;
    mp_line_take(&c->base, line, MAILPROTO_TRACE_LINE);
    mp_peer_clock_reset(&c->base);
    if (line->flags & MP_LINE_TOO_LONG) {
        *bad = 1;
    } else if (line->len && line->ptr[0] == '.') {
        if (line->len == 1 && !(line->flags & MP_LINE_BARE_LF))
            return -1;
        if (line->len == 1) {
            mp_engine_end(&c->base, MAILPROTO_ERR_PROTOCOL, "a listing ends with LF alone");
            return 0;
        }
        line->ptr++; /* stuffed (RFC 1939 3) */
        line->len--;
    }
    return 1;
}

void mp_pop3_enter(struct mailproto_pop3_client *c, uint8_t phase)
{
    c->phase = phase;
    c->sent = 0;
    mp_peer_clock_reset(&c->base);
}

/* The reply to this QUIT is not waited for: nothing was deleted. */
void mp_pop3_give_up(struct mailproto_pop3_client *c, int32_t why, const char *text)
{
    mp_pop3_forget_secret(c);
    (void)mp_out_literal(&c->base, "QUIT\r\n");
    c->end_why = why;
    c->end_text = text;
    mp_pop3_enter(c, MP_POP3_AT_END);
}

/* ---- steps ---- */

static int quit_step(struct mailproto_pop3_client *c)
{
    struct mp_line line;
    int ok;

    if (!mp_pop3_status(c, &line))
        return c->base.ending;
    ok = c->response.status == MAILPROTO_POP3_OK;
    mp_pop3_raise_quit_reply(c, ok ? MAILPROTO_POP3_UPDATE_DONE : MAILPROTO_POP3_UPDATE_REFUSED,
                             ok ? MAILPROTO_OK : MAILPROTO_ERR_REFUSED);
    c->end_text = "the session was quit";
    mp_pop3_enter(c, MP_POP3_AT_END);
    return 1;
}

static int client_step(struct mp_engine *e)
{
    struct mailproto_pop3_client *c = of(e);

    if (mp_pop3_withdrawn_step(c))
        return 1;
    if (mp_requests(e))
        return 0;
    switch (c->phase) {
    case MP_POP3_AT_COMMANDS:
        return mp_pop3_commands_step(c);
    case MP_POP3_AT_QUIT:
        return quit_step(c);
    case MP_POP3_AT_END:
        mp_engine_end(e, c->end_why, c->end_text);
        return 1;
    default:
        return mp_pop3_setup_step(c);
    }
}

/* Whether the next step needs no input. */
static int has_work(const struct mailproto_pop3_client *c)
{
    return c->withdrawn || c->phase == MP_POP3_AT_END || c->phase == MP_POP3_AT_LOGIN || c->phase == MP_POP3_AT_READY ||
           (c->first && c->first->stage == MP_POP3_ANSWERED);
}

/* A client reads whatever is left to send (RFC 2920 3.1): else both sides could wait for each other. */
static int client_wants_input(const struct mp_engine *e)
{
    return !mp_requests(e) && !has_work(of_const(e));
}

static void client_answered(struct mp_engine *e, struct mp_request *r)
{
    if (r->type == MAILPROTO_POP3_CLIENT_CREDENTIALS)
        mp_pop3_credentials_answered(of(e), r);
    else
        mp_pop3_exchange_answered(of(e), r);
}

/* ---- defaults and failures ---- */

static int32_t no_answer(struct mp_engine *e, struct mp_request *r)
{
    r->code = 0;
    mp_request_answered(e, r, 0);
    return MAILPROTO_OK;
}

static int32_t client_use_default(struct mp_engine *e, struct mp_request *r)
{
    if (r->type == MAILPROTO_POP3_CLIENT_DERIVE)
        return mailproto_pop3_client_derived(of(e), r->token, NULL, 0);
    return no_answer(e, r);
}

/* What belongs to a command fails the command: what is left of its response is skipped in step. */
static void client_fail_event(struct mp_engine *e, uint32_t type)
{
    struct mp_pop3_order *order = of(e)->first;
    int of_command = type >= MAILPROTO_POP3_CLIENT_ENTRY && type <= MAILPROTO_POP3_CLIENT_BODY;

    if (!of_command || !order) {
        mp_engine_end(e, MAILPROTO_ERR_HOST, "the host failed the session");
        return;
    }
    order->silent = 1;
    if (!order->why)
        order->why = MAILPROTO_ERR_HOST;
}

static int32_t client_cancel(struct mp_engine *e, uint64_t token)
{
    return mp_pop3_cancel(of(e), token);
}

/* ---- clocks and ends ---- */

static int in_body(const struct mailproto_pop3_client *c)
{
    return c->phase == MP_POP3_AT_COMMANDS && c->first && c->first->stage == MP_POP3_BODY;
}

static uint32_t phase_limit(const struct mailproto_pop3_client *c)
{
    if (c->base.tls == MP_TLS_DRAINING)
        return c->tls_ms;
    if (c->phase == MP_POP3_AT_GREETING)
        return c->greeting_ms;
    if (c->phase == MP_POP3_AT_QUIT)
        return c->quit_ms;
    if (c->phase != MP_POP3_AT_COMMANDS)
        return c->command_ms;
    if (!c->outstanding || (in_body(c) && c->min_body_rate == MAILPROTO_UNLIMITED))
        return 0;
    return in_body(c) ? c->body_ms : c->command_ms;
}

static uint32_t client_peer_limit(const struct mp_engine *e)
{
    uint32_t limit = phase_limit(of_const(e));

    return mp_or_never(limit);
}

static void client_peer_timeout(struct mp_engine *e)
{
    struct mailproto_pop3_client *c = of(e);

    if (in_body(c) && c->base.tls != MP_TLS_DRAINING &&
        c->window_octets >= (uint64_t)c->min_body_rate * c->body_ms / 1000) {
        c->window_octets = 0;
        return;
    }
    mp_engine_end(e, MAILPROTO_ERR_TIMEOUT, "the server does not answer");
}

static void client_eof(struct mp_engine *e)
{
    mp_engine_end(e, MAILPROTO_ERR_LOST, "the server closed the connection");
}

/* For the logins that it is bound to; there are none if the config says nothing of SASL. */
static int32_t keep_tls(struct mp_tls_keeper *keeper, const mailproto_tls_info *info)
{
    struct mailproto_pop3_client *c =
        (struct mailproto_pop3_client *)((uintptr_t)keeper - offsetof(struct mailproto_pop3_client, keeper));

    return mp_sasl_client_channel(c->sasl, &c->channel, info, &c->base.allocator);
}

/* The channel goes with the login. */
static void free_nothing(struct mp_tls_keeper *keeper)
{
    (void)keeper;
}

const struct mp_tls_keeper mp_pop3_client_keeper = {keep_tls, free_nothing};

/* RFC 2595 4: what was learned in clear text is worth nothing, the timestamp of APOP neither. */
static void client_tls_started(struct mp_engine *e)
{
    struct mailproto_pop3_client *c = of(e);

    c->offers = c->peer_mechanisms = 0;
    c->capa_known = 0;
    mp_peer_clock_reset(e);
    if (c->phase == MP_POP3_AT_GREETING)
        return;
    mp_free(&e->allocator, c->greeting, c->greeting_len);
    c->greeting = NULL;
    c->greeting_len = 0;
    if (c->flags & MAILPROTO_POP3_CLIENT_NO_CAPA)
        mp_pop3_after_capa(c);
    else
        mp_pop3_enter(c, MP_POP3_AT_CAPA);
}

/* Every command is completed, then the TRANSACTION state. */
static int client_end_step(struct mp_engine *e)
{
    struct mailproto_pop3_client *c = of(e);

    if (c->first) {
        c->response = (mailproto_pop3_response){.struct_size = sizeof c->response};
        mp_pop3_raise_done(c, e->error ? e->error : MAILPROTO_ERR_STATE);
        return 1;
    }
    if (!c->was_ready)
        return 0;
    c->response = (mailproto_pop3_response){.struct_size = sizeof c->response};
    mp_pop3_raise_quit_reply(c, c->quit_sent ? MAILPROTO_POP3_UPDATE_UNKNOWN : MAILPROTO_POP3_UPDATE_NONE,
                             e->error ? e->error : MAILPROTO_ERR_STATE);
    return 1;
}

static void client_destroy(struct mp_engine *e)
{
    struct mailproto_pop3_client *c = of(e);

    mp_pop3_forget_secret(c);
    mp_pop3_forget_sasl(c);
    mp_pop3_free_orders(c);
    mp_free(&e->allocator, c->greeting, c->greeting_len);
}

const struct mp_engine_ops mp_pop3_client_ops = {
    .dispatch = mp_pop3_client_dispatch,
    .step = client_step,
    .wants_input = client_wants_input,
    .answered = client_answered,
    .use_default = client_use_default,
    .fail = no_answer,
    .fail_event = client_fail_event,
    .peer_limit = client_peer_limit,
    .peer_timeout = client_peer_timeout,
    .eof = client_eof,
    .tls_started = client_tls_started,
    .end_step = client_end_step,
    .cancel = client_cancel,
    .destroy = client_destroy,
};
