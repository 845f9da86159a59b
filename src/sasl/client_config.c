/* client_config.c - a client's config: every mechanism there is, its checks, and the copy that is kept.
 * RFC 4422; contract.md section 2, "Capabilities cannot lie". */
#include "core/config.h"
#include "core/engine.h"
#include "mime/base64.h"
#include "sasl/client.h"
#include "sasl/config.h"

enum { MIN_ITERATIONS = 4096, MAX_ITERATIONS = 1000000, ORDER = 16 };

static const struct mp_sasl_client_mechanism *const mechanisms[] = {
    &mp_sasl_plain_client,     &mp_sasl_login_client,       &mp_sasl_cram_md5_client,
    &mp_sasl_scram_clients[0], &mp_sasl_scram_clients[1],   &mp_sasl_scram_clients[2],
    &mp_sasl_scram_clients[3], &mp_sasl_scram_clients[4],   &mp_sasl_scram_clients[5],
    &mp_sasl_xoauth2_client,   &mp_sasl_oauthbearer_client, &mp_sasl_external_client,
    &mp_sasl_anonymous_client, &mp_sasl_other_client,       NULL,
};

/* SCRAM of the provider's hashes, with a binding first; clear text last. */
static void fill_order(mailproto_sasl_client_config *c)
{
    static const uint32_t by_default[] = {
        MAILPROTO_SASL_SCRAM_SHA_512_PLUS,
        MAILPROTO_SASL_SCRAM_SHA_256_PLUS,
        MAILPROTO_SASL_SCRAM_SHA_1_PLUS,
        MAILPROTO_SASL_SCRAM_SHA_512,
        MAILPROTO_SASL_SCRAM_SHA_256,
        MAILPROTO_SASL_SCRAM_SHA_1,
        MAILPROTO_SASL_PLAIN,
        MAILPROTO_SASL_LOGIN,
    };
    uint32_t hashes = c->crypto ? c->crypto->hashes : 0;
    size_t n = 0;

    for (size_t i = 0; i < sizeof by_default / sizeof by_default[0]; i++)
        if (!(mp_sasl_hash(by_default[i]) & ~hashes))
            c->order[n++] = by_default[i];
}

static void fill_defaults(mailproto_sasl_client_config *c)
{
    if (!c->order[0])
        fill_order(c);
    mp_or_default(&c->min_iterations, MIN_ITERATIONS);
    mp_or_default(&c->max_iterations, MAX_ITERATIONS);
    mp_or_default(&c->max_message, MP_SASL_MAX_MESSAGE);
    if (!c->prepare)
        c->prepare = mp_sasl_prepare_own;
}

/* The set of an order; 0: something in it is no mechanism. What stands behind the 0 that ends it is dropped. */
static uint32_t set_of(mailproto_sasl_client_config *c)
{
    uint32_t set = 0, ended = 0;

    for (size_t i = 0; i < ORDER; i++) {
        uint32_t bit = c->order[i];

        ended |= !bit;
        if (ended)
            c->order[i] = 0;
        else if (bit & (bit - 1) || bit & ~(uint32_t)MP_SASL_EVERY)
            return 0;
        set |= c->order[i];
    }
    return set;
}

/* NULL, or what is wrong. */
static const char *complaint(const mailproto_sasl_client_config *c, uint32_t set)
{
    if (!set)
        return "something in the order is not one mechanism that this library knows";
    if (set & MAILPROTO_SASL_OTHER && !mp_sasl_names_fit(c->other, 0))
        return "MAILPROTO_SASL_OTHER needs the name of a mechanism in `other`: capital letters, digits, - and _, none "
               "of the "
               "library's own";
    if (c->flags & ~(uint32_t)MAILPROTO_SASL_CLIENT_NO_BINDING_FLAG)
        return "a flag that this library does not know";
    if (!mp_sasl_text_fits(c->host_name, " ") || c->port > 65535)
        return "host_name is no name of a host, or port is over 65535";
    if (c->min_iterations > c->max_iterations)
        return "min_iterations is over max_iterations";
    return c->max_message > MP_SASL_MAX_MESSAGE_MOST ? "max_message is over 1048576" : NULL;
}

/* ---- kept by an engine's base ---- */

static struct mp_sasl_client_settings *of(struct mp_tls_keeper *keeper)
{
    return (struct mp_sasl_client_settings *)keeper;
}

static int32_t keep_info(struct mp_tls_keeper *keeper, const mailproto_tls_info *info)
{
    return mp_sasl_channel_keep(&of(keeper)->channel, info, of(keeper)->allocator);
}

static void forget(struct mp_tls_keeper *keeper)
{
    mp_sasl_channel_forget(&of(keeper)->channel, of(keeper)->allocator);
    mp_sasl_client_settings_free(of(keeper), of(keeper)->allocator);
}

