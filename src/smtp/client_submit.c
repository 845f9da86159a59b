/* client_submit.c - what the host submits: messages and simple commands, checked by the grammar that parses them.
 * RFC 5321 section 4.1.2; RFC 3461 section 4; RFC 4954 section 5. */
#include <string.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "smtp/client.h"
#include "smtp/grammar.h"

/* ---- what a text may be ---- */

static int missing(mailproto_text text)
{
    return !text.ptr && text.len;
}

static int has_control(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((uint8_t)text[i] < ' ' || text[i] == 0x7f)
            return 1;
    return 0;
}

static int is_ascii(const char *text, size_t n)
{
    return mp_ascii_prefix((const uint8_t *)text, n) == n;
}

static uint32_t utf8_flag(uint32_t mail_flags)
{
    return mail_flags & MAILPROTO_SMTP_MAIL_SMTPUTF8 ? MP_SMTP_UTF8 : 0;
}

static int path_ok(mailproto_text path, uint32_t flags)
{
    if (missing(path) || path.len > MP_CLIENT_PATH_MAX)
        return 0;
    if (flags & MP_SMTP_POSTMASTER && mp_ascii_equal(path.ptr, path.len, "postmaster"))
        return 1;
    return path.len ? mp_smtp_is_mailbox(path.ptr, path.len, flags) : (flags & MP_SMTP_NULL_PATH) != 0;
}

/* Text that becomes xtext of at most `max` octets. */
static int xtext_ok(mailproto_text text, size_t max)
{
    return !missing(text) && text.len <= max && is_ascii(text.ptr, text.len) && !has_control(text.ptr, text.len) &&
           mp_xtext_encoded_size(text.ptr, text.len) <= max;
}

static int envelope_ok(const mailproto_smtp_envelope *envelope)
{
    const uint32_t flags = MAILPROTO_SMTP_MAIL_SMTPUTF8 | MAILPROTO_SMTP_MAIL_REQUIRETLS;

    if (envelope->flags & ~flags || envelope->body > MAILPROTO_SMTP_BODY_BINARYMIME ||
        envelope->ret > MAILPROTO_SMTP_RET_HDRS)
        return 0;
    return path_ok(envelope->sender, utf8_flag(envelope->flags) | MP_SMTP_NULL_PATH) &&
           xtext_ok(envelope->envid, MP_CLIENT_ENVID_MAX) &&
           (!envelope->has_auth ||
            (xtext_ok(envelope->auth, MP_CLIENT_VALUE_MAX) && path_ok(envelope->auth, MP_SMTP_NULL_PATH)));
}

static int orcpt_ok(mailproto_text type, mailproto_text orcpt, uint32_t flags)
{
    if (missing(type) || missing(orcpt) || orcpt.len > MP_CLIENT_VALUE_MAX || type.len > 63 ||
        !mp_smtp_is_keyword(type.ptr, type.len) || has_control(orcpt.ptr, orcpt.len))
        return 0;
    if (mp_ascii_equal(type.ptr, type.len, "utf-8") ? !mp_utf8_valid((const uint8_t *)orcpt.ptr, orcpt.len)
                                                    : !is_ascii(orcpt.ptr, orcpt.len))
        return 0;
    return type.len + 1 + mp_orcpt_encoded_size(type, orcpt.ptr, orcpt.len, flags) <= MP_CLIENT_VALUE_MAX;
}

/* NEVER stands alone (RFC 3461 4.1). */
static int notify_ok(uint32_t notify)
{
    const uint32_t others = MAILPROTO_SMTP_NOTIFY_SUCCESS | MAILPROTO_SMTP_NOTIFY_FAILURE | MAILPROTO_SMTP_NOTIFY_DELAY;

    return notify == MAILPROTO_SMTP_NOTIFY_NEVER || !(notify & ~others);
}

/* ---- commands ---- */

static char *append(char *to, mailproto_text text)
{
    if (text.len)
        memcpy(to, text.ptr, text.len);
    return to + text.len;
}

/* Whether another command may be submitted. */
static int32_t may_submit(const struct mailproto_smtp_client *c)
{
    if (mp_engine_ended(&c->base) || c->base.finishing)
        return MAILPROTO_ERR_STATE;
    return c->commands < c->config.max_commands ? MAILPROTO_OK : MAILPROTO_ERR_LIMIT;
}

