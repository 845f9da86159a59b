/* A maildrop in memory behind a POP3 server session, for tests: its answers come at once, later or by polling, and
   every promise of pop3_server.h about beginnings and ends is counted.
   mailproto/pop3_server.h. */
#ifndef TEST_POP3_MAILDROP_H
#define TEST_POP3_MAILDROP_H

#include <mailproto/pop3_server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/allocator.h"
#include "support/host.h"

struct test_message {
    const char *text, *uid;
    size_t size; /* 0: strlen(text) */
};

struct test_maildrop {
    struct test_host host; /* first: the host of the session */
    mailproto_pop3_server *server;
    const struct test_message *messages;
    uint32_t count;    /* with messages NULL: as many of 1000 octets, made up */
    size_t piece;      /* the most a piece has; 0: as asked */
    uint32_t give_max; /* the most a LIST answer gives; 0: as asked */

    /* to go wrong */
    uint32_t fail_type;  /* the requests of this type are failed ... */
    uint32_t fail_after; /* ... but for so many */
    uint32_t in_use;
    int gone; /* the session was freed in a callback: answers find nothing */

    /* what happened */
    int opened, opens, ends, updated, reading, retrieves, retrieve_ends;
    int32_t end_why, retrieve_why;
    uint32_t lists, list_items, pieces, failed, deleted, ranges;
    uint32_t most_want;
    char login[200];
};

static inline const char *test_uid(const struct test_maildrop *m, uint32_t number, char *room)
{
    if (m->messages)
        return m->messages[number - 1].uid;
    snprintf(room, 32, "uid%08u", (unsigned)number);
    return room;
}

static inline uint64_t test_size(const struct test_maildrop *m, uint32_t number)
{
    const struct test_message *message = m->messages ? &m->messages[number - 1] : NULL;

    return !message ? 1000 : message->size ? message->size : strlen(message->text);
}

static inline uint64_t test_total(const struct test_maildrop *m)
{
    uint64_t total = 0;

    for (uint32_t i = 1; i <= m->count; i++)
        total += test_size(m, i);
    return total;
}

static inline void test_must(int kept, const char *what)
{
    if (!kept) {
        fprintf(stderr, "maildrop: %s\n", what);
        abort();
    }
}

/* ---- answers ---- */

/* An answer was given, with that result. A request that died is not known to have until its CANCEL is seen, which a hold
   keeps back. A body that failed is an answer. */
static inline void test_took(struct test_maildrop *m, const struct test_pending *request, int32_t result)
{
    if (!result || result == MAILPROTO_ERR_BODY)
        test_host_answered(&m->host, request->token);
    else
        test_must(m->host.held || m->gone || result != MAILPROTO_ERR_TOKEN, "an open request was not found");
}

static inline void test_give(struct test_maildrop *m, const struct test_pending *request)
{
    uint32_t first = (uint32_t)(request->n >> 32), last = (uint32_t)request->n, want = (uint32_t)request->m;
    char room[32];

    if (m->give_max && want > m->give_max)
        want = m->give_max;
    int32_t early = mailproto_pop3_server_give(m->server, request->token, first - 1, 1, "x", 1);

    test_must(early == MAILPROTO_ERR_ARG || early == MAILPROTO_ERR_TOKEN, "a number outside of the range was taken");
    if (early == MAILPROTO_ERR_TOKEN) {
        test_took(m, request, early);
        return;
    }
    for (uint32_t i = first; i <= last && want--; i++) {
        const char *uid = test_uid(m, i, room);
        int32_t result = mailproto_pop3_server_give(m->server, request->token, i, test_size(m, i), uid, strlen(uid));

        test_must(!result, "giving a message failed");
    }
    test_must(mailproto_pop3_server_given(m->server, request->token) == 0, "given failed");
    test_took(m, request, 0);
}

static inline void test_piece(struct test_maildrop *m, const struct test_pending *request)
{
    uint32_t number = (uint32_t)(request->n >> 32);
    size_t max = (uint32_t)request->n, offset = (size_t)request->m, n = max;
    static char made_up[65536];

    m->pieces++;
    if (m->piece && n > m->piece)
        n = m->piece;
    if (!made_up[0])
        for (size_t i = 0; i < sizeof made_up; i += 2)
            memcpy(made_up + i, "\r\n", 2);
    test_took(m, request,
              mailproto_session_piece(m->host.session, request->token,
                                      m->messages ? m->messages[number - 1].text + offset : made_up + offset % 2, n));
}

static inline int32_t test_open_maildrop(struct test_maildrop *m, uint64_t token)
{
    int32_t result;

    if (m->in_use)
        return mailproto_pop3_server_err(m->server, token, MAILPROTO_POP3_RESP_IN_USE, "in use", 6);
    result = mailproto_pop3_server_opened(m->server, token, m->count, test_total(m));
    if (!result) {
        m->opens++;
        m->opened = 1;
    }
    return result;
}

