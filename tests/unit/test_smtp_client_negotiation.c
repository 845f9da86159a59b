/* test_smtp_client_negotiation.c - from the greeting to READY: EHLO and HELO, STARTTLS, AUTH, and each way to fail.
 * RFC 5321 sections 3.1, 3.2 and 4.2; RFC 3207; RFC 4954; RFC 7504. */
#include "smtp_client_talk.h"

static void send_one(struct talk *t)
{
    static const char *const to[] = {"b@y.example", NULL};
    mailproto_smtp_envelope envelope;

    talk_envelope(&envelope);
    talk_send(t, &envelope, to);
}

static void finish(struct talk *t)
{
    mailproto_session_finish(t->session);
}

static void tls_may(mailproto_smtp_client_config *config)
{
    config->tls = MAILPROTO_TLS_MAY;
}

static void tls_required(mailproto_smtp_client_config *config)
{
    config->tls = MAILPROTO_TLS_REQUIRED;
}

static void tls_implicit(mailproto_smtp_client_config *config)
{
    config->tls = MAILPROTO_TLS_IMPLICIT;
}

static void both_mechanisms(mailproto_smtp_client_config *config)
{
    config->mechanisms = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN;
    config->flags = MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH;
}

static void auth_required(mailproto_smtp_client_config *config)
{
    both_mechanisms(config);
    config->flags |= MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED;
}

static void login_only(mailproto_smtp_client_config *config)
{
    config->mechanisms = MAILPROTO_SASL_LOGIN;
    config->flags = MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH;
}

static void auth_in_tls_only(mailproto_smtp_client_config *config)
{
    config->mechanisms = MAILPROTO_SASL_PLAIN;
}

static void auth_required_in_tls_only(mailproto_smtp_client_config *config)
{
    config->mechanisms = MAILPROTO_SASL_PLAIN;
    config->flags = MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED;
}

static void lmtp(mailproto_smtp_client_config *config)
{
    config->flags = MAILPROTO_SMTP_CLIENT_LMTP;
}

#define EHLO(...)                                                                                                      \
    "S: 220 mx.example\n"                                                                                              \
    "C: EHLO client.example\n"                                                                                         \
    "S: 250-mx.example\n" __VA_ARGS__

