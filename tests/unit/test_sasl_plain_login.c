/* test_sasl_plain_login.c - PLAIN and LOGIN as engines have them whose config says nothing of SASL: no provider, no SASLprep.
 * RFC 4616 section 2; draft-murchison-sasl-login section 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sasl/client.h"
#include "sasl/server.h"
#include "support/allocator.h"

#define TEXT(literal) ((mailproto_text){(literal), sizeof(literal) - 1})

static struct test_allocator memory;

static void assert_text(mailproto_text text, mailproto_text expected)
{
    assert_int_equal(text.len, expected.len);
    if (expected.len)
        assert_memory_equal(text.ptr, expected.ptr, expected.len);
}

static void assert_clean(void)
{
    assert_int_equal(memory.live, 0);
    assert_int_equal(memory.leaks, 0);
}

/* ---- client ---- */

static struct mp_sasl_client *new_client(uint32_t mechanism)
{
    struct mp_sasl_client *c;

    test_allocator_init(&memory);
    memory.secret = "tanstaaf";
    c = mp_sasl_client_begin(NULL, NULL, 0, mechanism, MP_SASL_EVERY, &memory.api);
    assert_non_null(c);
    return c;
}

static int32_t give(struct mp_sasl_client *c, mailproto_text authorization, mailproto_text name,
                    mailproto_text password)
{
    const struct mp_sasl_identity who = {authorization, name, password};

    return mp_sasl_client_give(c, &who);
}

static void test_client_plain(void **state)
{
    struct mp_sasl_client *c = new_client(MAILPROTO_SASL_PLAIN);

    (void)state;
    assert_true(c->mechanism->flags & MP_SASL_INITIAL);
    assert_text(mp_sasl_client_name(c), TEXT("PLAIN"));
    assert_int_equal(give(c, TEXT("boss"), TEXT("tim"), TEXT("tanstaaf")), MAILPROTO_OK);
    assert_int_equal(give(c, TEXT(""), TEXT("tim"), TEXT("tanstaaf")), MAILPROTO_OK); /* the last counts */
    assert_int_equal(mp_sasl_client_next(c, NULL, 0), MAILPROTO_SASL_SEND);
    assert_text(c->message, TEXT("\0tim\0tanstaaf"));
    assert_true(c->complete);
    assert_int_equal(mp_sasl_client_next(c, "", 0), MAILPROTO_ERR_PROTOCOL);
    mp_sasl_client_end(c);
    mp_sasl_client_end(NULL);
    assert_clean();
}

static void test_client_login(void **state)
{
    struct mp_sasl_client *c = new_client(MAILPROTO_SASL_LOGIN);

    (void)state;
    assert_false(c->mechanism->flags & MP_SASL_INITIAL);
    assert_int_equal(give(c, TEXT("boss"), TEXT("tim"), TEXT("tanstaaf")), MAILPROTO_ERR_ARG);
    assert_int_equal(give(c, TEXT("tim"), TEXT("tim"), TEXT("tanstaaf")), MAILPROTO_OK);
    assert_int_equal(mp_sasl_client_next(c, "User Name", 9), MAILPROTO_SASL_SEND);
    assert_text(c->message, TEXT("tim"));
    assert_false(c->complete);
    assert_int_equal(mp_sasl_client_next(c, "", 0), MAILPROTO_SASL_SEND);
    assert_text(c->message, TEXT("tanstaaf"));
    assert_true(c->complete);
    assert_int_equal(mp_sasl_client_next(c, "", 0), MAILPROTO_ERR_PROTOCOL);
    mp_sasl_client_end(c);
    assert_clean();
}

