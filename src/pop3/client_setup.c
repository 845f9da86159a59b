/* client_setup.c - from the greeting to READY: capabilities, STLS, then the login.
 * RFC 1939 section 4; RFC 2449 sections 5 and 6; RFC 2595 section 4. */
#include <string.h>

#include "pop3/client.h"

void mp_pop3_raise_refused(struct mailproto_pop3_client *c, uint32_t stage)
{
    c->payload.refused = (mailproto_pop3_refused){.stage = stage, .reply = &c->response};
    mp_pop3_raise(c, refused, MAILPROTO_POP3_CLIENT_REFUSED);
}

/* ---- the greeting ---- */

static void capa_or_on(struct mailproto_pop3_client *c)
{
    if (c->flags & MAILPROTO_POP3_CLIENT_NO_CAPA)
        mp_pop3_after_capa(c);
    else
        mp_pop3_enter(c, MP_POP3_AT_CAPA);
}

static int keep_greeting(struct mailproto_pop3_client *c)
{
    size_t n = c->response.text.len;

    if (!n)
        return 0;
    c->greeting = mp_alloc(&c->base.allocator, n);
    if (!c->greeting)
        return -1;
    memcpy(c->greeting, c->response.text.ptr, n);
    c->greeting_len = n;
    return 0;
}

static int greeting_step(struct mailproto_pop3_client *c)
{
    struct mp_line line;

    if (!mp_pop3_status(c, &line))
        return c->base.ending;
    if (c->response.status != MAILPROTO_POP3_OK) {
        mp_pop3_raise_refused(c, MAILPROTO_POP3_STAGE_GREETING);
        mp_pop3_give_up(c, MAILPROTO_ERR_REFUSED, "the server refused the connection");
    } else if (keep_greeting(c)) {
        mp_engine_nomem(&c->base);
    } else {
        capa_or_on(c);
    }
    return 1;
}

/* ---- CAPA ---- */

static void learn_login_delay(struct mailproto_pop3_client *c, mailproto_text rest)
{
    mailproto_text word;

    mp_pop3_word(&rest, &word);
    if (!mp_pop3_count(word, &c->login_delay))
        c->offers &= ~(uint32_t)MAILPROTO_POP3_CAPA_LOGIN_DELAY;
}

static void learn_expire(struct mailproto_pop3_client *c, mailproto_text rest)
{
    mailproto_text word;

    mp_pop3_word(&rest, &word);
    if (word.len && (word.ptr[0] == 'N' || word.ptr[0] == 'n'))
        c->expire = MAILPROTO_POP3_EXPIRE_NEVER;
    else if (!mp_pop3_count(word, &c->expire))
        c->offers &= ~(uint32_t)MAILPROTO_POP3_CAPA_EXPIRE;
}

static void learn_mechanisms(struct mailproto_pop3_client *c, mailproto_text rest)
{
    mailproto_text word;

    while (rest.len) {
        mp_pop3_word(&rest, &word);
        c->peer_mechanisms |= mp_sasl_client_offered(c->sasl, word.ptr, word.len);
    }
}

static void learn(struct mailproto_pop3_client *c, const struct mp_line *line)
{
    mailproto_text rest = {line->ptr, line->len}, tag;
    uint32_t bit;

    mp_pop3_word(&rest, &tag);
    bit = mp_pop3_capa_bit(tag);
    c->offers |= bit;
    if (bit == MAILPROTO_POP3_CAPA_SASL)
        learn_mechanisms(c, rest);
    else if (bit == MAILPROTO_POP3_CAPA_EXPIRE)
        learn_expire(c, rest);
    else if (bit == MAILPROTO_POP3_CAPA_LOGIN_DELAY)
        learn_login_delay(c, rest);
}

static int capa_lines_step(struct mailproto_pop3_client *c)
{
    struct mp_line line;
    int bad, got = mp_pop3_listing_line(c, &line, &bad);

    if (!got)
        return c->base.ending;
    if (got < 0) {
        c->reading_capa = 0;
        mp_pop3_after_capa(c);
    } else if (++c->capa_lines > MP_POP3_CAPA_LINES) {
        mp_engine_end(&c->base, MAILPROTO_ERR_LIMIT, "CAPA is answered without end");
    } else if (!bad) {
        learn(c, &line);
    }
    return 1;
}

