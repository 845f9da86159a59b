/* The host of a POP3 client session in a test: what it is told becomes a log, one event a line.
   mailproto/pop3_client.h. */
#ifndef TEST_POP3_READER_H
#define TEST_POP3_READER_H

#include <mailproto/pop3_client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/allocator.h"
#include "support/host.h"

struct test_reader {
    struct test_host host; /* first */
    mailproto_pop3_client *client;
    struct test_bytes log;
    const char *authorization, *name, *password; /* name NULL: no credentials */
    int readies, quits, dones;
    uint32_t fail_type; /* events of this type are failed */
    int quiet;          /* no log */
};

static inline void test_log(struct test_reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void test_log(struct test_reader *r, const char *format, ...)
{
    char line[700];
    va_list arguments;

    if (r->quiet)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    test_bytes_text(&r->log, line);
}

/* A printf precision and a pointer that is never NULL. */
#define TEST_TEXT(t) (int)(t).len, (t).ptr ? (t).ptr : ""

static inline void test_log_reply(struct test_reader *r, const mailproto_pop3_response *reply)
{
    static const char *const status[] = {"none", "+OK", "-ERR"};

    test_log(r, " %s", status[reply->status]);
    if (reply->code.len)
        test_log(r, " [%u %.*s]", reply->resp_code, TEST_TEXT(reply->code));
    if (reply->text.len)
        test_log(r, " %.*s", TEST_TEXT(reply->text));
    test_log(r, "\n");
}

static inline void test_log_done(struct test_reader *r, const mailproto_pop3_done *e)
{
    static const char *const verbs[] = {"?", "stat", "list", "uidl", "retr", "top", "dele", "noop", "rset", "capa"};

    r->dones++;
    test_log(r, "%s %u", verbs[e->verb], e->number);
    if (e->octets)
        test_log(r, " octets=%llu", (unsigned long long)e->octets);
    if (e->why)
        test_log(r, " %s", mailproto_result_name(e->why) + 10);
    if (!e->sent)
        test_log(r, " unsent");
    test_log_reply(r, e->reply);
}

static inline void test_log_ready(struct test_reader *r, const mailproto_pop3_ready *e)
{
    r->readies++;
    test_log(r, "ready offers=%x mechanisms=%x", e->peer_offers, e->peer_mechanisms);
    if (e->authenticated)
        test_log(r, " by=%x", e->authenticated);
    if (e->tls)
        test_log(r, " tls");
    if (e->expire)
        test_log(r, " expire=%u", e->expire);
    if (e->login_delay)
        test_log(r, " delay=%u", e->login_delay);
    test_log(r, " %.*s\n", TEST_TEXT(e->greeting));
}

/* No secret is ever traced as anything but PRIVATE. */
static inline void test_trace_has_no_secret(const mailproto_trace *trace)
{
    static const char *const secrets[] = {"secret", "c2VjcmV0", "zZWNyZX"};

    if (trace->kind == MAILPROTO_TRACE_PRIVATE)
        return;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k + strlen(secrets[i]) <= trace->bytes.len; k++)
            if (!memcmp(trace->bytes.ptr + k, secrets[i], strlen(secrets[i]))) {
                fprintf(stderr, "reader: a secret in the trace\n");
                abort();
            }
}

/* What a callback's negative return does, by hand. */
static inline void test_host_fail_event(struct test_host *h)
{
    if (mailproto_session_fail(h->session, 0)) {
        fprintf(stderr, "reader: an event cannot be failed\n");
        abort();
    }
}

static inline int32_t test_reader_event(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    struct test_reader *r = (struct test_reader *)(void *)h;
    const mailproto_pop3_credentials *credentials = (const void *)event;
    const mailproto_pop3_refused *refused = (const void *)event;
    const mailproto_pop3_entry *entry = (const void *)event;
    const mailproto_pop3_capability *capability = (const void *)event;
    const mailproto_pop3_message *message = (const void *)event;
    const mailproto_pop3_body *body = (const void *)event;
    const mailproto_pop3_quit_reply *quit = (const void *)event;

    (void)request;
    switch (event->type) {
    case MAILPROTO_POP3_CLIENT_READY:
        test_log_ready(r, (const void *)event);
        break;
    case MAILPROTO_POP3_CLIENT_CREDENTIALS:
        test_log(r, "credentials %x\n", credentials->mechanism);
        break;
    case MAILPROTO_POP3_CLIENT_REFUSED:
        test_log(r, "refused %u", refused->stage);
        test_log_reply(r, refused->reply);
        break;
    case MAILPROTO_POP3_CLIENT_ENTRY:
        test_log(r, "entry %u %llu %.*s\n", entry->number, (unsigned long long)entry->size, TEST_TEXT(entry->uid));
        break;
    case MAILPROTO_POP3_CLIENT_CAPABILITY:
        test_log(r, "capability %.*s(%.*s)\n", TEST_TEXT(capability->name), TEST_TEXT(capability->arguments));
        break;
    case MAILPROTO_POP3_CLIENT_MESSAGE:
        test_log(r, "message %u %s%llu\n", message->number, message->announced ? "announced " : "",
                 (unsigned long long)message->size);
        break;
    case MAILPROTO_POP3_CLIENT_BODY:
        if (!r->quiet)
            test_bytes_add(&r->log, body->bytes.ptr, body->bytes.len);
        break;
    case MAILPROTO_POP3_CLIENT_DONE:
        test_log_done(r, (const void *)event);
        break;
    case MAILPROTO_POP3_CLIENT_QUIT_REPLY:
        r->quits++;
        test_log(r, "quit %u deleted=%u %s", quit->outcome, quit->deleted, mailproto_result_name(quit->why) + 10);
        test_log_reply(r, quit->reply);
        break;
    case MAILPROTO_EVENT_TLS_STARTED:
        test_log(r, "tls\n");
        break;
    case MAILPROTO_EVENT_CANCEL:
        test_log(r, "cancel\n");
        break;
    case MAILPROTO_EVENT_TRACE:
        test_trace_has_no_secret((const void *)event);
        break;
    case MAILPROTO_EVENT_CLOSED:
        test_log(r, "closed %s\n", mailproto_result_name(((const mailproto_closed *)event)->why) + 10);
        break;
    default:
        break;
    }
    if (r->fail_type != event->type)
        return 0;
    if (h->mode != TEST_POLLED)
        return MAILPROTO_ERR_HOST;
    test_host_fail_event(h);
    return 0;
}

