/* The POP3 server's conversations: every command and error, cut everywhere, answered at once, late, polled and held.
   RFC 1939, RFC 2449, RFC 2595, RFC 3206, RFC 5034; mailproto/pop3_server.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/pop3_maildrop.h"

static const struct test_message two[] = {
    {"Subject: one\r\n\r\nfirst\r\n.dot\r\n..\r\n.\r\n", "AA1", 0},
    {"Subject: two\r\nFrom: x\r\n\r\nl1\r\nl2\r\nl3", "BB2", 0},
};

#define GREETING  "+OK POP3 server ready\r\n"
#define IN        "USER alice\r\nPASS secret\r\n"
#define OUT       "+OK now the password\r\n+OK maildrop locked and ready\r\n"
#define CAPA_REST "RESP-CODES\r\nPIPELINING\r\nUIDL\r\nIMPLEMENTATION mailproto\r\n"
#define TLS       "\001" /* here the handshake is done */

struct conversation {
    const char *name, *in, *out;
    void (*config)(mailproto_pop3_server_config *config);
    void (*maildrop)(struct test_maildrop *m);
    void (*check)(const struct test_maildrop *m);
};

/* ---- configs and checks ---- */

static void tls_may(mailproto_pop3_server_config *c)
{
    c->flags = 0;
    c->tls = MAILPROTO_TLS_MAY;
}

static void tls_required(mailproto_pop3_server_config *c)
{
    c->tls = MAILPROTO_TLS_REQUIRED;
}

static void all_capabilities(mailproto_pop3_server_config *c)
{
    c->offer = 0x7ff;
    c->tls = MAILPROTO_TLS_MAY;
    c->flags |= MAILPROTO_POP3_SERVER_EXPIRE_USER | MAILPROTO_POP3_SERVER_LOGIN_DELAY_USER;
    c->expire = MAILPROTO_POP3_EXPIRE_NEVER;
    c->login_delay = 900;
    c->implementation = (mailproto_text){"Test-1", 6};
}

static void bare(mailproto_pop3_server_config *c)
{
    c->offer = MAILPROTO_POP3_CAPA_USER;
}

static void few_errors(mailproto_pop3_server_config *c)
{
    c->max_bad_commands = 2;
}

static void one_login(mailproto_pop3_server_config *c)
{
    c->max_auth_failures = 1;
}

static void bare_lf(mailproto_pop3_server_config *c)
{
    c->flags |= MAILPROTO_POP3_SERVER_BARE_LF;
}

static void small(mailproto_pop3_server_config *c)
{
    c->max_line = 255;
    c->max_auth_line = 255;
}

static void in_use(struct test_maildrop *m)
{
    m->in_use = 1;
}

static void fail_connect(struct test_maildrop *m)
{
    m->fail_type = MAILPROTO_POP3_SERVER_CONNECT;
}

static void fail_auth(struct test_maildrop *m)
{
    m->fail_type = MAILPROTO_POP3_SERVER_AUTH;
}

static void fail_open(struct test_maildrop *m)
{
    m->fail_type = MAILPROTO_POP3_SERVER_OPEN;
}

static void fail_list(struct test_maildrop *m)
{
    m->fail_type = MAILPROTO_POP3_SERVER_LIST;
}

static void fail_second_list(struct test_maildrop *m)
{
    m->fail_type = MAILPROTO_POP3_SERVER_LIST;
    m->fail_after = 1;
    m->give_max = 1;
}

static void fail_retrieve(struct test_maildrop *m)
{
    m->fail_type = MAILPROTO_POP3_SERVER_RETRIEVE;
}

static void fail_commit(struct test_maildrop *m)
{
    m->fail_type = MAILPROTO_POP3_SERVER_COMMIT;
}

static void fail_piece(struct test_maildrop *m)
{
    m->piece = 16;
    m->fail_type = MAILPROTO_POP3_SERVER_PIECE;
    m->fail_after = 1;
}

static const struct test_message bare_lf_message[] = {{"Subject: x\r\n\nbody\r\n", "u", 0}, {"x\r\n", "v", 0}};

