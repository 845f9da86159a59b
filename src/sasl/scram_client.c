/* scram_client.c - SCRAM, the client: it proves that it knows the password, and hears the same of the server.
 * RFC 5802 sections 3, 5, 6 and 7. */
#include "mime/base64.h"

#include "core/ascii.h"
#include "sasl/client.h"
#include "sasl/gs2.h"
#include "sasl/prepare.h"
#include "sasl/scram.h"

enum { FIRST, ANSWERED, DERIVED, PROVEN, OVER }; /* c->step */
/* c->marks: the octets of the gs2 header and of the nonce in the first message; where client-final-message-without-proof
   begins in AuthMessage, and where that ends */
enum { HEADER, NONCE, WITHOUT_PROOF, AUTH_MESSAGE };

static char *put(char *to, mailproto_text text)
{
    if (text.len)
        memcpy(to, text.ptr, text.len);
    return to + text.len;
}

static char *put_word(char *to, const char *word)
{
    return put(to, (mailproto_text){word, strlen(word)});
}

static const mailproto_crypto *provider(const struct mp_sasl_client *c)
{
    return c->settings->config.crypto;
}

static int32_t confused(struct mp_sasl_client *c, const char *text)
{
    c->text = text;
    return MAILPROTO_ERR_PROTOCOL;
}

/* ---- client-first-message ---- */

static int binds(const struct mp_sasl_client *c)
{
    return (c->mechanism->bit & MAILPROTO_SASL_SCRAM_PLUS) != 0;
}

/* "y": it could bind, but believes that the server cannot (RFC 5802 6): one that can has been robbed of its -PLUS. */
static const char *unbound_flag(const struct mp_sasl_client *c)
{
    const mailproto_sasl_client_config *config = &c->settings->config;
    uint32_t wanted = 0;

    for (size_t i = 0; i < sizeof config->order / sizeof config->order[0]; i++)
        wanted |= config->order[i];
    return wanted & MAILPROTO_SASL_SCRAM_PLUS && mp_sasl_binds(c->channel) &&
                   !(c->offered & MAILPROTO_SASL_SCRAM_PLUS) && !(config->flags & MAILPROTO_SASL_CLIENT_NO_BINDING_FLAG)
               ? "y"
               : "n";
}

static char *put_header(const struct mp_sasl_client *c, char *to)
{
    mailproto_text acts_as = mp_sasl_client_text(c, 0);

    if (binds(c)) {
        to = put_word(to, "p=");
        to = put_word(to, mp_scram_binding_type(c->channel));
    } else {
        to = put_word(to, unbound_flag(c));
    }
    *to++ = ',';
    if (acts_as.len) {
        to = put_word(to, "a=");
        to += mp_sasl_quote(to, acts_as);
    }
    *to++ = ',';
    return to;
}

static int32_t begin(struct mp_sasl_client *c)
{
    mailproto_text name, acts_as = mp_sasl_client_text(c, 0);
    int32_t result = mp_sasl_client_prepare(c, &name, &c->derive.password);
    char *message, *to;

    if (result)
        return result;
    message = mp_sasl_room(&c->rooms, MP_SASL_ROOM_MESSAGE,
                           64 + mp_sasl_quote(NULL, acts_as) + mp_sasl_quote(NULL, name) + MP_SCRAM_NONCE_TEXT);
    if (!message)
        return MAILPROTO_ERR_NOMEM;
    to = put_header(c, message);
    c->marks[HEADER] = (size_t)(to - message);
    to = put_word(to, "n=");
    to += mp_sasl_quote(to, name);
    to = put_word(to, ",r=");
    result = mp_scram_nonce(provider(c), to, &c->marks[NONCE]);
    c->message = (mailproto_text){message, (size_t)(to - message) + c->marks[NONCE]};
    c->step = ANSWERED;
    return result ? result : MAILPROTO_SASL_SEND;
}

/* ---- server-first-message ---- */

struct server_first {
    mailproto_text nonce, salt;
    uint64_t iterations;
};

/* "e=" says why it will not be (RFC 5802 5.1). */
static int32_t server_error(struct mp_sasl_client *c)
{
    c->text = "the server ends the exchange with an error";
    return MAILPROTO_ERR_AUTH;
}

