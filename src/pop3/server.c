/* server.c - the life of a POP3 server session: what it does next, and how it ends.
 * RFC 1939 section 3; docs/design/pop3.md. */
#include "pop3/server.h"
#include "core/config.h"

#include <string.h>

static struct mailproto_pop3_server *of(struct mp_engine *e)
{
    return (struct mailproto_pop3_server *)e;
}

static const struct mailproto_pop3_server *of_const(const struct mp_engine *e)
{
    return (const struct mailproto_pop3_server *)e;
}

/* ---- the greeting ---- */

void mp_pop3_greet(struct mailproto_pop3_server *s)
{
    s->work = MP_POP3_COMMANDS;
    s->payload.connect = (mailproto_pop3_connect){.peer_address = mp_pop3_peer_address(s)};
    (void)mp_pop3_ask(s, &s->payload.connect, sizeof s->payload.connect, MAILPROTO_POP3_SERVER_CONNECT);
}

/* The timestamp promises APOP. A provider that has no random octets now costs the timestamp, not the session. */
static int stamped(const struct mailproto_pop3_server *s)
{
    return (s->offer & MAILPROTO_POP3_CAPA_APOP) != 0;
}

static size_t write_greeting(char *to, mailproto_text text, mailproto_text stamp)
{
    size_t n = 4;

    memcpy(to, "+OK ", 4);
    memcpy(to + n, text.ptr, text.len);
    n += text.len;
    if (stamp.len) {
        to[n++] = ' ';
        memcpy(to + n, stamp.ptr, stamp.len);
        n += stamp.len;
    }
    memcpy(to + n, "\r\n", 2);
    return n + 2;
}

void mp_pop3_greeted(struct mailproto_pop3_server *s, const struct mp_request *r)
{
    mailproto_text text = mp_pop3_banner(s);
    uint8_t *to;

    if (r->code != MAILPROTO_POP3_OK) {
        mp_pop3_say_answer(s, r, "not now");
        mp_engine_end(&s->base, MAILPROTO_OK, "the host refused the connection");
        return;
    }
    if (r->length)
        text = (mailproto_text){r->store, r->length};
    if (stamped(s) && mp_pop3_make_stamp(s) == MAILPROTO_ERR_NOMEM) {
        mp_engine_nomem(&s->base);
        return;
    }
    to = mp_out_reserve(&s->base, MP_POP3_RESPONSE_MAX);
    if (!to) {
        mp_engine_nomem(&s->base);
        return;
    }
    mp_out_commit(&s->base, write_greeting((char *)to, text, (mailproto_text){s->stamp, s->stamp_len}),
                  MAILPROTO_TRACE_LINE);
}

/* ---- steps ---- */

/* finish of the host, where no command is at work: the reply to whatever comes next, said now, and the end. */
static int finish(struct mailproto_pop3_server *s)
{
    mp_pop3_err(s, MAILPROTO_POP3_RESP_SYS_TEMP, "the server is closing; nothing was deleted");
    mp_engine_end(&s->base, MAILPROTO_OK, "the host finished the session");
    return 1;
}

static int server_step(struct mp_engine *e)
{
    struct mailproto_pop3_server *s = of(e);

    if (mp_requests(e)) {
        mp_line_forget(e); /* a login was seen, if it is that */
        return s->store ? s->store_ops->step(s) : 0;
    }
    if (e->finishing && s->work <= MP_POP3_SASL_LINE)
        return finish(s);
    switch (s->work) {
    case MP_POP3_GREETS:
        mp_pop3_greet(s);
        return 1;
    case MP_POP3_COMMANDS:
        return mp_pop3_command_step(s);
    case MP_POP3_SASL_LINE:
        return mp_pop3_sasl_step(s);
    case MP_POP3_LISTS:
        return mp_pop3_list_step(s);
    case MP_POP3_SENDS:
        return mp_pop3_send_step(s);
    case MP_POP3_COMMITS:
        return mp_pop3_commit_step(s);
    default:
        return mp_pop3_bye_step(s);
    }
}

static int server_wants_input(const struct mp_engine *e)
{
    const struct mailproto_pop3_server *s = of_const(e);

    return !mp_requests(e) && !e->finishing && (s->work == MP_POP3_COMMANDS || s->work == MP_POP3_SASL_LINE) &&
           e->out_pending < MP_OUT_MARK;
}

static void server_answered(struct mp_engine *e, struct mp_request *r)
{
    struct mailproto_pop3_server *s = of(e);

    switch (r->type) {
    case MAILPROTO_POP3_SERVER_CONNECT:
        mp_pop3_greeted(s, r);
        break;
    case MAILPROTO_POP3_SERVER_KEYS:
    case MAILPROTO_POP3_SERVER_DERIVE:
    case MAILPROTO_POP3_SERVER_STEP:
    case MAILPROTO_POP3_SERVER_AUTH:
        mp_pop3_login_answered(s, r);
        break;
    case MAILPROTO_POP3_SERVER_OPEN:
        mp_pop3_maildrop_opened(s, r);
        break;
    case MAILPROTO_POP3_SERVER_LIST:
        mp_pop3_listed(s, r);
        break;
    case MAILPROTO_POP3_SERVER_RETRIEVE:
        mp_pop3_retrieving(s, r);
        break;
    case MAILPROTO_POP3_SERVER_PIECE:
        mp_pop3_piece_answered(s, r);
        break;
    default:
        mp_pop3_committed(s, r);
        break;
    }
}

