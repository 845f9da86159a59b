/* test_sasl_config.c - what a config may say, the order of a client, its credentials, names.
 * RFC 4422 section 3.1; contract.md section 2, "Capabilities cannot lie"; mailproto/sasl.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sasl/client.h"
#include "sasl/server.h"
#include "support/allocator.h"
#include "test_sasl_provider.h"

#define TEXT(literal) ((mailproto_text){(literal), sizeof(literal) - 1})

/* ---- a server's ---- */

static mailproto_crypto all;

static mailproto_sasl_server_config server_config(uint32_t mechanisms)
{
    mailproto_sasl_server_config config;

    all = provider(15);
    mailproto_sasl_server_config_init(&config, sizeof config);
    config.mechanisms = mechanisms;
    config.crypto = &all;
    config.host_name = TEXT("mail.example.org");
    return config;
}

static void server_says(const mailproto_sasl_server_config *config, int32_t expected, const char *part)
{
    struct test_allocator memory;
    mailproto_sasl_server *server = NULL;
    const char *why = "";

    test_allocator_init(&memory);
    assert_int_equal(mailproto_sasl_server_new(&server, config, NULL, &memory.api, &why), expected);
    if (expected) {
        assert_non_null(why);
        assert_non_null(strstr(why, part));
        assert_null(server);
        assert_int_equal(mailproto_sasl_server_new(&server, config, NULL, &memory.api, NULL), expected);
    }
    mailproto_sasl_server_free(server);
    assert_int_equal(memory.live, 0);
}

enum { SCRAM = MAILPROTO_SASL_SCRAM_SHA_256, CRAM = MAILPROTO_SASL_CRAM_MD5, OTHER = MAILPROTO_SASL_OTHER };
enum { WRONG = MAILPROTO_ERR_CONFIG };

static void test_server_provider(void **state)
{
    mailproto_sasl_server_config c = server_config(SCRAM | CRAM | MAILPROTO_SASL_PLAIN);
    mailproto_crypto some = provider(MAILPROTO_HASH_SHA_256);

    (void)state;
    server_says(&c, MAILPROTO_OK, "");
    c.crypto = NULL;
    server_says(&c, WRONG, "provider");
    c.mechanisms = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_XOAUTH2 | MAILPROTO_SASL_ANONYMOUS;
    server_says(&c, MAILPROTO_OK, "");
    c.crypto = &some;
    c.mechanisms = SCRAM;
    server_says(&c, MAILPROTO_OK, "");
    c.mechanisms = SCRAM | MAILPROTO_SASL_SCRAM_SHA_512_PLUS;
    server_says(&c, WRONG, "hash");
    c.mechanisms = SCRAM;
    some.random = NULL;
    server_says(&c, WRONG, "function");
    some.struct_size = 0;
    server_says(&c, MAILPROTO_ERR_ARG, "struct_size");
}

static void test_server_config(void **state)
{
    mailproto_sasl_server_config c = server_config(0);
    char forever[5000];

    (void)state;
    memset(forever, 'x', sizeof forever);
    server_says(&c, WRONG, "no mechanism");
    c = server_config(0x4000);
    server_says(&c, WRONG, "does not know");
    c = server_config(CRAM);
    c.host_name = TEXT("");
    server_says(&c, WRONG, "host_name");
    c.host_name = TEXT("a>b");
    server_says(&c, WRONG, "host_name");
    c = server_config(SCRAM);
    c.secret = TEXT("fifteen octets.");
    server_says(&c, WRONG, "secret");
    c.secret = TEXT("sixteen octets..");
    server_says(&c, MAILPROTO_OK, "");
    c.iterations = 10000001;
    server_says(&c, WRONG, "iterations");
    c = server_config(MAILPROTO_SASL_OAUTHBEARER);
    c.oauth_scope = TEXT("a\"b");
    server_says(&c, WRONG, "oauth_scope");
    c.oauth_scope = (mailproto_text){forever, sizeof forever};
    server_says(&c, WRONG, "oauth_scope");
    c = server_config(MAILPROTO_SASL_PLAIN);
    c.max_message = (1 << 20) + 1;
    server_says(&c, WRONG, "max_message");
    c = server_config(MAILPROTO_SASL_PLAIN);
    c.stored = MAILPROTO_HASH_MD5;
    server_says(&c, WRONG, "stored");
    c.stored = MAILPROTO_HASH_SHA_1 | MAILPROTO_HASH_SHA_256;
    server_says(&c, WRONG, "stored");
    c.stored = MAILPROTO_SASL_STORED_PASSWORDS;
    server_says(&c, MAILPROTO_OK, "");
    c = server_config(MAILPROTO_SASL_PLAIN);
    c.ops = NULL;
    server_says(&c, WRONG, "config_init");
    c.struct_size = 8;
    server_says(&c, MAILPROTO_ERR_ARG, "struct_size");
}

