/* client_submit.c - what the host submits: messages and simple commands, checked by the grammar that parses them, and kept
 * as they go on the wire. RFC 5321 sections 4.1.1.2, 4.1.1.3 and 4.1.2; RFC 1870, RFC 6152, RFC 6531, RFC 8689, RFC 3461
 * section 4, RFC 4954 section 5. */
#include <string.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "smtp/client.h"
#include "smtp/grammar.h"

/* A line in the making. */
struct line {
    uint16_t parts[MP_MAIL_PARTS], count;
    uint16_t len;
    char text[MP_CLIENT_LINE_MAX];
};

static void put(struct line *line, const char *text, size_t n)
{
    if (n)
        memcpy(line->text + line->len, text, n);
    line->len = (uint16_t)(line->len + n);
}

static void put_word(struct line *line, const char *word)
{
    put(line, word, strlen(word));
}

static void end_part(struct line *line)
{
    line->parts[line->count++] = line->len;
}

/* Puts the words of a list, each with its NUL, whose bits are set. */
static void put_words(struct line *line, uint32_t bits, const char *words)
{
    for (; bits; bits >>= 1, words += strlen(words) + 1)
        if (bits & 1)
            put_word(line, words);
}

/* ---- what a text may be ---- */

MP_OUTLINE static int missing(mailproto_text text)
{
    return !text.ptr && text.len;
}

/* Printable ASCII, or what else is in `sets`. */
static int printable(mailproto_text text, uint32_t sets)
{
    return !missing(text) && mp_ascii_span(text.ptr, text.len, MP_PRINT | sets) == text.len;
}

static int path_ok(mailproto_text path, uint32_t flags)
{
    if (missing(path) || path.len > MP_CLIENT_PATH_MAX)
        return 0;
    if (flags & MP_SMTP_POSTMASTER && mp_ascii_equal(path.ptr, path.len, "postmaster"))
        return 1;
    return path.len ? mp_smtp_is_mailbox(path.ptr, path.len, flags) : (flags & MP_SMTP_NULL_PATH) != 0;
}

/* Puts the path and the '>' behind it, which end a part. 0: it is none. */
MP_OUTLINE static int put_path(struct line *line, mailproto_text path, uint32_t flags)
{
    if (!path_ok(path, flags))
        return 0;
    put(line, path.ptr, path.len);
    put_word(line, ">");
    end_part(line);
    return 1;
}

/* Puts `word` and text as xtext or as the address of an ORCPT. 0: it may not be said, or has more than `max` octets. */
static int put_xtext(struct line *line, const char *word, const mailproto_text *text, size_t max, uint32_t flags)
{
    const char *p = text->ptr;
    size_t n = text->len;

    if (n > max || !printable(*text, flags & MP_SMTP_UTF8_TYPE ? MP_HIGH : 0) ||
        !mp_utf8_valid((const uint8_t *)p, n) || mp_xtext_encode(NULL, p, n, flags) > max)
        return 0;
    put_word(line, word);
    line->len = (uint16_t)(line->len + mp_xtext_encode(line->text + line->len, p, n, flags));
    return 1;
}

/* ---- commands ---- */

/* Makes a command of the line, if another may be submitted. */
static int32_t new_command(struct mailproto_smtp_client *c, const struct line *line, struct mp_client_command **out)
{
    size_t n = line->len;
    struct mp_client_command *command;

    if (mp_engine_ended(&c->base) || c->base.finishing)
        return MAILPROTO_ERR_STATE;
    if (c->count >= c->config.max_commands)
        return MAILPROTO_ERR_LIMIT;
    command = mp_alloc_zero(&c->base.allocator, sizeof *command + n);
    if (!command)
        return MAILPROTO_ERR_NOMEM;
    memcpy(command->text, line->text, n);
    command->text_len = (uint16_t)n;
    command->token = mp_token(&c->base, 0);
    command->state = MP_COMMAND_BUILDING;
    c->count++;
    mp_client_push(c, command);
    *out = command;
    return MAILPROTO_OK;
}

/* Goes to the end of the commands, in another state. */
static int32_t move(struct mailproto_smtp_client *c, struct mp_client_command *command, uint8_t state)
{
    mp_client_unlink(c, command);
    mp_client_push(c, command);
    command->state = state;
    mp_engine_kick(&c->base);
    return MAILPROTO_OK;
}

/* ---- messages ---- */

int32_t mailproto_smtp_envelope_init(mailproto_smtp_envelope *envelope, size_t size)
{
    return mp_struct_init(envelope, size);
}

int32_t mailproto_smtp_recipient_init(mailproto_smtp_recipient *recipient, size_t size)
{
    return mp_struct_init(recipient, size);
}

