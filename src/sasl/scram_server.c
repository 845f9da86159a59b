/* scram_server.c - SCRAM, the server: it keeps keys that do not let anybody log in, and proves that it has them.
 * RFC 5802 sections 3, 5, 6 and 7. */
#include <string.h>

#include "core/ascii.h"
#include "mime/base64.h"
#include "sasl/gs2.h"
#include "sasl/password.h"
#include "sasl/prepare.h"
#include "sasl/scram.h"

enum { BEGUN, ANSWERED, SIGNED }; /* s->step */

/* What stands in MP_SASL_ROOM_OWN: the messages of both, as AuthMessage has them behind the header. */
struct exchange {
    mailproto_text header, binding, nonce;
    size_t first, len;                  /* of the text: where the server's message begins, and the end so far */
    uint8_t salt[MAILPROTO_DIGEST_MAX]; /* for who is not known, or has a password */
    char text[];
};

static struct exchange *exchange(const struct mp_sasl_server *s)
{
    return (struct exchange *)(void *)s->rooms.room[MP_SASL_ROOM_OWN].p;
}

static const mailproto_crypto *provider(const struct mp_sasl_server *s)
{
    return s->settings->config.crypto;
}

static int32_t refuse(struct mp_sasl_server *s, int32_t why, const char *text)
{
    s->text = text;
    return why;
}

static void put(struct exchange *x, const char *text, size_t len)
{
    memcpy(x->text + x->len, text, len);
    x->len += len;
}

/* ---- client-first-message ---- */

struct client_first {
    struct mp_sasl_gs2 gs2;
    mailproto_text name, nonce;
};

static int read_client_first(const char *message, size_t len, struct client_first *first)
{
    mailproto_text rest, extension;

    if (mp_sasl_gs2_read(message, len, &first->gs2))
        return 0;
    rest = (mailproto_text){message + first->gs2.len, len - first->gs2.len};
    return !mp_scram_attribute(&rest, 'm', &extension) && mp_scram_attribute(&rest, 'n', &first->name) &&
           mp_scram_attribute(&rest, 'r', &first->nonce) && mp_scram_is_nonce(first->nonce);
}

/* Whether what the client says of bindings fits (RFC 5802 6). */
static int32_t check_binding(struct mp_sasl_server *s, const struct mp_sasl_gs2 *gs2)
{
    if (s->mechanism->bit & MAILPROTO_SASL_SCRAM_PLUS) {
        if (gs2->flag != 'p')
            return refuse(s, MAILPROTO_ERR_PROTOCOL, "a -PLUS mechanism without a channel binding");
        if (!mp_scram_binding(s->channel, gs2->binding).len)
            return refuse(s, MAILPROTO_ERR_AUTH, "this channel has no binding of that type");
    } else if (gs2->flag == 'p') {
        return refuse(s, MAILPROTO_ERR_PROTOCOL, "a channel binding without a -PLUS mechanism");
    } else if (gs2->flag == 'y' && s->offers & MAILPROTO_SASL_SCRAM_PLUS) {
        return refuse(s, MAILPROTO_ERR_AUTH,
                      "the client was told that there is no -PLUS mechanism: somebody is between");
    }
    return MAILPROTO_OK;
}

/* The names, without quotes and prepared; one that cannot be prepared is nobody's (RFC 5802 5.1). */
static int32_t read_names(struct mp_sasl_server *s, const struct client_first *first)
{
    struct mp_sasl_identity who = {.authorization = {"", 0}, .password = {"", 0}};
    mailproto_text acts_as = first->gs2.authorization;
    char *room = mp_sasl_room(&s->rooms, MP_SASL_ROOM_MESSAGE, first->name.len + acts_as.len + MP_SASL_NAME_MAX);
    size_t made;

    if (!room)
        return MAILPROTO_ERR_NOMEM;
    who.name.ptr = room;
    if (mp_sasl_unquote(room, first->name, &who.name.len))
        return refuse(s, MAILPROTO_ERR_PROTOCOL, "the name is quoted wrongly, or no UTF-8");
    room += who.name.len;
    if (acts_as.len) {
        who.authorization.ptr = room;
        if (mp_sasl_unquote(room, acts_as, &who.authorization.len))
            return refuse(s, MAILPROTO_ERR_PROTOCOL, "the name to act as is quoted wrongly, or no UTF-8");
        room += who.authorization.len;
    }
    if (mp_sasl_prepared(s, who.name, 1, room, &made))
        return refuse(s, MAILPROTO_ERR_AUTH, "the name holds what no name may");
    return mp_sasl_keep_identity(s, &who);
}