static const struct scene scenes[] = {
    {
        .name = "finished before the greeting, with nothing to do",
        .submit = finish,
        .script = "S: 220 mx.example\n"
                  "C: QUIT\n"
                  "S: 221 bye\n",
        .events = "CLOSED OK\n",
    },
    {
        .name = "RFC 7504: a host that takes no mail",
        .submit = send_one,
        .script = "S: 521 5.3.2 no mail here\n"
                  "C: QUIT\n"
                  "S: 221 bye\n",
        .events = "DONE 0 NOT_SENT ERR_REFUSED stage=1 rcpts=0 521 [5.3.2] no mail here\n"
                  "CLOSED ERR_REFUSED\n",
    },
    {
        .name = "554 at the greeting",
        .submit = send_one,
        .script = "S: 554-no\n"
                  "S: 554 service\n"
                  "C: QUIT\n"
                  "S: 221 bye\n",
        .events = "DONE 0 NOT_SENT ERR_REFUSED stage=1 rcpts=0 554 no|service\n"
                  "CLOSED ERR_REFUSED\n",
    },
    {
        .name = "421 at the greeting",
        .submit = send_one,
        .script = "S: 421 4.3.2 busy\n",
        .events = "DONE 0 NOT_SENT ERR_REFUSED stage=1 rcpts=0 421 [4.3.2] busy\n"
                  "CLOSED ERR_REFUSED\n",
    },
    {
        .name = "a greeting of another protocol",
        .script = "S: +OK POP3 ready\n",
        .events = "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "a greeting with 354",
        .script = "S: 354 go\n",
        .events = "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "a reply with two codes",
        .submit = send_one,
        .script = "S: 220-mx.example\n"
                  "S: 221 ESMTP\n",
        .events = "DONE 0 NOT_SENT ERR_PROTOCOL stage=1 rcpts=0\n"
                  "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "a reply without a space behind its code",
        .script = "S: 220mx.example\n",
        .events = "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "codes outside of 2yz to 5yz",
        .script = "S: 120 in a moment\n",
        .events = "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "600",
        .script = "S: 600 what\n",
        .events = "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "a code and nothing else",
        .submit = finish,
        .script = "S: 220\n"
                  "C: QUIT\n"
                  "S: 221\n",
        .events = "CLOSED OK\n",
    },
    {
        .name = "an empty line",
        .script = "S: \n",
        .events = "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "a second greeting that nobody asked for",
        .script = EHLO("S: 250 SIZE\n"
                       "S: 250 once more\n"),
        .events = "READY 1 mx.example\n"
                  "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "421 while nothing is in hand",
        .script = EHLO("S: 250 SIZE\n"
                       "S: 421 4.4.2 idle\n"),
        .events = "READY 1 mx.example\n"
                  "CLOSED ERR_REFUSED\n",
    },
    {
        .name = "the server closes before the greeting",
        .submit = send_one,
        .script = "EOF\n",
        .events = "DONE 0 NOT_SENT ERR_LOST stage=1 rcpts=0\n"
                  "CLOSED ERR_LOST\n",
    },
    {
        .name = "EHLO is refused for now",
        .submit = send_one,
        .script = "S: 220 mx.example\n"
                  "C: EHLO client.example\n"
                  "S: 451 later\n"
                  "C: QUIT\n"
                  "S: 221 bye\n",
        .events = "DONE 0 NOT_SENT ERR_REFUSED stage=2 rcpts=0 451 later\n"
                  "CLOSED ERR_REFUSED\n",
    },
    {
        .name = "EHLO and HELO are refused",
        .script = "S: 220 mx.example\n"
                  "C: EHLO client.example\n"
                  "S: 550 no\n"
                  "C: HELO client.example\n"
                  "S: 550 5.7.1 no\n"
                  "C: QUIT\n"
                  "S: 221 bye\n",
        .events = "CLOSED ERR_REFUSED\n",
    },
    {
        .name = "no HELO where TLS is required",
        .configure = tls_required,
        .submit = send_one,
        .script = "S: 220 mx.example\n"
                  "C: EHLO client.example\n"
                  "S: 502 no\n"
                  "C: QUIT\n"
                  "S: 221 bye\n",
        .events = "DONE 0 NOT_SENT ERR_TLS stage=3 rcpts=0 502 no\n"
                  "CLOSED ERR_TLS\n",
    },
    {
        .name = "no HELO where AUTH is required",
        .configure = auth_required,
        .submit = send_one,
        .script = "S: 220 mx.example\n"
                  "C: EHLO client.example\n"
                  "S: 502 no\n"
                  "C: QUIT\n"
                  "S: 221 bye\n",
        .events = "DONE 0 NOT_SENT ERR_AUTH stage=4 rcpts=0 502 no\n"
                  "CLOSED ERR_AUTH\n",
    },
    {
        .name = "LHLO has nothing to fall back to",
        .configure = lmtp,
        .script = "S: 220 mx.example\n"
                  "C: LHLO client.example\n"
                  "S: 500 what?\n"
                  "C: QUIT\n"
                  "S: 221 bye\n",
        .events = "CLOSED ERR_REFUSED\n",
    },
    {
        .name = "every extension, in any case, with the old form of AUTH",
        .script = EHLO("S: 250-size 0\n"
                       "S: 250-8BitMime\n"
                       "S: 250-PIPELINING\n"
                       "S: 250-STARTTLS\n"
                       "S: 250-AUTH PLAIN NEW\n"
                       "S: 250-AUTH=LOGIN\n"
                       "S: 250-ENHANCEDSTATUSCODES\n"
                       "S: 250-DSN\n"
                       "S: 250-CHUNKING\n"
                       "S: 250-BINARYMIME\n"
                       "S: 250-SMTPUTF8\n"
                       "S: 250-REQUIRETLS\n"
                       "S: 250-LIMITS\n"
                       "S: 250-VRFY\n"
                       "S: 250-EXPN\n"
                       "S: 250-\n"
                       "S: 250-AUTHOR=x\n"
                       "S: 250 HELP\n"),
        .events = "READY 7fff mx.example +AUTHOR=x\n",
    },

    /* ---- STARTTLS ---- */
    {
        .name = "STARTTLS: what was learned is forgotten",
        .configure = tls_may,
        .submit = finish,
        .script = "S: 220 mx.example\n"
                  "C: QUIT\n"
                  "S: 221 bye\n",
        .events = "CLOSED OK\n",
    },
    {
        .name = "STARTTLS, and EHLO again",
        .configure = tls_required,
        .script = EHLO("S: 250-SIZE 5\n"
                       "S: 250-XBEFORE\n"
                       "S: 250 STARTTLS\n"
                       "C: STARTTLS\n"
                       "S: 220 2.0.0 go\n"
                       "TLS\n"
                       "C: EHLO client.example\n"
                       "S: 250-inside.example\n"
                       "S: 250-STARTTLS\n"
                       "S: 250 REQUIRETLS\n"),
        .events = "TLS\n"
                  "READY 408 tls inside.example\n",
    },
    {
        .name = "STARTTLS is not offered but required",
        .configure = tls_required,
        .submit = send_one,
        .script = EHLO("S: 250 SIZE\n"
                       "C: QUIT\n"
                       "S: 221 bye\n"),
        .events = "DONE 0 NOT_SENT ERR_TLS stage=3 rcpts=0\n"
                  "CLOSED ERR_TLS\n",
    },
    {
        .name = "STARTTLS is refused but required",
        .configure = tls_required,
        .submit = send_one,
        .script = EHLO("S: 250 STARTTLS\n"
                       "C: STARTTLS\n"
                       "S: 454 4.7.0 not now\n"
                       "C: QUIT\n"
                       "S: 221 bye\n"),
        .events = "DONE 0 NOT_SENT ERR_TLS stage=3 rcpts=0 454 [4.7.0] not now\n"
                  "CLOSED ERR_TLS\n",
    },
    {
        .name = "STARTTLS is refused and not required",
        .configure = tls_may,
        .script = EHLO("S: 250 STARTTLS\n"
                       "C: STARTTLS\n"
                       "S: 454 4.7.0 not now\n"),
        .events = "READY 8 mx.example\n",
    },
    {
        .name = "STARTTLS is answered with 250",
        .configure = tls_may,
        .script = EHLO("S: 250 STARTTLS\n"
                       "C: STARTTLS\n"
                       "S: 250 ok\n"),
        .events = "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "octets behind the 220 of STARTTLS",
        .configure = tls_may,
        .submit = send_one,
        .script = EHLO("S: 250 STARTTLS\n"
                       "C: STARTTLS\n"
                       "S: 220 go\n"
                       "S: 250 injected\n"),
        .events = "DONE 0 NOT_SENT ERR_TLS_INJECTED stage=3 rcpts=0\n"
                  "CLOSED ERR_TLS_INJECTED\n",
    },
    {
        .name = "the server closes where the handshake was due",
        .configure = tls_may,
        .script = EHLO("S: 250 STARTTLS\n"
                       "C: STARTTLS\n"
                       "S: 220 go\n"
                       "EOF\n"),
        .events = "CLOSED ERR_LOST\n",
    },
    {
        .name = "implicit TLS",
        .configure = tls_implicit,
        .script = "TLS\n" EHLO("S: 250 STARTTLS\n"),
        .events = "TLS\n"
                  "READY 8 tls mx.example\n",
    },

    /* ---- AUTH ---- */
    {
        .name = "AUTH PLAIN with its initial response",
        .configure = both_mechanisms,
        .user = "tim",
        .password = "tanstaaftanstaaf",
        .script = EHLO("S: 250 AUTH LOGIN PLAIN\n"
                       "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\n"
                       "S: 235 2.7.0 hello tim\n"),
        .events = "CREDENTIALS 1\n"
                  "READY 10 auth mx.example\n",
    },
    {
        .name = "AUTH PLAIN for somebody else",
        .configure = both_mechanisms,
        .user = "Kurt",
        .password = "xipj3plmq",
        .acts_as = "Ursel",
        .script = EHLO("S: 250 AUTH=PLAIN\n"
                       "C: AUTH PLAIN VXJzZWwAS3VydAB4aXBqM3BsbXE=\n"
                       "S: 235 ok\n"),
        .events = "CREDENTIALS 1\n"
                  "READY 10 auth mx.example\n",
    },
    {
        .name = "AUTH LOGIN",
        .configure = login_only,
        .user = "tim",
        .password = "secret",
        .script = EHLO("S: 250 AUTH LOGIN PLAIN\n"
                       "C: AUTH LOGIN\n"
                       "S: 334 VXNlcm5hbWU6\n"
                       "C: dGlt\n"
                       "S: 334 UGFzc3dvcmQ6\n"
                       "C: c2VjcmV0\n"
                       "S: 235 ok\n"),
        .events = "CREDENTIALS 2\n"
                  "READY 10 auth mx.example\n",
    },
    {
        .name = "LOGIN cannot act as somebody else",
        .configure = login_only,
        .user = "tim",
        .password = "secret",
        .acts_as = "tom",
        .script = EHLO("S: 250 AUTH LOGIN\n"),
        .events = "CREDENTIALS 2\n"
                  "credentials: ERR_ARG\n"
                  "READY 10 mx.example\n",
    },
    {
        .name = "a reply of 3yz that is no challenge is answered with a cancel, and no other mechanism is tried",
        .configure = both_mechanisms,
        .user = "tim",
        .password = "secret",
        .script = EHLO("S: 250 AUTH LOGIN PLAIN\n"
                       "C: AUTH PLAIN AHRpbQBzZWNyZXQ=\n"
                       "S: 354 go on\n"
                       "C: *\n"
                       "S: 501 5.7.0 cancelled\n"
                       "C: QUIT\n"
                       "S: 221 bye\n"),
        .events = "CREDENTIALS 1\n"
                  "CLOSED ERR_AUTH\n",
    },
    {
        .name = "a third challenge of LOGIN",
        .configure = login_only,
        .user = "tim",
        .password = "secret",
        .submit = send_one,
        .script = EHLO("S: 250 AUTH LOGIN\n"
                       "C: AUTH LOGIN\n"
                       "S: 334 VXNlcm5hbWU6\n"
                       "C: dGlt\n"
                       "S: 334 UGFzc3dvcmQ6\n"
                       "C: c2VjcmV0\n"
                       "S: 334 TW9yZTo=\n"
                       "C: *\n"
                       "S: 501 cancelled\n"
                       "C: QUIT\n"
                       "S: 221 bye\n"),
        .events = "CREDENTIALS 2\n"
                  "DONE 0 NOT_SENT ERR_AUTH stage=4 rcpts=0 501 cancelled\n"
                  "CLOSED ERR_AUTH\n",
    },
    {
        .name = "a server that goes on after the cancel",
        .configure = login_only,
        .user = "tim",
        .password = "secret",
        .script = EHLO("S: 250 AUTH LOGIN\n"
                       "C: AUTH LOGIN\n"
                       "S: 354 what?\n"
                       "C: *\n"
                       "S: 334 UGFzc3dvcmQ6\n"),
        .events = "CREDENTIALS 2\n"
                  "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "235 before the password was said",
        .configure = login_only,
        .user = "tim",
        .password = "secret",
        .script = EHLO("S: 250 AUTH LOGIN\n"
                       "C: AUTH LOGIN\n"
                       "S: 235 come in\n"),
        .events = "CREDENTIALS 2\n"
                  "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "wrong credentials: they are not tried with the next mechanism",
        .configure = both_mechanisms,
        .user = "tim",
        .password = "wrong",
        .submit = send_one,
        .script = EHLO("S: 250 AUTH PLAIN LOGIN\n"
                       "C: AUTH PLAIN AHRpbQB3cm9uZw==\n"
                       "S: 535 5.7.8 no\n"
                       "C: QUIT\n"
                       "S: 221 bye\n"),
        .events = "CREDENTIALS 1\n"
                  "DONE 0 NOT_SENT ERR_AUTH stage=4 rcpts=0 535 [5.7.8] no\n"
                  "CLOSED ERR_AUTH\n",
    },
    {
        .name = "a mechanism that the server does not want: the next one",
        .configure = both_mechanisms,
        .user = "tim",
        .password = "secret",
        .submit = send_one,
        .script = EHLO("S: 250 AUTH PLAIN LOGIN\n"
                       "C: AUTH PLAIN AHRpbQBzZWNyZXQ=\n"
                       "S: 534 5.7.9 not that\n"
                       "C: AUTH LOGIN\n"
                       "S: 334 VXNlcm5hbWU6\n"
                       "C: dGlt\n"
                       "S: 334 UGFzc3dvcmQ6\n"
                       "C: c2VjcmV0\n"
                       "S: 535 5.7.8 no\n"
                       "C: QUIT\n"
                       "S: 221 bye\n"),
        .events = "CREDENTIALS 1\n"
                  "CREDENTIALS 2\n"
                  "DONE 0 NOT_SENT ERR_AUTH stage=4 rcpts=0 535 [5.7.8] no\n"
                  "CLOSED ERR_AUTH\n",
    },
    {
        .name = "454: cannot authenticate now",
        .configure = both_mechanisms,
        .user = "tim",
        .password = "secret",
        .script = EHLO("S: 250 AUTH PLAIN LOGIN\n"
                       "C: AUTH PLAIN AHRpbQBzZWNyZXQ=\n"
                       "S: 454 4.7.0 later\n"
                       "C: QUIT\n"
                       "S: 221 bye\n"),
        .events = "CREDENTIALS 1\n"
                  "CLOSED ERR_AUTH\n",
    },
    {
        .name = "no credentials, not required",
        .configure = both_mechanisms,
        .script = EHLO("S: 250 AUTH PLAIN\n"),
        .events = "CREDENTIALS 1\n"
                  "READY 10 mx.example\n",
    },
    {
        .name = "no credentials, required",
        .configure = auth_required,
        .submit = send_one,
        .script = EHLO("S: 250 AUTH PLAIN\n"
                       "C: QUIT\n"
                       "S: 221 bye\n"),
        .events = "CREDENTIALS 1\n"
                  "DONE 0 NOT_SENT ERR_AUTH stage=4 rcpts=0\n"
                  "CLOSED ERR_AUTH\n",
    },
    {
        .name = "AUTH is not offered but required",
        .configure = auth_required,
        .submit = send_one,
        .script = EHLO("S: 250 AUTH CRAM-MD5\n"
                       "C: QUIT\n"
                       "S: 221 bye\n"),
        .events = "DONE 0 NOT_SENT ERR_AUTH stage=4 rcpts=0\n"
                  "CLOSED ERR_AUTH\n",
    },
    {
        .name = "no credentials in clear text: nobody is asked",
        .configure = auth_in_tls_only,
        .user = "tim",
        .password = "secret",
        .script = EHLO("S: 250 AUTH PLAIN\n"),
        .events = "READY 10 mx.example\n",
    },
    {
        .name = "no credentials in clear text where they are required",
        .configure = auth_required_in_tls_only,
        .user = "tim",
        .password = "secret",
        .script = EHLO("S: 250 AUTH PLAIN\n"
                       "C: QUIT\n"
                       "S: 221 bye\n"),
        .events = "CLOSED ERR_AUTH\n",
    },
    {
        .name = "421 in the middle of AUTH",
        .configure = login_only,
        .user = "tim",
        .password = "secret",
        .submit = send_one,
        .script = EHLO("S: 250 AUTH LOGIN\n"
                       "C: AUTH LOGIN\n"
                       "S: 421 4.3.2 going down\n"),
        .events = "CREDENTIALS 2\n"
                  "DONE 0 NOT_SENT ERR_REFUSED stage=4 rcpts=0 421 [4.3.2] going down\n"
                  "CLOSED ERR_REFUSED\n",
    },
};

