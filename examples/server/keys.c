/* keys.c - what is kept instead of a password: the keys of SCRAM, read, written and made.
 * RFC 5803 section 2, RFC 4648 section 4. */
#include "keys.h"

#include <mailproto/mime_codec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char form[] = "must be as \"mailprotod passwd\" writes it: SCRAM-SHA-256$ITERATIONS:SALT$STORED:SERVER";

static const struct {
    const char *name;
    uint32_t hash;
    size_t digest;
} schemes[] = {{"SCRAM-SHA-256$", MAILPROTO_HASH_SHA_256, 32}, {"SCRAM-SHA-1$", MAILPROTO_HASH_SHA_1, 20}};

/* A part of the text up to `end`, decoded; what follows is at *text. Octets, 0 if it is none. */
static size_t read_part(uint8_t *out, size_t room, const char **text, char end)
{
    const char *stop = end ? strchr(*text, end) : *text + strlen(*text);
    mailproto_base64_decoder decoder;
    mailproto_codec_report report;
    size_t took = 0, made = 0, more = 0;

    if (!stop || stop == *text || (stop - *text) % 4 || mailproto_base64_decoded_max((size_t)(stop - *text)) > 64)
        return 0;
    mailproto_codec_report_init(&report, sizeof report);
    mailproto_base64_decoder_init(&decoder, sizeof decoder);
    decoder.report = &report;
    uint8_t decoded[64];
    if (mailproto_base64_decode(&decoder, *text, (size_t)(stop - *text), &took, decoded, sizeof decoded, &made) ||
        mailproto_base64_decode_end(&decoder, decoded + made, sizeof decoded - made, &more) || report.kinds ||
        made + more > room)
        return 0;
    memcpy(out, decoded, made + more);
    *text = stop + (end != 0);
    return made + more;
}

static int read_scheme(struct keys *keys, const char **text)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i].name);

        if (strncmp(*text, schemes[i].name, len))
            continue;
        keys->hash = schemes[i].hash;
        keys->digest_len = schemes[i].digest;
        *text += len;
        return 0;
    }
    return -1;
}

const char *keys_read(struct keys *keys, const char *text)
{
    unsigned long iterations;
    char *end;

    memset(keys, 0, sizeof *keys);
    if (read_scheme(keys, &text))
        return form;
    iterations = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != ':')
        return form;
    if (iterations < KEYS_ITERATIONS_MIN || iterations > KEYS_ITERATIONS_MAX)
        return "has a number of iterations that is not between 4096 and 1000000";
    keys->iterations = (uint32_t)iterations;
    text = end + 1;
    keys->salt_len = read_part(keys->salt, sizeof keys->salt, &text, '$');
    if (!keys->salt_len || read_part(keys->stored, sizeof keys->stored, &text, ':') != keys->digest_len ||
        read_part(keys->server, sizeof keys->server, &text, 0) != keys->digest_len)
        return form;
    return NULL;
}

static const char *encode(char *out, size_t room, const uint8_t *octets, size_t len)
{
    size_t made = 0;

    mailproto_base64_encode_all(octets, len, MAILPROTO_UNLIMITED, MAILPROTO_BASE64_OPEN_END, out, room - 1, &made);
    out[made] = 0;
    return out;
}

void keys_write(const struct keys *keys, char text[KEYS_TEXT])
{
    char salt[64], stored[64], server[64];

    snprintf(text, KEYS_TEXT, "%s%u:%s$%s:%s", schemes[keys->hash == MAILPROTO_HASH_SHA_1].name,
             (unsigned)keys->iterations, encode(salt, sizeof salt, keys->salt, keys->salt_len),
             encode(stored, sizeof stored, keys->stored, keys->digest_len),
             encode(server, sizeof server, keys->server, keys->digest_len));
}

int32_t keys_make(struct keys *keys, uint32_t hash, uint32_t iterations, const char *password, size_t len,
                  const mailproto_crypto *crypto)
{
    uint8_t room[16 + 2 * MAILPROTO_DIGEST_MAX];
    mailproto_sasl_keys made;
    int32_t result;

    memset(keys, 0, sizeof *keys);
    mailproto_sasl_keys_init(&made, sizeof made);
    result = mailproto_sasl_make_keys(&made, room, crypto, hash, password, len, iterations);
    if (result)
        return result;
    if (made.salt.len > sizeof keys->salt || made.stored_key.len > sizeof keys->stored)
        return MAILPROTO_ERR_LIMIT;
    keys->hash = hash;
    keys->iterations = made.iterations;
    keys->salt_len = made.salt.len;
    keys->digest_len = made.stored_key.len;
    memcpy(keys->salt, made.salt.ptr, made.salt.len);
    memcpy(keys->stored, made.stored_key.ptr, made.stored_key.len);
    memcpy(keys->server, made.server_key.ptr, made.server_key.len);
    return MAILPROTO_OK;
}

void keys_lend(const struct keys *keys, mailproto_sasl_keys *lent)
{
    mailproto_sasl_keys_init(lent, sizeof *lent);
    lent->hash = keys->hash;
    lent->iterations = keys->iterations;
    lent->salt = (mailproto_text){(const char *)keys->salt, keys->salt_len};
    lent->stored_key = (mailproto_text){(const char *)keys->stored, keys->digest_len};
    lent->server_key = (mailproto_text){(const char *)keys->server, keys->digest_len};
}