/* Keeps the message, and begins the server's: its nonce is drawn before anybody knows whether there is such a user. */
static int32_t keep_first(struct mp_sasl_server *s, const struct client_first *first, const char *message, size_t len)
{
    size_t size = len + 1 + 2 + first->nonce.len + MP_SCRAM_NONCE_TEXT + 3 + 88 + 3 + MP_ASCII_DECIMAL_MAX;
    struct exchange *x = mp_sasl_room(&s->rooms, MP_SASL_ROOM_OWN, sizeof *x + size);
    size_t drawn;
    int32_t result;

    if (!x)
        return MAILPROTO_ERR_NOMEM;
    put(x, message, len);
    put(x, ",", 1);
    x->first = x->len;
    x->header = (mailproto_text){x->text, first->gs2.len};
    if (first->gs2.flag == 'p')
        x->binding = mp_scram_binding(s->channel, first->gs2.binding);
    put(x, "r=", 2);
    x->nonce.ptr = x->text + x->len;
    put(x, first->nonce.ptr, first->nonce.len);
    result = mp_scram_nonce(provider(s), x->text + x->len, &drawn);
    x->len += drawn;
    x->nonce.len = first->nonce.len + drawn;
    return result ? result : mp_sasl_made_up_salt(s, s->hash, x->salt);
}

static int32_t begun(struct mp_sasl_server *s, const char *message, size_t len)
{
    struct client_first first;
    int32_t result;

    if (!read_client_first(message, len, &first))
        return refuse(s, MAILPROTO_ERR_PROTOCOL, "the client's message is none of SCRAM");
    s->hash = mp_sasl_hash(s->mechanism->bit);
    result = check_binding(s, &first.gs2);
    if (!result)
        result = read_names(s, &first);
    if (!result)
        result = keep_first(s, &first, message, len);
    return result ? result : MAILPROTO_SASL_KEYS;
}

/* ---- server-first-message ---- */

static int32_t say_first(struct mp_sasl_server *s)
{
    struct exchange *x = exchange(s);

    put(x, ",s=", 3);
    x->len += mp_base64_encode(x->text + x->len, s->stored.salt, s->stored.salt_len);
    put(x, ",i=", 3);
    x->len += mp_ascii_write_decimal(x->text + x->len, s->stored.iterations);
    s->message = (mailproto_text){x->text + x->first, x->len - x->first};
    s->step = ANSWERED;
    return MAILPROTO_SASL_SEND;
}

/* Salt and iterations where there are no keys. */
static void make_up(struct mp_sasl_server *s)
{
    s->stored.iterations = s->settings->config.iterations;
    s->stored.salt_len = MP_SASL_SALT;
    memcpy(s->stored.salt, exchange(s)->salt, MP_SASL_SALT);
}

static int32_t looked_up(struct mp_sasl_server *s)
{
    struct mp_sasl_stored *stored = &s->stored;
    mailproto_text password = {stored->text, stored->len};

    s->answered = 0;
    if (stored->known && !stored->password)
        return say_first(s);
    make_up(s);
    if (!stored->known && s->settings->config.stored != MAILPROTO_SASL_STORED_PASSWORDS)
        return say_first(s);
    if (mp_sasl_server_prepare(s, &password))
        return MAILPROTO_ERR_NOMEM;
    s->derive = (struct mp_sasl_derive){.hash = s->hash, .iterations = stored->iterations, .password = password};
    s->derive.salt = (mailproto_text){(const char *)stored->salt, stored->salt_len};
    return MAILPROTO_SASL_DERIVE;
}

/* The keys of a password. */
static int32_t derived(struct mp_sasl_server *s)
{
    const mailproto_crypto *crypto = provider(s);
    struct mp_sasl_stored *stored = &s->stored;
    uint8_t key[MAILPROTO_DIGEST_MAX];
    int32_t result = mp_sasl_derive_done(&s->derive, crypto);

    if (!result)
        result = mp_scram_key(crypto, s->hash, s->derive.key, "Client Key", key);
    if (!result)
        result = crypto->hash(s->hash, key, mailproto_hash_size(s->hash), stored->stored_key, crypto->user);
    if (!result)
        result = mp_scram_key(crypto, s->hash, s->derive.key, "Server Key", stored->server_key);
    mp_wipe(key, sizeof key);
    mp_wipe(stored->text, sizeof stored->text);
    (void)mp_sasl_room(&s->rooms, MP_SASL_ROOM_HOST, 0);
    return result ? result : say_first(s);
}

/* ---- client-final-message ---- */

struct client_final {
    mailproto_text without_proof, bound;
    uint8_t proof[MAILPROTO_DIGEST_MAX];
};

static int read_client_final(const struct mp_sasl_server *s, const char *message, size_t len,
                             struct client_final *final)
{
    const mailproto_text whole = exchange(s)->nonce;
    mailproto_text rest = {message, len}, nonce;
    size_t at = len, n;

    while (at && message[at - 1] != ',')
        at--;
    if (at < 2 || len - at < 2 || message[at] != 'p' || message[at + 1] != '=')
        return 0;
    final->without_proof = (mailproto_text){message, at - 1};
    rest.len = at - 1;
    return mp_scram_attribute(&rest, 'c', &final->bound) && mp_scram_attribute(&rest, 'r', &nonce) &&
           nonce.len == whole.len && !memcmp(nonce.ptr, whole.ptr, whole.len) &&
           !mp_base64_decode(final->proof, sizeof final->proof, message + at + 2, len - at - 2, &n) &&
           n == mailproto_hash_size(s->hash);
}

