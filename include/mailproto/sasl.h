/* mailproto/sasl.h - SASL (RFC 4422): who logs in, by which mechanism; both roles, in the engines and on its own.
 *
 * A mechanism is a bit: configs take a set or an order of them, events name one. What a login asks of the host is said here
 * once, for every protocol: the payloads KEYS, DERIVE and STEP, the structs that answer them, and the configs.
 *
 *     server   the client names a mechanism -> { challenge, response } ... -> KEYS: what is known of this user? -> DERIVE ->
 *              AUTH (the protocol's own request): the verdict
 *     client   the first of the host's order that is offered -> CREDENTIALS (the protocol's own request) -> { challenge,
 *              response } ... -> DERIVE -> the server's word, which is held against what the mechanism proves
 *
 * Every completed exchange comes to exactly one AUTH request, with its outcome:
 *
 *     CHECK    the host is the judge: a password in clear text, a bearer token, EXTERNAL, ANONYMOUS. It answers with a verdict,
 *              or with what it has stored (..._keys): then the engine compares, and AUTH comes again as one of these two:
 *     PROVEN   the client knows the secret. What is left is whether it may come in, and act as `authorization`
 *     REFUSED  it does not, or there is no such user: only a refusal can be answered, as late (delay_ms) and as final (close)
 *              as the host wants; also what counts the failures of a name or an address
 *
 * An unknown user and a wrong password take the same way: answer KEYS, or AUTH, with NULL keys for a user that there is not,
 * and the engine does all that it does for others, with a salt made of its config's `secret` and the name.
 *
 * Slow things are requests, not provider calls: the keys may come from a directory, a token from a web server, and DERIVE,
 * which is PBKDF2 of thousands of rounds, from a thread (mailproto_sasl_derive does it there); its default does it at once.
 *
 * Secrets are compared in constant time, and wiped from the session once they were used.
 */
#ifndef MAILPROTO_SASL_H
#define MAILPROTO_SASL_H

#include "crypto.h"
#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- mechanisms ------------------------------------------------------------------------------------------------- */

/* SASL mechanisms, as bits. */
enum {
    MAILPROTO_SASL_PLAIN = 1,               /* RFC 4616; clear text */
    MAILPROTO_SASL_LOGIN = 2,               /* draft-murchison-sasl-login; clear text */
    MAILPROTO_SASL_CRAM_MD5 = 4,            /* RFC 2195; needs MD5, and passwords that are stored as they are */
    MAILPROTO_SASL_SCRAM_SHA_1 = 8,         /* RFC 5802 */
    MAILPROTO_SASL_SCRAM_SHA_256 = 0x10,    /* RFC 7677 */
    MAILPROTO_SASL_SCRAM_SHA_512 = 0x20,    /* draft-melnikov-scram-sha-512 */
    MAILPROTO_SASL_SCRAM_SHA_1_PLUS = 0x40, /* with a channel binding: RFC 5802 6, RFC 5929, RFC 9266 */
    MAILPROTO_SASL_SCRAM_SHA_256_PLUS = 0x80,
    MAILPROTO_SASL_SCRAM_SHA_512_PLUS = 0x100,
    MAILPROTO_SASL_XOAUTH2 = 0x200,     /* Google's; a bearer token, so clear text */
    MAILPROTO_SASL_OAUTHBEARER = 0x400, /* RFC 7628; the same */
    MAILPROTO_SASL_EXTERNAL = 0x800,    /* RFC 4422 appendix A: who it is, TLS has proven (a client certificate) */
    MAILPROTO_SASL_ANONYMOUS = 0x1000,  /* RFC 4505 */
    MAILPROTO_SASL_OTHER = 0x2000       /* one of the host's own, by its name: `other` of the configs */
};

/* Sets of them. */
enum {
    MAILPROTO_SASL_SCRAM = 0x38, /* SCRAM without a channel binding */
    MAILPROTO_SASL_SCRAM_PLUS = 0x1c0,
    MAILPROTO_SASL_CLEARTEXT =
        0x603 /* what whoever reads the wire could use afterwards: only within TLS, unless the host
                                         has said otherwise by a named flag of the engine */
};

