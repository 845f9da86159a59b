/* password.c - a server that was told the password itself: the host judges, or gives what it has stored to compare with.
 * RFC 4616 section 2; RFC 5802 section 3 for the keys. */
#include "sasl/password.h"

#include <string.h>

int32_t mp_sasl_prepared(const struct mp_sasl_server *s, mailproto_text text, uint32_t query, char *out, size_t *made)
{
    const mailproto_sasl_server_config *config = s->settings ? &s->settings->config : NULL;
    int32_t result = MAILPROTO_ERR_UNSUPPORTED;

    if (config)
        result = config->prepare(text.ptr, text.len, query, out, MP_SASL_NAME_MAX, made, config->prepare_user);
    return result || *made > MP_SASL_NAME_MAX ? MAILPROTO_ERR_ARG : MAILPROTO_OK;
}

/* A name goes to `to`, prepared or, if it cannot be, as it is: its octets. */
static mailproto_text keep_name(const struct mp_sasl_server *s, mailproto_text name, char *to)
{
    size_t n;

    if (!name.len || mp_sasl_prepared(s, name, 1, to, &n)) {
        n = name.len;
        if (n)
            memcpy(to, name.ptr, n);
    }
    return (mailproto_text){to, n};
}

static size_t room_for(size_t len)
{
    return len > MP_SASL_NAME_MAX ? len : MP_SASL_NAME_MAX;
}

int32_t mp_sasl_keep_identity(struct mp_sasl_server *s, const struct mp_sasl_identity *who)
{
    size_t n = room_for(who->authorization.len) + room_for(who->name.len) + who->password.len;
    char *room = mp_sasl_room(&s->rooms, MP_SASL_ROOM_IDENTITY, n);

    if (!room)
        return MAILPROTO_ERR_NOMEM;
    s->who.authorization = keep_name(s, who->authorization, room);
    room += s->who.authorization.len;
    s->who.name = keep_name(s, who->name, room);
    room += s->who.name.len;
    if (who->password.len)
        memcpy(room, who->password.ptr, who->password.len);
    s->who.password = (mailproto_text){room, who->password.len};
    return MAILPROTO_OK;
}

int32_t mp_sasl_password_check(struct mp_sasl_server *s, const struct mp_sasl_identity *who)
{
    int32_t result = mp_sasl_keep_identity(s, who);

    s->outcome = MAILPROTO_SASL_CHECK;
    return result ? result : MAILPROTO_SASL_AUTH;
}

int32_t mp_sasl_proven(struct mp_sasl_server *s, int proven)
{
    s->outcome = proven ? MAILPROTO_SASL_PROVEN : MAILPROTO_SASL_REFUSED;
    return MAILPROTO_SASL_AUTH;
}

int32_t mp_sasl_decided(struct mp_sasl_server *s)
{
    if (s->accepted)
        return MAILPROTO_SASL_SUCCESS;
    s->text = "the login was refused";
    return MAILPROTO_ERR_AUTH;
}

/* ---- what is stored ---- */

int32_t mp_sasl_made_up_salt(const struct mp_sasl_server *s, uint32_t hash, uint8_t *salt)
{
    const mailproto_sasl_server_config *config = &s->settings->config;
    const mailproto_crypto *crypto = config->crypto;

    if (!config->secret.len)
        return crypto->random(salt, MP_SASL_SALT, crypto->user);
    return crypto->hmac(hash, config->secret.ptr, config->secret.len, s->who.name.ptr, s->who.name.len, salt,
                        crypto->user);
}

int32_t mp_sasl_key_matches(const mailproto_crypto *crypto, uint32_t hash, const uint8_t *salted,
                            const uint8_t *stored_key, int *same)
{
    uint8_t key[MAILPROTO_DIGEST_MAX], digest[MAILPROTO_DIGEST_MAX];
    size_t n = mailproto_hash_size(hash);
    int32_t result = crypto->hmac(hash, salted, n, "Client Key", 10, key, crypto->user);

    if (!result)
        result = crypto->hash(hash, key, n, digest, crypto->user);
    *same = !result && mp_sasl_same(digest, stored_key, n);
    mp_wipe(key, sizeof key);
    mp_wipe(digest, sizeof digest);
    return result;
}

