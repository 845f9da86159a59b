/* server.c - making an SMTP server session: the config checked and copied, what a session knows of itself.
 * mailproto/smtp_server.h, "construction"; RFC 5321 section 4.5.3. */
#include "smtp/server_store.h"

#include <string.h>

#include "core/ascii.h"
#include "core/config.h"
#include "core/memory_max.h"
#include "mime/base64.h"
#include "smtp/grammar.h"

enum {
    ALL_FLAGS = MAILPROTO_SMTP_SERVER_LMTP | MAILPROTO_SMTP_SERVER_SUBMISSION | MAILPROTO_SMTP_SERVER_RECEIVED |
                MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH | MAILPROTO_SMTP_SERVER_NORMALISE_NEWLINES |
                MAILPROTO_SMTP_SERVER_ACCEPT_NUL | MAILPROTO_SMTP_SERVER_PASS_PARAMETERS | MAILPROTO_SMTP_SERVER_STORE |
                MAILPROTO_SMTP_SERVER_NO_RETURN_PATH,
    ALL_OFFERS = 2 * MAILPROTO_SMTP_EXT_HELP - 1,
    MAX_OPEN = 256,
    TEXT_MAX = 255,
    LINE_MOST = 1 << 20
};

static const char default_banner[] = "ESMTP mailproto", default_lmtp_banner[] = "LMTP mailproto";

/* ---- what a session knows of itself ---- */

/* Behind the struct lie struct mp_smtp_sasl, if the config has it; the callbacks, unless it is polled, without it those alone that
   can be called; and then the texts. */
struct mp_smtp_sasl *mp_smtp_sasl(const struct mailproto_smtp_server *s)
{
    return (struct mp_smtp_sasl *)s->base.keeper;
}

const struct mp_sasl_server_settings *mp_smtp_sasl_settings(const struct mailproto_smtp_server *s)
{
    const struct mp_smtp_sasl *sasl = mp_smtp_sasl(s);

    return sasl ? sasl->settings : NULL;
}

const struct mp_sasl_channel *mp_smtp_sasl_channel(const struct mailproto_smtp_server *s)
{
    const struct mp_smtp_sasl *sasl = mp_smtp_sasl(s);

    return sasl ? sasl->channel : NULL;
}

static size_t sasl_size(int with_sasl)
{
    return with_sasl ? sizeof(struct mp_smtp_sasl) : 0;
}

static size_t callbacks_size(int with_sasl)
{
    return with_sasl ? sizeof(mailproto_smtp_server_callbacks) : offsetof(mailproto_smtp_server_callbacks, on_keys);
}

static int with_sasl(const struct mailproto_smtp_server *s)
{
    return s->base.keeper != NULL;
}

const mailproto_smtp_server_callbacks *mp_smtp_callbacks(const struct mailproto_smtp_server *s)
{
    const char *behind = (const char *)(s + 1) + sasl_size(with_sasl(s));

    return s->base.polled ? NULL : (const mailproto_smtp_server_callbacks *)(const void *)behind;
}

static const char *texts(const struct mailproto_smtp_server *s)
{
    return (const char *)(s + 1) + sasl_size(with_sasl(s)) + (s->base.polled ? 0 : callbacks_size(with_sasl(s)));
}

mailproto_text mp_smtp_hostname(const struct mailproto_smtp_server *s)
{
    return (mailproto_text){texts(s), s->hostname_len};
}

mailproto_text mp_smtp_banner(const struct mailproto_smtp_server *s)
{
    const char *plain = s->flags & MAILPROTO_SMTP_SERVER_LMTP ? default_lmtp_banner : default_banner;

    if (!s->banner_len)
        return (mailproto_text){plain, strlen(plain)};
    return (mailproto_text){texts(s) + s->hostname_len, s->banner_len};
}

mailproto_text mp_smtp_peer_address(const struct mailproto_smtp_server *s)
{
    return (mailproto_text){texts(s) + s->hostname_len + s->banner_len, s->peer_address_len};
}

mailproto_text mp_smtp_peer_name(const struct mailproto_smtp_server *s)
{
    return (mailproto_text){texts(s) + s->hostname_len + s->banner_len + s->peer_address_len, s->peer_name_len};
}

