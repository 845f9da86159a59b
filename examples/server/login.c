/* login.c - who may log in: keys for SCRAM and for passwords, tokens, certificates of clients.
 * RFC 5802 section 3, RFC 4616, RFC 7628, RFC 4422 appendix A. A name that is not known takes the way of one that is. */
#include "login.h"

#include <stdlib.h>
#include <string.h>

#include "server.h"

/* A derivation of a key, off the loop's thread: thousands of rounds of a hash. */
struct derivation {
    struct client *client; /* NULL: it has gone */
    struct derivation *next;
    uint64_t token;
    const mailproto_crypto *crypto;
    uint32_t hash, iterations;
    size_t password_len, salt_len;
    char *password;
    uint8_t salt[64], key[MAILPROTO_DIGEST_MAX];
    int32_t result;
};

/* ---- what can be offered ---- */

/* A hash that all users have keys of; whoever asks for another would be told that the password is wrong. */
static int all_have(const struct users *users, uint32_t hash)
{
    for (size_t i = 0; i < users->count; i++)
        if (!users_keys(&users->items[i], hash))
            return 0;
    return users->count != 0;
}

/* The keys that most things go by: what there is not is answered as if it had such. */
static const struct keys *usual_keys(const struct users *users, uint32_t mechanisms)
{
    uint32_t hash = mechanisms & MAILPROTO_SASL_SCRAM_SHA_256 || !(mechanisms & MAILPROTO_SASL_SCRAM_SHA_1)
                        ? MAILPROTO_HASH_SHA_256
                        : MAILPROTO_HASH_SHA_1;
    const struct keys *keys = NULL;

    for (size_t i = 0; i < users->count && !keys; i++)
        keys = users_keys(&users->items[i], hash);
    return keys;
}

void logins_make(struct logins *logins, const struct settings *settings)
{
    const mailproto_crypto *crypto = tls_crypto();
    const struct users *users = &settings->users;
    const struct keys *usual;

    logins->mechanisms = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN;
    if (settings->tokens.count)
        logins->mechanisms |= MAILPROTO_SASL_XOAUTH2 | MAILPROTO_SASL_OAUTHBEARER;
    if (settings->tls_files.client_ca)
        logins->mechanisms |= MAILPROTO_SASL_EXTERNAL;
    logins->has_sasl = crypto != NULL;
    if (!crypto)
        return;
    if (all_have(users, MAILPROTO_HASH_SHA_1))
        logins->mechanisms |= MAILPROTO_SASL_SCRAM_SHA_1 | MAILPROTO_SASL_SCRAM_SHA_1_PLUS;
    if (all_have(users, MAILPROTO_HASH_SHA_256))
        logins->mechanisms |= MAILPROTO_SASL_SCRAM_SHA_256 | MAILPROTO_SASL_SCRAM_SHA_256_PLUS;
    usual = usual_keys(users, logins->mechanisms);
    mailproto_sasl_server_config_init(&logins->sasl, sizeof logins->sasl);
    logins->sasl.crypto = crypto;
    logins->sasl.host_name = (mailproto_text){settings->hostname, strlen(settings->hostname)};
    logins->sasl.secret = (mailproto_text){(const char *)logins->secret, sizeof logins->secret};
    logins->sasl.stored = usual ? usual->hash : MAILPROTO_HASH_SHA_256;
    logins->sasl.iterations = usual ? usual->iterations : KEYS_ITERATIONS;
}

/* ---- keys ---- */

int32_t login_keys(struct client *client, const mailproto_sasl_keys_wanted *wanted)
{
    const struct user *user = users_named(&client->server->settings->users, wanted->name.ptr, wanted->name.len);
    const struct keys *keys = user ? users_keys(user, wanted->hash) : NULL;
    mailproto_sasl_keys lent;

    if (!keys)
        return client->answers->keys(client, wanted->head.token, NULL);
    keys_lend(keys, &lent);
    return client->answers->keys(client, wanted->head.token, &lent);
}

static void derive(void *user)
{
    struct derivation *d = user;

    d->result = mailproto_sasl_derive(d->crypto, d->hash, d->password, d->password_len, d->salt, d->salt_len,
                                      d->iterations, d->key);
}

static void wipe(void *at, size_t len)
{
    for (volatile unsigned char *octet = at; len; len--)
        *octet++ = 0;
}

static void forget(struct derivation *d)
{
    for (struct derivation **at = d->client ? &d->client->derivations : NULL; at && *at; at = &(*at)->next)
        if (*at == d) {
            *at = d->next;
            break;
        }
    wipe(d->password, d->password_len);
    free(d->password);
    wipe(d, sizeof *d);
    free(d);
}

static void derived(int32_t result, void *user)
{
    struct derivation *d = user;

    /* after a failure the request stays open for the engine's own provider, which fails as it does, or does better */
    if (d->client && !result)
        (void)d->client->answers->derived(d->client, d->token, d->result ? NULL : d->key,
                                          d->result ? 0 : mailproto_hash_size(d->hash));
    forget(d);
}

