/* cram_md5.c - CRAM-MD5: the server sends a challenge that is never the same, the client its HMAC with the password.
 * RFC 2195 section 2. */
#include <string.h>

#include "core/ascii.h"
#include "sasl/client.h"
#include "sasl/password.h"
#include "sasl/prepare.h"

enum { DIGEST = 16, HEX = 2 * DIGEST, NONCE = 12 };

/* ---- client ---- */

static int32_t respond(struct mp_sasl_client *c, const char *challenge, size_t len)
{
    const mailproto_crypto *crypto = c->settings->config.crypto;
    mailproto_text name, password;
    uint8_t digest[MAILPROTO_DIGEST_MAX];
    int32_t result = mp_sasl_client_prepare(c, &name, &password);
    char *message;

    if (result)
        return result;
    message = mp_sasl_room(&c->rooms, MP_SASL_ROOM_MESSAGE, name.len + 1 + HEX);
    if (!message)
        return MAILPROTO_ERR_NOMEM;
    result = crypto->hmac(MAILPROTO_HASH_MD5, password.ptr, password.len, challenge, len, digest, crypto->user);
    if (result)
        return result;
    memcpy(message, name.ptr, name.len);
    message[name.len] = ' ';
    mp_sasl_put_hex(message + name.len + 1, digest, DIGEST);
    c->message = (mailproto_text){message, name.len + 1 + HEX};
    c->complete = 1;
    return MAILPROTO_SASL_SEND;
}

static int32_t client_next(struct mp_sasl_client *c, const char *challenge, size_t len)
{
    if (c->complete || !len)
        return MAILPROTO_ERR_PROTOCOL;
    return respond(c, challenge, len);
}

const struct mp_sasl_client_mechanism mp_sasl_cram_md5_client = {.bit = MAILPROTO_SASL_CRAM_MD5,
                                                                 .flags = MP_SASL_NAME | MP_SASL_PASSWORD,
                                                                 .check = mp_sasl_client_preparable,
                                                                 .next = client_next};

/* ---- server ---- */

/* "<" what nobody can guess "@" the server's name ">" */
static int32_t challenge(struct mp_sasl_server *s)
{
    const mailproto_sasl_server_config *config = &s->settings->config;
    size_t n = 1 + 2 * NONCE + 1 + config->host_name.len + 1;
    char *message = mp_sasl_room(&s->rooms, MP_SASL_ROOM_MESSAGE, n);
    uint8_t nonce[NONCE];
    int32_t result;

    if (!message)
        return MAILPROTO_ERR_NOMEM;
    result = config->crypto->random(nonce, sizeof nonce, config->crypto->user);
    if (result)
        return result;
    message[0] = '<';
    mp_sasl_put_hex(message + 1, nonce, sizeof nonce);
    message[1 + 2 * NONCE] = '@';
    memcpy(message + 2 + 2 * NONCE, config->host_name.ptr, config->host_name.len);
    message[n - 1] = '>';
    s->message = (mailproto_text){message, n};
    return MAILPROTO_SASL_SEND;
}

/* Name, space, digest: the digest is kept as `password`. */
static int32_t responded(struct mp_sasl_server *s, const char *message, size_t len)
{
    struct mp_sasl_identity who = {.authorization = {"", 0}};

    if (len < 2 + HEX || message[len - HEX - 1] != ' ' || mp_sasl_malformed(message, len))
        return MAILPROTO_ERR_PROTOCOL;
    who.name = (mailproto_text){message, len - HEX - 1};
    who.password = (mailproto_text){message + len - HEX, HEX};
    for (size_t i = 0; i < HEX; i++)
        if (mp_ascii_hex_value(who.password.ptr[i]) < 0)
            return MAILPROTO_ERR_PROTOCOL;
    s->hash = MAILPROTO_HASH_MD5;
    s->password_needed = 1;
    return mp_sasl_keep_identity(s, &who) ? MAILPROTO_ERR_NOMEM : MAILPROTO_SASL_KEYS;
}

static int32_t compare(struct mp_sasl_server *s)
{
    const mailproto_crypto *crypto = s->settings->config.crypto;
    mailproto_text password = {s->stored.text, s->stored.len};
    uint8_t digest[MAILPROTO_DIGEST_MAX];
    char hex[HEX], given[HEX];
    int32_t result = mp_sasl_server_prepare(s, &password);
    int same;

    if (!result)
        result = crypto->hmac(MAILPROTO_HASH_MD5, password.ptr, password.len, s->message.ptr, s->message.len, digest,
                              crypto->user);
    if (result)
        return result;
    mp_sasl_put_hex(hex, digest, DIGEST);
    for (size_t i = 0; i < HEX; i++)
        given[i] = (char)mp_ascii_lower(s->who.password.ptr[i]);
    s->who.password = (mailproto_text){"", 0};
    same = mp_sasl_same(hex, given, HEX) & (int)s->stored.known;
    mp_wipe(digest, sizeof digest);
    mp_wipe(hex, sizeof hex);
    return mp_sasl_proven(s, same);
}

static int32_t server_next(struct mp_sasl_server *s, const char *message, size_t len)
{
    if (message)
        return responded(s, message, len);
    if (s->state == MAILPROTO_SASL_KEYS)
        return compare(s);
    return s->state == MAILPROTO_SASL_AUTH ? mp_sasl_decided(s) : challenge(s);
}

const struct mp_sasl_server_mechanism mp_sasl_cram_md5_server = {MAILPROTO_SASL_CRAM_MD5, 0, server_next};
