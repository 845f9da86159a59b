/* An SMTP or LMTP server session that delivers into stores, for tests: a@, b@ and c@ have a store each, h@ is the host's,
   everybody else is refused. The host keeps what it is given and counts what begins and ends.
   mailproto/smtp_server.h, deliver. */
#ifndef TEST_SMTP_STORE_HOST_H
#define TEST_SMTP_STORE_HOST_H

#include <mailproto/smtp_server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/allocator.h"
#include "support/host.h"
#include "support/scripted_store.h"

enum { TEST_POSTS = 3 };

struct test_post {
    struct test_host host; /* first */
    mailproto_smtp_server *server;
    struct test_store stores[TEST_POSTS];
    uint64_t mailbox;       /* 0: INBOX */
    uint32_t end_code;      /* what the host says to MESSAGE_END; 0: accept; 1: the default */
    uint32_t begin_code;    /* to MESSAGE_BEGIN; 0: the default */
    const char *reject;     /* the host refuses a message when it sees this */
    struct test_bytes body; /* what the host got of the last message, unless it discards it */
    int discard;
    uint64_t octets; /* how many they were */
    int transaction, message;
    uint32_t begun, ended, aborted, ends, delivered, results;
    uint32_t stored, recipients; /* as MESSAGE_END said */
    int32_t end_why, aborted_why;
};

static inline void test_post_must(int kept, const char *what)
{
    if (!kept) {
        fprintf(stderr, "delivery into stores: %s\n", what);
        abort();
    }
}

static inline size_t test_post_open(const struct test_post *p)
{
    size_t n = 0;

    for (int i = 0; i < TEST_POSTS; i++)
        n += test_store_open(&p->stores[i]);
    return n;
}

/* ---- answers ---- */

static inline int32_t test_post_rcpt(struct test_post *p, uint64_t token, uint64_t first)
{
    if (first >= 'a' && first < 'a' + TEST_POSTS)
        return mailproto_smtp_server_deliver(p->server, token, &p->stores[first - 'a'].api, p->mailbox, NULL);
    return first == 'h' ? mailproto_smtp_server_accept(p->server, token)
                        : mailproto_session_use_default(p->host.session, token);
}

static inline int32_t test_post_code(struct test_post *p, uint64_t token, uint32_t code)
{
    if (code == 1)
        return mailproto_session_use_default(p->host.session, token);
    return code ? mailproto_smtp_server_reply(p->server, token, code, NULL, 0, "as the host says", 16)
                : mailproto_smtp_server_accept(p->server, token);
}

static inline void test_post_answer(struct test_host *h, const struct test_pending *request)
{
    struct test_post *p = (struct test_post *)(void *)h;
    int32_t result;

    if (request->type == MAILPROTO_SMTP_SERVER_RCPT)
        result = test_post_rcpt(p, request->token, request->n);
    else if (request->type == MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN)
        result = test_post_code(p, request->token, p->begin_code);
    else if (request->type == MAILPROTO_SMTP_SERVER_MESSAGE_END)
        result = test_post_code(p, request->token, p->end_code);
    else
        result = mailproto_smtp_server_accept(p->server, request->token);
    test_post_must(!result || (h->held && result == MAILPROTO_ERR_TOKEN), "an open request was not found");
    if (result)
        return;
    test_host_answered(h, request->token);
    if (request->type == MAILPROTO_SMTP_SERVER_MAIL)
        p->transaction = 1;
    if (request->type == MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN && p->begin_code < 400)
        p->message = 1;
    test_post_must(mailproto_smtp_server_accept(p->server, request->token) == MAILPROTO_ERR_TOKEN,
                   "a token was taken twice");
}

/* ---- events ---- */

static inline void test_post_body(struct test_post *p, const mailproto_smtp_body *body)
{
    mailproto_smtp_verdict verdict;

    p->octets += body->bytes.len;
    if (!p->discard)
        test_bytes_add(&p->body, body->bytes.ptr, body->bytes.len);
    if (!p->reject || p->body.len < strlen(p->reject))
        return;
    mailproto_smtp_verdict_init(&verdict, sizeof verdict);
    verdict.code = 554;
    for (size_t i = 0; i + strlen(p->reject) <= p->body.len; i++)
        if (!memcmp(p->body.ptr + i, p->reject, strlen(p->reject))) {
            mailproto_smtp_server_reject_message(p->server, &verdict);
            return;
        }
}

static inline void test_post_end(struct test_post *p, const mailproto_smtp_transaction_end *e)
{
    test_post_must(p->transaction && !p->message, "TRANSACTION_END comes once, behind the message");
    test_post_must(test_post_open(p) == 0, "before TRANSACTION_END all is over");
    p->transaction = 0;
    p->ends++;
    p->delivered += e->delivered;
    p->end_why = e->why;
}