/* The bit of the mechanism of that name, in any case of letters; 0: none of ours. */
MAILPROTO_API uint32_t mailproto_sasl_mechanism(const char *name, size_t len);

/* The name of one bit, static and NUL-terminated; NULL: not one bit of the above, or OTHER. */
MAILPROTO_API const char *mailproto_sasl_mechanism_name(uint32_t mechanism);

/* ---- what logins ask, in every protocol ------------------------------------------------------------------------- */

/* The outcome of an exchange, in AUTH. */
enum { MAILPROTO_SASL_CHECK = 0, MAILPROTO_SASL_PROVEN = 1, MAILPROTO_SASL_REFUSED = 2 };

/* A server asks: what is stored for this user? Answer with ..._keys. Default: there is no such user. fail: the login fails for
   now (SMTP 454, POP3 [SYS/TEMP]). Without a name (EXTERNAL, ANONYMOUS, tokens) it is not asked. */
typedef struct mailproto_sasl_keys_wanted {
    mailproto_event head;
    uint32_t mechanism;           /* one MAILPROTO_SASL_* bit, or APOP of POP3 */
    uint32_t tls;                 /* 1: inside TLS */
    uint32_t hash;                /* one MAILPROTO_HASH_* bit; keys of another hash do not help, a password does */
    uint32_t password_needed;     /* 1: only the password itself helps (CRAM-MD5, APOP) */
    mailproto_text authorization; /* who to act as; "" if not said */
    mailproto_text name;          /* whose keys; prepared by SASLprep if it can be */
} mailproto_sasl_keys_wanted;

/* What is stored for a user: the keys of SCRAM (RFC 5802 3), or the password. Both are copied and wiped. */
typedef struct mailproto_sasl_keys {
    uint32_t struct_size;
    uint32_t hash;             /* of the keys: one MAILPROTO_HASH_* bit */
    uint32_t iterations;       /* of the keys; 1 to 10,000,000 */
    uint32_t reserved;         /* 0 */
    mailproto_text salt;       /* 1 to 64 octets */
    mailproto_text stored_key; /* a digest of the hash */
    mailproto_text server_key; /* the same */
    mailproto_text password;   /* not empty: the password, instead of keys; at most 1024 octets of UTF-8 */
} mailproto_sasl_keys;
MAILPROTO_API int32_t mailproto_sasl_keys_init(mailproto_sasl_keys *keys, size_t size);

/* A login wants the salted password (Hi of RFC 5802 2.2): PBKDF2 with HMAC of the hash. Answer with ..._derived, at best from a
   thread that asked mailproto_sasl_derive; a client may have kept it from the last login with this salt and these iterations.
   Default: the provider does it at once, in this call. fail: the login fails for now. */
typedef struct mailproto_sasl_derive_wanted {
    mailproto_event head;
    uint32_t hash;
    uint32_t iterations;
    mailproto_text password; /* prepared by SASLprep */
    mailproto_text salt;
} mailproto_sasl_derive_wanted;

/* The host's own mechanism got a message (server) or has to make one (client). Answer with ..._step. Default and fail: the
   exchange is broken off; the login failed. */
typedef struct mailproto_sasl_step {
    mailproto_event head;
    uint32_t tls;             /* 1: inside TLS */
    uint32_t first;           /* 1: the exchange begins */
    uint32_t has_message;     /* 0: none was said yet (no initial response; a client begins) */
    uint32_t reserved;        /* 0 */
    mailproto_text mechanism; /* its name, as the config has it */
    mailproto_text message;   /* what the peer said, decoded */
} mailproto_sasl_step;

/* What becomes of it. */
enum {
    MAILPROTO_SASL_STEP_SEND = 0, /* `message` goes to the peer, whose next one is awaited */
    MAILPROTO_SASL_STEP_DONE =
        1, /* client: `message` goes, and it is the last one. Server: the client has proven that it is
                                     `name`, and wants to act as `authorization`; AUTH follows, PROVEN. A last message of the
                                     server's goes by SEND first */
    MAILPROTO_SASL_STEP_FAIL =
        2 /* the peer proved nothing; AUTH follows, REFUSED, with `name` if it is known. Client: the
                                     exchange is cancelled */
};