static void conversations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        talk_scene(&scenes[i]);
}

static void conversations_without_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        talk_scene_without_memory(&scenes[i]);
}

/* A response that would make the AUTH line of any mechanism longer than 512 octets waits for its challenge (RFC 4954 4). */
static void long_credentials(void **state)
{
    static char password[2046], script[8192], line[4096];
    struct scene scene = {.name = "long credentials", .configure = both_mechanisms, .user = "u", .password = password};
    struct talk *t = malloc(sizeof *t);
    const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    (void)state;
    assert_non_null(t);
    for (size_t n = 350; n < 2046; n += n < 370 ? 1 : 833) {
        char message[3000];
        size_t len = n + 3, to = 0;

        memset(password, 'p', n);
        password[n] = 0;
        memset(message, 0, sizeof message);
        memcpy(message + 1, "u", 2);
        memcpy(message + 3, password, n);
        for (size_t i = 0; i < len; i += 3) {
            uint32_t v = (uint32_t)(uint8_t)message[i] << 16 | (uint32_t)(uint8_t)message[i + 1] << 8 |
                         (uint32_t)(uint8_t)message[i + 2];

            for (int k = 0; k < 4; k++)
                line[to++] = i + (size_t)k > len ? '=' : alphabet[v >> (18 - 6 * k) & 63];
        }
        line[to] = 0;
        if (len <= 363)
            snprintf(script, sizeof script, EHLO("S: 250 AUTH PLAIN\n") "C: AUTH PLAIN %s\nS: 235 ok\n", line);
        else
            snprintf(script, sizeof script, EHLO("S: 250 AUTH PLAIN\n") "C: AUTH PLAIN\nS: 334 \nC: %s\nS: 235 ok\n",
                     line);
        scene.script = script;
        scene.events = "CREDENTIALS 1\nREADY 10 auth mx.example\n";
        talk_scene(&scene);
    }
    free(t);
}

