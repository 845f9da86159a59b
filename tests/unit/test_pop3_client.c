/* The POP3 client's conversations: logins, listings, messages, and servers that misbehave; cut everywhere, polled, held.
   RFC 1939, RFC 2449, RFC 2595, RFC 5034; mailproto/pop3_client.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/pop3_reader.h"

/* What the server says, then all that the client has sent by then. */
struct step {
    const char *server, *client;
};

struct conversation {
    const char *name;
    struct step steps[8]; /* ends with NULL; "TLS": the handshake is done; "EOF" */
    const char *log;
    void (*config)(mailproto_pop3_client_config *config);
    void (*submit)(struct test_reader *r);
    void (*reader)(struct test_reader *r);
};

#define NO_CAPA_LOGIN                                                                                                  \
    {"+OK hello\r\n", "CAPA\r\n"}, {"-ERR what?\r\n", "USER alice\r\n"},                                               \
    {                                                                                                                  \
        "+OK\r\n", "PASS secret\r\n"                                                                                   \
    }
#define READY         "credentials 10000\nready offers=0 mechanisms=0 by=10000 hello\n"
#define TOP_USER_UIDL "+OK\r\nTOP\r\nUSER\r\nUIDL\r\n.\r\n"

/* ---- what is set and submitted ---- */

static void any_login(mailproto_pop3_client_config *c)
{
    c->login[0] = MAILPROTO_SASL_PLAIN;
    c->login[1] = MAILPROTO_SASL_LOGIN;
    c->login[2] = MAILPROTO_POP3_USER_PASS;
}

static void tls_may(mailproto_pop3_client_config *c)
{
    any_login(c);
    c->tls = MAILPROTO_TLS_MAY;
    c->flags = 0;
}

static void tls_may_clear(mailproto_pop3_client_config *c)
{
    any_login(c);
    c->tls = MAILPROTO_TLS_MAY;
}

static void tls_required(mailproto_pop3_client_config *c)
{
    any_login(c);
    c->tls = MAILPROTO_TLS_REQUIRED;
    c->flags = 0;
}

static void no_capa(mailproto_pop3_client_config *c)
{
    c->flags |= MAILPROTO_POP3_CLIENT_NO_CAPA;
}

static void no_login(mailproto_pop3_client_config *c)
{
    c->login[0] = 0;
    c->flags = MAILPROTO_POP3_CLIENT_NO_CAPA;
}

static void window_two(mailproto_pop3_client_config *c)
{
    c->window = 2;
}

static uint64_t last_command;

static void one(struct test_reader *r, int32_t (*submit)(mailproto_pop3_client *, uint32_t, uint64_t *), uint32_t n)
{
    int32_t result = submit(r->client, n, &last_command);

    assert_true(result == MAILPROTO_OK || result == MAILPROTO_ERR_NOMEM);
}

static void finish(struct test_reader *r)
{
    mailproto_session_finish(r->host.session);
}

static void stat_finish(struct test_reader *r)
{
    mailproto_pop3_client_stat(r->client, &last_command);
    finish(r);
}

static void list_uidl(struct test_reader *r)
{
    one(r, mailproto_pop3_client_list, 0);
    one(r, mailproto_pop3_client_uidl, 0);
    one(r, mailproto_pop3_client_list, 2);
    one(r, mailproto_pop3_client_uidl, 2);
    finish(r);
}

static void retr_two(struct test_reader *r)
{
    one(r, mailproto_pop3_client_retr, 1);
    one(r, mailproto_pop3_client_retr, 2);
}

static void retr_finish(struct test_reader *r)
{
    one(r, mailproto_pop3_client_retr, 1);
    finish(r);
}

static void top_finish(struct test_reader *r)
{
    mailproto_pop3_client_top(r->client, 3, 0, &last_command);
    finish(r);
}

static void dele_rset_quit(struct test_reader *r)
{
    one(r, mailproto_pop3_client_dele, 1);
    mailproto_pop3_client_rset(r->client, &last_command);
    one(r, mailproto_pop3_client_dele, 2);
    one(r, mailproto_pop3_client_dele, 3);
    finish(r);
}

static void capa_noop(struct test_reader *r)
{
    mailproto_pop3_client_capa(r->client, &last_command);
    mailproto_pop3_client_noop(r->client, &last_command);
    finish(r);
}