/* The answer to STEP. Texts are copied. */
typedef struct mailproto_sasl_stepped {
    uint32_t struct_size;
    uint32_t result; /* MAILPROTO_SASL_STEP_* */
    mailproto_text message;
    mailproto_text authorization; /* server, DONE and FAIL */
    mailproto_text name;          /* server, DONE and FAIL */
} mailproto_sasl_stepped;
MAILPROTO_API int32_t mailproto_sasl_stepped_init(mailproto_sasl_stepped *stepped, size_t size);

/* ---- configs ---------------------------------------------------------------------------------------------------- */

/* RFC 4013: prepares a text. Writes at most cap octets (out may be NULL if cap is 0), *made is how many are needed. OK, or
   ERR_LIMIT if there is no room for them; ERR_ARG: it may not be used as a name or password. query: 1: unassigned characters are
   allowed (RFC 3454 7). What is over 1024 octets then cannot be used. */
typedef int32_t (*mailproto_sasl_prepare)(const char *text, size_t len, uint32_t query, char *out, size_t cap,
                                          size_t *made, void *user);

struct mp_sasl_server_ops;
struct mp_sasl_client_ops;

enum { MAILPROTO_SASL_STORED_PASSWORDS = 0x100 };

/* What a server's logins need beyond PLAIN and LOGIN. Copied, texts too; `sasl` of the engines' configs. */
typedef struct mailproto_sasl_server_config {
    uint32_t struct_size;
    uint32_t mechanisms; /* on its own: what is offered, MAILPROTO_SASL_*. In an engine 0: that has a set
                                             of its own */
    const struct mp_sasl_server_ops *ops; /* the mechanisms' code, set by _init: so a program that does not ask for them
                                             does not carry them */
    const mailproto_crypto *crypto; /* CRAM-MD5 and SCRAM need it, with their hash; NULL: they cannot be offered */
    mailproto_text other;           /* names of the host's own mechanisms, apart by one space: "GSSAPI NTLM" */
    mailproto_text host_name;       /* of the server, in the challenge of CRAM-MD5 and in APOP's; ASCII */
    mailproto_text secret;          /* of which salts for users that there are not are made: octets that stay the same
                                             as long as the users' keys do, 16 at least. "": a salt of such a user is another
                                             each time, which tells who asks twice that there is none */
    uint32_t iterations;            /* for keys made up, or of a password; 0: 10000. Best what the users' keys have */
    uint32_t max_message;           /* of the client's, decoded; 0: 8192 */
    mailproto_text oauth_scope;     /* said to a client whose token was refused (RFC 7628 3.2.2); may be "" */
    mailproto_text oauth_configuration; /* the same: the address of openid-configuration */
    mailproto_sasl_prepare prepare;     /* NULL: the library's own, by its Unicode table; in a build without the table
                                             ASCII alone is taken */
    void *prepare_user;
    uint32_t
        stored; /* what the host has of its users, so that one that there is not costs as much where the password itself was
                        told: one MAILPROTO_HASH_* bit: keys of that hash; 0: of SHA-256, or the strongest the provider has;
                        or STORED_PASSWORDS, then SCRAM's too */
} mailproto_sasl_server_config;
MAILPROTO_API int32_t mailproto_sasl_server_config_init(mailproto_sasl_server_config *config, size_t size);

enum {
    MAILPROTO_SASL_CLIENT_NO_BINDING_FLAG =
        1 /* say "n", not "y", where the server offers no -PLUS: for servers that take
                                                 the truth for an attack. Risk: a stripped -PLUS is not noticed */
};

/* The same for a client. `order` names the mechanisms that may be used, the best first, 0 ends it: none that is not in it is
   ever used, and one is tried after those before it only if the server does not offer them, or knows them not after all. */