int mp_smtp_inside_tls(const struct mailproto_smtp_server *s)
{
    return s->base.tls == MP_TLS_ON;
}

uint32_t mp_smtp_mechanisms(const struct mailproto_smtp_server *s)
{
    uint32_t mechanisms = s->mechanisms;

    if (!mp_smtp_inside_tls(s)) {
        if (s->tls_mode == MAILPROTO_TLS_REQUIRED)
            return 0;
        if (!(s->flags & MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH))
            mechanisms &= ~(uint32_t)MAILPROTO_SASL_CLEARTEXT;
    }
    return mp_sasl_server_offers(mechanisms, mp_smtp_sasl_channel(s));
}

uint32_t mp_smtp_offers(const struct mailproto_smtp_server *s)
{
    uint32_t not_now = mp_smtp_inside_tls(s) ? MAILPROTO_SMTP_EXT_STARTTLS : MAILPROTO_SMTP_EXT_REQUIRETLS;

    if (!mp_smtp_mechanisms(s))
        not_now |= MAILPROTO_SMTP_EXT_AUTH;
    return s->offer & ~not_now;
}

mailproto_text mp_smtp_protocol(const struct mailproto_smtp_server *s, int utf8)
{
    static const char *const names[3][4] = {
        {"ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA"},
        {"LMTP", "LMTPS", "LMTPA", "LMTPSA"},
        {"UTF8SMTP", "UTF8SMTPS", "UTF8SMTPA", "UTF8SMTPSA"},
    };
    static const char *const utf8_lmtp[4] = {"UTF8LMTP", "UTF8LMTPS", "UTF8LMTPA", "UTF8LMTPSA"};
    uint32_t lmtp = (s->flags & MAILPROTO_SMTP_SERVER_LMTP) != 0;
    uint32_t how = (mp_smtp_inside_tls(s) ? 1u : 0u) + (s->authenticated ? 2u : 0u);
    const char *name = utf8 ? (lmtp ? utf8_lmtp[how] : names[2][how]) : names[lmtp][how];

    if (!s->esmtp && !lmtp)
        name = "SMTP";
    return (mailproto_text){name, strlen(name)};
}

int32_t mailproto_smtp_server_info_get(const mailproto_smtp_server *s, mailproto_smtp_server_info *info, size_t size)
{
    mailproto_smtp_server_info own = {.struct_size = (uint32_t)size};

    if (!s || !info || size < sizeof own.struct_size || size > UINT32_MAX)
        return MAILPROTO_ERR_ARG;
    own.tls = (uint32_t)mp_smtp_inside_tls(s);
    own.authenticated = s->authenticated;
    own.transactions = s->transactions;
    own.hello = (mailproto_text){s->hello, s->hello_len};
    own.protocol = mp_smtp_protocol(s, s->work && s->work->open && s->work->utf8);
    memset(info, 0, size);
    memcpy(info, &own, size < sizeof own ? size : sizeof own);
    return MAILPROTO_OK;
}

/* ---- memory of the command in hand ---- */

char *mp_smtp_scratch(struct mailproto_smtp_server *s, size_t n)
{
    struct mp_smtp_work *w = s->work;

    if (w->scratch_size >= n)
        return w->scratch;
    mp_smtp_free(s, &w->scratch, &w->scratch_size);
    w->scratch = mp_alloc(&s->base.allocator, n);
    if (w->scratch)
        w->scratch_size = n;
    else
        mp_engine_nomem(&s->base);
    return w->scratch;
}

void mp_smtp_free(struct mailproto_smtp_server *s, char **p, size_t *n)
{
    mp_free(&s->base.allocator, *p, *n);
    *p = NULL;
    *n = 0;
}

/* ---- the config ---- */

int32_t mailproto_smtp_server_config_init(mailproto_smtp_server_config *config, size_t size)
{
    return mp_struct_init(config, size);
}

int32_t mailproto_smtp_server_callbacks_init(mailproto_smtp_server_callbacks *callbacks, size_t size)
{
    return mp_struct_init(callbacks, size);
}

static int has_tls(const mailproto_smtp_server_config *c)
{
    return c->tls == MAILPROTO_TLS_MAY || c->tls == MAILPROTO_TLS_REQUIRED;
}