static int32_t read_server_first(struct mp_sasl_client *c, mailproto_text rest, struct server_first *first)
{
    size_t own = c->marks[NONCE];
    mailproto_text iterations;

    if (mp_scram_attribute(&rest, 'e', &iterations))
        return server_error(c);
    if (mp_scram_attribute(&rest, 'm', &iterations))
        return confused(c, "the server demands an extension of SCRAM that nobody knows");
    if (!mp_scram_attribute(&rest, 'r', &first->nonce) || !mp_scram_attribute(&rest, 's', &first->salt) ||
        !mp_scram_attribute(&rest, 'i', &iterations) || !mp_scram_is_nonce(first->nonce) || !first->salt.len ||
        !mp_ascii_parse_decimal(iterations.ptr, iterations.len, &first->iterations))
        return confused(c, "the server's message is none of SCRAM");
    if (first->nonce.len <= own || memcmp(first->nonce.ptr, c->message.ptr + c->message.len - own, own) != 0)
        return confused(c, "the server's nonce does not go on with the client's");
    return MAILPROTO_OK;
}

static int32_t check_iterations(struct mp_sasl_client *c, uint64_t iterations)
{
    const mailproto_sasl_client_config *config = &c->settings->config;

    if (iterations >= config->min_iterations && iterations <= config->max_iterations)
        return MAILPROTO_OK;
    c->text = iterations < config->min_iterations ? "the server asks for fewer iterations than the config allows"
                                                  : "the server asks for more iterations than the config allows";
    return MAILPROTO_ERR_AUTH;
}

/* What stands behind "p=" in a gs2-header that has it. */
static mailproto_text binding_type(mailproto_text header)
{
    const char *from = header.ptr + 2, *comma = memchr(from, ',', header.len - 2);

    return (mailproto_text){from, (size_t)(comma - from)};
}

/* AuthMessage but for the proof: it goes to MP_SASL_ROOM_OWN, and the salt behind it. */
static int32_t put_auth_message(struct mp_sasl_client *c, mailproto_text challenge, const struct server_first *first)
{
    const mailproto_text header = {c->message.ptr, c->marks[HEADER]};
    const mailproto_text bare = {header.ptr + header.len, c->message.len - header.len};
    mailproto_text binding = {NULL, 0};
    size_t bound, salt = mp_base64_decoded_max(first->salt.len), n;
    char *room, *to;

    if (binds(c))
        binding = mp_scram_binding(c->channel, binding_type(header));
    bound = mp_scram_bound(NULL, header, binding, NULL);
    n = bare.len + 1 + challenge.len + 1 + 2 + bound + 3 + first->nonce.len;
    room = mp_sasl_room(&c->rooms, MP_SASL_ROOM_OWN, n + salt + header.len + binding.len);
    if (!room)
        return MAILPROTO_ERR_NOMEM;
    to = put_word(put(room, bare), ",");
    to = put_word(put(to, challenge), ",");
    c->marks[WITHOUT_PROOF] = (size_t)(to - room);
    to = put_word(to, "c=");
    to += mp_scram_bound(to, header, binding, room + n + salt);
    to = put(put_word(to, ",r="), first->nonce);
    c->marks[AUTH_MESSAGE] = (size_t)(to - room);
    if (mp_base64_decode(to, salt, first->salt.ptr, first->salt.len, &salt))
        return confused(c, "the server's salt is no base64");
    c->derive.salt = (mailproto_text){to, salt};
    return MAILPROTO_OK;
}

static int32_t answered(struct mp_sasl_client *c, mailproto_text challenge)
{
    struct server_first first;
    int32_t result = read_server_first(c, challenge, &first);

    if (!result)
        result = check_iterations(c, first.iterations);
    if (!result)
        result = put_auth_message(c, challenge, &first);
    if (result)
        return result;
    c->derive.hash = mp_sasl_hash(c->mechanism->bit);
    c->derive.iterations = (uint32_t)first.iterations;
    c->derive.given = 0;
    c->step = DERIVED;
    return MAILPROTO_SASL_DERIVE;
}

/* ---- client-final-message ---- */

/* ClientProof to `proof`; ServerSignature in the place of the salted password. */
static int32_t sign(struct mp_sasl_client *c, mailproto_text auth_message, uint8_t *proof)
{
    const mailproto_crypto *crypto = provider(c);
    uint32_t hash = c->derive.hash;
    size_t n = mailproto_hash_size(hash);
    uint8_t key[MAILPROTO_DIGEST_MAX], signature[MAILPROTO_DIGEST_MAX];
    int32_t result = mp_scram_key(crypto, hash, c->derive.key, "Client Key", proof);

    if (!result)
        result = crypto->hash(hash, proof, n, key, crypto->user);
    if (!result)
        result = mp_scram_sign(crypto, hash, key, auth_message, signature);
    for (size_t i = 0; i < n && !result; i++)
        proof[i] ^= signature[i];
    if (!result)
        result = mp_scram_key(crypto, hash, c->derive.key, "Server Key", key);
    if (!result)
        result = mp_scram_sign(crypto, hash, key, auth_message, c->derive.key);
    mp_wipe(key, sizeof key);
    mp_wipe(signature, sizeof signature); /* with the proof it would be ClientKey */
    return result;
}

