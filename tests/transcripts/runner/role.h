/* role.h - what the player needs to know of an engine: its settings, its events in words, its answers.
 * contract.md section 5.1. */
#ifndef TRANSCRIPTS_ROLE_H
#define TRANSCRIPTS_ROLE_H

#include "play.h"

enum shown {
    SHOWN_TEXT,      /* out holds the event in words */
    SHOWN_BODY,      /* out holds octets of a message: slices are joined */
    SHOWN_PREPENDED, /* the same, prepended ones */
    SHOWN_NOT        /* the role answers by itself (pieces): the event is not part of a transcript */
};

struct role {
    const char *name;
    int server;
    /* makes p->engine and p->inner; answers what _new answered */
    int32_t (*create)(struct play *p, const char **why);
    enum shown (*show)(struct play *p, const mailproto_event *event, struct buffer *out);
    /* the name of an event type, for CANCEL */
    const char *(*event_name)(uint32_t type);
    /* answers a request as the words say; answers what the call answered */
    int32_t (*answer)(struct play *p, uint32_t type, uint64_t token, const struct words *words);
    /* a request that is SHOWN_NOT: answered from the event, or from what was kept of it. NULL: the role has none */
    int32_t (*answer_unshown)(struct play *p, const mailproto_event *event, const void *kept);
    void *(*keep_unshown)(struct play *p, const mailproto_event *event);
    /* does what "DO ..." says; answers what the call answered */
    int32_t (*perform)(struct play *p, const struct words *words);
    /* whether an event may still come when the play went astray: ends and cancels, never an acceptance */
    int (*may_end_with)(const mailproto_event *event);
    /* whether a line that came out then is harmless: no promise */
    int (*harmless)(const char *line);
    /* how requests of that type are answered in recordings that say nothing of them; NULL: default */
    const char *(*usual)(uint32_t type);
    /* a default was asked for */
    void (*defaulted)(struct play *p, uint32_t type, uint64_t token);
    /* whether credentials may cross before TLS */
    int (*cleartext)(const struct play *p);
    /* the event that brings credentials to a server; that which asks a client for them: their structs go on with the mechanism */
    uint32_t auth_event, credentials_event;
};

/* The role of that name that this build has, or NULL. */
const struct role *role_find(const char *name);
int role_known(const char *name); /* even if this build has it not */
extern const struct role role_smtp_server, role_lmtp_server, role_smtp_client, role_lmtp_client, role_pop3_server,
    role_pop3_client;

/* Words that stand for numbers in settings and events: bits or values. The last has no name. */
struct word {
    const char *name;
    uint32_t value;
};
extern const struct word tls_words[], sasl_words[];
/* The name of a login: a SASL mechanism, or one that a protocol has beside them. */
const char *login_name(uint32_t mechanism);
void buffer_bits(struct buffer *b, const struct word *table, uint32_t bits); /* A,B */
const char *value_word(const struct word *table, uint32_t value);            /* "?" if there is none */
int word_to_bits(const struct word *table, mailproto_text words, uint32_t *bits);

enum setting_kind { SETTING_U32, SETTING_U64, SETTING_TEXT, SETTING_WORDS };
struct setting {
    const char *name;
    size_t offset;
    enum setting_kind kind;
    const struct word *table;
};
/* Writes the transcript's settings into a config. "without=a,b" is kept apart, for callbacks that are missing. */
int settings_apply(struct play *p, void *config, const struct setting *settings);
int settings_apply_word(void *config, const struct setting *settings, mailproto_text word); /* -1: it is none */
int settings_without(const struct play *p, const char *callback);
int settings_have(const struct play *p, const char *key, const char *word);

/* The value of the last word key=..., else empty. */
mailproto_text words_value(const struct words *words, const char *key);
int has_key(const struct words *words, const char *key);
uint64_t words_number(const struct words *words, const char *key, uint64_t otherwise);

#endif
