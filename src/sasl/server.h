/* server.h - the server's driver: one exchange of one mechanism, as engines and the object of its own run it.
 * RFC 4422 section 3.
 *
 *     mp_sasl_server_offers    what may be offered now
 *     mp_sasl_server_begin     makes the exchange
 *     mp_sasl_server_start     the client named a mechanism  \
 *     mp_sasl_server_respond   the client's next message      } each answers a state or ERR_UNSUPPORTED (start), ERR_NOMEM
 *     mp_sasl_server_move      the host has answered         /
 *     ..._take_keys, _take_derived, _take_step, _take_verdict, _take_failure   the host's answers: they need no memory
 *     mp_sasl_server_end       wipes and frees
 *
 * States: SEND (s->message; then respond), KEYS, DERIVE and STEP (mp_sasl_server_payload; take, move), AUTH (s->outcome,
 * s->name ...; take a verdict or, if CHECK, keys; move), SUCCESS, FAILURE (s->why, s->text). DERIVE that is not answered when
 * it moves on is done by the provider. */
#ifndef MP_SASL_SERVER_H
#define MP_SASL_SERVER_H

#include "sasl/sasl.h"

struct mp_sasl_server;

/* Of a server's mechanism. */
enum {
    MP_SASL_CLIENT_FIRST = 1, /* without an initial response the challenge is empty */
    MP_SASL_LOGIN_FIRST = 2   /* the server begins, and a response that comes all the same is the first one */
};

struct mp_sasl_server_mechanism {
    uint32_t bit, flags;
    /* message: the client's, or NULL: none (the start of a mechanism in which the server begins), and where the host has
       answered. A state; negative: FAILURE for that reason. */
    int32_t (*next)(struct mp_sasl_server *s, const char *message, size_t len);
};

/* A config as it is kept. */
struct mp_sasl_server_settings {
    const struct mp_sasl_server_ops *ops;
    mailproto_sasl_server_config config; /* its texts stand behind the struct; defaults are filled in */
    mailproto_crypto crypto;             /* config.crypto points to it, or is NULL */
    size_t size;
};

/* What a config of the host's brings with it; a program that makes none has none of it. */
struct mp_sasl_server_ops {
    const struct mp_sasl_server_mechanism *const *mechanisms; /* NULL ends them */
    /* Copies the config, if `mechanisms` can be offered by it. OK; ERR_ARG, ERR_CONFIG, ERR_NOMEM, with why. */
    int32_t (*keep)(struct mp_sasl_server_settings **out, const mailproto_sasl_server_config *config,
                    uint32_t mechanisms, const mailproto_allocator *allocator, const char **why);
    int32_t (*keep_channel)(struct mp_sasl_channel **channel, const mailproto_tls_info *info,
                            const mailproto_allocator *allocator);
};

/* What the host has stored of the user. */
struct mp_sasl_stored {
    uint32_t known;    /* there is one */
    uint32_t password; /* 1: `text` is its password, len octets; 0: keys */
    uint32_t hash, iterations;
    uint32_t len, salt_len;
    uint8_t salt[MP_SASL_SALT_MAX], stored_key[MAILPROTO_DIGEST_MAX], server_key[MAILPROTO_DIGEST_MAX];
    char text[MP_SASL_NAME_MAX];
};

/* One exchange. */
struct mp_sasl_server {
    const struct mp_sasl_server_mechanism *mechanism;
    const struct mp_sasl_server_settings *settings; /* NULL: PLAIN and LOGIN alone */
    const struct mp_sasl_channel *channel;          /* NULL: nothing to bind to */
    uint32_t offers, tls;
    uint32_t state;                /* MAILPROTO_SASL_* */
    uint32_t outcome;              /* AUTH */
    uint32_t step;                 /* the mechanism's own */
    int32_t why;                   /* FAILURE */
    const char *text;              /* FAILURE: a static sentence, or NULL */
    mailproto_text message;        /* SEND: what goes to the client; STEP: what it said (ptr NULL: nothing) */
    mailproto_text mechanism_name; /* as it is offered */
    struct mp_sasl_identity who;
    mailproto_text host; /* OAUTHBEARER, as the client said it */
    uint32_t port;
    uint32_t secret;          /* SEND: what goes is not to be read: it helps to guess, or nobody knows */
    uint32_t accepted;        /* the verdict */
    uint32_t password_needed; /* KEYS */
    uint32_t hash;            /* KEYS */
    uint32_t answered;        /* AUTH with CHECK was answered with keys */
    uint32_t stepped;         /* OTHER: MAILPROTO_SASL_STEP_* as answered */
    struct mp_sasl_rooms rooms;
    struct mp_sasl_derive derive;
    struct mp_sasl_stored stored;
};

