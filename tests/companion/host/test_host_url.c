/* test_host_url.c - URLs of mail servers: every part, every scheme, and what is wrong with one.
 * include/mailproto/host_url.h; RFC 3986. */
#include "scene.h"

static int32_t read_url(mailproto_host_url *url, const char *text, const char **why)
{
    assert_int_equal(mailproto_host_url_init(url, sizeof *url), MAILPROTO_OK);
    return mailproto_host_url_read(url, text, strlen(text), why);
}

static void test_parts(void **state)
{
    static const struct {
        const char *text, *scheme, *user, *host, *where;
        uint32_t protocol, port, implicit_tls;
    } rows[] = {
        {"smtp://mx.example.test", "smtp", "", "mx.example.test", "mx.example.test:25", MAILPROTO_HOST_SMTP, 25, 0},
        {"SMTP://mx/", "smtp", "", "mx", "mx:25", MAILPROTO_HOST_SMTP, 25, 0},
        {"submission://a@mx", "submission", "a", "mx", "mx:587", MAILPROTO_HOST_SMTP, 587, 0},
        {"smtps://mx", "smtps", "", "mx", "mx:465", MAILPROTO_HOST_SMTP, 465, 1},
        {"submissions://mx:1", "submissions", "", "mx", "mx:1", MAILPROTO_HOST_SMTP, 1, 1},
        {"lmtp://[::1]:24", "lmtp", "", "::1", "[::1]:24", MAILPROTO_HOST_LMTP, 24, 0},
        {"lmtp:///run/l%20m", "lmtp", "", "unix:/run/l m", "unix:/run/l m", MAILPROTO_HOST_LMTP, 0, 0},
        {"pop3://bob@example.test@mx", "pop3", "bob@example.test", "mx", "mx:110", MAILPROTO_HOST_POP3, 110, 0},
        {"pop3s://a%3Ab%40c@mx:65535", "pop3s", "a:b@c", "mx", "mx:65535", MAILPROTO_HOST_POP3, 65535, 1},
        {"pop3://m%78:", "pop3", "", "mx", "mx:110", MAILPROTO_HOST_POP3, 110, 0},
    };
    mailproto_host_url url;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(read_url(&url, rows[i].text, NULL), MAILPROTO_OK);
        assert_string_equal(url.scheme, rows[i].scheme);
        assert_string_equal(url.user, rows[i].user);
        assert_string_equal(url.host, rows[i].host);
        assert_string_equal(url.where, rows[i].where);
        assert_int_equal(url.protocol, rows[i].protocol);
        assert_int_equal(url.port, rows[i].port);
        assert_int_equal(url.implicit_tls, rows[i].implicit_tls);
        assert_int_equal(url.struct_size, sizeof url);
    }
}

static void test_what_is_wrong(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "empty"},
        {"mx.example.test", "does not begin with"},
        {"http://mx", "does not begin with"},
        {"smtp:/mx", "does not begin with"},
        {"pop3:///x", "names no host"},
        {"smtp://a@", "names no host"},
        {"smtp://[]", "names no host"},
        {"smtp://mx:+1", "port"},
        {"smtp://mx:99999999999999999999", "port"},
        {"smtp://[::1", "not closed"},
        {"smtp://[::1]:x", "port"},
        {"smtp://[::1]1", "not a port"},
        {"pop3://u:p@mx", "password"},
        {"smtp://mx/x", "path"},
        {"smtp://mx?x", "path"},
        {"smtp://mx#x", "path"},
        {"smtp://m%", "hexadecimal"},
        {"smtp://m%0", "hexadecimal"},
        {"smtp://m%0a", "control"},
        {"smtp://m%2fx", "neither a name nor an address"},
        {"smtp://unix%3Ax", "neither a name nor an address"},
        {"smtp://[unix:x]", "neither a name nor an address"},
    };
    mailproto_host_url url;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *why = NULL;

        assert_int_equal(read_url(&url, rows[i].text, &why), MAILPROTO_ERR_ARG);
        assert_non_null(why);
        if (!strstr(why, rows[i].words))
            fail_msg("\"%s\": \"%s\" does not say \"%s\"", rows[i].text, why, rows[i].words);
        assert_string_equal(url.where, "");
    }
}