static void fill_defaults(mailproto_smtp_server_config *c)
{
    if (!c->offer)
        c->offer = (uint32_t)MAILPROTO_SMTP_EXT_DEFAULT | (has_tls(c) ? (uint32_t)MAILPROTO_SMTP_EXT_STARTTLS : 0);
    mp_or_default(&c->max_open, 1);
    mp_or_default(&c->max_line, 2048);
    mp_or_default(&c->max_auth_line, 12288);
    mp_or_default(&c->max_text_line, 4096);
    mp_or_default(&c->max_recipients, 1000);
    mp_or_default(&c->max_bad_commands, 10);
    mp_or_default(&c->max_hops, 100);
    mp_or_default(&c->greeting_ms, 300000);
    mp_or_default(&c->command_ms, 300000);
    mp_or_default(&c->body_ms, 180000);
    mp_or_default(&c->tls_ms, 60000);
    mp_or_default(&c->answer_ms, 600000);
    mp_or_default(&c->stall_ms, 300000);
    mp_or_default(&c->min_body_rate, 1);
    if (c->offer & MAILPROTO_SMTP_EXT_AUTH)
        mp_or_default(&c->mechanisms, MP_SASL_ALL);
    if (!c->max_message)
        c->max_message = UINT64_C(50) << 20;
    if (!c->max_discard) {
        c->max_discard = c->max_message > UINT64_MAX / 4 ? UINT64_MAX : 4 * c->max_message;
        if (c->max_discard < UINT64_C(64) << 20)
            c->max_discard = UINT64_C(64) << 20;
    }
}

static int is_clean(mailproto_text text)
{
    if (text.len > TEXT_MAX || (!text.ptr && text.len))
        return 0;
    for (size_t i = 0; i < text.len; i++)
        if ((uint8_t)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return 0;
    return 1;
}

/* What stands in "[...]" of a Received field. */
static int is_address(mailproto_text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!mp_ascii_is_alnum((uint8_t)text.ptr[i]) && text.ptr[i] != '.' && text.ptr[i] != ':' && text.ptr[i] != '-')
            return 0;
    return 1;
}

static const char *wrong_text(const mailproto_smtp_server_config *c)
{
    if (!c->hostname.len)
        return "hostname is required";
    if (!is_clean(c->hostname) || !mp_smtp_is_hello(c->hostname.ptr, c->hostname.len))
        return "hostname is neither a domain nor an address literal";
    if (!is_clean(c->banner))
        return "banner is longer than 255 octets or holds a control character";
    if (!is_clean(c->peer_address) || !is_address(c->peer_address))
        return "peer_address is not an address";
    if (!is_clean(c->peer_name))
        return "peer_name is longer than 255 octets or holds a control character";
    return NULL;
}

static const char *wrong_number(const mailproto_smtp_server_config *c)
{
    if (c->flags & ~(uint32_t)ALL_FLAGS)
        return "flags has a bit that is not known";
    if (c->tls > MAILPROTO_TLS_IMPLICIT)
        return "tls is not one of MAILPROTO_TLS_*";
    if (c->max_open > MAX_OPEN)
        return "max_open is above 256";
    if (c->max_line < 512 || c->max_line > LINE_MOST)
        return "max_line is below 512 or above 1048576";
    if (c->max_auth_line < 512 || c->max_auth_line > LINE_MOST)
        return "max_auth_line is below 512 or above 1048576";
    if (c->max_text_line < 998)
        return "max_text_line is below 998";
    if (c->max_recipients < 100)
        return "max_recipients is below 100";
    return NULL;
}

