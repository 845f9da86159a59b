/* client_hello.c - from the greeting to READY: EHLO, LHLO or HELO, and STARTTLS.
 * RFC 5321 sections 3.1, 3.2 and 4.1.1.1; RFC 3207; RFC 2033 section 4.1. */
#include "smtp/client.h"

static uint32_t class_of(const struct mailproto_smtp_client *c)
{
    return c->reply.code / 100;
}

/* ---- the greeting (RFC 5321 3.1; RFC 7504 for 521) ---- */

void mp_client_greeted(struct mailproto_smtp_client *c)
{
    if (class_of(c) == 2)
        mp_client_enter(c, MP_CLIENT_HELLO);
    else if (class_of(c) == 3)
        mp_client_broken(c, "the server greeted with 3yz");
    else
        mp_client_give_up(c, MAILPROTO_SMTP_STAGE_CONNECT, MAILPROTO_ERR_REFUSED, "the server refused the connection");
}

/* ---- EHLO and LHLO ---- */

int mp_client_hello_move(struct mailproto_smtp_client *c)
{
    if (c->outstanding)
        return 0;
    mp_client_forget_peer(c);
    mp_client_say(c, mp_client_is_lmtp(c) ? "LHLO " : "EHLO ", c->config.hostname.ptr, c->config.hostname.len);
    return 1;
}

/* STARTTLS where it is wanted and offered, else on to AUTH. */
static void after_hello(struct mailproto_smtp_client *c)
{
    uint32_t tls = c->config.tls;

    if (c->base.tls == MP_TLS_ON || (tls != MAILPROTO_TLS_MAY && tls != MAILPROTO_TLS_REQUIRED))
        mp_client_begin_auth(c);
    else if (c->peer.offers & MAILPROTO_SMTP_EXT_STARTTLS)
        mp_client_enter(c, MP_CLIENT_STARTTLS);
    else if (tls == MAILPROTO_TLS_REQUIRED)
        mp_client_give_up(c, MAILPROTO_SMTP_STAGE_TLS, MAILPROTO_ERR_TLS, "the server does not offer STARTTLS");
    else
        mp_client_begin_auth(c);
}

/* EHLO is not known: HELO will do, but for what only EHLO can offer. */
static void fall_back(struct mailproto_smtp_client *c)
{
    if (mp_client_is_lmtp(c))
        mp_client_give_up(c, MAILPROTO_SMTP_STAGE_HELLO, MAILPROTO_ERR_REFUSED, "the server refused LHLO");
    else if (c->config.tls == MAILPROTO_TLS_REQUIRED && c->base.tls != MP_TLS_ON)
        mp_client_give_up(c, MAILPROTO_SMTP_STAGE_TLS, MAILPROTO_ERR_TLS, "the server has no EHLO, so no STARTTLS");
    else if (c->config.flags & MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED)
        mp_client_give_up(c, MAILPROTO_SMTP_STAGE_AUTH, MAILPROTO_ERR_AUTH, "the server has no EHLO, so no AUTH");
    else
        mp_client_enter(c, MP_CLIENT_HELO);
}

void mp_client_hello_reply(struct mailproto_smtp_client *c)
{
    if (class_of(c) == 2) {
        mp_client_keep_hello(c);
        after_hello(c);
    } else if (class_of(c) == 5) {
        fall_back(c);
    } else if (class_of(c) == 4) {
        mp_client_give_up(c, MAILPROTO_SMTP_STAGE_HELLO, MAILPROTO_ERR_REFUSED, "the server refused EHLO for now");
    } else {
        mp_client_broken(c, "the server answered EHLO with 3yz");
    }
}

/* ---- HELO ---- */

int mp_client_helo_move(struct mailproto_smtp_client *c)
{
    if (c->outstanding)
        return 0;
    mp_client_forget_peer(c);
    mp_client_say(c, "HELO ", c->config.hostname.ptr, c->config.hostname.len);
    return 1;
}

void mp_client_helo_reply(struct mailproto_smtp_client *c)
{
    if (class_of(c) == 2) {
        mp_client_keep_hello(c);
        mp_client_enter(c, MP_CLIENT_READY);
    } else if (class_of(c) == 3) {
        mp_client_broken(c, "the server answered HELO with 3yz");
    } else {
        mp_client_give_up(c, MAILPROTO_SMTP_STAGE_HELLO, MAILPROTO_ERR_REFUSED, "the server refused HELO");
    }
}

/* ---- STARTTLS (RFC 3207) ---- */

int mp_client_starttls_move(struct mailproto_smtp_client *c)
{
    if (c->outstanding)
        return 0;
    mp_client_say(c, "STARTTLS", NULL, 0);
    return 1;
}

void mp_client_starttls_reply(struct mailproto_smtp_client *c)
{
    if (c->reply.code == 220) {
        mp_peer_clock_reset(&c->base);
        mp_tls_boundary(&c->base);
    } else if (class_of(c) < 4) {
        mp_client_broken(c, "the server answered STARTTLS neither with 220 nor with a refusal");
    } else if (c->config.tls == MAILPROTO_TLS_REQUIRED) {
        mp_client_give_up(c, MAILPROTO_SMTP_STAGE_TLS, MAILPROTO_ERR_TLS, "the server refused STARTTLS");
    } else {
        mp_client_begin_auth(c);
    }
}

/* What the server said in clear text counts no more: EHLO is said again (RFC 3207 4.2). With implicit TLS the greeting
   is yet to come. */
void mp_client_tls_started(struct mp_engine *e)
{
    struct mailproto_smtp_client *c = mp_client_of(e);

    mp_peer_clock_reset(e);
    if (c->phase != MP_CLIENT_STARTTLS)
        return;
    mp_client_forget_peer(c);
    mp_client_enter(c, MP_CLIENT_HELLO);
}

/* ---- READY ---- */

/* The name that the server greeted with: the first word of its reply to EHLO or HELO. */
static mailproto_text greeting(const struct mailproto_smtp_client *c)
{
    mailproto_text name = {c->hello, 0};

    while (name.len < c->hello_len && c->hello[name.len] != ' ' && c->hello[name.len] != '\n')
        name.len++;
    return name;
}

int mp_client_ready_move(struct mailproto_smtp_client *c)
{
    const struct mp_client_peer *peer = &c->peer;

    if (mp_client_list_unknown(c))
        return 1;
    mp_client_enter(c, MP_CLIENT_IDLE);
    c->ready = 1;
    c->event.ready = (mailproto_smtp_ready){
        .peer_offers = peer->offers,
        .tls = c->base.tls == MP_TLS_ON,
        .authenticated = c->authenticated,
        .peer_mechanisms = peer->mechanisms,
        .max_message = peer->max_message,
        .max_recipients = peer->max_recipients,
        .max_transactions = peer->max_transactions,
        .max_domains = peer->max_domains,
        .greeting = greeting(c),
        .unknown = c->unknown,
    };
    mp_raise(&c->base, &c->event.ready, sizeof c->event.ready, MAILPROTO_SMTP_CLIENT_READY, 0);
    return 1;
}