/* The sentence names what can be used, and nothing else. */
static void test_usable(void **state)
{
    static const struct {
        uint32_t usable;
        const char *text;
        int32_t result;
        const char *says, *says_not;
    } rows[] = {
        {MAILPROTO_HOST_URL_SEND, "smtp://mx", MAILPROTO_OK, NULL, NULL},
        {MAILPROTO_HOST_URL_SEND, "http://mx", MAILPROTO_ERR_ARG, "smtp://, submission:// or lmtp://,", "s://"},
        {MAILPROTO_HOST_URL_SEND, "pop3://mx", MAILPROTO_ERR_ARG, "lmtp://,", "pop3"},
        {MAILPROTO_HOST_URL_SEND, "smtps://mx", MAILPROTO_ERR_CONFIG, "no TLS", "smtps"},
        {MAILPROTO_HOST_URL_SEND, "pop3s://mx", MAILPROTO_ERR_ARG, "lmtp://,", "pop3"},
        {MAILPROTO_HOST_URL_SEND | MAILPROTO_HOST_URL_TLS, "submissions://mx", MAILPROTO_OK, NULL, NULL},
        {MAILPROTO_HOST_URL_SEND | MAILPROTO_HOST_URL_TLS, "http://mx", MAILPROTO_ERR_ARG, "smtps://", "pop3"},
        {MAILPROTO_HOST_URL_POP3, "pop3://mx", MAILPROTO_OK, NULL, NULL},
        {MAILPROTO_HOST_URL_POP3, "lmtp://mx", MAILPROTO_ERR_ARG, "pop3://,", "smtp"},
        {MAILPROTO_HOST_URL_POP3, "pop3s://mx", MAILPROTO_ERR_CONFIG, "pop3://", "pop3s"},
        {MAILPROTO_HOST_URL_POP3 | MAILPROTO_HOST_URL_TLS, "pop3s://mx", MAILPROTO_OK, NULL, NULL},
        {MAILPROTO_HOST_URL_POP3 | MAILPROTO_HOST_URL_TLS, "smtps://mx", MAILPROTO_ERR_ARG, "pop3s://,", "smtp"},
        {MAILPROTO_HOST_URL_SEND | MAILPROTO_HOST_URL_POP3, "pop3://mx", MAILPROTO_OK, NULL, NULL},
        {MAILPROTO_HOST_URL_SEND | MAILPROTO_HOST_URL_POP3, "x://mx", MAILPROTO_ERR_ARG, "lmtp:// or pop3://,", "s://"},
        {MAILPROTO_HOST_URL_SEND | MAILPROTO_HOST_URL_POP3, "smtps://mx", MAILPROTO_ERR_CONFIG, "and pop3://", "s://"},
        {MAILPROTO_HOST_URL_TLS, "smtps://mx", MAILPROTO_ERR_ARG, "usable", NULL},
        {8, "smtp://mx", MAILPROTO_ERR_ARG, "usable", NULL},
    };
    mailproto_host_url url;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *why = NULL;

        mailproto_host_url_init(&url, sizeof url);
        url.usable = rows[i].usable;
        assert_int_equal(mailproto_host_url_read(&url, rows[i].text, strlen(rows[i].text), &why), rows[i].result);
        assert_int_equal(url.usable, rows[i].usable);
        assert_true(!rows[i].says == !why);
        if (why && (!strstr(why, rows[i].says) || (rows[i].says_not && strstr(why, rows[i].says_not))))
            fail_msg("%s for %u: \"%s\"", rows[i].text, rows[i].usable, why);
    }
}

static void test_lengths_and_structs(void **state)
{
    char text[600] = "smtp://";
    mailproto_host_url url;
    const char *why = NULL;

    (void)state;
    memset(text + 7, 'a', 255);
    assert_int_equal(read_url(&url, text, NULL), MAILPROTO_OK);
    assert_int_equal(strlen(url.host), 255);
    assert_int_equal(strlen(url.where), 258);
    text[7 + 255] = 'a';
    assert_int_equal(read_url(&url, text, &why), MAILPROTO_ERR_ARG);
    assert_non_null(strstr(why, "too long"));
    assert_int_equal(mailproto_host_url_read(NULL, "smtp://a", 8, &why), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_host_url_read(&url, NULL, 0, NULL), MAILPROTO_ERR_ARG);
    url.struct_size = 8;
    assert_int_equal(mailproto_host_url_read(&url, "smtp://a", 8, &why), MAILPROTO_ERR_ARG);
    url.struct_size = offsetof(mailproto_host_url, usable); /* an older one */
    url.usable = MAILPROTO_HOST_URL_POP3;
    assert_int_equal(mailproto_host_url_read(&url, "smtp://a", 8, &why), MAILPROTO_OK);
    assert_int_equal(url.usable, MAILPROTO_HOST_URL_POP3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_what_is_wrong),
        cmocka_unit_test(test_usable),
        cmocka_unit_test(test_lengths_and_structs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
