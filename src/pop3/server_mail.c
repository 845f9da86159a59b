/* server_mail.c - STAT, DELE, NOOP and RSET: the maildrop as it will be.
 * RFC 1939 section 5. */
#include <string.h>

#include "core/ascii.h"
#include "pop3/server.h"

int mp_pop3_exists(struct mailproto_pop3_server *s, uint32_t number)
{
    if (number > s->count)
        mp_pop3_err(s, MAILPROTO_POP3_RESP_NONE, "no such message");
    else if (mp_pop3_marked(s, number))
        mp_pop3_err(s, MAILPROTO_POP3_RESP_NONE, "this message is deleted");
    else
        return 1;
    return 0;
}

/* The drop listing: messages marked as deleted are not counted in either total. */
void mp_pop3_stat(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    char line[4 + 2 * MP_ASCII_DECIMAL_MAX + 3];
    size_t n = 4;

    (void)arguments;
    memcpy(line, "+OK ", 4);
    n += mp_ascii_write_decimal(line + n, s->count - s->deleted);
    line[n++] = ' ';
    n += mp_ascii_write_decimal(line + n, s->octets - s->deleted_octets);
    memcpy(line + n, "\r\n", 2);
    (void)mp_out_put(&s->base, line, n + 2, MAILPROTO_TRACE_LINE);
}

/* Its size is needed for STAT: asked for, unless it was told just now. */
void mp_pop3_dele(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    if (!mp_pop3_exists(s, arguments->number))
        return;
    if (s->known == arguments->number)
        mp_pop3_delete(s, arguments->number, s->known_size);
    else
        mp_pop3_look_up(s, arguments->number);
}

void mp_pop3_delete(struct mailproto_pop3_server *s, uint32_t number, uint64_t size)
{
    uint64_t left = s->octets - s->deleted_octets;

    if (mp_pop3_mark(s, number)) {
        mp_pop3_err(s, MAILPROTO_POP3_RESP_SYS_TEMP, "no memory to delete a message");
        return;
    }
    s->deleted_octets += size < left ? size : left; /* whatever the host said of the total: never below 0 */
    mp_pop3_say(s, "+OK message deleted\r\n");
}

void mp_pop3_noop(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    (void)arguments;
    mp_pop3_say(s, "+OK\r\n");
}

void mp_pop3_rset(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    (void)arguments;
    mp_pop3_unmark_all(s);
    mp_pop3_say(s, "+OK no message is deleted\r\n");
}