static void test_server_other(void **state)
{
    static const char *const wrong[] = {"",     " NTLM", "NTLM ",      "NTLM  GSSAPI",
                                        "ntlm", "PLAIN", "NTLM LOGIN", "TWENTY-ONE-CHARACTERS"};
    mailproto_sasl_server_config c = server_config(OTHER);

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        c.other = (mailproto_text){wrong[i], strlen(wrong[i])};
        server_says(&c, WRONG, "`other`");
    }
    c.other = TEXT("NTLM GSSAPI X_9");
    server_says(&c, MAILPROTO_OK, "");
}

/* Engines without a config have PLAIN and LOGIN, and nothing else. */
static void test_server_without(void **state)
{
    struct mp_sasl_server_settings *settings;
    struct test_allocator memory;
    const char *why = NULL;

    (void)state;
    test_allocator_init(&memory);
    assert_int_equal(mp_sasl_server_keep(&settings, NULL, MP_SASL_ALL, &memory.api, &why), MAILPROTO_OK);
    assert_null(settings);
    assert_int_equal(mp_sasl_server_keep(&settings, NULL, SCRAM, &memory.api, &why), WRONG);
    assert_non_null(strstr(why, "SASL config"));
    assert_int_equal(mp_sasl_server_offers(MP_SASL_EVERY, NULL),
                     MP_SASL_EVERY & ~(MAILPROTO_SASL_SCRAM_PLUS | MAILPROTO_SASL_EXTERNAL));
}

/* ---- a client's ---- */

static mailproto_sasl_client_config client_config(uint32_t first, uint32_t second)
{
    mailproto_sasl_client_config config;

    all = provider(15);
    mailproto_sasl_client_config_init(&config, sizeof config);
    config.crypto = &all;
    config.order[0] = first;
    config.order[1] = second;
    return config;
}

static void client_says(const mailproto_sasl_client_config *config, int32_t expected, const char *part)
{
    struct test_allocator memory;
    mailproto_sasl_client *client = NULL;
    const char *why = "";

    test_allocator_init(&memory);
    assert_int_equal(mailproto_sasl_client_new(&client, config, NULL, 0, &memory.api, &why), expected);
    if (expected) {
        assert_non_null(strstr(why, part));
        assert_null(client);
    }
    mailproto_sasl_client_free(client);
    assert_int_equal(memory.live, 0);
}