/* ---- configs ---- */

/* Keeps a config for the mechanisms that are to be offered; NULL is kept as NULL: PLAIN and LOGIN, ERR_CONFIG for others. */
static inline int32_t mp_sasl_server_keep(struct mp_sasl_server_settings **out,
                                          const mailproto_sasl_server_config *config, uint32_t mechanisms,
                                          const mailproto_allocator *allocator, const char **why)
{
    *out = NULL;
    if (!config && !(mechanisms & ~(uint32_t)MP_SASL_ALL))
        return MAILPROTO_OK;
    if (!config || config->struct_size < offsetof(mailproto_sasl_server_config, crypto) || !config->ops) {
        *why = config ? "the SASL config was not made by mailproto_sasl_server_config_init"
                      : "mechanisms beyond PLAIN and LOGIN need a SASL config";
        return MAILPROTO_ERR_CONFIG;
    }
    return config->ops->keep(out, config, mechanisms, allocator, why);
}

static inline void mp_sasl_server_settings_free(struct mp_sasl_server_settings *settings,
                                                const mailproto_allocator *allocator)
{
    size_t size;

    if (!settings)
        return;
    size = settings->size;
    mp_wipe(settings, size); /* `secret` */
    mp_free(allocator, settings, size);
}

/* Keeps what TLS knows, where a config can use it. OK or ERR_NOMEM. */
static inline int32_t mp_sasl_server_channel(const struct mp_sasl_server_settings *settings,
                                             struct mp_sasl_channel **channel, const mailproto_tls_info *info,
                                             const mailproto_allocator *allocator)
{
    return settings ? settings->ops->keep_channel(channel, info, allocator) : MAILPROTO_OK;
}

/* What of a set may be offered on this channel: -PLUS with a binding, EXTERNAL with a verified name. Whether clear text may go is
   the caller's to know. */
uint32_t mp_sasl_server_offers(uint32_t mechanisms, const struct mp_sasl_channel *channel);

/* The names of the host's own mechanisms, for mp_sasl_names. */
static inline mailproto_text mp_sasl_server_other(const struct mp_sasl_server_settings *settings)
{
    return settings ? settings->config.other : (mailproto_text){NULL, 0};
}

/* ---- exchanges ---- */

/* Makes an exchange; NULL: no memory. offers: what the client was told. All that is given by pointer outlives it. */
struct mp_sasl_server *mp_sasl_server_begin(const struct mp_sasl_server_settings *settings,
                                            const struct mp_sasl_channel *channel, uint32_t tls, uint32_t offers,
                                            const mailproto_allocator *allocator);
void mp_sasl_server_end(struct mp_sasl_server *s);

int32_t mp_sasl_server_start(struct mp_sasl_server *s, const char *name, size_t name_len, const char *initial,
                             size_t initial_len);
int32_t mp_sasl_server_respond(struct mp_sasl_server *s, const char *message, size_t len);
int32_t mp_sasl_server_move(struct mp_sasl_server *s);

/* The payload of KEYS, DERIVE or STEP, whose state it is in, but for its head: its octets. */
size_t mp_sasl_server_payload(const struct mp_sasl_server *s, union mp_sasl_payload *out);

/* The host's answers, as the public functions tell. They are taken in the state that asked; without memory. */
int32_t mp_sasl_server_take_keys(struct mp_sasl_server *s, const mailproto_sasl_keys *keys);
int32_t mp_sasl_server_take_step(struct mp_sasl_server *s, const mailproto_sasl_stepped *stepped);
int32_t mp_sasl_server_take_verdict(struct mp_sasl_server *s, uint32_t accepted);
/* FAILURE at once: there is no answer. */
int32_t mp_sasl_server_take_failure(struct mp_sasl_server *s, int32_t why);

/* The octets at most that an exchange takes, settings and channel with it; NULL: PLAIN and LOGIN. */
size_t mp_sasl_server_memory(const mailproto_sasl_server_config *config);

/* ---- mechanisms ---- */

extern const struct mp_sasl_server_mechanism mp_sasl_plain_server, mp_sasl_login_server, mp_sasl_cram_md5_server,
    mp_sasl_xoauth2_server, mp_sasl_oauthbearer_server, mp_sasl_external_server, mp_sasl_anonymous_server,
    mp_sasl_other_server, mp_sasl_scram_servers[6];

#endif
