/* client_config.c - the config of a POP3 client: defaults, contradictions, and the session made from it.
 * contract.md section 3. */
#include <string.h>

#include "core/config.h"
#include "core/memory_max.h"
#include "mime/base64.h"
#include "pop3/client.h"

enum {
    ALL_FLAGS =
        MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN | MAILPROTO_POP3_CLIENT_NO_CAPA | MAILPROTO_POP3_CLIENT_NO_PIPELINING,
    MAX_SKIP = 1048576 /* octets of a listing's line beyond max_line */
};

int32_t mailproto_pop3_client_config_init(mailproto_pop3_client_config *config, size_t size)
{
    return mp_struct_init(config, size);
}

int32_t mailproto_pop3_client_callbacks_init(mailproto_pop3_client_callbacks *callbacks, size_t size)
{
    return mp_struct_init(callbacks, size);
}

static void set_defaults(mailproto_pop3_client_config *c)
{
    mp_or_default(&c->window, 16);
    mp_or_default(&c->max_commands, 1000);
    mp_or_default(&c->max_line, 2048);
    mp_or_default(&c->greeting_ms, 300000);
    mp_or_default(&c->command_ms, 300000);
    mp_or_default(&c->body_ms, 180000);
    mp_or_default(&c->quit_ms, 600000);
    mp_or_default(&c->tls_ms, 60000);
    mp_or_default(&c->answer_ms, 600000);
    mp_or_default(&c->stall_ms, 180000);
    mp_or_default(&c->min_body_rate, 1);
}

static int login_known(uint32_t way)
{
    return way == MAILPROTO_POP3_USER_PASS || mp_sasl_name(way);
}

static const char *wrong_config(const mailproto_pop3_client_config *c)
{
    if (c->flags & ~(uint32_t)ALL_FLAGS)
        return "flags has a bit that is no MAILPROTO_POP3_CLIENT_*";
    if (c->tls > MAILPROTO_TLS_IMPLICIT)
        return "tls is no MAILPROTO_TLS_*";
    for (size_t i = 0; i < MP_POP3_LOGINS && c->login[i]; i++)
        if (!login_known(c->login[i]))
            return "login holds what is neither one MAILPROTO_SASL_* bit nor MAILPROTO_POP3_USER_PASS";
    if (c->login[0] && c->tls == MAILPROTO_TLS_NEVER && !(c->flags & MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN))
        return "no login is possible: tls is NEVER and flags lack CLEARTEXT_LOGIN";
    if (c->window > 256)
        return "window is over 256";
    if (c->max_line < MP_POP3_RESPONSE_MAX || c->max_line > 1048576)
        return "max_line is not from 512 to 1048576";
    return NULL;
}

static void fill(struct mailproto_pop3_client *c, const mailproto_pop3_client_config *config)
{
    c->flags = config->flags;
    c->tls = config->tls;
    memcpy(c->login, config->login, sizeof c->login);
    c->window = config->window;
    c->max_commands = config->max_commands;
    c->max_line = config->max_line;
    c->greeting_ms = config->greeting_ms;
    c->command_ms = config->command_ms;
    c->body_ms = config->body_ms;
    c->quit_ms = config->quit_ms;
    c->tls_ms = config->tls_ms;
    c->min_body_rate = config->min_body_rate;
}

int32_t mailproto_pop3_client_new(mailproto_pop3_client **out, const mailproto_pop3_client_config *config,
                                  const mailproto_pop3_client_callbacks *callbacks,
                                  const mailproto_allocator *allocator, void *user, const char **why)
{
    mailproto_pop3_client_callbacks table = {0};
    mailproto_pop3_client_config c;
    struct mp_engine_setup setup = {.ops = &mp_pop3_client_ops, .user = user, .polled = !callbacks};
    mailproto_allocator own;
    struct mp_engine *e;
    const char *wrong;

    if (!out || mp_struct_copy(&c, sizeof c, config))
        return mp_refuse(why, MAILPROTO_ERR_ARG, "out or config is missing, or config is not as its _init makes it");
    if (callbacks && mp_struct_copy(&table, sizeof table, callbacks))
        return mp_refuse(why, MAILPROTO_ERR_ARG, "callbacks is not as its _init makes it");
    if (mp_allocator_copy(&own, allocator))
        return mp_refuse(why, MAILPROTO_ERR_ARG, "allocator lacks a function");
    set_defaults(&c);
    wrong = wrong_config(&c);
    if (wrong)
        return mp_refuse(why, MAILPROTO_ERR_CONFIG, wrong);
    setup.allocator = &own;
    setup.answer_ms = mp_or_never(c.answer_ms);
    setup.stall_ms = mp_or_never(c.stall_ms);
    setup.max_skip = MAX_SKIP;
    setup.implicit_tls = c.tls == MAILPROTO_TLS_IMPLICIT;
    if (mp_engine_new(&e, sizeof **out, &setup))
        return mp_refuse(why, MAILPROTO_ERR_NOMEM, "the allocator gave no memory");
    *out = (struct mailproto_pop3_client *)e;
    (*out)->callbacks = table;
    fill(*out, &c);
    return MAILPROTO_OK;
}

mailproto_session *mailproto_pop3_client_session(mailproto_pop3_client *client)
{
    return client ? &client->base.session : NULL;
}

/* ---- what a session takes at most ---- */

enum { COMMAND_ROOM = 64, COMMAND_MAX = 32 }; /* what a command reserves, and what it takes */

/* Before READY: the greeting, the texts of the login, the message made of them and its line, behind short ones. */
static size_t login_max(const mailproto_pop3_client_config *c)
{
    size_t secret = MP_POP3_SECRET_MAX + MP_GRAIN;
    size_t line = mp_base64_encoded_size(MP_POP3_SECRET_MAX + 2) + 2 + MP_CHUNK_HEAD;

    return c->max_line + MP_GRAIN + 2 * secret + line + 2 * (MP_CHUNK + MP_CHUNK_HEAD);
}

/* Behind it: commands, as many as may be on their way or as output takes. */
static size_t commands_max(const mailproto_pop3_client_config *c)
{
    size_t pending = (size_t)c->window * COMMAND_MAX;

    return mp_output_memory_max(pending < MP_OUT_MARK ? pending : MP_OUT_MARK, COMMAND_ROOM);
}

size_t mailproto_pop3_client_memory_max(const mailproto_pop3_client_config *config)
{
    mailproto_pop3_client_config c;

    if (mp_struct_copy(&c, sizeof c, config))
        return 0;
    set_defaults(&c);
    if (wrong_config(&c))
        return 0;
    return sizeof(struct mailproto_pop3_client) + MP_GRAIN + MP_ANSWER_MAX + MP_GRAIN + mp_line_memory_max(c.max_line) +
           mp_larger(login_max(&c), commands_max(&c));
}
