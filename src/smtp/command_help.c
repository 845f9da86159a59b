/* command_help.c - HELP: the commands there are, or what the host says; and the host's answers to VRFY and EXPN.
 * RFC 5321 sections 3.5.3 and 4.1.1.8; RFC 6531 section 3.7.4.2. */
#include <string.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "smtp/server.h"

/* Those that make sense here: not LHLO in SMTP, no STARTTLS where there is none. */
static int is_listed(const struct mailproto_smtp_server *s, const struct mp_smtp_command *command)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } extensions[] = {
        {"STARTTLS", MAILPROTO_SMTP_EXT_STARTTLS},
        {"AUTH", MAILPROTO_SMTP_EXT_AUTH},
        {"BDAT", MAILPROTO_SMTP_EXT_CHUNKING},
        {"EXPN", MAILPROTO_SMTP_EXT_EXPN},
    };
    uint32_t other = s->flags & MAILPROTO_SMTP_SERVER_LMTP ? MP_COMMAND_SMTP_ONLY : MP_COMMAND_LMTP_ONLY;

    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++)
        if (mp_ascii_equal(command->name, command->length, extensions[i].name) &&
            !(mp_smtp_offers(s) & extensions[i].bit))
            return 0;
    return !(command->flags & other);
}

static void put_list(struct mailproto_smtp_server *s)
{
    static const char title[] = "Commands:";
    char text[sizeof title + 16 * 10], *to = text + sizeof title - 1;

    memcpy(text, title, sizeof title - 1);
    for (const struct mp_smtp_command *command = mp_smtp_commands; command->length; command++) {
        if (!is_listed(s, command))
            continue;
        *to++ = ' ';
        memcpy(to, command->name, command->length);
        to += command->length;
    }
    mp_smtp_put_text(s, 214, mp_smtp_enhanced_for(MAILPROTO_SMTP_SERVER_HELP, 214),
                     (mailproto_text){text, (size_t)(to - text)});
}

int mp_smtp_help(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    if (mp_smtp_offers(s) & MAILPROTO_SMTP_EXT_HELP)
        mp_smtp_query(s, MAILPROTO_SMTP_SERVER_HELP, line, arg);
    else
        put_list(s);
    return 1;
}

/* ---- all three ---- */

/* An argument beyond ASCII comes with SMTPUTF8 behind it, which is not part of it. */
static int utf8_argument(const struct mailproto_smtp_server *s, mailproto_text *arg)
{
    static const char word[] = " SMTPUTF8";
    size_t n = sizeof word - 1;

    if (!(mp_smtp_offers(s) & MAILPROTO_SMTP_EXT_SMTPUTF8) || arg->len <= n ||
        !mp_ascii_equal(arg->ptr + arg->len - n, n, word))
        return 0;
    arg->len -= n;
    return mp_utf8_valid((const uint8_t *)arg->ptr, arg->len);
}

void mp_smtp_query(struct mailproto_smtp_server *s, uint32_t type, const struct mp_line *line, mailproto_text arg)
{
    s->work->utf8_query = utf8_argument(s, &arg) != 0;
    if (!s->work->utf8_query && (line->flags & MP_LINE_8BIT)) {
        mp_smtp_put(s, MP_R_SYNTAX);
        return;
    }
    s->work->event.query = (mailproto_smtp_query){.argument = arg};
    mp_smtp_ask(s, type, sizeof s->work->event.query, 0);
}

void mp_smtp_query_answered(struct mailproto_smtp_server *s, const struct mp_request *r)
{
    if (r->type == MAILPROTO_SMTP_SERVER_HELP && r->value == MP_R_OK)
        put_list(s);
    else
        mp_smtp_put_answer(s, r);
    s->work->utf8_query = 0;
}