/* What was needed for the proof is not needed any more. */
static void forget(struct mp_sasl_client *c)
{
    (void)mp_sasl_room(&c->rooms, MP_SASL_ROOM_IDENTITY, 0);
    (void)mp_sasl_room(&c->rooms, MP_SASL_ROOM_OWN, 0);
    c->derive.password = c->derive.salt = (mailproto_text){NULL, 0};
    mp_wipe(c->credentials, sizeof c->credentials);
}

static int32_t derived(struct mp_sasl_client *c)
{
    const char *room = c->rooms.room[MP_SASL_ROOM_OWN].p;
    const mailproto_text without_proof = {room + c->marks[WITHOUT_PROOF],
                                          c->marks[AUTH_MESSAGE] - c->marks[WITHOUT_PROOF]};
    const size_t digest = mailproto_hash_size(c->derive.hash);
    const size_t size = without_proof.len + 3 + mp_base64_encoded_size(digest);
    uint8_t proof[MAILPROTO_DIGEST_MAX];
    int32_t result = mp_sasl_derive_done(&c->derive, provider(c));
    char *message, *to;

    if (!result)
        result = sign(c, (mailproto_text){room, c->marks[AUTH_MESSAGE]}, proof);
    message = result ? NULL : mp_sasl_room(&c->rooms, MP_SASL_ROOM_MESSAGE, size);
    if (!message) {
        mp_wipe(proof, sizeof proof); /* ClientKey, if the provider failed behind it */
        return result ? result : MAILPROTO_ERR_NOMEM;
    }
    to = put_word(put(message, without_proof), ",p=");
    to += mp_base64_encode(to, proof, digest);
    mp_wipe(proof, sizeof proof);
    c->message = (mailproto_text){message, (size_t)(to - message)};
    forget(c);
    c->step = PROVEN;
    return MAILPROTO_SASL_SEND;
}

/* ---- server-final-message ---- */

static int32_t verify(struct mp_sasl_client *c, mailproto_text rest)
{
    size_t digest = mailproto_hash_size(c->derive.hash), whole = rest.len, n;
    uint8_t signature[MAILPROTO_DIGEST_MAX];
    mailproto_text value;

    if (mp_scram_attribute(&rest, 'e', &value))
        return server_error(c);
    if (!mp_scram_attribute(&rest, 'v', &value) || (!rest.len && value.len + 2 < whole) ||
        mp_base64_decode(signature, sizeof signature, value.ptr, value.len, &n))
        return confused(c, "the server's message is none of SCRAM");
    if (n != digest || !mp_sasl_same(signature, c->derive.key, digest)) {
        c->text = "the server does not prove that it knows the password's keys: it is another one";
        return MAILPROTO_ERR_AUTH;
    }
    c->step = OVER;
    c->complete = 1;
    c->message = (mailproto_text){"", 0};
    return MAILPROTO_SASL_SEND;
}

static int32_t client_next(struct mp_sasl_client *c, const char *challenge, size_t len)
{
    const mailproto_text text = {challenge, len};

    if (c->step == FIRST)
        return begin(c);
    if (c->step == DERIVED && !challenge)
        return derived(c);
    if (challenge && c->step == ANSWERED)
        return answered(c, text);
    if (challenge && c->step == PROVEN)
        return verify(c, text);
    return confused(c, "the server goes on where SCRAM is over");
}

#define SCRAM(name, also)                                                                                              \
    {                                                                                                                  \
        .bit = MAILPROTO_SASL_SCRAM_##name,                                                                            \
        .flags = MP_SASL_INITIAL | MP_SASL_NAME | MP_SASL_PASSWORD | MP_SASL_AS | (also),                              \
        .check = mp_sasl_client_preparable, .next = client_next                                                        \
    }

const struct mp_sasl_client_mechanism mp_sasl_scram_clients[6] = {
    SCRAM(SHA_1, 0),
    SCRAM(SHA_256, 0),
    SCRAM(SHA_512, 0),
    SCRAM(SHA_1_PLUS, MP_SASL_BINDS),
    SCRAM(SHA_256_PLUS, MP_SASL_BINDS),
    SCRAM(SHA_512_PLUS, MP_SASL_BINDS),
};
