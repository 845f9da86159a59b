/* sasl_host.h - what both SASL targets share: a provider that hashes badly and at once, and messages out of an input.
 * mailproto/crypto.h; RFC 4422 section 3.
 *
 * An input is a head of eight octets, of each of which the low five bits count (so '@' is 0, 'A' is 1), and what the peer
 * says, a message behind the other with '~' between. In a message "^n" stands for the nonce that was heard last, "^^" for a
 * circumflex, "^t" for a tilde, "^a" for octet 1, "^0" for octet 0. */
#ifndef FUZZ_SASL_HOST_H
#define FUZZ_SASL_HOST_H

#include <mailproto/sasl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/allocator.h"

enum { SASL_HEAD = 8, SASL_MESSAGE = 40000, SASL_NONCE = 200 };

struct sasl_input {
    uint32_t head[SASL_HEAD];
    const uint8_t *script;
    size_t len, at;
    char nonce[SASL_NONCE];
    size_t nonce_len;
    char message[SASL_MESSAGE];
    size_t message_len;
};

static inline void sasl_demand(int kept, const char *promise)
{
    if (kept)
        return;
    fprintf(stderr, "not kept: %s\n", promise);
    abort();
}

/* 0: the input is too short. */
static inline int sasl_read_head(struct sasl_input *in, const uint8_t *data, size_t size)
{
    if (size < SASL_HEAD)
        return 0;
    memset(in, 0, sizeof *in);
    for (size_t i = 0; i < SASL_HEAD; i++)
        in->head[i] = data[i] & 31;
    in->script = data + SASL_HEAD;
    in->len = size - SASL_HEAD;
    return 1;
}

static inline void sasl_put(struct sasl_input *in, const char *text, size_t len)
{
    for (size_t i = 0; i < len && in->message_len < SASL_MESSAGE; i++)
        in->message[in->message_len++] = text[i];
}

static inline void sasl_put_escaped(struct sasl_input *in, uint8_t letter)
{
    if (letter == 'n')
        sasl_put(in, in->nonce, in->nonce_len);
    else
        sasl_put(in, letter == 't' ? "~" : letter == 'a' ? "\1" : letter == '0' ? "" : "^", 1);
}

/* The next message; 0: there is none. */
static inline int sasl_next_message(struct sasl_input *in)
{
    if (in->at > in->len)
        return 0;
    in->message_len = 0;
    for (; in->at < in->len && in->script[in->at] != '~'; in->at++) {
        if (in->script[in->at] == '^' && in->at + 1 < in->len)
            sasl_put_escaped(in, in->script[++in->at]);
        else
            sasl_put(in, (const char *)in->script + in->at, 1);
    }
    in->at++;
    return 1;
}

/* Remembers the nonce of a message of SCRAM. */
static inline void sasl_hear(struct sasl_input *in, mailproto_text message)
{
    for (size_t i = 0; i + 2 <= message.len; i++) {
        size_t n = 0;

        if (message.ptr[i] != 'r' || message.ptr[i + 1] != '=')
            continue;
        while (i + 2 + n < message.len && message.ptr[i + 2 + n] != ',')
            n++;
        in->nonce_len = n < SASL_NONCE ? n : SASL_NONCE;
        memcpy(in->nonce, message.ptr + i + 2, in->nonce_len);
        return;
    }
}

static inline int sasl_holds(mailproto_text text, const char *secret)
{
    size_t n = strlen(secret);

    for (size_t i = 0; i + n <= text.len; i++)
        if (!memcmp(text.ptr + i, secret, n))
            return 1;
    return 0;
}

/* ---- the provider: fast, and no hash at all ---- */

static inline void sasl_mix(uint64_t *state, const void *data, size_t len)
{
    const uint8_t *octets = data;

    for (size_t i = 0; i < len; i++)
        *state = (*state ^ octets[i]) * 1099511628211u + 17;
}

static inline int32_t sasl_digest(uint32_t hash, uint64_t state, uint8_t *digest)
{
    for (size_t i = 0; i < mailproto_hash_size(hash); i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        digest[i] = (uint8_t)(state >> 56);
    }
    return MAILPROTO_OK;
}

static inline int32_t sasl_hash(uint32_t hash, const void *data, size_t len, uint8_t *digest, void *user)
{
    uint64_t state = hash;

    (void)user;
    sasl_mix(&state, data, len);
    return sasl_digest(hash, state, digest);
}

static inline int32_t sasl_hmac(uint32_t hash, const void *key, size_t key_len, const void *data, size_t len,
                                uint8_t *digest, void *user)
{
    uint64_t state = hash + 100;

    (void)user;
    sasl_mix(&state, key, key_len);
    sasl_mix(&state, "/", 1);
    sasl_mix(&state, data, len);
    return sasl_digest(hash, state, digest);
}

static inline int32_t sasl_pbkdf2(uint32_t hash, const void *password, size_t password_len, const void *salt,
                                  size_t salt_len, uint32_t iterations, uint8_t *key, void *user)
{
    uint64_t state = hash + 1000 + iterations;

    (void)user;
    sasl_mix(&state, password, password_len);
    sasl_mix(&state, "/", 1);
    sasl_mix(&state, salt, salt_len);
    return sasl_digest(hash, state, key);
}

static inline int32_t sasl_random(void *out, size_t len, void *user)
{
    uint64_t *state = user;
    uint8_t *octets = out;

    for (size_t i = 0; i < len; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        octets[i] = (uint8_t)(*state >> 56);
    }
    return MAILPROTO_OK;
}

static inline mailproto_crypto sasl_provider(uint64_t *random)
{
    mailproto_crypto crypto;

    mailproto_crypto_init(&crypto, sizeof crypto);
    crypto.hashes = 15;
    crypto.user = random;
    crypto.hash = sasl_hash;
    crypto.hmac = sasl_hmac;
    crypto.pbkdf2 = sasl_pbkdf2;
    crypto.random = sasl_random;
    return crypto;
}

static inline mailproto_tls_info sasl_tls(uint32_t version)
{
    mailproto_tls_info info;

    mailproto_tls_info_init(&info, sizeof info);
    info.version = version;
    info.verified = 1;
    info.peer_name = (mailproto_text){"certified", 9};
    info.unique = (mailproto_text){"finished", 8};
    info.exporter = (mailproto_text){"exported", 8};
    info.server_end_point = (mailproto_text){"certificate", 11};
    return info;
}

#endif
