/* A POP3 server session whose maildrops are in a store, for tests: the host answers CONNECT, AUTH and OPEN, counts the
   events and leaves the rest to the engine and the store.
   mailproto/pop3_server.h, open_store. */
#ifndef TEST_POP3_STORE_HOST_H
#define TEST_POP3_STORE_HOST_H

#include <mailproto/pop3_server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/allocator.h"
#include "support/host.h"
#include "support/scripted_store.h"

struct test_drop {
    struct test_host host; /* first */
    mailproto_pop3_server *server;
    struct test_store store;
    const mailproto_store *other; /* a store instead of the scripted one */
    uint64_t mailbox;             /* 0: INBOX */

    /* what happened */
    int open, opens, ends, updated, reading, retrieves, retrieve_ends;
    int32_t end_why, retrieve_why;
    uint32_t failed;
    uint64_t octets;
};

static inline void test_drop_must(int kept, const char *what)
{
    if (!kept) {
        fprintf(stderr, "maildrop in a store: %s\n", what);
        abort();
    }
}

static inline void test_drop_answer(struct test_host *h, const struct test_pending *request)
{
    struct test_drop *d = (struct test_drop *)(void *)h;
    int32_t result;

    if (request->type == MAILPROTO_POP3_SERVER_OPEN) {
        result = mailproto_pop3_server_open_store(d->server, request->token, d->other ? d->other : &d->store.api,
                                                  d->mailbox, NULL);
        if (!result) {
            d->open = 1;
            d->opens++;
        }
    } else {
        result = mailproto_pop3_server_accept(d->server, request->token);
    }
    test_drop_must(!result || h->held || result != MAILPROTO_ERR_TOKEN, "an open request was not found");
    if (!result) {
        test_host_answered(h, request->token);
        test_drop_must(mailproto_session_fail(h->session, request->token) == MAILPROTO_ERR_TOKEN &&
                           mailproto_pop3_server_opened(d->server, request->token, 1, 1) == MAILPROTO_ERR_TOKEN,
                       "a token was taken twice");
    }
}

static inline void test_drop_end(struct test_drop *d, const mailproto_pop3_maildrop_end *e)
{
    test_drop_must(d->open && !d->reading, "MAILDROP_END comes once, behind RETRIEVE_END");
    test_drop_must(test_store_open(&d->store) == 0, "before MAILDROP_END all is closed");
    d->open = 0;
    d->ends++;
    d->updated = (int)e->update;
    d->end_why = e->why;
    d->failed = e->failed;
}

static inline int32_t test_drop_event(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    struct test_drop *d = (struct test_drop *)(void *)h;
    const mailproto_pop3_retrieve_end *retrieve_end = (const void *)event;

    (void)request;
    switch (event->type) {
    case MAILPROTO_POP3_SERVER_LIST:
    case MAILPROTO_POP3_SERVER_RETRIEVE:
    case MAILPROTO_POP3_SERVER_PIECE:
    case MAILPROTO_POP3_SERVER_COMMIT:
        test_drop_must(0, "the host is not asked for what is in the store");
        break;
    case MAILPROTO_POP3_SERVER_RETRIEVE_END:
        d->retrieve_ends++;
        d->retrieve_why = retrieve_end->why;
        d->octets += retrieve_end->octets;
        break;
    case MAILPROTO_POP3_SERVER_MAILDROP_END:
        test_drop_end(d, (const void *)event);
        break;
    case MAILPROTO_EVENT_CLOSED:
        test_drop_must(!d->open, "CLOSED comes behind MAILDROP_END");
        break;
    default:
        break;
    }
    return 0;
}

static inline int test_drop_also(struct test_host *h)
{
    struct test_drop *d = (struct test_drop *)(void *)h;

    return test_store_act(&d->store);
}

#define TEST_DROP_ON(name, payload)                                                                                    \
    static inline int32_t test_drop_on_##name(mailproto_pop3_server *s, const payload *event, void *user)              \
    {                                                                                                                  \
        (void)s;                                                                                                       \
        return test_host_event(user, &event->head);                                                                    \
    }
TEST_DROP_ON(connect, mailproto_pop3_connect)
TEST_DROP_ON(auth, mailproto_pop3_auth)
TEST_DROP_ON(open, mailproto_pop3_open)
TEST_DROP_ON(retrieve_end, mailproto_pop3_retrieve_end)
TEST_DROP_ON(maildrop_end, mailproto_pop3_maildrop_end)
TEST_DROP_ON(cancel, mailproto_cancel)
TEST_DROP_ON(trace, mailproto_trace)
TEST_DROP_ON(closed, mailproto_closed)

static inline void test_drop_config(mailproto_pop3_server_config *config)
{
    mailproto_pop3_server_config_init(config, sizeof *config);
    config->flags = MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN | MAILPROTO_POP3_SERVER_STORE;
}

/* Fills d but for its store, which the caller started. The result of new. */
static inline int32_t test_drop_start(struct test_drop *d, const mailproto_pop3_server_config *config, uint32_t mode,
                                      uint64_t seed, const mailproto_allocator *allocator)
{
    mailproto_pop3_server_callbacks table;
    int32_t result;

    mailproto_pop3_server_callbacks_init(&table, sizeof table);
    table.on_connect = test_drop_on_connect;
    table.on_auth = test_drop_on_auth;
    table.on_open = test_drop_on_open;
    table.on_retrieve_end = test_drop_on_retrieve_end;
    table.on_maildrop_end = test_drop_on_maildrop_end;
    table.on_cancel = test_drop_on_cancel;
    table.on_trace = test_drop_on_trace;
    table.on_closed = test_drop_on_closed;
    d->host.mode = mode;
    d->host.random.state = seed;
    d->host.now = 1000;
    d->host.event = test_drop_event;
    d->host.answer = test_drop_answer;
    d->host.also = test_drop_also;
    result = mailproto_pop3_server_new(&d->server, config, mode == TEST_POLLED ? NULL : &table, allocator, d, NULL);
    if (result) {
        d->host.freed = 1;
        return result;
    }
    d->host.session = mailproto_pop3_server_session(d->server);
    return result;
}

#endif
