/* server_config.c - the config of a POP3 server: defaults, contradictions, and the session made from it.
 * contract.md sections 2 ("Capabilities cannot lie") and 3; RFC 2449 section 6. */
#include <string.h>

#include "core/config.h"
#include "core/memory_max.h"
#include "mime/base64.h"
#include "pop3/server_store.h"

enum {
    ALL_CAPABILITIES = (MAILPROTO_POP3_CAPA_AUTH_RESP_CODE << 1) - 1,
    DEFAULT_OFFER = MAILPROTO_POP3_CAPA_TOP | MAILPROTO_POP3_CAPA_USER | MAILPROTO_POP3_CAPA_SASL |
                    MAILPROTO_POP3_CAPA_RESP_CODES | MAILPROTO_POP3_CAPA_PIPELINING | MAILPROTO_POP3_CAPA_UIDL |
                    MAILPROTO_POP3_CAPA_IMPLEMENTATION | MAILPROTO_POP3_CAPA_AUTH_RESP_CODE,
    LOGINS = MAILPROTO_POP3_CAPA_USER | MAILPROTO_POP3_CAPA_SASL,
    ALL_FLAGS = MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN | MAILPROTO_POP3_SERVER_BARE_LF |
                MAILPROTO_POP3_SERVER_EXPIRE_USER | MAILPROTO_POP3_SERVER_LOGIN_DELAY_USER | MAILPROTO_POP3_SERVER_STORE
};

int32_t mailproto_pop3_server_config_init(mailproto_pop3_server_config *config, size_t size)
{
    return mp_struct_init(config, size);
}

int32_t mailproto_pop3_server_callbacks_init(mailproto_pop3_server_callbacks *callbacks, size_t size)
{
    return mp_struct_init(callbacks, size);
}

/* ---- defaults ---- */

static void set_text(mailproto_text *text, const char *to)
{
    if (!text->len)
        *text = (mailproto_text){to, strlen(to)};
}

static int has_stls(const mailproto_pop3_server_config *c)
{
    return c->tls == MAILPROTO_TLS_MAY || c->tls == MAILPROTO_TLS_REQUIRED;
}

static void set_defaults(mailproto_pop3_server_config *c)
{
    mp_or_default(&c->offer, DEFAULT_OFFER | (has_stls(c) ? MAILPROTO_POP3_CAPA_STLS : 0));
    mp_or_default(&c->mechanisms, MP_SASL_ALL);
    mp_or_default(&c->max_line, 512);
    mp_or_default(&c->max_auth_line, 12288);
    mp_or_default(&c->max_bad_commands, 20);
    mp_or_default(&c->max_auth_failures, 5);
    mp_or_default(&c->list_page, 64);
    mp_or_default(&c->piece, 16384);
    if (!c->max_discard)
        c->max_discard = 65536;
    mp_or_default(&c->login_ms, 600000);
    mp_or_default(&c->command_ms, 600000);
    mp_or_default(&c->tls_ms, 60000);
    mp_or_default(&c->answer_ms, 600000);
    mp_or_default(&c->stall_ms, 600000);
    set_text(&c->banner, "POP3 server ready");
    set_text(&c->implementation, "mailproto");
}

/* ---- contradictions ---- */

static int printable(mailproto_text text, size_t max)
{
    if (text.len > max || (text.len && !text.ptr))
        return 0;
    for (size_t i = 0; i < text.len; i++)
        if ((uint8_t)text.ptr[i] < ' ' || (uint8_t)text.ptr[i] > '~')
            return 0;
    return 1;
}

static const char *wrong_offer(const mailproto_pop3_server_config *c)
{
    if (c->offer & ~(uint32_t)ALL_CAPABILITIES)
        return "offer has a bit that is no MAILPROTO_POP3_CAPA_*";
    if (!(c->offer & LOGINS))
        return "offer has neither USER nor SASL: nobody can log in";
    if (!(c->offer & MAILPROTO_POP3_CAPA_STLS) != !has_stls(c))
        return "offer has STLS if and only if tls is MAY or REQUIRED";
    if (c->offer & MAILPROTO_POP3_CAPA_LOGIN_DELAY && !c->login_delay)
        return "offer has LOGIN_DELAY, but login_delay is 0";
    if (c->offer & MAILPROTO_POP3_CAPA_AUTH_RESP_CODE && !(c->offer & MAILPROTO_POP3_CAPA_RESP_CODES))
        return "offer has AUTH_RESP_CODE, which needs RESP_CODES";
    if (c->tls == MAILPROTO_TLS_NEVER && !(c->flags & MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN))
        return "nobody can log in: tls is NEVER and flags lack CLEARTEXT_LOGIN";
    return NULL;
}

