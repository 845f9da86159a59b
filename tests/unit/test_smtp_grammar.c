/* The words of SMTP: what is one, what is not, and that nothing is read beyond its end.
   RFC 5321 sections 4.1.2 and 4.1.3; RFC 3461 section 4; RFC 6531; RFC 6533; RFC 3463. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/grammar.h"

#define OE  "\xc3\xb6"
#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* A copy of just its size: a sanitizer sees what reads behind it. */
static char *exact(const char *text, size_t n)
{
    char *copy = malloc(n ? n : 1);

    assert_non_null(copy);
    memcpy(copy, text, n);
    return copy;
}

static const struct {
    const char *text;
    uint32_t flags;
    const char *mailbox; /* NULL: no path */
    size_t left;         /* octets behind it */
} paths[] = {
    {"<a@b>", 0, "a@b", 0},
    {"<a@b> SIZE=1", 0, "a@b", 7},
    {"<a@b>x", 0, "a@b", 1},
    {"<a.b+c=d/e@x.example>", 0, "a.b+c=d/e@x.example", 0},
    {"<!#$%&'*+-/=?^_`{|}~@b>", 0, "!#$%&'*+-/=?^_`{|}~@b", 0},
    {"<\"a b\"@b>", 0, "\"a b\"@b", 0},
    {"<\"a\\\"> b\\\\\"@b>", 0, "\"a\\\"> b\\\\\"@b", 0},
    {"<\"\"@b>", 0, "\"\"@b", 0},
    {"<\"a@x> ORCPT=b\"@y>", 0, "\"a@x> ORCPT=b\"@y", 0},
    {"<a@[192.0.2.1]>", 0, "a@[192.0.2.1]", 0},
    {"<a@[IPv6:2001:db8::1]>", 0, "a@[IPv6:2001:db8::1]", 0},
    {"<@x:a@b>", 0, "a@b", 0},
    {"<@x,@y.z:a@b>", 0, "a@b", 0},
    {"<>", MP_SMTP_NULL_PATH, "", 0},
    {"<>", 0, NULL, 0},
    {"<Postmaster>", MP_SMTP_POSTMASTER, "Postmaster", 0},
    {"<postMASTER>", MP_SMTP_POSTMASTER, "postMASTER", 0},
    {"<Postmaster>", 0, NULL, 0},
    {"<postmasters>", MP_SMTP_POSTMASTER, NULL, 0},
    {"<postmaster@b>", MP_SMTP_POSTMASTER, "postmaster@b", 0},
    {"<@x:postmaster>", MP_SMTP_POSTMASTER, NULL, 0},
    {"<j" OE "e@x>", MP_SMTP_UTF8, "j" OE "e@x", 0},
    {"<\"j" OE "e\"@b" OE ".x>", MP_SMTP_UTF8, "\"j" OE "e\"@b" OE ".x", 0},
    {"<j" OE "e@x>", 0, NULL, 0},
    {"<a@" OE ">", 0, NULL, 0},
    {"<j\xffx@b>", MP_SMTP_UTF8, NULL, 0},
    {"<\"\xc3\"@b>", MP_SMTP_UTF8, NULL, 0},
    {"<@\xff:a@b>", MP_SMTP_UTF8, NULL, 0},
    {"", 0, NULL, 0},
    {"<", 0, NULL, 0},
    {"<a", 0, NULL, 0},
    {"<a@", 0, NULL, 0},
    {"<a@b", 0, NULL, 0},
    {"a@b", 0, NULL, 0},
    {"<a>", 0, NULL, 0},
    {"<@b>", 0, NULL, 0},
    {"<.a@b>", 0, NULL, 0},
    {"<a.@b>", 0, NULL, 0},
    {"<a..c@b>", 0, NULL, 0},
    {"<a b@c>", 0, NULL, 0},
    {"<a@b c>", 0, NULL, 0},
    {"<a@b.>", 0, NULL, 0},
    {"<a@-b>", 0, NULL, 0},
    {"<a@b->", 0, NULL, 0},
    {"<a@b_c>", 0, NULL, 0},
    {"<a@b@c>", 0, NULL, 0},
    {"<\"a@b>", 0, NULL, 0},
    {"<\"a\"b@c>", 0, NULL, 0},
    {"<\"a\\\"@b>", 0, NULL, 0},
    {"<\"a\tb\"@c>", 0, NULL, 0},
    {"<\"a\\\x01\"@c>", 0, NULL, 0},
    {"<a@[192.0.2]>", 0, NULL, 0},
    {"<a@[192.0.2.1>", 0, NULL, 0},
    {"<@x,a@b>", 0, NULL, 0},
    {"<@x:>", 0, NULL, 0},
    {"<@x,@:a@b>", 0, NULL, 0},
    {"<(c)a@b>", 0, NULL, 0},
    {"< a@b>", 0, NULL, 0},
};