static struct mp_client_command *new_command(struct mailproto_smtp_client *c, size_t text_len)
{
    struct mp_client_command *command = mp_alloc_zero(&c->base.allocator, sizeof *command + text_len);

    if (!command)
        return NULL;
    command->text_len = (uint32_t)text_len;
    command->token = mp_token(&c->base, 0);
    c->commands++;
    return command;
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

int32_t mailproto_smtp_client_send(mailproto_smtp_client *client, const mailproto_smtp_envelope *envelope,
                                   uint64_t *command)
{
    mailproto_smtp_envelope own;
    struct mp_client_command *message;
    size_t auth_len;
    int32_t result;

    if (!client || !command || mp_struct_copy(&own, sizeof own, envelope) || !envelope_ok(&own))
        return MAILPROTO_ERR_ARG;
    result = may_submit(client);
    if (result)
        return result;
    auth_len = own.has_auth ? own.auth.len : 0;
    message = new_command(client, own.sender.len + own.envid.len + auth_len);
    if (!message)
        return MAILPROTO_ERR_NOMEM;
    message->size = own.size;
    message->flags = own.flags;
    message->body = own.body;
    message->ret = own.ret;
    message->has_auth = own.has_auth;
    message->sender_len = (uint16_t)own.sender.len;
    message->envid_len = (uint16_t)own.envid.len;
    message->auth_len = (uint16_t)auth_len;
    append(append(append(message->text, own.sender), own.envid), (mailproto_text){own.auth.ptr, auth_len});
    mp_client_push(&client->building, message);
    *command = message->token;
    return MAILPROTO_OK;
}

static struct mp_client_command *find(const struct mp_client_queue *queue, uint64_t token)
{
    struct mp_client_command *command = queue->first;

