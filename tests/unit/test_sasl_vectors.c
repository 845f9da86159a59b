/* test_sasl_vectors.c - the mechanisms against the examples of their RFCs, to the octet.
 * RFC 5802 section 5, RFC 7677 section 3, RFC 2195 section 2, RFC 4616 section 4, RFC 7628 section 4, RFC 1939 section 7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mime/base64.h"
#include "sasl/apop.h"
#include "sasl/scram.h"
#include "support/allocator.h"
#include "support/recorded_crypto.h"

#define TEXT(literal) ((mailproto_text){(literal), sizeof(literal) - 1})

/* ---- nonces of the examples: the linker puts this function in the place of the library's ---- */

static const char *next_nonce;

int32_t __wrap_mp_scram_nonce(const mailproto_crypto *crypto, char *out, size_t *len);
int32_t __wrap_mp_scram_nonce(const mailproto_crypto *crypto, char *out, size_t *len)
{
    (void)crypto;
    *len = strlen(next_nonce);
    assert_true(*len <= MP_SCRAM_NONCE_TEXT);
    memcpy(out, next_nonce, *len);
    return MAILPROTO_OK;
}

/* ---- both sides ---- */

static struct recorded_crypto crypto;

static mailproto_sasl_client *new_client(uint32_t mechanism, const mailproto_tls_info *tls)
{
    mailproto_sasl_client_config config;
    mailproto_sasl_client *client;
    const char *name = mailproto_sasl_mechanism_name(mechanism), *why;

    recorded_crypto_init(&crypto);
    mailproto_sasl_client_config_init(&config, sizeof config);
    config.crypto = &crypto.api;
    config.order[0] = mechanism;
    config.host_name = TEXT("server.example.com");
    config.port = 143;
    assert_int_equal(mailproto_sasl_client_new(&client, &config, tls, 1, NULL, &why), MAILPROTO_OK);
    assert_int_equal(mailproto_sasl_client_start(client, name, strlen(name)), MAILPROTO_SASL_CREDENTIALS);
    return client;
}

static mailproto_sasl_server *new_server(uint32_t mechanism, const mailproto_tls_info *tls)
{
    mailproto_sasl_server_config config;
    mailproto_sasl_server *server;
    const char *why;

    recorded_crypto_init(&crypto);
    mailproto_sasl_server_config_init(&config, sizeof config);
    config.crypto = &crypto.api;
    config.mechanisms = mechanism;
    config.host_name = TEXT("postoffice.example.net");
    config.oauth_scope = TEXT("example_scope");
    config.oauth_configuration = TEXT("https://example.com/.well-known/openid-configuration");
    assert_int_equal(mailproto_sasl_server_new(&server, &config, tls, NULL, &why), MAILPROTO_OK);
    return server;
}

static int32_t give(mailproto_sasl_client *client, const char *authorization, const char *name, const char *password)
{
    return mailproto_sasl_client_credentials(client, authorization, strlen(authorization), name, strlen(name), password,
                                             strlen(password));
}

static void assert_message(const mailproto_sasl_state *state, mailproto_text expected)
{
    assert_int_equal(state->state, MAILPROTO_SASL_SEND);
    assert_true(state->has_message);
    assert_int_equal(state->message.len, expected.len);
    if (expected.len)
        assert_memory_equal(state->message.ptr, expected.ptr, expected.len);
}

static void client_says(const mailproto_sasl_client *client, mailproto_text expected)
{
    mailproto_sasl_state state;

    mailproto_sasl_state_init(&state, sizeof state);
    assert_int_equal(mailproto_sasl_client_state(client, &state), MAILPROTO_OK);
    assert_message(&state, expected);
}

static void server_says(const mailproto_sasl_server *server, mailproto_text expected)
{
    mailproto_sasl_state state;

    mailproto_sasl_state_init(&state, sizeof state);
    assert_int_equal(mailproto_sasl_server_state(server, &state), MAILPROTO_OK);
    assert_message(&state, expected);
}