typedef struct mailproto_sasl_client_config {
    uint32_t struct_size;
    uint32_t flags;                       /* MAILPROTO_SASL_CLIENT_* */
    const struct mp_sasl_client_ops *ops; /* set by _init, as above */
    const mailproto_crypto *crypto;       /* NULL: mechanisms that need one cannot be in the order */
    uint32_t order[16];                   /* none: SCRAM with a binding, SCRAM (each with SHA-512, SHA-256, SHA-1),
                                             EXTERNAL and others never by themselves, PLAIN, LOGIN */
    mailproto_text other;                 /* the name of the host's own mechanism, for MAILPROTO_SASL_OTHER */
    mailproto_text host_name;             /* of the server, for OAUTHBEARER; may be "" */
    uint32_t port;                        /* the same; 0: not said */
    uint32_t min_iterations; /* a server that asks for fewer is not given the proof; 0: 4096 (RFC 7677 4) */
    uint32_t max_iterations; /* for more, which only cost time, neither; 0: 1,000,000 */
    uint32_t max_message;    /* of the server's, decoded; 0: 8192 */
    mailproto_sasl_prepare prepare;
    void *prepare_user;
} mailproto_sasl_client_config;
MAILPROTO_API int32_t mailproto_sasl_client_config_init(mailproto_sasl_client_config *config, size_t size);

/* ---- keys and preparation --------------------------------------------------------------------------------------- */

/* Hi(): the salted password of RFC 5802 2.2, as DERIVE wants it, for any thread. key has room for the hash's digest. password
   is prepared already. OK; ERR_ARG: no such hash, no iterations; ERR_UNSUPPORTED: the provider does not know the hash; what the
   provider answered. */
MAILPROTO_API int32_t mailproto_sasl_derive(const mailproto_crypto *crypto, uint32_t hash, const void *password,
                                            size_t password_len, const void *salt, size_t salt_len, uint32_t iterations,
                                            uint8_t *key);

/* Makes the keys that a server stores instead of a password: prepares it, draws 16 octets of salt, derives. The texts of `keys`
   point into `room`, of 16 + 2 * MAILPROTO_DIGEST_MAX octets. iterations 0: 10000. OK; ERR_ARG: the password cannot be one
   (RFC 4013), is empty or over 1024 octets; ERR_UNSUPPORTED: the hash is not SHA-1, SHA-256 or SHA-512, or the provider has it
   not; what the provider answered. It takes as long as the iterations do. */
MAILPROTO_API int32_t mailproto_sasl_make_keys(mailproto_sasl_keys *keys, uint8_t *room, const mailproto_crypto *crypto,
                                               uint32_t hash, const char *password, size_t len, uint32_t iterations);

/* SASLprep (RFC 4013) by the library's table: out gets the prepared text, *made its octets (needed, if ERR_LIMIT). query as in
   the hook. Needs cap of at most 11 * len. OK; ERR_ARG: not UTF-8, a prohibited character, wrong mixture of directions, or
   nothing left; ERR_LIMIT: cap is too small; ERR_UNSUPPORTED: not ASCII, in a build without the table. */
MAILPROTO_API int32_t mailproto_sasl_saslprep(const char *text, size_t len, uint32_t query, char *out, size_t cap,
                                              size_t *made);

/* ---- on its own: one exchange, without a protocol --------------------------------------------------------------- */

/* For protocols that mailproto has no engine of. Messages are octets: base64, if the protocol has it, is the caller's. Each
   call that moves the exchange answers what it waits for next, or a negative code: ERR_ARG and ERR_STATE changed nothing, after
   all others the exchange is over. */
enum {
    MAILPROTO_SASL_SEND =
        1, /* `message` goes to the peer; then its next message is given. has_message 0 (a client whose
                                       mechanism lets the server begin): nothing goes, but the mechanism's name */
    MAILPROTO_SASL_CREDENTIALS = 2, /* client: mailproto_sasl_client_credentials */
    MAILPROTO_SASL_KEYS = 3,        /* server: mailproto_sasl_server_keys */
    MAILPROTO_SASL_DERIVE = 4,      /* ..._derived */
    MAILPROTO_SASL_STEP = 5,        /* ..._step, of a mechanism of the host's own */
    MAILPROTO_SASL_AUTH = 6,        /* server: mailproto_sasl_server_verdict, or _keys if the outcome is CHECK */
    MAILPROTO_SASL_SUCCESS = 7,     /* over. Server: let it in, and say so */
    MAILPROTO_SASL_FAILURE = 8      /* over. Server: say that it failed. Client: cancel, or it was refused */
};