static uint32_t needs(const mailproto_smtp_envelope *envelope)
{
    uint32_t bits = 0;

    if (envelope->body == MAILPROTO_SMTP_BODY_8BITMIME)
        bits |= MAILPROTO_SMTP_EXT_8BITMIME;
    if (envelope->body == MAILPROTO_SMTP_BODY_BINARYMIME)
        bits |= MAILPROTO_SMTP_EXT_BINARYMIME | MAILPROTO_SMTP_EXT_CHUNKING;
    if (envelope->flags & MAILPROTO_SMTP_MAIL_SMTPUTF8)
        bits |= MAILPROTO_SMTP_EXT_SMTPUTF8;
    if (envelope->flags & MAILPROTO_SMTP_MAIL_REQUIRETLS)
        bits |= MAILPROTO_SMTP_EXT_REQUIRETLS;
    return bits;
}

/* The argument of MAIL in its parts. 0: something in it may not be said. */
MP_OUTLINE static int put_envelope(struct line *line, const mailproto_smtp_envelope *envelope)
{
    uint32_t utf8 = envelope->flags & MAILPROTO_SMTP_MAIL_SMTPUTF8 ? MP_SMTP_UTF8 : 0;

    if (envelope->flags > 3 || envelope->body > MAILPROTO_SMTP_BODY_BINARYMIME ||
        envelope->ret > MAILPROTO_SMTP_RET_HDRS || !put_path(line, envelope->sender, utf8 | MP_SMTP_NULL_PATH))
        return 0;
    if (envelope->size) {
        put_word(line, " SIZE=");
        line->len = (uint16_t)(line->len + mp_ascii_write_decimal(line->text + line->len, envelope->size));
    }
    end_part(line);
    put_words(line, envelope->body | envelope->flags << 2, " BODY=8BITMIME\0 BODY=BINARYMIME\0 SMTPUTF8\0 REQUIRETLS");
    end_part(line);
    put_words(line, envelope->ret, " RET=FULL\0 RET=HDRS");
    if (envelope->envid.len && !put_xtext(line, " ENVID=", &envelope->envid, MP_CLIENT_ENVID_MAX, 0))
        return 0;
    end_part(line);
    if (envelope->has_auth &&
        (!path_ok(envelope->auth, MP_SMTP_NULL_PATH) ||
         !put_xtext(line, envelope->auth.len ? " AUTH=" : " AUTH=<>", &envelope->auth, MP_CLIENT_VALUE_MAX, 0)))
        return 0;
    end_part(line);
    return 1;
}

int32_t mailproto_smtp_client_send(mailproto_smtp_client *client, const mailproto_smtp_envelope *envelope,
                                   uint64_t *command)
{
    mailproto_smtp_envelope own;
    struct mp_client_command *message;
    struct line line;
    int32_t result;

    line.len = line.count = 0;
    if (!client || !command || mp_struct_copy(&own, sizeof own, envelope) || !put_envelope(&line, &own))
        return MAILPROTO_ERR_ARG;
    result = new_command(client, &line, &message);
    if (result)
        return result;
    memcpy(message->parts, line.parts, sizeof line.parts);
    message->size = own.size;
    message->needs = (uint16_t)needs(&own);
    message->body = (uint8_t)own.body;
    message->smtputf8 = own.flags & MAILPROTO_SMTP_MAIL_SMTPUTF8;
    *command = message->token;
    return MAILPROTO_OK;
}

/* The message of that token, which was not let go yet. */
static int32_t find_building(const struct mailproto_smtp_client *c, uint64_t token, struct mp_client_command **message)
{
    *message = c ? mp_client_find(c, token) : NULL;
    if (!c)
        return MAILPROTO_ERR_ARG;
    if (!*message || (*message)->verb || (*message)->state == MP_COMMAND_ENDED)
        return MAILPROTO_ERR_TOKEN;
    return (*message)->state == MP_COMMAND_BUILDING ? MAILPROTO_OK : MAILPROTO_ERR_STATE;
}

