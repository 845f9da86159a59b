/* sasl.h - SASL mechanisms, both sides: names, the channel an exchange runs in, and what both drivers need.
 * RFC 4422; one file a mechanism. client.h and server.h are the drivers. docs/design/sasl.md. */
#ifndef MP_SASL_SASL_H
#define MP_SASL_SASL_H

#include "core/memory.h"
#include "mailproto/sasl.h"

/* What is spoken where a config says nothing of SASL. */
enum { MP_SASL_ALL = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN };
/* What there is at all. */
enum { MP_SASL_EVERY = 0x3fff };
/* The most octets of a name, and of a password or a token; of a prepared name or password, MP_SASL_NAME_MAX. */
enum { MP_SASL_NAME_MAX = 1024, MP_SASL_PASSWORD_MAX = 4096 };
enum { MP_SASL_SALT_MAX = 64 };

/* ---- names (RFC 4422 3.1) ---- */

/* The hash of a mechanism, one MAILPROTO_HASH_* bit; 0: it needs none. */
uint32_t mp_sasl_hash(uint32_t mechanism);

/* Writes the names of a set, each with a space before it, the best first; for OTHER what `other` has, as it stands. out has
   room for MP_SASL_NAMES_MAX + other.len. Gives how many octets. */
enum { MP_SASL_NAMES_MAX = 192 };
size_t mp_sasl_names(char *out, uint32_t mechanisms, mailproto_text other);

/* Whether `name` is one of the words of `other`, in any case of letters: then *found is it as it stands there. */
int mp_sasl_is_other(mailproto_text other, const char *name, size_t len, mailproto_text *found);

/* ---- the channel: what TLS knows, from the handshake to the login ---- */

struct mp_sasl_channel {
    size_t size; /* of the allocation: texts stand behind the struct */
    uint32_t version, verified;
    mailproto_text peer_name, unique, exporter, server_end_point;
};

/* Keeps it, in the place of an earlier one. info may be NULL: TLS of which nothing is known. OK; ERR_NOMEM: there is none. */
int32_t mp_sasl_channel_keep(struct mp_sasl_channel **channel, const mailproto_tls_info *info,
                             const mailproto_allocator *allocator);
void mp_sasl_channel_forget(struct mp_sasl_channel **channel, const mailproto_allocator *allocator);

/* Whether it can be bound to at all (RFC 5802 6). channel NULL: no. */
static inline int mp_sasl_binds(const struct mp_sasl_channel *channel)
{
    return channel && (channel->unique.len || channel->exporter.len || channel->server_end_point.len);
}

/* ---- what both drivers share ---- */

/* Pieces of memory that an exchange holds, at most one of each kind. They hold secrets: all are wiped. */
enum { MP_SASL_ROOM_IDENTITY, MP_SASL_ROOM_MESSAGE, MP_SASL_ROOM_OWN, MP_SASL_ROOM_HOST, MP_SASL_ROOMS };

struct mp_sasl_rooms {
    const mailproto_allocator *allocator;
    struct {
        char *p;
        size_t n;
    } room[MP_SASL_ROOMS];
};

/* A piece of n octets, in the place of the earlier one of that kind, which is wiped and freed. NULL: n is 0, or no memory. */
void *mp_sasl_room(struct mp_sasl_rooms *rooms, unsigned kind, size_t n);
void mp_sasl_rooms_free(struct mp_sasl_rooms *rooms);

/* What DERIVE asks and what was answered. */
struct mp_sasl_derive {
    uint32_t hash, iterations;
    mailproto_text password, salt;
    uint32_t given; /* the host has answered with `key`; else the provider is to do it */
    uint8_t key[MAILPROTO_DIGEST_MAX];
};

/* Takes an answer; key NULL: the provider is to do it. OK; ERR_ARG: not a digest of the hash. */
int32_t mp_sasl_derive_take(struct mp_sasl_derive *derive, const void *key, size_t len);
/* Before the key is used: asks the provider if the host left it to it. OK, or what the provider answered. */
int32_t mp_sasl_derive_done(struct mp_sasl_derive *derive, const mailproto_crypto *crypto);

/* Payloads that are alike in every protocol: what comes after `head`. */
union mp_sasl_payload {
    mailproto_event head;
    mailproto_sasl_keys_wanted keys;
    mailproto_sasl_derive_wanted derive;
    mailproto_sasl_step step;
};

/* Whether two pieces of n octets are equal: it takes the same time wherever they differ. */
int mp_sasl_same(const void *a, const void *b, size_t n);

/* Writes octets as hexadecimal digits, small letters. */
void mp_sasl_put_hex(char *out, const uint8_t *octets, size_t n);

/* Whether a text holds NUL or is no UTF-8. */
int mp_sasl_malformed(const char *text, size_t n);

/* ---- what a login is made of ---- */

struct mp_sasl_identity {
    mailproto_text authorization; /* who to act as; "" if not said */
    mailproto_text name;          /* who it is */
    mailproto_text password;
};

#endif
