/* test_smtp_client_transaction.c - transactions of the client: each refusal at each stage, with and without PIPELINING,
 * replies that do not fit, connections that end. RFC 5321 section 3.3, RFC 2920. */
#include "smtp_client_scenes.h"

static const struct scene scenes[] = {
    /* ---- refusals, a command at a time ---- */
    {
        .name = "MAIL is refused, the next message is not",
        .submit = send_two_messages,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 550 5.7.1 not you\n"
                        "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 251 will forward\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "S: 250 ok\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=5 rcpts=0 550 [5.7.1] not you\n"
                  "RCPT 1.0 251 will forward\n"
                  "DONE 1 ACCEPTED OK stage=8 rcpts=1 250 ok\n",
    },
    {
        .name = "no recipient is accepted: RSET before the next message",
        .submit = send_two_messages,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 550 5.1.1 no b\n"
                        "C: RCPT TO:<c@z.example>\n"
                        "S: 452 4.5.3 too many\n"
                        "C: RSET\n"
                        "S: 250 ok\n"
                        "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "S: 250 ok\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 550 [5.1.1] no b\n"
                  "RCPT 0.1 452 [4.5.3] too many\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=6 rcpts=0 452 [4.5.3] too many\n"
                  "RCPT 1.0 250 ok\n"
                  "DONE 1 ACCEPTED OK stage=8 rcpts=1 250 ok\n",
    },
    {
        .name = "no recipient is accepted, and QUIT needs no RSET",
        .submit = talk_send_to_two,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 550 no b\n"
                        "C: RCPT TO:<c@z.example>\n"
                        "S: 550 no c\n"
                        "C: QUIT\n"
                        "S: 221 bye\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 550 no b\n"
                  "RCPT 0.1 550 no c\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=6 rcpts=0 550 no c\n"
                  "CLOSED OK\n",
    },
    {
        .name = "DATA is refused",
        .submit = send_two_messages,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<c@z.example>\n"
                        "S: 550 no c\n"
                        "C: DATA\n"
                        "S: 451 4.3.0 not now\n"
                        "C: RSET\n"
                        "S: 250 ok\n"
                        "C: MAIL FROM:<a@x.example>\n"
                        "S: 451 no\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 550 no c\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=7 rcpts=1 451 [4.3.0] not now\n"
                  "DONE 1 REFUSED ERR_REFUSED stage=5 rcpts=0 451 no\n",
    },
    {
        .name = "the message is refused",
        .submit = send_two_messages,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<c@z.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "S: 554-5.7.1 spam,\n"
                        "S: 554 5.7.1 spam\n"
                        "C: MAIL FROM:<a@x.example>\n"
                        "S: 451 no\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 250 ok\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=8 rcpts=2 554 [5.7.1] spam,|spam\n"
                  "DONE 1 REFUSED ERR_REFUSED stage=5 rcpts=0 451 no\n",
    },
    {
        .name = "RSET is refused",
        .submit = send_two_messages,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 550 no b\n"
                        "C: RCPT TO:<c@z.example>\n"
                        "S: 550 no c\n"
                        "C: RSET\n"
                        "S: 500 no\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 550 no b\n"
                  "RCPT 0.1 550 no c\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=6 rcpts=0 550 no c\n"
                  "DONE 1 NOT_SENT ERR_PROTOCOL stage=5 rcpts=0\n"
                  "CLOSED ERR_PROTOCOL\n",
    },

    /* ---- replies that do not fit ---- */
    {
        .name = "MAIL is answered with 354",
        .submit = send_one,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 354 go\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "DONE 0 NOT_SENT ERR_PROTOCOL stage=5 rcpts=0\n"
                  "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "DATA is answered with 250",
        .submit = send_one,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 250 ok\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_PROTOCOL stage=7 rcpts=1\n"
                  "CLOSED ERR_PROTOCOL\n",
    },
    {
        .name = "the message is answered with 354",
        .submit = send_one,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "S: 354 go on\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 UNKNOWN ERR_PROTOCOL stage=8 rcpts=1\n"
                  "CLOSED ERR_PROTOCOL\n",
    },

    /* ---- PIPELINING (RFC 2920) ---- */
    {
        .name = "pipelined: MAIL is refused, the rest is counted",
        .submit = send_two_messages,
        .body = body,
        .script = PIPELINING "C: MAIL FROM:<a@x.example>\n"
                             "C: RCPT TO:<b@y.example>\n"
                             "C: RCPT TO:<c@z.example>\n"
                             "C: DATA\n"
                             "S: 550 5.7.1 not you\n"
                             "S: 503 no MAIL\n"
                             "S: 503 no MAIL\n"
                             "S: 503 no MAIL\n"
                             "C: MAIL FROM:<a@x.example>\n"
                             "C: RCPT TO:<b@y.example>\n"
                             "C: DATA\n"
                             "S: 250 ok\n"
                             "S: 250 ok\n"
                             "S: 354 go\n"
                             "C: line\n"
                             "C: .\n"
                             "S: 250 ok\n",
        .events = "READY 4 mx.example\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=5 rcpts=0 550 [5.7.1] not you\n"
                  "RCPT 1.0 250 ok\n"
                  "DONE 1 ACCEPTED OK stage=8 rcpts=1 250 ok\n",
    },
    {
        .name = "pipelined: MAIL is refused and DATA is not: a lone dot",
        .submit = send_one,
        .body = body,
        .script = PIPELINING "C: MAIL FROM:<a@x.example>\n"
                             "C: RCPT TO:<b@y.example>\n"
                             "C: DATA\n"
                             "S: 550 5.7.1 not you\n"
                             "S: 503 no MAIL\n"
                             "S: 354 go\n"
                             "C: .\n"
                             "S: 554 no recipients\n",
        .events = "READY 4 mx.example\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=5 rcpts=0 550 [5.7.1] not you\n",
    },
    {
        .name = "pipelined: 354 without a recipient is answered with a lone dot, and its reply means nothing",
        .submit = send_two_messages,
        .body = body,
        .script = PIPELINING "C: MAIL FROM:<a@x.example>\n"
                             "C: RCPT TO:<b@y.example>\n"
                             "C: RCPT TO:<c@z.example>\n"
                             "C: DATA\n"
                             "S: 250 ok\n"
                             "S: 550 no b\n"
                             "S: 550 no c\n"
                             "S: 354 go\n"
                             "C: .\n"
                             "S: 250 accepted for nobody\n"
                             "C: MAIL FROM:<a@x.example>\n"
                             "C: RCPT TO:<b@y.example>\n"
                             "C: DATA\n"
                             "S: 250 ok\n"
                             "S: 550 no b\n"
                             "S: 503 no recipient\n",
        .events = "READY 4 mx.example\n"
                  "RCPT 0.0 550 no b\n"
                  "RCPT 0.1 550 no c\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=6 rcpts=0 550 no c\n"
                  "RCPT 1.0 550 no b\n"
                  "DONE 1 REFUSED ERR_REFUSED stage=6 rcpts=0 550 no b\n",
    },
    {
        .name = "pipelined: RSET goes ahead of the next MAIL",
        .submit = send_two_messages,
        .body = body,
        .script = PIPELINING "C: MAIL FROM:<a@x.example>\n"
                             "C: RCPT TO:<b@y.example>\n"
                             "C: RCPT TO:<c@z.example>\n"
                             "C: DATA\n"
                             "S: 250 ok\n"
                             "S: 250 ok b\n"
                             "S: 250 ok c\n"
                             "S: 451 no\n"
                             "C: RSET\n"
                             "C: MAIL FROM:<a@x.example>\n"
                             "C: RCPT TO:<b@y.example>\n"
                             "C: DATA\n"
                             "S: 250 reset\n"
                             "S: 250 ok\n"
                             "S: 250 ok\n"
                             "S: 354 go\n"
                             "C: line\n"
                             "C: .\n"
                             "S: 250 ok\n",
        .events = "READY 4 mx.example\n"
                  "RCPT 0.0 250 ok b\n"
                  "RCPT 0.1 250 ok c\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=7 rcpts=2 451 no\n"
                  "RCPT 1.0 250 ok\n"
                  "DONE 1 ACCEPTED OK stage=8 rcpts=1 250 ok\n",
    },
    {
        .name = "PIPELINING is offered and not used",
        .configure = not_pipelining,
        .submit = send_one,
        .script = PIPELINING "C: MAIL FROM:<a@x.example>\n"
                             "S: 550 no\n",
        .events = "READY 4 mx.example\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=5 rcpts=0 550 no\n",
    },

    /* ---- 421, and connections that end ---- */
    {
        .name = "421 to a recipient",
        .submit = send_two_messages,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<c@z.example>\n"
                        "S: 421 4.3.2 going down\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 421 [4.3.2] going down\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=6 rcpts=1 421 [4.3.2] going down\n"
                  "DONE 1 NOT_SENT ERR_REFUSED stage=0 rcpts=0 421 [4.3.2] going down\n"
                  "CLOSED ERR_REFUSED\n",
    },
    {
        .name = "421 to the message",
        .submit = send_one,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "S: 421 4.3.2 going down\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=8 rcpts=1 421 [4.3.2] going down\n"
                  "CLOSED ERR_REFUSED\n",
    },
    {
        .name = "lost before the message",
        .submit = send_two_messages,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "LOST\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "DONE 0 NOT_SENT ERR_LOST stage=6 rcpts=0\n"
                  "DONE 1 NOT_SENT ERR_LOST stage=0 rcpts=0\n"
                  "CLOSED ERR_LOST\n",
    },
    {
        .name = "lost after the final dot",
        .submit = send_one,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "LOST\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 UNKNOWN ERR_LOST stage=8 rcpts=1\n"
                  "CLOSED ERR_LOST\n",
    },
    {
        .name = "half-closed after the final dot, with half a reply",
        .submit = send_one,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "S: 250-half\n"
                        "EOF\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 UNKNOWN ERR_LOST stage=8 rcpts=1\n"
                  "CLOSED ERR_LOST\n",
    },
    {
        .name = "the reply to the message, then half-closed",
        .submit = send_one,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "S: 250 ok\n"
                        "EOF\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=1 250 ok\n"
                  "CLOSED ERR_LOST\n",
    },
    {
        .name = "no reply to the final dot in ten minutes",
        .submit = send_one,
        .body = body,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n"
                        "C: .\n"
                        "TICK 599999\n"
                        "TICK 1\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 UNKNOWN ERR_TIMEOUT stage=8 rcpts=1\n"
                  "CLOSED ERR_TIMEOUT\n",
    },
    {
        .name = "QUIT and no reply: the server just closes",
        .submit = talk_send_to_two,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 550 no\n"
                        "C: QUIT\n"
                        "EOF\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=5 rcpts=0 550 no\n"
                  "CLOSED OK\n",
    },
};

int main(void)
{
    return run_scenes((struct scenes){scenes, sizeof scenes / sizeof scenes[0]});
}