static void test_client_config(void **state)
{
    mailproto_sasl_client_config c = client_config(SCRAM, MAILPROTO_SASL_PLAIN);

    (void)state;
    client_says(&c, MAILPROTO_OK, "");
    c.crypto = NULL;
    client_says(&c, WRONG, "provider");
    c.order[0] = 0;
    client_says(&c, MAILPROTO_OK, "");
    c = client_config(SCRAM | CRAM, 0);
    client_says(&c, WRONG, "order");
    c = client_config(0x4000, 0);
    client_says(&c, WRONG, "order");
    c = client_config(OTHER, 0);
    client_says(&c, WRONG, "`other`");
    c.other = TEXT("NTLM GSSAPI");
    client_says(&c, WRONG, "`other`");
    c.other = TEXT("NTLM");
    client_says(&c, MAILPROTO_OK, "");
    c.flags = 2;
    client_says(&c, WRONG, "flag");
    c = client_config(MAILPROTO_SASL_OAUTHBEARER, 0);
    c.host_name = TEXT("a b");
    client_says(&c, WRONG, "host_name");
    c.host_name = TEXT("");
    c.port = 65536;
    client_says(&c, WRONG, "port");
    c = client_config(SCRAM, 0);
    c.min_iterations = 1000001;
    client_says(&c, WRONG, "min_iterations");
    c = client_config(SCRAM, 0);
    c.max_message = (1 << 20) + 1;
    client_says(&c, WRONG, "max_message");
    c.ops = NULL;
    client_says(&c, WRONG, "config_init");
}

/* ---- the order ---- */

static uint32_t chosen(mailproto_sasl_client *client, const char *offered)
{
    mailproto_sasl_state state;
    int32_t result = mailproto_sasl_client_start(client, offered, strlen(offered));

    if (result == MAILPROTO_ERR_UNSUPPORTED)
        return 0;
    assert_int_equal(result, MAILPROTO_SASL_CREDENTIALS);
    mailproto_sasl_state_init(&state, sizeof state);
    mailproto_sasl_client_state(client, &state);
    return state.mechanism;
}

static mailproto_sasl_client *new_client(const mailproto_sasl_client_config *config, const mailproto_tls_info *info,
                                         uint32_t cleartext)
{
    mailproto_sasl_client *client;
    const char *why;

    assert_int_equal(mailproto_sasl_client_new(&client, config, info, cleartext, NULL, &why), MAILPROTO_OK);
    return client;
}

static void chooses(const mailproto_sasl_client_config *config, const mailproto_tls_info *info, uint32_t cleartext,
                    const char *offered, uint32_t expected)
{
    mailproto_sasl_client *client = new_client(config, info, cleartext);

    assert_int_equal(chosen(client, offered), expected);
    mailproto_sasl_client_free(client);
}

static const char every[] = "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512 SCRAM-SHA-1-PLUS "
                            "SCRAM-SHA-256-PLUS SCRAM-SHA-512-PLUS XOAUTH2 OAUTHBEARER EXTERNAL ANONYMOUS NTLM";

static void test_order(void **state)
{
    mailproto_sasl_client_config c = client_config(0, 0);
    mailproto_tls_info info;

    (void)state;
    mailproto_tls_info_init(&info, sizeof info);
    chooses(&c, &info, 0, every, MAILPROTO_SASL_SCRAM_SHA_512);
    info.exporter = TEXT("x");
    chooses(&c, &info, 0, every, MAILPROTO_SASL_SCRAM_SHA_512_PLUS);
    chooses(&c, &info, 0, "PLAIN SCRAM-SHA-1 LOGIN", MAILPROTO_SASL_SCRAM_SHA_1);
    chooses(&c, &info, 0, "login plain", MAILPROTO_SASL_PLAIN);
    chooses(&c, &info, 0, "  LOGIN ", MAILPROTO_SASL_LOGIN);
    chooses(&c, &info, 0, "CRAM-MD5 XOAUTH2 OAUTHBEARER EXTERNAL ANONYMOUS NTLM", 0); /* never by themselves */
    chooses(&c, &info, 0, "", 0);
    chooses(&c, NULL, 0, "PLAIN LOGIN", 0);
    chooses(&c, NULL, 1, "PLAIN LOGIN", MAILPROTO_SASL_PLAIN);
    chooses(&c, NULL, 0, every, MAILPROTO_SASL_SCRAM_SHA_512);
    all.hashes = MAILPROTO_HASH_SHA_1 | MAILPROTO_HASH_SHA_256;
    chooses(&c, &info, 0, every, MAILPROTO_SASL_SCRAM_SHA_256_PLUS);
    c.crypto = NULL;
    chooses(&c, &info, 0, every, MAILPROTO_SASL_PLAIN);
    c = client_config(MAILPROTO_SASL_LOGIN, CRAM);
    chooses(&c, &info, 0, every, MAILPROTO_SASL_LOGIN);
    chooses(&c, NULL, 0, every, CRAM);
    chooses(&c, NULL, 0, "PLAIN", 0);
    c = client_config(MAILPROTO_SASL_XOAUTH2, MAILPROTO_SASL_OAUTHBEARER);
    chooses(&c, NULL, 0, every, 0);
    c = client_config(OTHER, 0);
    c.other = TEXT("NTLM");
    chooses(&c, NULL, 0, every, OTHER);
    chooses(&c, NULL, 0, "ntlm", OTHER);
    chooses(&c, NULL, 0, "NTLMV2 NTL", 0);
}