static void cancelled(struct test_reader *r)
{
    mailproto_pop3_client_noop(r->client, &last_command);
    if (!mailproto_pop3_client_stat(r->client, &last_command)) {
        assert_int_equal(mailproto_session_cancel(r->host.session, last_command), MAILPROTO_OK);
        assert_int_equal(mailproto_session_cancel(r->host.session, last_command), MAILPROTO_OK);
    }
    one(r, mailproto_pop3_client_dele, 4);
    finish(r);
}

static void five(struct test_reader *r)
{
    for (uint32_t i = 1; i <= 5; i++)
        one(r, mailproto_pop3_client_dele, i);
    finish(r);
}

static void boss(struct test_reader *r)
{
    r->authorization = "boss";
}

static void long_password(struct test_reader *r)
{
    r->password =
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";
}

static void spaced_name(struct test_reader *r)
{
    r->name = "alice smith";
}

static void no_credentials(struct test_reader *r)
{
    r->name = NULL;
}

static void fail_bodies(struct test_reader *r)
{
    r->fail_type = MAILPROTO_POP3_CLIENT_BODY;
}

static void fail_entries(struct test_reader *r)
{
    r->fail_type = MAILPROTO_POP3_CLIENT_ENTRY;
}

/* ---- the conversations ---- */

#define PIPELINING_LOGIN                                                                                               \
    {"+OK hello\r\n", "CAPA\r\n"}, {"+OK\r\nUSER\r\nPIPELINING\r\n.\r\n", "USER alice\r\n"},                           \
        {"+OK\r\n", "PASS secret\r\n"},                                                                                \
    {                                                                                                                  \
        "+OK\r\n", "CAPA\r\n"                                                                                          \
    }
#define PIPELINING_READY "credentials 10000\nready offers=22 mechanisms=0 by=10000 hello\n"

