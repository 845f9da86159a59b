/* logins.c - SASL in transcripts: the configs that SASL lines make, a provider with known random octets, requests in words.
 * mailproto/sasl.h; RFC 5802 section 3 for the keys that are made of a password. */
#include "logins.h"

#include <string.h>

#include "support/crypto.h"

static const struct word hash_words[] = {{"MD5", MAILPROTO_HASH_MD5},
                                         {"SHA-1", MAILPROTO_HASH_SHA_1},
                                         {"SHA-256", MAILPROTO_HASH_SHA_256},
                                         {"SHA-512", MAILPROTO_HASH_SHA_512},
                                         {NULL, 0}};
static const struct word stored_words[] = {{"SHA-1", MAILPROTO_HASH_SHA_1},
                                           {"SHA-256", MAILPROTO_HASH_SHA_256},
                                           {"SHA-512", MAILPROTO_HASH_SHA_512},
                                           {"PASSWORDS", MAILPROTO_SASL_STORED_PASSWORDS},
                                           {NULL, 0}};
static const struct word client_flag_words[] = {{"NO_BINDING_FLAG", MAILPROTO_SASL_CLIENT_NO_BINDING_FLAG}, {NULL, 0}};

/* ---- configs ---- */

#define SERVER(name, kind, table)                                                                                      \
    {                                                                                                                  \
#name, offsetof(mailproto_sasl_server_config, name), kind, table                                               \
    }
static const struct setting server_settings[] = {
    SERVER(other, SETTING_TEXT, NULL),
    SERVER(host_name, SETTING_TEXT, NULL),
    SERVER(secret, SETTING_TEXT, NULL),
    SERVER(stored, SETTING_WORDS, stored_words),
    SERVER(iterations, SETTING_U32, NULL),
    SERVER(max_message, SETTING_U32, NULL),
    SERVER(oauth_scope, SETTING_TEXT, NULL),
    SERVER(oauth_configuration, SETTING_TEXT, NULL),
    SERVER(mechanisms, SETTING_WORDS, sasl_words),
    {NULL, 0, SETTING_U32, NULL},
};

#define CLIENT(name, kind, table)                                                                                      \
    {                                                                                                                  \
#name, offsetof(mailproto_sasl_client_config, name), kind, table                                               \
    }
static const struct setting client_settings[] = {
    CLIENT(flags, SETTING_WORDS, client_flag_words), CLIENT(other, SETTING_TEXT, NULL),
    CLIENT(host_name, SETTING_TEXT, NULL),           CLIENT(port, SETTING_U32, NULL),
    CLIENT(min_iterations, SETTING_U32, NULL),       CLIENT(max_iterations, SETTING_U32, NULL),
    CLIENT(max_message, SETTING_U32, NULL),          {NULL, 0, SETTING_U32, NULL},
};

/* What a play has of it: the provider, whose random octets are 1, 2, 3 ... in each play. */
struct login {
    mailproto_crypto crypto;
    struct test_crypto_calls calls;
    mailproto_sasl_server_config server;
    mailproto_sasl_client_config client;
};

static int32_t failing_random(void *out, size_t len, void *user)
{
    (void)out, (void)len, (void)user;
    return MAILPROTO_ERR_UNAVAILABLE;
}

/* "crypto=none", "crypto=SHA-1,MD5", "crypto=no-random"; NULL: none. */
static const mailproto_crypto *provider(struct play *p, struct login *login)
{
    mailproto_text value;
    uint32_t hashes;

    test_crypto(&login->crypto, &login->calls);
    for (size_t i = 0; i < p->t->sasl_count; i++) {
        if (!word_value(p->t->sasl[i], "crypto", &value))
            continue;
        if (word_is(value, "none"))
            return NULL;
        if (word_is(value, "no-random"))
            login->crypto.random = failing_random;
        else if (!word_to_bits(hash_words, value, &hashes))
            login->crypto.hashes &= hashes;
        else
            play_fail(p, 1, "SASL: %s is no crypto", value.ptr);
    }
    return &login->crypto;
}

static struct login *login_of(struct play *p)
{
    if (!p->login)
        p->login = pool_get(p->pool, sizeof(struct login));
    return p->login;
}

/* "crypto" and "order" are no plain fields. */
static void apply(struct play *p, void *config, const struct setting *settings)
{
    mailproto_text value;

    for (size_t i = 0; i < p->t->sasl_count; i++)
        if (!word_value(p->t->sasl[i], "crypto", &value) && !word_value(p->t->sasl[i], "order", &value) &&
            settings_apply_word(config, settings, p->t->sasl[i]))
            play_fail(p, 1, "SASL: %s is not a setting, or not a value of it", p->t->sasl[i].ptr);
}

