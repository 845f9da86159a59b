/* SASL PLAIN and LOGIN, both sides: messages taken apart and put together, names and bits.
   RFC 4616 sections 2 and 4; RFC 4422 section 3.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mime/base64.h"
#include "sasl/sasl.h"

#define TEXT(literal) ((mailproto_text){(literal), sizeof(literal) - 1})

static void assert_text(mailproto_text text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void test_names(void **state)
{
    char names[MP_SASL_NAMES_MAX];

    (void)state;
    assert_int_equal(mp_sasl_mechanism("PLAIN", 5), MAILPROTO_SASL_PLAIN);
    assert_int_equal(mp_sasl_mechanism("login", 5), MAILPROTO_SASL_LOGIN);
    assert_int_equal(mp_sasl_mechanism("PLAI", 4), 0);
    assert_int_equal(mp_sasl_mechanism("PLAINX", 6), 0);
    assert_int_equal(mp_sasl_mechanism("", 0), 0);
    assert_string_equal(mp_sasl_name(MAILPROTO_SASL_LOGIN), "LOGIN");
    assert_null(mp_sasl_name(0));
    assert_null(mp_sasl_name(MP_SASL_ALL));
    assert_text((mailproto_text){names, mp_sasl_write_names(names, MP_SASL_ALL)}, " PLAIN LOGIN");
    assert_text((mailproto_text){names, mp_sasl_write_names(names, MAILPROTO_SASL_LOGIN)}, " LOGIN");
    assert_int_equal(mp_sasl_write_names(names, 0), 0);
    for (uint32_t bit = 1; bit & MP_SASL_ALL; bit <<= 1)
        assert_int_equal(mp_sasl_mechanism(mp_sasl_name(bit), strlen(mp_sasl_name(bit))), bit);
}

static void test_plain_parse(void **state)
{
    struct mp_sasl_identity who;
    mailproto_text m = TEXT("\0tim\0tanstaaftanstaaf");

    (void)state;
    assert_int_equal(mp_sasl_plain_parse(m.ptr, m.len, &who), 0);
    assert_text(who.authorization, "");
    assert_text(who.name, "tim");
    assert_text(who.password, "tanstaaftanstaaf");
    m = TEXT("Ursel\0Kurt\0xipj3plmq");
    assert_int_equal(mp_sasl_plain_parse(m.ptr, m.len, &who), 0);
    assert_text(who.authorization, "Ursel");
    assert_text(who.name, "Kurt");
    assert_text(who.password, "xipj3plmq");
}

static void test_plain_malformed(void **state)
{
    static const mailproto_text malformed[] = {
        {"", 0},
        {"tim", 3},
        {"\0tim", 4},
        {"\0tim\0", 5},
        {"\0\0pass", 6},
        {"a\0b\0c\0", 6},
        {"a\0b\0c\0d", 7},
        {"\0ti\xff\0x", 6},
        {"\xc3\0b\0c", 5},
        {"\0\0", 2},
        {"\0b\0\xed\xa0\x80", 6},
    };
    struct mp_sasl_identity who = {TEXT("-"), TEXT("-"), TEXT("-")};

    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        assert_int_equal(mp_sasl_plain_parse(malformed[i].ptr, malformed[i].len, &who), -1);
    assert_text(who.name, "-");
}

static void test_plain_build(void **state)
{
    static const struct mp_sasl_identity refused[] = {
        {{"a\0b", 3}, {"x", 1}, {"y", 1}}, {{NULL, 0}, {"", 0}, {"y", 1}},     {{NULL, 0}, {"x", 1}, {NULL, 0}},
        {{NULL, 0}, {"x\0", 2}, {"y", 1}}, {{NULL, 0}, {"x", 1}, {"\xff", 1}},
    };
    struct mp_sasl_identity who = {{NULL, 0}, TEXT("tim"), TEXT("p\xc3\xa4ss")}, back;
    char message[64];
    size_t n = mp_sasl_plain_build(message, &who);

    (void)state;
    assert_int_equal(n, mp_sasl_plain_size(&who));
    assert_int_equal(mp_sasl_plain_parse(message, n, &back), 0);
    assert_text(back.authorization, "");
    assert_text(back.name, "tim");
    assert_text(back.password, "p\xc3\xa4ss");
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(mp_sasl_plain_size(&refused[i]), 0);
        assert_int_equal(mp_sasl_plain_build(message, &refused[i]), 0);
    }
}

static void test_login(void **state)
{
    struct mp_sasl_identity who = {{NULL, 0}, TEXT("tim"), TEXT("secret")}, server = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    mailproto_text text;
    char plain[16];
    size_t n;

    (void)state;
    for (uint32_t step = 0; step < MP_SASL_LOGIN_STEPS; step++) {
        const char *challenge = mp_sasl_login_challenge(step);

        assert_int_equal(mp_base64_decode(plain, sizeof plain, challenge, strlen(challenge), &n), 0);
        assert_text((mailproto_text){plain, n}, step ? "Password:" : "Username:");
        assert_int_equal(mp_sasl_login_respond(step, &who, &text), 0);
        assert_int_equal(mp_sasl_login_answer(step, text.ptr, text.len, &server), 0);
    }
    assert_text(server.name, "tim");
    assert_text(server.password, "secret");
    assert_int_equal(mp_sasl_login_respond(MP_SASL_LOGIN_STEPS, &who, &text), -1);
    assert_int_equal(mp_sasl_login_answer(MP_SASL_LOGIN_STEPS, "x", 1, &server), -1);
    assert_int_equal(mp_sasl_login_answer(0, "", 0, &server), -1);
    assert_int_equal(mp_sasl_login_answer(0, "a\0b", 3, &server), -1);
    assert_int_equal(mp_sasl_login_answer(1, "\x80", 1, &server), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),       cmocka_unit_test(test_plain_parse), cmocka_unit_test(test_plain_malformed),
        cmocka_unit_test(test_plain_build), cmocka_unit_test(test_login),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
