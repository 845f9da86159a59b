/* Conversations with the server engine, and what must come back and happen. Each is run in every manner there is.
   RFC 5321, 2033, 2920, 3030, 3461, 4954, 6531, 8689, 9422. */
#ifndef TEST_SMTP_SERVER_SCRIPTS_H
#define TEST_SMTP_SERVER_SCRIPTS_H

#include "test_smtp_server_host.h"

enum {
    ALL_BUT_TLS = 32767 & ~(MAILPROTO_SMTP_EXT_STARTTLS | MAILPROTO_SMTP_EXT_REQUIRETLS),
    CLEAR = MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH
};

#define HI "EHLO c.example\r\n"
#define ENVELOPE "MAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\n"

/* clang-format off */
static const struct script scripts[] = {
    {.name = "one message", .pieces = {TEXT(HI), TEXT("MAIL FROM:<a@x.example>\r\n"), TEXT("RCPT TO:<b@y.example>\r\n"),
         TEXT("DATA\r\n"), TEXT("Subject: hi\r\n\r\nHello.\r\n.\r\n"), TEXT("QUIT\r\n")}},
    {.name = "pipelined twice", .pieces = {TEXT(HI
         ENVELOPE "RCPT TO:<deny@y.example>\r\nRCPT TO:<fail@y.example>\r\nRCPT TO:<dflt@y.example>\r\n"
         "RCPT TO:<c@y.example>\r\nDATA\r\nx\r\n.\r\n" ENVELOPE "DATA\r\nREFUSE\r\n.\r\nQUIT\r\n")}},
    {.name = "every command", .offer = ALL_BUT_TLS, .flags = CLEAR, .pieces = {TEXT(
         "NOOP\r\nnoop with words\r\nHELP\r\nVRFY joe\r\nEXPN list\r\nRSET\r\nEHLO [192.0.2.7]\r\nVRFY deny\r\n"
         "VRFY dflt\r\nEXPN fail\r\nHELP deny\r\nHELP dflt\r\nVRFY\r\nEXPN\r\nHELO c.example\r\n"
         "RSET x\r\nQUIT now\r\nFOO\r\nMAILX\r\nQUIT  \r\n")}},
    {.name = "nothing offered", .mask = 32767, .pieces = {TEXT(
         HI "VRFY joe\r\nEXPN list\r\nHELP\r\nAUTH PLAIN\r\nSTARTTLS\r\nMAIL FROM:<a@x.example> SIZE=1\r\n"
         "MAIL FROM:<a@x.example> BODY=8BITMIME\r\nMAIL FROM:<a@x.example> SMTPUTF8\r\n" ENVELOPE
         "BDAT 5\r\n12345DATA\r\nx\r\n.\r\nQUIT\r\n")}},
    {.name = "out of order", .pieces = {TEXT(
         "MAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n" HI "RCPT TO:<b@x.example>\r\nDATA\r\n"
         "MAIL FROM:<a@x.example>\r\nMAIL FROM:<a@x.example>\r\nDATA\r\nRCPT TO:<deny@x.example>\r\nDATA\r\n"
         "RCPT TO:<b@x.example>\r\nRSET\r\nDATA\r\nMAIL FROM:<b@x.example>\r\n" HI "RCPT TO:<b@x.example>\r\nQUIT\r\n")}},
    {.name = "syntax", .offer = ALL_BUT_TLS, .flags = CLEAR, .pieces = {TEXT(
         "EHLO\r\nEHLO -x\r\nEHLO a_b.example\r\nMAIL\r\nMAIL FROM\r\nMAIL FROM:a@b\r\n"), TEXT(
         "MAIL FROM:<a@b\r\nMAIL FROM:<a@b>x\r\nMAIL FROM:<a@b> SIZE=x\r\nMAIL FROM:<a@b> BODY=9BIT\r\n"
         "MAIL FROM: <a@b>\r\n"), TEXT("QUIT\r\n")}},
    {.name = "parameters", .offer = ALL_BUT_TLS, .flags = CLEAR, .pieces = {TEXT(HI
         "MAIL FROM:<a@x.example> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=a+2Bb AUTH=c+40d.example SMTPUTF8\r\n"
         "RCPT TO:<b@y.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;b+2Bc@y.example\r\n"
         "RCPT TO:<c@y.example> NOTIFY=NEVER ORCPT=utf-8;j\\x{F6}e@y.example\r\nRSET\r\n"
         "MAIL FROM:<> AUTH=<>\r\nRCPT TO:<\"a b\"@y.example> NOTIFY=NEVER,DELAY\r\n"
         "RCPT TO:<@hub.example,@two.example:b@[IPv6:2001:db8::1]>\r\nRCPT TO:<postmaster>\r\nRCPT TO:<>\r\n"
         "RCPT TO:<x>\r\nRCPT TO:<b@y.example> FOO=1\r\nRSET\r\nMAIL FROM:<a@b> SIZE=1 SIZE=1\r\nMAIL FROM:<a@b> FOO\r\n"
         "MAIL FROM:<a@b> SIZE=99999999999999999999\r\nQUIT\r\n")}},
    {.name = "parameters passed on", .flags = MAILPROTO_SMTP_SERVER_PASS_PARAMETERS, .pieces = {TEXT(HI
         "MAIL FROM:<a@x.example> FOO BAR=baz SIZE=3\r\nRCPT TO:<b@x.example> X=1 Y\r\nQUIT\r\n")}},
    {.name = "utf-8", .pieces = {TEXT(HI
         "MAIL FROM:<j\xc3\xb6\x65@x.example>\r\nMAIL FROM:<j\xc3\xb6\x65@\xc3\xbc.example> SMTPUTF8\r\n"
         "RCPT TO:<\xe2\x82\xac@y.example>\r\nRCPT TO:<\xff@y.example>\r\nRSET\r\nMAIL FROM:<a@x.example>\r\n"
         "RCPT TO:<\xe2\x82\xac@y.example>\r\nNOOP \xc3\xb6\r\nFOO \xc3\xb6\r\nQUIT\r\n")}},
    {.name = "refused at each point", .pieces = {TEXT(
         "EHLO deny.example\r\nEHLO fail.example\r\nHELO dflt.example\r\nMAIL FROM:<deny@x>\r\nMAIL FROM:<fail@x>\r\n"
         "MAIL FROM:<slow@x>\r\nRCPT TO:<slow@x>\r\nRCPT TO:<deny@x>\r\nRCPT TO:<slow2@x>\r\nDATA\r\nx\r\n.\r\n"
         ENVELOPE "DATA\r\nDEFAULT\r\n.\r\n" ENVELOPE "RCPT TO:<drop@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n")}},
    {.name = "refused greeting", .connect_code = 554, .pieces = {TEXT("EHLO c.example\r\nNOOP\r\nQUIT\r\n")}},
    {.name = "421 greeting", .connect_code = 421, .pieces = {TEXT("EHLO c.example\r\n")}},
    {.name = "message refused before it began", .begin_code = 451, .pieces = {TEXT(
         HI ENVELOPE "DATA\r\nDATA\r\n"), TEXT("BDAT 4\r\nabcdBDAT 2 LAST\r\nxyMAIL FROM:<a@x>\r\nQUIT\r\n")}},
    {.name = "stopped in the middle", .pieces = {TEXT(HI ENVELOPE "DATA\r\nsome\r\nSTOP! text\r\n..\r\n.\r\n"
         ENVELOPE "DATA\r\nSTOP!SLOWLY\r\n.\r\n" ENVELOPE "BDAT 5\r\nSTOP!BDAT 3\r\nabcBDAT 2 LAST\r\nxyNOOP\r\nQUIT\r\n")}},
    {.name = "dots", .pieces = {TEXT(HI ENVELOPE
         "DATA\r\n..\r\n...\r\n.x\r\n..x\r\n\r\n..\r\nx.\r\n .\r\n.\r\n" ENVELOPE "DATA\r\n.\r\nQUIT\r\n")}},
    {.name = "bare newlines", .pieces = {TEXT(HI ENVELOPE "DATA\r\nx\n.\n\r\n.\r\n"
         ENVELOPE "DATA\r\nx\r.\r\r\n.\r\n" ENVELOPE "DATA\r\nx\r\n.\n.\r\n.\r\n" ENVELOPE "DATA\r\nx\r\n.\rQUIT\r\n.\r\n"
         ENVELOPE "DATA\r\n\n.\r\nQUIT\r\n.\r\nNOOP\nQUIT\rx\r\nQUIT\r\n")}},
    {.name = "newlines made whole", .flags = MAILPROTO_SMTP_SERVER_NORMALISE_NEWLINES, .pieces = {TEXT(HI ENVELOPE
         "DATA\r\na\nb\rc\n.\nd\r\r\n.\r.\r\n\n.\r\ne\r\n.\r\n" ENVELOPE "BDAT 3\r\na\r\nBDAT 3\r\nb\ncBDAT 2 LAST\r\nd\rQUIT\r\n")}},
    {.name = "nul", .pieces = {TEXT(HI ENVELOPE "DATA\r\na\0b\r\n.\r\nNO\0OP\r\nQUIT\r\n")}},
    {.name = "nul accepted", .flags = MAILPROTO_SMTP_SERVER_ACCEPT_NUL, .pieces = {TEXT(HI ENVELOPE "DATA\r\na\0b\r\n.\r\nQUIT\r\n")}},
    {.name = "chunks", .offer = ALL_BUT_TLS, .flags = CLEAR, .pieces = {TEXT(HI ENVELOPE
         "BDAT 7\r\nab\r\n.\r\nBDAT 0\r\nBDAT 4\r\nBDATBDAT 3 LAST\r\n\r\nx"
         "BDAT 1\r\nx" "MAIL FROM:<a@x> BODY=BINARYMIME\r\nBDAT 2\r\nxxRCPT TO:<b@y>\r\nDATA\r\nBDAT 6 LAST\r\n\0\n\r\xff.\nQUIT\r\n")}},
    {.name = "chunks refused", .pieces = {TEXT(HI "BDAT 3\r\nabc" ENVELOPE "BDAT\r\nBDAT x\r\nBDAT 3 FIRST\r\nabcBDAT 2\r\na\n"
         "BDAT 2\r\nxxRCPT TO:<b@y>\r\nMAIL FROM:<a@x>\r\nDATA\r\nRSET\r\n" ENVELOPE "BDAT 3\r\nabcDATA\r\n"), TEXT("RSET\r\n"
         ENVELOPE "BDAT 1\r\nxRSET\r\n" ENVELOPE "BDAT 1 LAST\r\n\rQUIT\r\n")}},
    {.name = "chunk larger than a number", .pieces = {TEXT(HI ENVELOPE "BDAT 18446744073709551616\r\nQUIT\r\n")}},
    {.name = "size", .max_message = 10, .pieces = {TEXT(HI "MAIL FROM:<a@x> SIZE=11\r\n" ENVELOPE
         "DATA\r\n12345678\r\n.\r\n" ENVELOPE "DATA\r\n123456789\r\nmore\r\n.\r\n" ENVELOPE "BDAT 10\r\n12345678\r\nBDAT 1 LAST\r\nx"
         ENVELOPE "BDAT 2147483648\r\n")}},
    {.name = "skipped too long", .max_message = 10, .max_discard = 100, .pieces = {TEXT(HI ENVELOPE "DATA\r\n"
         "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012\r\n")}},
    {.name = "received field", .flags = MAILPROTO_SMTP_SERVER_RECEIVED, .prepend = {"X-One: 1\r\n\tfolded", "X-Two: 2"},
         .pieces = {TEXT(HI ENVELOPE "DATA\r\n\r\nx\r\n.\r\nHELO c.example\r\n" ENVELOPE "RCPT TO:<c@y>\r\nBDAT 1 LAST\r\nxQUIT\r\n")}},
    {.name = "auth", .offer = ALL_BUT_TLS, .flags = CLEAR | MAILPROTO_SMTP_SERVER_SUBMISSION, .pieces = {TEXT(
         "AUTH PLAIN AGEAYg==\r\n" HI "MAIL FROM:<a@x>\r\nAUTH\r\nAUTH FOO\r\nAUTH PLAIN !!!!\r\nAUTH PLAIN =\r\n"),
         TEXT("AUTH PLAIN AGRmbHQAYg==\r\n"), TEXT("AUTH LOGIN\r\n"), TEXT("*\r\n"), TEXT("AUTH PLAIN\r\n"),
         TEXT("egBhbGljZQBzZWNyZXQ=\r\n"), TEXT("AUTH PLAIN AGEAYg==\r\n" ENVELOPE "AUTH PLAIN AGEAYg==\r\nQUIT\r\n")}},
    {.name = "auth login", .offer = ALL_BUT_TLS, .flags = CLEAR, .pieces = {TEXT(HI "AUTH LOGIN\r\n"), TEXT("ZmFpbA==\r\n"),
         TEXT("c2VjcmV0\r\n"), TEXT("AUTH LOGIN YWxpY2U=\r\n"), TEXT("c2Vj\ncmV0\r\n"), TEXT("AUTH LOGIN YWxpY2U=\r\n"),
         TEXT("c2VjcmV0\r\nQUIT\r\n")}},
    {.name = "starttls", .offer = 32767, .tls = MAILPROTO_TLS_MAY, .pieces = {TEXT("STARTTLS\r\n" HI
         "AUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@x> REQUIRETLS\r\nMAIL FROM:<a@x>\r\nSTARTTLS x\r\nSTARTTLS\r\n"),
         TEXT("MAIL FROM:<a@x>\r\n" HI "STARTTLS\r\nMAIL FROM:<a@x> REQUIRETLS\r\nRSET\r\nAUTH PLAIN AGEAYg==\r\n"
         HI ENVELOPE "QUIT\r\n")}},
    {.name = "tls required", .offer = 32767, .tls = MAILPROTO_TLS_REQUIRED, .flags = CLEAR, .pieces = {TEXT(HI
         "MAIL FROM:<a@x>\r\nAUTH PLAIN AGEAYg==\r\nHELP\r\nNOOP\r\nSTARTTLS\r\n"), TEXT(HI ENVELOPE "QUIT\r\n")}},
    {.name = "tls at once", .tls = MAILPROTO_TLS_IMPLICIT, .flags = MAILPROTO_SMTP_SERVER_RECEIVED, .pieces = {TEXT(HI ENVELOPE "STARTTLS\r\nDATA\r\n.\r\nQUIT\r\n")}},
    {.name = "lmtp", .flags = MAILPROTO_SMTP_SERVER_LMTP, .offer = ALL_BUT_TLS & ~MAILPROTO_SMTP_EXT_AUTH, .pieces = {TEXT(
         "HELO c.example\r\n" HI "LHLO c.example\r\nMAIL FROM:<a@x>\r\nDATA\r\nRCPT TO:<deny@y>\r\nDATA\r\nBDAT 1\r\nxBDAT 1 LAST\r\nx"
         "RCPT TO:<b@y>\r\nRCPT TO:<full@y>\r\nRCPT TO:<deny@y>\r\nRCPT TO:<c@y>\r\nDATA\r\nx\r\n.\r\n"
         ENVELOPE "RCPT TO:<deny@y>\r\nRCPT TO:<c@y>\r\nDATA\r\nREFUSE\r\n.\r\n"
         ENVELOPE "RCPT TO:<c@y>\r\nDATA\r\nSTOP!\r\n.\r\n"
         ENVELOPE "RCPT TO:<c@y>\r\nBDAT 1\r\nxBDAT 2\r\n\n\nBDAT 1 LAST\r\nx"
         ENVELOPE "RCPT TO:<c@y>\r\nBDAT 1\r\nxBDAT 1 LAST\r\nxQUIT\r\n")}},
    {.name = "limits", .offer = ALL_BUT_TLS, .flags = CLEAR, .max_transactions = 2, .pieces = {TEXT(
         HI ENVELOPE "RSET\r\n" ENVELOPE "RSET\r\n" ENVELOPE)}},
    {.name = "too many errors", .pieces = {TEXT("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n10\r\n11\r\n12\r\nNOOP\r\n")}},
    {.name = "half-closed", .pieces = {TEXT(HI ENVELOPE "DATA\r\nx\r\n.\r\n")}},
    {.name = "half-closed in a line", .pieces = {TEXT(HI "NOO")}},
    {.name = "half-closed in a message", .pieces = {TEXT(HI ENVELOPE "DATA\r\nx\r\n.\r")}},
    {.name = "half-closed in a chunk", .pieces = {TEXT(HI ENVELOPE "BDAT 10 LAST\r\nx")}},
    {.name = "half-closed in a login", .offer = ALL_BUT_TLS, .flags = CLEAR, .pieces = {TEXT(HI "AUTH LOGIN\r\n")}},
};
/* clang-format on */

#endif
