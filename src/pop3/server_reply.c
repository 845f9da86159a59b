/* server_reply.c - how the server's replies are made, and how requests get their answers.
 * RFC 1939 section 3; RFC 2449 sections 4 and 8. */
#include <string.h>

#include "pop3/server.h"

/* Response codes are said only if CAPA promises them (RFC 2449 6.4, RFC 3206 6). */
static const char *code_text(const struct mailproto_pop3_server *s, uint32_t resp_code)
{
    if (!(s->offer & MAILPROTO_POP3_CAPA_RESP_CODES))
        return NULL;
    if (resp_code == MAILPROTO_POP3_RESP_AUTH && !(s->offer & MAILPROTO_POP3_CAPA_AUTH_RESP_CODE))
        return NULL;
    return mp_pop3_resp_text(resp_code);
}

static size_t put(uint8_t *to, size_t at, const char *text, size_t len)
{
    memcpy(to + at, text, len);
    return at + len;
}

void mp_pop3_say_err(struct mailproto_pop3_server *s, uint32_t resp_code, const char *text, size_t len)
{
    const char *code = code_text(s, resp_code);
    uint8_t *to = mp_out_reserve(&s->base, MP_POP3_REPLY_MAX);
    size_t n;

    if (!to) {
        mp_engine_nomem(&s->base);
        return;
    }
    n = put(to, 0, "-ERR ", 5);
    if (code) {
        n = put(to, n, "[", 1);
        n = put(to, n, code, strlen(code));
        n = put(to, n, "] ", 2);
    }
    n = put(to, n, text, len);
    n = put(to, n, "\r\n", 2);
    mp_out_commit(&s->base, n, MAILPROTO_TRACE_LINE);
}

void mp_pop3_bad(struct mailproto_pop3_server *s, const char *line, size_t len)
{
    if (s->max_bad_commands != MAILPROTO_UNLIMITED && s->bad_commands >= s->max_bad_commands) {
        mp_pop3_say(s, "-ERR too many errors, closing\r\n");
        mp_engine_end(&s->base, MAILPROTO_ERR_LIMIT, "the peer made too many errors");
        return;
    }
    s->bad_commands++;
    (void)mp_out_put(&s->base, line, len, MAILPROTO_TRACE_LINE);
}

void mp_pop3_say_answer(struct mailproto_pop3_server *s, const struct mp_request *r, const char *text)
{
    if (r->length)
        mp_pop3_say_err(s, r->value, r->store, r->length);
    else
        mp_pop3_say_err(s, r->value, text, strlen(text));
}

void mp_pop3_put_answer(struct mailproto_pop3_server *s, struct mp_request *r, uint32_t status, uint32_t resp_code,
                        const char *text, size_t len, uint32_t delay)
{
    r->code = status;
    r->value = resp_code;
    r->length = (uint16_t)len;
    if (len)
        memcpy(r->store, text, len);
    mp_request_answered(&s->base, r, delay);
}

int mp_pop3_ask(struct mailproto_pop3_server *s, void *payload, size_t size, uint32_t type)
{
    struct mp_request *r = mp_request_open(&s->base, type, 0);

    if (!r)
        return -1;
    if (s->store)
        s->store_ops->ask(s, r);
    else
        mp_raise(&s->base, payload, size, type, r->token);
    return 0;
}