static const char *wrong_limit(const mailproto_pop3_server_config *c)
{
    if (c->max_line < MP_POP3_COMMAND_MAX || c->max_line > 65536)
        return "max_line is not from 255 to 65536";
    if (c->max_auth_line < MP_POP3_COMMAND_MAX || c->max_auth_line > 1048576)
        return "max_auth_line is not from 255 to 1048576";
    if (c->list_page > 1024)
        return "list_page is over 1024";
    if (c->piece < 64 || c->piece > 16777216)
        return "piece is not from 64 to 16777216";
    return NULL;
}

static const char *wrong_config(const mailproto_pop3_server_config *c)
{
    const char *why;

    if (c->flags & ~(uint32_t)ALL_FLAGS)
        return "flags has a bit that is no MAILPROTO_POP3_SERVER_*";
    if (c->tls > MAILPROTO_TLS_IMPLICIT)
        return "tls is no MAILPROTO_TLS_*";
    if (c->mechanisms & ~(uint32_t)MP_SASL_ALL)
        return "mechanisms has a bit that is no MAILPROTO_SASL_*";
    if ((why = wrong_offer(c)) || (why = wrong_limit(c)))
        return why;
    if (!printable(c->banner, MP_POP3_TEXT_MAX))
        return "banner is over 400 octets or has one that is not printable ASCII";
    if (!printable(c->implementation, MP_POP3_TEXT_MAX))
        return "implementation is over 400 octets or has one that is not printable ASCII";
    if (!printable(c->peer_address, 255))
        return "peer_address is over 255 octets or has one that is not printable ASCII";
    return NULL;
}

static const char *wrong_callbacks(const mailproto_pop3_server_callbacks *c, int store)
{
    if (!c->on_auth)
        return "USER and SASL need on_auth";
    if (!c->on_open)
        return "the login needs on_open";
    if (store)
        return NULL;
    if (!c->on_list)
        return "LIST, UIDL and DELE need on_list";
    if (!c->on_retrieve || !c->on_piece)
        return "RETR and TOP need on_retrieve and on_piece";
    if (!c->on_commit)
        return "DELE needs on_commit";
    return NULL;
}

/* ---- the session ---- */

static size_t texts_size(const mailproto_pop3_server_config *c)
{
    return c->banner.len + c->implementation.len + c->peer_address.len;
}

static uint16_t copy(char **to, mailproto_text text)
{
    if (text.len)
        memcpy(*to, text.ptr, text.len);
    *to += text.len;
    return (uint16_t)text.len;
}

mailproto_text mp_pop3_banner(const struct mailproto_pop3_server *s)
{
    return (mailproto_text){(const char *)(s + 1), s->banner_len};
}

mailproto_text mp_pop3_implementation(const struct mailproto_pop3_server *s)
{
    return (mailproto_text){(const char *)(s + 1) + s->banner_len, s->implementation_len};
}

mailproto_text mp_pop3_peer_address(const struct mailproto_pop3_server *s)
{
    return (mailproto_text){(const char *)(s + 1) + s->banner_len + s->implementation_len, s->peer_address_len};
}

