/* server_config.c - a server's config: every mechanism there is, its checks, and the copy that is kept.
 * RFC 4422; contract.md section 2, "Capabilities cannot lie". */
#include <string.h>

#include "core/config.h"
#include "sasl/config.h"
#include "sasl/server.h"

enum { ITERATIONS = 10000, MAX_ITERATIONS = 10000000, SECRET_MIN = 16 };

static const struct mp_sasl_server_mechanism *const mechanisms[] = {
    &mp_sasl_plain_server,     &mp_sasl_login_server,       &mp_sasl_cram_md5_server,
    &mp_sasl_scram_servers[0], &mp_sasl_scram_servers[1],   &mp_sasl_scram_servers[2],
    &mp_sasl_scram_servers[3], &mp_sasl_scram_servers[4],   &mp_sasl_scram_servers[5],
    &mp_sasl_xoauth2_server,   &mp_sasl_oauthbearer_server, &mp_sasl_external_server,
    &mp_sasl_anonymous_server, &mp_sasl_other_server,       NULL,
};

static void fill_defaults(mailproto_sasl_server_config *c)
{
    mp_or_default(&c->iterations, ITERATIONS);
    mp_or_default(&c->max_message, MP_SASL_MAX_MESSAGE);
    if (!c->prepare)
        c->prepare = mp_sasl_prepare_own;
    if (!c->stored && c->crypto)
        c->stored = c->crypto->hashes & MAILPROTO_HASH_SHA_256   ? MAILPROTO_HASH_SHA_256
                    : c->crypto->hashes & MAILPROTO_HASH_SHA_512 ? MAILPROTO_HASH_SHA_512
                    : c->crypto->hashes & MAILPROTO_HASH_SHA_1   ? MAILPROTO_HASH_SHA_1
                                                                 : MAILPROTO_SASL_STORED_PASSWORDS;
}

static int stored_fits(const mailproto_sasl_server_config *c)
{
    if (c->stored == MAILPROTO_SASL_STORED_PASSWORDS || !c->stored)
        return 1;
    return c->crypto && c->stored & c->crypto->hashes && c->stored != MAILPROTO_HASH_MD5 &&
           mailproto_hash_size(c->stored);
}

/* NULL, or what is wrong. */
static const char *complaint(const mailproto_sasl_server_config *c, uint32_t set)
{
    if (set & ~(uint32_t)MP_SASL_EVERY)
        return "a mechanism that this library does not know";
    if (set & MAILPROTO_SASL_OTHER && !mp_sasl_names_fit(c->other, 1))
        return "MAILPROTO_SASL_OTHER needs the names of mechanisms in `other`: capital letters, digits, - and _, none "
               "of the "
               "library's own, apart by one space";
    if (set & MAILPROTO_SASL_CRAM_MD5 && !c->host_name.len)
        return "CRAM-MD5 needs the server's name: set `host_name`";
    if (!mp_sasl_text_fits(c->host_name, "<>@ "))
        return "host_name is no name of a host";
    if (c->secret.len && (c->secret.len < SECRET_MIN || c->secret.len > MP_SASL_TEXT_MAX))
        return "secret has fewer than 16 octets, or too many";
    if (c->iterations > MAX_ITERATIONS)
        return "iterations is over 10000000";
    if (c->max_message > MP_SASL_MAX_MESSAGE_MOST)
        return "max_message is over 1048576";
    if (!mp_sasl_text_fits(c->oauth_scope, "") || !mp_sasl_text_fits(c->oauth_configuration, " "))
        return "oauth_scope and oauth_configuration are ASCII without quotes and backslashes";
    return stored_fits(c) ? NULL : "stored is neither a hash of the provider's, but MD5, nor STORED_PASSWORDS";
}

static void keep_texts(struct mp_sasl_server_settings *kept)
{
    char *place = (char *)(kept + 1);

    mp_sasl_keep_text(&kept->config.other, &place);
    mp_sasl_keep_text(&kept->config.host_name, &place);
    mp_sasl_keep_text(&kept->config.secret, &place);
    mp_sasl_keep_text(&kept->config.oauth_scope, &place);
    mp_sasl_keep_text(&kept->config.oauth_configuration, &place);
}

static int32_t keep(struct mp_sasl_server_settings **out, const mailproto_sasl_server_config *config, uint32_t set,
                    const mailproto_allocator *allocator, const char **why)
{
    struct mp_sasl_server_settings made = {.size = sizeof made}, *kept;
    mailproto_sasl_server_config *c = &made.config;
    const char *wrong;
    int32_t result;

    if (mp_struct_copy(c, sizeof *c, config))
        return mp_refuse(why, MAILPROTO_ERR_ARG, "the SASL config's struct_size is wrong");
    result = mp_sasl_keep_crypto(&made.crypto, &c->crypto, set, why);
    if (result)
        return result;
    fill_defaults(c);
    wrong = complaint(c, set);
    if (wrong)
        return mp_refuse(why, MAILPROTO_ERR_CONFIG, wrong);
    made.ops = c->ops;
    made.size += c->other.len + c->host_name.len + c->secret.len + c->oauth_scope.len + c->oauth_configuration.len;
    kept = mp_alloc(allocator, made.size);
    if (!kept)
        return mp_refuse(why, MAILPROTO_ERR_NOMEM, "no memory for the SASL config");
    *kept = made;
    if (kept->config.crypto)
        kept->config.crypto = &kept->crypto;
    keep_texts(kept);
    *out = kept;
    return MAILPROTO_OK;
}

static const struct mp_sasl_server_ops ops = {mechanisms, keep, mp_sasl_channel_keep};

int32_t mailproto_sasl_server_config_init(mailproto_sasl_server_config *config, size_t size)
{
    int32_t result =
        size < offsetof(mailproto_sasl_server_config, crypto) ? MAILPROTO_ERR_ARG : mp_struct_init(config, size);

    if (!result)
        config->ops = &ops;
    return result;
}
