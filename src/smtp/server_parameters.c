/* server_parameters.c - values of MAIL and RCPT parameters decoded, and parameters that the engine does not know.
 * RFC 5321 section 4.1.1.11; RFC 3461 section 4. */
#include <string.h>

#include "smtp/grammar.h"
#include "smtp/server.h"

/* The list of unknown parameters comes first, being aligned, then what values decode to. */
static char *room_for_text(struct mp_smtp_parameters *p)
{
    size_t list = MP_SMTP_UNKNOWN_MAX * sizeof(mailproto_smtp_parameter);
    char *scratch;

    if (!(p->server->flags & MAILPROTO_SMTP_SERVER_PASS_PARAMETERS))
        list = 0;
    scratch = mp_smtp_scratch(p->server, list + p->room);
    return scratch ? scratch + list + p->used : NULL;
}

/* What is the same decoded needs no room. */
static int is_encoded(mailproto_text type, mailproto_text value)
{
    return type.len || memchr(value.ptr, '+', value.len) || memchr(value.ptr, '=', value.len);
}

int mp_smtp_decode(struct mp_smtp_parameters *p, mailproto_text type, mailproto_text value, uint32_t flags,
                   mailproto_text *decoded)
{
    char *out;
    size_t len;
    int result;

    *decoded = value;
    if (!value.ptr)
        return -1; /* a keyword alone, where a value is due */
    if (!is_encoded(type, value) && mp_xtext_encode(NULL, value.ptr, value.len, 0) == value.len)
        return 0;
    out = room_for_text(p);
    if (!out)
        return -1;
    result = type.len ? mp_orcpt_decode(out, type, value.ptr, value.len, flags, &len)
                      : mp_xtext_decode(out, value.ptr, value.len, &len);
    if (result)
        return -1;
    *decoded = (mailproto_text){out, len};
    p->used += len;
    return 0;
}

uint32_t mp_smtp_unknown_parameter(struct mp_smtp_parameters *p, mailproto_text keyword, mailproto_text value)
{
    mailproto_smtp_parameter *list;

    if (!(p->server->flags & MAILPROTO_SMTP_SERVER_PASS_PARAMETERS) || p->count == MP_SMTP_UNKNOWN_MAX)
        return MP_R_UNKNOWN_PARAMETER;
    if (!room_for_text(p))
        return MP_R_LOCAL_ERROR;
    list = (mailproto_smtp_parameter *)(void *)p->server->work->scratch;
    list[p->count] = (mailproto_smtp_parameter){sizeof *list, NULL, keyword, value};
    if (p->count)
        list[p->count - 1].next = &list[p->count];
    p->first = list;
    p->count++;
    return MP_R_NONE;
}