static const struct conversation conversations[] = {
    {"USER and PASS without CAPA, STAT",
     {NO_CAPA_LOGIN, {"+OK\r\n", "STAT\r\n"}, {"+OK 2 320 more\r\n", "QUIT\r\n"}, {"+OK bye\r\n", ""}},
     READY "stat 2 octets=320 +OK 2 320 more\nquit 1 deleted=0 OK +OK bye\nclosed OK\n",
     NULL,
     stat_finish,
     NULL},
    {"status lines with LF alone",
     {{"+OK hello\n", "CAPA\r\n"},
      {"-ERR\n", "USER alice\r\n"},
      {"+OK\n", "PASS secret\r\n"},
      {"+OK\n", "STAT\r\n"},
      {"+OK 2 320\n", "QUIT\r\n"},
      {"+OK\n", ""}},
     READY "stat 2 octets=320 +OK 2 320\nquit 1 deleted=0 OK +OK\nclosed OK\n",
     NULL,
     stat_finish,
     NULL},
    {"CAPA before and after the login, the best mechanism",
     {{"+OK hello\r\n", "CAPA\r\n"},
      {"+OK\r\nUSER\r\nSASL CRAM-MD5 LOGIN PLAIN\r\nEXPIRE 30 USER\r\nLOGIN-DELAY 900 USER\r\nX-OTHER\r\n.\r\n",
       "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"},
      {"+OK\r\n", "CAPA\r\n"},
      {"+OK\r\nUSER\r\nTOP\r\nSASL PLAIN\r\nEXPIRE NEVER\r\nLOGIN-DELAY 60\r\n.\r\n", "QUIT\r\n"},
      {"+OK\r\n", ""}},
     "credentials 1\nready offers=57 mechanisms=1 by=1 expire=2147483647 delay=60 hello\n"
     "quit 1 deleted=0 OK +OK\nclosed OK\n",
     any_login,
     finish,
     NULL},
    {"AUTH PLAIN with an authorization",
     {{"+OK hello\r\n", "CAPA\r\n"},
      {"+OK\r\nSASL PLAIN\r\n.\r\n", "AUTH PLAIN Ym9zcwBhbGljZQBzZWNyZXQ=\r\n"},
      {"-ERR [AUTH] no\r\n", "QUIT\r\n"}},
     "credentials 1\nrefused 3 -ERR [5 AUTH] no\nclosed ERR_AUTH\n",
     any_login,
     NULL,
     boss},
    {"AUTH PLAIN too long for an initial response",
     {{"+OK hello\r\n", "CAPA\r\n"},
      {"+OK\r\nSASL PLAIN\r\n.\r\n", "AUTH PLAIN\r\n"},
      {"+ \r\n", "AGFsaWNlADAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3O"
                 "DkwMTIzNDU2"
                 "Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxM"
                 "jM0NTY3ODkw"
                 "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5\r\n"},
      {"+OK\r\n", "CAPA\r\n"},
      {"-ERR\r\n", ""},
      {"EOF", ""}},
     "credentials 1\nready offers=4 mechanisms=1 by=1 hello\nquit 3 deleted=0 ERR_LOST none\nclosed ERR_LOST\n",
     any_login,
     NULL,
     long_password},
    {"AUTH LOGIN",
     {{"+OK hello\r\n", "CAPA\r\n"},
      {"+OK\r\nSASL LOGIN\r\n.\r\n", "AUTH LOGIN\r\n"},
      {"+ VXNlcm5hbWU6\r\n", "YWxpY2U=\r\n"},
      {"+ UGFzc3dvcmQ6\r\n", "c2VjcmV0\r\n"},
      {"+OK\r\n", "CAPA\r\n"},
      {"+OK\r\n.\r\n", "QUIT\r\n"},
      {"+OK\r\n", ""}},
     "credentials 2\nready offers=0 mechanisms=0 by=2 hello\nquit 1 deleted=0 OK +OK\nclosed OK\n",
     any_login,
     finish,
     NULL},
    {"+OK in the middle of AUTH: the server cannot know who it is",
     {{"+OK hello\r\n", "CAPA\r\n"},
      {"+OK\r\nSASL LOGIN\r\n.\r\n", "AUTH LOGIN\r\n"},
      {"+ VXNlcm5hbWU6\r\n", "YWxpY2U=\r\n"},
      {"+OK welcome\r\n", ""}},
     "credentials 2\nclosed ERR_PROTOCOL\n",
     any_login,
     NULL,
     NULL},
    {"a challenge that is not base64",
     {{"+OK hello\r\n", "CAPA\r\n"},
      {"+OK\r\nSASL LOGIN\r\n.\r\n", "AUTH LOGIN\r\n"},
      {"+ go ahead\r\n", "*\r\n"},
      {"-ERR cancelled\r\n", "QUIT\r\n"}},
     "credentials 2\nrefused 3 -ERR cancelled\nclosed ERR_PROTOCOL\n",
     any_login,
     NULL,
     NULL},
    {"challenges without end",
     {{"+OK hello\r\n", "CAPA\r\n"},
      {"+OK\r\nSASL PLAIN\r\n.\r\n", "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"},
      {"+ \r\n", "*\r\n"},
      {"+ \r\n", ""}},
     "credentials 1\nclosed ERR_PROTOCOL\n",
     any_login,
     NULL,
     NULL},
    {"STLS, all that was known is forgotten",
     {{"+OK hello\r\n", "CAPA\r\n"},
      {"+OK\r\nSTLS\r\nTOP\r\nSASL LOGIN\r\n.\r\n", "STLS\r\n"},
      {"+OK begin\r\n", ""},
      {"TLS", "CAPA\r\n"},
      {"+OK\r\nSASL PLAIN\r\n.\r\n", "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"},
      {"+OK\r\n", "CAPA\r\n"},
      {"+OK\r\nSASL PLAIN\r\n.\r\n", "QUIT\r\n"},
      {"+OK\r\n", ""}},
     "tls\ncredentials 1\nready offers=4 mechanisms=1 by=1 tls \nquit 1 deleted=0 OK +OK\nclosed OK\n",
     tls_may,
     finish,
     NULL},
    {"STLS is not offered, and no clear text login is allowed",
     {{"+OK hello\r\n", "CAPA\r\n"}, {"+OK\r\nSASL PLAIN\r\n.\r\n", "QUIT\r\n"}},
     "closed ERR_AUTH\n",
     tls_may,
     NULL,
     NULL},
    {"STLS is not offered, but required",
     {{"+OK hello\r\n", "CAPA\r\n"}, {"-ERR\r\n", "QUIT\r\n"}},
     "closed ERR_TLS\n",
     tls_required,
     NULL,
     NULL},
    {"STLS is refused, but required",
     {{"+OK hello\r\n", "CAPA\r\n"}, {"+OK\r\nSTLS\r\n.\r\n", "STLS\r\n"}, {"-ERR no\r\n", "QUIT\r\n"}},
     "refused 2 -ERR no\nclosed ERR_TLS\n",
     tls_required,
     NULL,
     NULL},
    {"STLS is refused, clear text is allowed",
     {{"+OK hello\r\n", "CAPA\r\n"},
      {"+OK\r\nSTLS\r\nUSER\r\n.\r\n", "STLS\r\n"},
      {"-ERR [SYS/TEMP] no\r\n", "USER alice\r\n"},
      {"-ERR [SYS/PERM/X] no such\r\n", "QUIT\r\n"}},
     "refused 2 -ERR [3 SYS/TEMP] no\ncredentials 10000\nrefused 3 -ERR [4 SYS/PERM/X] no such\nclosed ERR_AUTH\n",
     tls_may_clear,
     NULL,
     NULL},
    {"the greeting is an error",
     {{"-ERR [SYS/TEMP] try later\r\n", "QUIT\r\n"}},
     "refused 1 -ERR [3 SYS/TEMP] try later\nstat 0 ERR_REFUSED unsent none\nclosed ERR_REFUSED\n",
     NULL,
     stat_finish,
     NULL},
    {"the greeting is something else", {{"220 mail ESMTP\r\n", ""}}, "closed ERR_PROTOCOL\n", NULL, NULL, NULL},
    {"no usable login",
     {{"+OK hello\r\n", "CAPA\r\n"}, {"+OK\r\nSASL PLAIN\r\n.\r\n", "QUIT\r\n"}},
     "closed ERR_AUTH\n",
     NULL,
     NULL,
     NULL},
    {"no credentials",
     {{"+OK hello\r\n", "CAPA\r\n"}, {"-ERR\r\n", "QUIT\r\n"}},
     "credentials 10000\nclosed ERR_AUTH\n",
     NULL,
     NULL,
     no_credentials},
    {"a name with a space is not for USER",
     {{"+OK hello\r\n", "CAPA\r\n"}, {"-ERR\r\n", "QUIT\r\n"}},
     "credentials 10000\ncredentials: ERR_ARG\nclosed ERR_AUTH\n",
     NULL,
     NULL,
     spaced_name},
    {"CAPA is not asked for",
     {{"+OK hello\r\n", "USER alice\r\n"}, {"+OK\r\n", "PASS secret\r\n"}, {"+OK\r\n", "QUIT\r\n"}, {"-ERR x\r\n", ""}},
     READY "quit 2 deleted=0 ERR_REFUSED -ERR x\nclosed OK\n",
     no_capa,
     finish,
     NULL},
    {"no login",
     {{"+OK\r\n", "CAPA\r\n"},
      {"+OK\r\nTOP\r\nX  y z\r\n..dot\r\n.\r\n", "NOOP\r\n"},
      {"+OK\r\n", "QUIT\r\n"},
      {"+OK\r\n", ""}},
     "ready offers=0 mechanisms=0 \ncapability TOP()\ncapability X( y z)\ncapability .dot()\ncapa 0 +OK\nnoop 0 +OK\n"
     "quit 1 deleted=0 OK +OK\nclosed OK\n",
     no_login,
     capa_noop,
     NULL},
    {"listings",
     {NO_CAPA_LOGIN,
      {"+OK\r\n", "LIST\r\n"},
      {"+OK\r\n1 120\r\n2 200 extra\r\n.\r\n", "UIDL\r\n"},
      {"+OK\r\n1 whqtswO00WBw418f9t5JxYwZ\r\n2 QhdPYR:00WBw1Ph7x7\r\n.\r\n", "LIST 2\r\n"},
      {"+OK 2 200\r\n", "UIDL 2\r\n"},
      {"+OK 2 QhdPYR:00WBw1Ph7x7\r\n", "QUIT\r\n"}},
     READY "entry 1 120 \nentry 2 200 \nlist 0 +OK\nentry 1 0 whqtswO00WBw418f9t5JxYwZ\n"
           "entry 2 0 QhdPYR:00WBw1Ph7x7\nuidl 0 +OK\nentry 2 200 \nlist 2 +OK\n"
           "entry 2 0 QhdPYR:00WBw1Ph7x7\nuidl 2 +OK\nquit 4 deleted=0 ERR_LOST none\nclosed ERR_LOST\n",
     NULL,
     list_uidl,
     NULL},
    {"malformed and empty listings",
     {NO_CAPA_LOGIN,
      {"+OK\r\n", "LIST\r\n"},
      {"+OK\r\n0 5\r\n2 x\r\n3 7\r\n\r\n.\r\n", "UIDL\r\n"},
      {"+OK\r\n.\r\n", "LIST 2\r\n"},
      {"+OK 3 7\r\n", "UIDL 2\r\n"},
      {"-ERR [X-NEW] gone\r\n", "QUIT\r\n"}},
     READY "entry 3 7 \nlist 0 ERR_PROTOCOL +OK\nuidl 0 +OK\nlist 2 ERR_PROTOCOL +OK\n"
           "uidl 2 ERR_REFUSED -ERR [6 X-NEW] gone\nquit 4 deleted=0 ERR_LOST none\nclosed ERR_LOST\n",
     NULL,
     list_uidl,
     NULL},
    {"a listing that ends with LF alone",
     {NO_CAPA_LOGIN, {"+OK\r\n", "LIST\r\n"}, {"+OK\r\n1 5\n.\n", ""}},
     READY "entry 1 5 \nlist 0 ERR_PROTOCOL none\nuidl 0 ERR_PROTOCOL unsent none\nlist 2 ERR_PROTOCOL unsent none\n"
           "uidl 2 ERR_PROTOCOL unsent none\nquit 3 deleted=0 ERR_PROTOCOL none\nclosed ERR_PROTOCOL\n",
     NULL,
     list_uidl,
     NULL},
    {"messages with every kind of line",
     {NO_CAPA_LOGIN,
      {"+OK\r\n", "RETR 1\r\n"},
      {"+OK 99 octets\r\nA: b\r\n\r\n..\r\n...\r\n.x\r\n. \r\nbare\n.\nmore\r.\r\n\r\r\n..\r\r\n.\r\n", "RETR 2\r\n"},
      {"+OK\r\n.\r\n", ""},
      {"EOF", ""}},
     READY "message 1 announced 99\nA: b\r\n\r\n.\r\n..\r\nx\r\n \r\nbare\n.\nmore\r.\r\n\r\r\n.\r\r\n"
           "retr 1 octets=43 +OK\nmessage 2 0\nretr 2 +OK\n"
           "quit 3 deleted=0 ERR_LOST none\nclosed ERR_LOST\n",
     NULL,
     retr_two,
     NULL},
    {"a message that is cut off",
     {NO_CAPA_LOGIN, {"+OK\r\n", "RETR 1\r\n"}, {"+OK 5 octets\r\nhello\r\n.", ""}, {"EOF", ""}},
     READY "message 1 announced 5\nhello\r\nretr 1 octets=7 ERR_LOST none\nretr 2 ERR_LOST unsent none\n"
           "quit 3 deleted=0 ERR_LOST none\nclosed ERR_LOST\n",
     NULL,
     retr_two,
     NULL},
    {"the host fails a message",
     {NO_CAPA_LOGIN, {"+OK\r\n", "RETR 1\r\n"}, {"+OK\r\n.\r\n", "QUIT\r\n"}, {"+OK\r\n", ""}},
     READY "message 1 0\nretr 1 +OK\nquit 1 deleted=0 OK +OK\nclosed OK\n",
     NULL,
     retr_finish,
     fail_bodies},
    {"the host fails entries",
     {NO_CAPA_LOGIN,
      {"+OK\r\n", "LIST\r\n"},
      {"+OK\r\n1 1\r\n2 2\r\n.\r\n", "UIDL\r\n"},
      {"+OK\r\n.\r\n", "LIST 2\r\n"},
      {"+OK 2 2\r\n", "UIDL 2\r\n"}},
     READY "entry 1 1 \nlist 0 ERR_HOST +OK\nuidl 0 +OK\nentry 2 2 \nlist 2 ERR_HOST +OK\n"
           "uidl 2 ERR_LOST none\nquit 3 deleted=0 ERR_LOST none\nclosed ERR_LOST\n",
     NULL,
     list_uidl,
     fail_entries},
    {"TOP",
     {NO_CAPA_LOGIN, {"+OK\r\n", "TOP 3 0\r\n"}, {"+OK 77\r\nA: b\r\n\r\n.\r\n", "QUIT\r\n"}, {"+OK\r\n", ""}},
     READY "message 3 0\nA: b\r\n\r\ntop 3 octets=8 +OK\nquit 1 deleted=0 OK +OK\nclosed OK\n",
     NULL,
     top_finish,
     NULL},
    {"deletions, confirmed",
     {NO_CAPA_LOGIN,
      {"+OK\r\n", "DELE 1\r\n"},
      {"+OK\r\n", "RSET\r\n"},
      {"+OK\r\n", "DELE 2\r\n"},
      {"+OK gone\r\n", "DELE 3\r\n"},
      {"-ERR no such message\r\n", "QUIT\r\n"}},
     READY "dele 1 +OK\nrset 0 +OK\ndele 2 +OK gone\ndele 3 ERR_REFUSED -ERR no such message\n"
           "quit 4 deleted=1 ERR_LOST none\nclosed ERR_LOST\n",
     NULL,
     dele_rset_quit,
     NULL},
    {"PIPELINING",
     {PIPELINING_LOGIN,
      {"+OK\r\nUSER\r\nPIPELINING\r\n.\r\n", "DELE 1\r\nDELE 2\r\nDELE 3\r\nDELE 4\r\nDELE 5\r\n"},
      {"+OK\r\n-ERR\r\n+OK\r\n+OK\r\n+OK\r\n", "QUIT\r\n"},
      {"+OK\r\n", ""}},
     PIPELINING_READY "dele 1 +OK\ndele 2 ERR_REFUSED -ERR\ndele 3 +OK\ndele 4 +OK\ndele 5 +OK\n"
                      "quit 1 deleted=4 OK +OK\nclosed OK\n",
     NULL,
     five,
     NULL},
    {"PIPELINING in a window of two",
     {PIPELINING_LOGIN,
      {"+OK\r\nUSER\r\nPIPELINING\r\n.\r\n", "DELE 1\r\nDELE 2\r\n"},
      {"+OK\r\n", "DELE 3\r\n"},
      {"+OK\r\n+OK\r\n", "DELE 4\r\nDELE 5\r\n"},
      {"EOF", ""}},
     PIPELINING_READY "dele 1 +OK\ndele 2 +OK\ndele 3 +OK\ndele 4 ERR_LOST none\ndele 5 ERR_LOST none\n"
                      "quit 3 deleted=3 ERR_LOST none\nclosed ERR_LOST\n",
     window_two,
     five,
     NULL},
    {"a command is withdrawn",
     {NO_CAPA_LOGIN, {"+OK\r\n", "NOOP\r\n"}, {"+OK\r\n", "DELE 4\r\n"}, {"+OK\r\n", "QUIT\r\n"}, {"+OK\r\n", ""}},
     "stat 0 ERR_CANCELLED unsent none\n" READY "noop 0 +OK\ndele 4 +OK\nquit 1 deleted=1 OK +OK\nclosed OK\n",
     NULL,
     cancelled,
     NULL},
    {"the server leaves",
     {NO_CAPA_LOGIN, {"+OK\r\n", ""}, {"-ERR [SYS/TEMP] bye\r\n", ""}},
     READY "quit 3 deleted=0 ERR_LOST none\nclosed ERR_LOST\n",
     NULL,
     NULL,
     NULL},
    {"the server answers what was not asked",
     {NO_CAPA_LOGIN, {"+OK\r\n", ""}, {"+OK 7\r\n", ""}},
     READY "quit 3 deleted=0 ERR_PROTOCOL none\nclosed ERR_PROTOCOL\n",
     NULL,
     NULL,
     NULL},
    {"STAT makes no sense",
     {NO_CAPA_LOGIN, {"+OK\r\n", "STAT\r\n"}, {"+OK two\r\n", "QUIT\r\n"}, {"+OK\r\n", ""}},
     READY "stat 0 ERR_PROTOCOL +OK two\nquit 1 deleted=0 OK +OK\nclosed OK\n",
     NULL,
     stat_finish,
     NULL},
    {"+OKAY is no response", {{"+OKAY\r\n", ""}}, "closed ERR_PROTOCOL\n", NULL, NULL, NULL},
    {"capabilities with stuffed dots and bare LF",
     {{"+OK hello\r\n", "CAPA\r\n"}, {TOP_USER_UIDL, "USER alice\r\n"}, {"EOF", ""}},
     "credentials 10000\nclosed ERR_LOST\n",
     NULL,
     NULL,
     NULL},
};

