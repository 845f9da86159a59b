/* client.h - the client's driver: one exchange of one mechanism, as engines and the object of its own run it.
 * RFC 4422 section 3.
 *
 *     mp_sasl_client_first     which mechanism is next
 *     mp_sasl_client_begin     makes the exchange, with room for what the host will say: its answer needs no memory
 *     mp_sasl_client_give      the host's credentials
 *     mp_sasl_client_next      moves on: SEND (c->message), DERIVE, STEP, or a negative code: to be cancelled
 *     ..._take_derived/_step   the host's answers to these; then ..._next again, without a challenge
 *     c->complete              whether the server may say now that it succeeded: SCRAM's has proven that it is the server
 *     mp_sasl_client_end       wipes and frees
 *
 * A mechanism that lets the server begin is named alone; mp_sasl_client_next comes with the first challenge:
 *
 *     if (c->mechanism->flags & MP_SASL_INITIAL) state = mp_sasl_client_next(c, NULL, 0); else name the mechanism
 *
 * It gives SEND without a message too (message.ptr NULL): OTHER, where the host wants the server to begin. */
#ifndef MP_SASL_CLIENT_H
#define MP_SASL_CLIENT_H

#include <string.h>

#include "core/tls_keeper.h"
#include "sasl/sasl.h"

struct mp_sasl_client;
struct mp_engine;

/* Of a client's mechanism. */
enum {
    MP_SASL_NAME = 2,     /* needs a name: each the bit of its place among the texts */
    MP_SASL_PASSWORD = 4, /* needs a password or a token */
    MP_SASL_BINDS = 8,    /* needs a channel binding */
    MP_SASL_AS = 16,      /* can say who to act as */
    MP_SASL_INITIAL = 32, /* the client begins */
    MP_SASL_BLIND = 64    /* does not look at challenges: they need not be decoded */
};

struct mp_sasl_client_mechanism {
    uint32_t bit, flags;
    /* What more must hold of the credentials, which lie there: OK, ERR_ARG, ERR_LIMIT. Without memory. May be NULL. */
    int32_t (*check)(struct mp_sasl_client *c);
    /* challenge is NULL if none came: at the start, and after the host's answers. A state, or a negative code. */
    int32_t (*next)(struct mp_sasl_client *c, const char *challenge, size_t len);
    const char *name; /* of PLAIN and LOGIN, where the table of names may not be */
};

/* A config as it is kept. */
struct mp_sasl_client_settings {
    struct mp_tls_keeper keeper; /* for engines whose base keeps them: keeps `channel` */
    const struct mp_sasl_client_ops *ops;
    struct mp_sasl_channel *channel;
    const mailproto_allocator *allocator;
    mailproto_sasl_client_config config; /* its texts stand behind the struct; prepare is never NULL */
    mailproto_crypto crypto;             /* config.crypto points to it, or is NULL */
    size_t size;
};

/* What a config of the host's brings with it; a program that makes none has none of it. */
struct mp_sasl_client_ops {
    const struct mp_sasl_client_mechanism *(*find)(uint32_t mechanism);
    uint32_t (*first)(const struct mp_sasl_client_settings *settings, const struct mp_sasl_channel *channel,
                      uint32_t set);
    /* Copies the config, if it can be kept: texts, order, provider. OK; ERR_ARG, ERR_CONFIG, ERR_NOMEM, with why. */
    int32_t (*keep)(struct mp_sasl_client_settings **out, const mailproto_sasl_client_config *config,
                    const mailproto_allocator *allocator, const char **why);
    /* The same, kept by an engine's base from then on. */
    int32_t (*attach)(struct mp_engine *e, const mailproto_sasl_client_config *config, const char **why);
    /* As mp_sasl_client_start. */
    int32_t (*start)(struct mp_sasl_client **out, const struct mp_sasl_client_settings *settings, uint32_t set,
                     uint32_t offered);
    int32_t (*keep_channel)(struct mp_sasl_channel **channel, const mailproto_tls_info *info,
                            const mailproto_allocator *allocator);
    /* Of its mechanism, as it goes on the wire: 20 octets at most. */
    mailproto_text (*name)(const struct mp_sasl_client *c);
    /* mp_base64_decode, for engines */
    int (*decode)(void *out, size_t cap, const char *text, size_t n, size_t *len);
    /* OTHER, if the name is the host's mechanism's; 0: it is not. */
    uint32_t (*other)(const struct mp_sasl_client_settings *settings, const char *name, size_t len);
    /* The payload of DERIVE or STEP but for its head: its octets. */
    size_t (*payload)(const struct mp_sasl_client *c, union mp_sasl_payload *out);
    /* Frees what mechanisms hold. */
    void (*release)(struct mp_sasl_client *c);
};

/* One exchange. */
struct mp_sasl_client {
    const struct mp_sasl_client_mechanism *mechanism;
    const struct mp_sasl_client_settings *settings; /* NULL: PLAIN and LOGIN alone */
    const struct mp_sasl_channel *channel;          /* NULL: nothing to bind to */
    mailproto_text message;                         /* SEND: what goes to the server; STEP: what it said */
    const char *text;                               /* after a negative code: a sentence, or NULL */
    uint32_t state;                                 /* what mp_sasl_client_next answered last, if it was a state */
    uint32_t offered;                               /* all that the server offers */
    uint32_t tls;                                   /* 1: inside TLS */
    uint32_t step;                                  /* the mechanism's own */
    uint32_t complete;                              /* the server may say that it succeeded */
    uint32_t stepped;                               /* OTHER: MAILPROTO_SASL_STEP_* as answered */
    uint32_t ends[3];                               /* where the texts of `credentials` end */
    size_t marks[4];                                /* the mechanism's own */
    struct mp_sasl_rooms rooms;
    struct mp_sasl_derive derive;
    /* authorization NUL name NUL password NUL */
    char credentials[2 * MP_SASL_NAME_MAX + MP_SASL_PASSWORD_MAX + 3];
};