static void serves_bare_lf(struct test_maildrop *m)
{
    m->messages = bare_lf_message;
}

static void empty(struct test_maildrop *m)
{
    m->count = 0;
}

static void updated(const struct test_maildrop *m)
{
    assert_int_equal(m->ends, 1);
    assert_int_equal(m->updated, 1);
    assert_int_equal(m->host.why, MAILPROTO_OK);
}

static void updated_one(const struct test_maildrop *m)
{
    updated(m);
    assert_int_equal(m->deleted, 1);
    assert_int_equal(m->failed, 0);
}

static void updated_both(const struct test_maildrop *m)
{
    updated(m);
    assert_int_equal(m->deleted, 2);
    assert_int_equal(m->ranges, 1);
}

static void not_removed(const struct test_maildrop *m)
{
    updated(m);
    assert_int_equal(m->deleted, 0);
    assert_int_equal(m->failed, 2);
}

static void abandoned(const struct test_maildrop *m)
{
    assert_int_equal(m->ends, 1);
    assert_int_equal(m->updated, 0);
    assert_int_equal(m->deleted, 0);
}

static void cut_off(const struct test_maildrop *m)
{
    abandoned(m);
    assert_int_equal(m->host.why, MAILPROTO_ERR_BODY);
    assert_int_equal(m->retrieve_ends, 1);
    assert_int_equal(m->retrieve_why, MAILPROTO_ERR_BODY);
}

static void list_cut_off(const struct test_maildrop *m)
{
    abandoned(m);
    assert_int_equal(m->host.why, MAILPROTO_ERR_HOST);
}

static void never_opened(const struct test_maildrop *m)
{
    assert_int_equal(m->opens, 0);
    assert_int_equal(m->ends, 0);
}

static void plain_login(const struct test_maildrop *m)
{
    assert_string_equal(m->login, "1 boss alice secret");
}

static void login_login(const struct test_maildrop *m)
{
    assert_string_equal(m->login, "2  alice secret");
}

static void tls_login(const struct test_maildrop *m)
{
    assert_string_equal(m->login, "10000  alice secret tls");
}

static void too_many(const struct test_maildrop *m)
{
    assert_int_equal(m->host.why, MAILPROTO_ERR_LIMIT);
}

static void auth_failed(const struct test_maildrop *m)
{
    assert_int_equal(m->host.why, MAILPROTO_ERR_AUTH);
}

#define MESSAGE_1 "Subject: one\r\n\r\nfirst\r\n..dot\r\n...\r\n..\r\n"

#define NAME_62   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define NAME_248  NAME_62 NAME_62 NAME_62 NAME_62
#define LONG_TEXT NAME_248 NAME_62

