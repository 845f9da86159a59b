/* grammar.c - command lines, responses, capability and response code names.
 * RFC 1939 sections 3, 7 (timestamps) and 9; RFC 2449 sections 3, 6 and 8; RFC 3206. */
#include "pop3/grammar.h"

#include <string.h>

#include "core/ascii.h"

int mp_pop3_word(mailproto_text *rest, mailproto_text *word)
{
    const char *space = rest->len ? memchr(rest->ptr, ' ', rest->len) : NULL;

    *word = *rest;
    if (!space) {
        rest->ptr += rest->len;
        rest->len = 0;
        return 0;
    }
    word->len = (size_t)(space - rest->ptr);
    rest->ptr = space + 1;
    rest->len -= word->len + 1;
    return 1;
}

int mp_pop3_count(mailproto_text text, uint32_t *count)
{
    uint64_t value;

    if (!mp_ascii_parse_decimal(text.ptr, text.len, &value) || value > UINT32_MAX)
        return 0;
    *count = (uint32_t)value;
    return 1;
}

int mp_pop3_number(mailproto_text text, uint32_t *number)
{
    uint32_t value;

    if (!mp_pop3_count(text, &value) || !value)
        return 0;
    *number = value;
    return 1;
}

int mp_pop3_uid_valid(const char *uid, size_t n)
{
    if (!n || n > MP_POP3_UID_MAX)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (!mp_ascii_is_vchar(uid[i]))
            return 0;
    return 1;
}

/* ---- timestamps ---- */

int mp_pop3_dot_atom(mailproto_text text)
{
    int atom = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '.' ? !atom : !mp_ascii_is((uint8_t)text.ptr[i], MP_ATEXT))
            return 0;
        atom = text.ptr[i] != '.';
    }
    return atom;
}

/* no-fold-literal: dtext in brackets */
static int literal(mailproto_text text)
{
    return text.len >= 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']' &&
           mp_ascii_span(text.ptr + 1, text.len - 2, MP_DCONTENT) == text.len - 2;
}

/* What stands between the brackets: id-left "@" id-right */
static int msg_id(mailproto_text text)
{
    const char *at = text.len ? memchr(text.ptr, '@', text.len) : NULL;
    mailproto_text left, right;

    if (!at)
        return 0;
    left = (mailproto_text){text.ptr, (size_t)(at - text.ptr)};
    right = (mailproto_text){at + 1, text.len - left.len - 1};
    return mp_pop3_dot_atom(left) && (mp_pop3_dot_atom(right) || literal(right));
}

int mp_pop3_timestamp(mailproto_text greeting, mailproto_text *timestamp)
{
    for (size_t i = 0; i < greeting.len; i++) {
        const char *from = greeting.ptr + i, *to;

        if (*from != '<')
            continue;
        to = memchr(from, '>', greeting.len - i);
        if (!to)
            return 0;
        *timestamp = (mailproto_text){from, (size_t)(to - from) + 1};
        if (msg_id((mailproto_text){from + 1, timestamp->len - 2}))
            return 1;
    }
    return 0;
}

/* ---- names ---- */

static const struct {
    uint32_t bit;
    const char *tag;
} capabilities[] = {
    {MAILPROTO_POP3_CAPA_TOP, "TOP"},
    {MAILPROTO_POP3_CAPA_USER, "USER"},
    {MAILPROTO_POP3_CAPA_SASL, "SASL"},
    {MAILPROTO_POP3_CAPA_RESP_CODES, "RESP-CODES"},
    {MAILPROTO_POP3_CAPA_LOGIN_DELAY, "LOGIN-DELAY"},
    {MAILPROTO_POP3_CAPA_PIPELINING, "PIPELINING"},
    {MAILPROTO_POP3_CAPA_EXPIRE, "EXPIRE"},
    {MAILPROTO_POP3_CAPA_UIDL, "UIDL"},
    {MAILPROTO_POP3_CAPA_IMPLEMENTATION, "IMPLEMENTATION"},
    {MAILPROTO_POP3_CAPA_STLS, "STLS"},
    {MAILPROTO_POP3_CAPA_AUTH_RESP_CODE, "AUTH-RESP-CODE"},
};

enum { CAPABILITIES = sizeof capabilities / sizeof *capabilities };

uint32_t mp_pop3_capa_bit(mailproto_text tag)
{
    for (size_t i = 0; i < CAPABILITIES; i++)
        if (mp_ascii_equal(tag.ptr, tag.len, capabilities[i].tag))
            return capabilities[i].bit;
    return 0;
}

const char *mp_pop3_capa_tag(uint32_t bit)
{
    for (size_t i = 0; i < CAPABILITIES; i++)
        if (capabilities[i].bit == bit)
            return capabilities[i].tag;
    return NULL;
}

static const char *const resp_texts[] = {
    [MAILPROTO_POP3_RESP_IN_USE] = "IN-USE",     [MAILPROTO_POP3_RESP_LOGIN_DELAY] = "LOGIN-DELAY",
    [MAILPROTO_POP3_RESP_SYS_TEMP] = "SYS/TEMP", [MAILPROTO_POP3_RESP_SYS_PERM] = "SYS/PERM",
    [MAILPROTO_POP3_RESP_AUTH] = "AUTH",
};

enum { RESP_TEXTS = sizeof resp_texts / sizeof *resp_texts };

const char *mp_pop3_resp_text(uint32_t resp_code)
{
    return resp_code < RESP_TEXTS ? resp_texts[resp_code] : NULL;
}

/* ---- responses ---- */

/* The code that begins so: detail behind a further "/" is ignored, as RFC 2449 8 demands. */
static uint32_t resp_code(mailproto_text code)
{
    for (uint32_t i = 1; i < RESP_TEXTS; i++) {
        size_t n = mp_ascii_begins(code.ptr, code.len, resp_texts[i]);

        if (n && (n == code.len || code.ptr[n] == '/'))
            return i;
    }
    return MAILPROTO_POP3_RESP_OTHER;
}

/* Moves a "[CODE] " from the text into the code. */
static void split_code(mailproto_pop3_response *response)
{
    mailproto_text *text = &response->text;
    const char *end;

    if (!text->len || text->ptr[0] != '[')
        return;
    end = memchr(text->ptr, ']', text->len);
    if (!end || end == text->ptr + 1)
        return;
    response->code = (mailproto_text){text->ptr + 1, (size_t)(end - text->ptr) - 1};
    response->resp_code = resp_code(response->code);
    text->len -= (size_t)(end - text->ptr) + 1;
    text->ptr = end + 1;
    if (text->len && text->ptr[0] == ' ') {
        text->ptr++;
        text->len--;
    }
}

int mp_pop3_response_parse(const char *line, size_t n, mailproto_pop3_response *response)
{
    size_t status;

    *response = (mailproto_pop3_response){.struct_size = sizeof *response};
    if ((status = mp_ascii_begins(line, n, "+OK")))
        response->status = MAILPROTO_POP3_OK;
    else if ((status = mp_ascii_begins(line, n, "-ERR")))
        response->status = MAILPROTO_POP3_ERR;
    else
        return -1;
    if (status < n && mp_ascii_is_alnum(line[status]))
        return -1; /* another word; a server that writes "-ERR: text" is understood */
    while (status < n && line[status] == ' ')
        status++;
    response->text = (mailproto_text){line + status, n - status};
    split_code(response);
    return 0;
}
