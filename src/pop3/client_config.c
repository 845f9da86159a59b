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

enum { MAX_MESSAGE = 8192, MAX_MESSAGE_EVER = 1048576 }; /* of sasl.max_message */

/* A config with its defaults; that of SASL, if there is one, in a copy that has all its fields. 0; -1: not made by _init. */
static int copy_config(mailproto_pop3_client_config *c, mailproto_sasl_client_config *sasl,
                       const mailproto_pop3_client_config *config)
{
    if (mp_struct_copy(c, sizeof *c, config) || (c->sasl && mp_struct_copy(sasl, sizeof *sasl, c->sasl)))
        return -1;
    if (c->sasl) {
        c->sasl = sasl;
        mp_or_default(&sasl->max_message, MAX_MESSAGE);
    }
    set_defaults(c);
    return 0;
}

/* ---- contradictions ---- */

static int one_bit(uint32_t way)
{
    return !(way & (way - 1));
}

/* APOP needs MD5. */
static int has_md5(const mailproto_sasl_client_config *sasl)
{
    mailproto_crypto crypto;

    return sasl && !mp_struct_copy(&crypto, sizeof crypto, sasl->crypto) && crypto.hashes & MAILPROTO_HASH_MD5 &&
           crypto.hash;
}

static const char *wrong_way(const mailproto_pop3_client_config *c, uint32_t way)
{
    const uint32_t known = MP_SASL_EVERY | MAILPROTO_POP3_USER_PASS | MAILPROTO_POP3_APOP;

    if (!one_bit(way) || way & ~known)
        return "login holds what is neither one MAILPROTO_SASL_* bit nor MAILPROTO_POP3_USER_PASS nor _APOP";
    if (way == MAILPROTO_POP3_APOP && !has_md5(c->sasl))
        return "login holds APOP, which needs sasl.crypto with MD5";
    if (way & ~(uint32_t)(MP_SASL_ALL | MAILPROTO_POP3_USER_PASS) && !c->sasl)
        return "login holds a mechanism that needs sasl";
    return NULL;
}

static const char *wrong_login(const mailproto_pop3_client_config *c)
{
    const uint32_t need_tls =
        MAILPROTO_SASL_CLEARTEXT | MAILPROTO_SASL_SCRAM_PLUS | MAILPROTO_SASL_EXTERNAL | MAILPROTO_POP3_USER_PASS;
    uint32_t ways = 0;
    const char *why;

    for (size_t i = 0; i < MP_POP3_LOGINS && c->login[i]; i++) {
        if ((why = wrong_way(c, c->login[i])))
            return why;
        ways |= c->login[i];
    }
    if (ways && !(ways & ~need_tls) && c->tls == MAILPROTO_TLS_NEVER &&
        !(c->flags & MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN))
        return "no login is possible: tls is NEVER and flags lack CLEARTEXT_LOGIN";
    if (c->sasl && c->sasl->order[0])
        return "sasl.order is not empty: the order is that of login";
    return NULL;
}

static const char *wrong_config(const mailproto_pop3_client_config *c)
{
    if (c->flags & ~(uint32_t)ALL_FLAGS)
        return "flags has a bit that is no MAILPROTO_POP3_CLIENT_*";
    if (c->tls > MAILPROTO_TLS_IMPLICIT)
        return "tls is no MAILPROTO_TLS_*";
    if (c->window > 256)
        return "window is over 256";
    if (c->sasl && c->sasl->max_message > MAX_MESSAGE_EVER)
        return "sasl.max_message is over 1048576";
    if (c->max_line < MP_POP3_RESPONSE_MAX || c->max_line > 1048576)
        return "max_line is not from 512 to 1048576";
    return wrong_login(c);
}

/* A challenge is a line of its own kind: base64 of what the mechanisms take. */
static uint32_t auth_line(const mailproto_pop3_client_config *c)
{
    uint32_t most = c->sasl ? (uint32_t)mp_base64_encoded_size(c->sasl->max_message) + 4 : 0;

    return most > c->max_line ? most : c->max_line;
}

static void fill(struct mailproto_pop3_client *c, const mailproto_pop3_client_config *config)
{
    c->flags = config->flags;
    c->tls = config->tls;
    memcpy(c->login, config->login, sizeof c->login);
    c->window = config->window;
    c->max_commands = config->max_commands;
    c->max_line = config->max_line;
    c->max_auth_line = auth_line(config);
    c->greeting_ms = config->greeting_ms;
    c->command_ms = config->command_ms;
    c->body_ms = config->body_ms;
    c->quit_ms = config->quit_ms;
    c->tls_ms = config->tls_ms;
    c->min_body_rate = config->min_body_rate;
}