static const struct conversation conversations[] = {
    {"USER and PASS, the rest of RFC 1939",
     IN "STAT\r\nLIST\r\nLIST 2\r\nUIDL\r\nUIDL 1\r\nNOOP\r\nRETR 1\r\nRETR 2\r\nQUIT\r\n",
     GREETING OUT "+OK 2 71\r\n+OK the list follows\r\n1 36\r\n2 35\r\n.\r\n+OK 2 35\r\n"
                  "+OK the list follows\r\n1 AA1\r\n2 BB2\r\n.\r\n+OK 1 AA1\r\n+OK\r\n"
                  "+OK 36 octets\r\n" MESSAGE_1 ".\r\n"
                  "+OK 35 octets\r\nSubject: two\r\nFrom: x\r\n\r\nl1\r\nl2\r\nl3\r\n.\r\n+OK bye\r\n",
     NULL, NULL, updated},
    {"DELE, RSET and QUIT",
     IN "DELE 2\r\nDELE 2\r\nSTAT\r\nLIST\r\nRETR 2\r\nRSET\r\nSTAT\r\nDELE 1\r\nLIST 1\r\nQUIT\r\n",
     GREETING OUT "+OK message deleted\r\n-ERR this message is deleted\r\n+OK 1 36\r\n"
                  "+OK the list follows\r\n1 36\r\n.\r\n-ERR this message is deleted\r\n"
                  "+OK no message is deleted\r\n+OK 2 71\r\n+OK message deleted\r\n"
                  "-ERR this message is deleted\r\n+OK bye\r\n",
     NULL, NULL, updated_one},
    {"all deleted", IN "DELE 1\r\nDELE 2\r\nSTAT\r\nLIST\r\nUIDL\r\nQUIT\r\n",
     GREETING OUT "+OK message deleted\r\n+OK message deleted\r\n+OK 0 0\r\n+OK the list follows\r\n.\r\n"
                  "+OK the list follows\r\n.\r\n+OK bye\r\n",
     NULL, NULL, updated_both},
    {"an empty maildrop", IN "STAT\r\nLIST\r\nUIDL\r\nLIST 1\r\nRETR 1\r\nQUIT\r\n",
     GREETING OUT "+OK 0 0\r\n+OK the list follows\r\n.\r\n+OK the list follows\r\n.\r\n-ERR no such message\r\n"
                  "-ERR no such message\r\n+OK bye\r\n",
     NULL, empty, updated},
    {"TOP", IN "TOP 1 0\r\nTOP 1 1\r\nTOP 1 2\r\nTOP 1 100\r\nTOP 2 3\r\nTOP 3 1\r\nQUIT\r\n",
     GREETING OUT "+OK the top follows\r\nSubject: one\r\n\r\n.\r\n"
                  "+OK the top follows\r\nSubject: one\r\n\r\nfirst\r\n.\r\n"
                  "+OK the top follows\r\nSubject: one\r\n\r\nfirst\r\n..dot\r\n.\r\n"
                  "+OK the top follows\r\n" MESSAGE_1 ".\r\n"
                  "+OK the top follows\r\nSubject: two\r\nFrom: x\r\n\r\nl1\r\nl2\r\nl3\r\n.\r\n"
                  "-ERR no such message\r\n+OK bye\r\n",
     NULL, NULL, updated},
    {"arguments",
     IN "RETR\r\nRETR \r\nRETR 0\r\nRETR 1 \r\nRETR x\r\nRETR 3\r\nRETR 4294967296\r\nDELE -1\r\nTOP 1\r\n"
        "TOP 1 x\r\nLIST 0\r\nSTAT 1\r\nNOOP \r\nLIST 001\r\nRETR 1 2\r\n",
     GREETING OUT "-ERR syntax error in the arguments\r\n-ERR syntax error in the arguments\r\n-ERR syntax error in "
                  "the arguments\r\n"
                  "-ERR syntax error in the arguments\r\n-ERR syntax error in the arguments\r\n-ERR no such message\r\n"
                  "-ERR syntax error in the arguments\r\n-ERR syntax error in the arguments\r\n-ERR syntax error in "
                  "the arguments\r\n"
                  "-ERR syntax error in the arguments\r\n-ERR syntax error in the arguments\r\n-ERR syntax error in "
                  "the arguments\r\n"
                  "-ERR syntax error in the arguments\r\n+OK 1 36\r\n-ERR syntax error in the arguments\r\n",
     NULL, NULL, abandoned},
    {"states", "STAT\r\nPASS x\r\nLIST\r\nNOOP\r\n" IN "USER x\r\nPASS x\r\nAUTH PLAIN\r\nSTLS\r\nAPOP a b\r\nQUIT\r\n",
     GREETING "-ERR this command is not for this state of the session\r\n-ERR USER comes before PASS\r\n"
              "-ERR this command is not for this state of the session\r\n"
              "-ERR this command is not for this state of the session\r\n" OUT
              "-ERR this command is not for this state of the session\r\n"
              "-ERR this command is not for this state of the session\r\n"
              "-ERR this command is not for this state of the session\r\n-ERR unknown command\r\n"
              "-ERR unknown command\r\n+OK bye\r\n",
     NULL, NULL, updated},
    {"QUIT before the login", "quit\r\n", GREETING "+OK bye\r\n", NULL, NULL, never_opened},
    {"commands in any case", "user alice\r\npAsS secret\r\nsTaT\r\nqUIT\r\n", GREETING OUT "+OK 2 71\r\n+OK bye\r\n",
     NULL, NULL, updated},
    {"a wrong password", "USER alice\r\nPASS wrong\r\nPASS secret\r\n" IN "QUIT\r\n",
     GREETING "+OK now the password\r\n-ERR [AUTH] authentication failed\r\n-ERR USER comes before PASS\r\n" OUT
              "+OK bye\r\n",
     NULL, NULL, updated},
    {"too many wrong passwords", "USER alice\r\nPASS wrong\r\n" IN,
     GREETING "+OK now the password\r\n-ERR [AUTH] authentication failed\r\n", one_login, NULL, auth_failed},
    {"AUTH PLAIN with an initial response", "AUTH PLAIN Ym9zcwBhbGljZQBzZWNyZXQ=\r\nQUIT\r\n",
     GREETING "+OK maildrop locked and ready\r\n+OK bye\r\n", NULL, NULL, plain_login},
    {"AUTH PLAIN without", "AUTH PLAIN\r\nYm9zcwBhbGljZQBzZWNyZXQ=\r\nQUIT\r\n",
     GREETING "+ \r\n+OK maildrop locked and ready\r\n+OK bye\r\n", NULL, NULL, plain_login},
    {"AUTH LOGIN", "auth login\r\nYWxpY2U=\r\nc2VjcmV0\r\nQUIT\r\n",
     GREETING "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n+OK maildrop locked and ready\r\n+OK bye\r\n", NULL, NULL,
     login_login},
    {"AUTH LOGIN with the name at once", "AUTH LOGIN YWxpY2U=\r\nc2VjcmV0\r\nQUIT\r\n",
     GREETING "+ UGFzc3dvcmQ6\r\n+OK maildrop locked and ready\r\n+OK bye\r\n", NULL, NULL, login_login},
    {"AUTH gone wrong",
     "AUTH\r\nAUTH GSSAPI\r\nAUTH PLAIN =\r\nAUTH PLAIN !!!!\r\nAUTH PLAIN =AAA\r\nAUTH PLAIN\r\n*\r\nAUTH PLAIN\r\n"
     "\r\nAUTH LOGIN\r\nYWxpY2U=\r\n*\r\nAUTH LOGIN\r\nAAA=BBB=\r\n" IN "AUTH PLAIN x\r\nQUIT\r\n",
     GREETING "-ERR syntax error in the arguments\r\n-ERR no such mechanism\r\n-ERR malformed response\r\n"
              "-ERR malformed response\r\n-ERR malformed response\r\n+ \r\n-ERR authentication cancelled\r\n+ \r\n"
              "-ERR malformed response\r\n+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n-ERR authentication cancelled\r\n"
              "+ VXNlcm5hbWU6\r\n-ERR malformed response\r\n" OUT
              "-ERR this command is not for this state of the session\r\n+OK bye\r\n",
     NULL, NULL, updated},
    {"the maildrop is in use", IN "STAT\r\nQUIT\r\n",
     GREETING
     "+OK now the password\r\n-ERR [IN-USE] in use\r\n-ERR this command is not for this state of the session\r\n"
     "+OK bye\r\n",
     NULL, in_use, never_opened},
    {"CAPA in clear text", "CAPA\r\n" IN "CAPA\r\nQUIT\r\n",
     GREETING "+OK capabilities follow\r\nTOP\r\nUSER\r\nSASL PLAIN LOGIN\r\n" CAPA_REST "AUTH-RESP-CODE\r\n.\r\n" OUT
              "+OK capabilities follow\r\nTOP\r\nUSER\r\nSASL PLAIN LOGIN\r\n" CAPA_REST
              "AUTH-RESP-CODE\r\n.\r\n+OK bye\r\n",
     NULL, NULL, updated},
    {"CAPA before and after STLS",
     "CAPA\r\nUSER alice\r\nAUTH PLAIN\r\nSTLS\r\n" TLS "CAPA\r\nPASS x\r\nSTLS\r\n" IN "QUIT\r\n",
     GREETING "+OK capabilities follow\r\nTOP\r\n" CAPA_REST "STLS\r\nAUTH-RESP-CODE\r\n.\r\n"
              "-ERR no login without TLS: use STLS first\r\n-ERR no login without TLS: use STLS first\r\n"
              "+OK begin TLS negotiation\r\n"
              "+OK capabilities follow\r\nTOP\r\nUSER\r\nSASL PLAIN LOGIN\r\n" CAPA_REST "AUTH-RESP-CODE\r\n.\r\n"
              "-ERR USER comes before PASS\r\n-ERR TLS is on already\r\n" OUT "+OK bye\r\n",
     tls_may, NULL, tls_login},
    {"TLS is required, whatever the flags", "CAPA\r\nUSER alice\r\nSTLS\r\n" TLS IN "QUIT\r\n",
     GREETING "+OK capabilities follow\r\nTOP\r\n" CAPA_REST "STLS\r\nAUTH-RESP-CODE\r\n.\r\n"
              "-ERR no login without TLS: use STLS first\r\n+OK begin TLS negotiation\r\n" OUT "+OK bye\r\n",
     tls_required, NULL, tls_login},
    {"every capability, before and after the login", "CAPA\r\n" IN "CAPA\r\nQUIT\r\n",
     GREETING "+OK capabilities follow\r\nTOP\r\nUSER\r\nSASL PLAIN LOGIN\r\nRESP-CODES\r\nLOGIN-DELAY 900 USER\r\n"
              "PIPELINING\r\nEXPIRE NEVER USER\r\nUIDL\r\nIMPLEMENTATION Test-1\r\nSTLS\r\nAUTH-RESP-CODE\r\n.\r\n" OUT
              "+OK capabilities follow\r\nTOP\r\nUSER\r\nSASL PLAIN LOGIN\r\nRESP-CODES\r\nLOGIN-DELAY 900\r\n"
              "PIPELINING\r\nEXPIRE NEVER\r\nUIDL\r\nIMPLEMENTATION Test-1\r\nAUTH-RESP-CODE\r\n.\r\n+OK bye\r\n",
     all_capabilities, NULL, updated},
    {"what is not offered is not spoken",
     "CAPA\r\nAUTH PLAIN\r\nSTLS\r\nUSER alice\r\nPASS wrong\r\n" IN "TOP 1 0\r\nUIDL\r\nQUIT\r\n",
     GREETING "+OK capabilities follow\r\nUSER\r\n.\r\n-ERR unknown command\r\n-ERR unknown command\r\n"
              "+OK now the password\r\n-ERR authentication failed\r\n" OUT
              "-ERR unknown command\r\n-ERR unknown command\r\n+OK bye\r\n",
     bare, NULL, updated},
    {"bad lines", "NO\tOP\r\nST\rAT\r\nSTAT\nUSER alice\r\nPASS secret\nPASS secret\r\nNOOP\r\n\r\n",
     GREETING "-ERR unknown command\r\n-ERR a command holds no CR and no NUL\r\n-ERR a line ends with CR LF\r\n"
              "+OK now the password\r\n-ERR a line ends with CR LF\r\n+OK maildrop locked and ready\r\n+OK\r\n"
              "-ERR unknown command\r\n",
     NULL, NULL, abandoned},
    {"LF alone, tolerated", "USER alice\nPASS secret\nQUIT\n", GREETING OUT "+OK bye\r\n", bare_lf, NULL, updated},
    {"too many errors", "A\r\nB\r\nC\r\n" IN,
     GREETING "-ERR unknown command\r\n-ERR unknown command\r\n-ERR too many errors, closing\r\n", few_errors, NULL,
     too_many},
    {"the host fails CONNECT", IN, "-ERR [SYS/TEMP] not now\r\n", NULL, fail_connect, never_opened},
    {"lines that are too long",
     "STAT " LONG_TEXT "\r\nAUTH PLAIN\r\n" LONG_TEXT LONG_TEXT "\r\nUSER " NAME_248 "\r\nUSER x" NAME_248
     "\r\nQUIT\r\n",
     GREETING "-ERR line too long\r\n+ \r\n-ERR line too long\r\n+OK now the password\r\n-ERR line too long\r\n"
              "+OK bye\r\n",
     small, NULL, never_opened},
    {"the host fails AUTH", IN "QUIT\r\n",
     GREETING "+OK now the password\r\n-ERR [SYS/TEMP] authentication failed\r\n+OK bye\r\n", NULL, fail_auth,
     never_opened},
    {"the host fails OPEN", IN "QUIT\r\n",
     GREETING "+OK now the password\r\n-ERR [SYS/TEMP] the maildrop cannot be opened\r\n+OK bye\r\n", NULL, fail_open,
     never_opened},
    {"the host fails LIST", IN "LIST\r\nUIDL 1\r\nDELE 1\r\nSTAT\r\nQUIT\r\n",
     GREETING OUT "-ERR [SYS/TEMP] the list is not available\r\n-ERR [SYS/TEMP] the message is not available\r\n"
                  "-ERR [SYS/TEMP] the message is not available\r\n+OK 2 71\r\n+OK bye\r\n",
     NULL, fail_list, updated},
    {"the host fails LIST when it was begun", IN "LIST\r\nSTAT\r\n", GREETING OUT "+OK the list follows\r\n1 36\r\n",
     NULL, fail_second_list, list_cut_off},
    {"the host fails RETRIEVE", IN "RETR 1\r\nTOP 1 1\r\nQUIT\r\n",
     GREETING OUT "-ERR [SYS/TEMP] the message is not available\r\n-ERR [SYS/TEMP] the message is not available\r\n"
                  "+OK bye\r\n",
     NULL, fail_retrieve, updated},
    {"the host fails COMMIT", IN "DELE 1\r\nDELE 2\r\nQUIT\r\n",
     GREETING OUT "+OK message deleted\r\n+OK message deleted\r\n-ERR some deleted messages not removed\r\n", NULL,
     fail_commit, not_removed},
    {"the host fails a piece", IN "DELE 2\r\nRETR 1\r\nQUIT\r\n",
     GREETING OUT "+OK message deleted\r\n+OK 36 octets\r\nSubject: one\r\n\r\n", NULL, fail_piece, cut_off},
    {"the store serves a bare LF", IN "RETR 1\r\nQUIT\r\n", GREETING OUT "+OK 19 octets\r\n", NULL, serves_bare_lf,
     cut_off},
};

