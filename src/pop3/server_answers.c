/* server_answers.c - the typed answers of the host, and what it may ask about the session.
 * RFC 1939 sections 4 and 6; RFC 2449 section 8. */
#include <string.h>

#include "pop3/server.h"

/* Whether the host's text may be said: one line, and nothing that reads as a response code. */
static int text_valid(const char *text, size_t len)
{
    if (len > MP_POP3_TEXT_MAX || (len && (!text || text[0] == '[')))
        return 0;
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)text[i] < ' ' || text[i] == 0x7f)
            return 0;
    return 1;
}

/* Whether +OK is an answer to it. */
static int acceptable(const struct mailproto_pop3_server *s, const struct mp_request *r)
{
    return r->type == MAILPROTO_POP3_SERVER_CONNECT ||
           (r->type == MAILPROTO_POP3_SERVER_AUTH && s->login->exchange->outcome != MAILPROTO_SASL_REFUSED);
}

int32_t mailproto_pop3_server_accept(mailproto_pop3_server *server, uint64_t token)
{
    struct mp_request *r;

    if (!server)
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&server->base, token, 0);
    if (!r || (r->type != MAILPROTO_POP3_SERVER_CONNECT && r->type != MAILPROTO_POP3_SERVER_AUTH))
        return MAILPROTO_ERR_TOKEN;
    if (!acceptable(server, r))
        return MAILPROTO_ERR_ARG;
    mp_pop3_put_answer(server, r, MAILPROTO_POP3_OK, MAILPROTO_POP3_RESP_NONE, NULL, 0, 0);
    return MAILPROTO_OK;
}

/* Nothing of the greeting may read as a timestamp but the timestamp, and all of it is one line of 512 octets. */
static int greeting_valid(const struct mailproto_pop3_server *s, mailproto_text text)
{
    return !(s->offer & MAILPROTO_POP3_CAPA_APOP) || mp_pop3_greeting_fits(text, s->sasl->config.host_name);
}

static int verdict_valid(const struct mailproto_pop3_server *s, const struct mp_request *r,
                         const mailproto_pop3_verdict *verdict)
{
    if (r->type == MAILPROTO_POP3_SERVER_PIECE || !text_valid(verdict->text.ptr, verdict->text.len))
        return 0;
    if (verdict->status == MAILPROTO_POP3_OK && r->type == MAILPROTO_POP3_SERVER_CONNECT)
        return greeting_valid(s, verdict->text);
    if (verdict->status == MAILPROTO_POP3_OK)
        return acceptable(s, r);
    return verdict->status == MAILPROTO_POP3_ERR &&
           (verdict->resp_code == MAILPROTO_POP3_RESP_NONE || mp_pop3_resp_text(verdict->resp_code));
}

int32_t mailproto_pop3_server_answer(mailproto_pop3_server *server, uint64_t token,
                                     const mailproto_pop3_verdict *verdict)
{
    mailproto_pop3_verdict v;
    struct mp_request *r;

    if (!server || mp_struct_copy(&v, sizeof v, verdict))
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&server->base, token, 0);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    if (!verdict_valid(server, r, &v))
        return MAILPROTO_ERR_ARG;
    r->index = v.status == MAILPROTO_POP3_ERR && v.close;
    mp_pop3_put_answer(server, r, v.status, v.resp_code, v.text.ptr, v.text.len, v.delay_ms);
    return MAILPROTO_OK;
}

int32_t mailproto_pop3_server_err(mailproto_pop3_server *server, uint64_t token, uint32_t resp_code, const char *text,
                                  size_t len)
{
    mailproto_pop3_verdict verdict = {
        .struct_size = sizeof verdict,
        .status = MAILPROTO_POP3_ERR,
        .resp_code = resp_code,
        .text = {text, len},
    };

    return mailproto_pop3_server_answer(server, token, &verdict);
}

void mp_pop3_opened(struct mailproto_pop3_server *s, struct mp_request *r, uint32_t count, uint64_t octets)
{
    s->opened = 1; /* from here on MAILDROP_END is owed, whatever comes between */
    s->opening = 0;
    s->count = count;
    s->octets = octets;
    mp_pop3_put_answer(s, r, MAILPROTO_POP3_OK, MAILPROTO_POP3_RESP_NONE, NULL, 0, 0);
}

int32_t mailproto_pop3_server_opened(mailproto_pop3_server *server, uint64_t token, uint32_t count, uint64_t octets)
{
    struct mp_request *r;

    if (!server)
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&server->base, token, MAILPROTO_POP3_SERVER_OPEN);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    if (server->flags & MAILPROTO_POP3_SERVER_STORE)
        return MAILPROTO_ERR_STATE;
    mp_pop3_opened(server, r, count, octets);
    return MAILPROTO_OK;
}

int32_t mailproto_pop3_server_policy(mailproto_pop3_server *server, uint64_t token, uint32_t expire,
                                     uint32_t login_delay)
{
    if (!server)
        return MAILPROTO_ERR_ARG;
    if (!mp_request_find(&server->base, token, MAILPROTO_POP3_SERVER_OPEN))
        return MAILPROTO_ERR_TOKEN;
    server->user_expire = expire;
    server->user_login_delay = login_delay;
    return MAILPROTO_OK;
}

int32_t mailproto_pop3_server_info_get(const mailproto_pop3_server *server, mailproto_pop3_server_info *info,
                                       size_t size)
{
    mailproto_pop3_server_info own;

    if (!server || mp_struct_init(info, size))
        return MAILPROTO_ERR_ARG;
    own = (mailproto_pop3_server_info){
        .struct_size = (uint32_t)size,
        .tls = server->base.tls == MP_TLS_ON,
        .opened = server->opened && !server->opening,
        .count = server->count,
        .deleted = server->deleted,
        .retrieved = server->retrieved,
        .octets = server->opened ? server->octets : 0,
    };
    memcpy(info, &own, size < sizeof own ? size : sizeof own);
    return MAILPROTO_OK;
}
