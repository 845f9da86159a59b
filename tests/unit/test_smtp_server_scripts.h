/* Conversations with the server engine, and what must come back and happen. Each is run in every manner there is.
   RFC 5321, 2033, 2920, 3030, 3461, 4954, 6531, 8689, 9422. */
#ifndef TEST_SMTP_SERVER_SCRIPTS_H
#define TEST_SMTP_SERVER_SCRIPTS_H

#include "test_smtp_server_host.h"

enum {
    ALL_BUT_TLS = 32767 & ~(MAILPROTO_SMTP_EXT_STARTTLS | MAILPROTO_SMTP_EXT_REQUIRETLS),
    CLEAR = MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH
};

#define HI       "EHLO c.example\r\n"
#define ENVELOPE "MAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\n"

/* clang-format off */
static const struct script scripts[] = {
    {.name = "one message", .pieces = {SAID(HI), SAID("MAIL FROM:<a@x.example>\r\n"), SAID("RCPT TO:<b@y.example>\r\n"),
         SAID("DATA\r\n"), SAID("Subject: hi\r\n\r\nHello.\r\n.\r\n"), SAID("QUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 354 250:2.0.0 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nEND recipients=1 [Subject: hi\r\n"
            "\r\nHello.\r\n]\nTRANSACTION_END delivered=1 why=0\nCLOSED 0\n"},
    {.name = "pipelined twice", .pieces = {SAID(HI
         ENVELOPE "RCPT TO:<deny@y.example>\r\nRCPT TO:<fail@y.example>\r\nRCPT TO:<dflt@y.example>\r\n"
         "RCPT TO:<c@y.example>\r\nDATA\r\nx\r\n.\r\n" ENVELOPE "DATA\r\nREFUSE\r\n.\r\nQUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 550:5.7.1 451:4.3.0 550:5.7.1 250:2.1.5 354 250:2.0.0 250:2.1.0"
             " 250:2.1.5 354 554:5.6.0 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nRCPT 1 <deny@y.example> notify=0\n"
            "RCPT 2 <fail@y.example> notify=0\nRCPT 3 <dflt@y.example> notify=0\n"
            "RCPT 4 <c@y.example> notify=0\nBEGIN chunking=0 recipients=2\nEND recipients=2 [x\r\n]\n"
            "TRANSACTION_END delivered=1 why=0\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nEND recipients=1 [REFUSE\r\n]\n"
            "TRANSACTION_END delivered=0 why=0\nCLOSED 0\n"},
    {.name = "every command", .offer = ALL_BUT_TLS, .flags = CLEAR, .pieces = {SAID(
         "NOOP\r\nnoop with words\r\nHELP\r\nVRFY joe\r\nEXPN list\r\nRSET\r\nEHLO [192.0.2.7]\r\nVRFY deny\r\n"
         "VRFY dflt\r\nEXPN fail\r\nHELP deny\r\nHELP dflt\r\nVRFY\r\nEXPN\r\nHELO c.example\r\n"
         "RSET x\r\nQUIT now\r\nFOO\r\nMAILX\r\nQUIT  \r\n")},
     .wire = "220 250:2.0.0 250:2.0.0 214:2.0.0 250:2.0.0 250:2.0.0 250:2.0.0 250 550:5.7.1 252:2.1.5 451:4.3.0"
             " 550:5.7.1 214:2.0.0 501:5.5.4 501:5.5.4 250 501:5.5.4 501:5.5.4 500:5.5.1 500:5.5.1 221:2.0.0",
     .log = "QUERY 10d []\nQUERY 10b [joe]\nQUERY 10c [list]\nHELLO EHLO [192.0.2.7]\nQUERY 10b [deny]\n"
            "QUERY 10b [dflt]\nQUERY 10c [fail]\nQUERY 10d [deny]\nQUERY 10d [dflt]\nHELLO HELO c.example\n"
            "CLOSED 0\n"},
    {.name = "nothing offered", .mask = 32767, .pieces = {SAID(
         HI "VRFY joe\r\nEXPN list\r\nHELP\r\nAUTH PLAIN\r\nSTARTTLS\r\nMAIL FROM:<a@x.example> SIZE=1\r\n"
         "MAIL FROM:<a@x.example> BODY=8BITMIME\r\nMAIL FROM:<a@x.example> SMTPUTF8\r\n" ENVELOPE
         "BDAT 5\r\n12345DATA\r\nx\r\n.\r\nQUIT\r\n")},
     .wire = "220 250 252 502 214 502 502 555 555 555 250 250 502 354 250 221",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nEND recipients=1 [x\r\n]\n"
            "TRANSACTION_END delivered=1 why=0\nCLOSED 0\n"},
    {.name = "out of order", .pieces = {SAID(
         "MAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n" HI "RCPT TO:<b@x.example>\r\nDATA\r\n"
         "MAIL FROM:<a@x.example>\r\nMAIL FROM:<a@x.example>\r\nDATA\r\nRCPT TO:<deny@x.example>\r\nDATA\r\n"
         "RCPT TO:<b@x.example>\r\nRSET\r\nDATA\r\nMAIL FROM:<b@x.example>\r\n" HI "RCPT TO:<b@x.example>\r\nQUIT\r\n")},
     .wire = "220 503:5.5.1 503:5.5.1 503:5.5.1 250 503:5.5.1 503:5.5.1 250:2.1.0 503:5.5.1 503:5.5.1 550:5.7.1"
             " 554:5.5.1 250:2.1.5 250:2.0.0 503:5.5.1 250:2.1.0 250 503:5.5.1 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <deny@x.example> notify=0\nRCPT 1 <b@x.example> notify=0\n"
            "TRANSACTION_END delivered=0 why=-16\nMAIL <b@x.example> size=0 body=0 flags=0 ret=0\n"
            "HELLO EHLO c.example\nTRANSACTION_END delivered=0 why=-16\nCLOSED 0\n"},
    {.name = "syntax", .offer = ALL_BUT_TLS, .flags = CLEAR, .pieces = {SAID(
         "EHLO\r\nEHLO -x\r\nEHLO a_b.example\r\nMAIL\r\nMAIL FROM\r\nMAIL FROM:a@b\r\n"), SAID(
         "MAIL FROM:<a@b\r\nMAIL FROM:<a@b>x\r\nMAIL FROM:<a@b> SIZE=x\r\nMAIL FROM:<a@b> BODY=9BIT\r\n"
         "MAIL FROM: <a@b>\r\n"), SAID("QUIT\r\n")},
     .wire = "220 501:5.5.4 501:5.5.4 250 501:5.5.4 501:5.5.4 501:5.1.7 501:5.1.7 501:5.5.4 501:5.5.4 501:5.5.4"
             " 501:5.1.7 221:2.0.0",
     .log = "HELLO EHLO a_b.example\nCLOSED 0\n"},
    {.name = "parameters", .offer = ALL_BUT_TLS, .flags = CLEAR, .pieces = {SAID(HI
         "MAIL FROM:<a@x.example> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=a+2Bb AUTH=c+40d.example SMTPUTF8\r\n"
         "RCPT TO:<b@y.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;b+2Bc@y.example\r\n"
         "RCPT TO:<c@y.example> NOTIFY=NEVER ORCPT=utf-8;j\\x{F6}e@y.example\r\nRSET\r\n"
         "MAIL FROM:<> AUTH=<>\r\nRCPT TO:<\"a b\"@y.example> NOTIFY=NEVER,DELAY\r\n"
         "RCPT TO:<@hub.example,@two.example:b@[IPv6:2001:db8::1]>\r\nRCPT TO:<postmaster>\r\nRCPT TO:<>\r\n"
         "RCPT TO:<x>\r\nRCPT TO:<b@y.example> FOO=1\r\nRSET\r\nMAIL FROM:<a@b> SIZE=1 SIZE=1\r\nMAIL FROM:<a@b> FOO\r\n"
         "MAIL FROM:<a@b> SIZE=99999999999999999999\r\nQUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 250:2.1.5 250:2.0.0 250:2.1.0 501:5.5.4 250:2.1.5 250:2.1.5 501:5.1.3"
             " 501:5.1.3 555:5.5.4 250:2.0.0 501:5.5.4 555:5.5.4 552:5.3.4 221:2.0.0",
     .log = "HELLO EHLO c.example\n"
            "MAIL <a@x.example> size=100 body=1 flags=1 ret=2 auth=<c@d.example> envid=a+b\n"
            "RCPT 0 <b@y.example> notify=14 orcpt=rfc822;b+c@y.example\n"
            "RCPT 1 <c@y.example> notify=1 orcpt=utf-8;j\303\266e@y.example\n"
            "TRANSACTION_END delivered=0 why=-16\nMAIL <> size=0 body=0 flags=0 ret=0 auth=<>\n"
            "RCPT 0 <b@[IPv6:2001:db8::1]> notify=0\nRCPT 1 <postmaster> notify=0\n"
            "TRANSACTION_END delivered=0 why=-16\nCLOSED 0\n"},
    {.name = "parameters passed on", .flags = MAILPROTO_SMTP_SERVER_PASS_PARAMETERS, .pieces = {SAID(HI
         "MAIL FROM:<a@x.example> FOO BAR=baz SIZE=3\r\nRCPT TO:<b@x.example> X=1 Y\r\nQUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=3 body=0 flags=0 ret=0 FOO=- BAR=baz\n"
            "RCPT 0 <b@x.example> notify=0 X=1 Y=-\nTRANSACTION_END delivered=0 why=-16\nCLOSED 0\n"},
    {.name = "utf-8", .pieces = {SAID(HI
         "MAIL FROM:<j\xc3\xb6\x65@x.example>\r\nMAIL FROM:<j\xc3\xb6\x65@\xc3\xbc.example> SMTPUTF8\r\n"
         "RCPT TO:<\xe2\x82\xac@y.example>\r\nRCPT TO:<\xff@y.example>\r\nRSET\r\nMAIL FROM:<a@x.example>\r\n"
         "RCPT TO:<\xe2\x82\xac@y.example>\r\nNOOP \xc3\xb6\r\nFOO \xc3\xb6\r\nQUIT\r\n")},
     .wire = "220 250 553:5.6.7 250:2.1.0 250:2.1.5 501:5.1.3 250:2.0.0 250:2.1.0 553:5.6.7 250:2.0.0 500:5.5.1"
             " 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <j\303\266e@\303\274.example> size=0 body=0 flags=1 ret=0\n"
            "RCPT 0 <\342\202\254@y.example> notify=0\nTRANSACTION_END delivered=0 why=-16\n"
            "MAIL <a@x.example> size=0 body=0 flags=0 ret=0\nTRANSACTION_END delivered=0 why=-16\nCLOSED 0\n"},
    {.name = "refused at each point", .pieces = {SAID(
         "EHLO deny.example\r\nEHLO fail.example\r\nHELO dflt.example\r\nMAIL FROM:<deny@x>\r\nMAIL FROM:<fail@x>\r\n"
         "MAIL FROM:<slow@x>\r\nRCPT TO:<slow@x>\r\nRCPT TO:<deny@x>\r\nRCPT TO:<slow2@x>\r\nDATA\r\nx\r\n.\r\n"
         ENVELOPE "DATA\r\nDEFAULT\r\n.\r\n" ENVELOPE "RCPT TO:<drop@x>\r\nDATA\r\n")},
     .wire = "220 550:5.7.1 451:4.3.0 250 550:5.7.1 451:4.3.0 250:2.1.0 250:2.1.5 550:5.7.1 250:2.1.5 354"
             " 250:2.0.0 250:2.1.0 250:2.1.5 354 451:4.3.0 250:2.1.0 250:2.1.5 421:4.3.2",
     .log = "HELLO EHLO deny.example\nHELLO EHLO fail.example\nHELLO HELO dflt.example\n"
            "MAIL <deny@x> size=0 body=0 flags=0 ret=0\nMAIL <fail@x> size=0 body=0 flags=0 ret=0\n"
            "MAIL <slow@x> size=0 body=0 flags=0 ret=0\nRCPT 0 <slow@x> notify=0\nRCPT 1 <deny@x> notify=0\n"
            "RCPT 2 <slow2@x> notify=0\nBEGIN chunking=0 recipients=2\nEND recipients=2 [x\r\n]\n"
            "TRANSACTION_END delivered=1 why=0\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nEND recipients=1 [DEFAULT\r\n]\n"
            "TRANSACTION_END delivered=0 why=0\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nRCPT 1 <drop@x> notify=0\nTRANSACTION_END delivered=0 why=-16\n"
            "CLOSED 0\n"},
    {.name = "refused greeting", .connect_code = 554, .pieces = {SAID("EHLO c.example\r\nNOOP\r\nQUIT\r\n")},
     .wire = "554 503:5.5.1 503:5.5.1 221:2.0.0",
     .log = "CLOSED 0\n"},
    {.name = "421 greeting", .connect_code = 421, .pieces = {SAID("EHLO c.example\r\n")},
     .wire = "421",
     .log = "CLOSED 0\n"},
    {.name = "message refused before it began", .begin_code = 451, .pieces = {SAID(
         HI ENVELOPE "DATA\r\nDATA\r\n"), SAID("BDAT 4\r\nabcdBDAT 2 LAST\r\nxyMAIL FROM:<a@x>\r\nQUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 451:4.3.0 451:4.3.0 451:4.3.0 503:5.5.1 250:2.1.0 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nBEGIN chunking=0 recipients=1\n"
            "BEGIN chunking=1 recipients=1\nTRANSACTION_END delivered=0 why=-12\n"
            "MAIL <a@x> size=0 body=0 flags=0 ret=0\nTRANSACTION_END delivered=0 why=-16\nCLOSED 0\n"},
    {.name = "stopped in the middle", .pieces = {SAID(HI ENVELOPE "DATA\r\nsome\r\nSTOP! text\r\n..\r\n.\r\n"
         ENVELOPE "DATA\r\nSTOP!SLOWLY\r\n.\r\n" ENVELOPE "BDAT 5\r\nSTOP!BDAT 3\r\nabcBDAT 2 LAST\r\nxyNOOP\r\nQUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 354 552:5.7.0 250:2.1.0 250:2.1.5 354 552:5.7.0 250:2.1.0 250:2.1.5"
             " 552:5.7.0 503:5.5.1 503:5.5.1 250:2.0.0 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nABORTED -12\n"
            "TRANSACTION_END delivered=0 why=-12\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nABORTED -12\n"
            "TRANSACTION_END delivered=0 why=-12\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=1 recipients=1\nABORTED -12\n"
            "TRANSACTION_END delivered=0 why=-12\nCLOSED 0\n"},
    {.name = "dots", .pieces = {SAID(HI ENVELOPE
         "DATA\r\n..\r\n...\r\n.x\r\n..x\r\n\r\n..\r\nx.\r\n .\r\n.\r\n" ENVELOPE "DATA\r\n.\r\nQUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 354 250:2.0.0 250:2.1.0 250:2.1.5 354 250:2.0.0 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nEND recipients=1 [.\r\n..\r\nx\r\n"
            ".x\r\n\r\n.\r\nx.\r\n .\r\n]\nTRANSACTION_END delivered=1 why=0\n"
            "MAIL <a@x.example> size=0 body=0 flags=0 ret=0\nRCPT 0 <b@y.example> notify=0\n"
            "BEGIN chunking=0 recipients=1\nEND recipients=1 []\nTRANSACTION_END delivered=1 why=0\n"
            "CLOSED 0\n"},
    {.name = "bare newlines", .pieces = {SAID(HI ENVELOPE "DATA\r\nx\n.\n\r\n.\r\n"
         ENVELOPE "DATA\r\nx\r.\r\r\n.\r\n" ENVELOPE "DATA\r\nx\r\n.\n.\r\n.\r\n" ENVELOPE "DATA\r\nx\r\n.\rQUIT\r\n.\r\n"
         ENVELOPE "DATA\r\n\n.\r\nQUIT\r\n.\r\nNOOP\nQUIT\rx\r\nQUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 354 554:5.6.0 250:2.1.0 250:2.1.5 354 554:5.6.0 250:2.1.0 250:2.1.5 354"
             " 554:5.6.0 250:2.1.0 250:2.1.5 354 554:5.6.0 250:2.1.0 250:2.1.5 354 554:5.6.0 500:5.5.2 500:5.5.2"
             " 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nABORTED -7\n"
            "TRANSACTION_END delivered=0 why=-7\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nABORTED -7\n"
            "TRANSACTION_END delivered=0 why=-7\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nABORTED -7\n"
            "TRANSACTION_END delivered=0 why=-7\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nABORTED -7\n"
            "TRANSACTION_END delivered=0 why=-7\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nABORTED -7\n"
            "TRANSACTION_END delivered=0 why=-7\nCLOSED 0\n"},
    {.name = "newlines made whole", .flags = MAILPROTO_SMTP_SERVER_NORMALISE_NEWLINES, .pieces = {SAID(HI ENVELOPE
         "DATA\r\na\nb\rc\n.\nd\r\r\n.\r.\r\n\n.\r\ne\r\n.\r\n" ENVELOPE "BDAT 3\r\na\r\nBDAT 3\r\nb\ncBDAT 2 LAST\r\nd\rQUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 354 250:2.0.0 250:2.1.0 250:2.1.5 250:2.0.0 250:2.0.0 250:2.0.0"
             " 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nEND recipients=1 [a\r\nb\r\nc\r\n"
            ".\r\nd\r\n\r\n\r\n.\r\n\r\n.\r\ne\r\n]\nTRANSACTION_END delivered=1 why=0\n"
            "MAIL <a@x.example> size=0 body=0 flags=0 ret=0\nRCPT 0 <b@y.example> notify=0\n"
            "BEGIN chunking=1 recipients=1\nEND recipients=1 [a\r\nb\r\ncd\r\n]\n"
            "TRANSACTION_END delivered=1 why=0\nCLOSED 0\n"},
    {.name = "nul", .pieces = {SAID(HI ENVELOPE "DATA\r\na\0b\r\n.\r\nNO\0OP\r\nQUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 354 554:5.6.0 500:5.5.2 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nABORTED -7\n"
            "TRANSACTION_END delivered=0 why=-7\nCLOSED 0\n"},
    {.name = "nul accepted", .flags = MAILPROTO_SMTP_SERVER_ACCEPT_NUL, .pieces = {SAID(HI ENVELOPE "DATA\r\na\0b\r\n.\r\nQUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 354 250:2.0.0 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nEND recipients=1 [a]\n"
            "TRANSACTION_END delivered=1 why=0\nCLOSED 0\n"},
    {.name = "chunks", .offer = ALL_BUT_TLS, .flags = CLEAR, .pieces = {SAID(HI ENVELOPE
         "BDAT 7\r\nab\r\n.\r\nBDAT 0\r\nBDAT 4\r\nBDATBDAT 3 LAST\r\n\r\nx"
         "BDAT 1\r\nx" "MAIL FROM:<a@x> BODY=BINARYMIME\r\nBDAT 2\r\nxxRCPT TO:<b@y>\r\nDATA\r\nBDAT 6 LAST\r\n\0\n\r\xff.\nQUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 250:2.0.0 250:2.0.0 250:2.0.0 250:2.0.0 503:5.5.1 250:2.1.0 503:5.5.1"
             " 250:2.1.5 503:5.5.1 250:2.0.0 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=1 recipients=1\nEND recipients=1 [ab\r\n.\r\n"
            "BDAT\r\nx]\nTRANSACTION_END delivered=1 why=0\nMAIL <a@x> size=0 body=2 flags=0 ret=0\n"
            "RCPT 0 <b@y> notify=0\nBEGIN chunking=1 recipients=1\nEND recipients=1 []\n"
            "TRANSACTION_END delivered=1 why=0\nCLOSED 0\n"},
    {.name = "chunks refused", .pieces = {SAID(HI "BDAT 3\r\nabc" ENVELOPE "BDAT\r\nBDAT x\r\nBDAT 3 FIRST\r\nabcBDAT 2\r\na\n"
         "BDAT 2\r\nxxRCPT TO:<b@y>\r\nMAIL FROM:<a@x>\r\nDATA\r\nRSET\r\n" ENVELOPE "BDAT 3\r\nabcDATA\r\n"), SAID("RSET\r\n"
         ENVELOPE "BDAT 1\r\nxRSET\r\n" ENVELOPE "BDAT 1 LAST\r\n\rQUIT\r\n")},
     .wire = "220 250 503:5.5.1 250:2.1.0 250:2.1.5 501:5.5.4 501:5.5.4 501:5.5.4 554:5.6.0 503:5.5.1 503:5.5.1"
             " 503:5.5.1 503:5.5.1 250:2.0.0 250:2.1.0 250:2.1.5 250:2.0.0 503:5.5.1 250:2.0.0 250:2.1.0 250:2.1.5"
             " 250:2.0.0 250:2.0.0 250:2.1.0 250:2.1.5 554:5.6.0 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=1 recipients=1\nABORTED -7\n"
            "TRANSACTION_END delivered=0 why=-7\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=1 recipients=1\nABORTED -16\n"
            "TRANSACTION_END delivered=0 why=-16\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=1 recipients=1\nABORTED -16\n"
            "TRANSACTION_END delivered=0 why=-16\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=1 recipients=1\nABORTED -7\n"
            "TRANSACTION_END delivered=0 why=-7\nCLOSED 0\n"},
    {.name = "chunk larger than a number", .pieces = {SAID(HI ENVELOPE "BDAT 18446744073709551616\r\nQUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 552:5.3.4",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nTRANSACTION_END delivered=0 why=-6\nCLOSED -6\n"},
    {.name = "size", .max_message = 10, .pieces = {SAID(HI "MAIL FROM:<a@x> SIZE=11\r\n" ENVELOPE
         "DATA\r\n12345678\r\n.\r\n" ENVELOPE "DATA\r\n123456789\r\nmore\r\n.\r\n" ENVELOPE "BDAT 10\r\n12345678\r\nBDAT 1 LAST\r\nx"
         ENVELOPE "BDAT 2147483648\r\n")},
     .wire = "220 250 552:5.3.4 250:2.1.0 250:2.1.5 354 250:2.0.0 250:2.1.0 250:2.1.5 354 552:5.3.4 250:2.1.0"
             " 250:2.1.5 250:2.0.0 552:5.3.4 250:2.1.0 250:2.1.5",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nEND recipients=1 [12345678\r\n]\n"
            "TRANSACTION_END delivered=1 why=0\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nABORTED -6\n"
            "TRANSACTION_END delivered=0 why=-6\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=1 recipients=1\nABORTED -6\n"
            "TRANSACTION_END delivered=0 why=-6\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nTRANSACTION_END delivered=0 why=-10\nCLOSED -10\n"},
    {.name = "skipped too long", .max_message = 10, .max_discard = 100, .pieces = {SAID(HI ENVELOPE "DATA\r\n"
         "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 354 421:4.7.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nABORTED -6\n"
            "TRANSACTION_END delivered=0 why=-6\nCLOSED -6\n"},
    {.name = "received field", .flags = MAILPROTO_SMTP_SERVER_RECEIVED, .prepend = {"X-One: 1\r\n\tfolded", "X-Two: 2"},
         .pieces = {SAID(HI ENVELOPE "DATA\r\n\r\nx\r\n.\r\nHELO c.example\r\n" ENVELOPE "RCPT TO:<c@y>\r\nBDAT 1 LAST\r\nxQUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 354 250:2.0.0 250 250:2.1.0 250:2.1.5 250:2.1.5 250:2.0.0 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nEND recipients=1 [X-Two: 2\r\n"
            "X-One: 1\r\n\tfolded\r\nReceived: from c.example (c.example [192.0.2.1])\r\n"
            "\tby mx.example with ESMTP\r\n\tfor <b@y.example>;\r\n\tSun, 09 Sep 2001 01:46:40 +0000\r\n\r\n"
            "x\r\n]\nTRANSACTION_END delivered=1 why=0\nHELLO HELO c.example\n"
            "MAIL <a@x.example> size=0 body=0 flags=0 ret=0\nRCPT 0 <b@y.example> notify=0\n"
            "RCPT 1 <c@y> notify=0\nBEGIN chunking=1 recipients=2\nEND recipients=2 [X-Two: 2\r\nX-One: 1\r\n"
            "\tfolded\r\nReceived: from c.example (c.example [192.0.2.1])\r\n\tby mx.example with SMTP;\r\n"
            "\tSun, 09 Sep 2001 01:46:40 +0000\r\nx]\nTRANSACTION_END delivered=1 why=0\nCLOSED 0\n"},
    {.name = "auth", .offer = ALL_BUT_TLS, .flags = CLEAR | MAILPROTO_SMTP_SERVER_SUBMISSION, .pieces = {SAID(
         "AUTH PLAIN AGEAYg==\r\n" HI "MAIL FROM:<a@x>\r\nAUTH\r\nAUTH FOO\r\nAUTH PLAIN !!!!\r\nAUTH PLAIN =\r\n"),
         SAID("AUTH PLAIN AGRmbHQAYg==\r\n"), SAID("AUTH LOGIN\r\n"), SAID("*\r\n"), SAID("AUTH PLAIN\r\n"),
         SAID("egBhbGljZQBzZWNyZXQ=\r\n"), SAID("AUTH PLAIN AGEAYg==\r\n" ENVELOPE "AUTH PLAIN AGEAYg==\r\nQUIT\r\n")},
     .wire = "220 503:5.5.1 250 530:5.7.0 501:5.5.4 504:5.5.4 501:5.5.2 501:5.5.2 535:5.7.8 334 501:5.7.0 334"
             " 235:2.7.0 503:5.5.1 250:2.1.0 250:2.1.5 503:5.5.1 221:2.0.0",
     .log = "HELLO EHLO c.example\nAUTH 1 tls=0 [] [dflt] [b]\nAUTH 1 tls=0 [z] [alice] [secret]\n"
            "MAIL <a@x.example> size=0 body=0 flags=0 ret=0\nRCPT 0 <b@y.example> notify=0\n"
            "TRANSACTION_END delivered=0 why=-16\nCLOSED 0\n"},
    {.name = "auth login", .offer = ALL_BUT_TLS, .flags = CLEAR, .pieces = {SAID(HI "AUTH LOGIN\r\n"), SAID("ZmFpbA==\r\n"),
         SAID("c2VjcmV0\r\n"), SAID("AUTH LOGIN YWxpY2U=\r\n"), SAID("c2Vj\ncmV0\r\n"), SAID("AUTH LOGIN YWxpY2U=\r\n"),
         SAID("c2VjcmV0\r\nQUIT\r\n")},
     .wire = "220 250 334 334 454:4.7.0 334 501:5.5.2 500:5.5.1 334 235:2.7.0 221:2.0.0",
     .log = "HELLO EHLO c.example\nAUTH 2 tls=0 [] [fail] [secret]\nAUTH 2 tls=0 [] [alice] [secret]\n"
            "CLOSED 0\n"},
    {.name = "starttls", .offer = 32767, .tls = MAILPROTO_TLS_MAY, .pieces = {SAID("STARTTLS\r\n" HI
         "AUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@x> REQUIRETLS\r\nMAIL FROM:<a@x>\r\nSTARTTLS x\r\nSTARTTLS\r\n"),
         SAID("MAIL FROM:<a@x>\r\n" HI "STARTTLS\r\nMAIL FROM:<a@x> REQUIRETLS\r\nRSET\r\nAUTH PLAIN AGEAYg==\r\n"
         HI ENVELOPE "QUIT\r\n")},
     .wire = "220 503:5.5.1 250 538:5.7.11 550:5.7.30 250:2.1.0 501:5.5.4 220:2.0.0 503:5.5.1 250 503:5.5.1"
             " 250:2.1.0 250:2.0.0 235:2.7.0 250 250:2.1.0 250:2.1.5 221:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x> size=0 body=0 flags=0 ret=0\n"
            "TRANSACTION_END delivered=0 why=-16\nTLS\nHELLO EHLO c.example\n"
            "MAIL <a@x> size=0 body=0 flags=2 ret=0\nTRANSACTION_END delivered=0 why=-16\n"
            "AUTH 1 tls=1 [] [a] [b]\nHELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nTRANSACTION_END delivered=0 why=-16\nCLOSED 0\n"},
    {.name = "tls required", .offer = 32767, .tls = MAILPROTO_TLS_REQUIRED, .flags = CLEAR, .pieces = {SAID(HI
         "MAIL FROM:<a@x>\r\nAUTH PLAIN AGEAYg==\r\nHELP\r\nNOOP\r\nSTARTTLS\r\n"), SAID(HI ENVELOPE "QUIT\r\n")},
     .wire = "220 250 530:5.7.0 530:5.7.0 530:5.7.0 250:2.0.0 220:2.0.0 250 250:2.1.0 250:2.1.5 221:2.0.0",
     .log = "HELLO EHLO c.example\nTLS\nHELLO EHLO c.example\n"
            "MAIL <a@x.example> size=0 body=0 flags=0 ret=0\nRCPT 0 <b@y.example> notify=0\n"
            "TRANSACTION_END delivered=0 why=-16\nCLOSED 0\n"},
    {.name = "tls at once", .tls = MAILPROTO_TLS_IMPLICIT, .flags = MAILPROTO_SMTP_SERVER_RECEIVED, .pieces = {SAID(HI ENVELOPE "STARTTLS\r\nDATA\r\n.\r\nQUIT\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 503:5.5.1 354 250:2.0.0 221:2.0.0",
     .log = "TLS\nHELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\n"
            "END recipients=1 [Received: from c.example (c.example [192.0.2.1])\r\n"
            "\tby mx.example with ESMTPS\r\n\tfor <b@y.example>;\r\n\tSun, 09 Sep 2001 01:46:40 +0000\r\n]\n"
            "TRANSACTION_END delivered=1 why=0\nCLOSED 0\n"},
    {.name = "lmtp", .flags = MAILPROTO_SMTP_SERVER_LMTP, .offer = ALL_BUT_TLS & ~MAILPROTO_SMTP_EXT_AUTH, .pieces = {SAID(
         "HELO c.example\r\n" HI "LHLO c.example\r\nMAIL FROM:<a@x>\r\nDATA\r\nRCPT TO:<deny@y>\r\nDATA\r\nBDAT 1\r\nxBDAT 1 LAST\r\nx"
         "RCPT TO:<b@y>\r\nRCPT TO:<full@y>\r\nRCPT TO:<deny@y>\r\nRCPT TO:<c@y>\r\nDATA\r\nx\r\n.\r\n"
         ENVELOPE "RCPT TO:<deny@y>\r\nRCPT TO:<c@y>\r\nDATA\r\nREFUSE\r\n.\r\n"
         ENVELOPE "RCPT TO:<c@y>\r\nDATA\r\nSTOP!\r\n.\r\n"
         ENVELOPE "RCPT TO:<c@y>\r\nBDAT 1\r\nxBDAT 2\r\n\n\nBDAT 1 LAST\r\nx"
         ENVELOPE "RCPT TO:<c@y>\r\nBDAT 1\r\nxBDAT 1 LAST\r\nxQUIT\r\n")},
     .wire = "220 500:5.5.1 500:5.5.1 250 250:2.1.0 503:5.5.1 550:5.7.1 503:5.5.1 503:5.5.1 250:2.1.5 250:2.1.5"
             " 550:5.7.1 250:2.1.5 354 250:2.0.0 452:4.2.2 250:2.0.0 250:2.1.0 250:2.1.5 550:5.7.1 250:2.1.5 354"
             " 554:5.6.0 554:5.6.0 250:2.1.0 250:2.1.5 250:2.1.5 354 552:5.7.0 552:5.7.0 250:2.1.0 250:2.1.5"
             " 250:2.1.5 250:2.0.0 554:5.6.0 503:5.5.1 503:5.5.1 250:2.1.0 250:2.1.5 250:2.1.5 250:2.0.0 250:2.0.0"
             " 250:2.0.0 221:2.0.0",
     .log = "HELLO LHLO c.example\nMAIL <a@x> size=0 body=0 flags=0 ret=0\nRCPT 0 <deny@y> notify=0\n"
            "RCPT 1 <b@y> notify=0\nRCPT 2 <full@y> notify=0\nRCPT 3 <deny@y> notify=0\n"
            "RCPT 4 <c@y> notify=0\nBEGIN chunking=0 recipients=3\nEND recipients=3 [x\r\n]\nRESULT 1\n"
            "RESULT 2\nRESULT 4\nTRANSACTION_END delivered=1 why=0\n"
            "MAIL <a@x.example> size=0 body=0 flags=0 ret=0\nRCPT 0 <b@y.example> notify=0\n"
            "RCPT 1 <deny@y> notify=0\nRCPT 2 <c@y> notify=0\nBEGIN chunking=0 recipients=2\n"
            "END recipients=2 [REFUSE\r\n]\nTRANSACTION_END delivered=0 why=0\n"
            "MAIL <a@x.example> size=0 body=0 flags=0 ret=0\nRCPT 0 <b@y.example> notify=0\n"
            "RCPT 1 <c@y> notify=0\nBEGIN chunking=0 recipients=2\nABORTED -12\n"
            "TRANSACTION_END delivered=0 why=-12\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nRCPT 1 <c@y> notify=0\nBEGIN chunking=1 recipients=2\n"
            "ABORTED -7\nTRANSACTION_END delivered=0 why=-7\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nRCPT 1 <c@y> notify=0\nBEGIN chunking=1 recipients=2\n"
            "END recipients=2 [xx]\nRESULT 0\nRESULT 1\nTRANSACTION_END delivered=1 why=0\nCLOSED 0\n"},
    {.name = "limits", .offer = ALL_BUT_TLS, .flags = CLEAR, .max_transactions = 2, .pieces = {SAID(
         HI ENVELOPE "RSET\r\n" ENVELOPE "RSET\r\n" ENVELOPE)},
     .wire = "220 250 250:2.1.0 250:2.1.5 250:2.0.0 250:2.1.0 250:2.1.5 250:2.0.0 421:4.7.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nTRANSACTION_END delivered=0 why=-16\n"
            "MAIL <a@x.example> size=0 body=0 flags=0 ret=0\nRCPT 0 <b@y.example> notify=0\n"
            "TRANSACTION_END delivered=0 why=-16\nCLOSED -6\n"},
    {.name = "too many errors", .pieces = {SAID("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n10\r\n11\r\n12\r\nNOOP\r\n")},
     .wire = "220 500:5.5.1 500:5.5.1 500:5.5.1 500:5.5.1 500:5.5.1 500:5.5.1 500:5.5.1 500:5.5.1 500:5.5.1"
             " 500:5.5.1 421:4.7.0",
     .log = "CLOSED -6\n"},
    {.name = "half-closed", .pieces = {SAID(HI ENVELOPE "DATA\r\nx\r\n.\r\n")},
     .wire = "220 250 250:2.1.0 250:2.1.5 354 250:2.0.0",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nEND recipients=1 [x\r\n]\n"
            "TRANSACTION_END delivered=1 why=0\nCLOSED 0\n"},
    {.name = "half-closed in a line", .pieces = {SAID(HI "NOO")},
     .wire = "220 250",
     .log = "HELLO EHLO c.example\nCLOSED -10\n"},
    {.name = "half-closed in a message", .pieces = {SAID(HI ENVELOPE "DATA\r\nx\r\n.\r")},
     .wire = "220 250 250:2.1.0 250:2.1.5 354",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=0 recipients=1\nABORTED -10\n"
            "TRANSACTION_END delivered=0 why=-10\nCLOSED -10\n"},
    {.name = "half-closed in a chunk", .pieces = {SAID(HI ENVELOPE "BDAT 10 LAST\r\nx")},
     .wire = "220 250 250:2.1.0 250:2.1.5",
     .log = "HELLO EHLO c.example\nMAIL <a@x.example> size=0 body=0 flags=0 ret=0\n"
            "RCPT 0 <b@y.example> notify=0\nBEGIN chunking=1 recipients=1\nABORTED -10\n"
            "TRANSACTION_END delivered=0 why=-10\nCLOSED -10\n"},
    {.name = "half-closed in a login", .offer = ALL_BUT_TLS, .flags = CLEAR, .pieces = {SAID(HI "AUTH LOGIN\r\n")},
     .wire = "220 250 334",
     .log = "HELLO EHLO c.example\nCLOSED -10\n"},
};
/* clang-format on */

#endif