/* ---- running them ---- */

struct way {
    uint32_t mode;
    int holds;
    size_t cut;   /* octets a feed; 0: at random */
    size_t first; /* not 0: two feeds, the first of so many */
    size_t piece;
    uint32_t give_max;
};

static void send(struct test_maildrop *m, const char *p, size_t n, const struct way *way)
{
    size_t first = way->first < n ? way->first : n;

    if (way->first) {
        test_host_send(&m->host, p, first, first);
        if (n > first)
            test_host_send(&m->host, p + first, n - first, n - first);
    } else {
        test_host_send(&m->host, p, n, way->cut);
    }
}

static void converse(struct test_maildrop *m, const struct conversation *c, const struct way *way)
{
    const char *at = c->in, *tls;

    for (; (tls = strchr(at, TLS[0])); at = tls + 1) {
        send(m, at, (size_t)(tls - at), way);
        test_host_rest(&m->host);
        assert_true(mailproto_session_wants(m->host.session) & MAILPROTO_WANTS_TLS);
        assert_int_equal(mailproto_session_tls_started(m->host.session, NULL), MAILPROTO_OK);
        test_host_rest(&m->host);
    }
    send(m, at, strlen(at), way);
    test_host_rest(&m->host);
    if (!(mailproto_session_wants(m->host.session) & MAILPROTO_WANTS_CLOSE))
        test_host_eof(&m->host);
    test_host_rest(&m->host);
}