static void test_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        size_t n = strlen(paths[i].text), got;
        char *text = exact(paths[i].text, n);
        mailproto_text mailbox = {NULL, 0};

        got = mp_smtp_read_path(text, n, paths[i].flags, &mailbox);
        if (got != (paths[i].mailbox ? n - paths[i].left : 0))
            fail_msg("%s: %zu octets", paths[i].text, got);
        if (paths[i].mailbox) {
            assert_int_equal(mailbox.len, strlen(paths[i].mailbox));
            assert_memory_equal(mailbox.ptr, paths[i].mailbox, mailbox.len);
        }
        free(text);
    }
}

/* Cut short anywhere, or with any octet put in place of one, a path is read as itself or not at all: never past it. */
static void test_paths_mangled(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        size_t n = strlen(paths[i].text);
        mailproto_text mailbox;

        for (size_t cut = 0; cut < n; cut++) {
            char *text = exact(paths[i].text, cut);

            assert_true(mp_smtp_read_path(text, cut, 15, &mailbox) <= cut);
            free(text);
        }
        for (size_t at = 0; at < n; at++)
            for (int c = 0; c < 256; c++) {
                char *text = exact(paths[i].text, n);
                size_t got;

                text[at] = (char)c;
                got = mp_smtp_read_path(text, n, 0, &mailbox);
                assert_true(got <= n);
                for (size_t j = 0; j < got; j++) /* nothing that breaks a command line gets through */
                    assert_true(text[j] >= ' ' && text[j] < 0x7f);
                free(text);
            }
    }
}

static void test_mailboxes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (paths[i].mailbox && strchr(paths[i].mailbox, '@'))
            assert_true(mp_smtp_is_mailbox(paths[i].mailbox, strlen(paths[i].mailbox), paths[i].flags));
    assert_false(mp_smtp_is_mailbox("", 0, 15));
    assert_false(mp_smtp_is_mailbox("a@b\r\n", 5, 15));
    assert_false(mp_smtp_is_mailbox("a@b\0", 4, 15));
    assert_false(mp_smtp_is_mailbox("a@b>", 4, 15));
    assert_false(mp_smtp_is_mailbox("postmaster", 10, 15));
}