/* After a refusal the next one, and never one that was tried. */
static void test_next(void **state)
{
    mailproto_sasl_client_config c = client_config(MAILPROTO_SASL_LOGIN, MAILPROTO_SASL_PLAIN);
    mailproto_sasl_client *client = new_client(&c, NULL, 1);

    (void)state;
    assert_int_equal(chosen(client, every), MAILPROTO_SASL_LOGIN);
    assert_int_equal(mailproto_sasl_client_credentials(client, NULL, 0, "a", 1, "b", 1), MAILPROTO_SASL_SEND);
    assert_int_equal(mailproto_sasl_client_outcome(client, 0), MAILPROTO_SASL_FAILURE);
    assert_int_equal(chosen(client, every), MAILPROTO_SASL_PLAIN);
    assert_int_equal(mailproto_sasl_client_credentials(client, NULL, 0, "a", 1, "b", 1), MAILPROTO_SASL_SEND);
    assert_int_equal(mailproto_sasl_client_outcome(client, 0), MAILPROTO_SASL_FAILURE);
    assert_int_equal(chosen(client, every), 0);
    mailproto_sasl_client_free(client);
}

/* ---- credentials ---- */

static void gives(uint32_t mechanism, mailproto_text authorization, mailproto_text name, mailproto_text password,
                  int32_t expected)
{
    mailproto_sasl_client_config c = client_config(mechanism, 0);
    mailproto_sasl_client *client = new_client(&c, NULL, 1);

    assert_int_equal(chosen(client, every), mechanism);
    assert_int_equal(mailproto_sasl_client_credentials(client, authorization.ptr, authorization.len, name.ptr, name.len,
                                                       password.ptr, password.len),
                     expected);
    mailproto_sasl_client_free(client);
}