/* ---- the comparison ---- */

/* The text at the end of ROOM_OWN, prepared if it can be. */
static mailproto_text prepare(const struct mp_sasl_server *s, mailproto_text text, char *room)
{
    size_t made;

    return mp_sasl_prepared(s, text, 0, room, &made) ? text : (mailproto_text){room, made};
}

/* Two passwords; the time depends on what the client gave alone. */
static int same_password(mailproto_text given, const char *stored, size_t len)
{
    uint32_t differ = given.len != len;

    for (size_t i = 0; i < given.len; i++)
        differ |= (uint8_t)(given.ptr[i] ^ stored[i % MP_SASL_NAME_MAX]);
    return !differ;
}

static int32_t compare(struct mp_sasl_server *s, char *room)
{
    struct mp_sasl_stored *stored = &s->stored;
    mailproto_text given = prepare(s, s->who.password, room), kept;

    kept = prepare(s, (mailproto_text){stored->text, stored->len}, room + MP_SASL_NAME_MAX);
    if (kept.ptr != stored->text)
        memcpy(stored->text, kept.ptr, kept.len);
    return mp_sasl_proven(s, same_password(given, stored->text, kept.len) & (int)stored->known);
}

/* Keys of a user that there is not: no password has them. */
static void make_up(const struct mp_sasl_server *s, struct mp_sasl_stored *stored, const uint8_t *salt)
{
    const mailproto_sasl_server_config *config = &s->settings->config;

    stored->hash = config->stored;
    stored->iterations = config->iterations;
    stored->salt_len = MP_SASL_SALT;
    memcpy(stored->salt, salt, MP_SASL_SALT);
}

static int32_t derive(struct mp_sasl_server *s, char *room)
{
    struct mp_sasl_stored *stored = &s->stored;
    uint8_t salt[MAILPROTO_DIGEST_MAX];
    int32_t result = mp_sasl_made_up_salt(s, stored->known ? stored->hash : s->settings->config.stored, salt);

    if (result)
        return result;
    if (!stored->known)
        make_up(s, stored, salt);
    s->derive = (struct mp_sasl_derive){.hash = stored->hash, .iterations = stored->iterations};
    s->derive.password = prepare(s, s->who.password, room);
    s->derive.salt = (mailproto_text){(const char *)stored->salt, stored->salt_len};
    return MAILPROTO_SASL_DERIVE;
}

static int32_t derived(struct mp_sasl_server *s)
{
    const mailproto_crypto *crypto = s->settings->config.crypto;
    int same = 0;
    int32_t result = mp_sasl_derive_done(&s->derive, crypto);

    if (!result)
        result = mp_sasl_key_matches(crypto, s->stored.hash, s->derive.key, s->stored.stored_key, &same);
    return result ? result : mp_sasl_proven(s, same & (int)s->stored.known);
}

/* Without a provider nobody has keys; nor where the config says that users have passwords. */
static int by_password(const struct mp_sasl_server *s)
{
    const mailproto_sasl_server_config *config = s->settings ? &s->settings->config : NULL;

    if (s->stored.known)
        return s->stored.password != 0;
    return !config || !config->crypto || config->stored == MAILPROTO_SASL_STORED_PASSWORDS;
}

int32_t mp_sasl_password_next(struct mp_sasl_server *s)
{
    char *room;

    if (s->state == MAILPROTO_SASL_DERIVE)
        return derived(s);
    if (!s->answered)
        return mp_sasl_decided(s);
    s->answered = 0;
    room = mp_sasl_room(&s->rooms, MP_SASL_ROOM_OWN, 2 * MP_SASL_NAME_MAX);
    if (!room)
        return MAILPROTO_ERR_NOMEM;
    return by_password(s) ? compare(s, room) : derive(s, room);
}