enum { CONVERSATIONS = sizeof conversations / sizeof *conversations };

/* ---- running them ---- */

struct way {
    uint32_t mode;
    int holds;
    size_t cut;
    uint64_t seed;
};

static void take_step(struct test_reader *r, const struct step *step, const struct way *way)
{
    if (!strcmp(step->server, "EOF")) {
        test_host_eof(&r->host);
    } else if (!strcmp(step->server, "TLS")) {
        uint32_t wants = mailproto_session_wants(r->host.session);

        assert_true(wants & (MAILPROTO_WANTS_TLS | MAILPROTO_WANTS_CLOSE));
        if (wants & MAILPROTO_WANTS_TLS)
            assert_int_equal(mailproto_session_tls_started(r->host.session, NULL), MAILPROTO_OK);
    } else {
        test_host_send(&r->host, step->server, strlen(step->server), way->cut);
    }
    test_host_rest(&r->host);
}

static void check_sent(const struct conversation *c, struct test_reader *r, const struct step *step)
{
    size_t n = strlen(step->client);

    if (r->host.out.len != n || (n && memcmp(r->host.out.ptr, step->client, n))) {
        print_error("%s: after %s\nthe client said: %.*s\nnot: %s\nlog: %.*s\n", c->name, step->server,
                    (int)r->host.out.len, (const char *)r->host.out.ptr, step->client, (int)r->log.len,
                    (const char *)r->log.ptr);
        fail();
    }
    test_bytes_take(&r->host.out, n);
}

