/* server_commands.c - the table of commands, and what every command line goes through before its own file.
 * RFC 5321 sections 2.4, 4.1.1, 4.1.4 and 4.5.3.1.4; RFC 2920 section 3.1; RFC 3207 section 4. */
#include <string.h>

#include "core/ascii.h"
#include "smtp/server.h"

#define COMMAND(name, flags, handle)                                                                                   \
    {                                                                                                                  \
        name, sizeof name - 1, flags, handle                                                                           \
    }

/* The order is that of a search; HELP lists it. */
const struct mp_smtp_command mp_smtp_commands[] = {
    COMMAND("RCPT", MP_COMMAND_OVERLAPS, mp_smtp_rcpt),
    COMMAND("MAIL", 0, mp_smtp_mail),
    COMMAND("DATA", MP_COMMAND_LAST | MP_COMMAND_NO_ARG, mp_smtp_data),
    COMMAND("BDAT", 0, mp_smtp_bdat),
    COMMAND("RSET", MP_COMMAND_NO_ARG, mp_smtp_rset),
    COMMAND("EHLO", MP_COMMAND_LAST | MP_COMMAND_CLEAR | MP_COMMAND_SMTP_ONLY, mp_smtp_ehlo),
    COMMAND("HELO", MP_COMMAND_LAST | MP_COMMAND_CLEAR | MP_COMMAND_SMTP_ONLY, mp_smtp_helo),
    COMMAND("LHLO", MP_COMMAND_LAST | MP_COMMAND_CLEAR | MP_COMMAND_LMTP_ONLY, mp_smtp_lhlo),
    COMMAND("STARTTLS", MP_COMMAND_LAST | MP_COMMAND_CLEAR | MP_COMMAND_NO_ARG, mp_smtp_starttls),
    COMMAND("AUTH", MP_COMMAND_LAST | MP_COMMAND_SECRET, mp_smtp_auth),
    COMMAND("NOOP", MP_COMMAND_LAST | MP_COMMAND_CLEAR, mp_smtp_noop),
    COMMAND("VRFY", MP_COMMAND_LAST, mp_smtp_vrfy),
    COMMAND("EXPN", MP_COMMAND_LAST, mp_smtp_expn),
    COMMAND("HELP", 0, mp_smtp_help),
    COMMAND("QUIT", MP_COMMAND_LAST | MP_COMMAND_CLEAR | MP_COMMAND_NO_ARG | MP_COMMAND_REFUSED, mp_smtp_quit),
    {"", 0, 0, NULL},
};

/* The first four octets in upper case: no verb is shorter, and no two begin alike. Nothing but a letter becomes a letter
   that way. */
static uint32_t first_four(const char *text)
{
    uint32_t word;

    memcpy(&word, text, sizeof word);
    return word & 0xdfdfdfdf;
}

static int is_whole(const struct mp_line *line, const struct mp_smtp_command *command)
{
    return line->len >= command->length && mp_ascii_same(line->ptr + 4, command->name + 4, command->length - 4u) &&
           (line->len == command->length || line->ptr[command->length] == ' ');
}

/* The command of a line, or the last of the table. */
static const struct mp_smtp_command *command_of(const struct mp_line *line)
{
    const struct mp_smtp_command *command = mp_smtp_commands;
    const uint32_t verb = line->len < 4 ? 0 : first_four(line->ptr);

    while (command->length && first_four(command->name) != verb)
        command++;
    if (command->length && is_whole(line, command))
        return command;
    while (command->length)
        command++;
    return command;
}

/* What stands behind the verb, without the spaces around it: those at the end are tolerated (RFC 5321 4.1.1). */
static mailproto_text argument_of(const struct mp_line *line, size_t verb)
{
    const char *p = line->ptr + verb, *end = line->ptr + line->len;

    while (p < end && *p == ' ')
        p++;
    while (end > p && mp_ascii_is_wsp((uint8_t)end[-1]))
        end--;
    return (mailproto_text){p, (size_t)(end - p)};
}

