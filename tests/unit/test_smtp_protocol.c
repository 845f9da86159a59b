/* test_smtp_protocol.c - the keyword that a Received field names the protocol with, one for each kind of session.
   RFC 3848 (with RFC 2033 and 4954), RFC 6531 section 4.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/server.h"

enum { LMTP = 1, HELO = 2, TLS = 4, AUTH = 8, UTF8 = 16 };

static const struct row {
    const char *name;
    int is;
} rows[] = {
    {"SMTP", HELO},
    {"ESMTP", 0},
    {"ESMTPA", AUTH},
    {"ESMTPS", TLS},
    {"ESMTPSA", TLS | AUTH},
    {"LMTP", LMTP},
    {"LMTPA", LMTP | AUTH},
    {"LMTPS", LMTP | TLS},
    {"LMTPSA", LMTP | TLS | AUTH},
    {"UTF8SMTP", UTF8},
    {"UTF8SMTPA", UTF8 | AUTH},
    {"UTF8SMTPS", UTF8 | TLS},
    {"UTF8SMTPSA", UTF8 | TLS | AUTH},
    {"UTF8LMTP", UTF8 | LMTP},
    {"UTF8LMTPA", UTF8 | LMTP | AUTH},
    {"UTF8LMTPS", UTF8 | LMTP | TLS},
    {"UTF8LMTPSA", UTF8 | LMTP | TLS | AUTH},
};

static void test_keywords(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mailproto_smtp_server server = {.esmtp = !(rows[i].is & HELO)};
        mailproto_text said;

        server.flags = rows[i].is & LMTP ? (uint32_t)MAILPROTO_SMTP_SERVER_LMTP : 0;
        server.base.tls = rows[i].is & TLS ? MP_TLS_ON : MP_TLS_NONE;
        server.authenticated = (rows[i].is & AUTH) != 0;
        said = mp_smtp_protocol(&server, (rows[i].is & UTF8) != 0);
        assert_int_equal(said.len, strlen(rows[i].name));
        assert_memory_equal(said.ptr, rows[i].name, said.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keywords),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