static void compare(const struct conversation *c, const struct test_maildrop *m, const struct way *way)
{
    const char *out = (const char *)m->host.out.ptr;
    size_t n = c->out ? strlen(c->out) : 0;

    if (c->out && (m->host.out.len != n || memcmp(out, c->out, n))) {
        print_error("%s (mode %u, holds %d, cut %zu, first %zu):\n%.*s\ninstead of\n%s\n", c->name, way->mode,
                    way->holds, way->cut, way->first, (int)m->host.out.len, out, c->out);
        fail();
    }
    assert_int_equal(m->host.closed, 1);
    assert_int_equal(m->opened, 0);
    assert_int_equal(m->reading, 0);
    if (c->check)
        c->check(m);
}

static void prepare(struct test_maildrop *m, const struct conversation *c, mailproto_pop3_server_config *config)
{
    test_server_config(config);
    if (c->config)
        c->config(config);
    memset(m, 0, sizeof *m);
    m->messages = two;
    m->count = 2;
    if (c->maildrop)
        c->maildrop(m);
}

static void run(const struct conversation *c, const struct way *way, uint64_t seed)
{
    mailproto_pop3_server_config config;
    struct test_allocator memory;
    struct test_maildrop m;

    test_allocator_init(&memory);
    prepare(&m, c, &config);
    m.host.holds = way->holds;
    if (way->piece && !m.fail_type && m.messages == two)
        m.piece = way->piece;
    if (way->give_max && !m.give_max)
        m.give_max = way->give_max;
    assert_int_equal(test_maildrop_start(&m, &config, way->mode, seed, &memory.api), MAILPROTO_OK);
    if (seed % 2)
        mailproto_session_set_trace(m.host.session,
                                    MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_BODY | MAILPROTO_TRACE_PRIVATE);
    converse(&m, c, way);
    compare(c, &m, way);
    test_host_free(&m.host);
    assert_int_equal(memory.live, 0);
    assert_true(memory.peak <= mailproto_pop3_server_memory_max(&config) + 8);
}