/* Whether "c=" is the header as it was said, and the binding as it is on this side. */
static int32_t same_channel(struct mp_sasl_server *s, mailproto_text bound, int *same)
{
    const struct exchange *x = exchange(s);
    size_t n = mp_scram_bound(NULL, x->header, x->binding, NULL);
    char *room = mp_sasl_room(&s->rooms, MP_SASL_ROOM_HOST, n + x->header.len + x->binding.len);

    if (!room)
        return MAILPROTO_ERR_NOMEM;
    (void)mp_scram_bound(room, x->header, x->binding, room + n);
    *same = bound.len == n && mp_sasl_same(room, bound.ptr, n);
    return MAILPROTO_OK;
}

/* AuthMessage, kept in MP_SASL_ROOM_MESSAGE for the server's own signature. */
static int32_t put_auth_message(struct mp_sasl_server *s, mailproto_text without_proof)
{
    const struct exchange *x = exchange(s);
    size_t before = x->len - x->header.len;
    char *message = mp_sasl_room(&s->rooms, MP_SASL_ROOM_MESSAGE, before + 1 + without_proof.len);

    if (!message)
        return MAILPROTO_ERR_NOMEM;
    memcpy(message, x->text + x->header.len, before);
    message[before] = ',';
    memcpy(message + before + 1, without_proof.ptr, without_proof.len);
    s->message = (mailproto_text){message, before + 1 + without_proof.len};
    return MAILPROTO_OK;
}

/* ClientKey is the proof without the signature; its hash is what is stored. */
static int32_t check_proof(struct mp_sasl_server *s, uint8_t *proof, int *same)
{
    const mailproto_crypto *crypto = provider(s);
    size_t digest = mailproto_hash_size(s->hash);
    uint8_t key[MAILPROTO_DIGEST_MAX];
    int32_t result = mp_scram_sign(crypto, s->hash, s->stored.stored_key, s->message, key);

    for (size_t i = 0; i < digest && !result; i++)
        proof[i] ^= key[i];
    if (!result)
        result = crypto->hash(s->hash, proof, digest, key, crypto->user);
    *same = !result && mp_sasl_same(key, s->stored.stored_key, digest);
    mp_wipe(proof, digest);
    mp_wipe(key, sizeof key);
    return result;
}

static int32_t answered(struct mp_sasl_server *s, const char *message, size_t len)
{
    struct client_final final;
    int bound, same;
    int32_t result;

    if (!read_client_final(s, message, len, &final))
        return refuse(s, MAILPROTO_ERR_PROTOCOL, "the client's message is none of SCRAM");
    result = same_channel(s, final.bound, &bound);
    if (!result)
        result = put_auth_message(s, final.without_proof);
    if (!result)
        result = check_proof(s, final.proof, &same);
    return result ? result : mp_sasl_proven(s, bound & same & (int)s->stored.known);
}

/* ---- server-final-message ---- */

static int32_t decided(struct mp_sasl_server *s)
{
    uint8_t signature[MAILPROTO_DIGEST_MAX];
    size_t digest = mailproto_hash_size(s->hash);
    int32_t result;
    char *message;

    if (!s->accepted)
        return mp_sasl_decided(s);
    result = mp_scram_sign(provider(s), s->hash, s->stored.server_key, s->message, signature);
    if (result)
        return result;
    message = mp_sasl_room(&s->rooms, MP_SASL_ROOM_HOST, 2 + mp_base64_encoded_size(digest));
    if (!message)
        return MAILPROTO_ERR_NOMEM;
    memcpy(message, "v=", 2);
    s->message = (mailproto_text){message, 2 + mp_base64_encode(message + 2, signature, digest)};
    s->step = SIGNED;
    return MAILPROTO_SASL_SEND;
}

static int32_t server_next(struct mp_sasl_server *s, const char *message, size_t len)
{
    if (message && s->step == BEGUN)
        return begun(s, message, len);
    if (message && s->step == ANSWERED)
        return answered(s, message, len);
    if (message)
        return len ? refuse(s, MAILPROTO_ERR_PROTOCOL, "the client goes on where SCRAM is over") : mp_sasl_decided(s);
    if (s->state == MAILPROTO_SASL_KEYS)
        return looked_up(s);
    return s->state == MAILPROTO_SASL_DERIVE ? derived(s) : decided(s);
}

#define SCRAM(name)                                                                                                    \
    {                                                                                                                  \
        MAILPROTO_SASL_SCRAM_##name, MP_SASL_CLIENT_FIRST, server_next                                                 \
    }

const struct mp_sasl_server_mechanism mp_sasl_scram_servers[6] = {
    SCRAM(SHA_1), SCRAM(SHA_256), SCRAM(SHA_512), SCRAM(SHA_1_PLUS), SCRAM(SHA_256_PLUS), SCRAM(SHA_512_PLUS),
};