/* What an exchange waits for, in detail. Texts live until the next call on it. */
typedef struct mailproto_sasl_state {
    uint32_t struct_size;
    uint32_t state;     /* MAILPROTO_SASL_SEND ... */
    uint32_t mechanism; /* the bit */
    uint32_t outcome;   /* AUTH: MAILPROTO_SASL_CHECK ... */
    uint32_t hash;      /* KEYS, DERIVE */
    uint32_t iterations;
    uint32_t password_needed; /* KEYS */
    uint32_t has_message;     /* SEND, STEP */
    uint32_t last;            /* SEND, client: the mechanism has nothing to say after it */
    int32_t why;              /* FAILURE: ERR_AUTH: refused, or the peer did not prove what it should; ERR_PROTOCOL: a
                                     message that is none; ERR_LIMIT; what a provider or the host answered */
    mailproto_text text;      /* FAILURE: a static sentence */
    mailproto_text message;   /* SEND; STEP: what the peer said */
    mailproto_text authorization; /* KEYS, AUTH; SUCCESS of a server */
    mailproto_text name;          /* the same. AUTH of OAUTHBEARER has none: who it is, the token says */
    mailproto_text password;      /* AUTH with CHECK of PLAIN and LOGIN; the token of XOAUTH2 and OAUTHBEARER; DERIVE */
    mailproto_text salt;          /* DERIVE */
    mailproto_text mechanism_name;
    mailproto_text host; /* AUTH of OAUTHBEARER: as the client said it */
    uint32_t port;       /* the same; 0: not said */
    uint32_t secret;     /* SEND: 1: the message is a secret, not to be logged */
} mailproto_sasl_state;
MAILPROTO_API int32_t mailproto_sasl_state_init(mailproto_sasl_state *state, size_t size);

typedef struct mailproto_sasl_server mailproto_sasl_server;

/* Makes an exchange. tls: what TLS knows, with its channel bindings, copied; NULL: there is no TLS, and clear-text mechanisms
   are offered all the same if config.mechanisms has them: here that is the caller's to know. why as for engines. OK; ERR_ARG;
   ERR_CONFIG: a mechanism without its provider, hash or name; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_sasl_server_new(mailproto_sasl_server **out, const mailproto_sasl_server_config *config,
                                                const mailproto_tls_info *tls, const mailproto_allocator *allocator,
                                                const char **why);
/* Ends it, wiping what it held. NULL is ignored. */
MAILPROTO_API void mailproto_sasl_server_free(mailproto_sasl_server *server);

/* What can be offered now: config.mechanisms without -PLUS where there is no binding, without EXTERNAL where TLS has not
   verified the client. */
MAILPROTO_API uint32_t mailproto_sasl_server_offers(const mailproto_sasl_server *server);

/* Begins an exchange, anew if there was one: the client named a mechanism, with an initial response or without (initial NULL).
   A state, or ERR_ARG; ERR_UNSUPPORTED: no such mechanism is offered; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_sasl_server_start(mailproto_sasl_server *server, const char *mechanism, size_t len,
                                                  const void *initial, size_t initial_len);
/* The client's next message. A state; ERR_STATE: none is awaited; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_sasl_server_respond(mailproto_sasl_server *server, const void *message, size_t len);
/* Answers KEYS, or AUTH with CHECK for PLAIN and LOGIN; NULL: there is no such user. A state; ERR_STATE: also AUTH of other
   mechanisms; ERR_ARG: malformed, or of no use to the mechanism: another hash, keys where a password is needed, a hash that the
   provider has not; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_sasl_server_keys(mailproto_sasl_server *server, const mailproto_sasl_keys *keys);
/* Answers DERIVE with a digest's octets; NULL: the provider is to do it now. A state; ERR_STATE; ERR_ARG. */
MAILPROTO_API int32_t mailproto_sasl_server_derived(mailproto_sasl_server *server, const void *key, size_t len);
/* Answers STEP. A state; ERR_STATE; ERR_ARG; ERR_LIMIT: the message is over max_message, a name over 1024 octets. */
MAILPROTO_API int32_t mailproto_sasl_server_step(mailproto_sasl_server *server, const mailproto_sasl_stepped *stepped);
/* Answers AUTH: 1 lets it in. Mechanisms with a last word send it first: the state can be SEND. A state; ERR_STATE; ERR_ARG:
   accepted 1 for a REFUSED one. */