static const struct {
    const char *text;
    int domain, hello;
} names[] = {
    {"x", 1, 1},
    {"x.example", 1, 1},
    {"1.2.3.4", 1, 1},
    {"a--b.c-d", 1, 1},
    {"xn--bcher-kva.example", 1, 1},
    {A63 ".x", 1, 1},
    {"a" A63 ".x", 0, 0},
    {A63 "." A63 "." A63 "." A63, 1, 1},
    {A63 "." A63 "." A63 "." A63 ".", 0, 0},
    {A63 "." A63 "." A63 "." A63 ".x", 0, 0},
    {"", 0, 0},
    {".", 0, 0},
    {"x.", 0, 0},
    {".x", 0, 0},
    {"x..y", 0, 0},
    {"-x", 0, 0},
    {"x-", 0, 0},
    {"x-.y", 0, 0},
    {"a_b", 0, 1},
    {"a b", 0, 0},
    {"b" OE "x", 0, 0},
    {"[127.0.0.1]", 0, 1},
    {"[255.255.255.255]", 0, 1},
    {"[256.0.0.1]", 0, 0},
    {"[1.2.3]", 0, 0},
    {"[1.2.3.4.5]", 0, 0},
    {"[1.2.3.]", 0, 0},
    {"[0001.2.3.4]", 0, 0},
    {"[]", 0, 0},
    {"[1.2.3.4", 0, 0},
    {"[IPv6:::]", 0, 1},
    {"[IPv6:::1]", 0, 1},
    {"[ipv6:2001:DB8::ff00:42:8329]", 0, 1},
    {"[IPv6:1:2:3:4:5:6:7:8]", 0, 1},
    {"[IPv6:1:2:3:4:5:6:1.2.3.4]", 0, 1},
    {"[IPv6:::ffff:1.2.3.4]", 0, 1},
    {"[IPv6:1::2:3:4:5:6]", 0, 1},
    {"[IPv6:1::2:3:4:5:6:7]", 0, 0},
    {"[IPv6:1:2:3:4:5:6:7]", 0, 0},
    {"[IPv6:1:2:3:4:5:6:7:8:9]", 0, 0},
    {"[IPv6:1::2::3]", 0, 0},
    {"[IPv6:12345::]", 0, 0},
    {"[IPv6:1:]", 0, 0},
    {"[IPv6::1]", 0, 0},
    {"[IPv6:1.2.3.4]", 0, 0},
    {"[IPv6:g::]", 0, 0},
    {"[IPv6:]", 0, 0},
    {"[tag:content]", 0, 1},
    {"[tag-:content]", 0, 0},
    {"[tag:]", 0, 0},
    {"[tag:a b]", 0, 0},
    {"[tag:a]b]", 0, 0},
    {"[:x]", 0, 0},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = strlen(names[i].text);
        char *text = exact(names[i].text, n);

        if (mp_smtp_is_domain(text, n, 0) != names[i].domain)
            fail_msg("domain: %s", names[i].text);
        if (mp_smtp_is_hello(text, n) != names[i].hello)
            fail_msg("hello: %s", names[i].text);
        for (size_t cut = 0; cut < n; cut++) {
            char *part = exact(text, cut);

            mp_smtp_is_hello(part, cut);
            free(part);
        }
        free(text);
    }
    assert_true(mp_smtp_is_domain("b" OE "x", 4, MP_SMTP_UTF8));
    assert_false(mp_smtp_is_domain("b\xffx", 3, MP_SMTP_UTF8));
    assert_int_equal(mp_smtp_read_domain("x.y>", 4, 0), 3);
}

/* "keyword=value;" for each parameter, '!' at what is malformed. */
static void list(const char *text, uint32_t flags, char *out)
{
    char *copy = exact(text, strlen(text));
    const char *p = copy, *end = copy + strlen(text);
    mailproto_text keyword, value;
    int more;

    while ((more = mp_smtp_next_parameter(&p, end, flags, &keyword, &value)) > 0) {
        memcpy(out, keyword.ptr, keyword.len);
        out += keyword.len;
        if (value.ptr) {
            *out++ = '=';
            memcpy(out, value.ptr, value.len);
            out += value.len;
        }
        *out++ = ';';
    }
    if (more < 0)
        *out++ = '!';
    *out = '\0';
    free(copy);
}

static void test_parameters(void **state)
{
    static const struct {
        const char *text, *list;
        uint32_t flags;
    } cases[] = {
        {"", "", 0},
        {"  ", "", 0},
        {" SIZE=1", "SIZE=1;", 0},
        {" SIZE=1  BODY=8BITMIME X ", "SIZE=1;BODY=8BITMIME;X;", 0},
        {" A-B=<>", "A-B=<>;", 0},
        {"SIZE=1", "!", 0},
        {" A=", "!", 0},
        {" =1", "!", 0},
        {" -A", "!", 0},
        {" A=b=c", "!", 0},
        {" A b_c", "A;!", 0},
        {" A=b\tc", "!", 0},
        {" A=" OE, "!", 0},
        {" A=" OE, "A=" OE ";", MP_SMTP_UTF8},
        {" A=\xff", "!", MP_SMTP_UTF8},
        {" " OE "=1", "!", MP_SMTP_UTF8},
    };
    char out[128];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        list(cases[i].text, cases[i].flags, out);
        assert_string_equal(out, cases[i].list);
    }
    assert_true(mp_smtp_is_keyword("X-1", 3));
    assert_false(mp_smtp_is_keyword("-X", 2));
    assert_false(mp_smtp_is_keyword("", 0));
    assert_true(mp_smtp_is_value("a<b>", 4, 0));
    assert_false(mp_smtp_is_value("a=b", 3, 0));
    assert_false(mp_smtp_is_value("a b", 3, 0));
    assert_false(mp_smtp_is_value("", 0, 0));
}

