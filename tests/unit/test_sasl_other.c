/* test_sasl_other.c - what hosts give: the steps of mechanisms of their own, and keys.
 * RFC 4422 section 3; RFC 5802 section 3; mailproto/sasl.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mailproto/sasl.h>

#include "support/allocator.h"
#include "test_sasl_provider.h"

#define TEXT(literal) ((mailproto_text){(literal), sizeof(literal) - 1})

static mailproto_crypto all;

/* ---- the host's own ---- */

static mailproto_sasl_state server_waits(const mailproto_sasl_server *server)
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

static mailproto_sasl_server *other_server(struct test_allocator *memory)
{
    mailproto_sasl_server_config c;
    mailproto_sasl_server *server;

    test_allocator_init(memory);
    mailproto_sasl_server_config_init(&c, sizeof c);
    c.mechanisms = MAILPROTO_SASL_OTHER | MAILPROTO_SASL_PLAIN;
    c.other = TEXT("NTLM GSSAPI");
    assert_int_equal(mailproto_sasl_server_new(&server, &c, NULL, &memory->api, NULL), MAILPROTO_OK);
    return server;
}

static void test_other_server(void **state)
{
    struct test_allocator memory;
    mailproto_sasl_server *server = other_server(&memory);
    mailproto_sasl_stepped stepped;

    (void)state;
    memory.secret = "ticket";
    assert_int_equal(mailproto_sasl_server_start(server, "gssapi", 6, "ticket", 6), MAILPROTO_SASL_STEP);
    assert_text(server_waits(server).mechanism_name, "GSSAPI");
    assert_text(server_waits(server).message, "ticket");
    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    stepped.message = TEXT("challenge");
    assert_int_equal(mailproto_sasl_server_step(server, &stepped), MAILPROTO_SASL_SEND);
    assert_text(server_waits(server).message, "challenge");
    assert_int_equal(mailproto_sasl_server_respond(server, NULL, 0), MAILPROTO_SASL_STEP);
    assert_true(server_waits(server).has_message);
    stepped.result = MAILPROTO_SASL_STEP_DONE;
    stepped.name = TEXT("user");
    stepped.authorization = TEXT("boss");
    assert_int_equal(mailproto_sasl_server_step(server, &stepped), MAILPROTO_SASL_AUTH);
    assert_int_equal(server_waits(server).outcome, MAILPROTO_SASL_PROVEN);
    assert_text(server_waits(server).name, "user");
    assert_text(server_waits(server).authorization, "boss");
    assert_int_equal(mailproto_sasl_server_keys(server, NULL), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_sasl_server_verdict(server, 1), MAILPROTO_SASL_SUCCESS);
    mailproto_sasl_server_free(server);
    assert_int_equal(memory.leaks, 0);
    assert_int_equal(memory.live, 0);
}

static void test_other_server_fails(void **state)
{
    struct test_allocator memory;
    mailproto_sasl_server *server = other_server(&memory);
    mailproto_sasl_stepped stepped;
    static char text[8193];

    (void)state;
    assert_int_equal(mailproto_sasl_server_start(server, "NTLM", 4, NULL, 0), MAILPROTO_SASL_STEP);
    assert_false(server_waits(server).has_message);
    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    stepped.result = 3;
    assert_int_equal(mailproto_sasl_server_step(server, &stepped), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_sasl_server_step(server, NULL), MAILPROTO_ERR_ARG);
    stepped.result = MAILPROTO_SASL_STEP_FAIL;
    stepped.message = (mailproto_text){text, sizeof text};
    assert_int_equal(mailproto_sasl_server_step(server, &stepped), MAILPROTO_ERR_LIMIT);
    stepped.message = TEXT("");
    stepped.name = TEXT("a\0b");
    assert_int_equal(mailproto_sasl_server_step(server, &stepped), MAILPROTO_ERR_ARG);
    stepped.name = TEXT("user");
    assert_int_equal(mailproto_sasl_server_step(server, &stepped), MAILPROTO_SASL_AUTH);
    assert_int_equal(server_waits(server).outcome, MAILPROTO_SASL_REFUSED);
    assert_text(server_waits(server).name, "user");
    assert_int_equal(mailproto_sasl_server_verdict(server, 0), MAILPROTO_SASL_FAILURE);
    assert_int_equal(mailproto_sasl_server_start(server, "NTLM", 4, NULL, 0), MAILPROTO_SASL_STEP);
    assert_int_equal(mailproto_sasl_server_fail(server, MAILPROTO_OK), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_sasl_server_fail(server, MAILPROTO_ERR_HOST), MAILPROTO_SASL_FAILURE);
    assert_int_equal(server_waits(server).why, MAILPROTO_ERR_HOST);
    for (size_t at = 1; at < 3; at++) {
        memory.fail_at = memory.count + at;
        assert_int_equal(mailproto_sasl_server_start(server, "NTLM", 4, "x", 1), MAILPROTO_ERR_NOMEM);
        assert_int_equal(server_waits(server).state, MAILPROTO_SASL_FAILURE);
    }
    mailproto_sasl_server_free(server);
    assert_int_equal(memory.live, 0);
}