static int32_t last_result;

static void odd_credentials(struct talk *t, const mailproto_event *event)
{
    static char large[4097];

    if (event->type != MAILPROTO_SMTP_CLIENT_CREDENTIALS)
        return;
    assert_int_equal(mailproto_smtp_client_credentials(t->client, event->token, "", 0, "a\0b", 3, "p", 1),
                     MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_client_credentials(t->client, event->token, "", 0, "a", 1, "\0", 1),
                     MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_client_credentials(t->client, event->token, "\0", 1, "a", 1, "p", 1),
                     MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_client_credentials(t->client, event->token, "", 0, NULL, 0, "p", 1),
                     MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_client_credentials(t->client, event->token, "", 0, "a", 1, large, sizeof large),
                     MAILPROTO_ERR_LIMIT);
    assert_int_equal(mailproto_smtp_client_credentials(t->client, event->token + 1, "", 0, "a", 1, "p", 1),
                     MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_session_piece(t->session, event->token, "x", 1), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_session_piece_end(t->session, event->token), MAILPROTO_ERR_TOKEN);
    last_result = MAILPROTO_OK;
}

static void credentials_that_are_refused(void **state)
{
    static const struct scene scene = {.name = "odd credentials",
                                       .configure = both_mechanisms,
                                       .user = "tim",
                                       .password = "secret",
                                       .script = EHLO("S: 250 AUTH PLAIN\n"
                                                      "C: AUTH PLAIN AHRpbQBzZWNyZXQ=\n"
                                                      "S: 235 ok\n")};
    struct talk *t = malloc(sizeof *t);

    (void)state;
    assert_non_null(t);
    last_result = MAILPROTO_ERR_STATE;
    assert_int_equal(talk_open(t, &scene, TALK_NOW, NULL), MAILPROTO_OK);
    t->on_event = odd_credentials;
    talk_run(t);
    talk_check(t);
    assert_int_equal(last_result, MAILPROTO_OK);
    mailproto_session_free(t->session);
    free(t);
}