enum { CONVERSATIONS = sizeof conversations / sizeof *conversations };

static void test_conversations(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct conversation *c = &conversations[i];

        for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++) {
            for (int holds = 0; holds < 2; holds++) {
                run(c, &(struct way){mode, holds, 1, 0, 1, 1}, 7);
                run(c, &(struct way){mode, holds, 100000, 0, 0, 0}, 8);
                for (uint64_t seed = 0; seed < 6; seed++)
                    run(c, &(struct way){mode, holds, 0, 0, 1 + seed, 0}, seed);
            }
        }
    }
}

static void test_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++)
        for (size_t first = 1; first < strlen(conversations[i].in); first++)
            run(&conversations[i], &(struct way){TEST_AT_ONCE, 0, 0, first, 0, 0}, first);
}

static void test_every_allocation(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct conversation *c = &conversations[i];
        mailproto_pop3_server_config config;
        struct test_allocator memory;
        struct test_maildrop m;

        for (size_t n = 1;; n++) {
            test_allocator_init(&memory);
            memory.fail_at = n;
            prepare(&m, c, &config);
            if (!test_maildrop_start(&m, &config, n % 3 == 0 ? TEST_POLLED : TEST_LATER, n, &memory.api)) {
                if (!strchr(c->in, TLS[0]))
                    converse(&m, c, &(struct way){0, 0, n % 2 ? 1 : 1000, 0, 3, 0});
                assert_int_equal(m.opened + m.reading, 0);
            }
            test_host_free(&m.host);
            assert_int_equal(memory.live, 0);
            if (!memory.failed)
                break;
        }
    }
}