/* The texts that lie in `credentials`. */
static inline mailproto_text mp_sasl_client_text(const struct mp_sasl_client *c, unsigned which)
{
    uint32_t from = which ? c->ends[which - 1] + 1 : 0;

    return (mailproto_text){c->credentials + from, c->ends[which] - from};
}

/* ---- configs ---- */

/* Keeps a config; NULL is kept as NULL: PLAIN and LOGIN. OK, or why not. */
static inline int32_t mp_sasl_client_keep(struct mp_sasl_client_settings **out,
                                          const mailproto_sasl_client_config *config,
                                          const mailproto_allocator *allocator, const char **why)
{
    *out = NULL;
    if (!config)
        return MAILPROTO_OK;
    if (config->struct_size < offsetof(mailproto_sasl_client_config, crypto) || !config->ops) {
        *why = "the SASL config was not made by mailproto_sasl_client_config_init";
        return MAILPROTO_ERR_CONFIG;
    }
    return config->ops->keep(out, config, allocator, why);
}

static inline void mp_sasl_client_settings_free(struct mp_sasl_client_settings *settings,
                                                const mailproto_allocator *allocator)
{
    if (settings)
        mp_free(allocator, settings, settings->size);
}

/* Keeps what TLS knows, where a config can use it. OK or ERR_NOMEM. */
static inline int32_t mp_sasl_client_channel(const struct mp_sasl_client_settings *settings,
                                             struct mp_sasl_channel **channel, const mailproto_tls_info *info,
                                             const mailproto_allocator *allocator)
{
    return settings ? settings->ops->keep_channel(channel, info, allocator) : MAILPROTO_OK;
}

/* The bit of a mechanism that the server offers; 0: of none that is known. */
static inline uint32_t mp_sasl_client_offered(const struct mp_sasl_client_settings *settings, const char *name,
                                              size_t len)
{
    uint32_t bit = mailproto_sasl_mechanism(name, len);

    return bit || !settings ? bit : settings->ops->other(settings, name, len);
}

/* ---- exchanges ---- */

/* The first of the host's order (NULL: PLAIN, LOGIN) that is in a set; 0: none. The caller takes out of the set what was tried
   and, without TLS, MAILPROTO_SASL_CLEARTEXT; this, what binds where there is no binding. */
static inline uint32_t mp_sasl_client_first(const struct mp_sasl_client_settings *settings,
                                            const struct mp_sasl_channel *channel, uint32_t set)
{
    return settings ? settings->ops->first(settings, channel, set)
                    : set & (0 - set); /* the order is that of the bits */
}

/* Makes an exchange; NULL: no memory. All that is given by pointer outlives it. channel NULL with tls 1: nothing to bind to. */
struct mp_sasl_client *mp_sasl_client_begin(const struct mp_sasl_client_settings *settings,
                                            const struct mp_sasl_channel *channel, uint32_t tls, uint32_t mechanism,
                                            uint32_t offered, const mailproto_allocator *allocator);

/* Both in one, with the channel that the settings keep. OK; ERR_UNSUPPORTED: there is none; ERR_NOMEM. */
int32_t mp_sasl_client_start(struct mp_sasl_client **out, const struct mp_sasl_client_settings *settings, uint32_t set,
                             uint32_t offered, const mailproto_allocator *allocator);

/* The name of its mechanism, as it goes on the wire. */
static inline mailproto_text mp_sasl_client_name(const struct mp_sasl_client *c)
{
    const char *name = c->mechanism->name;

    return name ? (mailproto_text){name, 5} : c->settings->ops->name(c);
}

/* The payload of DERIVE or STEP, whose state it is in, but for its head: its octets. */
static inline size_t mp_sasl_client_payload(const struct mp_sasl_client *c, union mp_sasl_payload *out)
{
    return c->settings->ops->payload(c, out);
}

/* Wipes and frees it. NULL is ignored. */
void mp_sasl_client_end(struct mp_sasl_client *c);

/* Takes the host's credentials: no memory is needed. OK; ERR_ARG, ERR_LIMIT: as mailproto_sasl_client_credentials. */
int32_t mp_sasl_client_give(struct mp_sasl_client *c, const struct mp_sasl_identity *who);

/* Moves on. challenge NULL: none came. MAILPROTO_SASL_SEND, _DERIVE, _STEP; negative: cancel, and see c->text. */
int32_t mp_sasl_client_next(struct mp_sasl_client *c, const char *challenge, size_t len);

/* The host's answers. Without memory. As the public functions. */
int32_t mp_sasl_client_take_step(struct mp_sasl_client *c, const mailproto_sasl_stepped *stepped);

/* The octets at most that an exchange takes, settings and channel with it; NULL: PLAIN and LOGIN. */
size_t mp_sasl_client_memory(const mailproto_sasl_client_config *config);

/* ---- mechanisms ---- */

extern const struct mp_sasl_client_mechanism mp_sasl_plain_client, mp_sasl_login_client, mp_sasl_cram_md5_client,
    mp_sasl_xoauth2_client, mp_sasl_oauthbearer_client, mp_sasl_external_client, mp_sasl_anonymous_client,
    mp_sasl_other_client, mp_sasl_scram_clients[6];

#endif