/* ---- secrets ---- */

static struct {
    int private_seen, leaked;
} seen;

static int holds(const char *text, size_t n, const char *what)
{
    for (size_t i = 0; i + strlen(what) <= n; i++)
        if (!memcmp(text + i, what, strlen(what)))
            return 1;
    return 0;
}

static void watch_trace(struct talk *t, const mailproto_event *event)
{
    const mailproto_trace *trace = (const void *)event;

    (void)t;
    if (event->type != MAILPROTO_EVENT_TRACE)
        return;
    if (trace->kind == MAILPROTO_TRACE_PRIVATE)
        seen.private_seen++;
    else if (holds(trace->bytes.ptr, trace->bytes.len, "AHRpbQBzZWNyZXQ=") ||
             holds(trace->bytes.ptr, trace->bytes.len, "dGlt") || holds(trace->bytes.ptr, trace->bytes.len, "c2VjcmV0"))
        seen.leaked++;
}

static int leaked_when_freed;

static void free_and_look(void *p, size_t n, void *user)
{
    if (holds(p, n, "secret") || holds(p, n, "AHRpbQBzZWNyZXQ=") || holds(p, n, "c2VjcmV0"))
        leaked_when_freed++;
    talk_free(p, n, user);
}

/* Credentials are marked in the trace, and no memory that is given back holds them. */
static void secrets(void **state)
{
    struct talk *t = malloc(sizeof *t);
    int said = 0;

    (void)state;
    assert_non_null(t);
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        struct talk_memory memory = {0, 0, 0};
        mailproto_allocator allocator = {sizeof allocator, &memory, talk_alloc, talk_resize, free_and_look};

        if (!scenes[i].password || strcmp(scenes[i].password, "secret") || scenes[i].configure == auth_in_tls_only ||
            scenes[i].configure == auth_required_in_tls_only || scenes[i].acts_as)
            continue;
        seen.private_seen = seen.leaked = leaked_when_freed = 0;
        assert_int_equal(talk_open(t, &scenes[i], TALK_NOW, &allocator), MAILPROTO_OK);
        t->on_event = watch_trace;
        mailproto_session_set_trace(t->session, MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_BODY | MAILPROTO_TRACE_PRIVATE);
        talk_run(t);
        talk_check(t);
        mailproto_session_free(t->session);
        assert_int_equal(seen.leaked, 0);
        assert_int_equal(leaked_when_freed, 0);
        said += seen.private_seen;
    }
    /* all that these conversations say of them, the lines that name a mechanism alone, and the challenges */
    assert_int_equal(said, 25);
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversations),    cmocka_unit_test(conversations_without_memory),
        cmocka_unit_test(long_credentials), cmocka_unit_test(credentials_that_are_refused),
        cmocka_unit_test(secrets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
