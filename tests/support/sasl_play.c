/* A whole exchange, a client against a server, with a host on both sides that knows one user.
   RFC 4422 section 3; mailproto/sasl.h. */
#include "sasl_play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(literal) ((mailproto_text){(literal), sizeof(literal) - 1})

enum { EVERYTHING = 0x3fff & ~MAILPROTO_SASL_OTHER, MOVES = 64 };

static void copy_text(char *to, size_t room, mailproto_text text)
{
    size_t n = text.len < room ? text.len : room - 1;

    if (n)
        memcpy(to, text.ptr, n);
    to[n] = '\0';
}

void sasl_play_init(struct sasl_play *p)
{
    static const uint32_t order[] = {
        MAILPROTO_SASL_SCRAM_SHA_512_PLUS,
        MAILPROTO_SASL_SCRAM_SHA_256_PLUS,
        MAILPROTO_SASL_SCRAM_SHA_1_PLUS,
        MAILPROTO_SASL_SCRAM_SHA_512,
        MAILPROTO_SASL_SCRAM_SHA_256,
        MAILPROTO_SASL_SCRAM_SHA_1,
        MAILPROTO_SASL_CRAM_MD5,
        MAILPROTO_SASL_PLAIN,
        MAILPROTO_SASL_LOGIN,
    };

    memset(p, 0, sizeof *p);
    recorded_crypto_init(&p->client_crypto);
    recorded_crypto_init(&p->server_crypto);
    p->server_crypto.random = 99;
    test_allocator_init(&p->memory);
    mailproto_sasl_client_config_init(&p->client, sizeof p->client);
    mailproto_sasl_server_config_init(&p->server, sizeof p->server);
    p->client.crypto = &p->client_crypto.api;
    p->server.crypto = &p->server_crypto.api;
    memcpy(p->client.order, order, sizeof order);
    p->client.host_name = TEXT("mail.example.org");
    p->client.port = 587;
    p->client.min_iterations = 16;
    p->server.mechanisms = EVERYTHING;
    p->server.host_name = TEXT("mail.example.org");
    p->server.secret = TEXT("0123456789abcdef");
    p->server.iterations = 32;
    p->server.oauth_scope = TEXT("mail");
    p->server.oauth_configuration = TEXT("https://example.org/.well-known/openid-configuration");
    p->name = "user";
    p->password = p->right = "pencil";
    p->authorization = "";
    p->iterations = 32;
    p->change_at = -1;
}

void sasl_play_only(struct sasl_play *p, uint32_t mechanism)
{
    memset(p->client.order, 0, sizeof p->client.order);
    p->client.order[0] = p->server.mechanisms = mechanism;
}

void sasl_play_tls(mailproto_tls_info *info, uint32_t version)
{
    mailproto_tls_info_init(info, sizeof *info);
    info->version = version;
    info->verified = 1;
    info->peer_name = TEXT("certified");
    info->unique = version == 0x0304 ? TEXT("") : TEXT("finished\0octets");
    info->exporter = TEXT("exported keying material of 32 o");
    info->server_end_point = TEXT("hash of the certificate");
}

/* ---- the server's host ---- */

/* Whether the host has such a user. */
static int is_known(const struct sasl_play *p, const mailproto_sasl_state *state)
{
    if (p->stored == SASL_UNKNOWN)
        return 0;
    return !p->user || (state->name.len == strlen(p->user) && !memcmp(state->name.ptr, p->user, state->name.len));
}

static void give_keys(struct sasl_play *p, mailproto_sasl_server *server, const mailproto_sasl_state *state,
                      int32_t *result)
{
    struct recorded_crypto crypto;
    mailproto_sasl_keys keys;
    uint8_t room[16 + 2 * MAILPROTO_DIGEST_MAX];
    uint32_t hash = state->hash ? state->hash : (uint32_t)MAILPROTO_HASH_SHA_256;

    mailproto_sasl_keys_init(&keys, sizeof keys);
    recorded_crypto_init(&crypto);
    if (p->stored == SASL_PASSWORD || (p->stored == SASL_KEYS && state->password_needed))
        keys.password = (mailproto_text){p->right, strlen(p->right)};
    else if (p->stored == SASL_KEYS)
        assert_int_equal(mailproto_sasl_make_keys(&keys, room, &crypto.api, hash, p->right, strlen(p->right),
                                                  p->iterations),
                         MAILPROTO_OK);
    *result = mailproto_sasl_server_keys(server, is_known(p, state) ? &keys : NULL);
}