static mailproto_sasl_client *other_client(void)
{
    mailproto_sasl_client_config c;
    mailproto_sasl_client *client;

    mailproto_sasl_client_config_init(&c, sizeof c);
    c.order[0] = MAILPROTO_SASL_OTHER;
    c.other = TEXT("NTLM");
    assert_int_equal(mailproto_sasl_client_new(&client, &c, NULL, 0, NULL, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_sasl_client_start(client, "PLAIN NTLM", 10), MAILPROTO_SASL_CREDENTIALS);
    return client;
}

static void test_other_client(void **state)
{
    mailproto_sasl_client *client = other_client();
    mailproto_sasl_stepped stepped;
    mailproto_sasl_state waits;

    (void)state;
    mailproto_sasl_state_init(&waits, sizeof waits);
    assert_int_equal(mailproto_sasl_client_credentials(client, NULL, 0, NULL, 0, NULL, 0), MAILPROTO_SASL_STEP);
    mailproto_sasl_client_state(client, &waits);
    assert_false(waits.has_message);
    mailproto_sasl_stepped_init(&stepped, sizeof stepped); /* the server is to begin */
    assert_int_equal(mailproto_sasl_client_step(client, &stepped), MAILPROTO_SASL_SEND);
    mailproto_sasl_client_state(client, &waits);
    assert_false(waits.has_message);
    assert_text(waits.mechanism_name, "NTLM");
    assert_int_equal(mailproto_sasl_client_challenged(client, "challenge", 9), MAILPROTO_SASL_STEP);
    mailproto_sasl_client_state(client, &waits);
    assert_text(waits.message, "challenge");
    stepped.result = MAILPROTO_SASL_STEP_DONE;
    stepped.message = TEXT("response");
    assert_int_equal(mailproto_sasl_client_step(client, &stepped), MAILPROTO_SASL_SEND);
    mailproto_sasl_client_state(client, &waits);
    assert_text(waits.message, "response");
    assert_true(waits.last);
    assert_int_equal(mailproto_sasl_client_outcome(client, 1), MAILPROTO_SASL_SUCCESS);
    mailproto_sasl_client_free(client);
    client = other_client();
    assert_int_equal(mailproto_sasl_client_credentials(client, NULL, 0, NULL, 0, NULL, 0), MAILPROTO_SASL_STEP);
    stepped.result = MAILPROTO_SASL_STEP_FAIL;
    assert_int_equal(mailproto_sasl_client_step(client, &stepped), MAILPROTO_SASL_FAILURE);
    mailproto_sasl_client_free(client);
}

/* ---- keys ---- */

static void test_keys(void **state)
{
    mailproto_crypto crypto = provider(MAILPROTO_HASH_SHA_256);
    uint8_t room[16 + 2 * MAILPROTO_DIGEST_MAX], key[MAILPROTO_DIGEST_MAX];
    mailproto_sasl_keys keys;
    char longest[1025];

    (void)state;
    memset(longest, 'x', sizeof longest);
    mailproto_sasl_keys_init(&keys, sizeof keys);
    assert_int_equal(mailproto_sasl_make_keys(&keys, room, &crypto, MAILPROTO_HASH_SHA_1, "pencil", 6, 0),
                     MAILPROTO_ERR_UNSUPPORTED);
    assert_int_equal(mailproto_sasl_make_keys(&keys, room, &crypto, MAILPROTO_HASH_MD5, "pencil", 6, 0),
                     MAILPROTO_ERR_UNSUPPORTED);
    assert_int_equal(mailproto_sasl_make_keys(&keys, room, &crypto, 0, "pencil", 6, 0), MAILPROTO_ERR_UNSUPPORTED);
    assert_int_equal(mailproto_sasl_make_keys(&keys, room, &crypto, 4, "", 0, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_sasl_make_keys(&keys, room, &crypto, 4, "\7", 1, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_sasl_make_keys(&keys, room, &crypto, 4, longest, 1025, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_sasl_make_keys(&keys, room, NULL, 4, "pencil", 6, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_sasl_make_keys(&keys, room, &crypto, 4, "pencil", 6, 0), MAILPROTO_ERR_UNSUPPORTED);
    assert_int_equal(keys.iterations, 0);
    assert_int_equal(mailproto_sasl_derive(&crypto, 4, "pencil", 6, "salt", 4, 0, key), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_sasl_derive(&crypto, 3, "pencil", 6, "salt", 4, 1, key), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_sasl_derive(&crypto, 2, "pencil", 6, "salt", 4, 1, key), MAILPROTO_ERR_UNSUPPORTED);
    assert_int_equal(mailproto_sasl_derive(NULL, 4, "pencil", 6, "salt", 4, 1, key), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_sasl_derive(&crypto, 4, "pencil", 6, "salt", 4, 1, NULL), MAILPROTO_ERR_ARG);
}

/* What a host gives as keys is looked at before it is used. */
static void test_given_keys(void **state)
{
    static const char digest[64], salt[65];
    mailproto_sasl_server_config c;
    mailproto_sasl_server *server;
    mailproto_sasl_keys right, keys;

    (void)state;
    all = provider(15);
    mailproto_sasl_server_config_init(&c, sizeof c);
    c.mechanisms = MAILPROTO_SASL_PLAIN;
    c.crypto = &all;
    assert_int_equal(mailproto_sasl_server_new(&server, &c, NULL, NULL, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_sasl_server_start(server, "PLAIN", 5, "\0user\0pencil", 12), MAILPROTO_SASL_AUTH);
    mailproto_sasl_keys_init(&right, sizeof right);
    right.hash = MAILPROTO_HASH_SHA_256;
    right.iterations = 1;
    right.salt = (mailproto_text){salt, 64};
    right.stored_key = right.server_key = (mailproto_text){digest, 32};
    for (int wrong = 0; wrong < 9; wrong++) {
        keys = right;
        keys.hash = wrong == 0 ? MAILPROTO_HASH_MD5 : wrong == 1 ? 12 : keys.hash;
        keys.iterations = wrong == 2 ? 0 : wrong == 3 ? 10000001 : 1;
        keys.salt.len = wrong == 4 ? 0 : wrong == 5 ? 65 : 64;
        keys.stored_key.len = wrong == 6 ? 31 : 32;
        keys.server_key.len = wrong == 7 ? 64 : 32;
        if (wrong == 8)
            keys.password = TEXT("a\0b");
        assert_int_equal(mailproto_sasl_server_keys(server, &keys), MAILPROTO_ERR_ARG);
        assert_int_equal(server_waits(server).state, MAILPROTO_SASL_AUTH);
    }
    keys = right;
    keys.password = TEXT("pencil");
    assert_int_equal(mailproto_sasl_server_keys(server, &keys), MAILPROTO_SASL_AUTH);
    assert_int_equal(server_waits(server).outcome, MAILPROTO_SASL_PROVEN);
    assert_int_equal(mailproto_sasl_server_keys(server, &keys), MAILPROTO_ERR_STATE); /* once */
    mailproto_sasl_server_free(server);
}

/* ---- structs of other versions: contract.md section 3 ---- */

static void test_struct_sizes(void **state)
{
    struct {
        mailproto_sasl_server_config config;
        uint64_t tail;
    } newer;
    struct {
        mailproto_sasl_state state;
        uint64_t tail;
    } told;
    mailproto_sasl_server *server;

    (void)state;
    assert_int_equal(mailproto_sasl_server_config_init(&newer.config, 8), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_sasl_server_config_init(&newer.config, sizeof newer), MAILPROTO_OK);
    newer.config.mechanisms = MAILPROTO_SASL_PLAIN;
    newer.tail = 1;
    assert_int_equal(mailproto_sasl_server_new(&server, &newer.config, NULL, NULL, NULL), MAILPROTO_ERR_ARG);
    newer.tail = 0;
    assert_int_equal(mailproto_sasl_server_new(&server, &newer.config, NULL, NULL, NULL), MAILPROTO_OK);
    mailproto_sasl_state_init(&told.state, sizeof told);
    told.tail = 7;
    assert_int_equal(mailproto_sasl_server_state(server, &told.state), MAILPROTO_OK);
    assert_int_equal(told.tail, 7); /* what is not known is left alone */
    assert_int_equal(told.state.struct_size, sizeof told);
    mailproto_sasl_state_init(&told.state, offsetof(mailproto_sasl_state, mechanism));
    told.state.mechanism = 77;
    assert_int_equal(mailproto_sasl_server_start(server, "PLAIN", 5, NULL, 0), MAILPROTO_SASL_SEND);
    assert_int_equal(mailproto_sasl_server_state(server, &told.state), MAILPROTO_OK);
    assert_int_equal(told.state.state, MAILPROTO_SASL_SEND);
    assert_int_equal(told.state.mechanism, 77);
    told.state.struct_size = 0;
    assert_int_equal(mailproto_sasl_server_state(server, &told.state), MAILPROTO_ERR_ARG);
    mailproto_sasl_server_free(server);
    /* an older config ends before the fields of tokens */
    mailproto_sasl_server_config_init(&newer.config, offsetof(mailproto_sasl_server_config, oauth_scope));
    newer.config.mechanisms = MAILPROTO_SASL_PLAIN;
    memset(&newer.config.oauth_scope, 0xff, sizeof newer.config.oauth_scope);
    assert_int_equal(mailproto_sasl_server_new(&server, &newer.config, NULL, NULL, NULL), MAILPROTO_OK);
    mailproto_sasl_server_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_server), cmocka_unit_test(test_other_server_fails),
        cmocka_unit_test(test_other_client), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_given_keys),   cmocka_unit_test(test_struct_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