static const char *wrong_auth(const mailproto_smtp_server_config *c, const mailproto_smtp_server_callbacks *callbacks)
{
    const uint32_t with_keys = MAILPROTO_SASL_CRAM_MD5 | MAILPROTO_SASL_SCRAM | MAILPROTO_SASL_SCRAM_PLUS;
    const uint32_t with_tls = MAILPROTO_SASL_SCRAM_PLUS | MAILPROTO_SASL_EXTERNAL;
    const uint32_t in_clear = c->flags & MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH ? 0 : MAILPROTO_SASL_CLEARTEXT;

    if (c->mechanisms & ~(uint32_t)MP_SASL_EVERY)
        return "mechanisms has a bit that is not known";
    if (!(c->offer & MAILPROTO_SMTP_EXT_AUTH))
        return c->flags & MAILPROTO_SMTP_SERVER_SUBMISSION ? "SUBMISSION needs AUTH in offer" : NULL;
    if (callbacks && !callbacks->on_auth)
        return "AUTH in offer needs on_auth";
    if (callbacks && c->mechanisms & with_keys && !callbacks->on_keys)
        return "CRAM-MD5 and SCRAM in mechanisms need on_keys";
    if (callbacks && c->mechanisms & MAILPROTO_SASL_OTHER && !callbacks->on_step)
        return "OTHER in mechanisms needs on_step";
    if (c->tls == MAILPROTO_TLS_NEVER && !(c->mechanisms & ~(with_tls | in_clear)))
        return "AUTH in offer needs tls or CLEARTEXT_AUTH";
    return NULL;
}

static const char *wrong_offer(const mailproto_smtp_server_config *c, const mailproto_smtp_server_callbacks *callbacks)
{
    uint32_t offer = c->offer;

    if ((offer | c->mask) & ~(uint32_t)ALL_OFFERS)
        return "offer or mask has a bit that is not known";
    if (!(offer & MAILPROTO_SMTP_EXT_STARTTLS) != !has_tls(c))
        return "STARTTLS in offer and tls MAY or REQUIRED need each other";
    if (offer & MAILPROTO_SMTP_EXT_BINARYMIME && !(offer & MAILPROTO_SMTP_EXT_CHUNKING))
        return "BINARYMIME in offer needs CHUNKING";
    if (offer & MAILPROTO_SMTP_EXT_SMTPUTF8 && !(offer & MAILPROTO_SMTP_EXT_8BITMIME))
        return "SMTPUTF8 in offer needs 8BITMIME";
    if (offer & MAILPROTO_SMTP_EXT_REQUIRETLS && c->tls == MAILPROTO_TLS_NEVER)
        return "REQUIRETLS in offer needs tls";
    if (offer & MAILPROTO_SMTP_EXT_LIMITS && c->max_recipients == MAILPROTO_UNLIMITED && !c->max_transactions)
        return "LIMITS in offer needs a limit: max_recipients or max_transactions";
    if (offer & MAILPROTO_SMTP_EXT_VRFY && callbacks && !callbacks->on_vrfy)
        return "VRFY in offer needs on_vrfy";
    if (offer & MAILPROTO_SMTP_EXT_EXPN && callbacks && !callbacks->on_expn)
        return "EXPN in offer needs on_expn";
    return wrong_auth(c, callbacks);
}

/* Copies the config, defaults filled in. */
static int32_t read_config(mailproto_smtp_server_config *c, const mailproto_smtp_server_config *given,
                           const mailproto_smtp_server_callbacks *callbacks, const char **why)
{
    int32_t result = mp_struct_copy(c, sizeof *c, given);

    *why = "the config is missing, its struct_size is not set, or it is from a later version";
    if (result)
        return result;
    fill_defaults(c);
    *why = wrong_text(c);
    if (!*why)
        *why = wrong_number(c);
    if (!*why)
        *why = wrong_offer(c, callbacks);
    return *why ? MAILPROTO_ERR_CONFIG : MAILPROTO_OK;
}

/* ---- construction ---- */

static size_t texts_size(const mailproto_smtp_server_config *c)
{
    return c->hostname.len + c->banner.len + c->peer_address.len + c->peer_name.len;
}

static char *copy_text(char *to, mailproto_text text, uint8_t *len)
{
    *len = (uint8_t)text.len;
    if (text.len)
        memcpy(to, text.ptr, text.len);
    return to + text.len;
}