static void test_xtext(void **state)
{
    static const char *const malformed[] = {"+",   "+4",  "+4x", "+4a", "a=b",     "a b",
                                            "+00", "+0A", "+0D", "+7F", "\xc3\xb6"};
    char out[64], plain[96], text[300];
    size_t n;

    (void)state;
    assert_int_equal(mp_xtext_decode(out, "a+2Bb+20+3Dc", 12, &n), 0);
    assert_int_equal(n, 6);
    assert_memory_equal(out, "a+b =c", 6);
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        assert_int_equal(mp_xtext_decode(out, malformed[i], strlen(malformed[i]), &n), -1);
    for (size_t i = 0; i < 95; i++)
        plain[i] = (char)(' ' + i);
    n = mp_xtext_encode(text, plain, 95, 0);
    assert_int_equal(n, mp_xtext_encode(NULL, plain, 95, 0));
    assert_true(mp_smtp_is_value(text, n, 0));
    assert_int_equal(mp_xtext_decode(text, text, n, &n), 0);
    assert_int_equal(n, 95);
    assert_memory_equal(text, plain, 95);
}

static void test_orcpt(void **state)
{
    static const char plain[] = "j" OE "e+\\=\xe2\x82\xac\xf0\x9f\x98\x80 x@y", wire[] = "a\\x{F6}\\x{5C}\\x{1F600}";
    static const char *const malformed[] = {"a\\b",   "\\x{F}",         "\\x{}", "\\x{110000}", "\\x{D800}",
                                            "\\x{F6", "\\x{0000000F6}", "a+b",   "a=b",         OE};
    const mailproto_text utf8 = {"UTF-8", 5}, rfc822 = {"rfc822", 6};
    char text[256], back[256];
    size_t n, size;

    (void)state;
    for (uint32_t flags = 0; flags <= MP_SMTP_UTF8; flags += MP_SMTP_UTF8) {
        size = mp_xtext_encode(NULL, plain, sizeof plain - 1, flags | mp_orcpt_type(utf8));
        assert_int_equal(mp_xtext_encode(text, plain, sizeof plain - 1, flags | mp_orcpt_type(utf8)), size);
        assert_true(mp_smtp_is_value(text, size, flags));
        assert_int_equal(mp_orcpt_decode(back, utf8, text, size, flags, &n), 0);
        assert_int_equal(n, sizeof plain - 1);
        assert_memory_equal(back, plain, n);
    }
    assert_int_equal(mp_orcpt_decode(back, utf8, wire, sizeof wire - 1, 0, &n), 0);
    assert_int_equal(n, 8);
    assert_memory_equal(back, "a" OE "\\\xf0\x9f\x98\x80", 8);
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        assert_int_equal(mp_orcpt_decode(back, utf8, malformed[i], strlen(malformed[i]), 0, &n), -1);
    size = mp_xtext_encode(NULL, "a+b@c", 5, 0 | mp_orcpt_type(rfc822));
    assert_int_equal(size, 7);
    assert_int_equal(mp_xtext_encode(text, "a+b@c", 5, 0 | mp_orcpt_type(rfc822)), 7);
    assert_memory_equal(text, "a+2Bb@c", 7);
}

static void test_enhanced(void **state)
{
    static const struct {
        const char *text;
        size_t n;
    } cases[] = {
        {"2.0.0", 5}, {"5.7.30 x", 6}, {"4.100.999", 9}, {"5.1.1", 5},    {"3.0.0", 0},
        {"2.0", 0},   {"2.0.", 0},     {"2..0", 0},      {"2.0.1000", 0}, {"2.1000.0", 0},
        {"", 0},      {"20.0.0", 0},   {"2.00.0", 0},    {"2.0.01", 0},   {"2-0-0", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = strlen(cases[i].text);
        char *text = exact(cases[i].text, n);

        assert_int_equal(mp_smtp_read_enhanced(text, n), cases[i].n);
        assert_int_equal(mp_smtp_is_enhanced(text, n), n && cases[i].n == n);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths), cmocka_unit_test(test_paths_mangled), cmocka_unit_test(test_mailboxes),
        cmocka_unit_test(test_names), cmocka_unit_test(test_parameters),    cmocka_unit_test(test_xtext),
        cmocka_unit_test(test_orcpt), cmocka_unit_test(test_enhanced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