static uint32_t judge(const struct sasl_play *p, const mailproto_sasl_state *state)
{
    if (p->refuse || state->outcome == MAILPROTO_SASL_REFUSED)
        return 0;
    if (state->mechanism & (MAILPROTO_SASL_XOAUTH2 | MAILPROTO_SASL_OAUTHBEARER))
        return !p->token_fails;
    if (state->mechanism & (MAILPROTO_SASL_EXTERNAL | MAILPROTO_SASL_ANONYMOUS) ||
        state->outcome == MAILPROTO_SASL_PROVEN)
        return 1;
    return is_known(p, state) && state->password.len == strlen(p->right) &&
           !memcmp(state->password.ptr, p->right, state->password.len);
}

static void authenticate(struct sasl_play *p, mailproto_sasl_server *server, const mailproto_sasl_state *state,
                         int32_t *result)
{
    p->auths++;
    p->outcomes[state->outcome]++;
    copy_text(p->seen_name, sizeof p->seen_name, state->name);
    copy_text(p->seen_authorization, sizeof p->seen_authorization, state->authorization);
    copy_text(p->seen_password, sizeof p->seen_password, state->password);
    copy_text(p->seen_host, sizeof p->seen_host, state->host);
    p->seen_port = state->port;
    if (state->outcome == MAILPROTO_SASL_CHECK && p->check == SASL_COMPARE &&
        state->mechanism & (MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN))
        give_keys(p, server, state, result);
    else
        *result = mailproto_sasl_server_verdict(server, judge(p, state));
}

/* PBKDF2 by the host, or by the library. */
static const uint8_t *derive(const struct sasl_play *p, const mailproto_sasl_state *state, uint8_t *key)
{
    struct recorded_crypto crypto;

    recorded_crypto_init(&crypto);
    if (!p->derive)
        return NULL;
    assert_int_equal(mailproto_sasl_derive(&crypto.api, state->hash, state->password.ptr, state->password.len,
                                           state->salt.ptr, state->salt.len, state->iterations, key),
                     MAILPROTO_OK);
    return key;
}

/* Answers all that the server asks, until it says something or it is over. */
static int32_t settle_server(struct sasl_play *p, mailproto_sasl_server *server, int32_t result)
{
    mailproto_sasl_state state;
    uint8_t key[MAILPROTO_DIGEST_MAX];

    mailproto_sasl_state_init(&state, sizeof state);
    while (result == MAILPROTO_SASL_KEYS || result == MAILPROTO_SASL_DERIVE || result == MAILPROTO_SASL_AUTH) {
        assert_int_equal(mailproto_sasl_server_state(server, &state), MAILPROTO_OK);
        assert_int_equal(state.state, result);
        if (result == MAILPROTO_SASL_KEYS)
            give_keys(p, server, &state, &result);
        else if (result == MAILPROTO_SASL_AUTH)
            authenticate(p, server, &state, &result);
        else if (p->derive == 2)
            result = mailproto_sasl_server_fail(server, MAILPROTO_ERR_UNAVAILABLE);
        else
            result = mailproto_sasl_server_derived(server, derive(p, &state, key), mailproto_hash_size(state.hash));
    }
    assert_int_equal(mailproto_sasl_server_state(server, &state), MAILPROTO_OK);
    p->server_why = state.why;
    return result;
}

/* ---- the client's host ---- */

static int32_t settle_client(struct sasl_play *p, mailproto_sasl_client *client, int32_t result)
{
    mailproto_sasl_state state;
    uint8_t key[MAILPROTO_DIGEST_MAX];

    mailproto_sasl_state_init(&state, sizeof state);
    while (result == MAILPROTO_SASL_CREDENTIALS || result == MAILPROTO_SASL_DERIVE) {
        assert_int_equal(mailproto_sasl_client_state(client, &state), MAILPROTO_OK);
        assert_int_equal(state.state, result);
        p->mechanism = state.mechanism;
        if (result == MAILPROTO_SASL_CREDENTIALS)
            result = mailproto_sasl_client_credentials(client, p->authorization, strlen(p->authorization), p->name,
                                                       strlen(p->name), p->password, strlen(p->password));
        else
            result = mailproto_sasl_client_derived(client, derive(p, &state, key), mailproto_hash_size(state.hash));
    }
    assert_int_equal(mailproto_sasl_client_state(client, &state), MAILPROTO_OK);
    p->client_why = state.why;
    return result;
}

/* ---- the wire ---- */

