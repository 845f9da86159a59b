/* What the host accepted has its end even if the answer never had its turn: it was to go out later, and the connection
   broke. mailproto/smtp_server.h: "Every MAIL that was accepted is ended by exactly one TRANSACTION_END". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/smtp_server.h"
#include "support/allocator.h"

struct books {
    uint32_t delay_of; /* the event whose answer is delayed */
    char order[40];    /* what ended: m(essage aborted), t(ransaction end), C(losed) */
    size_t n;
    int32_t why;
};

static int32_t accept(mailproto_smtp_server *s, const mailproto_event *event, struct books *b, uint32_t code)
{
    mailproto_smtp_verdict verdict;

    mailproto_smtp_verdict_init(&verdict, sizeof verdict);
    verdict.code = code;
    verdict.delay_ms = event->type == b->delay_of ? 1000 : 0;
    assert_int_equal(mailproto_smtp_server_answer(s, event->token, &verdict), MAILPROTO_OK);
    return 0;
}

static int32_t on_mail(mailproto_smtp_server *s, const mailproto_smtp_mail *mail, void *user)
{
    return accept(s, &mail->head, user, 250);
}

static int32_t on_rcpt(mailproto_smtp_server *s, const mailproto_smtp_rcpt *rcpt, void *user)
{
    return accept(s, &rcpt->head, user, 250);
}

static int32_t on_begin(mailproto_smtp_server *s, const mailproto_smtp_message_begin *begin, void *user)
{
    return accept(s, &begin->head, user, begin->chunking ? 250 : 354);
}

static int32_t on_aborted(mailproto_smtp_server *s, const mailproto_smtp_message_aborted *aborted, void *user)
{
    struct books *b = user;

    (void)s;
    (void)aborted;
    b->order[b->n++] = 'm';
    return 0;
}

static int32_t on_transaction_end(mailproto_smtp_server *s, const mailproto_smtp_transaction_end *end, void *user)
{
    struct books *b = user;

    (void)s;
    b->order[b->n++] = 't';
    b->why = end->why;
    return 0;
}

static int32_t on_closed(mailproto_smtp_server *s, const mailproto_closed *closed, void *user)
{
    struct books *b = user;

    (void)s;
    (void)closed;
    b->order[b->n++] = 'C';
    return 0;
}

static void lost_before_the_turn(const char *commands, uint32_t delay_of, const char *order)
{
    struct books b = {.delay_of = delay_of};
    mailproto_smtp_server_config config;
    mailproto_smtp_server_callbacks callbacks;
    mailproto_smtp_server *s;
    mailproto_session *session;
    struct test_allocator memory;
    size_t n, left = strlen(commands);

    test_allocator_init(&memory);
    mailproto_smtp_server_config_init(&config, sizeof config);
    config.hostname = (mailproto_text){"a.example", 9};
    mailproto_smtp_server_callbacks_init(&callbacks, sizeof callbacks);
    callbacks.on_mail = on_mail;
    callbacks.on_rcpt = on_rcpt;
    callbacks.on_message_begin = on_begin;
    callbacks.on_message_aborted = on_aborted;
    callbacks.on_transaction_end = on_transaction_end;
    callbacks.on_closed = on_closed;
    assert_int_equal(mailproto_smtp_server_new(&s, &config, &callbacks, &memory.api, &b, NULL), MAILPROTO_OK);
    session = mailproto_smtp_server_session(s);
    mailproto_session_tick(session, 0);
    while (left && mailproto_session_wants(session) & MAILPROTO_WANTS_READ) {
        mailproto_session_feed(session, commands, left, 0, &n);
        commands += n;
        left -= n;
        while (mailproto_session_deadline(session) == 0)
            mailproto_session_tick(session, 0);
    }
    assert_int_equal(b.n, 0);
    mailproto_session_lost(session, MAILPROTO_ERR_LOST, NULL, 0, 1);
    assert_string_equal(b.order, order);
    if (b.n > 1)
        assert_int_equal(b.why, MAILPROTO_ERR_LOST);
    mailproto_session_free(session);
    assert_int_equal(memory.live, 0);
}

static void test_ends(void **state)
{
    static const char data[] = "EHLO x.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\nDATA\r\n";
    static const char chunk[] = "EHLO x.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\nBDAT 100\r\n";

    (void)state;
    lost_before_the_turn("EHLO x.example\r\n", 0, "C");
    lost_before_the_turn(data, MAILPROTO_SMTP_SERVER_MAIL, "tC");
    lost_before_the_turn(data, MAILPROTO_SMTP_SERVER_RCPT, "tC");
    lost_before_the_turn(data, MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN, "mtC");
    lost_before_the_turn(chunk, MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN, "mtC");
    lost_before_the_turn(data, 0, "mtC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ends)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