static void test_client_choice(void **state)
{
    (void)state;
    assert_int_equal(mp_sasl_client_first(NULL, NULL, MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN),
                     MAILPROTO_SASL_PLAIN);
    assert_int_equal(mp_sasl_client_first(NULL, NULL, MAILPROTO_SASL_LOGIN), MAILPROTO_SASL_LOGIN);
    assert_int_equal(mp_sasl_client_first(NULL, NULL, 0), 0);
    assert_int_equal(mp_sasl_client_offered(NULL, "login", 5), MAILPROTO_SASL_LOGIN);
    assert_int_equal(mp_sasl_client_offered(NULL, "NTLM", 4), 0);
    assert_int_equal(mp_sasl_client_memory(NULL), sizeof(struct mp_sasl_client));
}

/* ---- server ---- */

static struct mp_sasl_server *new_server(uint32_t offers)
{
    struct mp_sasl_server *s;

    test_allocator_init(&memory);
    memory.secret = "tanstaaf";
    s = mp_sasl_server_begin(NULL, NULL, 0, offers, &memory.api);
    assert_non_null(s);
    return s;
}

static void test_server_plain(void **state)
{
    struct mp_sasl_server *s = new_server(MP_SASL_ALL);

    (void)state;
    assert_int_equal(mp_sasl_server_start(s, "plain", 5, NULL, 0), MAILPROTO_SASL_SEND);
    assert_text(s->message, TEXT(""));
    assert_int_equal(mp_sasl_server_respond(s, "boss\0tim\0tanstaaf", 17), MAILPROTO_SASL_AUTH);
    assert_int_equal(s->outcome, MAILPROTO_SASL_CHECK);
    assert_text(s->who.authorization, TEXT("boss"));
    assert_text(s->who.name, TEXT("tim"));
    assert_text(s->who.password, TEXT("tanstaaf"));
    assert_int_equal(mp_sasl_server_take_verdict(s, 1), MAILPROTO_OK);
    assert_int_equal(mp_sasl_server_move(s), MAILPROTO_SASL_SUCCESS);
    mp_sasl_server_end(s);
    mp_sasl_server_end(NULL);
    assert_clean();
}

static void test_server_login(void **state)
{
    struct mp_sasl_server *s = new_server(MP_SASL_ALL);

    (void)state;
    assert_int_equal(mp_sasl_server_start(s, "LOGIN", 5, "tim", 3), MAILPROTO_SASL_SEND); /* as some clients do */
    assert_text(s->message, TEXT("Password:"));
    assert_int_equal(mp_sasl_server_respond(s, "tanstaaf", 8), MAILPROTO_SASL_AUTH);
    assert_text(s->who.name, TEXT("tim"));
    assert_text(s->who.password, TEXT("tanstaaf"));
    assert_int_equal(mp_sasl_server_take_failure(s, MAILPROTO_ERR_UNAVAILABLE), MAILPROTO_SASL_FAILURE);
    assert_int_equal(mp_sasl_server_move(s), MAILPROTO_SASL_FAILURE);
    assert_int_equal(s->why, MAILPROTO_ERR_UNAVAILABLE);
    mp_sasl_server_end(s);
    assert_clean();
}

/* Without a provider a password can be compared with, keys cannot. */
static void compares(const char *password, int known, uint32_t expected)
{
    struct mp_sasl_server *s = new_server(MAILPROTO_SASL_PLAIN);
    mailproto_sasl_keys keys;

    mailproto_sasl_keys_init(&keys, sizeof keys);
    assert_int_equal(mp_sasl_server_start(s, "PLAIN", 5, "\0tim\0tanstaaf", 13), MAILPROTO_SASL_AUTH);
    assert_int_equal(mp_sasl_server_take_keys(s, &keys), MAILPROTO_ERR_ARG);
    keys.password = (mailproto_text){password, strlen(password)};
    assert_int_equal(mp_sasl_server_take_keys(s, known ? &keys : NULL), MAILPROTO_OK);
    assert_int_equal(mp_sasl_server_move(s), MAILPROTO_SASL_AUTH);
    assert_int_equal(s->outcome, expected);
    assert_int_equal(mp_sasl_server_take_verdict(s, expected == MAILPROTO_SASL_REFUSED),
                     expected == MAILPROTO_SASL_REFUSED ? MAILPROTO_ERR_ARG : MAILPROTO_OK);
    mp_sasl_server_end(s);
    assert_clean();
}

