/* client_hello.c - from the greeting to READY: EHLO, LHLO or HELO, and STARTTLS.
 * RFC 5321 sections 3.1, 3.2 and 4.1.1.1; RFC 3207; RFC 2033 section 4.1; RFC 7504 for 521. */
#include "smtp/client.h"

void mp_client_greeted(struct mailproto_smtp_client *c)
{
    if (c->reply.class == 2)
        mp_client_enter(c, MP_CLIENT_HELLO);
    else
        mp_client_give_up(c, MAILPROTO_ERR_REFUSED, "the server refused the connection");
}

/* ---- EHLO, LHLO and HELO ---- */

/* STARTTLS where it is wanted and offered, else on to AUTH. */
static void after_hello(struct mailproto_smtp_client *c)
{
    uint32_t tls = c->config.tls;

    if (c->base.tls == MP_TLS_ON || (tls != MAILPROTO_TLS_MAY && tls != MAILPROTO_TLS_REQUIRED))
        mp_client_begin_auth(c);
    else if (c->peer.peer_offers & MAILPROTO_SMTP_EXT_STARTTLS)
        mp_client_enter(c, MP_CLIENT_STARTTLS);
    else if (tls == MAILPROTO_TLS_REQUIRED)
        mp_client_give_up(c, MAILPROTO_ERR_TLS, "the server does not offer STARTTLS");
    else
        mp_client_begin_auth(c);
}

/* EHLO is not known: HELO will do, but for what only EHLO can offer. */
static void fall_back(struct mailproto_smtp_client *c)
{
    if (mp_client_is_lmtp(c))
        mp_client_give_up(c, MAILPROTO_ERR_REFUSED, "the server refused LHLO");
    else if (c->config.tls == MAILPROTO_TLS_REQUIRED && c->base.tls != MP_TLS_ON)
        mp_client_give_up(c, MAILPROTO_ERR_TLS, "the server has no EHLO, so no STARTTLS");
    else if (c->flags & MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED)
        mp_client_give_up(c, MAILPROTO_ERR_AUTH, "the server has no EHLO, so no AUTH");
    else
        mp_client_enter(c, MP_CLIENT_HELO);
}

void mp_client_hello_reply(struct mailproto_smtp_client *c)
{
    if (c->reply.class == 2) {
        mp_client_keep_hello(c);
        after_hello(c);
    } else if (c->reply.class == 5) {
        fall_back(c);
    } else {
        mp_client_give_up(c, MAILPROTO_ERR_REFUSED, "the server refused EHLO for now");
    }
}

void mp_client_helo_reply(struct mailproto_smtp_client *c)
{
    if (c->reply.class == 2) {
        mp_client_keep_hello(c);
        mp_client_enter(c, MP_CLIENT_READY);
    } else {
        mp_client_give_up(c, MAILPROTO_ERR_REFUSED, "the server refused HELO");
    }
}

/* ---- STARTTLS (RFC 3207) ---- */

void mp_client_starttls_reply(struct mailproto_smtp_client *c)
{
    if (c->reply.code == 220) {
        mp_peer_clock_reset(&c->base);
        mp_tls_boundary(&c->base);
    } else if (c->reply.class == 2) {
        mp_client_broken(c, "the server answered STARTTLS neither with 220 nor with a refusal");
    } else if (c->config.tls == MAILPROTO_TLS_REQUIRED) {
        mp_client_give_up(c, MAILPROTO_ERR_TLS, "the server refused STARTTLS");
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

/* The name that the server greeted with is the first word of its reply to EHLO or HELO. */
int mp_client_ready_move(struct mailproto_smtp_client *c)
{
    mailproto_smtp_ready *ready = &c->peer;
    size_t n = 0;

    if (mp_client_list_unknown(c))
        return 1;
    mp_client_enter(c, MP_CLIENT_IDLE);
    c->ready = 1;
    while (n < c->hello_len && c->hello[n] != ' ' && c->hello[n] != '\n')
        n++;
    ready->tls = c->base.tls == MP_TLS_ON;
    ready->authenticated = c->authenticated;
    ready->greeting = (mailproto_text){c->hello, n};
    mp_raise(&c->base, ready, sizeof *ready, MAILPROTO_SMTP_CLIENT_READY, 0);
    return 1;
}
