/* The words of POP3: arguments, unique ids, capability tags, first lines of responses; the table of commands.
   RFC 1939 sections 3, 7 and 9; RFC 2449 sections 3, 6 and 8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "pop3/grammar.h"
#include "pop3/server.h"

static mailproto_text text(const char *s)
{
    return (mailproto_text){s, strlen(s)};
}

static void test_words(void **state)
{
    mailproto_text rest = text("TOP 1  2"), word;

    (void)state;
    assert_int_equal(mp_pop3_word(&rest, &word), 1);
    assert_int_equal(word.len, 3);
    assert_int_equal(mp_pop3_word(&rest, &word), 1);
    assert_memory_equal(word.ptr, "1", word.len);
    assert_int_equal(mp_pop3_word(&rest, &word), 1); /* two spaces: an empty word between them */
    assert_int_equal(word.len, 0);
    assert_int_equal(mp_pop3_word(&rest, &word), 0);
    assert_memory_equal(word.ptr, "2", 1);
    assert_int_equal(mp_pop3_word(&rest, &word), 0);
    assert_int_equal(word.len, 0);
}

static void test_numbers(void **state)
{
    static const char *const wrong[] = {
        "", "0", "00", "-1", "+1", " 1", "1 ", "1x", "x", "4294967296", "99999999999999999999"};
    uint32_t n = 7;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(mp_pop3_number(text(wrong[i]), &n), 0);
    assert_int_equal(n, 7);
    assert_int_equal(mp_pop3_number(text("4294967295"), &n), 1);
    assert_true(n == UINT32_MAX);
    assert_int_equal(mp_pop3_number(text("007"), &n), 1);
    assert_int_equal(n, 7);
    assert_int_equal(mp_pop3_count(text("0"), &n), 1);
    assert_int_equal(n, 0);
}

static void test_unique_ids(void **state)
{
    char uid[71];

    (void)state;
    memset(uid, '~', sizeof uid);
    assert_true(mp_pop3_uid_valid(uid, 70));
    assert_false(mp_pop3_uid_valid(uid, 71));
    assert_false(mp_pop3_uid_valid(uid, 0));
    for (int c = 0; c < 256; c++) {
        uid[1] = (char)c;
        assert_int_equal(mp_pop3_uid_valid(uid, 3), c > 0x20 && c < 0x7f);
    }
}

static void test_capabilities(void **state)
{
    (void)state;
    for (uint32_t bit = 1; bit <= MAILPROTO_POP3_CAPA_AUTH_RESP_CODE; bit <<= 1) {
        assert_non_null(mp_pop3_capa_tag(bit));
        assert_int_equal(mp_pop3_capa_bit(text(mp_pop3_capa_tag(bit))), bit);
    }
    assert_null(mp_pop3_capa_tag(MAILPROTO_POP3_CAPA_AUTH_RESP_CODE << 1));
    assert_int_equal(mp_pop3_capa_bit(text("uidl")), MAILPROTO_POP3_CAPA_UIDL);
    assert_int_equal(mp_pop3_capa_bit(text("UIDL2")), 0);
    assert_int_equal(mp_pop3_capa_bit(text("")), 0);
}

struct first_line {
    const char *line;
    int result;
    uint32_t status, resp_code;
    const char *code, *text;
};

