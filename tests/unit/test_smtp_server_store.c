/* Delivery into stores by SMTP and LMTP: every answer of a store at every question, cut everywhere, at once, late, in parts,
   polled and held; each message is stored once or not at all, and nothing is left open.
   RFC 5321 4.1.1.4, 4.4; RFC 2033 4.2; mailproto/smtp_server.h, deliver; mailproto/store.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "smtp/server_replies.h"
#include "support/smtp_store_host.h"

#define GREETING "220 mx.test ESMTP mailproto\r\n"
#define EHLO     "EHLO c.test\r\n"
#define EHLO_OK                                                                                                        \
    "250-mx.test\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 "            \
    "CHUNKING\r\n"
#define LGREETING "220 mx.test LMTP mailproto\r\n"
#define LHLO      "LHLO c.test\r\n"
#define MAIL      "MAIL FROM:<s@c.test>\r\n"
#define MAIL_OK   "250 2.1.0 Sender OK\r\n"
#define RCPT_OK   "250 2.1.5 Recipient OK\r\n"
#define GO        "354 End data with <CRLF>.<CRLF>\r\n"
#define OK        "250 2.0.0 Message accepted\r\n"
#define LATER     "451 4.3.0 Local error in processing\r\n"
#define FULL      "452 4.2.2 Mailbox full\r\n"
#define BYE       "221 2.0.0 mx.test closing connection\r\n"

#define TEXT      "Subject: x\r\n\r\nhello\r\n.dot\r\n"
#define SENT      "Subject: x\r\n\r\nhello\r\n..dot\r\n.\r\n"
#define STORED    "Return-Path: <s@c.test>\r\n" TEXT

struct conversation {
    const char *name, *in, *out;
    void (*prepare)(struct test_post *p, mailproto_smtp_server_config *config);
    void (*check)(const struct test_post *p);
};

/* ---- what is stored ---- */

static void has(const struct test_post *p, int store, size_t messages, const char *text)
{
    const struct test_store *s = &p->stores[store];

    assert_int_equal(test_store_messages(s), messages);
    for (size_t i = 0; i < s->count; i++) {
        if (s->messages[i].text.len != strlen(text) || memcmp(s->messages[i].text.ptr, text, strlen(text)))
            print_error("stored: %.*s\n", (int)s->messages[i].text.len, (const char *)s->messages[i].text.ptr);
        assert_int_equal(s->messages[i].text.len, strlen(text));
        assert_memory_equal(s->messages[i].text.ptr, text, strlen(text));
    }
}

static void stored(const struct test_post *p, size_t a, size_t b, size_t c)
{
    has(p, 0, a, STORED);
    has(p, 1, b, STORED);
    has(p, 2, c, STORED);
}

static void one(const struct test_post *p)
{
    stored(p, 1, 0, 0);
    assert_int_equal(p->ends, 1);
    assert_int_equal(p->delivered, 1);
    assert_int_equal(p->stored, 1);
    assert_int_equal(p->recipients, 1);
    assert_int_equal(p->body.len, strlen(TEXT)); /* the host's has no Return-Path */
    assert_memory_equal(p->body.ptr, TEXT, strlen(TEXT));
}

static void all_three(const struct test_post *p)
{
    stored(p, 1, 1, 1);
    assert_int_equal(p->delivered, 1);
    assert_int_equal(p->stores[0].shares + p->stores[1].shares + p->stores[2].shares, 0);
}

static void shared(const struct test_post *p)
{
    stored(p, 1, 1, 1);
    assert_int_equal(p->stores[1].shares, 1);
    assert_int_equal(p->stores[2].shares, 1);
    assert_int_equal(p->stores[1].writes + p->stores[2].writes, 0);
}

static void twice(const struct test_post *p)
{
    stored(p, 2, 0, 0);
    assert_int_equal(p->ends, 2);
    assert_int_equal(p->delivered, 2);
}

/* Two recipients of one mailbox: one upload. */
static void one_for_both(const struct test_post *p)
{
    stored(p, 1, 0, 0);
    assert_int_equal(p->delivered, 1);
    assert_int_equal(p->stored, 2);
    assert_int_equal(p->results, 0);
}

static void one_for_both_and_b(const struct test_post *p)
{
    stored(p, 1, 1, 0);
    assert_int_equal(p->delivered, 1);
    assert_int_equal(p->stored, 3);
}

static void nothing(const struct test_post *p)
{
    stored(p, 0, 0, 0);
    assert_int_equal(p->delivered, 0);
}

static void only_b(const struct test_post *p)
{
    stored(p, 0, 1, 0);
    assert_int_equal(p->delivered, 1);
}