static void converse(const struct conversation *c, struct test_reader *r, const struct way *way, int check)
{
    test_host_rest(&r->host);
    for (const struct step *step = c->steps; step < c->steps + 8 && step->server; step++) {
        if (mailproto_session_wants(r->host.session) & MAILPROTO_WANTS_CLOSE)
            break;
        take_step(r, step, way);
        if (check)
            check_sent(c, r, step);
    }
    test_host_eof(&r->host);
    test_host_rest(&r->host);
}

static void prepare(struct test_reader *r, const struct conversation *c, mailproto_pop3_client_config *config)
{
    memset(r, 0, sizeof *r);
    r->name = "alice";
    r->password = "secret";
    if (c->reader)
        c->reader(r);
    test_client_config(config);
    if (c->config)
        c->config(config);
}

static void run(const struct conversation *c, const struct way *way)
{
    mailproto_pop3_client_config config;
    struct test_allocator memory;
    struct test_reader r;

    test_allocator_init(&memory);
    prepare(&r, c, &config);
    r.host.holds = way->holds;
    assert_int_equal(test_reader_start(&r, &config, way->mode, way->seed, &memory.api), MAILPROTO_OK);
    if (way->seed % 2)
        mailproto_session_set_trace(r.host.session,
                                    MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_BODY | MAILPROTO_TRACE_PRIVATE);
    if (c->submit)
        c->submit(&r);
    converse(c, &r, way, 1);
    if (r.log.len != strlen(c->log) || memcmp(r.log.ptr, c->log, r.log.len)) {
        print_error("%s (mode %u, holds %d, cut %zu):\n%.*s\ninstead of\n%s\n", c->name, way->mode, way->holds,
                    way->cut, (int)r.log.len, (const char *)r.log.ptr, c->log);
        fail();
    }
    assert_int_equal(r.host.closed, 1);
    assert_int_equal(r.quits, r.readies);
    test_reader_free(&r);
    assert_int_equal(memory.live, 0);
    assert_true(memory.peak <= mailproto_pop3_client_memory_max(&config) + 8 * 64);
}