static void copy_numbers(struct mailproto_smtp_server *s, const mailproto_smtp_server_config *c)
{
    s->flags = c->flags;
    s->offer = c->offer & ~c->mask;
    s->mechanisms = (uint16_t)(c->offer & MAILPROTO_SMTP_EXT_AUTH ? c->mechanisms : 0);
    s->tls_mode = (uint8_t)c->tls;
    s->max_line = c->max_line;
    s->max_auth_line = c->max_auth_line;
    s->max_text_line = c->max_text_line;
    s->max_recipients = c->max_recipients;
    s->max_bad_commands = c->max_bad_commands;
    s->max_hops = c->max_hops;
    s->max_transactions = mp_or_never(c->max_transactions);
    s->max_message = c->max_message;
    s->greeting_ms = c->greeting_ms;
    s->command_ms = c->command_ms;
    s->body_ms = c->body_ms;
    s->tls_ms = c->tls_ms;
    s->min_body_rate = c->min_body_rate;
}

static void copy_rest(struct mailproto_smtp_server *s, const mailproto_smtp_server_config *c,
                      const mailproto_smtp_server_callbacks *callbacks)
{
    char *to = (char *)(s + 1) + sasl_size(c->sasl != NULL);

    if (callbacks) {
        memcpy(to, callbacks, callbacks_size(c->sasl != NULL));
        to += callbacks_size(c->sasl != NULL);
    }
    to = copy_text(to, c->hostname, &s->hostname_len);
    to = copy_text(to, c->banner, &s->banner_len);
    to = copy_text(to, c->peer_address, &s->peer_address_len);
    copy_text(to, c->peer_name, &s->peer_name_len);
}

/* Its own set of mechanisms is not this engine's: two sets could contradict each other. */
static int32_t keep_sasl(struct mp_sasl_server_settings **sasl, const mailproto_smtp_server_config *c,
                         const mailproto_allocator *memory, const char **why)
{
    int32_t result = mp_sasl_server_keep(sasl, c->sasl, c->mechanisms, memory, why);

    if (result || !*sasl)
        return result;
    if ((*sasl)->config.mechanisms)
        *why = "sasl.mechanisms is not for engines, which have mechanisms of their own";
    else if ((*sasl)->config.other.len > MP_SMTP_OTHER_MAX)
        *why = "sasl.other is over 255 octets";
    else
        return MAILPROTO_OK;
    mp_sasl_server_settings_free(*sasl, memory);
    return MAILPROTO_ERR_CONFIG;
}

static void place_sasl(struct mailproto_smtp_server *s, struct mp_sasl_server_settings *settings)
{
    struct mp_smtp_sasl *sasl = (struct mp_smtp_sasl *)(void *)(s + 1);

    *sasl = (struct mp_smtp_sasl){mp_smtp_sasl_keeper, settings, NULL, &s->base.allocator};
    mp_engine_set_keeper(&s->base, &sasl->keeper);
}

int32_t mailproto_smtp_server_new(mailproto_smtp_server **out, const mailproto_smtp_server_config *config,
                                  const mailproto_smtp_server_callbacks *callbacks,
                                  const mailproto_allocator *allocator, void *user, const char **why)
{
    mailproto_smtp_server_callbacks table;
    mailproto_smtp_server_config c;
    mailproto_allocator memory;
    struct mp_engine *e;
    struct mp_sasl_server_settings *sasl;
    const char *sentence;
    int32_t result;

    why = why ? why : &sentence;
    *why = "no place for the session";
    if (!out)
        return MAILPROTO_ERR_ARG;
    *out = NULL;
    *why = "the callbacks are from a later version";
    if (callbacks && mp_struct_copy(&table, sizeof table, callbacks))
        return MAILPROTO_ERR_ARG;
    result = read_config(&c, config, callbacks ? &table : NULL, why);
    if (result)
        return result;
    *why = "the allocator lacks a function";
    if (mp_allocator_copy(&memory, allocator))
        return MAILPROTO_ERR_ARG;
    struct mp_engine_setup setup = {
        .ops = &mp_smtp_server_ops,
        .allocator = &memory,
        .user = user,
        .max_open = c.max_open,
        .answer_ms = mp_or_never(c.answer_ms),
        .stall_ms = mp_or_never(c.stall_ms),
        .max_skip = c.max_discard,
        .polled = !callbacks,
        .implicit_tls = c.tls == MAILPROTO_TLS_IMPLICIT,
    };
    *why = NULL;
    result = keep_sasl(&sasl, &c, &memory, why);
    if (result)
        return result;
    result = mp_engine_new(&e,
                           sizeof(struct mailproto_smtp_server) + sasl_size(sasl != NULL) +
                               (callbacks ? callbacks_size(sasl != NULL) : 0) + texts_size(&c),
                           &setup);
    if (result) {
        mp_sasl_server_settings_free(sasl, &memory);
        return result;
    }
    *out = (mailproto_smtp_server *)e;
    copy_numbers(*out, &c);
    if (sasl)
        place_sasl(*out, sasl);
    copy_rest(*out, &c, callbacks ? &table : NULL);
    return MAILPROTO_OK;
}