static void half(const struct test_post *p)
{
    stored(p, 1, 0, 0);
    assert_int_equal(p->delivered, 0);
    assert_int_equal(p->end_why, MAILPROTO_ERR_FULL);
}

static void half_lmtp(const struct test_post *p)
{
    stored(p, 1, 0, 0);
    assert_int_equal(p->delivered, 1);
}

static void with_host(const struct test_post *p)
{
    stored(p, 1, 0, 0);
    assert_int_equal(p->delivered, 1);
    assert_int_equal(p->recipients, 2);
    assert_int_equal(p->stored, 1);
}

static void with_host_lmtp(const struct test_post *p)
{
    with_host(p);
    assert_int_equal(p->results, 1);
}

static void quota(const struct test_post *p)
{
    nothing(p);
    assert_int_equal(p->aborted, 1);
    assert_int_equal(p->aborted_why, MAILPROTO_ERR_QUOTA);
    assert_int_equal(p->end_why, MAILPROTO_ERR_QUOTA);
}

static void bare(const struct test_post *p)
{
    has(p, 0, 1, TEXT);
}

static void received(const struct test_post *p)
{
    has(p, 0, 1,
        "Return-Path: <s@c.test>\r\nReceived: from c.test\r\n\tby mx.test with ESMTP\r\n\tfor <a@x>;\r\n"
        "\tThu, 01 Jan 1970 00:16:40 +0000\r\n" TEXT);
}

static void null_path(const struct test_post *p)
{
    has(p, 0, 1, "Return-Path: <>\r\n" TEXT);
}

/* ---- what goes wrong ---- */

static void fails(struct test_store *s, uint32_t type, int32_t why)
{
    s->fail_type = type;
    s->fail_why = why;
}