static void test_conversations(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++)
        for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++)
            for (int holds = 0; holds < 2; holds++) {
                run(&conversations[i], &(struct way){mode, holds, 100000, 1});
                for (size_t cut = 0; cut < 30; cut++)
                    run(&conversations[i], &(struct way){mode, holds, cut, cut});
            }
}

static void test_every_allocation(void **state)
{
    mailproto_pop3_client_config config;
    struct test_allocator memory;
    struct test_reader r;

    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct conversation *c = &conversations[i];

        for (size_t n = 1;; n++) {
            test_allocator_init(&memory);
            memory.fail_at = n;
            prepare(&r, c, &config);
            if (!test_reader_start(&r, &config, n % 2 ? TEST_POLLED : TEST_LATER, n, &memory.api)) {
                if (c->submit)
                    c->submit(&r);
                converse(c, &r, &(struct way){0, 0, n % 3 ? 1 : 1000, n}, 0);
                assert_int_equal(r.host.closed, 1);
                assert_int_equal(r.quits, r.readies);
            }
            test_reader_free(&r);
            assert_int_equal(memory.live, 0);
            if (!memory.failed)
                break;
        }
    }
}

/* A server that says anything: what the host is told does not depend on how it arrives. */
static void test_random_responses(void **state)
{
    static const char *const parts[] = {
        "+OK",    "+OK",   "-ERR",        "\r\n",     "\r\n",    "\r\n",    ".\r\n", ".",         ".",
        "\r",     "\n",    "1 ",          "2",        "+OK\r\n", "+OK\r\n", "x",     "\r\n.\r\n", "-ERR [IN-USE] x\r\n",
        "+ \r\n", "\r\n.", "+OK 1 1\r\n", "1 uid\r\n"};
    struct test_random random = {5};
    char said[400], *log;

    (void)state;
    for (int round = 0; round < 600; round++) {
        struct conversation c = {.name = "random responses", .submit = round % 2 ? list_uidl : retr_two};
        mailproto_pop3_client_config config;
        struct test_reader r;

        strcpy(said, "+OK\r\n-ERR\r\n+OK\r\n+OK\r\n+OK\r\n");
        while (strlen(said) < sizeof said - 50)
            strcat(said, parts[test_random_below(&random, sizeof parts / sizeof *parts)]);
        c.steps[0].server = said;
        log = NULL;
        for (size_t cut = 1000; cut-- > 994;) {
            prepare(&r, &c, &config);
            r.host.holds = cut == 997;
            assert_int_equal(test_reader_start(&r, &config, (uint32_t)cut % 3, cut, NULL), MAILPROTO_OK);
            c.submit(&r);
            converse(&c, &r, &(struct way){.cut = cut == 999 ? 1000 : cut == 998}, 0);
            test_bytes_add(&r.log, "", 1);
            if (!log)
                log = strdup((char *)r.log.ptr);
            assert_string_equal((char *)r.log.ptr, log);
            test_reader_free(&r);
        }
        free(log);
    }
}