MAILPROTO_API int32_t mailproto_sasl_server_verdict(mailproto_sasl_server *server, uint32_t accepted);
/* The host cannot answer: FAILURE with `why`, a negative code. ERR_STATE: nothing is asked; ERR_ARG. */
MAILPROTO_API int32_t mailproto_sasl_server_fail(mailproto_sasl_server *server, int32_t why);
/* Fills in what it waits for. OK; ERR_ARG. */
MAILPROTO_API int32_t mailproto_sasl_server_state(const mailproto_sasl_server *server, mailproto_sasl_state *state);

typedef struct mailproto_sasl_client mailproto_sasl_client;

/* The same for a client; nothing is offered without TLS that is clear text, unless cleartext is 1. OK; ERR_ARG; ERR_CONFIG;
   ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_sasl_client_new(mailproto_sasl_client **out, const mailproto_sasl_client_config *config,
                                                const mailproto_tls_info *tls, uint32_t cleartext,
                                                const mailproto_allocator *allocator, const char **why);
/* Ends it, wiping what it held. NULL is ignored. */
MAILPROTO_API void mailproto_sasl_client_free(mailproto_sasl_client *client);

/* Begins with the best mechanism of the order that is offered: `offered` are the names as the server said them, apart by
   spaces. Called again, after the server refused, it goes on with the next one; none is left after a server that broke the
   mechanism or did not prove itself. CREDENTIALS; ERR_UNSUPPORTED: none is left; ERR_STATE: an exchange goes on, or succeeded;
   ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_sasl_client_start(mailproto_sasl_client *client, const char *offered, size_t len);
/* Answers CREDENTIALS. password: the token of XOAUTH2 and OAUTHBEARER; not used by EXTERNAL and ANONYMOUS, where `name` may be
   empty (EXTERNAL) or is what the trace says (ANONYMOUS). OAUTHBEARER says authorization or, if that is empty, name. Copied. A
   state; ERR_STATE; ERR_ARG: NUL or no UTF-8 in a text, one that is missing, an authorization that the mechanism cannot say (one
   that equals the name says nothing), a name or password that SASLprep forbids (SCRAM, CRAM-MD5), a token with other than
   visible ASCII; ERR_LIMIT: a password or token is over 4096 octets, a name, or a password that is prepared, over 1024;
   ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_sasl_client_credentials(mailproto_sasl_client *client, const char *authorization,
                                                        size_t authorization_len, const char *name, size_t name_len,
                                                        const char *password, size_t password_len);
/* The server's next message. A state; ERR_STATE; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_sasl_client_challenged(mailproto_sasl_client *client, const void *message, size_t len);
/* Answers DERIVE and STEP, as of a server. */
MAILPROTO_API int32_t mailproto_sasl_client_derived(mailproto_sasl_client *client, const void *key, size_t len);
MAILPROTO_API int32_t mailproto_sasl_client_step(mailproto_sasl_client *client, const mailproto_sasl_stepped *stepped);
/* The protocol's own word: the server says that it succeeded (1) or failed (0). SUCCESS; FAILURE, also of a success that the
   server has not proven (SCRAM: no signature, or a wrong one): the connection is not to be used. ERR_STATE. */
MAILPROTO_API int32_t mailproto_sasl_client_outcome(mailproto_sasl_client *client, uint32_t succeeded);
/* Fills in what it waits for. OK; ERR_ARG. */
MAILPROTO_API int32_t mailproto_sasl_client_state(const mailproto_sasl_client *client, mailproto_sasl_state *state);

#ifdef __cplusplus
}
#endif
#endif