static int32_t keep(struct mp_sasl_client_settings **out, const mailproto_sasl_client_config *config,
                    const mailproto_allocator *allocator, const char **why)
{
    struct mp_sasl_client_settings made = {.size = sizeof made}, *kept;
    mailproto_sasl_client_config *c = &made.config;
    const char *wrong;
    uint32_t set;
    int32_t result;
    char *place;

    if (mp_struct_copy(c, sizeof *c, config))
        return mp_refuse(why, MAILPROTO_ERR_ARG, "the SASL config's struct_size is wrong");
    set = c->order[0] ? set_of(c) : 0;
    result = mp_sasl_keep_crypto(&made.crypto, &c->crypto, set, why);
    if (result)
        return result;
    fill_defaults(c);
    wrong = complaint(c, set_of(c));
    if (wrong)
        return mp_refuse(why, MAILPROTO_ERR_CONFIG, wrong);
    made.ops = c->ops;
    made.size += c->other.len + c->host_name.len + 1;
    kept = mp_alloc(allocator, made.size);
    if (!kept)
        return mp_refuse(why, MAILPROTO_ERR_NOMEM, "no memory for the SASL config");
    *kept = made;
    kept->keeper = (struct mp_tls_keeper){keep_info, forget};
    kept->allocator = allocator;
    if (kept->config.crypto)
        kept->config.crypto = &kept->crypto;
    place = (char *)(kept + 1);
    mp_sasl_keep_text(&kept->config.host_name, &place);
    mp_sasl_keep_text(&kept->config.other, &place);
    *place = '\0'; /* engines say it as a string */
    *out = kept;
    return MAILPROTO_OK;
}

static const struct mp_sasl_client_mechanism *find(uint32_t mechanism)
{
    const struct mp_sasl_client_mechanism *const *list = mechanisms;

    while ((*list)->bit != mechanism)
        list++;
    return *list;
}

static uint32_t first(const struct mp_sasl_client_settings *settings, const struct mp_sasl_channel *channel,
                      uint32_t set)
{
    if (!mp_sasl_binds(channel))
        set &= ~(uint32_t)MAILPROTO_SASL_SCRAM_PLUS;
    for (size_t i = 0; i < ORDER; i++)
        if (settings->config.order[i] & set)
            return settings->config.order[i];
    return 0;
}

static mailproto_text name(const struct mp_sasl_client *c)
{
    const char *text = mailproto_sasl_mechanism_name(c->mechanism->bit);

    return text ? (mailproto_text){text, strlen(text)} : c->settings->config.other;
}

static int32_t start(struct mp_sasl_client **out, const struct mp_sasl_client_settings *settings, uint32_t set,
                     uint32_t offered)
{
    const struct mp_sasl_channel *channel = settings->channel;
    uint32_t mechanism = first(settings, channel, set);

    if (!mechanism)
        return MAILPROTO_ERR_UNSUPPORTED;
    *out = mp_sasl_client_begin(settings, channel, channel != NULL, mechanism, offered, settings->allocator);
    return *out ? MAILPROTO_OK : MAILPROTO_ERR_NOMEM;
}

static int32_t attach(struct mp_engine *e, const mailproto_sasl_client_config *config, const char **why)
{
    struct mp_sasl_client_settings *kept;
    int32_t result = keep(&kept, config, &e->allocator, why);

    if (!result)
        mp_engine_set_keeper(e, &kept->keeper);
    return result;
}

static uint32_t other(const struct mp_sasl_client_settings *settings, const char *name, size_t len)
{
    mailproto_text found;

    return mp_sasl_is_other(settings->config.other, name, len, &found) ? MAILPROTO_SASL_OTHER : 0;
}

static size_t payload(const struct mp_sasl_client *c, union mp_sasl_payload *out)
{
    if (c->state == MAILPROTO_SASL_DERIVE) {
        out->derive = (mailproto_sasl_derive_wanted){.hash = c->derive.hash,
                                                     .iterations = c->derive.iterations,
                                                     .password = c->derive.password,
                                                     .salt = c->derive.salt};
        return sizeof out->derive;
    }
    out->step = (mailproto_sasl_step){.tls = c->tls,
                                      .first = c->step == 1,
                                      .has_message = c->message.ptr != NULL,
                                      .mechanism = c->settings->config.other,
                                      .message = c->message};
    return sizeof out->step;
}

static void release(struct mp_sasl_client *c)
{
    mp_sasl_rooms_free(&c->rooms);
}

static const struct mp_sasl_client_ops ops = {
    find, first, keep, attach, start, mp_sasl_channel_keep, name, mp_base64_decode, other, payload, release};

int32_t mailproto_sasl_client_config_init(mailproto_sasl_client_config *config, size_t size)
{
    int32_t result =
        size < offsetof(mailproto_sasl_client_config, crypto) ? MAILPROTO_ERR_ARG : mp_struct_init(config, size);

    if (!result)
        config->ops = &ops;
    return result;
}
