/* test_smtp_client_bodies.c - bodies that fail at each place, with and without CHUNKING, and what messages need.
 * RFC 5321 section 4.5.2, RFC 3030; RFC 3461, RFC 4954 section 5, RFC 6531 (parameters). */
#include "smtp_client_scenes.h"

static const struct scene scenes[] = {
    /* ---- bodies that fail ---- */
    {
        .name = "the body fails in DATA: no dot, the connection ends",
        .submit = send_two_messages,
        .body = "line\r\nline\r\n",
        .piece = 6,
        .body_fails = 7,
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<c@z.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=2\n"
                  "DONE 1 NOT_SENT ERR_BODY stage=0 rcpts=0\n"
                  "CLOSED ERR_BODY\n",
    },
    {
        .name = "the body fails in BDAT: RSET, and the next message",
        .submit = send_two_messages,
        .body = "line\r\nline\r\n",
        .piece = 6,
        .body_fails = 7,
        .script = BOTH "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: RCPT TO:<c@z.example>\n"
                       "C: BDAT 6\n"
                       "C: line\n"
                       "C: RSET\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 6 octets\n"
                       "S: 250 reset\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: BDAT 6\n"
                       "C: line\n"
                       "C: RSET\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 6 octets\n"
                       "S: 250 reset\n",
        .events = "READY 84 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=2\n"
                  "RCPT 1.0 250 ok\n"
                  "DONE 1 NOT_SENT ERR_BODY stage=8 rcpts=1\n",
    },
    {
        .name = "the body fails at once in BDAT without PIPELINING",
        .submit = send_one,
        .body = body,
        .body_fails = 1,
        .script = CHUNKING "C: MAIL FROM:<a@x.example>\n"
                           "S: 250 ok\n"
                           "C: RCPT TO:<b@y.example>\n"
                           "S: 250 ok\n"
                           "C: RSET\n"
                           "S: 250 ok\n",
        .events = "READY 80 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=1\n",
    },
    {
        .name = "the body is longer than announced, in DATA",
        .submit = send_of_known_size,
        .body = "line\r\nx",
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=1\n"
                  "DONE 1 NOT_SENT ERR_BODY stage=0 rcpts=0\n"
                  "CLOSED ERR_BODY\n",
    },
    {
        .name = "the body is shorter than announced, in DATA",
        .submit = send_of_known_size,
        .body = "line\n",
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C: line\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=1\n"
                  "DONE 1 NOT_SENT ERR_BODY stage=0 rcpts=0\n"
                  "CLOSED ERR_BODY\n",
    },
    {
        .name = "one octet more than announced, in BDAT: the chunk that seemed the last was never sent",
        .submit = send_of_known_size,
        .body = "line\r\nx",
        .piece = 3,
        .script = CHUNKING "C: MAIL FROM:<a@x.example>\n"
                           "S: 250 ok\n"
                           "C: RCPT TO:<b@y.example>\n"
                           "S: 250 ok\n"
                           "C: BDAT 3\n"
                           "C> lin\n"
                           "S: 250 ok\n"
                           "C: RSET\n"
                           "S: 250 ok\n"
                           "C: MAIL FROM:<a@x.example>\n"
                           "S: 550 no\n",
        .events = "READY 80 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=1\n"
                  "DONE 1 REFUSED ERR_REFUSED stage=5 rcpts=0 550 no\n",
    },
    {
        .name = "a bare LF where that is not allowed",
        .configure = strict,
        .submit = send_one,
        .body = "li\nne\r\n",
        .script = CHUNKING "C: MAIL FROM:<a@x.example>\n"
                           "S: 250 ok\n"
                           "C: RCPT TO:<b@y.example>\n"
                           "S: 250 ok\n"
                           "C: RSET\n"
                           "S: 250 ok\n",
        .events = "READY 80 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=1\n",
    },
    {
        .name = "a bare CR at the end where that is not allowed",
        .configure = strict,
        .submit = send_one,
        .body = "line\r",
        .script = PLAIN "C: MAIL FROM:<a@x.example>\n"
                        "S: 250 ok\n"
                        "C: RCPT TO:<b@y.example>\n"
                        "S: 250 ok\n"
                        "C: DATA\n"
                        "S: 354 go\n"
                        "C> line\n",
        .events = "READY 0 mx.example +XPLAIN\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=1\n"
                  "CLOSED ERR_BODY\n",
    },
    {
        .name = "a line that is too long",
        .configure = short_lines,
        .submit = send_one,
        .body = "line\r\n12345\r\n",
        .script = CHUNKING "C: MAIL FROM:<a@x.example>\n"
                           "S: 250 ok\n"
                           "C: RCPT TO:<b@y.example>\n"
                           "S: 250 ok\n"
                           "C: RSET\n"
                           "S: 250 ok\n",
        .events = "READY 80 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 NOT_SENT ERR_BODY stage=8 rcpts=1\n",
    },

    /* ---- CHUNKING (RFC 3030) ---- */
    {
        .name = "a body of known size ends with its last chunk",
        .submit = send_of_known_size,
        .body = body,
        .script = BOTH "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: BDAT 6 LAST\n"
                       "C: line\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 queued\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: BDAT 6\n"
                       "C: line\n"
                       "C: BDAT 0 LAST\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 6 octets\n"
                       "S: 250 queued\n",
        .events = "READY 84 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=1 250 queued\n"
                  "RCPT 1.0 250 ok\n"
                  "DONE 1 ACCEPTED OK stage=8 rcpts=1 250 queued\n",
    },
    {
        .name = "a chunk is refused: no more of them",
        .submit = send_two_messages,
        .body = "line\r\nline\r\n",
        .piece = 6,
        .script = CHUNKING "C: MAIL FROM:<a@x.example>\n"
                           "S: 250 ok\n"
                           "C: RCPT TO:<b@y.example>\n"
                           "S: 250 ok\n"
                           "C: RCPT TO:<c@z.example>\n"
                           "S: 250 ok\n"
                           "C: BDAT 6\n"
                           "C: line\n"
                           "S: 554 5.3.4 too much\n"
                           "C: RSET\n"
                           "S: 250 ok\n"
                           "C: MAIL FROM:<a@x.example>\n"
                           "S: 550 no\n",
        .events = "READY 80 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 250 ok\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=7 rcpts=2 554 [5.3.4] too much\n"
                  "DONE 1 REFUSED ERR_REFUSED stage=5 rcpts=0 550 no\n",
    },
    {
        .name = "pipelined chunks after no recipient was accepted: their replies are counted, and RSET is needed",
        .submit = send_two_messages,
        .body = body,
        .script = BOTH "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: RCPT TO:<c@z.example>\n"
                       "C: BDAT 6\n"
                       "C: line\n"
                       "C: BDAT 0 LAST\n"
                       "S: 250 ok\n"
                       "S: 550 no b\n"
                       "S: 550 no c\n"
                       "S: 503 no recipient\n"
                       "S: 503 no recipient\n"
                       "C: RSET\n"
                       "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: BDAT 6\n"
                       "C: line\n"
                       "C: BDAT 0 LAST\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 6 octets\n"
                       "S: 250 queued\n",
        .events = "READY 84 mx.example\n"
                  "RCPT 0.0 550 no b\n"
                  "RCPT 0.1 550 no c\n"
                  "DONE 0 REFUSED ERR_REFUSED stage=6 rcpts=0 550 no c\n"
                  "RCPT 1.0 250 ok\n"
                  "DONE 1 ACCEPTED OK stage=8 rcpts=1 250 queued\n",
    },
    {
        .name = "the last line end is added to the last chunk",
        .submit = send_one,
        .body = "line\n.",
        .script = BOTH "C: MAIL FROM:<a@x.example>\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "C: BDAT 7\n"
                       "C: line\n"
                       "C> .\n"
                       "C: BDAT 2 LAST\n"
                       "C: \n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 7 octets\n"
                       "S: 250 queued\n",
        .events = "READY 84 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=1 250 queued\n",
    },
    {
        .name = "BINARYMIME crosses as it is",
        .submit = send_binary,
        .body = "a\rb\r\n.c",
        .script = EHLO "S: 250-CHUNKING\n"
                       "S: 250 BINARYMIME\n"
                       "C: MAIL FROM:<a@x.example> BODY=BINARYMIME\n"
                       "S: 250 ok\n"
                       "C: RCPT TO:<b@y.example>\n"
                       "S: 250 ok\n"
                       "C: BDAT 7\n"
                       "C: a\rb\n"
                       "C> .c\n"
                       "S: 250 ok\n"
                       "C: BDAT 0 LAST\n"
                       "S: 250 queued\n",
        .events = "READY 180 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=1 250 queued\n",
    },

    /* ---- parameters and what they need ---- */
    {
        .name = "every parameter",
        .submit = send_with_everything,
        .body = body,
        .script = EHLO "S: 250-PIPELINING\n"
                       "S: 250-SIZE\n"
                       "S: 250-8BITMIME\n"
                       "S: 250-SMTPUTF8\n"
                       "S: 250-AUTH PLAIN\n"
                       "S: 250 DSN\n"
                       "C: MAIL FROM:<\xc3\xa9@x.example> SIZE=6 BODY=8BITMIME SMTPUTF8 RET=HDRS "
                       "ENVID=id+2B1+3D2+203 AUTH=who+3Dx@y.example\n"
                       "C: RCPT TO:<\"b c\"@y.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bc@y.example\n"
                       "C: RCPT TO:<Postmaster> NOTIFY=NEVER ORCPT=utf-8;\xc3\xa9@y.example\n"
                       "C: DATA\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 250 ok\n"
                       "S: 354 go\n"
                       "C: line\n"
                       "C: .\n"
                       "S: 250 ok\n",
        .events = "READY 257 mx.example\n"
                  "RCPT 0.0 250 ok\n"
                  "RCPT 0.1 250 ok\n"
                  "DONE 0 ACCEPTED OK stage=8 rcpts=2 250 ok\n",
    },
    {
        .name = "what is not offered is left out",
        .submit = send_with_everything,
        .body = body,
        .script = EHLO "S: 250-8BITMIME\n"
                       "S: 250 SMTPUTF8\n"
                       "C: MAIL FROM:<\xc3\xa9@x.example> BODY=8BITMIME SMTPUTF8\n"
                       "S: 250 ok\n"
                       "C: RCPT TO:<\"b c\"@y.example>\n"
                       "S: 550 no\n"
                       "C: RCPT TO:<Postmaster>\n"
                       "S: 550 no\n",
    },
    {
        .name = "the null sender, submitted by nobody known",
        .submit = send_from_nobody,
        .script = EHLO "S: 250 AUTH PLAIN\n"
                       "C: MAIL FROM:<> AUTH=<>\n"
                       "S: 550 no\n",
    },
    {
        .name = "what is needed and not offered is never begun",
        .submit = send_what_needs_extensions,
        .script = EHLO "S: 250-BINARYMIME\n"
                       "S: 250-REQUIRETLS\n"
                       "S: 250 SIZE 1000\n",
        .events = "READY 501 size=1000 mx.example\n"
                  "DONE 0 NOT_SENT ERR_UNSUPPORTED stage=0 rcpts=0\n"
                  "DONE 1 NOT_SENT ERR_UNSUPPORTED stage=0 rcpts=0\n"
                  "DONE 2 NOT_SENT ERR_UNSUPPORTED stage=0 rcpts=0\n"
                  "DONE 3 NOT_SENT ERR_UNSUPPORTED stage=0 rcpts=0\n"
                  "DONE 4 NOT_SENT ERR_LIMIT stage=0 rcpts=0\n",
    },
};

int main(void)
{
    return run_scenes((struct scenes){scenes, sizeof scenes / sizeof scenes[0]});
}