#define FAILS(name, store, type, why)                                                                                  \
    static void name(struct test_post *p, mailproto_smtp_server_config *config)                                        \
    {                                                                                                                  \
        (void)config;                                                                                                  \
        fails(&p->stores[store], MAILPROTO_STORE_##type, MAILPROTO_ERR_##why);                                         \
    }
FAILS(list_fails, 0, LIST, UNAVAILABLE)
FAILS(begin_denied, 0, APPEND_BEGIN, DENIED)
FAILS(begin_gone, 0, APPEND_BEGIN, NOT_FOUND)
FAILS(begin_full, 0, APPEND_BEGIN, FULL)
FAILS(begin_busy, 0, APPEND_BEGIN, BUSY)
FAILS(begin_limit, 0, APPEND_BEGIN, LIMIT)
FAILS(begin_unsupported, 0, APPEND_BEGIN, UNSUPPORTED)
FAILS(commit_fails, 0, APPEND_COMMIT, FULL)
FAILS(second_commit_fails, 1, APPEND_COMMIT, FULL)
FAILS(write_fails, 0, APPEND_WRITE, QUOTA)

static void named(struct test_post *p, mailproto_smtp_server_config *config)
{
    list_fails(p, config);
    p->mailbox = p->stores[0].inbox;
}

static void lmtp(struct test_post *p, mailproto_smtp_server_config *config)
{
    (void)p;
    config->flags |= MAILPROTO_SMTP_SERVER_LMTP;
}

static void share(struct test_post *p, mailproto_smtp_server_config *config)
{
    (void)config;
    for (int i = 0; i < TEST_POSTS; i++)
        test_store_share(&p->stores[i]);
}

static void share_lmtp(struct test_post *p, mailproto_smtp_server_config *config)
{
    share(p, config);
    lmtp(p, config);
}

static void share_fails(struct test_post *p, mailproto_smtp_server_config *config)
{
    share(p, config);
    fails(&p->stores[1], MAILPROTO_STORE_APPEND_SHARE, MAILPROTO_ERR_UNSUPPORTED);
}

static void leader_fails_lmtp(struct test_post *p, mailproto_smtp_server_config *config)
{
    share_lmtp(p, config);
    fails(&p->stores[0], MAILPROTO_STORE_APPEND_WRITE, MAILPROTO_ERR_QUOTA);
}

static void write_fails_lmtp(struct test_post *p, mailproto_smtp_server_config *config)
{
    lmtp(p, config);
    write_fails(p, config);
}

static void second_commit_fails_lmtp(struct test_post *p, mailproto_smtp_server_config *config)
{
    lmtp(p, config);
    second_commit_fails(p, config);
}

static void commit_fails_lmtp(struct test_post *p, mailproto_smtp_server_config *config)
{
    lmtp(p, config);
    commit_fails(p, config);
}

static void no_inbox(struct test_post *p, mailproto_smtp_server_config *config)
{
    (void)config;
    p->stores[0].inbox = 0;
}

static void little_room(struct test_post *p, mailproto_smtp_server_config *config)
{
    (void)config;
    p->stores[0].room = 40;
}

static void no_return_path(struct test_post *p, mailproto_smtp_server_config *config)
{
    (void)p;
    config->flags |= MAILPROTO_SMTP_SERVER_NO_RETURN_PATH;
}

static void dated(struct test_post *p, mailproto_smtp_server_config *config)
{
    (void)p;
    config->flags |= MAILPROTO_SMTP_SERVER_RECEIVED;
}

static void host_refuses(struct test_post *p, mailproto_smtp_server_config *config)
{
    (void)config;
    p->end_code = 554;
}

static void host_refuses_lmtp(struct test_post *p, mailproto_smtp_server_config *config)
{
    host_refuses(p, config);
    lmtp(p, config);
}

static void host_says(struct test_post *p, mailproto_smtp_server_config *config)
{
    (void)config;
    p->end_code = 250;
}

static void host_says_lmtp(struct test_post *p, mailproto_smtp_server_config *config)
{
    host_says(p, config);
    lmtp(p, config);
}

static void host_says_nothing(struct test_post *p, mailproto_smtp_server_config *config)
{
    (void)config;
    p->end_code = 1;
}

static void host_stops(struct test_post *p, mailproto_smtp_server_config *config)
{
    (void)config;
    p->reject = "hello";
}

static void begin_refused(struct test_post *p, mailproto_smtp_server_config *config)
{
    (void)config;
    p->begin_code = 452;
}

static void small(struct test_post *p, mailproto_smtp_server_config *config)
{
    (void)p;
    config->max_message = 20;
}

/* ---- conversations ---- */

#define A    "RCPT TO:<a@x>\r\n"
#define B    "RCPT TO:<b@x>\r\n"
#define C    "RCPT TO:<c@x>\r\n"
#define H    "RCPT TO:<h@x>\r\n"
#define SAY  EHLO MAIL
#define HI   GREETING EHLO_OK MAIL_OK
#define LSAY LHLO MAIL
#define LHI  LGREETING EHLO_OK MAIL_OK

static const struct conversation conversations[] = {
    {"one recipient", SAY A "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK GO OK BYE, NULL, one},
    {"the host says nothing", SAY A "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK GO OK BYE, host_says_nothing, one},
    {"the host's own words", SAY A "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK GO "250 2.0.0 as the host says\r\n" BYE,
     host_says, one},
    {"BDAT", SAY A "BDAT 10\r\nSubject: xBDAT 8 LAST\r\n\r\n\r\nhel\nQUIT\r\n",
     HI RCPT_OK "250 2.0.0 Chunk received\r\n554 5.6.0 Bare CR or LF in the message\r\n" BYE, NULL, nothing},
    {"BDAT, whole", SAY A "BDAT 10\r\nSubject: xBDAT 17 LAST\r\n\r\n\r\nhello\r\n.dot\r\nQUIT\r\n",
     HI RCPT_OK "250 2.0.0 Chunk received\r\n" OK BYE, NULL, one},
    {"one mailbox twice", SAY A "RCPT TO:<a2@x>\r\nDATA\r\n" SENT "QUIT\r\n", HI RCPT_OK RCPT_OK GO OK BYE, NULL,
     one_for_both},
    {"one mailbox twice, by its number", SAY A "RCPT TO:<a2@x>\r\nDATA\r\n" SENT "QUIT\r\n",
     HI RCPT_OK RCPT_OK GO OK BYE, named, one_for_both},
    {"one mailbox twice, and another", SAY A B "RCPT TO:<a2@x>\r\nDATA\r\n" SENT "QUIT\r\n",
     HI RCPT_OK RCPT_OK RCPT_OK GO OK BYE, share, one_for_both_and_b},
    {"one mailbox twice, LMTP", LSAY A B "RCPT TO:<a2@x>\r\nDATA\r\n" SENT "QUIT\r\n",
     LHI RCPT_OK RCPT_OK RCPT_OK GO OK OK OK BYE, lmtp, one_for_both_and_b},
    {"one mailbox twice, it is refused", SAY A "RCPT TO:<a2@x>\r\nDATA\r\nQUIT\r\n",
     HI "550 5.7.1 Mailbox takes no messages\r\n550 5.7.1 Mailbox takes no messages\r\n"
        "554 5.5.1 No valid recipients\r\n" BYE,
     begin_denied, nothing},
    {"one mailbox twice, its commit fails", SAY A "RCPT TO:<a2@x>\r\nDATA\r\n" SENT "QUIT\r\n",
     HI RCPT_OK RCPT_OK GO "452 4.3.1 Insufficient storage\r\n" BYE, commit_fails, nothing},
    {"one mailbox twice, its commit fails, LMTP", LSAY A B "RCPT TO:<a2@x>\r\nDATA\r\n" SENT "QUIT\r\n",
     LHI RCPT_OK RCPT_OK RCPT_OK GO "452 4.3.1 Insufficient storage\r\n" OK "452 4.3.1 Insufficient storage\r\n" BYE,
     commit_fails_lmtp, only_b},
    {"two messages", SAY A "DATA\r\n" SENT MAIL A "DATA\r\n" SENT "QUIT\r\n",
     HI RCPT_OK GO OK MAIL_OK RCPT_OK GO OK BYE, NULL, twice},
    {"three recipients", SAY A B C "RCPT TO:<z@x>\r\nDATA\r\n" SENT "QUIT\r\n",
     HI RCPT_OK RCPT_OK RCPT_OK "550 5.7.1 Recipient not accepted here\r\n" GO OK BYE, NULL, all_three},
    {"three recipients, written once", SAY A B C "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK RCPT_OK RCPT_OK GO OK BYE,
     share, shared},
    {"LMTP", LSAY A B C "DATA\r\n" SENT "QUIT\r\n", LHI RCPT_OK RCPT_OK RCPT_OK GO OK OK OK BYE, lmtp, all_three},
    {"LMTP, written once", LSAY A B C "DATA\r\n" SENT "QUIT\r\n", LHI RCPT_OK RCPT_OK RCPT_OK GO OK OK OK BYE,
     share_lmtp, shared},
    {"a recipient of the host's, too", SAY H A "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK RCPT_OK GO OK BYE, NULL,
     with_host},
    {"the host's, and it says nothing", SAY H A "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK RCPT_OK GO LATER BYE,
     host_says_nothing, nothing},
    {"LMTP with a recipient of the host's", LSAY H A "DATA\r\n" SENT "QUIT\r\n", LHI RCPT_OK RCPT_OK GO OK OK BYE, lmtp,
     with_host_lmtp},
    {"LMTP, the host says 250 to all", LSAY H A "DATA\r\n" SENT "QUIT\r\n", LHI RCPT_OK RCPT_OK GO OK OK BYE,
     host_says_lmtp, with_host_lmtp},
    {"no Return-Path", SAY A "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK GO OK BYE, no_return_path, bare},
    {"the null reverse-path", EHLO "MAIL FROM:<>\r\n" A "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK GO OK BYE, NULL,
     null_path},
    {"Received", SAY A "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK GO OK BYE, dated, received},
    {"there is no INBOX", SAY A B "DATA\r\n" SENT "QUIT\r\n", HI "550 5.1.1 No such mailbox\r\n" RCPT_OK GO OK BYE,
     no_inbox, only_b},
    {"INBOX cannot be found", SAY A "DATA\r\nQUIT\r\n", HI LATER "554 5.5.1 No valid recipients\r\n" BYE, list_fails,
     nothing},
    {"a mailbox that is named is not looked for", SAY A "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK GO OK BYE, named, one},
    {"an upload is denied", SAY A B "DATA\r\n" SENT "QUIT\r\n",
     HI "550 5.7.1 Mailbox takes no messages\r\n" RCPT_OK GO OK BYE, begin_denied, only_b},
    {"the mailbox went away", SAY A "QUIT\r\n", HI "550 5.1.1 No such mailbox\r\n" BYE, begin_gone, nothing},
    {"the disk is full", SAY A "QUIT\r\n", HI "452 4.3.1 Insufficient storage\r\n" BYE, begin_full, nothing},
    {"the mailbox is busy", SAY A "QUIT\r\n", HI "450 4.2.1 Mailbox busy\r\n" BYE, begin_busy, nothing},
    {"larger than the store takes", SAY A "QUIT\r\n", HI "552 5.3.4 Message too big\r\n" BYE, begin_limit, nothing},
    {"the store cannot", SAY A "QUIT\r\n", HI "451 4.3.5 The store cannot take messages\r\n" BYE, begin_unsupported,
     nothing},
    {"over quota, as SIZE says", EHLO "MAIL FROM:<s@c.test> SIZE=41\r\n" A B "DATA\r\n" SENT "QUIT\r\n",
     HI FULL RCPT_OK GO OK BYE, little_room, only_b},
    {"over quota in the middle", SAY A B "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK RCPT_OK GO FULL BYE, little_room,
     quota},
    {"SIZE is an estimate", EHLO "MAIL FROM:<s@c.test> SIZE=5\r\n" A "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK GO OK BYE,
     NULL, one},
    {"LMTP, over quota in the middle", LSAY A B "DATA\r\n" SENT "QUIT\r\n", LHI RCPT_OK RCPT_OK GO FULL OK BYE,
     write_fails_lmtp, only_b},
    {"LMTP, the one that is written to fails", LSAY A B "DATA\r\n" SENT "QUIT\r\n",
     LHI RCPT_OK RCPT_OK GO FULL LATER BYE, leader_fails_lmtp, nothing},
    {"sharing fails", SAY A B "DATA\r\n" SENT "QUIT\r\n",
     HI RCPT_OK RCPT_OK GO "451 4.3.5 The store cannot take messages\r\n" BYE, share_fails, nothing},
    {"the commit fails", SAY A "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK GO "452 4.3.1 Insufficient storage\r\n" BYE,
     commit_fails, nothing},
    {"one of two commits fails", SAY A B "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK RCPT_OK GO LATER BYE,
     second_commit_fails, half},
    {"LMTP, one of two commits fails", LSAY A B "DATA\r\n" SENT "QUIT\r\n",
     LHI RCPT_OK RCPT_OK GO OK "452 4.3.1 Insufficient storage\r\n" BYE, second_commit_fails_lmtp, half_lmtp},
    {"the host refuses", SAY A "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK GO "554 5.6.0 as the host says\r\n" BYE,
     host_refuses, nothing},
    {"LMTP, the host refuses", LSAY A B "DATA\r\n" SENT "QUIT\r\n",
     LHI RCPT_OK RCPT_OK GO "554 5.6.0 as the host says\r\n554 5.6.0 as the host says\r\n" BYE, host_refuses_lmtp,
     nothing},
    {"the host refuses in the middle", SAY A "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK GO "554 5.6.0 Refused\r\n" BYE,
     host_stops, nothing},
    {"the host does not let it begin", SAY A "DATA\r\nRSET\r\nQUIT\r\n",
     HI RCPT_OK "452 4.0.0 as the host says\r\n250 2.0.0 OK\r\n" BYE, begin_refused, nothing},
    {"RSET", SAY A B "RSET\r\n" MAIL B "DATA\r\n" SENT "QUIT\r\n",
     HI RCPT_OK RCPT_OK "250 2.0.0 OK\r\n" MAIL_OK RCPT_OK GO OK BYE, NULL, only_b},
    {"QUIT in between", SAY A B "QUIT\r\n", HI RCPT_OK RCPT_OK BYE, NULL, nothing},
    {"too big", SAY A "DATA\r\n" SENT "QUIT\r\n",
     GREETING "250-mx.test\r\n250-SIZE 20\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 "
              "CHUNKING\r\n" MAIL_OK RCPT_OK GO "552 5.3.4 Message too big\r\n" BYE,
     small, nothing},
    {"BDAT, the store fails", SAY A "BDAT 10\r\nSubject: xBDAT 10\r\n\r\n\r\nabcdefBDAT 3 LAST\r\nxyzRSET\r\nQUIT\r\n",
     HI RCPT_OK FULL "503 5.5.1 Bad sequence of commands\r\n503 5.5.1 Bad sequence of commands\r\n250 2.0.0 OK\r\n" BYE,
     write_fails, nothing},
    {"LMTP, BDAT, the store fails", LSAY A B "BDAT 10\r\nSubject: xBDAT 17 LAST\r\n\r\n\r\nhello\r\n.dot\r\nQUIT\r\n",
     LHI RCPT_OK RCPT_OK "250 2.0.0 Chunk received\r\n" FULL OK BYE, write_fails_lmtp, only_b},
    {"RSET between chunks", SAY A "BDAT 10\r\nSubject: xRSET\r\nQUIT\r\n",
     HI RCPT_OK "250 2.0.0 Chunk received\r\n250 2.0.0 OK\r\n" BYE, NULL, nothing},
    {"cut off", SAY A "DATA\r\nSubject: x\r\n", HI RCPT_OK GO, NULL, nothing},
};

enum { CONVERSATIONS = sizeof conversations / sizeof *conversations };

/* ---- running them ---- */

struct way {
    uint32_t mode;
    int holds, late;
    size_t cut;   /* octets a feed; 0: at random */
    size_t first; /* not 0: two feeds, the first of so many */
    uint32_t max_open;
};

static void converse(struct test_post *p, const struct conversation *c, const struct way *way)
{
    size_t n = strlen(c->in), first = way->first < n ? way->first : n;

    mailproto_session_set_wall(p->host.session, 1000);
    if (way->first) {
        test_host_send(&p->host, c->in, first, first);
        test_host_send(&p->host, c->in + first, n - first, n - first);
    } else {
        test_host_send(&p->host, c->in, n, way->cut);
    }
    test_host_rest(&p->host);
    if (!p->host.freed && !(mailproto_session_wants(p->host.session) & MAILPROTO_WANTS_CLOSE))
        test_host_eof(&p->host);
    test_host_rest(&p->host);
}

static void prepare(struct test_post *p, const struct conversation *c, const struct way *way, uint64_t seed,
                    mailproto_smtp_server_config *config)
{
    memset(p, 0, sizeof *p);
    test_post_config(config);
    config->max_open = way->max_open;
    for (int i = 0; i < TEST_POSTS; i++) {
        test_store_start(&p->stores[i], seed + (uint64_t)i);
        p->stores[i].late = way->late;
    }
    p->host.holds = way->holds;
    p->mailbox = !c->prepare && seed % 2 ? p->stores[0].inbox : 0;
    if (c->prepare)
        c->prepare(p, config);
}

static void compare(const struct conversation *c, const struct test_post *p, const struct way *way)
{
    size_t n = strlen(c->out);

    if (p->host.out.len != n || memcmp(p->host.out.ptr, c->out, n)) {
        print_error("%s (mode %u, holds %d, late %d, cut %zu, first %zu):\n%.*s\ninstead of\n%s\n", c->name, way->mode,
                    way->holds, way->late, way->cut, way->first, (int)p->host.out.len, (const char *)p->host.out.ptr,
                    c->out);
        fail();
    }
    assert_int_equal(p->host.closed, 1);
    assert_int_equal(test_post_open(p), 0);
    c->check(p);
}

static void run(const struct conversation *c, const struct way *way, uint64_t seed)
{
    mailproto_smtp_server_config config;
    struct test_allocator memory;
    struct test_post p;

    test_allocator_init(&memory);
    prepare(&p, c, way, seed, &config);
    assert_int_equal(test_post_start(&p, &config, way->mode, seed, &memory.api), MAILPROTO_OK);
    if (seed % 3 == 0)
        mailproto_session_set_trace(p.host.session, MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_BODY);
    converse(&p, c, way);
    compare(c, &p, way);
    test_post_free(&p);
    assert_int_equal(memory.live, 0);
    assert_true(memory.peak <= mailproto_smtp_server_memory_max(&config));
}

static void test_conversations(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++)
        for (uint32_t mode = TEST_AT_ONCE; mode <= TEST_POLLED; mode++)
            for (int ways = 0; ways < 8; ways++) {
                const struct conversation *c = &conversations[i];
                struct way way = {mode, ways & 1, ways >> 1 & 1, 1, 0, ways >> 2 ? 7 : 0};

                run(c, &way, 7);
                way.cut = 100000;
                run(c, &way, 8);
                way.cut = 0;
                for (uint64_t seed = 0; seed < 6; seed++)
                    run(c, &way, seed);
            }
}

static void test_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++)
        for (size_t first = 1; first < strlen(conversations[i].in); first++)
            run(&conversations[i], &(struct way){TEST_AT_ONCE, 0, (int)(first % 2), 0, first, 3}, first);
}

static void test_every_allocation(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++)
        for (size_t n = 1;; n++) {
            const struct way way = {n % 3 == 0 ? TEST_POLLED : TEST_LATER, 0, n % 4 != 0, n % 2 ? 1 : 1000, 0, 2};
            mailproto_smtp_server_config config;
            struct test_allocator memory;
            struct test_post p;

            test_allocator_init(&memory);
            memory.fail_at = n;
            prepare(&p, &conversations[i], &way, n, &config);
            if (!test_post_start(&p, &config, way.mode, n, &memory.api))
                converse(&p, &conversations[i], &way);
            assert_int_equal(test_post_open(&p), 0);
            test_post_free(&p);
            assert_int_equal(memory.live, 0);
            if (!memory.failed)
                break;
        }
}

/* The session is freed, or lost, or told to finish, after each thing that the stores or the host did. */
static int stop_after(const struct conversation *c, size_t steps, int how, uint64_t seed)
{
    const struct way way = {TEST_LATER, 0, 1, 0, 0, 2};
    mailproto_smtp_server_config config;
    struct test_allocator memory;
    struct test_post p;

    test_allocator_init(&memory);
    prepare(&p, c, &way, seed, &config);
    assert_int_equal(test_post_start(&p, &config, TEST_LATER, seed, &memory.api), MAILPROTO_OK);
    mailproto_session_set_wall(p.host.session, 1000);
    test_bytes_text(&p.host.in, c->in);
    test_host_settle(&p.host);
    while (steps && test_host_act(&p.host)) {
        test_host_settle(&p.host);
        steps--;
    }
    if (how == 1) {
        test_host_lost(&p.host, MAILPROTO_ERR_LOST);
        assert_int_equal(p.host.closed, 1);
        assert_int_equal(test_post_open(&p), 0);
    } else if (how == 2) {
        mailproto_session_finish(p.host.session);
        test_host_rest(&p.host);
        if (!p.host.closed) /* in the middle of a message that does not come */
            test_host_eof(&p.host);
        test_host_rest(&p.host);
        assert_int_equal(p.host.closed, 1);
        assert_int_equal(test_post_open(&p), 0);
    }
    test_post_free(&p);
    assert_int_equal(memory.live, 0);
    return steps == 0;
}

static void test_ends_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++)
        for (int how = 0; how < 3; how++)
            for (uint64_t seed = 0; seed < 3; seed++)
                for (size_t steps = 0; stop_after(&conversations[i], steps, how, seed);)
                    steps++;
}