int32_t login_derive(struct client *client, const mailproto_sasl_derive_wanted *wanted)
{
    struct derivation *d = calloc(1, sizeof *d);
    char *password = d ? malloc(wanted->password.len + 1) : NULL;

    if (!password || wanted->salt.len > sizeof d->salt) {
        free(password);
        free(d);
        return MAILPROTO_USE_DEFAULT;
    }
    d->client = client;
    d->token = wanted->head.token;
    d->crypto = tls_crypto();
    d->hash = wanted->hash;
    d->iterations = wanted->iterations;
    d->password = password;
    d->password_len = wanted->password.len;
    d->salt_len = wanted->salt.len;
    memcpy(d->password, wanted->password.ptr, wanted->password.len);
    memcpy(d->salt, wanted->salt.ptr, wanted->salt.len);
    d->next = client->derivations;
    client->derivations = d;
    if (!mailproto_host_work(client->server->host, derive, derived, d))
        return 0;
    forget(d);
    return MAILPROTO_USE_DEFAULT;
}

void login_gone(struct client *client)
{
    for (struct derivation *d = client->derivations; d; d = d->next)
        d->client = NULL;
    client->derivations = NULL;
}

/* ---- verdicts ---- */

static const char *mechanism_name(const struct login_request *request)
{
    const char *name = mailproto_sasl_mechanism_name(request->mechanism);

    return name ? name : "USER";
}

/* OAUTHBEARER has no other name than the one that is to be acted as (RFC 7628 3.1). */
static mailproto_text name_of(const struct login_request *request)
{
    return request->name.len ? request->name : request->authorization;
}

/* What counts its failures is the name as it is compared: one that is written in another way is the same. */
static mailproto_text plain_name(const struct client *client, const struct login_request *request,
                                 char plain[USERS_PLAIN])
{
    mailproto_text name = name_of(request);

    users_plain(&client->server->settings->users, name.ptr, name.len, plain);
    return (mailproto_text){plain, strlen(plain)};
}

static int32_t refuse(struct client *client, const struct login_request *request)
{
    struct server *server = client->server;
    mailproto_text name = name_of(request);
    char plain[USERS_PLAIN];
    uint32_t delay = failures_note(&server->failures, client->address, plain_name(client, request, plain),
                                   mailproto_host_now(server->host), server->settings->limits.auth_delay);

    client_log(client, LOG_WARNING, "login refused for %.*s (%s)", (int)name.len, name.ptr, mechanism_name(request));
    return client->answers->refuse(client, request->token, delay);
}

/* While there is a wait it is not known whether anybody hears the answer: the failures are kept. */
static int32_t accept_after(struct client *client, const struct login_request *request, const struct user *who)
{
    struct server *server = client->server;
    char plain[USERS_PLAIN];
    mailproto_text name = plain_name(client, request, plain);
    uint32_t delay = failures_wait(&server->failures, client->address, name, mailproto_host_now(server->host));

    if (!delay)
        failures_forget(&server->failures, name);
    return client->answers->accept(client, request->token, who, delay);
}

/* To act as somebody else is another right, and nobody has it here (RFC 4422 3.4.1). */
static int32_t decide(struct client *client, const struct login_request *request, const struct user *who)
{
    const struct users *users = &client->server->settings->users;
    const struct user *as = who;

    if (who && request->authorization.len)
        as = users_named(users, request->authorization.ptr, request->authorization.len);
    if (!who || as != who)
        return refuse(client, request);
    return accept_after(client, request, who);
}

/* With keys of the hash that a user who is not there would have: it must not take another time. */
static int32_t compare(struct client *client, const struct login_request *request, const struct user *who)
{
    const struct keys *keys = who ? users_keys(who, client->server->logins.sasl.stored) : NULL;
    mailproto_sasl_keys lent;

    if (who && !keys && who->key_count)
        keys = who->keys;
    if (!keys)
        return client->answers->keys(client, request->token, NULL);
    keys_lend(keys, &lent);
    return client->answers->keys(client, request->token, &lent);
}

/* A token says itself whose it is. */
static int32_t check_token(struct client *client, const struct login_request *request)
{
    const struct settings *settings = client->server->settings;
    mailproto_text name = name_of(request);
    const struct user *who = users_named(&settings->users, name.ptr, name.len);

    return decide(client, request, tokens_allow(&settings->tokens, request->password, who) ? who : NULL);
}

int32_t login_auth(struct client *client, const struct login_request *request)
{
    const struct settings *settings = client->server->settings;
    const struct user *who = users_named(&settings->users, request->name.ptr, request->name.len);

    if (request->outcome == MAILPROTO_SASL_REFUSED)
        return refuse(client, request);
    if (request->outcome == MAILPROTO_SASL_PROVEN)
        return decide(client, request, who);
    if (request->mechanism & (MAILPROTO_SASL_XOAUTH2 | MAILPROTO_SASL_OAUTHBEARER))
        return check_token(client, request);
    if (request->mechanism ==
        MAILPROTO_SASL_EXTERNAL) /* a host's name is nobody's, though a domain would complete it */
        return decide(client, request, memchr(request->name.ptr, '@', request->name.len) ? who : NULL);
    if (client->server->logins.has_sasl)
        return compare(client, request, who);
    return decide(client, request, users_login(who, request->password.ptr, request->password.len) ? who : NULL);
}