/* The argument of RCPT. 0: something in it may not be said. NEVER stands alone (RFC 3461 4.1). */
static int put_recipient(struct line *line, const mailproto_smtp_recipient *own, uint32_t utf8)
{
    mailproto_text type = own->orcpt_type;

    if (!type.len)
        type = (mailproto_text){"rfc822", 6};
    if (!put_path(line, own->path, utf8 | MP_SMTP_POSTMASTER) ||
        own->notify > (own->notify & MAILPROTO_SMTP_NOTIFY_NEVER ? 1U : 15U))
        return 0;
    if (own->notify) {
        put_word(line, " NOTIFY=");
        put_words(line, own->notify, "NEVER,\0SUCCESS,\0FAILURE,\0DELAY,");
        line->len--;
    }
    if (!own->orcpt.len)
        return 1;
    if (missing(type) || type.len > 63 || !mp_smtp_is_keyword(type.ptr, type.len))
        return 0;
    put_word(line, " ORCPT=");
    put(line, type.ptr, type.len);
    return put_xtext(line, ";", &own->orcpt, MP_CLIENT_VALUE_MAX - type.len - 1, utf8 | mp_orcpt_type(type));
}

int32_t mailproto_smtp_client_send_to(mailproto_smtp_client *client, uint64_t command,
                                      const mailproto_smtp_recipient *recipient)
{
    mailproto_smtp_recipient own;
    struct mp_client_command *message;
    struct mp_client_recipient *made;
    struct line line;
    int32_t result = find_building(client, command, &message);

    line.len = line.count = 0;
    if (!client || mp_struct_copy(&own, sizeof own, recipient))
        return MAILPROTO_ERR_ARG;
    if (result)
        return result;
    if (!put_recipient(&line, &own, message->smtputf8 ? MP_SMTP_UTF8 : 0))
        return MAILPROTO_ERR_ARG;
    if (message->recipients == client->config.max_recipients)
        return MAILPROTO_ERR_LIMIT;
    made = mp_alloc_zero(&client->base.allocator, sizeof *made + line.len);
    if (!made)
        return MAILPROTO_ERR_NOMEM;
    memcpy(made->text, line.text, line.len);
    made->path_len = line.parts[0];
    made->text_len = line.len;
    if (message->last)
        message->last->next = made;
    else
        message->first = made;
    message->last = made;
    message->recipients++;
    return MAILPROTO_OK;
}

int32_t mailproto_smtp_client_send_go(mailproto_smtp_client *client, uint64_t command)
{
    struct mp_client_command *message;
    int32_t result = find_building(client, command, &message);

    if (result)
        return result;
    if (!message->recipients || mp_engine_ended(&client->base))
        return MAILPROTO_ERR_STATE;
    return move(client, message, MP_COMMAND_QUEUED);
}

/* ---- simple commands ---- */

enum { ARGUMENT_MAX = 512 - 7 }; /* the line with its CRLF (RFC 5321 4.5.3.1.4) */

/* An argument is printable, with no space at its ends, where it would be taken for the command's own. */
static int32_t submit(struct mailproto_smtp_client *c, const char *verb, const char *text, size_t n, uint64_t *token)
{
    const mailproto_text argument = {text, n};
    struct mp_client_command *command;
    struct line line;
    int32_t result;

    if (!c || !token || n > ARGUMENT_MAX || !printable(argument, 0) || (n && (text[0] == ' ' || text[n - 1] == ' ')))
        return MAILPROTO_ERR_ARG;
    line.len = 0;
    put(&line, text, n);
    result = new_command(c, &line, &command);
    if (result)
        return result;
    command->verb = verb;
    *token = command->token;
    return move(c, command, MP_COMMAND_QUEUED);
}

int32_t mailproto_smtp_client_vrfy(mailproto_smtp_client *client, const char *argument, size_t len, uint64_t *command)
{
    return len ? submit(client, "VRFY ", argument, len, command) : MAILPROTO_ERR_ARG;
}

int32_t mailproto_smtp_client_expn(mailproto_smtp_client *client, const char *argument, size_t len, uint64_t *command)
{
    return len ? submit(client, "EXPN ", argument, len, command) : MAILPROTO_ERR_ARG;
}

int32_t mailproto_smtp_client_help(mailproto_smtp_client *client, const char *argument, size_t len, uint64_t *command)
{
    return submit(client, len ? "HELP " : "HELP", argument, len, command);
}

int32_t mailproto_smtp_client_noop(mailproto_smtp_client *client, uint64_t *command)
{
    return submit(client, "NOOP", NULL, 0, command);
}

/* ---- taking back ---- */

int32_t mp_client_cancel(struct mp_engine *e, uint64_t token)
{
    struct mailproto_smtp_client *c = mp_client_of(e);
    struct mp_client_command *command = mp_client_find(c, token);

    if (!command || command->state == MP_COMMAND_ENDED)
        return MAILPROTO_ERR_TOKEN;
    if (command != c->active)
        return move(c, command, MP_COMMAND_ENDED);
    if (!command->verb)
        mp_client_abort(c, MAILPROTO_ERR_CANCELLED, NULL);
    mp_engine_kick(e);
    return MAILPROTO_OK;
}