/* Every reply that is for stores alone. */
static void test_every_reply_is_shown(void **state)
{
#define REPLY_ROW(name, code, enhanced, text, flags) #code " " enhanced text "\r\n",
    static const char *const replies[] = {MP_SMTP_STORE_REPLIES(REPLY_ROW)};

    (void)state;
    for (size_t r = 0; r < sizeof replies / sizeof *replies; r++) {
        size_t i = 0;

        while (i < CONVERSATIONS && !strstr(conversations[i].out, replies[r]))
            i++;
        if (i == CONVERSATIONS)
            fail_msg("no conversation has %s", replies[r]);
    }
}

/* ---- stores that do not answer ---- */

static void hang(uint32_t type, int is_lmtp, const char *in, const char *out)
{
    mailproto_smtp_server_config config;
    struct test_post p = {.host = {.now = 0}};

    test_post_config(&config);
    if (is_lmtp)
        config.flags |= MAILPROTO_SMTP_SERVER_LMTP;
    config.answer_ms = 5000;
    for (int i = 0; i < TEST_POSTS; i++) {
        test_store_start(&p.stores[i], 3);
        test_store_share(&p.stores[i]);
        p.stores[i].late = 1;
    }
    p.stores[1].hang_type = type;
    assert_int_equal(test_post_start(&p, &config, TEST_LATER, 3, NULL), MAILPROTO_OK);
    test_bytes_text(&p.host.in, in);
    test_host_rest(&p.host);
    while (!p.host.closed && test_host_wait(&p.host, 6000))
        test_host_rest(&p.host);
    test_host_rest(&p.host);
    assert_int_equal(p.stores[1].cancels, 1);
    assert_int_equal(p.host.cancels, 0); /* the host was not asked */
    if (p.host.out.len != strlen(out) || memcmp(p.host.out.ptr, out, strlen(out))) {
        print_error("%.*s\ninstead of\n%s\n", (int)p.host.out.len, (const char *)p.host.out.ptr, out);
        fail();
    }
    assert_int_equal(test_post_open(&p), 0);
    test_post_free(&p);
}