const mailproto_sasl_server_config *login_server_config(struct play *p)
{
    struct login *login = p->t->has_sasl ? login_of(p) : NULL;

    if (!login)
        return NULL;
    mailproto_sasl_server_config_init(&login->server, sizeof login->server);
    login->server.crypto = provider(p, login);
    apply(p, &login->server, server_settings);
    return &login->server;
}

static void read_order(struct play *p, uint32_t *order, size_t most, mailproto_text list)
{
    const char *at = list.ptr, *end = list.ptr + list.len;

    for (size_t i = 0; at < end; i++) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        mailproto_text one = {at, (size_t)((comma ? comma : end) - at)};

        if (i == most || word_to_bits(sasl_words, one, &order[i]))
            play_fail(p, 1, "SASL: order is malformed");
        if (i == most)
            return;
        at = comma ? comma + 1 : end;
    }
}

const mailproto_sasl_client_config *login_client_config(struct play *p)
{
    struct login *login = p->t->has_sasl ? login_of(p) : NULL;
    mailproto_text value;

    if (!login)
        return NULL;
    mailproto_sasl_client_config_init(&login->client, sizeof login->client);
    login->client.crypto = provider(p, login);
    apply(p, &login->client, client_settings);
    for (size_t i = 0; i < p->t->sasl_count; i++)
        if (word_value(p->t->sasl[i], "order", &value))
            read_order(p, login->client.order, sizeof login->client.order / sizeof *login->client.order, value);
    return &login->client;
}

/* ---- TLS ---- */

static int has_word(const struct words *words, const char *text)
{
    for (size_t i = 0; i < words->count; i++)
        if (word_is(words->word[i], text))
            return 1;
    return 0;
}

/* TLS [unverified] [peer_name=] [unique=] [exporter=] [server_end_point=] */
void login_tls(struct play *p, const struct words *words, mailproto_tls_info *info)
{
    (void)p;
    info->version = has_word(words, "1.2") ? 0x0303 : 0x0304;
    info->verified = !has_word(words, "unverified");
    info->peer_name = words_value(words, "peer_name");
    info->unique = words_value(words, "unique");
    info->exporter = words_value(words, "exporter");
    info->server_end_point = words_value(words, "server_end_point");
}

/* ---- events in words ---- */

static void show_keys(const mailproto_sasl_keys_wanted *keys, struct buffer *out)
{
    buffer_format(out, "KEYS %s", login_name(keys->mechanism));
    if (keys->hash)
        buffer_format(out, " hash=%s", value_word(hash_words, keys->hash));
    if (keys->authorization.len)
        buffer_pair(out, "authorization", keys->authorization);
    buffer_pair(out, "name", keys->name);
    buffer_format(out, "%s%s", keys->password_needed ? " password_needed" : "", keys->tls ? " tls" : "");
}

static void show_derive(const mailproto_sasl_derive_wanted *derive, struct buffer *out)
{
    buffer_format(out, "DERIVE hash=%s iterations=%u", value_word(hash_words, derive->hash),
                  (unsigned)derive->iterations);
    buffer_pair(out, "salt", derive->salt);
    buffer_pair(out, "password", derive->password);
}

static void show_step(const mailproto_sasl_step *step, struct buffer *out)
{
    buffer_text(out, "STEP ");
    buffer_word(out, step->mechanism.ptr, step->mechanism.len);
    buffer_text(out, step->first ? " first" : "");
    if (step->has_message)
        buffer_pair(out, "message", step->message);
    buffer_text(out, step->tls ? " tls" : "");
}

int login_show(const struct login_calls *calls, const mailproto_event *event, struct buffer *out)
{
    if (event->type == calls->keys && calls->keys)
        show_keys((const void *)event, out);
    else if (event->type == calls->derive && calls->derive)
        show_derive((const void *)event, out);
    else if (event->type == calls->step && calls->step)
        show_step((const void *)event, out);
    else
        return 0;
    return 1;
}

void login_show_outcome(struct buffer *out, uint32_t outcome, mailproto_text host, uint32_t port)
{
    if (host.len)
        buffer_pair(out, "host", host);
    if (port)
        buffer_format(out, " port=%u", (unsigned)port);
    if (outcome != MAILPROTO_SASL_CHECK)
        buffer_text(out, outcome == MAILPROTO_SASL_PROVEN ? " PROVEN" : " REFUSED");
}