static void test_credentials(void **state)
{
    static char text[5000];
    const mailproto_text none = {NULL, 0}, name = TEXT("user"), password = TEXT("pencil"), nul = TEXT("a\0b");
    const int32_t arg = MAILPROTO_ERR_ARG, limit = MAILPROTO_ERR_LIMIT, send = MAILPROTO_SASL_SEND;

    (void)state;
    memset(text, 'x', sizeof text);
    gives(MAILPROTO_SASL_PLAIN, none, name, password, send);
    gives(MAILPROTO_SASL_PLAIN, none, none, password, arg);
    gives(MAILPROTO_SASL_PLAIN, none, name, none, arg);
    gives(MAILPROTO_SASL_PLAIN, nul, name, password, arg);
    gives(MAILPROTO_SASL_PLAIN, none, nul, password, arg);
    gives(MAILPROTO_SASL_PLAIN, none, name, nul, arg);
    gives(MAILPROTO_SASL_PLAIN, none, name, TEXT("\xff"), arg);
    gives(MAILPROTO_SASL_PLAIN, (mailproto_text){text, 1024}, (mailproto_text){text, 1024},
          (mailproto_text){text, 4096}, send);
    gives(MAILPROTO_SASL_PLAIN, (mailproto_text){text, 1025}, name, password, limit);
    gives(MAILPROTO_SASL_PLAIN, none, (mailproto_text){text, 1025}, password, limit);
    gives(MAILPROTO_SASL_PLAIN, none, name, (mailproto_text){text, 4097}, limit);
    gives(MAILPROTO_SASL_LOGIN, TEXT("boss"), name, password, arg);
    gives(MAILPROTO_SASL_LOGIN, name, name, password, send);
    gives(CRAM, TEXT("boss"), name, password, arg);
    gives(CRAM, none, TEXT("\7"), password, arg);
    gives(SCRAM, none, name, TEXT("\7"), arg);
    gives(SCRAM, none, name, (mailproto_text){text, 1025}, limit);
    gives(SCRAM, TEXT("boss"), name, password, send);
    gives(MAILPROTO_SASL_XOAUTH2, none, TEXT("a\1b"), password, arg);
    gives(MAILPROTO_SASL_XOAUTH2, none, name, TEXT("to ken"), arg);
    gives(MAILPROTO_SASL_XOAUTH2, none, name, TEXT("to\1ken"), arg);
    gives(MAILPROTO_SASL_XOAUTH2, none, none, password, arg);
    gives(MAILPROTO_SASL_OAUTHBEARER, none, none, password, send);
    gives(MAILPROTO_SASL_OAUTHBEARER, none, none, TEXT("to\nken"), arg);
    gives(MAILPROTO_SASL_ANONYMOUS, none, TEXT("a@b@c"), none, arg);
    gives(MAILPROTO_SASL_ANONYMOUS, none, (mailproto_text){text, 256}, none, arg);
    gives(MAILPROTO_SASL_ANONYMOUS, none, (mailproto_text){text, 255}, none, send);
    gives(MAILPROTO_SASL_EXTERNAL, none, none, none, send);
}

/* ---- names ---- */

static void assert_text(mailproto_text text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void test_names(void **state)
{
    char names[MP_SASL_NAMES_MAX + 20];

    (void)state;
    for (uint32_t bit = 1; bit < MAILPROTO_SASL_OTHER; bit <<= 1) {
        const char *name = mailproto_sasl_mechanism_name(bit);

        assert_non_null(name);
        assert_int_equal(mailproto_sasl_mechanism(name, strlen(name)), bit);
        assert_int_equal(mailproto_sasl_mechanism(name, strlen(name) - 1) & bit, 0);
    }
    assert_null(mailproto_sasl_mechanism_name(0));
    assert_null(mailproto_sasl_mechanism_name(MAILPROTO_SASL_OTHER));
    assert_null(mailproto_sasl_mechanism_name(3));
    assert_int_equal(mailproto_sasl_mechanism("", 0), 0);
    assert_int_equal(mailproto_sasl_mechanism("scram-sha-256-plus", 18), MAILPROTO_SASL_SCRAM_SHA_256_PLUS);
    assert_text(
        (mailproto_text){names, mp_sasl_names(names, MP_SASL_EVERY, TEXT("NTLM GSSAPI"))},
        " SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5"
        " EXTERNAL OAUTHBEARER XOAUTH2 PLAIN LOGIN ANONYMOUS NTLM GSSAPI");
    assert_true(mp_sasl_names(names, MP_SASL_EVERY & ~OTHER, TEXT("")) <= MP_SASL_NAMES_MAX);
    assert_int_equal(mp_sasl_names(names, 0, TEXT("NTLM")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_provider),
        cmocka_unit_test(test_server_config),
        cmocka_unit_test(test_server_other),
        cmocka_unit_test(test_server_without),
        cmocka_unit_test(test_client_config),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