static mailproto_sasl_state asked(const mailproto_sasl_server *server)
{
    mailproto_sasl_state state;

    mailproto_sasl_state_init(&state, sizeof state);
    assert_int_equal(mailproto_sasl_server_state(server, &state), MAILPROTO_OK);
    return state;
}

static void assert_text(mailproto_text text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

/* ---- SCRAM ---- */

struct scram {
    uint32_t mechanism, hash;
    const char *authorization, *client_nonce, *server_nonce, *salt;
    mailproto_text client_first, server_first, client_final, server_final;
};

/* RFC 5802 5 */
static const struct scram sha_1 = {
    MAILPROTO_SASL_SCRAM_SHA_1,
    MAILPROTO_HASH_SHA_1,
    "",
    "fyko+d2lbbFgONRv9qkxdawL",
    "3rfcNHYJY1ZVvWVs7j",
    "QSXCR+Q6sek8bf92",
    {"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", 36},
    {"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096", 70},
    {"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", 82},
    {"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", 30},
};

#define NONCE_256 "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define LITERAL(text)                                                                                                  \
    {                                                                                                                  \
        (text), sizeof(text) - 1                                                                                       \
    }

/* RFC 7677 3 */
static const struct scram sha_256 = {
    MAILPROTO_SASL_SCRAM_SHA_256,
    MAILPROTO_HASH_SHA_256,
    "",
    "rOprNGfwEbeRWgbNEkqO",
    "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    "W22ZaJ0SNY7soEsUEjb6gQ==",
    LITERAL("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
    LITERAL("r=" NONCE_256 ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
    LITERAL("c=biws,r=" NONCE_256 ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
    LITERAL("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="),
};

/* There is no example of SHA-512 in its draft: this is RFC 7677's with the other hash. In Python, H = lambda k, m:
   hmac.new(k, m, "sha512").digest(); salted = hashlib.pbkdf2_hmac("sha512", b"pencil", salt, 4096); key = H(salted, b"Client
   Key"); proof = key xor H(hashlib.sha512(key).digest(), message); signature = H(H(salted, b"Server Key"), message). */
static const struct scram sha_512 = {
    MAILPROTO_SASL_SCRAM_SHA_512,
    MAILPROTO_HASH_SHA_512,
    "",
    "rOprNGfwEbeRWgbNEkqO",
    "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    "W22ZaJ0SNY7soEsUEjb6gQ==",
    LITERAL("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
    LITERAL("r=" NONCE_256 ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
    LITERAL("c=biws,r=" NONCE_256 ",p=gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTx"
            "wnYPJQ=="),
    LITERAL("v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw=="),
};

/* RFC 7677's with a channel binding and a name to act as, computed as that of SHA-512 was. */
static const struct scram sha_256_plus = {
    MAILPROTO_SASL_SCRAM_SHA_256_PLUS,
    MAILPROTO_HASH_SHA_256,
    "bo,ss",
    "rOprNGfwEbeRWgbNEkqO",
    "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    "W22ZaJ0SNY7soEsUEjb6gQ==",
    LITERAL("p=tls-unique,a=bo=2Css,n=user,r=rOprNGfwEbeRWgbNEkqO"),
    LITERAL("r=" NONCE_256 ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
    LITERAL("c=cD10bHMtdW5pcXVlLGE9Ym89MkNzcyxmaW5pc2hlZABvY3RldHM=,r=" NONCE_256
            ",p=k0WH83z4F/LXZyCYTEcraUcZgbupcBO2BrpcPLAC2K0="),
    LITERAL("v=5xOReM4hk9zY9DRCOQoFWrP5yIRWtQgefWo0Miio9Yc="),
};

static const mailproto_tls_info *channel(const struct scram *v)
{
    static mailproto_tls_info info;

    mailproto_tls_info_init(&info, sizeof info);
    info.version = 0x0303;
    info.unique = TEXT("finished\0octets");
    return v->mechanism & MAILPROTO_SASL_SCRAM_PLUS ? &info : NULL;
}

static void scram_client(const struct scram *v)
{
    mailproto_sasl_client *client = new_client(v->mechanism, channel(v));

    next_nonce = v->client_nonce;
    assert_int_equal(give(client, v->authorization, "user", "pencil"), MAILPROTO_SASL_SEND);
    client_says(client, v->client_first);
    assert_int_equal(mailproto_sasl_client_challenged(client, v->server_first.ptr, v->server_first.len),
                     MAILPROTO_SASL_DERIVE);
    assert_int_equal(mailproto_sasl_client_derived(client, NULL, 0), MAILPROTO_SASL_SEND);
    client_says(client, v->client_final);
    assert_int_equal(mailproto_sasl_client_challenged(client, v->server_final.ptr, v->server_final.len),
                     MAILPROTO_SASL_SEND);
    client_says(client, TEXT(""));
    assert_int_equal(mailproto_sasl_client_outcome(client, 1), MAILPROTO_SASL_SUCCESS);
    mailproto_sasl_client_free(client);
}

/* The keys that the server of the example has stored. */
static void example_keys(const struct scram *v, mailproto_sasl_keys *keys, uint8_t *room)
{
    size_t salt, n = mailproto_hash_size(v->hash);
    uint8_t salted[MAILPROTO_DIGEST_MAX], key[MAILPROTO_DIGEST_MAX];

    assert_int_equal(mp_base64_decode(room, 16, v->salt, strlen(v->salt), &salt), 0);
    assert_int_equal(mailproto_sasl_derive(&crypto.api, v->hash, "pencil", 6, room, salt, 4096, salted), MAILPROTO_OK);
    crypto.api.hmac(v->hash, salted, n, "Client Key", 10, key, &crypto);
    crypto.api.hash(v->hash, key, n, room + 16, &crypto);
    crypto.api.hmac(v->hash, salted, n, "Server Key", 10, room + 16 + n, &crypto);
    mailproto_sasl_keys_init(keys, sizeof *keys);
    keys->hash = v->hash;
    keys->iterations = 4096;
    keys->salt = (mailproto_text){(const char *)room, salt};
    keys->stored_key = (mailproto_text){(const char *)room + 16, n};
    keys->server_key = (mailproto_text){(const char *)room + 16 + n, n};
}

static void scram_server(const struct scram *v)
{
    mailproto_sasl_server *server = new_server(v->mechanism, channel(v));
    const char *name = mailproto_sasl_mechanism_name(v->mechanism);
    uint8_t room[16 + 2 * MAILPROTO_DIGEST_MAX];
    mailproto_sasl_keys keys;

    next_nonce = v->server_nonce;
    assert_int_equal(mailproto_sasl_server_start(server, name, strlen(name), v->client_first.ptr, v->client_first.len),
                     MAILPROTO_SASL_KEYS);
    assert_text(asked(server).name, "user");
    assert_text(asked(server).authorization, v->authorization);
    assert_int_equal(asked(server).hash, v->hash);
    example_keys(v, &keys, room);
    assert_int_equal(mailproto_sasl_server_keys(server, &keys), MAILPROTO_SASL_SEND);
    server_says(server, v->server_first);
    assert_int_equal(mailproto_sasl_server_respond(server, v->client_final.ptr, v->client_final.len),
                     MAILPROTO_SASL_AUTH);
    assert_int_equal(asked(server).outcome, MAILPROTO_SASL_PROVEN);
    assert_int_equal(mailproto_sasl_server_verdict(server, 1), MAILPROTO_SASL_SEND);
    server_says(server, v->server_final);
    assert_int_equal(mailproto_sasl_server_respond(server, NULL, 0), MAILPROTO_SASL_SUCCESS);
    mailproto_sasl_server_free(server);
}

static void test_scram_sha_1(void **state)
{
    (void)state;
    scram_client(&sha_1);
    scram_server(&sha_1);
}

static void test_scram_sha_256(void **state)
{
    (void)state;
    scram_client(&sha_256);
    scram_server(&sha_256);
}

static void test_scram_sha_512(void **state)
{
    (void)state;
    scram_client(&sha_512);
    scram_server(&sha_512);
}

static void test_scram_sha_256_plus(void **state)
{
    (void)state;
    scram_client(&sha_256_plus);
    scram_server(&sha_256_plus);
}

/* ---- CRAM-MD5, PLAIN, LOGIN ---- */

/* RFC 2195 2 */
static void test_cram_md5(void **state)
{
    static const char challenge[] = "<1896.697170952@postoffice.reston.mci.net>";
    mailproto_sasl_client *client = new_client(MAILPROTO_SASL_CRAM_MD5, NULL);
    mailproto_sasl_state waits;

    (void)state;
    assert_int_equal(give(client, "", "tim", "tanstaaftanstaaf"), MAILPROTO_SASL_SEND);
    mailproto_sasl_state_init(&waits, sizeof waits);
    mailproto_sasl_client_state(client, &waits);
    assert_false(waits.has_message);
    assert_int_equal(mailproto_sasl_client_challenged(client, challenge, strlen(challenge)), MAILPROTO_SASL_SEND);
    client_says(client, TEXT("tim b913a602c7eda7a495b4e6e7334d3890"));
    assert_int_equal(mailproto_sasl_client_outcome(client, 1), MAILPROTO_SASL_SUCCESS);
    mailproto_sasl_client_free(client);
}

/* RFC 4616 4 */
static void test_plain(void **state)
{
    mailproto_sasl_client *client = new_client(MAILPROTO_SASL_PLAIN, NULL);
    mailproto_sasl_server *server = new_server(MAILPROTO_SASL_PLAIN, NULL);
    mailproto_text message = TEXT("Ursel\0Kurt\0xipj3plmq");

    (void)state;
    assert_int_equal(give(client, "Ursel", "Kurt", "xipj3plmq"), MAILPROTO_SASL_SEND);
    client_says(client, message);
    assert_int_equal(mailproto_sasl_server_start(server, "PLAIN", 5, message.ptr, message.len), MAILPROTO_SASL_AUTH);
    assert_int_equal(asked(server).outcome, MAILPROTO_SASL_CHECK);
    assert_text(asked(server).authorization, "Ursel");
    assert_text(asked(server).name, "Kurt");
    assert_text(asked(server).password, "xipj3plmq");
    message = TEXT("\0tim\0tanstaaftanstaaf");
    assert_int_equal(mailproto_sasl_server_start(server, "plain", 5, message.ptr, message.len), MAILPROTO_SASL_AUTH);
    assert_text(asked(server).authorization, "");
    assert_text(asked(server).name, "tim");
    assert_int_equal(mailproto_sasl_server_verdict(server, 1), MAILPROTO_SASL_SUCCESS);
    mailproto_sasl_client_free(client);
    mailproto_sasl_server_free(server);
}

static void test_login(void **state)
{
    mailproto_sasl_client *client = new_client(MAILPROTO_SASL_LOGIN, NULL);
    mailproto_sasl_server *server = new_server(MAILPROTO_SASL_LOGIN, NULL);

    (void)state;
    assert_int_equal(mailproto_sasl_server_start(server, "LOGIN", 5, NULL, 0), MAILPROTO_SASL_SEND);
    server_says(server, TEXT("Username:"));
    assert_int_equal(give(client, "", "tim", "tanstaaf"), MAILPROTO_SASL_SEND);
    assert_int_equal(mailproto_sasl_client_challenged(client, "Username:", 9), MAILPROTO_SASL_SEND);
    client_says(client, TEXT("tim"));
    assert_int_equal(mailproto_sasl_server_respond(server, "tim", 3), MAILPROTO_SASL_SEND);
    server_says(server, TEXT("Password:"));
    assert_int_equal(mailproto_sasl_client_challenged(client, "Password:", 9), MAILPROTO_SASL_SEND);
    client_says(client, TEXT("tanstaaf"));
    assert_int_equal(mailproto_sasl_server_respond(server, "tanstaaf", 8), MAILPROTO_SASL_AUTH);
    assert_text(asked(server).name, "tim");
    assert_text(asked(server).password, "tanstaaf");
    mailproto_sasl_client_free(client);
    mailproto_sasl_server_free(server);
}

/* ---- tokens ---- */

#define TOKEN "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="

/* RFC 7628 4.1 */
static void test_oauthbearer(void **state)
{
    static const char in_base64[] =
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI"
        "HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB";
    mailproto_sasl_client *client = new_client(MAILPROTO_SASL_OAUTHBEARER, NULL);
    mailproto_sasl_server *server = new_server(MAILPROTO_SASL_OAUTHBEARER, NULL);
    char message[200];
    size_t n;

    (void)state;
    assert_int_equal(mp_base64_decode(message, sizeof message, in_base64, strlen(in_base64), &n), 0);
    assert_int_equal(give(client, "", "user@example.com", TOKEN), MAILPROTO_SASL_SEND);
    client_says(client, (mailproto_text){message, n});
    assert_int_equal(mailproto_sasl_client_outcome(client, 1), MAILPROTO_SASL_SUCCESS);
    assert_int_equal(mailproto_sasl_server_start(server, "OAUTHBEARER", 11, message, n), MAILPROTO_SASL_AUTH);
    assert_text(asked(server).authorization, "user@example.com");
    assert_text(asked(server).password, TOKEN);
    assert_text(asked(server).host, "server.example.com");
    assert_int_equal(asked(server).port, 143);
    assert_int_equal(mailproto_sasl_server_verdict(server, 1), MAILPROTO_SASL_SUCCESS);
    mailproto_sasl_client_free(client);
    mailproto_sasl_server_free(server);
}

/* RFC 7628 4.3: an empty token asks for the scope. */
static void test_oauthbearer_refused(void **state)
{
    mailproto_text message = TEXT("n,a=user@example.com,\1host=server.example.com\1port=143\1auth=\1\1");
    mailproto_text json = TEXT("{\"status\":\"invalid_token\",\"scope\":\"example_scope\","
                               "\"openid-configuration\":\"https://example.com/.well-known/openid-configuration\"}");
    mailproto_sasl_client *client = new_client(MAILPROTO_SASL_OAUTHBEARER, NULL);
    mailproto_sasl_server *server = new_server(MAILPROTO_SASL_OAUTHBEARER, NULL);

    (void)state;
    assert_int_equal(mailproto_sasl_server_start(server, "OAUTHBEARER", 11, message.ptr, message.len),
                     MAILPROTO_SASL_AUTH);
    assert_int_equal(asked(server).outcome, MAILPROTO_SASL_REFUSED);
    assert_int_equal(mailproto_sasl_server_verdict(server, 1), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_sasl_server_verdict(server, 0), MAILPROTO_SASL_SEND);
    server_says(server, json);
    assert_int_equal(give(client, "", "user@example.com", TOKEN), MAILPROTO_SASL_SEND);
    assert_int_equal(mailproto_sasl_client_challenged(client, json.ptr, json.len), MAILPROTO_SASL_SEND);
    client_says(client, TEXT("\1"));
    assert_int_equal(mailproto_sasl_server_respond(server, "\1", 1), MAILPROTO_SASL_FAILURE);
    assert_int_equal(mailproto_sasl_client_outcome(client, 0), MAILPROTO_SASL_FAILURE);
    mailproto_sasl_client_free(client);
    mailproto_sasl_server_free(server);
}

/* The example of its document, "The SASL XOAUTH2 Mechanism". */
static void test_xoauth2(void **state)
{
    static const char in_base64[] =
        "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJ"
        "oZG1semRHRXVZMjl0Q2cBAQ==";
    mailproto_sasl_client *client = new_client(MAILPROTO_SASL_XOAUTH2, NULL);
    mailproto_sasl_server *server = new_server(MAILPROTO_SASL_XOAUTH2, NULL);
    char message[200];
    size_t n;

    (void)state;
    assert_int_equal(mp_base64_decode(message, sizeof message, in_base64, strlen(in_base64), &n), 0);
    assert_int_equal(give(client, "", "someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"),
                     MAILPROTO_SASL_SEND);
    client_says(client, (mailproto_text){message, n});
    assert_int_equal(mailproto_sasl_server_start(server, "XOAUTH2", 7, message, n), MAILPROTO_SASL_AUTH);
    assert_text(asked(server).name, "someuser@example.com");
    assert_text(asked(server).password, "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg");
    assert_int_equal(mailproto_sasl_server_verdict(server, 0), MAILPROTO_SASL_SEND);
    assert_int_equal(mailproto_sasl_server_respond(server, NULL, 0), MAILPROTO_SASL_FAILURE);
    mailproto_sasl_client_free(client);
    mailproto_sasl_server_free(server);
}

/* ---- APOP ---- */

/* RFC 1939 7 */
static void test_apop(void **state)
{
    const mailproto_text timestamp = TEXT("<1896.697170952@dbc.mtview.ca.us>"), password = TEXT("tanstaaf");
    const mailproto_text expected = TEXT("c4c9334bac560ecc979e58001b3e22fb"), nobody = {NULL, 0};
    struct test_allocator memory;
    char digest[MP_APOP_DIGEST], made[MP_APOP_TIMESTAMP + 12];
    int same;

    (void)state;
    recorded_crypto_init(&crypto);
    test_allocator_init(&memory);
    memory.secret = "tanstaaf";
    assert_int_equal(mp_apop_digest(&crypto.api, &memory.api, timestamp, password, digest), MAILPROTO_OK);
    assert_memory_equal(digest, expected.ptr, sizeof digest);
    assert_int_equal(mp_apop_check(&crypto.api, &memory.api, timestamp, password, expected, &same), MAILPROTO_OK);
    assert_true(same);
    assert_int_equal(mp_apop_check(&crypto.api, &memory.api, timestamp, TEXT("tanstaa"), expected, &same),
                     MAILPROTO_OK);
    assert_false(same);
    assert_int_equal(mp_apop_check(&crypto.api, &memory.api, timestamp, nobody, expected, &same), MAILPROTO_OK);
    assert_false(same);
    assert_string_equal(crypto.log, "hash1 hash1 hash1 hash1 ");
    assert_int_equal(mp_apop_timestamp(&crypto.api, TEXT("example.org"), made), MAILPROTO_OK);
    assert_memory_equal(made + MP_APOP_TIMESTAMP - 1, "@example.org>", 12);
    assert_int_equal(memory.leaks, 0);
    assert_int_equal(memory.live, 0);
    memory.fail_at = 1;
    memory.count = 0;
    assert_int_equal(mp_apop_check(&crypto.api, &memory.api, timestamp, password, expected, &same),
                     MAILPROTO_ERR_NOMEM);
    assert_false(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scram_sha_1),
        cmocka_unit_test(test_scram_sha_256),
        cmocka_unit_test(test_scram_sha_512),
        cmocka_unit_test(test_scram_sha_256_plus),
        cmocka_unit_test(test_cram_md5),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_oauthbearer),
        cmocka_unit_test(test_oauthbearer_refused),
        cmocka_unit_test(test_xoauth2),
        cmocka_unit_test(test_apop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
