/* server.c - the server's driver: the mechanism that the client named, its messages, and the host's answers.
 * RFC 4422 section 3. */
#include "sasl/server.h"

#include <string.h>

/* What engines speak whose config has nothing of SASL. */
static const struct mp_sasl_server_mechanism *const basic[] = {&mp_sasl_plain_server, &mp_sasl_login_server, NULL};

enum { MAX_MESSAGE = 8192 };

/* Mechanisms whose server says what a password can be tried with by whoever reads a trace (SCRAM's signature), or might. */
enum { SECRET = MAILPROTO_SASL_SCRAM | MAILPROTO_SASL_SCRAM_PLUS | MAILPROTO_SASL_OTHER };

uint32_t mp_sasl_server_offers(uint32_t mechanisms, const struct mp_sasl_channel *channel)
{
    if (!mp_sasl_binds(channel))
        mechanisms &= ~(uint32_t)MAILPROTO_SASL_SCRAM_PLUS;
    if (!channel || !channel->verified || !channel->peer_name.len)
        mechanisms &= ~(uint32_t)MAILPROTO_SASL_EXTERNAL;
    return mechanisms;
}

struct mp_sasl_server *mp_sasl_server_begin(const struct mp_sasl_server_settings *settings,
                                            const struct mp_sasl_channel *channel, uint32_t tls, uint32_t offers,
                                            const mailproto_allocator *allocator)
{
    struct mp_sasl_server *s = mp_alloc_zero(allocator, sizeof *s);

    if (!s)
        return NULL;
    s->settings = settings;
    s->channel = channel;
    s->tls = tls;
    s->offers = offers;
    s->rooms.allocator = allocator;
    return s;
}

void mp_sasl_server_end(struct mp_sasl_server *s)
{
    const mailproto_allocator *allocator;

    if (!s)
        return;
    allocator = s->rooms.allocator;
    mp_sasl_rooms_free(&s->rooms);
    mp_wipe(s, sizeof *s);
    mp_free(allocator, s, sizeof *s);
}

/* ---- moving ---- */

/* What a mechanism answered becomes the state. Only want of memory is told by itself. */
static int32_t settle(struct mp_sasl_server *s, int32_t result)
{
    if (result > 0) {
        s->state = (uint32_t)result;
        return result;
    }
    s->state = MAILPROTO_SASL_FAILURE;
    s->why = result;
    return result == MAILPROTO_ERR_NOMEM ? result : MAILPROTO_SASL_FAILURE;
}

static int32_t failed(struct mp_sasl_server *s, int32_t why, const char *text)
{
    s->text = text;
    return settle(s, why);
}

/* As it was after mp_sasl_server_begin. */
static void forget(struct mp_sasl_server *s)
{
    struct mp_sasl_server fresh = {.settings = s->settings, .channel = s->channel, .offers = s->offers, .tls = s->tls};

    fresh.rooms.allocator = s->rooms.allocator;
    mp_sasl_rooms_free(&s->rooms);
    mp_wipe(s, sizeof *s);
    *s = fresh;
}

/* The mechanism of a name, if it is offered; 0: it is not. */
static uint32_t find(const struct mp_sasl_server *s, const char *name, size_t len, mailproto_text *found)
{
    uint32_t bit = mailproto_sasl_mechanism(name, len) & s->offers;
    const char *own = mailproto_sasl_mechanism_name(bit);

    if (own)
        *found = (mailproto_text){own, strlen(own)};
    else if (s->offers & MAILPROTO_SASL_OTHER && mp_sasl_is_other(mp_sasl_server_other(s->settings), name, len, found))
        bit = MAILPROTO_SASL_OTHER;
    return bit;
}

int32_t mp_sasl_server_start(struct mp_sasl_server *s, const char *name, size_t name_len, const char *initial,
                             size_t initial_len)
{
    const struct mp_sasl_server_mechanism *const *list = s->settings ? s->settings->ops->mechanisms : basic;
    mailproto_text found;
    uint32_t bit = find(s, name, name_len, &found);

    if (!bit)
        return MAILPROTO_ERR_UNSUPPORTED;
    while ((*list)->bit != bit)
        list++;
    forget(s);
    s->mechanism = *list;
    s->mechanism_name = found;
    s->secret = (bit & SECRET) != 0;
    s->state = MAILPROTO_SASL_SEND;
    if (initial && s->mechanism->flags)
        return mp_sasl_server_respond(s, initial, initial_len);
    if (initial)
        return failed(s, MAILPROTO_ERR_PROTOCOL, "in this mechanism the server begins");
    if (!(s->mechanism->flags & MP_SASL_CLIENT_FIRST))
        return settle(s, s->mechanism->next(s, NULL, 0));
    s->message = (mailproto_text){"", 0};
    return MAILPROTO_SASL_SEND;
}

int32_t mp_sasl_server_respond(struct mp_sasl_server *s, const char *message, size_t len)
{
    if (len > (s->settings ? s->settings->config.max_message : MAX_MESSAGE))
        return failed(s, MAILPROTO_ERR_LIMIT, "the message is too long");
    return settle(s, s->mechanism->next(s, message, len));
}