static void test_injected(void **state)
{
    static const char said[] = "+OK hello\r\n+OK\r\nSTLS\r\n.\r\n+OK begin\r\n+OK\r\nSASL PLAIN\r\n.\r\n";
    const struct conversation *c = &(struct conversation){.config = tls_required};
    mailproto_pop3_client_config config;
    struct test_reader r;
    const size_t clear = strlen("+OK hello\r\n+OK\r\nSTLS\r\n.\r\n+OK begin\r\n");
    size_t taken;

    (void)state;
    for (size_t n = clear; n < sizeof said; n++) {
        prepare(&r, c, &config);
        assert_int_equal(test_reader_start(&r, &config, TEST_AT_ONCE, n, NULL), MAILPROTO_OK);
        test_host_rest(&r.host);
        for (size_t at = 0; at < n && mailproto_session_wants(r.host.session) & MAILPROTO_WANTS_READ; at += taken) {
            mailproto_session_feed(r.host.session, said + at, n - at, 1000, &taken);
            test_host_rest(&r.host);
        }
        if (n == clear) /* in a feed of its own */
            mailproto_session_feed(r.host.session, said, 1, 1000, &taken);
        test_host_rest(&r.host);
        assert_int_equal(r.host.why, MAILPROTO_ERR_TLS_INJECTED);
        assert_int_equal(r.readies, 0);
        test_reader_free(&r);
    }
}