static void test_store_that_does_not_answer(void **state)
{
    (void)state;
    hang(MAILPROTO_STORE_LIST, 0, SAY B "QUIT\r\n", HI LATER BYE);
    hang(MAILPROTO_STORE_APPEND_BEGIN, 0, SAY B "QUIT\r\n", HI LATER BYE);
    hang(MAILPROTO_STORE_APPEND_WRITE, 0, SAY B "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK GO LATER BYE);
    hang(MAILPROTO_STORE_APPEND_SHARE, 0, SAY A B "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK RCPT_OK GO LATER BYE);
    hang(MAILPROTO_STORE_APPEND_COMMIT, 0, SAY A B "DATA\r\n" SENT "QUIT\r\n", HI RCPT_OK RCPT_OK GO LATER BYE);
    hang(MAILPROTO_STORE_APPEND_COMMIT, 1, LSAY A B C "DATA\r\n" SENT "QUIT\r\n",
         LHI RCPT_OK RCPT_OK RCPT_OK GO OK LATER OK BYE);
    hang(MAILPROTO_STORE_APPEND_WRITE, 1, LSAY B "DATA\r\n" SENT "QUIT\r\n", LHI RCPT_OK GO LATER BYE);
}

/* ---- stores that answer what is no answer, or slowly ---- */

static void strange(uint32_t silent_type, const char *out)
{
    mailproto_smtp_server_config config;

    for (int late = 0; late < 2; late++) {
        struct test_post p = {.host = {.now = 0}};

        test_post_config(&config);
        for (int i = 0; i < TEST_POSTS; i++) {
            test_store_start(&p.stores[i], 3);
            p.stores[i].late = late;
        }
        p.stores[0].silent_type = silent_type;
        assert_int_equal(test_post_start(&p, &config, TEST_LATER, 3, NULL), MAILPROTO_OK);
        test_bytes_text(&p.host.in, SAY A);
        test_host_rest(&p.host);
        assert_int_equal(p.host.out.len, strlen(out));
        assert_memory_equal(p.host.out.ptr, out, strlen(out));
        test_post_free(&p);
    }
}

static void test_strange_answers(void **state)
{
    (void)state;
    strange(MAILPROTO_STORE_LIST, HI "550 5.1.1 No such mailbox\r\n");
    strange(MAILPROTO_STORE_APPEND_BEGIN, HI LATER);
}

/* Each question has its own time. */
static void test_slow_answers(void **state)
{
    mailproto_smtp_server_config config;
    struct test_post p = {.host = {.now = 0}};
    struct test_store *s = &p.stores[0];

    (void)state;
    test_post_config(&config);
    config.answer_ms = 5000;
    for (int i = 0; i < TEST_POSTS; i++)
        test_store_start(&p.stores[i], 3);
    s->late = 1;
    assert_int_equal(test_post_start(&p, &config, TEST_AT_ONCE, 3, NULL), MAILPROTO_OK);
    test_bytes_text(&p.host.in, SAY A "DATA\r\n" SENT);
    test_host_settle(&p.host);
    while (s->asked_count) {
        size_t questions = s->questions;

        assert_int_equal(test_host_wait(&p.host, p.host.now + 4000), 0);
        while (s->questions == questions && test_store_act(s))
            test_host_settle(&p.host);
    }
    assert_true(s->questions >= 5);
    assert_int_equal(test_store_messages(s), 1);
    test_post_free(&p);
}

/* ---- the call ---- */

static int32_t keep_token(mailproto_smtp_server *s, const mailproto_smtp_rcpt *rcpt, void *user)
{
    (void)s;
    *(uint64_t *)user = rcpt->head.token;
    return 0;
}

static void talk(mailproto_session *s, const char *text)
{
    size_t taken, n = strlen(text), len;
    const uint8_t *data;

    while (n) {
        mailproto_session_tick(s, 1);
        mailproto_session_feed(s, text, n, 1, &taken);
        text += taken;
        n -= taken;
        while (!mailproto_session_output(s, &data, &len) && len)
            mailproto_session_output_ack(s, len);
    }
}

static void deliver_refuses(uint32_t flags, int32_t expected)
{
    mailproto_smtp_server_callbacks table;
    mailproto_smtp_server_config config;
    mailproto_smtp_server *server;
    struct test_store store;
    const char *why = NULL;
    uint64_t token = 0;

    test_post_config(&config);
    config.flags = flags;
    mailproto_smtp_server_callbacks_init(&table, sizeof table);
    table.on_rcpt = keep_token;
    assert_int_equal(mailproto_smtp_server_new(&server, &config, &table, NULL, &token, &why), MAILPROTO_OK);
    talk(mailproto_smtp_server_session(server), SAY A);
    assert_int_not_equal(token, 0);
    test_store_start(&store, 1);
    assert_int_equal(mailproto_smtp_server_deliver(NULL, token, &store.api, 0, &why), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_deliver(server, token, NULL, 0, &why), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_server_deliver(server, token + 1, &store.api, 0, &why), MAILPROTO_ERR_TOKEN);
    store.api.append_begin = NULL;
    assert_int_equal(mailproto_smtp_server_deliver(server, token, &store.api, 0, &why), expected);
    if (expected == MAILPROTO_ERR_CONFIG)
        assert_string_equal(why, "delivery needs store.append_begin");
    assert_int_equal(mailproto_smtp_server_accept(server, token), MAILPROTO_OK);
    mailproto_session_free(mailproto_smtp_server_session(server));
    test_store_free(&store);
}

static void test_deliver_refuses(void **state)
{
    (void)state;
    deliver_refuses(MAILPROTO_SMTP_SERVER_STORE, MAILPROTO_ERR_CONFIG);
    deliver_refuses(0, MAILPROTO_ERR_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations),        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_every_allocation),     cmocka_unit_test(test_ends_anywhere),
        cmocka_unit_test(test_every_reply_is_shown), cmocka_unit_test(test_store_that_does_not_answer),
        cmocka_unit_test(test_strange_answers),      cmocka_unit_test(test_slow_answers),
        cmocka_unit_test(test_deliver_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