/* A copy of exactly its size, so that a sanitizer sees every octet beyond. */
static char *carry(struct sasl_play *p, mailproto_text message, size_t *len)
{
    char *copy = malloc(message.len + 1 + 600);

    assert_non_null(copy);
    if (message.len)
        memcpy(copy, message.ptr, message.len);
    *len = message.len;
    if (p->messages < SASL_MESSAGES) {
        copy_text(p->said[p->messages], sizeof p->said[0], message);
        p->lengths[p->messages] = message.len;
    }
    if (p->change_at == p->messages && p->change && !p->change(p, copy, len))
        p->change_at = -1;
    p->messages++;
    copy = realloc(copy, *len ? *len : 1);
    assert_non_null(copy);
    return copy;
}

static int32_t to_server(struct sasl_play *p, mailproto_sasl_client *client, mailproto_sasl_server *server, int begin)
{
    mailproto_sasl_state state;
    char *message = NULL;
    size_t len = 0;
    int32_t result;

    mailproto_sasl_state_init(&state, sizeof state);
    mailproto_sasl_client_state(client, &state);
    if (state.has_message && !(begin && p->no_initial))
        message = carry(p, state.message, &len);
    if (begin)
        result = mailproto_sasl_server_start(server, state.mechanism_name.ptr, state.mechanism_name.len, message, len);
    else
        result = mailproto_sasl_server_respond(server, message, len);
    free(message);
    return settle_server(p, server, result);
}

static int32_t to_client(struct sasl_play *p, mailproto_sasl_client *client, mailproto_sasl_server *server)
{
    mailproto_sasl_state state;
    char *message;
    size_t len;
    int32_t result;

    mailproto_sasl_state_init(&state, sizeof state);
    mailproto_sasl_server_state(server, &state);
    message = carry(p, state.message, &len);
    result = mailproto_sasl_client_challenged(client, message, len);
    free(message);
    return settle_client(p, client, result);
}

/* Messages go back and forth. The first of a client whose initial response was not wanted goes with an empty challenge. */
static void talk(struct sasl_play *p, mailproto_sasl_client *client, mailproto_sasl_server *server)
{
    mailproto_sasl_state state;
    int waits;

    mailproto_sasl_state_init(&state, sizeof state);
    mailproto_sasl_client_state(client, &state);
    waits = p->no_initial && state.has_message;
    p->server_state = to_server(p, client, server, 1);
    for (int i = 0; i < MOVES && p->server_state == MAILPROTO_SASL_SEND; i++) {
        if (!waits)
            p->client_state = to_client(p, client, server);
        waits = 0;
        if (p->client_state != MAILPROTO_SASL_SEND)
            return;
        p->server_state = to_server(p, client, server, 0);
    }
    if (p->server_state == MAILPROTO_SASL_SUCCESS || p->server_state == MAILPROTO_SASL_FAILURE)
        p->client_state =
            settle_client(p, client, mailproto_sasl_client_outcome(client, p->server_state == MAILPROTO_SASL_SUCCESS));
}

static void offer(const mailproto_sasl_server *server, char *names)
{
    for (uint32_t bit = 1; bit <= EVERYTHING; bit <<= 1)
        if (bit & mailproto_sasl_server_offers(server)) {
            strcat(names, *names ? " " : "");
            strcat(names, mailproto_sasl_mechanism_name(bit));
        }
}

static void play(struct sasl_play *p, mailproto_sasl_client *client, mailproto_sasl_server *server)
{
    char names[300] = "";
    const char *offered = p->offered;

    if (!offered) {
        offer(server, names);
        offered = names;
    }
    p->client_state = settle_client(p, client, mailproto_sasl_client_start(client, offered, strlen(offered)));
    if (p->client_state == MAILPROTO_SASL_SEND)
        talk(p, client, server);
    if (p->client_state < 0)
        p->broken = p->client_state;
    if (p->server_state < 0)
        p->broken = p->server_state;
}

int32_t sasl_play(struct sasl_play *p)
{
    mailproto_sasl_client *client = NULL;
    mailproto_sasl_server *server = NULL;
    const char *why;
    int32_t result;

    result = mailproto_sasl_client_new(&client, &p->client, p->client_tls, 1, &p->memory.api, &why);
    if (!result)
        result = mailproto_sasl_server_new(&server, &p->server, p->server_tls, &p->memory.api, &why);
    if (result)
        p->broken = result;
    else
        play(p, client, server);
    mailproto_sasl_server_free(server);
    mailproto_sasl_client_free(client);
    if (p->broken)
        return p->broken;
    return p->client_state == MAILPROTO_SASL_SUCCESS && p->server_state == MAILPROTO_SASL_SUCCESS;
}

void sasl_play_clean(const struct sasl_play *p)
{
    assert_int_equal(p->memory.live, 0);
    assert_int_equal(p->memory.leaks, 0);
}