static void test_responses(void **state)
{
    static const struct first_line lines[] = {
        {"+OK", 0, MAILPROTO_POP3_OK, 0, "", ""},
        {"+OK two words", 0, MAILPROTO_POP3_OK, 0, "", "two words"},
        {"+ok  x", 0, MAILPROTO_POP3_OK, 0, "", "x"},
        {"-ERR", 0, MAILPROTO_POP3_ERR, 0, "", ""},
        {"-ERR [IN-USE] busy", 0, MAILPROTO_POP3_ERR, MAILPROTO_POP3_RESP_IN_USE, "IN-USE", "busy"},
        {"-ERR [in-use]busy", 0, MAILPROTO_POP3_ERR, MAILPROTO_POP3_RESP_IN_USE, "in-use", "busy"},
        {"-ERR [LOGIN-DELAY]", 0, MAILPROTO_POP3_ERR, MAILPROTO_POP3_RESP_LOGIN_DELAY, "LOGIN-DELAY", ""},
        {"-ERR [SYS/TEMP] x", 0, MAILPROTO_POP3_ERR, MAILPROTO_POP3_RESP_SYS_TEMP, "SYS/TEMP", "x"},
        {"-ERR [SYS/PERM/DISK] x", 0, MAILPROTO_POP3_ERR, MAILPROTO_POP3_RESP_SYS_PERM, "SYS/PERM/DISK", "x"},
        {"-ERR [AUTH] x", 0, MAILPROTO_POP3_ERR, MAILPROTO_POP3_RESP_AUTH, "AUTH", "x"},
        {"-ERR [AUTHOR] x", 0, MAILPROTO_POP3_ERR, MAILPROTO_POP3_RESP_OTHER, "AUTHOR", "x"},
        {"-ERR [] x", 0, MAILPROTO_POP3_ERR, 0, "", "[] x"},
        {"-ERR [x", 0, MAILPROTO_POP3_ERR, 0, "", "[x"},
        {"-ERR: x", 0, MAILPROTO_POP3_ERR, 0, "", ": x"},
        {"+OKAY", -1, 0, 0, NULL, NULL},
        {"+", -1, 0, 0, NULL, NULL},
        {"", -1, 0, 0, NULL, NULL},
        {"-ERROR", -1, 0, 0, NULL, NULL},
        {" +OK", -1, 0, 0, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const struct first_line *l = &lines[i];
        mailproto_pop3_response r;

        assert_int_equal(mp_pop3_response_parse(l->line, strlen(l->line), &r), l->result);
        if (l->result)
            continue;
        assert_int_equal(r.status, l->status);
        assert_int_equal(r.resp_code, l->resp_code);
        assert_int_equal(r.code.len, strlen(l->code));
        assert_int_equal(r.text.len, strlen(l->text));
        assert_memory_equal(r.code.len ? r.code.ptr : "", l->code, r.code.len);
        assert_memory_equal(r.text.len ? r.text.ptr : "", l->text, r.text.len);
    }
}

/* RFC 5322 3.6.4: what is nearly a msg-id is none, and the first that is one counts. */
static void test_timestamps(void **state)
{
    static const struct {
        const char *greeting, *timestamp; /* NULL: there is none */
    } greetings[] = {
        {"", NULL},
        {"POP3 server ready", NULL},
        {"POP3 server ready <1896.697170952@dbc.mtview.ca.us>", "<1896.697170952@dbc.mtview.ca.us>"},
        {"<a@b>", "<a@b>"},
        {"<a@b> and more", "<a@b>"},
        {"x<a@b>y<c@d>", "<a@b>"},
        {"<hello> <a@b>", "<a@b>"},
        {"<<a@b>", "<a@b>"},
        {"<a@[127.0.0.1]>", "<a@[127.0.0.1]>"},
        {"<a@[]>", "<a@[]>"},
        {"<a!#$%&'*+-/=?^_`{|}~.b@c>", "<a!#$%&'*+-/=?^_`{|}~.b@c>"},
        {"<a@b", NULL},
        {"a@b>", NULL},
        {"<>", NULL},
        {"<@>", NULL},
        {"<a@>", NULL},
        {"<@b>", NULL},
        {"<a>", NULL},
        {"<a@b@c>", NULL},
        {"<a b@c>", NULL},
        {"<a@b c>", NULL},
        {"<.a@b>", NULL},
        {"<a.@b>", NULL},
        {"<a..b@c>", NULL},
        {"<a@b.>", NULL},
        {"<a@[b>", NULL},
        {"<a@b]>", NULL},
        {"<a@[b[c]>", NULL},
        {"<\"a\"@b>", NULL},
        {"<a@b\x7f>", NULL},
        {"<a\x80@b>", NULL},
        {"<a@b\xc3\xa4>", NULL},
        {"<a\t@b>", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++) {
        mailproto_text found = {NULL, 0};
        const char *timestamp = greetings[i].timestamp;

        assert_int_equal(mp_pop3_timestamp(text(greetings[i].greeting), &found), timestamp != NULL);
        if (!timestamp)
            continue;
        assert_int_equal(found.len, strlen(timestamp));
        assert_memory_equal(found.ptr, timestamp, found.len);
    }
}

/* Every command has a state in which it may be said, and no two have one name. */
static void test_commands(void **state)
{
    size_t n = 0;

    (void)state;
    for (const struct mp_pop3_command *c = mp_pop3_commands; c->name; c++, n++) {
        assert_non_null(c->run);
        assert_true(c->states & (MP_POP3_AUTHORIZATION | MP_POP3_TRANSACTION));
        assert_true(!c->capability || c->capability == MAILPROTO_POP3_CAPA_APOP || mp_pop3_capa_tag(c->capability));
        for (const struct mp_pop3_command *other = mp_pop3_commands; other != c; other++)
            assert_string_not_equal(other->name, c->name);
    }
    assert_int_equal(n, 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),        cmocka_unit_test(test_numbers),   cmocka_unit_test(test_unique_ids),
        cmocka_unit_test(test_capabilities), cmocka_unit_test(test_responses), cmocka_unit_test(test_commands),
        cmocka_unit_test(test_timestamps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