/* A server that does not know CAPA says -ERR: what was known before, if anything, stands (RFC 2449 5). */
static int capa_step(struct mailproto_pop3_client *c)
{
    struct mp_line line;

    if (c->reading_capa)
        return capa_lines_step(c);
    if (!c->sent) {
        c->sent = 1;
        (void)mp_out_literal(&c->base, "CAPA\r\n");
        return 1;
    }
    if (!mp_pop3_status(c, &line))
        return c->base.ending;
    if (c->response.status == MAILPROTO_POP3_OK) {
        c->reading_capa = 1;
        c->capa_known = 1;
        c->capa_lines = 0;
        c->offers = c->peer_mechanisms = 0;
    } else {
        mp_pop3_after_capa(c);
    }
    return 1;
}

/* ---- STLS ---- */

static int wants_stls(const struct mailproto_pop3_client *c)
{
    int blind = c->flags & MAILPROTO_POP3_CLIENT_NO_CAPA && c->tls == MAILPROTO_TLS_REQUIRED;

    return c->base.tls != MP_TLS_ON && (c->tls == MAILPROTO_TLS_MAY || c->tls == MAILPROTO_TLS_REQUIRED) &&
           (c->offers & MAILPROTO_POP3_CAPA_STLS || blind);
}

static void login_or_ready(struct mailproto_pop3_client *c)
{
    mp_pop3_enter(c, c->login[0] && !c->logged_in ? MP_POP3_AT_LOGIN : MP_POP3_AT_READY);
}

void mp_pop3_after_capa(struct mailproto_pop3_client *c)
{
    if (c->logged_in)
        mp_pop3_enter(c, MP_POP3_AT_READY);
    else if (wants_stls(c))
        mp_pop3_enter(c, MP_POP3_AT_STLS);
    else if (c->tls == MAILPROTO_TLS_REQUIRED && c->base.tls != MP_TLS_ON)
        mp_pop3_give_up(c, MAILPROTO_ERR_TLS, "the server does not offer STLS");
    else
        login_or_ready(c);
}

static int stls_step(struct mailproto_pop3_client *c)
{
    struct mp_line line;

    if (!c->sent) {
        c->sent = 1;
        (void)mp_out_literal(&c->base, "STLS\r\n");
        return 1;
    }
    if (!mp_pop3_status(c, &line))
        return c->base.ending;
    if (c->response.status == MAILPROTO_POP3_OK) {
        mp_tls_boundary(&c->base);
        return 1;
    }
    mp_pop3_raise_refused(c, MAILPROTO_POP3_STAGE_STLS);
    if (c->tls == MAILPROTO_TLS_REQUIRED)
        mp_pop3_give_up(c, MAILPROTO_ERR_TLS, "the server refused STLS");
    else
        login_or_ready(c);
    return 1;
}

/* ---- READY ---- */

static int ready_step(struct mailproto_pop3_client *c)
{
    mailproto_text timestamp;

    if (mp_pop3_apop_possible(c, &timestamp))
        c->offers |= MAILPROTO_POP3_CAPA_APOP;
    mp_pop3_forget_sasl(c);
    c->was_ready = 1;
    mp_pop3_enter(c, MP_POP3_AT_COMMANDS);
    c->payload.ready = (mailproto_pop3_ready){
        .peer_offers = c->offers,
        .peer_mechanisms = c->peer_mechanisms,
        .tls = c->base.tls == MP_TLS_ON,
        .authenticated = c->logged_in ? c->mechanism : 0,
        .expire = c->offers & MAILPROTO_POP3_CAPA_EXPIRE ? c->expire : 0,
        .login_delay = c->offers & MAILPROTO_POP3_CAPA_LOGIN_DELAY ? c->login_delay : 0,
        .greeting = {c->greeting, c->greeting_len},
    };
    mp_pop3_raise(c, ready, MAILPROTO_POP3_CLIENT_READY);
    return 1;
}

int mp_pop3_setup_step(struct mailproto_pop3_client *c)
{
    switch (c->phase) {
    case MP_POP3_AT_GREETING:
        return greeting_step(c);
    case MP_POP3_AT_CAPA:
        return capa_step(c);
    case MP_POP3_AT_STLS:
        return stls_step(c);
    case MP_POP3_AT_READY:
        return ready_step(c);
    default:
        return mp_pop3_login_step(c);
    }
}
