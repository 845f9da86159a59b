/* server_commands.c - the table of commands, and how a line becomes one of them.
 * RFC 1939 section 9; RFC 2449 sections 3 and 4; every command is in the file of its group. */
#include <string.h>

#include "core/ascii.h"
#include "pop3/server.h"

enum { BOTH = MP_POP3_AUTHORIZATION | MP_POP3_TRANSACTION };

const struct mp_pop3_command mp_pop3_commands[] = {
    {"USER", mp_pop3_user, MP_POP3_AUTHORIZATION, MAILPROTO_POP3_CAPA_USER, MP_POP3_A_TEXT},
    {"PASS", mp_pop3_pass, MP_POP3_AUTHORIZATION, MAILPROTO_POP3_CAPA_USER, MP_POP3_A_TEXT},
    {"APOP", mp_pop3_apop, MP_POP3_AUTHORIZATION, MAILPROTO_POP3_CAPA_APOP, MP_POP3_A_TEXT},
    {"AUTH", mp_pop3_auth, MP_POP3_AUTHORIZATION, MAILPROTO_POP3_CAPA_SASL, MP_POP3_A_TEXT},
    {"STLS", mp_pop3_stls, MP_POP3_AUTHORIZATION, MAILPROTO_POP3_CAPA_STLS, MP_POP3_NO_ARGUMENT},
    {"CAPA", mp_pop3_capa, BOTH, 0, MP_POP3_NO_ARGUMENT},
    {"STAT", mp_pop3_stat, MP_POP3_TRANSACTION, 0, MP_POP3_NO_ARGUMENT},
    {"LIST", mp_pop3_list, MP_POP3_TRANSACTION, 0, MP_POP3_MAYBE_NUMBER},
    {"UIDL", mp_pop3_uidl, MP_POP3_TRANSACTION, MAILPROTO_POP3_CAPA_UIDL, MP_POP3_MAYBE_NUMBER},
    {"RETR", mp_pop3_retr, MP_POP3_TRANSACTION, 0, MP_POP3_A_NUMBER},
    {"TOP", mp_pop3_top, MP_POP3_TRANSACTION, MAILPROTO_POP3_CAPA_TOP, MP_POP3_NUMBER_LINES},
    {"DELE", mp_pop3_dele, MP_POP3_TRANSACTION, 0, MP_POP3_A_NUMBER},
    {"NOOP", mp_pop3_noop, MP_POP3_TRANSACTION, 0, MP_POP3_NO_ARGUMENT},
    {"RSET", mp_pop3_rset, MP_POP3_TRANSACTION, 0, MP_POP3_NO_ARGUMENT},
    {"QUIT", mp_pop3_quit, BOTH, 0, MP_POP3_NO_ARGUMENT},
    {NULL, NULL, 0, 0, 0},
};

static const struct mp_pop3_command *find(const struct mailproto_pop3_server *s, mailproto_text keyword)
{
    for (const struct mp_pop3_command *c = mp_pop3_commands; c->name; c++)
        if (mp_ascii_equal(keyword.ptr, keyword.len, c->name))
            return !c->capability || s->offer & c->capability ? c : NULL;
    return NULL;
}

/* The arguments of a command. 0; -1: not what it takes. `more`: a space stood behind the keyword. */
static int parse(uint32_t kind, int more, mailproto_text rest, struct mp_pop3_arguments *arguments)
{
    mailproto_text word;

    *arguments = (struct mp_pop3_arguments){.text = rest};
    switch (kind) {
    case MP_POP3_NO_ARGUMENT:
        return more ? -1 : 0;
    case MP_POP3_MAYBE_NUMBER:
        return !more || mp_pop3_number(rest, &arguments->number) ? 0 : -1;
    case MP_POP3_A_NUMBER:
        return mp_pop3_number(rest, &arguments->number) ? 0 : -1;
    case MP_POP3_NUMBER_LINES:
        mp_pop3_word(&rest, &word);
        return mp_pop3_number(word, &arguments->number) && mp_pop3_count(rest, &arguments->lines) ? 0 : -1;
    default:
        return rest.len ? 0 : -1;
    }
}

static void run(struct mailproto_pop3_server *s, const struct mp_line *line)
{
    mailproto_text rest = {line->ptr, line->len}, keyword;
    int more = mp_pop3_word(&rest, &keyword);
    const struct mp_pop3_command *command = find(s, keyword);
    struct mp_pop3_arguments arguments;

    if (!command)
        mp_pop3_bad_command(s, "-ERR unknown command\r\n");
    else if (!(command->states & s->state))
        mp_pop3_bad_command(s, "-ERR this command is not for this state of the session\r\n");
    else if (parse(command->arguments, more, rest, &arguments))
        mp_pop3_bad_command(s, "-ERR syntax error in the arguments\r\n");
    else
        command->run(s, &arguments);
}

/* What may not stand in any command: said before anything of it is looked at. */
static int refuse(struct mailproto_pop3_server *s, const struct mp_line *line)
{
    if (line->flags & MP_LINE_TOO_LONG)
        mp_pop3_bad_command(s, "-ERR line too long\r\n");
    else if (line->flags & (MP_LINE_NUL | MP_LINE_BARE_CR))
        mp_pop3_bad_command(s, "-ERR a command holds no CR and no NUL\r\n");
    else if (line->flags & MP_LINE_BARE_LF && !(s->flags & MAILPROTO_POP3_SERVER_BARE_LF))
        mp_pop3_bad_command(s, "-ERR a line ends with CR LF\r\n");
    else
        return 0;
    return 1;
}

/* A line with a password is not for logs, nor one from which it can be guessed at leisure: PASS, APOP, and AUTH with its initial
   response; misspelt ones too, as far as can be told, so whatever begins with PA, AP or AU. And a client that does not listen
   sends its responses though AUTH was refused: so what is no command behind it is one of these. A line that was too long to be
   kept may have been AUTH. */
static uint32_t trace_kind(struct mailproto_pop3_server *s, const struct mp_line *line)
{
    mailproto_text rest = {line->ptr, line->len}, keyword;

    while (rest.len && mp_ascii_is_wsp((uint8_t)*rest.ptr)) {
        rest.ptr++;
        rest.len--;
    }
    if (line->flags & MP_LINE_TOO_LONG || mp_ascii_begins(rest.ptr, rest.len, "AU"))
        s->after_auth = 1;
    else if (mp_ascii_begins(rest.ptr, rest.len, "PA") || mp_ascii_begins(rest.ptr, rest.len, "AP"))
        return MAILPROTO_TRACE_PRIVATE;
    else if (mp_pop3_word(&rest, &keyword), find(s, keyword))
        s->after_auth = 0;
    return s->after_auth ? MAILPROTO_TRACE_PRIVATE : MAILPROTO_TRACE_LINE;
}

int mp_pop3_command_step(struct mailproto_pop3_server *s)
{
    struct mp_line line;

    if (mp_out_full(&s->base, MP_OUT_MARK) || !mp_line_peek(&s->base, s->max_line, &line))
        return 0;
    mp_line_take(&s->base, &line, trace_kind(s, &line));
    mp_peer_clock_reset(&s->base);
    if (!refuse(s, &line))
        run(s, &line);
    return 1;
}
