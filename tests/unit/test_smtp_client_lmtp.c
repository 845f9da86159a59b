/* test_smtp_client_lmtp.c - LMTP, simple commands, and messages that are withdrawn.
 * RFC 2033; RFC 5321 section 4.1.1. */
#include "smtp_client_scenes.h"

static const struct scene scenes[] = {
    /* ---- LMTP (RFC 2033) ---- */
    {
        .name = "LMTP: a reply for each accepted recipient",
        .configure = lmtp,
        .submit = send_two_messages,
        .body = body,
        .script = LHLO "S: 250 PIPELINING\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: RCPT TO:<c@z.example>\n"
                       "C: DATA\n"
                       "S: 250 ok\n"
                       "S: 250 ok b\n"
                       "S: 250 ok c\n"
                       "S: 354 go\n"
                       "C: line\n"
                       "C: .\n"
                       "S: 250 2.0.0 b has it\n"
                       "S: 452 4.2.2 c is full\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: DATA\n"
                       "S: 250 ok\n"
                       "S: 250 ok b\n"
                       "S: 354 go\n"
                       "C: line\n"
                       "C: .\n"
                       "S: 552 5.2.2 b is full\n",
        .events = "READY 4 mx.example\n"
                  "RCPT 0.0 250 ok b\n"
                  "RCPT 0.1 250 ok c\n"
                  "RCPT 0.0 end 250 [2.0.0] b has it\n"
                  "RCPT 0.1 end 452 [4.2.2] c is full\n"
                  "DONE 0 PARTLY OK stage=8 rcpts=2 452 [4.2.2] c is full\n"
                  "RCPT 1.0 250 ok b\n"
                  "RCPT 1.0 end 552 [5.2.2] b is full\n"
                  "DONE 1 REFUSED ERR_REFUSED stage=8 rcpts=1 552 [5.2.2] b is full\n",
    },
    {
        .name = "LMTP: one recipient is refused, with chunks: they wait for the replies",
        .configure = lmtp,
        .submit = send_two_messages,
        .body = body,
        .script = LHLO "S: 250-PIPELINING\n"
                       "S: 250 CHUNKING\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: RCPT TO:<c@z.example>\n"
                       "S: 250 ok\n"
                       "S: 550 no b\n"
                       "S: 250 ok c\n"
                       "C: BDAT 6\n"
                       "C: line\n"
                       "S: 250 6 octets\n"
                       "C: BDAT 0 LAST\n"
                       "S: 250 c has it\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "S: 250 ok\n"
                       "S: 250 ok b\n"
                       "C: BDAT 6\n"
                       "C: line\n"
                       "S: 250 6 octets\n"
                       "C: BDAT 0 LAST\n"
                       "LOST\n",
        .events = "READY 84 mx.example\n"
                  "RCPT 0.0 550 no b\n"
                  "RCPT 0.1 250 ok c\n"
                  "RCPT 0.1 end 250 c has it\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=1 250 c has it\n"
                  "RCPT 1.0 250 ok b\n"
                  "DONE 1 UNKNOWN ERR_LOST stage=8 rcpts=1\n"
                  "CLOSED ERR_LOST\n",
    },
    {
        .name = "LMTP: lost between the replies",
        .configure = lmtp,
        .submit = talk_send_to_two,
        .body = body,
        .script = LHLO "S: 250 PIPELINING\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: RCPT TO:<c@z.example>\n"
                       "C: DATA\n"
                       "S: 250 ok\n"
                       "S: 250 ok b\n"
                       "S: 250 ok c\n"
                       "S: 354 go\n"
                       "C: line\n"
                       "C: .\n"
                       "S: 250 b has it\n"
                       "LOST\n",
        .events = "READY 4 mx.example\n"
                  "RCPT 0.0 250 ok b\n"
                  "RCPT 0.1 250 ok c\n"
                  "RCPT 0.0 end 250 b has it\n"
                  "DONE 0 UNKNOWN ERR_LOST stage=8 rcpts=2\n"
                  "CLOSED ERR_LOST\n",
    },
    {
        .name = "LMTP: 421 between the replies",
        .configure = lmtp,
        .submit = talk_send_to_two,
        .body = body,
        .script = LHLO "S: 250 PIPELINING\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: RCPT TO:<c@z.example>\n"
                       "C: DATA\n"
                       "S: 250 ok\n"
                       "S: 250 ok b\n"
                       "S: 250 ok c\n"
                       "S: 354 go\n"
                       "C: line\n"
                       "C: .\n"
                       "S: 250 b has it\n"
                       "S: 421 going down\n",
        .events = "READY 4 mx.example\n"
                  "RCPT 0.0 250 ok b\n"
                  "RCPT 0.1 250 ok c\n"
                  "RCPT 0.0 end 250 b has it\n"
                  "RCPT 0.1 end 421 going down\n"
                  "DONE 0 PARTLY OK stage=8 rcpts=2 421 going down\n"
                  "CLOSED ERR_REFUSED\n",
    },
    {
        .name = "LMTP: 354 for nobody",
        .configure = lmtp,
        .submit = send_one,
        .body = body,
        .script = LHLO "S: 250 PIPELINING\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: DATA\n"
                       "S: 250 ok\n"
                       "S: 550 no b\n"
                       "S: 354 go\n",
        .events = "READY 4 mx.example\n"
                  "RCPT 0.0 550 no b\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=6 rcpts=0 550 no b\n"
                  "CLOSED ERR_PROTOCOL\n",
    },

    /* ---- other commands ---- */
    {
        .name = "VRFY, EXPN, HELP, NOOP",
        .submit = simple_commands,
        .script = PLAIN "C: VRFY Smith\n"
                        "S: 250 Fred Smith <smith@x.example>\n"
                        "C: EXPN Example People\n"
                        "S: 550 5.7.1 no\n"
                        "C: HELP\n"
                        "S: 214-what\n"
                        "S: 214 there is\n"
                        "C: HELP MAIL\n"
                        "S: 502 5.5.1 no\n"
                        "C: NOOP\n"
                        "S: 250 ok\n"
                        "C: QUIT\n"
                        "S: 221 bye\n",
    },
    {
        .name = "a message that was begun and not let go is withdrawn by finish",
        .submit = begin_only,
        .script = PLAIN "C: QUIT\n"
                        "S: 221 bye\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "DONE 0 NOT_SENT ERR_CANCELLED stage=0 rcpts=0\n"
                  "CLOSED OK\n",
    },
    {
        .name = "a message that is cancelled before it began",
        .submit = send_and_cancel,
        .script = "S: 220 mx.example\n"
                  "C: EHLO client.example\n"
                  "S: 250 mx.example\n"
                  "C: MAIL FROM:<a@x.example>\n"
                  "S: 550 no\n",
        .events = "DONE 0 NOT_SENT ERR_CANCELLED stage=0 rcpts=0\n"
                  "READY 0 mx.example\n"
                  "DONE 1 REFUSED ERR_REFUSED stage=5 rcpts=0 550 no\n",
    },
};

int main(void)
{
    return run_scenes((struct scenes){scenes, sizeof scenes / sizeof scenes[0]});
}