/* The order of SASL is login, without what is not SASL's. An empty one would be the library's: if there is none of it, PLAIN
   stands there, and is not asked for. */
static int32_t keep_sasl(struct mailproto_pop3_client *c, mailproto_sasl_client_config *sasl, const char **why)
{
    const char *wrong = "the allocator gave no memory";
    size_t n = 0;
    int32_t result;

    for (size_t i = 0; sasl && i < MP_POP3_LOGINS && c->login[i]; i++)
        if (c->login[i] & MP_SASL_EVERY)
            sasl->order[n++] = c->login[i];
    if (sasl && !n)
        sasl->order[0] = MAILPROTO_SASL_PLAIN;
    c->keeper = mp_pop3_client_keeper;
    mp_engine_set_keeper(&c->base, &c->keeper);
    result = mp_sasl_client_keep(&c->sasl, sasl, &c->base.allocator, &wrong);
    return result ? mp_refuse(why, result, wrong) : result;
}

int32_t mailproto_pop3_client_new(mailproto_pop3_client **out, const mailproto_pop3_client_config *config,
                                  const mailproto_pop3_client_callbacks *callbacks,
                                  const mailproto_allocator *allocator, void *user, const char **why)
{
    mailproto_pop3_client_callbacks table = {0};
    mailproto_pop3_client_config c;
    mailproto_sasl_client_config sasl;
    struct mp_engine_setup setup = {.ops = &mp_pop3_client_ops, .user = user, .polled = !callbacks};
    mailproto_allocator own;
    struct mp_engine *e;
    const char *wrong;
    int32_t result;

    if (!out || copy_config(&c, &sasl, config))
        return mp_refuse(why, MAILPROTO_ERR_ARG, "out or config is missing, or config is not as its _init makes it");
    if (callbacks && mp_struct_copy(&table, sizeof table, callbacks))
        return mp_refuse(why, MAILPROTO_ERR_ARG, "callbacks is not as its _init makes it");
    if (mp_allocator_copy(&own, allocator))
        return mp_refuse(why, MAILPROTO_ERR_ARG, "allocator lacks a function");
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
    result = keep_sasl(*out, c.sasl ? &sasl : NULL, why);
    if (result) {
        mailproto_session_free(&e->session);
        *out = NULL;
    }
    return result;
}

mailproto_session *mailproto_pop3_client_session(mailproto_pop3_client *client)
{
    return client ? &client->base.session : NULL;
}

/* ---- what a session takes at most ---- */

enum {
    LONGEST_MESSAGE = 2 * MP_SASL_NAME_MAX + MP_SASL_PASSWORD_MAX + 512
};                                            /* what a mechanism says of credentials alone */
enum { COMMAND_ROOM = 64, COMMAND_MAX = 32 }; /* what a command reserves, and what it takes */

/* Before READY: the greeting, the texts of the login, the message made of them and its line, behind short ones. Of USER and PASS,
   or APOP, and what its digest is made of; or of AUTH: the exchange, a challenge and the line of what answers it. */
static size_t login_max(const mailproto_pop3_client_config *c)
{
    size_t message = c->sasl ? c->sasl->max_message : 0;
    size_t secret = 2 * (MP_POP3_SECRET_MAX + MP_GRAIN) + c->max_line + MP_GRAIN;
    size_t line = mp_base64_encoded_size(mp_larger(message, LONGEST_MESSAGE)) + MP_POP3_COMMAND_MAX + MP_CHUNK_HEAD;
    size_t challenge = mp_base64_decoded_max(auth_line(c)) + 1 + MP_GRAIN;

    return c->max_line + MP_GRAIN + mp_larger(secret, mp_sasl_client_memory(c->sasl) + challenge + line) +
           2 * (MP_CHUNK + MP_CHUNK_HEAD);
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
    mailproto_sasl_client_config sasl;

    if (copy_config(&c, &sasl, config) || wrong_config(&c))
        return 0;
    return sizeof(struct mailproto_pop3_client) + MP_GRAIN + MP_ANSWER_MAX + MP_GRAIN +
           mp_line_memory_max(auth_line(&c)) + mp_larger(login_max(&c), commands_max(&c));
}
