/* server_config.c - the config of a POP3 server: defaults, contradictions, and the session made from it.
 * contract.md sections 2 ("Capabilities cannot lie") and 3; RFC 2449 section 6. */
#include <string.h>

#include "core/config.h"
#include "core/memory_max.h"
#include "mime/base64.h"
#include "pop3/server_store.h"

enum {
    ALL_CAPABILITIES = (MAILPROTO_POP3_CAPA_APOP << 1) - 1,
    DEFAULT_OFFER = MAILPROTO_POP3_CAPA_TOP | MAILPROTO_POP3_CAPA_USER | MAILPROTO_POP3_CAPA_SASL |
                    MAILPROTO_POP3_CAPA_RESP_CODES | MAILPROTO_POP3_CAPA_PIPELINING | MAILPROTO_POP3_CAPA_UIDL |
                    MAILPROTO_POP3_CAPA_IMPLEMENTATION | MAILPROTO_POP3_CAPA_AUTH_RESP_CODE,
    LOGINS = MAILPROTO_POP3_CAPA_USER | MAILPROTO_POP3_CAPA_SASL | MAILPROTO_POP3_CAPA_APOP,
    /* mechanisms that need TLS by their nature, or leave to do without */
    NEED_TLS = MAILPROTO_SASL_CLEARTEXT | MAILPROTO_SASL_SCRAM_PLUS | MAILPROTO_SASL_EXTERNAL,
    ASK_KEYS = MAILPROTO_SASL_CRAM_MD5 | MAILPROTO_SASL_SCRAM | MAILPROTO_SASL_SCRAM_PLUS,
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

/* A config with its defaults; that of SASL, if there is one, in a copy that has all its fields. 0; -1: not made by _init. */
static int copy_config(mailproto_pop3_server_config *c, mailproto_sasl_server_config *sasl,
                       const mailproto_pop3_server_config *config)
{
    if (mp_struct_copy(c, sizeof *c, config) || (c->sasl && mp_struct_copy(sasl, sizeof *sasl, c->sasl)))
        return -1;
    if (c->sasl)
        c->sasl = sasl;
    set_defaults(c);
    return 0;
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

/* Whether somebody can log in without TLS, and without leave for clear text. */
static int login_without_tls(const mailproto_pop3_server_config *c)
{
    return c->offer & MAILPROTO_POP3_CAPA_APOP ||
           (c->offer & MAILPROTO_POP3_CAPA_SASL && c->mechanisms & ~(uint32_t)NEED_TLS);
}

int mp_pop3_greeting_fits(mailproto_text text, mailproto_text host)
{
    return text.len + host.len <= MP_POP3_RESPONSE_MAX - 7 - MP_POP3_STAMP_FIXED &&
           !(text.len && memchr(text.ptr, '<', text.len));
}

static const char *wrong_apop(const mailproto_pop3_server_config *c)
{
    const mailproto_sasl_server_config *sasl = c->sasl;
    mailproto_crypto crypto;

    if (!(c->offer & MAILPROTO_POP3_CAPA_APOP))
        return NULL;
    if (c->tls == MAILPROTO_TLS_REQUIRED)
        return "offer has APOP, which the greeting promises: not before TLS, and tls is REQUIRED";
    if (!sasl || mp_struct_copy(&crypto, sizeof crypto, sasl->crypto) || !(crypto.hashes & MAILPROTO_HASH_MD5) ||
        !crypto.hash || !crypto.random)
        return "offer has APOP, which needs sasl.crypto with MD5 and random";
    if (!mp_pop3_dot_atom(sasl->host_name))
        return "offer has APOP, which needs sasl.host_name: atoms with dots between them";
    if (!mp_pop3_greeting_fits(c->banner, sasl->host_name))
        return "offer has APOP: banner has a '<', or is too long for a line with the timestamp";
    return NULL;
}

static const char *wrong_offer(const mailproto_pop3_server_config *c)
{
    if (c->offer & ~(uint32_t)ALL_CAPABILITIES)
        return "offer has a bit that is no MAILPROTO_POP3_CAPA_*";
    if (!(c->offer & LOGINS))
        return "offer has neither USER nor SASL nor APOP: nobody can log in";
    if (!(c->offer & MAILPROTO_POP3_CAPA_STLS) != !has_stls(c))
        return "offer has STLS if and only if tls is MAY or REQUIRED";
    if (c->offer & MAILPROTO_POP3_CAPA_LOGIN_DELAY && !c->login_delay)
        return "offer has LOGIN_DELAY, but login_delay is 0";
    if (c->offer & MAILPROTO_POP3_CAPA_AUTH_RESP_CODE && !(c->offer & MAILPROTO_POP3_CAPA_RESP_CODES))
        return "offer has AUTH_RESP_CODE, which needs RESP_CODES";
    if (c->tls == MAILPROTO_TLS_NEVER && !(c->flags & MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN) && !login_without_tls(c))
        return "nobody can log in: tls is NEVER and flags lack CLEARTEXT_LOGIN";
    return wrong_apop(c);
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
    if (c->mechanisms & ~(uint32_t)MP_SASL_EVERY)
        return "mechanisms has a bit that is no MAILPROTO_SASL_*";
    if (c->sasl && c->sasl->mechanisms)
        return "sasl.mechanisms is not 0: what is offered is said by mechanisms";
    if (c->sasl && c->sasl->other.len > 255)
        return "sasl.other is over 255 octets: CAPA has lines of 512";
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

static const char *wrong_callbacks(const mailproto_pop3_server_callbacks *c, const mailproto_pop3_server_config *config)
{
    uint32_t mechanisms = config->offer & MAILPROTO_POP3_CAPA_SASL ? config->mechanisms : 0;

    if (!c->on_auth)
        return "USER and SASL need on_auth";
    if (!c->on_keys && (mechanisms & ASK_KEYS || config->offer & MAILPROTO_POP3_CAPA_APOP))
        return "CRAM-MD5, SCRAM and APOP need on_keys";
    if (!c->on_step && mechanisms & MAILPROTO_SASL_OTHER)
        return "mechanisms of the host's own need on_step";
    if (!c->on_open)
        return "the login needs on_open";
    if (config->flags & MAILPROTO_POP3_SERVER_STORE)
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

/* The rest of the session: memory for what logins need. */
static int32_t keep_sasl(struct mailproto_pop3_server *s, const mailproto_pop3_server_config *c,
                         const mailproto_sasl_server_config *sasl, const char **why)
{
    const char *wrong = "the allocator gave no memory";
    int32_t result = mp_sasl_server_keep(&s->sasl, sasl, s->offer & MAILPROTO_POP3_CAPA_SASL ? c->mechanisms : 0,
                                         &s->base.allocator, &wrong);

    s->keeper = mp_pop3_server_keeper;
    mp_engine_set_keeper(&s->base, &s->keeper);
    return result ? mp_refuse(why, result, wrong) : result;
}

int32_t mailproto_pop3_server_new(mailproto_pop3_server **out, const mailproto_pop3_server_config *config,
                                  const mailproto_pop3_server_callbacks *callbacks,
                                  const mailproto_allocator *allocator, void *user, const char **why)
{
    mailproto_pop3_server_callbacks table = {0};
    mailproto_pop3_server_config c;
    mailproto_sasl_server_config sasl;
    struct mp_engine_setup setup = {.ops = &mp_pop3_server_ops, .user = user, .polled = !callbacks};
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
    if (!wrong && callbacks)
        wrong = wrong_callbacks(&table, &c);
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
    result = keep_sasl(*out, &c, c.sasl, why);
    if (result) {
        mailproto_session_free(&e->session);
        *out = NULL;
    }
    return result;
}

mailproto_session *mailproto_pop3_server_session(mailproto_pop3_server *server)
{
    return server ? &server->base.session : NULL;
}

/* ---- what a session takes at most ---- */

/* A login has the name of USER, its exchange, and what was decoded last while the line of the next response grows. */
static size_t login_max(const mailproto_pop3_server_config *c)
{
    size_t longest = mp_larger(c->max_line, c->max_auth_line);
    size_t stamp = c->offer & MAILPROTO_POP3_CAPA_APOP ? MP_POP3_RESPONSE_MAX + MP_GRAIN : 0;

    return mp_line_memory_max(c->max_auth_line) + mp_base64_decoded_max(longest) + 1 + MP_GRAIN + c->max_line +
           MP_GRAIN + sizeof(struct mp_pop3_login) + MP_GRAIN + mp_sasl_server_memory(c->sasl) + stamp;
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
    mailproto_sasl_server_config sasl;
    size_t own, capa;

    if (copy_config(&c, &sasl, config) || wrong_config(&c))
        return 0;
    own = sizeof(struct mailproto_pop3_server) + texts_size(&c);
    capa = MP_POP3_CAPA_ROOM + c.implementation.len + (c.sasl ? sasl.other.len : 0);
    /* nobody logs in while there is a message or a list */
    return mp_engine_memory_max(own, 1, c.max_line, capa) + mp_larger(login_max(&c), reading_max(&c)) + store_max(&c);
}