int32_t mp_sasl_server_move(struct mp_sasl_server *s)
{
    if (s->state == MAILPROTO_SASL_FAILURE)
        return MAILPROTO_SASL_FAILURE;
    return settle(s, s->mechanism->next(s, NULL, 0));
}

/* ---- the host ---- */

size_t mp_sasl_server_payload(const struct mp_sasl_server *s, union mp_sasl_payload *out)
{
    if (s->state == MAILPROTO_SASL_KEYS) {
        out->keys = (mailproto_sasl_keys_wanted){.mechanism = s->mechanism->bit,
                                                 .tls = s->tls,
                                                 .hash = s->hash,
                                                 .password_needed = s->password_needed,
                                                 .authorization = s->who.authorization,
                                                 .name = s->who.name};
        return sizeof out->keys;
    }
    if (s->state == MAILPROTO_SASL_DERIVE) {
        out->derive = (mailproto_sasl_derive_wanted){.hash = s->derive.hash,
                                                     .iterations = s->derive.iterations,
                                                     .password = s->derive.password,
                                                     .salt = s->derive.salt};
        return sizeof out->derive;
    }
    out->step = (mailproto_sasl_step){.tls = s->tls,
                                      .first = s->step == 1,
                                      .has_message = s->message.ptr != NULL,
                                      .mechanism = s->mechanism_name,
                                      .message = s->message};
    return sizeof out->step;
}

/* Whether the provider can do what the keys need. */
static int known_hash(const struct mp_sasl_server *s, uint32_t hash)
{
    const mailproto_crypto *crypto = s->settings ? s->settings->config.crypto : NULL;

    if (s->state == MAILPROTO_SASL_KEYS)
        return hash == s->hash;
    return crypto && crypto->hashes & hash && hash != MAILPROTO_HASH_MD5;
}

static int keys_fit(const struct mp_sasl_server *s, const mailproto_sasl_keys *keys)
{
    size_t digest = mailproto_hash_size(keys->hash);

    return digest && !s->password_needed && known_hash(s, keys->hash) && keys->iterations &&
           keys->iterations <= 10000000 && keys->salt.len && keys->salt.len <= MP_SASL_SALT_MAX &&
           keys->stored_key.len == digest && keys->server_key.len == digest;
}

static void store_keys(struct mp_sasl_stored *stored, const mailproto_sasl_keys *keys)
{
    stored->hash = keys->hash;
    stored->iterations = keys->iterations;
    stored->salt_len = (uint32_t)keys->salt.len;
    memcpy(stored->salt, keys->salt.ptr, keys->salt.len);
    memcpy(stored->stored_key, keys->stored_key.ptr, keys->stored_key.len);
    memcpy(stored->server_key, keys->server_key.ptr, keys->server_key.len);
}

/* KEYS, and AUTH of those who told the password itself: PLAIN, LOGIN, and what is no mechanism of SASL's (USER and PASS). */
static int takes_keys(const struct mp_sasl_server *s)
{
    return s->state == MAILPROTO_SASL_KEYS || (s->state == MAILPROTO_SASL_AUTH && s->outcome == MAILPROTO_SASL_CHECK &&
                                               !(s->mechanism->bit & MP_SASL_EVERY & ~(uint32_t)MP_SASL_ALL));
}

int32_t mp_sasl_server_take_keys(struct mp_sasl_server *s, const mailproto_sasl_keys *keys)
{
    mailproto_sasl_keys own = {0};
    mailproto_text password;

    if (!takes_keys(s))
        return MAILPROTO_ERR_STATE;
    if (keys && mp_struct_copy(&own, sizeof own, keys))
        return MAILPROTO_ERR_ARG;
    password = own.password;
    if (password.len > MP_SASL_NAME_MAX || mp_sasl_malformed(password.ptr, password.len) ||
        (keys && !password.len && !keys_fit(s, &own)))
        return MAILPROTO_ERR_ARG;
    s->answered = 1;
    s->stored.known = keys != NULL;
    s->stored.password = password.len != 0;
    s->stored.len = (uint32_t)password.len;
    if (password.len)
        memcpy(s->stored.text, password.ptr, password.len);
    else if (keys)
        store_keys(&s->stored, &own);
    return MAILPROTO_OK;
}

int32_t mp_sasl_server_take_verdict(struct mp_sasl_server *s, uint32_t accepted)
{
    if (s->state != MAILPROTO_SASL_AUTH)
        return MAILPROTO_ERR_STATE;
    if (accepted > 1 || (accepted && s->outcome == MAILPROTO_SASL_REFUSED))
        return MAILPROTO_ERR_ARG;
    s->accepted = accepted;
    s->answered = 0;
    return MAILPROTO_OK;
}

int32_t mp_sasl_server_take_failure(struct mp_sasl_server *s, int32_t why)
{
    s->state = MAILPROTO_SASL_FAILURE;
    s->why = why;
    return MAILPROTO_SASL_FAILURE;
}