    while (command && command->token != token)
        command = command->next;
    return command;
}

/* What a token that is not in `building` means: a message that was let go already, or nothing. */
static int32_t not_building(const struct mailproto_smtp_client *c, uint64_t token)
{
    const struct mp_client_command *command = find(&c->queue, token);

    if (!command && c->active && c->active->token == token)
        command = c->active;
    return command && !command->verb ? MAILPROTO_ERR_STATE : MAILPROTO_ERR_TOKEN;
}

static int recipient_ok(const mailproto_smtp_recipient *recipient, uint32_t mail_flags)
{
    uint32_t flags = utf8_flag(mail_flags);

    return path_ok(recipient->path, flags | MP_SMTP_POSTMASTER) && notify_ok(recipient->notify) &&
           !missing(recipient->orcpt) &&
           (!recipient->orcpt.len || orcpt_ok(recipient->orcpt_type, recipient->orcpt, flags));
}

static int32_t add(struct mailproto_smtp_client *c, struct mp_client_command *message,
                   const mailproto_smtp_recipient *own)
{
    size_t text_len = own->path.len + (own->orcpt.len ? own->orcpt_type.len + own->orcpt.len : 0);
    struct mp_client_recipient *recipient = mp_alloc_zero(&c->base.allocator, sizeof *recipient + text_len);

    if (!recipient)
        return MAILPROTO_ERR_NOMEM;
    recipient->notify = (uint8_t)own->notify;
    recipient->path_len = (uint16_t)own->path.len;
    append(recipient->text, own->path);
    if (own->orcpt.len) {
        recipient->type_len = (uint16_t)own->orcpt_type.len;
        recipient->orcpt_len = (uint16_t)own->orcpt.len;
        append(append(recipient->text + own->path.len, own->orcpt_type), own->orcpt);
    }
    if (message->last)
        message->last->next = recipient;
    else
        message->first = recipient;
    message->last = recipient;
    message->recipients++;
    return MAILPROTO_OK;
}

int32_t mailproto_smtp_client_send_to(mailproto_smtp_client *client, uint64_t command,
                                      const mailproto_smtp_recipient *recipient)
{
    mailproto_smtp_recipient own;
    struct mp_client_command *message;

    if (!client || mp_struct_copy(&own, sizeof own, recipient))
        return MAILPROTO_ERR_ARG;
    message = find(&client->building, command);
    if (!message)
        return not_building(client, command);
    if (!own.orcpt_type.len)
        own.orcpt_type = (mailproto_text){"rfc822", 6};
    if (!recipient_ok(&own, message->flags))
        return MAILPROTO_ERR_ARG;
    if (message->recipients == client->config.max_recipients)
        return MAILPROTO_ERR_LIMIT;
    return add(client, message, &own);
}

int32_t mailproto_smtp_client_send_go(mailproto_smtp_client *client, uint64_t command)
{
    struct mp_client_command *message;

    if (!client)
        return MAILPROTO_ERR_ARG;
    message = find(&client->building, command);
    if (!message)
        return not_building(client, command);
    if (!message->recipients || mp_engine_ended(&client->base))
        return MAILPROTO_ERR_STATE;
    mp_client_push(&client->queue, mp_client_take(&client->building, command));
    mp_engine_kick(&client->base);
    return MAILPROTO_OK;
}

/* ---- simple commands ---- */

enum { ARGUMENT_MAX = 512 - 7 }; /* the line with its CRLF (RFC 5321 4.5.3.1.4) */

/* Printable, and no space at its ends, where it would be taken for the command's own. */
static int argument_ok(const char *text, size_t n)
{
    if ((!text && n) || n > ARGUMENT_MAX || has_control(text, n) || !is_ascii(text, n))
        return 0;
    return !n || (text[0] != ' ' && text[n - 1] != ' ');
}

static int32_t submit(struct mailproto_smtp_client *c, const char *verb, mailproto_text argument, uint64_t *token)
{
    struct mp_client_command *command;
    int32_t result = may_submit(c);

    if (result)
        return result;
    command = new_command(c, argument.len);
    if (!command)
        return MAILPROTO_ERR_NOMEM;
    command->verb = verb;
    command->sender_len = (uint16_t)argument.len;
    append(command->text, argument);
    mp_client_push(&c->queue, command);
    mp_engine_kick(&c->base);
    *token = command->token;
    return MAILPROTO_OK;
}

int32_t mailproto_smtp_client_vrfy(mailproto_smtp_client *client, const char *argument, size_t len, uint64_t *command)
{
    if (!client || !command || !len || !argument_ok(argument, len))
        return MAILPROTO_ERR_ARG;
    return submit(client, "VRFY ", (mailproto_text){argument, len}, command);
}

int32_t mailproto_smtp_client_expn(mailproto_smtp_client *client, const char *argument, size_t len, uint64_t *command)
{
    if (!client || !command || !len || !argument_ok(argument, len))
        return MAILPROTO_ERR_ARG;
    return submit(client, "EXPN ", (mailproto_text){argument, len}, command);
}

int32_t mailproto_smtp_client_help(mailproto_smtp_client *client, const char *argument, size_t len, uint64_t *command)
{
    if (!client || !command || !argument_ok(argument, len))
        return MAILPROTO_ERR_ARG;
    return submit(client, len ? "HELP " : "HELP", (mailproto_text){argument, len}, command);
}

int32_t mailproto_smtp_client_noop(mailproto_smtp_client *client, uint64_t *command)
{
    if (!client || !command)
        return MAILPROTO_ERR_ARG;
    return submit(client, "NOOP", (mailproto_text){NULL, 0}, command);
}

/* ---- taking back ---- */

static int32_t withdraw(struct mailproto_smtp_client *c, struct mp_client_command *command)
{
    command->why = MAILPROTO_ERR_CANCELLED;
    mp_client_push(&c->ended, command);
    mp_engine_kick(&c->base);
    return MAILPROTO_OK;
}

int32_t mp_client_cancel(struct mp_engine *e, uint64_t token)
{
    struct mailproto_smtp_client *c = mp_client_of(e);
    struct mp_client_command *command = mp_client_take(&c->building, token);

    if (!command)
        command = mp_client_take(&c->queue, token);
    if (command)
        return withdraw(c, command);
    if (!c->active || c->active->token != token)
        return MAILPROTO_ERR_TOKEN;
    if (!c->active->verb)
        mp_client_abort(c, MAILPROTO_ERR_CANCELLED, NULL);
    mp_engine_kick(e);
    return MAILPROTO_OK;
}