static int holds(const void *p, size_t n, const char *text)
{
    size_t len = strlen(text);

    for (size_t at = 0; at + len <= n; at++)
        if (!memcmp((const char *)p + at, text, len))
            return 1;
    return 0;
}

/* Once the login is sent, nothing of it is left in memory, freed or not. */
static void test_secrets_are_wiped(void **state)
{
    static const uint32_t ways[] = {MAILPROTO_SASL_PLAIN, MAILPROTO_SASL_LOGIN, MAILPROTO_POP3_USER_PASS};
    static const char *const secrets[] = {"AHNlY3Jld", "c2VjcmV0", "secret"}; /* as each way says it */
    static const char *const answer[] = {"", "+ \r\n", "+OK\r\n"};
    static const size_t answers[] = {0, 2, 1};
    static char memory[65536];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct conversation *c = &(struct conversation){.name = "login"};
        mailproto_pop3_client_config config;
        mailproto_allocator arena;
        struct test_reader r;

        memset(memory, 0, sizeof memory);
        assert_int_equal(mailproto_arena_init(&arena, memory, sizeof memory), MAILPROTO_OK);
        prepare(&r, c, &config);
        config.login[0] = ways[i];
        assert_int_equal(test_reader_start(&r, &config, TEST_LATER, 2, &arena), MAILPROTO_OK);
        test_host_send(&r.host, "+OK\r\n", 5, 5);
        test_host_send(&r.host, "+OK\r\nUSER\r\nSASL PLAIN LOGIN\r\n.\r\n", 32, 32);
        for (size_t k = 0; k < answers[i]; k++)
            test_host_send(&r.host, answer[i], strlen(answer[i]), 5);
        assert_true(holds(r.host.out.ptr, r.host.out.len, secrets[i]));
        for (size_t k = 0; k < 3; k++)
            assert_false(holds(memory, sizeof memory, secrets[k]));
        test_reader_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations),     cmocka_unit_test(test_every_allocation),
        cmocka_unit_test(test_random_responses),  cmocka_unit_test(test_injected),
        cmocka_unit_test(test_secrets_are_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
