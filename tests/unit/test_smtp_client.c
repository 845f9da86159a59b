/* test_smtp_client.c - conversations of the SMTP client: greeting to QUIT, accepted, refused and broken off.
 * RFC 5321, RFC 2920, RFC 3030, RFC 3207. */
#include "smtp_client_talk.h"

static const char hello_body[] = "Subject: hi\r\n\r\nHello.\r\n.dot\r\n";

static void no_chunking(mailproto_smtp_client_config *config)
{
    config->flags = MAILPROTO_SMTP_CLIENT_NO_CHUNKING;
}

static const struct scene scenes[] = {
    {
        .name = "a message by HELO alone",
        .submit = talk_send_to_two,
        .body = hello_body,
        .script = "S: 220 mx.example ESMTP\n"
                  "C: EHLO client.example\n"
                  "S: 500 what?\n"
                  "C: HELO client.example\n"
                  "S: 250 mx.example\n"
                  "C: MAIL FROM:<a@x.example>\n"
                  "S: 250 2.1.0 ok\n"
                  "C: RCPT TO:<b@y.example>\n"
                  "S: 250 2.1.5 ok b\n"
                  "C: RCPT TO:<c@z.example>\n"
                  "S: 250 2.1.5 ok c\n"
                  "C: DATA\n"
                  "S: 354 go\n"
                  "C: Subject: hi\n"
                  "C: \n"
                  "C: Hello.\n"
                  "C: ..dot\n"
                  "C: .\n"
                  "S: 250 2.0.0 queued as 1\n"
                  "C: QUIT\n"
                  "S: 221 bye\n",
        .events = "READY 0 mx.example\n"
                  "RCPT 0.0 250 [2.1.5] ok b\n"
                  "RCPT 0.1 250 [2.1.5] ok c\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=2 250 [2.0.0] queued as 1\n"
                  "CLOSED OK\n",
    },
    {
        .name = "pipelined DATA",
        .configure = no_chunking,
        .submit = talk_send_to_two,
        .body = hello_body,
        .piece = 3,
        .script = "S: 220-mx.example\n"
                  "S: 220 ESMTP\n"
                  "C: EHLO client.example\n"
                  "S: 250-mx.example greets you\n"
                  "S: 250-PIPELINING\n"
                  "S: 250-SIZE 1000000\n"
                  "S: 250-CHUNKING\n"
                  "S: 250-LIMITS RCPTMAX=20 MAILMAX=5 NEW=1 RCPTDOMAINMAX=3\n"
                  "S: 250-XFOO bar baz\n"
                  "S: 250 XNIX\n"
                  "C: MAIL FROM:<a@x.example>\n"
                  "C: RCPT TO:<b@y.example>\n"
                  "C: RCPT TO:<c@z.example>\n"
                  "C: DATA\n"
                  "S: 250 2.1.0 ok\n"
                  "S: 550-5.1.1 no\n"
                  "S: 550 5.1.1 really not\n"
                  "S: 250 2.1.5 ok c\n"
                  "S: 354 go\n"
                  "C: Subject: hi\n"
                  "C: \n"
                  "C: Hello.\n"
                  "C: ..dot\n"
                  "C: .\n"
                  "S: 250 2.0.0 queued\n"
                  "C: QUIT\n"
                  "S: 221 bye\n",
        .events = "READY 885 size=1000000 limits=20,5,3 mx.example +XFOO=bar baz +XNIX\n"
                  "RCPT 0.0 550 [5.1.1] no|really not\n"
                  "RCPT 0.1 250 [2.1.5] ok c\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=1 250 [2.0.0] queued\n"
                  "CLOSED OK\n",
    },
    {
        .name = "pipelined BDAT",
        .submit = talk_send_to_two,
        .body = hello_body,
        .script = "S: 220 mx.example\n"
                  "C: EHLO client.example\n"
                  "S: 250-mx.example\n"
                  "S: 250-PIPELINING\n"
                  "S: 250 CHUNKING\n"
                  "C: MAIL FROM:<a@x.example>\n"
                  "C: RCPT TO:<b@y.example>\n"
                  "C: RCPT TO:<c@z.example>\n"
                  "C: BDAT 29\n"
                  "C: Subject: hi\n"
                  "C: \n"
                  "C: Hello.\n"
                  "C: .dot\n"
                  "C: BDAT 0 LAST\n"
                  "S: 250 ok\n"
                  "S: 250 ok\n"
                  "S: 250 ok\n"
                  "S: 250 29 octets\n"
                  "S: 250 queued\n"
                  "C: QUIT\n"
                  "S: 221 bye\n",
        .events = "READY 84 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 250 ok\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=2 250 queued\n"
                  "CLOSED OK\n",
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversations),
        cmocka_unit_test(conversations_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