static inline int32_t test_retrieving(struct test_maildrop *m, const struct test_pending *request)
{
    int32_t result = mailproto_pop3_server_retrieving(m->server, request->token, test_size(m, (uint32_t)request->n));

    if (!result) {
        m->reading = 1;
        m->retrieves++;
    }
    return result;
}

static inline int32_t test_committed(struct test_maildrop *m, const struct test_pending *request)
{
    int32_t result = mailproto_pop3_server_committed(m->server, request->token, 0);

    m->deleted += result ? 0 : (uint32_t)request->m;
    return result;
}

static inline int32_t test_log_in(struct test_maildrop *m, const struct test_pending *request)
{
    return request->n ? mailproto_pop3_server_accept(m->server, request->token)
                      : mailproto_session_use_default(m->host.session, request->token);
}

static inline void test_maildrop_answer(struct test_host *h, const struct test_pending *request)
{
    struct test_maildrop *m = (struct test_maildrop *)(void *)h;

    if (m->fail_type == request->type && !m->fail_after--) {
        m->fail_after = 0;
        test_took(m, request, mailproto_session_fail(h->session, request->token));
        return;
    }
    switch (request->type) {
    case MAILPROTO_POP3_SERVER_CONNECT:
        test_took(m, request, mailproto_pop3_server_accept(m->server, request->token));
        break;
    case MAILPROTO_POP3_SERVER_AUTH:
        test_took(m, request, test_log_in(m, request));
        break;
    case MAILPROTO_POP3_SERVER_KEYS:
    case MAILPROTO_POP3_SERVER_DERIVE:
    case MAILPROTO_POP3_SERVER_STEP:
        test_took(m, request, mailproto_session_use_default(h->session, request->token));
        break;
    case MAILPROTO_POP3_SERVER_OPEN:
        test_took(m, request, test_open_maildrop(m, request->token));
        break;
    case MAILPROTO_POP3_SERVER_LIST:
        test_give(m, request);
        break;
    case MAILPROTO_POP3_SERVER_RETRIEVE:
        test_took(m, request, test_retrieving(m, request));
        break;
    case MAILPROTO_POP3_SERVER_PIECE:
        test_piece(m, request);
        break;
    default:
        test_took(m, request, test_committed(m, request));
        break;
    }
    test_must(mailproto_pop3_server_accept(m->server, request->token) == MAILPROTO_ERR_TOKEN,
              "a token was taken twice");
}

/* ---- events ---- */

static inline void test_see_auth(struct test_maildrop *m, const mailproto_pop3_auth *e, struct test_pending *request)
{
    snprintf(m->login, sizeof m->login, "%x %.*s %.*s %.*s%s", (unsigned)e->mechanism, (int)e->authorization.len,
             e->authorization.ptr ? e->authorization.ptr : "", (int)e->name.len, e->name.ptr, (int)e->password.len,
             e->password.ptr, e->tls ? " tls" : "");
    request->n = e->password.len == 6 && !memcmp(e->password.ptr, "secret", 6);
}

static inline void test_see_list(struct test_maildrop *m, const mailproto_pop3_list *e, struct test_pending *request)
{
    test_must(e->first >= 1 && e->first <= e->last && e->last <= m->count && e->want, "LIST has a wrong range");
    m->lists++;
    m->list_items = e->items;
    if (e->want > m->most_want)
        m->most_want = e->want;
    request->n = (uint64_t)e->first << 32 | e->last;
    request->m = e->want;
}

static inline void test_see_end(struct test_maildrop *m, const mailproto_pop3_maildrop_end *e)
{
    test_must(m->opened, "MAILDROP_END without a maildrop");
    m->opened = 0;
    m->ends++;
    m->updated = (int)e->update;
    m->end_why = e->why;
    m->failed = e->failed;
}

/* No secret is ever traced as anything but PRIVATE. */
static inline void test_see_trace(const mailproto_trace *trace)
{
    static const char *const secrets[] = {"secret", "c2VjcmV0", "zZWNyZX"};

    if (trace->kind == MAILPROTO_TRACE_PRIVATE)
        return;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k + strlen(secrets[i]) <= trace->bytes.len; k++)
            test_must(memcmp(trace->bytes.ptr + k, secrets[i], strlen(secrets[i])) != 0, "a secret in the trace");
}

static inline int32_t test_maildrop_event(struct test_host *h, const mailproto_event *event,
                                          struct test_pending *request)
{
    struct test_maildrop *m = (struct test_maildrop *)(void *)h;
    const mailproto_pop3_retrieve *retrieve = (const void *)event;
    const mailproto_pop3_piece *piece = (const void *)event;
    const mailproto_pop3_commit *commit = (const void *)event;