static void fill(struct mailproto_pop3_server *s, const mailproto_pop3_server_config *c)
{
    char *texts = (char *)(s + 1);

    s->flags = c->flags;
    s->offer = c->offer & ~c->mask;
    s->mechanisms = c->mechanisms;
    s->tls = c->tls;
    s->expire = c->expire;
    s->login_delay = c->login_delay;
    s->max_line = c->max_line;
    s->max_auth_line = c->max_auth_line;
    s->max_bad_commands = c->max_bad_commands;
    s->max_auth_failures = c->max_auth_failures;
    s->list_page = c->list_page;
    s->piece = c->piece;
    s->login_ms = c->login_ms;
    s->command_ms = c->command_ms;
    s->tls_ms = c->tls_ms;
    s->banner_len = copy(&texts, c->banner);
    s->implementation_len = copy(&texts, c->implementation);
    s->peer_address_len = copy(&texts, c->peer_address);
    s->state = MP_POP3_AUTHORIZATION;
    s->work = MP_POP3_GREETS;
}

int32_t mailproto_pop3_server_new(mailproto_pop3_server **out, const mailproto_pop3_server_config *config,
                                  const mailproto_pop3_server_callbacks *callbacks,
                                  const mailproto_allocator *allocator, void *user, const char **why)
{
    mailproto_pop3_server_callbacks table = {0};
    mailproto_pop3_server_config c;
    struct mp_engine_setup setup = {.ops = &mp_pop3_server_ops, .user = user, .polled = !callbacks};
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
    if (!wrong && callbacks)
        wrong = wrong_callbacks(&table, (c.flags & MAILPROTO_POP3_SERVER_STORE) != 0);
    if (wrong)
        return mp_refuse(why, MAILPROTO_ERR_CONFIG, wrong);
    setup.allocator = &own;
    setup.answer_ms = mp_or_never(c.answer_ms);
    setup.stall_ms = mp_or_never(c.stall_ms);
    setup.max_skip = c.max_discard;
    setup.implicit_tls = c.tls == MAILPROTO_TLS_IMPLICIT;
    if (mp_engine_new(&e, sizeof **out + texts_size(&c), &setup))
        return mp_refuse(why, MAILPROTO_ERR_NOMEM, "the allocator gave no memory");
    *out = (struct mailproto_pop3_server *)e;
    (*out)->callbacks = table;
    fill(*out, &c);
    return MAILPROTO_OK;
}

mailproto_session *mailproto_pop3_server_session(mailproto_pop3_server *server)
{
    return server ? &server->base.session : NULL;
}

/* ---- what a session takes at most ---- */

/* A login has its name and what was decoded last while the line of the next response grows. */
static size_t login_max(const mailproto_pop3_server_config *c)
{
    size_t longest = mp_larger(c->max_line, c->max_auth_line);

    return mp_line_memory_max(c->max_auth_line) + 2 * (mp_base64_decoded_max(longest) + 1 + MP_GRAIN);
}

/* Three chunks of output are large at a time: the rest of one, one that has room no more, and one that is promised. A login
   that came in the same feed left the line's buffer. */
static size_t reading_max(const mailproto_pop3_server_config *c)
{
    size_t page = (size_t)c->list_page * MP_POP3_UIDL_ENTRY_MAX;
    size_t message = 3 * ((size_t)c->piece + c->piece / 3 + 2 + MP_CHUNK_HEAD);
    size_t list = page + MP_GRAIN + 3 * (page + MP_CHUNK_HEAD); /* the page is made, then put */

    return mp_line_buffer(c->max_auth_line) + mp_larger(message, list);
}

/* The host inside, but for the UIDs themselves. */
static size_t store_max(const mailproto_pop3_server_config *c)
{
    if (!(c->flags & MAILPROTO_POP3_SERVER_STORE))
        return 0;
    return sizeof(struct mp_pop3_store) + MP_POP3_UIDS_FIXED + MP_POP3_STORE_RUNS * sizeof(mailproto_store_run) +
           2 * MP_GRAIN;
}

size_t mailproto_pop3_server_memory_max(const mailproto_pop3_server_config *config)
{
    mailproto_pop3_server_config c;
    size_t own, reply = 512;

    if (mp_struct_copy(&c, sizeof c, config))
        return 0;
    set_defaults(&c);
    if (wrong_config(&c))
        return 0;
    own = sizeof(struct mailproto_pop3_server) + texts_size(&c);
    /* nobody logs in while there is a message or a list */
    return mp_engine_memory_max(own, 1, c.max_line, reply + c.implementation.len) +
           mp_larger(login_max(&c), reading_max(&c)) + store_max(&c);
}