static inline void test_reader_answer(struct test_host *h, const struct test_pending *request)
{
    struct test_reader *r = (struct test_reader *)(void *)h;
    int32_t result;

    if (!r->name) {
        if (!mailproto_session_fail(h->session, request->token))
            test_host_answered(h, request->token);
        return;
    }
    result = mailproto_pop3_client_credentials(r->client, request->token, r->authorization,
                                               r->authorization ? strlen(r->authorization) : 0, r->name,
                                               strlen(r->name), r->password, strlen(r->password));
    if (result) {
        test_log(r, "credentials: %s\n", mailproto_result_name(result) + 10);
        result = mailproto_session_use_default(h->session, request->token);
    }
    if (!result)
        test_host_answered(h, request->token);
}

#define TEST_READER_ON(name, payload)                                                                                  \
    static inline int32_t test_reader_on_##name(mailproto_pop3_client *c, const payload *event, void *user)            \
    {                                                                                                                  \
        (void)c;                                                                                                       \
        return test_host_event(user, &event->head);                                                                    \
    }
TEST_READER_ON(ready, mailproto_pop3_ready)
TEST_READER_ON(credentials, mailproto_pop3_credentials)
TEST_READER_ON(refused, mailproto_pop3_refused)
TEST_READER_ON(entry, mailproto_pop3_entry)
TEST_READER_ON(capability, mailproto_pop3_capability)
TEST_READER_ON(message, mailproto_pop3_message)
TEST_READER_ON(body, mailproto_pop3_body)
TEST_READER_ON(done, mailproto_pop3_done)
TEST_READER_ON(quit_reply, mailproto_pop3_quit_reply)
TEST_READER_ON(derive, mailproto_sasl_derive_wanted)
TEST_READER_ON(step, mailproto_sasl_step)
TEST_READER_ON(tls_started, mailproto_tls_started)
TEST_READER_ON(cancel, mailproto_cancel)
TEST_READER_ON(trace, mailproto_trace)
TEST_READER_ON(closed, mailproto_closed)

static inline void test_reader_callbacks(mailproto_pop3_client_callbacks *table)
{
    mailproto_pop3_client_callbacks_init(table, sizeof *table);
    table->on_ready = test_reader_on_ready;
    table->on_credentials = test_reader_on_credentials;
    table->on_refused = test_reader_on_refused;
    table->on_entry = test_reader_on_entry;
    table->on_capability = test_reader_on_capability;
    table->on_message = test_reader_on_message;
    table->on_body = test_reader_on_body;
    table->on_done = test_reader_on_done;
    table->on_quit_reply = test_reader_on_quit_reply;
    table->on_derive = test_reader_on_derive;
    table->on_step = test_reader_on_step;
    table->on_tls_started = test_reader_on_tls_started;
    table->on_cancel = test_reader_on_cancel;
    table->on_trace = test_reader_on_trace;
    table->on_closed = test_reader_on_closed;
}

/* The login of most tests: USER and PASS in clear text. */
static inline void test_client_config(mailproto_pop3_client_config *config)
{
    mailproto_pop3_client_config_init(config, sizeof *config);
    config->flags = MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN;
    config->login[0] = MAILPROTO_POP3_USER_PASS;
}

static inline int32_t test_reader_start(struct test_reader *r, const mailproto_pop3_client_config *config,
                                        uint32_t mode, uint64_t seed, const mailproto_allocator *allocator)
{
    mailproto_pop3_client_callbacks table;
    int32_t result;

    test_reader_callbacks(&table);
    r->host.mode = mode;
    r->host.random.state = seed;
    r->host.now = 1000;
    r->host.event = test_reader_event;
    r->host.answer = test_reader_answer;
    result = mailproto_pop3_client_new(&r->client, config, mode == TEST_POLLED ? NULL : &table, allocator, r, NULL);
    if (result) {
        r->host.freed = 1;
        return result;
    }
    r->host.session = mailproto_pop3_client_session(r->client);
    return result;
}

static inline void test_reader_free(struct test_reader *r)
{
    test_host_free(&r->host);
    test_bytes_free(&r->log);
}

#endif