static inline int32_t test_post_event(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    struct test_post *p = (struct test_post *)(void *)h;
    const mailproto_smtp_rcpt *rcpt = (const void *)event;
    const mailproto_smtp_message_end *end = (const void *)event;

    switch (event->type) {
    case MAILPROTO_SMTP_SERVER_RCPT:
        request->n = (uint8_t)rcpt->path.ptr[0];
        break;
    case MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN:
        p->begun++;
        test_bytes_take(&p->body, p->body.len);
        p->octets = 0;
        break;
    case MAILPROTO_SMTP_SERVER_BODY:
        test_post_body(p, (const void *)event);
        break;
    case MAILPROTO_SMTP_SERVER_MESSAGE_END:
        test_post_must(p->message && end->size == p->octets, "MESSAGE_END comes for what was begun");
        p->message = 0;
        p->ended++;
        p->stored = end->stored;
        p->recipients = end->recipients;
        break;
    case MAILPROTO_SMTP_SERVER_RCPT_RESULT:
        p->results++;
        break;
    case MAILPROTO_SMTP_SERVER_MESSAGE_ABORTED:
        test_post_must(p->message, "MESSAGE_ABORTED comes for what was begun");
        test_post_must(test_post_open(p) == 0, "before MESSAGE_ABORTED all uploads are over");
        p->message = 0;
        p->aborted++;
        p->aborted_why = ((const mailproto_smtp_message_aborted *)(const void *)event)->why;
        break;
    case MAILPROTO_SMTP_SERVER_TRANSACTION_END:
        test_post_end(p, (const void *)event);
        break;
    case MAILPROTO_EVENT_CLOSED:
        test_post_must(!p->transaction && !p->message, "CLOSED comes behind all ends");
        break;
    default:
        break;
    }
    return 0;
}

static inline int test_post_also(struct test_host *h)
{
    struct test_post *p = (struct test_post *)(void *)h;
    size_t first = test_random_below(&h->random, TEST_POSTS);

    for (size_t i = 0; i < TEST_POSTS; i++)
        if (test_store_act(&p->stores[(first + i) % TEST_POSTS]))
            return 1;
    return 0;
}

#define TEST_POST_ON(name, payload)                                                                                    \
    static inline int32_t test_post_on_##name(mailproto_smtp_server *s, const payload *event, void *user)              \
    {                                                                                                                  \
        (void)s;                                                                                                       \
        return test_host_event(user, &event->head);                                                                    \
    }
TEST_POST_ON(mail, mailproto_smtp_mail)
TEST_POST_ON(rcpt, mailproto_smtp_rcpt)
TEST_POST_ON(message_begin, mailproto_smtp_message_begin)
TEST_POST_ON(body, mailproto_smtp_body)
TEST_POST_ON(message_end, mailproto_smtp_message_end)
TEST_POST_ON(rcpt_result, mailproto_smtp_rcpt_result)
TEST_POST_ON(message_aborted, mailproto_smtp_message_aborted)
TEST_POST_ON(transaction_end, mailproto_smtp_transaction_end)
TEST_POST_ON(cancel, mailproto_cancel)
TEST_POST_ON(closed, mailproto_closed)

static inline void test_post_config(mailproto_smtp_server_config *config)
{
    mailproto_smtp_server_config_init(config, sizeof *config);
    config->flags = MAILPROTO_SMTP_SERVER_STORE;
    config->hostname = (mailproto_text){"mx.test", 7};
    config->offer = MAILPROTO_SMTP_EXT_PIPELINING | MAILPROTO_SMTP_EXT_ENHANCEDSTATUSCODES | MAILPROTO_SMTP_EXT_SIZE |
                    MAILPROTO_SMTP_EXT_CHUNKING | MAILPROTO_SMTP_EXT_8BITMIME;
}

/* Fills p but for its stores, which the caller started. The result of new. */
static inline int32_t test_post_start(struct test_post *p, const mailproto_smtp_server_config *config, uint32_t mode,
                                      uint64_t seed, const mailproto_allocator *allocator)
{
    mailproto_smtp_server_callbacks table;
    int32_t result;

    mailproto_smtp_server_callbacks_init(&table, sizeof table);
    table.on_mail = test_post_on_mail;
    table.on_rcpt = test_post_on_rcpt;
    table.on_message_begin = test_post_on_message_begin;
    table.on_body = test_post_on_body;
    table.on_message_end = test_post_on_message_end;
    table.on_rcpt_result = test_post_on_rcpt_result;
    table.on_message_aborted = test_post_on_message_aborted;
    table.on_transaction_end = test_post_on_transaction_end;
    table.on_cancel = test_post_on_cancel;
    table.on_closed = test_post_on_closed;
    p->host.mode = mode;
    p->host.random.state = seed;
    p->host.now = 1000;
    p->host.event = test_post_event;
    p->host.answer = test_post_answer;
    p->host.also = test_post_also;
    result = mailproto_smtp_server_new(&p->server, config, mode == TEST_POLLED ? NULL : &table, allocator, p, NULL);
    if (result) {
        p->host.freed = 1;
        return result;
    }
    p->host.session = mailproto_smtp_server_session(p->server);
    return result;
}

static inline void test_post_free(struct test_post *p)
{
    test_host_free(&p->host);
    for (int i = 0; i < TEST_POSTS; i++)
        test_store_free(&p->stores[i]);
    test_bytes_free(&p->body);
}

#endif