/* Reset, and free, at every octet of the input. */
static void test_lost_anywhere(void **state)
{
    const struct conversation *c = &conversations[1];
    mailproto_pop3_server_config config;
    struct test_allocator memory;
    struct test_maildrop m;

    (void)state;
    for (size_t n = 0; n < strlen(c->in) - 6; n++) {
        for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++) {
            test_allocator_init(&memory);
            prepare(&m, c, &config);
            assert_int_equal(test_maildrop_start(&m, &config, mode, n, &memory.api), MAILPROTO_OK);
            test_host_send(&m.host, c->in, n, 3);
            if (n % 2) {
                test_host_lost(&m.host, MAILPROTO_ERR_LOST);
                test_host_rest(&m.host);
                assert_int_equal(m.host.closed, 1);
                assert_int_equal(m.host.why, MAILPROTO_ERR_LOST);
                assert_int_equal(m.opens, m.ends);
                assert_int_equal(m.updated, 0);
            }
            test_host_free(&m.host);
            assert_int_equal(m.deleted, 0);
            assert_int_equal(memory.live, 0);
        }
    }
}

/* Lines of anything, in any order: what is said does not depend on how they arrive or when they are answered. */
static void test_random_lines(void **state)
{
    static const char *const parts[] = {"USER ",    "PASS ",      "secret",  "alice",        "\r\n",
                                        "\r\n",     "\r\n",       "\n",      "\r",           " ",
                                        "1",        "2",          "3",       "LIST",         "UIDL",
                                        "RETR ",    "DELE ",      "TOP ",    "RSET\r\n",     "STAT\r\n",
                                        "CAPA\r\n", "QUIT\r",     "AUTH ",   "PLAIN",        "LOGIN",
                                        "*\r\n",    "YWxpY2U=",   "\xff",    "NOOP\r\n",     "=",
                                        "1 1\r\n",  "1\r\n",      "2\r\n",   "c2VjcmV0\r\n", IN,
                                        IN,         "RETR 1\r\n", "LIST\r\n"};
    struct test_random random = {99};
    char in[600];

    (void)state;
    for (int round = 0; round < 300; round++) {
        struct conversation c = {"random lines", in, NULL, small, NULL, NULL};
        mailproto_pop3_server_config config;
        struct test_maildrop m;
        char *out;

        in[0] = '\0';
        while (strlen(in) < sizeof in - 50)
            strcat(in, parts[test_random_below(&random, sizeof parts / sizeof *parts)]);
        prepare(&m, &c, &config);
        assert_int_equal(test_maildrop_start(&m, &config, TEST_AT_ONCE, 1, NULL), MAILPROTO_OK);
        converse(&m, &c, &(struct way){.cut = 1000});
        out = calloc(m.host.out.len + 1, 1);
        memcpy(out, m.host.out.ptr, m.host.out.len);
        test_host_free(&m.host);
        c.out = out;
        for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++)
            run(&c, &(struct way){mode, round % 2, mode == TEST_AT_ONCE, 0, 1 + (size_t)round % 9, 1},
                2 * (uint64_t)round); /* even: not traced, the lines hold secrets where none belong */
        free(out);
    }
}