/* A line that is no command whatever its words are, or one that may not be said now. MP_R_NONE: it may. */
static uint32_t refusal_of(const struct mailproto_smtp_server *s, const struct mp_line *line,
                           const struct mp_smtp_command *command)
{
    int lmtp = (s->flags & MAILPROTO_SMTP_SERVER_LMTP) != 0;

    if (line->flags & MP_LINE_TOO_LONG)
        return MP_R_LONG_LINE;
    if (line->flags & (MP_LINE_BARE_LF | MP_LINE_BARE_CR | MP_LINE_NUL))
        return MP_R_BAD_OCTET;
    if (s->phase == MP_SMTP_REFUSED && !(command->flags & MP_COMMAND_REFUSED))
        return MP_R_ONLY_QUIT;
    if (!command->length || (command->flags & (lmtp ? MP_COMMAND_SMTP_ONLY : MP_COMMAND_LMTP_ONLY)))
        return MP_R_UNKNOWN_COMMAND;
    if (s->tls_mode == MAILPROTO_TLS_REQUIRED && !mp_smtp_inside_tls(s) && !(command->flags & MP_COMMAND_CLEAR))
        return MP_R_NEED_TLS;
    return MP_R_NONE;
}

/* Credentials are not for logs (RFC 4954 section 9). They stand behind AUTH; misspelt too, as far as can be told, so behind
   whatever begins with AU. And a client that does not listen sends its responses though AUTH was refused: so what is no
   command behind it is one of these. A line that was too long to be kept may have been AUTH. */
static uint32_t trace_kind(struct mailproto_smtp_server *s, const struct mp_line *line,
                           const struct mp_smtp_command *command)
{
    size_t blank = 0;

    if (command->length && !(command->flags & MP_COMMAND_SECRET)) {
        s->after_auth = 0;
        return MAILPROTO_TRACE_LINE;
    }
    while (blank < line->len && mp_ascii_is_wsp((uint8_t)line->ptr[blank]))
        blank++;
    if (line->flags & MP_LINE_TOO_LONG || mp_ascii_begins(line->ptr + blank, line->len - blank, "AU"))
        s->after_auth = 1;
    return s->after_auth ? MAILPROTO_TRACE_PRIVATE : MAILPROTO_TRACE_LINE;
}

static void take(struct mailproto_smtp_server *s, const struct mp_line *line, const struct mp_smtp_command *command)
{
    mp_line_take(&s->base, line, trace_kind(s, line, command));
    mp_peer_clock_reset(&s->base);
    s->greeted = 1;
}

static int run(struct mailproto_smtp_server *s, const struct mp_line *line, const struct mp_smtp_command *command)
{
    mailproto_text arg = argument_of(line, command->length);

    if (command->flags & MP_COMMAND_OVERLAPS) {
        s->after_auth = 0;
        return command->handle(s, line, arg);
    }
    take(s, line, command);
    if (arg.len && (command->flags & MP_COMMAND_NO_ARG)) {
        mp_smtp_put(s, MP_R_SYNTAX);
        return 1;
    }
    return command->handle(s, line, arg);
}

/* Whether all that is asked is RCPTs, which further RCPTs need not wait for. */
static int only_recipients(const struct mp_engine *e)
{
    return !e->ring_count || e->ring[e->ring_head].type == MAILPROTO_SMTP_SERVER_RCPT;
}

int mp_smtp_command_step(struct mailproto_smtp_server *s)
{
    struct mp_engine *e = &s->base;
    const struct mp_smtp_command *command;
    struct mp_line line;
    uint32_t refusal;

    if (!only_recipients(e) || mp_request_full(e) || mp_out_full(e, MP_OUT_MARK))
        return 0;
    if (!mp_line_peek(e, s->max_line, &line))
        return e->ending;
    command = command_of(&line);
    refusal = refusal_of(s, &line, command);
    if (mp_requests(e) && (refusal || !(command->flags & MP_COMMAND_OVERLAPS))) {
        mp_line_wait(e, &line);
        return e->ending;
    }
    if (!refusal)
        return run(s, &line, command);
    take(s, &line, command);
    mp_smtp_put(s, refusal);
    return 1;
}

int mp_smtp_ask(struct mailproto_smtp_server *s, uint32_t type, size_t size, uint32_t index)
{
    struct mp_request *r;

    if (mp_out_promise(&s->base, MP_CHUNK))
        return -1;
    r = mp_request_open(&s->base, type, index);
    if (!r)
        return -1;
    mp_raise(&s->base, &s->work->event, size, type, r->token);
    return 0;
}