mailproto_session *mailproto_smtp_server_session(mailproto_smtp_server *server)
{
    return server ? &server->base.session : NULL;
}

/* ---- what a session takes at most ---- */

enum { PREPENDED_MAX = 8192, RECEIVED_MAX = 2048 };

/* A login has the line of a response, in its old place and in its new one while it grows, what it decodes to, a verdict that
   waits, and the exchange. */
static size_t login_max(const mailproto_smtp_server_config *c)
{
    size_t line = mp_line_buffer(c->max_auth_line);
    size_t said = mp_base64_decoded_max(mp_larger(c->max_line, c->max_auth_line)) + 1 + MP_GRAIN;

    return line + line / 2 + said + MP_ANSWER_MAX + MP_GRAIN + mp_sasl_server_memory(c->sasl);
}

/* The longest piece of output: with a config of SASL a challenge in base64, on a line of RFC 4954 4. */
static size_t reserve_max(const mailproto_smtp_server_config *c)
{
    return c->sasl ? MP_SMTP_CHALLENGE_LINE : MP_CHUNK;
}

/* Recipients in stores, one kind of store, and the Return-Path field. */
static size_t stores_max(const mailproto_smtp_server_config *c)
{
    size_t recipients = c->max_recipients == MAILPROTO_UNLIMITED ? 0 : c->max_recipients;

    return sizeof(struct mp_smtp_deliveries) + sizeof(struct mp_smtp_store) + c->max_line + 3 * MP_GRAIN +
           recipients * (sizeof(struct mp_smtp_drop) + MP_GRAIN);
}

/* A transaction has the first recipient's path, parameters as they were decoded, LMTP's recipients and the fields before the
   message, each while it grows; a verdict that waits. A login that came in the same feed left it the line's buffer. */
static size_t transaction_max(const mailproto_smtp_server_config *c)
{
    size_t line = mp_line_buffer(c->max_auth_line);
    size_t path = c->max_line + MP_GRAIN;
    size_t parameters = c->max_line + MP_SMTP_UNKNOWN_MAX * sizeof(mailproto_smtp_parameter) + MP_GRAIN;
    size_t fields = 2 * (PREPENDED_MAX + MP_GRAIN) + RECEIVED_MAX;
    size_t bits = 0;

    if (c->flags & MAILPROTO_SMTP_SERVER_LMTP && c->max_recipients != MAILPROTO_UNLIMITED)
        bits = 3 * ((size_t)c->max_recipients / 8 + 1) + 2 * MP_GRAIN;
    if (c->flags & MAILPROTO_SMTP_SERVER_STORE)
        bits += stores_max(c);
    return line + path + parameters + fields + bits + MP_ANSWER_MAX + MP_GRAIN;
}

/* Nobody logs in while a transaction is open, and no line of one is longer than a command. */
size_t mailproto_smtp_server_memory_max(const mailproto_smtp_server_config *config)
{
    mailproto_smtp_server_config c;
    const char *why;
    size_t size;

    if (read_config(&c, config, NULL, &why))
        return 0;
    size = sizeof(struct mailproto_smtp_server) + sasl_size(c.sasl != NULL) + callbacks_size(c.sasl != NULL) +
           texts_size(&c);
    return mp_engine_memory_max(size, c.max_open, c.max_line, reserve_max(&c)) + sizeof(struct mp_smtp_work) +
           MP_GRAIN + 2 * (TEXT_MAX + MP_GRAIN) /* hello, the old and the new */ +
           mp_larger(login_max(&c), transaction_max(&c));
}