/* ---- answers ---- */

/* What a host has stored, or derives, of a password: of= hash= iterations= salt= */
struct made {
    uint32_t hash, iterations;
    mailproto_text salt;
    uint8_t salted[MAILPROTO_DIGEST_MAX], client[MAILPROTO_DIGEST_MAX], stored[MAILPROTO_DIGEST_MAX],
        server[MAILPROTO_DIGEST_MAX];
};

static void make(struct play *p, const struct words *words, struct made *made)
{
    mailproto_text password = words_value(words, "of");
    mailproto_crypto crypto;
    uint32_t hash = 0;

    memset(made, 0, sizeof *made);
    test_crypto(&crypto, NULL);
    if (word_to_bits(hash_words, words_value(words, "hash"), &hash))
        play_fail(p, 0, "unknown hash");
    made->hash = hash;
    made->iterations = (uint32_t)words_number(words, "iterations", 4096);
    made->salt = words_value(words, "salt");
    crypto.pbkdf2(hash, password.ptr, password.len, made->salt.ptr, made->salt.len, made->iterations, made->salted,
                  NULL);
    crypto.hmac(hash, made->salted, mailproto_hash_size(hash), "Client Key", 10, made->client, NULL);
    crypto.hash(hash, made->client, mailproto_hash_size(hash), made->stored, NULL);
    crypto.hmac(hash, made->salted, mailproto_hash_size(hash), "Server Key", 10, made->server, NULL);
}

/* keys none; keys password=X; keys of=X hash= iterations= salt= */
static int32_t give_keys(struct play *p, const struct login_calls *calls, uint64_t token, const struct words *words)
{
    mailproto_sasl_keys keys;
    struct made made;
    int32_t result;

    if (has_word(words, "none"))
        return calls->give_keys(p->engine, token, NULL);
    mailproto_sasl_keys_init(&keys, sizeof keys);
    keys.password = words_value(words, "password");
    make(p, words, &made);
    if (made.hash) {
        keys.hash = made.hash;
        keys.iterations = made.iterations;
        keys.salt = made.salt;
        keys.stored_key = (mailproto_text){(const char *)made.stored, mailproto_hash_size(made.hash)};
        keys.server_key = (mailproto_text){(const char *)made.server, mailproto_hash_size(made.hash)};
    }
    result = calls->give_keys(p->engine, token, &keys);
    memset(&made, 0, sizeof made);
    return result;
}

/* derived none; derived "octets"; derived of=X hash= iterations= salt= */
static int32_t give_derived(struct play *p, const struct login_calls *calls, uint64_t token, const struct words *words)
{
    struct made made;

    if (has_word(words, "none"))
        return calls->give_derived(p->engine, token, NULL, 0);
    make(p, words, &made);
    if (made.hash)
        return calls->give_derived(p->engine, token, made.salted, mailproto_hash_size(made.hash));
    if (words->count < 2)
        return MAILPROTO_ERR_ARG;
    return calls->give_derived(p->engine, token, words->word[1].ptr, words->word[1].len);
}

/* step send [message=]; step done [message=] [name=] [authorization=]; step fail [name=] */
static int32_t give_step(struct play *p, const struct login_calls *calls, uint64_t token, const struct words *words)
{
    mailproto_sasl_stepped stepped;

    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    if (has_word(words, "done"))
        stepped.result = MAILPROTO_SASL_STEP_DONE;
    else if (has_word(words, "fail"))
        stepped.result = MAILPROTO_SASL_STEP_FAIL;
    else
        stepped.result = (uint32_t)words_number(words, "result", MAILPROTO_SASL_STEP_SEND);
    stepped.message = words_value(words, "message");
    if (!stepped.message.len && !has_key(words, "message"))
        stepped.message = (mailproto_text){NULL, 0};
    stepped.name = words_value(words, "name");
    stepped.authorization = words_value(words, "authorization");
    return calls->give_step(p->engine, token, &stepped);
}

int login_answer(struct play *p, const struct login_calls *calls, uint64_t token, const struct words *words,
                 int32_t *result)
{
    if (word_is(words->word[0], "keys") && calls->give_keys)
        *result = give_keys(p, calls, token, words);
    else if (word_is(words->word[0], "derived") && calls->give_derived)
        *result = give_derived(p, calls, token, words);
    else if (word_is(words->word[0], "step") && calls->give_step)
        *result = give_step(p, calls, token, words);
    else
        return 0;
    if (!*result)
        play_request_answered(p, token);
    return 1;
}