/* What comes behind STLS in clear text is not interpreted: in the same feed, or before the handshake. */
static void test_injected(void **state)
{
    static const char in[] = "STLS\r\nCAPA\r\n";
    mailproto_pop3_server_config config;
    struct test_maildrop m;
    size_t taken;

    (void)state;
    for (size_t first = 6; first <= sizeof in - 1; first++) {
        const struct conversation *c = &(struct conversation){.config = tls_may};

        prepare(&m, c, &config);
        assert_int_equal(test_maildrop_start(&m, &config, TEST_AT_ONCE, first, NULL), MAILPROTO_OK);
        test_host_rest(&m.host);
        assert_int_equal(mailproto_session_feed(m.host.session, in, first, 1000, &taken),
                         first > 6 ? MAILPROTO_ERR_TLS_INJECTED : MAILPROTO_OK);
        test_host_rest(&m.host);
        assert_int_equal(mailproto_session_feed(m.host.session, in + 6, 1, 1000, &taken), MAILPROTO_ERR_TLS_INJECTED);
        test_host_rest(&m.host);
        assert_int_equal(m.host.closed, 1);
        assert_int_equal(m.host.why, MAILPROTO_ERR_TLS_INJECTED);
        assert_int_equal(m.host.out.len, strlen(GREETING "+OK begin TLS negotiation\r\n"));
        test_host_free(&m.host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations),    cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_every_allocation), cmocka_unit_test(test_lost_anywhere),
        cmocka_unit_test(test_random_lines),     cmocka_unit_test(test_injected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