/* ---- defaults and failures ---- */

static int32_t server_use_default(struct mp_engine *e, struct mp_request *r)
{
    uint32_t status = r->type == MAILPROTO_POP3_SERVER_CONNECT ? MAILPROTO_POP3_OK : MAILPROTO_POP3_ERR;
    uint32_t code = MAILPROTO_POP3_RESP_SYS_TEMP;

    if (r->type == MAILPROTO_POP3_SERVER_KEYS || r->type == MAILPROTO_POP3_SERVER_DERIVE) {
        mp_pop3_login_default(of(e), r);
        return MAILPROTO_OK;
    }
    if (r->type == MAILPROTO_POP3_SERVER_AUTH || r->type == MAILPROTO_POP3_SERVER_STEP)
        code = MAILPROTO_POP3_RESP_AUTH;
    else if (r->type == MAILPROTO_POP3_SERVER_OPEN)
        code = MAILPROTO_POP3_RESP_SYS_PERM;
    mp_pop3_put_answer(of(e), r, status, code, NULL, 0, 0);
    return MAILPROTO_OK;
}

static int32_t server_fail(struct mp_engine *e, struct mp_request *r)
{
    if (r->own) {
        of(e)->store_ops->fail(of(e), r);
        return MAILPROTO_OK;
    }
    mp_pop3_put_answer(of(e), r, MAILPROTO_POP3_ERR, MAILPROTO_POP3_RESP_SYS_TEMP, NULL, 0, 0);
    return MAILPROTO_OK;
}

static void server_fail_event(struct mp_engine *e, uint32_t type)
{
    if (type == MAILPROTO_POP3_SERVER_MAILDROP_END)
        of(e)->bye_err = 1;
    else
        mp_engine_end(e, MAILPROTO_ERR_HOST, "the host failed the session");
}

static int32_t server_piece(struct mp_engine *e, struct mp_request *r, const void *data, size_t len)
{
    return r->type == MAILPROTO_POP3_SERVER_PIECE ? mp_pop3_piece(of(e), r, data, len) : MAILPROTO_ERR_TOKEN;
}

/* The engine knows by itself when a message is complete: before that there is less than announced. */
static int32_t server_piece_end(struct mp_engine *e, struct mp_request *r)
{
    if (r->type != MAILPROTO_POP3_SERVER_PIECE)
        return MAILPROTO_ERR_TOKEN;
    server_fail(e, r);
    return MAILPROTO_ERR_BODY;
}

/* ---- clocks and ends ---- */

static uint32_t server_peer_limit(const struct mp_engine *e)
{
    const struct mailproto_pop3_server *s = of_const(e);
    uint32_t limit = s->state == MP_POP3_AUTHORIZATION ? s->login_ms : s->command_ms;

    if (e->tls == MP_TLS_DRAINING)
        limit = s->tls_ms;
    return mp_or_never(limit);
}

/* RFC 1939 3: the connection is closed without a response, and nothing is removed. */
static void server_peer_timeout(struct mp_engine *e)
{
    mp_engine_end(e, MAILPROTO_ERR_TIMEOUT, "the autologout timer expired");
}

static void server_eof(struct mp_engine *e)
{
    mp_engine_end(e, MAILPROTO_OK, "the peer closed");
}

/* For the logins that it is bound to; there are none if the config says nothing of SASL. */
static int32_t keep_tls(struct mp_tls_keeper *keeper, const mailproto_tls_info *info)
{
    struct mailproto_pop3_server *s =
        (struct mailproto_pop3_server *)((uintptr_t)keeper - offsetof(struct mailproto_pop3_server, keeper));

    return mp_sasl_server_channel(s->sasl, &s->channel, info, &s->base.allocator);
}

/* The channel goes with the login. */
static void free_nothing(struct mp_tls_keeper *keeper)
{
    (void)keeper;
}

const struct mp_tls_keeper mp_pop3_server_keeper = {keep_tls, free_nothing};

static void server_tls_started(struct mp_engine *e)
{
    mp_pop3_forget_login(of(e));
    mp_peer_clock_reset(e);
}

static int server_end_step(struct mp_engine *e)
{
    struct mailproto_pop3_server *s = of(e);

    if (s->reading_open)
        mp_pop3_raise_retrieve_end(s, e->error ? e->error : MAILPROTO_ERR_CANCELLED);
    else if (s->opened)
        mp_pop3_raise_maildrop_end(s, 0, e->error);
    else
        return 0;
    return 1;
}

static void server_idle(struct mp_engine *e)
{
    mp_pop3_free_page(of(e));
}

static void server_destroy(struct mp_engine *e)
{
    if (of(e)->store)
        of(e)->store_ops->end(of(e));
    mp_pop3_forget_logins(of(e));
    mp_pop3_forget_settings(of(e));
    mp_pop3_free_page(of(e));
    mp_pop3_unmark_all(of(e));
}

const struct mp_engine_ops mp_pop3_server_ops = {
    .dispatch = mp_pop3_server_dispatch,
    .step = server_step,
    .wants_input = server_wants_input,
    .answered = server_answered,
    .use_default = server_use_default,
    .fail = server_fail,
    .fail_event = server_fail_event,
    .peer_limit = server_peer_limit,
    .peer_timeout = server_peer_timeout,
    .eof = server_eof,
    .tls_started = server_tls_started,
    .end_step = server_end_step,
    .piece = server_piece,
    .piece_end = server_piece_end,
    .idle = server_idle,
    .destroy = server_destroy,
};
