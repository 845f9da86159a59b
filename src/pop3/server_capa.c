/* server_capa.c - CAPA: what is offered in this state of the session, from the one mask that the commands ask too.
 * RFC 2449 sections 5 and 6; RFC 2595 section 4; RFC 3206 section 6; RFC 5034 section 3. */
#include <string.h>

#include "core/ascii.h"
#include "pop3/server.h"

struct text {
    uint8_t *ptr;
    size_t len;
};

static void add(struct text *to, const char *text, size_t len)
{
    memcpy(to->ptr + to->len, text, len);
    to->len += len;
}

static void add_word(struct text *to, const char *word)
{
    add(to, word, strlen(word));
}

static void add_number(struct text *to, uint32_t number)
{
    to->len += mp_ascii_write_decimal(to->ptr + to->len, number);
}

static void add_days(struct text *to, uint32_t days)
{
    if (days == MAILPROTO_POP3_EXPIRE_NEVER)
        add_word(to, "NEVER");
    else
        add_number(to, days);
}

/* Capabilities that are there only now and then. */
static int offered_now(const struct mailproto_pop3_server *s, uint32_t bit)
{
    if (!(s->offer & bit))
        return 0;
    switch (bit) {
    case MAILPROTO_POP3_CAPA_STLS:
        return s->state == MP_POP3_AUTHORIZATION && s->base.tls != MP_TLS_ON;
    case MAILPROTO_POP3_CAPA_USER:
        return mp_pop3_may_login(s);
    case MAILPROTO_POP3_CAPA_SASL:
        return mp_pop3_mechanisms_now(s) != 0;
    default:
        return 1;
    }
}

/* " USER": it may differ after the login (RFC 2449 6.5, 6.7). */
static void add_user(const struct mailproto_pop3_server *s, struct text *to, uint32_t flag)
{
    if (s->state == MP_POP3_AUTHORIZATION && s->flags & flag)
        add_word(to, " USER");
}

static void add_arguments(const struct mailproto_pop3_server *s, struct text *to, uint32_t bit)
{
    switch (bit) {
    case MAILPROTO_POP3_CAPA_SASL:
        to->len += mp_sasl_names((char *)to->ptr + to->len, mp_pop3_mechanisms_now(s), mp_sasl_server_other(s->sasl));
        break;
    case MAILPROTO_POP3_CAPA_LOGIN_DELAY:
        add_word(to, " ");
        add_number(to, s->state == MP_POP3_AUTHORIZATION ? s->login_delay : s->user_login_delay);
        add_user(s, to, MAILPROTO_POP3_SERVER_LOGIN_DELAY_USER);
        break;
    case MAILPROTO_POP3_CAPA_EXPIRE:
        add_word(to, " ");
        add_days(to, s->state == MP_POP3_AUTHORIZATION ? s->expire : s->user_expire);
        add_user(s, to, MAILPROTO_POP3_SERVER_EXPIRE_USER);
        break;
    case MAILPROTO_POP3_CAPA_IMPLEMENTATION:
        add_word(to, " ");
        add(to, mp_pop3_implementation(s).ptr, s->implementation_len);
        break;
    default:
        break;
    }
}

void mp_pop3_capa(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    size_t room = MP_POP3_CAPA_ROOM + s->implementation_len + mp_sasl_server_other(s->sasl).len;
    struct text to = {mp_out_reserve(&s->base, room), 0};

    (void)arguments;
    if (!to.ptr) {
        mp_engine_nomem(&s->base);
        return;
    }
    add_word(&to, "+OK capabilities follow\r\n");
    for (uint32_t bit = 1; mp_pop3_capa_tag(bit); bit <<= 1) {
        if (!offered_now(s, bit))
            continue;
        add_word(&to, mp_pop3_capa_tag(bit));
        add_arguments(s, &to, bit);
        add_word(&to, "\r\n");
    }
    add_word(&to, ".\r\n");
    mp_out_commit(&s->base, to.len, MAILPROTO_TRACE_LINE);
}