static void test_server_compares(void **state)
{
    (void)state;
    compares("tanstaaf", 1, MAILPROTO_SASL_PROVEN);
    compares("tanstaaF", 1, MAILPROTO_SASL_REFUSED);
    compares("tanstaa", 1, MAILPROTO_SASL_REFUSED);
    compares("tanstaaff", 1, MAILPROTO_SASL_REFUSED);
    compares("tanstaaf", 0, MAILPROTO_SASL_REFUSED);
}

static void malformed(const char *name, mailproto_text message)
{
    struct mp_sasl_server *s = new_server(MP_SASL_ALL);

    assert_int_equal(mp_sasl_server_start(s, name, strlen(name), message.ptr, message.len), MAILPROTO_SASL_FAILURE);
    assert_int_equal(s->why, MAILPROTO_ERR_PROTOCOL);
    mp_sasl_server_end(s);
    assert_clean();
}

static void test_server_malformed(void **state)
{
    (void)state;
    malformed("PLAIN", TEXT(""));
    malformed("PLAIN", TEXT("\0"));
    malformed("PLAIN", TEXT("\0tim"));
    malformed("PLAIN", TEXT("\0tim\0"));
    malformed("PLAIN", TEXT("\0\0pass"));
    malformed("PLAIN", TEXT("\0tim\0pass\0"));
    malformed("PLAIN", TEXT("\xff\0tim\0pass"));
    malformed("PLAIN", TEXT("\0\xc3\0pass"));
    malformed("PLAIN", TEXT("\0tim\0\xc0\x80"));
    malformed("LOGIN", TEXT(""));
    malformed("LOGIN", TEXT("a\0b"));
    malformed("LOGIN", TEXT("\x80"));
}

static void test_server_not_offered(void **state)
{
    struct mp_sasl_server *s = new_server(MAILPROTO_SASL_LOGIN);

    (void)state;
    assert_int_equal(mp_sasl_server_start(s, "PLAIN", 5, NULL, 0), MAILPROTO_ERR_UNSUPPORTED);
    assert_int_equal(mp_sasl_server_start(s, "", 0, NULL, 0), MAILPROTO_ERR_UNSUPPORTED);
    assert_int_equal(mp_sasl_server_start(s, "LOGINS", 6, NULL, 0), MAILPROTO_ERR_UNSUPPORTED);
    mp_sasl_server_end(s);
    assert_clean();
}

static void test_no_memory(void **state)
{
    (void)state;
    test_allocator_init(&memory);
    memory.fail_at = 1;
    assert_null(mp_sasl_client_begin(NULL, NULL, 0, MAILPROTO_SASL_PLAIN, 1, &memory.api));
    memory.fail_at = 2;
    assert_null(mp_sasl_server_begin(NULL, NULL, 0, MP_SASL_ALL, &memory.api));
    for (size_t at = 1; at < 3; at++) {
        struct mp_sasl_server *s = new_server(MP_SASL_ALL);

        memory.fail_at = memory.count + at;
        assert_int_equal(mp_sasl_server_start(s, "LOGIN", 5, "tim", 3),
                         at == 1 ? MAILPROTO_ERR_NOMEM : MAILPROTO_SASL_SEND);
        if (at == 2)
            assert_int_equal(mp_sasl_server_respond(s, "tanstaaf", 8), MAILPROTO_ERR_NOMEM);
        assert_int_equal(s->state, MAILPROTO_SASL_FAILURE);
        mp_sasl_server_end(s);
        assert_clean();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_plain),     cmocka_unit_test(test_client_login),
        cmocka_unit_test(test_client_choice),    cmocka_unit_test(test_server_plain),
        cmocka_unit_test(test_server_login),     cmocka_unit_test(test_server_compares),
        cmocka_unit_test(test_server_malformed), cmocka_unit_test(test_server_not_offered),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
