/* test_smtp_server_secrets.c - a credential that came in pieces: no copy of it is left when it was decoded.
 * RFC 4954 section 4; contract.md section 2, "Credentials are ... wiped after use". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/server.h"

/* What the engine keeps of the line that was cut, whether it is in use or not. */
static int holds(const struct mp_engine *e, const char *secret)
{
    size_t n = strlen(secret);

    for (size_t i = 0; i + n <= e->line_capacity; i++)
        if (!memcmp(e->line + i, secret, n))
            return 1;
    return 0;
}

struct seen {
    const char *secret;
    int asked;
};

static int32_t on_auth(mailproto_smtp_server *s, const mailproto_smtp_auth *event, void *user)
{
    struct seen *seen = user;

    assert_memory_equal(event->password.ptr, "wonderland", event->password.len);
    assert_non_null(s->base.line);
    assert_false(holds(&s->base, seen->secret));
    seen->asked++;
    return MAILPROTO_USE_DEFAULT;
}

/* An octet at a time: so every line is put together in the engine. */
static void say(mailproto_session *s, const char *text)
{
    static uint64_t now;

    for (; *text; text++) {
        size_t taken = 0;

        while (!taken) {
            const uint8_t *data;
            size_t len;

            mailproto_session_tick(s, now++);
            mailproto_session_output(s, &data, &len);
            mailproto_session_output_ack(s, len);
            mailproto_session_feed(s, text, 1, now++, &taken);
        }
    }
}

static void authenticate(const char *lines, const char *secret)
{
    mailproto_smtp_server_callbacks callbacks;
    mailproto_smtp_server_config config;
    struct seen seen = {secret, 0};
    mailproto_smtp_server *server;

    mailproto_smtp_server_callbacks_init(&callbacks, sizeof callbacks);
    mailproto_smtp_server_config_init(&config, sizeof config);
    callbacks.on_auth = on_auth;
    config.hostname = (mailproto_text){"mx.example", 10};
    config.flags = MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH;
    config.offer = MAILPROTO_SMTP_EXT_AUTH;
    assert_int_equal(mailproto_smtp_server_new(&server, &config, &callbacks, NULL, &seen, NULL), MAILPROTO_OK);
    say(mailproto_smtp_server_session(server), "EHLO client.example\r\n");
    say(mailproto_smtp_server_session(server), lines);
    assert_int_equal(seen.asked, 1);
    mailproto_session_free(mailproto_smtp_server_session(server));
}

#define PLAIN "AGFsaWNlAHdvbmRlcmxhbmQ="
#define LOGIN "d29uZGVybGFuZA=="

static void test_no_copy_is_left(void **state)
{
    (void)state;
    authenticate("AUTH PLAIN " PLAIN "\r\n", PLAIN);
    authenticate("AUTH PLAIN\r\n" PLAIN "\r\n", PLAIN);
    authenticate("AUTH LOGIN\r\nYWxpY2U=\r\n" LOGIN "\r\n", LOGIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_copy_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
