/* scram.c - what both sides of SCRAM share: attributes, nonces, channel bindings, signatures.
 * RFC 5802 sections 5.1, 6 and 7; RFC 5929; RFC 9266. */
#include "sasl/scram.h"

#include <string.h>

#include "mime/base64.h"

int mp_scram_attribute(mailproto_text *rest, char letter, mailproto_text *value)
{
    const char *comma;

    if (rest->len < 2 || rest->ptr[0] != letter || rest->ptr[1] != '=')
        return 0;
    comma = memchr(rest->ptr, ',', rest->len);
    value->ptr = rest->ptr + 2;
    value->len = comma ? (size_t)(comma - value->ptr) : rest->len - 2;
    *rest =
        comma ? (mailproto_text){comma + 1, rest->len - value->len - 3} : (mailproto_text){rest->ptr + rest->len, 0};
    return 1;
}

int mp_scram_is_nonce(mailproto_text nonce)
{
    for (size_t i = 0; i < nonce.len; i++)
        if (nonce.ptr[i] < 0x21 || nonce.ptr[i] > 0x7e || nonce.ptr[i] == ',')
            return 0;
    return nonce.len != 0;
}

int32_t mp_scram_nonce(const mailproto_crypto *crypto, char *out, size_t *len)
{
    uint8_t octets[MP_SCRAM_NONCE];
    int32_t result = crypto->random(octets, sizeof octets, crypto->user);

    *len = result ? 0 : mp_base64_encode(out, octets, sizeof octets);
    return result;
}

/* ---- channel bindings ---- */

mailproto_text mp_scram_binding(const struct mp_sasl_channel *channel, mailproto_text type)
{
    const struct {
        const char *name;
        mailproto_text data;
    } types[] = {{"tls-exporter", channel->exporter},
                 {"tls-unique", channel->unique},
                 {"tls-server-end-point", channel->server_end_point}};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (type.len == strlen(types[i].name) && !memcmp(type.ptr, types[i].name, type.len))
            return types[i].data;
    return (mailproto_text){NULL, 0};
}

const char *mp_scram_binding_type(const struct mp_sasl_channel *channel)
{
    if (channel->version && channel->version <= 0x0303 && channel->unique.len)
        return "tls-unique";
    if (channel->exporter.len)
        return "tls-exporter";
    return channel->server_end_point.len ? "tls-server-end-point" : channel->unique.len ? "tls-unique" : NULL;
}

size_t mp_scram_bound(char *out, mailproto_text header, mailproto_text binding, char *room)
{
    if (!out)
        return mp_base64_encoded_size(header.len + binding.len);
    memcpy(room, header.ptr, header.len);
    if (binding.len)
        memcpy(room + header.len, binding.ptr, binding.len);
    return mp_base64_encode(out, room, header.len + binding.len);
}

/* ---- signatures ---- */

int32_t mp_scram_sign(const mailproto_crypto *crypto, uint32_t hash, const uint8_t *key, mailproto_text text,
                      uint8_t *signature)
{
    return crypto->hmac(hash, key, mailproto_hash_size(hash), text.ptr, text.len, signature, crypto->user);
}

int32_t mp_scram_key(const mailproto_crypto *crypto, uint32_t hash, const uint8_t *salted, const char *what,
                     uint8_t *key)
{
    return mp_scram_sign(crypto, hash, salted, (mailproto_text){what, strlen(what)}, key);
}