    switch (event->type) {
    case MAILPROTO_POP3_SERVER_AUTH:
        test_see_auth(m, (const void *)event, request);
        break;
    case MAILPROTO_POP3_SERVER_LIST:
        test_see_list(m, (const void *)event, request);
        break;
    case MAILPROTO_POP3_SERVER_RETRIEVE:
        request->n = retrieve->number;
        break;
    case MAILPROTO_POP3_SERVER_PIECE:
        request->n = (uint64_t)piece->number << 32 | (uint32_t)piece->max;
        request->m = piece->offset;
        break;
    case MAILPROTO_POP3_SERVER_COMMIT:
        m->ranges++;
        request->n = commit->first;
        request->m = commit->last - commit->first + 1;
        break;
    case MAILPROTO_POP3_SERVER_RETRIEVE_END:
        test_must(m->reading, "RETRIEVE_END without a message");
        m->reading = 0;
        m->retrieve_ends++;
        m->retrieve_why = ((const mailproto_pop3_retrieve_end *)(const void *)event)->why;
        break;
    case MAILPROTO_POP3_SERVER_MAILDROP_END:
        test_must(!m->reading, "MAILDROP_END while a message is open");
        test_see_end(m, (const void *)event);
        break;
    case MAILPROTO_EVENT_TRACE:
        test_see_trace((const void *)event);
        break;
    case MAILPROTO_EVENT_CLOSED:
        test_must(!m->opened && !m->reading, "CLOSED while something is open");
        break;
    default:
        break;
    }
    return 0;
}

#define TEST_ON(name, payload)                                                                                         \
    static inline int32_t test_on_##name(mailproto_pop3_server *s, const payload *event, void *user)                   \
    {                                                                                                                  \
        (void)s;                                                                                                       \
        return test_host_event(user, &event->head);                                                                    \
    }
TEST_ON(connect, mailproto_pop3_connect)
TEST_ON(auth, mailproto_pop3_auth)
TEST_ON(open, mailproto_pop3_open)
TEST_ON(list, mailproto_pop3_list)
TEST_ON(retrieve, mailproto_pop3_retrieve)
TEST_ON(piece, mailproto_pop3_piece)
TEST_ON(retrieve_end, mailproto_pop3_retrieve_end)
TEST_ON(commit, mailproto_pop3_commit)
TEST_ON(maildrop_end, mailproto_pop3_maildrop_end)
TEST_ON(keys, mailproto_sasl_keys_wanted)
TEST_ON(derive, mailproto_sasl_derive_wanted)
TEST_ON(step, mailproto_sasl_step)
TEST_ON(tls_started, mailproto_tls_started)
TEST_ON(cancel, mailproto_cancel)
TEST_ON(trace, mailproto_trace)
TEST_ON(closed, mailproto_closed)

static inline void test_maildrop_callbacks(mailproto_pop3_server_callbacks *table)
{
    mailproto_pop3_server_callbacks_init(table, sizeof *table);
    table->on_connect = test_on_connect;
    table->on_auth = test_on_auth;
    table->on_open = test_on_open;
    table->on_list = test_on_list;
    table->on_retrieve = test_on_retrieve;
    table->on_piece = test_on_piece;
    table->on_retrieve_end = test_on_retrieve_end;
    table->on_commit = test_on_commit;
    table->on_maildrop_end = test_on_maildrop_end;
    table->on_keys = test_on_keys;
    table->on_derive = test_on_derive;
    table->on_step = test_on_step;
    table->on_tls_started = test_on_tls_started;
    table->on_cancel = test_on_cancel;
    table->on_trace = test_on_trace;
    table->on_closed = test_on_closed;
}

/* ---- life ---- */

/* Clear text logins are allowed unless the config says something about TLS. */
static inline void test_server_config(mailproto_pop3_server_config *config)
{
    mailproto_pop3_server_config_init(config, sizeof *config);
    config->flags = MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN;
}

/* Fills m, whose messages and ways to go wrong the caller sets before or after. The result of new. */
static inline int32_t test_maildrop_start(struct test_maildrop *m, const mailproto_pop3_server_config *config,
                                          uint32_t mode, uint64_t seed, const mailproto_allocator *allocator)
{
    mailproto_pop3_server_callbacks table;
    int32_t result;

    test_maildrop_callbacks(&table);
    m->host.mode = mode;
    m->host.random.state = seed;
    m->host.now = 1000;
    m->host.event = test_maildrop_event;
    m->host.answer = test_maildrop_answer;
    result = mailproto_pop3_server_new(&m->server, config, mode == TEST_POLLED ? NULL : &table, allocator, m, NULL);
    if (result) {
        m->host.freed = 1;
        return result;
    }
    m->host.session = mailproto_pop3_server_session(m->server);
    return result;
}

#endif
